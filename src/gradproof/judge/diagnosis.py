"""Why a gradient is wrong: the mistakes of the catalogue that explain what was measured."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradproof._base.outcomes import Verdict
from gradproof.judge.catalogue import Cause
from gradproof.judge.causes import CATALOGUE
from gradproof.judge.fit import Fit, fit
from gradproof.judge.naming import of_whole_numbers
from gradproof.judge.parts import CauseFinding, LeafFinding
from gradproof.judge.report import Record
from gradproof.judge.suspect import Map, Parameters, Suspect

_ALIKE = 1e-3  # relative: parameters of two tensors that are one and the same
_MOST_TIES = 3
_TOLD = 4  # components of a part that has a cause of its own
_POOLED = 3  # components of several tensors that have one factor


@dataclasses.dataclass(frozen=True)
class _Explanation:
    """One cause of one leaf."""

    cause: Cause
    found: Fit
    address: str


def diagnose(suspects: Sequence[Suspect], leaves: Sequence[LeafFinding]) -> list[CauseFinding]:
    """Return the causes of what is wrong, those that explain most tensors first.

    Each tensor gets the explanations with the fewest free parameters, all of them where several
    explain it. What explains one tensor is tried on the others with its parameters as they are, and
    several tensors with one cause are one finding.
    """
    by_address = {suspect.address: suspect for suspect in suspects}
    explained = {address: _explanations(one, by_address) for address, one in by_address.items()}
    for suspect in suspects:
        if not any(one.cause.maps for one in explained[suspect.address]):
            borrowed = _borrowed(suspect, explained)
            explained[suspect.address] = borrowed or explained[suspect.address]
    _pool_ratios(by_address, explained)
    groups: list[list[_Explanation]] = []
    for suspect in suspects:
        for one in explained[suspect.address]:
            group = next((group for group in groups if _are_one(group[0], one)), None)
            if group is None:
                groups.append([one])
            else:
                group.append(one)
    groups = _without_lesser_ties(_with_biases(groups))
    found = [_finding(group) for group in sorted(groups, key=lambda group: -len(group))]
    # Where in a tensor is no other cause than that nothing explains the rest.
    kinds = {"GP399" if one.code == "GP411" else one.code for one in found}
    return found + (_where_it_begins(leaves) if len(kinds) == 1 else [])


def is_unexplained(record: Record) -> bool:
    """Whether a gradient is wrong, and of some tensor nothing but that is known."""
    codes = {cause.code for cause in record.causes}
    return record.verdict is Verdict.FAIL and "GP399" in codes


def _where_it_begins(leaves: Sequence[LeafFinding]) -> list[CauseFinding]:
    """Return that all tensors up to one are wrong and all behind it right, if that is so."""
    known = [leaf.checked > 0 or math.isfinite(leaf.discrepancy) for leaf in leaves]
    verdicts = [leaf.verdict for leaf in leaves]
    count = sum(verdict is Verdict.FAIL for verdict in verdicts)
    right = len(verdicts) - count
    in_a_row = verdicts == [Verdict.FAIL] * count + [Verdict.PASS] * right
    if not all(known) or count < 2 or right < 1 or not in_a_row:
        return []
    wrong, last, first = leaves[:count], leaves[count - 1].address, leaves[count].address
    cause = CATALOGUE["GP413"]
    return [cause.finding(*(leaf.address for leaf in wrong), first=last, right=first)]


def _pool_ratios(
    by_address: Mapping[str, Suspect], explained: dict[str, list[_Explanation]]
) -> None:
    """Explain tensors that have too few components each, and one factor together."""
    ratios: dict[str, tuple[float, int]] = {}
    for address, ones in explained.items():
        seen = ones[0].found.parameters if ones else {}
        if len(ones) == 1 and "cosine" in seen and abs(seen["cosine"]) > 1 - _ALIKE**2:
            ratios[address] = float(np.sign(seen["cosine"]) * seen["ratio"]), seen["size"]
    for ratio, _ in list(ratios.values()):
        alike = [key for key, (other, _) in ratios.items() if _is_alike(ratio, other)]
        if len(alike) < 2 or sum(ratios[key][1] for key in alike) < _POOLED:
            continue
        factor = CATALOGUE["GP302"]
        for key in alike:
            parameters = {"factor": ratio, "named": ""}
            found = fit(by_address[key], Map(by_address[key].claim / ratio, parameters=parameters))
            if found is not None:
                explained[key] = [_Explanation(factor, found, key)]
                del ratios[key]


def _explanations(suspect: Suspect, by_address: Mapping[str, Suspect]) -> list[_Explanation]:
    """Return what explains one tensor with the fewest free parameters; else what is seen of it.

    Where only a part of it is wrong, that part is asked as well.
    """
    observed = [
        _Explanation(cause, Fit(seen, np.empty(0), 0, 0.0, ()), suspect.address)
        for cause in CATALOGUE.values()
        if cause.observe is not None and (seen := cause.observe(suspect)) is not None
    ]
    # That it is 0 says more about a claim than what the truth happens to be like.
    certain = [one for one in observed if one.cause.code == "GP409"]
    fitted = [] if certain else _simplest_fits(suspect, by_address)
    if fitted:
        return fitted
    first = (certain or [one for one in observed if one.cause.code != "GP399"] or observed)[:1]
    if [one.cause.code for one in first] == ["GP411"]:
        first += _of_the_parts(suspect)
    return first


def _simplest_fits(suspect: Suspect, by_address: Mapping[str, Suspect]) -> list[_Explanation]:
    """Return the mistakes that explain a tensor with the fewest free parameters."""
    fitted = []
    for cause in CATALOGUE.values():
        found = [
            result
            for one in (cause.maps(suspect) if cause.maps else ())
            if (result := fit(suspect, one)) and _is_mutual(suspect, one, by_address)
        ]
        if found:
            best = min(found, key=lambda one: (one.free, -one.energy))
            fitted.append(_Explanation(cause, best, suspect.address))
    fewest = min((one.found.free for one in fitted), default=0)
    return [one for one in fitted if one.found.free == fewest]


def _of_the_parts(suspect: Suspect) -> list[_Explanation]:
    """Return what explains the slices or blocks that are wrong, each by itself.

    Of very few components almost anything may be said: two that were exchanged may be each other's
    negative.
    """
    explained = []
    for part in suspect.parts:
        inside = suspect.inside(part)
        if inside.claim.size < _TOLD:
            continue
        found: list[_Explanation] = []
        if suspect.signs is not None and inside.signs is None:
            # Wrong real or imaginary parts may be wrong as complex numbers.
            numbers = of_whole_numbers(part)
            found = _simplest_fits(suspect.inside(numbers), {}) if numbers is not None else []
        explained += found or _simplest_fits(inside, {})
    return explained


def _is_mutual(suspect: Suspect, candidate: Map, by_address: Mapping[str, Suspect]) -> bool:
    """Whether the tensors that a map exchanges are all wrong, and each has the other's claim."""
    for address in candidate.also:
        other = by_address.get(address)
        if other is None or not fit(other, Map(suspect.claim.reshape(other.claim.shape))):
            return False
    return True


