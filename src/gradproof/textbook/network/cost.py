"""The cost: cross-entropy, from the output or from the logits, and the L2 penalty."""

from collections.abc import Mapping

import numpy as np

from gradproof._base.errors import InputError
from gradproof.textbook.network.activations import Array
from gradproof.textbook.network.forward import layer_caches


def compute_cost(
    AL: Array,
    Y: Array,
    parameters: Mapping[str, Array] | None = None,
    lambd: float = 0.0,
) -> float:
    r"""Compute the mean cross-entropy of the output, and its L2 penalty.

    :math:`-\tfrac{1}{m}\sum_i y_i \log a_i + (1 - y_i)\log(1 - a_i)
    + \tfrac{\lambda}{2m} \sum_l \|W_l\|_F^2`, with 0 · log 0 = 0 and nothing clipped.

    Parameters
    ----------
    AL : ndarray of shape (1, m)
        The output of the network, probabilities in [0, 1].
    Y : ndarray of shape (1, m)
        The labels, in [0, 1].
    parameters : mapping of str to ndarray, optional
        Needed for the penalty only.
    lambd : float, default 0.0
        The strength λ of the L2 penalty on all weights (not on the biases).

    Returns
    -------
    float
        The cost. An output that is 0 where the label is not (or 1 where it is not) costs infinity:
        `forward_prop_cost` works from the logits and stays finite.

    Raises
    ------
    InputError
        If the shapes differ, or there is a penalty without `parameters`.

    See Also
    --------
    forward_prop_cost : The cost of given parameters, from the logits.

    Notes
    -----
    No pass through the network. Source: Goodfellow, Bengio & Courville, *Deep Learning* (2016),
    §6.2.2.2 and §7.1.1.

    Examples
    --------
    >>> import numpy as np
    >>> from gradproof.textbook.network import compute_cost
    >>> round(compute_cost(np.array([[0.5, 0.5]]), np.array([[0, 1]])), 6)
    0.693147
    >>> compute_cost(np.array([[0.0, 1.0]]), np.array([[0, 1]]))
    0.0
    """
    if AL.shape != np.shape(Y):
        raise InputError(f"Y: found shape {np.shape(Y)}, expected {AL.shape}, as AL")
    cost = -np.mean(_x_log_y(Y, AL) + _x_log_y(1 - np.asarray(Y), 1 - AL))
    return float(cost) + _penalty(parameters, lambd, m=AL.shape[1])


def forward_prop_cost(
    X: Array,
    parameters: Mapping[str, Array],
    Y: Array,
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
    X : ndarray of shape (features, m)
        The inputs, one example a column.
    parameters : mapping of str to ndarray
        ``W1, b1, …, WL, bL``.
    Y : ndarray of shape (1, m)
        The labels, in [0, 1].
    hidden_layers_activation_fn : {"tanh", "relu", "sigmoid"}
        The activation of all hidden layers.
    lambd : float, default 0.0
        The strength λ of the L2 penalty.
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
        If shapes do not fit together, the activation is unknown or `keep_prob` is not in (0, 1].

    Notes
    -----
    One forward pass.

    Examples
    --------
    >>> import numpy as np
    >>> from gradproof.textbook.network import forward_prop_cost
    >>> forward_prop_cost(np.array([[40.0]]), {"W1": np.eye(1), "b1": np.zeros((1, 1))}, np.eye(1))
    4.248354255291589e-18
    """
    Z = layer_caches(X, parameters, hidden_layers_activation_fn, keep_prob, seed)[-1].Z
    if Z.shape != np.shape(Y):
        raise InputError(f"Y: found shape {np.shape(Y)}, expected {Z.shape}, the network's output")
    # max(z, 0) − z y, without the cancellation of two large terms where y is 1.
    linear = np.maximum(Z, 0.0) * (1 - np.asarray(Y)) + np.maximum(-Z, 0.0) * Y
    cost = np.mean(linear + np.log1p(np.exp(-np.abs(Z))))
    return float(cost) + _penalty(parameters, lambd, m=Z.shape[1])


def _x_log_y(x: Array, y: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(x == 0, 0.0, x * np.log(y))


def _penalty(parameters: Mapping[str, Array] | None, lambd: float, *, m: int) -> float:
    if lambd == 0:
        return 0.0
    if parameters is None:
        raise InputError(f"parameters: found None, expected the weights that lambd={lambd} needs")
    squares = sum(float(np.sum(W * W)) for key, W in parameters.items() if key[0] == "W")
    return lambd / (2 * m) * squares
