"""What the adapter of a framework has to do: the suite that its author runs.

``conformance(framework)`` checks functions of the framework's arrays whose derivatives are known,
and raises `AssertionError` with the number of the first point that does not hold:

1. A right gradient passes, and one that is wrong in one component fails and is located there.
2. What automatic differentiation says passes, of first and second order, in every mode there is.
3. Functions of several values are tested with cotangents, and addresses name the outputs.
4. Dictionaries, lists, tuples and nested ones are points; leaves are found by their paths.
5. Whole numbers and words go along with what automatic differentiation is asked of, unmoved.
6. The point is as it was, bit for bit, after a check and after an exception in f.
7. float32 is promoted and said to be, or judged by what float32 allows.
8. Random directions find a row that is wrong among many components.
"""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from gradproof._base.errors import InputError
from gradproof._base.outcomes import Verdict
from gradproof._base.validation import described, require_callable
from gradproof.api.check import check
from gradproof.problems import VJP, Autodiff, autodiff

__all__ = ["Framework", "conformance"]

Array = npt.NDArray[Any]


@dataclasses.dataclass(frozen=True)
class Framework:
    """The little that the suite has to know of a framework.

    Parameters
    ----------
    array : callable
        Makes an array of the framework from one of NumPy, in the same type.
    numbers : callable
        Makes an array of NumPy from one of the framework.
    sin, cos, sum : callable
        Those functions of the framework's arrays; `sum` adds up all numbers.
    modes : tuple of str, default ("reverse",)
        The modes of automatic differentiation that `gp.autodiff` has for it; none where empty.
    take : callable, default operator.getitem
        Takes rows of an array, by an array of whole numbers.

    Raises
    ------
    InputError
        If one of them is no function, or there is no such mode.

    See Also
    --------
    conformance : Runs the suite.

    Examples
    --------
    >>> import numpy as np
    >>> from gradproof.conformance import Framework
    >>> numpy = Framework(np.array, np.asarray, np.sin, np.cos, np.sum, modes=())
    """

    array: Callable[[Array], Any]
    numbers: Callable[[Any], Array]
    sin: Callable[[Any], Any]
    cos: Callable[[Any], Any]
    sum: Callable[[Any], Any]
    modes: tuple[str, ...] = ("reverse",)
    take: Callable[[Any, Any], Any] = operator.getitem

    def __post_init__(self) -> None:
        for name in ("array", "numbers", "sin", "cos", "sum"):
            require_callable(getattr(self, name), name, f"{name}(x)")
        require_callable(self.take, "take", "take(x, rows)")
        if not isinstance(self.modes, tuple):
            raise InputError(
                f"modes: found {described(self.modes)}, expected a tuple of the modes that "
                "gp.autodiff has: 'reverse', 'forward'"
            )
        for mode in self.modes:
            Autodiff(mode)  # type: ignore[arg-type]


def conformance(framework: Framework) -> list[str]:
    """Check the adapter of a framework.

    Parameters
    ----------
    framework : Framework
        What the suite has to know of it.

    Returns
    -------
    list of str
        What was checked, one line for each point.

    Raises
    ------
    AssertionError
        If a point does not hold; the message has its number.
    InputError
        If `framework` is none.

    Notes
    -----
    Costs a few thousand evaluations of functions of a dozen numbers, and one of 3,000.

    Examples
    --------
    >>> import numpy as np
    >>> from gradproof.conformance import Framework, conformance
    >>> numpy = Framework(np.array, np.asarray, np.sin, np.cos, np.sum, modes=())
    >>> conformance(numpy)[0]
    '1. right gradients pass, wrong components are located'
    """
    if not isinstance(framework, Framework):
        raise InputError(f"framework: found {described(framework)}, expected a Framework")
    points = [
        _gradients_by_hand,
        _automatic_differentiation,
        _several_values,
        _containers,
        _what_goes_along,
        _restoration,
        _low_precision,
        _directions,
    ]
    done = []
    for number, point in enumerate(points, 1):
        try:
            told = point(framework)
        except AssertionError as error:
            raise AssertionError(f"{number}. {error}") from error
        done.append(f"{number}. {told}")
    return done


def _normal(*shape: int) -> Array:
    return np.random.default_rng(len(shape)).standard_normal(shape)


def _require(holds: object, what: str) -> None:
    if not holds:
        raise AssertionError(what)


def _gradients_by_hand(of: Framework) -> str:
    x = of.array(_normal(4, 3))

    def f(t: Any) -> Any:
        return of.sum(of.sin(t))

    _require(check(f, of.cos, x).passed, "a right gradient did not pass")
    wrong = np.ones((4, 3))
    wrong[2, 1] = 1.1
    report = check(f, lambda t: of.cos(t) * of.array(wrong), x)
    _require(report.verdict is Verdict.FAIL, "a wrong gradient did not fail")
    _require([one.index for one in report.culprits] == [(2, 1)], "the culprit was not located")
    return "right gradients pass, wrong components are located"


