"""The specification curve of a claim: what was measured, sorted over its worlds, and below it what was chosen there."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from overparam_cli.figures.axes import limit
from overparam_cli.figures.compose import Cell, Composed, Head, Marks, Sheet, compose
from overparam_cli.figures.style import MUTED, PLAIN, Outfit, literal
from overparam_cli.multiverse.deciding import NO, NOT_RUN, UNDECIDED, YES, Share, by_option, deciding, share
from overparam_cli.multiverse.effects import EFFECTS, Effect
from overparam_cli.multiverse.judging import Row
from overparam_cli.words import count

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLORS: Mapping[str, str] = {YES: "#004f94", NO: "#e69f00", UNDECIDED: "#b0b0b0"}
WORDS: Mapping[str, str] = {YES: "holds", NO: "does not hold", UNDECIDED: "undecided: the logs only bound it"}
ROW = 0.17  # inches of a row of the matrix
TOP = 2.6  # inches of the curve
LEAST = 1.2  # inches of the matrix


def draw_curve(rows: Sequence[Row], outfit: Outfit = PLAIN) -> Composed | None:
    """The specification curve of a claim, from its worlds; None where it has no number, or nothing was chosen."""
    effect = EFFECTS.get(rows[0].claim.id)
    ran = [row for row in rows if row.outcome != NOT_RUN]
    measured = [row for row in ran if row.effect == row.effect]  # what no number bounds has no place in the curve
    if effect is None or not measured:
        return None
    ordered = sorted(measured, key=lambda row: (row.effect, list(COLORS).index(row.outcome)))
    options = _varied(ran)
    if not options:
        return None
    claim = rows[0].claim
    left = len(rows) - len(ran)
    said = f"{claim.statement} ({claim.where}); required: {claim.requirement}"
    lines = (literal(said), _said(rows, left))
    heights = (TOP, max(ROW * len(options), LEAST))
    sheet = Sheet(lone=7.2, height=sum(heights) / 2, ratios=heights)
    cells = [
        Cell(lambda axes: _draw_effects(axes, ordered, effect, Head(lines))),
        Cell(lambda axes: _draw_choices(axes, ordered, options, ran)),
    ]
    return compose([cells], claim.id, sheet=sheet, legends="own", outfit=outfit)


def _said(rows: Sequence[Row], left: int) -> str:
    """In how many worlds it holds, and what decides."""
    worlds = [row.world for row in rows]
    found, axes = share(worlds), deciding(worlds)
    decided = f"decided by {' = '.join(axes)}" if axes else "the same everywhere"
    missing = f"; {count(left, 'world')} not run" if left else ""
    part = f" ({found.part:.0%})" if found.part is not None else ""
    return f"holds in {found.holds:,} of {count(found.run, 'world')}{part}; {decided}{missing}"


def _varied(rows: Sequence[Row]) -> list[tuple[str, str]]:
    """The (axis, option) pairs of the axes that differ between the worlds."""
    found: dict[str, dict[str, None]] = {}
    for row in rows:
        for axis, option in row.choices.items():
            found.setdefault(axis, {}).setdefault(option)
    return [(axis, option) for axis, options in found.items() if len(options) > 1 for option in options]


def _draw_effects(axes: "Axes", rows: Sequence[Row], effect: Effect, head: Head) -> Marks:
    """Every world's number, coloured by what came out; the requirement's limits as lines."""
    from matplotlib.patches import Patch

    places, values = np.arange(len(rows)), np.array([row.effect for row in rows])
    shown = np.isfinite(values) & ((values > 0) | effect.counts)
    axes.set(yscale="linear" if effect.counts else "log", ylabel=effect.words)
    if effect.counts:
        axes.set_ylim(-0.5, max(values[shown], default=0.0) + 0.5)
    else:
        limit(axes, [values[shown], np.array(effect.lines)], np.inf, margin=0.12)
    low, high = axes.get_ylim()
    heights = np.clip(np.nan_to_num(values, posinf=high), low, high)
    for outcome, color in COLORS.items():
        own = np.array([row.outcome == outcome for row in rows])
        if own.any():
            axes.plot(places[own], heights[own], ".", color=color, markersize=4, label=WORDS[outcome], zorder=3)
    for line in effect.lines:
        axes.axhline(line, color=MUTED, linestyle="--", linewidth=1.0, zorder=2)
        _beside(axes, line, f"{line:.3g}", size=7.5)
    axes.set_xlim(-0.5, len(rows) - 0.5)
    there = {row.outcome for row in rows}
    handles = [Patch(color=color, label=WORDS[one]) for one, color in COLORS.items() if one in there]
    axes.legend(handles=handles, loc="upper left", handlelength=1.2)
    off = [] if shown.all() else ["at the lower end: never, or diverged; at the upper end: not within the run"]
    return Marks(head, "", ("dashed: the requirement", *off))


def _draw_choices(axes: "Axes", rows: Sequence[Row], options: Sequence[tuple[str, str]], ran: Sequence[Row]) -> Marks:
    """A row for each option: coloured where it was chosen; beside it the share of all that `ran` with it."""
    from matplotlib.colors import to_rgb
    from matplotlib.ticker import MaxNLocator

    picture = np.ones((len(options), len(rows), 3))
    for line, (axis, option) in enumerate(options):
        for place, row in enumerate(rows):
            if row.choices[axis] == option:
                picture[line, place] = to_rgb(COLORS[row.outcome])
    axes.imshow(
        picture, aspect="auto", interpolation="nearest", extent=(-0.5, len(rows) - 0.5, len(options) - 0.5, -0.5)
    )
    worlds = [row.world for row in ran]
    shares = {axis: by_option(worlds, axis) for axis, _ in options}
    axes.set_yticks(range(len(options)), [f"{axis}: {option}" for axis, option in options], fontsize=7)
    for line, (axis, option) in enumerate(options):
        new = line == 0 or options[line - 1][0] != axis
        if new and line:
            axes.axhline(line - 0.5, color=MUTED, linewidth=0.6)
        _beside(axes, line, _percent(shares[axis][option]), size=7)
    axes.grid(visible=False)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.set_xlabel("worlds, sorted by what was measured")
    without = len(ran) - len(rows)
    return Marks(
        notes=(
            "at the right: share of worlds in which it holds, and behind a question mark is undecided",
            *([f"{count(without, 'world')} without a number not drawn"] if without else []),
        )
    )


def _beside(axes: "Axes", height: float, text: str, *, size: float) -> None:
    """Text at the right of the axes, at a height of the data."""
    axes.annotate(
        text,
        (1, height),
        xycoords=("axes fraction", "data"),
        xytext=(3, 0),
        textcoords="offset points",
        va="center",
        fontsize=size,
        color=MUTED,
    )


def _percent(found: Share) -> str:
    open_ones = f" ?{found.undecided / found.run:.0%}" if found.undecided else ""
    return "" if found.part is None else f"{found.part:.0%}{open_ones}"
