"""Whether a mistake explains a leaf: the map of the claim, fitted to what was measured."""

from __future__ import annotations

import dataclasses

import numpy as np

from gradproof.judge.suspect import Map, Parameters, Suspect
from gradproof.numerics.protocol import FloatArray

_CLEARLY = 3.0  # times the room: the discrepancy as a whole
_MORE = 2  # visibly wrong components than parameters
_FAR = 100.0  # times the room: so far off, a single component tells as well


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Fit:
    """A map that explains a leaf: its parameters, those fitted, and how much it explains."""

    parameters: Parameters
    theta: FloatArray
    free: int
    energy: float
    also: tuple[str, ...]


def fit(suspect: Suspect, candidate: Map) -> Fit | None:
    """Return how a map explains what was measured; None where it does not.

    The parameters are fitted by least squares, every measurement weighted by its room; all of them
    must then agree within it, the discrepancy of the claim must be far larger, and it must be
    visible in two more measurements than there are parameters. What the map does not know is NaN,
    and not compared. Where slopes along directions were
    measured as well, they are asked once the single components agree.
    """
    room = suspect.room_of_a_map
    known = np.isfinite(suspect.measured) & np.isfinite(room)
    fixed = np.broadcast_to(np.asarray(candidate.fixed, dtype=float), suspect.claim.shape)
    known &= np.isfinite(fixed)
    parts = [suspect.claim, fixed, *candidate.bases]
    single = _Measured(
        suspect.measured[known],
        room[known],
        suspect.weight[known],
        *(part[known] for part in parts),
    )
    slopes = suspect.seen
    if slopes is None:
        return _fit(single, candidate)
    if not np.all(np.isfinite(fixed)):
        return None
    if single.y.size and _fit(single, candidate, enough=False) is None:
        return None
    one = np.ones_like(slopes.measured)
    along = _Measured(slopes.measured, suspect.room_of_slopes, one, *map(slopes.project, parts))
    return _fit(_Measured(*map(_joined, single.all, along.all)), candidate)


def _joined(first: FloatArray, second: FloatArray) -> FloatArray:
    return np.concatenate([first, second])


class _Measured:
    """Measurements, their room and weight, and what claim, map and bases say about each."""

    def __init__(self, *parts: FloatArray) -> None:
        self.all = parts
        self.y, self.room, self.weight, self.claim, self.fixed, *self.bases = parts


def _fit(measured: _Measured, candidate: Map, *, enough: bool = True) -> Fit | None:
    """Fit the parameters; `enough` says that the mistake must be visible beyond doubt."""
    y, room, claim, fixed = measured.y, measured.room, measured.claim, measured.fixed
    # Squares of very large and very small numbers would leave the range.
    unit = largest(y, claim)
    if unit == 0 or not np.all(room > 0):
        return None
    y, room, claim, fixed = y / unit, room / unit, claim / unit, fixed / unit
    weight = measured.weight / largest(measured.weight)
    off = claim - y
    theta = bars = np.empty(0)
    predicted = fixed
    if measured.bases:
        units = np.array([largest(base) for base in measured.bases])
        if not np.all(units > 0):
            return None
        bases = np.stack(measured.bases, axis=1) / units
        solved = _least_squares(bases / room[:, None], (y - fixed) / room)
        if solved is None:
            return None
        predicted = fixed + bases @ solved[0]
        theta, bars = (part * (unit / units) for part in solved)
    left = predicted - y
    if not (np.all(np.isfinite(theta)) and np.all(np.abs(left) <= room)):
        return None
    visible = int(np.sum(np.abs(off) > 3 * room))
    telling = np.abs(predicted - claim) > room if candidate.is_partial else np.ones(y.size, bool)
    if enough and not _is_visible(visible, off[telling], room[telling], candidate.counts):
        return None
    read = candidate.read(theta, bars)
    if read is None:
        return None
    before = float(np.sum((off * weight) ** 2))
    energy = 1 - float(np.sum((left * weight) ** 2)) / before if before > 0 else 1.0
    return Fit({**candidate.parameters, **read}, theta, candidate.counts, energy, candidate.also)


def _is_visible(visible: int, off: FloatArray, room: FloatArray, free: int) -> bool:
    """Whether the discrepancy tells more than the parameters, and is clear as a whole."""
    single = free == 0 and visible > 0 and bool(np.all(np.abs(off) > _FAR * room))
    clear = np.linalg.norm(off / room) > _CLEARLY * np.sqrt(off.size if visible > 1 else 1)
    return bool((visible >= free + _MORE or single) and clear)


def largest(*parts: FloatArray) -> float:
    """Return the largest absolute value of all, 0 where there is none."""
    return max(float(np.max(np.abs(part), initial=0.0)) for part in parts)


def _least_squares(bases: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray] | None:
    """Return parameters and their bars; None where the data do not tell them apart."""
    size = np.linalg.norm(bases, axis=0)
    if not np.all(size > 0):
        return None
    q, r = np.linalg.qr(bases / size)
    if r.shape[0] < r.shape[1] or np.min(np.abs(np.diag(r))) < 1e-6:
        return None
    inverse = np.linalg.inv(r)
    return inverse @ (q.T @ y) / size, np.linalg.norm(inverse, axis=1) / size
