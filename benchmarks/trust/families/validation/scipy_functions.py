"""Special functions, densities and test problems, with gradients as people write them."""

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
from scipy import special, stats


@family(
    "scipy.special, Bessel and elliptic functions",
    kind="ordinary",
    source="scipy.special",
    split="validation",
    needs=("mpmath",),
)
def _bessel(rng: np.random.Generator) -> Iterator[Case]:
    n = 5
    w = rng.uniform(0.5, 2, n)
    x, share, real = rng.uniform(0.5, 6, n), rng.uniform(0.05, 0.9, n), rng.normal(0, 1.5, n)
    yield summed_case(
        "first kind",
        lambda t: special.jv(1.5, t),
        lambda t: (special.jv(0.5, t) - special.jv(2.5, t)) / 2,
        x,
        w,
        lambda t: mpmath.besselj(1.5, t),
        {"sign of the recurrence": lambda t: (special.jv(0.5, t) + special.jv(2.5, t)) / 2},
    )
    yield summed_case(
        "modified, first kind",
        lambda t: special.iv(0.7, t),
        lambda t: special.iv(1.7, t) + 0.7 / t * special.iv(0.7, t),
        x,
        w,
        lambda t: mpmath.besseli(0.7, t),
    )
    yield summed_case(
        "modified, second kind",
        lambda t: special.kv(1.2, t),
        lambda t: special.kvp(1.2, t),
        x,
        w,
        lambda t: mpmath.besselk(1.2, t),
        {"sign": lambda t: (special.kv(0.2, t) + special.kv(2.2, t)) / 2},
    )
    yield summed_case(
        "scaled modified",
        special.i0e,
        lambda t: special.i1e(t) - np.sign(t) * special.i0e(t),
        x,
        w,
        lambda t: mpmath.besseli(0, t) * mpmath.exp(-t),
        {"scale's slope forgotten": special.i1e},
    )
    yield summed_case(
        "spherical",
        lambda t: special.spherical_jn(3, t),
        lambda t: special.spherical_jn(3, t, derivative=True),
        x,
        w,
        lambda t: mpmath.sqrt(mpmath.pi / (2 * t)) * mpmath.besselj(3.5, t),
    )
    yield summed_case(
        "Airy",
        lambda t: special.airy(t)[0],
        lambda t: special.airy(t)[1],
        real,
        w,
        mpmath.airyai,
    )
    yield summed_case(
        "elliptic, first kind",
        special.ellipk,
        lambda m: (special.ellipe(m) - (1 - m) * special.ellipk(m)) / (2 * m * (1 - m)),
        share,
        w,
        mpmath.ellipk,
        {
            "modulus for parameter": lambda m: (
                (special.ellipe(m) - (1 - m) * special.ellipk(m)) / (m * (1 - m))
            )
        },
    )
    yield summed_case(
        "elliptic, second kind",
        special.ellipe,
        lambda m: (special.ellipe(m) - special.ellipk(m)) / (2 * m),
        share,
        w,
        mpmath.ellipe,
    )


@family(
    "scipy.special, hypergeometric and others",
    kind="ordinary",
    source="scipy.special",
    split="validation",
    needs=("mpmath",),
)
def _others(rng: np.random.Generator) -> Iterator[Case]:
    n = 5
    w = rng.uniform(0.5, 2, n)
    x, share, real = rng.uniform(0.5, 4, n), rng.uniform(0.05, 0.9, n), rng.normal(0, 1.5, n)
    yield summed_case(
        "Gauss",
        lambda t: special.hyp2f1(0.5, 1.2, 2.3, t),
        lambda t: 0.6 / 2.3 * special.hyp2f1(1.5, 2.2, 3.3, t),
        share,
        w,
        lambda t: mpmath.hyp2f1(0.5, 1.2, 2.3, t),
        {"factor forgotten": lambda t: special.hyp2f1(1.5, 2.2, 3.3, t)},
    )
    yield summed_case(
        "Kummer",
        lambda t: special.hyp1f1(0.8, 2.1, t),
        lambda t: 0.8 / 2.1 * special.hyp1f1(1.8, 3.1, t),
        real,
        w,
        lambda t: mpmath.hyp1f1(0.8, 2.1, t),
    )
    yield summed_case(
        "Spence",
        special.spence,
        lambda t: np.log(t) / (1 - t),
        x + 1,
        w,
        lambda t: mpmath.polylog(2, 1 - t),
        {"argument not reflected": lambda t: -np.log(t) / t},
    )
    yield summed_case(
        "exponential integral", special.exp1, lambda t: -np.exp(-t) / t, x, w, mpmath.e1
    )
    yield summed_case(
        "Dawson",
        special.dawsn,
        lambda t: 1 - 2 * t * special.dawsn(t),
        real,
        w,
        lambda t: mpmath.sqrt(mpmath.pi) / 2 * mpmath.exp(-(t**2)) * mpmath.erfi(t),
        {"exponential only": lambda t: -2 * t * special.dawsn(t)},
    )
    yield summed_case(
        "Lambert",
        lambda t: special.lambertw(t).real,
        lambda t: special.lambertw(t).real / (t * (1 + special.lambertw(t).real)),
        x,
        w,
        lambda t: mpmath.lambertw(t).real,
    )
    yield summed_case(
        "logarithm of the normal distribution",
        special.log_ndtr,
        lambda t: np.exp(-(t**2) / 2 - special.log_ndtr(t)) / np.sqrt(2 * np.pi),
        3 * real,
        w,
        lambda t: mpmath.log(mpmath.erfc(-t / mpmath.sqrt(2)) / 2),
        {"not divided by the distribution": lambda t: np.exp(-(t**2) / 2) / np.sqrt(2 * np.pi)},
    )
    yield summed_case(
        "digamma",
        special.digamma,
        lambda t: special.polygamma(1, t),
        x,
        w,
        lambda t: mpmath.psi(0, t),
    )
    yield summed_case(
        "Hurwitz zeta",
        lambda t: special.zeta(2.5, t),
        lambda t: -2.5 * special.zeta(3.5, t),
        x,
        w,
        lambda t: mpmath.zeta(2.5, t),
    )
    yield summed_case(
        "incomplete gamma",
        lambda t: special.gammainc(1.7, t),
        lambda t: np.exp(0.7 * np.log(t) - t - special.gammaln(1.7)),
        x,
        w,
        lambda t: mpmath.gammainc(1.7, 0, t, regularized=True),
        {"not normalised": lambda t: t**0.7 * np.exp(-t)},
    )
    yield summed_case(
        "incomplete beta",
        lambda t: special.betainc(1.7, 2.4, t),
        lambda t: t**0.7 * (1 - t) ** 1.4 / special.beta(1.7, 2.4),
        share,
        w,
        lambda t: mpmath.betainc(1.7, 2.4, 0, t, regularized=True),
    )

    def voigt(t: Any) -> Any:
        z = (t + 0.4j) / (0.8 * np.sqrt(2))
        slope = -2 * z * special.wofz(z) + 2j / np.sqrt(np.pi)
        return slope.real / (0.64 * 2 * np.sqrt(np.pi))

    def faddeeva(t: Any) -> Any:
        z = (t + mpmath.mpf(0.4) * 1j) / (mpmath.mpf(0.8) * mpmath.sqrt(2))
        value = mpmath.exp(-(z**2)) * mpmath.erfc(-1j * z)
        return value.real / (mpmath.mpf(0.8) * mpmath.sqrt(2 * mpmath.pi))

    yield summed_case(
        "Voigt profile",
        lambda t: special.voigt_profile(t, 0.8, 0.4),
        voigt,
        real,
        w,
        faddeeva,
    )


