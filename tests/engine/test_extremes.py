"""Functions at the ends of what floats can hold, and slopes that no usual step sees."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import scipy.sparse

import gradproof as gp

Array = npt.NDArray[np.float64]
RNG = np.random.default_rng(0)
X, W = RNG.normal(size=(9, 4)), RNG.normal(size=(4, 4))


@pytest.mark.parametrize("length", [1e-11, 1e-13, 1e-15, 1e-18, 1e-21])
def test_what_varies_within_the_smallest_steps_is_not_called_wrong(length: float) -> None:
    def f(t: float) -> float:
        return 1.0 + float(np.sin(t / length))

    report = gp.check(f, lambda t: np.cos(t / length) / length, 0.0)
    assert report.verdict == "inconclusive"
    for factor in (0.01, 5.0):
        wrong = gp.check(f, lambda t, c=factor: c * np.cos(t / length) / length, 0.0)
        assert not wrong.passed


@pytest.mark.parametrize("offset", [1e-200, 1e-300, 0.0, 1.0])
@pytest.mark.parametrize("size", [1e-200, 1e-10, 1.0, 1e10, 1e200])
def test_the_size_of_f_says_nothing_about_that_of_its_slope(offset: float, size: float) -> None:
    if size < 1e-8 * offset:
        return  # not to be seen beside it

    def f(t: float) -> float:
        return offset + size * float(np.sin(t))

    assert gp.check(f, lambda t: size * np.cos(t), 0.0).passed
    for factor in (5.0, 0.99, -1.0):
        assert gp.check(f, lambda t, c=factor: c * size * np.cos(t), 0.0).verdict == "fail"


def test_one_exploded_claim_does_not_hide_the_others() -> None:
    x = np.linspace(0.1, 1, 5)
    claim = np.where(np.arange(5) == 2, 1e150, np.cos(x))
    claim[4] *= 1.01
    report = gp.check(lambda t: float(np.sum(np.sin(t))), claim, x)
    assert [one.index for one in report.culprits] == [(2,), (4,)]


def layer(p: dict[str, Array]) -> float:
    return float(np.sum(np.tanh(X @ p["W"] + p["b"])))


def of_layer(p: dict[str, Array], factor: float) -> dict[str, Array]:
    slope = 1 - np.tanh(X @ p["W"] + p["b"]) ** 2
    return {"W": X.T @ slope, "b": factor * slope.sum(axis=0)}


@pytest.mark.parametrize("plan", ["every", "project", "leaves"])
@pytest.mark.parametrize("size", [1e-25, 1e-20, 1e-17, 1e-15, 1e-13, 1e-10, 1e-6])
def test_parameters_that_are_nearly_0_are_seen(size: float, plan: str) -> None:
    at = {"W": W, "b": np.full(4, size)}
    right = gp.check(layer, lambda p: of_layer(p, 1.0), at, plan=plan)
    assert right.passed, right.summary()
    assert gp.check(layer, lambda p: of_layer(p, 5.0), at, plan=plan).verdict == "fail"
    assert gp.check(layer, lambda p: of_layer(p, 0.0), at, plan=plan).verdict == "fail"


def test_nothing_small_is_moved_far_where_it_is_seen() -> None:
    seen = []

    def f(x: Array) -> float:
        seen.append(x.copy())
        return float(np.sum(np.sin(x / 1e-12)))

    at = 1e-12 * np.linspace(0.5, 1.5, 4)
    assert gp.check(f, lambda x: np.cos(x / 1e-12) / 1e-12, at).passed
    assert np.max(np.abs(np.array(seen) - at)) < 1e-11


@pytest.mark.parametrize("size", [1e-200, 1e200, 1e300])
def test_derivatives_of_any_size_without_a_claim(size: float) -> None:
    found = gp.differentiate(lambda t: size * float(np.sum(np.sin(t))), np.ones(2))
    assert found.values == pytest.approx(size * np.cos(np.ones(2)), rel=1e-8)
    assert np.all(found.bars < 1e-8 * size)


def test_a_step_at_which_f_is_no_number_is_not_the_best() -> None:
    def f(t: float) -> float:
        return float("nan") if 0.9999 < t < 0.99999 else float(np.sin(t))

    found = gp.differentiate(f, 1.0)
    assert abs(found.values - np.cos(1.0)) <= found.bars < 1e-6


@pytest.mark.parametrize("at", [1.0, 0.0])
def test_the_slope_on_the_other_side_of_a_kink_nearby_is_not_the_derivative(at: float) -> None:
    def f(t: float) -> float:
        return 5 + abs(t - at - 1e-8) + 0.3 * t

    assert gp.check(f, lambda t: -0.7, at).passed
    assert not gp.check(f, lambda t: 1.3, at).passed


@pytest.mark.parametrize("claim", [1.3, -0.7])
def test_both_slopes_pass_where_the_kink_is_at_the_point(claim: float) -> None:
    report = gp.check(lambda t: 5 + abs(t - 1) + 0.3 * t, lambda t: claim, 1.0)
    assert report.passed


@pytest.mark.parametrize("seed", range(10))
def test_an_f_that_sorts_its_argument_once_neighbours_are_moved_gets_copies(seed: int) -> None:
    weights = np.array([1.0, 3.0, 7.0])

    def f(x: Array) -> float:
        x.sort()
        return float(weights @ x)

    at = np.array([1.0, 1 + 2e-9, 1 + 4e-9])
    given = at.copy()
    report = gp.check(f, lambda x: weights, at, seed=seed)
    assert report.passed, report.summary()
    assert np.array_equal(at, given)
    alike = gp.check(lambda x: float(weights @ np.sort(x)), lambda x: weights, at, seed=seed)
    assert report.leaves[0].verdict == alike.leaves[0].verdict


@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_the_smallest_visible_error_of_a_leaf_has_no_size_of_its_own(size: float) -> None:
    at = size * np.linspace(0.5, 1.5, 50)
    report = gp.check(
        lambda x: float(np.sum(np.sin(x / size))), lambda x: np.cos(x / size) / size, at,
        plan="project",
    )  # fmt: skip
    assert report.certificate is not None
    assert 1e-6 < report.certificate.leaves[0].single < 1e-2


@pytest.mark.parametrize("size", [1e-200, 1e160, 1e200])
def test_sparse_jacobians_of_any_size(size: float) -> None:
    def claimed(factor: float) -> Any:
        return gp.Jacobian(lambda x: scipy.sparse.diags_array(factor * size * np.cos(x)).tocsr())

    at = np.linspace(0.1, 1, 30)
    assert gp.check(lambda x: size * np.sin(x), claimed(1.0), at).passed
    assert gp.check(lambda x: size * np.sin(x), claimed(2.0), at).verdict == "fail"
