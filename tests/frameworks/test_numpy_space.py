"""Parameters in a buffer of our own: never the user's memory, and every bit put back."""

import dataclasses
import traceback
import warnings
import weakref
from collections.abc import Callable
from fractions import Fraction
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gradproof as gp
from gradproof.frameworks.numpy_space import NumpySpace
from gradproof.tree import flatten

Array = npt.NDArray[Any]
SUBNORMAL = 5e-324
AWKWARD = [-0.0, 0.0, 1.0, -2.5, SUBNORMAL, -3 * SUBNORMAL, 1e-300, 0.1, 1e5, np.pi]
FLOATS = st.one_of(st.sampled_from(AWKWARD), st.floats(-1e6, 1e6))


class Stop(BaseException):
    """Neither an Exception nor anything that anybody catches."""


def space_of(at: Any) -> NumpySpace:
    return NumpySpace(*flatten(at, "x"))


def rounded(values: list[float], dtype: type) -> Array:
    """Round to a float type that need not hold all of them: what is too large becomes -0."""
    held: Array = np.array([value if abs(value) < 1e4 else -0.0 for value in values]).astype(dtype)
    return held


def total(t: Any) -> float:
    if isinstance(t, dict):
        return sum(total(value) for value in t.values())
    return float(np.sum(np.square(np.asarray(t, dtype=float))))


def twice(t: Any) -> Any:
    if isinstance(t, dict):
        return {key: twice(value) for key, value in t.items()}
    return 2.0 * np.asarray(t, dtype=float)


