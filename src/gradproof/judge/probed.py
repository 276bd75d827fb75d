"""The record of a check along random directions."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

import numpy as np

from gradproof._base.outcomes import Verdict, overall
from gradproof._base.phrases import counted
from gradproof.judge.causes import CATALOGUE
from gradproof.judge.certificate import from_kinks
from gradproof.judge.elsewhere import Elsewhere
from gradproof.judge.evidence import Probed, Probes
from gradproof.judge.factors import uniform_ratio
from gradproof.judge.headline import probed
from gradproof.judge.located import Located, culprits, mistakes
from gradproof.judge.outcome import Outcome
from gradproof.judge.parts import CauseFinding, ComponentFinding, LeafFinding
from gradproof.judge.reasons import numbers_of
from gradproof.judge.report import Price, Record, versions
from gradproof.judge.units import in_units
from gradproof.judge.unmeasured import unmeasured_leaf
from gradproof.tree import Leaf, Tree


def write_probed(
    tree: Tree,
    found: Probed,
    *,
    value: float,
    rtol_given: bool,
    ending: Verdict | None,
    causes: Sequence[CauseFinding],
    facts: Mapping[str, float],
    notes: Sequence[str],
    price: Price,
    elsewhere: Elsewhere | None,
) -> Record:
    """Judge every leaf by its direction, and the whole by all directions.

    `elsewhere` is what is claimed at other parameters.
    """
    probes = [part for part in (found.everything, found.leaves) if part is not None]
    verdict = ending or overall([_overall(probes), *map(_of_place, found.located)])
    leaves = _none_passes_alone(_leaves(tree, found), found, verdict)
    relative = np.concatenate([part.limits.question.relative for part in probes])
    rtol = float(np.max(relative))
    resolutions = np.concatenate([_resolution(part) for part in probes])
    seen = resolutions[np.isfinite(resolutions)]
    resolution = float(np.max(seen)) if seen.size else math.inf
    # Directions over everything that could not be decided say nothing beside one that is wrong.
    failed = verdict is Verdict.FAIL and found.leaves is not None
    reasons = _reasons([found.leaves] if failed and found.leaves else probes)
    default, unit = probes[0].limits.policy.default, probes[0].unit
    patterns = [pattern for one in found.located if (pattern := one.pattern(tree)) is not None]
    explained = mistakes(
        tree,
        leaves,
        found.located,
        claim=found.claim,
        x=found.x,
        scale=found.scale,
        unit=unit,
        rtol=default,
        facts=facts,
        elsewhere=elsewhere,
    )
    # What f moved on by, from the first call to the last, is in every slope.
    certificate = None if ending else found.certificate
    return Record(
        verdict=verdict,
        headline=probed(
            verdict,
            leaves,
            (*causes, *reasons),
            certificate,
            left_out=sum(
                leaf.size > 0 and not moved
                for leaf, moved in zip(tree.leaves, found.chosen, strict=True)
            ),
            rtol=rtol,
            attained=not rtol_given and rtol > 1.5 * default,
        ),
        **vars(price),
        rtol=rtol,
        resolution=resolution,
        value=value,
        noise=max(part.noise for part in probes),
        leaves=leaves,
        culprits=culprits(tree, found.located, found.claim, found.scale, unit),
        patterns=tuple(patterns),
        causes=(*causes, *explained, *reasons),
        notes=(
            *notes,
            *_not_found(tree, found.located),
            *dict.fromkeys(note for part in probes for note in _notes(part)),
        ),
        controls=(),
        certificate=certificate,
        versions=versions(),
    )


def _not_found(tree: Tree, located: Sequence[Located]) -> list[str]:
    """Say of which leaves the error was not found, what groups would have shown, and the price."""
    notes = []
    for one in located:
        if one.widespread or (one.rest == 0 and np.any(one.wrong)):
            continue
        leaf = tree.leaves[one.number]
        address, size = tree.address(leaf), leaf.stop - leaf.start
        what = "part of the error" if np.any(one.wrong) else "where the error is"
        notes.append(
            f"{address}: {what} was not found; by groups a single component shows from "
            f"{one.floor:.0e} of a typical one on. To measure every component: "
            f"include={address!r}, plan='every', about {counted(2 * size, 'evaluation')}"
        )
    return notes


def _verdict(probes: Probes, line: int) -> Verdict:
    c = probes.components
    if c.wrong[line]:
        return Verdict.FAIL
    return Verdict.INCONCLUSIVE if c.undecided[line] else Verdict.PASS


def _of_place(one: Located) -> Verdict:
    return Verdict.FAIL if np.any(one.wrong) else Verdict.PASS


def _overall(probes: Sequence[Probes]) -> Verdict:
    return overall({_verdict(part, k) for part in probes for k in range(part.size.size)})


def _resolution(probes: Probes) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return what would have been seen along each direction that passed, relative to its size."""
    c, question = probes.components, probes.limits.question
    seen = np.fmax(question.tolerance + c.bar + c.noise, from_kinks(c)) / probes.size
    return np.where(c.outcome < Outcome.FAIL, seen, np.inf)


