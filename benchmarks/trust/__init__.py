"""How far verdicts can be trusted: right and wrong gradients of functions that nobody tuned to."""
