"""From data back to records: the inverse of ``Record.to_dict()``, and of a whole run."""

import contextlib
import dataclasses
import functools
import json
import math
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gradproof._base.errors import InputError
from gradproof._base.files import text_of
from gradproof._base.outcomes import Verdict
from gradproof._base.validation import described
from gradproof.judge.packing import unpacked
from gradproof.judge.parts import Certificate, Curve, TensorValues
from gradproof.judge.report import SCHEMA_VERSION, Record
from gradproof.judge.run import Place, Run

# What null stands for where a number is expected: nothing below these would have been seen, or is
# proved. Everywhere else it is a number that is not known.
_UNLIMITED = {"resolution", "visible", "bound", "single"}
_WHAT = "what gradproof itself writes: report.to_json(), or gradproof check --json"
_CURE = f"expected {_WHAT}"
_LARGEST = 2**63  # of counts, sizes and places
_DEEPEST = 20  # lists inside of one another


def record_of(data: Mapping[str, Any], name: str = "report") -> Record:
    """Return the record that ``to_dict()`` made this of; `name` is what errors call it.

    All is there again; `tensors` where they were asked for. Numbers that were not finite come back
    as inf where that is what they mean, and else as nan.
    """
    if not isinstance(data, Mapping):
        raise InputError(f"{name}: found {described(data)}, expected a report as a dict; {_CURE}")
    found = data.get("schema")
    if found != SCHEMA_VERSION or isinstance(found, bool):
        cure = (
            "a newer gradproof wrote it: update this one"
            if isinstance(found, int) and found > SCHEMA_VERSION
            else _CURE
        )
        raise InputError(
            f"{name}.schema: found {described(found)}, expected {SCHEMA_VERSION}; {cure}"
        )
    rest = {key: value for key, value in data.items() if key not in ("schema", "tensors")}
    record: Record = _object(Record, rest, name)
    tensors = _tensors(data.get("tensors", []), f"{name}.tensors")
    certificate = record.certificate and _with_bounds(record.certificate)
    return dataclasses.replace(record, tensors=tensors, certificate=certificate)


def _with_bounds(found: Certificate) -> Certificate:
    """Return a certificate in which null is told apart: no bound of a leaf, or an infinite one.

    A leaf whose claim is 0 has that, where there was a direction through each; of no leaf it is
    finite where the claim is 0 throughout, and neither is that of the whole.
    """
    none_is_finite = math.isinf(found.bound) and found.directions == len(found.leaves)
    if not (found.of_leaves or none_is_finite):
        return found
    leaves = (
        dataclasses.replace(leaf, bound=math.inf) if leaf.bound is None else leaf
        for leaf in found.leaves
    )
    return dataclasses.replace(found, leaves=tuple(leaves))


def _tensors(data: Any, name: str) -> tuple[TensorValues, ...]:
    if not isinstance(data, (list, tuple)):
        raise InputError(f"{name}: found {described(data)}, expected a list")
    found: list[TensorValues] = []
    for k, one in enumerate(data):
        path = one.get("path") if isinstance(one, Mapping) else ()
        others = sum(tensor.measured.size for tensor in found)
        found.append(unpacked(one, _path(path, f"{name}[{k}].path"), f"{name}[{k}]", others=others))
    return tuple(found)


def _path(data: Any, name: str) -> tuple[Any, ...]:
    """Return a tuple of keys, which name a tensor in dictionaries."""
    found: tuple[Any, ...] = _read(tuple[Any, ...], data, name)
    try:
        hash(found)
    except TypeError:
        raise InputError(f"{name}: found {described(data)}, expected a list of keys") from None
    return found


def run_of(data: Any, name: str = "report") -> Run:
    """Return the run that data describes: a single report, or what ``check --json`` writes."""
    if not isinstance(data, Mapping):
        raise InputError(f"{name}: found {described(data)}, expected a report as a dict; {_CURE}")
    if "reports" not in data:
        return Run({name: record_of(data, name)})
    errors, places = data.get("errors", {}), data.get("places", {})
    for what, part in (("reports", data["reports"]), ("errors", errors), ("places", places)):
        if not isinstance(part, Mapping):
            raise InputError(f"{name}.{what}: found {described(part)}, expected a dict by name")
    return Run(
        {key: record_of(one, f"{name}.reports[{key!r}]") for key, one in data["reports"].items()},
        {key: _read(str, one, f"{name}.errors[{key!r}]") for key, one in errors.items()},
        {key: _place(one, f"{name}.places[{key!r}]") for key, one in places.items()},
    )


