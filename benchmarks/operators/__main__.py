"""gradproof on all operators of PyTorch or JAX: ``python -m benchmarks.operators``.

Every operator with a derivative, in float64, on samples of PyTorch's own tests or random ones,
in reverse and forward mode, beside torch's slow gradcheck or JAX's check_grads, and with the
backward pass broken in two ways. The exit code is 1 where a right gradient fails or a check raises,
where too many are undecided, or where too much of what is broken is not seen.
"""

from __future__ import annotations

import argparse
import collections
import concurrent.futures
import fnmatch
import json
import multiprocessing
import sys
from pathlib import Path
from typing import Any

from benchmarks.operators.judging import judge_operator, names_of

_LIMIT = 0.03  # of all cases: inconclusive
_CAUGHT = 0.999
_WRONG = {  # for good reasons: what is claimed is not the derivative, see "Found in the wild"
    "as_strided_scatter",
    "cholesky_inverse",
    "lax.clamp",
    "nn_functional_max_unpool1d",
    "nn_functional_max_unpool2d",
    "nn_functional_max_unpool3d",
    "normal",
    "normal_number_mean",
    "special.expn",
}


def main() -> int:
    """Run what the command line asks for, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.operators", description=__doc__)
    parser.add_argument("--framework", choices=("torch", "jax"), default="torch")
    parser.add_argument("--operator", metavar="GLOB", default="*")
    parser.add_argument("--samples", type=int, default=2, help="of each operator")
    parser.add_argument("--every", type=int, default=1, help="every so many operators only")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", type=Path, metavar="PATH", help="write the raw results")
    parser.add_argument("--write", type=Path, metavar="PATH", help="write the table, in Markdown")
    options = parser.parse_args()
    names = [one for one in names_of(options.framework) if fnmatch.fnmatch(one, options.operator)][
        :: options.every
    ]
    judged: list[dict[str, Any]] = []
    spawned = multiprocessing.get_context("spawn")  # JAX runs threads, which a fork would lose
    with concurrent.futures.ProcessPoolExecutor(options.jobs, spawned) as pool:
        running = {
            pool.submit(judge_operator, options.framework, one, options.samples): one
            for one in names
        }
        for count, done in enumerate(concurrent.futures.as_completed(running), 1):
            found = done.result()
            judged += found
            if count % 50 == 0:
                print(f"[{count}/{len(names)}]", flush=True)
            for one in found:
                if one["verdict"] != "pass" or "pass" in one["broken"] or one["own"] != "pass":
                    print(f"[{count}/{len(names)}]", _line(one), flush=True)
    judged.sort(key=lambda one: (str(one["operator"]), one["sample"], str(one["mode"])))
    if options.json:
        options.json.write_text(json.dumps(judged, indent=1))
    table, failed = _summary(judged)
    print(table)
    if options.write:
        options.write.write_text(table)
    return int(failed)


def _line(one: dict[str, Any]) -> str:
    return (
        f"{one['operator']} #{one['sample']} {one['mode']} n={one['size']}: {one['verdict']} "
        f"(its own: {one['own']}; broken: {', '.join(one['broken']) or '–'}) {one['reason']}"
    )


def _summary(judged: list[dict[str, Any]]) -> tuple[str, bool]:
    lines = [
        "| mode | cases | " + " | ".join(_VERDICTS) + " | its own checker: pass | fail | raised |"
    ]
    lines.append("| --- " * (len(_VERDICTS) + 5) + "|")
    failed = False
    for mode in ("reverse", "forward"):
        ones = [one for one in judged if one["mode"] == mode]
        verdicts = collections.Counter(str(one["verdict"]) for one in ones)
        own = collections.Counter(str(one["own"]).split()[0] for one in ones)
        numbers = [verdicts[v] for v in _VERDICTS] + [own[v] for v in ("pass", "fail", "raised")]
        lines.append(f"| {mode} | {len(ones):,} | " + " | ".join(f"{n:,}" for n in numbers) + " |")
        failed |= verdicts["inconclusive"] > _LIMIT * len(ones) or verdicts["raised"] > 0
        wrong = {str(one["operator"]) for one in ones if one["verdict"] == "fail"}
        failed |= bool(wrong - _WRONG)
    broken = [v for one in judged for v in one["broken"] if v != "–"]
    caught = sum(v == "fail" for v in broken)
    lines += [
        "",
        f"Backward passes broken on purpose: {caught:,} of {len(broken):,} fail, "
        f"{broken.count('inconclusive'):,} inconclusive, {broken.count('pass'):,} pass.",
    ]
    small = [one for one in judged if one["verdict"] == "pass" and one["size"] <= 50]
    beyond = sum(one["evaluations"] > 2 * one["size"] + 40 for one in small)
    lines += ["", f"Right, n ≤ 50: {beyond} of {len(small):,} cost more than 2 n + 40 evaluations."]
    large = [
        o for o in judged if o["verdict"] == "pass" and o["size"] >= 200 and o["own_evaluations"]
    ]
    more = sum(one["evaluations"] > one["own_evaluations"] for one in large)
    lines += ["", f"Right, n ≥ 200: {more} of {len(large):,} cost more than its own checker."]
    beyond = [one for one in large if one["size"] > 1_000]
    if beyond:
        least = min(one["own_evaluations"] / one["evaluations"] for one in beyond)
        lines += ["", f"Right, n > 1,000: its own checker costs {least:.0f} times as much or more."]
    return "\n".join(lines) + "\n", failed or caught < _CAUGHT * len(broken)


_VERDICTS = ("pass", "inconclusive", "fail", "raised")

if __name__ == "__main__":
    sys.exit(main())
