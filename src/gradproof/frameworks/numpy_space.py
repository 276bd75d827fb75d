"""Parameters of NumPy arrays and Python numbers, moved in place in buffers of our own."""

import threading
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gradproof._base.complexes import as_complex
from gradproof._base.errors import InputError
from gradproof._base.floats import UNIT_ROUNDOFF_64
from gradproof.frameworks.box import toward_inside
from gradproof.frameworks.buffers import Buffers
from gradproof.frameworks.leaf_kinds import Number
from gradproof.numerics.protocol import BoolArray, FloatArray, IntArray
from gradproof.problems import Batched
from gradproof.problems.space import UNDEFINED, Function
from gradproof.problems.timeouts import TookTooLong

_WRITTEN_BY_MEMORYVIEWS = np.dtype(np.float64), np.dtype(np.float32)  # in native order
_filters = threading.RLock()
_PATIENCE = 60.0  # seconds


class NumpySpace(Buffers):
    """Buffers that f is evaluated in, moved along components and directions."""

    def promoted(self) -> "NumpySpace | None":
        """Return the same values in float64; None where all are in float64 already."""
        if not any(roundoff > UNIT_ROUNDOFF_64 for roundoff in self.roundoffs):
            return None
        values: list[Any] = []
        kinds = list(self._kinds)
        for k, (leaf, given) in enumerate(zip(self._tree.leaves, self._given, strict=True)):
            if self.roundoffs[k] > UNIT_ROUNDOFF_64:
                given, kinds[k] = given.astype(np.float64), kinds[k].in_float64()
            values.append(given.reshape(leaf.shape))
        bounds = None if self.lower is None or self.upper is None else (self.lower, self.upper)
        space = NumpySpace(self._tree, values, bounds, kinds)
        space.was_written = self.was_written
        if self._fresh_copies:
            space.use_fresh_copies()
        if self.keeps_copies:
            space.use_fresh_copies(keep=True)
        return space

    def is_inside(self, lines: IntArray, offsets: FloatArray) -> BoolArray:
        """Whether single components, moved as floating point realises it, stay in their bounds."""
        if self.lower is None or self.upper is None:
            return np.ones(lines.size, dtype=bool)
        moved = self.x[lines]
        for run, _, _, there in self._destinations(lines, offsets):
            moved[run] = there
        inside: BoolArray = (moved >= self.lower[lines]) & (moved <= self.upper[lines])
        return inside

    def toward_inside(self, direction: FloatArray, farthest: float) -> FloatArray:
        """Return a direction that stays in the bounds from 0 to `farthest`."""
        if self.lower is None or self.upper is None:
            return direction
        return toward_inside(self.x, self.lower, self.upper, direction, farthest)

    def along_components(
        self, f: Function, lines: IntArray, offsets: FloatArray
    ) -> tuple[list[Any], FloatArray]:
        """Evaluate f with single components moved; return its results and the realised offsets.

        All of them again, with copies, where it changed others.
        """
        moved = self.x[lines]
        results: list[Any] = []
        for run, which, places, there in self._destinations(lines, offsets):
            moved[run] = there
            results += self._run(f, which, places.tolist(), there.tolist())
        if not (self._gives_copies or self.is_unchanged()):
            self.was_written = self._fresh_copies = True
            self.restore()
            return self.along_components(f, lines, offsets)
        return results, moved - self.x[lines]

    def at_once(
        self, f: Batched, lines: IntArray, offsets: FloatArray
    ) -> tuple[Sequence[Any], FloatArray] | None:
        """Evaluate f at the point and with single components moved, in one call of `f.many`."""
        if self._gives_copies:
            return None
        moved = self.x[lines]
        size = lines.size + 1
        stacks = [np.broadcast_to(initial, (size, initial.size)) for initial in self._initial]
        for run, which, places, there in self._destinations(lines, offsets):
            moved[run] = there
            if not stacks[which].flags.writeable:
                stacks[which] = stacks[which].copy()
            stacks[which][run + 1, places] = there
        shaped = [
            stack.reshape(size, *leaf.shape)
            for stack, leaf in zip(stacks, self._tree.leaves, strict=True)
        ]
        points = [
            as_complex(stack) if leaf.is_complex else stack
            for stack, leaf in zip(shaped, self._tree.leaves, strict=True)
        ]
        return f.many(points), moved - self.x[lines]

    def _destinations(
        self, lines: IntArray, offsets: FloatArray
    ) -> Iterator[tuple[IntArray, int, IntArray, npt.NDArray[Any]]]:
        """Yield, for runs of neighbours in one leaf, which, which leaf, its places, and where to.

        Neighbours in a block mostly share their leaf: one tight loop for each run of them.
        """
        moved = self.x[lines] + offsets
        starts = np.array([leaf.start for leaf in self._tree.leaves])
        leaf_of = np.searchsorted(starts, lines, side="right") - 1
        cuts = np.flatnonzero(np.diff(leaf_of)) + 1
        for run in np.split(np.arange(lines.size), cuts) if lines.size else ():
            which = int(leaf_of[run[0]])
            with np.errstate(over="ignore"):
                dtype = np.float32 if self._float32_grid else self._buffers[which].dtype
                yield run, which, lines[run] - starts[which], moved[run].astype(dtype)

    def along_imaginary(self, f: Function, directions: list[FloatArray]) -> list[complex] | None:
        """Evaluate f at x + i·direction in complex128; None where f does not take that.

        Nor is it where parameters are complex numbers: their parts cannot be.
        """
        if self._tree.is_complex:
            return None
        results = []
        for direction in directions:
            leaves: list[Any] = []
            for leaf, initial, kind in zip(
                self._tree.leaves, self._initial, self._kinds, strict=True
            ):
                moved = initial + 1j * direction[leaf.start : leaf.stop]
                number = isinstance(kind, Number)
                leaves.append(complex(moved[0]) if number else moved.reshape(leaf.shape))
            # Filters are those of the whole process; threads that put them back must not cross.
            if not _filters.acquire(timeout=_PATIENCE):  # by f itself, in another thread
                return None
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("error", np.exceptions.ComplexWarning)
                    result = np.asarray(f(self._tree.unflatten(leaves)))
                    if result.size != 1 or result.dtype.kind != "c":
                        return None
                    results.append(complex(result.item()))
            except Exception:  # whatever a function says that expects real numbers
                return None
            finally:
                _filters.release()
        return results

    def _run(self, f: Function, which: int, places: list[int], there: list[float]) -> list[Any]:
        """Evaluate f with one component of one leaf moved after the other."""
        at = self._ours()
        # Through a memoryview single numbers are written in less time.
        array = self._buffers[which]
        buffer: Any = array.data if array.dtype in _WRITTEN_BY_MEMORYVIEWS else array
        copies = self._gives_copies or self._is_made_anew[which]
        following, view = self._following[which], self._views[which]
        results: list[Any] = []
        keep = results.append
        points = zip(places, there, self._initial[which][places].tolist(), strict=True)
        while len(results) < len(places):
            try:
                if copies:
                    for place, value, old in points:
                        buffer[place] = value
                        keep(f(self._anew()))
                        buffer[place] = old
                elif following is not None:
                    for place, value, old in points:
                        buffer[place] = value
                        following.follow_one(view, place, value)
                        keep(f(at))
                        buffer[place] = old
                        following.follow_one(view, place, old)
                else:
                    for place, value, old in points:
                        buffer[place] = value
                        keep(f(at))
                        buffer[place] = old
            except InputError as error:  # ours: a ValueError, but no value of f
                error.add_note(
                    f"gradproof: f was evaluated with {self._moved(which, place, value)}"
                )
                raise
            except UNDEFINED as error:
                if isinstance(error, TookTooLong):
                    error.happened(self._moved(which, place, value))
                keep(np.nan)
                buffer[place] = old
                if following is not None:
                    following.follow_one(view, place, old)
            except Exception as error:
                _note(error, self._moved(which, place, value))
                raise
        return results

    def _moved(self, which: int, place: int, value: float) -> str:
        """Say where a component of a leaf is."""
        return f"{self.name_of(self._tree.leaves[which].start + place)} moved to {value}"

    def realised(self, direction: FloatArray, offset: float) -> FloatArray:
        """Return by how much x moves when it is sent to x + offset · direction."""
        self._move(direction, offset)
        there = np.concatenate([np.empty(0), *(b.astype(np.float64) for b in self._buffers)])
        self._put_back()
        return there - self.x

    def _move(self, direction: FloatArray, offset: float) -> None:
        with np.errstate(over="ignore"):
            for leaf, buffer in zip(self._tree.leaves, self._buffers, strict=True):
                part = slice(leaf.start, leaf.stop)
                there = self.x[part] + offset * direction[part]
                buffer[:] = there.astype(np.float32) if self._float32_grid else there
        for buffer, (low, high) in zip(self._buffers, self._limits, strict=False):
            buffer[:] = np.minimum(np.maximum(buffer, low), high)

    def along_chunks(
        self, f: Function, chunks: Iterable[tuple[slice, FloatArray]], weight: FloatArray
    ) -> tuple[Any, float]:
        """Evaluate f at x + v; also return ``weight @ (v as realised - v)``."""
        turned = 0.0
        for part, move in chunks:
            for which, inside in self._tree.within(part):
                first = self._tree.leaves[which].start
                places = slice(inside.start - first, inside.stop - first)
                x = self.x[inside]
                v = move[inside.start - part.start : inside.stop - part.start]
                there = x + v
                buffer = self._buffers[which][places]
                with np.errstate(over="ignore"):
                    buffer[:] = there.astype(np.float32) if self._float32_grid else there
                if self._limits:
                    low, high = self._limits[which]
                    buffer[:] = np.minimum(np.maximum(buffer, low[places]), high[places])
                turned += float(weight[inside] @ ((buffer - x) - v))
        try:
            where = f"parts of {self._tree.root} moved in a random direction"
            return self._displaced(f, where), turned
        finally:
            self._put_back()

    def _displaced(self, f: Function, where: str) -> Any:
        """Evaluate f where the buffers are, and notice when it changes its argument."""
        expected = [buffer.tobytes() for buffer in self._buffers] if not self.was_written else []
        self._follow()
        try:
            anew = self._gives_copies or self._moves_what_is_made_anew()
            return f(self._anew() if anew else self._ours())
        except InputError as error:
            error.add_note(f"gradproof: f was evaluated with {where}")
            raise
        except UNDEFINED as error:
            if isinstance(error, TookTooLong):
                error.happened(where)
            return np.nan
        except Exception as error:
            _note(error, where)
            raise
        finally:
            if any(
                b.tobytes() != bits for b, bits in zip(self._buffers, expected, strict=False)
            ) or not (self._gives_copies or (self._is_whole() and self._have_followed())):
                self.was_written = self._fresh_copies = True

    def along_direction(self, f: Function, direction: FloatArray, offset: float) -> Any:
        """Evaluate f at x + offset · direction."""
        self._move(direction, offset)
        try:
            return self._displaced(
                f,
                f"all of {self._tree.root} moved in a random direction, by {offset:.1g} of its "
                "natural scale",
            )
        finally:
            self._put_back()


def _note(error: Exception, where: str) -> None:
    """Note where f raised an exception; a StopIteration is another one, as it ends our loops."""
    error.add_note(f"gradproof: f raised this with {where}")
    if isinstance(error, StopIteration):
        raise RuntimeError("f raised StopIteration: next() found nothing left") from error