def _none_passes_alone(
    leaves: tuple[LeafFinding, ...], found: Probed, verdict: Verdict
) -> tuple[LeafFinding, ...]:
    """Leave open what passes along its direction where all together do not and none is to blame.

    Where there is one leaf only, what is wrong is that.
    """
    lone = sum(found.chosen) == 1
    blamed = any(leaf.verdict is not Verdict.PASS for leaf in leaves)
    if verdict is Verdict.PASS or (blamed and not lone):
        return leaves
    instead = verdict if lone else Verdict.INCONCLUSIVE
    return tuple(
        dataclasses.replace(leaf, verdict=instead) if moved else leaf
        for leaf, moved in zip(leaves, found.chosen, strict=True)
    )


def _leaves(tree: Tree, found: Probed) -> tuple[LeafFinding, ...]:
    lines = {number: line for line, number in enumerate(found.asked)}
    leaves = []
    for number, leaf in enumerate(tree.leaves):
        if found.leaves is not None and number in lines:
            along = _along(tree, leaf, found.leaves, lines[number])
            leaves.append(_with_place(tree, along, found, number))
        elif found.chosen[number] and found.bars_of_others is not None:
            bar = found.bars_of_others[number]
            cleared = unmeasured_leaf(tree, leaf, Verdict.PASS)
            leaves.append(dataclasses.replace(cleared, discrepancy=0.0, bar=bar, resolution=bar))
        else:
            moved = found.chosen[number] and found.everything is not None
            verdict = _overall([found.everything]) if moved and found.everything else Verdict.PASS
            leaves.append(unmeasured_leaf(tree, leaf, verdict))
    return tuple(leaves)


def _with_place(tree: Tree, leaf: LeafFinding, found: Probed, number: int) -> LeafFinding:
    """Return the finding with the component that is most wrong in the place of a direction."""
    one = next((one for one in found.located if one.number == number), None)
    if one is None or not np.any(one.wrong) or found.leaves is None:
        return leaf
    worst = culprits(tree, [one], found.claim, found.scale, found.leaves.unit)[0]
    claim = found.claim[tree.leaves[number].start + one.places]
    # Of the few components that stand out nothing follows for the others.
    several = one.part is None and (one.widespread or one.places.size == tree.leaves[number].size)
    several &= one.places.size > 1
    return dataclasses.replace(
        leaf,
        verdict=Verdict.FAIL,
        reason=None,
        wrong=int(np.sum(one.wrong)),
        worst=worst,
        ratio=uniform_ratio(claim, one.value, one.bar) if several else None,
    )


def _along(tree: Tree, leaf: Leaf, probes: Probes, line: int) -> LeafFinding:
    """Judge a leaf by the direction through it alone."""
    c, size = probes.components, float(probes.size[line])
    verdict = _verdict(probes, line)
    claimed, measured, bar = (float(part[line]) for part in (c.claim, c.value, c.bar))
    off = float(np.fmax(abs(claimed - measured), from_kinks(c)[line]))
    finding = dataclasses.replace(
        unmeasured_leaf(tree, leaf, verdict),
        discrepancy=off / size,
        bar=bar / size,
        resolution=float(_resolution(probes)[line]),
    )
    if verdict is Verdict.PASS:
        return finding
    worst = ComponentFinding(
        address=tree.address(leaf),
        path=leaf.path,
        index=(),
        claimed=claimed,
        measured=measured,
        bar=bar,
        truncation=float(c.truncation[line]),
        noise=float(c.noise[line]),
        visible=float(probes.limits.beyond[line] + probes.margin * bar),
    )
    undecided = verdict is Verdict.INCONCLUSIVE
    reason = f"GP{int(c.outcome[line])}" if undecided else None
    return dataclasses.replace(finding, worst=in_units(worst, probes.unit), reason=reason)


def _notes(probes: Probes) -> list[str]:
    outcome = probes.components.outcome
    kinks = int(np.sum((outcome == Outcome.ONE_SIDED) | (outcome == Outcome.SUBGRADIENT)))
    notes = list(probes.notes)
    if kinks:
        notes.append(
            f"along {kinks} of {counted(outcome.size, 'direction')} f has a kink at the point, and "
            "the claim is no more than one of its slopes there (GP202)"
        )
    return notes


def _reasons(probes: Sequence[Probes]) -> list[CauseFinding]:
    """Return one cause for each reason why directions could not be decided."""
    outcomes: dict[int, Probes] = {}
    for part in probes:
        for outcome in part.components.outcome[part.components.undecided].tolist():
            outcomes.setdefault(outcome, part)
    found = []
    for outcome, part in sorted(outcomes.items()):
        first = np.flatnonzero(part.components.outcome == outcome)[:1]
        numbers = numbers_of(Outcome(outcome), part, part.size[first], first)
        found.append(CATALOGUE[f"GP{outcome}"].finding(**numbers))
    return found
