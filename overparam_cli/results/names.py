"""What of a results folder stands under a name that a user gives: fig3, fig3@quick, fig4 (both halves), all."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from overparam_cli.errors import LogError
from overparam_cli.experiments import available, flatten, load_experiment
from overparam_cli.results.find import find_runs, run_folders
from overparam_cli.results.manifest import THEORY
from overparam_cli.results.record import Record, find_names, find_records

if TYPE_CHECKING:
    from overparam_cli.results.run import Run


def found_by_name(experiments: Sequence[str], results: Path) -> tuple[dict[str, list[Record]], dict[str, list["Run"]]]:
    """The theory's checks and the finished runs under the names asked for, groups opened; all there are for no name.

    Raises LogError when there are none.
    """
    names = list(experiments) or sorted({folder.parent.name for folder in run_folders(results)})
    names += [] if experiments else find_names(results)
    if not names:
        raise LogError(f"nothing finished below {results}: run an experiment first, for example overparam run fig3")
    records: dict[str, list[Record]] = {}
    runs: dict[str, list[Run]] = {}
    for given in names:
        for name in member_names(given):
            if checks := find_records(results, name):
                records[name] = checks
            elif found := find_runs(results, name):
                runs[name] = found
            else:
                raise _not_there(given, name, results)
    return records, runs


def member_names(given: str) -> list[str]:
    """Folder names that a name stands for: fig4@quick is fig4-left@quick and fig4-right@quick."""
    base, at, suffix = given.partition("@")
    if base not in {summary.name for summary in available() if summary.kind == "group"} | {"all"}:
        return [given]
    return [f"{member.name}{at}{suffix}" for member in flatten(load_experiment(base))]


def _not_there(given: str, name: str, results: Path) -> LogError:
    base, at, _ = given.partition("@")
    run_it = f"overparam {base if base == THEORY else f'run {base}'}"
    run_it += " and the options or the --name that its folder is named after" if at else ""
    return LogError(
        f"no finished run of {name} below {results}: run it first with {run_it}, "
        "or see what there is with overparam status"
    )
