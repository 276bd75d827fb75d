"""Sparse Jacobians in the matrices of PyTorch and JAX: their patterns are verified, too."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
import torch
from jax.experimental import sparse

import gradproof as gp

N = 12
X = np.linspace(-1.0, 1.3, N)
ROWS = np.tile(np.arange(N), 2)
COLUMNS = np.concatenate([np.arange(N), (np.arange(N) - 1) % N])


def entries(x: Any, of: Any) -> Any:
    return of.cos(x) * of.roll(x, 1), of.sin(x)


def in_torch(x: Any, keep: slice = slice(None)) -> Any:
    values = torch.cat(entries(x, torch))[keep]
    places = torch.from_numpy(np.stack([ROWS, COLUMNS])[:, keep].copy())
    return torch.sparse_coo_tensor(places, values, (N, N), check_invariants=True)


def in_jax(x: Any, keep: slice = slice(None), fill: int = 0) -> Any:
    values = jnp.concatenate([*entries(x, jnp)])[keep]
    places = jnp.stack([ROWS, COLUMNS], axis=1)[keep]
    # JAX fills up what has to have one length with places outside of the matrix.
    values = jnp.concatenate([values, jnp.ones(fill)])
    places = jnp.concatenate([places, jnp.full((fill, 2), N)])
    return sparse.BCOO((values, places), shape=(N, N))


OF_TORCH = {
    "coo": in_torch,
    "csr": lambda x, keep=slice(None): in_torch(x, keep).to_sparse_csr(),
    "csc": lambda x, keep=slice(None): in_torch(x, keep).to_sparse_csc(),
}
OF_JAX = {
    "bcoo": in_jax,
    "bcoo filled up": lambda x, keep=slice(None): in_jax(x, keep, fill=3),
    "bcsr": lambda x, keep=slice(None): sparse.BCSR.from_bcoo(in_jax(x, keep).sort_indices()),
}


def reports(claim: Any, keep: slice) -> list[gp.Report]:
    if claim in OF_TORCH.values():
        at, of = torch.from_numpy(X.copy()), torch
    else:
        at, of = jnp.asarray(X), jnp

    def f(x: Any) -> Any:
        return of.sin(x) * of.roll(x, 1)

    return [
        gp.check(f, gp.Jacobian(one), at) for one in (lambda x: claim(x, keep), claim(at, keep))
    ]


@pytest.mark.filterwarnings("ignore:Sparse:UserWarning")  # torch's, of its own matrices
@pytest.mark.parametrize("claim", [*OF_TORCH.values(), *OF_JAX.values()], ids=[*OF_TORCH, *OF_JAX])
def test_entries_and_pattern_are_verified(claim: Any) -> None:
    for report in reports(claim, slice(None)):
        assert report.passed, report.summary()
        assert report.leaves[0].checked == 2 * N
        assert any("in 2 groups of columns" in note for note in report.notes)
    for report in reports(claim, slice(0, -1)):
        assert [cause.code for cause in report.causes] == ["GP416"]
        assert report.causes[0].addresses == (f"d output[{N - 1}] / d x[{N - 2}]",)


def test_a_batch_of_matrices_is_read_as_an_array() -> None:
    dense = np.diag(np.cos(X))
    matrix = sparse.BCOO.fromdense(jnp.asarray(dense), n_batch=1)
    report = gp.check(jnp.sin, gp.Jacobian(matrix), jnp.asarray(X))
    assert report.passed, report.summary()
