"""Jobs of the MNIST network: committed trial by trial, gone on with to the last bit, taken over where it fits."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from support import processes

from overparam_cli.errors import ConfigError, DataInvalidError, RunInterrupted, StorageError
from overparam_cli.kinds.linear.measure import parse_measures
from overparam_cli.kinds.mnist.trainer import CnnTrainer
from overparam_cli.report.status import folder_status
from overparam_cli.results import schema
from overparam_cli.results.run import Run
from overparam_cli.run import backends
from overparam_cli.run.folder import RunFolder
from overparam_cli.run.job import run_job
from overparam_cli.run.plan import Job, check_measurable, cost, estimate_seconds, plan
from overparam_cli.run.progress import Silent, Status
from overparam_cli.run.settings import Settings
from tests.run.test_checkpoint import rewrite
from tests.run.test_job import Recorder, StopAfter, csvs

CONFIG = """
name = "tiny"
title = "A small network experiment"
kind = "cnn"
[trial]
dataset = "digits-simulated:n=5100,n_test=100"
validation = 20
batch = 4
lr = [1e-3, 1e-2]
iterations = 24
evaluate_every = 100
[[curves]]
name = "narrow"
depth = 2
dense1_width = 8
[[curves]]
name = "wide"
depth = 2
dense1_width = 16
[analysis]
baseline = "narrow"
[plot]
kind = "batch-loss"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.toml"
    path.write_text(CONFIG)
    return path


@pytest.fixture(autouse=True)
def _look_often_one_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.set_num_threads(1)  # a test that means several trials side by side says so
    for name in ("ALONE_SECONDS", "SIDE_BY_SIDE_SECONDS"):
        monkeypatch.setattr(backends, name, 0.0)


def job(config: Path, results: Path, **overrides: object) -> Job:
    (found,) = plan([str(config)], overrides, results=results)
    return found


def test_a_run_writes_what_the_schema_says(config: Path, tmp_path: Path) -> None:
    task = job(config, tmp_path)
    run_job(task, Settings(), recorder := Recorder())
    run = Run.read(task.folder)
    assert task.folder == tmp_path / "tiny" / "cross-entropy"
    assert list(run.trials["trial_id"]) == [trial.trial_id for trial in task.trials]
    assert list(run.trials.columns)[: len(schema.TRIAL_COLUMNS)] == list(schema.TRIAL_COLUMNS)
    assert set(run.trials["loss"]) == {"cross-entropy"}
    assert (run.trials["status"] == "completed").all()
    assert dict(zip(run.trials["curve"], run.trials["parameters"], strict=True)) == {
        name: 1_663_370 - 3136 * 512 + 3136 * width + width * 512 + 100 for name, width in (("narrow", 8), ("wide", 16))
    }
    data = run.manifest["dataset"]
    assert (data["n"], data["n_validation"], data["n_test"], data["embedded"]) == (5080, 20, 100, True)
    assert run.manifest["config"]["kind"] == "cnn"
    assert "optimum" not in run.manifest
    assert len(run.manifest["timings"]) == 4
    assert not (task.folder / schema.CHECKPOINT).exists()
    last = recorder.updates[-1]
    assert (last.iteration, last.iterations, last.measure) == (96, 96, "cross-entropy")


def test_how_many_trials_stand_side_by_side_changes_no_number(config: Path, tmp_path: Path) -> None:
    one, two = job(config, tmp_path / "one"), job(config, tmp_path / "two")
    run_job(one, Settings(), Silent())
    torch.set_num_threads(2)
    run_job(two, Settings(), Silent())
    assert torch.get_num_threads() == 2  # as it was
    assert csvs(one.folder) == csvs(two.folder)


def test_an_interrupted_run_keeps_what_is_finished_and_ends_byte_identical(config: Path, tmp_path: Path) -> None:
    whole, broken = job(config, tmp_path / "a"), job(config, tmp_path / "b")
    run_job(whole, Settings(), Silent())
    finished = []
    for updates, total in ((30, 96), (24, 72)):
        with pytest.raises(RunInterrupted, match=f"of {total} of tiny/cross-entropy; the checkpoint is saved"):
            run_job(broken, Settings(), StopAfter(updates))
        assert (broken.folder / schema.CHECKPOINT).exists()
        there = (broken.folder / schema.TRIALS).exists()
        finished.append(len(Run.read(broken.folder).trials) if there else 0)
    assert finished == [1, 2]  # 24 steps a trial, each a slice of its own here, and a last pass
    run_job(broken, Settings(), recorder := Recorder())
    assert "going on with 1 trial at" in recorder.messages[0]
    assert csvs(whole.folder) == csvs(broken.folder)
    assert not (broken.folder / schema.CHECKPOINT).exists()


