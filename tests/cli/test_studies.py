"""`overparam new` and `sweep`: files that say what they do, and do what a file typed by hand does."""

import re
import tomllib
from collections.abc import Callable
from dataclasses import replace
from itertools import chain
from pathlib import Path

import pandas as pd
import pytest
from support.program import program
from support.small_table import save_small_table

from overparam_cli.experiments import Experiment, available, expand, load_experiment, to_dict
from overparam_cli.experiments.annotated import annotated
from overparam_cli.experiments.loading import read_experiment

EXPERIMENTS = [summary.name for summary in available()]
ASKED = ("--dataset", "x.csv", "--target", "y", "--depth", "1,2", "--optimizer", "gd,adam", "--lr", "1e-3:1e-1:3")
ASKED += ("--iterations", "20", "--seeds", "2", "--loss", "l2,l4", "--set", "init_std=0.1,0.2")
BY_HAND = """\
name = "housing"
title = "The same"
kind = "linear"

[trial]
dataset = "x.csv"
targets = ["y"]
lr = [1e-3, 1e-2, 1e-1]
iterations = 20
seeds = 2

[variants.l2]
loss = "l2"

[variants.l4]
loss = "l4"
""" + "".join(
    f'\n[[curves]]\nname = "{depth}-{optimizer}-{std}"\ndepth = {depth}\noptimizer = "{optimizer}"\ninit_std = {std}\n'
    for depth in (1, 2)
    for optimizer in ("gd", "adam")
    for std in (0.1, 0.2)
)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    save_small_table("x.csv")
    return tmp_path


def ids(experiment: Experiment) -> dict[str, list[str]]:
    return {variant: sorted(trial.trial_id for trial in own) for variant, own in expand(experiment).items()}


def test_a_sweep_is_the_study_that_one_would_type(here: Path) -> None:
    code, out, err = program("sweep", *ASKED, "--name", "housing", "--quiet")
    assert (code, err) == (0, "")
    assert "2 layers, adam, init std 0.2" in out
    path = here / "results" / "housing" / "study.toml"
    (here / "typed.toml").write_text(BY_HAND, encoding="utf-8")
    assert ids(load_experiment(path)) == ids(load_experiment("typed.toml"))
    trials = pd.read_csv(here / "results" / "housing" / "l4" / "trials.csv")
    assert sorted(trials["trial_id"]) == ids(load_experiment(path))["l4"]
    assert set(trials["dataset"]) == {"x.csv"}


def test_its_file_runs_it_again_and_finds_all_finished(here: Path) -> None:
    short = ("--dataset", "simulated", "--depth", "1,2", "--lr", "1e-2", "--iterations", "3", "--name", "housing")
    program("sweep", *short, "--quiet")
    folder = here / "results" / "housing" / "l2"
    before = {name: (folder / name).read_bytes() for name in ("log.csv", "trials.csv")}
    code, _, err = program("run", "results/housing/study.toml")
    assert (code, "2 trials, 2 finished before" in err) == (0, True)
    assert before == {name: (folder / name).read_bytes() for name in before}
    assert program("table", "results/housing/study.toml")[0] == 0
    assert "housing/l2" in program("status")[1]


def test_the_example_of_its_help_runs(here: Path) -> None:
    _, out, _ = program("sweep", "--help")
    (line,) = re.findall(r"Example: overparam (sweep .*)", " ".join(out.split()).replace("Options:", "\n"))
    assert program(*line.split(), "--iterations", "2", "--quiet")[0] == 0


def test_a_dry_run_and_a_failed_one_leave_nothing(here: Path) -> None:
    assert program("sweep", *ASKED, "--name", "housing", "--dry-run")[0] == 0
    wrong = tuple("nosuch" if word == "y" else word for word in ASKED)
    code, _, err = program("sweep", *wrong, "--name", "housing", "--quiet")
    assert (code, "no column 'nosuch'" in err) == (4, True)
    assert [path.name for path in here.iterdir()] == ["x.csv"]


def test_another_study_of_the_name_is_not_written_over_unless_forced(here: Path) -> None:
    first = ("sweep", "--dataset", "simulated", "--depth", "1", "--iterations", "3", "--name", "a", "--quiet", "--lr")
    assert program(*first, "1e-2")[0] == 0
    path = here / "results" / "a" / "study.toml"
    text = path.read_bytes()
    assert program(*first, "1e-2")[0] == 0
    code, _, err = program(*first, "1e-3")
    assert (code, path.read_bytes()) == (2, text)
    assert "is another study, or was edited" in err
    assert program(*first, "1e-3", "--force")[0] == 0
    assert path.read_bytes() != text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (("--depth", "1,,2"), "depth = '1,,2' has an empty item"),
        (("--depth", "1,x"), "command line: depth = 'x' must be an integer"),
        (("--optimizer", "gd,adm"), "command line: unknown optimizer 'adm'; did you mean 'adam'?"),
        (("--lr", "1e-1:1e-3:3"), "command line: lr = '1e-1:1e-3:3' must be a grid with 0 < from < to"),
        (("--dataset", "simulatd"), "unknown dataset 'simulatd'; did you mean 'simulated'?"),
        (("--dataset", "y.csv"), "command line: dataset 'y.csv' cannot be read"),
        (("--set", "dpeth=2"), "command line: unknown key 'dpeth'; did you mean 'depth'?"),
        (("--set", "depth=2"), "depth is given twice"),
        (("--name", "fig3"), "is a built-in experiment's"),
        (("--name", "My study"), "--name = 'My study' must be at most 64 lower-case letters"),
        (("--set", "momentum=0.9"), "optimizer 'gd' has no hyperparameter 'momentum'"),
    ],
)
def test_a_wrong_sweep_is_one_line(changes: tuple[str, str], said: str, here: Path) -> None:
    asked = {"--dataset": "simulated", "--lr": "1e-2", "--name": "a"} | dict([changes])
    code, out, err = program("sweep", *chain.from_iterable(asked.items()))
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
    assert not (here / "results").exists()


