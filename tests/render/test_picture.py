"""Pictures: every kind of report is drawn, all of it is there, and nothing of pyplot's is used."""

import io
import math
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradproof as gp
from gradproof.judge.reading import record_of
from gradproof.render.picture import _image, figure

ODD = "$x_{$\\[red]\x1b[31m"


def wrong() -> gp.Report:
    x = np.linspace(0.5, 1.5, 6).reshape(2, 3)
    claim = np.cos(x)
    claim[1, 2] *= 1.5
    return gp.check(
        lambda t: np.sum(np.sin(t["w"])) + t["b"] ** 2,
        lambda t: {"w": claim, "b": 2 * t["b"]},
        {"b": 1.0, "w": x},
    )


def of_many() -> gp.Report:
    at = {f"w{k}": np.ones((2, 2)) for k in range(30)}
    return gp.check(
        lambda t: sum(np.sum(w**2) for w in t.values()),
        lambda t: {name: (3 if name == "w29" else 2) * w for name, w in t.items()},
        at,
    )


REPORTS: dict[str, Callable[[], Any]] = {
    "wrong": wrong,
    "many": of_many,
    "pass": lambda: gp.check(lambda x: np.sum(x**2), lambda x: 2 * x, np.ones((2, 3, 4))),
    "empty": lambda: gp.check(lambda t: 1.0, lambda t: t, {"w": np.empty((0, 3))}),
    "no value": lambda: gp.check(lambda x: math.inf, lambda x: x, np.ones(2)),
    "structure": lambda: gp.check(lambda x: np.sum(x**2), lambda x: x[:, None], np.ones(2)),
    "project": lambda: gp.check(lambda x: np.sum(np.sin(x)), np.cos, np.ones(50), plan="project"),
    "kink": lambda: gp.check(abs, lambda x: 1.3, 0.0),
    "edge": lambda: gp.check(
        lambda x: float(np.sum(np.sqrt(x))), np.ones_like, np.array([0.0, 0.25])
    ),
    "odd names": lambda: gp.check(lambda t: t[ODD] ** 2, lambda t: {ODD: 3 * t[ODD]}, {ODD: 3.0}),
    "read": lambda: record_of(wrong().to_dict()),
}


@pytest.mark.parametrize("make", REPORTS.values(), ids=list(REPORTS))
def test_every_kind_of_report_is_drawn(make: Callable[[], Any]) -> None:
    report = make()
    drawn = figure(report)
    drawn.savefig(io.BytesIO(), dpi=40)  # what cannot be drawn is seen here only
    texts = [text.get_text() for part in drawn.subfigs for text in part.texts]
    assert texts[0] == report.verdict.value.upper()
    assert " ".join(texts).count(report.headline[:40]) >= 1
    assert drawn.get_figwidth() == 10
    assert drawn.get_figheight() < 30


def titles(report: gp.Report) -> list[str]:
    return [axes.get_title(loc="left") for axes in report.plot().get_axes()]


def test_what_is_wrong_comes_first_and_curves_last() -> None:
    first, second, *rest = titles(wrong())
    assert first.startswith("t['w'] · 2 × 3 · FAIL · 1 of 6 wrong")
    assert second.startswith("t['b'] · number · pass · right to ")
    assert [title.partition(":")[0] for title in rest if title] == [
        "error against the step",
        "Taylor test",
    ]


def test_of_many_tensors_those_that_fail_are_drawn_and_the_others_counted() -> None:
    report = of_many()
    assert titles(report)[0].startswith("t['w29'] · 2 × 2 · FAIL")
    labels = [axes.get_xlabel() for axes in report.plot().get_axes()]
    assert any(label.endswith("… and 22 more tensors") for label in labels)


def tensor(claimed: Any, measured: Any, bar: Any) -> gp.TensorValues:
    arrays = [np.asarray(one, dtype=float) for one in (claimed, measured, bar)]
    return gp.TensorValues("x", (), arrays[0].shape, *arrays)


def test_maps_show_distances_in_bars_and_the_largest_of_those_beside_each_other() -> None:
    image = _image(tensor([1.0, 1.0, 2.0, np.nan, 1.0], [1.0, 3.0, 2.5, 1.0, np.nan], [0.1] * 5))
    assert image.shape == (1, 5)
    assert list(image[0, :4]) == pytest.approx([0.1, 20, 5, 1e4])  # within the colours there are
    assert math.isnan(image[0, 4])
    claimed = np.zeros((3, 100_000))
    claimed[2, 77_777] = 1e3
    image = _image(tensor(claimed, np.zeros_like(claimed), np.ones_like(claimed)))
    assert image.shape == (3, 400)
    assert image.max() == 1e3
    assert (image == 1e3).sum() == 1
    assert image[2, 77_777 * 400 // 100_000] == 1e3
    assert _image(tensor(np.ones((2, 3, 4)), np.ones((2, 3, 4)), np.ones((2, 3, 4)))).shape == (
        2,
        12,
    )


def test_no_state_of_pyplot_is_touched() -> None:
    code = (
        "import sys, gradproof as gp\n"
        "gp.check(lambda t: t**2, lambda t: 3 * t, 3.0).plot()\n"
        "assert 'matplotlib.figure' in sys.modules\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
