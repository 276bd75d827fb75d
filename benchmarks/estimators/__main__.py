"""Check every claim of every model, and write docs/tables/estimators.md.

``python -m benchmarks.estimators`` from the repository's root, with the extra ``bench`` installed;
``--quick`` looks at a part of them and writes nothing, ``--only WORD`` at those with a word in
their name. Exit code 1 where a verdict is not the one that is expected (`expected.py`).
"""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path

import numpy as np
import statsmodels.api  # noqa: F401  # its filters of warnings come before ours
from benchmarks.estimators import of_sklearn, of_statsmodels
from benchmarks.estimators.claim import Claim
from benchmarks.estimators.expected import why

import gradproof as gp

TABLE = Path(__file__).parents[2] / "docs" / "tables" / "estimators.md"
_QUICK = 12  # every one so many


def judge(claim: Claim) -> gp.Report:
    """Check one claim, without the warnings of the libraries."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return gp.check(claim.problem())


def main(arguments: list[str] | None = None) -> int:
    """Check, print, and write the table; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.estimators", description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="")
    options = parser.parse_args(arguments)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        claims = [*of_statsmodels.claims(), *of_sklearn.claims()]
    claims = [claim for claim in claims if options.only.lower() in claim.model.lower()]
    if options.quick:
        claims = claims[::_QUICK]
    rows, unexpected = [], 0
    for claim in claims:
        report = judge(claim)
        known = why(claim.model, claim.what)
        surprising = (report.verdict is not gp.Verdict.PASS) != bool(known)
        unexpected += surprising
        codes = ", ".join(cause.code for cause in report.causes)
        mark = "  UNEXPECTED" if surprising else ""
        print(
            f"{claim.library:12}  {claim.model:40}  {claim.what:18}  {report.verdict.value:12}  "
            f"{codes}{mark}",
            flush=True,
        )
        rows.append((claim, str(report.verdict.value), known, report.evaluations))
    print(f"{len(rows)} claims, {unexpected} unexpected")
    if not options.quick and not options.only:
        TABLE.write_text(_table(rows), encoding="utf-8")
    return 1 if unexpected else 0


def _table(rows: list[tuple[Claim, str, str, int]]) -> str:
    """Return a row for each model, and one for each of its claims that does not pass."""
    passed: dict[tuple[str, str], list[tuple[str, int]]] = {}
    lines = [
        "| library | model | what it claims | verdict | evaluations |",
        "|---|---|---|---|---|",
    ]
    for claim, verdict, known, evaluations in rows:
        of_model = passed.setdefault((claim.library, claim.model), [])
        if verdict == "pass":
            of_model.append((claim.what, evaluations))
        else:
            said = f"**{verdict}**" + f": {known}" * bool(known)
            lines.append(
                f"| {claim.library} | {claim.model} | {claim.what} | {said} | {evaluations:,} |"
            )
    for (library, model), claims in passed.items():
        if claims:
            what, count = ", ".join(one for one, _ in claims), sum(count for _, count in claims)
            lines.append(f"| {library} | {model} | {what} | pass | {count:,} |")
    right = sum(verdict == "pass" for _, verdict, _, _ in rows)
    total = f"{len(rows)} claims of {len(passed)} models, {right} of them pass."
    return "\n".join([total, "", *lines]) + "\n"


if __name__ == "__main__":
    sys.exit(main())
