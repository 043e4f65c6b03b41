"""Checkpoints: nothing of one is used that is not what was written, and nothing of one is lost that can be used."""

import io
import os
import pickle
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from overparam_cli.errors import ConfigError, RunInterrupted, StorageError
from overparam_cli.kinds.linear.measure import parse_measures
from overparam_cli.results import schema, sealed
from overparam_cli.results.run import Run
from overparam_cli.run import backends
from overparam_cli.run.checkpoint import HEAD, read, unseal
from overparam_cli.run.job import run_job
from overparam_cli.run.plan import Job, plan
from overparam_cli.run.progress import Silent
from overparam_cli.run.saved import MALFORMED
from overparam_cli.run.settings import Settings
from overparam_cli.run.unit import trained
from tests.run.test_job import CONFIG, Recorder, StopAfter, csvs

SMALL = CONFIG.replace("iterations = 100", "iterations = 60").replace("[1e-3, 1e-2, 1e-1]", "[1e-3, 2e-1]")
CNN = """
name = "tiny"
title = "A small network experiment"
kind = "cnn"
[trial]
dataset = "digits-simulated:n=5100,n_test=100"
validation = 100
batch = 2
lr = 1e-3
iterations = 3
evaluate_every = 100
optimizer = "momentum"
[[curves]]
name = "small"
depth = 2
dense1_width = 2
dense2_width = 2
[plot]
kind = "batch-loss"
"""
Units = list[dict[str, Any]]
USUAL = Settings()


@pytest.fixture(autouse=True)
def _look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ALONE_SECONDS", "SIDE_BY_SIDE_SECONDS"):
        monkeypatch.setattr(backends, name, 0.0)


def job(tmp_path: Path, results: str = "results", text: str = SMALL, **overrides: object) -> Job:
    (tmp_path / "tiny.toml").write_text(text)
    (found,) = plan([str(tmp_path / "tiny.toml")], overrides, results=tmp_path / results)
    return found


def interrupted(tmp_path: Path, looks: int = 20, settings: Settings = USUAL, **how: Any) -> Job:
    """A job of which half is trained, on a log point after a trial has diverged."""
    task = job(tmp_path, **how)
    with pytest.raises(RunInterrupted):
        run_job(task, settings, StopAfter(looks))
    return task


def rewrite(folder: Path, change: Callable[[Units], object]) -> None:
    """Change what stands in a checkpoint, and put the right digest over it."""
    path = folder / schema.CHECKPOINT
    content = torch.load(io.BytesIO(unseal(path.read_bytes())), weights_only=True)
    change(content["units"])
    torch.save(content, buffer := io.BytesIO())
    sealed.write(path, HEAD, buffer.getvalue())


def set_aside(task: Job, why: str) -> None:
    """Run a job whose checkpoint cannot be used: that is said in one line, and all of it is trained anew."""
    damaged = (task.folder / schema.CHECKPOINT).read_bytes()
    run_job(task, Settings(), recorder := Recorder())
    assert f"tiny/{task.variant}: the checkpoint is not used, it {why}" in recorder.messages[0]
    assert recorder.messages[0].endswith("it is kept as checkpoint.unused.pt")
    assert "\n" not in recorder.messages[0]
    assert (task.folder / "checkpoint.unused.pt").read_bytes() == damaged
    assert not (task.folder / schema.CHECKPOINT).exists()
    assert len(Run.read(task.folder).trials) == len(task.trials)


def test_no_flipped_bit_is_taken(tmp_path: Path) -> None:
    path = interrupted(tmp_path).folder / schema.CHECKPOINT
    data, choose = path.read_bytes(), random.Random(0)
    assert len(read(path)) == 1
    for place in [*range(100), *(choose.randrange(len(data)) for _ in range(400))]:
        flipped = bytearray(data)
        flipped[place] ^= 1 << choose.randrange(8)
        with pytest.raises(ValueError, match=r"it is damaged|it was made by an earlier version"):
            unseal(bytes(flipped))


