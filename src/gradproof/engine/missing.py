"""Where f depends on a parameter and a sparse Jacobian has no entry: dense random directions.

Along each of a few directions all outputs are seen at once, and those off that the claim does not
explain. What their errors are along all directions tells which column is missing.
"""

from __future__ import annotations

import numpy as np

from gradproof.engine.outputs import OutputsEvaluator
from gradproof.numerics.protocol import FloatArray, IntArray
from gradproof.numerics.question import KAPPA
from gradproof.numerics.support import sparse_support
from gradproof.problems.sparsity import Entries

_FIRST, _MOST_ROWS = 4, 64  # directions; rows whose columns are looked for
_FINEST, _WIDEST = 1e-6, 0.02  # of the natural scale
_TRUNCATION = 10.0  # times the square of the step: of a row's movement
_BENT = 0.01, 0.1  # as in subgradients: what is looked for, what noise may make of that


class Probes:
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
        with np.errstate(all="ignore"):
            typical = float(np.nanmedian(np.where(size > 0, noise / size, np.nan)))
        typical = typical if np.isfinite(typical) else 1e-16
        self._one_sided = evaluator.space.lower is not None
        order = 1 / 2 if self._one_sided else 1 / 3
        self._step = float(np.clip((3 * typical) ** order, _FINEST**(3 * order / 2), _WIDEST))
        self.moves = np.empty((0, scale.size))
        self.errors, self.bars = np.empty((2, 0, noise.size))
        self.bent = np.zeros(noise.size, dtype=bool)

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
        if self._one_sided:
            ahead = step * space.toward_inside(direction, step)
            move = space.realised(ahead, 1.0)
            moved = evaluator.moved(ahead) - f0
            truncation = _TRUNCATION * step
        else:
            ahead = step * direction
            plus, minus = evaluator.moved(ahead), evaluator.moved(-ahead)
            move = space.realised(ahead, 1.0) - space.realised(-ahead, 1.0)
            moved, truncation = plus - minus, _TRUNCATION * step**2
            self._look_for_kinks(plus, minus, moved)
        error = moved - self._entries.times(move)
        size = self._entries.of_rows(self._entries.values * move[self._entries.columns])
        bar = KAPPA * np.sqrt(2) * self._noise + (self._relative + truncation) * size
        return move, error, bar + truncation * np.abs(moved)

    def _look_for_kinks(self, plus: FloatArray, minus: FloatArray, moved: FloatArray) -> None:
        f0 = self._evaluator.at_zero
        with np.errstate(invalid="ignore"):
            apart = np.abs((plus - f0) + (minus - f0))
            size = np.abs(moved) / 2
            seen = 5 * KAPPA * np.sqrt(6) * self._noise
            bent = (apart > _BENT[0] * size + seen) & (seen <= _BENT[1] * size)
        self.bent |= bent

    @property
    def off(self) -> IntArray:
        """The outputs that the claim does not explain, those farthest off first."""
        with np.errstate(all="ignore"):
            beyond = np.max(np.abs(self.errors) / self.bars, axis=0, initial=0.0)
        rows = np.flatnonzero((beyond > 1) & np.all(np.isfinite(self.errors), axis=0))
        return rows[np.argsort(-beyond[rows], kind="stable")]

    def missing(
        self, rows: IntArray, known: FloatArray | None = None
    ) -> tuple[IntArray, IntArray, IntArray]:
        """Return where entries are missing: rows and columns; and the rows that stay unexplained.

        `known` are errors that are known by now, to be taken out.
        """
        entries = self._entries
        errors = self.errors if known is None else self.errors - known
        found: list[tuple[int, int]] = []
        unexplained = []
        for row in rows[:_MOST_ROWS].tolist():
            mine = entries.columns[entries.rows == row]
            within = np.empty(0, dtype=np.int64) if known is not None else mine
            bars = self.bars[:, row] + np.max(self.bars[:, row])
            columns = sparse_support(errors[:, row], self.moves, bars, within)
            if columns is None:
                unexplained.append(row)
            else:
                found += [(row, column) for column in columns.tolist() if column not in mine]
        places = np.array(found, dtype=np.int64).reshape(-1, 2)
        return places[:, 0], places[:, 1], np.array(unexplained, dtype=np.int64)
