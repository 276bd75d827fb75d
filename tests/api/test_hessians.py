"""Claims about second derivatives."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import scipy.sparse
from scipy.sparse.linalg import aslinearoperator

import gradproof as gp

Array = npt.NDArray[Any]
N = 5
B = np.random.default_rng(0).standard_normal((N, N))
A = B @ B.T
X = np.random.default_rng(1).standard_normal(N)


def f(x: Array) -> float:
    return float(x @ A @ x / 2 + np.sum(np.exp(x / 2)))


def gradient(x: Array) -> Array:
    return np.asarray(A @ x + np.exp(x / 2) / 2)


def hessian(x: Array) -> Array:
    return np.asarray(A + np.diag(np.exp(x / 2) / 4))


def off(*places: tuple[int, int]) -> Any:
    def wrong(x: Array) -> Array:
        found = hessian(x)
        for place in places:
            found[place] += 0.01
        return found

    return wrong


def hvp(matrix: Any) -> Any:
    return lambda x, v: matrix(x) @ v


def codes(report: gp.Report) -> list[str]:
    return [cause.code for cause in report.causes]


RIGHT: dict[str, Any] = {
    "array": gp.Hessian(hessian(X)),
    "function": gp.Hessian(hessian),
    "sparse": gp.Hessian(scipy.sparse.csr_array(hessian(X))),
    "operator": gp.Hessian(lambda x: aslinearoperator(hessian(x))),
    "product": gp.HVP(hvp(hessian)),
    "with a gradient": gp.Hessian(hessian, gradient=gradient),
    "product with a gradient": gp.HVP(hvp(hessian), gradient=gradient),
}


@pytest.mark.parametrize("claim", RIGHT.values(), ids=list(RIGHT))
def test_right_second_derivatives_pass(claim: Any) -> None:
    report = gp.check(f, claim, X)
    assert report.passed, report.summary()
    assert report.resolution < 1e-5
    if claim.gradient is not None:
        assert report.evaluations <= 2 * N + 40


WRONG = {
    "array": gp.Hessian(off((1, 3), (3, 1))(X)),
    "product": gp.HVP(hvp(off((1, 3), (3, 1)))),
    "with a gradient": gp.Hessian(off((1, 3), (3, 1)), gradient=gradient),
    "product with a gradient": gp.HVP(hvp(off((1, 3), (3, 1))), gradient=gradient),
}


@pytest.mark.parametrize("claim", WRONG.values(), ids=list(WRONG))
def test_wrong_entries_are_found(claim: Any) -> None:
    report = gp.check(f, claim, X)
    assert report.verdict == "fail"
    expected = {"d² f / d x[1] d x[3]", "d² f / d x[3] d x[1]"}
    if claim.gradient is not None:
        expected = {"d gradient[1] / d x[3]", "d gradient[3] / d x[1]"}
    assert {one.address for one in report.culprits} == expected
    truth = hessian(X)[1, 3]
    for culprit in report.culprits:
        assert culprit.claimed == pytest.approx(truth + 0.01)
        assert culprit.measured == pytest.approx(truth, abs=2 * culprit.bar)
        assert culprit.bar < 1e-6
    assert "GP506" not in codes(report)


@pytest.mark.parametrize(
    "claim",
    [
        gp.Hessian(off((0, 2))),
        gp.Hessian(lambda x: aslinearoperator(off((0, 2))(x))),
        gp.HVP(hvp(off((0, 2)))),
        gp.HVP(hvp(off((0, 2))), gradient=gradient),
    ],
)
def test_what_is_not_symmetric_is_said(claim: Any) -> None:
    report = gp.check(f, claim, X)
    assert report.verdict == "fail"
    assert codes(report)[0] == "GP506"


def test_an_antisymmetric_error_that_no_difference_shows_fails_all_the_same() -> None:
    # Forms of many parameters see what is symmetric; the rest is seen in the claim.
    n = 40
    at = np.linspace(0.5, 1.5, n)
    claim = np.diag(-np.sin(at))
    assert gp.check(lambda x: float(np.sum(np.sin(x))), gp.Hessian(claim), at).passed
    claim[3, 4], claim[4, 3] = 0.1, -0.1
    report = gp.check(lambda x: float(np.sum(np.sin(x))), gp.Hessian(claim), at)
    assert (report.verdict, codes(report)[0]) == ("fail", "GP506")
    assert report.causes[0].addresses == ("d² f / d x[3] d x[4]",)


def test_many_parameters_are_measured_by_random_forms() -> None:
    n = 60
    at = np.random.default_rng(2).uniform(0.5, 1.5, n)
    calls = [0]

    def counted(x: Array) -> float:
        calls[0] += 1
        return float(np.sum(np.sin(x)) + np.prod(np.cos(x[:3])))

    def right(x: Array, v: Array) -> Array:
        c, s = np.cos(x[:3]), np.sin(x[:3])
        mixed = -np.prod(c) * np.eye(3)
        for i in range(3):
            for j in range(3):
                if i != j:
                    mixed[i, j] = s[i] * s[j] * c[3 - i - j]
        found = -np.sin(x) * v
        found[:3] += mixed @ v[:3]
        return np.asarray(found)

    report = gp.check(counted, gp.HVP(right), at)
    assert report.passed, report.summary()
    assert calls[0] == report.evaluations
    assert report.evaluations < 1_500
    assert any("random forms" in note for note in report.notes)
    wrong = gp.check(counted, gp.HVP(lambda x, v: 1.01 * right(x, v)), at)
    assert codes(wrong) == ["GP302"]


def test_pytrees_have_addresses() -> None:
    at: dict[str, Any] = {"a": np.array([0.5, 1.5]), "b": 2.0}

    def g(p: Any) -> float:
        return float(np.sum(p["a"] ** 3) * p["b"])

    def second(p: Any, v: Any) -> Any:
        a, b = p["a"], p["b"]
        return {"a": 6 * a * b * v["a"] + 3 * a**2 * v["b"], "b": np.sum(3 * a**2 * v["a"])}

    assert gp.check(g, gp.HVP(second), at).passed
    nested = {
        "a": {"a": np.diag(6 * at["a"] * 2.0), "b": 3 * at["a"] ** 2},
        "b": {"a": 3 * at["a"] ** 2, "b": 0.5},
    }
    report = gp.check(g, gp.Hessian(nested), at)
    assert [one.address for one in report.culprits] == ["d² f / d p['b'] d p['b']"]


@pytest.mark.parametrize(
    ("claim", "options", "message"),
    [
        (gp.Hessian(hessian), {"bounds": (-5, 5)}, "bounds: found"),
        (gp.HVP(hvp(hessian)), {"terms": "sum"}, "terms: found 'sum'"),
    ],
)
def test_options_that_second_differences_have_no_room_for(
    claim: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(gp.InputError, match=message):
        gp.check(gp.Problem(f, claim, X, **options))


def test_what_is_no_function_is_refused() -> None:
    with pytest.raises(gp.InputError, match="HVP: found 3"):
        gp.HVP(3)  # type: ignore[arg-type]
    with pytest.raises(gp.InputError, match="gradient: found 'g'"):
        gp.Hessian(hessian, gradient="g")  # type: ignore[arg-type]


def test_a_wrong_shape_is_a_wrong_claim() -> None:
    report = gp.check(f, gp.Hessian(np.zeros((4, 5))), X)
    assert (report.verdict, codes(report)) == ("fail", ["GP103"])
    other = gp.check(f, gp.HVP(lambda x, v: v[:4]), X)
    assert (other.verdict, codes(other)) == ("fail", ["GP103"])


def test_what_is_right_to_the_tolerance_may_be_as_asymmetric() -> None:
    x = np.array([0.3, 0.7, 1.1])

    def hessian(x: Any, off: float) -> Any:
        right = np.diag(-np.sin(x)) + 2.0
        right[0, 1] *= 1 + off
        return right

    def f(x: Any) -> float:
        return float(np.sum(np.sin(x)) + np.sum(x) ** 2)

    def gradient(x: Any) -> Any:
        return np.cos(x) + 2 * np.sum(x)

    for off, verdict in ((1e-7, "pass"), (1e-4, "fail")):
        claim = gp.Hessian(lambda x, off=off: hessian(x, off), gradient=gradient)
        report = gp.check(f, claim, x)
        assert report.verdict == verdict, report.summary()
    assert "GP506" in codes(report)
    claim = gp.Hessian(lambda x: hessian(x, 1e-7), gradient=gradient)
    assert gp.check(f, claim, x, rtol=1e-8).verdict == "fail"
