"""Jobs: nothing finished is run again or lost, and an interrupted run ends as an undisturbed one."""

import errno
import json
import os
import re
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from support import processes
from support.tape import Tape

from overparam_cli.errors import BusyError, ConfigError, LogError, RunInterrupted, StorageError
from overparam_cli.kinds.linear import unit as linear
from overparam_cli.kinds.linear.measure import parse_measures
from overparam_cli.results import digests, parts, schema, store
from overparam_cli.results.lock import locked
from overparam_cli.results.reading import Tables, read_tables
from overparam_cli.results.run import Run
from overparam_cli.run import backends, reuse
from overparam_cli.run import job as run_job_module
from overparam_cli.run.job import run_job
from overparam_cli.run.plan import Job, plan
from overparam_cli.run.progress import Silent, Status
from overparam_cli.run.settings import Settings

CONFIG = """
name = "tiny"
title = "A small experiment"
paper = "none"
kind = "linear"
[trial]
dataset = "simulated"
loss = "l2"
iterations = 100
lr = [1e-3, 1e-2, 1e-1]
[[curves]]
name = "depth-1"
label = "1 layer"
depth = 1
[[curves]]
name = "depth-3"
label = "3 layers"
depth = 3
[analysis]
baseline = "depth-1"
"""
CSVS = (schema.TRIALS, schema.LOG)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.toml"
    path.write_text(CONFIG)
    return path


@pytest.fixture(autouse=True)
def _look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "ALONE_SECONDS", 0.0)


def job(config: Path, results: Path, **overrides: object) -> Job:
    (found,) = plan([str(config)], overrides, results=results)
    return found


def csvs(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in CSVS}


class Recorder(Silent):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.updates: list[Status] = []

    def message(self, text: str) -> None:
        self.messages.append(text)

    def warn(self, text: str) -> None:
        self.messages.append(text)

    def update(self, status: Status) -> None:
        self.updates.append(status)


def test_a_run_writes_what_the_schema_says(config: Path, tmp_path: Path) -> None:
    task = job(config, tmp_path / "results")
    run_job(task, Settings(), Silent())
    run = Run.read(task.folder)
    assert list(run.trials["trial_id"]) == [trial.trial_id for trial in task.trials]
    assert list(run.trials.columns)[: len(schema.TRIAL_COLUMNS)] == list(schema.TRIAL_COLUMNS)
    status = dict(zip(zip(run.trials["curve"], run.trials["lr"], strict=True), run.trials["status"], strict=True))
    # 2 / 72.9 = 0.027 is the largest stable rate of one layer where the top eigenvalue is the real data's
    assert status["depth-1", 1e-2] == "completed"
    assert status["depth-1", 1e-1] == "diverged"
    done = run.trials[run.trials["status"] == "completed"]
    assert (done["final_gap"] == done["final_loss"] - run.manifest["optimum"]["loss"]).all()
    assert (done["best_loss"] <= done["final_loss"]).all()
    lost = run.trials[run.trials["status"] == "diverged"]
    assert lost["final_loss"].isna().all()
    assert (lost["diverged_at"] > 0).all()
    points = schema.log_iterations(100)
    for trial_id in done["trial_id"]:
        assert list(run.log[run.log["trial_id"] == trial_id]["iteration"]) == points
    assert run.manifest["dataset"]["name"] == "simulated"
    assert run.manifest["dataset"]["embedded"] is True
    assert not (task.folder / schema.CHECKPOINT).exists()


def test_a_run_of_many_trials_says_first_what_it_takes(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_job_module, "MANY", 5)
    row = 1.001e9 / 6 / len(schema.log_iterations(100))
    monkeypatch.setattr(parts, "ROW", {"csv": row, "parquet": row / 4})
    run_job(job(config, tmp_path), Settings(), recorder := Recorder())
    assert re.fullmatch(r"tiny/l2: 6 trials: about \d+ s here, and 1.0 GB of logs as csv", recorder.messages[0])
    run_job(job(config, tmp_path / "packed"), Settings(log_format="parquet"), packed := Recorder())
    assert packed.messages[0].endswith("and 250 MB of logs as parquet")
    run_job(job(config, tmp_path, seeds=2, lr="1e-3"), Settings(), fewer := Recorder())
    assert not [text for text in fewer.messages if "of logs" in text]


