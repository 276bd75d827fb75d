"""The cheap stages on functions of known derivatives, without any user's function."""

from collections.abc import Callable

import numpy as np
import pytest

from gradproof.numerics.answers import Stage
from gradproof.numerics.noise import KAPPA
from gradproof.numerics.protocol import FloatArray
from gradproof.numerics.question import Question
from gradproof.numerics.stages import CheapStages

Lines = Callable[[FloatArray, FloatArray], FloatArray]


def question(
    claim: FloatArray, *, scale: float = 1.0, relative: float = 1e-6, groups: int = 1
) -> Question:
    n = claim.size
    full = np.full(n, relative)
    return Question(
        claim=claim,
        scale=np.full(n, scale),
        smallest_step=np.full(n, 1e-11),
        relative=full,
        tolerance=relative * np.abs(claim) + 1e-15,
        resolution=relative * np.maximum(np.abs(claim), 1.0),
        group=np.arange(n, dtype=np.int64) % groups,
    )


def answer(
    q: Question, f: Lines, *, noise: float = 1e-16, default: float = 1e-6
) -> tuple[CheapStages, int]:
    """Let the stages ask for φ(t) = f(x, t), x the number of the line."""
    lines = np.arange(q.lines, dtype=np.float64)
    stages = CheapStages(
        q,
        value_at_zero=float(f(lines[:1], np.zeros(1))[0]),
        noise_of_f=noise,
        default_relative=default,
        rng=np.random.default_rng(0),
    )
    spent = 0
    while (block := stages.ask()) is not None:
        spent += block.lines.size
        stages.tell(f(lines[block.lines], block.offsets), block.offsets)
    return stages, spent


def test_a_quiet_function_costs_one_evaluation_a_line() -> None:
    stages, spent = answer(question(np.full(50, 2.0)), lambda x, t: 1 + 2 * t + t**2)
    assert spent == 50
    assert np.all(stages.agrees)
    assert np.all(stages.stage == Stage.FORWARD)


@pytest.mark.parametrize("noise", [1e-16, 1e-9, 1e-3])
def test_a_look_far_out_on_the_other_side_is_as_noisy(noise: float) -> None:
    """Whoever evaluates says where: it may be on the side where there is room."""
    seen = []
    for side in (1, -1):
        stages = CheapStages(
            question(np.zeros(3)),
            value_at_zero=0.0,
            noise_of_f=noise,
            default_relative=1e-6,
            rng=np.random.default_rng(0),
        )
        block = stages.ask()
        assert block is not None
        stages.tell(np.zeros(3), side * block.offsets)
        seen.append([*stages.forward_noise, *stages.agrees])
    assert min(seen[0][:3]) > 0
    assert seen[0] == seen[1]


def test_a_noisy_function_costs_two() -> None:
    stages, spent = answer(
        question(np.full(50, 2.0), relative=1e-4), lambda x, t: 1 + 2 * t + t**2, noise=1e-9
    )
    assert spent == 100
    assert np.all(stages.stage == Stage.CENTRAL)
    assert np.all(stages.agrees)


def test_a_sample_decides_whether_one_sided_differences_suffice() -> None:
    # The step that resolves is ten times longer than what is known to be short enough.
    q = question(np.full(1000, 2.0), relative=1e-6)
    nearly_linear, spent = answer(q, lambda x, t: 1 + 2 * t + 1e-3 * t**2, noise=2e-12)
    assert spent == 1000 + 16
    assert np.all(nearly_linear.agrees)
    curved, spent = answer(q, lambda x, t: 1 + 2 * t + 20 * t**2, noise=2e-12)
    assert spent == 2 * 1000
    assert np.all(curved.agrees)


