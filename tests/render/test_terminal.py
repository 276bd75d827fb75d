"""What a report looks like in a terminal: the answer first, nothing cut, nothing interpreted.

Whole reports are compared with the files in ``golden``. After a change that is meant to be seen,
``python tests/render/test_terminal.py`` writes them anew; read the difference before it is kept.
"""

import dataclasses
import io
import math
from pathlib import Path

import pytest
from rich.console import Console

import gradproof as gp
from gradproof.render.terminal import render, show

GOLDEN = Path(__file__).parent / "golden"
WIDTHS = (60, 80, 100)
VERSIONS = {"gradproof": "0.1.0", "numpy": "2.0.0", "optree": "0.14.0", "python": "3.11.0"}


def component(
    address: str, index: tuple[int, ...], claimed: float, measured: float, bar: float
) -> gp.ComponentFinding:
    key = address.split("'")[1] if "'" in address else ""
    return gp.ComponentFinding(
        address, (key,) if key else (), index, claimed, measured, bar, bar / 4, bar * 3 / 4, 2 * bar
    )


def leaf(
    address: str,
    shape: tuple[int, ...],
    verdict: gp.Verdict = gp.Verdict.PASS,
    *,
    discrepancy: float = 2.1e-10,
    wrong: int = 0,
    undecided: int = 0,
    unseen: int = 0,
    reason: str | None = None,
    ratio: float | None = None,
    worst: gp.ComponentFinding | None = None,
) -> gp.LeafFinding:
    return gp.LeafFinding(
        address=address,
        path=(address.split("'")[1],) if "'" in address else (),
        shape=shape,
        verdict=verdict,
        discrepancy=discrepancy,
        bar=1e-9,
        resolution=1e-6,
        checked=math.prod(shape),
        wrong=wrong,
        undecided=undecided,
        relative_to_itself=math.prod(shape) - unseen,
        relative_to_leaf=0,
        relative_to_others=0,
        unseen=unseen,
        reason=reason,
        ratio=ratio,
        worst=worst,
    )


def report(
    verdict: gp.Verdict,
    headline: str,
    leaves: tuple[gp.LeafFinding, ...],
    *,
    culprits: tuple[gp.ComponentFinding, ...] = (),
    patterns: tuple[gp.PatternFinding, ...] = (),
    causes: tuple[gp.CauseFinding, ...] = (),
    notes: tuple[str, ...] = (),
) -> gp.Report:
    return gp.Report(
        verdict=verdict,
        headline=headline,
        evaluations=61517,
        gradient_calls=2,
        seconds=0.2149,
        plan="every",
        seed=0,
        rtol=1e-6,
        resolution=1e-6,
        value=0.6931,
        noise=1e-16,
        leaves=leaves,
        culprits=culprits,
        patterns=patterns,
        certificate=None,
        causes=causes,
        notes=notes,
        controls=(),
        versions=VERSIONS,
    )


def passing() -> gp.Report:
    return report(
        gp.Verdict.PASS,
        "right to 1e-06, 1 of 61,496 components undecided, 2 of 61,496 components too small to see",
        (
            leaf("parameters['W1']", (5, 12288)),
            leaf("parameters['b1']", (50,), discrepancy=3.4e-8, undecided=1, reason="GP202"),
            leaf("parameters['g1']", (5,), unseen=2),
            leaf("parameters['scale']", ()),
            leaf("parameters['unused']", (0, 3)),
        ),
        notes=(
            "the gradient's keys d<name> were read as <name>; left out, as no parameters: dA0, dA1",
        ),
    )


def failing() -> gp.Report:
    in_w1 = (
        component("parameters['W1'][3, 4071]", (3, 4071), 0.0125, -0.25, 3e-11),
        component("parameters['W1'][0, 0]", (0, 0), 1.0, 1.00001, 2e-9),
    )
    in_b1 = component("parameters['b1'][2]", (2,), 0.1324, 0.0331, 4e-11)
    in_w2 = component("parameters['W2'][0, 1]", (0, 1), 0.0, 3.5e-3, 4e-11)
    fail = gp.Verdict.FAIL
    return report(
        fail,
        "3 of 4 tensors are wrong",
        (
            leaf("parameters['W1']", (5, 12288), fail, wrong=2, worst=in_w1[0]),
            leaf("parameters['b1']", (5,), fail, wrong=5, ratio=4.0, worst=in_b1),
            leaf("parameters['W2']", (1, 5), fail, wrong=5, ratio=0.0, worst=in_w2),
            leaf("parameters['b2']", (1,)),
        ),
        culprits=(*in_w1, in_b1, in_w2),
        causes=(
            gp.CauseFinding(
                code="GP106",
                name="value-differs-with-gradient",
                addresses=(),
                parameters={"value": 1.0, "with_gradient": 2.0},
                message="f gives 1.0, but the value returned with the gradient is 2.0",
                advice="Let both come from the same code: one of the two has a term or a factor "
                "that the other has not.",
            ),
        ),
    )


