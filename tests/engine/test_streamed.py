"""Checks of parameters in pieces: the same answers, with nothing that is as long as they are."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import gradproof as gp
from gradproof.api import in_pieces

Array = npt.NDArray[Any]
Tensors = dict[str, Array]
AT: Tensors = {
    "W": np.random.default_rng(0).standard_normal((30, 50)),
    "b": np.random.default_rng(1).standard_normal(90),
}


@pytest.fixture(autouse=True)
def _few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_pieces, "MANY", 1)


@pytest.fixture
def _no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make what was found along directions stay the last word."""
    monkeypatch.setattr(in_pieces, "_free_memory", lambda: 0.0)


def f(t: Tensors) -> float:
    return float(sum(np.sum(np.sin(v), dtype=np.float64) for v in t.values()))


def right(t: Tensors) -> Tensors:
    return {name: np.cos(v) for name, v in t.items()}


def off(name: str, factor: float) -> Callable[[Tensors], Tensors]:
    return lambda t: {**right(t), name: factor * np.cos(t[name])}


def failed(report: gp.Report) -> list[str]:
    return [leaf.address for leaf in report.leaves if leaf.verdict == "fail"]


@pytest.mark.parametrize("plan", ["auto", "project", "leaves"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_right_gradient_passes_for_a_few_dozen_evaluations(plan: str, dtype: Any) -> None:
    at = {name: value.astype(dtype) for name, value in AT.items()}
    before = {name: value.tobytes() for name, value in at.items()}
    report = gp.check(gp.Problem(f, right, at, promote="never"), plan=plan)
    assert report.passed, report.summary()
    assert report.evaluations <= 50
    assert report.plan == {"auto": "project"}.get(plan, plan)
    assert report.certificate is not None
    assert report.certificate.bound < {"leaves": 10.0}.get(plan, 0.1)
    assert {name: value.tobytes() for name, value in at.items()} == before


def test_what_may_be_promoted_is_where_there_is_room() -> None:
    at = {name: value.astype(np.float32) for name, value in AT.items()}
    claim = {name: np.cos(value) * (1 + 5e-3 * (name == "W")) for name, value in at.items()}
    report = gp.check(f, claim, at)
    assert report.verdict == "fail"
    assert report.rtol == 1e-4


@pytest.mark.usefixtures("_no_room")
def test_what_may_be_promoted_is_not_where_there_is_none() -> None:
    at = {name: value.astype(np.float32) for name, value in AT.items()}
    report = gp.check(f, right, at)
    assert report.passed
    assert report.rtol >= 1e-2


def test_the_answers_are_those_of_arrays_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scales are medians of bins, and the directions others; the promise is the same."""
    pieces = gp.check(f, right, AT)
    monkeypatch.setattr(in_pieces, "MANY", 1 << 30)
    arrays = gp.check(f, right, AT)
    assert pieces.certificate is not None
    assert arrays.certificate is not None
    assert pieces.certificate.norm == arrays.certificate.norm
    for one, other in zip(pieces.certificate.leaves, arrays.certificate.leaves, strict=True):
        assert one.address == other.address
        assert one.single == pytest.approx(other.single, rel=0.8)


@pytest.mark.usefixtures("_no_room")
@pytest.mark.parametrize("plan", ["project", "leaves"])
@pytest.mark.parametrize("factor", [1.001, -1.0, 0.0])
@pytest.mark.parametrize("name", ["W", "b"])
def test_a_wrong_tensor_is_named(name: str, factor: float, plan: str) -> None:
    report = gp.check(f, off(name, factor), AT, plan=plan)
    assert report.verdict == "fail", report.summary()
    assert failed(report) == [f"t['{name}']"]
    assert report.headline == "1 of 2 tensors is wrong"
    assert any("was not searched" in note for note in report.notes)
    assert any("GiB" in note for note in report.notes)


def test_where_there_is_room_single_components_are_found() -> None:
    def one(t: Tensors) -> Tensors:
        g = right(t)
        g["W"][3, 7] *= 3
        return g

    report = gp.check(f, one, AT)
    assert [culprit.address for culprit in report.culprits] == ["t['W'][3, 7]"]
    assert not any("searched" in note for note in report.notes)


@pytest.mark.usefixtures("_no_room")
def test_of_many_tensors_groups_tell_which_are_wrong() -> None:
    rng = np.random.default_rng(5)
    at = {f"p{k}": rng.standard_normal(20) for k in range(60)}
    report = gp.check(f, lambda t: {**off("p7", 1.5)(t), "p50": np.zeros(20)}, at)
    assert failed(report) == ["t['p7']", "t['p50']"], report.summary()
    assert report.evaluations < 1_500
    assert all(leaf.verdict != "inconclusive" for leaf in report.leaves)


@pytest.mark.parametrize("seed", range(20))
def test_the_bound_of_the_error_holds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    slope, error = rng.standard_normal((2, 3_000))
    at = rng.standard_normal(3_000)
    relative = 0.003
    report = gp.check(
        lambda x: float(slope @ x),
        slope + relative * error,
        at,
        seed=seed,
        plan=gp.Plan("project", search=False),
        rtol=0.1,
    )
    assert report.passed, report.summary()
    assert report.certificate is not None
    # Both are weighted by natural scales, which are independent of them.
    assert relative / 1.15 < report.certificate.bound < 10 * relative


def test_scales_are_natural() -> None:
    """Parameters of different units in one array: a step that suits one must not spoil others."""
    size = np.repeat([1e-6, 1.0, 1e6], 500)
    at = size * np.random.default_rng(2).uniform(0.5, 1.5, size.size)
    report = gp.check(lambda x: np.sum(np.log(x)), lambda x: 1 / x, at)
    assert report.passed, report.summary()
    wrong = gp.check(lambda x: np.sum(np.log(x)), lambda x: 1.01 / x, at)
    assert wrong.verdict == "fail"


def test_leaves_that_are_0_and_claims_of_0() -> None:
    at = {"a": np.zeros(700), "b": np.ones(700), "c": np.full(700, 2.0)}

    def g(t: Tensors) -> float:
        return float(np.sum(np.exp(t["a"])) + np.sum(t["c"] ** 2))

    def claim(t: Tensors) -> Tensors:
        return {"a": np.exp(t["a"]), "b": 0 * t["b"], "c": 2 * t["c"]}

    assert gp.check(g, claim, at).passed
    wrong = gp.check(g, {**claim(at), "b": np.full(700, 0.01)}, at)
    assert failed(wrong) == ["t['b']"]
    nothing = gp.check(lambda x: 3.0, np.zeros(2_000), np.ones(2_000))
    assert nothing.passed, nothing.summary()
    ignored = gp.check(lambda x: 3.0, np.ones(2_000), np.ones(2_000))
    assert ignored.verdict == "fail"
    assert [cause.code for cause in ignored.causes] == ["GP107"]


@pytest.mark.parametrize("value", [1e-200, 1e200])
def test_tiny_and_huge_values_are_scaled(value: float) -> None:
    at = AT["b"]
    assert gp.check(
        lambda x: value * np.sum(np.sin(x)), lambda x: value * np.cos(x), at, plan="project"
    ).passed
    wrong = gp.check(
        lambda x: value * np.sum(np.sin(x)), lambda x: 1.1 * value * np.cos(x), at, plan="project"
    )
    assert wrong.verdict == "fail"


def test_what_is_unsound_is_told() -> None:
    rng = np.random.default_rng(0)

    def codes(function: Any, gradient: Any) -> tuple[str, list[str]]:
        report = gp.check(function, gradient, AT, plan=gp.Plan("project", search=False))
        return report.verdict.value, [cause.code for cause in report.causes]

    def noisy(t: Tensors) -> Tensors:
        return {name: v + 0.1 * rng.standard_normal(v.shape) for name, v in right(t).items()}

    def infinite(t: Tensors) -> Tensors:
        return {**right(t), "b": np.where(np.arange(90) == 4, np.inf, 1.0)}

    def writes(t: Tensors) -> float:
        value = f(t)
        t["W"][:] = 0
        return value

    assert codes(f, noisy) == ("inconclusive", ["GP105"])
    assert codes(f, infinite) == ("fail", ["GP104"])
    assert codes(f, lambda t: {"W": right(t)["W"]}) == ("fail", ["GP103"])
    assert codes(f, lambda t: {**right(t), "b": np.ones(90, complex)}) == ("fail", ["GP103"])
    assert codes(lambda t: f(t) + 0.1 * rng.standard_normal(), right)[1][0] == "GP101"
    assert codes(lambda t: np.nan, right) == ("inconclusive", ["GP108"])
    assert codes(writes, right) == ("pass", ["GP102"])


def test_a_change_of_the_last_bits_is_no_other_gradient() -> None:
    calls = 0

    def rounded(t: Tensors) -> Tensors:
        nonlocal calls
        calls += 1
        return {name: v * (1 + 2e-16 * calls) for name, v in right(t).items()}

    assert gp.check(f, rounded, AT).passed


def test_random_numbers_are_the_same_at_every_evaluation() -> None:
    def dropout(t: Tensors) -> float:
        return float(np.sum(np.random.random(t["b"].shape) * np.sin(t["b"])))  # noqa: NPY002

    def gradient(t: Tensors) -> Tensors:
        return {"b": np.random.random(t["b"].shape) * np.cos(t["b"])}  # noqa: NPY002

    report = gp.check(dropout, gradient, {"b": AT["b"]}, plan="project")
    assert report.passed, report.summary()
    assert any("random numbers" in note for note in report.notes)


def test_only_what_is_included_is_moved() -> None:
    report = gp.check(f, off("b", 3.0), AT, include="t['W']", plan="project")
    assert report.passed, report.summary()
    assert "1 tensor left out" in str(report) or "left out" in report.headline


def test_a_budget_and_an_interruption_end_it() -> None:
    report = gp.check(f, right, AT, budget=15, plan="project")
    assert report.verdict == "inconclusive"
    assert report.evaluations == 15
    assert "was spent" in report.notes[-1]
    calls = 0

    def interrupted(t: Tensors) -> float:
        nonlocal calls
        calls += 1
        if calls == 18:
            raise KeyboardInterrupt
        return f(t)

    report = gp.check(interrupted, right, AT, plan="project")
    assert report.notes[-1].endswith("it was interrupted")


def test_an_exception_says_where_and_surfaces() -> None:
    calls = 0

    def raises(t: Tensors) -> float:
        nonlocal calls
        calls += 1
        if calls == 8:
            raise OSError("gone")
        return f(t)

    with pytest.raises(OSError, match="gone") as caught:
        gp.check(raises, right, AT, plan="project")
    assert "random direction" in caught.value.__notes__[0]


def test_an_edge_of_the_domain_is_no_value() -> None:
    def steep(t: Tensors) -> float:
        if np.any(t["b"] < 0):
            raise ValueError("negative")
        return float(np.sum(np.sqrt(t["b"])))

    at = {"b": np.full(2_000, 1e-300)}
    report = gp.check(steep, lambda t: {"b": 0.5 / np.sqrt(t["b"])}, at, plan="project")
    assert report.verdict != "fail", report.summary()


def test_infinite_parameters_are_refused() -> None:
    with pytest.raises(gp.InputError, match=r"t\['b'\]: found inf or nan"):
        gp.check(f, right, {**AT, "b": np.full(90, np.nan)}, plan="project")


def test_layouts_of_memory_do_not_matter() -> None:
    at = {"F": np.asfortranarray(AT["W"]), "s": AT["b"][::2], "t": AT["W"].T}
    assert gp.check(f, right, at).passed
    claim = {name: np.asfortranarray(v) for name, v in right(at).items()}
    assert gp.check(f, claim, at).passed


def test_terms_are_added_up() -> None:
    problem = gp.Problem(
        lambda t: np.sin(t["b"]), lambda t: {"b": np.cos(t["b"])}, {"b": AT["b"]}, terms="sum"
    )
    assert gp.check(problem, plan="project").passed


def test_bounds_are_kept_as_ever() -> None:
    problem = gp.Problem(f, right, AT, bounds=(-9.0, 9.0))
    report = gp.check(problem, plan="project")
    assert report.passed
    assert report.certificate is not None


@pytest.mark.usefixtures("_no_room")
@pytest.mark.usefixtures("_no_room")
@pytest.mark.parametrize("plan", ["leaves", "project"])
def test_an_exploded_claim_of_a_parameter_at_0_does_not_hide_in_low_precision(plan: str) -> None:
    at = {"W": AT["W"].astype(np.float32), "b": AT["b"].astype(np.float32)}
    at["W"][3, 7] = 0.0
    claim = right(at)
    claim["W"][3, 7] = 1e9
    for seed in range(2):
        report = gp.check(gp.Problem(f, claim, at, promote="never"), plan=plan, seed=seed)
        assert failed(report) == ["t['W']"], report.summary()


def test_a_kink_is_seen() -> None:
    report = gp.check(lambda x: float(np.sum(np.abs(x))), np.zeros(2_000), np.zeros(2_000))
    assert report.verdict != "fail"
    outside = gp.check(lambda x: float(np.sum(np.abs(x))), np.full(2_000, 5.0), np.zeros(2_000))
    assert outside.verdict != "pass"


IN_A_FILE = """
import sys
from pathlib import Path
import numpy as np
import gradproof as gp

path, n = sys.argv[1], int(sys.argv[2])
at = np.memmap(path, np.float32, "r+", shape=(n,))

def pieces():
    return (slice(k, k + 65536) for k in range(0, n, 65536))

def f(x):
    return sum(float(np.sum(np.sqrt(1 + x[p] ** 2), dtype=np.float64)) for p in pieces())

def gradient(x):
    g = np.empty_like(x, shape=x.shape)
    for p in pieces():
        g[p] = x[p] / np.sqrt(1 + x[p] ** 2)
    return g

def memory(what):
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line.split()[1] for line in lines if line.startswith(what)))