@pytest.mark.parametrize("error", [1e-4, 1e-2, 1.0, -3.0])
@pytest.mark.parametrize("noise", [1e-16, 1e-12])
def test_wrong_claims_never_agree_and_get_two_steps_that_agree(error: float, noise: float) -> None:
    rng = np.random.default_rng(1)
    q = question(np.full(40, np.cos(0.5) * (1 + error)))
    stages, spent = answer(
        q, lambda x, t: np.sin(0.5 + t) + noise * rng.standard_normal(t.size), noise=noise
    )
    assert not np.any(stages.agrees)
    assert spent <= 5 * 40
    value, truncation, bar = stages.extrapolated()
    assert np.all(np.abs(value - np.cos(0.5)) <= truncation + bar)
    assert np.all(truncation + bar < 0.2 * abs(error) * np.cos(0.5))


def test_where_a_whole_group_is_wrong_only_a_sample_is_confirmed() -> None:
    claim = np.where(np.arange(2000) % 2 == 0, 1.0, 3.0)  # group 1 is wrong
    stages, spent = answer(question(claim, groups=2), lambda x, t: 1 + t)
    wrong = np.arange(2000) % 2 == 1
    assert np.all(stages.agrees == ~wrong)
    assert np.sum(stages.stage[wrong] == Stage.SECOND) == 64
    assert np.sum(stages.stage[wrong] == Stage.UNCONFIRMED) == 1000 - 64
    assert spent == 1000 + 1000 * 2 + 64 * 2


def test_a_few_wrong_lines_among_right_ones_are_all_confirmed() -> None:
    claim = np.ones(3000)
    claim[::50] = 1.5
    stages, _ = answer(question(claim), lambda x, t: 1 + t)
    assert np.all(stages.stage[::50] == Stage.SECOND)
    assert np.all(stages.agrees == (claim == 1))


def test_lines_that_the_second_step_clears_make_the_others_worth_confirming() -> None:
    # A ripple that the first step sees and the second does not: half of the lines are right.
    claim = np.where(np.arange(400) % 2 == 0, 1.0, 1.5)
    stages, _ = answer(question(claim), lambda x, t: 1 + t + 1e-12 * np.sin(1e12 * t))
    assert not np.any(stages.stage == Stage.UNCONFIRMED)


def test_an_edge_nearby_shortens_the_step() -> None:
    q = question(np.full(5, 1e3), relative=1e-2)
    stages, _ = answer(
        q, lambda x, t: np.where(1e-3 + t > 0, np.log(np.abs(1e-3 + t)), np.nan), noise=0.3
    )
    assert np.all(np.isfinite(stages.first.value))
    assert np.all(stages.first.step < 1e-3)


def test_where_one_side_is_never_finite_nothing_more_is_spent() -> None:
    stages, spent = answer(
        question(np.full(5, 1.0)), lambda x, t: np.where(t >= 0, t, np.nan), noise=1e-7
    )
    assert np.all(np.isnan(stages.first.value))
    assert not np.any(stages.agrees)
    assert spent <= 5 * 10


def test_equal_seeds_ask_for_equal_points() -> None:
    asked = []
    for _ in range(2):
        points: list[FloatArray] = []

        def record(x: FloatArray, t: FloatArray, points: list[FloatArray] = points) -> FloatArray:
            points.append(t)
            return 1 + t

        answer(question(np.linspace(0.5, 1.5, 30)), record)
        asked.append(np.concatenate(points))
    np.testing.assert_array_equal(asked[0], asked[1])


def test_a_claim_of_0_is_answered_by_one_evaluation_where_f_stands_still() -> None:
    stages, spent = answer(question(np.zeros(50)), lambda x, t: np.ones_like(t))
    assert spent == 50
    assert np.all(stages.agrees)
    # Far from the point: by orders of magnitude better than what had to be resolved.
    assert np.all(stages.forward_noise <= 1e-14)


@pytest.mark.parametrize("slope", [1e-12, 1e-9, 1e-6, -1e-3])
def test_a_claim_of_0_never_agrees_where_f_shows_a_slope(slope: float) -> None:
    # All of them below what the question wants resolved, 1e-6, but the last.
    q = question(np.zeros(20))
    stages, _ = answer(q, lambda x, t: 1 + slope * t)
    assert not np.any(stages.agrees)


