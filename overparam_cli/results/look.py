"""A look at what is under way: the tables so far of trials that have not finished, beside their checkpoint.

They are what `--partial` shows. Nothing depends on them: where they are missing or not whole there is nothing to see.
However many trials there are, they stay small: of each trial the rows are thinned, the first and last ones kept.
"""

import io
import zipfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from overparam_cli import disk
from overparam_cli.errors import LogError
from overparam_cli.results import sealed, store
from overparam_cli.results.schema import COMPLETED, LOG, LOG_COLUMNS, LOOK, TRIAL_COLUMNS, TRIALS, UNFINISHED

if TYPE_CHECKING:
    import pandas as pd

    Pair = tuple[pd.DataFrame, pd.DataFrame]  # of trials, and of their log

HEAD = b"overparam look\n"
ROWS, LEAST = 100_000, 20  # rows of the log in all, and of a trial whatever that comes to


def write(folder: Path, units: "Iterable[Pair]") -> None:
    """Put the tables of half-trained units beside their checkpoint; raises StorageError."""
    import pandas as pd

    pairs = [*units]
    most = max(LEAST, ROWS // max(sum(len(trials) for trials, _ in pairs), 1))
    thinned = [(_marked(trials, log), _thinned(log, most)) for trials, log in pairs]
    trials, log = (pd.concat(tables, ignore_index=True) for tables in zip(*thinned, strict=True))
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(TRIALS, store.render(trials))
        archive.writestr(LOG, store.render(log))
    sealed.write(folder / LOOK, HEAD, content.getbuffer())


def _marked(trials: "pd.DataFrame", log: "pd.DataFrame") -> "pd.DataFrame":
    """The trials, those unfinished whose log ends before they do."""
    last = trials["trial_id"].map(log.groupby("trial_id", observed=True)["iteration"].max())
    going = (trials["status"] == COMPLETED) & ~(last >= trials["iterations"])
    return trials.assign(status=trials["status"].mask(going, UNFINISHED))


def _thinned(log: "pd.DataFrame", most: int) -> "pd.DataFrame":
    """The rows at `most` of the iterations: a unit's trials are logged at the same ones."""
    import numpy as np

    points = np.unique(log["iteration"])
    kept = points[np.unique(np.linspace(0, len(points) - 1, most).round().astype(int))] if len(points) else points
    return log[log["iteration"].isin(kept)].astype({"trial_id": "str"})


def read(folder: Path) -> "Pair | None":
    """What can be seen of the unfinished trials of a run folder; None where nothing can."""
    path = folder / LOOK
    with suppress(OSError, ValueError, KeyError, LogError, zipfile.BadZipFile):
        archive = zipfile.ZipFile(io.BytesIO(sealed.opened(path.read_bytes(), HEAD)))
        trials = store.parse_table(archive.read(TRIALS), path, TRIAL_COLUMNS)
        return trials, store.parse_table(archive.read(LOG), path, LOG_COLUMNS, "float64")
    return None


def remove(folder: Path) -> None:
    """There is nothing left to see; raises StorageError."""
    disk.remove(folder / LOOK)
