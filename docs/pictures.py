"""How the pictures of the gallery look, before each example: ``conf.py`` names this by its path."""

from typing import Any

import matplotlib as mpl


def reset(gallery_conf: dict[str, Any], name: str) -> None:
    """Set the looks; the page is white in dark mode, too, so that axes stay readable."""
    mpl.rcParams.update(
        {
            "figure.figsize": (7.6, 3.8),
            "figure.dpi": 150,  # twice what the page shows
            "figure.constrained_layout.use": True,
            "savefig.facecolor": "white",
            "font.size": 10,
            "axes.titlesize": 10.5,
            "axes.titlelocation": "left",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.axisbelow": True,
            "axes.grid": True,
            "grid.color": "#e8ebee",
            "legend.frameon": False,
            "legend.fontsize": 9,
        }
    )
