"""Riemannian gradients: right ones pass, and each mistake is named."""

from collections.abc import Callable
from typing import Any, ClassVar

import ml_dtypes
import numpy as np
import numpy.typing as npt
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st

import gradproof as gp

Array = npt.NDArray[Any]

SPHERE = gp.Manifold(
    retract=lambda x, v: (x + v) / np.linalg.norm(x + v),
    project=lambda x, z: z - (x @ z) * x,
)


def test_a_gradient_in_low_precision_is_seen_not_to_be_tangent() -> None:
    a, x = np.array([1.0, 2.0, -1.0, 0.5]), np.full(4, 0.5)
    for dtype in (np.float32, ml_dtypes.bfloat16):

        def gradient(x: Array, dtype: Any = dtype) -> Array:
            return np.asarray(a.astype(dtype))

        report = gp.check(gp.Problem(lambda x: a @ x, gradient, x, manifold=SPHERE))
        assert [cause.code for cause in report.causes] == ["GP601"]
        assert report.causes[0].parameters["tangent"] == "pass"


def random_unit(seed: int, size: int) -> Array:
    x = np.random.default_rng(seed).standard_normal(size)
    return np.asarray(x / np.linalg.norm(x))


def symmetric(A: Array) -> Array:
    return (A + A.T) / 2


def skew(A: Array) -> Array:
    return (A - A.T) / 2


def q_of(A: Array) -> Array:
    Q, R = np.linalg.qr(A)
    return np.asarray(Q * np.sign(np.diag(R)))


def rotations(retract: Callable[[Array, Array], Array]) -> gp.Manifold:
    return gp.Manifold(retract=retract, project=lambda R, Z: R @ skew(R.T @ Z))


BY_QR = rotations(lambda R, V: q_of(R + V))
BY_EXP = rotations(lambda R, V: R @ scipy.linalg.expm(skew(R.T @ V)))


def inv(P: Array) -> Array:
    return np.linalg.inv(P)


def expm_along(P: Array, V: Array) -> Array:
    """Return the exponential map of the affine-invariant metric."""
    return np.asarray(symmetric(P @ scipy.linalg.expm(inv(P) @ V)))


POSITIVE = gp.Manifold(
    retract=expm_along,
    project=lambda P, Z: symmetric(Z),
    inner=lambda P, U, V: np.trace(inv(P) @ U @ inv(P) @ V),
)


def codes(report: gp.Report) -> list[str]:
    return [cause.code for cause in report.causes]


