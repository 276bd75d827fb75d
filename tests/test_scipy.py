"""Whole problems of scipy.optimize, right ones and ones that are wrong on purpose."""

from typing import Any

import numpy as np
import pytest
import scipy.sparse
from scipy.optimize import (
    BFGS,
    Bounds,
    LinearConstraint,
    NonlinearConstraint,
    rosen,
    rosen_der,
    rosen_hess,
    rosen_hess_prod,
)
from scipy.sparse.linalg import LinearOperator, aslinearoperator

import gradproof as gp

START = np.array([-1.2, 1.0, 0.7])


def codes(found: gp.scipy.ProblemReport, name: str) -> list[str]:
    return [cause.code for cause in found.reports[name].causes]


def test_rosenbrock_with_all_its_derivatives() -> None:
    start = START.copy()
    found = gp.scipy.check_minimize(
        rosen, start, jac=rosen_der, hess=rosen_hess, hessp=rosen_hess_prod, points=3
    )
    assert found.passed, found.summary()
    assert bool(found)
    assert np.array_equal(start, START)
    names = {name.split(" at ")[0] for name in found.reports}
    assert names == {"jac", "hess", "hessp"}
    assert len(found.reports) == 12
    assert "hess at point 3" in found.reports
    assert found.summary().startswith("gradproof  PASS")
    assert found.evaluations == sum(one.evaluations for one in found.reports.values())


@pytest.mark.parametrize(
    "kind", [scipy.sparse.csr_array, scipy.sparse.coo_matrix, aslinearoperator]
)
def test_hessians_of_other_kinds(kind: Any) -> None:
    found = gp.scipy.check_minimize(
        rosen, START, jac=rosen_der, hess=lambda x: kind(rosen_hess(x)), points=0
    )
    assert found.passed, found.summary()


@pytest.mark.parametrize("jac", [rosen_der, None])
def test_of_an_operator_for_a_hessian_matvec_is_enough(jac: Any) -> None:
    def hess(x: Any, factor: float = 1.0) -> Any:
        return LinearOperator((3, 3), matvec=lambda v: factor * rosen_hess(x) @ v, dtype=float)

    found = gp.scipy.check_minimize(rosen, START, jac=jac, hess=hess, points=0)
    assert found.passed, found.summary()
    found = gp.scipy.check_minimize(rosen, START, jac=jac, hess=lambda x: hess(x, 2.0), points=0)
    assert "GP302" in codes(found, "hess at x0")


def test_value_and_gradient_together_and_args() -> None:
    def fun(x: Any, a: float, b: Any) -> Any:
        return a * np.sum(np.sin(b * x)), a * b * np.cos(b * x)

    b = np.array([1.0, 2.0, 0.5])
    assert gp.scipy.check_minimize(fun, START, (3.0, b), jac=True).passed
    wrong = gp.scipy.check_minimize(lambda x, a: (a * np.sum(x**2), a * x), START, 3.0, jac=True)
    assert wrong.verdict == "fail"
    assert codes(wrong, "jac at x0") == ["GP302"]
    found = gp.scipy.check_minimize(
        lambda x, a: a * x @ x,
        START,
        3.0,
        jac=lambda x, a: 2 * a * x,
        hess=lambda x, a: 2 * a * np.eye(3),
    )
    assert found.passed, found.summary()


def test_a_wrong_hessp_is_found_beside_a_right_gradient() -> None:
    found = gp.scipy.check_minimize(
        rosen, START, jac=rosen_der, hessp=lambda x, p: 1.1 * rosen_hess_prod(x, p), points=1
    )
    assert set(found.failed) == {"hessp at x0", "hessp at point 1"}
    assert "hessp at x0" in found.summary()


def test_a_hessian_is_not_measured_by_a_gradient_that_is_wrong() -> None:
    found = gp.scipy.check_minimize(
        rosen, START, jac=lambda x: 2 * rosen_der(x), hess=rosen_hess, points=0
    )
    assert list(found.failed) == ["jac at x0"]
    found = gp.scipy.check_minimize(
        rosen, START, jac=lambda x: 2 * rosen_der(x), hess=lambda x: 2 * rosen_hess(x), points=0
    )
    assert set(found.failed) == {"jac at x0", "hess at x0"}


