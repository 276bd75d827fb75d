"""Sparse Jacobians: the pattern is verified, and every entry measured by colours."""

import itertools
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import gradproof as gp

N = 120
RNG = np.random.default_rng(5)
COLUMNS = np.array([RNG.choice(N, 3, replace=False) for _ in range(N)])
WEIGHTS = RNG.uniform(0.3, 2, (N, 3)) * RNG.choice([-1.0, 1.0], (N, 3))
X = RNG.uniform(-2, 2, N)


def f(x: Any) -> Any:
    return (WEIGHTS * np.sin(x[COLUMNS])).sum(axis=1)


def jacobian(x: Any) -> Any:
    values = WEIGHTS * np.cos(x[COLUMNS])
    rows = np.repeat(np.arange(N), 3)
    return scipy.sparse.csr_array((values.ravel(), (rows, COLUMNS.ravel())), shape=(N, N))


def changed(*changes: tuple[int, int, float | None]) -> Any:
    """Return the Jacobian with some entries times a factor, or none in their place."""
    matrix = jacobian(X).tocoo()
    values, kept = matrix.data.copy(), np.ones(matrix.nnz, dtype=bool)
    for row, column, factor in changes:
        (which,) = np.flatnonzero((matrix.row == row) & (matrix.col == column))
        kept[which] = factor is not None
        values[which] *= factor or 0.0
    where = matrix.row[kept], matrix.col[kept]
    return scipy.sparse.coo_array((values[kept], where), shape=(N, N))


def largest(row: int, nth: int = 0) -> int:
    """Return the column of one of the largest entries of a row."""
    size = np.abs(WEIGHTS[row] * np.cos(X[COLUMNS[row]]))
    return int(COLUMNS[row][np.argsort(-size)[nth]])


@pytest.mark.parametrize("kind", ["csr_array", "csc_matrix", "coo_matrix", "lil_array", "dok_array", "bsr_array"])  # fmt: skip
def test_all_entries_of_a_right_jacobian_cost_as_many_evaluations_as_colours(kind: str) -> None:
    at = X.copy()
    report = gp.check(f, gp.Jacobian(getattr(scipy.sparse, kind)(jacobian(X))), at)
    assert report.passed, report.summary()
    assert report.leaves[0].checked == 3 * N
    assert report.leaves[0].shape == (N,)
    assert report.evaluations <= 45
    assert np.array_equal(at, X)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("plan", ["auto", "every", "project", "leaves"])
def test_a_missing_non_zero_is_named(plan: str, seed: int) -> None:
    column = largest(seed)
    report = gp.check(f, gp.Jacobian(changed((seed, column, None))), X, plan=plan, seed=seed)
    assert report.verdict == "fail"
    (cause,) = report.causes
    assert cause.code == "GP416"
    assert cause.addresses == (f"d output[{seed}] / d x[{column}]",)
    (culprit,) = report.culprits
    assert (culprit.address, culprit.output) == (cause.addresses[0], f"output[{seed}]")
    assert (culprit.path, culprit.index, culprit.claimed) == ((), (column,), 0)
    assert culprit.measured == pytest.approx(jacobian(X)[seed, column], abs=2 * culprit.bar)
    (told,) = [note for note in report.notes if "evaluations by then" in note]
    assert int(told.split("(")[1].split()[0]) <= 30


def test_several_that_are_missing_are_named() -> None:
    places = [(3, largest(3)), (3, largest(3, 1)), (40, largest(40)), (77, largest(77))]
    report = gp.check(f, gp.Jacobian(changed(*((*one, None) for one in places))), X)
    (cause,) = report.causes
    names = {f"d output[{row}] / d x[{column}]" for row, column in places}
    assert set(cause.addresses) == names
    assert {one.address for one in report.culprits} == names


def test_a_whole_diagonal_that_is_missing_is_named() -> None:
    def g(x: Any) -> Any:
        return x**2 + np.roll(np.sin(x), 1)

    report = gp.check(g, gp.Jacobian(lambda x: scipy.sparse.diags_array(2 * x, format="csr")), X)
    (cause,) = report.causes
    assert cause.code == "GP416"
    assert cause.parameters["count"] == N
    assert set(cause.addresses) < {f"d output[{(k + 1) % N}] / d x[{k}]" for k in range(N)}
    assert report.leaves[0].wrong == N


