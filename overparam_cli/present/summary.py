"""What is reported of one run, in one object: the table after a run, and `--json`."""

from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any

import numpy as np
import pandas as pd

from overparam_cli.logs import Run
from overparam_cli.present.runs import (
    DESCENT,
    curve_labels,
    depth_of,
    fixed_gaps,
    full_iterations,
    iterations,
    optimizer_of,
)
from overparam_cli.present.selection import Selection, best_learning_rate, diverged, logs_of, trials_of
from overparam_cli.present.trajectories import (
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
    final_gap: Spread | None
    iterations_to: tuple[
        float | None, ...
    ]  # per fixed gap, median over the seeds; None: not by every seed (see `_median`)
    speedup: Speedup | None  # over the baseline at the baseline's own final gap, median over the seeds
    speedup_per_seed: dict[int, Speedup]
    final_norm: Spread | None
    final_effective_step: Spread | None  # η‖W_e‖^(2−2/N); None for optimisers other than gradient descent


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
    gaps: tuple[float, ...]
    curves: tuple[CurveSummary, ...]
    divergences: tuple[Divergence, ...]
    warnings: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the summary for JSON: infinities and NaN become null, keys strings, tuples lists."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain


def summarise(run: Run, rule: str | None = None) -> Summary:
    """Report a run from its logs; `rule` overrides the experiment's selection rule.

    Raises ConfigError when the rule does not exist.
    """
    manifest = run.manifest
    config, labels = manifest["config"], curve_labels(run)
    chosen = {curve: best_learning_rate(run, curve, rule) for curve in labels}
    baseline = config.get("analysis", {}).get("baseline")
    gaps = fixed_gaps(run)
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
        gaps=gaps,
        curves=tuple(
            _summarise_curve(run, chosen[curve], chosen.get(baseline), gaps, labels[curve]) for curve in labels
        ),
        divergences=divergences(run),
        warnings=tuple(line for curve in labels for line in _warnings(chosen[curve], labels[curve])),
    )


def speedups(run: Run, curve: Selection, baseline: Selection, gap: float | None = None) -> dict[int, Speedup]:
    """Return seed → speedup of a curve over the baseline, each at its chosen rate, for the seeds that both have.

    `gap` is the gap to reach; by default each seed's own: the baseline's final gap.
    """
    if curve.lr is None or baseline.lr is None:
        return {}
    ours, theirs = logs_of(run, curve.curve, curve.lr), logs_of(run, baseline.curve, baseline.lr)
    common = sorted(ours.keys() & theirs.keys())
    return {seed: speedup(ours[seed], theirs[seed], final_gap(theirs[seed]) if gap is None else gap) for seed in common}


def divergences(run: Run) -> tuple[Divergence, ...]:
    """Return every (curve, learning rate) with a diverged seed, in the order of the curves and of the rates."""
    rows = []
    for curve in curve_labels(run):
        own = trials_of(run, curve)
        for lr in sorted(float(rate) for rate in own["lr"].unique()):
            trials = own[own["lr"] == lr]
            failed = trials[diverged(trials)]
            if len(failed):
                at = pd.to_numeric(failed["diverged_at"]).dropna()
                seeds = tuple(int(seed) for seed in failed["seed"])
                first, last = (int(at.min()), int(at.max())) if len(at) else (None, None)
                rows.append(Divergence(curve, lr, seeds, len(trials), first, last))
    return tuple(rows)


def _summarise_curve(
    run: Run, chosen: Selection, baseline: Selection | None, gaps: tuple[float, ...], label: str
) -> CurveSummary:
    """Report one curve at its chosen rate; without one, everything that needs it stays empty."""
    trials = trials_of(run, chosen.curve)
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
        final_gap=Spread.of([final_gap(log) for log in logs]),
        iterations_to=tuple(_median([reaches(log, gap) for log in logs]) for gap in gaps),
        speedup=median_speedup(list(per_seed.values())),
        speedup_per_seed=per_seed,
        final_norm=Spread.of(norms),
        final_effective_step=Spread.of(steps if optimizer in DESCENT else []),
    )


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


def _plain(value: Any) -> Any:
    """Return JSON's own types: no NaN, no infinity, no tuples, string keys."""
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if isinstance(value, float):
        return value if isfinite(value) else None
    return value
