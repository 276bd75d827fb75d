"""The noise of f, measured: ECnoise along dense directions.

Moré & Wild, "Estimating Computational Noise", SIAM J. Sci. Comput. 33 (2011) 1292–1314.
"""

import dataclasses
import math
from collections.abc import Iterator

import numpy as np

from gradproof.numerics.protocol import Block, BoolArray, FloatArray

KAPPA = 4.0
"""How many standard deviations of noise an error bar is wide."""
POINTS = 7
# So that a few tries reach from rounding to the natural scale.
_LEAP, _TINY = 1e4, 1e-8
_TRIES_OF_STAIRS = 6
_MULTIPLE = 1e-3  # how well changes have to be multiples of the height of stairs
_ALIKE = 1e-5  # of the largest change: no more than rounding tells changes so alike apart
_AGREE = 4.0  # times: noise levels of neighbouring orders so close are of one noise


@dataclasses.dataclass(eq=False, repr=False)
class _Line:
    """One direction: the spacing now tried, and what was found."""

    spacing: float
    slope: float
    tries: int = 0
    noise: float = 0.0
    detected: bool = False
    stands_still: bool = False
    flat: bool = False
    quantum: float = 0.0
    was_too_small: bool = False
    done: bool = False


class NoisePilot:
    """Estimate the noise of f along a few directions, seven points at a time.

    On each direction f is taken at seven equidistant points. The higher differences of a smooth
    function vanish; what remains is noise, whose size each order of differences estimates. The
    spacing grows where f stands still and shrinks where f moves too much for that. Where f stands
    still as it is claimed to, what it does much further away (a ReLU that is not active at the
    point) is no noise, unless it climbs stairs.

    `spacing` is the first one tried, `slopes` the claimed derivative along each direction (what
    stands still should move by it), `roundoff` the unit roundoff that f computes with, and `tries`
    how many spacings are tried at most; where f stands still six, to find how high its stairs are.
    """

    def __init__(self, *, spacing: float, slopes: FloatArray, roundoff: float, tries: int) -> None:
        self._lines = [_Line(spacing, abs(float(slope))) for slope in slopes]
        self._first = spacing
        self._roundoff = roundoff
        self._tries = tries
        self.smallest_change = math.inf

    def ask(self) -> Block | None:
        """Return seven points on every direction that is not finished."""
        active = [k for k, line in enumerate(self._lines) if not line.done]
        if not active:
            return None
        centred = np.arange(POINTS) - (POINTS - 1) / 2
        offsets = np.concatenate([centred * self._lines[k].spacing for k in active])
        return Block(np.repeat(np.array(active, dtype=np.int64), POINTS), offsets)

    def tell(self, values: FloatArray, offsets: FloatArray) -> None:
        """Take the values, and decide on every direction: found, or another spacing."""
        active = [line for line in self._lines if not line.done]
        for line, f in zip(active, values.reshape(-1, POINTS), strict=True):
            changes = np.abs(np.diff(f))
            changes = changes[np.isfinite(changes) & (changes > 0)]
            if line.flat and changes.size and not _climb_stairs(changes):
                line.done = True
                continue
            if changes.size:
                self.smallest_change = min(self.smallest_change, float(changes.min()))
            self._judge(line, f)
            line.tries += 1
            tries = max(self._tries, _TRIES_OF_STAIRS) if line.stands_still else self._tries
            line.done = line.done or line.tries >= tries

    def _judge(self, line: _Line, f: FloatArray) -> None:
        if not np.all(np.isfinite(f)):
            line.spacing /= 100
            return
        largest = float(np.max(np.abs(f)))
        # What passes through 0 moves by more than its size at any spacing.
        passes_zero = f.min() < 0 < f.max()
        if not passes_zero and np.ptp(f) > 0.1 * largest:  # moves too much to be called smooth
            line.done = line.was_too_small
            line.spacing /= 100
            return
        difference = np.diff(f)
        if np.sum(difference == 0) >= POINTS / 2:
            line.flat = line.flat or (line.slope == 0 and not np.any(difference))
            moved = np.abs(difference[difference != 0])
            # At less than the first spacing it may be x that stands still.
            resolved = line.spacing >= self._first
            if resolved and line.slope * line.spacing > 30 * self._roundoff * largest:
                line.stands_still = True
                if moved.size and not line.quantum:
                    line.quantum = float(moved.min())
            line.was_too_small = True
            line.spacing *= _LEAP if line.spacing < _TINY else 30 if line.stands_still else 100
            return
        levels = _noise_levels(f)
        for k in range(len(levels) - 2):
            sizes = [level for level, _ in levels[k : k + 3]]
            if max(sizes) <= _AGREE * min(sizes) and levels[k][1]:
                line.noise, line.detected, line.done = levels[k][0], True, True
                return
        line.done = line.was_too_small
        line.spacing /= 100

    @property
    def noise(self) -> float:
        """The root mean square noise of one value, the largest of all directions; 0 if unseen."""
        return max(line.noise for line in self._lines)

    @property
    def detected(self) -> bool:
        """Whether the differences of some direction agreed on a noise level."""
        return any(line.detected for line in self._lines)

    @property
    def stands_still(self) -> bool:
        """Whether f stood still where its claimed slope says that it should move."""
        return any(line.stands_still for line in self._lines)

    @property
    def quantum(self) -> float:
        """The smallest change of an f that stands still between its steps; else 0."""
        return max(line.quantum for line in self._lines)


