"""A grid as HTML: a plain table that a page may style and sort. Tones and numbers are classes; all text is escaped."""

import html
from collections.abc import Iterable

from overparam_cli.report.grid import Cell, Column, Grid, Value, Words
from overparam_cli.words import printable


def render(grid: Grid) -> str:
    """Return a grid as HTML: its lines as paragraphs around a <table>."""
    title = [f"<caption>{_escape(grid.title)}</caption>"] if grid.title else []
    head = _row(_heading(column) for column in grid.columns)
    body = (_row(map(_cell, grid.columns, row)) for row in grid.rows)
    start = '<table class="airy">' if grid.airy else "<table>"
    table = [start, *title, "<thead>", head, "</thead>", "<tbody>", *body, "</tbody>", "</table>"]
    return "\n".join([*map(_paragraph, grid.lead), *table, *map(_paragraph, grid.notes)]) + "\n"


def _row(cells: Iterable[str]) -> str:
    return f"<tr>{''.join(cells)}</tr>"


def _heading(column: Column) -> str:
    return f'<th scope="col"{_class(column)}>{_escape(column.heading)}</th>'


def _cell(column: Column, cell: Cell) -> str:
    number = column.align == "right" and not any(letter.isspace() for letter in str(cell.words))
    return f"<td{_class(column, whole=number)}{_rank(cell.value)}>{_words(cell.words)}</td>"


def _class(column: Column, *, whole: bool = False) -> str:
    """The classes of a cell; a number is `whole`: 1e-2 is not broken at its sign."""
    names = [name for name, there in (("number", column.align == "right"), ("whole", column.whole or whole)) if there]
    return f' class="{" ".join(names)}"' if names else ""


def _rank(value: Value) -> str:
    """The number by which a cell is sorted, whatever people read there."""
    return f' data-value="{value!r}"' if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _paragraph(words: Words) -> str:
    return f"<p>{_words(words)}</p>"


def _words(words: Words) -> str:
    return "".join(
        f'<span class="{span.tone}">{_escape(span.text)}</span>' if span.tone else _escape(span.text)
        for span in words.spans
    )


def _escape(text: str) -> str:
    return html.escape(printable(text)).replace("\n", "<br>\n")
