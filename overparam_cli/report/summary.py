"""The table a run ends with, as grids. Its numbers for programs are `Summary.as_dict()`."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import isinf

from overparam_cli import paper
from overparam_cli.experiments.kind import Outcome
from overparam_cli.report.divergences import divergence_grid
from overparam_cli.report.grid import NOTHING, Cell, Column, Grid, Span, Words
from overparam_cli.results.summary import CurveSummary, Spread, Summary
from overparam_cli.results.trajectory import Speedup
from overparam_cli.words import format_rate

EDGE_MARKS = {"lowest": "†lowest", "highest": "†highest"}
Entry = Callable[[CurveSummary], Cell]  # what a curve has in a column


def grids(summary: Summary) -> tuple[Grid, ...]:
    """Return what a run found: a row a curve, then what diverged, then what must be known about the choices."""
    found = [curve_grid(summary)]
    if summary.divergences:
        found.append(divergence_grid(summary))
    warnings = tuple(Words.of(Span(line, "caution")) for line in summary.warnings)
    found[-1] = replace(found[-1], notes=found[-1].notes + warnings)
    return tuple(found)


def curve_grid(summary: Summary) -> Grid:
    """Return the table of the curves; columns that would be empty in every row are left out."""
    filled = [(column, [entry(curve) for curve in summary.curves]) for column, entry in _columns(summary)]
    kept = [(column, cells) for column, cells in filled if column.name == "lr" or not _empty(cells)]
    lead = [Span(heading(summary), "strong")]
    if paper.is_stand_in(summary.dataset):
        lead.append(Span(f"{summary.dataset['name']} data: not the paper's", "bad"))
    note = summary.level.note
    rows = zip(*(cells for _, cells in kept), strict=True)
    return Grid.of([column for column, _ in kept], rows, lead=lead, notes=[Span(note, "faint")] if note else [])


def heading(summary: Summary) -> str:
    """Return experiment, variant, data and length in one line."""
    data = summary.dataset
    parts = [f"{summary.name}/{summary.variant}", str(data["name"]), f"n = {data['n']:,}, d = {data['d']:,}"]
    parts.append(paper.length(summary.iterations, summary.full_iterations, data))
    seeds = max((curve.seeds for curve in summary.curves), default=0)
    parts.append("1 seed" if seeds == 1 else f"{seeds} seeds: median [lowest, highest]")
    return " · ".join([*parts, *([summary.partial] if summary.partial else [])])


def _columns(summary: Summary) -> Iterator[tuple[Column, Entry]]:
    """The columns in their order: what all curves have, and what their kind adds (its counts first)."""
    level = summary.level
    yield Column("curve"), lambda curve: Cell(curve.label)
    yield _number("lr"), lambda curve: Cell(curve.selection.lr, rate(curve))
    yield _number("rates diverged"), _diverged
    yield from ((_number(own.heading, own.column), _count(own)) for own in summary.outcomes if own.count)
    heading = f"{level.heading.removeprefix('final ')} so far" if summary.partial else level.heading
    yield _number(heading, level.final), lambda curve: _spread(curve.final, level.form)
    for value in dict.fromkeys(summary.levels):
        yield _number(f"to {value:.2g}", f"to {value!r}"), _iterations_to(summary.levels.index(value))
    yield _number("speedup"), _speedup
    yield from ((_number(own.heading, own.column), _outcome(own)) for own in summary.outcomes if not own.count)
    yield _number("effective step"), lambda curve: _spread(curve.final_effective_step, "{:.1e}", ranged=False)


def _number(heading: str, key: str = "") -> Column:
    return Column(heading, key, "right")


def _empty(cells: list[Cell]) -> bool:
    return all(str(cell.words) == NOTHING for cell in cells)


def _diverged(curve: CurveSummary) -> Cell:
    count = len(curve.selection.diverged)
    return Cell(count, f"{count} of {len(curve.selection.rates)}")


def _speedup(curve: CurveSummary) -> Cell:
    return Cell(curve.speedup.value if curve.speedup else None, factor(curve.speedup))


def _count(outcome: Outcome) -> Entry:
    return lambda curve: Cell(curve.outcomes.get(outcome.column))


def _outcome(outcome: Outcome) -> Entry:
    return lambda curve: _spread(curve.outcomes.get(outcome.column), outcome.form)


def _iterations_to(place: int) -> Entry:
    """Return the column of the iterations to one of the fixed levels."""

    def entry(curve: CurveSummary) -> Cell:
        count = curve.iterations_to[place]
        return Cell(count, None if count is None else f"{count:,.0f}")

    return entry


def _spread(values: Spread | None, form: str, *, ranged: bool = True) -> Cell:
    return Cell(values.median if values else None, spread(values, form, ranged=ranged))


def rate(curve: CurveSummary) -> str:
    """Return the chosen learning rate, marked at an edge of the grid; in brackets where none is best."""
    chosen = curve.selection
    if chosen.lr is None:
        return NOTHING
    if chosen.standing:
        return f"({format_rate(chosen.lr)})"
    if chosen.compared_at is not None:
        return f"{format_rate(chosen.lr)} so far"
    return format_rate(chosen.lr) + (f" {EDGE_MARKS[chosen.edge]}" if chosen.edge else "")


def spread(values: Spread | None, form: str = "{:.4g}", *, ranged: bool = True) -> str:
    """Return "median [lowest, highest]", without the range where the seeds agree."""
    if values is None:
        return NOTHING
    middle = form.format(values.median)
    if not ranged or values.low == values.high:
        return middle
    return f"{middle} [{form.format(values.low)}, {form.format(values.high)}]"


def factor(value: Speedup | None) -> str:
    """Return a speedup as "2.7×", or what the logs say about it where a curve never reached the gap."""
    if value is None or (value.low == 0 and isinf(value.high)):
        return NOTHING
    if value.low == value.high:
        return f"{value.low:.3g}×"
    if value.low == 0:
        return f"< {value.high:.3g}×"
    if isinf(value.high):
        return f"> {value.low:.3g}×"
    return f"{value.low:.3g}–{value.high:.3g}×"
