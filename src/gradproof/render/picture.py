"""The report as one picture: the verdict, every tensor as a map, and f along one component."""

import math
import os
import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from gradproof._base.errors import MissingExtra
from gradproof._base.outcomes import Verdict
from gradproof._base.phrases import counted
from gradproof._base.text import printable
from gradproof.judge.parts import LeafFinding, TensorValues
from gradproof.judge.report import Record
from gradproof.numerics.protocol import FloatArray
from gradproof.render import words
from gradproof.render.curves import draw_curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

COLOURS = {Verdict.PASS: "#1a7f37", Verdict.FAIL: "#cf222e", Verdict.INCONCLUSIVE: "#9a6700"}
_QUIET = "#57606a"
_WIDTH = 10.0  # inches, as all lengths here
_MARGIN = 0.02  # of the width
_MOST_TENSORS = 8
_MOST_CELLS = 400  # along an axis: more are not seen, and the largest of several stand for them
_FEWEST_CELLS = 24  # along an axis, so that a single number is no banner
_SCALE = (0.1, 1e4)  # bars: what is shown in the palest and the darkest colour
_SHADES = ((0.0, "#9ecae1"), (0.2, "#eef3f7"), (0.4, "#fdae61"), (0.7, "#d7301f"), (1.0, "#67000d"))
_UNKNOWN = "#d0d7de"
_TITLE = 125  # characters


def save(record: Record, path: str | os.PathLike[str]) -> None:
    """Draw a report into a file, in the format of its suffix: png, svg, pdf."""
    figure(record).savefig(path, dpi=150)


def save_pages(records: Iterable[Record], path: str | os.PathLike[str]) -> None:
    """Draw several reports into a PDF, one a page."""
    pages = [figure(record) for record in records]
    from matplotlib.backends.backend_pdf import PdfPages

    with PdfPages(path) as file:
        for page in pages:
            file.savefig(page)


def figure(record: Record) -> "Figure":
    """Draw a report; nothing of pyplot's is touched."""
    try:
        from matplotlib.layout_engine import ConstrainedLayoutEngine

        from gradproof.render.shown_figure import ShownFigure
    except ImportError:
        raise MissingExtra("drawing a report", package="matplotlib", extra="plot") from None
    head = _head(record)
    heights = [0.42 + 0.26 * len(head)]
    tensors, more = _chosen(record)
    sizes = [_height(tensor) for tensor in tensors]
    if tensors:
        heights.append(sum(sizes) + 0.42 * len(sizes) + 0.75)
    elif record.leaves:
        heights.append(0.9 + 0.3 * min(len(record.leaves), 2 * _MOST_TENSORS))
    if record.curves:
        heights.append(3.6)
    layout = ConstrainedLayoutEngine(w_pad=_MARGIN * _WIDTH, h_pad=0.06)
    page = ShownFigure(figsize=(_WIDTH, sum(heights)), layout=layout, facecolor="white")
    parts = iter(page.subfigures(len(heights), 1, squeeze=False, height_ratios=heights)[:, 0])
    _draw_head(next(parts), record, head, heights[0])
    if tensors:
        _draw_maps(next(parts), record, tensors, sizes, more)
    elif record.leaves:
        _draw_leaves(next(parts), record)
    if record.curves:
        draw_curve(next(parts), record.curves[0])
    return page


def _head(record: Record) -> list[str]:
    """Return the lines under the verdict: the headline, the price, the first cause."""
    lines = textwrap.wrap(printable(record.headline), 84)
    lines.append(words.price(record))
    for cause in record.causes[:1]:
        where = f"   {words.where(cause)}" if cause.addresses else ""
        said = f"{cause.code} {cause.name}{where}: {cause.message}"
        lines += textwrap.wrap(printable(said), _TITLE)
    return lines


def _draw_head(part: "SubFigure", record: Record, lines: list[str], height: float) -> None:
    said = len(textwrap.wrap(printable(record.headline), 84))
    colour = COLOURS[record.verdict]
    verdict = record.verdict.value.upper()
    _write(part, _MARGIN, 1 - 0.27 / height, verdict, size=17, weight="bold", color=colour)
    for number, line in enumerate(lines):
        style: dict[str, Any] = {"size": 9, "color": _QUIET}
        if number < said:
            style = {"size": 12, "color": "black"}
        elif number > said:
            style = {"size": 9, "color": "black"}
        _write(part, _MARGIN, 1 - (0.58 + 0.26 * number) / height, line, **style)


def _write(part: Any, x: float, y: float, said: str, **style: Any) -> None:
    # Names of parameters are no mathematics, whatever dollars they hold.
    part.text(x, y, said, ha="left", va="center", parse_math=False, **style)


def _chosen(record: Record) -> tuple[list[TensorValues], str]:
    """Return the tensors that are drawn, those that do not pass first, and what of the others."""
    verdicts = {leaf.path: leaf.verdict for leaf in record.leaves}
    drawn = [one for one in record.tensors if one.measured.size and one.path in verdicts]
    drawn.sort(key=lambda one: verdicts[one.path] is Verdict.PASS)
    rest = len(drawn) - _MOST_TENSORS
    return drawn[:_MOST_TENSORS], f"… and {counted(rest, 'more tensor')}" if rest > 0 else ""


