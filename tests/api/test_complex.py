"""Complex parameters and outputs, against closed forms."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

import gradproof as gp

RNG = np.random.default_rng(7)


def numbers(*shape: int) -> Any:
    return RNG.standard_normal(shape) + 1j * RNG.standard_normal(shape)


Z = numbers(5)
A, B = numbers(4, 5), numbers(4)
HALVES = {"gradient": 1.0, "conjugated": 1.0, "dz": 0.5, "dzbar": 0.5}


def codes(report: gp.Report) -> list[str]:
    return [cause.code for cause in report.causes]


def squares(z: Any) -> Any:
    return np.sum(np.abs(z) ** 2)


def residual(z: Any) -> Any:
    return np.linalg.norm(A @ z - B) ** 2


# A real function and ∂f/∂x + i ∂f/∂y = 2 ∂f/∂z̄ in closed form.
REAL: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "|z|²": (squares, lambda z: 2 * z),
    "Re z²": (lambda z: np.sum((z**2).real), lambda z: 2 * np.conj(z)),
    "Im z²": (lambda z: np.sum((z**2).imag), lambda z: 2j * np.conj(z)),
    "|Az - b|²": (residual, lambda z: 2 * A.conj().T @ (A @ z - B)),
    "log|z|": (lambda z: np.sum(np.log(np.abs(z))), lambda z: z / np.abs(z) ** 2),
}
# A holomorphic function of each number and its derivative.
HOLOMORPHIC: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "z²": (lambda z: z**2, lambda z: 2 * z),
    "exp": (np.exp, np.exp),
    "1/z": (lambda z: 1 / z, lambda z: -1 / z**2),
}


def as_claimed(gradient: Any, convention: str) -> Any:
    turned = np.conj(gradient) if convention in ("conjugated", "dz") else gradient
    return HALVES[convention] * turned


@pytest.mark.parametrize("convention", HALVES)
@pytest.mark.parametrize("name", REAL)
def test_gradients_pass_in_their_convention(name: str, convention: Any) -> None:
    f, gradient = REAL[name]
    problem = gp.Problem(f, lambda z: as_claimed(gradient(z), convention), Z, wirtinger=convention)
    report = gp.check(problem)
    assert report.passed, report.summary()
    assert report.evaluations <= 60


@pytest.mark.parametrize("name", REAL)
def test_the_default_is_steepest_ascent_and_its_conjugate_is_named(name: str) -> None:
    f, gradient = REAL[name]
    assert gp.check(f, gradient, Z).passed
    report = gp.check(f, lambda z: np.conj(gradient(z)), Z)
    assert (report.verdict, codes(report)) == ("fail", ["GP306"])
    assert report.causes[0].addresses == ("z",)
    assert report.causes[0].parameters == {"factor": 1.0}


@pytest.mark.parametrize("claimed", HALVES)
@pytest.mark.parametrize("said", HALVES)
def test_a_claim_in_another_convention_is_named(said: Any, claimed: str) -> None:
    gradient = as_claimed(2 * A.conj().T @ (A @ Z - B), claimed)
    report = gp.check(gp.Problem(residual, gradient, Z, wirtinger=said))
    turned = (said in ("gradient", "dzbar")) != (claimed in ("gradient", "dzbar"))
    factor = HALVES[claimed] / HALVES[said]
    if turned or factor != 1:
        assert (report.verdict, codes(report)) == ("fail", ["GP306" if turned else "GP302"])
        assert report.causes[0].parameters["factor"] == factor
    else:
        assert report.passed


def test_a_factor_of_two_is_said_to_be_one_between_conventions() -> None:
    (cause,) = gp.check(squares, lambda z: z, Z).causes
    assert cause.code == "GP302"
    assert "∂f/∂z̄ against 2 ∂f/∂z̄" in cause.message
    (cause,) = gp.check(squares, lambda z: 4 * z, Z).causes
    assert "2 ∂f/∂z̄ against ∂f/∂z̄" in cause.message
    (cause,) = gp.check(lambda x: np.sum(x**2), lambda x: x, Z.real).causes
    assert "z̄" not in cause.message


@pytest.mark.parametrize(
    "at", [1 + 2j, np.complex128(1 + 2j), np.array(1 + 2j), np.array([1 + 2j])]
)
def test_a_single_number(at: Any) -> None:
    seen = set()

    def f(z: Any) -> Any:
        seen.add((type(z), np.shape(z)))
        return float(np.sum(np.abs(z) ** 2))

    assert gp.check(f, lambda z: 2 * z, at).passed
    assert seen == {(type(at), np.shape(at))}
    report = gp.check(f, lambda z: 2 * np.conj(z), at)
    assert codes(report) == ["GP306"]
    assert report.culprits[0].address == ("z[0].imag" if np.shape(at) else "z.imag")
    assert report.leaves[0].shape == np.shape(at)


def test_one_wrong_part_is_named_by_its_address() -> None:
    claim = 2 * Z
    claim[2] += 0.5j
    report = gp.check(squares, claim, Z)
    assert (report.verdict, codes(report)) == ("fail", ["GP412"])
    (culprit,) = report.culprits
    assert (culprit.address, culprit.path, culprit.index) == ("z[2].imag", (), (2, 1))
    assert culprit.claimed == claim[2].imag
    assert culprit.measured == pytest.approx(2 * Z[2].imag)
    assert "[2].imag claimed" in report.summary()
    matrix = numbers(3, 4)
    claim = 2 * matrix
    claim[1, 3] *= 2
    report = gp.check(lambda z: squares(z["W"]), {"W": claim}, {"W": matrix})
    assert {one.address for one in report.culprits} == {"z['W'][1, 3].real", "z['W'][1, 3].imag"}
    assert report.leaves[0].shape == (3, 4)


def test_parts_are_told_in_words() -> None:
    report = gp.check(squares, lambda z: 2 * z.real, Z)
    assert codes(report) == ["GP410"]
    assert "0 in the imaginary parts" in report.causes[0].message
    assert [(one.address, one.words) for one in report.patterns] == [
        ("z.imag", "the imaginary parts")
    ]
    matrix = numbers(6, 5)
    claim = 2 * matrix
    claim[3] = claim[3].conj()
    report = gp.check(squares, claim, matrix)
    assert codes(report) == ["GP411", "GP306"]
    assert report.causes[1].addresses == ("z[3:4, :]",)
    claim = 2 * matrix
    claim[3] *= 3
    report = gp.check(squares, claim, matrix)
    assert [(one.address, one.words) for one in report.patterns] == [("z[3, :]", "row 3")]


def test_axes_are_those_of_the_complex_tensor() -> None:
    matrix = numbers(3, 3)
    right = 2 * matrix.conj() * (1 + np.arange(9).reshape(3, 3))

    def f(Z: Any) -> Any:
        return np.sum((1 + np.arange(9).reshape(3, 3)) * (Z**2).real)

    assert gp.check(f, right, matrix).passed
    for claim, code in (
        (right.T, "GP403"),
        (right[::-1], "GP405"),
        (np.roll(right, 1, axis=1), "GP406"),
    ):
        assert codes(gp.check(f, claim, matrix)) == [code]
    oblong = numbers(3, 4)
    right = 2 * oblong.conj()
    claim = right.T.reshape(3, 4)
    report = gp.check(lambda Z: np.sum((Z**2).real), claim, oblong)
    assert codes(report) == ["GP404"]


def test_mixed_trees_and_claims_of_real_numbers() -> None:
    at = {"z": Z, "a": 1 - 1j, "x": 3.0, "k": np.arange(3.0)}

    def f(p: Any) -> Any:
        assert [np.iscomplexobj(p[name]) for name in "zaxk"] == [True, True, False, False]
        return p["x"] * np.sum(np.abs(p["z"]) ** 2) + (p["a"] ** 2).real + np.sum(p["k"])

    def gradient(p: Any) -> Any:
        return {
            "dz": 2 * p["x"] * p["z"],
            "da": 2 * np.conj(p["a"]),
            "dx": np.sum(np.abs(p["z"]) ** 2),
            "dk": np.ones(3),
        }

    assert gp.check(f, gradient, at).passed
    half = gp.Problem(
        f, lambda p: {**gradient(p), "dz": p["x"] * p["z"], "da": np.conj(p["a"])}, at,
        wirtinger="dzbar",
    )  # fmt: skip
    assert gp.check(half).passed
    assert gp.check(lambda z: np.sum(z.real), np.ones(5), Z).passed
    report = gp.check(lambda z: np.sum(z.imag), np.ones(5), Z)
    assert report.verdict == "fail"
    assert gp.check(lambda p: squares(np.array(p)), [2 * z for z in Z], list(Z)).passed
    report = gp.check(lambda x: np.sum(x**2), lambda x: 2 * x + 0j, Z.real)
    assert codes(report) == ["GP103"]
    assert codes(gp.check(squares, numbers(4), Z)) == ["GP103"]


@pytest.mark.parametrize("name", HOLOMORPHIC)
@pytest.mark.parametrize("many", [False, True])
def test_complex_derivatives_of_holomorphic_functions(name: str, many: bool) -> None:
    f, derivative = HOLOMORPHIC[name]
    at = Z if many else complex(Z[0])

    def claim(factor: Any, change: Any = lambda d: d) -> Any:
        def of(z: Any) -> Any:
            found = factor * change(derivative(z))
            return gp.Jacobian(np.diag(found)) if many else found

        return of(at) if many else of

    assert gp.check(f, claim(1), at).passed
    report = gp.check(f, claim(1, np.conj), at)
    assert (report.verdict, codes(report)) == ("fail", ["GP306"])
    if name == "exp":
        assert codes(gp.check(f, claim(-1), at)) == ["GP301"]
        assert codes(gp.check(f, claim(3), at)) == ["GP302"]
        assert gp.check(f, claim(1j), at).verdict == "fail"


def test_a_holomorphic_function_of_many_numbers_has_one_row() -> None:
    def f(z: Any) -> Any:
        return np.sum(1 / z) + 1j

    assert gp.check(f, lambda z: -1 / z**2, Z).passed
    report = gp.check(f, lambda z: -1 / z**2 * [1, 1, 2, 1, 1], Z)
    assert report.verdict == "fail"
    assert {one.path for one in report.culprits} == {()}
    assert {one.address.split(" / d ")[1][:4] for one in report.culprits} == {"z[2]"}


@pytest.mark.parametrize(
    ("f", "derivative"),
    [
        (np.conj, np.ones_like),
        (lambda z: z * np.abs(z), lambda z: 2 * np.abs(z)),
        (lambda z: np.abs(z) ** 2 + 0j, lambda z: 2 * np.conj(z)),
        (lambda z: z.real + 0j, np.ones_like),
    ],
)
def test_what_has_no_complex_derivative_is_told(f: Any, derivative: Any) -> None:
    report = gp.check(f, gp.Jacobian(np.diag(derivative(Z))), Z)
    assert (report.verdict, codes(report)) == ("fail", ["GP507"])
    assert report.causes[0].addresses[0].startswith(("z[", "x["))
    assert "GP507 not-holomorphic" in report.summary()


def test_a_wrong_derivative_of_a_holomorphic_function_is_not_called_that() -> None:
    claim = np.diag(np.exp(Z))
    claim[1, 1] += 1
    report = gp.check(np.exp, gp.Jacobian(claim), Z)
    assert report.verdict == "fail"
    assert "GP507" not in codes(report)
    assert {one.address for one in report.culprits} == {
        "d output[1].real / d x[1].real",
        "d output[1].imag / d x[1].imag",
    }


def test_complex_outputs_of_real_parameters() -> None:
    t = np.linspace(0.1, 1, 3)

    def f(t: Any) -> Any:
        return np.exp(1j * t)

    assert gp.check(f, gp.Jacobian(lambda t: np.diag(1j * f(t))), t).passed
    assert gp.check(f, gp.VJP(lambda t, u: (np.conj(1j * f(t)) * u).real), t).passed
    assert gp.check(f, gp.JVP(lambda t, v: 1j * f(t) * v), t).passed
    report = gp.check(f, gp.Jacobian(lambda t: np.diag(np.conj(1j * f(t)))), t)
    assert (report.verdict, codes(report)) == ("fail", ["GP306"])
    report = gp.check(f, gp.VJP(lambda t, u: np.conj(1j * f(t)) * u), t)
    assert codes(report) == ["GP103"]  # complex numbers for real parameters


def test_real_outputs_of_complex_parameters() -> None:
    def f(z: Any) -> Any:
        return np.abs(z) ** 2

    assert gp.check(f, gp.Jacobian(np.diag(2 * Z)), Z).passed
    half = gp.Problem(f, gp.Jacobian(np.diag(Z.conj())), Z, wirtinger="dz")
    assert gp.check(half).passed
    assert codes(gp.check(f, gp.Jacobian(np.diag(2 * Z.conj())), Z)) == ["GP306"]


def test_outputs_and_parameters_of_both_kinds_in_blocks() -> None:
    at = {"z": Z[:2], "x": np.array([0.5, 2.0])}

    def f(p: Any) -> Any:
        return {"c": p["z"] ** 2 * p["x"], "r": np.abs(p["z"]) ** 2 * p["x"]}

    z, x = at["z"], at["x"]
    blocks = {
        "c": {"z": np.diag(2 * z * x), "x": np.diag(z**2)},
        "r": {"z": np.diag(2 * z * x), "x": np.diag(np.abs(z) ** 2)},
    }
    assert gp.check(f, gp.Jacobian(blocks), at).passed
    whole = np.block([[blocks["c"]["z"], blocks["c"]["x"]], [blocks["r"]["z"], blocks["r"]["x"]]])
    assert gp.check(f, gp.Jacobian(whole), at).passed
    whole[3, 3] += 1j  # a real output by a real parameter
    assert codes(gp.check(f, gp.Jacobian(whole), at)) == ["GP103"]
    whole[3, 3] += 1 - 1j
    report = gp.check(f, gp.Jacobian(whole), at)
    assert report.culprits[0].address == "d output['r'][1] / d p['x'][1]"


@pytest.mark.parametrize("convention", HALVES)
def test_products_in_every_convention(convention: Any) -> None:
    """f = z z̄² has ∂f/∂z = z̄² and ∂f/∂z̄ = 2 z z̄: neither vanishes."""

    def f(z: Any) -> Any:
        return z * np.conj(z) ** 2

    def as_steepest(u: Any) -> Any:
        turned = np.conj(u) if convention in ("conjugated", "dz") else u
        return turned / HALVES[convention]

    def vjp(z: Any, u: Any) -> Any:
        by_z, by_zbar = np.conj(z) ** 2, 2 * z * np.conj(z)
        u = as_steepest(u)
        return as_claimed(u * np.conj(by_z) + np.conj(u) * by_zbar, convention)

    def jvp(z: Any, v: Any) -> Any:
        return np.conj(z) ** 2 * v + 2 * z * np.conj(z) * np.conj(v)

    def asked(claim: Any) -> gp.Report:
        return gp.check(gp.Problem(f, claim, Z, wirtinger=convention))

    assert asked(gp.VJP(vjp, jvp=jvp)).passed
    assert asked(gp.JVP(jvp)).passed
    report = asked(gp.VJP(lambda z, u: np.conj(vjp(z, u))))
    assert report.verdict == "fail"
    assert codes(asked(gp.VJP(vjp, jvp=lambda z, v: np.conj(jvp(z, v))))) == ["GP505"]


def test_a_vjp_with_the_derivative_in_the_place_of_its_conjugate() -> None:
    assert gp.check(np.exp, gp.VJP(lambda z, u: np.conj(np.exp(z)) * u), Z).passed
    report = gp.check(np.exp, gp.VJP(lambda z, u: np.exp(z) * u), Z)
    assert (report.verdict, codes(report)) == ("fail", ["GP306"])


def test_directions_and_the_search() -> None:
    at = numbers(30, 40)

    def f(z: Any) -> Any:
        return squares(z) + np.sum((z**3).real)

    def gradient(z: Any) -> Any:
        return 2 * z + 3 * np.conj(z) ** 2

    report = gp.check(f, gradient, at)
    assert (report.verdict, report.plan) == ("pass", "project")
    assert report.evaluations <= 40
    assert gp.check(f, gradient, at, plan="leaves").passed
    assert codes(gp.check(f, lambda z: np.conj(gradient(z)), at)) == ["GP306"]

    def one_wrong(z: Any) -> Any:
        found = gradient(z)
        found[3, 7] += 2j
        return found

    report = gp.check(f, one_wrong, at)
    assert [one.address for one in report.culprits] == ["z[3, 7].imag"]


def test_single_precision_is_promoted_to_complex128() -> None:
    at = Z.astype(np.complex64)
    types = set()

    def f(z: Any) -> Any:
        types.add(z.dtype.name)
        return squares(z)

    report = gp.check(f, lambda z: 2 * z, at)
    assert report.passed
    assert report.rtol == 1e-4
    assert any("its complex64 parameters were promoted" in note for note in report.notes)
    assert types == {"complex64", "complex128"}
    assert codes(gp.check(f, lambda z: 2 * z.conj(), at)) == ["GP306"]
    kept = gp.check(gp.Problem(f, lambda z: 2 * z, at, promote="never"))
    assert kept.passed
    assert kept.rtol >= 1e-2
    report = gp.check(lambda z: np.exp(z), gp.Jacobian(lambda z: np.diag(np.exp(z))), at)
    assert report.passed


@pytest.mark.parametrize(
    "at",
    [
        np.asfortranarray(numbers(3, 4)),
        numbers(6, 8)[::2, ::2],
        numbers(3, 4).astype(">c16"),
        numbers(3, 4).astype(np.clongdouble),
    ],
)
def test_memory_of_every_kind(at: Any) -> None:
    before = at.tobytes()
    assert gp.check(squares, lambda z: 2 * z, at).passed
    assert codes(gp.check(squares, lambda z: 2 * z.conj(), at)) == ["GP306"]
    assert at.tobytes() == before


def test_f_may_write_into_its_argument_or_keep_it() -> None:
    at = Z.copy()

    def writes(z: Any) -> Any:
        z += 1
        return squares(z)

    report = gp.check(writes, lambda z: 2 * (z + 1), at)
    assert report.passed
    assert codes(report) == ["GP102"]
    assert np.array_equal(at, Z)
    kept = []

    def keeps(z: Any) -> Any:
        kept.append(z)
        return squares(z)

    assert gp.check(keeps, lambda z: 2 * z, at).passed


def test_what_else_a_problem_may_say(tmp_path: Path) -> None:
    def gradient(z: Any) -> Any:
        return 2 * z

    batched = gp.Problem(lambda z: np.sum(np.abs(z) ** 2, axis=-1), gradient, Z, vectorized=True)
    assert gp.check(batched).passed
    assert gp.check(gp.Problem(lambda z: np.abs(z) ** 2, gradient, Z, terms="sum")).passed
    assert gp.check(lambda z: (squares(z), gradient(z)), True, Z).passed
    with ThreadPoolExecutor(1) as threads:
        assert gp.check(squares, gradient, Z, executor=threads).passed
    for _ in range(2):
        assert gp.check(squares, gradient, Z, journal=tmp_path / "journal").passed
    report = gp.check(squares, gradient, Z[:2], self_test=True)
    assert "conjugated" in [one.name for one in report.controls]
    assert all(one.caught for one in report.controls)
    report = gp.check(squares, lambda z: 2 * z.conj(), Z)
    for name in ("report.html", "report.json", "report.md"):
        gp.write(report, tmp_path / name)
        assert (tmp_path / name).stat().st_size > 0
    at_kink = gp.check(lambda z: abs(z), lambda z: 0j, 0j)
    assert codes(at_kink) == ["GP202"]


@pytest.mark.parametrize("convention", HALVES)
def test_differentiate_gives_numbers_in_the_convention(convention: Any) -> None:
    found = gp.differentiate(
        lambda p: residual(p["z"]) + p["x"] ** 2, {"z": Z, "x": 2.0}, wirtinger=convention
    )
    truth = as_claimed(2 * A.conj().T @ (A @ Z - B), convention)
    off, bars = found.values["z"] - truth, found.bars["z"]
    assert np.all(np.abs(off.real) <= bars.real)
    assert np.all(np.abs(off.imag) <= bars.imag)
    assert np.all(np.abs(bars) < 1e-8)
    assert abs(found.values["x"] - 4) <= found.bars["x"]


def test_differentiate_keeps_the_structure() -> None:
    found = gp.differentiate(lambda z: abs(z) ** 2, 1 + 2j)
    assert type(found.values) is complex
    assert found.values == pytest.approx(2 + 4j)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: gp.check(gp.Problem(squares, 2 * Z, Z, bounds=(0, 1))),
            "bounds: found them with complex parameters, expected real ones",
        ),
        (
            lambda: gp.check(squares, gp.Hessian(np.eye(5)), Z),
            r"gradient: found a gp\.Hessian with complex parameters, expected a gradient",
        ),
        (
            lambda: gp.check(squares, gp.HVP(lambda z, v: 2 * v), Z),
            r"gradient: found a gp\.HVP with complex parameters",
        ),
        (
            lambda: gp.check(lambda z: np.vdot(z, z), lambda z: 2 * z, Z),
            r"the value of f: found .*\+0j\), .*expected f to return its \.real",
        ),
        (
            lambda: gp.check(lambda z: (np.exp(z), np.exp(z)), True, 1 + 2j),
            r"gradient: found True with .* expected a function that returns the complex derivative",
        ),
        (
            lambda: gp.check(np.exp, gp.Jacobian(sparse.diags_array(np.exp(Z))), Z),
            r"gradient: found dia_array .*expected an array \(\.toarray\(\)",
        ),
        (
            lambda: gp.check(np.exp, np.exp, Z),
            r"the value of f: found an array .*claim a gp\.Jacobian",
        ),
        (
            lambda: gp.check(lambda t: 1j * t, 1j, 2.0),
            r"the value of f: found 2j, expected one real number; of a complex function claim",
        ),
        (
            lambda: gp.differentiate(np.exp, 1 + 2j),
            "the value of f: found .*, expected one real number; of a complex function claim",
        ),
        (
            lambda: gp.Problem(squares, 2 * Z, Z, wirtinger="torch"),  # type: ignore[arg-type]
            "wirtinger: found 'torch', expected 'gradient' or 'conjugated' or 'dz' or 'dzbar'",
        ),
        (
            lambda: gp.check(squares, 2 * Z, np.array([1 + 1j, np.inf])),
            "z: found inf or nan in it, expected finite numbers",
        ),
    ],
)
def test_what_is_not_supported_is_refused_in_words(call: Any, words: str) -> None:
    with pytest.raises(gp.InputError, match=words):
        call()


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(list(HALVES)),
    st.sampled_from(["right", "conjugate", "factor", "one"]),
)
def test_random_quadratics(seed: int, convention: Any, mistake: str) -> None:
    """f = Re(zᴴ H z + cᴴ z) with H = Hᴴ has ∂f/∂x + i ∂f/∂y = 2 H z + c."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 6))
    H, (c, z) = (
        rng.standard_normal((n, n)) + 1j * rng.standard_normal((n, n)),
        rng.standard_normal((2, n)) + 1j * rng.standard_normal((2, n)),
    )
    H = H + H.conj().T

    def f(z: Any) -> Any:
        return float((np.vdot(z, H @ z) + np.vdot(c, z)).real)

    claim = as_claimed(2 * H @ z + c, convention)
    if mistake == "conjugate":
        claim = claim.conj()
    elif mistake == "factor":
        claim = 2 * claim
    elif mistake == "one":
        claim[0] += 0.1 * np.max(np.abs(claim))
    report = gp.check(gp.Problem(f, claim, z, wirtinger=convention))
    assert report.passed == (mistake == "right"), report.summary()
    if mistake == "conjugate":
        assert codes(report) == ["GP306"]
    if mistake == "one":
        assert [one.address for one in report.culprits] == ["z[0].real"]
