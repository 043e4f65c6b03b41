"""What linear networks are trained on: a data set, scaled, with its certified optimum for one loss."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from overparam_cli.data import NEED_SPREAD, Dataset, load, preprocess
from overparam_cli.errors import DataInvalidError
from overparam_cli.kinds.linear import losses, objective
from overparam_cli.kinds.linear.certificate import REACH
from overparam_cli.kinds.linear.optimum import Optimum, optimum
from overparam_cli.kinds.linear.trial import LinearTrial
from overparam_cli.run.machine import DTYPES
from overparam_cli.run.manifest import describe_dataset
from overparam_cli.run.memo import Memo
from overparam_cli.run.settings import Settings
from overparam_cli.words import count

LEAST, MOST = 1e-280, 1e300  # of the loss of predicting 0; gaps of 1e-20 of it, and a blow-up, are numbers


@dataclass(frozen=True)
class LinearProblem:
    """A data set, scaled, with its certified optimum for one loss; `classes` says which labels became −1 and +1."""

    dataset: Dataset
    scaling: tuple[str, str]  # of features, of labels
    X: torch.Tensor  # (n, d) float64
    Y: torch.Tensor  # (n, k) float64
    optimum: Optimum
    loss_at_zero: float
    classes: Mapping[str, Sequence[float]]

    @property
    def fingerprint(self) -> str:
        """Of the data set."""
        return self.dataset.fingerprint

    def describe(self) -> dict[str, Any]:
        """Data set and optimum, for the manifest; the optimal loss is certified to lie in [lower_bound, loss]."""
        dataset = describe_dataset(self.dataset, *self.scaling)
        if self.classes:
            dataset["classes"] = {name: {"-1": low, "+1": high} for name, (low, high) in self.classes.items()}
        best: dict[str, Any] = {
            "loss": self.optimum.loss,
            "lower_bound": self.optimum.lower_bound,
            "loss_at_zero": self.loss_at_zero,
        }
        if self.optimum.separable:
            best["note"] = "the labels are separable: the infimum is attained by no predictor"
        elif self.optimum.dependent:
            dependent = count(self.optimum.dependent, "column")
            best["note"] = (
                f"{dependent} can be combined from others, as far as float64 can tell: the lower "
                f"bound is of predictors up to {REACH:,.0f} times as large as the one found"
            )
        return {"dataset": dataset, "optimum": best}


def load_problem(trial: LinearTrial, settings: Settings) -> LinearProblem:
    """The problem a trial is about; errors as in `data.load`."""
    bar = False if settings.quiet else None  # None: where the output is a terminal
    where: dict[str, Any] = {"data_dir": settings.data_dir, "offline": settings.offline, "progress": bar}
    asked: dict[str, Any] = {**trial.selection, "varying": trial.preprocessing in NEED_SPREAD}
    key = (trial.dataset, trial.dataset_key, *asked.values())
    raw = settings.memo.once(key, lambda: load(trial.dataset, **asked, **where), f"reading {trial.dataset}")
    return problem_of(raw, trial, settings.memo)


def problem_of(raw: Dataset, trial: LinearTrial, memo: Memo | None = None) -> LinearProblem:
    """A data set as a trial has it; raises DataInvalidError where no training loss of it would be a number.

    The optimum is worked out once in a `memo`: it hangs on nothing but the data, their scaling and the loss.
    """
    scaling = (trial.preprocessing, trial.label_preprocessing)
    dataset = preprocess(raw, *scaling)
    loss = losses.named(trial.loss)
    labels, classes = loss.labels(dataset.Y, dataset.target_names)
    X, Y = torch.from_numpy(dataset.X), torch.from_numpy(labels)
    zero = float(objective.value(torch.zeros(dataset.k, dataset.d, dtype=torch.float64), X, Y, loss))
    zero *= trial.loss_scale
    _check_size(dataset.name, max(float(X.abs().max()), float(Y.abs().max())), zero, trial)
    key = ("optimum", dataset.fingerprint, scaling, loss.name)
    doing = f"looking for the optimum of {loss.name}"
    best = (memo or Memo()).once(key, lambda: optimum(dataset.X, labels, loss), doing).times(trial.loss_scale)
    return LinearProblem(dataset, scaling, X, Y, best, zero, classes)


def _check_size(name: str, largest: float, zero: float, trial: LinearTrial) -> None:
    """Raise DataInvalidError where numbers, or the loss of predicting 0, are too large or small to be worked with."""
    holds = torch.finfo(DTYPES[trial.dtype]).max
    remedy = "scale the columns, for instance with '--set preprocessing=zscore'"
    if largest > holds:
        raise DataInvalidError(
            f"{name} has numbers of {largest:.0e}, and {trial.dtype} holds none beyond {holds:.0e}: {remedy}"
        )
    if not LEAST < zero < MOST:
        small = "too small" if zero <= LEAST else "too large"
        raise DataInvalidError(
            f"{name}: the labels are {small} for the loss {trial.loss}: that of predicting 0 is {zero:.1g}, "
            f"where float64 has no digits to spare; {remedy}, or choose a lower power"
        )
