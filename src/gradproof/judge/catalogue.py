"""What a cause is: a stable code, its page under fixed headings, its message."""

import dataclasses
from typing import Any

from gradproof.judge.report import CauseFinding

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
    that has this cause. `message` is a sentence with ``{parameters}`` to fill in, `advice` what to
    do about it.
    """

    code: str
    name: str
    message: str
    advice: str
    text: str

    def finding(self, *addresses: str, **parameters: Any) -> CauseFinding:
        """Fill in what was seen and where."""
        return CauseFinding(
            code=self.code,
            name=self.name,
            addresses=addresses,
            parameters=parameters,
            message=self.message.format(**parameters),
            advice=self.advice,
        )

    @property
    def page(self) -> str:
        """The whole page: a title, then the text."""
        return f"# {self.code} {self.name}\n\n{self.text.strip()}\n"
