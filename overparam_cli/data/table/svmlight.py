"""The libsvm (svmlight) format: `label index:value index:value … # comment`, what is not named is 0.

A label may be several numbers, separated by commas or semicolons: the gas-sensor data has `gas;concentration` there.
scikit-learn reads the format, but brings five packages; these are the lines that it takes with NumPy.
"""

import re
from itertools import pairwise

import numpy as np

from overparam_cli.data.table.text import Frame
from overparam_cli.errors import DataInvalidError
from overparam_cli.memory import require

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_ROW = re.compile(rf"({_NUMBER}(?:[,;]{_NUMBER})*)((?:\s+\d+:{_NUMBER})*)\s*", re.ASCII)
_START = re.compile(rf"\s*{_NUMBER}(?:[,;]{_NUMBER})*(?:\s+qid:\d+)?\s+\d+:\S", re.ASCII)
_QUERY = re.compile(r"\s+qid:\d+(?=\s)", re.ASCII)
LABEL = "label"


def is_svmlight(text: str) -> bool:
    """Whether the first line that is no comment is a row of this format."""
    return bool(_START.match(re.sub(r"\A(?:\s*#.*\n|\s*\n)+", "", text[: 2**16])))


def parse(text: str, table: str) -> Frame:
    """The label or labels under the names `label` or `label1`, `label2`, …, features under their numbers.

    A feature that no row names does not exist. Raises DataInvalidError naming the first line that is no such row.
    """
    import pandas as pd

    labels, features, places = [], [], []
    notes: tuple[str, ...] = ()
    for number, line in enumerate(text.split("\n"), start=1):
        line = line.partition("#")[0].strip()
        if not line:
            continue
        if _QUERY.search(line):
            line, notes = _QUERY.sub("", line), ("the query numbers qid:… were left out",)
        if not (row := _ROW.fullmatch(line)):
            raise _damaged(table, number, f"'{line[:40]}' is not 'label index:value index:value …'")
        own = row[2].replace(":", " ").split()
        indices = list(map(int, own[::2]))
        if any(b <= a for a, b in pairwise(indices)):
            raise _damaged(table, number, "its indices do not rise, or one is there twice")
        labels.append(list(map(float, re.split("[,;]", row[1]))))
        features.append(list(map(float, own[1::2])))
        places.append(indices)
        if len(labels[-1]) != len(labels[0]):
            raise _damaged(table, number, f"it has {len(labels[-1])} labels, and the first row {len(labels[0])}")
    known = sorted({index for indices in places for index in indices})
    require(3 * 8 * len(labels) * len(known), f"table {table}", "choose fewer rows or features", DataInvalidError)
    column = {index: place for place, index in enumerate(known)}
    X = np.zeros((len(labels), len(known)))
    for i, (indices, values) in enumerate(zip(places, features, strict=True)):
        X[i, [column[index] for index in indices]] = values
    data = pd.DataFrame(np.column_stack([np.array(labels), X]))
    several = range(1, len(labels[0]) + 1)
    names = [LABEL] if len(several) == 1 else [f"{LABEL}{i}" for i in several]
    return Frame(data, (*names, *map(str, known)), notes)


def _damaged(table: str, line: int, why: str) -> DataInvalidError:
    return DataInvalidError(f"table {table}, line {line}: {why}: mend or remove the line")
