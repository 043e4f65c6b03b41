"""Trials of the MNIST network: what its keys mean, what is refused, and what makes two trials one."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.twins import make_cnn_trial

from overparam_cli.errors import ConfigError
from overparam_cli.experiments import (
    apply_overrides,
    effective_overrides,
    expand,
    folder_name,
    kind_keys,
    load_experiment,
)
from overparam_cli.experiments.key import REQUIRED
from overparam_cli.kinds.mnist.trial import MnistTrial

OWN = """\
name = "own-network"
title = "A network of one's own"
kind = "cnn"

[trial]
dataset = "digits-simulated"
lr = 1e-2
iterations = 10

[[curves]]
name = "plain"

[[curves]]
name = "deep"
depth = 3
"""
Write = Callable[..., Path]


def trials(path: Path, **overrides: Any) -> dict[str, MnistTrial]:
    """The trials of a file by curve."""
    found = expand(apply_overrides(load_experiment(path), overrides))["cross-entropy"]
    return {trial.curve: trial for trial in found if isinstance(trial, MnistTrial)}


def test_a_layer_is_factored_at_the_smallest_width_that_loses_nothing(write: Write) -> None:
    own = trials(write(text=OWN))
    assert own["plain"].widths == ((), ())
    assert (own["plain"].depth, own["plain"].width, own["plain"].factor_std) == (1, "", "")
    assert own["deep"].widths == ((512, 512), (10, 10))
    assert (own["deep"].depth, own["deep"].width, own["deep"].factor_std) == (3, "512x512+10x10", "0.1")


def test_each_layer_has_depth_width_and_deviations_of_its_own(write: Write) -> None:
    path = write(("depth = 3", "dense1_depth = 4\ndense1_width = [20, 30, 40]"), text=OWN)
    own = trials(path, factor_std="0.1,0.2,0.3,0.4")
    assert own["deep"].widths == ((20, 30, 40), ())
    assert own["deep"].width == "20x30x40+-"
    assert own["deep"].factor_stds == ((0.1, 0.2, 0.3, 0.4), ())
    assert own["deep"].factor_std == "0.1x0.2x0.3x0.4+-"
    assert own["deep"].depths == (4, 1)


def test_the_depth_of_one_layer_is_meant_for_the_factored_curves(write: Write) -> None:
    own = trials(write(text=OWN), dense2_depth="2")
    assert own["plain"].widths == ((), ())
    assert own["deep"].widths == ((512, 512), (10,))
    alone = trials(write(("depth = 3", "lr = 1e-3"), text=OWN), dense2_depth="2")  # where there are none, for all
    assert alone["plain"].widths == ((), (10,))


@pytest.mark.parametrize("optimizer", ["gd", "adagrad", "adadelta", "adam"])
def test_the_built_in_experiments_take_any_elementwise_optimiser(optimizer: str) -> None:
    found = expand(apply_overrides(load_experiment("fig5-right"), {"optimizer": optimizer}))["cross-entropy"]
    assert {trial.optimizer for trial in found} == {optimizer}
    with pytest.raises(ConfigError, match="is for linear networks"):
        expand(apply_overrides(load_experiment("fig5-right"), {"optimizer": "end-to-end"}))


def test_depth_selects_and_makes_curves(write: Write) -> None:
    experiment = apply_overrides(load_experiment(write(text=OWN)), {"depth": "1,2"})
    assert [curve.name for curve in experiment.curves] == ["plain", "deep-depth-2"]


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("dense1_width", "5", None),
        ("dense1_width", "5,6,7", "3 entries, but depth 3 has 2 hidden layers"),
        ("factor_std", "0.1,0.2", "2 entries, but there are 3 factors"),
        ("factor_std", "0", "must be a finite number above 0"),
        ("init_std", "0", "above 0"),
        ("decay_on", "both", "must be one of factors, original, product, nothing"),
        ("lr_decay", "1.5", "above 0 and at most 1"),
        ("dropout", "1", "at least 0 and below 1"),
        ("batch", "0", "at least 1"),
        ("evaluate_every", "150", "must be a multiple of 100"),
        ("optimizer", "end-to-end", "is for linear networks: choose from gd"),
        ("optimizer", "adm", "did you mean 'adam'"),
        ("dataset", "ethanol", "this experiment needs images; Valid: mnist, digits-simulated"),
        ("dataset", "mine.csv", "is a table, and this experiment needs images"),
        ("preprocessing", "none", "an experiment of kind 'cnn' has no key 'preprocessing'"),
        ("loss", "l4", "an experiment of kind 'cnn' has no key 'loss'"),
        ("beta1", "0.5", "has the hyperparameter 'beta1'"),
    ],
)
def test_wrong_settings_are_named(write: Write, key: str, value: str, message: str | None) -> None:
    path = write(text=OWN)
    if message is None:
        assert trials(path, **{key: value})["deep"].widths[0] == (5, 5)
        return
    with pytest.raises(ConfigError, match=message):
        trials(path, **{key: value})


def test_what_is_not_factored_is_one_trial_whatever_of_it_is_penalised() -> None:
    """One trial in three readings: it is trained once. Factored, it is another; so is one without weight decay."""
    plain, product, names, nothing = (
        {
            trial.curve: trial.trial_id
            for trial in expand(apply_overrides(load_experiment("fig5-right"), changes))["cross-entropy"]
        }
        for changes in [{"decay_on": one} for one in ("factors", "product", "original", "nothing")]
    )
    assert plain["original"] == product["original"] == names["original"] != nothing["original"]
    assert len({plain["factored"], product["factored"], names["factored"], nothing["factored"]}) == 4


@pytest.mark.parametrize(("key", "value"), [("batch", "32"), ("decay_on", "original"), ("dataset", "mnist")])
def test_a_linear_experiment_takes_none_of_it(key: str, value: str) -> None:
    with pytest.raises(ConfigError, match=r"has no key|needs a regression problem; Valid: ethanol"):
        expand(apply_overrides(load_experiment("fig3"), {key: value}))


def test_curves_share_the_images(write: Write) -> None:
    with pytest.raises(ConfigError, match="the curves of a variant share 'validation'"):
        load_experiment(write(("depth = 3", "depth = 3\nvalidation = 100"), text=OWN))


CHANGES: dict[str, Any] = {
    "dataset": "mnist",
    "widths": ((), ()),
    "factor_stds": ((0.1, 0.2), (0.1, 0.1)),
    "init_std": 0.2,
    "optimizer": "gd",
    "semantics": "torch",
    "hyper": (("momentum", 0.5),),
    "lr": 0.1,
    "lr_decay": 1.0,
    "weight_decay": 0.0,
    "decay_on": "original",
    "batch": 8,
    "dropout": 0.0,
    "validation": 101,
    "seed": 1,
    "dtype": "float32",
    "iterations": 11,
    "dataset_key": "digits-simulated:n=7",
}


def test_every_field_that_changes_numbers_changes_the_id() -> None:
    plain = make_cnn_trial()
    elsewhere = {"experiment", "variant", "curve", "evaluate_every"}
    assert {field.name for field in dataclasses.fields(MnistTrial)} == set(CHANGES) | elsewhere
    ids = {dataclasses.replace(plain, **{key: value}).trial_id for key, value in CHANGES.items()}
    assert len(ids | {plain.trial_id}) == len(CHANGES) + 1
    moved = dataclasses.replace(plain, experiment="a", variant="b", curve="c", evaluate_every=7)
    assert moved.trial_id == plain.trial_id


def test_evaluating_more_often_is_no_other_experiment() -> None:
    experiment = load_experiment("fig5-right")
    assert effective_overrides(experiment, {"evaluate_every": "500"}) == {}
    assert folder_name(experiment, {"evaluate_every": "500", "seeds": "3"}) == "fig5-right"
    assert folder_name(experiment, {"batch": "32"}) == "fig5-right@batch=32"


@given(depth=st.integers(1, 6), widths=st.lists(st.integers(1, 50), min_size=5, max_size=5))
def test_widths_of_any_depth_expand(depth: int, widths: list[int]) -> None:
    experiment = load_experiment("fig5-right")
    changes = {"dense1_depth": depth, "dense1_width": tuple(widths[: depth - 1]), "dense2_depth": 1}
    if depth == 1:
        del changes["dense1_width"]
    found = expand(apply_overrides(experiment, {"depth": 2, **changes}))["cross-entropy"]
    assert isinstance(found[0], MnistTrial)
    assert found[0].widths == (tuple(widths[: depth - 1]), ())
    assert len(found[0].factor_stds[0]) == (depth if depth > 1 else 0)


def test_the_keys_have_help_and_the_defaults_pass_their_own_checks() -> None:
    for name, key in kind_keys("cnn").items():
        assert key.help, name
        if key.default is not None and key.default is not REQUIRED:
            assert key.check(key.default) is not None
