"""Models of statsmodels: likelihoods, links, norms, penalties, generators of copulas."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from benchmarks.estimators.claim import Claim, FloatArray, elementwise, of_likelihood
from scipy import sparse

LIBRARY = "statsmodels"
ROWS, COLUMNS = 40, 3


def claims() -> Iterator[Claim]:
    """Yield all claims."""
    for part in (_discrete, _generalised, _others, _links, _norms, _penalties, _copulas):
        yield from part()


def _design() -> tuple[np.random.Generator, FloatArray, FloatArray]:
    """Return a generator, a design with an intercept, and the means that it gives."""
    rng = np.random.default_rng(0)
    x = np.column_stack([np.ones(ROWS), rng.standard_normal((ROWS, COLUMNS - 1))])
    return rng, x, np.exp(x @ [0.5, 0.3, -0.2])


def _coefficients(*more: float) -> FloatArray:
    return np.array([0.4, 0.2, -0.3, *more])


def _discrete() -> Iterator[Claim]:
    from statsmodels.discrete import conditional_models as conditional
    from statsmodels.discrete import count_model as inflated
    from statsmodels.discrete import discrete_model as discrete
    from statsmodels.discrete import truncated_model as truncated
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    def binary(cls: Any) -> tuple[Any, FloatArray]:
        rng, x, mu = _design()
        return cls((rng.random(ROWS) < mu / (1 + mu)).astype(float), x), _coefficients()

    def counts(cls: Any, *more: float, positive: bool = False, **options: Any) -> Any:
        rng, x, mu = _design()
        model = cls(rng.poisson(mu).astype(float) + positive, x, **options)
        at = _coefficients(*more)
        model._transparams = False  # the dispersion itself, not its logarithm
        return model, np.array([0.3, *at]) if hasattr(model, "k_inflate") else at

    def choices(cls: Any) -> tuple[Any, FloatArray]:
        rng, x, _ = _design()
        return cls(rng.integers(0, 3, ROWS), x), np.linspace(-0.3, 0.4, 2 * COLUMNS)

    def groups(cls: Any) -> tuple[Any, FloatArray]:
        rng, x, mu = _design()
        y = rng.poisson(mu) if "Poisson" in cls.__name__ else rng.integers(0, 2, ROWS)
        return cls(y.astype(float), x[:, 1:], groups=np.repeat(np.arange(10), 4)), np.array(
            [0.2, -0.3]
        )

    def ordered() -> tuple[Any, FloatArray]:
        rng, x, _ = _design()
        return OrderedModel(rng.integers(0, 3, ROWS), x[:, 1:], distr="logit"), np.array(
            [0.2, -0.3, -0.5, 0.1]
        )

    for cls in (discrete.Logit, discrete.Probit):
        yield from of_likelihood(LIBRARY, cls.__name__, partial(binary, cls))
    yield from of_likelihood(LIBRARY, "MNLogit", partial(choices, discrete.MNLogit))
    yield from of_likelihood(LIBRARY, "OrderedModel", ordered)
    for cls in (conditional.ConditionalLogit, conditional.ConditionalPoisson):
        yield from of_likelihood(LIBRARY, cls.__name__, partial(groups, cls))
    several: list[tuple[str, Any, tuple[float, ...], dict[str, Any]]] = [
        ("Poisson", discrete.Poisson, (), {}),
        ("NegativeBinomial nb2", discrete.NegativeBinomial, (0.5,), {"loglike_method": "nb2"}),
        ("NegativeBinomial nb1", discrete.NegativeBinomial, (0.5,), {"loglike_method": "nb1"}),
        (
            "NegativeBinomial geometric",
            discrete.NegativeBinomial,
            (),
            {"loglike_method": "geometric"},
        ),
        ("ZeroInflatedPoisson", inflated.ZeroInflatedPoisson, (), {}),
        ("TruncatedLFPoisson", truncated.TruncatedLFPoisson, (), {"positive": True}),
    ]
    for p in (1, 2):
        several += [
            (f"NegativeBinomialP p={p}", discrete.NegativeBinomialP, (0.5,), {"p": p}),
            (f"GeneralizedPoisson p={p}", discrete.GeneralizedPoisson, (0.2,), {"p": p}),
            (
                f"ZeroInflatedNegativeBinomialP p={p}",
                inflated.ZeroInflatedNegativeBinomialP,
                (0.5,),
                {"p": p},
            ),
            (
                f"ZeroInflatedGeneralizedPoisson p={p}",
                inflated.ZeroInflatedGeneralizedPoisson,
                (0.2,),
                {"p": p},
            ),
            (
                f"TruncatedLFNegativeBinomialP p={p}",
                truncated.TruncatedLFNegativeBinomialP,
                (0.5,),
                {"p": p, "positive": True},
            ),
            (
                f"TruncatedLFGeneralizedPoisson p={p}",
                truncated.TruncatedLFGeneralizedPoisson,
                (0.2,),
                {"p": p, "positive": True},
            ),
        ]
    for name, cls, more, options in several:
        yield from of_likelihood(LIBRARY, name, partial(counts, cls, *more, **options))


def _generalised() -> Iterator[Claim]:
    import statsmodels.api as sm

    families, links = sm.families, sm.families.links

    def glm(family: Any) -> tuple[Any, FloatArray]:
        rng, x, mu = _design()
        name = type(family).__name__
        if name == "Binomial":
            y = (rng.random(ROWS) < mu / (1 + mu)).astype(float)
        elif name in ("Poisson", "NegativeBinomial"):
            y = rng.poisson(mu).astype(float)
        else:
            y = mu * rng.gamma(5.0, 0.2, ROWS)
        at = _coefficients()
        if type(family.link).__name__ in ("InversePower", "InverseSquared", "Sqrt", "Identity"):
            at = np.array([1.5, 0.1, -0.1])  # a mean above 0 everywhere
        if name == "Binomial" and type(family.link).__name__ in ("Log", "Identity", "LogC"):
            at = (
                np.array([-1.5, 0.1, -0.1])
                if type(family.link).__name__ != "Identity"
                else np.array([0.5, 0.05, -0.05])
            )
        return sm.GLM(y, x, family=family), at

    for cls, allowed in (
        (families.Gaussian, ("Identity", "Log", "InversePower")),
        (
            families.Binomial,
            ("Logit", "Probit", "Cauchy", "CLogLog", "LogLog", "Log", "LogC", "Identity"),
        ),
        (families.Poisson, ("Log", "Identity", "Sqrt")),
        (families.Gamma, ("Log", "InversePower", "Identity")),
        (families.InverseGaussian, ("InverseSquared", "InversePower", "Log", "Identity")),
        (families.NegativeBinomial, ("Log", "CLogLog", "Identity", "NegativeBinomial")),
    ):
        for link in allowed:
            if not hasattr(links, link) or (cls is families.NegativeBinomial and link != "Log"):
                continue
            make = partial(glm, cls(link=getattr(links, link)()))
            yield from of_likelihood(LIBRARY, f"GLM {cls.__name__}, {link}", make, scale=1.0)


def _others() -> Iterator[Claim]:
    import statsmodels.api as sm
    from statsmodels.multivariate.factor import Factor
    from statsmodels.othermod.betareg import BetaModel
    from statsmodels.regression.process_regression import ProcessMLE
    from statsmodels.tsa.ar_model import AutoReg

    def hazards(ties: str) -> tuple[Any, FloatArray]:
        rng, x, mu = _design()
        times = np.ceil(5 * rng.exponential(1 / mu))
        return sm.PHReg(times, x[:, 1:], status=rng.integers(0, 2, ROWS), ties=ties), np.array(
            [0.2, -0.3]
        )

    def beta() -> tuple[Any, FloatArray]:
        rng, x, mu = _design()
        mean = mu / (1 + mu)
        return BetaModel(rng.beta(5 * mean, 5 * (1 - mean)), x), _coefficients(1.5)

    def autoregression() -> tuple[Any, FloatArray]:
        walk = np.cumsum(np.random.default_rng(0).standard_normal(50))
        return AutoReg(walk, lags=2), np.array([0.1, 0.5, 0.2])

    def least_squares() -> tuple[Any, FloatArray]:
        rng, x, mu = _design()
        return sm.OLS(mu + rng.standard_normal(ROWS), x), _coefficients()

    def seasonal() -> tuple[Any, FloatArray]:
        walk = np.cumsum(np.random.default_rng(0).standard_normal(50))
        return sm.tsa.SARIMAX(walk, order=(1, 0, 1)), np.array([0.5, 0.2, 1.1])

    def processes() -> tuple[Any, FloatArray]:
        rng, x, mu = _design()
        y, time, groups = (
            mu + rng.standard_normal(ROWS),
            rng.random(ROWS),
            np.repeat(np.arange(8), 5),
        )
        model = ProcessMLE(y, x, x[:, :2], x[:, :2], x[:, :2], time, groups)
        return model, np.array([0.4, 0.2, -0.3, 0.1, 0.2, -0.3, 0.1, -0.2, 0.2])

    def factors() -> tuple[Any, FloatArray]:
        rng = np.random.default_rng(0)
        data = rng.standard_normal((60, 2)) @ rng.standard_normal((2, 5)) + rng.standard_normal(
            (60, 5)
        )
        model = Factor(data, n_factor=2, method="ml")
        return model, np.concatenate([0.6 + 0.1 * rng.random(5), 0.4 * rng.standard_normal(10)])

    models: dict[str, Callable[[], tuple[Any, FloatArray]]] = {
        "OLS": least_squares,
        "PHReg breslow": partial(hazards, "breslow"),
        "PHReg efron": partial(hazards, "efron"),
        "BetaModel": beta,
        "AutoReg": autoregression,
        "SARIMAX": seasonal,
        "ProcessMLE": processes,
        "Factor": factors,
    }
    for name, make in models.items():
        yield from of_likelihood(LIBRARY, name, make)


def _links() -> Iterator[Claim]:
    import statsmodels.api as sm

    module = sm.families.links
    p = np.array([0.15, 0.3, 0.55, 0.8])
    for name in (
        *("Logit", "Probit", "Cauchy", "CLogLog", "LogLog", "Log", "LogC", "Identity", "Sqrt"),
        *("InversePower", "InverseSquared", "NegativeBinomial"),
    ):
        link = getattr(module, name)()
        z = np.asarray(link(p), dtype=float)
        say = partial(elementwise, LIBRARY, f"link {name}")
        yield say("deriv", link, link.deriv, p)
        yield say("deriv2", link.deriv, link.deriv2, p)
        yield say("inverse_deriv", link.inverse, link.inverse_deriv, z)
        yield say("inverse_deriv2", link.inverse_deriv, link.inverse_deriv2, z)
    for name in ("Power", "Binomial", "NegativeBinomial"):
        variance = getattr(sm.families.varfuncs, name)()
        yield elementwise(LIBRARY, f"variance {name}", "deriv", variance, variance.deriv, p)


def _norms() -> Iterator[Claim]:
    from statsmodels.robust import norms

    z = np.array([-9.3, -3.1, -1.2, -0.4, 0.3, 0.8, 1.7, 2.9, 7.2])
    for name in sorted(norms.__all__ if hasattr(norms, "__all__") else dir(norms)):
        cls = getattr(norms, name)
        if (
            not (isinstance(cls, type) and issubclass(cls, norms.RobustNorm))
            or cls is norms.RobustNorm
        ):
            continue
        try:
            norm = cls()
            norm.psi_deriv(z)
        except (TypeError, NotImplementedError, AttributeError):
            continue
        yield elementwise(LIBRARY, f"norm {name}", "psi", norm.rho, norm.psi, z)
        yield elementwise(LIBRARY, f"norm {name}", "psi_deriv", norm.psi, norm.psi_deriv, z)


def _penalties() -> Iterator[Claim]:
    from statsmodels.base import _penalties as penalties

    x = np.array([0.7, -1.3, 0.4, 2.5])
    for name, penalty in {
        "NonePenalty": penalties.NonePenalty(),
        "L2": penalties.L2(weights=np.array([1.0, 2.0, 0.5, 1.5])),
        "PseudoHuber": penalties.PseudoHuber(1.0, weights=np.array([1.0, 2.0, 0.5, 1.5])),
        "SCAD": penalties.SCAD(1.0),
        "SCADSmoothed": penalties.SCADSmoothed(1.0),
    }.items():
        problem = partial(_gradient, penalty.func, penalty.deriv, x)
        yield Claim(LIBRARY, f"penalty {name}", "deriv", problem)
        if hasattr(penalty, "deriv2") and name != "NonePenalty":
            second = partial(
                _gradient, lambda t, d=penalty.deriv: np.sum(d(t)), _diagonal(penalty.deriv2), x
            )
            yield Claim(LIBRARY, f"penalty {name}", "deriv2", second)


def _gradient(f: Any, slope: Any, at: FloatArray) -> Any:
    import gradproof as gp

    return gp.Problem(f, slope, at)


def _diagonal(second: Any) -> Any:
    def slope(t: FloatArray) -> FloatArray:
        found = np.asarray(second(t).todense() if sparse.issparse(second(t)) else second(t))
        return np.asarray(np.diag(found) if found.ndim == 2 else found, dtype=float)

    return slope


def _copulas() -> Iterator[Claim]:
    from statsmodels.distributions.copula import transforms

    t = np.array([0.2, 0.5, 0.8])
    for name, theta in (("Frank", 2.0), ("Clayton", 1.5), ("Gumbel", 1.7)):
        one = getattr(transforms, f"Transf{name}")()
        phi = np.array([0.3, 0.8, 1.4])
        say = partial(elementwise, LIBRARY, f"copula {name}")
        pairs = (("evaluate", "deriv", t), ("deriv", "deriv2", t))
        more = (("inverse", "deriv_inverse", phi), ("deriv_inverse", "deriv2_inverse", phi))
        for f, slope, at in (*pairs, *more, ("deriv2_inverse", "deriv3_inverse", phi)):
            if hasattr(one, f) and hasattr(one, slope):
                both = _with(getattr(one, f), theta), _with(getattr(one, slope), theta)
                yield say(slope, both[0], both[1], at)


def _with(function: Any, theta: float) -> Any:
    return lambda t: function(t, theta)
