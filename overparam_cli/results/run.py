"""A finished run folder as an object: `Run` > `CurveRun` > `Trajectory`.

Whatever is reported, drawn or judged of a run is asked of it; nobody else digs into its manifest or its tables.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from overparam_cli import paper
from overparam_cli.errors import LogError
from overparam_cli.experiments import Experiment, expand, from_dict, is_full, to_dict
from overparam_cli.experiments.kind import Kind, Level, kind
from overparam_cli.results import digests
from overparam_cli.results.curve import CurveRun
from overparam_cli.results.plans import Shown, last_plan, outdated, rows_shown, shown_of
from overparam_cli.results.reading import Tables, read_so_far, read_tables
from overparam_cli.results.rows import Owners, Rows
from overparam_cli.results.schema import DIVERGED, UNFINISHED
from overparam_cli.results.trajectory import SMALLEST, Trajectory
from overparam_cli.words import count

FRACTIONS = (1 / 2, 1 / 5, 1 / 10, 1 / 20, 1 / 50, 1 / 100)  # of the level at W = 0, the same levels for every curve
LATE = 0.05  # a trial that diverges after this fraction of the run had long looked fine


@dataclass(frozen=True, eq=False)
class Run:
    """One run folder (one variant of an experiment), read and checked. Its tables are not to be changed.

    Attributes:
        trials, log: of the trials that the last plan asks for and that have finished. A trial that several curves show
            has a row of `trials` for each.
        planned: how many the plan asks for.
        others: how many trials of other plans stand in the folder besides.
        changed: the names of the files that are not what the program wrote.
        judged_by: what its curves are judged by, where that is not what runs of its kind are judged by.
    """

    folder: Path
    manifest: dict[str, Any]
    trials: pd.DataFrame
    log: pd.DataFrame
    planned: int = 0
    others: int = 0
    changed: tuple[str, ...] = ()
    judged_by: Level | None = None

    @staticmethod
    def read(folder: Path, *, partial: bool = False) -> "Run":
        """Read and check a run folder, once for as long as its files stay as they are.

        Rows of `log.csv` of trials that `trials.csv` lacks are left out: unfinished. With `partial` trials under way
        are there as far as they have come. Raises LogError naming the file and the fault.
        """
        return _last(folder, read_so_far(folder) if partial else read_tables(folder))

    @staticmethod
    def of(folder: Path, experiment: Experiment, *, partial: bool = False) -> "Run":
        """What a run folder holds of an experiment as it reads now, whatever plans were run there; as `read`."""
        tables = read_so_far(folder) if partial else read_tables(folder)
        trials = expand(experiment).get(folder.name, ())
        config = {"experiment": experiment.name, "name": experiment.name, "config": to_dict(experiment)}
        asked = {"overrides": {}, "full_length": is_full(experiment, {})}
        return _part(folder, replace(tables, manifest=tables.manifest | config | asked), shown_of(trials))

    @property
    def name(self) -> str:
        """Of the experiment's folder: the experiment's, and what sets this run apart (fig3@smoke)."""
        return str(self.manifest.get("name") or self.manifest["experiment"])

    @property
    def variant(self) -> str:
        """Which variant of the experiment: l2, l4, …"""
        return str(self.manifest["variant"])

    @property
    def dataset(self) -> dict[str, Any]:
        """What the manifest says of the data."""
        return dict(self.manifest["dataset"])

    @property
    def optimum(self) -> dict[str, Any]:
        """The optimal loss and its certificate; empty for networks without one."""
        return dict(self.manifest.get("optimum", {}))

    @cached_property
    def experiment(self) -> Experiment:
        """The experiment that was run, overrides applied."""
        return from_dict(self.manifest["config"])

    @cached_property
    def kind(self) -> Kind:
        """The kind of network."""
        return kind(self.experiment.kind)

    @property
    def level(self) -> Level:
        """What its curves are judged by."""
        return self.judged_by or self.kind.levels[0]

    def level_in(self, loss: str | None = None, smoothing: str | None = None) -> Level:
        """What that is in another of the losses, or smoothed otherwise; None leaves it as it is."""
        wanted = (loss or self.level.loss, smoothing or self.level.smoothing)
        return next(one for one in self.kind.levels if (one.loss, one.smoothing) == wanted)

    @cached_property
    def labels(self) -> dict[str, str]:
        """Curve → label for the curves that have trials, in the order of the experiment file."""
        present = dict.fromkeys(str(curve) for curve in self.trials["curve"])
        described = {curve.name: curve.label for curve in self.experiment.curves}
        return {curve: described.get(curve, curve) for curve in {**described, **present} if curve in present}

    @cached_property
    def curves(self) -> Mapping[str, CurveRun]:
        """The curves that have trials, in the order of the experiment file."""
        return {name: CurveRun(self, name) for name in self.labels}

    @cached_property
    def trained(self) -> pd.DataFrame:
        """`trials` with each trial once."""
        return self.trials.drop_duplicates("trial_id", ignore_index=True)

    @cached_property
    def places_of(self) -> Mapping[Any, Any]:
        """Curve → the places of its rows in `trials`."""
        return self.trials.groupby("curve").indices

    @cached_property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of its trials, ascending."""
        return tuple(sorted(int(seed) for seed in self.trials["seed"].unique()))

    @cached_property
    def iterations(self) -> int:
        """The iterations that its trials were given; as long as one is under way, those that any has come to."""
        return int((self.log["iteration"] if self.partial else self.trials["iterations"]).max())

    @cached_property
    def under_way(self) -> Mapping[str, int]:
        """Trial id → the iteration that it has come to, of the trials that have not finished."""
        going = self.trials.loc[self.trials["status"] == UNFINISHED, "trial_id"]
        log = self.log[self.log["trial_id"].isin(going)]
        last = log.groupby("trial_id", observed=True)["iteration"].max()
        return {str(trial_id): int(at) for trial_id, at in last.items()}

    @cached_property
    def partial(self) -> str:
        """How far trials are that have not finished, in words; "" where none is looked at."""
        if not self.under_way:
            return ""
        first, last = min(self.under_way.values()), max(self.under_way.values())
        at = f"iteration {last:,}" if first == last else f"iterations {first:,} to {last:,}"
        return f"at {at} of {int(self.trials['iterations'].max()):,}, not finished"

    @property
    def full_iterations(self) -> int:
        """The iterations that the experiment's file asks for, whatever an override made of them."""
        settings = {**self.experiment.trial, **self.experiment.variants.get(self.variant, {})}
        return int(settings.get("iterations") or self.iterations)

    @cached_property
    def lost(self) -> pd.Series:
        """The mask of the trials that diverged; a final level that is no number counts as divergence."""
        finite = np.isfinite(self.trials[self.level.final].to_numpy(np.float64))
        mask: pd.Series = (self.trials["status"] == DIVERGED) | (~finite & (self.trials["status"] != UNFINISHED))
        return mask

    @cached_property
    def level_at_zero(self) -> float:
        """The level at W = 0, common to all curves whatever their initialisation."""
        known = self.kind.level_at_zero(self.manifest)
        if known is not None:
            return known
        return float(self.log.loc[self.log["iteration"] == 0, self.level.column].median())

    @property
    def fixed_levels(self) -> tuple[float, ...]:
        """The levels whose iterations are reported: `analysis.gaps`, or FRACTIONS of the level at W = 0."""
        given = self.experiment.analysis.gaps
        return tuple(map(float, given)) if given else tuple(self.level_at_zero * share for share in FRACTIONS)

    @cached_property
    def floor(self) -> float:
        """The gap below which this run's numbers mean nothing.

        That is the largest of: the width of the optimum's certified interval, the spacing of float64 at the optimum,
        the most negative gap in the log (a gap below zero shows by its size how imprecise the losses are), and what is
        left of the gap at W = 0 when every prediction is right up to a rounding (an optimum of 0 has no width).
        """
        loss = float(self.optimum.get("loss") or 0.0)
        width = loss - float(self.optimum.get("lower_bound", loss))
        gaps = self.log["gap"].to_numpy(np.float64)
        undershoot = -float(np.min(gaps, initial=0.0, where=np.isfinite(gaps)))
        rounding = [self.kind.rounding(self.level_at_zero, str(name)) for name in self.trials["loss"].unique()]
        return max(width, float(np.spacing(loss)), undershoot, *rounding, SMALLEST)

    @property
    def full_length(self) -> bool:
        """Whether it is the whole experiment as its file describes it, on the paper's data."""
        return bool(self.manifest.get("full_length", False))

    @property
    def shortcomings(self) -> tuple[str, ...]:
        """Why it may not bear a verdict on the paper: other data, fewer iterations, other settings; empty if it may."""
        found = [*([self.partial] if self.partial else []), *paper.shortcomings(self.dataset)]
        if self.iterations < self.full_iterations and not paper.is_own(self.dataset):
            found.append(f"{self.iterations:,} of {count(self.full_iterations, 'iteration')}")
        if not self.full_length and not found:
            changed = ", ".join(f"{key} = {value}" for key, value in (self.manifest.get("overrides") or {}).items())
            found.append(changed or "not the whole experiment")
        found += [self.outdated] if self.outdated else []
        return (*([digests.said(self.changed)] if self.changed else []), *found)

    @cached_property
    def outdated(self) -> str:
        """Why its trials are not those of the built-in experiment whose name it has; "" where they are."""
        return outdated(self.manifest)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know of the folder before its numbers."""
        found = [self._going] if self.partial else []
        found += [f"{digests.said(self.changed)}: restore it, or run it with --accept-changes"] if self.changed else []
        found += [f"{name} was edited by hand, and accepted" for name in self.manifest.get("accepted", {})]
        found += [self.outdated] if self.outdated else []
        if self.others:
            several = "s of other plans are" if self.others > 1 else " of another plan is"
            found.append(f"{self.others} trial{several} in the folder besides, and not shown")
        return tuple(found)

    @property
    def _going(self) -> str:
        """What a reader of a run under way must know."""
        there, going = self.trials["trial_id"].nunique(), len(self.under_way)
        parts = [f"{there - going} of {count(self.planned, 'trial')} finished"]
        parts += [f"{self.planned - there} not begun"] if self.planned > there else []
        return f"{self.partial} ({', '.join(parts)}): numbers are those so far, and no verdict"

    @cached_property
    def unfinished_seeds(self) -> tuple[int, ...]:
        """The seeds that lack a curve at a learning rate which the experiment asks for or another seed has."""
        trials = self.trials
        found = set(zip(trials["curve"], trials["lr"].astype(float), trials["seed"].astype(int), strict=True))
        wanted = self._grid() | {(curve, lr) for curve, lr, _ in found}
        return tuple(seed for seed in self.seeds if any((curve, lr, seed) not in found for curve, lr in wanted))

    def _grid(self) -> set[tuple[str, float]]:
        """The (curve, learning rate) pairs that the experiment asks for, as far as the manifest says."""
        experiment, pairs = self.experiment, set()
        variant = experiment.variants.get(self.variant, {})
        for curve in experiment.curves:
            rates = {**experiment.trial, **variant, **curve.settings, **experiment.forced}.get("lr", ())
            pairs |= {(curve.name, float(lr)) for lr in (rates if isinstance(rates, tuple) else (rates,))}
        return pairs

    def only(self, seeds: tuple[int, ...]) -> "Run":
        """The same run of some of its seeds."""
        trials = self.trials[self.trials["seed"].isin(seeds)].reset_index(drop=True)
        return replace(self, trials=trials, log=self.log[self.log["trial_id"].isin(trials["trial_id"])])

    def trajectory(self, trial_id: str) -> Trajectory:
        """One trial's rows of the log, sorted by iteration.

        A running mean is blank until it covers all the passes it is the mean of: the first rows are means of a few
        mini-batches, or of one, and by luck may lie where the curve is not for long.
        """
        if trial_id not in self._trajectories:
            fate = {"lost": trial_id in self._lost_ids, "going": trial_id in self.under_way}
            self._trajectories[trial_id] = Trajectory(self._rows.of(trial_id), self.level, **fate)
        return self._trajectories[trial_id]

    @cached_property
    def _lost_ids(self) -> frozenset[str]:
        return frozenset(self.trials.loc[self.lost, "trial_id"])

    @cached_property
    def _trajectories(self) -> dict[str, Trajectory]:
        return {}

    @cached_property
    def _rows(self) -> Rows:
        """The log without what comes after divergence and means that lack some of their passes."""
        late = self.log["iteration"].to_numpy() > Owners(self.log["trial_id"]).of(
            self.trained.set_index("trial_id")["diverged_at"]
        )
        log = self.log[~late] if late.any() else self.log
        for name, column in self.kind.columns.items():
            if column.smoothed > 1 and name in log:
                whole = log["iteration"] >= min(column.smoothed - 1, self.iterations)
                log = log.assign(**{name: log[name].where(whole)})
        return Rows(log)


@lru_cache(maxsize=64)
def _last(folder: Path, tables: Tables) -> Run:
    """The last plan's part of what stands in a folder."""
    try:
        plan = last_plan(tables.manifest, tables.trials)
    except LogError as error:
        raise LogError(f"{folder} is damaged: {error}") from None
    return _part(folder, tables, plan)


def _part(folder: Path, tables: Tables, plan: Shown) -> Run:
    """A plan's part of what stands in a folder."""
    trials = rows_shown(tables.trials, plan)
    others, log = len(tables.trials) - trials["trial_id"].nunique(), tables.log
    if others:
        log = log[log["trial_id"].isin(trials["trial_id"])].reset_index(drop=True)
    planned = len({trial_id for trial_id, _ in plan})
    return Run(folder, tables.manifest, trials, log, planned, others, tables.changed)
