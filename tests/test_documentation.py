"""Every example in the README and the documentation runs as it stands."""

import doctest
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OF_FRAMEWORKS = {"frameworks.md"}  # `tests_of_frameworks` runs them
PAGES = sorted(
    page for page in [ROOT / "README.md", *ROOT.glob("docs/*.md")] if page.name not in OF_FRAMEWORKS
)


def examples(page: Path) -> doctest.DocTest:
    """Return the examples of a page; a fence ends what an example is expected to print."""
    text = page.read_text(encoding="utf-8").replace("```", "")
    return doctest.DocTestParser().get_doctest(text, {}, page.name, str(page), 0)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_run(page: Path) -> None:
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    runner.run(examples(page))
    assert runner.failures == 0


def test_the_pages_have_examples() -> None:
    with_examples = {page.name for page in PAGES if examples(page).examples}
    assert {"README.md", "checking.md", "textbook.md", "index.md"} <= with_examples


def test_a_wrong_example_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```python\n>>> 1 + 1\n3\n```\n")
    runner = doctest.DocTestRunner()
    runner.run(examples(page), out=lambda text: None)
    assert runner.failures == 1