def test_two_runs_of_the_same_plan_are_byte_identical(config: Path, tmp_path: Path) -> None:
    first, second = job(config, tmp_path / "a"), job(config, tmp_path / "b")
    run_job(first, Settings(), Silent())
    run_job(second, Settings(), Silent())
    assert csvs(first.folder) == csvs(second.folder)


def test_finished_trials_are_not_run_again(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = job(config, tmp_path)
    run_job(task, Settings(), Silent())
    before = csvs(task.folder)
    monkeypatch.setattr(linear, "Engine", None)  # calling it would fail
    run_job(task, Settings(), Silent())
    assert csvs(task.folder) == before


def test_more_seeds_join_the_same_folder(config: Path, tmp_path: Path) -> None:
    one, three = job(config, tmp_path), job(config, tmp_path, seeds=3)
    assert one.folder == three.folder
    run_job(one, Settings(), Silent())
    recorder = Recorder()
    run_job(three, Settings(), recorder)
    assert recorder.updates[0].trials == 12  # six were there
    run = Run.read(one.folder)
    assert list(run.trials["trial_id"]) == [trial.trial_id for trial in three.trials]  # in the plan's order
    assert sorted(set(run.trials["seed"])) == [0, 1, 2]
    before = csvs(one.folder)
    run_job(one, Settings(), Silent())  # fewer seeds than there are: nothing to do, nothing lost
    assert csvs(one.folder) == before


class StopAfter(Silent):
    """Sends this process an interrupt at the n-th log point."""

    def __init__(self, updates: int) -> None:
        self.left = updates

    def update(self, status: Status) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGINT)


def test_an_interrupted_run_saves_a_checkpoint_and_ends_byte_identical(config: Path, tmp_path: Path) -> None:
    whole, broken = job(config, tmp_path / "a"), job(config, tmp_path / "b")
    run_job(whole, Settings(), Silent())
    for updates in (40, 25, 1):
        with pytest.raises(RunInterrupted, match="run the same command again"):
            run_job(broken, Settings(), StopAfter(updates))
        assert (broken.folder / schema.CHECKPOINT).exists()
        assert not (broken.folder / schema.TRIALS).exists()
    recorder = Recorder()
    run_job(broken, Settings(), recorder)
    assert "going on from iteration" in recorder.messages[0]
    assert csvs(whole.folder) == csvs(broken.folder)
    assert not (broken.folder / schema.CHECKPOINT).exists()


def test_killed_at_any_moment_the_same_command_ends_byte_identical(config: Path, tmp_path: Path) -> None:
    config.write_text(CONFIG.replace("iterations = 100", "iterations = 60"))  # each of which is saved
    whole = job(config, tmp_path / "whole")
    run_job(whole, Settings(), Silent())
    command = ["run", str(config), "--results", str(tmp_path / "killed")]
    command += ["--checkpoint-seconds", "0", "--threads", str(torch.get_num_threads()), "--quiet"]
    folder = tmp_path / "killed" / "tiny" / "l2"
    for _ in range(3):
        before = processes.written(folder / schema.CHECKPOINT)
        process = processes.start(*command, look_often=True)
        processes.kill_once_written(process, folder / schema.CHECKPOINT, before)
        assert process.exitcode == -signal.SIGKILL
    assert processes.finish(processes.start(*command)) == 0
    assert csvs(folder) == csvs(whole.folder)
    assert {path.name for path in folder.iterdir()} == {*CSVS, schema.MANIFEST, schema.LOCK}


def test_what_a_killed_writer_left_is_swept_away(config: Path, tmp_path: Path) -> None:
    task = job(config, tmp_path)
    task.folder.mkdir(parents=True)
    (task.folder / f".{schema.CHECKPOINT}.x1y2z3_4").write_bytes(b"half a checkpoint")
    (task.folder / "notes.txt").write_text("mine")
    run_job(task, Settings(), Silent())
    assert {path.name for path in task.folder.iterdir()} == {*CSVS, schema.MANIFEST, schema.LOCK, "notes.txt"}


