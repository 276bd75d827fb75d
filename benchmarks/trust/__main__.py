"""Run the bench: ``python -m benchmarks.trust --split tuning`` from the repository's root.

Right gradients are verified first; what does not verify is listed and left out. A wrong verdict is
listed with its address, which ``--show`` takes, together with the seed.
"""

from __future__ import annotations

import argparse
import fnmatch
import os
import sys
from dataclasses import replace
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("JAX_ENABLE_X64", "1")

from benchmarks.trust import judged, score, subject, tables  # noqa: E402
from benchmarks.trust.case import Family, families  # noqa: E402
from benchmarks.trust.rivals import RIVALS  # noqa: E402
from benchmarks.trust.running import (  # noqa: E402
    EVERY_CASE,
    STUDY,
    Plan,
    find,
    run_family,
    shares,
    spread,
    workers,
)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.trust",
        description="How far the verdicts can be trusted, on functions with known gradients.",
    )
    parser.add_argument("--split", choices=("tuning", "validation"), default="tuning")
    parser.add_argument("--family", metavar="GLOB", default="*", help="families of these names")
    parser.add_argument("--kind", help="families of this kind")
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds")
    parser.add_argument(
        "--subset", type=int, metavar="N", help="a random sample of N right and N wrong gradients"
    )
    parser.add_argument(
        "--rivals", default="none", help=f"all, none, or some of {', '.join(RIVALS)}, {STUDY}"
    )
    parser.add_argument(
        "--study", type=Path, metavar="PATH", help="a file with another checker, a rival as well"
    )
    parser.add_argument("--jobs", type=int, default=2, help="processes; a family runs in one")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write the raw results")
    parser.add_argument(
        "--read", type=Path, nargs="+", metavar="PATH", help="read raw results, and run nothing"
    )
    parser.add_argument("--write", type=Path, metavar="PATH", help="write the tables, in Markdown")
    parser.add_argument(
        "--compare", type=Path, metavar="PATH", help="write the tables of all competitors"
    )
    parser.add_argument(
        "--targets", action="store_true", help="exit code 1 where a target is missed"
    )
    parser.add_argument(
        "--show", metavar="FAMILY::CASE::MUTATION", help="print the report on one gradient"
    )
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run what the command line asks for, and return the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    rivals = _rivals(parser, options.rivals, options.study)
    plan = Plan(
        split=options.split,
        seeds=tuple(range(options.seed, options.seed + options.seeds)),
        rivals=rivals,
        study=options.study and options.study.resolve(),
    )
    if options.show:
        try:
            case, claim = find(plan, options.show, options.seed)
        except ValueError as error:
            parser.error(str(error))
        print(subject.report(case, claim, options.seed))
        return 0
    if options.read:
        results = judged.read(options.read)
    else:
        chosen = [
            family
            for family in families(options.split)
            if fnmatch.fnmatchcase(family.name, options.family)
            and options.kind in (None, family.kind)
        ]
        if not chosen:
            parser.error("no family is meant")
        results = _run(chosen, plan, options)
    if options.json:
        judged.write(results, options.json)
    text = tables.document(results, options.split)
    if options.write:
        options.write.write_text(text, encoding="utf-8")
    if options.compare:
        options.compare.write_text(tables.comparison(results.judged), encoding="utf-8")
    print("\n" + text)
    for one in results.left_out:
        print(f"left out: {one.family}::{one.case}, seed {one.seed}: {one.why}")
    missed = [one for one in score.outcomes(results.judged) if not one.met]
    for outcome in missed:
        print(f"missed: {outcome.name}: {tables.number(outcome.value)}, limit {outcome.limit:g}")
    broken = not results.judged or any(one.case == EVERY_CASE for one in results.left_out)
    return 1 if options.targets and (missed or broken) else 0


def _rivals(parser: argparse.ArgumentParser, wanted: str, study: Path | None) -> tuple[str, ...]:
    known = (*RIVALS, *((STUDY,) if study else ()))
    if wanted in ("all", "none"):
        return known if wanted == "all" else ()
    names = tuple(name.strip() for name in wanted.split(","))
    unknown = [name for name in names if name not in known]
    if unknown:
        hint = "" if study else f"; {STUDY} needs --study"
        parser.error(f"--rivals: no {', '.join(unknown)}; there are {', '.join(known)}{hint}")
    return names


def _run(chosen: list[Family], plan: Plan, options: argparse.Namespace) -> judged.Results:
    """Run the families, in several processes, and print a line for each.

    The raw results are written after each of them: a run that is cut off leaves what it has.
    """
    portions = shares([family.name for family in chosen], options.subset, plan.seeds[0])
    plans = {name: replace(plan, sample=part) for name, part in portions.items()}
    kinds = {family.name: family.kind for family in chosen}
    results = judged.Results()
    with workers(min(options.jobs, len(plans))) as pool:
        for done, (name, found, seconds) in enumerate(spread(run_family, plans, pool), 1):
            results.add(found)
            if options.json:
                judged.write(results, options.json)
            n = score.tally(score.of(found.judged))
            left = f", {len(found.left_out)} left out" if found.left_out else ""
            print(
                f"[{done}/{len(plans)}] {name} ({kinds[name]}): {n.right} right, "
                f"{n.false_alarms} called wrong, {n.right_inconclusive} inconclusive; "
                f"{n.wrong} wrong, {n.misses} missed, {n.wrong_inconclusive} inconclusive{left}; "
                f"{seconds:.1f} s",
                flush=True,
            )
    results.judged.sort(key=lambda one: (one.family, one.seed))
    results.left_out.sort(key=lambda one: (one.family, one.seed))
    return results


if __name__ == "__main__":
    sys.exit(main())
