"""The plugin for pytest, as its users meet it: collected, failed, skipped, configured, left alone."""

import importlib.metadata
import re
from pathlib import Path

import pytest

import gradproof as gp
import pytest_gradproof
from gradproof.api.mark import MARK

HELPER = """
def helper():
    raise AssertionError("not marked, and no test")
"""
UNDECIDED = """
import numpy as np
import gradproof as gp

@gp.problem
def coarse():
    return gp.Problem(lambda x: round(float(np.sin(x)), 2), np.cos, 0.7)
"""

# Runs within this process forget what they import: what all of them need is imported here.
gp.check(lambda t: t**2, lambda t: 3 * t, 3.0).summary()


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Return a folder in which pytest runs with our plugin and no other options of this suite."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:cacheprovider -p no:randomly")
    return pytester


def test_it_is_registered_outside_of_the_package() -> None:
    (entry,) = [
        one for one in importlib.metadata.entry_points(group="pytest11") if one.name == "gradproof"
    ]
    assert entry.value == "pytest_gradproof"
    assert entry.load() is pytest_gradproof
    assert Path(str(pytest_gradproof.__file__)).parent != Path(str(gp.__file__)).parent
    assert pytest_gradproof.MARK == MARK


def test_a_run_without_problems_never_imports_gradproof(run: pytest.Pytester) -> None:
    run.makepyfile(
        """
        import atexit
        import sys

        def loaded():
            return sorted(name for name in sys.modules if name.partition(".")[0] == "gradproof")

        # At the end of the process, after everything that a plugin may do.
        atexit.register(lambda: print("loaded at last:", loaded()))

        def test_it():
            assert "pytest_gradproof" in sys.modules
            assert loaded() == []

        def test_the_fixture_alone_imports_nothing(gradproof):
            assert loaded() == []
            if sys.argv[-1] == "--gradproof-seed=3":
                gradproof.check(lambda t: t**2, lambda t: 2 * t, 3.0)
                assert "gradproof" in loaded()
        """
    )
    result = run.runpytest_subprocess("--gradproof-inconclusive=skip", "--gradproof-html=pages")
    result.assert_outcomes(passed=2)
    assert "loaded at last: []" in result.stdout.str()
    used = run.runpytest_subprocess("--gradproof-seed=3")
    used.assert_outcomes(passed=2)
    assert "loaded at last: ['gradproof', " in used.stdout.str()


def test_marked_functions_are_tests_by_their_names(
    run: pytest.Pytester, right_and_wrong: str
) -> None:
    run.makepyfile(test_it=right_and_wrong + HELPER)
    result = run.runpytest("-v")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["test_it.py::right PASSED*", "test_it.py::wrong FAILED*"])
    run.runpytest("test_it.py", "-k", "right").assert_outcomes(passed=1, deselected=1)
    run.runpytest("-p", "no:gradproof").assert_outcomes()


def test_a_failure_reads_like_the_terminal(run: pytest.Pytester, right_and_wrong: str) -> None:
    run.makepyfile(test_it=right_and_wrong)
    text = run.runpytest("test_it.py::wrong").stdout.str()
    shown = text[text.index("gradproof  FAIL") : text.index("short test summary")]
    lines = [line.rstrip() for line in shown.splitlines()]
    assert re.match(r"gradproof  FAIL   all 3 components are wrong +\d+ evaluations", lines[0])
    assert lines[2].startswith("  x  3  FAIL  all 3 wrong: claimed = 1.5000 × measured; [")
    assert "        see: gradproof explain GP302" in lines
    assert "Traceback" not in text
    assert "check.py" not in text
    assert "pytest_gradproof.py" not in text
    assert "FAILED test_it.py::wrong - fail: all 3 components are wrong" in text


def test_what_the_users_function_raises_is_shown_in_their_lines(run: pytest.Pytester) -> None:
    run.makepyfile(
        """
        import numpy as np
        import gradproof as gp

        @gp.problem
        def raising():
            def f(x):
                return undefined_name
            return gp.Problem(f, lambda x: x, np.ones(2))
        """
    )
    result = run.runpytest()
    result.assert_outcomes(failed=1)
    text = result.stdout.str()
    assert "return undefined_name" in text
    assert "NameError: name 'undefined_name' is not defined" in text
    assert "engine" not in text
    assert "runtest" not in text


