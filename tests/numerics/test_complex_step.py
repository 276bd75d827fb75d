"""Complex steps: exact on analytic code, and not trusted where code is not analytic."""

import math
import warnings
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import numpy.typing as npt
import pytest

import gradproof as gp
from gradproof._base.floats import UNIT_ROUNDOFF_64
from gradproof.numerics.complex_step import STEP, is_trustworthy, slopes
from gradproof.numerics.richardson import central
from gradproof.numerics.table import Table

Array = npt.NDArray[Any]
Function = Callable[[Any], Any]

X = np.array([0.5, 1.0, 0.8])
OFFSET = 1e14
# So many that differences along dense directions rise above what drowns single ones.
MANY = np.linspace(0.3, 1.3, 400)
MUCH = 4e13
DROWN = "drown in the noise of f, and were measured by complex steps"

ANALYTIC: dict[str, tuple[Function, Callable[..., Any]]] = {
    "exp": (np.exp, mpmath.exp),
    "sin": (np.sin, mpmath.cos),
    "log": (np.log, lambda x: 1 / x),
    "tanh": (np.tanh, lambda x: mpmath.sech(x) ** 2),
    "x³/(1 + x²)": (
        lambda x: x**3 / (1 + x**2),
        lambda x: x**2 * (x**2 + 3) / (1 + x**2) ** 2,
    ),
    "sqrt": (np.sqrt, lambda x: 1 / (2 * mpmath.sqrt(x))),
}

NOT_ANALYTIC: dict[str, Function] = {
    "abs": lambda x: np.sum(np.abs(x)),
    "norm": np.linalg.norm,
    "squares of absolute values": lambda x: np.sum(np.abs(x) ** 2),
    "conjugate": lambda x: np.sum(x * np.conj(x)),
    "vdot": lambda x: np.vdot(x, x),
    "real part": lambda x: np.sum(np.sin(np.real(x))),
    "real part of the result": lambda x: np.sum(np.sin(x)).real,
    "half conjugate": lambda x: np.sum(x * np.conj(x)) + np.sum(x),
    "x|x|": lambda x: np.sum(x * np.abs(x)),
    "half real part": lambda x: np.sum(np.sin(x)) + np.sum(np.real(x) ** 2),
}


def along_dense_directions(
    f: Function, *, offset: float = 0.0
) -> tuple[npt.NDArray[np.complex128], dict[str, Any]]:
    """Return complex values along two dense directions, and what differences say about them."""
    rng = np.random.default_rng(0)
    directions = [rng.choice([-1.0, 1.0], X.size) * rng.uniform(0.5, 1.0, X.size) for _ in "ab"]
    value = float(np.real(f(X))) + offset
    noise = 0.7 * UNIT_ROUNDOFF_64 * abs(value)
    one = np.ones(2)
    table = Table(one, one * UNIT_ROUNDOFF_64, one, value_at_zero=value, noise_of_f=noise)
    while (block := table.ask()) is not None:
        points = zip(block.lines.tolist(), block.offsets.tolist(), strict=True)
        values = [float(np.real(f(X + t * directions[k]))) + offset for k, t in points]
        table.tell(np.array(values), block.offsets)
    found = central(table, roundoff=UNIT_ROUNDOFF_64, noise_of_f=noise)
    measured, truncation, of_noise = found.take(found.best)
    imaginary = [complex(f(X + 1j * STEP * v)) + offset for v in directions]
    return np.array(imaginary), {
        "value_at_zero": value,
        "measured": measured,
        "bars": truncation + of_noise,
    }


@pytest.mark.parametrize("name", ANALYTIC)
@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
def test_slopes_are_exact_to_rounding(name: str, scale: float) -> None:
    f, derivative = ANALYTIC[name]
    x = np.random.default_rng(1).uniform(0.2, 3.0, 100)
    steps = STEP * scale * np.ones_like(x)
    # The argument is moved by its scale, and f is one of x / scale.
    values = f((scale * x + 1j * steps) / scale).astype(np.complex128)
    truth = np.array([float(derivative(mpmath.mpf(at))) for at in x.tolist()]) / scale
    np.testing.assert_allclose(slopes(values, steps), truth, rtol=1e-14)


@pytest.mark.parametrize("name", ANALYTIC)
@pytest.mark.parametrize("offset", [0.0, 1e6, -1e12])
def test_analytic_code_is_trusted(name: str, offset: float) -> None:
    f, _ = ANALYTIC[name]
    values, seen = along_dense_directions(lambda x: np.sum(f(x)), offset=offset)
    assert is_trustworthy(values, np.full(2, STEP), **seen)


@pytest.mark.parametrize("name", NOT_ANALYTIC)
def test_other_code_is_not_trusted_though_its_values_are_right(name: str) -> None:
    values, seen = along_dense_directions(NOT_ANALYTIC[name])
    np.testing.assert_allclose(values.real, seen["value_at_zero"], rtol=1e-15)
    assert not is_trustworthy(values, np.full(2, STEP), **seen)


