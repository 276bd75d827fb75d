"""Families that took the place of others, on which a check had once been wrong."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from benchmarks.trust.case import Case, family
from benchmarks.trust.truth import complex_step
from scipy import special
from scipy.integrate import solve_ivp

_SOURCE = "written by hand"


def _margins(rng: np.random.Generator, m: int, n: int, distance: float) -> Case:
    X, y = rng.standard_normal((m, n)), rng.choice([-1.0, 1.0], m)
    at = rng.standard_normal(n)
    # The margin of every third example is moved to that distance from its corner.
    near = np.arange(m) % 3 == 0
    wanted = 1 + distance * rng.choice([-1.0, 1.0], m)
    shift = np.where(near, wanted - y * (X @ at), 0.0)

    def f(w: Any) -> float:
        return float(np.mean(np.maximum(0, 1 - y * (X @ w) - shift)) + 0.05 * w @ w)

    def gradient(w: Any) -> Any:
        active = y * (X @ w) + shift < 1
        return -X.T @ (y * active) / m + 0.1 * w

    def twin(w: Any) -> Any:
        slack = 1 - y * (X @ w) - shift
        return np.sum(np.where(np.real(slack) > 0, slack, 0)) / m + 0.05 * np.sum(w * w)

    def all_active(w: Any) -> Any:
        return -X.T @ y / m + 0.1 * w

    return Case(
        f"{m} margins of {n} weights, {distance:.0e}",
        f,
        gradient,
        at,
        partial(complex_step, twin, at),
        {"all margins active": all_active},
    )


@family("kink/margins nearby", kind="kink", source=_SOURCE, split="validation")
def margins(rng: np.random.Generator) -> Iterator[Case]:
    """Draw hinge losses whose margins are close to their corners."""
    for k, distance in enumerate(10.0 ** -np.arange(1, 10)):
        yield _margins(rng, (12, 30, 60)[k % 3], (4, 10, 25)[k % 3], distance)


@family("solver noise/stiff methods", kind="solver noise", source=_SOURCE, split="validation")
def stiff_methods(rng: np.random.Generator) -> Iterator[Case]:
    """Draw fits of decays and growth that implicit solvers integrate to a tolerance."""
    times = np.linspace(0.3, 3, 6)
    for method in ("Radau", "BDF", "LSODA"):
        for tolerance in (1e-3, 1e-5, 1e-8):
            data = rng.standard_normal(times.size)

            def curve(x: Any) -> Any:
                rate, level, start = x
                return level + (start - level) * np.exp(-rate * times)

            def f(
                x: Any, data: Any = data, method: str = method, tolerance: float = tolerance
            ) -> float:
                rate, level, start = x
                found = solve_ivp(
                    lambda t, z: -rate * (z - level),
                    (0, 3),
                    [start],
                    method=method,
                    t_eval=times,
                    rtol=tolerance,
                    atol=tolerance,
                )
                return float(np.sum((found.y[0] - data) ** 2))

            def gradient(x: Any, data: Any = data, curve: Any = curve) -> Any:
                rate, level, start = x
                decay = np.exp(-rate * times)
                slopes = np.array([-times * (start - level) * decay, 1 - decay, decay])
                return 2 * slopes @ (curve(x) - data)

            def exact(x: Any, data: Any = data, curve: Any = curve) -> Any:
                return np.sum((curve(x) - data) ** 2)

            def no_start(x: Any, gradient: Any = gradient) -> Any:
                return gradient(x) * np.array([1.0, 1.0, 0.0])

            at = np.array([1.5, 0.8, 2.0]) * rng.uniform(0.7, 1.3, 3)
            yield Case(
                f"{method}, {tolerance:.0e}",
                f,
                gradient,
                at,
                partial(complex_step, exact, at),
                {"initial value forgotten": no_start},
            )


@family("float32/data in single", kind="float32", source=_SOURCE, split="validation")
def data_in_single(rng: np.random.Generator) -> Iterator[Case]:
    """Draw losses that cast to float32 for the data; the penalty is in the caller's precision."""
    for m, n, penalty in ((20, 5, 0.1), (60, 30, 1e-2), (100, 150, 1e-3), (40, 300, 1.0)):
        X = (rng.standard_normal((m, n)) / np.sqrt(n)).astype(np.float32)
        y = rng.choice([-1, 1], m).astype(np.float32)

        def f(w: Any, X: Any = X, y: Any = y, penalty: float = penalty) -> float:
            loss = np.mean(np.logaddexp(np.float32(0), -y * (X @ w.astype(np.float32))))
            return float(loss) + penalty * float(np.sum(w.astype(np.float64) ** 2))

        def gradient(w: Any, X: Any = X, y: Any = y, penalty: float = penalty) -> Any:
            z = y * (X @ w)
            return -X.T @ (y / (1 + np.exp(z))) / np.float32(len(y)) + np.float32(2 * penalty) * w

        def twin(w: Any, X: Any = X, y: Any = y, penalty: float = penalty) -> Any:
            z = y.astype(float) * (X.astype(float) @ w)
            return np.sum(np.log(1 + np.exp(-z))) / len(y) + penalty * np.sum(w * w)

        def no_mean(w: Any, X: Any = X, y: Any = y, penalty: float = penalty) -> Any:
            return -X.T @ (y / (1 + np.exp(y * (X @ w)))) + np.float32(2 * penalty) * w

        at = rng.standard_normal(n).astype(np.float32)
        yield Case(
            f"{m} × {n}, penalty {penalty:g}",
            f,
            gradient,
            at,
            partial(complex_step, twin, at.astype(float)),
            {"missing 1/m": no_mean},
        )


