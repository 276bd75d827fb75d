"""A figure that a notebook shows, whether pyplot was imported there or not."""

import io

from matplotlib.figure import Figure


class ShownFigure(Figure):
    """A figure that is its own picture.

    Notebooks draw plain figures only after pyplot was set up; that way still comes first.
    """

    def _repr_png_(self) -> bytes:
        out = io.BytesIO()
        self.savefig(out, format="png", dpi=100)
        return out.getvalue()
