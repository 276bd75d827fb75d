"""What was evaluated, kept in a file: a run that was killed goes on where it was.

A check with the same seed asks for the same values in the same order. The journal numbers them, and
a run that finds some in it asks f for the others only.
"""

from __future__ import annotations

import contextlib
import ctypes
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

_NAME = "gradproof journal"
_FORMAT = f"{_NAME} 2"
_MAGIC = b"SQLite format 3\0"
_TABLES = f"""
BEGIN;
CREATE TABLE IF NOT EXISTS journal (format TEXT UNIQUE, fingerprint TEXT, seal BLOB);
CREATE TABLE IF NOT EXISTS evaluations
    (places BLOB, asked BLOB, found BLOB, realised BLOB, cost INTEGER, written INTEGER, seal BLOB);
CREATE TABLE IF NOT EXISTS decisions
    (number INTEGER PRIMARY KEY, what TEXT, decided TEXT, seal BLOB);
INSERT OR IGNORE INTO journal VALUES ('{_FORMAT}', NULL, NULL);
COMMIT;
"""


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))  # nobody writes to a pipe


def _told_from_others(fact: object) -> str:
    """Return what tells a fact from others; arrays may be long."""
    if isinstance(fact, np.ndarray):
        return hashlib.sha256(np.ascontiguousarray(fact).data).hexdigest()
    return repr(fact)


def _sealed(*row: Any) -> tuple[Any, ...]:
    """Return a row with what tells that nothing of it has changed since."""
    seal = hashlib.blake2b(digest_size=8)
    for one in row:
        part = one if isinstance(one, bytes) else repr(one).encode()
        seal.update(len(part).to_bytes(8) + part)
    return *row, seal.digest()


class Journal:
    """A file of values in the order of the questions, and of what was decided by how f behaves.

    Each part is committed as soon as it is known. In SQLite's write-ahead log that outlives the
    process, however it ends. Each row is sealed, so that damage is told and no value made up by it.
    Where nothing more can be written, `note` says so, and what was written before is kept.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        if not isinstance(path, (str, os.PathLike)):
            raise InputError(f"journal: found {described(path)}, expected the path of a file")
        self._path = os.fspath(path)
        if isinstance(self._path, bytes):
            raise InputError(f"journal: found {described(path)}, expected the path of a file")
        if "\0" in self._path:
            raise self._no_use("no name that a file may have")
        self._next = self._decisions = 0
        self._process = os.getpid()
        self.note: str | None = None
        with contextlib.ExitStack() as opened:
            self._connect(opened)
            opened.pop_all()

    def _connect(self, opened: contextlib.ExitStack) -> None:
        try:
            # Made absolute: some relative names have a meaning of their own for SQLite.
            there = os.path.abspath(self._path)
            self._require_no_other_file(there)
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
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_NOTADB:
                raise self._damaged() from None
            raise self._no_use("a file that is no journal") from None

    def _require_no_other_file(self, there: str) -> None:
        """Raise where there is something that SQLite would wait for, or write over."""
        try:
            with open(there, "rb", opener=_open_at_once) as file:
                begin = file.read(len(_MAGIC))
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._no_use(f"no file that can be written ({error.strerror})") from None
        if begin and begin != _MAGIC:
            raise self._no_use("a file that is no journal")

    def _require_journal(self) -> None:
        self._file.execute("PRAGMA trusted_schema=OFF")
        found = self._rows("SELECT type, name, sql FROM sqlite_master")
        tables = [name for _, name, _ in found]
        if not tables:
            return
        # Views and triggers are programs; a column may be one, too.
        if any(
            kind not in ("table", "index") or " AS " in (sql or "").upper()
            for kind, _, sql in found
        ):
            raise self._no_use("a database that is no journal")
        formats: list[Any] = []
        if "journal" in tables:
            with contextlib.suppress(sqlite3.OperationalError):  # one with other columns
                formats = self._rows("SELECT format FROM journal")
        if formats == [(_FORMAT,)]:
            return
        if len(formats) == 1 and str(formats[0][0]).startswith(_NAME):
            raise self._no_use("a journal of another version of gradproof")
        raise self._no_use("a database that is no journal")

    def _rows(self, query: str) -> list[Any]:
        """Return what a query finds; text that is none is damage."""
        try:
            return self._file.execute(query).fetchall()
        except sqlite3.OperationalError as error:
            if "decode" in str(error):
                raise self._damaged() from None
            raise

    def _unsealed(self, query: str) -> list[Any]:
        """Return rows without their seals, which have to fit."""
        rows = self._rows(query)
        if any(row != _sealed(*row[:-1]) for row in rows):
            raise self._damaged()
        return [row[:-1] for row in rows]

    def _read(self) -> None:
        self._file.executescript(_TABLES)
        rows = self._unsealed("SELECT * FROM evaluations")
        decided = self._unsealed("SELECT * FROM decisions ORDER BY number")
        (begun,) = self._rows("SELECT fingerprint, seal FROM journal")
        self._fingerprint = begun[0]
        not_begun = not rows and begun == (None, None)
        whole = [number for number, _, _ in decided] == list(range(len(decided)))
        if not (whole and (not_begun or begun == _sealed(begun[0]))):
            raise self._damaged()
        self._decided = [(what, one) for _, what, one in decided]
        self._marks = [int(np.frombuffer(row[0], "i8")[0]) for row in rows if row[5]]
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

    def _damaged(self) -> JournalError:
        return self._no_use("a journal that is damaged")

    def _no_use(self, found: str) -> JournalError:
        return JournalError(
            f"journal: found {self._path!r}, {found}; expected a new file, or the journal of the "
            "same check. Delete it to begin anew, or name another"
        )

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        if os.getpid() == self._process:
            self._file.close()
        else:  # forked off by f: to close the file would take the log from under its parent
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._file))

    def _write(self, statement: str, row: tuple[Any, ...]) -> None:
        """Write, as long as that is possible; a process that f has forked off leaves it alone."""
        if self.note is not None or os.getpid() != self._process:
            return
        try:
            self._file.execute(statement, row)
        except sqlite3.Error as error:  # a full disk, one that is gone
            self.note = (
                f"the journal {self._path!r} could not be written any more ({error}): what it had "
                "is kept, and the check went on without it"
            )

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
            row = _sealed(self._fingerprint)
            self._write("UPDATE journal SET fingerprint = ?, seal = ?", row)
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
        first = space.was_written and not self._marks
        if first:
            self._marks.append(int(places[0]))
        statement = "INSERT INTO evaluations VALUES (?, ?, ?, ?, ?, ?, ?)"
        self._write(statement, _sealed(*row, int(first)))

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
        row = _sealed(number, what, json.dumps(found))
        self._write("INSERT INTO decisions VALUES (?, ?, ?, ?)", row)
        return found
