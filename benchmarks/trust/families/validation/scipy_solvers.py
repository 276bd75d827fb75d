"""Matrix functions, splines, integrals, transforms and solvers of SciPy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import mpmath
import numpy as np
from benchmarks.trust.case import Case, family
from benchmarks.trust.sources.scipy_functions import FloatArray, analytic_case
from benchmarks.trust.truth import complex_step, mpmath_gradient, torch_forward
from scipy import (
    fft,
    integrate,
    interpolate,
    linalg,
    optimize,
    signal,
    sparse,
    spatial,
    special,
)
from scipy.sparse import linalg as sparse_linalg


@family("scipy matrix functions", kind="ordinary", source="scipy.linalg", split="validation")
def _matrix_functions(rng: np.random.Generator) -> Iterator[Case]:
    for k in (3, 7):
        a = rng.standard_normal((k, k)) / np.sqrt(k)
        w = rng.standard_normal((k, k))

        def exponential(x: Any, w: Any = w) -> float:
            return float(np.sum(w * linalg.expm(x)))

        def series(x: Any, w: Any = w) -> Any:
            term = total = np.eye(len(x)) + 0 * x
            for i in range(1, 60):
                term = term @ x / i
                total = total + term
            return np.sum(w * total)

        yield Case(
            f"expm {k} × {k}",
            exponential,
            partial(lambda w, x: linalg.expm_frechet(x.T, w, compute_expm=False), w),
            a,
            partial(complex_step, series, a),
            {
                "transpose forgotten": partial(
                    lambda w, x: linalg.expm_frechet(x, w, compute_expm=False), w
                ),
                "as if matrices commuted": partial(lambda w, x: linalg.expm(x).T @ w, w),
            },
        )
        positive = a @ a.T + np.eye(k) + 0.2 * rng.standard_normal((k, k))

        def root(x: Any, w: Any = w) -> float:
            return float(np.sum(w * linalg.sqrtm(x).real))

        def root_gradient(x: Any, w: Any = w) -> Any:
            s = linalg.sqrtm(x).real
            return linalg.solve_sylvester(s.T, s.T, w)

        def iterated(x: Any, w: Any = w) -> Any:
            # Denman and Beavers.
            y, z = x, np.eye(len(x))
            for _ in range(30):
                y, z = (y + np.linalg.inv(z)) / 2, (z + np.linalg.inv(y)) / 2
            return np.sum(w * y)

        yield Case(
            f"sqrtm {k} × {k}",
            root,
            root_gradient,
            positive,
            partial(complex_step, iterated, positive),
            {
                "as if matrices commuted": partial(
                    lambda w, x: linalg.inv(linalg.sqrtm(x).real).T @ w / 2, w
                )
            },
        )
        symmetric, c = a + a.T, np.arange(1.0, k + 1)

        def values(x: Any, c: Any = c) -> float:
            return float(c @ linalg.eigvalsh((x + x.T) / 2) ** 3)

        def values_gradient(x: Any, c: Any = c) -> Any:
            lam, v = linalg.eigh((x + x.T) / 2)
            return (v * (3 * c * lam**2)) @ v.T

        def values_truth(x: Any = symmetric, c: Any = c) -> FloatArray:
            import torch

            weights = torch.tensor(c)
            return torch_forward(
                lambda t: weights @ torch.linalg.eigvalsh((t + t.T) / 2) ** 3, torch.tensor(x)
            )

        yield Case(
            f"eigvalsh {k} × {k}",
            values,
            values_gradient,
            symmetric,
            values_truth,
            {
                "vectors by rows": partial(
                    lambda c, x: (
                        (
                            linalg.eigh((x + x.T) / 2)[1].T
                            * (3 * c * linalg.eigvalsh((x + x.T) / 2) ** 2)
                        )
                        @ linalg.eigh((x + x.T) / 2)[1]
                    ),
                    c,
                )
            },
        )
        tall = rng.standard_normal((k + 2, k))

        def nuclear_gradient(x: Any) -> Any:
            u, _, v = linalg.svd(x, full_matrices=False)
            return u @ v

        def nuclear_truth(x: Any = tall) -> FloatArray:
            import torch

            return torch_forward(lambda t: torch.linalg.svdvals(t).sum(), torch.tensor(x))

        yield Case(
            f"nuclear norm {k + 2} × {k}",
            lambda x: float(linalg.svdvals(x).sum()),
            nuclear_gradient,
            tall,
            nuclear_truth,
        )


@family("scipy matrix equations", kind="ordinary", source="scipy.linalg", split="validation")
def _equations(rng: np.random.Generator) -> Iterator[Case]:
    for k in (2, 5):
        w = rng.standard_normal((k, k))
        at = {
            "a": rng.standard_normal((k, k)) + 2 * np.eye(k),
            "b": rng.standard_normal((k, k)) + 2 * np.eye(k),
            "q": rng.standard_normal((k, k)),
        }

        def sylvester(x: Any, w: Any = w) -> float:
            return float(np.sum(w * linalg.solve_sylvester(x["a"], x["b"], x["q"])))

        def sylvester_gradient(x: Any, w: Any = w) -> dict[str, Any]:
            solution = linalg.solve_sylvester(x["a"], x["b"], x["q"])
            dual = linalg.solve_sylvester(x["a"].T, x["b"].T, w)
            return {"a": -dual @ solution.T, "b": -solution.T @ dual, "q": dual}

        def kronecker(x: Any, w: Any = w) -> Any:
            one = np.eye(len(w))
            system = np.kron(x["a"], one) + np.kron(one, x["b"].T)
            return w.ravel() @ np.linalg.solve(system, x["q"].ravel())

        def swapped(x: Any, g: Any = sylvester_gradient) -> dict[str, Any]:
            right = g(x)
            return {"a": right["a"].T, "b": right["b"], "q": right["q"]}

        yield Case(
            f"Sylvester {k}",
            sylvester,
            sylvester_gradient,
            at,
            partial(complex_step, kronecker, at),
            {"product the wrong way": swapped},
        )
        b = rng.standard_normal((k, 1))
        root = rng.standard_normal((k, k))
        system = {"a": rng.standard_normal((k, k)), "q": root @ root.T + np.eye(k)}

        def symmetrised(x: Any) -> Any:
            return (x["q"] + x["q"].T) / 2

        def cost(x: Any, b: Any = b) -> float:
            return float(
                np.trace(linalg.solve_continuous_are(x["a"], b, symmetrised(x), np.eye(1)))
            )

        def cost_gradient(x: Any, b: Any = b) -> dict[str, Any]:
            p = linalg.solve_continuous_are(x["a"], b, symmetrised(x), np.eye(1))
            closed = x["a"] - b @ b.T @ p
            z = linalg.solve_continuous_lyapunov(closed, -np.eye(len(p)))
            return {"a": 2 * p @ z, "q": z}

        def open_loop(x: Any, b: Any = b) -> dict[str, Any]:
            p = linalg.solve_continuous_are(x["a"], b, symmetrised(x), np.eye(1))
            z = linalg.solve_continuous_lyapunov(x["a"] - 5 * np.eye(len(p)), -np.eye(len(p)))
            return {"a": 2 * p @ z, "q": z}

        def newton(x: Any, b: Any = b) -> Any:
            real = {key: np.real(value) for key, value in x.items()}
            p = linalg.solve_continuous_are(real["a"], b, symmetrised(real), np.eye(1)) + 0j
            one = np.eye(len(p))
            for _ in range(3):
                gain = b.T @ p
                closed = x["a"] - b @ gain
                right = -(symmetrised(x) + gain.T @ gain)
                system = np.kron(closed.T, one) + np.kron(one, closed.T)
                p = np.linalg.solve(system, right.ravel()).reshape(p.shape)
            return np.trace(p)

        yield Case(
            f"regulator {k}",
            cost,
            cost_gradient,
            system,
            partial(complex_step, newton, system),
            {"open loop": open_loop},
        )
    t = np.linspace(0, 4, 40)
    data = 2 * np.exp(-0.4 * t) + np.exp(-2 * t) + 0.05 * rng.standard_normal(40)

    def projected(x: Any) -> float:
        basis = np.exp(-np.outer(t, x))
        c = linalg.lstsq(basis, data)[0]
        return float(np.sum((basis @ c - data) ** 2))

    def projected_gradient(x: Any) -> Any:
        basis = np.exp(-np.outer(t, x))
        c = linalg.lstsq(basis, data)[0]
        return -2 * c * ((basis @ c - data) * t @ basis)

    def normal(x: Any) -> Any:
        basis = np.exp(-np.outer(t, x))
        c = np.linalg.solve(basis.T @ basis, basis.T @ data)
        return np.sum((basis @ c - data) ** 2)

    def no_time(x: Any) -> Any:
        basis = np.exp(-np.outer(t, x))
        c = linalg.lstsq(basis, data)[0]
        return -2 * c * ((basis @ c - data) @ basis)

    for n in (2, 3):
        rates = np.array([0.3, 2.5, 6.0])[:n] * rng.uniform(0.8, 1.2, n)
        yield analytic_case(
            f"variable projection {n}",
            projected,
            projected_gradient,
            rates,
            {"time forgotten": no_time},
            normal,
        )


def _evaluated(pieces: Any, x: Any) -> Any:
    """Evaluate a piecewise polynomial at complex numbers, by Horner's rule."""
    knots, c = pieces.x, pieces.c
    index = np.clip(np.searchsorted(knots, np.real(x), side="right") - 1, 0, c.shape[1] - 1)
    offset, value = x - knots[index], 0
    for row in c:
        value = value * offset + row[index]
    return value