def test_no_truncated_file_is_taken(tmp_path: Path) -> None:
    data = (interrupted(tmp_path).folder / schema.CHECKPOINT).read_bytes()
    for size in [*range(150), len(data) // 2, len(data) - 1]:
        with pytest.raises(ValueError, match="it is damaged"):
            unseal(data[:size])
    with pytest.raises(ValueError, match="it is damaged"):
        unseal(data + b"\0")


@pytest.mark.parametrize("damage", [b"", b"half a checkpoint"])
def test_a_damaged_checkpoint_is_set_aside_and_said_so(tmp_path: Path, damage: bytes) -> None:
    task = job(tmp_path)
    task.folder.mkdir(parents=True)
    (task.folder / schema.CHECKPOINT).write_bytes(damage)
    set_aside(task, "is damaged")


def test_a_checkpoint_without_a_digest_is_set_aside_and_said_so(tmp_path: Path) -> None:
    task = interrupted(tmp_path)
    path = task.folder / schema.CHECKPOINT
    path.write_bytes(unseal(path.read_bytes()))
    set_aside(task, "was made by an earlier version")


def test_one_set_aside_does_not_replace_another(tmp_path: Path) -> None:
    task = job(tmp_path)
    task.folder.mkdir(parents=True)
    for damage in (b"one", b"two"):
        (task.folder / schema.CHECKPOINT).write_bytes(damage)
        run_job(task, Settings(), Silent())
    assert (task.folder / "checkpoint.unused.pt").read_bytes() == b"one"
    assert (task.folder / "checkpoint.unused-2.pt").read_bytes() == b"two"


class Malicious:
    """Writes a file where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


def test_code_in_a_checkpoint_is_not_run(tmp_path: Path) -> None:
    task = job(tmp_path)
    task.folder.mkdir(parents=True)
    torch.save({"schema": 1, "units": Malicious(tmp_path / "done")}, buffer := io.BytesIO())
    for content in (buffer.getvalue(), pickle.dumps(Malicious(tmp_path / "done"))):
        sealed.write(task.folder / schema.CHECKPOINT, HEAD, content)
        run_job(task, Settings(), recorder := Recorder())
        assert "not used, it is malformed (" in recorder.messages[0]
    assert not (tmp_path / "done").exists()


def family(units: Units) -> dict[str, Any]:
    found: dict[str, Any] = units[0]["state"]["engine"]["families"][0]
    return found


LINEAR: dict[str, Callable[[Units], object]] = {
    "no units": lambda units: units[0].clear(),
    "no state": lambda units: units[0].pop("state"),
    "a state that is a list": lambda units: units[0].update(state=[1]),
    "trials that are a number": lambda units: units[0].update(trials=3),
    "seconds that are a text": lambda units: units[0].update(seconds="1"),
    "no engine": lambda units: units[0]["state"].pop("engine"),
    "no history": lambda units: units[0]["state"].pop("history"),
    "an iteration below 0": lambda units: units[0]["state"]["engine"].update(iteration=-1),
    "an iteration after the end": lambda units: units[0]["state"]["engine"].update(iteration=61),
    "an iteration that is a text": lambda units: units[0]["state"]["engine"].update(iteration="5"),
    "no families": lambda units: units[0]["state"]["engine"].update(families=[]),
    "a family twice": lambda units: units[0]["state"]["engine"]["families"].append(family(units)),
    "unknown trials": lambda units: family(units).update(trials=["0" * 16]),
    "a trial less": lambda units: family(units)["trials"].pop(),
    "parameters of another shape": lambda units: family(units).update(params=family(units)["params"][1:]),
    "parameters of another type": lambda units: family(units).update(params=family(units)["params"].half()),
    "parameters that are a list": lambda units: family(units).update(params=[1.0]),
    "parameters that are not numbers": lambda units: family(units)["params"].fill_(torch.nan),
    "parameters without a bound": lambda units: family(units)["params"].fill_(torch.inf),
    "an optimiser's state too much": lambda units: family(units)["state"].update(first=family(units)["params"]),
    "a column less": lambda units: units[0]["state"]["history"]["columns"].pop("loss"),
    "a column too short": lambda units: units[0]["state"]["history"]["columns"].update(
        loss=units[0]["state"]["history"]["columns"]["loss"][1:]
    ),
    "a place beyond the trials": lambda units: units[0]["state"]["history"]["columns"]["place"].add_(1),
    "an unknown diverged trial": lambda units: units[0]["state"]["history"]["diverged"].update({"0" * 16: 3}),
    "a living trial diverged": lambda units: units[0]["state"]["history"]["diverged"].update(
        dict.fromkeys(family(units)["trials"], 3)
    ),
    "a loss that is a list": lambda units: units[0]["state"]["history"]["latest"].update(
        {trial: [] for trial in family(units)["trials"]}
    ),
}


def parameters(units: Units) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = units[0]["state"]["parameters"]
    return found


IMAGES: dict[str, Callable[[Units], object]] = {
    "no parameters": lambda units: units[0]["state"].pop("parameters"),
    "a parameter less": lambda units: parameters(units).pop(next(iter(parameters(units)))),
    "a parameter of another shape": lambda units: parameters(units).update(
        {name: value[None] for name, value in parameters(units).items()}
    ),
    "no optimiser": lambda units: units[0]["state"].update(optimizer={}),
    "another iteration than its log's": lambda units: units[0]["state"].update(iteration=2),
    "a log of one row": lambda units: units[0]["state"].update(history=torch.zeros(1, 1)),
    "evaluations that are a list": lambda units: units[0]["state"].update(evaluations=[1]),
    "a random state too short": lambda units: units[0]["state"].update(dropout=torch.zeros(5, dtype=torch.uint8)),
    "diverged at a text": lambda units: units[0]["state"].update(diverged_at="never"),
}


@pytest.mark.parametrize(("text", "looks", "damages"), [(SMALL, 20, LINEAR), (CNN, 1, IMAGES)])
def test_a_malformed_checkpoint_is_set_aside_and_said_so(
    tmp_path: Path, text: str, looks: int, damages: dict[str, Callable[[Units], object]]
) -> None:
    """With the right digest over it: whoever wrote it, it was no unit of this kind."""
    task = interrupted(tmp_path, looks, text=text)
    path, kind = task.folder / schema.CHECKPOINT, trained(task.experiment.kind)
    saved, problem = path.read_bytes(), kind.problem(task.trials[0], USUAL)

    def is_taken() -> bool:
        (unit,) = kind.units(task.trials, problem, USUAL)
        try:
            unit.check(read(path)[0].state)
        except MALFORMED:
            return False
        return True

    taken = []
    for name, damage in damages.items():
        path.write_bytes(saved)
        assert is_taken()
        rewrite(task.folder, damage)
        taken += [name] if is_taken() else []
    assert taken == []
    set_aside(task, "is malformed")


def test_a_checkpoint_on_other_data_is_set_aside_and_said_so(tmp_path: Path) -> None:
    task = interrupted(tmp_path)
    rewrite(task.folder, lambda units: units[0].update(data="0" * 16))
    set_aside(task, "was made on other data")


def test_a_checkpoint_with_other_measures_is_refused_and_stays(tmp_path: Path) -> None:
    measured = Settings(measures=parse_measures("curvature"))
    task = interrupted(tmp_path, settings=measured)
    with pytest.raises(ConfigError, match=r"was made with --measure curvature: go on so, or move .*checkpoint\.pt"):
        run_job(task, Settings(), Silent())
    run_job(task, measured, recorder := Recorder())
    assert "going on from iteration" in recorder.messages[0]


def test_a_checkpoint_that_may_not_be_read_is_one_line_and_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = interrupted(tmp_path)

    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(self))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", refuse)
        with pytest.raises(StorageError, match=r"cannot read .*checkpoint\.pt: Permission denied; make it readable"):
            run_job(task, Settings(), Silent())
    run_job(task, Settings(), recorder := Recorder())
    assert "going on from iteration" in recorder.messages[0]


@pytest.mark.parametrize("looks", [5, 40])
def test_a_checkpoint_of_more_seeds_waits_for_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], looks: int
) -> None:
    """Also through a run of fewer, interrupted or not; said even with -q. And no finished row is written again."""
    whole, less = job(tmp_path, "whole", seeds=2), job(tmp_path)
    run_job(whole, Settings(), Silent())
    more = interrupted(tmp_path, looks=20, seeds=2)
    with pytest.raises(RunInterrupted):
        run_job(less, Settings(), StopAfter(looks))
    warned = capsys.readouterr().err
    assert "tiny/l2: the checkpoint holds 8 half-trained trials of another plan" in warned
    assert warned.count("\n") == 1
    assert len(read(less.folder / schema.CHECKPOINT)) == 2
    run_job(less, Settings(), Silent())
    run_job(less, Settings(), Silent())  # all is finished, and what waits still does
    few = Run.read(less.folder).trials.set_index("trial_id")
    assert len(few) == 4
    assert len(read(less.folder / schema.CHECKPOINT)) == 1
    run_job(more, Settings(), recorder := Recorder())
    assert "going on from iteration" in recorder.messages[0]
    assert not (more.folder / schema.CHECKPOINT).exists()
    both, undisturbed = (Run.read(own.folder).trials.set_index("trial_id") for own in (more, whole))
    assert both.loc[few.index].equals(few)
    others = undisturbed.index.difference(few.index)
    assert len(others) == 4
    assert both.loc[others].equals(undisturbed.loc[others])


def test_half_trained_networks_go_on_where_they_are_planned_and_wait_where_not(tmp_path: Path) -> None:
    """Networks train one by one, so that those of one seed can go on without those of another."""
    whole, more = job(tmp_path, "whole", CNN, seeds=2), job(tmp_path, text=CNN, seeds=2)
    run_job(whole, Settings(), Silent())
    torch.set_num_threads(2)  # both side by side
    with pytest.raises(RunInterrupted):
        run_job(more, Settings(), StopAfter(2))
    assert len(read(more.folder / schema.CHECKPOINT)) == 2
    run_job(job(tmp_path, text=CNN), Settings(), recorder := Recorder())
    assert "the checkpoint holds 1 half-trained trial of another plan" in recorder.messages[0]
    assert "going on with 1 trial at" in recorder.messages[1]
    run_job(more, Settings(), recorder := Recorder())
    assert "going on with 1 trial at" in recorder.messages[0]
    assert csvs(more.folder) == csvs(whole.folder)
