"""What an experiment is made of: `Experiment` > `Curve` > `Trial`, as frozen data with no behaviour but their ids."""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

# Bump by hand when the same description starts to mean other numbers (a changed initialisation, update rule or
# preprocessing): finished trials of the old meaning are then run again instead of being taken for the new ones.
SEMANTICS_VERSION = 1
CNN_SEMANTICS_VERSION = 1

LINEAR, CNN = "linear", "cnn"
TRAINED = (LINEAR, CNN)  # the kinds of experiment that have trials
CROSS_ENTROPY = "cross-entropy"  # the loss of the `cnn` kind

# The fields of a trial that say where it is shown or how closely it is watched, not what it computes.
_PRESENTATION = ("experiment", "variant", "curve", "evaluate_every")
# Fields that came later: at this value they stay out of the hash, so that older ids keep their meaning.
_ABSENT = {"parameterisation": "layers"}

Settings = Mapping[str, Any]
"""Checked values by trial key, as `overparam_cli.experiments.keys` returns them."""


@dataclass(frozen=True, kw_only=True)
class AnyTrial(ABC):
    """One training run, of whatever kind of model: what every kind has, and the id that makes it findable.

    `hyper` holds every hyperparameter of the optimiser but the learning rate, sorted by name, defaults filled in.
    `dataset_key` identifies the data where its name does not: all options of a named set, or the content hash of the
    user's own table.
    """

    experiment: str
    variant: str
    curve: str
    dataset: str
    optimizer: str
    semantics: str
    hyper: tuple[tuple[str, float], ...]
    lr: float
    init_std: float
    weight_decay: float
    seed: int
    dtype: str
    iterations: int
    dataset_key: str = ""

    @property
    @abstractmethod
    def width(self) -> str:
        """The widths that the experiment may choose, as a column of a table."""

    if TYPE_CHECKING:  # fields of one kind, properties of another

        @property
        def loss(self) -> str:
            """What is minimised."""

        @property
        def depth(self) -> int:
            """How many matrices stand in the place of one."""

        @property
        def init(self) -> str:
            """How weights are drawn."""

    @abstractmethod
    def meaning(self) -> dict[str, Any]:
        """What the description of this kind of trial means: entries that change when its numbers do."""

    @property
    def trial_id(self) -> str:
        """16 hex digits over everything that determines the numbers, and nothing else.

        Names of the experiment, variant and curve, files and order stay out; so does the path of a user's own
        table, in whose place its content stands.
        """
        described = {
            key: value
            for key, value in asdict(self).items()
            if key not in _PRESENTATION and value != _ABSENT.get(key, ...)
        }
        key = described.pop("dataset_key")
        described["dataset"] = key or self.dataset
        return digest({**self.meaning(), **described})


@dataclass(frozen=True, kw_only=True)
class Trial(AnyTrial):
    """A deep linear network's: a point in loss × data × parameterisation × optimiser × learning rate × seed.

    `widths` are the hidden widths only, depth − 1 of them. For the optimiser ``end-to-end`` (the paper's rule,
    Eq. 10/12) depth, widths and init describe the network whose end-to-end matrix the rule starts from, and depth is
    its N.
    """

    targets: tuple[str, ...]
    preprocessing: str
    loss: str
    depth: int
    widths: tuple[int, ...]
    init: str
    parameterisation: str = "layers"

    def meaning(self) -> dict[str, Any]:
        """The version alone; the end-to-end rule adds its weight decay to the gradient since version 2."""
        changed = self.optimizer == "end-to-end" and self.weight_decay != 0
        return {"semantics_version": SEMANTICS_VERSION + changed}

    @property
    def width(self) -> str:
        """The hidden widths: ``"1"``, ``"100x50"``, ``""`` at depth 1."""
        if len(set(self.widths)) == 1:
            return str(self.widths[0])
        return "x".join(map(str, self.widths))


@dataclass(frozen=True, kw_only=True)
class CnnTrial(AnyTrial):
    """A training run of the MNIST network (`core.cnn`), its dense layers in one or more factors.

    `widths` are each dense layer's inner widths, () where it is one matrix; `factor_stds` the initial standard
    deviations of its factors, () likewise. `decay_on` says what weight decay falls on (`core.cnn.PENALISED`); `lr` is
    the base rate, which falls by `lr_decay` an epoch. `evaluate_every` says how often the errors are measured, which
    changes no other number.
    """

    widths: tuple[tuple[int, ...], ...]
    factor_stds: tuple[tuple[float, ...], ...]
    decay_on: str
    lr_decay: float
    batch: int
    dropout: float
    validation: int
    evaluate_every: int

    def meaning(self) -> dict[str, Any]:
        """The model too: no other kind's trial can have this id."""
        return {"model": "mnist-cnn", "semantics_version": CNN_SEMANTICS_VERSION}

    @property
    def loss(self) -> str:
        """What is minimised, weight decay aside."""
        return CROSS_ENTROPY

    @property
    def init(self) -> str:
        """How weights are drawn."""
        return "truncated-normal"

    @property
    def depths(self) -> tuple[int, ...]:
        """How many factors each dense layer has."""
        return tuple(len(inner) + 1 for inner in self.widths)

    @property
    def depth(self) -> int:
        """The most factors that a dense layer has: 1 is the original network."""
        return max(self.depths)

    @property
    def width(self) -> str:
        """Inner widths, layer by layer: ``"512+10"``, ``"512x512+-"`` where the second layer is one matrix."""
        if self.depth == 1:
            return ""
        return "+".join("x".join(map(str, inner)) or "-" for inner in self.widths)

    @property
    def factor_std(self) -> str:
        """The factors' standard deviations, as `width` has the widths; one number where all are equal."""
        if len(distinct := {std for own in self.factor_stds for std in own}) <= 1:
            return "".join(f"{std:g}" for std in distinct)
        return "+".join("x".join(f"{std:g}" for std in own) or "-" for own in self.factor_stds)


@dataclass(frozen=True)
class Curve:
    """One line of a figure: the settings in which it differs, to be crossed with the learning rates and seeds.

    `color` (index into the palette) and `linestyle` are hints for the plot; None leaves the choice to it.
    """

    name: str
    label: str
    settings: Settings
    color: int | None = None
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
    """How the figure is laid out: one panel per variant, in order; `curves` are those drawn (all when empty)."""

    kind: str = "convergence"
    panels: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    curves: tuple[str, ...] = ()
    xlabel: str = "iteration"
    ylabel: str = "distance from optimum"
    yscale: str = "log"
    xlim: tuple[float, float] | None = None
    ylim: tuple[float, float] | None = None


@dataclass(frozen=True)
class Experiment:
    """An experiment as its file describes it, with any overrides applied. Treat its mappings as read-only.

    A trial's setting comes from, in falling order: `forced` (overrides), its curve, its variant, `trial`, the
    defaults. `kind` is ``linear`` or ``cnn`` (have trials), ``theory`` (has `checks`) or ``group`` (has `members`).
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
    result: dict[str, Any] = json.loads(json.dumps(content))
    return result


def config_hash(experiment: Experiment) -> str:
    """16 hex digits over the whole resolved experiment (`to_dict`)."""
    return digest(to_dict(experiment))


def digest(content: Mapping[str, Any]) -> str:
    """16 hex digits of SHA-256 over canonical JSON (sorted keys, shortest round-trip floats, no blanks)."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
