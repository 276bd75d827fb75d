"""A regression whose gradient has one mistake: ``gradproof check examples/regression.py``."""

import numpy as np
import numpy.typing as npt

import gradproof as gp

Params = dict[str, npt.NDArray[np.float64]]


def cost(params: Params) -> float:
    return float(np.mean((params["W"] @ params["x"] + params["b"]) ** 2))


def gradients(params: Params) -> Params:
    r = params["W"] @ params["x"] + params["b"]
    return {"dW": 2 / 3 * np.outer(r, params["x"]), "dx": 2 / 3 * params["W"].T @ r, "db": r}


@gp.problem
def regression() -> gp.Problem:
    rng = np.random.default_rng(0)
    params = {"W": rng.standard_normal((3, 4)), "x": rng.standard_normal(4), "b": np.ones(3)}
    return gp.Problem(cost, gradients, params)
