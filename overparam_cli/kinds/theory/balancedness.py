"""Eq. 9: gradient descent on the layers preserves W_{j+1}ᵀW_{j+1} = W_jW_jᵀ, but for its step size."""

from collections.abc import Sequence

from overparam_cli.claims.evidence import TableEvidence
from overparam_cli.claims.model import Finding, claim
from overparam_cli.claims.tables import FIRST_ORDER, judge_orders
from overparam_cli.kinds.theory.common import Row, fitted_order
from overparam_cli.kinds.theory.dynamics import NETS, Net, gradient_descent, imbalance, random_start
from overparam_cli.kinds.theory.orders import NET_COLUMNS, NET_LINES, RATE_COLUMNS, net_panels
from overparam_cli.kinds.theory.parameters import Seeds
from overparam_cli.kinds.theory.statement import Effort, Statement
from overparam_cli.kinds.theory.view import View, at_largest_rate, at_smallest_rate, order


def compute(
    nets: Sequence[Net] = NETS,
    time: float = 1.0,
    steps: Sequence[int] = (100, 200, 400, 800, 1600),
    seeds: Seeds = (0, 1, 2),
) -> list[Row]:
    """The drift off balance along gradient descent from a balanced start, as the learning rate is halved.

    The drift is the largest ‖W_{j+1}ᵀW_{j+1} − W_jW_jᵀ‖_F over layers and iterations; `order` is the exponent of
    drift ≈ constant·lr^order, fitted over all learning rates of a net and seed.
    """
    rows: list[Row] = []
    for net in nets:
        for seed in seeds:
            gradient, layers = random_start(net, seed)
            rates = [time / count for count in steps]
            drifts = []
            for lr, count in zip(rates, steps, strict=True):
                path = gradient_descent(layers, gradient, lr, net.weight_decay)
                drifts.append(max(imbalance(next(path)) for _ in range(count + 1)))
            exponent = fitted_order(rates, drifts)
            for lr, count, drift in zip(rates, steps, drifts, strict=True):
                row: Row = {**net.describe(), "seed": seed, "lr": lr, "steps": count, "time": time}
                rows.append(row | {"drift": drift, "drift_at_start": imbalance(layers), "order": exponent})
    return rows


def effort(nets: Sequence[Net], steps: Sequence[int], seeds: Sequence[int], **_: object) -> Effort:
    """A step of gradient descent on the layers."""
    return Effort(45e-6 * len(nets) * len(seeds) * sum(steps))


BALANCEDNESS = Statement(
    "balancedness",
    says="W_{j+1}ᵀW_{j+1} = W_jW_jᵀ is preserved",
    where="Eq. 9",
    compute=compute,
    effort=effort,
    columns={
        **NET_COLUMNS,
        **RATE_COLUMNS,
        "drift": "largest ‖W_{j+1}ᵀW_{j+1} − W_jW_jᵀ‖_F along gradient descent",
        "drift_at_start": "the same at the balanced start",
        "order": "exponent of drift against lr",
    },
    view=View(NET_LINES, {"drift": at_largest_rate("drift"), "smallest lr": at_smallest_rate("drift"), "order": order}),
    title="Eq. 9: drift off balance along gradient descent on the layers",
    panels=net_panels("drift", r"largest $\|W_{j+1}^T W_{j+1} - W_j W_j^T\|_F$"),
)


@claim(
    "balancedness",
    says=BALANCEDNESS.says,
    where=BALANCEDNESS.where,
    measures="drift along GD as lr is halved repeatedly (balanced start, several widths, k > 1)",
    requires=f"drift shrinks linearly with lr (fitted order ≥ {FIRST_ORDER})",
    reads=("theory/balancedness",),
)
def requirement(table: TableEvidence) -> Finding:
    """Fitted order in lr of the drift off balance: ≥ 0.9 for every network."""
    return judge_orders(table, "drift", FIRST_ORDER)
