"""Problems of pymanopt: right gradients pass on its manifolds, wrong ones are found."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pymanopt
import pytest
from pymanopt import manifolds

import gradproof as gp

Array = npt.NDArray[Any]

RNG = np.random.default_rng(0)
H = RNG.standard_normal((5, 5))
H = H + H.T


def problem(manifold: Any, cost: Any, **gradients: Any) -> Any:
    decorate: Callable[[Any], Any] = pymanopt.function.numpy(manifold)
    named = {name: decorate(gradient) for name, gradient in gradients.items()}
    return pymanopt.Problem(manifold, decorate(cost), **named)


def check(manifold: Any, cost: Any, point: Any = None, **gradients: Any) -> gp.Report:
    return gp.pymanopt.check_problem(problem(manifold, cost, **gradients), point)


def codes(report: gp.Report) -> list[str]:
    return [cause.code for cause in report.causes]


def quartic(X: Array) -> Any:
    return np.sum(np.abs(X) ** 4) / 4 + np.sum(np.sin(X.real))


def of_quartic(X: Array) -> Array:
    return np.asarray(np.abs(X) ** 2 * X + np.cos(X.real))


def quadratic(X: Array) -> Any:
    return np.real(np.sum(X.conj() * (H @ X)))


def of_quadratic(X: Array) -> Array:
    return 2 * H @ X


@pytest.mark.parametrize(
    "manifold",
    [
        manifolds.Sphere(5),
        manifolds.Oblique(4, 3),
        manifolds.Stiefel(4, 2, k=2),
        manifolds.SpecialOrthogonalGroup(3),
        manifolds.SymmetricPositiveDefinite(3),
        manifolds.Positive(3, 2),
        manifolds.PoincareBall(3),
        manifolds.ComplexCircle(4),
        manifolds.HermitianPositiveDefinite(2),
    ],
    ids=str,
)
def test_right_and_twice_too_large(manifold: Any) -> None:
    assert check(manifold, quartic, euclidean_gradient=of_quartic).passed
    wrong = check(manifold, quartic, euclidean_gradient=lambda X: 2 * of_quartic(X))
    assert codes(wrong) == ["GP302"]
    assert wrong.curves[-1].order == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(
    "manifold",
    [
        manifolds.Grassmann(5, 2),
        manifolds.ComplexGrassmann(5, 2),
        manifolds.PSDFixedRank(5, 2),
        manifolds.Elliptope(5, 3),  # whose projection is none: seen along a basis
    ],
    ids=str,
)
def test_quotients(manifold: Any) -> None:
    assert check(manifold, quadratic, euclidean_gradient=of_quadratic).passed
    assert codes(check(manifold, quadratic, euclidean_gradient=lambda X: -of_quadratic(X))) == [
        "GP301"
    ]


def test_fixed_rank() -> None:
    target = RNG.standard_normal((6, 5))

    def cost(u: Array, s: Array, vt: Array) -> Any:
        return np.sum((u * s @ vt - target) ** 2)

    def gradient(u: Array, s: Array, vt: Array) -> Any:
        G = 2 * (u * s @ vt - target)
        return G @ vt.T * s, np.einsum("ij,ia,aj->a", G, u, vt), (u * s).T @ G

    def wrong(u: Array, s: Array, vt: Array) -> Any:
        du, ds, dvt = gradient(u, s, vt)
        return du, 2 * ds, dvt

    manifold = manifolds.FixedRankEmbedded(6, 5, 2)
    report = check(manifold, cost, euclidean_gradient=gradient)
    assert report.passed
    assert report.leaves[0].shape == (18,)
    assert check(manifold, cost, euclidean_gradient=wrong).verdict == "fail"


class TestRiemannianGradientsByHand:
    def test_not_projected(self) -> None:
        report = check(manifolds.Sphere(5), quadratic, riemannian_gradient=of_quadratic)
        assert codes(report) == ["GP601"]

    def test_another_metric(self) -> None:
        manifold = manifolds.SymmetricPositiveDefinite(3)

        def cost(P: Array) -> Any:
            return np.linalg.slogdet(P)[1]

        assert check(manifold, cost, riemannian_gradient=lambda P: 1.0 * P).passed
        assert codes(check(manifold, cost, riemannian_gradient=lambda P: np.linalg.inv(P))) == [
            "GP602"
        ]


class TestProduct:
    manifold = manifolds.Product(
        [manifolds.Sphere(3), manifolds.SpecialOrthogonalGroup(3), manifolds.Euclidean(2)]
    )
    w = RNG.standard_normal((2, 3))

    def cost(self, x: Array, R: Array, e: Array) -> Any:
        return e @ self.w @ R @ x + np.sum(e**2)

    def gradient(self, x: Array, R: Array, e: Array) -> Any:
        return R.T @ self.w.T @ e, np.outer(self.w.T @ e, x), self.w @ R @ x + 2 * e

    def transposed(self, x: Array, R: Array, e: Array) -> Any:
        dx, dR, de = self.gradient(x, R, e)
        return dx, dR.T, de

    def test_right(self) -> None:
        report = check(
            self.manifold,
            lambda x, R, e: self.cost(x, R, e),
            euclidean_gradient=lambda x, R, e: self.gradient(x, R, e),
        )
        assert report.passed
        assert [leaf.address for leaf in report.leaves] == ["point[0]", "point[1]", "point[2]"]

    def test_the_factor_that_is_wrong_is_named(self) -> None:
        report = check(
            self.manifold,
            lambda x, R, e: self.cost(x, R, e),
            euclidean_gradient=lambda x, R, e: self.transposed(x, R, e),
        )
        wrong = [leaf.address for leaf in report.leaves if leaf.verdict == "fail"]
        assert wrong == ["point[1]"]


def test_the_backward_pass_of_torch() -> None:
    import torch

    manifold = manifolds.Sphere(5)

    @pymanopt.function.pytorch(manifold)
    def cost(x: Any) -> Any:
        return x @ torch.tensor(H) @ x

    assert gp.pymanopt.check_problem(pymanopt.Problem(manifold, cost)).passed


def test_the_point_and_random_numbers_are_left_alone() -> None:
    point = np.array([0.6, 0.0, 0.8, 0.0, 0.0])
    at = point.copy()
    before = np.random.get_state(legacy=False)  # noqa: NPY002
    one = problem(manifolds.Sphere(5), quadratic, euclidean_gradient=of_quadratic)
    assert gp.pymanopt.check_problem(one, at).passed
    seen = [gp.pymanopt.check_problem(one, seed=seed).value for seed in (1, 1, 2)]
    assert seen[0] == seen[1] != seen[2]
    assert np.array_equal(at, point)
    assert str(before) == str(np.random.get_state(legacy=False))  # noqa: NPY002


def test_what_is_no_problem_of_pymanopt() -> None:
    with pytest.raises(gp.InputError, match=r"problem: found 3, expected a pymanopt.Problem"):
        gp.pymanopt.check_problem(3)
    one = problem(manifolds.Sphere(5), quadratic, euclidean_gradient=of_quadratic)
    with pytest.raises(gp.InputError, match="is the point on the manifold"):
        gp.pymanopt.check_problem(one, np.ones(5))
