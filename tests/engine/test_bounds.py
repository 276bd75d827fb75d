"""Bounds: f never sees a point outside, whatever is found; and what cannot be moved is left out."""

import math
from typing import Any, NamedTuple

import ml_dtypes
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds

import gradproof as gp
from gradproof.frameworks.box import limits_in
from gradproof.frameworks.numpy_space import NumpySpace
from gradproof.tree import flatten

Array = npt.NDArray[Any]
ENDS = [-math.inf, -1e300, -2.0, -1.0, -0.1, 0.0, 1e-12, 0.3, 1.0, 1.5, 1e300, math.inf]
TYPES = [np.float64, np.float32, np.float16, np.dtype(ml_dtypes.bfloat16)]


class Watched:
    """A smooth function that keeps whatever it was evaluated at."""

    def __init__(self, shift: float = 0.0) -> None:
        self.shift = shift
        self.seen: list[Array] = []

    def f(self, x: Array) -> Any:
        self.seen.append(x.astype(np.float64))
        return np.sum(np.sin(x + x.dtype.type(self.shift)))

    def gradient(self, x: Array) -> Array:
        self.seen.append(x.astype(np.float64))
        return np.asarray(np.cos(x + x.dtype.type(self.shift)))

    def assert_inside(self, lower: Any, upper: Any) -> None:
        points = np.array(self.seen)
        assert np.all(points >= lower)
        assert np.all(points <= upper)


@st.composite
def boxes(draw: Any) -> tuple[Array, Array, Array]:
    """Draw a lower bound, a point in a number type, and an upper bound."""
    kind = draw(st.sampled_from(TYPES))
    lower, x, upper = np.zeros((3, draw(st.integers(1, 6))))
    for i in range(x.size):
        ends = [draw(st.sampled_from(ENDS) | st.floats(-3, 3)) for _ in range(2)]
        low, high = np.clip(sorted(ends), -3, 3)
        # On a bound as often as anywhere between.
        share = draw(st.sampled_from([0.0, 1.0, 1e-9]) | st.floats(0, 1))
        x[i] = np.array(low + share * (high - low)).astype(kind)
        # What rounding to the type has moved out of the box takes the box along.
        lower[i], upper[i] = min(*ends, x[i]), max(*ends, x[i])
    return lower, x.astype(kind), upper


@settings(max_examples=60)
@given(boxes(), st.sampled_from(["right", "twice", "zero", "one"]), st.integers(0, 3))
def test_f_never_sees_a_point_outside(
    box: tuple[Array, Array, Array], claim: str, seed: int
) -> None:
    lower, x, upper = box
    watched = Watched(shift=0.25)
    claims: dict[str, Any] = {
        "right": watched.gradient,
        "twice": lambda x: 2 * watched.gradient(x),
        "zero": np.zeros_like,
        "one": np.ones_like,
    }
    problem = gp.Problem(watched.f, claims[claim], x, bounds=(lower, upper))
    with np.errstate(all="ignore"):
        report = gp.check(problem, seed=seed)
    watched.assert_inside(lower, upper)
    assert report.leaves[0].checked == np.sum(lower < upper)
    if claim == "right" and np.all(np.abs(x.astype(float)) < 1e4):
        assert report.verdict != "fail", report.summary()


@settings(max_examples=50)
@given(boxes(), st.floats(1e-9, 10.0), st.integers(0, 100))
def test_directions_stay_inside_up_to_where_they_are_asked_for(
    box: tuple[Array, Array, Array], farthest: float, seed: int
) -> None:
    lower, x, upper = box
    tree, values = flatten(x, "x")
    space = NumpySpace(tree, values, (lower, upper))
    asked = np.random.default_rng(seed).standard_normal(x.size)
    direction = space.toward_inside(asked, farthest)
    for share in (0.0, 0.3, 1.0):
        there = space.x + share * farthest * direction
        slack = 1e-15 * (1 + np.abs(space.x) + np.abs(there))
        assert np.all(there >= lower - slack)
        assert np.all(there <= upper + slack)
    room = (space.x - farthest * np.abs(asked) > lower) & (
        space.x + farthest * np.abs(asked) < upper
    )
    np.testing.assert_array_equal(direction[room], asked[room])
    # What can be moved somewhere is.
    assert np.all((direction != 0) | (lower == upper) | (asked == 0))


