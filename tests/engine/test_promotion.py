"""Parameters in low precision: f is measured in float64 where it is the same function there."""

from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt
import pytest

import gradproof as gp

Array = npt.NDArray[Any]
TYPES = ["float32", "float16", "bfloat16"]
PARAMETERS = dict[str, Array]


def note(name: str) -> str:
    return f"f was evaluated in float64: its {name} parameters were promoted"


def dtype_of(name: str) -> Any:
    return np.dtype(ml_dtypes.bfloat16) if name == "bfloat16" else np.dtype(name)


class Logistic:
    """Logistic regression on data of the precision of the parameters, or a wider one."""

    def __init__(self, name: str = "float32") -> None:
        rng = np.random.default_rng(3)
        self.X = rng.standard_normal((60, 4)).astype(dtype_of(name))
        self.y = (rng.random(60) < 0.5).astype(dtype_of(name))
        self.w = rng.standard_normal(4).astype(dtype_of(name))

    def loss(self, w: Array) -> Any:
        X, y = (data.astype(np.result_type(data, w)) for data in (self.X, self.y))
        z = X @ w
        return np.mean(np.log1p(np.exp(z)) - y * z)

    def gradient(self, w: Array) -> Array:
        X, y = (data.astype(np.result_type(data, w)) for data in (self.X, self.y))
        z = X @ w
        return np.asarray(X.T @ (1 / (1 + np.exp(-z)) - y) / w.dtype.type(60))


class Network:
    """A tanh network with one hidden layer."""

    def __init__(self, name: str = "float32") -> None:
        rng = np.random.default_rng(4)
        kind = dtype_of(name)
        self.X = rng.standard_normal((30, 5)).astype(kind)
        self.at: PARAMETERS = {
            "W1": (0.5 * rng.standard_normal((5, 6))).astype(kind),
            "b1": (0.1 * rng.standard_normal(6)).astype(kind),
            "w2": rng.standard_normal(6).astype(kind),
        }

    def loss(self, t: PARAMETERS) -> Any:
        a = np.tanh(self.X @ t["W1"] + t["b1"])
        return np.mean((a @ t["w2"]) ** 2)

    def gradient(self, t: PARAMETERS) -> PARAMETERS:
        a = np.tanh(self.X @ t["W1"] + t["b1"])
        out = 2 * (a @ t["w2"]) / t["w2"].dtype.type(len(self.X))
        dz = out[:, None] * t["w2"] * (1 - a**2)
        return {"W1": self.X.T @ dz, "b1": dz.sum(0), "w2": a.T @ out}


def off(gradient: Callable[[Array], Array], factor: float, where: int) -> Callable[[Array], Array]:
    def wrong(w: Array) -> Array:
        claim = gradient(w)
        claim[where] *= claim.dtype.type(factor)
        return claim

    return wrong


def test_logistic_regression_in_float32() -> None:
    model = Logistic()
    assert model.loss(model.w).dtype == np.float32
    report = gp.check(model.loss, model.gradient, model.w)
    assert report.passed, report.summary()
    assert report.rtol == 1e-4
    assert note("float32") in report.notes
    for where in range(4):
        wrong = gp.check(model.loss, off(model.gradient, 1.01, where), model.w)
        assert wrong.verdict == "fail", wrong.summary()
        assert [c.index for c in wrong.culprits] == [(where,)]


def test_a_network_in_float32() -> None:
    net = Network()
    report = gp.check(net.loss, net.gradient, net.at)
    assert report.passed, report.summary()
    assert report.rtol == 1e-4
    assert note("float32") in report.notes

    def wrong(t: PARAMETERS) -> PARAMETERS:
        claim = net.gradient(t)
        claim["W1"][2, 3] *= np.float32(1.01)
        return claim

    failed = gp.check(net.loss, wrong, net.at)
    assert [c.address for c in failed.culprits] == ["t['W1'][2, 3]"]