def _height(tensor: TensorValues) -> float:
    rows: int = _image(tensor).shape[0]
    return min(max(0.16 * rows, 0.28), 1.6)


def _image(tensor: TensorValues) -> FloatArray:
    """Return the distances in bars as a matrix that is not too large to be seen."""
    off = np.abs(tensor.claimed - tensor.measured)
    with np.errstate(divide="ignore", invalid="ignore"):
        bars = np.where(off == 0, 0.0, off / tensor.bar)
    # A claim that is not finite is as far off as can be; what was not measured stays unknown.
    bars = np.where(np.isfinite(tensor.measured) & np.isnan(bars), np.inf, bars)
    matrix = bars.reshape(tensor.shape[0], -1) if len(tensor.shape) > 1 else bars.reshape(1, -1)
    for axis in (0, 1):
        size = matrix.shape[axis]
        if size > _MOST_CELLS:
            starts = np.unique(np.linspace(0, size, _MOST_CELLS, endpoint=False).astype(int))
            matrix = np.fmax.reduceat(matrix, starts, axis=axis)
    return np.clip(matrix, *_SCALE)


def _draw_maps(
    part: "SubFigure", record: Record, tensors: list[TensorValues], sizes: list[float], more: str
) -> None:
    from matplotlib.colors import LinearSegmentedColormap, LogNorm

    shades = LinearSegmentedColormap.from_list("bars", list(_SHADES)).with_extremes(bad=_UNKNOWN)
    rows = {row.leaf.path: row for row in words.rows(record)[0]}
    leaves = {leaf.path: leaf for leaf in record.leaves}
    axes = np.atleast_1d(part.subplots(len(tensors), 1, height_ratios=sizes))
    for ax, tensor in zip(axes, tensors, strict=True):
        matrix = _image(tensor)
        image = ax.pcolormesh(
            np.ma.masked_invalid(matrix),
            cmap=shades,
            norm=LogNorm(*_SCALE),
            edgecolors="white" if matrix.shape[0] <= 16 and matrix.shape[1] <= 60 else "none",
            linewidth=0.6,
            rasterized=matrix.size > 2_000,
        )
        ax.set_xlim(0, max(matrix.shape[1], _FEWEST_CELLS))
        ax.set_ylim(matrix.shape[0], 0)
        ax.set_xticks([])
        ax.set_yticks([])
        ax.spines[:].set_visible(False)
        leaf = leaves[tensor.path]
        row = rows.get(tensor.path)
        said = row.words if row else "pass"
        _title(ax, leaf, said)
    bar = part.colorbar(image, ax=list(axes), location="bottom", shrink=0.6, aspect=50, pad=0.03)
    bar.set_label(f"|claimed − measured| in error bars (grey: not measured)   {more}", size=8.5)
    bar.ax.tick_params(labelsize=8)
    bar.outline.set_visible(False)


def _title(ax: "Axes", leaf: LeafFinding, said: str) -> None:
    text = f"{leaf.address}   {words.shape(leaf.shape)}   {words.VERDICTS[leaf.verdict]}   {said}"
    ax.set_title(
        textwrap.shorten(printable(text).replace("   ", " · "), _TITLE, placeholder=" …"),
        loc="left",
        size=8.5,
        pad=3,
        color="black" if leaf.verdict is Verdict.PASS else COLOURS[leaf.verdict],
        parse_math=False,
    )


def _draw_leaves(part: "SubFigure", record: Record) -> None:
    """Draw what is known of whole tensors, where no components were kept."""
    leaves = sorted(record.leaves, key=lambda leaf: leaf.verdict is Verdict.PASS)
    leaves = leaves[: 2 * _MOST_TENSORS]
    ax = part.subplots()
    for place, leaf in enumerate(leaves):
        off = max(leaf.discrepancy, leaf.bar)
        colour = COLOURS[leaf.verdict]
        if math.isfinite(off) and off > 0:
            ax.plot(off, place, "o", color=colour, ms=7)
        if math.isfinite(leaf.resolution) and leaf.resolution > 0:
            ax.plot(leaf.resolution, place, "|", color=_QUIET, ms=13, mew=2)
    ax.set_ylim(len(leaves) - 0.5, -0.5)
    names = [textwrap.shorten(printable(leaf.address), 40) or "…" for leaf in leaves]
    ax.set_yticks(range(len(leaves)), names, parse_math=False)
    for label, leaf in zip(ax.get_yticklabels(), leaves, strict=True):
        label.set_color(COLOURS[leaf.verdict])
    ax.set_xscale("log")
    ax.set_xlabel(
        "● relative distance of claim and measurement   | the smallest that would have been seen",
        size=8.5,
    )
    ax.tick_params(labelsize=8.5)
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x", color="#eaeef2")
    ax.set_axisbelow(True)
    ax.spines[["top", "right", "left"]].set_visible(False)
