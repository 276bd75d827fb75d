"""What is evaluated, as bytes for another process: functions of any kind, by value."""

from __future__ import annotations

import pickle
from typing import Any

from gradproof._base.errors import InputError, MissingExtra


def dumps(thing: Any) -> bytes:
    """Return something as bytes; lambdas and local functions, too, where cloudpickle is there."""
    try:
        import cloudpickle as pickler
    except ImportError:
        pickler = pickle
    try:
        payload: bytes = pickler.dumps(thing)
    except Exception as error:
        if pickler is pickle:
            raise MissingExtra("executor=", package="cloudpickle", extra="parallel") from error
        raise InputError(
            f"executor: found a problem that cannot be sent to another process ({error}), expected "
            "functions and parameters that cloudpickle takes: open files, locks, connections and "
            "generators are opened inside of f"
        ) from error
    return payload


def loads(payload: bytes) -> Any:
    """Return what bytes stand for."""
    return pickle.loads(payload)
