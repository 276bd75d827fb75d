"""The outcomes that a component can have."""

import enum


class Outcome(enum.IntEnum):
    """The outcome for one component.

    `FLAT` passes because neither f nor the claim makes it move f visibly; at a kink `ONE_SIDED`
    passes because the claim is the slope on one side, `SUBGRADIENT` because it lies between the
    two. `MISMATCH` contradicts the claim, and was not confirmed by a table because others of its
    leaf were. The numbers from 200 on are the codes of what could not be decided.
    """

    PASS = 0
    FLAT = 1
    ONE_SIDED = 2
    SUBGRADIENT = 3
    FAIL = 4
    MISMATCH = 5
    NOISE = 201
    KINK = 202
    PRECISION = 203
    DOMAIN_EDGE = 204
    TWO_SCALES = 205
    BUDGET_SPENT = 206
    DIVERGES = 207
