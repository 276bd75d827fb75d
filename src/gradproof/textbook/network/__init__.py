"""The L-layer network from scratch: hidden layers of one activation, one sigmoid output.

X holds one example a column, shape (features, m); Y holds the labels, shape (1, m). Parameters are
a dict ``W1, b1, …, WL, bL``, Wl of shape (units of layer l, units of layer l − 1) and bl of shape
(units of layer l, 1).
"""

from gradproof.textbook.network.activations import relu, sigmoid, tanh
from gradproof.textbook.network.backward import L_model_backward
from gradproof.textbook.network.checking import gradient_check, numerical_gradient
from gradproof.textbook.network.cost import compute_cost, forward_prop_cost
from gradproof.textbook.network.forward import L_model_forward, LayerCache
from gradproof.textbook.network.setup import initialize_parameters, random_examples

__all__ = [
    "L_model_backward",
    "L_model_forward",
    "LayerCache",
    "compute_cost",
    "forward_prop_cost",
    "gradient_check",
    "initialize_parameters",
    "numerical_gradient",
    "random_examples",
    "relu",
    "sigmoid",
    "tanh",
]
