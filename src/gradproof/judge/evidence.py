"""Everything that was measured in a check."""

from __future__ import annotations

import dataclasses

from gradproof.judge.report import Certificate
from gradproof.judge.tolerance import Limits
from gradproof.judge.verdict import Components
from gradproof.numerics.protocol import BoolArray, FloatArray


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Evidence:
    """All measurements of a check at `x`; `unit` turns them back into the units of f.

    `margin` is how many bars a discrepancy has to be wide to be called wrong; `fixed` are
    components that could not be moved, and of which nothing is said.
    """

    x: FloatArray
    components: Components
    limits: Limits
    noise: float
    unit: float
    margin: float
    fixed: BoolArray | None = None


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Probes:
    """Slopes along random directions, in the place of components; `size` is what the claim does.

    `size` is the norm of the claim times the weights of the direction: a typical slope.
    """

    components: Components
    limits: Limits
    size: FloatArray
    noise: float
    unit: float
    margin: float
    notes: tuple[str, ...]


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Probed:
    """What was measured along directions: over everything, and one through each leaf."""

    everything: Probes | None
    leaves: Probes | None
    certificate: Certificate | None
