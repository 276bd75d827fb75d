"""How scikit-learn's losses are set up on its data sets and called, and written once more."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from benchmarks.trust.case import Case
from benchmarks.trust.truth import complex_step, torch_forward

FloatArray = npt.NDArray[np.float64]
AnyArray = npt.NDArray[Any]
Both = Callable[[Any], tuple[Any, Any]]
ValueOf = Callable[[Any], Any]


def value_of(both: Both) -> ValueOf:
    """Return the first half of a function that returns a value and its gradient."""
    return lambda x: float(both(x)[0])


def gradient_of(both: Both) -> ValueOf:
    """Return the second half of a function that returns a value and its gradient."""
    return lambda x: np.asarray(both(x)[1])


def quietly(call: Callable[..., Any], *args: Any) -> Any:
    """Return what a call returns, without its warnings."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return call(*args)


def table(name: str) -> tuple[FloatArray, AnyArray]:
    """Return the features and the target of a bundled data set."""
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{name}")()
    return np.array(bunch.data, dtype=np.float64), np.array(bunch.target)


def standardised(matrix: FloatArray) -> FloatArray:
    """Return the columns with mean 0 and standard deviation 1; constant columns become 0."""
    spread = matrix.std(axis=0)
    centred = matrix - matrix.mean(axis=0)
    return np.asarray(centred / np.where(spread > 0, spread, 1.0), dtype=np.float64)


def rows_of(rng: np.random.Generator, count: int, *arrays: AnyArray) -> tuple[AnyArray, ...]:
    """Return the same random rows of each array."""
    chosen = rng.permutation(len(arrays[0]))[:count]
    return tuple(np.ascontiguousarray(array[chosen]) for array in arrays)


# Multi-layer perceptrons