def test_a_wrong_entry_and_a_missing_one_are_told_apart() -> None:
    wrong, missing = (3, largest(3)), (3, largest(3, 1))
    report = gp.check(f, gp.Jacobian(changed((*wrong, 1.3), (*missing, None))), X)
    addresses = {one.address: one.claimed for one in report.culprits}
    assert set(addresses) == {f"d output[3] / d x[{column}]" for _, column in (wrong, missing)}
    assert addresses[f"d output[3] / d x[{missing[1]}]"] == 0
    assert "GP416" in [cause.code for cause in report.causes]


@pytest.mark.parametrize("factor", [1 + 1e-4, 1.1, -1.0])
def test_a_wrong_entry_is_named(factor: float) -> None:
    column = largest(9)
    report = gp.check(f, gp.Jacobian(changed((9, column, factor))), X)
    (culprit,) = report.culprits
    assert culprit.address == f"d output[9] / d x[{column}]"
    truth = jacobian(X)[9, column]
    assert culprit.claimed == pytest.approx(factor * truth)
    assert culprit.measured == pytest.approx(truth, abs=2 * culprit.bar)
    assert [cause.code for cause in report.causes] == ["GP412"]
    assert report.curves[0].address == culprit.address
    assert report.curves[0].claimed == pytest.approx(culprit.claimed)
    assert "1 of 120 outputs: output[9]" in " ".join(report.notes)


def test_a_factor_of_the_whole_is_one_cause() -> None:
    report = gp.check(f, gp.Jacobian(lambda x: -jacobian(x)), X)
    assert [cause.code for cause in report.causes] == ["GP301"]
    assert report.leaves[0].wrong == 3 * N
    assert report.patterns[0].words == "all non-zeros"


def test_an_output_that_depends_on_everything_is_found_without_a_place() -> None:
    def g(x: Any) -> Any:
        y = f(x)
        y[4] += np.sum(np.cos(np.delete(x, COLUMNS[4])))
        return y

    report = gp.check(g, gp.Jacobian(jacobian(X)), X)
    assert report.verdict == "fail"
    (cause,) = [cause for cause in report.causes if cause.code == "GP416"]
    assert cause.addresses == ("output[4]",)
    assert "1 output depends on more" in report.headline


def test_stored_zeros_and_entries_that_happen_to_be_zero_are_right() -> None:
    rows, columns = RNG.integers(N, size=(2, 60))
    zeros = scipy.sparse.coo_array((np.zeros(60), (rows, columns)), shape=(N, N))
    matrix = jacobian(X).tocoo()
    more = scipy.sparse.coo_array(
        (np.append(matrix.data, zeros.data), (np.append(matrix.row, rows), np.append(matrix.col, columns))),
        shape=(N, N),
    )  # fmt: skip
    assert gp.check(f, gp.Jacobian(more.tocsr()), X).passed
    x = X.copy()
    x[::3] = 0
    report = gp.check(
        lambda x: x**2 + np.roll(x, 1) ** 3,
        gp.Jacobian(lambda x: scipy.sparse.csr_array(np.diag(2 * x) + np.roll(np.diag(3 * x**2), 1, axis=0))),
        x,
    )  # fmt: skip
    assert report.passed, report.summary()


def test_an_entry_that_is_stored_twice_counts_as_the_sum() -> None:
    half = jacobian(X).tocoo()
    twice = scipy.sparse.coo_array(
        (np.append(half.data, half.data) / 2, (np.append(half.row, half.row), np.append(half.col, half.col))),
        shape=(N, N),
    )  # fmt: skip
    assert gp.check(f, gp.Jacobian(twice), X).passed


