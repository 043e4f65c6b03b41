"""How a curve looks, decided in one place: its depth gives the colour, its optimiser the dash pattern.

What else a curve differs in gives the shade, and a marker of its own tells it apart where colours are not printed. So
a curve has one look in every figure, and any number of curves stays distinguishable. In an experiment file, curves of
one `color` number share their colour (that of the first's depth); a `color` written out and a `linestyle` go before the
rule.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from matplotlib.colors import to_hex, to_rgb

from overparam_cli.experiments.kind import kind
from overparam_cli.experiments.model import Curve, Experiment
from overparam_cli.experiments.trial import defaults


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
        return _lightened(self.color, 0.5) if self.pale else self.color

    def underlaid(self) -> "Look":
        """Return the same look, pale and broad: for a curve that another one of its colour may run on top of."""
        return replace(self, width=3.4, pale=True)

    def overlaid(self) -> "Look":
        """Return the same look, thin: for the curve on top."""
        return replace(self, width=1.2)


# Okabe–Ito colours (safe for colour-blind readers), the blue darkened so that the first curves also differ in grey;
# the last one, a violet, is not theirs. A depth N has the N-th.
COLORS = ("#000000", "#004f94", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#6a3d9a")
MARKERS = ("o", "s", "^", "D", "v", "<", ">", "p", "h", "*", "d", "8", "P", "X", "H")
DASHED = (0, (6, 1.6))
DASHES: Mapping[str, Any] = {
    "gd": "solid",
    "end-to-end": DASHED,
    "adagrad": (0, (6, 1.6, 1.2, 1.6)),
    "adadelta": (0, (1.4, 1.1)),
    "adam": (0, (10, 2.4)),
    "momentum": (0, (3, 1.2, 1.2, 1.2, 1.2, 1.2)),
}
LINESTYLES: Mapping[str, Any] = {  # as experiment files name them
    "solid": "solid",
    "dashed": DASHED,
    "dotted": DASHES["adadelta"],
    "dashdot": DASHES["adagrad"],
}
LOOKS = tuple(  # for what has neither depth nor optimiser, in the order in which it stands
    Look(color, dash, marker)
    for color, dash, marker in zip(COLORS, [*DASHES.values(), (0, (3, 3)), (0, (1.2, 2.6))], MARKERS, strict=False)
)
PALEST = 0.85  # share of the way to white that no shade reaches
SEARCHED = ("lr", "seeds", "iterations")  # tell no curve from another by its colour


def of_place(place: int) -> Look:
    """The look of one of several lines that are told apart by their place alone; no two are the same."""
    base = LOOKS[place % len(LOOKS)]
    return Look(_color(place), base.linestyle, MARKERS[place % len(MARKERS)])


def of_depth(depth: int) -> Look:
    """The look of a network of that depth under gradient descent."""
    return Look(_color(depth - 1), "solid", MARKERS[(depth - 1) % len(MARKERS)])


def looks_of(experiment: Experiment) -> dict[str, Look]:
    """The look of every curve of an experiment.

    Where a solid and a dashed line have one colour (a network and its rule), the solid one is drawn pale and broad
    beneath the other, so that both can be seen when they coincide.
    """
    known = defaults(kind(experiment.kind).trial)
    given = [{**known, **experiment.trial, **curve.settings, **experiment.forced} for curve in experiment.curves]
    depths = [int(own.get("depth", 1)) for own in given]
    rests = _places([_rest(curve, experiment) for curve in experiment.curves])
    dashes = _dashes([str(own.get("optimizer", "gd")) for own in given], str(known.get("optimizer", "gd")))
    made: dict[str, Look] = {}
    shared: dict[int | str, str] = {}  # number in the file → colour
    taken: set[tuple[str, Any]] = set()
    for curve, depth, rest, dash in zip(experiment.curves, depths, rests, dashes, strict=True):
        place, shade = (depth - 1, rest) if len(set(depths)) > 1 else (depth - 1 + rest, 0)
        line = LINESTYLES.get(curve.linestyle or "", dash)
        free = (one for one in _shades(place, shade) if (one, str(line)) not in taken)
        color = _written(curve.color, shared) or next(free)
        if isinstance(curve.color, int):
            shared.setdefault(curve.color, color)
        taken.add((color, str(line)))
        made[curve.name] = Look(color, line, _marker(depth - 1, [own.marker for own in made.values()]))
    return _layered(made)


def _written(color: int | str | None, shared: Mapping[int | str, str]) -> str | None:
    """The colour that the file gives: written out, or that of the curves of its number so far."""
    return color if isinstance(color, str) else None if color is None else shared.get(color)


def _rest(curve: Curve, experiment: Experiment) -> str:
    """What a curve differs in from the others' common settings, but for depth, optimiser and what is searched."""
    told = {key for key in curve.settings if key not in ("depth", "optimizer", *SEARCHED)}
    own = {key: curve.settings[key] for key in sorted(told) if curve.settings[key] != experiment.trial.get(key)}
    return json.dumps(own, default=str)


