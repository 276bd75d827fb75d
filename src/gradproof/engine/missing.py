"""Where f depends on a parameter and a sparse Jacobian has no entry: dense random directions.

Along each of a few directions all outputs are seen at once, and those off that the claim does not
explain. What their errors are along all directions tells which column is missing.
"""

from __future__ import annotations

import numpy as np

from gradproof._base.floats import UNIT_ROUNDOFF_64
from gradproof.engine.outputs import OutputsEvaluator
from gradproof.engine.subgradients import BENT
from gradproof.numerics.noise import KAPPA
from gradproof.numerics.protocol import BoolArray, FloatArray, IntArray
from gradproof.numerics.support import NONE, SEVERAL, single_columns, sparse_support
from gradproof.problems.sparsity import Entries

# Rows of which several columns are looked for; moves looked at for them; rows in vain, one by one.
_FEW_ROWS, _MOST_NUMBERS, _IN_VAIN = 64, 10_000_000, 16
_FINEST, _WIDEST = 1e-6, 0.02  # of the natural scale
_TRUNCATION = 10.0  # times the square of the step: of a row's movement


class Residuals:
    """Errors of the claim along dense directions, output by output.

    `moves` has one row for each direction: by how much every component was moved. `errors` and
    `bars` have one column for each output: what f did beyond what is claimed. `bent` says of which
    outputs the sides stay apart. Two evaluations for each direction, one where there are bounds.
    """

    def __init__(
        self,
        evaluator: OutputsEvaluator,
        entries: Entries,
        scale: FloatArray,
        noise: FloatArray,
        relative: float,
        rng: np.random.Generator,
    ) -> None:
        self._evaluator, self._entries = evaluator, entries
        self._scale, self._noise, self._relative, self._rng = scale, noise, relative, rng
        size = np.abs(evaluator.at_zero) + entries.of_rows(entries.values * scale[entries.columns])
        moving = size > 0
        typical = float(np.median(noise[moving] / size[moving])) if np.any(moving) else 0.0
        typical = max(typical, UNIT_ROUNDOFF_64)
        self._one_sided = evaluator.space.lower is not None
        order, finest = (1 / 2, _FINEST**1.5) if self._one_sided else (1 / 3, _FINEST)
        self._step = float(np.clip((3 * typical) ** order, finest, _WIDEST))
        self.moves = np.empty((0, scale.size))
        self.errors, self.bars = np.empty((2, 0, noise.size))
        self._bent = np.zeros(noise.size, dtype=np.int64)

    def take(self, directions: int) -> None:
        """Look along more directions."""
        moves, errors, bars = [], [], []
        for _ in range(directions):
            signs = self._rng.choice([-1.0, 1.0], self._scale.size)
            direction = signs * self._rng.uniform(0.5, 1.5, signs.size) * self._scale
            move, error, bar = self._along(direction)
            moves.append(move)
            errors.append(error)
            bars.append(bar)
        self.moves = np.vstack([self.moves, *moves])
        self.errors, self.bars = np.vstack([self.errors, *errors]), np.vstack([self.bars, *bars])

    def _along(self, direction: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        evaluator, space = self._evaluator, self._evaluator.space
        step, f0 = self._step, evaluator.at_zero
        minus = f0
        if self._one_sided:
            ahead = step * space.toward_inside(direction, step)
            plus, move = evaluator.moved(ahead), space.realised(ahead, 1.0)
            truncation = _TRUNCATION * step
        else:
            ahead = step * direction
            plus, minus = evaluator.moved(ahead), evaluator.moved(-ahead)
            move = space.realised(ahead, 1.0) - space.realised(-ahead, 1.0)
            truncation = _TRUNCATION * step**2
        moved = plus - minus
        error = moved - self._entries.times(move)
        size = self._entries.of_rows(self._entries.values * move[self._entries.columns])
        if not self._one_sided:
            self._look_for_kinks((plus - f0) + (minus - f0), size)
        bar = KAPPA * np.sqrt(2) * self._noise + (self._relative + truncation) * size
        return move, error, bar + truncation * np.abs(moved)

    def _look_for_kinks(self, apart: FloatArray, size: FloatArray) -> None:
        """Count where the sides stay apart by more than curvature and noise explain."""
        seen = 5 * KAPPA * np.sqrt(6) * self._noise
        with np.errstate(invalid="ignore"):
            bent = (np.abs(apart) > BENT[0] * size + seen) & (seen <= BENT[1] * size)
        self._bent += bent

    @property
    def bent(self) -> BoolArray:
        """The outputs that have a kink at the point, as most directions see it."""
        result: BoolArray = 2 * self._bent > len(self.moves)
        return result

    @property
    def unseen(self) -> IntArray:
        """The outputs of which nothing is known: f is not finite along some direction."""
        return np.flatnonzero(~np.all(np.isfinite(self.errors), axis=0))

    def off(self, known: FloatArray | None = None) -> IntArray:
        """Return the outputs that the claim does not explain, those farthest off first.

        `known` are errors that are known by now, to be taken out.
        """
        with np.errstate(all="ignore"):
            errors = self.errors if known is None else self.errors - known
            beyond = np.max(np.abs(errors) / self.bars, axis=0, initial=0.0)
        rows = np.flatnonzero((beyond > 1) & np.all(np.isfinite(self.errors), axis=0))
        return rows[np.argsort(-beyond[rows], kind="stable")]

    def direction(self, number: int) -> FloatArray:
        """Return one of the directions, in natural scales."""
        sides = 1 if self._one_sided else 2
        result: FloatArray = self.moves[number] / (sides * self._step)
        return result

    def missing(
        self, rows: IntArray, known: FloatArray | None = None
    ) -> tuple[IntArray, IntArray, IntArray]:
        """Return where entries are missing: rows and columns; and the rows that stay unexplained.

        `known` are errors that are known by now, to be taken out. A single column is looked for in
        all rows, several in some of them only: the others stay unexplained.
        """
        entries = self._entries
        errors = self.errors if known is None else self.errors - known
        bars = self.bars + np.max(self.bars, axis=0)
        single = single_columns(errors[:, rows], self.moves, bars[:, rows])
        found = [(rows[single >= 0], single[single >= 0])]
        unexplained = rows[single == SEVERAL].tolist()
        others = rows[single == NONE]
        most = max(_FEW_ROWS, _MOST_NUMBERS // self.moves.size)
        in_vain = 0
        for done, row in enumerate(others.tolist()):
            if done >= most or in_vain >= _IN_VAIN:
                unexplained += others[done:].tolist()
                break
            within = entries.columns[entries.rows == row]
            within = within if known is None else within[:0]
            columns = sparse_support(errors[:, row], self.moves, bars[:, row], within)
            if columns is None:
                unexplained.append(row)
                in_vain += 1
            else:
                found.append((np.full(columns.size, row), columns))
                in_vain = 0
        there, columns = (np.concatenate(parts) for parts in zip(*found, strict=True))
        place = there * entries.shape[1] + columns
        is_new = ~np.isin(place, entries.rows * entries.shape[1] + entries.columns)
        return there[is_new], columns[is_new], np.array(unexplained, dtype=np.int64)
