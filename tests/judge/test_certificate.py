"""The bound of a certificate holds as often as it says, for errors of all kinds."""

import dataclasses

import numpy as np
import numpy.typing as npt
import pytest

from gradproof.judge.certificate import certify, certify_leaves
from gradproof.judge.evidence import Probes
from gradproof.judge.outcome import Outcome
from gradproof.judge.tolerance import Limits, policy
from gradproof.judge.verdict import Components
from gradproof.numerics.directions import Gaussian
from gradproof.numerics.question import Question
from gradproof.tree import flatten

Array = npt.NDArray[np.float64]
DIRECTIONS = 8


def probes(shown: Array, bar: float, size: float) -> Probes:
    """Return what would have been measured where the claim is off by `shown` along directions."""
    zero, one = np.zeros_like(shown), np.ones_like(shown)
    nothing = np.full_like(shown, np.nan)
    components = Components(
        claim=shown, value=zero, truncation=zero, noise=bar * one,
        outcome=np.full(shown.shape, Outcome.FAIL, dtype=np.int16),
        left=nothing, right=nothing, spread=nothing, possible=nothing,
    )  # fmt: skip
    question = Question(shown, one, one, one, one, one, np.zeros(shown.size, dtype=np.int64))
    limits = Limits(question, one, one, 1e-6 * one, policy(None, low_precision=False))
    return Probes(components, limits, size * one, 0.0, 1.0, 2.0, (), shown < 0)


def whole(seed: int, n: int, direction: int) -> Array:
    return np.concatenate([z for _, z in Gaussian(seed, 0, n).chunks(direction)])


ERRORS = {
    "one component": [0, 0, 0.3, 0, 0],
    "two equal ones": [0.2, 0, 0.2, 0, 0],
    "dense": [0.1, -0.2, 0.3, 0.1, -0.1],
}


@pytest.mark.parametrize(
    ("error", "confidence"),
    [*((error, 0.9) for error in ERRORS), ("dense", 0.99)],
)
def test_the_bound_is_exact_for_normal_directions(error: str, confidence: float) -> None:
    off = np.array(ERRORS[error])
    weight = np.array([1.0, 2.0, 0.5, 1.0, 3.0])
    claim = np.array([1.0, -1.0, 2.0, 0.5, 0.1])
    tree, _ = flatten({"w": claim[:3], "b": claim[3:]}, "p")
    norm, size = np.linalg.norm(weight * off), float(np.linalg.norm(weight * claim))
    runs, missed, bounds = 1500, 0, []
    for seed in range(runs):
        shown = np.array([(weight * off) @ whole(seed, 5, k) for k in range(DIRECTIONS)])
        found = certify(
            tree, probes(shown, 0.0, size), claim, weight, seed=seed, confidence=confidence
        )
        bounds.append(found.bound)
        missed += int(found.bound < norm / size)
    expected = (1 - confidence) * runs
    assert abs(missed - expected) < 4 * np.sqrt(expected)
    assert np.median(bounds) < 3 * norm / size


@pytest.mark.parametrize("confidence", [0.9, 0.99])
def test_the_bounds_of_leaves_hold_together(confidence: float) -> None:
    claim = np.array([1.0, -1.0, 2.0, 0.5, 0.1, -0.3])
    weight = np.array([1.0, 2.0, 0.5, 1.0, 3.0, 1.0])
    error = np.array([0.1, 0.0, -0.2, 0.3, 0.0, 0.05])
    tree, _ = flatten({"a": claim[:3], "b": claim[3:4], "c": claim[4:]}, "p")
    parts = [slice(leaf.start, leaf.stop) for leaf in tree.leaves]
    norms = [float(np.linalg.norm((weight * error)[part])) for part in parts]
    sizes = np.array([np.linalg.norm((weight * claim)[part]) for part in parts])
    runs, missed, alone = 2000, 0, 0
    for seed in range(runs):
        shown = []
        for part in parts:
            z = np.concatenate([z for _, z in Gaussian(seed, part.start, part.stop).chunks(0)])
            shown.append((weight * error)[part] @ z)
        found = certify_leaves(
            tree, dataclasses.replace(probes(np.array(shown), 0.0, 1.0), size=sizes),
            [0, 1, 2], claim, weight, seed=seed, confidence=confidence,
        )  # fmt: skip
        bounds = [leaf.bound for leaf in found.leaves]
        assert found.of_leaves
        broken = [b is None or b < n / s for b, n, s in zip(bounds, norms, sizes, strict=True)]
        missed += any(broken)
        alone += broken[0]
        if not any(broken):
            assert found.bound >= np.linalg.norm(norms) / np.linalg.norm(sizes)
    expected = (1 - confidence) * runs
    # At most as often as stated, and not far from it: a third of it for each of the three.
    assert missed < expected + 4 * np.sqrt(expected)
    assert missed > expected / 2
    assert abs(alone - expected / 3) < 4 * np.sqrt(expected / 3)


