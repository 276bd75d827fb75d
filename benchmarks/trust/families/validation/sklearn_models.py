"""Losses and likelihoods of scikit-learn, over the breadth of the library."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from benchmarks.trust.case import Case, family
from benchmarks.trust.sources.sklearn_models import (
    AnyArray,
    Kernel,
    Linear,
    ValueOf,
    evidence_gradient,
    gaussian,
    gp_both,
    gp_value,
    gradient_of,
    linear_case,
    log_determinant,
    log_sum_exp,
    matern,
    named,
    network_case,
    perceptron,
    periodic,
    process_case,
    quietly,
    rational,
    rows_of,
    squared_distances,
    standardised,
    table,
    value_of,
)
from benchmarks.trust.truth import FloatArray, complex_step
from scipy import optimize, special

_NEEDS = ("sklearn",)
_TORCH = ("sklearn", "torch")
_SOURCE = "scikit-learn"
_BY_HAND = "scikit-learn, with a gradient written by hand"


# Multi-layer perceptrons


@family("sklearn MLP regressors", kind="ordinary", source=_SOURCE, split="validation", needs=_TORCH)
def _regressors(rng: np.random.Generator) -> Iterator[Case]:
    from sklearn.datasets import make_friedman1
    from sklearn.neural_network import MLPRegressor

    diabetes, target = table("diabetes")
    seed = int(rng.integers(2**31))
    friedman, response = make_friedman1(200, 6, noise=1.0, random_state=seed)
    data = {
        "diabetes": (standardised(diabetes), (target - target.mean()) / target.std()),
        "Friedman": (friedman, (response - response.mean()) / response.std()),
    }
    for name, rows, layers, activation, alpha, weighted, slips in (
        ("diabetes", 80, (4,), "tanh", 1e-4, False, ("slope forgotten", "labels shifted by a row")),
        ("diabetes", 300, (10,), "logistic", 0.01, True, ("sample weights forgotten",)),
        ("diabetes", 50, (5, 3), "identity", 1.0, False, ("penalty not averaged",)),
        ("Friedman", 120, (6, 5, 4), "tanh", 1e-3, False, ("slope forgotten in a layer",)),
        ("Friedman", 200, (8,), "logistic", 1e-5, False, ()),
        ("Friedman", 60, (12,), "tanh", 0.1, True, ()),
    ):
        x, y = rows_of(rng, rows, *data[name])
        weights = rng.uniform(0.2, 3, rows) if weighted else None
        net = perceptron(
            MLPRegressor(hidden_layer_sizes=layers, activation=activation, alpha=alpha),
            x,
            y,
            weights,
        )
        yield network_case(f"{name}, {activation} {layers}", net, net.start(rng), slips)


@family(
    "sklearn MLP Poisson regressors",
    kind="ordinary",
    source=_SOURCE,
    split="validation",
    needs=_TORCH,
)
def _poisson_regressors(rng: np.random.Generator) -> Iterator[Case]:
    from sklearn.neural_network import MLPRegressor

    for rows, features, outputs, layers, activation in (
        (60, 3, 1, (5,), "tanh"),
        (150, 5, 1, (6, 4), "logistic"),
        (100, 4, 2, (7,), "tanh"),
        (80, 8, 3, (5,), "logistic"),
    ):
        x = rng.standard_normal((rows, features))
        rates = np.exp(0.4 * x @ rng.standard_normal((features, outputs)) + 0.5)
        y = rng.poisson(rates).astype(np.float64)
        weights = rng.uniform(0.5, 2, rows) if rows == 100 else None
        model = MLPRegressor(
            hidden_layer_sizes=layers, loss="poisson", activation=activation, alpha=0.01
        )
        net = perceptron(model, x, y if outputs > 1 else y[:, 0], weights)
        slips = ("intercepts not averaged", "slope at the input") if rows <= 80 else ()
        yield network_case(f"{outputs} outputs, {activation} {layers}", net, net.start(rng), slips)


@family(
    "sklearn MLP binary and multilabel classifiers",
    kind="ordinary",
    source=_SOURCE,
    split="validation",
    needs=_TORCH,
)
def _binary_classifiers(rng: np.random.Generator) -> Iterator[Case]:
    from sklearn.datasets import make_multilabel_classification
    from sklearn.neural_network import MLPClassifier

    cancer, label = table("breast_cancer")
    cancer = standardised(cancer)
    seed = int(rng.integers(2**31))
    words, topics = make_multilabel_classification(120, 8, n_classes=4, random_state=seed)
    for name, x, y, layers, activation, alpha, slips in (
        ("cancer", cancer[:, :6], label, (3,), "tanh", 1e-4, ("slope forgotten",)),
        ("cancer", cancer[:, 6:18], label, (4, 4), "logistic", 1.0, ("penalty forgotten",)),
        ("cancer", cancer, label, (10,), "tanh", 0.1, ("weights updated too early",)),
        ("topics", words / 10, topics, (6,), "logistic", 0.01, ("factor forgotten",)),
        ("topics", words / 10, topics, (5, 5), "tanh", 0.01, ()),
    ):
        x_part, y_part = rows_of(rng, 100, x, y)
        net = perceptron(MLPClassifier(layers, activation=activation, alpha=alpha), x_part, y_part)
        at = net.start(rng)
        yield network_case(f"{name}, {activation} {layers}, n = {at.size}", net, at, slips)


@family("sklearn MLP on digits", kind="ordinary", source=_SOURCE, split="validation", needs=_TORCH)
def _digit_classifiers(rng: np.random.Generator) -> Iterator[Case]:
    from sklearn.neural_network import MLPClassifier

    images, digits = table("digits")
    for rows, layers, activation, slips in (
        (60, (8,), "tanh", ("slope forgotten", "penalty not averaged")),
        (100, (12, 10), "logistic", ("slope forgotten in a layer",)),
        (50, (24,), "tanh", ()),
    ):
        x, y = rows_of(rng, rows, images / 16, digits)
        net = perceptron(MLPClassifier(layers, activation=activation, alpha=0.01), x, y)
        at = net.start(rng)
        yield network_case(f"{activation} {layers}, n = {at.size}", net, at, slips)


@family(
    "sklearn MLP relu regressors", kind="kink", source=_SOURCE, split="validation", needs=_TORCH
)
def _relu_regressors(rng: np.random.Generator) -> Iterator[Case]:
    from sklearn.neural_network import MLPRegressor

    x, target = table("diabetes")
    target = (target - target.mean()) / target.std()
    for rows, layers, slips in (
        (40, (5,), ("value for the step",)),
        (200, (8, 8), ("slope forgotten in a layer",)),
        (400, (16,), ()),
        (300, (10, 10, 10), ("weights updated too early",)),
    ):
        x_part, y = rows_of(rng, rows, standardised(x), target)
        net = perceptron(MLPRegressor(hidden_layer_sizes=layers, alpha=1e-3), x_part, y)
        at = net.start(rng, scale=1.5)
        yield network_case(f"layers {layers}, {rows} rows", net, at, slips)


@family("sklearn MLP, float32", kind="float32", source=_SOURCE, split="validation", needs=_TORCH)
def _single_networks(rng: np.random.Generator) -> Iterator[Case]:
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    iris, species = table("iris")
    diabetes, target = table("diabetes")
    images, digits = table("digits")
    species_x = standardised(iris).astype(np.float32)
    diabetes_x = standardised(diabetes).astype(np.float32)
    response = ((target - target.mean()) / target.std()).astype(np.float32)
    for name, model, data, rows, slips in (
        ("iris", MLPClassifier((5,), activation="tanh"), (species_x, species), 100, ()),
        (
            "diabetes",
            MLPRegressor(hidden_layer_sizes=(6,), activation="logistic", alpha=0.1),
            (diabetes_x, response),
            200,
            ("factor forgotten", "intercepts not averaged"),
        ),
        (
            "deep",
            MLPRegressor(hidden_layer_sizes=(5, 5), activation="tanh"),
            (diabetes_x, response),
            60,
            (),
        ),
        (
            "digits",
            MLPClassifier((6,), activation="tanh", alpha=0.01),
            ((images / 16).astype(np.float32), digits),
            80,
            ("slope forgotten",),
        ),
    ):
        x, y = rows_of(rng, rows, *data)
        net = perceptron(model, x, y)
        at = net.start(rng)
        yield network_case(f"{name}, n = {at.size}", net, at, slips)


@family(
    "sklearn MLP, unscaled data",
    kind="badly scaled",
    source=_SOURCE,
    split="validation",
    needs=_TORCH,
)
def _unscaled_networks(rng: np.random.Generator) -> Iterator[Case]:
    from sklearn.neural_network import MLPRegressor

    wine, _ = table("wine")
    cancer, _ = table("breast_cancer")
    diabetes, target = table("diabetes")
    for name, x, y, layers, activation, slips in (
        ("raw target", standardised(diabetes), target, (5,), "tanh", ("slope forgotten",)),
        ("wine without scaling", wine[:, :-1], wine[:, -1], (4,), "tanh", ()),
        (
            "wine by identity",
            wine[:, :-1],
            wine[:, -1],
            (3,),
            "identity",
            ("labels shifted by a row",),
        ),
        ("cells without scaling", cancer[:, 1:], cancer[:, 0], (4,), "logistic", ()),
    ):
        x_part, y_part = rows_of(rng, 120, x, y)
        net = perceptron(
            MLPRegressor(hidden_layer_sizes=layers, activation=activation, alpha=0.1),
            x_part,
            y_part,
        )
        yield network_case(name, net, net.start(rng), slips)


@family(
    "sklearn MLP, saturated or trained",
    kind="flat",
    source=_SOURCE,
    split="validation",
    needs=_TORCH,
)
def _flat_networks(rng: np.random.Generator) -> Iterator[Case]:
    from sklearn.neural_network import MLPRegressor

    x, target = table("diabetes")
    target = (target - target.mean()) / target.std()
    for activation, layers in (("tanh", (5,)), ("logistic", (4, 4))):
        x_part, y = rows_of(rng, 100, standardised(x), target)
        net = perceptron(
            MLPRegressor(hidden_layer_sizes=layers, activation=activation, alpha=0.01), x_part, y
        )
        yield network_case(f"saturated {activation}", net, net.start(rng, scale=12.0))
        start = net.start(rng)
        end = quietly(
            lambda start, both: (
                optimize.minimize(
                    both, start, jac=True, method="L-BFGS-B", options={"maxiter": 300}
                ).x
            ),
            start,
            net.both,
        )
        yield network_case(f"trained {activation}", net, end)


# Linear models


def _exponential(y: AnyArray) -> tuple[ValueOf, ValueOf]:
    return (
        lambda r: y * np.exp(-r) + (1 - y) * np.exp(r),
        lambda r: (1 - y) * np.exp(r) - y * np.exp(-r),
    )


def _multinomial(y: AnyArray) -> tuple[ValueOf, ValueOf]:
    rows, classes = np.arange(len(y)), y.astype(int)

    def pointwise(r: Any) -> Any:
        return log_sum_exp(r, 1) - r[rows, classes]

    def slope(r: AnyArray) -> AnyArray:
        chances = special.softmax(r, axis=1)
        chances[rows, classes] -= 1
        return np.asarray(chances)

    return pointwise, slope


def _tweedie(y: AnyArray, power: float) -> tuple[ValueOf, ValueOf]:
    """Return half the Tweedie deviance by the logarithm of the mean, without its constant."""

    def pointwise(r: Any) -> Any:
        if power == 2:
            return r + y * np.exp(-r)
        return np.exp((2 - power) * r) / (2 - power) - y * np.exp((1 - power) * r) / (1 - power)

    def slope(r: AnyArray) -> AnyArray:
        return np.asarray(np.exp((2 - power) * r) - y * np.exp((1 - power) * r))

    return pointwise, slope


def _tweedie_identity(y: AnyArray, power: float) -> tuple[ValueOf, ValueOf]:
    """Return half the Tweedie deviance by the mean itself."""
    constant = np.maximum(y, 0) ** (2 - power) / (1 - power) / (2 - power)

    def pointwise(r: Any) -> Any:
        return constant + r ** (2 - power) / (2 - power) - y * r ** (1 - power) / (1 - power)

    def slope(r: AnyArray) -> AnyArray:
        return np.asarray((r - y) / r**power)

    return pointwise, slope


@family(
    "sklearn classification losses",
    kind="ordinary",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _classification(rng: np.random.Generator) -> Iterator[Case]:
    from sklearn._loss.loss import ExponentialLoss, HalfMultinomialLoss
    from sklearn.linear_model._linear_loss import LinearModelLoss

    cancer, label = table("breast_cancer")
    for rows, l2, weighted, slips in (
        (100, 0.1, False, ("intercept penalised", "mean twice")),
        (300, 1e-3, True, ("weights left out",)),
    ):
        x, y = rows_of(rng, rows, standardised(cancer), label.astype(np.float64))
        weights = rng.uniform(0.3, 2, rows) if weighted else None
        loss = LinearModelLoss(ExponentialLoss(), fit_intercept=True)
        model = Linear(loss, x, y, *_exponential(y), weights, l2)
        at = 0.1 * rng.standard_normal(x.shape[1] + 1)
        at[-1] += 0.4
        yield linear_case(f"exponential, {rows} rows", model, at, slips)
    more: tuple[str, ...]
    for name, classes, rows, flattened, more in (
        ("iris", 3, 80, True, ("order of the classes", "sum for the mean")),
        ("wine", 3, 150, False, ("intercept penalised",)),
        ("digits", 10, 100, True, ("order of the classes",)),
        ("digits", 10, 40, False, ()),
    ):
        x, target = table(name)
        x, y = rows_of(rng, rows, x / 16 if name == "digits" else standardised(x), target)
        y = y.astype(np.float64)
        intercept = rows != 40
        loss = LinearModelLoss(HalfMultinomialLoss(n_classes=classes), fit_intercept=intercept)
        model = Linear(loss, x, y, *_multinomial(y), l2=0.05)
        at = 0.4 * rng.standard_normal((classes, x.shape[1] + int(intercept)))
        at = at.ravel(order="F") if flattened else np.asfortranarray(at)
        yield linear_case(f"multinomial, {name}, {rows} rows", model, at, more)


@family(
    "sklearn Tweedie regression", kind="ordinary", source=_SOURCE, split="validation", needs=_NEEDS
)
def _tweedie_models(rng: np.random.Generator) -> Iterator[Case]:
    from sklearn._loss.loss import HalfTweedieLoss, HalfTweedieLossIdentity
    from sklearn.linear_model._linear_loss import LinearModelLoss

    for power, rows, features, slips in (
        (1.5, 150, 5, ("weights left out", "penalty doubled")),
        (1.1, 60, 3, ()),
        (3.0, 100, 8, ("sum for the mean",)),
        (2.0, 200, 12, ("intercept left out",)),
    ):
        x = rng.standard_normal((rows, features))
        mean = np.exp(0.3 * x @ rng.standard_normal(features) + 1)
        y = rng.gamma(2.0, mean / 2)
        if power < 2:
            y[rng.uniform(size=rows) < 0.3] = 0.0
        weights = rng.uniform(0.1, 1, rows)
        loss = LinearModelLoss(HalfTweedieLoss(power=power), fit_intercept=True)
        model = Linear(loss, x, y, *_tweedie(y, power), weights, 0.02)
        at = np.append(0.3 * rng.standard_normal(features), 1.0)
        yield linear_case(f"log link, power {power:g}", model, at, slips)
    for power in (1.5, 3.0):
        x = rng.uniform(0.1, 1, (80, 4))
        at = rng.uniform(0.5, 2, 5)
        y = rng.gamma(3.0, (x @ at[:-1] + at[-1]) / 3)
        loss = LinearModelLoss(HalfTweedieLossIdentity(power=power), fit_intercept=True)
        model = Linear(loss, x, y, *_tweedie_identity(y, power))
        at = at * rng.uniform(0.8, 1.2, 5)
        yield linear_case(f"identity link, power {power:g}", model, at, ("mean twice",))


@family(
    "sklearn Tweedie regression, predictions near zero",
    kind="domain edge",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _tweedie_edge(rng: np.random.Generator) -> Iterator[Case]:
    from sklearn._loss.loss import HalfTweedieLossIdentity
    from sklearn.linear_model._linear_loss import LinearModelLoss

    # Non-negative least squares puts predictions next to zero, where the loss ends.
    for power, smallest in ((1.5, 1e-2), (1.5, 1e-4), (1.2, 1e-6), (2.5, 1e-2)):
        x = rng.uniform(0, 1, (30, 3))
        at = rng.uniform(0.5, 2, 3)
        x[0] = smallest * rng.uniform(0.5, 1, 3)
        y = rng.gamma(3.0, x @ at / 3)
        loss = LinearModelLoss(HalfTweedieLossIdentity(power=power), fit_intercept=False)
        model = Linear(loss, x, y, *_tweedie_identity(y, power))
        # One row whose prediction is nearly zero although its features are not.
        x[1] = rng.uniform(0.3, 1, 3)
        x[1, 2] = (smallest - x[1, :2] @ at[:2]) / at[2]
        yield linear_case(f"power {power:g}, prediction {smallest:g}", model, at)


@family(
    "sklearn pinball and Huber losses",
    kind="kink",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _kinked(rng: np.random.Generator) -> Iterator[Case]:
    from sklearn._loss.loss import HuberLoss, PinballLoss
    from sklearn.linear_model._linear_loss import LinearModelLoss

    data, target = table("diabetes")

    def pinball(y: AnyArray, quantile: float) -> tuple[ValueOf, ValueOf]:
        def weight(r: Any) -> Any:
            return np.where(y >= np.real(r), quantile, quantile - 1)

        return lambda r: weight(r) * (y - r), lambda r: -weight(r)

    def huber(y: AnyArray, delta: float) -> tuple[ValueOf, ValueOf]:
        def pointwise(r: Any) -> Any:
            sign = np.sign(np.real(r) - y)
            return np.where(
                np.abs(np.real(r) - y) <= delta,
                0.5 * (y - r) ** 2,
                delta * (sign * (r - y) - delta / 2),
            )

        return pointwise, lambda r: np.clip(r - y, -delta, delta)

    for name, rows, forms, loss, slips in (
        ("pinball 0.3", 30, (pinball, 0.3), PinballLoss(quantile=0.3), ()),
        ("pinball 0.9", 150, (pinball, 0.9), PinballLoss(quantile=0.9), ("sum for the mean",)),
        ("pinball 0.05", 440, (pinball, 0.05), PinballLoss(quantile=0.05), ("mean twice",)),
        ("Huber 0.3", 60, (huber, 0.3), HuberLoss(delta=0.3), ("intercept left out",)),
        ("Huber 1", 300, (huber, 1.0), HuberLoss(delta=1.0), ()),
    ):
        x, y = rows_of(rng, rows, standardised(data), (target - target.mean()) / target.std())
        pointwise, slope = forms[0](y, forms[1])
        model = Linear(LinearModelLoss(loss, fit_intercept=True), x, y, pointwise, slope, l2=0.01)
        yield linear_case(name, model, 0.3 * rng.standard_normal(x.shape[1] + 1), slips)


@family(
    "sklearn linear models, unscaled data",
    kind="badly scaled",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _unscaled(rng: np.random.Generator) -> Iterator[Case]:
    from sklearn._loss.loss import HalfMultinomialLoss, HalfPoissonLoss, HalfSquaredError
    from sklearn.linear_model._linear_loss import LinearModelLoss

    cancer, _ = table("breast_cancer")
    for rows, columns in ((60, 5), (150, 13)):
        data, cultivar = table("wine")
        x, y = rows_of(rng, rows, data[:, -columns:], cultivar.astype(np.float64))
        sizes = np.append(0.3 / np.sqrt(np.mean(x**2, axis=0)), 1.0)
        loss = LinearModelLoss(HalfMultinomialLoss(n_classes=3), fit_intercept=True)
        model = Linear(loss, x, y, *_multinomial(y), l2=1e-4)
        at = np.asfortranarray(sizes * rng.standard_normal((3, len(sizes))))
        yield linear_case(f"multinomial, {columns} columns", model, at, ("sum for the mean",))

    x, area = rows_of(rng, 200, np.delete(cancer, 3, axis=1), cancer[:, 3])
    sizes = np.append(1 / np.sqrt(np.mean(x**2, axis=0)), 1.0)
    loss = LinearModelLoss(HalfSquaredError(), fit_intercept=True)
    model = Linear(loss, x, area, lambda r: 0.5 * (area - r) ** 2, lambda r: r - area, l2=1.0)
    at = 100 * sizes * rng.standard_normal(len(sizes))
    yield linear_case("squared, areas of cells", model, at, ("mean twice",))

    loss = LinearModelLoss(HalfPoissonLoss(), fit_intercept=True)
    model = Linear(loss, x, area, lambda r: np.exp(r) - area * r, lambda r: np.exp(r) - area)
    at = 0.3 * sizes * rng.standard_normal(len(sizes))
    at[-1] = np.log(area.mean())
    yield linear_case("Poisson, areas of cells", model, at)


# Once wrong in validation; "float32/data in single" took its place there.
@family(
    "sklearn multinomial and Tweedie regression, float32",
    kind="float32",
    source=_SOURCE,
    split="tuning",
    needs=_NEEDS,
)
def _single_linear(rng: np.random.Generator) -> Iterator[Case]:
    from sklearn._loss.loss import HalfMultinomialLoss, HalfTweedieLoss
    from sklearn.linear_model._linear_loss import LinearModelLoss

    for name, classes, rows in (("wine", 3, 100), ("digits", 10, 150)):
        data, target = table(name)
        data = data / 16 if name == "digits" else standardised(data)
        x, y = rows_of(rng, rows, data.astype(np.float32), target.astype(np.float32))
        loss = LinearModelLoss(HalfMultinomialLoss(n_classes=classes), fit_intercept=True)
        model = Linear(loss, x, y, *_multinomial(y), l2=0.01)
        size = classes * (x.shape[1] + 1)
        at = (0.3 * rng.standard_normal(size)).astype(np.float32)
        yield linear_case(f"multinomial, {name}", model, at, ("order of the classes",))

    x = rng.standard_normal((150, 6)).astype(np.float32)
    y = rng.gamma(1.0, 1.0, 150).astype(np.float32)
    loss = LinearModelLoss(HalfTweedieLoss(power=1.7), fit_intercept=True)
    model = Linear(loss, x, y, *_tweedie(y.astype(np.float64), 1.7), l2=0.01)
    at = (0.3 * rng.standard_normal(7)).astype(np.float32)
    yield linear_case("Tweedie", model, at)


@family(
    "sklearn linear models, targets far from zero",
    kind="offset",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _offset(rng: np.random.Generator) -> Iterator[Case]:
    from sklearn._loss.loss import HalfPoissonLoss, HalfSquaredError
    from sklearn.linear_model._linear_loss import LinearModelLoss

    data, target = table("diabetes")
    for level in (1e3, 1e4, 1e5):
        # Centred features and no intercept: the level of the target is no one's matter.
        x, y = rows_of(rng, 200, data, target / target.std())
        x, y = standardised(x), y - y.mean() + level

        def pointwise(r: Any, y: AnyArray = y) -> Any:
            return 0.5 * (y - r) ** 2

        def slope(r: Any, y: AnyArray = y) -> Any:
            return r - y

        loss = LinearModelLoss(HalfSquaredError(), fit_intercept=False)
        model = Linear(loss, x, y, pointwise, slope, l2=0.01)
        at = 0.5 * rng.standard_normal(x.shape[1:])
        yield linear_case(f"squared, level {level:g}", model, at, ("penalty forgotten",))
    for level in (1e4, 1e6):
        x = standardised(rng.standard_normal((60, 4)))
        point = np.append(0.2 * rng.standard_normal(4), np.log(level))
        y = np.round(np.exp(x @ point[:-1] + point[-1]) * (1 + 1e-3 * rng.standard_normal(60)))

        def counts(r: Any, y: AnyArray = y) -> Any:
            return np.exp(r) - y * r

        loss = LinearModelLoss(HalfPoissonLoss(), fit_intercept=True)
        model = Linear(loss, x, y, counts)
        yield linear_case(f"Poisson, counts about {level:g}", model, point)


@family(
    "sklearn linear models, fitted", kind="flat", source=_SOURCE, split="validation", needs=_NEEDS
)
def _fitted(rng: np.random.Generator) -> Iterator[Case]:
    from sklearn._loss.loss import HalfMultinomialLoss, HalfTweedieLoss
    from sklearn.linear_model._linear_loss import LinearModelLoss

    data, target = table("diabetes")
    x, y = rows_of(rng, 300, standardised(data), target / target.mean())
    tweedie = Linear(
        LinearModelLoss(HalfTweedieLoss(power=1.5), fit_intercept=True),
        x,
        y,
        *_tweedie(y, 1.5),
        l2=0.01,
    )
    wine, cultivar = table("wine")
    x, y = rows_of(rng, 150, standardised(wine), cultivar.astype(np.float64))
    multinomial = Linear(
        LinearModelLoss(HalfMultinomialLoss(n_classes=3), fit_intercept=True),
        x,
        y,
        *_multinomial(y),
        l2=0.01,
    )
    slips: tuple[str, ...]
    for name, model, size in (("Tweedie", tweedie, 11), ("multinomial", multinomial, 42)):
        for tolerance in (1e-2, 1e-5):
            found = optimize.minimize(
                model.value,
                np.zeros(size),
                jac=model.gradient,
                method="L-BFGS-B",
                options={"gtol": tolerance, "ftol": 0.0},
            )
            slips = ("penalty forgotten",) if name == "Tweedie" else ()
            yield linear_case(f"{name}, tolerance {tolerance:g}", model, found.x, slips)


def _huber_case(rng: np.random.Generator, rows: int, epsilon: float, intercept: bool) -> Case:
    from sklearn.linear_model._huber import _huber_loss_and_gradient

    data, target = table("diabetes")
    x, y = rows_of(rng, rows, standardised(data), (target - target.mean()) / target.std())
    weights, alpha = rng.uniform(0.5, 1.5, rows), 0.01

    def both(w: AnyArray) -> tuple[Any, Any]:
        value, gradient = _huber_loss_and_gradient(w, x, y, epsilon, alpha, weights)
        return value, gradient

    def again(w: Any) -> Any:
        coef, shift, scale = (w[:-2], w[-2], w[-1]) if intercept else (w[:-1], 0.0, w[-1])
        z = (y - x @ coef - shift) / scale
        sign = np.sign(np.real(z))
        each = np.where(np.abs(np.real(z)) > epsilon, 2 * epsilon * sign * z - epsilon**2, z * z)
        return np.sum(weights * (scale + each * scale)) + alpha * np.sum(coef**2)

    def by_hand(w: AnyArray, slip: str) -> AnyArray:
        coef, shift, scale = (w[:-2], w[-2], w[-1]) if intercept else (w[:-1], 0.0, w[-1])
        z = (y - x @ coef - shift) / scale
        inside = np.abs(z) <= epsilon
        slope = 2 * np.where(inside, z, epsilon * np.sign(z)) * weights
        if slip == "sign of outliers":
            slope = 2 * np.where(inside, z, epsilon) * weights
        part = np.sum(weights * np.where(inside, 1 - z**2, 1 - epsilon**2))
        if slip == "scale of outliers":
            part = np.sum(weights * np.where(inside, 1 - z**2, 1))
        tail = [-np.sum(slope), part] if intercept else [part]
        return np.concatenate([-x.T @ slope + 2 * alpha * coef, tail])

    tail = [0.1 * rng.standard_normal()] if intercept else []
    at = np.concatenate([0.2 * rng.standard_normal(x.shape[1]), tail, [rng.uniform(0.5, 0.9)]])
    slips = ("sign of outliers", "scale of outliers") if intercept else ()
    return Case(
        f"{rows} rows, epsilon {epsilon}",
        value_of(both),
        gradient_of(both),
        at,
        lambda: complex_step(again, at),
        named(slips, lambda slip: functools.partial(by_hand, slip=slip)),
    )


@family("sklearn Huber regressor", kind="kink", source=_SOURCE, split="validation", needs=_NEEDS)
def _huber(rng: np.random.Generator) -> Iterator[Case]:
    # The slope is continuous; the curvature jumps where a row becomes an outlier.
    for rows, epsilon, intercept in ((40, 1.35, True), (200, 1.1, False), (430, 1.35, True)):
        yield _huber_case(rng, rows, epsilon, intercept)


# Gaussian processes


def _process_case(
    name: str,
    kernel: Any,
    matrix: Kernel,
    x: FloatArray,
    y: FloatArray,
    at: FloatArray,
    jitter: float = 1e-10,
    mistakes: Mapping[str, ValueOf] | None = None,
) -> Case:
    from sklearn.gaussian_process import GaussianProcessRegressor

    process = GaussianProcessRegressor(kernel, alpha=jitter, optimizer=None).fit(x, y)
    return process_case(name, process, matrix, at, mistakes)


def _smooth(x: FloatArray, rng: np.random.Generator, noise: float = 0.2) -> FloatArray:
    """Return noisy values of a smooth function at some points."""
    directions = rng.standard_normal((x.shape[1], 2))
    return np.asarray(np.sin(x @ directions).sum(axis=1) + noise * rng.standard_normal(len(x)))


@family(
    "sklearn GP regression, Matern",
    kind="ordinary",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _matern(rng: np.random.Generator) -> Iterator[Case]:
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern

    for nu, rows, features in ((2.5, 20, 2), (0.5, 30, 5), (2.5, 60, 8)):
        x = rng.uniform(-2, 2, (rows, features))
        y = _smooth(x, rng)

        def matrix(p: Any, x: FloatArray = x, nu: float = nu) -> Any:
            return p[0] * matern(x, p[1:], nu)

        def derivatives(
            p: FloatArray, K: FloatArray, x: FloatArray = x, nu: float = nu
        ) -> list[FloatArray]:
            square = squared_distances(x, p[1:])
            d = np.sqrt(square)
            by_square = {
                0.5: -0.5 * np.exp(-d) / np.where(d > 0, d, 1.0),
                2.5: -5 / 6 * (1 + np.sqrt(5) * d) * np.exp(-np.sqrt(5) * d),
            }[nu]
            parts = [
                p[0] * by_square * -2 * (x[:, None, k] - x[None, :, k]) ** 2 / p[1 + k] ** 3
                for k in range(x.shape[1])
            ]
            return [K / p[0], *parts]

        def one_length(p: FloatArray, K: FloatArray, parts: Any = derivatives) -> list[FloatArray]:
            # The sum over features is taken in each derivative.
            each = parts(p, K)
            return [each[0], *[sum(each[1:], np.zeros_like(K))] * (len(p) - 1)]

        mistaken = functools.partial(evidence_gradient, matrix, derivatives, y, 0.05)
        mistakes = dict(named(("logarithm forgotten", "data term forgotten"), mistaken))
        mistakes["summed over features"] = evidence_gradient(matrix, one_length, y, 0.05, "")
        yield _process_case(
            f"nu {nu}, {features} lengths, {rows} rows",
            ConstantKernel() * Matern([1.0] * features, nu=nu),
            matrix,
            x,
            y,
            np.log(rng.uniform(0.5, 2, features + 1)),
            0.05,
            mistakes if rows < 60 else {},
        )


@family(
    "sklearn GP regression, composed kernels",
    kind="ordinary",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _composed(rng: np.random.Generator) -> Iterator[Case]:
    from sklearn.gaussian_process.kernels import (
        RBF,
        ConstantKernel,
        DotProduct,
        Exponentiation,
        ExpSineSquared,
        Matern,
        RationalQuadratic,
        WhiteKernel,
    )

    x = np.sort(rng.uniform(0, 6, (40, 1)), axis=0)
    y = x[:, 0] / 3 + np.sin(2 * np.pi * x[:, 0] / 1.5) + 0.2 * rng.standard_normal(40)
    eye = np.eye(40)

    yield _process_case(
        "rational quadratic",
        RationalQuadratic() + WhiteKernel(),
        lambda p: rational(x, p[0], p[1]) + p[2] * eye,
        x,
        y,
        np.log(rng.uniform([0.5, 0.5, 0.05], [3, 2, 0.3])),
    )
    yield _process_case(
        "periodic",
        ConstantKernel() * ExpSineSquared() + WhiteKernel(),
        lambda p: p[0] * periodic(x, p[1], p[2]) + p[3] * eye,
        x,
        y,
        np.log(rng.uniform([0.5, 0.8, 1.2, 0.1], [2, 2, 1.8, 0.5])),
    )
    yield _process_case(
        "trend, season and short waves",
        ConstantKernel() * RBF()
        + ConstantKernel() * RBF() * ExpSineSquared()
        + ConstantKernel() * RationalQuadratic()
        + WhiteKernel(),
        lambda p: (
            p[0] * gaussian(x, p[1])
            + p[2] * gaussian(x, p[3]) * periodic(x, p[4], p[5])
            + p[6] * rational(x, p[7], p[8])
            + p[9] * eye
        ),
        x,
        y,
        np.log(rng.uniform(0.5, 2, 10) * np.array([2, 5, 1, 4, 1, 1.5, 0.3, 1, 0.5, 0.1])),
    )
    points = rng.uniform(-1, 1, (25, 3))
    both = np.column_stack([_smooth(points, rng), _smooth(points, rng)])
    yield _process_case(
        "dot product, two outputs",
        ConstantKernel() * DotProduct() + Matern(nu=2.5),
        lambda p: p[0] * (p[1] ** 2 + points @ points.T) + matern(points, p[2], 2.5),
        points,
        both,
        np.log(rng.uniform(0.5, 2, 3)),
        0.1,
    )
    yield _process_case(
        "polynomial",
        Exponentiation(DotProduct(), 2) + RBF([1.0, 1.0, 1.0]),
        lambda p: (p[0] ** 2 + points @ points.T) ** 2 + gaussian(points, p[1:]),
        points,
        both[:, 0],
        np.log(rng.uniform(0.5, 2, 4)),
        0.1,
    )


@family(
    "sklearn GP regression, irrelevant features",
    kind="flat",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _irrelevant(rng: np.random.Generator) -> Iterator[Case]:
    from sklearn.gaussian_process.kernels import RBF, Matern

    x = rng.uniform(-2, 2, (30, 5))
    y = _smooth(x[:, :2], rng)
    for longest in (1e2, 1e3, 1e5):
        lengths = np.append(rng.uniform(0.5, 2, 2), longest * rng.uniform(0.3, 1, 3))
        yield _process_case(
            f"RBF, lengths up to {longest:g}",
            RBF([1.0] * 5),
            lambda p: gaussian(x, p),
            x,
            y,
            np.log(rng.permutation(lengths)),
            0.1,
        )
    yield _process_case(
        "Matern, lengths up to 1000",
        Matern([1.0] * 5, nu=1.5),
        lambda p: matern(x, p, 1.5),
        x,
        y,
        np.log(np.append(rng.uniform(0.5, 2, 2), rng.uniform(300, 1000, 3))),
        0.1,
    )


def _laplace(kernel: Kernel, y: AnyArray) -> ValueOf:
    """Return Laplace's evidence of a classification for complex log hyperparameters."""

    def value(theta: Any) -> Any:
        K = kernel(np.exp(theta))
        latent = np.zeros(len(y))
        for _ in range(40):
            chance = 1 / (1 + np.exp(-latent))
            W = chance * (1 - chance)
            B = np.eye(len(y)) + W[:, None] * K
            a = np.linalg.solve(B, W * latent + y - chance)
            latent = K @ a
        fit = -a @ latent / 2 - np.sum(np.log(1 + np.exp(-(2 * y - 1) * latent)))
        return fit - log_determinant(B) / 2

    return value


