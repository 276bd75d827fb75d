"""The examples about frameworks run as they stand."""

import doctest
from pathlib import Path

import pytest

import gradproof.torch

PAGE = Path(__file__).parents[1] / "docs" / "frameworks.md"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_examples_run() -> None:
    text = PAGE.read_text(encoding="utf-8").replace("```", "")
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    runner.run(doctest.DocTestParser().get_doctest(text, {}, PAGE.name, str(PAGE), 0))
    assert runner.summarize(verbose=False).attempted > 10
    assert runner.failures == 0


def test_examples_in_docstrings_run() -> None:
    assert doctest.testmod(gradproof.torch) == (0, 5)
