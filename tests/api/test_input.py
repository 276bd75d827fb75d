"""What may be given to a check, what f and its gradient may do, and what is refused."""

import functools
import math
import pickle
import sys
import types
import warnings
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pytest

import gradproof as gp

Array = npt.NDArray[Any]
AT = np.array([1.0, -2.0, 0.5])
NUMBERS = {"a": 1.0, "b": 2.0}


def f(x: Array) -> float:
    return float(np.sum(x**3))


def gradient(x: Array) -> Array:
    return 3 * x**2


def counted(function: Callable[[Any], Any]) -> tuple[Callable[[Any], Any], list[int]]:
    """Return the function, and a list of one number: how often it was called."""
    calls = [0]

    def call(x: Any) -> Any:
        calls[0] += 1
        return function(x)

    return call, calls


def codes(report: gp.Report) -> list[str]:
    return [cause.code for cause in report.causes]


# How f is called


def test_f_and_the_gradient_are_called_with_one_argument_and_no_other() -> None:
    seen = set()

    def watched(*args: Any, **kwargs: Any) -> Any:
        seen.add((len(args), len(kwargs), type(args[0])))
        return float(args[0][0] * args[0][1])

    def claim(*args: Any, **kwargs: Any) -> Any:
        seen.add((len(args), len(kwargs), type(args[0])))
        return args[0][1], args[0][0]

    report = gp.check(watched, claim, (2.0, 3.0))
    assert report.passed
    assert seen == {(1, 0, tuple)}


@pytest.mark.parametrize("missing", [TypeError, KeyError])
def test_what_the_users_functions_raise_inside_is_told_as_it_is(missing: type[Exception]) -> None:
    def inner(x: Array, y: Array) -> Array:
        raise missing("of the user")

    def unknown(*args: Any, **kwargs: Any) -> Any:  # that inner takes two shows in the call only
        return inner(*args, **kwargs)

    for claim in (unknown, gp.VJP(unknown), gp.JVP(unknown), gp.Jacobian(unknown)):
        with pytest.raises((missing, TypeError), match=r"of the user|missing 1 required") as caught:
            gp.check(f, claim, AT)
        assert not isinstance(caught.value, gp.GradproofError)


def test_f_and_a_gradient_that_are_exchanged_are_told() -> None:
    said = "the gradient returns one number, as f should: f, gradient and at, in this order"
    with pytest.raises(gp.InputError, match="the value of f: found an array") as caught:
        gp.check(gradient, f, AT)
    assert any(said in note for note in caught.value.__notes__)
    for claim in (gradient, lambda x: undefined, lambda x: "a word", AT):  # type: ignore[name-defined]  # noqa: F821
        with pytest.raises(gp.InputError, match="the value of f: found an array") as caught:
            gp.check(gradient, claim, AT)
        assert not any(said in note for note in getattr(caught.value, "__notes__", []))
    with pytest.raises(gp.InputError, match="the value of f: found {'a': ") as caught:
        gp.check(lambda p: {"a": 2 * p["a"], "b": 1.0}, lambda p: p["a"] ** 2 + p["b"], NUMBERS)
    assert any(said in note for note in caught.value.__notes__)
    with pytest.raises(gp.InputError, match="the value of f: found an array") as caught:
        gp.check(lambda x: np.array([x, x]), lambda x: 2 * x, 1.5)  # of one number it is one
    assert not hasattr(caught.value, "__notes__")


def test_switches_of_numpy_are_switches() -> None:
    true: Any = np.bool_(True)
    false: Any = np.bool_(False)
    both: Any = lambda x: [f(x), gradient(x)]  # noqa: E731
    assert gp.check(both, true, AT, self_test=false).passed
    assert gp.check(gp.Problem(f, gradient, AT, vectorized=false)).passed
    assert gp.Plan("project", search=false)
    order: Any = np.int64(2)
    assert gp.autodiff(order=order) == gp.Autodiff("reverse", 2)
    assert gp.scipy.check_minimize(both, AT, jac=true, points=0).passed
    with pytest.raises(gp.InputError, match=r"gradient: found np.False_, expected|found False"):
        gp.check(f, false, AT)


