"""What every test and doctest has: no colours, seeded global generators, and no skipping."""

import random
import signal
from collections.abc import Generator

import hypothesis
import numpy as np
import pytest

# No test depends on the time that it takes.
hypothesis.settings.register_profile("untimed", hypothesis.settings(), deadline=None)
hypothesis.settings.load_profile("untimed")
pytest_plugins = ["pytester"]

# They import a framework; `tests_of_frameworks` runs what examples they have.
collect_ignore_glob = [
    "src/gradproof/frameworks/torch_*",
    "src/gradproof/frameworks/jax_*",
    "src/gradproof/frameworks/autograd_*",
    "src/gradproof/frameworks/tensorflow_*",
    "src/gradproof/frameworks/cupy_*",
    "src/gradproof/torch.py",
    "src/gradproof/pymanopt.py",
    "tests_of_frameworks/sharded_*",  # programs, which tests run
]


@pytest.fixture(autouse=True)
def _no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.fixture(autouse=True, scope="session")
def _ctrl_c_is_heard() -> None:
    """Hear Ctrl-C, which tests send: what a shell begins in the background ignores it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _seeded_globals() -> None:
    """Start every test from one state: an f of the tests may draw from the global generators."""
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skipped test into a failed one: what is missing has to be installed."""
    report = yield
    if report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped, which counts as failed: {report.longrepr}"
    return report