@family(
    "classic nonlinear least squares problems",
    kind="ordinary",
    source="Moré-Garbow-Hillstrom",
    split="validation",
)
def _problems(rng: np.random.Generator) -> Iterator[Case]:
    def near(start: Any, spread: float = 0.1) -> FloatArray:
        centre = np.asarray(start, dtype=np.float64)
        return centre * (1 + spread * rng.standard_normal(centre.size)) + 0.02 * (
            rng.standard_normal(centre.size)
        )

    u = np.arange(1.0, 16)
    v, least = 16 - u, np.minimum(u, 16 - u)
    bard_data = np.array(
        [0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39]
    )

    def bard(x: Any) -> Any:
        return bard_data - (x[0] + u / (v * x[1] + least * x[2]))

    def bard_jacobian(x: Any) -> Any:
        bottom = (v * x[1] + least * x[2]) ** 2
        return np.column_stack([-np.ones(15), u * v / bottom, u * least / bottom])

    yield squares_case(
        "Bard",
        bard,
        bard_jacobian,
        near(np.ones(3)),
        {"columns swapped": lambda x: 2 * bard_jacobian(x)[:, [0, 2, 1]].T @ bard(x)},
    )

    half = (8 - np.arange(1.0, 16)) / 2
    gauss_data = np.array(
        [9, 44, 175, 540, 1295, 2420, 3521, 3989, 3521, 2420, 1295, 540, 175, 44, 9]
    )

    def gauss(x: Any) -> Any:
        return x[0] * np.exp(-x[1] * (half - x[2]) ** 2 / 2) - gauss_data / 1e4

    def gauss_jacobian(x: Any) -> Any:
        d = half - x[2]
        bell = np.exp(-x[1] * d**2 / 2)
        return np.column_stack([bell, -x[0] * bell * d**2 / 2, x[0] * x[1] * bell * d])

    def gauss_wrong(x: Any) -> Any:
        j = gauss_jacobian(x)
        j[:, 1] *= 2
        return 2 * j.T @ gauss(x)

    yield squares_case(
        "Gaussian", gauss, gauss_jacobian, near([0.4, 1, 0]), {"half of the exponent": gauss_wrong}
    )

    dose = np.array([4, 2, 1, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625])
    kowalik_data = np.array(
        [0.1957, 0.1947, 0.1735, 0.1600, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246]
    )

    def kowalik(x: Any) -> Any:
        return kowalik_data - x[0] * (dose**2 + dose * x[1]) / (dose**2 + dose * x[2] + x[3])

    def kowalik_jacobian(x: Any) -> Any:
        top, bottom = dose**2 + dose * x[1], dose**2 + dose * x[2] + x[3]
        return np.column_stack(
            [
                -top / bottom,
                -x[0] * dose / bottom,
                x[0] * top * dose / bottom**2,
                x[0] * top / bottom**2,
            ]
        )

    yield squares_case(
        "Kowalik and Osborne", kowalik, kowalik_jacobian, near([0.25, 0.39, 0.415, 0.39])
    )

    t = 0.1 * np.arange(1, 14)
    biggs_data = np.exp(-t) - 5 * np.exp(-10 * t) + 3 * np.exp(-4 * t)

    def biggs(x: Any) -> Any:
        first, second, third = np.exp(-t * x[0]), np.exp(-t * x[1]), np.exp(-t * x[4])
        return x[2] * first - x[3] * second + x[5] * third - biggs_data

    def biggs_jacobian(x: Any) -> Any:
        first, second, third = np.exp(-t * x[0]), np.exp(-t * x[1]), np.exp(-t * x[4])
        columns = [-t * x[2] * first, t * x[3] * second, first, -second, -t * x[5] * third, third]
        return np.column_stack(columns)

    def biggs_wrong(x: Any) -> Any:
        j = biggs_jacobian(x)
        j[:, 4] = -t * x[5] * np.exp(-t * x[1])
        return 2 * j.T @ biggs(x)

    yield squares_case(
        "Biggs",
        biggs,
        biggs_jacobian,
        near([1, 2, 1, 1, 4, 3]),
        {"exponential of another term": biggs_wrong},
    )

    point = np.arange(1, 30) / 29

    def watson(x: Any) -> Any:
        powers = point[:, None] ** np.arange(len(x))
        slopes = np.arange(1, len(x)) * point[:, None] ** np.arange(len(x) - 1)
        inner = slopes @ x[1:] - (powers @ x) ** 2 - 1
        return np.concatenate([inner, [x[0], x[1] - x[0] ** 2 - 1]])

    def watson_jacobian(x: Any) -> Any:
        n = len(x)
        powers = point[:, None] ** np.arange(n)
        rows = np.zeros((31, n))
        rows[:29, 1:] = np.arange(1, n) * point[:, None] ** np.arange(n - 1)
        rows[:29] -= 2 * (powers @ x)[:, None] * powers
        rows[29, 0], rows[30, :2] = 1, [-2 * x[0], 1]
        return rows

    for n in (6, 12):
        yield squares_case(f"Watson {n}", watson, watson_jacobian, 0.3 * rng.standard_normal(n))

    def trigonometric(x: Any) -> Any:
        i = np.arange(1, len(x) + 1)
        return len(x) - np.sum(np.cos(x)) + i * (1 - np.cos(x)) - np.sin(x)

    def trigonometric_jacobian(x: Any) -> Any:
        i = np.arange(1, len(x) + 1)
        return np.sin(x)[None, :] + np.diag(i * np.sin(x) - np.cos(x))

    yield squares_case(
        "trigonometric 20",
        trigonometric,
        trigonometric_jacobian,
        rng.uniform(0, 0.3, 20),
        {
            "sum over the others forgotten": lambda x: (
                2 * (np.arange(1, 21) * np.sin(x) - np.cos(x) + np.sin(x)) * trigonometric(x)
            )
        },
    )

    def almost_linear(x: Any) -> Any:
        sums = x[:-1] + np.sum(x) - (len(x) + 1)
        return np.append(sums, np.prod(x) - 1)

    def almost_linear_jacobian(x: Any) -> Any:
        rows = np.ones((len(x), len(x))) + np.eye(len(x))
        rows[-1] = np.prod(x) / x
        return rows

    yield squares_case(
        "Brown, almost linear 10", almost_linear, almost_linear_jacobian, near(np.full(10, 0.8))
    )

    def broyden(x: Any) -> Any:
        padded = np.concatenate([[0], x, [0]])
        return (3 - 2 * x) * x - padded[:-2] - 2 * padded[2:] + 1

    def broyden_gradient(x: Any) -> Any:
        r = broyden(x)
        g = 2 * (3 - 4 * x) * r
        g[:-1] -= 2 * r[1:]
        g[1:] -= 4 * r[:-1]
        return g

    def broyden_wrong(x: Any) -> Any:
        r = broyden(x)
        g = 2 * (3 - 4 * x) * r
        g[1:] -= 2 * r[:-1]
        g[:-1] -= 4 * r[1:]
        return g

    yield analytic_case(
        "Broyden, tridiagonal 100",
        lambda x: broyden(x) @ broyden(x),
        broyden_gradient,
        near(np.full(100, -1)),
        {"neighbours swapped": broyden_wrong},
    )

    def integral(x: Any) -> Any:
        n = len(x)
        s = np.arange(1, n + 1) / (n + 1)
        cubes = (x + s + 1) ** 3
        kernel = np.where(s[:, None] >= s, (1 - s)[:, None] * s, s[:, None] * (1 - s))
        return x + kernel @ cubes / (2 * (n + 1))

    def integral_jacobian(x: Any) -> Any:
        n = len(x)
        s = np.arange(1, n + 1) / (n + 1)
        kernel = np.where(s[:, None] >= s, (1 - s)[:, None] * s, s[:, None] * (1 - s))
        return np.eye(n) + kernel * (3 * (x + s + 1) ** 2) / (2 * (n + 1))

    yield squares_case(
        "discrete integral equation 30",
        integral,
        integral_jacobian,
        near(-0.1 * np.ones(30), 0.5),
        {"identity forgotten": lambda x: 2 * (integral_jacobian(x) - np.eye(30)).T @ integral(x)},
    )

    def chebyquad(x: Any) -> Any:
        n = len(x)
        y = 2 * x - 1
        before, now = np.ones_like(y), y
        means = [np.mean(now)]
        for _ in range(n - 1):
            before, now = now, 2 * y * now - before
            means.append(np.mean(now))
        k = np.arange(1, n + 1)
        exact = np.where(k % 2 == 0, -1.0 / np.where(k % 2 == 0, k**2 - 1.0, 1.0), 0)
        return np.array(means) - exact

    def chebyquad_jacobian(x: Any) -> Any:
        n = len(x)
        y = 2 * x - 1
        before, now = np.ones_like(y), y
        slope_before, slope = np.zeros_like(y), 2 * np.ones_like(y)
        rows = [slope / n]
        for _ in range(n - 1):
            slope_before, slope = slope, 4 * now + 2 * y * slope - slope_before
            before, now = now, 2 * y * now - before
            rows.append(slope / n)
        return np.array(rows)

    yield squares_case(
        "Chebyquad 8", chebyquad, chebyquad_jacobian, np.sort(rng.uniform(0.05, 0.95, 8))
    )


def _shifted(x: Any, values: Any, offset: int) -> Any:
    """Add values to x beginning at an offset, and return x."""
    x[offset : offset + len(values)] += values
    return x


