"""Functions of tensors and modules evaluated at many points at once by torch.func.vmap."""

import math
from typing import Any

import pytest
import torch
from torch import nn

import gradproof as gp

AT_ONCE = "f was evaluated at many points at once"
ONE_BY_ONE = "f was evaluated at one point after the other"
torch.manual_seed(0)
X, Y = torch.randn(64, 20, dtype=torch.float64), torch.randn(64, 1, dtype=torch.float64)


@pytest.fixture(autouse=True)
def _whatever_the_clock_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take batches to be quicker; whether they are is asked by a clock of its own."""
    monkeypatch.setattr("gradproof.engine.batching._QUICKER", (math.inf, 0.0))
    monkeypatch.setattr("gradproof.engine.batching._WORTH_WHILE", (0.0, 0.0))


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def network(*between: Any, dtype: Any = torch.float64) -> Any:
    return nn.Sequential(nn.Linear(20, 10), nn.Tanh(), *between, nn.Linear(10, 1)).to(dtype)


def loss(net: Any) -> Any:
    return ((net(X) - Y) ** 2).mean()


def batched(report: gp.Report) -> bool:
    return any(AT_ONCE in note for note in report.notes)


def one_by_one(report: gp.Report) -> bool:
    return any(ONE_BY_ONE in note for note in report.notes)


def state_of(net: Any) -> dict[str, Any]:
    return {name: one.clone() for name, one in net.state_dict().items()}


def is_as_before(net: Any, before: dict[str, Any]) -> bool:
    return all(torch.equal(one, before[name]) for name, one in net.state_dict().items())


class Square(torch.autograd.Function):
    """The square, whose derivative is wrong by a factor where it is asked for one."""

    @staticmethod
    def forward(ctx: Any, x: Any, factor: float) -> Any:
        ctx.save_for_backward(x)
        ctx.factor = factor
        return x * x

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (x,) = ctx.saved_tensors
        return 2 * ctx.factor * g * x, None


def test_a_module_is_evaluated_by_few_calls_and_left_as_it_was() -> None:
    net, calls = network(), []

    def counted(net: Any) -> Any:
        calls.append(1)
        return loss(net)

    before, parameters = state_of(net), list(net.parameters())
    report = gp.check(counted, gp.autodiff, net)
    assert report.passed, report.summary()
    assert batched(report)
    assert len(calls) < report.evaluations / 2
    assert is_as_before(net, before)
    assert all(one is other for one, other in zip(net.parameters(), parameters, strict=True))


def test_what_is_wrong_is_found_in_batches() -> None:
    net = network()

    def claim(net: Any) -> Any:
        loss(net).backward()
        found = {name: one.grad.clone() for name, one in net.named_parameters()}
        found["0.weight"][3, 4] *= 1.5
        return found

    report = gp.check(loss, claim, net)
    assert report.verdict == "fail"
    assert batched(report)
    assert [one.index for one in report.culprits] == [(3, 4)]


def test_tensors_and_modules_in_one_tree() -> None:
    net = network()
    at = {"net": net, "scale": torch.ones(5, 20, dtype=torch.float64, requires_grad=True)}
    before = state_of(net)
    report = gp.check(
        lambda p: loss(p["net"]) + torch.sin(p["net"](p["scale"] * 2)).sum(), gp.autodiff, at
    )
    assert report.passed, report.summary()
    assert batched(report)
    assert is_as_before(net, before)


def test_tied_weights_move_together() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encode = nn.Linear(20, 20, bias=False)
            self.decode = nn.Linear(20, 20, bias=False)
            self.decode.weight = self.encode.weight

        def forward(self, x: Any) -> Any:
            return self.decode(torch.tanh(self.encode(x)))

    report = gp.check(lambda net: (net(X) ** 2).mean(), gp.autodiff, Tied().double())
    assert report.passed, report.summary()
    assert batched(report)


def test_frozen_parameters_go_along() -> None:
    net = network()
    net[-1].requires_grad_(False)
    report = gp.check(loss, gp.autodiff, net)
    assert report.passed, report.summary()
    assert batched(report)


def test_a_module_in_float32_is_promoted_in_batches() -> None:
    net = network(dtype=torch.float32)
    report = gp.check(lambda net: ((net(X.float()) - Y.float()) ** 2).mean(), gp.autodiff, net)
    assert report.passed, report.summary()
    assert batched(report)
    assert any("promoted" in note for note in report.notes)
    assert all(one.dtype == torch.float32 for one in net.parameters())


def test_several_values_and_terms() -> None:
    W = torch.randn(10, 12, dtype=torch.float64, requires_grad=True)
    report = gp.check(lambda W: {"s": torch.sin(W), "p": (W @ W.T).sum()}, gp.autodiff, W)
    assert report.passed, report.summary()
    assert batched(report)
    report = gp.check(gp.Problem(torch.sin, gp.autodiff, W, terms="mean"))
    assert report.passed, report.summary()
    assert batched(report)


@pytest.mark.parametrize("factor", [1.0, 1.5])
def test_what_vmap_does_not_take_is_evaluated_one_by_one(factor: float) -> None:
    W = torch.randn(10, 12, dtype=torch.float64, requires_grad=True)
    report = gp.check(lambda W: Square.apply(W, factor).sum(), gp.autodiff, W)
    assert report.passed == (factor == 1.0)
    assert one_by_one(report)


def test_running_statistics_are_put_back() -> None:
    net = network(nn.BatchNorm1d(10))
    before = state_of(net)
    report = gp.check(loss, gp.autodiff, net)
    assert report.passed, report.summary()
    assert is_as_before(net, before)
    assert net.training


def test_dropout_has_the_same_mask_everywhere() -> None:
    net = network(nn.Dropout())
    report = gp.check(loss, gp.autodiff, net)
    assert report.passed, report.summary()
    assert not batched(report)


def test_an_f_that_branches_on_values_is_evaluated_one_by_one() -> None:
    W = torch.randn(10, 12, dtype=torch.float64, requires_grad=True)
    report = gp.check(
        lambda W: torch.sin(W).sum() if W.sum().item() > -1e9 else W.sum(), gp.autodiff, W
    )
    assert report.passed
    assert one_by_one(report)


def test_an_f_that_is_another_in_batches_is_noticed() -> None:
    """What an f keeps by itself is not a part of the batch."""
    W = torch.randn(10, 12, dtype=torch.float64, requires_grad=True)
    report = gp.check(
        lambda W: torch.sin(W).sum() * (1 + 1e-6 * torch._C._functorch.is_batchedtensor(W)),
        gp.autodiff,
        W,
    )
    assert report.passed
    assert any("many at once gave other values" in note for note in report.notes)


def test_compiled_functions_are_left_alone() -> None:
    net = torch.compile(network(), backend="eager")
    report = gp.check(loss, gp.autodiff, net)
    assert report.passed
    assert not batched(report)
    assert not one_by_one(report)


def test_a_function_of_batches_of_tensors() -> None:
    W = torch.randn(10, 12, dtype=torch.float64, requires_grad=True)
    calls = []

    def f(W: Any) -> Any:
        calls.append(len(W))
        return torch.sin(W).sum(dim=(1, 2))

    report = gp.check(gp.Problem(f, gp.autodiff, W, vectorized=True))
    assert report.passed, report.summary()
    assert batched(report)
    assert max(calls) > 1
    with pytest.raises(gp.InputError, match="for a batch of 1 with vectorized=True"):
        gp.check(gp.Problem(lambda W: torch.sin(W).sum(), gp.autodiff, W, vectorized=True))
