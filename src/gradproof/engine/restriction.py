"""Some of the components, as if there were no others."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from gradproof.engine.budget import Budget
from gradproof.engine.evaluation import Evaluator
from gradproof.engine.pilot import Pilot
from gradproof.numerics.protocol import FloatArray, IntArray, Scheme


class Restriction:
    """An evaluator of which only the components at `places` are seen, numbered from 0 on."""

    def __init__(self, evaluator: Evaluator, places: IntArray) -> None:
        self._evaluator, self._places = evaluator, places

    @property
    def x(self) -> FloatArray:
        """The components."""
        return self._evaluator.x[self._places]

    @property
    def room(self) -> FloatArray:
        """How far each component can be moved both ways within the bounds."""
        return self._evaluator.room[self._places]

    @property
    def factor(self) -> float:
        """What values of f are multiplied by."""
        return self._evaluator.factor

    @property
    def budget(self) -> Budget:
        """What may be spent."""
        return self._evaluator.budget

    def answer_components(self, scheme: Scheme, lines: IntArray | None = None) -> None:
        """Evaluate whatever a scheme asks for along components."""
        self._evaluator.answer_components(
            scheme, self._places if lines is None else self._places[lines]
        )

    def answer_directions(
        self, scheme: Scheme, directions: list[FloatArray], *, exactly: bool = False
    ) -> None:
        """Evaluate whatever a scheme asks for along directions."""
        self._evaluator.answer_directions(scheme, self._whole(directions), exactly=exactly)

    def along_imaginary(self, directions: list[FloatArray]) -> npt.NDArray[np.complex128] | None:
        """Evaluate f at x + i · direction; None where f takes no complex numbers."""
        return self._evaluator.along_imaginary(self._whole(directions))

    def _whole(self, directions: list[FloatArray]) -> list[FloatArray]:
        whole = [np.zeros_like(self._evaluator.x) for _ in directions]
        for full, direction in zip(whole, directions, strict=True):
            full[self._places] = direction
        return whole


def pilot_of(pilot: Pilot, places: IntArray | slice) -> Pilot:
    """Return what the pilot says about some components."""
    return dataclasses.replace(
        pilot, roundoff_of_x=pilot.roundoff_of_x[places], reach=pilot.reach[places]
    )
