"""PyTorch conforms, and what does not conform is found."""

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch

from gradproof.conformance import Framework, _several_values, conformance

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning:torch.*",
    "ignore:.torch.jit.script. is not supported:FutureWarning",  # forward mode from Python 3.14 on
)


def numbers(tensor: Any) -> Any:
    return np.asarray(tensor.numpy())


TORCH = Framework(
    lambda array: torch.from_numpy(np.array(array)),
    numbers,
    torch.sin,
    torch.cos,
    torch.sum,
    modes=("reverse", "forward"),
)


def test_torch_conforms() -> None:
    assert len(conformance(TORCH)) == 8


def test_what_does_not_conform_is_found() -> None:
    wrong = dataclasses.replace(TORCH, cos=lambda t: 1.1 * torch.cos(t))
    with pytest.raises(AssertionError, match=r"1\. a right gradient did not pass"):
        conformance(wrong)
    with pytest.raises(AssertionError, match="products by hand did not pass"):
        _several_values(wrong)
    detached = dataclasses.replace(TORCH, sin=lambda t: torch.sin(t).detach())
    with pytest.raises(AssertionError, match=r"2\. what Autodiff"):
        conformance(detached)
