"""The bench of the causes: what counts as named, and what as named falsely."""

import numpy as np
import pytest
from benchmarks.diagnose.__main__ import main
from benchmarks.diagnose.naming import EXPECTED, Named, kind_of, table
from benchmarks.trust.mutations import mutations


def named(kind: str, *codes: str, verdict: str = "fail", tellable: bool = True) -> Named:
    return Named("f::c::m", kind, verdict, codes, tellable)


def test_every_mutation_has_a_kind() -> None:
    rng = np.random.default_rng(0)
    at = {"W": rng.standard_normal((3, 3)), "V": rng.standard_normal((2, 4)), "b": np.ones(4)}
    right = {key: rng.standard_normal(value.shape) for key, value in at.items()}
    kinds = {kind_of(name) for name, _ in mutations(right, at, rng, gradient=lambda x: {**x})}
    assert kinds >= set(EXPECTED) - {"swapped leaves"}
    with pytest.raises(ValueError, match="nobody"):
        kind_of("something new: leaf 3")


def test_what_counts() -> None:
    assert named("sign", "GP301").counts
    assert named("sign", "GP301").hit
    assert not named("sign", "GP399").hit
    assert not named("sign", "GP301", verdict="inconclusive").counts
    assert not named("factor", "GP302", tellable=False).counts
    assert not named("stale", "GP399").counts
    assert named("stale", "GP302").false
    assert named("sign", "GP302").false
    assert not named("sign", "GP301", "GP302").false
    assert not named("stale", "GP399", "GP412").false
    assert not named("absolute value", "GP301").false


def test_the_table_tells_hits_and_what_else_was_said() -> None:
    text = table([named("sign", "GP301"), named("sign", "GP399"), named("stale", "GP399")])
    assert "| sign | 2 | 2 | 2 | 1 (50.0%) | GP399: 1 |" in text
    assert "| stale | 1 | 1 | 0 | – | GP399: 1 |" in text


def test_a_small_family_from_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--family", "smoke sines", "--jobs", "1", "--list"]) == 0
    out = capsys.readouterr().out
    assert "Named: 100.00%" in out
    assert "false" not in out.replace("falsely", "")
