"""The table of `overparam verify`."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from rich.console import Console

from overparam_cli.claims.model import MIXED, NOT_REPRODUCED, NOT_RUN, REPRODUCED, WHOLE, Result, tally
from overparam_cli.report import terminal
from overparam_cli.report.grid import NOTHING, Cell, Column, Grid, Span, Tone, Words
from overparam_cli.words import count

Worlds = Mapping[str, Mapping[str, Any]]

WIDE = 140  # columns from which on six fit side by side
TONES: dict[str, Tone] = {REPRODUCED: "good", NOT_REPRODUCED: "bad", MIXED: "mixed", NOT_RUN: "faint"}


def print_results(
    results: Sequence[Result], console: Console | None = None, worlds: Worlds = MappingProxyType({})
) -> None:
    """Print a row a claim, then the number of each verdict; six columns where they fit, else two.

    `worlds` is what a multiverse says beside (`Report.worlds`).
    """
    console = console or terminal.stdout()
    terminal.show((grid if console.width >= WIDE else narrow)(results, worlds), console=console)


def grid(results: Sequence[Result], worlds: Worlds = MappingProxyType({})) -> Grid:
    """Return a row a claim in six columns."""
    columns = (
        Column("claim", whole=True),
        Column("the paper says", share=5),
        Column("where", share=2),
        Column("measured", share=9),
        Column("required", share=4),
        Column("verdict", whole=True),
    )
    rows = (_row(result, worlds) for result in results)
    return Grid.of(columns, rows, notes=[_counts(results)], airy=True)


def _row(result: Result, worlds: Worlds) -> tuple[Cell, ...]:
    claim = result.claim
    measured = Cell(result.finding.measured if result.finding else None, _measured(result, worlds))
    name, statement, where, required = map(Cell, (claim.id, claim.statement, claim.where, claim.requirement))
    return name, statement, where, measured, required, Cell(result.verdict, _verdict(result))


def narrow(results: Sequence[Result], worlds: Worlds = MappingProxyType({})) -> Grid:
    """Return a row a claim in two columns, of which the second holds everything about it below each other."""
    rows = []
    for result in results:
        claim = result.claim
        judged = Words.of(f"{claim.id}\n", _verdict(result))
        details = Words.of(
            f"{claim.statement} ({claim.where})\n",
            Span("required: ", "strong"),
            claim.requirement,
            Span("\nmeasured: ", "strong"),
            _measured(result, worlds),
        )
        rows.append((Cell(claim.id, judged), Cell(claim.statement, details)))
    columns = (Column("claim, verdict", "claim", whole=True), Column("", "details", share=1))
    return Grid.of(columns, rows, notes=[_counts(results)], airy=True)


def _counts(results: Sequence[Result]) -> str:
    return ", ".join(f"{number} {verdict}" for verdict, number in tally(results).items() if number)


def _verdict(result: Result) -> Words:
    """Return the verdict and for how many seeds it holds; an indication is marked as what it is."""
    seeds, tone = len(result.cases), TONES[result.verdict]
    count = f" {result.held}/{seeds}" if seeds and WHOLE not in result.cases else ""
    if result.indication:
        return Words.of(Span(result.verdict, tone), Span(f"\nindication only:\n{result.indication}{count}", "faint"))
    return Words.of(Span(f"{result.verdict}{count if result.counts else ''}", tone))


def _measured(result: Result, worlds: Worlds) -> Words:
    """Return what was measured, what must be known beside it, and without a verdict the command that leads to one."""
    found = Words.of(result.finding.measured if result.finding else NOTHING)
    beside = worlds.get(result.claim.id)
    notes = [Span(f"\n{note}", "faint") for note in (*result.notes, *([_worlds(beside)] if beside else ()))]
    return Words.of(found, *notes, *(() if result.counts else (f"\nrun: {result.command}",)))


def _worlds(found: Mapping[str, Any]) -> str:
    """Return in how many worlds of the multiverse a claim holds, what decides it, and the outcome at the best rate."""
    undecided = f", {found['undecided']:,} undecided" if found["undecided"] else ""
    decided = f"; decided by {' = '.join(found['deciding'])}" if found["deciding"] else ""
    best = f"; at the truly best learning rate: {found['at_best']}" if found["at_best"] else ""
    return f"multiverse: holds in {found['holds']:,} of {count(found['run'], 'world')}{undecided}{decided}{best}"
