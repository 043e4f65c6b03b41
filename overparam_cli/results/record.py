"""A statement's finished folder as an object: `Record`, what `Run` is for trained networks. A statement has no trials.

A folder `results/theory/<statement>/` (`results/theory@<changes>/<statement>/` where anything differs from what the
claim asks for) holds

- `table.csv`: the rows that the statement's `compute` returned, its columns in its order. Finished means that it is
  there: it is written last, and removed before a new manifest is written.
- `curves.csv`: what a figure draws besides the table, where there is anything: the columns of `CURVE_COLUMNS`.
- `manifest.json`: statement, columns, parameters, data set, versions. It counts the table's rows.
- `figure.png`, `.pdf`, `.svg`.

An experiment made of statements keeps only its `manifest.json`, in `results/<experiment>/`: it names their folders.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from overparam_cli import disk, paper
from overparam_cli.errors import LogError
from overparam_cli.experiments import from_dict
from overparam_cli.results import digests, store
from overparam_cli.results.find import is_there
from overparam_cli.results.manifest import THEORY, read_manifest, read_statement_manifest, read_study_manifest
from overparam_cli.results.schema import MANIFEST, SCHEMA
from overparam_cli.words import count

if TYPE_CHECKING:
    import pandas as pd

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
    """One statement's folder, read and checked; `curves` is empty where the statement has none."""

    folder: Path
    manifest: dict[str, Any]
    table: "pd.DataFrame"
    curves: "pd.DataFrame"
    altered: tuple[str, ...] = ()  # the files that are not what the program wrote

    @staticmethod
    def read(folder: Path) -> "Record":
        """Read one statement's folder.

        Raises LogError naming the file and the fault: missing, damaged, of another schema, or with rows missing.
        """
        import pandas as pd

        manifest = read_statement_manifest(folder)
        if not is_there(folder / TABLE):
            raise LogError(f"{folder} is unfinished: {_again(folder)}")
        names = (TABLE, CURVES) if manifest["curves"] is not None else (TABLE,)
        files = {name: store.read_bytes(folder / name) for name in names}
        columns = {name: str(column["dtype"]) for name, column in manifest["columns"].items()}
        table = store.parse_table(files[TABLE], folder / TABLE, columns)
        if len(table) != manifest["rows"]:
            raise LogError(
                f"{folder / TABLE} has {count(len(table), 'row')} instead of {manifest['rows']}: {_again(folder)}"
            )
        curves = (
            store.parse_table(files[CURVES], folder / CURVES, CURVE_COLUMNS)
            if CURVES in files
            else pd.DataFrame(columns=[*CURVE_COLUMNS])
        )
        altered = digests.changed(manifest, digests.of(files))
        return Record(folder, manifest, table, curves, altered)

    @property
    def check(self) -> str:
        """The statement's name: lemma3, theorem2, …"""
        return str(self.manifest["check"])

    @property
    def dataset(self) -> dict[str, Any] | None:
        """What the manifest says of the data; None where the statement needs none."""
        data: dict[str, Any] | None = self.manifest.get("dataset")
        return data

    @property
    def changed(self) -> Mapping[str, Any]:
        """The parameters that are not those the claim asks for."""
        changed: Mapping[str, Any] = self.manifest.get("changed") or {}
        return changed

    @property
    def full_length(self) -> bool:
        """Whether the parameters and the data are those that the claim asks for."""
        return bool(self.manifest.get("full_length", False))

    def series(self, name: str) -> "pd.DataFrame":
        """The rows of `curves` of one series."""
        return self.curves[self.curves["series"] == name]

    @property
    def changes(self) -> list[str]:
        """What differs from what the claim asks for, in words; embedded data are not among it."""
        lines = [f"{digests.said(self.altered)}: {_again(self.folder)}"] if self.altered else []
        lines += [f"not the claim’s own parameters: {_listed(self.changed)}"] if self.changed else []
        data = self.dataset
        if data is not None and not data["embedded"] and not self.changed and not self.full_length:
            lines.append("not the paper’s data set")
        return lines

    @property
    def shortcomings(self) -> tuple[str, ...]:
        """Why it may not bear a verdict on the paper; empty where it may."""
        data = self.dataset or {}
        found = (*([digests.said(self.altered)] if self.altered else []), *paper.shortcomings(data))
        if found or self.full_length:
            return found
        changed = ", ".join(f"{key} = {value}" for key, value in self.changed.items())
        return (changed or paper.not_the_papers(data),)

    def as_dict(self) -> dict[str, Any]:
        """Folder, manifest and all rows, for JSON; what is not a finite number is null."""
        table = store.plain(self.table.to_dict("records"))
        altered = {"changed since the run": [*self.altered]} if self.altered else {}
        return {"folder": str(self.folder), **altered, **self.manifest, "table": table}


