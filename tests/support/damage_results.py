"""Damages to the files of a results folder, seeded, and what the reading commands make of each.

    PYTHONPATH=tests python tests/support/damage_results.py [COUNT [SEED [RESULTS]]]

tries COUNT damages, one at a time, on a copy of RESULTS (by default a small results folder of closed forms), and prints
how many were seen, how many changed nothing that is shown, how many changed it without a word, and which ended in a
traceback. A damage is one cell, row, column, byte or length of a CSV file, or one entry of a manifest.
"""

import csv
import io
import json
import math
import random
import shutil
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from support.claim_logs import SCENARIOS
from support.seals import seal

from overparam_cli.cli.main import cli
from overparam_cli.errors import OverparamError

SEEN, HARMLESS, SILENT, TRACEBACK = "seen", "harmless", "silently wrong", "traceback"
SAID = "changed since the run"
COMMANDS = (("table", "--json"), ("verify", "--json"), ("status", "--json"))
OTHERS: tuple[Any, ...] = (None, "", "nonsense", "1,5", -1, 0, 3.5, 1e308, True, [], [3], {}, {"x": 1})
CELLS = ("", "nan", "inf", "-1", "0", "1e308", "1e-320", "nonsense", "1,5", "=1+1", "[b]", "\x1b[31m", "9" * 400)


@dataclass(frozen=True)
class Damage:
    """A file's content in the place of what was there, and what is wrong with it."""

    path: Path
    what: str
    content: bytes


@dataclass(frozen=True)
class Outcome:
    """What came of a damage: one of the four words, and the traceback where there was one."""

    damage: Damage
    kind: str
    detail: str = ""


def make_results(folder: Path, *, sealed: bool = True) -> Path:
    """A small results folder that a verdict can be read from: two runs and two statements of the theory."""
    for claim in ("l4-depth-accelerates", "cnn-accelerates", "lemma3", "theorem1"):
        SCENARIOS[claim](folder, (True, True))
    for path in folder.glob("*/*/manifest.json") if sealed else ():
        seal(path.parent)
    return folder


def damages(results: Path, seed: int = 0) -> Iterator[Damage]:
    """Endless damages to the CSV files and manifests below `results`, the same ones for the same seed."""
    dice = random.Random(seed)
    files = sorted(path for name in ("*.csv", "manifest.json") for path in results.rglob(name))
    while True:
        path = dice.choice(files)
        data = path.read_bytes()
        what, content = dice.choice(MANIFEST_DAMAGES if path.suffix == ".json" else TABLE_DAMAGES)(dice, data)
        if content != data:
            yield Damage(path, f"{path.relative_to(results)}: {what}", content)


def outcomes(
    results: Path, count: int, seed: int = 0, commands: tuple[tuple[str, ...], ...] = COMMANDS
) -> Iterator[Outcome]:
    """Do `count` damages to `results`, one after the other, each undone before the next."""
    before = [_shown(results, command)[0] for command in commands]
    for _, damage in zip(range(count), damages(results, seed), strict=False):
        whole = damage.path.read_bytes()
        damage.path.write_bytes(damage.content)
        try:
            yield _judge(damage, [_shown(results, command) for command in commands], before)
        finally:
            damage.path.write_bytes(whole)


def _shown(results: Path, command: tuple[str, ...]) -> tuple[str, BaseException | None, str]:
    """What a command prints, the exception it ended with if any, and its traceback."""
    done = CliRunner().invoke(cli, [*command, "--results", str(results)])
    error = None if isinstance(done.exception, SystemExit) else done.exception
    trace = "".join(traceback.format_exception(error)) if error else ""
    return done.stdout, error, trace


def _judge(damage: Damage, shown: list[tuple[str, BaseException | None, str]], before: list[str]) -> Outcome:
    for _, error, trace in shown:
        if error is not None and not isinstance(error, OverparamError):
            return Outcome(damage, TRACEBACK, trace)
    if any(error is not None or SAID in text for text, error, _ in shown):
        return Outcome(damage, SEEN)
    same = [text for text, _, _ in shown] == before
    return Outcome(damage, HARMLESS if same else SILENT)


# Damages: from dice and a file's content to what is wrong and the new content.

Damaging = Callable[[random.Random, bytes], tuple[str, bytes]]


def _rows(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode())))


