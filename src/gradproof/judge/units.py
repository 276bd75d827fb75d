"""Findings in the units of f, where others were measured in."""

import dataclasses

from gradproof.judge.parts import ComponentFinding

_NUMBERS = "claimed", "measured", "bar", "truncation", "noise", "visible"


def in_units(one: ComponentFinding, unit: float) -> ComponentFinding:
    """Return a finding with all its numbers times a unit."""
    return dataclasses.replace(one, **{name: getattr(one, name) * unit for name in _NUMBERS})