def test_the_claim_is_the_one_made_in_low_precision() -> None:
    # In float64 the gradient is right; in float32 it is not, and that is what counts.
    model = Logistic()

    def wrong(w: Array) -> Array:
        claim = model.gradient(w)
        return claim * np.float32(1.01) if w.dtype == np.float32 else claim

    report = gp.check(model.loss, wrong, model.w)
    assert report.verdict == "fail", report.summary()
    assert any("is another in float64" in text for text in report.notes)


@pytest.mark.parametrize("name", TYPES)
def test_low_precisions(name: str) -> None:
    model = Logistic(name)
    report = gp.check(model.loss, model.gradient, model.w)
    assert report.passed, report.summary()
    assert note(name) in report.notes
    wrongs: list[Callable[[Array], Array]] = [
        off(model.gradient, 1.25, 1),
        off(model.gradient, -1.0, 2),
        lambda w: 2 * model.gradient(w),
    ]
    for wrong in wrongs:
        assert gp.check(model.loss, wrong, model.w).verdict == "fail"
    never = gp.check(gp.Problem(model.loss, model.gradient, model.w, promote="never"))
    assert never.verdict != "fail", never.summary()
    assert not any("promoted" in text for text in never.notes)


@pytest.mark.parametrize("name", TYPES)
def test_a_gradient_that_insists_on_low_precision(name: str) -> None:
    model = Logistic(name)

    def insists(w: Array) -> Array:
        if w.dtype != model.w.dtype:
            raise TypeError(f"only {name}")
        return model.gradient(w)

    report = gp.check(model.loss, insists, model.w)
    assert report.passed, report.summary()
    assert note(name) in report.notes
    assert report.gradient_calls == 2 + 1 + 2 - 1  # one is refused before it is made
    wrong = gp.check(model.loss, lambda w: -insists(w), model.w)
    assert wrong.verdict == "fail", wrong.summary()


def test_values_in_place_of_a_gradient() -> None:
    model = Logistic()
    report = gp.check(model.loss, model.gradient(model.w), model.w)
    assert report.passed, report.summary()
    assert (report.rtol, report.gradient_calls) == (1e-4, 0)
    wrong = off(model.gradient, 1.01, 0)(model.w)
    assert gp.check(model.loss, wrong, model.w).verdict == "fail"


def test_value_and_gradient_together() -> None:
    model = Logistic()
    report = gp.check(lambda w: (model.loss(w), model.gradient(w)), True, model.w)
    assert report.passed, report.summary()
    assert note("float32") in report.notes
    assert not report.causes


def casts(w: Array) -> Any:
    return np.sum(np.sin(np.asarray(w, dtype=np.float32)))


def casts_and_hides_it(w: Array) -> float:
    return float(casts(w))


def insists(w: Array) -> Any:
    if w.dtype != np.float32:
        raise TypeError("only float32")
    return np.sum(np.sin(w))


def insists_where_it_is_moved(w: Array) -> Any:
    if w.dtype != np.float32 and not np.array_equal(w, w.astype(np.float32)):
        raise RuntimeError("found no kernel")
    return np.sum(np.sin(w))


def is_another(w: Array) -> Any:
    return np.sum(np.sin(w)) * (1 if w.dtype == np.float32 else 2)


def is_another_around(w: Array) -> Any:
    return np.sum(np.sin(w if w.dtype == np.float32 else X + 2 * (w - X)))


def drifts_in_float64(w: Array) -> Any:
    CALLS.append(1)
    return np.sum(np.sin(w)) + (0 if w.dtype == np.float32 else 1e-9 * len(CALLS))


X = np.linspace(0.3, 1.2, 7).astype(np.float32)
CALLS: list[int] = []
NOT_PROMOTED = [
    casts,
    casts_and_hides_it,
    insists,
    insists_where_it_is_moved,
    is_another,
    is_another_around,
    drifts_in_float64,
]


@pytest.mark.parametrize("f", NOT_PROMOTED)
def test_what_is_not_the_same_function_in_float64_is_not_promoted(f: Any) -> None:
    report = gp.check(f, np.cos, X)
    assert report.passed, report.summary()
    (why,) = report.notes
    assert "it was measured as it is" in why
    assert report.rtol >= 1e-2
    alike = gp.check(gp.Problem(f, np.cos, X, promote="never"))
    assert alike.value == report.value
    assert gp.check(f, lambda w: 1.2 * np.cos(w), X).verdict == "fail"


