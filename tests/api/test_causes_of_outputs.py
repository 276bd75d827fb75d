"""Mistakes in the derivatives of some outputs only: where they are, and why."""

from typing import Any

import numpy as np
import pytest
import scipy.sparse

import gradproof as gp

RNG = np.random.default_rng(0)
A, B = RNG.standard_normal((5, 7)), RNG.standard_normal((3, 7))
# A mistake in some outputs is one in the sum of all, and may look like another there.
X = {"u": RNG.standard_normal(7), "v": RNG.standard_normal(4)}


def f(at: Any) -> Any:
    return {"main": A @ np.sin(at["u"]) + np.sum(at["v"] ** 2), "aux": B @ at["u"] ** 2}


def rows(at: Any) -> Any:
    """Return the Jacobian by outputs, then by parameters."""
    return {
        "main": {"u": A * np.cos(at["u"]), "v": np.tile(2 * at["v"], (5, 1))},
        "aux": {"u": 2 * B * at["u"], "v": np.zeros((3, 4))},
    }


def claims(break_it: Any) -> list[Any]:
    """Return a mistake as a Jacobian, and as what multiplies with it from either side."""

    def broken(at: Any) -> Any:
        found = rows(at)
        break_it(found)
        return found

    def vjp(at: Any, u: Any) -> Any:
        found = broken(at)
        return {k: sum(u[o] @ found[o][k] for o in found) for k in at}

    def jvp(at: Any, t: Any) -> Any:
        found = broken(at)
        return {o: sum(found[o][k] @ t[k] for k in t) for o in found}

    return [gp.Jacobian(broken), gp.VJP(vjp), gp.JVP(jvp)]


def times(factor: float, output: str, *places: Any) -> Any:
    def break_it(found: Any) -> None:
        for matrix in found[output].values():
            matrix[places or ...] *= factor

    return break_it


CASES = [
    (times(2.0, "aux"), ["GP302"], ["d output['aux'] / d at['u']"]),
    (times(-1.0, "aux", 1), ["GP301"], ["d output['aux'][1] / d at['u']"]),
    (
        times(1.5, "main"),
        ["GP302"],
        ["d output['main'] / d at['u']", "d output['main'] / d at['v']"],
    ),
    (times(0.0, "aux"), ["GP409"], ["d output['aux'] / d at['u']"]),
    (
        times(-1.0, "main", slice(1, 3)),
        ["GP301"],
        [f"d output['main'][{k}] / d at['{name}']" for name in "uv" for k in (1, 2)],
    ),
]


@pytest.mark.parametrize(("break_it", "codes", "addresses"), CASES)
@pytest.mark.parametrize("kind", range(3))
def test_what_is_wrong_with_an_output_is_named(
    kind: int, break_it: Any, codes: list[str], addresses: list[str]
) -> None:
    report = gp.check(f, claims(break_it)[kind], X)
    assert report.verdict == "fail"
    # GP203: a component on which the wrong outputs hardly depend.
    found = [cause.code for cause in report.causes if cause.code != "GP203"]
    assert found == codes, report.summary()
    assert sorted(report.causes[0].addresses) == sorted(addresses)


def test_each_output_has_its_own_cause() -> None:
    def break_it(found: Any) -> None:
        times(2.0, "aux")(found)
        times(-1.0, "main")(found)

    report = gp.check(f, claims(break_it)[1], X)
    found = {cause.code: cause.addresses[0] for cause in report.causes}
    assert found["GP301"].startswith("d output['main'] / d at")
    assert found["GP302"].startswith("d output['aux'] / d at")


def test_single_wrong_entries_are_no_wrong_output() -> None:
    def break_it(found: Any) -> None:
        found["main"]["u"][2, 3] *= -1

    report = gp.check(f, claims(break_it)[0], X)
    assert report.culprits[0].address == "d output['main'][2] / d at['u'][3]"
    assert {cause.code for cause in report.causes} == {"GP412"}


def test_one_output_that_no_cause_explains_leaves_the_tensor_unexplained() -> None:
    def break_it(found: Any) -> None:
        times(2.0, "aux", 0)(found)
        found["aux"]["u"][1] += A[0]

    report = gp.check(f, claims(break_it)[1], X)
    assert report.verdict == "fail"
    assert {cause.code for cause in report.causes} == {"GP399"}


def test_a_factor_of_all_outputs_is_that_of_the_tensor() -> None:
    def break_it(found: Any) -> None:
        times(2.0, "aux")(found)
        times(2.0, "main")(found)

    report = gp.check(f, claims(break_it)[1], X)
    assert [cause.code for cause in report.causes] == ["GP302"]
    assert set(report.causes[0].addresses) == {"at['u']", "at['v']"}


