"""Wherever Ctrl-C comes in, global state is put back, and the next check is as good as any."""

from __future__ import annotations

import contextlib
import random
import threading
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from tests.executors import told
from tests.interrupts import moments, run

import gradproof as gp
from gradproof.frameworks.in_use import alone

Array = npt.NDArray[Any]
X = np.linspace(0.1, 1, 5)


def f(x: Array) -> Any:
    return np.sum(np.sin(x)) + random.random() + np.random.random()  # noqa: NPY002


def state() -> tuple[object, ...]:
    _, keys, *rest = np.random.get_state()  # noqa: NPY002
    numbers = random.getstate(), np.asarray(keys).tobytes(), rest
    return *numbers, np.geterr(), list(warnings.filters), threading.active_count()


def test_at_any_call() -> None:
    def check() -> gp.Report:
        return gp.check(f, np.cos, X)

    expected = told(check())
    calls = run(check)
    for number in moments(calls):
        before = state()
        assert run(check, number) <= calls
        assert state() == before, number
    assert told(check()) == expected


def test_what_is_taken_is_given_back_at_any_call() -> None:
    def use() -> None:
        with alone({1, 2}, "module"), alone({3}, "module"):
            pass

    for number in range(1, run(use) + 1):
        run(use, number)
        with contextlib.ExitStack() as stack:
            stack.enter_context(alone({1, 2, 3}, "module"))
            with pytest.raises(gp.InputError, match="being checked already"):
                stack.enter_context(alone({2}, "module"))
