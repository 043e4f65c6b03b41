"""The Triton kernel, computed by Triton's interpreter on a processor, against PyTorch; and compiled as far as that goes
without a GPU: to machine code. It has never been launched on one.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from support.twins import make_problem, make_trial
from torch import Tensor

from overparam_cli.cli.main import cli
from overparam_cli.errors import ConfigError
from overparam_cli.kinds.linear import losses, objective
from overparam_cli.kinds.linear.engine import Engine
from overparam_cli.kinds.linear.fused import available
from overparam_cli.kinds.linear.fused.available import installed, why_not
from overparam_cli.kinds.linear.kernels import kernel_for
from overparam_cli.kinds.linear.trial import LinearTrial

PROGRAMS = "overparam_cli.kinds.linear.fused.programs"
ROUNDING = {torch.float64: 1e-14, torch.float32: 2e-6}
needs_triton = pytest.mark.skipif(not installed(), reason="Triton is not installed, so its programs cannot be read")


@pytest.fixture
def interpreted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Programs as Triton's interpreter runs them, which it decides when they are read."""
    monkeypatch.setenv("TRITON_INTERPRET", "1")
    monkeypatch.delitem(sys.modules, PROGRAMS, raising=False)
    yield
    sys.modules.pop(PROGRAMS, None)


def gradient(loss: str, X: Tensor, Y: Tensor, W: Tensor, dtype: torch.dtype) -> Tensor:
    """∇L at W (d, B) by the kernel."""
    kernel = kernel_for(losses.named(loss), X, Y, dtype, "triton")
    assert kernel.name.startswith("triton")
    W_e, G = kernel.lay_out(W.shape[1])
    W_e[:, : W.shape[1]].copy_(W)
    kernel.gradient()
    return G[:, : W.shape[1]].clone()


def batch(**changes: Any) -> list[LinearTrial]:
    """Scalar chains of any depth, and weight decay."""
    trials = [make_trial(depth=depth, seed=depth, lr=0.01, weight_decay=0.1 * (depth % 2)) for depth in (1, 2, 3, 5)]
    return [replace(trial, **changes) for trial in trials]


# Values


@needs_triton
@pytest.mark.usefixtures("interpreted")
@pytest.mark.parametrize("dtype", ROUNDING, ids=str)
@pytest.mark.parametrize(
    ("loss", "n", "d", "B"), [("l4", 1, 1, 1), ("l4", 70, 5, 17), ("l6", 23, 130, 2), ("l20", 33, 3, 3)]
)
def test_the_gradient_is_that_of_differentiation(loss: str, n: int, d: int, B: int, dtype: torch.dtype) -> None:
    X, Y = make_problem(n, d, 1)
    W = torch.randn(d, B, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 0.2
    weights = W.T[:, None].clone().requires_grad_()
    (expected,) = torch.autograd.grad(objective.value(weights, X, Y, losses.named(loss)).sum(), weights)
    found = gradient(loss, X, Y, W, dtype).double().T
    bound = ROUNDING[dtype] * int(loss[1:])
    torch.testing.assert_close(found, expected[:, 0], rtol=0, atol=bound * float(expected.abs().max()))


@needs_triton
@pytest.mark.usefixtures("interpreted")
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # NumPy's, which the interpreter computes with
def test_what_is_not_finite_stays_in_its_column() -> None:
    X, Y = make_problem(40, 4, 1)
    W = torch.zeros(4, 5, dtype=torch.float64)
    clean, spoilt = gradient("l4", X, Y, W, torch.float64), W.clone()
    spoilt[1, 2], spoilt[0, 4] = torch.nan, torch.inf
    found = gradient("l4", X, Y, spoilt, torch.float64)
    assert torch.equal(found[:, [0, 1, 3]], clean[:, [0, 1, 3]])
    assert not found[:, [2, 4]].isfinite().any()


@needs_triton
@pytest.mark.usefixtures("interpreted")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("loss", ["l2", "l4", "l6"])
def test_chains_descend_as_the_reference(loss: str, dtype: str) -> None:
    X, Y = make_problem(23, 5, 1)
    trials = batch(loss=loss, dtype=dtype)
    found, expected = (Engine(X, Y, trials, kernel=kernel) for kernel in ("triton", "torch"))
    start = expected.end_to_end()
    for engine in (found, expected):
        engine.advance(6)
    assert float((expected.end_to_end() - start).abs().max()) > 1e-3  # there is something to see
    tolerance = 1e-13 if dtype == "float64" else 1e-5
    torch.testing.assert_close(found.end_to_end(), expected.end_to_end(), rtol=tolerance, atol=tolerance)


@needs_triton
@pytest.mark.usefixtures("interpreted")
@pytest.mark.parametrize("loss", ["l2", "l4"])
def test_a_scalar_may_be_zero_and_pads_stay_what_they_are(loss: str) -> None:
    X, Y = make_problem(23, 5, 1)
    trials = batch(loss=loss)
    engines = [Engine(X, Y, trials, kernel=kernel) for kernel in ("triton", "torch")]
    for engine in engines:
        (member,) = engine.families
        place = [trial.depth for trial in member.trials].index(5)
        member.networks.params[5 + 1, place] = 0.0
        engine.advance(3)
    found, expected = (engine.families[0].networks.params for engine in engines)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-14)
    pads = [trial.depth for trial in engines[0].families[0].trials].index(1)
    assert found[5:, pads].tolist() == [1, 1, 1, 1]


