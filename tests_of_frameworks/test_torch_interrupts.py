"""Wherever Ctrl-C comes in, a module and its state are put back, and it can be checked again."""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch
from tests.interrupts import moments, run

import gradproof as gp


# What torch does when a tensor goes is interrupted, too: Python ignores that, and pytest tells it.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_module_is_as_it_was_wherever_a_check_is_interrupted() -> None:
    generator = torch.Generator().manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Linear(3, 3), torch.nn.BatchNorm1d(3), torch.nn.Linear(3, 1)
    ).double()
    x = torch.randn(4, 3, generator=generator, dtype=torch.float64)
    model[0].bias.grad = torch.ones(3, dtype=torch.float64)
    model[2].bias.requires_grad_(False)

    def loss(model: Any) -> Any:
        return (model(x) ** 2).sum() + torch.rand(()).double()

    def check() -> gp.Report:
        return gp.check(loss, gp.autodiff, model)

    def state() -> Any:
        return (
            {name: value.numpy().tobytes() for name, value in model.state_dict().items()},
            [
                (one.data_ptr(), one.requires_grad, None if one.grad is None else one.grad.tolist())
                for one in model.parameters()
            ],
            model.training,
            bytes(torch.get_rng_state().numpy()),
            random.getstate(),
        )

    assert check().passed
    calls = run(check)
    for number in moments(calls, last=25, others=5):
        before = state()
        run(check, number)
        assert state() == before, number
    assert check().passed
