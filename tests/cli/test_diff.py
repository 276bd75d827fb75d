"""`gradproof diff`: what changed, what of it is worse, and the exit code."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import gradproof as gp
from gradproof.cli.app import app
from gradproof.judge.changes import changes
from gradproof.judge.run import Run


def checked(factor_w: float = 1, factor_b: float = 1, wrong: tuple[int, ...] = ()) -> gp.Report:
    at = {"w": np.array([1.0, -2.0, 0.5, 3.0]), "b": 2.0}
    off = np.ones(4)
    off[list(wrong)] = 1.5
    return gp.check(
        lambda t: np.sum(t["w"] ** 2) + t["b"] ** 2,
        lambda t: {"w": factor_w * off * 2 * t["w"], "b": factor_b * 2 * t["b"]},
        at,
    )


RIGHT = checked()
UNDECIDED = gp.check(lambda x: float("inf"), lambda x: x, np.ones(2))


def test_nothing_changed_where_only_the_time_did() -> None:
    slower = dataclasses.replace(RIGHT, seconds=RIGHT.seconds * 3)
    assert changes(Run({"a": RIGHT}), Run({"a": slower})) == {}


def words(before: Run, after: Run, *, worse: bool) -> list[str]:
    """Return all sentences, in both directions told apart by whether anything is worse."""
    found = [one for listed in changes(before, after).values() for one in listed]
    assert any(one.worse for one in found) is worse, found
    return [one.words for one in found]


def test_a_tensor_that_became_wrong_is_worse_and_back_it_is_not() -> None:
    before, after = Run({"a": RIGHT}), Run({"a": checked(factor_b=2)})
    said = words(before, after, worse=True)
    assert said[:2] == [
        "verdict: PASS → FAIL, 1 of 2 tensors is wrong",
        "t['b']: pass → fail",
    ]
    assert any(
        one.startswith("cause: GP302 constant-factor t['b']: the claim is 2") for one in said
    )
    back = words(after, before, worse=False)
    assert back[0].startswith("verdict: FAIL → PASS, ")
    assert "no longer a cause: GP302 constant-factor t['b']" in back


def test_another_factor_is_another_message_and_no_worse() -> None:
    said = words(Run({"a": checked(2)}), Run({"a": checked(3)}), worse=False)
    (only,) = [one for one in said if one.startswith("cause: GP302 constant-factor t['w']: ")]
    old, new = only.split(" → ")
    assert "the claim is 2 times what was measured" in old
    assert new.startswith("the claim is 3 times what was measured")


def test_components_are_compared_where_the_tensor_stays_wrong() -> None:
    before, after = Run({"a": checked(wrong=(0, 1))}), Run({"a": checked(wrong=(1, 2, 3))})
    said = words(before, after, worse=True)
    assert "t['w']: 2 → 3 wrong components" in said
    assert "components that are now among the wrong ones: t['w'][3], t['w'][2]" in said
    assert "components that are no longer among the wrong ones: t['w'][0]" in said
    assert not any(one.startswith("verdict") for one in said)


@pytest.mark.parametrize(
    ("before", "after", "said", "worse"),
    [
        (Run({"a": RIGHT}), Run({"a": UNDECIDED}), "verdict: PASS → INCONCLUSIVE", True),
        (Run({"a": UNDECIDED}), Run({"a": checked(2)}), "verdict: INCONCLUSIVE → FAIL", True),
        (Run({"a": checked(2)}), Run({"a": UNDECIDED}), "verdict: FAIL → INCONCLUSIVE", False),
        (Run({"a": RIGHT}), Run({}), "is gone", False),
        (Run({}), Run({"a": RIGHT}), "is new: PASS", False),
        (Run({}), Run({"a": checked(2)}), "is new: FAIL, ", True),
        (Run({"a": RIGHT}), Run({}, {"a": "raised"}), "can no longer be run: raised", True),
        (Run({}, {"a": "x"}), Run({"a": RIGHT}), "can be run again: PASS", False),
        (Run({}, {"a": "x"}), Run({"a": checked(2)}), "can be run again: FAIL", True),
        (Run({}, {"a": "x"}), Run({}, {"a": "y"}), "still cannot be run, for another", False),
        (Run({}, {"a": "x"}), Run({}, {"a": "x"}), "", False),
    ],
)
def test_problems_that_come_and_go(before: Run, after: Run, said: str, worse: bool) -> None:
    found = words(before, after, worse=worse)
    assert found[0].startswith(said) if said else not found


CHANGED: dict[str, tuple[Callable[[gp.Report], gp.Report], str]] = {
    "coarser": (
        lambda r: dataclasses.replace(r, resolution=1e-3),
        "→ 1e-03; errors have to be larger to be seen",
    ),
    "finer": (
        lambda r: dataclasses.replace(r, resolution=1e-9),
        "→ 1e-09; smaller errors are seen",
    ),
    "price": (
        lambda r: dataclasses.replace(r, evaluations=1234),
        f"price: {RIGHT.evaluations} → 1,234 evaluations",
    ),
    "gone": (
        lambda r: dataclasses.replace(r, leaves=r.leaves[:1]),
        "tensors that are gone: t['b']",
    ),
}


@pytest.mark.parametrize(("change", "said"), CHANGED.values(), ids=list(CHANGED))
def test_resolution_price_and_tensors_are_told_and_no_worse(
    change: Callable[[gp.Report], gp.Report], said: str
) -> None:
    found = words(Run({"a": RIGHT}), Run({"a": change(RIGHT)}), worse=False)
    assert len(found) == 1
    assert said in found[0]


def test_a_slightly_other_price_or_resolution_is_no_change() -> None:
    near = dataclasses.replace(
        RIGHT, evaluations=RIGHT.evaluations + 1, resolution=RIGHT.resolution * 1.5
    )
    assert changes(Run({"a": RIGHT}), Run({"a": near})) == {}


def save(name: str, run: Run) -> str:
    Path(name).write_text(json.dumps(run.to_dict()))
    return name


def test_the_command_prints_it_and_ends_with_1_only_if_something_is_worse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    good = save("good.json", Run({"p::a": RIGHT, "p::b": RIGHT}))
    bad = save("bad.json", Run({"p::a": RIGHT, "p::b": checked(factor_b=2)}))
    worse = CliRunner().invoke(app, ["diff", good, bad], env={"COLUMNS": "100"})
    assert worse.exit_code == 1
    assert worse.output.splitlines()[:3] == [
        "WORSE    p::b",
        "         verdict: PASS → FAIL, 1 of 2 tensors is wrong",
        "         t['b']: pass → fail",
    ]
    assert worse.output.splitlines()[-1] == "nothing changed in 1 problem"
    better = CliRunner().invoke(app, ["diff", bad, good], env={"COLUMNS": "60"})
    assert better.exit_code == 0
    assert better.output.startswith("CHANGED  p::b\n")
    assert max(map(len, better.output.splitlines())) <= 60
    same = CliRunner().invoke(app, ["diff", good, good])
    assert (same.exit_code, same.output) == (0, "nothing changed in 2 problems\n")


def test_reports_alone_are_compared_whatever_their_files_are_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    gp.write(RIGHT, "monday.json")
    gp.write(checked(2), "tuesday.json")
    done = CliRunner().invoke(app, ["diff", "monday.json", "tuesday.json"])
    assert done.exit_code == 1
    assert done.output.startswith("WORSE    report\n         verdict: PASS → FAIL")