class TestRayleighQuotientOnTheSphere:
    A = symmetric(np.random.default_rng(0).standard_normal((6, 6)))
    x = random_unit(1, 6)

    def cost(self, x: Array) -> Any:
        return x @ self.A @ x

    def right(self, x: Array) -> Array:
        return np.asarray(2 * (self.A @ x - self.cost(x) * x))

    def check(self, gradient: Any, at: Array | None = None, **options: Any) -> gp.Report:
        at = self.x if at is None else at
        return gp.check(gp.Problem(self.cost, gradient, at, manifold=SPHERE), **options)

    def test_right(self) -> None:
        report = self.check(self.right)
        assert report.passed
        assert report.leaves[0].address == "x"
        # What is claimed and measured are slopes along projections, which the gradient itself has.
        np.testing.assert_allclose(report.tensors[0].measured, self.right(self.x), rtol=1e-5)

    @given(st.integers(0, 10_000), st.integers(2, 12))
    @settings(max_examples=10, deadline=None)
    def test_right_anywhere(self, seed: int, size: int) -> None:
        A = symmetric(np.random.default_rng(seed).standard_normal((size, size)))
        problem = gp.Problem(
            lambda x: x @ A @ x,
            lambda x: 2 * (A @ x - (x @ A @ x) * x),
            random_unit(seed + 1, size),
            manifold=SPHERE,
        )
        assert gp.check(problem).passed

    def test_the_forgotten_projection_is_told_in_words_of_its_own(self) -> None:
        report = self.check(lambda x: 2 * self.A @ x)
        assert (report.verdict, codes(report)) == ("fail", ["GP601"])
        normal = abs(self.cost(self.x)) / np.linalg.norm(self.A @ self.x)
        assert report.causes[0].parameters["off"] == pytest.approx(normal)
        assert report.causes[0].parameters["tangent"] == "pass"
        assert "its tangent part is right" in report.headline
        # No slope along the manifold shows it.
        assert report.curves[-1].order > 1.9

    def test_the_projection_is_forgotten_at_the_solution(self) -> None:
        at = np.linalg.eigh(self.A)[1][:, 0]
        assert self.check(self.right, at).passed
        report = self.check(lambda x: 2 * self.A @ x, at)
        assert codes(report) == ["GP601"]
        assert ", 100 % of its length is normal" in report.headline

    def test_a_factor(self) -> None:
        report = self.check(lambda x: self.right(x) / 2)
        assert codes(report) == ["GP302"]
        assert report.causes[0].parameters["factor"] == pytest.approx(0.5)
        assert report.curves[-1].order == pytest.approx(1, abs=0.05)

    def test_what_is_wrong_and_not_tangent_is_both(self) -> None:
        report = self.check(lambda x: x * self.right(x))
        assert codes(report)[0] == "GP601"
        assert report.causes[0].parameters["tangent"] == "fail"
        assert report.culprits

    def test_the_order_of_a_right_one_is_data_and_a_picture(self, tmp_path: Any) -> None:
        report = self.check(self.right)
        (curve,) = report.curves
        assert curve.address == "a random tangent of x"
        assert curve.order == pytest.approx(2, abs=0.05)
        assert abs(curve.claimed - curve.measured) <= curve.bar < 1e-8
        titles = [ax.get_title("left") for ax in report.plot().get_axes()]
        assert any("order 2.0" in title or "order 1.9" in title for title in titles)
        gp.write(report, tmp_path / "report.html")
        assert "random tangent" in (tmp_path / "report.html").read_text()

    def test_the_values_themselves_and_value_with_gradient(self) -> None:
        assert self.check(self.right(self.x)).passed
        both = gp.Problem(lambda x: (self.cost(x), self.right(x)), True, self.x, manifold=SPHERE)
        assert gp.check(both).passed
        assert self.check(lambda x: (self.cost(x), self.right(x))).passed

    def test_a_gradient_of_another_shape(self) -> None:
        assert codes(self.check(lambda x: self.right(x)[:3])) == ["GP103"]
        assert codes(self.check(lambda x: np.full(6, np.nan))) == ["GP104"]

    def test_nothing_of_the_user_is_changed(self) -> None:
        at = self.x.copy()

        def retract(x: Array, v: Array) -> Array:
            x += v
            x /= np.linalg.norm(x)
            return x

        def project(x: Array, z: Array) -> Array:
            z -= (x @ z) * x
            return z

        manifold = gp.Manifold(retract=retract, project=project)
        state = str(np.random.get_state(legacy=False))  # noqa: NPY002
        problem = gp.Problem(self.cost, self.right, at, manifold=manifold)
        assert gp.check(problem).passed
        assert np.array_equal(at, self.x)
        assert state == str(np.random.get_state(legacy=False))  # noqa: NPY002

    def test_many_parameters_have_a_certificate(self) -> None:
        at = random_unit(3, 3_000)

        def gradient(x: Array) -> Array:
            g = 30 * np.cos(30 * x)
            return np.asarray(g - (x @ g) * x)

        def check(claim: Callable[[Array], Array]) -> gp.Report:
            f = lambda x: np.sum(np.sin(30 * x))  # noqa: E731
            return gp.check(gp.Problem(f, claim, at, manifold=SPHERE))

        report = check(gradient)
        assert report.passed
        assert report.certificate is not None
        assert report.certificate.bound < 1e-4
        assert report.evaluations < 100
        assert not check(lambda x: 1.01 * gradient(x)).passed

    def test_float32(self) -> None:
        A, x = self.A.astype(np.float32), self.x.astype(np.float32)
        x /= np.linalg.norm(x)

        def check(claim: Callable[[Array], Array]) -> gp.Report:
            return gp.check(gp.Problem(lambda x: x @ A @ x, claim, x, manifold=SPHERE))

        assert check(lambda x: 2 * (A @ x - (x @ A @ x) * x)).passed
        assert codes(check(lambda x: 2 * A @ x)) == ["GP601"]

    def test_a_budget_and_terms(self) -> None:
        assert self.check(self.right, budget=8).verdict == "inconclusive"
        terms = gp.Problem(
            lambda x: x * (self.A @ x), self.right, self.x, manifold=SPHERE, terms="sum"
        )
        assert gp.check(terms).passed

    def test_ctrl_c_in_the_last_look_along_a_tangent_is_told(self) -> None:
        last, calls = self.check(self.right).evaluations - 1, 0

        def interrupted(x: Array) -> Any:
            nonlocal calls
            calls += 1
            if calls == last:
                raise KeyboardInterrupt
            return self.cost(x)

        report = gp.check(gp.Problem(interrupted, self.right, self.x, manifold=SPHERE))
        assert report.interrupted
        assert report.notes[-1].endswith("it was interrupted")

    def test_a_self_test(self) -> None:
        assert all(control.caught for control in self.check(self.right, self_test=True).controls)

    def test_random_numbers_are_repeated(self) -> None:
        def cost(x: Array) -> Any:
            return np.sum((np.random.random(6) < 0.5) * x**2)  # noqa: NPY002

        def gradient(x: Array) -> Array:
            g = 2 * (np.random.random(6) < 0.5) * x  # noqa: NPY002
            return np.asarray(g - (x @ g) * x)

        report = gp.check(gp.Problem(cost, gradient, self.x, manifold=SPHERE))
        assert report.passed
        assert report.curves[-1].order > 1.9


