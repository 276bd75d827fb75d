"""What a notebook shows of a report: a few lines with their own style, and no script."""

from gradproof._base.outcomes import Verdict
from gradproof.judge.report import Record
from gradproof.render import words
from gradproof.render.html.page import environment

_MOST_LEAVES = 12


def fragment(record: Record) -> str:
    """Return a report as a piece of HTML: the answer, the tensors, the causes and the notes."""
    known = words.parts(record)
    # What does not pass is shown first where there is too much to show.
    leaves = list(record.leaves)
    if len(leaves) > _MOST_LEAVES:
        leaves.sort(key=lambda leaf: leaf.verdict is Verdict.PASS)
    shown = leaves[:_MOST_LEAVES]
    return (
        environment()
        .get_template("fragment.html.j2")
        .render(
            record=record,
            price=words.price(record),
            leaves=[
                (
                    leaf.address,
                    words.shape(leaf.shape),
                    leaf.verdict.value,
                    words.leaf_words(leaf, known),
                )
                for leaf in shown
            ],
            more=len(leaves) - len(shown),
            certificate=words.certificate(record),
            causes=[(cause, words.places(cause.addresses)) for cause in record.causes],
            controls=words.controls(record),
        )
    )