def _automatic_differentiation(of: Framework) -> str:
    x = of.array(_normal(4, 3))
    for mode in of.modes:
        for order in (1, 2):
            claim = Autodiff(mode, order)  # type: ignore[arg-type]
            report = check(lambda t: of.sum(of.sin(t)), claim, x)
            _require(report.passed, f"what {claim} says did not pass: {report.headline}")
    return f"automatic differentiation passes: {', '.join(of.modes) or 'there is none'}"


def _several_values(of: Framework) -> str:
    x = of.array(_normal(4, 3))

    def f(t: Any) -> Any:
        return {"first": of.sin(t), "second": of.sum(t * t)}

    def product(t: Any, u: Any, factor: float = 2.0) -> Any:
        return of.cos(t) * u["first"] + factor * t * u["second"]

    if of.modes:
        report = check(f, autodiff, x)
        _require(report.passed, f"several values did not pass: {report.headline}")
    report = check(f, VJP(product), x)
    _require(report.passed, f"products by hand did not pass: {report.headline}")
    wrong = check(f, VJP(lambda t, u: product(t, u, 3.0)), x)
    _require(wrong.verdict is Verdict.FAIL, "a wrong product did not fail")
    named = [one.address.partition(" /")[0] for one in wrong.culprits]
    _require(set(named) == {"d output['second']"}, f"the wrong outputs are named {named[:3]}")
    return "several values are tested with cotangents"


def _point(of: Framework) -> tuple[Any, list[Array]]:
    given = [_normal(4, 3), _normal(5), np.array(0.3)]
    return {"a": of.array(given[0]), "b": [of.array(given[1]), (of.array(given[2]),)]}, given


def _gradient_of_point(of: Framework, t: Any) -> Any:
    second = t["b"][0] * t["b"][1][0]
    return {
        "a": of.cos(t["a"]),
        "b": [
            of.cos(second) * t["b"][1][0],
            (of.sum(of.cos(second) * t["b"][0]),),
        ],
    }


def _f_of_point(of: Framework, t: Any) -> Any:
    return of.sum(of.sin(t["a"])) + of.sum(of.sin(t["b"][0] * t["b"][1][0]))


def _containers(of: Framework) -> str:
    at, _ = _point(of)
    report = check(lambda t: _f_of_point(of, t), lambda t: _gradient_of_point(of, t), at)
    _require(report.passed, f"a nested point did not pass: {report.headline}")
    paths = [leaf.path for leaf in report.leaves]
    _require(paths == [("a",), ("b", 0), ("b", 1, 0)], f"the leaves have the paths {paths}")
    return "containers are points"


def _what_goes_along(of: Framework) -> str:
    if not of.modes:
        return "nothing goes along"
    indices = of.array(np.array([0, 2]))
    at = {"x": of.array(_normal(4, 3)), "i": indices, "name": "sine"}
    report = check(lambda t: of.sum(of.sin(of.take(t["x"], t["i"]))), autodiff, at)
    _require(report.passed, f"with whole numbers in the point: {report.headline}")
    _require([leaf.path for leaf in report.leaves] == [("x",)], "whole numbers were moved")
    return "whole numbers and words go along"


def _restoration(of: Framework) -> str:
    at, given = _point(of)
    held = [at["a"], at["b"][0], at["b"][1][0]]

    def same() -> bool:
        now = [at["a"], at["b"][0], at["b"][1][0]]
        return all(
            one is other and of.numbers(one).tobytes() == numbers.tobytes()
            for one, other, numbers in zip(now, held, given, strict=True)
        )

    check(lambda t: _f_of_point(of, t), lambda t: _gradient_of_point(of, t), at)
    _require(same(), "the point is not as it was after a check")
    calls = 0

    def raising(t: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 12:
            raise KeyError("of the user")
        return _f_of_point(of, t)

    try:
        check(raising, lambda t: _gradient_of_point(of, t), at)
    except KeyError:
        pass
    else:
        raise AssertionError("what f raised did not surface")
    _require(same(), "the point is not as it was after an exception")
    return "the point is as it was"


def _low_precision(of: Framework) -> str:
    x = of.array(_normal(4, 3).astype(np.float32))
    report = check(lambda t: of.sum(of.sin(t)), of.cos, x)
    _require(report.passed, f"float32 did not pass: {report.headline}")
    promoted = any("promoted" in note for note in report.notes)
    _require(report.rtol == (1e-4 if promoted else 1e-2), f"float32 was judged to {report.rtol}")
    wrong = check(lambda t: of.sum(of.sin(t)), lambda t: of.cos(t) * 1.1, x)
    _require(wrong.verdict is Verdict.FAIL, "a factor of 1.1 in float32 did not fail")
    return f"float32 is {'promoted' if promoted else 'judged by what it allows'}"


def _directions(of: Framework) -> str:
    x, wrong = of.array(_normal(300, 10)), np.ones((300, 10))
    wrong[7] = 2
    report = check(lambda t: of.sum(of.sin(t)), lambda t: of.cos(t) * of.array(wrong), x)
    _require(report.verdict is Verdict.FAIL, "a wrong row among 3,000 components did not fail")
    words = [pattern.words for pattern in report.patterns]
    _require(words == ["row 7"], f"the wrong row was called {words}")
    return "a wrong row among many components is found"
