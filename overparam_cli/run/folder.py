"""One run folder and its one writer: what is finished, and the commit of what has just been."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd
import torch

from overparam_cli.errors import ConfigError, LogError
from overparam_cli.results import apart, digests, editions, parts, store
from overparam_cli.results.divergence import settle
from overparam_cli.results.faults import same_optimum
from overparam_cli.results.find import has_trials
from overparam_cli.results.plans import EARLIER, earlier_plans
from overparam_cli.results.reading import State, Tables, read_tables, state_of
from overparam_cli.results.rows import by_plan, joined
from overparam_cli.run import manifest
from overparam_cli.run.growing import Growing
from overparam_cli.run.unit import Problem

if TYPE_CHECKING:
    from overparam_cli.run.plan import Job


def read_finished(folder: Path) -> Tables | None:
    """What is finished of a run folder, whatever plan asked for it; raises LogError where it is damaged."""
    return read_tables(folder) if has_trials(folder) else None


def finished_ids(folder: Path) -> set[str]:
    """Trials whose rows stand in a run folder."""
    finished = read_finished(folder)
    return set(finished.trials["trial_id"]) if finished else set()


class Base(NamedTuple):
    """What a manifest says that stays the same while a job is the folder's only writer."""

    plan: Mapping[str, Any]
    timings: Sequence[Mapping[str, Any]]
    adopted: Mapping[str, str]
    kept: Mapping[str, Any]  # remarks on files, which stay true of what is in them


