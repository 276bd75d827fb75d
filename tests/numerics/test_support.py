"""Which entries of a row explain its errors, where that is known beforehand."""

import numpy as np
import pytest

from gradproof.numerics.support import NONE, SEVERAL, single_columns, sparse_support

N = 2_000
NOTHING = np.empty(0, dtype=np.int64)


def errors(seed: int, count: int, columns: list[int]) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    moves = rng.choice([-1.0, 1.0], (count, N)) * rng.uniform(0.5, 1.5, (count, N))
    size = rng.choice([-1.0, 1.0], len(columns)) * rng.uniform(0.5, 2, len(columns))
    found = moves[:, columns] @ size
    return found + 1e-9 * rng.standard_normal(count), moves


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(("count", "columns"), [(4, [7]), (24, [3, 1999]), (24, [0, 5, 900])])
def test_few_columns_are_found(seed: int, count: int, columns: list[int]) -> None:
    found, moves = errors(seed, count, columns)
    support = sparse_support(found, moves, np.full(count, 1e-8), NOTHING)
    assert support is not None
    assert sorted(support) == columns


def test_what_is_within_counts_first() -> None:
    within = np.arange(10, 19)
    found, moves = errors(1, 16, [*within, 700])
    support = sparse_support(found, moves, np.full(16, 1e-8), within)
    assert support is not None
    assert sorted(support) == [*within, 700]


def test_nothing_is_explained_by_chance() -> None:
    found, moves = errors(0, 8, list(range(0, N, 40)))
    assert sparse_support(found, moves, np.full(8, 1e-8), NOTHING) is None


def test_two_columns_that_explain_alike_are_not_told_apart() -> None:
    found, moves = errors(0, 4, [7])
    moves[:, 8] = moves[:, 7]
    assert sparse_support(found, moves, np.full(4, 1e-8), NOTHING) is None


def test_no_error_needs_no_column() -> None:
    _, moves = errors(0, 4, [7])
    support = sparse_support(np.full(4, 1e-10), moves, np.full(4, 1e-8), NOTHING)
    assert support is not None
    assert support.size == 0


@pytest.mark.parametrize("seed", range(5))
def test_a_single_column_is_found_in_all_rows_at_once(seed: int) -> None:
    rng = np.random.default_rng(seed)
    moves = rng.choice([-1.0, 1.0], (4, N)) * rng.uniform(0.5, 1.5, (4, N))
    columns = rng.integers(N, size=500)
    error = moves[:, columns] * 10.0 ** rng.uniform(-3, 3, 500)
    bars = 1e-6 * np.max(np.abs(error), axis=0) + np.zeros((4, 1))
    error += rng.uniform(-1, 1, error.shape) * bars / 3
    error[:, 7] += moves[:, (columns[7] + 1) % N] * error[0, 7]
    found = single_columns(error, moves, bars)
    expected = columns.copy()
    expected[7] = NONE
    assert np.mean(found == expected) > 0.99
    assert set(found[found != expected]) <= {SEVERAL}  # by chance


def test_single_columns_that_explain_alike_are_not_told_apart_in_any_row() -> None:
    error, moves = errors(0, 4, [7])
    moves[:, 8] = moves[:, 7]
    moves[:, 9] = 0.0
    found = single_columns(np.stack([error, 2 * moves[:, 3]], axis=1), moves, np.full((4, 2), 1e-8))
    assert found.tolist() == [SEVERAL, 3]


def test_too_many_pairs_are_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    error, moves = errors(0, 4, [7])
    monkeypatch.setattr("gradproof.numerics.support._IN_ALL", 0)
    assert single_columns(error[:, None], moves, np.full((4, 1), 1e-8)).tolist() == [NONE]
