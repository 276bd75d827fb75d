"""The parts of a record: one dataclass for each kind of finding."""

import dataclasses
import math
from typing import Any

from gradproof._base.outcomes import Verdict
from gradproof.numerics.protocol import FloatArray
from gradproof.numerics.taylor import left_over


@dataclasses.dataclass(frozen=True)
class ComponentFinding:
    """One component that is wrong: where, what was claimed, what was measured.

    Parameters
    ----------
    address : str
        The code that reads the component.
    path : tuple
        The keys that lead to its leaf.
    index : tuple of int
        The component within the leaf; ``()`` for a number. Of a complex leaf it ends with 0 for the
        real part, 1 for the imaginary part.
    claimed, measured, bar : float
        The claimed derivative, the measured one, and the error bar of the latter.
    truncation, noise : float
        The two parts of the bar: what the step leaves out, and what the noise of f puts in.
    visible : float
        The smallest error of the claim that would have been called one here, in the units of the
        derivative.
    output : str or None
        The output of f whose derivative it is, where f has several and it is known which.

    Examples
    --------
    >>> import gradproof as gp
    >>> report = gp.check(lambda t: t["w"] ** 2, lambda t: {"w": t["w"]}, {"w": 3.0})
    >>> report.culprits[0].address, report.culprits[0].claimed
    ("t['w']", 3.0)
    """

    address: str
    path: tuple[Any, ...]
    index: tuple[int, ...]
    claimed: float
    measured: float
    bar: float
    truncation: float
    noise: float
    visible: float
    output: str | None = None

    @property
    def bars(self) -> float:
        """The distance of claim and measurement in bars."""
        return abs(self.claimed - self.measured) / self.bar if self.bar else math.inf


@dataclasses.dataclass(frozen=True)
class LeafFinding:
    """What was found about one leaf (tensor or number).

    Parameters
    ----------
    address : str
        The code that reads the leaf.
    path : tuple
        The keys that lead to it.
    shape : tuple of int
        Its shape; ``()`` for a number.
    verdict : Verdict
        Pass, fail or inconclusive.
    discrepancy : float
        The largest distance of claim and measurement, relative to the size of the component (or of
        a typical one of the leaf where that is larger).
    bar : float
        The largest error bar, relative in the same way.
    resolution : float
        The smallest relative error that would have been seen in any component; inf where none
        passed.
    checked, wrong, undecided : int
        How many components were measured, contradict the claim, could not be decided. Of a sparse
        Jacobian these are entries; where the columns of a leaf have none, components whose
        derivatives were seen to be 0, as claimed.
    relative_to_itself, relative_to_leaf, relative_to_others : int
        How many of those that pass were verified to the tolerance relative to their own size, how
        many only relative to a typical component of the leaf: they are smaller than that, and a
        larger part of them may be wrong. Where all of a leaf is claimed to be 0, there is no such
        size, and how much it moves f was compared with what the other leaves do.
    unseen : int
        How many pass because neither the claim nor f moves f visibly by them, beside others that
        do: an error in them cannot be seen either. They count for nothing in `discrepancy`, `bar`
        and `resolution`.
    reason : str or None
        The code of what could not be decided for most of the undecided components.
    ratio : float or None
        Claimed over measured where that is the same number, other than 1, for all components.
    worst : ComponentFinding or None
        The component with the largest discrepancy of a leaf that does not pass.

    Examples
    --------
    >>> import numpy as np
    >>> import gradproof as gp
    >>> report = gp.check(lambda t: np.sum(t**2), lambda t: 2 * t, np.ones((2, 3)))
    >>> report.leaves[0].address, report.leaves[0].shape, report.leaves[0].checked
    ('t', (2, 3), 6)
    """

    address: str
    path: tuple[Any, ...]
    shape: tuple[int, ...]
    verdict: Verdict
    discrepancy: float
    bar: float
    resolution: float
    checked: int
    wrong: int
    undecided: int
    relative_to_itself: int
    relative_to_leaf: int
    relative_to_others: int
    unseen: int
    reason: str | None
    ratio: float | None
    worst: ComponentFinding | None


@dataclasses.dataclass(frozen=True)
class PatternFinding:
    """Which part of a tensor is wrong.

    Parameters
    ----------
    address : str
        The code that reads the part: a tensor, or rows, columns or other slices of it.
    path : tuple
        The keys that lead to the tensor.
    words : str
        The same in words: "all of it", "row 3", "columns 1, 4", "12 of 61,440 components".
    wrong, size : int
        How many components of the tensor are wrong, of how many that were checked.

    Examples
    --------
    >>> import numpy as np
    >>> import gradproof as gp
    >>> claim = np.ones((4, 3)) * [1.0, 1.0, 2.0]
    >>> report = gp.check(lambda W: np.sum(W), claim, np.zeros((4, 3)))
    >>> report.patterns[0].address, report.patterns[0].words
    ('W[:, 2]', 'column 2')
    """

    address: str
    path: tuple[Any, ...]
    words: str
    wrong: int
    size: int


@dataclasses.dataclass(frozen=True)
class CauseFinding:
    """Why a check did not simply pass: a code of the catalogue, where, and what to do.

    Parameters
    ----------
    code : str
        The stable code, such as ``GP103``.
    name : str
        Its name in the catalogue.
    addresses : tuple of str
        What it concerns; empty where it is the function as a whole.
    parameters : dict
        Its numbers, by name.
    message : str
        What was seen, in a sentence.
    advice : str
        What to do about it.

    Examples
    --------
    >>> import gradproof as gp
    >>> report = gp.check(lambda t: t**2, lambda t: float("nan"), 3.0)
    >>> report.causes[0].code, report.causes[0].name
    ('GP104', 'non-finite-gradient')
    """

    code: str
    name: str
    addresses: tuple[str, ...]
    parameters: dict[str, Any]
    message: str
    advice: str


