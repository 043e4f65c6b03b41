"""Which learning rate stands for a curve: "the one giving fastest convergence" (App. C.1) as a rule.

A rule scores one trial, lower is better; a rate's score is the median over its seeds; the lowest score wins. Only rates
with which no seed diverged (but by a rule of ANY_TIME), and for which every seed of the curve has been run, can win.
Ties go to the lower final level, of those where numbers mean nothing any more to the first to get there, then to the
smaller rate; so the choice never depends on noise, or on the order of the rows.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import inf, isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from overparam_cli.errors import ConfigError
from overparam_cli.experiments.kind import Level
from overparam_cli.results.standing import standing
from overparam_cli.results.trajectory import Speedup, Trajectory, speedup

if TYPE_CHECKING:
    from overparam_cli.results.curve import CurveRun

Rule = Callable[[Trajectory, float, float, int], float]
"""The score of a trial: given the level to reach, that below which numbers mean nothing, and iterations asked for."""

SELECTION: dict[str, Rule] = {
    "final-gap": lambda trial, target, floor, until: max(trial.final, floor),
    "lowest-gap": lambda trial, target, floor, until: max(trial.lowest, floor),
    "area": lambda trial, target, floor, until: trial.area(floor, until),
    "iterations-to-gap": lambda trial, target, floor, until: inf if (at := trial.crossing(target)) is None else at,
}
ANY_TIME = frozenset({"lowest-gap"})  # the rules that do not ask what becomes of a trial afterwards


def choose(curve: "CurveRun", rule: str | None = None, *, target: float | None = None) -> "Choice":
    """Choose the learning rate that stands for a curve.

    `rule` is a key of SELECTION; by default the experiment's `analysis.selection`. `target` is the level of the
    rule iterations-to-gap; by default `analysis.target_gap`, and without that a tenth of the level at W = 0.

    Raises ConfigError when the rule does not exist.
    """
    analysis = curve.run.experiment.analysis
    rule = rule or analysis.selection
    if rule not in SELECTION:
        raise ConfigError(f"unknown selection rule {rule!r}: choose one of {', '.join(SELECTION)}")
    goal = target or analysis.target_gap or curve.run.level_at_zero / 10
    barred = {*curve.incomplete, *(() if rule in ANY_TIME else curve.diverged)}
    able = [lr for lr in curve.rates if lr not in barred]
    ranked, floor, until = [], curve.floor, curve.run.iterations if curve.reached is None else curve.reached
    for lr in able:
        trials = [trial if curve.reached is None else trial.until(until) for trial in curve.logs(lr).values()]
        if not all(trial.points[0].size for trial in trials):
            continue  # under way, and without a number so far
        score = float(np.median([SELECTION[rule](trial, goal, floor, until) for trial in trials]))
        final = float(np.median([max(trial.final, floor) if isfinite(trial.final) else inf for trial in trials]))
        ranked.append((score, final, _arrival(trials, floor), lr))
    best = min(ranked)[-1] if ranked else None
    ended = tuple(lr for _, final, _, lr in ranked if final <= floor)
    return Choice(curve, rule, best, {lr: score for score, *_, lr in ranked}, curve.run.level, ended)


def _arrival(trials: Sequence[Trajectory], floor: float) -> float:
    """The iteration at which the level falls to `floor`, median over the seeds; infinite for never."""
    reached = [trial.reaches(floor) for trial in trials]
    return float(np.median([inf if at is None else at for at in reached]))


@dataclass(frozen=True, eq=False)
class Choice:
    """The learning rate chosen for a curve, and what a reader must know about the choice.

    Attributes:
        lr: the best rate; None where every rate diverged, or none has been run with every seed.
        scores: of the rates that could win.
        level: what its trials are judged by; that of the run unless `by` says otherwise.
        at_floor: the rates that end where numbers mean nothing any more (`Run.floor`), or their trials were stopped.
    """

    curve: "CurveRun"
    rule: str
    lr: float | None
    scores: Mapping[float, float]
    level: Level
    at_floor: tuple[float, ...] = ()

    @property
    def rates(self) -> tuple[float, ...]:
        """The grid as far as it has been run, ascending."""
        return self.curve.rates

    @property
    def diverged(self) -> tuple[float, ...]:
        """Rates with which at least one seed diverged."""
        return self.curve.diverged

    @property
    def incomplete(self) -> tuple[float, ...]:
        """Rates that lack seeds which other rates of the curve have."""
        return self.curve.incomplete

    @cached_property
    def standing(self) -> str:
        """Why the chosen rate is not the best, in words that follow the curve's name; "" where it is.

        Nor where `noise` says more.
        """
        if self.lr in self.at_floor:
            return ""
        dtypes = self.curve.trials.get("dtype", ["float32"])
        return standing(self.curve.logs(self.lr).values(), str(next(iter(dtypes), "")))

    @property
    def compared_at(self) -> int | None:
        """Where a curve is under way: the iteration at which its rates are compared, which is no end."""
        return self.curve.reached

    @property
    def edge(self) -> str | None:
        """Which edge of the grid won, "lowest" or "highest": the best may lie outside.

        None for a fixed rate, and where there is no best.
        """
        told_to_stop = self.curve.stops_at > self.curve.run.floor
        if self.lr is None or len(self.rates) < 2 or self.standing or (self.noise and not told_to_stop):
            return None
        return {self.rates[0]: "lowest", self.rates[-1]: "highest"}.get(self.lr)

    @property
    def noise(self) -> str:
        """What must be known where the chosen rate ends below the precision of the optimum; "" elsewhere.

        Or at the gap at which its trials were told to stop.
        """
        if self.lr not in self.at_floor:
            return ""
        if (stop := self.curve.stops_at) > self.curve.run.floor:
            first = f": of {len(self.at_floor)} learning rates that came there, the first won"
            return f"trials end at a {self.level.noun} of {stop:g}{first if len(self.at_floor) > 1 else ''}"
        end = f"below the precision of the optimum, {self.curve.run.floor:.0e}"
        if len(self.at_floor) == 1:
            return f"only lr {self.lr:g} ends {end}: the rest of its final {self.level.noun} is noise"
        return f"{len(self.at_floor)} learning rates end {end}, where their order is noise: the first to get there won"

    @property
    def shown(self) -> float | None:
        """The rate to draw: the chosen one; without it the smallest, which is the one that diverges last."""
        return self.lr if self.lr is not None else min(self.rates, default=None)

    @property
    def rate(self) -> float | None:
        """The rate that stands for the curve: the chosen one; a fixed rate stands whatever comes of it."""
        return self.rates[0] if len(self.rates) == 1 else self.lr

    @cached_property
    def logs(self) -> dict[int, Trajectory]:
        """Seed → trial at the rate that stands for the curve; empty without one."""
        return {seed: trial.by(self.level) for seed, trial in self.curve.logs(self.rate).items()}

    @cached_property
    def lost(self) -> frozenset[int]:
        """The seeds that diverged at that rate; only with a fixed one."""
        return frozenset(seed for lr, seed in self.curve.lost if lr == self.rate)

    def by(self, level: Level) -> "Choice":
        """The same choice, its trials judged by another level."""
        return replace(self, level=level)

    def speedups(self, baseline: "Choice", level: float | None = None) -> dict[int, Speedup]:
        """Seed → speedup over the baseline, each at its chosen rate, for the seeds that both have.

        `level` is the one to reach; by default each seed's own: the baseline's final one, but none below the floor.
        """
        if self.lr is None or baseline.lr is None:
            return {}
        common = sorted(self.logs.keys() & baseline.logs.keys())
        floor = baseline.curve.floor
        goals = {seed: max(baseline.logs[seed].final, floor) if level is None else level for seed in common}
        return {seed: speedup(self.logs[seed], baseline.logs[seed], goals[seed]) for seed in common}

    def as_dict(self) -> dict[str, Any]:
        """The choice for JSON."""
        names = ("rule", "lr", "rates", "diverged", "incomplete", "edge", "standing", "scores")
        so_far = {} if self.compared_at is None else {"compared_at": self.compared_at}
        return {"curve": self.curve.name, **{name: getattr(self, name) for name in names}, **so_far}
