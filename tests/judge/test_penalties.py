"""A penalty that spares an intercept within the same array as the weights."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import gradproof as gp

Array = npt.NDArray[np.float64]
SAMPLES, PENALTY = 50, 0.06
SEEDS = range(5)


class Regression:
    """Logistic regression whose intercept is the first or the last parameter."""

    def __init__(self, seed: int, intercept: int, outputs: tuple[int, ...] = ()) -> None:
        rng = np.random.default_rng(seed)
        self.X = rng.normal(size=(SAMPLES, 7))
        self.X[:, intercept] = 1.0
        self.y = (rng.random((SAMPLES, *outputs)) < 0.5).astype(float)
        self.at = rng.normal(size=(7, *outputs))
        self.mask = np.ones_like(self.at)
        self.mask[intercept] = 0.0

    def loss(self, t: Array) -> float:
        z = self.X @ t
        penalty = 0.5 * PENALTY * np.sum((self.mask * t) ** 2)
        return float(np.sum(np.logaddexp(0, z) - self.y * z) / SAMPLES + penalty)

    def data_term(self, t: Array) -> Array:
        result: Array = self.X.T @ (1 / (1 + np.exp(-self.X @ t)) - self.y) / SAMPLES
        return result

    def gradient(self, t: Array, *, data: float = 1.0, penalty: float = 1.0) -> Array:
        return data * self.data_term(t) + penalty * PENALTY * self.mask * t

    def causes(self, **changes: float) -> dict[str, dict[str, Any]]:
        report = gp.check(self.loss, self.gradient(self.at, **changes), self.at)
        return {cause.code: cause.parameters for cause in report.causes}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("intercept", [0, -1])
@pytest.mark.parametrize("outputs", [(), (3,)])
def test_a_penalty_may_spare_the_intercept(
    seed: int, intercept: int, outputs: tuple[int, ...]
) -> None:
    model, spared = Regression(seed, intercept, outputs), f"[{intercept}]"
    assert model.causes() == {}
    for penalty in (0.0, 0.5, 2.0):
        (found,) = model.causes(penalty=penalty).items()
        assert found[0] == "GP401"
        assert found[1]["spared"] == spared
        assert found[1]["penalty"] == pytest.approx((1 - penalty) * PENALTY, rel=1e-3)
    (found,) = model.causes(data=SAMPLES).items()
    assert (found[0], found[1]["spared"]) == ("GP303", spared)
    assert found[1]["factor"] == pytest.approx(SAMPLES, rel=1e-3)
    assert set(model.causes(data=SAMPLES, penalty=SAMPLES)) == {"GP302"}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_column_may_be_spared_by_an_l1_penalty(seed: int) -> None:
    W = np.random.default_rng(seed).normal(size=(6, 5))

    def loss(W: Array) -> float:
        return float(np.sum(np.sin(W)) + 0.1 * np.sum(np.abs(W[:, :-1])))

    (cause,) = gp.check(loss, np.cos(W), W).causes
    assert (cause.code, cause.parameters["spared"]) == ("GP402", "[:, -1]")
    assert "signs but [:, -1] is missing in the claim" in cause.message


def test_a_single_wrong_number_is_no_penalty_of_it() -> None:
    model = Regression(0, 0)
    claim = model.gradient(model.at)
    claim[0] += PENALTY * model.at[0]
    report = gp.check(model.loss, claim, model.at)
    assert [cause.code for cause in report.causes] == ["GP412"]


def test_where_nothing_is_spared_the_penalty_is_of_all() -> None:
    x = np.random.default_rng(1).normal(size=12)
    x[0] = 0.0  # it cannot be told
    (cause,) = gp.check(lambda t: float(np.sum(np.sin(t) + 0.1 * t**2)), np.cos(x), x).causes
    assert cause.code == "GP401"
    assert set(cause.parameters) == {"penalty"}
