"""The page about all gradients of a run: everything is on it, with xdist and without."""

from pathlib import Path

import pytest

TESTS = """
def test_fixture(gradproof):
    gradproof.check(lambda t: t**2, lambda t: t, 3.0)
    gradproof.assert_gradient(lambda t: t**2, lambda t: 2 * t, 3.0)

def test_nothing():
    pass
"""


@pytest.fixture
def run(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, right_and_wrong: str
) -> pytest.Pytester:
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:cacheprovider")
    pytester.makepyfile(test_it=right_and_wrong + TESTS)
    return pytester


@pytest.mark.parametrize("processes", [0, 2])
def test_all_reports_of_a_run_are_on_one_page(run: pytest.Pytester, processes: int) -> None:
    result = run.runpytest_subprocess("-n", str(processes), "--gradproof-html=out/pages")
    result.assert_outcomes(passed=3, failed=1)
    path = Path("out/pages/index.html")
    page = path.read_text()
    assert "<title>gradproof: 2 pass, 2 fail</title>" in page
    for name in ("::right", "::test_fixture", "::test_fixture (2)", "::wrong"):
        assert f"test_it.py{name}" in page
    assert "Every component" in page  # which come from the workers, too
    assert f"gradproof: all reports are in {run.path / path}" in result.stdout.str()
    if processes:  # the failure is as long as without
        assert "claimed = 1.5000 × measured" in result.stdout.str()


def test_no_page_is_written_unless_asked_for_or_without_reports(run: pytest.Pytester) -> None:
    run.runpytest_subprocess().assert_outcomes(passed=3, failed=1)
    run.runpytest_subprocess("--gradproof-html=out", "-k", "nothing").assert_outcomes(
        passed=1, deselected=3
    )
    assert not (run.path / "out").exists()


def test_the_folder_may_be_configured(run: pytest.Pytester) -> None:
    run.makeini("[pytest]\ngradproof_html = page\n")
    for _ in range(2):  # a page that is there is replaced
        run.runpytest_subprocess("test_it.py::right").assert_outcomes(passed=1)
    assert (run.path / "page" / "index.html").exists()


@pytest.mark.parametrize("folder", ["test_it.py", "test_it.py/pages", "taken"])
def test_a_page_that_cannot_be_written_is_told_before_anything_runs(
    run: pytest.Pytester, folder: str
) -> None:
    (run.path / "taken" / "index.html").mkdir(parents=True)
    result = run.runpytest_subprocess("test_it.py::right", f"--gradproof-html={folder}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert result.outlines == []
    assert f"gradproof_html: found '{folder}', where " in result.stderr.str()


def test_a_page_that_cannot_be_written_in_the_end_is_said(run: pytest.Pytester) -> None:
    run.makeconftest(
        """
        import pathlib

        def pytest_runtest_setup():
            pathlib.Path("page").touch()  # where the folder is to be
        """
    )
    result = run.runpytest_subprocess("test_it.py::right", "--gradproof-html=page")
    result.assert_outcomes(passed=1)
    assert "cannot be written" in result.stdout.str()


def test_the_plugin_can_be_left_out_under_xdist(run: pytest.Pytester) -> None:
    run.makepyfile(test_it="def test_it(): pass")
    run.runpytest_subprocess("-n", "2", "-p", "no:gradproof").assert_outcomes(passed=1)