@family("classic large test problems", kind="ordinary", source="CUTEst", split="validation")
def _large(rng: np.random.Generator) -> Iterator[Case]:
    def arwhead(x: Any) -> Any:
        return np.sum((x[:-1] ** 2 + x[-1] ** 2) ** 2 - 4 * x[:-1] + 3)

    def arwhead_gradient(x: Any) -> Any:
        square = x[:-1] ** 2 + x[-1] ** 2
        return np.append(4 * square * x[:-1] - 4, 4 * np.sum(square) * x[-1])

    def arwhead_wrong(x: Any) -> Any:
        g = arwhead_gradient(x)
        g[-1] = 4 * (x[-2] ** 2 + x[-1] ** 2) * x[-1]
        return g

    yield analytic_case(
        "ARWHEAD 200",
        arwhead,
        arwhead_gradient,
        rng.normal(1, 0.3, 200),
        {"sum of the shared variable forgotten": arwhead_wrong},
    )

    def engval(x: Any) -> Any:
        return np.sum((x[:-1] ** 2 + x[1:] ** 2) ** 2) - np.sum(4 * x[:-1] - 3)

    def engval_gradient(x: Any) -> Any:
        square = 4 * (x[:-1] ** 2 + x[1:] ** 2)
        g = np.append(square * x[:-1] - 4, 0)
        return _shifted(g, square * x[1:], 1)

    def engval_wrong(x: Any) -> Any:
        square = 4 * (x[:-1] ** 2 + x[1:] ** 2)
        g = np.append(square * x[:-1] - 4, 0)
        return _shifted(g, square * x[:-1], 1)

    yield analytic_case(
        "ENGVAL1 500",
        engval,
        engval_gradient,
        rng.normal(2, 0.5, 500),
        {"slice one too early": engval_wrong},
    )

    i = np.arange(1, 1001)

    def tridia(x: Any) -> Any:
        return (x[0] - 1) ** 2 + np.sum(i[1:] * (2 * x[1:] - x[:-1]) ** 2)

    def tridia_gradient(x: Any) -> Any:
        r = i[1:] * (2 * x[1:] - x[:-1])
        g = np.append(-2 * r, 0)
        g[0] += 2 * (x[0] - 1)
        return _shifted(g, 4 * r, 1)

    yield analytic_case("TRIDIA 1000", tridia, tridia_gradient, rng.normal(1, 0.3, 1000))

    def nondia(x: Any) -> Any:
        return (x[0] - 1) ** 2 + 100 * np.sum((x[0] - x[:-1] ** 2) ** 2)

    def nondia_gradient(x: Any) -> Any:
        r = x[0] - x[:-1] ** 2
        g = np.append(-400 * r * x[:-1], 0)
        g[0] += 2 * (x[0] - 1) + 200 * np.sum(r)
        return g

    yield analytic_case("NONDIA 300", nondia, nondia_gradient, rng.normal(-1, 0.3, 300))

    def liarwhd(x: Any) -> Any:
        return np.sum(4 * (x**2 - x[0]) ** 2 + (x - 1) ** 2)

    def liarwhd_gradient(x: Any) -> Any:
        g = 16 * x * (x**2 - x[0]) + 2 * (x - 1)
        g[0] -= 8 * np.sum(x**2 - x[0])
        return g

    yield analytic_case(
        "LIARWHD 2000",
        liarwhd,
        liarwhd_gradient,
        rng.normal(2, 0.5, 2000),
        {"first variable's sum forgotten": lambda x: 16 * x * (x**2 - x[0]) + 2 * (x - 1)},
    )

    def genrose(x: Any) -> Any:
        return 1 + np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (x[1:] - 1) ** 2)

    def genrose_gradient(x: Any) -> Any:
        r = x[1:] - x[:-1] ** 2
        return _shifted(np.append(-400 * r * x[:-1], 0), 200 * r + 2 * (x[1:] - 1), 1)

    yield analytic_case("GENROSE 200", genrose, genrose_gradient, rng.normal(0.5, 0.5, 200))

    def cosine(x: Any) -> Any:
        return np.sum(np.cos(-0.5 * x[1:] + x[:-1] ** 2))

    def cosine_gradient(x: Any) -> Any:
        s = np.sin(-0.5 * x[1:] + x[:-1] ** 2)
        return _shifted(np.append(-2 * s * x[:-1], 0), 0.5 * s, 1)

    yield analytic_case("COSINE 400", cosine, cosine_gradient, rng.normal(1, 0.3, 400))

    def cragg(x: Any) -> Any:
        a, b, c, d = x[:-3:2], x[1:-2:2], x[2:-1:2], x[3::2]
        return np.sum(
            (np.exp(a) - b) ** 4 + 100 * (b - c) ** 6 + (np.tan(c - d) + c - d) ** 4 + a**8
        ) + np.sum((d - 1) ** 2)

    def cragg_gradient(x: Any) -> Any:
        a, b, c, d = x[:-3:2], x[1:-2:2], x[2:-1:2], x[3::2]
        g = np.zeros_like(x)
        first, second = 4 * (np.exp(a) - b) ** 3, 600 * (b - c) ** 5
        third = 4 * (np.tan(c - d) + c - d) ** 3 * (1 / np.cos(c - d) ** 2 + 1)
        g[:-3:2] += first * np.exp(a) + 8 * a**7
        g[1:-2:2] += second - first
        g[2:-1:2] += third - second
        g[3::2] += 2 * (d - 1) - third
        return g

    yield analytic_case("CRAGGLVY 50", cragg, cragg_gradient, rng.normal(1, 0.1, 50))

    def maratos(x: Any) -> Any:
        square = x[::2] ** 2 + x[1::2] ** 2 - 1
        return np.sum(-x[::2] + 20 * square**2)

    def maratos_gradient(x: Any) -> Any:
        square = x[::2] ** 2 + x[1::2] ** 2 - 1
        g = 80 * np.repeat(square, 2) * x
        g[::2] -= 1
        return g

    yield analytic_case(
        "extended Maratos 60",
        maratos,
        maratos_gradient,
        rng.normal(0.8, 0.3, 60),
        {
            "factors tiled, not repeated": lambda x: (
                80 * np.tile(x[::2] ** 2 + x[1::2] ** 2 - 1, 2) * x - np.tile([1.0, 0], 30)
            )
        },
    )


@family(
    "classic data with extreme units",
    kind="badly scaled",
    source="Moré-Garbow-Hillstrom",
    split="tuning",
)
def _scales(rng: np.random.Generator) -> Iterator[Case]:
    warm = 45.0 + 5 * np.arange(1, 17)
    meyer_data = np.array(
        [34780, 28610, 23650, 19630, 16370, 13720, 11540, 9744, 8261, 7030, 6005, 5147, 4427, 3820,
         3307, 2872]
    )  # fmt: skip

    def meyer(x: Any) -> Any:
        return x[0] * np.exp(x[1] / (warm + x[2])) - meyer_data

    def meyer_jacobian(x: Any) -> Any:
        bell = np.exp(x[1] / (warm + x[2]))
        slope = x[0] * bell / (warm + x[2])
        return np.column_stack([bell, slope, -slope * x[1] / (warm + x[2])])

    yield squares_case(
        "Meyer",
        meyer,
        meyer_jacobian,
        np.array([0.0056, 6181, 345]) * rng.uniform(0.99, 1.01, 3),
        {
            "scale inside forgotten": lambda x: (
                2 * (meyer_jacobian(x) * np.array([1, 1, 1 / x[1]])).T @ meyer(x)
            )
        },
    )
    i = np.arange(1, 11)

    def jennrich(x: Any) -> Any:
        return 2 + 2 * i - np.exp(i * x[0]) - np.exp(i * x[1])

    yield squares_case(
        "Jennrich and Sampson",
        jennrich,
        lambda x: -np.column_stack([i * np.exp(i * x[0]), i * np.exp(i * x[1])]),
        np.array([0.3, 0.4]) * rng.uniform(0.8, 1.5, 2),
    )
    time = 10.0 * np.arange(33)
    osborne_data = 0.375 + 1.93 * np.exp(-0.0129 * time) - 1.46 * np.exp(-0.0221 * time)

    def osborne(x: Any) -> Any:
        return osborne_data - (x[0] + x[1] * np.exp(-time * x[3]) + x[2] * np.exp(-time * x[4]))

    def osborne_jacobian(x: Any) -> Any:
        first, second = np.exp(-time * x[3]), np.exp(-time * x[4])
        columns = [-np.ones(33), -first, -second, time * x[1] * first, time * x[2] * second]
        return np.column_stack(columns)

    yield squares_case(
        "Osborne",
        osborne,
        osborne_jacobian,
        np.array([0.5, 1.5, -1, 0.01, 0.02]) * rng.uniform(0.9, 1.1, 5),
    )
    for n in (4, 10):

        def penalty(x: Any) -> Any:
            m = len(x)
            e = np.exp(np.arange(1, m + 1) / 10)
            y = e[1:] + e[:-1]
            u = np.exp(x / 10)
            r = np.sqrt(1e-5) * np.concatenate([u[1:] + u[:-1] - y, u[1:] - np.exp(-0.1)])
            tail = np.sum(np.arange(m, 0, -1) * x**2) - 1
            return np.concatenate([[x[0] - 0.2], r, [tail]])

        def penalty_jacobian(x: Any) -> Any:
            m = len(x)
            u = np.sqrt(1e-5) * np.exp(x / 10) / 10
            rows = np.zeros((2 * m, m))
            rows[0, 0] = 1
            k = np.arange(1, m)
            rows[k, k] = u[1:]
            rows[k, k - 1] = u[:-1]
            rows[m - 1 + k, k] = u[1:]
            rows[-1] = 2 * np.arange(m, 0, -1) * x
            return rows

        yield squares_case(f"penalty II {n}", penalty, penalty_jacobian, rng.uniform(0.2, 0.6, n))

    # Energies in joules, lengths in metres: a Morse potential of molecules.
    depth, length, width = 7.2e-19, 7.4e-11, 1.9e10
    for n in (3, 10):
        distances = length * rng.uniform(0.9, 1.6, n)

        def morse(r: Any) -> Any:
            return np.sum(depth * (1 - np.exp(-width * (r - length))) ** 2)

        def force(r: Any) -> Any:
            e = np.exp(-width * (r - length))
            return 2 * depth * width * e * (1 - e)

        yield analytic_case(
            f"Morse potential in SI units {n}",
            morse,
            force,
            distances,
            {"inner factor forgotten": lambda r: force(r) / width},
        )