def _listed(changed: Mapping[str, Any]) -> str:
    return "; ".join(f"{key} = {_typed(value)}" for key, value in changed.items())


def _typed(value: Any) -> str:
    """A parameter much as it is typed: lists without brackets, numbers in their shortest form."""
    if isinstance(value, list):
        return ", ".join(f"({_typed(item)})" if isinstance(item, list) else _typed(item) for item in value)
    return f"{value:g}"


def curve_table(series: Mapping[str, Sequence[Any]]) -> "pd.DataFrame":
    """The table of `curves.csv` from the columns of each series, x and y or all four, of equal length."""
    import pandas as pd

    nothing = (float("nan"), float("nan"))
    parts = ((name, *columns, *nothing)[: len(CURVE_COLUMNS)] for name, columns in series.items())
    tables = [pd.DataFrame(dict(zip(CURVE_COLUMNS, part, strict=True))) for part in parts]
    return pd.concat(tables, ignore_index=True)


def write_record(
    folder: Path, manifest: Mapping[str, Any], table: "pd.DataFrame", curves: "pd.DataFrame | None" = None
) -> None:
    """Write a statement's folder. One who is killed in between leaves no table, never one of another manifest.

    For the one who holds the folder's lock. Raises StorageError when it cannot be written.
    """
    if curves is None:
        disk.remove(folder / CURVES)
    tables = {TABLE: table} if curves is None else {CURVES: curves, TABLE: table}
    content = {"schema": SCHEMA, "kind": THEORY, **manifest}
    digests.write(folder, content, {name: store.render(table) for name, table in tables.items()})


def write_experiment(folder: Path, content: Mapping[str, Any], folders: Sequence[str]) -> None:
    """Write what an experiment made of statements keeps: which `folders` below the results folder are its own."""
    sealed = digests.seal({"schema": SCHEMA, "kind": THEORY, **content, "folders": list(folders)}, {})
    store.write_json(folder / MANIFEST, sealed)


def find_records(results: Path, name: str) -> list[Record]:
    """What stands below `results` under a name: the statements of an experiment (`fig1`), or all of `theory[@…]`.

    Empty where the name is not one of the theory's. Raises LogError for a damaged folder.
    """
    if is_there(results / name / MANIFEST):
        manifest = read_study_manifest(results / name)
        return [Record.read(results / folder) for folder in manifest["folders"]]
    if name.partition("@")[0] != THEORY:
        return []
    return [Record.read(path.parent) for path in sorted((results / name).glob(f"*/{TABLE}"))]


def find_names(results: Path) -> list[str]:
    """The names that `find_records` knows below `results`, in order."""
    experiments = {path.parent.name for path in results.glob(f"*/{MANIFEST}") if _is_theory(path.parent)}
    return sorted(experiments | {path.parents[1].name for path in results.glob(f"{THEORY}*/*/{TABLE}")})


def experiment_title(results: Path, name: str) -> str | None:
    """The title of the experiment made of statements of that name; None where there is no such experiment."""
    if not is_there(results / name / MANIFEST):
        return None
    return from_dict(read_study_manifest(results / name)["config"]).title


def _is_theory(folder: Path) -> bool:
    try:
        return read_manifest(folder).get("kind") == THEORY
    except LogError:
        return False


def _again(folder: Path) -> str:
    return f"run it again with overparam theory {folder.name}"
