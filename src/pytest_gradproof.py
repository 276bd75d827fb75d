"""The plugin for pytest: problems as test items, a fixture, and one page about all of them.

It lives outside of the package and imports it only when a problem is run, or a budget is set, so
that nobody else's test run pays for it, and coverage of gradproof itself is measured from its first
line.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from gradproof.api.report import Report
    from gradproof.judge.report import Record

MARK = "__gradproof_problem__"  # as in gradproof.api.mark, which is not imported
_DIGITS = 4300  # of a number that Python reads
_WAYS = ("fail", "skip", "pass")
_FILED: pytest.StashKey[dict[str, Record]] = pytest.StashKey()
_OF_ITEM: pytest.StashKey[dict[str, Record]] = pytest.StashKey()
_SAID: pytest.StashKey[str] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, and the same in the configuration file."""
    group = parser.getgroup("gradproof", "gradients")
    group.addoption(
        "--gradproof-html",
        metavar="DIR",
        help="write one web page about all gradients of the run to DIR/index.html",
    )
    group.addoption(
        "--gradproof-budget",
        metavar="SPEND",
        help="what each check may spend: a number of evaluations, or a time such as 30s",
    )
    group.addoption("--gradproof-seed", metavar="NUMBER", help="seed of the random numbers")
    group.addoption(
        "--gradproof-inconclusive",
        choices=_WAYS,
        help="what a gradient is that can neither be shown to be right nor wrong",
    )
    parser.addini(
        "gradproof_html", "the folder of --gradproof-html, from the root folder", "string"
    )
    parser.addini("gradproof_budget", "what each check may spend", "string", default="")
    parser.addini("gradproof_seed", "seed of the random numbers", "string", default="0")
    parser.addini(
        "gradproof_inconclusive", "what is inconclusive: fail, skip or pass", default="fail"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Refuse options that cannot be understood before anything is run."""
    config.stash[_FILED] = {}
    seed = _option(config, "seed")
    if not (seed.isascii() and seed.isdigit() and len(seed) <= _DIGITS):
        raise pytest.UsageError(f"gradproof_seed: found {seed!r}, expected a whole number from 0")
    way = _option(config, "inconclusive")
    if way not in _WAYS:
        raise pytest.UsageError(
            f"gradproof_inconclusive: found {way!r}, expected one of {', '.join(_WAYS)}"
        )
    budget = _option(config, "budget")
    if budget:  # only who sets one waits for the import here
        from gradproof._base.errors import InputError
        from gradproof.engine.budget import budget_of

        try:
            budget_of(budget)
        except InputError as error:
            raise pytest.UsageError(f"gradproof_{error}") from None
    page = _page(config)
    if page is not None:
        there = next(path for path in (page, *page.parents) if os.path.exists(path))
        if there.is_dir() is (there == page) or not os.access(there, os.W_OK):
            raise pytest.UsageError(
                f"gradproof_html: found {_option(config, 'html')!r}, where {str(page)!r} cannot be "
                "written, expected a folder, or the name of one to make"
            )


def _page(config: pytest.Config) -> Path | None:
    """Return the path of the page about all gradients, if there is to be one."""
    folder = _option(config, "html")
    return config.rootpath / folder / "index.html" if folder else None


def _option(config: pytest.Config, name: str) -> str:
    given = config.getoption(f"gradproof_{name}")
    return str(config.getini(f"gradproof_{name}") if given is None else given)


def _defaults(config: pytest.Config) -> dict[str, Any]:
    """Return the arguments of checks that do not say otherwise."""
    seed, budget = int(_option(config, "seed")), _option(config, "budget")
    return {"seed": seed, "budget": budget or None}


def _end_where_interrupted(report: Report) -> None:
    """Let Ctrl-C end the run, and not one check of it."""
    if report.interrupted:
        raise KeyboardInterrupt


# Collecting.


def pytest_pycollect_makeitem(
    collector: pytest.Module | pytest.Class, name: str, obj: object
) -> pytest.Item | None:
    """Make a test item of every function under ``@gradproof.problem`` of the module itself."""
    if not inspect.isfunction(obj) or getattr(obj, MARK, None) is not True:
        return None
    module = collector.getparent(pytest.Module)
    if module is not None and obj.__module__ != module.obj.__name__:
        return None  # what a module imports is not its own
    item: pytest.Item = ProblemItem.from_parent(collector, name=name, callobj=obj)
    return item


class ProblemItem(pytest.Function):
    """A function that returns a problem, checked as a test. Marks and automatic fixtures apply."""

    _refused: str = ""

    def setup(self) -> None:
        """Refuse arguments with a sentence; pytest would look for fixtures of that name."""
        from gradproof._base.errors import InputError
        from gradproof.api.mark import refuse_arguments

        try:
            refuse_arguments(self.obj, self.name)
        except InputError as error:
            self._refused = (
                f"{error}; where fixtures are needed, write a test that calls "
                "gradproof.assert_gradient of the fixture gradproof"
            )
        else:
            super().setup()

    def runtest(self) -> None:
        """Check the problem."""
        from gradproof._base.errors import InputError
        from gradproof._base.text import inert
        from gradproof.api.check import check
        from gradproof.api.mark import made

        if self._refused:
            raise _Refused(inert(self._refused))
        try:
            problem = made(self.obj, self.name)
            report = check(problem, **_defaults(self.config))
        except InputError as error:
            raise _Refused(inert(str(error))) from error
        _file(self, self.nodeid, report)
        _end_where_interrupted(report)
        _judge(self, report, _option(self.config, "inconclusive"))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException]) -> Any:  # type: ignore[override]
        """Show the report of a gradient, and of what the user's functions raise their own lines."""
        from gradproof._base.text import printable
        from gradproof.api.assertion import GradientError

        error = excinfo.value
        if isinstance(error, (GradientError, _Refused)):
            shown = excinfo.getrepr(style="value")
            if shown.reprcrash is not None:  # what the last lines of a run say of each failure
                said = str(error).strip()
                if isinstance(error, GradientError):
                    said = f"{error.report.verdict.value}: {error.report.headline}"
                path, line, _ = self.reportinfo()
                shown.reprcrash.path = str(path)
                shown.reprcrash.lineno = (line or 0) + 1
                shown.reprcrash.message = printable(said)
            return shown
        excinfo.traceback = excinfo.traceback.filter(lambda entry: not _is_ours(entry.path))
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Return where the function stands; its first line, as in every other format."""
        code = inspect.unwrap(self.obj).__code__
        return Path(code.co_filename), code.co_firstlineno - 1, self.name


class _Refused(Exception):
    """What cannot be checked, in a sentence that needs no traceback."""


def _is_ours(path: Any) -> bool:
    import gradproof

    package = Path(gradproof.__file__).parent
    return Path(path).is_relative_to(package) or Path(path) == Path(__file__)


# Judging and filing.


def _judge(item: pytest.Item, report: Report, way: str) -> None:
    """Fail, skip, warn or do nothing, as the verdict and the options say."""
    __tracebackhide__ = True
    from gradproof._base.outcomes import Verdict
    from gradproof._base.text import printable
    from gradproof.api.assertion import GradientError, Inconclusive

    if report.verdict is Verdict.FAIL:
        raise GradientError(report)
    if report.verdict is not Verdict.INCONCLUSIVE:
        return
    if way == "fail":
        raise Inconclusive(report)
    cures = "".join(f" {cause.code}: {cause.advice}" for cause in report.causes[:1])
    said = printable(f"{item.name}: inconclusive: {report.headline}.{cures}")
    if way == "skip":
        pytest.skip(said)
    item.warn(pytest.PytestWarning(said))


def _file(item: pytest.Item, name: str, report: Record) -> None:
    """Keep a report for the page about all of them."""
    item.stash.setdefault(_OF_ITEM, {})[name] = report


class Gradproof:
    """What the fixture `gradproof` is: checks that know the options of the run and are kept.

    Parameters
    ----------
    item : pytest.Item
        The test that asks.
    """

    def __init__(self, item: pytest.Item) -> None:
        self._item = item
        self._count = 0

    def check(self, f: Any, *claim: Any, **options: Any) -> Report:
        """Call ``gradproof.check`` with seed and budget of the run, and keep the report."""
        __tracebackhide__ = True
        from gradproof.api.check import check

        report = check(f, *claim, **(_defaults(self._item.config) | options))
        self._count += 1
        number = f" ({self._count})" if self._count > 1 else ""
        _file(self._item, self._item.nodeid + number, report)
        _end_where_interrupted(report)
        return report

    def assert_gradient(
        self, f: Any, *claim: Any, inconclusive: str | None = None, **options: Any
    ) -> Report:
        """Call `check`, and fail unless the gradient is right.

        `inconclusive` is "fail", "skip" or "pass", by default as the run is told.
        """
        __tracebackhide__ = True
        way = _option(self._item.config, "inconclusive") if inconclusive is None else inconclusive
        if way not in _WAYS:
            from gradproof._base.errors import InputError

            raise InputError(f"inconclusive: found {way!r}, expected one of {', '.join(_WAYS)}")
        report = self.check(f, *claim, **options)
        _judge(self._item, report, way)
        return report


@pytest.fixture
def gradproof(request: pytest.FixtureRequest) -> Gradproof:
    """Check gradients with the options of the run, and keep the reports for its page.

    Its `check` and `assert_gradient` take what those of gradproof take.
    """
    return Gradproof(request.node)


# The page. Under xdist every worker sends what it found along with the outcome of each test.


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Attach what was found to the outcome of a test, as plain data."""
    outcome = yield
    if call.when == "call" and _OF_ITEM in item.stash and _option(item.config, "html"):
        found = item.stash[_OF_ITEM]
        if hasattr(item.config, "workerinput"):
            sent = {name: record.to_dict(tensors=True) for name, record in found.items()}
            outcome.__dict__["gradproof"] = sent  # xdist takes along whatever stands there
        else:
            item.config.stash[_FILED].update(found)
    return outcome


class _Controller:
    """What a run under xdist hears from its workers."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the reports that came with the outcome of a test."""
        sent = getattr(report, "gradproof", None)
        if sent:
            from gradproof.judge.reading import record_of

            filed = self._config.stash[_FILED]
            filed.update({name: record_of(data) for name, data in sent.items()})


def pytest_sessionstart(session: pytest.Session) -> None:
    """Listen to the workers, where there may be some."""
    config = session.config
    if not hasattr(config, "workerinput") and _option(config, "html"):
        config.pluginmanager.register(_Controller(config), "gradproof-controller")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the page."""
    config = session.config
    path = _page(config)
    if path is None or hasattr(config, "workerinput") or not config.stash[_FILED]:
        return
    from gradproof._base.text import printable
    from gradproof.api.write import write

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(dict(sorted(config.stash[_FILED].items())), path)
    except (OSError, ValueError) as error:
        said = f"gradproof: {path}: cannot be written ({error})"
    else:
        said = f"gradproof: all reports are in {path}"
    config.stash[_SAID] = printable(said)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say where the page is."""
    if _SAID in config.stash:
        terminalreporter.write_line(config.stash[_SAID])
