"""The notebook of the quick start, run as a reader runs it, and what it shows."""

import json
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[2] / "examples" / "quick_start.ipynb"
pytestmark = pytest.mark.integration


class Client(NotebookClient):
    """Keeps every message of the kernel: bars are gone when a cell has ended."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.shown: list[str] = []

    def process_message(self, msg: Any, cell: Any, cell_index: int) -> Any:
        if msg["msg_type"] in ("display_data", "update_display_data"):
            self.shown.append(msg["content"]["data"].get("text/html", ""))
        return super().process_message(msg, cell, cell_index)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Client, Path]:
    folder = tmp_path_factory.mktemp("notebook")
    notebook = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    nbformat.validate(notebook)
    where = {"metadata": {"path": str(folder)}}
    client = Client(notebook, kernel_name="python3", timeout=300, resources=where)
    client.execute()
    return client, folder


def results(client: Client, kind: str) -> list[str]:
    """Return what cells show, in one kind of content."""
    outputs = [one for cell in client.nb.cells for one in cell.get("outputs", [])]
    assert all(one.output_type in ("execute_result", "display_data") for one in outputs), outputs
    return [one.data[kind] for one in outputs if kind in one.get("data", {})]


def test_reports_are_shown_as_pages_and_written_as_markdown(done: tuple[Client, Path]) -> None:
    shown = [one for one in results(done[0], "text/html") if "gradproof-report" in one]
    assert [re.findall(r'class="mark">(\w+)<', one) for one in shown] == [
        ["FAIL"],
        ["PASS"],
        ["PASS"],
    ]
    assert "claimed = 1.5000 × measured" in shown[0]
    assert "<script" not in shown[0]
    first, page, *_ = results(done[0], "text/markdown")
    assert first.startswith("**gradproof FAIL: 1 of 3 tensors is wrong**")
    assert page.startswith("# GP302 constant-factor")


def test_the_picture_is_drawn_without_pyplot(done: tuple[Client, Path]) -> None:
    (picture,) = results(done[0], "image/png")
    assert picture.startswith("iVBOR")
    assert len(picture) > 20_000


def test_a_bar_moves_and_is_gone_at_the_end(done: tuple[Client, Path]) -> None:
    bars = [one for one in done[0].shown if one.startswith("<progress ")]
    told = [re.search(r'value="(\d+)" max="(\d+)"', one) for one in bars]
    places = [(int(one[1]), int(one[2])) for one in told if one is not None]
    assert len(set(places)) == len(bars) >= 3
    assert all(0 < done <= total for done, total in places)
    assert any(
        re.search(r"gradproof: \d+ of \d+ evaluations, about \d+ s left", one) for one in bars
    )
    assert not any("<progress" in one for one in results(done[0], "text/html"))


def test_the_page_is_written(done: tuple[Client, Path]) -> None:
    page = (done[1] / "gradients.html").read_text(encoding="utf-8")
    assert "<title>gradproof: 1 pass, 1 fail</title>" in page


def test_the_notebook_is_kept_without_outputs() -> None:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    assert NOTEBOOK.stat().st_size < 10_000
