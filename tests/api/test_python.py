"""`import overparam`: the command's numbers as data frames, without its output, its exits and its weight."""

import contextlib
import inspect
import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from click.testing import CliRunner
from matplotlib.figure import Figure

import overparam as op
from overparam_cli.cli.main import cli
from overparam_cli.experiments import all_keys

REFERENCE = Path(__file__).parents[2] / "results" / "reference"
FIGURE_3 = ("l2-depth-hinders", "l2-depth-behind", "l4-depth-accelerates", "fig3-axes")
SHORT = {"smoke": True, "iterations": 60, "seeds": 2}
STUDY = """\
name = "own"
title = "My <i>study</i>"
kind = "linear"

[trial]
dataset = "simulated"
loss = "l2"
lr = 1e-3
iterations = 20

[[curves]]
name = "one"
label = "<b>1</b> & one"
depth = 1
"""


def invoke(*arguments: str) -> str:
    result = CliRunner().invoke(cli, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("api") / "results"


@pytest.fixture(scope="module")
def run(results: Path) -> op.Result:
    return op.run("fig3", results=results, name="short", **SHORT)


def test_importing_it_imports_nothing_heavy() -> None:
    code = "import sys, overparam; print([name for name in ('torch', 'pandas', 'numpy') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_a_run_writes_the_files_of_the_command_byte_for_byte(run: op.Result, tmp_path: Path) -> None:
    options = ("--smoke", "--iterations", "60", "--seeds", "2", "--name", "short", "--quiet")
    invoke("run", "fig3", *options, "--results", str(tmp_path))
    assert run.variants == ("l2", "l4")
    for folder in run.folders:
        for name in ("log.csv", "trials.csv"):
            assert (folder / name).read_bytes() == (tmp_path / "fig3@short" / folder.name / name).read_bytes()


def test_its_manifest_says_which_call_it_was(run: op.Result) -> None:
    manifest = json.loads((run.folders[0] / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["command"] == "op.run('fig3', name='short', smoke=True, iterations=60, seeds=2)"


def test_a_run_says_nothing_and_leaves_torch_as_it_was(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    torch.set_num_threads(1)
    with contextlib.ExitStack() as stack:
        stack.callback(torch.set_float32_matmul_precision, torch.get_float32_matmul_precision())
        torch.set_float32_matmul_precision("high")
        torch.set_flush_denormal(False)
        op.run("fig3", results=tmp_path, smoke=True, iterations=5, loss="l2", threads=2)
        assert torch.get_float32_matmul_precision() == "high"
    assert capfd.readouterr() == ("", "")
    assert torch.get_num_threads() == 1
    assert (torch.tensor(1e-310, dtype=torch.float64) * 1.0).item() > 0


def test_progress_is_shown_where_it_is_asked_for(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    op.run("fig3", results=tmp_path, smoke=True, iterations=5, loss="l2", progress=True)
    out, err = capfd.readouterr()
    assert out == ""
    assert "fig3@smoke+iterations=5/l2: complete" in err.replace("\n", "")


def test_what_must_be_said_is_a_warning(tmp_path: Path) -> None:
    folder = tmp_path / "fig3@x" / "l2"
    folder.mkdir(parents=True)
    (folder / "checkpoint.pt").write_bytes(b"not a checkpoint")
    with pytest.warns(UserWarning, match="checkpoint"):
        op.run("fig3", results=tmp_path, name="x", smoke=True, iterations=5, loss="l2")


def test_what_was_run_is_loaded_by_its_folder(run: op.Result, results: Path) -> None:
    whole, one = op.load(results / "fig3@short"), op.load(str(results / "fig3@short" / "l4"))
    pd.testing.assert_frame_equal(whole.trials, run.trials)
    assert one.variants == ("l4",)
    pd.testing.assert_frame_equal(one.log, run.log[run.log["variant"] == "l4"].reset_index(drop=True))


def test_the_folder_of_a_variant_is_loaded_in_whatever_format_it_keeps_its_tables(tmp_path: Path) -> None:
    asked = ["run", "fig3", "--smoke", "--loss", "l4", "--results", str(tmp_path), "--quiet"]
    for name, extra in (("csv", []), ("parquet", ["--log-format", "parquet"])):
        assert CliRunner().invoke(cli, [*asked, "--name", name, *extra]).exit_code == 0
    one, other = (op.load(tmp_path / f"fig3@{name}" / "l4") for name in ("csv", "parquet"))
    left, right = (run.log.drop(columns="run") for run in (one, other))
    pd.testing.assert_frame_equal(left, right, check_exact=True)


def test_the_table_has_the_numbers_of_the_command(run: op.Result, results: Path) -> None:
    table = run.table().set_index(["variant", "curve"])
    for summary in json.loads(invoke("table", "fig3@short", "--json", "--results", str(results))):
        for curve in summary["curves"]:
            row = table.loc[(summary["variant"], curve["curve"])]
            assert row["lr"] == curve["selection"]["lr"]
            assert row["final_gap"] == curve["final_gap"]["median"]
            assert row["final_gap_high"] == curve["final_gap"]["high"]
            assert (row["depth"], row["seeds"], row["label"]) == (curve["depth"], 2, curve["label"])
            levels = run.levels().set_index(["variant", "curve"]).loc[(summary["variant"], curve["curve"])]
            assert [None if pd.isna(n) else n for n in levels["iterations"]] == curve["iterations_to"]


def test_the_curves_are_the_log_at_the_chosen_rates(run: op.Result) -> None:
    chosen = run.table().set_index(["variant", "curve"])["lr"]
    curves = run.curves
    assert [*curves.columns[:7]] == ["run", "variant", "trial_id", "curve", "label", "lr", "seed"]
    for (variant, curve, seed), rows in curves.groupby(["variant", "curve", "seed"]):
        assert set(rows["lr"]) == {chosen[variant, curve]}
        log = pd.read_csv(run.folders[run.variants.index(str(variant))] / "log.csv")
        own = log[log["trial_id"] == rows["trial_id"].iloc[0]]
        assert rows["gap"].to_list() == own["gap"].to_list()
        assert rows["iteration"].is_monotonic_increasing
        assert seed in (0, 1)


def test_it_is_drawn_as_a_figure_or_into_axes(run: op.Result) -> None:
    figure = run.plot()
    assert isinstance(figure, Figure)
    assert pickle.loads(pickle.dumps(figure))._repr_png_().startswith(b"\x89PNG")
    axes = Figure().subplots()
    assert run.plot(variant="l4", ax=axes) is axes.figure
    assert {text.get_text().split(" (")[0] for text in axes.get_legend().get_texts()} == {
        "1 layer",
        "2 layers",
        "3 layers",
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"figure": "nrms"}, "unknown figure 'nrms': choose from figure"),
        ({"variant": "l6"}, "no variant 'l6': choose from l2, l4"),
        ({"ax": True}, "one pair of axes holds one variant: name one of l2, l4"),
        ({"ax": True, "variant": "l2", "figure": "norms"}, "has 2 pairs of axes"),
        ({"figure": "stability"}, "nothing to show in the figure 'stability'"),
    ],
)
def test_a_figure_that_cannot_be_is_one_line(arguments: dict[str, Any], said: str, run: op.Result) -> None:
    if "ax" in arguments:
        arguments = arguments | {"ax": Figure().subplots()}
    with pytest.raises(op.ConfigError, match=said):
        run.plot(**arguments)


def test_the_reference_results_have_the_verdicts_of_their_file() -> None:
    known = {one["id"]: one["verdict"] for one in json.loads((REFERENCE / "claims.json").read_text())["claims"]}
    found = op.load(REFERENCE / "fig3").verify().set_index("claim")["verdict"].to_dict()
    assert found == {claim: known[claim] for claim in FIGURE_3}


def test_a_group_is_all_of_its_members(tmp_path: Path) -> None:
    found = op.run("fig4", results=tmp_path, smoke=True, iterations=5, name="x")
    assert sorted(set(found.table()["run"])) == ["fig4-left@x", "fig4-right@x"]
    assert len(op.load(tmp_path / "fig4@x").runs) == 2


def test_text_of_ones_own_is_escaped_in_a_notebook(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(STUDY, encoding="utf-8")
    run = op.run(path, results=tmp_path / "results")
    assert "&lt;b&gt;1&lt;/b&gt; &amp; one" in run._repr_html_()
    assert "<b>" not in run._repr_html_()
    assert repr(run) == "<overparam.Result own/l2: 1 curve, 1 trial>"


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda here: op.run("fig9", results=here), op.ConfigError, "no experiment 'fig9'; did you mean"),
        (lambda here: op.run("fig3", results=here, lss="l2"), op.ConfigError, "arguments: unknown key 'lss'"),
        (lambda here: op.run("fig3", results=here, lr=-1), op.ConfigError, "arguments: lr = -1 must be a finite"),
        (lambda here: op.run("fig3", results=here, device="tpu"), op.ConfigError, "unknown device 'tpu'"),
        (lambda here: op.run("fig1", results=here), op.ConfigError, "no trials to train"),
        (lambda here: op.run("fig3", results=here, measure="heat"), op.ConfigError, "heat"),
        (lambda here: op.load(here / "fig3"), op.LogError, "no finished run of fig3"),
        (lambda here: op.load(REFERENCE / "fig1"), op.LogError, "no trials, but tables of the theory"),
        (lambda here: op.run("fig3", results=here, dataset="no.csv"), op.ConfigError, "cannot be read"),
    ],
)
def test_what_is_wrong_is_an_error_of_the_projects(call: Any, error: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(error, match=said):
        call(tmp_path)
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("function", [op.run, op.train])
def test_no_argument_of_a_function_is_a_key_of_another_meaning(function: Any) -> None:
    own = {"run": set(), "train": {"depth", "lr", "loss", "iterations", "seeds"}}[function.__name__]
    named = {name for name, one in inspect.signature(function).parameters.items() if one.kind is one.KEYWORD_ONLY}
    assert named & set(all_keys()) == own


def test_everything_that_is_public_has_a_docstring() -> None:
    for name in op.__all__:
        assert name == "__version__" or inspect.getdoc(getattr(op, name)), name
    for name, member in vars(op.Result).items():
        assert name.startswith("_") or inspect.getdoc(member), name
