"""Functions of many points at once: the same report, by fewer calls, where that is quicker."""

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import gradproof as gp
from gradproof.engine.batching import Batches
from gradproof.frameworks.numpy_space import NumpySpace
from gradproof.problems import Batched
from gradproof.tree import flatten

Array = npt.NDArray[Any]
X = np.linspace(0.1, 3, 200)
AT_ONCE = (
    "f was evaluated at many points at once, which is quicker and gives the same values as at one"
)


@pytest.fixture(autouse=True)
def _whatever_the_clock_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take batches to be quicker; whether they are is asked by a clock of its own."""
    monkeypatch.setattr("gradproof.engine.batching._QUICKER", (math.inf, 0.0))
    monkeypatch.setattr("gradproof.engine.batching._WORTH_WHILE", (0.0, 0.0))


def vectorized(f: Callable[[Any], Any], gradient: Any, at: Any, **options: Any) -> gp.Problem:
    return gp.Problem(f, gradient, at, vectorized=True, **options)


def sines(x: Array) -> Any:
    return np.sum(np.sin(x), axis=-1)


def decided(report: gp.Report) -> tuple[Any, ...]:
    """Return what a report decides; not what rounding does: how small an error would be seen."""
    causes = [(cause.code, cause.addresses) for cause in report.causes]
    return report.verdict, causes, re.sub(r"\de-\d+", "…", report.headline)


def of_tree(p: Any) -> Any:
    return np.sum(np.sin(p["w"]), axis=-1) * p["b"]


def gradient_of_tree(p: Any) -> Any:
    return {"w": np.cos(p["w"]) * p["b"], "b": np.sum(np.sin(p["w"]))}


PROBLEMS: dict[str, tuple[Callable[[Any], Any], Any, Any, dict[str, Any]]] = {
    "array": (sines, np.cos, X, {}),
    "number": (of_tree, gradient_of_tree, {"w": X, "b": 2.0}, {}),
    "matrices": (
        lambda p: np.einsum("...ij,...j->...", p[0], p[1]),
        lambda p: [np.tile(p[1], (20, 1)), np.sum(p[0], axis=0)],
        [np.outer(X[:20], X[:10]), X[:10]],
        {},
    ),
    "terms": (np.sin, np.cos, X, {"terms": "sum"}),
    "mean": (np.sin, lambda x: np.cos(x) / x.size, X, {"terms": "mean"}),
    "vjp": (
        lambda x: {"s": np.sin(x), "t": np.sum(x, axis=-1)},
        gp.VJP(lambda x, u: np.cos(x) * u["s"] + u["t"]),
        X,
        {},
    ),
    "jacobian": (np.sin, gp.Jacobian(lambda x: np.diag(np.cos(x))), X, {}),
    "jvp": (np.sin, gp.JVP(lambda x, v: np.cos(x) * v), X, {}),
    "hessian": (sines, gp.Hessian(lambda x: np.diag(-np.sin(x))), X[:8], {}),
    "bounds": (
        lambda x: np.sum(x**1.5 + x, axis=-1),
        lambda x: 1.5 * np.sqrt(x) + 1,
        np.linspace(0, 1, 200),
        {"bounds": (0, 1)},
    ),
    "float32": (sines, np.cos, X.astype("float32"), {}),
}
UNBATCHED = {"hessian"}  # second differences are asked for one by one


@pytest.mark.parametrize("factor", [1.0, 2.0])
@pytest.mark.parametrize("name", PROBLEMS)
def test_the_report_is_that_of_one_point_after_the_other(
    name: str, factor: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    f, gradient, at, options = PROBLEMS[name]
    if factor != 1.0:
        plain = f
        f = lambda at: _times(plain(at), factor)  # noqa: E731
    problem = vectorized(f, gradient, at, **options)
    found = gp.check(problem)
    assert (AT_ONCE in found.notes) == (name not in UNBATCHED)
    monkeypatch.setattr("gradproof.engine.every._MANY", 10**9)
    alone = gp.check(problem)
    assert AT_ONCE not in alone.notes
    assert decided(found) == decided(alone)
    assert found.passed == (factor == 1.0)


def _times(value: Any, factor: float) -> Any:
    return {k: v * factor for k, v in value.items()} if isinstance(value, dict) else value * factor


def test_there_are_fewer_calls_than_components() -> None:
    calls = []

    def counted(x: Array) -> Any:
        calls.append(len(x))
        return sines(x)

    report = gp.check(vectorized(counted, np.cos, X))
    assert report.passed
    assert sum(calls) == report.evaluations
    assert len(calls) < X.size / 2


def test_promotion_to_float64_reaches_batches() -> None:
    types = set()

    def f(x: Array) -> Any:
        types.add(x.dtype)
        return sines(x)

    report = gp.check(vectorized(f, np.cos, X.astype("float32")))
    assert report.passed
    assert AT_ONCE in report.notes
    assert types == {np.dtype("float32"), np.dtype("float64")}


@pytest.mark.parametrize("error", [1e-9, 1e-3, 1.0])
def test_where_batches_give_other_values_they_are_not_used(error: float) -> None:
    def f(x: Array) -> Any:
        return sines(x) * (1 + (len(x) > 1) * error * x[:, 0])

    report = gp.check(vectorized(f, np.cos, X))
    assert report.passed, report.summary()
    assert (
        "f was evaluated at one point after the other: many at once gave other values"
        in report.notes
    )


def test_where_batches_raise_they_are_not_used() -> None:
    def f(x: Array) -> Any:
        if len(x) > 1:
            raise MemoryError
        return sines(x)

    report = gp.check(vectorized(f, np.cos, X))
    assert report.passed
    assert (
        "f was evaluated at one point after the other: many at once raised MemoryError"
        in report.notes
    )


@pytest.mark.parametrize("after", range(1, 8))
def test_batches_that_fail_later_are_done_one_by_one(after: int) -> None:
    batches = []

    def f(x: Array) -> Any:
        batches.extend([len(x)] * (len(x) > 1))
        if len(x) > 1 and len(batches) > after:
            raise MemoryError
        return sines(x)

    report = gp.check(vectorized(f, lambda x: np.cos(x) * np.where(X[7] == X, 1.01, 1), X))
    assert [one.address for one in report.culprits] == ["x[7]"]


def test_an_f_that_writes_to_its_argument_gets_copies_one_by_one() -> None:
    def f(x: Array) -> Any:
        x += 1
        return sines(x - 1)

    report = gp.check(vectorized(f, np.cos, X))
    assert report.passed
    assert [cause.code for cause in report.causes] == ["GP102"]
    assert AT_ONCE not in report.notes


def test_an_f_that_writes_to_batches_only_is_seen_to_be_another() -> None:
    def f(x: Array) -> Any:
        if len(x) > 1:
            x[1:] += 1e-3
        return sines(x)

    report = gp.check(vectorized(f, np.cos, X))
    assert report.passed
    assert AT_ONCE not in report.notes


def test_random_functions_get_the_same_numbers_one_by_one() -> None:
    def f(x: Array) -> Any:
        return np.sum(np.sin(x) * np.random.rand(x.shape[-1]), axis=-1)  # noqa: NPY002

    def gradient(x: Array) -> Array:
        return np.asarray(np.cos(x) * np.random.rand(x.size))  # noqa: NPY002

    report = gp.check(vectorized(f, gradient, X))
    assert report.passed
    assert AT_ONCE not in report.notes


@pytest.mark.parametrize(
    ("f", "found"),
    [
        (lambda x: np.sum(np.sin(x)), "a number|[0-9.]+"),
        (lambda x: np.sin(x).T, "an array of shape|array"),
        (lambda x: np.zeros(0), "array"),
    ],
)
def test_a_value_without_the_first_axis_is_told(f: Callable[[Any], Any], found: str) -> None:
    with pytest.raises(gp.InputError) as raised:
        gp.check(gp.Problem(f, np.cos, X, vectorized=True))
    assert str(raised.value).startswith("the value of f: found ")
    assert "for a batch of 1 with vectorized=True, expected an array whose first axis" in str(
        raised.value
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"vectorized": 1}, "^vectorized: found 1, expected True or False"),
        ({"vectorized": True, "gradient": True}, "^vectorized: found True with gradient=True"),
        ({"vectorized": True, "reference": np.sum}, "^vectorized: found True with a reference"),
    ],
)
def test_what_does_not_go_with_batches_is_told(options: dict[str, Any], words: str) -> None:
    with pytest.raises(gp.InputError, match=words):
        gp.Problem(**({"f": sines, "gradient": np.cos, "at": X} | options))  # type: ignore[arg-type]


def test_budgets_hold_in_batches() -> None:
    points = []

    def f(x: Array) -> Any:
        points.append(len(x))
        return sines(x)

    for budget in (50, 120, 200):
        points.clear()
        report = gp.check(gp.Problem(f, np.cos, X, vectorized=True), budget=budget)
        assert report.verdict == "inconclusive"
        assert sum(points) == report.evaluations <= budget


class OfSeconds:
    """A clock that f moves: by so much for each call and each point of a batch."""

    def __init__(self, call: float, point: float, alone: float) -> None:
        self.now, self._call, self._point, self._alone = 0.0, call, point, alone
        self.batches: list[int] = []

    def many(self, leaves: Any) -> list[float]:
        self.now += self._call + self._point * len(leaves[0])
        self.batches.append(len(leaves[0]) - 1)
        return [float(np.sum(np.sin(x))) for x in leaves[0]]

    def one(self, x: Any) -> float:
        self.now += self._alone
        return float(np.sum(np.sin(x)))


@pytest.mark.parametrize(
    ("call", "point", "alone", "todo", "size"),
    [
        (1.0, 0.0, 1.0, 10**6, 1023),  # only calls cost
        (1.0, 0.0, 1.0, 2_000, 63),  # a larger one is not worth its trial
        (1.0, 0.1, 1.0, 10**6, 255),  # it does not matter any more
        (0.0, 1.0, 1.0, 10**6, 0),  # nothing is gained
        (0.0, 2.0, 1.0, 10**6, 0),  # batches are slower
        (1.0, 0.0, 1.0, 30, 0),  # too little to be done
    ],
)
def test_the_size_is_the_one_that_is_quickest(
    call: float,
    point: float,
    alone: float,
    todo: int,
    size: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = OfSeconds(call, point, alone)
    monkeypatch.undo()
    monkeypatch.setattr("gradproof.engine.batching.time.perf_counter", lambda: clock.now)
    tree, values = flatten(X, "x")
    space = NumpySpace(tree, values)
    f = Batched(clock.one, clock.many)
    batches = Batches(f, space, float(np.sum(np.sin(X))))
    lines, offsets = np.arange(15), np.full(15, 1e-3)
    batches.try_out(
        lines,
        offsets,
        lambda lines, offsets: np.array(space.along_components(f, lines, offsets)[0]),
        indistinct=1e-10,
        todo=todo,
        seconds=1.0,
    )
    assert batches.size == size
    spent_on_trials = sum(clock.batches)
    assert spent_on_trials <= max(todo / 4, 15)


def test_batches_fit_into_memory() -> None:
    tree, values = flatten(np.zeros(1 << 18), "x")
    batches = Batches(Batched(np.sum, lambda _: []), NumpySpace(tree, values), 0.0)
    assert batches.most_tried == 15
    tree, values = flatten(np.zeros(1 << 21), "x")
    assert Batches(Batched(np.sum, lambda _: []), NumpySpace(tree, values), 0.0).most_tried == 0
