"""The pages of the catalogue as HTML: the little Markdown that they are written in."""

import functools
import html
import re

from markupsafe import Markup

_BLOCK = re.compile(r"^```\w*\n(?P<code>.*?)^```$|^(?P<heading>#+) (?P<title>[^\n]+)$", re.M | re.S)
_CODE = re.compile(r"`([^`]+)`")


@functools.cache
def to_html(page: str, *, level: int) -> Markup:
    """Return a page without its title: headings of this level, paragraphs, code.

    Whatever is not known is shown as it was written.
    """
    parts: list[str] = []
    end = 0
    for block in _BLOCK.finditer(page):
        parts += _paragraphs(page[end : block.start()])
        end = block.end()
        if block["heading"] is None:
            parts.append(f'<pre tabindex="0"><code>{html.escape(block["code"])}</code></pre>')
        elif len(block["heading"]) > 1:
            parts.append(f"<h{level}>{_inline(block['title'])}</h{level}>")
    parts += _paragraphs(page[end:])
    return Markup("\n".join(parts))


def _paragraphs(text: str) -> list[str]:
    return [f"<p>{_inline(part.strip())}</p>" for part in text.split("\n\n") if part.strip()]


def _inline(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", html.escape(text, quote=False))
