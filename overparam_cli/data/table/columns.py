"""Which columns of a table are features and targets: those asked for, never an index, and all faults at once."""

import re
import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from overparam_cli.data.dataset import Array
from overparam_cli.data.table.numbers import numeric
from overparam_cli.data.table.text import Frame
from overparam_cli.errors import DataInvalidError
from overparam_cli.memory import require

if TYPE_CHECKING:
    import pandas as pd

MOST_LEVELS = 1000  # of a column that becomes one column a value
_UNNAMED = re.compile(r"|Unnamed: ?\d+(\.\d+)?|__index_level_\d+__")  # "" or what pandas makes of it
_NUMBERING = re.compile(r"index|level_0|row|rows|row[ _]?(names?|id|no|num|number)|id|no\.?|nr\.?|#", re.IGNORECASE)


@dataclass(frozen=True)
class Choice:
    """What was asked for, by name; without `features`, all that is neither target nor dropped."""

    targets: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    one_hot: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.targets, *self.features, *self.drop, *self.one_hot)


@dataclass(frozen=True)
class Columns:
    """The columns chosen, as numbers."""

    features: dict[str, Array]  # name → (n,)
    targets: dict[str, Array]
    notes: tuple[str, ...]


def choose(frame: Frame, choice: Choice, table: str, *, varying: bool) -> Columns:
    """The columns of the table that were asked for, as numbers, one column a value of each of `one_hot`.

    `varying`: whether a constant column is a fault, as it is where columns are scaled by their spread. Raises
    DataInvalidError: for names that are not there, or naming every column that is no feature or target and why.
    """
    frame, notes = _without_index(frame, choice, table)
    _check_names(frame.names, choice, table)
    if frame.data.empty:
        raise DataInvalidError(f"table {table} has no rows below its column names {listed(frame.names)}")
    kept = set(choice.features or frame.names) - set(choice.drop) - set(choice.targets)
    if not kept:
        raise DataInvalidError(f"table {table}: no feature is left: every column is a target, dropped, or an index")
    if lost := [name for name in choice.one_hot if name not in kept]:
        raise DataInvalidError(f"table {table}: --one-hot {listed(lost)} is no feature: it is a target, or left out")
    columns = {name: frame.data[place] for place, name in enumerate(frame.names)}
    faults: dict[str, str] = {}

    def checked(name: str) -> dict[str, Array]:
        found = _levels(name, columns[name]) if name in choice.one_hot else numeric(columns[name], frame.mark)
        if varying and isinstance(found, np.ndarray) and len(found) and found.min() == found.max():
            found = f"constant ({found[0]:g})"
        if isinstance(found, str):
            faults[name] = found
            return {}
        return found if isinstance(found, dict) else {name: found}

    features = [one for name in frame.names if name in kept for one in checked(name).items()]
    targets = [one for name in choice.targets for one in checked(name).items()]
    if faults:
        raise DataInvalidError(f"table {table}: {_described(faults, choice)}")
    if twice := _repeated([name for name, _ in (*features, *targets)]):
        raise DataInvalidError(f"table {table}: --one-hot would make {listed(twice)}, which is there: rename a column")
    return Columns(dict(features), dict(targets), tuple(notes))


def _described(faults: dict[str, str], choice: Choice) -> str:
    """Every fault, and what can be done about them."""
    what = "; ".join(f"'{name}': {fault}" for name, fault in list(faults.items())[:20])
    more = f"; and {len(faults) - 20} more" if len(faults) > 20 else ""
    count = f"{len(faults)} columns" if len(faults) > 1 else "a column"
    remedies = []
    if others := [name for name in faults if name not in choice.targets]:
        remedies.append(f"leave columns out (--drop {_argument(others)})")
    if words := [name for name in others if faults[name].startswith("text")]:
        remedies.append(f"make one column a value of them (--one-hot {_argument(words)})")
    return f"{count} cannot be trained on: {what}{more}. Mend the table" + "".join(
        f", or {remedy}" for remedy in remedies
    )


def _argument(names: Sequence[str]) -> str:
    """Names as an option takes them."""
    text = ",".join(f'"{name}"' if "," in name else name for name in names[:20])
    return shlex.quote(text) + (" …" if len(names) > 20 else "")


