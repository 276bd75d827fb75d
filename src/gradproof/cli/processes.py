"""``gradproof check --jobs``: processes that know the files of the problems."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gradproof._base.errors import MissingExtra


def processes(jobs: int, targets: Sequence[str]) -> Any:
    """Return an executor of so many processes; None where one, this, is enough.

    They can import the neighbours of all files.
    """
    if jobs == 1:
        return None
    try:
        import cloudpickle  # noqa: F401  by which functions of files are sent
        import joblib
    except ImportError:
        raise MissingExtra("--jobs", package="joblib", extra="parallel") from None
    for target in targets:
        folder = str(Path(target.partition("::")[0]).parent.resolve())
        if folder not in sys.path:
            sys.path.append(folder)  # which processes that are started take over
    return joblib.Parallel(jobs)
