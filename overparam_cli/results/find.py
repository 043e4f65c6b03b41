"""Which folders below a results folder hold runs."""

from pathlib import Path

from overparam_cli.results.schema import TRIALS


def run_folders(results: Path, name: str = "") -> list[Path]:
    """The folders with finished trials below `results`, by name; of one experiment folder (`fig3@quick`) alone."""
    found = (results / name).glob(f"*/{TRIALS}") if name else results.glob(f"*/*/{TRIALS}")
    return sorted(path.parent for path in found)
