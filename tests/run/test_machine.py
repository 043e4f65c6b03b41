"""Devices and arithmetic."""

import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from overparam_cli.errors import ConfigError
from overparam_cli.kinds.linear.unit import bytes_of
from overparam_cli.results.schema import log_iterations
from overparam_cli.run import machine
from overparam_cli.run.machine import pick_device
from overparam_cli.run.plan import plan
from overparam_cli.run.settings import Settings
from overparam_cli.run.unit import trained
from tests.experiments.test_trial_ids import TRIAL
from tests.kinds.test_units import SMALL

FLUSHED = """
import sys, threading
import torch
import overparam_cli.cli.main, overparam_cli.run.job
from overparam_cli.run.machine import steady_arithmetic

torch.set_num_threads(4)
steady_arithmetic()
small, smaller = torch.full((2_000_000,), 1e-30), torch.full((2_000_000,), 1e-10)
survivors = []

def multiply():
    survivors.append(int((small * smaller).count_nonzero()))
    survivors.append(int((torch.full((256, 256), 1e-30) @ torch.full((256, 256), 1e-10)).count_nonzero()))
    survivors.append(int((small.double() * 1e-285).count_nonzero()))

multiply()
worker = threading.Thread(target=multiply)
worker.start()
worker.join()
print(survivors, torch.get_num_threads(), torch.get_float32_matmul_precision())
"""


def test_subnormal_numbers_are_flushed_in_every_thread() -> None:
    """Elementwise and matrix products large enough for several OpenMP threads, from the main thread and from another.

    Importing the command line and the runner must not have started OpenMP's threads before the flag was set.
    """
    done = subprocess.run([sys.executable, "-W", "error", "-c", FLUSHED], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.strip() == "[0, 0, 0, 0, 0, 0] 4 highest"


def test_an_unavailable_device_is_refused_in_one_line() -> None:
    assert pick_device("auto").type in ("cpu", "cuda")
    assert pick_device("cpu") == torch.device("cpu")
    with pytest.raises(ConfigError, match="auto, cpu, cuda"):
        pick_device("gpu")
    if not torch.cuda.is_available():
        with pytest.raises(ConfigError, match="CUDA"):
            pick_device("cuda")


def test_what_does_not_fit_says_how_much_there_is(monkeypatch):
    monkeypatch.setattr(machine, "memory", lambda device: 8e9)
    cpu = torch.device("cpu")
    machine.check_fits("this", 7.9e9, "ask for less", cpu)
    with pytest.raises(
        ConfigError, match=r"^this needs about 20 GB of memory, and there are 8.0 GB here: ask for less$"
    ):
        machine.check_fits("this", 2e10, "ask for less", cpu)


def test_a_container_may_have_less_memory_than_its_machine(monkeypatch, tmp_path):
    limit, unlimited = tmp_path / "memory.max", tmp_path / "other"
    unlimited.write_text("max\n")
    monkeypatch.setattr("overparam_cli.memory.CONTAINER", (unlimited, tmp_path / "missing"))
    whole = machine.memory(torch.device("cpu"))
    assert 1e8 < whole < 1e15
    limit.write_text("50000000\n")
    monkeypatch.setattr("overparam_cli.memory.CONTAINER", (unlimited, limit))
    assert machine.memory(torch.device("cpu")) == 5e7


@pytest.mark.parametrize(
    ("config", "overrides", "words"),
    [
        (SMALL["linear"], {"depth": "3", "width": "1000000"}, "up to depth 3 and width 1000000 needs about"),
        (SMALL["linear"], {"depth": "1000", "width": "20000", "seeds": "10000"}, "a batch of 1 trial up to depth 1000"),
        (SMALL["cnn"], {"iterations": "1e12"}, "1,000,000,000,000 iterations needs about 16,000 GB"),
        (SMALL["cnn"], {"depth": "3", "dense1_width": "1000000"}, "inner widths 1000000x1000000"),
    ],
)
def test_networks_that_no_memory_could_hold_are_refused(monkeypatch, tmp_path, config, overrides, words):
    (tmp_path / "tiny.toml").write_text(config)
    (job,) = plan([str(tmp_path / "tiny.toml")], overrides, results=tmp_path)
    kind = trained(job.experiment.kind)
    monkeypatch.setattr(machine, "memory", lambda device: 1e12)
    problem = SimpleNamespace(X=torch.zeros(7, 5), Y=torch.zeros(7, 2))  # of a CNN, nothing is asked
    with pytest.raises(ConfigError, match=words) as refused:
        kind.units(job.trials, problem, Settings())
    assert "ask for" in str(refused.value)


def test_a_batch_is_counted_as_its_layers_are():
    """Parameters against `torch.nn.Linear`'s own; beside them gradients, two end-to-end matrices, and the log."""
    problem = SimpleNamespace(X=torch.zeros(7, 5), Y=torch.zeros(7, 2))
    trials = [replace(TRIAL, loss="l2", widths=(4, 3), depth=3, seed=seed, iterations=10) for seed in range(2)]
    sizes = [(5, 4), (4, 3), (3, 2)]
    parameters = sum(weight.numel() for n, m in sizes for weight in torch.nn.Linear(n, m, bias=False).parameters())
    log = 8 * 4 * len(log_iterations(10))
    assert bytes_of(trials, problem) == 2 * (2 * 4 * parameters + 2 * 4 * 2 * 5 + log)
