"""Parameters of NumPy arrays and Python numbers, moved in place in a buffer of our own."""

import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import is_
from typing import Any

import numpy as np
import numpy.typing as npt

from gradproof._base.complexes import as_complex
from gradproof._base.errors import InputError
from gradproof._base.floats import UNIT_ROUNDOFF_64, unit_roundoff
from gradproof.frameworks.box import limits_in, toward_inside
from gradproof.frameworks.leaf_kinds import Following, Kind, Number, buffer_of, kind_of
from gradproof.numerics.protocol import FloatArray, IntArray
from gradproof.problems import Batched
from gradproof.problems.space import UNDEFINED, Function
from gradproof.problems.timeouts import TookTooLong
from gradproof.tree import Tree, contents, inner_nodes

BoolArray = npt.NDArray[np.bool_]

_WRITTEN_BY_MEMORYVIEWS = np.dtype(np.float64), np.dtype(np.float32)  # in native order
_filters = threading.RLock()
_PATIENCE = 60.0  # seconds
_MOST_KEPT = 1 << 30  # bytes of copies kept alive for an f that remembers them by identity


class NumpySpace:
    """The leaves of a pytree as buffers of our own; the user's arrays are never touched.

    Integers are taken as the floats that they equal. An array leaf is seen by f through a view of
    its buffer; a Python number is put into the pytree anew at every evaluation that moves it.
    """

    def __init__(
        self,
        tree: Tree,
        values: list[Any],
        bounds: tuple[FloatArray, FloatArray] | None = None,
        kinds: list[Kind] | None = None,
    ) -> None:
        self._tree = tree
        self._buffers = [
            buffer_of(value, tree.address(leaf))
            for leaf, value in zip(tree.leaves, values, strict=True)
        ]
        self._kinds = kinds or list(map(kind_of, values))
        self._is_bound = any(kind.is_bound for kind in self._kinds)
        self._following = [
            kind if isinstance(kind, Following) and kind.follows else None for kind in self._kinds
        ]
        self._is_made_anew = [
            not kind.shares_memory and following is None
            for kind, following in zip(self._kinds, self._following, strict=True)
        ]
        self._given = [buffer.copy() for buffer in self._buffers]
        self._initial = self._given
        self.roundoffs = tuple(unit_roundoff(buffer.dtype) for buffer in self._buffers)
        self.types = tuple(
            (buffer if not leaf.is_complex else as_complex(buffer.reshape(leaf.shape))).dtype.name
            for leaf, buffer in zip(tree.leaves, self._buffers, strict=True)
        )
        self.was_written = False
        self._fresh_copies = False
        self._float32_grid = False
        self._kept: list[Any] | None = None
        self._seen: list[Any] = []
        self._build()
        self.lower: FloatArray | None = None
        self.upper: FloatArray | None = None
        self._limits: list[tuple[npt.NDArray[Any], npt.NDArray[Any]]] = []
        if bounds is not None:
            self._stay_within(*bounds)

    def __getstate__(self) -> dict[str, Any]:
        """Return all but what is made of it, for a space of the same elsewhere."""
        made = {"x", "_views", "_forms", "_at", "_contents"}
        kept = {key: value for key, value in vars(self).items() if key not in made}
        return kept | {"_seen": [], "_kept": None if self._kept is None else []}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.restore()

    def _build(self) -> None:
        self.x: FloatArray = np.concatenate(
            [np.empty(0), *(initial.astype(np.float64) for initial in self._initial)]
        )
        self._views = self._leaves()
        self._at = self._tree.unflatten(list(self._views))
        # Alive, so that nothing new takes the place of what f may remember by identity.
        self._seen.append(self._at)
        # Tuples cannot be changed, and a lone array is in no container.
        self._forms = [_form(view) for view in self._views]
        self._contents = [
            (node, contents(node)) for node in inner_nodes(self._at) if not isinstance(node, tuple)
        ]

    def _stay_within(self, lower: FloatArray, upper: FloatArray) -> None:
        """Take bounds; one that the point is beyond by rounding to its type only is where it is."""
        lower, upper = lower.copy(), upper.copy()
        for leaf, buffer in zip(self._tree.leaves, self._buffers, strict=True):
            part = slice(leaf.start, leaf.stop)
            x = self.x[part]
            for bound, beyond in ((lower[part], x < lower[part]), (upper[part], x > upper[part])):
                with np.errstate(over="ignore"):
                    by_rounding = beyond & (bound.astype(buffer.dtype) == buffer)
                bound[by_rounding] = x[by_rounding]
        outside = np.flatnonzero((self.x < lower) | (self.x > upper))
        if outside.size:
            first = int(outside[0])
            raise InputError(
                f"at: found {self._tree.address(*self._tree.locate(first))} = {self.x[first]}, "
                f"expected a point within its bounds, from {lower[first]} to {upper[first]}"
            )
        self.lower, self.upper = lower, upper
        self._set_limits()

    def _set_limits(self) -> None:
        """Find the numbers that the bounds leave, of each leaf's type and on the grid in use."""
        assert self.lower is not None
        assert self.upper is not None
        self._limits = []
        for leaf, given in zip(self._tree.leaves, self._given, strict=True):
            part = slice(leaf.start, leaf.stop)
            dtype = np.float32 if self._float32_grid else given.dtype
            low, high = (
                side.astype(given.dtype)
                for side in limits_in(self.lower[part], self.upper[part], dtype)
            )
            stuck = low > high
            low[stuck] = high[stuck] = given[stuck]
            self._limits.append((low, high))

    def _leaves(self) -> list[Any]:
        return [
            kind.show(buffer, leaf.shape)
            for leaf, buffer, kind in zip(
                self._tree.leaves, self._buffers, self._kinds, strict=True
            )
        ]

    @property
    def at(self) -> Any:
        """The parameters as f sees them."""
        return self.fresh() if self._gives_copies else self._ours()

    def _ours(self) -> Any:
        """Return our own arrays, which a copy may have taken the place of in an object of f's."""
        return self._tree.unflatten(list(self._views)) if self._is_bound else self._at

    @property
    def _gives_copies(self) -> bool:
        return self._fresh_copies or self.keeps_copies

    def fresh(self) -> Any:
        """Return a copy of the parameters as they are now."""
        copy = self._tree.unflatten(
            [kind.copy(leaf) for kind, leaf in zip(self._kinds, self._leaves(), strict=True)]
        )
        if self._kept is not None:
            self._kept.append(copy)
            if len(self._kept) * self.x.nbytes > _MOST_KEPT:
                raise InputError(
                    f"f: remembers its argument by identity, and {_MOST_KEPT >> 20} MiB of copies "
                    "that it could tell apart are used up; let it compare values instead"
                )
        return copy

    def _anew(self) -> Any:
        """Return a copy where f is to get copies, else our own arrays with the numbers of now."""
        if self._gives_copies:
            return self.fresh()
        return self._tree.unflatten(
            [
                kind.show(buffer, leaf.shape) if anew else view
                for leaf, buffer, kind, anew, view in zip(
                    self._tree.leaves,
                    self._buffers,
                    self._kinds,
                    self._is_made_anew,
                    self._views,
                    strict=True,
                )
            ]
        )

    def name_of(self, line: int) -> str:
        """Return what a component is called."""
        return self._tree.address(*self._tree.locate(line))

    def use_fresh_copies(self, *, keep: bool = False, was_written: bool = False) -> None:
        """From now on give f a copy at every evaluation; `keep` all of them alive."""
        self.was_written |= was_written
        if not keep:
            self._fresh_copies = True
        elif self._kept is None:
            self._kept = []
        self.restore()

    @property
    def keeps_copies(self) -> bool:
        """Whether f gets a copy at every evaluation, and all of them stay alive."""
        return self._kept is not None

    def forget_copies(self) -> None:
        """From now on keep none of them alive, and give f copies only if it needed them before."""
        self._kept = None

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

    def use_float32_grid(self, use: bool = True) -> None:
        """From now on move only to values that a float32 can hold, the point included; or not."""
        self._float32_grid = use
        with np.errstate(over="ignore"):
            self._initial = [
                given.astype(np.float32).astype(given.dtype) if use else given
                for given in self._given
            ]
        if self.lower is not None:
            self._set_limits()
            self._initial = [
                np.minimum(np.maximum(initial, low), high)
                for initial, (low, high) in zip(self._initial, self._limits, strict=True)
            ]
        self.restore()

    def is_held(self, call: Callable[[], Any]) -> bool:
        """Run `call`, and return whether anybody holds on to the parameters afterwards."""
        watched = [*self._buffers, *self._views, *inner_nodes(self._at)]
        before = [sys.getrefcount(thing) for thing in watched]
        call()
        after = [sys.getrefcount(thing) for thing in watched]
        return any(
            late > early
            for thing, early, late in zip(watched, before, after, strict=True)
            if not isinstance(thing, (float, np.generic))
        )

    def is_unchanged(self) -> bool:
        """Whether the parameters are at the point, bit for bit, and in their containers."""
        return (
            self._is_whole()
            and self._have_followed()
            and all(
                _same_bits(buffer, initial)
                for buffer, initial in zip(self._buffers, self._initial, strict=True)
            )
        )

    def _have_followed(self) -> bool:
        """Whether what has memory elsewhere is what is in the buffers."""
        return all(
            kind is None or kind.is_at(view, buffer)
            for kind, view, buffer in zip(self._following, self._views, self._buffers, strict=True)
        )

    def _follow(self) -> None:
        """Bring what has memory elsewhere up to date."""
        for kind, view, buffer in zip(self._following, self._views, self._buffers, strict=True):
            if kind is not None:
                kind.follow(view, buffer)

    def _is_whole(self) -> bool:
        """Whether what f sees is what we put there: containers, arrays, and the shapes of these."""
        if [_form(view) for view in self._views] != self._forms:
            return False
        for node, before in self._contents:
            now = contents(node)
            if len(now) != len(before) or not all(map(is_, now, before)):
                return False
        return True

    def restore(self) -> None:
        """Put the parameters back to the point, bit for bit."""
        for buffer, initial in zip(self._buffers, self._initial, strict=True):
            buffer[:] = initial
        self._build()

    @property
    def is_on_a_bound(self) -> bool:
        """Whether some component can be moved to one side only."""
        if self.lower is None or self.upper is None:
            return False
        return bool(np.any((self.x <= self.lower) | (self.x >= self.upper)))

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
        """Evaluate f with single components moved; return its results and the realised offsets."""
        moved = self.x[lines]
        results: list[Any] = []
        for run, which, places, there in self._destinations(lines, offsets):
            moved[run] = there
            results += self._run(f, which, places.tolist(), there.tolist())
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

    def _moves_what_is_made_anew(self) -> bool:
        return any(
            anew and not _same_bits(buffer, initial)
            for anew, buffer, initial in zip(
                self._is_made_anew, self._buffers, self._initial, strict=True
            )
        )

    def _put_back(self) -> None:
        for buffer, initial in zip(self._buffers, self._initial, strict=True):
            buffer[:] = initial
        self._follow()

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


def _form(view: Any) -> tuple[Any, Any]:
    """Return what f can change of an array beside its numbers."""
    return getattr(view, "shape", None), getattr(view, "dtype", None)


def _note(error: Exception, where: str) -> None:
    """Note where f raised an exception; a StopIteration is another one, as it ends our loops."""
    error.add_note(f"gradproof: f raised this with {where}")
    if isinstance(error, StopIteration):
        raise RuntimeError("f raised StopIteration: next() found nothing left") from error


def _same_bits(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> bool:
    """Whether two arrays of one type hold the same bits; only of long doubles copies are made."""
    words = {2: "u2", 4: "u4", 8: "u8"}.get(one.itemsize)
    if words is None:
        return one.tobytes() == other.tobytes()
    return bool(np.array_equal(one.view(words), other.view(words)))