def read(path: Path, name: str | None = None) -> Run:
    """Read a file that holds a report, or those of a whole run, as JSON.

    A report alone is called `name`, or as the file is.
    """
    text = text_of(str(path), f"JSON: {_WHAT}")
    try:
        data = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: found no JSON ({error}), {_CURE}") from None
    try:
        return run_of(data, name or path.stem)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON; two values under one name would be read as either by others."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [key for key, _ in pairs]
        twice = next(key for key in found if names.count(key) > 1)
        raise ValueError(f"the key {twice!r} is there twice")
    return found


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is no number of JSON")


def _place(data: Any, name: str) -> Place:
    if not isinstance(data, Mapping) or set(data) != {"file", "line"}:
        raise InputError(f"{name}: found {described(data)}, expected a file and a line")
    return Place(_read(str, data["file"], f"{name}.file"), _read(int, data["line"], f"{name}.line"))


@functools.cache
def _fields(cls: type) -> dict[str, tuple[Any, bool]]:
    """Return the type of every field that data has, and whether it may be missing."""
    hints = typing.get_type_hints(cls)
    return {
        field.name: (hints[field.name], field.default is not dataclasses.MISSING)
        for field in dataclasses.fields(cls)
        if not (cls is Record and field.name == "tensors")
    }


def _object(cls: type, data: Any, name: str) -> Any:
    if not isinstance(data, Mapping):
        raise InputError(f"{name}: found {described(data)}, expected a dict")
    fields = _fields(cls)
    unknown = [key for key in data if key not in fields]
    if unknown:
        raise InputError(f"{name}: found the key {described(unknown[0])}, which no report has")
    missing = [key for key, (_, optional) in fields.items() if key not in data and not optional]
    if missing:
        raise InputError(f"{name}: found no {missing[0]}; {_CURE}")
    values = {
        key: _path(one, f"{name}.path")
        if key == "path"
        else _read(fields[key][0], one, f"{name}.{key}")
        for key, one in data.items()
    }
    if cls is Curve and not len(values["steps"]) == len(values["plus"]) == len(values["minus"]):
        raise InputError(f"{name}: found steps, plus and minus of several lengths, expected one")
    return cls(**values)


def _read(kind: Any, data: Any, name: str) -> Any:
    """Return a value of data as the type that a field is annotated with."""
    if kind is float:
        return _number(data, name)
    if kind is Any:
        return _frozen(data, name)
    if kind is int:
        return _count(data, name)
    if kind is bool:
        if isinstance(data, bool):
            return data
        raise InputError(f"{name}: found {described(data)}, expected true or false")
    if kind is str:
        if isinstance(data, str):
            return data
        raise InputError(f"{name}: found {described(data)}, expected a text")
    if kind is Verdict:
        if isinstance(data, str) and data in list(Verdict):
            return Verdict(data)
        raise InputError(f"{name}: found {described(data)}, expected pass, fail or inconclusive")
    if dataclasses.is_dataclass(kind):
        return _object(typing.cast("type", kind), data, name)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple:
        if not isinstance(data, (list, tuple)):
            raise InputError(f"{name}: found {described(data)}, expected a list")
        return tuple(_read(arguments[0], one, f"{name}[{k}]") for k, one in enumerate(data))
    if origin is dict:
        if not isinstance(data, Mapping):
            raise InputError(f"{name}: found {described(data)}, expected a dict")
        return {str(key): _read(arguments[1], one, f"{name}[{key!r}]") for key, one in data.items()}
    assert origin is types.UnionType, kind  # of something and None
    (inner,) = (one for one in arguments if one is not types.NoneType)
    return None if data is None else _read(inner, data, name)


def _number(data: Any, name: str) -> float:
    if data is None:
        return math.inf if name.rpartition(".")[2] in _UNLIMITED else math.nan
    if isinstance(data, (int, float)) and not isinstance(data, bool):
        with contextlib.suppress(OverflowError):  # a whole number beyond float64
            return float(data)
    raise InputError(f"{name}: found {described(data)}, expected a number or null")


def _count(data: Any, name: str) -> int:
    """Return a whole number from 0 on; all are counts, sizes and places, but for the seed."""
    largest = math.inf if name.endswith(".seed") else _LARGEST
    if isinstance(data, int) and not isinstance(data, bool) and 0 <= data < largest:
        return data
    raise InputError(f"{name}: found {described(data)}, expected a whole number, 0 or more")


def _frozen(data: Any, name: str, depth: int = 0) -> Any:
    """Return lists as tuples, as the keys of paths are."""
    if depth > _DEEPEST:
        raise InputError(f"{name}: found {_DEEPEST} lists inside of one another, expected fewer")
    if isinstance(data, Mapping):
        return {key: _frozen(one, name, depth + 1) for key, one in data.items()}
    if isinstance(data, (list, tuple)):
        return tuple(_frozen(one, name, depth + 1) for one in data)
    return data
