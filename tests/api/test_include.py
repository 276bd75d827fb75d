"""Which leaves are checked."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import gradproof as gp

Array = npt.NDArray[np.float64]
AT = {"W1": np.array([[0.3, -1.0, 2.0]]), "b1": np.array([0.5]), "W2": np.array([1.5, 0.2])}
PLANS = ("every", "leaves", "project")


def f(p: dict[str, Array]) -> float:
    return float(sum(np.sum(np.sin(value)) for value in p.values()))


def right(p: dict[str, Array]) -> dict[str, Array]:
    return {name: np.cos(value) for name, value in p.items()}


def wrong_in(*names: str) -> dict[str, Array]:
    return {k: v * (2 if k in names else 1) for k, v in right(AT).items()}


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize(
    ("options", "checked"),
    [
        ({"include": "p['W*']"}, {"W1", "W2"}),
        ({"include": "W*"}, {"W1", "W2"}),
        ({"include": ["b1", "W2"]}, {"b1", "W2"}),
        ({"exclude": "?1"}, {"W2"}),
        ({"include": "*", "exclude": ["p['b1']"]}, {"W1", "W2"}),
    ],
)
def test_only_what_is_chosen_counts(plan: str, options: dict[str, Any], checked: set[str]) -> None:
    others = set(AT) - checked
    report = gp.check(f, wrong_in(*others), AT, plan=plan, **options)
    assert report.passed, report.summary()
    assert str(report).count("not checked") == len(others)
    one = sorted(checked)[0]
    report = gp.check(f, wrong_in(one), AT, plan=plan, **options)
    assert report.verdict == "fail"
    assert [leaf.path for leaf in report.leaves if leaf.verdict == "fail"] == [(one,)]


@pytest.mark.parametrize(
    ("plan", "chosen", "claim", "words"),
    [
        ("every", "W2", right, "right to 1e-06, 2 of 3 tensors left out"),
        ("every", "W*", right, "right to 1e-06, 1 of 3 tensors left out"),
        ("every", "*", right, "all 3 tensors are right to 1e-06"),
        ("every", "W2", wrong_in("W2"), "1 of 3 tensors is wrong, 2 left out"),
        ("every", "W*", wrong_in("W1"), "1 of 3 tensors is wrong, 1 left out"),
        (
            "leaves",
            "W*",
            right,
            "right to 1e-06 along a direction through each of 2 tensors, 1 of 3 tensors left out",
        ),
        (
            "leaves",
            "W2",
            right,
            "right to 1e-06 along a direction through 1 tensor, 2 of 3 tensors left out",
        ),
        ("leaves", "*", right, "right to 1e-06 along a direction through each tensor"),
        ("leaves", "W2", wrong_in("W2"), "1 of 3 tensors is wrong, 2 left out"),
        ("project", "W2", wrong_in("W2"), "1 of 3 tensors is wrong, 2 left out"),
    ],
)
def test_the_headline_counts_only_what_was_checked(
    plan: Any, chosen: str, claim: Any, words: str
) -> None:
    assert gp.check(f, claim, AT, plan=plan, include=chosen).headline == words


def test_a_certificate_says_what_it_leaves_out() -> None:
    headline = gp.check(f, right, AT, plan="project", include="W*").headline
    assert headline.endswith(" sure, 1 of 3 tensors left out")
    assert gp.check(f, right, AT, plan="project").headline.endswith(" sure")


@pytest.mark.parametrize("plan", ["every", "leaves"])
def test_a_tensor_that_bounds_fix_is_not_counted_as_right(plan: Any) -> None:
    lower = {"W1": np.full((1, 3), -5.0), "b1": np.array([0.5]), "W2": np.full(2, -5.0)}
    upper = {"W1": np.full((1, 3), 5.0), "b1": np.array([0.5]), "W2": np.full(2, 5.0)}
    report = gp.check(gp.Problem(f, right, AT, bounds=(lower, upper)), plan=plan)
    assert report.headline.endswith(", 1 of 3 tensors left out")
    report = gp.check(gp.Problem(f, wrong_in("W2"), AT, bounds=(lower, upper)), plan=plan)
    assert report.headline == "1 of 3 tensors is wrong, 1 left out"


def test_an_empty_tensor_is_right() -> None:
    at = {"w": np.ones(3), "none": np.empty((0, 2)), "b": np.ones(2)}
    for plan in ("every", "leaves"):
        report = gp.check(f, {k: np.cos(v) for k, v in at.items()}, at, plan=plan)
        assert "left out" not in report.headline


def test_it_costs_what_is_checked_and_causes_are_found_in_it() -> None:
    at = {"large": np.linspace(0.1, 1, 2000), "small": np.array([0.5, 1.0, 2.0])}
    report = gp.check(f, {k: 3 * np.cos(v) for k, v in at.items()}, at, include="small")
    assert report.evaluations < 500
    assert [(cause.code, cause.addresses) for cause in report.causes] == [
        ("GP302", ("p['small']",))
    ]
    assert [pattern.address for pattern in report.patterns] == ["p['small']"]


def test_with_bounds_and_with_everything() -> None:
    lower = {"W1": np.full((1, 3), -5.0), "b1": np.array([0.5]), "W2": np.full(2, -5.0)}
    upper = {"W1": np.full((1, 3), 5.0), "b1": np.array([0.5]), "W2": np.full(2, 5.0)}
    problem = gp.Problem(f, wrong_in("W2", "b1"), AT, bounds=(lower, upper))
    assert gp.check(problem, exclude="W2").passed
    assert gp.check(problem).verdict == "fail"
    assert gp.check(f, right, AT, include="*").passed


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"include": "V*"}, "include: found 'V*', which no leaf matches"),
        ({"exclude": ["W1", "nothing"]}, "exclude: found 'nothing'"),
        ({"include": [3]}, "include: found "),
        ({"exclude": "*"}, "nothing to check"),
    ],
)
def test_patterns_have_to_mean_something(options: dict[str, Any], words: str) -> None:
    with pytest.raises(gp.InputError) as raised:
        gp.check(f, right, AT, **options)
    assert words in str(raised.value)


def test_what_f_does_not_react_to_is_left_out_beside_fixed_components() -> None:
    at = {"a": np.ones(2), "b": np.ones(2)}
    claim = {"a": np.zeros(2), "b": np.full(2, 5.0)}
    bounds = ({"a": np.ones(2), "b": np.zeros(2)}, {"a": np.ones(2), "b": np.full(2, 2.0)})
    with_bounds = gp.Problem(lambda p: 3.0, claim, at, bounds=bounds)
    assert gp.check(with_bounds).verdict == "fail"
    report = gp.check(with_bounds, exclude="b")
    assert [leaf.checked for leaf in report.leaves] == [0, 0]
