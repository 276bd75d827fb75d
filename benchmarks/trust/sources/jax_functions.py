"""How functions of JAX become cases: compiled, with `jax.grad` as the claim.

The truth is forward mode (`jax.jacfwd`) in float64. That shares with `jax.grad` the rules of the
primitives, so functions that rest on one such rule bring a truth of their own.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np
from benchmarks.trust.case import Case
from benchmarks.trust.truth import FloatArray, flat

jax.config.update("jax_enable_x64", True)

Loss = Callable[[Any, Any], Any]


def jax_case(
    name: str,
    loss: Loss,
    at: Any,
    data: Any = None,
    mistakes: Mapping[str, Loss] | None = None,
    *,
    plain: Loss | None = None,
    truth: Callable[[], FloatArray] | None = None,
    single: bool = False,
) -> Case:
    """Return the case of ``loss(p, data)``, a function of two pytrees.

    `mistakes` are functions whose `jax.grad` is the wrong gradient. `plain` is the same as `loss`,
    where that has reverse rules of its own and no forward mode; `truth` computes the gradient
    without JAX. Where `single` is set the point and the data are cast to float32.
    """
    if single:
        at, data = _cast(at, np.float32), _cast(data, np.float32)

    def f(p: Any) -> Any:
        return np.asarray(_value(loss)(p, data))[()]

    def forward() -> FloatArray:
        jacobian = _forward(plain or loss)
        return flat(jacobian(_cast(at, np.float64), _cast(data, np.float64)))

    def gradient_of(function: Loss) -> Callable[[Any], Any]:
        return lambda p: jax.tree.map(np.array, _reverse(function)(p, data))

    wrong = {what: gradient_of(function) for what, function in (mistakes or {}).items()}
    return Case(name, f, gradient_of(loss), at, truth or forward, wrong)


@functools.cache
def _value(loss: Loss) -> Any:
    return jax.jit(loss)


@functools.cache
def _reverse(loss: Loss) -> Any:
    return jax.jit(jax.grad(loss))


@functools.cache
def _forward(loss: Loss) -> Any:
    return jax.jit(jax.jacfwd(loss))


def _cast(tree: Any, dtype: Any) -> Any:
    def leaf(value: Any) -> Any:
        floats = isinstance(value, np.ndarray) and value.dtype.kind == "f"
        return value.astype(dtype) if floats else value

    return jax.tree.map(leaf, tree)
