"""What a soak found: a table, and the targets that it has to meet."""

from __future__ import annotations

from benchmarks.soak.running import Soak

_MARKS = (0.1, 0.5, 1.0)  # shares of the checks after which is told what the process holds
# Of the resident memory, from a tenth of the checks on: less than 100 bytes a check in a whole run.
_GROWTH = 1.1
_WARM = 1_000  # checks, after which everything is imported and every cache is full
_LEFT = 64.0  # KiB that are left by some hundred checks


def misses_of(soak: Soak) -> list[str]:
    """Return every target that was missed, in words."""
    (first, early), (_, late) = (soak.held_after(share) for share in (_MARKS[0], 1.0))
    found = [f"wrong verdict: {one}" for one in soak.wrong]
    found += [f"left changed: {one}" for one in soak.changed]
    if first >= _WARM and late.memory > _GROWTH * early.memory:
        found.append(f"memory grew from {early.memory:.1f} to {late.memory:.1f} MiB")
    if soak.left > _LEFT:
        found.append(f"{soak.left:.0f} KiB are left by some checks")
    if late.files > early.files:
        found.append(f"{late.files} files are open, {early.files} were")
    if late.threads > early.threads:
        found.append(f"{late.threads} threads run, {early.threads} did")
    return found


def table(soak: Soak) -> str:
    """Return the counts in Markdown."""
    verdicts = ("pass", "fail", "inconclusive")
    lines = ["| claim | checks | pass | fail | inconclusive | wrong verdicts |", "|---" * 6 + "|"]
    for kind in ("right", "wrong"):
        counts = [soak.verdicts[kind, verdict] for verdict in verdicts]
        cells = " | ".join(
            f"{count:,}" for count in (sum(counts), *counts, soak.wrong_by_claim[kind])
        )
        lines.append(f"| {kind} | {cells} |")
    lines += [
        "",
        "| after | resident memory | objects | open files | threads |",
        "|---" * 5 + "|",
    ]
    for share in _MARKS:
        checks, held = soak.held_after(share)
        lines.append(
            f"| {checks:,} checks | {held.memory:.1f} MiB | {held.objects:,} | {held.files} "
            f"| {held.threads} |"
        )
    ways = ", ".join(f"{name} {count:,}" for name, count in sorted(soak.ways.items()))
    lines += [
        "",
        f"{soak.checks:,} checks with {soak.evaluations:,} evaluations in one process, seed "
        f"{soak.seed}; {ways}. Left changed: {len(soak.changed)}. Allocated by the last of three "
        f"runs of the same {soak.repeated} checks, and not given back: {soak.left:.1f} KiB.",
    ]
    return "\n".join(lines) + "\n"
