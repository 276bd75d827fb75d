"""Where to look, in what order, and how far to go."""

from __future__ import annotations

import dataclasses

import numpy as np

from gradproof._base.errors import InputError
from gradproof._base.validation import described, real_number, whole_number

_MOST = 100_000  # directions: a list of more takes long before anything is evaluated
PLANS = ("auto", "every", "leaves", "project")


@dataclasses.dataclass(frozen=True)
class Plan:
    r"""Where a check looks, and for what price.

    Parameters
    ----------
    where : {"auto", "every", "leaves", "project"}
        ``"every"`` component; ``"leaves"``: one random direction through each leaf; ``"project"``:
        random directions over everything; ``"auto"``: as :func:`check` chooses.
    directions : int, default 8
        How many directions there are over everything, for ``"project"`` and ``"auto"``. The bound
        of the certificate shrinks with their number: it is about 3.1 times the norm of what shows
        for 8, 1.5 for 40.
    confidence : float, default 0.999
        The probability with which the certificate holds, over the random directions.
    search : bool, default True
        Whether what is wrong along a direction is searched for slices, blocks and components.

    Raises
    ------
    InputError
        If one of them cannot be understood, or is for another plan.

    See Also
    --------
    check : Takes a plan, or the name of one.

    Notes
    -----
    A direction that agrees with the claim costs two or three evaluations. The sum of the squares of
    what K independent normal directions show of an error e is ‖W e‖² times a χ² of K degrees of
    freedom, so that its norm is below :math:`(\sum d_k^2 / \chi^2_K(1 - c))^{1/2}` with a
    probability of c.

    Examples
    --------
    >>> import numpy as np
    >>> import gradproof as gp
    >>> plan = gp.Plan("project", directions=20)
    >>> report = gp.check(lambda t: np.sum(np.sin(t)), np.cos, np.ones(50), plan=plan)
    >>> report.certificate.directions, report.certificate.bound < 1e-5
    (20, True)
    """

    where: str = "auto"
    directions: int = 8
    confidence: float = 0.999
    search: bool = True

    def __post_init__(self) -> None:
        if not (isinstance(self.where, str) and self.where in PLANS):
            raise InputError(
                f"plan: found {described(self.where)}, expected one of {', '.join(PLANS)}, or a "
                "gp.Plan"
            )
        if whole_number(self.directions, "directions", at_least=1) > _MOST:
            raise InputError(
                f"directions: found {self.directions:,}, expected {_MOST:,} at most: the bound "
                "hardly shrinks beyond a hundred"
            )
        confidence = real_number(self.confidence, "confidence")
        if not 0 < confidence < 1:
            raise InputError(
                f"confidence: found {confidence}, expected a probability below 1, such as 0.999"
            )
        if not isinstance(self.search, (bool, np.bool_)):
            raise InputError(f"search: found {described(self.search)}, expected True or False")
        unused = {"every": ("directions", "confidence", "search"), "leaves": ("directions",)}
        for name in unused.get(self.where, ()):
            if getattr(self, name) != type(self).__dataclass_fields__[name].default:
                raise InputError(
                    f"{name}: found {getattr(self, name)} with where={self.where!r}, which has no "
                    "use for it"
                )
