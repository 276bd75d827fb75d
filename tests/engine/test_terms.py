"""Losses given by their terms: the same verdicts, far less noise, and errors that say so."""

from collections.abc import Callable
from typing import Any, Literal

import mpmath
import numpy as np
import numpy.typing as npt
import pytest

import gradproof as gp
from gradproof.engine.terms import Terms

Array = npt.NDArray[Any]
How = Literal["sum", "mean"]
HOWS: list[How] = ["sum", "mean"]
rng = np.random.default_rng(0)
X, Y = rng.standard_normal((200, 5)), rng.standard_normal(200)
W = rng.standard_normal(5)


def terms(w: Array) -> Array:
    return (np.tanh(X @ w) - Y) ** 2


def gradient_of(how: How, X: Array = X) -> Callable[[Array], Array]:
    def gradient(w: Array) -> Array:
        a = np.tanh(X @ w)
        total = X.T @ (2 * (a - Y.astype(X.dtype)) * (1 - a**2))
        return np.asarray(total / (len(X) if how == "mean" else 1))

    return gradient


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("shape", [(200,), (10, 20), (4, 5, 10)])
def test_the_right_gradient_passes_and_wrong_ones_fail(how: How, shape: tuple[int, ...]) -> None:
    gradient = gradient_of(how)
    report = gp.check(gp.Problem(lambda w: terms(w).reshape(shape), gradient, W, terms=how))
    assert report.passed, report.summary()
    assert report.rtol == 1e-6
    total = np.sum(terms(W)) if how == "sum" else np.mean(terms(W))
    np.testing.assert_allclose(report.value, total, rtol=1e-14)
    wrongs: list[Callable[[Array], Array]] = [
        lambda w: 1.0001 * gradient(w),
        lambda w: -gradient(w),
        lambda w: gradient(w) + 1e-3 * np.eye(5)[2],
        gradient_of("mean" if how == "sum" else "sum"),
    ]
    for wrong in wrongs:
        assert gp.check(gp.Problem(terms, wrong, W, terms=how)).verdict == "fail"


def test_terms_are_quieter_than_their_sum_in_float32() -> None:
    X32, w32 = X.astype(np.float32), W.astype(np.float32)

    def terms32(w: Array) -> Array:
        return (np.tanh(X32 @ w) - Y.astype(np.float32)) ** 2

    def right(w: Array) -> Array:
        return gradient_of("sum", X32)(w)

    by_terms = gp.check(gp.Problem(terms32, right, w32, terms="sum"))
    by_sum = gp.check(lambda w: terms32(w).sum(), right, w32)
    assert by_terms.passed, by_terms.summary()
    assert by_terms.noise < 0.3 * by_sum.noise
    wrong = gp.Problem(terms32, lambda w: right(w) * np.float32(1.1), w32, terms="sum")
    assert gp.check(wrong).verdict == "fail"


def test_differences_are_those_of_the_exact_sum() -> None:
    numbers = np.random.default_rng(1).standard_normal(1000).astype(np.float32) * 1e4
    moved = numbers.copy()
    moved[17] = np.nextafter(moved[17], np.float32(np.inf))
    exact = float(mpmath.mpf(float(moved[17])) - mpmath.mpf(float(numbers[17])))
    for how, number in (("sum", 1), ("mean", 1000)):
        reduced = Terms(how)
        reduced.stand_at(numbers)
        there, around = reduced.value(numbers), reduced.value(moved)
        # What is lost is the rounding of float64 beside the size of all terms.
        assert abs(around - there - exact / number) <= 2.0**-52 * there
        assert abs(there - np.linalg.norm(numbers.astype(float)) / number) <= 1e-15 * there
        assert reduced.roundoff == 2.0**-24
        np.testing.assert_allclose(reduced.total, numbers.astype(float).sum() / number, rtol=1e-15)


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_very_large_and_very_small_terms(scale: float) -> None:
    def scaled(w: Array) -> Array:
        return scale * terms(w)

    report = gp.check(gp.Problem(scaled, lambda w: scale * gradient_of("sum")(w), W, terms="sum"))
    assert report.passed, report.summary()
    wrong = gp.Problem(scaled, lambda w: 1.01 * scale * gradient_of("sum")(w), W, terms="sum")
    assert gp.check(wrong).verdict == "fail"


