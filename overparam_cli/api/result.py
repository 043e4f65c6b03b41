"""What was found, as data frames, figures and verdicts: `Result`."""

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from overparam_cli.errors import ConfigError
from overparam_cli.paths import at_home
from overparam_cli.words import count

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from overparam_cli.report.grid import Grid
    from overparam_cli.results.run import Run


class Result:
    """One or several runs (the variants of an experiment, or of several), read from logs or trained on arrays.

    Its tables are tidy: a row a trial, a logged iteration or a curve, with columns `run` (the folder's name) and
    `variant` in front. They are copies, made when they are first asked for.

    Attributes:
        runs: the variants, as the package itself reads them.
        notes: what is missing where a part of what was asked for is there.
    """

    def __init__(self, runs: Sequence["Run"], results: Path | None = None, notes: tuple[str, ...] = ()) -> None:
        """`results` is the folder that they stand in; None for what was trained on arrays."""
        self.runs, self.notes, self._results = tuple(runs), notes, results

    @classmethod
    def of_folders(cls, folders: Sequence[Path], results: Path, *, partial: bool = False) -> "Result":
        """Read run folders, in this order, `partial` as in `load`. Raises LogError."""
        from overparam_cli.results.run import Run

        return cls([Run.read(folder, partial=partial) for folder in folders], results)

    @property
    def variants(self) -> tuple[str, ...]:
        """The names of the variants: l2, l4, …"""
        return tuple(run.variant for run in self.runs)

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders that hold the logs; none for what was trained on arrays."""
        return () if self._results is None else tuple(run.folder for run in self.runs)

    @cached_property
    def trials(self) -> "pd.DataFrame":
        """A row a trial, as `trials.csv` has it: what it was, `status`, final and best loss and gap.

        One that several curves show has a row for each.
        """
        return self._stacked(run.trials for run in self.runs)

    @cached_property
    def log(self) -> "pd.DataFrame":
        """A row a logged iteration of a trial, as `log.csv` has it, with the trial's `curve`, `lr` and `seed`.

        Of one that several curves show, a row for each.
        """
        return self._stacked(_log_of(run) for run in self.runs)

    @cached_property
    def curves(self) -> "pd.DataFrame":
        """The rows of `log` that the figure shows: each curve at its chosen learning rate, with its `label`."""
        return self._stacked(_curves_of(run) for run in self.runs)

    def table(self, rule: str | None = None) -> "pd.DataFrame":
        """A row a curve: the chosen learning rate, what it ends at, its speedup over the baseline.

        `rule` chooses the rates in place of the experiment's own: final-gap, area, iterations-to-gap. Columns that end
        in `_low` and `_high` are the range over the seeds; without it in their name, the median.

        Raises ConfigError for an unknown rule.
        """
        from overparam_cli.results.frames import curve_table

        return self._stacked(curve_table(run, rule) for run in self.runs)

    def levels(self, rule: str | None = None) -> "pd.DataFrame":
        """A row a curve and fixed level: the `iterations` to get there, median over the seeds; none where it does not.

        Raises ConfigError for an unknown rule.
        """
        from overparam_cli.results.frames import level_table

        return self._stacked(level_table(run, rule) for run in self.runs)

    def plot(self, figure: str = "figure", *, variant: str | None = None, ax: "Axes | None" = None) -> "Figure":
        """Draw a figure that its kind has (figure, learning-rates, norms, …), a panel a variant, and return it.

        With `ax` one variant is drawn into these axes of yours: `variant` names it where there are several.

        Raises ConfigError for a figure or a variant that is not there, or that one pair of axes cannot hold.
        """
        from overparam_cli.figures.plots import draw_into, drawn

        runs = [run for run in self.runs if variant in (None, run.variant)]
        if not runs:
            raise ConfigError(f"there is no variant {variant!r}: choose from {', '.join(self.variants)}")
        if ax is None:
            return drawn(runs, figure)
        if len(runs) > 1:
            raise ConfigError(f"one pair of axes holds one variant: name one of {', '.join(self.variants)}")
        return draw_into(ax, runs[0], figure)

    def verify(self) -> "pd.DataFrame":
        """A row a claim of the paper about these experiments: what is required, what was measured, the verdict.

        Raises ConfigError where no claim is about them, LogError where logs are damaged.
        """
        if self._results is None:
            raise ConfigError("what was trained on arrays is no experiment of the paper: no claim is about it")
        return verdicts(self._results, list(dict.fromkeys(run.name for run in self.runs)))

    def export(self, folder: str | os.PathLike[str], form: str = "parquet") -> list[Path]:
        """Write its tables into a folder as `parquet`, or the logs of its trials for `tensorboard`; returns the files.

        Raises ConfigError for another form, and where the extra of that name is not installed; StorageError.
        """
        from overparam_cli.api.exporting import exported

        return [*exported(self, at_home(Path(folder)), form)]

    def _stacked(self, tables: Iterable["pd.DataFrame"]) -> "pd.DataFrame":
        """The tables of the runs below each other, with `run` and `variant` in front."""
        from overparam_cli.results.frames import stacked

        return stacked(self.runs, tables)

    def _grids(self) -> Iterator["Grid"]:
        from overparam_cli.report.summary import grids
        from overparam_cli.results.summary import summarise

        for run in self.runs:
            yield from grids(summarise(run))

    def _repr_html_(self) -> str:
        """The tables of `overparam table`, for a notebook; all text is escaped."""
        import html

        from overparam_cli.report.html import render

        notes = "".join(f"<p>{html.escape(note)}</p>\n" for note in self.notes)
        return "".join(map(render, self._grids())) + notes

    def __repr__(self) -> str:
        parts = [
            f"{run.name}/{run.variant}: {count(len(run.curves), 'curve')}, {count(len(run.trials), 'trial')}"
            for run in self.runs
        ]
        return f"<overparam.Result {'; '.join(parts)}>"


def _log_of(run: "Run") -> "pd.DataFrame":
    """The log, each row with its trial's curve, learning rate and seed in front."""
    names = ["trial_id", "curve", "lr", "seed"]
    log = run.log.assign(trial_id=run.log["trial_id"].astype("str")).merge(run.trials[names], on="trial_id")
    return log[[*names, *(name for name in log if name not in names)]]


def _curves_of(run: "Run") -> "pd.DataFrame":
    """The rows at the rates that are drawn, curve by curve in the experiment's order."""
    import pandas as pd

    log, rows = _log_of(run), []
    for place, (name, curve) in enumerate(run.curves.items()):
        own = log[(log["curve"] == name) & (log["lr"] == curve.choose().shown)]
        rows.append(own.assign(place=place))
    table = pd.concat(rows).sort_values(["place", "seed", "iteration"], kind="stable").drop(columns="place")
    table.insert(2, "label", table["curve"].map(run.labels))
    return table


def verdicts(results: Path, names: Sequence[str]) -> "pd.DataFrame":
    """A row a claim about what stands under `names` below a results folder; ConfigError where none is, LogError."""
    import pandas as pd

    from overparam_cli.claims import verify

    report = verify.verify(results, names)
    verify.check(report)
    rows = [
        {
            "claim": result.claim.id,
            "statement": result.claim.statement,
            "where": result.claim.where,
            "required": result.claim.requirement,
            "measured": result.finding.measured if result.finding else None,
            "verdict": result.verdict,
            "indication": result.indication,
            "notes": "; ".join(result.notes),
        }
        for result in report.asked
    ]
    return pd.DataFrame(rows)
