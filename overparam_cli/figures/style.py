"""How every figure looks and how it reaches the disk.

Nothing here touches pyplot or the user's matplotlib settings: figures are drawn inside `styled()` and saved by their
own canvas. Text is set by matplotlib's mathtext (no LaTeX) in DejaVu Sans, which ships with matplotlib, so that a
figure looks the same on every machine. The files hold no dates and no versions: the same logs give the same bytes.
"""

import io
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

from overparam_cli import disk, neutral
from overparam_cli.errors import ConfigError
from overparam_cli.words import printable

STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "axes.titlesize": 8.0,
    "axes.labelsize": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "axes.formatter.use_mathtext": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.5,
    "figure.titlesize": 10.5,
    "figure.titleweight": "bold",
    "figure.facecolor": "white",
    "legend.fontsize": 8.0,
    "legend.title_fontsize": 8.0,
    "legend.framealpha": 0.9,
    "legend.edgecolor": "#cccccc",
    "legend.handlelength": 3.2,  # long enough for a dash pattern to be told from another
    "lines.linewidth": 1.6,
    "lines.dash_capstyle": "butt",
    "mathtext.fontset": "dejavusans",
    "text.usetex": False,
    "savefig.dpi": 200,
    "pdf.fonttype": 42,  # text stays text: searchable, and accepted by publishers that refuse Type 3
    "svg.fonttype": "path",  # outlines: an SVG has no fonts of its own and must not depend on the reader's
    "svg.hashsalt": "overparam",
}

MUTED = "#555555"  # notes and secondary text
ALERT = "#b03000"  # what must not be overlooked: data that are not the paper's

# No format may carry a date, or two drawings of the same logs would differ.
METADATA: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "svg": {"Date": None, "Creator": None},
}


def styled() -> AbstractContextManager[None]:
    """Draw in our style, whatever the user's settings are."""
    return neutral.settings(STYLE)


def literal(text: str) -> str:
    """Text of the user's own, as matplotlib shows it letter by letter: a dollar sign begins no formula.

    Nor does an underscore keep a label out of the legend.
    """
    shown = printable(text).replace("$", r"\$")
    return f"\u200b{shown}" if shown.startswith("_") else shown


@dataclass(frozen=True)
class Look:
    """How a curve is drawn: a colour, and a dash pattern and a marker that tell it apart without the colour."""

    color: str
    linestyle: Any
    marker: str
    width: float = 1.6
    pale: bool = False

    @property
    def stroke(self) -> str:
        """The colour of the line: the look's own, or half way to white."""
        red, green, blue = to_rgb(self.color)
        return to_hex(((1 + red) / 2, (1 + green) / 2, (1 + blue) / 2)) if self.pale else self.color

    def underlaid(self) -> "Look":
        """Return the same look, pale and broad: for a curve that another one of its colour may run on top of."""
        return replace(self, width=3.4, pale=True)

    def overlaid(self) -> "Look":
        """Return the same look, thin: for the curve on top."""
        return replace(self, width=1.2)


# Okabe–Ito colours (safe for colour-blind readers), the blue darkened so that the first curves also differ in grey.
LOOKS = (
    Look("#000000", "solid", "o"),
    Look("#004f94", (0, (6, 1.6)), "s"),
    Look("#d55e00", (0, (6, 1.6, 1.2, 1.6)), "^"),
    Look("#009e73", (0, (1.4, 1.1)), "D"),
    Look("#cc79a7", (0, (10, 2.4)), "v"),
    Look("#e69f00", (0, (3, 1.2, 1.2, 1.2, 1.2, 1.2)), "P"),
    Look("#56b4e9", (0, (3, 3)), "X"),
    Look("#7a7a7a", (0, (1.2, 2.6)), "h"),
)


RAMP = ("#0d0887", "#7e03a8", "#cc4778", "#f89540")  # dark to light, also in grey; the ends of matplotlib's plasma


def ramp(place: int, count: int) -> Look:
    """Return the look of one of `count` curves that differ by a number: solid, from dark to light, its own marker."""
    at = place / max(count - 1, 1) * (len(RAMP) - 1)
    low = min(int(at), len(RAMP) - 2)
    ends = (to_rgb(RAMP[low]), to_rgb(RAMP[low + 1]))
    mixed = [(1 - at + low) * one + (at - low) * other for one, other in zip(*ends, strict=True)]
    return Look(to_hex((mixed[0], mixed[1], mixed[2])), "solid", LOOKS[(place + 1) % len(LOOKS)].marker, width=1.3)


LINESTYLES: dict[str, Any] = {
    "solid": "solid",
    "dashed": (0, (6, 1.6)),
    "dotted": (0, (1.4, 1.1)),
    "dashdot": (0, (6, 1.6, 1.2, 1.6)),
}


def look(index: int, color: int | None = None, linestyle: str | None = None) -> Look:
    """Return the look of the curve at `index` in its experiment file; its file may ask for a colour or a line style."""
    own = LOOKS[index % len(LOOKS)]  # more than eight curves start again
    shade = own.color if color is None else LOOKS[color % len(LOOKS)].color
    return Look(shade, LINESTYLES.get(linestyle or "", own.linestyle), own.marker)


def for_notebooks(figure: Figure) -> Figure:
    """The figure, which a notebook then shows: one that pyplot does not know it would only name."""
    figure.__dict__["_repr_png_"] = partial(_png, figure)
    return figure


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    with styled():
        figure.savefig(buffer, format="png", dpi=110, metadata=METADATA["png"])
    return buffer.getvalue()


def save(figure: Figure, stem: Path, formats: Sequence[str]) -> list[Path]:
    """Write `figure` as stem.png, stem.pdf, …, each file replaced in one step, and return the paths.

    Raises ConfigError for a format that is not one of png, pdf, svg, StorageError when the folder cannot be written.
    """
    unknown = [name for name in formats if name not in METADATA]
    if unknown:
        raise ConfigError(f"unknown figure format {unknown[0]!r}: choose from {', '.join(METADATA)}")
    return [_write(figure, stem.parent / f"{stem.name}.{name}", name) for name in formats]


def _write(figure: Figure, path: Path, name: str) -> Path:
    """Draw in memory, then replace the file in one step."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format=name, metadata=METADATA[name])
    disk.replace(path, lambda file: file.write(buffer.getbuffer()))
    return path
