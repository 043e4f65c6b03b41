"""Expansion and trial ids: how many, in which order, and what an id does and does not depend on."""

import hashlib
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overparam_cli.experiments import (
    Experiment,
    apply_overrides,
    config_hash,
    describe,
    expand,
    load_experiment,
    once,
    to_dict,
)
from overparam_cli.experiments.expansion import sweeps
from overparam_cli.experiments.tables import parse_experiment
from overparam_cli.kinds.linear.trial import LinearTrial

TRIAL = LinearTrial(
    experiment="fig3",
    variant="l4",
    curve="depth-2",
    dataset="ethanol",
    targets=(),
    preprocessing="zscore",
    loss="l4",
    depth=2,
    widths=(1,),
    init="near-zero",
    init_std=0.01,
    optimizer="gd",
    semantics="tf1",
    hyper=(),
    lr=0.001,
    weight_decay=0.0,
    seed=0,
    dtype="float32",
    iterations=1_000_000,
)
rates = st.floats(min_value=1e-8, max_value=10, allow_subnormal=False)


def document(depths: list[int], lrs: list[float], seeds: int, **trial: Any) -> dict[str, Any]:
    curves = [{"name": f"c{index}", "depth": depth} for index, depth in enumerate(depths)]
    common = {"dataset": "simulated", "loss": "l4", "iterations": 10, "lr": lrs, "seeds": seeds, **trial}
    return {"name": "own", "title": "Own", "kind": "linear", "trial": common, "curves": curves}


def experiment(*args: Any, **trial: Any) -> Experiment:
    return parse_experiment(document(*args, **trial), Path("own.toml"))


def ids(one: Experiment) -> set[str]:
    return {trial.trial_id for trials in expand(one).values() for trial in trials}


@given(
    depths=st.lists(st.integers(1, 16), min_size=1, max_size=5, unique=True),
    lrs=st.lists(rates, min_size=1, max_size=6, unique=True),
    seeds=st.integers(1, 4),
    losses=st.lists(st.sampled_from(["l2", "l4", "l6"]), min_size=1, max_size=3, unique=True),
)
def test_expansion_is_the_product_of_curves_rates_and_seeds(
    depths: list[int], lrs: list[float], seeds: int, losses: list[str]
) -> None:
    described = document(depths, lrs, seeds)
    described["variants"] = {f"v-{loss}": {"loss": loss} for loss in losses}
    one = parse_experiment(described, Path("own.toml"))
    expanded = expand(one)
    expected = [
        (depth, lr, seed) for depth in depths for lr in sorted(lrs) for seed in range(seeds)
    ]  # curves as in the file, then rates, then seeds
    assert list(expanded) == [f"v-{loss}" for loss in losses]
    for loss, trials in zip(losses, expanded.values(), strict=True):
        assert [(trial.depth, trial.lr, trial.seed) for trial in trials] == expected
        assert {trial.loss for trial in trials} == {loss}
        assert all(trial.widths == (1,) * (trial.depth - 1) for trial in trials)
    total = len(losses) * len(depths) * len(lrs) * seeds
    assert len(ids(one)) == total
    assert sum(row.trials for row in describe(one)) == total


@given(
    depths=st.lists(st.integers(1, 6), min_size=1, max_size=4, unique=True),
    lrs=st.lists(rates, min_size=1, max_size=4, unique=True),
    data=st.data(),
)
def test_ids_survive_renaming_and_reordering(depths: list[int], lrs: list[float], data: st.DataObject) -> None:
    before = ids(experiment(depths, lrs, 2))
    shuffled = document(data.draw(st.permutations(depths)), data.draw(st.permutations(lrs)), 2)
    shuffled |= {"name": "renamed", "title": "Another", "variants": {"other": {}}}
    for index, curve in enumerate(shuffled["curves"]):
        curve |= {"name": f"renamed-{index}", "label": "x", "color": index}
    assert ids(parse_experiment(shuffled, Path("elsewhere.toml"))) == before


@given(
    name=st.sampled_from(
        ["depth", "init_std", "lr", "weight_decay", "seed", "iterations", "loss_scale", "stop_at_gap"]
    ),
    change=st.integers(1, 1000),
)
def test_any_changed_number_changes_the_id(name: str, change: int) -> None:
    value = getattr(TRIAL, name)
    changed = replace(TRIAL, **{name: value + change if isinstance(value, int) else value + change * 1e-12})
    assert changed.trial_id != TRIAL.trial_id


