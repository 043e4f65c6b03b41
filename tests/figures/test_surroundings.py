"""Nothing of the user's changes a figure: his matplotlib settings, his texts, his extreme numbers."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.cbook import is_math_text
from matplotlib.figure import Figure
from matplotlib.text import Text
from support.figure_checks import texts
from support.synthetic_runs import Curve, Trial, exponential, make_run

import overparam_cli
from overparam_cli.figures import plots
from overparam_cli.figures.panels import panels_of
from overparam_cli.figures.style import literal, styled
from overparam_cli.results.run import Run

HOSTILE = {
    "axes.prop_cycle": "cycler('color', ['ff00ff'])",
    "axes.facecolor": "yellow",
    "axes.titlesize": "40",
    "axes.formatter.use_locale": "True",
    "figure.dpi": "30",
    "figure.autolayout": "True",
    "font.size": "30",
    "grid.linestyle": ":",
    "image.cmap": "hot",
    "legend.loc": "center",
    "lines.markersize": "20",
    "path.sketch": "5, 100, 2",
    "savefig.bbox": "tight",
    "savefig.transparent": "True",
    "svg.fonttype": "none",
    "xtick.labelsize": "30",
    "ytick.right": "True",
}


GAP = exponential(1e-3)


def run_of(label: str = "1 layer", gap=GAP, lrs=(1e-3, 1e-2), **settings) -> Run:
    curve = Curve({lr: [Trial(gap, sharpness=lambda t: np.full(len(t), 30.0))] for lr in lrs}, label=label)
    return make_run({"depth-1": curve, "depth-2": curve}, iterations=100, **settings)


def drawn(run: Run, stem: str = "figure") -> Figure:
    """A figure, laid out as if it were saved."""
    with styled():
        figure = plots.drawing(panels_of([run]), stem)
        figure.draw_without_rendering()
    return figure


def test_settings_of_the_users_reach_no_figure(tmp_path: Path) -> None:
    plain = plots.draw([run_of()], tmp_path / "plain", stems=["figure"])
    with matplotlib.rc_context(HOSTILE):
        hostile = plots.draw([run_of()], tmp_path / "hostile", stems=["figure"])
        assert matplotlib.rcParams["font.size"] == 30
    assert len(plain) == 3
    assert [path.read_bytes() for path in plain] == [path.read_bytes() for path in hostile]


CODE = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from overparam_cli.data.digits.glyphs import distance_fields
from overparam_cli.figures import plots
from figures.test_surroundings import run_of
import locale, matplotlib
plots.draw([run_of()], Path('drawn'), ['svg'], ['figure'])
print(locale.getlocale(locale.LC_NUMERIC), distance_fields().shape[1])
"""


def test_neither_backend_nor_files_of_the_users_stop_anything(tmp_path: Path) -> None:
    """As in a notebook whose environment is another: every `!overparam` inherits its backend."""
    (path,) = plots.draw([run_of()], tmp_path / "plain", ["svg"], ["figure"])
    settings = "".join(f"{key}: {value}\n" for key, value in HOSTILE.items())
    (tmp_path / "named").write_text(f"{settings}backend: module://nothing\n")
    (tmp_path / "matplotlibrc").write_bytes(f"{settings}no.such.key: 1\n".encode() + b"\xff\xfe")
    surroundings = {"MPLBACKEND": "module://matplotlib_inline.nothing", "MATPLOTLIBRC": str(tmp_path / "named")}
    tests = str(Path(__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", CODE, tests],
        cwd=tmp_path,
        env=os.environ | surroundings | {"LC_ALL": "C"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "(None, None) 10\n"
    assert (tmp_path / "drawn" / "figure.svg").read_bytes() == path.read_bytes()


def test_matplotlib_is_first_imported_where_settings_are_kept_out() -> None:
    """Elsewhere it is imported within functions, once the figures' own package has been, or for types alone."""
    package = Path(overparam_cli.__file__).parent
    for path in package.rglob("*.py"):
        if path.parent.name == "figures":
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            named = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            named += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert not any(name.split(".")[0] == "matplotlib" for name in named), path


TEXTS = [
    "p$a_$b",
    "$\\frac{$",
    "$5 or $6",
    "\\",
    "$",
    "$$",
    "a_b^c",
    "[b]x[/b]",
    "\x1b[31mred",
    "100 %",
    "x" * 300,
    "_u",
]


def test_texts_of_the_users_are_shown_letter_by_letter() -> None:
    title, data = "in $ and $\\frac{$", "p$a_$b.csv"
    plot = {"kind": "convergence", "panels": ["l4"], "titles": [title], "xlabel": title, "ylabel": title}
    curves = {text: Curve({1e-3: [Trial(GAP)], 1e-2: [Trial(GAP)]}, label=text) for text in TEXTS}
    run = make_run(curves, dataset=data, plot=plot)
    run.manifest["config"]["title"] = title
    for stem in ("figure", "learning-rates"):
        figure = drawn(run, stem)
        found = [own.get_text() for own in figure.findobj(Text)]
        shown = [text.replace(r"\$", "$") for text in found if not is_math_text(text)]
        for text in (*TEXTS, title, f"{data} data"):
            assert any(literal(text)[:30].replace(r"\$", "$") in line for line in shown), text


@pytest.mark.parametrize("text", TEXTS)
def test_a_literal_is_no_formula(text: str) -> None:
    assert not is_math_text(literal(text))
    assert literal(text).replace(r"\$", "$").lstrip("\u200b") == text.replace("\x1b", "\\x1b")


EXTREMES = {
    "never finite": lambda t: np.full(len(t), np.nan),
    "infinite": lambda t: np.full(len(t), np.inf),
    "huge": lambda t: np.full(len(t), 1e308),
    "from the least to the greatest": lambda t: np.geomspace(1e-307, 1e307, len(t)),
    "zero": lambda t: np.zeros(len(t)),
    "below zero": lambda t: np.full(len(t), -1.0),
}


@pytest.mark.parametrize("lrs", [(1e-3, 1e-2), (2.3e-308, 1e308), (1e308,)], ids=str)
@pytest.mark.parametrize("name", EXTREMES)
def test_numbers_of_any_size_are_drawn(name: str, lrs: tuple[float, ...]) -> None:
    run = run_of(gap=EXTREMES[name], lrs=lrs)
    for stem in ("figure", "stability", *(["learning-rates"] if len(lrs) > 1 else [])):
        drawn(run, stem)


def test_axes_without_a_finite_value_say_so() -> None:
    assert "nothing finite to show" in texts(drawn(run_of(gap=EXTREMES["never finite"])))


@pytest.mark.parametrize("curves", [1, 12, 40])
def test_the_strip_of_diverged_rates_never_takes_the_whole_axis(curves: int) -> None:
    lost, kept = Trial(exponential(1e-3), diverged_at=10), Trial(exponential(1e-3))
    many = {f"c{place}": Curve({1e-3: [kept], 1e-2: [lost]}) for place in range(curves)}
    run = make_run(many, iterations=100)
    (axes,) = drawn(run, "learning-rates").axes
    low, high = axes.get_ylim()
    assert low < 0.79 < high  # the gap of the rate that did not diverge: 10^(−0.1)
    marks = [float(np.ravel(own.get_ydata())[0]) for own in axes.lines if own.get_gid() == "diverged"]
    assert len(marks) == curves
    assert all(0 < mark < 1 for mark in marks)
