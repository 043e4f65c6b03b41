"""A training run of a deep linear network, and the keys of its experiment files."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from overparam_cli.checks import integer, names, non_negative, positive, text, texts, width
from overparam_cli.experiments.key import Key, Place, hidden_widths, key, keys
from overparam_cli.experiments.trial import Optimizer, Settings, Trial
from overparam_cli.kinds.linear import losses, parameterisations
from overparam_cli.kinds.linear.inits import INITS
from overparam_cli.kinds.optimizers import OPTIMIZERS

# Bump by hand when the same description starts to mean other numbers (a changed initialisation, update rule or
# preprocessing): finished trials of the old meaning are then run again instead of being taken for the new ones.
SEMANTICS_VERSION = 1


def loss_name(value: Any) -> str:
    """The canonical name of a loss."""
    return losses.named(value).name


def preprocessings() -> Mapping[str, Any]:
    """The scalings of features and labels by name."""
    from overparam_cli.data import PREPROCESSING

    return PREPROCESSING


def label_preprocessings() -> Iterable[str]:
    """The scalings of labels apart from features by name."""
    from overparam_cli.data import LABELS, SAME

    return (SAME, *LABELS)


@dataclass(frozen=True, kw_only=True)
class LinearTrial(Trial):
    """A point in loss × data × parameterisation × optimiser × learning rate × seed.

    `widths` are the hidden widths only, depth − 1 of them. For the optimiser ``end-to-end`` (the paper's rule,
    Eq. 10/12) depth, widths and init describe the network whose end-to-end matrix the rule starts from, and depth is
    its N.
    """

    optimizer: str = key(text, "optimiser", default="gd", names=lambda: OPTIMIZERS)
    init_std: float = key(non_negative, "standard deviation of the initial weights", default=0.01)
    weight_decay: float = key(non_negative, "weight decay (Eq. 4)", symbol="λ", default=0.0)
    preprocessing: str = key(
        text,
        "scaling of features, and of labels where label_preprocessing is same",
        default="zscore",
        shared=True,
        names=preprocessings,
        column="preprocessing",
    )
    label_preprocessing: str = key(
        text,
        "scaling of labels, if they are not to be scaled as the features",
        default="same",
        absent="same",
        shared=True,
        names=label_preprocessings,
        column="label_preprocessing",
    )
    targets: tuple[str, ...] = key(
        texts, "target columns of your own table", default=(), listed=",", shared=True, column="targets"
    )
    features: tuple[str, ...] = key(
        names, "feature columns of your own table", default=(), absent=(), listed=",", shared=True, column="features"
    )
    drop: tuple[str, ...] = key(
        names, "columns of your own table to leave out", default=(), absent=(), listed=",", shared=True, column="drop"
    )
    one_hot: tuple[str, ...] = key(
        names,
        "columns of your own table to make one column a value of",
        default=(),
        absent=(),
        listed=",",
        shared=True,
        column="one_hot",
    )
    loss: str = key(loss_name, "l<p> with p even, huber, huber<δ> or logistic", shared=True)
    loss_scale: float = key(
        positive,
        "factor on the loss, its gradient and its optimum; not on weight decay",
        default=1.0,
        absent=1.0,
        shared=True,
        column="loss_scale",
    )
    depth: int = key(integer(1, 1000), "number of layers; of the end-to-end rule too", symbol="N")
    widths: tuple[int, ...] = keys(
        {"width": Key(width, "hidden width, or one per hidden layer", default=1, listed=",x")}
    )
    init: str = key(text, "initialisation", default="near-zero", names=lambda: INITS)
    parameterisation: str = key(
        text,
        "what makes the end-to-end matrix: layers, or diagonal",
        default="layers",
        names=parameterisations.names,
        absent="layers",
        column="parameterisation",
    )
    stop_at_gap: float = key(
        non_negative,
        "gap at which a trial ends, its iterations over or not; 0 for none",
        default=0.0,
        absent=0.0,
        column="stop_at_gap",
    )

    @property
    def selection(self) -> dict[str, Any]:
        """Which columns of a table of one's own it is about, as `data.load` takes them."""
        return {"targets": self.targets, "features": self.features, "drop": self.drop, "one_hot": self.one_hot}

    @classmethod
    def optimizers(cls) -> Mapping[str, Optimizer]:
        """All there are."""
        return OPTIMIZERS

    @classmethod
    def loss_of(cls, settings: Settings) -> str | None:
        """The key `loss`."""
        return settings.get("loss")

    @classmethod
    def fields_of(cls, settings: Settings, place: Place) -> dict[str, Any]:
        """The hidden widths too. An optimiser that is bound to a parameterisation of its own leaves no other choice.

        The scaling of labels that goes with that of the features is `same`, however it is written.
        """
        from overparam_cli.data import SAME, labels_with

        fields = super().fields_of(settings, place)
        if fields["label_preprocessing"] == labels_with(fields["preprocessing"]):
            fields["label_preprocessing"] = SAME
        if OPTIMIZERS[fields["optimizer"]].parameterisation:
            fields["parameterisation"] = "layers"
        return {**fields, "widths": hidden_widths(settings["depth"], settings["width"], place.curve)}

    @classmethod
    def concerns(cls, name: str, settings: Settings) -> bool:
        """A single layer has no width either."""
        return super().concerns(name, settings) and not (name == "width" and settings.get("depth") == 1)

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
