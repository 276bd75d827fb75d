"""The directive `json-fields`: the fields of an object of the JSON schema, as a table."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

SCHEMA = json.loads(files("gradproof.judge").joinpath("report.schema.json").read_text("utf-8"))


def table(name: str | None) -> str:
    """Return the fields of the report, or of one of the objects in it, in Markdown."""
    found = SCHEMA if name is None else SCHEMA["$defs"][name]
    rows = [
        f"| `{field}` | {_kind(spec)} | {_words(spec)} |"
        for field, spec in found["properties"].items()
    ]
    return "\n".join(["| field | kind | meaning |", "|---|---|---|", *rows])


def _kind(spec: dict[str, Any]) -> str:
    if "$ref" in spec:
        name = str(spec["$ref"]).rpartition("/")[2]
        referred = SCHEMA["$defs"][name]
        return name if "properties" in referred or "description" in referred else _kind(referred)
    for either in ("oneOf", "anyOf"):
        if either in spec:
            return " or ".join(_kind(one) for one in spec[either])
    if "const" in spec:
        return f"`{spec['const']}`"
    if "enum" in spec:
        return ", ".join(f"`{one}`" for one in spec["enum"])
    if "properties" in spec:
        return "object of " + ", ".join(f"`{one}`" for one in spec["properties"])
    kinds = spec["type"]
    text = " or ".join(kinds) if isinstance(kinds, list) else str(kinds)
    return f"{text} of {_kind(spec['items'])}" if "items" in spec else text


def _words(spec: dict[str, Any]) -> str:
    referred = SCHEMA["$defs"].get(str(spec.get("$ref", "")).rpartition("/")[2], {})
    return str(spec.get("description", referred.get("description", "")))


class Fields(SphinxDirective):
    """Show the table; of the whole report without a name."""

    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Parse the table as a part of the page."""
        lines = table(self.arguments[0] if self.arguments else None).splitlines()
        node = nodes.container()
        self.state.nested_parse(StringList(lines), 0, node)
        return list(node.children)


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directive."""
    app.add_directive("json-fields", Fields)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
