"""What of a results folder stands under a name that a user gives: fig3, fig3@quick, fig4 (both halves), all, my.toml.

What is damaged, or not there, does not stand in the way of the rest: it is kept as an error for when that is shown.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from overparam_cli.errors import LogError, OverparamError
from overparam_cli.experiments import Experiment, available, flatten, load_experiment
from overparam_cli.paths import folder_name
from overparam_cli.results import editions
from overparam_cli.results.find import run_folders
from overparam_cli.results.manifest import THEORY
from overparam_cli.results.record import Record, find_names, find_records
from overparam_cli.words import meant

if TYPE_CHECKING:
    from overparam_cli.results.run import Run

TOML, EVERYTHING = ".toml", "all"
SAID = 3  # faults, beyond which the others are counted


@dataclass
class Found:
    """What stands under the names asked for.

    Attributes:
        records, runs: folder name → its statements of the theory, or its variants with finished trials.
        groups: a name that stands for several folders → what of them has been run, for a figure of them all.
        notes: what is missing where a part of it is there.
        errors: what is damaged, and what is not there at all.
        partial: whether trials under way were asked for.
    """

    records: dict[str, list[Record]] = field(default_factory=dict)
    runs: dict[str, list["Run"]] = field(default_factory=dict)
    groups: dict[str, list["Run"]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    errors: list[OverparamError] = field(default_factory=list)
    partial: bool = False

    @property
    def variants(self) -> list["Run"]:
        """All runs, folder by folder."""
        return [run for own in self.runs.values() for run in own]

    def check(self) -> None:
        """Once all that is sound is shown, raise what is not; the error is that of the first."""
        if self.errors:
            said = list(dict.fromkeys(map(str, self.errors)))
            more = f" (and {len(said) - SAID} more)" if len(said) > SAID else ""
            raise type(self.errors[0])("; ".join(said[:SAID]) + more)


def folder_names(results: Path, *, partial: bool = False) -> list[str]:
    """The names under which anything finished stands, in order; with `partial` also what is under way."""
    folders = run_folders(results, partial=partial)
    return sorted({folder.parent.name for folder in folders} | {*find_names(results)})


def found_by_name(experiments: Sequence[str], results: Path, *, partial: bool = False) -> Found:
    """The theory's checks and the finished runs under the names asked for, groups opened; all there are for no name.

    A path to a TOML file stands for what was run of it, as it reads now: its title, labels, curves and trials. With
    `partial` trials under way are among the runs', as far as they have come.

    Raises LogError, or what is wrong with a name, when there is nothing to show.
    """
    names = [*experiments] or folder_names(results, partial=partial)
    if not names and folder_names(results, partial=True):
        raise LogError(f"nothing below {results} has finished: look at it as it stands with --partial")
    if not names:
        raise LogError(f"nothing finished below {results}: run an experiment first, for example overparam run fig3")
    found = Found(partial=partial)
    for given in names:
        try:
            _find(given, results, found)
        except OverparamError as error:
            found.errors.append(error)
    if not found.records and not found.runs:
        found.errors += [LogError(note) for note in found.notes]
        found.check()
    return found


def _find(given: str, results: Path, found: Found) -> None:
    """Add what stands under one name; raises LogError where nothing does."""
    asked = {one.name: one for one in flatten(load_experiment(given))} if given.endswith(TOML) else {}
    members = [*asked] or member_names(given)
    absent = [name for name in members if not _find_one(name, asked.get(name), results, found)]
    if len(absent) == len(members):
        raise _not_there(given, absent[0], results)
    if len(members) == 1 or given.partition("@")[0] == EVERYTHING:
        return
    found.notes += [str(_not_there(given, name, results)) for name in absent]
    name = load_experiment(given).name if asked else given
    found.groups[name] = [run for name in members for run in found.runs.get(name, [])]


def _find_one(name: str, asked: Experiment | None, results: Path, found: Found) -> bool:
    """Add what stands in one folder, and say whether anything does; what is damaged is kept as an error."""
    try:
        if checks := find_records(results, name):
            found.records[name] = checks
            return True
    except LogError as error:
        found.errors.append(error)
        return True
    folders = run_folders(results, name, partial=found.partial)
    for folder in folders:
        try:
            run = _read(folder, asked, partial=found.partial)
        except LogError as error:
            found.errors.append(error)
            continue
        if len(run.trials):
            found.runs.setdefault(name, []).append(run)
        else:
            whose = f"the last plan of {name}/{folder.name}" if asked is None else f"{asked.where} as it reads now"
            found.notes.append(f"no trial of {whose} has finished; {', '.join(run.notes)}: run it first")
    if asked is None and name in found.runs:
        found.runs[name] = _of_last_plan(name, found.runs[name], found)
    found.notes += _lacking(name, found.runs.get(name, []), {folder.name for folder in folders})
    return bool(folders)


def _of_last_plan(name: str, runs: Sequence["Run"], found: Found) -> list["Run"]:
    """The variants that the study as it was run last has, with a note about those that it has not."""
    own, others = editions.last(runs)
    if others:
        names = ", ".join(f"{name}/{run.variant}" for run in others)
        what = "is of an earlier plan" if len(others) == 1 else "are of earlier plans"
        found.notes.append(
            f"{names} {what} than {name}/{own[0].variant}, and not shown: run it again, or load its folder"
        )
    return own


def _read(folder: Path, asked: Experiment | None, *, partial: bool) -> "Run":
    """A run folder's last plan, or that part of it which an experiment asks for."""
    from overparam_cli.results.run import Run

    return Run.read(folder, partial=partial) if asked is None else Run.of(folder, asked, partial=partial)


def _lacking(name: str, runs: Sequence["Run"], there: Collection[str]) -> list[str]:
    """Which variants of an experiment are not shown because nothing of them has finished."""
    panels = dict.fromkeys(panel for run in runs for panel in run.experiment.plot.panels)
    missing = [panel for panel in panels if panel not in there]
    shown = ", ".join(run.variant for run in runs)
    return [f"{name}: nothing has finished of {', '.join(missing)}: only {shown} is shown"] if missing else []


def member_names(given: str) -> list[str]:
    """Folder names that a name stands for: fig4@quick is fig4-left@quick and fig4-right@quick.

    Raises ConfigError for a name that is no folder's.
    """
    base, at, suffix = folder_name(given).partition("@")
    if base not in {summary.name for summary in available() if summary.kind == "group"} | {EVERYTHING}:
        return [given]
    return [f"{member.name}{at}{suffix}" for member in flatten(load_experiment(base))]


def _not_there(given: str, name: str, results: Path) -> LogError:
    base, at, _ = given.partition("@")
    if run_folders(results, name, partial=True):
        return LogError(f"no trial of {name} below {results} has finished: look at it as it stands with --partial")
    there, built_in = folder_names(results), [*(summary.name for summary in available()), THEORY, EVERYTHING]
    others = [other for other in there if other.partition("@")[0] == name.partition("@")[0]]
    near = f"there is {', '.join(others)}" if others else meant(given, [*there, *built_in])
    run_it = f"overparam {base if base == THEORY else f'run {base}'}"
    run_it += " and the options or the --name that its folder is named after" if at else ""
    remedy = f"run it first with {run_it}, or see" if base in built_in else "see"
    hint = f"; {near}" if near and near != f"did you mean {given!r}?" else ""
    return LogError(f"no finished run of {name} below {results}{hint}: {remedy} what there is with overparam status")