def test_promotion_can_be_ruled_out() -> None:
    types = set()

    def f(w: Array) -> Any:
        types.add(w.dtype)
        return np.sum(np.sin(w))

    report = gp.check(gp.Problem(f, np.cos, X, promote="never"))
    assert report.passed, report.summary()
    assert types == {np.dtype(np.float32)}
    assert not report.notes
    assert gp.check(f, np.cos, X).passed
    assert types == {np.dtype(np.float32), np.dtype(np.float64)}


def test_float64_has_nothing_to_promote() -> None:
    report = gp.check(lambda w: np.sum(np.sin(w)), np.cos, X.astype(np.float64))
    assert report.passed
    assert (report.rtol, report.notes) == (1e-6, ())


def test_only_what_is_in_low_precision_is_promoted() -> None:
    at = {"a": X, "b": X.astype(np.float64), "c": np.float32(0.5), "d": 2}
    seen = set()

    def f(t: dict[str, Any]) -> Any:
        seen.add(tuple(np.asarray(v).dtype.name for v in t.values()))
        return np.sum(np.sin(t["a"])) + np.sum(t["b"] ** 2) + t["c"] ** 2 * t["d"]

    def gradient(t: dict[str, Any]) -> dict[str, Any]:
        b, c, d = (t[key] for key in "bcd")
        return {"a": np.cos(t["a"]), "b": 2 * b, "c": 2 * c * d, "d": c**2}

    report = gp.check(f, gradient, at)
    assert report.passed, report.summary()
    assert report.notes == (note("float32"),)
    assert seen == {("float32", "float64", "float32", "float64"), ("float64",) * 4}


def test_the_values_are_exactly_those_of_low_precision() -> None:
    points = []

    def f(w: Array) -> Any:
        points.append(w.copy())
        return np.sum(np.sin(w))

    assert gp.check(f, np.cos, X).passed
    wide = [p for p in points if p.dtype == np.float64]
    assert sum(np.array_equal(p, X.astype(np.float64)) for p in wide) >= 2


def test_the_price_is_true() -> None:
    for f in [np.sin, *NOT_PROMOTED[:-1]]:
        calls = [0, 0]

        def counted(w: Array, f: Any = f, calls: list[int] = calls) -> Any:
            calls[0] += 1
            return np.sum(f(w))

        def gradient(w: Array, calls: list[int] = calls) -> Array:
            calls[1] += 1
            return np.cos(w)

        report = gp.check(counted, gradient, X)
        assert (report.evaluations, report.gradient_calls) == tuple(calls)


def test_a_tolerance_of_ones_own_and_terms() -> None:
    model = Logistic()
    report = gp.check(model.loss, model.gradient, model.w, rtol=1e-5)
    assert report.rtol == 1e-5
    assert report.passed, report.summary()
    assert gp.check(model.loss, off(model.gradient, 1.001, 0), model.w, rtol=1e-5).verdict == "fail"

    problem = gp.Problem(np.sin, np.cos, X, terms="sum")
    by_terms = gp.check(problem)
    assert by_terms.passed, by_terms.summary()
    assert by_terms.notes == (note("float32"),)
    cast = gp.Problem(
        lambda w: np.sin(w.astype(np.float32)).astype(w.dtype), np.cos, X, terms="sum"
    )
    (why,) = gp.check(cast).notes
    assert "computes in less" in why


def test_a_random_function_is_promoted_with_the_same_dice() -> None:
    def mask() -> Array:
        return np.random.random(7) < 0.5  # noqa: NPY002

    report = gp.check(lambda w: np.sum(np.sin(w) * mask()), lambda w: np.cos(w) * mask(), X)
    assert report.passed, report.summary()
    assert len(report.notes) == 2
    wrong = gp.check(lambda w: np.sum(np.sin(w) * mask()), lambda w: 1.01 * np.cos(w) * mask(), X)
    assert wrong.verdict == "fail"


