"""What the functions of the network are given, checked once, before the first pass."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy.typing as npt

from gradproof._base.errors import InputError
from gradproof._base.validation import float64_array, real_number, whole_number
from gradproof.textbook.network.activations import Activation, Array, activation
from gradproof.textbook.vectors import checked_layers


class Options(NamedTuple):
    """How the cost is computed, besides the examples and the parameters."""

    hidden: Activation
    lambd: float
    keep_prob: float
    seed: int


def checked_options(
    hidden_layers_activation_fn: str, *, lambd: float = 0.0, keep_prob: float, seed: int
) -> Options:
    """Return the options, or raise on the first that is none."""
    hidden = activation(hidden_layers_activation_fn)
    keep_prob = real_number(keep_prob, "keep_prob")
    if not 0 < keep_prob <= 1:
        raise InputError(f"keep_prob: found {keep_prob}, expected a number in (0, 1]")
    return Options(hidden, checked_lambd(lambd), keep_prob, whole_number(seed, "seed", at_least=0))


def checked_lambd(lambd: float) -> float:
    """Return the strength of the penalty, or raise unless it is finite, 0 or more."""
    strength = real_number(lambd, "lambd")
    if not 0 <= strength < math.inf:
        raise InputError(f"lambd: found {strength}, expected a finite number, 0 or more")
    return strength


def checked_inputs(X: npt.ArrayLike) -> Array:
    """Return X as float64, or raise unless it is (features, m), m at least 1."""
    inputs = float64_array(X, "X")
    if inputs.ndim != 2 or inputs.shape[1] < 1:
        raise InputError(
            f"X: found shape {inputs.shape}, expected (features, m), one example a column"
        )
    return inputs


def checked_examples(X: npt.ArrayLike, Y: npt.ArrayLike) -> tuple[Array, Array]:
    """Return X and Y as float64, or raise unless they are (features, m) and (1, m)."""
    inputs = checked_inputs(X)
    labels = float64_array(Y, "Y")
    if labels.shape != (1, inputs.shape[1]):
        raise InputError(
            f"Y: found shape {labels.shape}, expected (1, {inputs.shape[1]}), "
            "one label for each column of X"
        )
    _require_labels(labels)
    return inputs, labels


def checked_output(AL: npt.ArrayLike, Y: npt.ArrayLike) -> tuple[Array, Array]:
    """Return AL and Y as float64, or raise unless they are an output and its labels."""
    output = float64_array(AL, "AL")
    labels = float64_array(Y, "Y")
    if output.ndim != 2 or output.shape[0] != 1 or output.shape[1] < 1:
        raise InputError(
            f"AL: found shape {output.shape}, expected (1, m), one output for each example"
        )
    if labels.shape != output.shape:
        raise InputError(f"Y: found shape {labels.shape}, expected {output.shape}, as AL")
    _require_labels(labels)
    return output, labels


def checked_parameters(parameters: Mapping[str, npt.ArrayLike], X: Array) -> dict[str, Array]:
    """Return W1, b1, W2, b2, … as float64, or raise unless they lead from X to one output."""
    layers = float64_layers(parameters)
    if layers["W1"].shape[1] != X.shape[0]:
        raise InputError(
            f"parameters['W1']: found shape {layers['W1'].shape}, expected {X.shape[0]} columns, "
            "one for each row of X"
        )
    last = f"W{len(layers) // 2}"
    if layers[last].shape[0] != 1:
        raise InputError(
            f"parameters[{last!r}]: found shape {layers[last].shape}, expected 1 row: "
            "the last layer is the one output, the probability of the label 1"
        )
    return layers


def float64_layers(parameters: Mapping[str, npt.ArrayLike]) -> dict[str, Array]:
    """Return W1, b1, W2, b2, … as float64, or raise unless they are layers that fit."""
    return {
        key: float64_array(value, key)
        for key, value in checked_layers(parameters, "parameters").items()
    }


def _require_labels(labels: Array) -> None:
    low, high = labels.min(), labels.max()
    if not (low >= 0 and high <= 1):  # NaN as well
        raise InputError(f"Y: found values from {low:g} to {high:g}, expected labels in [0, 1]")
