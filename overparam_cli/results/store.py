"""Files on disk: tables and JSON, written atomically and read with errors that name the file and the remedy.

Every replace is atomic: written beside, flushed to disk, renamed.
"""

import contextlib
import json
import math
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from overparam_cli.errors import LogError, StorageError
from overparam_cli.results.schema import CHECKPOINT, LOCK, LOG, MANIFEST, MANIFEST_KEYS, SCHEMA, TRIALS

if TYPE_CHECKING:
    import pandas as pd


def replace(path: Path, write: Callable[[BinaryIO], None]) -> None:
    """Replace `path` by what `write` puts into a binary file, atomically.

    Raises StorageError when the disk is full or the folder cannot be written; `path` is then as it was.
    """
    beside: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            beside = Path(file.name)
            write(file)  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())
        beside.chmod(0o644)
        beside.replace(path)
    except OSError as error:
        raise StorageError(
            f"cannot write {path}: {error.strerror or error}; what was finished is kept: "
            "free some space or choose another folder with --results, then run the same command again"
        ) from error
    finally:
        if beside is not None:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)


def sweep(folder: Path, names: Sequence[str] = (TRIALS, LOG, MANIFEST, CHECKPOINT)) -> None:
    """Remove what a writer killed within `replace` left in a folder; for the one who holds the folder's lock."""
    for name in names:
        for left in folder.glob(f".{name}.*"):
            left.unlink(missing_ok=True)


def write_table(path: Path, table: "pd.DataFrame") -> None:
    """Write a CSV with the shortest digits that read back as the same float64."""
    _write_text(path, table.to_csv(index=False, lineterminator="\n"))


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON that any reader takes (see `plain`)."""
    _write_text(path, json.dumps(plain(content), indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def _write_text(path: Path, text: str) -> None:
    replace(path, lambda file: _put(file, text))


def _put(file: BinaryIO, text: str) -> None:
    file.write(text.encode())


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


def is_running(folder: Path) -> bool:
    """Whether a run holds the folder's lock now."""
    import filelock

    if not (folder / LOCK).exists():
        return False
    lock = filelock.FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        return True
    except OSError:  # a read-only folder: nothing can be running
        return False
    lock.release()
    return False