def test_a_function_takes_what_its_wrapper_takes() -> None:
    def of_two(x: float, y: float) -> float:
        return x * y

    @functools.wraps(of_two)
    def of_a_pair(pair: tuple[float, float]) -> float:
        return of_two(*pair)

    @functools.wraps(of_two)
    def gradient_of_a_pair(pair: tuple[float, float]) -> tuple[float, float]:
        return pair[::-1]

    assert gp.check(of_a_pair, gradient_of_a_pair, (2.0, 3.0)).passed


def test_a_wrapper_may_add_arguments_or_take_some_apart() -> None:
    def with_scale(function: Any) -> Any:
        return functools.wraps(function)(lambda *args: function(*args, 2.0))

    def apart(function: Any) -> Any:
        return functools.wraps(function)(lambda *args: function(*args[0]))

    @with_scale
    def scaled(x: Array, scale: float) -> float:
        return scale * f(x)

    @with_scale
    def gradient_of_scaled(x: Array, scale: float) -> Array:
        return scale * gradient(x)

    assert gp.check(scaled, gradient_of_scaled, AT).passed
    at = 2.0, 3.0
    assert gp.check(apart(lambda x, y: x * y), apart(lambda x, y: (y, x)), at).passed


def test_a_function_may_be_an_object_that_has_answers_of_its_own() -> None:
    class Options(dict[str, float]):
        __getattr__ = dict.__getitem__

        def __call__(self, x: Array) -> float:
            return self["scale"] * f(x)

    class Anything:
        def __getattr__(self, name: str) -> Any:
            if name.startswith("__") and name != gp_mark:
                raise AttributeError(name)
            return self

        def __call__(self, x: Array) -> float:
            return f(x)

    gp_mark = "__gradproof_problem__"
    assert gp.check(Options(scale=2.0), lambda x: 2 * gradient(x), AT).passed
    assert gp.check(Anything(), gradient, AT).passed


def test_where_a_wrapper_of_anything_raises_a_note_says_what_it_wraps() -> None:
    def of_two(x: Array, y: Array) -> Array:
        return x * y

    @functools.wraps(of_two)
    def of_anything(*args: Any) -> Any:
        return of_two(*args)

    said = "gradproof: gradient wraps a function of (x, y), and is called with one argument"
    with pytest.raises(TypeError, match="missing 1 required positional argument") as caught:
        gp.check(f, of_anything, AT)
    assert [note.startswith(said) for note in caught.value.__notes__] == [True]


def test_the_cure_for_several_arguments_is_for_what_takes_several() -> None:
    functions: list[tuple[Any, bool]] = [
        (lambda x, y: x, True),
        (lambda x, *, y: x, False),
        (lambda *, x: x, False),
        (lambda: AT, False),
    ]
    for function, is_told in functions:
        with pytest.raises(gp.InputError, match="called with one argument") as caught:
            gp.check(f, function, AT)
        assert ("for several write lambda t: gradient(*t)" in str(caught.value)) == is_told


def test_annotations_may_name_what_is_known_to_type_checkers_only() -> None:
    source = "def typed(x: Known) -> Known:\n    return 3 * x**2\n"
    if sys.version_info < (3, 14):  # else they are evaluated where somebody looks at them
        source = "from __future__ import annotations\n" + source
    names: dict[str, Any] = {}
    exec(source, names)
    assert gp.check(f, names["typed"], AT).passed
    with pytest.raises(gp.InputError, match=r"found a function of \(x\), but"):
        gp.VJP(names["typed"])


def test_addresses_begin_with_the_name_of_the_first_parameter_of_f() -> None:
    class Model:
        def loss(self, weights: Array) -> float:
            return f(weights)

        def __call__(self, theta: Array) -> float:
            return f(theta)

    def anonymous(*values: Array) -> float:
        return f(values[0])

    def with_default(q: Array, scale: float = 1.0) -> float:
        return scale * f(q)

    wrong = gradient(AT) + np.array([0.0, 0.0, 1.0])
    roots: dict[str, Callable[[Any], Any]] = {
        "weights": Model().loss,
        "theta": Model(),
        "x": anonymous,
        "q": with_default,
    }
    for root, function in roots.items():
        assert [c.address for c in gp.check(function, wrong, AT).culprits] == [f"{root}[2]"]
    assert gp.check(math.exp, math.exp, 1.0).leaves[0].address == "x"


