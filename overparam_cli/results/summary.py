"""What is reported of one run, in one object: the table after a run, and `--json`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from math import inf, isfinite
from typing import Any

import numpy as np
import pandas as pd

from overparam_cli.experiments.kind import Level, Outcome
from overparam_cli.results.choice import Choice
from overparam_cli.results.curve import CurveRun, Divergence
from overparam_cli.results.run import Run
from overparam_cli.results.store import plain
from overparam_cli.results.trajectory import Speedup, median_speedup

__all__ = ["CurveSummary", "Divergence", "Spread", "Summary", "summarise"]


@dataclass(frozen=True)
class Spread:
    """Median and full range over the seeds."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread | None":
        """Summarise the values that are numbers; None where there are none."""
        numbers = [value for value in values if isfinite(value)]
        return cls(float(np.median(numbers)), min(numbers), max(numbers)) if numbers else None


@dataclass(frozen=True)
class CurveSummary:
    """What is reported of one curve, at its chosen learning rate."""

    curve: str
    label: str
    depth: int
    optimizer: str
    seeds: int
    selection: Choice
    final: Spread | None  # what the run is judged by, at the last iteration: the gap, or the cross-entropy
    iterations_to: tuple[float | None, ...]  # per fixed level, median over the seeds; None: not by most, or noise
    speedup: Speedup | None  # over the baseline at the baseline's own final value, median over the seeds
    speedup_per_seed: Mapping[int, Speedup]
    final_norm: Spread | None
    final_effective_step: Spread | None  # η‖W_e‖^(2−2/N); None for optimisers other than gradient descent
    outcomes: Mapping[str, Any]  # what this kind of run has beside that: counts and spreads, None where unknown


@dataclass(frozen=True)
class Summary:
    """What is reported of one run (one experiment, one variant)."""

    experiment: str
    name: str  # of the results folder: the experiment's, and what sets this run apart (fig3@smoke)
    variant: str
    title: str
    dataset: Mapping[str, Any]
    full_length: bool
    iterations: int
    full_iterations: int  # of the experiment as its file describes it, before any override
    optimum: Mapping[str, Any]
    baseline: str | None
    level: Level  # what the run is judged by
    outcomes: Sequence[Outcome]  # what its kind reports beside that
    levels: tuple[float, ...]  # those whose iterations are reported
    curves: tuple[CurveSummary, ...]
    divergences: tuple[Divergence, ...]
    warnings: tuple[str, ...]
    partial: str = ""  # how far a run is that has not finished

    def as_dict(self) -> dict[str, Any]:
        """Return the summary for JSON: infinities and NaN become null, keys strings, tuples lists.

        What the run is judged by goes under its own name there: final_gap and gaps, or final_cross_entropy and levels.
        """
        content = _entries(self, {"levels": self.level.levels})
        del content["level"], content["outcomes"]
        content |= {"partial": content.pop("partial")} if self.partial else {}
        content["curves"] = [_entries(curve, {"final": self.level.final}) for curve in self.curves]
        for curve in content["curves"]:
            curve |= curve.pop("outcomes")
        result: dict[str, Any] = plain(content)
        return result


def _entries(summary: CurveSummary | Summary, names: Mapping[str, str]) -> dict[str, Any]:
    """The fields by name, some of them under other names."""
    return {names.get(field.name, field.name): getattr(summary, field.name) for field in fields(summary)}


def summarise(run: Run, rule: str | None = None) -> Summary:
    """Report a run from its logs; `rule` overrides the experiment's selection rule.

    Raises ConfigError when the rule does not exist.
    """
    chosen = {name: curve.choose(rule) for name, curve in run.curves.items()}
    baseline = run.experiment.analysis.baseline
    return Summary(
        experiment=str(run.manifest["experiment"]),
        name=run.name,
        variant=run.variant,
        title=run.experiment.title,
        dataset=run.dataset,
        full_length=run.full_length,
        iterations=run.iterations,
        full_iterations=run.full_iterations,
        optimum=run.optimum,
        baseline=baseline,
        level=run.level,
        outcomes=tuple(run.kind.outcomes),
        levels=run.fixed_levels,
        curves=tuple(_summarise_curve(choice, chosen.get(baseline or "")) for choice in chosen.values()),
        divergences=tuple(row for curve in run.curves.values() for row in curve.divergences),
        warnings=(*run.notes, *(line for choice in chosen.values() for line in _warnings(choice))),
        partial=run.partial,
    )


