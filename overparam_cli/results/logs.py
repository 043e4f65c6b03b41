"""THE schema of every file a run writes: columns, writer, reader, validation.

A run folder `results/<experiment>/<variant>/` holds

- `trials.csv`: one row a finished trial (`TRIAL_COLUMNS`, then what an experiment adds). A trial is finished when its
  row stands here, and only then: this file is replaced last.
- `log.csv`: the trajectories (`LOG_COLUMNS`, then what else was measured).
- `manifest.json`: everything needed to know what the numbers are: configuration, data, optimum, versions, timings.
- `checkpoint.pt`, only while trials are unfinished.

Wall-clock values stand in the manifest and never in the CSVs, so two runs can be compared with `diff`. Every replace is
atomic: written beside, flushed to disk, renamed.
"""

import contextlib
import json
import math
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from overparam_cli.errors import LogError, StorageError

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = 1
TRIALS, LOG, MANIFEST, CHECKPOINT, LOCK = "trials.csv", "log.csv", "manifest.json", "checkpoint.pt", ".lock"

TRIAL_COLUMNS: Mapping[str, str] = {  # column → pandas dtype; the order is the file's
    "trial_id": "str",
    "experiment": "str",
    "curve": "str",
    "dataset": "str",
    "loss": "str",  # l2, l4, …; cross-entropy
    "depth": "int64",
    "width": "str",  # hidden widths: 1, 100, 100x50; empty at depth 1; of each dense layer's factors: 512+10
    "init": "str",
    "init_std": "float64",
    "optimizer": "str",
    "lr": "float64",
    "weight_decay": "float64",
    "seed": "int64",
    "dtype": "str",
    "iterations": "int64",  # asked for
    "status": "str",  # completed or diverged
    "diverged_at": "float64",  # first check at which W_e, or pass in which the loss, was not finite; else empty
    "final_loss": "float64",  # empty when diverged
    "final_gap": "float64",
    "best_loss": "float64",  # over the logged iterations
    "best_gap": "float64",
}
LOG_COLUMNS: Mapping[str, str] = {
    "trial_id": "str",
    "iteration": "int64",
    "loss": "float64",
    "gap": "float64",  # loss − certified optimum
    "norm": "float64",  # ‖W_e‖_F; of both dense layers together
}
SMOOTHED = 100  # training passes that a `*_mean` column is the mean of
CNN_LOG_COLUMNS: Mapping[str, str] = {  # what the convolutional network's log has besides; its gap is empty
    "cross_entropy": "float64",  # of the training pass; `loss` is this and weight decay's term
    "cross_entropy_mean": "float64",
    "loss_mean": "float64",
    "learning_rate": "float64",
    "validation_error": "float64",  # percent; this and what follows, as `norm`, only where errors are measured
    "test_error": "float64",
    "printed_loss": "float64",  # what TensorFlow's tutorial prints
}
MANIFEST_KEYS: Mapping[str, type] = {  # what every run's manifest must say; it says more
    "experiment": str,
    "variant": str,
    "config": dict,
    "dataset": dict,
}
COMPLETED, DIVERGED = "completed", "diverged"
STATUSES = (COMPLETED, DIVERGED)


@dataclass(frozen=True)
class Run:
    """One run folder, read and checked."""

    folder: Path
    manifest: dict[str, Any]
    trials: "pd.DataFrame"
    log: "pd.DataFrame"


def log_iterations(total: int, points: int = 1000) -> list[int]:
    """Iterations that are logged, 0 and `total` among them: `points` evenly spaced, plus twenty a decade early on."""
    even = {round(i * total / points) for i in range(points + 1)}
    decades = math.log10(max(total, 1))
    early = {round(10 ** (i / 20)) for i in range(int(20 * decades) + 1)}
    first = total // points
    return sorted(even | {i for i in early if i < 10 * max(first, 1) and i <= total} | {0, total})


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


def sweep(folder: Path) -> None:
    """Remove what a writer killed within `replace` left in a run folder; for the one who holds the folder's lock."""
    for name in (TRIALS, LOG, MANIFEST, CHECKPOINT):
        for left in folder.glob(f".{name}.*"):
            left.unlink(missing_ok=True)


def write_table(path: Path, table: "pd.DataFrame") -> None:
    """Write a CSV with the shortest digits that read back as the same float64."""
    text = table.to_csv(index=False, lineterminator="\n")
    replace(path, lambda file: _write_text(file, text))


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON that any reader takes: no NaN, no infinities (they become null)."""
    text = json.dumps(_finite(content), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    replace(path, lambda file: _write_text(file, text))


def _write_text(file: BinaryIO, text: str) -> None:
    file.write(text.encode())


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
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


def read_run(folder: Path) -> Run:
    """Read and check one run folder. Rows of `log.csv` of trials that `trials.csv` lacks are left out: unfinished.

    Raises LogError naming the file and the fault.
    """
    manifest = read_run_manifest(folder)
    trials, log = read_table(folder / TRIALS, TRIAL_COLUMNS), read_table(folder / LOG, LOG_COLUMNS)
    faults: Iterable[str] = _faults(trials, log)
    for fault in faults:
        raise LogError(f"{folder} is damaged: {fault}; restore it, or move it away and run again")
    return Run(folder, manifest, trials, log[log["trial_id"].isin(trials["trial_id"])].reset_index(drop=True))


def _faults(trials: "pd.DataFrame", log: "pd.DataFrame") -> Iterable[str]:
    if trials.empty:
        yield f"{TRIALS} has no rows"
    if trials["trial_id"].duplicated().any():
        yield f"{TRIALS} names a trial twice"
    for status in sorted(set(trials["status"]) - set(STATUSES)):
        yield f"{TRIALS} has an unknown status '{status}'"
    if log.duplicated(["trial_id", "iteration"]).any():
        yield f"{LOG} has an iteration twice"
    logged = log.groupby("trial_id")["iteration"]
    first, last = dict(logged.min().items()), dict(logged.max().items())
    wanted = zip(trials["trial_id"], trials["status"], trials["iterations"], strict=True)
    for trial_id, status, iterations in wanted:
        if first.get(trial_id) != 0:
            yield f"{LOG} lacks the start of trial {trial_id}"
        elif status == COMPLETED and last[trial_id] != iterations:
            yield f"{LOG} ends before trial {trial_id} does"
    for trial_id in _with_gaps(trials, log):
        yield f"{LOG} lacks rows of trial {trial_id}"


def _with_gaps(trials: "pd.DataFrame", log: "pd.DataFrame") -> Iterable[str]:
    """Trials that lack a row another of the same length has: all are logged at the same points."""
    import numpy as np

    points = {str(trial_id): rows.to_numpy() for trial_id, rows in log.groupby("trial_id")["iteration"]}
    for _, group in trials.groupby("iterations"):
        completed = group.loc[group["status"] == COMPLETED, "trial_id"]
        expected = np.array(sorted({point for trial_id in completed for point in points[trial_id]}))
        for trial_id, end in zip(group["trial_id"], group["diverged_at"].fillna(np.inf), strict=True):
            if (points[trial_id] < end).sum() < (expected < end).sum():
                yield trial_id


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


def find_runs(root: Path, name: str) -> list[Run]:
    """All finished variants of an experiment folder (`fig3`, `fig3@quick`) below `root`, by name."""
    folders = sorted(path.parent for path in (root / name).glob(f"*/{TRIALS}"))
    return [read_run(folder) for folder in folders]
