"""What would be run: `overparam run --dry-run`."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from overparam_cli.report import json, terminal
from overparam_cli.report.grid import Grid, Span
from overparam_cli.words import clock, count

if TYPE_CHECKING:
    from overparam_cli.run.plan import Job

MANY = 10_000  # trials beyond which a terminal's table of them helps nobody
COLUMNS = ("trial_id", "curve", "dataset", "loss", "depth", "width", "init", "optimizer", "lr", "seed", "dtype")


def print_plan(jobs: Sequence[tuple["Job", float]], *, as_json: bool) -> None:
    """Print the trials of every job, their cost and the seconds that they are estimated to take."""
    if as_json:
        json.show([_as_dict(job, seconds) for job, seconds in jobs])
        return
    for job, seconds in jobs:
        terminal.show(trial_grid(job))
        work = sum(trial.iterations for trial in job.trials)
        left = f"left to do here: about {clock(seconds)}"
        remark = f"; {job.remark}" if job.again else ""
        terminal.echo(f"{count(len(job.trials), 'trial')}, {count(work, 'trial iteration')}; {left}{remark}\n")
    terminal.echo(f"in all: about {clock(sum(seconds for _, seconds in jobs))} if nothing diverges early")


def trial_grid(job: "Job") -> Grid:
    """Return a row a trial; of very many, a row for those that differ in learning rate and seed alone."""
    if len(job.trials) > MANY:
        return _curve_grid(job)
    rows = [[getattr(trial, name) for name in COLUMNS] for trial in job.trials]
    return Grid.of(COLUMNS, rows, title=f"{job.title} → {job.folder}")


def _curve_grid(job: "Job") -> Grid:
    groups: dict[tuple[Any, ...], list[Any]] = {}
    shared = [name for name in COLUMNS if name not in ("trial_id", "lr", "seed")]
    for trial in job.trials:
        groups.setdefault(tuple(getattr(trial, name) for name in shared), []).append(trial)
    rows = [
        [*group, len(own), f"{min(trial.lr for trial in own):g} – {max(trial.lr for trial in own):g}"]
        for group, own in groups.items()
    ]
    title, note = f"{job.title} → {job.folder}", "every trial is listed by --json"
    return Grid.of((*shared, "trials", "lr"), rows, title=title, notes=[Span(note, "faint")])


def _as_dict(job: "Job", seconds: float) -> dict[str, Any]:
    return {
        "job": job.title,
        "folder": str(job.folder),
        "full_length": job.full_length,
        "seconds": round(seconds, 1),
        "trials": [{"trial_id": trial.trial_id} | asdict(trial) for trial in job.trials],
    }
