"""Jobs of the MNIST network: each trial by itself, on the CPU as many side by side as there are threads.

One thread a trial gets more steps out of a processor than all threads on one trial, and with a fixed number of threads
a trial's numbers depend on nothing that trains beside it. A trial is committed to the CSVs as soon as it is finished;
those under way live in the folder's checkpoint.
"""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pandas as pd
import torch

from overparam_cli import logs
from overparam_cli.core import cnn
from overparam_cli.data import load_images
from overparam_cli.errors import ConfigError, DataInvalidError
from overparam_cli.experiments import EVALUATION_GRID, AnyTrial, CnnTrial
from overparam_cli.train.cnn import WARM_UP, CnnTrainer, ImageProblem, learning_rates, split
from overparam_cli.train.engine import pick_device, steady_arithmetic
from overparam_cli.train.history import describe, hyper_text
from overparam_cli.train.job import Job, JobRun, Settings
from overparam_cli.train.progress import Status

SLICE_SECONDS = 2.0  # between looks at stop requests, checkpoints and displays
PROBE_STEPS, PROBE_IMAGES = 5, 500  # that an estimate runs
MEASURED = ("cross_entropy", "cross_entropy_mean", "loss_mean", "learning_rate")  # at every row
EVALUATED = ("validation_error", "test_error", "printed_loss")  # where errors are measured, as is ‖W_e‖


def load_problem(trial: CnnTrial, settings: Settings) -> ImageProblem:
    """The images that a trial is about, split. Errors as in `data.load_images`; DataInvalidError for too few images."""
    bar = False if settings.quiet else None  # None: where the output is a terminal
    dataset = load_images(trial.dataset, data_dir=settings.data_dir, offline=settings.offline, progress=bar)
    if dataset.n < trial.validation + trial.batch + 1:
        raise DataInvalidError(
            f"{trial.dataset} has {dataset.n:,} training images, too few for {trial.validation:,} of validation and "
            f"batches of {trial.batch}: lower them with --set validation=… or --set batch=…"
        )
    return split(dataset, trial.validation, pick_device(settings.device))


def log_points(iterations: int) -> list[int]:
    """Logged iterations: the common ones, and all at which a trial may be evaluated."""
    return sorted({*logs.log_iterations(iterations), *range(0, iterations + 1, EVALUATION_GRID)})


def slots(trials: int, device: torch.device, threads: int) -> tuple[int, int]:
    """How many trials of a job train side by side, and how many threads each has.

    That goes by all trials of the job, finished or not, so that going on with some of them changes nothing.
    """
    side_by_side = 1 if device.type == "cuda" else min(trials, threads)
    return side_by_side, threads // side_by_side


def log_table(trainer: CnnTrainer) -> pd.DataFrame:
    """`log.csv` of one trial; a trial that was not finite from the start has a first row without numbers."""
    trial = trainer.trial
    points = [point for point in log_points(trial.iterations) if point < trainer.rows] or [0]
    values = torch.cat([trainer.history[:, : trainer.rows].cpu(), trainer.means()])
    if not trainer.rows:
        values = torch.full((len(values), 1), torch.nan)
    cross_entropy, loss, cross_entropy_mean, loss_mean = values[:, points].numpy()
    evaluations = [trainer.evaluations.get(point, {}) if trainer.rows else {} for point in points]
    evaluated = pd.DataFrame(evaluations, columns=["norm", *EVALUATED], dtype="float64")
    table = pd.DataFrame({"trial_id": trial.trial_id, "iteration": points, "loss": loss, "gap": torch.nan})
    return table.assign(
        norm=evaluated.pop("norm"),
        cross_entropy=cross_entropy,
        cross_entropy_mean=cross_entropy_mean,
        loss_mean=loss_mean,
        learning_rate=learning_rates(trial, len(trainer.problem.images), points),
        **evaluated,
    )


