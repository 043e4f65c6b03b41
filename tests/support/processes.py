"""The program in a process of its own, which a test may kill.

Each is forked from a server that has imported PyTorch once, so that its start takes milliseconds instead of seconds.
"""

import multiprocessing
import os
import sys
import time
from collections.abc import Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["overparam_cli.cli.running", "overparam_cli.run.job", "overparam_cli.kinds.mnist.unit"])


def start(*arguments: str, look_often: bool = False) -> BaseProcess:
    """`overparam ARGUMENTS`, silent; with `look_often` it may be saved or stopped after every step."""
    process = SERVER.Process(target=_overparam, args=(arguments, look_often))
    process.start()
    return process


def kill_once_written(process: BaseProcess, path: Path, before: int, seconds: float = 110) -> None:
    """SIGKILL as soon as `path` was written after `before` (see `written`); fails if the process ended without it."""
    until = time.monotonic() + seconds
    while written(path) <= before:
        assert process.is_alive(), f"it ended, with {process.exitcode}, and {path} was not written"
        assert time.monotonic() < until, f"{path} was not written"
        time.sleep(0.002)
    process.kill()
    process.join()


def written(path: Path) -> int:
    """When `path` was last written, in nanoseconds; 0 where there is none."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def finish(process: BaseProcess, seconds: float = 100) -> int | None:
    """Its exit code; negative where a signal ended it."""
    process.join(seconds)
    return process.exitcode


def _overparam(arguments: Sequence[str], look_often: bool) -> None:
    from overparam_cli.cli.main import main
    from overparam_cli.run import backends

    if look_often:
        backends.ALONE_SECONDS = backends.SIDE_BY_SIDE_SECONDS = 0.0
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    sys.argv = ["overparam", *arguments]
    main()
