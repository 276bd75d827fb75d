"""What a framework's own automatic differentiation says, as a claim."""

from __future__ import annotations

import dataclasses
from typing import Any, Literal

from gradproof._base.errors import InputError
from gradproof._base.validation import described
from gradproof.problems.options import require_one_of


@dataclasses.dataclass(frozen=True)
class Autodiff:
    r"""What the automatic differentiation of a framework says, as the claim of a check.

    ``gp.autodiff`` is reverse mode of first order; calling it says otherwise:
    ``gp.autodiff(mode="forward")``, ``gp.autodiff(order=2)``.

    Parameters
    ----------
    mode : {"reverse", "forward"}
        Whether it is the vector-Jacobian product that is asked, as by ``torch.autograd.grad``,
        ``jax.vjp``, ``tf.GradientTape`` and ``autograd.make_vjp``, or the Jacobian-vector product,
        as by ``torch.autograd.forward_ad``, ``jax.jvp``, ``tf.autodiff.ForwardAccumulator`` and
        ``autograd.make_jvp``.
    order : {1, 2}
        Whether the derivative of f is checked, or the derivative of :math:`\langle v, \nabla f
        \rangle` with a seeded random v: double backward in reverse mode, forward over reverse in
        forward mode.

    Raises
    ------
    InputError
        If an argument is none of these.

    See Also
    --------
    check : Takes it in the place of the gradient.
    VJP : A product that is written by hand.

    Notes
    -----
    The point holds tensors, arrays, modules or layers of one framework: PyTorch, JAX or TensorFlow;
    or arrays of NumPy, of which autograd is asked. What is no floating-point number goes
    along unchanged, and so do tensors of PyTorch that do not require a gradient where others do,
    and variables of TensorFlow that are not trainable or complex.
    The value of f may be a number, an array or a pytree of them.

    Examples
    --------
    >>> import gradproof as gp
    >>> gp.autodiff
    Autodiff(mode='reverse', order=1)
    >>> gp.autodiff(order=2)
    Autodiff(mode='reverse', order=2)
    """

    mode: Literal["reverse", "forward"] = "reverse"
    order: Literal[1, 2] = 1

    def __post_init__(self) -> None:
        require_one_of(self.mode, "mode", ("reverse", "forward"))
        require_one_of(self.order, "order", (1, 2))

    def __call__(
        self, *f: Any, mode: Literal["reverse", "forward"] = "reverse", order: Literal[1, 2] = 1
    ) -> Autodiff:
        """Return the claim in another mode, or of another order."""
        if f:
            raise InputError(
                f"gp.autodiff: found {described(f[0])}, expected no function, as it is asked about "
                "that of the check itself: gp.check(f, gp.autodiff, at)"
            )
        return Autodiff(mode, order)


autodiff = Autodiff()