@pytest.mark.parametrize("kind", TYPES)
def test_limits_are_the_outermost_numbers_inside(kind: Any) -> None:
    lower = np.array([-np.inf, -1e300, 0.1, -0.3, 1.0])
    upper = np.array([np.inf, 1e300, 0.2, -0.1, 2.0])
    low, high = (side.astype(np.float64) for side in limits_in(lower, upper, kind))
    assert np.all(low >= lower)
    assert np.all(high <= upper)
    for side, outwards in ((low, -np.inf), (high, np.inf)):
        with np.errstate(over="ignore"):
            beyond = np.nextafter(side.astype(kind), np.full(5, outwards).astype(kind))
        out = beyond.astype(np.float64)
        assert np.all((out < lower) | (out > upper) | ~np.isfinite(out))


def interior() -> tuple[Watched, Array]:
    return Watched(), np.array([0.3, 0.5, 0.9])


@pytest.mark.parametrize(
    "bounds",
    [
        (0, 1),
        (0.0, None),
        (None, 1.0),
        (None, None),
        (-math.inf, math.inf),
        ([0, 0, 0], [1, 1, 1]),
        (np.zeros(3), np.ones(3)),
        ([0, None, 0], np.ones(3)),
        [(0, 1), (0, None), (None, 1)],
        ((0, 1), (0, 1), (0, 1)),
        np.array([[0, 1], [0, 1], [0, 1]]),
        Bounds(np.zeros(3), np.ones(3)),
        Bounds(0, 1),
        Bounds(),
    ],
)
def test_forms_of_bounds(bounds: Any) -> None:
    watched, x = interior()
    report = gp.check(gp.Problem(watched.f, watched.gradient, x, bounds=bounds))
    assert report.passed, report.summary()
    assert not report.notes
    assert report.leaves[0].checked == 3
    wrong = gp.Problem(watched.f, lambda x: 1.001 * np.cos(x), x, bounds=bounds)
    assert gp.check(wrong).verdict == "fail"


class Pair(NamedTuple):
    a: Any
    b: Any


def test_bounds_in_the_structure_of_the_point() -> None:
    seen: list[Any] = []
    at = {"w": np.full((2, 2), 0.5), "p": Pair(0.5, [0.5, np.ones(2)]), "none": None}
    bounds = (
        {"w": np.zeros((2, 2)), "p": Pair(0.1, [None, [0.9, 0.8]]), "none": None},
        {"w": 0.7, "p": 2, "none": None},
    )

    def f(t: Any) -> float:
        seen.append([*t["w"].ravel(), t["p"].a, t["p"].b[0], *t["p"].b[1]])
        return float(np.sum(np.square(seen[-1])))

    def gradient(t: Any) -> Any:
        return {"w": 2 * t["w"], "p": Pair(2 * t["p"].a, [1.0, 2 * t["p"].b[1]]), "none": None}

    report = gp.check(gp.Problem(f, gradient, at, bounds=bounds))
    assert report.passed, report.summary()
    points = np.array(seen)
    assert np.all(points >= [0, 0, 0, 0, 0.1, -np.inf, 0.9, 0.8])
    assert np.all(points <= [0.7] * 4 + [2] * 4)
    flat = gp.Problem(f, gradient, at, bounds=Bounds(np.full(8, 0.1), np.full(8, 1.1)))
    assert gp.check(flat).passed


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        (1.0, "bounds: found 1.0, expected (lower, upper)"),
        ("ab", "bounds: found 'ab', expected (lower, upper)"),
        ((0, 1, 2), "bounds: found (0, 1, 2), expected (lower, upper)"),
        ([(0, 1)], "bounds: found 1 pairs (low, high), expected 3"),
        ((np.zeros(2), None), "found the shape (2,) in the lower bounds of x, expected (3,)"),
        ((None, np.ones((3, 1))), "found the shape (3, 1) in the upper bounds of x"),
        (("low", None), "bounds: found 'low' for the lower bounds of x, expected numbers or None"),
        ((math.nan, None), "bounds: found nan for the lower bounds of x"),
        ((None, 1j), "bounds: found 1j for the upper bounds of x"),
        (([0, 2, 0], 1), "bounds: found 2.0 below and 1.0 above x[1]"),
        (([[0], [0, 1]], 1), "for the lower bounds of x, expected numbers or None"),
    ],
)
def test_what_are_no_bounds_is_refused(bounds: Any, message: str) -> None:
    watched, x = interior()
    with pytest.raises(gp.InputError) as raised:
        gp.Problem(watched.f, watched.gradient, x, bounds=bounds)
    assert message in str(raised.value)
    assert not watched.seen


