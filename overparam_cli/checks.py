"""Checks of single values: each takes a raw value and returns the canonical one, or raises ValueError.

A learning rate becomes a float, so that `1` and `1.0` are one description. The error says what is accepted ("must be a
finite number above 0"); whoever calls the check adds the place and the key. They are written once for whoever declares
a setting: as a key of an experiment, or as the annotation of an optimiser's argument (`Annotated[float, positive]`).
"""

import math
import sys
from collections.abc import Callable, Mapping
from typing import Any

from overparam_cli.grids import grid, is_grid

Check = Callable[[Any], Any]


def integer(minimum: int, maximum: int = 10**12) -> Check:
    """An int from `minimum` to `maximum`, which keeps typing errors from filling the memory; a bool is not an int.

    A float that is whole is that int, so that 1e6 is a million.
    """

    def check(value: Any) -> int:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
            raise ValueError(f"must be an integer of at least {minimum}")
        if value > maximum:
            raise ValueError(f"must be an integer of at most {maximum:,}")
        return value

    return check


SUBNORMAL = f"what is below {sys.float_info.min:.3g} counts as 0"


def number(description: str, accept: Callable[[float], bool]) -> Check:
    """A finite number that `accept` accepts, as a float."""

    def check(value: Any) -> float:
        try:
            good = not isinstance(value, bool | str) and math.isfinite(value) and accept(value)
        except (TypeError, OverflowError):
            good = False
        if not good:
            raise ValueError(f"must be {description}")
        if 0 < abs(value) < sys.float_info.min:  # training flushes such numbers to 0, and files would say so
            raise ValueError(f"must be {description}; {SUBNORMAL}")
        return float(value) + 0.0  # -0.0 and 0.0 are one value

    return check


def choice(*choices: str) -> Check:
    """One of a few fixed words."""

    def check(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return str(value)

    return check


def text(value: Any) -> str:
    """A non-empty string."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be a non-empty string")
    if "\0" in value:
        raise ValueError("must not hold a NUL character")
    return value


def texts(value: Any) -> tuple[str, ...]:
    """A list of distinct non-empty strings, or one string."""
    items = (value,) if isinstance(value, str) else value
    if not isinstance(items, list | tuple) or not all(isinstance(item, str) and item.strip() for item in items):
        raise ValueError("must be a list of non-empty strings")
    return distinct(tuple(map(text, items)))


def names(value: Any) -> tuple[str, ...]:
    """`texts` in alphabetical order, where order means nothing, so that they are the same however they are written."""
    return tuple(sorted(texts(value)))


def distinct(items: tuple[Any, ...]) -> tuple[Any, ...]:
    """The items, none of which may come twice."""
    seen = set()
    for item in items:
        if item in seen:
            raise ValueError(f"holds {item!r} twice")
        seen.add(item)
    return items


finite = number("a finite number", lambda _: True)
positive = number("a finite number above 0", lambda value: value > 0)
non_negative = number("a finite number of at least 0", lambda value: value >= 0)
fraction = number("a number of at least 0 and below 1", lambda value: 0 <= value < 1)
unit = number("a number above 0 and at most 1", lambda value: 0 < value <= 1)


def positives(value: Any) -> tuple[float, ...]:
    """A positive number, or a list of distinct ones that is not empty."""
    items = value if isinstance(value, list | tuple) else [value]
    if not items:
        raise ValueError("is an empty grid: give at least one number above 0")
    try:
        numbers = tuple(map(positive, items))
    except ValueError as error:
        small = f"; {SUBNORMAL}" if SUBNORMAL in str(error) else ""
        raise ValueError(f"must be a finite number above 0, or a list of such numbers{small}") from None
    return distinct(numbers)


def positives_in_order(value: Any) -> tuple[float, ...]:
    """A positive number, or a list of them in which the order counts and one may come twice."""
    items = value if isinstance(value, list | tuple) else [value]
    if not items:
        raise ValueError("is an empty list: give at least one number above 0")
    return tuple(map(positive, items))


def rates(value: Any) -> tuple[float, ...]:
    """`positives` in rising order, so that a grid is the same however it is written; see `grids` for fine ones."""
    items = value if isinstance(value, list | tuple) else [value]
    spread = [number for item in items for number in (grid(item) if is_grid(item) else [item])]
    return tuple(sorted(positives(spread)))


def width(value: Any) -> int | tuple[int, ...]:
    """One width for every hidden layer, or the list of all depth − 1 of them, input side first."""
    positive_int = integer(1, 1_000_000)
    try:
        if isinstance(value, list | tuple):
            return tuple(map(positive_int, value))
        return int(positive_int(value))
    except ValueError:
        raise ValueError(
            "must be an integer of at least 1 and at most 1,000,000, or a list of depth − 1 such integers"
        ) from None


def flag(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def mapping(value: Any) -> Mapping[str, Any]:
    """A table of entries by name."""
    if not isinstance(value, Mapping):
        raise ValueError("must be a table")
    return value


def optional(check: Check) -> Check:
    """What `check` takes, or nothing."""
    return lambda value: None if value is None else check(value)


def each(check: Check) -> Check:
    """A list of what `check` takes."""

    def listed(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple):
            raise ValueError("must be a list")
        return tuple(_inside(check, item, f"[{place}]") for place, item in enumerate(value))

    return listed


def each_value(check: Check) -> Check:
    """A table of which every entry is what `check` takes."""
    return lambda value: {name: _inside(check, entry, str(name)) for name, entry in mapping(value).items()}


def entries(need: Mapping[str, Check], may: Mapping[str, Check] | None = None) -> Check:
    """A table that has the entries `need`, and perhaps those of `may`; what else it holds is returned as it is."""

    def check(value: Any) -> dict[str, Any]:
        found = dict(mapping(value))
        lacking = [name for name in need if name not in found]
        if lacking:
            raise ValueError(f"must have {', '.join(lacking)}")
        known = {**(may or {}), **need}
        return found | {name: _inside(known[name], found[name], name) for name in found if name in known}

    return check


def _inside(check: Check, value: Any, name: str) -> Any:
    """`check(value)`, whose error names where in a table the value stands: plot.xlim must be …."""
    try:
        return check(value)
    except ValueError as error:
        said = str(error)
        inner = said.startswith("[") or (said.split(" ", 1)[0] not in ("must", "is", "holds"))
        raise ValueError(f"{name}{'' if said.startswith('[') else '.'}{said}" if inner else f"{name} {said}") from None