@family(
    "scipy splines and interpolation",
    kind="ordinary",
    source="scipy.interpolate",
    split="validation",
)
def _splines(rng: np.random.Generator) -> Iterator[Case]:
    knots = np.sort(rng.uniform(0, 10, 12))
    heights = np.sin(knots) + 0.2 * rng.standard_normal(12)
    at = rng.uniform(knots[1], knots[-2], 6)
    w = rng.uniform(0.5, 2, 6)
    curves: dict[str, Any] = {
        "cubic": interpolate.CubicSpline(knots, heights),
        "natural cubic": interpolate.CubicSpline(knots, heights, bc_type="natural"),
        "Akima": interpolate.Akima1DInterpolator(knots, heights),
        "monotone": interpolate.PchipInterpolator(knots, heights),
    }
    for name, curve in curves.items():
        slope = curve.derivative()
        yield Case(
            f"places on a {name} spline",
            partial(lambda s, x: float(np.sum(w * s(x) ** 2)), curve),
            partial(lambda s, d, x: 2 * w * s(x) * d(x), curve, slope),
            at,
            partial(lambda s: complex_step(lambda x: np.sum(w * _evaluated(s, x) ** 2), at), curve),
            {"outer slope forgotten": partial(lambda d, x: w * d(x), slope)}
            if name == "cubic"
            else {},
        )
    samples = np.sort(rng.uniform(0, 1, 50))
    target = np.cos(6 * samples) + 0.1 * rng.standard_normal(50)
    for n, degree in ((10, 3), (40, 2), (300, 3)):
        inner = np.linspace(0, 1, n - degree + 1)
        t = np.concatenate([np.zeros(degree), inner, np.ones(degree)])
        basis = interpolate.BSpline.design_matrix(samples, t, degree).toarray()

        def fit(c: Any, t: Any = t, k: int = degree) -> float:
            residual = interpolate.BSpline(t, c, k)(samples) - target
            return float(residual @ residual + 0.01 * np.sum(np.diff(c, 2) ** 2))

        def fit_gradient(c: Any, b: Any = basis) -> Any:
            second = np.diff(c, 2)
            g = 2 * b.T @ (b @ c - target)
            g[:-2] += 0.02 * second
            g[1:-1] -= 0.04 * second
            g[2:] += 0.02 * second
            return g

        def twin(c: Any, b: Any = basis) -> Any:
            residual = b @ c - target
            d = c[2:] - 2 * c[1:-1] + c[:-2]
            return residual @ residual + 0.01 * (d @ d)

        def middle(c: Any, g: Any = fit_gradient) -> Any:
            wrong = g(c)
            wrong[1:-1] += 0.02 * np.diff(c, 2)
            return wrong

        yield analytic_case(
            f"coefficients of degree {degree}, {n}",
            fit,
            fit_gradient,
            rng.standard_normal(n),
            {"middle term once": middle} if n == 10 else {},
            twin,
        )
    grid = np.linspace(0, 3, 9)
    table = np.sin(grid)[:, None] * np.cos(1.3 * grid) + 0.1 * rng.standard_normal((9, 9))
    surface = interpolate.RectBivariateSpline(grid, grid, table)
    places = rng.uniform(0.4, 2.6, (5, 2))

    def height(p: Any) -> float:
        return float(np.sum(w[:5] * surface.ev(p[:, 0], p[:, 1])))

    cardinal = [
        interpolate.PPoly.from_spline(interpolate.make_interp_spline(grid, row, k=3))
        for row in np.eye(9)
    ]

    def tensor(p: Any) -> Any:
        along = [np.array([_evaluated(piece, p[:, i]) for piece in cardinal]) for i in (0, 1)]
        return np.sum(w[:5] * np.einsum("ik,ij,jk->k", along[0], table, along[1]))

    yield Case(
        "places on a surface",
        height,
        lambda p: (
            w[:5, None]
            * np.column_stack(
                [surface.ev(p[:, 0], p[:, 1], dx=1), surface.ev(p[:, 0], p[:, 1], dy=1)]
            )
        ),
        places,
        lambda: complex_step(tensor, places),
        {
            "columns swapped": lambda p: (
                w[:5, None]
                * np.column_stack(
                    [surface.ev(p[:, 0], p[:, 1], dy=1), surface.ev(p[:, 0], p[:, 1], dx=1)]
                )
            )
        },
    )
    centres = rng.uniform(0, 3, (15, 2))
    radial = interpolate.RBFInterpolator(
        centres, np.sin(centres).sum(axis=1), kernel="multiquadric", epsilon=1.2
    )
    # The interpolant is made of kernels and a constant.
    distances = spatial.distance.cdist(centres, centres)
    kernel = -np.sqrt((1.2 * distances) ** 2 + 1)
    block = np.block([[kernel, np.ones((15, 1))], [np.ones((1, 15)), np.zeros((1, 1))]])
    coefficients = linalg.solve(block, np.append(np.sin(centres).sum(axis=1), 0))[:15]

    def radial_gradient(p: Any) -> Any:
        d = p[:, None, :] - centres
        root = np.sqrt(1.44 * np.sum(d**2, axis=2) + 1)
        return -1.44 * np.einsum("ijk,j,ij->ik", d, coefficients, 1 / root)

    def radial_twin(p: Any) -> Any:
        square = np.sum((p[:, None, :] - centres) ** 2, axis=2)
        return np.sum(-np.sqrt(1.44 * square + 1) @ coefficients)

    yield analytic_case(
        "radial functions",
        lambda p: radial(p).sum(),
        radial_gradient,
        places,
        {"width forgotten": lambda p: radial_gradient(p) / 1.44},
        radial_twin,
    )


