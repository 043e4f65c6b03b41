"""`op.sweep`, `op.compare`, `op.theory`: the commands' own numbers and files, as objects."""

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from support.program import program
from support.small_table import save_small_table

import overparam as op
from overparam_cli.api.theory import Theory

REFERENCE = Path(__file__).parents[2] / "results" / "reference"
ASKED = ("--dataset", "x.csv", "--target", "y", "--depth", "1,2", "--optimizer", "gd,adam", "--lr", "1e-3:1e-1:3")
ASKED += ("--iterations", "20", "--seeds", "2", "--loss", "l2,l4", "--set", "init_std=0.1", "--quiet")
SAME: dict[str, Any] = {
    "targets": "y",
    "depth": np.array([1, 2]),
    "optimizer": ["gd", "adam"],
    "lr": "1e-3:1e-1:3",
    "iterations": 20,
    "seeds": 2,
    "loss": ("l2", "l4"),
    "init_std": 0.1,
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    save_small_table("x.csv")
    return tmp_path


def test_a_sweep_writes_the_files_of_the_command_byte_for_byte(here: Path) -> None:
    code, _, err = program("sweep", *ASKED, "--name", "mine", "--results", "typed")
    assert (code, err) == (0, "")
    found = op.sweep("x.csv", name="mine", results="called", **SAME)
    assert found.variants == ("l2", "l4")
    for name in ("study.toml", "l2/log.csv", "l2/trials.csv", "l4/log.csv", "l4/trials.csv"):
        assert (here / "called" / "mine" / name).read_bytes() == (here / "typed" / "mine" / name).read_bytes()
    manifest = json.loads((here / "called" / "mine" / "l2" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["command"].startswith("op.sweep('x.csv', name='mine', depth=")


def test_a_list_of_rates_is_the_grid_as_it_stands(here: Path) -> None:
    found = op.sweep("x.csv", targets="y", name="mine", depth=1, lr=[1e-3, 1 / 3], iterations=5)
    assert sorted(found.trials["lr"]) == [1e-3, 1 / 3]
    again = op.sweep("x.csv", targets="y", name="mine", depth=1, lr=[1e-3, 1 / 3], iterations=5)
    pd.testing.assert_frame_equal(found.trials, again.trials)
    with pytest.raises(op.ConfigError, match="is another study"):
        op.sweep("x.csv", targets="y", name="mine", depth=2, lr=1e-3, iterations=5)
    other = op.sweep("x.csv", targets="y", name="mine", depth=2, lr=1e-3, iterations=5, force=True)
    assert set(other.trials["depth"]) == {2}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"lr": -1.0}, "arguments: lr"),
        ({"optimiser": "adam"}, "arguments: .*optimiser"),
        ({"depth": [1, 0]}, "arguments: depth"),
        ({"targets": "z"}, "no column 'z'"),
        ({"name": "a/b"}, "name"),
    ],
)
def test_what_is_wrong_is_one_line_and_leaves_nothing(here: Path, changed: dict[str, Any], said: str) -> None:
    arguments = {"targets": "y", "lr": 1e-3, "name": "mine", "iterations": 5} | changed
    with pytest.raises(op.OverparamError, match=said) as told:
        op.sweep("x.csv", **arguments)
    assert "\n" not in str(told.value)
    assert not (here / "results").exists()


def test_a_comparison_has_the_numbers_of_the_command() -> None:
    asked = ("compare", "blog", "fig3", "--results", str(REFERENCE), "--json")
    code, out, err = program(*asked)
    assert (code, err) == (0, "")
    found = op.compare("blog", op.load(REFERENCE / "fig3"), results=REFERENCE)
    (known,) = json.loads(out)
    assert len(found.settings) == len(known["differences"])
    assert [*found.settings["setting"]] == [one["setting"] for one in known["differences"]]
    rows = found.numbers.drop(columns="variant").to_dict("records")
    assert [{key: None if pd.isna(value) else value for key, value in row.items()} for row in rows] == known["curves"]
    assert isinstance(found.plot(), Figure)
    assert found._repr_html_().count("<table") == 2
    assert repr(found) == "<overparam.Comparison blog and fig3>"


def test_what_differs_and_by_how_much_is_what_was_changed(here: Path) -> None:
    asked = {"targets": "y", "depth": 1, "lr": 1e-2, "iterations": 10}
    one = op.sweep("x.csv", name="one", **asked)
    other = op.sweep("x.csv", name="other", **(asked | {"init_std": 0.5}))
    found = op.compare(one, other)
    differing = found.settings.set_index("setting")
    assert differing.loc["init_std", ["first", "second"]].to_list() == [0.01, 0.5]
    (row,) = found.numbers.to_dict("records")
    finals = [result.trials["final_gap"].iloc[0] for result in (one, other)]
    assert [row["final_first"], row["final_second"]] == finals
    assert row["ratio"] == finals[1] / finals[0]
    same = op.compare("results/one", one)
    assert same.numbers["alike"].to_list() == [1]


def test_a_comparison_with_nothing_in_common_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(op.ConfigError, match="is of kind"):
        op.compare(op.load(REFERENCE / "fig3" / "l4"), op.load(REFERENCE / "fig5-right"))
    with pytest.raises(op.ConfigError, match="stands for fig4-left, fig4-right"):
        op.compare("fig4", "fig3", results=REFERENCE)
    with pytest.raises(op.LogError, match="no finished run of fig3"):
        op.compare("fig3", "fig3", results=tmp_path)


def test_the_theory_is_the_commands_and_leaves_the_same_files(tmp_path: Path) -> None:
    code, _, err = program("theory", "claim2", "--set", "depths=2,3", "--results", str(tmp_path / "typed"), "--quiet")
    assert (code, err) == (0, "")
    found = op.theory("claim2", results=tmp_path / "called", depths=[2, 3])
    (folder,) = found.folders
    assert folder == tmp_path / "called" / "theory@depths=2,3" / "claim2"
    typed = tmp_path / "typed" / "theory@depths=2,3" / "claim2" / "table.csv"
    assert (folder / "table.csv").read_bytes() == typed.read_bytes()
    assert set(found.table()["depth"]) == {2, 3}
    assert [*found.verify()["claim"]] == ["claim2"]
    assert "claim2" in found._repr_html_()
    assert repr(found) == "<overparam.Theory claim2>"
    with pytest.raises(op.ConfigError, match="no check 'lemma3': choose one of claim2"):
        found.table("lemma3")


@pytest.mark.parametrize("folder", sorted((REFERENCE / "theory").iterdir()), ids=lambda folder: folder.name)
def test_what_was_computed_can_be_drawn_and_the_figure_kept(folder: Path) -> None:
    found = Theory([folder])
    try:
        figure = found.plot()
    except op.ConfigError as error:
        assert str(error).endswith("has no figure: its table says all")  # noqa: PT017
    else:
        assert isinstance(pickle.loads(pickle.dumps(figure)), Figure)


def test_a_check_is_drawn_where_it_has_a_figure(tmp_path: Path) -> None:
    found = op.theory("observation1", "claim2", results=tmp_path)
    assert isinstance(found.plot("observation1"), Figure)
    with pytest.raises(op.ConfigError, match="claim2 has no figure"):
        found.plot("claim2")
    with pytest.raises(op.ConfigError, match="no theory check 'lema3'; did you mean 'lemma3'"):
        op.theory("lema3", results=tmp_path)
    with pytest.raises(op.ConfigError, match=r"^arguments: depth: no such parameter of claim2; did you mean 'depths'"):
        op.theory("claim2", results=tmp_path, depth=2)