@family("scipy.stats, further densities", kind="ordinary", source="scipy.stats", split="validation")
def _densities(rng: np.random.Generator) -> Iterator[Case]:
    size = 25
    share = rng.beta(2, 3, size)

    def beta_score(x: Any) -> Any:
        both = special.digamma(x[0] + x[1])
        return np.array(
            [
                np.sum(np.log(share) - special.digamma(x[0]) + both),
                np.sum(np.log1p(-share) - special.digamma(x[1]) + both),
            ]
        )

    yield analytic_case(
        "beta",
        lambda x: stats.beta.logpdf(share, x[0], x[1]).sum(),
        beta_score,
        rng.normal([2, 3], 0.2),
        {
            "normaliser forgotten": lambda x: np.array(
                [np.sum(np.log(share)), np.sum(np.log1p(-share))]
            )
        },
        lambda x: np.sum(
            special.loggamma(x[0] + x[1])
            - special.loggamma(x[0])
            - special.loggamma(x[1])
            + (x[0] - 1) * np.log(share)
            + (x[1] - 1) * np.log(1 - share)
        ),
    )
    life = rng.weibull(1.5, size) * 3

    def weibull_score(x: Any) -> Any:
        z = life / x[1]
        power = z ** x[0]
        return np.array(
            [np.sum(1 / x[0] + np.log(z) * (1 - power)), np.sum(x[0] * (power - 1) / x[1])]
        )

    yield analytic_case(
        "Weibull",
        lambda x: stats.weibull_min.logpdf(life, x[0], scale=x[1]).sum(),
        weibull_score,
        rng.normal([1.5, 3], 0.2),
        {
            "outer derivative of the power only": lambda x: np.array(
                [
                    weibull_score(x)[0],
                    np.sum((x[0] * (life / x[1]) ** (x[0] - 1) - x[0]) / x[1]),
                ]
            )
        },
        lambda x: np.sum(
            np.log(x[0] / x[1]) + (x[0] - 1) * np.log(life / x[1]) - (life / x[1]) ** x[0]
        ),
    )
    peaks = rng.gumbel(2, 1, size)

    def extreme_score(x: Any) -> Any:
        k, m, s = x
        z = (peaks - m) / s
        b = 1 - k * z
        power = b ** (1 / k)
        by_z = (-1 + k + power) / b
        by_k = np.log(b) * (power - 1) / k**2 + z * (power / k - 1 / k + 1) / b
        return np.array([np.sum(by_k), np.sum(-by_z) / s, np.sum(-1 - by_z * z) / s])

    yield analytic_case(
        "extreme value",
        lambda x: stats.genextreme.logpdf(peaks, x[0], loc=x[1], scale=x[2]).sum(),
        extreme_score,
        np.array([-0.1, 2, 1.3]) * rng.uniform(0.9, 1.1, 3),
        None,
        lambda x: np.sum(
            -np.log(x[2])
            + (1 / x[0] - 1) * np.log(1 - x[0] * (peaks - x[1]) / x[2])
            - (1 - x[0] * (peaks - x[1]) / x[2]) ** (1 / x[0])
        ),
    )
    excess = rng.exponential(2, size)

    def pareto_score(x: Any) -> Any:
        z = excess / x[1]
        b = 1 + x[0] * z
        return np.array(
            [
                np.sum(np.log(b) / x[0] ** 2 - (1 + 1 / x[0]) * z / b),
                np.sum(-1 + (1 + x[0]) * z / b) / x[1],
            ]
        )

    yield analytic_case(
        "Pareto",
        lambda x: stats.genpareto.logpdf(excess, x[0], scale=x[1]).sum(),
        pareto_score,
        np.array([0.3, 2]) * rng.uniform(0.9, 1.1, 2),
        {
            "normaliser of the scale forgotten": lambda x: (
                pareto_score(x) + np.array([0, size / x[1]])
            )
        },
        lambda x: np.sum(-np.log(x[1]) - (1 + 1 / x[0]) * np.log(1 + x[0] * excess / x[1])),
    )
    angles = rng.vonmises(0.5, 2, size)

    def mises_score(x: Any) -> Any:
        ratio = special.i1e(x[0]) / special.i0e(x[0])
        return np.array(
            [np.sum(np.cos(angles - x[1])) - size * ratio, x[0] * np.sum(np.sin(angles - x[1]))]
        )

    def mises(values: list[Any]) -> Any:
        k, m = values
        total = sum(mpmath.cos(float(a) - m) for a in angles)
        return k * total - size * mpmath.log(mpmath.besseli(0, k))

    at = rng.normal([2, 0.5], 0.2)
    yield Case(
        "von Mises",
        lambda x: float(stats.vonmises.logpdf(angles, x[0], loc=x[1]).sum()),
        mises_score,
        at,
        lambda: mpmath_gradient(mises, at),
        {"Bessel ratio forgotten": lambda x: mises_score(x) + np.array([size, 0])},
    )
    real = rng.normal(1, 2, size)

    def skew_score(x: Any) -> Any:
        a, m, s = x
        z = (real - m) / s
        ratio = np.exp(-((a * z) ** 2) / 2 - special.log_ndtr(a * z)) / np.sqrt(2 * np.pi)
        by_z = -z + a * ratio
        return np.array([np.sum(z * ratio), -np.sum(by_z) / s, -np.sum(1 + by_z * z) / s])

    yield analytic_case(
        "skew normal",
        lambda x: stats.skewnorm.logpdf(real, x[0], loc=x[1], scale=x[2]).sum(),
        skew_score,
        np.array([1.5, 0.5, 2]) * rng.uniform(0.9, 1.1, 3),
        {
            "skewness kept out of the location": lambda x: np.array(
                [skew_score(x)[0], np.sum((real - x[1]) / x[2] ** 2), skew_score(x)[2]]
            )
        },
        lambda x: np.sum(
            -np.log(x[2])
            - ((real - x[1]) / x[2]) ** 2 / 2
            + special.log_ndtr(x[0] * (real - x[1]) / x[2])
        ),
    )
    wald = rng.wald(1.5, 3, size)

    def wald_score(x: Any) -> Any:
        m, scale = x
        z = wald / scale
        by_m = np.sum((z - m) / m**3)
        by_scale = np.sum(-1 + 1.5 + z / (2 * m**2) - 1 / (2 * z)) / scale
        return np.array([by_m, by_scale])

    yield analytic_case(
        "inverse Gaussian",
        lambda x: stats.invgauss.logpdf(wald, x[0], scale=x[1]).sum(),
        wald_score,
        np.array([0.5, 3]) * rng.uniform(0.9, 1.1, 2),
        None,
        lambda x: np.sum(
            -np.log(x[1])
            - 1.5 * np.log(wald / x[1])
            - (wald / x[1] - x[0]) ** 2 / (2 * (wald / x[1]) * x[0] ** 2)
        ),
    )
    counts = rng.negative_binomial(3, 0.4, size)

    def failures_score(x: Any) -> Any:
        r, p = x
        return np.array(
            [
                np.sum(special.digamma(counts + r) - special.digamma(r) + np.log(p)),
                np.sum(r / p - counts / (1 - p)),
            ]
        )

    yield analytic_case(
        "negative binomial",
        lambda x: stats.nbinom.logpmf(counts, x[0], x[1]).sum(),
        failures_score,
        np.array([3, 0.4]) * rng.uniform(0.9, 1.1, 2),
        {
            "success and failure swapped": lambda x: np.array(
                [failures_score(x)[0], np.sum(counts / x[1] - x[0] / (1 - x[1]))]
            )
        },
        lambda x: np.sum(
            special.loggamma(counts + x[0])
            - special.loggamma(x[0])
            + x[0] * np.log(x[1])
            + counts * np.log(1 - x[1])
        ),
    )
    trials = rng.integers(5, 15, size)
    wins = rng.binomial(trials, 0.4)

    def mixed_score(x: Any) -> Any:
        a, b = x
        both = special.digamma(a + b) - special.digamma(trials + a + b)
        return np.array(
            [
                np.sum(special.digamma(wins + a) - special.digamma(a) + both),
                np.sum(special.digamma(trials - wins + b) - special.digamma(b) + both),
            ]
        )

    yield analytic_case(
        "beta-binomial",
        lambda x: stats.betabinom.logpmf(wins, trials, x[0], x[1]).sum(),
        mixed_score,
        np.array([2, 3]) * rng.uniform(0.8, 1.2, 2),
        None,
        lambda x: np.sum(
            special.loggamma(wins + x[0])
            + special.loggamma(trials - wins + x[1])
            - special.loggamma(trials + x[0] + x[1])
            - special.loggamma(x[0])
            - special.loggamma(x[1])
            + special.loggamma(x[0] + x[1])
        ),
    )