@family(
    "sklearn GP classification",
    kind="solver noise",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _gp_classifiers(rng: np.random.Generator) -> Iterator[Case]:
    from sklearn.gaussian_process import GaussianProcessClassifier
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, Matern, RationalQuadratic

    # The mode is found by Newton's method, which stops at a change of 1e-10.
    x = rng.uniform(-2, 2, (40, 3))
    margin = np.sin(2 * x[:, 0]) + x[:, 1] + 0.5 * rng.standard_normal(40)
    y = (margin > np.median(margin)).astype(int)
    for name, kernel, matrix, size in (
        (
            "RBF",
            ConstantKernel() * RBF(),
            lambda p: p[0] * gaussian(x, p[1]),
            2,
        ),
        (
            "Matern, three lengths",
            ConstantKernel() * Matern([1.0] * 3, nu=1.5),
            lambda p: p[0] * matern(x, p[1:], 1.5),
            4,
        ),
        (
            "RBF and rational quadratic",
            ConstantKernel() * RBF([1.0] * 3) + RationalQuadratic(),
            lambda p: p[0] * gaussian(x, p[1:4]) + rational(x, p[4], p[5]),
            6,
        ),
    ):
        process = GaussianProcessClassifier(kernel, optimizer=None).fit(x, y)
        at = np.log(rng.uniform(0.5, 2, size) * np.append(3.0, np.ones(size - 1)))
        yield Case(
            name,
            gp_value(process),
            gradient_of(gp_both(process)),
            at,
            functools.partial(complex_step, _laplace(matrix, y), at),
        )


def _prediction(
    rng: np.random.Generator, rows: int, features: int
) -> tuple[Any, FloatArray, dict[str, Any]]:
    """Return a fitted Gaussian process, a point, and what its predictions are made of."""
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel

    x = rng.uniform(-2, 2, (rows, features))
    y = _smooth(x, rng)
    lengths = rng.uniform(0.8, 2, features)
    process = GaussianProcessRegressor(
        ConstantKernel(1.5) * RBF(lengths), alpha=0.05, optimizer=None
    ).fit(x, y)
    K = 1.5 * gaussian(x, lengths) + 0.05 * np.eye(rows)
    parts = {"x": x, "y": y, "lengths": lengths, "K": K, "best": float(y.min())}
    return process, rng.uniform(-1.5, 1.5, features), parts


def _acquisition_case(rng: np.random.Generator, what: str, rows: int, features: int) -> Case:
    process, at, parts = _prediction(rng, rows, features)
    x, lengths, K, best = parts["x"], parts["lengths"], parts["K"], parts["best"]
    inverse = np.linalg.inv(K)
    weights = inverse @ parts["y"]

    def f(point: AnyArray) -> float:
        mean, std = process.predict(point[None], return_std=True)
        if what == "lower bound":
            return float(mean[0] - 2 * std[0])
        z = (best - mean[0]) / std[0]
        if what == "probability":
            return float(special.ndtr(z))
        return float((best - mean[0]) * special.ndtr(z) + std[0] * _bell(z))

    def by_hand(point: AnyArray, slip: str = "") -> AnyArray:
        k = 1.5 * np.exp(-np.sum(((x - point) / lengths) ** 2, axis=1) / 2)
        slopes = k[:, None] * (x - point) / lengths**2
        if slip == "lengths not squared":
            slopes = k[:, None] * (x - point) / lengths
        mean, std = k @ weights, np.sqrt(1.5 - k @ inverse @ k)
        d_mean = slopes.T @ weights
        d_std = -slopes.T @ (inverse @ k) / std
        if slip == "root forgotten":
            d_std = -2 * slopes.T @ (inverse @ k)
        elif slip == "deviation held fixed":
            d_std = 0 * d_std
        if what == "lower bound":
            return np.asarray(d_mean - 2 * d_std)
        z = (best - mean) / std
        if what == "probability":
            return np.asarray(-_bell(z) * (d_mean + z * d_std) / std)
        return np.asarray(-special.ndtr(z) * d_mean + _bell(z) * d_std)

    def again(point: Any) -> Any:
        k = 1.5 * np.exp(-np.sum(((x - point) / lengths) ** 2, axis=1) / 2)
        solved = np.linalg.solve(K, np.column_stack([parts["y"], k]))
        mean, std = k @ solved[:, 0], np.sqrt(1.5 - k @ solved[:, 1])
        z = (best - mean) / std
        if what == "lower bound":
            return mean - 2 * std
        chance = special.erfc(-z / np.sqrt(2)) / 2
        if what == "probability":
            return chance
        return (best - mean) * chance + std * _bell(z)

    slips = ("lengths not squared", "root forgotten", "deviation held fixed")
    return Case(
        f"{what}, {rows} rows, {features} features",
        f,
        by_hand,
        at,
        lambda: complex_step(again, at),
        named(slips, lambda slip: functools.partial(by_hand, slip=slip)) if rows == 25 else {},
    )


def _bell(z: Any) -> Any:
    return np.exp(-z * z / 2) / np.sqrt(2 * np.pi)


@family(
    "sklearn acquisition functions",
    kind="ordinary",
    source=_BY_HAND,
    split="validation",
    needs=_NEEDS,
)
def _acquisitions(rng: np.random.Generator) -> Iterator[Case]:
    for what, rows, features in (
        ("expected improvement", 25, 3),
        ("expected improvement", 60, 6),
        ("lower bound", 25, 2),
        ("probability", 40, 4),
    ):
        yield _acquisition_case(rng, what, rows, features)


# Embeddings


def _components_case(
    rng: np.random.Generator, name: str, x: AnyArray, y: AnyArray, parts: int, size: float
) -> Case:
    from sklearn.neighbors import NeighborhoodComponentsAnalysis

    model = NeighborhoodComponentsAnalysis(parts)
    model.n_iter_ = 1
    same = y[:, None] == y[None, :]

    def both(t: AnyArray) -> tuple[Any, Any]:
        value, gradient = model._loss_grad_lbfgs(t, x, same, -1.0)
        return value, gradient

    def again(t: Any) -> Any:
        z = x @ t.reshape(parts, -1).T
        square = ((z[:, None, :] - z[None, :, :]) ** 2).sum(axis=2)
        square = square + np.where(np.eye(len(x)) > 0, 1e6, 0.0)
        shift = np.min(square.real, axis=1, keepdims=True)
        p = np.exp(shift - square)
        return -np.sum(same * p / p.sum(axis=1, keepdims=True))

    def by_hand(t: AnyArray, slip: str) -> AnyArray:
        z = x @ t.reshape(parts, -1).T
        square = ((z[:, None, :] - z[None, :, :]) ** 2).sum(axis=2)
        np.fill_diagonal(square, np.inf)
        p = special.softmax(-square, axis=1)
        mine = p * same
        inner = mine - p * mine.sum(axis=1, keepdims=True)
        if slip == "softmax held fixed":
            inner = mine
        both_ways = inner + inner.T
        if slip == "one direction":
            both_ways = 2 * inner
        np.fill_diagonal(both_ways, 0)
        if slip != "own points forgotten":
            both_ways = both_ways - np.diag(both_ways.sum(axis=0))
        return np.asarray(-2 * (z.T @ both_ways @ x).ravel())

    at = size * rng.standard_normal(parts * x.shape[1])
    slips = ("softmax held fixed", "one direction", "own points forgotten")
    return Case(
        f"{name}, {len(x)} rows, {parts} components",
        value_of(both),
        gradient_of(both),
        at,
        lambda: complex_step(again, at),
        named(slips, lambda slip: functools.partial(by_hand, slip=slip)) if name == "iris" else {},
    )


@family(
    "sklearn neighbourhood components",
    kind="ordinary",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _neighbourhoods(rng: np.random.Generator) -> Iterator[Case]:
    for name, rows, parts, size in (
        ("iris", 60, 2, 0.7),
        ("iris", 100, 1, 0.7),
        ("wine", 80, 3, 0.4),
        ("digits", 60, 4, 0.3),
    ):
        x, y = table(name)
        x, y = rows_of(rng, rows, x / 16 if name == "digits" else standardised(x), y)
        yield _components_case(rng, name, x, y, parts, size)


@family(
    "sklearn neighbourhood components, unscaled data",
    kind="badly scaled",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _unscaled_neighbourhoods(rng: np.random.Generator) -> Iterator[Case]:
    for rows, parts, size in ((50, 2, 0.01), (90, 3, 0.003), (60, 1, 0.02)):
        x, y = table("wine")
        x, y = rows_of(rng, rows, x, y)
        yield _components_case(rng, "wine", x - x.mean(axis=0), y, parts, size)


def _similarities(rng: np.random.Generator, name: str, rows: int, perplexity: float) -> FloatArray:
    """Return the condensed joint probabilities that t-SNE makes of some rows."""
    from sklearn.manifold._t_sne import _joint_probabilities
    from sklearn.metrics import pairwise_distances

    x, _ = table(name)
    (x,) = rows_of(rng, rows, standardised(x))
    distances = pairwise_distances(x, squared=True).astype(np.float32)
    return np.asarray(_joint_probabilities(distances, perplexity, 0))


def _tsne_again(P: FloatArray, rows: int) -> ValueOf:
    """Return the divergence of t-SNE with one degree of freedom."""

    def value(params: Any) -> Any:
        y = params.reshape(rows, -1)
        upper = np.triu_indices(rows, 1)
        q = 1 / (1 + ((y[upper[0]] - y[upper[1]]) ** 2).sum(axis=1))
        return 2 * np.sum(P * (np.log(np.maximum(P, 2.0**-52)) - np.log(q / (2 * np.sum(q)))))

    return value


def _tsne_by_hand(P: FloatArray, rows: int, slip: str) -> ValueOf:
    from scipy.spatial.distance import squareform

    square = squareform(P)

    def gradient(params: AnyArray) -> AnyArray:
        y = params.reshape(rows, -1)
        near = 1 / (1 + squared_distances(y))
        np.fill_diagonal(near, 0)
        q = near / near.sum()
        if slip == "normalised by row":
            q = near / near.sum(axis=1, keepdims=True) / rows
        inner = (square - q) * near
        if slip == "tail of a Gaussian":
            inner = square - q
        elif slip == "tail only in the repulsion":
            inner = square - q * near
        pull = inner.sum(axis=1)[:, None] * y
        if slip != "other points forgotten":
            pull = pull - inner @ y
        return np.asarray(4 * pull.ravel(), dtype=params.dtype)

    return gradient


@family("sklearn t-SNE", kind="ordinary", source=_SOURCE, split="validation", needs=_NEEDS)
def _embeddings(rng: np.random.Generator) -> Iterator[Case]:
    from sklearn.manifold._t_sne import _kl_divergence

    for name, rows, parts, perplexity, slips in (
        ("iris", 25, 2, 5.0, ("tail of a Gaussian", "normalised by row")),
        ("wine", 60, 1, 10.0, ("other points forgotten",)),
        ("wine", 40, 2, 8.0, ("tail only in the repulsion",)),
        ("digits", 120, 2, 15.0, ()),
    ):
        P = _similarities(rng, name, rows, perplexity)

        def both(
            params: AnyArray, P: FloatArray = P, rows: int = rows, parts: int = parts
        ) -> tuple[Any, Any]:
            value, gradient = _kl_divergence(params, P, 1, rows, parts)
            return value, gradient

        at = rng.standard_normal(rows * parts)
        yield Case(
            f"{name}, {rows} rows, {parts} components",
            value_of(both),
            gradient_of(both),
            at,
            functools.partial(complex_step, _tsne_again(P, rows), at),
            named(slips, functools.partial(_tsne_by_hand, P, rows)),
        )


@family("sklearn t-SNE, float32", kind="float32", source=_SOURCE, split="validation", needs=_NEEDS)
def _single_embeddings(rng: np.random.Generator) -> Iterator[Case]:
    from scipy.sparse import csr_matrix
    from scipy.spatial.distance import squareform
    from sklearn.manifold._t_sne import _kl_divergence, _kl_divergence_bh

    for name, rows, tree in (
        ("iris", 30, False),
        ("wine", 60, False),
        ("iris", 40, True),
        ("wine", 80, True),
    ):
        P = _similarities(rng, name, rows, 8.0)
        sparse = csr_matrix(squareform(P))

        def exact(params: AnyArray, P: FloatArray = P, rows: int = rows) -> tuple[Any, Any]:
            value, gradient = _kl_divergence(params, P, 1, rows, 2)
            return value, gradient

        def by_tree(params: AnyArray, P: Any = sparse, rows: int = rows) -> tuple[Any, Any]:
            # Without summaries of distant points, which would make the gradient approximate.
            value, gradient = _kl_divergence_bh(params, P, 1, rows, 2, angle=0.0)
            return value, gradient

        both = by_tree if tree else exact
        at = rng.standard_normal(rows * 2).astype(np.float32)
        slips = ("tail of a Gaussian",) if name == "iris" else ()
        yield Case(
            f"{name}, {rows} rows, {'tree' if tree else 'exact'}",
            value_of(both),
            gradient_of(both),
            at,
            functools.partial(complex_step, _tsne_again(P, rows), at),
            named(slips, functools.partial(_tsne_by_hand, P, rows)),
        )


# Densities


def _mixture_case(rng: np.random.Generator, tied: bool, rows: int, parts: int) -> Case:
    """Return the mean log-likelihood of a mixture, by logits, means and Cholesky factors."""
    from sklearn.mixture import GaussianMixture

    data, _ = table("wine")
    (x,) = rows_of(rng, rows, standardised(data)[:, [0, 6, 9, 12]])
    features = x.shape[1]
    mixture = GaussianMixture(parts, covariance_type="tied" if tied else "full", max_iter=3)
    quietly(mixture.set_params(random_state=0).fit, x)
    upper = np.triu_indices(features)
    diagonal = upper[0] == upper[1]

    def factors(p: Mapping[str, Any]) -> Any:
        U = np.zeros((len(p["factors"]), features, features), dtype=p["factors"].dtype)
        U[:, upper[0], upper[1]] = p["factors"]
        return U

    def set_up(p: Mapping[str, Any]) -> Any:
        U = factors(p)
        mixture.weights_ = special.softmax(p["logits"])
        mixture.means_ = p["means"]
        mixture.precisions_cholesky_ = U[0] if tied else U
        return mixture

    def f(p: Mapping[str, Any]) -> float:
        return float(set_up(p).score(x))

    def by_hand(p: Mapping[str, Any], slip: str = "") -> dict[str, Any]:
        shares = set_up(p).predict_proba(x)
        U = np.broadcast_to(factors(p), (parts, features, features))
        away = x[:, None, :] - p["means"]
        white = np.einsum("ikd,kde->ike", away, U)
        means = np.einsum("ik,ike,kde->kd", shares, white, U) / rows
        if slip == "transpose forgotten":
            means = np.einsum("ik,ike,ked->kd", shares, white, U) / rows
        full = -np.einsum("ik,ikd,ike->kde", shares, away, white) / rows
        packed = full[:, upper[0], upper[1]]
        if slip != "determinant forgotten":
            own = shares.mean(axis=0)[:, None] / U[:, range(features), range(features)]
            packed[:, diagonal] += own
        logits = shares.mean(axis=0) - special.softmax(p["logits"])
        if slip == "softmax forgotten":
            logits = shares.mean(axis=0) / special.softmax(p["logits"])
        return {
            "logits": logits,
            "means": means,
            "factors": packed.sum(axis=0, keepdims=True) if tied else packed,
        }

    def again(p: Mapping[str, Any]) -> Any:
        logits = p["logits"] - log_sum_exp(p["logits"], 0)
        terms = []
        for k in range(parts):
            U = factors(p)[0 if tied else k]
            precision = U @ U.T
            away = x - p["means"][k]
            square = np.sum((away @ precision) * away, axis=1)
            size = log_determinant(precision / (2 * np.pi))
            terms.append(logits[k] + size / 2 - square / 2)
        return np.mean(log_sum_exp(np.stack(terms, axis=1), 1))

    start = np.asarray(mixture.precisions_cholesky_).reshape(-1, features, features)
    at = {
        "logits": rng.standard_normal(parts),
        "means": mixture.means_ + 0.3 * rng.standard_normal((parts, features)),
        "factors": start[:, upper[0], upper[1]]
        * rng.uniform(0.7, 1.2, (len(start), len(upper[0]))),
    }
    slips = ("transpose forgotten", "determinant forgotten", "softmax forgotten")
    return Case(
        f"{'tied' if tied else 'full'}, {parts} parts, {rows} rows",
        f,
        by_hand,
        at,
        lambda: complex_step(again, at),
        named(slips, lambda slip: functools.partial(by_hand, slip=slip)) if rows == 120 else {},
    )


@family(
    "sklearn Gaussian mixtures, full and tied",
    kind="ordinary",
    source=_BY_HAND,
    split="validation",
    needs=_NEEDS,
)
def _mixtures(rng: np.random.Generator) -> Iterator[Case]:
    for tied, rows, parts in ((False, 80, 2), (False, 120, 3), (True, 60, 3), (True, 120, 4)):
        yield _mixture_case(rng, tied, rows, parts)


def _bayesian_case(rng: np.random.Generator, name: str) -> Case:
    from sklearn.mixture import BayesianGaussianMixture

    x, _ = table(name)
    x = standardised(x)
    model = BayesianGaussianMixture(n_components=4, max_iter=20, random_state=0)
    quietly(model.fit, x)
    features = x.shape[1]
    dof = np.array(model.degrees_of_freedom_)
    steps = np.arange(features)
    spread = features * np.log(2) + special.digamma((dof[:, None] - steps) / 2).sum(axis=1)
    a, b = model.weight_concentration_
    sticks = special.digamma(a) - special.digamma(a + b)
    rest = np.cumsum(special.digamma(b) - special.digamma(a + b))
    weights = sticks + np.append(0.0, rest[:-1])
    precisions = np.linalg.inv(np.array(model.covariances_))
    means = np.array(model.means_)
    constants = (
        weights
        + 0.5 * (spread - features / model.mean_precision_ - features * np.log(2 * np.pi * dof))
        + 0.5 * np.linalg.slogdet(precisions)[1]
    )

    def f(point: AnyArray) -> float:
        return float(model.score_samples(point[None])[0])

    def by_hand(point: AnyArray, slip: str = "") -> AnyArray:
        shares = model.predict_proba(point[None])[0]
        if slip == "responsibilities forgotten":
            shares = model.weights_
        return np.asarray(np.einsum("k,kde,ke->d", shares, precisions, means - point))

    def again(point: Any) -> Any:
        away = point - means
        return log_sum_exp(constants - np.einsum("kd,kde,ke->k", away, precisions, away) / 2, 0)

    at = x[rng.integers(len(x))] + 0.5 * rng.standard_normal(features)
    slip = "responsibilities forgotten"
    return Case(
        f"Bayesian mixture at a point, {name}",
        f,
        by_hand,
        at,
        lambda: complex_step(again, at),
        {slip: functools.partial(by_hand, slip=slip)} if name == "iris" else {},
    )


def _kernel_density_case(rng: np.random.Generator, name: str, width: float, joint: int) -> Case:
    """Return the log density of some points under a kernel density estimate."""
    from sklearn.neighbors import KernelDensity

    x, _ = table(name)
    (x,) = rows_of(rng, 100, standardised(x)[:, :4])
    model = KernelDensity(bandwidth=width).fit(x)
    features = x.shape[1]

    def f(points: AnyArray) -> float:
        return float(model.score(points))

    def by_hand(points: AnyArray) -> AnyArray:
        away = x[None] - points[:, None]
        shares = special.softmax(-np.sum(away**2, axis=2) / (2 * width**2), axis=1)
        return np.asarray(np.einsum("pi,pid->pd", shares, away) / width**2)

    def unnormalised(points: AnyArray) -> AnyArray:
        # The derivative of the density in place of that of its logarithm.
        away = x[None] - points[:, None]
        weights = np.exp(-np.sum(away**2, axis=2) / (2 * width**2))
        return np.asarray(np.einsum("pi,pid->pd", weights, away) / width**2 / len(x))

    def again(points: Any) -> Any:
        square = np.sum((x[None] - points[:, None]) ** 2, axis=2)
        constant = np.log(len(x)) + features * np.log(width * np.sqrt(2 * np.pi))
        return np.sum(log_sum_exp(-square / (2 * width**2), 1) - constant)

    at = x[rng.permutation(100)[:joint]] + 0.3 * rng.standard_normal((joint, features))
    return Case(
        f"kernel density, {name}, {joint} points, width {width}",
        f,
        by_hand,
        at,
        lambda: complex_step(again, at),
        {"logarithm forgotten": unnormalised} if joint > 1 else {},
    )


@family(
    "sklearn log densities at points",
    kind="ordinary",
    source=_BY_HAND,
    split="validation",
    needs=_NEEDS,
)
def _densities(rng: np.random.Generator) -> Iterator[Case]:
    yield _bayesian_case(rng, "iris")
    yield _bayesian_case(rng, "wine")
    yield _kernel_density_case(rng, "iris", 0.5, 1)
    yield _kernel_density_case(rng, "wine", 0.3, 8)
    yield _kernel_density_case(rng, "diabetes", 1.0, 15)


def _factor_case(rng: np.random.Generator, name: str, parts: int) -> Case:
    """Return the mean log-likelihood of a factor analysis, by loadings and log noise."""
    from sklearn.decomposition import FactorAnalysis

    data, _ = table(name)
    x = standardised(data)
    model = FactorAnalysis(parts, max_iter=2)
    quietly(model.fit, x)
    S = x.T @ x / len(x)
    features = x.shape[1]

    def f(p: Mapping[str, Any]) -> float:
        model.components_ = p["loadings"]
        model.noise_variance_ = np.exp(p["log noise"])
        return float(model.score(x))

    def by_hand(p: Mapping[str, Any], slip: str = "") -> dict[str, Any]:
        noise = np.exp(p["log noise"])
        precision = np.linalg.inv(p["loadings"].T @ p["loadings"] + np.diag(noise))
        inner = (precision @ S @ precision - precision) / 2
        if slip == "determinant forgotten":
            inner = precision @ S @ precision / 2
        factor = 1 if slip == "one side of the product" else 2
        own = np.diag(inner) if slip == "logarithm forgotten" else np.diag(inner) * noise
        return {"loadings": factor * p["loadings"] @ inner, "log noise": own}

    def again(p: Mapping[str, Any]) -> Any:
        covariance = p["loadings"].T @ p["loadings"] + np.diag(np.exp(p["log noise"]))
        fit = np.trace(np.linalg.solve(covariance, S))
        return -(fit + log_determinant(covariance) + features * np.log(2 * np.pi)) / 2

    at = {
        "loadings": 0.6 * rng.standard_normal((parts, features)),
        "log noise": np.log(rng.uniform(0.3, 1.0, features)),
    }
    slips = ("determinant forgotten", "one side of the product", "logarithm forgotten")
    return Case(
        f"{name}, {parts} factors",
        f,
        by_hand,
        at,
        lambda: complex_step(again, at),
        named(slips, lambda slip: functools.partial(by_hand, slip=slip)) if name == "wine" else {},
    )


@family(
    "sklearn factor analysis", kind="ordinary", source=_BY_HAND, split="validation", needs=_NEEDS
)
def _factors(rng: np.random.Generator) -> Iterator[Case]:
    for name, parts in (("iris", 2), ("wine", 3), ("diabetes", 4), ("breast_cancer", 5)):
        yield _factor_case(rng, name, parts)


def _precision(rng: np.random.Generator, features: int) -> tuple[FloatArray, FloatArray]:
    """Return an empirical covariance, and a sparse precision matrix to judge by it."""
    x, _ = table("breast_cancer")
    (x,) = rows_of(rng, 150, standardised(x)[:, :features])
    S = x.T @ x / len(x)
    P = np.linalg.inv(S + 0.5 * np.eye(features))
    return S, np.asarray(P + P.T) / 2


@family(
    "sklearn Gaussian log-likelihood of a precision matrix",
    kind="ordinary",
    source=_BY_HAND,
    split="validation",
    needs=_NEEDS,
)
def _precisions(rng: np.random.Generator) -> Iterator[Case]:
    from sklearn.covariance import log_likelihood

    for features in (4, 8, 15):
        S, P = _precision(rng, features)

        def f(P: AnyArray, S: FloatArray = S) -> float:
            return float(log_likelihood(S, P))

        def gradient(P: AnyArray, S: FloatArray = S) -> AnyArray:
            return np.asarray((np.linalg.inv(P).T - S) / 2)

        def symmetric(P: AnyArray, S: FloatArray = S) -> AnyArray:
            # As if an entry and its mirror image were one parameter.
            full = np.linalg.inv(P) - S
            return np.asarray(full - np.diag(np.diag(full)) / 2)

        def inverse_forgotten(P: AnyArray, S: FloatArray = S) -> AnyArray:
            return np.asarray((P - S) / 2)

        def again(P: Any, S: FloatArray = S) -> Any:
            return (log_determinant(P / (2 * np.pi)) - np.sum(S * P)) / 2

        at = P + 0.02 * rng.standard_normal(P.shape)
        mistakes = {"symmetric entries": symmetric, "inverse forgotten": inverse_forgotten}
        yield Case(
            f"{features} features",
            f,
            gradient,
            at,
            functools.partial(complex_step, again, at),
            mistakes if features == 8 else {},
        )


@family("sklearn graphical lasso", kind="kink", source=_BY_HAND, split="validation", needs=_NEEDS)
def _graphical_lasso(rng: np.random.Generator) -> Iterator[Case]:
    from sklearn.covariance._graph_lasso import _objective

    # Entries that the penalty has made small lie next to their kinks at zero.
    for features, alpha, small in ((5, 0.1, 1e-2), (8, 0.3, 1e-4), (12, 0.05, 1e-6)):
        S, P = _precision(rng, features)
        shrink = np.where(rng.uniform(size=P.shape) < 0.4, small, 1.0)
        shrink = np.minimum(shrink, shrink.T)
        np.fill_diagonal(shrink, 1.0)
        at = P * shrink

        def f(P: AnyArray, S: FloatArray = S, alpha: float = alpha) -> float:
            return float(_objective(S, P, alpha))

        def gradient(P: AnyArray, S: FloatArray = S, alpha: float = alpha) -> AnyArray:
            sign = np.sign(P)
            np.fill_diagonal(sign, 0.0)
            return np.asarray(S - np.linalg.inv(P).T + alpha * sign)

        def all_penalised(P: AnyArray, S: FloatArray = S, alpha: float = alpha) -> AnyArray:
            return np.asarray(S - np.linalg.inv(P).T + alpha * np.sign(P))

        signs = np.sign(at)

        def again(
            P: Any, S: FloatArray = S, alpha: float = alpha, signs: FloatArray = signs
        ) -> Any:
            off = np.sum(signs * P) - np.sum(np.diag(signs) * np.diag(P))
            return np.sum(S * P) - log_determinant(P) + alpha * off

        yield Case(
            f"{features} features, small entries times {small:g}",
            f,
            gradient,
            at,
            functools.partial(complex_step, again, at),
            {"diagonal penalised": all_penalised},
        )


def _machine_case(rng: np.random.Generator, rows: int, units: int) -> Case:
    """Return a contrast of free energies, as it is followed in contrastive divergence."""
    from sklearn.neural_network import BernoulliRBM

    images, _ = table("digits")
    seen, fantasy = rows_of(rng, rows, images / 16), (rng.uniform(size=(rows, 64)) < 0.4) * 1.0
    data = seen[0]
    machine = BernoulliRBM(units)

    def f(p: Mapping[str, Any]) -> float:
        machine.components_ = p["weights"]
        machine.intercept_hidden_ = p["hidden"]
        machine.intercept_visible_ = p["visible"]
        return float(np.mean(machine._free_energy(data)) - np.mean(machine._free_energy(fantasy)))

    def by_hand(p: Mapping[str, Any], slip: str = "") -> dict[str, Any]:
        up = special.expit(data @ p["weights"].T + p["hidden"]) / rows
        down = special.expit(fantasy @ p["weights"].T + p["hidden"]) / rows
        weights = down.T @ fantasy - up.T @ data
        if slip == "probabilities of the data for both":
            weights = up.T @ (fantasy - data)
        elif slip == "positive phase only":
            weights = -up.T @ data
        return {
            "weights": weights,
            "hidden": down.sum(axis=0) - up.sum(axis=0),
            "visible": fantasy.mean(axis=0) - data.mean(axis=0),
        }

    def again(p: Mapping[str, Any]) -> Any:
        def energy(v: AnyArray) -> Any:
            inner = v @ p["weights"].T + p["hidden"]
            return np.mean(-(v @ p["visible"]) - np.log(1 + np.exp(inner)).sum(axis=1))

        return energy(data) - energy(fantasy)

    at = {
        "weights": 0.2 * rng.standard_normal((units, 64)),
        "hidden": 0.2 * rng.standard_normal(units),
        "visible": 0.2 * rng.standard_normal(64),
    }
    slips = ("probabilities of the data for both", "positive phase only")
    return Case(
        f"{units} hidden units, {rows} rows",
        f,
        by_hand,
        at,
        lambda: complex_step(again, at),
        named(slips, lambda slip: functools.partial(by_hand, slip=slip)) if units == 6 else {},
    )


@family(
    "sklearn restricted Boltzmann machines",
    kind="ordinary",
    source=_BY_HAND,
    split="validation",
    needs=_NEEDS,
)
def _machines(rng: np.random.Generator) -> Iterator[Case]:
    for rows, units in ((30, 2), (50, 6), (40, 16)):
        yield _machine_case(rng, rows, units)


# Matrix factorisations


def _divergence_case(
    rng: np.random.Generator, name: str, beta: float, shape: tuple[int, int, int], smallest: float
) -> Case:
    from sklearn.decomposition._nmf import _beta_divergence

    rows, columns, parts = shape
    x = rng.gamma(2.0, 0.5, (rows, columns)) + 0.01
    at = {
        "W": rng.uniform(0.1, 1, (rows, parts)),
        "H": rng.uniform(0.1, 1, (parts, columns)),
    }
    if smallest:
        # A row and a column that the updates have driven to zero.
        at["W"][0] = smallest * rng.uniform(0.5, 2, parts)
        at["H"][:, 1] = smallest * rng.uniform(0.5, 2, parts)

    def f(p: Mapping[str, Any]) -> float:
        return float(_beta_divergence(x, p["W"], p["H"], beta))

    def by_hand(p: Mapping[str, Any], slip: str = "") -> dict[str, Any]:
        model = p["W"] @ p["H"]
        inner = model ** (beta - 2) * (model - x)
        if slip == "weights of the divergence forgotten":
            inner = model - x
        W, H = inner @ p["H"].T, p["W"].T @ inner
        if slip == "sum of H forgotten":
            # The term that is linear in W, as in the Kullback-Leibler divergence, is left out.
            W = -(model ** (beta - 2) * x) @ p["H"].T
        return {"W": W, "H": H}

    def again(p: Mapping[str, Any]) -> Any:
        model = p["W"] @ p["H"]
        if beta == 1:
            return np.sum(x * np.log(x / model) - x + model)
        if beta == 0:
            return np.sum(x / model - np.log(x / model) - 1)
        scale = beta * (beta - 1)
        mixed = x**beta + (beta - 1) * model**beta - beta * x * model ** (beta - 1)
        return np.sum(mixed) / scale

    slips = ("weights of the divergence forgotten", "sum of H forgotten")
    plain = rows == 10
    return Case(
        f"{name}, {rows} x {columns}, {parts} parts",
        f,
        by_hand,
        at,
        lambda: complex_step(again, at),
        named(slips, lambda slip: functools.partial(by_hand, slip=slip)) if plain else {},
    )


@family(
    "sklearn NMF divergences", kind="ordinary", source=_BY_HAND, split="validation", needs=_NEEDS
)
def _divergences(rng: np.random.Generator) -> Iterator[Case]:
    for name, beta, shape in (
        ("Kullback-Leibler", 1.0, (10, 8, 2)),
        ("Kullback-Leibler", 1.0, (40, 30, 5)),
        ("Itakura-Saito", 0.0, (10, 12, 3)),
        ("beta 0.5", 0.5, (15, 10, 2)),
        ("beta 1.5", 1.5, (20, 20, 4)),
    ):
        yield _divergence_case(rng, name, beta, shape, 0.0)


@family(
    "sklearn NMF divergences near zero",
    kind="domain edge",
    source=_BY_HAND,
    split="validation",
    needs=_NEEDS,
)
def _divergences_edge(rng: np.random.Generator) -> Iterator[Case]:
    for name, beta, smallest in (
        ("Kullback-Leibler, 1e-3", 1.0, 1e-3),
        # No smaller: scikit-learn clips what is near 1.2e-7, and its divergence bends there.
        ("Itakura-Saito, 1e-2", 0.0, 1e-2),
        ("Itakura-Saito, 1e-3", 0.0, 1e-3),
    ):
        yield _divergence_case(rng, name, beta, (8, 7, 2), smallest)


# Predictions by their inputs


def _input_case(
    rng: np.random.Generator,
    name: str,
    model: Any,
    gradient: Callable[[Any, int, AnyArray, str], AnyArray],
    again: Callable[[Any, int, Any], Any],
    x: AnyArray,
    slips: tuple[str, ...] = (),
) -> Case:
    """Return the log probability of the second choice of a classifier, by its inputs."""
    at = x[rng.integers(len(x), size=2)].mean(axis=0) + 0.4 * rng.standard_normal(x.shape[1])
    label = int(np.argsort(model.predict_proba(at[None])[0])[-2])

    def f(point: AnyArray) -> float:
        return float(model.predict_log_proba(point[None])[0, label])

    return Case(
        name,
        f,
        lambda point: gradient(model, label, point, ""),
        at,
        lambda: complex_step(lambda point: again(model, label, point), at),
        named(slips, lambda slip: lambda point: gradient(model, label, point, slip)),
    )


def _linear_inputs(model: Any, label: int, point: AnyArray, slip: str) -> AnyArray:
    if slip == "softmax held fixed":
        return np.array(model.coef_[label])
    chances = model.predict_proba(point[None])[0]
    if slip == "logit of one class":
        return np.asarray((1 - chances[label]) * model.coef_[label])
    return np.asarray(model.coef_[label] - chances @ model.coef_)


def _linear_again(model: Any, label: int, point: Any) -> Any:
    scores = model.coef_ @ point + model.intercept_
    return scores[label] - log_sum_exp(scores, 0)


def _quadratic_inputs(model: Any, label: int, point: AnyArray, slip: str) -> AnyArray:
    chances = model.predict_proba(point[None])[0]
    pulls = np.stack(
        [
            np.linalg.solve(C, mean - point)
            for C, mean in zip(model.covariance_, model.means_, strict=True)
        ]
    )
    return np.asarray(
        pulls[label] if slip == "other classes forgotten" else pulls[label] - chances @ pulls
    )


def _quadratic_again(model: Any, label: int, point: Any) -> Any:
    scores = []
    for C, mean, prior in zip(model.covariance_, model.means_, model.priors_, strict=True):
        away = point - mean
        square = away @ np.linalg.solve(C, away)
        scores.append(np.log(prior) - np.linalg.slogdet(C)[1] / 2 - square / 2)
    return scores[label] - log_sum_exp(np.stack(scores), 0)


def _naive_inputs(model: Any, label: int, point: AnyArray, slip: str) -> AnyArray:
    chances = model.predict_proba(point[None])[0]
    spread = np.sqrt(model.var_) if slip == "deviation for the variance" else model.var_
    pulls = (model.theta_ - point) / spread
    return np.asarray(pulls[label] - chances @ pulls)


def _naive_again(model: Any, label: int, point: Any) -> Any:
    inner = np.log(2 * np.pi * model.var_) + (point - model.theta_) ** 2 / model.var_
    scores = np.log(model.class_prior_) - inner.sum(axis=1) / 2
    return scores[label] - log_sum_exp(scores, 0)


def _network_inputs(model: Any, label: int, point: AnyArray, slip: str) -> AnyArray:
    activations, a = [], point
    for W, b in zip(model.coefs_[:-1], model.intercepts_[:-1], strict=True):
        a = np.tanh(a @ W + b)
        activations.append(a)
    delta = np.eye(len(model.classes_))[label] - model.predict_proba(point[None])[0]
    for i in reversed(range(len(model.coefs_))):
        delta = model.coefs_[i] @ delta
        if i > 0 and not (slip == "slope forgotten" and i == 1):
            delta = delta * (1 - activations[i - 1] ** 2)
    return np.asarray(delta)


def _network_again(model: Any, label: int, point: Any) -> Any:
    a = point
    for W, b in zip(model.coefs_[:-1], model.intercepts_[:-1], strict=True):
        a = np.tanh(a @ W + b)
    scores = a @ model.coefs_[-1] + model.intercepts_[-1]
    return scores[label] - log_sum_exp(scores, 0)


@family(
    "sklearn log probabilities by the inputs",
    kind="ordinary",
    source=_BY_HAND,
    split="validation",
    needs=_NEEDS,
)
def _inputs(rng: np.random.Generator) -> Iterator[Case]:
    from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
    from sklearn.linear_model import LogisticRegression
    from sklearn.naive_bayes import GaussianNB
    from sklearn.neural_network import MLPClassifier

    iris, species = table("iris")
    wine, cultivar = table("wine")
    images, digits = table("digits")
    iris, wine = standardised(iris), standardised(wine)
    images, digits = rows_of(rng, 300, images / 16, digits)
    yield _input_case(
        rng,
        "logistic regression, wine",
        quietly(LogisticRegression(C=0.1).fit, wine, cultivar),
        _linear_inputs,
        _linear_again,
        wine,
        ("softmax held fixed", "logit of one class"),
    )
    yield _input_case(
        rng,
        "logistic regression, digits",
        quietly(LogisticRegression(max_iter=20).fit, images, digits),
        _linear_inputs,
        _linear_again,
        images,
    )
    yield _input_case(
        rng,
        "quadratic discriminant, iris",
        QuadraticDiscriminantAnalysis(store_covariance=True).fit(iris, species),
        _quadratic_inputs,
        _quadratic_again,
        iris,
        ("other classes forgotten",),
    )
    yield _input_case(
        rng,
        "naive Bayes, iris",
        GaussianNB().fit(iris, species),
        _naive_inputs,
        _naive_again,
        iris,
        ("deviation for the variance",),
    )
    yield _input_case(
        rng,
        "MLP, wine",
        quietly(
            MLPClassifier((6, 5), activation="tanh", max_iter=20, random_state=0).fit,
            wine,
            cultivar,
        ),
        _network_inputs,
        _network_again,
        wine,
        ("slope forgotten",),
    )
    yield _input_case(
        rng,
        "MLP, digits",
        quietly(
            MLPClassifier((16,), activation="tanh", max_iter=5, random_state=0).fit, images, digits
        ),
        _network_inputs,
        _network_again,
        images,
    )


def _machine_inputs(
    rng: np.random.Generator, kernel: str, data: AnyArray, label: AnyArray, rows: int
) -> Case:
    """Return the decision function of a support vector machine, by the features."""
    from sklearn.svm import SVC

    x, y = rows_of(rng, rows, data, label)
    gamma, shift = 1 / x.shape[1], 0.5
    model = SVC(kernel=kernel, gamma=gamma, coef0=shift, degree=3).fit(x, y)
    support, dual, constant = model.support_vectors_, model.dual_coef_[0], model.intercept_[0]

    def f(point: AnyArray) -> float:
        return float(model.decision_function(point[None])[0])

    def by_hand(point: AnyArray, slip: str = "") -> AnyArray:
        inner = gamma * support @ point + shift
        scale = 1.0 if slip == "gamma forgotten" else gamma
        if kernel == "poly":
            return np.asarray(3 * scale * (dual * inner**2) @ support)
        if kernel == "sigmoid":
            return np.asarray(scale * (dual * (1 - np.tanh(inner) ** 2)) @ support)
        away = support - point
        weights = dual * np.exp(-gamma * np.sum(away**2, axis=1))
        return np.asarray(2 * scale * weights @ away)

    def again(point: Any) -> Any:
        inner = gamma * support @ point + shift
        values = {
            "poly": lambda: inner * inner * inner,
            "sigmoid": lambda: np.tanh(inner),
            "rbf": lambda: np.exp(-gamma * np.sum((support - point) ** 2, axis=1)),
        }[kernel]()
        return np.sum(dual * values) + constant

    at = x[rng.integers(rows)] + 0.5 * rng.standard_normal(x.shape[1])
    slip = "gamma forgotten"
    return Case(
        f"{kernel}, {rows} rows",
        f,
        by_hand,
        at,
        lambda: complex_step(again, at),
        {slip: functools.partial(by_hand, slip=slip)} if kernel != "sigmoid" else {},
    )


@family(
    "sklearn support vector classifiers by the inputs",
    kind="ordinary",
    source=_BY_HAND,
    split="validation",
    needs=_NEEDS,
)
def _decisions(rng: np.random.Generator) -> Iterator[Case]:
    cancer, label = table("breast_cancer")
    for kernel, rows in (("rbf", 150), ("poly", 100), ("sigmoid", 80), ("rbf", 400)):
        yield _machine_inputs(rng, kernel, standardised(cancer), label, rows)


@family(
    "sklearn random Fourier features",
    kind="oscillation",
    source=_BY_HAND,
    split="validation",
    needs=_NEEDS,
)
def _fourier(rng: np.random.Generator) -> Iterator[Case]:
    from sklearn.kernel_approximation import RBFSampler

    for gamma, count, features in ((10.0, 50, 3), (1e3, 100, 4), (1e5, 200, 2), (1e7, 80, 5)):
        sampler = RBFSampler(gamma=gamma, n_components=count, random_state=0)
        sampler.fit(np.zeros((1, features)))
        weights = rng.standard_normal(count)
        parts = (sampler.random_weights_, sampler.random_offset_, weights * np.sqrt(2 / count))

        def f(point: AnyArray, sampler: Any = sampler, weights: FloatArray = weights) -> float:
            return float((sampler.transform(point[None]) @ weights)[0])

        def gradient(point: AnyArray, parts: Any = parts) -> AnyArray:
            directions, offsets, weights = parts
            return np.asarray(-directions @ (weights * np.sin(point @ directions + offsets)))

        def unscaled(point: AnyArray, parts: Any = parts, count: int = count) -> AnyArray:
            directions, offsets, weights = parts
            inner = weights * np.sqrt(count / 2) * np.sin(point @ directions + offsets)
            return np.asarray(-directions @ inner)

        def again(point: Any, parts: Any = parts) -> Any:
            directions, offsets, weights = parts
            return np.sum(weights * np.cos(point @ directions + offsets))

        at = rng.standard_normal(features)
        yield Case(
            f"gamma {gamma:g}, {count} waves",
            f,
            gradient,
            at,
            functools.partial(complex_step, again, at),
            {"norm of the features forgotten": unscaled} if count == 100 else {},
        )


def _b_spline(x: Any, knots: FloatArray, degree: int, index: int) -> Any:
    """Return a basis function by the recursion of Cox and de Boor."""
    if degree == 0:
        return 1.0 if knots[index] <= np.real(x) < knots[index + 1] else 0.0
    width = knots[index + degree] - knots[index]
    next_width = knots[index + degree + 1] - knots[index + 1]
    left = (x - knots[index]) / width * _b_spline(x, knots, degree - 1, index)
    right = (knots[index + degree + 1] - x) / next_width
    return left + right * _b_spline(x, knots, degree - 1, index + 1)


@family("sklearn spline features", kind="kink", source=_BY_HAND, split="validation", needs=_NEEDS)
def _splines(rng: np.random.Generator) -> Iterator[Case]:
    from sklearn.preprocessing import SplineTransformer

    # The slope of degree 1 jumps at the knots; of degrees 2 and 3 a higher derivative does.
    for degree, knots, features in ((1, 6, 3), (1, 60, 4), (2, 20, 3), (3, 10, 5)):
        x = rng.uniform(-1, 1, (200, features))
        transformer = SplineTransformer(knots, degree).fit(x)
        size = knots + degree - 1
        weights = rng.standard_normal((features, size))
        bases = list(transformer.bsplines_)

        def f(
            point: AnyArray, transformer: Any = transformer, weights: FloatArray = weights
        ) -> float:
            return float((transformer.transform(point[None]) @ weights.ravel())[0])

        def gradient(
            point: AnyArray, bases: Any = bases, weights: FloatArray = weights
        ) -> AnyArray:
            slopes = [basis(value, nu=1) for basis, value in zip(bases, point, strict=True)]
            return np.asarray(np.sum(weights * np.stack(slopes), axis=1))

        def again(
            point: Any, bases: Any = bases, weights: FloatArray = weights, degree: int = degree
        ) -> Any:
            total = 0.0
            for basis, value, own in zip(bases, point, weights, strict=True):
                for index, weight in enumerate(own):
                    total = total + weight * _b_spline(value, basis.t, degree, index)
            return total

        at = rng.uniform(-0.9, 0.9, features)
        yield Case(
            f"degree {degree}, {knots} knots",
            f,
            gradient,
            at,
            functools.partial(complex_step, again, at),
        )


# Hyperparameters


def _ridge_case(rng: np.random.Generator, solver: str, tolerance: float, features: int) -> Case:
    """Return the validation loss of a ridge regression by the log weights of its features."""
    from sklearn.linear_model import Ridge

    data, target = table("diabetes")
    x, y = rows_of(rng, 200, standardised(data)[:, :features], target / target.std() - 2)
    train, held = (x[:120], y[:120]), (x[120:], y[120:])
    penalty = 5.0

    def f(theta: AnyArray) -> float:
        scale = np.exp(theta)
        model = Ridge(penalty, fit_intercept=False, solver=solver, tol=tolerance)
        model.fit(train[0] * scale, train[1])
        return float(0.5 * np.mean(((held[0] * scale) @ model.coef_ - held[1]) ** 2))

    def solution(scale: Any) -> tuple[Any, Any]:
        A = train[0] * scale
        matrix = A.T @ A + penalty * np.eye(features)
        return matrix, np.linalg.solve(matrix, A.T @ train[1])

    def by_hand(theta: AnyArray, slip: str = "") -> AnyArray:
        scale = np.exp(theta)
        matrix, w = solution(scale)
        residual = ((held[0] * scale) @ w - held[1]) / len(held[1])
        direct = (held[0].T @ residual) * w * scale
        if slip == "solution held fixed":
            return np.asarray(direct)
        adjoint = np.linalg.solve(matrix, (held[0] * scale).T @ residual)
        A = train[0] * scale
        left = A.T @ (train[1] - A @ w)
        right = A.T @ (A @ adjoint)
        implicit = adjoint * left - w * right
        if slip == "one factor of the square":
            implicit = adjoint * left
        return np.asarray(direct + implicit)

    def again(theta: Any) -> Any:
        scale = np.exp(theta)
        _, w = solution(scale)
        return 0.5 * np.mean(((held[0] * scale) @ w - held[1]) ** 2)

    at = 0.5 * rng.standard_normal(features)
    slips = ("solution held fixed", "one factor of the square")
    return Case(
        f"{solver}, tolerance {tolerance:g}, {features} features",
        f,
        by_hand,
        at,
        lambda: complex_step(again, at),
        named(slips, lambda slip: functools.partial(by_hand, slip=slip)) if features == 8 else {},
    )


@family(
    "sklearn ridge hyperparameters",
    kind="ordinary",
    source=_BY_HAND,
    split="validation",
    needs=_NEEDS,
)
def _ridge(rng: np.random.Generator) -> Iterator[Case]:
    for solver, features in (("cholesky", 4), ("svd", 8), ("cholesky", 10)):
        yield _ridge_case(rng, solver, 1e-4, features)


@family(
    "sklearn ridge hyperparameters, iterative solvers",
    kind="solver noise",
    source=_BY_HAND,
    split="validation",
    needs=_NEEDS,
)
def _iterative_ridge(rng: np.random.Generator) -> Iterator[Case]:
    for solver, tolerance, features in (
        ("sparse_cg", 1e-4, 5),
        ("sparse_cg", 1e-8, 8),
        ("lsqr", 1e-4, 8),
        ("lsqr", 1e-6, 10),
    ):
        yield _ridge_case(rng, solver, tolerance, features)
