"""What is known beside a report, once the check is over."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from gradproof._base.outcomes import Verdict
from gradproof.api.report import Report


def with_asides(report: Report, addresses: Sequence[str], notes: Sequence[str]) -> Report:
    """Return a report with notes, and with the leaves that differentiation did not reach."""
    if notes:
        report = dataclasses.replace(report, notes=(*report.notes, *notes))
    if addresses and report.passed and len(addresses) == len(report.leaves):
        report = dataclasses.replace(
            report,
            verdict=Verdict.INCONCLUSIVE,
            headline="f does not depend on its argument, nor is it reached by differentiation",
        )
    if addresses:
        from gradproof.judge.causes import CATALOGUE  # much text, for those who need it

        cause = CATALOGUE["GP504"].finding(*addresses)
        report = dataclasses.replace(report, causes=(*report.causes, cause))
    return report
