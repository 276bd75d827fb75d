"""What is known not to pass, and why: the page about what was found has the wrong ones."""

from __future__ import annotations

_FOUND = "[wrong](../found_in_the_wild.md#{})"
_DIFFERENCES = "differences of the score, symmetric to 1e-7 only"

_KNOWN: dict[tuple[str, str], str] = {
    ("AutoReg", "score"): _FOUND.format("statsmodels-autoreg"),
    ("AutoReg", "hessian"): _FOUND.format("statsmodels-autoreg") + ", as the score is",
    ("ConditionalLogit", "hessian"): _DIFFERENCES,
    ("ConditionalPoisson", "hessian"): _DIFFERENCES,
    ("ProcessMLE", "hessian"): _DIFFERENCES,
    ("OLS", "hessian"): _FOUND.format("statsmodels-the-hessian-of-ols"),
    ("SARIMAX", "hessian"): "that of the mean over the observations; `loglike` is the sum",
    ("ZeroInflatedPoisson", "hessian"): _FOUND.format(
        "statsmodels-the-hessian-of-zeroinflatedpoisson"
    ),
    ("copula Frank", "deriv"): _FOUND.format("statsmodels-the-frank-copula"),
    ("copula Gumbel", "deriv2"): _FOUND.format("statsmodels-the-gumbel-copula"),
    ("TSNE, dimensions: 3", "gradient"): _FOUND.format("scikit-learn-t-sne-in-three-dimensions"),
} | {
    (f"MLPRegressor, {activation}, outputs: 2", "gradient"): _FOUND.format(
        "scikit-learn-mlpregressor"
    )
    for activation in ("identity", "logistic", "tanh", "relu")
}
_TRUNCATED = {"TruncatedLFNegativeBinomialP p=1", "TruncatedLFGeneralizedPoisson p=2"}


def why(model: str, what: str) -> str:
    """Return why a claim does not pass, in Markdown; empty where it is expected to pass."""
    if model in _TRUNCATED:
        return _FOUND.format("statsmodels-truncated-count-models")
    return _KNOWN.get((model, what), "")
