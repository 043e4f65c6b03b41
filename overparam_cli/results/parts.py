"""The tables of a run folder as files: one CSV each, or pairs of Parquet files where there are many trials.

A commit replaces both CSVs whole, whatever it adds. Of Parquet it adds a pair, or replaces the last one while that is
small, so that it costs what it adds: `trials-00001.parquet` and `log-00001.parquet`, then 00002 and so on. Columns,
digests and order of writing are those of the CSVs; which pairs there are, the manifest says.
"""

import importlib.util
import io
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from overparam_cli.errors import ConfigError, LogError
from overparam_cli.results import digests, store
from overparam_cli.results.find import PART, has_trials, is_there, part_names, plan_files
from overparam_cli.results.schema import LOG, LOG_COLUMNS, MANIFEST, TRIAL_COLUMNS, TRIALS, log_iterations

if TYPE_CHECKING:
    import pandas as pd

CSV, PARQUET = "csv", "parquet"
ROW = {CSV: 80, PARQUET: 28}  # bytes of a row of a log, roughly
SMALL = 16e6  # bytes of a pair's log up to which the next commit replaces it


class Pair(NamedTuple):
    """The names of a table of trials and of their log."""

    trials: str
    log: str


class Read(NamedTuple):
    """A pair as it stands on the disk."""

    trials: "pd.DataFrame"
    log: "pd.DataFrame"
    digests: dict[str, str]


CSVS = Pair(TRIALS, LOG)


def numbered(number: int) -> Pair:
    """The pair of Parquet files of that number; the first is 1."""
    return Pair(f"trials-{number:05}.parquet", f"log-{number:05}.parquet")


def format_of(folder: Path) -> str | None:
    """How a run folder keeps its tables; None where nothing is finished. Raises UnreadableError."""
    if is_there(folder / TRIALS):
        return CSV
    return PARQUET if has_trials(folder) else None


def log_bytes(iterations: Iterable[int], log_format: str) -> float:
    """What the logs of trials of so many iterations take on the disk, roughly; those that diverge take less."""
    trials = Counter(iterations)
    return float(ROW[log_format] * sum(many * len(log_iterations(total)) for total, many in trials.items()))


def names(folder: Path) -> list[str]:
    """The files of a run folder that its numbers stand in, in whatever format, in order."""
    return [MANIFEST, TRIALS, LOG, *part_names(folder), *(path.name for path in plan_files(folder))]


def pairs(folder: Path, manifest: Mapping[str, Any]) -> list[Pair]:
    """The pairs that a run folder holds; raises LogError where one is gone.

    A pair without its trials is one that a commit was killed at, as long as the manifest says that this is under way.
    """
    listed = sum(name.startswith("trials-") for name in manifest.get(digests.FILES, {}))
    if not listed:
        return [CSVS]
    found, before = [], manifest.get(digests.REPLACING)
    for pair in map(numbered, range(1, listed + 1)):
        if is_there(folder / pair.trials):
            found.append(pair)
        elif before is None or pair.trials in before:
            raise store.absent(folder / pair.trials)
    return found


def read(folder: Path, pair: Pair) -> Read:
    """A pair of files, each digested and parsed in turn; raises LogError naming the file and the fault."""
    found: dict[str, str] = {}
    trials = _table(folder / pair.trials, TRIAL_COLUMNS, "", found)
    log = _table(folder / pair.log, LOG_COLUMNS, "float64", found)
    log["trial_id"] = log["trial_id"].astype("category")  # each id is kept once, and compared as a number
    return Read(trials, log, found)


def _table(path: Path, columns: Mapping[str, str], rest: str, found: dict[str, str]) -> "pd.DataFrame":
    data = store.read_bytes(path)
    found[path.name] = digests.digest(data)
    parse = store.parse_table if path.suffix == ".csv" else _parse_parquet
    return parse(data, path, columns, rest)


def _parse_parquet(data: bytes, path: Path, columns: Mapping[str, str], rest: str) -> "pd.DataFrame":
    """As `store.parse_table`."""
    require(LogError)
    import pyarrow as pa
    from pyarrow import parquet

    try:
        source = pa.BufferReader(data)
        table = parquet.read_table(source, page_checksum_verification=True).to_pandas(ignore_metadata=True)
    except Exception as error:  # pyarrow has errors of its own for every way a file can be broken
        raise store.damaged(path, error) from error
    return store.typed(table, path, columns, rest)


def render(table: "pd.DataFrame", name: str) -> bytes:
    """A table as the bytes of a file of that name."""
    if not PART.fullmatch(name):
        return store.render(table)
    file = io.BytesIO()
    table.to_parquet(file, engine="pyarrow", compression="zstd", index=False, write_page_checksum=True)
    return file.getvalue()


def require(error: type[Exception] = ConfigError) -> None:
    """Raise `error` where Parquet cannot be read or written."""
    if importlib.util.find_spec("pyarrow") is None:
        raise error("Parquet needs pyarrow: pip install 'overparam[parquet]', or log to CSV in another folder (--name)")


def takes_more(folder: Path, pair: Pair) -> bool:
    """Whether a pair of Parquet files is so small that what is new goes into it, too."""
    return (folder / pair.log).stat().st_size < SMALL
