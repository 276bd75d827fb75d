"""The commands and their options; what they do lives beside."""

import contextlib
import enum
import math
import sys
from pathlib import Path
from typing import IO, Annotated, cast

import typer
from rich.console import Console
from rich.markdown import Markdown

from gradproof._base.errors import GradproofError, InputError, MissingExtra
from gradproof._base.text import InertStream, inert, printable
from gradproof._base.version import __version__
from gradproof.api.explain import codes as all_codes
from gradproof.api.explain import explain as page
from gradproof.cli.comparing import compare
from gradproof.cli.formats import Format, writable, writable_folder, write_files
from gradproof.cli.processes import processes
from gradproof.cli.running import Listener, run_targets
from gradproof.cli.starting import Starter, start
from gradproof.cli.telling import tell, tell_error, tell_report, tell_total
from gradproof.judge.reading import read
from gradproof.render.terminal import WIDEST

app = typer.Typer(
    help="Is this gradient really the derivative of this function, and if not, where and why?",
    epilog="""\b
Begin with:
  gradproof init numpy
  gradproof check test_gradients.py
""",
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help, for any terminal and any width
    add_completion=False,
    pretty_exceptions_enable=False,
)

_MOST_JOBS = 1024

_FormatOption = Annotated[
    Format,
    typer.Option(
        "--format",
        help="What is printed instead of the text: github makes annotations, junit and sarif are "
        "files for continuous integration.",
    ),
]
_OutputOption = Annotated[
    Path | None,
    typer.Option(
        "--output",
        metavar="PATH",
        callback=writable,
        help="Write the format to this file; print the text.",
    ),
]
_HtmlOption = Annotated[
    Path | None,
    typer.Option(
        "--html", metavar="PATH", callback=writable, help="Write all reports to a web page."
    ),
]
_JsonOption = Annotated[
    Path | None,
    typer.Option(
        "--json",
        metavar="PATH",
        callback=writable,
        help="Write all reports as JSON, for gradproof show and diff.",
    ),
]


class Demo(enum.StrEnum):
    """What there is to show."""

    DIGITS = "digits"
    SKLEARN = "sklearn"


def _console(*, stderr: bool = False) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    console = Console(file=cast("IO[str]", InertStream(stream)))
    console.width = min(console.width, WIDEST)
    return console


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"gradproof {__version__}")
        raise typer.Exit


def _understood(budget: str | None) -> str | None:
    """Return a budget, or refuse it once, and not for every problem."""
    from gradproof.engine.budget import budget_of  # with the first check, as the engine

    try:
        budget_of(budget)
    except InputError as error:
        raise typer.BadParameter(str(error).removeprefix("budget: ")) from None
    return budget


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass


