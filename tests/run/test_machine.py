"""Devices and arithmetic."""

import subprocess
import sys

import pytest
import torch

from overparam_cli.errors import ConfigError
from overparam_cli.run.machine import pick_device

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
