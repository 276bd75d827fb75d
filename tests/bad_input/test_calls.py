"""Malformed calls: each is refused at once, by the name of what is wrong, before f is evaluated."""

import pytest
from tests.bad_input.cases import Case, by_name, refused
from tests.bad_input.surfaces import CALLS

pytestmark = pytest.mark.timeout(60)


@pytest.mark.parametrize("case", by_name(case for table in CALLS.values() for case in table))
def test_it_is_refused(case: Case) -> None:
    refused(case)
