"""Section 7 and Appendix B: the rule accelerates the two-point problem's second coordinate by at least y₁/4ε₁."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from overparam_cli.claims.evidence import TableEvidence
from overparam_cli.claims.model import WHOLE, CannotJudgeError, Case, Finding, claim
from overparam_cli.kinds.theory import trajectories
from overparam_cli.kinds.theory.common import Row
from overparam_cli.kinds.theory.illustration import MOST_STEPS_RUN, TwoPoints, assumptions, descent_iterations, run_rule
from overparam_cli.kinds.theory.statement import Effort, Statement
from overparam_cli.kinds.theory.view import View, or_dash, thousands
from overparam_cli.words import count

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from overparam_cli.results.record import Record

MEASURES = {  # column → what it is, look
    "iterations_ratio": ("iterations", 1),
    "rate_ratio": ("effective learning rates", 2),
}
SYMBOLS = {"e1": "ε₁", "e2": "ε₂", "y1": "y₁", "y2": "y₂", "*": "", ">>": "≫", "~": "≈", " in ": " ∈ "}


def compute(
    y1s: Sequence[float] = (10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0),
    epsilon1s: Sequence[float] = (0.001, 0.003, 0.01, 0.03, 0.1),
    y2: float = 1.0,
) -> list[Row]:
    """The rule against gradient descent on the two points, over a sweep of y₁ and ε₁, with ε₂ = ε₁·y₂/y₁.

    Gradient descent gets 2/y₁², the limit its learning rate must stay below, and the rule 1/(2ε₁y₁²). A row says
    whether the point meets the assumptions, and gives two accelerations to hold against `bound` = y₁/(4ε₁):
    `rate_ratio`, the least effective learning rate of coordinate 2 over gradient descent's, and `iterations_ratio`, of
    the iterations until |Δ₂| ≤ 1 % of y₂. `rate_ratio_first` and `rate_ratio_mean` are the second step's and the mean
    of all steps but the first. A run that diverges or does not arrive has rule_iterations −1 and ratios NaN.

    The second step falls short of the bound by a relative 2ε₁/y₁ at most points: w₁ lands at about y₁ − 2ε₁ and the
    appendix takes it as y₁. Later steps exceed the bound.
    """
    rows: list[Row] = []
    for y1 in y1s:
        for epsilon1 in epsilon1s:
            rows.append(_compare(TwoPoints(y1, y2, epsilon1, epsilon1 * y2 / y1)))
    return rows


def effort(y1s: Sequence[float], epsilon1s: Sequence[float], y2: float) -> Effort:
    """The rule's steps to 1 % of y₂ at about half of what the bound promises, and gradient descent's."""
    steps = sum(1e4 * epsilon1 * y1 / y2**2 for y1 in y1s for epsilon1 in epsilon1s)
    return Effort(4e-7 * steps + 1e-7 * MOST_STEPS_RUN * len(y1s) * len(epsilon1s))


def _compare(problem: TwoPoints) -> Row:
    met = assumptions(problem)
    rule, descent = run_rule(problem), descent_iterations(problem)
    arrived, gd_rate = rule.iterations > 0, problem.descent_rate
    row: Row = {"y1": problem.y1, "y2": problem.y2, "epsilon1": problem.epsilon1, "epsilon2": problem.epsilon2}
    row |= {
        "assumptions_met": all(met.values()),
        "violated": "; ".join(name for name, holds in met.items() if not holds),
    }
    row |= {"bound": problem.bound, "descent_rate": gd_rate, "rule_rate": problem.rule_rate}
    row |= {"descent_iterations": descent, "rule_iterations": rule.iterations}
    row |= {"iterations_ratio": descent / rule.iterations if arrived and descent > 0 else math.nan}
    row |= {"rate_ratio": rule.rate_least / gd_rate if arrived else math.nan}
    row |= {"rate_ratio_first": rule.rate_first / gd_rate, "rate_ratio_mean": rule.rate_mean / gd_rate}
    return row | {"delta1_after_one_step": rule.first_delta1}


def draw_speedups(axes: "Axes", record: "Record") -> str:
    """Draw the measured acceleration against the bound, log-log, with the line on which they are equal."""
    from overparam_cli.figures.style import MUTED

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
    points = count(len(table), "point")
    return f"{points} of a sweep over y₁ and ε₁;\nfilled: the {met} that meet the appendix’s assumptions"


def draw_excess(axes: "Axes", record: "Record") -> str:
    """Draw by how much the measured acceleration exceeds the bound, relatively, against ε₁y₁."""
    from matplotlib.ticker import FuncFormatter

    from overparam_cli.figures.style import MUTED

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
    axes.yaxis.set_major_formatter(FuncFormatter(_percent))
    axes.set_xlabel(r"$\varepsilon_1 y_1$, which the appendix takes as ≫ 1")
    axes.set_ylabel("measured / bound − 1")
    return "the same points, relative to the bound"


def _percent(value: float, _: int | None = None) -> str:
    """A share in percent, with its sign; a function with a name, so that figures can be pickled."""
    return f"{100 * value:+g} %".replace("-", "−") if value else "0"


def _draw_points(axes: "Axes", table: "pd.DataFrame", x: "pd.Series", y: "pd.Series", column: str) -> None:
    """Draw one measure of the acceleration, filled where the assumptions are met."""
    from overparam_cli.figures.looks import LOOKS

    what, place = MEASURES[column]
    look, met = LOOKS[place], table["assumptions_met"]
    style: Any = {"color": look.color, "markersize": 5.5 if place == 1 else 4.5, "zorder": 3 + place}
    axes.plot(x[met], y[met], look.marker, label=what, **style).pop().set_gid(f"{column}-met")
    unfilled = axes.plot(x[~met], y[~met], look.marker, markerfacecolor="none", **style)
    unfilled.pop().set_gid(f"{column}-not-met")


def _assumed(rows: "pd.DataFrame") -> str:
    """Whether the point meets the assumptions; if not, the first that fails."""
    if rows["assumptions_met"].iloc[0]:
        return "all met"
    failed = str(rows["violated"].iloc[0]).split(";")[0]
    for typed, written in SYMBOLS.items():
        failed = failed.replace(typed, written)
    return f"fails: {failed}"


APPENDIX_B = Statement(
    "appendix-b-bound",
    says="acceleration by at least y₁/4ε₁",
    where="App. B",
    compute=compute,
    effort=effort,
    columns={
        "y1": "label of point 1",
        "y2": "label of point 2",
        "epsilon1": "|w₁| at the start",
        "epsilon2": "|w₂| at the start",
        "assumptions_met": "whether every assumption of the appendix holds (>> read as a factor of 10)",
        "violated": "those that do not",
        "bound": "y₁/(4ε₁)",
        "descent_rate": "gradient descent's learning rate, its limit 2/y₁²",
        "rule_rate": "the rule's learning rate, 1/(2ε₁y₁²)",
        "descent_iterations": "until |Δ₂| ≤ 1 % of y₂",
        "rule_iterations": "the same; -1 where it diverged",
        "iterations_ratio": "descent_iterations / rule_iterations",
        "rate_ratio": "least effective learning rate of coordinate 2 after the first step / descent_rate",
        "rate_ratio_first": "the same of the second step",
        "rate_ratio_mean": "the same, mean over the steps after the first",
        "delta1_after_one_step": "w₁ − y₁ after one step",
    },
    view=View(
        {"y₁": "y1", "ε₁": "epsilon1"},
        {
            "bound": lambda rows: thousands(rows["bound"].iloc[0]),
            "learning rates": or_dash("rate_ratio"),
            "iterations": or_dash("iterations_ratio"),
            "assumptions": _assumed,
        },
    ),
    title="Section 7 and Appendix B: acceleration on two points against the bound y₁/4ε₁",
    panels=lambda _: (trajectories.draw, draw_speedups, draw_excess),
    curves=trajectories.compute,
)


@claim(
    "appendix-b-bound",
    says=APPENDIX_B.says,
    where=APPENDIX_B.where,
    measures="ratio of effective learning rates and of iterations to reach 1 % in coordinate 2, under the "
    "appendix's assumptions, over a sweep of y₁, ε₁",
    requires="≥ the bound at every point of the sweep that meets the assumptions",
    reads=("theory/appendix-b-bound",),
)
def requirement(table: TableEvidence) -> Finding:
    """Both accelerations at least y₁/4ε₁ at every point of the sweep that meets the appendix's assumptions.

    They are the ratio of iterations to 1 % in coordinate 2, and the ratio of learning rates, the rule's being the least
    effective rate of coordinate 2 after the first step ("at least"); the mean rate's is shown beside it.
    """
    met = table.column("assumptions_met").astype(str) == "True"
    if not met.any():
        raise CannotJudgeError(f"no point in {table.path} meets the assumptions")
    bound = table.numbers("bound")[met]
    over = {
        name: (table.numbers(name, empty=True)[met] / bound).fillna(0.0)
        for name in ("iterations_ratio", "rate_ratio", "rate_ratio_mean")
    }
    holds = bool((over["iterations_ratio"] >= 1).all() and (over["rate_ratio"] >= 1).all())
    least = {name: float(values.min()) for name, values in over.items()}
    shown = {name: f"{value:.5g}×" for name, value in least.items()}
    text = (
        f"least over the bound at {count(int(met.sum()), 'point')}: iterations {shown['iterations_ratio']}, "
        f"least learning rate {shown['rate_ratio']} (mean {shown['rate_ratio_mean']})"
    )
    return Finding(text, {WHOLE: Case(holds, {"least_over_bound": least, "points": int(met.sum())})})
