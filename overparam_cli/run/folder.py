"""One run folder and its one writer: what is finished, and the commit of what has just been."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import torch

from overparam_cli.errors import LogError
from overparam_cli.results import store
from overparam_cli.results.divergence import settle
from overparam_cli.results.run import Run
from overparam_cli.results.schema import LOG, MANIFEST, TRIALS
from overparam_cli.run import manifest
from overparam_cli.run.unit import Problem

if TYPE_CHECKING:
    from overparam_cli.run.plan import Job


def read_finished(folder: Path) -> Run | None:
    """What is finished of a run folder, if anything; raises LogError where it is damaged."""
    return Run.read(folder) if (folder / TRIALS).exists() else None


def finished_ids(folder: Path) -> set[str]:
    """Trials whose rows stand in a run folder."""
    finished = read_finished(folder)
    return set(finished.trials["trial_id"]) if finished else set()


class RunFolder:
    """The folder of a job while it is locked."""

    def __init__(self, job: "Job", device: torch.device) -> None:
        """`timings` and `adopted` (trial id → where it was taken from) are what the manifest is to say besides."""
        self.job, self.device = job, device
        self.timings: list[dict[str, Any]] = []
        self.adopted: dict[str, str] = {}

    def write_manifest(self, problem: Problem) -> None:
        """Say what the folder is about. Raises LogError where it holds trials on other data."""
        store.write_json(self.job.folder / MANIFEST, self._manifest(problem))

    def commit(self, problem: Problem, trials: pd.DataFrame, log: pd.DataFrame) -> None:
        """Add finished trials to the folder, in the plan's order; `trials.csv` says what is there: it is last."""
        folder, trials = self.job.folder, settle(trials, log)
        if before := read_finished(folder):
            trials, log = pd.concat([before.trials, trials]), pd.concat([before.log, log])
        order = {trial.trial_id: place for place, trial in enumerate(self.job.trials)}
        beyond = len(order)  # trials of an earlier, larger plan stay, after the others

        def place(ids: pd.Series) -> pd.Series:
            return ids.map(order).fillna(beyond)

        trials = trials.sort_values("trial_id", key=place, kind="stable")
        log = log.sort_values("trial_id", key=place, kind="stable")
        self.write_manifest(problem)
        store.write_table(folder / LOG, log)
        store.write_table(folder / TRIALS, trials.astype({"diverged_at": "Int64"}))

    def _manifest(self, problem: Problem) -> dict[str, Any]:
        job, folder = self.job, self.job.folder
        timings, adopted = list(self.timings), dict(self.adopted)
        if (folder / TRIALS).exists():
            before = store.read_run_manifest(folder)
            fingerprint = before["dataset"].get("fingerprint")
            if fingerprint != problem.fingerprint:
                raise LogError(
                    f"{folder} holds trials on other data (fingerprint {fingerprint}, now "
                    f"{problem.fingerprint}): give this run a folder of its own with --name"
                )
            timings = [entry for entry in before.get("timings", []) if entry not in timings] + timings
            adopted = before.get("adopted", {}) | adopted
        content = {
            **problem.describe(),
            "dtype": job.trials[0].dtype,
            **manifest.describe_machine(self.device),
            "planned": len(job.trials),
            "timings": timings,
            "adopted": adopted,
        }
        return manifest.build(
            job.experiment, job.variant, job.name, job.overrides, full_length=job.full_length, content=content
        )