@dataclasses.dataclass(frozen=True)
class Perceptron:
    """An MLPClassifier or MLPRegressor with the data that it is trained on."""

    estimator: Any
    x: AnyArray
    y: AnyArray
    weights: AnyArray | None

    @property
    def units(self) -> list[int]:
        """The sizes of the layers, from the inputs to the outputs."""
        return [self.x.shape[1], *(len(part) for part in self.estimator.intercepts_)]

    @property
    def output(self) -> str:
        """The activation of the last layer."""
        return str(self.estimator.out_activation_)

    def both(self, packed: AnyArray) -> tuple[Any, Any]:
        """Return the loss and its gradient, as the solver lbfgs asks for them."""
        layers = self.estimator.n_layers_ - 1
        value, gradient = self.estimator._loss_grad_lbfgs(
            packed,
            self.x,
            self.y,
            self.weights,
            [self.x] + [None] * layers,
            [None] * layers,
            [None] * layers,
            [None] * layers,
        )
        return value, gradient

    def start(self, rng: np.random.Generator, scale: float = 1.0) -> AnyArray:
        """Return random weights in the size of Glorot's, with small intercepts."""
        pairs = list(zip(self.units[:-1], self.units[1:], strict=True))
        parts = [
            scale * np.sqrt(2 / (into + out)) * rng.standard_normal(into * out)
            for into, out in pairs
        ]
        parts += [0.2 * rng.standard_normal(out) for _, out in pairs]
        return np.concatenate(parts).astype(self.x.dtype)

    def split(self, packed: Any) -> tuple[list[Any], list[Any]]:
        """Return the matrices and the intercepts of a packed vector."""
        matrices, intercepts, place = [], [], 0
        for into, out in zip(self.units[:-1], self.units[1:], strict=True):
            matrices.append(packed[place : place + into * out].reshape(into, out))
            place += into * out
        for out in self.units[1:]:
            intercepts.append(packed[place : place + out])
            place += out
        return matrices, intercepts

    def truth(self, packed: AnyArray) -> FloatArray:
        """Return the gradient by torch's forward mode, in float64."""
        import torch

        x = torch.from_numpy(self.x.astype(np.float64))
        y = torch.from_numpy(self.y.astype(np.float64))
        weights = np.ones(len(self.x)) if self.weights is None else self.weights
        share = torch.from_numpy(np.asarray(weights, dtype=np.float64) / np.sum(weights))
        penalty = self.estimator.alpha / float(np.sum(weights, dtype=np.float64))
        squash: ValueOf = {
            "tanh": torch.tanh,
            "logistic": torch.sigmoid,
            "relu": torch.relu,
            "identity": lambda z: z,
        }[self.estimator.activation]

        def loss(p: Any) -> Any:
            matrices, intercepts = self.split(p)
            a = x
            for W, b in zip(matrices[:-1], intercepts[:-1], strict=True):
                a = squash(a @ W + b)
            z = a @ matrices[-1] + intercepts[-1]
            if self.output == "identity":
                each = 0.5 * (z - y) ** 2
            elif self.output == "exp":
                each = torch.exp(z) - y * z
            elif self.output == "logistic":
                each = torch.logaddexp(z, torch.zeros_like(z)) - y * z
            else:
                each = (torch.logsumexp(z, 1, keepdim=True) - z) * y
            square = sum((W**2).sum() for W in matrices)
            return (share[:, None] * each).sum() + 0.5 * penalty * square

        return torch_forward(loss, torch.from_numpy(packed.astype(np.float64)))

    def mistaken(self, slip: str) -> ValueOf:
        """Return a backward pass written by hand, with one slip."""

        def gradient(packed: AnyArray) -> AnyArray:
            return self._backward(packed, slip)

        return gradient

    def _backward(self, packed: AnyArray, slip: str) -> AnyArray:
        matrices, intercepts = self.split(packed)
        activations, sums = self._forward(matrices, intercepts)
        weights = np.ones(len(self.x)) if self.weights is None else self.weights
        total, alpha = weights.sum(), self.estimator.alpha
        delta = activations[-1] - self.y
        if slip != "sample weights forgotten":
            delta = delta * weights[:, None]
        if slip == "labels shifted by a row":
            delta = activations[-1] - np.roll(self.y, 1, axis=0)
        matrix_parts: list[AnyArray] = []
        intercept_parts: list[AnyArray] = []
        for i in reversed(range(len(matrices))):
            matrix = activations[i].T @ delta / total
            if slip == "penalty not averaged":
                matrix = matrix + alpha * matrices[i]
            elif slip != "penalty forgotten":
                matrix = matrix + alpha * matrices[i] / total
            intercept = delta.sum(axis=0) / total
            if slip == "intercepts not averaged":
                intercept = delta.sum(axis=0)
            elif slip == "intercepts penalised":
                intercept = intercept + intercepts[i]
            matrix_parts.insert(0, matrix.ravel())
            intercept_parts.insert(0, intercept)
            if i > 0:
                W = matrices[i]
                if slip == "weights updated too early":
                    W = W - 0.1 * matrix
                delta = (delta @ W.T) * self._slope(activations[i], sums[i], slip, i)
        return np.concatenate(matrix_parts + intercept_parts).astype(packed.dtype)

    def _forward(
        self, matrices: list[Any], intercepts: list[Any]
    ) -> tuple[list[AnyArray], list[AnyArray]]:
        a = self.x
        activations, sums = [a], [a]
        squash: dict[str, ValueOf] = {
            "tanh": np.tanh,
            "logistic": lambda z: 1 / (1 + np.exp(-z)),
            "relu": lambda z: np.maximum(z, 0),
            "identity": lambda z: z,
            "exp": np.exp,
            "softmax": lambda z: np.exp(z) / np.exp(z).sum(axis=1, keepdims=True),
        }
        last = len(matrices) - 1
        for i, (W, b) in enumerate(zip(matrices, intercepts, strict=True)):
            z = a @ W + b
            a = squash[self.output if i == last else self.estimator.activation](z)
            activations.append(a)
            sums.append(z)
        return activations, sums

    def _slope(self, a: AnyArray, z: AnyArray, slip: str, layer: int) -> Any:
        if slip == "slope forgotten" or (slip == "slope forgotten in a layer" and layer == 1):
            return 1.0
        if slip == "slope at the input":
            a = z
        if self.estimator.activation == "tanh":
            return 1 - a if slip == "square forgotten" else 1 - a**2
        if self.estimator.activation == "logistic":
            return a if slip == "factor forgotten" else a * (1 - a)
        if self.estimator.activation == "relu":
            return a if slip == "value for the step" else a > 0
        return 1.0


def perceptron(
    estimator: Any, x: AnyArray, target: AnyArray, weights: AnyArray | None = None
) -> Perceptron:
    """Return an estimator with its data, set up by one iteration of its solver."""
    estimator.set_params(solver="lbfgs", max_iter=1, max_fun=2, random_state=0)
    quietly(estimator.fit, x, target)
    x, y = estimator._validate_input(x, target, incremental=False, reset=True)
    return Perceptron(estimator, x, y.reshape(len(y), -1), weights)


# Linear models


