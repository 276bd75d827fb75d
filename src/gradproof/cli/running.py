"""``gradproof check``: every problem a line, and details of what does not pass."""

import dataclasses
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from gradproof._base.errors import GradproofError
from gradproof._base.outcomes import Verdict
from gradproof.api.check import check
from gradproof.api.report import Report
from gradproof.cli.loading import Found, load, make, problems_of, split_target
from gradproof.render.progress import progress_bar
from gradproof.render.terminal import show
from gradproof.render.words import printable

_OURS = str(Path(__file__).parents[1])  # not any folder of the user's that is called gradproof
_LONG_WORK = 20_000  # evaluations in one stretch that deserve a progress bar


@dataclasses.dataclass(eq=False, repr=False)
class Outcome:
    """All reports by the name of their problem, and what could not be run."""

    reports: dict[str, Report] = dataclasses.field(default_factory=dict)
    errors: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """2 where something could not be run, else 1 for a fail, 3 for an inconclusive."""
        verdicts = {report.verdict for report in self.reports.values()}
        if self.errors:
            return 2
        if Verdict.FAIL in verdicts:
            return 1
        return 3 if Verdict.INCONCLUSIVE in verdicts else 0

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        reports = {name: report.to_dict() for name, report in self.reports.items()}
        return {"reports": reports, "errors": self.errors}


def run_targets(
    targets: Sequence[str], console: Console, *, rtol: float | None, seed: int
) -> Outcome:
    """Check all problems of all targets, and print as it goes."""
    outcome = Outcome()
    for target in targets:
        for name, found in _collected(target, outcome, console):
            report = _checked(name, found, outcome, console, rtol=rtol, seed=seed)
            if report is not None:
                outcome.reports[name] = report
                _print(name, report, console)
    if len(outcome.reports) + len(outcome.errors) > 1:
        _print_total(outcome, console)
    return outcome


def _collected(target: str, outcome: Outcome, console: Console) -> Iterator[tuple[str, Found]]:
    try:
        path, wanted = split_target(target)
        found = list(problems_of(load(path), path, wanted))
    except GradproofError as error:
        _complain(target, str(error), outcome, console)
    except (Exception, SystemExit) as error:
        _complain(target, f"{target}: does not import\n{_told(error)}", outcome, console)
    else:
        yield from ((f"{path}::{one.name}", one) for one in found)


def _checked(
    name: str,
    found: Found,
    outcome: Outcome,
    console: Console,
    *,
    rtol: float | None,
    seed: int,
) -> Report | None:
    with progress_bar(console) as bar:

        def progress(done: int, total: int) -> None:
            if total >= _LONG_WORK:
                if not bar.tasks:
                    bar.add_task(name, total=total)
                bar.update(bar.task_ids[0], completed=done, total=total)

        try:
            return check(make(found), rtol=rtol, seed=seed, progress=progress)
        except GradproofError as error:
            _complain(name, f"{name}: {error}", outcome, console)
        except (Exception, SystemExit) as error:
            _complain(name, f"{name}: raised\n{_told(error)}", outcome, console)
    return None


def _told(error: BaseException) -> str:
    """Return the user's own frames of a traceback, the last ones, and the exception."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith((_OURS, "<frozen importlib"))
    ]
    lines = [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames[-3:]]
    return "\n".join([*lines, *("  " + line.rstrip() for line in _message(error))])


def _message(error: BaseException) -> list[str]:
    return "".join(traceback.format_exception_only(error)).splitlines()


def _complain(name: str, text: str, outcome: Outcome, console: Console) -> None:
    outcome.errors[name] = text
    console.print(Text.assemble(("ERROR         ", "bold red"), printable(text)))


def _print(name: str, report: Report, console: Console) -> None:
    style = {Verdict.PASS: "green", Verdict.FAIL: "bold red"}.get(report.verdict, "yellow")
    console.print(
        Text.assemble(
            (f"{report.verdict.value.upper():<14}", style),
            (printable(name), "bold"),
            f"   {printable(report.headline)}" if report.passed else "",
        )
    )
    if report.verdict is not Verdict.PASS:
        console.print()
        show(report, console)
        console.print()


def _print_total(outcome: Outcome, console: Console) -> None:
    verdicts = [report.verdict for report in outcome.reports.values()]
    counts = [(str(verdicts.count(verdict)), verdict.value) for verdict in Verdict]
    parts = [f"{count} {word}" for count, word in counts if count != "0"]
    if outcome.errors:
        parts.append(f"{len(outcome.errors)} could not be run")
    evaluations = sum(report.evaluations for report in outcome.reports.values())
    console.print(f"\n{', '.join(parts)}   {evaluations:,} evaluations", highlight=False)
