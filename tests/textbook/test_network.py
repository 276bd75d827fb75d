"""The network from scratch, against mpmath, and its classic gradient check."""

from collections.abc import Mapping
from typing import Any

import mpmath
import numpy as np
import numpy.typing as npt
import pytest

from gradproof import InputError
from gradproof.data import load_digits
from gradproof.textbook import dictionary_to_vector, gradients_to_vector, network
from gradproof.textbook.network import gradient_check

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
    assert network.compute_cost(AL, Y, parameters, lambd) == pytest.approx(cost, rel=1e-14)
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
    assert gradients["dW1"][0, 0] == pytest.approx(float(slope), abs=1e-16, rel=1e-14)


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
    X, Y, parameters = small_problem()
    gradients = backpropagated(X, Y, parameters, "tanh")
    scaled = {key: value * (1 + off) for key, value in gradients.items()}
    difference = gradient_check(parameters, scaled, X, Y, [4, 3, 2, 1])
    assert difference == pytest.approx(off / 2, abs=1e-7)
    assert capsys.readouterr().out.startswith(colour)


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
    with pytest.raises(InputError, match="parameters: W1 missing, found V1, b1"):
        network.L_model_forward(X, {"V1": X, "b1": X}, "tanh")
    with pytest.raises(InputError, match=r"Y: found shape \(3,\), expected \(1, 3\)"):
        network.forward_prop_cost(X, parameters, Y[0])
    with pytest.raises(InputError, match=r"Y: found shape \(3,\), expected \(1, 3\)"):
        network.random_examples(X, Y[0], 1)
    with pytest.raises(InputError, match=r"X: found shape \(4,\), expected \(features, m\)"):
        network.random_examples(X[:, 0], Y, 1)
    with pytest.raises(InputError, match="k: found 4, expected at most 3"):
        network.random_examples(X, Y, 4)
    with pytest.raises(
        InputError, match=r"parameters\['W1'\]: found shape \(3, 4\), expected \(5, 3"
    ):
        gradient_check(parameters, {}, X, Y, [3, 5, 1])
    with pytest.raises(InputError, match="vector: found 26 numbers"):
        gradient_check(parameters, {}, X, Y, [4, 3, 1])
    with pytest.raises(InputError, match=r"epsilon: found 0"):
        gradient_check(parameters, {}, X, Y, [4, 3, 2, 1], epsilon=0)
    with pytest.raises(InputError, match="parameters: found None, expected the weights"):
        network.compute_cost(np.array([[0.5]]), np.array([[1.0]]), lambd=0.1)


def test_vectors_of_parameters_and_gradients_belong_together() -> None:
    X, Y, parameters = small_problem()
    gradients = backpropagated(X, Y, parameters, "tanh")
    assert dictionary_to_vector(parameters).shape == gradients_to_vector(gradients).shape == (26, 1)
