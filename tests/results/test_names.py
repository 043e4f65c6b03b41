"""What stands under a name: the sound beside the damaged, parts said to be parts, an experiment file as it reads."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from support.claim_logs import falling, write_check, write_run
from support.seals import rewrite
from support.synthetic_runs import Curve

from overparam_cli.cli.main import cli
from overparam_cli.errors import ConfigError, LogError
from overparam_cli.results.names import found_by_name

CURVES = {"depth-1": Curve(falling([1e-3, 2e-3]))}


def damage(folder: Path) -> None:
    rewrite(folder, lambda manifest: manifest["dataset"].update(n="many"))


def test_one_damaged_folder_does_not_hide_the_others(tmp_path: Path) -> None:
    for name, variant in (("fig3", "l2"), ("fig3", "l4"), ("blog", "l4")):
        write_run(tmp_path, CURVES, name, variant)
    write_check(tmp_path, "lemma3", [{"depth": 2, "error": 0.5}])
    rewrite(write_check(tmp_path, "claim1", [{"depth": 2, "error": 0.5}]), lambda one: one.update(rows=7))
    damage(tmp_path / "fig3" / "l2")
    found = found_by_name([], tmp_path)
    assert {name: [run.variant for run in runs] for name, runs in found.runs.items()} == {
        "fig3": ["l4"],
        "blog": ["l4"],
    }
    with pytest.raises(LogError, match=r"l2.*damaged.*; .*claim1.*has 1 row instead of 7"):
        found.check()
    shown = CliRunner().invoke(cli, ["table", "--results", str(tmp_path), "--json"])
    assert '"experiment": "blog"' in shown.stdout
    assert isinstance(shown.exception, LogError)


def test_a_wrong_name_among_several_does_not_stop_the_others(tmp_path: Path) -> None:
    write_run(tmp_path, CURVES, "fig3")
    found = found_by_name(["fig33", "fig3"], tmp_path)
    assert list(found.runs) == ["fig3"]
    with pytest.raises(LogError, match="no finished run of fig33"):
        found.check()


def test_half_a_figure_is_said_to_be_half(tmp_path: Path) -> None:
    write_run(tmp_path, CURVES, "fig3", "l4")
    assert found_by_name(["fig3"], tmp_path).notes == ["fig3: nothing has finished of l2: only l4 is shown"]
    write_run(tmp_path, CURVES, "fig3", "l2")
    assert found_by_name(["fig3"], tmp_path).notes == []
    write_run(tmp_path, CURVES, "fig4-left", "l4", plot={"panels": ["l4"]})
    found = found_by_name(["fig4"], tmp_path)
    assert [run.folder.parent.name for run in found.groups["fig4"]] == ["fig4-left"]
    assert "no finished run of fig4-right" in found.notes[0]


def test_what_has_another_name_is_named(tmp_path: Path) -> None:
    write_run(tmp_path, CURVES, "fig3", suffix="@smoke")
    with pytest.raises(LogError, match=r"no finished run of fig3 .*; there is fig3@smoke: run it"):
        found_by_name(["fig3"], tmp_path)


STUDY = """
name = "study"
title = "As it was"
kind = "linear"
[trial]
dataset = "simulated"
loss = "l2"
iterations = 20
lr = [1e-3, 1e-2]
[[curves]]
name = "net"
depth = 1
"""


def test_an_experiment_file_shows_its_own_trials_as_it_reads_now(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    file, results = tmp_path / "study.toml", tmp_path / "results"

    def invoke(*arguments: str) -> str:
        done = CliRunner().invoke(cli, [*arguments, "--results", str(results)], catch_exceptions=False)
        assert done.exit_code == 0
        return done.stdout

    file.write_text(STUDY, encoding="utf-8")
    invoke("run", str(file), "--quiet")
    file.write_text(STUDY.replace("20", "30"), encoding="utf-8")
    invoke("run", str(file), "--quiet")
    edited = STUDY.replace("As it was", "As it is").replace('"net"', '"network"')
    file.write_text(edited, encoding="utf-8")
    (run,) = found_by_name([str(file)], results).runs["study"]
    assert (run.experiment.title, list(run.curves), run.iterations, run.others) == ("As it is", ["network"], 20, 2)
    assert "20 iterations" in invoke("table", str(file))
    assert "30 iterations" in invoke("table", "study")
    assert "figure.png" in invoke("plot", str(file), "--format", "png")
    file.write_text(STUDY.replace("20", "50"), encoding="utf-8")
    with pytest.raises(
        LogError, match=r"no trial of study\.toml as it reads now has finished; 4 trials of other plans"
    ):
        found_by_name([str(file)], results)


def test_a_file_that_is_none_is_a_wrong_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        found_by_name([str(tmp_path / "nothing.toml")], tmp_path)
