"""Of the machinery of the speed bench: ratios, targets, functions with right gradients, the model."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
from benchmarks.scale import simulation
from benchmarks.speed import measuring
from benchmarks.speed.measuring import Sheet, Times, calls
from benchmarks.speed.networks import Regression, digits
from benchmarks.speed.picture import draw

import gradproof as gp
from gradproof.textbook import dictionary_to_vector


def test_runs_alternate_and_ratios_are_of_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    lasting = iter([1.0, 2.0, 30.0, 10.0, 1.0, 4.0])  # a machine ten times slower in between

    def seconds(run: object) -> float:
        assert callable(run)
        run()
        return next(lasting)

    monkeypatch.setattr(measuring, "seconds", seconds)
    times = Times({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, 3)
    assert order == ["a", "b", "b", "a", "a", "b"]
    assert times.ratio("b", "a") == 3.0  # of 2, 3 and 4


def test_the_floor_is_so_many_calls() -> None:
    counted: list[int] = []
    calls(lambda: counted.append(1), 7)()
    assert len(counted) == 7


@pytest.mark.parametrize(
    ("value", "at_least", "met"), [(1.2, False, True), (1.3, False, False), (1.1, True, False)]
)
def test_a_target_that_is_missed_is_shown_and_kept(value: float, at_least: bool, met: bool) -> None:
    sheet = Sheet(quick=False)
    cell = sheet.bound("what", value, 1.2, at_least=at_least)
    assert ("MISSED" in cell) is not met
    assert bool(sheet.misses) is not met


def test_a_quick_run_has_targets_for_counts_only() -> None:
    sheet = Sheet(quick=True)
    assert sheet.bound("time", 9.0, 1.2) == "9.00"
    assert not sheet.misses
    sheet.bound("count", 9.0, 1.2, timed=False)
    assert sheet.misses == ["count: 9.00, target ≤ 1.2"]


def test_the_gradients_that_are_checked_are_right() -> None:
    made = Regression(2, 3)
    assert made.at.size == 10
    assert gp.check(made.f, made.gradient(), made.at)
    for one in digits(7):
        assert gp.check(one.cost, one.gradients(), one.parameters, plan="every")


def test_the_textbook_loop_is_of_the_same_cost() -> None:
    one = digits(7)[0]
    np.testing.assert_allclose(
        one.textbook_loop(), dictionary_to_vector(one.gradients()), atol=1e-7
    )


def test_the_picture_is_the_same_for_the_same_numbers(tmp_path: Path) -> None:
    costs = {"sum": {"gradproof, every component": [(10, 20.0), (100, 120.0)]}}
    for name in ("a.svg", "b.svg"):
        draw(costs, tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert "time of one evaluation" in (tmp_path / "a.svg").read_text()


class TestSimulation:
    machine = dataclasses.replace(
        simulation.ACCELERATOR,
        normals=1e3,
        bandwidth=4e3,
        flops=1e6,
        link=1e3,
        inner_link=1e3,
        latency=1.0,
    )

    def test_one_device_by_hand(self) -> None:
        cost = simulation.certificate(self.machine, 1e6, 1, 10)
        # 10 + 16 passes of 10⁶ numbers, 28 streams of 4 bytes each; 2·10⁶ flops for each token.
        assert cost.directions == pytest.approx(26e6 / 1e3 + 28 * 4e6 / 4e3)
        assert cost.evaluations == pytest.approx(10 * 2e6 * 65_536 / 1e6)
        assert (cost.links, cost.sent, cost.reduced) == (0, 0, 0)
        assert cost.memory == 12e6

    def test_what_gradproof_sends_does_not_grow_with_parameters(self) -> None:
        sent = [simulation.certificate(self.machine, n, 64, 10).reduced for n in (1e9, 1e12)]
        assert sent == [10 * 2 * 64, 10 * 2 * 64]

    def test_devices_share_all_but_the_links(self) -> None:
        one, many = (simulation.certificate(self.machine, 1e12, devices, 30) for devices in (1, 64))
        assert many.directions == pytest.approx(one.directions / 64)
        assert many.evaluations == pytest.approx(one.evaluations / 64)
        assert many.memory == pytest.approx(one.memory / 64)

    def test_copies_are_made_where_there_are_more_nodes_than_layers(self) -> None:
        # 17 layers of 10⁹ parameters over 512 nodes of 8 devices: 17 stages.
        cost = simulation.certificate(self.machine, 1e9, 4_096, 30)
        assert cost.memory == pytest.approx(12e9 / (17 * 8))

    def test_the_machine_at_hand_has_no_links(self) -> None:
        here = simulation.measured(1 << 12, 20)
        assert min(here.normals, here.bandwidth, here.flops) > 0
        assert math.isinf(here.link)
