"""The directive `gradproof-help`: what a command prints with --help, as this version does."""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from typer.testing import CliRunner

from gradproof.cli.app import app as command_line


class Help(SphinxDirective):
    """Show the help of the command that is named; of the whole program without a name."""

    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Ask the command line itself."""
        wanted = [*self.arguments, "--help"]
        done = CliRunner().invoke(
            command_line, wanted, prog_name="gradproof", env={"COLUMNS": "90", "NO_COLOR": "1"}
        )
        if done.exit_code:
            raise self.error(f"gradproof {' '.join(wanted)} ended with {done.exit_code}")
        text = f"$ {' '.join(['gradproof', *wanted])}\n{done.output.strip()}"
        return [nodes.literal_block(text, text, language="console")]


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directive."""
    app.add_directive("gradproof-help", Help)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
