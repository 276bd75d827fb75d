"""The catalogue: every page is whole, and its example yields its code."""

import importlib
import pkgutil
import re
from typing import Any

import pytest

import gradproof as gp
from gradproof.judge import causes
from gradproof.judge.catalogue import HEADINGS, Cause
from gradproof.judge.causes import CATALOGUE

CAUSES = [pytest.param(cause, id=code) for code, cause in sorted(CATALOGUE.items())]
OF_NUMPY = [one for one in CAUSES if "import torch" not in CATALOGUE[str(one.id)].text]


def section(cause: Cause, heading: str) -> str:
    """Return the text under a heading."""
    _, _, rest = cause.text.partition(f"## {heading}\n")
    return re.split(r"^## ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def example(cause: Cause) -> str:
    blocks = re.findall(r"^```python\n(.*?)^```$", section(cause, "Example"), re.M | re.S)
    assert len(blocks) == 1
    return str(blocks[0])


@pytest.mark.parametrize("cause", CAUSES)
def test_the_page_has_all_headings_in_order_and_something_under_each(cause: Cause) -> None:
    headings = re.findall(r"^## (.*)$", cause.text, re.MULTILINE)
    assert tuple(headings) == HEADINGS
    for heading in HEADINGS:
        assert section(cause, heading).strip(), heading


@pytest.mark.parametrize("cause", OF_NUMPY)  # `tests_of_frameworks` has the others
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # what NumPy says about log(0) and 0/0
def test_the_example_runs_and_yields_the_code(cause: Cause) -> None:
    namespace: dict[str, Any] = {"__name__": "example"}
    exec(compile(example(cause), f"<{cause.code}>", "exec"), namespace)
    report = namespace["report"]
    assert isinstance(report, gp.Report)
    assert cause.code in [found.code for found in report.causes]
    found = next(found for found in report.causes if found.code == cause.code)
    assert found.name == cause.name
    assert "{" not in found.message + found.advice
    assert found.advice.endswith(".")


@pytest.mark.parametrize("cause", CAUSES)
def test_the_page_is_what_explain_returns_in_any_case(cause: Cause) -> None:
    page = gp.explain(cause.code)
    assert page.startswith(f"# {cause.code} {cause.name}\n\n## {HEADINGS[0]}\n")
    assert page.endswith("\n")
    assert gp.explain(cause.code.lower()) == gp.explain(cause.name) == page


@pytest.mark.parametrize("cause", CAUSES)
def test_the_words_are_for_people(cause: Cause) -> None:
    assert callable(cause.advice) or cause.advice.endswith(".")
    assert callable(cause.message) or cause.message[:1].strip()
    assert max(map(len, cause.text.splitlines())) <= 100
    mentioned = set(re.findall(r"GP\d{3}", cause.text))
    assert mentioned - {cause.code} <= set(CATALOGUE)


def test_every_file_is_one_entry_under_its_own_code() -> None:
    names = [module.name for module in pkgutil.iter_modules(causes.__path__)]
    files = [name for name in names if not name.startswith("_")]
    assert len(files) == len(CATALOGUE)
    for name in files:
        cause: Cause = importlib.import_module(f"{causes.__name__}.{name}").CAUSE
        code, _, words = name.partition("_")
        assert CATALOGUE[code.upper()] is cause
        assert cause.code == code.upper()
        # A file may shorten the name at its end, never change it.
        assert cause.name.replace("-", "_").startswith(words)


def test_names_are_unique_and_codes_are_of_their_hundred() -> None:
    assert len({cause.name for cause in CATALOGUE.values()}) == len(CATALOGUE)
    assert all(re.fullmatch(r"GP[1-6]\d\d", code) for code in CATALOGUE)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", cause.name) for cause in CATALOGUE.values())


@pytest.mark.parametrize("code", ["GP999", "", "103", "nonsense", 103, None, b"GP103"])
def test_an_unknown_code_is_an_error_that_lists_those_there_are(code: Any) -> None:
    with pytest.raises(gp.InputError) as raised:
        gp.explain(code)
    text = str(raised.value)
    assert text.startswith("code: found ")
    assert "expected one of" in text
    for known in CATALOGUE:
        assert known in text


MESSAGES = [
    ("GP412", {"wrong": 1, "size": 9, "looked_at": 9, "complete": True, "close": False},
     "1 of 9 components is wrong, and no others were seen to be"),
    ("GP412", {"wrong": 2, "size": 9, "looked_at": 3, "complete": True, "close": False},
     "2 of 9 components are wrong; 1 other that was looked at is right"),
    ("GP412", {"wrong": 2, "size": 9, "looked_at": 5, "complete": True, "close": False},
     "2 of 9 components are wrong; 3 others that were looked at are right"),
    ("GP412", {"wrong": 2, "size": 9, "looked_at": 9, "complete": True, "close": False,
               "outputs": 4, "concerned": 3},
     "2 of 9 columns of the Jacobian are wrong in 3 of 4 outputs, and no others were seen to be"),
    ("GP412", {"wrong": 2, "size": 9, "looked_at": 9, "complete": True, "close": False,
               "outputs": 4, "concerned": 4},
     "2 of 9 columns of the Jacobian are wrong in all outputs, and no others were seen to be"),
    ("GP412", {"wrong": 2, "size": 9, "looked_at": 9, "complete": True, "close": False,
               "outputs": 4, "concerned": 0},
     "2 of 9 columns of the Jacobian are wrong, and no others were seen to be"),
    ("GP416", {"count": 1}, "1 non-zero of the Jacobian is missing in the pattern: f moves there, "
     "and the claim has no entry"),
    ("GP416", {"count": 2}, "2 non-zeros of the Jacobian are missing in the pattern: f moves "
     "there, and the claim has no entry"),
    ("GP416", {"count": 0, "outputs": 1}, "1 output depends on more than the pattern of the "
     "Jacobian says; on what, random directions did not tell"),
    ("GP416", {"count": 0, "outputs": 2}, "2 outputs depend on more than the pattern of the "
     "Jacobian says; on what, random directions did not tell"),
    ("GP601", {"off": 0.1234, "tangent": "pass"}, "the gradient is not tangent, 12 % of its "
     "length is normal to the manifold; its tangent part is right"),
    ("GP601", {"off": 0.5, "tangent": "fail"}, "the gradient is not tangent, 50 % of its "
     "length is normal to the manifold; its tangent part is wrong, too"),
    ("GP601", {"off": 1.0, "tangent": "inconclusive"}, "the gradient is not tangent, 100 % of its "
     "length is normal to the manifold; its tangent part could not be decided"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "parameters", "words"), MESSAGES)
def test_what_is_said_word_by_word(code: str, parameters: Any, words: str) -> None:
    assert CATALOGUE[code].finding("t", **parameters).message == words


ADVICE = [
    ("GP601", {"off": 0.1, "tangent": "pass"},
     "Project the gradient onto the tangent space; its tangent part is right."),
    ("GP601", {"off": 0.1, "tangent": "fail"},
     "Project the gradient onto the tangent space, and look for what else is wrong."),
    ("GP412", {"outputs": 0}, "Look at what is special about these places: an edge, an index met "
     "twice, a branch."),
    ("GP412", {"outputs": 3, "concerned": 1}, "Look at the derivatives of these outputs by these "
     "parameters: an index met twice, a branch, an entry written by hand."),
    ("GP412", {"outputs": 3, "concerned": 3}, "Look at how the derivatives of all outputs by these "
     "parameters are computed."),
]  # fmt: skip


@pytest.mark.parametrize(("code", "parameters", "words"), ADVICE)
def test_what_is_advised_word_by_word(code: str, parameters: Any, words: str) -> None:
    if code == "GP412":
        usual = {"wrong": 1, "size": 9, "looked_at": 9, "complete": True, "close": False}
        parameters = {**usual, **parameters}
    assert CATALOGUE[code].finding("t", **parameters).advice == words