@pytest.mark.parametrize("plan", ["auto", "every"])
@pytest.mark.parametrize("right", [True, False])
def test_evaluations_are_the_calls_of_f_and_gradient_calls_those_of_the_gradient(
    plan: str, right: bool
) -> None:
    function, calls = counted(f)
    claim, claims = counted(gradient if right else lambda x: 2 * gradient(x))
    report = gp.check(function, claim, AT, plan=plan)
    assert report.passed is right
    assert report.evaluations == calls[0] > AT.size
    assert report.gradient_calls == claims[0] == 2


@pytest.mark.parametrize(
    ("function", "claim", "at"),
    [
        (lambda x: math.nan, gradient, AT),
        (f, lambda x: x * math.nan, AT),
        (f, lambda x: x[:2], AT),
        (lambda x: 1.0, gradient, AT),
        (lambda x: 1.0, lambda x: 0 * x, AT),
        (lambda x: float(np.sum(np.sqrt(x))), np.ones_like, np.array([0.0, 1.0])),
        (lambda x: np.float32(f(x)), gradient, AT),
        (lambda x: float(np.sum(x**2)), lambda x: 2 * x, np.linspace(1, 2, 200)),
        (lambda t: float(sum(t)), lambda t: [1.0, 2.0, 1.0], [1.0, 2.0, 3.0]),
        (lambda x: f(x) * 1e200, lambda x: gradient(x) * 1e200, AT),
    ],
)
def test_the_price_is_true_whatever_the_outcome(function: Any, claim: Any, at: Any) -> None:
    function, calls = counted(function)
    claim, claims = counted(claim)
    with np.errstate(all="ignore"):
        report = gp.check(function, claim, at)
    assert report.evaluations == calls[0]
    assert report.gradient_calls == claims[0]


def test_calls_that_return_both_count_once_each_way() -> None:
    function, calls = counted(lambda x: (f(x), gradient(x)))
    report = gp.check(function, True, AT)
    assert report.passed
    assert report.gradient_calls == 2
    assert report.evaluations + report.gradient_calls == calls[0]


def test_values_of_a_gradient_cost_no_call() -> None:
    report = gp.check(f, gradient(AT), AT)
    assert report.passed
    assert report.gradient_calls == 0


def test_differentiating_counts_its_evaluations() -> None:
    function, calls = counted(f)
    measured = gp.differentiate(function, AT)
    assert measured.evaluations == calls[0]
    np.testing.assert_allclose(measured.values, gradient(AT), rtol=1e-9)


def test_progress_is_told_about_evaluations_and_never_beyond_the_total() -> None:
    told: list[tuple[int, int]] = []
    at = np.linspace(1, 2, 5000)

    def tell(done: int, total: int) -> None:
        told.append((done, total))

    assert gp.check(f, gradient, at, plan="every", progress=tell)
    assert told
    assert all(0 < done <= total for done, total in told)
    assert told[-1][0] == told[-1][1]


def test_a_point_that_is_a_function_is_said_to_be_in_the_wrong_place() -> None:
    with pytest.raises(
        gp.InputError, match="at: found .*, a function, expected the point: f, grad"
    ):
        gp.check(f, AT, gradient)


def test_where_f_wants_the_parts_of_the_point_its_own_error_says_how() -> None:
    def several(*parts: Any) -> float:
        return f(*parts[:0])  # as a kernel whose arguments Python does not see

    with pytest.raises(TypeError) as raised:
        gp.check(several, (AT, AT), (AT, AT))
    assert "lambda t: f(*t)" in raised.value.__notes__[-1]


@pytest.mark.parametrize("plan", ["every", "project"])
def test_progress_is_told_about_often_where_f_is_slow(
    plan: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[int, int]] = []
    now = [0.0]  # time passes in f only
    clock = types.SimpleNamespace(perf_counter=lambda: now[0], monotonic=lambda: now[0])
    for module in ("evaluation", "point_evaluation"):
        monkeypatch.setattr(f"gradproof.engine.{module}.time", clock)

    def slow(x: Array) -> float:
        now[0] += 0.005
        return float(np.sum(x**2))

    def tell(done: int, total: int) -> None:
        told.append((done, total))

    quiet = gp.check(slow, lambda x: 2 * x, np.ones(200), plan=plan)
    report = gp.check(slow, lambda x: 2 * x, np.ones(200), plan=plan, progress=tell)
    assert len(told) >= 6
    assert report.leaves == quiet.leaves
    assert report.evaluations == quiet.evaluations