@dataclasses.dataclass(frozen=True)
class Linear:
    """A LinearModelLoss with its data.

    `pointwise` is the loss of a prediction written once more, for complex numbers. `slope` is its
    derivative as one writes it by hand.
    """

    loss: Any
    x: AnyArray
    y: AnyArray
    pointwise: ValueOf
    slope: ValueOf | None = None
    weights: AnyArray | None = None
    l2: float = 0.0

    def value(self, coef: AnyArray) -> float:
        """Return the loss."""
        return float(
            self.loss.loss(
                coef, self.x, self.y, sample_weight=self.weights, l2_reg_strength=self.l2
            )
        )

    def gradient(self, coef: AnyArray) -> AnyArray:
        """Return its gradient."""
        return np.array(
            self.loss.gradient(
                coef, self.x, self.y, sample_weight=self.weights, l2_reg_strength=self.l2
            )
        )

    def again(self, coef: Any) -> Any:
        """Return the loss for complex coefficients."""
        x = self.x.astype(np.float64)
        w, b = self._split(coef)
        weights = np.ones(len(x)) if self.weights is None else self.weights.astype(np.float64)
        each = self.pointwise(x @ w + b)
        return np.sum(weights * each) / np.sum(weights) + self.l2 / 2 * np.sum(w * w)

    def mistaken(self, slip: str) -> ValueOf:
        """Return the gradient written by hand, with one slip."""

        def gradient(coef: AnyArray) -> AnyArray:
            return self._by_hand(coef, slip)

        return gradient

    def _split(self, coef: Any) -> tuple[Any, Any]:
        if self.loss.base_loss.is_multiclass:
            coef = coef.reshape((self.loss.base_loss.n_classes, -1), order="F").T
        if not self.loss.fit_intercept:
            return coef, 0.0
        return coef[:-1], coef[-1]

    def _by_hand(self, coef: AnyArray, slip: str) -> AnyArray:
        if self.slope is None:
            raise ValueError("there is no slope written by hand")
        w, b = self._split(coef)
        weights = np.ones(len(self.x)) if self.weights is None else self.weights
        prediction = self.x @ w + (0.0 if slip == "intercept left out" else b)
        residual = self.slope(prediction)
        if residual.ndim == 2:
            weights = weights[:, None]
        if slip != "weights left out":
            residual = weights * residual
        if slip != "sum for the mean":
            residual = residual / np.sum(weights)
        part = self.x.T @ residual
        penalty = {"penalty forgotten": 0.0, "penalty doubled": 2 * self.l2}.get(slip, self.l2)
        part = part + penalty * w
        if self.loss.fit_intercept:
            last = residual.mean(axis=0) if slip == "mean twice" else residual.sum(axis=0)
            if slip == "intercept penalised":
                last = last + self.l2 * b
            part = np.concatenate([part, np.asarray(last)[None]])
        order: Literal["C", "F"] = "C" if slip == "order of the classes" else "F"
        return np.ravel(part.T, order=order).reshape(coef.shape, order="F").astype(coef.dtype)


# Gaussian processes: kernels for complex hyperparameters

Kernel = Callable[[Any], Any]


def squared_distances(x: FloatArray, length: Any = 1.0) -> Any:
    """Return the squared distances of all pairs of rows, in lengths."""
    difference = (x[:, None, :] - x[None, :, :]) / length
    return np.sum(difference * difference, axis=-1)


def gaussian(x: FloatArray, length: Any) -> Any:
    """Return the matrix of RBF."""
    return np.exp(-squared_distances(x, length) / 2)


def matern(x: FloatArray, length: Any, nu: float) -> Any:
    """Return the matrix of Matern."""
    d = np.sqrt(squared_distances(x, length))
    if nu == 0.5:
        return np.exp(-d)
    if nu == 1.5:
        return (1 + np.sqrt(3) * d) * np.exp(-np.sqrt(3) * d)
    if nu == 2.5:
        return (1 + np.sqrt(5) * d + 5 * d * d / 3) * np.exp(-np.sqrt(5) * d)
    raise ValueError(f"nu is {nu}")


def rational(x: FloatArray, alpha: Any, length: Any) -> Any:
    """Return the matrix of RationalQuadratic."""
    return np.exp(-alpha * np.log(1 + squared_distances(x, length) / (2 * alpha)))


def periodic(x: FloatArray, length: Any, period: Any) -> Any:
    """Return the matrix of ExpSineSquared."""
    sine = np.sin(np.pi * np.sqrt(squared_distances(x)) / period)
    return np.exp(-2 * (sine / length) ** 2)