@family("badly scaled/enzyme kinetics", kind="badly scaled", source=_SOURCE, split="validation")
def enzyme_kinetics(rng: np.random.Generator) -> Iterator[Case]:
    """Draw fits of rates with amounts in moles, a slow side reaction, and a drift of the scale."""
    for m, unit, side in ((12, 1e-6, 1e-9), (25, 1e-9, 1e-12), (40, 1e-12, 1e-7), (60, 1e3, 1e-4)):
        amounts = unit * rng.uniform(0.2, 5, m)
        rates = amounts / (amounts + unit) * rng.uniform(0.9, 1.1, m)
        at = {
            "largest rate": np.array(1.1),
            "half amount": np.array(0.8 * unit),
            "side": np.array(side),
            "drift": rng.normal(0, 1e-4, 3),
        }
        powers = np.linspace(-1, 1, m)[:, None] ** np.arange(1, 4)

        def residuals(
            p: Any, amounts: Any = amounts, rates: Any = rates, powers: Any = powers
        ) -> Any:
            share = amounts / (amounts + p["half amount"])
            return (
                p["largest rate"] * share + p["side"] * amounts / 1e-3 + powers @ p["drift"] - rates
            )

        def f(p: Any, residuals: Any = residuals) -> float:
            return float(np.sum(residuals(p) ** 2))

        def gradient(
            p: Any, residuals: Any = residuals, amounts: Any = amounts, powers: Any = powers
        ) -> Any:
            r, half = 2 * residuals(p), p["half amount"]
            return {
                "largest rate": np.array(np.sum(r * amounts / (amounts + half))),
                "half amount": np.array(
                    -np.sum(r * p["largest rate"] * amounts / (amounts + half) ** 2)
                ),
                "side": np.array(np.sum(r * amounts / 1e-3)),
                "drift": powers.T @ r,
            }

        def twin(p: Any, residuals: Any = residuals) -> Any:
            return np.sum(residuals(p) ** 2)

        def no_side(p: Any, gradient: Any = gradient) -> Any:
            return {**gradient(p), "side": np.array(0.0)}

        yield Case(
            f"{m} amounts of {unit:.0e}, side {side:.0e}",
            f,
            gradient,
            at,
            partial(complex_step, twin, at),
            {"side reaction forgotten": no_side},
        )


