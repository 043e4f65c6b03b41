"""Theorem 1: the end-to-end rule (Eq. 10) describes W_e of gradient descent on the layers (Eq. 4)."""

from collections.abc import Sequence

import numpy as np

from overparam_cli.claims.evidence import TableEvidence
from overparam_cli.claims.model import Finding, claim
from overparam_cli.claims.tables import FIRST_ORDER, judge_orders
from overparam_cli.kinds.theory.common import Array, Gradient, Row, fitted_order
from overparam_cli.kinds.theory.dynamics import (
    NETS,
    Net,
    end_to_end,
    end_to_end_flow,
    gradient_descent,
    layer_flow,
    random_start,
)
from overparam_cli.kinds.theory.orders import NET_COLUMNS, NET_LINES, RATE_COLUMNS, net_panels
from overparam_cli.kinds.theory.parameters import Seeds
from overparam_cli.kinds.theory.rule import end_to_end_step
from overparam_cli.kinds.theory.statement import Effort, Statement
from overparam_cli.kinds.theory.view import View, at_largest_rate, at_smallest_rate, largest, order


def compute(
    nets: Sequence[Net] = NETS,
    time: float = 1.0,
    steps: Sequence[int] = (100, 200, 400, 800, 1600),
    seeds: Seeds = (0, 1, 2),
) -> list[Row]:
    """W_e of gradient descent on the layers (Eq. 4) against the end-to-end rule (Eq. 10) at a fixed time.

    `distance` is ‖W_e(GD) − W_e(rule)‖_F/‖W_e(rule)‖_F and `order` its fitted exponent in lr. `flow_distance` is the
    theorem itself, without a step size: the same distance between the solutions of Eqs. 6 and 8.
    """
    rows: list[Row] = []
    for net in nets:
        for seed in seeds:
            gradient, layers = random_start(net, seed)
            flow = end_to_end_flow(end_to_end(layers), gradient, net.depth, net.weight_decay, time)
            flow_distance = _relative(layer_flow(layers, gradient, net.weight_decay, time), flow)
            rates = [time / count for count in steps]
            distances = [_distance(net, layers, gradient, lr, count) for lr, count in zip(rates, steps, strict=True)]
            exponent = fitted_order(rates, distances)
            for lr, count, distance in zip(rates, steps, distances, strict=True):
                row: Row = {**net.describe(), "seed": seed, "lr": lr, "steps": count, "time": time}
                rows.append(row | {"distance": distance, "flow_distance": flow_distance, "order": exponent})
    return rows


def effort(nets: Sequence[Net], time: float, steps: Sequence[int], seeds: Sequence[int]) -> Effort:
    """A step of both, and two flows, whose solver's steps are bounded by stability."""
    return Effort(len(nets) * len(seeds) * (130e-6 * sum(steps) + 0.06 + 0.02 * time))


def _distance(net: Net, layers: Sequence[Array], gradient: Gradient, lr: float, steps: int) -> float:
    """How far W_e of the layers and of the rule are apart after `steps` iterations from the same start."""
    path, W = gradient_descent(layers, gradient, lr, net.weight_decay), end_to_end(layers)
    for _ in range(steps):
        next(path)
        W = end_to_end_step(W, gradient(W), net.depth, lr, net.weight_decay)
    return _relative(end_to_end(next(path)), W)


def _relative(A: Array, B: Array) -> float:
    """‖A − B‖_F/‖B‖_F."""
    return float(np.linalg.norm(A - B) / np.linalg.norm(B))


THEOREM1 = Statement(
    "theorem1",
    says="the end-to-end rule describes W_e",
    where="Theorem 1, Eq. 10",
    compute=compute,
    effort=effort,
    columns={
        **NET_COLUMNS,
        **RATE_COLUMNS,
        "distance": "‖W_e(GD) − W_e(rule)‖_F / ‖W_e(rule)‖_F at that time",
        "flow_distance": "the same between the solutions of the differential equations 6 and 8",
        "order": "exponent of distance against lr",
    },
    view=View(
        NET_LINES,
        {
            "distance": at_largest_rate("distance"),
            "smallest lr": at_smallest_rate("distance"),
            "order": order,
            "flows": largest("flow_distance"),
        },
    ),
    title="Theorem 1: distance between gradient descent on the layers and the end-to-end rule",
    panels=net_panels(
        "distance",
        r"relative distance of the two $W_e$",
        note=lambda rows: f"the flows themselves (Eqs. 6 and 8) end at most {rows['flow_distance'].max():.0e} apart",
    ),
)


@claim(
    "theorem1",
    says="the end-to-end rule (Eq. 10) describes W_e",
    where="Thm. 1",
    measures="distance between W_e of GD and of Eq. 10 after a fixed time t = lr·steps, as lr is halved (balanced "
    "start, k > 1, with and without weight decay)",
    requires="first order in lr",
    reads=("theory/theorem1",),
)
def requirement(table: TableEvidence) -> Finding:
    """Fitted order in lr of the distance to the end-to-end rule: first order, read as ≥ 0.9 for every network."""
    return judge_orders(table, "distance", FIRST_ORDER)
