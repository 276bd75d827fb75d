"""Models of scikit-learn: losses, linear models, networks, Gaussian processes, embeddings."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from benchmarks.estimators.claim import Claim, FloatArray

import gradproof as gp

LIBRARY = "scikit-learn"
ROWS, COLUMNS = 30, 4


def claims() -> Iterator[Claim]:
    """Yield all claims."""
    for part in (_losses, _linear, _descent, _networks, _kernels, _processes, _others):
        yield from part()


def _data() -> tuple[np.random.Generator, FloatArray]:
    rng = np.random.default_rng(0)
    return rng, rng.standard_normal((ROWS, COLUMNS))


def _every_loss() -> dict[str, Any]:
    from sklearn import _loss
    from sklearn._loss import loss

    return {
        "HalfSquaredError": _loss.HalfSquaredError(),
        "AbsoluteError": _loss.AbsoluteError(),
        "PinballLoss": _loss.PinballLoss(quantile=0.3),
        "HuberLoss": _loss.HuberLoss(delta=0.7),
        "HalfPoissonLoss": _loss.HalfPoissonLoss(),
        "HalfGammaLoss": _loss.HalfGammaLoss(),
        "HalfTweedieLoss": _loss.HalfTweedieLoss(power=1.5),
        "HalfTweedieLossIdentity": loss.HalfTweedieLossIdentity(power=1.5),
        "HalfBinomialLoss": _loss.HalfBinomialLoss(),
        "HalfMultinomialLoss": _loss.HalfMultinomialLoss(n_classes=3),
        "ExponentialLoss": loss.ExponentialLoss(),
    }


def _target(name: str, rng: np.random.Generator) -> FloatArray:
    if name in ("HalfBinomialLoss", "ExponentialLoss"):
        return rng.integers(0, 2, ROWS).astype(float)
    if name == "HalfMultinomialLoss":
        return rng.integers(0, 3, ROWS).astype(float)
    return rng.gamma(2.0, 1.0, ROWS)


def _losses() -> Iterator[Claim]:
    for name, loss in _every_loss().items():
        rng, _ = _data()
        y = _target(name, rng)
        shape = (ROWS, 3) if loss.is_multiclass else (ROWS,)
        raw = 0.5 * rng.standard_normal(shape)
        if name == "HalfTweedieLossIdentity":
            raw = rng.gamma(3.0, 1.0, shape)

        def problem(loss: Any = loss, y: Any = y, raw: Any = raw) -> gp.Problem:
            return gp.Problem(
                lambda r: np.sum(loss.loss(y_true=y, raw_prediction=r)),
                lambda r: loss.gradient(y_true=y, raw_prediction=r),
                raw,
            )

        def second(loss: Any = loss, y: Any = y, raw: Any = raw) -> gp.Problem:
            def of(r: Any, which: int) -> Any:
                return loss.gradient_hessian(y_true=y, raw_prediction=r)[which]

            # Of a prediction its own second derivative: f moves each row by itself.
            return gp.Problem(lambda r: np.sum(of(r, 0)), lambda r: of(r, 1), raw)

        yield Claim(LIBRARY, f"_loss {name}", "gradient", problem)
        if loss.is_multiclass or loss.approx_hessian:
            continue
        yield Claim(LIBRARY, f"_loss {name}", "gradient_hessian", second)


def _linear() -> Iterator[Claim]:
    from sklearn.linear_model._linear_loss import LinearModelLoss

    for name, loss in _every_loss().items():
        if name == "HalfTweedieLossIdentity":
            continue
        rng, x = _data()
        y = _target(name, rng)
        model = LinearModelLoss(base_loss=loss, fit_intercept=True)
        classes = 3 if loss.is_multiclass else 1
        at = 0.3 * rng.standard_normal(classes * (COLUMNS + 1))

        def problem(model: Any = model, x: Any = x, y: Any = y, at: Any = at) -> gp.Problem:
            return gp.Problem(lambda w: model.loss_gradient(w, x, y, l2_reg_strength=0.7), True, at)

        def second(model: Any = model, x: Any = x, y: Any = y, at: Any = at) -> gp.Problem:
            def gradient(w: Any) -> Any:
                return model.gradient(w, x, y, l2_reg_strength=0.7)

            def product(w: Any, v: Any) -> Any:
                return model.gradient_hessian_product(w, x, y, l2_reg_strength=0.7)[1](v)

            f = partial(model.loss, X=x, y=y, l2_reg_strength=0.7)
            return gp.Problem(lambda w: f(w), gp.HVP(product, gradient=gradient), at)

        yield Claim(LIBRARY, f"LinearModelLoss, {name}", "gradient", problem)
        if not loss.approx_hessian:
            yield Claim(LIBRARY, f"LinearModelLoss, {name}", "hessian product", second)


def _descent() -> Iterator[Claim]:
    from sklearn.linear_model import _sgd_fast

    parts: dict[str, tuple[float, ...]] = {
        "ModifiedHuber": (),
        "Hinge": (1.0,),
        "SquaredHinge": (1.0,),
        "EpsilonInsensitive": (0.1,),
        "SquaredEpsilonInsensitive": (0.1,),
    }
    for name, given in parts.items():
        cls = getattr(_sgd_fast, name, None)
        if cls is None or not hasattr(cls, "py_dloss"):
            continue
        loss = cls(*given)

        def problem(loss: Any = loss) -> gp.Problem:
            y = np.array([1.0, -1.0, 1.0, -1.0, 1.0])
            at = np.array([0.3, 0.7, -0.4, -0.2, 2.3])
            return gp.Problem(
                lambda p: sum(map(loss.py_loss, p.tolist(), y.tolist())),
                lambda p: np.array(list(map(loss.py_dloss, p.tolist(), y.tolist()))),
                at,
            )

        yield Claim(LIBRARY, f"SGD {name}", "dloss", problem)


def _networks() -> Iterator[Claim]:
    from benchmarks.trust.sources.sklearn_models import Perceptron, quietly
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    for activation in ("identity", "logistic", "tanh", "relu"):
        for cls, outputs in (
            (MLPClassifier, 1),
            (MLPClassifier, 3),
            (MLPRegressor, 1),
            (MLPRegressor, 2),
        ):

            def problem(
                cls: Any = cls, outputs: int = outputs, activation: str = activation
            ) -> gp.Problem:
                rng, x = _data()
                if cls is MLPClassifier:
                    y: Any = rng.integers(0, max(2, outputs), ROWS)
                else:
                    y = rng.standard_normal((ROWS, outputs))
                model = cls(
                    hidden_layer_sizes=(5,), activation=activation, solver="lbfgs", alpha=0.1
                )
                model.set_params(max_iter=1, random_state=0)
                quietly(model.fit, x, y.ravel() if outputs == 1 else y)
                if cls is MLPClassifier:
                    y = model._label_binarizer.transform(y)
                network = Perceptron(model, x, y.reshape(ROWS, -1), None)
                return gp.Problem(network.both, True, network.start(rng))

            yield Claim(
                LIBRARY, f"{cls.__name__}, {activation}, outputs: {outputs}", "gradient", problem
            )


def _kernels() -> Iterator[Claim]:
    from sklearn.gaussian_process import kernels as k

    long = [1.0, 2.0, 0.7, 1.4]
    every = {
        "ConstantKernel": k.ConstantKernel(1.3),
        "WhiteKernel": k.WhiteKernel(0.4),
        "RBF": k.RBF(1.2),
        "RBF anisotropic": k.RBF(long),
        "Matern 1/2": k.Matern(1.1, nu=0.5),
        "Matern 3/2": k.Matern(1.1, nu=1.5),
        "Matern 5/2 anisotropic": k.Matern(long, nu=2.5),
        "Matern 0.7": k.Matern(1.1, nu=0.7),
        "Matern inf": k.Matern(1.1, nu=np.inf),
        "RationalQuadratic": k.RationalQuadratic(1.1, 0.8),
        "ExpSineSquared": k.ExpSineSquared(1.1, 2.3),
        "DotProduct": k.DotProduct(0.8),
        "PairwiseKernel rbf": k.PairwiseKernel(0.6, metric="rbf"),
        "Sum": k.RBF(1.2) + k.WhiteKernel(0.4),
        "Product": k.RBF(1.2) * k.DotProduct(0.8),
        "Exponentiation": k.RationalQuadratic(1.1, 0.8) ** 2,
    }
    for name, kernel in every.items():

        def problem(kernel: Any = kernel) -> gp.Problem:
            x = _data()[1][:6]

            def jacobian(theta: Any) -> Any:
                return kernel.clone_with_theta(theta)(x, eval_gradient=True)[1]

            return gp.Problem(
                lambda theta: kernel.clone_with_theta(theta)(x), gp.Jacobian(jacobian), kernel.theta
            )

        yield Claim(LIBRARY, f"kernel {name}", "eval_gradient", problem)


def _processes() -> Iterator[Claim]:
    from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, WhiteKernel

    for cls in (GaussianProcessRegressor, GaussianProcessClassifier):

        def problem(cls: Any = cls) -> gp.Problem:
            rng, x = _data()
            y = np.sin(x[:, 0]) + 0.2 * rng.standard_normal(ROWS)
            kernel = 1.5 * RBF(1.3) + WhiteKernel(0.3)
            if cls is GaussianProcessClassifier:
                y, kernel = (y > 0).astype(float), 1.5 * RBF(1.3)
            model = cls(kernel, optimizer=None).fit(x, y)
            f = partial(model.log_marginal_likelihood, eval_gradient=True, clone_kernel=False)
            return gp.Problem(lambda theta: f(theta), True, model.kernel_.theta + 0.1)

        yield Claim(LIBRARY, cls.__name__, "log_marginal_likelihood", problem)


def _others() -> Iterator[Claim]:
    def neighbours() -> gp.Problem:
        from sklearn.neighbors import NeighborhoodComponentsAnalysis

        rng, x = _data()
        y = rng.integers(0, 3, ROWS)
        model = NeighborhoodComponentsAnalysis()
        model.n_iter_ = 0
        same = y[:, np.newaxis] == y[np.newaxis, :]
        return gp.Problem(
            lambda w: model._loss_grad_lbfgs(w, x, same, -1.0),
            True,
            rng.standard_normal(2 * COLUMNS),
        )

    def huber() -> gp.Problem:
        from sklearn.linear_model._huber import _huber_loss_and_gradient

        rng, x = _data()
        y, ones = 2 * rng.standard_normal(ROWS), np.ones(ROWS)
        at = np.array([0.3, -0.2, 0.5, 0.1, 0.2, 1.2])
        return gp.Problem(lambda w: _huber_loss_and_gradient(w, x, y, 1.35, 0.1, ones), True, at)

    def embedding(dimensions: int) -> gp.Problem:
        from scipy.spatial.distance import squareform
        from sklearn.manifold._t_sne import _kl_divergence

        rng, _ = _data()
        P = rng.random((12, 12))
        P = squareform((P + P.T) * (1 - np.eye(12)))
        P /= 2 * np.sum(P)  # of each pair both orders
        at = rng.standard_normal(12 * dimensions)
        freedom = max(dimensions - 1, 1)
        return gp.Problem(lambda y: _kl_divergence(y, P, freedom, 12, dimensions), True, at)

    yield Claim(LIBRARY, "NeighborhoodComponentsAnalysis", "gradient", neighbours)
    yield Claim(LIBRARY, "HuberRegressor", "gradient", huber)
    for dimensions in (1, 2, 3):
        yield Claim(
            LIBRARY, f"TSNE, dimensions: {dimensions}", "gradient", partial(embedding, dimensions)
        )
