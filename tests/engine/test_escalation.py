"""What tables of steps are made for, what they teach, and what they cost: through the check."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradproof as gp

Array = npt.NDArray[Any]
Function = Callable[[Any], Any]
JUMPS = "its slope was measured across the jumps"
DROWN = "drown in the noise of f, and were measured by complex steps"


def codes(report: gp.Report) -> list[str]:
    return [cause.code for cause in report.causes]


# Noise that the pilot does not see, as it moves all components at once.

X = np.random.default_rng(0).uniform(0.5, 1.5, 200)


def noisy_alone(size: float) -> Function:
    """Return a sum of sines that is noisy where a single component is moved."""

    def f(v: Array) -> float:
        total = float(np.sum(np.sin(v)))
        moved = np.flatnonzero(v != X)
        if moved.size == 1:
            total += size * math.sin(1e12 * v[moved[0]])
        return total

    return f


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("size", [1e-10, 1e-8, 1e-6])
def test_noise_that_the_pilot_does_not_see_is_learned_from_tables(size: float, seed: int) -> None:
    report = gp.check(noisy_alone(size), np.cos, X, seed=seed)
    assert report.passed, report.summary()
    # As much as f allows: a step is limited to √rtol by truncation, its noise to rtol.
    assert (size / 3) ** (2 / 3) < report.rtol < 30 * size ** (2 / 3)
    # What a few tables teach spares the others theirs, of 36 evaluations each.
    assert report.evaluations < 12 * X.size
    wrong = np.cos(X)
    wrong[7] *= 1.1
    report = gp.check(noisy_alone(size), wrong, X, seed=seed)
    assert report.verdict == "fail", report.summary()
    assert [culprit.index for culprit in report.culprits] == [(7,)]


def test_without_noise_nothing_is_learned() -> None:
    report = gp.check(noisy_alone(0.0), np.cos, X)
    assert report.passed
    assert report.rtol == 1e-6
    assert report.evaluations < 2 * X.size + 40


# Iterations that are stopped at a tolerance.

RATES = [0.5, 0.8, 0.95]
EXPONENTS = range(2, 8)


def picard(tolerance: float, rate: float) -> Function:
    """Solve y = rate · y + exp(1.3 t) by iteration, until a step is shorter than the tolerance."""

    def f(t: float) -> float:
        y, constant = 0.0, math.exp(1.3 * t)
        while True:
            new = rate * y + constant
            if abs(new - y) < tolerance:
                return new
            y = new

    return f


def implicit(t: float, rate: float) -> float:
    return 1.3 * math.exp(1.3 * t) / (1 - rate)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("exponent", EXPONENTS)
def test_a_stopped_iteration_does_not_fail_on_its_implicit_gradient(
    exponent: int, rate: float
) -> None:
    f = picard(10.0**-exponent, rate)
    for seed, at in enumerate((0.9, -0.4)):
        report = gp.check(f, implicit(at, rate), at, seed=seed)
        assert report.verdict != "fail", report.summary()
        assert report.passed or exponent == 2, report.summary()
        for factor in (1.05, 0.95):
            wrong = gp.check(f, factor * implicit(at, rate), at, seed=seed)
            if exponent >= 4:  # else the jumps may be as large as the error
                assert wrong.verdict == "fail", (at, factor, wrong.summary())
            assert not wrong.passed
        assert gp.check(f, 1.5 * implicit(at, rate), at, seed=seed).verdict == "fail"


def test_the_report_says_that_f_jumps_and_how_well_the_gradient_was_verified() -> None:
    report = gp.check(picard(1e-3, 0.95), implicit(0.9, 0.95), 0.9)
    assert report.passed
    (note,) = report.notes
    assert note.endswith(JUMPS)
    height = float(note.split()[3])
    assert 1e-3 / 3 < height < 3e-3
    assert "f is noisy" in report.headline
    assert report.rtol > 1e-5
    quiet = gp.check(lambda t: math.exp(1.3 * t), 1.3 * math.exp(1.3 * 0.9) * 1.05, 0.9)
    assert quiet.verdict == "fail"
    assert not quiet.notes


def coupled(tolerance: float) -> tuple[Function, Function, Array]:
    """Return a fixed point of six coupled equations, its implicit gradient, and a point."""
    rng = np.random.default_rng(0)
    coupling = rng.standard_normal((6, 6))
    coupling *= 0.8 / np.linalg.norm(coupling, 2)

    def fixed_point(p: Array, accuracy: float) -> Array:
        y = np.zeros(6)
        while True:
            new = np.tanh(coupling @ y + p)
            if np.linalg.norm(new - y) < accuracy:
                return np.asarray(new)
            y = new

    def gradient(p: Array) -> Array:
        y = fixed_point(p, 1e-15)
        slope = 1 - y**2
        adjoint = np.linalg.solve(np.eye(6) - (slope[:, None] * coupling).T, 2 * y)
        return np.asarray(slope * adjoint)

    return lambda p: float(np.sum(fixed_point(p, tolerance) ** 2)), gradient, rng.standard_normal(6)


def stopped(v: float, tolerance: float) -> float:
    """Solve y = cos(v + y / 2) by iteration, which contracts by 1/2 or faster for every v."""
    y = 1.0
    while True:
        new = math.cos(v + y / 2)
        if abs(new - y) < tolerance:
            return new
        y = new


def slope_of_the_limit(v: float) -> float:
    sine = math.sin(v + stopped(v, 1e-15) / 2)
    return -sine / (1 + sine / 2)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("tolerance", [1e-2, 1e-3, 1e-5])
def test_the_jumps_of_one_component_are_found_beside_the_effect_of_another(
    tolerance: float, seed: int
) -> None:
    at = np.array([0.8, 0.3])
    right = np.array([slope_of_the_limit(0.8), 1.0])

    def f(v: Array) -> float:
        return stopped(float(v[0]), tolerance) + float(v[1])

    assert gp.check(f, right, at, seed=seed).verdict != "fail"
    bounds = (np.array([-np.inf, 0.3]), np.full(2, np.inf))
    assert gp.check(gp.Problem(f, right, at, bounds=bounds), seed=seed).verdict != "fail"
    assert gp.check(f, np.array([1.5, 1.0]) * right, at, seed=seed).verdict != "pass"


def test_what_is_plainly_wrong_fails_though_f_jumps_next_door() -> None:
    # Stirling's formula is added where a count exceeds 1, as in losses of counts.
    rng = np.random.default_rng(3)
    at = {"rate": rng.normal(0, 1, 5), "count": rng.uniform(0.8, 1.3, 5)}

    def f(p: dict[str, Array]) -> float:
        t = p["count"]
        stirling = t * np.log(t) - t + 0.5 * np.log(2 * np.pi * t)
        loss = np.exp(p["rate"]) - t * p["rate"] + np.where(t > 1, stirling, 0)
        return float(loss @ np.arange(1, 6))

    def gradient(p: dict[str, Array]) -> dict[str, Array]:
        t, weights = p["count"], np.arange(1, 6)
        stirling = np.where(t > 1, np.log(t) + 0.5 / t, 0)
        return {
            "rate": (np.exp(p["rate"]) - t) * weights,
            "count": (stirling - p["rate"]) * weights,
        }

    right = gradient(at)
    assert gp.check(f, gradient, at).verdict == "pass"
    for wrong in (
        {**right, "rate": 1.5 * right["rate"]},
        {**right, "count": 0 * right["count"]},
        {**right, "count": 2 * right["count"]},
    ):
        report = gp.check(f, wrong, at)
        assert report.verdict == "fail", report.summary()


@pytest.mark.parametrize("error", [0.01, 0.03, -0.05])
@pytest.mark.parametrize("height", [1e-3, 1e-5])
def test_a_jump_far_away_excuses_no_error(error: float, height: float) -> None:
    # As where a likelihood is clipped far from the point.
    x = np.array([0.7, 1.2, 0.4])

    def f(t: Array) -> float:
        return float(np.sum(np.sin(t)) + height * (np.sum(t) > 4.1))

    assert gp.check(f, np.cos, x).verdict == "pass"
    report = gp.check(f, np.cos(x) * (1 + error), x)
    if (height, error) == (1e-3, 0.01):  # as large as what the jump may do to the slope
        assert not report.passed
    else:
        assert report.verdict == "fail", report.summary()


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_a_stopped_iteration_in_several_variables(exponent: int) -> None:
    f, gradient, at = coupled(10.0**-exponent)
    one_wrong = gradient(at)
    one_wrong[np.argmax(np.abs(one_wrong * at))] *= 1.05
    for seed in range(2):
        report = gp.check(f, gradient, at, seed=seed)
        assert report.verdict != "fail", report.summary()
        wrong = [
            gp.check(f, one_wrong, at, seed=seed),
            gp.check(f, 1.05 * gradient(at), at, seed=seed),
        ]
        if exponent >= 4:  # else the jumps are as large as the error
            assert report.passed, report.summary()
            assert [w.verdict.value for w in wrong] == ["fail", "fail"]
        assert not any(w.passed for w in wrong)
        assert gp.check(f, 1.5 * gradient(at), at, seed=seed).verdict == "fail"


# Leaves that are wrong throughout.


@pytest.mark.parametrize("n", [100, 2000])
@pytest.mark.parametrize(
    "claim",
    [
        lambda v: 2 * np.cos(v),
        lambda v: 1.01 * np.cos(v),
        lambda v: -np.cos(v),
        lambda v: np.random.default_rng(1).standard_normal(v.size),
    ],
    ids=["twice", "1 %", "sign", "anything"],
)
def test_a_leaf_that_is_wrong_throughout_costs_a_few_tables(claim: Function, n: int) -> None:
    x = np.random.default_rng(0).uniform(0.5, 1.5, n)
    report = gp.check(lambda v: np.sum(np.sin(v)), claim, x, plan="every")
    assert report.verdict == "fail"
    assert report.leaves[0].wrong == n
    # Five each at most, eight tables, and what looks for jumps; not 36 each.
    assert report.evaluations <= 5 * n + 8 * 36 + 430 + 60
    assert 8 <= len(report.culprits) <= 100
    for culprit in report.culprits:
        assert abs(culprit.measured - math.cos(x[culprit.index])) <= culprit.bar + 1e-12


def test_a_wrong_leaf_does_not_make_its_neighbour_wrong() -> None:
    x = np.random.default_rng(0).uniform(0.5, 1.5, 1000)
    report = gp.check(
        lambda t: np.sum(np.sin(t["a"])) + np.sum(np.exp(t["b"])),
        lambda t: {"a": np.cos(t["a"]), "b": 1.5 * np.exp(t["b"])},
        {"a": x, "b": x},
        plan="every",
    )
    assert [leaf.verdict.value for leaf in report.leaves] == ["pass", "fail"]
    assert report.leaves[0].wrong == 0
    assert report.leaves[1].wrong == 1000
    assert report.evaluations <= 7 * 1000 + 8 * 36 + 430 + 60


@pytest.mark.parametrize("distance", [1e-4, 1e-8, 1e-12])
def test_a_wrong_tensor_in_float32_hides_no_edge_beside_it(distance: float) -> None:
    """Its table is coarser; that of what is in float64 goes as far as it would alone."""
    at = {"a": np.array([0.5, 0.7], np.float32), "b": np.array([1.1])}

    def f(p: Any) -> float:
        inside = p["b"][0] < 1.1 + distance
        return float(
            np.sum(np.sin(p["a"], dtype=float)) + (np.sin(p["b"][0]) if inside else np.nan)
        )

    for factor, verdict in ((1.5, "fail"), (1.0, "pass")):
        claim = {"a": 1.1 * np.cos(at["a"], dtype=float), "b": factor * np.cos(at["b"])}
        report = gp.check(gp.Problem(f, claim, at, promote="never"))
        assert [leaf.verdict for leaf in report.leaves] == ["fail", verdict]


def test_where_a_part_of_a_leaf_is_right_every_wrong_component_is_confirmed() -> None:
    x = np.random.default_rng(0).uniform(0.5, 1.5, 400)
    claim = np.cos(x)
    claim[::20] *= 1.2
    report = gp.check(lambda v: np.sum(np.sin(v)), claim, x, plan="every")
    assert report.verdict == "fail"
    assert sorted(culprit.index[0] for culprit in report.culprits) == list(range(0, 400, 20))


# Corners of norms.


@pytest.mark.parametrize("n", [2, 3, 10])
@pytest.mark.parametrize("length", [0.3, 0.9, 0.99])
def test_subgradients_within_the_ball_pass_and_are_flagged(n: int, length: float) -> None:
    direction = np.random.default_rng(n).standard_normal(n)
    claim = length * direction / np.linalg.norm(direction)
    report = gp.check(np.linalg.norm, claim, np.zeros(n))
    assert report.passed, report.summary()
    assert codes(report) == ["GP202"]


@pytest.mark.parametrize("n", [2, 3, 10])
@pytest.mark.parametrize("factor", [0.5, 1.0])
def test_no_subgradient_though_every_component_is_between_its_slopes(n: int, factor: float) -> None:
    # All components 0.9 in size: each between -1 and 1, together longer than 1.
    claim = 0.9 * np.where(np.arange(n) % 2, -1.0, 1.0)
    report = gp.check(np.linalg.norm, claim, np.zeros(n))
    assert report.verdict == "inconclusive", report.summary()
    assert codes(report) == ["GP202"]
    # In the 1-norm the same claim is a subgradient, and so is what is within the ball.
    assert gp.check(lambda v: np.sum(np.abs(v)), claim, np.zeros(n)).passed
    assert gp.check(np.linalg.norm, claim / (np.linalg.norm(claim) * 1.01), np.zeros(n)).passed
    # A component that is outside of its own slopes fails at once.
    outside = claim.copy()
    outside[0] = 1 + factor
    assert gp.check(np.linalg.norm, outside, np.zeros(n)).verdict == "fail"


@pytest.mark.parametrize("n", [2, 3, 7])
def test_the_mask_of_a_maximum_with_ties_is_no_subgradient(n: int) -> None:
    # ``x == x.max()`` gives 1 to all that are equal: each is the slope on one side, and all
    # together n times too large.
    at = np.ones(n)
    first = np.where(np.arange(n) == 0, 1.0, 0.0)
    for right in (first, at / n):
        report = gp.check(lambda x: float(np.max(x)), right, at)
        assert report.verdict == "pass", report.summary()
    for wrong in (at, 0 * at, first + np.roll(first, 1)):
        report = gp.check(lambda x: float(np.max(x)), wrong, at)
        assert report.verdict == "inconclusive"
        assert [cause.code for cause in report.causes] == ["GP202"]


@pytest.mark.parametrize("seed", range(5))
def test_conventions_at_several_kinks_pass(seed: int) -> None:
    # relu'(0) is 0 to some, 1 to others, 1/2 to a few; the weights have both signs.
    weights = np.random.default_rng(seed).normal(size=5)

    def f(x: Array) -> float:
        return float(np.maximum(x, 0) @ weights)

    for convention in (0.0, 1.0, 0.5):
        assert gp.check(f, convention * weights, np.zeros(5)).passed
    wrong = np.where(np.arange(5) == seed, 1.5 * weights, 0.0)
    assert gp.check(f, wrong, np.zeros(5)).verdict == "fail"


def test_a_side_that_stands_still_has_the_slope_0_and_not_minus_0() -> None:
    report = gp.check(lambda x: float(np.max(x)), lambda x: (x == x.max()) / 3, np.ones(3))
    assert (
        report.causes[0].message == "f has a kink here: its slope is 0 on the left, 1 on the right"
    )


def test_the_corner_of_a_norm_among_smooth_components() -> None:
    at = np.array([0.0, 0.0, 1.0, 2.0])

    def f(v: Array) -> float:
        return float(np.linalg.norm(v[:2]) + np.sum(v[2:] ** 2))

    for corner, verdict in (
        ([0.0, 0.0], "pass"),
        ([0.5, -0.6], "pass"),
        ([0.9, -0.9], "inconclusive"),
        ([1.3, 0.0], "fail"),
    ):
        report = gp.check(f, np.array([*corner, 2.0, 4.0]), at)
        assert report.verdict == verdict, report.summary()


# What drowns in noise.


@pytest.mark.parametrize(("offset", "seed"), [(4e13, 0), (-4e13, 1)])
def test_complex_steps_clear_what_drowns(offset: float, seed: int) -> None:
    x = np.linspace(0.3, 1.3, 400)  # together they rise above the noise, and can be compared

    def f(v: Array) -> Any:
        return offset + np.sum(np.sin(v))

    report = gp.check(f, np.cos, x, seed=seed)
    assert report.passed, report.summary()
    assert any(note.endswith(DROWN) for note in report.notes)
    assert report.rtol == 1e-6
    for wrong in (1.3 * np.cos(x), 1.0001 * np.cos(x), -np.cos(x), np.cos(x) + 0.3 * (x < 1)):
        report = gp.check(f, wrong, x, seed=seed)
        assert not report.passed, report.summary()
    # Without complex numbers nothing is cleared.
    report = gp.check(lambda v: float(f(v)), np.cos, x, seed=seed)
    assert report.verdict == "inconclusive"
    assert not report.notes


@pytest.mark.parametrize("offset", [1e14, 1e16])
def test_complex_steps_clear_nothing_that_differences_cannot_confirm(offset: float) -> None:
    # v |v| is no analytic code: by complex steps its slope is |v|, half of the right one.
    half = gp.check(lambda v: offset + v * abs(v), 1.0, 1.0)
    assert not half.passed, half.summary()
    mixed = gp.check(
        lambda v: offset + np.sin(v[0]) + np.sin(v[1]) + v[2] * np.conj(v[2]),
        np.array([np.cos(0.5), np.cos(1.0), 0.0]),
        np.array([0.5, 1.0, 0.8]),
    )
    assert not mixed.passed, mixed.summary()


def test_one_wrong_component_among_those_that_complex_steps_clear() -> None:
    x = np.linspace(0.3, 1.3, 400)
    wrong = np.cos(x) + 0.3 * (np.arange(400) == 7)
    report = gp.check(lambda v: 4e13 + np.sum(np.sin(v)), wrong, x)
    assert not report.passed
    assert f"399 of 400 components {DROWN}" in report.notes


@pytest.mark.parametrize("power", [1.1, 1.3, 1.5, 1.8])
def test_where_differences_settle_slowly_a_right_gradient_does_not_fail(power: float) -> None:
    def f(v: Array) -> float:
        return float(np.sum(np.sign(v) * np.abs(v) ** power))

    x = np.array([0.0, 1.0, -0.5])
    right = power * np.abs(x) ** (power - 1)
    for seed in range(4):
        report = gp.check(f, right, x, seed=seed)
        assert report.verdict != "fail", report.summary()
    report = gp.check(f, right + np.array([0.0, 0.1, 0.0]), x)
    assert report.verdict == "fail", report.summary()


# Size, and sizes.


def test_many_parameters_in_one_leaf() -> None:
    n = 200_000
    x = np.full(n, 0.5)
    claim = np.zeros(n)
    claim[[0, 1, n // 2, -1]] = [3.0, 0.5, 0.5, 1.0]
    claim[177_777] = 1e-3

    def f(v: Array) -> float:
        return float(3 * v[0] + v[-1] ** 2 + v[n // 2] * v[1])

    report = gp.check(f, claim, x, plan="every")
    assert report.verdict == "fail"
    assert report.headline == "1 of 200,000 components is wrong"
    assert [culprit.index for culprit in report.culprits] == [(177_777,)]
    assert report.evaluations <= n + 600


SIZES = 10.0 ** np.linspace(-8, 8, 60)
WEIGHTS = 10.0 ** np.random.default_rng(0).uniform(-2, 2, 60)


def of_all_sizes(v: Array) -> float:
    return float(np.sum(WEIGHTS * np.sin(v / SIZES)))


@pytest.mark.parametrize("seed", range(4))
def test_parameters_and_gradients_of_all_sizes_in_one_vector(seed: int) -> None:
    gradient = WEIGHTS / SIZES * math.cos(1)
    assert gradient.max() > 1e18 * gradient.min()
    report = gp.check(of_all_sizes, gradient, SIZES, seed=seed)
    assert report.passed, report.summary()
    assert report.leaves[0].unseen == 0
    assert report.rtol < 1e-4


@settings(max_examples=40)
@given(
    place=st.integers(0, 59),
    factor=st.sampled_from([0.0, -1.0, 0.9, 1.1, 2.0, 100.0]),
    seed=st.integers(0, 99),
)
def test_one_wrong_component_among_all_sizes(place: int, factor: float, seed: int) -> None:
    claim = WEIGHTS / SIZES * math.cos(1)
    claim[place] *= factor
    report = gp.check(of_all_sizes, claim, SIZES, seed=seed)
    assert report.verdict == "fail", report.summary()
    assert [culprit.index for culprit in report.culprits] == [(place,)]


# Many components, and noise.


def test_noise_of_5_percent_makes_none_of_3000_components_look_wrong() -> None:
    n = 3000
    rng = np.random.default_rng(0)
    weights = rng.uniform(0.5, 1.5, n) * rng.choice([-1.0, 1.0], n)

    def f(v: Array) -> float:
        bits = int(np.sum(v.view(np.uint64)) % 2**63)  # the same noise for the same point
        return float(weights @ v + 0.05 * np.random.default_rng(bits).standard_normal())

    report = gp.check(f, weights, np.ones(n), plan="every")
    assert report.verdict == "inconclusive", report.summary()
    assert report.leaves[0].wrong == 0
    assert 0.02 < report.noise < 0.1
    # Tables for a few tell that those of the rest would tell no more.
    assert report.evaluations < 7 * n
    claim = weights.copy()
    claim[5] += 30
    report = gp.check(f, claim, np.ones(n), plan="every")
    assert report.verdict == "fail", report.summary()
    assert [culprit.index for culprit in report.culprits] == [(5,)]


@pytest.mark.parametrize("seed", range(6))
def test_a_zero_among_right_ones_is_found_though_small_steps_show_the_penalty_only(
    seed: int,
) -> None:
    # The data term is computed from parameters in float32, the penalty from those in float64.
    rng = np.random.default_rng(seed)
    A, b = rng.standard_normal((30, 7)), rng.standard_normal(30)
    at = rng.normal(0, 0.3, 7).astype(np.float32).astype(np.float64)
    penalised = np.arange(7) != seed

    def f(x: Array) -> float:
        rounded = x.astype(np.float32).astype(np.float64)
        return float(np.mean((A @ rounded - b) ** 2)) + 0.005 * float(penalised @ x**2)

    right = 2 / 30 * A.T @ (A @ at - b) + 0.01 * penalised * at
    assert gp.check(f, right, at, rtol=1e-4, seed=seed).verdict != "fail"
    wrong = right.copy()
    wrong[seed] = 0.0
    assert not gp.check(f, wrong, at, rtol=1e-4, seed=seed).passed


@pytest.mark.parametrize(("tolerance", "factor"), [(1e-4, -1.0), (1e-5, 1.05)])
@pytest.mark.parametrize("seed", range(6))
def test_jumps_excuse_small_errors_beside_a_plainly_wrong_component(
    seed: int, tolerance: float, factor: float
) -> None:
    at = np.array([0.8, 0.3, 1.2])
    right = np.array([slope_of_the_limit(0.8), 1.0, math.cos(1.2)])

    def f(v: Array) -> float:
        return stopped(float(v[0]), tolerance) + float(v[1]) + math.sin(v[2])

    assert gp.check(f, right, at, seed=seed).verdict != "fail"
    report = gp.check(f, right * [1, factor, 1], at, seed=seed)
    assert report.verdict == "fail"
    assert [culprit.index for culprit in report.culprits] == [(1,)]


@pytest.mark.parametrize("seed", range(4))
def test_what_drowns_in_jumps_is_not_called_stationary(seed: int) -> None:
    # Stirling's formula is added where a count exceeds 1, as in losses of counts.
    rng = np.random.default_rng(seed)
    weight = rng.standard_normal(25)
    at = {"rate": rng.uniform(0.5, 1.9, 25), "count": rng.uniform(0.4, 1.95, 25)}

    def f(p: dict[str, Array]) -> float:
        t = p["count"]
        stirling = t * np.log(t) - t + 0.5 * np.log(2 * np.pi * t)
        return float(weight @ (np.exp(p["rate"]) - t * p["rate"] + stirling * (t > 1)))

    t = at["count"]
    right = {
        "rate": weight * (np.exp(at["rate"]) - t),
        "count": weight * (-at["rate"] + (np.log(t) + 0.5 / t) * (t > 1)),
    }
    assert gp.check(f, right, at, seed=seed).passed
    assert not gp.check(f, {**right, "count": np.zeros(25)}, at, seed=seed).passed
