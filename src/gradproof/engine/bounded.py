"""Components with bounds: how far they can be moved, and those that cannot be moved at all."""

import dataclasses

import numpy as np

from gradproof._base.phrases import counted, listed
from gradproof.judge.tolerance import Scaling
from gradproof.numerics.protocol import BoolArray
from gradproof.problems import Space
from gradproof.tree import Tree


def fixed_components(space: Space) -> BoolArray | None:
    """Return which components cannot be moved, because their bounds are equal; None if none."""
    if space.lower is None or space.upper is None:
        return None
    fixed: BoolArray = space.lower == space.upper
    return fixed if np.any(fixed) else None


def note_on(fixed: BoolArray, tree: Tree) -> str:
    """Say which components were not checked."""
    places = np.flatnonzero(fixed)
    names = (tree.address(*tree.locate(place)) for place in places.tolist())
    return (
        f"{counted(places.size, 'component')} not checked, the bounds leave no room: "
        f"{listed(names, places.size, most=3)}"
    )


def within(scales: Scaling, space: Space) -> Scaling:
    """Shorten natural scales to the room that the bounds leave on the wider side.

    Effects shrink with them: how large a derivative is typical does not depend on the bounds.
    """
    if space.lower is None or space.upper is None:
        return scales
    room = np.maximum(space.upper - space.x, space.x - space.lower)
    room = np.where(room > 0, room, np.inf)
    scale = np.minimum(scales.scale, room)
    effect = scales.effect * (scale / scales.scale)
    return dataclasses.replace(scales, scale=scale, effect=effect)