def test_finished_trials_cannot_be_measured_afterwards(config: Path, tmp_path: Path) -> None:
    plain = job(config, tmp_path)
    run_job(plain, Settings(), Silent())
    before = csvs(plain.folder)
    measured = Settings(measures=parse_measures("curvature"))
    with pytest.raises(ConfigError, match=r"tiny/l2 has finished trials without curvature.*--name"):
        run_job(plain, measured, Silent())
    assert csvs(plain.folder) == before
    (named,) = plan([str(config)], {}, results=tmp_path, name="measured")
    for _ in range(2):  # the second time everything is there
        run_job(named, measured, Silent())
    assert "curvature" in Run.read(named.folder).log


def test_a_checkpoint_of_finished_trials_is_removed_without_a_word(config: Path, tmp_path: Path) -> None:
    """The run was killed between the commit of its last unit and the checkpoint's removal."""
    task = job(config, tmp_path)
    with pytest.raises(RunInterrupted):
        run_job(task, Settings(), StopAfter(25))
    saved = (task.folder / schema.CHECKPOINT).read_bytes()
    run_job(task, Settings(), Silent())
    (task.folder / schema.CHECKPOINT).write_bytes(saved)
    run_job(job(config, tmp_path, seeds=2), Settings(), recorder := Recorder())
    assert recorder.messages == []
    assert recorder.updates[0].trials == 6  # the second seed's
    assert {path.name for path in task.folder.iterdir()} == {*CSVS, schema.MANIFEST, schema.LOCK}


def test_a_checkpoint_of_fewer_seeds_is_finished_first(config: Path, tmp_path: Path) -> None:
    alone, grown = job(config, tmp_path / "a"), job(config, tmp_path / "b", seeds=2)
    run_job(alone, Settings(), Silent())
    with pytest.raises(RunInterrupted):
        run_job(job(config, tmp_path / "b"), Settings(), StopAfter(25))
    run_job(grown, Settings(), Silent())
    both = Run.read(grown.folder).trials.set_index("trial_id")
    first = Run.read(alone.folder).trials.set_index("trial_id")
    assert len(both) == 12
    assert both.loc[first.index].equals(first)  # the same batch, so the same numbers to the last bit


def test_the_second_of_two_runs_on_one_folder_is_refused(config: Path, tmp_path: Path) -> None:
    task = job(config, tmp_path)
    with locked(task.folder), pytest.raises(BusyError, match="another run is writing"):
        run_job(task, Settings(), Silent())