def test_an_f_that_changes_its_argument_does_so_in_float64() -> None:
    def f(w: Array) -> Any:
        w += 1
        return np.sum(np.sin(w))

    report = gp.check(f, lambda w: np.cos(w + 1), X)
    assert report.passed, report.summary()
    assert note("float32") in report.notes
    assert [cause.code for cause in report.causes] == ["GP102"]


@pytest.mark.parametrize("word", ["always", "", None, True, ["auto"]])
def test_words_that_promote_does_not_know_are_refused(word: Any) -> None:
    with pytest.raises(gp.InputError, match="^promote: found .*, expected 'auto' or 'never'"):
        gp.Problem(casts, np.cos, X, promote=word)


def test_bfloat16_by_its_name() -> None:
    from gradproof._base.floats import is_float, is_real, unit_roundoff

    kind = np.dtype(ml_dtypes.bfloat16)
    finfo: Any = ml_dtypes.finfo
    assert unit_roundoff(kind) == float(finfo(kind).eps) / 2 == 2.0**-8
    assert is_float(kind)
    assert is_real(kind)
    assert not is_real(np.dtype(ml_dtypes.float8_e4m3fn))


def test_half_precision_does_not_excuse_a_gradient_of_another_size() -> None:
    at = np.array([1.0, 2.0, 3.0], dtype=np.float16)

    def check(factor: float) -> gp.Report:
        def claim(t: Any) -> Any:
            return (factor * 2 * t).astype(t.dtype)

        return gp.check(gp.Problem(lambda t: np.sum(t**2), claim, at, promote="never"))

    assert check(1.0).verdict == "pass"
    assert check(1.3).verdict == "fail"
    assert check(3.0).verdict == "fail"


def normalised(p: Any) -> Any:
    """Return a loss of a normalised batch: it does not depend on the bias before that."""
    z = BATCH.astype(p["W"].dtype) @ p["W"] + p["b"]
    centred = z - z.mean(0)
    y = centred / np.sqrt((centred**2).mean(0) + np.asarray(1e-5, z.dtype))
    return np.sum(np.tanh(y * p["s"])), (y, centred)


def of_normalised(p: Any, error: float = 0.0) -> Any:
    """Return the gradient as it is written by hand, with an error in float32 alone."""
    _, (y, centred) = normalised(p)
    g = 1 - np.tanh(y * p["s"]) ** 2
    s = np.sum(g * y, 0)
    g = g * p["s"]
    spread = np.sqrt((centred**2).mean(0) + np.asarray(1e-5, y.dtype))
    g = (g - g.mean(0) - y * (g * y).mean(0)) / spread
    if y.dtype == np.float32:
        s = s * (1 + error)
    return {"W": BATCH.astype(y.dtype).T @ g, "b": g.sum(0), "s": s}


BATCH = np.random.default_rng(8).standard_normal((40, 6))
NORMALISED = {
    "W": np.random.default_rng(9).standard_normal((6, 5)).astype(np.float32),
    "b": np.random.default_rng(10).standard_normal(5).astype(np.float32),
    "s": np.linspace(0.5, 1.5, 5, dtype=np.float32),
}


def test_digits_that_cancel_in_low_precision_are_not_called_wrong() -> None:
    # The derivatives by b are 0, and what float32 makes of them is rounding alone.
    claim = of_normalised(NORMALISED)["b"]
    assert np.all(np.abs(claim) > 0)
    report = gp.check(lambda p: normalised(p)[0], of_normalised, NORMALISED)
    assert report.passed, report.summary()
    assert report.rtol == 1e-4
    assert any("loses digits in low precision" in note for note in report.notes)


@pytest.mark.parametrize("error", [1e-3, 1e-2, 1.0])
def test_an_error_in_low_precision_alone_is_one_beside_digits_that_cancel(error: float) -> None:
    report = gp.check(lambda p: normalised(p)[0], lambda p: of_normalised(p, error), NORMALISED)
    assert report.verdict == "fail"
    assert {one.path for one in report.culprits} == {("s",)}
    assert any("another in float64, by more than rounding" in note for note in report.notes)


def sum_of_sines(t: Any) -> Any:
    return np.sum(np.sin(t.astype(np.result_type(t, np.float32))))


