"""Generated calls and files: each is understood, or refused by an error of ours; nothing else happens."""

import contextlib
import inspect
import io
import json
import math
import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from tests.bad_input.calls_of_check import AT, Painted, f, gradient
from tests.bad_input.files_of_images import h5, npz
from tests.bad_input.files_of_reports import valid

import gradproof as gp
from gradproof import textbook
from gradproof.cli import main
from gradproof.judge.reading import run_of
from gradproof.textbook import network

pytestmark = pytest.mark.timeout(120)

_words = st.text(max_size=8) | st.sampled_from(["auto", "every", "30s", "5", "sum", "dz", "x", "*"])
_numbers = (
    st.integers()
    | st.floats()
    | st.complex_numbers()
    | st.booleans()
    | st.fractions()
    | st.decimals()
    | st.sampled_from([10**400, -(10**400), 2**63, np.float16(1), np.longdouble(2)])
)
_arrays = st.builds(
    np.zeros,
    arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3),
    st.sampled_from(["f8", "f4", "f2", "i8", "u1", "?", "c16", "U2", "S2", "M8[s]", "m8[s]", "O"]),
)
_odd = st.sampled_from(
    [None, ..., object(), object, type, int, gp, math, Painted(), range(3), slice(3)]
)
_plain = _words | st.binary(max_size=8) | _numbers | _odd | _arrays
junk = st.recursive(
    _plain,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(_words | st.integers(), inner, max_size=3)
    ),
    max_leaves=6,
)

# `make fuzz` looks at many more, and at others each time.
MORE = int(os.environ.get("GRADPROOF_MORE_EXAMPLES", "1"))

OPTIONS = [
    name
    for name, one in inspect.signature(gp.check).parameters.items()
    if one.kind is inspect.Parameter.KEYWORD_ONLY
]
OF_PROBLEMS = ["bounds", "facts", "manifold", "promote", "reseed", "reference", "terms"]
OF_PROBLEMS += ["vectorized", "wirtinger"]


