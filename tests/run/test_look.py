"""A look at a run under way: what its trials have logged so far, as far as they are, and said so wherever it shows."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

import overparam as op
from overparam_cli.cli.main import cli
from overparam_cli.errors import LogError, RunInterrupted
from overparam_cli.figures.plots import drawn
from overparam_cli.results import look, schema
from overparam_cli.results.find import has_trials
from overparam_cli.results.run import Run
from overparam_cli.run import backends
from overparam_cli.run import job as run_job_module
from overparam_cli.run.job import run_job
from overparam_cli.run.plan import Job
from overparam_cli.run.progress import Silent
from overparam_cli.run.settings import Settings
from tests.run.test_checkpoint import CNN, job
from tests.run.test_job import CONFIG, csvs
from tests.run.test_stop import Send

LINEAR = CONFIG.replace("iterations = 100", "iterations = 40").replace("1e-1]", "5e-1]")  # which diverges with 1 layer
TWO = CNN + '[[curves]]\nname = "smaller"\ndepth = 1\n'
OFTEN, SELDOM = Settings(checkpoint_seconds=0), Settings()


@pytest.fixture(autouse=True)
def _look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ALONE_SECONDS", "SIDE_BY_SIDE_SECONDS"):
        monkeypatch.setattr(backends, name, 0.0)


def halfway(tmp_path: Path, text: str = LINEAR, looks: int = 20, **overrides: object) -> Job:
    """A job that was interrupted at a log point."""
    task = job(tmp_path, text=text, **overrides)
    with pytest.raises(RunInterrupted):
        run_job(task, OFTEN, Send(2, looks))
    return task


def command(*arguments: str, results: Path) -> Result:
    return CliRunner().invoke(cli, [*arguments, "--results", str(results)])


@pytest.mark.parametrize("text", [LINEAR, TWO], ids=["linear", "cnn"])
def test_what_it_shows_is_what_the_finished_run_has_logged_up_to_there(tmp_path: Path, text: str) -> None:
    whole = job(tmp_path, "whole", text)
    run_job(whole, SELDOM, Silent())
    task = halfway(tmp_path, text, looks=20 if text == LINEAR else 2)
    run, end = Run.read(task.folder, partial=True), Run.read(whole.folder)
    assert run.under_way
    for trial, at in run.under_way.items():
        assert 0 <= at < end.iterations
        seen = run.log[run.log["trial_id"] == trial].reset_index(drop=True)
        logged = end.log[(end.log["trial_id"] == trial) & (end.log["iteration"] <= at)].reset_index(drop=True)
        pd.testing.assert_frame_equal(seen.astype({"trial_id": "str"}), logged.astype({"trial_id": "str"}))
        (row,) = run.trials[run.trials["trial_id"] == trial].to_dict("records")
        assert row["status"] == "unfinished"
        assert row[run.level.final] == logged[run.level.column].iloc[-1] or run.kind.name == "cnn"
    ended = run.trials[~run.trials["trial_id"].isin([*run.under_way])]
    assert set(ended["status"]) <= {"diverged", "completed"}
    run_job(task, SELDOM, Silent())
    assert csvs(task.folder) == csvs(whole.folder)
    assert not (task.folder / schema.LOOK).exists()
    assert Run.read(task.folder, partial=True).partial == ""


def test_tables_and_figures_say_that_it_is_not_finished_and_nobody_else_takes_it_for_more(tmp_path: Path) -> None:
    task = halfway(tmp_path)
    results = task.folder.parent.parent
    run = Run.read(task.folder, partial=True)
    (at,) = set(run.under_way.values())
    words = f"at iteration {at:,} of 40, not finished"
    for form in ("text", "md", "html", "csv", "json", "latex"):
        shown = command("table", "tiny", "--partial", "--format", form, results=results)
        assert words in shown.stdout, form
    text = command("table", "tiny", "--partial", results=results).stdout
    assert (
        f"{words} ({6 - len(run.under_way)} of 6 trials finished): numbers are those so far, and no verdict"
        in " ".join(text.split())
    )
    assert re.search(r"1 layer +1e-[23] so far", text)
    assert "gap so far" in text
    assert "final gap" not in text
    assert f"is ahead at iteration {at}, the last that all of its trials have come to" in " ".join(text.split())
    (summary,) = json.loads(command("table", "tiny", "--partial", "--json", results=results).stdout)
    assert [curve["selection"]["compared_at"] for curve in summary["curves"]] == [at, at]
    assert any(words in reason for reason in run.shortcomings)  # so that no claim could be judged by it
    for names in (["tiny"], []):
        refused = command("table", *names, results=results).exception
        assert isinstance(refused, LogError)
        assert str(refused).endswith("has finished: look at it as it stands with --partial")
    written = command("plot", "tiny", "--partial", "--format", "svg", results=results).stdout.split()
    assert {Path(path).name for path in written} >= {"figure-partial.svg", "learning-rates-partial.svg"}
    assert not (results / "tiny" / "figure.svg").exists()
    (axes,) = drawn([run], "figure").axes
    assert words in axes.get_title(loc="left")
    assert all("so far" in entry.get_text() for entry in axes.get_legend().get_texts())
    assert not [line for line in axes.lines if line.get_gid() == "diverged"]
    assert axes.get_xlim()[1] == at
    assert op.load(results / "tiny", partial=True).trials["status"].value_counts()["unfinished"] == len(run.under_way)


def test_a_complete_run_is_shown_as_ever(tmp_path: Path) -> None:
    task = job(tmp_path, text=LINEAR)
    run_job(task, SELDOM, Silent())
    results = task.folder.parent.parent
    assert command("table", "--partial", results=results).stdout == command("table", results=results).stdout
    assert "figure.svg" in command("plot", "tiny", "--partial", "--format", "svg", results=results).stdout


def test_rates_are_compared_where_all_of_them_have_been(tmp_path: Path) -> None:
    """Of two networks, one has come further: what it gained by that does not make its rate the better one."""
    task = job(tmp_path, text=TWO.replace("lr = 1e-3", "lr = [1e-3, 2e-3]").replace("iterations = 3", "iterations = 8"))
    run_job(task, SELDOM, Silent())
    end = Run.read(task.folder)
    trials, log = end.trials.copy(), end.log
    own = trials["curve"] == "small"
    first, second = trials.loc[own].sort_values("lr")["trial_id"]
    trials.loc[trials["trial_id"].isin([first, second]), "status"] = schema.UNFINISHED
    log = log[~((log["trial_id"] == first) & (log["iteration"] > 3))]
    log = log[~((log["trial_id"] == second) & (log["iteration"] > 6))]
    run = Run(end.folder, end.manifest, trials, log.reset_index(drop=True), len(trials))
    assert run.partial == "at iterations 3 to 6 of 8, not finished"
    choice = run.curves["small"].choose("lowest-gap")
    assert choice.compared_at == 3
    column = run.level.column
    for lr, trial in zip((1e-3, 2e-3), (first, second), strict=True):
        known = end.log[(end.log["trial_id"] == trial) & (end.log["iteration"] <= 3)][column]
        assert choice.scores.get(lr, np.inf) >= known.min() or np.isnan(known.min())
    assert run.curves["smaller"].choose().compared_at is None


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "other"])
def test_what_is_not_whole_is_not_shown(tmp_path: Path, damage: str) -> None:
    task = halfway(tmp_path)
    path = task.folder / schema.LOOK
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes({"cut": bytes(data[:-1]), "flipped": bytes(data), "empty": b"", "other": b"PK\3\4"}[damage])
    assert look.read(task.folder) is None
    with pytest.raises(LogError, match=r"underway.tables is damaged: the next checkpoint of the same run command"):
        op.load(task.folder.parent, partial=True).table()
    run_job(task, SELDOM, Silent())  # nothing depends on it
    assert len(Run.read(task.folder).trials) == 6


def test_however_many_trials_there_are_it_stays_small(tmp_path: Path) -> None:
    trials = pd.DataFrame({"trial_id": [f"{n:08x}" for n in range(500)], "status": "completed", "iterations": 10**6})
    points = schema.log_iterations(10**6)[:800]
    log = pd.DataFrame(
        {
            "trial_id": np.repeat(trials["trial_id"], len(points)),
            "iteration": np.tile(points, len(trials)),
            **dict.fromkeys(("loss", "gap", "norm"), 1 / 3),
        }
    )
    kept = look._thinned(log, look.ROWS // len(trials))
    assert len(kept) <= look.ROWS
    each = kept.groupby("trial_id")["iteration"]
    assert set(each.min()) == {0}
    assert set(each.max()) == {points[-1]}
    assert set(look._marked(trials, kept)["status"]) == {"unfinished"}


def test_it_is_not_made_at_every_checkpoint_where_that_would_take_more_than_its_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Path] = []
    monkeypatch.setattr(look, "write", lambda folder, units: made.append(folder))
    monkeypatch.setattr(run_job_module, "LOOKING", 1e-12)
    run_job(job(tmp_path, text=LINEAR), OFTEN, Silent())
    assert len(made) == 1


def test_a_trial_that_stopped_at_its_gap_has_not_diverged_in_any_figure(tmp_path: Path) -> None:
    task = job(tmp_path, text=LINEAR.replace("[1e-3, 1e-2, 5e-1]", "1e-2"), stop_at_gap=0.5)
    run_job(task, SELDOM, Silent())
    run = Run.read(task.folder)
    assert set(run.trials["status"]) == {"completed", "stopped"} or set(run.trials["status"]) == {"stopped"}
    for stem in ("figure", "norms"):
        for axes in drawn([run], stem).axes:
            assert not [line for line in axes.lines if line.get_gid() == "diverged"]


def test_trials_that_are_committed_meanwhile_are_not_there_twice(tmp_path: Path) -> None:
    task = halfway(tmp_path)
    seen = (task.folder / schema.LOOK).read_bytes()
    run_job(task, SELDOM, Silent())
    (task.folder / schema.LOOK).write_bytes(seen)  # as a reader has it that was quicker than the commit
    run = Run.read(task.folder, partial=True)
    assert has_trials(task.folder)
    assert run.trials["trial_id"].is_unique
    assert run.partial == ""
    assert len(run.log) == len(Run.read(task.folder).log)