def test_what_cannot_be_checked_is_one_sentence(run: pytest.Pytester) -> None:
    run.makepyfile(
        """
        import gradproof as gp

        @gp.problem
        def no_problem():
            return 3

        @gp.problem
        def misused():
            return gp.Problem(lambda x: x, "a text", 1.0)

        @gp.problem
        def with_fixture(tmp_path):
            return gp.Problem(lambda x: x**2, lambda x: 2 * x, 1.0)

        @gp.problem
        def with_default(power=2):
            return gp.Problem(lambda x: x**power, lambda x: 2 * x, 1.0)

        class TestIt:
            @gp.problem
            def method(self):
                pass

            @gp.problem
            @staticmethod
            def function():
                return gp.Problem(lambda x: x**2, lambda x: 2 * x, 1.0)
        """
    )
    result = run.runpytest()
    result.assert_outcomes(passed=2, failed=4)
    text = result.stdout.str()
    told, _, _ = text.partition("short test summary info")
    assert told.count("no_problem(): found int, expected a gradproof.Problem") == 1
    assert "direct cause" not in text
    assert "found 'a text', expected" in text
    assert "with_fixture(): found the argument 'tmp_path', expected a function without" in text
    assert "method(): found the argument 'self', expected a function without" in text
    assert "pytest_gradproof.py" not in text
    assert "Traceback" not in text


def test_marks_and_automatic_fixtures_apply(run: pytest.Pytester) -> None:
    run.makepyfile(
        """
        import pytest
        import gradproof as gp

        ready = []

        @pytest.fixture(autouse=True)
        def prepared():
            ready.append(1)

        @pytest.mark.xfail(strict=True)
        @gp.problem
        def known_to_be_wrong():
            return gp.Problem(lambda x: x**2, lambda x: 3 * x, 1.0)

        @pytest.mark.skip(reason="not today")
        @gp.problem
        def skipped():
            return 1 / 0

        @gp.problem
        def prepared_for():
            assert ready
            return gp.Problem(lambda x: x**2, lambda x: 2 * x, 1.0)
        """
    )
    run.runpytest().assert_outcomes(passed=1, xfailed=1, skipped=1)


def test_problems_that_a_module_imports_and_odd_objects_are_left_alone(
    run: pytest.Pytester, right_and_wrong: str
) -> None:
    run.makepyfile(others=right_and_wrong)
    run.makepyfile(
        test_it="""
        from unittest.mock import MagicMock
        from others import right, wrong

        anything = MagicMock()

        def test_it():
            assert right and wrong and anything
        """
    )
    run.runpytest().assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("way", "ini", "outcomes"),
    [
        (None, False, {"failed": 1}),
        ("skip", False, {"skipped": 1}),
        ("skip", True, {"skipped": 1}),
        ("warn", False, {"passed": 1, "warnings": 1}),
    ],
)
def test_what_is_inconclusive_is_what_the_run_says(
    run: pytest.Pytester, way: str | None, ini: bool, outcomes: dict[str, int]
) -> None:
    run.makepyfile(test_it=UNDECIDED)
    options = []
    if way and ini:
        run.makeini(f"[pytest]\ngradproof_inconclusive = {way}\n")
    elif way:
        options = [f"--gradproof-inconclusive={way}"]
    result = run.runpytest("-rs", "-W", "default", *options)
    result.assert_outcomes(**outcomes)
    text = re.sub(r"\s+", " ", result.stdout.str())
    # Whatever it is, the reason and the cure are there.
    assert "GP201" in text
    assert "Make f more precise: float64" in text


