r"""What matplotlib shows as text or as a formula, as HTML: `$W_e$` is W<sub>e</sub>. All else is escaped.

The same few tags are understood by pages and by plotly's own text.
"""

import html
import re
import unicodedata

SYMBOLS = {
    r"\oint": "∮",
    r"\nabla": "∇",
    r"\ell": "ℓ",
    r"\|": "‖",
    r"\Vert": "‖",
    r"\vert": "|",
    r"\,": "\u2009",
    r"\;": "\u2005",
    r"\times": "×",
    r"\cdot": "·",
    r"\cdots": "⋯",
    r"\to": "→",
    r"\infty": "∞",
    r"\leq": "≤",
    r"\le": "≤",
    r"\geq": "≥",
    r"\ge": "≥",
    r"\approx": "≈",
    r"\propto": "∝",
    r"\varepsilon": "ε",
    r"\$": "$",
    r"\%": "%",
    "-": "−",
}
TAGS = {"_": "sub", "^": "sup", r"\mathbf": "b", r"\mathit": "i", r"\mathrm": ""}
TOKEN = re.compile(r"\\[A-Za-z]+\s*|\\.|.", re.DOTALL)
DOLLAR = re.compile(r"(?<!\\)\$")


def marked_up(text: str) -> str:
    """Text as matplotlib takes it, as HTML."""
    pieces = DOLLAR.split(text)
    if len(pieces) % 2 == 0:  # an odd number of dollars: matplotlib shows them as they are
        return escaped(text)
    return "".join(_formula(piece) if place % 2 else escaped(piece) for place, piece in enumerate(pieces))


def plain(text: str) -> str:
    """The same without tags, for where there can be none."""
    return html.unescape(re.sub(r"<[^>]*>", "", marked_up(text)))


def escaped(text: str) -> str:
    r"""Text that is no formula; a dollar is written \$ there."""
    return html.escape(text.replace(r"\$", "$").lstrip("\u200b"))


def _formula(text: str) -> str:
    tokens = [token.rstrip() or token for token in TOKEN.findall(text)]
    tokens.reverse()
    found = ""
    while tokens:
        found += _next(tokens)
    return found


def _next(tokens: list[str]) -> str:
    """Take a token, or a group in braces, from the end of a list that stands in reverse."""
    token = tokens.pop()
    if token == "{":
        found = ""
        while tokens and tokens[-1] != "}":
            found += _next(tokens)
        if tokens:
            tokens.pop()
        return found
    if token in TAGS:
        inside, tag = _next(tokens) if tokens else "", TAGS[token]
        return f"<{tag}>{inside}</{tag}>" if tag else inside
    return html.escape(SYMBOLS.get(token) or _greek(token))


def _greek(token: str) -> str:
    """A letter by its name; any other name as it is."""
    name = token.removeprefix("\\")
    if name == token:
        return token
    size = "CAPITAL" if name[:1].isupper() else "SMALL"
    try:
        return unicodedata.lookup(f"GREEK {size} LETTER {name.upper()}")
    except KeyError:
        return token
