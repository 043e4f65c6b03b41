"""The tables of a run folder, read and checked."""

from collections import ChainMap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from overparam_cli.errors import LogError
from overparam_cli.results import digests, look, parts
from overparam_cli.results.divergence import settle
from overparam_cli.results.find import has_trials, is_there
from overparam_cli.results.manifest import read_run_manifest
from overparam_cli.results.schema import LOOK

if TYPE_CHECKING:
    import pandas as pd

REMEMBERED = 64  # folders, each as it was last read
State = tuple[tuple[int, ...], ...]


def state_of(folder: Path) -> State:
    """What tells whether a run folder's files have been replaced or changed since; empty for one that is not there."""
    states = []
    for name in parts.names(folder):
        path = folder / name
        found = path.stat() if is_there(path) else None
        states.append((found.st_ino, found.st_mtime_ns, found.st_size) if found else ())
    return tuple(states)


@dataclass(frozen=True, eq=False)
class Tables:
    """All that stands in a run folder, whatever plan asked for it, not to be changed. The log: of finished trials.

    Attributes:
        digests: of the files of the tables as they were read, by name.
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


def read_so_far(folder: Path) -> Tables:
    """As `read_tables`, and what can be seen of trials under way: their status is `unfinished`."""
    seen = look.read(folder)  # first: what is committed meanwhile stands in both
    if not has_trials(folder) and is_there(folder / LOOK):
        if seen is None:
            raise LogError(f"{folder / LOOK} is damaged: the next checkpoint of the same run command replaces it")
        return Tables(read_run_manifest(folder), *seen, {}, ())
    found = read_tables(folder)
    if seen is None:
        return found
    trials, log = (table[~table["trial_id"].isin(found.trials["trial_id"])] for table in seen)
    both = parts.Read(found.trials, found.log, {}), parts.Read(trials, log, {})
    trials, log, _ = _joined(both)
    return Tables(found.manifest, trials, log, found.digests, found.changed)


def _joined(read: Sequence[parts.Read]) -> parts.Read:
    """Several pairs of tables as one."""
    import pandas as pd

    from overparam_cli.results.rows import joined

    trials = pd.concat([one.trials for one in read], ignore_index=True)
    return parts.Read(trials, joined([one.log for one in read]), dict(ChainMap(*(one.digests for one in read))))


_known: dict[Path, tuple[State, Tables]] = {}


def _read(folder: Path, state: State) -> Tables:
    """Read a run folder whose files are in that state; what is known of it in another is forgotten."""
    before, found = _known.pop(folder, ((), None))
    if found is None or before != state:
        found = _parse(folder)
    if len(_known) >= REMEMBERED:
        del _known[next(iter(_known))]
    _known[folder] = (state, found)
    return found


def _parse(folder: Path) -> Tables:
    from overparam_cli.results.faults import faults

    manifest = read_run_manifest(folder)
    read = [parts.read(folder, pair) for pair in parts.pairs(folder, manifest)]
    trials, log, found = read[0] if len(read) == 1 else _joined(read)
    del read  # the log is large
    for fault in faults(manifest, trials, log):
        raise LogError(f"{folder} is damaged: {fault}; restore it, or move it away and run again")
    finished = log[log["trial_id"].isin(trials["trial_id"])].reset_index(drop=True)
    return Tables(manifest, settle(trials, finished), finished, found, digests.changed(manifest, found))
