"""Functions of HIPS autograd: its wrapped NumPy and SciPy, and models written with them."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import scipy.special
from benchmarks.trust.case import Case, family
from benchmarks.trust.sources.autograd_functions import autograd_case, detached
from benchmarks.trust.truth import FloatArray

_SOURCE = "autograd"
_NEEDS = ("autograd",)


@family(
    "autograd mixture of normals", kind="ordinary", source=_SOURCE, split="validation", needs=_NEEDS
)
def _mixture(rng: np.random.Generator) -> Iterator[Case]:
    import autograd.numpy as anp
    import autograd.scipy.stats.multivariate_normal as mvn
    from autograd.scipy.special import logsumexp

    def loss(p: Any, x: Any, stop: Any = lambda a: a, normalised: bool = True) -> Any:
        parts = []
        for k in range(len(p["means"])):
            root = anp.tril(p["roots"][k])
            covariance = stop(anp.dot(root, root.T)) + 0.1 * anp.eye(len(root))
            parts.append(p["logits"][k] + mvn.logpdf(x, p["means"][k], covariance))
        total = logsumexp(anp.vstack(parts), axis=0)
        return -anp.mean(total) + (logsumexp(p["logits"]) if normalised else 0.0)

    def again(p: Any, x: Any) -> Any:
        likelihood = 0.0
        weights = np.exp(p["logits"]) / np.sum(np.exp(p["logits"]))
        for k, mean in enumerate(p["means"]):
            root = np.tril(p["roots"][k])
            covariance = root @ root.T + 0.1 * np.eye(len(root))
            d = x - mean
            square = np.sum(d * np.linalg.solve(covariance, d.T).T, axis=1)
            scale = np.sqrt(np.linalg.det(2 * np.pi * covariance))
            likelihood = likelihood + weights[k] * np.exp(-0.5 * square) / scale
        return -np.mean(np.log(likelihood))

    for parts, size, m in ((2, 1, 15), (2, 2, 40), (3, 4, 60)):
        p = {
            "logits": rng.standard_normal(parts),
            "means": rng.standard_normal((parts, size)),
            "roots": np.eye(size) + 0.3 * rng.standard_normal((parts, size, size)),
        }
        yield autograd_case(
            f"{parts} parts in {size} dimensions",
            loss,
            p,
            rng.standard_normal((m, size)),
            {
                "covariance detached": functools.partial(loss, stop=detached),
                "weights not normalised": functools.partial(loss, normalised=False),
            },
            again=again,
        )


@family(
    "autograd linear algebra", kind="ordinary", source=_SOURCE, split="validation", needs=_NEEDS
)
def _linear_algebra(rng: np.random.Generator) -> Iterator[Case]:
    """Solutions, determinants, decompositions; truth: formulas that are analytic in the matrix."""
    import autograd.numpy as anp
    import autograd.scipy.linalg as linalg

    def eigenvalues_near(a: Any) -> Any:
        # To first order around the real part, which is all that the complex step needs.
        vectors = np.linalg.eigh(np.real(a))[1]
        return np.sum(vectors * (a @ vectors), axis=0)

    def solve(a: Any, b: Any) -> Any:
        return anp.sum(anp.linalg.solve(a, b) ** 2)

    def inverse(a: Any, b: Any) -> Any:
        return anp.sum(anp.dot(anp.linalg.inv(a), b) ** 3)

    def inverse_again(a: Any, b: Any) -> Any:
        return np.sum(np.linalg.solve(a, b) ** 3)

    def determinant(a: Any, _: Any) -> Any:
        return anp.log(anp.linalg.det(anp.dot(a.T, a)))

    def determinant_again(a: Any, _: Any) -> Any:
        return np.log(np.linalg.det(a) ** 2)

    def slogdet(a: Any, _: Any) -> Any:
        return anp.linalg.slogdet(anp.dot(a.T, a))[1]

    def cholesky(a: Any, b: Any) -> Any:
        factor = anp.linalg.cholesky(anp.dot(a, a.T) + anp.eye(len(a)))
        white = linalg.solve_triangular(factor, b, lower=True)
        return anp.sum(white**2) + anp.sum(anp.log(anp.diag(factor)))

    def cholesky_again(a: Any, b: Any) -> Any:
        k = a @ a.T + np.eye(len(a))
        return np.sum(b * np.linalg.solve(k, b)) + 0.5 * np.log(np.linalg.det(k))

    def spectrum(a: Any, _: Any) -> Any:
        return anp.sum(anp.tanh(anp.linalg.eigh((a + a.T) / 2)[0]))

    def spectrum_again(a: Any, _: Any) -> Any:
        return np.sum(np.tanh(eigenvalues_near((a + a.T) / 2)))

    def frobenius(a: Any, b: Any) -> Any:
        return anp.linalg.norm(anp.dot(a, b) - b)

    def frobenius_again(a: Any, b: Any) -> Any:
        return np.sqrt(np.sum((a @ b - b) ** 2))

    def nuclear(a: Any, b: Any) -> Any:
        return anp.sum(anp.linalg.svd(anp.dot(a, b), full_matrices=False)[1])

    def nuclear_again(a: Any, b: Any) -> Any:
        return np.sum(np.sqrt(eigenvalues_near((a @ b).T @ (a @ b))))

    def products(a: Any, b: Any) -> Any:
        path = anp.einsum("ij,jk,kl->il", a, a, b)
        return anp.sum(path**2) / len(a) + anp.sum(anp.sin(anp.kron(a, b)))

    for n in (3, 7):
        a, b = rng.standard_normal((n, n)) + 2 * np.eye(n), rng.standard_normal((n, 2))
        yield autograd_case(f"solve, {n}", solve, a, b)
        yield autograd_case(f"inv, {n}", inverse, a, b, again=inverse_again)
        yield autograd_case(f"det, {n}", determinant, a, again=determinant_again)
        yield autograd_case(f"slogdet, {n}", slogdet, a, again=determinant_again)
        yield autograd_case(f"cholesky, {n}", cholesky, a, b, again=cholesky_again)
        yield autograd_case(f"eigh, {n}", spectrum, a, again=spectrum_again)
        yield autograd_case(f"norm, {n}", frobenius, a, b, again=frobenius_again)
        yield autograd_case(f"svd, {n}", nuclear, a, b, again=nuclear_again)
        yield autograd_case(f"einsum and kron, {n}", products, a, b)


@family(
    "autograd special functions",
    kind="ordinary",
    source=_SOURCE,
    split="validation",
    needs=("autograd", "mpmath"),
)
def _special(rng: np.random.Generator) -> Iterator[Case]:
    """Weighted sums of wrapped special functions; truth: mpmath."""
    import autograd.numpy as anp
    import autograd.scipy.special as special
    import mpmath as mp

    def exact(function: Any, x: Any, c: Any) -> FloatArray:
        with mp.workdps(30):
            slopes = [float(mp.diff(function, mp.mpf(value))) for value in x]
        return np.asarray(c * np.array(slopes))

    for name, function, twin, low, high in (
        ("gamma", special.gamma, mp.gamma, 0.3, 4),
        ("rgamma", special.rgamma, mp.rgamma, 0.3, 4),
        ("gammaln", special.gammaln, mp.loggamma, 0.3, 9),
        ("psi", special.psi, mp.digamma, 0.4, 6),
        ("polygamma", lambda x: special.polygamma(2, x), lambda x: mp.psi(2, x), 0.6, 4),
        ("beta", lambda x: special.beta(x, 1.5), lambda x: mp.beta(x, 1.5), 0.4, 4),
        ("betaln", lambda x: special.betaln(2.5, x), lambda x: mp.log(mp.beta(2.5, x)), 0.4, 4),
        (
            "betainc",
            lambda x: special.betainc(1.5, 2.5, x),
            lambda x: mp.betainc(1.5, 2.5, 0, x, regularized=True),
            0.1,
            0.9,
        ),
        (
            "gammainc",
            lambda x: special.gammainc(1.7, x),
            lambda x: mp.gammainc(1.7, 0, x, regularized=True),
            0.2,
            5,
        ),
        (
            "gammaincc",
            lambda x: special.gammaincc(3.2, x),
            lambda x: mp.gammainc(3.2, x, mp.inf, regularized=True),
            0.2,
            6,
        ),
        ("j0", special.j0, mp.j0, 0.5, 12),
        ("j1", special.j1, mp.j1, 0.5, 12),
        ("jn", lambda x: special.jn(3, x), lambda x: mp.besselj(3, x), 0.5, 9),
        ("y0", special.y0, lambda x: mp.bessely(0, x), 0.5, 9),
        ("yn", lambda x: special.yn(2, x), lambda x: mp.bessely(2, x), 0.8, 9),
        ("i0", special.i0, lambda x: mp.besseli(0, x), 0.2, 4),
        ("iv", lambda x: special.iv(1.5, x), lambda x: mp.besseli(1.5, x), 0.3, 4),
        (
            "ive",
            lambda x: special.ive(2, x),
            lambda x: mp.besseli(2, x) * mp.exp(-x),
            0.3,
            6,
        ),
        ("erf", special.erf, mp.erf, -2, 2),
        ("erfc", special.erfc, mp.erfc, -2, 2),
        ("erfinv", special.erfinv, mp.erfinv, -0.9, 0.9),
        ("erfcinv", special.erfcinv, lambda x: mp.erfinv(1 - x), 0.1, 1.9),
        ("logit", special.logit, lambda x: mp.log(x / (1 - x)), 0.1, 0.9),
        ("expit", special.expit, lambda x: 1 / (1 + mp.exp(-x)), -4, 4),
        ("sinc", anp.sinc, lambda x: mp.sin(mp.pi * x) / (mp.pi * x), 0.2, 3),
        ("log1p of expm1", lambda x: anp.log1p(anp.expm1(x) ** 2), None, 0.1, 2),
        ("arctan2", lambda x: anp.arctan2(x, 1 + x**2), None, -2, 2),
    ):

        def loss(x: Any, c: Any, function: Any = function) -> Any:
            return anp.sum(c * function(x))

        n = int(rng.integers(3, 10))
        x, c = rng.uniform(low, high, n), rng.uniform(0.5, 1.5, n)
        twins: dict[str, Any] = {
            "log1p of expm1": lambda x: mp.log1p(mp.expm1(x) ** 2),
            "arctan2": lambda x: mp.atan2(x, 1 + x**2),
        }
        truth = functools.partial(exact, twin or twins[name], x, c)
        yield autograd_case(name, loss, x, c, truth=truth)


@family("autograd log densities", kind="ordinary", source=_SOURCE, split="validation", needs=_NEEDS)
def _densities(rng: np.random.Generator) -> Iterator[Case]:
    """Log-likelihoods of the wrapped `scipy.stats` in unconstrained parameters."""
    import autograd.numpy as anp
    import autograd.scipy.stats as stats

    loggamma = scipy.special.loggamma

    def normal(p: Any, y: Any) -> Any:
        inner = stats.norm.logpdf(y, p[0], anp.exp(p[1]))
        tails = stats.norm.logsf(y[:5], p[0], anp.exp(p[1])) + stats.norm.logcdf(y[5:10], p[0], 2.0)
        return -anp.sum(inner) - anp.sum(tails)

    def normal_again(p: Any, y: Any) -> Any:
        z = (y - p[0]) / np.exp(p[1])
        log_ndtr = scipy.special.log_ndtr
        tails = log_ndtr(-z[:5]) + log_ndtr((y[5:10] - p[0]) / 2)
        return np.sum(0.5 * z**2 + p[1]) - np.sum(tails)

    def student(p: Any, y: Any) -> Any:
        return -anp.sum(stats.t.logpdf(y, 1 + anp.exp(p[0]), p[1], anp.exp(p[2])))

    def student_again(p: Any, y: Any) -> Any:
        df = 1 + np.exp(p[0])
        square = ((y - p[1]) / np.exp(p[2])) ** 2
        constant = loggamma((df + 1) / 2) - loggamma(df / 2) - np.log(df) / 2 - p[2]
        return -np.sum(constant - (df + 1) / 2 * np.log(1 + square / df))

    def gamma(p: Any, y: Any) -> Any:
        # With the rate as a factor of y and its Jacobian.
        return -anp.sum(stats.gamma.logpdf(y * anp.exp(p[1]), anp.exp(p[0])) + p[1])

    def no_jacobian(p: Any, y: Any) -> Any:
        return -anp.sum(stats.gamma.logpdf(y * anp.exp(p[1]), anp.exp(p[0])))

    def gamma_again(p: Any, y: Any) -> Any:
        a = np.exp(p[0])
        return -np.sum(a * p[1] + (a - 1) * np.log(y) - y * np.exp(p[1]) - loggamma(a))

    def beta(p: Any, y: Any) -> Any:
        mean, size = 1 / (1 + anp.exp(-p[0])), anp.exp(p[1])
        return -anp.sum(stats.beta.logpdf(y, mean * size, (1 - mean) * size))

    def beta_again(p: Any, y: Any) -> Any:
        size = np.exp(p[1])
        a = size / (1 + np.exp(-p[0]))
        b = size - a
        constant = loggamma(size) - loggamma(a) - loggamma(b)
        return -np.sum(constant + (a - 1) * np.log(y) + (b - 1) * np.log(1 - y))

    def poisson(p: Any, k: Any) -> Any:
        return -anp.sum(stats.poisson.logpmf(k, anp.exp(p[0] + p[1] * anp.arange(len(k)) / len(k))))

    def poisson_again(p: Any, k: Any) -> Any:
        eta = p[0] + p[1] * np.linspace(0, 1, len(k), endpoint=False)
        return np.sum(np.exp(eta) - k * eta)

    def dirichlet(p: Any, y: Any) -> Any:
        return -sum(stats.dirichlet.logpdf(row, anp.exp(p)) for row in y)

    def dirichlet_again(p: Any, y: Any) -> Any:
        a = np.exp(p)
        constant = loggamma(np.sum(a)) - np.sum(loggamma(a))
        return -np.sum(np.log(y) @ (a - 1) + constant)

    def chi_squared(p: Any, y: Any) -> Any:
        return -anp.sum(stats.chi2.logpdf(y * anp.exp(p[0]), 5) + p[0]) + p[1] ** 2

    def chi_squared_again(p: Any, y: Any) -> Any:
        return -np.sum(2.5 * p[0] - 0.5 * y * np.exp(p[0])) + p[1] ** 2

    m = 30
    logs = 0.3 * rng.standard_normal(3)
    two = logs[:2]
    wrong = {"Jacobian of the rate forgotten": no_jacobian}
    for name, loss, again, at, y, mistakes in (
        ("normal with tails", normal, normal_again, two, rng.standard_normal(m), {}),
        ("Student", student, student_again, logs, rng.standard_t(4, m), {}),
        ("gamma", gamma, gamma_again, two + np.array([0.7, 0.0]), rng.gamma(2, 1, m), wrong),
        ("beta", beta, beta_again, two + np.array([0.0, 1.5]), rng.beta(2, 3, m), {}),
        ("Poisson", poisson, poisson_again, two + 1, rng.poisson(3, m), {}),
        ("Dirichlet", dirichlet, dirichlet_again, logs + 0.5, rng.dirichlet([2, 3, 1.5], 3), {}),
        ("chi-squared", chi_squared, chi_squared_again, two, rng.chisquare(5, m), {}),
    ):
        yield autograd_case(name, loss, at, y, mistakes, again=again)


@family(
    "autograd arrays and signals", kind="ordinary", source=_SOURCE, split="validation", needs=_NEEDS
)
def _arrays(rng: np.random.Generator) -> Iterator[Case]:
    """Shapes, cumulative sums, statistics, Fourier transforms and convolutions."""
    import autograd.numpy as anp
    import autograd.scipy.signal as signal
    from scipy.signal import convolve

    def spectrum(x: Any, target: Any) -> Any:
        power = anp.abs(anp.fft.fft(x)) ** 2
        return anp.sum((anp.log(power + 0.1) - target) ** 2)

    def spectrum_again(x: Any, target: Any) -> Any:
        n = len(x)
        angles = 2 * np.pi * np.outer(np.arange(n), np.arange(n)) / n
        power = (np.cos(angles) @ x) ** 2 + (np.sin(angles) @ x) ** 2
        return np.sum((np.log(power + 0.1) - target) ** 2)

    def statistics(x: Any, _: Any) -> Any:
        z = (x - anp.mean(x, axis=0)) / anp.std(x, axis=0, ddof=1)
        return anp.sum(z**3) + anp.var(x) + anp.prod(1 + 0.1 * x[0])

    def statistics_again(x: Any, _: Any) -> Any:
        d = x - np.sum(x, axis=0) / len(x)
        z = d / np.sqrt(np.sum(d**2, axis=0) / (len(x) - 1))
        everything = x - np.sum(x) / x.size
        factors = np.exp(np.sum(np.log(1 + 0.1 * x[0])))
        return np.sum(z**3) + np.sum(everything**2) / x.size + factors

    def path(x: Any, _: Any) -> Any:
        walk = anp.cumsum(anp.tanh(x), axis=0)
        steps = anp.concatenate([walk[:1], anp.diff(walk, axis=0)], axis=0)
        both = anp.vstack([anp.roll(walk, 1, axis=0), steps[::-1]])
        return anp.sum(anp.sin(both) * anp.tile(anp.arange(x.shape[1]), (2 * len(x), 1)))

    def pieces(x: Any, weights: Any) -> Any:
        first, second = anp.split(x, 2, axis=1)
        outer = anp.einsum("ia,ib->ab", first, second)
        moved = anp.transpose(anp.reshape(anp.pad(x, 1, "constant"), (2, -1)))
        picked = x[[0, 0, -1], [1, 1, 0]]
        return anp.sum(outer**2) + anp.sum(weights * anp.exp(picked)) + anp.sum(moved**3) / x.size

    def pieces_repeated(x: Any, weights: Any) -> Any:
        # As if each place were picked once.
        first, second = anp.split(x, 2, axis=1)
        outer = anp.einsum("ia,ib->ab", first, second)
        picked = x[[0, -1], [1, 0]]
        return anp.sum(outer**2) + anp.sum(weights[1:] * anp.exp(picked)) + anp.sum(x**3) / x.size

    def filtered(p: Any, x: Any) -> Any:
        hidden = anp.tanh(signal.convolve(x, p["first"], mode="valid"))
        return anp.sum(signal.convolve(hidden, p["second"], mode="full") ** 2) / len(x)

    def filtered_again(p: Any, x: Any) -> Any:
        hidden = np.tanh(convolve(x, p["first"], mode="valid", method="direct"))
        return np.sum(convolve(hidden, p["second"], mode="full", method="direct") ** 2) / len(x)

    def correlated(p: Any, x: Any) -> Any:
        flipped = {"first": p["first"][::-1], "second": p["second"]}
        return filtered(flipped, x)

    for n in (5, 12):
        x = rng.standard_normal((n, 4))
        target = rng.standard_normal(n)
        yield autograd_case(
            f"spectrum, {n}", spectrum, x[:, 0].copy(), target, again=spectrum_again
        )
        yield autograd_case(f"statistics, {n}", statistics, x, again=statistics_again)
        yield autograd_case(f"cumulative sums, {n}", path, x)
        wrong: dict[str, Any] = {"places picked twice counted once": pieces_repeated}
        yield autograd_case(f"pieces, {n}", pieces, x, rng.uniform(1, 2, 3), wrong)
        p = {"first": rng.standard_normal(3), "second": rng.standard_normal(n)}
        wrong = {"kernel flipped": correlated}
        signal_in = rng.standard_normal(4 * n)
        yield autograd_case(f"filters, {n}", filtered, p, signal_in, wrong, again=filtered_again)


@family("autograd LSTM", kind="ordinary", source=_SOURCE, split="validation", needs=_NEEDS)
def _lstm(rng: np.random.Generator) -> Iterator[Case]:
    """Predict the next of some one-hot letters, as in the examples of the library."""
    import autograd.numpy as anp
    from autograd.scipy.special import logsumexp

    def gate(x: Any, h: Any, w: Any) -> Any:
        return anp.dot(anp.hstack((x, h, anp.ones((len(x), 1)))), w)

    def loss(p: Any, data: Any, stop: Any = lambda c: c) -> Any:
        inputs, targets = data
        hidden = p["change"].shape[1]
        h = anp.tanh(anp.repeat(p["start"], inputs.shape[1], axis=0))
        c = 0.5 * h
        total = 0.0
        for x, target in zip(inputs, targets, strict=True):
            gates = 0.5 * (anp.tanh(0.5 * gate(x, h, p["gates"])) + 1)
            c = stop(c) * gates[:, :hidden]
            c = c + gates[:, hidden : 2 * hidden] * anp.tanh(gate(x, h, p["change"]))
            h = gates[:, 2 * hidden :] * anp.tanh(c)
            scores = gate(x, h, p["predict"])
            total = total + anp.sum(target * (scores - logsumexp(scores, axis=1, keepdims=True)))
        return -total / (len(inputs) * inputs.shape[1])

    def affine(x: Any, h: Any, w: Any) -> Any:
        return x @ w[: x.shape[1]] + h @ w[x.shape[1] : -1] + w[-1]

    def again(p: Any, data: Any) -> Any:
        inputs, targets = data
        h = np.tanh(p["start"]) * np.ones((inputs.shape[1], 1))
        c = h / 2
        chances = []
        for x in inputs:
            forget, write, out = np.split(1 / (1 + np.exp(-affine(x, h, p["gates"]))), 3, axis=1)
            c = c * forget + write * np.tanh(affine(x, h, p["change"]))
            h = out * np.tanh(c)
            e = np.exp(affine(x, h, p["predict"]))
            chances.append(e / np.sum(e, axis=1, keepdims=True))
        return -np.sum(targets * np.log(np.array(chances))) / (len(inputs) * inputs.shape[1])

    for letters, hidden, steps, m in ((3, 2, 4, 2), (5, 4, 5, 3), (8, 12, 4, 3)):
        size = letters + hidden + 1
        p = {
            "start": 0.3 * rng.standard_normal((1, hidden)),
            "gates": rng.standard_normal((size, 3 * hidden)) / np.sqrt(hidden),
            "change": rng.standard_normal((size, hidden)) / np.sqrt(hidden),
            "predict": rng.standard_normal((size, letters)) / np.sqrt(hidden),
        }
        text = np.eye(letters)[rng.integers(letters, size=(steps + 1, m))]
        wrong = {"cell detached": functools.partial(loss, stop=detached)}
        name = f"{letters} letters, {hidden} cells, {steps} steps"
        yield autograd_case(name, loss, p, (text[:-1], text[1:]), wrong, again=again)


@family(
    "autograd hidden Markov model",
    kind="ordinary",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _hidden_markov(rng: np.random.Generator) -> Iterator[Case]:
    import autograd.numpy as anp
    from autograd.scipy.special import logsumexp

    def loss(p: Any, y: Any, normalised: bool = True) -> Any:
        move = p["move"] - logsumexp(p["move"], axis=1, keepdims=True)
        start = p["start"] - logsumexp(p["start"]) if normalised else p["start"]
        seen = -0.5 * ((y[:, None] - p["means"]) * anp.exp(-p["log_sd"])) ** 2 - p["log_sd"]
        alpha = start + seen[0]
        for emission in seen[1:]:
            alpha = logsumexp(alpha[:, None] + move, axis=0) + emission
        return -logsumexp(alpha) / len(y)

    def again(p: Any, y: Any) -> Any:
        move = np.exp(p["move"]) / np.sum(np.exp(p["move"]), axis=1, keepdims=True)
        chance = np.exp(p["start"]) / np.sum(np.exp(p["start"]))
        total = 0.0
        for value in y:
            sd = np.exp(p["log_sd"])
            chance = chance * np.exp(-((value - p["means"]) ** 2) / (2 * sd**2)) / sd
            total = total + np.log(np.sum(chance))
            chance = (chance / np.sum(chance)) @ move
        return -total / len(y)

    for states, steps in ((2, 6), (3, 8), (5, 6)):
        p = {
            "start": rng.standard_normal(states),
            "move": rng.standard_normal((states, states)) + np.eye(states),
            "means": np.linspace(-2, 2, states) + 0.2 * rng.standard_normal(states),
            "log_sd": 0.2 * rng.standard_normal(states),
        }
        y = 1.5 * rng.standard_normal(steps)
        wrong = {"start not normalised": functools.partial(loss, normalised=False)}
        yield autograd_case(f"{states} states, {steps} steps", loss, p, y, wrong, again=again)


@family(
    "autograd functions with rules of their own",
    kind="ordinary",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _rules(rng: np.random.Generator) -> Iterator[Case]:
    """Reverse rules by `defvjp`, right and wrong, inside of small models."""
    import autograd.numpy as anp
    from autograd.extend import defvjp, primitive

    def ruled(function: Any, *rules: Any) -> Any:
        wrapped = primitive(function)
        defvjp(wrapped, *rules)
        return wrapped

    def total(x: Any) -> Any:
        top = np.max(x)
        return top + np.log(np.sum(np.exp(x - top)))

    def multiclass(function: Any) -> Any:
        def loss(w: Any, data: Any) -> Any:
            x, labels = data
            scores = anp.dot(x, w)
            terms = [function(row) - row[label] for row, label in zip(scores, labels, strict=True)]
            return sum(terms) / len(terms) + 0.01 * anp.sum(w**2)

        return loss

    right = multiclass(ruled(total, lambda ans, x: lambda g: g * np.exp(x - ans)))
    wrong = {
        "not normalised": multiclass(ruled(total, lambda ans, x: lambda g: g * np.exp(x))),
        "normalised by the maximum": multiclass(
            ruled(total, lambda ans, x: lambda g: g * np.exp(x - np.max(x)))
        ),
        "one for the largest": multiclass(
            ruled(total, lambda ans, x: lambda g: g * (x == np.max(x)))
        ),
    }
    for n, classes, m in ((2, 3, 8), (6, 4, 20)):
        data = (rng.standard_normal((m, n)), rng.integers(classes, size=m))
        w = rng.standard_normal((n, classes))
        yield autograd_case(
            f"logsumexp, {n} by {classes}", right, w, data, wrong, again=multiclass(total)
        )

    def quadratic(function: Any) -> Any:
        def loss(p: Any, target: Any) -> Any:
            k = anp.dot(p["a"], p["a"].T) + anp.eye(len(target)) + 0.3 * p["a"]
            return anp.sum((function(k, p["b"]) - target) ** 2)

        return loss

    def to_matrix(ans: Any, k: Any, b: Any) -> Any:
        return lambda g: -np.outer(np.linalg.solve(k.T, g), ans)

    def to_side(ans: Any, k: Any, b: Any) -> Any:
        return lambda g: np.linalg.solve(k.T, g)

    right = quadratic(ruled(np.linalg.solve, to_matrix, to_side))
    wrong = {
        "matrix not transposed": quadratic(
            ruled(
                np.linalg.solve,
                lambda ans, k, b: lambda g: -np.outer(np.linalg.solve(k, g), ans),
                lambda ans, k, b: lambda g: np.linalg.solve(k, g),
            )
        ),
        "outer product the other way": quadratic(
            ruled(
                np.linalg.solve,
                lambda ans, k, b: lambda g: -np.outer(ans, np.linalg.solve(k.T, g)),
                to_side,
            )
        ),
        "right side for the solution": quadratic(
            ruled(
                np.linalg.solve,
                lambda ans, k, b: lambda g: -np.outer(np.linalg.solve(k.T, g), b),
                to_side,
            )
        ),
    }
    for n in (3, 8):
        p = {"a": rng.standard_normal((n, n)) / np.sqrt(n), "b": rng.standard_normal(n)}
        yield autograd_case(
            f"solve, {n}",
            right,
            p,
            rng.standard_normal(n),
            wrong,
            again=quadratic(np.linalg.solve),
        )


@family("autograd odeint", kind="solver noise", source=_SOURCE, split="validation", needs=_NEEDS)
def _odeint(rng: np.random.Generator) -> Iterator[Case]:
    """Adaptive solutions; the gradient is by the adjoint equation, to the same tolerance."""
    import autograd.numpy as anp
    from autograd.builtins import tuple as boxed
    from autograd.scipy.integrate import odeint

    t = np.linspace(0, 2, 6)

    def oscillator(y: Any, t: Any, k: Any, d: Any) -> Any:
        return anp.array([y[1], -k * anp.sin(y[0]) - d * y[1]])

    def growth(y: Any, t: Any, rate: Any, limit: Any) -> Any:
        return rate * y * (1 - y / limit) - 0.1 * anp.sin(t) * y

    def loss(slope: Any) -> Any:
        def function(p: Any, seen: Any) -> Any:
            args = boxed((p["rates"][0], p["rates"][1]))
            path = odeint(slope, p["start"], t, args, rtol=1e-11, atol=1e-11)
            return anp.sum((path[1:] - seen) ** 2)

        return function

    def fixed_steps(slope: Any) -> Any:
        def function(p: Any, seen: Any) -> Any:
            y, h, total = p["start"], 0.4 / 200, 0.0
            for k in range(1000):
                now = k * h
                args = p["rates"]
                k1 = slope(y, now, *args)
                k2 = slope(y + h / 2 * k1, now + h / 2, *args)
                k3 = slope(y + h / 2 * k2, now + h / 2, *args)
                k4 = slope(y + h * k3, now + h, *args)
                y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
                if k % 200 == 199:
                    total = total + np.sum((y - seen[k // 200]) ** 2)
            return total

        return function

    for name, slope, start in (
        ("pendulum", oscillator, np.array([1.0, 0.0])),
        ("logistic growth", growth, np.array([0.2, 0.5, 1.5])),
    ):
        for _ in range(2):
            size = len(start)
            p = {
                "start": start + 0.1 * rng.uniform(size=size),
                "rates": np.array([1.5, 0.4 if size == 2 else 2.0]) + 0.1 * rng.standard_normal(2),
            }
            seen = rng.uniform(0, 1, (5, size))
            number = "first" if _ == 0 else "second"
            yield autograd_case(f"{name}, {number}", loss(slope), p, seen, again=fixed_steps(slope))


@family(
    "autograd networks in float32", kind="float32", source=_SOURCE, split="validation", needs=_NEEDS
)
def _single(rng: np.random.Generator) -> Iterator[Case]:
    import autograd.numpy as anp
    from autograd.scipy.special import logsumexp

    def classifier(p: Any, data: Any, penalty: float = 0.05) -> Any:
        x, targets = data
        for w, b in p[:-1]:
            x = anp.tanh(anp.dot(x, w) + b)
        scores = anp.dot(x, p[-1][0]) + p[-1][1]
        log_p = scores - logsumexp(scores, axis=1, keepdims=True)
        squares = sum(anp.sum(w**2) for w, _ in p)
        return -anp.sum(log_p * targets) / len(targets) + penalty * squares

    def kernel(p: Any, data: Any) -> Any:
        x, y = data
        d = (anp.expand_dims(x, 1) - p["centers"]) * anp.exp(p["logs"])
        phi = anp.exp(-0.5 * anp.sum(d**2, axis=2))
        return anp.mean((anp.dot(phi, p["w"]) - y) ** 2)

    for sizes, m in (((3, 4, 2), 10), ((6, 8, 8, 3), 30), ((20, 16, 5), 40)):
        layers = [
            (rng.standard_normal((a, b)) / np.sqrt(a), 0.1 * rng.standard_normal(b))
            for a, b in itertools.pairwise(sizes)
        ]
        targets = np.eye(sizes[-1])[rng.integers(sizes[-1], size=m)]
        data = (rng.standard_normal((m, sizes[0])), targets)
        wrong = {"penalty forgotten": functools.partial(classifier, penalty=0.0)}
        name = "-".join(map(str, sizes))
        yield autograd_case(
            name, classifier, layers, data, wrong, again=_plain(classifier), single=True
        )
    for n, units in ((1, 4), (3, 10)):
        p = {
            "centers": rng.standard_normal((units, n)),
            "logs": 0.2 * rng.standard_normal(n),
            "w": rng.standard_normal(units),
        }
        data = (rng.standard_normal((20, n)), rng.standard_normal(20))
        yield autograd_case(f"{units} kernels in {n}", kernel, p, data, single=True)


@family(
    "autograd order and thresholds", kind="kink", source=_SOURCE, split="validation", needs=_NEEDS
)
def _thresholds(rng: np.random.Generator) -> Iterator[Case]:
    """Sorted, clipped, maximal and absolute values, with some of them close to each other."""
    import autograd.numpy as anp

    def trimmed(w: Any, data: Any) -> Any:
        x, y = data
        squares = anp.sort((anp.dot(x, w) - y) ** 2)
        return anp.mean(squares[: len(y) * 3 // 4])

    def worst(w: Any, data: Any) -> Any:
        x, y = data
        return anp.max(anp.abs(anp.dot(x, w) - y))

    def clipped(w: Any, data: Any) -> Any:
        x, y = data
        return anp.mean((anp.clip(anp.dot(x, w), -1, 1) - y) ** 2)

    def variation(w: Any, data: Any) -> Any:
        return anp.sum(anp.abs(anp.diff(w))) + anp.sum((w - data[0][0]) ** 2)

    def huber(w: Any, data: Any) -> Any:
        x, y = data
        r = anp.abs(anp.dot(x, w) - y)
        return anp.mean(anp.where(r < 1, 0.5 * r**2, r - 0.5))

    def rectified(w: Any, data: Any) -> Any:
        x, y = data
        h = anp.maximum(0.0, anp.dot(x, anp.outer(w, anp.linspace(-1, 1, 7))) + 0.1)
        return anp.mean((anp.sum(h, axis=1) - y) ** 2)

    def untrimmed(w: Any, data: Any) -> Any:
        x, y = data
        return anp.mean(((anp.dot(x, w) - y) ** 2)[: len(y) * 3 // 4])

    def straight_through(w: Any, data: Any) -> Any:
        x, y = data
        z = anp.dot(x, w)
        return anp.mean((z + detached(anp.clip(z, -1, 1) - z) - y) ** 2)

    def squares(w: Any, data: Any) -> Any:
        x, y = data
        return anp.mean(0.5 * (anp.dot(x, w) - y) ** 2)

    for n, m in ((3, 12), (6, 100)):
        x, w = rng.standard_normal((m, n)), rng.standard_normal(n)
        y = x @ w + 0.5 * rng.standard_normal(m)
        # The two largest residuals nearly tie, and one prediction is nearly clipped.
        y[:2] = x[:2] @ w + [5.0, -5.0 * (1 - 1e-5)]
        x[2] *= (1 - 1e-5) / (x[2] @ w)
        for name, loss, mistakes in (
            ("trimmed squares", trimmed, {"not sorted": untrimmed}),
            ("worst residual", worst, {}),
            ("clipped", clipped, {"slope of the clip forgotten": straight_through}),
            ("total variation", variation, {}),
            ("Huber", huber, {"linear part forgotten": squares}),
            ("rectified", rectified, {}),
        ):
            point = f"{name}, {n} and {m}"
            yield autograd_case(point, loss, w, (x, y), mistakes, analytic=False)


def _plain(loss: Any) -> Any:
    """Return a classifier for complex numbers: without the maximum in logsumexp."""

    def again(p: Any, data: Any) -> Any:
        x, targets = data
        for w, b in p[:-1]:
            x = np.tanh(x @ w + b)
        e = np.exp(x @ p[-1][0] + p[-1][1])
        log_p = np.log(e / np.sum(e, axis=1, keepdims=True))
        return -np.sum(log_p * targets) / len(targets) + 0.05 * sum(np.sum(w**2) for w, _ in p)

    return again
