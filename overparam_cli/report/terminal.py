"""A grid, or a line, on the terminal. The only place that knows rich's tables.

Text is handed over as text: square brackets are no markup here, and control characters, which could move the cursor or
colour what follows, are shown as escapes.
"""

import sys
from collections.abc import Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from overparam_cli.report.grid import Column, Grid, Tone, Words
from overparam_cli.words import printable

PIPED_WIDTH = 160  # rich would fold at 80 what a pipe or a file can take whole
STYLES: Mapping[Tone, str] = {
    "": "",
    "strong": "bold",
    "faint": "dim",
    "good": "bold green",
    "bad": "bold red",
    "mixed": "bold yellow",
    "caution": "yellow",
}


def stdout() -> Console:
    """Where tables go."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = PIPED_WIDTH
    return console


def show(*shown: Grid | Words | str, console: Console | None = None) -> None:
    """Print grids and lines, one below the other."""
    console = console or stdout()
    for one in shown:
        if isinstance(one, Grid):
            for line in one.lead:
                console.print(_text(line), highlight=False)
            console.print(_table(one))
            if one.airy and one.notes:
                console.print()
            for line in one.notes:
                console.print(_text(line), highlight=False)
        else:
            console.print(_text(Words.of(one)), highlight=False)


def echo(line: str) -> None:
    """Print a line as it is: whatever its length, it is not broken, so that paths stay whole."""
    print(printable(line), file=sys.stdout, flush=True)


def note(line: str) -> None:
    """Say something beside the output, on standard error."""
    print(f"note: {printable(line)}", file=sys.stderr, flush=True)


def render(grid: Grid, width: int = PIPED_WIDTH) -> str:
    """Return a grid as plain text, at most `width` columns wide."""
    console = Console(width=width, force_terminal=False, color_system=None, highlight=False)
    with console.capture() as capture:
        show(grid, console=console)
    return capture.get()


def _text(words: Words) -> Text:
    if len({span.tone for span in words.spans}) == 1:  # the tone of the whole cell, its padding included
        return Text(printable(str(words)), STYLES[words.spans[0].tone])
    text = Text()
    for span in words.spans:
        text.append(printable(span.text), STYLES[span.tone])
    return text


def _table(grid: Grid) -> Table:
    title = Text(printable(grid.title), "italic") if grid.title else None
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    if grid.airy:
        table.padding = (0, 2, 1, 0)
        table.expand = True
    for column in grid.columns:
        _add(table, column)
    for row in grid.rows:
        table.add_row(*(_text(cell.words) for cell in row))
    return table


def _add(table: Table, column: Column) -> None:
    table.add_column(
        Text(printable(column.heading)),
        justify=column.align,
        ratio=column.share or None,
        no_wrap=column.whole,
        overflow="ellipsis" if column.whole else "fold",
    )
