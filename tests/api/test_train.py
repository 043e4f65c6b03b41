"""The engine on arrays: the numbers of a run on a table of the same columns, and of formulas worked out beside it."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from click.testing import CliRunner

import overparam as op
from overparam_cli.cli.main import cli

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
Y = X @ [1.0, -2.0, 0.5] + 0.1 * RNG.normal(size=40)
GRID = [1e-3, 1e-2]
STUDY = """\
name = "own"
title = "The same on a table"
kind = "linear"

[trial]
dataset = "table.csv"
targets = ["y1"]
lr = [1e-3, 1e-2]
iterations = 120
seeds = 2

[sweep]
loss = ["l2", "l4"]
depth = [1, 3]
optimizer = ["gd", "adam"]

[analysis]
baseline = "depth-1-gd"
"""


def test_the_numbers_are_those_of_a_run_on_a_table(tmp_path: Path) -> None:
    table = pd.DataFrame(X, columns=["x1", "x2", "x3"]).assign(y1=Y)
    table.to_csv(tmp_path / "table.csv", index=False)
    (tmp_path / "own.toml").write_text(STUDY, encoding="utf-8")
    run = op.run(tmp_path / "own.toml", results=tmp_path / "results")
    lists = {"loss": ["l2", "l4"], "depth": [1, 3], "optimizer": ["gd", "adam"]}
    trained = op.train(X, Y, lr=GRID, iterations=120, seeds=2, **lists)
    names = ["run", "trial_id", "experiment", "dataset", "targets"]
    for own, other in ((trained.trials, run.trials), (trained.log, run.log), (trained.table(), run.table())):
        left = [name for name in own if name not in names]
        pd.testing.assert_frame_equal(own[left], other[left], check_exact=True)
    assert [one.optimum for one in trained.runs] == [one.optimum for one in run.runs]


def test_gradient_descent_on_one_layer_is_that_of_the_formula() -> None:
    found = op.train(X, Y, lr=0.05, iterations=30, dtype="float64", init_std=0.0, preprocessing="none")
    w, losses = np.zeros(3), []
    for _ in range(31):
        losses.append(0.5 * np.mean((X @ w - Y) ** 2))
        w = w - 0.05 * X.T @ (X @ w - Y) / len(X)
    np.testing.assert_allclose(found.log["loss"], losses, rtol=1e-12)
    best, *_ = np.linalg.lstsq(X, Y)
    np.testing.assert_allclose(found.runs[0].optimum["loss"], 0.5 * np.mean((X @ best - Y) ** 2), rtol=1e-9)


def test_deep_networks_descend_as_autograd_has_them() -> None:
    found = op.train(X, Y, depth=3, width=2, lr=0.05, iterations=5, dtype="float64", init_std=0.5, seeds=3)
    rows = found.log[found.log["seed"] == 2].set_index("iteration")
    assert len(rows) == 6
    assert rows["loss"].is_monotonic_decreasing
    assert set(found.trials["width"]) == {"2"}
    assert found.curves["seed"].nunique() == 3


def test_names_come_with_pandas_and_are_made_for_arrays() -> None:
    table = pd.DataFrame(X, columns=["rooms", "age", "distance"])
    named = op.train(table, pd.Series(Y, name="price"), lr=1e-2, iterations=3)
    assert named.runs[0].dataset["targets"] == ["price"]
    assert named.runs[0].dataset["features"] == ["rooms", "age", "distance"]
    bare = op.train(torch.tensor(X), Y[:, None].tolist(), lr=1e-2, iterations=3)
    assert bare.runs[0].dataset["targets"] == ["y1"]
    pd.testing.assert_frame_equal(bare.log, named.log)


def test_several_outputs_and_lists_of_widths() -> None:
    both = np.column_stack([Y, X[:, 0] - X[:, 2]])
    found = op.train(X, both, depth=3, width=[4, [2, 5]], lr=1e-2, iterations=3)
    assert found.runs[0].dataset["k"] == 2
    assert list(found.table()["curve"]) == ["depth-3-width-4", "depth-3-width-2x5"]


def test_the_arrays_are_not_changed_and_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    own, labels = X.copy(), Y.copy()
    own.flags.writeable = labels.flags.writeable = False
    op.train(own, labels, lr=np.array(GRID), iterations=np.int64(3), preprocessing="none")
    assert capfd.readouterr() == ("", "")


def test_speedups_are_over_the_curve_that_is_named() -> None:
    found = op.train(X, Y, depth=[1, 2], lr=[1e-2], iterations=300, baseline="depth-2", init_std=0.3)
    assert found.table().set_index("curve")["speedup"]["depth-2"] == 1


def test_it_is_drawn_and_judged_as_no_run_of_the_papers() -> None:
    found = op.train(X, Y, depth=[1, 2], lr=GRID, iterations=20)
    assert found.plot("learning-rates").axes
    assert "arrays/l2" in found._repr_html_()
    assert found.folders == ()
    with pytest.raises(op.ConfigError, match="no experiment of the paper"):
        found.verify()


HOLES = np.where(np.arange(120).reshape(40, 3) == 7, np.nan, X)


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"X": X[:5]}, op.DataInvalidError, r"features \(5, 3\) and targets \(40, 1\) do not fit"),
        ({"X": HOLES}, op.DataInvalidError, "not every number is finite"),
        ({"X": X[:, 0]}, op.DataInvalidError, r"X has the shape \(40,\): it must be \(n, d\)"),
        ({"y": np.zeros((40, 1, 1))}, op.DataInvalidError, r"y has the shape \(40, 1, 1\)"),
        ({"X": [["a"] * 3] * 40}, op.DataInvalidError, "X is not an array of numbers"),
        ({"X": X.astype(complex)}, op.DataInvalidError, "X is not an array of numbers: it holds complex128"),
        ({"X": X.astype(str)}, op.DataInvalidError, "X is not an array of numbers"),
        ({"X": [[1.0], [1.0, 2.0]]}, op.DataInvalidError, "X is no array"),
        ({"X": np.empty((0, 3)), "y": []}, op.DataInvalidError, "do not fit"),
        ({"X": np.ones((40, 3))}, op.DataInvalidError, "constant"),
        ({"lr": []}, op.ConfigError, "arguments: lr = .* empty grid"),
        ({"depth": [1, 1]}, op.ConfigError, "arguments: depth = .* holds 1 twice"),
        ({"optimizer": "adm"}, op.ConfigError, "unknown optimizer 'adm'"),
        ({"dpeth": 2}, op.ConfigError, "arguments: unknown key 'dpeth'; did you mean 'depth'"),
        ({"dataset": "ethanol"}, op.ConfigError, "arguments: dataset is about tables"),
        ({"baseline": "one"}, op.ConfigError, "baseline = 'one' is no curve"),
        ({"seeds": 0}, op.ConfigError, "seeds = 0"),
    ],
)
def test_what_is_wrong_is_one_line(arguments: dict[str, Any], error: Any, said: str) -> None:
    with pytest.raises(error, match=said) as caught:
        op.train(**{"X": X, "y": Y, "lr": 1e-2, "iterations": 3, **arguments})
    assert "\n" not in str(caught.value)


def test_one_row_of_the_command_and_the_function_agree(tmp_path: Path) -> None:
    """The command itself, on a table that it reads by name."""
    pd.DataFrame(X, columns=["x1", "x2", "x3"]).assign(y1=Y).to_csv(tmp_path / "table.csv", index=False)
    arguments = ["run", "fig3", "--loss", "l4", "--dataset", str(tmp_path / "table.csv"), "--target", "y1", "--quiet"]
    arguments += ["--iterations", "50", "--lr", "1e-3", "--results", str(tmp_path / "results"), "--name", "x"]
    assert CliRunner().invoke(cli, arguments, catch_exceptions=False).exit_code == 0
    log = pd.read_csv(tmp_path / "results" / "fig3@x" / "l4" / "log.csv")
    found = op.train(X, Y, loss="l4", depth=[1, 2, 3], lr=1e-3, iterations=50)
    assert found.log["loss"].to_list() == log["loss"].to_list()
    assert found.log["gap"].to_list() == log["gap"].to_list()