def trial_row(trainer: CnnTrainer, log: pd.DataFrame) -> dict[str, Any]:
    """`trials.csv`'s row of one trial."""
    trial, lost = trainer.trial, trainer.diverged_at is not None
    last: Mapping[Any, Any] = {} if lost else log.iloc[-1].to_dict()
    return {
        **describe(trial),
        "status": logs.DIVERGED if lost else logs.COMPLETED,
        "diverged_at": trainer.diverged_at,
        "final_loss": last.get("loss"),
        "final_gap": None,  # there is no certified optimum
        "best_loss": log["loss"].min(),
        "best_gap": None,
        **extras(trial),
        "factor_std": trial.factor_std,
        "parameters": cnn.parameter_count(trainer.widths),
        "parameters_original": cnn.parameter_count(dict.fromkeys(cnn.DENSE, ())),
        "final_cross_entropy": last.get("cross_entropy_mean"),
        "final_loss_mean": last.get("loss_mean"),
        "final_validation_error": last.get("validation_error"),
        "final_test_error": last.get("test_error"),
        "final_norm": last.get("norm"),
    }


def extras(trial: CnnTrial) -> dict[str, Any]:
    """What else determines a trial's numbers, beyond the columns every trainer writes."""
    named = {name: getattr(trial, name) for name in ("lr_decay", "batch", "dropout", "validation")}
    settings = " ".join([f"{name}={value:g}" for name, value in named.items()] + [f"decay_on={trial.decay_on}"])
    return {"semantics": trial.semantics, "hyperparameters": hyper_text(trial), "settings": settings}