@pytest.mark.parametrize("kind", range(3))
def test_a_wrong_column_is_told_in_the_words_of_a_jacobian(kind: int) -> None:
    def column(found: Any) -> None:
        found["main"]["u"][:, 3] *= 1.5
        found["aux"]["u"][:, 3] *= 0.7

    def entry(found: Any) -> None:
        found["main"]["u"][2, 3] *= -1

    (cause,) = gp.check(f, claims(column)[kind], X).causes
    assert (cause.code, cause.addresses) == ("GP412", ("at['u']",))
    assert cause.message.startswith("1 of 7 columns of the Jacobian is wrong in all outputs")
    assert cause.advice.startswith("Look at how the derivatives of all outputs by these param")
    (cause,) = gp.check(f, claims(entry)[kind], X).causes
    assert cause.message.startswith("1 of 7 columns of the Jacobian is wrong in 1 of 8 outputs")
    assert cause.advice.startswith("Look at the derivatives of these outputs by these parameters")


def test_one_output_has_no_columns() -> None:
    x = np.linspace(0.5, 1, 6)
    claim = gp.Jacobian(lambda x: (np.cos(x) + np.eye(1, 6, 2)[0])[None])
    (cause,) = gp.check(lambda x: np.sum(np.sin(x))[None], claim, x).causes
    assert cause.message.startswith("1 of 6 components is wrong")
    assert "an edge, an index met twice" in cause.advice


def test_a_jacobian_that_is_an_array_is_no_gradient_that_stays_the_same() -> None:
    """It was made at the point: only a function of it can be asked elsewhere."""

    def tanh(x: Any) -> Any:
        return np.tanh(A @ x)

    x = X["u"]
    wrong = (1 - tanh(x) ** 2)[:, None] * A * np.arange(2.0, 2 + len(A))[:, None]
    for matrix, is_asked in ((wrong, False), (lambda x: wrong, True)):
        causes = gp.check(tanh, gp.Jacobian(matrix), x).causes
        assert ("GP305" in [cause.code for cause in causes]) == is_asked


SQUARE = np.random.default_rng(8).normal(size=(5, 5))
AT = np.linspace(-1, 1, 5)


def layer(x: Any) -> Any:
    return np.tanh(SQUARE @ x)


def of_layer(x: Any) -> Any:
    return (1 - layer(x) ** 2)[:, None] * SQUARE


@pytest.mark.parametrize(
    "claim",
    [
        gp.Jacobian(lambda x: of_layer(x).T),
        gp.VJP(lambda x, u: of_layer(x) @ u),
        gp.Jacobian(lambda x: scipy.sparse.csr_array(of_layer(x).T)),
    ],
    ids=["dense", "product", "sparse"],
)
def test_a_transposed_jacobian_is_called_one(claim: Any) -> None:
    report = gp.check(layer, claim, AT)
    assert report.verdict == "fail"
    (cause,) = report.causes
    assert (cause.code, cause.addresses) == ("GP403", ("d output / d x",))


def test_a_sparse_transposed_jacobian_lacks_no_non_zeros() -> None:
    matrix = scipy.sparse.diags_array(
        [np.arange(2.0, 32.0), np.arange(1.0, 30.0)], offsets=[0, -1], format="csr"
    )

    def f(x: Any) -> Any:
        return matrix @ np.sin(x)

    def claimed(x: Any) -> Any:
        return (matrix @ scipy.sparse.diags_array(np.cos(x))).T.tocsr()

    report = gp.check(f, gp.Jacobian(claimed), np.linspace(-1, 1, 30))
    assert report.verdict == "fail"
    assert [cause.code for cause in report.causes] == ["GP403"]


@pytest.mark.parametrize("kind", [np.asarray, scipy.sparse.csr_array])
def test_a_transposed_jacobian_with_another_mistake_is_none(kind: Any) -> None:
    def claimed(x: Any) -> Any:
        found = of_layer(x).T.copy()
        found[:, 1] *= 1.2
        return kind(found)

    report = gp.check(layer, gp.Jacobian(claimed), AT)
    assert report.verdict == "fail"
    assert "GP403" not in {cause.code for cause in report.causes}


def test_a_flipped_sign_is_no_transpose_where_it_is_the_same() -> None:
    turn = SQUARE - SQUARE.T
    report = gp.check(lambda x: turn @ x, gp.Jacobian(turn.T), AT)
    assert [cause.code for cause in report.causes] == ["GP301"]
