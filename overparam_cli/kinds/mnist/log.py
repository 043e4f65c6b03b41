"""What a trial of the MNIST network leaves in `log.csv` and `trials.csv`."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import torch

from overparam_cli.kinds.mnist import KIND, architecture
from overparam_cli.kinds.mnist import network as cnn
from overparam_cli.kinds.mnist.trainer import CnnTrainer, learning_rates
from overparam_cli.kinds.mnist.trial import EVALUATION_GRID
from overparam_cli.results.schema import COMPLETED, DIVERGED, LOG_COLUMNS, log_iterations


def log_points(iterations: int) -> list[int]:
    """Logged iterations: the common ones, and all at which a trial may be evaluated."""
    return sorted({*log_iterations(iterations), *range(0, iterations + 1, EVALUATION_GRID)})


def log_table(trainer: CnnTrainer) -> pd.DataFrame:
    """`log.csv` of one trial; a trial that was not finite from the start has a first row without numbers."""
    trial = trainer.trial
    points = [point for point in log_points(trial.iterations) if point < trainer.rows] or [0]
    values = torch.cat([trainer.history[:, : trainer.rows].cpu(), trainer.means()])
    if not trainer.rows:
        values = torch.full((len(values), 1), torch.nan)
    cross_entropy, loss, cross_entropy_mean, loss_mean = values[:, points].numpy()
    evaluations = [trainer.evaluations.get(point, {}) if trainer.rows else {} for point in points]
    columns = {
        "trial_id": trial.trial_id,
        "iteration": points,
        "loss": loss,
        "gap": torch.nan,
        "cross_entropy": cross_entropy,
        "cross_entropy_mean": cross_entropy_mean,
        "loss_mean": loss_mean,
        "learning_rate": learning_rates(trial, len(trainer.problem.images), points),
    }
    order = [*LOG_COLUMNS, *KIND.columns]
    evaluated = pd.DataFrame(evaluations, columns=[name for name in order if name not in columns], dtype="float64")
    return pd.DataFrame(columns).join(evaluated)[order]


def trial_row(trainer: CnnTrainer, log: pd.DataFrame) -> dict[str, Any]:
    """`trials.csv`'s row of one trial."""
    trial, lost = trainer.trial, trainer.diverged_at is not None
    last: Mapping[Any, Any] = {} if lost else log.iloc[-1].to_dict()
    return {
        **trial.columns(),
        "status": DIVERGED if lost else COMPLETED,
        "diverged_at": trainer.diverged_at,
        "final_loss": last.get("loss"),
        "final_gap": None,  # there is no certified optimum
        "best_loss": log["loss"].min(),
        "best_gap": None,
        **trial.extras(),
        "parameters": cnn.parameter_count(trainer.widths),
        "parameters_original": cnn.parameter_count(architecture.UNFACTORED),
        "final_cross_entropy": last.get("cross_entropy_mean"),
        "final_loss_mean": last.get("loss_mean"),
        "final_validation_error": last.get("validation_error"),
        "final_test_error": last.get("test_error"),
        "final_norm": last.get("norm"),
    }
