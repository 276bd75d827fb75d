"""Workflow commands of GitHub Actions: an annotation at every problem that does not pass."""

from pathlib import PurePath

from gradproof._base.outcomes import Verdict
from gradproof._base.text import printable
from gradproof.judge.run import Run
from gradproof.render.terminal import render as as_text

_WIDTH = 80
_LEVELS = {Verdict.FAIL: "error", Verdict.INCONCLUSIVE: "warning"}


def render(run: Run) -> str:
    """Return one command a line; nothing where all pass."""
    lines = [
        _command(
            _LEVELS[record.verdict],
            name,
            run,
            f"{record.verdict.value.upper()} {record.headline}",
            as_text(record, width=_WIDTH),
        )
        for name, record in run.reports.items()
        if record.verdict is not Verdict.PASS
    ]
    lines += [
        _command("error", name, run, "could not be run", error)
        for name, error in run.errors.items()
    ]
    return "".join(line + "\n" for line in lines)


def _command(level: str, name: str, run: Run, title: str, message: str) -> str:
    properties = {}
    place = run.places.get(name)
    if place is not None:
        properties = {"file": PurePath(place.file).as_posix(), "line": str(place.line)}
    properties["title"] = f"{name} {title}"
    given = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{level} {given}::{_data(printable(message))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    flat = printable(text).replace("\n", " ")
    return _data(flat).replace(":", "%3A").replace(",", "%2C")
