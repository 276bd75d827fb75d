"""The forward pass: from the images to the probability of the label 1."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from gradproof._base.errors import InputError
from gradproof._base.validation import real_number
from gradproof.textbook.network.activations import Array, activation, sigmoid


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
    X: Array,
    parameters: Mapping[str, Array],
    hidden_layers_activation_fn: str = "relu",
    *,
    keep_prob: float = 1.0,
    seed: int = 0,
) -> tuple[Array, list[LayerCache]]:
    """Compute the output of the network, and keep what the backward pass needs.

    Parameters
    ----------
    X : ndarray of shape (features, m)
        The inputs, one example a column.
    parameters : mapping of str to ndarray
        ``W1, b1, …, WL, bL``.
    hidden_layers_activation_fn : {"relu", "tanh", "sigmoid"}
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
        If shapes do not fit together, the activation is unknown or `keep_prob` is not in (0, 1].

    See Also
    --------
    L_model_backward : The gradient, from the caches.

    Notes
    -----
    One forward pass. Dropout: Srivastava et al., *JMLR* 15 (2014) 1929–1958, in its inverted form.

    Examples
    --------
    >>> import numpy as np
    >>> from gradproof.textbook import network
    >>> parameters = network.initialize_parameters([4, 3, 1])
    >>> AL, caches = network.L_model_forward(np.ones((4, 2)), parameters, "tanh")
    >>> AL.shape, len(caches)
    ((1, 2), 2)
    """
    caches = layer_caches(X, parameters, hidden_layers_activation_fn, keep_prob, seed)
    return caches[-1].A, caches


def layer_caches(
    X: Array,
    parameters: Mapping[str, Array],
    hidden_layers_activation_fn: str,
    keep_prob: float,
    seed: int,
) -> list[LayerCache]:
    """Run the forward pass; the last cache holds the logits Z and the output A."""
    hidden = activation(hidden_layers_activation_fn)
    keep_prob = real_number(keep_prob, "keep_prob")
    if not 0 < keep_prob <= 1:
        raise InputError(f"keep_prob: found {keep_prob}, expected a number in (0, 1]")
    rng = np.random.default_rng(seed) if keep_prob < 1 else None
    layers = len(parameters) // 2
    caches = []
    A = X
    for layer in range(1, layers + 1):
        W, b = _layer(parameters, layer, A)
        Z = W @ A + b
        last = layer == layers
        out = sigmoid(Z) if last else hidden.function(Z)
        mask = None
        if rng is not None and not last:
            mask = (rng.random(out.shape) < keep_prob) / keep_prob
        caches.append(LayerCache(A, W, Z, out, mask))
        A = out if mask is None else out * mask
    return caches


def _layer(parameters: Mapping[str, Array], layer: int, A: Array) -> tuple[Array, Array]:
    try:
        W, b = parameters[f"W{layer}"], parameters[f"b{layer}"]
    except KeyError as error:
        raise InputError(
            f"parameters: {error.args[0]} missing, found {', '.join(map(str, parameters))}"
        ) from None
    if W.shape[1:] != A.shape[:1]:
        below = "X" if layer == 1 else f"W{layer - 1}"
        raise InputError(
            f"parameters['W{layer}']: found shape {W.shape}, expected {A.shape[0]} columns, "
            f"one for each row of {below}"
        )
    if b.shape != (W.shape[0], 1):
        raise InputError(
            f"parameters['b{layer}']: found shape {b.shape}, expected {(W.shape[0], 1)}, "
            f"one row for each row of W{layer}"
        )
    return W, b
