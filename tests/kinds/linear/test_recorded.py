"""Iterations that are recorded and replayed are those of the plain engine, to the last bit.

But for Adam: powers of β by a tensor's t are a rounding away from Python's. This is on a processor, with what stands in
for CUDA graphs there (support.tape): the same operations on the same memory, nothing waited for. A GPU's own part, the
launches, is what the tests on `cuda` are for.
"""

import itertools
import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from support.tape import Tape
from support.twins import make_problem, make_trial
from torch import Tensor

from overparam_cli.kinds.linear import engine as loop
from overparam_cli.kinds.linear.engine import Engine, Snapshot
from overparam_cli.kinds.linear.trial import LinearTrial
from overparam_cli.kinds.optimizers import OPTIMIZERS, SEMANTICS
from overparam_cli.run.graphs import StepByStep

OPTIONS = list(itertools.product(OPTIMIZERS, SEMANTICS))
CHECK_EVERY = 10  # here, so that there are many looks in few iterations
LONG = 2 * CHECK_EVERY + 7


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "CHECK_EVERY", CHECK_EVERY)


def engines(trials: list[LinearTrial], k: int = 1, tape: Tape | None = None) -> tuple[Engine, Engine, Tape]:
    """A plain engine and one that records."""
    X, Y = make_problem(23, 5, k)
    tape = tape or Tape()
    return Engine(X, Y, trials, kernel="torch"), Engine(X, Y, trials, kernel="torch", recorder=tape), tape


def batch(**changes: Any) -> list[LinearTrial]:
    """Every optimiser at two depths, and weight decay."""
    trials = [make_trial(optimizer=name, semantics=own, depth=d, lr=0.01) for name, own in OPTIONS for d in (1, 3)]
    trials += [make_trial(depth=2, weight_decay=0.1, lr=0.01), make_trial(depth=2, widths=(4,), lr=0.01)]
    return [replace(trial, **changes) for trial in trials]


def assert_equal(trials: tuple[LinearTrial, ...], value: Tensor, twin: Tensor) -> None:
    """A row a trial: equal, but a rounding apart where Adam counts."""
    adam = torch.tensor([trial.optimizer == "adam" for trial in trials])
    assert torch.equal(value[~adam], twin[~adam])
    precision = 1e-5 if any(trial.dtype == "float32" for trial in trials) else 1e-12
    torch.testing.assert_close(value[adam], twin[adam], rtol=precision, atol=precision)


def assert_same(plain: list[Snapshot], recorded: list[Snapshot]) -> None:
    assert len(plain) == len(recorded)
    for one, other in zip(plain, recorded, strict=True):
        assert (one.iteration, one.trials, one.diverged) == (other.iteration, other.trials, other.diverged)
        for value, twin in ((one.loss, other.loss), (one.norm, other.norm)):
            assert (value is None) == (twin is None)
            if value is not None and twin is not None:
                assert_equal(one.trials, value, twin)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("loss", ["l2", "l4", "l6", "huber", "logistic"])
def test_every_optimiser_and_loss(loss: str, dtype: str) -> None:
    """Logged at points that no number of iterations a replay divides."""
    trials = batch(loss=loss, dtype=dtype)
    X, Y = make_problem(23, 5, 1)
    Y = Y.sign() if loss == "logistic" else Y
    tape = Tape()
    plain, recorded = Engine(X, Y, trials, kernel="torch"), Engine(X, Y, trials, kernel="torch", recorder=tape)
    points = [0, 1, 2, 5, 13, LONG]
    assert_same(list(plain.run(LONG, points)), list(recorded.run(LONG, points)))
    assert recorded.refused == ""
    assert_equal(plain.trials, plain.end_to_end(), recorded.end_to_end())
    assert tape.replayed < LONG  # many at a time


