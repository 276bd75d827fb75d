"""The bench of estimators: what is expected, and what is not."""

import pytest
from benchmarks.estimators import __main__ as bench
from benchmarks.estimators import of_sklearn, of_statsmodels
from benchmarks.estimators.claim import Claim
from benchmarks.estimators.expected import why

import gradproof as gp


@pytest.mark.filterwarnings("ignore")  # what statsmodels says about domains and groups
def test_claims_have_names_of_their_own() -> None:
    claims = [*of_statsmodels.claims(), *of_sklearn.claims()]
    names = [(claim.library, claim.model, claim.what) for claim in claims]
    assert len(set(names)) == len(names) > 250


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("word", ["AutoReg", "penalty", "kernel R"])
def test_what_is_expected_is_no_failure(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["--only", word]) == 0
    assert "0 unexpected" in capsys.readouterr().out


@pytest.mark.filterwarnings("ignore")
def test_what_is_not_expected_is_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert why("AutoReg", "score")
    monkeypatch.setattr(bench, "why", lambda model, what: "")
    assert bench.main(["--only", "AutoReg"]) == 1
    assert "UNEXPECTED" in capsys.readouterr().out


def test_the_table_has_what_does_not_pass_first() -> None:
    def claim(what: str) -> Claim:
        return Claim("lab", "model", what, lambda: gp.Problem(abs, 1.0, 1.0))

    rows = [
        (claim("a"), "pass", "", 10),
        (claim("b"), "fail", "why", 20),
        (claim("c"), "pass", "", 5),
    ]
    assert bench._table(rows).splitlines()[4:] == [
        "| lab | model | b | **fail**: why | 20 |",
        "| lab | model | a, c | pass | 15 |",
    ]