def test_progress_may_be_shown_or_not(capsys: pytest.CaptureFixture[str]) -> None:
    for progress in (True, False):
        assert gp.check(f, gradient, AT, progress=progress)
    assert capsys.readouterr() == ("", "")  # of short work there is nothing to say


# What f may raise


class Odd(Exception):
    """No kind of error that means that a value does not exist."""


@pytest.mark.parametrize(
    "error", [ValueError("v"), ZeroDivisionError("z"), np.linalg.LinAlgError("l"), Odd("o")]
)
def test_what_f_raises_at_the_point_surfaces_as_it_is(error: Exception) -> None:
    def raising(x: Array) -> float:
        raise error

    for call in (gp.check, gp.assert_gradient):
        with pytest.raises(type(error)) as raised:
            call(raising, gradient, AT)
        assert raised.value is error
    with pytest.raises(type(error)) as raised:
        gp.differentiate(raising, AT)
    assert raised.value is error
    assert not hasattr(error, "__notes__")


def test_what_the_gradient_raises_surfaces_as_it_is() -> None:
    error = ValueError("in the gradient")

    def raising(x: Array) -> float:
        raise error

    with pytest.raises(ValueError, match="in the gradient") as raised:
        gp.check(f, raising, AT)
    assert raised.value is error


@pytest.mark.parametrize(
    "error",
    [
        ArithmeticError("a"),
        ZeroDivisionError("z"),
        OverflowError("o"),
        FloatingPointError("f"),
        ValueError("v"),
        np.linalg.LinAlgError("l"),
    ],
)
def test_a_value_that_does_not_exist_at_a_displaced_point_is_the_edge_of_a_domain(
    error: Exception,
) -> None:
    def edged(x: float) -> float:
        if x != 1.0:
            raise error
        return x**2

    report = gp.check(edged, lambda x: 2 * x, 1.0)
    assert report.verdict == "inconclusive"
    assert codes(report) == ["GP204"]
    assert not hasattr(error, "__notes__")

    def half(x: float) -> float:
        if x < 1.0:
            raise error
        return x**2

    assert gp.check(half, lambda x: 2 * x, 1.0).verdict != "fail"
    assert gp.check(half, lambda x: 3 * x, 1.0).verdict != "pass"


def test_an_edge_that_is_not_too_near_is_no_obstacle() -> None:
    def edged(x: float) -> float:
        if x < 1.0:
            raise ValueError
        return x**2

    assert gp.check(edged, lambda x: 2 * x, 1.001).passed


def test_any_other_exception_at_a_displaced_point_surfaces_with_a_note_of_where() -> None:
    error = Odd("no")
    at = {"w": np.array([[1.0, 2.0]]), "c": 3.0}

    def raising_at(condition: Callable[[dict[str, Any]], bool]) -> Callable[[Any], float]:
        def function(t: dict[str, Any]) -> float:
            if condition(t):
                raise error
            return float(np.sum(t["w"] ** 2) + t["c"] ** 2)

        return function

    def claim(t: dict[str, Any]) -> dict[str, Any]:
        return {"w": 2 * t["w"], "c": 2 * t["c"]}

    def only_w(t: dict[str, Any]) -> bool:
        return bool(t["w"][0, 0] == 1.0 and t["w"][0, 1] != 2.0 and t["c"] == 3.0)

    def only_c(t: dict[str, Any]) -> bool:
        return bool(np.all(t["w"] == at["w"]) and t["c"] != 3.0)

    def all_of_it(t: dict[str, Any]) -> bool:
        return bool(t["w"][0, 0] != 1.0 and t["w"][0, 1] != 2.0)

    for condition, where in (
        (only_w, "t['w'][0, 1]"),
        (only_c, "t['c']"),
        (all_of_it, "all of t"),
    ):
        error.__notes__ = []
        with pytest.raises(Odd) as raised:
            gp.check(raising_at(condition), claim, at)
        assert raised.value is error
        (note,) = error.__notes__
        assert note.startswith("gradproof: ")
        assert where in note


# What f may do with its argument


def test_an_f_that_keeps_its_argument_gets_fresh_copies() -> None:
    kept: list[Array] = []
    values: list[bytes] = []

    def keeping(x: Array) -> float:
        kept.append(x)
        values.append(x.tobytes())
        return f(x)

    report = gp.check(keeping, gradient, AT)
    assert report.passed
    assert report.notes == ("f holds on to its argument: it got a fresh copy at every evaluation",)
    # What it kept of displaced points is what it was, and is nobody else's.
    assert [x.tobytes() for x in kept[1:]] == values[1:]
    assert kept[0].tobytes() == AT.tobytes()
    assert len({x.__array_interface__["data"][0] for x in kept}) == len(kept)


