"""Which overrides make a folder of their own, what it is called, and which runs may speak for the paper."""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overparam_cli.errors import ConfigError
from overparam_cli.experiments import Experiment, effective_overrides, folder_name, is_full, load_experiment, named

SAFE = re.compile(r"[a-z0-9.,=+@_-]+")  # and not case, on which file systems disagree


def folder(name: str = "fig3", **overrides: Any) -> str:
    return folder_name(load_experiment(name), overrides)


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ({}, "fig3"),
        ({"iterations": "1000"}, "fig3@iterations=1000"),
        ({"iterations": "1000", "lr": "1e-3"}, "fig3@iterations=1000+lr=1e-3"),
        ({"lr": [0.001], "iterations": 1000}, "fig3@iterations=1000+lr=1e-3"),
        ({"lr": "0.5,1.5e-05"}, "fig3@lr=1.5e-5,0.5"),
        ({"depth": "3,2"}, "fig3@depth=2,3"),
        ({"loss": "l6"}, "fig3@loss=l6"),
        ({"dtype": "float64"}, "fig3@dtype=float64"),
        ({"dataset": "simulated"}, "fig3@dataset=simulated"),
        ({"depth": "3", "width": "100x50"}, "fig3@depth=3+width=100x50"),
        ({"smoke": True}, "fig3@smoke"),
        ({"smoke": True, "seeds": 2}, "fig3@smoke"),
        ({"smoke": True, "lr": 1}, "fig3@smoke+lr=1"),
    ],
)
def test_names(overrides: dict[str, Any], expected: str) -> None:
    assert folder(**overrides) == expected


@pytest.mark.parametrize(
    "overrides",
    [
        {"seeds": 5},
        {"loss": "l4"},
        {"loss": "l2,l4"},
        {"variant": "l2"},
        {"iterations": "1_000_000"},
        {"dtype": "float32", "dataset": "ethanol"},
        {"depth": "1,2,3"},
        {"width": 1},
        {"lr": "5e-1,1e-1,5e-2,1e-2,5e-3,1e-3,5e-4,1e-4,5e-5,1e-5"},
        {"optimizer": "gd", "seeds": 2},
        {"smoke": False},
    ],
    ids=str,
)
def test_what_leaves_the_trials_as_they_are_leaves_the_folder(overrides: dict[str, Any]) -> None:
    experiment = load_experiment("fig3")
    assert folder_name(experiment, overrides) == "fig3"
    assert effective_overrides(experiment, overrides) == {}
    assert is_full(experiment, overrides)


@pytest.mark.parametrize(
    ("overrides", "full"),
    [
        ({"dtype": "float64"}, True),
        ({"dtype": "float64", "seeds": 3, "loss": "l4"}, True),
        ({"iterations": 1000}, False),
        ({"iterations": 2_000_000}, False),
        ({"lr": 1e-3}, False),
        ({"depth": "1,2"}, False),
        ({"dataset": "simulated"}, False),
        ({"preprocessing": "none"}, False),
        ({"semantics": "torch"}, False),
        ({"init_std": 0.1}, False),
        ({"loss": "l6"}, False),
        ({"smoke": True}, False),
    ],
    ids=str,
)
def test_only_the_papers_grid_length_and_data_bear_a_verdict(overrides: dict[str, Any], full: bool) -> None:
    assert is_full(load_experiment("fig3"), overrides) is full


def test_an_experiment_on_other_data_bears_none(own: Experiment) -> None:
    assert not is_full(own, {})


def test_hyperparameters_and_their_optimiser_stay_together() -> None:
    assert folder(optimizer="adam", beta1="0.8") == "fig3@beta1=0.8+optimizer=adam"


@given(
    lr=st.lists(st.floats(1e-9, 1e3, allow_subnormal=False), min_size=1, max_size=30, unique=True),
    iterations=st.integers(1, 10**6 - 1),
)
def test_always_safe_and_short(lr: list[float], iterations: int) -> None:
    name = folder("fig4-right", lr=lr, iterations=iterations)
    assert SAFE.fullmatch(name)
    assert len(name) <= 130
    assert name == folder("fig4-right", iterations=str(iterations), lr=",".join(map(repr, reversed(lr))))
    assert name != folder("fig4-right", lr=[2 * rate for rate in lr], iterations=iterations)


def test_own_tables_are_told_apart_by_content(tmp_path: Path) -> None:
    for name, text in (("Table.csv", "x,y\n1,2\n"), ("other.csv", "x,y\n3,4\n")):
        (tmp_path / name).write_text(text)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "Table.csv").write_text("x,y\n5,6\n")
    names = {
        folder(dataset=str(tmp_path / name), targets="Ozon µg") for name in ("Table.csv", "other.csv", "sub/Table.csv")
    }
    assert len(names) == 3
    assert all(SAFE.fullmatch(name) for name in names)


def test_texts_that_look_alike_when_made_safe_are_told_apart(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("x,y\n1,2\n")
    names = {folder(dataset=str(table), targets=[target]) for target in ("Y", "y", "y ", "y/", "y:", "ý")}
    assert len(names) == 6


def test_a_name_of_ones_own() -> None:
    assert folder_name(load_experiment("fig3"), {"lr": 1}, name="Quick_try.2") == "fig3@Quick_try.2"


@pytest.mark.parametrize("name", ["", "../x", "a b", "a/b", ".", "x.", "a@b", "n" * 65, "é"])
def test_names_that_are_no_folder(name: str) -> None:
    with pytest.raises(ConfigError, match="--name"):
        folder_name(load_experiment("fig3"), {}, name=name)


def test_theory_and_groups_have_their_plain_folder() -> None:
    assert folder("fig1", iterations=3) == "fig1"
    assert is_full(load_experiment("fig1"), {"smoke": True})


def test_an_own_file_uses_its_name(write: Callable[..., Path]) -> None:
    experiment = load_experiment(write(('name = "own"', 'name = "mine-2"')))
    assert folder_name(experiment, {"iterations": 5}) == "mine-2@iterations=5"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, "theory"),
        ({"smoke": ""}, "theory@smoke"),
        ({"lr": "1", "smoke": "", "depth": "2,3"}, "theory@smoke+depth=2,3+lr=1"),
        ({"radii": "0.1:1"}, "theory@radii=0.1-1-" + hashlib.sha256(b"radii=0.1:1").hexdigest()[:8]),
    ],
)
def test_names_of_what_has_no_trials(changed: dict[str, str], expected: str) -> None:
    assert named("theory", changed) == expected
    assert named("theory", changed, "mine") == "theory@mine"
