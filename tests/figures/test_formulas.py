"""What matplotlib sets as text or formula, as HTML."""

import re

import pytest

from overparam_cli.figures.formulas import marked_up, plain
from overparam_cli.figures.style import literal


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("distance from optimum", "distance from optimum"),
        (r"relative distance of the two $W_e$", "relative distance of the two W<sub>e</sub>"),
        (r"$\|W_{j+1}^T W_{j+1}\|_F$", "‖W<sub>j+1</sub><sup>T</sup> W<sub>j+1</sub>‖<sub>F</sub>"),
        (
            r"$\oint_\Gamma F_{\mathbf{e}}\,/\,R^{3-2/N}$",
            "∮<sub>Γ</sub>F<sub><b>e</b></sub>\u2009/\u2009R<sup>3−2/N</sup>",
        ),
        (r"bound $y_1/4\varepsilon_1$", "bound y<sub>1</sub>/4ε<sub>1</sub>"),
        ("$\\ell_{4}$ loss, r < R", "ℓ<sub>4</sub> loss, r &lt; R"),
        ("5 $ a piece", "5 $ a piece"),
    ],
)
def test_a_formula_is_letters_and_a_few_tags(text: str, shown: str) -> None:
    assert re.sub(" +", " ", marked_up(text)) == shown


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "[/b]", "\"quoted\" & 'so'", "$a_$", "_x", "$\\frac{$", "%{x}"]
)
def test_text_of_the_users_own_is_shown_as_it_is(text: str) -> None:
    shown = marked_up(literal(text))
    assert "<" not in shown
    assert plain(literal(text)) == text
