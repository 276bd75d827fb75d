"""The textbook network through `check`: right gradients pass, every mistake is found and named."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import gradproof as gp
from gradproof.data import load_digits
from gradproof.textbook import network

Array = npt.NDArray[np.float64]
ACTIVATIONS = ["tanh", "sigmoid", "relu"]
INITIALISATIONS = ["fan_in", "small"]
LAYERS = [64, 5, 5, 1]


class Case:
    """A network on real digits, its cost and its gradient."""

    def __init__(
        self,
        hidden: str = "tanh",
        initialisation: str = "fan_in",
        *,
        logit: float = 0.0,
        lambd: float = 0.0,
        examples: int = 4,
        seed: int = 0,
    ) -> None:
        digits = load_digits(size=8, channels=1)["train"]
        self.X, self.Y = network.random_examples(*digits, k=examples, seed=seed)
        self.Y[0, 0] = 1.0
        self.hidden, self.lambd = hidden, lambd
        self.parameters = network.initialize_parameters(LAYERS, seed=seed)
        if initialisation == "small":
            rng = np.random.default_rng(seed)
            self.parameters = {
                key: 0.01 * rng.standard_normal(value.shape)
                for key, value in self.parameters.items()
            }
        self.parameters["b3"] = self.parameters["b3"] + logit

    def cost(self, parameters: dict[str, Array]) -> float:
        return network.forward_prop_cost(self.X, parameters, self.Y, self.hidden, lambd=self.lambd)

    def gradients(self) -> dict[str, Array]:
        AL, caches = network.L_model_forward(self.X, self.parameters, self.hidden)
        return network.L_model_backward(AL, self.Y, caches, self.hidden, lambd=self.lambd)

    def check(self, gradients: Any, **options: Any) -> gp.Report:
        return gp.check(self.cost, gradients, self.parameters, **options)


def wrong_leaves(report: gp.Report) -> set[str]:
    return {str(leaf.path[0]) for leaf in report.leaves if leaf.verdict == "fail"}


@pytest.mark.parametrize("hidden", ACTIVATIONS)
@pytest.mark.parametrize("initialisation", INITIALISATIONS)
@pytest.mark.parametrize("lambd", [0.0, 0.3])
@pytest.mark.parametrize("seed", range(3))
def test_the_right_gradient_passes(
    hidden: str, initialisation: str, lambd: float, seed: int
) -> None:
    case = Case(hidden, initialisation, lambd=lambd, seed=seed)
    report = case.check(case.gradients(), seed=seed)
    assert report.passed, report.summary()


@pytest.mark.parametrize("hidden", ACTIVATIONS)
@pytest.mark.parametrize("initialisation", INITIALISATIONS)
@pytest.mark.parametrize("logit", [-40.0, -20.0, 20.0, 40.0])
@pytest.mark.parametrize("examples", [1, 4])
def test_the_right_gradient_passes_at_saturated_outputs(
    hidden: str, initialisation: str, logit: float, examples: int
) -> None:
    case = Case(hidden, initialisation, logit=logit, examples=examples)
    report = case.check(case.gradients())
    assert report.passed, report.summary()


@pytest.mark.parametrize("hidden", ACTIVATIONS)
@pytest.mark.parametrize("initialisation", INITIALISATIONS)
@pytest.mark.parametrize(("name", "factor"), [("W2", 2.0), ("b1", 4.0), ("W1", -1.0), ("b3", -1.0)])
def test_a_factor_in_one_tensor_is_found_and_measured(
    hidden: str, initialisation: str, name: str, factor: float
) -> None:
    case = Case(hidden, initialisation)
    right = case.gradients()
    report = case.check(right | {f"d{name}": right[f"d{name}"] * factor})
    assert wrong_leaves(report) == {name}, report.summary()
    (leaf,) = (leaf for leaf in report.leaves if leaf.verdict == "fail")
    assert leaf.address == f"parameters['{name}']"
    assert leaf.ratio == pytest.approx(factor, rel=1e-3)
    for culprit in report.culprits:
        assert culprit.path == (name,)
        truth = right[f"d{name}"][culprit.index]
        assert culprit.claimed == truth * factor
        assert abs(culprit.measured - truth) <= culprit.bar
        assert eval(culprit.address, {"parameters": right_by_name(right)}) == truth


def right_by_name(gradients: dict[str, Array]) -> dict[str, Array]:
    return {key[1:]: value for key, value in gradients.items()}


@pytest.mark.parametrize("hidden", ACTIVATIONS)
@pytest.mark.parametrize("initialisation", INITIALISATIONS)
@pytest.mark.parametrize("name", ["W1", "W2", "b2", "W3"])
def test_one_component_off_by_one_percent_is_found(
    hidden: str, initialisation: str, name: str
) -> None:
    case = Case(hidden, initialisation)
    gradients = case.gradients()
    wrong = gradients[f"d{name}"].copy()
    place = np.unravel_index(np.argmax(np.abs(wrong)), wrong.shape)
    wrong[place] *= 1.01
    report = case.check(gradients | {f"d{name}": wrong})
    assert report.verdict == "fail", report.summary()
    (culprit,) = report.culprits
    assert culprit.path == (name,)
    assert culprit.index == tuple(int(i) for i in place)
    assert culprit.claimed == wrong[place]
    assert abs(culprit.measured - wrong[place] / 1.01) <= culprit.bar


@pytest.mark.parametrize("hidden", ACTIVATIONS)
@pytest.mark.parametrize("initialisation", INITIALISATIONS)
def test_a_missing_l2_term_is_found_in_every_weight_and_no_bias(
    hidden: str, initialisation: str
) -> None:
    case = Case(hidden, initialisation, lambd=0.3)
    without = Case(hidden, initialisation)
    report = case.check(without.gradients())
    assert wrong_leaves(report) == {"W1", "W2", "W3"}, report.summary()


def test_the_whole_gradient_with_a_wrong_sign_fails_everywhere() -> None:
    case = Case()
    report = case.check({key: -value for key, value in case.gradients().items()})
    assert wrong_leaves(report) == {"W1", "b1", "W2", "b2", "W3", "b3"}
    assert [leaf.ratio for leaf in report.leaves] == pytest.approx([-1.0] * 6)


def test_the_price_is_one_evaluation_for_a_component_that_is_right() -> None:
    case = Case()
    n = sum(value.size for value in case.parameters.values())
    report = case.check(case.gradients())
    assert n < report.evaluations <= 1.6 * n + 40


def test_the_parameters_are_bit_for_bit_the_same_afterwards() -> None:
    case = Case()
    before = {key: value.tobytes() for key, value in case.parameters.items()}
    case.check(case.gradients())
    assert {key: value.tobytes() for key, value in case.parameters.items()} == before
