"""Find the wrong components of a leaf from the errors of groups of them, one after the other."""

from __future__ import annotations

import dataclasses
import heapq
import math
from collections.abc import Iterable, Iterator
from typing import Protocol

import numpy as np

from gradproof.judge.report import MOST_CULPRITS
from gradproof.numerics.noise import KAPPA
from gradproof.numerics.protocol import FloatArray, IntArray

_SHORT = 64  # parts of a group: a position known no better than to one is not worth measuring
SURE = 0.12  # of a place: how well a position must be known to be read as a whole number
_DEVIATIONS = 4.0
_CROWDED = 4  # divisions with errors in both halves, after which a sample is taken; then 8, 16 …
_SAMPLE = 8
_WIDESPREAD = 0.25  # of the sample: too many to list
_PATIENCE = 200, 40  # measurements: at first, and for every component that was found
_STALE = 6.0  # times the variance of a measurement, of a small difference of large numbers
_CLEAR = 30.0  # bars
_MANY = 16  # wrong runs, of which examples are wanted
_EXAMPLES = 5


@dataclasses.dataclass(order=True, repr=False)
class _Node:
    """A run of the shuffled places whose error is known, and perhaps its first moment.

    `moment` is the error with each place weighted by its number in the run, from 1 on, over the
    length of the run. Variances are in units of that of one measurement.
    """

    priority: float
    start: int = dataclasses.field(compare=False)
    stop: int = dataclasses.field(compare=False)
    error: float = dataclasses.field(compare=False)
    variance: float = dataclasses.field(compare=False)
    moment: float | None = dataclasses.field(compare=False, default=None)
    moment_variance: float = dataclasses.field(compare=False, default=0.0)

    @property
    def size(self) -> int:
        return self.stop - self.start


@dataclasses.dataclass(eq=False, repr=False)
class Peeled:
    """Errors times moves of all places that were measured by themselves, and which are wrong.

    `widespread` says that a good part of all is wrong, `many` that more are than are listed, and
    `rest` what is left of the error.
    """

    measured: dict[int, float] = dataclasses.field(default_factory=dict)
    wrong: list[int] = dataclasses.field(default_factory=list)
    widespread: bool = False
    many: bool = False
    rest: float = 0.0


class Measurable(Protocol):
    """What is searched: components, or slices."""

    @property
    def bar(self) -> float:
        """The bar of the error of any group."""

    def is_wrong(self, number: int, error: float, /) -> bool:
        """Whether one by itself is wrong, having this error."""

    def error(self, numbers: IntArray, share: FloatArray | float = 1.0, /) -> float:
        """Return the error of a group, each moved by a share of its move."""


