"""The picture of what checkers cost, in evaluations, against the number of parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

Costs = dict[str, dict[str, list[tuple[int, float]]]]
"""By function and checker: the number of parameters, and the time by that of one evaluation."""

_OURS = {"gradproof, every component": "#0b6e4f", "gradproof, directions": "#2ca58d"}


def draw(costs: Costs, path: Path) -> None:
    """Write the picture as SVG, the same bytes for the same numbers."""
    import matplotlib as mpl

    mpl.use("svg")
    import matplotlib.pyplot as plt

    looks: dict[str, Any] = {
        "svg.hashsalt": "gradproof",
        "svg.fonttype": "none",
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.color": "#e8ebee",
    }
    with mpl.rc_context(looks):
        figure, panels = plt.subplots(
            1, len(costs), figsize=(9, 4), sharey=True, squeeze=False, layout="constrained"
        )
        for panel, (name, by_checker) in zip(panels[0], costs.items(), strict=True):
            for checker, points in by_checker.items():
                ours = checker in _OURS
                panel.loglog(
                    *zip(*points, strict=True),
                    marker="o",
                    markersize=3,
                    color=_OURS.get(checker),
                    linewidth=2.5 if ours else 1,
                    zorder=3 if ours else 2,
                    label=checker,
                )
            panel.set_title(name, loc="left")
            panel.set_xlabel("parameters")
        panels[0, 0].set_ylabel("time of the check / time of one evaluation")
        handles, labels = panels[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside right center", frameon=False)
        figure.savefig(path, metadata={"Date": None}, facecolor="white")
        plt.close(figure)
