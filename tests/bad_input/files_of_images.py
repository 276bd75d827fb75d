"""Malformed files of images, HDF5 and NumPy's archives: of another kind, damaged, of another layout."""

import io
import os
import pickle
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from tests.bad_input.cases import Case, FileCase, no_files, of_option

from gradproof.data import load_digits, load_h5, load_npz

X, LABELS = np.zeros((2, 3)), np.array([0, 1])
_SHAPE = "expected (m, height, width, channels) or (m, features)"
_BRIGHT = "expected brightness from 0 to 255"
_LABELS = "expected 2 labels, one for each image"
_MEMORY = "half of what this machine has"


class Runs:
    """Makes a folder when it is read by pickle."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (f"{self._path}.was-run",)


# Layouts that are wrong in any kind of file: entries, and what is said.
_LAYOUTS: list[tuple[str, dict[str, Any], tuple[str, ...]]] = [
    ("nothing", {}, ("train_set_x and test_set_x are both missing", "the file holds nothing")),
    ("others", {"images": X}, ("both missing", "the file holds images")),
    ("no-labels", {"train_set_x": X}, ("train_set_y is missing", "the file holds train_set_x")),
    ("no-images", {"train_set_y": LABELS}, ("train_set_x is missing",)),
    ("no-test-labels", {"test_set_x": X}, ("test_set_y is missing",)),
    ("a-number", {"x": np.float64(1)}, ("train_set_x: found shape ()", _SHAPE)),
    ("a-vector", {"x": np.zeros(3)}, ("train_set_x: found shape (3,)", _SHAPE)),
    ("three-axes", {"x": np.zeros((2, 3, 4))}, ("train_set_x: found shape (2, 3, 4)", _SHAPE)),
    ("five-axes", {"x": np.zeros((2, 1, 1, 1, 1))}, ("found shape (2, 1, 1, 1, 1)", _SHAPE)),
    ("no-image", {"x": np.zeros((0, 3)), "y": []}, ("found shape (0, 3)", "at least one image")),
    ("no-pixel", {"x": np.zeros((2, 0))}, ("found shape (2, 0)", "of at least one value")),
    ("negative", {"x": X - 1}, ("train_set_x: found values from -1 to -1", _BRIGHT)),
    ("too-bright", {"x": X + 256}, ("train_set_x: found values from 256 to 256", _BRIGHT)),
    ("nan", {"x": X * np.nan}, ("train_set_x: found values from nan to nan", _BRIGHT)),
    ("inf", {"x": X + np.inf}, ("train_set_x: found values from inf to inf", _BRIGHT)),
    ("complex", {"x": X + 1j}, ("train_set_x: found dtype complex128", "expected numbers")),
    ("bytes", {"x": np.array([[b"a"], [b"b"]])}, ("train_set_x: found dtype", "expected numbers")),
    ("records", {"x": np.zeros(2, [("a", "i4")])}, ("found dtype [('a', '<i4')]", "numbers")),
    ("one-label", {"y": [1]}, ("train_set_y: found shape (1,)", _LABELS)),
    ("three-labels", {"y": [0, 1, 1]}, ("train_set_y: found shape (3,)", _LABELS)),
    ("label-matrix", {"y": np.zeros((2, 2))}, ("train_set_y: found shape (2, 2)", _LABELS)),
    ("label-number", {"y": np.int64(1)}, ("train_set_y: found shape ()", _LABELS)),
    ("label-nan", {"y": [0, np.nan]}, ("train_set_y: found labels that are not finite", "numbers")),
    ("label-inf", {"y": [0, np.inf]}, ("train_set_y: found labels that are not finite", "numbers")),
    ("label-words", {"y": np.array([b"no", b"yes"])}, ("train_set_y: found dtype", "numbers")),
    (
        "other-features",
        {"test_set_x": np.zeros((1, 5)), "test_set_y": [0]},
        ("test_set_x: found 5 values for each image", "expected 3, as in train_set_x"),
    ),
    ("painted", {"\x1b[31m\u202e": X, "x": X - 1}, (r"holds \x1b[31m\u202e, train_set_x",)),
]


def _entries(given: dict[str, Any]) -> dict[str, Any]:
    """Return the entries of a file: those given, and what is right beside an x, a y or a test."""
    right = {"x": X, "y": LABELS} if given.keys() & {"x", "y", "test_set_y"} else {}
    short = {"x": "train_set_x", "y": "train_set_y"}
    whole: dict[str, Any] = right | given
    return {short.get(key, key): value for key, value in whole.items()}


def h5(path: Path, **entries: Any) -> Path:
    with h5py.File(path, "w") as file:
        for key, value in entries.items():
            file[key] = value
    return path


def npz(path: Path, **entries: Any) -> Path:
    with path.open("wb") as file:
        np.savez(file, **entries)
    return path


def _layouts(write: Callable[..., Path]) -> list[FileCase]:
    return [
        FileCase(name, lambda path, given=given: write(path, **_entries(given)), says)
        for name, given, says in _LAYOUTS
    ]


def _of_bytes(write: Callable[..., Path], change: Callable[[bytes], bytes]) -> Any:
    def make(path: Path) -> None:
        write(path, train_set_x=np.zeros((9, 99)), train_set_y=np.zeros(9))
        path.write_bytes(change(path.read_bytes()))

    return make


_NOT_H5 = "not a readable HDF5 file"
_OTHER_FILES: list[tuple[str, bytes]] = [
    ("empty", b""),
    ("text", b"not HDF5"),
    ("json", b'{"train_set_x": [[1]]}'),
    ("zeros", bytes(5000)),
    ("random", np.random.default_rng(1).bytes(5000)),
    ("html", b"<!doctype html><script>alert(1)</script>"),
]


def _virtual(path: Path) -> None:
    layout = h5py.VirtualLayout((2, 3), "f8")
    layout[:] = h5py.VirtualSource(str(h5(path.with_suffix(".other"), x=X)), "x", (2, 3))
    with h5py.File(path, "w") as file:
        file.create_virtual_dataset("train_set_x", layout)
        file["train_set_y"] = LABELS


def _external(path: Path) -> None:
    path.with_suffix(".raw").write_bytes(bytes(48))
    with h5py.File(path, "w") as file:
        raw = [(str(path.with_suffix(".raw")), 0, 48)]
        file.create_dataset("train_set_x", (2, 3), "f8", external=raw)
        file["train_set_y"] = LABELS


def _endless(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("train_set_x", (10**6, 10**7), "u1", chunks=(1000, 1000))
        file["train_set_y"] = LABELS


HDF5: list[FileCase] = [
    *no_files("expected an HDF5 file"),
    *_layouts(h5),
    *[FileCase(name, content, (_NOT_H5,)) for name, content in _OTHER_FILES],
    FileCase("an-npz", lambda path: npz(path, train_set_x=X, train_set_y=LABELS), (_NOT_H5,)),
    FileCase("cut-off", _of_bytes(h5, lambda data: data[:3000]), (_NOT_H5,)),
    FileCase("a-signature-alone", b"\x89HDF\r\n\x1a\n", (_NOT_H5,)),
    FileCase("another-version", _of_bytes(h5, lambda d: d[:8] + b"\x09" + d[9:]), (_NOT_H5,)),
    FileCase(
        "a-broken-link",
        lambda path: h5(path, train_set_x=h5py.SoftLink("/gone"), train_set_y=LABELS),
        ("train_set_x: cannot be read (", "the file holds train_set_x, train_set_y"),
    ),
    FileCase(
        "a-link-to-itself",
        lambda path: h5(path, train_set_x=h5py.SoftLink("/train_set_x"), train_set_y=LABELS),
        ("train_set_x: cannot be read (",),
    ),
    FileCase(
        "a-link-into-another-file",
        lambda path: h5(path, train_set_x=h5py.ExternalLink("/etc/x", "/x"), train_set_y=LABELS),
        ("train_set_x: cannot be read (a link into another file: copy the array into this one)",),
    ),
    FileCase(
        "a-link-to-a-device",
        lambda path: h5(path, train_set_x=h5py.ExternalLink("/dev/zero", "/x"), train_set_y=[1]),
        ("train_set_x: cannot be read (a link into another file: copy the array into this one)",),
    ),
    FileCase(
        "a-group",
        lambda path: h5(path, **{"train_set_x/first": X, "train_set_y": LABELS}),
        ("train_set_x: found <HDF5 group", "expected an array"),
    ),
    FileCase(
        "a-type",
        lambda path: h5(path, train_set_x=np.dtype("f8"), train_set_y=LABELS),
        ("train_set_x: found <HDF5 named type", "expected an array"),
    ),
    FileCase(
        "a-set-of-nothing",
        lambda path: h5(path, train_set_x=h5py.Empty("f8"), train_set_y=LABELS),
        ("train_set_x: found <HDF5 dataset", "expected an array"),
    ),
    FileCase(
        "words-of-any-length",
        lambda path: h5(path, train_set_x=np.array([["a"]], h5py.string_dtype()), train_set_y=[1]),
        ("train_set_x: found dtype object", "expected numbers"),
    ),
    FileCase("virtual", _virtual, ("train_set_x: found data that lie in another file", "in this")),
    FileCase(
        "external", _external, ("train_set_x: found data that lie in another file", "in this")
    ),
    FileCase("endless", _endless, ("train_set_x: found shape (1000000, 10000000)", _MEMORY)),
]

_NOT_NPZ = "not a readable archive of NumPy"
_READ = "train_set_x: cannot be read ("


def archive(*members: tuple[str, bytes], method: int = zipfile.ZIP_STORED) -> Any:
    """Return what writes an archive with these members."""

    def make(path: Path) -> None:
        with warnings.catch_warnings(), zipfile.ZipFile(path, "w", method) as file:
            warnings.simplefilter("ignore")  # of names that are there twice
            for name, content in members:
                file.writestr(name, content)

    return make


def npy(array: Any, *, allow_pickle: bool = False) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asanyarray(array), allow_pickle=allow_pickle)
    return file.getvalue()


def header(text: str, behind: bytes = b"") -> bytes:
    """Return an array whose header says this, with so much behind it."""
    raw = text.encode("latin-1")
    return b"\x93NUMPY\x01\x00" + len(raw).to_bytes(2, "little") + raw + behind


_Y = ("train_set_y.npy", npy(LABELS))


def x_of(content: bytes, **options: Any) -> Any:
    """Return what writes an archive whose images are these bytes."""
    return archive(("train_set_x.npy", content), _Y, **options)


def _pickled_file(path: Path) -> None:
    path.write_bytes(pickle.dumps(Runs(path)))


def _pickled_entry(path: Path) -> None:
    x_of(npy(np.array([Runs(path)], dtype=object), allow_pickle=True))(path)


def _pickle_as_member(path: Path) -> None:
    archive(("train_set_x.npy", pickle.dumps(Runs(path))), _Y)(path)


def _header_that_runs(path: Path) -> None:
    x_of(header(f"__import__('os').mkdir({str(path) + '.was-run'!r})\n"))(path)


def _damaged(change: Callable[[bytearray], None], method: int = zipfile.ZIP_DEFLATED) -> Any:
    def make(path: Path) -> None:
        x_of(npy(np.arange(900.0).reshape(9, 100) % 200), method=method)(path)
        data = bytearray(path.read_bytes())
        change(data)
        path.write_bytes(bytes(data))

    return make


def _flip(place: int) -> Callable[[bytearray], None]:
    def change(data: bytearray) -> None:
        data[place] ^= 0xFF

    return change


NPZ: list[FileCase] = [
    *no_files("expected an archive of NumPy"),
    *[one for one in _layouts(npz) if one.name != "painted"],
    *[FileCase(name, content, (_NOT_NPZ,)) for name, content in _OTHER_FILES],
    FileCase("an-hdf5-file", lambda path: h5(path, train_set_x=X), (_NOT_NPZ,)),
    FileCase("a-pickle", _pickled_file, (_NOT_NPZ,)),
    FileCase("a-pickle-as-entry", _pickled_entry, (_READ, "allow_pickle=False")),
    FileCase("a-pickle-as-member", _pickle_as_member, ("train_set_x: found", "expected an array")),
    FileCase("a-header-that-runs", _header_that_runs, (_READ,)),
    FileCase(
        "a-single-array", npy(X), ("found a single array", "expected an archive of numpy.savez")
    ),
    FileCase("an-archive-of-text", archive(("a.txt", b"x")), ("both missing", "holds a.txt")),
    FileCase("an-empty-archive", archive(), ("both missing", "the file holds nothing")),
    FileCase("a-path-outside", archive(("../train_set_x.npy", npy(X))), ("both missing", "../")),
    FileCase("text-as-member", x_of(b"text"), ("train_set_x: found b'text'", "expected an array")),
    FileCase("nothing-as-member", x_of(b""), ("train_set_x: found b''", "expected an array")),
    FileCase("a-magic-alone", x_of(b"\x93NUMPY"), (_READ,)),
    FileCase("another-version", x_of(b"\x93NUMPY\x09\x00" + bytes(20)), (_READ,)),
    FileCase("no-header", x_of(header("")), (_READ,)),
    FileCase("a-header-of-words", x_of(header("hello\n")), (_READ,)),
    FileCase("a-header-of-deep-lists", x_of(header("[" * 5000)), (_READ,)),
    FileCase("a-long-header", x_of(header("'" + "x" * 60_000 + "'")), (_READ,)),
    FileCase(
        "a-header-without-shape",
        x_of(header("{'descr': '<f8', 'fortran_order': False}\n")),
        (_READ,),
    ),
    FileCase(
        "an-unknown-type",
        x_of(header("{'descr': '<q9', 'fortran_order': False, 'shape': (2, 3)}\n")),
        (_READ,),
    ),
    FileCase(
        "a-negative-shape",
        x_of(header("{'descr': '<f8', 'fortran_order': False, 'shape': (-2, 3)}\n", bytes(48))),
        ("train_set_x: ",),
    ),
    FileCase(
        "fewer-data-than-said",
        x_of(header("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3)}\n", bytes(8))),
        (_READ,),
    ),
    FileCase(
        "a-million-million-pixels",
        x_of(header("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000000)}\n")),
        (_READ,),
    ),
    FileCase(
        "more-than-any-memory",
        x_of(header("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000000000)}\n")),
        (_READ,),
    ),
    FileCase(
        "more-than-any-address",
        x_of(header(f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({10**30},)}}\n")),
        (_READ,),
    ),
    FileCase(
        "there-twice", archive(("train_set_x.npy", npy(X)), ("train_set_x.npy", b"x"), _Y), (_READ,)
    ),
    FileCase("cut-off", _damaged(lambda data: data.__delitem__(slice(200, None))), (_NOT_NPZ,)),
    FileCase("no-end", _damaged(lambda data: data.__delitem__(slice(-22, None))), (_NOT_NPZ,)),
    FileCase("damaged-data", _damaged(_flip(150)), (_READ,)),
    FileCase("damaged-plain-data", _damaged(_flip(300), zipfile.ZIP_STORED), (_READ,)),
    FileCase("damaged-name", _damaged(_flip(32)), (_READ,)),
    FileCase("another-method", _damaged(lambda data: _method(data, 99)), (_READ,)),
    FileCase("encrypted", _damaged(lambda data: _flag(data)), (_READ, "encrypted")),
]


def _entry(data: bytearray) -> int:
    """Return where the directory's entry of the images begins."""
    return data.index(b"PK\x01\x02")