@family("badly scaled/exploding fits", kind="badly scaled", source=_SOURCE, split="validation")
def exploding_fits(rng: np.random.Generator) -> Iterator[Case]:
    """Draw fits by exponentials and powers that explode a little away from the point."""
    for n, m, rate in ((3, 20, 5.0), (5, 40, 20.0), (8, 60, 60.0), (4, 15, 200.0)):
        times = np.linspace(0, 1, m)
        knots = rng.uniform(0.5, 1.5, n)
        data = rng.normal(0, 0.1, m)

        def model(x: Any, times: Any = times, knots: Any = knots, rate: float = rate) -> Any:
            return np.exp(rate * (np.outer(times, knots) @ (x - 1) - 0.1)).astype(x.dtype)

        def f(x: Any, model: Any = model, data: Any = data) -> float:
            return float(np.sum((model(x) - data) ** 2))

        def gradient(
            x: Any,
            model: Any = model,
            data: Any = data,
            times: Any = times,
            knots: Any = knots,
            rate: float = rate,
        ) -> Any:
            y = model(x)
            return 2 * rate * knots * np.sum((y - data) * y * times)

        def twin(x: Any, model: Any = model, data: Any = data) -> Any:
            return np.sum((model(x) - data) ** 2)

        def no_rate(x: Any, gradient: Any = gradient, rate: float = rate) -> Any:
            return gradient(x) / rate

        at = 1 + rng.normal(0, 0.02, n)
        yield Case(
            f"{n} knots, rate {rate:g}",
            f,
            gradient,
            at,
            partial(complex_step, twin, at),
            {"rate forgotten": no_rate},
        )


@family("domain edge/mixed roots", kind="domain edge", source=_SOURCE, split="validation")
def mixed_roots(rng: np.random.Generator) -> Iterator[Case]:
    """Draw sums of roots and logarithms of amounts of which some are nearly used up."""
    for n, small in ((4, 1e-3), (6, 1e-6), (12, 1e-8), (25, 1e-11)):
        at = rng.uniform(0.5, 2, n)
        at[::2] = small * rng.uniform(0.5, 2, at[::2].size)
        weights = rng.uniform(0.2, 1, n)
        exponents = rng.choice([0.7, 1.2, 1.8, 2.5], n)

        def f(x: Any, weights: Any = weights, exponents: Any = exponents) -> float:
            with np.errstate(all="ignore"):
                return float(np.sum(weights * x**exponents) + np.log(np.sum(x)))

        def gradient(x: Any, weights: Any = weights, exponents: Any = exponents) -> Any:
            return weights * exponents * x ** (exponents - 1) + 1 / np.sum(x)

        def twin(x: Any, weights: Any = weights, exponents: Any = exponents) -> Any:
            return np.sum(weights * x**exponents) + np.log(np.sum(x))

        def no_exponent(x: Any, weights: Any = weights, exponents: Any = exponents) -> Any:
            return weights * x ** (exponents - 1) + 1 / np.sum(x)

        yield Case(
            f"{n} amounts, half of them {small:.0e}",
            f,
            gradient,
            at,
            partial(complex_step, twin, at),
            {"exponent forgotten": no_exponent},
        )


@family("float32/value from double", kind="float32", source=_SOURCE, split="validation")
def value_from_double(rng: np.random.Generator) -> Iterator[Case]:
    """Draw likelihoods whose sum is taken in double and returned in single precision."""
    for m, n in ((10, 3), (30, 8), (80, 20), (50, 60)):
        X = rng.standard_normal((m, n)) / np.sqrt(n)
        y = rng.poisson(np.exp(X @ rng.standard_normal(n)))
        at = {"w": 0.5 * rng.standard_normal(n), "b": np.array(rng.normal(0, 0.2))}

        def f(p: Any, X: Any = X, y: Any = y) -> Any:
            eta = X @ p["w"] + p["b"]
            return np.float32(np.mean(np.exp(eta) - y * eta))

        def gradient(p: Any, X: Any = X, y: Any = y) -> Any:
            r = (np.exp(X @ p["w"] + p["b"]) - y) / len(y)
            return {"w": X.T @ r, "b": np.array(np.sum(r))}

        def twin(p: Any, X: Any = X, y: Any = y) -> Any:
            eta = X @ p["w"] + p["b"]
            return np.sum(np.exp(eta) - y * eta) / len(y)

        def no_data(p: Any, X: Any = X, y: Any = y) -> Any:
            r = np.exp(X @ p["w"] + p["b"]) / len(y)
            return {"w": X.T @ r, "b": np.array(np.sum(r))}

        yield Case(
            f"Poisson, {m} × {n}",
            f,
            gradient,
            at,
            partial(complex_step, twin, at),
            {"data forgotten": no_data},
        )


