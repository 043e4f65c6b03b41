"""The trials of a job under way on the MNIST network, and those that wait for a place."""

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pandas as pd
import torch

from overparam_cli.experiments import CnnTrial
from overparam_cli.kinds.mnist.log import log_table, trial_row
from overparam_cli.kinds.mnist.problem import ImageProblem
from overparam_cli.kinds.mnist.trainer import CnnTrainer
from overparam_cli.run.job import JobRun
from overparam_cli.run.progress import Status

SLICE_SECONDS = 2.0  # between looks at stop requests, checkpoints and displays


class Pool:
    """Trains what it is given, a slice of time at a time; commits what is finished, saves what is not."""

    def __init__(
        self,
        job_run: JobRun,
        problem: ImageProblem,
        executor: ThreadPoolExecutor,
        places: int,
        queue: list[CnnTrial],
        saved: Mapping[str, Any] | None,
    ) -> None:
        self.job_run, self.problem, self.executor, self.places, self.queue = job_run, problem, executor, places, queue
        wanted = {trial.trial_id for trial in queue}  # one may be finished since: killed before the next checkpoint
        saved_states = saved["trainers"] if saved else {}
        self.states = {trial_id: state for trial_id, state in saved_states.items() if trial_id in wanted}
        self.elapsed: dict[str, float] = dict(saved["elapsed"]) if saved else {}
        self.running: list[CnnTrainer] = []
        self.trials, self.lost = len(queue), 0
        self.total = sum(trial.iterations for trial in queue)
        self.ended = 0  # iterations of trials that have left
        if saved:
            done = sum(int(state["iteration"]) for state in self.states.values())
            names = "1 trial" if len(self.states) == 1 else f"{len(self.states)} trials"
            job_run.progress.message(f"{job_run.job.title}: going on with {names} at {done:,} iterations")

    def run(self) -> None:
        """To the end, or until asked to stop."""
        job_run, last_saved = self.job_run, time.monotonic()
        while self.queue or self.running:
            self._fill()
            start = time.monotonic()
            list(self.executor.map(lambda trainer: trainer.advance(SLICE_SECONDS), self.running))
            for trainer in self.running:
                trial_id = trainer.trial.trial_id
                self.elapsed[trial_id] = self.elapsed.get(trial_id, 0.0) + time.monotonic() - start
            finished = [trainer for trainer in self.running if trainer.finished]
            for trainer in finished:
                self._commit(trainer)
            job_run.progress.update(self._status())
            if job_run.stop.is_set() and (self.running or self.queue):
                self._save()
                raise job_run.interrupted(f"{self._done():,} of {self.total:,}")
            if finished or time.monotonic() - last_saved >= job_run.settings.checkpoint_seconds:
                self._save()
                last_saved = time.monotonic()
        job_run.checkpoint.unlink(missing_ok=True)

    def _fill(self) -> None:
        """Give free places to the trials next in line."""
        while self.queue and len(self.running) < self.places:
            trainer = CnnTrainer(self.queue.pop(0), self.problem, self.job_run.device)
            if state := self.states.pop(trainer.trial.trial_id, None):
                trainer.load_state(state)
            self.running.append(trainer)

    def _commit(self, trainer: CnnTrainer) -> None:
        """Write a finished trial's rows and free its place."""
        trial, log = trainer.trial, log_table(trainer)
        seconds = round(self.elapsed.pop(trial.trial_id), 3)
        self.job_run.timings.append({"trial": trial.trial_id, "iterations": trainer.iteration, "seconds": seconds})
        self.job_run.commit(self.problem, pd.DataFrame([trial_row(trainer, log)]), log)
        self.running.remove(trainer)
        self.lost += trainer.diverged_at is not None
        self.ended += trial.iterations

    def _save(self) -> None:
        waiting = [trial for trial in self.queue if trial.trial_id in self.states]
        trainers = {trainer.trial.trial_id: trainer.state() for trainer in self.running} | self.states
        if not trainers:
            self.job_run.checkpoint.unlink(missing_ok=True)
            return
        trials = [trainer.trial for trainer in self.running] + waiting
        place = {"device": self.job_run.device.type, "threads": torch.get_num_threads()}
        self.job_run.save_checkpoint(trials, {"trainers": trainers, "elapsed": self.elapsed} | place)

    def _done(self) -> int:
        waiting = sum(int(state["iteration"]) for state in self.states.values())
        return self.ended + waiting + sum(trainer.iteration for trainer in self.running)

    def _status(self) -> Status:
        """Iterations of all trials together, and the latest cross-entropies."""
        values: dict[str, float] = {}
        for trainer in self.running:
            if trainer.rows:
                value, curve = trainer.latest_cross_entropy(), trainer.trial.curve
                values[curve] = min(value, values.get(curve, float("inf")))
        alive = self.trials - self.lost
        return Status(self.job_run.job.title, self._done(), self.total, alive, self.trials, values, "cross-entropy")
