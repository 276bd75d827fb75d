"""The backward pass: backpropagation from scratch."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gradproof._base.errors import InputError
from gradproof._base.validation import described
from gradproof.textbook.network.activations import Array, activation, sigmoid
from gradproof.textbook.network.arguments import checked_lambd, checked_output
from gradproof.textbook.network.forward import LayerCache


def L_model_backward(
    AL: npt.ArrayLike,
    Y: npt.ArrayLike,
    caches: Sequence[LayerCache],
    hidden_layers_activation_fn: str = "tanh",
    *,
    lambd: float = 0.0,
) -> dict[str, Array]:
    """Compute the gradient of the cost by backpropagation.

    Parameters
    ----------
    AL : array_like of shape (1, m)
        The output of :func:`L_model_forward`.
    Y : array_like of shape (1, m)
        The labels, in [0, 1].
    caches : sequence of LayerCache
        From the same forward pass; dropout masks are in them.
    hidden_layers_activation_fn : {"tanh", "relu", "sigmoid"}
        The activation of all hidden layers, as in the forward pass.
    lambd : float, default 0.0
        The strength λ of the L2 penalty, as in the cost; 0 or more.

    Returns
    -------
    dict of str to ndarray
        ``dW1, db1, …, dWL, dbL``, the derivatives of the cost with respect to the parameters, each
        in its parameter's shape; and ``dA0, …, dA(L−1)``, those with respect to the activations
        (dA0: to X).

    Raises
    ------
    InputError
        If `Y` holds no labels in the shape of `AL`, `caches` are not those of such an output, the
        activation is unknown or `lambd` is not finite and 0 or more.

    See Also
    --------
    gradient_check : Is it right?

    Notes
    -----
    One backward pass. Source: Rumelhart, Hinton & Williams, *Nature* 323 (1986) 533–536. At its
    kink the derivative of relu is taken as 0.

    Examples
    --------
    >>> import numpy as np
    >>> from gradproof.textbook import network
    >>> X, Y = np.ones((4, 2)), np.array([[0.0, 1.0]])
    >>> parameters = network.initialize_parameters([4, 3, 1])
    >>> AL, caches = network.L_model_forward(X, parameters)
    >>> gradients = network.L_model_backward(AL, Y, caches)
    >>> sorted(gradients)
    ['dA0', 'dA1', 'dW1', 'dW2', 'db1', 'db2']
    """
    output, labels = checked_output(AL, Y)
    _require_caches(caches, output)
    hidden = activation(hidden_layers_activation_fn)
    lambd = checked_lambd(lambd)
    m = output.shape[1]
    gradients: dict[str, Array] = {}
    # AL − Y from the logits: sigmoid and cross-entropy together need no division by AL (1 − AL),
    # and where AL rounds to the label the difference keeps its digits.
    Z = caches[-1].Z
    dZ = ((1.0 - labels) * sigmoid(Z) - labels * sigmoid(-Z)) / m
    for layer in range(len(caches), 0, -1):
        cache = caches[layer - 1]
        gradients[f"dW{layer}"] = dZ @ cache.A_prev.T + lambd / m * cache.W
        gradients[f"db{layer}"] = np.sum(dZ, axis=1, keepdims=True)
        gradients[f"dA{layer - 1}"] = dA = cache.W.T @ dZ
        if layer > 1:
            below = caches[layer - 2]
            masked = dA if below.mask is None else dA * below.mask
            dZ = masked * hidden.derivative(below.Z, below.A)
    return gradients


def _require_caches(caches: Sequence[LayerCache], output: Array) -> None:
    if (
        not isinstance(caches, Sequence)
        or not caches
        or not all(isinstance(cache, LayerCache) for cache in caches)
    ):
        raise InputError(
            f"caches: found {described(caches)}, "
            "expected a list of LayerCache, as L_model_forward returns it"
        )
    if caches[-1].A.shape != output.shape:
        raise InputError(
            f"caches: found an output of shape {caches[-1].A.shape}, "
            f"expected {output.shape}, that of AL"
        )
