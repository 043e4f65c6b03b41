"""The theory's figures and tables, drawn from records whose numbers can be worked out with a pencil."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from overparam_cli.errors import ConfigError
from overparam_cli.figures.style import styled
from overparam_cli.kinds.theory import STATEMENTS, find_statement
from overparam_cli.kinds.theory.figures import compose, draw, panels_of
from overparam_cli.kinds.theory.tables import grid
from overparam_cli.report import terminal
from overparam_cli.results.record import CURVE_COLUMNS, Record

ETHANOL = {"name": "ethanol", "embedded": False, "n": 2565, "d": 128, "k": 1}
SIMULATED = {"name": "simulated", "embedded": True, "n": 100, "d": 5, "k": 1}


def record(check: str, rows: list[dict[str, Any]], points: Sequence[tuple[Any, ...]] = (), **manifest: Any) -> Record:
    described = {"check": check, "statement": "what the paper says", "where": "there", "dataset": None}
    described |= {"changed": {}, "full_length": True, "curves": None}
    drawn = pd.DataFrame(list(points), columns=[*CURVE_COLUMNS])
    return Record(Path("theory") / check, described | manifest, pd.DataFrame(rows), drawn)


def constant(N: int) -> float:
    return 2 * N / (3 - 2 / N) - 2


def lemma3() -> Record:
    """Quadratures twice the closed form, so that the two cannot be taken for each other."""
    rows = []
    for N in (2, 3, 4):
        for r, R in ((0.5, 1.0), (0.1, 2.0)):
            value = constant(N) * (R ** (3 - 2 / N) - r ** (3 - 2 / N))
            rows.append({"depth": N, "dimension": 2, "r": r, "R": R, "quadrature": 2 * value, "closed_form": value})
    for row in rows:
        row |= {"scale": 1.0, "relative_error": 1e-15}
    angle = np.linspace(0, np.pi, 31)
    curves: list[tuple[Any, ...]] = []
    for name, x, y in (
        ("gamma1", np.linspace(-1, -0.5, 31), 0 * angle),
        ("gamma2", -0.5 * np.cos(angle), 0.5 * np.sin(angle)),
        ("gamma3", np.linspace(0.5, 1, 31), 0 * angle),
        ("gamma4", np.cos(angle), np.sin(angle)),
    ):
        curves += [(name, *point, np.nan, np.nan) for point in zip(x, y, strict=True)]
    curves += [("field", x, y, 1.0, 0.5) for x in (-1.0, 0.0, 1.0) for y in (0.0, 1.0)]
    facts = {"depth": 3, "r": 0.5, "R": 1.0, "pieces": [1.25, 0.375, 1.25, -2.0]}
    return record("lemma3", rows, curves, curves=facts)


def theorem2(**manifest: Any) -> Record:
    """ℓ2 stands at its limit N, ℓ4 approaches it as limit·(1 + R²)."""
    rows = []
    for loss, rate in (("l2", 0.0), ("l4", 1.0)):
        for N in (3, 4, 5, 6):
            for R in (1.0, 0.1, 0.01):
                deviation = rate * R**2
                row = {"loss": loss, "c": 1.0, "depth": N, "R": R, "r_over_R": 0.5, "integral": 1.0, "limit": float(N)}
                row |= {"scaled_integral": N * (1 + deviation), "quadrature_error": 1e-12}
                rows.append(row | {"relative_deviation": deviation, "order": 2.0 if rate else np.nan})
    return record("theorem2", rows, dataset=ETHANOL, **manifest)


def order_rows(column: str, power: int, **more: Any) -> list[dict[str, Any]]:
    """Three seeds whose errors are 1, 2 and 4 times lr^power."""
    rows = []
    for decay in (0.0, 0.1):
        for seed, factor in enumerate((1.0, 2.0, 4.0)):
            for lr in (0.01, 0.005, 0.0025):
                row = {"depth": 3, "widths": "4x6", "outputs": 3, "features": 5, "loss": "l4", "weight_decay": decay}
                row |= {"seed": seed, "lr": lr, "steps": round(1 / lr), "time": 1.0, column: factor * lr**power}
                rows.append(row | {"order": float(power)} | more)
    return rows


def balancedness() -> Record:
    return record("balancedness", order_rows("drift", 1, drift_at_start=0.0))


def theorem1() -> Record:
    return record("theorem1", order_rows("distance", 1, flow_distance=3e-12))


def observation1() -> Record:
    return record("observation1", order_rows("residual", 2, step=1e-3))


def claim(check: str, *columns: str) -> Record:
    return record(check, [{"depth": N} | dict.fromkeys(columns, 1e-15) for N in (2, 3) for _ in range(4)])


def appendix() -> Record:
    rows = []
    for epsilon1, met, iterations in ((0.1, True, 100), (0.01, False, 1000), (0.001, False, -1)):
        bound = 100 / (4 * epsilon1)
        row = {"y1": 100.0, "y2": 1.0, "epsilon1": epsilon1, "epsilon2": epsilon1 / 100, "assumptions_met": met}
        row |= {"violated": "" if met else "e1*y1 >> 1; 1 >> e1", "bound": bound, "descent_rate": 2e-4}
        ratio = 1.5 * bound if iterations > 0 else np.nan
        row |= {"rule_rate": 1.0, "descent_iterations": 25_000, "rule_iterations": iterations}
        row |= {"iterations_ratio": ratio, "rate_ratio": 0.5 * ratio, "rate_ratio_first": ratio}
        rows.append(row | {"rate_ratio_mean": ratio, "delta1_after_one_step": -0.2})
    curves = [
        (f"{name}-delta{i}", float(t), scale / (1 + t), np.nan, np.nan)
        for name, scale in (("descent", 10.0), ("rule", 1.0))
        for i in (1, 2)
        for t in range(100)
    ]
    facts = {"y1": 100.0, "y2": 1.0, "epsilon1": 0.1, "bound": 250.0}
    return record(
        "appendix-b-bound", rows, curves, curves=facts | {"descent_iterations": 25_000, "rule_iterations": 100}
    )


RECORDS = {
    "lemma3": lemma3(),
    "theorem2": theorem2(),
    "balancedness": balancedness(),
    "theorem1": theorem1(),
    "claim1": claim("claim1", "eigenvalue_error", "eigenvector_error", "orthogonality_error", "direction_error"),
    "claim2": claim("claim2", "relative_error"),
    "observation1": observation1(),
    "appendix-b-bound": appendix(),
}


def figure_of(*records: Record, title: str = "") -> Figure:
    with styled():
        figure = compose([(panel, own) for own in records for panel in panels_of(own)], title)
        figure.draw_without_rendering()
    return figure


def by_gid(axes: Axes, gid: str) -> Line2D:
    (line,) = [line for line in axes.lines if line.get_gid() == gid]
    return line


def texts(axes: Axes) -> str:
    legend = axes.get_legend()
    entries = [text.get_text() for text in legend.get_texts()] if legend else []
    return "\n".join([text.get_text() for text in axes.texts] + entries + [axes.get_title("left")])


def test_the_curves_four_pieces_are_drawn_and_named_with_their_integrals():
    axes = figure_of(RECORDS["lemma3"]).axes[0]
    for place, ends in enumerate(([-1, -0.5], [-0.5, 0.5], [0.5, 1], [1, -1]), start=1):
        line = by_gid(axes, f"gamma{place}")
        np.testing.assert_allclose(np.asarray(line.get_xdata())[[0, -1]], ends, atol=1e-12)
        assert f"Γ{'¹²³⁴'[place - 1]}" in texts(axes)
    for value in ("+1.250", "+0.375", "−2.000", "+0.875"):  # the last is their sum
        assert value in texts(axes)
    assert len({str(by_gid(axes, f"gamma{place}").get_linestyle()) for place in range(1, 5)}) > 1
    (field,) = [artist for artist in axes.collections if artist.get_gid() == "field"]
    assert field.N == 6
    assert axes.get_aspect() == 1


def test_lemma_3s_markers_are_the_quadrature_and_its_bars_the_closed_form():
    axes = figure_of(RECORDS["lemma3"]).axes[1]
    (bars,) = [artist for artist in axes.collections if isinstance(artist, LineCollection)]
    np.testing.assert_allclose([bar[0, 1] for bar in bars.get_segments()], [constant(N) for N in (2, 3, 4)])
    assert len(axes.lines) == 2  # one set of markers for each pair of radii
    for markers in axes.lines:
        np.testing.assert_allclose(markers.get_ydata(), [2 * constant(N) for N in (2, 3, 4)], atol=1e-12)
        np.testing.assert_allclose(np.round(np.asarray(markers.get_xdata(), float)), [2, 3, 4])


def test_theorem_2_draws_each_loss_against_its_limits():
    left, right = figure_of(RECORDS["theorem2"]).axes
    for axes, loss in ((left, "2"), (right, "4")):
        assert rf"$\ell_{{{loss}}}$ loss" in texts(axes)
        assert "ethanol data · n = 2,565, d = 128" in texts(axes)
        limits = {line.get_ydata()[0] for line in axes.lines if len(set(line.get_xdata())) == 2}
        assert limits == {3.0, 5.0, 6.0}  # the least, a middle and the greatest depth
    curve = next(line for line in right.lines if "N = 3" in str(line.get_label()))
    np.testing.assert_allclose(curve.get_ydata(), [3 * (1 + 1e-4), 3 * 1.01, 6])  # R from small to large
    assert "∝ R to the power 2.00" in texts(right)


@pytest.mark.parametrize(("check", "power"), [("balancedness", 1), ("theorem1", 1), ("observation1", 2)])
def test_orders_show_median_range_fit_and_a_guide(check, power):
    axes = figure_of(RECORDS[check]).axes[0]
    (bars,) = [container for container in axes.containers if isinstance(container, ErrorbarContainer)]
    line, _, (ranges,) = bars.lines
    rates = np.array([0.0025, 0.005, 0.01])
    np.testing.assert_allclose(line.get_xdata(), rates)
    np.testing.assert_allclose(line.get_ydata(), 2 * rates**power)
    np.testing.assert_allclose([segment[:, 1] for segment in ranges.get_segments()], np.outer(rates**power, [1, 4]))
    assert f": {power}.00" in texts(axes)
    assert "3 seeds: median and range" in texts(axes)
    guide = axes.lines[-1]
    slope = np.diff(np.log(np.asarray(guide.get_ydata()))) / np.diff(np.log(np.asarray(guide.get_xdata())))
    assert slope == pytest.approx(power)


def test_each_weight_decay_has_a_panel_and_theorem_1_says_what_the_flows_do():
    left, right = figure_of(RECORDS["theorem1"]).axes
    assert "no weight decay" in texts(left)
    assert "λ = 0.1" in texts(right)
    assert "at most 3e-12 apart" in texts(left)


def test_points_that_meet_the_assumptions_are_filled_and_divergence_is_marked():
    _, against, relative = figure_of(RECORDS["appendix-b-bound"]).axes
    met, not_met = by_gid(against, "iterations_ratio-met"), by_gid(against, "iterations_ratio-not-met")
    np.testing.assert_allclose(met.get_xydata(), [[250, 375]])
    np.testing.assert_allclose(not_met.get_xydata()[0], [2500, 3750])
    assert met.get_markerfacecolor() != "none"
    assert not_met.get_markerfacecolor() == "none"
    crosses = [line for line in against.lines if line.get_marker() == "x"]
    np.testing.assert_allclose(crosses[0].get_xdata(), [25_000])
    np.testing.assert_allclose(by_gid(relative, "iterations_ratio-met").get_xydata(), [[10, 0.5]])
    np.testing.assert_allclose(by_gid(relative, "rate_ratio-met").get_xydata(), [[10, -0.25]])


def test_trajectories_end_in_a_marker_where_the_table_says():
    axes = figure_of(RECORDS["appendix-b-bound"]).axes[0]
    np.testing.assert_allclose(np.asarray(by_gid(axes, "rule-delta2").get_ydata())[:2], [1, 0.5])
    arrivals = [line.get_xydata()[0].tolist() for line in axes.lines if line.get_gid() == "arrival"]
    assert arrivals == [[25_001, 0.01], [101, 0.01]]
    assert "25,000" in texts(axes)
    assert "ratio of iterations 250, bound y₁/4ε₁ = 250" in texts(axes)


def test_an_experiment_of_checks_is_one_figure_of_all_their_panels():
    figure = figure_of(RECORDS["lemma3"], RECORDS["theorem2"], title="Figure 1")
    assert len(figure.axes) == 4
    assert figure.get_suptitle() == "Figure 1"
    assert {axes.get_subplotspec().get_gridspec().get_geometry() for axes in figure.axes} == {(2, 2)}


def test_what_is_not_the_papers_cannot_be_overlooked():
    embedded, own = theorem2(), theorem2(changed={"depths": [3]}, full_length=False)
    embedded.manifest["dataset"] = SIMULATED
    assert "simulated data — not the paper’s" in figure_of(embedded).axes[0].get_title("left")
    assert "depths = 3" in figure_of(own).axes[0].get_title("left")
    assert figure_of(RECORDS["theorem2"]).axes[0].get_title("left") == ""


@pytest.mark.parametrize("check", [check for check in RECORDS if panels_of(RECORDS[check])])
def test_files_are_the_same_bytes_every_time(check, tmp_path):
    first = draw([RECORDS[check]], tmp_path / "a" / "figure", ("png", "pdf", "svg") if check == "lemma3" else ("svg",))
    again = draw([RECORDS[check]], tmp_path / "b" / "figure", [path.suffix[1:] for path in first])
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]


def test_checks_whose_table_says_all_have_no_figure(tmp_path):
    assert draw([RECORDS["claim1"], RECORDS["claim2"]], tmp_path / "figure") == []
    assert not list(tmp_path.iterdir())


def test_an_unknown_format_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="choose from png, pdf, svg"):
        draw([RECORDS["lemma3"]], tmp_path / "figure", ["gif"])


def test_every_check_has_a_table_and_every_figure_a_title():
    assert set(RECORDS) == set(STATEMENTS)
    drawn = {check for check, own in RECORDS.items() if panels_of(own)}
    titled = {check for check in STATEMENTS if find_statement(check).title}
    assert drawn == titled == set(RECORDS) - {"claim1", "claim2"}


def printed(own: Record) -> str:
    return terminal.render(grid(own), width=80)


@pytest.mark.parametrize("check", list(RECORDS))
def test_tables_fit_80_columns(check):
    lines = printed(RECORDS[check]).rstrip().splitlines()
    assert max(map(len, lines)) <= 80
    assert all(line.strip() for line in lines)
    assert "…" not in "".join(lines)
    groups = len(RECORDS[check].table.groupby(list(find_statement(check).view.by.values())))
    assert len(lines) == groups + (4 if check == "theorem2" else 3)  # head, statement, (data,) headings


def test_tables_say_orders_dashes_and_whose_data():
    assert "2.5000e-02" not in printed(RECORDS["appendix-b-bound"])
    diverged = printed(RECORDS["appendix-b-bound"]).splitlines()[-1]
    assert diverged.split()[:5] == ["100", "0.001", "25,000", "—", "—"]
    assert "fails: ε₁y₁ ≫ 1" in diverged
    assert "2.0e-02" in printed(RECORDS["balancedness"])  # the median of 1, 2 and 4 times 0.01
    own = theorem2(changed={"radii": [[1, 2.5]]}, full_length=False)
    own.manifest["dataset"] = SIMULATED
    assert "simulated data: not the paper’s" in printed(own)
    assert "radii = (1, 2.5)" in printed(own)


def test_a_check_without_a_view_is_shown_as_it_is():
    rows = [{"x": float(place), "word": "a[b]"} for place in range(30)]
    text = printed(record("new", rows))
    assert "a[b]" in text
    assert "24 of 30 rows" in text


def test_json_has_every_row_and_no_nan():
    content = RECORDS["appendix-b-bound"].as_dict()
    assert content["table"][2]["rate_ratio"] is None
    assert content["table"][0]["rate_ratio"] == 0.5 * 1.5 * 250
    assert len(content["table"]) == 3
