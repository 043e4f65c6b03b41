"""One training run, and the keys of experiment files that describe it: each is declared once, on a trial's field.

A kind of network has a dataclass of its own, derived from `Trial`. A field that files set is declared by `key` (or
`keys`, where several settings make one field), which says all there is to say about it: how it is checked, what it is
when not given, its help, its column in trials.csv, and whether it enters the trial's id.
"""

import hashlib
import json
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields, replace
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, get_args, get_type_hints

from overparam_cli.checks import Check, choice, integer, rates, text
from overparam_cli.errors import ConfigError
from overparam_cli.experiments.datasets import dataset_key
from overparam_cli.experiments.key import REQUIRED, Key, Place, check_name, key, keys

Settings = Mapping[str, Any]
"""Checked values by key."""

COLUMNS: Mapping[str, str] = {  # of trials.csv, that say what a trial is: column → pandas dtype; every kind has them
    "trial_id": "str",  # hash of everything that determines its numbers
    "experiment": "str",  # name of the experiment
    "curve": "str",  # name of the curve
    "dataset": "str",
    "loss": "str",  # l2, l4, …; cross-entropy
    "depth": "int64",
    "width": "str",  # hidden widths: 1, 100, 100x50; empty at depth 1; of each dense layer's factors: 512+10
    "init": "str",
    "init_std": "float64",
    "optimizer": "str",
    "lr": "float64",
    "weight_decay": "float64",
    "seed": "int64",  # of the initial weights, and of what else is drawn
    "dtype": "str",
    "iterations": "int64",  # asked for
}
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)
NORMAL: Mapping[str, tuple[float, float]] = {  # dtype → its least and its greatest normal number
    "float32": (2.0**-126, (2 - 2.0**-23) * 2.0**127),
    "float64": (sys.float_info.min, sys.float_info.max),
}
_NAMES = ("experiment", "variant", "curve")  # where a trial is shown, which is no part of what it computes


class Optimizer(Protocol):
    """What a trial must know of its optimiser."""

    @property
    def defaults(self) -> Mapping[str, Mapping[str, float]]:
        """Hyperparameters but the learning rate, per semantics."""

    @property
    def checks(self) -> Mapping[str, Check]:
        """Of the hyperparameters that may be set."""


@dataclass(frozen=True, kw_only=True)
class Trial(ABC):
    """One training run, of whatever kind of network: what every kind has, and the id that makes it findable.

    `hyper` holds every hyperparameter of the optimiser but the learning rate, sorted by name, defaults filled in.
    `dataset_key` identifies the data where its name does not: all options of a named set, or the content hash of the
    user's own table. `optimizer`, `init_std` and `weight_decay` are keys whose defaults are the kind's to say.
    """

    images: ClassVar[bool] = False  # whether its data set must hold images, not a regression problem

    experiment: str
    variant: str
    curve: str
    dataset: str = key(text, "data set: a name, name:option=value, or a .csv/.tsv/.parquet path", shared=True)
    optimizer: str
    semantics: str = key(
        choice("tf1", "torch"), "whose conventions the optimiser follows", default="tf1", column="semantics"
    )
    hyper: tuple[tuple[str, float], ...] = keys({}, column="hyperparameters")
    lr: float = key(
        rates, "learning rate, or a grid of them: a list, from:to:count, from:to:n/decade", symbol="η", listed=","
    )
    init_std: float
    weight_decay: float
    seed: int = key(integer(1, 10_000), "number of seeds: 0 … K−1", name="seeds", default=1)
    dtype: str = key(choice("float32", "float64"), "precision", default="float32")
    iterations: int = key(integer(1), "gradient steps")
    dataset_key: str = ""

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

    # What the kind says of itself.

    @classmethod
    @abstractmethod
    def optimizers(cls) -> Mapping[str, Optimizer]:
        """The optimisers there are, by name; reading them imports nothing heavy."""

    @classmethod
    @abstractmethod
    def loss_of(cls, settings: Settings) -> str | None:
        """What is minimised, which names the only variant of a file without variants; None where it is not given."""

    @abstractmethod
    def meaning(self) -> dict[str, Any]:
        """What the description of this kind of trial means: entries of its identity that change when its numbers do.

        They are the same whatever the learning rate and the seed.
        """

    @property
    @abstractmethod
    def width(self) -> str:
        """The widths that the experiment may choose, as a column of a table."""

    # From settings to trials.

    @classmethod
    def fields_of(cls, settings: Settings, place: Place) -> dict[str, Any]:
        """The fields that all trials of a curve have in common but its names, from its settings; names are checked.

        ConfigError where a name is in no registry, or a hyperparameter does not belong to its optimiser.
        """
        for name, described in keys_of(cls).items():
            if described.names is not None:
                check_name(name, settings[name], described.names(), place.of(name))
        own = {each.name for each in fields(cls)} - {"lr"}
        _check_precision(settings, place)
        return {
            **{name: value for name, value in settings.items() if name in own},
            "hyper": tuple(sorted(cls._hyper_of(settings, place.of("optimizer")).items())),
            "dataset_key": dataset_key(settings["dataset"], place.of("dataset"), images=cls.images),
        }

    @classmethod
    def _hyper_of(cls, settings: Settings, where: str) -> dict[str, float]:
        """The optimiser's hyperparameters: its defaults under the semantics, then what is given."""
        name = settings["optimizer"]
        defaults = cls.optimizers()[name].defaults[settings["semantics"]]
        given = {hyper: settings[hyper] for hyper in hyperparameters(cls) if hyper in settings}
        for hyper in given:
            if hyper not in defaults:
                takes = f"it takes {', '.join(sorted(defaults))}" if defaults else "it takes none"
                raise ConfigError(f"{where}: optimizer {name!r} has no hyperparameter {hyper!r} ({takes})")
        return {**defaults, **given}

    @classmethod
    def concerns(cls, name: str, settings: Settings) -> bool:
        """Whether a key means anything beside these settings: a hyperparameter does to an optimiser that takes it."""
        if name not in hyperparameters(cls) or settings["optimizer"] not in cls.optimizers():
            return True
        return name in cls.optimizers()[settings["optimizer"]].defaults[settings["semantics"]]

    @classmethod
    def under(cls, forced: Settings, curve: Settings, others: Sequence[Settings], place: Place) -> dict[str, Any]:
        """The settings of a curve under the overrides `forced`, those of them that concern it.

        A hyperparameter concerns only the curves whose optimiser takes it. `curve`: its settings without overrides;
        `others`: those of all curves of the variant.
        """
        settings = {**curve, **forced}
        overridden = set(hyperparameters(cls)) & set(forced)
        if not overridden:
            return settings
        check_name("optimizer", settings["optimizer"], cls.optimizers(), place.of("optimizer"))
        takes = cls.optimizers()[settings["optimizer"]].defaults[settings["semantics"]]
        return {name: value for name, value in settings.items() if name not in overridden or name in takes}

    # What it is known by.

    def identity(self) -> dict[str, Any]:
        """Everything that determines the numbers, and nothing else: what the id is a hash of.

        Names of the experiment, variant and curve, files and order stay out; so does the path of a user's own table, in
        whose place its content stands; and a later field at the value that it has in older trials.
        """
        values = ((name, getattr(self, name), absent) for name, absent in _hashed(type(self)))
        described = {name: value for name, value, absent in values if absent is MISSING or value != absent}
        described["dataset"] = described.pop("dataset_key") or self.dataset
        return {**self.meaning(), **described}

    @cached_property
    def trial_id(self) -> str:
        """16 hex digits over its identity; worked out once, since every look at a running batch asks for it."""
        return digest(self.identity())

    @property
    def sweep_id(self) -> str:
        """The same for all trials that differ in learning rate and seed alone.

        It is not kept: an attribute that only some trials have makes all of them three times as large.
        """
        return digest({**self.identity(), "lr": None, "seed": None})

    @property
    def hyperparameters(self) -> str:
        """`hyper` as a column has it."""
        return " ".join(f"{name}={value:g}" for name, value in self.hyper)

    def columns(self) -> dict[str, Any]:
        """The columns of trials.csv that say what a trial is, which every kind has."""
        return {name: _cell(getattr(self, name)) for name in COLUMNS}

    def extras(self) -> dict[str, Any]:
        """The columns of trials.csv with what else determines its numbers; they stand behind the outcome."""
        columns = [
            each.metadata["column"]
            for each in fields(self)
            if each.metadata.get("column") and not self._is_absent(each)
        ]
        return {name: _cell(getattr(self, name)) for name in dict.fromkeys(columns)}

    def _is_absent(self, each: "Field[Any]") -> bool:
        absent = each.metadata.get("absent", MISSING)
        return absent is not MISSING and bool(getattr(self, each.name) == absent)


