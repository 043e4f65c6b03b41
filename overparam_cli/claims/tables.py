"""What several claims require of tables of numbers: small errors, and orders in the learning rate.

A table that has a column `seed` is judged per seed, any other as a whole.
"""

from collections.abc import Callable

import pandas as pd

from overparam_cli.claims.evidence import TableEvidence
from overparam_cli.claims.model import WHOLE, CannotJudgeError, Case, Finding
from overparam_cli.words import count

EXACT = 1e-10  # relative error
FIRST_ORDER, SECOND_ORDER = 0.9, 1.9  # fitted exponents in the learning rate


def judge_errors(table: TableEvidence, columns: tuple[str, ...], what: str) -> Finding:
    """Judge the largest of some columns of relative errors: ≤ EXACT."""
    worst = pd.concat([table.numbers(column) for column in columns], axis=1).max(axis=1)
    cases = cases_of(table, lambda rows: float(worst[rows].max()), lambda error: error <= EXACT, "largest_error")
    return Finding(f"largest {what} {worst.max():.1e} in {count(len(worst), 'row')}", cases)


def judge_orders(table: TableEvidence, what: str, least: float) -> Finding:
    """Judge the smallest fitted order, in the learning rate, of the column `what`: ≥ `least`."""
    table.numbers(what)
    if table.column("order").isna().all():
        raise CannotJudgeError(f"{table.path} has no fitted order: that takes two learning rates or more")
    order = table.numbers("order")
    cases = cases_of(table, lambda rows: float(order[rows].min()), lambda value: value >= least, "least_order")
    return Finding(f"order of the {what} in lr {order.min():.3f}–{order.max():.3f}", cases)


def cases_of(
    table: TableEvidence, measure: Callable[[pd.Index], float], holds: Callable[[float], bool], name: str
) -> dict[str, Case]:
    """Return one case per seed, or one for a table without seeds."""
    groups = table.rows.groupby("seed").groups if "seed" in table.rows else {WHOLE: table.rows.index}
    found = {str(seed): measure(rows) for seed, rows in groups.items()}
    return {seed: Case(holds(value), {name: value}) for seed, value in found.items()}
