"""What is said where no known mistake fits."""

import re

import numpy as np
import pytest

import gradproof as gp

AT = np.linspace(0.5, 1.5, 30)


def message(claim: object) -> str:
    report = gp.check(lambda t: float(np.sum(np.sin(t))), claim, AT)
    assert report.verdict == "fail"
    return next(cause.message for cause in report.causes if cause.code == "GP399")


def test_a_small_difference_is_told_as_one() -> None:
    off = 1e-4 * np.cos(AT) * np.sin(9 * AT)
    apart = np.linalg.norm(off) / np.linalg.norm(np.cos(AT))
    said = re.search(r"differ by (\S+) of their length", message(np.cos(AT) + off))
    assert said is not None
    assert float(said[1]) == pytest.approx(apart, rel=0.05)


def test_a_large_one_by_its_cosine() -> None:
    assert "have a cosine of 0." in message(np.cos(AT) * (1 + np.sin(9 * AT)))


def test_a_ratio_in_too_few_components_is_told_as_that() -> None:
    claim = 1.5 * np.array([np.cos(0.5), 1.0])
    report = gp.check(lambda t: float(np.sin(t[0]) + t[1]), claim, np.array([0.5, 1.0]))
    assert "is 1.5 times what was measured, in 2 components" in report.causes[0].message