gp.check(lambda x: np.sum(x**2), lambda x: 2 * x, np.ones(2_000))
float(np.sum(at))
before = memory("VmRSS")
Path("/proc/self/clear_refs").write_text("5")
report = gp.check(f, gradient, at)
assert report.passed, report.summary()
print(memory("VmHWM") - before, report.evaluations)
"""


def test_an_array_in_a_file_takes_one_copy_and_is_left_alone(tmp_path: Path) -> None:
    n, path = 2_000_000, tmp_path / "at"
    np.random.default_rng(0).standard_normal(n, dtype=np.float32).tofile(path)
    before = path.read_bytes()
    peak, evaluations = map(int, subprocess.run(
        [sys.executable, "-c", IN_A_FILE, str(path), str(n)],
        check=True, capture_output=True, text=True,
    ).stdout.split())  # fmt: skip
    assert evaluations <= 50
    assert peak <= 2 * 4 * n + (64 << 20)  # a copy, and the claim
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["at"]


def test_what_is_wrong_in_a_file_is_found(tmp_path: Path) -> None:
    path = tmp_path / "at"
    AT["W"].tofile(path)
    at = np.memmap(path, np.float64, "r", shape=(30, 50))

    def wrong(x: Array) -> Array:
        claim: Array = np.cos(x)
        claim[3, 4] *= 3
        return claim

    report = gp.check(lambda x: np.sum(np.sin(x)), wrong, at)
    assert [culprit.address for culprit in report.culprits] == ["x[3, 4]"]


def test_a_file_in_a_folder_that_nobody_may_write_to_is_read(tmp_path: Path) -> None:
    path = tmp_path / "at"
    AT["W"].tofile(path)
    at = np.memmap(path, np.float64, "r", shape=(30, 50))
    tmp_path.chmod(0o500)
    try:
        assert gp.check(lambda x: np.sum(np.sin(x)), np.cos, at).passed
    finally:
        tmp_path.chmod(0o700)


def test_the_price_and_the_bound_do_not_grow_with_the_number_of_parameters() -> None:
    """Curvatures add up, and slopes do not: the middle of a bowl is no stationary point."""

    def bowl(x: Array) -> float:
        return float(np.sum(np.sqrt(1 + x**2), dtype=np.float64))

    for n in (3_000, 300_000):
        x = np.random.default_rng(0).standard_normal(n).astype(np.float32)
        problem = gp.Problem(bowl, x / np.sqrt(1 + x**2), x, promote="never")
        report = gp.check(problem, plan="project")
        assert report.passed, report.summary()
        assert report.evaluations <= 35
        assert report.certificate is not None
        assert report.certificate.bound < 0.08
        wrong = gp.Problem(bowl, 1.3 * x / np.sqrt(1 + x**2), x, promote="never")
        plan = gp.Plan("project", search=False)
        assert gp.check(wrong, plan=plan).verdict == "fail"