@needs_triton
@pytest.mark.usefixtures("interpreted")
@pytest.mark.parametrize("loss", ["l2", "l4"])
def test_looks_and_launches_change_nothing(loss: str) -> None:
    """Iterations one by one, looked at in between, are those of one call, to the last bit."""
    X, Y = make_problem(23, 5, 1)
    whole, part = (Engine(X, Y, batch(loss=loss), kernel="triton") for _ in range(2))
    whole.advance(4)
    for _ in range(4):
        part.advance(1)
        part.end_to_end()
    assert torch.equal(whole.end_to_end(), part.end_to_end())


@needs_triton
@pytest.mark.usefixtures("interpreted")
@pytest.mark.parametrize(
    ("loss", "d", "changes"),
    [
        ("l4", 5, {"depth": 40, "widths": (1,) * 39}),  # more scalars than an instance moves
        ("l2", 5, {"depth": 40, "widths": (1,) * 39}),
        ("l2", 140, {}),  # XᵀX does not fit into registers
        ("l4", 5, {"optimizer": "adam"}),
        ("l4", 5, {"depth": 2, "widths": (3,)}),
    ],
)
def test_what_it_does_not_descend_with_the_engine_does(loss: str, d: int, changes: dict[str, Any]) -> None:
    X, Y = make_problem(23, d, 1)
    made = {"lr": 1e-3, "init_std": 0.5, "loss": loss, **changes}
    trials = [make_trial(**made, seed=seed) for seed in (1, 2)]
    found, expected = (Engine(X, Y, trials, kernel=kernel) for kernel in ("triton", "torch"))
    for engine in (found, expected):
        engine.advance(2)
    torch.testing.assert_close(found.end_to_end(), expected.end_to_end(), rtol=1e-12, atol=1e-12)


@needs_triton
@pytest.mark.usefixtures("interpreted")
@pytest.mark.parametrize("loss", ["l2", "l4"])
def test_trials_that_diverge_leave_the_batch(loss: str) -> None:
    X, Y = make_problem(23, 5, 1)
    trials = [make_trial(loss=loss, lr=lr, seed=seed) for seed, lr in enumerate((1e200, 1e-3, 1e200))]
    some, none = Engine(X, Y, trials, kernel="triton"), Engine(X, Y, trials[:1], kernel="triton")
    with np.errstate(all="ignore"):
        assert [len(snapshot.trials) for snapshot in some.run(5, [3, 5])] == [1, 1]
        assert [len(snapshot.trials) for snapshot in none.run(5, [3, 5])] == [0]
    assert some.trials == (trials[1],)


