"""The record of a sparse Jacobian: entries by name, in the units of their outputs."""

from typing import Any

import numpy as np
import pytest
import scipy.sparse

import gradproof as gp

N = 12
X = np.linspace(0.5, 1.5, N)
UNITS = np.geomspace(1e-6, 1e6, N)  # of the outputs


def f(x: Any) -> Any:
    return UNITS * (np.sin(x) + np.roll(x, -1) ** 2)


def jacobian(**changes: Any) -> Any:
    """Return the derivatives, with those of some outputs by x of the same number changed."""
    own, rows = UNITS * np.cos(X), np.arange(N)
    next_ = (rows + 1) % N
    values = np.concatenate([own, UNITS * 2 * X[next_]])
    values[:N] *= changes.get("times", np.ones(N))
    kept = np.ones(2 * N, dtype=bool)
    kept[N:] = ~np.isin(rows, changes.get("missing", []))
    where = np.tile(rows, 2)[kept], np.concatenate([rows, next_])[kept]
    return scipy.sparse.coo_array((values[kept], where), shape=(N, N)).tocsr()


def times(factor: float, *rows: int) -> Any:
    result = np.ones(N)
    result[list(rows)] = factor
    return result


@pytest.mark.parametrize("row", [0, 5, 11])
def test_a_wrong_entry_is_told_in_the_units_of_its_output(row: int) -> None:
    report = gp.check(f, gp.Jacobian(jacobian(times=times(1.5, row))), X)
    truth = UNITS[row] * np.cos(X[row])
    (culprit,) = report.culprits
    assert culprit.address == f"d output[{row}] / d x[{row}]"
    assert (culprit.path, culprit.index, culprit.output) == ((), (row,), f"output[{row}]")
    assert culprit.claimed == pytest.approx(1.5 * truth)
    assert culprit.measured == pytest.approx(truth, rel=1e-6)
    assert culprit.bar == pytest.approx(culprit.truncation + culprit.noise)
    for told in (culprit.bar, culprit.truncation + culprit.noise, culprit.visible):
        assert 0 < told < 1e-3 * truth
    (leaf,) = report.leaves
    assert leaf.worst == culprit
    assert (leaf.shape, leaf.checked, leaf.wrong) == ((N,), 2 * N, 1)
    (pattern,) = report.patterns
    assert (pattern.words, pattern.wrong, pattern.size) == ("1 of 24 non-zeros", 1, 2 * N)
    (curve,) = report.curves
    assert curve.address == culprit.address
    assert curve.claimed == pytest.approx(1.5 * truth)
    assert curve.measured == pytest.approx(truth, rel=1e-6)
    assert 0 < curve.bar < 1e-3 * truth
    for side, moved in [(1, curve.plus), (-1, curve.minus)]:
        step = side * np.array(curve.steps[:5])
        expected = UNITS[row] * (np.sin(X[row] + step) - np.sin(X[row]))
        assert moved[:5] == pytest.approx(expected, rel=1e-4)
    assert f"the wrong components concern 1 of 12 outputs: output[{row}]" in report.notes


def test_of_many_outputs_six_are_named() -> None:
    report = gp.check(f, gp.Jacobian(jacobian(times=times(1.5, *range(8)))), X)
    listed = ", ".join(f"output[{row}]" for row in range(6))
    assert f"the wrong components concern 8 of 12 outputs: {listed} and 2 more" in report.notes


def test_missing_entries_are_one_cause_and_told_by_name() -> None:
    report = gp.check(f, gp.Jacobian(jacobian(missing=[2, 7])), X)
    names = ("d output[2] / d x[3]", "d output[7] / d x[8]")
    (cause,) = report.causes
    assert (cause.code, set(cause.addresses), cause.parameters["count"]) == ("GP416", set(names), 2)
    assert {one.address for one in report.culprits} == set(names)
    assert all(one.claimed == 0 for one in report.culprits)
    assert [one.measured for one in report.culprits] == pytest.approx(
        [
            2 * UNITS[int(one.output[7:-1])] * X[one.index[0]]
            for one in report.culprits
            if one.output
        ]
    )


def test_beside_missing_entries_a_mistake_keeps_its_name() -> None:
    report = gp.check(f, gp.Jacobian(jacobian(missing=[2], times=times(1.5, 6))), X)
    assert {one.code for one in report.causes} >= {"GP416"}
    assert len(report.causes) == 2
    report = gp.check(f, gp.Jacobian(-jacobian()), X)
    assert [one.code for one in report.causes] == ["GP301"]
    assert report.patterns[0].words == "all non-zeros"
    assert "the wrong components concern all outputs" in report.notes


def test_an_output_that_depends_on_all_is_wrong_though_every_entry_is_right() -> None:
    x = np.linspace(0.5, 1.5, 100)

    def g(x: Any) -> Any:
        y = x**2
        y[4] += np.sum(np.exp(x))
        return y

    claim = np.diag(2 * x)
    claim[4, 4] += np.exp(x[4])
    report = gp.check(g, gp.Jacobian(scipy.sparse.csr_array(claim)), x)
    assert report.verdict == "fail"
    (cause,) = [one for one in report.causes if one.code == "GP416"]
    assert (cause.addresses, cause.parameters["outputs"]) == (("output[4]",), 1)
    assert report.headline == cause.message


def test_parameters_in_structures_have_leaves_of_their_own() -> None:
    at = {"a": X[:5], "b": X[5:], "c": np.ones(2)}
    claim = scipy.sparse.hstack([jacobian(times=times(1.5, 7)), np.zeros((N, 2))], format="csr")
    report = gp.check(lambda t: f(np.concatenate([t["a"], t["b"]])), gp.Jacobian(claim), at)
    assert [(leaf.address, leaf.shape, leaf.wrong) for leaf in report.leaves] == [
        ("t['a']", (5,), 0),
        ("t['b']", (7,), 1),
        ("t['c']", (2,), 0),
    ]
    assert [leaf.checked for leaf in report.leaves] == [10, 14, 2]
    (culprit,) = report.culprits
    assert culprit.address == "d output[7] / d t['b'][2]"
    assert (culprit.path, culprit.index) == (("b",), (2,))
    assert [one.path for one in report.patterns] == [("b",)]
