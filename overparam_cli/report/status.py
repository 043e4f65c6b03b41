"""What is finished, under way or broken below the results folder: `overparam status`."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from overparam_cli.errors import LogError, UnreadableError
from overparam_cli.paths import is_folder
from overparam_cli.report import json, terminal
from overparam_cli.report.grid import Grid
from overparam_cli.results import digests, drawn, editions, underway
from overparam_cli.results.find import PART, contents, has_trials, is_results_folder, is_there
from overparam_cli.results.lock import is_running
from overparam_cli.results.manifest import (
    MULTIVERSE,
    THEORY,
    read_bench_manifest,
    read_manifest,
    read_multiverse_manifest,
    read_run_manifest,
    read_study_manifest,
)
from overparam_cli.results.record import TABLE, Record
from overparam_cli.results.run import Run
from overparam_cli.results.schema import CHECKPOINT, DIVERGED, LOG, MANIFEST, TRIALS
from overparam_cli.words import count

DAMAGED, UNREADABLE = "damaged", "unreadable"
FIGURES = (".png", ".pdf", ".svg")
OLDER = "of an earlier plan, and not shown"  # of a variant


@dataclass(frozen=True)
class Folder:
    """One folder with results: finished trials, whether a checkpoint waits, whether it can be read."""

    run: str
    state: str  # complete, running, unfinished, not started, changed, damaged, unreadable; what else it is
    trials: int | str = ""  # finished ones; "" where there are none by nature
    note: str = ""


def print_status(results: Path, *, as_json: bool) -> None:
    """Print a row a folder."""
    found = status_grid(results)
    if as_json:
        json.show(json.records(found))
    elif not found.rows:
        terminal.echo(f"nothing below {results} yet: overparam run fig3 --smoke is a start")
    else:
        terminal.show(found)


def status_grid(results: Path) -> Grid:
    """Return a row a folder that holds anything, whatever it is."""
    folders = [row for path in contents(results) if is_folder(path) for row in _rows(path)]
    return Grid.of(("run", "state", "trials", "note"), [(own.run, own.state, own.trials, own.note) for own in folders])


def _rows(folder: Path) -> Iterator[Folder]:
    """What stands in a folder directly below the results: an experiment's variants, or something else."""
    try:
        if is_results_folder(folder):
            where = f"a results folder of its own: overparam status --results {folder}"
            yield Folder(folder.name, "results", note=where)
            yield from _outdated(folder.name, [folder])
            return
        inside = contents(folder)
        if (folder / MANIFEST) in inside:
            yield _study(folder)
        variants = [path for path in inside if is_folder(path)]
        older = editions.older(variants)
        for path in variants:
            if row := _guarded(path):
                yield replace(row, note=f"{row.note}, {OLDER}") if path in older else row
        if not variants and inside and (folder / MANIFEST) not in inside:
            figures = all(path.suffix in FIGURES for path in inside)
            yield Folder(folder.name, "figures" if figures else "no run", note=f"holds {_listed(inside)}")
        yield from _outdated(folder.name, [folder, *variants])
    except UnreadableError as error:
        yield Folder(folder.name, UNREADABLE, note=str(error))


def _outdated(run: str, folders: Sequence[Path]) -> Iterator[Folder]:
    """A row for the figures in an experiment's folders that were drawn from other logs than are there now."""
    figures: list[Path] = []
    for folder in folders:
        with suppress(UnreadableError):  # such a folder has a row that says so
            figures += [path for path in contents(folder) if path.suffix in FIGURES and drawn.outdated(path)]
    if figures:
        yield Folder(run, "outdated", note=f"{_listed(figures)} of earlier logs: draw them again")


def _guarded(folder: Path) -> Folder | None:
    """A variant's row; None where it is empty but for a lock."""
    try:
        return folder_status(folder) if contents(folder) else None
    except UnreadableError as error:
        return Folder(f"{folder.parent.name}/{folder.name}", UNREADABLE, note=str(error))


