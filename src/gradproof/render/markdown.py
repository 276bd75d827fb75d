"""The report as Markdown (GitHub's), for job summaries, comments and notebooks."""

import re

from gradproof._base.outcomes import Verdict
from gradproof._base.text import printable
from gradproof.judge.parts import CauseFinding, ComponentFinding
from gradproof.judge.report import Record
from gradproof.judge.run import Run
from gradproof.render import words

# What Markdown, or mathematics and HTML in it, would take for markup.
_SPECIAL = re.compile(r"([\\`*_\[\]|$#~])")


def render(run: Run) -> str:
    """Return a run: a line for every problem, and all about what does not pass.

    A single report is shown whole, whatever its verdict.
    """
    if len(run.reports) == 1 and not run.errors:
        ((name, record),) = run.reports.items()
        return render_one(record, name=name)
    lines = [f"## gradproof: {run.total}", ""]
    lines += ["| problem | verdict | |", "|---|---|---|"]
    for name, record in run.reports.items():
        verdict = _strong(record.verdict.value.upper(), record.verdict)
        lines.append(f"| {_code(name, in_table=True)} | {verdict} | {_text(record.headline)} |")
    for name in run.errors:
        lines.append(f"| {_code(name, in_table=True)} | **ERROR** | could not be run |")
    lines.append("")
    for name, record in run.reports.items():
        if not record.passed:
            lines += [render_one(record, name=name)]
    for name, error in run.errors.items():
        lines += [f"### ERROR: {_code(name)}", "", *_fenced(error), ""]
    lines += [f"{run.evaluations:,} evaluations"]
    return "\n".join(lines) + "\n"


def render_one(record: Record, *, name: str = "") -> str:
    """Return one report; under its name where it has one."""
    verdict = f"{record.verdict.value.upper()}: {_text(record.headline)}"
    lines = [f"### {_code(name)}", ""] if name else []
    lines += [f"**gradproof {verdict}**", "", " · ".join(words.price(record).split("   ")), ""]
    if record.leaves:
        lines += [*_table(record), ""]
    listed = words.culprits(record)
    if listed is not None:
        lines += [f"**{listed.heading}**", "", *map(_culprit, listed.findings), ""]
    proof = words.certificate(record)
    if proof is not None:
        lines += [f"**{_text(proof[0])}**", _text(proof[1]), ""]
    for cause in record.causes:
        lines += [*_cause(cause), ""]
    controls = words.controls(record)
    if controls:
        lines += [f"**{_text(controls[0])}**", "", *(f"- {_text(one)}" for one in controls[1:]), ""]
    for note in record.notes:
        lines += [f"> note: {_text(note)}", ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _table(record: Record) -> list[str]:
    rows, more = words.rows(record)
    lines = ["| tensor | shape | verdict | |", "|---|---|---|---|"]
    for row in rows:
        verdict = _strong(row.verdict, row.leaf.verdict)
        address = _code(row.leaf.address, in_table=True)
        lines.append(f"| {address} | {row.shape} | {verdict} | {_text(row.words)} |")
    return [*lines, "", more] if more else lines


def _strong(word: str, verdict: Verdict) -> str:
    return word if verdict is Verdict.PASS else f"**{word}**"


def _culprit(finding: ComponentFinding) -> str:
    return f"- {_code(finding.address)}   {_text(words.both(finding))}"


def _cause(cause: CauseFinding) -> list[str]:
    where = words.where(cause)
    head = f"**{_text(f'{cause.code} {cause.name}')}**" + (f"   {_code(where)}" if where else "")
    return [
        head,
        "",
        f"- {_text(cause.message)}",
        f"- try: {_text(cause.advice)}",
        f"- see: {_code(f'gradproof explain {cause.code}')}",
    ]


def _text(said: str) -> str:
    """Return words that Markdown takes as they are, in one line."""
    flat = " ".join(printable(said).split("\n"))
    return _SPECIAL.sub(r"\\\1", flat.replace("&", "&amp;").replace("<", "&lt;"))


def _code(said: str, *, in_table: bool = False) -> str:
    """Return words as code, between as many backticks as these have not."""
    flat = " ".join(printable(said).split("\n"))
    longest = max((len(run) for run in re.findall("`+", flat)), default=0)
    fence = "`" * (longest + 1)
    room = " " if flat.startswith("`") or flat.endswith("`") else ""
    if in_table:  # a cell ends at any bar, inside of code, too
        flat = flat.replace("|", "\\|")
    return f"{fence}{room}{flat}{room}{fence}"


def _fenced(said: str) -> list[str]:
    longest = max((len(run) for run in re.findall("`+", said)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}text", *printable(said).split("\n"), fence]
