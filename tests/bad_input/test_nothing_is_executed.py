"""Nothing that is read is run: by a walk through the source, and by what the interpreter is asked."""

import ast
import functools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.bad_input.files_of_images import HDF5, NPZ
from tests.bad_input.files_of_journals import JOURNALS
from tests.bad_input.files_of_reports import REPORTS

import gradproof as gp

SOURCE = Path(gp.__file__).parent
PLUGIN = SOURCE.parent / "pytest_gradproof.py"

NAMES = {"eval", "exec", "compile", "__import__", "execfile", "input", "breakpoint"}
ATTRIBUTES = {
    *("pickle.load", "pickle.loads", "pickle.Unpickler", "dill.load", "dill.loads"),
    *("cloudpickle.load", "cloudpickle.loads", "pickler.load", "pickler.loads"),
    *("marshal.load", "marshal.loads", "shelve.open", "joblib.load", "torch.load"),
    *("yaml.load", "yaml.unsafe_load", "yaml.full_load"),
    *("os.system", "os.popen", "os.execv", "os.execve", "os.execvp", "os.spawnv", "os.startfile"),
    *("subprocess.run", "subprocess.Popen", "subprocess.call", "subprocess.check_output"),
    *("subprocess.check_call", "subprocess.getoutput", "runpy.run_path", "runpy.run_module"),
    *("code.interact", "ctypes.CDLL", "importlib.reload", "builtins.eval", "builtins.exec"),
}
METHODS = {
    "exec_module",
    "load_module",
    "enable_load_extension",
    "load_extension",
    "execute_script",
}
# Where such a call is meant, and why.
ALLOWED = {
    ("engine/serialising.py", "pickle.loads"): "what this check has sent to its own processes",
    ("engine/performing.py", "pickle.loads"): "what these send back of an exception",
    ("cli/loading.py", "exec_module"): "a file of problems is a program that the user names",
}
LOADERS = {"np.load", "numpy.load"}


@functools.cache
def calls(text: str) -> list[tuple[str, ast.Call]]:
    """Return all calls of a module by the names that they are called by."""
    nodes = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call))
    return [(ast.unparse(node.func), node) for node in nodes]


def dangerous(text: str) -> Iterator[str]:
    """Yield the calls that could run what they are given."""
    for name, call in calls(text):
        keywords = {one.arg: one.value for one in call.keywords}
        shell = keywords.get("shell")
        if name in NAMES | ATTRIBUTES:
            yield name
        elif name.rpartition(".")[2] in METHODS:
            yield name.rpartition(".")[2]
        elif shell is not None and ast.unparse(shell) != "False":
            yield f"{name}(shell=)"
        elif name in LOADERS or "allow_pickle" in keywords:
            given = keywords.get("allow_pickle")
            if given is None or ast.unparse(given) != "False":
                yield f"{name}(allow_pickle=)"


def sources() -> dict[str, str]:
    files = {str(path.relative_to(SOURCE)): path for path in sorted(SOURCE.rglob("*.py"))}
    return {name: path.read_text() for name, path in files.items()} | {
        PLUGIN.name: PLUGIN.read_text()
    }


def test_no_call_runs_what_it_is_given_but_where_that_is_meant() -> None:
    found = {(name, one) for name, text in sources().items() for one in dangerous(text)}
    assert found == set(ALLOWED)


def test_templates_escape_and_what_is_markup_is_ours() -> None:
    environments = [
        call
        for text in sources().values()
        for name, call in calls(text)
        if name.endswith("Environment")
    ]
    assert len(environments) == 1
    keywords = {one.arg: ast.unparse(one.value) for one in environments[0].keywords}
    assert keywords["autoescape"] == "True"
    templates = "".join(path.read_text() for path in SOURCE.rglob("*.j2"))
    assert "|safe" not in templates.replace(" ", "")


@pytest.mark.parametrize(
    "text",
    [
        "eval(x)",
        "exec(open(p).read())",
        "pickle.load(f)",
        "np.load(f)",
        "np.load(f, allow_pickle=True)",
        "np.load(f, allow_pickle=flag)",
        "other(f, allow_pickle=1)",
        "os.system(x)",
        "run(x, shell=True)",
        "subprocess.run([x])",
        "file.enable_load_extension(True)",
        "spec.loader.exec_module(m)",
        "yaml.load(x)",
    ],
)
def test_the_walk_sees_what_it_is_for(text: str) -> None:
    assert list(dangerous(text))


def test_the_walk_lets_pass_what_is_harmless() -> None:
    assert list(dangerous("np.load(f, allow_pickle=False)\nast.literal_eval(x)\nrun(x)")) == []


AUDITED = """
import sys
import h5py
import numpy as np
import gradproof as gp
from gradproof.data import load_h5, load_npz
from gradproof.judge.reading import read
from pathlib import Path

RUN = ("os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "os.mkdir",
       "subprocess.Popen", "pickle.find_class", "code.__new__", "ctypes.dlopen",
       "sqlite3.load_extension", "socket.connect", "urllib.Request", "webbrowser.open")

def journal(path):
    gp.check(np.sum, np.ones_like, np.ones(2), journal=path)

def refused(read_file, path):
    try:
        read_file(path)
    except gp.InputError:
        return
    raise SystemExit(f"{path} was read")

# Imports are programs: what is needed is there before, by files that are read.
folder = Path(sys.argv[1])
journal(folder / "right")
right = {"train_set_x": np.ones((2, 3)), "train_set_y": np.ones(2)}
np.savez_compressed(folder / "right.npz", **right)
load_npz(folder / "right.npz")
with h5py.File(folder / "right.h5", "w") as file:
    for key, value in right.items():
        file[key] = value
load_h5(folder / "right.h5")
report = gp.check(np.sum, np.ones_like, np.ones(2))
(folder / "right.json").write_text(report.to_json())
read(folder / "right.json")
seen = []
sys.addaudithook(lambda event, _: seen.append(event) if event in RUN else None)
readers = {"json": read, "h5": load_h5, "npz": load_npz, "gp": journal}
for path in sorted(Path(sys.argv[1]).iterdir()):
    if path.suffix[1:] in readers and "+" in path.name:
        refused(readers[path.suffix[1:]], path)
print(len(seen), sorted(set(seen)))
"""


def test_no_malformed_file_makes_the_interpreter_run_anything(tmp_path: Path) -> None:
    tables = {"json": REPORTS, "h5": HDF5, "npz": NPZ, "gp": JOURNALS}
    for suffix, table in tables.items():
        for number, case in enumerate(table):
            case.at(tmp_path / f"{suffix}+{number}.{suffix}")
    done = subprocess.run(
        [sys.executable, "-c", AUDITED, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "0 []\n"
    assert not [one.name for one in tmp_path.iterdir() if one.name.endswith(".was-run")]
