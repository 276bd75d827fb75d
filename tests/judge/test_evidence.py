"""Measurements of some components among all, and limits that are put into others."""

import dataclasses

import numpy as np

from gradproof.judge.evidence import Evidence, Steps
from gradproof.judge.tolerance import Asked, Scaling, limits, policy
from gradproof.judge.verdict import Components
from gradproof.numerics.protocol import FloatArray
from gradproof.tree import flatten

RULES = policy(None, low_precision=False)
LOW = policy(None, low_precision=True)
ZERO = np.zeros(2)


def components(value: FloatArray) -> Components:
    """Return measurements that are all told apart."""
    k = np.arange(1.0, 8.0)[:, None] + value
    return Components(k[0], value, k[1], k[2], np.array([1, 2], np.int16), *k[3:])


def evidence(rounding: FloatArray | None = None) -> Evidence:
    scaling = Scaling(np.array([2.0, 3.0]), np.array([4.0, 5.0]), np.array([6.0, 7.0]),
                      np.array([1, 1]))  # fmt: skip
    asked = Asked(scaling, np.array([9.0, 8.0]), RULES, np.array([1e-6, 1e-5]), 1e-16, rounding)
    steps = Steps(ZERO, ZERO, ZERO, chosen=0.5)
    measured = components(np.array([0.25, 0.5]))
    return Evidence(ZERO, measured, asked, 1e-9, 2.0, 3.0, None, False, {1: steps})


def test_among_all_others_places_are_empty() -> None:
    x, claim, places = np.arange(4.0), np.arange(10.0, 14.0), np.array([1, 3])
    found = evidence(np.array([1e-3, 1e-4])).among(places, x, claim)
    assert found.x is x
    assert found.components.claim.tolist() == claim.tolist()
    before = vars(evidence().components)
    for name, part in vars(found.components).items():
        assert part.dtype == before[name].dtype
        if name != "claim":
            assert part[places].tolist() == before[name].tolist()
            assert part[[0, 2]].tolist() == [0, 0]
    scaling = found.asked.scaling
    assert scaling.scale.tolist() == [1, 2, 1, 3]
    assert scaling.effect.tolist() == [1, 4, 1, 5]
    assert scaling.movement.tolist() == [0, 6, 0, 7]
    assert scaling.leaf.tolist() == [0, 1, 0, 1]
    asked = found.asked
    assert asked.claim is claim
    assert (asked.policy, asked.roundoff_of_claim) == (RULES, 1e-16)
    assert asked.relative.tolist() == [0, 1e-6, 0, 1e-5]
    assert asked.rounding_of_claim is not None
    assert asked.rounding_of_claim.tolist() == [0, 1e-3, 0, 1e-4]
    assert evidence().among(places, x, claim).asked.rounding_of_claim is None
    assert list(found.tables) == [3]
    assert (found.noise, found.unit, found.margin) == (1e-9, 2.0, 3.0)


def test_leaves_along_which_f_stands_still_are_told_with_those_that_claim_something_first() -> None:
    tree, _ = flatten({"a": 0.0, "b": 0.0}, "t")

    def still(value: list[float], claim: list[float], fixed: list[bool] | None = None) -> list[int]:
        found = evidence()
        c = dataclasses.replace(found.components, value=np.array(value), claim=np.array(claim))
        free = None if fixed is None else np.array(fixed)
        return dataclasses.replace(found, components=c, fixed=free).still(tree)

    assert still([1.0, 0.0], [0.0, 0.0]) == [1]
    assert still([0.0, 0.0], [0.0, 0.0]) == [0, 1]
    assert still([0.0, 0.0], [0.0, 2.0]) == [1, 0]
    assert still([0.0, 0.0], [0.0, 2.0], [False, True]) == [0]
    assert still([1.0, 2.0], [0.0, 2.0]) == []


def test_limits_are_put_in_at_some_components_and_keep_their_rules() -> None:
    def of(claim: float, effect: float) -> object:
        one = np.ones(2)
        scaling = Scaling(one, effect * one, 0 * one, np.zeros(2, dtype=np.int64))
        return limits(
            scaling, claim * one, RULES, noise=0.0, roundoff_of_claim=1e-16,
            roundoff_of_x=1e-16 * one,
        )  # fmt: skip

    mine, other = of(1.0, 1.0), of(5.0, 5.0)
    mixed = mine.put(np.array([1]), other)  # type: ignore[attr-defined]
    assert mixed.policy is RULES
    assert mixed.question.claim.tolist() == [1.0, 5.0]
    assert mine.question.claim.tolist() == [1.0, 1.0]  # type: ignore[attr-defined]
    for name in ("size", "typical", "beyond"):
        part = getattr(mixed, name)
        assert part[0] == getattr(mine, name)[0]
        assert part[1] == getattr(other, name)[1]
    assert mixed.take(np.array([1])).size == vars(other)["size"][1]
