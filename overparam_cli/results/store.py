"""Tables and JSON on disk, replaced in one step (see `disk`) and read with errors that name the file and the remedy."""

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from overparam_cli.errors import LogError
from overparam_cli.results import disk
from overparam_cli.results.schema import MANIFEST, MANIFEST_KEYS, SCHEMA

if TYPE_CHECKING:
    import pandas as pd


def write_table(path: Path, table: "pd.DataFrame") -> None:
    """Write a CSV with the shortest digits that read back as the same float64."""
    _write_text(path, table.to_csv(index=False, lineterminator="\n"))


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON that any reader takes (see `plain`)."""
    _write_text(path, json.dumps(plain(content), indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def _write_text(path: Path, text: str) -> None:
    disk.replace(path, lambda file: file.write(text.encode()))


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


def read_table(path: Path, columns: Mapping[str, str]) -> "pd.DataFrame":
    """Read a CSV that must hold `columns` (others are kept as they come).

    Raises LogError naming the file when it is missing, cut off, or a value is not of its column's type.
    """
    import numpy as np
    import pandas as pd

    try:
        texts = {column: "str" for column, dtype in columns.items() if dtype == "str"}
        table = pd.read_csv(path, dtype=texts, keep_default_na=False, na_values=[""], low_memory=False)
        for column, dtype in columns.items():
            values = table[column]
            table[column] = values.fillna("") if dtype == "str" else values.astype(np.dtype(dtype))
    except FileNotFoundError as error:
        raise LogError(f"{path} does not exist: restore it, or move its folder away and run again") from error
    except KeyError as error:
        raise LogError(
            f"{path} has no column {error}: it is not a log of this schema; run it again elsewhere"
        ) from error
    except (ValueError, OSError, pd.errors.ParserError) as error:
        reason = str(error).splitlines()[0]
        raise LogError(f"{path} is damaged ({reason}): restore it, or move its folder away and run again") from error
    return table


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a run folder; raises LogError when it is missing, damaged or of another schema."""
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise LogError(
            f"{path} does not exist, so {folder} is not a run folder: restore it, or move the folder away and run again"
        ) from error
    except (OSError, ValueError) as error:
        raise LogError(f"{path} is damaged ({error}): move its folder away and run again") from error
    if not isinstance(manifest, dict) or manifest.get("schema") != SCHEMA:
        found = manifest.get("schema") if isinstance(manifest, dict) else None
        raise LogError(f"{path} has schema {found}, this version reads {SCHEMA}: move its folder away and run again")
    return manifest


def read_run_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a folder with trials; raises LogError as `read_manifest`, and when an entry is missing."""
    manifest = read_manifest(folder)
    lacking = [key for key, kind in MANIFEST_KEYS.items() if not isinstance(manifest.get(key), kind)]
    if lacking:
        path = folder / MANIFEST
        raise LogError(
            f"{path} is damaged (no {', '.join(lacking)}): restore it, or move its folder away and run again"
        )
    return manifest
