"""Random numbers: the same ones at every evaluation, and every generator put back afterwards.

Differences of a random function measure the dice, not the slope. With *common random numbers* it is
a fixed function: the states of the generators that it draws from are set back before every call.
"""

import contextlib
import dataclasses
import random
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np


class _RaisedByReseed(BaseException):
    """Carries what the user's `reseed` raised past those who interpret what f raises."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


@dataclasses.dataclass(eq=False, repr=False)
class _Generator:
    """One generator: how its state is read and set, the state it had first, and the last seen."""

    read: Callable[[], Any]
    write: Callable[[Any], Any]

    def __post_init__(self) -> None:
        self.first = self.last_seen = self.read()

    def rewind(self) -> None:
        self.write(self.first)


class Randomness:
    """Who draws random numbers, and how they are repeated.

    `reseed` is what the user gave: a function to call, or generators; these are rewound before
    every call. The global generators of Python, NumPy and torch are rewound once they were seen to
    move: `look` remembers the states, and `hold` takes those that moved since then. A function that
    seeds itself leaves the same state behind at every call, and is left alone. So are the global
    generators in `others`, from which somebody else draws meanwhile.
    """

    def __init__(self, reseed: Any = None, others: Iterable[str] = ()) -> None:
        given = reseed if isinstance(reseed, (list, tuple)) else [reseed]
        self._reseed = reseed if callable(reseed) else None
        self._given = [] if reseed is None or self._reseed else list(map(_generator, given))
        self._global: dict[str, _Generator] = {}
        self._others = frozenset(others)
        self._discover()
        self._held_for_f: dict[str, _Generator] = {}
        self._held_for_gradient: dict[str, _Generator] = {}

    @property
    def repeats_f(self) -> bool:
        """Whether f draws random numbers that are repeated without the user having asked."""
        return bool(self._held_for_f)

    @property
    def repeats(self) -> bool:
        """Whether anything is repeated, asked for or not."""
        return bool(self._given or self._held_for_f or self._reseed)

    def look(self) -> None:
        """Remember the states that the global generators are in."""
        self._discover()
        for generator in self._global.values():
            generator.last_seen = generator.read()

    def hold_for_f(self) -> list[str]:
        """Rewind what moved since the last look for f and its gradient; return the names."""
        moved = list(self._moved(self._held_for_f))
        self.hold(moved)
        return moved

    def hold(self, names: Iterable[str]) -> None:
        """Rewind some global generators for f and its gradient."""
        self._discover()  # f may have imported torch
        held = {name: self._global[name] for name in names}
        self._held_for_f |= held
        self._held_for_gradient |= held

    def hold_for_gradient(self) -> bool:
        """Rewind what moved since the last look for the gradient; whether anything did."""
        moved = self._moved(self._held_for_gradient)
        self._held_for_gradient |= moved
        return bool(moved)

    def before(self, f: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Return f with its random numbers repeated; f itself where there is nothing to repeat."""
        if not self.repeats:
            return f

        def repeated(at: Any) -> Any:
            self._rewind(self._held_for_f.values())
            return f(at)

        return repeated

    def before_gradient(self) -> None:
        """Rewind whatever f and the gradient draw from."""
        self._rewind(self._held_for_gradient.values())

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        """Put every generator back at the end; let what `reseed` raised surface unchanged."""
        failure = None
        try:
            yield
        except _RaisedByReseed as carrier:
            failure = carrier.error
        finally:
            try:
                self._put_back()
            except KeyboardInterrupt:  # in the middle of it
                self._put_back()
                raise
        if failure is not None:
            raise failure

    def _put_back(self) -> None:
        for generator in (*self._given, *self._global.values()):
            generator.rewind()

    def _discover(self) -> None:
        for name, (read, write) in _global_generators().items():
            if name not in self._global and name not in self._others:
                self._global[name] = _Generator(read, write)

    def _moved(self, held: dict[str, _Generator]) -> dict[str, _Generator]:
        before = set(self._global)
        self._discover()  # f may have imported torch
        return {
            name: generator
            for name, generator in self._global.items()
            if name not in held
            and (name not in before or not _same(generator.read(), generator.last_seen))
        }

    def _rewind(self, held: Iterable[_Generator]) -> None:
        for generator in (*self._given, *held):
            generator.rewind()
        if self._reseed is not None:
            try:
                self._reseed()
            except Exception as error:
                raise _RaisedByReseed(error) from None


def _generator(given: Any) -> _Generator:
    if isinstance(given, np.random.Generator):
        bits = given.bit_generator
        return _Generator(lambda: bits.state, lambda state: setattr(bits, "state", state))
    if isinstance(given, np.random.RandomState):
        return _Generator(lambda: given.get_state(legacy=False), given.set_state)
    if hasattr(given, "getstate"):
        return _Generator(given.getstate, given.setstate)
    return _Generator(given.get_state, given.set_state)


def _global_generators() -> dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]]:
    """Return how the states of the global generators are read and set; torch is never imported."""
    # Found by name at each call: a method, sent to a worker, would bring its generator along.
    found: dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
        "random": (lambda: random.getstate(), lambda state: random.setstate(state)),
        "numpy": (
            lambda: np.random.get_state(legacy=False),  # noqa: NPY002
            lambda state: np.random.set_state(state),  # noqa: NPY002
        ),
    }
    torch: Any = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "get_rng_state"):
        found["torch"] = (torch.get_rng_state, torch.set_rng_state)
        if torch.cuda.is_initialized():
            found["cuda"] = (torch.cuda.get_rng_state_all, torch.cuda.set_rng_state_all)
    return found


def _same(one: Any, other: Any) -> bool:
    """Whether two states are equal: tuples of numbers, arrays, or dicts and lists of them."""
    if isinstance(one, dict):
        return all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return all(map(_same, one, other))
    if isinstance(one, (tuple, str, int)):
        return bool(one == other)
    return bool(np.array_equal(one, other))
