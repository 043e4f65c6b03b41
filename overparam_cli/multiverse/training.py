"""Which trials a multiverse needs, each once, and in which run folders they are trained.

A *pack* is what is trained together in one run folder: all that the experiments of a stage need under the same choices,
but for what an earlier pack has. One large batch costs less than its parts.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from overparam_cli.errors import ConfigError
from overparam_cli.experiments import Curve, Experiment, Trial, apply_overrides, expand, named, resolve
from overparam_cli.experiments.expansion import sweeps, variants_of
from overparam_cli.experiments.keys import kind_keys
from overparam_cli.grids import grid
from overparam_cli.multiverse.loading import Asked
from overparam_cli.multiverse.model import Grid, Multiverse, of_variant
from overparam_cli.multiverse.worlds import Part, counts, parts
from overparam_cli.results import digests


@cache
def plain(multiverse: Multiverse, part: Part) -> Experiment:
    """The experiment of a part with its overrides, as `overparam run` would have it: its own learning rates."""
    options = [(multiverse.axis(axis), multiverse.axis(axis).option(name)) for axis, name in part.choices]
    chosen = [(axis, option.overrides) for axis, option in options]
    instead = [option.instead[part.experiment] for _, option in options if part.experiment in option.instead]
    base = multiverse.experiment(instead[-1]) if instead else multiverse.experiments[part.experiment]
    everywhere = {key: value for axis, given in chosen if not axis.optimizers for key, value in given.items()}
    experiment = apply_overrides(base, everywhere)
    for axis, given in chosen:
        if axis.optimizers:
            forced = apply_overrides(base, given).forced
            curves = (
                replace(curve, settings={**curve.settings, **{key: forced[key] for key in given}})
                if _optimizer(experiment, part.variant, curve) in axis.optimizers
                else curve
                for curve in experiment.curves
            )
            experiment = replace(experiment, curves=tuple(curves))
    return experiment


def _optimizer(experiment: Experiment, variant: str, curve: Curve) -> str:
    return str(resolve(experiment, variants_of(experiment)[variant], curve)["optimizer"])


@cache
def own_rates(multiverse: Multiverse, part: Part) -> Mapping[str, tuple[float, ...]]:
    """Curve → the learning rates that the experiment's file gives it."""
    return {sweep.first.curve: sweep.lrs for sweep in sweeps(plain(multiverse, part))[part.variant]}


def factors(multiverse: Multiverse, part: Part) -> tuple[float, ...]:
    """The factors on the loss under which a part is read, 1 among them."""
    found = {1.0: None}
    for axis in multiverse.axes:
        if counts(multiverse, axis, (part.experiment,)):
            for option in axis.options:
                if option.reading.factor is not None:
                    found.setdefault(of_variant(option.reading.factor, part.variant, 1.0))
    return tuple(found)


def times(rate: float, factor: float) -> float:
    """A learning rate times a factor, as it would be typed: 0.0005 · 2 = 0.001, without what rounding leaves."""
    return float(f"{rate * factor:.12g}")


def fine_rates(fine: Grid, shift: float) -> tuple[float, ...]:
    """A fine grid between its ends, moved by `shift` decades; its values are those of whole decades.

    So ten a decade have the paper's 1 and 5 among them, and 2 and 4 times these, wherever the grid is moved to.
    """
    low, high = (end * 10.0**shift for end in (fine.low, fine.high))
    ends = {"from": 10.0 ** math.floor(math.log10(low)), "to": 10.0 ** math.ceil(math.log10(high))}
    values = grid({**ends, "per_decade": fine.per_decade})
    return tuple(rate for rate in values if low * 0.999 <= rate <= high * 1.001)


@cache
def rates(multiverse: Multiverse, part: Part) -> Mapping[str, tuple[float, ...]]:
    """Curve → the learning rates that are trained.

    Those are the curve's own times every factor on the loss, and its fine grid where it has one. Of its own, those
    below the fine grid are left out, but for the largest of each factor: the others are farther from the best rate,
    which is meant to be within the fine grid, and cost most. Where none of those kept converges, `Library` judges
    nothing by them.
    """
    found = {}
    for sweep in sweeps(plain(multiverse, part))[part.variant]:
        own = [{times(rate, factor) for rate in sweep.lrs} for factor in factors(multiverse, part)]
        fine: set[float] = set()
        for one in multiverse.grids:
            if _applies(one, part, sweep.first):
                fine |= {*fine_rates(one, _shift(multiverse, part, one, sweep.first.depth))}
        low = min(fine, default=0.0)
        found[sweep.first.curve] = tuple(sorted(fine.union(*(_kept(rates, low) for rates in own))))
    return found


def _kept(own: set[float], low: float) -> set[float]:
    """Of a curve's own rates those from `low` on and the next below.

    With gradient descent, the latter converges where any rate of the fine grid does.
    """
    below = {rate for rate in own if rate < low}
    return own - below | ({max(below)} if below else set())


def _shift(multiverse: Multiverse, part: Part, fine: Grid, depth: int) -> float:
    """By how many decades a fine grid moves for a network of some depth.

    Features or labels divided by c make the end-to-end matrix c or 1/c times as large: b/2 decades, of (a, b).
    """
    nothing = (0.0, 0.0)
    moves = [of_variant(multiverse.axis(axis).option(name).shift, part.variant, nothing) for axis, name in part.choices]
    if fine.shifts == "none":
        return 0.0
    return sum(slope / 2 if fine.shifts == "adaptive" else level + slope / depth for level, slope in moves)


