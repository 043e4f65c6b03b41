"""A grid as JSON: a list of objects, one a row, with values and no text for people."""

import json
import sys
from math import isfinite

from overparam_cli.report.grid import Grid, Value
from overparam_cli.words import harmless


def records(grid: Grid) -> list[dict[str, Value]]:
    """Return column → value for every row; what is not a finite number is None."""
    names = [column.name for column in grid.columns]
    return [dict(zip(names, (plain(cell.value) for cell in row), strict=True)) for row in grid.rows]


def plain(value: Value) -> Value:
    """Return a value as JSON takes it: None for NaN and the infinities."""
    return None if isinstance(value, float) and not isfinite(value) else value


def render(grid: Grid) -> str:
    """Return a grid's rows as JSON."""
    return dumps(records(grid))


def show(content: object) -> None:
    """Print JSON; letters that standard output does not take as JSON's own escapes."""
    text = dumps(content)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = "".join(letter if letter.isascii() else json.dumps(letter)[1:-1] for letter in text)
    print(text, file=sys.stdout, flush=True)


def dumps(content: object) -> str:
    """Return JSON that any reader takes: indented, no NaN, and nothing in it that steers a terminal."""
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    return "".join(character if harmless(character) else f"\\u{ord(character):04x}" for character in text)
