"""Folders of somebody else's: listed as unreadable, one line and exit code 7 where they are asked for.

The tests may run as root, for whom nothing is forbidden: here the child of a test is refused what others would be.
"""

import errno
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from support.crashes import EVENTS, WRITING, Outcome, in_child, leftovers, overparam, warm_up

from tests.run.test_job import CONFIG

LOOKING = {"os.listdir", "os.scandir"}


def refused(arguments: list[str], results: Path, folder: Path, *, reading: bool) -> Outcome:
    """A command to which writing in a folder, or even `reading` it, is forbidden."""
    inside, stat = f"{folder}{os.sep}", os.stat

    def refuse(path: Any) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)

    def audit(event: str, given: tuple[Any, ...]) -> None:
        path = os.fsdecode(given[0]) if given and isinstance(given[0], str | bytes) else ""
        if path == str(folder) and reading and event in LOOKING:
            refuse(path)
        if path.startswith(inside) and (event in EVENTS or (event == "open" and (reading or given[2] & WRITING))):
            refuse(path)

    def look(path: Any, *arguments: Any, **settings: Any) -> os.stat_result:
        if reading and not isinstance(path, int) and os.fspath(path).startswith(inside):
            refuse(path)
        return stat(path, *arguments, **settings)

    def command() -> None:
        sys.addaudithook(audit)
        os.stat = look
        overparam_here(arguments, results)

    return in_child(command, results, at=None, action="kill")


def overparam_here(arguments: list[str], results: Path) -> None:
    from overparam_cli.cli.main import main

    sys.argv = ["overparam", *arguments, "--results", str(results)]
    main()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], Path]:
    """A small run of two variants, and the command that made it."""
    folder = tmp_path_factory.mktemp("permissions")
    (folder / "tiny.toml").write_text(CONFIG.replace("iterations = 400", "iterations = 2"))
    command = ["run", str(folder / "tiny.toml"), "-q"]
    for name in ("one", "two"):
        warm_up([[*command, "--name", name], ["status"], ["table"], ["verify"]], folder / "results")
    return command, folder / "results"


@pytest.fixture
def results(made: tuple[list[str], Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(made[1], tmp_path / "results"))


@pytest.mark.parametrize("below", ["tiny@one", "tiny@one/l2"])
def test_status_lists_a_folder_that_may_not_be_read(results: Path, below: str) -> None:
    outcome = refused(["status"], results, results / below, reading=True)
    assert outcome.code == 0
    rows = {line.split("│")[0].split()[0] if "│" in line else line.split()[0]: line for line in lines(outcome)}
    assert "unreadable" in rows[below]
    assert "complete" in rows["tiny@two/l2"]


def lines(outcome: Outcome) -> list[str]:
    return [line for line in outcome.output.splitlines() if line.strip() and line.split()[0].startswith("tiny")]


@pytest.mark.parametrize("below", ["tiny@one", "tiny@one/l2"])
@pytest.mark.parametrize("command", ["table", "plot"])
def test_who_asks_for_it_is_told_in_one_line(results: Path, command: str, below: str) -> None:
    outcome = refused([command, "tiny@one"], results, results / below, reading=True)
    assert outcome.code == 7, outcome.output
    (line,) = outcome.output.splitlines()
    assert "tiny@one" in line
    assert "Permission denied" in line


@pytest.mark.parametrize("command", ["table", "verify"])
def test_the_others_are_shown_all_the_same(results: Path, command: str) -> None:
    outcome = refused([command], results, results / "tiny@one", reading=True)
    assert "Traceback" not in outcome.output
    assert outcome.code == 0, outcome.output


def test_results_that_may_not_be_read_at_all_are_one_line(results: Path) -> None:
    for command in ("status", "table"):
        outcome = refused([command], results, results, reading=True)
        assert outcome.code == 7, outcome.output
        assert "results cannot be read (Permission denied)" in outcome.output
        assert len(outcome.output.splitlines()) == 1


@pytest.mark.parametrize("left", ["checkpoint.pt", ".trials.csv.12345678"])
@pytest.mark.parametrize("reading", [True, False])
def test_a_run_that_may_not_write_is_told_in_one_line(
    made: tuple[list[str], Path], results: Path, left: str, reading: bool
) -> None:
    folder = results / "tiny@one" / "l2"
    (folder / left).write_bytes(b"stale")
    outcome = refused([*made[0], "--name", "one", "--seeds", "2"], results, folder, reading=reading)
    assert outcome.code == 7, outcome.output
    (line,) = outcome.output.splitlines()
    assert "Permission denied" in line
    assert overparam([*made[0], "--name", "one", "--seeds", "2"], results).code == 0
    assert leftovers(results) == []
