"""What is said around a run's curves: above its axes, in its legend, and below the figure."""

import textwrap

from overparam_cli import paper
from overparam_cli.figures.compose import PART, Head, Marks
from overparam_cli.figures.panels import MANY_SEEDS, SINGLES, Panel, extent_words
from overparam_cli.figures.style import literal
from overparam_cli.results.choice import Choice
from overparam_cli.words import format_rate

LEGEND_LETTERS = 44  # that fit into a whole panel's legend
EDGE_MARK = "†"
DIVERGED_NOTE = "× diverged"
PARTIAL_NOTE = "k/n beside a cross: k of n seeds diverged"
EDGE_NOTE = f"{EDGE_MARK} at the edge of the learning-rate grid: a better rate may lie outside"
STRIP_NOTE = "grey band: rates with which a seed diverged, a row for each curve, its marker at the left"
RING_NOTE = EDGE_NOTE.replace(f"{EDGE_MARK} at", "ring at")
SINGLES_NOTE = f"of many seeds {SINGLES} are marked or drawn singly"
NOTES = (DIVERGED_NOTE, SINGLES_NOTE, STRIP_NOTE, PARTIAL_NOTE, EDGE_NOTE, RING_NOTE)  # the order in which they stand


def marks(panel: Panel, *notes: str, edge: str = EDGE_NOTE) -> Marks:
    """What stands around a run's axes; `edge` explains the choices that stand at an edge of their grid."""
    edges = [edge] if any(choice.edge for choice in panel.choices.values()) else []
    few = [SINGLES_NOTE] if DIVERGED_NOTE in notes and len(panel.run.seeds) >= MANY_SEEDS else []
    title = "" if panel.common_rate is None else f"{panel.level.rate} {format_rate(panel.common_rate)}"
    return Marks(head(panel), title, (*notes, *few, *edges))


def head(panel: Panel) -> Head:
    """Which data a panel shows, how many seeds, and whether the run was shortened.

    An alert where data stand in, and where the run is under way.
    """
    data, name = panel.run.dataset, literal(str(panel.run.dataset["name"]))
    parts = [*dimensions(panel), length_line(panel)]
    foreign = paper.is_stand_in(data)
    if not foreign:
        parts.insert(0, f"{name} data")
    alert = f"{name} data — not the paper’s" if foreign else ""
    alert = "\n".join(filter(None, (alert, panel.run.partial)))
    return Head((PART.join(filter(None, [panel.title, *parts])),), alert)


def dimensions(panel: Panel) -> list[str]:
    """The size of the panel's data set and the number of its seeds."""
    data, seeds = panel.run.dataset, len(panel.run.seeds)
    outputs = f", k = {data['k']:,}" if data.get("k", 1) > 1 else ""
    return [
        f"n = {data['n']:,}, d = {data['d']:,}{outputs}",
        "1 seed" if seeds == 1 else f"{seeds:,} seeds: {extent_words(seeds)}",
    ]


def length_line(panel: Panel) -> str:
    """ "1,000 of 1,000,000 iterations" for a shortened run, and nothing for a full one."""
    ran, full = panel.run.iterations, panel.run.full_iterations
    return paper.length(ran, full, panel.run.dataset) if ran < full else ""


def label_of(panel: Panel, curve: str) -> str:
    """A curve's entry in its panel's legend; its rate is named where the curves have several."""
    return curve_label(panel.labels[curve], panel.choices[curve], named=panel.common_rate is None)


def curve_label(label: str, choice: Choice, *, named: bool = True) -> str:
    """A legend's entry: the curve, the rate that is drawn (where `named`), and what must be known of it."""
    if choice.shown is None:
        return label
    rate = f"lr {format_rate(choice.shown)}{EDGE_MARK if choice.edge else ''}" if named else ""
    rate += " so far" if rate and choice.compared_at is not None and len(choice.rates) > 1 else ""
    fault = choice.standing
    if choice.lr is None:
        lost = set(choice.diverged) == set(choice.rates)
        fault = ("diverged" if len(choice.rates) == 1 else "every rate diverged") if lost else "seeds missing"
        fault = "nothing to compare so far" if choice.compared_at is not None else fault
    said = ", ".join(filter(None, (rate, fault)))
    return wrapped(f"{label} ({said})" if said else label)


def wrapped(label: str) -> str:
    """Break a legend's entry that is broader than a panel."""
    return textwrap.fill(label, width=LEGEND_LETTERS)