def test_killed_at_any_moment_the_same_command_ends_byte_identical(config: Path, tmp_path: Path) -> None:
    whole = job(config, tmp_path / "whole")
    run_job(whole, Settings(), Silent())
    command = ["run", str(config), "--results", str(tmp_path / "killed")]
    command += ["--checkpoint-seconds", "0", "--threads", "1", "--quiet"]
    folder = tmp_path / "killed" / "tiny" / "cross-entropy"
    for _ in range(2):
        before = processes.written(folder / schema.CHECKPOINT)
        process = processes.start(*command, look_often=True)
        processes.kill_once_written(process, folder / schema.CHECKPOINT, before)
        assert process.exitcode == -signal.SIGKILL
    assert processes.finish(processes.start(*command)) == 0
    assert csvs(folder) == csvs(whole.folder)


def test_a_kill_between_commit_and_checkpoint_loses_nobody(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The checkpoint then still holds a trial whose rows are written, beside one that is half trained."""
    whole, task = job(config, tmp_path / "a", lr="1e-2"), job(config, tmp_path / "b", lr="1e-2")
    run_job(whole, Settings(), Silent())
    torch.set_num_threads(2)  # both side by side
    with pytest.raises(RunInterrupted):
        run_job(task, Settings(), StopAfter(2))
    commit, commits = RunFolder.commit, []

    def killed(self: RunFolder, *content: Any) -> None:
        commits.append(content)
        if len(commits) == 2:  # the first trial's rows are written, the checkpoint has not been replaced since
            raise StorageError("killed")
        commit(self, *content)

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "commit", killed)
        with pytest.raises(StorageError):
            run_job(task, Settings(), Silent())
    assert len(Run.read(task.folder).trials) == 1
    run_job(task, Settings(), recorder := Recorder())
    assert "going on with 1 trial at" in recorder.messages[0]
    assert csvs(task.folder) == csvs(whole.folder)


def test_finished_trials_are_not_run_again(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = job(config, tmp_path)
    run_job(task, Settings(), Silent())
    before = csvs(task.folder)
    monkeypatch.setattr(CnnTrainer, "step", None)  # calling it would fail
    run_job(task, Settings(), Silent())
    assert csvs(task.folder) == before


def test_a_divergence_is_written_and_the_others_go_on(config: Path, tmp_path: Path) -> None:
    task = job(config, tmp_path, lr="1e-3,1e30")
    run_job(task, Settings(), Silent())
    trials = Run.read(task.folder).trials
    lost = trials[trials["lr"] == 1e30]
    assert (lost["status"] == "diverged").all()
    assert lost["final_loss"].isna().all()
    assert (lost["diverged_at"] >= 1).all()
    assert (trials[trials["lr"] == 1e-3]["status"] == "completed").all()


def test_a_blow_up_that_stays_finite_has_diverged_from_the_look_that_shows_it(config: Path, tmp_path: Path) -> None:
    """1,000 times the first loss is the limit (see `results/divergence`); a rate of 1 is past it within a few steps."""
    task = job(config, tmp_path, lr="1e-3,1", iterations="4")
    run_job(task, Settings(), Silent())
    run = Run.read(task.folder)
    assert (run.trials[run.trials["lr"] == 1e-3]["status"] == "completed").all()
    lost = run.trials[run.trials["lr"] == 1.0]
    assert (lost["status"] == "diverged").all()
    for trial_id, diverged_at in zip(lost["trial_id"], lost["diverged_at"], strict=True):
        own = run.log[run.log["trial_id"] == trial_id].sort_values("iteration")
        beyond = own[own["loss"] > 1000 * own["loss"].iloc[0]]
        assert own["loss"].max() < float("inf")
        assert diverged_at == beyond["iteration"].iloc[0] > 0


@pytest.mark.parametrize(("every", "taken"), [(200, 2), (400, 2), (100, 0)])
def test_trials_are_taken_over_if_they_were_evaluated_often_enough(
    config: Path, tmp_path: Path, every: int, taken: int
) -> None:
    results, length = tmp_path / "results", {"iterations": 201, "lr": "1e-4", "batch": 1}
    run_job(job(config, results, **length, evaluate_every=200), Settings(), Silent())
    other = tmp_path / "other.toml"
    other.write_text(CONFIG.replace('"tiny"', '"other"'))
    second = job(other, results, **length, evaluate_every=every)
    run_job(second, Settings(), recorder := Recorder())
    assert any(f"{taken} trials taken over from tiny" in message for message in recorder.messages) == (taken > 0)
    run = Run.read(second.folder)
    assert set(run.trials["experiment"]) == {"other"}
    (first,) = results.glob("tiny@*/cross-entropy")
    own = Run.read(first).log
    columns = ["loss", "cross_entropy", "cross_entropy_mean", "learning_rate"]
    for trial in second.trials:
        rows = [log[log["trial_id"] == trial.trial_id][columns].reset_index(drop=True) for log in (run.log, own)]
        assert rows[0].equals(rows[1])


def test_what_only_linear_networks_have_is_refused_before_anything_trains(config: Path, tmp_path: Path) -> None:
    jobs = plan([str(config), "fig3"], {}, results=tmp_path)
    with pytest.raises(ConfigError, match="--measure sharpness is for linear networks: run tiny/cross"):
        check_measurable(jobs, Settings(measures=parse_measures("sharpness")))
    check_measurable(jobs, Settings())


def test_an_override_that_one_of_several_does_not_take_is_refused_by_its_name(config: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^tiny: .* has no key 'loss'; run the experiments that this is meant for"):
        plan([str(config), "fig3"], {"loss": "l4"}, results=tmp_path)


def test_between_two_trials_a_stopped_run_is_unfinished(config: Path, tmp_path: Path) -> None:
    """Nothing is half trained then, so there is no checkpoint, and neither the message nor the status claims one."""
    task = job(config, tmp_path)

    class StopAtCommit(Silent):
        def update(self, status: Status) -> None:
            if (task.folder / schema.TRIALS).exists():
                os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(RunInterrupted, match="what is finished is kept: run the same command again"):
        run_job(task, Settings(), StopAtCommit())
    assert not (task.folder / schema.CHECKPOINT).exists()
    row = folder_status(task.folder)
    assert (row.state, row.trials) == ("unfinished", 1)
    assert "of 4 trials" in row.note
    run_job(task, Settings(), Silent())
    assert folder_status(task.folder).state == "complete"


def test_a_checkpoint_keeps_its_threads_and_is_refused_on_another_device(config: Path, tmp_path: Path) -> None:
    whole, task = job(config, tmp_path / "a", lr="1e-2"), job(config, tmp_path / "b", lr="1e-2")
    torch.set_num_threads(4)  # two each
    run_job(whole, Settings(), Silent())
    with pytest.raises(RunInterrupted):
        run_job(task, Settings(), StopAfter(5))
    torch.set_num_threads(2)  # as many as one had: one after the other
    saved = (task.folder / schema.CHECKPOINT).read_bytes()
    rewrite(task.folder, lambda units: [unit.update(device="cuda") for unit in units])
    with pytest.raises(ConfigError, match="was made on cuda: go on with --device cuda, or move"):
        run_job(task, Settings(), Silent())
    (task.folder / schema.CHECKPOINT).write_bytes(saved)
    run_job(task, Settings(), Silent())
    assert csvs(task.folder) == csvs(whole.folder)


def test_finished_trials_that_were_evaluated_too_rarely_are_named(config: Path, tmp_path: Path) -> None:
    length = {"iterations": 101, "lr": "1e-4", "batch": 1}
    run_job(job(config, tmp_path, **length, evaluate_every=200), Settings(), Silent())
    before = csvs(job(config, tmp_path, **length).folder)
    run_job(job(config, tmp_path, **length), Settings(), recorder := Recorder())
    assert "were measured less often than asked for" in recorder.messages[0]
    assert csvs(job(config, tmp_path, **length).folder) == before


def test_too_few_images_are_refused(config: Path, tmp_path: Path) -> None:
    with pytest.raises(DataInvalidError, match="has 5,100 training images, too few for 5,097 of validation"):
        run_job(job(config, tmp_path, validation=5097), Settings(), Silent())


def test_estimate_and_cost_count_what_is_left(config: Path, tmp_path: Path) -> None:
    task = job(config, tmp_path)
    assert estimate_seconds(task, Settings()) > 0
    assert cost(task) > cost(job(config, tmp_path, lr="1e-2")) > 0
    run_job(task, Settings(), Silent())
    assert (estimate_seconds(task, Settings()), cost(task)) == (0, 0)


def test_a_second_interrupt_is_not_needed(config: Path, tmp_path: Path) -> None:
    """A termination signal in the first slice is answered at its end, with the checkpoint saved."""

    class Terminate(Silent):
        def update(self, status: Status) -> None:
            os.kill(os.getpid(), signal.SIGTERM)

    task = job(config, tmp_path)
    with pytest.raises(RunInterrupted, match="run the same command again"):
        run_job(task, Settings(), Terminate())
    assert (task.folder / schema.CHECKPOINT).exists()
