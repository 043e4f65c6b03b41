"""What the terminal shows after a run."""

import io
import math

import pytest
from rich.console import Console
from support.synthetic_runs import Curve, Trial, exponential, make_run

from overparam_cli.report import terminal
from overparam_cli.report.divergences import when
from overparam_cli.report.json import records
from overparam_cli.report.summary import factor, grids, heading, spread
from overparam_cli.results.summary import Divergence, Spread, summarise
from overparam_cli.results.trajectory import Speedup


def printed(run, rule=None):
    console = Console(width=200, record=True, file=io.StringIO())
    terminal.show(*grids(summarise(run, rule)), console=console)
    return console.export_text()


@pytest.fixture
def run():
    """Depth 2 is four times as fast; depth 3 diverges in three ways; 2 seeds."""
    fast, slow = Trial(exponential(8e-3)), Trial(exponential(2e-3))
    one = {
        1e-4: [Trial(exponential(1e-4))] * 2,
        1e-3: [slow, slow],
        1e-2: [Trial(exponential(1e-3), 20)] * 2,
        1e-1: [Trial(exponential(1e-3), 10)] * 2,
    }
    two = {1e-4: [slow, slow], 1e-3: [fast, fast]}
    three = {1e-4: [slow, slow], 1e-3: [Trial(exponential(1e-3), 700), fast], 1e-2: [Trial(exponential(1e-3), 900)] * 2}
    curves = {
        "depth-1": Curve(one, label="1 layer"),
        "depth-2": Curve(two, depth=2, label="2 layers"),
        "depth-3": Curve(three, depth=3, label="3 layers [odd]"),
    }
    return make_run(curves)


def row(text, start):
    (found,) = [line.split() for line in text.splitlines() if line.startswith(start) and "×" in line]
    return found


def test_a_row_holds_rate_gap_iterations_and_speedup(run):
    text = printed(run)
    first, second = row(text, "1 layer"), row(text, "2 layers")
    assert first[2:6] == ["1e-3", "2", "of", "4"]
    assert first[6] == "0.01"
    assert "†highest" in second
    assert second[-2] == "4×"  # 1000 / 250
    assert "1,000" in first  # to a hundredth of the start: log10(100) / 2e-3


@pytest.mark.parametrize("width", [40, 60, 80])
def test_a_narrow_terminal_folds_and_leaves_nothing_out(run, width):
    console = Console(width=width, record=True, file=io.StringIO())
    terminal.show(*grids(summarise(run)), console=console)
    text = console.export_text()
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width
    for curve in summarise(run).curves:
        assert curve.label[0] in text


def test_labels_are_text_and_not_markup(run):
    assert "3 layers [odd]" in printed(run)


def test_early_divergence_is_one_row_a_curve_and_late_or_partial_divergence_a_row_each(run):
    table = printed(run).split("at iteration")[1]
    assert "2 from 1e-2 up" in table
    assert "10 – 20" in table
    assert [line.split()[-1] for line in table.splitlines() if line.startswith("3 layers [odd] ")] == ["700", "900"]
    assert "1 of 2" in table


def test_warnings_follow(run):
    assert "2 layers: the best learning rate, 0.001, is the highest of the grid" in printed(run)


def test_heading_says_what_data_how_long_and_how_many_seeds(run):
    assert heading(summarise(run)) == (
        "fig3/l4 · ethanol · n = 2,565, d = 128 · 1,000 iterations · 2 seeds: median [lowest, highest]"
    )


def test_embedded_data_and_short_runs_are_named():
    short = make_run(
        {"a": Curve({1e-3: [Trial(exponential(1e-3))]})},
        dataset="simulated",
        embedded=True,
        full_length=False,
        full_iterations=1_000_000,
    )
    text = printed(short)
    assert text.startswith("fig3@short/l4 · simulated")
    assert "simulated data: not the paper's" in text
    assert "1,000 of 1,000,000 iterations · 1 seed" in text


def test_a_curve_without_a_winner_keeps_its_row():
    lost = {lr: [Trial(exponential(1e-3), 50)] for lr in (1e-2, 1e-1)}
    text = printed(make_run({"depth-1": Curve({1e-3: [Trial(exponential(1e-3))]}), "lost": Curve(lost)}))
    (found,) = [line for line in text.splitlines() if line.startswith("lost ") and "2 of 2" in line]
    assert found.split()[1] == "—"
    assert "lost: every learning rate diverged" in text


@pytest.mark.parametrize(
    ("speedup", "text"),
    [
        (Speedup(2.714, 2.714), "2.71×"),
        (Speedup(0, 0.98), "< 0.98×"),
        (Speedup(3, math.inf), "> 3×"),
        (Speedup(0, math.inf), "—"),
        (Speedup(0.5, 0.9), "0.5–0.9×"),
        (None, "—"),
    ],
)
def test_speedups_say_how_much_is_known(speedup, text):
    assert factor(speedup) == text


def test_spreads_and_iterations():
    assert spread(Spread(0.01, 0.01, 0.01)) == "0.01"
    assert spread(Spread(0.02, 0.01, 0.03)) == "0.02 [0.01, 0.03]"
    assert spread(None) == "—"
    assert when([Divergence("a", 1e-3, (0,), 1, 1200, 1200)]) == "1,200"
    assert when([Divergence("a", 1e-3, (0,), 1, None, None)]) == "—"


def test_levels_of_one_text_keep_a_column_each():
    run = make_run({"a": Curve({1e-3: [Trial(exponential(2e-3))]})}, analysis={"gaps": [0.1021, 0.1019, 0.1019]})
    grid, *_ = grids(summarise(run))
    assert [column.heading for column in grid.columns if column.heading.startswith("to ")] == ["to 0.1", "to 0.1"]


def test_programs_get_numbers_where_people_get_ranges(run):
    curves, lost = (records(grid) for grid in grids(summarise(run)))
    assert curves[1]["lr"] == 1e-3
    assert curves[1]["speedup"] == 4
    assert curves[1]["rates diverged"] == 0
    assert [(row["lr"], row["at iteration"]) for row in lost if row["curve"] == "1 layer"] == [(1e-2, 10)]
