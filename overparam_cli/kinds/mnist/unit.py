"""One MNIST network as a unit."""

import time
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from overparam_cli.kinds.mnist import SMOOTHED, architecture
from overparam_cli.kinds.mnist.log import log_table, trial_row
from overparam_cli.kinds.mnist.network import parameter_count
from overparam_cli.kinds.mnist.problem import ImageProblem
from overparam_cli.kinds.mnist.trainer import CnnTrainer
from overparam_cli.kinds.mnist.trial import MnistTrial
from overparam_cli.run import graphs
from overparam_cli.run.unit import State

PROBE_STEPS, PROBE_IMAGES = 5, 500  # that an estimate runs


def bytes_of(trial: MnistTrial) -> float:
    """What training it takes at the least: parameters and gradients, a batch's activations, every pass's two losses."""
    widths = dict(zip(architecture.DENSE, trial.widths, strict=True))
    size = 8 if trial.dtype == "float64" else 4
    inner = sum(sum(own) for own in trial.widths)
    return float(
        size * (2 * parameter_count(widths) + trial.batch * (architecture.ACTIVATIONS + inner)) + 16 * trial.iterations
    )


class MnistUnit:
    """One trial: the trainer, made when it is first needed."""

    def __init__(self, trial: MnistTrial, problem: ImageProblem) -> None:
        """`problem` is the trial's, on the device that it is to be trained on."""
        self.trial, self.problem = trial, problem
        self.trials, self.total = (trial,), trial.iterations
        self._restored: State = {}
        self._started = self._released = False

    @cached_property
    def trainer(self) -> CnnTrainer:
        """At iteration 0, or where a saved state was."""
        trainer = self._new_trainer()
        self._restored, self._started = {}, True
        return trainer

    def _new_trainer(self) -> CnnTrainer:
        return CnnTrainer(self.trial, self.problem, self.problem.images.device, self._restored)

    @property
    def done(self) -> int:
        """Updates made; all of them once it has diverged."""
        if not self.alive:
            return self.total
        return self.trainer.iteration if self._started else int(self._restored.get("iteration", 0))

    @property
    def finished(self) -> bool:
        """Whether it has diverged, or the pass after the last update is recorded."""
        if self._released:
            return True
        if self._started:
            return self.trainer.finished
        return not self.alive or self._history.shape[1] > self.total

    @property
    def alive(self) -> int:
        """None once it has diverged."""
        return int((self.trainer.diverged_at if self._started else self._restored.get("diverged_at")) is None)

    @property
    def latest(self) -> Mapping[str, float]:
        """The mean cross-entropy of the last passes."""
        passes = self._history[0, -SMOOTHED:]
        return {self.trial.curve: float(passes.mean())} if len(passes) and self.alive else {}

    @property
    def _history(self) -> Tensor:
        """Cross-entropy and total loss of the passes so far, (2, T)."""
        if self._started:
            return self.trainer.history[:, : self.trainer.passes]
        history: Tensor = self._restored.get("history", torch.empty(2, 0))
        return history

    @property
    def alike(self) -> object:
        """A network of the same shape for as long."""
        return (self.trial.widths, self.trial.iterations, self.trial.evaluate_every)

    @property
    def timing(self) -> Mapping[str, Any]:
        """Which trial it is, and how far it came."""
        return {"trial": self.trial.trial_id, "iterations": self.trainer.iteration}

    @property
    def remark(self) -> str:
        """That steps are not recorded, where that would be faster."""
        return graphs.remark(self.trainer.refused if self._started else str(self._restored.get("refused", "")))

    def anew(self) -> "MnistUnit":
        """Without a trainer."""
        return MnistUnit(self.trial, self.problem)

    def advance(self, seconds: float) -> None:
        """As the trainer."""
        self.trainer.advance(seconds)

    def state(self) -> State:
        """The trainer's, and why its steps are not recorded."""
        return {**self.trainer.state(), "refused": self.trainer.refused} if self._started else self._restored

    def restore(self, state: State) -> None:
        """The trainer goes on from there once it is made."""
        self._restored = state

    def check(self, state: State) -> None:
        """Against a trainer at its start."""
        if state:
            CnnTrainer(self.trial, self.problem, self.problem.images.device).check(state)

    def tables(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The row of `trials.csv`, then those of `log.csv`."""
        trainer = self.trainer if self._started else self._new_trainer()
        log = log_table(trainer)
        return pd.DataFrame([trial_row(trainer, log)]), log

    def release(self) -> None:
        """The trainer."""
        vars(self).pop("trainer", None)
        self._restored, self._released = {}, True

    def probe(self) -> float:
        """By some steps of a trainer of its own, and a part of an evaluation."""
        trial, trainer = self.trial, CnnTrainer(self.trial, self.problem, self.problem.images.device)
        held_out = sum(len(labels) for _, labels in self.problem.held_out.values())
        images, labels = (part[:PROBE_IMAGES] for part in self.problem.held_out["test"])
        for _ in range(graphs.WARM_UP + 1):
            trainer.step()
        trainer.error(images, labels)
        start = time.monotonic()
        for _ in range(PROBE_STEPS):
            trainer.step()
        trainer.history.sum().item()  # waits for the device
        middle = time.monotonic()
        trainer.error(images, labels)
        step, evaluation = (middle - start) / PROBE_STEPS, (time.monotonic() - middle) * held_out / len(images)
        return trial.iterations * step + (trial.iterations // trial.evaluate_every + 1) * evaluation