@family("solver noise/accelerated roots", kind="solver noise", source=_SOURCE, split="validation")
def accelerated_roots(rng: np.random.Generator) -> Iterator[Case]:
    """Draw sums over roots of y + a exp(y) = t, found by Steffensen's method to a tolerance."""
    for n, a, tolerance in ((3, 0.3, 1e-3), (6, 0.1, 1e-5), (12, 0.2, 1e-7), (5, 0.4, 1e-9)):
        at = rng.uniform(-1, 1, n)

        def root(t: Any, a: float = a, tolerance: float = tolerance) -> Any:
            y = t
            for _ in range(100):
                once = t - a * np.exp(y)
                twice = t - a * np.exp(once)
                bend = twice - 2 * once + y
                if abs(once - y) < tolerance or bend == 0:
                    return twice
                y = y - (once - y) ** 2 / bend
            return y

        def f(t: Any, root: Any = root) -> float:
            return float(sum(np.sin(root(one)) for one in t))

        def newton(t: Any, a: float = a) -> Any:
            y = t
            for _ in range(30):
                y = y - (y + a * np.exp(y) - t) / (1 + a * np.exp(y))
            return y

        def gradient(t: Any, newton: Any = newton, a: float = a) -> Any:
            y = newton(t)
            return np.cos(y) / (1 + a * np.exp(y))

        def twin(t: Any, newton: Any = newton) -> Any:
            return np.sum(np.sin(newton(t)))

        def explicit(t: Any, newton: Any = newton) -> Any:
            return np.cos(newton(t))

        yield Case(
            f"{n} roots, {tolerance:.0e}",
            f,
            gradient,
            at,
            partial(complex_step, twin, at),
            {"root taken for linear": explicit},
        )


@family("solver noise/Lyapunov iterations", kind="solver noise", source=_SOURCE, split="validation")
def lyapunov(rng: np.random.Generator) -> Iterator[Case]:
    """Draw variances of linear processes, X = A X A' + Q, summed up to a tolerance."""
    for n, tolerance in ((2, 1e-3), (3, 1e-5), (4, 1e-8), (5, 1e-11)):
        at = rng.standard_normal((n, n))
        at *= 0.7 / np.linalg.norm(at, 2)
        Q, C = np.eye(n), np.diag(rng.uniform(0.5, 2, n))

        def summed(A: Any, Q: Any, tolerance: float) -> Any:
            total, term = Q, Q
            for _ in range(2000):
                term = A @ term @ A.T
                total = total + term
                if np.max(np.abs(term)) < tolerance:
                    break
            return total

        def f(A: Any, tolerance: float = tolerance, Q: Any = Q, C: Any = C) -> float:
            return float(np.sum(C * summed(A, Q, tolerance)))

        def gradient(A: Any, Q: Any = Q, C: Any = C) -> Any:
            return 2 * summed(A.T, C, 1e-18) @ A @ summed(A, Q, 1e-18)

        def twin(A: Any, n: int = n, Q: Any = Q, C: Any = C) -> Any:
            solved = np.linalg.solve(np.eye(n * n) - np.kron(A, A), Q.ravel())
            return np.sum(C * solved.reshape(n, n))

        def half(A: Any, gradient: Any = gradient) -> Any:
            return gradient(A) / 2

        yield Case(
            f"{n} × {n}, {tolerance:.0e}",
            f,
            gradient,
            at,
            partial(complex_step, twin, at),
            {"one of two factors": half},
        )


