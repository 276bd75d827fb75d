"""The command line: ``gradproof``."""

from typing import Annotated

import typer

from gradproof._base.errors import GradproofError
from gradproof._base.version import __version__

app = typer.Typer(
    help="Is this gradient really the derivative of this function, and if not, where and why?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

_MAXIMUM_WIDTH = 100


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"gradproof {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass


@app.command()
def demo(
    size: Annotated[int, typer.Option(min=1, help="Height and width of an image.")] = 64,
    channels: Annotated[int, typer.Option(min=1, help="Channels of an image.")] = 3,
    seed: Annotated[int, typer.Option(min=0, help="Draws the image and the weights.")] = 0,
) -> None:
    """Check a network from scratch on real digits, right and with two classic mistakes."""
    from rich.console import Console

    from gradproof.demo import digits

    console = Console()
    console.width = min(console.width, _MAXIMUM_WIDTH)
    if not digits.run(console, size=size, channels=channels, seed=seed):
        raise typer.Exit(1)


def main() -> None:
    """Run the command line; the entry point of the ``gradproof`` script."""
    try:
        app()
    except GradproofError as error:
        typer.echo(f"gradproof: {error}", err=True)
        raise SystemExit(2) from None
