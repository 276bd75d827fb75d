"""The record of a check as data: what was found, how, and for what price."""

import dataclasses
import math
import sys
from typing import Any

import numpy as np
import optree

from gradproof._base.outcomes import Verdict
from gradproof._base.version import __version__
from gradproof.judge.parts import (
    CauseFinding,
    Certificate,
    ComponentFinding,
    ControlFinding,
    Curve,
    LeafFinding,
    PatternFinding,
    TensorValues,
)

SCHEMA_VERSION = 1
MOST_CULPRITS = 100


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Price:
    """What a check cost, what replays it, and whether Ctrl-C ended it."""

    evaluations: int
    gradient_calls: int
    seconds: float
    plan: str
    seed: int
    interrupted: bool = False


@dataclasses.dataclass(frozen=True)
class Record:
    """Everything that a check found, without any rendering."""

    verdict: Verdict
    headline: str
    evaluations: int
    gradient_calls: int
    seconds: float
    plan: str
    seed: int
    rtol: float
    resolution: float
    value: float
    noise: float
    leaves: tuple[LeafFinding, ...]
    culprits: tuple[ComponentFinding, ...]
    patterns: tuple[PatternFinding, ...]
    causes: tuple[CauseFinding, ...]
    notes: tuple[str, ...]
    controls: tuple[ControlFinding, ...]
    certificate: Certificate | None
    versions: dict[str, str]
    curves: tuple[Curve, ...] = ()
    tensors: tuple[TensorValues, ...] = dataclasses.field(default=(), compare=False, repr=False)
    interrupted: bool = False

    @property
    def passed(self) -> bool:
        """Whether the verdict is pass."""
        return self.verdict is Verdict.PASS

    def __bool__(self) -> bool:
        return self.passed

    def to_dict(self, *, tensors: bool = False) -> dict[str, Any]:
        """Return plain dicts, lists, strings and numbers; numbers that are not finite as None.

        `tensors` adds every component, packed, and of large tensors the worst of each block.
        """
        without = dataclasses.replace(self, tensors=())  # too many numbers to be taken one by one
        found = _plain(dataclasses.asdict(without))
        del found["tensors"]
        if tensors:
            from gradproof.judge.packing import packed

            found["tensors"] = _plain(list(packed(self.tensors)))
        return {"schema": SCHEMA_VERSION, **found}

    def to_json(self, *, indent: int | None = 2, tensors: bool = False) -> str:
        """Return the record as JSON, valid by ``gradproof/judge/report.schema.json``."""
        import json

        return json.dumps(self.to_dict(tensors=tensors), indent=indent, allow_nan=False)


def versions() -> dict[str, str]:
    """Return what a record was made with."""
    return {
        "gradproof": __version__,
        "numpy": np.__version__,
        "optree": optree.__version__,
        "python": ".".join(map(str, sys.version_info[:3])),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, str):
        return str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (bool, int)):
        return value
    return repr(value)  # a key of some other type in a path