def test_an_f_that_keeps_the_dict_or_a_tensor_of_it_gets_fresh_copies() -> None:
    for part in (lambda t: t, lambda t: t["w"]):
        kept: list[Any] = []

        def keeping(t: Any, part: Any = part, kept: list[Any] = kept) -> float:
            kept.append(part(t))
            return f(t["w"])

        report = gp.check(keeping, lambda t: {"w": gradient(t["w"])}, {"w": AT})
        assert report.passed
        assert "fresh copy" in report.notes[0]


def test_an_f_that_remembers_by_identity_gets_fresh_copies() -> None:
    last: list[Any] = [None, None]

    def remembering(x: Array) -> float:
        if last[0] != id(x):
            last[:] = id(x), f(x)
        return float(last[1])

    held: list[Any] = [None, None]

    def holding(x: Array) -> float:
        if held[0] is not x:
            held[:] = x, f(x)
        return float(held[1])

    for function in (remembering, holding):
        report = gp.check(function, gradient, AT)
        assert report.passed, function.__name__
        assert "fresh copy" in report.notes[0]


def test_an_f_that_changes_its_argument_is_named_and_judged_all_the_same() -> None:
    def mutating(x: Array) -> float:
        x *= 2
        return f(x)

    at = AT.copy()
    right = gp.check(mutating, lambda x: 8 * gradient(x), at)
    assert right.passed
    assert codes(right) == ["GP102"]
    wrong = gp.check(mutating, gradient, at)
    assert wrong.verdict == "fail"
    assert "GP102" in codes(wrong)
    np.testing.assert_array_equal(at, AT)


# What f may return


@pytest.mark.parametrize(
    "wrap",
    [
        float,
        np.float64,
        np.array,
        lambda v: np.array([v]),
        lambda v: np.array([[v]]),
        np.longdouble,
    ],
)
def test_one_real_number_may_come_in_any_form(wrap: Callable[[float], Any]) -> None:
    assert gp.check(lambda x: wrap(f(x)), gradient, AT).passed
    assert gp.check(lambda x: wrap(f(x)), lambda x: 2 * gradient(x), AT).verdict == "fail"


@pytest.mark.parametrize("wrap", [np.float32, lambda v: np.array([v], np.float32)])
def test_a_value_in_float32_is_judged_to_what_float32_can_show(
    wrap: Callable[[float], Any],
) -> None:
    right = gp.check(lambda x: wrap(f(x)), gradient, AT)
    assert right.passed
    assert right.rtol >= 1e-3
    assert gp.check(lambda x: wrap(f(x)), lambda x: 2 * gradient(x), AT).verdict == "fail"


def test_whole_numbers_are_values() -> None:
    assert gp.check(lambda x: 7, lambda x: 0.0, 3.0).passed
    report = gp.check(lambda x: 7, lambda x: 1.0, 3.0)
    assert report.verdict == "fail"
    assert codes(report) == ["GP107"]


@pytest.mark.parametrize(
    ("result", "found"),
    [
        (np.ones(3), "an array of shape (3,) and dtype float64"),
        (np.ones(0), "an array of shape (0,) and dtype float64"),
        (None, "None"),
        (1j, "1j"),
        (np.array(1j), "an array of shape () and dtype complex128"),
        ("1.0", "'1.0'"),
        ([1.0, 2.0], "[1.0, 2.0]"),
        ((1.0, np.ones(3)), "(1.0, "),
        ({}, "{}"),
    ],
)
def test_what_is_not_one_real_number_is_refused_by_name(result: Any, found: str) -> None:
    for call in (
        lambda: gp.check(lambda x: result, gradient, AT),
        lambda: gp.differentiate(lambda x: result, AT),
    ):
        with pytest.raises(gp.InputError) as raised:
            call()
        assert str(raised.value).startswith(f"the value of f: found {found}")
        assert "expected one real number" in str(raised.value)


def test_an_array_of_terms_is_refused_with_what_to_do() -> None:
    with pytest.raises(gp.InputError, match="return their sum or mean"):
        gp.check(lambda x: x**2, gradient, AT)


