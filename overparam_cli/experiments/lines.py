"""On which line of a TOML file a table or a key stands. Python's reader says so of faults in the syntax alone."""

import re
import tomllib
from collections.abc import Mapping
from typing import Any

from overparam_cli.experiments.faults import Place

_PART = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_KEY = re.compile(rf"\s*({_PART}(?:\s*\.\s*{_PART})*)\s*=")
_HEADING = re.compile(r"\s*(\[\[?[^\]]*\]\]?)\s*(?:#.*)?")
_TOKEN = re.compile(r'\\.|"""|\'\'\'|["\'#\[\]{}]', re.DOTALL)


def lines_of(text: str) -> Mapping[Place, int]:
    """Place → number of its line, from 1: of every heading and key of a valid document, an inline table as a whole."""
    found: dict[Place, int] = {}
    counts: dict[Place, int] = {}  # array of tables → how many of it there are so far
    here: Place = ()
    open_string, depth = "", 0
    for number, line in enumerate(text.split("\n"), start=1):
        heading, key = _HEADING.fullmatch(line.rstrip("\r")), _KEY.match(line)
        if not open_string and not depth and heading:
            here = _enter(heading[1], counts)
            for place in (here[:-1], here) if isinstance(here[-1], int) else (here,):
                found.setdefault(place, number)
            continue
        if not open_string and not depth and key:
            place = here
            for part in _parts(f"{key[1]} = 0"):
                place = (*place, part)
                found.setdefault(place, number)
        open_string, depth = _after(line, open_string, depth)
    return found


def line_of(place: Place, lines: Mapping[Place, int]) -> int | None:
    """The line of a place, or of what it stands in; None for what is missing at the top."""
    return next((lines[place[:end]] for end in range(len(place), 0, -1) if place[:end] in lines), None)


def _parts(text: str) -> list[str]:
    """The parts of the one key, or heading, that a line of TOML has."""
    parts, value = [], dict[str, Any](tomllib.loads(text))
    while isinstance(value, dict) and value:
        ((name, value),) = value.items()
        parts.append(name)
        value = value[0] if isinstance(value, list) else value
    return parts


def _enter(heading: str, counts: dict[Place, int]) -> Place:
    """The place that a heading opens; a table inside an array of tables is one of its last."""
    parts, place = _parts(heading), Place()
    for part in parts[:-1]:
        place = (*place, part)
        place = (*place, counts[place] - 1) if place in counts else place
    place = (*place, parts[-1])
    if heading.startswith("[["):
        counts[place] = counts.get(place, 0) + 1
        return (*place, counts[place] - 1)
    return place


def _after(line: str, string: str, depth: int) -> tuple[str, int]:
    """The string that is still open at a line's end, and the brackets around what follows."""
    for token in _TOKEN.findall(line):
        if string:
            literal = token[1:] if string[0] == "'" and token[0] == "\\" else token  # which knows no escapes
            string = "" if literal == string else string
        elif token == "#":
            break
        elif token in ('"', "'", '"""', "'''"):
            string = token
        elif token[0] != "\\":
            depth += 1 if token in "[{" else -1
    return (string if len(string) == 3 else ""), depth
