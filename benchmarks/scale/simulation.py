"""What a certificate of very many parameters would cost: ``python -m benchmarks.scale.simulation``.

A model, not a measurement: the steps of a certificate, each at the speed of what limits it. The
speeds of this machine are measured, and a certificate run on it is held against the model; those
of an accelerator are assumptions, all of them in `ACCELERATOR`. ``--write`` writes the tables of
the documentation.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np  # noqa: E402
import numpy.typing as npt  # noqa: E402
from benchmarks.trust.tables import table  # noqa: E402

import gradproof as gp  # noqa: E402

_TABLES = Path(__file__).parents[2] / "docs" / "tables"
_DIRECTIONS = 8
_TOKENS = 1 << 16  # of the batch that f is evaluated on
_LARGEST_NODE = 8  # devices that share the tensors of a layer
_ASPECT = 128  # width / layers, of the large models that were published


@dataclasses.dataclass(frozen=True)
class Machine:
    """What one device and its links can do."""

    name: str
    normals: float  # a second
    bandwidth: float  # bytes a second, of memory
    flops: float  # a second, as an evaluation reaches them
    link: float  # bytes a second, between nodes
    inner_link: float  # bytes a second, within a node
    latency: float  # seconds, of one message
    memory: float  # bytes
    bytes_of_number: int


ACCELERATOR = Machine(
    name="accelerator (assumed)",
    # About 100 operations a number (ten rounds of Philox4x32 for four words, Box and Muller's
    # transform), at half of the 67e12 that a data sheet of an H100 SXM gives for float32.
    normals=3e11,
    bandwidth=0.8 * 3.35e12,  # of the data sheet's HBM3, as streams reach it
    flops=0.4 * 989e12,  # of the data sheet's bfloat16, as training reaches it
    link=50e9,  # InfiniBand NDR, 400 Gbit/s for each device
    inner_link=450e9,  # NVLink 4, one way
    latency=5e-6,
    memory=80e9,
    bytes_of_number=4,
)


@dataclasses.dataclass(frozen=True)
class Cost:
    """Seconds of a certificate by what they are spent on, and what one device holds and sends."""

    directions: float
    evaluations: float
    links: float
    reduced: float  # bytes over each link for gradproof, all evaluations
    sent: float  # bytes over each link for f, all evaluations
    memory: float

    @property
    def seconds(self) -> float:
        """All of it: nothing is assumed to overlap."""
        return self.directions + self.evaluations + self.links

    @property
    def limit(self) -> str:
        """What takes longest."""
        parts = {
            "making directions": self.directions,
            "f itself": self.evaluations,
            "links": self.links,
        }
        return max(parts, key=lambda name: parts[name])


def of_directions(machine: Machine, own: float, evaluations: int) -> float:
    """Return the seconds to make directions of `own` parameters, move them and use the claim.

    Each evaluation makes the numbers anew (counters, nothing stored), reads x and writes x + t·v;
    each direction is made twice more, for its product with the claim and for the single errors that
    the certificate states, and its product reads the claim.
    """
    passes = evaluations + 2 * _DIRECTIONS
    normals = passes * own / machine.normals
    streams = (2 * evaluations + _DIRECTIONS) * own * machine.bytes_of_number / machine.bandwidth
    return normals + streams


def certificate(machine: Machine, n: float, devices: int, evaluations: int) -> Cost:
    """Return what a certificate of a transformer of n parameters over so many devices costs.

    Each device moves its own shard. f costs 2 n flops a token. As in the forward pass of training
    its tensors are split within a node, its layers among nodes, and the batch among copies of that
    where there are more nodes than layers: two all-reduces of the activations a layer, and
    activations from node to node. Copies move alike, as the numbers depend on counters alone.
    gradproof adds one all-reduce of one number for each direction and evaluation; nothing is
    gathered.
    """
    layers = (n / (12 * _ASPECT**2)) ** (1 / 3)
    width = _ASPECT * layers
    inner = min(devices, _LARGEST_NODE)
    nodes = devices // inner
    activations = 2.0 * _TOKENS * width  # bytes of bfloat16
    stages = min(nodes, int(layers))
    copies = nodes / stages
    own = n / (inner * stages)
    within = 2 * layers / stages * activations / copies * 2 * (inner - 1) / inner
    between = activations / copies / inner if stages > 1 else 0.0
    steps = 2 * math.ceil(math.log2(devices)) if devices > 1 else 0
    reduced = 8.0 * _DIRECTIONS * min(steps, 2)
    seconds_of_links = (
        within / machine.inner_link
        + between / machine.link
        + steps * machine.latency
        + reduced / machine.link
    )
    return Cost(
        directions=of_directions(machine, own, evaluations),
        evaluations=evaluations * 2 * n * _TOKENS / devices / machine.flops,
        links=evaluations * seconds_of_links,
        reduced=evaluations * reduced,
        sent=evaluations * (within + between),
        # The parameters as they stand, as they were (every bit comes back), and the claim.
        memory=3 * own * machine.bytes_of_number,
    )


def _fastest(run: Callable[[], object], repetitions: int = 5) -> float:
    found = []
    for _ in range(repetitions):
        started = time.perf_counter()
        run()
        found.append(time.perf_counter() - started)
    return min(found)


def measured(n: int = 1 << 22, side: int = 1_000) -> Machine:
    """Return what one core of this machine can do, in NumPy and float64."""
    chunk = 1 << 18  # what is made at a time, so that it stays in the cache
    x = np.zeros(n)
    moved = np.empty(n)
    rng = np.random.Generator(np.random.Philox(0))
    A = rng.standard_normal((side, side))
    return Machine(
        name="one core of this machine (measured)",
        normals=chunk / _fastest(lambda: rng.standard_normal(chunk)),
        bandwidth=2 * x.nbytes / _fastest(lambda: np.add(x, 1e-3, out=moved)),
        flops=2 * side**3 / _fastest(lambda: A @ A),
        link=math.inf,
        inner_link=math.inf,
        latency=0.0,
        memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        bytes_of_number=8,
    )


def _constants(machines: list[Machine]) -> str:
    rows = [
        ("normal numbers / s", *(f"{one.normals:.1e}" for one in machines)),
        ("memory, bytes / s", *(f"{one.bandwidth:.1e}" for one in machines)),
        ("an evaluation, flops / s", *(f"{one.flops:.1e}" for one in machines)),
        ("link between nodes, bytes / s", *(_finite(one.link) for one in machines)),
        ("link within a node, bytes / s", *(_finite(one.inner_link) for one in machines)),
        ("one message, s", *(f"{one.latency:.0e}" if one.latency else "–" for one in machines)),
        ("memory, bytes", *(f"{one.memory:.1e}" for one in machines)),
        ("bytes of a number", *(str(one.bytes_of_number) for one in machines)),
    ]
    return table(("constant", *(one.name for one in machines)), rows)


def _finite(value: float) -> str:
    return f"{value:.1e}" if math.isfinite(value) else "–"


def _held_against_a_run(machine: Machine, sizes: tuple[int, ...]) -> tuple[str, int]:
    """Return a table of what directions cost, as measured and by the model; and the evaluations."""
    rows = []
    evaluations = 0
    for n in sizes:
        at = np.random.default_rng(n).standard_normal(n)

        def f(x: npt.NDArray[np.float64]) -> float:
            return float(x @ x)

        evaluations = gp.check(f, 2 * at, at, plan="project").evaluations
        whole = _fastest(lambda at=at, f=f: gp.check(f, 2 * at, at, plan="project"), 3)  # type: ignore[misc]
        alone = evaluations * _fastest(lambda at=at, f=f: f(at))  # type: ignore[misc]
        model = of_directions(machine, n, evaluations)
        rows.append((f"{n:,}", evaluations, f"{(whole - alone) / model:.2f}"))
    head = ("n", "evaluations", "time beside f, measured / by the model")
    return table(head, rows), evaluations


def _rows(evaluations: int) -> Iterator[tuple[str, ...]]:
    for n in (1e9, 1e11, 1e12):
        for devices in (1, 64, 4_096):
            cost = certificate(ACCELERATOR, n, devices, evaluations)
            fits = cost.memory <= ACCELERATOR.memory
            yield (
                f"10^{round(math.log10(n))}",
                f"{devices:,}",
                f"{cost.memory / 1e9:,.2g} GB" + ("" if fits else ", does not fit"),
                f"{cost.reduced / 1e3:.1f} kB",
                f"{cost.sent / 1e9:,.1f} GB",
                _seconds(cost.directions),
                _seconds(cost.evaluations),
                _seconds(cost.links),
                _seconds(cost.seconds) if fits else "–",
                cost.limit,
            )


def _seconds(value: float) -> str:
    if value >= 100:
        return f"{value / 60:,.0f} min"
    return f"{value:.2g} s" if value >= 0.1 else f"{1e3 * value:.2g} ms"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="What a certificate of 10^12 would cost.")
    parser.add_argument("--quick", action="store_true", help="hold fewer runs against the model")
    parser.add_argument("--write", action="store_true", help="write the tables of the docs")
    options = parser.parse_args()
    here = measured()
    sizes = (10**6,) if options.quick else (10**6, 3 * 10**6, 10**7)
    against, evaluations = _held_against_a_run(here, sizes)
    head = (
        "parameters",
        "devices",
        "memory of each",
        "gradproof over each link",
        "f over each link",
        "directions",
        "f",
        "links",
        "all",
        "what limits",
    )
    texts = {
        "constants": _constants([here, ACCELERATOR]),
        "model": against,
        "simulation": table(head, _rows(evaluations)),
    }
    for name, text in texts.items():
        print(f"{text}\n")
        if options.write:
            (_TABLES / f"scale_{name}.md").write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