@family("solver noise/rank-one fits", kind="solver noise", source=_SOURCE, split="validation")
def rank_one(rng: np.random.Generator) -> Iterator[Case]:
    """Draw what a product of two vectors leaves of a matrix, fitted alternately to a tolerance."""
    for m, n, tolerance in ((4, 3, 1e-2), (6, 5, 1e-4), (10, 8, 1e-6)):
        at = rng.standard_normal((m, n)) + 2 * np.outer(np.ones(m), np.linspace(0.5, 1.5, n))

        def fitted(M: Any, tolerance: float) -> tuple[Any, Any]:
            v = np.ones(M.shape[1])
            for _ in range(5000):
                u = M @ v / (v @ v)
                new = M.T @ u / (u @ u)
                if np.max(np.abs(new - v)) < tolerance * np.max(np.abs(new)):
                    return u, new
                v = new
            return u, v

        def f(M: Any, tolerance: float = tolerance) -> float:
            return float(np.sum((M - np.outer(*fitted(M, tolerance))) ** 2))

        def gradient(M: Any) -> Any:
            return 2 * (M - np.outer(*fitted(M, 1e-15)))

        def truth(at: Any = at) -> Any:
            left, sizes, right = np.linalg.svd(at, full_matrices=False)
            return 2 * (at - sizes[0] * np.outer(left[:, 0], right[0])).ravel()

        def whole(M: Any) -> Any:
            return 2 * M

        yield Case(f"{m} × {n}, {tolerance:.0e}", f, gradient, at, truth, {"fit forgotten": whole})


@family("losses of segmentation", kind="ordinary", source=_SOURCE, split="validation")
def segmentation(rng: np.random.Generator) -> Iterator[Case]:
    """Draw focal, Dice and Tversky losses of logits and of soft labels."""

    def sigmoid(z: Any) -> Any:
        return 1 / (1 + np.exp(-z))

    for n, power, alpha in ((6, 1.0, 0.5), (20, 2.0, 0.3), (60, 0.5, 0.7), (250, 1.5, 0.4)):
        at = {"logits": rng.standard_normal(n), "labels": rng.uniform(0.1, 0.9, n)}

        def focal(p: Any, power: float = power) -> Any:
            s, y = sigmoid(p["logits"]), p["labels"]
            return -np.mean(y * (1 - s) ** power * np.log(s) + (1 - y) * s**power * np.log(1 - s))

        def tversky(p: Any, alpha: float = alpha) -> Any:
            s, y = sigmoid(p["logits"]), p["labels"]
            hits, extra, lost = np.sum(s * y), np.sum(s * (1 - y)), np.sum((1 - s) * y)
            return 1 - hits / (hits + alpha * extra + (1 - alpha) * lost)

        def loss(p: Any, focal: Any = focal, tversky: Any = tversky) -> Any:
            return focal(p) + tversky(p)

        def gradient(p: Any, n: int = n, power: float = power, alpha: float = alpha) -> Any:
            s, y = sigmoid(p["logits"]), p["labels"]
            up = (1 - s) ** power * (1 / s - power * np.log(s) / (1 - s))
            down = s**power * (power * np.log(1 - s) / s - 1 / (1 - s))
            ds = -(y * up + (1 - y) * down) / n
            dy = -((1 - s) ** power * np.log(s) - s**power * np.log(1 - s)) / n
            hits, extra, lost = np.sum(s * y), np.sum(s * (1 - y)), np.sum((1 - s) * y)
            whole = hits + alpha * extra + (1 - alpha) * lost
            inner_s = y + alpha * (1 - y) - (1 - alpha) * y
            inner_y = s - alpha * s + (1 - alpha) * (1 - s)
            ds = ds - (y / whole - hits / whole**2 * inner_s)
            dy = dy - (s / whole - hits / whole**2 * inner_y)
            return {"logits": ds * s * (1 - s), "labels": dy}

        def f(p: Any, loss: Any = loss) -> float:
            return float(loss(p))

        def no_slope(p: Any, gradient: Any = gradient) -> Any:
            s = sigmoid(p["logits"])
            found = gradient(p)
            return {**found, "logits": found["logits"] / (s * (1 - s))}

        yield Case(
            f"{n} pixels, power {power:g}",
            f,
            gradient,
            at,
            partial(complex_step, loss, at),
            {"slope of the sigmoid missing": no_slope},
        )


