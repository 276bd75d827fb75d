"""From a problem in the arrays of a framework to one in arrays of NumPy."""

from __future__ import annotations

import abc
import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import optree

from gradproof._base.errors import InputError
from gradproof.problems import (
    HVP,
    JVP,
    VJP,
    Autodiff,
    Batched,
    Hessian,
    Jacobian,
    Many,
    Problem,
    at_one_point,
    results_of,
)
from gradproof.problems.jacobians import is_linear
from gradproof.problems.wirtinger import Convention
from gradproof.tree import Constant, flatten

Function = Callable[..., Any]
OF_VECTORS = VJP | JVP | HVP  # whose functions are given arrays, and take those of the framework
Quietly = Callable[[Callable[[], Any]], Any]
"""Calls a function, and puts all generators of random numbers back."""


def by_names(claim: Function, names: Sequence[str]) -> Function:
    """Return a claim of which a list in the order of the names is by them."""

    @functools.wraps(claim)
    def named(at: Any) -> Any:
        found = claim(at)
        in_order = isinstance(found, (list, tuple)) and len(found) == len(names)
        return dict(zip(names, found, strict=True)) if in_order else found

    return named


class Adapted(abc.ABC):
    """A problem whose functions take the arrays of a framework, and return those of NumPy.

    What is no array that can be moved is a constant, and goes along as it is. `unreached` are the
    numbers of the leaves to which reverse mode found no path.
    """

    def __init__(self, problem: Problem, quietly: Quietly) -> None:
        self.problem, self._quietly = problem, quietly
        self._at = self.marked(problem.at)
        self.tree, self.values = flatten(self._at, problem.root)
        taken = {id(value) for value in self.values}
        leaves = flatten(problem.at, problem.root)[1]
        self._constants = {id(leaf) for leaf in leaves if id(leaf) not in taken}
        of_gradient = self.marked(problem.at, constant=lambda _: None)
        self._structure_of_gradient = flatten(of_gradient, "gradient")[0].spec
        self.f = self._whole = self.calling(
            at_one_point(problem.f) if problem.vectorized else problem.f
        )
        self.unreached: set[int] = set()
        self._notes: list[str] = []

    @abc.abstractmethod
    def marked(self, at: Any, constant: Function = Constant) -> Any:
        """Return a point with what is taken apart, and what goes along set aside."""

    @abc.abstractmethod
    def calling(self, f: Function) -> Function:
        """Return a function of the user's as it is to be called."""

    @abc.abstractmethod
    def as_arrays(self, values: Any) -> Any:
        """Return a pytree with arrays of NumPy in the place of those of the framework."""

    def as_matrix(self, value: Any) -> Any:
        """Return a Jacobian in arrays of NumPy; a framework's sparse matrix as one of SciPy."""
        return self.as_arrays(value)

    @abc.abstractmethod
    def copies(self) -> list[Any]:
        """Return copies of the leaves."""

    @abc.abstractmethod
    def untested(self, values: Sequence[Any]) -> list[int]:
        """Return which outputs are said to have no derivative, where others have one."""

    @abc.abstractmethod
    def vjp(self, at: Any, cotangent: Any) -> Sequence[Any]:
        """Return what reverse mode says, leaf by leaf; without a cotangent, of one number."""

    @abc.abstractmethod
    def jvp(self, at: Any, tangents: Sequence[Any]) -> Any:
        """Return what forward mode says, in the structure of the outputs."""

    @abc.abstractmethod
    def differentiate_once(self) -> None:
        """Put ⟨v, ∇f⟩ in the place of f, with random v."""

    @abc.abstractmethod
    def shown(self, stacks: Sequence[Any]) -> list[Any]:
        """Return stacked leaves as arrays of the framework."""

    def many(self, f: Function) -> Many | None:
        """Return how a function is evaluated at many points at once; None where it is not.

        Beyond the first axis leaves may repeat one point's: their memory is not to be written.
        """
        return None

    wirtinger: Convention = "gradient"
    """What the framework's reverse mode says of complex parameters: `problems.wirtinger`."""

    sizes: tuple[int, ...] | None = None
    """Of batches, where each takes a compilation."""

    def _over_batches(self) -> Many:
        """Return f where it takes many points at once by itself."""
        f = self.calling(self.problem.f)

        def many(stacks: Sequence[Any]) -> Sequence[Any]:
            batch = f(self.tree.unflatten(self.shown(stacks)))
            return results_of(self.as_arrays(batch), len(stacks[0]))

        return many

    def leaves(self, at: Any) -> list[Any]:
        """Return the leaves of a point that are moved."""
        return flatten(self.marked(at), "at")[1]

    def of_arrays(self) -> Problem:
        """Return the problem for the engine."""
        gradient = self.problem.gradient
        if isinstance(gradient, Autodiff):
            gradient = self._by_autodiff(gradient)
        gradient = self._claim(gradient)
        by_itself = self.problem.vectorized and self.f is self._whole
        many = self._over_batches() if by_itself else self.many(self.f)
        f = self._returning_arrays(self.f, named=self.problem.f)
        f = f if many is None else Batched(f, many, None if by_itself else self.sizes)
        return dataclasses.replace(
            self.problem,
            f=f,
            gradient=gradient,
            at=self._at,
            vectorized=False,
            wirtinger=self.problem.wirtinger or self.wirtinger,
        )

    def restore(self) -> None:
        """Put back what f may have changed at a copy of the point, before anything is measured."""
        return

    def say_unchecked(self, why: str, is_meant: Callable[[Any], bool]) -> None:
        """Note which leaves of the point that are not moved are meant, and why they are not."""
        there, leaves = flatten(self.problem.at, self.problem.root)
        names = [
            there.address(leaf)
            for leaf, one in zip(there.leaves, leaves, strict=True)
            if id(one) in self._constants and is_meant(one)
        ]
        if names:
            self._notes.append(f"{', '.join(names)}: went along unchanged and unchecked: {why}")

    def notes(self) -> list[str]:
        """Return what is to be said after the check."""
        return self._notes

    def addresses_unreached(self) -> list[str]:
        """Return the addresses of the leaves to which reverse mode found no path."""
        return [self.tree.address(self.tree.leaves[k]) for k in sorted(self.unreached)]

    def _by_autodiff(self, claim: Autodiff) -> Any:
        if self.tree.size == 0:
            raise InputError(
                "at: found no array of floating-point numbers to differentiate by; whole numbers "
                "are not moved, nor are complex ones of TensorFlow, nor tensors and "
                "parameters that do not require a gradient"
            )
        value = self._quietly(lambda: self.f(self.tree.unflatten(self.copies())))
        self.restore()
        outputs, values = flatten(value, "output")
        is_number = outputs.size == 1 and [leaf.path for leaf in outputs.leaves] == [()]
        if claim.order == 2:
            if self.tree.is_complex:
                raise InputError(
                    "gradient: found order=2 with complex parameters, expected order=1; let f put "
                    "complex numbers together from real parameters to check second derivatives"
                )
            if not is_number:
                raise InputError(
                    f"the value of f: found {outputs.size:,} numbers with order=2, expected one: "
                    "let f add up what it returns"
                )
            self.differentiate_once()
        untested = self.untested(values)
        if untested:
            self._leave_out(untested)
            self._notes.append(
                f"{', '.join(outputs.address(outputs.leaves[k]) for k in untested)}: does not "
                "require a gradient, and was not tested"
            )
        if self.problem.terms is not None:
            weight = 1.0 if self.problem.terms == "sum" else 1 / max(1, outputs.size)
            weights = outputs.unflatten([np.full(one.own_shape, weight) for one in outputs.leaves])
            return lambda at: self._in_structure(self.vjp(at, weights))
        if claim.mode == "forward":
            return JVP(self._along_tangent)
        if is_number:
            return lambda at: self._in_structure(self.vjp(at, None))
        return VJP(lambda at, u: self._in_structure(self.vjp(at, u)))

    def _leave_out(self, untested: Sequence[int]) -> None:
        """Put a function without some of its outputs in the place of f."""
        f = self.f

        @functools.wraps(f)
        def tested(at: Any) -> Any:
            tree, values = flatten(f(at), "output")
            return tree.unflatten([None if k in untested else v for k, v in enumerate(values)])

        self.f = tested

    def _along_tangent(self, at: Any, tangent: Any) -> Any:
        found = flatten(tangent, "tangent")[1]
        return self.jvp(at, [one for one in found if id(one) not in self._constants])

    def _in_structure(self, gradients: Sequence[Any]) -> Any:
        return self.in_structure(self.as_arrays(list(gradients)))

    def in_structure(self, gradients: Sequence[Any]) -> Any:
        """Return gradients in the structure of the point, None in the place of constants."""
        return optree.tree_unflatten(self._structure_of_gradient, list(gradients))

    def _claim(self, claim: Any) -> Any:
        """Return a claim whose functions return arrays of NumPy."""

        def arrays(f: Any, convert: Function = self.as_arrays) -> Any:
            if f is None or not callable(f) or is_linear(f):
                return convert(f)
            return self._returning_arrays(self.calling(f), convert=convert)

        if isinstance(claim, VJP):
            return VJP(arrays(claim.function), arrays(claim.jvp))
        if isinstance(claim, JVP):
            return JVP(arrays(claim.function))
        if isinstance(claim, HVP):
            return HVP(arrays(claim.function), arrays(claim.gradient))
        if isinstance(claim, Jacobian):
            return Jacobian(arrays(claim.matrix, self.as_matrix))
        if isinstance(claim, Hessian):
            return Hessian(arrays(claim.matrix), arrays(claim.gradient))
        return arrays(self._by_name(claim))

    @property
    def names(self) -> Sequence[str] | None:
        """The names of the leaves, where a list of them is in their order."""
        return None

    def _by_name(self, claim: Any) -> Any:
        """Return a claim that gives a list its names."""
        names = self.names
        return claim if names is None or not callable(claim) else by_names(claim, names)

    def _returning_arrays(
        self, f: Function, named: Function | None = None, convert: Function | None = None
    ) -> Function:
        convert = convert or self.as_arrays

        @functools.wraps(named or f)
        def converted(*arguments: Any) -> Any:
            return convert(f(*arguments))

        return converted
