"""Names, paths and texts of the user's own, whatever letters are in them."""

import os
import random
from pathlib import Path
from typing import Any

import pytest
from support.program import program

from overparam_cli import paper
from overparam_cli.words import count, harmless, printable

ODD = os.fsdecode(b"m\xff\x1b[31m$a_$")  # bytes that are no UTF-8, an escape sequence, a bad formula
CONFIG = """
name = "own"
title = "[b]bold[/b] \\u001b[31mred $a_$"
paper = "-"
kind = "linear"
{more}
[trial]
dataset = "{data}"
loss = "l2"
lr = [1e-3, 1e-2]
iterations = 20

[[curves]]
name = "depth-1"
label = "[/red] \\u202e $\\\\frac{{$"
depth = 1
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_config(**changed: Any) -> None:
    text = CONFIG.format(data=changed.pop("data", "simulated"), more=changed.pop("more", ""))
    for key, value in changed.items():
        text = text.replace(f"{key} = ", f"{key} = {value} #", 1)
    Path("own.toml").write_text(text, encoding="utf-8")


def write_table(name: str) -> None:
    random.seed(1)
    rows = (",".join(str(random.random()) for _ in "aby") for _ in range(30))
    Path(name).write_text("\n".join(["a,b,y", *rows]) + "\n", encoding="utf-8")


def test_letters_of_any_kind_go_from_the_command_line_to_the_figures_and_back(here: Path) -> None:
    data = f"{ODD}.csv"
    write_table(data)
    write_config()
    results, own = ("--results", f"res{ODD}"), ("own.toml", "--dataset", data, "--target", "y")
    for command in (
        ("run", *own, *results),
        ("run", *own, *results, "--name", "again", "--json"),
        ("show", *own),
        ("show", *own, "--json"),
        ("run", *own, *results, "--dry-run"),
        ("table", *results),
        ("table", *results, "--json"),
        ("status", *results),
        ("verify", *results),
        ("plot", *results, "--format", "svg"),
    ):
        code, out, err = program(*command)
        assert code == 0, (command, err)
        assert all(map(harmless, out + err)), command
    assert "[b]bold[/b] \\x1b[31mred $a_$" in program("show", *own)[1]


def test_an_error_shows_what_it_quotes(here: Path) -> None:
    code, _, err = program("run", f"{ODD}.toml")
    assert code == 2
    assert len(err.splitlines()) == 1
    assert all(map(harmless, err))
    assert "m" in err
    assert "[31m$a_$.toml" in err


@pytest.mark.parametrize("name", ["all", "theory", "bench", "bench-cnn", "con", "nul.x", "figure.png", "claims.json"])
def test_a_name_that_is_taken_is_refused(here: Path, name: str) -> None:
    write_config(name=f'"{name}"')
    code, _, err = program("show", "own.toml")
    assert code == 2
    assert f"name = '{name}'" in err


@pytest.mark.parametrize("name", ["v1.5", "bench-2", "theory-of-mine", "console", "data.csv2"])
def test_a_name_like_one_that_is_taken_is_not(here: Path, name: str) -> None:
    write_config(name=f'"{name}"')
    assert program("show", "own.toml")[0] == 0


@pytest.mark.parametrize(
    "changed", [{"data": "a\\u0000.csv"}, {"title": '"a\\u0000b"'}, {"dataset": '"simulated\\u0000"'}]
)
def test_a_nul_is_refused(here: Path, changed: dict[str, str]) -> None:
    write_config(**changed)
    code, _, err = program("run", "own.toml")
    assert code == 2
    assert "NUL" in err


def test_nothing_is_written_outside_the_results_folder(here: Path) -> None:
    (here / "results" / "x").mkdir(parents=True)
    for command in ("verify", "plot", "table"):
        assert program(command, "all@x/../../../evil")[0] == 2
    assert [path.name for path in here.iterdir()] == ["results"]


def test_one_is_one() -> None:
    assert [count(number, "trial") for number in (0, 1, 2, 20_000)] == [
        "0 trials",
        "1 trial",
        "2 trials",
        "20,000 trials",
    ]


def test_a_terminal_is_not_steered() -> None:
    assert printable("a\x1b[31m\x9b\x00\x7f\u202e\udcff\n\tß") == "a\\x1b[31m\\x9b\\x00\\x7f\\u202e\\udcff\n\tß"


def test_the_paper_has_no_say_in_how_long_a_run_on_data_of_ones_own_is() -> None:
    mine, stand_in, papers = ({"name": name, "embedded": embedded} for name, embedded in
                              (("mine.csv", False), ("simulated", True), ("ethanol", False)))  # fmt: skip
    assert paper.length(500, 1_000_000, mine) == "500 iterations"
    assert paper.length(500, 1_000_000, stand_in) == "500 of 1,000,000 iterations"
    assert paper.length(500, 1_000_000, papers) == "500 of 1,000,000 iterations"
    assert paper.length(1, 1, papers) == "1 iteration"
