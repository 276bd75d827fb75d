"""The classic check of the network's backward pass: two evaluations for every parameter."""

import os
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from gradproof._base.errors import InputError
from gradproof._base.validation import positive_number
from gradproof.textbook.comparison import relative_error
from gradproof.textbook.network.activations import Array
from gradproof.textbook.network.arguments import (
    Options,
    checked_examples,
    checked_options,
    checked_parameters,
)
from gradproof.textbook.network.cost import cost_of
from gradproof.textbook.vectors import (
    checked_dims,
    dictionary_to_vector,
    gradients_to_vector,
    ordered_arrays,
    vector_to_dictionary,
)

# The classic code compares with 10e-7, which is 1e-6.
_THRESHOLD = 10e-7
_GREEN, _RED, _PLAIN = "\033[92m", "\033[91m", "\033[0m"


def gradient_check(
    parameters: Mapping[str, npt.ArrayLike],
    gradients: Mapping[str, npt.ArrayLike],
    X: npt.ArrayLike,
    Y: npt.ArrayLike,
    layers_dims: Sequence[int],
    epsilon: float = 1e-7,
    hidden_layers_activation_fn: str = "tanh",
    *,
    lambd: float = 0.0,
    keep_prob: float = 1.0,
    seed: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> float:
    r"""Check the gradients of the network against two-sided differences, and print the verdict.

    Both dictionaries are rolled into vectors; the difference is
    :math:`\|a - n\|_2 / (\|a\|_2 + \|n\|_2)`. The verdict is green, or red when the difference is
    above 10e-7 = 1e-6, as the classic code has it; the classic *text* asks for 1e-7.

    Parameters
    ----------
    parameters : mapping of str to array_like
        ``W1, b1, …, WL, bL``: the point. Never changed.
    gradients : mapping of str to array_like
        ``dW1, db1, …`` as :func:`L_model_backward` returns them (``dA…`` may be among them), each
        in the shape of its parameter.
    X : array_like of shape (features, m)
        The inputs; one example is enough.
    Y : array_like of shape (1, m)
        The labels, in [0, 1].
    layers_dims : sequence of int
        The number of units of every layer, the input first: those of `parameters`.
    epsilon : float, default 1e-7
        The step, the same for every parameter; positive.
    hidden_layers_activation_fn : {"tanh", "relu", "sigmoid"}
        The activation of all hidden layers.
    lambd : float, default 0.0
        The strength of the L2 penalty in the cost that the gradients claim to belong to.
    keep_prob : float, default 1.0
        Its inverted dropout; 1.0 drops nothing.
    seed : int, default 0
        Seed of its dropout masks.
    progress : callable, optional
        Called as ``progress(done, n)`` after every parameter.

    Returns
    -------
    float
        The difference; NaN (printed in red) where something is not finite.

    Raises
    ------
    InputError
        If an argument cannot be understood or shapes do not fit together.

    See Also
    --------
    numerical_gradient : The differences alone.

    Notes
    -----
    Costs 2n evaluations of the cost, n the number of parameters; all arguments are checked before
    the first. Colours are left out where the environment has ``NO_COLOR`` or ``TERM=dumb``. Source:
    Andrew Ng, *Improving Deep Neural Networks* (2017), week 1, "Gradient checking".

    Examples
    --------
    >>> import numpy as np
    >>> from gradproof.textbook import network
    >>> X, Y = np.random.default_rng(1).random((1024, 1)), np.array([[1.0]])
    >>> layers_dims = [1024, 5, 5, 1]
    >>> parameters = network.initialize_parameters(layers_dims, seed=1)
    >>> AL, caches = network.L_model_forward(X, parameters, "tanh")
    >>> gradients = network.L_model_backward(AL, Y, caches, "tanh")
    >>> difference = network.gradient_check(parameters, gradients, X, Y, layers_dims)
    The backward pass is right! difference = ...e-09
    >>> difference < 1e-7
    True

    A wrong factor in one tensor:

    >>> X, layers_dims = X[:4], [4, 3, 3, 1]
    >>> parameters = network.initialize_parameters(layers_dims, seed=1)
    >>> AL, caches = network.L_model_forward(X, parameters, "tanh")
    >>> gradients = network.L_model_backward(AL, Y, caches, "tanh")
    >>> gradients["dW2"] = gradients["dW2"] * 2
    >>> difference = network.gradient_check(parameters, gradients, X, Y, layers_dims)
    There is a mistake in the backward pass! difference = 0.20...
    """
    epsilon = positive_number(epsilon, "epsilon")
    options = checked_options(
        hidden_layers_activation_fn, lambd=lambd, keep_prob=keep_prob, seed=seed
    )
    cost, point = _cost_and_point(parameters, X, Y, layers_dims, options)
    claimed = _claimed(gradients, point)
    difference = relative_error(claimed, _differences(cost, point, epsilon, progress))
    _print_verdict(difference)
    return difference


def numerical_gradient(
    parameters: Mapping[str, npt.ArrayLike],
    X: npt.ArrayLike,
    Y: npt.ArrayLike,
    layers_dims: Sequence[int],
    epsilon: float = 1e-7,
    hidden_layers_activation_fn: str = "tanh",
    *,
    lambd: float = 0.0,
    keep_prob: float = 1.0,
    seed: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> Array:
    r"""Approximate the gradient of the network's cost by two-sided differences, the classic loop.

    Parameters
    ----------
    parameters : mapping of str to array_like
        ``W1, b1, …, WL, bL``: the point. Never changed.
    X : array_like of shape (features, m)
        The inputs.
    Y : array_like of shape (1, m)
        The labels, in [0, 1].
    layers_dims : sequence of int
        The number of units of every layer, the input first: those of `parameters`.
    epsilon : float, default 1e-7
        The step, the same for every parameter; positive.
    hidden_layers_activation_fn : {"tanh", "relu", "sigmoid"}
        The activation of all hidden layers.
    lambd : float, default 0.0
        The strength of the L2 penalty.
    keep_prob : float, default 1.0
        Inverted dropout of the hidden units; 1.0 drops nothing.
    seed : int, default 0
        Seed of the dropout masks.
    progress : callable, optional
        Called as ``progress(done, n)`` after every parameter.

    Returns
    -------
    ndarray of shape (n, 1)
        The gradient, in the order of `dictionary_to_vector`.

    Raises
    ------
    InputError
        If an argument cannot be understood or shapes do not fit together.

    Notes
    -----
    Costs 2n evaluations of the cost, n the number of parameters, each with a copy of the vector and
    a new dictionary. A step below half the spacing of floats at a parameter is lost in it, and the
    difference is 0: the step should grow with the size of the parameter. Source: Andrew Ng,
    *Improving Deep Neural Networks* (2017), week 1, "Gradient checking".

    Examples
    --------
    >>> import numpy as np
    >>> from gradproof.textbook import network
    >>> parameters = network.initialize_parameters([2, 1])
    >>> numerical = network.numerical_gradient(parameters, [[1.0], [0.5]], [[1.0]], [2, 1])
    >>> AL, caches = network.L_model_forward([[1.0], [0.5]], parameters)
    >>> np.allclose(network.L_model_backward(AL, [[1.0]], caches)["dW1"].T, numerical[:2])
    True
    """
    epsilon = positive_number(epsilon, "epsilon")
    options = checked_options(
        hidden_layers_activation_fn, lambd=lambd, keep_prob=keep_prob, seed=seed
    )
    cost, point = _cost_and_point(parameters, X, Y, layers_dims, options)
    return _differences(cost, point, epsilon, progress)


def _cost_and_point(
    parameters: Mapping[str, npt.ArrayLike],
    X: npt.ArrayLike,
    Y: npt.ArrayLike,
    layers_dims: Sequence[int],
    options: Options,
) -> tuple[Callable[[Array], float], dict[str, Array]]:
    """Return the cost as a function of the vector, and the parameters, or raise unless they fit."""
    inputs, labels = checked_examples(X, Y)
    point = checked_parameters(parameters, inputs)
    dims = checked_dims(layers_dims)
    found = [len(inputs), *(len(value) for key, value in point.items() if key[0] == "W")]
    if dims != found:
        raise InputError(f"layers_dims: found {dims}, expected {found}, the layers of parameters")

    def cost(vector: Array) -> float:
        return cost_of(inputs, vector_to_dictionary(vector, dims), labels, options)

    return cost, point


def _claimed(gradients: Mapping[str, npt.ArrayLike], point: Mapping[str, Array]) -> Array:
    """Roll the gradients into a vector, or raise unless each has the shape of its parameter."""
    arrays = ordered_arrays(gradients, "gradients", prefix="d", layers=len(point) // 2)
    for key, value in point.items():
        if arrays[f"d{key}"].shape != value.shape:
            raise InputError(
                f"gradients['d{key}']: found shape {arrays[f'd{key}'].shape}, "
                f"expected {value.shape}, the shape of {key}"
            )
    return gradients_to_vector(gradients)


def _differences(
    cost: Callable[[Array], float],
    point: Mapping[str, Array],
    epsilon: float,
    progress: Callable[[int, int], object] | None,
) -> Array:
    theta = dictionary_to_vector(point)
    gradient = np.empty_like(theta)
    for i in range(theta.size):
        theta_plus, theta_minus = theta.copy(), theta.copy()
        theta_plus[i] += epsilon
        theta_minus[i] -= epsilon
        gradient[i] = (cost(theta_plus) - cost(theta_minus)) / (2 * epsilon)
        if progress is not None:
            progress(i + 1, theta.size)
    return gradient


def _print_verdict(difference: float) -> None:
    right = difference <= _THRESHOLD  # False for NaN
    sentence = (
        "The backward pass is right!" if right else "There is a mistake in the backward pass!"
    )
    text = f"{sentence} difference = {difference}"
    colour = _GREEN if right else _RED
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    print(text if plain else f"{colour}{text}{_PLAIN}")
