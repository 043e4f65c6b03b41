"""Deep linear networks: by Eq. 3 their loss is that of the end-to-end matrix."""

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from overparam_cli.experiments import Trial
from overparam_cli.experiments.kind import Column, Level, Outcome
from overparam_cli.kinds.linear import losses
from overparam_cli.kinds.linear.trial import LinearTrial
from overparam_cli.run.settings import Settings
from overparam_cli.run.unit import Trained
from overparam_cli.words import count

if TYPE_CHECKING:
    from overparam_cli.kinds.linear.problem import LinearProblem
    from overparam_cli.kinds.linear.unit import LinearUnit

GAP = Level("gap", "final_gap", "gaps", "gap", "final gap", "final {loss} (distance from optimum)")


class Linear:
    """The kind `linear`."""

    name = "linear"
    trial: type[Trial] = LinearTrial
    family = ""
    levels: Sequence[Level] = (GAP,)
    columns: Mapping[str, Column] = {}
    outcomes: Sequence[Outcome] = ()
    threads: int | None = None  # batches come one after another, each with all there are
    measurable = True

    def loss_label(self, name: str) -> str:
        """As the loss itself has it, unless the package that brought it is gone."""
        try:
            return losses.named(name).label
        except ValueError:
            return "loss"

    @property
    def figures(self) -> Sequence[Any]:
        """Drawn from the logs; needs Matplotlib."""
        modules = [
            "overparam_cli.kinds.linear.figures",
            "overparam_cli.kinds.linear.diagnostics",
        ]
        return [figure for module in modules for figure in import_module(module).FIGURES]

    def level_at_zero(self, manifest: Mapping[str, Any]) -> float | None:
        """L(0) minus the optimum."""
        optimum = manifest.get("optimum", {})
        if optimum.get("loss_at_zero") is None:
            return None
        return float(optimum["loss_at_zero"]) - float(optimum["loss"])

    def rounding(self, level: float, loss: str) -> float:
        """ℓ of residuals that are a rounding of the labels; a loss that is gone counts as quadratic."""
        try:
            degree = losses.named(loss).degree or 2
        except ValueError:
            degree = 2
        return abs(level) * sys.float_info.epsilon**degree

    def weight(self, trial: LinearTrial) -> float:
        """ℓ2 in Gram form costs about a fifth."""
        return 0.2 if trial.loss == "l2" else 1.0

    def problem(self, trial: LinearTrial, settings: Settings) -> "LinearProblem":
        """Its data set, scaled, with the certified optimum."""
        from overparam_cli.kinds.linear.problem import load_problem

        return load_problem(trial, settings)

    def units(
        self, trials: Sequence[LinearTrial], problem: "LinearProblem", settings: Settings
    ) -> "Sequence[LinearUnit]":
        """Batches. Raises ConfigError for one that no memory of this machine could hold."""
        from overparam_cli.kinds.linear.unit import LinearUnit, batches_of, bytes_of
        from overparam_cli.run.machine import check_fits, pick_device

        batches = batches_of(trials, problem)
        for batch in batches:
            largest = max(batch, key=lambda trial: sum(trial.widths))
            what = (
                f"a batch of {count(len(batch), 'trial')} up to depth {largest.depth} and width {largest.width or '-'}"
            )
            remedy = "ask for fewer rates or seeds, or a smaller width or depth"
            check_fits(what, bytes_of(batch, problem), remedy, pick_device(settings.device))
        return [LinearUnit(batch, problem, settings) for batch in batches]

    def lacks(self, trial: LinearTrial, log: Mapping[str, Any]) -> str:
        """Nothing: which iterations are logged follows from how many there are."""
        return ""


KIND: Trained = Linear()