@family("scipy integrals", kind="ordinary", source="scipy.integrate", split="validation")
def _integrals(rng: np.random.Generator) -> Iterator[Case]:
    def quad(f: Callable[..., float], low: float, high: float, *args: Any) -> float:
        return float(integrate.quad(f, low, high, args=args)[0])

    def bump(t: float, a: float, b: float) -> float:
        return float(np.exp(-a * t * t) * np.cos(b * t))

    def bump_gradient(x: Any) -> Any:
        def by_a(t: float, a: float, b: float) -> float:
            return float(-t * t * np.exp(-a * t * t) * np.cos(b * t))

        def by_b(t: float, a: float, b: float) -> float:
            return float(-t * np.exp(-a * t * t) * np.sin(b * t))

        return np.array([quad(by_a, 0, 3, *x), quad(by_b, 0, 3, *x)])

    nodes, weights = np.polynomial.legendre.leggauss(80)

    def gauss(f: Callable[[Any], Any], low: Any, high: Any) -> Any:
        return (high - low) / 2 * np.sum(weights * f((high + low) / 2 + (high - low) / 2 * nodes))

    at = rng.uniform(0.5, 1.5, 2)
    yield Case(
        "quad of a wave packet",
        lambda x: quad(bump, 0, 3, *x),
        bump_gradient,
        at,
        lambda: complex_step(
            lambda x: gauss(lambda t: np.exp(-x[0] * t * t) * np.cos(x[1] * t), 0, 3), at
        ),
        {"sign of the sine": lambda x: bump_gradient(x) * np.array([1, -1])},
    )

    def arc(x: Any) -> float:
        # The length of a curve up to an end that varies too.
        def speed(t: float) -> float:
            return float(np.sqrt(1 + (x[0] * np.cos(x[1] * t)) ** 2))

        return quad(speed, 0, float(x[2]))

    def arc_gradient(x: Any) -> Any:
        def by_height(t: float) -> float:
            slope = x[0] * np.cos(x[1] * t)
            return float(slope * np.cos(x[1] * t) / np.sqrt(1 + slope**2))

        def by_frequency(t: float) -> float:
            slope = x[0] * np.cos(x[1] * t)
            return float(-slope * x[0] * t * np.sin(x[1] * t) / np.sqrt(1 + slope**2))

        end = np.sqrt(1 + (x[0] * np.cos(x[1] * x[2])) ** 2)
        return np.array([quad(by_height, 0, x[2]), quad(by_frequency, 0, x[2]), end])

    def fixed_end(x: Any) -> Any:
        g = arc_gradient(x)
        g[2] = 0
        return g

    start = rng.uniform(0.6, 1.4, 3)
    yield Case(
        "arc length with its end",
        arc,
        arc_gradient,
        start,
        lambda: complex_step(
            lambda x: gauss(lambda t: np.sqrt(1 + (x[0] * np.cos(x[1] * t)) ** 2), 0, x[2]), start
        ),
        {"end forgotten": fixed_end},
    )

    def half_line(x: Any) -> float:
        return quad(lambda t: float(t ** x[0] * np.exp(-x[1] * t) / (1 + t)), 0, np.inf)

    def half_line_gradient(x: Any) -> Any:
        return np.array(
            [
                quad(
                    lambda t: float(np.log(t) * t ** x[0] * np.exp(-x[1] * t) / (1 + t)), 0, np.inf
                ),
                -quad(lambda t: float(t ** (x[0] + 1) * np.exp(-x[1] * t) / (1 + t)), 0, np.inf),
            ]
        )

    def tricomi(x: list[Any]) -> Any:
        # DLMF 13.4.4
        return mpmath.gamma(x[0] + 1) * mpmath.hyperu(x[0] + 1, x[0] + 1, x[1])

    powers = rng.uniform(1.5, 2.5, 2)
    yield Case(
        "quad on the half line",
        half_line,
        half_line_gradient,
        powers,
        lambda: mpmath_gradient(tricomi, powers),
    )

    grid = np.linspace(0, 2, 41)
    for name, rule in (("Simpson", integrate.simpson), ("trapezoids", integrate.trapezoid)):

        def action(y: Any, rule: Any = rule) -> float:
            return float(rule(y**2 / 2 + np.cos(y), x=grid))

        ones = np.array([rule(row, x=grid) for row in np.eye(41)])
        # The textbook weights, for the truth.
        inner = [4, 2] * 19 + [4] if name == "Simpson" else [2] * 39
        textbook = np.array([1, *inner, 1]) * 0.05 / (3 if name == "Simpson" else 2)
        yield analytic_case(
            f"{name} over 41 values",
            action,
            partial(lambda ones, y: ones * (y - np.sin(y)), ones),
            rng.standard_normal(41),
            {"weights forgotten": lambda y: (y - np.sin(y)) * 0.05},
            partial(lambda t, y: np.sum(t * (y**2 / 2 + np.cos(y))), textbook),
        )


def _flow(
    rate: Callable[[Any, Any], Any], start: Any, x: Any, end: float, tolerance: float, method: str
) -> Any:
    """Return the state at the end, for real or complex parameters."""
    y0 = np.asarray(start, dtype=np.result_type(np.asarray(start), np.asarray(x)))
    result = integrate.solve_ivp(
        lambda t, y: rate(y, x), (0, end), y0, method=method, rtol=tolerance, atol=tolerance
    )
    return result.y[:, -1]


