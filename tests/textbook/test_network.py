"""The network from scratch, against mpmath, and its classic gradient check."""

from collections.abc import Callable, Mapping
from typing import Any

import mpmath
import numpy as np
import numpy.typing as npt
import pytest

from gradproof import InputError
from gradproof.data import load_digits
from gradproof.textbook import (
    dictionary_to_vector,
    gradients_to_vector,
    network,
    vector_to_dictionary,
)
from gradproof.textbook.network import checking, gradient_check

Array = npt.NDArray[np.float64]
ACTIVATIONS = ["tanh", "sigmoid", "relu"]
PRECISE = {
    "tanh": mpmath.tanh,
    "sigmoid": lambda z: 1 / (1 + mpmath.exp(-z)),
    "relu": lambda z: max(z, mpmath.mpf(0)),
}


def precise_cost(
    X: Array, parameters: Mapping[str, Any], Y: Array, hidden: str, lambd: float = 0.0
) -> Any:
    """The cost in mpmath, written apart from the product: plain loops over plain numbers."""
    layers = len(parameters) // 2
    m = X.shape[1]
    total = mpmath.mpf(0)
    for example in range(m):
        a = [mpmath.mpf(v) for v in X[:, example]]
        for layer in range(1, layers + 1):
            W, b = parameters[f"W{layer}"], parameters[f"b{layer}"]
            z = [
                sum((mpmath.mpf(w) * v for w, v in zip(row, a, strict=True)), mpmath.mpf(c[0]))
                for row, c in zip(W, b, strict=True)
            ]
            a = [PRECISE[hidden](v) for v in z] if layer < layers else z
        y = mpmath.mpf(Y[0, example])
        p = 1 / (1 + mpmath.exp(-a[0]))
        q = 1 / (1 + mpmath.exp(a[0]))
        total -= y * mpmath.log(p) + (1 - y) * mpmath.log(q)
    squares = sum(
        mpmath.mpf(w) ** 2
        for key, W in parameters.items()
        if key[0] == "W"
        for row in W
        for w in row
    )
    return total / m + mpmath.mpf(lambd) / (2 * m) * squares


def precise_gradient(
    X: Array, parameters: Mapping[str, Array], Y: Array, hidden: str, lambd: float = 0.0
) -> dict[str, Array]:
    gradients = {}
    with mpmath.workdps(60):
        h = mpmath.mpf(10) ** -20
        for key, value in parameters.items():
            moved = {k: v.astype(object) for k, v in parameters.items()}
            gradient = np.empty(value.shape)
            for index in np.ndindex(value.shape):
                values = []
                for side in (1, -1):
                    moved[key][index] = mpmath.mpf(value[index]) + side * h
                    values.append(precise_cost(X, moved, Y, hidden, lambd))
                moved[key][index] = value[index]
                gradient[index] = float((values[0] - values[1]) / (2 * h))
            gradients[f"d{key}"] = gradient
    return gradients


def small_problem(scale: float = 1.0) -> tuple[Array, Array, dict[str, Array]]:
    rng = np.random.default_rng(3)
    X = rng.standard_normal((4, 3))
    Y = np.array([[1.0, 0.0, 0.3]])
    parameters = network.initialize_parameters([4, 3, 2, 1], seed=5)
    for key in parameters:
        if key[0] == "b":
            parameters[key] = 0.1 * rng.standard_normal(parameters[key].shape)
    parameters["W3"] = parameters["W3"] * scale
    return X, Y, parameters


def backpropagated(
    X: Array, Y: Array, parameters: dict[str, Array], hidden: str, **options: Any
) -> dict[str, Array]:
    lambd = options.pop("lambd", 0.0)
    AL, caches = network.L_model_forward(X, parameters, hidden, **options)
    return network.L_model_backward(AL, Y, caches, hidden, lambd=lambd)


