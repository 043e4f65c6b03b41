"""A name that is not there: what was meant is said, and the other names are worked off all the same."""

import shutil
from pathlib import Path

import pytest
from support.program import program

REFERENCE = Path(__file__).parents[2] / "results" / "reference"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(REFERENCE / "fig4-right", tmp_path / "results" / "fig4-right@mine")
    shutil.copytree(REFERENCE / "theory" / "lemma3", tmp_path / "results" / "theory" / "lemma3")
    return tmp_path


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("rum fig3", 2, "did you mean 'run'?"),
        ("data lst", 2, "'list'"),
        ("run fig33", 2, "did you mean 'fig3'?"),
        ("show fig4-rigth", 2, "did you mean 'fig4-right'?"),
        ("theory lemma33", 2, "did you mean 'lemma3'?"),
        ("verify lemma33", 2, "did you mean 'lemma3'?"),
        ("run fig3 --dataset simulatd", 2, "did you mean 'simulated'?"),
        ("data fetch ethanl", 2, "did you mean 'ethanol'?"),
        ("multiverse status --axis feature=zscore", 2, "did you mean 'features'?"),
        ("table fig33", 5, "did you mean 'fig3'?"),
        ("table fig4-right@min", 5, "there is fig4-right@mine"),
        ("plot fig4-right", 5, "there is fig4-right@mine"),
        ("export teory --to tidy", 5, "did you mean 'theory'?"),
    ],
)
def test_what_was_meant_is_said(line: str, code: int, said: str, here: Path) -> None:
    found, out, err = program(*line.split())
    assert (found, out, err.count("\n")) == (code, "", 1)
    assert said in err


def test_a_name_that_nothing_is_called_is_not_to_be_run(here: Path) -> None:
    assert "run" not in program("table", "nonsense")[2].removeprefix("error: no finished run")
    assert "run it first with overparam run fig2" in program("table", "fig2")[2]


@pytest.mark.parametrize(
    ("line", "code", "shown", "said"),
    [
        ("table fig33 fig4-right@mine", 5, "fig4-right", "no finished run of fig33"),
        ("table fig33 fig4-right@mine fig22", 5, "fig4-right", "no finished run of fig22"),
        ("verify lemma33 lemma3", 2, "lemma3", "1 of 2 failed: lemma33"),
        ("theory lemma33 claim2 --set depths=2 --no-figures", 2, "claim2", "lemma33: no theory check"),
        ("data verify two-points two-pints", 2, "two-points", "unknown data set 'two-pints'"),
    ],
)
def test_a_wrong_name_does_not_stop_the_others(line: str, code: int, shown: str, said: str, here: Path) -> None:
    found, out, err = program(*line.split())
    assert found == code
    assert shown in out
    assert said in err.splitlines()[-1]


def test_an_experiment_that_is_not_there_does_not_stop_a_run(here: Path) -> None:
    line = "run fig33 fig3 --smoke --iterations 3 --loss l2 --depth 1 --quiet --name short"
    code, out, err = program(*line.split())
    assert code == 2
    assert "1 layer" in out  # --quiet keeps the table
    assert err.splitlines()[-1].startswith("error: 1 of 2 failed: fig33: no experiment 'fig33'; did you mean 'fig3'?")
    assert (here / "results" / "fig3@short" / "l2" / "trials.csv").exists()


def test_of_names_none_of_which_is_there_all_are_told(here: Path) -> None:
    code, _, err = program("run", "fig33", "fig44", "--smoke")
    assert code == 2
    assert "fig33" in err.splitlines()[-1]
    assert "fig44" in err.splitlines()[-1]


@pytest.mark.parametrize("option", ["--lr", "--loss", "--depth", "--variant"])
@pytest.mark.parametrize("text", ["1e-3,,2", "l2,", ",2"])
def test_an_empty_item_of_a_list_is_named(option: str, text: str, here: Path) -> None:
    code, _, err = program("run", "fig3", option, text, "--smoke")
    assert code == 2
    assert f"{option.removeprefix('--')} = {text!r} has an empty item" in err
