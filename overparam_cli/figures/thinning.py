"""Which points of lines are enough to draw them: what is left out, the eye could not tell."""

from collections.abc import Iterator
from typing import TypeGuard

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection

from overparam_cli.results.trajectory import Array

FINENESS = 1 / 400  # of an axis: no thinned line is further from the whole one
Mask = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]


def corners(times: Array, heights: Array, tolerance: float) -> Mask:
    """Which points to keep so that lines between them are within a tolerance of all: Douglas and Peucker (1973)."""
    kept = np.zeros(len(times), dtype=bool)
    kept[[0, -1]] = True
    open_ends = [(0, len(times) - 1)]
    while open_ends:
        first, last = open_ends.pop()
        inside = slice(first + 1, last)
        line = np.interp(times[inside], times[[first, last]], heights[[first, last]])
        off = np.abs(heights[inside] - line)
        if off.size and off.max() > tolerance:
            middle = first + 1 + int(off.argmax())
            kept[middle] = True
            open_ends += [(first, middle), (middle, last)]
    return kept


def places(axes: Axes) -> Array:
    """The places x at which lines are kept, the same for all: corners of any line or area, whatever the scales are."""
    ends_x, ends_y = (axes.get_xlim(), axes.get_ylim())
    found = [np.empty(0)]
    for x, y in _chains(axes):
        kept = np.zeros(x.size, dtype=bool)
        for along in _scaled(x, *sorted(ends_x)):
            for height in _scaled(y, *sorted(ends_y)):
                kept |= _needed(along, height)
        found.append(x[kept])
    return np.unique(np.concatenate(found))


def is_area(found: object) -> TypeGuard[PolyCollection]:
    """Whether a collection is an area between two lines, and not shapes at several places."""
    return isinstance(found, PolyCollection) and len(np.asarray(found.get_offsets())) <= 1


def _chains(axes: Axes) -> Iterator[tuple[Array, Array]]:
    """Every line, and both edges of every area, from left to right."""
    for line in axes.lines:
        x, y = (np.asarray(own, dtype=float) for own in line.get_data(orig=False))
        if x.size:
            yield x, y
    for path in (path for found in axes.collections if is_area(found) for path in found.get_paths()):
        x, y = np.asarray(path.vertices, dtype=float).T
        turn = int(np.argmax(x))
        yield x[: turn + 1], y[: turn + 1]
        yield x[turn:][::-1], y[turn:][::-1]


def _scaled(values: Array, low: float, high: float) -> Iterator[Array]:
    """Values on a linear axis of these ends, and on a logarithmic one where there can be, as fractions of it."""
    inside = np.clip(values, low, high)
    yield (inside - low) / (high - low)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(inside > 0, np.log10(inside), np.nan)
        start = np.nanmin(logs) if low <= 0 and np.isfinite(logs).any() else np.log10(max(low, np.nextafter(0, 1)))
        if high > 0 and np.log10(high) > start:
            yield (logs - start) / (np.log10(high) - start)


def _needed(x: Array, y: Array) -> Mask:
    """The points that a line needs; all where it does not go from left to right."""
    kept = np.zeros(x.size, dtype=bool)
    finite = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    if finite.size and np.all(np.diff(x[finite]) >= 0):
        kept[finite[corners(x[finite], y[finite], FINENESS)]] = True
    elif finite.size:
        kept[:] = True
    return kept