def test_an_f_that_changes_what_it_returns_is_refused() -> None:
    function, calls = counted(lambda x: f(x) if calls[0] < 12 else np.ones(2))
    with pytest.raises(gp.InputError, match="the value of f: found an array of shape"):
        gp.check(function, gradient, AT)


# What a gradient may be


@pytest.mark.parametrize(
    "claim",
    [
        gradient,
        gradient(AT),
        gradient(AT).astype(np.longdouble),
        lambda x: (f(x), gradient(x)),
        lambda x: gradient(x)[::-1][::-1],
    ],
)
def test_a_gradient_is_a_function_or_its_values(claim: Any) -> None:
    assert gp.check(f, claim, AT).passed


def test_a_gradient_may_come_under_the_keys_of_backpropagation() -> None:
    at = {"W1": AT, "b1": 2.0}

    def loss(parameters: dict[str, Any]) -> float:
        return f(parameters["W1"]) + float(parameters["b1"]) ** 2

    def backward(parameters: dict[str, Any]) -> dict[str, Any]:
        return {"dA1": np.ones(9), "dW1": gradient(parameters["W1"]), "db1": 2 * parameters["b1"]}

    report = gp.check(loss, backward, at)
    assert report.passed
    assert report.notes == (
        "the gradient's keys d<name> were read as <name>; left out, as no parameters: dA1",
    )
    assert report.leaves[0].address == "parameters['W1']"


def test_true_says_that_f_returns_both() -> None:
    assert gp.check(lambda x: (f(x), gradient(x)), True, AT).passed
    assert gp.check(lambda x: [f(x), gradient(x)], True, AT).passed
    assert gp.check(lambda x: (f(x), 2 * gradient(x)), True, AT).verdict == "fail"


@pytest.mark.parametrize("result", [1.0, (1.0,), (1.0, AT, AT), np.ones(2), None])
def test_true_needs_an_f_that_returns_both(result: Any) -> None:
    with pytest.raises(gp.InputError, match=r"expected \(value, gradient\), because gradient=True"):
        gp.check(lambda x: result, True, AT)


def test_a_value_that_differs_with_the_gradient_is_reported() -> None:
    report = gp.check(f, lambda x: (f(x) + 1, gradient(x)), AT)
    assert report.passed
    assert codes(report) == ["GP106"]


@pytest.mark.parametrize(
    ("claim", "address"),
    [
        (lambda x: gradient(x)[:2], "x"),
        (lambda x: gradient(x)[:, None], "x"),
        (lambda x: None, "x"),
        (lambda x: {"w": gradient(x)}, "x"),
        (lambda x: "gradient", "x"),
        (lambda x: 1j * gradient(x), "x"),
        (lambda x: np.array(["a"] * 3), "x"),
        (lambda x: np.array([None] * 3), "x"),
        (np.ones(2), "x"),
        ({}, "x"),
    ],
)
def test_a_gradient_of_the_wrong_structure_is_a_wrong_gradient(claim: Any, address: str) -> None:
    report = gp.check(f, claim, AT)
    assert report.verdict == "fail"
    assert codes(report) == ["GP103"]
    assert report.causes[0].addresses == (address,)
    assert report.causes[0].parameters["found"] in report.causes[0].message
    assert report.causes[0].parameters["expected"] in report.causes[0].message
    assert report.evaluations <= 3


@pytest.mark.parametrize("claim", ["gradient", b"g", None, False])
def test_what_can_be_no_gradient_is_refused(claim: Any) -> None:
    for call in (gp.check, gp.assert_gradient, gp.Problem):
        with pytest.raises(gp.InputError, match="gradient: found .*, expected a function"):
            call(f, claim, AT)


@pytest.mark.parametrize("function", [None, 1.0, "f", AT])
def test_what_is_no_function_is_refused(function: Any) -> None:
    for call in (gp.check, gp.Problem):
        with pytest.raises(gp.InputError, match=r"f: found .*, called as f\(at\)"):
            call(function, gradient, AT)
    with pytest.raises(gp.InputError, match=r"f: found .*, called as f\(at\)"):
        gp.differentiate(function, AT)


