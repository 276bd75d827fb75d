"""Reports as files: the suffix says in which format."""

import importlib
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from gradproof._base.errors import InputError
from gradproof._base.files import require_file, write_text
from gradproof._base.validation import described
from gradproof.judge.report import Record
from gradproof.judge.run import Run

if TYPE_CHECKING:
    from pathlib import Path


def write(
    report: Record | Mapping[str, Record],
    path: str | os.PathLike[str],
) -> None:
    """Write a report, or several by name, to a file in the format of its suffix.

    Parameters
    ----------
    report : Report or mapping of str to Report
        What to write.
    path : str or path-like
        The file; one that is there is replaced. ``.json``, ``.html``, ``.md`` (Markdown), ``.xml``
        (JUnit), ``.sarif``; ``.png``, ``.svg`` and ``.pdf`` are pictures, which need matplotlib.
        Several reports are pages of a PDF, and no PNG or SVG.

    Raises
    ------
    InputError
        If there is no such format, this one cannot hold several reports, or the file cannot be
        written.
    MissingExtra
        If it is a picture and matplotlib is not installed.

    See Also
    --------
    Report.plot : The picture as a figure of matplotlib.

    Notes
    -----
    Costs no evaluation. The JSON has no single components, so that what is read from it has
    pictures of whole tensors; ``report.to_json(tensors=True)`` has them.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import gradproof as gp
    >>> report = gp.check(lambda t: t**2, lambda t: 3 * t, 3.0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "report.md"
    ...     gp.write(report, path)
    ...     print(path.read_text().splitlines()[0])
    **gradproof FAIL: the derivative is wrong**
    """
    if not isinstance(path, (str, os.PathLike)):
        raise InputError(f"path: found {described(path)}, expected the name of a file")
    from pathlib import Path  # loads more than `import gradproof` should

    target = Path(path)
    records = _records(report, target.stem)
    suffix = target.suffix.lower()
    if "\0" in str(target):
        raise InputError(f"path: found {described(os.fspath(path))}, expected the name of a file")
    try:
        _write(report, records, target, suffix)
    except OSError as error:
        raise InputError(
            f"path: found {described(str(target))}, which cannot be written ({error.strerror}), "
            "expected a file in a folder that is there"
        ) from error


def _write(report: object, records: dict[str, Record], target: "Path", suffix: str) -> None:
    if suffix in PICTURES:
        from gradproof.render import picture

        _require_one(records, suffix)
        if target.exists() and not target.is_dir():
            require_file(str(target), "the name of a picture")
        if len(records) == 1:
            picture.save(next(iter(records.values())), target)
        else:
            picture.save_pages(records.values(), target)
        return
    if suffix not in TEXTS:
        known = ", ".join([*TEXTS, *PICTURES])
        raise InputError(
            f"path: found {described(str(target))}, expected a name that ends in one of {known}"
        )
    if isinstance(report, Record) and suffix == ".json":
        text = report.to_json() + "\n"
    elif isinstance(report, Record) and suffix == ".md":
        text = importlib.import_module("gradproof.render.markdown").render_one(report)
    else:
        text = TEXTS[suffix](Run(records))
    write_text(target, text)


def as_json(run: Run) -> str:
    """Return a run as JSON."""
    import json

    return json.dumps(run.to_dict(), indent=2, allow_nan=False) + "\n"


def as_html(run: Run) -> str:
    """Return a run as one page of HTML."""
    from gradproof.render import html

    page: str = html.render(run.reports, title=f"gradproof: {run.total}")
    return page


def _by(name: str) -> Callable[[Run], str]:
    """Return the renderer of a format, which is imported when it is used."""

    def rendered(run: Run) -> str:
        text: str = importlib.import_module(f"gradproof.render.{name}").render(run)
        return text

    return rendered


TEXTS: dict[str, Callable[[Run], str]] = {
    ".json": as_json,
    ".html": as_html,
    ".md": _by("markdown"),
    ".xml": _by("junit"),
    ".sarif": _by("sarif"),
}
PICTURES = (".png", ".svg", ".pdf")


def _records(report: object, name: str) -> dict[str, Record]:
    if isinstance(report, Record):
        return {name: report}
    if isinstance(report, Mapping) and report:
        odd = [one for one in report.items() if not _is_named_record(one)]
        if not odd:
            return dict(report)
        raise InputError(
            f"report: found {described(odd[0][1])} under {described(odd[0][0])}, expected reports "
            "by names"
        )
    raise InputError(
        f"report: found {described(report)}, expected a Report, or a dict of reports by name"
    )


def _is_named_record(item: tuple[object, object]) -> bool:
    return isinstance(item[0], str) and isinstance(item[1], Record)


def _require_one(records: Mapping[str, Record], suffix: str) -> None:
    if len(records) > 1 and suffix != ".pdf":
        raise InputError(
            f"path: found {suffix} for {len(records)} reports, expected .pdf, which has pages, or "
            "one report"
        )
