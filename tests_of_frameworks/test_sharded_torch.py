"""Two ranks that hold the parameters together: one report, and nothing that they disagree on."""

import copy
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(__file__).with_name("sharded_torch.py")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("ranks")
    ranks = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", str(PROGRAM), str(folder)],
            env={**os.environ, "RANK": str(rank), "WORLD_SIZE": "2"},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    try:
        said = [rank.communicate(timeout=300)[1] for rank in ranks]
    finally:
        for rank in ranks:
            rank.kill()
    assert [rank.returncode for rank in ranks] == [0, 0], "\n".join(said)
    return [json.loads((folder / f"{rank}.json").read_text("utf-8")) for rank in range(2)]


@pytest.fixture
def of_ranks(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return copy.deepcopy(told)


@pytest.fixture
def found(of_ranks: list[dict[str, Any]]) -> dict[str, Any]:
    return of_ranks[0]


def failed(report: dict[str, Any]) -> list[str]:
    return [leaf["address"] for leaf in report["leaves"] if leaf["verdict"] == "fail"]


def test_every_rank_has_the_same_report(of_ranks: list[dict[str, Any]]) -> None:
    of_rank_0, of_rank_1 = of_ranks
    for rank in (of_rank_0, of_rank_1):
        assert "raised" in rank.pop("broken")  # who raised says more
        rank.pop("peak")
    assert of_rank_0 == of_rank_1


@pytest.mark.parametrize("name", ["right", "by hand", "leaves", "module"])
def test_right_gradients_pass(name: str, found: dict[str, Any]) -> None:
    report = found[name]
    assert report["verdict"] == "pass", report
    assert report["evaluations"] <= 50
    assert report["certificate"]["bound"] < (1.0 if name == "leaves" else 1e-4)


def test_leaves_have_the_names_and_shapes_of_the_whole(found: dict[str, Any]) -> None:
    leaves = [(leaf["address"], leaf["shape"]) for leaf in found["right"]["leaves"]]
    assert leaves == [("p['W']", [7, 5]), ("p['V']", [6, 7]), ("p['b']", [7]), ("p['c']", [6])]
    assert found["module"]["leaves"][0]["address"] == "module[0].weight"


def test_a_wrong_tensor_is_named(found: dict[str, Any]) -> None:
    assert found["wrong"]["verdict"] == "fail"
    assert failed(found["wrong"]) == ["p['V']"]


def test_an_error_in_one_shard_is_seen(found: dict[str, Any]) -> None:
    assert found["one"]["verdict"] == "fail"
    assert failed(found["one"]) == ["p['W']"]


def test_a_gradient_of_another_scale_than_the_value_fails(found: dict[str, Any]) -> None:
    assert found["own batch"]["verdict"] == "fail"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("other value", "the value of f: found"),
        ("own value", "all_reduce"),
        ("other claim", "gradient: found another gradient for p['b'] on rank 1"),
        ("other point", "at: found other numbers for p['c'] on rank 1"),
        ("other seed", "seed: found 0 on rank 0 and 1 on rank 1"),
        ("every", "plan: found 'every'"),
        ("partial", "redistribute it"),
        ("complex", "p['z']: found complex numbers, expected real ones"),
    ],
)
def test_what_ranks_disagree_on_is_told(name: str, words: str, found: dict[str, Any]) -> None:
    assert found[name]["raised"] == "InputError"
    assert words in found[name]["text"]


def test_what_one_rank_raises_ends_it_on_all(of_ranks: list[dict[str, Any]]) -> None:
    assert [rank["broken"]["raised"] for rank in of_ranks] == ["RuntimeError", "OSError"]
    assert "verdict" in of_ranks[0]["undefined"]  # an edge of the domain for all


def test_budgets_and_interruptions_end_it_on_all(found: dict[str, Any]) -> None:
    assert found["budget"]["evaluations"] <= 12
    assert found["budget"]["verdict"] == "inconclusive"
    assert found["interrupted"]["notes"][-1].endswith("it was interrupted")


@pytest.mark.parametrize("name", ["restored", "module restored", "module learns"])
def test_everything_is_put_back(name: str, of_ranks: list[dict[str, Any]]) -> None:
    assert all(rank[name] for rank in of_ranks)


def test_a_rank_takes_one_copy_of_its_shards(of_ranks: list[dict[str, Any]]) -> None:
    for rank in of_ranks:
        assert rank["memory"]
        assert rank["peak"] < rank["shard"] + (32 << 20)
