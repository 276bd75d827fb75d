"""From outcomes of components to findings about leaves, and to the verdict of the whole."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from gradproof._base.outcomes import Verdict, overall
from gradproof._base.phrases import counted
from gradproof.judge.causes import CATALOGUE
from gradproof.judge.details import MOST_CURVES, curves_of, of_leaf, tensors_of
from gradproof.judge.diagnosis import diagnose
from gradproof.judge.elsewhere import Elsewhere
from gradproof.judge.evidence import Evidence
from gradproof.judge.factors import uniform_ratio
from gradproof.judge.headline import headline
from gradproof.judge.naming import code_of, words_of
from gradproof.judge.outcome import Outcome
from gradproof.judge.parts import (
    CauseFinding,
    ComponentFinding,
    ControlFinding,
    LeafFinding,
    PatternFinding,
)
from gradproof.judge.patterns import is_throughout, wrong_parts
from gradproof.judge.reasons import largest_finite, numbers_of
from gradproof.judge.report import MOST_CULPRITS, Price, Record, versions
from gradproof.judge.suspect import ROOM, Suspect, signs_of
from gradproof.judge.tally import Tally, tally
from gradproof.judge.units import in_units
from gradproof.numerics.protocol import BoolArray, FloatArray, IntArray
from gradproof.tree import Leaf, Tree

_APART = 0.1  # of the size of a slope: the sides of a kink
_UNDECIDED_SHARE = 0.05


def write_record(
    tree: Tree,
    evidence: Evidence,
    *,
    value: float,
    rtol_given: bool,
    ending: Verdict | None,
    causes: Sequence[CauseFinding],
    facts: Mapping[str, float],
    notes: Sequence[str],
    controls: Sequence[ControlFinding],
    price: Price,
    elsewhere: Elsewhere | None,
    left_out: int | None = None,
) -> Record:
    """Judge every leaf, then the whole; `elsewhere` is what is claimed at other parameters.

    `left_out` counts leaves that nothing is said about, where the evidence does not tell.
    """
    leaves = tuple(_judge_leaf(tree, leaf, evidence) for leaf in tree.leaves)
    verdict = ending or overall([leaf.verdict for leaf in leaves])
    rtol = _tolerance_in_force(evidence)
    resolution = largest_finite(
        np.array([leaf.resolution for leaf in leaves]), nothing=float("inf")
    )
    # Where f does not react, that is the cause.
    reacts = not any(cause.code == "GP107" for cause in causes)
    mistakes = _mistakes(tree, leaves, evidence, facts, elsewhere) if reacts else []
    reasons = _reasons(leaves, evidence)
    if not any(cause.code == "GP202" for cause in reasons):
        reasons += _subgradients(tree, evidence)
    causes = (*causes, *mistakes, *reasons)
    culprits = _culprits(tree, evidence)
    undecided = [leaf.worst for leaf in leaves if leaf.worst and leaf.verdict is not Verdict.FAIL]
    return Record(
        verdict=verdict,
        headline=headline(
            verdict,
            leaves,
            causes,
            rtol=rtol,
            resolution=resolution,
            attained=not rtol_given and rtol > 1.5 * evidence.policy.default,
            stationary=evidence.stationary,
            left_out=left_out,
        ),
        **vars(price),
        rtol=rtol,
        resolution=resolution,
        value=value,
        noise=evidence.noise,
        leaves=leaves,
        culprits=culprits,
        patterns=_patterns(tree, leaves, evidence),
        causes=causes,
        notes=(*notes, *_notes(evidence)),
        controls=tuple(controls),
        certificate=None,
        versions=versions(),
        curves=curves_of(tree, evidence, [*culprits[:MOST_CURVES], *undecided]),
        tensors=tensors_of(tree, evidence),
    )


def _tolerance_in_force(evidence: Evidence) -> float:
    """Return the largest relative tolerance of the components that it decided about."""
    decided = evidence.components.outcome != Outcome.FLAT
    if evidence.fixed is not None:
        decided &= ~evidence.fixed
    relative = evidence.asked.relative[decided]
    return float(np.max(relative, initial=evidence.policy.default))


def _judge_leaf(tree: Tree, leaf: Leaf, evidence: Evidence) -> LeafFinding:
    found = tally(leaf, evidence)
    worst = None
    if found.wrong:
        verdict = Verdict.FAIL
        worst = _worst(tree, evidence, _places(leaf, evidence, evidence.components.wrong))
    elif _is_negligible(found, evidence.policy.cap):
        verdict = Verdict.PASS
    else:
        verdict = Verdict.INCONCLUSIVE
        worst = _worst(tree, evidence, _places(leaf, evidence, evidence.components.undecided))
    all_zero = not found.claims_something and bool(np.any(evidence.components.claim))
    return LeafFinding(
        address=tree.address(leaf),
        path=leaf.path,
        shape=leaf.own_shape,
        verdict=verdict,
        discrepancy=found.discrepancy,
        bar=found.bar,
        resolution=found.resolution,
        checked=found.checked,
        wrong=found.wrong,
        undecided=found.undecided,
        relative_to_itself=found.relative_to_itself,
        relative_to_leaf=0 if all_zero else found.right - found.relative_to_itself,
        relative_to_others=found.right - found.relative_to_itself if all_zero else 0,
        unseen=found.unseen,
        reason=_most_frequent_reason(found.reasons),
        ratio=_ratio(leaf, evidence) if found.wrong else None,
        worst=worst,
    )


def _places(leaf: Leaf, evidence: Evidence, which: BoolArray) -> IntArray:
    """Return the places of some components of a leaf that were checked."""
    part = slice(leaf.start, leaf.stop)
    chosen = which[part] if evidence.fixed is None else which[part] & ~evidence.fixed[part]
    return np.flatnonzero(chosen) + leaf.start


def _is_negligible(found: Tally, cap: float) -> bool:
    """Whether the undecided components of a leaf are few, and could not make it wrong.

    They may be 5 % of the leaf at most, none may have been measured to differ from its claim, and
    the largest error that the measurements leave room for must stay below the cap of the
    tolerance, relative to the leaf: √Σ(e T)² ≤ cap ‖a T‖.
    """
    if found.undecided == 0:
        return True
    differs = {Outcome.PRECISION, Outcome.TWO_SCALES} & set(found.reasons)
    if found.undecided > _UNDECIDED_SHARE * found.checked or differs:
        return False
    return found.possible <= cap * found.effect


def _most_frequent_reason(reasons: Counter[int]) -> str | None:
    return f"GP{max(sorted(reasons), key=reasons.__getitem__)}" if reasons else None


def _ratio(leaf: Leaf, evidence: Evidence) -> float | None:
    part: IntArray | slice = slice(leaf.start, leaf.stop)
    if evidence.fixed is not None:
        part = np.flatnonzero(~evidence.fixed[part]) + leaf.start
    c, question = evidence.components.take(part), evidence.asked.limits_of(part).question
    rounding = question.tolerance - question.relative * np.abs(c.claim)
    return uniform_ratio(c.claim, c.value, c.bar, rounding)


def _worst(tree: Tree, evidence: Evidence, places: IntArray) -> ComponentFinding | None:
    c = evidence.components
    effect = np.abs(c.claim[places] - c.value[places]) * evidence.scale[places]
    if not np.any(np.isfinite(effect)):
        return None
    return _component(tree, evidence, int(places[np.nanargmax(effect)]))


def _component(tree: Tree, evidence: Evidence, place: int) -> ComponentFinding:
    leaf, index = tree.locate(place)
    c = evidence.components
    (beyond,) = evidence.asked.limits_of(slice(place, place + 1)).beyond
    found = ComponentFinding(
        address=tree.address(leaf, index),
        path=leaf.path,
        index=index,
        claimed=float(c.claim[place]),
        measured=float(c.value[place]),
        bar=float(c.bar[place]),
        truncation=float(c.truncation[place]),
        noise=float(c.noise[place]),
        visible=float(beyond + evidence.margin * c.bar[place]),
    )
    return in_units(found, evidence.unit)


def _culprits(tree: Tree, evidence: Evidence) -> tuple[ComponentFinding, ...]:
    """Return the confirmed wrong components, those with the largest effect on f first."""
    c = evidence.components
    places = np.flatnonzero(c.outcome == Outcome.FAIL)
    effect = np.abs(c.claim[places] - c.value[places]) * evidence.scale[places]
    order = places[np.argsort(-effect, kind="stable")[:MOST_CULPRITS]]
    return tuple(_component(tree, evidence, int(place)) for place in order)


def _mistakes(
    tree: Tree,
    leaves: Sequence[LeafFinding],
    evidence: Evidence,
    facts: Mapping[str, float],
    elsewhere: Elsewhere | None,
) -> list[CauseFinding]:
    """Return what explains the tensors that are wrong, and where the mistake begins."""
    claims = {
        found.address: of_leaf(leaf, evidence.components.claim) * evidence.unit
        for leaf, found in zip(tree.leaves, leaves, strict=True)
    }
    wrong = frozenset(leaf.address for leaf in leaves if leaf.verdict is Verdict.FAIL)
    suspects = [
        _suspect(leaf, found.address, evidence, claims, wrong, facts, elsewhere)
        for leaf, found in zip(tree.leaves, leaves, strict=True)
        if found.address in wrong
    ]
    return diagnose(suspects, leaves)


def _suspect(
    leaf: Leaf,
    address: str,
    evidence: Evidence,
    claims: Mapping[str, FloatArray],
    wrong: frozenset[str],
    facts: Mapping[str, float],
    elsewhere: Elsewhere | None,
) -> Suspect:
    part = slice(leaf.start, leaf.stop)
    c, unit = evidence.components.take(part), evidence.unit
    question = evidence.asked.limits_of(part).question
    rounding = question.tolerance - question.relative * np.abs(c.claim)
    unknown = c.undecided if evidence.fixed is None else c.undecided | evidence.fixed[part]
    measured = np.where(unknown, np.nan, c.value)
    with np.errstate(invalid="ignore"):
        room = ROOM * c.bar + question.relative * np.abs(c.value) + rounding
    return Suspect(
        address=address,
        claim=claims[address],
        x=of_leaf(leaf, evidence.x),
        measured=(measured * unit).reshape(leaf.shape),
        room=(room * unit).reshape(leaf.shape),
        rounding=(rounding * unit).reshape(leaf.shape),
        weight=of_leaf(leaf, evidence.scale),
        right={k: claim for k, claim in claims.items() if k not in wrong},
        wrong_too={k: claim for k, claim in claims.items() if k in wrong and k != address},
        facts=facts,
        elsewhere=elsewhere and elsewhere.of(leaf),
        signs=signs_of(leaf),
    )


def _patterns(
    tree: Tree, leaves: Sequence[LeafFinding], evidence: Evidence
) -> tuple[PatternFinding, ...]:
    """Return in words which part of each wrong tensor is wrong."""
    found = []
    for leaf, finding in zip(tree.leaves, leaves, strict=True):
        if finding.wrong == 0 or finding.checked < 2:
            continue
        c = evidence.components.take(slice(leaf.start, leaf.stop))
        with np.errstate(invalid="ignore"):
            effect = np.nan_to_num((c.claim - c.value) * evidence.scale[leaf.start : leaf.stop])
        wrong = c.wrong.reshape(leaf.shape)
        parts = wrong_parts(wrong, effect.reshape(leaf.shape))
        address, words = finding.address, f"{finding.wrong:,} of {finding.checked:,} components"
        told = [(address, words, finding.wrong)]
        if is_throughout(wrong, ~c.undecided.reshape(leaf.shape)):
            told = [(address, "all of it", finding.wrong)]
        elif len(parts) == 1:
            (part,) = parts
            code = code_of(part, wrong.ndim, leaf.is_complex)
            told = [(address + code, words_of(part, wrong.ndim, leaf.is_complex), finding.wrong)]
        elif parts:
            told = [
                (address + part.index(1), part.words(1), int(np.sum(part.of(wrong))))
                for part in parts
            ]
        found += [
            PatternFinding(where, leaf.path, words, wrong=count, size=finding.checked)
            for where, words, count in told
        ]
    return tuple(found)


def _notes(evidence: Evidence) -> list[str]:
    c, notes = evidence.components, []
    count = int(np.sum(c.outcome == Outcome.ONE_SIDED))
    if count:
        notes.append(
            f"{counted(count, 'component')} at a kink of f: the claim is the slope on one side "
            "(GP202)"
        )
    places = np.flatnonzero(c.outcome == Outcome.FAIL)
    size = evidence.asked.limits_of(places).size
    with np.errstate(invalid="ignore"):
        places = places[np.abs(c.right[places] - c.left[places]) > _APART * size]
    if places.size:
        left, right = c.left[places[0]] * evidence.unit, c.right[places[0]] * evidence.unit
        notes.append(
            f"{counted(places.size, 'wrong component')} at a kink of f: the claim is outside of "
            f"the slopes of its sides ({left:+.4g} and {right:+.4g} for the first)"
        )
    return notes


def _reasons(leaves: Sequence[LeafFinding], evidence: Evidence) -> list[CauseFinding]:
    """Return one cause for each reason why leaves could not be decided."""
    found = []
    for code in sorted({leaf.reason for leaf in leaves if leaf.reason}):
        concerned = [leaf for leaf in leaves if leaf.reason == code]
        addresses = [leaf.address for leaf in concerned]
        outcome = Outcome(int(code[2:]))
        places = np.flatnonzero(evidence.components.outcome == outcome)
        typical = evidence.asked.limits_of(places).typical
        numbers = numbers_of(outcome, evidence, typical, places)
        found.append(CATALOGUE[code].finding(*addresses, **numbers))
    return found


def _subgradients(tree: Tree, evidence: Evidence) -> list[CauseFinding]:
    """Flag where a claim passed because it lies between the slopes of a kink."""
    among = evidence.components.outcome == Outcome.SUBGRADIENT
    addresses = [
        tree.address(leaf) for leaf in tree.leaves if np.any(among[leaf.start : leaf.stop])
    ]
    if not addresses:
        return []
    places = np.flatnonzero(among)
    typical = evidence.asked.limits_of(places).typical
    numbers = numbers_of(Outcome.KINK, evidence, typical, places)
    return [CATALOGUE["GP202"].finding(*addresses, **numbers)]
