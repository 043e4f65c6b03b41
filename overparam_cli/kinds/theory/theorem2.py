"""Theorem 2 (Section 6, App. A.4): F is no gradient field, seen on a real loss as the curve Γ shrinks to 0."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import numpy as np

from overparam_cli.claims.evidence import TableEvidence
from overparam_cli.claims.model import WHOLE, Case, Finding, claim
from overparam_cli.claims.tables import EXACT
from overparam_cli.errors import ConfigError
from overparam_cli.kinds.theory.common import DEPTHS, Array, Gradient, Row, fitted_order, lp_gradient
from overparam_cli.kinds.theory.field import Piece, gamma, lemma3_constant, line_integral, orthonormal_pair
from overparam_cli.kinds.theory.parameters import Exponents, Seed, at_least
from overparam_cli.kinds.theory.rule import single_output_direction
from overparam_cli.kinds.theory.statement import Draw, Statement
from overparam_cli.kinds.theory.view import View, first, order

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from overparam_cli.figures.looks import Look
    from overparam_cli.results.record import Record

CONVERGED = 1e-6  # relative deviation from the limit at the smallest R


def compute(
    X: Array,
    Y: Array,
    depths: Sequence[Annotated[int, at_least(3)]] = DEPTHS[1:],  # the theorem is about N > 2
    exponents: Exponents = (2, 4),
    radii: Sequence[float] = (1.0, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6),
    ratios: Sequence[float] = (0.1, 0.5),
    seed: Seed = 0,
) -> list[Row]:
    """The line integral of a real loss's F (Eq. 14) along Γ_{r,R} as R → 0, scaled by R^{3−2/N}.

    With c = ‖∇L(0)‖ and e = ∇L(0)/c, the proof (App. A.4) splits ∇L = c·e + ξ with ξ(0) = 0, so that the scaled
    integral tends to c·(2N/(3 − 2/N) − 2)·(1 − (r/R)^{3−2/N}), the `limit`. The part of ξ that is linear in w
    integrates to zero: it is odd along the segments, and along the geodesics it adds ½wᵀHw, which is equal at both
    ends. So the ℓ2 loss, whose ξ is linear, stands at the limit for every R (its `order` of approach is not defined),
    and ℓ4 approaches it like R².

    Args:
        X: (n, d) features, d ≥ 2.
        Y: (n, 1) labels.
        depths: N, each above 2.
        exponents: the losses, p = 2 and 4.
        radii: R, from large to small.
        ratios: r/R.
        seed: of the plane that Γ's geodesics turn in.

    Raises:
        ConfigError: there is more than one output, fewer than two features, or the gradient vanishes at 0.
    """
    if Y.shape[1] != 1 or X.shape[1] < 2:
        raise ConfigError(
            f"Theorem 2 is about one output and Γ needs two features; here are {Y.shape[1]} and {X.shape[1]}"
        )
    rows: list[Row] = []
    for p in exponents:
        gradient = lp_gradient(X, Y, p)
        start = gradient(np.zeros((1, X.shape[1])))[0]
        c = float(np.linalg.norm(start))
        if c == 0:
            raise ConfigError("Theorem 2 assumes that the loss's gradient does not vanish at W = 0, but it does here")
        e, tangent = orthonormal_pair(start, np.random.default_rng(seed))
        for ratio in ratios:
            table = [_scaled_integrals(gradient, c, gamma(e, tangent, ratio * R, R), depths, ratio, R) for R in radii]
            for column in zip(*table, strict=True):  # one depth, all radii
                approach = fitted_order(radii, [float(row["relative_deviation"]) for row in column], floor=1e-10)
                rows += [{"loss": f"l{p}", "c": c, **row, "order": approach} for row in column]
    return rows


def _scaled_integrals(
    gradient: Gradient, c: float, curve: Sequence[Piece], depths: Sequence[int], ratio: float, R: float
) -> list[Row]:
    """One row for each depth: the integral over R^{3−2/N}, its limit, and how far they are apart."""

    def fields(w: Array) -> Array:  # (depths, d): φ is the costly part and is evaluated once for all N
        at_w = gradient(w[None])[0]
        return np.array([single_output_direction(w, at_w, N) / R ** (3 - 2 / N) for N in depths])

    pieces, error = line_integral(fields, curve)
    rows: list[Row] = []
    for N, value in zip(depths, pieces.sum(axis=0), strict=True):
        limit = c * lemma3_constant(N) * (1 - ratio ** (3 - 2 / N))
        row: Row = {"depth": N, "R": R, "r_over_R": ratio, "integral": float(value) * R ** (3 - 2 / N)}
        row |= {"scaled_integral": float(value), "limit": limit, "quadrature_error": error}
        rows.append(row | {"relative_deviation": abs(float(value) - limit) / limit})
    return rows


def panel(loss: str) -> Draw:
    """The panel of one loss: ∮F/R^{3−2/N} of the real loss as R → 0, against its limit."""

    def draw(axes: "Axes", record: "Record") -> str:
        from overparam_cli.figures.looks import of_depth

        table = record.table[record.table["loss"] == loss]
        table = table[table["r_over_R"] == table["r_over_R"].iloc[0]]
        depths = sorted(table["depth"].unique())
        # The least, a middle one and the greatest: all would say the same.
        chosen = sorted({depths[0], depths[len(depths) // 2], depths[-1]}, reverse=True)
        for N in chosen:
            _draw_depth(axes, table[table["depth"] == N].sort_values("R"), int(N), of_depth(int(N)))
        axes.set_xscale("log")
        axes.set_yscale("log")
        low, high = table["scaled_integral"].min(), table["scaled_integral"].max()
        room = high * (high / low) ** 0.4  # for the legend, above the lines
        axes.set_ylim(10 ** np.floor(np.log10(0.7 * low)), 10 ** np.ceil(np.log10(room)))
        axes.set_xlabel("outer radius R")
        axes.set_ylabel(r"$\oint_\Gamma F\,/\,R^{3-2/N}$")
        axes.legend(loc="upper left")
        ratio = table["r_over_R"].iloc[0]
        return rf"$\ell_{{{loss[1:]}}}$ loss, r/R = {ratio:g}; dashed: the limit for R → 0" + _approach(table)

    return draw


def _draw_depth(axes: "Axes", rows: "pd.DataFrame", N: int, look: "Look") -> None:
    """Draw one depth's scaled integrals and its limit."""
    limit = float(rows["limit"].iloc[0])
    axes.axhline(limit, color=look.color, linestyle=(0, (4, 2)), linewidth=1.0, zorder=2)
    axes.plot(
        rows["R"],
        rows["scaled_integral"],
        color=look.color,
        linewidth=1.2,
        marker=look.marker,
        markerfacecolor="white",
        markersize=5,
        label=f"N = {N}: limit {limit:.4g}",
        zorder=3,
    )


