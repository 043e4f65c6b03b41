"""Section 7's picture: how the two points are approached, by gradient descent and by the rule (App. B's rates)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from overparam_cli.kinds.theory.common import Array, Row
from overparam_cli.kinds.theory.illustration import TARGET, TwoPoints, descent_trajectory, two_point_trajectory
from overparam_cli.kinds.theory.statement import Curves

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from overparam_cli.figures.looks import Look
    from overparam_cli.results.record import Record

MOST_RULE_STEPS = 100_000  # of the drawn trajectories
LONGER = 10  # gradient descent's is as many times as long as the rule's
LINES = {  # series → what it is, look
    "descent-delta1": (r"gradient descent, $|\Delta_1|$", 6),
    "descent-delta2": (r"gradient descent, $|\Delta_2|$", 1),
    "rule-delta1": (r"rule N = 2, $|\Delta_1|$", 5),
    "rule-delta2": (r"rule N = 2, $|\Delta_2|$", 2),
}


def compute(rows: Sequence[Row]) -> Curves:
    """|Δ₁| and |Δ₂| under gradient descent and under the rule, at the sweep's first point that meets the assumptions.

    Both at the learning rates of Appendix B. The rule runs until it has arrived, gradient descent ten times as long:
    where it arrives is in the table.
    """
    arrived = [row for row in rows if int(row["rule_iterations"]) > 0]
    row = ([row for row in arrived if row["assumptions_met"]] or arrived or list(rows))[0]
    problem = TwoPoints(*(float(row[key]) for key in ("y1", "y2", "epsilon1", "epsilon2")))
    steps = min(max(int(row["rule_iterations"]), 1), MOST_RULE_STEPS)
    start = (problem.epsilon1, problem.epsilon2)
    rule = two_point_trajectory((problem.y1, problem.y2), start, 4, 2, problem.rule_rate, steps)
    paths = {"rule": rule, "descent": descent_trajectory(problem, LONGER * steps)}
    series: dict[str, Sequence[Array]] = {}
    for name, path in paths.items():
        kept = np.unique(np.geomspace(1, len(path), 200).astype(int)) - 1
        series |= {f"{name}-delta{i + 1}": (kept, np.abs(path[kept, i])) for i in (0, 1)}
    facts = {"y1": problem.y1, "y2": problem.y2, "epsilon1": problem.epsilon1, "bound": problem.bound}
    arrivals = {f"{name}_iterations": row[f"{name}_iterations"] for name in paths}
    return series, facts | arrivals


def draw(axes: "Axes", record: "Record") -> str:
    """Draw |Δ₁| and |Δ₂| over the iterations, gradient descent and the rule, and where Δ₂ arrives at 1 %."""
    from overparam_cli.figures.looks import LOOKS

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
    axes: "Axes", points: "pd.DataFrame", arrival: tuple[int, float], look: "Look", offset: tuple[int, int]
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