@pytest.mark.parametrize("power", [2, 3, 4])
def test_a_claim_of_0_agrees_where_f_is_stationary(power: int) -> None:
    stages, spent = answer(question(np.zeros(20)), lambda x, t: 1 + t**power)
    assert np.all(stages.agrees)
    assert spent <= 20 * 5


def test_a_claim_of_0_beside_a_kink_agrees() -> None:
    stages, spent = answer(question(np.zeros(20)), lambda x, t: 1 + np.maximum(0, t - 1e-3))
    assert np.all(stages.agrees)
    # Far, beside the point, between the two, and there on the other side: f stands on no stair.
    assert spent <= 20 * 4


def test_one_side_completes_a_central_difference() -> None:
    # A quarter of the lines is curved too much for one side: they cost two evaluations, not three.
    curved = np.arange(400) % 4 == 0
    stages, spent = answer(
        question(np.full(400, 2.0)), lambda x, t: 1 + 2 * t + 30 * (x % 4 == 0) * t**2, noise=2e-12
    )
    assert np.all(stages.agrees)
    assert np.all(stages.stage[curved] == Stage.CENTRAL)
    assert spent <= 300 + 2 * 100 + 16


@pytest.mark.parametrize("error", [1e-4, 1e-3, 0.1, -1.0])
def test_one_wrong_line_among_curved_ones_does_not_agree(error: float) -> None:
    # One side is accepted on agreement; a wrong claim agrees with none of them.
    for wrong in range(0, 400, 37):
        claim = np.full(400, 2.0)
        claim[wrong] *= 1 + error
        stages, _ = answer(question(claim), lambda x, t: 1 + 2 * t + 0.01 * x * t**2, noise=2e-12)
        np.testing.assert_array_equal(np.flatnonzero(~stages.agrees), [wrong])


def test_what_was_asked_anew_replaces_the_old_question() -> None:
    whole, _ = answer(question(np.full(10, 2.0)), lambda x, t: 1 + 2 * t)
    again, _ = answer(
        question(np.array([3.0, 5.0]), relative=1e-3), lambda x, t: 1 + 2 * t, noise=1e-12
    )
    whole.put(np.array([7, 9]), again)
    np.testing.assert_array_equal(whole.question.claim[[6, 7, 8, 9]], [2, 3, 2, 5])
    np.testing.assert_array_equal(whole.question.relative[[7, 9]], 1e-3)
    np.testing.assert_array_equal(whole.agrees[[7, 9]], again.agrees)
    np.testing.assert_array_equal(whole.first.value[[7, 9]], again.first.value)


@pytest.mark.parametrize("claim", [0.5, 5.0])
def test_the_truncation_of_one_side_is_half_of_the_offset_in_scales_of_the_slope(
    claim: float,
) -> None:
    scale = 4.0
    offsets = np.zeros(3)

    def f(x: FloatArray, t: FloatArray) -> FloatArray:
        if t.size > 1:  # not the value at zero
            offsets[:] = t
        return 1 + claim * t

    stages, spent = answer(question(np.full(3, claim), scale=scale), f)
    assert spent == 3
    size = max(claim, 1.0)
    assert stages.forward_truncation == pytest.approx(offsets / 2 / scale * size)
    assert stages.forward_noise == pytest.approx(KAPPA * 1e-16 * np.sqrt(2) / offsets)


@pytest.mark.parametrize("side", [1, -1])
def test_at_an_edge_two_points_of_one_side_are_exact_for_parabolas(side: int) -> None:
    stages, _ = answer(
        question(np.full(4, 2.0), relative=1e-3),
        lambda x, t: np.where(side * t >= 0, 1 + 2 * t + 0.1 * t**2, np.nan),
        noise=1e-9,
        default=1e-3,
    )
    assert np.all(stages.agrees)
    assert stages.forward == pytest.approx(np.full(4, 2.0), rel=1e-6)
    wrong, _ = answer(
        question(np.full(4, 2.1), relative=1e-3),
        lambda x, t: np.where(side * t >= 0, 1 + 2 * t + 0.1 * t**2, np.nan),
        noise=1e-9,
        default=1e-3,
    )
    assert not np.any(wrong.agrees)