def inconclusive() -> gp.Report:
    undecided = gp.Verdict.INCONCLUSIVE
    worst = component("x[7]", (7,), 0.0, 0.5, 1e-9)
    return report(
        undecided,
        "f has a kink here: its slope is -1 on the left, 2 on the right",
        (leaf("x", (20,), undecided, undecided=3, reason="GP202", worst=worst),),
        causes=(
            gp.CauseFinding(
                code="GP202",
                name="kink",
                addresses=("x",),
                parameters={"left": -1.0, "right": 2.0},
                message="f has a kink here: its slope is -1 on the left, 2 on the right",
                advice="Move the point a little: beside the kink the gradient is unique.",
            ),
        ),
    )


REPORTS = {"pass": passing, "fail": failing, "inconclusive": inconclusive}
CASES = [(name, width) for name in REPORTS for width in WIDTHS]


def golden(name: str, width: int) -> Path:
    return GOLDEN / f"{name}_{width}.txt"


@pytest.mark.parametrize(("name", "width"), CASES)
def test_the_report_is_the_golden_one(name: str, width: int) -> None:
    expected = golden(name, width).read_text(encoding="utf-8")
    assert REPORTS[name]().summary(width=width) + "\n" == expected


def test_there_is_no_golden_file_that_nothing_is_compared_with() -> None:
    assert set(GOLDEN.glob("*.txt")) == {golden(name, width) for name, width in CASES}


@pytest.mark.parametrize(("name", "width"), [*CASES, ("fail", 40), ("pass", 41)])
def test_no_line_is_longer_than_the_width_and_none_ends_in_blanks(name: str, width: int) -> None:
    lines = REPORTS[name]().summary(width=width).splitlines()
    assert max(map(len, lines)) <= width
    assert all(line == line.rstrip() for line in lines)
    assert lines[0]
    assert lines[-1]


@pytest.mark.parametrize(("name", "width"), CASES)
def test_the_answer_stands_in_the_first_line(name: str, width: int) -> None:
    shown = REPORTS[name]()
    first = shown.summary(width=width).splitlines()[0]
    assert first.startswith(f"gradproof  {shown.verdict.value.upper()}   ")
    beginning = first.split("   ")[1]
    assert shown.headline.startswith(beginning)
    if len(shown.headline) <= width - 30:
        assert shown.headline in first


@pytest.mark.parametrize(("name", "width"), CASES)
def test_every_address_is_there_whole(name: str, width: int) -> None:
    shown = REPORTS[name]()
    text = shown.summary(width=width)
    for finding in shown.leaves:
        assert finding.address in text
    assert "…" not in text


