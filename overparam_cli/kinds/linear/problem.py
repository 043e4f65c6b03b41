"""What linear networks are trained on: a data set, scaled, with its certified optimum for one p."""

from dataclasses import dataclass
from typing import Any

import torch

from overparam_cli.data import Dataset, load, preprocess
from overparam_cli.experiments import Trial
from overparam_cli.kinds.linear import regression
from overparam_cli.run.manifest import describe_dataset
from overparam_cli.run.settings import Settings


@dataclass(frozen=True)
class LinearProblem:
    """A data set, scaled, with its certified optimum for one p."""

    dataset: Dataset
    preprocessing: str
    X: torch.Tensor  # (n, d) float64
    Y: torch.Tensor  # (n, k) float64
    optimum: regression.Optimum
    loss_at_zero: float

    @property
    def fingerprint(self) -> str:
        """Of the data set."""
        return self.dataset.fingerprint

    def describe(self) -> dict[str, Any]:
        """Data set and optimum, for the manifest; the optimal loss is certified to lie in [lower_bound, loss]."""
        optimum = {"loss": self.optimum.loss, "lower_bound": self.optimum.lower_bound}
        return {
            "dataset": describe_dataset(self.dataset, self.preprocessing),
            "optimum": optimum | {"loss_at_zero": self.loss_at_zero},
        }


def load_problem(trial: Trial, settings: Settings) -> LinearProblem:
    """The problem a trial is about; errors as in `data.load`."""
    bar = False if settings.quiet else None  # None: where the output is a terminal
    raw = load(trial.dataset, targets=trial.targets, data_dir=settings.data_dir, offline=settings.offline, progress=bar)
    dataset = preprocess(raw, trial.preprocessing)
    X, Y = torch.from_numpy(dataset.X), torch.from_numpy(dataset.Y)
    zero = regression.loss(torch.zeros(dataset.k, dataset.d, dtype=torch.float64), X, Y, trial.p)
    optimum = regression.optimum(dataset.X, dataset.Y, trial.p)
    return LinearProblem(dataset, trial.preprocessing, X, Y, optimum, float(zero))
