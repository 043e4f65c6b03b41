"""What an experiment is made of: `Experiment` > `Curve` > `Trial`, as frozen data with no behaviour but its hash."""

import json
from collections.abc import Mapping
from dataclasses import Field, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from overparam_cli.experiments.kind import KINDS
from overparam_cli.experiments.trial import Settings, digest

LINEAR = "linear"  # the kind of experiment that manifests do not name which are older than any other
LATER: Mapping[str, Any] = {"hashed": False}  # of fields that are younger than the hash, which leaves them out
TRAINED = tuple(KINDS)  # the kinds that have trials


@dataclass(frozen=True)
class Curve:
    """One line of a figure: the settings in which it differs, to be crossed with the learning rates and seeds.

    `color` (a number that curves of one colour share, or a colour as #d55e00) and `linestyle` are hints for the plot;
    None leaves the choice to it.
    """

    name: str
    label: str
    settings: Settings
    color: int | str | None = None
    linestyle: str | None = None


@dataclass(frozen=True)
class Analysis:
    """How curves are compared: speedups over `baseline`, the rule that picks a learning rate, gaps to report.

    `target_gap` is the gap of the selection rule ``iterations-to-gap``. `baseline` is None when an override has
    removed the curve.
    """

    baseline: str | None = None
    selection: str = "final-gap"
    target_gap: float | None = None
    gaps: tuple[float, ...] = ()


@dataclass(frozen=True)
class Plot:
    """How the figure is laid out: one panel per variant, in order; `curves` are those drawn (all when empty).

    `title` is a text, whether the experiment's own stands above the figure, or None: as its `style` has it. `size` is
    inches of the whole figure: its width, and its height where it has two.
    """

    kind: str = "convergence"
    panels: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    curves: tuple[str, ...] = ()
    xlabel: str = "iteration"
    ylabel: str = "distance from optimum"
    yscale: str = "log"
    xlim: tuple[float, float] | None = None
    ylim: tuple[float, float] | None = None
    log_x: bool = field(default=False, metadata=LATER)
    title: str | bool | None = field(default=None, metadata=LATER)
    size: tuple[float, ...] | None = field(default=None, metadata=LATER)
    style: str = field(default="screen", metadata=LATER)


@dataclass(frozen=True)
class Experiment:
    """An experiment as its file describes it, with any overrides applied. Treat its mappings as read-only.

    A trial's setting comes from, in falling order: `forced` (overrides), its curve, its variant, `trial`, the
    defaults. `kind` is one of TRAINED (have trials), ``theory`` (has `checks`) or ``group`` (has `members`).
    """

    name: str
    title: str
    paper: str
    kind: str
    description: str = ""
    members: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    trial: Settings = field(default_factory=dict)
    variants: Mapping[str, Settings] = field(default_factory=dict)
    curves: tuple[Curve, ...] = ()
    analysis: Analysis = Analysis()
    plot: Plot = Plot()
    smoke: Settings = field(default_factory=dict)
    forced: Settings = field(default_factory=dict)
    source: Path | None = None

    @property
    def has_trials(self) -> bool:
        """Whether there is something to train."""
        return self.kind in TRAINED

    @property
    def where(self) -> str:
        """The file, as error messages name it."""
        return self.source.name if self.source else self.name


def to_dict(experiment: Experiment) -> dict[str, Any]:
    """The resolved experiment as JSON-ready data, for the manifest; the source path stays out."""
    content = asdict(experiment)
    del content["source"]
    for own in _later():
        if content["plot"][own.name] == own.default:
            del content["plot"][own.name]
    result: dict[str, Any] = json.loads(json.dumps(content))
    return result


def config_hash(experiment: Experiment) -> str:
    """16 hex digits over the whole resolved experiment (`to_dict`), but for what only says how its figures look."""
    content = to_dict(experiment)
    for own in _later():
        content["plot"].pop(own.name, None)
    return digest(content)


def _later() -> list[Field[Any]]:
    return [own for own in fields(Plot) if own.metadata == LATER]
