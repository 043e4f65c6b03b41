"""The table of `overparam verify` on the terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from overparam_cli.claims.model import (
    MIXED,
    NOT_REPRODUCED,
    NOT_RUN,
    REPRODUCED,
    WHOLE,
    Result,
    tally,
)

WIDE = 140  # columns from which on six fit side by side
STYLES = {REPRODUCED: "bold green", NOT_REPRODUCED: "bold red", MIXED: "bold yellow", NOT_RUN: "dim"}


def print_results(results: Sequence[Result], console: Console) -> None:
    """Print a row a claim, then the number of each verdict.

    Six columns where they fit; else two, of which the second holds everything about a claim below each other.
    """
    console.print(_wide(results) if console.width >= WIDE else _narrow(results))
    counts = [f"{number} {verdict}" for verdict, number in tally(results).items() if number]
    console.print(Text(f"\n{', '.join(counts)}"))


def _wide(results: Sequence[Result]) -> Table:
    table = _table()
    table.add_column("claim", no_wrap=True)
    for title, share in (("the paper says", 5), ("where", 2), ("measured", 9), ("required", 4)):
        table.add_column(title, ratio=share, overflow="fold")
    table.add_column("verdict", no_wrap=True)
    for result in results:
        claim = result.claim
        cells = (claim.id, claim.statement, claim.where, _measured(result), claim.requirement, _verdict(result))
        table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in cells))
    return table


def _narrow(results: Sequence[Result]) -> Table:
    table = _table()
    table.add_column("claim, verdict", no_wrap=True)
    table.add_column("", ratio=1, overflow="fold")
    for result in results:
        claim = result.claim
        text = Text(f"{claim.statement} ({claim.where})\n").append("required: ", "bold").append(claim.requirement)
        text.append("\nmeasured: ", "bold").append_text(_measured(result))
        table.add_row(Text(f"{claim.id}\n").append_text(_verdict(result)), text)
    return table


def _table() -> Table:
    return Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 1, 0), expand=True)


def _verdict(result: Result) -> Text:
    """Return the verdict and for how many seeds it holds; an indication is marked as what it is."""
    seeds = len(result.cases)
    count = f" {result.held}/{seeds}" if seeds and WHOLE not in result.cases else ""
    if result.indication:
        return Text(result.verdict, STYLES[result.verdict]).append(
            f"\nindication only:\n{result.indication}{count}", "dim"
        )
    return Text(f"{result.verdict}{count if result.counts else ''}", STYLES[result.verdict])


def _measured(result: Result) -> Text:
    """Return what was measured, what must be known beside it, and without a verdict the command that leads to one."""
    lines = [Text(result.finding.measured if result.finding else "—")]
    lines += [Text(note, "dim") for note in result.notes]
    if not result.counts:
        lines.append(Text(f"run: {result.command}"))
    return Text("\n").join(lines)
