"""Observation 1 (Section 3): one extra scalar turns gradient descent into an adaptive rate plus momentum.

w = w₁·w₂ with w₁ (d,) and a scalar w₂, both trained by gradient descent on L(w₁w₂).
"""

from collections.abc import Sequence

import numpy as np

from overparam_cli.claims.evidence import TableEvidence
from overparam_cli.claims.model import Finding, claim
from overparam_cli.claims.tables import SECOND_ORDER, judge_orders
from overparam_cli.kinds.theory.common import Array, Gradient, Row, fitted_order, lp_gradient, random_problem
from overparam_cli.kinds.theory.orders import RATE_COLUMNS, OrderPlot, loss_of
from overparam_cli.kinds.theory.parameters import Exponents, Seeds
from overparam_cli.kinds.theory.statement import Effort, Statement
from overparam_cli.kinds.theory.view import View, at_largest_rate, at_smallest_rate, order
from overparam_cli.words import count


def warmup_step(w1: Array, w2: float, gradient: Gradient, lr: float) -> tuple[Array, float, Array]:
    """One step of gradient descent on (w₁, w₂), and where Section 3's rewriting of it says that w = w₁w₂ goes.

    Args:
        w1: (d,).
        w2: scalar, not zero.
        gradient: dL/dW on (1, d).
        lr: η.

    Returns:
        the new w₁ (d,), the new w₂, and w − ρ∇_w − γw (d,) with ρ = η·w₂² and γ = η·w₂⁻¹·∇_{w₂}.
    """
    w = w1 * w2
    slope = gradient(w[None])[0]  # ∇_w; the chain rule gives ∇_{w₁} = w₂·∇_w and ∇_{w₂} = w₁ᵀ∇_w
    slope2 = float(w1 @ slope)
    rho, gamma = lr * w2**2, lr * slope2 / w2
    return w1 - lr * w2 * slope, w2 - lr * slope2, w - rho * slope - gamma * w


def compute(
    features: Sequence[int] = (2, 10),
    exponents: Exponents = (2, 4, 6),
    start: tuple[float, float] = (0.01, 0.1),
    time: float = 2.0,
    steps: Sequence[int] = (125, 250, 500, 1000, 2000),
    seeds: Seeds = (0, 1, 2),
) -> list[Row]:
    """The residual of w^{(t+1)} = w^{(t)} − ρ∇ − γw along gradient descent on (w₁, w₂), as the learning rate is halved.

    `residual` is its largest norm over the run, `step` the largest ‖w^{(t+1)} − w^{(t)}‖, and `order` the fitted
    exponent of residual ≈ constant·lr^order. The start is near zero: w₁ normal with standard deviation start[0] and
    w₂ = start[1], which dominates ‖w₁‖ so that w₂, by which γ divides, keeps its sign (gradient flow preserves
    w₂² − ‖w₁‖²).
    """
    rows: list[Row] = []
    for d in features:
        for p in exponents:
            for seed in seeds:
                X, Y = random_problem(20, d, 1, seed)
                gradient, w1 = lp_gradient(X, Y, p), start[0] * np.random.default_rng(seed).standard_normal(d)
                rates = [time / count for count in steps]
                results = [_largest(w1, start[1], gradient, lr, n) for lr, n in zip(rates, steps, strict=True)]
                exponent = fitted_order(rates, [residual for residual, _ in results])
                for lr, taken, (residual, step) in zip(rates, steps, results, strict=True):
                    row: Row = {"features": d, "loss": f"l{p}", "seed": seed, "lr": lr, "steps": taken, "time": time}
                    rows.append(row | {"residual": residual, "step": step, "order": exponent})
    return rows


def effort(
    features: Sequence[int], exponents: Sequence[int], steps: Sequence[int], seeds: Sequence[int], **_: object
) -> Effort:
    """A step on d weights and a problem of 20 examples."""
    each = sum(25e-6 + 22e-9 * d for d in features)
    return Effort(len(exponents) * len(seeds) * sum(steps) * each, 8 * 30 * max(features))


def _largest(w1: Array, w2: float, gradient: Gradient, lr: float, steps: int) -> tuple[float, float]:
    """The largest residual and the largest step of w over a run."""
    residual = step = 0.0
    for _ in range(steps):
        before = w1 * w2
        w1, w2, predicted = warmup_step(w1, w2, gradient, lr)
        residual = max(residual, float(np.linalg.norm(w1 * w2 - predicted)))
        step = max(step, float(np.linalg.norm(w1 * w2 - before)))
    return residual, step


OBSERVATION1 = Statement(
    "observation1",
    says="depth 2 GD on w = w₁w₂ is GD with adaptive lr and momentum terms",
    where="Section 3, Observation 1",
    compute=compute,
    effort=effort,
    columns={
        "features": "d",
        "loss": "ℓp loss",
        "seed": "seed of problem and start",
        **RATE_COLUMNS,
        "residual": "largest ‖w^{(t+1)} − (w − ρ∇ − γw)‖ of the run",
        "step": "largest ‖w^{(t+1)} − w^{(t)}‖ of the run",
        "order": "exponent of residual against lr",
    },
    view=View(
        {"d": "features", "loss": "loss"},
        {
            "residual": at_largest_rate("residual"),
            "smallest lr": at_smallest_rate("residual"),
            "its step": at_smallest_rate("step"),
            "order": order,
        },
    ),
    title="Observation 1: what an adaptive rate and a momentum term leave of a step of w = w₁w₂",
    panels=OrderPlot(
        column="residual",
        ylabel=r"largest $\|\mathbf{w}^{(t+1)} - (\mathbf{w} - \rho\nabla - \gamma\mathbf{w})\|$",
        power=2,
        facet="features",
        head=lambda d: count(d, "feature"),
        legend="fitted order in η",
        lines=("loss",),
        label=lambda rows: f"{loss_of(rows)} loss",
    ).panels,
)


@claim(
    "observation1",
    says=OBSERVATION1.says,
    where="Sec. 3",
    measures="residual of w^{t+1} = w^t − ρ∇ − γw as lr is halved",
    requires="second order in lr",
    reads=("theory/observation1",),
)
def requirement(table: TableEvidence) -> Finding:
    """Fitted order in lr of the residual: second order, read as ≥ 1.9 for every problem."""
    return judge_orders(table, "residual", SECOND_ORDER)
