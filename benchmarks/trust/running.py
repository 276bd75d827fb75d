"""Running the bench: the right and wrong gradients of a family before all competitors."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import math
import multiprocessing
import time
import traceback
import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from benchmarks.trust import subject
from benchmarks.trust.case import Case, Family, Split, families
from benchmarks.trust.judged import RIGHT, Judged, LeftOut, Results
from benchmarks.trust.mutations import (
    below_rounding,
    between_slopes,
    error_beside_others,
    leaf_error,
    mutations,
    outside_of_slopes,
    stated_error,
)
from benchmarks.trust.rivals import RIVALS, Rival, box, load_study
from benchmarks.trust.rivals import judge as ask
from benchmarks.trust.trees import Structure
from benchmarks.trust.truth import agrees, flat
from benchmarks.trust.unfinished import is_unfinished

STUDY = "study"
UNFINISHED = "solver noise, unfinished"
EVERY_CASE = "all"

P = TypeVar("P")
R = TypeVar("R")


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is run for every family.

    At most `wrong_per_case` mutations of a case are drawn, fewer for large ones, and all its
    mistakes. Rivals get cases of at most `rival_components`. `sample` is how many right and wrong
    gradients are drawn from the family; None for all.
    """

    split: Split
    seeds: tuple[int, ...] = (0,)
    wrong_per_case: int = 12
    rivals: tuple[str, ...] = ()
    rival_components: int = 200
    study: Path | None = None
    sample: tuple[int, int] | None = None


@dataclasses.dataclass(frozen=True)
class Wrong:
    """A wrong gradient: values, or code (a mistake)."""

    mutation: str
    claim: Any
    values: Any


def generator(*keys: int | str) -> np.random.Generator:
    """Return the random numbers that belong to some keys: the same on every machine."""
    return np.random.default_rng(
        [zlib.crc32(key.encode()) if isinstance(key, str) else key for key in keys]
    )


def draw(family: Family, seed: int) -> list[Case]:
    """Return the cases of a family."""
    with quiet():
        cases = list(family.cases(generator(seed, family.name)))
    names = [case.name for case in cases]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"several cases are called {', '.join(sorted(twice))}")
    return cases


def quiet() -> warnings.catch_warnings[None]:
    """Suppress warnings: the functions under test are not ours to mend."""
    return warnings.catch_warnings(action="ignore")


def dtype_of(family: Family, case: Case) -> str:
    """Return the precision that a case is computed in."""
    single = family.kind == "float32" or Structure(case.at).dtype == np.float32
    return "float32" if single else "float64"


def kind_of(family: Family, case: Case, right: Any) -> str:
    """Return the kind of a case with its right gradient.

    A random function that can be seeded again is a kind of its own, and so is an iteration that is
    stopped so early that the right gradient is not the slope of f.
    """
    if family.kind == "solver noise" and is_unfinished(case, right):
        return UNFINISHED
    return f"{family.kind}, reseeded" if "reseed" in case.options else family.kind