def test_two_pairs_for_two_components_are_not_guessed() -> None:
    with pytest.raises(gp.InputError, match="bounds: found .* may be two pairs"):
        gp.Problem(np.sum, np.ones(2), np.ones(2), bounds=((0, 1), (0, 1)))
    for bounds in ([(0, 1), (0, 2)], (np.zeros(2), np.array([1.0, 2.0]))):
        assert gp.check(gp.Problem(np.sum, np.ones(2), np.full(2, 0.5), bounds=bounds)).passed


def test_another_structure_is_refused_with_the_place() -> None:
    at = {"w": np.ones(2), "b": 1.0}
    with pytest.raises(gp.InputError, match=r"bounds: found 'w', 'c' in the upper bounds where t"):
        gp.Problem(lambda t: 1.0, at, at, bounds=(None, {"w": 2.0, "c": 2.0}))


@pytest.mark.parametrize(("at", "lower", "upper"), [(-0.1, 0, 1), (1.1, 0, 1), (-2.0, -1, None)])
def test_a_point_outside_is_refused_by_component(at: float, lower: Any, upper: Any) -> None:
    watched, x = interior()
    x[1] = at
    with pytest.raises(
        gp.InputError, match=r"at: found x\[1\] = .*, expected a point within its b"
    ):
        gp.check(gp.Problem(watched.f, watched.gradient, x, bounds=([lower, lower, lower], upper)))
    assert not watched.seen


@pytest.mark.parametrize("kind", TYPES)
def test_a_point_on_a_bound_that_its_type_cannot_hold(kind: Any) -> None:
    x = np.array([0.1, 0.5, 0.7]).astype(kind)
    watched = Watched()
    report = gp.check(gp.Problem(watched.f, watched.gradient, x, bounds=(0.1, 0.7)))
    assert report.verdict != "fail", report.summary()
    held = x.astype(np.float64)
    watched.assert_inside(min(0.1, held[0]), max(0.7, held[2]))


def test_components_that_cannot_be_moved_are_not_checked() -> None:
    watched, x = interior()
    bounds = ([0, 0.5, 0], [1, 0.5, 1])
    claim = np.cos(x)
    claim[1] = 77.0  # of no consequence
    report = gp.check(gp.Problem(watched.f, claim, x, bounds=bounds))
    assert report.passed, report.summary()
    assert report.leaves[0].checked == 2
    assert report.notes == ("1 component not checked, the bounds leave no room: x[1]",)
    claim[2] *= 1.01
    wrong = gp.check(gp.Problem(watched.f, claim, x, bounds=bounds))
    assert [c.address for c in wrong.culprits] == ["x[2]"]
    assert wrong.headline == "1 of 2 components is wrong"
    watched.assert_inside(*np.array(bounds))
    # A common factor is still seen beside them.
    assert gp.check(gp.Problem(watched.f, 2 * np.cos(x), x, bounds=bounds)).leaves[
        0
    ].ratio == pytest.approx(2)