@pytest.mark.parametrize("hidden", ACTIVATIONS)
@pytest.mark.parametrize("lambd", [0.0, 0.7])
def test_cost_and_gradient_against_mpmath(hidden: str, lambd: float) -> None:
    X, Y, parameters = small_problem()
    cost = network.forward_prop_cost(X, parameters, Y, hidden, lambd=lambd)
    assert cost == pytest.approx(float(precise_cost(X, parameters, Y, hidden, lambd)), rel=1e-14)
    AL, _ = network.L_model_forward(X, parameters, hidden)
    assert network.compute_cost(AL, Y, parameters, lambd=lambd) == pytest.approx(cost, rel=1e-14)
    gradients = backpropagated(X, Y, parameters, hidden, lambd=lambd)
    for key, expected in precise_gradient(X, parameters, Y, hidden, lambd).items():
        np.testing.assert_allclose(gradients[key], expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("logit", [-40.0, -20.0, 0.0, 20.0, 40.0])
@pytest.mark.parametrize("label", [0.0, 1.0])
def test_cost_and_gradient_are_right_at_large_logits(logit: float, label: float) -> None:
    X, Y = np.array([[1.0]]), np.array([[label]])
    parameters = {"W1": np.array([[logit]]), "b1": np.zeros((1, 1))}
    with mpmath.workdps(60):
        z = mpmath.mpf(logit)
        expected = mpmath.log(1 + mpmath.exp(-z if label else z))
        slope = 1 / (1 + mpmath.exp(-z)) - label
    cost = network.forward_prop_cost(X, parameters, Y)
    assert cost == pytest.approx(float(expected), rel=1e-15)
    gradients = backpropagated(X, Y, parameters, "tanh")
    assert gradients["dW1"][0, 0] == pytest.approx(float(slope), rel=1e-14, abs=0)


def test_compute_cost_takes_zero_times_log_zero_as_zero_and_clips_nothing() -> None:
    assert network.compute_cost(np.array([[0.0, 1.0]]), np.array([[0.0, 1.0]])) == 0.0
    assert network.compute_cost(np.array([[0.0]]), np.array([[1.0]])) == np.inf


def test_derivatives_of_the_activations_are_those_of_the_cost() -> None:
    X, Y, parameters = small_problem()
    gradients = backpropagated(X, Y, parameters, "tanh")
    numerical = np.empty_like(X)
    for index in np.ndindex(X.shape):
        plus, minus = X.copy(), X.copy()
        plus[index] += 1e-6
        minus[index] -= 1e-6
        cost = [network.forward_prop_cost(x, parameters, Y) for x in (plus, minus)]
        numerical[index] = (cost[0] - cost[1]) / 2e-6
    np.testing.assert_allclose(gradients["dA0"], numerical, atol=1e-9)
    assert sorted(k for k in gradients if k.startswith("dA")) == ["dA0", "dA1", "dA2"]


def test_dropout_keeps_its_share_divides_by_it_and_repeats_with_its_seed() -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((5, 400))
    parameters = network.initialize_parameters([5, 50, 1])
    plain, _ = network.L_model_forward(X, parameters, "sigmoid")
    AL, caches = network.L_model_forward(X, parameters, "sigmoid", keep_prob=0.8, seed=1)
    mask = caches[0].mask
    assert mask is not None
    assert caches[1].mask is None
    assert set(np.unique(mask)) == {0.0, 1.25}
    assert np.mean(mask > 0) == pytest.approx(0.8, abs=0.01)
    np.testing.assert_array_equal(caches[1].A_prev, caches[0].A * mask)
    again, _ = network.L_model_forward(X, parameters, "sigmoid", keep_prob=0.8, seed=1)
    other, _ = network.L_model_forward(X, parameters, "sigmoid", keep_prob=0.8, seed=2)
    np.testing.assert_array_equal(AL, again)
    assert not np.array_equal(AL, other)
    assert not np.array_equal(AL, plain)


@pytest.mark.parametrize("hidden", ACTIVATIONS)
@pytest.mark.parametrize("options", [{}, {"lambd": 0.5}, {"keep_prob": 0.7, "seed": 4}])
def test_the_classic_check_is_green_for_backpropagation(
    hidden: str, options: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    X, Y, parameters = small_problem()
    before = {key: value.copy() for key, value in parameters.items()}
    gradients = backpropagated(X, Y, parameters, hidden, **options)
    difference = gradient_check(
        parameters,
        gradients,
        X,
        Y,
        [4, 3, 2, 1],
        hidden_layers_activation_fn=hidden,
        **options,
    )
    assert type(difference) is float
    assert difference < 1e-7
    assert capsys.readouterr().out.startswith("The backward pass is right!")
    for key, value in before.items():
        np.testing.assert_array_equal(parameters[key], value)


def test_the_defaults_of_all_functions_belong_together(capsys: pytest.CaptureFixture[str]) -> None:
    X, Y, parameters = small_problem()
    AL, caches = network.L_model_forward(X, parameters)
    gradients = network.L_model_backward(AL, Y, caches)
    assert network.compute_cost(AL, Y) == pytest.approx(
        network.forward_prop_cost(X, parameters, Y), rel=1e-14
    )
    assert gradient_check(parameters, gradients, X, Y, [4, 3, 2, 1]) < 1e-7
    assert capsys.readouterr().out.startswith("The backward pass is right!")


def test_the_derivative_of_relu_at_its_kink_is_0() -> None:
    parameters = {"W1": np.zeros((2, 1)), "b1": np.zeros((2, 1)), "W2": np.ones((1, 2))}
    parameters["b2"] = np.zeros((1, 1))
    gradients = backpropagated(np.ones((1, 1)), np.ones((1, 1)), parameters, "relu")
    assert not gradients["dW1"].any()
    assert not gradients["db1"].any()


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32, np.bool_])
def test_any_real_dtype_is_computed_in_float64(dtype: Any) -> None:
    X, Y = np.array([[200, 3], [100, 1]]).astype(dtype), np.array([[1, 0]]).astype(dtype)
    parameters = {
        "W1": np.array([[2, 1]]).astype(dtype),
        "b1": np.array([[1]]).astype(dtype),
    }
    floats = {key: value.astype(float) for key, value in parameters.items()}
    cost = network.forward_prop_cost(X, parameters, Y)
    assert cost == network.forward_prop_cost(X.astype(float), floats, Y.astype(float))
    AL, caches = network.L_model_forward(X, parameters)
    assert AL.dtype == caches[0].Z.dtype == np.float64
    for function in (network.sigmoid, network.tanh, network.relu):
        np.testing.assert_array_equal(function(X), function(X.astype(float)))
    assert network.compute_cost(Y, Y, parameters, lambd=1.0) == network.compute_cost(
        Y.astype(float), Y.astype(float), floats, lambd=1.0
    )
    gradients = network.L_model_backward(AL, Y, caches, lambd=1.0)
    assert {value.dtype for value in gradients.values()} == {np.dtype(float)}


