"""f does what it should not: to its argument, to what is global, to processes and threads."""

import copy
import decimal
import os
import random
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.faulty import A, Array, Function, X, gradient, nothing_changed, sines

import gradproof as gp


def point() -> dict[str, Any]:
    return {"w": X.copy(), "m": np.arange(1.0, 7).reshape(2, 3) / 7, "b": 0.7}


def loss(p: Any) -> float:
    return float(np.sum(np.sin(A @ p["w"])) + np.sum(p["m"] ** 3) + p["b"] ** 2)


def slopes(p: Any) -> dict[str, Any]:
    return {"w": A.T @ np.cos(A @ p["w"]), "m": 3 * p["m"] ** 2, "b": 2 * p["b"]}


def in_shape(p: Any) -> float:
    assert p["m"].shape == (2, 3)
    value = loss(p)
    p["m"].shape = (3, 2)
    return value


def as_bits(p: Any) -> float:
    value = loss(p)
    p["w"].dtype = np.int64
    return value


def then(action: Function) -> Function:
    def f(p: Any) -> float:
        value = loss(p)
        action(p)
        return value

    return f


DAMAGE: dict[str, Function] = {
    "del": then(lambda p: p.__delitem__("w")),
    "clear": then(lambda p: p.clear()),
    "popitem": then(lambda p: p.popitem()),
    "another value": then(lambda p: p.update(w=None)),
    "one more": then(lambda p: p.update(more=3.0)),
    "in place": then(lambda p: p["w"].__imul__(0)),
    "fill": then(lambda p: p["m"].fill(np.nan)),
    "sorted": then(lambda p: p["w"][::-1].sort()),
    "shape": in_shape,
    "dtype": as_bits,
}


