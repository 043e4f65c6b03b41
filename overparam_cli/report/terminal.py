"""A grid, or a line, on the terminal. The only place that knows rich's tables.

Text is handed over as text: square brackets are no markup here, and control characters, which could move the cursor or
colour what follows, are shown as escapes.
"""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from overparam_cli.report.grid import Cell, Column, Grid, Span, Tone, Words
from overparam_cli.spelling import spelled
from overparam_cli.words import printable

PIPED_WIDTH = 160  # rich would fold at 80 what a pipe or a file can take whole
NARROWEST = 20
GAP = 2  # between columns
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
    """Where tables go; a pipe or a file is as wide as COLUMNS says, if it says anything."""
    console = Console(highlight=False)
    if not console.is_terminal:
        given = os.environ.get("COLUMNS", "")
        console.width = max(int(given), NARROWEST) if given.isascii() and given.isdecimal() else PIPED_WIDTH
    return console


def show(*shown: Grid | Words | str, console: Console | None = None) -> None:
    """Print grids and lines, one below the other; a grid that is broader than the console row by row."""
    console = console or stdout()
    for one in shown:
        if not isinstance(one, Grid):
            console.print(_text(Words.of(one), console), highlight=False)
            continue
        for line in one.lead:
            console.print(_text(line, console), highlight=False)
        if one.airy or needs(one) <= console.width:
            console.print(_table(one, console))
        else:
            _print_stacked(one, console)
        if one.airy and one.notes:
            console.print()
        for line in one.notes:
            console.print(_text(line, console), highlight=False)


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


def needs(grid: Grid) -> int:
    """The columns of a terminal below which a grid would have to be broken within its numbers, or its words."""
    return sum(map(_least, grid.columns, zip(*grid.rows, strict=True))) + GAP * (len(grid.columns) - 1)


def _least(column: Column, cells: Sequence[Cell]) -> int:
    texts = [column.heading, *(str(cell.words) for cell in cells)]
    pieces = [piece for text in texts for piece in (text.split("\n") if _is_whole(column) else text.split())]
    return max(map(cell_len, pieces), default=0)


def _is_whole(column: Column) -> bool:
    """Whether its cells are not broken: numbers, and what is said to be whole."""
    return column.whole or column.align == "right"


def _text(words: Words, console: Console, tone: Tone = "") -> Text:
    text = Text(style=STYLES[tone])
    if len({span.tone for span in words.spans}) == 1:  # the tone of the whole cell, its padding included
        text = Text(style=STYLES[words.spans[0].tone or tone])
    for span in words.spans:
        text.append(_letters(span.text, console), STYLES[span.tone])
    return text


def _letters(text: str, console: Console) -> str:
    """Text as the console can show it."""
    return spelled(printable(text), console.encoding)


def _table(grid: Grid, console: Console) -> Table:
    title = Text(_letters(grid.title, console), "italic") if grid.title else None
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    if grid.airy:
        table.padding = (0, GAP, 1, 0)
        table.expand = True
    for column in grid.columns:
        _add(table, column, console)
    for row in grid.rows:
        table.add_row(*(_text(cell.words, console) for cell in row))
    return table


def _add(table: Table, column: Column, console: Console) -> None:
    table.add_column(
        Text(_letters(column.heading, console)),
        justify=column.align,
        ratio=column.share or None,
        no_wrap=_is_whole(column),
        overflow="ellipsis" if column.whole else "fold",
    )


def _print_stacked(grid: Grid, console: Console) -> None:
    """A row is a few lines: its first cells, as many as tell it from the others, and each other with its heading."""
    if grid.title:
        console.print(Text(_letters(grid.title, console), "italic"))
    told = _telling(grid)
    for row in grid.rows:
        console.print(_text(Words.of(*_heading(grid.columns, row[:told])), console, "strong"), highlight=False)
        lines = Table.grid(padding=(0, GAP, 0, 0))
        lines.add_column(overflow="fold")
        lines.add_column(overflow="fold")
        for column, cell in zip(grid.columns[told:], row[told:], strict=True):
            lines.add_row(Text(_letters(column.heading, console)), _text(cell.words, console))
        console.print(Padding(lines, (0, 0, 0, GAP)))


def _telling(grid: Grid) -> int:
    """How many of the first columns tell every row from the others; one where nothing does."""
    for told in range(1, len(grid.columns)):
        heads = [tuple(str(cell.words) for cell in row[:told]) for row in grid.rows]
        if len({*heads}) == len(heads):
            return told
    return 1


def _heading(columns: Sequence[Column], cells: Sequence[Cell]) -> Iterator[str | Span | Words]:
    for place, (column, cell) in enumerate(zip(columns, cells, strict=False)):
        yield Span(f"{' · ' if place else ''}{column.heading} ", "faint")
        yield cell.words
