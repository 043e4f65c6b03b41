"""What matplotlib sets as text or formula, as HTML."""

import re
from pathlib import Path

import pytest

import overparam_cli
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


def test_every_name_in_a_formula_of_ours_is_known() -> None:
    package = Path(overparam_cli.__file__).parent
    files = [path for room in ("figures", "kinds", "multiverse") for path in (package / room).rglob("*.py")]
    lines = [line for path in files for line in path.read_text(encoding="utf-8").splitlines()]
    formulas = [line for line in lines if re.search(r'\br?f?r"[^"]*\$', line)]
    names = {name for line in formulas for name in re.findall(r"\\[A-Za-z]{2,}", line)}
    assert len(names) >= 10
    for name in names:
        assert "\\" not in marked_up(f"${name} x$"), name
