"""What a multiverse is made of: `Multiverse` > `Axis` > `Option`, as its file describes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from overparam_cli.errors import ConfigError
from overparam_cli.experiments import Experiment, apply_overrides, load_experiment
from overparam_cli.experiments.expansion import sweeps
from overparam_cli.experiments.trial import Settings
from overparam_cli.words import suggest

SHIFTS = ("descent", "adaptive", "none")
"""How a grid of learning rates follows the scale of the data: as those of gradient descent do; as those of optimisers
that divide by the gradient's size, whose steps follow the scale of the weights alone; not at all."""
OWN, FINE = "own", "fine"  # the rates that an experiment's file gives, and all that were trained
Value = TypeVar("Value")


def of_variant(values: Mapping[str, Value], variant: str, default: Value) -> Value:
    """The value of a variant; the name "" stands for all others."""
    return values.get(variant, values.get("", default))


@dataclass(frozen=True)
class Reading:
    """How a world's runs are read; None where an option leaves it as it is.

    Attributes:
        rates: OWN, or FINE: which of the trained learning rates there are to choose from.
        factor: s where the loss is s times that of Eq. 1; it multiplies the gradient, so a rate η there is sη here.
        selection: the rule that chooses a learning rate (`results.choice.SELECTION`).
        horizon: the iteration at which the run ends.
        loss, smoothing: which of the losses that were logged judges, and how it is smoothed (`experiments.kind.Level`).
    """

    rates: str | None = None
    factor: Mapping[str, float] | None = None
    selection: str | None = None
    horizon: int | None = None
    loss: str | None = None
    smoothing: str | None = None


@dataclass(frozen=True, eq=False)
class Option:
    """One way to make a choice.

    Attributes:
        overrides: of the experiments, as the command line takes them.
        instead: experiment → the one that is read in its stead, its curves called alike.
        reading: how the runs are read.
        shift: (a, b) by variant: at depth N the fine grid of learning rates moves by a + b/N decades. Features divided
            by c make (0, 2 log10 c), labels divided by c make (p log10 c, −2 log10 c) for ℓp: so the same networks, in
            other units, train alike.
        reason, source: why it is defensible, and who does so.
        extra: whether it is left out unless it is asked for by name.
    """

    name: str
    overrides: Settings = field(default_factory=dict)
    instead: Mapping[str, str] = field(default_factory=dict)
    reading: Reading = Reading()
    shift: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    reason: str = ""
    source: str = ""
    extra: bool = False


@dataclass(frozen=True, eq=False)
class Axis:
    """One open choice; its first option is the paper as it was first read.

    Attributes:
        experiments: those for which it counts; all where it is empty.
        optimizers: it changes only the curves of these; all where it is empty.
    """

    name: str
    title: str
    options: tuple[Option, ...]
    reason: str = ""
    experiments: tuple[str, ...] = ()
    optimizers: tuple[str, ...] = ()

    @property
    def trains(self) -> bool:
        """Whether it costs training; otherwise only reading."""
        return any(option.overrides or option.instead for option in self.options)

    @property
    def reads_rates(self) -> bool:
        """Whether it is about the choice of a learning rate, which experiments with a fixed one do not have."""
        return any(option.reading.rates or option.reading.selection for option in self.options)

    def option(self, name: str) -> Option:
        """The option of that name; ConfigError where there is none."""
        for option in self.options:
            if option.name == name:
                return option
        raise ConfigError(f"axis {self.name} has no option {name!r}{suggest(name, [one.name for one in self.options])}")


@dataclass(frozen=True)
class Grid:
    """Which learning rates are trained, of the curves that it is about, beside the experiment's own.

    `shifts` says how the options' shifts move it (`SHIFTS`).
    """

    experiments: tuple[str, ...]
    low: float
    high: float
    per_decade: int
    variants: tuple[str, ...] = ()
    curves: tuple[str, ...] = ()
    shifts: str = "descent"


@dataclass(frozen=True, eq=False)
class Multiverse:
    """A multiverse as its file describes it.

    Attributes:
        stages: the experiments in the order in which they are trained; those of one stage are trained together.
        overrides: of every experiment, in every world.
        screen: the iteration at which every run ends that would go on longer.
    """

    name: str
    title: str
    stages: tuple[tuple[str, ...], ...]
    axes: tuple[Axis, ...]
    grids: tuple[Grid, ...] = ()
    overrides: Settings = field(default_factory=dict)
    paper: str = ""
    description: str = ""
    source: Path | None = None
    screen: int | None = None

    @property
    def where(self) -> str:
        """The file, as error messages name it."""
        return self.source.name if self.source else self.name

    @property
    def names(self) -> tuple[str, ...]:
        """The experiments."""
        return tuple(name for stage in self.stages for name in stage)

    @cached_property
    def experiments(self) -> Mapping[str, Experiment]:
        """The experiments by name, with the overrides that all worlds share."""
        return {name: self.experiment(name) for name in self.names}

    def experiment(self, name: str) -> Experiment:
        """An experiment with the overrides that all worlds share."""
        found = apply_overrides(load_experiment(name), self.overrides)
        if self.screen is None or length(found) <= self.screen:
            return found
        return apply_overrides(found, {"iterations": self.screen})

    def axis(self, name: str) -> Axis:
        """The axis of that name; ConfigError where there is none."""
        for axis in self.axes:
            if axis.name == name:
                return axis
        raise ConfigError(f"{self.where}: no axis {name!r}{suggest(name, [one.name for one in self.axes])}")


def length(experiment: Experiment) -> int:
    """The iterations of an experiment's trials; of the longest of its variants."""
    return max(sweep.first.iterations for own in sweeps(experiment).values() for sweep in own)


Choices = Mapping[str, str]
"""A world: axis → option."""


def described(multiverse: Multiverse) -> dict[str, Any]:
    """The axes and options for the manifest."""

    def options(axis: Axis) -> Sequence[dict[str, Any]]:
        return [
            {"name": one.name, "overrides": dict(one.overrides), "reading": _given(one.reading), "extra": one.extra}
            | ({"instead": dict(one.instead)} if one.instead else {})
            | {"reason": one.reason, "source": one.source}
            for one in axis.options
        ]

    return {
        "name": multiverse.name,
        "title": multiverse.title,
        "experiments": [list(stage) for stage in multiverse.stages],
        "overrides": dict(multiverse.overrides),
        "axes": [{"name": axis.name, "reason": axis.reason, "options": options(axis)} for axis in multiverse.axes],
    }


def _given(reading: Reading) -> dict[str, Any]:
    return {name: value for name, value in vars(reading).items() if value is not None}
