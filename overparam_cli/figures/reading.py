"""What an interactive figure shows, read out of the drawn one: there is no second way from the logs to a picture.

A figure must have been drawn, so that its axes have their ends. What lies in an axes' own coordinates (a strip of
crosses at its top) keeps them. Lines are thinned to what the eye can tell, whatever the scales are set to.
"""

import base64
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedFormatter, FuncFormatter

from overparam_cli.figures import drawn
from overparam_cli.figures.compose import Composed
from overparam_cli.figures.formulas import marked_up, plain
from overparam_cli.figures.spec import Entry, Image, Picture, Plot, Scale


def picture(figure: Composed, key: str, svg: str) -> Picture:
    """A drawn figure as a page shows it."""
    plots = tuple(_plot(axes, figure) for axes in figure.marks)
    title, notes = marked_up(figure.title), tuple(map(marked_up, figure.notes))
    return Picture(key, title, _alternative(figure), svg, plots, notes)


def _alternative(figure: Composed) -> str:
    """What a figure shows, in a sentence for every pair of axes."""
    said = [plain(figure.title)] if figure.title else []
    for axes in figure.marks:
        head = figure.marks[axes].head
        curves = [plain(label) for label in axes.get_legend_handles_labels()[1]]
        parts = [f"Panel {_letter(axes)}" if _letter(axes) else "It shows"]
        parts.append(f"{plain(_label(axes, 'y'))} against {plain(_label(axes, 'x'))}")
        parts += [" ".join(plain(line) for line in head.lines)] if head else []
        parts += [f"curves: {', '.join(curves)}"] if curves else []
        said.append(": ".join(parts[:2]) + "".join(f"; {part}" for part in parts[2:]))
    return ". ".join(said) + "."


def _plot(axes: Axes, figure: Composed) -> Plot:
    head = figure.marks[axes].head
    images = tuple(_image(own) for own in axes.images)
    return Plot(
        _scale(axes, "x"),
        _scale(axes, "y"),
        tuple(drawn.marks(axes)),
        tuple(_legend(axes)),
        _letter(axes),
        tuple(map(marked_up, head.lines)) if head else (),
        marked_up(head.alert) if head else "",
        images,
        axes.get_aspect() != "auto" and not images,
    )


def _letter(axes: Axes) -> str:
    return next((text.get_text() for text in axes.texts if text.get_gid() == "letter"), "")


def _scale(axes: Axes, name: str) -> Scale:
    axis = axes.xaxis if name == "x" else axes.yaxis
    start, end = map(float, axes.get_xlim() if name == "x" else axes.get_ylim())
    low, high = sorted((start, end))
    texts = [text.get_text() for text in axis.get_ticklabels()]
    given = isinstance(axis.get_major_formatter(), FixedFormatter | FuncFormatter)
    named = given and not all(map(_is_number, filter(None, texts)))
    ticks = [
        (float(place), marked_up(text))
        for place, text in zip(axis.get_majorticklocs(), texts, strict=False)
        if named and low <= place <= high and text
    ]
    return Scale(marked_up(_label(axes, name)), axis.get_scale() == "log", low, high, tuple(ticks), start > end)


def _is_number(text: str) -> bool:
    """Whether a tick says only where it is, which an axis that is zoomed into says by itself."""
    try:
        float(text.replace(",", "").replace("−", "-"))
    except ValueError:
        return False
    return True


def _label(axes: Axes, name: str) -> str:
    """An axis' label; of axes that stand above each other only the lowest has that of x."""
    if name == "y":
        return axes.get_ylabel()
    shared = axes.get_shared_x_axes().get_siblings(axes)
    return next((own.get_xlabel() for own in [axes, *shared] if own.get_xlabel()), "")


def _legend(axes: Axes) -> Iterator[Entry]:
    legend = axes.get_legend()
    handles, labels = axes.get_legend_handles_labels()
    if legend is None and not handles:
        return
    for handle, label in zip(handles, labels, strict=True):
        if isinstance(handle, Line2D) and len(np.atleast_1d(handle.get_xdata())):
            symbol = "" if handle.get_marker() in ("None", "none", "", None) else drawn.symbol(handle)
            dash = drawn.dash(handle) if handle.get_linestyle() != "None" else ()
            width = 0.0 if handle.get_linestyle() == "None" else handle.get_linewidth()
            yield Entry(marked_up(label), to_hex(handle.get_color()), dash, width, symbol, drawn.hollow(handle))
        elif not isinstance(handle, Line2D):
            yield Entry(marked_up(label), _color(handle), (), 6.0)


def _image(found: AxesImage) -> Image:
    from matplotlib.image import imsave

    file = io.BytesIO()
    imsave(file, np.asarray(found.get_array(), dtype=float), format="png", metadata={"Software": None})  # type: ignore[dict-item]
    left, right, bottom, top = map(float, found.get_extent())
    return Image(f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}", left, right, bottom, top)


def _color(handle: Any) -> str:
    color = handle.get_facecolor() if isinstance(handle, Patch) else "#555555"
    return to_hex(color)
