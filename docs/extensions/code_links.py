"""Makes a link of every code of a cause in running text, on pages and in docstrings alike."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

from gradproof.judge.causes import CATALOGUE

_CODE = re.compile(r"\b(GP\d{3})\b")
_AS_THEY_ARE = (nodes.literal, nodes.literal_block, nodes.reference, nodes.title)


class CodeLinks(SphinxTransform):
    """Split texts at codes, and refer to the page of each."""

    default_priority = 500

    def apply(self, **kwargs: Any) -> None:
        """Do so for the document that was read."""
        for text in list(self.document.findall(nodes.Text)):
            if self._stays(text) or not _CODE.search(text):
                continue
            parts = [self._part(part) for part in _CODE.split(text) if part]
            text.parent.replace(text, parts)

    def _stays(self, text: nodes.Text) -> bool:
        node = text.parent
        while node is not None:
            if isinstance(node, (*_AS_THEY_ARE, addnodes.pending_xref)):
                return True
            node = node.parent
        return False

    def _part(self, part: str) -> nodes.Node:
        page = f"reference/causes/{part}"
        if part not in CATALOGUE or self.env.docname == page:
            return nodes.Text(part)
        return addnodes.pending_xref(
            part,
            nodes.inline(part, part),
            refdomain="std",
            reftype="doc",
            reftarget=f"/{page}",
            refdoc=self.env.docname,
            refexplicit=True,
            refwarn=True,
        )


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the transform."""
    app.add_transform(CodeLinks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
