"""What is finished, under way or broken below the results folder: `overparam status`."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from overparam_cli.errors import LogError, UnreadableError
from overparam_cli.report import json, terminal
from overparam_cli.report.grid import Grid
from overparam_cli.results.find import children, is_there
from overparam_cli.results.lock import is_running
from overparam_cli.results.manifest import THEORY, read_manifest, read_run_manifest
from overparam_cli.results.record import TABLE, Record
from overparam_cli.results.run import Run
from overparam_cli.results.schema import CHECKPOINT, DIVERGED, MANIFEST, TRIALS

UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Folder:
    """One run folder: finished trials, whether a checkpoint waits, whether it can be read."""

    run: str
    state: str  # complete, running, unfinished, not started, damaged, unreadable
    trials: int | str  # finished ones; "" where there are none by nature
    note: str = ""


def print_status(results: Path, *, as_json: bool) -> None:
    """Print a row a run folder."""
    found = status_grid(results)
    if as_json:
        json.show(json.records(found))
    elif not found.rows:
        terminal.echo(f"nothing below {results} yet: overparam run fig3 --smoke is a start")
    else:
        terminal.show(found)


def status_grid(results: Path) -> Grid:
    """Return a row a run folder."""
    folders = [*_folders(results)]
    return Grid.of(("run", "state", "trials", "note"), [(own.run, own.state, own.trials, own.note) for own in folders])


def _folders(results: Path) -> Iterator[Folder]:
    """Every run folder, and those that may not be read."""
    for experiment in children(results):
        try:
            for folder in children(experiment):
                found = folder_status(folder)
                if found.state == UNREADABLE or is_there(folder / MANIFEST):
                    yield found
        except UnreadableError as error:
            yield Folder(experiment.name, UNREADABLE, "", str(error))


def folder_status(folder: Path) -> Folder:
    """Return where a folder stands; a damaged one is described, not raised."""
    found = Folder(f"{folder.parent.name}/{folder.name}", "complete", 0)
    try:
        manifest = read_manifest(folder)
        if manifest.get("kind") == THEORY and not is_there(folder / TABLE):
            state = "running" if is_running(folder) else "unfinished"
            return replace(found, state=state, trials="", note="the same command computes it again")
        if manifest.get("kind") == THEORY:
            record = Record.read(folder)
            return replace(found, trials="", note="paper's" if record.full_length else "not as the claim asks")
        data = read_run_manifest(folder)["dataset"]
        found = replace(found, note=f"{data.get('name')}{' (embedded)' if data.get('embedded') else ''}")
        if is_there(folder / TRIALS):
            found = _with_trials(found, Run.read(folder))
    except UnreadableError as error:
        return replace(found, state=UNREADABLE, trials="", note=str(error))
    except LogError as error:
        return replace(found, state="damaged", note=str(error))
    return _going(found, folder, manifest)


def _with_trials(found: Folder, run: Run) -> Folder:
    lost = int((run.trials["status"] == DIVERGED).sum())
    return replace(found, trials=len(run.trials), note=found.note + (f", {lost} diverged" if lost else ""))


def _going(found: Folder, folder: Path, manifest: dict[str, Any]) -> Folder:
    """The same folder with what is still to be done there."""
    if is_running(folder):
        return replace(found, state="running")
    if is_there(folder / CHECKPOINT):
        state, note = "unfinished", "; the same run command goes on from the checkpoint"
    elif not found.trials:
        state, note = "not started", "; the same run command starts it"
    elif int(found.trials) < int(manifest.get("planned", 0)):
        state, note = "unfinished", f"; of {manifest['planned']} trials: the same run command goes on"
    else:
        return found
    return replace(found, state=state, note=found.note + note)
