"""Every public name has a whole docstring: parameters with types, what is returned, an example.

A function has notes, too: what it costs and, where there is a formula, its source.
"""

import importlib
import inspect

import numpydoc.validate
import pytest
from tests.test_public_names import PUBLIC

MODULES = list(PUBLIC)
# Sections in their order, no missing or unknown parameters, types, returns, an example.
CHECKS = {
    *("GL01", "GL02", "GL03", "GL05", "GL06", "GL07", "GL08", "GL09", "GL10"),
    *("PR01", "PR02", "PR03", "PR04", "PR05", "PR07", "PR10", "RT01", "RT03", "YD01"),
    *("SS01", "SS02", "SS03", "EX01"),
}


def public_objects() -> list[str]:
    names = []
    for module_name in MODULES:
        module = importlib.import_module(module_name)
        for name in module.__all__:
            value = getattr(module, name)
            if inspect.isclass(value) or inspect.isfunction(value):
                names.append(f"{value.__module__}.{value.__qualname__}")
    return sorted(set(names))


def complaints(name: str) -> list[str]:
    """What numpydoc finds; an enumeration's only parameters are those of enum.Enum."""
    found = numpydoc.validate.validate(name)
    without_notes = found["type"] == "function" and "\nNotes\n-----\n" not in found["docstring"]
    return [
        f"{code} {text}"
        for code, text in found["errors"]
        if code in CHECKS and not (code == "PR01" and "qualname" in text)
    ] + ["NT01 No Notes section, where the cost is told"] * without_notes


@pytest.mark.parametrize("name", public_objects())
def test_docstring_is_whole(name: str) -> None:
    assert complaints(name) == []


def test_a_poor_docstring_is_seen() -> None:
    codes = {text[:4] for text in complaints("gradproof._base.validation.real_number")}
    assert codes >= {"PR01", "RT01", "EX01", "NT01"}


@pytest.mark.parametrize("module_name", MODULES)
def test_all_is_sorted_and_complete(module_name: str) -> None:
    module = importlib.import_module(module_name)
    in_order = sorted(module.__all__, key=lambda name: (not name.isupper(), name))
    assert list(module.__all__) == in_order
    # What a package imports it offers; a file imports what it needs.
    ours = "gradproof" if hasattr(module, "__path__") else module_name
    public = {
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and str(getattr(value, "__module__", "")).startswith(ours)
    }
    assert public <= set(module.__all__)