def _method(data: bytearray, method: int) -> None:
    data[_entry(data) + 10] = method


def _flag(data: bytearray) -> None:
    data[_entry(data) + 8] |= 1
    data[6] |= 1


_PATH = "expected the path of a file"
_COUNT = "expected a whole number, 1 or more"

IMAGES: list[Case] = [
    *of_option("path", load_h5, _PATH, [None, 3, "", b"a.h5", [], object()]),
    *of_option("path", load_npz, _PATH, [None, 3, "", b"a.npz", [], object()]),
    *of_option("size", lambda v: load_digits(size=v), _COUNT, [0, -1, 8.0, "8", None, True]),
    *of_option("channels", lambda v: load_digits(channels=v), _COUNT, [0, -1, 1.5, "3", None]),
    Case(
        "a-million-pixels-wide",
        lambda: load_digits(size=10**6),
        ("size, channels: found images of (1000000, 1000000, 3)", _MEMORY),
    ),
    Case("a-zero-byte", lambda: load_h5("a\0b"), (r"a\x00b: found no name of a file",)),
    Case("a-zero-byte-of-npz", lambda: load_npz("a\0b"), (r"a\x00b: found no name of a file",)),
    Case("a-name-too-long", lambda: load_h5("x" * 5000), ("cannot be read (File name too long)",)),
]
