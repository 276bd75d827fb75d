"""Tensors that are not in our memory, as those on a GPU: they follow every move of the buffers."""

from typing import Any

import numpy as np
import pytest
import torch

import gradproof as gp
from gradproof.frameworks.torch_tensors import Tensor


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep tensors on the CPU, in memory of their own."""
    monkeypatch.setattr(Tensor, "shares_memory", property(lambda self: False))


def point(**options: Any) -> Any:
    torch.manual_seed(0)
    return {"W": torch.randn(6, 7, **options), "b": torch.randn(5, **options)}


def loss(p: Any) -> Any:
    return torch.sum(torch.sin(p["W"]) ** 2) + torch.sum(torch.exp(p["b"])) * torch.sum(p["W"])


def exact(p: Any) -> Any:
    s, W = torch.sum(torch.exp(p["b"])), p["W"]
    return {"W": torch.sin(2 * W) + s, "b": torch.exp(p["b"]) * torch.sum(W)}


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("plan", ["every", "leaves", "project"])
def test_what_is_right_passes_and_what_is_wrong_fails(plan: str, dtype: Any) -> None:
    at = point(dtype=dtype)
    report = gp.check(loss, exact, at, plan=plan)
    assert report.passed, report.summary()

    def wrong(p: Any) -> Any:
        found = exact(p)
        found["b"][3] *= 1.5
        return found

    report = gp.check(loss, wrong, at, plan=plan)
    assert report.verdict == "fail", report.summary()
    assert [one.address for one in report.culprits] == ["p['b'][3]"]


def test_a_tensor_is_written_in_place_and_not_sent_anew() -> None:
    seen = set()

    def f(p: Any) -> Any:
        seen.add(p["W"].data_ptr())
        return loss(p)

    assert gp.check(gp.Problem(f, exact, point(dtype=torch.float64), promote="never")).passed
    assert len(seen) <= 3  # at the beginning, at the end


def test_f_that_changes_its_argument_is_noticed() -> None:
    def f(p: Any) -> Any:
        value = loss(p)
        with torch.no_grad():
            p["b"].mul_(2)
        return value

    report = gp.check(f, exact, point(dtype=torch.float64))
    assert report.passed, report.summary()
    assert "GP102" in {cause.code for cause in report.causes}


def test_f_that_changes_it_only_away_from_the_point_is_noticed_too() -> None:
    at = point(dtype=torch.float64)
    b = at["b"].clone()

    def f(p: Any) -> Any:
        value = loss(p)
        if not torch.equal(p["b"], b):
            p["b"].mul_(2)
        return value

    report = gp.check(f, exact, at)
    assert report.passed, report.summary()
    assert torch.equal(at["b"], b)


def test_what_is_not_defined_leaves_the_tensor_at_the_point() -> None:
    def f(x: Any) -> Any:
        if bool(torch.any(x < 0)):
            raise ValueError("negative")
        return torch.sum(x**1.5 + x)

    at = torch.tensor([0.0, 1.0, 2.0], dtype=torch.float64)
    report = gp.check(f, lambda x: 1.5 * torch.sqrt(x) + 1, at)
    assert report.passed, report.summary()


def test_modules() -> None:
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.Tanh(), torch.nn.Linear(5, 1))
    before = {name: one.clone() for name, one in net.state_dict().items()}
    x = torch.randn(8, 4)
    report = gp.check(lambda net: torch.mean(net(x) ** 2), gp.autodiff, net)
    assert report.passed, report.summary()
    assert all(torch.equal(one, before[name]) for name, one in net.state_dict().items())
    assert np.isfinite(report.value)
