"""Words that several rooms have for the same thing: durations, learning rates, what a misspelt name may have meant."""

import difflib
from collections.abc import Iterable


def clock(seconds: float) -> str:
    """Seconds as 42 s, 3:07 min or 2:05 h."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{int(seconds // 60)}:{int(seconds % 60):02d} min"
    return f"{int(seconds // 3600)}:{int(seconds % 3600 // 60):02d} h"


def format_rate(lr: float) -> str:
    """Return a learning rate as it is typed: 0.0005 → "5e-4"."""
    mantissa, exponent = f"{lr:.6e}".split("e")
    return f"{float(mantissa):g}e{int(exponent)}" if int(exponent) else f"{float(mantissa):g}"


def suggest(name: str, choices: Iterable[str]) -> str:
    """``"; did you mean 'x'? Valid: …"`` for a misspelt name."""
    known = list(choices)
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"; {hint}Valid: {', '.join(known)}"