# Once wrong in validation; "solver noise/stiff methods" took its place there.
@family("scipy solve_ivp", kind="solver noise", source="scipy.integrate", split="tuning")
def _trajectories(rng: np.random.Generator) -> Iterator[Case]:
    def predator(y: Any, x: Any) -> Any:
        return np.array([x[0] * y[0] - x[1] * y[0] * y[1], x[2] * y[0] * y[1] - x[3] * y[1]])

    def predator_by_state(y: Any, x: Any) -> Any:
        return np.array([[x[0] - x[1] * y[1], -x[1] * y[0]], [x[2] * y[1], x[2] * y[0] - x[3]]])

    def predator_by_parameter(y: Any, x: Any) -> Any:
        return np.array([[y[0], -y[0] * y[1], 0, 0], [0, 0, y[0] * y[1], -y[1]]])

    def epidemic(y: Any, x: Any) -> Any:
        new = x[0] * y[0] * y[1]
        return np.array([-new, new - x[1] * y[1], x[1] * y[1]])

    def epidemic_by_state(y: Any, x: Any) -> Any:
        a, b = x[0] * y[1], x[0] * y[0]
        return np.array([[-a, -b, 0], [a, b - x[1], 0], [0, x[1], 0]])

    def epidemic_by_parameter(y: Any, x: Any) -> Any:
        return np.array([[-y[0] * y[1], 0], [y[0] * y[1], -y[1]], [0, y[1]]])

    def pendulum(y: Any, x: Any) -> Any:
        return np.array([y[1], -x[0] * np.sin(y[0]) - x[1] * y[1]])

    def pendulum_by_state(y: Any, x: Any) -> Any:
        return np.array([[0, 1], [-x[0] * np.cos(y[0]), -x[1]]])

    def pendulum_by_parameter(y: Any, x: Any) -> Any:
        return np.array([[0, 0], [-np.sin(y[0]), -y[1]]])

    def nerve(y: Any, x: Any) -> Any:
        return np.array([y[0] - y[0] ** 3 / 3 - y[1] + x[0], (y[0] + x[1] - x[2] * y[1]) / 12.5])

    def nerve_by_state(y: Any, x: Any) -> Any:
        return np.array([[1 - y[0] ** 2, -1], [1 / 12.5, -x[2] / 12.5]])

    def nerve_by_parameter(y: Any, x: Any) -> Any:
        return np.array([[1, 0, 0], [0, 1 / 12.5, -y[1] / 12.5]])

    systems: dict[str, tuple[Any, Any, Any, list[float], list[float], float]] = {
        "predators": (
            predator,
            predator_by_state,
            predator_by_parameter,
            [1.0, 0.5],
            [1.1, 0.7, 0.5, 0.9],
            2.0,
        ),
        "epidemic": (
            epidemic,
            epidemic_by_state,
            epidemic_by_parameter,
            [0.95, 0.05, 0.0],
            [1.8, 0.6],
            3.0,
        ),
        "pendulum": (
            pendulum,
            pendulum_by_state,
            pendulum_by_parameter,
            [1.0, 0.3],
            [2.0, 0.2],
            2.0,
        ),
        "nerve": (nerve, nerve_by_state, nerve_by_parameter, [-0.5, 0.2], [0.5, 0.7, 0.8], 2.5),
    }
    for name, (rate, by_state, by_parameter, start, centre, end) in systems.items():
        d = len(start)
        target = rng.standard_normal(d)
        for tolerance, method in ((1e-4, "RK45"), (1e-7, "DOP853")):

            def misfit(
                x: Any,
                rate: Any = rate,
                start: Any = start,
                end: float = end,
                tol: float = tolerance,
                method: str = method,
                target: Any = target,
            ) -> float:
                return float(np.sum((_flow(rate, start, x, end, tol, method) - target) ** 2))

            def sensitivities(
                x: Any,
                rate: Any = rate,
                by_state: Any = by_state,
                by_parameter: Any = by_parameter,
                start: Any = start,
                end: float = end,
                target: Any = target,
                d: int = d,
            ) -> Any:
                n = len(x)

                def joint(z: Any, x: Any) -> Any:
                    y, s = z[:d], z[d:].reshape(d, n)
                    slope = by_state(y, x) @ s + by_parameter(y, x)
                    return np.concatenate([rate(y, x), slope.ravel()])

                z = _flow(joint, [*start, *np.zeros(d * n)], x, end, 1e-12, "DOP853")
                return 2 * (z[:d] - target) @ z[d:].reshape(d, n)

            def no_propagation(
                x: Any,
                rate: Any = rate,
                by_parameter: Any = by_parameter,
                start: Any = start,
                end: float = end,
                target: Any = target,
                d: int = d,
            ) -> Any:
                # The state's own sensitivity is left out of the equations.
                n = len(x)

                def joint(z: Any, x: Any) -> Any:
                    return np.concatenate([rate(z[:d], x), by_parameter(z[:d], x).ravel()])

                z = _flow(joint, [*start, *np.zeros(d * n)], x, end, 1e-12, "DOP853")
                return 2 * (z[:d] - target) @ z[d:].reshape(d, n)

            def again(
                x: Any, rate: Any = rate, start: Any = start, end: float = end, t: Any = target
            ) -> Any:
                return np.sum((_flow(rate, start, x, end, 1e-12, "DOP853") - t) ** 2)

            at = np.array(centre) * rng.uniform(0.85, 1.15, len(centre))
            yield Case(
                f"{name}, {method}, {tolerance:.0e}",
                misfit,
                sensitivities,
                at,
                partial(complex_step, again, at),
                {"the state's Jacobian forgotten": no_propagation} if method == "RK45" else {},
            )


