"""How digits are printed and distorted, pixel by pixel.

Nothing handwritten is in it. A digit of one of 18 fonts is placed, scaled, stretched, rotated and sheared, wobbles
along two waves, gets a stroke thicker or thinner than it was, some brightness, and noise. Every pixel is read off the
distance d between its centre and the outline, so that nothing is drawn but arithmetic done:

    p = A·(x − shift) + wave(x),    pixel = 255·(brightness·clip(½ + d(p) + thickness, 0, 1) + noise)

with d in pixels. The amplitudes below were set by hand so that a small convolutional network finds the task learnable
but not trivial; `tests/data/test_digits.py` holds that it does.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from overparam_cli.data.digits.glyphs import EXTENT, FONTS, GRID, distance_fields
from overparam_cli.data.images import CLASSES, SIDE, Pixels

TRAINING, TEST = 0, 1
CHUNK = 100  # images drawn at a time, few enough for the processor's cache

Array = NDArray[np.float64]


class Range(NamedTuple):
    """The least and the greatest value of a number drawn for every image, uniformly."""

    low: float
    high: float


VARIATION = {
    "font": Range(0, len(FONTS)),
    "order": Range(0, 1),  # decides which of ten successive images shows which digit
    "height": Range(15, 22),  # of the digit, in pixels
    "stretch": Range(0.8, 1.2),  # of its width
    "rotation": Range(-0.3, 0.3),  # radians
    "shear": Range(-0.3, 0.3),
    "right": Range(-2.5, 2.5),  # pixels from the middle
    "down": Range(-2.5, 2.5),
    "thickness": Range(-0.2, 1.0),  # pixels added on each side of a stroke
    "wave": Range(0, 1.5),  # pixels, amplitude
    "wavelength": Range(14, 28),  # pixels
    "phase-x": Range(0, 2 * np.pi),
    "phase-y": Range(0, 2 * np.pi),
    "brightness": Range(0.7, 1.0),
    "noise": Range(0, 0.08),  # standard deviation, of white
}


def draw(seed: int, n: int, part: int) -> tuple[Pixels, Pixels]:
    """The first n images (n, 28, 28) and labels (n,) of the training part or of the test part."""
    images, labels = np.empty((n, SIDE, SIDE), np.uint8), np.empty(n, np.uint8)
    for start, values, digits, noise in _chunks(seed, n, part):
        stop = min(n, start + CHUNK)
        strokes = _strokes(values, digits)  # (chunk, 28, 28)
        grey = values["brightness"][:, None, None] * strokes + values["noise"][:, None, None] * noise
        images[start:stop] = np.rint(255 * grey.clip(0, 1))[: stop - start]
        labels[start:stop] = digits[: stop - start]
    return images, labels


def _chunks(seed: int, n: int, part: int) -> Iterator[tuple[int, dict[str, Array], NDArray[np.intp], Array]]:
    """Everything random about CHUNK images at a time, whole chunks whatever n is: so a shorter set is a prefix."""
    random = RandomState([seed, part])
    for start in range(0, n, CHUNK):
        uniform = random.random_sample((len(VARIATION), CHUNK))
        values = {
            key: span.low + (span.high - span.low) * u
            for (key, span), u in zip(VARIATION.items(), uniform, strict=True)
        }
        digits = values["order"].reshape(-1, CLASSES).argsort(axis=1).ravel()  # every ten images show ten digits
        yield start, values, digits, random.standard_normal((CHUNK, SIDE, SIDE))


def _strokes(values: dict[str, Array], digits: NDArray[np.intp]) -> Array:
    """How much of each pixel a digit's strokes cover (chunk, 28, 28), from 0 to 1."""
    v = {key: value[:, None, None] for key, value in values.items()}  # (chunk, 1, 1)
    middle = np.arange(SIDE) - (SIDE - 1) / 2
    x, y = middle[None, None, :] - v["right"], middle[None, :, None] - v["down"]  # (chunk, 1, 28), (chunk, 28, 1)
    turn = 2 * np.pi / v["wavelength"]
    wavy_x = x + v["wave"] * np.sin(turn * y + v["phase-x"])  # (chunk, 28, 28)
    wavy_y = y + v["wave"] * np.sin(turn * x + v["phase-y"])
    cos, sin = np.cos(v["rotation"]), np.sin(v["rotation"])
    across, along = cos * wavy_x + sin * wavy_y, cos * wavy_y - sin * wavy_x
    unit = EXTENT / v["height"]  # grid points to a pixel
    column = unit * (across + v["shear"] * along) / v["stretch"]
    distance = _sample(values["font"].astype(np.intp), digits, column, unit * along)
    covered: Array = (0.5 + v["height"] * distance + v["thickness"]).clip(0, 1)
    return covered


def _sample(font: NDArray[np.intp], digit: NDArray[np.intp], x: Array, y: Array) -> Array:
    """The distance field of each image's digit at (x, y), in grid points from its middle, bilinearly."""
    x, y = [(c + (GRID - 1) / 2).clip(0, GRID - 1.001) for c in (x, y)]
    left, top = x.astype(np.intp), y.astype(np.intp)
    right, down = x - left, y - top
    corner = ((font * CLASSES + digit)[:, None, None] * GRID + top) * GRID + left  # index of the upper left neighbour
    field = distance_fields().ravel()
    upper = field[corner] * (1 - right) + field[corner + 1] * right
    lower = field[corner + GRID] * (1 - right) + field[corner + GRID + 1] * right
    distance: Array = upper * (1 - down) + lower * down
    return distance
