"""What an interactive figure is made of, as values: axes, and what is drawn into them. Texts are HTML."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Numbers = Sequence[float | None]  # None: the line is broken there


@dataclass(frozen=True)
class Scale:
    """One axis; `ticks` are (place, text) where they are not the axis' own affair."""

    label: str
    log: bool
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...] = ()
    reversed: bool = False


@dataclass(frozen=True)
class Mark:
    """Something drawn in one look: a line, an area, points, or texts.

    Attributes:
        kind: what of it.
        curve: the entry of the legend that it belongs to; "" for what always stands there.
        name: what it is called when one points at it; "" for what is not pointed at.
        x, y: its points; fractions of the axis where `across` says "y", "x" or "xy".
        color, dash, width, opacity: dash in points, as many as it takes to repeat.
        symbol, size, hollow: of points.
        texts: of texts, one a point.
    """

    kind: Literal["line", "area", "text"]
    curve: str
    name: str
    x: Numbers
    y: Numbers
    color: str
    dash: tuple[float, ...] = ()
    width: float = 0.0
    opacity: float = 1.0
    symbol: str = ""
    size: float = 0.0
    hollow: bool = False
    across: str = ""
    texts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Image:
    """A picture of cells behind everything: the address of a PNG, and its corners."""

    source: str
    left: float
    right: float
    bottom: float
    top: float


@dataclass(frozen=True)
class Entry:
    """A line of the legend: a curve, which can be switched on and off, and how it looks."""

    label: str
    color: str
    dash: tuple[float, ...] = ()
    width: float = 1.6
    symbol: str = ""
    hollow: bool = False


@dataclass(frozen=True)
class Plot:
    """One pair of axes.

    Attributes:
        legend: its curves.
        letter: by which the text calls it; "" where it is alone.
        head: lines above it.
        alert: what must not be overlooked of its data.
        equal: whether both axes have one scale.
    """

    x: Scale
    y: Scale
    marks: tuple[Mark, ...]
    legend: tuple[Entry, ...] = ()
    letter: str = ""
    head: tuple[str, ...] = ()
    alert: str = ""
    images: tuple[Image, ...] = ()
    equal: bool = False


@dataclass(frozen=True)
class Picture:
    """One figure.

    Attributes:
        key: its name in the page.
        svg: as a file holds it.
        alt: what it shows, for who does not see it.
        notes: what stands below it.
    """

    key: str
    title: str
    alt: str
    svg: str
    plots: tuple[Plot, ...] = ()
    notes: tuple[str, ...] = ()


def slim(value: Any) -> Any:
    """A value of these as JSON takes it: without what it does not have, numbers to seven digits."""
    if hasattr(value, "__dataclass_fields__"):
        pairs = ((name, slim(getattr(value, name))) for name in value.__dataclass_fields__)
        return {name: own for name, own in pairs if not (own is None or own is False or own in ("", []))}
    if isinstance(value, list | tuple):
        return [slim(own) for own in value]
    return float(f"{value:.7g}") if isinstance(value, float) else value
