"""How to run, as opposed to what: nothing here changes what a trial means."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from overparam_cli.run.memo import Memo


class Measure(Protocol):
    """Something to log besides; what it looks at, and what it returns, is the business of its kind of network."""

    @property
    def name(self) -> str:
        """Of its column in `log.csv`."""

    def __call__(self, trained: Any, /) -> Any:
        """The values now."""


@dataclass(frozen=True)
class Settings:
    """Where and how trials are trained, and what is watched meanwhile.

    Attributes:
        device: one of `machine.DEVICES`.
        data_dir: the data cache, where it is not the usual one.
        offline: never touch the network.
        quiet: no progress bar of a download either.
        reuse: take finished trials over from other experiments (`plan.Job.shelf`).
        measures: what is logged besides.
        accept_changes: take files that were edited by hand as the run's own.
        checkpoint_seconds: between two checkpoints.
        threads: of the processor; None where a unit may find out how many pay.
        kernel: what computes the gradients of linear networks, one of `kernels.KERNELS`.
        log_format: of the tables of a folder that has none yet, one of `parts.CSV` and `parts.PARQUET`; None for CSV.
        memo: data and optima that the jobs of one command share.
    """

    device: str = "auto"
    data_dir: Path | None = None
    offline: bool = False
    quiet: bool = False
    reuse: bool = True
    measures: tuple[Measure, ...] = ()
    accept_changes: bool = False
    checkpoint_seconds: float = 20.0
    threads: int | None = None
    kernel: str = "auto"
    log_format: str | None = None
    memo: Memo = field(default_factory=Memo, compare=False, repr=False)
