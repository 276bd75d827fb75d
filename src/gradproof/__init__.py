"""gradproof: is this gradient really the derivative of this function, and if not, where and why?"""

from gradproof import data, pymanopt, scipy, textbook, torch
from gradproof._base.errors import GradproofError, InputError, MissingExtra
from gradproof._base.outcomes import Verdict
from gradproof._base.version import __version__
from gradproof.api.assertion import GradientError, Inconclusive, assert_gradient
from gradproof.api.check import check
from gradproof.api.differentiate import NumericalGradient, differentiate
from gradproof.api.explain import explain
from gradproof.api.mark import problem
from gradproof.api.report import Report
from gradproof.api.write import write
from gradproof.judge.parts import (
    CauseFinding,
    Certificate,
    ComponentFinding,
    ControlFinding,
    Curve,
    LeafCertificate,
    LeafFinding,
    PatternFinding,
    TensorValues,
)
from gradproof.judge.plan import Plan
from gradproof.problems import (
    HVP,
    JVP,
    VJP,
    Autodiff,
    Hessian,
    Jacobian,
    Manifold,
    Problem,
    autodiff,
)
from gradproof.textbook import gradient_check, numerical_gradient

__all__ = [
    "HVP",
    "JVP",
    "VJP",
    "Autodiff",
    "CauseFinding",
    "Certificate",
    "ComponentFinding",
    "ControlFinding",
    "Curve",
    "GradientError",
    "GradproofError",
    "Hessian",
    "Inconclusive",
    "InputError",
    "Jacobian",
    "LeafCertificate",
    "LeafFinding",
    "Manifold",
    "MissingExtra",
    "NumericalGradient",
    "PatternFinding",
    "Plan",
    "Problem",
    "Report",
    "TensorValues",
    "Verdict",
    "__version__",
    "assert_gradient",
    "autodiff",
    "check",
    "data",
    "differentiate",
    "explain",
    "gradient_check",
    "numerical_gradient",
    "problem",
    "pymanopt",
    "scipy",
    "textbook",
    "torch",
    "write",
]
