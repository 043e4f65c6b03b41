"""What was found of an installation: `overparam doctor`."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from overparam_cli.report import json, terminal
from overparam_cli.report.grid import Cell, Column, Grid, Span, Value, Words
from overparam_cli.words import count

State = Literal["good", "caution", "broken"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        topic: what it is listed under.
        what: its name within the topic.
        value: what was found.
        state: good; caution where something is not to be had, or not known, and a run does without; broken.
        note: why, and what to do about it.
        exit_code: of the command, where this is the first thing that is broken.
    """

    topic: str
    what: str
    value: Value
    state: State = "good"
    note: str = ""
    exit_code: int = 1


def broken(findings: Sequence[Finding]) -> list[Finding]:
    """Return those that are."""
    return [own for own in findings if own.state == "broken"]


def print_checkup(findings: Sequence[Finding], *, as_json: bool) -> None:
    """Print a line a finding, or all of it as JSON."""
    if as_json:
        json.show({"broken": len(broken(findings)), "findings": [_record(own) for own in findings]})
    else:
        terminal.show(checkup_grid(findings))


def checkup_grid(findings: Sequence[Finding]) -> Grid:
    """Return the findings as two columns that any terminal has room for, each topic under its name."""
    rows: list[tuple[Cell, Cell]] = []
    for topic in dict.fromkeys(own.topic for own in findings):
        rows += [(Cell("", ""), Cell("", ""))] if rows else []
        rows.append((Cell(topic, Span(topic, "strong")), Cell("", "")))
        rows += [
            (Cell(own.what, f"  {own.what}"), Cell(own.value, _said(own))) for own in findings if own.topic == topic
        ]
    wrong = len(broken(findings))
    verdict = Span(f"{count(wrong, 'thing')} broken", "bad") if wrong else Span("nothing is broken", "good")
    columns = (Column("looked at", "what", whole=True), Column("found", "value"))
    return Grid.of(columns, rows, notes=["", verdict])


def _said(finding: Finding) -> Words:
    """What was found, then why and what to do."""
    found = Words.of(Cell(finding.value).words)
    if finding.state == "broken":
        return Words.of(found, Span(" BROKEN", "bad"), f": {finding.note}" if finding.note else "")
    tone: Literal["caution", "faint"] = "caution" if finding.state == "caution" else "faint"
    return Words.of(found, Span(f" – {finding.note}", tone)) if finding.note else found


def _record(finding: Finding) -> dict[str, Value]:
    """A finding as programs read it."""
    return {key: value for key, value in asdict(finding).items() if key != "exit_code"}