def _approach(table: "pd.DataFrame") -> str:
    """How the integrals approach the limit, in words."""
    orders = table["order"].dropna()
    if orders.empty:
        return f"\nrelative distance from it at most {table['relative_deviation'].max():.0e}"
    nearest = table[table["R"] == table["R"].min()]["relative_deviation"].max()
    least = table["R"].min()
    return f"\nrelative distance ∝ R to the power {orders.median():.2f}; {nearest:.0e} at R = {least:.0e}"


def _near_limit(rows: "pd.DataFrame") -> str:
    """The scaled integral at the smallest radius."""
    return f"{rows['scaled_integral'].iloc[rows['R'].argmin()]:.6g}"


def _off_at_largest(rows: "pd.DataFrame") -> str:
    return f"{rows['relative_deviation'].iloc[rows['R'].argmax()]:.0e}"


def _off_at_smallest(rows: "pd.DataFrame") -> str:
    return f"{rows['relative_deviation'].iloc[rows['R'].argmin()]:.0e}"


THEOREM2 = Statement(
    "theorem2",
    says="F is no gradient field for N > 2",
    where="Section 6, Theorem 2",
    compute=compute,
    columns={
        "loss": "ℓp loss",
        "c": "‖∇L(0)‖",
        "depth": "N",
        "R": "outer radius",
        "r_over_R": "inner over outer radius",
        "integral": "∮F along Γ_{r,R} by quadrature",
        "scaled_integral": "integral / R^{3−2/N}",
        "limit": "c·(2N/(3−2/N) − 2)·(1 − (r/R)^{3−2/N})",
        "quadrature_error": "estimated error of the scaled integral",
        "relative_deviation": "|scaled integral − limit| / limit",
        "order": "exponent of deviation against R; empty where it is rounding only",
    },
    view=View(
        {"loss": "loss", "N": "depth", "r/R": "r_over_R"},
        {
            "limit": first("limit"),
            "smallest R": _near_limit,
            "off at largest R": _off_at_largest,
            "off at smallest R": _off_at_smallest,
            "order": order,
        },
    ),
    title="Theorem 2: the line integral of a real loss’s field along Γ, as Γ shrinks to the origin",
    panels=lambda record: [panel(loss) for loss in record.table["loss"].unique()],
    needs_problem=True,
)


@claim(
    "theorem2",
    says=THEOREM2.says,
    where="Sec. 6",
    measures="the line integral of the real loss's F on Γ_{r,R} (ℓ2 and ℓ4), as R → 0 scaled by R^{3−2/N}",
    requires="non-zero, converging to the constant c·(2N/(3−2/N) − 2)·(1 − (r/R)^{3−2/N})",
    reads=("theory/theorem2",),
)
def requirement(table: TableEvidence) -> Finding:
    """The scaled line integral: non-zero in every row, and converging to the constant as R → 0, for ℓ2 and ℓ4.

    Non-zero: larger than the quadrature's error estimate. Converging: for each loss, depth and r/R, the relative
    deviation from the constant is at most 1e-6 at the smallest R, and there no larger than at the largest R unless both
    are rounding (≤ 1e-10).
    """
    table.require("loss", {"l2", "l4"})
    value, error = table.numbers("scaled_integral"), table.numbers("quadrature_error")
    deviation, R = table.numbers("relative_deviation"), table.numbers("R")
    groups = table.rows.groupby([table.column(key) for key in ("loss", "depth", "r_over_R")]).groups.values()
    smallest = [float(deviation[rows][R[rows] == R[rows].min()].max()) for rows in groups]
    largest = [float(deviation[rows][R[rows] == R[rows].max()].max()) for rows in groups]
    non_zero = bool((value.abs() > error).all())
    converging = all(b <= CONVERGED and b <= max(a, EXACT) for a, b in zip(largest, smallest, strict=True))
    numbers = {
        "smallest_integral": float(value.abs().min()),
        "largest_quadrature_error": float(error.max()),
        "largest_final_deviation": max(smallest),
    }
    text = (
        f"smallest |scaled integral| {value.abs().min():.2g}; deviation from the constant at R = {R.min():.0e} at most"
    )
    return Finding(f"{text} {max(smallest):.1e}", {WHOLE: Case(non_zero and converging, numbers)})
