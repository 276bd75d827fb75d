"""The scan for jumps: their height against closed forms, silence elsewhere, and the price."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import special

from gradproof.numerics.jumps import JumpScan
from gradproof.numerics.protocol import FloatArray

Function = Callable[[FloatArray], FloatArray]
WHOLE = 32 + 32 + 320


def scan(f: Function, *, noise: float = 1e-15) -> tuple[JumpScan, int]:
    """Let a scan walk along f; return it and its price."""
    found = JumpScan(value_at_zero=float(f(np.zeros(1))[0]), noise_of_f=noise)
    spent = 0
    while (block := found.ask()) is not None:
        assert not np.any(block.lines)
        assert np.all(np.abs(block.offsets) <= 2.0)
        spent += block.offsets.size
        with np.errstate(all="ignore"):
            found.tell(f(block.offsets), block.offsets)
    return found, spent


def picard(tolerance: float, rate: float, b: Function) -> Function:
    """Solve y = rate · y + b(t) by iteration from 0, until a step is shorter than the tolerance.

    The steps are b · rate^n, so that where the number of iterations changes, the value jumps by the
    next one: rate · tolerance. Between the jumps the slope is b' (1 - rate^n) / (1 - rate), across
    them b' / (1 - rate).
    """

    def solve(t: float) -> float:
        y, constant = 0.0, float(b(np.array([t]))[0])
        while True:
            new = rate * y + constant
            if abs(new - y) < tolerance:
                return new
            y = new

    return lambda t: np.array([solve(at) for at in t.tolist()])


@pytest.mark.parametrize("exponent", range(2, 8))
@pytest.mark.parametrize("rate", [0.5, 0.8, 0.95])
@pytest.mark.parametrize("phase", [0.0, 0.3])
def test_the_jumps_of_a_stopped_iteration(exponent: int, rate: float, phase: float) -> None:
    tolerance = 10.0**-exponent

    def b(t: FloatArray) -> FloatArray:
        return np.exp(1.3 * t + phase)

    found, _ = scan(picard(tolerance, rate, b))
    height = rate * tolerance
    assert height / 3 <= found.height <= 3 * height
    # How far the slope between the jumps is from that across them, and not a thousand times more.
    difference = tolerance * 1.3 / (1 - rate)
    assert rate * difference <= found.slope_error
    assert found.slope_error <= 300 * difference


@pytest.mark.parametrize("exponent", range(2, 8))
def test_the_same_iteration_without_a_tolerance_does_not_jump(exponent: int) -> None:
    rate = 0.8
    count = math.ceil(exponent * math.log(10) / -math.log(rate))

    def fixed(t: FloatArray) -> FloatArray:
        y = np.zeros_like(t)
        for _ in range(count):
            y = rate * y + np.exp(1.3 * t)
        return np.asarray(y)

    found, spent = scan(fixed, noise=1e-13)
    assert found.height == found.slope_error == 0
    assert spent == WHOLE


@pytest.mark.parametrize("height", [1e-1, 1e-3, 1e-6, 1e-10])
@pytest.mark.parametrize("place", [0.0371, -0.151, 0.0021, 0.77])
def test_a_single_step_on_a_smooth_function(height: float, place: float) -> None:
    found, spent = scan(lambda t: np.sin(t) + height * (t > place))
    if height > 0.05 * np.sin(0.2):  # one step as high as the function: that is its shape
        assert found.height in (0, pytest.approx(height, rel=2))
    else:
        assert height / 3 <= found.height <= 3 * height
    assert spent <= WHOLE + 3 * 3 * 34
    assert scan(np.sin)[0].height == 0


@pytest.mark.parametrize("height", [1e-2, 1e-4, 1e-7])
@pytest.mark.parametrize("stairs", [11.3, 23.7])
def test_stairs_on_a_smooth_function(height: float, stairs: float) -> None:
    found, _ = scan(lambda t: np.exp(t) + height * np.floor(stairs * t + 0.35))
    assert height / 3 <= found.height <= 3 * height
    # Across the stairs the slope is larger by height · stairs.
    assert found.slope_error >= height * stairs


@pytest.mark.parametrize("height", [1e-2, 1e-4, 1e-7])
@pytest.mark.parametrize("stairs", [11.3, 23.7])
@pytest.mark.parametrize("f", [np.exp, np.sin, lambda t: 10 / (3 + t)])
def test_the_slope_across_the_stairs(height: float, stairs: float, f: Function) -> None:
    found, _ = scan(lambda t: f(t) + height * np.floor(stairs * t + 0.35))
    h = 1e-3
    between = float((f(np.array([h])) - f(np.array([-h])))[0]) / (2 * h)
    across = between + height * stairs
    assert abs(found.across - across) <= found.bar
    # Good for something: a fraction of the difference to the slope between the stairs.
    assert found.bar <= 30 * height * stairs


def test_stairs_alone() -> None:
    found, _ = scan(lambda t: np.floor(37.3 * t) / 37.3)
    assert 1 / 3 <= 37.3 * found.height <= 3


SMOOTH: dict[str, Function] = {
    "constant": np.ones_like,
    "line": lambda t: 1 + 3 * t,
    "cubic": lambda t: 1 + t**3,
    "sine": np.sin,
    "exponential": lambda t: np.exp(5 * t),
    "steep sigmoid": lambda t: np.tanh(100 * (t - 0.05)),
    "steeper sigmoid": lambda t: np.tanh(1e3 * (t - 0.05)),
    "narrow bump": lambda t: np.exp(-((30 * (t - 0.1)) ** 2)),
    "offset": lambda t: 1e6 + np.sin(t),
}
KINKS: dict[str, Function] = {
    "abs at the point": np.abs,
    "abs": lambda t: np.abs(t - 0.033),
    "relu": lambda t: t + np.maximum(t - 0.11, 0),
    "many": lambda t: np.sum(np.maximum(np.outer(t, np.arange(1, 9)) - 0.3, 0), axis=1),
    "cusp at the point": lambda t: np.sqrt(np.abs(t)),
    "x root x": lambda t: np.abs(t) * np.sqrt(np.abs(t)),
}
POLES: dict[str, Function] = {
    "simple": lambda t: 1 / (t - 0.5),
    "far": lambda t: 1e-3 / (t - 1.7) ** 2,
    "logarithmic, far": lambda t: np.log(np.abs(t + 1.4)),
    "exponential integral": lambda t: special.expi(t + 1.05),
    "near": lambda t: 1 / (t - 0.0501),
    "double": lambda t: 1 / (t - 0.0501) ** 2,
    "logarithmic": lambda t: np.log(np.abs(t - 0.0501)),
    "edge": lambda t: np.log(t + 0.1),
    "edge with a root": lambda t: np.sqrt(t + 0.1),
    "edge at the point": lambda t: np.where(t >= 0, np.sqrt(np.abs(t)), np.nan),
    "nowhere": lambda t: np.where(t == 0, 1.0, np.nan),
}
WAVES: dict[str, Function] = {
    f"{omega:g}": lambda t, omega=omega: t + 0.1 * np.sin(omega * t)  # type: ignore[misc]
    for omega in (3, 10, 30, 100, 300, 1e3, 1e5)
}


@pytest.mark.parametrize(
    "f",
    [*SMOOTH.values(), *KINKS.values(), *POLES.values(), *WAVES.values()],
    ids=[*SMOOTH, *KINKS, *(f"pole {name}" for name in POLES), *(f"wave {w}" for w in WAVES)],
)
def test_silent_where_f_does_not_jump(f: Function) -> None:
    with np.errstate(all="ignore"):
        values = f(np.linspace(-0.9, 0.9, 9))
    found, spent = scan(f, noise=1e-15 * max(1.0, float(np.nanmax(np.abs(values)))))
    assert found.height == found.slope_error == 0
    assert spent <= WHOLE + 3 * 3 * 34


@pytest.mark.parametrize("name", ["sine", "line", "exponential"])
@pytest.mark.parametrize("noise", [1e-3, 1e-8])
def test_known_noise_is_no_jump_and_hides_those_that_are_smaller(name: str, noise: float) -> None:
    rng = np.random.default_rng(0)
    f = SMOOTH[name]
    loud = 0
    for _ in range(20):
        found, _ = scan(lambda t: f(t) + noise * rng.standard_normal(t.size), noise=noise)
        loud += found.height > 0
    assert loud == 0
    for height, visible in ((noise, False), (1e4 * noise, True)):
        found, _ = scan(
            lambda t, h=height: (  # type: ignore[misc]
                f(t) + noise * rng.standard_normal(t.size) + h * np.floor(11.3 * t + 0.35)
            ),
            noise=noise,
        )
        assert (found.height > 0) == visible
        assert not visible or height / 3 <= found.height <= 3 * height


def test_price() -> None:
    # Two windows that show nothing and a third; and what stands out in the first ends the walk.
    assert scan(np.sin)[1] == WHOLE
    assert scan(lambda t: np.sin(t) + 1e-3 * (t > 0.0371))[1] <= 32 + 3 * 34
    # Beyond the first two windows only the third sees it.
    far, spent = scan(lambda t: np.sin(t) + 1e-3 * (t > 0.77))
    assert far.height == pytest.approx(1e-3, rel=0.1)
    assert WHOLE < spent <= WHOLE + 3 * 34


def test_a_jump_at_the_end_of_the_domain_is_left_to_the_edge() -> None:
    # As steep as a jump: the last points before the end are left out.
    found, _ = scan(lambda t: np.where(t > -0.1, t + 1e-2 * (t > -0.0531), np.nan))
    assert found.height == 0
    found, _ = scan(lambda t: np.where(t > -0.1, t + 1e-2 * (t > 0.0531), np.nan))
    assert found.height == pytest.approx(1e-2, rel=0.1)


@pytest.mark.parametrize("edge", [0.02, 0.08])
def test_the_slope_across_holds_its_bar_where_the_walk_misses_the_point(edge: float) -> None:
    """The domain ends so close that the points that are left all lie on one side of 0."""
    rng = np.random.default_rng(0)
    told = 0
    for height in np.repeat([1e-3, 1e-4, 1e-5], 5):
        width, phase, lost = rng.uniform([0.01, 0, 0.2], [0.1, 1, 1])

        def f(t: FloatArray, s: Function = lambda t: (t / width + phase) % 1) -> FloatArray:
            return np.where(t > -edge, np.sin(1 + t) - height * lost * s(t), np.nan)  # noqa: B023

        found, _ = scan(f)
        assert not abs(found.across - np.cos(1)) > found.bar
        told += bool(np.isfinite(found.bar))
    assert told > 5


@pytest.mark.parametrize("seed", [43, 53, 62, 117, 292])
def test_a_network_of_kinks_does_not_jump(seed: int) -> None:
    rng = np.random.default_rng(seed)
    inputs, target = rng.standard_normal((15, 20)), rng.standard_normal((15, 5))
    first, second = (0.3 * rng.standard_normal(shape) for shape in ((20, 30), (30, 5)))
    moves = [0.3 * rng.standard_normal(weights.shape) for weights in (first, second)]

    def loss(t: float) -> float:
        units = np.maximum(inputs @ (first + t * moves[0]), 0)
        return float(np.mean((units @ (second + t * moves[1]) - target) ** 2))

    found, _ = scan(np.vectorize(loss))
    assert found.height == 0