class RunFolder:
    """The folder of a job while it is locked."""

    def __init__(self, job: "Job", device: torch.device, log_format: str | None = None) -> None:
        """`timings`, `adopted` (trial id → where it was taken from), `thinned` are what the manifest is to say besides.

        Raises ConfigError where the folder keeps its tables in another format than `log_format`, if one is asked for.
        """
        self.job, self.device = job, device
        self.plan = {trial.trial_id: trial.curve for trial in job.trials}
        there = parts.format_of(job.folder)
        if log_format and there and there != log_format:
            raise ConfigError(
                f"{job.folder} keeps its tables as {there}, and goes on so: leave --log-format away, or give this run "
                "a folder of its own with --name"
            )
        self.format = there or log_format or parts.CSV
        if self.format == parts.PARQUET:
            parts.require()
        self._left: tuple[State, Tables] | None = None  # the files as this writer left them, and what it must know
        self._growing = {name: Growing() for name in parts.CSVS}
        self._base: Base | None = None
        self.timings: list[dict[str, Any]] = []
        self.adopted: dict[str, str] = {}
        self.thinned = False  # whether the log of a trial that was taken over keeps some of its rows alone

    def read(self, *, accept: bool = False) -> Tables | None:
        """What is finished, whatever plan asked for it.

        Raises LogError where it is damaged, and where files are not what the program wrote, unless they are to be
        accepted as they are: then the manifest takes them as its own, and says that it did.
        """
        folder = self.job.folder
        if self._left and self._left[0] == state_of(folder):
            return self._left[1]
        found = read_finished(folder)
        if found is None or not found.changed:
            return found
        if not accept:
            raise LogError(
                f"{folder}: {digests.said(found.changed)}: restore what was there, or take it as it is with "
                "--accept-changes"
            )
        accepted = {**found.manifest.get("accepted", {}), **{name: found.digests.get(name) for name in found.changed}}
        digests.write_manifest(folder, digests.seal(found.manifest | {"accepted": accepted}, found.digests))
        return read_finished(folder)

    def write_manifest(self, problem: Problem) -> None:
        """Say what the folder is about. Raises LogError where it holds trials on other data, or of another loss."""
        before = self.read()
        content = self._manifest(problem, before)
        digests.write_manifest(self.job.folder, digests.seal(content, before.digests if before else {}))
        apart.tidy(self.job.folder, content)

    def commit(self, problem: Problem, trials: pd.DataFrame, log: pd.DataFrame) -> None:
        """Add finished trials to the folder, in the plan's order."""
        before, trials = self.read(), settle(trials, log)
        content = self._manifest(problem, before)
        if self.format == parts.PARQUET:
            self._add(content, trials, log, before)
            return
        if before:
            trials, log = pd.concat([before.trials, trials], ignore_index=True), joined([before.log, log])
        self._replace(content, trials, log, before)

    def restate(self, before: Tables) -> None:
        """Where nothing is left to train the plan may still be another than the last: a title, a label, fewer seeds."""
        content = before.manifest | self._plan(before)
        trials, plan = before.trials, self.plan
        own = trials["trial_id"].isin(plan.keys())
        named = trials.assign(**self._names(trials))[own]
        if self.format == parts.CSV and not named.equals(trials[own]):
            self._replace(content, trials, before.log, before)
        elif before.manifest != digests.seal(content | {"command": before.manifest.get("command")}, before.digests):
            digests.write_manifest(self.job.folder, digests.seal(content, before.digests))
            apart.tidy(self.job.folder, content)

    def _names(self, trials: pd.DataFrame) -> dict[str, pd.Series]:
        """The columns of rows that say where a trial is shown: those of this plan are shown as it has them."""
        curves = trials["trial_id"].map(self.plan)
        experiment = trials["experiment"].where(curves.isna(), self.job.experiment.name)
        return {"experiment": experiment, "curve": curves.fillna(trials["curve"])}

    def _replace(self, content: dict[str, Any], trials: pd.DataFrame, log: pd.DataFrame, before: Tables | None) -> None:
        """Replace all three files; `trials.csv` says what is finished: of the tables it is last."""
        named = trials.assign(**self._names(trials))
        ordered = by_plan(named, self.plan), by_plan(log, self.plan)  # earlier plans' behind these
        grown = before is not None and self._left is not None and before is self._left[1]  # and named as they are now
        for name, table, given in zip(parts.CSVS, ordered, (named, log), strict=True):
            whole = table.astype({"diverged_at": "Int64"}) if name == parts.CSVS.trials else table
            self._growing[name].become(whole, grown=grown and table is given)
        files = {name: self._growing[name].digest for name in reversed(parts.CSVS)}
        sealed = self._write(content, {name: self._growing[name].pieces for name in files}, files, before)
        self._left = (state_of(self.job.folder), Tables(sealed, *ordered, files, ()))

    def _add(self, content: dict[str, Any], trials: pd.DataFrame, log: pd.DataFrame, before: Tables | None) -> None:
        """Write a pair of Parquet files for what is new, or into the last one while that is small.

        What was written before is not read for that: the next commit finds in `_left` what it must know of it.
        """
        folder = self.job.folder
        there = parts.pairs(folder, before.manifest) if before else []
        pair, new = parts.numbered(len(there) + 1), trials.assign(**self._names(trials))
        if there and parts.takes_more(folder, there[-1]):
            pair, last = there[-1], parts.read(folder, there[-1])
            inside = last.log[last.log["trial_id"].isin(last.trials["trial_id"])]  # a killed commit may have left more
            new, log = pd.concat([last.trials, new], ignore_index=True), joined([inside, log])
        whole = by_plan(new, self.plan).astype({"diverged_at": "Int64"})
        data = {
            pair.log: parts.render(by_plan(log, self.plan), pair.log),
            pair.trials: parts.render(whole, pair.trials),
        }
        files = {**(before.digests if before else {}), **digests.of(data)}
        sealed = self._write(content, {name: [text] for name, text in data.items()}, files, before)
        self._left = (state_of(folder), Tables(sealed, whole.iloc[:0], log.iloc[:0], files, ()))

    def _write(
        self,
        content: dict[str, Any],
        data: Mapping[str, Sequence[bytes]],
        files: Mapping[str, str],
        before: Tables | None,
    ) -> dict[str, Any]:
        """Replace tables, in pieces, in their order, and the manifest, with the digests `files`; it is returned."""
        folder = self.job.folder
        digests.write_manifest(folder, digests.seal(content, files, before.digests if before else None))
        for name, pieces in data.items():
            store.write_bytes(folder / name, *pieces)
        sealed = digests.seal(content, files)
        digests.write_manifest(folder, sealed)
        return sealed

    def _plan(self, before: Tables | None) -> dict[str, Any]:
        """What the manifest says of the job's plan and of those before it."""
        plan = manifest.describe_plan(self.job)
        known = {editions.EDITION: editions.of(before.manifest)} if before else {}
        edition = 0 if self.job.alone else editions.next_edition(self.job.folder, {**plan, **known})
        earlier = earlier_plans(before.manifest, before.trials, self.plan) if before else []
        found = plan | ({editions.EDITION: edition} if edition else {}) | {EARLIER: earlier}
        return apart.put(self.job.folder, found) if self.format == parts.PARQUET else found

    def _manifest(self, problem: Problem, before: Tables | None) -> dict[str, Any]:
        about = problem.describe()
        if before:
            fingerprint = before.manifest["dataset"].get("fingerprint")
            if fingerprint != problem.fingerprint:
                raise LogError(
                    f"{self.job.folder} holds trials on other data (fingerprint {fingerprint}, now "
                    f"{problem.fingerprint}): give this run a folder of its own with --name"
                )
            known, now = before.manifest.get("optimum"), about.get("optimum")
            if known and now and not same_optimum(known, now):
                raise LogError(
                    f"{self.job.folder} holds trials of another loss, or of data scaled otherwise (optimum "
                    f"{known['loss']:.4g}, now {now['loss']:.4g}): give this run a folder of its own with --name"
                )
        if self._base is None:
            known = before.manifest if before else {}
            kept: dict[str, Any] = {name: known[name] for name in ("accepted", "thinned") if name in known}
            self._base = Base(self._plan(before), known.get("timings", []), known.get("adopted", {}), kept)
        base = self._base
        return {
            **base.plan,
            **about,
            "dtype": self.job.trials[0].dtype,
            **manifest.describe_machine(self.device),
            "timings": [*base.timings, *self.timings],
            "adopted": {**base.adopted, **self.adopted},
            **base.kept,
            **({"thinned": True} if self.thinned else {}),
        }
