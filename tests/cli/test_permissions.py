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
from support.crashes import EVENTS, WRITING
from support.forked import Outcome, prepare, run_command

from overparam_cli.disk import BESIDE
from tests.run.test_job import CONFIG

LOOKING = {"os.listdir", "os.scandir"}
RUN = ("run", "tiny.toml", "-q", "--name", "one")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of forking beside threads


def refused(results: Path, folder: Path, *arguments: str, reading: bool) -> Outcome:
    """A command to which writing in a folder, or even `reading` it, is forbidden."""
    inside, stat = f"{folder}{os.sep}", os.stat

    def refuse(path: Any) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)

    def audit(event: str, given: tuple[Any, ...]) -> None:
        path = str(Path.cwd() / os.fsdecode(given[0])) if given and isinstance(given[0], str | bytes) else ""
        if path == str(folder) and reading and event in LOOKING:
            refuse(path)
        if path.startswith(inside) and (event in EVENTS or (event == "open" and (reading or given[2] & WRITING))):
            refuse(path)

    def look(path: Any, *arguments: Any, **settings: Any) -> os.stat_result:
        if reading and not isinstance(path, int) and str(Path.cwd() / os.fsdecode(path)).startswith(inside):
            refuse(path)
        return stat(path, *arguments, **settings)

    def before() -> None:
        sys.addaudithook(audit)
        os.stat = look

    return run_command(*arguments, folder=results.parent, before=before)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two small runs."""
    prepare()
    folder = tmp_path_factory.mktemp("permissions")
    (folder / "tiny.toml").write_text(CONFIG.replace("iterations = 100", "iterations = 2"))
    for name in ("one", "two"):
        assert run_command(*RUN[:-1], name, folder=folder).code == 0
    return folder


@pytest.fixture
def results(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "here")) / "results"


@pytest.mark.parametrize("below", ["tiny@one", "tiny@one/l2"])
def test_status_lists_a_folder_that_may_not_be_read(results: Path, below: str) -> None:
    outcome = refused(results, results / below, "status", reading=True)
    assert outcome.code == 0
    rows = {line.split("│")[0].split()[0] if "│" in line else line.split()[0]: line for line in lines(outcome)}
    assert "unreadable" in rows[below]
    assert "complete" in rows["tiny@two/l2"]


def lines(outcome: Outcome) -> list[str]:
    return [line for line in outcome.out.splitlines() if line.strip() and line.split()[0].startswith("tiny")]


@pytest.mark.parametrize("below", ["tiny@one", "tiny@one/l2"])
@pytest.mark.parametrize("command", ["table", "plot"])
def test_who_asks_for_it_is_told_in_one_line(results: Path, command: str, below: str) -> None:
    outcome = refused(results, results / below, command, "tiny@one", reading=True)
    assert outcome.code == 7, outcome.err
    (line,) = outcome.err.splitlines()
    assert "tiny@one" in line
    assert "Permission denied" in line


@pytest.mark.parametrize("command", ["table", "verify"])
def test_the_others_are_shown_all_the_same(results: Path, command: str) -> None:
    outcome = refused(results, results / "tiny@one", command, reading=True)
    assert outcome.fault == ""
    assert outcome.code == 0, outcome.err


def test_results_that_may_not_be_read_at_all_are_one_line(results: Path) -> None:
    for command in ("status", "table"):
        outcome = refused(results, results, command, reading=True)
        assert outcome.code == 7, outcome.err
        assert "results cannot be read (Permission denied)" in outcome.err
        assert len(outcome.err.splitlines()) == 1


@pytest.mark.parametrize("left", ["checkpoint.pt", ".trials.csv.12345678"])
@pytest.mark.parametrize("reading", [True, False])
def test_a_run_that_may_not_write_is_told_in_one_line(results: Path, left: str, reading: bool) -> None:
    folder = results / "tiny@one" / "l2"
    (folder / left).write_bytes(b"stale")
    outcome = refused(results, folder, *RUN, "--seeds", "2", reading=reading)
    assert (outcome.code, outcome.fault) == (7, "")
    assert "Permission denied" in outcome.err
    assert run_command(*RUN, "--seeds", "2", folder=results.parent).code == 0
    assert [path for path in results.rglob("*") if BESIDE.fullmatch(path.name)] == []
