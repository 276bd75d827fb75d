"""The numerical gradient against closed forms."""

import math
from typing import Any

import mpmath
import numpy as np
import pytest

import gradproof as gp
from gradproof import InputError


@pytest.mark.parametrize(
    ("f", "derivative"),
    [
        (math.exp, mpmath.exp),
        (math.sin, mpmath.cos),
        (math.log, lambda x: 1 / x),
        (math.atan, lambda x: 1 / (1 + x**2)),
        (lambda x: math.tanh(x) + 1e5, lambda x: mpmath.sech(x) ** 2),
        (lambda x: x**7 - 3 * x, lambda x: 7 * x**6 - 3),
    ],
)
def test_values_are_within_their_bars(f: Any, derivative: Any) -> None:
    for at in np.linspace(0.1, 2.0, 40).tolist():
        gradient = gp.differentiate(f, at)
        truth = float(derivative(mpmath.mpf(at)))
        assert abs(gradient.values - truth) <= gradient.bars
        assert gradient.bars < 1e-3 * max(1, abs(truth))


def test_structure_and_types_are_those_of_the_point() -> None:
    at: dict[str, Any] = {
        "w": np.array([[1, 2], [3, 4]]),
        "b": 0.5,
        "none": None,
        "t": (np.float32(2.0),),
    }
    gradient = gp.differentiate(lambda t: np.sum(t["w"] ** 2) + 3 * t["b"] + t["t"][0] ** 2, at)
    assert list(gradient.values) == list(at)
    np.testing.assert_allclose(gradient.values["w"], 2.0 * at["w"], rtol=1e-2)
    assert type(gradient.values["b"]) is float
    assert gradient.values["b"] == pytest.approx(3, rel=1e-2)
    assert gradient.values["none"] is None
    assert gradient.bars["w"].shape == (2, 2)


def test_the_price_is_36_evaluations_a_component() -> None:
    count = []

    def f(x: Any) -> float:
        count.append(1)
        return float(np.sum(np.sin(x)))

    gradient = gp.differentiate(f, np.ones(10))
    assert gradient.evaluations == len(count)
    assert gradient.evaluations <= 36 * 10 + 60


def test_the_point_is_unchanged_and_what_cannot_be_done_is_said() -> None:
    x = np.array([1.0, 2.0])

    def scribbling(v: Any) -> float:
        total = float(np.sum(v**2))
        v[:] = 0
        return total

    np.testing.assert_allclose(gp.differentiate(scribbling, x).values, [2.0, 4.0], rtol=1e-8)
    assert x.tolist() == [1.0, 2.0]
    with pytest.raises(InputError, match="the value of f: found nan at the point"):
        gp.differentiate(lambda v: math.nan, x)
    with pytest.raises(InputError, match="f: found 3, expected a function"):
        gp.differentiate(3, x)  # type: ignore[arg-type]
    assert np.isnan(gp.differentiate(lambda v: 1.0 if v == 1 else math.nan, 1.0).values)


def test_a_mutation_that_leaves_the_point_itself_alone_does_no_harm() -> None:
    a = np.linspace(1, 2, 20)

    def f(x: Any) -> float:
        x -= x.mean()
        return float(np.sum(a * x))

    np.testing.assert_allclose(gp.differentiate(f, np.zeros(20)).values, a - a.mean(), atol=1e-9)
