"""scikit-learn: the gradient of MLPRegressor is k times too large for k outputs.

Run ``python -m benchmarks.trust.wild.mlp_regressor`` from the repository's root.
"""

from typing import Any

import numpy as np
from sklearn.neural_network import MLPRegressor

import gradproof as gp


class Recorder(MLPRegressor):  # type: ignore[misc]
    """Keeps what the optimiser's function is called with."""

    def _loss_grad_lbfgs(self, packed: Any, *rest: Any) -> Any:
        self.recorded = packed.copy(), rest
        return super()._loss_grad_lbfgs(packed, *rest)


def report() -> gp.Report:
    """Check loss and gradient that L-BFGS is given, with three outputs and no penalty."""
    rng = np.random.default_rng(0)
    model = Recorder(hidden_layer_sizes=3, activation="tanh", solver="lbfgs", alpha=0, tol=1e9)
    model.set_params(random_state=0)
    model.fit(rng.standard_normal((20, 4)), rng.standard_normal((20, 3)))  # ends where it starts
    packed, rest = model.recorded
    return gp.check(lambda w: MLPRegressor._loss_grad_lbfgs(model, w, *rest), True, packed)


if __name__ == "__main__":
    print(report())
