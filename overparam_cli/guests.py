"""How what a folder holds becomes known: one module a guest, and whatever other installed packages bring along.

An optimiser, a loss, a parameterisation or a data set is one file in its folder. Another package registers its own by
an entry point in the group of that folder, `overparam.optimizers` for instance, and needs no fork.
"""

import pkgutil
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any, TypeVar

Guest = TypeVar("Guest")


def modules(package: ModuleType | str, first: Sequence[str] = ()) -> list[str]:
    """Names of the modules of a package without importing them: those of `first` in that order, then by name."""
    found = import_module(package) if isinstance(package, str) else package
    names = sorted(module.name for module in pkgutil.iter_modules(found.__path__))
    return [*(name for name in first if name in names), *(name for name in names if name not in first)]


def visitors(group: str) -> Iterator[tuple[str, Any]]:
    """(name, object) of every entry point that installed packages have in `group`, by name; each is loaded."""
    from importlib.metadata import entry_points

    for entry in sorted(entry_points(group=group), key=lambda entry: entry.name):
        yield entry.name, entry.load()


def unique(found: Iterable[tuple[str, Guest]]) -> dict[str, Guest]:
    """By name; whoever comes first keeps it, so that a visitor cannot change what a name means."""
    known: dict[str, Guest] = {}
    for name, guest in found:
        known.setdefault(name, guest)
    return known
