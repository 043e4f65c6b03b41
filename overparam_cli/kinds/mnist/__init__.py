"""The MNIST network of Figure 5 right, its dense layers factored (App. C.2)."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from math import log
from typing import Any

from overparam_cli.experiments.kind import Column, Kind, Level, Outcome

SMOOTHED = 100  # training passes that a `*_mean` column is the mean of
CROSS_ENTROPY = Level(
    "cross_entropy_mean",
    "final_cross_entropy",
    "levels",
    "cross-entropy",
    "final cross-entropy",
    "final cross-entropy, 100-step mean",
    "base learning rate",
    "cross-entropy: training batches, mean of the last 100 steps; errors: at the last step",
    SMOOTHED,
)


class Mnist:
    """The kind `cnn`."""

    name = "cnn"
    family = "factor_std"
    level = CROSS_ENTROPY
    columns: Mapping[str, Column] = {
        "cross_entropy": Column("float64", "of the training pass; `loss` is this and weight decay's term"),
        "cross_entropy_mean": Column("float64", "mean of this pass and the 99 before it, as `loss_mean`", SMOOTHED),
        "loss_mean": Column("float64", smoothed=SMOOTHED),
        "learning_rate": Column("float64"),
        "validation_error": Column("float64", "percent; only where errors are measured, as what follows and `norm`"),
        "test_error": Column("float64"),
        "printed_loss": Column("float64", "what TensorFlow's tutorial prints"),
    }
    outcomes: Sequence[Outcome] = (
        Outcome("parameters", "parameters", count=True),
        Outcome("final_validation_error", "validation error %"),
        Outcome("final_test_error", "test error %"),
    )

    @property
    def figures(self) -> Sequence[Any]:
        """Drawn from the logs; needs Matplotlib."""
        modules = [
            "overparam_cli.kinds.mnist.figures",
        ]
        return [figure for module in modules for figure in import_module(module).FIGURES]

    def level_at_zero(self, manifest: Mapping[str, Any]) -> float | None:
        """ln k, the cross-entropy of a uniform guess among the k classes."""
        return log(int(manifest["dataset"]["k"]))


KIND: Kind = Mnist()
