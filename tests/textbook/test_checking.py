"""The numerical gradient and the classic check: exact semantics, nothing of the user's changed."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import gradproof as gp
from gradproof import InputError

SMALL = st.floats(-3, 3, allow_subnormal=False)


@given(
    x=hnp.arrays(np.float64, hnp.array_shapes(min_dims=0, max_dims=3, max_side=3), elements=SMALL)
)
def test_gradient_of_a_known_function_in_any_shape(x: npt.NDArray[np.float64]) -> None:
    gradient = gp.numerical_gradient(lambda v: np.sum(np.sin(v)), x, h=1e-5)
    assert np.shape(gradient) == x.shape
    np.testing.assert_allclose(gradient, np.cos(x), rtol=0, atol=1e-9)


def test_integer_parameters_are_not_truncated() -> None:
    x = np.array([1, 2, 3])
    gradient = gp.numerical_gradient(lambda v: np.sum(v**3), x, h=1e-5)
    np.testing.assert_allclose(gradient, 3 * x**2, rtol=1e-8)
    assert x.dtype.kind == "i"


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int8, np.bool_])
def test_any_real_dtype_is_computed_in_float64(dtype: type) -> None:
    seen = set()

    def f(v: npt.NDArray[Any]) -> float:
        seen.add(v.dtype)
        return float(np.sum(v * v))

    gradient = gp.numerical_gradient(f, np.array([1, 0], dtype=dtype))
    np.testing.assert_allclose(gradient, [2.0, 0.0], atol=1e-7)
    assert seen == {np.dtype(np.float64)}


@pytest.mark.parametrize("call", ["numerical_gradient", "gradient_check"])
def test_the_callers_array_stays_bit_for_bit_even_if_f_scribbles_on_its_argument(call: str) -> None:
    x = np.array([[0.1, -0.0], [np.pi, 1e-300]])
    before = x.tobytes()

    def scribbling(v: npt.NDArray[Any]) -> float:
        total = float(np.sum(v))
        v[:] = 7.0
        return total

    if call == "numerical_gradient":
        gradient = gp.numerical_gradient(scribbling, x)
    else:
        gradient = gp.gradient_check(scribbling, lambda v: np.ones((2, 2)), x)["numerical_gradient"]
    assert x.tobytes() == before
    np.testing.assert_allclose(gradient, np.ones((2, 2)), atol=1e-7)


def test_the_gradient_under_test_cannot_change_the_callers_array() -> None:
    x = np.array([1.0, 2.0])

    def gradient(v: npt.NDArray[Any]) -> npt.NDArray[Any]:
        v *= 2
        return v

    assert gp.gradient_check(lambda v: np.sum(v**2), gradient, x)["passed"]
    assert x.tolist() == [1.0, 2.0]


def test_the_gradient_under_test_may_use_its_memory_again_when_f_calls_it() -> None:
    memory = np.empty(2)

    def gradient(v: npt.NDArray[Any]) -> npt.NDArray[Any]:
        memory[:] = 2 * v
        return memory

    def f(v: npt.NDArray[Any]) -> float:
        gradient(v)
        return float(np.sum(v**2))

    result = gp.gradient_check(f, gradient, [1.0, 2.0])
    assert result["analytical_gradient"].tolist() == [2.0, 4.0]


def points_asked(call: Any, *options: Any, **named: Any) -> list[float]:
    points: list[float] = []

    def f(x: float) -> float:
        points.append(x)
        return x

    if call is gp.gradient_check:
        call(f, lambda x: 1.0, 2.0, *options, **named)
    else:
        call(f, 2.0, *options, **named)
    return points


@pytest.mark.parametrize("call", [gp.numerical_gradient, gp.gradient_check])
def test_the_step_is_the_one_asked_for_and_1e_7_by_default(call: Any) -> None:
    assert points_asked(call) == [2 + 1e-7, 2 - 1e-7]
    assert points_asked(call, 0.25) == points_asked(call, h=0.25) == [2.25, 1.75]


def test_a_step_lost_in_rounding_gives_zero_and_no_error() -> None:
    assert gp.numerical_gradient(np.sum, [1e10], h=1e-7).tolist() == [0.0]


def test_the_gradient_under_test_is_called_and_understood_before_f() -> None:
    def never(v: object) -> float:
        raise AssertionError("f was evaluated")

    with pytest.raises(
        InputError, match=r"analytical_grad_fn: found shape \(2,\), expected \(3,\)"
    ):
        gp.gradient_check(never, lambda v: np.ones(2), np.ones(3))
    with pytest.raises(InputError, match="analytical_grad_fn: found None, expected an array"):
        gp.gradient_check(never, lambda v: None, np.ones(3))  # type: ignore[arg-type,return-value]
    for unusable in ({"h": 0.0}, {"tolerance": 0.0}):
        with pytest.raises(InputError, match="found 0.0, expected a positive"):
            gp.gradient_check(never, np.ones_like, np.ones(3), **unusable)


def test_the_dict_is_the_classic_one() -> None:
    x = np.array([1.0, -2.0, 0.5])
    result = gp.gradient_check(lambda v: np.sum(v**2), lambda v: 2 * v + [0, 0, 1e-3], x)
    assert list(result) == [
        "analytical_gradient",
        "numerical_gradient",
        "absolute_difference",
        "relative_error",
        "passed",
    ]
    a, n = result["analytical_gradient"], result["numerical_gradient"]
    np.testing.assert_array_equal(a, [2.0, -4.0, 1.001])
    np.testing.assert_array_equal(result["absolute_difference"], np.abs(a - n))
    expected = np.linalg.norm(a - n) / (np.linalg.norm(a) + np.linalg.norm(n) + 1e-8)
    assert type(result["relative_error"]) is float
    assert result["relative_error"] == pytest.approx(expected, rel=1e-12)
    assert result["passed"] is False


def test_scalars_come_back_as_python_floats() -> None:
    result = gp.gradient_check(math.sin, math.cos, 0.5)
    types = [type(value) for value in result.values()]
    assert types == [float, float, float, float, bool]
    assert result["passed"] is True


def test_the_floor_decides_between_two_zero_gradients_and_the_bound_is_strict() -> None:
    zero = gp.gradient_check(lambda v: 1.0, np.zeros_like, np.zeros(3))
    assert zero["relative_error"] == 0.0
    assert zero["passed"]
    # |a - n| / (|a| + |n| + 1e-8) with n = 0 and a = 1e-8 is exactly one half.
    half = gp.gradient_check(lambda v: 0.0, lambda v: 1e-8, 0.0, tolerance=0.5)
    assert half["relative_error"] == 0.5
    assert half["passed"] is False


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_neither_huge_nor_tiny_gradients_break_the_formula(scale: float) -> None:
    result = gp.gradient_check(lambda v: scale * v, lambda v: scale, 1.0)
    assert result["relative_error"] < 1e-6
    doubled = gp.gradient_check(lambda v: scale * v, lambda v: 2 * scale, 1.0)
    assert doubled["relative_error"] == pytest.approx(1 / 3 if scale > 1 else 0, abs=1e-6)


def test_nan_never_passes() -> None:
    assert not gp.gradient_check(np.sum, lambda v: v * np.nan, np.ones(2))["passed"]
    assert not gp.gradient_check(lambda v: float("nan"), np.ones_like, np.ones(2))["passed"]


def test_infinite_gradients_do_not_pass_and_warn_of_nothing() -> None:
    result = gp.gradient_check(lambda x: math.inf * x, lambda x: math.inf, 1.0)
    assert math.isnan(result["absolute_difference"])
    assert not result["passed"]
    result = gp.gradient_check(lambda x: -1e308 * x, lambda x: 1.5e308, 1.0, h=0.1)
    assert result["absolute_difference"] == math.inf
    assert not result["passed"]


def test_subnormal_gradients_warn_of_nothing() -> None:
    assert gp.gradient_check(lambda v: 0.0, lambda v: np.full(2, 5e-324), np.zeros(2))["passed"]


def test_a_step_that_leaves_the_range_of_float64_warns_of_nothing() -> None:
    assert math.isnan(gp.numerical_gradient(np.max, [1.5e308], h=1e308)[0])


def test_wrong_gradients_fail() -> None:
    x = np.linspace(-1, 1, 7)
    for wrong in (lambda v: -np.cos(v), lambda v: 2 * np.cos(v), lambda v: np.cos(v)[::-1] + v):
        assert not gp.gradient_check(lambda v: np.sum(np.sin(v)), wrong, x)["passed"]


def test_bad_input_is_named() -> None:
    with pytest.raises(InputError, match=r"f: found 3, expected a function, called as f\(params\)"):
        gp.numerical_gradient(3, [1.0])  # type: ignore[arg-type]
    with pytest.raises(InputError, match="params: found an array of shape"):
        gp.numerical_gradient(np.sum, np.array(["a"]))
    with pytest.raises(InputError, match="params: .*expected an array of real numbers"):
        gp.numerical_gradient(np.sum, np.array([1j]))
    with pytest.raises(InputError, match="params: found .*expected an array of numbers"):
        gp.numerical_gradient(np.sum, [[1.0], [1.0, 2.0]])
    with pytest.raises(InputError, match=r"the value of f: found an array of shape \(2,\)"):
        gp.numerical_gradient(lambda v: v, [1.0, 2.0])
    with pytest.raises(InputError, match=r"found shape \(2,\), expected \(3,\)"):
        gp.gradient_check(np.sum, lambda v: np.ones(2), np.ones(3))
    with pytest.raises(InputError, match=r"analytical_grad_fn: found \[1.0\], expected a function"):
        gp.gradient_check(np.sum, [1.0], [1.0])  # type: ignore[arg-type]
    with pytest.raises(InputError, match="tolerance: found -1"):
        gp.gradient_check(np.sum, np.ones_like, [1.0], tolerance=-1)


def test_an_exception_of_f_surfaces_unchanged() -> None:
    def f(v: object) -> float:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        gp.numerical_gradient(f, [1.0])