@pytest.mark.parametrize("jac", [None, lambda x: 2 * rosen_der(x)])
def test_second_derivatives_within_bounds_need_a_right_gradient(jac: Any) -> None:
    found = gp.scipy.check_minimize(
        rosen, START, jac=jac, hess=rosen_hess, bounds=[(-2, 2)] * 3, points=0
    )
    assert list(found.reports) == ([] if jac is None else ["jac at x0"])
    assert found.unchecked[0].startswith("hess at x0: where there are bounds")
    assert found.verdict == ("inconclusive" if jac is None else "fail")
    assert found.verdict.value.upper() in found.summary().splitlines()[0]


def test_a_claim_that_cannot_be_looked_at_is_told_before_anything_is_minimised() -> None:
    problem: Any = {"hess": rosen_hess, "bounds": [(-2, 2)] * 3, "points": 0}
    with pytest.raises(gp.InputError, match="hess at x0: .* not given: write jac=, too"):
        gp.scipy.minimize(rosen, START, method="trust-constr", inconclusive="raise", **problem)
    with pytest.warns(UserWarning, match="not checked: hess at x0"):
        gp.scipy.minimize(rosen, START, method="trust-constr", **problem)


def test_random_points_that_are_not_looked_at_are_told() -> None:
    def fun(x: Any) -> Any:
        return np.sum(x) if np.array_equal(x, START) else np.nan

    found = gp.scipy.check_minimize(fun, START, jac=lambda x: np.ones(3), points=3)
    assert list(found.reports) == ["jac at x0"]
    (told,) = found.unchecked
    assert told.startswith("3 of 3 random points")


def test_constraints() -> None:
    circle = NonlinearConstraint(
        lambda x: [x @ x, x[0] * x[1]],
        0,
        2,
        jac=lambda x: np.array([2 * x, [x[1], x[0], 0.0]]),
        hess=lambda x, v: (
            v[0] * 2 * np.eye(3) + v[1] * np.array([[0, 1, 0], [1, 0, 0], [0, 0, 0.0]])
        ),
    )
    one = {"type": "ineq", "fun": lambda x, c: x[0] - c * x[1] ** 2, "jac": lambda x, c: [1.0, -2 * c * x[1], 0.0], "args": (2.0,)}  # fmt: skip
    plain = {"type": "eq", "fun": lambda x: x[0] - x[1]}
    linear = LinearConstraint(np.eye(3), 0, 1)
    found = gp.scipy.check_minimize(
        rosen, START, jac=rosen_der, constraints=[circle, one, plain, linear], points=1
    )
    assert found.passed, found.summary()
    kinds = [name.split(" at ")[0] for name in found.reports if name.endswith("x0")]
    assert kinds == ["jac", "constraints[0].jac", "constraints[0].hess", "constraints[1].jac"]
    wrong = {"type": "eq", "fun": lambda x: x[0] * x[1], "jac": lambda x: np.array([x[0], x[1], 0])}
    found = gp.scipy.check_minimize(rosen, START, jac=rosen_der, constraints=wrong)
    assert all(name.startswith("constraints[0].jac") for name in found.failed)
    assert len(found.failed) == 3
    wrong_hess = NonlinearConstraint(lambda x: x[0] ** 3, 0, 2, jac=lambda x: [3 * x[0] ** 2, 0, 0], hess=lambda x, v: v[0] * np.diag([3 * x[0], 0, 0]))  # fmt: skip
    found = gp.scipy.check_minimize(rosen, START, constraints=[wrong_hess], points=0)
    assert list(found.failed) == ["constraints[0].hess at x0"]
    assert codes(found, "constraints[0].hess at x0") == ["GP412"]


def test_sparse_jacobian_of_a_constraint() -> None:
    n = 40

    def jac(x: Any) -> Any:
        return scipy.sparse.diags_array(
            [2 * x[:-1], np.ones(n - 1)], offsets=[0, 1], shape=(n - 1, n)
        )

    right = NonlinearConstraint(lambda x: x[:-1] ** 2 + x[1:], 0, 1, jac=jac)
    x = np.linspace(0.2, 1, n)
    assert gp.scipy.check_minimize(rosen, x, constraints=right, points=0).passed
    short = NonlinearConstraint(
        lambda x: x[:-1] ** 2 + x[1:],
        0,
        1,
        jac=lambda x: scipy.sparse.diags_array(2 * x[:-1], shape=(n - 1, n)),
    )
    found = gp.scipy.check_minimize(rosen, x, constraints=short, points=0)
    assert codes(found, "constraints[0].jac at x0")[0] == "GP416"