def _log_determinant(matrix: Any) -> Any:
    sign, logarithm = np.linalg.slogdet(matrix)
    return logarithm + 1j * np.angle(sign)


@family("scipy multivariate densities", kind="ordinary", source="scipy.stats", split="validation")
def _multivariate(rng: np.random.Generator) -> Iterator[Case]:
    for k in (2, 6):
        data = rng.standard_normal((20, k)) @ rng.standard_normal((k, k))
        root = rng.standard_normal((k, k)) * 0.4 + 2 * np.eye(k)
        at = {"mean": rng.standard_normal(k), "covariance": root @ root.T}

        def scores(x: Any, data: Any = data) -> dict[str, FloatArray]:
            inverse = np.linalg.inv(x["covariance"])
            centred = data - x["mean"]
            pull = centred @ inverse
            return {
                "mean": pull.sum(axis=0),
                "covariance": (pull.T @ pull - len(data) * inverse) / 2,
            }

        def density(x: Any, data: Any = data) -> float:
            symmetric = (x["covariance"] + x["covariance"].T) / 2
            return float(stats.multivariate_normal(x["mean"], symmetric).logpdf(data).sum())

        def again(x: Any, data: Any = data) -> Any:
            c = (x["covariance"] + x["covariance"].T) / 2
            r = data - x["mean"]
            form = np.sum(r * np.linalg.solve(c, r.T).T)
            return -(len(data) * _log_determinant(c) + form) / 2

        def no_determinant(x: Any, scores: Any = scores, data: Any = data) -> Any:
            g = scores(x)
            g["covariance"] = g["covariance"] + len(data) * np.linalg.inv(x["covariance"]) / 2
            return g

        def one_row(x: Any, scores: Any = scores, data: Any = data) -> Any:
            g = scores(x)
            inverse = np.linalg.inv(x["covariance"])
            pull = (data - x["mean"]).sum(axis=0) @ inverse
            g["covariance"] = (np.outer(pull, pull) - len(data) * inverse) / 2
            return g

        yield Case(
            f"normal {k}",
            density,
            scores,
            at,
            partial(complex_step, again, at),
            {"determinant forgotten": no_determinant, "summed before the product": one_row},
        )
        draws = rng.dirichlet(np.full(k, 2.0), 15)

        def dirichlet(a: Any, draws: Any = draws) -> float:
            return float(sum(stats.dirichlet.logpdf(row, a) for row in draws[:3]))

        def dirichlet_score(a: Any, draws: Any = draws) -> Any:
            logs = np.log(draws[:3]).sum(axis=0)
            return 3 * (special.digamma(a.sum()) - special.digamma(a)) + logs

        def dirichlet_again(a: Any, draws: Any = draws) -> Any:
            value = special.loggamma(np.sum(a)) - np.sum(special.loggamma(a))
            return 3 * value + np.sum((a - 1) * np.log(draws[:3]))

        yield analytic_case(
            f"Dirichlet {k}",
            dirichlet,
            dirichlet_score,
            rng.uniform(1, 4, k),
            {
                "digamma of the sum forgotten": partial(
                    lambda s, a: s(a) - 3 * special.digamma(a.sum()), dirichlet_score
                )
            },
            dirichlet_again,
        )
        scatter = data.T @ data / len(data) + np.eye(k)

        def wishart(x: Any, scatter: Any = scatter) -> float:
            symmetric = (x["scale"] + x["scale"].T) / 2
            return float(stats.wishart.logpdf(scatter, df=float(x["df"]), scale=symmetric))

        def wishart_score(x: Any, scatter: Any = scatter) -> dict[str, Any]:
            k = len(scatter)
            inverse = np.linalg.inv(x["scale"])
            df = float(x["df"])
            digammas = special.digamma((df - np.arange(k)) / 2).sum()
            logs = np.linalg.slogdet(scatter)[1] - np.linalg.slogdet(x["scale"])[1]
            return {
                "df": np.asarray((logs - k * np.log(2) - digammas) / 2),
                "scale": (inverse @ scatter @ inverse - df * inverse) / 2,
            }

        def wishart_again(x: Any, scatter: Any = scatter) -> Any:
            k = len(scatter)
            c, df = (x["scale"] + x["scale"].T) / 2, x["df"]
            value = (df - k - 1) / 2 * np.linalg.slogdet(scatter)[1]
            value = value - np.trace(np.linalg.solve(c, scatter)) / 2 - df * k / 2 * np.log(2)
            gammas = np.sum(special.loggamma((df - np.arange(k)) / 2))
            return value - df / 2 * _log_determinant(c) - gammas

        start = {"df": np.asarray(k + rng.uniform(2, 5)), "scale": root @ root.T / k}
        yield Case(
            f"Wishart {k}",
            wishart,
            wishart_score,
            start,
            partial(complex_step, wishart_again, start),
        )


@family(
    "classic waves and local minima",
    kind="oscillation",
    source="test functions",
    split="validation",
)
def _waves(rng: np.random.Generator) -> Iterator[Case]:
    def griewank(x: Any) -> Any:
        i = np.sqrt(np.arange(1, len(x) + 1))
        return 1 + np.sum(x**2) / 4000 - np.prod(np.cos(x / i))

    def griewank_gradient(x: Any) -> Any:
        i = np.sqrt(np.arange(1, len(x) + 1))
        return x / 2000 + np.prod(np.cos(x / i)) * np.tan(x / i) / i

    def griewank_wrong(x: Any) -> Any:
        i = np.sqrt(np.arange(1, len(x) + 1))
        return x / 2000 + np.sin(x / i) / i

    yield analytic_case(
        "Griewank 4",
        griewank,
        griewank_gradient,
        rng.uniform(-60, 60, 4),
        {"product of the others forgotten": griewank_wrong},
    )

    def ackley(x: Any) -> Any:
        root = np.sqrt(np.mean(x**2))
        return -20 * np.exp(-0.2 * root) - np.exp(np.mean(np.cos(2 * np.pi * x))) + 20 + np.e

    def ackley_gradient(x: Any) -> Any:
        n, root = len(x), np.sqrt(np.mean(x**2))
        waves = np.exp(np.mean(np.cos(2 * np.pi * x)))
        return 4 * np.exp(-0.2 * root) * x / (n * root) + (
            waves * 2 * np.pi * np.sin(2 * np.pi * x) / n
        )

    yield analytic_case(
        "Ackley 10",
        ackley,
        ackley_gradient,
        rng.uniform(-5, 5, 10),
        {"mean forgotten": lambda x: 10 * ackley_gradient(x)},
    )

    def levy(x: Any) -> Any:
        w = 1 + (x - 1) / 4
        middle = (w[:-1] - 1) ** 2 * (1 + 10 * np.sin(np.pi * w[:-1] + 1) ** 2)
        last = (w[-1] - 1) ** 2 * (1 + np.sin(2 * np.pi * w[-1]) ** 2)
        return np.sin(np.pi * w[0]) ** 2 + np.sum(middle) + last

    def levy_gradient(x: Any) -> Any:
        w = 1 + (x - 1) / 4
        g = np.zeros_like(x)
        g[0] = np.pi * np.sin(2 * np.pi * w[0])
        inner, d = np.pi * w[:-1] + 1, w[:-1] - 1
        g[:-1] += 2 * d * (1 + 10 * np.sin(inner) ** 2) + d**2 * 10 * np.pi * np.sin(2 * inner)
        d, inner = w[-1] - 1, 2 * np.pi * w[-1]
        g[-1] += 2 * d * (1 + np.sin(inner) ** 2) + d**2 * 2 * np.pi * np.sin(2 * inner)
        return g / 4

    yield analytic_case("Levy 6", levy, levy_gradient, rng.uniform(-10, 10, 6))

    def schwefel(x: Any) -> Any:
        size = np.sqrt(np.abs(x))
        return 418.9829 * len(x) - np.sum(x * np.sin(size))

    def schwefel_gradient(x: Any) -> Any:
        size = np.sqrt(np.abs(x))
        return -np.sin(size) - size / 2 * np.cos(size)

    at = rng.uniform(-500, 500, 8)
    signs = np.sign(at)
    yield analytic_case(
        "Schwefel 8",
        schwefel,
        schwefel_gradient,
        at,
        {"product rule forgotten": lambda x: -np.sin(np.sqrt(np.abs(x)))},
        lambda x: -np.sum(x * np.sin(np.sqrt(signs * x))),
    )
    steep, i = 10, np.arange(1, 6)

    def michalewicz(x: Any) -> Any:
        return -np.sum(np.sin(x) * np.sin(i * x**2 / np.pi) ** (2 * steep))

    def michalewicz_gradient(x: Any) -> Any:
        inner = i * x**2 / np.pi
        s = np.sin(inner)
        first = np.cos(x) * s ** (2 * steep)
        second = np.sin(x) * 2 * steep * s ** (2 * steep - 1) * np.cos(inner) * 2 * i * x / np.pi
        return -first - second

    yield analytic_case(
        "Michalewicz 5", michalewicz, michalewicz_gradient, rng.uniform(0.5, 2.8, 5)
    )
    for frequency in (50.0, 500.0, 5000.0):
        time = rng.uniform(0, 1, 30)
        record = np.sin(frequency * time) + 0.1 * rng.standard_normal(30)

        def misfit(x: Any, t: Any = time, y: Any = record) -> Any:
            return np.sum((x[0] * np.sin(x[1] * t + x[2]) - y) ** 2)

        def misfit_gradient(x: Any, t: Any = time, y: Any = record) -> Any:
            wave, slope = np.sin(x[1] * t + x[2]), x[0] * np.cos(x[1] * t + x[2])
            r = 2 * (x[0] * wave - y)
            return np.array([r @ wave, r @ (slope * t), r @ slope])

        def no_time(x: Any, t: Any = time, y: Any = record, g: Any = misfit_gradient) -> Any:
            full = g(x)
            full[1] = full[2]
            return full

        yield analytic_case(
            f"sine of frequency {frequency:.0f}",
            misfit,
            misfit_gradient,
            np.array([1.2, frequency + rng.normal(0, 0.5), 0.3]),
            {"time forgotten": no_time},
        )


