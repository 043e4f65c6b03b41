"""Depth alone can accelerate optimisation, from Python: `import overparam as op`.

    run = op.run("fig3", loss="l4", iterations=10_000)      train what is missing, as `overparam run` does
    run = op.load("results/fig3")                           what has been run before
    run.table(), run.curves, run.trials, run.log            pandas data frames
    run.plot(), run.verify()                                the figure; the paper's claims
    run = op.train(X, y, depth=[1, 2, 3], lr=[1e-3, 1e-2])  the engine on arrays, nothing on disk

What is wrong is an `OverparamError`, in one line. Nothing is printed unless `progress=True` asks for it. Importing this
imports neither PyTorch nor pandas: they come with the first call.
"""

from overparam_cli import __version__
from overparam_cli.api.arrays import train
from overparam_cli.api.result import Result
from overparam_cli.api.running import load, run
from overparam_cli.errors import (
    ConfigError,
    DataInvalidError,
    DataUnavailableError,
    LogError,
    OverparamError,
    RunInterrupted,
    StorageError,
)

__all__ = [
    "ConfigError",
    "DataInvalidError",
    "DataUnavailableError",
    "LogError",
    "OverparamError",
    "Result",
    "RunInterrupted",
    "StorageError",
    "__version__",
    "load",
    "run",
    "train",
]