@cache
def _hashed(cls: type[Trial]) -> tuple[tuple[str, Any], ...]:
    """The fields that enter an identity, each with the value at which it stays out."""
    return tuple(
        (each.name, each.metadata.get("absent", MISSING))
        for each in fields(cls)
        if each.name not in _NAMES and each.metadata.get("hashed", True)
    )


def _check_precision(settings: Settings, place: Place) -> None:
    """Refuse a number that the precision does not have: it would be computed with as 0 or as infinity."""
    dtype = settings["dtype"]
    least, most = NORMAL[dtype]
    for name, value in settings.items():
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, float) and item and not least <= abs(item) <= most:
                remedy = "choose another" + (", or dtype float64" if dtype == "float32" else "")
                span = f"beyond {dtype}, which has {least:.2g} to {most:.2g}"
                raise ConfigError(f"{place.of(name)}: {name} = {item:g} is {span}: {remedy}")


def _cell(value: Any) -> Any:
    """A field as a table takes it: bytes of a path that are no UTF-8 as escapes."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    return " ".join(value) if isinstance(value, tuple) else value


@cache
def keys_of(cls: type[Trial]) -> Mapping[str, Key]:
    """The keys of a kind's files by name: those of its trials' fields, then its optimisers' hyperparameters."""
    types = get_type_hints(cls)
    found = {
        name or each.name: replace(described, words=str in (types[each.name], *get_args(types[each.name])))
        for each in fields(cls)
        for name, described in each.metadata.get("keys", {}).items()
    }
    return {**found, **hyperparameters(cls)}


@cache
def hyperparameters(cls: type[Trial]) -> Mapping[str, Key]:
    """The keys that are hyperparameters of some optimiser."""
    takers: dict[str, list[str]] = {}
    checks: dict[str, Check] = {}
    for optimizer, entry in cls.optimizers().items():
        for name, check in entry.checks.items():
            takers.setdefault(name, []).append(optimizer)
            checks.setdefault(name, check)
    return {
        name: Key(checks[name], f"hyperparameter of {', '.join(optimizers)}", default=None)
        for name, optimizers in takers.items()
    }


def defaults(cls: type[Trial]) -> dict[str, Any]:
    """The keys that need not be given, and what they are then."""
    given = {name: key.default for name, key in keys_of(cls).items()}
    return {name: value for name, value in given.items() if value is not None and value is not REQUIRED}


def digest(content: Mapping[str, Any]) -> str:
    """16 hex digits of SHA-256 over canonical JSON (sorted keys, shortest round-trip floats, no blanks)."""
    return hashlib.sha256(_CANONICAL.encode(content).encode()).hexdigest()[:16]
