"""Several things asked of one command: one that fails does not stop the others."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from overparam_cli.cli.main import OUT_OF_MEMORY
from overparam_cli.errors import DataUnavailableError, OverparamError, RunInterrupted

N = TypeVar("N")
NAMED = 5  # of those that failed for one reason, in the line at the end; each was named when it failed


class SomeFailed(OverparamError):
    """Some of several things failed; the exit code is that of the first."""

    def __init__(self, text: str, exit_code: int) -> None:
        """`text` is one line about all of them."""
        super().__init__(text)
        self.exit_code = exit_code


class Several:
    """The parts of a command, and which of them have failed."""

    def __init__(self, count: int, say: Callable[[str], None]) -> None:
        """`count` parts in all; `say` is told of a failure when it happens."""
        self.count, self._say = count, say
        self.failures: list[tuple[str, Exception]] = []
        self._lacking: dict[str, DataUnavailableError] = {}

    @classmethod
    def known(
        cls, names: Sequence[N], look_up: Callable[[N], object], say: Callable[[str], None]
    ) -> "tuple[list[N], Several]":
        """Those of some names that there are, which `look_up` says; raises where there is none of them."""
        several = cls(len(names), say)
        found = [name for name in names if several.attempt(str(name), partial(look_up, name))]
        if not found:
            several.check()
        return found, several

    def more(self, count: int, say: Callable[[str], None]) -> None:
        """So many parts are to come beside those that have failed already."""
        self.count, self._say = count + len(self.failures), say

    def attempt(self, title: str, act: Callable[[], object], dataset: str = "") -> bool:
        """Try a part; whether it is done. What the user can mend is kept for the end, unless there are no others.

        A `dataset` that could not be had is not asked for again.
        """
        try:
            if dataset in self._lacking:
                raise self._lacking[dataset]
            act()
        except RunInterrupted:
            raise
        except (OverparamError, MemoryError, RuntimeError) as error:
            ours = isinstance(error, OverparamError | MemoryError)
            if self.count == 1 or not (ours or any(words in str(error) for words in OUT_OF_MEMORY)):
                raise
            if isinstance(error, DataUnavailableError):
                self._lacking.setdefault(dataset, error)
            self.failures.append((title, error))
            self._say(f"{title}: failed, {_reason(error)}")
            return False
        return True

    def check(self) -> None:
        """Raise SomeFailed where a part has failed, naming each reason once."""
        if not self.failures:
            return
        titles: dict[str, list[str]] = {}
        for title, error in self.failures:
            titles.setdefault(_reason(error), []).append(title)
        text = "; ".join(f"{_listed(own)}: {reason}" for reason, own in titles.items())
        first = self.failures[0][1]
        code = first.exit_code if isinstance(first, OverparamError) else OverparamError.exit_code
        raise SomeFailed(f"{len(self.failures)} of {self.count} failed: {text}", code)


def _listed(titles: Sequence[str]) -> str:
    more = f" and {len(titles) - NAMED:,} more" if len(titles) > NAMED else ""
    return ", ".join(titles[:NAMED]) + more


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, OverparamError) else "there is not enough memory for it"