def _summarise_curve(chosen: Choice, baseline: Choice | None) -> CurveSummary:
    """Report one curve at its chosen rate; without one, everything that needs it stays empty."""
    curve, levels = chosen.curve, chosen.curve.run.fixed_levels
    trials = list(curve.logs(chosen.lr).values())
    norms = [float(norm[-1]) for trial in trials if (norm := trial.column("norm")) is not None]
    steps = curve.effective_step(chosen.lr or 0.0, norms)
    per_seed = chosen.speedups(baseline) if baseline else {}
    return CurveSummary(
        curve=curve.name,
        label=curve.label,
        depth=curve.depth,
        optimizer=curve.optimizer,
        seeds=len(curve.seeds),
        selection=chosen,
        final=Spread.of([trial.final for trial in trials]),
        iterations_to=tuple(
            _median([trial.reaches(level) for trial in trials]) if level >= curve.floor else None for level in levels
        ),
        speedup=median_speedup(list(per_seed.values())),
        speedup_per_seed=per_seed,
        final_norm=Spread.of(norms),
        final_effective_step=Spread.of([] if steps is None else [float(step) for step in steps]),
        outcomes=_outcomes(curve, chosen.lr),
    )


def _outcomes(curve: CurveRun, lr: float | None) -> dict[str, Any]:
    """What this kind of run reports beside its level; spreads are those at the chosen rate."""
    found: dict[str, Any] = {}
    for outcome in curve.run.kind.outcomes:
        trials = curve.trials if outcome.count else curve.trials[curve.trials["lr"] == lr]
        values = pd.to_numeric(trials[outcome.column]).to_list() if outcome.column in trials else []
        numbers = [float(value) for value in values if isfinite(value)]
        found[outcome.column] = (int(numbers[0]) if numbers else None) if outcome.count else Spread.of(numbers)
    return found


def _median(iterations: Sequence[int | None]) -> float | None:
    """Return the median of iteration counts, those that were never reached counted as infinite; None for infinity."""
    counts = [inf if count is None else float(count) for count in iterations]
    median = float(np.median(counts)) if counts else inf
    return median if isfinite(median) else None


def _warnings(chosen: Choice) -> list[str]:
    """Return what a reader must know about the choice of a curve's rate."""
    label, lines = chosen.curve.label, []
    if chosen.lr is None:
        reason = "every learning rate diverged" if chosen.rates else "no finished trial"
        reason = "there is nothing to compare so far" if chosen.compared_at is not None else reason
        return [f"{label}: {'no learning rate has finished every seed' if chosen.incomplete else reason}"]
    if chosen.compared_at is not None and len(chosen.rates) > 1 and not chosen.standing:
        lines.append(
            f"{label}: lr {chosen.lr:g} is ahead at iteration {chosen.compared_at:,}, the last that all of its trials "
            "have come to"
        )
    if chosen.standing:
        none = ": no learning rate is better than another" if len(chosen.rates) > 1 else ""
        lines.append(f"{label}: {chosen.standing}{none}")
    if chosen.edge:
        lines.append(
            f"{label}: the best learning rate, {chosen.lr:g}, is the {chosen.edge} of the grid: "
            "a better one may lie outside it"
        )
    if chosen.lr in chosen.diverged:
        lines.append(
            f"{label}: with the best learning rate, {chosen.lr:g}, it diverges after its lowest {chosen.level.noun}"
        )
    if chosen.noise:
        lines.append(f"{label}: {chosen.noise}")
    trials = list(chosen.logs.values())
    if trials and np.median([trial.final for trial in trials]) > np.median([trial.start for trial in trials]):
        lines.append(f"{label}: even lr {chosen.lr:g} ends above its start")
    if chosen.incomplete:
        lines.append(f"{label}: {len(chosen.incomplete)} learning rates lack seeds and could not win")
    return lines
