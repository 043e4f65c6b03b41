"""What the commands print besides a run's own table: lists, plans, status, checks; as text or as JSON."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from overparam_cli.errors import LogError
from overparam_cli.results import logs
from overparam_cli.results.record import THEORY, Record
from overparam_cli.words import clock

if TYPE_CHECKING:
    from overparam_cli.experiments import Experiment, Summary
    from overparam_cli.report.grid import Grid
    from overparam_cli.results.logs import Run

PIPED_WIDTH = 160  # rich would fold at 80 what a pipe or a file can take whole


def stdout() -> Console:
    """Where tables go."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = PIPED_WIDTH
    return console


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None) -> None:
    """Print rows under headings; numbers to the right."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    rows = [list(row) for row in rows]
    for place, column in enumerate(columns):
        numeric = bool(rows) and all(isinstance(row[place], int | float) for row in rows)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(
            *(f"{cell:,}" if isinstance(cell, int) and not isinstance(cell, bool) else str(cell) for cell in row)
        )
    stdout().print(table)


def print_json(content: object) -> None:
    """JSON that any reader takes."""
    click.echo(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False))


def experiments(summaries: Sequence["Summary"]) -> None:
    """`overparam list`."""
    show_table(("name", "shows", "in the paper"), [(s.name, s.title, s.paper) for s in summaries])


def experiment(experiment: "Experiment") -> None:
    """`overparam show`: one experiment, a row per curve."""
    from overparam_cli.experiments import describe

    console = stdout()
    console.print(f"[bold]{experiment.name}[/bold]  {experiment.title}  ({experiment.paper})")
    if experiment.description:
        console.print(experiment.description)
    if experiment.kind == "theory":
        console.print(f"numerical experiments: {', '.join(experiment.checks)}")
        return
    rows = describe(experiment)
    columns = ("variant", "curve", "dataset", "depth", "width", "init", "optimizer", "seeds", "iterations", "trials")
    cells = [[getattr(row, column) for column in columns] + [rates(row.lrs)] for row in rows]
    show_table((*columns, "lr"), cells)


def rates(lrs: Sequence[float]) -> str:
    """A learning rate, or the ends of a grid."""
    return f"{lrs[0]:g}" if len(lrs) == 1 else f"{len(lrs)} from {min(lrs):g} to {max(lrs):g}"


def plan(jobs: Sequence[tuple[Any, float]], *, as_json: bool) -> None:
    """`overparam run --dry-run`: trials, cost, time."""
    if as_json:
        content = [
            {
                "job": job.title,
                "folder": str(job.folder),
                "full_length": job.full_length,
                "seconds": round(seconds, 1),
                "trials": [{"trial_id": trial.trial_id} | asdict(trial) for trial in job.trials],
            }
            for job, seconds in jobs
        ]
        print_json(content)
        return
    for job, seconds in jobs:
        columns = ("trial_id", "curve", "dataset", "loss", "depth", "width", "init", "optimizer", "lr", "seed", "dtype")
        rows = [[getattr(trial, column) for column in columns] for trial in job.trials]
        show_table(columns, rows, title=f"{job.title} → {job.folder}")
        work = sum(trial.iterations for trial in job.trials)
        click.echo(f"{len(job.trials)} trials, {work:,} trial iterations; left to do here: about {clock(seconds)}\n")
    click.echo(f"in all: about {clock(sum(seconds for _, seconds in jobs))} if nothing diverges early")


def summaries(
    runs: Sequence["Run"],
    *,
    as_json: bool,
    rule: str | None = None,
    records: Sequence[tuple[Record, "Grid"]] = (),
) -> None:
    """The table of one or several runs, those of the theory's statements first."""
    from overparam_cli.report.summary import print_summary
    from overparam_cli.report.terminal import show
    from overparam_cli.results.summary import summarise

    found = [summarise(run, rule) for run in runs]
    if as_json:
        print_json([record.as_dict() for record, _ in records] + [summary.as_dict() for summary in found])
        return
    for _, grid in records:
        show(grid, "")
    for summary in found:
        print_summary(summary, stdout())


def status(results: Path, *, as_json: bool) -> None:
    """`overparam status`: a row a run folder."""
    rows = [folder_status(path.parent) for path in sorted(results.glob(f"*/*/{logs.MANIFEST}"))]
    if as_json:
        print_json(rows)
    elif not rows:
        click.echo(f"nothing below {results} yet: overparam run fig3 --smoke is a start")
    else:
        show_table(("run", "state", "trials", "note"), [(r["run"], r["state"], r["trials"], r["note"]) for r in rows])


def folder_status(folder: Path) -> dict[str, Any]:
    """One run folder: finished trials, whether a checkpoint waits, whether it can be read."""
    row: dict[str, Any] = {"run": f"{folder.parent.name}/{folder.name}", "state": "complete", "trials": 0, "note": ""}
    try:
        manifest = logs.read_manifest(folder)
        if manifest.get("kind") == THEORY:
            record = Record.read(folder)
            return row | {"trials": "", "note": "paper's" if record.full_length else "not as the claim asks"}
        data = logs.read_run_manifest(folder)["dataset"]
        row["note"] = f"{data.get('name')} (embedded)" if data.get("embedded") else str(data.get("name"))
        if (folder / logs.TRIALS).exists():
            run = logs.read_run(folder)
            row["trials"] = len(run.trials)
            lost = int((run.trials["status"] == logs.DIVERGED).sum())
            row["note"] += f", {lost} diverged" if lost else ""
    except LogError as error:
        return row | {"state": "damaged", "note": str(error)}
    if logs.is_running(folder):
        row |= {"state": "running"}
    elif (folder / logs.CHECKPOINT).exists():
        row |= {"state": "unfinished", "note": row["note"] + "; the same run command goes on from the checkpoint"}
    elif row["trials"] and row["trials"] < int(manifest.get("planned", 0)):
        row |= {
            "state": "unfinished",
            "note": f"{row['note']}; of {manifest['planned']} trials: the same run command goes on",
        }
    elif not row["trials"]:
        row |= {"state": "not started", "note": row["note"] + "; the same run command starts it"}
    return row


def bench(timings: Sequence[Any], ratios: Sequence[tuple[str, str, float]], path: Path, *, as_json: bool) -> None:
    """`overparam bench`: microseconds per trial and iteration, then the ratios."""
    if as_json:
        named = [{"loss": loss, "what": what, "ratio": ratio} for loss, what, ratio in ratios]
        print_json({"csv": str(path), "timings": [asdict(timing) for timing in timings], "ratios": named})
        return
    rows = [(t.loss, t.subject, t.trials, t.depth, f"{t.median:.2f}", f"{t.low:.2f} – {t.high:.2f}") for t in timings]
    show_table(("loss", "what", "trials", "depth", "µs per trial and iteration", "range"), rows)
    click.echo()
    show_table(("loss", "ratio of medians", ""), [(loss, what, f"{ratio:.2f}") for loss, what, ratio in ratios])
    click.echo(f"\n{path}")


def datasets(rows: Sequence[Any], *, as_json: bool) -> None:
    """`overparam data list`."""
    content = [asdict(row) for row in rows]
    if as_json:
        print_json(content)
    else:
        show_table(list(content[0]), [list(row.values()) for row in content])


def checks(found: Mapping[str, Sequence[Any]], *, as_json: bool) -> None:
    """`overparam data verify`."""
    rows = [{"data": name} | asdict(check) for name, own in found.items() for check in own]
    if as_json:
        print_json(rows)
    else:
        show_table(list(rows[0]), [[*list(row.values())[:-1], "yes" if row["ok"] else "NO"] for row in rows])
