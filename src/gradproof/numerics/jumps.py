"""Does f jump? Looked for where a right gradient of an iteration stopped at a tolerance may hide.

Such an f is smooth as long as the number of iterations stays the same, and jumps by about the
tolerance where it changes. Its slope between the jumps is that of the truncated iteration, which
differs from the one across many jumps, the gradient of what the iteration converges to. Small steps
see the former only.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

import numpy as np

from gradproof.numerics.noise import is_smooth
from gradproof.numerics.protocol import Block, BoolArray, FloatArray

# Half the width, in units of the natural scale, and points on either side.
_WINDOWS = ((0.2, 16), (0.02, 16), (1.0, 160))
_ORDER = 6  # of the differences that a smooth f leaves next to nothing in
_SUM_OF_SQUARES = 924.0  # of the binomial coefficients of that order
_STEP_IN_DIFFERENCES = 10.0  # the largest coefficient in the differences of a jump of 1
_NEIGHBOURS = 12
_STANDS_OUT = 30.0  # times the medians of the differences on either side
_VISIBLE = 10.0  # standard deviations of noise
_FROM_EDGE = 8  # points: towards the end of its domain f may be as steep as a jump
_LOOKED_AT = 3
_PARTS = 16
_STAYS = 0.5, 0.3  # of its height a jump keeps in a first and a second finer look
_COMES_BACK = 0.5
_SMALL = 0.2  # of how much f moves in half of the window: a jump, not the shape of f
_SPARSE = 4.0  # fewer jumps than one in so many places that can be told apart: the shape of f
_PLACES_OF_A_POLE = 2
_ROOM = 20.0
_LITTLE_ROOM = 3.0
_DEGREES = (3, 5, 7, 9, 11, 13)


class JumpScan:
    """Walk along one line in equal steps and measure the height of the jumps of f, if any.

    `height` is the largest jump found, 0 where there is none; `slope_error` is by how much the
    slope across the jumps may differ from the one between them, `slope_error_nearby` by how much
    where they plainly do not make up for a difference. `across` and `bar` are the slope at 0 across
    the jumps. `slope` is by how much f moves if no effects along the line cancel: jumps are small
    beside that. The line is in units of the natural scale. Costs 32 evaluations, 32 more and 320
    more as long as what shows reaches less far than `wanted`, and in each window 17 or 34 for each
    of at most three places that stand out.
    """

    def __init__(
        self,
        *,
        value_at_zero: float,
        noise_of_f: float,
        wanted: float = 0.0,
        slope: float = 0.0,
        roundoff_of_offsets: float = 0.0,
    ) -> None:
        self._wanted, self._slope = wanted, slope
        self._roundoff_of_offsets = roundoff_of_offsets
        self._value_at_zero = value_at_zero
        self._noise_of_f = noise_of_f
        self.height = 0.0
        self.slope_error = self.slope_error_nearby = 0.0
        self.across, self.bar = 0.0, np.inf
        self._pending = self._looks()
        self._block = next(self._pending, None)

    def ask(self) -> Block | None:
        """Return the next points, or None when there is nothing left to ask."""
        return self._block

    def tell(self, values: FloatArray, offsets: FloatArray) -> None:
        """Take the values of the last block, and the offsets as floating point realised them."""
        self._values = values
        self._block = next(self._pending, None)

    def _looks(self) -> Iterator[Block]:
        for half, points in _WINDOWS:
            t = np.linspace(-half, half, 2 * points + 1)
            yield _block(np.delete(t, points))
            f = np.insert(self._values, points, self._value_at_zero)
            t, f = _finite_around(t, f, points)
            if f.size < 2 * _ORDER:
                continue
            # Points that are realised inexactly leave what a steep f makes of that.
            steepest = float(np.max(np.abs(np.diff(f)))) / (t[1] - t[0])
            noise = self._noise_of_f + self._roundoff_of_offsets * steepest
            stands_out, heights = _outliers(f, noise)
            jumps: list[float] = []
            for place in np.argsort(-heights * stands_out)[:_LOOKED_AT]:
                if not stands_out[place]:
                    break
                middle = place + _ORDER // 2
                height = yield from self._confirmed(t[middle - 1 : middle + 2], heights[place])
                if height is not None:
                    jumps.append(height)
            if not jumps:
                continue
            count = int(np.sum(np.diff(np.flatnonzero(stands_out)) > _ORDER)) + 1
            height = max(jumps)
            moves = max(np.median(np.abs(f - self._value_at_zero)), self._slope * half / 2)
            few = count < max(3, f.size / (_SPARSE * _ORDER))
            if height > _SMALL * moves and few:
                continue
            self.height = max(self.height, height)
            slope = (count + 1) * height / float(t[-1] - t[0])
            if _ROOM * slope > self.slope_error:
                self.slope_error, self.slope_error_nearby = _ROOM * slope, _LITTLE_ROOM * slope
                self.across, self.bar = _slope_across(t, f, count + 1)
            if self.slope_error >= self._wanted:
                return

    def _confirmed(self, cells: FloatArray, height: float) -> Generator[Block, None, float | None]:
        """Return the height of a jump within two cells, None where it is none.

        Seen eight times finer, and eight times finer again: a jump stays about as high as it is. Of
        the trace of a kink the first look leaves up to 0.55, the second a quarter at most.
        """
        start, _, stop = cells
        seen = []
        for stays in _STAYS:
            fine = np.linspace(start, stop, _PARTS + 1)
            yield _block(fine)
            # Fourth differences of a jump of 1 are 1, -3, 3, -1.
            rough = np.abs(np.diff(self._values, 4))
            left = float(np.max(rough)) / 3
            if not stays * height <= left <= height / stays or _is_a_pole(self._values):
                return None
            seen.append(left)
            middle = int(np.argmax(rough)) + 2
            start, stop, height = fine[middle - 1], fine[middle + 1], left
        return seen[0]


def _outliers(f: FloatArray, noise: float) -> tuple[BoolArray, FloatArray]:
    """Return where differences stand out, and the height of a jump that would leave them."""
    rough = np.abs(np.diff(f, _ORDER))
    padded = np.pad(rough, _NEIGHBOURS, mode="reflect" if rough.size > _NEIGHBOURS else "edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, _NEIGHBOURS)
    medians = np.median(windows, axis=1)
    # Quiet on both sides: towards a pole differences grow, too.
    quiet = np.maximum(medians[: rough.size], medians[_NEIGHBOURS + 1 :][: rough.size])
    of_noise = _VISIBLE * np.sqrt(_SUM_OF_SQUARES) * noise
    # Where f jumps from point to point nothing stands out: it looks like noise.
    limit = of_noise if not is_smooth(f) else np.maximum(_STANDS_OUT * quiet, of_noise)
    return rough > limit, rough / _STEP_IN_DIFFERENCES


def _is_a_pole(f: FloatArray) -> bool:
    """Whether f comes back from where it goes: it does not from a jump."""
    change = np.diff(f)
    change -= np.median(change)
    first, second = np.argsort(-np.abs(change))[:2]
    return bool(
        abs(first - second) <= _PLACES_OF_A_POLE
        and change[first] * change[second] < 0
        and abs(change[second]) > _COMES_BACK * abs(change[first])
    )


def _slope_across(t: FloatArray, f: FloatArray, pieces: int) -> tuple[float, float]:
    """Return the slope at 0 of the polynomial through all jumps, and its bar.

    Of the degrees, the one with the smallest bar: four standard deviations of what is left, as many
    independent ones as f has pieces, and twice the distance to the slopes of the next two degrees.
    """
    half = float(np.max(np.abs(t)))
    powers = np.polynomial.legendre.Legendre
    slopes, bars = [], []
    for degree in _DEGREES:
        if t.size <= 2 * degree:
            break
        design = np.polynomial.legendre.legvander(t / half, degree)
        derivative = [float(powers.basis(k).deriv()(0.0)) / half for k in range(degree + 1)]
        weights = np.linalg.pinv(design).T @ derivative
        left = f - design @ (np.linalg.pinv(design) @ f)
        slopes.append(float(weights @ f))
        correlated = np.sqrt(t.size / pieces) if pieces < t.size else 1.0
        bars.append(4 * float(np.std(left)) * float(np.linalg.norm(weights)) * correlated)
    best, smallest = 0.0, np.inf
    for k in range(len(slopes) - 2):
        spread = max(abs(slopes[k] - slopes[k + 1]), abs(slopes[k] - slopes[k + 2]))
        if bars[k] + 2 * spread < smallest:
            best, smallest = slopes[k], bars[k] + 2 * spread
    return best, smallest


def _finite_around(t: FloatArray, f: FloatArray, middle: int) -> tuple[FloatArray, FloatArray]:
    """Return the unbroken run of finite values around the middle, well inside of any edge."""
    gaps = np.flatnonzero(~np.isfinite(f))
    before, after = gaps[gaps < middle], gaps[gaps > middle]
    start = int(before.max()) + _FROM_EDGE if before.size else 0
    stop = int(after.min()) - _FROM_EDGE if after.size else f.size
    return t[start:stop], f[start:stop]


def _block(offsets: FloatArray) -> Block:
    return Block(np.zeros(offsets.size, dtype=np.int64), offsets)
