"""How networks written by hand become cases: cost, backward pass, and a twin in PyTorch.

The backward pass takes a `slip`: the name of a mistake to make on the line where people make it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import optree
from benchmarks.trust.case import Case
from benchmarks.trust.truth import FloatArray, complex_step, torch_forward

Array = npt.NDArray[Any]
Tree = dict[str, Any]


def network_case(
    name: str,
    cost: Callable[..., Any],
    backward: Callable[..., Any],
    at: Any,
    *data: Any,
    slips: Iterable[str] = (),
    twin: Callable[..., Any] | None = None,
    single: bool = False,
) -> Case:
    """Return the case of ``cost(p, *data)`` and ``backward(p, *data, slip="")``.

    The truth is forward mode of ``twin(torch, p, *data)`` in float64, where p and the arrays of the
    data are tensors; without a twin it is the complex step of the cost. Where `single` is set the
    point and the data are cast to float32, and the cost is computed in it.
    """
    if single:
        at, data = _cast(at, np.float32), _cast(data, np.float32)

    def f(p: Any) -> Any:
        value = cost(p, *data)
        return value if single else float(value)

    def truth() -> FloatArray:
        point, inputs = _cast(at, np.float64), _cast(data, np.float64)
        if twin is None:
            return complex_step(lambda p: cost(p, *inputs), point)
        return _forward(twin, point, inputs)

    def mistake(slip: str) -> Callable[[Any], Any]:
        return lambda p: backward(p, *data, slip=slip)

    return Case(
        name, f, lambda p: backward(p, *data), at, truth, {slip: mistake(slip) for slip in slips}
    )


def _cast(tree: Any, dtype: Any) -> Any:
    def leaf(value: Any) -> Any:
        floats = isinstance(value, np.ndarray) and value.dtype.kind == "f"
        return value.astype(dtype) if floats else value

    return optree.tree_map(leaf, tree)


def _forward(twin: Callable[..., Any], at: Any, data: Any) -> FloatArray:
    import torch

    def tensor(value: Any) -> Any:
        return torch.from_numpy(value) if isinstance(value, np.ndarray) else value

    inputs = optree.tree_map(tensor, data)
    leaves, structure = optree.tree_flatten(at)
    return torch_forward(
        lambda *moved: twin(torch, optree.tree_unflatten(structure, moved), *inputs),
        *(torch.tensor(np.asarray(leaf, dtype=np.float64)) for leaf in leaves),
    )


def sigmoid(z: Any) -> Any:
    """Return 1 / (1 + exp(-z))."""
    return 1 / (1 + np.exp(-z))


def softmax(z: Any, axis: int = -1) -> Any:
    """Return exp(z), normalised to a sum of 1 along an axis."""
    e = np.exp(z - np.max(z, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


def glorot(rng: np.random.Generator, *shape: int) -> FloatArray:
    """Draw a matrix of weights: normal, with the variance 2 / (rows + columns)."""
    return np.asarray(rng.standard_normal(shape) * np.sqrt(2 / (shape[-2] + shape[-1])))


def one_hot(labels: Array, classes: int) -> FloatArray:
    """Return a row of zeros and a one for each label."""
    return np.eye(classes)[labels]


def distance_to_kinks(*arrays: Array) -> float:
    """Return the smallest size of a pre-activation, relative to the scale of its layer."""
    return min(float(np.min(np.abs(z)) / np.sqrt(np.mean(z**2))) for z in arrays)
