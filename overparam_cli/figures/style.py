"""How every figure looks and how it reaches the disk.

Nothing here touches pyplot or the user's matplotlib settings: figures are drawn inside `styled()` and saved by their
own canvas. Text is set by matplotlib's mathtext (no LaTeX) in DejaVu Sans, which ships with matplotlib, so that a
figure looks the same on every machine. The files hold no dates and no versions: the same logs give the same bytes.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from matplotlib import rcParams
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
SOURCE = {"png": "Source", "pdf": "Subject", "svg": "Source"}  # under which each says from which logs it was drawn


@dataclass(frozen=True)
class Style:
    """What a figure is made for: how many times as large as on a screen are its text and lines, and its axes.

    `titled`: whether a title stands above it; in a paper its caption says it. `column`: whether axes that are alone are
    no wider than others.
    """

    text: float = 1.0
    width: float = 1.0
    height: float = 1.0
    titled: bool = True
    column: bool = False
    dpi: int = 200


STYLES: Mapping[str, Style] = {  # by the name that `[plot] style` has
    "screen": Style(),
    "paper": Style(
        text=0.85, width=3.3 / 4.5, height=0.7, titled=False, column=True, dpi=300
    ),  # a column has 3.3 inches
    "slides": Style(text=1.7, width=1.3, height=1.3),
}
SIZES = (  # of STYLE, and of matplotlib's own settings, that grow with the text
    *("font.size", "axes.titlesize", "axes.labelsize", "figure.titlesize", "legend.fontsize", "legend.title_fontsize"),
    *("axes.linewidth", "grid.linewidth", "lines.linewidth", "lines.markersize", "axes.labelpad"),
    *(f"{axis}tick.{one}" for axis in "xy" for one in ("major.size", "minor.size", "major.width", "minor.width")),
    *(f"{axis}tick.{one}.pad" for axis in "xy" for one in ("major", "minor")),
)


@dataclass(frozen=True)
class Outfit:
    """What is asked of a figure beside what it shows, as `[plot]` has it: see `experiments.model.Plot`."""

    title: str | bool | None = None
    size: tuple[float, ...] | None = None
    style: str = "screen"

    def heading(self, own: str) -> str:
        """What stands above a figure whose title would be `own`."""
        if isinstance(self.title, str):
            return literal(self.title)
        shown = STYLES[self.style].titled if self.title is None else self.title
        return own if shown else ""


PLAIN = Outfit()  # nothing is asked


def styled(name: str = "screen") -> AbstractContextManager[None]:
    """Draw in our style, as large as the one of this `name` has it, whatever the user's settings are."""
    style = STYLES[name]
    base: dict[str, Any] = {**neutral.defaults(), **STYLE}
    larger = {} if style.text == 1 else {size: base[size] * style.text for size in SIZES}
    return neutral.settings({**STYLE, "savefig.dpi": style.dpi, **larger})


def scale() -> float:
    """How many times as large as on a screen text and lines are in the style that is being drawn in."""
    return float(rcParams["font.size"] / STYLE["font.size"])


def literal(text: str) -> str:
    """Text of the user's own, as matplotlib shows it letter by letter: a dollar sign begins no formula.

    Nor does an underscore keep a label out of the legend.
    """
    shown = printable(text).replace("$", r"\$")
    return f"\u200b{shown}" if shown.startswith("_") else shown


def part_of(label: str) -> str:
    """The label of what belongs to a curve (its band, its crosses) and has no place of its own in the legend."""
    return f"_{label}"


def for_notebooks(figure: Figure) -> Figure:
    """The figure, which a notebook then shows: one that pyplot does not know it would only name."""
    figure.__dict__["_repr_png_"] = partial(_png, figure)
    return figure


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    with styled():
        figure.savefig(buffer, format="png", dpi=110, metadata=METADATA["png"])
    return buffer.getvalue()


def save(figure: Figure, stem: Path, formats: Sequence[str], source: str = "") -> list[Path]:
    """Write `figure` as stem.png, stem.pdf, …, each file replaced in one step, and return the paths.

    `source` is what the files say of where their numbers are from (`results.drawn`).

    Raises ConfigError for a format that is not one of png, pdf, svg, StorageError when the folder cannot be written.
    """
    unknown = [name for name in formats if name not in METADATA]
    if unknown:
        raise ConfigError(f"unknown figure format {unknown[0]!r}: choose from {', '.join(METADATA)}")
    with _laid_out(figure):
        return [_write(figure, stem.parent / f"{stem.name}.{name}", name, source) for name in formats]


def rendered(figure: Figure, name: str) -> bytes:
    """The figure as a file of the format png, pdf or svg holds it."""
    with _laid_out(figure):
        return _drawn(figure, name)


def lay_out(figure: Figure) -> None:
    """Find the places of all axes, without drawing anything."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)


@contextmanager
def _laid_out(figure: Figure) -> Iterator[None]:
    """Lay the figure out once for all formats: by itself each would find the same places anew, twice over."""
    engine, dpi = figure.get_layout_engine(), figure.dpi
    try:
        figure.set_dpi(rcParams["savefig.dpi"])
        lay_out(figure)
        figure.set_layout_engine(None)
        yield
    finally:
        figure.set_layout_engine(engine)
        figure.set_dpi(dpi)


def _write(figure: Figure, path: Path, name: str, source: str) -> Path:
    """Draw in memory, then replace the file in one step."""
    content = _drawn(figure, name, source)
    disk.replace(path, lambda file: file.write(content))
    return path


def _drawn(figure: Figure, name: str, source: str = "") -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format=name, metadata=METADATA[name] | ({SOURCE[name]: source} if source else {}))
    return buffer.getvalue()