def _places(values: Sequence[str]) -> list[int]:
    """The place of each value among the different ones, in the order in which they come; what is common is first."""
    order = [value for value in ("{}",) if value in values]
    order += [value for value in dict.fromkeys(values) if value not in order]
    return [order.index(value) for value in values]


def _dashes(optimizers: Sequence[str], usual: str) -> list[Any]:
    """The dash pattern of each optimiser: the usual one of its kind is solid; a guest has a dash and ever more dots."""
    patterns = {**DASHES, "gd": DASHES.get(usual, DASHED), usual: "solid"}
    guests = [name for name in dict.fromkeys(optimizers) if name not in patterns]
    patterns |= {name: (0, (8, 1.5, *(1.2, 1.5) * dots)) for dots, name in enumerate(guests, start=3)}
    return [patterns[name] for name in optimizers]


def _marker(place: int, taken: Sequence[str]) -> str:
    """The depth's own marker, or the next that no curve before has; when all are taken they start again."""
    order = [MARKERS[(place + step) % len(MARKERS)] for step in range(len(MARKERS))]
    return min(order, key=taken.count)


def _layered(looks: dict[str, Look]) -> dict[str, Look]:
    solid = {own.color for own in looks.values() if own.linestyle == "solid"}
    dashed = {own.color for own in looks.values() if own.linestyle == DASHED}
    for curve, own in looks.items():
        if own.color in solid & dashed and own.linestyle in ("solid", DASHED):
            looks[curve] = own.underlaid() if own.linestyle == "solid" else own.overlaid()
    return looks


def _shades(place: int, shade: int) -> Iterator[str]:
    """The colour at `place` in this shade, and then in every other one."""
    yield from (_color(place, shade + more) for more in count())


def _color(place: int, shade: int = 0) -> str:
    """The colour at `place` in the palette, which starts again in lighter shades, in one of any number of shades."""
    cycle = place // len(COLORS)
    diagonal = cycle + shade
    return _lightened(COLORS[place % len(COLORS)], PALEST * _between(diagonal * (diagonal + 1) // 2 + cycle))


def _between(index: int) -> float:
    """0, 1/2, 1/4, 3/4, 1/8, …: numbers below 1, each as far from those before it as can be (van der Corput)."""
    total, unit = 0.0, 0.5
    while index:
        total, unit, index = total + unit * (index % 2), unit / 2, index // 2
    return total


def _lightened(color: str, share: float) -> str:
    """A colour that goes that share of the way to white."""
    red, green, blue = to_rgb(color)
    return to_hex((red + (1 - red) * share, green + (1 - green) * share, blue + (1 - blue) * share))


RAMP = ("#0d0887", "#7e03a8", "#cc4778", "#f89540")  # dark to light, also in grey; the ends of matplotlib's plasma


def ramp(place: int, among: int) -> Look:
    """Return the look of one of several curves that differ by a number: solid, from dark to light, its own marker."""
    at = place / max(among - 1, 1) * (len(RAMP) - 1)
    low = min(int(at), len(RAMP) - 2)
    ends = (to_rgb(RAMP[low]), to_rgb(RAMP[low + 1]))
    mixed = [(1 - at + low) * one + (at - low) * other for one, other in zip(*ends, strict=True)]
    return Look(to_hex((mixed[0], mixed[1], mixed[2])), "solid", MARKERS[(place + 1) % len(MARKERS)], width=1.3)
