"""The page: templates filled in, with the style sheet and the scripts inside."""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Mapping
from importlib import resources

import jinja2
from markupsafe import Markup

from gradproof._base.phrases import counted
from gradproof._base.version import __version__
from gradproof.judge.report import Record
from gradproof.judge.run import Run
from gradproof.render import words
from gradproof.render.html import tables
from gradproof.render.html.maps import largest_map
from gradproof.render.html.safe import script_json, shown
from gradproof.render.html.view import View

_SCRIPTS = ("page.js", "tables.js", "colors.js", "values.js", "maps.js", "gallery.js", "start.js")

# Reports that are on the page from the beginning: with more, a browser would parse for long.
_MOST_WHOLE = 100


def render(reports: Mapping[str, Record], *, title: str) -> str:
    """Return one HTML file that needs nothing else.

    Parameters
    ----------
    reports : mapping of str to Record
        The reports by the names of their problems. Several begin with a list of all problems.
    title : str
        The title of the page.

    Returns
    -------
    str
        The page. It loads nothing, and the same reports always give the same page.

    Examples
    --------
    >>> import gradproof as gp
    >>> from gradproof.render.html import render
    >>> report = gp.check(lambda t: t**2, lambda t: 3 * t, 3.0)
    >>> page = render({"square": report}, title="A square")
    >>> page.startswith("<!doctype html>"), "the derivative is wrong" in page
    (True, True)
    """
    most = largest_map(reports)
    views = [View(name, record, f"r{n}", most) for n, (name, record) in enumerate(reports.items())]
    script = "\n".join(_asset(name) for name in _SCRIPTS)
    style = _asset("page.css")
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            title=title,
            views=views,
            later=len(views) > _MOST_WHOLE,
            index=tables.index(reports) if len(reports) != 1 else None,
            total=_total(reports),
            style=Markup(style),
            script=Markup(script),
            policy=_policy(style, script),
            version=__version__,
        )
    )


@functools.cache
def environment() -> jinja2.Environment:
    """Return the templates; whatever they show is escaped and made visible."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("gradproof.render.html"),
        autoescape=True,
        finalize=shown,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"VERDICTS": words.VERDICTS}
    made.filters |= {"script_json": script_json, "number": _number, "count": "{:,}".format}
    return made


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.1e}"


def _asset(name: str) -> str:
    folder = resources.files("gradproof.render.html") / "assets"
    return (folder / name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """Return what the page may do: run our own script, and load nothing from anywhere."""
    return (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"


def _total(reports: Mapping[str, Record]) -> str:
    run = Run(dict(reports))
    return f"{run.total}   {counted(run.evaluations, 'evaluation')}"
