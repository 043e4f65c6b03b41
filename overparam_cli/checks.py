"""Checks of single values: each takes a raw value and returns the canonical one, or raises ValueError.

A learning rate becomes a float, so that `1` and `1.0` are one description. The error says what is accepted ("must be a
finite number above 0"); whoever calls the check adds the place and the key. They are written once for whoever declares
a setting: as a key of an experiment, or as the annotation of an optimiser's argument (`Annotated[float, positive]`).
"""

import math
from collections.abc import Callable
from typing import Any

Check = Callable[[Any], Any]


def integer(minimum: int, maximum: int = 10**12) -> Check:
    """An int from `minimum` to `maximum`, which keeps typing errors from filling the memory; a bool is not an int."""

    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
            raise ValueError(f"must be an integer of at least {minimum}")
        if value > maximum:
            raise ValueError(f"must be an integer of at most {maximum:,}")
        return value

    return check


def number(description: str, accept: Callable[[float], bool]) -> Check:
    """A finite number that `accept` accepts, as a float."""

    def check(value: Any) -> float:
        try:
            good = not isinstance(value, bool | str) and math.isfinite(value) and accept(value)
        except (TypeError, OverflowError):
            good = False
        if not good:
            raise ValueError(f"must be {description}")
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
    return value


def texts(value: Any) -> tuple[str, ...]:
    """A list of distinct non-empty strings, or one string."""
    items = (value,) if isinstance(value, str) else value
    if not isinstance(items, list | tuple) or not all(isinstance(item, str) and item.strip() for item in items):
        raise ValueError("must be a list of non-empty strings")
    return distinct(tuple(items))


def names(value: Any) -> tuple[str, ...]:
    """`texts` in alphabetical order, where order means nothing, so that they are the same however they are written."""
    return tuple(sorted(texts(value)))


def distinct(items: tuple[Any, ...]) -> tuple[Any, ...]:
    """The items, none of which may come twice."""
    for index, item in enumerate(items):
        if item in items[:index]:
            raise ValueError(f"holds {item!r} twice")
    return items


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
    except ValueError:
        raise ValueError("must be a finite number above 0, or a list of such numbers") from None
    return distinct(numbers)


def positives_in_order(value: Any) -> tuple[float, ...]:
    """A positive number, or a list of them in which the order counts and one may come twice."""
    items = value if isinstance(value, list | tuple) else [value]
    if not items:
        raise ValueError("is an empty list: give at least one number above 0")
    return tuple(map(positive, items))


def rates(value: Any) -> tuple[float, ...]:
    """`positives` in rising order, so that a grid is the same however it is written."""
    return tuple(sorted(positives(value)))


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
