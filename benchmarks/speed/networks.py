"""Dense networks, one function of a vector or several tensors, in NumPy, PyTorch and JAX."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from gradproof.data import load_digits
from gradproof.textbook import dictionary_to_vector, network, vector_to_dictionary

Array = npt.NDArray[np.float64]
Tensors = dict[str, Array]


@dataclasses.dataclass(frozen=True)
class Digits:
    """The network [pixels, 5, 5, 1] on one image of a digit, as the classic exercise has it."""

    name: str
    X: Array
    Y: Array
    parameters: Tensors
    hidden: str

    @property
    def layers_dims(self) -> list[int]:
        """The widths of the layers."""
        return [len(self.X), 5, 5, 1]

    @property
    def n(self) -> int:
        """How many parameters there are."""
        return sum(value.size for value in self.parameters.values())

    def cost(self, p: Tensors) -> float:
        """Return the cost."""
        return network.forward_prop_cost(self.X, p, self.Y, self.hidden)

    def gradients(self) -> Tensors:
        """Return the gradient, which is right, by the names of the parameters."""
        AL, caches = network.L_model_forward(self.X, self.parameters, self.hidden)
        found = network.L_model_backward(AL, self.Y, caches, self.hidden)
        return {key: found[f"d{key}"] for key in self.parameters}

    def textbook_loop(self, epsilon: float = 1e-7) -> Array:
        """Take two-sided differences as the classic code does, of the very cost that is checked."""
        theta = dictionary_to_vector(self.parameters)
        gradient = np.zeros_like(theta)
        for i in range(len(theta)):
            plus, minus = np.copy(theta), np.copy(theta)
            plus[i] += epsilon
            minus[i] -= epsilon
            gradient[i] = self.cost(vector_to_dictionary(plus, self.layers_dims)) - self.cost(
                vector_to_dictionary(minus, self.layers_dims)
            )
        return gradient / (2 * epsilon)

    def of_torch(self) -> Callable[[Any], Any]:
        """Return the same cost in PyTorch, a function of a dict of tensors."""
        import torch

        X, Y = torch.from_numpy(self.X), torch.from_numpy(self.Y)
        hidden = {"tanh": torch.tanh, "relu": torch.relu}[self.hidden]

        def cost(p: Any) -> Any:
            A = X
            for layer in ("1", "2"):
                A = hidden(p[f"W{layer}"] @ A + p[f"b{layer}"])
            logits = p["W3"] @ A + p["b3"]
            return torch.mean(torch.nn.functional.softplus(logits) - Y * logits)

        return cost


def digits(size: int) -> list[Digits]:
    """Return the networks on images of `size` × `size` pixels: two activations, two starts."""
    images = load_digits(size)["train"]
    made = []
    for hidden in ("tanh", "relu"):
        X, Y = network.random_examples(*images, k=1, seed=0)
        usual = network.initialize_parameters([len(X), 5, 5, 1])
        rng = np.random.default_rng(0)
        small = {key: 0.01 * rng.standard_normal(value.shape) for key, value in usual.items()}
        made.append(Digits(f"{hidden}, N(0, 1/fan_in)", X, Y, usual, hidden))
        made.append(Digits(f"{hidden}, 0.01 N(0, 1)", X, Y, small, hidden))
    return made


class Regression:
    """A hidden layer of tanh that predicts one number, of one flat vector of h (d + 2) numbers."""

    def __init__(self, h: int, d: int, samples: int = 8) -> None:
        rng = np.random.default_rng([h, d])
        self._h, self._d = h, d
        self._X, self._y = rng.standard_normal((d, samples)), rng.standard_normal(samples)
        self.at = rng.standard_normal(h * (d + 2)) / np.sqrt(d)

    def _parts(self, x: Array) -> tuple[Array, Array, Array]:
        h, d = self._h, self._d
        return x[: h * d].reshape(h, d), x[h * d : -h, None], x[-h:]

    def f(self, x: Array) -> float:
        """Return the mean of the squared errors."""
        W, b, v = self._parts(x)
        r = v @ np.tanh(W @ self._X + b) - self._y
        return float(r @ r) / r.size

    def gradient(self) -> Array:
        """Return the gradient at the point."""
        W, b, v = self._parts(self.at)
        A = np.tanh(W @ self._X + b)
        r = 2 * (v @ A - self._y) / self._y.size
        dZ = v[:, None] * (1 - A**2) * r
        return np.concatenate([(dZ @ self._X.T).ravel(), np.sum(dZ, axis=1), A @ r])
