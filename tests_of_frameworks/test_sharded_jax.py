"""Arrays of JAX that are sharded over four devices are checked where they are."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(__file__).with_name("sharded_jax.py")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Any:
    there = tmp_path_factory.mktemp("devices") / "found.json"
    ended = subprocess.run(
        [sys.executable, str(PROGRAM), str(there)],
        env={**os.environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=4"},
        stderr=subprocess.PIPE,
        text=True,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(there.read_text("utf-8"))


@pytest.mark.parametrize(
    "name", ["autodiff", "leaves", "arrays", "pair", "donated", "low", "lower"]
)
def test_right_gradients_pass(name: str, found: Any) -> None:
    assert found[name]["verdict"] == "pass", found[name]
    assert found[name]["evaluations"] <= 50
    assert found[name]["certificate"] is not None


def test_a_wrong_gradient_in_half_precision_fails(found: Any) -> None:
    assert found["lower, off"]["verdict"] == "fail"


def test_an_error_in_one_shard_fails(found: Any) -> None:
    report = found["wrong"]
    assert report["verdict"] == "fail"
    assert [leaf["address"] for leaf in report["leaves"] if leaf["verdict"] == "fail"] == ["p['W']"]


def test_f_gets_arrays_that_are_sharded_as_the_point_is(found: Any) -> None:
    assert found["sharded"]
    assert found["restored"]


def test_what_needs_the_whole_is_refused(found: Any) -> None:
    assert found["refused"].startswith("gradient: found a gp.JVP, expected a gradient")
    assert found["complex"].startswith("p['z']: found complex numbers, expected real ones where")
