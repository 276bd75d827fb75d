"""Journals that somebody else has made: whatever is in them, they are refused in a sentence."""

import contextlib
import json
import math
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradproof as gp
from gradproof.engine.journal import Journal, _sealed

X = np.linspace(0.1, 1, 6)
COLUMNS = {
    "journal": ("format", "fingerprint"),
    "evaluations": ("places", "asked", "found", "realised", "cost", "written"),
    "decisions": ("number", "what", "decided"),
}
EIGHT_BYTES = [b"\xff" * 8, b"\x7f" * 8]  # as places -1, and more than any memory holds
VALUES: list[Any] = [
    None,
    -1,
    2**62,
    0.5,
    "x",
    "[" * 100_000,
    "1" * 5_000,
    '{"value": null}',
    '{"value": "1.0"}',
    b"",
    b"x" * 7,
    *EIGHT_BYTES,
    b"x" * 80_000,
]
POSSIBLE: dict[str, list[Any]] = {"found": EIGHT_BYTES, "realised": EIGHT_BYTES, "cost": [2**62]}


def sines(x: Any) -> Any:
    return np.sum(np.sin(x))


def noisy(x: Any) -> Any:
    """Noise that nothing but complex steps sees through."""
    noise = 0.0 if np.iscomplexobj(x) else 1e-3 * np.sin(1e14 * np.sum(x.real))
    return sines(x) * (1 + noise)


def many(x: Any) -> Any:
    return np.sum(np.sin(x), axis=-1)


CHECKS = {
    "random numbers": gp.Problem(sines, np.cos, X),
    "complex steps": gp.Problem(noisy, np.cos, X),
    "batch": gp.Problem(many, np.cos, np.linspace(0.1, 1, 80), vectorized=True),
}


