"""Entries of a sparse Jacobian as lines that share evaluations: those of one colour have one."""

from __future__ import annotations

import numpy as np

from gradproof.engine.budget import Spent
from gradproof.engine.outputs import OutputsEvaluator
from gradproof.numerics.protocol import BoolArray, FloatArray, IntArray
from gradproof.numerics.stages import CheapStages
from gradproof.problems.sparsity import Entries

_TINY = 3e-7  # of the natural scale: up to here a wider step leaves out next to nothing
_WIDER = 1e4, 4.0  # times the step that was asked for: so wide a tiny one may be, and any other
_ALIKE = 1e-3  # relative: steps that are evaluated together


class Colours:
    """Answer the cheap stages of all entries of a matrix; line k of them is entry k.

    Values are differences to the point, in units of the noise of their output. Columns of one
    colour are moved together, each by the same part of its natural scale: where different steps
    are asked for first, the wider one is taken. Later steps are taken as they are asked for.
    """

    def __init__(
        self,
        evaluator: OutputsEvaluator,
        entries: Entries,
        colours: IntArray,
        scale: FloatArray,
        noise: FloatArray,
    ) -> None:
        self._evaluator, self._entries = evaluator, entries
        self._colour = colours[entries.columns]
        self._scale, self._noise = scale, noise
        self._asked, self._given = np.full((2, entries.size), np.nan)

    def answer(self, stages: CheapStages) -> None:
        """Evaluate whatever is asked for."""
        while (block := stages.ask()) is not None:
            values, offsets = np.full(block.lines.size, np.nan), block.offsets.copy()
            first = np.isnan(stages.first.value[block.lines])
            try:
                self._evaluate(block.lines, block.offsets, first, values, offsets)
            except (Spent, KeyboardInterrupt):
                stages.tell(values, offsets)  # what is known by now
                raise
            stages.tell(values, offsets)

    def _evaluate(
        self,
        lines: IntArray,
        asked: FloatArray,
        first: BoolArray,
        values: FloatArray,
        realised: FloatArray,
    ) -> None:
        """Fill in values and realised offsets, colour by colour and step by step."""
        columns, rows = self._entries.columns[lines], self._entries.rows[lines]
        part = np.abs(asked) / self._scale[columns]
        side = np.sign(asked)
        colour = self._colour[lines]
        part = self._shared(lines, part, colour, side, first)
        # Runs of one colour, one side, and steps that are alike.
        order = np.lexsort((part, side, colour))
        steps = np.diff(np.log(part[order]))
        cuts = (np.diff(colour[order]) != 0) | (np.diff(side[order]) != 0) | (steps > _ALIKE)
        x, space = self._evaluator.x, self._evaluator.space
        runs = np.split(order, np.flatnonzero(cuts) + 1)
        for done, run in enumerate(runs):
            moved = columns[run]
            moves = np.zeros_like(x)
            moves[moved] = side[run[0]] * part[run[0]] * self._scale[moved]
            if space.lower is not None and space.upper is not None:
                there = x + moves
                moves[(there < space.lower) | (there > space.upper)] = 0.0
            outputs = self._evaluator.moved(moves)
            by = space.realised(moves, 1.0)[moved]
            with np.errstate(invalid="ignore"):
                change = outputs[rows[run]] - self._evaluator.at_zero[rows[run]]
            values[run] = np.where(moves[moved] != 0, change / self._noise[rows[run]], np.nan)
            realised[run] = np.where(by != 0, by, asked[run])
            self._evaluator.tell(done + 1, len(runs))

    def _shared(
        self,
        lines: IntArray,
        part: FloatArray,
        colour: IntArray,
        side: FloatArray,
        first: BoolArray,
    ) -> FloatArray:
        """Return steps, those that are asked for first widened to be the same for many lines."""
        again = np.abs(part - self._asked[lines]) <= _ALIKE * part
        result = np.where(again, self._given[lines], part)
        new = np.flatnonzero(first & ~again)
        order = new[np.lexsort((-part[new], side[new], colour[new]))]
        cuts = (np.diff(colour[order]) != 0) | (np.diff(side[order]) != 0)
        for run in np.split(order, np.flatnonzero(cuts) + 1) if order.size else ():
            begun = 0
            while begun < run.size:  # the widest comes first
                widest = part[run[begun]]
                wider = _WIDER[0] if widest <= _TINY else _WIDER[1]
                together = part[run[begun:]] * wider >= widest
                size = int(np.sum(together))
                result[run[begun : begun + size]] = widest
                begun += size
        self._asked[lines[new]], self._given[lines[new]] = part[new], result[new]
        return result
