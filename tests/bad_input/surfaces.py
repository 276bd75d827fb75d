"""Every surface with its table of malformed calls and files."""

from typing import Any

from tests.bad_input import (
    calls_of_check,
    calls_of_problems,
    calls_of_scipy,
    calls_of_textbook,
    commands,
    files_of_images,
    files_of_journals,
    files_of_reports,
    options_of_the_plugin,
)
from tests.bad_input.cases import Case, FileCase

CALLS: dict[str, list[Case]] = {
    "gp.check: options": calls_of_check.OPTIONS,
    "gp.Plan": calls_of_check.PLANS,
    "gp.check: points": calls_of_check.POINTS,
    "gp.check: functions and their values": calls_of_check.FUNCTIONS,
    "claims and assertions": calls_of_check.CLAIMS,
    "gp.differentiate": calls_of_problems.DIFFERENTIATE,
    "gp.Problem": calls_of_problems.PROBLEMS,
    "gp.scipy": calls_of_scipy.SCIPY,
    "gp.Manifold": calls_of_scipy.MANIFOLDS,
    "sparse Jacobians and linear operators": calls_of_scipy.SPARSE,
    "gradproof.conformance": calls_of_scipy.CONFORMANCE,
    "textbook: differences and comparisons": calls_of_textbook.DIFFERENCES,
    "textbook: vectors of parameters": calls_of_textbook.VECTORS,
    "textbook: the network": calls_of_textbook.NETWORK,
    "gp.data": files_of_images.IMAGES,
}

FILES: dict[str, list[FileCase]] = {
    "JSON of reports": files_of_reports.REPORTS,
    "HDF5": files_of_images.HDF5,
    "archives of NumPy": files_of_images.NPZ,
    "journals": files_of_journals.JOURNALS,
}

OTHERS: dict[str, list[Any]] = {
    "the command line": commands.COMMANDS,
    "files of problems": commands.PROBLEMS,
    "the plugin: options": options_of_the_plugin.OPTIONS,
    "the plugin: its fixture and problems": [
        *options_of_the_plugin.OfFixture.cases(),
        *options_of_the_plugin.PROBLEMS,
    ],
}


def counts() -> dict[str, int]:
    """Return how many malformed calls and files there are of each surface."""
    tables: dict[str, list[Any]] = {**CALLS, **FILES, **OTHERS}
    return {name: len(table) for name, table in tables.items()}
