"""What a cause is: a stable code, its page under fixed headings, its message."""

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any

from gradproof.judge.parts import CauseFinding
from gradproof.judge.suspect import Map, Parameters, Suspect

HEADINGS = (
    "What it is",
    "How it shows",
    "How it comes about",
    "Example",
    "What to do",
    "What it is easily taken for",
)


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Cause:
    """One entry of the catalogue.

    `text` is Markdown under the `HEADINGS`; the code under "Example" runs, and leaves a `report`
    that has this cause. `message` is a sentence with ``{parameters}`` to fill in, or made of them,
    and so is `advice`, what to do about it.

    What is wrong with a gradient is found by its evidence: `maps` are what the truth would be if
    this mistake had been made, and are fitted to what was measured; `observe` looks at what was
    measured and returns the parameters of what it sees, or None.
    """

    code: str
    name: str
    message: str | Callable[..., str]
    advice: str | Callable[..., str]
    text: str
    maps: Callable[[Suspect], Iterable[Map]] | None = None
    observe: Callable[[Suspect], Parameters | None] | None = None

    def finding(self, *addresses: str, **parameters: Any) -> CauseFinding:
        """Fill in what was seen and where."""
        return CauseFinding(
            code=self.code,
            name=self.name,
            addresses=addresses,
            parameters=parameters,
            message=_filled(self.message, parameters),
            advice=_filled(self.advice, parameters),
        )

    @property
    def page(self) -> str:
        """The whole page: a title, then the text."""
        return f"# {self.code} {self.name}\n\n{self.text.strip()}\n"


def _filled(words: str | Callable[..., str], parameters: Parameters) -> str:
    return words.format(**parameters) if isinstance(words, str) else words(**parameters)
