"""The schema of what the theory writes; the counterpart of `logs` for checks, which have no trials.

A check's folder `results/theory/<check>/` (`results/theory@<changes>/<check>/` where anything differs from what the
claim asks for) holds

- `table.csv`: the rows that `core.theory` computed, its columns in its order.
- `curves.csv`: what a figure draws besides the table, where there is anything: the columns of `CURVE_COLUMNS`.
- `manifest.json`: statement, columns, parameters, data set, versions. It counts the table's rows.
- `figure.png`, `.pdf`, `.svg`.

An experiment made of checks keeps only its `manifest.json`, in `results/<experiment>/`: it names their folders.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from overparam_cli.errors import LogError
from overparam_cli.results import logs

if TYPE_CHECKING:
    import pandas as pd

THEORY = "theory"  # the kind of manifest, and the folder below the results folder
TABLE, CURVES = "table.csv", "curves.csv"
CURVE_COLUMNS: Mapping[str, str] = {  # a point of a line, or an arrow (u, v) at a point; u and v are empty for lines
    "series": "str",
    "x": "float64",
    "y": "float64",
    "u": "float64",
    "v": "float64",
}


@dataclass(frozen=True)
class Record:
    """One check's folder, read and checked; `curves` is empty where the check has none."""

    folder: Path
    manifest: dict[str, Any]
    table: "pd.DataFrame"
    curves: "pd.DataFrame"

    @property
    def check(self) -> str:
        """The check's name: lemma3, theorem2, …"""
        return str(self.manifest["check"])

    def series(self, name: str) -> "pd.DataFrame":
        """The rows of `curves` of one series."""
        return self.curves[self.curves["series"] == name]


def read_record(folder: Path) -> Record:
    """Read one check's folder.

    Raises LogError naming the file and the fault: missing, damaged, of another schema, or with rows missing.
    """
    import pandas as pd

    manifest = _theory_manifest(folder)
    try:
        columns = {name: str(column["dtype"]) for name, column in manifest["columns"].items()}
        rows, has_curves = int(manifest["rows"]), manifest["curves"] is not None
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise LogError(f"{folder / logs.MANIFEST} is damaged ({error!r}): {_again(folder)}") from error
    table = logs.read_table(folder / TABLE, columns)
    if len(table) != rows:
        raise LogError(f"{folder / TABLE} has {len(table)} rows instead of {rows}: {_again(folder)}")
    curves = logs.read_table(folder / CURVES, CURVE_COLUMNS) if has_curves else pd.DataFrame(columns=[*CURVE_COLUMNS])
    return Record(folder, manifest, table, curves)


def find_records(results: Path, name: str) -> list[Record]:
    """What stands below `results` under a name: the checks of an experiment (`fig1`), or all of `theory[@…]`.

    Empty where the name is not one of the theory's. Raises LogError for a damaged folder.
    """
    if (results / name / logs.MANIFEST).exists():
        manifest = _theory_manifest(results / name)
        return [read_record(results / str(folder)) for folder in manifest.get("folders", ())]
    if name.partition("@")[0] != THEORY:
        return []
    return [read_record(path.parent) for path in sorted((results / name).glob(f"*/{TABLE}"))]


def find_names(results: Path) -> list[str]:
    """The names that `find_records` knows below `results`, in order."""
    experiments = {path.parent.name for path in results.glob(f"*/{logs.MANIFEST}") if _is_theory(path.parent)}
    return sorted(experiments | {path.parents[1].name for path in results.glob(f"{THEORY}*/*/{TABLE}")})


def _is_theory(folder: Path) -> bool:
    try:
        return logs.read_manifest(folder).get("kind") == THEORY
    except LogError:
        return False


def _theory_manifest(folder: Path) -> dict[str, Any]:
    manifest = logs.read_manifest(folder)
    if manifest.get("kind") != THEORY:
        raise LogError(f"{folder} holds no check of the theory: name another folder")
    return manifest


def _again(folder: Path) -> str:
    return f"run it again with overparam theory {folder.name}"
