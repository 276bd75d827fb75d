"""The functions of ``jax.numpy``, ``jax.lax``, ``jax.nn`` and ``jax.scipy.special``, as checks.

Nobody lists the samples that each of them takes. Every public function is therefore tried on one,
two and three arrays of a few shapes and ranges; what returns real floating-point numbers that
depend on them, and that JAX can differentiate, is a case.
"""

from __future__ import annotations

import dataclasses
import itertools
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import test_util

import gradproof as gp

Function = Callable[[Any], Any]

_SHAPES = ((3, 3), (4,), (2, 3, 3))
_RANGES = ((0.1, 0.9), (-2.0, 2.0), (1.1, 3.0))
_MOST_ARGUMENTS = 3


@dataclasses.dataclass(frozen=True)
class Case:
    """One function and one sample: f of a tuple of arrays."""

    operator: str
    sample: int
    f: Function
    at: tuple[Any, ...]
    forward: bool = True

    @property
    def size(self) -> int:
        """How many numbers are moved."""
        return sum(int(one.size) for one in self.at)

    def own(self, mode: str) -> tuple[str, int]:
        """Return what JAX's check_grads says of both sides of a few directions."""
        calls = 0

        def f(*arrays: Any) -> Any:
            nonlocal calls
            calls += 1
            return self.f(arrays)

        try:
            test_util.check_grads(f, self.at, order=1, modes="rev" if mode == "reverse" else "fwd")
        except AssertionError:
            return "fail", calls
        except Exception as error:
            return f"raised {type(error).__name__}", calls
        return "pass", calls

    def broken(self) -> Iterator[gp.VJP]:
        """Yield reverse mode with the largest component's sign turned, and one array 1.1 times."""
        for how in (_turn_the_largest, lambda g: 1.1 * g):

            def product(at: Any, u: Any, how: Any = how) -> Any:
                values, pull = jax.vjp(self.f, tuple(at))
                weights = [jnp.asarray(one, v.dtype) for one, v in zip(u, values, strict=True)]
                (found,) = pull(weights)
                largest = max(range(len(found)), key=lambda k: float(jnp.max(jnp.abs(found[k]))))
                return tuple(how(g) if k == largest else g for k, g in enumerate(found))

            yield gp.VJP(product)


def operators() -> dict[str, Any]:
    """Return all public functions by name."""
    rooms = {"jnp": jnp, "jnp.linalg": jnp.linalg, "jnp.fft": jnp.fft, "lax": jax.lax}
    rooms |= {"nn": jax.nn, "special": jax.scipy.special, "linalg": jax.scipy.linalg}
    found = {}
    for room, module in rooms.items():
        for name in sorted(vars(module)):
            function = getattr(module, name)
            if not name.startswith("_") and callable(function) and not isinstance(function, type):
                found[f"{room}.{name}"] = function
    return found


def cases_of(name: str, function: Any, most: int) -> Iterator[Case]:
    """Yield a few samples of a function."""
    number = 0
    for count in range(1, _MOST_ARGUMENTS + 1):
        for shape, (low, high) in itertools.product(_SHAPES, _RANGES):
            rng = np.random.default_rng(number)
            at = tuple(jnp.asarray(rng.uniform(low, high, shape)) for _ in range(count))
            case = Case(name, number, _real_outputs(function), at)
            if _is_differentiable(case):
                yield case
                number += 1
                if number == most:
                    return


def _real_outputs(function: Any) -> Function:
    def f(t: Any) -> Any:
        leaves = jax.tree.leaves(function(*t))
        parts = [(one.real, one.imag) if jnp.iscomplexobj(one) else (one,) for one in leaves]
        flat = [part for pair in parts for part in pair]
        return [one for one in flat if jnp.issubdtype(one.dtype, jnp.floating)]

    return f


def _is_differentiable(case: Case) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            values, pull = jax.vjp(case.f, case.at)
            (found,) = pull([jnp.ones_like(one) for one in values])
            plain = case.f(case.at)  # of a few functions nan, where its derivative is a number
            finite = all(bool(jnp.all(jnp.isfinite(one))) for one in [*values, *found, *plain])
            moved = case.f(tuple(0 * one for one in case.at))
            same = [one.shape for one in moved] == [one.shape for one in values]
            moves = any(bool(jnp.any(one != 0)) for one in found)
            return bool(values) and finite and same and moves
        except Exception:  # it takes something else, or has no derivative
            return False


def _turn_the_largest(gradient: Any) -> Any:
    flat = gradient.ravel()
    k = int(jnp.argmax(jnp.abs(flat)))
    return flat.at[k].set(-flat[k]).reshape(gradient.shape)