# Once no verdict in validation, where a solver raised; `replacements.py` has others.
@family(
    "scipy inner solves stopped early",
    kind="solver noise",
    source="scipy.optimize",
    split="tuning",
)
def _inner(rng: np.random.Generator) -> Iterator[Case]:
    # Kepler's equation.
    phases = rng.uniform(0.5, 5.5, 6)
    for tolerance in (1e-4, 1e-8):

        def anomaly(e: float, tolerance: float) -> Any:
            return np.array(
                [
                    optimize.newton(
                        partial(lambda m, u: u - e * np.sin(u) - m, m),
                        m,
                        fprime=lambda u: 1 - e * np.cos(u),
                        tol=tolerance,
                    )
                    for m in phases
                ]
            )

        def orbit(x: Any, tol: float = tolerance, anomaly: Any = anomaly) -> float:
            u = anomaly(float(x[0]), tol)
            return float(np.sum(x[1] * (1 - x[0] * np.cos(u))) + np.sum(np.sin(u)))

        def orbit_gradient(x: Any, anomaly: Any = anomaly) -> Any:
            u = anomaly(float(x[0]), 1e-15)
            by_u = x[1] * x[0] * np.sin(u) + np.cos(u)
            du = np.sin(u) / (1 - x[0] * np.cos(u))
            return np.array([np.sum(-x[1] * np.cos(u) + by_u * du), np.sum(1 - x[0] * np.cos(u))])

        def explicit(x: Any, anomaly: Any = anomaly) -> Any:
            u = anomaly(float(x[0]), 1e-15)
            return np.array([-np.sum(x[1] * np.cos(u)), np.sum(1 - x[0] * np.cos(u))])

        def orbit_again(x: Any, anomaly: Any = anomaly) -> Any:
            u = anomaly(float(np.real(x[0])), 1e-15) + 0j
            for _ in range(3):
                u = u - (u - x[0] * np.sin(u) - phases) / (1 - x[0] * np.cos(u))
            return np.sum(x[1] * (1 - x[0] * np.cos(u))) + np.sum(np.sin(u))

        at = rng.uniform([0.2, 0.8], [0.6, 1.5])
        yield Case(
            f"Kepler, {tolerance:.0e}",
            orbit,
            orbit_gradient,
            at,
            partial(complex_step, orbit_again, at),
            {"implicit part forgotten": explicit},
        )
    # A chemical equilibrium.
    totals = rng.uniform(0.8, 1.5, 2)
    for tolerance in (1e-5, 1e-8):

        def balance(u: Any, x: Any) -> Any:
            # Logarithms of two free concentrations; x: logarithms of three constants.
            a, b = np.exp(u)
            ab, aab, abb = np.exp(x[0]) * a * b, np.exp(x[1]) * a * a * b, np.exp(x[2]) * a * b * b
            return np.array(
                [a + ab + 2 * aab + abb - totals[0], b + ab + aab + 2 * abb - totals[1]]
            )

        def balance_slopes(u: Any, x: Any) -> tuple[Any, Any]:
            a, b = np.exp(u)
            ab, aab, abb = np.exp(x[0]) * a * b, np.exp(x[1]) * a * a * b, np.exp(x[2]) * a * b * b
            by_u = np.array(
                [
                    [a + ab + 4 * aab + abb, ab + 2 * aab + 2 * abb],
                    [ab + 2 * aab + 2 * abb, b + ab + aab + 4 * abb],
                ]
            )
            return by_u, np.array([[ab, 2 * aab, abb], [ab, aab, 2 * abb]])

        def settle(x: Any, tolerance: float, balance: Any = balance) -> Any:
            return optimize.fsolve(balance, np.zeros(2), args=(x,), xtol=tolerance)

        def polished(x: Any, settle: Any = settle) -> Any:
            u = settle(np.real(x), 1e-12) + 0 * x[:2]
            for _ in range(3):
                u = u - np.linalg.solve(balance_slopes(u, x)[0], balance(u, x))
            return u

        def free(x: Any, tol: float = tolerance, settle: Any = settle) -> float:
            return float(np.sum(np.exp(settle(x, tol)) * np.array([1, 2])))

        def free_gradient(x: Any, polished: Any = polished, slopes: Any = balance_slopes) -> Any:
            u = polished(x)
            by_u, by_x = slopes(u, x)
            return -linalg.solve(by_u.T, np.exp(u) * np.array([1, 2])) @ by_x

        def not_logarithm(x: Any, polished: Any = polished, slopes: Any = balance_slopes) -> Any:
            by_u, by_x = slopes(polished(x), x)
            return -linalg.solve(by_u.T, np.array([1.0, 2])) @ by_x

        at = rng.normal([0.5, 0, -0.3], 0.3)
        yield Case(
            f"equilibrium, {tolerance:.0e}",
            free,
            free_gradient,
            at,
            partial(
                lambda p, at: complex_step(lambda x: np.sum(np.exp(p(x)) * np.array([1, 2])), at),
                polished,
                at,
            ),
            {"logarithm of the unknowns forgotten": not_logarithm},
        )
    # A layer that is the fixed point of itself.
    for size, tolerance in ((5, 1e-6), (12, 1e-9)):
        recurrent = rng.standard_normal((size, size))
        recurrent *= 0.6 / np.linalg.norm(recurrent, 2)
        entrance, c = rng.standard_normal(size), rng.standard_normal(size)

        def layer(x: Any, tolerance: float, start: Any = None, bias: Any = entrance) -> Any:
            z = np.zeros(len(bias)) if start is None else start
            for _ in range(500):
                new = np.tanh(x @ z + bias)
                done = np.max(np.abs(new - z)) < tolerance
                z = new
                if done:
                    break
            return z

        def output(x: Any, tol: float = tolerance, layer: Any = layer, c: Any = c) -> float:
            return float(c @ layer(x, tol))

        def implicit(x: Any, layer: Any = layer, c: Any = c) -> Any:
            z = layer(x, 1e-16)
            slope = 1 - z**2
            dual = linalg.solve(np.eye(len(z)) - (slope[:, None] * x).T, c)
            return np.outer(slope * dual, z)

        def last_step(x: Any, layer: Any = layer, c: Any = c) -> Any:
            z = layer(x, 1e-16)
            return np.outer((1 - z**2) * c, z)

        def layer_again(x: Any, layer: Any = layer, c: Any = c, bias: Any = entrance) -> Any:
            z = layer(np.real(x), 1e-16) + 0j
            for _ in range(3):
                value = np.tanh(x @ z + bias)
                system = np.eye(len(z)) - (1 - value**2)[:, None] * x
                z = z - np.linalg.solve(system, z - value)
            return c @ z

        yield Case(
            f"fixed point of {size}, {tolerance:.0e}",
            output,
            implicit,
            recurrent,
            partial(complex_step, layer_again, recurrent),
            {"last step only": last_step},
        )
    # Entropic transport: the plan is the derivative with respect to the costs.
    for size, tolerance in ((5, 1e-5), (10, 1e-8)):
        rows, columns = rng.dirichlet(np.full(size, 3.0)), rng.dirichlet(np.full(size, 3.0))
        costs = rng.uniform(0, 1, (size, size))

        def potentials(x: Any, tolerance: float, r: Any = rows, s: Any = columns) -> Any:
            kernel = np.exp(-x / 0.3)
            v = np.ones(len(s))
            for _ in range(3000):
                u = r / (kernel @ v)
                v = s / (kernel.T @ u)
                if np.max(np.abs(u * (kernel @ v) - r)) < tolerance:
                    break
            return u, v, kernel

        def transport(
            x: Any, tol: float = tolerance, p: Any = potentials, r: Any = rows, s: Any = columns
        ) -> float:
            u, v, kernel = p(x, tol)
            dual = r @ np.log(u) + s @ np.log(v) - u @ kernel @ v
            return float(0.3 * dual)

        def plan(x: Any, p: Any = potentials) -> Any:
            u, v, kernel = p(x, 1e-15)
            return u[:, None] * kernel * v

        def dual_again(x: Any, p: Any = potentials, r: Any = rows, s: Any = columns) -> Any:
            # Newton's method for the two conditions, from the real solution.
            n = len(r)
            u, v, _ = p(np.real(x), 1e-15)
            a, b = np.log(u) + 0j, np.log(v) + 0j
            for _ in range(3):
                t = np.exp(a[:, None] + b - x / 0.3)
                top, left = t.sum(axis=1), t.sum(axis=0)
                system = np.block([[np.diag(top), t], [t.T, np.diag(left)]])
                system[0, 0] += 1.0  # fixes the constant
                step = np.linalg.solve(system, np.concatenate([top - r, left - s]))
                a, b = a - step[:n], b - step[n:]
            t = np.exp(a[:, None] + b - x / 0.3)
            return 0.3 * (r @ a + s @ b - np.sum(t))

        yield Case(
            f"transport of {size}, {tolerance:.0e}",
            transport,
            plan,
            costs,
            partial(complex_step, dual_again, costs),
            {"transposed": partial(lambda plan, x: plan(x).T, plan)},
        )
    # The best regulariser: an inner regression by BFGS.
    x_train, x_test = rng.standard_normal((30, 3)), rng.standard_normal((20, 3))
    truth = np.array([1.0, -0.5, 0.3])
    y_train = np.sign(x_train @ truth + 0.5 * rng.standard_normal(30))
    y_test = np.sign(x_test @ truth + 0.5 * rng.standard_normal(20))

    def train(x: Any, tolerance: float) -> Any:
        def loss(b: Any) -> tuple[float, Any]:
            z = y_train * (x_train @ b)
            weights = np.exp(x)
            g = -x_train.T @ (y_train * special.expit(-z)) + weights * b
            return float(np.sum(np.logaddexp(0, -z)) + weights @ b**2 / 2), g

        return optimize.minimize(loss, np.zeros(3), jac=True, tol=tolerance, method="BFGS").x

    def curvature(b: Any, x: Any) -> Any:
        p = 1 / (1 + np.exp(y_train * (x_train @ b)))
        return (x_train.T * (p * (1 - p))) @ x_train + np.diag(np.exp(x))

    def trained(x: Any) -> Any:
        b = train(np.real(x), 1e-6) + 0 * x
        for _ in range(5):
            z = y_train * (x_train @ b)
            g = -x_train.T @ (y_train / (1 + np.exp(z))) + np.exp(x) * b
            b = b - np.linalg.solve(curvature(b, x), g)
        return b

    def validation(x: Any, b: Any) -> Any:
        return np.mean(np.log1p(np.exp(-y_test * (x_test @ b))))

    for tolerance in (1e-3, 1e-5):

        def outer_gradient(x: Any) -> Any:
            b = trained(x)
            by_b = -x_test.T @ (y_test * special.expit(-y_test * (x_test @ b))) / len(y_test)
            return -np.exp(x) * b * linalg.solve(curvature(b, x), by_b)

        def no_curvature(x: Any) -> Any:
            b = trained(x)
            by_b = -x_test.T @ (y_test * special.expit(-y_test * (x_test @ b))) / len(y_test)
            return -np.exp(x) * b * by_b

        at = rng.normal(0.5, 0.5, 3)
        yield Case(
            f"regulariser of a regression, {tolerance:.0e}",
            partial(lambda tol, x: float(validation(x, train(x, tol))), tolerance),
            outer_gradient,
            at,
            partial(lambda at: complex_step(lambda x: validation(x, trained(x)), at), at),
            {"Hessian forgotten": no_curvature},
        )