@contextlib.contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(path)) as file, file:
        file.execute("PRAGMA synchronous=OFF")
        yield file


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Whole journals of the checks."""
    paths = {name: tmp_path_factory.mktemp("journal") / "run.gp" for name in CHECKS}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gradproof.engine.batching._QUICKER", (math.inf, 0.0))
        patch.setattr("gradproof.engine.batching._WORTH_WHILE", (0.0, 0.0))
        for name, path in paths.items():
            gp.check(CHECKS[name], journal=path)
            with opened(path) as file:
                decided = [what for (what,) in file.execute("SELECT what FROM decisions")]
            assert name in decided
    return {name: path.read_bytes() for name, path in paths.items()}


def is_refused(path: Path, check: str = "random numbers") -> bool:
    """Whether a journal is refused, in the words for it; no other exception is let through."""
    try:
        gp.check(CHECKS[check], journal=path)
    except gp.JournalError as error:
        message = str(error)
        assert message.startswith(f"journal: found '{path}', a ")
        assert message.endswith("Delete it to begin anew, or name another")
        return True
    return False


def seal_again(file: sqlite3.Connection, table: str) -> None:
    """Make the seals of a table fit whatever it holds by now."""
    columns = COLUMNS[table][table == "journal" :]
    rows = file.execute(f"SELECT rowid, {', '.join(columns)} FROM {table}").fetchall()
    for rowid, *row in rows:
        seal = _sealed(*row)[-1]
        file.execute(f"UPDATE {table} SET seal = ? WHERE rowid = ?", (seal, rowid))


@pytest.mark.parametrize(
    ("table", "column"), [(table, column) for table in COLUMNS for column in COLUMNS[table]]
)
def test_a_value_that_no_check_has_written_is_refused(
    table: str, column: str, written: dict[str, bytes], tmp_path: Path
) -> None:
    """The seal fits."""
    path = tmp_path / "run.gp"
    for value in VALUES:
        path.write_bytes(written["random numbers"])
        with opened(path) as file:
            try:
                file.execute(f"UPDATE {table} SET {column} = ? WHERE rowid < 2", (value,))
            except sqlite3.IntegrityError:  # a number that SQLite itself insists on
                continue
            seal_again(file, table)
        assert is_refused(path) or value in POSSIBLE.get(column, []), value


MADE = {  # what a table, an index or a column may be instead
    "a table that is missing": "DROP TABLE decisions",
    "another table missing": "DROP TABLE evaluations",
    "a column that is missing": "ALTER TABLE evaluations DROP COLUMN cost",
    "a column of another name": "ALTER TABLE evaluations RENAME COLUMN cost TO price",
    "one more column": "ALTER TABLE decisions ADD COLUMN more",
    "one more table": "CREATE TABLE more (x)",
    "one more index": "CREATE UNIQUE INDEX more ON evaluations (places)",
    "a trigger": "CREATE TRIGGER t AFTER INSERT ON evaluations BEGIN DELETE FROM journal; END",
    "a virtual table": "DROP TABLE decisions; CREATE VIRTUAL TABLE decisions USING fts5(number)",
    "a column that is computed": (
        "ALTER TABLE decisions ADD COLUMN more TEXT GENERATED ALWAYS\tAS(hex(zeroblob(9)))"
    ),
    "columns of other types": "DROP TABLE decisions; CREATE TABLE decisions (a, b, c, d)",
    "no facts at all": "DELETE FROM journal",
    "two facts": "INSERT INTO journal VALUES ('another', NULL, NULL)",
}


@pytest.mark.parametrize("how", MADE)
def test_other_tables_are_refused(how: str, written: dict[str, bytes], tmp_path: Path) -> None:
    path = tmp_path / "run.gp"
    path.write_bytes(written["random numbers"])
    with contextlib.closing(sqlite3.connect(path)) as file:
        file.executescript(MADE[how])
    before = path.read_bytes()
    assert is_refused(path)
    assert path.read_bytes() == before


NO_DECISIONS: dict[str, list[Any]] = {
    "random numbers": [3, True, [3], ["no such generator"], {"numpy": 1, "x": 1}, [[]], "numpy"],
    "complex steps": [3, [], [[1.0, 2.0]], [[1.0], [2.0, 3.0]], [["1", "2"]] * 2, "x", {}],
    "batch": [3, None, [15, ""], [15, "", 3, 3], ["15", "", 3], [15.0, "", 3], [-1, "", 3]],
}


@pytest.mark.parametrize("what", NO_DECISIONS)
def test_a_decision_that_is_none_is_refused(
    what: str, written: dict[str, bytes], tmp_path: Path
) -> None:
    path = tmp_path / "run.gp"
    for value in NO_DECISIONS[what]:
        path.write_bytes(written[what])
        with opened(path) as file:
            decision = json.dumps(value), what
            file.execute("UPDATE decisions SET decided = ? WHERE what = ?", decision)
            seal_again(file, "decisions")
        assert is_refused(path, what), value


def test_bytes_that_sqlite_itself_reads_raise_nothing_else(
    written: dict[str, bytes], tmp_path: Path
) -> None:
    """Of the header, and of the pages where tables and indices begin."""
    data = written["random numbers"]
    pages = [data.index(b"SQLite"), *range(4096, len(data), 4096)]
    places = [*range(16, 100, 4), *(page + k for page in pages for k in (0, 4, 8, 9))]
    path = tmp_path / "run.gp"
    refused = []
    for place in places:
        damaged = bytearray(data)
        damaged[place] ^= 0xFF
        path.write_bytes(damaged)
        with contextlib.suppress(gp.JournalError), Journal(path):
            continue
        refused.append(place)
    assert len(places) > len(refused) > 20


def test_an_error_of_sqlite_that_is_no_text_is_damage(
    written: dict[str, bytes], tmp_path: Path
) -> None:
    path = tmp_path / "run.gp"
    path.write_bytes(written["batch"].replace(b"CREATE TABLE", b"CREATE TA\xb3LE"))
    assert is_refused(path, "batch")


def test_pages_that_are_read_twice_are_damage(written: dict[str, bytes], tmp_path: Path) -> None:
    """The rows of each fit their seals; twenty floors of such pages have no end."""
    path = tmp_path / "run.gp"
    path.write_bytes(written["batch"])
    with opened(path) as file:
        file.executemany(
            "INSERT INTO evaluations VALUES (?, ?, ?, ?, ?, ?, ?)",
            [_sealed(*(np.array([place]).tobytes(),) * 4, 1, 0) for place in range(1000, 1100)],
        )
        (root,) = file.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'evaluations'"
        ).fetchone()
    data = bytearray(path.read_bytes())
    page = 4096 * (root - 1)
    assert data[page] == 5
    first, second = (page + int.from_bytes(data[page + k : page + k + 2]) for k in (12, 14))
    assert not is_refused(path, "batch")
    data[second : second + 4] = data[first : first + 4]
    path.write_bytes(data)
    assert is_refused(path, "batch")
