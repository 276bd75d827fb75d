"""How functions of HIPS autograd become cases, with `autograd.grad` as the claim.

The truth is the complex step where the function is analytic, and forward mode elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import optree
from benchmarks.trust.case import Case
from benchmarks.trust.truth import FloatArray, complex_step

Loss = Callable[[Any, Any], Any]


def autograd_case(
    name: str,
    loss: Loss,
    at: Any,
    data: Any = None,
    mistakes: Mapping[str, Loss] | None = None,
    *,
    again: Loss | None = None,
    analytic: bool = True,
    truth: Callable[[], FloatArray] | None = None,
    single: bool = False,
) -> Case:
    """Return the case of ``loss(p, data)``, a function of two pytrees.

    `mistakes` are functions whose `autograd.grad` is the wrong gradient. `again` is the same
    function for the complex step, where that cannot go through `loss`; `truth` is used instead of
    both. Where `single` is set the point and the data are cast to float32.
    """
    import autograd

    if single:
        at, data = _cast(at, np.float32), _cast(data, np.float32)

    def f(p: Any) -> Any:
        value = loss(p, data)
        return value if single else float(value)

    def derivative() -> FloatArray:
        point, inputs = _cast(at, np.float64), _cast(data, np.float64)

        def function(p: Any) -> Any:
            return (again or loss)(p, inputs)

        return complex_step(function, point) if analytic else _forward(function, point)

    def gradient_of(function: Loss) -> Callable[[Any], Any]:
        return autograd.grad(lambda p: function(p, data))  # type: ignore[no-any-return]

    wrong = {what: gradient_of(function) for what, function in (mistakes or {}).items()}
    return Case(name, f, gradient_of(loss), at, truth or derivative, wrong)


def detached(x: Any) -> Any:
    """Return the value of a box, cut off from what it was computed from."""
    from autograd.tracer import getval

    return getval(x)


def _forward(function: Callable[[Any], Any], at: Any) -> FloatArray:
    """Return the gradient by forward mode, one direction at a time."""
    from autograd import make_jvp

    leaves, structure = optree.tree_flatten(at)
    slopes = []
    for number, leaf in enumerate(leaves):
        for place in np.ndindex(np.shape(leaf)):
            moved = np.zeros(np.shape(leaf))
            moved[place] = 1.0

            def along(part: Any, number: int = number) -> Any:
                parts = [*leaves[:number], part, *leaves[number + 1 :]]
                return function(optree.tree_unflatten(structure, parts))

            slopes.append(float(make_jvp(along)(leaf)(moved)[1]))
    return np.array(slopes)


def _cast(tree: Any, dtype: Any) -> Any:
    def leaf(value: Any) -> Any:
        floats = isinstance(value, np.ndarray) and value.dtype.kind == "f"
        return value.astype(dtype) if floats else value

    return optree.tree_map(leaf, tree)
