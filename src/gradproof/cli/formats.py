"""Where a run goes besides the terminal: another format, files."""

import enum
import importlib
import os
import stat
from pathlib import Path

import typer

from gradproof._base.errors import InputError
from gradproof._base.files import write_text
from gradproof._base.text import inert
from gradproof.api.write import as_html, as_json
from gradproof.cli.telling import as_text
from gradproof.judge.run import Run


class Format(enum.StrEnum):
    """What a run is printed as."""

    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"
    GITHUB = "github"
    SARIF = "sarif"
    MARKDOWN = "markdown"


# The same text, which no server takes for a command; see gradproof._base.text.
_IN_JSON = r"#\u0023"


def rendered(run: Run, form: Format) -> str:
    """Return a run in a format."""
    if form is Format.TEXT:
        return as_text(run)
    if form is Format.JSON:
        return as_json(run).replace("##", _IN_JSON)
    text: str = importlib.import_module(f"gradproof.render.{form.value}").render(run)
    if form is Format.SARIF:
        return text.replace("##", _IN_JSON)
    return text if form is Format.GITHUB else inert(text)


def write_files(
    run: Run, form: Format, *, output: Path | None, html: Path | None, json: Path | None
) -> None:
    """Write the files that were asked for; the format goes to `output`, or is printed if none."""
    if json is not None:
        save(as_json(run), json)
    if html is not None:
        save(as_html(run), html)
    if output is not None:
        save(rendered(run, form), output)
    elif form is not Format.TEXT:
        typer.echo(rendered(run, form), nl=False)


def writable(path: Path | None) -> Path | None:
    """Return the path of a file, or refuse it before anything is run that it could not keep."""
    if path is None:
        return None
    there = _mode(path)
    if there is not None and stat.S_ISDIR(there):
        raise typer.BadParameter(f"found the folder {path}, expected the name of a file")
    if there is None and not path.parent.is_dir():
        raise typer.BadParameter(
            f"found {path}, expected a file in a folder that is there: make {path.parent} first"
        )
    if not os.access(path.parent if there is None else path, os.W_OK):
        raise typer.BadParameter(f"found {path}, expected a file that may be written")
    return path


def _mode(path: Path) -> int | None:
    """Return what is at a path; None where nothing is."""
    try:
        return os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise typer.BadParameter(
            f"found {path}, expected the name of a file ({error.strerror})"
        ) from None


def writable_folder(path: Path | None) -> Path | None:
    """Return the path of a folder, made where there was none, or refuse it beforehand."""
    if path is None:
        return None
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise typer.BadParameter(f"found {path}, expected a folder ({error.strerror})") from None
    if not os.access(path, os.W_OK):
        raise typer.BadParameter(f"found {path}, expected a folder that may be written to")
    return path


def save(text: str, path: Path) -> None:
    """Write a file, or say in a sentence why that is not possible."""
    try:
        write_text(path, text)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from None
