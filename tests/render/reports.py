"""Records made by hand, with everything that a page can show."""

import math
from typing import Any

import numpy as np

import gradproof as gp
from gradproof.judge.parts import Curve, TensorValues

VERSIONS = {"gradproof": "0.1.0", "numpy": "2.0.0", "optree": "0.14.0", "python": "3.11.0"}


def component(
    address: str, index: tuple[int, ...] = (), claimed: float = 2.0, measured: float = 1.0
) -> gp.ComponentFinding:
    where = f"{address}[{', '.join(map(str, index))}]" if index else address
    return gp.ComponentFinding(where, (address,), index, claimed, measured, 1e-7, 1e-8, 9e-8, 2e-7)


def leaf(
    address: str, shape: tuple[int, ...] = (3, 4), verdict: gp.Verdict = gp.Verdict.PASS
) -> gp.LeafFinding:
    size = math.prod(shape)
    wrong = size if verdict is gp.Verdict.FAIL else 0
    return gp.LeafFinding(
        address=address,
        path=(address,),
        shape=shape,
        verdict=verdict,
        discrepancy=0.5 if wrong else 2.1e-10,
        bar=1e-9,
        resolution=math.inf if wrong else 1e-6,
        checked=size,
        wrong=wrong,
        undecided=size if verdict is gp.Verdict.INCONCLUSIVE else 0,
        relative_to_itself=size - wrong,
        relative_to_leaf=0,
        relative_to_others=0,
        unseen=0,
        reason="GP201" if verdict is gp.Verdict.INCONCLUSIVE else None,
        ratio=None,
        worst=component(address, (0,) * len(shape)) if wrong else None,
    )


def tensor(address: str, shape: tuple[int, ...] = (3, 4), *, off_at: int = 5) -> TensorValues:
    size = math.prod(shape)
    measured = np.linspace(1.0, 2.0, size) if size else np.zeros(0)
    claimed, bar = measured + 1e-8, np.full(size, 1e-7)
    if size > off_at:
        claimed[off_at] += 0.25
    parts = (part.reshape(shape) for part in (claimed, measured, bar))
    return TensorValues(address, (address,), shape, *parts)


def curve(address: str, *, claimed: float = 2.0, slope: float = 1.0, noise: float = 1e-15) -> Curve:
    steps = np.logspace(-1, -9, 15)
    wobble = noise * np.cos(np.arange(15.0) * 7)
    return Curve(
        address=address,
        claimed=claimed,
        measured=slope,
        bar=1e-10,
        noise=noise,
        steps=tuple(steps.tolist()),
        plus=tuple((slope * steps + steps**2 / 2 + wobble).tolist()),
        minus=tuple((-slope * steps + steps**2 / 2 - wobble).tolist()),
        chosen=float(steps[6]),
    )


def record(*, verdict: gp.Verdict = gp.Verdict.PASS, **changes: Any) -> gp.Report:
    whole: dict[str, Any] = {
        "verdict": verdict,
        "headline": "all 2 tensors are right to 1e-06",
        "evaluations": 1234,
        "gradient_calls": 2,
        "seconds": 0.25,
        "plan": "every",
        "seed": 7,
        "rtol": 1e-6,
        "resolution": 1e-6,
        "value": 3.5,
        "noise": 1e-15,
        "leaves": (leaf("W"), leaf("b", (3,))),
        "culprits": (),
        "patterns": (),
        "causes": (),
        "notes": (),
        "controls": (),
        "certificate": None,
        "versions": VERSIONS,
        "curves": (),
        "tensors": (),
    }
    return gp.Report(**(whole | changes))


def everything(word: str) -> gp.Report:
    """Return a report that has `word` wherever a string can come from people."""
    return record(
        verdict=gp.Verdict.FAIL,
        headline=f"it is {word}",
        leaves=(leaf(word, verdict=gp.Verdict.FAIL), leaf(f"b{word}", (3,))),
        culprits=(component(word, (1, 2)),),
        patterns=(gp.PatternFinding(f"{word}[1]", (word,), f"row {word}", 4, 12),),
        causes=(
            gp.CauseFinding(
                "GP302", "constant-factor", (word,), {}, f"it is {word} times", f"try {word}"
            ),
        ),
        notes=(f"a note of {word}",),
        controls=(gp.ControlFinding(f"broken {word}", (word,), gp.Verdict.PASS),),
        versions={word: word},
        curves=(curve(word),),
        tensors=(tensor(word), tensor(f"b{word}", (3,))),
    )
