"""The second source of the gas-sensor data: what `ucimlrepo` makes of it, put together again.

The repository's table is the original text read as if it had commas: the index holds `gas;concentration`, every other
cell `i:value`, in columns that are off by one, and feature 1 is called the target. No column name can be trusted, but
every token says what it is; so each row is put together from its own tokens.
"""

import queue
import re
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from overparam_cli.data.gas_sensor.batches import BATCHES, FEATURES, FULL_ROWS
from overparam_cli.data.gas_sensor.facts import ETHANOL_ROWS
from overparam_cli.errors import DataInvalidError, DataUnavailableError
from overparam_cli.words import count

if TYPE_CHECKING:
    import pandas as pd

UCI_ID = 270
_LABEL = re.compile(r"[1-6];[-+.\deE]+")
_VALUE = re.compile(r"(\d+):([-+.\deE]+)")

Fetcher = Callable[..., Any]  # fetch_ucirepo(id=270) → an object with .data.original, a DataFrame


def fetch_lines(fetcher: Fetcher | None = None, *, timeout: float = 90.0) -> list[str]:
    """All rows in the original text format, in the order of the repository's table.

    Raises DataUnavailableError (no answer, or none within `timeout` seconds), DataInvalidError (an answer that is not
    this data set).
    """
    return reassemble(_with_timeout(lambda: _table(fetcher or _ucimlrepo()), timeout))


def _ucimlrepo() -> Fetcher:
    from ucimlrepo import fetch_ucirepo

    return fetch_ucirepo  # type: ignore[no-any-return]


def _table(fetcher: Fetcher) -> "pd.DataFrame":
    """The repository's whole table with its index as a column of its own."""
    data: Any = fetcher(id=UCI_ID).data
    table: pd.DataFrame = data.original.reset_index()
    return table


def _with_timeout(work: "Callable[[], pd.DataFrame]", timeout: float) -> "pd.DataFrame":
    """`work()`, given up after `timeout` seconds: ucimlrepo itself would wait for ever."""
    answers: queue.Queue[pd.DataFrame | Exception] = queue.Queue()

    def run() -> None:
        try:
            answers.put(work())
        except Exception as error:  # ucimlrepo raises whatever its parts raise
            answers.put(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        answer = answers.get(timeout=timeout)
    except queue.Empty:
        raise DataUnavailableError(f"ucimlrepo: no answer within {timeout:g} s") from None
    if isinstance(answer, Exception):
        raise DataUnavailableError(f"ucimlrepo: {type(answer).__name__}: {' '.join(str(answer).split())[:200]}")
    return answer


def reassemble(table: "pd.DataFrame") -> list[str]:
    """Every row of `table` as `gas;concentration 1:v … 128:v`, whatever cells its tokens stand in.

    Raises DataInvalidError for a row that has no label, or not each of its 128 features exactly once.
    """
    return [_row(number, cells) for number, cells in enumerate(table.to_numpy(dtype=object).tolist(), start=1)]


def _row(number: int, cells: Sequence[object]) -> str:
    tokens = " ".join(cell for cell in cells if isinstance(cell, str)).split()
    labels = [token for token in tokens if _LABEL.fullmatch(token)]
    values = [match for token in tokens if (match := _VALUE.fullmatch(token))]
    features = {int(match[1]): match[2] for match in values}
    whole = len(labels) == 1 and len(values) == FEATURES and len(tokens) == FEATURES + 1
    if not whole or features.keys() != set(range(1, FEATURES + 1)):
        raise DataInvalidError(
            f"ucimlrepo: row {number} does not hold one 'gas;concentration' and the features 1 to {FEATURES} once each"
        )
    return " ".join([labels[0], *(f"{i}:{features[i]}" for i in range(1, FEATURES + 1))])


def split_batches(lines: Sequence[str]) -> dict[int, list[str]]:
    """The rows batch by batch. The table does not say which is which, so the known row counts must tell.

    The batches may stand in numeric order, or in that of the files' names (batch1, batch10, batch2, …).
    Raises DataInvalidError where neither gives every batch its Ethanol rows.
    """
    if len(lines) != sum(FULL_ROWS):
        raise DataInvalidError(f"ucimlrepo: {count(len(lines), 'row')}, not {sum(FULL_ROWS):,}")
    for order in (BATCHES, sorted(BATCHES, key=str)):
        batches, start = {}, 0
        for number in order:
            batches[number] = list(lines[start : start + FULL_ROWS[number - 1]])
            start += FULL_ROWS[number - 1]
        ethanol = [sum(line.startswith("1;") for line in batches[number]) for number in BATCHES]
        if ethanol == list(ETHANOL_ROWS):
            return dict(sorted(batches.items()))
    raise DataInvalidError(f"ucimlrepo: Ethanol rows per batch are {ethanol}, not {list(ETHANOL_ROWS)}")
