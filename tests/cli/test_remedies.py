"""What cannot be written is told with the remedy of who writes: the option that says where, and no other."""

from pathlib import Path

import click
import pytest
from support.commands import commands
from support.program import program

ROOT = Path(__file__).parents[2]
REFERENCE = str(ROOT / "results" / "reference")
SAID_ELSEWHERE = {"results", "data_dir"}  # options of all commands that write results or data
WRITERS = {  # (command, what says where it writes) → how it is called, {} the place; the remedy that it must name
    ("new", "file"): (("new", "{}/mine.toml"), "FILE"),
    ("export", "folder"): (("export", "fig4-right", "--results", REFERENCE, "--to", "{}"), "--to"),
    ("plot", "output"): (("plot", "fig4-right", "--results", REFERENCE, "--output", "{}/figure.png"), "--output"),
    ("compare", "figure"): (
        ("compare", "fig4-right", "fig4-right", "--results", REFERENCE, "--figure", "{}/both.png"),
        "--figure",
    ),
    ("report", "output"): (("report", "fig4-right", "--results", REFERENCE, "--output", "{}/report.html"), "--output"),
    ("verify", "output"): (
        ("verify", "fig4-right", "--results", REFERENCE, "--output", "{}/verdicts.json"),
        "--output",
    ),
}
RESULTS = (  # commands that write results
    ("run", "fig3", "--smoke", "--iterations", "2", "--lr", "1e-3", "--quiet"),
    ("theory", "claim2", "--quiet", "--no-figures"),
    ("sweep", "--dataset", "simulated", "--lr", "1e-3", "--iterations", "2", "--name", "mine", "--quiet"),
)


def test_every_command_that_is_told_where_to_write_is_tried() -> None:
    found = {
        (" ".join(name), str(own.name))
        for name, command in commands()
        for own in command.params
        if isinstance(own.type, click.Path) and own.name not in SAID_ELSEWHERE
    }
    assert found == WRITERS.keys()


def blocked(tmp_path: Path) -> Path:
    """A place that nothing can be written into, whoever one is: a file stands where its folder would."""
    (tmp_path / "taken").write_text("")
    return tmp_path / "taken" / "inside"


@pytest.mark.parametrize(("arguments", "remedy"), WRITERS.values(), ids=[name for name, _ in WRITERS])
def test_the_remedy_is_the_writers_own(arguments: tuple[str, ...], remedy: str, tmp_path: Path) -> None:
    code, _, err = program(*(word.format(blocked(tmp_path)) for word in arguments))
    lines = [line for line in err.splitlines() if line.startswith("error: cannot write")]
    assert (code, len(lines)) == (7, 1), err
    assert remedy in lines[0]
    assert "--results" not in lines[0]


@pytest.mark.parametrize("arguments", RESULTS, ids=lambda arguments: arguments[0])
def test_where_results_are_written_it_is_their_folder(arguments: tuple[str, ...], tmp_path: Path) -> None:
    code, _, err = program(*arguments, "--results", str(blocked(tmp_path)))
    assert code == 7, err
    assert "choose another folder with --results" in err
