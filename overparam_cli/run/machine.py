"""The machine that a run computes on: its device, its precision, its threads."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from overparam_cli.errors import ConfigError
from overparam_cli.memory import require, total

DEVICES = ("auto", "cpu", "cuda")
DTYPES = {"float32": torch.float32, "float64": torch.float64}


def pick_device(name: str) -> torch.device:
    """`auto` is CUDA where there is one. Raises ConfigError for an unknown name, and for CUDA where there is none."""
    if name not in DEVICES:
        raise ConfigError(f"unknown device '{name}': choose one of {', '.join(DEVICES)}")
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise ConfigError("device 'cuda': torch finds no CUDA device here; use 'auto' or 'cpu'")
    return torch.device("cuda" if available and name != "cpu" else "cpu")


def memory(device: torch.device) -> float:
    """Bytes that the device has; infinite where the system does not say."""
    return float(torch.cuda.get_device_properties(device).total_memory) if device.type == "cuda" else total()


def check_fits(what: str, needed: float, remedy: str, device: torch.device) -> None:
    """Refuse, before anything is computed, what needs more bytes than the device has."""
    require(needed, what, remedy, there=memory(device))


def steady_arithmetic() -> None:
    """Full float32 products (no TF32) and convolutions, these by algorithms that give the same bits every time.

    Subnormal numbers are flushed to zero: collapsed networks would slow the loop. That flag is per thread and worker
    threads inherit it when they start, so call this before the first large operation.
    """
    torch.set_flush_denormal(True)
    torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.deterministic = True


@contextmanager
def threads_each(count: int) -> Iterator[None]:
    """Let every operation use `count` threads of the processor, for a while."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
