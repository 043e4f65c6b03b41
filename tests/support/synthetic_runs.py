"""Runs whose curves are closed forms, so that every number a test expects can be worked out with a pencil."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from overparam_cli.results.run import Run

START = 1.0  # the gap at W = 0 of every synthetic run
OPTIMUM = 0.05


def exponential(rate: float, start: float = START, plateau: float = 0.0) -> Callable[[np.ndarray], np.ndarray]:
    """gap(t) = start · 10^(−rate·max(t − plateau, 0)): `rate` decades per iteration after the plateau."""
    return lambda t: start * 10.0 ** (-rate * np.maximum(np.asarray(t, dtype=float) - plateau, 0.0))


@dataclass(frozen=True)
class Trial:
    """One seed at one learning rate."""

    gap: Callable[[np.ndarray], np.ndarray]
    diverged_at: int | None = None
    norm: Callable[[np.ndarray], np.ndarray] = lambda t: np.ones(len(t))
    sharpness: Callable[[np.ndarray], np.ndarray] | None = None


@dataclass(frozen=True)
class Curve:
    """A curve: learning rate → one Trial per seed."""

    trials: Mapping[float, Sequence[Trial]]
    depth: int = 1
    label: str | None = None
    optimizer: str = "gd"
    hints: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Settings:
    """What the manifest of a synthetic run says."""

    iterations: int = 1000
    every: int = 10
    variant: str = "l4"
    experiment: str = "fig3"
    dataset: str = "ethanol"
    embedded: bool = False
    full_length: bool = True
    full_iterations: int | None = None
    analysis: dict[str, Any] = field(default_factory=lambda: {"baseline": "depth-1", "selection": "final-gap"})
    plot: dict[str, Any] = field(default_factory=lambda: {"kind": "convergence", "panels": ["l2", "l4"]})


def make_run(curves: Mapping[str, Curve], **settings: Any) -> Run:
    """Build a Run as `read_run` would return it."""
    options = Settings(**settings)
    rows, logs = [], []
    for name, curve in curves.items():
        for lr, seeds in curve.trials.items():
            for seed, trial in enumerate(seeds):
                log = _log(trial, options)
                identity = f"{name}-{lr:g}-{seed}"
                logs.append(log.assign(trial_id=identity))
                rows.append(_row(identity, name, curve, lr, seed, trial, log, options))
    log = pd.concat(logs, ignore_index=True)
    return Run(folder=Path("results"), manifest=_manifest(curves, options), trials=pd.DataFrame(rows), log=log)


def _log(trial: Trial, options: Settings) -> pd.DataFrame:
    end = options.iterations if trial.diverged_at is None else trial.diverged_at
    t = np.unique(np.append(np.arange(0, end, options.every), end))
    gap = np.asarray(trial.gap(t), dtype=float)
    columns = {"iteration": t, "loss": gap + OPTIMUM, "gap": gap, "norm": trial.norm(t)}
    if trial.sharpness is not None:
        columns["sharpness"] = trial.sharpness(t)
    return pd.DataFrame(columns)


def _row(
    identity: str, name: str, curve: Curve, lr: float, seed: int, trial: Trial, log: pd.DataFrame, options: Settings
) -> dict[str, Any]:
    failed = trial.diverged_at is not None
    final = np.nan if failed else float(log["gap"].iloc[-1])
    return {
        "trial_id": identity,
        "experiment": options.experiment,
        "curve": name,
        "dataset": options.dataset,
        "loss": options.variant,
        "depth": curve.depth,
        "width": "" if curve.depth == 1 else "1",
        "init": "near-zero",
        "optimizer": curve.optimizer,
        "lr": lr,
        "seed": seed,
        "iterations": options.iterations,
        "status": "diverged" if failed else "completed",
        "diverged_at": trial.diverged_at if failed else np.nan,
        "final_loss": final + OPTIMUM,
        "final_gap": final,
        "best_gap": float(log["gap"].min()),
    }


def _manifest(curves: Mapping[str, Curve], options: Settings) -> dict[str, Any]:
    config = {
        "name": options.experiment,
        "title": "Depth under gradient descent",
        "trial": {"iterations": options.full_iterations or options.iterations},
        "variants": {options.variant: {"loss": options.variant}},
        "curves": [
            {
                "name": name,
                "label": curve.label or name,
                "settings": {"depth": curve.depth, "optimizer": curve.optimizer},
            }
            | curve.hints
            for name, curve in curves.items()
        ],
        "analysis": options.analysis,
        "plot": options.plot,
    }
    return {
        "experiment": options.experiment,
        "name": options.experiment if options.full_length else f"{options.experiment}@short",
        "variant": options.variant,
        "config": config,
        "full_length": options.full_length,
        "dataset": {"name": options.dataset, "embedded": options.embedded, "n": 2565, "d": 128, "k": 1},
        "optimum": {"loss": OPTIMUM, "lower_bound": OPTIMUM - 1e-14, "loss_at_zero": OPTIMUM + START},
        "overrides": {} if options.full_length else {"iterations": options.iterations},
    }
