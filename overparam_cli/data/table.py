"""The user's own table: numeric columns in a CSV, TSV or Parquet file, one or several of them the targets."""

import csv
import importlib.util
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from overparam_cli.data.dataset import Array, Dataset
from overparam_cli.data.options import SEPARATORS
from overparam_cli.errors import DataInvalidError

if TYPE_CHECKING:
    import pandas as pd


def load(path: Path, targets: Sequence[str]) -> Dataset:
    """The table as a problem: X (n, d) all columns but the targets, Y (n, k) the targets, in the order given.

    Every column must be numeric, finite, complete and not constant, and there must be more rows than features: with
    n ≤ d the optimum is 0 for any labels, and a gap above it says nothing about the data.
    Raises DataInvalidError, in one line, for everything else.
    """
    table = _read(path)
    names = [str(name) for name in table.columns]
    _check_names(path.name, names, targets)
    table.columns = names
    features = [name for name in names if name not in targets]
    if len(table) <= len(features):
        raise DataInvalidError(
            f"table {path.name}: {len(table)} row(s) for {len(features)} feature(s); "
            "more rows than features are needed, else every label can be fitted exactly"
        )
    columns = {name: _numeric(path.name, name, table[name]) for name in names}
    if constant := [name for name, values in columns.items() if np.ptp(values) == 0.0]:
        raise DataInvalidError(f"table {path.name}: column(s) {_listed(constant)} constant: remove them")
    return Dataset(
        name=path.name,
        X=np.column_stack([columns[name] for name in features]),
        Y=np.column_stack([columns[name] for name in targets]),
        source=f"own table {path.name}",
        embedded=False,
        feature_names=tuple(features),
        target_names=tuple(targets),
    )


def _read(path: Path) -> "pd.DataFrame":
    if not path.is_file():
        raise DataInvalidError(f"table {path} does not exist: check the path")
    if path.suffix.lower() == ".parquet":
        return _read_parquet(path)
    try:
        return _read_text(path, SEPARATORS[path.suffix.lower()])
    except DataInvalidError:
        raise
    except (OSError, ValueError, Warning, csv.Error) as error:  # pandas' parser errors are ValueErrors
        reason = " ".join(str(error).split())
        raise DataInvalidError(f"table {path.name} cannot be read: {reason}; is it a text table in UTF-8?") from None


def _read_text(path: Path, separator: str) -> "pd.DataFrame":
    import pandas as pd

    with path.open(encoding="utf-8-sig", newline="") as file:
        header = next(csv.reader(file, delimiter=separator, skipinitialspace=True), [])
    if not any(name.strip() for name in header):
        raise DataInvalidError(f"table {path.name} is empty: a line of column names and rows of numbers are needed")
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)  # what a row longer than the header is to pandas
        # The header is read apart: pandas would rename a column that is there twice.
        return pd.read_csv(
            path,
            sep=separator,
            header=None,
            skiprows=1,
            names=range(len(header)),
            index_col=False,
            skipinitialspace=True,
            encoding="utf-8-sig",
            low_memory=False,
        ).set_axis([name.strip() for name in header], axis="columns")


def _read_parquet(path: Path) -> "pd.DataFrame":
    if importlib.util.find_spec("pyarrow") is None:
        raise DataInvalidError(
            f"reading {path.name} needs pyarrow: pip install 'overparam[parquet]', or save it as CSV"
        )
    import pandas as pd

    try:
        return pd.read_parquet(path, engine="pyarrow").reset_index(drop=True)
    except Exception as error:  # pyarrow has errors of its own for every way a file can be broken
        reason = " ".join(str(error).split())[:200]
        raise DataInvalidError(f"table {path.name} cannot be read as Parquet: {reason}") from None


def _check_names(table: str, names: Sequence[str], targets: Sequence[str]) -> None:
    """Column names are unique; there is a target, each is a column and named once; a feature is left."""
    if twice := _repeated(names):
        raise DataInvalidError(f"table {table}: column {_listed(twice)} is there more than once; rename the copies")
    if not targets:
        raise DataInvalidError(f"table {table}: no target given; choose one with --target from {_listed(names)}")
    if unknown := [name for name in targets if name not in names]:
        hint = "; are they separated by something else than the file's ending says?" if len(names) == 1 else ""
        raise DataInvalidError(
            f"table {table} has no column {_listed(unknown)}; its columns are {_listed(names)}{hint}"
        )
    if twice := _repeated(targets):
        raise DataInvalidError(f"table {table}: target {_listed(twice)} is given more than once")
    if len(targets) == len(names):
        raise DataInvalidError(f"table {table}: every column is a target; leave at least one feature")


def _numeric(table: str, name: str, column: "pd.Series") -> Array:
    """One column (n,) as float64."""
    import pandas as pd

    if absent := int(column.isna().sum()):
        raise DataInvalidError(
            f"table {table}: column '{name}' has {absent} missing value(s), the first in row "
            f"{1 + int(column.isna().to_numpy().argmax())}; fill them in or remove those rows"
        )
    if column.dtype == object and column.map(lambda value: isinstance(value, int)).all():
        column = pd.to_numeric(column.astype(str), errors="coerce")  # whole numbers of more than 64 bits
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_complex_dtype(column):
        bad = pd.to_numeric(column.astype(str), errors="coerce").isna().to_numpy()
        example = (
            f", for example '{column.iloc[int(bad.argmax())]}' in row {1 + int(bad.argmax())}" if bad.any() else ""
        )
        raise DataInvalidError(f"table {table}: column '{name}' is not numeric{example}; encode or remove it")
    values = column.to_numpy(dtype=np.float64)
    if infinite := int(np.isinf(values).sum()):
        raise DataInvalidError(f"table {table}: column '{name}' has {infinite} infinite value(s); remove those rows")
    return values


def _repeated(names: Sequence[str]) -> list[str]:
    return sorted({name for name in names if list(names).count(name) > 1})


def _listed(names: Sequence[str], most: int = 20) -> str:
    return ", ".join(f"'{name}'" for name in names[:most]) + (f", … ({len(names)} in all)" if len(names) > most else "")
