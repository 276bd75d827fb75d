"""The derivative itself, with its error bar: a table of central differences, extrapolated.

Steps h_k = 0.2 T ρ^-k from the natural scale down to where rounding dominates. The bar of each
candidate is its truncation, read off the change from one step to the next, plus its noise, read off
how rough the table is at smaller steps; the candidate with the smallest bar wins.

Richardson, Phil. Trans. R. Soc. A 226 (1927) 299-361; Ridders, Adv. Eng. Software 4 (1982) 75-76.
"""

import math
from collections.abc import Iterator

import numpy as np

from gradproof._base.floats import UNIT_ROUNDOFF_64
from gradproof.numerics.protocol import Block, FloatArray
from gradproof.numerics.stages import KAPPA, BoolArray

_LARGEST_STEP = 0.2
_TRUSTED_LEVELS = 5  # at the small end, over which roughness is taken together


class RichardsonTable:
    """Measure the derivative along many lines; `value`, `truncation` and `noise` hold the result.

    `scale` is the natural scale of each line, `roundoff_of_x` the unit roundoff of its offset;
    `roundoff` that of f, and `noise_of_f` the root mean square noise of one value. Costs two
    evaluations a level: 36 a line in float64, 22 in float32.
    """

    def __init__(
        self,
        scale: FloatArray,
        roundoff_of_x: FloatArray,
        *,
        value_at_zero: float,
        roundoff: float,
        noise_of_f: float,
    ) -> None:
        self._value_at_zero = value_at_zero
        self._roundoff = roundoff
        self._noise_of_f = noise_of_f
        coarsest = float(np.max(roundoff_of_x, initial=UNIT_ROUNDOFF_64))
        ratio = 5.0 if coarsest < 1e-10 else 3.0
        depth = math.log(_LARGEST_STEP / coarsest**0.75) / math.log(ratio)
        self._levels = math.ceil(depth) + 1
        self._steps = _LARGEST_STEP * scale * ratio ** -np.arange(self._levels)[:, np.newaxis]
        self._values: list[FloatArray] = []
        self._offsets: list[FloatArray] = []
        self._pending = self._blocks(scale.size)
        self._block = next(self._pending, None)
        self.value, self.truncation, self.noise = np.full((3, scale.size), np.nan)

    def ask(self) -> Block | None:
        """Return both sides of all lines at the next step, or None when the table is full."""
        return self._block

    def tell(self, values: FloatArray, offsets: FloatArray) -> None:
        """Take the values of the last block, and the offsets as floating point realised them."""
        self._values.append(values)
        self._offsets.append(offsets)
        self._block = next(self._pending, None)
        if self._block is None:
            with np.errstate(all="ignore"):
                self._extrapolate()

    def _blocks(self, lines: int) -> Iterator[Block]:
        every = np.tile(np.arange(lines), 2)
        for steps in self._steps if lines else ():
            yield Block(every, np.concatenate([steps, -steps]))

    def _extrapolate(self) -> None:
        f = np.array(self._values).reshape(self._levels, 2, -1)
        t = np.array(self._offsets).reshape(self._levels, 2, -1)
        step = (t[:, 0] - t[:, 1]) / 2
        central = (f[:, 0] - f[:, 1]) / (2 * step)
        central[~_last_finite_run(central)] = np.nan
        squared = (step[:-1] / step[1:]) ** 2
        extrapolated = (squared * central[1:] - central[:-1]) / (squared - 1)

        largest = np.fmax(np.fmax(np.abs(f[:, 0]), np.abs(f[:, 1])), abs(self._value_at_zero))
        weight = 1 / (math.sqrt(2) * step)
        amplitude = self._roughness(extrapolated, squared, weight)
        amplitude = np.fmax(amplitude, 2 * self._roundoff * largest)
        amplitude = np.fmax(amplitude, 1.4 * self._noise_of_f)

        noise = KAPPA * amplitude * weight
        change = np.abs(np.diff(central, axis=0))
        plain = (central[1:], 2 * change / (squared - 1), noise[1:])
        noise_both = np.hypot(squared * noise[1:], noise[:-1]) / (squared - 1)
        change_both = np.abs(np.diff(extrapolated, axis=0))
        off = 0.15 * np.abs(extrapolated - central[1:])
        both = (extrapolated[1:], np.fmax(change_both, off[1:]), noise_both[1:])
        values, truncations, noises = (
            np.concatenate(parts) for parts in zip(plain, both, strict=True)
        )
        truncations = truncations + UNIT_ROUNDOFF_64 * np.abs(values)
        bars = truncations + noises
        best = np.argmin(np.where(np.isfinite(bars), bars, np.inf), axis=0)
        self.value, self.truncation, self.noise = (
            np.take_along_axis(part, best[np.newaxis], axis=0)[0]
            for part in (values, truncations, noises)
        )
        hopeless = ~np.isfinite(bars).any(axis=0)
        self.value[hopeless] = self.truncation[hopeless] = np.nan

    def _roughness(
        self, extrapolated: FloatArray, squared: FloatArray, weight: FloatArray
    ) -> FloatArray:
        """Return, level by level, the noise of f that the table shows at this or smaller steps."""
        a = -1 / (squared[:-1] - 1)
        b = squared[:-1] / (squared[:-1] - 1) + 1 / (squared[1:] - 1)
        c = -squared[1:] / (squared[1:] - 1)
        width = np.sqrt((a * weight[:-2]) ** 2 + (b * weight[1:-1]) ** 2 + (c * weight[2:]) ** 2)
        rough = np.abs(np.diff(extrapolated, axis=0)) / width
        rough = np.where(np.isfinite(rough), rough, 0.0)
        suffix = np.maximum.accumulate(rough[::-1])[::-1]
        levels = np.minimum(np.arange(self._levels), max(0, self._levels - _TRUSTED_LEVELS))
        result: FloatArray = suffix[np.minimum(levels, len(suffix) - 1)]
        return result


def _last_finite_run(central: FloatArray) -> BoolArray:
    """Return where each column's last unbroken run of finite values is."""
    finite = np.isfinite(central)
    # Trailing gaps are not yet part of a run; a gap after the run has begun ends it.
    begun = np.maximum.accumulate(finite[::-1])
    broken = np.maximum.accumulate(begun & ~finite[::-1])
    result: BoolArray = (begun & ~broken)[::-1]
    return result