def test_lists_are_accepted_everywhere() -> None:
    X, Y, arrays = small_problem()
    parameters = {key: value.tolist() for key, value in arrays.items()}
    AL, caches = network.L_model_forward(X.tolist(), parameters)
    expected = backpropagated(X, Y, arrays, "tanh")
    gradients = network.L_model_backward(AL.tolist(), Y.tolist(), caches)
    for key, value in expected.items():
        np.testing.assert_array_equal(gradients[key], value)
    cost = network.forward_prop_cost(X.tolist(), parameters, Y.tolist(), lambd=0.1)
    assert cost == network.forward_prop_cost(X, arrays, Y, lambd=0.1)
    assert cost == pytest.approx(
        network.compute_cost(AL.tolist(), Y.tolist(), parameters, lambd=0.1), rel=1e-14
    )
    listed = {key: value.tolist() for key, value in gradients.items()}
    assert gradient_check(parameters, listed, X.tolist(), Y.tolist(), [4, 3, 2, 1]) < 1e-7
    assert network.sigmoid([[0.0]]).tolist() == [[0.5]]
    assert network.relu([[-1, 2]]).tolist() == [[0.0, 2.0]]
    with pytest.raises(InputError, match="Z: found 'a', expected an array of real numbers"):
        network.tanh("a")


