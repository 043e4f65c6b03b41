"""Guests in training: other losses and parameterisations beside each other, and those of another installed package."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from support.twins import loss_of, make_problem, make_trial, train_alone
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

from overparam_cli.kinds.linear.engine import Engine
from overparam_cli.kinds.linear.trial import LinearTrial

LOSSES = ("huber", "huber0.5", "logistic")
RATES = {"gd": 0.1, "momentum": 0.02, "adagrad": 0.05, "adadelta": 1.0, "adam": 0.02}


def problem(loss: str, k: int) -> tuple[Tensor, Tensor]:
    X, Y = make_problem(23, 5, k)
    return X, torch.where(Y > 0, 1.0, -1.0).double() if loss == "logistic" else Y


def trials(loss: str) -> list[LinearTrial]:
    """Every optimiser on layers and on diagonal networks, several depths, widths and inits, weight decay, the rule."""
    found = [
        make_trial(optimizer=name, depth=depth, lr=rate / depth, seed=depth, parameterisation=kind, init_std=0.6)
        for name, rate in RATES.items()
        for depth in (1, 3)
        for kind in ("layers", "diagonal")
    ]
    for kind in ("layers", "diagonal"):
        found += [make_trial(depth=2, lr=0.05, weight_decay=w, seed=5, parameterisation=kind) for w in (0.0, 0.3)]
        found += [make_trial(depth=3, init=init, lr=0.05, parameterisation=kind) for init in ("identity", "balanced")]
    found += [make_trial(depth=3, widths=(3, 2), init="identity", lr=0.02)]
    found += [make_trial(optimizer="end-to-end", depth=N, init_std=0.8, lr=0.05, weight_decay=0.2) for N in (1, 2, 3)]
    return [replace(trial, loss=loss) for trial in found]


@pytest.mark.parametrize("loss", [*LOSSES, "l2", "l4"])
@pytest.mark.parametrize("k", [1, 3])
def test_a_mixed_batch_trains_as_each_trial_would_alone(loss: str, k: int) -> None:
    """Against torch.nn networks with torch.nn's losses, autograd and torch.optim."""
    X, Y = problem(loss, k)
    batch = trials(loss) if loss != "l4" else [replace(trial, lr=trial.lr / 5) for trial in trials(loss)]
    engine = Engine(X, Y, batch)
    for _ in range(40):
        engine.step()
    losses = dict(zip(engine.trials, engine.loss().tolist(), strict=True))
    found = dict(zip(engine.trials, engine.end_to_end().numpy(), strict=True))
    for trial in batch:
        path = train_alone(trial, X, Y, 40)
        assert np.isfinite(path).all()
        assert np.abs(path[-1] - path[0]).max() > 1e-4, f"nothing to see: {trial}"
        np.testing.assert_allclose(found[trial], path[-1], rtol=0, atol=1e-9 * np.abs(path).max(), err_msg=str(trial))
        assert losses[trial] == pytest.approx(float(loss_of(torch.from_numpy(path[-1]), X, Y, loss)), rel=1e-8)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_step_allocates_nothing(loss: str, dtype: str) -> None:
    X, Y = problem(loss, 1)
    engine = Engine(X, Y, [replace(trial, dtype=dtype) for trial in trials(loss)])
    engine.step()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as measured:
        engine.step()
    events = measured.events()
    assert events is not None
    assert max((event.self_cpu_memory_usage for event in events if event.name != "[memory]"), default=0) <= 8


@pytest.mark.parametrize("loss", LOSSES)
def test_what_is_left_of_a_batch_goes_on_to_the_last_bit(loss: str) -> None:
    """A diagonal network that diverges leaves the others alone; a restored engine goes on as it was."""
    X, Y = problem(loss, 2)
    lost = make_trial(loss=loss, depth=3, init_std=1e120, parameterisation="diagonal")
    kept = [make_trial(loss=loss, depth=3, seed=s, optimizer="adam", parameterisation="diagonal") for s in (1, 2)]
    engine = Engine(X, Y, [kept[0], lost, make_trial(loss=loss, depth=3, parameterisation="diagonal", seed=3), kept[1]])
    for snapshot in engine.run(20, [0, 20]):
        assert (lost in snapshot.diverged) == (snapshot.iteration == 0)
    state, rest = engine.state(), engine.trials
    assert len(rest) == 3
    for _ in range(10):
        engine.step()
    again = Engine(X, Y, rest)
    again.load_state(state, rest)
    for _ in range(10):
        again.step()
    assert torch.equal(again.end_to_end(), engine.end_to_end())


VISITORS = """
from typing import Annotated

import numpy as np
import torch

from overparam_cli.checks import positive
from overparam_cli.data.dataset import Dataset
from overparam_cli.data.entries import RegressionEntry
from overparam_cli.kinds.linear.losses.huber import Huber
from overparam_cli.kinds.linear.parameterisations.diagonal import Diagonal
from overparam_cli.kinds.optimizer import optimizer

@optimizer()
def sign(params: "torch.Tensor", grads: "torch.Tensor", lr: "torch.Tensor", *, scale: Annotated[float, positive] = 1.0):
    params.addcmul_(grads.sign_(), lr, value=-scale)

def load(options, folder):
    return Dataset("corner", np.eye(2), np.ones((2, 1)), "two lines of code", True, ("a", "b"), ("y",))

corner = RegressionEntry(what="two points", n=2, d=2, source="embedded", load=load, verify=lambda folder: [])

class Soft(Huber):
    name = "soft"

    @classmethod
    def parse(cls, name):
        return cls(0.25) if name == "soft" else None
"""
POINTS = """
[overparam.optimizers]
sign = visitors:sign
[overparam.losses]
soft = visitors:Soft
[overparam.parameterisations]
entrywise = visitors:Diagonal
[overparam.datasets]
corner = visitors:corner
"""
ASKED = """
from overparam_cli.kinds.linear import losses
from overparam_cli.kinds.linear.parameterisations import names, parameterisation
from overparam_cli.kinds.optimizers import OPTIMIZERS
print(OPTIMIZERS["sign"].defaults["tf1"], losses.named("soft").delta, names(), parameterisation("entrywise").__name__)
"""
RUN = (
    "import sys; from overparam_cli.cli.main import main; sys.argv = ['overparam', 'run', 'fig3', '--smoke', '--quiet',"
    "'--loss', 'soft', '--set', 'optimizer=sign', '--set', 'parameterisation=entrywise', '--iterations', '20', "
    "'--dataset', 'corner', '--set', 'preprocessing=none']; main()"
)


def test_another_package_brings_its_own(tmp_path: Path) -> None:
    """An installed package is a module and its metadata."""
    (tmp_path / "visitors.py").write_text(VISITORS, encoding="utf-8")
    metadata = tmp_path / "visitors-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: visitors\nVersion: 1.0\n", encoding="utf-8")
    (metadata / "entry_points.txt").write_text(POINTS, encoding="utf-8")

    def ask(code: str) -> str:
        start = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        done = subprocess.run([sys.executable, "-c", start + code], capture_output=True, text=True, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    said, *table = ask(ASKED + RUN).splitlines()
    assert said == "{'scale': 1.0} 0.25 ('layers', 'diagonal', 'entrywise') Diagonal"
    assert "loss=soft+optimizer=sign+parameterisation=entrywise" in table[0]
    (table,) = (tmp_path / "results").glob("*/*/trials.csv")
    row = table.read_text(encoding="utf-8").splitlines()[1]
    assert ",soft," in row
    assert ",entrywise," in row
    assert ",corner," in row
