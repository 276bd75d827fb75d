"""Malformed options of the plugin for pytest: refused before anything runs, on the line and in files."""

from pathlib import Path
from typing import Any

import pytest
from tests.bad_input.cases import by_name
from tests.bad_input.options_of_the_plugin import OPTIONS, PROBLEMS, OfFixture, Option

import gradproof as gp

pytestmark = pytest.mark.timeout(60)

# Runs within this process forget what they import: what all of them need is imported here.
gp.check(lambda t: t**2, lambda t: 3 * t, 3.0).summary()


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Return a folder in which pytest runs with our plugin and no other options of this suite."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:cacheprovider -p no:randomly")
    (pytester.path / "file").touch()
    return pytester


@pytest.mark.parametrize("option", by_name(OPTIONS))
def test_an_option_is_refused(run: pytest.Pytester, option: Option) -> None:
    name, value = option.name.replace("-", "_"), option.value
    if name == "gradproof_html":
        value = value.replace("HERE", str(run.path))
    for arguments, ini in (([f"--{option.name}={value}"], ""), ([], f"[pytest]\n{name} = {value}")):
        Path("pytest.ini").write_text(ini)
        with pytest.raises(pytest.UsageError) as refused:
            run.parseconfigure(*arguments)
        message = str(refused.value)
        if not ini and option.refused_by_pytest:  # in its own words
            assert f"--{option.name}: invalid choice: {value!r}" in message
            continue
        for part in option.says:
            assert part in message
        assert message.isprintable()


@pytest.mark.parametrize("case", by_name(OfFixture.cases()))
def test_what_the_fixture_is_given_is_refused(case: Any, gradproof: Any) -> None:
    with pytest.raises(gp.InputError) as refused:
        case.call(gradproof)
    for part in case.says:
        assert part in str(refused.value)


def test_problems_are_refused_in_one_sentence_each(run: pytest.Pytester) -> None:
    names = [f"problem_{number}" for number in range(len(PROBLEMS))]
    text = "import gradproof as gp\n" + "".join(
        f"@gp.problem\ndef {name}({one.arguments}):\n    return {one.value}\n"
        for name, one in zip(names, PROBLEMS, strict=True)
    )
    run.makepyfile(test_it=text)
    result = run.runpytest_inprocess("-q", "--tb=short")
    result.assert_outcomes(failed=len(PROBLEMS))
    printed = result.stdout.str()
    assert "Traceback" not in printed
    assert printed.replace("\n", "").isprintable()
    for name, one in zip(names, PROBLEMS, strict=True):
        for part in one.says:
            assert part.replace("NAME", name) in " ".join(printed.split())
    lines = [line.strip() for line in printed.splitlines()]
    assert not any(line.startswith("::") for line in lines)
