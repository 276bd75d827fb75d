"""What f does along one component, from wide steps to tiny ones: two plots beside each other."""

from typing import TYPE_CHECKING

import numpy as np

from gradproof._base.text import printable
from gradproof.judge.parts import Curve
from gradproof.numerics.protocol import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

_CLAIMED, _MEASURED, _QUIET = "#cf222e", "#0969da", "#8c959f"


def draw_curve(part: "SubFigure", curve: Curve) -> None:
    """Draw the error of differences against the step, and the Taylor test."""
    part.suptitle(
        printable(f"f along {curve.address}"),
        x=0.02,
        ha="left",
        size=10,
        weight="bold",
        parse_math=False,
    )
    left, right = part.subplots(1, 2)
    steps, plus, minus = (np.array(one) for one in (curve.steps, curve.plus, curve.minus))
    _errors_by_step(left, curve, steps, plus, minus)
    _taylor_test(right, curve, steps, plus, minus)
    for ax in (left, right):
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.tick_params(labelsize=8)
        ax.grid(color="#eaeef2")
        ax.set_axisbelow(True)
        ax.spines[["top", "right"]].set_visible(False)
        ax.set_xlabel("step h", size=8.5)
        ax.legend(fontsize=8, edgecolor="none", framealpha=0.85)


def _errors_by_step(
    ax: "Axes", curve: Curve, steps: FloatArray, plus: FloatArray, minus: FloatArray
) -> None:
    """Draw how far differences are from the claim and from what was measured in the end."""
    slopes = _slopes(steps, plus, minus)
    _line(ax, steps, slopes - curve.claimed, "o-", _CLAIMED, "difference − claimed")
    _line(ax, steps, slopes - curve.measured, "o-", _MEASURED, "difference − measured")
    if np.isfinite(curve.noise) and curve.noise > 0:
        ax.plot(steps, curve.noise / steps, ":", color=_QUIET, label="noise of f / h")
    if np.isfinite(curve.bar) and curve.bar > 0:
        ax.axhline(curve.bar, color=_QUIET, lw=1, ls="--", label="error bar")
    if np.isfinite(curve.chosen):
        ax.axvline(abs(curve.chosen), color=_QUIET, lw=1, label="step taken")
    ax.set_title("error against the step: a claim that is right has the V, too", size=9, loc="left")


def _taylor_test(
    ax: "Axes", curve: Curve, steps: FloatArray, plus: FloatArray, minus: FloatArray
) -> None:
    """Draw what is left of f without its linear part: it shrinks with h², if that is right."""
    side = plus if np.isfinite(plus).sum() >= np.isfinite(minus).sum() else -minus
    _line(ax, steps, side - steps * curve.claimed, "o-", _CLAIMED, "f(x + h) − f(x) − h·claimed")
    _line(ax, steps, side - steps * curve.measured, "o-", _MEASURED, "f(x + h) − f(x) − h·measured")
    lowest = []
    for slope, power, style, said in (
        (curve.claimed, 1, "--", "∝ h: the slope is wrong"),
        (curve.measured, 2, ":", "∝ h²: the slope is right"),
    ):
        rest = np.abs(side - steps * slope)
        known = np.isfinite(rest) & (rest > 0)
        if known.any():
            first = int(np.argmax(known))
            reference = 3 * rest[first] * (steps / steps[first]) ** power
            ax.plot(steps, reference, style, color=_QUIET, lw=1, label=said)
            lowest.append(float(rest[known].min()))
    if lowest:
        ax.set_ylim(bottom=min(lowest) / 3)
    order = f", order {curve.order:.2f}" if np.isfinite(curve.order) else ""
    ax.set_title(f"Taylor test: what the claimed slope leaves over{order}", size=9, loc="left")


def _slopes(steps: FloatArray, plus: FloatArray, minus: FloatArray) -> FloatArray:
    """Return central differences, and one-sided ones where f has no other side."""
    central = (plus - minus) / (2 * steps)
    return np.where(
        np.isfinite(central), central, np.where(np.isfinite(plus), plus / steps, -minus / steps)
    )


def _line(
    ax: "Axes", steps: FloatArray, off: FloatArray, style: str, colour: str, said: str
) -> None:
    known = np.isfinite(off) & (off != 0)
    if known.any():  # what is 0 has no place on a logarithmic axis
        ax.plot(steps[known], np.abs(off[known]), style, color=colour, ms=3.5, lw=1.2, label=said)
