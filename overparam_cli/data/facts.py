"""A fact a data set is held against, and what was found."""

from collections.abc import Sequence
from dataclasses import dataclass

from overparam_cli.errors import DataInvalidError


@dataclass(frozen=True)
class Check:
    """One line of `overparam data verify`."""

    check: str  # what was looked at
    expected: str
    found: str
    ok: bool


def exact(check: str, expected: object, found: object) -> Check:
    """`found` must equal `expected`."""
    return Check(check, str(expected), str(found), expected == found)


def close(check: str, expected: float, found: float, rtol: float) -> Check:
    """`found` must lie within a relative distance `rtol` of `expected`."""
    return Check(
        check, f"{expected:.12g} (±{rtol:g} relative)", f"{found:.12g}", abs(found - expected) <= rtol * abs(expected)
    )


def within(check: str, low: float, high: float, found: float) -> Check:
    """`found` must lie in [low, high]."""
    return Check(check, f"{low:.4g} to {high:.4g}", f"{found:.6g}", low <= found <= high)


def require(name: str, checks: Sequence[Check], remedy: str) -> None:
    """Raise DataInvalidError naming the first fact that does not hold."""
    failed = [check for check in checks if not check.ok]
    if failed:
        first = failed[0]
        more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
        raise DataInvalidError(
            f"{name}: {first.check} is {first.found}, not {first.expected}{more}: "
            f"this is not the data set it should be; {remedy}"
        )
