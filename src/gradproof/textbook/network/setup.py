"""Before the first pass: random parameters, and a few examples to try them on."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gradproof._base.errors import InputError
from gradproof._base.memory import bytes_of, require_memory
from gradproof._base.validation import described, whole_number
from gradproof.textbook.network.activations import Array
from gradproof.textbook.network.arguments import checked_examples
from gradproof.textbook.vectors import parameter_shapes


def initialize_parameters(layers_dims: Sequence[int], seed: int = 0) -> dict[str, Array]:
    """Draw the weights of a network from N(0, 1/fan_in); the biases are 0.

    Parameters
    ----------
    layers_dims : sequence of int
        The number of units of every layer, the input first: L + 1 numbers for L layers.
    seed : int, default 0
        Seed of the random numbers: the same seed gives the same weights.

    Returns
    -------
    dict of str to ndarray
        ``W1, b1, …, WL, bL`` in float64.

    Raises
    ------
    InputError
        If `layers_dims` is no list of at least two positive whole numbers.

    Notes
    -----
    Costs no pass. A variance of 1/fan_in keeps the size of the signal from layer to layer. Source:
    LeCun, Bottou, Orr & Müller, *Efficient BackProp* (1998), §4.6.

    Examples
    --------
    >>> from gradproof.textbook.network import initialize_parameters
    >>> parameters = initialize_parameters([12288, 5, 5, 1])
    >>> {key: value.shape for key, value in parameters.items()}
    {'W1': (5, 12288), 'b1': (5, 1), 'W2': (5, 5), 'b2': (5, 1), 'W3': (1, 5), 'b3': (1, 1)}
    """
    rng = np.random.default_rng(whole_number(seed, "seed", at_least=0))
    shapes = parameter_shapes(layers_dims)
    require_memory(sum(map(bytes_of, shapes.values())), "layers_dims", described(layers_dims))
    return {
        key: (rng.standard_normal(shape) / np.sqrt(shape[1]) if key[0] == "W" else np.zeros(shape))
        for key, shape in shapes.items()
    }


def random_examples(
    X: npt.ArrayLike, Y: npt.ArrayLike, k: int, seed: int = 0
) -> tuple[Array, Array]:
    """Draw `k` different examples at random: a gradient check needs few.

    Parameters
    ----------
    X : array_like of shape (features, m)
        The inputs, one example a column.
    Y : array_like of shape (1, m)
        The labels, in [0, 1].
    k : int
        How many examples, from 1 to m.
    seed : int, default 0
        Seed of the draw.

    Returns
    -------
    X_k : ndarray of shape (features, k)
        The drawn inputs, a copy.
    Y_k : ndarray of shape (1, k)
        Their labels, a copy.

    Raises
    ------
    InputError
        If `X` and `Y` do not belong together, a label is not in [0, 1] or `k` is not from 1 to m.

    Notes
    -----
    Costs no pass; draws without replacement, every example with the same probability.

    Examples
    --------
    >>> import numpy as np
    >>> from gradproof.textbook.network import random_examples
    >>> X, Y = np.arange(10.0).reshape(2, 5), np.array([[0, 1, 0, 1, 0]])
    >>> X_k, Y_k = random_examples(X, Y, k=3)
    >>> X_k.shape, Y_k.shape
    ((2, 3), (1, 3))
    """
    inputs, labels = checked_examples(X, Y)
    m = inputs.shape[1]
    if whole_number(k, "k", at_least=1) > m:
        raise InputError(f"k: found {k}, expected at most {m}, the number of examples in X")
    rng = np.random.default_rng(whole_number(seed, "seed", at_least=0))
    chosen = rng.choice(m, size=k, replace=False)
    return inputs[:, chosen], labels[:, chosen]
