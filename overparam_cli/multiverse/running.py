"""Training what the worlds are made of: packs as ordinary jobs, one after another, each resumable and lockable.

Several machines may share one results folder: a pack that another is training is passed over.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from overparam_cli.errors import BusyError
from overparam_cli.multiverse.training import Pack
from overparam_cli.run.backends import MakeBackend
from overparam_cli.run.job import run_job
from overparam_cli.run.plan import Job, cost, estimate_seconds
from overparam_cli.run.progress import Progress
from overparam_cli.run.settings import Settings
from overparam_cli.run.stop import Stop


def jobs_of(packs: Iterable[Pack], results: Path) -> list[Job]:
    """Each pack as a job; its numbers bear verdicts on worlds, never one on the paper.

    What stands below `results`, each trial once, are the multiverse's own folders; beside it stand those of ordinary
    runs, whose finished trials are taken over.
    """
    return [
        Job(
            pack.experiment,
            pack.variant,
            pack.trials,
            results / pack.folder,
            pack.name,
            {},
            full_length=False,
            alone=True,  # each variant has learning rates of its own
            shelf=results.parent,
        )
        for pack in packs
    ]


def estimate(jobs: Sequence[Job], settings: Settings, backend: MakeBackend) -> list[float]:
    """The seconds that each job will take here if nothing diverges; jobs of one stage and variant are timed once.

    What one of them costs a trial and iteration, the others are taken to cost.
    """
    costs: dict[tuple[str, str], float] = {}
    found = []
    for job in jobs:
        left = cost(job)
        kind = (job.experiment.name, job.variant)
        if left and kind not in costs:
            costs[kind] = estimate_seconds(job, settings, backend) / left
        found.append(left * costs[kind] if left else 0.0)
    return found


def train(
    jobs: Sequence[Job],
    settings: Settings,
    progress: Progress,
    backend: MakeBackend,
    stop: Stop,
    attempt: Callable[[str, Callable[[], object]], bool],
) -> list[Job]:
    """Bring the jobs to completion in their order; returns those that another process is at.

    `attempt` tries one and keeps what the user can mend for the end.
    """
    busy = []
    for job in jobs:

        def act(job: Job = job) -> None:
            try:
                run_job(job, settings, progress, backend, stop)
            except BusyError:
                busy.append(job)

        attempt(job.title, act)
    for job in busy:
        progress.message(f"{job.title}: another process is training it")
    return busy
