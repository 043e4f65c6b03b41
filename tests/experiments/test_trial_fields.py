"""What is declared on a trial's field: its key, its part in the id, its column."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import pytest
from support.twins import make_cnn_trial, make_trial

from overparam_cli.checks import fraction, integer, text
from overparam_cli.errors import ConfigError
from overparam_cli.experiments import Trial, kind_keys
from overparam_cli.experiments.key import REQUIRED, Place, key
from overparam_cli.experiments.kind import KINDS, kind
from overparam_cli.experiments.trial import Optimizer, Settings, defaults, keys_of


class Plain:
    """An optimiser of one hyperparameter."""

    defaults: ClassVar = {"tf1": {"drag": 0.5}, "torch": {"drag": 0.25}}
    checks: ClassVar = {"drag": fraction}


@dataclass(frozen=True, kw_only=True)
class Old(Trial):
    """A made-up kind of network as it first was."""

    optimizer: str = key(text, "optimiser", default="plain")
    init_std: float = key(fraction, "spread", default=0.5)
    weight_decay: float = key(fraction, "decay", default=0.0)
    order: int = key(integer(1), "order", symbol="q", column="order")
    watched: int = key(integer(1), "how often it is looked at", default=1, hashed=False)

    loss, depth, init = "made-up", 1, "none"

    @classmethod
    def optimizers(cls) -> Mapping[str, Optimizer]:
        return {"plain": Plain()}

    @classmethod
    def loss_of(cls, settings: Settings) -> str | None:
        return "made-up"

    def meaning(self) -> dict[str, Any]:
        return {"model": "made-up"}

    @property
    def width(self) -> str:
        return ""


@dataclass(frozen=True, kw_only=True)
class New(Old):
    """The same after somebody added a field."""

    shape: str = key(text, "shape", default="round", absent="round", column="shape")


def made(cls: type[Trial], **changes: Any) -> Trial:
    names = {"experiment": "e", "variant": "v", "curve": "c"}
    settings = {**defaults(cls), "dataset": "simulated", "order": 3, "iterations": 10, **changes}
    return cls(**names, **cls.fields_of(settings, Place("here")), lr=0.5, seed=0)


def test_a_later_field_leaves_old_ids_alone() -> None:
    assert made(New).identity() == made(Old).identity()
    assert made(New).trial_id == made(Old).trial_id
    assert made(New, shape="square").trial_id != made(Old).trial_id
    assert {*made(New, shape="square").identity()} - {*made(Old).identity()} == {"shape"}
    assert New(**{each.name: getattr(made(Old), each.name) for each in fields(Old)}) == made(New)


def test_the_id_hashes_the_identity() -> None:
    trial = made(Old)
    canonical = json.dumps(trial.identity(), sort_keys=True, separators=(",", ":"))
    assert trial.trial_id == hashlib.sha256(canonical.encode()).hexdigest()[:16]
    assert trial.identity()["model"] == "made-up"
    assert not {"experiment", "variant", "curve", "watched", "dataset_key"} & {*trial.identity()}
    assert trial.identity()["dataset"].startswith("simulated:seed=")  # all its options


def test_a_later_field_has_no_column_where_it_says_nothing() -> None:
    assert made(New).extras() == {"semantics": "tf1", "hyperparameters": "drag=0.5", "order": 3}
    assert made(New, shape="square").extras() == {**made(New).extras(), "shape": "square"}


def test_keys_are_those_of_the_fields_and_of_the_optimisers() -> None:
    keys = keys_of(New)
    assert keys["order"].default is REQUIRED
    assert keys["order"].description == "order; q in the paper"
    assert keys["drag"].help == "hyperparameter of plain"
    assert keys["drag"].check is fraction
    assert (keys["shape"].words, keys["order"].words) == (True, False)
    assert "seeds" in keys
    assert not {"seed", "hyper", "dataset_key", "experiment"} & {*keys}


def test_hyperparameters_follow_the_semantics_and_what_is_given() -> None:
    assert made(Old, semantics="torch").hyper == (("drag", 0.25),)
    assert made(Old, drag=0.125).hyper == (("drag", 0.125),)


def test_a_hyperparameter_that_the_optimiser_has_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Plain, "defaults", {"tf1": {}})
    with pytest.raises(ConfigError, match=r"here: optimizer 'plain' has no hyperparameter 'drag' \(it takes none\)"):
        made(Old, drag=0.5)


@pytest.mark.parametrize("name", KINDS)
def test_every_key_is_described_and_its_default_passes_its_own_check(name: str) -> None:
    for key_name, described in kind_keys(name).items():
        assert described.help, key_name
        if described.default is not None and described.default is not REQUIRED:
            described.check(described.default)
    assert kind(name).trial.images == (name == "cnn")


# The columns of the first version's trials.csv, between which its outcome stands.
COMMON = [
    *("trial_id", "experiment", "curve", "dataset", "loss", "depth", "width", "init", "init_std", "optimizer", "lr"),
    *("weight_decay", "seed", "dtype", "iterations"),
]


def test_columns_of_a_linear_trial() -> None:
    trial = make_trial(depth=3, widths=(7, 5), optimizer="momentum", hyper=(("momentum", 0.9),), targets=("a", "b"))
    assert list(trial.columns()) == COMMON
    assert trial.columns()["width"] == "7x5"
    assert trial.extras() == {
        "semantics": "tf1",
        "hyperparameters": "momentum=0.9",
        "preprocessing": trial.preprocessing,
        "targets": "a b",
    }
    assert list(trial.extras()) == ["semantics", "hyperparameters", "preprocessing", "targets"]


def test_columns_of_the_network() -> None:
    trial = make_cnn_trial(hyper=(("momentum", 0.9),), batch=4, dropout=0.5, lr_decay=0.95, validation=100)
    assert list(trial.columns()) == COMMON
    assert trial.columns()["width"] == "512+10"
    assert list(trial.extras().items()) == [
        ("semantics", "tf1"),
        ("hyperparameters", "momentum=0.9"),
        ("settings", "lr_decay=0.95 batch=4 dropout=0.5 validation=100 decay_on=factors"),
        ("factor_std", "0.1"),
    ]