@family("classic nonsmooth test problems", kind="kink", source="Lukšan-Vlček", split="validation")
def _nonsmooth(rng: np.random.Generator) -> Iterator[Case]:
    def active(name: str, pieces: Any, slopes: Any, at: FloatArray, mistakes: Any = None) -> Case:
        """Return the case of a maximum; the truth is the slope of the piece that is active."""
        index = int(np.argmax(pieces(at)))

        def gradient(x: Any) -> Any:
            return np.asarray(slopes(x)[int(np.argmax(pieces(x)))])

        return Case(
            name,
            lambda x: float(np.max(pieces(x))),
            gradient,
            at,
            lambda: complex_step(lambda x: pieces(x)[index], at),
            mistakes or {},
        )

    for n in (5, 20):
        at = rng.uniform(-2, 2, n)
        close = at.copy()
        close[1] = close[0] * (1 + 1e-5)
        close[:2] *= 3
        for label, point in (("", at), (", two close", close)):
            yield active(
                f"MAXQ {n}{label}",
                lambda x: x**2,
                lambda x: 2 * np.diag(x),
                point,
                {"all components": lambda x: 2 * x} if not label else None,
            )
    hilbert = 1.0 / (np.arange(1, 9)[:, None] + np.arange(8))

    yield active(
        "MXHILB 8",
        lambda x: np.concatenate([hilbert @ x, -hilbert @ x]),
        lambda x: np.concatenate([hilbert, -hilbert]),
        rng.normal(1, 0.3, 8),
    )

    def cb3(x: Any) -> Any:
        a, b = x[:-1], x[1:]
        return np.stack([a**4 + b**2, (2 - a) ** 2 + (2 - b) ** 2, 2 * np.exp(b - a)])

    def cb3_gradient(x: Any) -> Any:
        a, b = x[:-1], x[1:]
        which = np.argmax(cb3(x), axis=0)
        bell = 2 * np.exp(b - a)
        by_a = np.choose(which, [4 * a**3, -2 * (2 - a), -bell])
        by_b = np.choose(which, [2 * b, -2 * (2 - b), bell])
        g = np.append(by_a, 0)
        g[1:] += by_b
        return g

    def cb3_wrong(x: Any) -> Any:
        a, b = x[:-1], x[1:]
        which = np.argmin(cb3(x), axis=0)
        bell = 2 * np.exp(b - a)
        g = np.append(np.choose(which, [4 * a**3, -2 * (2 - a), -bell]), 0)
        g[1:] += np.choose(which, [2 * b, -2 * (2 - b), bell])
        return g

    for n in (10, 200):
        at = rng.normal(1, 0.5, n)
        which = np.argmax(cb3(at), axis=0)
        yield Case(
            f"chained CB3 {n}",
            lambda x: float(np.sum(np.max(cb3(x), axis=0))),
            cb3_gradient,
            at,
            partial(
                lambda at, w: complex_step(lambda x: np.sum(np.choose(w, list(cb3(x)))), at),
                at,
                which,
            ),
            {"smallest piece": cb3_wrong} if n == 10 else {},
        )
    x, y = rng.standard_normal((40, 6)), rng.standard_normal(40)
    for level in (0.1, 0.5, 0.9):
        at = rng.standard_normal(6)
        # Some rows lie close to the corner.
        data = y.copy()
        data[:4] = (x @ at)[:4] + 10.0 ** rng.uniform(-8, -3, 4) * rng.choice([-1, 1], 4)

        def pinball(b: Any, q: float = level, t: Any = data) -> float:
            r = t - x @ b
            return float(np.sum(np.maximum(q * r, (q - 1) * r)))

        def quantile(b: Any, q: float = level, t: Any = data) -> Any:
            return -x.T @ (q - (t < x @ b))

        above = data > x @ at
        yield Case(
            f"quantile regression {level}",
            pinball,
            quantile,
            at,
            partial(lambda q, above: -x.T @ np.where(above, q, q - 1), level, above),
            {"level reversed": partial(lambda q, t, b: -x.T @ ((1 - q) - (t < x @ b)), level, data)}
            if level != 0.5
            else {},
        )
    for n in (15, 120):
        signal = np.cumsum(rng.standard_normal(n))
        at = signal + 0.3 * rng.standard_normal(n)

        def variation(u: Any, s: Any = signal) -> float:
            return float(np.sum((u - s) ** 2) / 2 + 0.7 * np.sum(np.abs(np.diff(u))))

        def variation_gradient(u: Any, s: Any = signal) -> Any:
            steps = 0.7 * np.sign(np.diff(u))
            return u - s + np.append(0, steps) - np.append(steps, 0)

        directions = np.sign(np.diff(at))
        yield Case(
            f"total variation {n}",
            variation,
            variation_gradient,
            at,
            partial(
                lambda s, d, at: complex_step(
                    lambda u: np.sum((u - s) ** 2) / 2 + 0.7 * np.sum(d * np.diff(u)), at
                ),
                signal,
                directions,
                at,
            ),
            {
                "left neighbour forgotten": partial(
                    lambda s, u: u - s - np.append(0.7 * np.sign(np.diff(u)), 0), signal
                )
            },
        )


