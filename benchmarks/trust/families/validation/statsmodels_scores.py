"""Scores of statsmodels: the less common models, and functions with their derivatives."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
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


def _log_determinant(matrix: Any) -> Any:
    """Return the logarithm of a determinant of a complex matrix with a positive real part."""
    sign, logarithm = np.linalg.slogdet(matrix)
    return logarithm + 1j * np.angle(sign)


def _poisson(y: FloatArray, mu: Any) -> Any:
    return y * np.log(mu) - mu - special.gammaln(y + 1)


def _negative_binomial(y: FloatArray, mu: Any, size: Any) -> Any:
    return (
        special.loggamma(y + size)
        - special.loggamma(size)
        - special.gammaln(y + 1)
        + size * np.log(size / (size + mu))
        + y * np.log(mu / (size + mu))
    )


def _generalised_poisson(y: FloatArray, mu: Any, alpha: Any, p: int) -> Any:
    spread = 1 + alpha * mu ** (p - 1)
    shifted = mu + (spread - 1) * y
    return (
        np.log(mu)
        + (y - 1) * np.log(shifted)
        - y * np.log(spread)
        - special.gammaln(y + 1)
        - shifted / spread
    )


def _visits(rng: np.random.Generator, rows: int, *names: str) -> tuple[FloatArray, FloatArray]:
    """Return numbers of visits to a doctor, at most 12, and standardised covariates."""
    table = columns("randhie", "mdvis", *names)
    table = table[rng.permutation(len(table))[:rows]]
    return np.minimum(table[:, 0], 12), with_intercept(standardised(table[:, 1:]))


@family(
    "statsmodels GLM, other links",
    kind="ordinary",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _links(rng: np.random.Generator) -> Iterator[Case]:
    import statsmodels.api as sm
    from statsmodels.genmod.families import links

    families = sm.families
    star = columns("star98", "NABOVE", "NBELOW", "LOWINC", "PERASIAN", "PCTAF", "PERMINTE")
    star = star[rng.permutation(len(star))[:150]]
    trials = star[:, :2].sum(axis=1)
    x = with_intercept(standardised(star[:, 2:]))
    inverses: dict[str, tuple[Any, Callable[[Any], Any]]] = {
        "probit": (links.Probit(), special.ndtr),
        "complementary log-log": (links.CLogLog(), lambda z: 1 - np.exp(-np.exp(z))),
        "log-log": (links.LogLog(), lambda z: np.exp(-np.exp(-z))),
        "Cauchy": (links.Cauchy(), lambda z: np.arctan(z) / np.pi + 0.5),
    }
    for name, (link, inverse) in inverses.items():
        model = quietly(sm.GLM, star[:, :2], x, family=families.Binomial(link=link))
        at = near(quietly(model.fit), rng, 2.0)

        def binomial(b: Any, inverse: Callable[[Any], Any] = inverse) -> Any:
            p = inverse(x @ b)
            return np.sum(star[:, 0] * np.log(p) + star[:, 1] * np.log(1 - p))

        def canonical(b: Any, inverse: Callable[[Any], Any] = inverse) -> Any:
            return x.T @ (star[:, 0] - trials * inverse(x @ b))

        def no_variance(b: Any, inverse: Callable[[Any], Any] = inverse, link: Any = link) -> Any:
            p = inverse(x @ b)
            return x.T @ ((star[:, 0] - trials * p) / link.deriv(p))

        yield score_case(
            f"Binomial, {name}",
            model,
            at,
            binomial,
            {"link taken for canonical": canonical, "variance forgotten": no_variance}
            if name in ("probit", "Cauchy")
            else {},
            scale=1.0,
        )

    crime = columns("statecrime", "violent", "hs_grad", "poverty", "single", "urban")
    y, z = crime[:, 0] / 100, with_intercept(standardised(crime[:, 1:]))
    counts = np.round(y * 3)
    weights = rng.uniform(0.5, 2, len(y))
    scale = 0.3
    k = weights / scale

    def gamma(b: Any) -> Any:
        mu = np.exp(z @ b)
        return np.sum(k * np.log(k * y / mu) - k * y / mu - np.log(y) - special.gammaln(k))

    def inverse_gaussian(b: Any) -> Any:
        mu = np.exp(z @ b)
        return -np.sum(k * (y - mu) ** 2 / (y * mu**2) + np.log(2 * np.pi * y**3 / k)) / 2

    def negative_binomial(b: Any) -> Any:
        return np.sum(_negative_binomial(counts, np.exp(z @ b), 1 / 0.4) * k)

    def square_root(b: Any) -> Any:
        return np.sum(_poisson(counts, (z @ b) ** 2) * k)

    def tweedie(b: Any) -> Any:
        mu, p = np.exp(z @ b), 1.5
        return np.sum(k * (y * mu ** (1 - p) / (1 - p) - mu ** (2 - p) / (2 - p)))

    def power(b: Any) -> Any:
        return -np.sum(k * (y - (z @ b) ** 2.0) ** 2 + np.log(2 * np.pi / k)) / 2

    log = links.Log()
    others: dict[str, tuple[FloatArray, Any, Callable[[Any], Any]]] = {
        "Gamma, log": (y, families.Gamma(link=log), gamma),
        "inverse Gaussian, log": (y, families.InverseGaussian(link=log), inverse_gaussian),
        "negative binomial, log": (
            counts,
            families.NegativeBinomial(link=log, alpha=0.4),
            negative_binomial,
        ),
        "Poisson, square root": (counts, families.Poisson(link=links.Sqrt()), square_root),
        "Tweedie, log": (y, families.Tweedie(link=log, var_power=1.5), tweedie),
        "Gaussian, power": (
            y,
            families.Gaussian(link=links.Power(power=0.5), check_link=False),
            power,
        ),
    }
    for name, (response, distribution, again) in others.items():
        model = quietly(sm.GLM, response, z, family=distribution, var_weights=weights)
        at = near(quietly(model.fit), rng)

        def unweighted(b: Any, response: FloatArray = response, link: Any = distribution) -> Any:
            mu = link.link.inverse(z @ b)
            factor = (response - mu) / link.link.deriv(mu) / link.variance(mu) / scale
            return z.T @ factor

        def unlinked(b: Any, response: FloatArray = response, link: Any = distribution) -> Any:
            mu = link.link.inverse(z @ b)
            return z.T @ (k * (response - mu) / link.variance(mu))

        yield score_case(
            name,
            model,
            at,
            again,
            {"weights forgotten": unweighted, "link's slope forgotten": unlinked}
            if name.startswith(("Gamma", "negative"))
            else {},
            scale=scale,
        )


@family("statsmodels MNLogit", kind="ordinary", source=_SOURCE, split="validation", needs=_NEEDS)
def _multinomial(rng: np.random.Generator) -> Iterator[Case]:
    from statsmodels.discrete.discrete_model import MNLogit

    table = columns("anes96", "PID", "logpopul", "selfLR", "age", "educ", "income")
    table = table[rng.permutation(len(table))[:400]]
    modes = columns("modechoice", "choice", "mode", "hinc", "psize", "ttme", "gc")
    modes = modes[modes[:, 0] == 1]
    data = {
        "party": (table[:, 0], with_intercept(standardised(table[:, 1:]))),
        "party, three classes": (np.digitize(table[:, 0], [2, 5]) * 1.0, table[:, 1:4] / 10),
        "travel mode": (modes[:, 1] - 1, with_intercept(standardised(modes[:, 2:4]))),
    }
    for name, (y, x) in data.items():
        model = MNLogit(y, x)
        labels = np.asarray(y - y.min(), dtype=np.int64)
        classes = int(labels.max()) + 1
        at = near(quietly(model.fit, disp=0), rng, 1.0)

        def again(b: Any, x: Any = x, labels: Any = labels, classes: int = classes) -> Any:
            eta = np.column_stack(
                [np.zeros(len(x)), x @ b.reshape(x.shape[1], classes - 1, order="F")]
            )
            chosen = eta[np.arange(len(x)), labels]
            return np.sum(chosen - np.log(np.sum(np.exp(eta), axis=1)))

        def residuals(
            b: Any, x: Any = x, labels: Any = labels, classes: int = classes
        ) -> FloatArray:
            eta = x @ b.reshape(x.shape[1], classes - 1, order="F")
            p = np.exp(eta) / (1 + np.exp(eta).sum(axis=1, keepdims=True))
            return np.asarray((labels[:, None] == np.arange(1, classes)) - p)

        def row_order(b: Any, x: Any = x, residuals: Any = residuals) -> Any:
            return (x.T @ residuals(b)).ravel()

        def no_base(b: Any, x: Any = x, labels: Any = labels, classes: int = classes) -> Any:
            eta = x @ b.reshape(x.shape[1], classes - 1, order="F")
            p = np.exp(eta) / np.exp(eta).sum(axis=1, keepdims=True)
            return (x.T @ ((labels[:, None] == np.arange(1, classes)) - p)).ravel(order="F")

        yield score_case(
            name,
            model,
            at,
            again,
            {"flattened by rows": row_order, "base class forgotten": no_base}
            if name == "party"
            else {},
        )


@family(
    "statsmodels overdispersed counts",
    kind="ordinary",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _overdispersed(rng: np.random.Generator) -> Iterator[Case]:
    from statsmodels.discrete.discrete_model import (
        GeneralizedPoisson,
        NegativeBinomial,
        NegativeBinomialP,
    )

    y, x = _visits(rng, 200, "lncoins", "idp", "physlm", "disea", "hlthp")
    offset = rng.normal(0, 0.4, len(y))
    at = np.append(np.log(y.mean()) * np.eye(x.shape[1])[0], 0.4)
    at = at + 0.1 * rng.standard_normal(at.size)

    def mean(b: Any) -> Any:
        return np.exp(x @ b[:-1] + offset)

    for p in (1, 2):

        def generalised(b: Any, p: int = p) -> Any:
            return np.sum(_generalised_poisson(y, mean(b), b[-1], p))

        def negative(b: Any, p: int = p) -> Any:
            mu = mean(b)
            return np.sum(_negative_binomial(y, mu, mu ** (2 - p) / b[-1]))

        model = GeneralizedPoisson(y, x, p=p, offset=offset)
        yield score_case(
            f"generalised Poisson {p}",
            model,
            at * np.append(np.ones(at.size - 1), 0.6),
            generalised,
            {
                "offset forgotten": GeneralizedPoisson(y, x, p=p).score,
                "power 2 throughout": GeneralizedPoisson(y, x, p=2, offset=offset).score,
            }
            if p == 1
            else {},
        )
        model = NegativeBinomialP(y, x, p=p, offset=offset)
        yield score_case(
            f"negative binomial P {p}",
            model,
            at,
            negative,
            {"the other power": NegativeBinomialP(y, x, p=3 - p, offset=offset).score},
        )
        model = NegativeBinomial(y, x, loglike_method=f"nb{p}", offset=offset)
        model._transparams = False
        yield score_case(f"negative binomial {p}", model, at, negative)
        model = NegativeBinomial(y, x, loglike_method=f"nb{p}", offset=offset)
        model._transparams = True

        def logarithmic(b: Any, negative: Any = negative) -> Any:
            return negative(np.append(b[:-1], np.exp(b[-1])))

        def untransformed(b: Any, model: Any = model) -> Any:
            g = np.array(model.score(b))
            g[-1] /= np.exp(b[-1])
            return g

        yield score_case(
            f"negative binomial {p}, logarithm of alpha",
            model,
            np.append(at[:-1], np.log(at[-1])),
            logarithmic,
            {"factor alpha forgotten": untransformed},
        )
    geometric = NegativeBinomial(y, x, loglike_method="geometric", offset=offset)
    yield score_case(
        "geometric",
        geometric,
        at[:-1],
        lambda b: np.sum(_negative_binomial(y, np.exp(x @ b + offset), 1.0)),
    )


@family(
    "statsmodels zero-inflated counts",
    kind="ordinary",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _inflated(rng: np.random.Generator) -> Iterator[Case]:
    from statsmodels.discrete import count_model

    y, x = _visits(rng, 300, "lncoins", "fmde", "physlm", "disea")
    z = x[:, :3]
    exposure = rng.uniform(0.5, 2, len(y))

    def mixture(b: Any, log_probability: Callable[[Any], Any]) -> Any:
        w = 1 / (1 + np.exp(-z @ b[:3]))
        main = log_probability(b[3:])
        zeros = np.log(w + (1 - w) * np.exp(main))
        return np.sum(np.where(y == 0, zeros, np.log(1 - w) + main))

    densities: dict[str, tuple[Any, int, Callable[[Any], Any]]] = {
        "Poisson": (
            count_model.ZeroInflatedPoisson(y, x, exog_infl=z, exposure=exposure),
            0,
            lambda c: _poisson(y, exposure * np.exp(x @ c)),
        ),
        "generalised Poisson": (
            count_model.ZeroInflatedGeneralizedPoisson(y, x, exog_infl=z, p=2),
            1,
            lambda c: _generalised_poisson(y, np.exp(x @ c[:-1]), c[-1], 2),
        ),
        "negative binomial": (
            count_model.ZeroInflatedNegativeBinomialP(y, x, exog_infl=z, p=2),
            1,
            lambda c: _negative_binomial(y, np.exp(x @ c[:-1]), 1 / c[-1]),
        ),
    }
    for name, (model, extra, density) in densities.items():
        for i in range(2):
            at = np.concatenate(
                [
                    rng.normal([-0.6, 0, 0], 0.3),
                    rng.normal([1.0, 0, 0, 0, 0], 0.15),
                    rng.uniform(0.2, 0.6, extra),
                ]
            )

            def without_zeros(b: Any, model: Any = model) -> Any:
                # Zeros are taken to come from the inflation only.
                rows = np.array(model.score_obs(b))
                w = special.expit(z @ b[:3])
                zeros = y == 0
                rows[zeros, :3] = (z * (1 - w)[:, None])[zeros]
                rows[zeros, 3:] = 0
                return rows.sum(axis=0)

            def sign(b: Any, model: Any = model) -> Any:
                rows = np.array(model.score_obs(b))
                rows[y > 0, :3] *= -1
                return rows.sum(axis=0)

            yield score_case(
                f"{name} {i}",
                model,
                at,
                partial(lambda density, b: mixture(b, density), density),
                {"zeros of the inflation only": without_zeros, "sign where positive": sign}
                if i == 0
                else {},
            )


@family(
    "statsmodels truncated and hurdle counts",
    kind="ordinary",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _truncated(rng: np.random.Generator) -> Iterator[Case]:
    from statsmodels.discrete import truncated_model

    y, x = _visits(rng, 400, "lncoins", "physlm", "disea")

    densities: dict[str, tuple[Any, int, dict[str, int], Callable[..., Any]]] = {
        "Poisson": (
            truncated_model.TruncatedLFPoisson,
            0,
            {},
            lambda y, x, c: _poisson(y, np.exp(x @ c)),
        ),
        "generalised Poisson": (
            truncated_model.TruncatedLFGeneralizedPoisson,
            1,
            {"p": 1},
            lambda y, x, c: _generalised_poisson(y, np.exp(x @ c[:-1]), c[-1], 1),
        ),
        "negative binomial": (
            truncated_model.TruncatedLFNegativeBinomialP,
            1,
            {"p": 2},
            lambda y, x, c: _negative_binomial(y, np.exp(x @ c[:-1]), 1 / c[-1]),
        ),
    }
    for name, (model_class, extra, options, density) in densities.items():
        for truncation in (0, 1):
            keep = y > truncation
            kept_y, kept_x = y[keep], x[keep]
            model = model_class(kept_y, kept_x, truncation=truncation, **options)
            at = np.append(rng.normal([0.9, 0, 0, 0], 0.15), rng.uniform(0.2, 0.5, extra))

            def again(
                b: Any,
                density: Any = density,
                y: Any = kept_y,
                x: Any = kept_x,
                truncation: int = truncation,
            ) -> Any:
                below = sum(
                    np.exp(density(np.full(len(y), float(i)), x, b)) for i in range(truncation + 1)
                )
                return np.sum(density(y, x, b) - np.log(1 - below))

            yield score_case(
                f"{name}, more than {truncation}",
                model,
                at,
                again,
                {"truncation forgotten": partial(lambda model, b: model.model_main.score(b), model)}
                if truncation == 0
                else {},
            )
    hurdle = truncated_model.HurdleCountModel(y, x, dist="negbin", zerodist="poisson")
    at = np.concatenate([rng.normal([0.1, 0, 0, 0], 0.15), rng.normal([0.9, 0, 0, 0], 0.15), [0.4]])

    def two_parts(b: Any) -> Any:
        rate = np.exp(x @ b[:4])
        positive = y > 0
        main = _negative_binomial(y, np.exp(x @ b[4:-1]), 1 / b[-1])
        nothing = np.exp(_negative_binomial(0 * y, np.exp(x @ b[4:-1]), 1 / b[-1]))
        zero = np.where(positive, np.log(1 - np.exp(-rate)), -rate)
        return np.sum(zero) + np.sum((main - np.log(1 - nothing))[positive])

    def swapped(b: Any) -> Any:
        g = hurdle.score(b)
        return np.concatenate([g[4:8], g[:4], g[8:]])

    yield score_case("hurdle", hurdle, at, two_parts, {"parts swapped": swapped})


@family(
    "statsmodels beta regression", kind="ordinary", source=_SOURCE, split="validation", needs=_NEEDS
)
def _beta(rng: np.random.Generator) -> Iterator[Case]:
    from statsmodels.genmod.families import links
    from statsmodels.othermod.betareg import BetaModel

    crime = columns("statecrime", "urban", "hs_grad", "poverty", "single")
    y = np.clip(crime[:, 0] / 100, 0.02, 0.98)
    x = with_intercept(standardised(crime[:, 1:]))
    z = x[:, :2]
    inverses: dict[str, tuple[Any, Callable[[Any], Any]]] = {
        "logit": (links.Logit(), lambda t: 1 / (1 + np.exp(-t))),
        "probit": (links.Probit(), special.ndtr),
        "complementary log-log": (links.CLogLog(), lambda t: 1 - np.exp(-np.exp(t))),
        "Cauchy": (links.Cauchy(), lambda t: np.arctan(t) / np.pi + 0.5),
    }
    for name, (link, inverse) in inverses.items():
        model = BetaModel(y, x, exog_precision=z, link=link)
        at = rng.normal([0.7, 0, 0, 0, 1.5, 0.2], 0.15)

        def again(b: Any, inverse: Callable[[Any], Any] = inverse) -> Any:
            mu, phi = inverse(x @ b[:4]), np.exp(z @ b[4:])
            p, q = mu * phi, (1 - mu) * phi
            return np.sum(
                special.loggamma(phi)
                - special.loggamma(p)
                - special.loggamma(q)
                + (p - 1) * np.log(y)
                + (q - 1) * np.log(1 - y)
            )

        def parts(b: Any, link: Any = link) -> tuple[FloatArray, FloatArray]:
            mu, phi = link.inverse(x @ b[:4]), np.exp(z @ b[4:])
            star = np.log(y / (1 - y)) - special.psi(mu * phi) + special.psi((1 - mu) * phi)
            rest = np.log(1 - y) - special.psi((1 - mu) * phi) + special.psi(phi)
            return np.asarray(star), np.asarray(rest)

        def no_rest(b: Any, parts: Any = parts, link: Any = link) -> Any:
            mu, phi = link.inverse(x @ b[:4]), np.exp(z @ b[4:])
            star = parts(b)[0]
            return np.append(x.T @ (phi * star / link.deriv(mu)), z.T @ (phi * mu * star))

        def no_slope(b: Any, parts: Any = parts, link: Any = link) -> Any:
            mu, phi = link.inverse(x @ b[:4]), np.exp(z @ b[4:])
            star, rest = parts(b)
            return np.append(x.T @ (phi * star), z.T @ (phi * (mu * star + rest)))

        yield score_case(
            name,
            model,
            at,
            again,
            {"a term of the precision forgotten": no_rest, "link's slope forgotten": no_slope}
            if name == "logit"
            else {},
        )


@family(
    "statsmodels conditional likelihoods",
    kind="ordinary",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _conditional(rng: np.random.Generator) -> Iterator[Case]:
    from statsmodels.discrete import conditional_models

    firms = columns("grunfeld", "invest", "value", "capital", "year")
    firms = firms.reshape(-1, 20, 4)[:8, :8]
    groups = np.repeat(np.arange(8), 8)
    x = np.log(firms[:, :, 1:3])
    x = (x - x.mean(axis=1, keepdims=True)).reshape(-1, 2)
    x = np.column_stack([x, rng.standard_normal(len(x)), rng.standard_normal(len(x))])
    invested = firms[:, :, 0]
    binary = (invested > np.median(invested, axis=1, keepdims=True)).astype(np.float64).ravel()
    counts = np.round(invested / invested.mean(axis=1, keepdims=True) * 4).ravel()
    offset = rng.normal(0, 0.3, len(x))

    def per_group(values: Any) -> Any:
        return values.reshape(8, 8, *values.shape[1:])

    def logit(b: Any) -> Any:
        total = np.sum(binary * (x @ b + offset))
        for y, odds in zip(per_group(binary), per_group(np.exp(x @ b + offset)), strict=True):
            symmetric = np.array([1.0 + 0j])
            for odd in odds:
                symmetric = np.append(symmetric, 0) + odd * np.append(0, symmetric)
            total = total - np.log(symmetric[int(y.sum())])
        return total

    def shares(b: Any) -> FloatArray:
        rates = per_group(np.exp(x @ b + offset))
        return np.asarray((rates / rates.sum(axis=1, keepdims=True)).ravel())

    def unconditional(b: Any) -> Any:
        return x.T @ (binary - np.repeat(per_group(binary).sum(axis=1), 8) * shares(b))

    model = conditional_models.ConditionalLogit(binary, x, groups=groups, offset=offset)
    for i in range(2):
        yield score_case(
            f"logit {i}",
            model,
            0.6 * rng.standard_normal(4),
            logit,
            {"drawn with replacement": unconditional} if i else {},
        )

    def poisson(b: Any) -> Any:
        eta = x @ b + offset
        sums = np.log(per_group(np.exp(eta)).sum(axis=1))
        return np.sum(counts * eta) - np.sum(per_group(counts).sum(axis=1) * sums)

    def ungrouped(b: Any) -> Any:
        rates = np.exp(x @ b + offset)
        return x.T @ (counts - counts.sum() * rates / rates.sum())

    model = conditional_models.ConditionalPoisson(counts, x, groups=groups, offset=offset)
    for i in range(2):
        yield score_case(
            f"Poisson {i}",
            model,
            0.4 * rng.standard_normal(4),
            poisson,
            {"groups forgotten": ungrouped} if i else {},
        )

    small = np.repeat(np.arange(12), 5)
    classes = rng.permuted(np.tile([0, 1, 2, 0, 1], (12, 1)), axis=1).ravel()
    z = x[: len(small)]

    def multinomial(b: Any) -> Any:
        eta = np.column_stack([np.zeros(len(z)), z @ b.reshape(4, 2)])
        total = 0
        for g in range(12):
            rows = np.flatnonzero(small == g)
            orders = [
                np.exp(sum(eta[row, label] for row, label in zip(rows, order, strict=True)))
                for order in itertools.permutations(classes[rows])
            ]
            total = total + np.sum(eta[rows, classes[rows]]) - np.log(sum(orders))
        return total

    model = conditional_models.ConditionalMNLogit(classes, z, groups=small)
    yield score_case("multinomial", model, 0.4 * rng.standard_normal(8), multinomial)


@family(
    "statsmodels proportional hazards",
    kind="ordinary",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _hazards(rng: np.random.Generator) -> Iterator[Case]:
    import statsmodels.api as sm

    heart = columns("heart", "survival", "censors", "age")
    time, status = np.ceil(heart[:, 0] / 30) + 1, heart[:, 1]
    x = np.column_stack([standardised(heart[:, 2:]), rng.standard_normal((len(time), 3))])
    strata = rng.integers(0, 2, len(time))
    entry = np.maximum(time - rng.integers(1, 30, len(time)), 0.0)
    offset = rng.normal(0, 0.3, len(time))

    def likelihood(b: Any, ties: str, strata: Any, entry: Any, offset: Any) -> Any:
        eta = x @ b + offset
        total = 0
        for s in np.unique(strata):
            for t in np.unique(time[(strata == s) & (status == 1)]):
                fail = (strata == s) & (time == t) & (status == 1)
                risk = (strata == s) & (time >= t) & (entry <= t)
                everyone, failing = np.sum(np.exp(eta[risk])), np.sum(np.exp(eta[fail]))
                number = int(fail.sum())
                shares = np.arange(number) / number if ties == "efron" else np.zeros(number)
                total = total + np.sum(eta[fail]) - np.sum(np.log(everyone - shares * failing))
        return total

    none = np.zeros(len(time))
    choices: dict[str, dict[str, Any]] = {
        "plain": {},
        "strata": {"strata": strata},
        "late entry": {"entry": entry},
        "offset": {"offset": offset},
    }
    for name, options in choices.items():
        for ties in ("breslow", "efron"):
            model = quietly(sm.PHReg, time, x, status=status, ties=ties, **options)
            other = "efron" if ties == "breslow" else "breslow"
            wrong = quietly(sm.PHReg, time, x, status=status, ties=other, **options)
            plain = quietly(sm.PHReg, time, x, status=status, ties=ties)
            given = {"strata": none, "entry": none, "offset": none, **options}
            yield score_case(
                f"{ties}, {name}",
                model,
                0.5 * rng.standard_normal(4),
                partial(lambda ties, given, b: likelihood(b, ties, **given), ties, given),
                {"the other treatment of ties": wrong.score, "without it": plain.score}
                if name in ("strata", "late entry") and ties == "efron"
                else {},
            )


@family(
    "statsmodels mixed models", kind="ordinary", source=_SOURCE, split="validation", needs=_NEEDS
)
def _mixed(rng: np.random.Generator) -> Iterator[Case]:
    from statsmodels.regression.mixed_linear_model import MixedLM, MixedLMParams, VCSpec

    firms = columns("grunfeld", "invest", "value", "capital", "year")
    firms = firms.reshape(-1, 20, 4)[:8, :7]
    y = np.log(firms[:, :, 0]).ravel()
    x = with_intercept(standardised(np.log(firms[:, :, 1:3]).reshape(-1, 2)))
    groups = np.repeat(np.arange(8), 7)
    parts = [[rng.standard_normal((7, 2)) for _ in range(8)] for _ in range(2)]
    names = [[["first", "second"]] * 8] * 2

    def unpack(b: Any, k: int, root: bool) -> Any:
        triangle = np.zeros((k, k), dtype=np.result_type(b))
        triangle[np.tril_indices(k)] = b
        if root:
            return triangle @ triangle.T
        return triangle + np.tril(triangle, -1).T

    def likelihood(b: Any, k: int, root: bool, reml: bool, components: bool, fixed: bool) -> Any:
        beta, b = (b[:3], b[3:]) if fixed else (None, b)
        size = k * (k + 1) // 2
        psi = unpack(b[:size], k, root)
        variances = b[size:] ** 2 if root else b[size:]
        blocks = []
        for g in range(8):
            z = x[groups == g, :k]
            v = np.eye(7) + z @ psi @ z.T
            if components:
                v = v + sum(variances[j] * parts[j][g] @ parts[j][g].T for j in range(2))
            blocks.append((x[groups == g], y[groups == g], v))
        xvx = sum(xg.T @ np.linalg.solve(v, xg) for xg, _, v in blocks)
        if beta is None:
            xvy = sum(xg.T @ np.linalg.solve(v, yg) for xg, yg, v in blocks)
            beta = np.linalg.solve(xvx, xvy)
        form = sum((yg - xg @ beta) @ np.linalg.solve(v, yg - xg @ beta) for xg, yg, v in blocks)
        rows = len(y) - 3 if reml else len(y)
        value = -sum(_log_determinant(v) for _, _, v in blocks) / 2 - rows * np.log(form) / 2
        return value - _log_determinant(xvx) / 2 if reml else value

    for reml, root, components in itertools.product((True, False), repeat=3):
        k = 1 if components else 2
        options = {"exog_vc": VCSpec(["a", "b"], names, parts)} if components else {}
        model = quietly(MixedLM, y, x, groups, exog_re=x[:, :k], use_sqrt=root, **options)
        model.reml, model.fe_pen, model.cov_pen = reml, None, None
        model._freepat, model._cov_sing = None, 0
        covariance = np.array([1.2, 0.3, 0.9]) if k == 2 else np.array([1.1, 0.6, 0.5])
        covariance = covariance * rng.uniform(0.8, 1.2, 3)
        label = f"{'REML' if reml else 'ML'}, {'root' if root else 'full'}"
        label += ", components" if components else ""

        def again(
            b: Any,
            fixed: bool,
            k: int = k,
            root: bool = root,
            reml: bool = reml,
            components: bool = components,
        ) -> Any:
            return likelihood(b, k, root, reml, components, fixed)

        def other(b: Any, model: Any = model, reml: bool = reml) -> Any:
            # The score of the other one of ML and REML.
            model.reml = not reml
            try:
                return np.asarray(model.score(b))
            finally:
                model.reml = reml

        yield score_case(
            f"{label}, profile",
            model,
            covariance,
            partial(lambda again, b: again(b, False), again),
            {"ML for REML" if reml else "REML for ML": other} if root else {},
        )
        if components:
            continue

        def packed(b: Any, k: int = k, root: bool = root) -> Any:
            return MixedLMParams.from_packed(b, 3, k, root, has_fe=True)

        at = np.concatenate([rng.normal([4, 0.8, 0.5], 0.2), covariance])
        yield Case(
            f"{label}, fixed effects too",
            partial(lambda m, p, b: float(m.loglike(p(b), profile_fe=False)), model, packed),
            partial(lambda m, p, b: np.asarray(m.score(p(b), profile_fe=False)), model, packed),
            at,
            partial(lambda again, at: complex_step(lambda b: again(b, True), at), again, at),
        )


@family(
    "statsmodels Gaussian processes",
    kind="ordinary",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _processes(rng: np.random.Generator) -> Iterator[Case]:
    from statsmodels.regression.process_regression import ProcessMLE

    nino = columns("elnino", "YEAR", "JAN", "MAR", "MAY", "JUL", "SEP", "NOV")[:12]
    y = standardised(nino[:, 1:].reshape(-1, 1)).ravel()
    time = np.tile(np.arange(6.0), 12)
    groups = np.repeat(np.arange(12), 6)
    season = np.column_stack([np.sin(time), np.cos(time)])
    x = with_intercept(season)
    z = with_intercept(standardised(np.repeat(nino[:, :1], 6, axis=0)))
    for noise in (False, True):
        model = ProcessMLE(y, x, z, z, z if noise else None, time, groups)
        for i in range(2):
            at = np.concatenate(
                [0.4 * rng.standard_normal(3), rng.normal([0, 0, 0.3, 0], 0.2)]
                + ([rng.normal([-0.5, 0], 0.2)] if noise else [])
            )

            def again(b: Any, noise: bool = noise) -> Any:
                residual = y - x @ b[:3]
                scale, smooth = np.exp(z @ b[3:5]), np.exp(z @ b[5:7])
                total = 0
                for g in range(12):
                    rows = groups == g
                    u, s, t = smooth[rows], scale[rows], time[rows]
                    width = (u[:, None] + u) / 2
                    matrix = np.exp(-((t[:, None] - t) ** 2) / width / 2) / np.sqrt(width)
                    matrix = matrix * (u[:, None] * u) ** 0.25 * (s[:, None] * s)
                    if noise:
                        matrix = matrix + np.diag(np.exp(2 * z[rows] @ b[7:]))
                    r = residual[rows]
                    total = total - _log_determinant(matrix) / 2
                    total = total - r @ np.linalg.solve(matrix, r) / 2
                return total

            def no_determinant(b: Any, model: Any = model) -> Any:
                # The mean is right; the other parameters get the quadratic form only, which is
                # the score of the data without that of residuals of 0.
                g = np.array(model.score(b))
                kept, model.endog = model.endog, x @ b[:3]
                try:
                    g[3:] -= model.score(b)[3:]
                finally:
                    model.endog = kept
                return g

            yield score_case(
                f"{'with noise' if noise else 'without noise'} {i}",
                model,
                at,
                again,
                {"determinant forgotten": no_determinant} if i == 0 else {},
            )


@family("statsmodels subspaces", kind="ordinary", source=_SOURCE, split="validation", needs=_NEEDS)
def _subspaces(rng: np.random.Generator) -> Iterator[Case]:
    from statsmodels.multivariate.factor import Factor
    from statsmodels.regression.dimred import CORE, SlicedInverseReg

    star = columns("star98", "LOWINC", "PERASIAN", "PERBLACK", "PERHISP", "PERMINTE", "AVYRSEXP")
    for extra, k in ((0, 2), (24, 4)):
        data = np.column_stack([star, rng.standard_normal((len(star), extra))])
        p = data.shape[1]
        model = Factor(data, k, method="ml")
        at = np.append(rng.uniform(0.5, 0.9, p), 0.5 * rng.standard_normal(p * k))
        correlation = np.corrcoef(data.T)

        def factor(b: Any, p: int = p, k: int = k, correlation: Any = correlation) -> Any:
            loads = b[p:].reshape(k, p).T
            sigma = loads @ loads.T + np.diag(b[:p] ** 2)
            trace = np.trace(np.linalg.solve(sigma, correlation))
            return -(_log_determinant(sigma) + trace) / (2 * p)

        def variances(b: Any, p: int = p, model: Any = model) -> Any:
            # The derivative with respect to the uniqueness, not to its root.
            g = np.array(model.score(b))
            g[:p] /= 2 * b[:p]
            return g

        def by_rows(b: Any, p: int = p, k: int = k, model: Any = model) -> Any:
            g = np.array(model.score(b))
            g[p:] = g[p:].reshape(k, p).T.ravel()
            return g

        yield score_case(
            f"factors {p} × {k}",
            model,
            at,
            factor,
            {"derivative to the square": variances, "loads flattened by rows": by_rows},
        )
    for extra, k in ((0, 1), (0, 3), (34, 3)):
        data = standardised(np.column_stack([star, rng.standard_normal((len(star), extra))]))
        p = data.shape[1]
        classes = np.digitize(star[:, 0], [15, 30, 50])
        model = CORE(classes, data, k)
        groups = [data[classes == c] for c in np.unique(classes)]
        covariances = [np.cov(part.T) for part in groups]
        sizes = [len(part) for part in groups]

        def core(b: Any, p: int = p, k: int = k, cs: Any = covariances, ns: Any = sizes) -> Any:
            a = b.reshape(p, k)
            marginal = sum(n * c for n, c in zip(ns, cs, strict=True)) / sum(ns)
            value = sum(ns) * _log_determinant(a.T @ marginal @ a) / 2
            for n, c in zip(ns, cs, strict=True):
                value = value - n * _log_determinant(a.T @ c @ a) / 2
            return value

        def unweighted(b: Any, p: int = p, k: int = k, model: Any = model) -> Any:
            a = b.reshape(p, k)
            g = model.nobs * np.linalg.solve(a.T @ model.covm @ a, (model.covm @ a).T).T
            for c in model.covs:
                g = g - model.nobs / len(model.covs) * np.linalg.solve(a.T @ c @ a, (c @ a).T).T
            return g.ravel()

        at = rng.standard_normal(p * k)
        yield score_case(
            f"covariance reduction {p} × {k}", model, at, core, {"sizes forgotten": unweighted}
        )
    penalty = 0.3 * rng.standard_normal((4, 6))
    response = star[:, 0] + 5 * rng.standard_normal(len(star))
    for k in (1, 2):
        sliced = SlicedInverseReg(response, standardised(star))
        quietly(sliced.fit_regularized, ndim=k, pen_mat=penalty, slice_n=30, maxiter=1)
        means, shares = sliced._slice_means, sliced._slice_props

        def again(
            b: Any, k: int = k, m: Any = means, w: Any = shares, c: Any = sliced._covx
        ) -> Any:
            a = b.reshape(6, k)
            u = c @ a
            rest = m.T - u @ np.linalg.solve(u.T @ u, u.T @ m.T)
            return np.sum((penalty @ a) ** 2) + np.sum(w * np.sum(rest**2, axis=0))

        at = rng.standard_normal(6 * k)
        yield Case(
            f"sliced inverse regression 6 × {k}",
            partial(lambda m, b: float(m._regularized_objective(b)), sliced),
            partial(lambda m, b: np.asarray(m._regularized_grad(b)), sliced),
            at,
            partial(complex_step, again, at),
            {
                "penalty not transposed back": partial(
                    lambda m, k, b: (
                        m._regularized_grad(b)
                        - 2 * (penalty.T @ penalty @ b.reshape(6, k)).ravel()
                        + 2 * np.pad(penalty @ b.reshape(6, k), ((0, 2), (0, 0))).ravel()
                    ),
                    sliced,
                    k,
                )
            },
        )


@family(
    "statsmodels Bayesian mixed GLM",
    kind="ordinary",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _bayes(rng: np.random.Generator) -> Iterator[Case]:
    from statsmodels.genmod.bayes_mixed_glm import BinomialBayesMixedGLM, PoissonBayesMixedGLM

    for people, kind in ((20, "binomial"), (20, "poisson"), (300, "binomial"), (300, "poisson")):
        rows = 3 * people
        y, x = _visits(rng, rows, "lncoins", "disea")
        who = np.repeat(np.arange(people), 3)
        z = (who[:, None] == np.arange(people)).astype(np.float64)
        ident = (np.arange(people) >= people // 2).astype(np.int64)
        binomial = kind == "binomial"
        y = (y > 1).astype(np.float64) if binomial else np.minimum(y, 6)
        model = (BinomialBayesMixedGLM if binomial else PoissonBayesMixedGLM)(
            y, x, z, ident=ident, vcp_p=0.7, fe_p=2.0
        )
        model.rng, model.verbose = 5, False
        size = 5 + people
        at = np.concatenate(
            [
                0.3 * rng.standard_normal(3),
                rng.normal(-0.5, 0.2, 2),
                0.5 * rng.standard_normal(people),
            ]
        )

        def posterior(
            v: Any, y: Any = y, x: Any = x, who: Any = who, ident: Any = ident, b: bool = binomial
        ) -> Any:
            fixed, logs, effects = v[:3], v[3:5], v[5:]
            eta = x @ fixed + effects[who]
            value = np.sum(y * eta - (np.log1p(np.exp(eta)) if b else np.exp(eta)))
            own = logs[ident]
            value = value - np.sum(effects**2 / np.exp(2 * own)) / 2 - np.sum(own)
            return value - np.sum(logs**2) / (2 * 0.49) - np.sum(fixed**2) / 8

        def no_normaliser(v: Any, model: Any = model, ident: Any = ident) -> Any:
            g = np.array(model.logposterior_grad(v))
            g[3:5] += np.bincount(ident)
            return g

        def no_chain(v: Any, model: Any = model) -> Any:
            g = np.array(model.logposterior_grad(v))
            g[3:5] /= np.exp(v[3:5])
            return g

        yield Case(
            f"{kind} posterior, {people} groups",
            partial(lambda m, v: float(m.logposterior(v)), model),
            partial(lambda m, v: np.asarray(m.logposterior_grad(v)), model),
            at,
            partial(complex_step, posterior, at),
            {"normaliser forgotten": no_normaliser, "logarithm forgotten": no_chain}
            if people == 20
            else {},
        )
        if people > 20:
            continue
        at = np.append(at, rng.uniform(0.2, 0.5, size))

        def bound(
            v: Any,
            y: Any = y,
            x: Any = x,
            who: Any = who,
            ident: Any = ident,
            size: int = size,
            b: bool = binomial,
        ) -> Any:
            means, spreads = v[:size], v[size:]
            centre = x @ means[:3] + means[5:][who]
            spread = np.sqrt(x**2 @ spreads[:3] ** 2 + spreads[5:][who] ** 2)
            nodes, weights = np.polynomial.legendre.leggauss(10)
            value = np.sum(y * centre)
            for node, weight in zip(5 * nodes, 5 * weights, strict=True):
                eta = centre + spread * node
                h = -np.log1p(np.exp(eta)) if b else -np.exp(eta)
                value = value + weight * np.exp(-(node**2) / 2) / np.sqrt(2 * np.pi) * np.sum(h)
            m, s = means[3:5][ident], spreads[3:5][ident]
            value = value - np.sum(
                (means[5:] ** 2 + spreads[5:] ** 2) * np.exp(2 * (s**2 - m)) / 2 + m
            )
            value = value - np.sum(means[3:5] ** 2 + spreads[3:5] ** 2) / (2 * 0.49)
            value = value - np.sum(means[:3] ** 2 + spreads[:3] ** 2) / 8
            return value + np.sum(np.log(spreads))

        def no_entropy(v: Any, model: Any = model, size: int = size) -> Any:
            g = np.concatenate(model.vb_elbo_grad(v[:size], v[size:]))
            g[size:] -= 1 / v[size:]
            return g

        yield Case(
            f"{kind} evidence bound, {people} groups",
            partial(lambda m, k, v: float(m.vb_elbo(v[:k], v[k:])), model, size),
            partial(lambda m, k, v: np.concatenate(m.vb_elbo_grad(v[:k], v[k:])), model, size),
            at,
            partial(complex_step, bound, at),
            {"entropy forgotten": no_entropy},
        )


@family(
    "statsmodels links, variances, copulas",
    kind="ordinary",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _elementwise(rng: np.random.Generator) -> Iterator[Case]:
    from statsmodels.distributions.copula import depfunc_ev, transforms
    from statsmodels.genmod.families import links, varfuncs

    size = 8
    weights = rng.uniform(0.5, 2, size)

    def summed(
        name: str,
        f: Callable[[Any], Any],
        slope: Callable[[Any], Any],
        at: FloatArray,
        again: Callable[[Any], Any],
    ) -> Case:
        return Case(
            name,
            lambda t: float(np.sum(weights * f(t))),
            lambda t: weights * slope(t),
            at,
            lambda: complex_step(lambda t: np.sum(weights * again(t)), at),
        )

    p = rng.uniform(0.1, 0.9, size)
    z = rng.standard_normal(size)
    cloglog, negative = links.CLogLog(), links.NegativeBinomial(alpha=0.7)
    yield summed("logit", links.Logit(), links.Logit().deriv, p, lambda t: np.log(t / (1 - t)))
    yield summed(
        "inverse of log-log",
        links.LogLog().inverse,
        links.LogLog().inverse_deriv,
        z,
        lambda t: np.exp(-np.exp(-t)),
    )
    yield summed(
        "slope of the inverse of complementary log-log",
        cloglog.inverse_deriv,
        cloglog.inverse_deriv2,
        z,
        lambda t: np.exp(t - np.exp(t)),
    )
    yield summed(
        "link of negative binomial",
        negative,
        negative.deriv,
        p,
        lambda t: np.log(t / (t + 1 / 0.7)),
    )
    yield summed(
        "variance of Binomial",
        varfuncs.Binomial(),
        varfuncs.Binomial().deriv,
        p,
        lambda t: t * (1 - t),
    )
    clayton, gumbel, frank = (
        transforms.TransfClayton(),
        transforms.TransfGumbel(),
        transforms.TransfFrank(),
    )
    yield summed(
        "generator of Clayton",
        lambda t: clayton.evaluate(t, 1.4),
        lambda t: clayton.deriv(t, 1.4),
        p,
        lambda t: t**-1.4 - 1,
    )
    yield summed(
        "generator of Gumbel",
        lambda t: gumbel.evaluate(t, 2.3),
        lambda t: gumbel.deriv(t, 2.3),
        p,
        lambda t: (-np.log(t)) ** 2.3,
    )

    def frank_second(t: Any) -> Any:
        e = np.exp(2.1)
        u = np.exp(t + 2.1)
        return (e - 1) * u / (2.1 * (u - e + 1) ** 2)

    yield summed(
        "second derivative of the inverse of Frank",
        lambda t: frank.deriv2_inverse(t, 2.1),
        lambda t: frank.deriv3_inverse(t, 2.1),
        p + 0.5,
        frank_second,
    )
    asymmetric, husler = depfunc_ev.AsymLogistic(), depfunc_ev.HR()
    yield summed(
        "asymmetric logistic dependence",
        lambda t: asymmetric.evaluate(t, 0.4, 0.7, 0.5),
        lambda t: asymmetric.deriv(t, 0.4, 0.7, 0.5),
        p,
        lambda t: 0.3 * (1 - t) + 0.6 * t + ((0.4 * t) ** 2 + (0.7 * (1 - t)) ** 2) ** 0.5,
    )

    def husler_reiss(t: Any) -> Any:
        g = np.log((1 - t) / t) / 1.6
        return (1 - t) * special.ndtr(0.8 + g) + t * special.ndtr(0.8 - g)

    yield summed(
        "dependence of Hüsler and Reiss",
        lambda t: husler.evaluate(t, 0.8),
        lambda t: husler.deriv(t, 0.8),
        p,
        husler_reiss,
    )


@family(
    "statsmodels penalised fits", kind="ordinary", source=_SOURCE, split="validation", needs=_NEEDS
)
def _penalised(rng: np.random.Generator) -> Iterator[Case]:
    import statsmodels.api as sm
    from statsmodels.base import _penalties as penalties
    from statsmodels.base._penalized import PenalizedMixin
    from statsmodels.discrete.discrete_model import Logit
    from statsmodels.gam.api import BSplines, GLMGam

    class Penalised(PenalizedMixin, Logit):  # type: ignore[misc]
        pass

    y, x = _visits(rng, 200, "lncoins", "idp", "lpi", "fmde", "physlm", "disea")
    y = (y > 1).astype(np.float64)
    weights = rng.uniform(0.5, 2, x.shape[1])
    weight = 8.0

    def logit(b: Any) -> Any:
        return -np.sum(np.log1p(np.exp((1 - 2 * y) * (x @ b))))

    shapes: dict[str, tuple[Any, Callable[[Any], Any]]] = {
        "ridge": (penalties.L2(weights=weights), lambda b: np.sum(weights * b**2)),
        "pseudo-Huber": (
            penalties.PseudoHuber(0.4, weights=weights),
            lambda b: np.sum(weights * 0.16 * (np.sqrt(1 + (b / 0.4) ** 2) - 1)),
        ),
    }
    for name, (penalty, again) in shapes.items():
        model = quietly(Penalised, y, x, penal=penalty, pen_weight=weight)
        yield score_case(
            f"Logit, {name}",
            model,
            rng.normal(0, 0.5, (x.shape[1],)),
            partial(lambda again, b: logit(b) - weight * again(b), again),
            {
                "penalty forgotten": Logit(y, x).score,
                "penalty's weight forgotten": partial(
                    lambda penalty, b: Logit(y, x).score(b) - penalty.deriv(b), penalty
                ),
                "penalty added": partial(
                    lambda penalty, b: Logit(y, x).score(b) + weight * penalty.deriv(b), penalty
                ),
            },
        )
    table = columns("macrodata", "infl", "unemp", "tbilrate", "realint")
    smooth = standardised(table[:, 1:])
    linear = with_intercept(standardised(np.arange(float(len(table)))[:, None]))
    for sizes in ((6, 8), (20, 20, 20)):
        basis = BSplines(smooth[:, : len(sizes)], df=list(sizes), degree=[3] * len(sizes))
        alphas = [float(a) for a in rng.uniform(1, 30, len(sizes))]
        model = quietly(GLMGam, table[:, 0], exog=linear, smoother=basis, alpha=alphas)
        design = np.asarray(model.exog)
        penalty_matrices = [s.cov_der2 for s in basis.smoothers]
        at = rng.normal(0, 2, (design.shape[1],))

        def gam(
            b: Any,
            design: Any = design,
            alphas: Any = alphas,
            ms: Any = penalty_matrices,
            w: float = model.pen_weight,
        ) -> Any:
            rows = len(design)
            value = -np.sum((table[:, 0] - design @ b) ** 2) / (2 * 1.7)
            start = 2
            for alpha, m in zip(alphas, ms, strict=True):
                part = b[start : start + len(m)]
                value = value - w / 1.7 * alpha * (part @ m @ part) / rows
                start += len(m)
            return value

        plain = sm.GLM(table[:, 0], design)
        yield score_case(
            f"additive model of {design.shape[1]}",
            model,
            at,
            gam,
            {"penalty forgotten": partial(lambda plain, b: plain.score(b, scale=1.7), plain)},
            scale=1.7,
        )
    for k in (3, 6):
        root = rng.standard_normal((k, k)) + 2 * np.eye(k)
        at = (root @ root.T)[np.tril_indices(k)]

        def unpack(b: Any, k: int = k) -> Any:
            m = np.zeros((k, k), dtype=np.result_type(b))
            m[np.tril_indices(k)] = b
            return m + np.tril(m, -1).T

        def barrier(b: Any, unpack: Any = unpack) -> Any:
            return -0.5 * _log_determinant(unpack(b))

        yield Case(
            f"barrier of covariances {k} × {k}",
            partial(lambda u, b: float(penalties.PSD(0.5).func(u(b), None)), unpack),
            partial(lambda u, b: penalties.PSD(0.5).deriv(u(b), np.linalg.inv(u(b))), unpack),
            at,
            partial(complex_step, barrier, at),
            {
                "off-diagonals counted once": partial(
                    lambda u, k, b: -0.5 * np.linalg.inv(u(b))[np.tril_indices(k)], unpack, k
                )
            },
        )


@family(
    "statsmodels regressions on raw columns",
    kind="badly scaled",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _raw(rng: np.random.Generator) -> Iterator[Case]:
    import statsmodels.api as sm
    from statsmodels.discrete.discrete_model import Logit, Poisson, Probit

    punished = columns("cpunish", "EXECUTIONS", "INCOME", "PERPOVERTY", "PERBLACK", "VC100k96")
    y, x = punished[:, 0], with_intercept(punished[:, 1:])
    model = Poisson(y, x)
    at = near(quietly(model.fit, disp=0), rng)
    yield score_case(
        "Poisson of executions",
        model,
        at,
        lambda b: np.sum(_poisson(y, np.exp(x @ b))),
        {"of the mean": lambda b: x.T @ (y - np.exp(x @ b)) / len(y)},
    )
    people = columns("anes96", "vote", "popul", "selfLR", "age", "income")
    people = people[rng.permutation(len(people))[:300]]
    votes, z = people[:, 0], with_intercept(people[:, 1:])
    for binary in (Logit, Probit):
        model = binary(votes, z)
        at = near(quietly(model.fit, disp=0), rng)

        def again(b: Any, binary: Any = binary) -> Any:
            t = (2 * votes - 1) * (z @ b)
            return np.sum(special.log_ndtr(t) if binary is Probit else -np.log1p(np.exp(-t)))

        yield score_case(f"{binary.__name__} of votes", model, at, again)
    copper = columns("copper", "WORLDCONSUMPTION", "COPPERPRICE", "INCOMEINDEX", "INVENTORYINDEX")
    w, u = copper[:, 0], with_intercept(copper[:, 1:])
    gamma = quietly(sm.GLM, w, u, family=sm.families.Gamma(sm.families.links.Log()))
    at = near(quietly(gamma.fit), rng)
    k = 1 / 0.05

    def density(b: Any) -> Any:
        mu = np.exp(u @ b)
        return np.sum(k * np.log(k * w / mu) - k * w / mu - np.log(w) - special.gammaln(k))

    yield score_case(
        "Gamma of copper",
        gamma,
        at,
        density,
        {"variance forgotten": lambda b: u.T @ ((w - np.exp(u @ b)) * k)},
        scale=0.05,
    )
    card = columns("ccard", "AVGEXP", "AGE", "INCOME", "INCOMESQ", "OWNRENT")
    spent, v = card[:, 0], with_intercept(card[:, 1:])
    fitted = quietly(sm.OLS(spent, v).fit)
    at = near(fitted, rng, 2.0)
    yield score_case(
        "OLS of credit cards",
        sm.OLS(spent, v),
        at,
        lambda b: -len(spent) / 2 * (np.log(2 * np.pi * np.mean((spent - v @ b) ** 2)) + 1),
    )


@family(
    "statsmodels M-estimators with corners in psi",
    kind="kink",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _corners(rng: np.random.Generator) -> Iterator[Case]:
    from statsmodels.robust import norms

    table = columns("fair", "affairs", "rate_marriage", "age", "yrs_married", "educ")
    table = table[rng.permutation(len(table))[:300]]
    y = table[:, 0] + rng.gumbel(size=len(table))
    x = with_intercept(standardised(table[:, 1:]))
    start = np.linalg.lstsq(x, y, rcond=None)[0]
    slopes: dict[str, tuple[Any, Callable[[Any], Any]]] = {
        "Huber": (norms.HuberT(), lambda z: np.clip(z, -1.345, 1.345)),
        "Hampel": (
            norms.Hampel(),
            lambda z: (
                np.sign(z)
                * np.where(
                    np.abs(z) < 4, np.minimum(np.abs(z), 2), 2 * np.clip((8 - np.abs(z)) / 4, 0, 1)
                )
            ),
        ),
        "Andrew": (
            norms.AndrewWave(),
            lambda z: np.where(np.abs(z) <= 1.339 * np.pi, 1.339 * np.sin(z / 1.339), 0),
        ),
        "trimmed": (norms.TrimmedMean(), lambda z: np.where(np.abs(z) <= 2, z, 0)),
        "Tukey": (
            norms.TukeyBiweight(),
            lambda z: np.where(np.abs(z) <= 4.685, z * (1 - (z / 4.685) ** 2) ** 2, 0),
        ),
    }
    scale = 1.1
    for name, (norm, slope) in slopes.items():
        at = start + 0.2 * rng.standard_normal(start.size)

        def squares(b: Any, norm: Any = norm) -> Any:
            # The weights multiply psi, as in reweighted least squares done twice.
            r = (y - x @ b) / scale
            return -x.T @ (norm.psi(r) * norm.weights(r)) / scale

        yield Case(
            name,
            partial(lambda norm, b: float(np.sum(norm.rho((y - x @ b) / scale))), norm),
            partial(lambda norm, b: -x.T @ norm.psi((y - x @ b) / scale) / scale, norm),
            at,
            partial(lambda slope, at: -x.T @ slope((y - x @ at) / scale) / scale, slope, at),
            {"weighted twice": squares} if name in ("Huber", "Tukey") else {},
        )
