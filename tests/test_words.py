"""Numbers in sentences: one of a thing is no "1 things"."""

import ast
from itertools import pairwise
from pathlib import Path

import pytest

import overparam_cli
from overparam_cli.words import count, meant, size

PACKAGE = Path(overparam_cli.__file__).parent
NOUNS = {  # of which there may be one
    *("trials", "runs", "curves", "seeds", "rows", "claims", "checks", "units", "iterations", "layers", "points"),
    *(
        "titles",
        "panels",
        "entries",
        "variants",
        "worlds",
        "columns",
        "features",
        "images",
        "files",
        "rounds",
        "levels",
    ),
}
SEVERAL = {  # what stands before the noun is never 1, or 1 is told apart
    ("api/exporting.py", "trials"),
    ("claims/measures.py", "len(values)"),
    ("claims/reading.py", "FULL_ROUNDS"),
    ("data/archive.py", "len(infos)"),
    ("data/gas_sensor/__init__.py", "len(FEATURE_NAMES)"),
    ("data/gas_sensor/batches.py", "gas"),
    ("data/gas_sensor/facts.py", "check.expected"),
    ("data/images.py", "part"),
    ("data/table/columns.py", "len(faults)"),
    ("figures/labels.py", "seeds"),
    ("kinds/linear/compiled/kernel.py", "columns"),
    ("kinds/mnist/trial.py", "len(stds)"),
    ("kinds/theory/orders.py", "seeds"),
    ("kinds/theory/tables.py", "len(record.table)"),
    ("report/grid.py", "len(names)"),
    ("report/multiverse.py", "best.worlds"),
    ("report/summary.py", "seeds"),
    ("run/job.py", "len(fresh)"),
    ("run/progress.py", "len(self.gaps)"),
}


@pytest.mark.parametrize(("number", "said"), [(0, "0 trials"), (1, "1 trial"), (2000, "2,000 trials")])
def test_count(number: int, said: str) -> None:
    assert count(number, "trial") == said


def test_a_plural_with_more_than_an_s() -> None:
    assert [count(number, "entry", "entries") for number in (1, 2)] == ["1 entry", "2 entries"]


def test_meant() -> None:
    assert meant("fig33", ["fig2", "fig3"]) == "did you mean 'fig3'?"
    assert meant("xyz", ["fig2", "fig3"]) == ""


def plurals(path: Path) -> set[str]:
    """What stands before one of NOUNS in the f-strings of a file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        parts = node.values if isinstance(node, ast.JoinedStr) else []
        for value, text in pairwise(parts):
            if isinstance(value, ast.FormattedValue) and isinstance(text, ast.Constant):
                blank, *words = str(text.value).split(" ")
                if not blank and words and words[0].rstrip(".,;:)") in NOUNS:
                    found.add(ast.unparse(value.value))
    return found


def test_numbers_are_put_before_plurals_by_count_alone() -> None:
    files = {path.relative_to(PACKAGE).as_posix(): path for path in PACKAGE.rglob("*.py")}
    assert {(name, value) for name, path in files.items() for value in plurals(path)} == SEVERAL


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (12, "12 B"),
        (999.4, "999 B"),
        (999.9, "1 kB"),
        (999_990, "1 MB"),
        (999_999_990, "1.0 GB"),
        (9_949e6, "9.9 GB"),
        (9_990e6, "10 GB"),
    ],
)
def test_a_size_is_said_in_the_unit_that_its_digits_round_to(number: float, said: str) -> None:
    assert size(number) == said