# Options


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"plan": "all"}, "plan: found 'all', expected one of auto, every"),
        ({"plan": None}, "plan: found None"),
        ({"rtol": 0}, "rtol: found 0, expected a positive, finite number"),
        ({"rtol": -1e-3}, "rtol: found -0.001"),
        ({"rtol": math.nan}, "rtol: found nan"),
        ({"rtol": math.inf}, "rtol: found inf"),
        ({"rtol": 1.0}, "rtol: found 1.0, expected a relative error below 1"),
        ({"rtol": "1e-3"}, "rtol: found '1e-3'"),
        ({"seed": -1}, "seed: found -1, expected a whole number, 0 or more"),
        ({"seed": 1.0}, "seed: found 1.0"),
        ({"seed": None}, "seed: found None"),
        ({"seed": True}, "seed: found True"),
        ({"progress": 3}, r"progress: found 3, expected True or a function of \(done, total\)"),
    ],
)
def test_options_are_checked_before_anything_is_evaluated(
    options: dict[str, Any], message: str
) -> None:
    function, calls = counted(f)
    claim, claims = counted(gradient)
    for call in (gp.check, gp.assert_gradient):
        with pytest.raises(gp.InputError, match=message):
            call(function, claim, AT, **options)
    assert calls == claims == [0]


def test_unknown_options_and_a_fourth_argument_are_refused() -> None:
    unknown: dict[str, Any] = {"h": 1e-7}
    fourth: tuple[Any, ...] = (f, gradient, AT, "every")
    for call in (gp.check, gp.assert_gradient):
        with pytest.raises(TypeError, match="'h'"):
            call(f, gradient, AT, **unknown)
        with pytest.raises(TypeError, match="positional"):
            call(*fourth)


def test_a_missing_argument_is_named() -> None:
    with pytest.raises(gp.InputError, match="gradient and at: missing"):
        gp.check(f)
    with pytest.raises(gp.InputError, match="^at: missing"):
        gp.check(f, gradient)


def test_a_tolerance_that_is_given_is_the_one_in_force() -> None:
    slightly_wrong = gradient(AT) * (1 + 1e-4)
    assert gp.check(f, slightly_wrong, AT).verdict == "fail"
    report = gp.check(f, slightly_wrong, AT, rtol=1e-3)
    assert report.passed
    assert report.rtol == 1e-3


def test_the_same_seed_repeats_the_check() -> None:
    def told(seed: int) -> dict[str, Any]:
        data = gp.check(f, gradient, AT, seed=seed).to_dict()
        del data["seconds"]
        return data

    assert told(3) == told(3)
    assert told(3)["leaves"] != told(4)["leaves"]
    assert told(3)["seed"] == 3


def test_a_problem_stands_for_the_three_arguments() -> None:
    problem = gp.Problem(f, gradient, AT)
    report, same = gp.check(problem, seed=1), gp.check(f, gradient, AT, seed=1)
    assert report.leaves == same.leaves
    assert report.evaluations == same.evaluations
    assert gp.assert_gradient(problem).passed
    for rest in ((gradient,), (gradient, AT)):
        with pytest.raises(gp.InputError, match="brings its own gradient and point"):
            gp.check(problem, *rest)


def test_marking_changes_nothing_about_a_function() -> None:
    def sines() -> gp.Problem:
        return gp.Problem(f, gradient, AT)

    assert gp.problem(sines) is sines
    assert gp.check(sines()).passed
    with pytest.raises(gp.InputError, match="function: found 3"):
        gp.problem(3)  # type: ignore[type-var]


# The assertion


def test_a_wrong_gradient_raises_with_the_report() -> None:
    with pytest.raises(gp.GradientError) as raised:
        gp.assert_gradient(f, lambda x: 2 * gradient(x), AT)
    error = raised.value
    assert isinstance(error, AssertionError)
    assert not isinstance(error, gp.Inconclusive)
    assert error.report.verdict == "fail"
    assert str(error) == error.report.summary()
    choices: tuple[Literal["raise", "warn", "pass"], ...] = ("raise", "warn", "pass")
    for inconclusive in choices:
        with pytest.raises(gp.GradientError):
            gp.assert_gradient(f, -gradient(AT), AT, inconclusive=inconclusive)


def test_a_right_gradient_returns_the_report() -> None:
    report = gp.assert_gradient(f, gradient, AT, rtol=1e-5, seed=2)
    assert report.passed
    assert (report.rtol, report.seed) == (1e-5, 2)


def without_a_value(x: Array) -> float:
    return math.inf