def break_sign(gradients: dict[str, Array]) -> None:
    gradients["dW3"] = -gradients["dW3"]


def break_factor(gradients: dict[str, Array]) -> None:
    gradients["dW2"] = gradients["dW2"] * 2


def break_bias(gradients: dict[str, Array]) -> None:
    gradients["db1"] = gradients["db1"] * 4


def break_nan(gradients: dict[str, Array]) -> None:
    gradients["db3"] = gradients["db3"] * np.nan


@pytest.mark.parametrize("broken", [break_sign, break_factor, break_bias, break_nan])
def test_the_classic_check_is_red_for_mistakes(
    broken: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    X, Y, parameters = small_problem()
    gradients = backpropagated(X, Y, parameters, "tanh")
    broken(gradients)
    difference = gradient_check(parameters, gradients, X, Y, [4, 3, 2, 1])
    assert not difference <= 1e-3
    assert capsys.readouterr().out.startswith("There is a mistake in the backward pass!")


def test_a_missing_penalty_is_caught() -> None:
    X, Y, parameters = small_problem()
    gradients = backpropagated(X, Y, parameters, "tanh")
    assert gradient_check(parameters, gradients, X, Y, [4, 3, 2, 1], lambd=0.1) > 1e-3


@pytest.mark.parametrize(
    ("off", "colour"), [(0.0, "\033[92m"), (1.5e-6, "\033[92m"), (3e-6, "\033[91m")]
)
def test_red_begins_above_1e_6_and_colour_is_on_unless_refused(
    off: float, colour: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "xterm")
    X, Y, parameters = small_problem()
    gradients = backpropagated(X, Y, parameters, "tanh")
    scaled = {key: value * (1 + off) for key, value in gradients.items()}
    difference = gradient_check(parameters, scaled, X, Y, [4, 3, 2, 1])
    assert difference == pytest.approx(off / 2, abs=1e-7)
    assert capsys.readouterr().out.startswith(colour)


def test_a_dumb_terminal_gets_no_colours(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    X, Y, parameters = small_problem()
    gradient_check(parameters, backpropagated(X, Y, parameters, "tanh"), X, Y, [4, 3, 2, 1])
    assert capsys.readouterr().out.startswith("The backward pass is right!")


def test_the_step_of_the_check_is_epsilon() -> None:
    X, Y, parameters = small_problem()
    layers_dims = [4, 3, 2, 1]
    moved = []
    for side in (0.5, -0.5):
        b3 = parameters["b3"] + side
        moved.append(network.forward_prop_cost(X, parameters | {"b3": b3}, Y))
    numerical = network.numerical_gradient(parameters, X, Y, layers_dims, 0.5)
    assert numerical[-1, 0] == moved[0] - moved[1]
    gradients = {
        f"d{key}": value for key, value in vector_to_dictionary(numerical, layers_dims).items()
    }
    assert gradient_check(parameters, gradients, X, Y, layers_dims, 0.5) == 0.0
    assert gradient_check(parameters, gradients, X, Y, layers_dims, epsilon=1e-7) > 1e-5


def test_progress_is_told_after_every_parameter() -> None:
    X, Y, parameters = small_problem()
    told: list[tuple[int, int]] = []
    network.numerical_gradient(
        parameters, X, Y, [4, 3, 2, 1], progress=lambda done, n: told.append((done, n))
    )
    assert told == [(i, 26) for i in range(1, 27)]


def test_initial_weights_have_variance_one_over_fan_in_and_biases_are_zero() -> None:
    parameters = network.initialize_parameters([400, 300, 1], seed=2)
    assert np.std(parameters["W1"]) == pytest.approx(1 / 20, rel=0.02)
    assert not parameters["b1"].any()
    again = network.initialize_parameters([400, 300, 1], seed=2)
    np.testing.assert_array_equal(parameters["W1"], again["W1"])
    assert not np.array_equal(parameters["W1"], network.initialize_parameters([400, 300, 1])["W1"])


def test_random_examples_are_different_columns_with_their_labels() -> None:
    X = np.arange(20.0).reshape(2, 10)
    Y = X[:1] % 2
    X_k, Y_k = network.random_examples(X, Y, 10, seed=1)
    assert sorted(X_k[0]) == X[0].tolist()
    np.testing.assert_array_equal(X_k[1], X_k[0] + 10)
    np.testing.assert_array_equal(Y_k, X_k[:1] % 2)
    X_k[:] = 0
    assert X.any()


def test_random_examples_are_random_and_the_seed_decides() -> None:
    X = np.arange(100.0).reshape(1, 100)
    draws = [network.random_examples(X, X / 100, 5, seed=seed)[0].tolist() for seed in (0, 1, 1)]
    assert draws[1] == draws[2] != draws[0]
    assert [sorted(draw[0]) for draw in draws] != [[0.0, 1.0, 2.0, 3.0, 4.0]] * 3
    assert network.random_examples(X, X / 100, 5)[0].tolist() == draws[0]


def test_gradient_descent_with_the_backward_pass_learns_the_real_digits() -> None:
    digits = load_digits(size=8, channels=1)
    (X, Y), (X_test, Y_test) = digits["train"], digits["test"]
    parameters = network.initialize_parameters([64, 5, 5, 1], seed=0)
    for _ in range(600):
        AL, caches = network.L_model_forward(X, parameters, "tanh")
        gradients = network.L_model_backward(AL, Y, caches, "tanh")
        parameters = {key: value - 0.5 * gradients[f"d{key}"] for key, value in parameters.items()}
    AL, _ = network.L_model_forward(X_test, parameters, "tanh")
    assert np.mean((AL > 0.5) == Y_test) >= 0.98  # saying "no" to all gets 0.903


def test_what_does_not_fit_is_named() -> None:
    X, Y, parameters = small_problem()
    with pytest.raises(
        InputError, match="hidden_layers_activation_fn: found 'gelu', expected one of"
    ):
        network.L_model_forward(X, parameters, "gelu")
    with pytest.raises(InputError, match=r"keep_prob: found 0.0, expected a number in \(0, 1\]"):
        network.L_model_forward(X, parameters, "tanh", keep_prob=0)
    with pytest.raises(
        InputError, match=r"parameters\['W1'\]: found shape \(3, 4\), expected 5 col"
    ):
        network.L_model_forward(np.ones((5, 2)), parameters, "tanh")
    with pytest.raises(
        InputError, match=r"parameters\['b2'\]: found shape \(2,\), expected \(2, 1\)"
    ):
        network.L_model_forward(X, parameters | {"b2": np.zeros(2)}, "tanh")
    with pytest.raises(InputError, match="parameters: found the key 'V1', expected W1, b1"):
        network.L_model_forward(X, {"V1": X, "b1": X}, "tanh")
    with pytest.raises(InputError, match=r"Y: found shape \(3,\), expected \(1, 3\)"):
        network.forward_prop_cost(X, parameters, Y[0])
    with pytest.raises(InputError, match=r"Y: found shape \(3,\), expected \(1, 3\)"):
        network.random_examples(X, Y[0], 1)
    with pytest.raises(InputError, match=r"X: found shape \(4,\), expected \(features, m\)"):
        network.random_examples(X[:, 0], Y, 1)
    with pytest.raises(InputError, match="k: found 4, expected at most 3"):
        network.random_examples(X, Y, 4)
    for layers_dims in ([3, 5, 1], [4, 3, 1], [4, 3, 2, 1, 1]):
        with pytest.raises(
            InputError, match=r"dims: found \[.*\], expected \[4, 3, 2, 1\], the layers"
        ):
            gradient_check(parameters, {}, X, Y, layers_dims)
    with pytest.raises(InputError, match=r"epsilon: found 0"):
        gradient_check(parameters, {}, X, Y, [4, 3, 2, 1], epsilon=0)
    with pytest.raises(InputError, match="parameters: found None, expected the weights"):
        network.compute_cost(np.array([[0.5]]), np.array([[1.0]]), lambd=0.1)


Call = Callable[[Array, Mapping[str, Any]], object]
WITH_PARAMETERS: list[Call] = [
    lambda X, parameters: network.L_model_forward(X, parameters),
    lambda X, parameters: network.forward_prop_cost(X, parameters, [[1.0, 0.0, 0.3]]),
    lambda X, parameters: network.numerical_gradient(
        parameters, X, [[1.0, 0.0, 0.3]], [4, 3, 2, 1]
    ),
]


@pytest.mark.parametrize("call", WITH_PARAMETERS)
def test_parameters_that_are_no_network_are_named(call: Call) -> None:
    X, _, parameters = small_problem()
    without = {key: value for key, value in parameters.items() if key != "b2"}
    last = {"W3": np.ones((2, 2)), "b3": np.ones((2, 1))}
    for wrong, message in (
        (without, "b2 missing, found W1, b1, W2, W3, b3$"),
        ({}, "W1, b1 missing, found nothing$"),
        (parameters | {"gamma1": 1.0}, ": found the key 'gamma1', expected W1, b1, W2, b2, …"),
        ([1], r": found \[1\], expected a mapping of W1, b1"),
        (parameters | last, r"\['W3'\]: found shape \(2, 2\), expected 1 row: the last layer"),
    ):
        with pytest.raises(InputError, match="^parameters.*" + message):
            call(X, wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("call", WITH_PARAMETERS)
@pytest.mark.parametrize("shape", [(4,), (4, 3, 1), (4, 0), ()])
def test_inputs_of_another_shape_are_named(call: Call, shape: tuple[int, ...]) -> None:
    message = r"X: found shape \(.*\), expected \(features, m\), one example a column"
    with pytest.raises(InputError, match=message):
        call(np.ones(shape), small_problem()[2])


def test_the_penalty_needs_the_parameters_of_a_network() -> None:
    X, Y, parameters = small_problem()
    AL, _ = network.L_model_forward(X, parameters)
    with pytest.raises(InputError, match="parameters: found the key 'Wo', expected W1, b1"):
        network.compute_cost(AL, Y, parameters | {"Wo": np.ones((9, 9))}, lambd=0.1)


@pytest.mark.parametrize("lambd", [-0.1, np.inf, np.nan, None])
def test_an_unusable_penalty_is_named(lambd: Any) -> None:
    X, Y, parameters = small_problem()
    AL, caches = network.L_model_forward(X, parameters)
    for call in (
        lambda: network.compute_cost(AL, Y, parameters, lambd=lambd),
        lambda: network.forward_prop_cost(X, parameters, Y, lambd=lambd),
        lambda: network.L_model_backward(AL, Y, caches, lambd=lambd),
        lambda: network.numerical_gradient(parameters, X, Y, [4, 3, 2, 1], lambd=lambd),
    ):
        with pytest.raises(InputError, match="^lambd: found"):
            call()


@pytest.mark.parametrize("seed", [-1, 0.5, None, "0"])
def test_an_unusable_seed_is_named(seed: Any) -> None:
    X, Y, parameters = small_problem()
    for call in (
        lambda: network.L_model_forward(X, parameters, keep_prob=0.5, seed=seed),
        lambda: network.forward_prop_cost(X, parameters, Y, keep_prob=0.5, seed=seed),
        lambda: network.numerical_gradient(parameters, X, Y, [4, 3, 2, 1], seed=seed),
        lambda: gradient_check(parameters, {}, X, Y, [4, 3, 2, 1], seed=seed),
    ):
        with pytest.raises(InputError, match="seed: found .*, expected a whole number, 0 or more"):
            call()


@pytest.mark.parametrize("Y", [[[0.0, 1.0, 2.0]], [[-1.0, 1.0, 1.0]], [[0.0, np.nan, 1.0]]])
def test_labels_outside_zero_to_one_are_named(Y: Any) -> None:
    X, _, parameters = small_problem()
    AL, caches = network.L_model_forward(X, parameters)
    for call in (
        lambda: network.compute_cost(AL, Y),
        lambda: network.forward_prop_cost(X, parameters, Y),
        lambda: network.L_model_backward(AL, Y, caches),
        lambda: network.numerical_gradient(parameters, X, Y, [4, 3, 2, 1]),
        lambda: network.random_examples(X, Y, 1),
    ):
        with pytest.raises(
            InputError, match=r"Y: found values from .*, expected labels in \[0, 1\]"
        ):
            call()


def test_an_output_and_caches_that_do_not_belong_together_are_named() -> None:
    X, Y, parameters = small_problem()
    AL, caches = network.L_model_forward(X, parameters)
    for unusable in ([], None, iter(caches), [1], caches[0]):
        with pytest.raises(InputError, match="caches: found .*, expected a list of LayerCache, as"):
            network.L_model_backward(AL, Y, unusable)  # type: ignore[arg-type]
    for other in (caches[:-1], network.L_model_forward(X[:, :1], parameters)[1]):
        with pytest.raises(
            InputError, match=r"caches: found an output of shape .* \(1, 3\), that of"
        ):
            network.L_model_backward(AL, Y, other)
    for wrong in (AL[0], AL.T, AL[:, :0]):
        with pytest.raises(InputError, match=r"AL: found shape .*, expected \(1, m\), one output"):
            network.L_model_backward(wrong, Y, caches)
        with pytest.raises(InputError, match=r"AL: found shape .*, expected \(1, m\), one output"):
            network.compute_cost(wrong, Y)
    with pytest.raises(InputError, match=r"Y: found shape \(3,\), expected \(1, 3\), as AL"):
        network.compute_cost(AL, Y[0])


def test_gradients_in_other_shapes_than_the_parameters_are_named_before_any_evaluation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    X, Y, parameters = small_problem()
    right: dict[str, Any] = {**backpropagated(X, Y, parameters, "tanh")}

    def never(*args: object) -> float:
        raise AssertionError("the cost was evaluated")

    monkeypatch.setattr(checking, "cost_of", never)
    for wrong, message in (
        (
            {"db1": right["db1"][:, 0]},
            r"\['db1'\]: found shape \(3,\), expected \(3, 1\), the shape",
        ),
        ({"dW2": right["dW2"].T}, r"\['dW2'\]: found shape \(3, 2\), .*, the shape of W2$"),
        ({"dW4": 1.0}, ": found the key 'dW4', expected dW1, db1, dW2, db2, dW3, db3$"),
        ({"W1": 1.0}, ": found the key 'W1', expected dW1"),
    ):
        with pytest.raises(InputError, match="^gradients" + message):
            gradient_check(parameters, right | wrong, X, Y, [4, 3, 2, 1])
    partly = {key: value for key, value in right.items() if key[-1] != "3"}
    with pytest.raises(InputError, match="^gradients: dW3, db3 missing, found dW2, db2, dW1, db1$"):
        gradient_check(parameters, partly, X, Y, [4, 3, 2, 1])


def test_vectors_of_parameters_and_gradients_belong_together() -> None:
    X, Y, parameters = small_problem()
    gradients = backpropagated(X, Y, parameters, "tanh")
    assert dictionary_to_vector(parameters).shape == gradients_to_vector(gradients).shape == (26, 1)
