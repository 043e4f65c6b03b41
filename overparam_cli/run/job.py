"""Plan → train → write → resume, for one variant of an experiment: one run folder, one lock, one writer.

THE loop of every kind of network: what is finished is read, what other experiments have is taken over, the rest is
trained by a back end; in between are stop requests, checkpoints, commits and displays. A trial is in the CSVs or in the
folder's checkpoint.
"""

import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from functools import partial

import torch

from overparam_cli.errors import ConfigError, RunInterrupted
from overparam_cli.experiments import Trial
from overparam_cli.paths import exists
from overparam_cli.results import look, parts
from overparam_cli.results.find import run_folders
from overparam_cli.results.lock import locked
from overparam_cli.results.reading import Tables
from overparam_cli.results.rows import Rows
from overparam_cli.results.schema import LOG_COLUMNS
from overparam_cli.results.underway import Underway
from overparam_cli.run import reuse
from overparam_cli.run.backends import Local, MakeBackend, share
from overparam_cli.run.checkpoint import Checkpoint, HalfTrained
from overparam_cli.run.folder import RunFolder
from overparam_cli.run.machine import pick_device, steady_arithmetic
from overparam_cli.run.plan import Job
from overparam_cli.run.progress import Progress, Status
from overparam_cli.run.saved import MALFORMED
from overparam_cli.run.settings import Settings
from overparam_cli.run.stop import AGAIN, Stop, stop_requests
from overparam_cli.run.tally import Tally
from overparam_cli.run.unit import Problem, Unit, trained
from overparam_cli.words import clock, count, size

LOOKING = 0.02  # the share of the time that goes into what a look at the run shows
MANY = 10_000  # trials beyond which a run says first what it will take


def run_job(
    job: Job, settings: Settings, progress: Progress, backend: MakeBackend = Local, stop: Stop | None = None
) -> None:
    """Bring a job to completion: go on from its checkpoint, train what is missing, write the run folder.

    `backend` makes what trains the units, by default this machine. `stop` is what signals ask of the command that this
    job is part of; without one, the job listens to signals itself.

    Raises BusyError, StorageError, LogError for a damaged folder, ConfigError for measures that finished trials lack
    or that this kind of experiment does not have, the data errors of `data.load`, and RunInterrupted when asked to
    stop; what was finished is kept, and the same call goes on.
    """
    listening = stop_requests() if stop is None else nullcontext(stop)
    with listening as heard, locked(job.folder):
        steady_arithmetic()
        JobRun(job, settings, progress, heard, backend).complete()


