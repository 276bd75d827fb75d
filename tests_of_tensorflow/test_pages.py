"""The pages about TensorFlow run as they stand."""

from pathlib import Path

import pytest
from tests.pages import pages_of, run_page

PAGES = pages_of("tests_of_tensorflow")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_run(page: Path, tmp_path: Path) -> None:
    assert run_page(page, tmp_path) > 2