@needs_triton
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("loss", ["l2", "l4"])
def test_on_a_gpu_recorded_chains_descend_as_the_reference(loss: str, dtype: str) -> None:
    X, Y = make_problem(200, 100, 1)
    trials = batch(loss=loss, dtype=dtype)
    cuda = torch.device("cuda")
    found = Engine(X, Y, trials, device=cuda, kernel="triton")
    expected = Engine(X, Y, trials, kernel="torch")
    for engine in (found, expected):
        engine.advance(250)
    assert found.refused == ""
    tolerance = 1e-10 if dtype == "float64" else 1e-4
    torch.testing.assert_close(found.end_to_end().cpu(), expected.end_to_end(), rtol=tolerance, atol=tolerance)


# Which kernel


def test_it_is_refused_where_it_cannot_compute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    X, Y = make_problem(9, 2, 1)
    l4 = losses.named("l4")
    monkeypatch.setattr(available, "installed", lambda: "")
    with pytest.raises(
        ConfigError, match=r"Triton is not installed \(pip install 'overparam\[triton\]'\): use --kernel"
    ):
        kernel_for(l4, X, Y, torch.float32, "triton")
    monkeypatch.setattr(available, "installed", lambda: "3.9.0")
    with pytest.raises(ConfigError, match="it computes on GPUs, and this run is on cpu: use --kernel auto or torch"):
        kernel_for(l4, X, Y, torch.float32, "triton")
    assert why_not(torch.device("cuda")) == ""
    assert available.title() == "triton (3.9.0)"


def test_nobody_gets_it_without_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as it has not been run on a GPU; what it does not know is PyTorch's."""
    monkeypatch.setattr(available, "installed", lambda: "3.9.0")
    monkeypatch.setenv("TRITON_INTERPRET", "1")
    X, Y = make_problem(9, 2, 1)
    assert not kernel_for(losses.named("l4"), X, Y, torch.float32, "auto").name.startswith("triton")
    assert kernel_for(losses.named("huber"), X, Y, torch.float32, "triton").name == "torch"
    assert kernel_for(losses.named("l4"), X, torch.cat([Y, Y], 1), torch.float32, "triton").name == "torch"


def test_the_command_says_so_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    asked = ["run", "fig3", "--smoke", "--results", str(tmp_path), "--device", "cpu", "--kernel", "triton", "--quiet"]
    error = CliRunner().invoke(cli, asked).exception
    assert "the triton kernel is not to be had here" in str(error)
    assert getattr(error, "exit_code", 0) == 2


# Machine code


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Every program, compiled; by a process of its own, since the interpreter leaves Triton's language changed."""
    cache = str(tmp_path_factory.mktemp("triton"))
    surroundings = {**os.environ, "TRITON_CACHE_DIR": cache, "TRITON_INTERPRET": "0"}
    call = [sys.executable, str(Path(__file__).parents[2] / "support" / "machine_code.py")]
    done = subprocess.run(call, env=surroundings, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr
    made: dict[str, Any] = json.loads(done.stdout)
    return made


@needs_triton
@pytest.mark.parametrize("dtype", ["fp32", "fp64"])
@pytest.mark.parametrize("program", ["partial_gradients", "sum_gradients", "move_chains", "descend_gram"])
def test_it_is_machine_code_for_a_gpu(program: str, dtype: str, compiled: dict[str, Any]) -> None:
    """For the H100: it can be compiled, fits into the shared memory of any GPU, and no product is in TF32."""
    made = compiled[f"{program} {dtype}"]
    assert made["bytes"] > 1000
    assert not made["tf32"]
    assert made["shared"] <= 99 * 1024
