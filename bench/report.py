"""Figures as tables: on the terminal and, dated, in bench/results/."""

import datetime
import os
import pathlib
import platform
from dataclasses import dataclass, field

from trial import Trial
from workloads import MEGABYTE, WANTED, Wanted, Workload

HEADER = ("contender", "wall s", "client CPU s", "peak RSS MB", "output MB", "rows per CPU-s", "server CPU s", "machine busy s")


@dataclass
class Outcome:
    """The medians of one workload."""

    workload: Workload
    rows: int
    runs: int
    medians: dict[str, Trial]
    notes: list[str] = field(default_factory=list)


def figures(outcome: Outcome, contender: str) -> tuple[str, ...]:
    trial = outcome.medians[contender]
    megabytes = [f"{value / MEGABYTE:.0f}" if value else "–" for value in (trial.peak_rss, trial.output)]
    speed = f"{outcome.rows / trial.cpu:,.0f}" if trial.cpu else "–"
    return (contender, f"{trial.wall:.2f}", f"{trial.cpu:.2f}", *megabytes, speed, f"{trial.server:.2f}", f"{trial.busy:.2f}")


def doubt(medians: dict[str, Trial], wanted: Wanted) -> str:
    """Why a figure does not count: wall times are those of a machine that the contender had to itself."""
    if wanted.figure != "wall":
        return ""
    if wanted.base == "floor" and not medians["floor"].fills_the_machine():
        return " (does not count: the floor did not fill the machine alone)"
    measured = [medians[name] for name in (wanted.contender, wanted.base) if name]
    return "" if all(trial.alone() for trial in measured) else " (does not count: something else used the machine)"


def judge(outcome: Outcome, wanted: Wanted) -> str | None:
    """One sentence on one wanted figure; None where a contender that it needs did not run."""
    medians = outcome.medians
    if wanted.contender not in medians or (wanted.base and wanted.base not in medians):
        return None
    value = getattr(medians[wanted.contender], wanted.figure) / wanted.unit
    what, bound = f"{wanted.contender} {wanted.figure}", f"{wanted.limit:g}"
    if wanted.base:
        value /= getattr(medians[wanted.base], wanted.figure)
        what, bound = f"{what} / {wanted.base} {wanted.figure}", f"{wanted.limit:.2f}"
    return f"{what} = {value:.2f}, wanted ≤ {bound}: {'met' if value <= wanted.limit else 'NOT MET'}{doubt(medians, wanted)}"


def table(rows: list[tuple[str, ...]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(zip(row, widths))) + " |"
        for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 1) + ("-" if i == 0 else ":") for i, width in enumerate(widths)) + "|")
    return "\n".join(lines)


def section(outcome: Outcome) -> str:
    """A workload's part of the page."""
    title = f"## {outcome.workload.name}\n\n{outcome.workload.doc}; {outcome.rows:,} rows, the median of {outcome.runs} runs in each column.\n"
    figure_table = table([HEADER, *(figures(outcome, contender) for contender in outcome.medians)])
    judged = [judge(outcome, wanted) for wanted in WANTED if wanted.workload == outcome.workload.name]
    points = [f"* {line}" for line in (*filter(None, judged), *outcome.notes)]
    return "\n".join([title, figure_table, "", *points, ""])


def machine() -> str:
    processor = "unknown processor"
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            processor = line.split(":", 1)[1].strip()
            break
    return f"{os.cpu_count()} cores ({processor}), Linux {platform.release()}; database server and client share them."


def write(outcomes: list[Outcome], folder: pathlib.Path) -> pathlib.Path:
    """Today's page. Workloads that it holds and that did not run now stay as they are."""
    today = datetime.date.today().isoformat()
    page = folder / f"{today}.md"
    sections = {}
    if page.exists():
        for old in page.read_text().split("\n## ")[1:]:
            sections[old.split("\n", 1)[0]] = "## " + old.rstrip("\n") + "\n"
    sections |= {outcome.workload.name: section(outcome) for outcome in outcomes}
    folder.mkdir(parents=True, exist_ok=True)
    page.write_text(f"# Bench of {today}\n\n{machine()}\n\n" + "\n".join(sections.values()))
    return page
