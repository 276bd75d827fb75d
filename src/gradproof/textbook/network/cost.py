"""The cost: cross-entropy, from the output or from the logits, and the L2 penalty."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from gradproof._base.errors import InputError
from gradproof.textbook.network.activations import Array
from gradproof.textbook.network.arguments import (
    Options,
    checked_examples,
    checked_lambd,
    checked_options,
    checked_output,
    checked_parameters,
    float64_layers,
)
from gradproof.textbook.network.forward import layer_caches


def compute_cost(
    AL: npt.ArrayLike,
    Y: npt.ArrayLike,
    parameters: Mapping[str, npt.ArrayLike] | None = None,
    *,
    lambd: float = 0.0,
) -> float:
    r"""Compute the mean cross-entropy of the output, and its L2 penalty.

    :math:`-\tfrac{1}{m}\sum_i y_i \log a_i + (1 - y_i)\log(1 - a_i)
    + \tfrac{\lambda}{2m} \sum_l \|W_l\|_F^2`, with 0 · log 0 = 0 and nothing clipped.

    Parameters
    ----------
    AL : array_like of shape (1, m)
        The output of the network, probabilities in [0, 1].
    Y : array_like of shape (1, m)
        The labels, in [0, 1].
    parameters : mapping of str to array_like, optional
        Needed for the penalty only.
    lambd : float, default 0.0
        The strength λ of the L2 penalty on W1 to WL (not on the biases); 0 or more.

    Returns
    -------
    float
        The cost. An output that is 0 where the label is not (or 1 where it is not) costs infinity:
        `forward_prop_cost` works from the logits and stays finite.

    Raises
    ------
    InputError
        If the shapes differ, a label is not in [0, 1], `lambd` is not finite and 0 or more, or
        there is a penalty without `parameters`.

    See Also
    --------
    forward_prop_cost : The cost of given parameters, from the logits.

    Notes
    -----
    No pass through the network. Source: Goodfellow, Bengio & Courville, *Deep Learning* (2016),
    §6.2.2.2 and §7.1.1.

    Examples
    --------
    >>> from gradproof.textbook.network import compute_cost
    >>> round(compute_cost([[0.5, 0.5]], [[0, 1]]), 6)
    0.693147
    >>> compute_cost([[0.0, 1.0]], [[0, 1]])
    0.0
    """
    output, labels = checked_output(AL, Y)
    lambd = checked_lambd(lambd)
    cost = -np.mean(_x_log_y(labels, output) + _x_log_y(1 - labels, 1 - output))
    if lambd > 0 and parameters is None:
        raise InputError(f"parameters: found None, expected the weights that lambd={lambd} needs")
    weights = {} if parameters is None else float64_layers(parameters)
    return float(cost) + _penalty(weights, lambd, m=output.shape[1])


def forward_prop_cost(
    X: npt.ArrayLike,
    parameters: Mapping[str, npt.ArrayLike],
    Y: npt.ArrayLike,
    hidden_layers_activation_fn: str = "tanh",
    *,
    lambd: float = 0.0,
    keep_prob: float = 1.0,
    seed: int = 0,
) -> float:
    r"""Compute the cost of given parameters: the function whose gradient backpropagation is.

    The cross-entropy of a logit z is taken as :math:`\max(z, 0) - z y + \log(1 + e^{-|z|})`, which
    neither overflows nor loses digits, however large the logit.

    Parameters
    ----------
    X : array_like of shape (features, m)
        The inputs, one example a column.
    parameters : mapping of str to array_like
        ``W1, b1, …, WL, bL``; WL has one row.
    Y : array_like of shape (1, m)
        The labels, in [0, 1].
    hidden_layers_activation_fn : {"tanh", "relu", "sigmoid"}
        The activation of all hidden layers.
    lambd : float, default 0.0
        The strength λ of the L2 penalty; 0 or more.
    keep_prob : float, default 1.0
        Inverted dropout of the hidden units; 1.0 drops nothing.
    seed : int, default 0
        Seed of the dropout masks.

    Returns
    -------
    float
        The cost.

    Raises
    ------
    InputError
        If shapes do not fit together, a label is not in [0, 1], or an option cannot be understood.

    See Also
    --------
    compute_cost : The cost of a given output.

    Notes
    -----
    One forward pass. Source: Goodfellow, Bengio & Courville, *Deep Learning* (2016), §6.2.2.2 and
    §7.1.1.

    Examples
    --------
    >>> import numpy as np
    >>> from gradproof.textbook.network import forward_prop_cost
    >>> forward_prop_cost(np.array([[40.0]]), {"W1": np.eye(1), "b1": np.zeros((1, 1))}, np.eye(1))
    4.248354255291589e-18
    """
    inputs, labels = checked_examples(X, Y)
    options = checked_options(
        hidden_layers_activation_fn, lambd=lambd, keep_prob=keep_prob, seed=seed
    )
    return cost_of(inputs, checked_parameters(parameters, inputs), labels, options)


def cost_of(X: Array, parameters: Mapping[str, Array], Y: Array, options: Options) -> float:
    """Compute the cost of checked arguments: what a gradient check evaluates over and over."""
    Z = layer_caches(X, parameters, options)[-1].Z
    # max(z, 0) − z y, without the cancellation of two large terms where y is 1.
    linear = np.maximum(Z, 0.0) * (1 - Y) + np.maximum(-Z, 0.0) * Y
    m = Z.shape[1]
    cost = np.add.reduce(linear + np.log1p(np.exp(-np.abs(Z))), axis=None) / m
    return float(cost) + _penalty(parameters, options.lambd, m=m)


def _x_log_y(x: Array, y: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(x == 0, 0.0, x * np.log(y))


def _penalty(parameters: Mapping[str, Array], lambd: float, *, m: int) -> float:
    if lambd == 0:
        return 0.0
    squares = sum(float(np.sum(W * W)) for key, W in parameters.items() if key[0] == "W")
    return lambd / (2 * m) * squares