def _borrowed(suspect: Suspect, explained: Mapping[str, list[_Explanation]]) -> list[_Explanation]:
    """Return what explains others and, with the same parameters, this tensor as well."""
    for one in (one for others in explained.values() for one in others):
        theta, parameters = one.found.theta, one.found.parameters
        candidates = [
            (one.cause, sum(map(np.multiply, theta, candidate.bases), candidate.fixed), parameters)
            for candidate in (one.cause.maps(suspect) if one.cause.maps else ())
            if candidate.bases and len(candidate.bases) == theta.size
        ]
        if "factor" in parameters:  # of a tensor without a penalty
            alone = {"factor": parameters["factor"], "named": ""}
            factor = CATALOGUE["GP302"]
            candidates.append((factor, suspect.claim / parameters["factor"], alone))
        for cause, predicted, parameters in candidates:
            found = fit(suspect, Map(predicted, parameters=parameters))
            if found is not None:
                return [_Explanation(cause, found, suspect.address)]
    return []


def _are_one(first: _Explanation, second: _Explanation) -> bool:
    """Whether two tensors have the same cause, with the same parameters, or each other's."""
    if first.cause is not second.cause:
        return False
    if first.found.also:
        return second.address in first.found.also
    mine, theirs = first.found.parameters, second.found.parameters
    if first.cause.code == "GP399":
        return True
    keys = mine.keys() - {"named"}
    return keys == theirs.keys() - {"named"} and all(_is_alike(mine[k], theirs[k]) for k in keys)


def _is_alike(mine: Any, theirs: Any) -> bool:
    if isinstance(mine, float) and isinstance(theirs, float):
        return math.isclose(mine, theirs, rel_tol=_ALIKE)
    return bool(mine == theirs)


def _with_biases(groups: list[list[_Explanation]]) -> list[list[_Explanation]]:
    """Count tensors with the factor alone to a factor of the data term beside a penalty."""
    result = list(groups)
    for other in groups:
        if other[0].cause.code != "GP302":
            continue
        factor = other[0].found.parameters["factor"]
        for group in groups:
            beside = group[0].cause.code == "GP303"
            if beside and _is_alike(group[0].found.parameters["factor"], factor):
                group += other
                result = [one for one in result if one is not other]
                break
    return result


def _without_lesser_ties(groups: list[list[_Explanation]]) -> list[list[_Explanation]]:
    """Leave out what explains a tensor that another cause explains together with more of them."""
    size = {id(group): len({one.address for one in group}) for group in groups}
    best: dict[str, int] = {}
    for group in groups:
        for one in group:
            best[one.address] = max(best.get(one.address, 0), size[id(group)])
    kept = [[one for one in group if size[id(group)] == best[one.address]] for group in groups]
    ties: dict[str, int] = {}
    result = []
    for group in kept:
        group = [one for one in group if ties.get(one.address, 0) < _MOST_TIES]
        for one in group:
            ties[one.address] = ties.get(one.address, 0) + 1
        if group:
            result.append(group)
    return result


def _finding(group: list[_Explanation]) -> CauseFinding:
    first = group[0]
    parameters: Parameters = first.found.parameters
    addresses = list(dict.fromkeys(one.address for one in group))
    if first.cause.code == "GP399":
        cosines, ratios, sizes = (
            [one.found.parameters[name] for one in group] for name in ("cosine", "ratio", "size")
        )
        parameters = {
            "cosine": min(cosines),
            "cosine_to": max(cosines),
            "ratio": min(ratios),
            "ratio_to": max(ratios),
            "size": sum(sizes),
            "close": all(one.found.parameters["close"] for one in group),
        }
    return first.cause.finding(*addresses, **parameters)
