"""The catalogue of causes: one file for each code."""

import importlib

from gradproof.judge.catalogue import Cause

_FILES = (
    "gp101_random_function",
    "gp102_mutates_its_input",
    "gp103_wrong_structure",
    "gp104_non_finite_gradient",
    "gp105_gradient_changes",
    "gp106_value_differs",
    "gp107_ignores_its_argument",
    "gp108_non_finite_function",
    "gp201_noise",
    "gp202_kink",
    "gp203_precision",
    "gp204_domain_edge",
    "gp205_two_scales",
    "gp207_derivative_diverges",
    "gp208_random_without_reseed",
)


def _cause(file: str) -> Cause:
    found = importlib.import_module(f"{__name__}.{file}").CAUSE
    assert isinstance(found, Cause)
    return found


CATALOGUE: dict[str, Cause] = {cause.code: cause for cause in map(_cause, _FILES)}
