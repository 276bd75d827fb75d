"""Two charts for a component: the error against the step, and the Taylor test."""

import dataclasses
import math

import numpy as np
from markupsafe import Markup

from gradproof.judge.parts import Curve
from gradproof.numerics.protocol import FloatArray
from gradproof.numerics.taylor import left_over
from gradproof.render.html.svg import Chart, Points


@dataclasses.dataclass(frozen=True)
class Picture:
    """A chart with its words."""

    title: str
    chart: Markup
    legend: tuple[tuple[str, str], ...]
    words: str


def pictures(curve: Curve, key: str) -> tuple[Picture, Picture]:
    """Return both charts of a component; `key` tells them from others of the page."""
    return error_against_step(curve, f"{key}-error"), taylor_test(curve, f"{key}-taylor")


def error_against_step(curve: Curve, key: str) -> Picture:
    """Return how far differences are from what was measured and claimed, at every step."""
    step, slope, kind = _differences(curve)
    measured = _points(step, np.abs(slope - curve.measured))
    claimed = _points(step, np.abs(slope - curve.claimed))
    heights = [height for _, height in measured + claimed if height > 0]
    chart = Chart(step.tolist(), [*heights, *([curve.bar] if curve.bar > 0 else [])])
    if curve.bar > 0:
        chart.band(curve.bar, "within the bar", left=True)
    chart.axes("step h", "error of the difference")
    if curve.chosen > 0:
        chart.mark(curve.chosen, "chosen step")
    chart.curve("claimed", claimed, square=True)
    chart.curve("measured", measured)
    words = (
        "Wide steps leave out the curvature of f, tiny ones drown in its noise: between them the "
        "differences come closest to the derivative."
    )
    apart = abs(curve.claimed - curve.measured)
    words += f" They stay {apart:.1e} away from the claim." if apart > curve.bar else ""
    about = (
        f"{kind} differences of f along {curve.address} at {step.size} steps from "
        f"{_ends(step)}: their distance to the measured derivative {curve.measured:.6g} ± "
        f"{curve.bar:.0e} and to the claimed one {curve.claimed:.6g}, both axes logarithmic."
    )
    return Picture(
        "Error against step",
        chart.drawn(key, f"Error against step for {curve.address}", about.capitalize()),
        (
            ("measured", f"|D(h) − measured|, {kind} differences"),
            ("claimed", "|D(h) − claimed|"),
        ),
        words,
    )


def taylor_test(curve: Curve, key: str) -> Picture:
    """Return what is left of f beyond its value and the claimed slope, at every step."""
    step, plus, minus = (np.asarray(part) for part in (curve.steps, curve.plus, curve.minus))
    ahead = _points(step, np.abs(plus - step * curve.claimed))
    behind = _points(step, np.abs(minus + step * curve.claimed))
    heights = [height for _, height in ahead + behind if height > 0]
    chart = Chart(step.tolist(), [*heights, *([curve.noise] if curve.noise > 0 else [])])
    if curve.noise > 0:
        chart.band(curve.noise, "noise of f", left=False)
    chart.axes("step h", "what is left of f")
    slope, through = left_over(
        curve.steps, curve.plus, curve.minus, claimed=curve.claimed, noise=curve.noise
    )
    if through is not None:
        for one in (1.0, 2.0):
            chart.guide(one, through)
    chart.curve("behind", behind, square=True)
    chart.curve("measured", ahead)
    words = _verdict(slope)
    about = (
        f"|f(x ± h) − f(x) ∓ h · claimed| along {curve.address} at {step.size} steps from "
        f"{_ends(step)}, both axes logarithmic. {words}"
    )
    return Picture(
        "Taylor test",
        chart.drawn(key, f"Taylor test for {curve.address}", about),
        (("measured", "|f(x + h) − f(x) − h · claimed|"), ("behind", "the same behind the point")),
        words,
    )


def _differences(curve: Curve) -> tuple[FloatArray, FloatArray, str]:
    """Return the steps, the slopes that they show, and of which kind these are."""
    step, plus, minus = (np.asarray(part) for part in (curve.steps, curve.plus, curve.minus))
    for kind, slope in (
        ("central", (plus - minus) / (2 * step)),
        ("forward", plus / step),
        ("backward", -minus / step),
    ):
        known = np.isfinite(slope)
        if np.any(known):
            return step[known], slope[known], kind
    return step[:0], step[:0], "central"


def _points(step: FloatArray, height: FloatArray) -> Points:
    known = np.isfinite(height)
    return list(zip(step[known].tolist(), height[known].tolist(), strict=True))


def _verdict(slope: float | None) -> str:
    if slope is None:
        return "At too few steps is more left than the noise of f to tell a slope."
    said = f"Slope {slope:.1f}: what is left shrinks "
    if slope > 1.7:
        return said + "with the square of the step, as for the right derivative."
    if slope < 1.3:
        return said + "no faster than the step: the claim is not the slope of f here."
    return said + "faster than the step, but not with its square."


def _ends(step: FloatArray) -> str:
    return f"{np.max(step):.0e} to {np.min(step):.0e}" if step.size else "none"


def is_drawable(curve: Curve) -> bool:
    """Whether there is anything to draw."""
    values = np.asarray([curve.plus, curve.minus])
    return bool(np.any(np.isfinite(values))) and all(0 < h < math.inf for h in curve.steps)
