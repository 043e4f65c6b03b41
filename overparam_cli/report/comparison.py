"""Two runs beside each other, as grids: what differs in their settings, then in their numbers."""

from collections.abc import Iterator, Sequence
from typing import Any

from overparam_cli.report.grid import Cell, Column, Grid, Span
from overparam_cli.report.summary import factor, spread
from overparam_cli.results.choice import Choice
from overparam_cli.results.comparison import ALL, Comparison, Difference
from overparam_cli.results.store import plain
from overparam_cli.results.summary import Spread
from overparam_cli.words import format_rate


def grids(comparison: Comparison) -> tuple[Grid, Grid]:
    """What differs in the settings, and the numbers of the curves that both have."""
    return settings_grid(comparison), numbers_grid(comparison)


def settings_grid(comparison: Comparison) -> Grid:
    """A row a setting in which they differ."""
    one, other = comparison.names
    variants = dict.fromkeys((comparison.first.variant, comparison.second.variant))
    lead = [Span(f"{one} and {other} · {', '.join(variants)}", "strong")]
    rows = [_difference(own) for own in comparison.differences]
    notes = ["" if rows else "no setting differs", *_lacking(comparison)]
    columns = (Column("setting"), Column(one, "first"), Column(other, "second"), Column("curves"))
    return Grid.of(columns, rows, lead=lead, notes=filter(None, notes))


def _difference(own: Difference) -> tuple[Cell, ...]:
    values = (Cell(None if value is None else said(value)) for value in own.values)
    return (Cell(own.setting), *values, Cell(", ".join(own.curves)))


def said(value: Any) -> str:
    """A setting in a cell; a grid of learning rates by its ends."""
    if isinstance(value, tuple) and len(value) > 3:
        return f"{len(value)} from {format_rate(value[0])} to {format_rate(value[-1])}"
    return ", ".join(map(format_rate, value)) if isinstance(value, tuple) else str(value)


def _lacking(comparison: Comparison) -> Iterator[str]:
    for name, curves in zip(comparison.names, comparison.lacking, strict=True):
        if curves:
            yield f"only in {name}: {', '.join(curves)}"


def numbers_grid(comparison: Comparison) -> Grid:
    """A row a curve: rate and final level of each, their ratio, the speedup of the second over the first."""
    level = comparison.first.level
    rows = [_numbers(comparison, curve) for curve in comparison.curves]
    columns = [
        Column("curve"),
        *(Column(name, key, "right") for name, key in _headings(comparison.names, level.heading)),
    ]
    notes = [] if comparison.same_problem else ["different data, or another loss: iterations are not compared"]
    return Grid.of(columns, rows, notes=notes)


def _headings(names: Sequence[str], level: str) -> Iterator[tuple[str, str]]:
    for name, key in zip(names, ("first", "second"), strict=True):
        yield f"lr\n{name}", f"lr_{key}"
    for name, key in zip(names, ("first", "second"), strict=True):
        yield f"{level}\n{name}", f"final_{key}"
    yield "ratio", "ratio"
    yield f"speedup of\n{names[1]}", "speedup"
    yield "trials of both,\nalike", "alike"


def _numbers(comparison: Comparison, curve: str) -> tuple[Cell, ...]:
    choices, form = comparison.choices(curve), comparison.first.level.form
    finals = [_final(choice) for choice in choices]
    first, second = (final.median if final else None for final in finals)
    ratio = second / first if first and second is not None else None
    speedup, (both, same) = comparison.speedup(curve), comparison.alike(curve)
    return (
        Cell(curve, comparison.first.curves[curve].label),
        *(Cell(choice.lr, None if choice.lr is None else format_rate(choice.lr)) for choice in choices),
        *(Cell(final.median if final else None, spread(final, form)) for final in finals),
        Cell(ratio, None if ratio is None else f"{ratio:.3g}"),
        Cell(speedup.value if speedup else None, factor(speedup)),
        Cell(same, f"{both}, {same}"),
    )


def _final(choice: Choice) -> Spread | None:
    return Spread.of([trial.final for trial in choice.curve.logs(choice.lr).values()])


def as_dict(comparison: Comparison) -> dict[str, Any]:
    """What programs read."""
    from overparam_cli.report.json import records

    differences = [
        {"setting": own.setting, "curves": [] if own.curves == (ALL,) else own.curves, "values": own.values}
        for own in comparison.differences
    ]
    found: dict[str, Any] = plain(
        {
            "runs": comparison.names,
            "variants": (comparison.first.variant, comparison.second.variant),
            "differences": differences,
            "only": comparison.lacking,
            "same_problem": comparison.same_problem,
            "curves": records(numbers_grid(comparison)),
        }
    )
    return found