class JobRun:
    """One pass over a job's folder, while it is locked."""

    def __init__(
        self, job: Job, settings: Settings, progress: Progress, stop: Stop, backend: MakeBackend = Local
    ) -> None:
        """Nothing is read or written before `complete`."""
        self.backend = backend
        self.job, self.settings, self.progress, self.stop = job, settings, progress, stop
        self.kind = trained(job.experiment.kind)
        self.device = pick_device(settings.device)
        self.measures = tuple(measure.name for measure in settings.measures)
        self.folder = RunFolder(job, self.device, settings.log_format)
        self.checkpoint = Checkpoint(job.folder, self._warn)
        self.done: set[str] = set()  # trials that were finished before

    def complete(self) -> None:
        """Train every missing trial."""
        job = self.job
        finished = self.folder.read(accept=self.settings.accept_changes)
        if finished:
            self.done = set(finished.trials["trial_id"])
            self._check_finished(finished, self.done)
        missing = [trial for trial in job.trials if trial.trial_id not in self.done]
        half = self.checkpoint.load({trial.trial_id for trial in job.trials}, self.done)
        self.progress.begin(job.title, len(job.trials), len(job.trials) - len(missing))
        if job.again:
            self._say(job.remark)
        if missing:
            self._train(missing, half)
        elif finished:
            self.folder.restate(finished)
        if not self.checkpoint.kept:
            self.checkpoint.save([])
        self.progress.end(job.title)

    def _say(self, text: str) -> None:
        self.progress.message(f"{self.job.title}: {text}")

    def _warn(self, text: str) -> None:
        self.progress.warn(f"{self.job.title}: {text}")

    def _check_finished(self, finished: Tables, done: set[str]) -> None:
        """Say what finished trials, which are not run again, lack. Raises ConfigError for a measure."""
        here = [trial for trial in self.job.trials if trial.trial_id in done]
        lacking = [measure.name for measure in self.settings.measures if measure.name not in finished.log]
        if here and lacking:
            raise ConfigError(
                f"{self.job.title} has finished trials without {', '.join(lacking)}, and finished trials are not run "
                "again: give the measured run a folder of its own with --name"
            )
        logs = Rows(finished.log)
        for what in dict.fromkeys(self.kind.lacks(trial, logs.of(trial.trial_id)) for trial in here):
            if what:
                self._say(f"{what}; for more, run them again under another --name")

    def _train(self, missing: Sequence[Trial], half: Sequence[HalfTrained]) -> None:
        """Go on with what is half trained, take over what is finished elsewhere, start the others."""
        self._check_goes_on(half)
        self.settings.memo.tell = partial(self.progress.phase, self.job.title)
        problem = self.kind.problem(missing[0], self.settings)
        for note in problem.describe()["dataset"].get("notes", ()):
            self._say(note)
        restored = self._restored(half, problem) if half else {}
        inside = {trial.trial_id for unit in restored for trial in unit.trials}
        fresh = [trial for trial in missing if trial.trial_id not in inside]
        if fresh and self.settings.reuse:
            fresh = self._adopt(fresh, problem)
        threads = half[0].threads if restored and self.kind.threads else None  # half-trained units keep their own
        backend = self.backend(
            *share(len(self.job.trials), self.kind.threads, self.device, torch.get_num_threads(), threads),
            self.settings.checkpoint_seconds,
        )
        self.progress.phase(self.job.title, "first steps")
        begun = self.kind.units(fresh, problem, self.settings)
        if len(fresh) > MANY:
            logs = size(parts.log_bytes((trial.iterations for trial in fresh), self.folder.format))
            takes = f"about {clock(backend.estimate(begun))} here, and {logs} of logs as {self.folder.format}"
            self._say(f"{len(fresh):,} trials: {takes}")
        if units := [*restored, *begun]:
            self.folder.write_manifest(problem)
            with self.stop.waits():
                backend.drain(units, Loop(self, problem, units, restored).after)

    def _check_goes_on(self, half: Sequence[HalfTrained]) -> None:
        """Raise ConfigError where half-trained units would have to go on in another way than they began."""
        anew = f"or move {self.checkpoint.path} away to start its trials anew"
        for own in half:
            if self.kind.threads and own.device != self.device.type:
                raise ConfigError(
                    f"the checkpoint of {self.job.title} was made on {own.device}: go on with --device {own.device}, "
                    f"{anew}"
                )
            if own.measures != self.measures:
                how = f"with --measure {','.join(own.measures)}" if own.measures else "without --measure"
                raise ConfigError(f"the checkpoint of {self.job.title} was made {how}: go on so, {anew}")

    def _adopt(self, missing: Sequence[Trial], problem: Problem) -> list[Trial]:
        """Take over trials that another experiment has finished; those left are returned."""
        shelf = self.job.shelf or self.job.folder.parents[1]
        found = reuse.find(
            missing,
            [folder for folder in run_folders(shelf) if folder != self.job.folder],
            kind=self.kind.name,
            fingerprint=problem.fingerprint,
            columns=(*LOG_COLUMNS, *self.kind.columns, *self.measures),
            fit=lambda trial, log: (
                all((log[name] == log[name]).all() for name in self.measures)  # NaN where one was not made
                and not self.kind.lacks(trial, log)
            ),
            whole=self.job.shelf is not None,  # a multiverse reads rows that the experiment by itself does not
        )
        if found is None:
            return list(missing)
        self.folder.adopted, self.folder.thinned = found.sources, found.thinned
        places = ", ".join(sorted(set(found.sources.values())))
        self._say(f"{count(len(found.sources), 'trial')} taken over from {places}")
        self.folder.commit(problem, found.trials, found.log)
        return [trial for trial in missing if trial.trial_id not in found.sources]

    def _restored(self, half: Sequence[HalfTrained], problem: Problem) -> dict[Unit, float]:
        """The units of a checkpoint, and the seconds spent on each; none where it does not fit and is set aside."""
        by_id = {trial.trial_id: trial for trial in self.job.trials}
        units: dict[Unit, float] = {}
        try:
            for own in half:
                (unit,) = self.kind.units([by_id[name] for name in own.trials], problem, self.settings)
                unit.check(own.state)
                unit.restore(own.state)
                units[unit] = own.seconds
        except MALFORMED as error:
            self.checkpoint.set_aside(f"it is malformed ({type(error).__name__}: {error})")
            return {}
        if any(own.data != problem.fingerprint for own in half):
            self.checkpoint.set_aside("it was made on other data")
            return {}
        done = sum(unit.done for unit in units)
        if self.kind.threads is None:
            self._say(f"going on from iteration {done:,}")
        else:
            self._say(f"going on with {count(len(units), 'trial')} at {count(done, 'iteration')}")
        return units

    def half_trained(self, unit: Unit, seconds: float, problem: Problem) -> HalfTrained:
        """A unit as it is saved now."""
        trials = tuple(trial.trial_id for trial in unit.trials)
        where = (self.device.type, torch.get_num_threads())
        return HalfTrained(trials, seconds, unit.state(), *where, self.measures, problem.fingerprint)


