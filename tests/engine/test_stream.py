"""What is done to all components, piece by piece, against closed forms."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from gradproof.engine.agreement import Agreement
from gradproof.engine.budget import Budget
from gradproof.engine.stream import Stream, Through
from gradproof.frameworks.array_field import ArrayField
from gradproof.numerics.directions import CHUNK, THROUGH_ONE_LEAF, Gaussian
from gradproof.numerics.scales import natural_scales
from gradproof.tree import flatten

Array = npt.NDArray[Any]


def normal(seed: int, start: int, size: int, direction: int) -> Array:
    gaussian = Gaussian(seed, start, start + size)
    return np.concatenate([z for _, z in gaussian.chunks(direction)])


def streamed(
    dtype: Any = np.float64, size: int = CHUNK + 1_000
) -> tuple[Stream, dict[str, Array], Array]:
    rng = np.random.default_rng(0)
    at = {"a": rng.standard_normal(size).astype(dtype), "b": rng.standard_normal((4, 5))}
    tree, values = flatten(at, "x")
    stream = Stream(ArrayField(tree, values), [True, True], seed=3)
    claim = rng.standard_normal(size + 20)
    stream.take_claim([claim[:size], claim[size:].reshape(4, 5)])
    stream.scales = [stream.medians(0), stream.medians(1)]
    return stream, at, claim


def weights(stream: Stream, at: dict[str, Array], claim: Array) -> Array:
    """The scales as they are used, by their formula."""
    found, start = [], 0
    for scales, x in zip(stream.scales, at.values(), strict=True):
        x, a = np.abs(x.ravel().astype(np.float64)), np.abs(claim[start : start + x.size])
        found.append(np.maximum(x, np.minimum(scales.size, scales.effect / a)))
        start += x.size
    return np.concatenate(found)


def test_scales_are_the_natural_ones_but_for_bins() -> None:
    stream, at, claim = streamed()
    exact = np.concatenate(
        [natural_scales(at["a"], claim[:-20]), natural_scales(at["b"].ravel(), claim[-20:])]
    )
    np.testing.assert_allclose(weights(stream, at, claim), exact, rtol=0.25)


def test_moves_and_dots_are_those_of_the_directions() -> None:
    stream, at, claim = streamed()
    n = at["a"].size
    w = weights(stream, at, claim)
    whole = [np.concatenate([normal(3, 0, n, k), normal(3, n, 20, k)]) for k in (0, 1)]
    of_b = normal(3, n, 20, THROUGH_ONE_LEAF)
    lines = [Through(0), Through(1), Through(THROUGH_ONE_LEAF, 1)]
    claims = [claim @ (w * whole[0]), claim @ (w * whole[1]), claim[n:] @ (w[n:] * of_b)]
    np.testing.assert_allclose(stream.dots(lines), claims, rtol=1e-10)
    turned = stream.move([(lines[0], 0.1), (lines[1], -0.2), (lines[2], 0.3)])
    v = w * (0.1 * whole[0] - 0.2 * whole[1])
    v[n:] += w[n:] * 0.3 * of_b
    x = np.concatenate([at["a"], at["b"].ravel()])
    there = stream.field.at
    np.testing.assert_allclose(np.concatenate([there["a"], there["b"].ravel()]), x + v, rtol=1e-12)
    assert abs(turned) < 1e-10
    stream.move([(lines[2], 0.3)])  # only b, while a is back
    assert stream.field.at["a"].tobytes() == at["a"].tobytes()
    assert stream.field.at["b"].tobytes() != at["b"].tobytes()
    stream.close()
    assert stream.is_at_point()


def test_what_rounding_turns_away_is_returned() -> None:
    stream, at, claim = streamed(np.float32)
    tiny = 1e-8  # less than neighbours are apart
    turned = stream.move([(Through(0), tiny)])
    moved = np.concatenate([np.ravel(v).astype(np.float64) for v in stream.field.at.values()])
    x = np.concatenate([np.ravel(v).astype(np.float64) for v in at.values()])
    claimed = float(stream.dots([Through(0)])[0])
    assert claim @ (moved - x) - turned == pytest.approx(tiny * claimed, rel=1e-9)


def test_singles_are_those_that_show_along_the_best_direction() -> None:
    stream, at, claim = streamed()
    n = at["a"].size
    w = weights(stream, at, claim)
    visible = np.array([0.5, 2.0])
    z = np.stack([np.concatenate([normal(3, 0, n, k), normal(3, n, 20, k)]) for k in (0, 1)])
    seen = np.min(visible[:, np.newaxis] / np.abs(z), axis=0) / w
    np.testing.assert_allclose(
        stream.singles([Through(0), Through(1)], visible), [seen[:n].max(), seen[n:].max()]
    )


def test_the_same_directions_whatever_the_number_of_threads() -> None:
    one, _, _ = streamed()
    several, _, _ = streamed()
    one.walk.threads, several.walk.threads = 1, 2
    for stream in (one, several):
        stream.move([(Through(0), 0.1)])
    assert one.field.at["a"].tobytes() == several.field.at["a"].tobytes()
    np.testing.assert_array_equal(one.dots([Through(0)]), several.dots([Through(0)]))


class Two:
    """Two ranks, of which the other one says what it is made to."""

    def __init__(self, other: Any) -> None:
        self.other = other

    def gather(self, numbers: Array) -> Array:
        if numbers.size == 1:  # to begin with
            return np.stack([numbers, numbers])
        other = self.other(numbers) if callable(self.other) else self.other
        return np.stack([numbers, other])

    def gather_objects(self, thing: Any) -> list[Any]:
        return [thing, thing]


def agreed(other: Any, f: Any) -> Any:
    return Agreement(Two(other), Budget()).of(f)


def test_ranks_agree_on_a_value_or_raise() -> None:
    from gradproof import InputError

    assert agreed(lambda here: here, lambda at: 2.0)(None) == 2.0
    nearly = agreed(lambda here: here * np.array([1, 1 + 1e-15, 1]), lambda at: 2.0)
    assert nearly(None) == 2.0
    with pytest.raises(InputError, match=r"found 2.0 on rank 0 and 3.0 on rank 1.*all_reduce"):
        agreed(lambda here: here + np.array([0, 1, 0]), lambda at: 2.0)(None)
    with pytest.raises(InputError, match="found 2.0 on rank 0 and nan on rank 1"):
        agreed(lambda here: here * np.array([1, np.nan, 1]), lambda at: 2.0)(None)


def test_what_one_rank_raises_all_raise() -> None:
    undefined, interrupted, raised = (np.array([end, np.nan, 0.0]) for end in (1, 2, 3))
    with pytest.raises(ArithmeticError, match="rank 1"):
        agreed(undefined, lambda at: 2.0)(None)
    with pytest.raises(KeyboardInterrupt):
        agreed(interrupted, lambda at: 2.0)(None)
    with pytest.raises(RuntimeError, match="rank 1"):
        agreed(raised, lambda at: 2.0)(None)

    def mine(at: Any) -> float:
        raise OSError("mine")

    with pytest.raises(OSError, match="mine"):
        agreed(lambda here: np.zeros(3), mine)(None)


def test_a_time_is_that_of_the_first_rank() -> None:
    budget = Budget(seconds=10.0)
    agreement = Agreement(Two(lambda here: here), budget)
    begun = budget.clock()
    assert budget.clock() == begun  # stands still until the ranks meet
    agreement.of(lambda at: 1.0)(None)
    assert budget.clock() > begun


def test_calls_that_differ_are_told() -> None:
    from gradproof import InputError

    class Other(Two):
        def gather_objects(self, thing: Any) -> list[Any]:
            return [thing, {**thing, "seed": 7}] if thing else [thing, thing]

    with pytest.raises(InputError, match="seed: found 1 on rank 0 and 7 on rank 1"):
        Agreement(Other(lambda here: here), Budget()).require_same(plan="x", seed=1)