@pytest.mark.parametrize(
    "change",
    [
        {"dataset": "simulated"},
        {"targets": ("a",)},
        {"features": ("a",)},
        {"drop": ("a",)},
        {"one_hot": ("a",)},
        {"preprocessing": "none"},
        {"label_preprocessing": "minmax"},
        {"loss": "l2"},
        {"widths": (2,)},
        {"init": "identity"},
        {"parameterisation": "diagonal"},
        {"optimizer": "adam"},
        {"semantics": "torch"},
        {"hyper": (("momentum", 0.9),)},
        {"dtype": "float64"},
        {"dataset_key": "sha256:0"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_any_changed_description_changes_the_id(change: dict[str, Any]) -> None:
    assert replace(TRIAL, **change).trial_id != TRIAL.trial_id


def test_every_field_but_the_names_is_covered_above() -> None:
    numbers = {"depth", "init_std", "lr", "weight_decay", "seed", "iterations", "loss_scale", "stop_at_gap"}
    words = {
        "dataset",
        "targets",
        "features",
        "drop",
        "one_hot",
        "preprocessing",
        "label_preprocessing",
        "loss",
        "widths",
        "init",
        "parameterisation",
        "optimizer",
        "semantics",
        "hyper",
        "dtype",
    }
    names = {"experiment", "variant", "curve", "dataset_key"}
    assert {field.name for field in fields(LinearTrial)} == numbers | words | names


def test_the_id_is_the_hash_of_the_description() -> None:
    canonical = (
        '{"dataset":"ethanol","depth":2,"dtype":"float32","hyper":[],"init":"near-zero","init_std":0.01,'
        '"iterations":1000000,"loss":"l4","lr":0.001,"optimizer":"gd","preprocessing":"zscore","seed":0,'
        '"semantics":"tf1","semantics_version":1,"targets":[],"weight_decay":0.0,"widths":[1]}'
    )
    assert TRIAL.trial_id == hashlib.sha256(canonical.encode()).hexdigest()[:16]


def test_names_stay_out_of_the_id() -> None:
    assert replace(TRIAL, experiment="a", variant="b", curve="c").trial_id == TRIAL.trial_id


@pytest.mark.parametrize(
    ("widths", "column"), [((), ""), ((1,), "1"), ((1, 1), "1"), ((100, 50), "100x50"), ((7, 7, 8), "7x7x8")]
)
def test_width_column(widths: tuple[int, ...], column: str) -> None:
    assert replace(TRIAL, depth=len(widths) + 1, widths=widths).width == column


def test_defaults_of_an_optimiser_are_part_of_the_trial(write: Callable[..., Path]) -> None:
    """TensorFlow 1's Adam: β₁ 0.9, β₂ 0.999, ε 1e-8; given or not, it is the same trial."""
    silent = load_experiment(write(("lr = [1e-3, 1e-2]", 'lr = 1e-3\noptimizer = "adam"')))
    spoken = load_experiment(write(("lr = [1e-3, 1e-2]", 'lr = 1e-3\noptimizer = "adam"\nbeta1 = 0.9\nbeta2 = 0.999')))
    other = load_experiment(write(("lr = [1e-3, 1e-2]", 'lr = 1e-3\noptimizer = "adam"\nbeta1 = 0.8')))
    hyper = dict(expand(silent)["l4"][0].hyper)
    assert (hyper["beta1"], hyper["beta2"], hyper["epsilon"]) == (0.9, 0.999, 1e-8)
    assert ids(silent) == ids(spoken)
    assert not ids(silent) & ids(other)


def test_numbers_written_differently_are_one_description(write: Callable[..., Path]) -> None:
    one = load_experiment(write(("[1e-3, 1e-2]", "[1, 2]")))
    other = load_experiment(write(("[1e-3, 1e-2]", "[2.0, 1.0]"), ("iterations = 100", "iterations = 1_00")))
    assert ids(one) == ids(other)
    assert config_hash(one) == config_hash(other)


def test_an_own_table_is_known_by_its_content(write: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    (tmp_path / "b.csv").write_text("x,y\n1,2\n")
    first = load_experiment(write(('"simulated"', '"a.csv"')))
    assert expand(first)["l4"][0].dataset == str(tmp_path / "a.csv")
    assert ids(first) == ids(load_experiment(write(('"simulated"', '"b.csv"'))))
    (tmp_path / "b.csv").write_text("x,y\n1,2\n3,4\n")
    assert not ids(first) & ids(load_experiment(write(('"simulated"', '"b.csv"'))))


def test_the_columns_of_a_table_are_part_of_the_trial_in_any_order(write: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    asked = [
        'targets = ["y"]',
        'targets = ["y"]\nfeatures = ["x", "u"]',
        'targets = ["y"]\ndrop = ["x", "u"]',
        'targets = ["y"]\none_hot = ["x", "u"]',
    ]
    found = [ids(load_experiment(write(('dataset = "simulated"', f'dataset = "a.csv"\n{keys}')))) for keys in asked]
    assert len(set.union(*found)) == sum(map(len, found))
    swapped = [keys.replace('"x", "u"', '"u", "x"') for keys in asked]
    again = [ids(load_experiment(write(('dataset = "simulated"', f'dataset = "a.csv"\n{keys}')))) for keys in swapped]
    assert again == found


def test_a_trial_keeps_its_id_and_nothing_else(own: Experiment) -> None:
    """A plan may have a million: attributes that only some of them have would make each three times as large."""
    trials = expand(own)["l4"]
    for trial in trials:
        assert trial.sweep_id == trials[0].sweep_id or trial.curve != trials[0].curve
        assert trial.trial_id
        assert [*vars(trial)] == [*(field.name for field in fields(trial)), "trial_id"]


def test_two_curves_with_the_same_trials_have_them_once(write: Callable[..., Path]) -> None:
    """The second asks for one rate more: of its three trials two are the first's, whatever the curve is called."""
    more = load_experiment(write(("depth = 3", "depth = 1\nlr = [1e-3, 1e-2, 1e-1]")))
    every = expand(more)["l4"]
    own, again = once(every)
    assert [(trial.curve, trial.lr) for trial in own] == [("shallow", 1e-3), ("shallow", 1e-2), ("deep", 1e-1)]
    assert [(trial.curve, trial.lr) for trial in again] == [("deep", 1e-3), ("deep", 1e-2)]
    assert len(every) == 5
    assert {trial.trial_id for trial in again} < {trial.trial_id for trial in own}


def test_a_curve_wins_over_its_variant_and_that_over_the_defaults() -> None:
    described = document([1, 2, 3], [0.1], 1, init_std=0.5)
    described["variants"] = {"plain": {}, "v": {"init_std": 0.25}}
    described["curves"][1]["init_std"] = 0.125
    expanded = expand(parse_experiment(described, Path("own.toml")))
    assert [trial.init_std for trial in expanded["plain"]] == [0.5, 0.125, 0.5]
    assert [trial.init_std for trial in expanded["v"]] == [0.25, 0.125, 0.25]


def test_resolved_experiment_is_plain_data(own: Experiment) -> None:
    described = to_dict(own)
    assert described["trial"]["lr"] == [0.001, 0.01]
    assert [curve["name"] for curve in described["curves"]] == ["shallow", "deep"]
    assert "source" not in described
    assert config_hash(own) == config_hash(replace(own, source=None))
    assert config_hash(own) != config_hash(replace(own, title="Another"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("two-points:y1=10,y2=1", "two-points:y2=1.0,y1=1e1"),
        ("simulated:seed=7", " simulated : seed = 7"),
    ],
)
def test_options_of_a_data_set_are_one_however_written(write: Callable[..., Path], one: str, other: str) -> None:
    first, second = (load_experiment(write(('"simulated"', f'"{spec}"'))) for spec in (one, other))
    assert ids(first) == ids(second)


def test_options_of_a_data_set_are_part_of_the_trial(write: Callable[..., Path]) -> None:
    found = [
        ids(load_experiment(write(('"simulated"', f'"{spec}"'))))
        for spec in ("simulated", "simulated:seed=7", "two-points:y1=3", "two-points:y1=30")
    ]
    assert len(set.union(*found)) == sum(map(len, found))


def test_own_tables_are_known_by_their_ending() -> None:
    from overparam_cli.experiments.datasets import is_table

    names = ("a.csv", "a.TSV", "b.parquet", "a.txt", "a.csv.gz", "a.svm", "a.zip")
    assert all(map(is_table, names))
    assert not any(map(is_table, ("ethanol", "two-points:y1=1.5", "a.toml", "csv", "")))


@pytest.mark.parametrize("name", ["fig2", "fig5-right"])
def test_a_sweep_is_its_trials_before_they_are_made(name):
    one = apply_overrides(load_experiment(name), {"seeds": "3", "lr": "1e-3,1e-4"})
    expanded, found = expand(one), sweeps(one)
    assert expanded.keys() == found.keys()
    for variant, own in found.items():
        assert sum(map(len, own)) == len(expanded[variant])
        for sweep in own:
            trials = [trial for trial in expanded[variant] if trial.curve == sweep.first.curve]
            assert [(trial.lr, trial.seed) for trial in trials] == [(lr, s) for lr in (1e-4, 1e-3) for s in range(3)]
            assert {trial.sweep_id for trial in trials} == {sweep.first.sweep_id}
            assert len({trial.trial_id for trial in trials}) == len(trials)
        assert len({sweep.first.sweep_id for sweep in own}) == len(own)


@pytest.mark.parametrize(
    ("preprocessing", "labels"), [("zscore", "zscore"), ("minmax", "minmax"), ("unit-norm", "zscore")]
)
def test_labels_scaled_as_the_features_are_one_trial_however_it_is_written(preprocessing: str, labels: str) -> None:
    (plain,) = expand(experiment([1], [0.1], 1, preprocessing=preprocessing))["l4"]
    (same,) = expand(experiment([1], [0.1], 1, preprocessing=preprocessing, label_preprocessing=labels))["l4"]
    (other,) = expand(experiment([1], [0.1], 1, preprocessing=preprocessing, label_preprocessing="maxabs"))["l4"]
    assert same.trial_id == plain.trial_id != other.trial_id
    assert "label_preprocessing" not in plain.extras()
    assert other.extras()["label_preprocessing"] == "maxabs"
