"""Jobs of the MNIST network: each trial by itself, on the CPU as many side by side as there are threads.

One thread a trial gets more steps out of a processor than all threads on one trial; where there are more threads than
trials, each has several. The last bits of a trial depend on how many it has, which an interrupted run therefore keeps,
and on nothing that trains beside it. A trial is committed to the CSVs as soon as it is finished;
those under way live in the folder's checkpoint.
"""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pandas as pd
import torch

from overparam_cli.errors import ConfigError
from overparam_cli.experiments import AnyTrial, CnnTrial
from overparam_cli.kinds.mnist.pool import Pool
from overparam_cli.kinds.mnist.problem import ImageProblem, load_problem
from overparam_cli.kinds.mnist.trainer import WARM_UP, CnnTrainer
from overparam_cli.results import logs
from overparam_cli.run.job import Job, JobRun, Settings
from overparam_cli.run.machine import pick_device, steady_arithmetic, threads_each

PROBE_STEPS, PROBE_IMAGES = 5, 500  # that an estimate runs


def slots(trials: int, device: torch.device, threads: int, each: int | None = None) -> tuple[int, int]:
    """How many trials of a job train side by side, and how many threads each has: `each`, or as many as there are.

    That goes by all trials of the job, finished or not, so that going on with some of them changes nothing. On CUDA
    one has the device to itself: no other thread may use it while a step is captured.
    """
    if device.type == "cuda":
        return 1, threads
    side_by_side = max(1, threads // each) if each else min(trials, threads)
    return side_by_side, each or threads // side_by_side


def _measure(trial: CnnTrial, problem: ImageProblem) -> tuple[float, float]:
    """Seconds that a step and an evaluation take."""
    trainer = CnnTrainer(trial, problem, problem.images.device)
    held_out = sum(len(labels) for _, labels in problem.held_out.values())
    some = tuple(part[:PROBE_IMAGES] for part in problem.held_out["test"])
    for _ in range(WARM_UP + 1):
        trainer.step()
    trainer.error(*some)
    start = time.monotonic()
    for _ in range(PROBE_STEPS):
        trainer.step()
    trainer.history.sum().item()  # waits for the device
    middle = time.monotonic()
    trainer.error(*some)
    end = time.monotonic()
    return (middle - start) / PROBE_STEPS, (end - middle) * held_out / len(some[0])


class CnnRun(JobRun):
    """One pass over the folder of an experiment with the MNIST network."""

    log_columns = (*logs.LOG_COLUMNS, *logs.CNN_LOG_COLUMNS)
    measurable = False

    @staticmethod
    def weight(trial: AnyTrial) -> float:
        """A step takes tens of milliseconds."""
        return 5000.0

    @staticmethod
    def estimate(job: Job, missing: Sequence[CnnTrial], settings: Settings) -> float:
        """The steps of each kind of network and its evaluations, shared between those side by side."""
        if not missing:
            return 0.0
        problem, device = load_problem(missing[0], settings), pick_device(settings.device)
        places, threads = slots(len(job.trials), device, torch.get_num_threads())
        places = min(places, len(missing))
        with threads_each(threads), ThreadPoolExecutor(places, initializer=steady_arithmetic) as pool:
            costs = {  # timed beside as many others as there will be
                shape: max(pool.map(_measure, [trial] * places, [problem] * places))
                for shape, trial in {trial.widths: trial for trial in missing}.items()
            }
        total = sum(
            trial.iterations * step + (trial.iterations // trial.evaluate_every + 1) * evaluation
            for trial in missing
            for step, evaluation in [costs[trial.widths]]
        )
        return total / places

    def load_problem(self, trial: AnyTrial) -> ImageProblem:
        """The images of this job's trials, which all share them."""
        assert isinstance(trial, CnnTrial)
        return load_problem(trial, self.settings)

    def fits(self, inside: set[str], wanted: set[str]) -> bool:
        """Each trial goes on by itself, so some of them are enough."""
        return bool(inside & wanted)

    def takes(self, trial: AnyTrial, log: pd.DataFrame) -> bool:
        """Only what was evaluated as often as this experiment asks, wherever it got to."""
        assert isinstance(trial, CnnTrial)
        evaluated = log.loc[log["validation_error"].notna(), "iteration"]
        return {*range(0, int(log["iteration"].max()) + 1, trial.evaluate_every)} <= {*evaluated} if len(log) else False

    def check_finished(self, finished: logs.Run) -> None:
        """Say where errors of finished trials were measured less often than asked: they are not trained again."""
        log, done = finished.log, set(finished.trials["trial_id"])
        here = [trial for trial in self.job.trials if trial.trial_id in done]
        if not all(self.takes(trial, log[log["trial_id"] == trial.trial_id]) for trial in here):
            self.progress.message(
                f"{self.job.title}: errors of finished trials were measured less often than asked for; "
                "for more, run them again under another --name"
            )

    def train(self, waiting: Sequence[CnnTrial], saved: Mapping[str, Any] | None, missing: Sequence[CnnTrial]) -> None:
        """Train all trials, those of the checkpoint first, a slice of time at a time."""
        queue = [*waiting, *missing]
        if not queue:
            return
        if saved and saved["device"] != self.device.type:
            raise ConfigError(
                f"the checkpoint of {self.job.title} was made on {saved['device']}: go on with --device "
                f"{saved['device']}, or move {self.checkpoint} away to start its trials anew"
            )
        problem = self.load_problem(queue[0])
        self.write_manifest(problem)
        each = int(saved["threads"]) if saved else None  # half-trained trials go on with as many as they had
        places, threads = slots(len(self.job.trials), self.device, torch.get_num_threads(), each)
        with threads_each(threads), ThreadPoolExecutor(places, initializer=steady_arithmetic) as executor:
            Pool(self, problem, executor, places, queue, saved).run()
