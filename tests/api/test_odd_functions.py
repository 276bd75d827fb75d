"""Functions and parameters that are odd but legal, each of which once got a wrong answer."""

import array
import dataclasses
import warnings
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest

import gradproof as gp
from gradproof import InputError

Array = npt.NDArray[Any]


def test_float32_and_float64_side_by_side() -> None:
    at = {"w": np.array([0.1, 0.2], np.float32), "v": np.array([0.1, 0.3])}

    def f(t: dict[str, Array]) -> float:
        return float(sum(np.sum(np.square(v.astype(float))) for v in t.values()))

    report = gp.check(f, lambda t: {k: 2 * v.astype(float) for k, v in t.items()}, at)
    assert report.passed, report.summary()


def test_a_mutation_that_leaves_the_point_itself_alone_is_noticed() -> None:
    a = np.linspace(1, 2, 100)

    def f(x: Array) -> float:
        x -= x.mean()
        return float(np.sum(a * x))

    report = gp.check(f, a - a.mean(), np.zeros(100))
    assert report.passed, report.summary()
    assert [cause.code for cause in report.causes] == ["GP102"]


@pytest.mark.parametrize("kept", ["all", "last"])
@pytest.mark.parametrize("as_dict", [False, True])
def test_caching_by_identity(kept: str, as_dict: bool) -> None:
    cache: dict[int, float] = {}

    def f(t: Any) -> float:
        if id(t) not in cache:
            if kept == "last":
                cache.clear()
            cache[id(t)] = float(np.sum(np.sin(t["w"] if as_dict else t)))
        return cache[id(t)]

    x = np.linspace(0.3, 1.2, 50)
    report = gp.check(f, {"w": np.cos(x)} if as_dict else np.cos(x), {"w": x} if as_dict else x)
    assert report.passed, report.summary()
    assert any("by identity" in note for note in report.notes)


def caching_one_leaf() -> Any:
    cache: dict[int, float] = {}

    def f(p: Any) -> float:
        w = cache.setdefault(id(p["w"]), float(np.sum(p["w"] ** 2)))
        return w + float(np.sum(p["b"] ** 2)) + float(p.get("c", 0.0))

    return f


@pytest.mark.parametrize("plan", ["every", "leaves", "project"])
@pytest.mark.parametrize("with_a_number", [False, True])
def test_caching_one_leaf_by_identity(plan: Any, with_a_number: bool) -> None:
    x = np.array([1.0, 2.0, 3.0])
    at: dict[str, Any] = {"w": x, "b": x, "unused": x}
    right: dict[str, Any] = {"w": 2 * x, "b": 2 * x, "unused": 0 * x}
    if with_a_number:
        at["c"], right["c"] = 3.0, 1.0
    report = gp.check(caching_one_leaf(), right, at, plan=plan)
    assert report.passed, report.summary()
    assert sum("by identity" in note for note in report.notes) == 1
    wrong = gp.check(caching_one_leaf(), {**right, "w": 3 * x}, at, plan=plan)
    assert [leaf.path for leaf in wrong.leaves if leaf.verdict == "fail"] == [("w",)]
    if plan == "every":  # what stands still as it is claimed to is asked again as well
        assert gp.check(caching_one_leaf(), {**right, "w": 0 * x}, at).verdict == "fail"


@pytest.mark.parametrize("claimed", [0.0, 1.0])
def test_what_moves_f_jointly_only_is_not_remembered_by_identity(claimed: float) -> None:
    at = {"w": np.zeros(3), "b": np.ones(3)}
    claim = {"w": np.full(3, claimed), "b": 2 * np.ones(3)}
    report = gp.check(lambda p: np.prod(p["w"]) + np.sum(p["b"] ** 2), claim, at)
    assert report.passed is (claimed == 0), report.summary()
    assert not any("by identity" in note for note in report.notes)


class Pair(NamedTuple):
    a: Any
    b: Any


@dataclasses.dataclass
class Model:
    w: Any
    inner: Any = None


@pytest.mark.parametrize(
    ("at", "part"),
    [
        ({"w": np.ones(4)}, lambda t: t["w"][1:]),
        ({"a": {"w": np.ones(4)}}, lambda t: t["a"]),
        ((np.ones(4), 2.0), lambda t: t),
        (Pair(np.ones(4), 2.0), lambda t: t),
        (Model(np.ones(4), [np.ones(2)]), lambda t: t.inner),
        (np.ones((2, 2)), lambda t: t.T),
    ],
)
def test_whatever_part_of_its_argument_f_holds_on_to_is_noticed(at: Any, part: Any) -> None:
    held: list[Any] = []

    def f(t: Any) -> float:
        held[:] = [part(t)]
        return 1.0

    assert any("holds on" in note for note in gp.check(f, at_zero(at), at).notes)
    assert not any("holds on" in note for note in gp.check(lambda t: 1.0, at_zero(at), at).notes)


