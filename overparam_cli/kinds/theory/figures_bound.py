"""Panels of Section 7 and Appendix B: the two points' trajectories, and the acceleration against the bound y₁/4ε₁."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from overparam_cli.figures.style import LOOKS, MUTED, Look
from overparam_cli.results.theory_logs import Record

TARGET = 0.01  # coordinate 2 has arrived where |Δ₂| ≤ 1 % of y₂
LINES = {  # series → what it is, look
    "descent-delta1": (r"gradient descent, $|\Delta_1|$", 6),
    "descent-delta2": (r"gradient descent, $|\Delta_2|$", 1),
    "rule-delta1": (r"rule N = 2, $|\Delta_1|$", 5),
    "rule-delta2": (r"rule N = 2, $|\Delta_2|$", 2),
}
MEASURES = {  # column → what it is, look
    "iterations_ratio": ("iterations", 1),
    "rate_ratio": ("effective learning rates", 2),
}


def trajectories(axes: Axes, record: Record) -> str:
    """Draw |Δ₁| and |Δ₂| over the iterations, gradient descent and the rule, and where Δ₂ arrives at 1 %."""
    facts = record.manifest["curves"]
    for series, (label, place) in LINES.items():
        points, look = record.series(series), LOOKS[place]
        axes.plot(
            points["x"] + 1, points["y"], color=look.color, linestyle=look.linestyle, label=label, linewidth=1.4
        ).pop().set_gid(series)
    for name, place, offset in (("descent", 1, (0, -12)), ("rule", 2, (24, 0))):
        arrival = (facts[f"{name}_iterations"], TARGET * facts["y2"])
        _draw_arrival(axes, record.series(f"{name}-delta2"), arrival, LOOKS[place], offset)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("iteration + 1")
    axes.set_ylabel(r"$|\Delta_i| = |w_i - y_i|$")
    axes.set_ylim(TARGET * 0.02 * facts["y2"], 3 * max(facts["y1"], facts["y2"]))
    axes.legend(loc="lower left")
    point = f"y₁ = {facts['y1']:g}, y₂ = {facts['y2']:g}, ε₁ = {facts['epsilon1']:g}"
    text = f"{point}; markers: |Δ₂| at 1 % of y₂\n(the dotted stretch is counted, not drawn step by step)"
    if min(facts["rule_iterations"], facts["descent_iterations"]) <= 0:
        return text
    ratio = facts["descent_iterations"] / facts["rule_iterations"]
    return f"{text};\nratio of iterations {ratio:,.4g}, bound y₁/4ε₁ = {facts['bound']:,.4g}"


def _draw_arrival(
    axes: Axes, points: pd.DataFrame, arrival: tuple[int, float], look: Look, offset: tuple[int, int]
) -> None:
    """Mark where Δ₂ arrives, and lead the line there where it was not followed so far."""
    iterations, y = arrival
    if iterations <= 0:
        return
    last, x = points.iloc[-1], iterations + 1
    axes.plot([last["x"] + 1, x], [last["y"], y], color=look.color, linestyle=(0, (1, 2)), linewidth=1.0)
    axes.plot([x], [y], look.marker, color=look.color, markersize=6, zorder=4).pop().set_gid("arrival")
    spot: Any = {"xytext": offset, "textcoords": "offset points", "ha": "center", "va": "center"}
    axes.annotate(f"{iterations:,}", (x, y), **spot, fontsize=7.5)


def speedup_against_bound(axes: Axes, record: Record) -> str:
    """Draw the measured acceleration against the bound, log-log, with the line on which they are equal."""
    table = record.table
    ends = np.array([table["bound"].min() / 2, table["bound"].max() * 2])
    axes.plot(ends, ends, color=MUTED, linewidth=1.0, label="equal to the bound")
    for column in MEASURES:
        _draw_points(axes, table, table["bound"], table[column], column)
    lost = table["bound"][table["rule_iterations"] < 0]
    if len(lost):
        axes.plot(lost, np.full(len(lost), ends[0]), "x", color="black", markersize=6, label="the rule diverged")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel(r"bound $y_1/4\varepsilon_1$")
    axes.set_ylabel("measured acceleration of coordinate 2")
    axes.legend(loc="upper left")
    met = int(table["assumptions_met"].sum())
    return f"{len(table)} points of a sweep over y₁ and ε₁;\nfilled: the {met} that meet the appendix’s assumptions"


def excess(axes: Axes, record: Record) -> str:
    """Draw by how much the measured acceleration exceeds the bound, relatively, against ε₁y₁."""
    table = record.table
    product = table["epsilon1"] * table["y1"]
    for column in MEASURES:
        _draw_points(axes, table, product, table[column] / table["bound"] - 1, column)
    axes.axhline(0, color=MUTED, linewidth=1.0)
    axes.set_xscale("log")
    axes.set_yscale("symlog", linthresh=1e-4, linscale=0.5)
    axes.margins(y=0.08)
    arrived = product[table["rule_iterations"] > 0]
    shown = arrived if len(arrived) else product
    axes.set_xlim(shown.min() / 1.6, shown.max() * 1.6)
    axes.yaxis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{100 * value:+g} %".replace("-", "−") if value else "0")
    )
    axes.set_xlabel(r"$\varepsilon_1 y_1$, which the appendix takes as ≫ 1")
    axes.set_ylabel("measured / bound − 1")
    return "the same points, relative to the bound"


def _draw_points(axes: Axes, table: pd.DataFrame, x: pd.Series, y: pd.Series, column: str) -> None:
    """Draw one measure of the acceleration, filled where the assumptions are met."""
    what, place = MEASURES[column]
    look, met = LOOKS[place], table["assumptions_met"]
    style: Any = {"color": look.color, "markersize": 5.5 if place == 1 else 4.5, "zorder": 3 + place}
    axes.plot(x[met], y[met], look.marker, label=what, **style).pop().set_gid(f"{column}-met")
    unfilled = axes.plot(x[~met], y[~met], look.marker, markerfacecolor="none", **style)
    unfilled.pop().set_gid(f"{column}-not-met")