@app.command(
    epilog="""\b
Examples:
  gradproof check models.py
  gradproof check models.py::loss --seed 3
  gradproof check models.py --format junit --output report.xml
"""
)
def check(
    targets: Annotated[
        list[str], typer.Argument(metavar="FILE[::NAME]", help="Files with problems.")
    ],
    form: _FormatOption = Format.TEXT,
    output: _OutputOption = None,
    html: _HtmlOption = None,
    json: _JsonOption = None,
    rtol: Annotated[
        float | None, typer.Option(metavar="NUMBER", help="The relative error that is right.")
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(
            metavar="SPEND",
            callback=_understood,
            help="For each problem: evaluations, or a time like 30s.",
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, metavar="NUMBER", help="Seed of the random numbers.")
    ] = 0,
    jobs: Annotated[
        int,
        typer.Option(
            "--jobs",
            "-j",
            min=1,
            max=_MOST_JOBS,
            metavar="NUMBER",
            help="Processes that evaluate what is slow (needs gradproof[parallel]).",
        ),
    ] = 1,
    timeout: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            help="What one evaluation may take with --jobs; what takes longer is ended.",
        ),
    ] = None,
    journal: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            callback=writable_folder,
            help="Keep what is evaluated in this folder, a file for each problem: where a run is "
            "ended, the same command goes on.",
        ),
    ] = None,
) -> None:
    """Check the problems in files.

    Problems are functions decorated with @gradproof.problem.

    Exit code: 0 all pass, 1 some fail, 2 usage or broken input, 3 some are inconclusive.
    """
    if rtol is not None and not 0 < rtol < 1:
        raise typer.BadParameter(
            f"found {rtol}, expected a number between 0 and 1", param_hint="--rtol"
        )
    if timeout is not None and jobs == 1:
        raise typer.BadParameter(
            "found it without --jobs 2 or more: what hangs in this process cannot be ended",
            param_hint="--timeout",
        )
    if timeout is not None and not 0 < timeout < math.inf:
        raise typer.BadParameter(
            f"found {timeout}, expected seconds, more than 0", param_hint="--timeout"
        )
    # What is printed is the text, or the format alone, so that it can be piped.
    quiet = form is not Format.TEXT and output is None
    console = _console()
    listener = Listener(
        lambda name, record: None if quiet else tell_report(name, record, console),
        lambda text: tell_error(text, _console(stderr=True) if quiet else console),
    )
    progress = _console(stderr=True)
    try:
        executor = processes(jobs, targets)
    except MissingExtra as error:
        raise typer.BadParameter(str(error), param_hint="--jobs") from None
    # Nor may what f prints come between.
    with contextlib.redirect_stdout(sys.stderr) if quiet else contextlib.nullcontext():
        run = run_targets(
            targets,
            listener,
            executor=executor,
            timeout=timeout,
            rtol=rtol,
            budget=budget,
            seed=seed,
            journals=journal,
            progress=progress,
        )
    if not quiet:
        tell_total(run, console)
    write_files(run, form, output=output, html=html, json=json)
    raise typer.Exit(run.exit_code)


@app.command(
    epilog="""\b
Examples:
  gradproof show run.json
  gradproof show run.json --format markdown
"""
)
def show(
    saved: Annotated[
        Path,
        typer.Argument(metavar="REPORT.json", help="What check --json or report.to_json() wrote."),
    ],
    form: _FormatOption = Format.TEXT,
    output: _OutputOption = None,
    html: _HtmlOption = None,
) -> None:
    """Show saved reports, in any format.

    Exit code: 0 whatever the verdicts are, 2 if the file holds no report.
    """
    run = read(saved)
    if form is Format.TEXT or output is not None:
        tell(run, _console())
    write_files(run, form, output=output, html=html, json=None)


@app.command(epilog="Example:  gradproof diff main.json branch.json")
def diff(
    before: Annotated[Path, typer.Argument(metavar="BEFORE.json", help="A saved run.")],
    after: Annotated[Path, typer.Argument(metavar="AFTER.json", help="A later one.")],
) -> None:
    """Say what changed between two saved runs.

    Verdicts, tensors, components, causes, resolution and price are compared.

    Worse is a verdict of a problem or tensor that is farther from a pass, more wrong components, a
    problem that can no longer be run, a new one that does not pass. Exit code: 1 if anything is
    worse, 0 if nothing is, 2 if a file holds no reports.
    """
    if compare(before, after, _console()):
        raise typer.Exit(1)


@app.command(epilog="Example:  gradproof init torch tests/test_gradients.py")
def init(
    starter: Annotated[
        Starter, typer.Argument(metavar="STARTER", help="One of numpy, torch, jax, scipy.")
    ],
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="The file, or a folder for it.")
    ] = Path("test_gradients.py"),
) -> None:
    """Write a file to start from.

    It runs as it is, with gradproof check and with pytest. Nothing is ever overwritten.

    Exit code: 0 written, 2 if the file is there already.
    """
    written = start(starter, path)
    name = printable(str(written))
    typer.echo(f"wrote {name}; now: gradproof check {name}")


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
    """Show gradproof at work.

    On a network from scratch, or on scikit-learn's MLPRegressor.
    """
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
        typer.echo(inert(f"gradproof: {error}"), err=True)
        raise SystemExit(2) from None
