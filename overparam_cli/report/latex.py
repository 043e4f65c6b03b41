r"""A grid as LaTeX: a tabular with the rules of booktabs, its lines as paragraphs around it.

\usepackage{booktabs}
"""

import re

from overparam_cli.report.grid import Column, Grid, Words

SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "\n": " ",
    "<": "$<$",
    ">": "$>$",
    "—": "---",
    "–": "--",
    "†": r"\dag{}",
    "…": r"\dots{}",
    "’": "'",
    "×": r"$\times$",
    "−": "$-$",
    "±": r"$\pm$",
    "·": r"$\cdot$",
    "≤": r"$\le$",
    "≥": r"$\ge$",
    "→": r"$\to$",
    "‖": r"$\Vert$",
    "ℓ": r"$\ell$",
    "η": r"$\eta$",
    "λ": r"$\lambda$",
    "δ": r"$\delta$",
    **{digit: f"$^{place}$" for place, digit in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
    **{digit: f"$_{place}$" for place, digit in enumerate("₀₁₂₃₄₅₆₇₈₉")},
}
_ANY = re.compile("|".join(map(re.escape, SPECIAL)))


def render(grid: Grid) -> str:
    """Return a grid as LaTeX."""
    columns = "".join(map(_alignment, grid.columns))
    title = [rf"\noindent\textbf{{{escape(grid.title)}}}"] if grid.title else []
    table = [
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        _row([column.heading for column in grid.columns]),
        r"\midrule",
        *(_row([str(cell.words) for cell in row]) for row in grid.rows),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return "\n\n".join([*map(_paragraph, grid.lead), *title, "\n".join(table), *map(_paragraph, grid.notes)]) + "\n"


def escape(text: str) -> str:
    """Return text as LaTeX shows it: no character commands, and those that fonts lack are formulas."""
    return _ANY.sub(lambda found: SPECIAL[found[0]], text)


def _alignment(column: Column) -> str:
    return {"left": "l", "right": "r"}[column.align]


def _row(texts: list[str]) -> str:
    return " & ".join(map(escape, texts)) + r" \\"


def _paragraph(words: Words) -> str:
    return rf"\noindent {escape(str(words))}"
