"""``gradproof check``: finding problems, checking them, and keeping what was found."""

import contextlib
import traceback
import urllib.parse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console

from gradproof._base.errors import GradproofError
from gradproof._base.text import printable
from gradproof.api.check import check
from gradproof.api.mark import made, place_of
from gradproof.cli.loading import Found, load, problems_of, split_target
from gradproof.judge.report import Record
from gradproof.judge.run import Run
from gradproof.render.progress import long_work

_OURS = str(Path(__file__).parents[1])  # not any folder of the user's that is called gradproof


class Listener(NamedTuple):
    """What is told as a run goes: reports by name, and what could not be run."""

    report: Callable[[str, Record], None]
    error: Callable[[str], None]


def run_targets(
    targets: Sequence[str],
    listener: Listener,
    *,
    rtol: float | None,
    budget: str | None,
    seed: int,
    executor: Any = None,
    timeout: float | None = None,
    journals: Path | None = None,
    progress: Console,
) -> Run:
    """Check all problems of all targets; the listener hears of each as soon as it is done.

    `executor` is of processes that evaluate, `journals` a folder with a journal for each problem.
    """
    run = Run()

    def complain(name: str, text: str) -> None:
        run.errors[name] = text
        listener.error(text)

    for target in targets:
        for name, found in _collected(target, complain):
            place = place_of(found.make)
            if place is not None:
                run.places[name] = place
            # Names of files are those of the folder in which the run began, wherever f goes.
            with contextlib.chdir("."), long_work(name, progress) as update:
                try:
                    problem = made(found.make, found.name)
                    differences = problem.reference is None  # else there is no use for some options
                    report = check(
                        problem,
                        rtol=rtol if differences else None,
                        budget=budget,
                        seed=seed,
                        progress=update,
                        executor=executor if differences else None,
                        timeout=timeout if differences else None,
                        journal=journals / _file_name(name) if journals and differences else None,
                    )
                except GradproofError as error:
                    notes = getattr(error, "__notes__", [])
                    complaint: str | None = "\n".join([f"{name}: {error}", *notes])
                except (Exception, SystemExit) as error:
                    complaint = f"{name}: raised\n{_told(error)}"
                else:
                    complaint = None
            if complaint is not None:
                complain(name, complaint)
            else:
                run.reports[name] = report
                listener.report(name, report)
                if report.interrupted:  # whoever wants an end does not mean one problem
                    return run
    return run


def _file_name(problem: str) -> str:
    """Return the name of a journal: that of the problem, in letters that a file may have."""
    return f"{urllib.parse.quote(problem, safe='')}.gp"


def _collected(target: str, complain: Callable[[str, str], None]) -> Iterator[tuple[str, Found]]:
    named = str(Path(target.partition("::")[0]))
    try:
        path, wanted = split_target(target)
        found = list(problems_of(load(path), path, wanted))
    except (Exception, SystemExit) as error:
        said = str(error)
        ours = isinstance(error, GradproofError) and said.startswith(printable(named))
        complain(target, said if ours else f"{target}: does not import\n{_told(error)}")
    else:
        yield from ((f"{path}::{one.name}", one) for one in found)


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