def uncommented(text: str, mark: str = "# ") -> str:
    return re.sub(rf"^{mark}(?=[a-z_0-9]+ = )", "", text, flags=re.MULTILINE)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_file_to_edit_is_the_experiment_that_it_was_made_from(name: str) -> None:
    path, source = Path("study.toml"), load_experiment(name)
    text = annotated(source, path)
    expected = replace(source, name="study", paper="-")
    assert to_dict(read_experiment(text, path)) == to_dict(expected)


@pytest.mark.parametrize("name", [name for name in EXPERIMENTS if load_experiment(name).has_trials])
def test_the_defaults_that_it_names_are_those_that_hold(name: str) -> None:
    path, source = Path("study.toml"), load_experiment(name)
    text = annotated(source, path)
    said = uncommented(text)
    assert said.count("\n# ") < text.count("\n# ")
    found = read_experiment(said, path)
    assert ids(found) == ids(source)
    assert replace(found.plot) == replace(source.plot, panels=source.plot.panels or tuple(source.variants))
    assert found.analysis == source.analysis


@pytest.mark.parametrize("name", ["fig3", "cnn-lr"])
def test_every_key_stands_in_it_with_its_meaning(name: str) -> None:
    from overparam_cli.experiments import kind_keys, layout

    source = load_experiment(name)
    text = " ".join(annotated(source, Path("study.toml")).replace("\n# ", " ").split())
    for keys in (layout.HEAD, kind_keys(source.kind), layout.ANALYSIS, layout.PLOT):
        for key, described in keys.items():
            assert f" {key} = " in f" {text}"
            assert described.help in text
    assert "#: beta1 = 0.9" in text


def test_names_in_its_comments_can_be_copied() -> None:
    """A scaling's name is not broken where it has a hyphen: with a blank within it would be refused."""
    assert re.findall(r"\w-$", annotated(load_experiment("fig3"), Path("study.toml")), flags=re.MULTILINE) == []


def test_a_file_to_edit_runs_as_it_is(here: Path) -> None:
    code, out, err = program("new", "my-study.toml", "--from", "fig3")
    assert (code, out, err) == (0, "my-study.toml: edit it, then overparam run my-study.toml\n", "")
    assert tomllib.loads(Path("my-study.toml").read_text(encoding="utf-8"))["name"] == "my-study"
    assert program("run", "my-study.toml", "--smoke", "--iterations", "2", "--quiet")[0] == 0
    code, _, err = program("new", "my-study.toml", "--from", "fig2")
    assert (code, err) == (2, "error: my-study.toml exists: choose another name, or write over it with --force\n")
    assert program("new", "my-study.toml", "--from", "fig2", "--force")[0] == 0
    assert "rule-2-width-1" in Path("my-study.toml").read_text(encoding="utf-8")


def test_a_table_of_ones_own_is_named_from_where_the_new_file_stands(here: Path) -> None:
    (here / "typed.toml").write_text(BY_HAND, encoding="utf-8")
    assert program("new", "deep/er/study.toml", "--from", "typed.toml")[0] == 0
    assert 'dataset = "../../x.csv"' in Path("deep/er/study.toml").read_text(encoding="utf-8")
    assert ids(load_experiment("deep/er/study.toml")) == ids(load_experiment("typed.toml"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("study.txt",), "study.txt: an experiment's file is called <name>.toml"),
        (("My Study.toml",), "name = 'My Study' must be"),
        (("fig2.toml",), "name = 'fig2' is a built-in experiment's"),
        (("study.toml", "--from", "fig9"), "no experiment 'fig9'; did you mean"),
    ],
)
def test_a_file_that_cannot_be_is_one_line(arguments: tuple[str, ...], said: str, here: Path) -> None:
    code, out, err = program("new", *arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert [path.name for path in here.iterdir()] == ["x.csv"]


def test_what_toml_cannot_say_is_refused(here: Path, write_bytes: Callable[[bytes], str]) -> None:
    name = write_bytes(b"x\xff.csv")
    code, _, err = program("sweep", "--dataset", name, "--target", "y", "--lr", "1e-2", "--name", "a", "--quiet")
    assert (code, "is no UTF-8" in err) == (2, True)


@pytest.fixture
def write_bytes(here: Path) -> Callable[[bytes], str]:
    """Copy x.csv to a name of bytes that are no text."""

    def write(name: bytes) -> str:
        import os

        try:
            Path(os.fsdecode(name)).write_bytes((here / "x.csv").read_bytes())
        except OSError:
            pytest.skip("names on this file system are text")
        return os.fsdecode(name)

    return write