@family(
    "classic entropies and roots near the edge",
    kind="domain edge",
    source="test functions",
    split="validation",
)
def _edges(rng: np.random.Generator) -> Iterator[Case]:
    n = 6
    for near in (1e-3, 1e-6, 1e-9):
        p = rng.dirichlet(np.ones(n))
        p[:2] = near * rng.uniform(0.5, 2, 2)
        q = rng.dirichlet(np.ones(n))
        yield analytic_case(
            f"relative entropy, shares of {near:.0e}",
            partial(lambda q, x: special.rel_entr(x, q).sum(), q),
            partial(lambda q, x: np.log(x / q) + 1, q),
            p,
            {"product rule forgotten": partial(lambda q, x: np.log(x / q), q)},
            partial(lambda q, x: np.sum(x * np.log(x / q)), q),
        )
        yield analytic_case(
            f"square roots, {near:.0e}",
            lambda x: np.sum(np.sqrt(x)),
            lambda x: 0.5 / np.sqrt(x),
            p,
            {"half forgotten": lambda x: 1 / np.sqrt(x)},
        )
        wins = rng.integers(1, 9, n)
        yield analytic_case(
            f"binomial likelihood, {near:.0e}",
            partial(lambda w, x: np.sum(special.xlogy(w, x) + special.xlog1py(10 - w, -x)), wins),
            partial(lambda w, x: w / x - (10 - w) / (1 - x), wins),
            p,
            None,
            partial(lambda w, x: np.sum(w * np.log(x) + (10 - w) * np.log(1 - x)), wins),
        )
    for gap in (1e-3, 1e-6):
        at = np.append(rng.uniform(-0.9, 0.9, 3), [1 - gap, gap - 1])
        yield analytic_case(
            f"arcsine, gap {gap:.0e}",
            lambda x: np.sum(np.arcsin(x)),
            lambda x: 1 / np.sqrt((1 - x) * (1 + x)),
            at,
            {"root forgotten": lambda x: 1 / ((1 - x) * (1 + x))},
            lambda x: np.sum(np.arctan(x / np.sqrt((1 - x) * (1 + x)))),
        )
        positive = np.append(rng.uniform(0.5, 3, 3), gap)
        yield analytic_case(
            f"gammaln, argument {gap:.0e}",
            lambda x: np.sum(special.gammaln(x)),
            special.digamma,
            positive,
            None,
            lambda x: np.sum(special.loggamma(x)),
        )
    for gap in (1e-2, 1e-5):
        # Semidefinite programming: a determinant near the boundary of the cone.
        basis = np.linalg.qr(rng.standard_normal((4, 4)))[0]
        matrix = basis @ np.diag([2, 1, 0.5, gap]) @ basis.T

        def barrier(m: Any) -> float:
            root = np.linalg.cholesky((m + m.T) / 2)
            return float(-2 * np.sum(np.log(np.diag(root))))

        yield Case(
            f"determinant barrier, eigenvalue {gap:.0e}",
            barrier,
            lambda m: -np.linalg.inv((m + m.T) / 2),
            matrix,
            partial(lambda m: complex_step(lambda a: -_log_determinant((a + a.T) / 2), m), matrix),
        )


@family(
    "classic energies with large constants",
    kind="offset",
    source="test functions",
    split="validation",
)
def _offsets(rng: np.random.Generator) -> Iterator[Case]:
    for atoms, level in ((4, -1e3), (4, -1e6), (8, -1e9)):
        at = rng.uniform(-1, 1, (atoms, 3)) * 1.5 + 2.5 * np.arange(atoms)[:, None]
        first, second = np.triu_indices(atoms, 1)

        def energy(x: Any, i: Any = first, j: Any = second, level: float = level) -> Any:
            square = np.sum((x[i] - x[j]) ** 2, axis=1)
            return level + np.sum(square ** (-6.0) - 2 * square ** (-3.0)) + np.sum(x**2) / 20

        def forces(x: Any, i: Any = first, j: Any = second) -> Any:
            d = x[i] - x[j]
            square = np.sum(d**2, axis=1)
            push = (-12 * square ** (-7.0) + 12 * square ** (-4.0))[:, None] * d
            g = x / 10
            np.add.at(g, i, push)
            np.add.at(g, j, -push)
            return g

        def one_sided(x: Any, i: Any = first, j: Any = second) -> Any:
            d = x[i] - x[j]
            square = np.sum(d**2, axis=1)
            g = x / 10
            np.add.at(g, i, (-12 * square ** (-7.0) + 12 * square ** (-4.0))[:, None] * d)
            return g

        yield analytic_case(
            f"{atoms} atoms, level {level:.0e}",
            energy,
            forces,
            at,
            {"reaction forgotten": one_sided},
        )
    for mean in (1e3, 1e5):
        x = rng.standard_normal((100, 3))
        y = mean + x @ rng.standard_normal(3) + rng.standard_normal(100)

        def uncentred(b: Any, x: Any = x, y: Any = y) -> Any:
            # The textbook formula of a variance, which cancels.
            r = y - x @ b
            return np.mean(r**2) - np.mean(r) ** 2

        def centred(b: Any, x: Any = x, y: Any = y) -> Any:
            r = y - x @ b
            return -2 * (x - x.mean(axis=0)).T @ (r - r.mean()) / len(y)

        def not_centred(b: Any, x: Any = x, y: Any = y) -> Any:
            return -2 * x.T @ (y - x @ b) / len(y)

        def exact(b: Any, x: Any = x, y: Any = y) -> Any:
            r = y - x @ b
            return np.mean((r - np.mean(r)) ** 2)

        yield analytic_case(
            f"variance about {mean:.0e}",
            uncentred,
            centred,
            rng.standard_normal(3),
            {"mean taken for a constant": not_centred},
            exact,
        )
    for events in (1e4, 1e8):
        counts = rng.poisson(events, 10).astype(np.float64)
        yield analytic_case(
            f"likelihood of {events:.0e} events",
            partial(lambda c, x: np.sum(np.exp(x) - c * x + special.gammaln(c + 1)), counts),
            partial(lambda c, x: np.exp(x) - c, counts),
            np.log(events) + rng.normal(0, 5 / np.sqrt(events), 10),
        )


@family(
    "classic plateaus and stationary points",
    kind="flat",
    source="test functions",
    split="validation",
    needs=("mpmath",),
)
def _flat(rng: np.random.Generator) -> Iterator[Case]:
    def degenerate(x: Any) -> Any:
        inner = x[:-2] + x[1:-1] + x[-1]
        return (x[0] - x[1]) ** 2 + np.sum(inner**4) + (x[-2] + x[-1]) ** 2

    def degenerate_gradient(x: Any) -> Any:
        cubes = 4 * (x[:-2] + x[1:-1] + x[-1]) ** 3
        g = np.append(cubes, [0, np.sum(cubes)])
        g[1:-1] += cubes
        g[:2] += 2 * (x[0] - x[1]) * np.array([1, -1])
        g[-2:] += 2 * (x[-2] + x[-1])
        return g

    for n, size in ((4, 0.0), (4, 1e-3), (40, 1e-2)):
        yield analytic_case(
            f"NONDQUAR {n}, at {size:.0e} from the minimum",
            degenerate,
            degenerate_gradient,
            size * rng.standard_normal(n),
        )
    for n in (3, 30):
        yield analytic_case(
            f"sum of fourth powers at its minimum {n}",
            lambda x: np.sum((x - 1) ** 4),
            lambda x: 4 * (x - 1) ** 3,
            np.ones(n),
        )
    yield Case(
        "monkey saddle at the origin",
        lambda x: float(x[0] ** 3 - 3 * x[0] * x[1] ** 2 + x[2] ** 2),
        lambda x: np.array([3 * x[0] ** 2 - 3 * x[1] ** 2, -6 * x[0] * x[1], 2 * x[2]]),
        np.zeros(3),
        lambda: np.zeros(3),
    )
    for away in (4.0, 8.0):

        def easom(x: Any) -> Any:
            return -np.prod(np.cos(x)) * np.exp(-np.sum((x - np.pi) ** 2))

        def easom_gradient(x: Any) -> Any:
            value = easom(x)
            return value * (-np.tan(x) - 2 * (x - np.pi))

        yield analytic_case(
            f"Easom, {away:.0f} away",
            easom,
            easom_gradient,
            np.pi + away * np.array([0.8, -0.6]) + 0.1 * rng.standard_normal(2),
            {"exponential's slope forgotten": lambda x: -easom(x) * np.tan(x)},
        )
    logits = rng.standard_normal(8)
    for sharpness in (10.0, 40.0):
        target = rng.dirichlet(np.ones(8))

        def mixture(z: Any, t: Any = target) -> float:
            return float(t @ special.softmax(z))

        def mixture_gradient(z: Any, t: Any = target) -> Any:
            p = special.softmax(z)
            return p * (np.subtract.outer(t, t) @ p)

        def exact(z: list[Any], t: Any = target) -> Any:
            e = [mpmath.exp(value) for value in z]
            return sum(float(a) * b for a, b in zip(t, e, strict=True)) / sum(e)

        def diagonal(z: Any, t: Any = target) -> Any:
            p = special.softmax(z)
            return p * (1 - p) * t

        at = sharpness * logits
        yield Case(
            f"softmax of sharpness {sharpness:.0f}",
            mixture,
            mixture_gradient,
            at,
            partial(mpmath_gradient, exact, at, 120),
            {"diagonal of the Jacobian only": diagonal},
        )