def cosines(times: float, over: int = 1) -> Callable[[Array], Array]:
    """Return the gradient times a fraction, all rounded to the type of the parameters."""
    return lambda t: np.cos(t) * t.dtype.type(times) / t.dtype.type(over)


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
@pytest.mark.parametrize("size", [8, 20, 2_000])
@pytest.mark.parametrize(("times", "over"), [(1, 8), (1, 20), (3, 1), (0.7, 1)])
def test_a_factor_is_named_as_far_as_the_rounding_of_the_claim_tells(
    name: str, size: int, times: float, over: int
) -> None:
    for seed in range(4):
        x = np.random.default_rng(seed).uniform(-1, 1, size).astype(dtype_of(name))
        report = gp.check(sum_of_sines, cosines(times, over), x)
        assert [cause.code for cause in report.causes] == ["GP302"], report.summary()
        found = report.causes[0].parameters["factor"]
        assert found == pytest.approx(times / over, rel=3e-3)
        if times != 0.7 and name == "float16" and size > 8:  # which leaves no other number
            assert found == times / over
            assert "mean" in report.causes[0].message


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_facts_name_a_factor_in_low_precision(name: str) -> None:
    x = np.random.default_rng(0).uniform(-1, 1, 6).astype(dtype_of(name))
    report = gp.check(gp.Problem(sum_of_sines, cosines(1, 37), x, facts={"batch": 37}))
    assert "that is 1/batch" in report.causes[0].message
    assert report.leaves[0].ratio == pytest.approx(1 / 37, rel=5e-3)


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("plan", ["project", "leaves"])
def test_along_directions_the_rounding_of_a_claim_is_no_error(name: str, plan: str) -> None:
    x = np.random.default_rng(0).uniform(-1, 1, 2_000).astype(dtype_of(name))
    at = {"a": x, "b": x[:50]}

    def f(t: PARAMETERS) -> Any:
        return sum_of_sines(t["a"]) + sum_of_sines(t["b"])

    def claim(factor: float) -> Callable[[PARAMETERS], PARAMETERS]:
        return lambda t: {"a": cosines(factor)(t["a"]), "b": cosines(1)(t["b"])}

    for seed in range(2):
        assert gp.check(f, claim(1), at, plan=plan, seed=seed).passed
        assert gp.check(f, claim(1.05), at, plan=plan, seed=seed).verdict == "fail"


@pytest.mark.parametrize(
    ("of_f", "of_gradient", "which"),
    [
        (np.float32, np.float64, "f"),
        (np.float64, np.float32, "the gradient"),
        (np.float32, np.float32, "f"),
        (np.float64, np.float64, None),
    ],
)
@pytest.mark.parametrize("count", [6, 1_200])
def test_what_computes_in_float32_at_a_point_in_float64_is_told(
    of_f: type, of_gradient: type, which: str | None, count: int
) -> None:
    at = np.random.default_rng(0).standard_normal(count)

    def f(x: Any) -> float:
        return float(np.sum(np.sin(x.astype(of_f))))

    def gradient(x: Any) -> Any:
        return np.cos(x).astype(of_gradient)

    said = f"{which} computes in float32, though the parameters are in float64"
    report = gp.check(f, gradient, at)
    assert report.passed
    assert report.rtol == (1e-6 if which is None else 1e-2)
    assert [note for note in report.notes if "computes in" in note] == [
        f"{said}: its tolerance is then 0.01, where float64 throughout would show smaller errors"
    ] * (which is not None)
    # The digits of float32 in an array of float64 tell as well.
    if (of_f, of_gradient) == (np.float64, np.float32):
        report = gp.check(f, lambda x: gradient(x).astype(np.float64), at)
        assert report.rtol == 1e-2
        assert any("no more digits than those of float32, though" in note for note in report.notes)
    # Whoever says what is right needs no word about it, nor where the parameters say it all.
    for other in (
        gp.check(f, gradient, at, rtol=1e-2),
        gp.check(f, gradient, at.astype(np.float32)),
    ):
        assert not any("though the parameters" in note for note in other.notes)
