"""What is reported of one run, in one object: the table after a run, and `--json`."""

from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any

import numpy as np
import pandas as pd

from overparam_cli.results.logs import Run
from overparam_cli.results.measure import Measure, is_cnn, measure_of
from overparam_cli.results.runs import (
    DESCENT,
    curve_labels,
    depth_of,
    fixed_gaps,
    full_iterations,
    iterations,
    optimizer_of,
)
from overparam_cli.results.selection import Selection, best_learning_rate, diverged, logs_of, trials_of
from overparam_cli.results.trajectories import (
    Speedup,
    effective_step,
    final_gap,
    median_speedup,
    reaches,
    speedup,
)


@dataclass(frozen=True)
class Spread:
    """Median and full range over the seeds."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: list[float]) -> "Spread | None":
        """Summarise the values that are numbers; None where there are none."""
        numbers = [value for value in values if isfinite(value)]
        return cls(float(np.median(numbers)), min(numbers), max(numbers)) if numbers else None


@dataclass(frozen=True)
class Divergence:
    """The seeds that diverged with one learning rate of one curve."""

    curve: str
    lr: float
    seeds: tuple[int, ...]
    of: int  # seeds run
    first: int | None  # iterations of the first and the last divergence
    last: int | None


@dataclass(frozen=True)
class CurveSummary:
    """What is reported of one curve, at its chosen learning rate."""

    curve: str
    label: str
    depth: int
    optimizer: str
    seeds: int
    selection: Selection
    final: Spread | None  # what the run is judged by, at the last iteration: the gap, or the cross-entropy
    iterations_to: tuple[
        float | None, ...
    ]  # per fixed level, median over the seeds; None: not by every seed (see `_median`)
    speedup: Speedup | None  # over the baseline at the baseline's own final value, median over the seeds
    speedup_per_seed: dict[int, Speedup]
    final_norm: Spread | None
    final_effective_step: Spread | None  # η‖W_e‖^(2−2/N); None for optimisers other than gradient descent
    extra: dict[str, Any]  # what this kind of run has beside that: counts and spreads, None where unknown


@dataclass(frozen=True)
class Summary:
    """What is reported of one run (one experiment, one variant)."""

    experiment: str
    name: str  # of the results folder: the experiment's, and what sets this run apart (fig3@smoke)
    variant: str
    title: str
    dataset: dict[str, Any]
    full_length: bool
    iterations: int
    full_iterations: int  # of the experiment as its file describes it, before any override
    optimum: dict[str, Any]
    baseline: str | None
    measure: Measure
    levels: tuple[float, ...]  # of the measure
    curves: tuple[CurveSummary, ...]
    divergences: tuple[Divergence, ...]
    warnings: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the summary for JSON: infinities and NaN become null, keys strings, tuples lists.

        What the run is judged by goes under its own name there: final_gap and gaps, or final_cross_entropy and levels.
        """
        plain: dict[str, Any] = _plain(asdict(self))
        curves = [_renamed(curve, {"final": self.measure.final}) for curve in plain["curves"]]
        plain["curves"] = [
            {key: value for key, value in curve.items() if key != "extra"} | curve["extra"] for curve in curves
        ]
        del plain["measure"]
        return _renamed(plain, {"levels": self.measure.levels})


def summarise(run: Run, rule: str | None = None) -> Summary:
    """Report a run from its logs; `rule` overrides the experiment's selection rule.

    Raises ConfigError when the rule does not exist.
    """
    manifest = run.manifest
    config, labels = manifest["config"], curve_labels(run)
    chosen = {curve: best_learning_rate(run, curve, rule) for curve in labels}
    baseline = config.get("analysis", {}).get("baseline")
    levels = fixed_gaps(run)
    return Summary(
        experiment=manifest["experiment"],
        name=manifest.get("name") or manifest["experiment"],
        variant=manifest["variant"],
        title=config.get("title", manifest["experiment"]),
        dataset=dict(manifest["dataset"]),
        full_length=bool(manifest.get("full_length", False)),
        iterations=iterations(run),
        full_iterations=full_iterations(run),
        optimum=dict(manifest.get("optimum", {})),
        baseline=baseline,
        measure=measure_of(run),
        levels=levels,
        curves=tuple(
            _summarise_curve(run, chosen[curve], chosen.get(baseline), levels, labels[curve]) for curve in labels
        ),
        divergences=divergences(run),
        warnings=tuple(line for curve in labels for line in _warnings(chosen[curve], labels[curve])),
    )


