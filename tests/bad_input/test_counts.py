"""How many malformed calls and files were picked by hand, and that none is there twice."""

from collections import Counter

from tests.bad_input.surfaces import CALLS, FILES, OTHERS, counts


def test_there_are_hundreds_and_some_of_every_surface() -> None:
    found = counts()
    assert sum(found.values()) >= 1_000
    assert min(found.values()) >= 12, found


def test_none_is_there_twice() -> None:
    for tables in (CALLS, FILES):
        for table in tables.values():
            names = Counter((case.name, case.says) for case in table)
            twice = [name for name, count in names.items() if count > 4]  # of four differences
            assert twice == []
    for table in OTHERS.values():
        assert len(set(map(repr, table))) == len(table)


def test_every_case_says_what_has_to_be_said() -> None:
    for tables in (CALLS, FILES, OTHERS):
        for name, table in tables.items():
            silent = [case.name for case in table if hasattr(case, "name") and not case.says]
            assert silent in ([], ["a-pipe"]), name