def _without_index(frame: Frame, choice: Choice, table: str) -> tuple[Frame, list[str]]:
    """The table without columns that only number its rows, unless they were asked for, and a line for each."""
    kept, notes = [], []
    for place, name in enumerate(frame.names):
        column = frame.data[place]
        if _UNNAMED.fullmatch(name):
            if column.isna().all():
                continue  # the separator at the end of every line
            if not _counts(column) and (place or not _labels_rows(column)):
                raise DataInvalidError(f"table {table}: column {place + 1} has no name: give it one, or remove it")
            notes.append(f"column {place + 1}, which has no name, was left out: it is taken for an index")
        elif name in choice.names:
            kept.append(place)
        elif _counts(column) or (_NUMBERING.fullmatch(name) and _numbers(column)):
            notes.append(f"column '{name}' was left out: it numbers the rows (--features would keep it)")
        else:
            kept.append(place)
    data = frame.data[kept].set_axis(range(len(kept)), axis="columns")
    return replace(frame, data=data, names=tuple(frame.names[place] for place in kept)), [*frame.notes, *notes]


def _labels_rows(column: "pd.Series") -> bool:
    """Whether a column may be an index: of words, dates or whole numbers, but no measurements."""
    values = numeric(column)
    return isinstance(values, str) or bool((values % 1 == 0).all())


def _counts(column: "pd.Series") -> bool:
    """Whether a column is 0, 1, 2, … or 1, 2, 3, …, over three rows or more."""
    values = numeric(column) if column.dtype.kind in "iuf" else ""
    return (
        isinstance(values, np.ndarray)
        and len(values) > 2
        and any(np.array_equal(values, np.arange(start, start + len(values))) for start in (0, 1))
    )


def _numbers(column: "pd.Series") -> bool:
    """Whether a column holds whole numbers, none of them twice."""
    values = numeric(column) if column.dtype.kind in "iuf" else ""
    return isinstance(values, np.ndarray) and bool((values % 1 == 0).all()) and len(np.unique(values)) == len(values)


def _check_names(names: Sequence[str], choice: Choice, table: str) -> None:
    """Column names are unique; there is a target; each name asked for is a column, asked for once."""
    if twice := _repeated(names):
        raise DataInvalidError(f"table {table}: column {listed(twice)} is there more than once; rename the copies")
    if not choice.targets:
        raise DataInvalidError(f"table {table}: no target given; choose one with --target from {listed(names)}")
    if unknown := [name for name in dict.fromkeys(choice.names) if name not in names]:
        raise DataInvalidError(f"table {table} has no column {listed(unknown)}; its columns are {listed(names)}")
    if twice := _repeated(choice.targets):
        raise DataInvalidError(f"table {table}: target {listed(twice)} is given more than once")
    for what, taken in (("--features", choice.features), ("--drop", choice.drop)):
        if both := [name for name in taken if name in choice.targets]:
            raise DataInvalidError(f"table {table}: {listed(both)} is a target: leave it out of {what}")
    if both := [name for name in choice.features if name in choice.drop]:
        raise DataInvalidError(f"table {table}: {listed(both)} is both in --features and in --drop: leave one out")


def _levels(name: str, column: "pd.Series") -> dict[str, Array] | str:
    """One column of 0 and 1 for each value of a column, or why there cannot be any."""
    import pandas as pd

    if absent := int(column.isna().sum()):
        return f"{absent} missing, the first in row {1 + column.index[int(column.isna().to_numpy().argmax())]}"
    words = column.astype(str).str.strip()
    levels = words.nunique()
    if not 2 <= levels <= MOST_LEVELS:
        return f"of {levels:,} values, where one column each is to be made of 2 to {MOST_LEVELS:,}"
    require(3 * 8 * levels * len(words), f"one column for each value of '{name}'", "leave it out", DataInvalidError)
    made = pd.get_dummies(words, dtype=np.float64)
    return {f"{name}={level}": made[level].to_numpy() for level in made}


def _repeated(names: Sequence[str]) -> list[str]:
    return sorted(name for name, times in Counter(names).items() if times > 1)


def listed(names: Sequence[str], most: int = 20) -> str:
    """Names in quotation marks, not too many of them."""
    shown = ", ".join(f"'{name}'" for name in names[:most])
    return shown + (f", … ({len(names)} in all)" if len(names) > most else "")
