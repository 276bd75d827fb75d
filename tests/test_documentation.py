"""Every example in the README and the documentation runs as it stands, and no link is broken."""

import re
from pathlib import Path

import pytest
from tests.pages import ROOT, pages, pages_of, run_page, same

PAGES = pages_of("tests")


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_examples_run(page: Path, tmp_path: Path) -> None:
    run_page(page, tmp_path)


def test_the_pages_have_examples() -> None:
    with_examples = {name_of(page) for page in PAGES if "```python" in page.read_text()}
    assert {"README.md", "docs/index.md", "docs/textbook.md", "docs/limits.md"} <= with_examples
    assert {"docs/explanation/verdict.md", "docs/howto/functions.md"} <= with_examples


@pytest.mark.parametrize(
    "wrong",
    [
        "```python\n>>> 1 + 1\n3\n```\n",
        "```python\nassert False\n```\n",
        "```python\nprint(1)\n```\n\n```text\n2\n```\n",
        "```console\n$ gradproof codes\nGP100  nothing\n```\n",
    ],
)
def test_a_wrong_example_is_seen(wrong: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(wrong)
    with pytest.raises(AssertionError):
        run_page(page, tmp_path)


def test_what_noise_decides_may_differ_and_nothing_else() -> None:
    assert same("pass  right to 2.9e-07  0.02 s", "pass  right to 3.1e-08   11.4 s\n")
    assert not same("pass  right to 2.9e-07", "FAIL  right to 2.9e-07")
    assert not same("1.5 times", "2.5 times")


@pytest.mark.parametrize("page", [*pages(), ROOT / "CONTRIBUTING.md"], ids=name_of)
def test_files_that_are_linked_are_there(page: Path) -> None:
    """Sphinx looks at the links between pages; it does not see the README, nor what is no page."""
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    for link in links:
        if "://" not in link and "causes/" not in link:  # those pages are made by the build
            assert (page.parent / link).exists(), link
