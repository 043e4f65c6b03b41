"""Words that several rooms have for the same thing: durations, counts, sizes, rates, what a misspelt name meant."""

import difflib
import unicodedata
from collections.abc import Iterable
from decimal import Decimal

KEPT = "\n\t"
REORDERING = {*"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"}  # of left and right


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


def exact(value: float) -> str:
    """Return a number as short as it can be written without loss: 0.25 → "0.25", 0.0005 → "5e-4"."""
    short = Decimal(repr(value)).normalize()
    return f"{short:e}" if value and abs(value) < 0.1 else f"{short:f}"


def meant(name: str, choices: Iterable[str]) -> str:
    """``"did you mean 'x'?"`` for a misspelt name; empty where nothing is like it."""
    close = difflib.get_close_matches(name, list(choices), n=1)
    return f"did you mean {close[0]!r}?" if close else ""


def suggest(name: str, choices: Iterable[str]) -> str:
    """``"; did you mean 'x'? Valid: …"`` for a misspelt name."""
    known = list(choices)
    hint = f"{hint} " if (hint := meant(name, known)) else ""
    return f"; {hint}Valid: {', '.join(known)}"


def count(number: int, noun: str, several: str = "") -> str:
    """A number of things: "1 trial", "2,000 trials"; `several` is the plural where that has more than an s."""
    return f"{number:,} {noun if number == 1 else several or f'{noun}s'}"


def printable(text: str) -> str:
    """Return text without what steers a terminal: control characters as escapes, line breaks and tabs as they are."""
    return "".join(character if harmless(character) else _escaped(character) for character in text)


def harmless(character: str) -> bool:
    """Whether a terminal shows a character, and does nothing else with it."""
    if character in KEPT:
        return True
    return character not in REORDERING and unicodedata.category(character) not in ("Cc", "Cs")


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def size(count: float) -> str:
    """Bytes as 12 B, 3.4 MB, 1.2 GB or 16,000 GB."""
    for unit in ("B", "kB", "MB"):
        if count < 999.5:  # what three digits would round to 1e+03 is one of the next unit
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:,.0f} GB" if count >= 9.95 else f"{count:.1f} GB"
