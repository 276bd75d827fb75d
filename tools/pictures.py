"""Draw the pictures of the README: a check in a terminal, and a page in a browser.

``make pictures`` runs this; it needs Chromium, and writes to ``docs/pictures``.
"""

import io
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from rich.console import Console

import gradproof as gp
from gradproof.cli.running import Listener, run_targets
from gradproof.cli.telling import tell_error, tell_report
from gradproof.textbook import network

Tensors = dict[str, npt.NDArray[np.float64]]
ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "pictures"
EXAMPLE = "examples/regression.py"
_WIDTH = 100
_SIZE = 1200, 1370
_FONTS = 'ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace'


def terminal() -> Console:
    """Return a console on which the example was checked, as a terminal shows it."""
    console = Console(
        width=_WIDTH, record=True, force_terminal=True, color_system="truecolor", file=io.StringIO()
    )
    console.print(f"$ gradproof check {EXAMPLE}", highlight=False)
    listener = Listener(
        lambda name, record: tell_report(name, record, console),
        lambda text: tell_error(text, console),
    )
    quiet = Console(file=io.StringIO())
    before = Path.cwd()
    os.chdir(ROOT)
    try:
        run_targets([EXAMPLE], listener, rtol=None, budget=None, seed=0, progress=quiet)
    finally:
        os.chdir(before)
    return console


def as_svg(console: Console) -> str:
    """Return what a console shows as a picture that loads nothing, in the reader's own font."""
    svg = console.export_svg(title="gradproof", unique_id="gradproof")
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    return re.sub(r"[ \t]+\n", "\n", svg.replace("Fira Code, monospace", _FONTS))


def network_with_a_doubled_row() -> gp.Report:
    """Return the report of a network from scratch, one row of its gradient doubled."""
    rng = np.random.default_rng(1)
    X, Y = rng.standard_normal((14, 6)), (rng.random((1, 6)) < 0.5).astype(float)
    parameters = network.initialize_parameters([14, 9, 4, 1], seed=1)

    def cost(parameters: Tensors) -> float:
        return network.forward_prop_cost(X, parameters, Y, "tanh")

    def gradients(parameters: Tensors) -> Tensors:
        AL, caches = network.L_model_forward(X, parameters, "tanh")
        found = dict(network.L_model_backward(AL, Y, caches, "tanh"))
        found["dW1"] = found["dW1"] * np.where(np.arange(9) == 5, 2.0, 1.0)[:, None]
        return found

    return gp.check(cost, gradients, parameters)


def page(path: Path) -> None:
    """Write a picture of the page about a report."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or "google-chrome"
    with tempfile.TemporaryDirectory() as folder:
        html, shot = Path(folder) / "network.html", Path(folder) / "page.png"
        gp.write({"network": network_with_a_doubled_row()}, html)
        command = [chromium, "--headless=new", "--hide-scrollbars", "--no-sandbox"]
        command += [f"--window-size={_SIZE[0]},{_SIZE[1]}", f"--screenshot={shot}", html.as_uri()]
        subprocess.run(command, check=True, capture_output=True)
        Image.open(shot).convert("RGB").quantize(96).save(path, optimize=True)


def main() -> None:
    """Draw both pictures."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "terminal.svg").write_text(as_svg(terminal()), encoding="utf-8")
    page(FOLDER / "page.png")
    for path in sorted(FOLDER.iterdir()):
        print(f"{path.relative_to(ROOT)}  {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
