"""A grid as HTML: a plain table that a page may style. Tones and numbers are classes; everything else is escaped."""

import html
from collections.abc import Iterable

from overparam_cli.report.grid import Column, Grid, Words


def render(grid: Grid) -> str:
    """Return a grid as HTML: its lines as paragraphs around a <table>."""
    title = [f"<caption>{_escape(grid.title)}</caption>"] if grid.title else []
    head = _row(_cell("th", column, _escape(column.heading)) for column in grid.columns)
    body = (
        _row(_cell("td", column, _words(cell.words)) for column, cell in zip(grid.columns, row, strict=True))
        for row in grid.rows
    )
    table = ["<table>", *title, "<thead>", head, "</thead>", "<tbody>", *body, "</tbody>", "</table>"]
    return "\n".join([*map(_paragraph, grid.lead), *table, *map(_paragraph, grid.notes)]) + "\n"


def _row(cells: Iterable[str]) -> str:
    return f"<tr>{''.join(cells)}</tr>"


def _cell(tag: str, column: Column, content: str) -> str:
    number = ' class="number"' if column.align == "right" else ""
    return f"<{tag}{number}>{content}</{tag}>"


def _paragraph(words: Words) -> str:
    return f"<p>{_words(words)}</p>"


def _words(words: Words) -> str:
    return "".join(
        f'<span class="{span.tone}">{_escape(span.text)}</span>' if span.tone else _escape(span.text)
        for span in words.spans
    )


def _escape(text: str) -> str:
    return html.escape(text).replace("\n", "<br>\n")
