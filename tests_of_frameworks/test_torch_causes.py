"""The examples of the catalogue that need PyTorch."""

import re
from typing import Any

import pytest

from gradproof.judge.catalogue import Cause
from gradproof.judge.causes import CATALOGUE

OF_TORCH = [cause for cause in CATALOGUE.values() if "import torch" in cause.text]


@pytest.mark.parametrize("cause", OF_TORCH, ids=lambda cause: cause.code)
def test_the_example_runs_and_yields_the_code(cause: Cause) -> None:
    (example,) = re.findall(r"^```python\n(.*?)^```$", cause.text, re.M | re.S)
    namespace: dict[str, Any] = {"__name__": "example"}
    exec(compile(example, f"<{cause.code}>", "exec"), namespace)
    assert cause.code in [found.code for found in namespace["report"].causes]
