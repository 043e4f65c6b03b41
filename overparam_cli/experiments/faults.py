"""Everything that is wrong with a file, said together and with its place: whoever mends it wants to know all of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from overparam_cli.errors import ConfigError

Place = tuple[str | int, ...]
"""Where in a document something stands: ("trial", "lr"), ("curves", 2, "depth")."""


class Faults:
    """ConfigErrors that wait until the rest has been looked at."""

    def __init__(self) -> None:
        """None yet."""
        self.found: list[tuple[Place, str]] = []

    @contextmanager
    def kept(self, *place: str | int) -> Iterator[None]:
        """Keep what is raised within for later; it is about `place`, below whatever this is about itself."""
        try:
            yield
        except _PlacedError as placed:
            self.found += [((*place, *own), fault) for own, fault in placed.faults]
        except ConfigError as error:
            self.found.append((place, str(error)))

    def say(self, written: Callable[[Place, str], str] = lambda _, fault: fault) -> None:
        """Raise what was kept, as one error; nothing where there is none. `written` adds to a fault where it stands."""
        if self.found:
            raise _PlacedError([(place, written(place, fault)) for place, fault in dict.fromkeys(self.found)])


class _PlacedError(ConfigError):
    """Faults in one line, each with its place."""

    def __init__(self, faults: list[tuple[Place, str]]) -> None:
        numbered = "; ".join(f"({number}) {fault}" for number, (_, fault) in enumerate(faults, start=1))
        super().__init__(faults[0][1] if len(faults) == 1 else f"{len(faults)} faults: {numbered}")
        self.faults = faults