def _study(folder: Path) -> Folder:
    """The row of what has no variants: an experiment made of statements, a multiverse's outcomes, the benchmark."""
    found = Folder(folder.name, "complete")
    try:
        kind = read_manifest(folder).get("kind")
        if kind == MULTIVERSE:
            outcomes = read_multiverse_manifest(folder)
            return replace(
                found, note=f"{count(len(outcomes['claims']), 'claim')} in worlds, {count(outcomes['rows'], 'row')}"
            )
        if kind == THEORY:
            return replace(found, note=f"made of {', '.join(read_study_manifest(folder)['folders'])}")
        return replace(found, note=f"timed on {read_bench_manifest(folder)['dataset']}")
    except LogError as error:
        return replace(found, state=DAMAGED, note=str(error))


def folder_status(folder: Path) -> Folder:
    """Return where a variant's folder stands; a damaged one is described, not raised."""
    found = Folder(f"{folder.parent.name}/{folder.name}", "complete", 0)
    inside = contents(folder)
    if (folder / MANIFEST) not in inside:
        return _without_manifest(found, inside)
    try:
        manifest = read_manifest(folder)
        if manifest.get("kind") == THEORY:
            return _statement(replace(found, trials=""), folder)
        data = read_run_manifest(folder)["dataset"]
        found = replace(found, note=f"{data.get('name')}{' (embedded)' if data.get('embedded') else ''}")
        if has_trials(folder):
            found = _with_trials(found, Run.read(folder))
    except UnreadableError:
        raise
    except LogError as error:
        return replace(found, state=DAMAGED, note=str(error))
    return found if found.state == "changed" else _going(found, folder, manifest)


def _without_manifest(found: Folder, inside: list[Path]) -> Folder:
    """What a folder is that no manifest describes."""
    if {path.name for path in inside} & {TRIALS, LOG, TABLE, CHECKPOINT} or any(
        PART.fullmatch(path.name) for path in inside
    ):
        lacking = f"{MANIFEST} is missing: restore it, or move the folder away and run again"
        return replace(found, state=DAMAGED, note=f"{lacking}; holds {_listed(inside)}")
    return replace(found, state="no run", trials="", note=f"holds {_listed(inside)}")


def _statement(found: Folder, folder: Path) -> Folder:
    """The row of a statement of the theory."""
    if not is_there(folder / TABLE):
        state = "running" if is_running(folder) else "unfinished"
        return replace(found, state=state, note="the same command computes it again")
    record = Record.read(folder)
    if record.altered:
        return replace(found, state="changed", note=digests.said(record.altered))
    return replace(found, note="paper's" if record.full_length else "not as the claim asks")


def _with_trials(found: Folder, run: Run) -> Folder:
    lost, trials = int((run.trained["status"] == DIVERGED).sum()), len(run.trained)
    notes = [
        found.note,
        *([f"{lost} diverged"] if lost else []),
        *([f"{run.others} of other plans"] if run.others else []),
    ]
    if run.changed:
        return replace(found, state="changed", trials=trials, note=", ".join([*notes, digests.said(run.changed)]))
    return replace(found, trials=trials, note=", ".join(notes))


def _going(found: Folder, folder: Path, manifest: dict[str, Any]) -> Folder:
    """The same folder with what is still to be done there."""
    stands = underway.read(folder) if is_there(folder / CHECKPOINT) else None
    if is_running(folder):
        return replace(found, state="running", note=f"{found.note}; {stands.said}" if stands else found.note)
    if is_there(folder / CHECKPOINT):
        where = f"at iteration {stands.resumed:,}, " if stands else ""
        far = f"{stands.iteration / max(stands.iterations, 1):.0%} done: " if stands else ""
        state, note = "unfinished", f"; {far}the same run command goes on {where}from the checkpoint"
    elif not found.trials:
        state, note = "not started", "; the same run command starts it"
    elif int(found.trials) < int(manifest.get("planned", 0)):
        state, note = "unfinished", f"; of {count(manifest['planned'], 'trial')}: the same run command goes on"
    else:
        return found
    return replace(found, state=state, note=found.note + note)


def _listed(paths: list[Path], most: int = 4) -> str:
    names = [path.name for path in paths]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
