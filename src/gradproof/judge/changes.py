"""What changed between two runs of the same problems, in sentences."""

import math
from collections.abc import Iterator
from typing import NamedTuple

from gradproof._base.outcomes import Verdict
from gradproof._base.phrases import listed
from gradproof.judge.parts import CauseFinding, LeafFinding
from gradproof.judge.report import Record
from gradproof.judge.run import Run

_RANKS = {Verdict.PASS: 0, Verdict.INCONCLUSIVE: 1, Verdict.FAIL: 2}
_FINER = 2.0  # times: resolutions closer than that are alike
_PRICE = 0.1  # of the evaluations


class Change(NamedTuple):
    """A sentence, and whether it tells of something worse."""

    words: str
    worse: bool = False


def changes(before: Run, after: Run) -> dict[str, list[Change]]:
    """Return what changed, problem by problem; those of which nothing did are left out.

    Worse is: a verdict of a problem or a tensor that is farther from a pass, more components that
    are wrong, a problem that can no longer be run, a new one that does not pass. All else is told,
    and no worse: other causes, another resolution or price, problems that are gone.
    """
    names = dict.fromkeys([*before.reports, *before.errors, *after.reports, *after.errors])
    found = {name: list(_of_problem(name, before, after)) for name in names}
    return {name: listed for name, listed in found.items() if listed}


def _of_problem(name: str, before: Run, after: Run) -> Iterator[Change]:
    old, new = before.reports.get(name), after.reports.get(name)
    if name in after.errors:
        if name not in before.errors:
            yield Change(f"can no longer be run: {after.errors[name]}", worse=True)
        elif after.errors[name] != before.errors[name]:
            yield Change(f"still cannot be run, for another reason: {after.errors[name]}")
    elif new is None:
        yield Change("is gone")
    elif name in before.errors:
        yield Change(f"can be run again: {_verdict(new)}", worse=not new.passed)
    elif old is None:
        yield Change(f"is new: {_verdict(new)}", worse=not new.passed)
    else:
        yield from _of_records(old, new)


def _verdict(record: Record) -> str:
    return f"{record.verdict.value.upper()}, {record.headline}"


def _of_records(old: Record, new: Record) -> Iterator[Change]:
    if new.verdict is not old.verdict:
        yield Change(
            f"verdict: {old.verdict.value.upper()} → {_verdict(new)}",
            _RANKS[new.verdict] > _RANKS[old.verdict],
        )
    elif new.headline != old.headline:
        yield Change(f"headline: {old.headline} → {new.headline}")
    yield from _of_tensors(old, new)
    yield from _of_components(old, new)
    yield from _of_causes(old, new)
    if not _alike(old.resolution, new.resolution):
        finer = new.resolution < old.resolution
        yield Change(
            f"resolution: {_size(old.resolution)} → {_size(new.resolution)}; "
            + ("smaller errors are seen" if finer else "errors have to be larger to be seen")
        )
    if abs(new.evaluations - old.evaluations) > _PRICE * old.evaluations:
        yield Change(f"price: {old.evaluations:,} → {new.evaluations:,} evaluations")


def _of_tensors(old: Record, new: Record) -> Iterator[Change]:
    was = {leaf.address: leaf for leaf in old.leaves}
    now = {leaf.address: leaf for leaf in new.leaves}
    for address, leaf in now.items():
        if address in was:
            yield from _of_tensor(was[address], leaf)
    for found, known, said in ((now, was, "new"), (was, now, "gone")):
        names = [address for address in found if address not in known]
        if names:
            yield Change(f"tensors that are {said}: {listed(names, len(names))}")


def _of_tensor(old: LeafFinding, new: LeafFinding) -> Iterator[Change]:
    if new.verdict is not old.verdict:
        yield Change(
            f"{new.address}: {old.verdict.value} → {new.verdict.value}",
            _RANKS[new.verdict] > _RANKS[old.verdict],
        )
    elif new.wrong != old.wrong:
        yield Change(
            f"{new.address}: {old.wrong:,} → {new.wrong:,} wrong components", new.wrong > old.wrong
        )
    if new.shape != old.shape:
        yield Change(f"{new.address}: shape {old.shape} → {new.shape}")


def _of_components(old: Record, new: Record) -> Iterator[Change]:
    """Compare single components, where the tensor as a whole is as wrong as before."""
    still = {leaf.address for leaf in old.leaves if leaf.verdict is Verdict.FAIL}
    still &= {leaf.address for leaf in new.leaves if leaf.verdict is Verdict.FAIL}
    paths = {leaf.path for leaf in new.leaves if leaf.address in still}
    was = {one.address: one for one in old.culprits if one.path in paths}
    now = {one.address: one for one in new.culprits if one.path in paths}
    for found, known, said in ((now, was, "now"), (was, now, "no longer")):
        names = [address for address in found if address not in known]
        if names:
            yield Change(
                f"components that are {said} among the wrong ones: {listed(names, len(names))}"
            )


def _of_causes(old: Record, new: Record) -> Iterator[Change]:
    was = {(cause.code, cause.addresses): cause for cause in old.causes}
    now = {(cause.code, cause.addresses): cause for cause in new.causes}
    for key, cause in now.items():
        if key not in was:
            yield Change(f"cause: {_named(cause)}: {cause.message}")
        elif cause.message != was[key].message:
            yield Change(f"cause: {_named(cause)}: {was[key].message} → {cause.message}")
    for key, cause in was.items():
        if key not in now:
            yield Change(f"no longer a cause: {_named(cause)}")


def _named(cause: CauseFinding) -> str:
    where = f" {listed(cause.addresses, len(cause.addresses))}" if cause.addresses else ""
    return f"{cause.code} {cause.name}{where}"


def _alike(old: float, new: float) -> bool:
    if not (math.isfinite(old) and math.isfinite(new)):
        return math.isfinite(old) == math.isfinite(new)
    return max(old, new) <= _FINER * min(old, new)


def _size(resolution: float) -> str:
    return f"{resolution:.0e}" if math.isfinite(resolution) else "nothing"