def test_float32() -> None:
    def g(x: Any) -> Any:
        return (WEIGHTS.astype(np.float32) * np.sin(x[COLUMNS]).astype(np.float32)).sum(axis=1)

    x = X.astype(np.float32)
    assert gp.check(g, gp.Jacobian(jacobian), x).passed
    column = largest(2)
    matrix = jacobian(x).tolil()
    matrix[2, column] *= 1.5
    assert gp.check(g, gp.Jacobian(matrix), x).culprits[0].address == f"d output[2] / d x[{column}]"
    matrix[2, column] = 0
    report = gp.check(g, gp.Jacobian(matrix.tocsr()), x)
    assert report.causes[0].addresses == (f"d output[2] / d x[{column}]",)


def test_parameters_and_outputs_in_structures() -> None:
    W = np.random.default_rng(0).uniform(0.5, 1, (4, 5))

    def g(params: Any) -> Any:
        return {"a": params["W"] ** 2, "b": params["c"] * params["W"][:, 0]}

    def matrix(params: Any) -> Any:
        J = np.zeros((24, 21))
        J[:20, :20] = np.diag(2 * params["W"].ravel())
        J[20:, 20] = params["W"][:, 0]
        J[range(20, 24), range(0, 20, 5)] = params["c"]
        return scipy.sparse.csr_array(J)

    at = {"W": W, "c": 2.0}
    report = gp.check(g, gp.Jacobian(matrix), at)
    assert report.passed, report.summary()
    assert [(leaf.address, leaf.shape, leaf.checked) for leaf in report.leaves] == [
        ("params['W']", (4, 5), 24),
        ("params['c']", (), 4),
    ]
    wrong = matrix(at).tolil()
    wrong[21, 5] = 0.0
    report = gp.check(g, gp.Jacobian(wrong.tocsr()), at)
    assert report.culprits[0].address == "d output['b'][1] / d params['W'][1, 0]"
    assert report.culprits[0].index == (1, 0)
    only = gp.check(g, gp.Jacobian(wrong.tocsr()), at, include="params['c']")
    assert only.passed, only.summary()
    assert only.leaves[0].checked == 0


def test_bounds_are_kept() -> None:
    lower = np.zeros(N)
    seen = []

    def g(x: Any) -> Any:
        seen.append(x.min())
        return (WEIGHTS * np.sqrt(x)[COLUMNS]).sum(axis=1)

    def matrix(x: Any) -> Any:
        values = WEIGHTS * 0.5 / np.sqrt(x)[COLUMNS]
        rows = np.repeat(np.arange(N), 3)
        return scipy.sparse.csr_array((values.ravel(), (rows, COLUMNS.ravel())), shape=(N, N))

    x = np.abs(X) + 0.01
    upper = np.where(np.arange(N) % 3 == 0, x, 10.0)
    report = gp.check(gp.Problem(g, gp.Jacobian(matrix), x, bounds=(lower, upper)))
    assert report.passed, report.summary()
    assert min(seen) >= 0
    short = matrix(x).tolil()
    short[6, COLUMNS[6, 0]] = 0
    report = gp.check(gp.Problem(g, gp.Jacobian(short.tocsr()), x, bounds=(lower, upper)))
    assert report.causes[0].addresses == (f"d output[6] / d x[{COLUMNS[6, 0]}]",)


def test_kinks_are_not_called_wrong() -> None:
    x = X.copy()
    x[:5] = 0

    def matrix(x: Any, at_zero: float = 0.5) -> Any:
        slope = np.where(x > 0, 1.0, np.where(x < 0, 0.0, at_zero))
        rows = np.repeat(np.arange(N), 3)
        values = (WEIGHTS * slope[COLUMNS]).ravel()
        return scipy.sparse.csr_array((values, (rows, COLUMNS.ravel())), shape=(N, N))

    def g(x: Any) -> Any:
        return (WEIGHTS * np.maximum(x, 0)[COLUMNS]).sum(axis=1)

    report = gp.check(g, gp.Jacobian(matrix), x)
    assert report.passed, report.summary()
    assert [cause.code for cause in report.causes] == ["GP202"]
    assert gp.check(g, gp.Jacobian(lambda x: matrix(x, 1.5)), x).verdict == "fail"


