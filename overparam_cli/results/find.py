"""Which folders below a results folder hold runs."""

from pathlib import Path
from typing import TYPE_CHECKING

from overparam_cli.results.schema import TRIALS

if TYPE_CHECKING:
    from overparam_cli.results.run import Run


def run_folders(results: Path, name: str = "") -> list[Path]:
    """The folders with finished trials below `results`, by name; of one experiment folder (`fig3@quick`) alone."""
    found = (results / name).glob(f"*/{TRIALS}") if name else results.glob(f"*/*/{TRIALS}")
    return sorted(path.parent for path in found)


def find_runs(results: Path, name: str) -> "list[Run]":
    """All variants of an experiment folder that have finished trials, by name; raises LogError for a damaged one."""
    from overparam_cli.results.run import Run

    return [Run.read(folder) for folder in run_folders(results, name)]
