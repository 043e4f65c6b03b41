"""What every kind's units promise: how time is cut and where a unit is saved shows in no number of its tables."""

import io
import math
from pathlib import Path

import pytest
import torch

from overparam_cli.experiments.kind import KINDS
from overparam_cli.run.machine import steady_arithmetic
from overparam_cli.run.plan import Job, plan
from overparam_cli.run.settings import Settings
from overparam_cli.run.unit import Problem, State, Unit, trained

# Of each kind, an experiment with trials that end and some that diverge.
SMALL = {
    "linear": """
name = "tiny"
title = "A small experiment"
kind = "linear"
[trial]
dataset = "simulated"
loss = "l4"
iterations = 250
lr = [1e-3, 1e9]
[[curves]]
name = "depth-1"
depth = 1
[[curves]]
name = "adam"
depth = 3
optimizer = "adam"
""",
    "cnn": """
name = "tiny"
title = "A small network experiment"
kind = "cnn"
[trial]
dataset = "digits-simulated:n=5100,n_test=100"
validation = 20
batch = 4
lr = [1e-3, 1e30]
iterations = 24
[[curves]]
name = "factored"
depth = 2
dense1_width = 16
""",
}
Tables = tuple[str, str]


@pytest.fixture(scope="module", params=KINDS)
def job(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Job:
    path: Path = tmp_path_factory.mktemp("config") / "tiny.toml"
    path.write_text(SMALL[request.param])
    (found,) = plan([str(path)], {}, results=path.parent)
    return found


@pytest.fixture(scope="module")
def problem(job: Job) -> Problem:
    return trained(job.experiment.kind).problem(job.trials[0], Settings())


def units(job: Job, problem: Problem) -> list[Unit]:
    steady_arithmetic()
    return list(trained(job.experiment.kind).units(job.trials, problem, Settings()))


def finish(unit: Unit, seconds: float = math.inf) -> Tables:
    while not unit.finished:
        unit.advance(seconds)
    trials, log = unit.tables()
    return trials.to_csv(index=False), log.to_csv(index=False)


def through_a_file(state: State) -> State:
    file = io.BytesIO()
    torch.save(dict(state), file)
    file.seek(0)
    read: State = torch.load(file, weights_only=True)
    return read


def test_every_trial_is_in_one_unit(job: Job, problem: Problem) -> None:
    own = [trial for unit in units(job, problem) for trial in unit.trials]
    assert sorted(trial.trial_id for trial in own) == sorted(trial.trial_id for trial in job.trials)


def test_a_unit_saved_in_the_middle_and_restored_has_the_tables_of_an_undisturbed_one(
    job: Job, problem: Problem
) -> None:
    for number, whole in enumerate(units(job, problem)):
        expected, saves = finish(whole), 0
        unit = units(job, problem)[number]
        while not unit.finished:
            for _ in range(7):
                unit.advance(0.0)
            saves += 1
            successor = units(job, problem)[number]
            successor.restore(through_a_file(unit.state()))
            for name in ("done", "total", "alive", "finished"):
                assert getattr(successor, name) == getattr(unit, name)
            unit = successor
        assert finish(unit) == expected
        assert saves > 0


def test_a_unit_that_has_not_started_is_saved_as_such(job: Job, problem: Problem) -> None:
    first, second = units(job, problem)[0], units(job, problem)[0]
    second.restore(through_a_file(first.state()))
    assert second.done == 0
    assert finish(second, 0.0) == finish(first)


def test_a_state_is_a_copy(job: Job, problem: Problem) -> None:
    first, second = units(job, problem)[0], units(job, problem)[0]
    for _ in range(3):
        first.advance(0.0)
    state = first.state()
    expected = finish(first)
    second.restore(state)
    assert finish(second) == expected


def test_what_displays_are_told_is_true(job: Job, problem: Problem) -> None:
    for unit in units(job, problem):
        assert (unit.done, unit.finished, unit.alive, dict(unit.latest)) == (0, False, len(unit.trials), {})
        unit.advance(0.0)
        assert 0 <= unit.done <= unit.total
        finish(unit)
        assert unit.done == unit.total == job.trials[0].iterations
        completed = {trial.curve for trial in unit.trials if trial.lr < 1}
        assert set(unit.latest) == completed
        assert unit.alive == len(completed)
        trials, _ = unit.tables()
        assert (trials["status"] == "completed").sum() == len(completed)


def test_a_probe_leaves_a_unit_as_it_is(job: Job, problem: Problem) -> None:
    probed, other = units(job, problem)[0], units(job, problem)[0]
    assert 0 < probed.probe() < math.inf
    assert probed.done == 0
    assert finish(probed) == finish(other)


def test_a_unit_that_is_let_go_is_finished(job: Job, problem: Problem) -> None:
    for unit in units(job, problem):
        finish(unit)
        unit.release()
        assert unit.finished
