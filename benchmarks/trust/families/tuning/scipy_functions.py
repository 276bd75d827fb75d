"""Functions of SciPy and classic test problems, with gradients as people write them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import mpmath
import numpy as np
from benchmarks.trust.case import Case, family
from benchmarks.trust.sources.scipy_functions import (
    FloatArray,
    analytic_case,
    squares_case,
    summed_case,
)
from benchmarks.trust.truth import complex_step, mpmath_gradient
from scipy import integrate, linalg, optimize, special, stats


def _rosenbrock(x: Any) -> Any:
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


@family("scipy Rosenbrock", kind="ordinary", source="scipy.optimize", split="tuning")
def _rosen(rng: np.random.Generator) -> Iterator[Case]:
    def left_only(x: Any) -> Any:
        g = optimize.rosen_der(x)
        g[1:-1] -= 200 * (x[1:-1] - x[:-2] ** 2)
        return g

    def linear_forgotten(x: Any) -> Any:
        g = optimize.rosen_der(x)
        g[:-1] += 2 * (1 - x[:-1])
        return g

    for n in (2, 5, 40, 1000):
        at = rng.uniform(-2, 2, n)
        yield Case(
            f"n = {n}",
            lambda x: float(optimize.rosen(x)),
            optimize.rosen_der,
            at,
            partial(lambda at: complex_step(_rosenbrock, at), at),
            {"left neighbour forgotten": left_only, "second term forgotten": linear_forgotten}
            if n > 2
            else {},
        )


@family(
    "scipy.special, gamma and error functions",
    kind="ordinary",
    source="scipy.special",
    split="tuning",
    needs=("mpmath",),
)
def _special(rng: np.random.Generator) -> Iterator[Case]:
    n = 6
    positive, real = rng.uniform(0.3, 6, n), rng.standard_normal(n)
    share, weights = rng.uniform(0.05, 0.95, n), rng.uniform(0.5, 2, n)
    root_pi = np.sqrt(np.pi)
    yield summed_case(
        "gammaln",
        special.gammaln,
        special.digamma,
        positive,
        weights,
        mpmath.loggamma,
        {"logarithm for digamma": np.log},
    )
    yield summed_case(
        "erf",
        special.erf,
        lambda x: 2 / root_pi * np.exp(-(x**2)),
        real,
        weights,
        mpmath.erf,
        {"density of the normal": lambda x: np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)},
    )
    yield summed_case(
        "expit",
        special.expit,
        lambda x: special.expit(x) * special.expit(-x),
        real,
        weights,
        lambda x: 1 / (1 + mpmath.exp(-x)),
    )
    yield summed_case(
        "logit",
        special.logit,
        lambda p: 1 / (p * (1 - p)),
        share,
        weights,
        lambda p: mpmath.log(p / (1 - p)),
    )
    yield summed_case(
        "entr",
        special.entr,
        lambda p: -np.log(p) - 1,
        share,
        weights,
        lambda p: -p * mpmath.log(p),
        {"product rule forgotten": lambda p: -np.log(p)},
    )
    yield summed_case(
        "erfinv",
        special.erfinv,
        lambda p: root_pi / 2 * np.exp(special.erfinv(p) ** 2),
        share,
        weights,
        mpmath.erfinv,
    )
    at = {"a": rng.uniform(0.5, 4, n), "b": rng.uniform(0.5, 4, n)}

    def beta(x: Any) -> dict[str, FloatArray]:
        both = special.digamma(x["a"] + x["b"])
        return {
            "a": weights * (special.digamma(x["a"]) - both),
            "b": weights * (special.digamma(x["b"]) - both),
        }

    def sum_forgotten(x: Any) -> dict[str, FloatArray]:
        return {key: weights * special.digamma(value) for key, value in x.items()}

    def exact(values: list[Any]) -> Any:
        return sum(
            w * mpmath.log(mpmath.beta(a, b))
            for w, a, b in zip(weights, values[:n], values[n:], strict=True)
        )

    yield Case(
        "betaln",
        lambda x: float(np.sum(weights * special.betaln(x["a"], x["b"]))),
        beta,
        at,
        lambda: mpmath_gradient(exact, np.concatenate([at["a"], at["b"]])),
        {"digamma of the sum forgotten": sum_forgotten},
    )


@family(
    "classic small test problems", kind="ordinary", source="Moré-Garbow-Hillstrom", split="tuning"
)
def _problems(rng: np.random.Generator) -> Iterator[Case]:
    def near(*start: float) -> FloatArray:
        return np.array(start) + 0.3 * rng.standard_normal(len(start))

    def roth(x: Any) -> Any:
        a, b = x
        return np.array([-13 + a + ((5 - b) * b - 2) * b, -29 + a + ((b + 1) * b - 14) * b])

    def roth_jacobian(x: Any) -> Any:
        b = x[1]
        return np.array([[1, 10 * b - 3 * b**2 - 2], [1, 3 * b**2 + 2 * b - 14]])

    yield squares_case(
        "Freudenstein and Roth",
        roth,
        roth_jacobian,
        near(0.5, -2),
        {"factor 2 forgotten": lambda x: roth_jacobian(x).T @ roth(x)},
    )

    y = np.array([1.5, 2.25, 2.625])
    i = np.arange(1, 4)

    def beale(x: Any) -> Any:
        return y - x[0] * (1 - x[1] ** i)

    def beale_jacobian(x: Any) -> Any:
        return np.column_stack([x[1] ** i - 1, x[0] * i * x[1] ** (i - 1)])

    def beale_wrong(x: Any) -> Any:
        # The exponent in front is forgotten.
        return 2 * np.column_stack([x[1] ** i - 1, x[0] * x[1] ** (i - 1)]).T @ beale(x)

    yield squares_case(
        "Beale", beale, beale_jacobian, near(1, 0.8), {"exponent forgotten": beale_wrong}
    )

    def helical(x: Any) -> Any:
        theta = np.arctan(x[1] / x[0]) / (2 * np.pi) + (0.5 if np.real(x[0]) < 0 else 0)
        radius = np.sqrt(x[0] ** 2 + x[1] ** 2)
        return np.array([10 * (x[2] - 10 * theta), 10 * (radius - 1), x[2]])

    def helical_jacobian(x: Any) -> Any:
        square = x[0] ** 2 + x[1] ** 2
        radius, turn = np.sqrt(square), 100 / (2 * np.pi * square)
        return np.array(
            [
                [turn * x[1], -turn * x[0], 10],
                [10 * x[0] / radius, 10 * x[1] / radius, 0],
                [0, 0, 1],
            ]
        )

    yield squares_case("helical valley", helical, helical_jacobian, near(-1, 0.5, 0.4))

    def powell(x: Any) -> Any:
        a, b, c, d = x.reshape(-1, 4).T
        return np.concatenate(
            [a + 10 * b, np.sqrt(5) * (c - d), (b - 2 * c) ** 2, np.sqrt(10) * (a - d) ** 2]
        )

    def powell_gradient(x: Any) -> Any:
        a, b, c, d = x.reshape(-1, 4).T
        return np.column_stack(
            [
                2 * (a + 10 * b) + 40 * (a - d) ** 3,
                20 * (a + 10 * b) + 4 * (b - 2 * c) ** 3,
                10 * (c - d) - 8 * (b - 2 * c) ** 3,
                -10 * (c - d) - 40 * (a - d) ** 3,
            ]
        ).ravel()

    def powell_sign(x: Any) -> Any:
        g = powell_gradient(x).reshape(-1, 4)
        _, _, c, d = x.reshape(-1, 4).T
        g[:, 3] += 20 * (c - d)
        return g.ravel()

    for blocks in (1, 25):
        yield analytic_case(
            f"extended Powell {4 * blocks}",
            lambda x: powell(x) @ powell(x),
            powell_gradient,
            near(*np.tile([3, -1, 0, 1], blocks)),
            {"sign of one term": powell_sign},
        )

    def wood(x: Any) -> Any:
        a, b, c, d = x
        return (
            100 * (b - a**2) ** 2
            + (1 - a) ** 2
            + 90 * (d - c**2) ** 2
            + (1 - c) ** 2
            + 10 * (b + d - 2) ** 2
            + 0.1 * (b - d) ** 2
        )

    def wood_gradient(x: Any) -> Any:
        a, b, c, d = x
        return np.array(
            [
                -400 * a * (b - a**2) - 2 * (1 - a),
                200 * (b - a**2) + 20 * (b + d - 2) + 0.2 * (b - d),
                -360 * c * (d - c**2) - 2 * (1 - c),
                180 * (d - c**2) + 20 * (b + d - 2) - 0.2 * (b - d),
            ]
        )

    yield analytic_case("Wood", wood, wood_gradient, near(-3, -1, -3, -1))

    t = 0.1 * np.arange(1, 11)

    def box(x: Any) -> Any:
        return np.exp(-t * x[0]) - np.exp(-t * x[1]) - x[2] * (np.exp(-t) - np.exp(-10 * t))

    def box_jacobian(x: Any) -> Any:
        return np.column_stack(
            [-t * np.exp(-t * x[0]), t * np.exp(-t * x[1]), np.exp(-10 * t) - np.exp(-t)]
        )

    yield squares_case("Box", box, box_jacobian, near(0, 10, 5))


@family("scipy Gaussian process likelihood", kind="ordinary", source="scipy.linalg", split="tuning")
def _likelihood(rng: np.random.Generator) -> Iterator[Case]:
    for points, dimensions in ((12, 1), (30, 3), (60, 5)):
        places = rng.uniform(-2, 2, (points, dimensions))
        y = np.sin(places).sum(axis=1) + 0.2 * rng.standard_normal(points)
        squared = (places[:, None, :] - places[None, :, :]) ** 2

        def kernel(x: Any, squared: Any = squared) -> Any:
            scaled = squared @ np.exp(-2 * x[2:])
            return np.exp(2 * x[0] - scaled / 2) + np.exp(2 * x[1]) * np.eye(len(scaled))

        def f(x: Any, y: Any = y, kernel: Any = kernel) -> float:
            factor = linalg.cho_factor(kernel(x), lower=True)
            logarithm = np.log(np.diag(factor[0])).sum()
            return float(y @ linalg.cho_solve(factor, y) / 2 + logarithm)

        def parts(x: Any, squared: Any = squared, kernel: Any = kernel) -> list[Any]:
            scaled = squared @ np.exp(-2 * x[2:])
            smooth = np.exp(2 * x[0] - scaled / 2)
            own = [smooth * squared[:, :, d] * np.exp(-2 * x[2 + d]) for d in range(len(x) - 2)]
            return [2 * smooth, 2 * np.exp(2 * x[1]) * np.eye(len(scaled)), *own]

        def gradient(x: Any, y: Any = y, kernel: Any = kernel, parts: Any = parts) -> Any:
            inverse = linalg.inv(kernel(x))
            alpha = inverse @ y
            inner = inverse - np.outer(alpha, alpha)
            return np.array([np.sum(inner * part) / 2 for part in parts(x)])

        def no_determinant(x: Any, y: Any = y, kernel: Any = kernel, parts: Any = parts) -> Any:
            alpha = linalg.solve(kernel(x), y)
            return np.array([-alpha @ part @ alpha / 2 for part in parts(x)])

        def no_half(x: Any, gradient: Any = gradient) -> Any:
            return 2 * gradient(x)

        def no_logarithm(x: Any, gradient: Any = gradient) -> Any:
            return gradient(x) / np.exp(x)

        def again(x: Any, y: Any = y, kernel: Any = kernel) -> Any:
            matrix = kernel(x)
            sign, logarithm = np.linalg.slogdet(matrix)
            logarithm = logarithm + 1j * np.angle(sign)
            return y @ np.linalg.solve(matrix, y) / 2 + logarithm / 2

        at = np.concatenate([rng.normal([0, -1], 0.3), rng.normal(0.3, 0.3, dimensions)])
        yield Case(
            f"{points} points, {dimensions} dimensions",
            f,
            gradient,
            at,
            partial(complex_step, again, at),
            {
                "determinant forgotten": no_determinant,
                "half forgotten": no_half,
                "logarithm of the parameters forgotten": no_logarithm,
            },
        )


@family("scipy determinants and solutions", kind="ordinary", source="scipy.linalg", split="tuning")
def _systems(rng: np.random.Generator) -> Iterator[Case]:
    for k in (3, 8, 20):
        matrix = rng.standard_normal((k, k)) + 2 * np.sqrt(k) * np.eye(k)
        right, c = rng.standard_normal(k), rng.standard_normal(k)

        def logarithm(a: Any) -> Any:
            sign, value = np.linalg.slogdet(a)
            return value + (1j * np.angle(sign) if np.iscomplexobj(a) else 0)

        yield Case(
            f"slogdet {k} × {k}",
            lambda a: float(np.linalg.slogdet(a)[1]),
            lambda a: linalg.inv(a).T,
            matrix,
            partial(complex_step, logarithm, matrix),
            {"transpose forgotten": linalg.inv},
        )
        at = {"a": matrix, "b": right}

        def adjoint(x: Any, c: Any = c) -> dict[str, Any]:
            dual = linalg.solve(x["a"].T, c)
            return {"a": -np.outer(dual, linalg.solve(x["a"], x["b"])), "b": dual}

        def not_transposed(x: Any, c: Any = c) -> dict[str, Any]:
            dual = linalg.solve(x["a"], c)
            return {"a": -np.outer(dual, linalg.solve(x["a"], x["b"])), "b": dual}

        def swapped(x: Any, adjoint: Any = adjoint) -> dict[str, Any]:
            g = adjoint(x)
            return {"a": g["a"].T, "b": g["b"]}

        def product(x: Any, c: Any = c) -> Any:
            return c @ np.linalg.solve(x["a"], x["b"])

        yield Case(
            f"solve {k} × {k}",
            partial(lambda c, x: float(c @ linalg.solve(x["a"], x["b"])), c),
            adjoint,
            at,
            partial(complex_step, product, at),
            {"transpose forgotten": not_transposed, "outer product the wrong way": swapped},
        )


@family("scipy.stats, common densities", kind="ordinary", source="scipy.stats", split="tuning")
def _densities(rng: np.random.Generator) -> Iterator[Case]:
    size = 30
    normal = rng.normal(2, 1.5, size)
    positive = rng.gamma(2, 1.5, size)

    def normal_gradient(x: Any) -> Any:
        z = (normal - x[0]) / x[1]
        return np.array([np.sum(z) / x[1], np.sum(z**2 - 1) / x[1]])

    at = rng.normal([2, 1.6], 0.2)
    yield Case(
        "normal",
        lambda x: float(stats.norm.logpdf(normal, x[0], x[1]).sum()),
        normal_gradient,
        at,
        lambda: complex_step(
            lambda x: -np.sum(((normal - x[0]) / x[1]) ** 2 / 2 + np.log(x[1])), at
        ),
        {
            "normaliser forgotten": lambda x: np.array(
                [normal_gradient(x)[0], normal_gradient(x)[1] + size / x[1]]
            )
        },
    )

    def gamma_gradient(x: Any) -> Any:
        return np.array(
            [
                np.sum(np.log(positive / x[1]) - special.digamma(x[0])),
                np.sum(positive / x[1] ** 2 - x[0] / x[1]),
            ]
        )

    def gamma(x: Any) -> Any:
        k, s = x
        return np.sum((k - 1) * np.log(positive) - positive / s - special.loggamma(k)) - (
            size * k * np.log(s)
        )

    shape = rng.normal([2, 1.5], 0.2)
    yield Case(
        "gamma",
        lambda x: float(stats.gamma.logpdf(positive, x[0], scale=x[1]).sum()),
        gamma_gradient,
        shape,
        lambda: complex_step(gamma, shape),
        {
            "rate for scale": lambda x: np.array(
                [gamma_gradient(x)[0], np.sum(x[0] / x[1] - positive)]
            )
        },
    )

    def student_gradient(x: Any) -> Any:
        df, m, s = x
        z = (normal - m) / s
        q = 1 + z**2 / df
        digammas = special.digamma((df + 1) / 2) - special.digamma(df / 2) - 1 / df
        own = digammas - np.log(q) + (df + 1) * z**2 / (df**2 * q)
        pull = (df + 1) * z / (df * q)
        return np.array([np.sum(own) / 2, np.sum(pull) / s, np.sum(pull * z - 1) / s])

    def student(x: Any) -> Any:
        df, m, s = x
        z = (normal - m) / s
        constant = special.loggamma((df + 1) / 2) - special.loggamma(df / 2)
        constant = constant - np.log(df * np.pi) / 2 - np.log(s)
        return np.sum(constant - (df + 1) / 2 * np.log(1 + z**2 / df))

    def no_reciprocal(x: Any) -> Any:
        g = student_gradient(x)
        g[0] += size / (2 * x[0])
        return g

    tails = np.array([4.0, 2, 1.5]) + 0.2 * rng.standard_normal(3)
    yield Case(
        "Student",
        lambda x: float(stats.t.logpdf(normal, *x).sum()),
        student_gradient,
        tails,
        lambda: complex_step(student, tails),
        {"a term of the degrees forgotten": no_reciprocal},
    )


@family("scipy roots by brentq", kind="solver noise", source="scipy.optimize", split="tuning")
def _roots(rng: np.random.Generator) -> Iterator[Case]:
    for tolerance in (1e-5, 1e-7, 1e-9):
        flows = rng.uniform(0.3, 3, 4)

        def colebrook(u: Any, x: Any, flow: Any) -> Any:
            # u is 1 / sqrt(friction); x are the logarithms of roughness and of diameter.
            rough, width = np.exp(x[0]), np.exp(x[1])
            reynolds = 4e5 * flow / width
            return u + 2 * np.log10(rough / width / 3.7 + 2.51 * u / reynolds)

        def solve(x: Any, flow: float, tolerance: float, colebrook: Any = colebrook) -> float:
            return float(
                optimize.brentq(
                    colebrook, 0.5, 30, args=(x, flow), xtol=tolerance, rtol=max(tolerance, 1e-15)
                )
            )

        def f(x: Any, flows: Any = flows, tol: float = tolerance, solve: Any = solve) -> float:
            friction = np.array([solve(x, flow, tol) for flow in flows]) ** -2
            return float(np.sum(friction * flows**2) * np.exp(-5 * x[1]))

        def gradient(x: Any, flows: Any = flows, solve: Any = solve) -> Any:
            rough, width = np.exp(x[0]), np.exp(x[1])
            total = np.zeros(2)
            for flow in flows:
                u = solve(x, flow, 1e-15)
                reynolds = 4e5 * flow / width
                inside = rough / width / 3.7 + 2.51 * u / reynolds
                slope = 2 / (np.log(10) * inside)
                by_u = 1 + slope * 2.51 / reynolds
                by_x = slope * np.array(
                    [rough / width / 3.7, -rough / width / 3.7 + 2.51 * u / reynolds]
                )
                outer = flow**2 * np.exp(-5 * x[1])
                total += outer * (-2 * u**-3) * (-by_x / by_u)
                total[1] -= 5 * outer * u**-2
            return total

        def explicit(x: Any, flows: Any = flows, solve: Any = solve) -> Any:
            # The friction is taken for a constant.
            u = np.array([solve(x, flow, 1e-15) for flow in flows])
            return np.array([0, -5 * np.sum(flows**2 / u**2) * np.exp(-5 * x[1])])

        def again(x: Any, flows: Any = flows, colebrook: Any = colebrook, s: Any = solve) -> Any:
            total = 0
            for flow in flows:
                u = s(np.real(x), flow, 1e-15) + 0j
                for _ in range(3):
                    slope = np.imag(colebrook(u + 1e-40j, np.real(x), flow)) / 1e-40
                    u = u - colebrook(u, x, flow) / slope
                total = total + flow**2 * u**-2
            return total * np.exp(-5 * x[1])

        at = rng.normal([-7, -0.7], 0.2)
        yield Case(
            f"Colebrook, tolerance {tolerance:.0e}",
            f,
            gradient,
            at,
            partial(complex_step, again, at),
            {"implicit part forgotten": explicit},
        )


@family("scipy odeint of growth", kind="solver noise", source="scipy.integrate", split="tuning")
def _growth(rng: np.random.Generator) -> Iterator[Case]:
    times = np.linspace(0, 6, 9)
    for tolerance in (1e-4, 1e-6, 1e-8):
        data = 3 / (1 + 5 * np.exp(-times)) + 0.1 * rng.standard_normal(times.size)

        def solve(x: Any, tolerance: float) -> Any:
            def rate(y: Any, t: float) -> Any:
                return x[0] * y * (1 - y / x[1])

            return integrate.odeint(rate, x[2], times, rtol=tolerance, atol=tolerance)[:, 0]

        def curve(x: Any) -> Any:
            return x[1] / (1 + (x[1] / x[2] - 1) * np.exp(-x[0] * times))

        def f(x: Any, data: Any = data, tol: float = tolerance, solve: Any = solve) -> float:
            return float(np.sum((solve(x, tol) - data) ** 2))

        def gradient(x: Any, data: Any = data, curve: Any = curve) -> Any:
            y, decay = curve(x), np.exp(-x[0] * times)
            ratio = x[1] / x[2] - 1
            bottom = 1 + ratio * decay
            slopes = np.array(
                [
                    x[1] * ratio * times * decay / bottom**2,
                    1 / bottom - x[1] / x[2] * decay / bottom**2,
                    x[1] ** 2 / x[2] ** 2 * decay / bottom**2,
                ]
            )
            return 2 * slopes @ (y - data)

        def no_start(x: Any, gradient: Any = gradient) -> Any:
            g = gradient(x)
            g[2] = 0
            return g

        def again(x: Any, data: Any = data, curve: Any = curve) -> Any:
            return np.sum((curve(x) - data) ** 2)

        at = np.array([1.0, 3, 0.5]) * rng.uniform(0.85, 1.15, 3)
        yield Case(
            f"tolerance {tolerance:.0e}",
            f,
            gradient,
            at,
            partial(complex_step, again, at),
            {"initial value forgotten": no_start},
        )


@family("classic Rastrigin and chirps", kind="oscillation", source="test functions", split="tuning")
def _waves(rng: np.random.Generator) -> Iterator[Case]:
    for n, frequency in ((3, 2 * np.pi), (20, 2 * np.pi), (5, 200.0)):
        yield analytic_case(
            f"Rastrigin {n}, frequency {frequency:.0f}",
            partial(lambda w, x: np.sum(x**2 - 10 * np.cos(w * x) + 10), frequency),
            partial(lambda w, x: 2 * x + 10 * w * np.sin(w * x), frequency),
            rng.uniform(-5, 5, n),
            {"inner factor forgotten": partial(lambda w, x: 2 * x + 10 * np.sin(w * x), frequency)},
        )
    phases = rng.uniform(0, 6, 4)
    for rate in (3.0, 30.0):
        yield analytic_case(
            f"chirp {rate:.0f}",
            partial(lambda r, x: np.sum(np.sin(r * x**2 + phases)), rate),
            partial(lambda r, x: 2 * r * x * np.cos(r * x**2 + phases), rate),
            rng.uniform(1, 4, 4),
        )


@family(
    "classic fits with a large constant", kind="offset", source="test functions", split="tuning"
)
def _offsets(rng: np.random.Generator) -> Iterator[Case]:
    x = np.column_stack([np.ones(40), rng.standard_normal((40, 4))])
    counts = rng.poisson(np.exp(0.5 + 0.3 * x[:, 1]))
    for constant in (1e4, 1e7, 1e10):
        yield analytic_case(
            f"Poisson deviance, constant {constant:.0e}",
            partial(lambda c, b: c + np.sum(np.exp(x @ b) - counts * (x @ b)), constant),
            lambda b: x.T @ (np.exp(x @ b) - counts),
            0.3 * rng.standard_normal(5),
            {"counts forgotten": lambda b: x.T @ np.exp(x @ b)},
        )


@family("classic hinges and absolute values", kind="kink", source="test functions", split="tuning")
def _hinges(rng: np.random.Generator) -> Iterator[Case]:
    for rows, n in ((20, 4), (60, 15)):
        x, y = rng.standard_normal((rows, n)), rng.choice([-1.0, 1.0], rows)
        at = rng.standard_normal(n)

        def hinge(b: Any, x: Any = x, y: Any = y) -> float:
            return float(np.mean(np.maximum(0, 1 - y * (x @ b))) + 0.05 * (b @ b))

        def slope(b: Any, x: Any = x, y: Any = y) -> Any:
            return -x.T @ (y * (y * (x @ b) < 1)) / len(y) + 0.1 * b

        def piece(b: Any, at: Any = at, x: Any = x, y: Any = y) -> Any:
            active = y * (x @ at) < 1
            return np.sum((1 - y * (x @ b))[active]) / len(y) + 0.05 * (b @ b)

        yield Case(
            f"support vectors {n}",
            hinge,
            slope,
            at,
            partial(complex_step, piece, at),
            {
                "all rows active": partial(lambda x, y, b: -x.T @ y / len(y) + 0.1 * b, x, y),
                "half of the regulariser": partial(lambda slope, b: slope(b) - 0.05 * b, slope),
            },
        )
        target = x @ rng.standard_normal(n) + rng.standard_normal(rows)

        def lasso(b: Any, x: Any = x, t: Any = target) -> float:
            return float(np.sum(np.abs(x @ b - t)) + 0.3 * np.sum(np.abs(b)))

        def signs(b: Any, x: Any = x, t: Any = target) -> Any:
            return x.T @ np.sign(x @ b - t) + 0.3 * np.sign(b)

        near = at.copy()
        near[: n // 2] *= 10.0 ** rng.uniform(-7, -3, n // 2)
        for label, point in (("", at), (", small coefficients", near)):
            yield Case(
                f"absolute deviations {n}{label}",
                lasso,
                signs,
                point,
                partial(
                    lambda x, t, b: (
                        x.T @ np.where(x @ b > t, 1.0, -1.0) + 0.3 * np.where(b > 0, 1.0, -1.0)
                    ),
                    x,
                    target,
                    point,
                ),
            )


@family("classic minima and saturation", kind="flat", source="test functions", split="tuning")
def _minima(rng: np.random.Generator) -> Iterator[Case]:
    for n in (2, 30):
        yield Case(
            f"Rosenbrock at its minimum {n}",
            lambda x: float(optimize.rosen(x)),
            optimize.rosen_der,
            np.ones(n),
            partial(lambda n: np.zeros(n), n),
        )
    weights = rng.standard_normal((6, 5))
    for scale in (5.0, 12.0, 25.0):
        at = scale * rng.choice([-1.0, 1.0], 5) * rng.uniform(0.8, 1.2, 5)
        yield analytic_case(
            f"saturated tanh {scale:.0f}",
            lambda x: np.sum(weights @ np.tanh(x)),
            lambda x: weights.sum(axis=0) / np.cosh(x) ** 2,
            at,
        )


@family("scipy float32", kind="float32", source="scipy", split="tuning")
def _single(rng: np.random.Generator) -> Iterator[Case]:
    for n in (4, 60):
        at = rng.uniform(-1.5, 1.5, n).astype(np.float32)
        yield Case(
            f"Rosenbrock {n}",
            optimize.rosen,
            optimize.rosen_der,
            at,
            partial(lambda at: complex_step(_rosenbrock, at.astype(np.float64)), at),
        )
    x = rng.standard_normal((50, 8)).astype(np.float32)
    y = (rng.random(50) < 0.5).astype(np.float32)
    at = rng.standard_normal(8).astype(np.float32)

    def loss(b: Any) -> Any:
        return np.mean(np.logaddexp(0, x @ b) - y * (x @ b))

    def slope(b: Any) -> Any:
        return x.T @ (special.expit(x @ b) - y) / np.float32(50)

    def again(b: Any) -> Any:
        eta = x.astype(np.float64) @ b
        return np.mean(np.log1p(np.exp(eta)) - y * eta)

    yield Case(
        "logistic loss",
        loss,
        slope,
        at,
        lambda: complex_step(again, at.astype(np.float64)),
        {"mean forgotten": lambda b: x.T @ (special.expit(x @ b) - y)},
    )
    positive = rng.uniform(0.5, 5, 10).astype(np.float32)
    yield Case(
        "gammaln",
        lambda a: np.sum(special.gammaln(a)),
        special.digamma,
        positive,
        lambda: complex_step(lambda a: np.sum(special.loggamma(a)), positive.astype(np.float64)),
    )


@family(
    "classic Brown and Powell, badly scaled",
    kind="badly scaled",
    source="test functions",
    split="tuning",
)
def _scales(rng: np.random.Generator) -> Iterator[Case]:
    def brown(x: Any) -> Any:
        return np.array([x[0] - 1e6, x[1] - 2e-6, x[0] * x[1] - 2])

    def brown_jacobian(x: Any) -> Any:
        return np.array([[1, 0], [0, 1], [x[1], x[0]]])

    yield squares_case(
        "Brown",
        brown,
        brown_jacobian,
        np.array([1e6, 2e-6]) * rng.uniform(0.8, 1.2, 2),
        {"product rule forgotten": lambda x: 2 * np.array([x[0] - 1e6, x[1] - 2e-6])},
    )

    def powell(x: Any) -> Any:
        return np.array([1e4 * x[0] * x[1] - 1, np.exp(-x[0]) + np.exp(-x[1]) - 1.0001])

    def powell_jacobian(x: Any) -> Any:
        return np.array([[1e4 * x[1], 1e4 * x[0]], [-np.exp(-x[0]), -np.exp(-x[1])]])

    yield squares_case(
        "Powell", powell, powell_jacobian, np.array([1e-5, 9]) * rng.uniform(0.9, 1.1, 2)
    )
    units = 10.0 ** rng.uniform(-5, 5, 8)
    centre = rng.standard_normal(8)
    yield analytic_case(
        "quartic in other units",
        lambda x: np.sum((x / units - centre) ** 4),
        lambda x: 4 * (x / units - centre) ** 3 / units,
        units * rng.standard_normal(8),
        {"units forgotten once": lambda x: 4 * (x / units - centre) ** 3},
    )


@family("classic logarithmic barriers", kind="domain edge", source="test functions", split="tuning")
def _barriers(rng: np.random.Generator) -> Iterator[Case]:
    for slack in (1e-2, 1e-4, 1e-6):
        a, at = rng.standard_normal((12, 5)), rng.standard_normal(5)
        gaps = rng.uniform(0.5, 2, 12)
        gaps[:3] = slack * rng.uniform(0.5, 2, 3)
        c = a @ at + gaps
        yield analytic_case(
            f"slack {slack:.0e}",
            partial(lambda a, c, x: -np.sum(np.log(c - a @ x)), a, c),
            partial(lambda a, c, x: a.T @ (1 / (c - a @ x)), a, c),
            at,
            {"inner sign": partial(lambda a, c, x: -a.T @ (1 / (c - a @ x)), a, c)},
        )


@family("classic noisy measurements", kind="random", source="test functions", split="tuning")
def _noisy(rng: np.random.Generator) -> Iterator[Case]:
    for noise in (1e-9, 1e-6, 1e-3):
        own = np.random.default_rng(int(rng.integers(1 << 30)))
        at = rng.uniform(-1.5, 1.5, 6)
        yield Case(
            f"Rosenbrock, noise {noise:.0e}",
            partial(
                lambda own, s, x: float(optimize.rosen(x) * (1 + s * own.standard_normal())),
                own,
                noise,
            ),
            optimize.rosen_der,
            at,
            partial(lambda at: complex_step(_rosenbrock, at), at),
        )