def test_bars_and_kinks_widen_it() -> None:
    tree, values = flatten({"w": np.ones(4)}, "p")
    shown = np.full(DIRECTIONS, 1e-3)
    weight = np.ones(4)
    exact = certify(tree, probes(shown, 0.0, 2.0), values[0], weight, seed=0, confidence=0.999)
    barred = certify(tree, probes(shown, 1e-3, 2.0), values[0], weight, seed=0, confidence=0.999)
    assert barred.bound == pytest.approx(2 * exact.bound)
    found = probes(shown, 0.0, 2.0)
    c = dataclasses.replace(
        found.components,
        outcome=np.full(DIRECTIONS, Outcome.SUBGRADIENT, dtype=np.int16),
        left=shown - 0.5,
        right=shown + 0.5,
    )
    kinked = certify(
        tree, dataclasses.replace(found, components=c), values[0], weight, seed=0, confidence=0.999
    )
    assert kinked.bound == pytest.approx(exact.bound * 0.5 / 1e-3)


def test_a_single_component_that_is_further_off_would_have_been_visible() -> None:
    rng = np.random.default_rng(0)
    claim = rng.standard_normal(300)
    tree, _ = flatten({"a": claim[:100], "b": claim[100:]}, "p")
    weight = rng.uniform(0.5, 2, 300)
    found = probes(np.zeros(DIRECTIONS), 1e-7, 10.0)
    certificate = certify(tree, found, claim, weight, seed=5, confidence=0.999)
    visible = 1e-6 + 2.0 * 1e-7
    directions = np.array([whole(5, 300, k) for k in range(DIRECTIONS)])
    for leaf, part in zip(certificate.leaves, (slice(0, 100), slice(100, 300)), strict=True):
        typical = np.sqrt(np.mean(claim[part] ** 2))
        shown = leaf.single * typical * np.abs(directions * weight)[:, part]
        assert np.all(np.max(shown, axis=0) >= visible * (1 - 1e-12))
        assert np.min(np.max(shown, axis=0)) == pytest.approx(visible)


def test_what_has_no_number_proves_nothing() -> None:
    tree, _ = flatten({"a": np.ones(3), "b": np.ones(2)}, "p")
    claim, weight = np.ones(5), np.ones(5)
    for shown in (np.nan, np.inf):
        found = probes(np.array([1e-6, shown]), 0.0, 2.0)
        each = certify_leaves(tree, found, [0, 1], claim, weight, seed=0, confidence=0.9)
        assert each.bound == np.inf
        everything = certify(tree, found, claim, weight, seed=0, confidence=0.9)
        assert everything.bound == np.inf
    found = probes(np.array([1e-6, 1e-6]), 0.0, 2.0)
    none = certify_leaves(tree, found, [0, 1], 0 * claim, weight, seed=0, confidence=0.9)
    assert none.bound == np.inf
    assert [leaf.bound for leaf in none.leaves] == [np.inf, np.inf]
    assert [leaf.single for leaf in none.leaves] == [np.inf, np.inf]
