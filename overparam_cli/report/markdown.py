"""A grid as Markdown: a table as GitHub reads them, its lines as paragraphs around it."""

import re

from overparam_cli.report.grid import Grid, Words

RULES = {"left": "---", "right": "---:"}


def render(grid: Grid) -> str:
    """Return a grid as Markdown."""
    rows = [[column.heading for column in grid.columns], *([str(cell.words) for cell in row] for row in grid.rows)]
    lines = ["| " + " | ".join(map(escape, row)) + " |" for row in rows]
    lines.insert(1, "|" + "|".join(RULES[column.align] for column in grid.columns) + "|")
    title = [f"**{escape(grid.title)}**"] if grid.title else []
    paragraphs = [*map(_paragraph, grid.lead), *title, "\n".join(lines), *map(_paragraph, grid.notes)]
    return "\n\n".join(paragraphs) + "\n"


def escape(text: str) -> str:
    """Return text as a cell takes it: it neither ends the cell nor starts a tag or emphasis; a line break is one."""
    text = re.sub(r"[\\|*`]", r"\\\g<0>", text)
    return re.sub(r"<(?=[A-Za-z/!?])", "&lt;", text).replace("\n", "<br>")


def _paragraph(words: Words) -> str:
    return escape(str(words))