def test_terms_that_are_all_zero_at_the_point() -> None:
    report = gp.check(gp.Problem(lambda w: (w - W) ** 3 + (w - W), np.ones(5), W, terms="sum"))
    assert report.verdict != "fail", report.summary()
    wrong = gp.check(gp.Problem(lambda w: (w - W) ** 3 + (w - W), np.full(5, 2.0), W, terms="sum"))
    assert wrong.verdict == "fail", wrong.summary()


@pytest.mark.parametrize("how", HOWS)
def test_lists_and_a_single_term(how: How) -> None:
    assert gp.check(
        gp.Problem(
            lambda w: [w**2, 3 * w],
            lambda w: (2 * w + 3) / (2 if how == "mean" else 1),
            1.5,
            terms=how,
        )
    ).passed
    assert gp.check(gp.Problem(lambda w: w**2, lambda w: 2 * w, 1.5, terms=how)).passed
    assert gp.check(gp.Problem(lambda w: 2 * w, lambda w: 2 * w, 1.5, terms=how)).verdict == "fail"


@pytest.mark.parametrize("how", HOWS)
def test_terms_with_their_gradient(how: How) -> None:
    def both(w: Array) -> tuple[Array, Array]:
        return terms(w), gradient_of(how)(w)

    report = gp.check(gp.Problem(both, True, W, terms=how))
    assert report.passed, report.summary()
    assert not report.causes

    def value_too(w: Array) -> tuple[float, Array]:
        return float(np.sum(terms(w))), gradient_of(how)(w)

    beside = gp.check(gp.Problem(terms, value_too, W, terms=how))
    assert [cause.code for cause in beside.causes] == (["GP106"] if how == "mean" else [])


def test_dropout_of_terms() -> None:
    def random_terms(w: Array) -> Array:
        return terms(w) * (np.random.random(200) < 0.5)  # noqa: NPY002

    def gradient(w: Array) -> Array:
        a = np.tanh(X @ w)
        kept = np.random.random(200) < 0.5  # noqa: NPY002
        return np.asarray(X.T @ (2 * (a - Y) * (1 - a**2) * kept))

    report = gp.check(gp.Problem(random_terms, gradient, W, terms="sum"))
    assert report.passed, report.summary()
    np.testing.assert_allclose(
        gp.differentiate(lambda w: float(random_terms(w).sum()), W).values, gradient(W), rtol=1e-6
    )


def test_a_term_that_is_not_finite() -> None:
    report = gp.check(
        gp.Problem(lambda w: np.append(terms(w), np.inf), gradient_of("sum"), W, terms="sum")
    )
    assert report.verdict == "inconclusive"
    assert [cause.code for cause in report.causes] == ["GP108"]
    with np.errstate(all="ignore"):
        edge = gp.check(gp.Problem(np.log, lambda x: 1 / x, np.array([1e-3, 1.0]), terms="sum"))
    assert edge.passed, edge.summary()


@pytest.mark.parametrize("when", [2, 8, 25])
@pytest.mark.parametrize("other", [np.ones(199), np.ones((200, 1)), np.array(1.0)])
def test_terms_that_change_their_number_or_shape_are_refused(when: int, other: Array) -> None:
    calls = [0]

    def f(w: Array) -> Array:
        calls[0] += 1
        return other if calls[0] == when else terms(w)

    with pytest.raises(
        gp.InputError, match=r"^terms: found terms of shape .*\(200,\) at the point"
    ):
        gp.check(gp.Problem(f, gradient_of("sum"), W, terms="sum"))


@pytest.mark.parametrize("result", ["abc", None, 1j * np.ones(3), {}, [[1.0], [1.0, 2.0]]])
def test_what_are_no_terms_is_refused(result: Any) -> None:
    with pytest.raises(gp.InputError, match="^the value of f: found .* because terms="):
        gp.check(gp.Problem(lambda w: result, gradient_of("sum"), W, terms="sum"))


@pytest.mark.parametrize("how", ["average", "", 1, True, np.ones(2), ["sum"]])
def test_words_that_terms_does_not_know_are_refused(how: Any) -> None:
    with pytest.raises(gp.InputError, match="^terms: found .*, expected 'sum' or 'mean'"):
        gp.Problem(terms, gradient_of("sum"), W, terms=how)


def test_an_array_without_terms_says_what_to_do() -> None:
    with pytest.raises(gp.InputError, match="say terms='sum' or 'mean'"):
        gp.check(terms, gradient_of("sum"), W)


def test_options_are_given_by_name() -> None:
    problem: Any = gp.Problem
    with pytest.raises(TypeError):
        problem(terms, gradient_of("sum"), W, "sum")
