"""Every model of statsmodels and scikit-learn that exposes a function and its derivative."""
