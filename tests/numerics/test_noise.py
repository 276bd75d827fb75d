"""The noise pilot against noise of known size."""

import itertools
import math

import numpy as np
import pytest

from gradproof._base.floats import UNIT_ROUNDOFF_64
from gradproof.numerics.noise import POINTS, NoisePilot, noise_of_outputs
from gradproof.numerics.protocol import FloatArray


def fly(
    phi: object, *, slope: float = 1.0, spacing: float = 1e-13, tries: int = 6
) -> tuple[NoisePilot, int]:
    pilot = NoisePilot(
        spacing=spacing, slopes=np.array([slope]), roundoff=UNIT_ROUNDOFF_64, tries=tries
    )
    spent = 0
    while (block := pilot.ask()) is not None:
        values = np.array([phi(t) for t in block.offsets])  # type: ignore[operator]
        spent += values.size
        pilot.tell(values, block.offsets)
    return pilot, spent


@pytest.mark.parametrize("sigma", [1e-12, 1e-8, 1e-4])
def test_gaussian_noise_on_a_smooth_function_is_estimated_within_a_factor_of_four(
    sigma: float,
) -> None:
    rng = np.random.default_rng(0)
    estimates = []
    for _ in range(200):
        pilot, _ = fly(lambda t: math.exp(t) + sigma * rng.standard_normal())
        assert pilot.detected
        estimates.append(pilot.noise / sigma)
    assert 0.8 < np.median(estimates) < 1.6
    assert np.quantile(estimates, 0.02) > 0.25
    assert np.quantile(estimates, 0.98) < 4


def test_rounding_of_a_quiet_function_is_found_near_its_unit_roundoff() -> None:
    found = [fly(lambda t, c=c: math.sin(1 + c + t))[0] for c in np.linspace(0, 1, 50)]
    noises = [pilot.noise for pilot in found if pilot.detected]
    assert len(noises) >= 40
    assert 0.05 * UNIT_ROUNDOFF_64 < np.median(noises) < 5 * UNIT_ROUNDOFF_64


@pytest.mark.parametrize("digits", [3, 4, 5, 6, 8, 10])
def test_the_rounding_of_a_staircase_is_found_for_what_it_is(digits: int) -> None:
    pilot, _ = fly(lambda t: float(np.round(t, digits)) + 1, spacing=UNIT_ROUNDOFF_64**0.85)
    assert pilot.stands_still
    assert 0.1 < max(pilot.noise, pilot.quantum / 2) / 10.0**-digits < 1


def test_values_that_are_not_finite_shorten_the_spacing() -> None:
    pilot, spent = fly(lambda t: math.nan if abs(t) > 1e-9 else 1 + t, spacing=1e-6)
    assert spent > POINTS
    assert pilot.noise >= 0


def test_several_directions_are_flown_at_once_and_each_stops_on_its_own() -> None:
    rng = np.random.default_rng(1)
    pilot = NoisePilot(spacing=1e-13, slopes=np.ones(3), roundoff=UNIT_ROUNDOFF_64, tries=6)
    sigmas = np.array([1e-6, 1e-3, 1e-16])
    asked: list[FloatArray] = []
    while (block := pilot.ask()) is not None:
        asked.append(np.unique(block.lines))
        noise = sigmas[block.lines] * rng.standard_normal(block.lines.size)
        pilot.tell(1 + block.offsets + noise, block.offsets)
    assert asked[0].tolist() == [0, 1, 2]
    assert all(late.size <= early.size for early, late in itertools.pairwise(asked))
    assert 3e-4 < pilot.noise < 4e-3  # the noisiest direction counts


def test_the_tries_are_counted() -> None:
    _, spent = fly(lambda t: 1.0, tries=3, slope=0.0)
    assert spent == 3 * POINTS


@pytest.mark.parametrize("above", [0.0, 1.0])
@pytest.mark.parametrize("distance", [1.3e-3, 0.017, 0.043, 0.31, 1.3])
@pytest.mark.parametrize("power", [1, 2])
def test_a_kink_far_from_where_f_is_as_flat_as_claimed_is_no_noise(
    above: float, distance: float, power: int
) -> None:
    pilot, _ = fly(lambda t: above + max(0.0, t - distance) ** power, slope=0.0)
    assert not pilot.detected
    assert pilot.smallest_change == math.inf


def test_stairs_are_noise_where_they_are_claimed_to_be_flat_too() -> None:
    pilot, _ = fly(lambda t: float(np.round(1 + 0.7317 * t + t**2, 4)), slope=0.0)
    assert 0.1 < pilot.noise / 1e-4 < 1


def test_the_highest_orders_show_noise_beside_a_bend() -> None:
    rng = np.random.default_rng(2)
    found = [
        fly(lambda t: 1 + 1e-4 * t**3 + 1e-9 * rng.standard_normal(), spacing=1.0, tries=1)[0]
        for _ in range(200)
    ]
    noises = [pilot.noise / 1e-9 for pilot in found if pilot.detected]
    assert len(noises) > 60
    assert 0.5 < np.median(noises) < 2


def test_stairs_of_a_function_of_one_variable_are_found_in_more_tries() -> None:
    pilot, spent = fly(lambda t: 1 + float(np.round(t, 4)), spacing=2e-14, tries=3)
    assert spent <= 6 * POINTS
    assert 0.1 < max(pilot.noise, pilot.quantum / 2) / 1e-4 < 1


def test_the_noise_of_many_outputs_is_that_of_each() -> None:
    rng = np.random.default_rng(0)
    t = (np.arange(7) - 3.0)[:, None] * 1e-6
    slopes, sigma = rng.standard_normal(400), 10.0 ** rng.uniform(-13, -9, 400)
    values = 1 + slopes * t + sigma * rng.standard_normal((7, 400))
    found = noise_of_outputs(values)
    seen = found > 0
    assert np.mean(seen) > 0.5
    assert np.median(np.abs(np.log(found[seen] / sigma[seen]))) < np.log(2)
    assert not noise_of_outputs(np.zeros((7, 3))).any()
    assert not noise_of_outputs(np.full((7, 1), np.nan)).any()
