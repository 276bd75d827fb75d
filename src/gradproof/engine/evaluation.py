"""Evaluations of f as the methods ask for them: recalled, shared out, or done here in chunks."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gradproof.engine.batching import Batches, Columns, Values, require_trial
from gradproof.engine.budget import Budget, Spent
from gradproof.engine.point_evaluation import PointEvaluator
from gradproof.engine.randomness import Randomness
from gradproof.numerics.protocol import FloatArray, IntArray, Scheme
from gradproof.problems import Batched, Space

if TYPE_CHECKING:  # SQLite and the executors are loaded where they are used
    from gradproof.engine.journal import Journal
    from gradproof.engine.workers import Workers

_FEW, _MOST_IN_CHUNK = 16, 4096
_A_MOMENT = 0.1  # seconds, after which progress is told, and the budget looked at
_TO_LOSE = 0.05  # seconds, after which the journal has what was done
_FAR, _NEAR = 0.1, 1e-6  # in units of the natural scale: points that are evaluated both ways
_ALIKE = 8.0  # times the noise of a value: four of them are compared
AT_ONCE = (
    "f was evaluated at many points at once, which is quicker and gives the same values as at one"
)
ONE_BY_ONE = "f was evaluated at one point after the other"
Progress = Callable[[int, int], object]


class Evaluator(PointEvaluator):
    """Evaluate f at the point and around it, point by point and in blocks.

    Blocks of evaluations are shared out to `workers`, if there are any, and what was ever evaluated
    is kept in the `journal`, from which the next run takes it.
    """

    def __init__(
        self,
        f: Callable[[Any], Any],
        space: Space,
        progress: Progress | None = None,
        *,
        randomness: Randomness | None = None,
        terms: str | None = None,
        budget: Budget | None = None,
        workers: Workers | None = None,
        journal: Journal | None = None,
    ) -> None:
        super().__init__(f, space, randomness=randomness, terms=terms, budget=budget)
        self._progress = progress
        self._workers, self._journal = workers, journal
        self._moment = _A_MOMENT if journal is None else _TO_LOSE
        self._chunk = _FEW
        self.beside = 0, 0  # components before and after those that are measured now

    def __getstate__(self) -> dict[str, Any]:
        """Return what a worker needs, who counts for himself."""
        aside = {"budget": Budget(), "_progress": None, "_workers": None, "_journal": None}
        return vars(self) | aside | {"_chunk": _FEW, "_seconds": math.inf}

    def begin_journal(self, facts: Mapping[str, object], spread: float) -> None:
        """Say what is checked, where there is a journal; `spread` is that of f at the point."""
        if self._journal is not None:
            rounding = _ALIKE * self.roundoff * abs(self._value)
            self._journal.begin(
                facts,
                self.value_of_f,
                spread + rounding,
                draws_random_numbers=self.randomness.repeats_f,
            )

    @property
    def notes_on_helpers(self) -> list[str]:
        """What is to be said about the workers and the journal."""
        notes = [] if self._workers is None else self._workers.notes
        kept = None if self._journal is None else self._journal.note
        return [*notes, kept] if kept else notes

    def try_elsewhere(self) -> None:
        """Where f may hang, see in a worker that it does not at the point."""
        if self._workers is not None:
            self._workers.try_point(self, np.zeros_like(self.x))

    def repeat_random_numbers(self) -> bool:
        """Give f the same random numbers from now on; return whether it was seen to draw any."""
        if not self._decided("random numbers", self.randomness.hold_for_f, self.randomness.hold):
            return False
        self.begin()
        return True

    def use_batches(
        self, scale: FloatArray, noise: float, rng: np.random.Generator, todo: int
    ) -> str | None:
        """From now on evaluate f at many points at once, if it can, and is quicker so.

        A few points are evaluated both ways first: what f moves by has to be the same, but for the
        noise of its values. `todo` is how many evaluations are to come. Return what is to be said.
        """
        if not isinstance(self._f_around, Batched) or self._may_hang:
            return None
        batches = Batches(self._f_around, self.space, self._value)
        some = rng.choice(scale.size, min(scale.size, batches.most_tried), replace=False)
        offsets = scale[some] * np.geomspace(_FAR, _NEAR, some.size)
        inside = self.space.is_inside(some, offsets)

        def try_out() -> tuple[int, str, int]:
            before = self.budget.count
            affordable = self.budget.allow(todo) if some.size else 0
            batches.try_out(
                some[inside],
                offsets[inside],
                lambda lines, offsets: self.values_of_components(lines, offsets)[0],
                indistinct=_ALIKE * noise / self.factor,
                todo=affordable,
                seconds=self._seconds,
            )
            cost = self.budget.count - before + batches.evaluations
            self.budget.count = before
            return batches.size, batches.fails, cost

        batches.size, fails, cost = self._decided("batch", try_out, require_trial)
        self.budget.count += cost
        self._batches = batches if batches.size else None
        return AT_ONCE if batches.size else fails and f"{ONE_BY_ONE}: {fails}"

    def _decided(self, what: str, decide: Callable[[], Any], again: Callable[[Any], object]) -> Any:
        """Return what is decided by how f behaves now, or was when the journal was written.

        What is decided behind the end of a budget is another matter where there is more to spend.
        """
        if self._journal is None or self.budget.is_spent:
            return decide()
        return self._journal.decided(what, decide, again)

    def at_point(self, *, to_end_with: bool = False) -> float:
        """Evaluate f at the point; `to_end_with` also where the budget is spent."""
        value = super().at_point(to_end_with=to_end_with)
        self._chunk = min(_FEW, max(1, int(self._moment / self._seconds)))
        return value

    def along_direction(self, direction: FloatArray, offset: float) -> float:
        """Evaluate f at x + offset · direction; where there are bounds, a direction within them."""

        def here() -> float:
            return self.along_direction_now(direction, offset)

        return self._kept(here, "values_along", direction, offset) * self.factor

    def along_chunks(self, chunks: Iterable[tuple[slice, FloatArray]], claim: FloatArray) -> float:
        """Evaluate f at x + v, as if v were realised: less the claim times what rounding adds."""
        if self._workers is not None:
            chunks = list(chunks)

        def here() -> float:
            return self.along_chunks_now(chunks, claim)

        return self._kept(here, "values_along_chunks", (chunks, claim), 1.0) * self.factor

    def along_imaginary(self, directions: list[FloatArray]) -> npt.NDArray[np.complex128] | None:
        """Evaluate f at x + i · direction; None where f takes no complex numbers."""
        if self._terms is not None or self._may_hang:
            return None
        self.budget.allow(1)

        def evaluate() -> list[list[float]] | None:
            with np.errstate(all="ignore"):
                results = self.space.along_imaginary(self._f, directions)
            return None if results is None else [[one.real, one.imag] for one in results]

        def require_pairs(results: Any) -> None:
            pairs, shape = np.array(results), (len(directions), 2)
            if results is not None and (pairs.dtype.kind, pairs.shape) != ("f", shape):
                raise ValueError("no pairs of numbers, one for each direction")

        results = self._decided("complex steps", evaluate, require_pairs)
        self.budget.count += len(directions) if results is not None else 1
        if results is None:
            return None
        return np.array([complex(*pair) for pair in results], dtype=np.complex128) * self.factor

    @property
    def _may_hang(self) -> bool:
        """Whether each evaluation is left to a worker, which can be ended."""
        return self._workers is not None and self._workers.limit is not None

    def _kept(self, here: Callable[[], float], method: str, moved: object, offset: float) -> float:
        """Return a value that the journal keeps, of one evaluation, here or by a worker."""
        asked = np.array([offset])

        def evaluate() -> float:
            if self._workers is None or not self._workers.take_all:
                return here()
            ((_, found, _),) = self._workers.evaluate(
                self,
                method,
                ([moved], asked),
                seconds=self._seconds,
                value=self._value,
                roundoff=self.roundoff,
            )
            return float(found[0])

        if self._journal is None:
            return evaluate()
        first, known, values, _, _ = self._journal.recall(asked, self.space)
        if known[0]:
            self.budget.take_one()
            return float(values[0])
        values[0] = evaluate()
        self._journal.keep(np.array([first]), asked, values, asked, 1, self.space)
        return float(values[0])

    def answer_directions(
        self, scheme: Scheme, directions: list[FloatArray], *, exactly: bool = False
    ) -> None:
        """Evaluate whatever a scheme asks for along directions.

        Where there are bounds, the points of a line are shifted until all lie on one side of x, and
        its direction is turned into the bounds: the noise of f is the same there. `exactly` leaves
        them where they are, and what lies outside has no value.
        """

        def columns(lines: IntArray, offsets: FloatArray) -> Columns:
            along = list(directions)
            if self.space.lower is not None and not exactly:
                offsets = offsets.copy()
                for line in np.unique(lines):
                    of_line = lines == line
                    offsets[of_line] -= offsets[of_line].min()
                    farthest = float(offsets[of_line].max())
                    along[line] = self.space.toward_inside(directions[line], farthest)
            return [along[line] for line in lines.tolist()], offsets

        method = "values_inside" if exactly else "values_along"
        self.answer(scheme, self, method, columns, chunk=1)

    def answer_components(self, scheme: Scheme, places: IntArray | None = None) -> None:
        """Evaluate whatever a scheme asks for along components, in place, chunk by chunk.

        Line k of the scheme is the component ``places[k]``, or k itself.
        """

        def columns(lines: IntArray, offsets: FloatArray) -> Columns:
            return lines if places is None else places[lines], offsets

        self.answer(scheme, self, "values_of_components", columns)

    def answer(
        self,
        scheme: Scheme,
        owner: Any,
        method: str,
        columns: Callable[[IntArray, FloatArray], Columns],
        *,
        chunk: int | None = None,
    ) -> None:
        """Evaluate whatever a scheme asks for by a method of an owner.

        The method takes equally long columns, of which any part may be evaluated anywhere, at most
        `chunk` entries at once, and returns `Values`; no value depends on the parts.
        """
        while (block := scheme.ask()) is not None:
            values, offsets = np.full(block.lines.size, np.nan), block.offsets.copy()
            asked = columns(block.lines, block.offsets)
            try:
                for which, found, realised in self._parts(owner, method, asked, chunk):
                    values[which], offsets[which] = found, realised
            except (Spent, KeyboardInterrupt):
                scheme.tell(values * self.factor, offsets)  # what is known by now
                raise
            if self.factor != 1.0:
                values *= self.factor
            scheme.tell(values, offsets)

    def _parts(
        self, owner: Any, method: str, columns: Columns, chunk: int | None
    ) -> Iterator[tuple[IntArray | slice, FloatArray, FloatArray]]:
        """Yield the values of a block, part by part: what the journal knows, then all else."""
        if self._journal is None:
            yield from self._evaluated(owner, method, columns, chunk)
            return
        asked = columns[-1]
        first, known, values, offsets, cost = self._journal.recall(asked, self.space)
        todo = np.flatnonzero(~known)
        if todo.size < asked.size:
            self.budget.allow(1)
            self.budget.count += cost
            yield np.flatnonzero(known), values[known], offsets[known]
            moved = columns[0]
            moved = moved[todo] if isinstance(moved, np.ndarray) else [moved[k] for k in todo]
            columns = moved, asked[todo]
        spent = self.budget.count
        for which, found, realised in self._evaluated(owner, method, columns, chunk):
            places = todo[which]
            cost = self.budget.count - spent
            self._journal.keep(first + places, asked[places], found, realised, cost, self.space)
            spent = self.budget.count
            yield places, found, realised

    def _evaluated(
        self, owner: Any, method: str, columns: Columns, chunk: int | None
    ) -> Iterator[tuple[slice, FloatArray, FloatArray]]:
        total = len(columns[-1])
        if self._workers is not None and self._workers.are_worth(total * self._seconds):
            parts = self._workers.evaluate(
                owner,
                method,
                columns,
                seconds=self._seconds,
                value=self._value,
                roundoff=self.roundoff,
            )
        else:
            parts = self._in_this_process(getattr(owner, method), columns, chunk)
        done = 0
        for part, found, realised in parts:
            yield part, found, realised
            done += found.size
            if self._progress is not None:
                before, after = self.beside
                self._progress(before + done, before + total + after)

    def _in_this_process(
        self, method: Callable[..., Values], columns: Columns, chunk: int | None
    ) -> Iterator[tuple[slice, FloatArray, FloatArray]]:
        total, start = len(columns[-1]), 0
        while start < total:
            part = slice(start, min(start + min(self._allowed(), chunk or total), total))
            begun = time.monotonic()
            found, realised = method(*(column[part] for column in columns))
            self._adapt(part.stop - start, time.monotonic() - begun)
            yield part, found, realised
            start = part.stop

    def _allowed(self) -> int:
        """Return how many evaluations are done in one go; no value depends on it."""
        if self._batches is None:
            return self.budget.allow(self._chunk)
        whole = max(self._chunk // self._batches.whole, 1) * self._batches.whole
        allowed = self.budget.allow(self.cost_of(whole))
        return min(whole, max(allowed // 2, 1))

    def _adapt(self, size: int, seconds: float) -> None:
        """Look up often where f is slow, and seldom where it is quick."""
        if size >= self._chunk and seconds < self._moment / 2:
            self._chunk = min(2 * self._chunk, _MOST_IN_CHUNK)
        elif seconds > 2 * self._moment:
            self._chunk = max(self._chunk // 2, 1)
