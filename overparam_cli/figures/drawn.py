"""The marks of a drawn pair of axes, as values: every line, area and text in the order in which they lie on each other.

What lies in the axes' own coordinates (a strip of crosses at the top) keeps them, as fractions.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import Collection, LineCollection, PolyCollection
from matplotlib.colors import to_hex, to_rgba
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Transform

from overparam_cli.figures.formulas import escaped, marked_up
from overparam_cli.figures.spec import Mark, Numbers
from overparam_cli.figures.thinning import is_area, places
from overparam_cli.results.trajectory import Array

SYMBOLS = {
    "o": "circle",
    ".": "circle",
    "s": "square",
    "^": "triangle-up",
    "v": "triangle-down",
    "D": "diamond",
    "P": "cross",
    "X": "x",
    "h": "hexagon",
    "x": "x-thin",
    "+": "cross-thin",
}
AROUND = ("data", "letter")  # texts that stand above the axes: the head has them
THIN = ("x", "+")  # markers that are nothing but lines


def marks(axes: Axes) -> Iterator[Mark]:
    """All that is drawn, in the order in which it lies above each other."""
    kept = places(axes)
    for artist in sorted(axes.get_children(), key=lambda own: own.get_zorder()):
        if not artist.get_visible() or artist in axes.spines.values() or artist is axes.patch:
            continue
        if isinstance(artist, Line2D):
            yield from _line(axes, artist, kept)
        elif isinstance(artist, Collection):
            yield from _collection(axes, artist, kept)
        elif isinstance(artist, Patch):
            yield from _patch(axes, artist)
    yield from _texts(axes)


def _owner(axes: Axes, artist: Any) -> str:
    """The entry of the legend that something belongs to."""
    own = str(artist.get_label()).lstrip("_")  # see `style.part_of`; a label of the user's own starts with none
    return next((marked_up(label) for label in axes.get_legend_handles_labels()[1] if own == label), "")


def _across(axes: Axes, transform: Transform) -> str:
    """Of which axes something has its place in fractions; what is merely moved by some points has not."""
    ends = np.column_stack([axes.get_xlim(), axes.get_ylim()])
    own, data = (np.diff(one.transform(ends), axis=0)[0] for one in (transform, axes.transData))
    return "".join(name for name, same in zip("xy", np.isclose(own, data), strict=True) if not same)


def _line(axes: Axes, line: Line2D, kept: Array) -> Iterator[Mark]:
    x, y = (np.asarray(own, dtype=float) for own in line.get_data(orig=False))
    curve, drawn = _owner(axes, line), line.get_linestyle() != "None"
    if not x.size or (line.get_markevery() is not None and not drawn):  # markers that only tell lines apart
        return
    across = _across(axes, line.get_transform())
    if x.size > 2 and drawn:
        own = np.isin(x, kept)
        x, y = x[own], y[own]
    points = line.get_markevery() is None and line.get_marker() not in ("None", "none", "", None)
    said = str(line.get_gid() or "")
    name = ": ".join(filter(None, (curve, escaped(said)))) if not across or curve else escaped(said)
    yield Mark(
        "line",
        curve,
        name,
        _numbers(x),
        _numbers(y),
        to_hex(line.get_color()),
        dash(line),
        float(line.get_linewidth()) if drawn else 0.0,
        float(line.get_alpha() or 1.0),
        symbol(line) if points else "",
        float(line.get_markersize()) * (0.6 if line.get_marker() == "." else 1.0) if points else 0.0,
        hollow(line),
        across,
    )


def _collection(axes: Axes, found: Collection, kept: Array) -> Iterator[Mark]:
    curve, across = _owner(axes, found), _across(axes, found.get_transform())
    if isinstance(found, LineCollection):
        points = [np.vstack([segment, [[np.nan, np.nan]]]) for segment in map(np.asarray, found.get_segments())]
        if points:
            x, y = np.vstack(points).T
            color, alpha = _shade(found.get_color()[0], found.get_alpha())
            width = float(np.atleast_1d(found.get_linewidth())[0])
            yield Mark("line", curve, "", _numbers(x), _numbers(y), color, (), width, alpha, across=across)
    elif is_area(found):
        for path in found.get_paths():
            x, y = np.asarray(path.vertices, dtype=float).T
            own = np.isin(x, kept)
            color, alpha = _shade(found.get_facecolor()[0], None)
            yield Mark("area", curve, "", _numbers(x[own]), _numbers(y[own]), color, opacity=alpha, across=across)
    elif isinstance(found, PolyCollection):
        yield _arrows(axes, found)


def _arrows(axes: Axes, found: PolyCollection) -> Mark:
    """Shapes of a size in inches, such as arrows, as areas at the places where they were drawn."""
    from_display, shape = axes.transData.inverted(), found.get_transform()
    places = found.get_offset_transform().transform(found.get_offsets())
    rows = [
        from_display.transform(np.vstack([shape.transform(path.vertices) + place, [[np.nan, np.nan]]]))
        for path, place in zip(found.get_paths(), places, strict=False)
    ]
    x, y = np.vstack(rows).T
    color, alpha = _shade(found.get_facecolor()[0], found.get_alpha())
    return Mark("area", "", "", _numbers(x), _numbers(y), color, opacity=alpha)


def _patch(axes: Axes, patch: Patch) -> Iterator[Mark]:
    color, alpha = _shade(patch.get_facecolor(), None)
    if alpha:
        x, y = patch.get_patch_transform().transform(patch.get_path().vertices).T
        across = _across(axes, patch.get_data_transform())
        yield Mark("area", _owner(axes, patch), "", _numbers(x), _numbers(y), color, opacity=alpha, across=across)


def _texts(axes: Axes) -> Iterator[Mark]:
    for text in axes.texts:
        if not text.get_text() or text.get_gid() in AROUND:
            continue
        across = _beside(axes, text)
        box = text.get_window_extent()
        middle = ((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2)
        x, y = axes.transData.inverted().transform(middle)
        right, up = axes.transAxes.inverted().transform(middle)
        place = [float(right if "x" in across else x)], [float(up if "y" in across else y)]
        said = (marked_up(text.get_text()),)
        yield Mark("text", _owner(axes, text), "", *place, to_hex(text.get_color()), across=across, texts=said)


def _beside(axes: Axes, text: Text) -> str:
    """`_across` of what a text stands beside."""
    if not isinstance(text, Annotation):
        return _across(axes, text.get_transform())
    if isinstance(text.xycoords, Transform):
        return _across(axes, text.xycoords)
    names = text.xycoords if isinstance(text.xycoords, tuple) else (text.xycoords, text.xycoords)
    return "".join(name for name, one in zip("xy", names, strict=True) if one == "axes fraction")


def _numbers(values: Array) -> Numbers:
    return [float(value) if np.isfinite(value) else None for value in values]


def _shade(color: Any, alpha: float | None) -> tuple[str, float]:
    red, green, blue, own = to_rgba(color)
    return to_hex((red, green, blue)), float(own if alpha is None else alpha)


def symbol(line: Line2D) -> str:
    """The name of a line's marker in an interactive figure."""
    return SYMBOLS.get(str(line.get_marker()), "circle")


def hollow(line: Line2D) -> bool:
    """Whether its markers have no filling."""
    face = line.get_markerfacecolor()
    return str(line.get_marker()) in THIN or face in ("none", "white")


def dash(line: Line2D) -> tuple[float, ...]:
    """The dash pattern in points; matplotlib has no other name for it, and a test holds that it is there."""
    pattern = line._dash_pattern[1]  # type: ignore[attr-defined]
    return tuple(round(float(length), 2) for length in pattern or ())
