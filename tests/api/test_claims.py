"""Claims about functions of several values: Jacobians, and products with them from both sides."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import scipy.sparse
from scipy.sparse.linalg import LinearOperator, aslinearoperator

import gradproof as gp

Array = npt.NDArray[Any]
RNG = np.random.default_rng(0)
A = RNG.standard_normal((4, 6))
X = RNG.standard_normal(6)


def f(x: Array) -> Array:
    return np.asarray(np.tanh(A @ x))


def slope(x: Array) -> Array:
    return np.asarray(1 - np.tanh(A @ x) ** 2)


def matrix(x: Array) -> Array:
    return slope(x)[:, None] * A


def vjp(x: Array, u: Array) -> Array:
    return np.asarray(A.T @ (slope(x) * u))


def jvp(x: Array, v: Array) -> Array:
    return np.asarray(slope(x) * (A @ v))


RIGHT: dict[str, Any] = {
    "vjp": gp.VJP(vjp),
    "vjp and jvp": gp.VJP(vjp, jvp=jvp),
    "jvp": gp.JVP(jvp),
    "array": gp.Jacobian(matrix(X)),
    "function": gp.Jacobian(matrix),
    "lists": gp.Jacobian(matrix(X).tolist()),
    "sparse": gp.Jacobian(lambda x: scipy.sparse.csr_array(matrix(x))),
    "sparse matrix": gp.Jacobian(scipy.sparse.coo_matrix(matrix(X))),
    "operator": gp.Jacobian(lambda x: aslinearoperator(matrix(x))),
}


def codes(report: gp.Report) -> list[str]:
    return [cause.code for cause in report.causes]


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("claim", RIGHT.values(), ids=list(RIGHT))
def test_right_claims_pass_at_the_price_of_a_gradient(claim: Any, seed: int) -> None:
    at = X.copy()
    report = gp.check(f, claim, at, seed=seed)
    assert report.passed, report.summary()
    assert report.evaluations <= 2 * X.size + 40
    assert np.array_equal(at, X)
    assert any("f has 4 outputs" in note for note in report.notes)


@pytest.mark.parametrize("size", [1e-3, 0.5])
@pytest.mark.parametrize("kind", ["vjp", "jvp", "array", "sparse", "operator"])
def test_one_wrong_entry_is_found_with_its_output(kind: str, size: float) -> None:
    off = np.zeros_like(A)
    off[2, 3] = size
    claims: dict[str, Any] = {
        "vjp": gp.VJP(lambda x, u: vjp(x, u) + off.T @ u),
        "jvp": gp.JVP(lambda x, v: jvp(x, v) + off @ v),
        "array": gp.Jacobian(matrix(X) + off),
        "sparse": gp.Jacobian(scipy.sparse.csr_array(matrix(X) + off)),
        "operator": gp.Jacobian(aslinearoperator(matrix(X) + off)),
    }
    report = gp.check(f, claims[kind], X)
    assert report.verdict == "fail"
    (culprit,) = report.culprits
    assert (culprit.address, culprit.output) == ("d output[2] / d x[3]", "output[2]")
    assert (culprit.path, culprit.index) == ((), (3,))
    truth = matrix(X)[2, 3]
    assert culprit.claimed == pytest.approx(truth + size)
    assert culprit.measured == pytest.approx(truth, abs=culprit.bar)
    assert culprit.bar < 1e-8
    assert any("1 of 4 outputs: output[2]" in note for note in report.notes)
    assert "output[2]" in report.summary()


def test_evaluations_and_calls_are_counted() -> None:
    calls = {"f": 0, "vjp": 0}

    def counted(x: Array) -> Array:
        calls["f"] += 1
        return f(x)

    def wrong(x: Array, u: Array) -> Array:
        calls["vjp"] += 1
        return vjp(x, u) * [1, 1, 1, 1, 1, 1.5]

    report = gp.check(counted, gp.VJP(wrong), X)
    assert report.verdict == "fail"
    assert calls == {"f": report.evaluations, "vjp": report.gradient_calls}


def test_pytrees_on_both_sides_have_addresses() -> None:
    at = {"W": RNG.standard_normal((2, 3)), "b": RNG.standard_normal(2)}
    x = RNG.standard_normal(3)

    def several(p: Any) -> Any:
        return {"loss": np.sum(p["W"] ** 2), "hidden": (np.tanh(p["W"] @ x), p["b"] * 2.0)}

    def claim(p: Any, factor: float = 1.0) -> Any:
        by_w = np.zeros((2, 2, 3))
        by_w[[0, 1], [0, 1]] = (1 - np.tanh(p["W"] @ x) ** 2)[:, None] * x
        by_w[1, 1] *= factor
        zero = np.zeros((2, 2, 3))
        return {
            "loss": {"W": 2 * p["W"], "b": np.zeros(2)},
            "hidden": ({"W": by_w, "b": np.zeros((2, 2))}, {"W": zero, "b": 2 * np.eye(2)}),
        }

    assert gp.check(several, gp.Jacobian(claim), at).passed
    assert gp.check(several, gp.Jacobian(claim(at)), at).passed
    report = gp.check(several, gp.Jacobian(lambda p: claim(p, 1.5)), at)
    assert {one.output for one in report.culprits} == {"output['hidden'][0][1]"}
    assert report.culprits[0].address.startswith("d output['hidden'][0][1] / d p['W'][1, ")

    def product(p: Any, u: Any) -> Any:
        s = 1 - np.tanh(p["W"] @ x) ** 2
        return {
            "W": 2 * u["loss"] * p["W"] + np.outer(u["hidden"][0] * s, x),
            "b": 2 * u["hidden"][1],
        }

    def forward(p: Any, v: Any) -> Any:
        s = 1 - np.tanh(p["W"] @ x) ** 2
        return {"loss": 2 * np.sum(p["W"] * v["W"]), "hidden": (s * (v["W"] @ x), 2 * v["b"])}

    assert gp.check(several, gp.VJP(product, jvp=forward), at).passed
    assert gp.check(several, gp.JVP(forward), at).passed


def test_a_matrix_of_a_matrix() -> None:
    at = RNG.standard_normal((3, 2))
    whole = np.einsum("ik,jl->ijkl", A[:, :3], np.eye(2))
    claim = gp.Jacobian(whole)
    assert gp.check(lambda x: A[:, :3] @ x, claim, at).passed
    flat = gp.Jacobian(whole.reshape(8, 6))
    assert gp.check(lambda x: A[:, :3] @ x, flat, at).passed


@pytest.mark.parametrize(
    ("claim", "found"),
    [
        (gp.Jacobian(A.T), "found shape (6, 4), expected shape (4, 6)"),
        (gp.Jacobian(scipy.sparse.csr_array(A.T)), "found shape (6, 4), expected shape (4, 6)"),
        (gp.VJP(lambda x, u: u), "found shape (4,), expected shape (6,)"),
        (gp.JVP(lambda x, v: v), "found shape (6,), expected shape (4,)"),
    ],
)
def test_a_wrong_shape_is_a_wrong_claim(claim: Any, found: str) -> None:
    report = gp.check(f, claim, X)
    assert report.verdict == "fail"
    assert codes(report) == ["GP103"]
    assert found in report.headline


def test_a_missing_part_of_a_jacobian_is_named() -> None:
    at = {"a": 1.0, "b": 2.0}
    claim = {"y": {"a": 2.0}}
    report = gp.check(lambda p: {"y": p["a"] ** 2 * p["b"]}, gp.Jacobian(claim), at)
    assert codes(report) == ["GP103"]
    assert report.causes[0].addresses == ("d output['y'] / d p['b']",)


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        (gp.VJP(lambda x, u: np.cos(x)), "the same for every cotangent"),
        (gp.JVP(lambda x, v: np.cos(x)), "the same for every tangent"),
        (gp.VJP(lambda x, u: np.cos(x) * u + 0.01), "sum of two cotangents"),
        (gp.VJP(lambda x, u: np.cos(x) * np.clip(u, -1, 1)), "sum of two cotangents"),
        (gp.JVP(lambda x, v: np.cos(x) * np.abs(v)), "sum of two tangents"),
    ],
)
def test_a_product_is_linear(claim: Any, message: str) -> None:
    report = gp.check(np.sin, claim, np.linspace(0.1, 1, 7))
    assert report.verdict == "fail"
    assert report.causes[0].code == "GP501"
    assert message in report.causes[0].message


def test_what_is_not_linear_fails_though_it_is_right_for_this_cotangent() -> None:
    first: list[Array] = []

    def lucky(x: Array, u: Array) -> Array:
        first.append(u)
        return np.asarray(np.cos(x) * (u if np.array_equal(u, first[0]) else 1.0))

    report = gp.check(np.sin, gp.VJP(lucky), np.linspace(0.1, 1, 7))
    assert (report.verdict, codes(report)) == ("fail", ["GP501"])
    assert "sum of two cotangents" in report.headline


def test_both_sides_have_to_be_of_one_matrix() -> None:
    report = gp.check(f, gp.VJP(vjp, jvp=lambda x, v: jvp(x, v) * [1, 1, 1, 1.001]), X)
    assert (report.verdict, codes(report)) == ("fail", ["GP505"])
    assert 1e-5 < report.causes[0].parameters["apart"] < 1e-2


def test_a_jvp_of_many_components_goes_along_tangents() -> None:
    at = RNG.standard_normal(5_000)
    calls = [0]

    def right(x: Array, v: Array) -> Array:
        calls[0] += 1
        return np.asarray(np.cos(x) * v)

    report = gp.check(np.sin, gp.JVP(right), at)
    assert report.passed
    assert any("16 random tangents, and none by itself" in note for note in report.notes)
    assert report.evaluations <= 80
    assert calls[0] <= 40
    wrong = gp.check(np.sin, gp.JVP(lambda x, v: np.cos(x) * v * 1.001), at)
    assert wrong.verdict == "fail"
    assert codes(wrong) == ["GP302"]


def test_single_precision_is_told_from_double() -> None:
    low = X.astype(np.float32)
    B = A.astype(np.float32)

    def single(x: Array) -> Array:
        return np.asarray(np.tanh(B @ x))

    def product(x: Array, u: Array) -> Array:
        return np.asarray(B.T @ ((1 - np.tanh(B @ x) ** 2) * u))

    assert gp.check(single, gp.VJP(product), low).passed
    report = gp.check(single, gp.VJP(lambda x, u: 1.1 * product(x, u)), low)
    assert report.verdict == "fail"
    seen: list[Any] = []

    def recording(x: Array, u: Array) -> Array:
        seen.append((x.dtype, u.dtype))
        return product(x, u)

    gp.check(single, gp.VJP(recording), low)
    assert seen[0] == (np.float32, np.float32)


def test_whole_numbers_among_the_outputs_have_no_derivative() -> None:
    def with_index(x: Array) -> Any:
        return {"value": x**2, "argmax": np.argmax(x)}

    claim = gp.VJP(lambda x, u: 2 * x * u["value"])
    assert gp.check(with_index, claim, np.array([0.5, 2.0, -1.0])).passed


def test_one_output_needs_no_words_about_outputs() -> None:
    report = gp.check(lambda x: np.sum(np.sin(x)), gp.VJP(lambda x, u: u * np.cos(x)), X)
    assert report.passed
    assert report.notes == ()


def test_options_of_the_problem_go_along() -> None:
    lower, seen = 0.1, []

    def root(x: Array) -> Array:
        seen.append(float(x.min()))
        return np.asarray(np.sqrt(x - 0.1) * x)

    def product(x: Array, u: Array) -> Array:
        return np.asarray(u * (np.sqrt(x - 0.1) + x / (2 * np.sqrt(x - 0.1))))

    at = np.array([0.3, 1.0, 2.0])
    assert gp.check(gp.Problem(root, gp.VJP(product), at, bounds=(lower, None))).passed
    assert min(seen) >= lower


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: gp.VJP(3), "VJP: found 3"),  # type: ignore[arg-type]
        (lambda: gp.VJP(vjp, jvp=1), "jvp: found 1"),  # type: ignore[arg-type]
        (lambda: gp.JVP("x"), "JVP: found 'x'"),  # type: ignore[arg-type]
        (lambda: gp.check(gp.Problem(f, gp.VJP(vjp), X, terms="sum")), "terms: found 'sum'"),
        (lambda: gp.check(lambda x: x.astype(str), gp.VJP(vjp), X), "expected numbers"),
    ],
)
def test_what_is_no_claim_is_refused(make: Any, message: str) -> None:
    with pytest.raises(gp.InputError, match=message):
        make()


def test_the_record_is_valid_json() -> None:
    import json
    from pathlib import Path

    import jsonschema

    import gradproof.judge

    schema = json.loads((Path(gradproof.judge.__file__).parent / "report.schema.json").read_text())
    report = gp.check(f, gp.Jacobian(1.5 * matrix(X)), X)
    jsonschema.validate(json.loads(report.to_json()), schema)


@pytest.mark.parametrize("seed", range(30))
def test_outputs_that_were_exchanged_never_pass(seed: int) -> None:
    several = np.random.default_rng(3).standard_normal((12, 4))
    at = np.array([0.1, -0.2, 0.3, 0.4])
    rows = np.cos(several @ at)[:, None] * several
    rows[[2, 9]] = rows[[9, 2]]
    report = gp.check(lambda x: np.sin(several @ x), gp.Jacobian(rows), at, seed=seed)
    assert report.verdict == "fail"


@pytest.mark.parametrize("seed", range(5))
def test_outputs_of_a_noisy_function_are_not_all_blamed(seed: int) -> None:
    several = np.random.default_rng(seed).standard_normal((12, 5))
    at = np.random.default_rng(seed + 1).standard_normal(5)

    def noisy(x: Array) -> Array:
        z = np.tanh(several @ x)
        return np.asarray(z + 1e-9 * np.sin(1e12 * z + np.arange(12)))

    rows = (1 - np.tanh(several @ at) ** 2)[:, None] * several
    rows[3, 2] *= 2
    report = gp.check(noisy, gp.Jacobian(rows), at)
    assert [one.address for one in report.culprits] == ["d output[3] / d x[2]"]


class Dropout:
    """Inputs that are left out at random, from the global generator."""

    def mask(self) -> Array:
        return np.random.random(6) < 0.6  # noqa: NPY002

    def f(self, x: Array) -> Array:
        return np.asarray(np.tanh(A @ (x * self.mask())))

    def vjp(self, x: Array, u: Array, factor: float = 1.0) -> Array:
        mask = self.mask()
        return np.asarray(mask * (A.T @ (slope(x * mask) * u)) * factor)

    def jvp(self, x: Array, v: Array) -> Array:
        mask = self.mask()
        return np.asarray(slope(x * mask) * (A @ (v * mask)))


def test_random_functions_get_the_same_numbers_here_too() -> None:
    net = Dropout()
    before: Any = np.random.get_state()  # noqa: NPY002
    assert gp.check(net.f, gp.VJP(net.vjp), X).passed
    assert gp.check(net.f, gp.VJP(net.vjp, jvp=net.jvp), X).passed
    assert gp.check(net.f, gp.JVP(net.jvp), X).passed
    wrong = gp.check(net.f, gp.VJP(lambda x, u: net.vjp(x, u, 1.5)), X)
    assert wrong.verdict == "fail"
    assert "GP501" not in codes(wrong)
    after: Any = np.random.get_state()  # noqa: NPY002
    assert before[0] == after[0]
    assert np.array_equal(before[1], after[1])
    assert before[2:] == after[2:]


@pytest.mark.parametrize("kind", [np.array, list, scipy.sparse.csr_array, aslinearoperator])
def test_complex_numbers_are_no_derivatives(kind: Any) -> None:
    matrix = np.diag([2.0 + 1j, 4.0])
    report = gp.check(lambda x: x**2, gp.Jacobian(kind(matrix)), np.array([1.0, 2.0]))
    assert report.verdict.value == "fail"
    assert report.headline == "found dtype complex128, expected real numbers"


def test_complex_numbers_in_nested_trees_are_none_either() -> None:
    parts = {"a": np.diag([2.0 + 1j, 4.0])}
    report = gp.check(lambda t: t["a"] ** 2, gp.Jacobian(parts), {"a": np.array([1.0, 2.0])})
    assert report.headline == "found dtype complex128, expected real numbers"


def test_an_operator_without_products_from_the_left_is_refused() -> None:
    operator = LinearOperator((2, 2), matvec=lambda v: 2 * v, dtype=float)
    with pytest.raises(gp.InputError, match="without rmatvec"):
        gp.check(lambda x: 2 * x, gp.Jacobian(operator), np.ones(2))


def test_the_two_sides_of_an_operator_are_those_of_one_matrix() -> None:
    A = np.arange(6.0).reshape(2, 3)

    def operator(factor: float, dtype: Any = float) -> LinearOperator:
        return LinearOperator(
            (2, 3), matvec=lambda v: factor * A @ v, rmatvec=lambda u: A.T @ u, dtype=dtype
        )

    def check(claim: Any) -> gp.Report:
        return gp.check(lambda x: A @ x, gp.Jacobian(claim), np.array([0.1, 0.2, 0.3]))

    right = check(operator(1.0))
    assert right.passed, right.summary()
    assert check(lambda x: operator(1.0)).passed
    assert check(aslinearoperator(A)).passed
    for claim in (operator(2.0), lambda x: operator(2.0), operator(1 + 1e-6)):
        report = check(claim)
        assert (report.verdict, codes(report)) == ("fail", ["GP505"])
    # What single precision leaves of products may be that far apart.
    assert check(operator(1 + 1e-6, np.float32)).passed


def test_an_operator_without_products_from_the_right_has_one_side() -> None:
    class FromTheLeft:
        shape, dtype = (2, 2), np.dtype(float)

        def rmatvec(self, u: Array) -> Array:
            return 2 * u

    class NotFromTheRight(FromTheLeft):
        def matvec(self, v: Array) -> Array:
            raise NotImplementedError

    for kind in (FromTheLeft, NotFromTheRight):
        assert gp.check(lambda x: 2 * x, gp.Jacobian(kind()), np.ones(2)).passed
