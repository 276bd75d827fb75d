"""What a check costs: overhead on a function that does nothing, the digits network, small checks.

Run as ``python benchmarks/check_speed.py``; the exit code is 1 where a bound is missed. Every time
is compared with a peer in the same run. With ``--quick`` the network is smaller, times are only
shown, and only counts of evaluations have to keep their bounds.
"""

import argparse
import math
import os
import statistics
import sys
import time
from collections.abc import Callable

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np  # noqa: E402

import gradproof as gp  # noqa: E402
from gradproof.data import load_digits  # noqa: E402
from gradproof.textbook import (  # noqa: E402
    dictionary_to_vector,
    network,
    vector_to_dictionary,
)

N_NO_OP = 61_481
misses: list[str] = []
quick = False


def seconds(run: Callable[[], object]) -> float:
    """Return the wall time of one call."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def bound(
    what: str, value: float, limit: float, *, at_least: bool = False, timed: bool = True
) -> str:
    """Return a cell of the table, and remember a miss; of times only where they mean something."""
    if timed and quick:
        return f"{value:.2f}"
    met = value >= limit if at_least else value <= limit
    if not met:
        misses.append(f"{what}: {value:.2f}, bound {limit}")
    return f"{value:.2f} ({'≥' if at_least else '≤'} {limit}{'' if met else ', MISSED'})"


def no_op() -> None:
    """Compare a check of a function that only reads one number with a bare loop around it.

    The claim is a unit vector, so that every component is visited, and passes with one evaluation.
    """
    x = np.linspace(1, 2, N_NO_OP)
    claim = np.zeros(N_NO_OP)
    claim[0] = 1.0

    def f(x: np.ndarray) -> float:
        return x[0]  # type: ignore[no-any-return]

    def bare() -> None:
        buffer = x.copy()
        for i in range(N_NO_OP):
            old = buffer[i]
            buffer[i] = old + 1e-7
            f(buffer)
            buffer[i] = old

    evaluations = gp.check(f, claim, x, plan="every").evaluations
    bare()
    pairs = [
        (seconds(bare), seconds(lambda: gp.check(f, claim, x, plan="every"))) for _ in range(7)
    ]
    ratio = statistics.median(pair[1] / pair[0] for pair in pairs)
    print("| function that does nothing, n = 61,481 | evaluations | time / bare loop |")
    print("|---|---|---|")
    print(f"| `gp.check` | {evaluations:,} | {bound('overhead', ratio, 3)} |\n")


def textbook_loop(
    cost: Callable[[dict[str, np.ndarray]], float],
    parameters: dict[str, np.ndarray],
    layers_dims: list[int],
    epsilon: float = 1e-7,
) -> np.ndarray:
    """Take two-sided differences as the classic code does, of the very cost that is checked."""
    theta = dictionary_to_vector(parameters)
    gradient = np.zeros_like(theta)
    for i in range(len(theta)):
        plus, minus = np.copy(theta), np.copy(theta)
        plus[i] += epsilon
        minus[i] -= epsilon
        gradient[i] = cost(vector_to_dictionary(plus, layers_dims)) - cost(
            vector_to_dictionary(minus, layers_dims)
        )
    return gradient / (2 * epsilon)


def digits(size: int) -> None:
    """Compare a check of the network with its evaluations alone and with the textbook loop."""
    images = load_digits(size)["train"]
    print("| network on one digit | share with one evaluation | evaluations / n |", end="")
    print(" wall / evaluations alone | textbook loop / wall |")
    print("|---|---|---|---|---|")
    for hidden in ("tanh", "relu"):
        for start in ("N(0, 1/fan_in)", "0.01 N(0, 1)"):
            X, Y = network.random_examples(*images, k=1, seed=0)
            layers_dims = [len(X), 5, 5, 1]
            parameters = network.initialize_parameters(layers_dims)
            if start.startswith("0.01"):
                rng = np.random.default_rng(0)
                parameters = {
                    key: 0.01 * rng.standard_normal(value.shape)
                    for key, value in parameters.items()
                }
            one_network(f"{hidden}, {start}", X, Y, parameters, hidden)
    print()


def one_network(
    name: str, X: np.ndarray, Y: np.ndarray, parameters: dict[str, np.ndarray], hidden: str
) -> None:
    """Print the row of one network."""

    def cost(p: dict[str, np.ndarray]) -> float:
        return network.forward_prop_cost(X, p, Y, hidden)

    def one_evaluation() -> float:
        return seconds(lambda: [cost(parameters) for _ in range(2000)]) / 2000

    AL, caches = network.L_model_forward(X, parameters, hidden)
    gradients = network.L_model_backward(AL, Y, caches, hidden)
    before = one_evaluation()
    report = gp.check(cost, gradients, parameters, plan="every")
    alone = (before + one_evaluation()) / 2
    textbook = seconds(lambda: textbook_loop(cost, parameters, [len(X), 5, 5, 1]))
    n = sum(value.size for value in parameters.values())
    name = f"{name}, n = {n:,}"
    if not report.passed:
        misses.append(f"{name}: {report.headline}")
    per_component = report.evaluations / n
    share = max(0.0, 2 - per_component)
    cheap = share >= 0.95
    ratio = textbook / report.seconds
    cells = (
        f"{share:.0%}",
        bound(f"{name}: evaluations", per_component, 1.2 if cheap else 3.2, timed=False),
        bound(f"{name}: wall", report.seconds / (report.evaluations * alone), 1.15),
        bound(f"{name}: textbook", ratio, 3 if cheap else 1.5, at_least=True),
    )
    print(f"| {name} | {' | '.join(cells)} |")


def small() -> None:
    """Count the evaluations of checks of functions of one variable.

    What one or two differences do not settle gets a table of steps; and before a claim that is off
    by less than a tenth is called wrong, f is searched for jumps.
    """
    table: list[tuple[str, Callable[[float], float], Callable[[float], float], float]] = [
        ("x² at 3", lambda x: x * x, lambda x: 2 * x, 3.0),
        ("exp at 1", math.exp, math.exp, 1.0),
        ("sin at 0", math.sin, math.cos, 0.0),
        ("x³ at 0", lambda x: x**3, lambda x: 3 * x * x, 0.0),
        ("log at 0.001", math.log, lambda x: 1 / x, 1e-3),
        ("2x at 1", lambda x: 2 * x, lambda x: 2.0, 1.0),
        ("a constant", lambda x: 1.0, lambda x: 0.0, 1.0),
        ("|x| at 0, claimed 0.3", abs, lambda x: 0.3, 0.0),
        ("sqrt at 0, claimed 1", math.sqrt, lambda x: 1.0, 0.0),
        ("sin at 1, off by 1 %", math.sin, lambda x: 1.01 * math.cos(x), 1.0),
        ("x² in float32", lambda x: float(np.float32(x) ** 2), lambda x: 2 * x, 1.3),
        ("a constant, claimed 1", lambda x: 1.0, lambda x: 1.0, 1.0),
    ]
    with_a_table = {"|x| at 0, claimed 0.3", "sqrt at 0, claimed 1"}
    with_a_search = {"sin at 1, off by 1 %"}
    print("| function of one variable | verdict | evaluations |")
    print("|---|---|---|")
    for name, f, gradient, at in table:
        report = gp.check(f, gradient, at)
        limit = 100 if name in with_a_table else 600 if name in with_a_search else 40
        cell = bound(name, report.evaluations, limit, timed=False).replace(".00", "")
        print(f"| {name} | {report.verdict.value} | {cell} |")


def main() -> int:
    """Print the tables and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="a network of 2,981 parameters, times are only shown"
    )
    global quick
    quick = parser.parse_args().quick
    no_op()
    digits(14 if quick else 64)
    small()
    for miss in misses:
        print(f"missed: {miss}")
    return 1 if misses else 0


if __name__ == "__main__":
    sys.exit(main())
