"""The shapes of printed digits, as distances to their outlines, from the fonts that Matplotlib brings along."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overparam_cli import neutral
from overparam_cli.errors import DataUnavailableError
from overparam_cli.paths import is_file

Fields = NDArray[np.float32]

# All with digits that Matplotlib has brought since 3.8, but for DejaVu Serif's italics: the versions of FreeType
# round the outline of their 2 differently, and the same seed must give the same bytes with all of them.
FONTS = (
    *(f"DejaVuSans{style}" for style in ("", "-Bold", "-Oblique", "-BoldOblique")),
    *(f"DejaVuSansMono{style}" for style in ("", "-Bold", "-Oblique", "-BoldOblique")),
    *(f"DejaVuSerif{style}" for style in ("", "-Bold")),
    *(f"STIXGeneral{style}" for style in ("", "Bol", "Italic", "BolIta")),
    *("cmb10", "cmr10", "cmss10", "cmtt10"),
)
GRID = 128  # points of a field along each side
EXTENT = 84  # of them along the longer side of a digit: the rest is room to distort it in


@cache
def distance_fields() -> Fields:
    """(fonts, 10, 128, 128): how far each grid point is from the outline of a digit, positive inside.

    The unit is the longer side of the digit's bounding box, which lies in the middle; y points down. Outlines are taken
    unhinted, so that they do not depend on how text is drawn here.
    Raises DataUnavailableError where Matplotlib lacks one of the fonts.
    """
    from scipy.ndimage import distance_transform_edt

    fields = np.empty((len(FONTS), 10, GRID, GRID), np.float32)
    for i, font in enumerate(FONTS):
        for digit in range(10):
            inside = _inside(_outline(font, digit))
            fields[i, digit] = (distance_transform_edt(inside) - distance_transform_edt(~inside)) / EXTENT
    fields.flags.writeable = False  # it is the same array for every caller
    return fields


def _outline(font: str, digit: int) -> list[NDArray[np.float64]]:
    """Closed polygons, each (points, 2), in the coordinates of the grid."""
    neutral.load()
    import matplotlib
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{font}.ttf"
    if not is_file(path):
        raise DataUnavailableError(
            f"no font {path.name} in {path.parent}, to draw digits with: reinstall matplotlib, or use '--dataset mnist'"
        )
    text: Any = TextPath((0, 0), str(digit), size=100, prop=FontProperties(fname=path))
    polygons = [np.asarray(polygon) for polygon in text.to_polygons(closed_only=True)]
    points = np.concatenate(polygons)
    low, high = points.min(axis=0), points.max(axis=0)
    scale = EXTENT / (high - low).max() * np.array([1.0, -1.0])  # y points up in a font
    return [(polygon - (low + high) / 2) * scale + GRID / 2 for polygon in polygons]


def _inside(polygons: list[NDArray[np.float64]]) -> NDArray[np.bool_]:
    """(128, 128): whether each grid point is within an odd number of polygons, so that holes are holes."""
    from matplotlib.path import Path as Outline

    middle = np.arange(GRID) + 0.5
    points = np.stack(np.meshgrid(middle, middle), axis=-1).reshape(-1, 2)  # (128², 2), x first
    inside = np.zeros(len(points), bool)
    for polygon in polygons:
        inside ^= Outline(polygon).contains_points(points)
    return inside.reshape(GRID, GRID)