def test_what_is_no_claim_is_said_to_be_unchecked() -> None:
    found = gp.scipy.check_minimize(
        rosen,
        START,
        jac="3-point",
        hess=BFGS(),
        constraints=NonlinearConstraint(lambda x: x[0], 0, 1),
    )
    assert not found.reports
    assert found.verdict == "inconclusive"
    assert not found
    assert [one.split(":")[0] for one in found.unchecked] == [
        "jac='3-point'",
        "hess=BFGS()",
        "constraints[0].jac='2-point'",
        "constraints[0].hess=BFGS()",
    ]
    assert "INCONCLUSIVE   nothing was claimed" in found.summary()
    assert "not checked: jac='3-point'" in found.summary()


def test_nothing_claimed_is_nothing_shown() -> None:
    linear = LinearConstraint(np.eye(3), 0, 1)
    for found in (
        gp.scipy.check_minimize(rosen, START),
        gp.scipy.check_minimize(rosen, START, constraints=linear),
        gp.scipy.check_least_squares(lambda x: x, START),
    ):
        assert found.verdict == "inconclusive"
        assert not found.passed
        assert len(found.unchecked) == 1


def test_an_optimiser_without_derivatives_says_that_nothing_was_checked() -> None:
    with pytest.warns(UserWarning, match=r"not checked: the derivatives, of which none was given"):
        gp.scipy.minimize(rosen, START)
    with pytest.raises(gp.InputError, match="none was given: write jac="):
        gp.scipy.minimize(rosen, START, inconclusive="raise")
    with pytest.warns(UserWarning, match=r"nothing was claimed"):
        gp.scipy.least_squares(lambda x: x - 1, START)


def test_what_is_the_optimisers_own_is_told_apart_from_what_is_misspelt() -> None:
    misplaced: dict[str, Any]
    for name in ("method", "tol", "callback", "options"):
        misplaced = {name: "BFGS"}
        with pytest.raises(gp.InputError, match=rf"{name}: found .* gp\.scipy\.minimize takes it"):
            gp.scipy.check_minimize(rosen, START, jac=rosen_der, **misplaced)
    with pytest.raises(gp.InputError, match=r"loss: found .* gp\.scipy\.least_squares takes it"):
        gp.scipy.check_least_squares(lambda x: x, START, loss="huber")
    with pytest.raises(TypeError, match="jacobian"):
        gp.scipy.check_minimize(rosen, START, jacobian=rosen_der)


@pytest.mark.parametrize(
    "bounds", [[(0, None), (None, 1), (0.1, 0.8)], Bounds([0, -np.inf, 0.1], [np.inf, 1, 0.8])]
)
def test_nothing_is_evaluated_outside_of_the_bounds(bounds: Any) -> None:
    seen = []

    def fun(x: Any) -> Any:
        seen.append(np.array(x))
        return np.sqrt(x[0]) * x[1] + x[2] ** 2

    def jac(x: Any) -> Any:
        return np.array([x[1] / (2 * np.sqrt(x[0])), np.sqrt(x[0]), 2 * x[2]])

    found = gp.scipy.check_minimize(fun, [0.3, 1.5, 0.7], jac=jac, bounds=bounds, points=4)
    assert found.passed, found.summary()
    assert len(found.reports) == 5
    lower, upper = np.array([0, -np.inf, 0.1]), np.array([np.inf, 1, 0.8])
    assert all(np.all((x >= lower) & (x <= upper)) for x in seen)


def test_points_where_a_function_is_not_defined_are_passed_over() -> None:
    def fun(x: Any) -> Any:
        if np.any(x < 0.9):
            raise ValueError("too small")
        return np.sum(np.log(x))

    found = gp.scipy.check_minimize(fun, np.ones(2), jac=lambda x: 1 / x, points=3)
    assert found.passed, found.summary()
    assert len(found.reports) > 1


def banded(x: Any) -> Any:
    y = np.sin(x)
    y[1:] += x[:-1] ** 2
    return y


def banded_jac(x: Any, below: float = 2.0) -> Any:
    return scipy.sparse.diags_array([np.cos(x), below * x[:-1]], offsets=[0, -1], format="csr")


