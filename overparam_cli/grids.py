"""Fine grids: from one number to another in equal ratios, rounded so that the values are the same on every machine.

Rounding is part of the grid, not of its display: what is trained is the rounded value, so that trial ids agree
wherever a grid is made, and ten values a decade contain the paper's 1 and 5.
"""

import math
from collections.abc import Mapping
from decimal import Context, Decimal
from typing import Any

FORMS = "from:to:count or from:to:n/decade, as 1e-4:1e-2:7 or 1e-4:1e-2:10/decade"
TABLE = "{ from = 1e-4, to = 1e-2, per_decade = 10 }, or with count = 7 in the place of per_decade"
COARSE, FINE = 1.1, 1.01  # ratios of neighbours down to which two, and three, digits tell them apart
MOST = 10_000  # values
_DIGITS = Context(prec=28)


def is_grid(value: Any) -> bool:
    """Whether a value is meant as a grid rather than as a number."""
    return isinstance(value, Mapping) or (isinstance(value, str) and ":" in value)


def grid(value: Any) -> tuple[float, ...]:
    """The values, rising, of a table like TABLE or a text like FORMS.

    `count`: so many values, both ends among them. `per_decade`: `from` times the powers of 10^(1/n), up to `to`. Values
    but the ends are rounded to two significant digits, three where neighbours are less than 10 % apart. ValueError,
    saying what is accepted, for anything else.
    """
    low, high, steps, decades = _read(value)
    ratio = (high / low) ** (1 / Decimal(steps - 1)) if not decades else Decimal(10) ** (1 / Decimal(steps))
    if ratio < Decimal(FINE):
        raise ValueError("is a grid whose values are less than 1 % apart: ask for fewer")
    digits = Context(prec=2 if ratio >= Decimal(COARSE) else 3)
    if decades:
        steps = math.ceil((high / low).log10() * steps) + 2  # what lies beyond is left out below
    if steps > MOST:
        raise ValueError(f"is a grid of {steps:,} values: ask for {MOST:,} at most")
    inner = [digits.create_decimal(_DIGITS.multiply(low, _DIGITS.power(ratio, place))) for place in range(1, steps)]
    if not decades:
        inner[-1] = high
    return tuple(float(item) for item in (low, *inner) if low <= item <= high)


def _read(value: Any) -> tuple[Decimal, Decimal, int, bool]:
    """From, to, how many, and whether those are a decade's."""
    wanted = TABLE if isinstance(value, Mapping) else FORMS
    try:
        if isinstance(value, Mapping):
            low, high = (_number(value[name]) for name in ("from", "to"))
            (key,) = set(value) - {"from", "to"}
            count, decades = value[key], {"per_decade": True, "count": False}[key]
        else:
            first, last, text = value.split(":")
            low, high = _number(float(first)), _number(float(last))
            decades, count = text.strip().endswith("/decade"), int(text.strip().removesuffix("/decade"))
        good = 0 < low < high and not isinstance(count, bool) and isinstance(count, int) and count >= 2 - decades
    except (KeyError, ValueError, TypeError, ArithmeticError):
        good = False
    if not good:
        raise ValueError(f"must be a grid with 0 < from < to: {wanted}")
    return low, high, count, decades


def _number(value: float) -> Decimal:
    """Its shortest digits."""
    if isinstance(value, bool | str) or not math.isfinite(value):
        raise ValueError
    return Decimal(repr(float(value)))
