"""What was evaluated, kept in a file: a run that was killed goes on where it was.

A check with the same seed asks for the same values in the same order. The journal numbers them, and
a run that finds some in it asks f for the others only.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from gradproof._base.errors import InputError, JournalError
from gradproof._base.validation import described
from gradproof.numerics.protocol import BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    from gradproof.problems import Space

_FORMAT = "gradproof journal 1"
_TABLES = f"""
BEGIN;
CREATE TABLE IF NOT EXISTS journal (format TEXT UNIQUE, fingerprint TEXT);
CREATE TABLE IF NOT EXISTS evaluations
    (places BLOB, asked BLOB, found BLOB, realised BLOB, cost INTEGER);
CREATE TABLE IF NOT EXISTS decisions (number INTEGER PRIMARY KEY, what TEXT, decided TEXT);
CREATE TABLE IF NOT EXISTS marks (place INTEGER);
INSERT OR IGNORE INTO journal VALUES ('{_FORMAT}', NULL);
COMMIT;
"""


def _told_from_others(fact: object) -> str:
    """Return what tells a fact from others; arrays may be long."""
    if isinstance(fact, np.ndarray):
        return hashlib.sha256(np.ascontiguousarray(fact).data).hexdigest()
    return repr(fact)


class Journal:
    """A file of values in the order of the questions, and of what was decided by how f behaves.

    Each part is committed as soon as it is known. In SQLite's write-ahead log that outlives the
    process, however it ends.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        if not isinstance(path, (str, os.PathLike)):
            raise InputError(f"journal: found {described(path)}, expected the path of a file")
        self._path = os.fspath(path)
        self._next = self._decisions = 0
        with contextlib.ExitStack() as opened:
            self._connect(opened)
            opened.pop_all()

    def _connect(self, opened: contextlib.ExitStack) -> None:
        try:
            # Made absolute: some relative names have a meaning of their own for SQLite.
            there = os.path.abspath(self._path)
            self._file = sqlite3.connect(there, isolation_level=None, timeout=0)
            opened.enter_context(contextlib.closing(self._file))
            self._file.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._require_journal()  # before anything is written: it may be somebody else's
            self._file.execute("PRAGMA journal_mode=WAL")
            self._file.execute("PRAGMA synchronous=NORMAL")
            self._read()
        except sqlite3.OperationalError as error:
            raise self._no_use(
                "in use by another process"
                if "locked" in str(error)
                else f"no file that can be written ({error})"
            ) from None
        except sqlite3.DatabaseError:
            raise self._no_use("a file that is no journal") from None

    def _require_journal(self) -> None:
        tables = [name for (name,) in self._file.execute("SELECT name FROM sqlite_master")]
        if not tables:
            return
        formats = []
        if "journal" in tables:
            with contextlib.suppress(sqlite3.OperationalError):  # one with other columns
                formats = self._file.execute("SELECT format FROM journal").fetchall()
        if formats != [(_FORMAT,)]:
            raise self._no_use("a database that is no journal")

    def _read(self) -> None:
        self._file.executescript(_TABLES)
        (self._fingerprint,) = self._file.execute("SELECT fingerprint FROM journal").fetchone()
        self._marks = [place for (place,) in self._file.execute("SELECT place FROM marks")]
        self._decided = self._file.execute(
            "SELECT what, decided FROM decisions ORDER BY number"
        ).fetchall()
        rows = self._file.execute("SELECT * FROM evaluations").fetchall()
        places = np.concatenate([np.empty(0, np.int64), *(np.frombuffer(r[0], "i8") for r in rows)])
        size = int(places.max(initial=-1)) + 1
        self._known = np.zeros(size, dtype=bool)
        self._known[places] = True
        self._asked, self._found, self._realised, self._cost = np.zeros((4, size))
        for row in rows:
            where = np.frombuffer(row[0], "i8")
            self._asked[where], self._found[where], self._realised[where] = (
                np.frombuffer(part) for part in row[1:4]
            )
            self._cost[where[:1]] = row[4]

    def _no_use(self, found: str) -> JournalError:
        return JournalError(
            f"journal: found {self._path!r}, {found}; expected a new file, or the journal of the "
            "same check. Delete it to begin anew, or name another"
        )

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def begin(
        self,
        facts: Mapping[str, object],
        value: float,
        spread: float,
        *,
        draws_random_numbers: bool,
    ) -> None:
        """Say what is checked, and what f is at the point: a journal of something else is refused.

        `spread` is what f may differ by from call to call.
        """
        fingerprint = {key: _told_from_others(fact) for key, fact in facts.items()}
        if self._fingerprint is None:
            self._fingerprint = json.dumps({**fingerprint, "value": value})
            self._file.execute("UPDATE journal SET fingerprint = ?", (self._fingerprint,))
        before = json.loads(self._fingerprint)
        there = before.pop("value")
        other = [key for key, one in fingerprint.items() if before.get(key) != one]
        if other:
            raise self._no_use(f"a journal of a check with another {', another '.join(other)}")
        if not abs(there - value) <= spread:
            seed = " (seed what it draws random numbers from before the check)"
            raise self._no_use(
                f"a journal of another f: it is {value!r} at the point, and was {there!r}"
                + seed * draws_random_numbers
            )

    def recall(
        self, asked: FloatArray, space: Space
    ) -> tuple[int, BoolArray, FloatArray, FloatArray, int]:
        """Return what is known of the next evaluations, at these offsets.

        That is the number of the first, which of them are known, their values and offsets as
        realised, and how many evaluations they took.
        """
        first, stop = self._next, self._next + asked.size
        self._next = stop
        known = np.zeros(asked.size, dtype=bool)
        found, realised = np.full((2, asked.size), np.nan)
        there = slice(first, min(stop, self._known.size))
        size = max(there.stop - first, 0)
        if not size:
            return first, known, found, realised, 0
        known[:size] = self._known[there]
        found[:size], realised[:size] = self._found[there], self._realised[there]
        if not np.array_equal(self._asked[there][known[:size]], asked[known]):
            raise self._no_use("a journal of a check that asked for other points than this one")
        if any(place < stop for place in self._marks) and not space.was_written:
            space.use_fresh_copies(was_written=True)
        return first, known, found, realised, int(np.sum(self._cost[there]))

    def keep(
        self,
        places: IntArray,
        asked: FloatArray,
        found: FloatArray,
        realised: FloatArray,
        cost: int,
        space: Space,
    ) -> None:
        """Keep values, by their numbers."""
        arrays = (places.astype("i8"), asked, found, realised)
        row = (*(np.ascontiguousarray(one).tobytes() for one in arrays), cost)
        self._file.execute("INSERT INTO evaluations VALUES (?, ?, ?, ?, ?)", row)
        if space.was_written and not self._marks:
            self._marks.append(int(places[0]))
            self._file.execute("INSERT INTO marks VALUES (?)", self._marks)

    def decided(self, what: str, decide: Callable[[], Any], again: Callable[[Any], object]) -> Any:
        """Return what was decided the last time, when `again` takes it in; else decide."""
        number = self._decisions
        self._decisions += 1
        if number < len(self._decided):
            before, decided = self._decided[number]
            if before != what:
                raise self._no_use("a journal of a check that took another course than this one")
            found = json.loads(decided)
            again(found)
            return found
        found = decide()
        row = (number, what, json.dumps(found))
        self._file.execute("INSERT INTO decisions VALUES (?, ?, ?)", row)
        return found