@family("scipy densities and losses in float32", kind="float32", source="scipy", split="validation")
def _single(rng: np.random.Generator) -> Iterator[Case]:
    def single(values: Any) -> Any:
        return np.asarray(values, dtype=np.float32)

    for rows, n in ((60, 5), (200, 100)):
        x, y = single(rng.standard_normal((rows, n))), single(rng.poisson(1.5, rows))
        at = single(0.5 / np.sqrt(n) * rng.standard_normal(n))

        def deviance(b: Any, x: Any = x, y: Any = y) -> Any:
            return np.sum(np.exp(x @ b) - y * (x @ b))

        def slope(b: Any, x: Any = x, y: Any = y) -> Any:
            return x.T @ (np.exp(x @ b) - y)

        def double(b: Any, x: Any = x, y: Any = y) -> Any:
            eta = x.astype(np.float64) @ b
            return np.sum(np.exp(eta) - y * eta)

        yield Case(
            f"Poisson regression {n}",
            deviance,
            slope,
            at,
            partial(lambda f, at: complex_step(f, at.astype(np.float64)), double, at),
            {"response forgotten": partial(lambda x, b: x.T @ np.exp(x @ b), x)},
        )
    share = single(rng.uniform(0.1, 0.9, 12))
    weights = single(rng.uniform(0.5, 2, 12))
    real = single(rng.standard_normal(12))

    yield Case(
        "erf",
        lambda x: np.sum(weights * special.erf(x)),
        lambda x: weights * np.float32(2 / np.sqrt(np.pi)) * np.exp(-x * x),
        real,
        lambda: complex_step(lambda x: np.sum(weights * special.erf(x)), real.astype(np.float64)),
        {"square root of π forgotten": lambda x: weights * np.float32(2) * np.exp(-x * x)},
    )
    yield Case(
        "cross-entropy",
        lambda p: -np.sum(weights * np.log(p) + np.log1p(-p)),
        lambda p: -weights / p + 1 / (1 - p),
        share,
        lambda: complex_step(
            lambda p: -np.sum(weights * np.log(p) + np.log(1 - p)), share.astype(np.float64)
        ),
        {"second term forgotten": lambda p: -weights / p},
    )
    centres = single(rng.standard_normal((4, 3)))
    points = single(rng.standard_normal((30, 3)))

    def mixture(c: Any) -> Any:
        square = np.sum((points[:, None, :] - c) ** 2, axis=2)
        return -np.sum(special.logsumexp(-square / 2, axis=1))

    def responsibilities(c: Any) -> Any:
        difference = points[:, None, :] - c
        p = special.softmax(-np.sum(difference**2, axis=2) / 2, axis=1)
        return -np.einsum("ik,ikd->kd", p, difference)

    def mixture_double(c: Any) -> Any:
        square = np.sum((points.astype(np.float64)[:, None, :] - c) ** 2, axis=2)
        return -np.sum(np.log(np.sum(np.exp(-square / 2), axis=1)))

    yield Case(
        "mixture of Gaussians",
        mixture,
        responsibilities,
        centres,
        lambda: complex_step(mixture_double, centres.astype(np.float64)),
        {
            "softmax over the wrong axis": lambda c: (
                -np.einsum(
                    "ik,ikd->kd",
                    special.softmax(-np.sum((points[:, None, :] - c) ** 2, axis=2) / 2, axis=0),
                    points[:, None, :] - c,
                )
            )
        },
    )
    ball = single(rng.uniform(-1, 1, 300))

    def arrow(x: Any) -> Any:
        return np.sum((x[:-1] ** 2 + x[-1] ** 2) ** 2 - 4 * x[:-1])

    def arrow_gradient(x: Any) -> Any:
        square = x[:-1] ** 2 + x[-1] ** 2
        return np.append(4 * square * x[:-1] - 4, 4 * np.sum(square) * x[-1])

    yield Case(
        "ARWHEAD 300",
        arrow,
        arrow_gradient,
        ball,
        lambda: complex_step(arrow, ball.astype(np.float64)),
    )


@family(
    "classic penalties and ill-conditioned sums",
    kind="stiff",
    source="test functions",
    split="validation",
)
def _stiff(rng: np.random.Generator) -> Iterator[Case]:
    for weight in (1e3, 1e6):
        a = rng.standard_normal((3, 8))
        c = rng.standard_normal(3)

        def penalised(x: Any, w: float = weight, a: Any = a, c: Any = c) -> Any:
            return np.sum((x - 1) ** 2) + w * np.sum((a @ x - c) ** 2)

        def gradient(x: Any, w: float = weight, a: Any = a, c: Any = c) -> Any:
            return 2 * (x - 1) + 2 * w * a.T @ (a @ x - c)

        # A point that nearly meets the constraints, as an optimiser reaches.
        x = rng.standard_normal(8)
        x = x - np.linalg.pinv(a) @ (a @ x - c) + rng.standard_normal(8) / weight
        yield analytic_case(
            f"quadratic penalty {weight:.0e}",
            penalised,
            gradient,
            x,
            {
                "objective forgotten": partial(
                    lambda w, a, c, x: 2 * w * a.T @ (a @ x - c), weight, a, c
                )
            },
        )
    for n in (5, 10):
        hilbert = 1.0 / (np.arange(1, n + 1)[:, None] + np.arange(n))
        yield analytic_case(
            f"Hilbert form {n}",
            partial(lambda h, x: x @ h @ x / 2 - np.sum(x), hilbert),
            partial(lambda h, x: h @ x - 1, hilbert),
            rng.standard_normal(n),
        )
    rates = 10.0 ** np.arange(-2, 5)
    times = 10.0 ** np.linspace(-4, 2, 25)
    data = np.exp(-np.outer(times, rates)) @ np.ones(7)

    def decays(x: Any) -> Any:
        return np.sum((np.exp(-np.outer(times, rates * x)) @ np.ones(7) - data) ** 2)

    def decays_gradient(x: Any) -> Any:
        curves = np.exp(-np.outer(times, rates * x))
        return -2 * rates * ((curves.sum(axis=1) - data) * times @ curves)

    yield analytic_case(
        "decays from 0.01 to 10000",
        decays,
        decays_gradient,
        rng.uniform(0.7, 1.4, 7),
        {"rates forgotten": lambda x: decays_gradient(x) / rates},
    )
    for temperature in (1e-1, 1e-3):
        levels = rng.standard_normal((30, 4))

        def soft_maximum(x: Any, t: float = temperature, a: Any = levels) -> Any:
            z = a @ x / t
            top = np.real(z).max()
            return t * (top + np.log(np.sum(np.exp(z - top))))

        def soft_gradient(x: Any, t: float = temperature, a: Any = levels) -> Any:
            return a.T @ special.softmax(a @ x / t)

        yield analytic_case(
            f"soft maximum, temperature {temperature:.0e}",
            soft_maximum,
            soft_gradient,
            rng.standard_normal(4),
            {
                "temperature inside only": partial(
                    lambda t, g, x: g(x) / t, temperature, soft_gradient
                )
            },
        )


@family("classic noisy simulations", kind="random", source="test functions", split="validation")
def _noisy(rng: np.random.Generator) -> Iterator[Case]:
    a = rng.standard_normal((20, 6))
    b = rng.standard_normal(20)
    for noise in (1e-10, 1e-7, 1e-4):
        own = np.random.default_rng(int(rng.integers(1 << 30)))
        at = rng.standard_normal(6)
        yield Case(
            f"least squares, additive noise {noise:.0e}",
            partial(
                lambda own, s, x: float(np.sum((a @ x - b) ** 2) + s * own.standard_normal()),
                own,
                noise,
            ),
            lambda x: 2 * a.T @ (a @ x - b),
            at,
            partial(lambda at: complex_step(lambda x: np.sum((a @ x - b) ** 2), at), at),
            {"factor forgotten": lambda x: a.T @ (a @ x - b)},
        )
    for sigma in (1e-8, 1e-5):
        own = np.random.default_rng(int(rng.integers(1 << 30)))
        at = rng.uniform(0.5, 2, 4)

        def yields(x: Any, own: Any = own, s: float = sigma) -> float:
            return float(np.sum(np.exp(-x) * (1 + s * own.standard_normal(4))))

        yield Case(
            f"measured yields, relative noise {sigma:.0e}",
            yields,
            lambda x: -np.exp(-x),
            at,
            partial(lambda at: complex_step(lambda x: np.sum(np.exp(-x)), at), at),
        )


@family("classic Weierstrass", kind="below the step", source="test functions", split="validation")
def _fractal(rng: np.random.Generator) -> Iterator[Case]:
    for terms in (8, 14, 20):
        k = np.arange(terms)
        scale, frequency = 0.5**k, 2 * np.pi * 3.0**k

        def weierstrass(x: Any, a: Any = scale, w: Any = frequency) -> Any:
            return np.sum(a * np.cos(np.outer(x + 0.5, w)))

        def gradient(x: Any, a: Any = scale, w: Any = frequency) -> Any:
            return -np.sin(np.outer(x + 0.5, w)) @ (a * w)

        yield analytic_case(f"{terms} terms", weierstrass, gradient, rng.uniform(-0.4, 0.4, 4))
