"""Malformed calls of the textbook room: differences, vectors of parameters, the network."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from tests.bad_input.calls_of_check import TWO
from tests.bad_input.cases import Case, of_option

import gradproof as gp
from gradproof import textbook
from gradproof.textbook import network

X, Y = np.ones((2, 3)), np.array([[0, 1, 0]])
PARAMETERS = network.initialize_parameters([2, 3, 1])
_REAL = "expected one real number"
_STEP = "expected a positive, finite number"
_ARRAY = "expected an array of"
_WHOLE = "expected a whole number"
_DIMS = "expected a list of the units of at least two layers"

_DIFFERENCES: list[Callable[..., float]] = [
    textbook.forward_difference,
    textbook.backward_difference,
    textbook.central_difference,
]


DIFFERENCES: list[Case] = [
    case
    for difference in _DIFFERENCES
    for case in [
        *of_option(
            "f",
            lambda v, d=difference: d(v, 1.0),
            "expected a function, called as f(x)",
            [None, "sin", 3.0],
        ),
        *of_option("x", lambda v, d=difference: d(abs, v), _REAL, [None, "1", 1j, [1, 2], 10**400]),
        *of_option(
            "h",
            lambda v, d=difference: d(abs, 1.0, v),
            _STEP,
            [0, -1e-7, math.nan, math.inf, "1e-7", None],
        ),
        Case(
            "f-returns-a-word",
            lambda d=difference: d(lambda x: "1", 1.0, 0.5),
            ("found '1'", _REAL),
        ),
    ]
] + [
    *of_option(
        "f", lambda v: gp.numerical_gradient(v, [1.0]), "called as f(params)", [None, "f", 1.0]
    ),
    *of_option(
        "params",
        lambda v: gp.numerical_gradient(np.sum, v),
        _ARRAY,
        [None, "x", [[1], [2, 3]], [1j], {}, object(), [None], np.array(["2020"], dtype="M8[Y]")],
    ),
    *of_option("h", lambda v: gp.numerical_gradient(np.sum, [1.0], v), _STEP, [0, -1, "x", None]),
    *of_option(
        "analytical_grad_fn",
        lambda v: gp.gradient_check(np.sum, v, [1.0]),
        "called as analytical_grad_fn(params)",
        [None, "g", [1.0]],
    ),
    *of_option(
        "tolerance",
        lambda v: gp.gradient_check(np.sum, np.ones_like, [1.0], tolerance=v),
        _STEP,
        [0, -1, "x", None, math.nan, math.inf],
    ),
    *of_option(
        "the value of analytical_grad_fn",
        lambda v: gp.gradient_check(np.sum, lambda x: v, [1.0]),
        _ARRAY,
        [None, "x", [1j], {}],
    ),
    Case(
        "a-masked-gradient",
        lambda: gp.gradient_check(np.sum, lambda x: np.ma.array([1.0], mask=[True]), [1.0]),
        ("the value of analytical_grad_fn: found an array of which 1 of 1 numbers are masked",),
    ),
    Case(
        "a-gradient-of-another-shape",
        lambda: gp.gradient_check(np.sum, lambda x: [1.0, 2.0], [1.0]),
        ("the value of analytical_grad_fn: found shape (2,)", "expected (1,), the shape of par"),
    ),
    Case(
        "f-returns-an-array",
        lambda: gp.numerical_gradient(lambda x: x, [1.0, 2.0]),
        ("the value of f: found an array of shape (2,)", _REAL),
    ),
    *[
        Case(
            f"{name}-of-two",
            call,
            (f"{name}: found a function of (x, y)", f"called with one argument, {name}(params)"),
        )
        for name, call in (
            ("f", lambda: gp.numerical_gradient(TWO, [1.0])),
            ("f", lambda: gp.gradient_check(TWO, np.ones_like, [1.0])),
            ("analytical_grad_fn", lambda: gp.gradient_check(np.sum, TWO, [1.0])),
        )
    ],
    Case(
        "f-of-two-numbers",
        lambda: textbook.central_difference(TWO, 1.0),
        ("f: found a function of (x, y)", "called with one argument, f(x)"),
    ),
    *of_option("error", textbook.grade, _REAL, [None, "x", 1j, [1, 2]]),
    Case("error=-1", lambda: textbook.grade(-1.0), ("error: found -1.0", "expected a relative er")),
    *[
        Case(f"compared-{name}", lambda a=a, b=b: textbook.relative_error(a, b), says)
        for name, a, b, says in (
            ("shapes", [1], [1, 2], ("b: found shape (2,)", "expected (1,), as in a")),
            ("nothing", None, 1, ("a: found None", _ARRAY)),
            ("words", "x", "y", ("a: found 'x'", _ARRAY)),
            ("complex-numbers", [1j], [1], ("a: found [1j]", _ARRAY)),
            ("a-dict", {"a": 1}, 1, ("a: found {'a': 1}", _ARRAY)),
        )
    ],
    Case(
        "compared-keys",
        lambda: textbook.largest_differences({"a": [1.0]}, {"b": [1.0]}, 1),
        ("b: found the keys ['b']", "expected the keys ['a'], as in a"),
    ),
    *of_option(
        "k",
        lambda v: textbook.largest_differences([1.0, 2.0], [1.0, 2.0], v),
        _WHOLE,
        [0, -1, "x", 1.5, None],
    ),
]

_MALFORMED: list[tuple[str, Any, str]] = [
    ("nothing", None, "expected a mapping of W1, b1"),
    ("a-list", [], "expected a mapping of W1, b1"),
    ("empty", {}, "W1, b1 missing"),
    ("no-bias", {"W1": [[1.0]]}, "b1 missing, found W1"),
    ("no-weights", {"b1": [[1.0]]}, "W1 missing, found b1"),
    ("another-key", {"W1": [[1.0]], "b1": [[1.0]], "x": 1}, "found the key 'x', expected W1, b1"),
    ("no-first-layer", {"W2": [[1.0]], "b2": [[1.0]]}, "W1, b1 missing, found W2, b2"),
    ("layer-0", {"W0": [[1.0]], "b0": [[1.0]]}, "found the key 'W0', expected W1, b1"),
    ("layer-01", {"W01": [[1.0]], "b01": [[1.0]]}, "found the key 'W01', expected W1, b1"),
    ("arabic-digits", {"W٣": [[1.0]], "b٣": [[1.0]]}, "found the key 'W٣', expected W1, b1"),
    ("a-number", {1: [[1.0]]}, "found the key '1', expected W1, b1"),
    ("5000-digits", {"W" + "9" * 5000: [[1.0]]}, "found the key 'W999"),
    ("a-gap-of-millions", {"W99999999": [[1.0]]}, "W1, b1, W2, b2, W3, b3 and 199,999,991 more mi"),
    ("control-characters", {"\x1b[31m": 1}, r"found the key '\x1b[31m', expected W1, b1"),
    ("weights-in-a-row", {"W1": [1.0], "b1": [[1.0]]}, "['W1']: found shape (1,), expected (unit"),
    ("bias-in-a-row", {"W1": [[1.0]], "b1": [1.0]}, "['b1']: found shape (1,), expected (1, 1)"),
    ("bias-too-long", {"W1": [[1.0]], "b1": [[1.0], [2.0]]}, "found shape (2, 1), expected (1, 1)"),
    ("words", {"W1": [["a"]], "b1": [[1]]}, "W1: found [['a']], expected an array of real numbers"),
    ("ragged", {"W1": [[1], [2, 3]], "b1": [[1]]}, "W1: found [[1], [2, 3]], expected an array of"),
    (
        "layers-that-do-not-fit",
        {"W1": [[1.0]], "b1": [[1.0]], "W2": [[1.0, 2.0]], "b2": [[1.0]]},
        "['W2']: found shape (1, 2), expected 1 columns, one for each row of W1",
    ),
]

VECTORS: list[Case] = [
    *[
        Case(
            f"parameters-{name}",
            lambda value=value: textbook.dictionary_to_vector(value),
            (says,),
        )
        for name, value, says in _MALFORMED
    ],
    *of_option("gradients", textbook.gradients_to_vector, "expected a mapping of dW1, db1", [None]),
    Case(
        "gradients-of-parameters",
        lambda: textbook.gradients_to_vector({"W1": [[1.0]], "b1": [[1.0]]}),
        ("gradients: found the key 'W1'", "expected dW1, db1"),
    ),
    *of_option(
        "layers_dims",
        lambda v: textbook.vector_to_dictionary([1.0], v),
        _DIMS,
        [None, [], [1], "ab", {1, 2}, 5, (3,)],
    ),
    *[
        Case(
            f"layers_dims={dims}",
            lambda dims=dims: network.initialize_parameters(dims),
            (says, _WHOLE),
        )
        for dims, says in (
            ([1, "x"], "layers_dims[1]: found 'x'"),
            ([1, 0], "layers_dims[1]: found 0"),
            ([-1, 2], "layers_dims[0]: found -1"),
            ([1.5, 2], "layers_dims[0]: found 1.5"),
            ([True, 1], "layers_dims[0]: found True"),
        )
    ],
    Case(
        "layers-of-a-million-million",
        lambda: network.initialize_parameters([10**12, 10**12]),
        ("layers_dims: found [1000000000000, 1000000000000]", "half of what this machine has"),
    ),
    Case(
        "vector-too-short",
        lambda: textbook.vector_to_dictionary([1.0], [2, 1]),
        ("vector: found 1 numbers", "expected 3, the parameters of a network of layers [2, 1]"),
    ),
    *of_option(
        "vector",
        lambda v: textbook.vector_to_dictionary(v, [2, 1]),
        _ARRAY,
        [None, "x", [1j, 1, 1], [[1], [2, 3]]],
    ),
    *[
        Case(
            f"vector-of-shape-{np.shape(v)}",
            lambda v=v: textbook.vector_to_dictionary(v, [2, 1]),
            (f"vector: found shape {np.shape(v)}", "expected (n, 1) or (n,)"),
        )
        for v in (np.ones((3, 2)), np.ones((1, 3)), np.ones((3, 1, 1)))
    ],
]

_WRONG_INPUTS: list[tuple[Any, str]] = [
    (None, "X: found None, expected an array of real numbers"),
    ("x", "X: found 'x', expected an array of real numbers"),
    ([1, 2], "X: found shape (2,), expected (features, m), one example a column"),
    (np.ones((2, 0)), "X: found shape (2, 0), expected (features, m), one example a column"),
    (np.ones((5, 3)), "parameters['W1']: found shape (3, 2), expected 5 columns"),
    ([[1j]], "X: found [[1j]], expected an array of real numbers"),
]

NETWORK: list[Case] = [
    *[
        Case(
            f"{name}-of-{number}",
            lambda call=call, value=value: call(value, PARAMETERS),
            (says,),
        )
        for name, call in (
            ("L_model_forward", lambda x, p: network.L_model_forward(x, p)),
            ("forward_prop_cost", lambda x, p: network.forward_prop_cost(x, p, Y)),
        )
        for number, (value, says) in enumerate(_WRONG_INPUTS)
    ],
    *[
        Case(
            f"labels-{number}",
            lambda value=value: network.forward_prop_cost(X, PARAMETERS, value),
            (says,),
        )
        for number, (value, says) in enumerate(
            [
                (None, "Y: found None, expected an array of real numbers"),
                ([0, 1, 0], "Y: found shape (3,), expected (1, 3), one label for each column"),
                ([[0, 1]], "Y: found shape (1, 2), expected (1, 3), one label for each column"),
                ([[0, 2, 0]], "Y: found values from 0 to 2, expected labels in [0, 1]"),
                ([[0, math.nan, 0]], "expected labels in [0, 1]"),
                ([["a", "b", "c"]], "Y: found [['a', 'b', 'c']], expected an array of real"),
            ]
        )
    ],
    *of_option(
        "hidden_layers_activation_fn",
        lambda v: network.L_model_forward(X, PARAMETERS, v),
        "expected one of",
        ["ReLU", "softmax", "eval('1')", None, 1],
    ),
    *of_option(
        "keep_prob",
        lambda v: network.L_model_forward(X, PARAMETERS, keep_prob=v),
        "expected a number in (0, 1]",
        [0.0, -1.0, 1.5, math.nan],
    ),
    *of_option(
        "lambd",
        lambda v: network.forward_prop_cost(X, PARAMETERS, Y, lambd=v),
        "expected a finite number, 0 or more",
        [-1.0, math.inf, math.nan],
    ),
    *[
        case
        for activation in (network.sigmoid, network.tanh, network.relu)
        for case in of_option("Z", activation, _ARRAY, [None, "x", [1j], [[1], [2, 3]]])
    ],
    Case(
        "more-examples-than-there-are",
        lambda: network.random_examples(X, Y, 4, 0),
        ("k: found 4", "expected at most 3, the number of examples in X"),
    ),
]