@contextlib.contextmanager
def understood_or_refused() -> Iterator[None]:
    """Let pass what is refused by us, in printable words; all else surfaces."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of NumPy, about numbers that are none
        try:
            yield
        except gp.GradproofError as error:
            message = str(error)
            assert message.replace("\n", "").isprintable()
            assert len(message) < 10_000


@given(st.sampled_from([name for name in OPTIONS if name != "journal"]), junk)
@settings(max_examples=60 * MORE)
def test_any_option_of_a_check(name: str, value: Any) -> None:
    with understood_or_refused():
        assert isinstance(gp.check(f, gradient, AT, **{name: value}), gp.Report)


@given(st.sampled_from(OF_PROBLEMS), junk)
@settings(max_examples=80 * MORE)
def test_any_option_of_a_problem(name: str, value: Any) -> None:
    with understood_or_refused():
        gp.Problem(f, gradient, AT, **{name: value})


@given(junk)
@settings(max_examples=60 * MORE)
def test_any_point(value: Any) -> None:
    with understood_or_refused():
        assert isinstance(gp.check(lambda x: 1.0, lambda x: x, value), gp.Report)


@given(junk)
@settings(max_examples=40 * MORE)
def test_any_gradient(value: Any) -> None:
    with understood_or_refused():
        assert isinstance(gp.check(f, lambda x: value, AT), gp.Report)


@given(junk)
@settings(max_examples=40 * MORE)
def test_any_value_of_f(value: Any) -> None:
    with understood_or_refused():
        assert isinstance(gp.check(lambda x: value, gradient, AT), gp.Report)


@given(junk)
@settings(max_examples=25 * MORE)
def test_any_value_of_several(value: Any) -> None:
    for claim in (gp.VJP(lambda x, u: x), gp.JVP(lambda x, v: v), gp.Jacobian(np.eye(3))):
        with understood_or_refused():
            assert isinstance(gp.check(lambda x: value, claim, AT), gp.Report)


@given(junk)
@settings(max_examples=40 * MORE)
def test_any_jacobian(value: Any) -> None:
    with understood_or_refused():
        found = gp.check(lambda x: x**2, gp.Jacobian(lambda x: value), AT)
        assert isinstance(found, gp.Report)


@given(junk, junk)
@settings(max_examples=25 * MORE)
def test_any_problem_for_scipy(x0: Any, bounds: Any) -> None:
    with understood_or_refused():
        gp.scipy.check_minimize(lambda x: 1.0, x0, jac=np.zeros_like, bounds=bounds, points=0)
    with understood_or_refused():
        gp.scipy.check_least_squares(np.sin, x0, lambda x: np.diag(np.cos(x)), bounds, points=0)


def _functions() -> list[Callable[..., Any]]:
    """Return the public functions of the textbook room."""
    return [
        getattr(room, name)
        for room in (textbook, network)
        for name in room.__all__
        if inspect.isfunction(getattr(room, name))
    ]


@given(st.sampled_from(_functions()), st.data())
@settings(max_examples=80 * MORE)
def test_any_arguments_of_the_textbook(function: Callable[..., Any], data: st.DataObject) -> None:
    needed = [
        one
        for one in inspect.signature(function).parameters.values()
        if one.default is one.empty or data.draw(st.booleans())
    ]
    given_ones = {one.name: data.draw(junk, one.name) for one in needed}
    with understood_or_refused(), contextlib.redirect_stdout(io.StringIO()):
        function(**given_ones)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


@given(_json)
@settings(max_examples=50 * MORE)
def test_any_json(data: Any) -> None:
    with pytest.raises(gp.InputError) as refused:
        run_of(data)
    assert str(refused.value).isprintable()


def _places(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in items:
        yield (*path, key)
        if isinstance(value, (dict, list)):
            yield from _places(value, (*path, key))


PLACES = list(_places(valid()))


@given(st.sampled_from(PLACES), _json)
@settings(max_examples=60 * MORE)
def test_any_json_in_any_place_of_a_report(place: tuple[Any, ...], value: Any) -> None:
    data = valid()
    part = data
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = value
    with understood_or_refused():
        (record,) = run_of(data).reports.values()
        shown = gp.Report(**vars(record))
        assert shown.summary().replace("\n", "").isprintable()
        assert shown._repr_html_()


def _changed(data: bytes, rng: np.random.Generator) -> bytes:
    """Return bytes that are cut off, with flipped bits, or with others in their place."""
    changed = bytearray(data)
    place = int(rng.integers(len(changed)))
    match int(rng.integers(3)):
        case 0:
            del changed[place:]
        case 1:
            for one in rng.integers(len(changed), size=3):
                changed[one] ^= 1 << int(rng.integers(8))
        case _:
            changed[place : place + 8] = rng.bytes(int(rng.integers(1, 16)))
    return bytes(changed)


READ = """
import sys
from pathlib import Path
import gradproof as gp
from gradproof.data import load_h5, load_npz
from gradproof.judge.reading import read
readers = {".json": read, ".h5": load_h5, ".npz": load_npz}
read_ones = 0
for path in sorted(Path(sys.argv[1]).iterdir()):
    try:
        readers[path.suffix](path)
        read_ones += 1
    except gp.InputError as error:
        assert str(error).startswith(str(path)) and str(error).replace("\\n", "").isprintable()
print(read_ones)
"""


def test_files_that_are_cut_off_or_damaged(tmp_path: Path) -> None:
    images = (np.arange(900) % 200).astype(np.uint8).reshape(9, 100)
    parts = {"train_set_x": images, "train_set_y": np.zeros(9)}
    files = {
        ".json": json.dumps(valid()).encode(),
        ".h5": h5(tmp_path / "right.h5", **parts).read_bytes(),
        ".npz": npz(tmp_path / "right.npz", **parts).read_bytes(),
    }
    folder = tmp_path / "damaged"
    folder.mkdir()
    rng = np.random.default_rng(MORE - 1)
    for suffix, content in files.items():
        for number in range(100 * MORE):
            (folder / f"{number}{suffix}").write_bytes(_changed(content, rng))
    # In a process of its own: what a library in C does to it is seen here.
    done = subprocess.run(
        [sys.executable, "-c", READ, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert 0 < int(done.stdout) < 150 * MORE  # as not every byte means something


_ARGUMENTS = st.lists(
    st.sampled_from(["check", "show", "diff", "explain", "codes", "ok.py", "GP101", "--format"])
    | st.sampled_from(["--seed", "--rtol", "--budget", "--json", "-j", "--", "::", "ok.py::p"])
    | st.text(st.characters(exclude_characters="\0/"), max_size=5)
    | st.integers().map(str),
    max_size=5,
)


@given(_ARGUMENTS)
@settings(max_examples=30 * MORE, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_arguments_of_the_command_line(tmp_path: Path, arguments: list[str]) -> None:
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.chdir(tmp_path),
        mock.patch.object(sys, "argv", ["gradproof", *arguments]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        contextlib.suppress(SystemExit),
    ):
        main()
    text = out.getvalue() + err.getvalue()
    assert "Traceback" not in text
