"""The commands and their options; what they do lives beside."""

import enum
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markdown import Markdown

from gradproof._base.errors import GradproofError
from gradproof._base.version import __version__
from gradproof.api.explain import codes as all_codes
from gradproof.api.explain import explain as page
from gradproof.cli.running import run_targets

app = typer.Typer(
    help="Is this gradient really the derivative of this function, and if not, where and why?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

_MAXIMUM_WIDTH = 100


class Demo(enum.StrEnum):
    """What there is to show."""

    DIGITS = "digits"
    SKLEARN = "sklearn"


def _console() -> Console:
    console = Console()
    console.width = min(console.width, _MAXIMUM_WIDTH)
    return console


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
def check(
    targets: Annotated[
        list[str], typer.Argument(metavar="FILE[::NAME]...", help="Files with problems.")
    ],
    json_path: Annotated[
        Path | None, typer.Option("--json", help="Write all reports to this file, as JSON.")
    ] = None,
    rtol: Annotated[float | None, typer.Option(help="The relative error that is right.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the random numbers.")] = 0,
) -> None:
    """Check the problems in files: functions decorated with @gradproof.problem.

    Exit code: 0 all pass, 1 some fail, 2 usage or broken input, 3 some are inconclusive.
    """
    if rtol is not None and not 0 < rtol < 1:
        raise typer.BadParameter(
            f"found {rtol}, expected a number between 0 and 1", param_hint="--rtol"
        )
    outcome = run_targets(targets, _console(), rtol=rtol, seed=seed)
    if json_path is not None:
        try:
            json_path.write_text(json.dumps(outcome.to_dict(), indent=2, allow_nan=False) + "\n")
        except OSError as error:
            typer.echo(f"gradproof: {json_path}: cannot be written ({error.strerror})", err=True)
            raise typer.Exit(2) from None
    raise typer.Exit(outcome.exit_code)


@app.command()
def explain(
    code: Annotated[str, typer.Argument(metavar="CODE", help="A code or a name, such as GP103.")],
) -> None:
    """Show what a code means, how it comes about, and what to do."""
    console = _console()
    if console.is_terminal:
        console.print(Markdown(page(code)))
    else:
        typer.echo(page(code), nl=False)


@app.command()
def codes() -> None:
    """List all codes with their names."""
    for code, name in all_codes().items():
        typer.echo(f"{code}  {name}")


@app.command()
def demo(
    what: Annotated[Demo, typer.Argument(help="What to show.")] = Demo.DIGITS,
    size: Annotated[int, typer.Option(min=8, help="Height and width of an image.")] = 64,
    channels: Annotated[int, typer.Option(min=1, help="Channels of an image.")] = 3,
    seed: Annotated[int, typer.Option(min=0, help="Draws the image and the weights.")] = 0,
) -> None:
    """Show gradproof at work: on a network from scratch, or on scikit-learn's MLPRegressor."""
    if what is Demo.SKLEARN:
        from gradproof.demo import mlp_regressor

        as_claimed = mlp_regressor.run(_console(), seed=seed)
    else:
        from gradproof.demo import digits

        as_claimed = digits.run(_console(), size=size, channels=channels, seed=seed)
    if not as_claimed:
        raise typer.Exit(1)


def main() -> None:
    """Run the command line; the entry point of the ``gradproof`` script."""
    try:
        app()
    except GradproofError as error:
        typer.echo(f"gradproof: {error}", err=True)
        raise SystemExit(2) from None
