"""The user's own table, as people have them: which file, which columns, and every number as it stands there."""

import csv
from pathlib import Path

import numpy as np

from overparam_cli.data.dataset import Dataset
from overparam_cli.data.options import separator_of
from overparam_cli.data.table import columnar, content, svmlight, text
from overparam_cli.data.table.columns import Choice, choose
from overparam_cli.data.table.text import Frame
from overparam_cli.errors import DataInvalidError
from overparam_cli.words import count

__all__ = ["Choice", "load"]


def load(path: Path, choice: Choice, *, varying: bool = True) -> Dataset:
    """The table as a problem: X (n, d) the features in the table's order, Y (n, k) the targets in the order given.

    Every one of these columns must be numeric, finite and complete and, where `varying`, not constant. With n ≤ d the
    features may fit every label, and the optimum is then 0: that is allowed, and said in the notes. Raises
    DataInvalidError, in one line, for everything else.
    """
    frame = _read(path, choice)
    if choice.targets == () and svmlight.LABEL in frame.names:
        choice = Choice((svmlight.LABEL,), choice.features, choice.drop, choice.one_hot)
    chosen = choose(frame, choice, path.name, varying=varying)
    n, d = len(frame.data), len(chosen.features)
    few = f"{count(n, 'row')} for {count(d, 'feature')}: they may fit every label, and the optimum is then 0"
    return Dataset(
        name=path.name,
        X=np.column_stack(list(chosen.features.values())),
        Y=np.column_stack(list(chosen.targets.values())),
        source=f"own table {path.name}",
        embedded=False,
        feature_names=tuple(chosen.features),
        target_names=tuple(chosen.targets),
        notes=chosen.notes + ((few,) if n <= d else ()),
        own=True,
    )


def _read(path: Path, choice: Choice) -> Frame:
    table = path.name
    raw, form = content.read(path)
    if form != content.TEXT:
        return columnar.parse(raw, table, form)
    characters, notes = text.decode(raw, table)
    try:
        if svmlight.is_svmlight(characters):
            frame = svmlight.parse(characters, table)
        else:
            frame = text.parse(characters, table, choice.names, separator_of(table))
    except (ValueError, Warning, csv.Error) as error:  # pandas' parser errors are ValueErrors
        reason = " ".join(str(error).split())
        raise DataInvalidError(f"table {table} cannot be read: {reason}; does every row have as many fields?") from None
    return Frame(frame.data, frame.names, (*notes, *frame.notes), frame.mark)
