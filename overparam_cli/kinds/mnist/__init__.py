"""The MNIST network of Figure 5 right, its dense layers factored (App. C.2)."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from overparam_cli.experiments import Trial
from overparam_cli.experiments.kind import Column, Level, Outcome
from overparam_cli.kinds.mnist.trial import MnistTrial
from overparam_cli.run.settings import Settings
from overparam_cli.run.unit import Trained
from overparam_cli.words import count

if TYPE_CHECKING:
    from overparam_cli.kinds.mnist.problem import ImageProblem
    from overparam_cli.kinds.mnist.unit import MnistUnit

SMOOTHED = 100  # training passes that a `*_mean` column is the mean of
HUNDREDTHS = "{:.2f}"  # of a percent: an image of MNIST's 10,000 test images
CROSS_ENTROPY = Level(
    "cross_entropy_mean",
    "final_cross_entropy",
    "levels",
    "cross-entropy",
    "final cross-entropy",
    "final cross-entropy, 100-step mean",
    "base learning rate",
    "cross-entropy: training batches, mean of the last 100 steps; errors: at the last step",
    form="{:.3g}",
    loss="cross-entropy",
    smoothing="mean",
)
TOTAL = replace(  # as TensorFlow's tutorial prints it: weight decay's term included
    CROSS_ENTROPY, column="loss_mean", final="final_loss_mean", noun="total loss", loss="total"
)
LEVELS = (
    CROSS_ENTROPY,
    TOTAL,
    *(
        replace(level, column=column, final=f"final_batch_{column}", noun=f"one batch's {level.noun}", smoothing="none")
        for level, column in ((CROSS_ENTROPY, "cross_entropy"), (TOTAL, "loss"))
    ),
)


class Mnist:
    """The kind `cnn`."""

    name = "cnn"
    trial: type[Trial] = MnistTrial
    family = "factor_std"
    levels: Sequence[Level] = LEVELS
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
        Outcome("final_validation_error", "validation error %", form=HUNDREDTHS),
        Outcome("final_test_error", "test error %", form=HUNDREDTHS),
    )
    threads: int | None = 1  # gets more steps out of a processor than all threads on one trial
    measurable = False

    def loss_label(self, name: str) -> str:
        """There is one."""
        return "loss"

    @property
    def figures(self) -> Sequence[Any]:
        """Drawn from the logs; needs Matplotlib."""
        modules = [
            "overparam_cli.kinds.mnist.figures",
        ]
        return [figure for module in modules for figure in import_module(module).FIGURES]

    def level_at_zero(self, manifest: Mapping[str, Any]) -> float | None:
        """ln k, the cross-entropy of a uniform guess among the k classes."""
        return math.log(int(manifest["dataset"]["k"]))

    def rounding(self, level: float, loss: str) -> float:
        """There is no optimum to come near."""
        return 0.0

    def weight(self, trial: MnistTrial) -> float:
        """A step takes tens of milliseconds."""
        return 5000.0

    def problem(self, trial: MnistTrial, settings: Settings) -> "ImageProblem":
        """Its images, split and on the device."""
        from overparam_cli.kinds.mnist.problem import load_problem

        return load_problem(trial, settings)

    def units(self, trials: Sequence[MnistTrial], problem: "ImageProblem", settings: Settings) -> "Sequence[MnistUnit]":
        """Each trial by itself. Raises ConfigError for one that no memory of this machine could hold."""
        from overparam_cli.kinds.mnist.unit import MnistUnit, bytes_of
        from overparam_cli.run.machine import check_fits, pick_device

        for trial in {(trial.widths, trial.batch, trial.iterations): trial for trial in trials}.values():
            batch = f"{count(trial.batch, 'image')} a batch"
            what = f"inner widths {trial.width or '-'}, {batch}, {count(trial.iterations, 'iteration')}"
            remedy = "ask for a smaller width, depth or batch, or fewer iterations"
            check_fits(f"a trial with {what}", bytes_of(trial), remedy, pick_device(settings.device))
        return [MnistUnit(trial, problem) for trial in trials]

    def lacks(self, trial: MnistTrial, log: Mapping[str, Any]) -> str:
        """Errors, if they were measured less often than the experiment asks, as far as the trial got."""
        errors = log["validation_error"]
        measured = log["iteration"][errors == errors]  # NaN where there was no measurement
        asked = range(0, int(log["iteration"].max()) + 1, trial.evaluate_every)
        return "" if {*asked} <= {*measured} else "errors of finished trials were measured less often than asked for"


KIND: Trained = Mnist()
