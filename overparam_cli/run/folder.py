"""One run folder and its one writer: what is finished, and the commit of what has just been."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import torch

from overparam_cli.errors import LogError
from overparam_cli.results import digests, store
from overparam_cli.results.divergence import settle
from overparam_cli.results.find import is_there
from overparam_cli.results.plans import EARLIER, earlier_plans, of_trials
from overparam_cli.results.reading import Tables, read_tables
from overparam_cli.results.rows import by_plan, joined
from overparam_cli.results.schema import LOG, MANIFEST, TRIALS
from overparam_cli.run import manifest
from overparam_cli.run.unit import Problem

if TYPE_CHECKING:
    from overparam_cli.run.plan import Job


def read_finished(folder: Path) -> Tables | None:
    """What is finished of a run folder, whatever plan asked for it; raises LogError where it is damaged."""
    return read_tables(folder) if is_there(folder / TRIALS) else None


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

    def read(self, *, accept: bool = False) -> Tables | None:
        """What is finished, whatever plan asked for it.

        Raises LogError where it is damaged, and where files are not what the program wrote, unless they are to be
        accepted as they are: then the manifest takes them as its own, and says that it did.
        """
        folder, found = self.job.folder, read_finished(self.job.folder)
        if found is None or not found.changed:
            return found
        if not accept:
            raise LogError(
                f"{folder}: {digests.said(found.changed)}: restore what was there, or take it as it is with "
                "--accept-changes"
            )
        accepted = {**found.manifest.get("accepted", {}), **{name: found.digests.get(name) for name in found.changed}}
        store.write_json(folder / MANIFEST, digests.seal(found.manifest | {"accepted": accepted}, found.digests))
        return read_finished(folder)

    def write_manifest(self, problem: Problem) -> None:
        """Say what the folder is about. Raises LogError where it holds trials on other data."""
        before = self.read()
        content = self._manifest(problem, before)
        store.write_json(self.job.folder / MANIFEST, digests.seal(content, before.digests if before else {}))

    def commit(self, problem: Problem, trials: pd.DataFrame, log: pd.DataFrame) -> None:
        """Add finished trials to the folder, in the plan's order."""
        before, trials = self.read(), settle(trials, log)
        content = self._manifest(problem, before)
        if before:
            trials, log = pd.concat([before.trials, trials]), joined([before.log, log])
        self._replace(content, trials, log, before)

    def restate(self, before: Tables) -> None:
        """Where nothing is left to train the plan may still be another than the last: a title, a label, fewer seeds."""
        content = before.manifest | self._plan(before)
        trials, plan = before.trials, of_trials(self.job.trials)
        own = trials["trial_id"].isin(plan.keys())
        named = trials.assign(**self._names(trials))[own]
        if not named.equals(trials[own]):
            self._replace(content, trials, before.log, before)
        elif before.manifest != digests.seal(content | {"command": before.manifest.get("command")}, before.digests):
            store.write_json(self.job.folder / MANIFEST, digests.seal(content, before.digests))

    def _names(self, trials: pd.DataFrame) -> dict[str, pd.Series]:
        """The columns of rows that say where a trial is shown: those of this plan are shown as it has them."""
        curves = trials["trial_id"].map(of_trials(self.job.trials))
        experiment = trials["experiment"].where(curves.isna(), self.job.experiment.name)
        return {"experiment": experiment, "curve": curves.fillna(trials["curve"])}

    def _replace(self, content: dict[str, Any], trials: pd.DataFrame, log: pd.DataFrame, before: Tables | None) -> None:
        """Replace all three files; `trials.csv` says what is finished: of the tables it is last."""
        folder = self.job.folder
        trials = trials.assign(**self._names(trials))
        plan = of_trials(self.job.trials)
        trials, log = by_plan(trials, plan), by_plan(log, plan)  # earlier plans' behind these
        data = {LOG: store.render(log), TRIALS: store.render(trials.astype({"diverged_at": "Int64"}))}
        files = digests.of(data)
        store.write_json(folder / MANIFEST, digests.seal(content, files, before.digests if before else None))
        for name, text in data.items():
            store.write_bytes(folder / name, text)
        store.write_json(folder / MANIFEST, digests.seal(content, files))

    def _plan(self, before: Tables | None) -> dict[str, Any]:
        """What the manifest says of the job's plan and of those before it."""
        plan = manifest.describe_plan(self.job)
        now = of_trials(self.job.trials)
        return plan | {EARLIER: earlier_plans(before.manifest, before.trials, now) if before else []}

    def _manifest(self, problem: Problem, before: Tables | None) -> dict[str, Any]:
        timings, adopted, accepted = list(self.timings), dict(self.adopted), {}
        if before:
            fingerprint = before.manifest["dataset"].get("fingerprint")
            if fingerprint != problem.fingerprint:
                raise LogError(
                    f"{self.job.folder} holds trials on other data (fingerprint {fingerprint}, now "
                    f"{problem.fingerprint}): give this run a folder of its own with --name"
                )
            timings = [entry for entry in before.manifest.get("timings", []) if entry not in timings] + timings
            adopted = before.manifest.get("adopted", {}) | adopted
            accepted = {"accepted": before.manifest["accepted"]} if "accepted" in before.manifest else {}
        return {
            **self._plan(before),
            **problem.describe(),
            "dtype": self.job.trials[0].dtype,
            **manifest.describe_machine(self.device),
            "timings": timings,
            "adopted": adopted,
            **accepted,
        }
