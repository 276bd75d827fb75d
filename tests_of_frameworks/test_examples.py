"""The examples about frameworks run as they stand."""

import doctest
from pathlib import Path

import pytest
from tests.pages import pages_of, run_page

import gradproof.torch

PAGES = pages_of("tests_of_frameworks")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_run(page: Path, tmp_path: Path) -> None:
    assert run_page(page, tmp_path) > 2


def test_examples_in_docstrings_run() -> None:
    assert doctest.testmod(gradproof.torch) == (0, 5)
