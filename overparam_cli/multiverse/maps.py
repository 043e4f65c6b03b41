"""The map of a multiverse: claims × options, coloured by the share of worlds in which the claim holds."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from overparam_cli.figures.compose import Cell, Composed, Marks, Sheet, compose
from overparam_cli.figures.style import MUTED, PLAIN, Outfit, literal
from overparam_cli.multiverse.deciding import Share
from overparam_cli.multiverse.model import Multiverse
from overparam_cli.multiverse.summary import ClaimSummary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap

SHARES = ("#fff3d6", "#9ecae1", "#004f94")  # from none to all
NOTHING = "#f2f2f2"
CELL = (0.46, 0.30)  # inches
GAP = 0.35  # cells between two axes


def draw_map(multiverse: Multiverse, found: Sequence[ClaimSummary], outfit: Outfit = PLAIN) -> Composed | None:
    """The map; None where nothing was run. Axes of a single option, and claims of which nothing was run, stay out."""
    claims = [one for one in found if one.share.run]
    places = _places(multiverse, claims)
    if not claims or not places:
        return None
    width = max(places.values()) + 1.0
    sheet = Sheet(lone=width * CELL[0] + 4.4, height=len(claims) * CELL[1] + 2.0)
    cell = Cell(lambda axes: _draw(axes, multiverse, claims, places, width))
    return compose([[cell]], "In which share of worlds each claim holds", sheet=sheet, legends="own", outfit=outfit)


def _places(multiverse: Multiverse, claims: Sequence[ClaimSummary]) -> dict[tuple[str, str], float]:
    """(axis, option) → its column, in cells."""
    found, right = dict[tuple[str, str], float](), 0.0
    for axis in multiverse.axes:
        names = [
            option.name
            for option in axis.options
            if any(one.options.get(axis.name, {}).get(option.name, None) for one in claims)
        ]
        if len(names) > 1:
            found |= {(axis.name, name): right + place for place, name in enumerate(names)}
            right += len(names) + GAP
    return found


def _draw(
    axes: "Axes",
    multiverse: Multiverse,
    claims: Sequence[ClaimSummary],
    places: Mapping[tuple[str, str], float],
    width: float,
) -> Marks:
    """A cell for each claim and option, its share written in it; the axis that decides is framed and named."""
    from matplotlib.colors import LinearSegmentedColormap

    colors = LinearSegmentedColormap.from_list("shares", SHARES)
    axes.set_xlim(-0.5, width - 0.5)
    axes.set_ylim(len(claims) - 0.5, -0.5)
    for line, one in enumerate(claims):
        for (axis, option), place in places.items():
            _draw_share(axes, colors, (place, line), one.options.get(axis, {}).get(option))
        _frame(axes, line, one, places)
        whole = f"{one.share.part:.0%} of {one.share.run:,}"
        decided = f"decided by {' = '.join(one.deciding)}" if one.deciding else "the same everywhere"
        axes.annotate(f"{whole}; {decided}", (width - 0.4, line), va="center", fontsize=7.5, annotation_clip=False)
    axes.set_yticks(range(len(claims)), [one.claim.id for one in claims])
    axes.set_xticks([*places.values()], [option for _, option in places], rotation=90, fontsize=7.5)
    for each in multiverse.axes:
        own = [place for (name, _), place in places.items() if name == each.name]
        if own:
            style = {"ha": "center", "va": "bottom", "fontsize": 8, "color": MUTED, "clip_on": False}
            axes.text((own[0] + own[-1]) / 2, -0.75, literal(each.title), **style)  # type: ignore[arg-type]
    axes.grid(visible=False)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    notes = (
        "numbers: per cent of the worlds that were run; behind a question mark those that the logs leave undecided",
        "framed: the axis that tells most about the outcome",
        "grey: does not count for the claim, or not run",
    )
    return Marks(notes=notes)


def _draw_share(axes: "Axes", colors: "Colormap", cell: tuple[float, int], found: Share | None) -> None:
    """One cell: the share in which the claim holds, and below it that in which it is undecided."""
    from matplotlib.patches import Rectangle

    (place, line), part = cell, found.part if found else None
    color = NOTHING if part is None else colors(part)
    axes.add_patch(Rectangle((place - 0.5, line - 0.5), 1, 1, facecolor=color, edgecolor="white", linewidth=1))
    if found is None or part is None:
        return
    shade = "white" if part > 0.6 else "black"
    up = 0.14 if found.undecided else 0.0
    axes.text(place, line - up, f"{100 * part:.0f}", ha="center", va="center", fontsize=7, color=shade)
    if found.undecided:
        text = f"?{100 * found.undecided / found.run:.0f}"
        axes.text(place, line + 0.25, text, ha="center", va="center", fontsize=5.5, color=shade)


def _frame(axes: "Axes", line: int, one: ClaimSummary, places: Mapping[tuple[str, str], float]) -> None:
    """A frame around the options of the axis that decides."""
    from matplotlib.patches import Rectangle

    for axis in one.deciding:
        own = [place for (name, _), place in places.items() if name == axis]
        if own:
            corner, size = (own[0] - 0.5, line - 0.5), own[-1] - own[0] + 1
            axes.add_patch(Rectangle(corner, size, 1, facecolor="none", edgecolor="black", linewidth=1.4, zorder=4))
