"""Every example in the README and the documentation runs as it stands."""

import doctest
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_run(page: Path) -> None:
    result = doctest.testfile(
        str(page), module_relative=False, optionflags=doctest.ELLIPSIS, encoding="utf-8"
    )
    assert result.failed == 0


def test_the_pages_have_examples() -> None:
    parser = doctest.DocTestParser()
    with_examples = {page.name for page in PAGES if parser.get_examples(page.read_text())}
    assert {"README.md", "textbook.md", "index.md"} <= with_examples