def at_zero(at: Any) -> Any:
    return gp.differentiate(lambda t: 1.0, at).values


@pytest.mark.parametrize("value", [array.array("d", [1, 2, 3]), range(1, 4), np.ma.ones(3)])
def test_what_only_looks_like_an_array_is_named(value: Any) -> None:
    with pytest.raises(InputError, match=r"x: found .*, expected a number or a NumPy array"):
        gp.check(lambda x: float(np.sum(x)), lambda x: np.ones(3), value)


def test_infinite_parameters_are_named() -> None:
    with pytest.raises(InputError, match=r"t\['w'\]: found inf or nan in it"):
        gp.check(lambda t: 1.0, lambda t: t, {"w": np.array([1.0, np.inf])})


product: Any = lambda a, b: a * b  # noqa: E731


def test_a_function_of_several_arguments_gets_a_hint() -> None:
    with pytest.raises(InputError, match=r"f: found a function of \(a, b\).*lambda t: f\(\*t\)"):
        gp.check(product, lambda t: (t[1], t[0]), (1.0, 2.0))
    assert gp.check(lambda t: product(*t), lambda t: (t[1], t[0]), (1.0, 2.0)).passed


def test_a_list_of_numbers_is_a_gradient_of_an_array() -> None:
    x = np.array([1.0, 2.0])
    assert gp.check(lambda x: x[0] ** 2 + 3 * x[1], lambda x: [2 * x[0], 3.0], x).passed
    report = gp.check(lambda x: np.sum(x), lambda x: [1.0, 1.0, 1.0], x)
    assert report.causes[0].code == "GP103"


@pytest.mark.parametrize("at", [None, {}, [], ()])
def test_nothing_to_differentiate_is_said(at: Any) -> None:
    with pytest.raises(InputError, match=r"at: found .*, expected numbers or arrays"):
        gp.check(lambda t: 1.0, lambda t: t, at)


@pytest.mark.parametrize("x", [[0.0, 5e-324], [1.0, 1e-310], [1e300, 1e-300], [1e-310, 1e-310]])
def test_extreme_parameters_make_no_warnings_of_ours_and_no_wrong_fail(x: list[float]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = gp.check(lambda v: float(np.sum(v)), np.ones(2), np.array(x))
        assert report.verdict != "fail", report.summary()
        square = gp.check(
            lambda v: float(v @ v) if v[0] < 1e100 else 0.0, lambda v: 2 * v, np.array(x)
        )
    assert square.verdict != "fail" or x[0] == 1e300, square.summary()


def test_the_users_own_floating_point_settings_hold_at_the_point() -> None:
    with np.errstate(all="raise"), pytest.raises(FloatingPointError):
        gp.check(lambda v: float(np.log(v)[0]), lambda v: 1 / v, np.array([0.0]))
    with np.errstate(all="raise"):
        assert gp.check(lambda v: float(np.log(v)[0]), lambda v: 1 / v, np.array([1e-3])).passed


@pytest.mark.parametrize("value", [1j, "abc", None])
def test_an_odd_value_beside_the_gradient_is_named(value: Any) -> None:
    with pytest.raises(InputError, match="the value returned with the gradient: found"):
        gp.check(lambda v: float(v @ v), lambda v: (value, 2 * v), np.ones(2))


def test_a_class_among_the_parameters_is_named() -> None:
    with pytest.raises(InputError, match=r"t\[1\]: found <class .*Model"):
        gp.check(lambda t: 1.0, lambda t: t, (1.0, Model))


def test_a_cast_inside_is_no_reason_to_call_a_right_gradient_wrong() -> None:
    def loss(w: Array) -> float:
        return float(np.sum(np.sin(w)) + np.sum(w.astype(np.float32) ** 2))

    for seed in range(10):
        at = np.random.default_rng(seed).uniform(0.2, 1.5, 4)
        report = gp.check(loss, lambda w: np.cos(w) + 2 * w, at, seed=seed)
        assert report.verdict != "fail", report.summary()


def test_control_characters_in_names_do_not_reach_the_terminal() -> None:
    name = "a\x1b[31m\x07"
    report = gp.check(lambda t: t[name] ** 2, lambda t: {name: t[name]}, {name: 3.0})
    assert "\x1b" not in report.summary()
    assert "\x07" not in report.summary()
    noted = gp.check(
        lambda t: t["w"] ** 2, lambda t: {"dw": 2 * t["w"], "dA\x1b[31m": 0}, {"w": 3.0}
    )
    assert "\x1b" not in noted.summary()
