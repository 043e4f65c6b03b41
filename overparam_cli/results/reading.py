"""The tables of a run folder, read and checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from overparam_cli.errors import LogError
from overparam_cli.results import digests, store
from overparam_cli.results.divergence import settle
from overparam_cli.results.find import is_there
from overparam_cli.results.manifest import read_run_manifest
from overparam_cli.results.schema import LOG, LOG_COLUMNS, MANIFEST, TRIAL_COLUMNS, TRIALS

if TYPE_CHECKING:
    import pandas as pd

State = tuple[tuple[int, ...], ...]


def state_of(folder: Path) -> State:
    """What tells whether a run folder's files have been replaced or changed since; empty for one that is not there."""
    states = []
    for name in (MANIFEST, TRIALS, LOG):
        path = folder / name
        found = path.stat() if is_there(path) else None
        states.append((found.st_ino, found.st_mtime_ns, found.st_size) if found else ())
    return tuple(states)


@dataclass(frozen=True, eq=False)
class Tables:
    """All that stands in a run folder, whatever plan asked for it, not to be changed. The log: of finished trials.

    Attributes:
        digests: of the CSV files as they were read, by name.
        changed: the names of the files that are not what the program wrote.
    """

    manifest: dict[str, Any]
    trials: "pd.DataFrame"
    log: "pd.DataFrame"
    digests: Mapping[str, str]
    changed: tuple[str, ...]


def read_tables(folder: Path) -> Tables:
    """Read and check a run folder, once for as long as its files stay as they are.

    Raises LogError naming the file and the fault.
    """
    while True:
        state = state_of(folder)
        try:
            found = _read(folder, state)
        except LogError:
            if state_of(folder) == state:
                raise
        else:
            if not found.changed or state_of(folder) == state:
                return found
        # A run has replaced a file while the others were read: what was read is of two states.


@lru_cache(maxsize=64)
def _read(folder: Path, state: State) -> Tables:
    """Read a run folder whose files are in that state."""
    from overparam_cli.results.faults import faults

    manifest = read_run_manifest(folder)
    files = {name: store.read_bytes(folder / name) for name in (TRIALS, LOG)}
    trials = store.parse_table(files[TRIALS], folder / TRIALS, TRIAL_COLUMNS)
    log = store.parse_table(files[LOG], folder / LOG, LOG_COLUMNS, rest="float64")
    log["trial_id"] = log["trial_id"].astype("category")  # each id is kept once, and compared as a number
    for fault in faults(manifest, trials, log):
        raise LogError(f"{folder} is damaged: {fault}; restore it, or move it away and run again")
    finished = log[log["trial_id"].isin(trials["trial_id"])].reset_index(drop=True)
    found = digests.of(files)
    return Tables(manifest, settle(trials, finished), finished, found, digests.changed(manifest, found))
