"""The names of `schema`, `store`, `find` and `run` in one place, until everyone imports them from there."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from overparam_cli.experiments.kind import kind
from overparam_cli.results.find import find_runs
from overparam_cli.results.schema import (
    CHECKPOINT,
    COMPLETED,
    DIVERGED,
    LOCK,
    LOG,
    LOG_COLUMNS,
    MANIFEST,
    MANIFEST_KEYS,
    SCHEMA,
    STATUSES,
    TRIAL_COLUMNS,
    TRIALS,
    log_iterations,
)
from overparam_cli.results.store import (
    is_running,
    read_manifest,
    read_run_manifest,
    read_table,
    replace,
    sweep,
    write_json,
    write_table,
)

if TYPE_CHECKING:
    from overparam_cli.results.run import Run

CNN_LOG_COLUMNS = {name: column.dtype for name, column in kind("cnn").columns.items()}
SMOOTHED = kind("cnn").level.smoothed

__all__ = [
    "CHECKPOINT",
    "CNN_LOG_COLUMNS",
    "COMPLETED",
    "DIVERGED",
    "LOCK",
    "LOG",
    "LOG_COLUMNS",
    "MANIFEST",
    "MANIFEST_KEYS",
    "SCHEMA",
    "SMOOTHED",
    "STATUSES",
    "TRIALS",
    "TRIAL_COLUMNS",
    "Run",
    "find_runs",
    "is_running",
    "log_iterations",
    "read_manifest",
    "read_run",
    "read_run_manifest",
    "read_table",
    "replace",
    "sweep",
    "write_json",
    "write_table",
]


def read_run(folder: Path) -> "Run":
    """`Run.read`."""
    from overparam_cli.results.run import Run

    return Run.read(folder)


def __getattr__(name: str) -> Any:
    """`Run`, without pandas for those who do not ask for it."""
    if name != "Run":
        raise AttributeError(name)
    from overparam_cli.results.run import Run

    return Run