def test_a_factor_that_only_the_comparison_sees() -> None:
    values, seen = along_dense_directions(lambda x: np.sum(np.sin(x)))
    steps = np.full(2, STEP)
    assert is_trustworthy(values, steps, **seen)
    # One of two directions suffices to show it.
    assert not is_trustworthy(values, steps * [1.0, 1.0001], **seen)
    # A value that is not f's, as that of code that branches on comparisons.
    other = {**seen, "value_at_zero": seen["value_at_zero"] * (1 + 1e-14)}
    assert not is_trustworthy(values, steps, **other)
    # No slope at all: nothing was seen that could be trusted.
    flat = {**seen, "measured": np.zeros(2), "bars": np.full(2, 1e-10)}
    assert not is_trustworthy(values.real.astype(np.complex128), steps, **flat)
    for bad in (math.nan, math.inf):
        assert not is_trustworthy(
            np.array([values[0], complex(values[1].real, bad)]), steps, **seen
        )
    unknown = {**seen, "measured": np.array([seen["measured"][0], math.nan])}
    assert not is_trustworthy(values, steps, **unknown)


class Watched:
    """Count the complex calls of a function, and note whether it got anything else than MANY."""

    def __init__(self, f: Function) -> None:
        self._f = f
        self.complex_calls = 0

    def __call__(self, x: Any) -> Any:
        self.complex_calls += np.iscomplexobj(x)
        return MUCH + self._f(x)


def refuses(x: Any) -> Any:
    if np.iscomplexobj(x):
        raise RuntimeError("complex numbers are not for me")
    return np.sum(np.sin(x))


def casts(x: Any) -> Any:
    return float(np.sum(np.sin(np.asarray(x).astype(float))))


def casts_into_a_buffer(x: Any) -> Any:
    buffer = np.empty(x.size)
    buffer[:] = np.sin(x)  # a ComplexWarning, and the imaginary parts are gone
    return np.sum(buffer)


def returns_a_vector(x: Any) -> Any:
    return np.sin(x) if np.iscomplexobj(x) else np.sum(np.sin(x))


def returns_real_numbers(x: Any) -> Any:
    return np.sum(np.sin(np.real(x)))


@pytest.mark.parametrize(
    "f", [refuses, casts, casts_into_a_buffer, returns_a_vector, returns_real_numbers]
)
def test_what_takes_no_complex_numbers_is_asked_once_and_left_undecided(f: Function) -> None:
    watched = Watched(f)
    x = MANY.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # none of ours, and none of NumPy's comes out
        report = gp.check(watched, np.cos, x)
    assert report.verdict == "inconclusive", report.summary()
    assert watched.complex_calls == 1
    assert not report.notes
    np.testing.assert_array_equal(x, MANY)


def test_analytic_code_is_measured_by_complex_steps() -> None:
    watched = Watched(lambda x: np.sum(np.sin(x)))
    report = gp.check(watched, np.cos, MANY)
    assert report.passed, report.summary()
    assert watched.complex_calls == 2 + MANY.size
    assert report.notes == (f"400 of 400 components {DROWN}",)


@pytest.mark.parametrize("name", ["abs", "norm", "squares of absolute values", "real part"])
def test_code_that_is_not_analytic_decides_nothing(name: str) -> None:
    f = NOT_ANALYTIC[name]
    truth: dict[str, Function] = {
        "abs": np.sign,
        "norm": lambda x: x / np.linalg.norm(x),
        "squares of absolute values": lambda x: 2 * x,
        "real part": np.cos,
    }
    for claim in (truth[name](MANY), np.full(400, 1e-9)):
        report = gp.check(lambda x: MUCH + f(x), claim, MANY)
        assert not report.passed, report.summary()
        assert not any("complex" in note for note in report.notes)


def test_complex_numbers_are_asked_for_only_where_something_drowns() -> None:
    calls = []

    def f(x: Any) -> Any:
        calls.append(np.asarray(x).dtype.kind)
        return np.sum(np.sin(x))

    assert gp.check(f, np.cos, X).passed
    assert gp.check(f, lambda x: 1.5 * np.cos(x), X).verdict == "fail"
    assert "c" not in calls


@pytest.mark.parametrize("kind", ["array", "dict"])
def test_the_argument_is_restored(kind: str) -> None:
    at: Any = {"array": MANY.copy(), "dict": {"w": MANY.copy(), "b": 0.3}}[kind]
    seen: list[Any] = []

    def f(x: Any) -> Any:
        parts = [x["w"], x["b"]] if kind == "dict" else [x]
        seen.append([np.array(part) for part in parts])
        for part in parts:
            if np.iscomplexobj(part) and isinstance(part, np.ndarray):
                value = MUCH + sum(np.sum(np.sin(p)) for p in parts)
                part[...] = np.nan  # scribbles over what it was given
                return value
        return MUCH + sum(np.sum(np.sin(part)) for part in parts)

    claim: Any = {
        "array": np.cos(MANY),
        "dict": {"w": np.cos(MANY), "b": math.cos(0.3)},
    }[kind]
    report = gp.check(f, claim, at)
    assert report.passed, report.summary()
    assert any(np.iscomplexobj(part) for parts in seen for part in parts)
    # The last call of all is one at the point again.
    last = np.concatenate([np.ravel(part) for part in seen[-1]])
    expected = {"array": MANY, "dict": np.append(MANY, 0.3)}[kind]
    np.testing.assert_array_equal(last, expected)
    np.testing.assert_array_equal(at["w"] if kind == "dict" else at, MANY)
