"""The forward pass: from the images to the probability of the label 1."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gradproof.textbook.network.activations import Array, sigmoid
from gradproof.textbook.network.arguments import (
    Options,
    checked_inputs,
    checked_options,
    checked_parameters,
)


class LayerCache(NamedTuple):
    """What the backward pass needs of one layer.

    Parameters
    ----------
    A_prev : ndarray of shape (units of the layer below, m)
        The input of the layer.
    W : ndarray of shape (units, units of the layer below)
        Its weights.
    Z : ndarray of shape (units, m)
        W A_prev + b.
    A : ndarray of shape (units, m)
        The activation of Z, before dropout.
    mask : ndarray of shape (units, m) or None
        The factors of dropout, 0 or 1/keep_prob; None without dropout.

    Examples
    --------
    >>> from gradproof.textbook.network import LayerCache
    >>> LayerCache._fields
    ('A_prev', 'W', 'Z', 'A', 'mask')
    """

    A_prev: Array
    W: Array
    Z: Array
    A: Array
    mask: Array | None


def L_model_forward(
    X: npt.ArrayLike,
    parameters: Mapping[str, npt.ArrayLike],
    hidden_layers_activation_fn: str = "tanh",
    *,
    keep_prob: float = 1.0,
    seed: int = 0,
) -> tuple[Array, list[LayerCache]]:
    """Compute the output of the network, and keep what the backward pass needs.

    Parameters
    ----------
    X : array_like of shape (features, m)
        The inputs, one example a column; m is at least 1.
    parameters : mapping of str to array_like
        ``W1, b1, …, WL, bL``; WL has one row.
    hidden_layers_activation_fn : {"tanh", "relu", "sigmoid"}
        The activation of all hidden layers; the output layer is a sigmoid.
    keep_prob : float, default 1.0
        Inverted dropout: every hidden unit is kept with this probability and divided by it, or set
        to 0. With 1.0 nothing is dropped; check gradients so, or with a fixed seed.
    seed : int, default 0
        Seed of the dropout masks: the same seed drops the same units.

    Returns
    -------
    AL : ndarray of shape (1, m)
        The probability of the label 1.
    caches : list of LayerCache
        One for each layer, the first layer first.

    Raises
    ------
    InputError
        If a key is missing or is no parameter, shapes do not fit together, the last layer has more
        than one unit, the activation is unknown, `keep_prob` is not in (0, 1] or `seed` is no whole
        number.

    See Also
    --------
    L_model_backward : The gradient, from the caches.

    Notes
    -----
    One forward pass, in float64. Source: Goodfellow, Bengio & Courville, *Deep Learning* (2016),
    algorithm 6.3; dropout: Srivastava et al., *JMLR* 15 (2014) 1929–1958, in its inverted form.

    Examples
    --------
    >>> import numpy as np
    >>> from gradproof.textbook import network
    >>> parameters = network.initialize_parameters([4, 3, 1])
    >>> AL, caches = network.L_model_forward(np.ones((4, 2)), parameters)
    >>> AL.shape, len(caches)
    ((1, 2), 2)
    """
    inputs = checked_inputs(X)
    options = checked_options(hidden_layers_activation_fn, keep_prob=keep_prob, seed=seed)
    caches = layer_caches(inputs, checked_parameters(parameters, inputs), options)
    return caches[-1].A, caches


def layer_caches(X: Array, parameters: Mapping[str, Array], options: Options) -> list[LayerCache]:
    """Run the forward pass on checked arguments; the last cache holds the logits Z and output A."""
    rng = np.random.default_rng(options.seed) if options.keep_prob < 1 else None
    layers = len(parameters) // 2
    caches = []
    A = X
    for layer in range(1, layers + 1):
        W = parameters[f"W{layer}"]
        Z = W @ A + parameters[f"b{layer}"]
        last = layer == layers
        out = sigmoid(Z) if last else options.hidden.function(Z)
        mask = None
        if rng is not None and not last:
            mask = (rng.random(out.shape) < options.keep_prob) / options.keep_prob
        caches.append(LayerCache(A, W, Z, out, mask))
        A = out if mask is None else out * mask
    return caches
