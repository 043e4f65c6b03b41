"""`table --format`: the same table for a paper, a page, a spreadsheet, a program."""

import io
import json
import re
from pathlib import Path

import pandas as pd
import pytest
from support.program import program

from overparam_cli.report import latex
from overparam_cli.report.grid import Cell, Column, Grid

RESULTS = ("--results", str(Path(__file__).parents[2] / "results" / "reference"))


def shown(*arguments: str) -> str:
    code, out, err = program("table", *arguments, *RESULTS)
    assert code == 0, err
    return out


def test_csv_is_one_table_with_the_numbers_of_json() -> None:
    table = pd.read_csv(io.StringIO(shown("fig3", "fig4-right", "--format", "csv"))).set_index(
        ["run", "variant", "curve"]
    )
    summaries = json.loads(shown("fig3", "fig4-right", "--format", "json"))
    assert summaries == json.loads(shown("fig3", "fig4-right", "--json"))
    curves = [(one["name"], one["variant"], curve) for one in summaries for curve in one["curves"]]
    assert len(curves) == len(table) == 9
    for name, variant, curve in curves:
        row = table.loc[(name, variant, curve["curve"])]
        assert (row["lr"], row["final_gap"]) == (curve["selection"]["lr"], curve["final_gap"]["median"])


def test_csv_of_a_statement_of_the_theory_is_its_table() -> None:
    assert shown("fig1", "--format", "md").count("|---") > 0
    code, _, err = program("table", "fig1", "fig3", "--format", "csv", *RESULTS)
    assert (code, err) == (
        2,
        "error: a CSV file is one table: name experiments with trials, or one statement of the theory\n",
    )


def test_markdown_and_html_have_every_table_and_note() -> None:
    markdown, page = shown("fig3", "--format", "md"), shown("fig3", "--format", "html")
    assert markdown.count("| curve |") == page.count('<th scope="col">curve</th>') >= 2
    assert "| 3 layers | 1e-3 | 3 of 3 |" in markdown


def test_latex_is_a_tabular_of_every_table() -> None:
    text = shown("fig3", "--format", "latex")
    tables = re.findall(
        r"\\begin\{tabular\}\{([lr]+)\}\n\\toprule\n(.*?)\\bottomrule\n\\end\{tabular\}", text, re.DOTALL
    )
    assert len(tables) == text.count(r"\begin{tabular}") >= 2
    for columns, body in tables:
        rows = [line for line in body.splitlines() if line != r"\midrule"]
        assert {len(re.findall(r"(?<!\\)&", row)) + 1 for row in rows} == {len(columns)}
    assert r"$\times$" in text
    assert r"$\cdot$" in text
    assert not re.search("[×·†ℓ—]", text)


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("50 % of_a & b", r"50 \% of\_a \& b"),
        (r"\x{y}^2~#$", r"\textbackslash{}x\{y\}\textasciicircum{}2\textasciitilde{}\#\$"),
        ("a\nb", "a b"),
        ("3.6× − ℓ4", r"3.6$\times$ $-$ $\ell$4"),
    ],
)
def test_latex_commands_in_text_are_text(text: str, escaped: str) -> None:
    assert latex.escape(text) == escaped
    grid = Grid.of([Column("a_b"), "n"], [[Cell("x", text), 1]], title="T&T", notes=["100%"])
    assert latex.render(grid) == (
        "\\noindent\\textbf{T\\&T}\n\n\\begin{tabular}{lr}\n\\toprule\na\\_b & n \\\\\n\\midrule\n"
        f"{escaped} & 1 \\\\\n\\bottomrule\n\\end{{tabular}}\n\n\\noindent 100\\%\n"
    )
