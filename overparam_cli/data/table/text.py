"""Tables as text: which characters the bytes are, where the table begins, what separates its columns.

pandas reads the table; what it is told stands here. Nothing is guessed that the numbers would not confirm: a separator
is taken when the rows fall into equally many numbers by it.
"""

import csv
import io
import re
import warnings
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from overparam_cli.data.table.numbers import decimal_mark, like_a_number, too_small
from overparam_cli.errors import DataInvalidError

if TYPE_CHECKING:
    import pandas as pd

SAMPLE = 100  # lines by which a separator is chosen
SPACES = r"\s+"
SEPARATORS = (",", ";", "\t", "|", SPACES)  # in the order in which they are taken where several fit
_MARKS = (  # of byte order
    *((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe\x00\x00", "utf-32"), (b"\x00\x00\xfe\xff", "utf-32")),
    *((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")),
)
_CONTROL = bytes([*range(9), *range(14, 32)])  # what no text has
_SPREADSHEET = re.compile(r"sep=(.)\n")  # how a spreadsheet may be told what separates columns


@dataclass(frozen=True)
class Frame:
    """A table as it was read: its columns under their names, "" for none, and what is to be said about the reading."""

    data: "pd.DataFrame"  # columns 0 … m − 1
    names: tuple[str, ...]  # m
    notes: tuple[str, ...] = ()
    mark: str = "."  # the decimal mark of columns that are still text


def decode(content: bytes, table: str) -> tuple[str, list[str]]:
    """The text, its lines ending in a line feed, and notes. Raises DataInvalidError where it is no text."""
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), _unmarked(content))
    notes = []
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        if encoding != "utf-8":
            raise DataInvalidError(
                f"table {table} cannot be read: it begins as {encoding} and goes on otherwise"
            ) from None
        text = content.decode("cp1252", errors="replace")
        notes.append("the text is not UTF-8 and was read as Windows-1252 (Latin-1)")
    text = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\x1a")  # DOS ends a file with Ctrl-Z
    raw = text.encode("utf-8", "surrogatepass")
    if len(raw.translate(None, _CONTROL)) < len(raw):
        found = next(re.finditer(f"[{re.escape(_CONTROL.decode())}]", text))
        what = f"a character 0x{ord(found[0]):02x} in line {text.count(chr(10), 0, found.start()) + 1}"
        raise DataInvalidError(f"table {table} cannot be read: it holds {what}, so it is no text, or is damaged")
    return text, notes


def _unmarked(content: bytes) -> str:
    """UTF-16 shows in its zeros; all else is tried as UTF-8."""
    start = content[:1000]
    for name, zeros in (("utf-16-le", start[1::2]), ("utf-16-be", start[::2])):
        if len(start) > 3 and zeros.count(0) > 0.8 * len(zeros):
            return name
    return "utf-8"


def parse(text: str, table: str, asked: Collection[str], first: str = ",") -> Frame:
    """The table in a text. `asked`: the column names that were asked for; `first`: the separator that is likely.

    Raises DataInvalidError, pandas' errors (ValueErrors) and warnings, and csv.Error.
    """
    body, comment = _beginning(text)
    if found := _SPREADSHEET.match(body):
        first, body = found[1], body[found.end() :]
    if "#" in body:
        body = re.sub(r"^[ \t]*#.*\n?", "", body, flags=re.MULTILINE)
    head = body[: 2**20]
    lines = [line for line in head.split("\n")[: SAMPLE * 2] if line.strip()][:SAMPLE]
    if not lines:
        raise DataInvalidError(f"table {table} is empty: a line of column names and rows of numbers are needed")
    if small := too_small(body):
        raise DataInvalidError(f"table {table}: '{small}' is too small for a float64 and would become 0: rescale it")
    separator = _separator(lines, first)
    rows = _rows(lines, separator)
    names, skip, notes = _names(rows, _rows([comment], separator)[0], asked)
    _check_ends(body, separator, len(names), table)
    mark = _likely_mark(head, separator, len(names), skip)
    data = _read(body, separator, len(names), skip, mark)
    if mark == "." and (mark := decimal_mark(data, separator, table)) != ".":
        data = _read(body, separator, len(names), skip, mark)
    if mark != ".":
        notes.append("commas were read as decimal points")
    if empty := int(data.isna().all(axis="columns").sum()):
        data = data.dropna(how="all")
        notes.append(f"{empty} row{'s' if empty > 1 else ''} without any value left out")
    return Frame(data, tuple(names), tuple(notes), mark)


def _beginning(text: str) -> tuple[str, str]:
    """The text from its first line on that is neither blank nor a comment, and the last comment before, without #."""
    place, comment = 0, ""
    while place < len(text):
        end = text.find("\n", place) + 1 or len(text)
        line = text[place:end].strip()
        if line and not line.startswith("#"):
            break
        comment = line.lstrip("#").strip() or comment
        place = end
    return text[place:], comment


def _rows(lines: Sequence[str], separator: str) -> list[list[str]]:
    """The fields of some lines, as pandas will take them apart."""
    if separator == SPACES:
        lines, separator = [re.sub(r"\s+", " ", line.strip()) for line in lines], " "
    try:
        reader = csv.reader((f"{line}\n" for line in lines), delimiter=separator, skipinitialspace=True)
        return [[" ".join(field.split()) for field in row] for row in reader]
    except csv.Error:
        return [[]]


def _separator(lines: Sequence[str], first: str) -> str:
    """The separator by which most rows have equally many fields and most fields are numbers."""
    best, chosen = (0.0, 0.0, False), first
    for candidate in dict.fromkeys((first, *SEPARATORS)):
        rows = _rows(lines, candidate)
        body = rows[1:] or rows
        width, times = Counter(map(len, body)).most_common(1)[0]
        if width < 2:
            continue
        fields = [field for row in body for field in row]
        share = sum(map(like_a_number, fields)) / len(fields)
        found = (round(share * times / len(body), 3), times / len(body), len(rows[0]) == width)
        if found > best:
            best, chosen = found, candidate
    return chosen


def _names(
    rows: Sequence[Sequence[str]], comment: Sequence[str], asked: Collection[str]
) -> tuple[list[str], int, list[str]]:
    """The names of the columns, the rows to skip for them, and notes."""
    header, body = list(rows[0]), rows[1:]
    if all(map(like_a_number, header)):
        if len(comment) == len(header) and not all(map(like_a_number, comment)):  # as NumPy's savetxt writes it
            return list(comment), 0, []
        if not set(asked) & set(header):
            names = [f"column{number}" for number in range(1, len(header) + 1)]
            return names, 0, [f"no line of column names: they are called {names[0]} … {names[-1]}"]
    if body and all(len(row) == len(header) + 1 for row in body):
        ending = all(not row[-1] for row in body)  # a separator after the last column too, or R's unnamed row names
        header = [*header, ""] if ending else ["", *header]
    return header, 1, []


def _likely_mark(head: str, separator: str, width: int, skip: int) -> str:
    """The decimal mark by the beginning of a table, lest a large one be read twice; "." where it is open."""
    try:
        rows = head[: head.rindex("\n") + 1]
        return decimal_mark(_read(rows, separator, width, skip), separator, "")
    except (ValueError, Warning, DataInvalidError):  # the whole table decides, or is refused
        return "."


def _check_ends(body: str, separator: str, width: int, table: str) -> None:
    """Refuse a row that ends in a separator more than others do, which pandas would let pass."""
    last = body[-100:].rstrip(" \t").endswith(separator)
    if separator == SPACES or not (last or any(f"{separator}{end}" in body for end in ("\n", " \n", "\t\n"))):
        return
    ends = re.compile(rf"^.*{re.escape(separator)}[ \t]*$", re.MULTILINE)
    for found in ends.finditer(body):
        if any(len(row) > width for row in _rows([found[0]], separator)):
            line = found[0].strip()
            shown = line if len(line) < 60 else f"…{line[-50:]}"
            raise DataInvalidError(f"table {table}: the row '{shown}' has more than {width} fields: mend it")


def _read(body: str, separator: str, width: int, skip: int, decimal: str = ".") -> "pd.DataFrame":
    """The rows behind the header, which is read apart: pandas would rename a column that is there twice."""
    import pandas as pd

    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)  # what a row longer than the header is to pandas
        return pd.read_csv(
            io.StringIO(body),
            sep=separator,
            decimal=decimal,
            header=None,
            skiprows=skip,
            names=range(width),
            index_col=False,
            skipinitialspace=True,
            low_memory=False,
        )