class Loop:
    """What is done each time a unit has advanced, until none is left."""

    def __init__(self, run: JobRun, problem: Problem, units: Sequence[Unit], restored: Mapping[Unit, float]) -> None:
        """`restored` has those of `units` that are half trained, with the seconds spent on each."""
        self.run, self.problem = run, problem
        self.tally, self.seconds = Tally(run.job.title, units, run.kind.levels[0].noun), dict(restored)
        for unit in restored:
            self.tally.see(unit)
        self.began = self.last_saved = time.monotonic()
        self.told: set[str] = set()  # remarks of units
        self.next_look = 0.0

    def after(self, unit: Unit, seconds: float) -> None:
        """Commit the unit if it is finished; save the others now and then; raises RunInterrupted when asked to stop."""
        run = self.run
        self.seconds[unit] = self.seconds.get(unit, 0.0) + seconds
        self.tally.see(unit)
        if (remark := unit.remark) and remark not in self.told:
            self.told.add(remark)
            run._say(remark)
        status = self.tally.status
        if finished := unit.finished:
            self._commit(unit)
        run.progress.update(status)
        stopped, signal = run.stop.asked and bool(self.tally.left), run.stop.take_signal()
        due = time.monotonic() - self.last_saved >= run.settings.checkpoint_seconds
        if stopped or signal or due or finished:
            self._save(status, looked_at=stopped or bool(signal))
        at = f"at iteration {status.iteration:,} of {self.tally.total:,} of {run.job.title}"
        kept = "the checkpoint is saved" if exists(run.checkpoint.path) else "what is finished is kept"
        if signal:
            run.progress.message(f"{signal} {at}: {kept}, the run goes on")
        if stopped:
            raise RunInterrupted(f"interrupted {at}; {kept}: {AGAIN}{self._where()}")

    def _save(self, status: Status, *, looked_at: bool) -> None:
        """Save what is half trained, how far it is; now and then, or where it is `looked_at`, what it has logged."""
        self.last_saved = time.monotonic()
        half = list(self.tally.begun)
        state = Underway(
            iteration=status.iteration,
            iterations=status.iterations,
            resumed=self.tally.done,
            alive=status.alive,
            trials=status.trials,
            rate=max(status.iteration - self.tally.start, 0) / max(self.last_saved - self.began, 1e-9),
            saved=time.time(),
        )
        run = self.run
        run.checkpoint.save([run.half_trained(own, self.seconds.get(own, 0.0), self.problem) for own in half], state)
        if half and (looked_at or self.last_saved >= self.next_look):
            look.write(run.job.folder, (own.tables() for own in half))
            cost = time.monotonic() - self.last_saved
            self.next_look = self.last_saved + cost / LOOKING

    def _where(self) -> str:
        """At which iteration the same command goes on."""
        half = len(self.tally.begun)
        each = f" of {count(half, 'unit')} together" if half > 1 else ""
        return f" from iteration {self.tally.done:,}{each}" if half else ""

    def _commit(self, unit: Unit) -> None:
        """Write a finished unit's rows and let go of it."""
        seconds = round(self.seconds.pop(unit), 3)
        self.run.folder.timings.append({**unit.timing, "seconds": seconds})
        known = self.run.done.intersection(trial.trial_id for trial in unit.trials)
        news = (table[~table["trial_id"].isin(known)] for table in unit.tables())
        self.run.folder.commit(self.problem, *news)
        self.tally.leave(unit)
        unit.release()