def speedups(run: Run, curve: Selection, baseline: Selection, gap: float | None = None) -> dict[int, Speedup]:
    """Return seed → speedup of a curve over the baseline, each at its chosen rate, for the seeds that both have.

    `gap` is the level of the run's measure to reach; by default each seed's own: the baseline's final one.
    """
    column = measure_of(run).column
    if curve.lr is None or baseline.lr is None:
        return {}
    ours, theirs = logs_of(run, curve.curve, curve.lr), logs_of(run, baseline.curve, baseline.lr)
    common = sorted(ours.keys() & theirs.keys())
    goals = {seed: final_gap(theirs[seed], column) if gap is None else gap for seed in common}
    return {seed: speedup(ours[seed], theirs[seed], goals[seed], column) for seed in common}


def divergences(run: Run) -> tuple[Divergence, ...]:
    """Return every (curve, learning rate) with a diverged seed, in the order of the curves and of the rates."""
    rows = []
    for curve in curve_labels(run):
        own = trials_of(run, curve)
        for lr in sorted(float(rate) for rate in own["lr"].unique()):
            trials = own[own["lr"] == lr]
            failed = trials[diverged(trials, measure_of(run))]
            if len(failed):
                at = pd.to_numeric(failed["diverged_at"]).dropna()
                seeds = tuple(int(seed) for seed in failed["seed"])
                first, last = (int(at.min()), int(at.max())) if len(at) else (None, None)
                rows.append(Divergence(curve, lr, seeds, len(trials), first, last))
    return tuple(rows)


def _summarise_curve(
    run: Run, chosen: Selection, baseline: Selection | None, levels: tuple[float, ...], label: str
) -> CurveSummary:
    """Report one curve at its chosen rate; without one, everything that needs it stays empty."""
    trials, column = trials_of(run, chosen.curve), measure_of(run).column
    depth, optimizer = depth_of(run, chosen.curve), optimizer_of(run, chosen.curve)
    logs = list(logs_of(run, chosen.curve, chosen.lr).values()) if chosen.lr is not None else []
    norms = [float(log["norm"].iloc[-1]) for log in logs if "norm" in log]
    steps = [float(effective_step(chosen.lr or 0.0, norm, depth)) for norm in norms]
    per_seed = speedups(run, chosen, baseline) if baseline else {}
    return CurveSummary(
        curve=chosen.curve,
        label=label,
        depth=depth,
        optimizer=optimizer,
        seeds=int(trials["seed"].nunique()),
        selection=chosen,
        final=Spread.of([final_gap(log, column) for log in logs]),
        iterations_to=tuple(_median([reaches(log, level, column) for log in logs]) for level in levels),
        speedup=median_speedup(list(per_seed.values())),
        speedup_per_seed=per_seed,
        final_norm=Spread.of(norms),
        final_effective_step=Spread.of(steps if optimizer in DESCENT else []),
        extra=_extra(trials[trials["lr"] == chosen.lr], trials) if is_cnn(run) else {},
    )


def _extra(shown: pd.DataFrame, trials: pd.DataFrame) -> dict[str, Any]:
    """Return what the CNN has beside its loss: parameters, and errors in percent at the chosen rate (`shown`)."""
    counts = pd.to_numeric(trials["parameters"]).dropna() if "parameters" in trials else pd.Series(dtype="float64")
    found: dict[str, Any] = {"parameters": int(counts.iloc[0]) if len(counts) else None}
    for column in ("final_validation_error", "final_test_error"):
        values = pd.to_numeric(shown[column]).to_list() if column in shown else []
        found[column] = Spread.of([float(value) for value in values])
    return found


def _median(iterations: list[int | None]) -> float | None:
    """Return the median of iteration counts, those that were never reached counted as infinite; None for infinity."""
    counts = [float("inf") if count is None else float(count) for count in iterations]
    median = float(np.median(counts)) if counts else float("inf")
    return median if isfinite(median) else None


def _warnings(chosen: Selection, label: str) -> list[str]:
    """Return what a reader must know about the choice of a curve's rate."""
    if chosen.lr is None:
        reason = "every learning rate diverged" if chosen.rates else "no finished trial"
        return [f"{label}: {reason if not chosen.incomplete else 'no learning rate has finished every seed'}"]
    lines = []
    if chosen.edge:
        lines.append(
            f"{label}: the best learning rate, {chosen.lr:g}, is the {chosen.edge} of the grid: "
            "a better one may lie outside it"
        )
    if chosen.incomplete:
        lines.append(f"{label}: {len(chosen.incomplete)} learning rates lack seeds and could not win")
    return lines


def _renamed(content: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """Return the same dictionary, in the same order, with some keys under other names."""
    return {names.get(key, key): value for key, value in content.items()}


def _plain(value: Any) -> Any:
    """Return JSON's own types: no NaN, no infinity, no tuples, string keys."""
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if isinstance(value, float):
        return value if isfinite(value) else None
    return value
