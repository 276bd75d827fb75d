"""The leaves of a pytree as buffers of our own, and how f sees them."""

import sys
from collections.abc import Callable
from operator import is_
from typing import Any

import numpy as np
import numpy.typing as npt

from gradproof._base.complexes import as_complex
from gradproof._base.errors import InputError
from gradproof._base.floats import unit_roundoff
from gradproof.frameworks.box import limits_in
from gradproof.frameworks.leaf_kinds import Following, Kind
from gradproof.frameworks.leaf_values import buffer_of, kind_of
from gradproof.numerics.protocol import FloatArray
from gradproof.tree import Tree, contents, inner_nodes

_MOST_KEPT = 1 << 30  # bytes of copies kept alive for an f that remembers them by identity


class Buffers:
    """The leaves of a pytree in buffers of our own; the user's arrays are never touched.

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
        self._forms = [_form(view) for view in self._views]
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
                same_bits(buffer, initial)
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

    def _moves_what_is_made_anew(self) -> bool:
        return any(
            anew and not same_bits(buffer, initial)
            for anew, buffer, initial in zip(
                self._is_made_anew, self._buffers, self._initial, strict=True
            )
        )

    def _put_back(self) -> None:
        for buffer, initial in zip(self._buffers, self._initial, strict=True):
            buffer[:] = initial
        self._follow()


def _form(view: Any) -> tuple[Any, Any]:
    """Return what f can change of an array beside its numbers."""
    return getattr(view, "shape", None), getattr(view, "dtype", None)


def same_bits(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> bool:
    """Whether two arrays of one type hold the same numbers, bit for bit."""
    words = {2: "u2", 4: "u4", 8: "u8"}.get(one.itemsize)
    if words is None:  # long doubles, of which some bits are no part of the number
        return bool(np.array_equal(one, other) and not np.any(np.signbit(one) ^ np.signbit(other)))
    return bool(np.array_equal(one.view(words), other.view(words)))
