"""By what a run's curves are judged: the gap of a linear network, the smoothed cross-entropy of the CNN.

This is the one place that knows it. Selection of learning rates, iterations to fixed levels, speedups, the claims and
the figures ask the run for its measure and read the column that it names.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from overparam_cli.experiments import CNN
from overparam_cli.results.logs import SMOOTHED, Run

MEAN = "_mean"  # how such a column's name ends


@dataclass(frozen=True)
class Measure:
    """One number per logged iteration, lower is better.

    Attributes:
        column: of log.csv.
        final: the column of trials.csv that holds it at the last iteration; how `--json` names it.
        levels: how `--json` names the fixed levels whose iterations are reported.
        noun: in running text: "at gap 1e-3".
        heading: of the table's column for its final value.
        axis: its final value as the axis of a figure; {loss} is the loss.
        rate: what the learning rate is called: the CNN's is decayed, so that its trials are known by the first one.
        note: what the table says below itself, if anything.
    """

    column: str
    final: str
    levels: str
    noun: str
    heading: str
    axis: str
    rate: str = "learning rate"
    note: str = ""


GAP = Measure("gap", "final_gap", "gaps", "gap", "final gap", "final {loss} − optimum")
CROSS_ENTROPY = Measure(
    "cross_entropy_mean",
    "final_cross_entropy",
    "levels",
    "cross-entropy",
    "final cross-entropy",
    "final cross-entropy, 100-step mean",
    "base learning rate",
    "cross-entropy: training batches, mean of the last 100 steps; errors: at the last step",
)
# Shown beside the cross-entropy; nothing is judged by it.
TOTAL_LOSS = replace(CROSS_ENTROPY, column="loss_mean", final="final_loss_mean", noun="total loss")


def is_cnn(run: Run) -> bool:
    """Whether a run's networks are the convolutional ones."""
    config: Mapping[str, Any] = run.manifest["config"]
    return config.get("kind") == CNN


def measure_of(run: Run) -> Measure:
    """Return what a run's curves are judged by."""
    return CROSS_ENTROPY if is_cnn(run) else GAP


def settled_at(total: int) -> int:
    """Return the first iteration whose mean covers all SMOOTHED passes: row t is the mean of passes t − 99 … t.

    A run too short for that has its last row alone. `total` is the run's number of iterations.
    """
    return min(SMOOTHED - 1, total)
