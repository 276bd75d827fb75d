"""Where f can be asked whether it climbs by fine stairs, or is smooth beside a dead zone."""

import numpy as np
import pytest
from tests.judge.lines import Array, Function, line_of

from gradproof.judge.vetoes import edge_of_fine_stairs

WIDTH = 1e-5


def stairs(x: Array) -> Array:
    return WIDTH * np.floor(x / WIDTH + 0.5)


def dead_zone(x: Array) -> Array:
    return np.sign(x) * np.maximum(np.abs(x) - WIDTH / 2, 0)


@pytest.mark.parametrize("slope", [1.0, -1.0, 1e4])
@pytest.mark.parametrize("f", [stairs, dead_zone, lambda x: np.sin(stairs(x))])
def test_the_last_step_that_climbs_and_a_part_of_the_first_that_does_not(
    f: Function, slope: float
) -> None:
    line = line_of(lambda x: slope * f(x), slope)
    found = edge_of_fine_stairs(line)
    assert found is not None
    level, further = found
    assert line.step[level] == np.min(line.step[line.step > WIDTH / 2])
    assert further == np.max(line.step[line.step < WIDTH / 2]) / 32


@pytest.mark.parametrize(
    "f",
    [
        np.sin,  # never stands still
        lambda x: np.floor(10 * x + 0.5) / 10,  # too wide: they are meant
        lambda x: stairs(np.abs(x)),  # climbs to neither side
        lambda x: stairs(x) ** 3,  # does not climb evenly
        lambda x: np.where(x > 0, stairs(x), 0.0),  # to one side alone
        np.zeros_like,
    ],
)
def test_elsewhere_there_is_nothing_to_ask(f: Function) -> None:
    assert edge_of_fine_stairs(line_of(f, 1.0)) is None


def test_where_the_noise_is_as_high_as_what_would_be_seen_there_is_nothing_to_ask() -> None:
    line = line_of(stairs, 1.0)
    found = edge_of_fine_stairs(line)
    assert found is not None
    _, further = found
    assert edge_of_fine_stairs(line_of(stairs, 1.0, noise=further / 8.4)) is not None
    assert edge_of_fine_stairs(line_of(stairs, 1.0, noise=further / 7.6)) is None