def test_f_and_the_gradient_never_see_the_users_arrays() -> None:
    at = {"w": np.arange(1.0, 7.0).reshape(2, 3), "n": np.arange(3), "z": np.array(2.0)}
    before = {key: value.copy() for key, value in at.items()}
    seen: list[bool] = []

    def watched(compute: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def call(t: Any) -> Any:
            seen.extend(np.shares_memory(t[key], at[key]) for key in at)
            return compute(t)

        return call

    assert gp.check(watched(total), watched(twice), at).passed
    assert gp.differentiate(watched(total), at).evaluations > 0
    assert len(seen) > 3 * 20
    assert not any(seen)
    for key, value in at.items():
        np.testing.assert_array_equal(value, before[key])
        assert value.dtype == before[key].dtype


def test_the_gradient_may_ruin_what_it_is_given() -> None:
    at = np.array([1.0, 2.0, 3.0])

    def gradient(x: Array) -> Array:
        x *= 2
        return x

    assert gp.check(total, gradient, at).passed
    np.testing.assert_array_equal(at, [1.0, 2.0, 3.0])


def test_arrays_that_f_returns_as_gradient_are_its_own() -> None:
    def value_and_gradient(x: Array) -> tuple[float, Array]:
        return total(x), np.multiply(x, 2, out=x)

    report = gp.check(value_and_gradient, True, np.array([1.0, 2.0, 3.0]))
    assert report.passed
    assert "GP102" in [cause.code for cause in report.causes]


@dataclasses.dataclass
class Pair:
    w: Any
    b: Any


@dataclasses.dataclass(slots=True)
class SlottedPair:
    w: Any
    b: Any


def as_float(p: Any) -> Any:
    p["w"] = np.array(p["w"], dtype=float)
    return p["w"], p["b"]


def in_list(p: Any) -> Any:
    p[0] = p[0].copy()
    return p[0], p[1]


def in_inner(p: Any) -> Any:
    p["layer"][0] = p["layer"][0].copy()
    return p["layer"][0], p["b"]


def in_attribute(p: Any) -> Any:
    p.w = p.w.copy()
    return p.w, p.b


def doubled(p: Any) -> Any:
    p["w"] = p["w"] * 2
    return p["w"] / 2, p["b"]


def popped(p: Any) -> Any:
    return p.pop("w"), p["b"]


def renamed(p: Any) -> Any:
    p["b"] = p.pop("b")
    p["v"] = p.pop("w")
    return p["v"], p["b"]


def kept_on_it(p: Any) -> Any:
    p.kept = getattr(p, "kept", None) or (p.w.copy(), p.b.copy())
    return p.kept


X = np.array([1.0, 2.0, 3.0])


@pytest.mark.parametrize("plan", ["every", "leaves", "project"])
@pytest.mark.parametrize(
    ("take", "at"),
    [
        (as_float, {"w": X, "b": X}),
        (doubled, {"w": X, "b": X}),
        (popped, {"w": X, "b": X}),
        (renamed, {"w": X, "b": X}),
        (in_list, [X, X]),
        (in_inner, {"layer": [X], "b": X}),
        (in_attribute, Pair(X, X)),
        (in_attribute, SlottedPair(X, X)),
        (kept_on_it, Pair(X, X)),
    ],
)
def test_what_f_puts_into_its_container_does_not_take_the_place_of_ours(
    take: Callable[[Any], Any], at: Any, plan: Literal["every", "leaves", "project"]
) -> None:
    def f(p: Any) -> float:
        w, b = take(p)
        return float(np.sum(w**2) + np.sum(b**2))

    tree, leaves = flatten(at, "p")
    right, wrong = (tree.unflatten([k * leaf for leaf in leaves]) for k in (2, 3))
    report = gp.check(f, right, at, plan=plan)
    assert report.passed, report.summary()
    assert [cause.code for cause in report.causes] == ["GP102"]
    assert gp.check(f, wrong, at, plan=plan).verdict == "fail"
    measured = flatten(gp.differentiate(f, at).values, "p")[1]
    np.testing.assert_allclose(measured, [2 * X, 2 * X])


def test_a_leaf_that_f_normalises_in_its_container_is_judged_as_it_was_given() -> None:
    def f(p: Any) -> float:
        p["w"] = p["w"] / np.linalg.norm(p["w"])  # once more, it changes nothing
        return float(p["w"] @ [1.0, -1.0, 0.5] + np.sum(p["b"]))

    norm = np.linalg.norm(X)
    a = np.array([1.0, -1.0, 0.5])
    right = {"w": a / norm - (a @ X) * X / norm**3, "b": np.ones(3)}
    assert gp.check(f, right, {"w": X, "b": X}).passed
    assert gp.check(f, {"w": a / norm, "b": np.ones(3)}, {"w": X, "b": X}).verdict == "fail"


def test_a_container_that_changes_away_from_the_point_only_is_noticed() -> None:
    def f(p: Any) -> float:
        if p["w"][0] != 1.0:
            p["w"] = p["w"].copy()
        return float(np.sum(p["w"] ** 2))

    report = gp.check(f, {"w": 2 * X}, {"w": X})
    assert report.passed, report.summary()
    assert [cause.code for cause in report.causes] == ["GP102"]


KINDS: list[Callable[[], BaseException]] = [
    KeyboardInterrupt,
    SystemExit,
    Stop,
    lambda: RuntimeError("no"),
    lambda: TypeError("no"),
    lambda: gp.InputError("no"),
]


@given(
    k=st.integers(1, 60),
    kind=st.sampled_from(KINDS),
    values=st.lists(FLOATS, min_size=3, max_size=8),
    dtype=st.sampled_from([np.float64, np.float32]),
    number=st.booleans(),
    promote=st.sampled_from(["auto", "never"]),
)
def test_an_exception_at_any_call_leaves_every_bit_in_its_place(
    k: int,
    kind: Callable[[], BaseException],
    values: list[float],
    dtype: type,
    number: bool,
    promote: Literal["auto", "never"],
) -> None:
    at: dict[str, Any] = {"w": np.array(values, dtype), "v": np.array(values[::-1], dtype)}
    if number:
        at["c"] = -0.0
    before = {key: np.asarray(value).tobytes() for key, value in at.items()}
    error = kind()
    calls = 0
    buffers: list[tuple[str, weakref.ref[Array]]] = []

    def f(t: dict[str, Any]) -> float:
        nonlocal calls
        calls += 1
        if calls == 1:  # what the arrays are views of is the space's own; nobody holds on to it
            buffers.extend((key, weakref.ref(t[key].base)) for key in ("w", "v"))
        if calls == k:
            raise error
        return total(t)

    raised: BaseException | None = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # subnormal steps; the bits are asked for
        try:
            claim = {key: np.ones_like(value) for key, value in at.items()}
            gp.check(gp.Problem(f, claim, at, promote=promote))
        except BaseException as caught:
            raised = caught
    if calls < k:
        assert raised is None
    elif raised is None:
        # An InputError is a ValueError: no value there, at a displaced point. Whatever an f says to
        # float64 copies of its parameters means that it does not want them. Ctrl-C leaves a report.
        tried_in_float64 = promote == "auto" and dtype is np.float32
        allowed = Exception if tried_in_float64 else ValueError
        assert isinstance(error, (allowed, KeyboardInterrupt))
    else:
        assert raised is error
        for key, reference in buffers:
            buffer = reference()
            assert buffer is not None, traceback.format_exception(raised)
            assert buffer.tobytes() == before[key]
    assert {key: np.asarray(value).tobytes() for key, value in at.items()} == before


@given(
    values=st.lists(FLOATS, min_size=1, max_size=6),
    dtype=st.sampled_from([np.float64, np.float32, np.float16]),
    k=st.integers(0, 12),
    fresh=st.booleans(),
    data=st.data(),
)
def test_lines_that_break_off_are_put_back_bit_for_bit(
    values: list[float], dtype: type, k: int, fresh: bool, data: st.DataObject
) -> None:
    at = rounded(values, dtype)
    space = space_of(at)
    if fresh:
        space.use_fresh_copies()
    lines = np.array(data.draw(st.lists(st.integers(0, at.size - 1), min_size=1, max_size=12)))
    calls = 0

    def f(x: Array) -> float:
        nonlocal calls
        calls += 1
        if calls > k:
            raise Stop
        return total(x)

    try:
        space.along_components(f, lines, np.full(lines.size, 0.25))
    except Stop:
        space.restore()
    assert space.is_unchanged()
    assert np.asarray(space.at).tobytes() == at.tobytes()
    calls = k
    with pytest.raises(Stop):
        space.along_direction(f, np.ones(at.size), 0.5)
    assert space.is_unchanged()
    assert np.asarray(space.fresh()).tobytes() == at.tobytes()


@given(
    values=st.lists(FLOATS, min_size=1, max_size=6),
    exponent=st.integers(-40, 3),
    dtype=st.sampled_from([np.float64, np.float32, np.float16]),
    fresh=st.booleans(),
)
def test_offsets_are_those_that_floating_point_realised(
    values: list[float], exponent: int, dtype: type, fresh: bool
) -> None:
    at = rounded(values, dtype)
    space = space_of(at)
    if fresh:
        space.use_fresh_copies()
    wanted = np.tile([2.0**exponent, -(2.0**exponent)], at.size)
    lines = np.repeat(np.arange(at.size), 2)
    seen: list[Array] = []

    def f(x: Array) -> float:
        seen.append(x.copy())
        return float(len(seen))

    given_values, offsets = space.along_components(f, lines, wanted)
    np.testing.assert_array_equal(given_values, np.arange(1.0, lines.size + 1))
    for there, line, offset, wish in zip(seen, lines, offsets, wanted, strict=True):
        moved = there[line]
        assert moved == dtype(float(at[line]) + wish)
        # Exact but for the one rounding of the difference itself to float64.
        assert offset == float(Fraction(float(moved)) - Fraction(float(at[line])))
        assert dtype(float(at[line]) + offset) == moved
        others = np.delete(np.arange(at.size), line)
        assert there[others].tobytes() == at[others].tobytes()


def test_a_point_without_a_value_is_left_before_the_next_one() -> None:
    at = np.array([1.0, 2.0, 3.0])
    moved: list[int] = []

    def f(x: Array) -> float:
        there = np.flatnonzero(x != at)
        moved.append(there.size)
        if there.tolist() == [1]:
            raise ZeroDivisionError
        return total(x)

    report = gp.check(f, twice, at)
    assert report.verdict == "inconclusive"
    assert report.leaves[0].undecided == 1
    assert set(moved) == {0, 1, at.size}


def test_along_a_direction_all_components_move_at_once_and_come_back() -> None:
    at = {"w": np.array([1.0, 2.0]), "c": 3.0}
    space = space_of(at)
    seen: list[tuple[Array, float]] = []

    def f(t: dict[str, Any]) -> float:
        seen.append((t["w"].copy(), t["c"]))
        return 7.0

    assert space.along_direction(f, np.array([1.0, -1.0, 2.0]), 0.5) == 7.0
    np.testing.assert_array_equal(seen[0][0], [1.5, 1.5])
    assert seen[0][1] == 4.0
    assert space.is_unchanged()


@pytest.mark.parametrize(
    "at",
    [
        np.asfortranarray(np.arange(1.0, 7.0).reshape(2, 3)),
        np.arange(1.0, 13.0).reshape(4, 3)[::2],
        np.arange(1.0, 7.0).reshape(2, 3).T,
        np.arange(1.0, 7.0)[::-1],
        np.broadcast_to(np.array([1.0, 2.0]), (3, 2)),
        np.arange(1.0, 7.0, dtype=">f8"),
        np.lib.stride_tricks.sliding_window_view(np.arange(1.0, 5.0), 2),
    ],
)
def test_arrays_of_any_layout_are_read_in_the_order_of_their_indices(at: Array) -> None:
    weights = np.arange(1.0, at.size + 1).reshape(at.shape)
    before = at.copy()
    report = gp.check(lambda x: float(np.sum(weights * x**2)), lambda x: 2 * weights * x, at)
    assert report.passed
    np.testing.assert_array_equal(at, before)
    wrong = 2 * weights * at
    wrong[-1, ...] *= 1.5
    report = gp.check(lambda x: float(np.sum(weights * x**2)), wrong, at)
    assert {culprit.index[0] for culprit in report.culprits} == {at.shape[0] - 1}
    assert len(report.culprits) == at[-1].size
    for culprit in report.culprits:
        assert eval(culprit.address, {"x": wrong}) == culprit.claimed


def test_read_only_arrays_stay_so_and_f_may_write_into_what_it_gets() -> None:
    at = np.array([1.0, 2.0, 3.0])
    at.flags.writeable = False

    def f(x: Array) -> float:
        assert x.flags.writeable
        assert x.flags.c_contiguous
        x += 1.0
        return total(x)

    report = gp.check(f, lambda x: 2 * (x + 1), at)
    assert report.passed
    assert [cause.code for cause in report.causes] == ["GP102"]
    np.testing.assert_array_equal(at, [1.0, 2.0, 3.0])
    assert not at.flags.writeable


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_arrays_keep_their_float_type(dtype: type) -> None:
    at: Array = np.array([1.0, 2.0, 3.0], dtype)
    seen = set()

    def f(x: Array) -> Any:
        seen.add((x.dtype, x.shape))
        return np.sum(x**2)

    space = space_of(at)
    space.along_components(lambda x: float(f(x)), np.arange(3), np.full(3, 0.5))
    assert seen == {(np.dtype(dtype), (3,))}
    eps = float(np.finfo(dtype).eps) / 2
    assert space.roundoffs == (max(eps, 2.0**-53),)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_low_precision_is_judged_by_its_own_means(dtype: type) -> None:
    at: Array = np.array([1.0, 2.0, 3.0], dtype)
    right = gp.check(lambda x: np.sum(x * x), lambda x: 2 * x, at)
    wrong = gp.check(lambda x: np.sum(x * x), lambda x: 4 * x, at)
    assert right.verdict != "fail"
    assert wrong.verdict != "pass"
    assert at.dtype == dtype


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint16])
def test_integers_are_taken_as_the_floats_that_they_equal(dtype: type) -> None:
    at = {"w": np.array([1, 2, 3], dtype), "c": 4, "d": dtype(5)}
    seen: set[Any] = set()

    def f(t: dict[str, Any]) -> float:
        seen.add((t["w"].dtype, type(t["c"]), type(t["d"])))
        return total(t)

    assert gp.check(f, twice, at).passed
    assert seen == {(np.dtype(np.float64), float, float)}
    assert at["w"].dtype == dtype
    assert type(at["c"]) is int


