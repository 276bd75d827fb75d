"""Scores of statsmodels: common regressions."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from benchmarks.trust.case import Case, family
from benchmarks.trust.sources.statsmodels_scores import (
    FloatArray,
    columns,
    near,
    quietly,
    score_case,
    standardised,
    with_intercept,
)
from benchmarks.trust.truth import complex_step
from scipy import special

_NEEDS = ("statsmodels",)
_SOURCE = "statsmodels"


def _visits(rng: np.random.Generator, rows: int) -> tuple[FloatArray, FloatArray]:
    """Return doctor visits and standardised covariates of some people."""
    table = columns("randhie", "mdvis", "lncoins", "idp", "lpi", "fmde", "physlm", "disea")
    table = table[rng.permutation(len(table))[:rows]]
    return table[:, 0], with_intercept(standardised(table[:, 1:]))


@family(
    "statsmodels Poisson and NB2", kind="ordinary", source=_SOURCE, split="tuning", needs=_NEEDS
)
def _counts(rng: np.random.Generator) -> Iterator[Case]:
    from statsmodels.discrete.discrete_model import NegativeBinomial, Poisson

    for rows in (120, 400):
        y, x = _visits(rng, rows)
        exposure = rng.uniform(0.5, 3, rows)
        model = Poisson(y, x, exposure=exposure)
        at = near(quietly(model.fit, disp=0), rng)

        def poisson(b: Any, y: Any = y, x: Any = x, exposure: Any = exposure) -> Any:
            eta = x @ b + np.log(exposure)
            return np.sum(y * eta - np.exp(eta) - special.gammaln(y + 1))

        def unexposed(b: Any, y: Any = y, x: Any = x) -> Any:
            return x.T @ (y - np.exp(x @ b))

        yield score_case(
            f"Poisson with exposure, {rows} rows",
            model,
            at,
            poisson,
            {"exposure forgotten": unexposed},
        )

        model = NegativeBinomial(y, x, loglike_method="nb2")
        at = near(quietly(model.fit, disp=0), rng)
        model._transparams = False

        def nb2(b: Any, y: Any = y, x: Any = x) -> Any:
            mu, size = np.exp(x @ b[:-1]), 1 / b[-1]
            log_gammas = special.loggamma(y + size) - special.loggamma(size)
            return np.sum(
                log_gammas
                - special.gammaln(y + 1)
                + size * np.log(size / (size + mu))
                + y * np.log(mu / (size + mu))
            )

        def fixed_mean(b: Any, y: Any = y, x: Any = x, model: Any = model) -> Any:
            # The variance function of Poisson is used for the coefficients.
            return np.append(x.T @ (y - np.exp(x @ b[:-1])), model.score(b)[-1])

        def inner(b: Any, model: Any = model) -> Any:
            # The derivative of 1 / alpha is forgotten.
            g = np.array(model.score(b))
            g[-1] *= -(b[-1] ** 2)
            return g

        yield score_case(
            f"NB2, {rows} rows",
            model,
            at,
            nb2,
            {"weights of Poisson": fixed_mean, "derivative to 1/alpha": inner},
        )


@family(
    "statsmodels Logit and Probit", kind="ordinary", source=_SOURCE, split="tuning", needs=_NEEDS
)
def _binary(rng: np.random.Generator) -> Iterator[Case]:
    from statsmodels.discrete.discrete_model import Logit, Probit

    spector = columns("spector", "GRADE", "GPA", "TUCE", "PSI")
    fair = columns(
        "fair", "affairs", "rate_marriage", "age", "yrs_married", "children", "religious", "educ"
    )
    fair = fair[rng.permutation(len(fair))[:700]]
    data = {
        "spector": (spector[:, 0], with_intercept(spector[:, 1:])),
        "fair": ((fair[:, 0] > 0).astype(np.float64), with_intercept(standardised(fair[:, 1:]))),
    }
    for name, (y, x) in data.items():
        for model in (Logit(y, x), Probit(y, x)):
            at = near(quietly(model.fit, disp=0), rng)
            probit = isinstance(model, Probit)

            def again(b: Any, y: Any = y, x: Any = x, probit: bool = probit) -> Any:
                z = (2 * y - 1) * (x @ b)
                return np.sum(special.log_ndtr(z) if probit else -np.log1p(np.exp(-z)))

            def linear(b: Any, y: Any = y, x: Any = x) -> Any:
                # The residual of a probability, without the factor of the probit.
                return x.T @ (y - special.ndtr(x @ b))

            def unsigned(b: Any, y: Any = y, x: Any = x) -> Any:
                z = (2 * y - 1) * (x @ b)
                ratio = np.exp(-(z**2) / 2 - special.log_ndtr(z)) / np.sqrt(2 * np.pi)
                return x.T @ ratio

            def doubled(b: Any, y: Any = y, x: Any = x) -> Any:
                p = special.expit(x @ b)
                return x.T @ ((y - p) * p * (1 - p))

            mistakes = (
                {"probability slope forgotten": linear, "sign of failures": unsigned}
                if probit
                else {"slope of the squared loss": doubled}
            )
            yield score_case(f"{type(model).__name__} on {name}", model, at, again, mistakes)


@family(
    "statsmodels GLM, canonical links",
    kind="ordinary",
    source=_SOURCE,
    split="tuning",
    needs=_NEEDS,
)
def _canonical(rng: np.random.Generator) -> Iterator[Case]:
    import statsmodels.api as sm

    star = columns("star98", "NABOVE", "NBELOW", "LOWINC", "PERASIAN", "PERBLACK", "PTRATIO")
    x = with_intercept(standardised(star[:, 2:]))
    model = sm.GLM(star[:, :2], x, family=sm.families.Binomial())
    trials = star[:, :2].sum(axis=1)

    def binomial(b: Any) -> Any:
        eta = x @ b
        constant = (
            special.gammaln(trials + 1)
            - special.gammaln(star[:, 0] + 1)
            - special.gammaln(star[:, 1] + 1)
        )
        return np.sum(constant + star[:, 0] * eta - trials * np.log1p(np.exp(eta)))

    for i in range(2):
        at = near(quietly(model.fit), rng, 2.0)
        yield score_case(
            f"Binomial of trials {i}",
            model,
            at,
            binomial,
            {
                "trials forgotten": lambda b: x.T @ (star[:, 0] / trials - special.expit(x @ b)),
                "mean of trials": lambda b: (
                    x.T @ (star[:, 0] / trials - special.expit(x @ b)) * trials.mean()
                ),
            },
            scale=1.0,
        )

    votes = columns("scotland", "YES", "UNEMPF", "MOR", "GDP", "AGE")
    z = with_intercept(standardised(votes[:, 1:]))
    gamma = quietly(sm.GLM, votes[:, 0], z, family=quietly(sm.families.Gamma))
    scale = 0.02

    def inverse(b: Any) -> Any:
        mu, y, k = 1 / (z @ b), votes[:, 0], 1 / scale
        return np.sum(k * np.log(k * y / mu) - k * y / mu - np.log(y) - special.gammaln(k))

    at = near(quietly(gamma.fit), rng)
    yield score_case(
        "Gamma of the inverse",
        gamma,
        at,
        inverse,
        {"scale forgotten": lambda b: -z.T @ (votes[:, 0] - 1 / (z @ b))},
        scale=scale,
    )

    weights = rng.uniform(0.3, 2, len(z))
    normal = sm.GLM(votes[:, 0], z, family=sm.families.Gaussian(), var_weights=weights)

    def gaussian(b: Any) -> Any:
        residual = votes[:, 0] - z @ b
        return -np.sum(weights * residual**2 / 4.0 + np.log(2 * np.pi * 2.0 / weights) / 2)

    at = near(quietly(normal.fit), rng)
    yield score_case(
        "weighted Gaussian",
        normal,
        at,
        gaussian,
        {"weights forgotten": lambda b: z.T @ (votes[:, 0] - z @ b) / 2.0},
        scale=2.0,
    )


@family(
    "statsmodels OLS on raw columns",
    kind="badly scaled",
    source=_SOURCE,
    split="tuning",
    needs=_NEEDS,
)
def _raw(rng: np.random.Generator) -> Iterator[Case]:
    import statsmodels.api as sm

    data = {
        "longley": columns("longley", "TOTEMP", "GNPDEFL", "UNEMP", "ARMED", "POP"),
        "macrodata": columns("macrodata", "realcons", "realgdp", "cpi", "tbilrate", "unemp"),
        "engel": columns("engel", "foodexp", "income"),
    }
    for name, table in data.items():
        y, x = table[:, 0], with_intercept(table[:, 1:])
        model = sm.OLS(y, x)
        fitted = quietly(model.fit)
        spread = np.asarray(fitted.bse)
        for scale in (None, float(fitted.scale)):
            at = np.asarray(fitted.params) + spread * rng.uniform(2, 5, spread.size)

            def again(b: Any, y: Any = y, x: Any = x, scale: float | None = scale) -> Any:
                ssr = np.sum((y - x @ b) ** 2)
                rows = len(y)
                if scale is None:
                    return -rows / 2 * (np.log(2 * np.pi * ssr / rows) + 1)
                return -rows / 2 * np.log(2 * np.pi * scale) - ssr / (2 * scale)

            def unprofiled(b: Any, y: Any = y, x: Any = x) -> Any:
                return x.T @ (y - x @ b)

            yield score_case(
                f"{name}, {'profile' if scale is None else 'scale given'}",
                model,
                at,
                again,
                {"scale forgotten": unprofiled},
                scale=scale,
            )


@family(
    "statsmodels smooth M-estimators", kind="ordinary", source=_SOURCE, split="tuning", needs=_NEEDS
)
def _robust(rng: np.random.Generator) -> Iterator[Case]:
    from statsmodels.robust import norms

    stack = columns("stackloss", "STACKLOSS", "AIRFLOW", "WATERTEMP", "ACIDCONC")
    crime = columns("statecrime", "murder", "hs_grad", "poverty", "single", "urban")
    for table, scale in ((stack, 2.5), (crime, 1.5)):
        y, x = table[:, 0], with_intercept(standardised(table[:, 1:]))
        start = np.linalg.lstsq(x, y, rcond=None)[0]
        for norm in (norms.LeastSquares(), norms.StudentT()):
            at = start + 0.3 * scale * rng.standard_normal(start.size)
            student = isinstance(norm, norms.StudentT)

            def f(b: Any, y: Any = y, x: Any = x, norm: Any = norm, s: float = scale) -> float:
                return float(np.sum(norm.rho((y - x @ b) / s)))

            def g(b: Any, y: Any = y, x: Any = x, norm: Any = norm, s: float = scale) -> FloatArray:
                return np.asarray(-x.T @ norm.psi((y - x @ b) / s) / s)

            def again(
                b: Any,
                y: Any = y,
                x: Any = x,
                s: float = scale,
                norm: Any = norm,
                student: bool = student,
            ) -> Any:
                z = (y - x @ b) / s
                if student:
                    degrees = norm.df
                    return np.sum(norm.c**2 * degrees / 2 * np.log(1 + (z / norm.c) ** 2 / degrees))
                return np.sum(z**2 / 2)

            def unscaled(b: Any, g: Any = g, s: float = scale) -> Any:
                return g(b) * s

            def squares(b: Any, y: Any = y, x: Any = x, s: float = scale) -> Any:
                return -x.T @ (y - x @ b) / s**2

            yield Case(
                f"{type(norm).__name__}, {len(y)} rows",
                f,
                g,
                at,
                partial(complex_step, again, at),
                {"scale forgotten": unscaled, "weights forgotten": squares} if student else {},
            )


@family(
    "statsmodels factor rotation", kind="ordinary", source=_SOURCE, split="tuning", needs=_NEEDS
)
def _rotation(rng: np.random.Generator) -> Iterator[Case]:
    from statsmodels.multivariate.factor_rotation import _gpa_rotation as rotation

    for p, k, gamma in ((6, 2, 0.0), (8, 3, 0.5), (15, 4, 1.0)):
        at = rng.standard_normal((p, k)) * 0.6
        others = np.ones((k, k)) - np.eye(k)

        def mixed(loads: Any, gamma: float = gamma) -> Any:
            squares = loads**2
            return squares - gamma * squares.mean(axis=0)

        def oblimin(loads: Any, mixed: Any = mixed, others: Any = others) -> Any:
            return np.sum(loads**2 * (mixed(loads) @ others)) / 4

        def orthomax(loads: Any, mixed: Any = mixed) -> Any:
            return -np.sum(loads**2 * mixed(loads)) / 4

        yield Case(
            f"oblimin {p} × {k}",
            partial(
                lambda gamma, loads: float(rotation.oblimin_objective(L=loads, gamma=gamma)[0]),
                gamma,
            ),
            partial(
                lambda gamma, loads: rotation.oblimin_objective(L=loads, gamma=gamma)[1], gamma
            ),
            at,
            partial(complex_step, oblimin, at),
            {
                "own factor counted": partial(
                    lambda mixed, loads: loads * mixed(loads).sum(axis=1, keepdims=True), mixed
                )
            },
        )
        yield Case(
            f"orthomax {p} × {k}",
            partial(
                lambda gamma, loads: float(rotation.orthomax_objective(L=loads, gamma=gamma)[0]),
                gamma,
            ),
            partial(
                lambda gamma, loads: rotation.orthomax_objective(L=loads, gamma=gamma)[1], gamma
            ),
            at,
            partial(complex_step, orthomax, at),
        )


@family(
    "statsmodels Logit of many features",
    kind="ordinary",
    source=_SOURCE,
    split="tuning",
    needs=_NEEDS,
)
def _many(rng: np.random.Generator) -> Iterator[Case]:
    from statsmodels.discrete.discrete_model import Logit

    fair = columns(
        "fair", "affairs", "rate_marriage", "age", "yrs_married", "children", "religious", "educ"
    )
    fair = fair[rng.permutation(len(fair))[:500]]
    y, z = (fair[:, 0] > 0).astype(np.float64), standardised(fair[:, 1:])
    for width in (100, 300):
        phases = z @ rng.standard_normal((z.shape[1], width)) * 0.7 + rng.uniform(0, 6, width)
        x = with_intercept(np.cos(phases))
        model = quietly(Logit, y, x, check_rank=False)
        at = 0.4 * rng.standard_normal(width + 1)

        def again(b: Any, x: Any = x) -> Any:
            return -np.sum(np.log1p(np.exp((1 - 2 * y) * (x @ b))))

        def shifted(b: Any, x: Any = x) -> Any:
            # The columns of the design are used without the intercept's.
            g = x.T @ (y - special.expit(x @ b))
            return np.append(g[1:], g[0])

        yield score_case(f"{width} cosines", model, at, again, {"columns shifted by one": shifted})
