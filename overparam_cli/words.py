"""Words that more than one room has for the same thing: durations, and what a misspelt name may have meant."""

import difflib
from collections.abc import Iterable


def clock(seconds: float) -> str:
    """Seconds as 42 s, 3:07 min or 2:05 h."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{int(seconds // 60)}:{int(seconds % 60):02d} min"
    return f"{int(seconds // 3600)}:{int(seconds % 3600 // 60):02d} h"


def suggest(name: str, choices: Iterable[str]) -> str:
    """``"; did you mean 'x'? Valid: …"`` for a misspelt name."""
    known = list(choices)
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"; {hint}Valid: {', '.join(known)}"
