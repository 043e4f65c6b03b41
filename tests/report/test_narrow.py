"""Tables where there is little room, or no letters but ASCII's."""

import ast
import io
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from support.program import program

from overparam_cli.report import json as as_json
from overparam_cli.report import terminal
from overparam_cli.report.grid import Cell, Column, Grid
from overparam_cli.spelling import HANDLER, SPELLED, spelled

ROOT = Path(__file__).parents[2]
ROWS = [["1 layer", Cell(1e-3, "1e-3"), Cell(0.1, "0.1 [0.01, 0.2]"), 1_000_000]] * 2 + [["2 layers", 1e-4, 0.2, 2]]
GRID = Grid.of(["curve", "lr", Column("final gap", align="right"), "iterations"], ROWS, title="what was found")
COMMANDS: dict[str, tuple[str, ...]] = {
    "table": ("table", "fig3", "--results", str(ROOT / "results" / "reference")),
    "show": ("show", "fig3"),
    "status": ("status", "--results", str(ROOT / "results" / "reference")),
    "list": ("list",),
}


def words(text: str) -> list[str]:
    return sorted(text.split())


def test_a_grid_is_a_table_exactly_where_its_numbers_fit() -> None:
    least = terminal.needs(GRID)
    assert least == len("layers") + len("0.0001") + len("0.1 [0.01, 0.2]") + len("iterations") + 3 * terminal.GAP
    assert "curve      " in terminal.render(GRID, least)
    stacked = terminal.render(GRID, least - 1)
    assert "\ncurve 2 layers\n" in stacked
    assert re.search("^  final gap +0.1 \\[0.01, 0.2\\] *$", stacked, re.MULTILINE)


def test_rows_are_told_from_each_other_when_they_are_stacked() -> None:
    rows = [["l2", "one", 1], ["l2", "two", 2], ["l4", "one", 1]]
    text = terminal.render(Grid.of(["variant", "curve", Column("x" * 60, align="right")], rows), 40)
    assert [line.rstrip() for line in text.splitlines() if line[0] != " "] == [
        f"variant {one} · curve {other}" for one, other, _ in rows
    ]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("width", [60, 80, 99, 200])
def test_no_number_is_broken_and_no_line_too_long_for_the_columns(
    command: str, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipe has the columns that COLUMNS says."""
    monkeypatch.setenv("COLUMNS", "10000")
    _, whole, _ = program(*COMMANDS[command])
    monkeypatch.setenv("COLUMNS", str(width))
    code, out, _ = program(*COMMANDS[command])
    assert code == 0
    assert max(map(len, out.splitlines())) <= width
    numbers = re.compile(r"\d[\d,.]{3,}(?:e-\d+)?")
    assert {*numbers.findall(whole)} == {*numbers.findall(out)}


@pytest.mark.parametrize(("given", "width"), [("", 160), ("wide", 160), ("-3", 160), ("1", 20), ("75", 75)])
def test_what_columns_says(given: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", given)
    monkeypatch.setattr("sys.stdout", io.StringIO())
    assert terminal.stdout().width == width


def ascii_console() -> tuple[Console, io.BytesIO]:
    raw = io.BytesIO()
    return Console(file=io.TextIOWrapper(raw, "ascii", HANDLER, write_through=True), width=60, color_system=None), raw


def test_a_table_in_ascii_says_what_its_signs_mean_and_stays_straight() -> None:
    console, raw = ascii_console()
    grid = Grid.of(["η", Column("speedup", align="right")], [["≤ 1", "1.36×"], ["→ 2", "12×"]], notes=["ℓ4 · ‖W‖"])
    terminal.show(grid, "× diverged", console=console)
    lines = raw.getvalue().decode("ascii").splitlines()
    assert lines == ["eta   speedup", "<= 1    1.36x", "-> 2      12x", "l4 - ||W||", "x diverged"]


def test_letters_without_a_spelling_can_still_be_told() -> None:
    assert spelled("é≤ж", "ascii") == "\\xe9<=\\u0436"
    assert spelled("é≤ж", "latin-1") == "é<=\\u0436"
    assert spelled("é≤ж", "utf-8") == "é≤ж"


def test_every_sign_that_the_program_says_has_a_spelling() -> None:
    said = {*"".join(text for path in (ROOT / "overparam_cli").rglob("*.py") for text in literals(path))}
    for path in (ROOT / "configs").glob("*.toml"):
        said |= {*json.dumps(tomllib.loads(path.read_text(encoding="utf-8")), ensure_ascii=False)}
    assert not {sign for sign in said if not sign.isascii()} - set(SPELLED) - UNSAID
    assert all(text.isascii() for text in SPELLED.values())


UNSAID = {*"\ufeff\u2028\u200b\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"}  # invisible


def literals(path: Path) -> list[str]:
    """The texts of a file's code, but for docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documented = [node for node in ast.walk(tree) if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)]
    docs = {id(node.body[0].value) for node in documented if isinstance(node.body[0], ast.Expr)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs
    ]


def test_json_in_ascii_is_the_same_json(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, "ascii", HANDLER, write_through=True))
    content: dict[str, Any] = {"label": "η ≤ 1 \U0001f600", "é": [1, None]}
    as_json.show(content)
    assert json.loads(raw.getvalue().decode("ascii")) == content
