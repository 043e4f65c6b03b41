"""Columns as numbers: how people and spreadsheets write them, and in words why a column is none."""

import re
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from overparam_cli.data.dataset import Array
from overparam_cli.errors import DataInvalidError

if TYPE_CHECKING:
    import pandas as pd

_GROUPS = ",.'’ \u00a0\u202f\u2009"  # what may stand between thousands, where it is no decimal mark
_EXPONENT = r"(?:[eE][+-]?\d+)?"
_PLAIN = re.compile(rf"[+-]?(?:\d+\.?\d*|\.\d+){_EXPONENT}", re.ASCII)
_LOOSE = re.compile(
    rf"[+\-−]?[\d{_GROUPS}]*\d[\d{_GROUPS}]*{_EXPONENT}|[+-]?(?:nan|inf|infinity)", re.ASCII | re.IGNORECASE
)
_THOUSANDS_COMMA = re.compile(r"[+\-−]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?")
_DECIMAL_COMMA = re.compile(rf"[+\-−]?(?:\d*|\d{{1,3}}(?:[{_GROUPS[1:]}]\d{{3}})+),\d*{_EXPONENT}")
_LONG = re.compile(r"[+\-−]?\d{5}", re.ASCII)  # where thousands are grouped, nothing begins with five digits
# Exponents at which a float64 may end; one pattern a letter, because what begins with a letter is found fast.
_TINY = [re.compile(rf"{letter}-0*(?:[3-9]\d\d|[1-9]\d{{3,}})", re.ASCII) for letter in "eE"]
_DATE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|\d{1,2}:\d{2}|\d{4}-?W\d\d")


def like_a_number(text: str) -> bool:
    """Whether a field may be a number, however it is written."""
    return bool(_LOOSE.fullmatch(text))


def too_small(text: str) -> str:
    """The first number other than 0 in a text that a float64 cannot tell from 0; empty where there is none."""
    places = [found for pattern in _TINY for found in pattern.finditer(text)]
    numbers = [_mantissa(text[max(0, found.start() - 400) : found.start()]) + found[0] for found in places]
    if "0" * 300 in text:
        numbers += re.findall(r"[0-9]*[.,]0{300}[0-9]*", text)
    for number in numbers:
        pointed = number.replace(",", ".")
        if re.match("[0.]*[1-9]", pointed) and _PLAIN.fullmatch(pointed) and float(pointed) == 0:
            return number if len(number) < 30 else f"{number[:20]}…"
    return ""


def _mantissa(text: str) -> str:
    """The digits at the end of a text, with their decimal mark."""
    found = re.search(r"(?:[0-9]+[.,]?[0-9]*|[.,][0-9]+)$", text)
    return found[0] if found else ""


def decimal_mark(data: "pd.DataFrame", separator: str, table: str) -> str:
    """ "." or ",", by the columns that pandas could not read as numbers with a point.

    Raises DataInvalidError where they can be read either way and nothing else in the table decides.
    """
    cells = [cell for name in data for cell in _written_with_commas(data[name])]
    groups = {cell for cell in cells if _THOUSANDS_COMMA.fullmatch(cell)}
    decimals = {cell for cell in cells if _DECIMAL_COMMA.fullmatch(cell)}
    if decimals - groups:
        return "." if groups - decimals else ","
    if groups <= decimals and groups and separator != "," and not _has_decimal_points(data):
        example = min(groups)
        raise DataInvalidError(
            f"table {table}: '{example}' may mean {example.replace(',', '.')} or {example.replace(',', '')}: "
            "write it with a decimal point, or without a mark between thousands"
        )
    return "."


def _written_with_commas(column: "pd.Series") -> list[str]:
    """The cells with a comma of a column of text, if all its cells may be numbers."""
    if column.dtype.kind in "biufc":
        return []
    cells = [str(cell).strip() for cell in column.dropna()]
    return [cell for cell in cells if "," in cell] if all(map(like_a_number, cells)) else []


def _has_decimal_points(data: "pd.DataFrame") -> bool:
    """Whether some number has a decimal point that cannot stand between thousands."""
    floats = [data[name].dropna().to_numpy() for name in data if data[name].dtype.kind == "f"]
    return any(bool((np.abs(values) < 1).any() or (values * 1000 % 1 != 0).any()) for values in floats)


def numeric(column: "pd.Series", mark: str = ".") -> Array | str:
    """A column (n,) as float64, or what is wrong with it, in words. `mark` is the decimal mark of the table."""
    import pandas as pd

    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype)
    if column.dtype.kind in "mM" or isinstance(column.dtype, pd.PeriodDtype):
        return f"dates, for example {column.dropna().iloc[0]}" if column.notna().any() else "dates"
    absent = column.isna().to_numpy()
    if absent.all():
        return "empty"
    values = _values(column[~absent], mark)
    if isinstance(values, str):
        return values
    if absent.any():
        return f"{absent.sum()} missing, the first in row {1 + column.index[int(absent.argmax())]}"
    if infinite := int(np.isinf(values).sum()):
        row = 1 + column.index[int(np.isinf(values).argmax())]
        return f"{infinite} infinite or beyond 1.8e308, the first in row {row}"
    return values


def _values(column: "pd.Series", mark: str) -> Array | str:
    import pandas as pd

    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_complex_dtype(column):
        return column.to_numpy(dtype=np.float64)
    values = [_value(cell, mark) for cell in column]
    grouped = next((i for i, cell in enumerate(column) if values[i] is not None and _is_grouped(cell, mark)), None)
    long = next((i for i, cell in enumerate(column) if _LONG.match(str(cell).strip())), None)
    if grouped is not None and long is not None:  # one of them has lost or gained a mark
        values[grouped] = None
    found = [value for value in values if value is not None]
    if len(found) == len(values):
        return np.array(found)
    bad = values.index(None)
    shown = " ".join(str(column.iloc[bad]).split())
    what = "dates" if _DATE.match(shown) else "text"
    return f"{what}, for example '{shown[:30]}' in row {1 + column.index[bad]}"


def _is_grouped(cell: object, mark: str) -> bool:
    """Whether a cell that is a number has marks between thousands."""
    return isinstance(cell, str) and any(group in cell.strip() for group in _GROUPS if group != mark)


def _value(cell: object, mark: str) -> float | None:
    """A cell as a number, its thousands grouped or not; None where it is none."""
    if isinstance(cell, int | float | Decimal | np.number | np.bool_):
        return float(cell)
    if not isinstance(cell, str):
        return None
    text = cell.strip().replace("−", "-")
    group = next((group for group in _GROUPS if group != mark and group in text), "")
    if group:
        grouped = rf"[+-]?\d{{1,3}}(?:{re.escape(group)}\d{{3}})+(?:{re.escape(mark)}\d*)?"
        if not re.fullmatch(grouped, text, re.ASCII):
            return None
        text = text.replace(group, "")
    text = text.replace(mark, ".")
    return float(text) if _PLAIN.fullmatch(text) else None
