"""The activations of the network, each with its derivative."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gradproof._base.errors import InputError
from gradproof._base.validation import float64_array

Array = npt.NDArray[np.float64]


def sigmoid(Z: npt.ArrayLike) -> Array:
    """Return 1 / (1 + exp(−Z)), without overflow for any Z.

    Parameters
    ----------
    Z : array_like
        Real numbers of any shape.

    Returns
    -------
    ndarray
        Values in [0, 1], in the shape of `Z`.

    Raises
    ------
    InputError
        If `Z` does not hold real numbers.

    Notes
    -----
    One exponential for each component. Source: Goodfellow, Bengio & Courville, *Deep Learning*
    (2016), §3.10.

    Examples
    --------
    >>> import numpy as np
    >>> from gradproof.textbook.network import sigmoid
    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    logits = float64_array(Z, "Z")
    # exp never sees a positive argument: e^-|z| is what either branch needs.
    decay = np.exp(-np.abs(logits))
    result: Array = np.where(logits >= 0, 1.0, decay) / (1.0 + decay)
    return result


def tanh(Z: npt.ArrayLike) -> Array:
    """Return the hyperbolic tangent.

    Parameters
    ----------
    Z : array_like
        Real numbers of any shape.

    Returns
    -------
    ndarray
        Values in [−1, 1], in the shape of `Z`.

    Raises
    ------
    InputError
        If `Z` does not hold real numbers.

    Notes
    -----
    One hyperbolic tangent for each component. Source: Goodfellow, Bengio & Courville, *Deep
    Learning* (2016), §6.3.2.

    Examples
    --------
    >>> import numpy as np
    >>> from gradproof.textbook.network import tanh
    >>> tanh(np.array([0.0, 40.0]))
    array([0., 1.])
    """
    return np.tanh(float64_array(Z, "Z"))


def relu(Z: npt.ArrayLike) -> Array:
    """Return max(0, Z).

    Parameters
    ----------
    Z : array_like
        Real numbers of any shape.

    Returns
    -------
    ndarray
        Values of 0 or more, in the shape of `Z`.

    Raises
    ------
    InputError
        If `Z` does not hold real numbers.

    Notes
    -----
    One comparison for each component. Source: Goodfellow, Bengio & Courville, *Deep Learning*
    (2016), §6.3.1.

    Examples
    --------
    >>> import numpy as np
    >>> from gradproof.textbook.network import relu
    >>> relu(np.array([-1.0, 2.0]))
    array([0., 2.])
    """
    return np.maximum(float64_array(Z, "Z"), 0.0)


class Activation(NamedTuple):
    """A function and its derivative, which is told both Z and A = function(Z)."""

    function: Callable[[Array], Array]
    derivative: Callable[[Array, Array], Array]


_ACTIVATIONS = {
    "sigmoid": Activation(sigmoid, lambda Z, A: A * (1.0 - A)),
    "tanh": Activation(tanh, lambda Z, A: 1.0 - A * A),
    "relu": Activation(relu, lambda Z, A: (Z > 0).astype(np.float64)),
}


def activation(name: str) -> Activation:
    """Look an activation up by its name, or raise with the names that there are."""
    try:
        return _ACTIVATIONS[name]
    except (KeyError, TypeError):
        raise InputError(
            f"hidden_layers_activation_fn: found {name!r}, expected one of "
            f"{', '.join(map(repr, _ACTIVATIONS))}"
        ) from None