def is_smooth(f: FloatArray) -> bool:
    """Whether the highest differences of equidistant values still shrink from order to order.

    Those of noise, jumps and kinks are of one size once normalised; a smooth f leaves less and
    less.
    """
    highest = [level for level, _ in _noise_levels(f)][3:]
    return max(highest) > _AGREE * min(highest) and highest[0] > highest[-1]


def _climb_stairs(changes: FloatArray) -> bool:
    """Whether changes are whole multiples of one height, and so many that this is no accident."""
    apart = np.diff(np.sort(changes))
    apart = apart[apart > _ALIKE * changes.max()]
    multiples = changes / min(changes.min(), apart.min(initial=np.inf))
    return changes.size > 2 and bool(np.all(np.abs(multiples - np.round(multiples)) <= _MULTIPLE))


def _noise_levels(f: FloatArray) -> list[tuple[float, bool]]:
    """Return, for each order of differences, its noise level and whether its sign changes."""
    return [(float(level[0]), bool(change[0])) for level, change in _of_columns(f[:, np.newaxis])]


def _of_columns(values: FloatArray) -> Iterator[tuple[FloatArray, BoolArray]]:
    """Yield the same for columns of values."""
    gamma, difference = 1.0, np.diff(values, axis=0)
    unit = np.max(np.abs(difference), axis=0)  # whose square may be out of range
    difference = difference / np.where((unit > 0) & np.isfinite(unit), unit, 1.0)
    for order in range(1, POINTS):
        gamma *= 0.5 * order / (2 * order - 1)  # (k!)² / (2k)!
        level = unit * np.sqrt(gamma * np.mean(difference**2, axis=0))
        yield level, (difference.min(axis=0) < 0) & (difference.max(axis=0) > 0)
        difference = np.diff(difference, axis=0)


def noise_of_outputs(values: FloatArray) -> FloatArray:
    """Return the noise of many outputs, each from a column of seven equidistant values.

    0 where the differences of an output agree on no noise level, where it stands still, and where
    it moves too much to be called smooth.
    """
    with np.errstate(invalid="ignore"):
        levels, changes = zip(*_of_columns(values), strict=True)
        passes_zero = (values.min(axis=0) < 0) & (values.max(axis=0) > 0)
        smooth = np.ptp(values, axis=0) <= 0.1 * np.max(np.abs(values), axis=0)
        usable = np.sum(np.diff(values, axis=0) == 0, axis=0) < POINTS / 2
    usable &= (passes_zero | smooth) & np.all(np.isfinite(values), axis=0)
    noise = np.zeros(values.shape[1])
    for k in reversed(range(len(levels) - 2)):
        three = levels[k : k + 3]
        agree = np.max(three, axis=0) <= _AGREE * np.min(three, axis=0)
        noise = np.where(usable & agree & changes[k], levels[k], noise)
    return noise
