"""A world's runs, put together from what has been trained of the multiverse."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pandas as pd

from overparam_cli.claims.evidence import RULE, RunEvidence
from overparam_cli.claims.model import CannotJudgeError
from overparam_cli.errors import LogError
from overparam_cli.experiments import to_dict
from overparam_cli.multiverse.model import FINE, Choices, Multiverse, Reading, of_variant
from overparam_cli.multiverse.screening import passes
from overparam_cli.multiverse.training import experiment_of, own_rates, packs, points_of, rates, times, trials_of
from overparam_cli.multiverse.views import at_rates, judged_by, times_loss, until
from overparam_cli.multiverse.worlds import Part, axes_of, first, part
from overparam_cli.results import digests
from overparam_cli.results.choice import SELECTION
from overparam_cli.results.find import has_trials
from overparam_cli.results.plans import rows_shown, shown_of
from overparam_cli.results.reading import Tables, read_tables
from overparam_cli.results.rows import joined
from overparam_cli.results.run import Run
from overparam_cli.words import count

KEPT = 4  # parts of the multiverse that are held in memory at a time


class NotTrainedError(CannotJudgeError):
    """Trials that a world is made of have not been run, or not so far."""


@dataclass
class Library:
    """What has been trained below a folder, read when it is asked for; a part that is not finished is an error."""

    multiverse: Multiverse
    results: Path
    _runs: dict[tuple[Part, int | None], Run | CannotJudgeError] = field(default_factory=dict)
    _read: dict[tuple[object, ...], dict[str, RunEvidence] | CannotJudgeError] = field(default_factory=dict)
    _short: dict[tuple[Part, int | None], int] = field(default_factory=dict)

    def evidence(self, source: str, choices: Choices, experiments: tuple[str, ...]) -> RunEvidence | CannotJudgeError:
        """What a claim that reads these `experiments` is given of one of its `reads` in a world."""
        own, how = part(self.multiverse, source, choices), reading(self.multiverse, choices, experiments)
        factor = of_variant(how.factor or {}, own.variant, 1.0)
        key = (own, how.rates, factor, how.horizon, how.loss, how.smoothing)
        if key not in self._read:
            try:
                run = self._view(own, how, factor)
                self._read[key] = {rule: RunEvidence(run, (), (), rule) for rule in SELECTION}
            except CannotJudgeError as error:
                self._read[key] = error
        found = self._read[key]
        return found if isinstance(found, CannotJudgeError) else found[how.selection or RULE]

    def first_pass(self, source: str, choices: Choices, experiments: tuple[str, ...]) -> int | None:
        """The length of the first pass that `evidence` is of; None where it is of whole runs."""
        if not self._short:
            return None
        how = reading(self.multiverse, choices, experiments)
        return self._short.get((part(self.multiverse, source, choices), how.horizon))

    def _view(self, own: Part, how: Reading, factor: float) -> Run:
        run = self._run(own, how.horizon)
        run = judged_by(run, run.level_in(how.loss, how.smoothing))
        trained = rates(self.multiverse, own)
        asked = {
            curve: {times(rate, factor): rate for rate in found}
            for curve, found in own_rates(self.multiverse, own).items()
        }
        wanted = (
            {curve: {rate: times(rate, 1 / factor) for rate in found} for curve, found in trained.items()}
            if how.rates == FINE
            else asked
        )
        view = at_rates(times_loss(run, factor), wanted)
        for curve, found in asked.items():
            if min(found) < min(trained[curve]) and {*view.curves[curve].rates} <= {*view.curves[curve].diverged}:
                raise CannotJudgeError(f"{curve} diverges at every rate that was trained; smaller ones were left out")
        return view

    def _run(self, own: Part, horizon: int | None) -> Run:
        """A part's run up to a horizon; raises CannotJudgeError where it has not been trained so far."""
        key = (own, horizon)
        if key not in self._runs:
            if len({one for one, _ in self._runs} | {own}) > KEPT:
                self._runs.clear()
                self._read.clear()
            try:
                self._runs[key] = self._whole(own) if horizon is None else self._until(own, horizon)
            except CannotJudgeError as error:
                self._runs[key] = error
        found = self._runs[key]
        if isinstance(found, CannotJudgeError):
            raise found
        return found

    def _whole(self, own: Part) -> Run:
        return run_of(self.multiverse, own, self.results)

    def _until(self, own: Part, horizon: int) -> Run:
        """A part's run up to a horizon, from a first pass where there is nothing longer."""
        try:
            return until(self._run(own, None), horizon)
        except CannotJudgeError as reason:
            for short, folder in self._passes:
                if own.experiment in short.experiments and horizon <= (short.screen or 0):
                    with suppress(CannotJudgeError):
                        found = until(run_of(short, own, folder), horizon)
                        self._short[own, horizon] = short.screen or 0
                        return found
            raise reason

    @cached_property
    def _passes(self) -> list[tuple[Multiverse, Path]]:
        return passes(self.multiverse, self.results)


def reading(multiverse: Multiverse, choices: Choices, experiments: tuple[str, ...]) -> Reading:
    """How a world's runs are read."""
    found: dict[str, object] = {}
    chosen = {**first(multiverse), **choices}
    for axis in axes_of(multiverse, experiments):
        own = vars(axis.option(chosen[axis.name]).reading)
        found |= {name: value for name, value in own.items() if value is not None}
    return Reading(**found)  # type: ignore[arg-type]


def run_of(multiverse: Multiverse, own: Part, results: Path) -> Run:
    """The run of a part, its trials gathered from the folders that have them.

    Raises NotTrainedError where one is missing, LogError where a folder is damaged or was changed by hand.
    """
    plan = shown_of(trials_of(multiverse, own))
    wanted = {trial_id for trial_id, _ in plan}
    found = list(_tables(multiverse, own, results))
    missing, rows, logs = wanted, list[pd.DataFrame](), list[pd.DataFrame]()
    for tables in found:  # the first that has a trial gives it
        rows.append(tables.trials[tables.trials["trial_id"].isin(missing)])
        logs.append(tables.log[tables.log["trial_id"].isin(missing)])
        missing = missing.difference(rows[-1]["trial_id"])
    if missing:
        lacking = f"{len(missing)} of {count(len(wanted), 'trial')}"
        raise NotTrainedError(f"{lacking} of {own.experiment}/{own.variant} are not run")
    trials = rows_shown(pd.concat(rows, ignore_index=True), plan).assign(experiment=own.experiment)
    experiment = experiment_of(multiverse, own)
    about = {"experiment": own.experiment, "name": own.experiment, "config": to_dict(experiment)}
    return Run(results / own.experiment / own.variant, found[0].manifest | about, trials, joined(logs), len(wanted))


def _tables(multiverse: Multiverse, own: Part, results: Path) -> Iterator[Tables]:
    """What the folders hold that have trials of a part."""
    wanted = points_of(multiverse, own)
    for pack in packs(multiverse):
        place = results / pack.folder
        if not wanted.isdisjoint(pack.points) and has_trials(place):
            tables = read_tables(place)
            if tables.changed:
                raise LogError(f"{place}: {digests.said(tables.changed)}: restore it, or run it elsewhere")
            yield tables
