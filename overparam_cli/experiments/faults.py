"""Everything that is wrong with a file, said together: whoever mends it wants to know all of it."""

from collections.abc import Iterator
from contextlib import contextmanager

from overparam_cli.errors import ConfigError


class Faults:
    """ConfigErrors that wait until the rest has been looked at."""

    def __init__(self) -> None:
        """None yet."""
        self.found: list[str] = []

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Keep what is raised within for later."""
        try:
            yield
        except _SeveralError as several:
            self.found += several.faults
        except ConfigError as error:
            self.found.append(str(error))

    def say(self) -> None:
        """Raise what was kept, as one error; nothing where there is none."""
        if len(self.found) == 1:
            raise ConfigError(self.found[0])
        if self.found:
            raise _SeveralError(self.found)


class _SeveralError(ConfigError):
    """Several faults in one line."""

    def __init__(self, faults: list[str]) -> None:
        numbered = "; ".join(f"({place}) {fault}" for place, fault in enumerate(faults, start=1))
        super().__init__(f"{len(faults)} faults: {numbered}")
        self.faults = faults