def seeded(case: Case, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return f or a gradient of a case, made to draw the same random numbers where it can be."""
    reseed = case.options.get("reseed")
    if reseed is None:
        return function

    def same(at: Any) -> Any:
        reseed()
        return function(at)

    return same


def unverified(family: Family, case: Case) -> str | None:
    """Return why the right gradient of a case cannot be taken for right, or None."""
    with quiet(), np.errstate(all="ignore"):
        claim = seeded(case, case.gradient)(case.at)
        structure = Structure(case.at)
        if not np.all(np.isfinite(structure.vector(claim))):
            return "the right gradient is not finite"
        if family.kind == "kink":
            outside = outside_of_slopes(seeded(case, case.f), claim, case.at)
            if outside is not None:
                return f"component {outside} is not between the slopes of its two sides"
        truth = None if case.truth is None else case.truth()
        if truth is None:
            return None
        truth = flat(truth)
    roundoff = 2.0**-24 if dtype_of(family, case) == "float32" else 2.0**-53
    if agrees(claim, truth, roundoff=roundoff):
        return None
    if truth.size != structure.size:
        return f"{truth.size} derivatives for {structure.size} components"
    difference = np.abs(flat(claim) - truth)
    return f"differs from the truth by {np.max(difference):.1e} of {np.max(np.abs(truth)):.1e}"


def right_gradient(case: Case) -> Any:
    """Return the values of the right gradient."""
    with quiet(), np.errstate(all="ignore"):
        return seeded(case, case.gradient)(case.at)


def wrong_gradients(family: Family, case: Case, right: Any, seed: int, limit: int) -> list[Wrong]:
    """Return wrong gradients of a case: some mutations of the right one, and all mistakes."""
    rng = generator(seed, family.name, case.name)
    with quiet(), np.errstate(all="ignore"):
        gradient = seeded(case, case.gradient)
        found = [
            Wrong(name, claim, claim)
            for name, claim in mutations(right, case.at, rng, gradient=gradient)
        ]
        size = Structure(case.at).size
        limit = max(2, limit // 4) if size > 1000 else max(3, limit // 2) if size > 200 else limit
        if len(found) > limit:
            found = [found[i] for i in sorted(rng.choice(len(found), limit, replace=False))]
        for name, mistake in case.mistakes.items():
            found.append(Wrong(f"mistake: {name}", mistake, seeded(case, mistake)(case.at)))
    return found


def run_family(name: str, plan: Plan) -> Results:
    """Put the gradients of one family before all competitors."""
    family = {family.name: family for family in families(plan.split)}[name]
    results = Results()
    for seed in plan.seeds:
        try:
            results.add(_run_seed(family, plan, seed))
        except Exception:
            results.left_out.append(LeftOut(name, EVERY_CASE, seed, _traceback()))
    return results


@contextlib.contextmanager
def workers(jobs: int) -> Iterator[ProcessPoolExecutor | None]:
    """Start some processes; None for one job, which runs in this one."""
    if jobs <= 1:
        yield None
        return
    context = multiprocessing.get_context("spawn")  # a fork of a process with threads may hang
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        yield pool


def spread(
    run: Callable[[str, P], R], plans: Mapping[str, P], pool: ProcessPoolExecutor | None
) -> Iterator[tuple[str, R, float]]:
    """Call ``run(family, plan)`` for each, and yield results with their seconds as they come."""
    if pool is None:
        for name, plan in plans.items():
            yield _timed(run, name, plan)
        return
    futures = [pool.submit(_timed, run, name, plan) for name, plan in plans.items()]
    for future in as_completed(futures):
        yield future.result()


def _timed(run: Callable[[str, P], R], name: str, plan: P) -> tuple[str, R, float]:
    started = time.perf_counter()
    return name, run(name, plan), time.perf_counter() - started


def _run_seed(family: Family, plan: Plan, seed: int) -> Results:
    results = Results()
    rivals = {name: RIVALS[name] for name in plan.rivals if name != STUDY}
    if STUDY in plan.rivals and plan.study is not None:
        rivals[STUDY] = load_study(plan.study)
    cases = draw(family, seed)
    for case, portion in zip(cases, _portions(family, len(cases), plan, seed), strict=True):
        if portion == (0, 0):
            continue
        try:
            why = unverified(family, case)
            if why is None:
                right = right_gradient(case)
                with quiet(), np.errstate(all="ignore"):
                    kind = kind_of(family, case, right)
                memory: dict[str, Any] = {}
                for wrong in _chosen(family, case, right, portion, plan, seed):
                    if wrong is not None and _debatable(family, case, right, wrong):
                        results.debatable += 1
                    else:
                        judge = functools.partial(_judge, family, case, kind, right, wrong)
                        results.judged += judge(rivals, memory, plan, seed)
        except Exception:
            why = _traceback()
        if why is not None:
            results.left_out.append(LeftOut(family.name, case.name, seed, why))
    return results


def _portions(family: Family, count: int, plan: Plan, seed: int) -> list[tuple[int, int] | None]:
    """Return how many right and wrong gradients of each case are wanted; None for all."""
    if plan.sample is None:
        return [None] * count
    rng = generator(seed, family.name, "sample")
    right = np.zeros(count, dtype=int)
    right[rng.permutation(count)[: plan.sample[0]]] = 1
    wrong = np.bincount(rng.choice(count, plan.sample[1] if count else 0), minlength=count)
    return list(zip(right.tolist(), wrong.tolist(), strict=True))


def _chosen(
    family: Family,
    case: Case,
    right: Any,
    portion: tuple[int, int] | None,
    plan: Plan,
    seed: int,
) -> list[Wrong | None]:
    """Return the gradients of a case that are judged; None stands for the right one."""
    found: list[Wrong | None] = []
    found += wrong_gradients(family, case, right, seed, plan.wrong_per_case)
    if portion is None:
        return [None, *found]
    count, wrong = portion
    order = generator(seed, family.name, case.name, "sample").permutation(len(found))
    return [None] * count + [found[i] for i in order[:wrong]]


def _debatable(family: Family, case: Case, right: Any, wrong: Wrong) -> bool:
    with quiet(), np.errstate(all="ignore"):
        if family.kind == "kink":
            return between_slopes(case.f, wrong.values, right, case.at)
        roundoff = 2.0**-24 if dtype_of(family, case) == "float32" else 2.0**-53
        return below_rounding(seeded(case, case.f), wrong.values, right, case.at, roundoff)


def _traceback() -> str:
    lines = traceback.format_exc().strip().splitlines()
    return "\n    ".join([lines[-1], *lines])


def _stated(answer: subject.Answer, claim: Any, right: Any, at: Any) -> float:
    """Return the error in the sense of the report's resolution, that of each leaf in its own."""
    unseen = {leaf.path for leaf in answer.leaves if leaf.unseen == leaf.checked}
    beside = [leaf for leaf in answer.leaves if leaf.relative_to_others]
    stated = stated_error(claim, right, unseen | {leaf.path for leaf in beside})
    for leaf in beside:
        times = error_beside_others(claim, right, at, leaf.path) / leaf.resolution
        stated = max(stated, times * answer.resolution)
    return stated


def _judge(
    family: Family,
    case: Case,
    kind: str,
    right: Any,
    wrong: Wrong | None,
    rivals: dict[str, Rival],
    memory: dict[str, Any],
    plan: Plan,
    seed: int,
) -> Iterator[Judged]:
    with quiet(), np.errstate(all="ignore"):
        structure = Structure(case.at)
        claim = right if wrong is None else wrong.values
        error, affected = leaf_error(claim, right)
        touched = np.zeros(structure.size, dtype=bool)
        touched[affected] = wrong is not None
        common = Judged(
            competitor=subject.NAME,
            family=family.name,
            kind=kind,
            case=case.name,
            mutation=RIGHT if wrong is None else wrong.mutation,
            seed=seed,
            dtype=dtype_of(family, case),
            components=structure.size,
            error=0.0 if wrong is None else error,
            affected=0 if wrong is None else len(affected),
            verdict="",
            evaluations=0,
        )
    answer = subject.judge(case, case.gradient if wrong is None else wrong.claim, seed)
    clean = {
        path
        for path, where in zip(structure.paths, structure.slices, strict=True)
        if not np.any(touched[where])
    }
    if wrong is not None and kind == "random":
        clean.clear()  # values of another draw: no leaf of them is right
    kept = [leaf for leaf in answer.leaves if leaf.path in clean]
    stated = 0.0 if wrong is None else _stated(answer, claim, right, case.at)
    yield dataclasses.replace(
        common,
        verdict=answer.verdict,
        evaluations=answer.evaluations,
        stated_error=stated,
        resolution=answer.resolution if math.isfinite(answer.resolution) else None,
        unseen=sum(leaf.unseen for leaf in answer.leaves),
        right_components=sum(leaf.checked for leaf in kept),
        right_components_called_wrong=sum(leaf.wrong for leaf in kept),
        right_components_undecided=sum(leaf.undecided for leaf in kept),
        right_leaves=len(kept),
        right_leaves_called_wrong=sum(leaf.verdict == "fail" for leaf in kept),
        headline=answer.headline,
    )
    if structure.size > plan.rival_components:
        return
    for name, rival in rivals.items():
        black_box = box(seeded(case, case.f), claim, case.at, memory)
        verdict = ask(rival, black_box)
        yield dataclasses.replace(
            common, competitor=name, verdict=verdict, evaluations=black_box.evaluations
        )


def shares(names: list[str], sample: int | None, seed: int) -> dict[str, tuple[int, int] | None]:
    """Return how many right and wrong gradients each family contributes to a sample.

    Drawing a family takes longer than a check: so some families contribute four or five of both,
    and the others nothing. Large families do not outweigh small ones.
    """
    if sample is None:
        return dict.fromkeys(names)
    rng = generator(seed, "shares")
    chosen = [names[i] for i in rng.permutation(len(names))[: max(1, sample // 4)]]
    counts = [len(part) for part in np.array_split(np.arange(sample), len(chosen))]
    return {name: (count, count) for name, count in zip(chosen, counts, strict=True) if count}


def find(plan: Plan, address: str, seed: int) -> tuple[Case, Any]:
    """Return the case and the claim of an address ``FAMILY::CASE::MUTATION``."""
    parts = address.split("::")
    if len(parts) != 3:
        raise ValueError(f"{address}: expected FAMILY::CASE::MUTATION")
    known = {family.name: family for family in families(plan.split)}
    family = _pick(known, parts[0], "family")
    case = _pick({case.name: case for case in draw(family, seed)}, parts[1], "case")
    if parts[2] == RIGHT:
        return case, case.gradient
    everything = wrong_gradients(family, case, right_gradient(case), seed, 10**9)
    return case, _pick({wrong.mutation: wrong.claim for wrong in everything}, parts[2], "mutation")


def _pick(known: dict[str, Any], name: str, what: str) -> Any:
    if name not in known:
        raise ValueError(f"there is no {what} {name!r}; there are: {'; '.join(known)}")
    return known[name]
