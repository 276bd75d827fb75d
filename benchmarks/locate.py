"""What it costs to find wrong components among a million: ``python benchmarks/locate.py``.

Some of 10⁶ components of a right gradient are made wrong by 0.1 to 10 times a typical component,
log-uniformly, and the search is asked where, as it is once a direction through the tensor has
failed; evaluations are counted from there. Then whole rows, columns and blocks of a 1000 × 1000
tensor. The exit code is 1 where a bound is missed or a component is named that is right.
"""

import argparse
import functools
import os
import sys
from collections.abc import Callable
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np  # noqa: E402
import numpy.typing as npt  # noqa: E402

from gradproof.engine.evaluation import Evaluator  # noqa: E402
from gradproof.engine.groups import groups_in  # noqa: E402
from gradproof.engine.preflight import Preflight, preflight  # noqa: E402
from gradproof.engine.projecting import leaf_weights  # noqa: E402
from gradproof.engine.search import Search  # noqa: E402
from gradproof.engine.setting import Setting, prepare  # noqa: E402
from gradproof.frameworks.numpy_space import NumpySpace  # noqa: E402
from gradproof.judge.located import Located  # noqa: E402
from gradproof.problems import Problem  # noqa: E402
from gradproof.tree import flatten  # noqa: E402

Array = npt.NDArray[np.float64]

_SIDE = 1_000
_BOUNDS = {1: 12, 3: 40, 10: 140, 100: 1_200}
_OF_A_SLICE = 12
_OF_A_BLOCK = 500


def search(
    break_it: Callable[[Array], None], shape: tuple[int, ...], seed: int
) -> tuple[Located, int]:
    """Break the gradient of a sum of squares near its minimum, and search it; also the price."""
    rng = np.random.default_rng([seed, 1])
    minimum = rng.uniform(0.5, 1.5, shape)
    at = minimum + 1e-3 * rng.standard_normal(shape)

    def f(x: Any) -> float:
        off = (x - minimum).ravel()
        return float(off @ off) / 2

    claim = at - minimum
    break_it(claim)
    problem = Problem(f, claim, at)
    tree, values = flatten(at, problem.root)
    evaluator = Evaluator(f, NumpySpace(tree, values), None)
    found = Preflight()
    preflight(found, problem, tree, evaluator)
    setting = prepare(tree, evaluator, found, rtol=None, rng=rng)
    if not isinstance(setting, Setting):
        raise RuntimeError("the function does not move")
    weight = leaf_weights(tree, evaluator.x, setting.claim, setting.value)
    (leaf,) = tree.leaves
    groups = groups_in(evaluator, found, setting, weight, rng)(leaf)
    before = evaluator.count
    located = Search(leaf, 0, groups, rtol=setting.rules.default, rng=rng).run()
    return located, evaluator.count - before


def components(k: int, seed: int, n: int = _SIDE**2) -> tuple[int, int, int]:
    """Search k wrong components of n; return the price, how many were found, and false ones."""
    rng = np.random.default_rng([seed, k])
    places = rng.choice(n, k, replace=False)

    def break_it(claim: Array) -> None:
        claim[places] += 1e-3 * rng.choice([-1.0, 1.0], k) * 10 ** rng.uniform(-1, 1, k)

    located, price = search(break_it, (n,), seed)
    named = set(located.places[located.wrong].tolist())
    return price, len(named & set(places.tolist())), len(named - set(places.tolist()))


def slices(axis: int, seed: int) -> tuple[int, bool]:
    """Double a row or column; return the price and whether it was named."""
    place = int(np.random.default_rng([seed, axis]).integers(_SIDE))

    def break_it(claim: Array) -> None:
        part = claim[place] if axis == 0 else claim[:, place]
        part *= 2

    located, price = search(break_it, (_SIDE, _SIDE), seed)
    named = located.part is not None and located.part.words(2)
    return price, named == f"{('row', 'column')[axis]} {place}"


def block(seed: int) -> tuple[int, bool]:
    """Double a block of a hundredth to a quarter; return the price and whether it was named."""
    rng = np.random.default_rng([seed, 2])
    sides = rng.integers(_SIDE // 10, _SIDE // 2, 2)
    first = [int(rng.integers(1, _SIDE - side)) for side in sides]
    last = [start + int(side) - 1 for start, side in zip(first, sides, strict=True)]

    def break_it(claim: Array) -> None:
        claim[first[0] : last[0] + 1, first[1] : last[1] + 1] *= 2

    located, price = search(break_it, (_SIDE, _SIDE), seed)
    named = located.part is not None and located.part.words(2)
    return price, named == f"rows {first[0]} to {last[0]}, columns {first[1]} to {last[1]}"


def main() -> int:
    """Print the tables and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--wrong", type=int, nargs="*", default=list(_BOUNDS))
    arguments = parser.parse_args()
    missed = False
    print("| wrong of 1,000,000 | seeds | evaluations, median | 95 % | found | false |")
    print("| --- | --- | --- | --- | --- | --- |")
    for k in arguments.wrong:
        ran = [components(k, seed) for seed in range(arguments.seeds)]
        prices = [price for price, _, _ in ran]
        found, false = sum(one for _, one, _ in ran), sum(one for _, _, one in ran)
        median = float(np.median(prices))
        missed |= median > _BOUNDS[k] or false > 0
        share = f"{found:,} of {k * len(ran):,}"
        many = f"{median:,.0f} (≤ {_BOUNDS[k]:,}) | {np.percentile(prices, 95):,.0f}"
        print(f"| {k} | {len(ran)} | {many} | {share} | {false} |", flush=True)
    print()
    print("| wrong part of 1000 × 1000 | seeds | evaluations, most | named |")
    print("| --- | --- | --- | --- |")
    for name, look, bound in (
        ("row", functools.partial(slices, 0), _OF_A_SLICE),
        ("column", functools.partial(slices, 1), _OF_A_SLICE),
        ("block", block, _OF_A_BLOCK),
    ):
        cut = [look(seed) for seed in range(max(1, arguments.seeds // 5))]
        most, named = max(price for price, _ in cut), sum(one for _, one in cut)
        missed |= most > bound or named < len(cut)
        print(f"| {name} | {len(cut)} | {most} (≤ {bound}) | {named} |", flush=True)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