def test_what_cannot_be_decided_raises_warns_or_passes() -> None:
    with pytest.raises(gp.Inconclusive) as raised:
        gp.assert_gradient(without_a_value, gradient, AT)
    assert isinstance(raised.value, gp.GradientError)
    assert raised.value.report.verdict == "inconclusive"
    with pytest.warns(UserWarning, match="GP108") as warned:
        report = gp.assert_gradient(without_a_value, gradient, AT, inconclusive="warn")
    assert report.verdict == "inconclusive"
    assert [warning.filename for warning in warned] == [__file__]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = gp.assert_gradient(without_a_value, gradient, AT, inconclusive="pass")
    assert report.verdict == "inconclusive"


@pytest.mark.parametrize("inconclusive", ["fail", None, True])
def test_what_to_do_with_the_inconclusive_is_checked_first(inconclusive: Any) -> None:
    function, calls = counted(f)
    with pytest.raises(gp.InputError, match="inconclusive: found .*, expected raise, warn or pass"):
        gp.assert_gradient(function, gradient, AT, inconclusive=inconclusive)
    assert calls == [0]


def test_the_errors_survive_pickling_with_their_reports() -> None:
    for kind in (gp.GradientError, gp.Inconclusive):
        error = kind(gp.check(f, -gradient(AT), AT))
        back = pickle.loads(pickle.dumps(error))
        assert type(back) is kind
        assert str(back) == str(error)
        assert back.report == error.report


# What a check leaves behind: nothing


@pytest.mark.parametrize("function", [f, without_a_value, lambda x: float(np.sum(1 / (x - 1)))])
def test_global_state_is_as_it_was(function: Callable[[Any], float]) -> None:
    old = np.seterr(all="warn", under="ignore")
    try:
        np.random.seed(3)  # noqa: NPY002
        before = np.geterr(), list(warnings.filters), pickle.dumps(np.random.get_state())  # noqa: NPY002
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            inner = list(warnings.filters)
            gp.check(function, gradient, AT)
            gp.check(function, -gradient(AT), AT)
            assert warnings.filters == inner
        after = np.geterr(), list(warnings.filters), pickle.dumps(np.random.get_state())  # noqa: NPY002
        assert after == before
    finally:
        np.seterr(**old)


def test_global_state_is_as_it_was_after_an_exception() -> None:
    def breaking(x: Array) -> float:
        if calls[0] == 12:
            raise Odd("no")
        return f(x)

    function, calls = counted(breaking)
    before = np.geterr()
    with pytest.raises(Odd, match="no"):
        gp.check(function, gradient, AT)
    assert calls == [12]
    assert np.geterr() == before


def test_what_numpy_would_warn_about_at_displaced_points_is_not_shown() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = gp.check(lambda x: float(np.sum(np.sqrt(x))), np.ones_like, np.array([0.0, 0.25]))
    assert codes(report) == ["GP207"]


def test_what_numpy_warns_about_at_the_point_is_shown() -> None:
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        gp.check(lambda x: float(np.log(x)), lambda x: 1 / x, np.array(0.0))


def test_automatic_differentiation_without_a_framework_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(gp.MissingExtra, match=r"pip install 'gradproof\[autograd\]'") as missing:
        gp.check(np.sum, gp.autodiff, np.ones(3))
    assert any("PyTorch, JAX or TensorFlow" in note for note in missing.value.__notes__)
    with pytest.raises(gp.InputError, match=r"found gp\.autodiff at a point of an array"):
        gp.check(np.sum, gp.autodiff, np.arange(3))


def test_a_function_in_autodiff_is_told_where_it_belongs() -> None:
    with pytest.raises(
        gp.InputError, match=r"^gp.autodiff: found .*gp.check\(f, gp.autodiff, at\)"
    ):
        gp.check(np.sum, gp.autodiff(np.sum), np.ones(3))


def test_a_reference_with_numbers_for_a_gradient_is_told() -> None:
    with pytest.raises(gp.InputError, match="^reference: found it with an array"):
        gp.check(gp.Problem(np.sum, np.ones(3), np.ones(3), reference=np.sum))


def test_a_value_of_another_framework_is_told() -> None:
    class Value:
        dtype = "float64 of its own"

        def __float__(self) -> float:
            return 1.0

    with pytest.raises(gp.InputError, match="^the value of f: found one of float64 of its own"):
        gp.check(lambda x: Value(), np.ones(3), np.ones(3))
