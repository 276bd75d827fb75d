"""How a map is fitted: what it explains, from where on it is believed, and what it is asked."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from gradproof._base.outcomes import Verdict
from gradproof.judge.diagnosis import diagnose
from gradproof.judge.fit import fit
from gradproof.judge.suspect import Map, Slopes, Suspect
from gradproof.judge.unmeasured import unmeasured_leaf
from gradproof.tree import flatten

ROOM = 1e-6
TRUTH = np.array([1.0, -2.0, 0.5, 3.0])


def suspect(claim: Any, measured: Any, **changed: Any) -> Suspect:
    claim, measured = (np.asarray(part, dtype=float) for part in (claim, measured))
    one = Suspect(
        address="t",
        claim=claim,
        x=np.ones(claim.shape),
        measured=measured,
        room=np.full(claim.shape, ROOM),
        rounding=np.zeros(claim.shape),
        weight=np.ones(claim.shape),
        right={},
        wrong_too={},
        facts={},
    )
    return dataclasses.replace(one, **changed)


def test_the_energy_is_what_a_map_takes_from_the_square_of_the_discrepancy() -> None:
    off = np.array([1.0, 2.0, -1.0, 0.5])
    left = np.array([0.3, -0.2, 0.1, 0.4]) * 0.5
    weight = np.array([1.0, 2.0, 0.5, 1.0])
    one = suspect(TRUTH + off, TRUTH, weight=weight, room=np.full(4, 0.25))
    found = fit(one, Map(TRUTH + left, parameters={"a": 1}, also=("u",)))
    assert found is not None
    expected = 1 - np.sum((left * weight) ** 2) / np.sum((off * weight) ** 2)
    assert found.energy == pytest.approx(expected)
    assert (found.parameters, found.free, found.theta.size, found.also) == ({"a": 1}, 0, 0, ("u",))


def test_parameters_are_those_of_least_squares_weighted_by_the_room_and_have_bars() -> None:
    rng = np.random.default_rng(0)
    bases = rng.standard_normal((2, 12))
    room = rng.uniform(0.5, 2, 12) * 1e-3
    truth = 0.25 + np.array([2.0, -3.0]) @ bases
    measured = truth + 0.3 * room * rng.choice([-1, 1], 12)
    told: dict[str, Any] = {}
    free = Map(0.25, tuple(bases), read=lambda theta, bars: told.update(bars=bars) or {"k": 7})
    found = fit(suspect(rng.standard_normal(12), measured, room=room), free)
    assert found is not None
    design = (bases / room).T
    expected = np.linalg.lstsq(design, (measured - 0.25) / room, rcond=None)[0]
    assert found.theta == pytest.approx(expected, rel=1e-9)
    assert told["bars"] == pytest.approx(np.sqrt(np.diag(np.linalg.inv(design.T @ design))))
    assert (found.free, found.parameters) == (2, {"k": 7})


def test_a_map_that_cannot_be_read_explains_nothing() -> None:
    assert fit(suspect(2 * TRUTH, TRUTH), Map(0.0, (TRUTH,))) is not None
    assert fit(suspect(2 * TRUTH, TRUTH), Map(0.0, (TRUTH,), read=lambda *_: None)) is None


@pytest.mark.parametrize(
    "bases",
    [
        (TRUTH, 0 * TRUTH),  # a parameter that does nothing
        (TRUTH, TRUTH),  # two that are not told apart
        (*np.eye(4), TRUTH),  # more than measurements
    ],
)
def test_parameters_have_to_be_told_apart(bases: Any) -> None:
    assert fit(suspect(2 * TRUTH, TRUTH), Map(0.0, bases)) is None


@pytest.mark.parametrize(
    ("off", "free", "explained"),
    [
        ([3.01, 3.01, 3.01, 3.01], 0, True),
        ([3.01, 3.01, 2.9, 2.9], 0, False),  # two are visible, and the whole is not
        ([3.01, 3.01, 3.1, 2.9], 0, True),
        ([3.01, 3.01, 0.0, 0.0], 0, False),
        ([6.01, 3.01, 0.0, 0.0], 0, True),
        ([30.0, 0.0, 0.0, 0.0], 0, False),  # a single one
        ([101.0], 0, True),  # unless it is far off, and all there is
        ([99.0], 0, False),
        ([50.0, 50.0], 1, False),  # more have to be visible than there are parameters
        ([50.0, 50.0, 50.0], 1, True),
    ],
)
def test_what_is_explained_has_to_be_visible(off: list[float], free: int, explained: bool) -> None:
    truth = TRUTH[: len(off)]
    bases = (np.ones(truth.size) * 1e-9,) * free
    one = suspect(truth + np.array(off) * ROOM, truth)
    candidate = Map(truth, bases) if free else Map(truth)
    assert (fit(one, candidate) is not None) is explained


def test_of_a_partial_map_only_what_it_changes_tells() -> None:
    claim = TRUTH * np.array([-1.0, 1.0, 1.0, 1.0])
    assert fit(suspect(claim, TRUTH), Map(TRUTH)) is None
    assert fit(suspect(claim, TRUTH), Map(TRUTH, is_partial=True)) is not None


def test_all_that_is_known_has_to_agree_within_its_room() -> None:
    for error, explained in [(0.99, True), (1.01, False)]:
        measured = TRUTH + error * ROOM * np.array([1, 0, 0, 0])
        assert (fit(suspect(-TRUTH, measured), Map(TRUTH)) is not None) is explained
        unknown = np.where(np.arange(4) == 0, np.nan, TRUTH)
        assert fit(suspect(-TRUTH, measured), Map(unknown)) is not None
    no_room = suspect(-TRUTH, TRUTH, room=ROOM * np.array([1.0, 1.0, 0.0, 1.0]))
    assert fit(no_room, Map(TRUTH)) is None


def test_slopes_along_directions_are_asked_as_well() -> None:
    directions = np.random.default_rng(0).standard_normal((6, 4))

    def seen(gradient: Any, **changed: Any) -> Suspect:
        slopes = Slopes(
            directions @ gradient, np.full(6, 1e-5), np.zeros(6), lambda g: directions @ g
        )
        nothing = np.full(4, np.nan)
        return suspect(-TRUTH, nothing, seen=slopes, **changed)

    assert fit(seen(TRUTH), Map(TRUTH)) is not None
    assert fit(seen(TRUTH), Map(1.001 * TRUTH)) is None
    found = fit(seen(TRUTH), Map(0.0, (-TRUTH,), read=lambda theta, _: {"by": float(theta[0])}))
    assert found is not None
    assert found.parameters["by"] == pytest.approx(-1)
    # What single components contradict, they do not save; nor what is not known everywhere.
    one = np.where(np.arange(4) == 0, 7.0, np.nan)
    assert fit(dataclasses.replace(seen(TRUTH), measured=one), Map(TRUTH)) is None
    assert fit(seen(TRUTH), Map(np.where(np.arange(4) == 0, np.nan, TRUTH))) is None


def test_where_it_begins_is_told_by_the_last_that_is_wrong() -> None:
    tree, _ = flatten({"W1": 0.0, "W2": 0.0, "W3": 0.0, "W4": 0.0}, "t")

    def told(*verdicts: str, known: bool = True) -> list[Any]:
        leaves = [
            dataclasses.replace(unmeasured_leaf(tree, leaf, Verdict(verdict)), checked=int(known))
            for leaf, verdict in zip(tree.leaves, verdicts, strict=True)
        ]
        found = diagnose([suspect(-TRUTH, TRUTH)], leaves)
        assert found[0].code == "GP301"
        return [(one.code, one.addresses, dict(one.parameters)) for one in found[1:]]

    begins = ("GP413", ("t['W1']", "t['W2']"), {"first": "t['W2']", "right": "t['W3']"})
    assert told("fail", "fail", "pass", "pass") == [begins]
    assert told("fail", "fail", "pass", "pass", known=False) == []
    assert told("fail", "pass", "pass", "pass") == []
    assert told("fail", "fail", "fail", "fail") == []
    assert told("pass", "fail", "fail", "pass") == []
    assert told("fail", "fail", "inconclusive", "pass") == []


@pytest.mark.parametrize(
    ("scatter", "factor"), [(1e-4, 3.0), (1e-8, 3.0003)], ids=["within its bar", "beyond it"]
)
def test_a_factor_is_whole_where_the_bar_of_all_components_allows_it(
    scatter: float, factor: float
) -> None:
    rng = np.random.default_rng(0)
    truth = rng.uniform(1, 2, 40)
    measured = truth * (1 + scatter * rng.standard_normal(40))
    one = suspect(3.0003 * truth, measured, room=np.full(40, 10 * scatter + 1e-9))
    (cause,) = diagnose([one], [])
    assert cause.code == "GP302"
    assert cause.parameters["factor"] == pytest.approx(factor, rel=1e-6)


def test_two_numbers_may_be_handed_out_twice_and_one_may_not() -> None:
    def told(truth: Any, claim: Any) -> list[str]:
        one = suspect(claim, truth, right={"u": np.asarray(claim, dtype=float)})
        return [cause.code for cause in diagnose([one], [])]

    assert told([1.0, 2.0], [5.0, -7.0]) == ["GP408"]
    assert told([1.0], [5.0]) != ["GP408"]
    assert told([1.0, 2.0], [5.0, 5.0]) != ["GP408"]  # a constant is no copy


def test_wrong_parts_of_complex_numbers_are_wrong_as_numbers() -> None:
    rng = np.random.default_rng(0)
    truth = rng.uniform(1, 2, (12, 8, 2))
    claim = truth.copy()
    claim[3, :, 1] *= -1
    signs = np.broadcast_to([1.0, -1.0], truth.shape)
    found = diagnose([suspect(claim, truth, signs=signs)], [])
    assert "GP306" in [cause.code for cause in found]
    (conjugate,) = [cause for cause in found if cause.code == "GP306"]
    assert conjugate.addresses == ("t[3:4, :]",)
