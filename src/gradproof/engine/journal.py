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
import re
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
# What they look like is part of the format: who changes them has to count it up.
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
_SCHEMA = "SELECT type, name, sql FROM sqlite_master"
_PROGRAM = re.compile(r"\b(AS|VIRTUAL)\b", re.IGNORECASE)
_in_use: dict[tuple[int, str], object] = {}  # by process: a fork has nothing open


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


def _tables() -> set[Any]:
    """Return what SQLite says of the tables of a journal."""
    with contextlib.closing(sqlite3.connect(":memory:")) as empty:
        empty.executescript(_TABLES)
        return set(empty.execute(_SCHEMA))


def _loaded(text: object) -> Any:
    """Return what is written as JSON; ValueError where it is none."""
    if not isinstance(text, str):
        raise ValueError("no text")
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _facts(text: object) -> dict[str, Any]:
    """Return what a check has written about itself, f at the point among it; else ValueError."""
    facts = _loaded(text)
    if not (isinstance(facts, dict) and isinstance(facts.get("value"), float)):
        raise ValueError("no facts")
    return facts


def _require_row(places: object, *row: Any) -> None:
    """Raise ValueError unless a check may have written such evaluations."""
    *numbers, cost, written = row
    if not isinstance(places, bytes) or len(places) % 8:
        raise ValueError("no places")
    if any(not isinstance(one, bytes) or len(one) != len(places) for one in numbers):
        raise ValueError("no numbers, one for each place")
    if not (isinstance(cost, int) and cost >= 0 and isinstance(written, int) and written in (0, 1)):
        raise ValueError("no counts")


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
            self._opened = opened.pop_all()

    def _connect(self, opened: contextlib.ExitStack) -> None:
        try:
            # Made absolute: some relative names have a meaning of their own for SQLite.
            there = os.path.abspath(self._path)
            self._require_no_other_check(there, opened)
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
            if getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_NOTADB:
                raise self._damaged() from None
            raise self._no_use("a file that is no journal") from None
        except UnicodeDecodeError:  # an error of SQLite that quotes what is no text
            raise self._damaged() from None

    def _require_no_other_check(self, there: str, opened: contextlib.ExitStack) -> None:
        """Raise where a check of this process has the file; no other may while this one does.

        SQLite would say so, too. But to open and close a file that this process has locked takes
        the lock away, and then other processes are let in.
        """
        key = os.getpid(), os.path.realpath(there)
        if _in_use.setdefault(key, self) is not self:
            raise self._no_use("in use by another check of this process")
        opened.callback(_in_use.pop, key)

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
        found = self._rows(_SCHEMA)
        if not found:
            return
        # Views, triggers and virtual tables are programs; a column may be one, too.
        if any(
            kind not in ("table", "index") or _PROGRAM.search(str(sql)) for kind, _, sql in found
        ):
            raise self._no_use("a database that is no journal")
        formats: list[Any] = []
        with contextlib.suppress(sqlite3.OperationalError):  # no such table, or other columns
            formats = self._rows("SELECT format FROM journal LIMIT 2")
        if formats == [(_FORMAT,)]:
            if set(found) != _tables():
                raise self._damaged()
        elif len(formats) == 1 and str(formats[0][0]).startswith(_NAME):
            raise self._no_use("a journal of another version of gradproof")
        else:
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
        # A page that is pointed at by several may stand for more rows than anybody can read.
        if self._rows("PRAGMA quick_check(1)") != [("ok",)]:
            raise self._damaged()
        rows = self._unsealed("SELECT * FROM evaluations")
        decided = self._unsealed("SELECT * FROM decisions ORDER BY number")
        begun, *others = self._rows("SELECT fingerprint, seal FROM journal")
        not_begun = not rows and begun == (None, None)
        whole = [number for number, _, _ in decided] == list(range(len(decided)))
        if others or not (whole and (not_begun or begun == _sealed(begun[0]))):
            raise self._damaged()
        try:
            self._begun = None if not_begun else _facts(begun[0])
            self._decided = [(what, _loaded(one)) for _, what, one in decided]
            self._take(rows)
        except (ValueError, MemoryError):  # sealed, and yet nothing that a check has written
            raise self._damaged() from None

    def _take(self, rows: list[Any]) -> None:
        """Lay out evaluations by their places; ValueError where no check has written them."""
        for row in rows:
            _require_row(*row)
        rows = [row for row in rows if row[0]]
        columns = [b"".join(row[k] for row in rows) for k in range(4)]
        places = np.frombuffer(columns[0], "i8")
        if places.min(initial=0) < 0:
            raise ValueError("no places")
        self._known = np.zeros(int(places.max(initial=-1)) + 1, dtype=bool)
        self._known[places] = True
        self._asked, self._found, self._realised, self._cost = np.zeros((4, self._known.size))
        laid_out = self._asked, self._found, self._realised
        for numbers, column in zip(laid_out, columns[1:], strict=True):
            numbers[places] = np.frombuffer(column)
        firsts = places[np.cumsum([0, *(len(row[0]) // 8 for row in rows)])[:-1]]
        self._cost[firsts] = [row[4] for row in rows]
        self._marks = [first for first, row in zip(firsts.tolist(), rows, strict=True) if row[5]]

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
            self._opened.close()
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
        if self._begun is None:
            self._begun = {**fingerprint, "value": value}
            row = _sealed(json.dumps(self._begun))
            self._write("UPDATE journal SET fingerprint = ?, seal = ?", row)
        before, there = self._begun, self._begun["value"]
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
        """Return what was decided the last time, when `again` takes it in; else decide.

        `again` raises a KeyError, TypeError or ValueError where that is no such decision.
        """
        number = self._decisions
        self._decisions += 1
        if number < len(self._decided):
            before, decided = self._decided[number]
            with contextlib.suppress(KeyError, TypeError, ValueError):
                if before == what:
                    again(decided)
                    return decided
            raise self._no_use("a journal of a check that took another course than this one")
        found = decide()
        row = _sealed(number, what, json.dumps(found))
        self._write("INSERT INTO decisions VALUES (?, ?, ?, ?)", row)
        return found
