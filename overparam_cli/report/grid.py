"""A table as a value: `Grid`. What it says stands here once; how it looks is each renderer's affair.

Every cell holds the value that a program reads (JSON) and what people read in its place, where the two differ. Text is
made of spans with a tone ("bad"), never of a renderer's markup: a label such as "[bold]" or "<b>" is shown as written.

    Grid.of(["curve", "lr"], [["1 layer", Cell(1e-3, "1e-3 †highest")]], notes=["lr: of gradient descent"])
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Value = str | int | float | bool | None
Tone = Literal["", "strong", "faint", "good", "bad", "mixed", "caution"]
NOTHING = "—"  # what people read where there is no value


@dataclass(frozen=True)
class Span:
    """A piece of text in one tone."""

    text: str
    tone: Tone = ""


@dataclass(frozen=True)
class Words:
    """Text for people, in one or several tones; it may hold line breaks."""

    spans: tuple[Span, ...] = ()

    @classmethod
    def of(cls, *parts: "str | Span | Words") -> "Words":
        """Put pieces one after the other."""
        return cls(tuple(span for part in parts for span in _spans(part)))

    def __str__(self) -> str:
        return "".join(span.text for span in self.spans)


@dataclass(frozen=True)
class Cell:
    """A value, and what people read in its place.

    Attributes:
        value: for programs; NaN and infinities become null there.
        text: for people; `written(value)` if None.
    """

    value: Value
    text: str | Span | Words | None = None

    @property
    def words(self) -> Words:
        """What people read."""
        return Words.of(written(self.value) if self.text is None else self.text)


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes:
        heading: what people read above it.
        key: its name for programs; the heading if empty.
        align: "left", or "right" for numbers.
        share: its part of the width where the columns share all of it (0: as wide as its text).
        whole: its lines are never broken, however narrow the terminal.
    """

    heading: str
    key: str = ""
    align: Literal["left", "right"] = "left"
    share: int = 0
    whole: bool = False

    @property
    def name(self) -> str:
        """Its name for programs."""
        return self.key or self.heading


@dataclass(frozen=True)
class Grid:
    """A table.

    Attributes:
        columns: their names (for programs) all differ.
        rows: a cell a column.
        title: the table's caption.
        lead: lines before it: what it is of.
        notes: lines after it: what must be known beside it.
        airy: for cells of several lines: takes all the width there is, with space between its rows.

    Raises ValueError when two columns have one name, or a row has not as many cells as there are columns.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    title: str = ""
    lead: tuple[Words, ...] = ()
    notes: tuple[Words, ...] = ()
    airy: bool = False

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        if len({*names}) != len(names):
            raise ValueError(f"two columns of one name: {names}")
        for row in self.rows:
            if len(row) != len(names):
                raise ValueError(f"{len(row)} cells in a row of {len(names)} columns: {row}")

    @classmethod
    def of(
        cls,
        columns: Iterable[str | Column],
        rows: Iterable[Iterable[Value | Cell]],
        *,
        title: str = "",
        lead: Iterable[str | Span | Words] = (),
        notes: Iterable[str | Span | Words] = (),
        airy: bool = False,
    ) -> "Grid":
        """Make a grid of plain values and headings; a heading over nothing but numbers is set to the right."""
        cells = tuple(tuple(cell if isinstance(cell, Cell) else Cell(cell) for cell in row) for row in rows)
        made = (
            column
            if isinstance(column, Column)
            else Column(column, align="right" if _numeric(cells, place) else "left")
            for place, column in enumerate(columns)
        )
        return cls(tuple(made), cells, title, tuple(map(Words.of, lead)), tuple(map(Words.of, notes)), airy)


def written(value: Value) -> str:
    """Return a value as people read it: whole numbers with their thousands separated, a dash for nothing."""
    if value is None:
        return NOTHING
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _spans(part: str | Span | Words) -> tuple[Span, ...]:
    if isinstance(part, Words):
        return part.spans
    return (part if isinstance(part, Span) else Span(part),)


def _numeric(rows: Sequence[Sequence[Cell]], place: int) -> bool:
    return bool(rows) and all(isinstance(cell.value, int | float) for row in rows for cell in row[place : place + 1])