def test_what_is_unsound_is_said_as_for_any_claim() -> None:
    def codes(g: Any, claim: Any) -> list[str]:
        return [cause.code for cause in gp.check(g, gp.Jacobian(claim), X).causes]

    assert codes(f, jacobian(X)[:, :-1]) == ["GP103"]
    assert codes(f, np.nan * jacobian(X)) == ["GP104"]
    assert "GP101" in codes(lambda x: f(x) + np.random.default_rng().standard_normal(N), jacobian)
    assert codes(lambda x: f(X), jacobian) == ["GP107"]


def test_a_budget_ends_it() -> None:
    for budget in (5, 22):
        report = gp.check(f, gp.Jacobian(jacobian), X, budget=budget)
        assert report.evaluations <= budget
        assert report.verdict == "inconclusive"
        assert "GP206" in [cause.code for cause in report.causes]
        assert any("was spent" in note for note in report.notes)
        assert not report.interrupted


@pytest.mark.parametrize("call", [3, 22])
def test_ctrl_c_ends_it_and_is_told(call: int) -> None:
    calls = 0

    def interrupted(x: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call:
            raise KeyboardInterrupt
        return f(x)

    report = gp.check(interrupted, gp.Jacobian(jacobian), X)
    assert report.verdict == "inconclusive"
    assert report.interrupted
    assert sum(note.endswith("it was interrupted") for note in report.notes) == 1


def test_many_colours_are_too_dear_for_auto() -> None:
    n = 1_200
    full = scipy.sparse.coo_array(np.vstack([np.ones(n), np.eye(n)]))
    x = np.linspace(1, 2, n)
    report = gp.check(lambda x: np.append(np.sum(x), x), gp.Jacobian(full), x)
    assert report.passed, report.summary()
    assert report.plan == "project"
    assert report.evaluations <= 100
    assert "the pattern of the Jacobian was looked at" in " ".join(report.notes)


def test_nothing_but_zeros_is_checked_as_any_claim() -> None:
    nothing = gp.Jacobian(lambda x: scipy.sparse.csr_array((3, 3)))
    assert gp.check(lambda x: x**2, nothing, np.zeros(3)).passed
    report = gp.check(lambda x: x**2, nothing, np.ones(3))
    assert [cause.code for cause in report.causes] == ["GP416"]
    assert len(report.culprits) == 3


def test_outputs_that_cannot_be_seen_are_told() -> None:
    x = np.array([1e-9, 1.0, 2.0])
    report = gp.check(np.log, gp.Jacobian(lambda x: scipy.sparse.csr_array(np.diag(1 / x))), x)
    assert report.passed, report.summary()
    assert any("the pattern of 1 output could not be seen" in note for note in report.notes)


def test_the_same_seed_repeats_it() -> None:
    claim = gp.Jacobian(changed((3, largest(3), 1.2)))
    first, second = (gp.check(f, claim, X, seed=3).to_dict() for _ in range(2))
    assert {**first, "seconds": 0} == {**second, "seconds": 0}


def test_what_is_sparse_only_sometimes_is_checked_as_any_claim() -> None:
    kinds: Any = itertools.chain([jacobian], itertools.repeat(lambda x: jacobian(x).toarray()))
    report = gp.check(f, gp.Jacobian(lambda x: next(kinds)(x)), X)
    assert report.passed, report.summary()


def test_outputs_that_stay_noisier_than_they_were_seen_to_be_keep_their_units(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gradproof.engine.sparse.NOISIER", 1.0)
    monkeypatch.setattr("gradproof.engine.lines.Lines.noisier", 1.5)
    column = largest(7)
    report = gp.check(f, gp.Jacobian(changed((7, column, 1.1))), X)
    assert report.culprits[0].address == f"d output[7] / d x[{column}]"
    assert report.culprits[0].measured == pytest.approx(jacobian(X)[7, column], rel=1e-6)


def test_a_diagonal_that_is_missing_in_thousands_of_rows_leaves_the_others_right() -> None:
    n = 5_000
    x = np.linspace(0.1, 2, n)

    def g(x: Any) -> Any:
        y = np.sin(x)
        y[1:] += x[:-1] ** 2
        return y

    below = scipy.sparse.diags_array([2 * x[:-1]], offsets=[-1], shape=(n, n), format="csr")
    report = gp.check(g, gp.Jacobian(below), x)
    assert [(one.code, one.parameters["count"]) for one in report.causes] == [("GP416", n)]
    (leaf,) = report.leaves
    assert (leaf.checked, leaf.wrong, leaf.undecided) == (2 * n - 1, n, 0)
    assert all(one.claimed == 0 for one in report.culprits)


@pytest.mark.parametrize("seed", range(3))
def test_right_entries_of_rows_that_were_not_looked_into_are_not_wrong(
    monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr("gradproof.engine.missing._FEW_ROWS", 2)
    monkeypatch.setattr("gradproof.engine.missing._MOST_NUMBERS", 1)
    monkeypatch.setattr("gradproof.engine.lines.STORM", 20)
    missing = [(row, largest(row, nth), None) for row in range(N) for nth in (0, 1)]
    report = gp.check(f, gp.Jacobian(changed(*missing)), X, seed=seed)
    assert report.verdict == "fail"
    found = {one.code: one for one in report.causes}
    assert set(found) == {"GP416"}
    places = {f"d output[{row}] / d x[{column}]" for row, column, _ in missing}
    assert {one.address for one in report.culprits} <= places
    named, outputs = report.causes
    assert report.leaves[0].wrong == named.parameters["count"]
    assert 0 < report.leaves[0].undecided < N
    assert outputs.parameters["outputs"] > 8
    assert any("they were not measured one by one" in note for note in report.notes)


def scaled(p: Any) -> Any:
    return np.sin(p["x"]) * p["s"]


def by_scaled(p: Any, factor: float = 1.0) -> Any:
    """Return the Jacobian by s, x and z, on which nothing depends."""
    of_x = np.diag(np.cos(p["x"]) * p["s"])
    columns = [factor * np.sin(p["x"])[:, None], of_x, np.zeros((p["x"].size, p["z"].size))]
    return scipy.sparse.csr_array(np.hstack(columns))


def test_the_headline_says_what_was_left_out_and_no_more() -> None:
    at = {"s": 2.0, "x": np.linspace(0.1, 1, 6), "z": np.ones(3)}
    wrong = gp.Jacobian(lambda p: by_scaled(p, 2.0))
    for chosen in ({"include": ["*x*", "*z*"]}, {"exclude": "*s*"}):
        report = gp.check(scaled, wrong, at, **chosen)
        assert report.passed
        assert report.headline == "right to 1e-06, 1 of 3 tensors left out"
    report = gp.check(scaled, wrong, at, include=["*s*", "*x*"])
    assert report.headline == "1 of 3 tensors is wrong, 1 left out"
    report = gp.check(scaled, gp.Jacobian(by_scaled), at)
    assert report.headline == "all 3 tensors are right to 1e-06"


def test_a_tensor_on_which_nothing_depends_is_checked() -> None:
    at = {"s": 2.0, "x": np.linspace(0.1, 1, 6), "z": np.ones(3)}
    report = gp.check(scaled, gp.Jacobian(by_scaled), at)
    assert {leaf.path: leaf.checked for leaf in report.leaves} == {("s",): 6, ("x",): 6, ("z",): 3}
    assert "not checked" not in str(report)
    assert "no effect seen, none claimed" in str(report)
    without = gp.check(scaled, gp.Jacobian(by_scaled), at, exclude="*z*")
    assert str(without).count("not checked") == 1


def test_a_claim_that_is_the_same_sum_as_what_colours_measure_is_not_called_right() -> None:
    n = 40

    def g(x: Any) -> Any:
        return 2 * x + np.sum(x)

    # One colour is all it takes to get this, and to measure it.
    sums = scipy.sparse.diags_array(np.full(n, n + 2.0), format="csr")
    report = gp.check(g, gp.Jacobian(sums), np.ones(n))
    assert report.verdict == "fail"
    (leaf,) = report.leaves
    assert leaf.wrong + leaf.undecided == n
