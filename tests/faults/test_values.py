"""f raises, or returns what is no value, at its k-th call: told in a sentence, or harmless."""

import contextlib
import re
from typing import Any

import numpy as np
import pytest
from tests.faulty import MODES, At, Bug, Function, X, gradient, nothing_changed, raises, sines

import gradproof as gp

CALLS = (1, 2, 8)
TRIED = {"float32", "vectorized"}  # in float64, at many points: what f raises says no


def cut(value: Any) -> Any:
    return np.ones(3) if np.ndim(value) == 0 else np.asarray(value)[..., :-1]


VALUES: dict[str, Function] = {
    "nan": lambda value: value * np.nan,
    "inf": lambda value: value * np.inf,
    "None": lambda value: None,
    "another shape": cut,
    "text": str,
    "a dict": lambda value: {"loss": value, "more": value},
    "complex": lambda value: value * (1 + 1j),
    "objects": lambda value: np.array([value, None], dtype=object),
    "masked": lambda value: np.ma.masked,
    "float16": lambda value: np.asarray(value).astype(np.float16)[()],
    "whole numbers": lambda value: np.asarray(value).astype(int)[()],
}


@pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning")  # of claims by NumPy
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("fault", VALUES)
def test_what_f_returns_once_is_told_or_harmless(fault: str, mode: str) -> None:
    for call in CALLS:
        with nothing_changed(X):
            try:
                report = MODES[mode](At(VALUES[fault], call))
            except gp.InputError as error:
                told = str(error)
            else:
                assert report.verdict != "fail", (call, report.summary())
                assert "by nan" not in report.summary()
                continue
            assert re.match(r"(the value of f|output|terms).*: found", told), told


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("fault", ["nan", "inf"])
def test_a_wrong_claim_never_passes_where_values_are_missing(fault: str, mode: str) -> None:
    for call, on in ((2, False), (4, False), (2, True), (7, True)):
        report = MODES[mode](At(VALUES[fault], call, on=on), by=3.0)
        assert not report.passed, (call, on, report.summary())


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode not in TRIED])
def test_what_f_raises_arrives_with_a_note_of_where(mode: str) -> None:
    for call in CALLS:
        error = Bug("of the user")
        with nothing_changed(X), pytest.raises(Bug) as raised:
            MODES[mode](At(raises(error), call))
        assert raised.value is error
        notes = getattr(error, "__notes__", [])
        assert all(note.startswith("gradproof: f raised this with") for note in notes)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RecursionError("too deep"),
        KeyError(3),
        OSError(28, "No space left"),
        SystemExit(3),
    ],
    ids=lambda error: type(error).__name__,
)
def test_other_exceptions_arrive_as_they_are(error: BaseException) -> None:
    for mode in ("every", "project", "vjp"):
        for call in (1, 5, 12):
            with nothing_changed(X), pytest.raises(type(error)) as raised:
                MODES[mode](At(raises(error), call))
            assert raised.value is error


def test_stop_iteration_does_not_end_our_loops() -> None:
    for mode in ("every", "project"):
        for call in (4, 6, 12):
            with pytest.raises((RuntimeError, StopIteration)) as raised:
                MODES[mode](At(raises(StopIteration()), call))
            if isinstance(raised.value, RuntimeError):
                assert str(raised.value) == "f raised StopIteration: next() found nothing left"
                (note,) = getattr(raised.value.__cause__, "__notes__", [])
                assert note.startswith("gradproof: f raised this with ")


def test_where_f_returned_no_number_is_said() -> None:
    def odd(x: Any) -> Any:
        return None if x[3] != X[3] and np.sum(x != X) == 1 else sines(x)

    with pytest.raises(gp.InputError, match="found None, expected one real number") as raised:
        gp.check(odd, gradient, X)
    (note,) = raised.value.__notes__
    assert re.match(r"gradproof: f was evaluated with x\[3\] moved by", note)
    with pytest.raises(gp.InputError, match="found None") as raised:
        gp.check(lambda x: sines(x) if np.all(x == X) else None, gradient, X, plan="project")
    assert "in a random direction" in raised.value.__notes__[0]


def test_a_value_that_is_missing_once_at_the_point_is_said() -> None:
    report = gp.check(At(VALUES["inf"], 2)(sines), gradient, X)
    assert report.headline == "f is -inf at the point itself"
    assert "f was -inf at the point at one call, and finite at another" in report.notes
    with pytest.raises(gp.InputError, match="the value of f: found -inf at the point"):
        gp.differentiate(At(VALUES["inf"], 2)(sines), X)


@pytest.mark.parametrize("size", [1e20, 1e300])
def test_an_f_that_is_huge_beside_its_point_makes_no_claim_right(size: float) -> None:
    def huge(x: Any) -> Any:
        return np.sin(x) * (1.0 if np.array_equal(x, X) else size)

    def total(x: Any) -> float:
        return float(np.sum(huge(x)))

    for plan in ("every", "project"):
        assert not gp.check(total, lambda x: 5 * np.cos(x), X, plan=plan).passed
    assert not gp.check(huge, gp.VJP(lambda x, u: 5 * np.cos(x) * u), X).passed


def test_infinite_values_make_no_warnings_of_ours() -> None:
    gp.differentiate(At(VALUES["inf"], 8, on=True)(sines), X)


def test_no_traceback_ends_inside_of_gradproof_without_a_sentence() -> None:
    """Whatever comes out was raised by f, or is written for people."""
    for fault in ("None", "text", "objects", "another shape"):
        for mode in MODES:
            with contextlib.suppress(gp.GradproofError):
                MODES[mode](At(VALUES[fault], 3, on=True))