def _measure(trial: CnnTrial, problem: ImageProblem, device: torch.device) -> tuple[float, float]:
    """Seconds that a step and an evaluation take."""
    trainer = CnnTrainer(trial, problem, device)
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

    log_columns = (*logs.LOG_COLUMNS, *MEASURED, *EVALUATED)

    @staticmethod
    def weight(trial: AnyTrial) -> float:
        """A step takes tens of milliseconds."""
        return 5000.0

    @staticmethod
    def estimate(job: Job, missing: Sequence[CnnTrial], settings: Settings) -> float:
        """The steps of each trial's network and its evaluations, shared between those side by side."""
        if not missing:
            return 0.0
        problem, device = load_problem(missing[0], settings), pick_device(settings.device)
        side_by_side, threads = slots(len(job.trials), device, torch.get_num_threads())
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        try:
            costs = {trial.widths: _measure(trial, problem, device) for trial in missing}
        finally:
            torch.set_num_threads(before)
        total = sum(
            trial.iterations * step + (trial.iterations // trial.evaluate_every + 1) * evaluation
            for trial in missing
            for step, evaluation in [costs[trial.widths]]
        )
        return total / side_by_side

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

    def complete(self) -> None:
        """As for every job; what only linear networks have cannot be measured."""
        if self.settings.measures:
            names = ", ".join(measure.name for measure in self.settings.measures)
            raise ConfigError(f"--measure {names} is for linear networks: run {self.job.title} without it")
        super().complete()

    def train(self, waiting: Sequence[CnnTrial], saved: Mapping[str, Any] | None, missing: Sequence[CnnTrial]) -> None:
        """Train all trials, those of the checkpoint first, a slice of time at a time."""
        queue = [*waiting, *missing]
        if not queue:
            return
        problem = self.load_problem(queue[0])
        self.write_manifest(problem)
        side_by_side, threads = slots(len(self.job.trials), self.device, torch.get_num_threads())
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        try:
            with ThreadPoolExecutor(side_by_side, initializer=steady_arithmetic) as pool:
                _Pool(self, problem, pool, side_by_side, queue, saved).run()
        finally:
            torch.set_num_threads(before)


class _Pool:
    """The trials of a job under way, and those that wait for a place."""

    def __init__(
        self,
        run: CnnRun,
        problem: ImageProblem,
        pool: ThreadPoolExecutor,
        places: int,
        queue: list[CnnTrial],
        saved: Mapping[str, Any] | None,
    ) -> None:
        self.run_of, self.problem, self.pool, self.places, self.queue = run, problem, pool, places, queue
        wanted = {trial.trial_id for trial in queue}  # one may be finished since: killed before the next checkpoint
        saved_states = saved["trainers"] if saved else {}
        self.states = {trial_id: state for trial_id, state in saved_states.items() if trial_id in wanted}
        self.elapsed: dict[str, float] = dict(saved["elapsed"]) if saved else {}
        self.running: list[CnnTrainer] = []
        self.total = sum(trial.iterations for trial in queue)
        self.ended = 0  # iterations of trials that have left
        if saved:
            done = sum(int(state["iteration"]) for state in self.states.values())
            run.progress.message(f"{run.job.title}: going on with {len(self.states)} trials at {done:,} iterations")

    def run(self) -> None:
        """To the end, or until asked to stop."""
        run, last_saved = self.run_of, time.monotonic()
        while self.queue or self.running:
            self._fill()
            start = time.monotonic()
            list(self.pool.map(lambda trainer: trainer.advance(SLICE_SECONDS), self.running))
            for trainer in self.running:
                trial_id = trainer.trial.trial_id
                self.elapsed[trial_id] = self.elapsed.get(trial_id, 0.0) + time.monotonic() - start
            finished = [trainer for trainer in self.running if trainer.finished]
            for trainer in finished:
                self._commit(trainer)
            run.progress.update(self._status())
            if run.stop.is_set() and (self.running or self.queue):
                self._save()
                raise run.interrupted(f"{self._done():,} of {self.total:,}")
            if finished or time.monotonic() - last_saved >= run.settings.checkpoint_seconds:
                self._save()
                last_saved = time.monotonic()
        run.checkpoint.unlink(missing_ok=True)

    def _fill(self) -> None:
        """Give free places to the trials next in line."""
        while self.queue and len(self.running) < self.places:
            trainer = CnnTrainer(self.queue.pop(0), self.problem, self.run_of.device)
            if state := self.states.pop(trainer.trial.trial_id, None):
                trainer.load_state(state)
            self.running.append(trainer)

    def _commit(self, trainer: CnnTrainer) -> None:
        """Write a finished trial's rows and free its place."""
        trial, log = trainer.trial, log_table(trainer)
        seconds = round(self.elapsed.pop(trial.trial_id), 3)
        self.run_of.timings.append({"trial": trial.trial_id, "iterations": trainer.iteration, "seconds": seconds})
        self.run_of.commit(self.problem, pd.DataFrame([trial_row(trainer, log)]), log)
        self.running.remove(trainer)
        self.ended += trial.iterations

    def _save(self) -> None:
        waiting = [trial for trial in self.queue if trial.trial_id in self.states]
        trainers = {trainer.trial.trial_id: trainer.state() for trainer in self.running} | self.states
        if not trainers:
            self.run_of.checkpoint.unlink(missing_ok=True)
            return
        trials = [trainer.trial for trainer in self.running] + waiting
        self.run_of.save_checkpoint(trials, {"trainers": trainers, "elapsed": self.elapsed})

    def _done(self) -> int:
        waiting = sum(int(state["iteration"]) for state in self.states.values())
        return self.ended + waiting + sum(trainer.iteration for trainer in self.running)

    def _status(self) -> Status:
        """Iterations of all trials together, and the latest cross-entropies."""
        values: dict[str, float] = {}
        for trainer in self.running:
            if trainer.rows:
                value, curve = float(trainer.means()[0, -1]), trainer.trial.curve
                values[curve] = min(value, values.get(curve, float("inf")))
        trials = len(self.queue) + len(self.running)
        return Status(self.run_of.job.title, self._done(), self.total, trials, trials, values, "cross-entropy")