def test_numbers_are_of_the_type_that_the_user_gave() -> None:
    at = {"p": 1.5, "s": np.float32(2.5), "d": np.float64(3.5), "h": np.float16(4.5)}
    types: set[tuple[type, ...]] = set()

    def f(t: dict[str, Any]) -> float:
        types.add(tuple(type(value) for value in t.values()))
        return float(sum(float(value) ** 2 for value in t.values()))

    def gradient(t: dict[str, Any]) -> dict[str, float]:
        return {k: 2 * float(v) for k, v in t.items()}

    assert gp.check(gp.Problem(f, gradient, at, promote="never")).verdict != "fail"
    # Complex steps are tried where differences drown in noise.
    assert types - {(complex,) * 4} == {(float, np.float32, np.float64, np.float16)}


def test_arrays_without_dimensions_stay_arrays() -> None:
    at = {"z": np.array(2.0), "w": np.ones(1)}
    types: set[Any] = set()

    def f(t: dict[str, Any]) -> float:
        types.add((type(t["z"]), t["z"].shape, t["w"].shape))
        return total(t)

    assert gp.check(f, twice, at).passed
    assert types == {(np.ndarray, (), (1,))}


@pytest.mark.parametrize(
    ("leaf", "words"),
    [
        ("text", "'text'"),
        (b"bytes", "b'bytes'"),
        (np.array(["a"]), "an array of shape (1,)"),
        (np.array([True]), "an array of shape (1,) and dtype bool"),
        (True, "True"),
        (np.array([None, 1.0]), "an array of shape (2,) and dtype object"),
        ({1.0, 2.0}, "{1.0, 2.0}"),
        (len, "<built-in function len>"),
        (10**400, "1000"),
    ],
)
def test_what_is_no_number_is_named_by_its_address(leaf: Any, words: str) -> None:
    with pytest.raises(gp.InputError) as raised:
        gp.check(lambda t: 1.0, lambda t: t, {"w": [1.0, leaf]})
    text = str(raised.value)
    assert text.startswith(f"t['w'][1]: found {words}")
    assert text.endswith("expected a number or a NumPy array of them")
