"""Malformed calls: each is refused at once, by the name of what is wrong, before f is evaluated."""

import pytest
from tests.bad_input.calls_of_check import AT, WRONG_STRUCTURES, f
from tests.bad_input.cases import Case, by_name, refused
from tests.bad_input.surfaces import CALLS

import gradproof as gp

pytestmark = pytest.mark.timeout(60)


@pytest.mark.parametrize("case", by_name(case for table in CALLS.values() for case in table))
def test_it_is_refused(case: Case) -> None:
    refused(case)


@pytest.mark.parametrize("claim", WRONG_STRUCTURES, ids=range(len(WRONG_STRUCTURES)))
def test_a_gradient_of_any_other_structure_is_a_wrong_one(claim: object) -> None:
    report = gp.check(f, lambda x: claim, AT)
    assert report.verdict == "fail"
    assert report.causes[0].code == "GP103"