@dataclasses.dataclass(frozen=True)
class Curve:
    """How f moves on both sides of one component, from wide steps to tiny ones.

    Parameters
    ----------
    address : str
        The code that reads the component.
    claimed, measured, bar : float
        The claimed derivative, the measured one, and its error bar.
    noise : float
        The root mean square noise of one value of f.
    steps : tuple of float
        Distances to the point, in the units of the component, the widest first.
    plus, minus : tuple of float
        By how much f differs from its value at the point, so far ahead of it and behind it.
    chosen : float
        The step of the difference that was taken for the derivative; NaN where none was.

    Examples
    --------
    >>> import gradproof as gp
    >>> curve = gp.check(lambda t: t**2, lambda t: 3 * t, 3.0).curves[0]
    >>> curve.address, curve.steps[0] > curve.steps[-1], len(curve.plus) == len(curve.steps)
    ('t', True, True)
    >>> round(curve.order, 2)
    1.0
    """

    address: str
    claimed: float
    measured: float
    bar: float
    noise: float
    steps: tuple[float, ...]
    plus: tuple[float, ...]
    minus: tuple[float, ...]
    chosen: float

    @property
    def order(self) -> float:
        """With which power of the step h shrinks what the claimed slope leaves of f.

        2 or more where it is the slope of f, 1 where it is not: the slope of what is left against
        the step, in logarithms, at the smallest steps where it is above the noise of f. NaN where
        it is so at too few steps.
        """
        order, _ = left_over(
            self.steps, self.plus, self.minus, claimed=self.claimed, noise=self.noise
        )
        return math.nan if order is None else order


@dataclasses.dataclass(frozen=True, eq=False)
class TensorValues:
    """Every component of one tensor, where components were measured; in JSON only if asked for.

    Parameters
    ----------
    address : str
        The code that reads the tensor.
    path : tuple
        The keys that lead to it.
    shape : tuple of int
        Its shape; of complex numbers with a last axis of length 2 for their parts.
    claimed, measured, bar : numpy.ndarray
        Arrays of that shape in float64: what was claimed, what was measured, NaN where nothing
        was, and the error bars. Of a large tensor that was read from data, all are NaN but the
        worst component of each block.

    Examples
    --------
    >>> import numpy as np
    >>> import gradproof as gp
    >>> report = gp.check(lambda t: np.sum(t**2), lambda t: 2 * t, np.ones((2, 3)))
    >>> report.tensors[0].address, report.tensors[0].measured.shape
    ('t', (2, 3))
    """

    address: str
    path: tuple[Any, ...]
    shape: tuple[int, ...]
    claimed: FloatArray
    measured: FloatArray
    bar: FloatArray


@dataclasses.dataclass(frozen=True)
class ControlFinding:
    """A negative control: the claim was broken on purpose, and checked again.

    Parameters
    ----------
    name : str
        How the claim was broken.
    addresses : tuple of str
        Where; empty where it was everywhere.
    verdict : Verdict
        What the check said to the broken claim: fail if it was caught.

    Examples
    --------
    >>> import gradproof as gp
    >>> report = gp.check(lambda t: t**2, lambda t: 2 * t, 3.0, self_test=True)
    >>> [(control.name, control.verdict.value) for control in report.controls][:1]
    [('sign flipped', 'fail')]
    """

    name: str
    addresses: tuple[str, ...]
    verdict: Verdict

    @property
    def caught(self) -> bool:
        """Whether the broken claim was called wrong."""
        return self.verdict is Verdict.FAIL


@dataclasses.dataclass(frozen=True)
class LeafCertificate:
    """What the directions of a certificate would have shown of one leaf.

    Parameters
    ----------
    address : str
        The code that reads the leaf.
    path : tuple
        The keys that lead to it.
    single : float
        An error of this size in any single component of the leaf would have been seen, relative to
        a typical (root mean square) component of the leaf; inf where its gradient is 0.
    bound : float or None
        Where the leaf had directions of its own: the norm of its error is below `bound` times the
        norm of its claim, with the confidence of the certificate for all leaves together.

    Examples
    --------
    >>> import numpy as np
    >>> import gradproof as gp
    >>> report = gp.check(lambda t: np.sum(np.sin(t)), np.cos, np.ones(50), plan="project")
    >>> report.certificate.leaves[0].single < 1e-3
    True
    """

    address: str
    path: tuple[Any, ...]
    single: float
    bound: float | None


@dataclasses.dataclass(frozen=True)
class Certificate:
    """A bound on the error of the whole gradient, from random directions.

    Parameters
    ----------
    bound : float
        With this confidence, the norm of the error is below `bound` times the norm of the claim.
    confidence : float
        The probability, over the random directions, with which the bound holds.
    norm : str
        The norm that is meant: ‖W e‖, each component times its natural scale, and times the weight
        of its leaf.
    directions : int
        How many directions there were: over everything, or one through each leaf.
    leaves : tuple of LeafCertificate
        For each leaf the smallest error of a single component that would have been seen, and its
        own bound where it had a direction of its own.

    Examples
    --------
    >>> import numpy as np
    >>> import gradproof as gp
    >>> report = gp.check(lambda t: np.sum(np.sin(t)), np.cos, np.ones(50), plan="project")
    >>> certificate = report.certificate
    >>> certificate.directions, certificate.confidence, certificate.bound < 1e-5
    (8, 0.999, True)
    """

    bound: float
    confidence: float
    norm: str
    directions: int
    leaves: tuple[LeafCertificate, ...]

    @property
    def of_leaves(self) -> bool:
        """Whether each leaf had a direction of its own."""
        return any(leaf.bound is not None for leaf in self.leaves)