def log_determinant(matrix: Any) -> Any:
    """Return the logarithm of a determinant, also of a complex symmetric matrix."""
    sign, size = np.linalg.slogdet(matrix)
    return np.log(sign) + size


def evidence(kernel: Kernel, y: FloatArray, jitter: float) -> ValueOf:
    """Return the log marginal likelihood of a regression for complex log hyperparameters."""
    targets = y.reshape(len(y), -1)

    def value(theta: Any) -> Any:
        K = kernel(np.exp(theta)) + jitter * np.eye(len(y))
        fit = np.sum(targets * np.linalg.solve(K, targets))
        constant = len(y) * np.log(2 * np.pi)
        return -fit / 2 - targets.shape[1] * (log_determinant(K) + constant) / 2

    return value


def gp_both(process: Any) -> Both:
    """Return the log marginal likelihood of a fitted Gaussian process, with its gradient."""

    def both(theta: FloatArray) -> tuple[Any, Any]:
        value, gradient = process.log_marginal_likelihood(theta, eval_gradient=True)
        return value, gradient

    return both


def gp_value(process: Any) -> ValueOf:
    """Return the log marginal likelihood of a fitted Gaussian process."""
    return lambda theta: float(process.log_marginal_likelihood(theta))


def evidence_gradient(
    kernel: Kernel,
    derivatives: Callable[[FloatArray, FloatArray], list[FloatArray]],
    y: FloatArray,
    jitter: float,
    slip: str,
) -> ValueOf:
    """Return the gradient of the evidence written by hand, with one slip.

    `derivatives` returns the derivatives of the kernel matrix by the hyperparameters themselves.
    """
    targets = y.reshape(len(y), -1)

    def gradient(theta: FloatArray) -> FloatArray:
        parameters = np.exp(theta)
        K = kernel(parameters) + jitter * np.eye(len(y))
        inverse = np.linalg.inv(K)
        weights = inverse @ targets
        inner = weights @ weights.T - targets.shape[1] * inverse
        if slip == "determinant forgotten":
            inner = weights @ weights.T
        elif slip == "data term forgotten":
            inner = -targets.shape[1] * inverse
        parts = derivatives(parameters, K if slip == "noise in the kernel" else kernel(parameters))
        traces = np.array([np.sum(inner * part) / 2 for part in parts])
        return traces if slip == "logarithm forgotten" else traces * parameters

    return gradient


# Pieces that both splits use


def named(slips: tuple[str, ...], mistaken: Callable[[str], ValueOf]) -> Mapping[str, ValueOf]:
    """Return the gradients with these slips, by name."""
    return {slip: mistaken(slip) for slip in slips}


def log_sum_exp(z: Any, axis: int) -> Any:
    """Return the logarithm of a sum of exponentials, also of complex numbers."""
    largest = np.max(np.real(z), axis=axis, keepdims=True)
    total = np.sum(np.exp(z - largest), axis=axis)
    return np.log(total) + np.squeeze(largest, axis=axis)


def network_case(
    name: str,
    network: Perceptron,
    at: AnyArray,
    slips: tuple[str, ...] = (),
) -> Case:
    """Return the case of a perceptron's loss."""
    return Case(
        name,
        value_of(network.both),
        gradient_of(network.both),
        at,
        lambda: network.truth(at),
        named(slips, network.mistaken),
    )


def linear_case(name: str, model: Linear, at: AnyArray, slips: tuple[str, ...] = ()) -> Case:
    """Return the case of a linear model's loss."""
    return Case(
        name,
        model.value,
        model.gradient,
        at,
        lambda: complex_step(model.again, at),
        named(slips, model.mistaken),
    )


def process_case(
    name: str,
    process: Any,
    kernel: Kernel,
    at: FloatArray,
    mistakes: Mapping[str, ValueOf] | None = None,
) -> Case:
    """Return the case of the log marginal likelihood of a regression.

    `kernel` is the kernel once more, for complex hyperparameters.
    """
    y = np.asarray(process.y_train_)
    return Case(
        name,
        gp_value(process),
        gradient_of(gp_both(process)),
        at,
        lambda: complex_step(evidence(kernel, y, process.alpha), at),
        dict(mistakes or {}),
    )


def on_raw_columns(coef: FloatArray, x: FloatArray) -> FloatArray:
    """Return coefficients for raw columns, from those for standardised ones; intercepts last."""
    raw = coef[..., :-1] / x.std(axis=0)
    return np.concatenate([raw, coef[..., -1:] - (raw @ x.mean(axis=0))[..., None]], axis=-1)