def test_a_full_disk_loses_nothing(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, task = job(config, tmp_path / "a"), job(config, tmp_path / "b")
    run_job(whole, Settings(), Silent())
    with pytest.raises(RunInterrupted):
        run_job(task, Settings(), StopAfter(30))

    def full(fd: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StorageError, match="No space left"):
            run_job(task, Settings(), Silent())
    run_job(task, Settings(), Silent())
    assert csvs(task.folder) == csvs(whole.folder)


def test_trials_that_another_experiment_finished_are_taken_over(config: Path, tmp_path: Path) -> None:
    first = job(config, tmp_path / "results")
    run_job(first, Settings(), Silent())
    other = tmp_path / "other.toml"
    other.write_text(CONFIG.replace('"tiny"', '"other"').replace("depth-1", "single").replace("1e-1]", "2e-1]"))
    second, recorder = job(other, tmp_path / "results"), Recorder()
    run_job(second, Settings(), recorder)
    assert "4 trials taken over from tiny/l2" in recorder.messages[0]
    assert recorder.updates[0].trials == 2
    run = Run.read(second.folder)
    assert set(run.trials["experiment"]) == {"other"}
    assert set(run.trials["curve"]) == {"single", "depth-3"}
    assert len(run.manifest["adopted"]) == 4
    names = ["experiment", "curve"]
    own = Run.read(first.folder).trials.set_index("trial_id").drop(columns=names)
    taken = run.trials.set_index("trial_id").drop(columns=names)
    shared = own.index.intersection(taken.index)
    assert len(shared) == 4
    assert taken.loc[shared].equals(own.loc[shared])


def test_half_trained_trials_are_gone_on_with_though_others_have_finished_them(config: Path, tmp_path: Path) -> None:
    alone, task = job(config, tmp_path / "alone"), job(config, tmp_path / "results")
    run_job(alone, Settings(), Silent())
    with pytest.raises(RunInterrupted):
        run_job(task, Settings(), StopAfter(25))
    other = tmp_path / "other.toml"
    other.write_text(CONFIG.replace('"tiny"', '"other"').replace("1e-1]", "2e-1]"))
    run_job(job(other, tmp_path / "results"), Settings(), Silent())
    run_job(task, Settings(), recorder := Recorder())
    assert [message for message in recorder.messages if "going on from" in message] == recorder.messages
    assert csvs(task.folder) == csvs(alone.folder)


@pytest.mark.parametrize("change", [{"dataset": {"fingerprint": "0" * 16}}, {"config": {"kind": "cnn"}}, {}])
def test_folders_that_their_manifest_rules_out_are_not_read(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    first = job(config, tmp_path)
    run_job(first, Settings(), Silent())
    manifest = json.loads((first.folder / schema.MANIFEST).read_text())
    for key, value in change.items():
        manifest[key] |= value
    store.write_json(first.folder / schema.MANIFEST, digests.seal(manifest, manifest["files"]))
    other, read, plain = tmp_path / "other.toml", list[Path](), read_tables
    other.write_text(CONFIG.replace('"tiny"', '"other"'))

    def counted(folder: Path) -> Tables:
        read.append(folder)
        return plain(folder)

    monkeypatch.setattr(reuse, "read_tables", counted)
    run_job(job(other, tmp_path), Settings(), Silent())
    assert read.count(first.folder) == (0 if change else 1)


def test_trials_are_not_taken_over_when_told_so(config: Path, tmp_path: Path) -> None:
    run_job(job(config, tmp_path), Settings(), Silent())
    other, recorder = tmp_path / "other.toml", Recorder()
    other.write_text(CONFIG.replace('"tiny"', '"other"'))
    run_job(job(other, tmp_path), Settings(reuse=False), recorder)
    assert recorder.messages == []
    assert recorder.updates[0].trials == 6


def test_a_folder_with_trials_on_other_data_is_refused(config: Path, tmp_path: Path) -> None:
    task = job(config, tmp_path)
    run_job(task, Settings(), Silent())
    manifest = json.loads((task.folder / schema.MANIFEST).read_text())
    manifest["dataset"]["fingerprint"] = "0" * 16
    store.write_json(task.folder / schema.MANIFEST, digests.seal(manifest, manifest["files"]))
    with pytest.raises(LogError, match="other data"):
        run_job(job(config, tmp_path, seeds=2), Settings(), Silent())


@pytest.mark.parametrize(
    "change", ['loss = "l4"', 'loss = "l2"\npreprocessing = "std"', 'loss = "l2"\nloss_scale = 2.0']
)
def test_a_folder_with_trials_of_another_loss_or_scaling_is_refused_and_stays_whole(
    config: Path, tmp_path: Path, change: str
) -> None:
    """A folder has one optimum: with trials of two, one's gaps would be read as damage, and all of it lost."""
    text = CONFIG.replace('loss = "l2"\n', "") + '[variants.own]\nloss = "l2"\n'
    config.write_text(text)
    task, recorder = job(config, tmp_path), Recorder()
    run_job(task, Settings(), Silent())
    before = {path.name: path.read_bytes() for path in task.folder.iterdir()}
    config.write_text(text.replace('loss = "l2"', change))
    with pytest.raises(LogError, match=r"another loss.* --name"):
        run_job(job(config, tmp_path), Settings(), recorder)
    assert not recorder.updates, "it is said before anything is trained"
    assert {name: (task.folder / name).read_bytes() for name in before} == before
    config.write_text(text)
    run_job(job(config, tmp_path, seeds=2), Settings(), Silent())
    assert len(Run.read(task.folder).trials) == 12


@pytest.mark.parametrize("rates", ["1e-3", "1e-3,1e-2"])
def test_a_start_that_is_not_finite_diverges_at_once(config: Path, tmp_path: Path, rates: str) -> None:
    task = job(config, tmp_path, init_std=1e200, dtype="float64", lr=rates)
    run_job(task, Settings(), Silent())
    trials = Run.read(task.folder).trials
    assert (trials["status"] == "diverged").all()
    assert (trials["diverged_at"] == 0).all()


def test_several_outputs_go_through_optimisers_widths_measures_and_logs(tmp_path: Path) -> None:
    """Two target columns of an own table; the logged loss is that of both, summed, as NumPy sums them."""
    random = np.random.default_rng(0)
    table = pd.DataFrame(random.normal(size=(60, 5)), columns=["a", "b", "c", "y", "z"])
    table.to_csv(tmp_path / "own.csv", index=False)
    text = CONFIG.replace('"simulated"', '"own.csv"\ntargets = ["y", "z"]').replace('"l2"', '"l4"')
    text = text.replace("[1e-3, 1e-2, 1e-1]", "[1e-3, 1e-2]").replace("depth = 3", "depth = 3\nwidth = 4")
    for name, optimizer in (("rule", "end-to-end"), ("momentum", "momentum"), ("adam", "adam")):
        text += f'[[curves]]\nname = "{name}"\ndepth = 2\nwidth = 2\noptimizer = "{optimizer}"\n'
    (tmp_path / "own.toml").write_text(text)
    task = job(tmp_path / "own.toml", tmp_path / "results", iterations=50, init_std=0.0)
    run_job(task, Settings(measures=parse_measures("sharpness")), Silent())
    run = Run.read(task.folder)
    assert (run.trials["status"] == "completed").all()
    y = table[["y", "z"]].to_numpy()
    z_scored = (y - y.mean(axis=0)) / y.std(axis=0)
    start = run.log[run.log["iteration"] == 0]
    assert start["loss"].to_numpy() == pytest.approx(np.full(10, (z_scored**4).mean(axis=0).sum() / 4), rel=1e-12)
    assert run.log["sharpness"].notna().all()
    single = run.trials[run.trials["curve"] == "depth-1"]
    assert (single["final_loss"] < start["loss"].iloc[0]).all()
    assert (run.trials["final_gap"] > 0).all()


def test_status_counts_the_living_and_reports_gaps_by_curve(config: Path, tmp_path: Path) -> None:
    recorder = Recorder()
    run_job(job(config, tmp_path), Settings(), recorder)
    last = recorder.updates[-1]
    assert (last.iteration, last.iterations, last.trials) == (100, 100, 6)
    assert last.alive < 6  # lr 0.1 diverges
    assert set(last.gaps) == {"depth-1", "depth-3"}
    assert all(0 < gap < 0.5 for gap in last.gaps.values())


@pytest.mark.parametrize("refuse", ["", "not on this device"])
def test_a_run_whose_steps_are_recorded_is_byte_identical(
    refuse: str, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With checkpoints on the way; where the device does not record them, that is said once."""
    settings = Settings(quiet=True, kernel="torch", checkpoint_seconds=0.0)
    plain, recorded = (job(config, tmp_path / name, iterations=80) for name in ("plain", "recorded"))
    run_job(plain, settings, Silent())
    tapes = [Tape(refuse)]
    monkeypatch.setattr("overparam_cli.kinds.linear.engine.recorder_for", lambda device: tapes[0])
    told = Recorder()
    run_job(recorded, settings, told)
    assert csvs(recorded.folder) == csvs(plain.folder)
    assert bool(tapes[0].replayed) == (not refuse)
    assert [text for text in told.messages if "does not record" in text] == [
        f"{recorded.title}: the GPU does not record steps ({refuse}): they are asked for one by one, slower"
    ] * bool(refuse)
