"""Losses of scikit-learn: the common models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
from benchmarks.trust.case import Case, family
from benchmarks.trust.sources.sklearn_models import (
    AnyArray,
    Linear,
    ValueOf,
    evidence_gradient,
    gaussian,
    linear_case,
    log_sum_exp,
    network_case,
    on_raw_columns,
    perceptron,
    process_case,
    quietly,
    rows_of,
    squared_distances,
    standardised,
    table,
)
from benchmarks.trust.truth import FloatArray, complex_step
from scipy import special

_NEEDS = ("sklearn",)
_TORCH = ("sklearn", "torch")
_SOURCE = "scikit-learn"
_BY_HAND = "scikit-learn, with a gradient written by hand"


@family(
    "sklearn classifier networks", kind="ordinary", source=_SOURCE, split="tuning", needs=_TORCH
)
def _networks(rng: np.random.Generator) -> Iterator[Case]:
    from sklearn.neural_network import MLPClassifier

    slips = {
        "tanh": ("slope forgotten", "square forgotten", "penalty not averaged"),
        "logistic": ("factor forgotten", "slope at the input", "intercepts not averaged"),
    }
    for data, hidden, activation, alpha in (
        ("iris", (4,), "tanh", 1e-4),
        ("iris", (5, 3), "logistic", 0.1),
        ("wine", (8,), "logistic", 1e-2),
        ("wine", (6, 5), "tanh", 1.0),
        ("wine", (20, 10), "tanh", 1e-4),
    ):
        x, y = rows_of(rng, 90, *table(data))
        estimator = MLPClassifier(hidden, activation=activation, alpha=alpha)
        network = perceptron(estimator, standardised(x), y)
        at = network.start(rng)
        name = f"{data}, {activation} {hidden}"
        yield network_case(name, network, at, slips[activation] if len(hidden) == 2 else ())


def _linear_parts(kind: str, y: AnyArray) -> tuple[ValueOf, ValueOf]:
    """Return a loss of raw predictions for complex numbers, and its slope."""
    if kind == "squared":
        return lambda t: (t - y.astype(np.float64)) ** 2 / 2, lambda t: t - y
    return lambda t: np.exp(t) - y.astype(np.float64) * t, lambda t: np.exp(t) - y


def _regression(
    kind: str,
    x: AnyArray,
    y: AnyArray,
    weights: AnyArray | None = None,
    l2: float = 0.0,
    *,
    intercept: bool = True,
) -> Linear:
    from sklearn import _loss
    from sklearn.linear_model._linear_loss import LinearModelLoss

    base = _loss.HalfSquaredError() if kind == "squared" else _loss.HalfPoissonLoss()
    loss = LinearModelLoss(base, fit_intercept=intercept)
    return Linear(loss, x, y, *_linear_parts(kind, y), weights, l2)


def _patients(rng: np.random.Generator, rows: int, kind: str) -> tuple[FloatArray, FloatArray]:
    """Return standardised features of diabetes patients, and a progression or a count."""
    x, y = rows_of(rng, rows, *table("diabetes"))
    y = (y - y.mean()) / y.std()
    if kind == "Poisson":
        y = rng.poisson(np.exp(0.5 + 0.5 * y)).astype(np.float64)
    return standardised(x), y


@family("sklearn regressions", kind="ordinary", source=_SOURCE, split="tuning", needs=_NEEDS)
def _linear(rng: np.random.Generator) -> Iterator[Case]:
    for kind in ("squared", "Poisson"):
        for rows, weighted, l2, intercept in (
            (60, False, 0.0, True),
            (120, True, 0.01, False),
            (120, True, 0.5, True),
            (300, False, 0.1, True),
        ):
            x, y = _patients(rng, rows, kind)
            weights = rng.uniform(0.2, 3, rows) if weighted else None
            model = _regression(kind, x, y, weights, l2, intercept=intercept)
            at = 0.2 * rng.standard_normal(x.shape[1] + intercept)
            slips: tuple[str, ...] = ()
            if intercept and weighted:
                slips = ("weights left out", "intercept penalised", "penalty forgotten")
            elif not l2:
                slips = ("sum for the mean", "mean twice")
            yield linear_case(f"{kind}, {rows} rows, penalty {l2}", model, at, slips)


@family("sklearn Gaussian processes", kind="ordinary", source=_SOURCE, split="tuning", needs=_NEEDS)
def _processes(rng: np.random.Generator) -> Iterator[Case]:
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

    def fitted(kernel: Any, x: FloatArray, y: FloatArray, jitter: float) -> Any:
        process = GaussianProcessRegressor(kernel, alpha=jitter, optimizer=None)
        return quietly(process.fit, x, y)

    slips = ("determinant forgotten", "data term forgotten", "logarithm forgotten")
    for rows, jitter in ((20, 1e-2), (45, 0.1), (70, 0.3)):
        x, y = rows_of(rng, rows, *table("diabetes"))
        x = standardised(x)[:, [2, 8, 3]]
        y = np.asarray(standardised(y[:, None])[:, 0])

        def scaled(p: Any, x: FloatArray = x) -> Any:
            return p[0] * gaussian(x, p[1])

        def derivatives(p: FloatArray, K: FloatArray, x: FloatArray = x) -> list[FloatArray]:
            return [K / p[0], np.asarray(K * squared_distances(x) / p[1] ** 3)]

        def noisy(p: Any, x: FloatArray = x) -> Any:
            return gaussian(x, p[:3]) + p[3] * np.eye(len(x))

        process = fitted(ConstantKernel() * RBF(), x, y, jitter)
        yield process_case(
            f"RBF of {rows}",
            process,
            scaled,
            rng.normal(0, 0.4, 2),
            {
                slip: evidence_gradient(scaled, derivatives, y, jitter, slip)
                for slip in (*slips, "noise in the kernel")
            },
        )
        process = fitted(RBF([1.0] * 3) + WhiteKernel(), x, y, jitter)
        at = np.append(rng.normal(0.3, 0.4, 3), -1.5)
        yield process_case(f"a length for each of 3 columns, {rows}", process, noisy, at)


@family("sklearn losses with corners", kind="kink", source=_SOURCE, split="tuning", needs=_NEEDS)
def _corners(rng: np.random.Generator) -> Iterator[Case]:
    from sklearn import _loss
    from sklearn.linear_model._linear_loss import LinearModelLoss

    for rows in (60, 300):
        x, y = _patients(rng, rows, "squared")

        def pointwise(t: Any, y: Any = y) -> Any:
            return np.where(np.real(t) > y, t - y, y - t)

        def slope(t: Any, y: Any = y) -> Any:
            return np.sign(t - y)

        model = Linear(
            LinearModelLoss(_loss.AbsoluteError(), fit_intercept=True), x, y, pointwise, slope
        )
        at = 0.2 * rng.standard_normal(x.shape[1] + 1)
        at[-1] += 0.5
        slips = ("intercept left out", "sum for the mean") if rows == 60 else ()
        yield linear_case(f"absolute error, {rows} rows", model, at, slips)
    yield _stochastic(rng, "Hinge", 40, 1.0)
    yield _stochastic(rng, "Hinge", 150, 1.0)
    yield _stochastic(rng, "SquaredHinge", 100, 1.0)
    yield _stochastic(rng, "ModifiedHuber", 80)
    yield _stochastic(rng, "EpsilonInsensitive", 80, 0.3)


def _stochastic(rng: np.random.Generator, name: str, rows: int, *options: float) -> Case:
    """Return the objective of the stochastic gradient methods, over all rows."""
    from sklearn.linear_model import _sgd_fast

    loss = getattr(_sgd_fast, name)(*options)
    x, y = rows_of(rng, rows, *table("breast_cancer"))
    x, signs = standardised(x)[:, :12], 2.0 * y - 1
    alpha = 0.01
    at = 0.2 * rng.standard_normal(12)

    def again(w: Any) -> Any:
        t = x @ w
        if name == "EpsilonInsensitive":
            gap = signs - t
            away = np.where(np.real(gap) > 0, gap, -gap) - options[0]
            each = np.where(np.real(away) > 0, away, 0)
        else:
            z = signs * t
            room = np.where(np.real(z) < 1, 1 - z, 0)
            each = {"Hinge": room}.get(name, room**2)
            if name == "ModifiedHuber":
                each = np.where(np.real(z) < -1, -4 * z, each)
        return np.mean(each) + alpha / 2 * np.sum(w * w)

    def f(w: Any) -> float:
        pairs = zip((x @ w).tolist(), signs.tolist(), strict=True)
        return float(np.mean([loss.py_loss(p, y) for p, y in pairs]) + alpha / 2 * (w @ w))

    def gradient(w: Any, slip: str = "") -> Any:
        pairs = zip((x @ w).tolist(), signs.tolist(), strict=True)
        slopes = np.array([loss.py_dloss(p, y) for p, y in pairs])
        if slip == "labels of 0 and 1":
            slopes = np.where(signs > 0, slopes, 0)
        elif slip == "margin forgotten":
            slopes = np.where(signs * (x @ w) < 0, slopes, 0)
        return x.T @ slopes / rows + (0 if slip == "penalty forgotten" else alpha * w)

    slips = ("labels of 0 and 1", "margin forgotten", "penalty forgotten")
    return Case(
        f"{name}, {rows} rows",
        f,
        gradient,
        at,
        partial(complex_step, again, at),
        {slip: partial(gradient, slip=slip) for slip in slips} if rows < 100 else {},
    )


@family(
    "sklearn regressions in float32", kind="float32", source=_SOURCE, split="tuning", needs=_NEEDS
)
def _single(rng: np.random.Generator) -> Iterator[Case]:
    for kind in ("squared", "Poisson"):
        for rows, l2 in ((80, 0.01), (400, 0.0)):
            x, y = _patients(rng, rows, kind)
            model = _regression(kind, x.astype(np.float32), y.astype(np.float32), None, l2)
            at = (0.2 * rng.standard_normal(x.shape[1] + 1)).astype(np.float32)
            slips = ("penalty forgotten", "sum for the mean") if l2 else ()
            yield linear_case(f"{kind}, {rows} rows", model, at, slips)


@family(
    "sklearn mixtures with diagonals",
    kind="ordinary",
    source=_BY_HAND,
    split="tuning",
    needs=_NEEDS,
)
def _mixtures(rng: np.random.Generator) -> Iterator[Case]:
    iris, wine = (standardised(table(name)[0]) for name in ("iris", "wine"))
    yield _mixture(rng, "iris", iris[:, :2], 2, "diag")
    yield _mixture(rng, "iris", iris, 4, "spherical")
    yield _mixture(rng, "wine", wine, 3, "diag")
    yield _mixture(rng, "wine", wine, 5, "spherical")
    pixels = table("digits")[0] / 8 - 1
    yield _mixture(rng, "digits", pixels, 4, "diag")


def _mixture(
    rng: np.random.Generator, data: str, table: FloatArray, components: int, form: str
) -> Case:
    from sklearn.mixture._gaussian_mixture import _estimate_log_gaussian_prob

    (x,) = rows_of(rng, 80, table)
    columns = x.shape[1]

    def joint(p: Any) -> Any:
        logs = _estimate_log_gaussian_prob(x, p["means"], p["roots"], form)
        return logs + p["logits"] - special.logsumexp(p["logits"])

    def f(p: Any) -> float:
        return float(-np.mean(special.logsumexp(joint(p), axis=1)))

    def gradient(p: Any, slip: str = "") -> Any:
        logs = joint(p)
        shares = special.softmax(logs, axis=1) / len(x)
        if slip == "nearest component only":
            shares = np.eye(components)[np.argmax(logs, axis=1)] / len(x)
        total = shares.sum(axis=0)
        roots = p["roots"] if form == "diag" else p["roots"][:, None]
        gaps = x[:, None, :] - p["means"]
        power = 1 if slip == "precision for its root" else 2
        by_means = -np.einsum("nk,nki->ki", shares, gaps * roots**power)
        by_roots = np.einsum("nk,nki->ki", shares, gaps**2) * roots
        if slip != "determinant forgotten":
            by_roots = by_roots - total[:, None] / roots
        by_logits = special.softmax(p["logits"]) - total
        if slip == "weights not normalised":
            by_logits = -total
        by_roots = by_roots if form == "diag" else by_roots.sum(axis=1)
        return {"logits": by_logits, "means": by_means, "roots": by_roots}

    def again(p: Any) -> Any:
        roots = p["roots"] if form == "diag" else p["roots"][:, None] * np.ones(columns)
        z = (x[:, None, :] - p["means"]) * roots
        sizes = np.sum(np.log(roots), axis=1) - columns * np.log(2 * np.pi) / 2
        logs = p["logits"] - np.log(np.sum(np.exp(p["logits"])))
        return -np.mean(log_sum_exp(logs + sizes - np.sum(z * z, axis=2) / 2, 1))

    at = {
        "logits": rng.normal(0, 0.5, components),
        "means": rng.normal(0, 0.8, (components, columns)),
        "roots": rng.uniform(0.7, 1.5, (components, columns) if form == "diag" else components),
    }
    slips: tuple[str, ...] = ("determinant forgotten", "weights not normalised")
    if form == "diag":
        slips = (*slips, "nearest component only", "precision for its root")
    return Case(
        f"{data}, {components} {form} components of {columns} columns",
        f,
        gradient,
        at,
        partial(complex_step, again, at),
        {slip: partial(gradient, slip=slip) for slip in slips} if components < 5 else {},
    )


@family(
    "sklearn regressions on raw columns",
    kind="badly scaled",
    source=_SOURCE,
    split="tuning",
    needs=_NEEDS,
)
def _raw(rng: np.random.Generator) -> Iterator[Case]:
    from sklearn import datasets

    bunch = datasets.load_diabetes(scaled=False)
    for kind, size, level in (("squared", 30.0, 150.0), ("Poisson", 0.1, 5.0)):
        for columns, l2 in ((4, 0.0), (10, 1e-3)):
            x, y = rows_of(rng, 200, np.asarray(bunch.data), np.asarray(bunch.target))
            x = np.ascontiguousarray(x[:, :columns])
            model = _regression(kind, x, y, None, l2)
            at = on_raw_columns(np.append(rng.normal(0, size, columns), level), x)
            slips = ("mean twice", "sum for the mean") if columns == 4 else ()
            yield linear_case(f"{kind}, {columns} columns", model, at, slips)


@family("sklearn fitted regressions", kind="flat", source=_SOURCE, split="tuning", needs=_NEEDS)
def _fitted(rng: np.random.Generator) -> Iterator[Case]:
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
    from sklearn.linear_model import PoissonRegressor

    for alpha in (0.01, 1.0):
        x, y = _patients(rng, 150, "Poisson")
        fit = quietly(PoissonRegressor(alpha=alpha).fit, x, y)
        model = _regression("Poisson", x, y, None, alpha)
        at = np.append(fit.coef_, fit.intercept_)
        yield linear_case(
            f"Poisson, penalty {alpha}", model, at, ("penalty forgotten", "intercept penalised")
        )
    x, y = _patients(rng, 35, "squared")
    x = np.ascontiguousarray(x[:, [2, 8]])
    kernel = ConstantKernel() * RBF() + WhiteKernel()
    process = quietly(GaussianProcessRegressor(kernel).fit, x, y)
    yield process_case(
        "Gaussian process",
        process,
        lambda p: p[0] * gaussian(x, p[1]) + p[2] * np.eye(35),
        np.array(process.kernel_.theta) + 0.01 * rng.standard_normal(3),
    )


@family("sklearn relu classifiers", kind="kink", source=_SOURCE, split="tuning", needs=_TORCH)
def _relu(rng: np.random.Generator) -> Iterator[Case]:
    from sklearn.neural_network import MLPClassifier

    for hidden, rows in (((6,), 60), ((10, 5), 150), ((20,), 300)):
        x, y = rows_of(rng, rows, *table("breast_cancer"))
        network = perceptron(MLPClassifier(hidden, alpha=1e-3), standardised(x)[:, :10], y)
        slips = ("value for the step",) if rows == 150 else ()
        yield network_case(f"layers {hidden}, {rows} rows", network, network.start(rng), slips)


@family("sklearn k-means inertia", kind="kink", source=_BY_HAND, split="tuning", needs=_NEEDS)
def _clusters(rng: np.random.Generator) -> Iterator[Case]:
    from sklearn.metrics import pairwise_distances_argmin_min

    for name, rows, count in (("iris", 100, 3), ("wine", 150, 5), ("digits", 80, 4)):
        (x,) = rows_of(rng, rows, standardised(table(name)[0]))
        at = x[rng.permutation(rows)[:count]] + 0.3 * rng.standard_normal((count, x.shape[1]))

        def f(c: AnyArray, x: AnyArray = x) -> float:
            return float(np.sum(pairwise_distances_argmin_min(x, c)[1] ** 2))

        def gradient(c: AnyArray, x: AnyArray = x) -> AnyArray:
            nearest, _ = pairwise_distances_argmin_min(x, c)
            mine = nearest[:, None] == np.arange(len(c))
            return np.asarray(2 * (mine.sum(axis=0)[:, None] * c - mine.T @ x))

        def averaged(c: AnyArray, x: AnyArray = x) -> AnyArray:
            # The step to the mean of each cluster, which leaves out how many points it has.
            nearest, _ = pairwise_distances_argmin_min(x, c)
            mine = nearest[:, None] == np.arange(len(c))
            return np.asarray(2 * (c - mine.T @ x / np.maximum(mine.sum(axis=0), 1)[:, None]))

        def again(c: Any, x: AnyArray = x) -> Any:
            square = ((x[:, None, :] - c) ** 2).sum(axis=2)
            return np.sum(square[np.arange(len(x)), np.argmin(square.real, axis=1)])

        yield Case(
            f"{name}, {count} centres",
            f,
            gradient,
            at,
            partial(complex_step, again, at),
            {"means for sums": averaged} if name == "wine" else {},
        )


def _metric_case(
    name: str,
    f: ValueOf,
    gradient: ValueOf,
    again: ValueOf,
    at: AnyArray,
    mistakes: Mapping[str, ValueOf] | None = None,
) -> Case:
    return Case(
        name,
        lambda p: float(f(p)),
        gradient,
        at,
        lambda: complex_step(again, at),
        dict(mistakes or {}),
    )


@family(
    "sklearn metrics of predictions", kind="ordinary", source=_BY_HAND, split="tuning", needs=_NEEDS
)
def _metrics(rng: np.random.Generator) -> Iterator[Case]:
    from sklearn import metrics

    y = rng.normal(3, 1, 40)
    total = np.sum((y - y.mean()) ** 2)
    yield _metric_case(
        "explained variance",
        lambda p: metrics.explained_variance_score(y, p),
        lambda p: 2 * (y - p - np.mean(y - p)) / total,
        lambda p: 1 - np.sum((y - p - np.mean(y - p)) ** 2) / total,
        y + 0.5 * rng.standard_normal(40),
        {"mean held fixed": lambda p: 2 * (y - p) / total},
    )
    positive = rng.gamma(2.0, 1.0, 60) + 0.1
    guess = positive * rng.uniform(0.6, 1.6, 60)
    yield _metric_case(
        "squared logarithmic error",
        lambda p: metrics.mean_squared_log_error(positive, p),
        lambda p: 2 * (np.log1p(p) - np.log1p(positive)) / (1 + p) / 60,
        lambda p: np.mean((np.log(1 + p) - np.log(1 + positive)) ** 2),
        guess,
        {"inner derivative": lambda p: 2 * (np.log1p(p) - np.log1p(positive)) / p / 60},
    )
    yield _metric_case(
        "Poisson deviance",
        lambda p: metrics.mean_poisson_deviance(positive, p),
        lambda p: 2 * (1 - positive / p) / 60,
        lambda p: 2 * np.mean(positive * np.log(positive / p) - positive + p),
        guess,
        {"half deviance": lambda p: (1 - positive / p) / 60},
    )
    labels = (rng.uniform(size=200) < 0.4).astype(int)
    chances = rng.uniform(0.05, 0.95, 200)
    yield _metric_case(
        "Brier score",
        lambda p: metrics.brier_score_loss(labels, p),
        lambda p: 2 * (p - labels) / 200,
        lambda p: np.mean((p - labels) ** 2),
        chances,
    )
    yield _metric_case(
        "log loss",
        lambda p: metrics.log_loss(labels, p),
        lambda p: (p - labels) / (p * (1 - p)) / 200,
        lambda p: -np.mean(labels * np.log(p) + (1 - labels) * np.log(1 - p)),
        chances,
        {"slope by the logit": lambda p: (p - labels) / 200},
    )


@family(
    "sklearn deviances of small predictions",
    kind="domain edge",
    source=_BY_HAND,
    split="tuning",
    needs=_NEEDS,
)
def _deviances(rng: np.random.Generator) -> Iterator[Case]:
    from sklearn import metrics

    # The functions raise an error for predictions that are not positive.
    y = rng.gamma(1.5, 1.0, 12) + 0.05
    for smallest in (1e-3, 1e-5, 1e-8):
        at = y * rng.uniform(0.5, 2, 12)
        at[rng.permutation(12)[:3]] = smallest * rng.uniform(1, 2, 3)
        yield _metric_case(
            f"gamma, {smallest:g}",
            lambda p: metrics.mean_gamma_deviance(y, p),
            lambda p: 2 * (1 / p - y / p**2) / 12,
            lambda p: 2 * np.mean(np.log(p / y) + y / p - 1),
            at,
        )
        yield _metric_case(
            f"Poisson, {smallest:g}",
            lambda p: metrics.mean_poisson_deviance(y, p),
            lambda p: 2 * (1 - y / p) / 12,
            lambda p: 2 * np.mean(y * np.log(y / p) - y + p),
            at,
        )


@family(
    "sklearn kernel regressors by the inputs",
    kind="ordinary",
    source=_BY_HAND,
    split="tuning",
    needs=_NEEDS,
)
def _kernel_regressors(rng: np.random.Generator) -> Iterator[Case]:
    from sklearn.kernel_ridge import KernelRidge
    from sklearn.svm import SVR

    for name, rows, gamma in (("ridge", 60, 0.05), ("ridge", 200, 0.2), ("SVR", 100, 0.1)):
        x, y = _patients(rng, rows, "squared")
        model: Any = SVR(gamma=gamma) if name == "SVR" else KernelRidge(kernel="rbf", gamma=gamma)
        model.fit(x, y)
        if name == "SVR":
            support, coef = np.array(model.support_vectors_), np.array(model.dual_coef_[0])
            shift = float(model.intercept_[0])
        else:
            support, coef, shift = x, np.array(model.dual_coef_), 0.0
        parts = (support, coef, shift, gamma)

        def f(point: AnyArray, model: Any = model) -> float:
            return float(model.predict(point[None])[0])

        def gradient(point: AnyArray, parts: Any = parts) -> AnyArray:
            support, coef, _, gamma = parts
            away = support - point
            return np.asarray(2 * gamma * (coef * np.exp(-gamma * np.sum(away**2, 1))) @ away)

        def lost_factor(point: AnyArray, parts: Any = parts) -> AnyArray:
            # As if the kernel were exp(-d^2 / 2).
            support, coef, _, gamma = parts
            away = support - point
            return np.asarray((coef * np.exp(-gamma * np.sum(away**2, 1))) @ away)

        def again(point: Any, parts: Any = parts) -> Any:
            support, coef, shift, gamma = parts
            return np.sum(coef * np.exp(-gamma * np.sum((support - point) ** 2, 1))) + shift

        at = x[rng.integers(rows)] + 0.5 * rng.standard_normal(x.shape[1])
        yield Case(
            f"{name}, {rows} rows, gamma {gamma}",
            f,
            gradient,
            at,
            partial(complex_step, again, at),
            {"factor of another kernel": lost_factor} if rows != 60 else {},
        )