@family("solver noise/Romberg integrals", kind="solver noise", source=_SOURCE, split="validation")
def romberg_integrals(rng: np.random.Generator) -> Iterator[Case]:
    """Draw energies of oscillating densities, by Romberg's method to a tolerance."""
    for n, tolerance in ((2, 1e-4), (4, 1e-6), (3, 1e-9)):
        at = rng.uniform(0.5, 3, n)

        def romberg(rate: Any, tolerance: float = tolerance) -> Any:
            """Integrate exp(sin(rate x)) from 0 to 1."""
            before: list[Any] = []
            for level in range(18):
                x = np.linspace(0, 1, 2**level + 1)
                y = np.exp(np.sin(rate * x))
                row = [(np.sum(y) - (y[0] + y[-1]) / 2) / 2**level]
                for k, value in enumerate(before):
                    row.append(row[k] + (row[k] - value) / (4 ** (k + 1) - 1))
                if level > 2 and abs(row[-1] - before[-1]) < tolerance:
                    break
                before = row
            return row[-1]

        def f(p: Any, romberg: Any = romberg) -> float:
            return float(sum(romberg(rate) ** 2 for rate in p))

        nodes, weights = np.polynomial.legendre.leggauss(60)
        x, w = (nodes + 1) / 2, weights / 2

        def exact(rate: Any, x: Any = x, w: Any = w) -> Any:
            return w @ np.exp(np.sin(rate * x))

        def gradient(p: Any, exact: Any = exact, x: Any = x, w: Any = w) -> Any:
            slopes = [w @ (x * np.cos(rate * x) * np.exp(np.sin(rate * x))) for rate in p]
            return np.array([2 * exact(r) * s for r, s in zip(p, slopes, strict=True)])

        def twin(p: Any, exact: Any = exact) -> Any:
            return sum(exact(rate) ** 2 for rate in p)

        def unchained(p: Any, gradient: Any = gradient, exact: Any = exact) -> Any:
            return gradient(p) / np.array([2 * exact(rate) for rate in p])

        yield Case(
            f"{n} rates, {tolerance:.0e}",
            f,
            gradient,
            at,
            partial(complex_step, twin, at),
            {"outer square forgotten": unchained},
        )


@family(
    "solver noise/implied volatilities", kind="solver noise", source=_SOURCE, split="validation"
)
def implied_volatilities(rng: np.random.Generator) -> Iterator[Case]:
    """Draw smiles: volatilities that explain the prices of calls, by the secant method."""

    def call(volatility: Any, strike: Any) -> Any:
        d = -np.log(strike) / volatility + volatility / 2
        return special.ndtr(d) - strike * special.ndtr(d - volatility)

    def vega(volatility: Any, strike: Any) -> Any:
        d = -np.log(strike) / volatility + volatility / 2
        return np.exp(-(d**2) / 2) / np.sqrt(2 * np.pi)

    for n, tolerance in ((3, 1e-3), (6, 1e-5), (10, 1e-8)):
        strikes, target = rng.uniform(0.8, 1.25, n), rng.uniform(0.1, 0.5, n)
        at = call(rng.uniform(0.2, 0.7, n), strikes)

        def secant(price: float, strike: float, tolerance: float = tolerance) -> float:
            before, now = 0.3, 0.5
            miss = call(before, strike) - price
            for _ in range(60):
                error = call(now, strike) - price
                if abs(error) < tolerance or error == miss:
                    break
                before, now, miss = now, now - error * (now - before) / (error - miss), error
            return now

        def f(p: Any, s: Any = strikes, t: Any = target, secant: Any = secant) -> float:
            found = np.array([secant(price, strike) for price, strike in zip(p, s, strict=True)])
            return float(np.sum((found - t) ** 2))

        def exact(p: Any, s: Any = strikes) -> Any:
            v = np.full_like(p, 0.4)
            for _ in range(40):
                v = v - (call(v, s) - p) / vega(np.real(v), s)
            return v

        def gradient(p: Any, s: Any = strikes, t: Any = target, exact: Any = exact) -> Any:
            v = exact(p)
            return 2 * (v - t) / vega(v, s)

        def twin(p: Any, t: Any = target, exact: Any = exact) -> Any:
            return np.sum((exact(p) - t) ** 2)

        def multiplied(p: Any, s: Any = strikes, t: Any = target, exact: Any = exact) -> Any:
            v = exact(p)
            return 2 * (v - t) * vega(v, s)

        yield Case(
            f"{n} strikes, {tolerance:.0e}",
            f,
            gradient,
            at,
            partial(complex_step, twin, at),
            {"vega multiplied": multiplied},
        )


