"""What the theory's figures draw besides their tables: Figure 1's curve and field, Section 7's trajectories.

Each function takes the check's rows and returns the points (`theory_logs.CURVE_COLUMNS`) and what has to be known of
them.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from overparam_cli.kinds.theory.common import Array, Row
from overparam_cli.kinds.theory.field import curve_points, field_on_grid, gamma, line_integral
from overparam_cli.kinds.theory.illustration import TwoPoints, two_point_trajectory
from overparam_cli.kinds.theory.rule import single_output_direction
from overparam_cli.results.theory_logs import CURVE_COLUMNS

Curves = tuple[pd.DataFrame, dict[str, Any]]

DEPTH, INNER, OUTER = 3, 0.5, 1.0  # of the drawn field and curve: the least depth for which the integral is not zero
GRID, MARGIN = 21, 1.25  # arrows a side; the field is drawn a little beyond the curve
MOST_RULE_STEPS, LONGER = (
    100_000,
    10,
)  # trajectories: the rule's length at the most; gradient descent's is as many times


def curve_and_field(rows: Sequence[Row]) -> Curves:
    """Γ_{r,R} in the plane and F_e on a grid, e = (1, 0), with the integral along each of the four pieces."""
    e, tangent = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    curve = gamma(e, tangent, INNER, OUTER)
    integrals, _ = line_integral(lambda w: single_output_direction(w, e, DEPTH), curve)
    parts = [points(f"gamma{place}", *piece.T) for place, piece in enumerate(curve_points(curve, 61), start=1)]
    x, y, F = field_on_grid(lambda _: e, DEPTH, MARGIN * OUTER, GRID)
    columns, lines = np.meshgrid(x, y)
    parts.append(points("field", columns.ravel(), lines.ravel(), F[..., 0].ravel(), F[..., 1].ravel()))
    return pd.concat(parts, ignore_index=True), {"depth": DEPTH, "r": INNER, "R": OUTER, "pieces": integrals.tolist()}


def trajectories(rows: Sequence[Row]) -> Curves:
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
    paths = {"rule": rule, "descent": _descent(problem, LONGER * steps)}
    parts = []
    for name, path in paths.items():
        kept = np.unique(np.geomspace(1, len(path), 200).astype(int)) - 1
        parts += [points(f"{name}-delta{i + 1}", kept, np.abs(path[kept, i])) for i in (0, 1)]
    facts = {"y1": problem.y1, "y2": problem.y2, "epsilon1": problem.epsilon1, "bound": problem.bound}
    arrivals = {f"{name}_iterations": row[f"{name}_iterations"] for name in paths}
    return pd.concat(parts, ignore_index=True), facts | arrivals


def _descent(problem: TwoPoints, steps: int) -> Array:
    """Δ under gradient descent (Eq. 15, p = 4), (steps + 1, 2); the coordinates do not meet, so plain floats do."""
    lr, path = problem.descent_rate, np.empty((steps + 1, 2))
    for i, delta in enumerate((problem.epsilon1 - problem.y1, problem.epsilon2 - problem.y2)):
        column = [delta]
        for _ in range(steps):
            delta -= lr * delta * delta * delta
            column.append(delta)
        path[:, i] = column
    return path


def points(series: str, x: Array, y: Array, u: Array | float = np.nan, v: Array | float = np.nan) -> pd.DataFrame:
    """Points of one series."""
    return pd.DataFrame(dict(zip(CURVE_COLUMNS, (series, x, y, u, v), strict=True)))


CURVES: Mapping[str, Callable[[Sequence[Row]], Curves]] = {
    "lemma3": curve_and_field,
    "appendix-b-bound": trajectories,
}
