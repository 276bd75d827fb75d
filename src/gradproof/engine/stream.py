"""Parameters in pieces: moved along random directions, with their claim and natural scales.

Nothing here is as long as the parameters. Blocks of pieces are read, moved and forgotten;
directions are made anew by their numbers; sums are added up over the processes that hold the
parameters together.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from gradproof.engine.pieces import BLOCK, Piece, Rooms, Walk
from gradproof.numerics.directions import Gaussian
from gradproof.numerics.histogram import Histogram
from gradproof.numerics.protocol import FloatArray
from gradproof.numerics.scales import outlying_claim
from gradproof.problems import Field
from gradproof.problems.field import Numbers


@dataclasses.dataclass(frozen=True)
class Through:
    """A random direction by its number, through one leaf or (None) through all that are chosen."""

    direction: int
    leaf: int | None = None


@dataclasses.dataclass(frozen=True)
class Scales:
    """How far the components of one leaf are moved: `lifted_scales`, but with medians of bins.

    Each is the larger of x and the smaller of `size` and `effect` / a, in absolute values, the
    latter `lift` times for an outlier that claims more than `steep`. It is moved by `weight` times
    that, the weight being that of `leaf_weights`.
    """

    size: float
    effect: float
    steep: float = math.inf
    lift: float = 1.0
    weight: float = 1.0

    def of(self, x: FloatArray, claim: FloatArray, rooms: Rooms) -> FloatArray:
        """Return the scales of a block, without the weight."""
        scale, size = rooms.of("scale", x.size), rooms.of("size", x.size)
        if self.size == 0:  # all of x is 0
            scale[:] = 1.0
            return scale
        np.abs(claim, out=scale)
        outliers = np.flatnonzero(scale > self.steep) if self.lift > 1 else None
        np.divide(self.effect, scale, out=scale)
        if outliers is not None:
            scale[outliers] *= self.lift
        np.fmin(scale, self.size, out=scale)
        return np.maximum(scale, np.abs(x, out=size), out=scale)


class Stream:
    """What is done to all components, piece by piece.

    `chosen` says of each leaf whether it is moved at all; `scales` are set once the claim is known.
    Claims are multiplied by `factor`, a power of two, as values of f are.
    """

    def __init__(self, field: Field, chosen: Sequence[bool], seed: int) -> None:
        self.field, self.chosen, self._seed = field, tuple(chosen), seed
        self.scales: list[Scales] = []
        self.factor = 1.0
        self.uses_float32_grid = False
        self.was_written = False
        self._claims: list[Numbers] = []
        self._moved: set[int] = set()
        self.walk = Walk(field)
        self._rooms = Rooms()

    def take_claim(self, values: list[Any]) -> None:
        """Take the claim, given leaf by leaf."""
        self._claims = self.field.claim(values)

    def drop_claim(self) -> None:
        """Forget the claim, whose memory may be needed."""
        self._claims = []

    def close(self) -> None:
        """Put everything back, and end what works beside."""
        self.uses_float32_grid = False
        self._moved = set(range(len(self.field.parts)))
        self.put_back()
        self.walk.close()

    def put_back(self, *, but: Sequence[int] = ()) -> None:
        """Put the parameters back to the point, bit for bit, but for some parts."""
        kept = set(but)
        parts = set(range(len(self.field.parts))) if self.was_written else self._moved
        for number in sorted(parts - kept):
            part = self.field.parts[number]
            part.put_back()
            if self.uses_float32_grid:
                for piece in self.walk.pieces([number]):
                    part.write(piece.where, _on_grid(part.read(piece.where)))
        self._moved &= kept

    def use_float32_grid(self, use: bool) -> None:
        """From now on move only to numbers that a float32 can hold, the point included; or not."""
        self.uses_float32_grid = use
        self.was_written |= use
        self._moved = set(range(len(self.field.parts)))
        self.put_back()

    def is_at_point(self) -> bool:
        """Whether f sees the parameters at the point, bit for bit, in all processes."""
        same = all(part.is_at_point() for part in self.field.parts)
        return bool(np.all(self.field.ranks.gather(np.array([float(same)]))))

    def move(self, moves: Sequence[tuple[Through, float]]) -> float:
        """Go to x + Σ t v; return ⟨claim, v as realised - v⟩, by which rounding turns away."""
        own = {
            number: [(line.direction, t) for line, t in moves if line.leaf in (None, part.leaf)]
            for number, part in enumerate(self.field.parts)
            if self.chosen[part.leaf]
        }
        own = {number: directions for number, directions in own.items() if directions}
        self.put_back(but=list(own))
        self._moved |= set(own)

        def work(piece: Piece) -> float:
            part = self.field.parts[piece.part]
            x, claim = self._read(piece)
            scales = self.scales[part.leaf]
            move = self._rooms.of("move", x.size)
            (direction, t), *others = own[piece.part]
            np.multiply(self._drawn(piece, direction), t * scales.weight, out=move)
            for direction, t in others:
                z = self._drawn(piece, direction)
                move += np.multiply(z, t * scales.weight, out=z)
            scale = scales.of(x, claim, self._rooms)
            move *= scale
            there = np.add(x, move, out=scale)
            realised = part.write(piece.where, _on_grid(there) if self.uses_float32_grid else there)
            if not part.counts:
                return 0.0
            turned = np.subtract(realised, x, out=scale)
            turned -= move
            return float(claim @ turned)

        return float(self.walk.sum(list(own), work))

    def dots(self, lines: Sequence[Through]) -> FloatArray:
        """Return what is claimed along some directions, ⟨claim, v⟩."""
        through = self._by_leaf(lines)

        def work(piece: Piece) -> FloatArray:
            leaf = self.field.parts[piece.part].leaf
            x, claim = self._read(piece)
            effect = self.scales[leaf].of(x, claim, self._rooms)
            effect *= claim
            found = np.zeros(len(lines))
            for number in through[leaf]:
                found[number] = effect @ self._drawn(piece, lines[number].direction)
            return found * self.scales[leaf].weight

        counted = [k for k in self._counted() if through[self.field.parts[k].leaf]]
        claims: FloatArray = self.walk.sum(counted, work, np.zeros(len(lines)))
        return claims

    def singles(self, lines: Sequence[Through], visible: FloatArray) -> list[float]:
        """Return for each leaf the error that would have been seen in any component of it."""
        worst = np.zeros(len(self.field.tree.leaves))
        through = self._by_leaf(lines)

        def work(piece: Piece) -> FloatArray:
            leaf = self.field.parts[piece.part].leaf
            x, claim = self._read(piece)
            most = self._rooms.of("move", x.size)  # of |z| / visible, of all directions
            most[:] = 0.0
            for number in through[leaf]:
                z = self._drawn(piece, lines[number].direction)
                np.abs(z, out=z)
                z /= visible[number]
                np.maximum(most, z, out=most)
            most *= self.scales[leaf].of(x, claim, self._rooms)
            found = np.zeros_like(worst)
            found[leaf] = 1 / (np.min(most) * self.scales[leaf].weight)
            return found

        counted = [k for k in self._counted() if through[self.field.parts[k].leaf]]
        for found in self.walk.each(counted, work, np.maximum):
            worst = np.maximum(worst, found)
        largest: list[float] = np.max(self.field.ranks.gather(worst), axis=0).tolist()
        return largest

    def medians(self, leaf: int) -> Scales:
        """Return the natural scales of one leaf, not weighted yet."""

        def work(piece: Piece) -> FloatArray:
            x, claim = self._read(piece)
            claim *= x
            scratch = self._rooms.of("scale", x.size)
            return np.stack([Histogram.count(one, scratch) for one in (x, claim)])

        shape = np.zeros((2, Histogram.BINS))
        found = self.walk.sum(self._of_leaf(leaf), work, shape)
        size, effect = (Histogram(row).median() for row in found)
        if not size or effect is None:
            return Scales(size or 0.0, math.inf)
        count = self.field.tree.leaves[leaf].size
        steep = outlying_claim(size, effect, count)

        def outlying(piece: Piece) -> float:
            x, claim = self._read(piece)
            return float(np.count_nonzero((np.abs(x) < size) & (np.abs(claim) > steep)))

        outliers = float(self.walk.sum(self._of_leaf(leaf), outlying))
        return Scales(size, effect, steep, math.sqrt(count / outliers) if outliers else 1.0)

    def squares(self) -> tuple[FloatArray, FloatArray]:
        """Return, leaf by leaf, the squared norms of the claim and of the claim times its scale."""

        def work(piece: Piece) -> FloatArray:
            leaf = self.field.parts[piece.part].leaf
            x, claim = self._read(piece)
            found = np.zeros((2, len(self.field.tree.leaves)))
            found[0, leaf] = claim @ claim
            claim *= self.scales[leaf].of(x, claim, self._rooms)
            found[1, leaf] = claim @ claim * self.scales[leaf].weight ** 2
            return found

        found = self.walk.sum(self._counted(), work, np.zeros((2, len(self.field.tree.leaves))))
        return found[0], found[1]

    def not_finite(self, *, of_claim: bool) -> FloatArray:
        """Return, leaf by leaf, how many parameters or claims are no finite numbers."""

        def work(piece: Piece) -> FloatArray:
            numbers = self._numbers(piece.part, of_claim=of_claim).read(piece.where)
            found = np.zeros(len(self.field.tree.leaves))
            found[self.field.parts[piece.part].leaf] = np.sum(~np.isfinite(numbers))
            return found

        everywhere = [k for k, part in enumerate(self.field.parts) if part.counts]
        counts: FloatArray = self.walk.sum(everywhere, work, np.zeros(len(self.field.tree.leaves)))
        return counts

    def prints(self, *, of_claim: bool) -> dict[tuple[int, int], FloatArray]:
        """Return of each part here what tells its numbers from others, by its leaf and place.

        The bits, added up in halves; the sum; one weighted by a ramp; and the sum of the squares.
        """
        ramp = np.linspace(-1.0, 1.0, BLOCK)

        def work(piece: Piece) -> FloatArray:
            given = self._numbers(piece.part, of_claim=of_claim).read(piece.where)
            numbers = self._rooms.of("x", given.size)
            numbers[:] = given
            bits = int(np.sum(numbers.view(np.uint64)))  # modulo 2^64
            ramped = numbers @ ramp[: numbers.size]
            squares = numbers @ numbers
            return np.array([bits >> 32, bits % 2**32, np.sum(numbers), ramped, squares])

        found = {}
        for number, part in enumerate(self.field.parts):
            total = np.zeros(5)
            for one in self.walk.each([number], work):
                total += one
            found[part.leaf, part.place] = total
        return found

    def types_of_claim(self) -> set[np.dtype[Any]]:
        """Return the number types of what is claimed."""
        return {numbers.read(slice(0, 1)).dtype for numbers in self._claims}

    def pieces_of_claim(self) -> Iterator[FloatArray]:
        """Yield what is claimed of the parts of this process, in float64."""
        for number, numbers in enumerate(self._claims):
            for piece in self.walk.pieces([number]):
                yield numbers.read(piece.where).astype(np.float64)

    def _numbers(self, part: int, *, of_claim: bool) -> Numbers:
        return self._claims[part] if of_claim else self.field.parts[part]

    def _read(self, piece: Piece) -> tuple[FloatArray, FloatArray]:
        """Return the numbers at the point and what is claimed of them, in rooms of float64."""
        part, claims = self.field.parts[piece.part], self._claims[piece.part]
        given = part.read(piece.where)
        x, claim = self._rooms.of("x", given.size), self._rooms.of("claim", given.size)
        x[:] = _on_grid(given) if self.uses_float32_grid else given
        claim[:] = claims.read(piece.where)
        if self.factor != 1.0:
            claim *= self.factor
        return x, claim

    def _drawn(self, piece: Piece, direction: int) -> FloatArray:
        """Return the numbers of a direction in the next block of a piece."""
        if direction not in piece.makers:
            part = self.field.parts[piece.part]
            gaussian = Gaussian(self._seed, part.place, part.place + part.size)
            piece.makers[direction] = gaussian.generator(direction, piece.chunk)
        room = self._rooms.of("z", piece.where.stop - piece.where.start)
        return piece.makers[direction].standard_normal(out=room)

    def _by_leaf(self, lines: Sequence[Through]) -> list[list[int]]:
        """Return which of some directions go through each leaf."""
        everywhere = [k for k, line in enumerate(lines) if line.leaf is None]
        found = [everywhere.copy() for _ in self.field.tree.leaves]
        for number, line in enumerate(lines):
            if line.leaf is not None:
                found[line.leaf].append(number)
        return found

    def _counted(self) -> list[int]:
        """Return the parts that are moved and count here."""
        parts = enumerate(self.field.parts)
        return [k for k, part in parts if part.counts and self.chosen[part.leaf]]

    def _of_leaf(self, leaf: int) -> list[int]:
        return [k for k in self._counted() if self.field.parts[k].leaf == leaf]


def _on_grid(numbers: Any) -> Any:
    """Return the nearest numbers that a float32 can hold."""
    return numbers.astype(np.float32).astype(numbers.dtype)
