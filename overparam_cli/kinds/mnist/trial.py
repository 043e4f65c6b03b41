"""A training run of the MNIST network, and the keys of its experiment files; defaults are the tutorial's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from overparam_cli.checks import (
    choice,
    fraction,
    integer,
    non_negative,
    positive,
    positives_in_order,
    text,
    unit,
    width,
)
from overparam_cli.errors import ConfigError
from overparam_cli.experiments.key import Key, Place, hidden_widths, key, keys
from overparam_cli.experiments.trial import Optimizer, Settings, Trial
from overparam_cli.kinds.mnist.architecture import DENSE, smallest_widths
from overparam_cli.kinds.optimizers import OPTIMIZERS

SEMANTICS_VERSION = 1  # as of linear networks
NOTHING = "nothing"  # that weight decay falls on
EVALUATE_EVERY = 2000  # a measurement takes as long as 77 steps: that makes 4 % of a run
EVALUATION_GRID = 100  # iterations at whose multiples TensorFlow's tutorial evaluates


def evaluation_interval(value: Any) -> int:
    """A multiple of EVALUATION_GRID: trials of one folder have the same rows, however often each is evaluated."""
    interval = integer(1)(value)
    if interval % EVALUATION_GRID:
        raise ValueError(f"must be a multiple of {EVALUATION_GRID}")
    return int(interval)


def _layer_keys() -> dict[str, Key]:
    """The depth and inner widths that a dense layer may have of its own."""
    depth = Key(integer(1, 100), "factors of this dense layer alone, whatever depth says", default=None)
    inner = "inner width of this dense layer's factors, or one per gap between them; the smallest that loses nothing"
    return {f"{layer}_depth": depth for layer in DENSE} | {
        f"{layer}_width": Key(width, inner, default=None, listed=",x") for layer in DENSE
    }


@dataclass(frozen=True, kw_only=True)
class MnistTrial(Trial):
    """A training run of the MNIST network (`network`), its dense layers in one or more factors.

    `widths` are each dense layer's inner widths, () where it is one matrix; `factor_stds` the initial standard
    deviations of its factors, () likewise. `decay_on` says what weight decay falls on (`network.DECAYS`); `lr` is
    the base rate, which falls by `lr_decay` an epoch. `evaluate_every` says how often the errors are measured, which
    changes no other number.
    """

    images: ClassVar[bool] = True

    optimizer: str = key(text, "optimiser", default="momentum", names=lambda: OPTIMIZERS)
    init_std: float = key(
        positive, "standard deviation of the initial weights, before the cut at 2 of them", default=0.1
    )
    weight_decay: float = key(
        non_negative, "weight decay of the dense layers, biases included", symbol="λ", default=5e-4
    )
    widths: tuple[tuple[int, ...], ...] = keys(
        {
            "depth": Key(integer(1, 100), "factors of every dense layer: 1 is the original network", default=1),
            **_layer_keys(),
        }
    )
    lr_decay: float = key(unit, "factor on the learning rate after every epoch", default=0.95, column="settings")
    batch: int = key(integer(1, 10_000), "images in a batch", default=64, column="settings")
    dropout: float = key(
        fraction, "share of the hidden units that is dropped in training", default=0.5, column="settings"
    )
    validation: int = key(
        integer(1),
        "first images of the training set, which are kept from training",
        default=5000,
        shared=True,
        column="settings",
    )
    decay_on: str = key(
        choice("factors", "original", "product", NOTHING),
        "weight decay of each factor, of the original names, of the layers' products W_e, or of nothing",
        default="factors",
        column="settings",
    )
    factor_stds: tuple[tuple[float, ...], ...] = keys(
        {
            "factor_std": Key(
                positives_in_order,
                "the same of a factored layer's factors, or one per factor",
                default=None,
                listed=",",
            )
        },
        column="factor_std",
    )
    evaluate_every: int = key(
        evaluation_interval,
        "iterations between measurements of validation and test error",
        default=EVALUATE_EVERY,
        hashed=False,
    )

    @classmethod
    def optimizers(cls) -> Mapping[str, Optimizer]:
        """All there are; `fields_of` refuses those that are for linear networks."""
        return OPTIMIZERS

    @classmethod
    def loss_of(cls, settings: Settings) -> str | None:
        """Always the same."""
        return "cross-entropy"

    @classmethod
    def under(cls, forced: Settings, curve: Settings, others: Sequence[Settings], place: Place) -> dict[str, Any]:
        """The depth of one dense layer concerns only the curves that have a factored one, if any has."""
        settings = super().under(forced, curve, others, place)
        if "depth" in forced or _is_factored(curve) or not any(map(_is_factored, others)):
            return settings
        return {name: value for name, value in settings.items() if name not in forced or not name.endswith("_depth")}

    @classmethod
    def fields_of(cls, settings: Settings, place: Place) -> dict[str, Any]:
        """The factors of each dense layer too."""
        shared = super().fields_of(settings, place)
        if not OPTIMIZERS[settings["optimizer"]].elementwise:
            able = ", ".join(name for name, entry in OPTIMIZERS.items() if entry.elementwise)
            where = place.of("optimizer")
            raise ConfigError(
                f"{where}: optimizer {settings['optimizer']!r} is for linear networks: choose from {able}"
            )
        factors = [_factors(layer, settings, place.curve) for layer in DENSE]
        widths, stds = zip(*factors, strict=True)
        if shared["decay_on"] != NOTHING and not any(widths):
            shared["decay_on"] = "factors"  # one and the same where nothing is factored: trained once
        return {**shared, "widths": widths, "factor_stds": stds}

    def meaning(self) -> dict[str, Any]:
        """The model too: no other kind's trial can have this id."""
        return {"model": "mnist-cnn", "semantics_version": SEMANTICS_VERSION}

    @property
    def loss(self) -> str:
        """What is minimised, weight decay aside."""
        return "cross-entropy"

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

    @property
    def settings(self) -> str:
        """What has no column of its own in trials.csv."""
        values = {
            each.name: getattr(self, each.name) for each in fields(self) if each.metadata.get("column") == "settings"
        }
        return " ".join(f"{name}={value if isinstance(value, str) else f'{value:g}'}" for name, value in values.items())


def _is_factored(settings: Settings) -> bool:
    """Whether a curve has a factored dense layer."""
    return any(settings.get(name, 1) > 1 for name in ("depth", *(f"{layer}_depth" for layer in DENSE)))


def _factors(layer: str, settings: Settings, where: str) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """The inner widths of a dense layer, and the initial standard deviations of its factors."""
    depth = settings.get(f"{layer}_depth", settings["depth"])
    if depth == 1:  # nothing to give a width to: an override may be meant for the other curves
        return (), ()
    name = f"{layer}_width"
    widths = hidden_widths(depth, settings.get(name, smallest_widths(layer, depth)), where, name)
    stds: tuple[float, ...] = settings.get("factor_std", (settings["init_std"],))
    if len(stds) == 1:
        stds = stds * depth
    if len(stds) != depth:
        raise ConfigError(f"{where}: factor_std = {list(stds)} has {len(stds)} entries, but there are {depth} factors")
    return widths, stds