class Peeling:
    """Search among the `places` of a leaf, whose error together is `error`.

    Where one component of a run is wrong, its error and its first moment tell which; it is measured
    by itself, taken out, and what is left read again. Where that leads to no whole number the run
    is halved: the error of one half is measured, that of the other is the rest. The runs are of
    shuffled places, so that neighbours which are wrong together are soon apart. Where many runs are
    wrong, a few of them are halved down to one component each: examples. A sample of which a
    quarter is wrong ends it, and so do more wrong runs than are worth listing. About ten
    evaluations for each wrong component of a smooth f in float64, whatever the number of
    components.
    """

    def __init__(
        self,
        groups: Measurable,
        places: IntArray,
        error: float,
        *,
        rng: np.random.Generator,
    ) -> None:
        self._groups, self._rng = groups, rng
        self._places = rng.permutation(places)
        self._count = 0
        self._crowded, self._next_sample = 0, _CROWDED
        self.found = Peeled(rest=error)
        self._nodes: list[_Node] = []
        self._keep(self._run(0, places.size, error, 1.0))

    def go_on(self, enough: int) -> None:
        """Search until so many are found in all, nothing is left, or nothing comes of it."""
        first, each = _PATIENCE
        found = self.found
        while self._nodes and len(found.wrong) < enough and not found.widespread:
            if self._count > first + each * len(found.wrong):
                break
            examples = len(found.wrong) >= _EXAMPLES
            if examples and len(self._nodes) + len(found.wrong) > MOST_CULPRITS:
                found.many = True
                break
            if len(self._nodes) >= _MANY and not examples:
                self._dive()
            else:
                node = heapq.heappop(self._nodes)
                if node.size == 1:
                    self._look(node.start)
                elif not self._read(node):
                    self._keep(self._halves(node))

    def _dive(self) -> None:
        """Follow the run with the largest error down to one component."""
        node = heapq.heappop(self._nodes)
        reads = True
        while node.size > 1:
            if reads and self._read(node):
                return
            reads = not reads  # of many, no moment tells one
            halves = sorted(self._halves(node))
            if not halves:
                return
            node = halves.pop(0)
            self._keep(halves)
        self._look(node.start)

    @property
    def is_complete(self) -> bool:
        """Whether what is left of the error is within the bars of what was taken out."""
        return abs(self.found.rest) <= self._groups.bar * math.sqrt(len(self.found.wrong) + 1)

    def _keep(self, nodes: Iterable[_Node]) -> None:
        for node in nodes:
            heapq.heappush(self._nodes, node)

    def _run(self, start: int, stop: int, error: float, variance: float) -> Iterator[_Node]:
        """Yield the run of these places, if its error is one."""
        if stop > start and abs(error) > self._groups.bar * math.sqrt(variance):
            yield _Node(-abs(error), start, stop, error, variance)

    def _group(self, places: IntArray, share: FloatArray | float = 1.0) -> float:
        self._count += 1
        return self._groups.error(places, share)

    def _error(self, number: int) -> float:
        """Measure one component by itself, once."""
        place = int(self._places[number])
        if place not in self.found.measured:
            self.found.measured[place] = self._group(np.array([place]))
        return self.found.measured[place]

    def _look(self, number: int) -> float | None:
        """Return the error of a component that is wrong, and note it; else None."""
        error, place = self._error(number), int(self._places[number])
        if not self._groups.is_wrong(place, error):
            return None
        if place not in self.found.wrong:
            self.found.wrong.append(place)
            self.found.rest -= error
        return error

    def _read(self, node: _Node) -> bool:
        """Take wrong components out of a run as long as its moment tells their places."""
        size = node.size
        uncertainty = size * self._groups.bar / KAPPA * math.sqrt(node.variance + 1)
        if uncertainty / abs(node.error) > size / _SHORT:
            return False
        if node.moment is None:
            run = self._places[node.start : node.stop]
            node.moment = self._group(run, np.arange(1, size + 1) / size)
            node.moment_variance = 1.0
        while True:
            position = size * node.moment / node.error - 1
            spread = size * self._groups.bar / KAPPA / abs(node.error)
            spread *= math.sqrt(node.moment_variance + node.variance)
            if not -_DEVIATIONS * spread - 0.5 < position < size - 0.5 + _DEVIATIONS * spread:
                return False
            if spread >= SURE:
                return self._narrow(node, position, _DEVIATIONS * spread)
            nearest = min(max(round(position), 0), size - 1)
            if abs(position - nearest) > max(_DEVIATIONS * spread, 1e-6):
                return False
            error = None
            if int(self._places[node.start + nearest]) not in self.found.wrong:
                error = self._look(node.start + nearest)
            if error is None:
                return False
            node.error -= error
            node.moment -= error * (nearest + 1) / size
            node.variance += 1
            node.moment_variance += 1
            if abs(node.error) <= self._groups.bar * math.sqrt(node.variance):
                return True

    def _narrow(self, node: _Node, position: float, room: float) -> bool:
        """Look whether the error is all within the places that the position leaves."""
        start = node.start + max(0, math.floor(position - room))
        stop = node.start + min(node.size, math.ceil(position + room) + 1)
        if stop - start >= node.size / 2:
            return False
        error = self._group(self._places[start:stop])
        if abs(error - node.error) > self._groups.bar * math.sqrt(node.variance + 1):
            return False
        self._keep(self._run(start, stop, error, 1.0))
        return True

    def _halves(self, node: _Node) -> list[_Node]:
        """Return the halves of a run that have an error."""
        middle = (node.start + node.stop) // 2
        left = self._places[node.start : middle]
        error = self._group(left)
        rest, variance = node.error - error, node.variance + 1
        bar = self._groups.bar
        if variance > _STALE and bar < abs(rest) < _CLEAR * bar * math.sqrt(variance):
            rest, variance = self._group(self._places[middle : node.stop]), 1.0
        if abs(error) > bar and abs(rest) > bar * math.sqrt(variance):
            self._crowded += 1
            if self._crowded == self._next_sample and self._places.size > 2 * _SAMPLE:
                self._next_sample *= 2
                self._take_a_sample()
        return [
            *self._run(node.start, middle, error, 1.0),
            *self._run(middle, node.stop, rest, variance),
        ]

    def _take_a_sample(self) -> None:
        """Look at a few components, half of them only where too few of those are wrong."""
        numbers = self._rng.choice(self._places.size, _SAMPLE, replace=False)
        wrong = 0
        for count, number in enumerate(numbers.tolist(), start=1):
            wrong += self._groups.is_wrong(int(self._places[number]), self._error(number))
            if 2 * count >= _SAMPLE and wrong < _WIDESPREAD * count:
                return
        self.found.widespread = True
