"""The theory's checks as runs: folders, tables, curves and manifests, with closed forms for the numbers."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from overparam_cli import disk
from overparam_cli.cli.main import cli, main
from overparam_cli.errors import ConfigError, LogError, StorageError
from overparam_cli.kinds.theory.running import run_study
from overparam_cli.kinds.theory.study import plan_checks, plan_studies
from overparam_cli.results import schema
from overparam_cli.results.record import Record, find_names, find_records
from overparam_cli.run.progress import Silent
from overparam_cli.run.settings import Settings

LEMMA3 = {"depths": "3", "radii": "0.5:1", "dimensions": "2"}
APPENDIX = {"y1s": "10", "epsilon1s": "0.1"}


def run(results: Path, *checks: str, name: str | None = None, **overrides: str) -> list[Record]:
    study = plan_checks(checks, overrides, results=results, name=name)
    return [Record.read(folder) for folder in run_study(study, Settings(), Silent())]


def test_lemma3s_table_holds_the_closed_form(tmp_path):
    (record,) = run(tmp_path, "lemma3", **LEMMA3)
    (row,) = record.table.to_dict("records")
    exponent = 3 - 2 / 3
    assert row["quadrature"] == pytest.approx((6 / exponent - 2) * (1 - 0.5**exponent), rel=1e-12)
    assert list(record.table) == list(record.manifest["columns"])
    assert record.manifest["statement"].startswith("∮F_e")
    assert record.manifest["parameters"] == {"depths": [3], "radii": [[0.5, 1.0]], "dimensions": [2], "seed": 0}


def test_the_curve_is_closed_and_its_pieces_integrals_are_appendix_a4s(tmp_path):
    (record,) = run(tmp_path, "lemma3", **LEMMA3)
    pieces = [record.series(f"gamma{place}")[["x", "y"]].to_numpy() for place in (1, 2, 3, 4)]
    for before, after in zip(pieces, pieces[1:] + pieces[:1], strict=True):
        np.testing.assert_allclose(before[-1], after[0], atol=1e-15)
    np.testing.assert_allclose([piece[0] for piece in pieces], [[-1, 0], [-0.5, 0], [0.5, 0], [1, 0]], atol=1e-15)
    a = 3 - 2 / 3
    along, around = 3 / a * (1 - 0.5**a), 2 * 0.5**a
    np.testing.assert_allclose(record.manifest["curves"]["pieces"], [along, around, along, -2], rtol=1e-12)


def test_the_field_is_equation_14s(tmp_path):
    (record,) = run(tmp_path, "lemma3", **LEMMA3)
    field = record.series("field")
    on_axis, across = field[field["y"] == 0], field[field["x"] == 0]
    np.testing.assert_allclose(on_axis["u"], 3 * on_axis["x"].abs() ** (4 / 3), atol=1e-15)  # along e: N·‖w‖^{2−2/N}
    np.testing.assert_allclose(across["u"], across["y"].abs() ** (4 / 3), atol=1e-15)  # across e: no projection
    np.testing.assert_allclose(across["v"], 0, atol=1e-15)


def test_trajectories_follow_equation_15_and_end_where_the_table_says(tmp_path):
    (record,) = run(tmp_path, "appendix-b-bound", **APPENDIX)
    delta = -0.99
    first = delta * (1 - 2 / 100 * delta**2)  # Eq. 15 at its limit 2/y₁²
    descent = record.series("descent-delta2")
    np.testing.assert_allclose(descent["y"].iloc[:2], [-delta, -first], rtol=1e-12)
    rule, arrival = record.series("rule-delta2"), record.table["rule_iterations"].iloc[0]
    assert rule["x"].iloc[-1] == arrival
    assert rule["y"].iloc[-1] <= 0.01 < rule["y"].iloc[-2]
    assert record.manifest["curves"]["rule_iterations"] == arrival
    assert record.manifest["curves"]["bound"] == pytest.approx(25)


def test_a_check_with_its_own_parameters_counts_as_the_claims(tmp_path):
    claim1, claim2 = run(tmp_path, "claim1", "claim2")
    for record in (claim1, claim2):
        assert record.folder == tmp_path / "theory" / record.check
        assert record.manifest["full_length"] is True
        assert record.manifest["dataset"] is None
        assert record.manifest["curves"] is None
        assert len(record.table) == record.manifest["rows"]


def test_parameters_given_as_they_are_change_nothing(tmp_path):
    (record,) = run(tmp_path, "claim2", depths="2,3,4,5,6,7,8", seeds="0,1,2")
    assert record.folder == tmp_path / "theory" / "claim2"
    assert record.manifest["full_length"] is True


def test_other_parameters_go_to_a_folder_that_says_so(tmp_path):
    (record,) = run(tmp_path, "claim2", seeds="5", depths="3")
    assert record.folder == tmp_path / "theory@depths=3+seeds=5" / "claim2"
    assert record.manifest["full_length"] is False
    assert record.manifest["changed"] == {"seeds": [5], "depths": [3]}
    assert not (tmp_path / "theory").exists()
    (named,) = run(tmp_path, "claim2", name="mine", seeds="5")
    assert named.folder == tmp_path / "theory@mine" / "claim2"


def test_folders_of_different_parameters_differ_even_where_the_file_system_is_narrow(tmp_path):
    folders = {
        plan_checks(["lemma3"], {"radii": text}, results=tmp_path).folder.name for text in ("0.5:1", "0.5:1.5", "0.5:2")
    }
    assert len(folders) == 3
    assert not any(":" in folder for folder in folders)


def test_embedded_data_are_named_and_never_the_papers(tmp_path):
    (record,) = run(tmp_path, "theorem2", dataset="two-points")
    data = record.manifest["dataset"]
    assert record.folder.parent.name == "theory@dataset=two-points"
    assert (data["embedded"], data["n"], data["d"]) == (True, 2, 2)
    assert data["fingerprint"]
    assert record.manifest["full_length"] is False


@pytest.mark.real_data
def test_theorem_2_on_the_papers_data_counts(tmp_path, real_data):
    study = plan_checks(["theorem2"], {}, results=tmp_path)
    (folder,) = run_study(study, Settings(data_dir=real_data, offline=True), Silent())
    record = Record.read(folder)
    assert record.manifest["full_length"] is True
    assert record.manifest["dataset"]["name"] == "ethanol"
    # c = ‖∇L(0)‖ of the ℓ2 loss is ‖Xᵀy/n‖: between the largest correlation, at most 1, and √128 of them
    assert 0 < record.table["c"][record.table["loss"] == "l2"].iloc[0] < np.sqrt(128)


def test_running_again_gives_the_same_bytes(tmp_path):
    def files() -> list[bytes]:
        return [(record.folder / file).read_bytes() for file in ("table.csv", "curves.csv")]

    (record,) = run(tmp_path, "lemma3", **LEMMA3)
    before = files()
    run(tmp_path, "lemma3", **LEMMA3)
    assert files() == before


@pytest.mark.parametrize(
    ("checks", "overrides", "words"),
    [
        (["lema3"], {}, ["'lema3'", "did you mean 'lemma3'?", "claim2"]),
        (["lemma3"], {"depht": "3"}, ["depht", "did you mean 'depths'?", "dimensions"]),
        (["theorem1"], {"nets": "3"}, ["nets", "Valid: time, steps, seeds"]),
        (["lemma3"], {"depths": "0"}, ["depths=0", "above 0"]),
        (["lemma3"], {"depths": "three"}, ["depths=three", "must read like 2,3,4"]),
        (["lemma3"], {"depths": "3,3"}, ["depths=3,3", "twice"]),
        (["lemma3"], {"radii": "1"}, ["radii=1", "0.1:1"]),
        (["lemma3"], {"dimensions": "1"}, ["at least 2"]),
        (["theorem2"], {"depths": "2"}, ["at least 3"]),
        (["theorem2"], {"exponents": "3"}, ["must be even"]),
        (["claim2"], {"norms": "nan"}, ["at least 0"]),
        (["observation1"], {"time": "inf"}, ["above 0"]),
        (["observation1"], {"start": "0.1"}, ["0.01:0.1"]),
        (["lemma3", "claim1"], {"dataset": "simulated"}, ["--dataset", "lemma3, claim1"]),
    ],
)
def test_bad_input_is_one_line_and_code_2(tmp_path, checks, overrides, words):
    with pytest.raises(ConfigError) as error:
        plan_checks(checks, overrides, results=tmp_path)
    assert error.value.exit_code == 2
    assert "\n" not in str(error.value)
    for word in words:
        assert word in str(error.value)


def test_values_without_numbers_are_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(ConfigError, match="0 < r < R"):
        run(tmp_path, "lemma3", radii="1:0.5")
    with pytest.raises(ConfigError, match=r"observation1 cannot be computed with this time, steps"):
        run(tmp_path, "observation1", time="1e3", steps="3,5")
    assert not list(tmp_path.rglob("*.csv"))


def test_a_results_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="--results"):
        run(tmp_path / "file", "claim2", seeds="0")


def test_damage_is_named(tmp_path):
    (record,) = run(tmp_path, "claim2", depths="2", features="2", seeds="0")
    table, manifest = record.folder / "table.csv", record.folder / schema.MANIFEST
    text, described = table.read_text(), json.loads(manifest.read_text())
    table.write_text(text.rsplit("\n", 2)[0] + "\n")
    with pytest.raises(LogError, match="4 rows instead of 5"):
        Record.read(record.folder)
    table.write_text(text.replace("relative_error", "error"))
    with pytest.raises(LogError, match="no column 'relative_error'"):
        Record.read(record.folder)
    manifest.write_text(json.dumps(described | {"schema": 99}))
    with pytest.raises(LogError, match="schema 99"):
        Record.read(record.folder)
    manifest.write_text(json.dumps({"schema": schema.SCHEMA, "kind": "theory"}))
    with pytest.raises(LogError, match="damaged"):
        Record.read(record.folder)
    manifest.write_text(json.dumps({"schema": schema.SCHEMA}))
    with pytest.raises(LogError, match="no check of the theory"):
        Record.read(record.folder)


@pytest.mark.parametrize("last", ["manifest.json", "table.csv"])
def test_who_is_killed_while_writing_leaves_no_table_of_other_parameters(tmp_path, monkeypatch, last):
    """Same number of rows before and after, so that only the order of writing can tell the two apart."""
    (record,) = run(tmp_path, "claim2", name="x", depths="2", features="2", seeds="0")

    plain = disk.replace

    def killed(path: Path, write: object) -> None:
        if path.name == last:
            raise KeyboardInterrupt
        plain(path, write)

    monkeypatch.setattr(disk, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, "claim2", name="x", depths="3", features="2", seeds="0")
    assert find_names(tmp_path) == []
    with pytest.raises(LogError, match="is unfinished"):
        Record.read(record.folder)
    monkeypatch.undo()
    (record,) = run(tmp_path, "claim2", name="x", depths="3", features="2", seeds="0")
    assert set(record.table["depth"]) == {3}


def test_what_a_killed_writer_left_beside_is_swept(tmp_path):
    (record,) = run(tmp_path, "claim2", depths="2", features="2", seeds="0")
    left = record.folder / ".table.csv.abc_1234"
    left.write_text("half")
    run(tmp_path, "claim2", depths="2", features="2", seeds="0")
    assert not left.exists()


def test_all_includes_figure_1():
    (study,) = plan_studies(["all"], {"iterations": 10}, results=Path("results"))
    assert (study.name, list(study.parameters)) == ("fig1", ["lemma3", "theorem2"])
    assert study.folder == Path("results/theory")


@pytest.mark.parametrize(
    ("overrides", "suffix", "dataset"),
    [
        ({"dataset": "ethanol"}, "", "ethanol"),
        ({"dataset": "simulated"}, "@dataset=simulated", "simulated"),
        ({"smoke": True}, "@smoke", "simulated"),
        ({"dataset": "ammonia", "smoke": True}, "@dataset=ammonia", "ammonia"),
    ],
)
def test_the_data_set_is_all_that_touches_an_experiment_of_checks(overrides, suffix, dataset):
    (study,) = plan_studies(["fig1"], overrides, results=Path("results"))
    assert (study.name, study.folder, study.dataset) == (f"fig1{suffix}", Path(f"results/theory{suffix}"), dataset)


def test_overrides_of_trials_mean_nothing_to_checks_alone():
    with pytest.raises(ConfigError, match="fig1 has no trials, so 'lr' means nothing here"):
        plan_studies(["fig1"], {"lr": "1e-3"}, results=Path("results"))


@pytest.fixture
def experiment(tmp_path: Path) -> Path:
    path = tmp_path / "own.toml"
    path.write_text('name = "own"\ntitle = "My checks"\nkind = "theory"\nchecks = ["claim2", "claim1"]\n')
    return path


def test_run_table_and_plot_know_an_experiment_of_checks(tmp_path, experiment):
    results = ["--results", str(tmp_path / "results")]
    ran = CliRunner().invoke(cli, ["run", str(experiment), "--json", "--quiet", *results], catch_exceptions=False)
    assert [check["check"] for check in json.loads(ran.stdout)] == ["claim2", "claim1"]
    assert find_names(tmp_path / "results") == ["own", "theory"]
    assert [record.check for record in find_records(tmp_path / "results", "own")] == ["claim2", "claim1"]
    table = CliRunner().invoke(cli, ["table", "own", *results], catch_exceptions=False)
    assert table.stdout.index("claim2") < table.stdout.index("claim1 ")
    plotted = CliRunner().invoke(cli, ["plot", *results], catch_exceptions=False)
    assert (plotted.exit_code, plotted.stdout) == (0, "")  # these two checks say it all in their tables
    status = CliRunner().invoke(cli, ["status", *results], catch_exceptions=False)
    assert "theory/claim1" in status.stdout


def test_theory_prints_every_row_as_json_and_draws(tmp_path):
    call = ["theory", "lemma3", "--set", "depths=2,3", "--set", "dimensions=2", "--name", "x", "--json"]
    done = CliRunner().invoke(cli, [*call, "--results", str(tmp_path)], catch_exceptions=False)
    (check,) = json.loads(done.stdout)
    frame = pd.read_csv(tmp_path / "theory@x" / "lemma3" / "table.csv")
    assert [row["quadrature"] for row in check["table"]] == frame["quadrature"].tolist()
    assert {path.suffix for path in (tmp_path / "theory@x" / "lemma3").glob("figure.*")} == {".png", ".pdf", ".svg"}


def test_an_unknown_check_is_one_line_on_standard_error(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["overparam", "theory", "theorem3"])
    with pytest.raises(SystemExit) as exit_:
        main()
    assert exit_.value.code == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    assert "did you mean 'theorem" in shown.err
