"""One entry for jobs of every kind. A new kind of experiment is a `JobRun` and one line in RUNS."""

from collections.abc import Mapping, Sequence

from overparam_cli.errors import ConfigError
from overparam_cli.experiments import CNN, LINEAR
from overparam_cli.kinds.linear.unit import LinearRun
from overparam_cli.kinds.mnist.unit import CnnRun
from overparam_cli.run.job import Job, JobRun, Settings, locked, stop_requests
from overparam_cli.run.machine import steady_arithmetic
from overparam_cli.run.progress import Progress


def run_job(job: Job, settings: Settings, progress: Progress) -> None:
    """Bring a job to completion: go on from its checkpoint, train what is missing, write the run folder.

    Raises BusyError, StorageError, LogError for a damaged folder, ConfigError for measures that finished trials lack
    or that this kind of experiment does not have, the data errors of `data.load`, and RunInterrupted when asked to
    stop; what was finished is kept, and the same call goes on.
    """
    with locked(job.folder), stop_requests() as stop:
        steady_arithmetic()
        RUNS[job.experiment.kind](job, settings, progress, stop).complete()


def check_measurable(jobs: Sequence[Job], settings: Settings) -> None:
    """Refuse `--measure` before anything is trained where a job has nothing that it could look at."""
    for job in jobs:
        if settings.measures and not RUNS[job.experiment.kind].measurable:
            names = ",".join(measure.name for measure in settings.measures)
            raise ConfigError(f"--measure {names} is for linear networks: run {job.title} by itself, without it")


RUNS: Mapping[str, type[JobRun]] = {LINEAR: LinearRun, CNN: CnnRun}
