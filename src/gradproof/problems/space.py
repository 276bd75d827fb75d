"""What the engine needs of the place where parameters live; `frameworks` implements it."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from gradproof.numerics.protocol import BoolArray, FloatArray, IntArray
from gradproof.problems.batches import Batched

Function = Callable[[Any], Any]

UNDEFINED = (ArithmeticError, ValueError)
"""What f may raise at a displaced point to say that it is not defined there; LinAlgError is one."""


class Space(Protocol):
    """Parameters that can be moved in place and put back bit for bit.

    Components are numbered through all leaves. `roundoffs` holds the unit roundoff of each leaf,
    `types` the name of its number type. `lower` and `upper` are the bounds of all components, None
    where there are none: directions are cut off at them (`toward_inside` returns one that is not),
    and the user's function is evaluated nowhere outside.
    What f raises otherwise surfaces with a note of where; the parameters are then put back by
    `restore`.
    """

    x: FloatArray
    roundoffs: tuple[float, ...]
    types: tuple[str, ...]
    lower: FloatArray | None
    upper: FloatArray | None

    @property
    def at(self) -> Any:
        """The parameters as f sees them: ours, at the point itself."""

    def fresh(self) -> Any:
        """Return a copy of the parameters at the point, which nobody else holds."""

    def name_of(self, line: int) -> str:
        """Return what a component is called."""

    @property
    def was_written(self) -> bool:
        """Whether f changed its argument when all of it was moved; it gets copies from then on."""

    def use_fresh_copies(self, *, keep: bool = False, was_written: bool = False) -> None:
        """From now on give f a copy at every evaluation; `keep` all of them alive.

        `was_written` says that f was seen to change its argument.
        """

    @property
    def keeps_copies(self) -> bool:
        """Whether f gets a copy at every evaluation, and all of them stay alive."""

    def forget_copies(self) -> None:
        """From now on keep none of them alive, and give f copies only if it needed them before."""

    def promoted(self) -> "Space | None":
        """Return a space of the same values in float64; None where all are that already."""

    def use_float32_grid(self, use: bool = True) -> None:
        """From now on move only to values that a float32 can hold, the point included; or not."""

    def is_held(self, call: Callable[[], Any]) -> bool:
        """Run `call`, and return whether anybody holds on to the parameters afterwards."""

    def is_unchanged(self) -> bool:
        """Whether the parameters are at the point, bit for bit, and in their containers."""

    def restore(self) -> None:
        """Put the parameters back to the point, bit for bit."""

    def is_inside(self, lines: IntArray, offsets: FloatArray) -> BoolArray:
        """Whether single components, moved as floating point realises it, stay in their bounds."""

    def toward_inside(self, direction: FloatArray, farthest: float) -> FloatArray:
        """Return a direction along which x + t · direction is inside for t from 0 to `farthest`."""

    def along_components(
        self, f: Function, lines: IntArray, offsets: FloatArray
    ) -> tuple[list[Any], FloatArray]:
        """Evaluate f with single components moved; return its results and the realised offsets.

        All of them have to be inside the bounds. Where f raises one of `UNDEFINED`, the result is
        NaN.
        """

    def at_once(
        self, f: Batched, lines: IntArray, offsets: FloatArray
    ) -> tuple[Sequence[Any], FloatArray] | None:
        """Evaluate f at the point and with single components moved, in one call of `f.many`.

        Return the results, that of the point itself first, and the realised offsets; None where
        f is to get copies of its own.
        """

    def realised(self, direction: FloatArray, offset: float) -> FloatArray:
        """Return by how much x moves, as rounded, when it is sent to x + offset · direction."""

    def along_direction(self, f: Function, direction: FloatArray, offset: float) -> Any:
        """Evaluate f at x + offset · direction; NaN where f raises one of `UNDEFINED`."""

    def along_chunks(
        self, f: Function, chunks: Iterable[tuple[slice, FloatArray]], weight: FloatArray
    ) -> tuple[Any, float]:
        """Evaluate f at x + v, where v is given in parts, each with the components that it moves.

        Also return ``weight @ (v as realised - v)``, by which rounding and the bounds turn away.
        """

    def along_imaginary(self, f: Function, directions: list[FloatArray]) -> list[complex] | None:
        """Evaluate f at x + i·direction in complex128; None where f does not take that."""
