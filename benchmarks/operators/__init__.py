"""gradproof on all operators of a framework, beside its own checker."""
