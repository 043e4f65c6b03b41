"""Standard output and standard error that are full, closed, or have no reader."""

import subprocess
import sys
from pathlib import Path

import pytest
from support.program import full, left, program

from overparam_cli.cli.streams import Results, guarded

TRAINING = ("run", "fig3", "--smoke", "--loss", "l2", "--depth", "1", "--lr", "1e-3", "--iterations", "20")
WRITTEN = {"log.csv", "manifest.json", "trials.csv"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one run, for the commands that read."""
    made = tmp_path_factory.mktemp("streams")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(made)
        assert program(*TRAINING, "--name", "quick")[0] == 0
    return made


PRINTING = [
    "--help",
    "--version",
    "list",
    "list --json",
    "show fig3",
    "show fig3 --json",
    "status",
    "status --json",
    "table",
    "table --json",
    "verify",
    "verify --json",
    "plot --format svg",
    "data list",
    "data path",
    "data verify simulated",
    "theory claim2 --no-figures",
    "run fig3 --smoke --loss l2 --lr 1e-3 --dry-run",
    "run --help",
]


@pytest.mark.parametrize("command", PRINTING)
def test_output_that_cannot_be_written_is_one_line(command: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    code, _, err = program(*command.split(), stdout=full())
    assert code == 7
    (line,) = [line for line in err.splitlines() if line.startswith("error: ")]
    assert "cannot write to standard output: No space left" in line
    assert "Traceback" not in err


@pytest.mark.parametrize("command", ["--help", "list", "status --json", "data path"])
def test_output_that_is_closed_is_one_line(command: str) -> None:
    assert program(*command.split(), stdout=None)[::2] == (
        7,
        "error: cannot write to standard output: Bad file descriptor; what a run has finished is kept: see overparam "
        "status\n",
    )


@pytest.mark.parametrize("command", ["--help", "list", "show fig3 --json", "status", "table", "data path"])
def test_a_reader_that_goes_away_is_no_error(command: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    code, _, err = program(*command.split(), stdout=left())
    assert code == 141
    assert "error" not in err


def test_a_reader_that_goes_away_does_not_lose_the_verdicts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    (folder / "verdicts.json").unlink(missing_ok=True)
    assert program("verify", "--output", "verdicts.json", stdout=left())[0] == 141
    assert (folder / "verdicts.json").exists()


@pytest.mark.parametrize("stderr", [None, full(), left(), left(1)], ids=["closed", "full", "left", "left later"])
def test_progress_that_cannot_be_shown_is_dropped_and_the_run_goes_on(
    stderr: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, _ = program(*TRAINING, "--name", "quick", stderr=stderr)
    assert code == 0
    assert "1 layer" in out
    assert {path.name for path in Path("results/fig3@quick/l2").iterdir() if path.name[0] != "."} == WRITTEN


def test_a_run_whose_table_cannot_be_printed_is_complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert program(*TRAINING, "--name", "quick", stdout=left(), stderr=left())[0] == 141
    assert {path.name for path in Path("results/fig3@quick/l2").iterdir()} >= WRITTEN


def test_an_error_that_nobody_can_read_keeps_its_code() -> None:
    assert program("run", "fig33", stderr=full())[0] == 2


def test_what_is_closed_at_the_start_is_no_file_of_ours(tmp_path: Path) -> None:
    """A file that we open would get the number 2, and what libraries print there."""
    call = f"{sys.executable} -m overparam_cli data verify simulated 2>&- 0<&- | cat"
    done = subprocess.run(call, shell=True, capture_output=True, text=True, timeout=60, check=True, cwd=tmp_path)
    assert "yes" in done.stdout
    assert done.stderr == ""


def test_a_slow_reader_gets_everything() -> None:
    class Slow:
        """Takes three bytes at a time, and every second time none."""

        def __init__(self) -> None:
            self.taken, self.turn = b"", 0

        def write(self, data: memoryview) -> int | None:
            self.turn += 1
            if self.turn % 2:
                return None
            self.taken += bytes(data[:3])
            return min(3, len(data))

        def flush(self) -> None: ...

        def fileno(self) -> int:
            return 2  # of a stream that can always be written

    slow = Slow()
    assert Results(slow, "<stdout>").write(b"overparam") == 9
    assert slow.taken == b"overparam"


def test_a_folder_that_has_been_removed_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    code, _, err = program(*TRAINING)
    assert (code, len(err.splitlines())) == (7, 1)
    assert "no longer exists" in err


def test_the_streams_are_given_back() -> None:
    before = sys.stdout, sys.stderr
    with guarded():
        assert sys.stdout is not before[0]
    assert (sys.stdout, sys.stderr) == before
