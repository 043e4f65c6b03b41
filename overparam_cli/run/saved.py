"""What a unit may expect of a saved state: values of the right kind, tensors of the right shape.

A checkpoint's digest says that it is what was written; these say that it was written by units such as these.
"""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

MALFORMED = (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError)
"""What reading a state that is none may raise."""


def tensor(value: Any, like: Tensor) -> Tensor:
    """A saved tensor; raises ValueError unless it has the shape and the type of `like`."""
    if not isinstance(value, Tensor) or value.shape != like.shape or value.dtype != like.dtype:
        raise ValueError(f"a tensor like {tuple(like.shape)} {like.dtype} is missing")
    return value


def tensors(values: Any, like: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Saved tensors by name; raises ValueError unless they are those of `like`."""
    if not isinstance(values, Mapping) or set(values) != set(like):
        raise ValueError(f"tensors {', '.join(like)} are missing")
    return {name: tensor(values[name], own) for name, own in like.items()}


def count(value: Any, most: int) -> int:
    """A saved number of iterations; raises ValueError unless it is one from 0 to `most`."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise ValueError(f"a number from 0 to {most:,} is missing")
    return value


def numbers(values: Any) -> dict[str, float]:
    """Saved numbers by name; raises ValueError where one is none."""
    if not all(isinstance(value, int | float) for value in values.values()):
        raise ValueError("a number is missing")
    return {str(name): float(value) for name, value in values.items()}
