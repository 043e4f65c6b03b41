"""What is reported of a run as tidy tables: `summary` in pandas."""

from collections.abc import Iterable, Sequence
from math import nan
from typing import TYPE_CHECKING, Any

from overparam_cli.results.run import Run
from overparam_cli.results.summary import CurveSummary, Spread, summarise
from overparam_cli.results.trajectory import Speedup

if TYPE_CHECKING:
    import pandas as pd


def stacked(runs: Sequence[Run], tables: "Iterable[pd.DataFrame]") -> "pd.DataFrame":
    """A table of each run, below each other, with `run` (the folder's name) and `variant` in front."""
    import pandas as pd

    named = []
    for run, table in zip(runs, tables, strict=True):
        own = table.copy()
        own.insert(0, "run", run.name)
        own.insert(1, "variant", run.variant)
        named.append(own)
    return pd.concat(named, ignore_index=True)


def curve_table(run: Run, rule: str | None = None) -> "pd.DataFrame":
    """A row a curve at its chosen learning rate; medians over the seeds, and their range.

    Raises ConfigError for an unknown rule.
    """
    import pandas as pd

    summary = summarise(run, rule)
    table = pd.DataFrame([_row(curve, summary.level.final) for curve in summary.curves])
    return table.assign(partial=summary.partial) if summary.partial else table


def _row(curve: CurveSummary, final: str) -> dict[str, Any]:
    chosen, speedup = curve.selection, curve.speedup or Speedup(nan, nan)
    return {
        "curve": curve.curve,
        "label": curve.label,
        "depth": curve.depth,
        "optimizer": curve.optimizer,
        "seeds": curve.seeds,
        "lr": _number(chosen.lr),
        "edge": chosen.edge,
        "rates": len(chosen.rates),
        "rates_diverged": len(chosen.diverged),
        **_spread(final, curve.final),
        "speedup": _number(speedup.value),
        "speedup_low": speedup.low,
        "speedup_high": speedup.high,
        **_spread("final_norm", curve.final_norm),
        **_spread("effective_step", curve.final_effective_step),
        **{
            name: _number(value.median if isinstance(value, Spread) else value)
            for name, value in curve.outcomes.items()
        },
    }


def _spread(name: str, values: Spread | None) -> dict[str, float]:
    median, low, high = (values.median, values.low, values.high) if values else (nan, nan, nan)
    return {name: median, f"{name}_low": low, f"{name}_high": high}


def _number(value: float | None) -> float:
    """NaN where there is none, so that columns are numbers."""
    return nan if value is None else float(value)


def level_table(run: Run, rule: str | None = None) -> "pd.DataFrame":
    """A row a curve and fixed level, with the iterations that it takes to get there; none where it never does.

    Raises ConfigError for an unknown rule.
    """
    import pandas as pd

    summary = summarise(run, rule)
    rows = [
        {"curve": curve.curve, "label": curve.label, "level": level, "iterations": _number(iterations)}
        for curve in summary.curves
        for level, iterations in zip(summary.levels, curve.iterations_to, strict=True)
    ]
    return pd.DataFrame(rows, columns=["curve", "label", "level", "iterations"])