def _applies(fine: Grid, part: Part, trial: Trial) -> bool:
    return (
        part.experiment in fine.experiments
        and (not fine.variants or part.variant in fine.variants)
        and (not fine.curves or trial.curve in fine.curves)
    )


@cache
def experiment_of(multiverse: Multiverse, part: Part) -> Experiment:
    """The experiment of a part with the learning rates that are trained."""
    own, base = rates(multiverse, part), plain(multiverse, part)
    curves = tuple(replace(curve, settings={**curve.settings, "lr": own[curve.name]}) for curve in base.curves)
    forced = {key: value for key, value in base.forced.items() if key != "lr"}
    return replace(base, curves=curves, forced=forced)


@cache
def trials_of(multiverse: Multiverse, part: Part) -> tuple[Trial, ...]:
    """The trials of a part."""
    return expand(experiment_of(multiverse, part))[part.variant]


Points = frozenset[tuple[str, float]]
"""Trials whatever their seed: (sweep id, learning rate)."""


@cache
def points_of(multiverse: Multiverse, part: Part) -> Points:
    """The trials of a part."""
    return _points(experiment_of(multiverse, part), part.variant)


@cache
def digest_of(multiverse: Multiverse, own: Part) -> str:
    """By which the trials of a part are known, whatever their seeds."""
    return digests.digest(str(sorted(points_of(multiverse, own))).encode())


def _points(experiment: Experiment, variant: str) -> Points:
    own = [(sweep.first.sweep_id, sweep.lrs) for sweep in sweeps(experiment)[variant]]
    return frozenset((sweep_id, lr) for sweep_id, lrs in own for lr in lrs)


@dataclass(frozen=True)
class Pack:
    """What is trained in one run folder, `<name>/<variant>` below the multiverse's results."""

    name: str
    variant: str
    experiment: Experiment
    parts: tuple[Part, ...]
    points: Points

    @property
    def folder(self) -> Path:
        """Where it stands below the results."""
        return Path(self.name) / self.variant

    @property
    def trials(self) -> tuple[Trial, ...]:
        """Its trials."""
        return expand(self.experiment)[self.variant]

    @property
    def size(self) -> int:
        """How many trials."""
        return sum(len(sweep) for sweep in sweeps(self.experiment)[self.variant])


@cache
def packs(multiverse: Multiverse) -> tuple[Pack, ...]:
    """All there are, whichever options are asked for, in the order in which they are trained.

    So a trial stands in the same folder whatever a command restricts itself to.
    """
    everything: Asked = {axis.name: tuple(one.name for one in axis.options) for axis in multiverse.axes}
    groups: dict[tuple[str, str], list[Part]] = {}
    for one in parts(multiverse, everything):
        groups.setdefault((_name(multiverse, one), one.variant), []).append(one)
    found, taken = [], set[tuple[str, float]]()
    for (name, variant), own in groups.items():
        experiment = _merged(multiverse, name, variant, own, taken)
        if experiment.curves:
            found.append(Pack(name, variant, experiment, tuple(own), _points(experiment, variant)))
    return tuple(found)


def _name(multiverse: Multiverse, part: Part) -> str:
    """The folder of a part's pack: its stage, and what was chosen where there was a choice."""
    (stage,) = (stage for stage in multiverse.stages if part.experiment in stage)
    return named("+".join(stage), dict(part.choices))


def _merged(
    multiverse: Multiverse, name: str, variant: str, own: Sequence[Part], taken: set[tuple[str, float]]
) -> Experiment:
    """The experiment of what some parts need and no earlier pack has; `taken` is what those have.

    ConfigError where the parts cannot stand in one folder.
    """
    keys = kind_keys(multiverse.experiments[own[0].experiment].kind)
    shared: list[dict[str, Any]] = []
    curves: dict[str, Curve] = {}
    for part in own:
        experiment = experiment_of(multiverse, part)
        for sweep, curve in zip(sweeps(experiment)[variant], experiment.curves, strict=True):
            sweep_id = sweep.first.sweep_id
            missing = tuple(lr for lr in sweep.lrs if (sweep_id, lr) not in taken)
            if not missing:
                continue
            taken |= {(sweep_id, lr) for lr in missing}
            settings = resolve(experiment, variants_of(experiment)[variant], curve)
            shared.append({key: value for key, value in settings.items() if keys[key].shared})
            if shared[-1] != shared[0]:
                raise ConfigError(f"{multiverse.where}: the experiments of one stage have different data: part them")
            given = {key: value for key, value in settings.items() if not keys[key].shared}
            title = curve.name if curve.name not in curves else f"{part.experiment}.{curve.name}"
            curves[title] = Curve(title, title, {**given, "lr": missing})
    base = plain(multiverse, own[0])
    return Experiment(
        name=name.partition("@")[0],
        title=f"{multiverse.title}: {name}",
        paper=base.paper,
        kind=base.kind,
        trial=shared[0] if shared else {},
        variants={variant: {}},
        curves=tuple(curves.values()),
    )


def asked_packs(multiverse: Multiverse, asked: Asked, experiments: Sequence[str] = ()) -> list[Pack]:
    """The packs that the worlds asked for are made of, in the order in which they are trained.

    Of some `experiments` alone: what these read, an earlier pack's trials among it.
    """
    needed = [one for one in parts(multiverse, asked) if not experiments or one.experiment in experiments]
    order = {part: place for place, part in enumerate(needed)}
    wanted = frozenset[tuple[str, float]]().union(*(points_of(multiverse, part) for part in order))
    there = [pack for pack in packs(multiverse) if not wanted.isdisjoint(pack.points)]
    return sorted(there, key=lambda pack: min((order[one] for one in pack.parts if one in order), default=-1))