class TestWahbasProblem:
    """Rotations that take some vectors to others: f(R) = ½ Σ |b − R a|², df = −⟨Σ b aᵀ, dR⟩."""

    rng = np.random.default_rng(2)
    a, b = rng.standard_normal((2, 3, 10))
    R = scipy.linalg.expm(skew(rng.standard_normal((3, 3))))

    def cost(self, R: Array) -> Any:
        return np.sum((self.b - R @ self.a) ** 2) / 2

    def right(self, R: Array) -> Array:
        return np.asarray(-R @ skew(R.T @ self.b @ self.a.T))

    @pytest.mark.parametrize("manifold", [BY_QR, BY_EXP])
    def test_right(self, manifold: gp.Manifold) -> None:
        report = gp.check(gp.Problem(self.cost, self.right, self.R, manifold=manifold))
        assert report.passed
        assert report.curves[0].order == pytest.approx(2, abs=0.1)

    @pytest.mark.parametrize("manifold", [BY_QR, BY_EXP])
    @pytest.mark.parametrize(
        ("wrong", "code"),
        [
            (lambda R, B: -B, "GP601"),  # not projected
            (lambda R, B: -R @ skew(B @ R.T), "GP399"),  # from the other side
            (lambda R, B: -2 * R @ skew(R.T @ B), "GP302"),
            (lambda R, B: -skew(R.T @ B), "GP601"),  # in the Lie algebra
        ],
    )
    def test_wrong(self, manifold: gp.Manifold, wrong: Any, code: str) -> None:
        claim = wrong(self.R, self.b @ self.a.T)
        report = gp.check(gp.Problem(self.cost, claim, self.R, manifold=manifold))
        assert report.verdict == "fail"
        assert codes(report)[0] == code


class TestPositiveDefiniteMatrices:
    rng = np.random.default_rng(4)
    P, C = (A @ A.T + np.eye(3) for A in rng.standard_normal((2, 3, 3)))

    @pytest.mark.parametrize("scale", [1e-6, 1e6])
    def test_log_det(self, scale: float) -> None:
        """D log det(P)[V] = tr(P⁻¹ V) = ⟨P, V⟩ at P, whatever the units of P."""

        def cost(P: Array) -> Any:
            return np.linalg.slogdet(P)[1]

        def check(gradient: Callable[[Array], Array]) -> gp.Report:
            return gp.check(gp.Problem(cost, gradient, scale * self.P, manifold=POSITIVE))

        assert check(lambda P: P).passed
        assert codes(check(inv)) == ["GP602"]
        assert codes(check(lambda P: 2 * P)) == ["GP302"]

    def test_the_squared_distance(self) -> None:
        """The gradient of ½ d(P, C)² is −Log_P(C), as in a Karcher mean."""

        def log(P: Array) -> Array:
            half, inverse_half = scipy.linalg.sqrtm(P), inv(scipy.linalg.sqrtm(P))
            return np.asarray(half @ scipy.linalg.logm(inverse_half @ self.C @ inverse_half) @ half)

        def cost(P: Array) -> Any:
            return np.sum(np.log(scipy.linalg.eigh(self.C, P, eigvals_only=True)) ** 2) / 2

        def check(gradient: Callable[[Array], Array]) -> gp.Report:
            return gp.check(gp.Problem(cost, gradient, self.P, manifold=POSITIVE))

        assert check(lambda P: -log(P)).passed
        assert codes(check(log)) == ["GP301"]
        assert codes(check(lambda P: -inv(P) @ log(P) @ inv(P))) == ["GP602"]
        # Every gradient of this metric is symmetric.
        report = check(lambda P: -log(P) + np.triu(np.ones((3, 3)), 1))
        assert codes(report)[0] == "GP601"