def test_the_fixture_takes_options_and_fails_at_the_line_of_the_test(
    run: pytest.Pytester,
) -> None:
    run.makepyfile(
        """
        import numpy as np
        import pytest
        import gradproof as gp

        def right(t):
            return 2 * t

        def test_seed(gradproof):
            assert gradproof.check(lambda t: t**2, right, 3.0).seed == 7
            assert gradproof.check(lambda t: t**2, right, 3.0, seed=1).seed == 1
            assert gradproof.assert_gradient(lambda t: t**2, right, 3.0).passed

        def test_wrong(gradproof):
            gradproof.assert_gradient(lambda t: t**2, lambda t: t, 3.0)  # here

        def test_undecided(gradproof):
            gradproof.assert_gradient(lambda x: round(float(np.sin(x)), 2), np.cos, 0.7)

        def test_skipped(gradproof):
            gradproof.assert_gradient(
                lambda x: round(float(np.sin(x)), 2), np.cos, 0.7, inconclusive="skip"
            )

        @pytest.mark.parametrize("way", ["raise", "warn", "pass"])
        def test_words_of_the_assertion(gradproof, way, recwarn):
            found = []
            for assertion in (gradproof.assert_gradient, gp.assert_gradient):
                try:
                    assertion(lambda x: round(float(np.sin(x)), 2), np.cos, 0.7, inconclusive=way)
                except gp.Inconclusive:
                    found.append("raise")
                else:
                    found.append("warn" if recwarn.list else "pass")
                    recwarn.clear()
            assert found == [way, way]

        def test_check_does_not_fail(gradproof):
            assert not gradproof.check(lambda t: t**2, lambda t: t, 3.0)

        def test_misused(gradproof):
            with pytest.raises(ValueError, match="found 'ignore', expected one of fail, raise"):
                gradproof.assert_gradient(lambda t: t, right, 3.0, inconclusive="ignore")
        """
    )
    result = run.runpytest("--gradproof-seed=7")
    result.assert_outcomes(passed=6, failed=2, skipped=1)
    text = result.stdout.str()
    assert "# here" in text
    assert "gradproof.GradientError: gradproof  FAIL   the derivative is wrong" in text
    assert "claimed = 0.5000 × measured" in text
    assert "pytest_gradproof.py" not in text


def test_the_plain_assertion_shows_no_frame_of_ours(run: pytest.Pytester) -> None:
    run.makepyfile(
        """
        import gradproof as gp

        def test_wrong():
            gp.assert_gradient(lambda t: t**2, lambda t: t, 3.0)
        """
    )
    text = run.runpytest().stdout.str()
    assert "gradproof  FAIL" in text
    assert "check.py" not in text


@pytest.mark.parametrize(
    ("options", "ini", "said"),
    [
        (["--gradproof-seed=x"], "", "gradproof_seed: found 'x', expected a whole number"),
        ([], "gradproof_seed = -1", "gradproof_seed: found '-1', expected a whole number"),
        ([], "gradproof_inconclusive = no", "found 'no', expected one of fail, raise, skip, warn"),
        (["--gradproof-inconclusive=no"], "", "invalid choice: 'no'"),
        (["--gradproof-budget=abc"], "", "gradproof_budget: found 'abc', expected a number of"),
        ([], "gradproof_budget = 0s", "gradproof_budget: found '0s', expected a number of"),
    ],
)
def test_options_are_refused_before_anything_runs(
    run: pytest.Pytester, options: list[str], ini: str, said: str
) -> None:
    run.makeini(f"[pytest]\n{ini}\n")
    result = run.runpytest(*options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert said in result.stderr.str()


def test_options_are_told_in_the_help(run: pytest.Pytester) -> None:
    text = run.runpytest("--help").stdout.str()
    for option in ("--gradproof-html=DIR", "--gradproof-seed=NUMBER", "--gradproof-inconclusive="):
        assert option in text
    for ini in ("gradproof_html", "gradproof_seed", "gradproof_inconclusive"):
        assert ini in text


def test_a_budget_holds_for_every_check(run: pytest.Pytester) -> None:
    run.makepyfile(
        """
        import numpy as np
        import gradproof as gp

        @gp.problem
        def sines():
            return gp.Problem(lambda x: np.sum(np.sin(x)), np.cos, np.linspace(0.1, 3, 50))

        def test_the_same(gradproof):
            found = gradproof.check(lambda x: np.sum(x**2), lambda x: 2 * x, np.ones(50))
            assert found.evaluations <= 40
            assert gradproof.check(lambda t: t**2, lambda t: 2 * t, 3.0, budget=500).passed
        """
    )
    result = run.runpytest("--gradproof-budget=40")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*GP206 budget-spent*"])


def test_ctrl_c_in_a_check_ends_the_run(run: pytest.Pytester) -> None:
    run.makepyfile(
        """
        calls = 0

        def f(x):
            global calls
            calls += 1
            if calls == 30:
                raise KeyboardInterrupt
            return x @ x

        def test_first(gradproof):
            import numpy as np
            gradproof.check(f, lambda x: 2 * x, np.linspace(0.1, 3, 50))

        def test_second():
            raise RuntimeError
        """
    )
    result = run.runpytest_subprocess()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.assert_outcomes()
