"""Depth alone can accelerate optimisation, from Python: `import overparam as op`.

    run = op.run("fig3", loss="l4", iterations=10_000)      train what is missing, as `overparam run` does
    run = op.load("results/fig3")                           what has been run before
    run.table(), run.curves, run.trials, run.log            pandas data frames
    run.plot(), run.verify()                                the figure; the paper's claims
    run = op.train(X, y, depth=[1, 2, 3], lr=[1e-3, 1e-2])  the engine on arrays, nothing on disk
    run = op.sweep("x.csv", targets="y", depth=[1, 2], lr=[1e-3, 1e-2], name="mine")   a study, as `overparam sweep`
    op.compare("fig3", "fig3@wide").numbers                 two results beside each other
    op.theory("lemma3").table()                             the theorems, checked numerically

What is wrong is an `OverparamError`, in one line. Nothing is printed unless `progress=True` asks for it. Importing this
imports neither PyTorch nor pandas: they come with the first call.
"""

from overparam_cli import __version__
from overparam_cli.api.arrays import train
from overparam_cli.api.comparing import Comparison, compare
from overparam_cli.api.result import Result
from overparam_cli.api.running import load, run
from overparam_cli.api.studies import sweep
from overparam_cli.api.theory import Theory, theory
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
    "Comparison",
    "ConfigError",
    "DataInvalidError",
    "DataUnavailableError",
    "LogError",
    "OverparamError",
    "Result",
    "RunInterrupted",
    "StorageError",
    "Theory",
    "__version__",
    "compare",
    "load",
    "run",
    "sweep",
    "theory",
    "train",
]
