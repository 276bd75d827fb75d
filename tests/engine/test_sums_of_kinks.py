"""Kinks of either sign at the point, that add up along directions: zero biases and padded rows."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import gradproof as gp

Array = npt.NDArray[np.float64]


class Network:
    """A layer of rectifiers without biases yet, with some rows of zeros as input."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.X = rng.standard_normal((20, 30))
        self.X[5:8] = 0
        self.y = rng.standard_normal(20)
        self.at = {
            "W": rng.standard_normal((30, 40)) / 5,
            "b": np.zeros(40),
            "v": rng.standard_normal(40),
        }

    def loss(self, p: dict[str, Array]) -> Any:
        return np.sum((np.maximum(self.X @ p["W"] + p["b"], 0) @ p["v"] - self.y) ** 2)

    def gradient(self, p: dict[str, Array]) -> dict[str, Array]:
        z = self.X @ p["W"] + p["b"]
        h = np.maximum(z, 0)
        r = 2 * (h @ p["v"] - self.y)
        dz = np.outer(r, p["v"]) * (z > 0)
        return {"W": self.X.T @ dz, "b": dz.sum(axis=0), "v": h.T @ r}

    def report(self, name: str = "", factor: float = 1.0, **options: Any) -> gp.Report:
        def claimed(p: dict[str, Array]) -> dict[str, Array]:
            found = self.gradient(p)
            return {key: part * (factor if key == name else 1) for key, part in found.items()}

        return gp.check(self.loss, claimed, self.at, **options)


@pytest.mark.parametrize("seed", [2, 3, 4])
@pytest.mark.parametrize("plan", ["auto", "leaves"])
def test_a_subgradient_of_many_kinks_is_not_called_wrong(seed: int, plan: str) -> None:
    assert Network(seed).report(seed=seed, plan=plan).verdict != "fail"


@pytest.mark.parametrize("name", ["W", "b", "v"])
@pytest.mark.parametrize("factor", [1.05, -1.0, 0.0])
def test_what_is_wrong_beside_them_is_found_nevertheless(name: str, factor: float) -> None:
    report = Network(0).report(name, factor)
    assert report.verdict == "fail"
    assert {leaf.address for leaf in report.leaves if leaf.verdict == "fail"} == {f"p['{name}']"}