def test_least_squares_with_a_banded_jacobian() -> None:
    x = np.linspace(0.1, 2, 60)
    assert gp.scipy.check_least_squares(banded, x, banded_jac).passed
    found = gp.scipy.check_least_squares(banded, x, banded_jac, bounds=(0, 3), points=1)
    assert found.passed, found.summary()
    found = gp.scipy.check_least_squares(
        lambda x, a, scale: scale * a * banded(x), x, lambda x, a, scale: scale * a * banded_jac(x), args=2.0, kwargs={"scale": 3.0}, points=0
    )  # fmt: skip
    assert found.passed, found.summary()
    found = gp.scipy.check_least_squares(banded, x, lambda x: banded_jac(x, below=1.0), points=0)
    assert found.verdict == "fail"
    culprit = found.reports["jac at x0"].culprits[0]
    assert culprit.output is not None
    assert culprit.address.startswith("d output[")
    assert found.reports["jac at x0"].leaves[0].wrong == 59
    assert gp.scipy.check_least_squares(banded, x).unchecked


def test_minimize_is_a_drop_in() -> None:
    found = gp.scipy.minimize(rosen, START, (), "L-BFGS-B", rosen_der, bounds=[(-2, 2)] * 3)
    assert found.success
    assert found.x == pytest.approx(np.ones(3), abs=1e-4)
    with pytest.raises(gp.GradientError, match="twice|2 times|factor") as caught:
        gp.scipy.minimize(rosen, START, jac=lambda x: 2 * rosen_der(x))
    assert caught.value.report.causes[0].code == "GP302"
    assert "this is jac at x0" in caught.value.__notes__[0]


def test_least_squares_is_a_drop_in() -> None:
    x = np.linspace(0.1, 0.5, 20)
    found = gp.scipy.least_squares(banded, x, banded_jac, (-1, 1), "trf", max_nfev=50)
    assert found.success
    with pytest.raises(gp.GradientError):
        gp.scipy.least_squares(banded, x, lambda x: banded_jac(x, below=1.0))
    assert gp.scipy.least_squares(lambda x: x - 1, x, inconclusive="pass").success


def test_what_cannot_be_decided_warns() -> None:
    def fun(x: Any) -> Any:
        return float(np.sum(x**2) + 0.3 * np.random.default_rng().standard_normal())

    def jac(x: Any) -> Any:
        return 2 * x

    with pytest.warns(UserWarning, match="jac at x0"):
        gp.scipy.minimize(fun, START, jac=jac, options={"maxiter": 1})
    with pytest.raises(gp.Inconclusive):
        gp.scipy.minimize(fun, START, jac=jac, inconclusive="raise")
    gp.scipy.minimize(fun, START, jac=jac, inconclusive="pass", options={"maxiter": 1})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"jac": "central"}, "jac: found"),
        ({"hess": 3}, "hess: found"),
        ({"bounds": [(0, 1)]}, "bounds: found"),
        ({"bounds": 3}, "bounds: found"),
        ({"constraints": [3]}, r"constraints\[0\]: found"),
        ({"constraints": {"type": "eq"}}, r"constraints\[0\].fun: found"),
        ({"points": -1}, "points: found"),
    ],
)
def test_errors_name_the_argument(options: dict[str, Any], words: str) -> None:
    with pytest.raises(gp.InputError, match=words):
        gp.scipy.check_minimize(rosen, START, **options)


def test_an_argument_that_is_misspelt_is_no_problem_without_claims() -> None:
    with pytest.raises(TypeError, match="'Jac'"):
        gp.scipy.check_minimize(rosen, START, Jac=rosen_der)


def test_constraints_may_be_none_as_for_scipy() -> None:
    found = gp.scipy.check_minimize(rosen, START, jac=rosen_der, constraints=None, points=0)
    assert found.passed


def test_other_errors() -> None:
    with pytest.raises(gp.InputError, match="x0: found inf or nan"):
        gp.scipy.check_minimize(rosen, [np.nan, 1.0], jac=rosen_der)
    with pytest.raises(gp.InputError, match="fun: found"):
        gp.scipy.check_minimize(3, START)  # type: ignore[arg-type]
    with pytest.raises(gp.InputError, match="x0: found"):
        gp.scipy.check_minimize(rosen, np.eye(2))
    with pytest.raises(gp.InputError, match="jac=True"):
        gp.scipy.check_minimize(rosen, START, jac=True)
    with pytest.raises(gp.InputError, match="bounds: found"):
        gp.scipy.check_least_squares(banded, START, banded_jac, bounds=([0, 0], 1))
    with pytest.raises(gp.InputError, match="inconclusive"):
        gp.scipy.minimize(rosen, START, jac=rosen_der, inconclusive="ask")  # type: ignore[arg-type]