@pytest.mark.parametrize("plan", ["every", "project"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_what_f_does_to_its_argument_is_told_and_makes_no_difference(
    damage: str, plan: str
) -> None:
    at = point()
    before = copy.deepcopy(at)
    with nothing_changed(at["w"], at["m"]):
        report = gp.check(DAMAGE[damage], slopes, at, plan=plan)
        wrong = gp.check(DAMAGE[damage], lambda p: slopes(p) | {"b": 3 * p["b"]}, at, plan=plan)
    assert report.passed, report.summary()
    assert [cause.code for cause in report.causes] == ["GP102"]
    assert [leaf.path for leaf in wrong.leaves if leaf.verdict == "fail"] == [("b",)]
    assert at.keys() == before.keys()
    assert at["m"].shape == (2, 3)
    assert at["w"].dtype == np.float64


def test_what_f_locks_stays_unlocked_outside() -> None:
    at = point()
    assert gp.check(then(lambda p: p["w"].setflags(write=False)), slopes, at).passed
    assert at["w"].flags.writeable


def seeds(p: Any) -> float:
    np.random.seed(3)  # noqa: NPY002
    random.seed(4)
    return loss(p) + 0 * np.random.rand()  # noqa: NPY002


def raises_on_underflow(p: Any) -> float:
    np.seterr(all="raise")
    return loss(p)


def prints(p: Any) -> float:
    sys.stdout.write("x" * 50_000)
    return loss(p)


def recursive(p: Any) -> float:
    assert gp.check(sines, gradient, X, seed=1).passed
    return loss(p)


def with_threads(p: Any) -> float:
    with ThreadPoolExecutor(3) as executor:
        return next(executor.map(loss, [p] * 3))


def forking(p: Any) -> float:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return loss(p)


@pytest.mark.parametrize(
    "f", [seeds, raises_on_underflow, prints, recursive, with_threads, forking]
)
def test_what_f_does_beside_its_value_is_harmless(f: Function) -> None:
    at = point()
    with nothing_changed(at["w"], at["m"]):
        assert gp.check(f, slopes, at, include="p['b']").passed
        wrong = gp.check(f, lambda p: slopes(p) | {"b": 3 * p["b"]}, at, include="p['b']")
    assert wrong.verdict == "fail"
    if f not in (recursive, forking):  # which take long
        with nothing_changed(at["w"], at["m"]):
            assert gp.check(f, slopes, at, plan="project").passed


def test_settings_that_f_makes_are_the_users_own() -> None:
    """Of what has no owner we leave alone what f does; a context of decimal, filters, a folder."""
    before = decimal.getcontext().prec, list(warnings.filters)

    def f(p: Any) -> float:
        decimal.getcontext().prec = 5
        warnings.simplefilter("error")
        return loss(p)

    with warnings.catch_warnings():
        assert gp.check(f, slopes, point()).passed
    assert decimal.getcontext().prec == 5
    decimal.getcontext().prec = before[0]
    assert list(warnings.filters) == before[1]


def test_underflow_that_f_lets_raise_does_not_reach_our_arithmetic() -> None:
    at = np.array([1e-30, 1e-38, 1.0, 3e-42], np.float32)

    def f(x: Array) -> float:
        np.seterr(all="raise")
        return float(np.sum(x.astype(float) ** 2))

    assert gp.check(f, lambda x: 2 * x, at).verdict != "fail"
    assert gp.check(f, lambda x: 2 * x, at, plan="project").verdict != "fail"


def test_endless_recursion_is_that_of_f() -> None:
    def endless(x: Array) -> float:
        return endless(x) if np.any(x != X) else float(sines(x))

    with nothing_changed(X), pytest.raises(RecursionError) as raised:
        gp.check(endless, gradient, X)
    assert raised.value.__notes__[0].startswith("gradproof: f raised this with ")


def noisy(x: Array) -> Any:
    noise = 0.0 if np.iscomplexobj(x) else 1e-3 * np.sin(1e14 * np.sum(x.real))
    return np.sum(np.sin(x)) * (1 + noise)


def test_checks_in_several_threads_do_not_meet() -> None:
    """Not even where warnings become errors for a moment: complex steps look whether f takes them."""
    filters = list(warnings.filters)
    problems = [
        (noisy, np.cos, X),
        (sines, gradient, X),
        (loss, slopes, point()),
        (sines, lambda x: 2 * gradient(x), X),
    ]
    alone = [gp.check(*problem) for problem in problems]
    with ThreadPoolExecutor(4) as executor:
        for _ in range(3):
            together = list(executor.map(lambda one: gp.check(*one), problems))
            for one, other in zip(alone, together, strict=True):
                assert (one.verdict, one.evaluations) == (other.verdict, other.evaluations)
    assert list(warnings.filters) == filters
    assert np.geterr()["over"] == "warn"


def test_checks_of_one_point_in_several_threads_share_nothing() -> None:
    at = point()
    with nothing_changed(at["w"], at["m"]), ThreadPoolExecutor(3) as executor:
        reports = list(executor.map(lambda seed: gp.check(loss, slopes, at, seed=seed), range(3)))
    assert all(report.passed for report in reports)


def test_printing_a_report_draws_no_random_numbers() -> None:
    """In a process of its own: rich draws some as it is imported."""
    script = """
import random
import gradproof as gp
before = random.getstate()
str(gp.check(lambda x: x**2, lambda x: 2 * x, 3.0))
gp.check(lambda x: x**2, lambda x: 2 * x, 3.0, progress=True)
assert random.getstate() == before
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_the_command_line_keeps_what_f_prints_out_of_a_format(tmp_path: Path) -> None:
    (tmp_path / "loud.py").write_text("""
import os
import numpy as np
import gradproof as gp

def f(x):
    print("x" * 2_000)
    os.chdir("/")
    return float(np.sum(x**2))

@gp.problem
def loud():
    return gp.Problem(f, lambda x: 2 * x, np.ones(60))

@gp.problem
def odd():
    return gp.Problem(lambda x: 1.0 if x[1] == 1 else None, lambda x: 2 * x, np.ones(3))
""")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "gradproof",
            "check",
            "loud.py",
            "--format",
            "json",
            "--html",
            "a.html",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout.startswith("{")
    assert len(done.stderr) > 100_000
    assert (tmp_path / "a.html").exists()
    assert "gradproof: f was evaluated with all of the parameters moved" in done.stderr