def test_a_tensor_that_cannot_be_moved_beside_one_that_can() -> None:
    at = {"w": np.array([0.2, 0.4]), "c": np.array([1.0, 2.0, 3.0, 4.0])}

    def f(t: dict[str, Array]) -> float:
        return float(np.sum(np.sin(t["w"])) * np.sum(t["c"]))

    def gradient(t: dict[str, Array]) -> dict[str, Array]:
        return {"w": np.cos(t["w"]) * np.sum(t["c"]), "c": np.full(4, 99.0)}

    fixed = ({"w": 0, "c": at["c"]}, {"w": 1, "c": at["c"]})
    report = gp.check(gp.Problem(f, gradient, at, bounds=fixed))
    assert report.passed, report.summary()
    assert [leaf.checked for leaf in report.leaves] == [2, 0]
    assert "not checked" in report.summary()
    assert "t['c'][0], t['c'][1], t['c'][2] and 1 more" in report.notes[0]
    assert gp.check(gp.Problem(f, gradient, at, bounds=({"w": 0, "c": 0}, None))).verdict == "fail"

    every = gp.check(gp.Problem(f, gradient, at, bounds=(at, at)))
    assert (every.verdict, every.headline) == ("inconclusive", "nothing could be decided")
    assert [leaf.checked for leaf in every.leaves] == [0, 0]


def test_what_lies_outside_is_no_evaluation() -> None:
    calls = [0]

    def f(x: Array) -> float:
        calls[0] += 1
        return float(np.sum(np.sin(x)))

    x = np.array([0.0, 1.0, 0.5, 0.25])
    fixed = ([0, 0, 0.5, 0], [1, 1, 0.5, 1])
    for claim in (np.cos(x), 2 * np.cos(x), np.zeros(4)):
        calls[0] = 0
        report = gp.check(gp.Problem(f, claim, x, bounds=fixed))
        assert report.evaluations == calls[0]


def test_f_need_not_be_defined_outside() -> None:
    def f(x: Array) -> float:
        if np.any(x < 0) or np.any(x > 1):
            raise RuntimeError("outside")  # would surface
        return float(np.sum(np.sqrt(x + 0.1)))

    x = np.array([0.0, 0.5, 1.0, 1e-9, 0.3])
    for seed in range(5):
        problem = gp.Problem(f, lambda x: 0.5 / np.sqrt(x + 0.1), x, bounds=(0, 1))
        report = gp.check(problem, seed=seed)
        assert report.verdict != "fail", report.summary()
        wrong = gp.Problem(f, lambda x: 0.6 / np.sqrt(x + 0.1), x, bounds=(0, 1))
        assert gp.check(wrong, seed=seed).verdict == "fail"


def test_bounds_with_terms_and_in_float32() -> None:
    x = np.array([0.0, 0.5, 1.0], dtype=np.float32)
    seen: list[Array] = []

    def f(x: Array) -> Array:
        seen.append(x.astype(np.float64))
        return np.sin(x)

    report = gp.check(gp.Problem(f, np.cos, x, bounds=(0, 1), terms="sum"))
    assert report.verdict != "fail", report.summary()
    assert "promoted" in report.notes[0]
    assert np.min(seen) >= 0
    assert np.max(seen) <= 1


@pytest.mark.parametrize("room", [1e-1, 1e-3, 1e-6, 1e-9])
def test_bounds_close_by_excuse_nothing(room: float) -> None:
    at = np.array([1.0, 2.0, 3.0])
    bounds = (np.array([1 - room, -9.0, -9.0]), np.array([1 + room, 9.0, 9.0]))

    def check(first: float) -> gp.Report:
        claim = np.array([first, 4.0, 6.0])
        return gp.check(gp.Problem(lambda t: np.sum(t**2), claim, at, bounds=bounds))

    right = check(2.0)
    assert right.verdict == "pass"
    assert right.resolution < 1e-3
    assert check(2.0 * (1 + 10 * right.resolution)).verdict == "fail"
    assert check(-2.0).verdict == "fail"
