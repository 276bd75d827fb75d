"""From data back to records: the inverse of ``Record.to_dict()``, and of a whole run."""

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
from gradproof._base.outcomes import Verdict
from gradproof._base.validation import described
from gradproof.judge.packing import unpacked
from gradproof.judge.parts import TensorValues
from gradproof.judge.report import SCHEMA_VERSION, Record
from gradproof.judge.run import Place, Run

# What null stands for where a number is expected: nothing below these would have been seen, or is
# proved. Everywhere else it is a number that is not known.
_UNLIMITED = {"resolution", "visible", "bound", "single"}
_CURE = "expected what gradproof itself writes: report.to_json(), or gradproof check --json"


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
    return dataclasses.replace(record, tensors=tensors)


def _tensors(data: Any, name: str) -> tuple[TensorValues, ...]:
    if not isinstance(data, (list, tuple)):
        raise InputError(f"{name}: found {described(data)}, expected a list")
    return tuple(_tensor(one, f"{name}[{k}]") for k, one in enumerate(data))


def _tensor(data: Any, name: str) -> TensorValues:
    path = data.get("path") if isinstance(data, Mapping) else ()
    return unpacked(data, _read(tuple[Any, ...], path, f"{name}.path"), name)


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
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: found no text, expected JSON; {_CURE}") from None
    try:
        data = json.loads(text)
    except ValueError as error:
        raise InputError(f"{path}: found no JSON ({error}), {_CURE}") from None
    try:
        return run_of(data, name or path.stem)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


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
    return cls(**{key: _read(fields[key][0], one, f"{name}.{key}") for key, one in data.items()})


def _read(kind: Any, data: Any, name: str) -> Any:
    """Return a value of data as the type that a field is annotated with."""
    if kind is float:
        return _number(data, name)
    if kind is Any:
        return _frozen(data)
    if kind in (int, str):
        if isinstance(data, kind) and not isinstance(data, bool):
            return data
        words = {int: "a whole number", str: "a text"}[kind]
        raise InputError(f"{name}: found {described(data)}, expected {words}")
    if kind is Verdict:
        if data in list(Verdict):
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
        return {str(key): _read(arguments[1], one, f"{name}.{key}") for key, one in data.items()}
    assert origin is types.UnionType, kind  # of something and None
    (inner,) = (one for one in arguments if one is not types.NoneType)
    return None if data is None else _read(inner, data, name)


def _number(data: Any, name: str) -> float:
    if data is None:
        return math.inf if name.rpartition(".")[2] in _UNLIMITED else math.nan
    if isinstance(data, (int, float)) and not isinstance(data, bool):
        return float(data)
    raise InputError(f"{name}: found {described(data)}, expected a number or null")


def _frozen(data: Any) -> Any:
    """Return lists as tuples, as the keys of paths are."""
    return tuple(map(_frozen, data)) if isinstance(data, list) else data
