"""Of the soak: its gradients are right, and it notices wrong verdicts and whatever is left behind."""

from __future__ import annotations

import dataclasses
import os
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchmarks.soak import running
from benchmarks.soak.draws import Draw, draw
from benchmarks.soak.functions import Numbers, _kinks
from benchmarks.soak.judging import complaint
from benchmarks.soak.process import Holding, left_by
from benchmarks.soak.running import Soak
from benchmarks.soak.table import misses_of, table

import gradproof as gp


def first(seed: int = 0, **wanted: Any) -> Draw:
    """Return the first check that is drawn of some kind."""
    for number in range(2_000):
        one = draw(seed, number)
        if all(getattr(one, key) == value for key, value in wanted.items()):
            return one
    raise AssertionError(wanted)


def test_a_check_depends_on_its_numbers_only() -> None:
    one, again = draw(3, 17), draw(3, 17)
    assert one.name == again.name
    np.testing.assert_equal(one.at, again.at)
    np.testing.assert_equal(one.claim, again.claim)


def test_gradients_are_those_of_complex_steps() -> None:
    smooth = 0
    for number in range(40):
        function = draw(1, number).function
        if function.has_kinks or function.is_noisy:
            continue
        x = function.at.astype(np.float64)
        steps = 1e-30 * np.eye(x.size)
        slopes = [function.value(x + 1j * step).imag / 1e-30 for step in steps]
        size = np.max(np.abs(slopes))
        np.testing.assert_allclose(function.gradient(x), slopes, rtol=1e-9, atol=1e-12 * size)
        smooth += 1
    assert smooth > 20


def test_at_a_kink_a_subgradient_is_claimed() -> None:
    for seed in range(20):
        function = _kinks(Numbers(np.random.default_rng(seed), np.float64), 6)
        x, g = function.at, function.gradient(function.at)
        for k in range(x.size):
            step = 1e-6 * np.eye(x.size)[k]
            left = (function.value(x) - function.value(x - step)) / 1e-6
            right = (function.value(x + step) - function.value(x)) / 1e-6
            assert min(left, right) - 1e-5 <= g[k] <= max(left, right) + 1e-5


PASS = gp.check(lambda x: np.sum(x**2), lambda x: 2 * x, np.ones(3))


def test_wrong_verdicts_are_noticed() -> None:
    right = first(mistake=None, way="plain")
    assert complaint(right, PASS) is None
    failed = dataclasses.replace(PASS, verdict=gp.Verdict.FAIL)
    assert complaint(right, failed) == "right, called wrong"
    one = draw(0, next(number for number in range(2_000) if _is_doubled(draw(0, number))))
    for plan in ("every", "project"):
        sound = gp.check(one.f, one.right, one.at, plan=plan)
        assert sound.passed
        assert complaint(one, sound) is not None  # what would be said of a wrong one that passes
        found = gp.check(one.f, one.claim, one.at, plan=plan)
        assert found.verdict == "fail"
        assert complaint(one, found) is None


def _is_doubled(one: Draw) -> bool:
    plain = not (one.function.has_kinks or one.function.is_noisy)
    return plain and (one.mistake or "").startswith("factor 2")


def run(monkeypatch: pytest.MonkeyPatch, asked: Any, checks: int = 3) -> Soak:
    monkeypatch.setattr(running, "_asked", asked)
    soak = Soak(0, checks)
    soak.run(lambda line: None)
    return soak


def test_what_is_left_changed_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    held = []

    def leaves_a_file(*_: Any) -> gp.Report:
        held.append(os.open(os.devnull, os.O_RDONLY))
        return PASS

    soak = Soak(0, 100)
    monkeypatch.setattr(running, "_asked", leaves_a_file)
    soak.run(lambda line: None)
    assert any("files are open" in miss for miss in misses_of(soak))
    for file in held:
        os.close(file)

    def draws(*_: Any) -> gp.Report:
        random.random()
        np.random.random()  # noqa: NPY002
        np.seterr(under="raise")
        return PASS

    with np.errstate():
        soak = run(monkeypatch, draws)
    assert sum("generator" in miss for miss in misses_of(soak)) == 6
    text = table(soak)
    assert "| 3 checks |" in text
    assert "Left changed: 6" in text


def test_memory_that_is_left_is_noticed() -> None:
    kept: list[bytes] = []
    assert left_by(lambda: kept.append(bytes(100_000))) > 90
    assert left_by(lambda: bytes(100_000)) < 5
    early, late = Holding(50.0, 3, 1, 100), Holding(60.0, 3, 1, 100)
    soak = Soak(0, 100_000, checks=100_000, holdings={10_000: early, 100_000: late})
    assert misses_of(soak) == ["memory grew from 50.0 to 60.0 MiB"]


def test_every_way_of_asking_works(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        for way in ("raises", "interrupted", "journal", "threads", "rendered", "batches"):
            soak = Soak(0, 1)
            assert soak.one(first(way=way, mistake=None), pool, tmp_path) == []
            assert soak.ways == {way: 1}
