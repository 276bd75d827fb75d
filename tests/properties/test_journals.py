"""Any prefix of a journal is enough: the report is the same, and f is asked for the rest only."""

from __future__ import annotations

import contextlib
import functools
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.executors import told

import gradproof as gp
from gradproof.engine.journal import _sealed

Array = npt.NDArray[Any]
N = 24
A = np.random.default_rng(0).standard_normal((N, N)) / 5
X = np.linspace(0.1, 1, N)


def sines(x: Array) -> Any:
    return np.sum(np.sin(A @ x))


def gradient(x: Array) -> Array:
    return np.asarray(A.T @ np.cos(A @ x))


CHECKS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any], dict[str, Any]]] = {
    "right": (sines, gradient, {}),
    "one component": (sines, lambda x: gradient(x) * np.where(np.arange(N) == 7, 1.01, 1.0), {}),
    "along directions": (sines, lambda x: gradient(x) * 1.5, {"plan": "project"}),
    "kinks": (
        lambda x: np.sum(np.abs(x - X[3]) + x * x),
        lambda x: np.sign(x - X[3]) + 2 * x,
        {},
    ),
}


def check(name: str, journal: Path | None = None) -> tuple[dict[str, Any], int]:
    """Return what a check says, and how often it called f."""
    f, claim, options = CHECKS[name]
    calls = 0

    def counted(x: Array) -> Any:
        nonlocal calls
        calls += 1
        return f(x)

    report = gp.check(counted, claim, X, journal=journal, **options)
    return told(report), calls


@contextlib.contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Yield what is in a journal, keep what is changed, and let go of the file."""
    with contextlib.closing(sqlite3.connect(path)) as file, file:
        yield file


@functools.cache
def whole(name: str) -> tuple[Path, int, dict[str, Any], int]:
    """Return a complete journal, how many values it has, its report and its calls."""
    path = Path(tempfile.mkdtemp()) / "whole.gp"
    report, calls = check(name, path)
    with opened(path) as file:
        values = sum(
            len(places) // 8 for (places,) in file.execute("SELECT places FROM evaluations")
        )
    return path, values, report, calls


def cut(path: Path, after: int) -> None:
    """Forget everything behind the first so many values, as if the run had ended there."""
    with opened(path) as file:
        left = after
        rows = file.execute("SELECT rowid, * FROM evaluations").fetchall()
        for rowid, *arrays, cost, written, _ in rows:
            size = len(arrays[0]) // 8
            assert cost == size
            kept = min(left, size)
            left -= kept
            part = _sealed(*(array[: 8 * kept] for array in arrays), kept, written)
            file.execute(
                "UPDATE evaluations SET places=?, asked=?, found=?, realised=?, cost=?, "
                "written=?, seal=? WHERE rowid=?",
                (*part, rowid),
            )
        file.execute("DELETE FROM evaluations WHERE cost = 0")


@settings(max_examples=12)
@given(name=st.sampled_from(sorted(CHECKS)), share=st.floats(0, 1))
def test_any_prefix_is_replayed(name: str, share: float) -> None:
    complete, values, expected, calls = whole(name)
    assert check(name) == (expected, calls)
    after = round(share * values)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "prefix.gp"
        shutil.copy(complete, path)
        cut(path, after)
        assert check(name, path) == (expected, calls - after)
        assert check(name, path) == (expected, calls - values)  # it is complete by now
