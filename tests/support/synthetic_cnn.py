"""Runs of the CNN whose curves are closed forms, as the trainer writes them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from support.synthetic_runs import exponential

from overparam_cli.results.run import Run

ORIGINAL, ADDED = 1_663_370, 262_244  # parameters, by the layers' shapes
Values = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class CnnTrial:
    """One seed at one base rate. The mean is what it is judged by; single batches and the total loss follow it."""

    mean: Values
    diverged_at: int | None = None
    batch: Values | None = None  # the same as the mean
    total: Values = lambda cross_entropy: 2 * cross_entropy
    error: Values = lambda t: 90.0 * 10 ** (-t / 1000)  # percent, on the test images; half on the others


@dataclass(frozen=True)
class CnnCurve:
    """A curve: base learning rate → one trial per seed. `std` is that of the factored layers; None: the original."""

    trials: Mapping[float, Sequence[CnnTrial]]
    std: float | None = None
    label: str | None = None
    added: int = ADDED


@dataclass
class CnnSettings:
    """What the manifest of a synthetic run says."""

    iterations: int = 1000
    every: int = 10
    experiment: str = "fig5-right"
    dataset: str = "mnist"
    embedded: bool = False
    full_length: bool = True
    full_iterations: int | None = None
    analysis: dict[str, Any] = field(default_factory=lambda: {"baseline": "original", "selection": "final-gap"})


def factored(trials: Mapping[float, Sequence[CnnTrial]], std: float = 0.1, **settings: Any) -> CnnCurve:
    return CnnCurve(trials, std, **settings)


def falling(rates: Sequence[float], lr: float = 1e-2, **kinds: Any) -> dict[float, list[CnnTrial]]:
    """One base rate, one exponential per seed: `rate` decades per iteration from 1 on."""
    return {lr: [CnnTrial(exponential(rate), **kinds) for rate in rates]}


def lost(trial: CnnTrial, at: int) -> CnnTrial:
    return replace(trial, diverged_at=at)


def make_cnn_run(curves: Mapping[str, CnnCurve], **settings: Any) -> Run:
    """Build a Run as `read_run` would return it."""
    options = CnnSettings(**settings)
    rows, logs = [], []
    for name, curve in curves.items():
        for lr, seeds in curve.trials.items():
            for seed, trial in enumerate(seeds):
                log = _log(trial, lr, options)
                identity = f"{name}-{lr:g}-{seed}"
                logs.append(log.assign(trial_id=identity))
                rows.append(_row(identity, name, curve, lr, seed, trial, log, options))
    return Run(Path("results"), _manifest(curves, options), pd.DataFrame(rows), pd.concat(logs, ignore_index=True))


def _log(trial: CnnTrial, lr: float, options: CnnSettings) -> pd.DataFrame:
    end = options.iterations if trial.diverged_at is None else trial.diverged_at - 1
    points = np.concatenate([np.arange(0, end, options.every), np.arange(0, end, 100), [end]])
    t = np.unique(points)
    mean, batch = trial.mean(t), (trial.batch or trial.mean)(t)
    evaluated = (t % 100 == 0) | (t == options.iterations)
    return pd.DataFrame(
        {
            "iteration": t,
            "loss": trial.total(batch),
            "gap": np.nan,
            "norm": np.where(evaluated, 1.0 + t / 1000, np.nan),
            "cross_entropy": batch,
            "cross_entropy_mean": mean,
            "loss_mean": trial.total(mean),
            "learning_rate": lr * 0.95 ** (64 * t // 55_000),
            "validation_error": np.where(evaluated, trial.error(t) / 2, np.nan),
            "test_error": np.where(evaluated, trial.error(t), np.nan),
            "printed_loss": np.where(evaluated, trial.total(batch), np.nan),
        }
    )


def _row(
    identity: str,
    name: str,
    curve: CnnCurve,
    lr: float,
    seed: int,
    trial: CnnTrial,
    log: pd.DataFrame,
    options: CnnSettings,
) -> dict[str, Any]:
    last = log.iloc[-1] if trial.diverged_at is None else pd.Series(np.nan, log.columns)
    return {
        "trial_id": identity,
        "experiment": options.experiment,
        "curve": name,
        "dataset": options.dataset,
        "loss": "cross-entropy",
        "depth": 1 if curve.std is None else 2,
        "width": "" if curve.std is None else "512+10",
        "init": "truncated-normal",
        "init_std": 0.1,
        "optimizer": "momentum",
        "lr": lr,
        "weight_decay": 5e-4,
        "seed": seed,
        "dtype": "float32",
        "iterations": options.iterations,
        "status": "completed" if trial.diverged_at is None else "diverged",
        "diverged_at": np.nan if trial.diverged_at is None else trial.diverged_at,
        "final_loss": last["loss"],
        "final_gap": np.nan,
        "best_loss": float(log["loss"].min()),
        "best_gap": np.nan,
        "semantics": "tf1",
        "hyperparameters": "momentum=0.9",
        "factor_std": np.nan if curve.std is None else curve.std,
        "parameters": ORIGINAL + (0 if curve.std is None else curve.added),
        "parameters_original": ORIGINAL,
        "final_cross_entropy": last["cross_entropy_mean"],
        "final_loss_mean": last["loss_mean"],
        "final_validation_error": last["validation_error"],
        "final_test_error": last["test_error"],
        "final_norm": last["norm"],
    }


def _manifest(curves: Mapping[str, CnnCurve], options: CnnSettings) -> dict[str, Any]:
    config = {
        "name": options.experiment,
        "title": "The MNIST network with its dense layers factored",
        "kind": "cnn",
        "trial": {"iterations": options.full_iterations or options.iterations},
        "variants": {"cross-entropy": {}},
        "curves": [
            {"name": name, "label": curve.label or name, "settings": {"lr": list(curve.trials)}}
            for name, curve in curves.items()
        ],
        "analysis": options.analysis,
        "plot": {"kind": "batch-loss"},
    }
    return {
        "experiment": options.experiment,
        "name": options.experiment if options.full_length else f"{options.experiment}@short",
        "variant": "cross-entropy",
        "config": config,
        "full_length": options.full_length,
        "dataset": {"name": options.dataset, "embedded": options.embedded, "n": 55_000, "d": 784, "k": 10},
        "overrides": {} if options.full_length else {"iterations": options.iterations},
    }
