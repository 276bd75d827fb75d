"""Files that are no journals: none is written over, waited for, or run."""

import os
import sqlite3
from pathlib import Path
from typing import Any

from tests.bad_input.cases import FileCase

_NO_USE = "Delete it to begin anew, or name another"
_JOURNAL = (
    "CREATE TABLE journal (format TEXT UNIQUE, fingerprint TEXT)",
    "INSERT INTO journal VALUES ('gradproof journal 1', NULL)",
)
_ENDLESS = "WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM t)"


def database(*statements: str) -> Any:
    """Return what writes a database."""

    def make(path: Path) -> None:
        file = sqlite3.connect(path)
        for statement in statements:
            file.execute(statement)
        file.commit()
        file.close()

    return make


JOURNALS: list[FileCase] = [
    FileCase("a-folder", Path.mkdir, ("Is a directory", _NO_USE)),
    FileCase("a-pipe", os.mkfifo, ("no file that can be written", _NO_USE)),
    FileCase("a-device", lambda p: p.symlink_to("/dev/zero"), ("a file that is no journal",)),
    FileCase("a-loop", lambda p: p.symlink_to(p), ("Too many levels of symbolic links", _NO_USE)),
    *[
        FileCase(f"{size}-bytes", b"x" * size, ("a file that is no journal", _NO_USE))
        for size in (1, 16, 100, 512, 5000)
    ],
    FileCase("a-magic-alone", b"SQLite format 3\0" + bytes(84), ("no journal", _NO_USE)),
    FileCase("a-pickle", b"\x80\x04cos\nsystem\n(S'true'\ntR.", ("a file that is no journal",)),
    FileCase("another-database", database("CREATE TABLE x (a)"), ("a database that is no jour",)),
    FileCase(
        "other-columns", database("CREATE TABLE journal (a)"), ("a database that is no jour",)
    ),
    FileCase(
        "another-format",
        database(_JOURNAL[0], "INSERT INTO journal VALUES ('gradproof journal 9', NULL)"),
        ("a journal of another version of gradproof", _NO_USE),
    ),
    FileCase(
        "a-view-without-end",
        database(*_JOURNAL, f"CREATE VIEW evaluations AS {_ENDLESS} SELECT x, x, x, x, x FROM t"),
        ("a database that is no journal", _NO_USE),
    ),
    FileCase(
        "a-view-as-journal",
        database("CREATE VIEW journal AS SELECT 'gradproof journal 1' AS format, 1 AS fingerprint"),
        ("a database that is no journal", _NO_USE),
    ),
    FileCase(
        "a-trigger",
        database(
            *_JOURNAL,
            "CREATE TRIGGER t AFTER UPDATE ON journal BEGIN DELETE FROM journal; END",
        ),
        ("a database that is no journal", _NO_USE),
    ),
    FileCase(
        "a-column-that-is-computed",
        database(
            "CREATE TABLE journal (format TEXT UNIQUE, fingerprint TEXT AS (hex(zeroblob(9))))",
            "INSERT INTO journal (format) VALUES ('gradproof journal 1')",
        ),
        ("a database that is no journal", _NO_USE),
    ),
]
