"""What is trained: a unit is one network, or one batch of them. It computes, and knows no disk, terminal or signal.

A kind of network that can be trained is a `Trained`: it says what its trials are about, which of them make a unit, and
how many threads a unit wants.
"""

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast

from overparam_cli.experiments import Trial
from overparam_cli.experiments.kind import Kind, kind
from overparam_cli.run.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

State = Mapping[str, Any]
"""All that changes while a unit trains, as tensors and plain values; empty before it has started."""


class Problem(Protocol):
    """What trials are trained on, as far as the run folder is concerned."""

    @property
    def fingerprint(self) -> str:
        """Of the data: trials on other data do not share a folder."""

    def describe(self) -> dict[str, Any]:
        """The manifest's entries about it."""


class Unit(Protocol):
    """Trials that are trained together, from their start or a saved state to their end."""

    @property
    def trials(self) -> tuple[Trial, ...]:
        """Whose numbers it makes."""

    @property
    def done(self) -> int:
        """Iterations made; `total` once it is finished, however that came."""

    @property
    def total(self) -> int:
        """Iterations to be made if not all its trials diverge."""

    @property
    def finished(self) -> bool:
        """Whether nothing is left to train, so that its tables are complete."""

    @property
    def alive(self) -> int:
        """How many of its trials have not diverged."""

    @property
    def latest(self) -> Mapping[str, float]:
        """Curve → best level of its living trials now, for displays; empty before it has started."""

    @property
    def alike(self) -> Hashable:
        """Equal for units that take equally long."""

    @property
    def timing(self) -> Mapping[str, Any]:
        """What the manifest's timings call it."""

    @property
    def remark(self) -> str:
        """What the user should know of how it trains here; "" if there is nothing to tell."""

    def anew(self) -> "Unit":
        """A unit of the same trials that has not started; such a one can be pickled, and trained elsewhere."""

    def advance(self, seconds: float) -> None:
        """Train for about `seconds`, at least one small step of the way, or to the end if that comes first."""

    def state(self) -> State:
        """A copy of all that has changed since it was made; `restore` of it goes on to the last bit."""

    def restore(self, state: State) -> None:
        """Take over what the `state` of another unit of the same trials was, to the last bit.

        For a unit that has not advanced by itself; it may take over several, one after another.
        """

    def check(self, state: State) -> None:
        """Raise one of `saved.MALFORMED` unless `state` can have been that of such a unit; nothing changes."""

    def tables(self) -> "tuple[pd.DataFrame, pd.DataFrame]":
        """The rows of `trials.csv` and of `log.csv`, of what it has logged; final is what is last there.

        For a unit that has advanced, or taken over what one that had was. Nothing changes.
        """

    def release(self) -> None:
        """Let go of what training took: of a finished unit whose tables are written only `finished` is asked again."""

    def probe(self) -> float:
        """Seconds that it will take here if no trial diverges, by running a copy of its start for a moment."""


class Trained(Kind, Protocol):
    """A kind of network that can be trained.

    Attributes:
        threads: of the processor that a unit wants, so that many stand side by side. The last bits of such a unit
            depend on how many it has: half trained, it keeps them, and its device. None where units come one after
            another, each with all there are, and go on wherever they are taken to.
        measurable: whether `--measure` has something to look at.
    """

    threads: int | None
    measurable: bool

    def weight(self, trial: Any) -> float:
        """What an iteration of a trial costs, roughly, in those of the ℓ4 engine."""

    def problem(self, trial: Any, settings: Settings) -> Problem:
        """What a trial, and every other of its variant, is about; errors as in `data.load`."""

    def units(self, trials: Sequence[Any], problem: Any, settings: Settings) -> Sequence[Unit]:
        """The units that these trials of one variant make, none of them started."""

    def lacks(self, trial: Any, log: Mapping[str, Any]) -> str:
        """What a finished trial's log does not hold although this experiment asks for it; "" where it has it all.

        `log` has the arrays of its columns by name.
        """


def trained(name: str) -> Trained:
    """The kind of that name, one that has trials; KeyError where there is none."""
    return cast(Trained, kind(name))
