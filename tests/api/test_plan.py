"""Plans as names and as objects."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import gradproof as gp

Array = npt.NDArray[np.float64]
AT = {"W": np.random.default_rng(0).uniform(0.5, 1.5, (40, 50)), "b": np.linspace(0.5, 1.5, 9)}


def f(t: dict[str, Array]) -> float:
    return float(sum(np.sum(np.sin(value)) for value in t.values()))


def right(t: dict[str, Array]) -> dict[str, Array]:
    return {name: np.cos(value) for name, value in t.items()}


def wrong(t: dict[str, Array]) -> dict[str, Array]:
    claim = right(t)
    claim["W"][3, 4] *= 2
    return claim


@pytest.mark.parametrize("where", ["auto", "every", "leaves", "project"])
def test_a_name_is_the_plan_of_that_name(where: str) -> None:
    named, made = gp.check(f, right, AT, plan=where), gp.check(f, right, AT, plan=gp.Plan(where))
    assert named.plan == made.plan == {"auto": "project"}.get(where, where)
    assert named.evaluations == made.evaluations
    assert named.certificate == made.certificate


def test_more_directions_prove_more() -> None:
    off = {name: 1.001 * value for name, value in right(AT).items()}
    few, many = (
        gp.check(f, off, AT, plan=gp.Plan("project", directions=k, search=False)).certificate
        for k in (4, 40)
    )
    assert few is not None
    assert many is not None
    assert (few.directions, many.directions) == (4, 40)
    assert 0.001 / 1.001 <= many.bound < 0.002 < few.bound
    assert many.leaves[0].single < few.leaves[0].single / 3


def test_less_confidence_is_a_tighter_bound() -> None:
    sure, unsure = (
        gp.check(f, right, AT, plan=gp.Plan("project", confidence=c)) for c in (0.9999, 0.9)
    )
    assert sure.certificate is not None
    assert unsure.certificate is not None
    assert unsure.certificate.bound < sure.certificate.bound
    assert "90 % sure" in unsure.headline


@pytest.mark.parametrize("where", ["leaves", "project"])
def test_without_a_search_it_ends_with_the_tensor(where: str) -> None:
    searched = gp.check(f, wrong, AT, plan=gp.Plan(where))
    not_searched = gp.check(f, wrong, AT, plan=gp.Plan(where, search=False))
    for report in (searched, not_searched):
        assert {leaf.address: leaf.verdict.value for leaf in report.leaves} == {
            "t['W']": "fail",
            "t['b']": "pass",
        }
    assert [one.index for one in searched.culprits] == [(3, 4)]
    assert not not_searched.culprits
    assert not not_searched.patterns
    assert not_searched.evaluations < searched.evaluations


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"where": "some"}, "plan: found 'some', expected one of auto, every, leaves, project"),
        ({"where": 3}, "plan: found 3"),
        ({"directions": 0}, "directions: found 0"),
        ({"directions": 2.5}, "directions: found 2.5"),
        ({"confidence": 1.0}, "confidence: found 1.0, expected a probability below 1"),
        ({"confidence": "most"}, "confidence: found 'most'"),
        ({"search": 1}, "search: found 1, expected True or False"),
        ({"where": "every", "directions": 20}, "directions: found 20 with where='every'"),
        ({"where": "every", "search": False}, "search: found False with where='every'"),
        ({"where": "leaves", "directions": 20}, "directions: found 20 with where='leaves'"),
    ],
)
def test_what_is_no_plan_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(gp.InputError, match=message):
        gp.Plan(**options)


def test_a_check_takes_nothing_else() -> None:
    with pytest.raises(gp.InputError, match="plan: found 8"):
        gp.check(f, right, AT, plan=8)  # type: ignore[arg-type]


def test_an_automatic_plan_may_say_how_it_projects() -> None:
    plan = gp.Plan(directions=20)
    assert gp.check(f, right, AT, plan=plan).verdict == "pass"
    long = np.linspace(0.5, 1.5, 1_500)
    report = gp.check(lambda t: float(np.sum(np.sin(t))), np.cos, long, plan=plan)
    assert report.certificate is not None
    assert report.certificate.directions == 20


def test_no_probability_is_called_100_percent() -> None:
    plan = gp.Plan("project", confidence=0.99999)
    assert ", 99.999 % sure" in gp.check(f, right, AT, plan=plan).headline


def test_one_direction_is_enough_to_ask_for() -> None:
    problem = gp.Problem(lambda x: float(np.sum(np.sin(x))), np.cos, np.linspace(0.1, 1.0, 30))
    report = gp.check(problem, plan=gp.Plan("project", directions=1))
    assert report.certificate is not None
    assert report.certificate.directions == 1
