"""The reports on a problem for an optimiser: one for each claim and point."""

from __future__ import annotations

import dataclasses
import inspect
import warnings
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from gradproof._base.errors import InputError
from gradproof._base.outcomes import Verdict, overall
from gradproof._base.validation import described, whole_number
from gradproof.api.assertion import GradientError, Inconclusive
from gradproof.api.check import check
from gradproof.api.optimisers import Claim, Stated, points_around
from gradproof.api.report import Report
from gradproof.numerics.protocol import FloatArray
from gradproof.problems import Problem
from gradproof.problems.space import UNDEFINED

# Arguments that do not concern the problem: of whoever puts our name before SciPy's call.
_OF_OPTIMISERS = {
    "minimize": ("method", "tol", "callback", "options"),
    "least_squares": (
        *("method", "ftol", "xtol", "gtol", "x_scale", "loss", "f_scale", "diff_step"),
        *("tr_solver", "tr_options", "jac_sparsity", "max_nfev", "verbose"),
    ),
}


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class ProblemReport:
    """What was found about a problem for an optimiser; true where every claim passed.

    Parameters
    ----------
    reports : dict of str to Report
        One for each claim and point: ``"jac at x0"``, ``"constraints[0].jac at point 1"``. As they
        are, `gradproof.write` takes them.
    unchecked : tuple of str
        What was given and is no claim, such as ``jac='2-point'``; and second derivatives within
        bounds where the first ones, by which they are measured there, are wrong or not given; and
        random points near which the functions are not defined; and all, where nothing is claimed.
    undecided : bool
        Whether a claim among these was given and could not be checked at all.

    Examples
    --------
    >>> import numpy as np
    >>> import gradproof as gp
    >>> found = gp.scipy.check_minimize(lambda x: np.sum(x**2), [1.0, 2.0], jac=lambda x: 2 * x)
    >>> found.passed, list(found.reports)
    (True, ['jac at x0', 'jac at point 1', 'jac at point 2'])
    """

    reports: dict[str, Report]
    unchecked: tuple[str, ...]
    undecided: bool = False

    @property
    def verdict(self) -> Verdict:
        """Fail where a claim is wrong, inconclusive where one is open or there is none, else pass.

        What claims nothing was not shown to be right.
        """
        found = [report.verdict for report in self.reports.values()]
        is_open = self.undecided or not found
        return overall([*found, Verdict.INCONCLUSIVE] if is_open else found)

    @property
    def passed(self) -> bool:
        """Whether every claim was shown to be right at every point."""
        return self.verdict is Verdict.PASS

    @property
    def evaluations(self) -> int:
        """Points at which all functions together were evaluated."""
        return sum(report.evaluations for report in self.reports.values())

    @property
    def failed(self) -> dict[str, Report]:
        """The reports that do not pass, those that fail first."""
        order = [Verdict.FAIL, Verdict.INCONCLUSIVE]
        return {
            name: report
            for verdict in order
            for name, report in self.reports.items()
            if report.verdict is verdict
        }

    def __bool__(self) -> bool:
        return self.passed

    def summary(self) -> str:
        """Return a line for each claim, and the whole of the first report that does not pass.

        Returns
        -------
        str
            Text of at most 100 columns.
        """
        width = max([len(name) for name in self.reports], default=0)
        words = {Verdict.PASS: "pass", Verdict.FAIL: "FAIL"}
        lines = [
            f"  {name:{width}}  {words.get(report.verdict, 'open'):4}  {report.headline}"[:100]
            for name, report in self.reports.items()
        ]
        lines += [f"  not checked: {one}" for one in self.unchecked]
        claimed = "" if self.reports or self.undecided else "   nothing was claimed"
        verdict = f"{self.verdict.value.upper()}{claimed}"
        first = [f"gradproof  {verdict}   {self.evaluations:,} evaluations", ""]
        rest = [f"\n{name}:\n{report.summary()}" for name, report in self.failed.items()][:1]
        return "\n".join([*first, *lines, *rest])

    def __str__(self) -> str:
        return self.summary()

    __repr__ = __str__


def check_stated(
    stated: Stated, x0: FloatArray, points: int, seed: int, options: Mapping[str, Any], of: str
) -> ProblemReport:
    """Check all claims at all points; `of` is the optimiser that the problem is for."""
    points = whole_number(points, "points", at_least=0)
    seed = whole_number(seed, "seed", at_least=0)
    for name in _OF_OPTIMISERS[of]:
        if name in options:
            raise InputError(
                f"{name}: found {described(options[name])}, expected none, as it does not change "
                f"the derivatives; gp.scipy.{of} takes it, which checks and optimises"
            )
    # An argument that is misspelt would make a problem that claims nothing.
    inspect.signature(check).bind_partial(**options)

    def is_defined(there: FloatArray) -> bool:
        return all(_is_finite(claim, there.copy()) for claim in stated.claims)

    points *= bool(stated.claims)
    if not stated.claims and not stated.unchecked:
        stated.unchecked.append("the derivatives, of which none was given: write jac=")
    around = list(points_around(x0, stated.bounds, points, seed, is_defined))
    reports: dict[str, Report] = {}
    unchecked, undecided = list(stated.unchecked), False
    for claim in stated.claims:
        for number, (point, x) in enumerate(around):
            needed = reports.get(f"{claim.needs} at {point}")
            by_values = needed is not None and not needed.passed
            if claim.of_second_order and stated.bounds and (by_values or claim.needs is None):
                unchecked.append(
                    f"{claim.name} at {point}: where there are bounds it is measured by the first "
                    "derivatives, which are "
                    + ("not right there" if by_values else "not given: write jac=, too")
                )
                undecided |= not by_values  # else that is the verdict
                continue
            problem = Problem(
                claim.f, claim.without if by_values else claim.claim, x.copy(), bounds=stated.bounds
            )
            reports[f"{claim.name} at {point}"] = check(problem, seed=seed + number, **options)
    if len(around) <= points:
        unchecked.append(
            f"{points + 1 - len(around)} of {points} random points: near x0 the functions are "
            "mostly not defined"
        )
    return ProblemReport(reports, tuple(unchecked), undecided)


def _is_finite(claim: Claim, there: FloatArray) -> bool:
    try:
        with np.errstate(all="ignore"):
            value = claim.f(there)
            value = value[0] if claim.claim is True else value
            return bool(np.all(np.isfinite(np.asarray(value, dtype=np.float64))))
    except UNDEFINED:
        return False


def raise_for(
    found: ProblemReport, inconclusive: Literal["raise", "warn", "pass"], stacklevel: int
) -> None:
    """Raise where a claim is wrong; where one is undecided, do what is asked for."""
    if found.passed or (found.verdict is Verdict.INCONCLUSIVE and inconclusive == "pass"):
        return
    if not found.failed:  # nothing was looked at of what is undecided
        if inconclusive == "raise":
            raise InputError("; ".join(found.unchecked))
        warnings.warn(found.summary(), stacklevel=stacklevel + 1)
        return
    name, report = next(iter(found.failed.items()))
    others = ", ".join(found.failed)
    if found.verdict is Verdict.INCONCLUSIVE and inconclusive == "warn":
        warnings.warn(f"{name}\n{report.summary()}", stacklevel=stacklevel + 1)
        return
    error = (GradientError if found.verdict is Verdict.FAIL else Inconclusive)(report)
    error.add_note(f"gradproof: this is {name}; what does not pass: {others}")
    raise error