class TestSeveralManifolds:
    """A point of two parts: a product of manifolds, part by part."""

    w = np.random.default_rng(5).standard_normal((2, 3))
    at: ClassVar = {"x": random_unit(6, 3), "b": np.array([0.5, -1.5])}
    manifold = gp.Manifold(
        retract=lambda p, v: {"x": SPHERE.retract(p["x"], v["x"]), "b": p["b"] + v["b"]},
        project=lambda p, z: {"x": SPHERE.project(p["x"], z["x"]), "b": z["b"]},
    )

    def cost(self, p: Any) -> Any:
        return np.sum((self.w @ p["x"] + p["b"]) ** 2)

    def gradient(self, p: Any) -> Any:
        r = 2 * (self.w @ p["x"] + p["b"])
        return {"dx": SPHERE.project(p["x"], self.w.T @ r), "db": r}

    def test_right(self) -> None:
        report = gp.check(gp.Problem(self.cost, self.gradient, self.at, manifold=self.manifold))
        assert report.passed
        assert [leaf.address for leaf in report.leaves] == ["p['x']", "p['b']"]

    def test_the_part_that_is_wrong_is_named(self) -> None:
        def wrong(p: Any) -> Any:
            return self.gradient(p) | {"db": self.w @ p["x"] + p["b"]}

        report = gp.check(gp.Problem(self.cost, wrong, self.at, manifold=self.manifold))
        assert report.causes[0].addresses == ("p['b']",)
        assert codes(report) == ["GP302"]
        assert gp.check(
            gp.Problem(self.cost, wrong, self.at, manifold=self.manifold), exclude="b"
        ).passed

    def test_the_part_that_is_not_tangent_is_named(self) -> None:
        def wrong(p: Any) -> Any:
            r = 2 * (self.w @ p["x"] + p["b"])
            return {"x": self.w.T @ r, "b": r}

        report = gp.check(gp.Problem(self.cost, wrong, self.at, manifold=self.manifold))
        assert codes(report) == ["GP601"]
        assert report.causes[0].addresses == ("p['x']",)
        assert gp.check(
            gp.Problem(self.cost, wrong, self.at, manifold=self.manifold), exclude="x"
        ).passed


class TestInput:
    x = random_unit(1, 4)

    def check(self, **parts: Any) -> gp.Report:
        parts = {"retract": SPHERE.retract, "project": SPHERE.project} | parts
        at = parts.pop("at", self.x)
        f = lambda x: x[0]  # noqa: E731
        e = np.eye(4)[0]
        return gp.check(gp.Problem(f, lambda x: e - x[0] * x, at, manifold=gp.Manifold(**parts)))

    def test_all_of_it_is_right(self) -> None:
        assert self.check().passed

    @pytest.mark.parametrize(
        ("parts", "message"),
        [
            ({"retract": 3}, "retract: found 3, expected a function"),
            ({"inner": "dot"}, "inner: found 'dot'"),
            ({"retract": lambda x, v: x + v[:2]}, None),
            ({"retract": lambda x, v: x[:2]}, "retract: found shape .2,., expected a point"),
            ({"project": lambda x, z: "z"}, "project: found"),
            ({"retract": lambda x, v: SPHERE.retract(x, 2 * v)}, "moves off by another vector"),
            ({"retract": lambda x, v: np.abs(SPHERE.retract(x, v))}, "away from x"),
            ({"at": 2 * random_unit(1, 4)}, "project: found that it moves"),
            ({"project": lambda x, z: 0 * z}, "found 0 for a random vector"),
            ({"project": lambda x, z: z / 2}, "expected a projection"),
            ({"project": lambda x, z: z - z[0] / x[0] * x}, "not orthogonal"),
            ({"inner": lambda x, u, v: -u @ v}, "not symmetric and positive"),
        ],
    )
    def test_what_is_no_manifold(self, parts: Any, message: str | None) -> None:
        with pytest.raises(ValueError, match=message):
            self.check(**parts)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"manifold": "sphere"}, "manifold: found 'sphere', expected gp.Manifold"),
            ({"gradient": gp.VJP(lambda x, u: x)}, "expected the Riemannian gradient"),
            ({"gradient": gp.autodiff}, "expected the Riemannian gradient"),
            ({"bounds": (0, 1)}, "bounds: found it with a manifold"),
            ({"vectorized": True}, "vectorized: found it with a manifold"),
        ],
    )
    def test_what_does_not_go_with_one(self, options: Any, message: str) -> None:
        known = {"f": lambda x: x[0], "gradient": lambda x: x, "at": self.x, "manifold": SPHERE}
        with pytest.raises(gp.InputError, match=message):
            gp.Problem(**(known | options))