def _table(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def other_cell(dice: random.Random, data: bytes) -> tuple[str, bytes]:
    rows = _rows(data)
    row = dice.randrange(len(rows))
    place, value = dice.randrange(len(rows[row])), dice.choice(CELLS)
    what = f"{rows[0][place]} of line {row + 1} is {value[:20]!r} in place of {rows[row][place]!r}"
    rows[row][place] = value
    return what, _table(rows)


def other_digit(dice: random.Random, data: bytes) -> tuple[str, bytes]:
    places = [place for place, byte in enumerate(data) if chr(byte).isdigit()]
    place = dice.choice(places)
    digit = dice.choice([one for one in b"0123456789" if one != data[place]])
    return f"digit {place} is {chr(digit)}", data[:place] + bytes([digit]) + data[place + 1 :]


def other_byte(dice: random.Random, data: bytes) -> tuple[str, bytes]:
    place, bit = dice.randrange(len(data)), 1 << dice.randrange(8)
    return f"bit {bit} of byte {place}", data[:place] + bytes([data[place] ^ bit]) + data[place + 1 :]


def cut(dice: random.Random, data: bytes) -> tuple[str, bytes]:
    place = dice.randrange(len(data))
    return f"cut at byte {place}", data[:place]


def fewer_or_more_rows(dice: random.Random, data: bytes) -> tuple[str, bytes]:
    rows = _rows(data)
    place = dice.randrange(len(rows))
    if dice.random() < 0.5:
        return f"without line {place + 1}", _table(rows[:place] + rows[place + 1 :])
    return f"line {place + 1} twice", _table([*rows[:place], rows[place], *rows[place:]])


def fewer_columns(dice: random.Random, data: bytes) -> tuple[str, bytes]:
    rows = _rows(data)
    place = dice.randrange(len(rows[0]))
    return f"without column {rows[0][place]}", _table([row[:place] + row[place + 1 :] for row in rows])


def swapped_rows(dice: random.Random, data: bytes) -> tuple[str, bytes]:
    rows = _rows(data)
    one, other, place = dice.randrange(1, len(rows)), dice.randrange(1, len(rows)), dice.randrange(len(rows[0]))
    rows[one][place], rows[other][place] = rows[other][place], rows[one][place]
    return f"{rows[0][place]} of lines {one + 1} and {other + 1} swapped", _table(rows)


def _entries(content: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The ways to all entries of a JSON document."""
    pairs = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, value in pairs:
        yield (*way, key)
        yield from _entries(value, (*way, key))


def _at(content: Any, way: tuple[Any, ...]) -> Any:
    for key in way:
        content = content[key]
    return content


def other_entry(dice: random.Random, data: bytes) -> tuple[str, bytes]:
    content = json.loads(data)
    way = dice.choice([*_entries(content)])
    inside, value = _at(content, way[:-1]), dice.choice(OTHERS)
    if isinstance(inside[way[-1]], int | float) and dice.random() < 0.5:
        number = float(inside[way[-1]])
        value = number * (1 + dice.choice((-1, 1)) * 10.0 ** dice.randint(-14, 1)) if math.isfinite(number) else 0
    inside[way[-1]] = value
    return f"{'.'.join(map(str, way))} is {value!r}", json.dumps(content).encode()


def fewer_entries(dice: random.Random, data: bytes) -> tuple[str, bytes]:
    content = json.loads(data)
    way = dice.choice([*_entries(content)])
    del _at(content, way[:-1])[way[-1]]
    return f"without {'.'.join(map(str, way))}", json.dumps(content).encode()


TABLE_DAMAGES: tuple[Damaging, ...] = (
    *(other_cell, other_cell, other_digit, other_digit),
    *(other_byte, cut, fewer_or_more_rows, fewer_columns, swapped_rows),
)
MANIFEST_DAMAGES: tuple[Damaging, ...] = (other_entry, other_entry, fewer_entries, other_byte, cut)


def main() -> None:
    """Count the outcomes; say which were silent or a traceback."""
    count, seed = (int(text) for text in (*sys.argv[1:3], *("200", "0")[len(sys.argv[1:3]) :]))
    with tempfile.TemporaryDirectory() as temporary:
        results = Path(temporary) / "results"
        if len(sys.argv) > 3:
            shutil.copytree(sys.argv[3], results)
        else:
            make_results(results)
        found = Counter[str]()
        for outcome in outcomes(results, count, seed):
            found[outcome.kind] += 1
            if outcome.kind in (SILENT, TRACEBACK):
                print(f"{outcome.kind}: {outcome.damage.what}\n{outcome.detail}")
        print(dict(found))


if __name__ == "__main__":
    main()
