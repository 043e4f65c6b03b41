"""What a kind of experiment must bring: its trial, what its curves are judged by, its columns, figures and units.

A kind is a folder below `overparam_cli.kinds` and one line in `KINDS`. Importing a kind never imports torch or
matplotlib: what needs them is imported when it is asked for. No kind imports another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, Protocol

from overparam_cli.experiments.trial import Trial

KINDS: Mapping[str, str] = {  # `kind` in an experiment file → the module whose KIND it is
    "linear": "overparam_cli.kinds.linear",
    "cnn": "overparam_cli.kinds.mnist",
}


@dataclass(frozen=True)
class Column:
    """A column of a CSV file: its pandas dtype, and what stands in it.

    `smoothed` is the number of training passes that a value is the mean of; a row before that many is no value yet.
    """

    dtype: str
    meaning: str = ""
    smoothed: int = 1


@dataclass(frozen=True)
class Outcome:
    """A column of trials.csv that is reported of a curve beside its level.

    `heading` is its title in a table. Most are spread over the seeds at the chosen rate; a `count` is a whole number
    that all trials of a curve have in common.
    """

    column: str
    heading: str
    count: bool = False
    form: str = "{:.4g}"  # how its numbers are written


@dataclass(frozen=True)
class Level:
    """What a run's curves are judged by: one number per logged iteration, lower is better.

    Attributes:
        column: of log.csv.
        final: the column of trials.csv that holds it at the last iteration; how `--json` names it.
        levels: how `--json` names the fixed levels whose iterations are reported.
        noun: in running text: "at gap 1e-3".
        heading: of the table's column for its final value.
        axis: its final value as the axis of a figure; {loss} is the loss.
        rate: what the learning rate is called where it is decayed, so that trials are known by the first one.
        note: what the table says below itself, if anything.
        form: how its values are written in a table.
        loss, smoothing: which of the logged losses it is, and how it is smoothed, where a kind has several `levels`.
    """

    column: str
    final: str
    levels: str
    noun: str
    heading: str
    axis: str
    rate: str = "learning rate"
    note: str = ""
    form: str = "{:.4g}"
    loss: str = ""
    smoothing: str = ""


class Kind(Protocol):
    """A kind of experiment."""

    name: str  # as experiment files and manifests have it
    trial: type[Trial]  # what it trains, and the keys of its experiment files
    levels: Sequence[Level]  # what its curves can be judged by: by the first, unless another is asked for
    family: str  # the column of trials.csv by which an ordered family of curves differs; "" where there is none
    columns: Mapping[str, Column]  # of log.csv, beyond the common ones
    outcomes: Sequence[Outcome]  # of trials.csv, reported beside the level

    def loss_label(self, name: str) -> str:
        """A loss as the axis of a figure shows it; "loss" where that says enough."""

    @property
    def figures(self) -> Sequence[Any]:
        """The figures that its runs have, the main one first (`overparam_cli.figures`)."""

    def level_at_zero(self, manifest: Mapping[str, Any]) -> float | None:
        """The level at W = 0, common to all curves whatever their initialisation; None where the manifest lacks it."""

    def rounding(self, level: float, loss: str) -> float:
        """What is left of `level`, that at W = 0, where every prediction is right up to a rounding; 0 if unknown."""


@cache
def kind(name: str) -> Kind:
    """The kind of that name; KeyError where there is none."""
    found: Kind = import_module(KINDS[name]).KIND
    return found
