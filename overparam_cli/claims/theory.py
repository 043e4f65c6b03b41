"""The theorems and the cost of depth: requirements on tables of numbers.

A table that has a column `seed` is judged per seed, any other as a whole.
"""

from collections.abc import Callable

import pandas as pd

from overparam_cli.claims.evidence import TableEvidence
from overparam_cli.claims.model import WHOLE, CannotJudgeError, Case, Finding

EXACT = 1e-10  # relative error
FIRST_ORDER, SECOND_ORDER = 0.9, 1.9  # fitted exponents in the learning rate
CONVERGED = 1e-6  # relative deviation from the limit at the smallest R
DEPTHS = {2, 3, 4, 5, 6, 7, 8}
NEGLIGIBLE_COST = 1.10
BENCH_SUBJECT = "engine, one depth"


def lemma3(table: TableEvidence) -> Finding:
    """Largest relative error of the quadrature against the closed form: ≤ 1e-10, N = 2 … 8.

    At N = 2 the closed form is 0, and the table's error is relative to the sum of the pieces' absolute integrals.
    """
    table.require("depth", DEPTHS)
    return _errors(table, ("relative_error",), "relative error")


def claim1(table: TableEvidence) -> Finding:
    """Largest relative error of eigenvalues and eigenvectors, and of the eigenvectors' orthonormality: ≤ 1e-10."""
    columns = ("eigenvalue_error", "eigenvector_error", "orthogonality_error")
    return _errors(table, columns, "error of eigenvalues and eigenvectors")


def claim2(table: TableEvidence) -> Finding:
    """Largest relative difference of Eq. 10 and Eq. 12 for one output: ≤ 1e-10, N = 2 … 8."""
    table.require("depth", DEPTHS)
    return _errors(table, ("relative_error",), "relative difference")


def balancedness(table: TableEvidence) -> Finding:
    """Fitted order in lr of the drift off balance: ≥ 0.9 for every network."""
    return _orders(table, "drift", FIRST_ORDER)


def theorem1(table: TableEvidence) -> Finding:
    """Fitted order in lr of the distance to the end-to-end rule: first order, read as ≥ 0.9 for every network."""
    return _orders(table, "distance", FIRST_ORDER)


def observation1(table: TableEvidence) -> Finding:
    """Fitted order in lr of the residual: second order, read as ≥ 1.9 for every problem."""
    return _orders(table, "residual", SECOND_ORDER)


def theorem2(table: TableEvidence) -> Finding:
    """The scaled line integral: non-zero in every row, and converging to the constant as R → 0, for ℓ2 and ℓ4.

    Non-zero: larger than the quadrature's error estimate. Converging: for each loss, depth and r/R, the relative
    deviation from the constant is at most 1e-6 at the smallest R, and there no larger than at the largest R unless both
    are rounding (≤ 1e-10).
    """
    table.require("loss", {"l2", "l4"})
    value, error = table.numbers("scaled_integral"), table.numbers("quadrature_error")
    deviation, R = table.numbers("relative_deviation"), table.numbers("R")
    groups = table.rows.groupby([table.column(key) for key in ("loss", "depth", "r_over_R")]).groups.values()
    last = [float(deviation[rows][R[rows] == R[rows].min()].max()) for rows in groups]
    first = [float(deviation[rows][R[rows] == R[rows].max()].max()) for rows in groups]
    non_zero = bool((value.abs() > error).all())
    converging = all(b <= CONVERGED and b <= max(a, EXACT) for a, b in zip(first, last, strict=True))
    numbers = {
        "smallest_integral": float(value.abs().min()),
        "largest_quadrature_error": float(error.max()),
        "largest_final_deviation": max(last),
    }
    text = (
        f"smallest |scaled integral| {value.abs().min():.2g}; deviation from the constant at R = {R.min():.0e} at most"
    )
    return Finding(f"{text} {max(last):.1e}", {WHOLE: Case(non_zero and converging, numbers)})


def appendix_b(table: TableEvidence) -> Finding:
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
        f"least over the bound at {int(met.sum())} points: iterations {shown['iterations_ratio']}, "
        f"least learning rate {shown['rate_ratio']} (mean {shown['rate_ratio_mean']})"
    )
    return Finding(text, {WHOLE: Case(holds, {"least_over_bound": least, "points": int(met.sum())})})


def cost_of_depth(table: TableEvidence) -> Finding:
    """Median time per iteration of depths 2 and 3 over depth 1's in batches of one depth and equal size: ≤ 1.10.

    For every loss that the benchmark has, ℓ2 and ℓ4.
    """
    table.require("subject", {BENCH_SUBJECT})
    rows = table.rows[table.column("subject") == BENCH_SUBJECT]
    times = table.numbers("median")
    ratios: dict[str, float] = {}
    for loss in sorted(set(rows["loss"])):
        own = {int(depth): float(times[row]) for row, depth in rows[rows["loss"] == loss]["depth"].items()}
        if not {1, 2, 3} <= own.keys():
            raise CannotJudgeError(f"{table.path} lacks depths of {loss}")
        ratios |= {f"{loss} depth {depth}": own[depth] / own[1] for depth in (2, 3)}
    text = ", ".join(f"{name} {ratio:.3g}×" for name, ratio in ratios.items())
    holds = all(ratio <= NEGLIGIBLE_COST for ratio in ratios.values())
    return Finding(f"time over depth 1: {text}", {WHOLE: Case(holds, {"time_ratio": ratios})})


def _errors(table: TableEvidence, columns: tuple[str, ...], what: str) -> Finding:
    """Judge the largest of some error columns against EXACT."""
    worst = pd.concat([table.numbers(column) for column in columns], axis=1).max(axis=1)
    cases = _cases(table, lambda rows: float(worst[rows].max()), lambda error: error <= EXACT, "largest_error")
    return Finding(f"largest {what} {worst.max():.1e} in {len(worst)} rows", cases)


def _orders(table: TableEvidence, what: str, least: float) -> Finding:
    """Judge the smallest fitted order."""
    table.numbers(what)
    if table.column("order").isna().all():
        raise CannotJudgeError(f"{table.path} has no fitted order: that takes two learning rates or more")
    order = table.numbers("order")
    cases = _cases(table, lambda rows: float(order[rows].min()), lambda value: value >= least, "least_order")
    return Finding(f"order of the {what} in lr {order.min():.3f}–{order.max():.3f}", cases)


def _cases(
    table: TableEvidence, measure: Callable[[pd.Index], float], holds: Callable[[float], bool], name: str
) -> dict[str, Case]:
    """Return one case per seed, or one for a table without seeds."""
    groups = table.rows.groupby("seed").groups if "seed" in table.rows else {WHOLE: table.rows.index}
    found = {str(seed): measure(rows) for seed, rows in groups.items()}
    return {seed: Case(holds(value), {name: value}) for seed, value in found.items()}