def test_several_outputs() -> None:
    trials = [trial for trial in batch() if trial.optimizer != "end-to-end"]
    plain, recorded, _ = engines(trials, k=3)
    for engine in (plain, recorded):
        engine.advance(LONG)
    assert recorded.refused == ""
    assert_equal(plain.trials, plain.end_to_end(), recorded.end_to_end())


def test_a_batch_that_shrinks_is_recorded_anew() -> None:
    trials = [make_trial(lr=lr, seed=seed, depth=2) for seed, lr in enumerate((0.01, 0.9, 0.02, 3.0, 0.03))]
    plain, recorded, tape = engines(trials)
    seen = list(recorded.run(LONG, [0, LONG]))
    assert_same(list(plain.run(LONG, [0, LONG])), seen)
    assert sum(len(snapshot.diverged) for snapshot in seen) == 2
    assert len({len(snapshot.trials) for snapshot in seen}) > 1
    assert tape.recorded >= 2
    assert_equal(plain.trials, plain.end_to_end(), recorded.end_to_end())


def test_all_trials_may_diverge() -> None:
    plain, recorded, _ = engines([make_trial(lr=lr, depth=2) for lr in (3.0, 5.0)])
    assert_same(list(plain.run(LONG, [0, LONG])), list(recorded.run(LONG, [0, LONG])))
    assert recorded.trials == ()


@pytest.mark.parametrize("at", [1, CHECK_EVERY, CHECK_EVERY + 7])
def test_a_state_goes_from_one_to_the_other(at: int) -> None:
    """Checkpoints of a recording engine are those of a plain one, and either goes on from either."""
    trials = batch()
    plain, recorded, _ = engines(trials)
    for engine in (plain, recorded):
        engine.advance(at)
    onward = []
    for state in (plain.state(), recorded.state()):
        for engine in engines(trials)[:2]:
            engine.load_state(state, trials)
            engine.advance(LONG)
            onward.append(engine.end_to_end())
    for other in onward[1:]:
        assert_equal(plain.trials, onward[0], other)


def test_what_cannot_be_recorded_is_said_and_trained_all_the_same() -> None:
    """Eq. 10 of several outputs takes a singular value decomposition, which no graph holds."""
    trials = [make_trial(optimizer="end-to-end", depth=3, widths=(3, 3), init_std=0.5, lr=0.01)]
    plain, recorded, tape = engines(trials, k=3)
    for engine in (plain, recorded):
        engine.advance(LONG)
    assert "not permitted" in recorded.refused
    assert tape.replayed == 0
    assert_equal(plain.trials, plain.end_to_end(), recorded.end_to_end())


def test_a_number_of_pythons_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Adam's count must be the device's: recorded as a number, it would stand still."""
    monkeypatch.setattr(Engine, "_clock", lambda self: self.iteration)
    plain, recorded, _ = engines([make_trial(optimizer="adam", lr=0.01)])
    for engine in (plain, recorded):
        engine.advance(LONG)
    difference = float((plain.end_to_end() - recorded.end_to_end()).abs().max())
    assert math.isfinite(difference)
    assert difference > 1e-3


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("loss", ["l2", "l4", "huber", "logistic"])
def test_nothing_is_left_on_the_processor(loss: str, k: int) -> None:
    """On the device `meta`, which has shapes and no numbers, and refuses to add what lies on two devices."""
    X, Y = make_problem(23, 5, k)
    trials = [*batch(loss=loss), make_trial(loss=loss, depth=2, parameterisation="diagonal")]
    engine = Engine(X, Y, trials, device=torch.device("meta"), kernel="torch", recorder=StepByStep())
    for _ in range(2):
        engine.advance(5)
        engine._keep([place % 2 == 0 for place in range(len(engine.trials))])
    held = [engine.W_e, engine.G, engine.loss(), *vars(engine.kernel).values()]
    for member in engine.families:
        held += [*vars(member).values(), *vars(member.networks).values(), *member.state.values()]
    assert {tensor.device.type for tensor in held if isinstance(tensor, Tensor)} == {"meta"}
