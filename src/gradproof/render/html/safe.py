"""Strings of users in HTML, SVG and JSON: shown as they are, and never interpreted."""

import json
import math
from typing import Any

from markupsafe import Markup

from gradproof._base.text import printable

# An HTML parser ends a script at "</script", whatever the JSON around it says.
_IN_SCRIPTS = {ord(character): f"\\u{ord(character):04x}" for character in "<>&"}


def shown(value: Any) -> Any:
    """Return a value as a template shows it: control and bidirectional marks are written out."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return printable(value)


def script_json(data: Any) -> Markup:
    """Return data as JSON that may stand in a script element."""
    text = json.dumps(_plain(data), separators=(",", ":"), allow_nan=False)
    return Markup(text.translate(_IN_SCRIPTS))


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {printable(str(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
