"""The problem: f, the claimed gradient, and the point."""

import dataclasses
import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np

from gradproof._base.errors import InputError
from gradproof._base.signatures import require_arguments, signature_of
from gradproof._base.validation import described, require_callable
from gradproof.problems.autodiff import Autodiff
from gradproof.problems.bounds import flat_bounds
from gradproof.problems.claims import Claim, SecondClaim
from gradproof.problems.manifold import Manifold
from gradproof.problems.options import require_facts, require_one_of, require_reseed
from gradproof.problems.wirtinger import CONVENTIONS, Convention
from gradproof.tree import flatten


@dataclasses.dataclass(frozen=True)
class Problem:
    """A function, a claimed gradient and a point: what a check is about.

    Parameters
    ----------
    f : callable
        The function, called as ``f(at)`` with one argument; returns one real number, or several
        with a `VJP`, `JVP` or `Jacobian`.
    gradient : callable, array_like, pytree, True, VJP, JVP or Jacobian
        What is claimed for its derivative at `at`: a function of `at`, or the values themselves,
        in the structure of `at`; ``True`` where `f` returns ``(value, gradient)``.
    at : number, array or pytree of them
        The point. Never changed.
    bounds : tuple, list of pairs or scipy.optimize.Bounds, optional
        The closed box that `f` is defined in, and evaluated in only: ``(lower, upper)``, each
        None, a number or in the structure of `at`, or a pair ``(low, high)`` for each component.
        None and infinite numbers are no bounds. A component whose bounds are equal is not checked.
    facts : dict of str to number, optional
        Numbers that a wrong factor may be, by name: ``{"batch": 64, "outputs": 10}``.
    manifold : Manifold, optional
        The manifold that `at` is on; `gradient` is then the Riemannian gradient. Checked are its
        slopes along the tangent space, that it is tangent, and, in a few evaluations of its own,
        that `manifold` is one.
    promote : {"auto", "never"}
        Whether `f` may be evaluated in float64 where parameters are in float32, float16 or
        bfloat16: if it accepts float64 copies of the same values, computes in float64 with them,
        and is the same function there. The claim stays that of the gradient at the parameters as
        they are. A note says so.
    reseed : callable, generator or list of generators, optional
        How the random numbers of `f` are repeated: a function without arguments, called before
        every evaluation of `f` and of the gradient, or the generators that `f` draws from
        (``numpy.random.Generator`` or ``RandomState``, ``random.Random``), whose states
        are set back before every evaluation and after the check. The global generators of Python,
        NumPy and torch need no mention.
    reference : callable, optional
        A slower function of `at` that is trusted, for an `f` in low precision such as a kernel.
        With ``gp.autodiff`` the gradient of `f` is then held against that of the reference in
        float64, and its error against the error of the reference in the types of `f`: is it as
        accurate as this arithmetic allows? No differences are taken.
    terms : {"sum", "mean"}, optional
        Says that `f` returns an array of the terms of a loss, whose sum or mean is meant. Their
        differences are added up in float64: far less noise, above all in float32.
    vectorized : bool, default False
        Says that `f` takes many points at once: every array of `at`, and every number, with one
        more axis, the first, and returns what it returns with that axis first, too. The gradient
        is called with one point as it is. Batches are used where they are quicker; a single point
        is a batch of one.
    wirtinger : {"gradient", "conjugated", "dz", "dzbar"}, optional
        What is claimed for a complex parameter z = x + iy: ``"gradient"``, ∂f/∂x + i ∂f/∂y;
        ``"conjugated"``, ∂f/∂x - i ∂f/∂y; ``"dz"``, ∂f/∂z = ½ (∂f/∂x - i ∂f/∂y); ``"dzbar"``,
        ∂f/∂z̄ = ½ (∂f/∂x + i ∂f/∂y). By default what the framework of the point has: ``"gradient"``,
        the direction of steepest ascent, with NumPy and PyTorch, and ``"conjugated"`` with JAX,
        and where autograd is asked. Of a complex f it is the complex derivative that is claimed,
        and there is no choice.

    Raises
    ------
    InputError
        If `f` is no function, `gradient` is nothing that could be a gradient, or an option is none
        of what it may be.

    See Also
    --------
    check : Checks it.
    problem : Marks a function that returns one, for the command line.

    Examples
    --------
    >>> import gradproof as gp
    >>> problem = gp.Problem(lambda t: t**2, lambda t: 2 * t, 3.0)
    >>> gp.check(problem).passed
    True

    A function of many points at once:

    >>> import numpy as np
    >>> at = np.linspace(0, 1, 100)
    >>> problem = gp.Problem(lambda x: np.sum(x**2, axis=-1), lambda x: 2 * x, at, vectorized=True)
    >>> gp.check(problem).passed
    True

    A function of complex numbers, and the derivative of its real part by z:

    >>> problem = gp.Problem(lambda z: (z**2).real, lambda z: z, 1 + 2j, wirtinger="dz")
    >>> gp.check(problem).passed
    True

    A loss that is given by its terms:

    >>> y = np.array([1.0, 3.0, 2.0])
    >>> problem = gp.Problem(lambda m: (m - y) ** 2, lambda m: np.mean(2 * (m - y)), 1.5,
    ...                      terms="mean")
    >>> gp.check(problem).passed
    True
    """

    f: Callable[[Any], Any]
    gradient: Any
    at: Any
    _: dataclasses.KW_ONLY
    bounds: Any = None
    facts: Mapping[str, float] | None = None
    manifold: Manifold | None = None
    promote: Literal["auto", "never"] = "auto"
    reseed: Any = None
    reference: Callable[[Any], Any] | None = None
    terms: Literal["sum", "mean"] | None = None
    vectorized: bool = False
    wirtinger: Convention | None = None

    def __post_init__(self) -> None:
        if not callable(self.f) and (callable(self.gradient) or _is_function(self.at)):
            raise InputError(
                f"f: found {described(self.f)}, expected a function, called as f(at): f, gradient "
                "and at, in this order"
            )
        require_callable(self.f, "f", "f(at)")
        if self.gradient is Autodiff:
            object.__setattr__(self, "gradient", Autodiff())
        if isinstance(self.gradient, np.bool_):  # shown as True and False, and meant so
            object.__setattr__(self, "gradient", bool(self.gradient))
        if (
            self.gradient is None
            or isinstance(self.gradient, (str, bytes))
            or self.gradient is False
        ):
            raise InputError(
                f"gradient: found {described(self.gradient)}, expected a function of `at`, "
                "the values of the gradient, or True if f returns (value, gradient)"
            )
        if isinstance(self.gradient, type) and issubclass(self.gradient, Claim | SecondClaim):
            name, (first, *_) = self.gradient.__name__, dataclasses.fields(self.gradient)
            raise InputError(
                f"gradient: found the class gp.{name} itself, expected gp.{name}({first.name}), "
                "with what is claimed"
            )
        if _is_function(self.at):
            exchanged = "" if callable(self.gradient) else "; these two seem to be exchanged"
            raise InputError(
                f"at: found {described(self.at)}, a function, expected the point: f, gradient and "
                f"at, in this order{exchanged}"
            )
        if self.bounds is not None:
            flat_bounds(self.bounds, flatten(self.at, self.root)[0])
        if self.facts is not None:
            require_facts(self.facts)
        require_one_of(self.promote, "promote", ("auto", "never"))
        if self.reseed is not None:
            require_reseed(self.reseed)
        if self.reference is not None:
            require_callable(self.reference, "reference", "reference(at)")
        self._require_one_argument()
        if self.terms is not None:
            require_one_of(self.terms, "terms", ("sum", "mean"), " (or None: f returns one number)")
        if self.wirtinger is not None:
            require_one_of(self.wirtinger, "wirtinger", tuple(CONVENTIONS))
        self._require_batches()
        if self.manifold is not None:
            self._require_manifold()

    def _require_manifold(self) -> None:
        if not isinstance(self.manifold, Manifold):
            raise InputError(
                f"manifold: found {described(self.manifold)}, expected "
                "gp.Manifold(retract=, project=)"
            )
        if isinstance(self.gradient, (Autodiff, Claim, SecondClaim)):
            raise InputError(
                f"gradient: found {described(self.gradient)} with a manifold, expected the "
                "Riemannian gradient: a function of `at`, or its values"
            )
        for name in ("bounds", "reference", "vectorized"):
            if getattr(self, name) not in (None, False):
                raise InputError(f"{name}: found it with a manifold, expected one of the two")

    def _require_batches(self) -> None:
        if not isinstance(self.vectorized, (bool, np.bool_)):
            raise InputError(
                f"vectorized: found {described(self.vectorized)}, expected True or False"
            )
        if self.vectorized and (self.gradient is True or self.reference is not None):
            other = "gradient=True" if self.gradient is True else "a reference"
            raise InputError(
                f"vectorized: found True with {other}, expected a function of many points at once "
                "that returns their values, and a gradient by itself"
            )

    @property
    def _signature(self) -> inspect.Signature | None:
        return signature_of(self.f)

    def _require_one_argument(self) -> None:
        """Raise where a function does not take the point, and it alone."""
        functions = {"f": self.f, "gradient": self.gradient, "reference": self.reference}
        for name, function in functions.items():
            if callable(function) and not isinstance(function, Autodiff):
                hint = f"; for several write lambda t: {name}(*t)"
                require_arguments(function, name, f"{name}(at)", ("at",), hint=hint)

    @property
    def root(self) -> str:
        """The name of `at` in addresses: that of f's first parameter, else ``x``."""
        parameters = self._signature.parameters.values() if self._signature else ()
        named = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        return named[0].name if named else "x"


def _is_function(at: Any) -> bool:
    """Whether what was given as the point is a function, be it a compiled or a partial one.

    Modules are points, and some of them can be called.
    """
    kinds = np.ufunc, functools.partial
    compiled = callable(at) and hasattr(at, "__wrapped__")
    return compiled or inspect.isroutine(at) or isinstance(at, kinds)
