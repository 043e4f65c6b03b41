"""Tables and JSON on disk, replaced in one step (see `disk`) and read with errors that name the file and the remedy."""

import csv
import io
import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from overparam_cli import disk, texts
from overparam_cli.errors import LogError
from overparam_cli.results.find import unreadable

if TYPE_CHECKING:
    import pandas as pd


def render(table: "pd.DataFrame", *, header: bool = True) -> bytes:
    """A CSV with the shortest digits that read back as the same float64."""
    text: str = table.to_csv(index=False, header=header, lineterminator="\n")
    return encoded(text)


def encoded(text: str) -> bytes:
    """UTF-8; bytes of a path that are none stand as JSON's own escapes, which read back as what they were."""
    return text.encode("utf-8", "backslashreplace")


def write_table(path: Path, table: "pd.DataFrame") -> None:
    """Write a table as `render` has it."""
    write_bytes(path, render(table))


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON that any reader takes (see `plain`)."""
    text = json.dumps(plain(content), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    write_bytes(path, encoded(text))


def write_bytes(path: Path, *data: bytes) -> None:
    """Replace `path` by these bytes, one piece after another; raises StorageError as `disk.replace`."""
    disk.replace(path, lambda file: file.writelines(data))


def plain(value: Any) -> Any:
    """JSON's own types: string keys, lists, no NaN and no infinity, which become null.

    An object is what its `as_dict` says; a dataclass without one, its fields.
    """
    if hasattr(value, "as_dict"):
        return plain(value.as_dict())
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value


def read_bytes(path: Path) -> bytes:
    """A file's content; raises LogError where it is missing or cannot be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise absent(path) from error
    except OSError as error:
        raise unreadable(path, error) from error


def absent(path: Path) -> LogError:
    """What to tell of a file that is gone."""
    return LogError(f"{path} does not exist: restore it, or move its folder away and run again")


def read_table(path: Path, columns: Mapping[str, str]) -> "pd.DataFrame":
    """Read a CSV that must hold `columns`; raises LogError as `read_bytes` and `parse_table`."""
    return parse_table(read_bytes(path), path, columns)


def parse_table(data: bytes, path: Path, columns: Mapping[str, str], rest: str = "") -> "pd.DataFrame":
    """The table of a CSV file that must hold `columns`; others are of the type `rest`, or are kept as they come.

    Raises LogError naming the file when it is cut off, or a value is not of its column's type.
    """
    import pandas as pd

    try:
        data = texts.normal(data)
        _check_whole(data)
        words = {column: "str" for column, dtype in columns.items() if dtype == "str"}
        file = io.BytesIO(data)
        table = pd.read_csv(file, dtype=words, keep_default_na=False, na_values=[""], low_memory=False)
    except (ValueError, OverflowError, csv.Error, pd.errors.ParserError) as error:
        raise damaged(path, error) from error
    return typed(table, path, columns, rest)


def typed(table: "pd.DataFrame", path: Path, columns: Mapping[str, str], rest: str = "") -> "pd.DataFrame":
    """A table whose columns are of their types; errors and `rest` as in `parse_table`."""
    import numpy as np

    others = [str(name) for name in table if name not in columns] if rest else []
    try:
        for column, dtype in {**columns, **dict.fromkeys(others, rest)}.items():
            values = table[column]
            table[column] = values.fillna("") if dtype == "str" else values.astype(np.dtype(dtype))
    except KeyError as error:
        raise LogError(
            f"{path} has no column {error}: it is not a log of this schema; run it again elsewhere"
        ) from error
    except (ValueError, TypeError, OverflowError) as error:
        raise damaged(path, error) from error
    return table


def damaged(path: Path, error: Exception) -> LogError:
    """What to tell of a file that cannot be what was written."""
    reason = " ".join(str(error).splitlines()[:1])
    return LogError(f"{path} is damaged ({reason}): restore it, or move its folder away and run again")


def _check_whole(data: bytes) -> None:
    """Refuse a CSV file that was cut off or has rows of other lengths: a reader would fill them with blanks."""
    if not data.endswith(b"\n"):
        raise ValueError("its last line is cut off")
    if b'"' not in data:
        lengths = {line.count(b",") for line in io.BytesIO(data)}
        blank = data.startswith(b"\n") or b"\n\n" in data
    else:
        rows = list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))
        lengths, blank = {len(row) for row in rows}, not all(rows)
    if len(lengths) > 1 or blank:
        raise ValueError("its rows are not of equal length")
