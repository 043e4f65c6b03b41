"""What is said around a run's curves: the head of its panel, the entries of its legend, notes at the foot."""

import textwrap
from collections.abc import Sequence

from overparam_cli import paper
from overparam_cli.figures.compose import DIVERGED_NOTE, EDGE_MARK, EDGE_NOTE, Head, Said
from overparam_cli.figures.legends import LEGEND_LETTERS
from overparam_cli.figures.panels import Panel
from overparam_cli.figures.style import format_rate
from overparam_cli.results.curve import Choice
from overparam_cli.results.run import Run

HEAD_LETTERS = 62  # that fit above a panel


def head(panel: Panel) -> Head:
    """Say which data a panel shows, how many seeds, and whether the run was shortened.

    An embedded data set that is not the paper's is called so on a line of its own, in a colour not to be overlooked.
    """
    run = panel.run
    name, parts = f"{run.dataset['name']} data", [*_dimensions(run), _length(run)]
    if paper.is_stand_in(run.dataset):
        return Head(_joined([panel.title, *parts]), f"{name} — not the paper’s")
    return Head(_joined([panel.title, name, *parts]))


def _joined(parts: Sequence[str]) -> tuple[str, ...]:
    """Join the parts that are not empty into lines of at most HEAD_LETTERS, breaking between parts only."""
    lines: list[str] = []
    for part in filter(None, parts):
        if lines and len(lines[-1]) + 3 + len(part) <= HEAD_LETTERS:
            lines[-1] += f" · {part}"
        else:
            lines.append(part)
    return tuple(lines)


def _dimensions(run: Run) -> list[str]:
    """Return the size of a run's data set and the number of its seeds."""
    data, seeds = run.dataset, len(run.seeds)
    outputs = f", k = {data['k']:,}" if data.get("k", 1) > 1 else ""
    return [
        f"n = {data['n']:,}, d = {data['d']:,}{outputs}",
        "1 seed" if seeds == 1 else f"{seeds} seeds: median and range",
    ]


def _length(run: Run) -> str:
    """Return "1,000 of 1,000,000 iterations" for a shortened run, and nothing for a full one."""
    return f"{run.iterations:,} of {run.full_iterations:,} iterations" if run.iterations < run.full_iterations else ""


def curve_label(choice: Choice, *, named: bool = True) -> str:
    """Return a legend's entry: the curve, the rate that is drawn (where `named`), and what must be known of it."""
    label = choice.curve.label
    if choice.shown is None:
        return label
    rate = f"lr {format_rate(choice.shown)}{EDGE_MARK if choice.edge else ''}" if named else ""
    fault = ""
    if choice.lr is None:
        lost = set(choice.diverged) == set(choice.rates)
        fault = ("diverged" if len(choice.rates) == 1 else "every rate diverged") if lost else "seeds missing"
    said = ", ".join(filter(None, (rate, fault)))
    return wrapped(f"{label} ({said})" if said else label)


def wrapped(label: str) -> str:
    """Break a legend's entry that is broader than a panel."""
    return textwrap.fill(label, width=LEGEND_LETTERS)


def legend_title(panel: Panel) -> str:
    """Return the learning rate where it is one for all curves, to be said once."""
    return "" if panel.common_rate is None else f"{panel.run.level.rate} {format_rate(panel.common_rate)}"


def noted(panel: Panel, *notes: str, crosses: bool = False) -> Said:
    """Return the notes of a panel whose legend names learning rates, its marks explained."""
    return Said((DIVERGED_NOTE,) * crosses + (EDGE_NOTE,) * panel.at_edge + notes)
