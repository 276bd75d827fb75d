"""Why single outputs are wrong: mistakes of rows of a Jacobian, from a few of its columns."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from gradproof._base.phrases import listed
from gradproof.judge.diagnosis import diagnose
from gradproof.judge.parts import CauseFinding
from gradproof.judge.suspect import Suspect, signs_of
from gradproof.numerics.protocol import BoolArray, FloatArray, IntArray
from gradproof.tree import Leaf, Tree

_OF_ROWS = ("GP301", "GP302", "GP306", "GP409")  # what a few columns can tell of a row


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Columns:
    """Columns of a Jacobian by components of one leaf, each array of shape (outputs, columns).

    `places` are the numbers of their components among all, `room` is by how much a derivative may
    differ from `measured` and still be right, and `signs` are those that the components of the
    columns have in a conjugate; None where they are real.
    """

    address: str
    places: Sequence[int]
    claimed: FloatArray
    measured: FloatArray
    room: FloatArray
    signs: FloatArray | None = None

    @property
    def wrong(self) -> BoolArray:
        """Which outputs are wrong in some column."""
        with np.errstate(invalid="ignore"):
            result: BoolArray = np.any(np.abs(self.claimed - self.measured) > self.room, axis=1)
        return result


def outputs_concerned(outputs: Tree, wrong: Sequence[int]) -> list[str]:
    """Say which outputs, by their sorted numbers, the wrong components concern."""
    if not wrong:
        return []
    if len(wrong) == outputs.size:
        return ["the wrong components concern all outputs"]
    names = (outputs.address(*outputs.locate(number)) for number in wrong)
    return [
        f"the wrong components concern {len(wrong):,} of {outputs.size:,} outputs: "
        f"{listed(names, len(wrong))}"
    ]


def causes_of_rows(
    outputs: Tree, columns: Sequence[Columns], facts: Mapping[str, float]
) -> list[CauseFinding]:
    """Return what explains all outputs that are wrong, nothing where some stay unexplained.

    An output tensor that is wrong throughout is one, else each number of it.
    """
    suspects = []
    for of_leaf in columns:
        for leaf in outputs.leaves:
            wrong = np.flatnonzero(of_leaf.wrong[leaf.start : leaf.stop])
            whole = wrong.size == leaf.size
            for rows in [np.arange(leaf.size)] if whole else wrong[:, None]:
                if rows.size:
                    address = outputs.address(leaf, () if whole else _index(leaf, rows))
                    signs = _signs(leaf, rows, of_leaf)
                    suspects.append(_suspect(address, of_leaf, leaf.start + rows, facts, signs))
    found = [cause for cause in diagnose(suspects, []) if cause.code in _OF_ROWS]
    explained = {address for cause in found for address in cause.addresses}
    return found if explained == {one.address for one in suspects} else []


def is_transposed(columns: Sequence[Columns], claimed: FloatArray) -> bool:
    """Whether columns as measured are rows of the whole Jacobian as claimed.

    Of two columns at least: an entry that is wrong in a transpose has a wrong one opposite.
    """
    outputs, parameters = claimed.shape
    if outputs != parameters or sum(len(one.places) for one in columns) < 2:
        return False
    return all(
        one.signs is None
        and bool(np.all(np.abs(claimed[list(one.places)].T - one.measured) <= one.room))
        for one in columns
    )


def _index(leaf: Leaf, rows: IntArray) -> tuple[int, ...]:
    return tuple(map(int, np.unravel_index(int(rows[0]), leaf.shape)))


def _signs(leaf: Leaf, rows: IntArray, columns: Columns) -> FloatArray | None:
    """Return the signs that derivatives of outputs have where complex ones are conjugated."""
    of_outputs = signs_of(leaf)
    if of_outputs is None and columns.signs is None:
        return None
    of_rows = np.ones(rows.size) if of_outputs is None else of_outputs.ravel()[rows]
    of_columns = np.ones(columns.claimed.shape[1]) if columns.signs is None else columns.signs
    return np.outer(of_rows, of_columns).ravel()


def _suspect(
    output: str,
    columns: Columns,
    rows: IntArray,
    facts: Mapping[str, float],
    signs: FloatArray | None,
) -> Suspect:
    claim = columns.claimed[rows].ravel()
    return Suspect(
        address=f"d {output} / d {columns.address}",
        claim=claim,
        x=np.zeros_like(claim),
        measured=columns.measured[rows].ravel(),
        room=columns.room[rows].ravel(),
        rounding=np.zeros(columns.room[rows].size),
        weight=np.ones_like(claim),
        right={},
        wrong_too={},
        facts=facts,
        signs=signs,
    )
