"""What one command has loaded or worked out already, so that its jobs need not do it again."""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")


class Memo:
    """Results by what determines them. They stay in the process that made them: a copy sent elsewhere is empty."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Any] = {}
        self.tell: Callable[[str], object] = str  # hears what is being done, before it is

    def once(self, key: Hashable, make: Callable[[], T], doing: str = "") -> T:
        """What `make` returns; it is called only for a key that is new, and again after an error."""
        if key not in self._known:
            if doing:
                self.tell(doing)
            self._known[key] = make()
        found: T = self._known[key]
        return found

    def __reduce__(self) -> tuple[type["Memo"], tuple[()]]:
        return Memo, ()
