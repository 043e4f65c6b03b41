"""Tables of numbers as text: how they are written, what a text says, and everything that may happen to one.

What a damaged text says is decided here, by splitting lines and by `float`, not by the readers under test.
"""

import random
from collections.abc import Callable

import numpy as np

Rows = list[list[float]]
Damage = Callable[[str, random.Random, str], str]  # of a text, by chance, with this separator
ROWS, COLUMNS = 12, 4
JUNK = (
    *("", "NA", "nan", "inf", "-inf", "?", "-", "text", "2018-01-01", "1,5", "1.2.3", "0x1F", "1_000"),
    *("TRUE", "'", '"', '""', "\x00", "\x1b[31m", "1e", "+", "--1", "٣", "−3", "12%", "#N/A", "=A1", "1d5", ";"),
    *("1e999", "1e-999"),
)


def numbers(chance: random.Random) -> Rows:
    """Numbers of all sizes, with as many digits as they need."""
    kinds = (lambda: chance.gauss(0, 1), lambda: float(chance.randrange(-999, 999)), lambda: chance.gauss(0, 1e5))
    return [[round(kinds[column % 3](), chance.choice((2, 6, 16))) for column in range(COLUMNS)] for _ in range(ROWS)]


def separated(rows: Rows, separator: str, mark: str = ".") -> str:
    lines = [separator.join(("a", "b", "c", "y")[:COLUMNS])]
    lines += [separator.join(repr(value).replace(".", mark) for value in row) for row in rows]
    return "\n".join(lines) + "\n"


def svm(rows: Rows) -> str:
    return "".join(f"{row[-1]!r} " + " ".join(f"{i}:{v!r}" for i, v in enumerate(row[:-1], 1)) + "\n" for row in rows)


TEXTS: dict[str, tuple[str, str]] = {  # separator, decimal mark
    "comma": (",", "."),
    "semicolon": (";", ","),
    "tab": ("\t", "."),
    "space": (" ", "."),
    "svm": ("svm", "."),
}


def says(text: str, separator: str, mark: str) -> list[np.ndarray]:
    """What a text says, if every line of it is a row of numbers below a header with the target; else nothing."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("−", "-")
    lines = [line for line in text.split("\n") if line.strip() and not line.lstrip().startswith("#")]
    try:
        if separator == "svm":
            return [_svm_says(lines)]
        split = (lambda line: line.split()) if separator == " " else (lambda line: line.split(separator))
        names = [" ".join(name.split()) for name in split(lines[0])]
        rows = [[_float(cell, mark) for cell in split(line)] for line in lines[1:]]
        assert all(len(row) == len(names) for row in rows)
        order = [place for place, name in enumerate(names) if name != "y"] + [names.index("y")]
        return [np.array(rows)[:, order]]
    except (ValueError, IndexError, AssertionError):
        return []


def _float(cell: str, mark: str) -> float:
    cell = cell.strip()
    if len(cell) > 1 and cell[0] == cell[-1] == '"':
        cell = cell[1:-1]
    assert cell.isascii()
    assert "_" not in cell
    assert mark == "." or "." not in cell
    return float(cell.replace(mark, "."))


def _svm_says(lines: list[str]) -> np.ndarray:
    rows, labels = [], []
    for line in lines:
        label, *pairs = line.partition("#")[0].split()
        labels.append(_float(label, "."))
        rows.append({int(pair.split(":")[0]): _float(pair.split(":")[1], ".") for pair in pairs})
    known = sorted({index for row in rows for index in row})
    return np.array([[row.get(index, 0.0) for index in known] + [y] for row, y in zip(rows, labels, strict=True)])


def _flip(text: str, chance: random.Random, _: str) -> str:
    raw = bytearray(text.encode())
    raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    return raw.decode("utf-8", "surrogateescape")


def _with_line(change: Callable[[list[str], int, random.Random], None]) -> Damage:
    """A change of the list of lines, at one of them that is no header."""

    def damage(text: str, chance: random.Random, _: str) -> str:
        lines = text.splitlines()
        change(lines, chance.randrange(1, len(lines)), chance)
        return "\n".join(lines) + "\n"

    return damage


def _with_cell(new: Callable[[str, random.Random], str]) -> Damage:
    """A change of one cell that is no name."""

    def damage(text: str, chance: random.Random, separator: str) -> str:
        lines = text.splitlines()
        line, between = chance.randrange(1, len(lines)), " " if separator == "svm" else separator
        cells = lines[line].split(between)
        place = chance.randrange(len(cells))
        cells[place] = new(cells[place], chance)
        lines[line] = between.join(cells)
        return "\n".join(lines) + "\n"

    return damage


def _swap(lines: list[str], place: int, chance: random.Random) -> None:
    other = chance.randrange(1, len(lines))
    lines[place], lines[other] = lines[other], lines[place]


def _put(new: Callable[[random.Random], str], lost: int = 0) -> Damage:
    """Something between two characters, in the place of up to `lost` others."""

    def damage(text: str, chance: random.Random, _: str) -> str:
        place = chance.randrange(len(text))
        return text[:place] + new(chance) + text[place + (chance.randrange(1, lost + 1) if lost else 0) :]

    return damage


def _other_separator(text: str, chance: random.Random, separator: str) -> str:
    lines, new = text.splitlines(), chance.choice(";,\t| ")
    place = chance.randrange(1, len(lines))
    lines[place] = lines[place].replace(" " if separator == "svm" else separator, new)
    return "\n".join(lines) + "\n"


TEXT_DAMAGE: dict[str, Damage] = {
    "cut": lambda text, chance, _: text[: chance.randrange(len(text))],
    "start-lost": lambda text, chance, _: text[chance.randrange(len(text)) :],
    "flip": _flip,
    "character-lost": _put(lambda _: "", lost=1),
    "character-more": _put(lambda chance: chance.choice("0;,.\t\r\n\"' #|e-\x00ß")),
    "zeros": _put(lambda chance: "\x00" * chance.randrange(1, 600)),
    "hole": _put(lambda _: "", lost=80),
    "control": _put(lambda chance: chr(chance.randrange(1, 32))),
    "no-utf-8": _put(lambda _: "\udcff"),
    "line-lost": _with_line(lambda lines, place, _: lines.__delitem__(place)),
    "line-twice": _with_line(lambda lines, place, _: lines.insert(place, lines[place])),
    "lines-swapped": _with_line(_swap),
    "header-again": _with_line(lambda lines, place, _: lines.insert(place, lines[0])),
    "junk-line": _with_line(lambda lines, place, chance: lines.insert(place, chance.choice(JUNK))),
    "junk-cell": _with_cell(lambda _, chance: chance.choice(JUNK)),
    "cell-lost": _with_cell(lambda _, __: ""),
    "cell-twice": _with_cell(lambda cell, _: f"{cell} {cell}"),
    "quote": _with_cell(lambda cell, chance: chance.choice(('"' + cell, cell + '"', f'"{cell}"', f"'{cell}'"))),
    "other-separator": _other_separator,
    "two-files": lambda text, chance, _: text + text[chance.randrange(len(text)) :],
}
# After these the whole table is no right answer any more, only what the text says.
CHANGES = {"line-lost", "line-twice", "lines-swapped", "cut", "start-lost", "hole", "two-files"}