@family("solver noise/pendulum periods", kind="solver noise", source=_SOURCE, split="validation")
def pendulum_periods(rng: np.random.Generator) -> Iterator[Case]:
    """Draw fits of periods, by arithmetic-geometric means that end at a tolerance."""
    for n, tolerance in ((2, 1e-2), (5, 1e-4), (8, 1e-9)):
        at = {"length": rng.uniform(0.5, 2, n), "amplitude": rng.uniform(0.3, 2.5, n)}
        seen = rng.uniform(4, 10, n)

        def mean(amplitude: float, tolerance: float = tolerance) -> float:
            a, g = 1.0, float(np.cos(amplitude / 2))
            while abs(a - g) > tolerance:
                a, g = (a + g) / 2, float(np.sqrt(a * g))
            return a

        def f(p: Any, seen: Any = seen, mean: Any = mean) -> float:
            means = np.array([mean(one) for one in p["amplitude"]])
            return float(np.sum((2 * np.pi * np.sqrt(p["length"]) / means - seen) ** 2) / 2)

        def parts(p: Any) -> tuple[Any, Any, Any]:
            k2 = np.sin(p["amplitude"] / 2) ** 2
            K, E = special.ellipk(k2), special.ellipe(k2)
            slope = (E - (1 - k2) * K) / (2 * k2 * (1 - k2)) * np.sin(p["amplitude"]) / 2
            return np.sqrt(p["length"]), K, slope

        def gradient(p: Any, seen: Any = seen, parts: Any = parts) -> Any:
            root, K, slope = parts(p)
            off = 4 * root * K - seen
            return {"length": off * 2 * K / root, "amplitude": off * 4 * root * slope}

        def twin(p: Any, seen: Any = seen) -> Any:
            a, g = 1.0 + 0 * p["amplitude"], np.cos(p["amplitude"] / 2)
            for _ in range(12):
                a, g = (a + g) / 2, np.sqrt(a * g)
            return np.sum((2 * np.pi * np.sqrt(p["length"]) / a - seen) ** 2) / 2

        def small_angles(p: Any, gradient: Any = gradient) -> Any:
            return {**gradient(p), "amplitude": np.zeros_like(p["amplitude"])}

        yield Case(
            f"{n} pendulums, {tolerance:.0e}",
            f,
            gradient,
            at,
            partial(complex_step, twin, at),
            {"small angles": small_angles},
        )


@family("solver noise/Markov chains", kind="solver noise", source=_SOURCE, split="validation")
def markov_chains(rng: np.random.Generator) -> Iterator[Case]:
    """Draw costs of stationary distributions, iterated to a tolerance; parameters are logits."""

    def transitions(logits: Any) -> Any:
        P = np.exp(logits)
        return P / np.sum(P, axis=1, keepdims=True)

    for n, tolerance in ((3, 1e-3), (5, 1e-6), (8, 1e-9), (12, 1e-12)):
        at, cost = rng.standard_normal((n, n)), rng.uniform(0, 3, n)

        def f(logits: Any, n: int = n, cost: Any = cost, tolerance: float = tolerance) -> float:
            P, share = transitions(logits), np.full(n, 1 / n)
            for _ in range(3000):
                before, share = share, share @ P
                if np.sum(np.abs(share - before)) < tolerance:
                    break
            return float(share @ cost)

        def stationary(P: Any, n: int = n) -> Any:
            return np.linalg.solve((np.eye(n) - P).T + np.ones((n, n)), np.ones(n))

        def gradient(
            logits: Any, n: int = n, cost: Any = cost, stationary: Any = stationary
        ) -> Any:
            P = transitions(logits)
            share = stationary(P)
            worth = np.linalg.solve(np.eye(n) - P + np.ones((n, n)), cost - share @ cost)
            return share[:, None] * P * (worth - (P @ worth)[:, None])

        def twin(logits: Any, cost: Any = cost, stationary: Any = stationary) -> Any:
            return stationary(transitions(logits)) @ cost

        def one_step(logits: Any, cost: Any = cost, stationary: Any = stationary) -> Any:
            P = transitions(logits)
            return stationary(P)[:, None] * P * (cost - (P @ cost)[:, None])

        yield Case(
            f"{n} states, {tolerance:.0e}",
            f,
            gradient,
            at,
            partial(complex_step, twin, at),
            {"one step only": one_step},
        )