@family(
    "scipy transforms and filters",
    kind="ordinary",
    source="scipy.fft and scipy.signal",
    split="validation",
)
def _signals(rng: np.random.Generator) -> Iterator[Case]:
    for n in (32, 256):
        target = rng.uniform(0.5, 2, n // 2 + 1) * n
        angles = 2 * np.pi * np.outer(np.arange(n // 2 + 1), np.arange(n)) / n
        cosines, sines = np.cos(angles), np.sin(angles)

        def power(x: Any, t: Any = target) -> float:
            spectrum = fft.rfft(x)
            return float(np.sum((np.abs(spectrum) ** 2 - t) ** 2) / len(x) ** 2)

        def power_gradient(x: Any, t: Any = target) -> Any:
            n = len(x)
            spectrum = fft.rfft(x)
            weighted = 4 * (np.abs(spectrum) ** 2 - t) * spectrum / n**2
            # irfft counts the inner frequencies twice.
            weighted[1:-1] /= 2
            return fft.irfft(weighted, n) * n

        def power_again(x: Any, t: Any = target, c: Any = cosines, s: Any = sines) -> Any:
            return np.sum(((c @ x) ** 2 + (s @ x) ** 2 - t) ** 2) / len(x) ** 2

        def counted_twice(x: Any, t: Any = target) -> Any:
            n = len(x)
            spectrum = fft.rfft(x)
            return fft.irfft(4 * (np.abs(spectrum) ** 2 - t) * spectrum / n**2, n) * n

        yield analytic_case(
            f"power spectrum {n}",
            power,
            power_gradient,
            rng.standard_normal(n),
            {
                "inner frequencies twice": counted_twice,
                "length forgotten": partial(lambda g, x: g(x) / len(x), power_gradient),
            },
            power_again,
        )
        smooth = np.cumsum(rng.standard_normal(n))
        k = np.arange(n)
        matrix = np.cos(np.pi * (2 * np.arange(n)[None, :] + 1) * k[:, None] / (2 * n))
        matrix *= np.sqrt(np.array([1.0] + [2.0] * (n - 1)) / n)[:, None]

        def cosine(x: Any, y: Any = smooth) -> float:
            c = fft.dct(x, norm="ortho")
            return float(np.sum((x - y) ** 2) + np.sum(np.sqrt(0.1 + c**2)))

        def cosine_gradient(x: Any, y: Any = smooth) -> Any:
            c = fft.dct(x, norm="ortho")
            return 2 * (x - y) + fft.idct(c / np.sqrt(0.1 + c**2), norm="ortho")

        def forward_again(x: Any, y: Any = smooth) -> Any:
            c = fft.dct(x, norm="ortho")
            return 2 * (x - y) + fft.dct(c / np.sqrt(0.1 + c**2), norm="ortho")

        yield analytic_case(
            f"cosine transform {n}",
            cosine,
            cosine_gradient,
            smooth + rng.standard_normal(n),
            {"transformed forward twice": forward_again},
            partial(
                lambda y, m, x: np.sum((x - y) ** 2) + np.sum(np.sqrt(0.1 + (m @ x) ** 2)),
                smooth,
                matrix,
            ),
        )
    for taps in (5, 31):
        source, record = rng.standard_normal(80), rng.standard_normal(80 + taps - 1)

        def blind(h: Any, s: Any = source, r: Any = record) -> float:
            return float(np.sum((signal.fftconvolve(s, h) - r) ** 2))

        def correlated(h: Any, s: Any = source, r: Any = record) -> Any:
            return 2 * signal.correlate(signal.fftconvolve(s, h) - r, s, mode="valid")

        def convolved(h: Any, s: Any = source, r: Any = record) -> Any:
            return 2 * signal.convolve(signal.fftconvolve(s, h) - r, s, mode="valid")

        yield analytic_case(
            f"convolution with {taps} taps",
            blind,
            correlated,
            rng.standard_normal(taps),
            {"convolution for correlation": convolved},
            partial(lambda s, r, h: np.sum((np.convolve(s, h) - r) ** 2), source, record),
        )
    excitation, response = rng.standard_normal(60), rng.standard_normal(60)

    def filtered(x: Any) -> float:
        y = signal.lfilter(x["b"], np.append(1, x["a"]), excitation)
        return float(np.sum((y - response) ** 2))

    def filtered_gradient(x: Any) -> dict[str, Any]:
        poles = np.append(1, x["a"])
        y = signal.lfilter(x["b"], poles, excitation)
        residual = 2 * (y - response)
        by_input = signal.lfilter([1.0], poles, excitation)
        by_output = -signal.lfilter([1.0], poles, y)

        def delayed(series: Any, delay: int) -> Any:
            return np.append(np.zeros(delay), series[: len(series) - delay])

        return {
            "b": np.array([residual @ delayed(by_input, i) for i in range(len(x["b"]))]),
            "a": np.array([residual @ delayed(by_output, i + 1) for i in range(len(x["a"]))]),
        }

    def no_feedback(x: Any) -> dict[str, Any]:
        y = signal.lfilter(x["b"], np.append(1, x["a"]), excitation)
        residual = 2 * (y - response)
        padded, output = np.append(np.zeros(3), excitation), np.append(np.zeros(3), y)
        return {
            "b": np.array([residual @ padded[3 - i : 63 - i] for i in range(len(x["b"]))]),
            "a": np.array([-residual @ output[2 - i : 62 - i] for i in range(len(x["a"]))]),
        }

    def recursion(x: Any) -> Any:
        y: list[Any] = []
        for t in range(60):
            value = sum(x["b"][i] * excitation[t - i] for i in range(3) if t >= i)
            value = value - sum(x["a"][i] * y[t - 1 - i] for i in range(2) if t > i)
            y.append(value)
        return np.sum((np.array(y) - response) ** 2)

    at = {"b": rng.standard_normal(3), "a": np.array([-0.6, 0.25]) + 0.1 * rng.standard_normal(2)}
    yield Case(
        "recursive filter",
        filtered,
        filtered_gradient,
        at,
        lambda: complex_step(recursion, at),
        {"feedback forgotten": no_feedback},
    )


def _laplacian(q: Any) -> tuple[Any, Any]:
    """Return the bands of -(q u')' on a grid with u = 0 outside, for len(q) - 1 unknowns."""
    return q[:-1] + q[1:], -q[1:-1]


@family("scipy diffusion with adjoints", kind="ordinary", source="scipy.sparse", split="validation")
def _diffusion(rng: np.random.Generator) -> Iterator[Case]:
    for n in (12, 60, 300):
        heat = np.sin(np.linspace(0, 3, n - 1)) / n
        seen = rng.standard_normal(n - 1)

        def solve(x: Any, heat: Any = heat) -> Any:
            main, off = _laplacian(np.exp(x))
            return linalg.solveh_banded(np.array([np.append(0, off), main]), heat)

        def misfit(x: Any, seen: Any = seen, solve: Any = solve) -> float:
            return float(np.sum((solve(x) - seen) ** 2) / 2 + 0.01 * np.sum(np.diff(x) ** 2))

        def adjoint(x: Any, seen: Any = seen, solve: Any = solve, smooth: bool = True) -> Any:
            q = np.exp(x)
            u = np.concatenate([[0], solve(x), [0]])
            main, off = _laplacian(q)
            dual = linalg.solveh_banded(np.array([np.append(0, off), main]), u[1:-1] - seen)
            dual = np.concatenate([[0], dual, [0]])
            g = -np.diff(dual) * np.diff(u) * q
            if smooth:
                g[1:] += 0.02 * np.diff(x)
                g[:-1] -= 0.02 * np.diff(x)
            return g

        def again(x: Any, seen: Any = seen, heat: Any = heat) -> Any:
            main, off = _laplacian(np.exp(x))
            matrix = np.diag(main) + np.diag(off, 1) + np.diag(off, -1)
            u = np.linalg.solve(matrix, heat)
            d = x[1:] - x[:-1]
            return np.sum((u - seen) ** 2) / 2 + 0.01 * np.sum(d**2)

        yield analytic_case(
            f"conductivities of a rod {n}",
            misfit,
            adjoint,
            0.5 * rng.standard_normal(n),
            {
                "regulariser forgotten": partial(lambda g, x: g(x, smooth=False), adjoint),
                "logarithm forgotten": partial(
                    lambda g, x: g(x) + g(x, smooth=False) * (np.exp(-x) - 1), adjoint
                ),
            }
            if n < 300
            else {},
            again,
        )
    for side in (4, 9):
        line = sparse.diags_array(
            [-np.ones(side - 1), 2 * np.ones(side), -np.ones(side - 1)], offsets=[-1, 0, 1]
        )
        one = sparse.eye_array(side)
        grid = (sparse.kron(line, one) + sparse.kron(one, line)).tocsc()
        source, weights = rng.standard_normal(side * side), rng.standard_normal(side * side)

        def reaction(x: Any, a: Any = grid, s: Any = source, w: Any = weights) -> float:
            matrix = (a + sparse.diags_array(x)).tocsc()
            return float(w @ sparse_linalg.spsolve(matrix, s) ** 2)

        def reaction_gradient(x: Any, a: Any = grid, s: Any = source, w: Any = weights) -> Any:
            factor = sparse_linalg.splu((a + sparse.diags_array(x)).tocsc())
            u = factor.solve(s)
            return -factor.solve(2 * w * u, trans="T") * u

        def square_forgotten(x: Any, a: Any = grid, s: Any = source, w: Any = weights) -> Any:
            factor = sparse_linalg.splu((a + sparse.diags_array(x)).tocsc())
            return -factor.solve(w, trans="T") * factor.solve(s)

        yield analytic_case(
            f"reaction on {side} × {side} nodes",
            reaction,
            reaction_gradient,
            rng.uniform(0.1, 1, side * side),
            {"outer square forgotten": square_forgotten},
            partial(
                lambda a, s, w, x: w @ np.linalg.solve(a + np.diag(x), s) ** 2,
                grid.toarray(),
                source,
                weights,
            ),
        )


@family(
    "scipy conjugate gradients stopped early",
    kind="solver noise",
    source="scipy.sparse",
    split="validation",
)
def _conjugate(rng: np.random.Generator) -> Iterator[Case]:
    for side, tolerance in ((5, 1e-4), (8, 1e-6), (8, 1e-9)):
        line = sparse.diags_array(
            [-np.ones(side - 1), 2 * np.ones(side), -np.ones(side - 1)], offsets=[-1, 0, 1]
        )
        one = sparse.eye_array(side)
        grid = (sparse.kron(line, one) + sparse.kron(one, line)).tocsr()
        source, seen = rng.standard_normal(side * side), rng.standard_normal(side * side)

        def stopped(
            x: Any, a: Any = grid, s: Any = source, y: Any = seen, tol: float = tolerance
        ) -> float:
            u, _ = sparse_linalg.cg(a + sparse.diags_array(x, format="csr"), s, rtol=tol, atol=0)
            return float(np.sum((u - y) ** 2))

        def adjoint(x: Any, a: Any = grid, s: Any = source, y: Any = seen) -> Any:
            matrix = (a + sparse.diags_array(x)).tocsc()
            u = sparse_linalg.spsolve(matrix, s)
            return -sparse_linalg.spsolve(matrix, 2 * (u - y)) * u

        def right_side(x: Any, a: Any = grid, s: Any = source, y: Any = seen) -> Any:
            matrix = (a + sparse.diags_array(x)).tocsc()
            u = sparse_linalg.spsolve(matrix, s)
            return -sparse_linalg.spsolve(matrix, 2 * (s - y)) * u

        yield analytic_case(
            f"{side} × {side}, {tolerance:.0e}",
            stopped,
            adjoint,
            rng.uniform(0.1, 1, side * side),
            {"source for solution": right_side} if tolerance < 1e-5 else {},
            partial(
                lambda a, s, y, x: np.sum((np.linalg.solve(a + np.diag(x), s) - y) ** 2),
                grid.toarray(),
                source,
                seen,
            ),
        )


@family(
    "scipy configurations of points", kind="ordinary", source="scipy.spatial", split="validation"
)
def _points(rng: np.random.Generator) -> Iterator[Case]:
    for n in (6, 20):
        wanted = spatial.distance.pdist(rng.standard_normal((n, 4)))
        first, second = np.triu_indices(n, 1)

        def stress(x: Any, d: Any = wanted) -> float:
            return float(np.sum((spatial.distance.pdist(x) - d) ** 2))

        def stress_gradient(x: Any, d: Any = wanted) -> Any:
            now = spatial.distance.squareform(spatial.distance.pdist(x))
            np.fill_diagonal(now, 1)
            pull = 1 - spatial.distance.squareform(d) / now
            np.fill_diagonal(pull, 0)
            return 2 * (pull.sum(axis=1)[:, None] * x - pull @ x)

        def diagonal_kept(x: Any, d: Any = wanted) -> Any:
            now = spatial.distance.squareform(spatial.distance.pdist(x))
            pull = 1 - spatial.distance.squareform(d) / np.maximum(now, 1e-12)
            return 2 * (pull.sum(axis=1)[:, None] * x - pull @ x) + 2 * x

        def stress_again(x: Any, d: Any = wanted, i: Any = first, j: Any = second) -> Any:
            return np.sum((np.sqrt(np.sum((x[i] - x[j]) ** 2, axis=1)) - d) ** 2)

        at = rng.standard_normal((n, 2))
        yield analytic_case(
            f"stress of {n} points",
            stress,
            stress_gradient,
            at,
            {
                "diagonal kept": diagonal_kept,
                "each pair once": partial(lambda g, x: g(x) / 2, stress_gradient),
            },
            stress_again,
        )
        affinities = rng.uniform(0, 1, (n, n))
        affinities = np.triu(affinities, 1)
        affinities = (affinities + affinities.T) / (2 * affinities.sum())

        def embedding(x: Any, p: Any = affinities) -> float:
            kernel = 1 / (1 + spatial.distance.pdist(x, "sqeuclidean"))
            q = kernel / (2 * kernel.sum())
            half = p[np.triu_indices(len(x), 1)]
            return float(2 * np.sum(special.rel_entr(half, q) - half + q))

        def embedding_gradient(x: Any, p: Any = affinities) -> Any:
            kernel = 1 / (1 + spatial.distance.cdist(x, x, "sqeuclidean"))
            np.fill_diagonal(kernel, 0)
            pull = 4 * (p - kernel / kernel.sum()) * kernel
            return pull.sum(axis=1)[:, None] * x - pull @ x

        def no_kernel(x: Any, p: Any = affinities) -> Any:
            kernel = 1 / (1 + spatial.distance.cdist(x, x, "sqeuclidean"))
            np.fill_diagonal(kernel, 0)
            pull = 4 * (p - kernel / kernel.sum())
            return pull.sum(axis=1)[:, None] * x - pull @ x

        def embedding_again(x: Any, p: Any = affinities, i: Any = first, j: Any = second) -> Any:
            kernel = 1 / (1 + np.sum((x[i] - x[j]) ** 2, axis=1))
            q = kernel / (2 * np.sum(kernel))
            return -2 * np.sum(p[i, j] * np.log(q))

        yield analytic_case(
            f"t-SNE of {n} points",
            embedding,
            embedding_gradient,
            at,
            {"kernel forgotten": no_kernel} if n == 6 else {},
            embedding_again,
        )
        start = 1.1 * np.stack(np.meshgrid(range(3), range(3), range(3)), axis=-1).reshape(-1, 3)
        start = start[:n] + 0.08 * rng.standard_normal((n, 3))

        def cluster(x: Any) -> float:
            inverse = spatial.distance.pdist(x, "sqeuclidean") ** -3.0
            return float(4 * np.sum(inverse**2 - inverse))

        def cluster_gradient(x: Any) -> Any:
            d = x[:, None, :] - x
            square = np.sum(d**2, axis=2)
            np.fill_diagonal(square, np.inf)
            factor = -24 * (2 * square**-7.0 - square**-4.0)
            return np.sum(factor[:, :, None] * d, axis=1)

        def cluster_again(x: Any, i: Any = first, j: Any = second) -> Any:
            inverse = np.sum((x[i] - x[j]) ** 2, axis=1) ** -3.0
            return 4 * np.sum(inverse**2 - inverse)

        def one_power(x: Any) -> Any:
            d = x[:, None, :] - x
            square = np.sum(d**2, axis=2)
            np.fill_diagonal(square, np.inf)
            return np.sum((-24 * (square**-7.0 - square**-4.0))[:, :, None] * d, axis=1)

        yield analytic_case(
            f"Lennard-Jones of {n} atoms",
            cluster,
            cluster_gradient,
            start,
            {"exponent forgotten": one_power},
            cluster_again,
        )
