"""The theorems: requirements on tables of numbers."""

from overparam_cli.claims.evidence import TableEvidence
from overparam_cli.claims.model import WHOLE, CannotJudgeError, Case, Finding, claim
from overparam_cli.claims.tables import EXACT, FIRST_ORDER, SECOND_ORDER, judge_errors, judge_orders

CONVERGED = 1e-6  # relative deviation from the limit at the smallest R
DEPTHS = {2, 3, 4, 5, 6, 7, 8}


@claim(
    "lemma3",
    says="∮F_e = (2N/(3−2/N) − 2)(R^{3−2/N} − r^{3−2/N})",
    where="App. A.4",
    measures="relative error of quadrature, N = 2…8, several r, R, dimensions",
    requires=f"≤ {EXACT:.0e}",
    reads=("theory/lemma3",),
)
def lemma3(table: TableEvidence) -> Finding:
    """Largest relative error of the quadrature against the closed form: ≤ 1e-10, N = 2 … 8.

    At N = 2 the closed form is 0, and the table's error is relative to the sum of the pieces' absolute integrals.
    """
    table.require("depth", DEPTHS)
    return judge_errors(table, ("relative_error",), "relative error")


@claim(
    "claim1",
    says="the preconditioner's eigenvalues and eigenvectors",
    where="Claim 1",
    measures="against the dense Kronecker matrix, random W_e",
    requires=f"≤ {EXACT:.0e} relative",
    reads=("theory/claim1",),
)
def claim1(table: TableEvidence) -> Finding:
    """Largest relative error of eigenvalues and eigenvectors, and of the eigenvectors' orthonormality: ≤ 1e-10."""
    columns = ("eigenvalue_error", "eigenvector_error", "orthogonality_error")
    return judge_errors(table, columns, "error of eigenvalues and eigenvectors")


@claim(
    "claim2",
    says="Eq. 10 equals Eq. 12 for one output",
    where="Claim 2",
    measures="random W_e, N = 2…8",
    requires=f"≤ {EXACT:.0e} relative",
    reads=("theory/claim2",),
)
def claim2(table: TableEvidence) -> Finding:
    """Largest relative difference of Eq. 10 and Eq. 12 for one output: ≤ 1e-10, N = 2 … 8."""
    table.require("depth", DEPTHS)
    return judge_errors(table, ("relative_error",), "relative difference")


@claim(
    "balancedness",
    says="W_{j+1}ᵀW_{j+1} = W_jW_jᵀ is preserved",
    where="Eq. 9",
    measures="drift along GD as lr is halved repeatedly (balanced start, several widths, k > 1)",
    requires=f"drift shrinks linearly with lr (fitted order ≥ {FIRST_ORDER})",
    reads=("theory/balancedness",),
)
def balancedness(table: TableEvidence) -> Finding:
    """Fitted order in lr of the drift off balance: ≥ 0.9 for every network."""
    return judge_orders(table, "drift", FIRST_ORDER)


@claim(
    "theorem1",
    says="the end-to-end rule (Eq. 10) describes W_e",
    where="Thm. 1",
    measures="distance between W_e of GD and of Eq. 10 after a fixed time t = lr·steps, as lr is halved (balanced "
    "start, k > 1, with and without weight decay)",
    requires="first order in lr",
    reads=("theory/theorem1",),
)
def theorem1(table: TableEvidence) -> Finding:
    """Fitted order in lr of the distance to the end-to-end rule: first order, read as ≥ 0.9 for every network."""
    return judge_orders(table, "distance", FIRST_ORDER)


@claim(
    "observation1",
    says="depth 2 GD on w = w₁w₂ is GD with adaptive lr and momentum terms",
    where="Sec. 3",
    measures="residual of w^{t+1} = w^t − ρ∇ − γw as lr is halved",
    requires="second order in lr",
    reads=("theory/observation1",),
)
def observation1(table: TableEvidence) -> Finding:
    """Fitted order in lr of the residual: second order, read as ≥ 1.9 for every problem."""
    return judge_orders(table, "residual", SECOND_ORDER)


@claim(
    "theorem2",
    says="F is no gradient field for N > 2",
    where="Sec. 6",
    measures="the line integral of the real loss's F on Γ_{r,R} (ℓ2 and ℓ4), as R → 0 scaled by R^{3−2/N}",
    requires="non-zero, converging to the constant c·(2N/(3−2/N) − 2)·(1 − (r/R)^{3−2/N})",
    reads=("theory/theorem2",),
)
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


@claim(
    "appendix-b-bound",
    says="acceleration by at least y₁/4ε₁",
    where="App. B",
    measures="ratio of effective learning rates and of iterations to reach 1 % in coordinate 2, under the "
    "appendix's assumptions, over a sweep of y₁, ε₁",
    requires="≥ the bound at every point of the sweep that meets the assumptions",
    reads=("theory/appendix-b-bound",),
)
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