@pytest.mark.parametrize(("name", "width"), CASES)
def test_plain_text_has_no_colours(name: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b" not in REPORTS[name]().summary(width=width)


def test_the_width_is_100_unless_another_is_asked_for() -> None:
    assert failing().summary() == failing().summary(width=100) == str(failing())


def test_a_width_below_40_is_taken_as_40() -> None:
    assert failing().summary(width=1) == failing().summary(width=40)


def test_the_terminal_shows_the_same_words_in_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for make in REPORTS.values():
        plain, coloured = io.StringIO(), io.StringIO()
        show(make(), Console(file=plain, width=80))
        show(
            make(),
            Console(
                file=coloured,
                width=80,
                force_terminal=True,
                color_system="standard",
                legacy_windows=False,
            ),
        )
        assert plain.getvalue() == make().summary(width=80) + "\n"
        assert "\x1b[" in coloured.getvalue()
        stripped = strip(coloured.getvalue())
        assert [line.rstrip() for line in stripped.splitlines()] == plain.getvalue().splitlines()


def strip(text: str) -> str:
    """Return a text without its ANSI codes."""
    parts = text.split("\x1b[")
    return parts[0] + "".join(part.partition("m")[2] for part in parts[1:])


def test_a_wide_terminal_does_not_make_wide_reports() -> None:
    out = io.StringIO()
    show(inconclusive(), Console(file=out, width=300))
    assert out.getvalue() == inconclusive().summary(width=100) + "\n"


def of_many(wrong: int, count: int = 200) -> gp.Report:
    leaves = [leaf(f"x['layer{i}']", (3,)) for i in range(count)]
    for i in range(wrong):
        place = count - 1 - 7 * i
        worst = component(f"x['layer{place}'][1]", (1,), 1.0, 2.0, 1e-9)
        leaves[place] = leaf(f"x['layer{place}']", (3,), gp.Verdict.FAIL, wrong=3, worst=worst)
    verdict = gp.Verdict.FAIL if wrong else gp.Verdict.PASS
    return report(verdict, f"{wrong} of {count} tensors are wrong", tuple(leaves))


@pytest.mark.parametrize("width", WIDTHS)
def test_many_tensors_that_pass_are_counted_and_not_listed(width: int) -> None:
    lines = of_many(0).summary(width=width).splitlines()
    assert len(lines) < 20
    assert lines[-1].strip() == "… and 188 more that pass"
    assert sum("'layer" in line for line in lines) == 12


@pytest.mark.parametrize("width", WIDTHS)
def test_those_that_do_not_pass_are_listed_among_many(width: int) -> None:
    text = of_many(3).summary(width=width)
    for place in (199, 192, 185):
        assert f"x['layer{place}']" in text
    assert "… and 185 more that pass" in text
    assert len(text.splitlines()) < 30


@pytest.mark.parametrize("width", WIDTHS)
def test_thousands_that_do_not_pass_are_counted_beyond_the_first(width: int) -> None:
    leaves = [leaf(f"x[{i}]", (), gp.Verdict.FAIL, wrong=1) for i in range(1_500)]
    leaves += [leaf(f"x[{i}]", (), gp.Verdict.INCONCLUSIVE) for i in range(1_500, 2_500)]
    leaves += [leaf(f"x[{i}]", ()) for i in range(2_500, 3_000)]
    lines = report(gp.Verdict.FAIL, "1,500 of 3,000 tensors are wrong", tuple(leaves)).summary(
        width=width
    )
    assert len(lines.splitlines()) < 130
    said = " ".join(lines.split())
    assert (
        "… and 1,476 more that fail and 976 more that are undecided and 488 more that pass" in said
    )
    for place in (0, 23, 1_500, 1_523, 2_500, 2_511):
        assert f"x[{place}]" in said
    for place in (24, 1_499, 1_524, 2_512):
        assert f"x[{place}]" not in said


def test_28_that_fail_are_all_listed() -> None:
    leaves = tuple(leaf(f"x[{i}]", (), gp.Verdict.FAIL, wrong=1) for i in range(28))
    text = report(gp.Verdict.FAIL, "all 28 tensors are wrong", leaves).summary()
    assert all(f"x[{i}]" in text for i in range(28))
    assert "more that" not in text


def test_shown_by_itself_a_report_is_a_line() -> None:
    found = of_many(3)
    assert repr(found) == "<gradproof.Report fail: 3 of 200 tensors are wrong>"
    assert str(found) == found.summary()


def test_a_few_tensors_are_all_listed() -> None:
    text = of_many(0, 16).summary()
    assert text.count("'layer") == 16
    assert "more that pass" not in text


@pytest.mark.parametrize("width", WIDTHS)
def test_a_long_address_is_broken_and_never_cut(width: int) -> None:
    address = "x['" + "abcdefghij" * 12 + "']"
    worst = component(address + "[1]", (1,), 1.0, 2.0, 1e-9)
    shown = report(
        gp.Verdict.FAIL,
        "1 of 2 tensors is wrong",
        (leaf(address, (3,), gp.Verdict.FAIL, wrong=2, worst=worst), leaf("x['b']", ())),
        culprits=(worst,),
    )
    text = shown.summary(width=width)
    assert max(map(len, text.splitlines())) <= width
    assert "".join(text.split()).count(address) == 2
    assert "…" not in text


@pytest.mark.parametrize("width", WIDTHS)
def test_control_characters_in_names_reach_no_terminal(width: int) -> None:
    name = "\x1b[31mred\x07\r\n"
    shown = gp.check(lambda t: t[name] ** 2, lambda t: {name: 3 * t[name]}, {name: 3.0})
    text = shown.summary(width=width)
    assert r"t['\x1b[31mred\x07\r\n']" in text
    assert not any(ord(char) < 32 for char in text.replace("\n", ""))


def test_the_price_is_in_words_that_fit_its_size() -> None:
    shown = dataclasses.replace(failing(), evaluations=1, seconds=123.4, seed=7)
    first = render(shown, width=100).splitlines()[0]
    assert first.endswith("1 evaluation   123 s   seed 7")


def rewrite() -> None:
    """Write all golden files anew."""
    GOLDEN.mkdir(exist_ok=True)
    for name, width in CASES:
        text = REPORTS[name]().summary(width=width) + "\n"
        golden(name, width).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    rewrite()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["[red]", "[/]", "[bold]x[/bold]", ":warning:", "[link=a]", "\\["])
def test_markup_in_names_is_not_interpreted(name: str, width: int) -> None:
    right = gp.check(lambda t: t[name] ** 2, lambda t: {name: 2 * t[name]}, {name: 3.0})
    wrong = gp.check(lambda t: t[name] ** 2, lambda t: {name: 3 * t[name]}, {name: 3.0})
    other = gp.check(lambda t: t["w"] ** 2, lambda t: {name: 3 * t["w"]}, {"w": 3.0})
    for shown in (right, wrong):
        assert shown.leaves[0].address in shown.summary(width=width)
    joined = "".join(other.summary(width=width).split())
    assert f"gradient[{name!r}]" in joined
