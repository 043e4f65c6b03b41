"""The command line as a user meets it: help, examples, exit codes, one line for every error."""

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from support.commands import brief_bench, commands, quick_bench

from overparam_cli import errors
from overparam_cli.__main__ import start
from overparam_cli.cli.main import COMMANDS as REGISTERED
from overparam_cli.cli.main import main
from overparam_cli.kinds.linear import bench
from overparam_cli.run.timing import Timing

COMMANDS = dict(commands())
LONG = "a" * 300


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def overparam(*arguments: str, check: int | None = 0) -> tuple[int, str, str]:
    """Run the program as its entry point does, in this process."""
    runner = CliRunner()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["overparam", *arguments])
        result = runner.invoke(click.Command("overparam", callback=main), [])
    if check is not None:
        assert result.exit_code == check, result.output
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize("name", COMMANDS, ids=" ".join)
def test_every_command_has_help_an_example_and_described_options(name: tuple[str, ...]) -> None:
    command = COMMANDS[name]
    assert command.help
    assert f"Example: overparam {' '.join(name)}" in command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not isinstance(parameter.type, click.Choice):
            assert parameter.help, f"{parameter.name} has no help"


ELSEWHERE = {"multiverse", "fetch"}  # tested in a room of their own, and on a local server
QUICK_EXAMPLES = [name for name in COMMANDS if not ELSEWHERE & {*name}]


@pytest.fixture(scope="module")
def smoke_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the smoke run of Figure 3 has been made, under the names the examples use."""
    folder = tmp_path_factory.mktemp("examples")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        overparam("run", "fig3", "--smoke", "--quiet")
        overparam("run", "fig3", "--smoke", "--quiet", "--name", "smoke")
        (folder / "results" / "fig3").symlink_to(folder / "results" / "fig3@smoke")
    return folder


@pytest.mark.parametrize("name", QUICK_EXAMPLES, ids=" ".join)
def test_the_example_in_every_help_runs(
    name: tuple[str, ...], smoke_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(smoke_folder)
    quick_bench(monkeypatch)
    assert COMMANDS[name].help
    line = next(line for line in COMMANDS[name].help.splitlines() if "Example:" in line)
    words = line.split("Example: overparam ")[1].split()
    overparam(*(brief_bench(words) if words[0] == "bench" else words))


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom overparam_cli.cli.main import main\nsys.argv = ['overparam', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(sorted({'torch', 'pandas', 'scipy', 'numpy', 'matplotlib'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout
    assert out.rstrip().endswith("[]")


@pytest.mark.parametrize(("before", "after"), [(None, "1"), ("3", "3")])
def test_numpys_own_threads_are_one_unless_somebody_says_otherwise(
    before: str | None, after: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS")
    if before:
        monkeypatch.setenv("OPENBLAS_NUM_THREADS", before)
    seen: list[str] = []
    monkeypatch.setattr("overparam_cli.cli.main.main", lambda: seen.append(os.environ["OPENBLAS_NUM_THREADS"]))
    for name in ("answer", "ignore"):
        monkeypatch.setattr(f"overparam_cli.interrupts.{name}", lambda: None)
    start()
    assert seen == [after]


def test_a_command_imports_no_other_commands() -> None:
    code = (
        "import sys\nfrom overparam_cli.cli.main import main\nsys.argv = ['overparam', 'data', 'path']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(sorted(name.rpartition('.')[2] for name in sys.modules if name.startswith('overparam_cli.cli.')))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout
    assert out.splitlines()[-1] == str(["completing", "data", "main", "once", "options", "several", "streams"])


def test_a_command_goes_by_the_name_it_is_registered_under() -> None:
    assert {name[-1] for name in COMMANDS} == {command.name for command in COMMANDS.values()}
    assert {name[0] for name in COMMANDS} == set(REGISTERED)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("run", "fig33"), 2, ("fig33", "did you mean")),
        (("run", "fig3", "--lr", "fast"), 2, ("lr", "fast")),
        (("run", "fig3", "--lr", "0"), 2, ("lr", "above 0")),
        (("run", "fig3", "--lr", "nan"), 2, ("lr", "finite")),
        (("run", "fig3", "--depth", "0"), 2, ("depth", "at least 1")),
        (("run", "fig3", "--set", "width=-1"), 2, ("width", "at least 1")),
        (("run", "fig3", "--set", "width=3,3,3"), 2, ("width", "3 entries")),
        (("run", "fig3", "--set", "optimizer=sgd"), 2, ("optimizer", "sgd", "gd")),
        (("run", "fig3", "--loss", "l3"), 2, ("loss", "even")),
        (("run", "fig3", "--set", "lr"), 2, ("key=value",)),
        (("run", "fig3", "--lr", "1e-3", "--set", "lr=1e-3"), 2, ("twice",)),
        (("run", "fig3", "--measure", "speed"), 2, ("speed", "sharpness")),
        (("run", "fig3", "--name", "a/b"), 2, ("a/b",)),
        (("run", "fig3", "--dataset", "iris"), 2, ("iris", "simulated")),
        (("run", "fig3", "--offline"), 3, ("overparam data fetch", "--data-dir", "--dataset simulated")),
        (("run", "fig3", "--dataset", "mine.csv"), 2, ("mine.csv",)),
        (("plot",), 5, ("nothing finished",)),
        (("plot", "fig3"), 5, ("no finished run of fig3", "overparam run fig3")),
        (("table", "fig3"), 5, ("no finished run of fig3",)),
        (("theory", "lemma4"), 2, ("lemma4", "lemma3")),
        (("verify", "lemma4"), 2, ("lemma4",)),
        (("data", "verify", "iris"), 2, ("iris",)),
        (("data", "verify", "simulated:seed=x"), 2, ("simulated:seed=x",)),
        (("data", "verify", "mine.csv"), 2, ("mine.csv", "a table of your own")),
        (("run",), 2, ("Missing argument", "overparam run --help")),
        (("run", "fig3", "--optimizer", "adam"), 2, ("it is a key of trials, given as --set optimizer=VALUE",)),
        (("show", "fig3", "--weight-decay=1"), 2, ("No such option", "--set weight_decay=VALUE")),
        (("run", "fig3", "--learning-rate", "1"), 2, ("No such option", "overparam run --help")),
        (("run", "fig3", "--threads", "0"), 2, ("--threads", "overparam run --help")),
        (("run", "fig3", "--checkpoint-seconds", "nan"), 2, ("--checkpoint-seconds", "finite")),
        (("bench", "--seconds", "nan"), 2, ("--seconds", "finite")),
        (("bench", "--model", "cnn", "--loss", "l4"), 2, ("--loss is for the linear engine",)),
        (("bench", "--model", "cnn", "--style", "paper"), 2, ("--style is for the linear engine",)),
        (("bench", "--model", "cnn", "--no-title"), 2, ("--no-title is for the linear engine",)),
        (("bench", "--model", "cnn", "--format", "pdf"), 2, ("--format is for the linear engine",)),
        (("run", "fig3", "--iterations", "1e30"), 2, ("iterations", "at most")),
        (("run", "fig3", "--seeds", "1e12"), 2, ("seeds", "at most 10,000")),
        (("run", "fig3", "--depth", "100000"), 2, ("depth", "at most 1,000")),
        (("run", "fig3", "--loss", "l4", "--set", "loss=l2"), 2, ("twice",)),
        (("plot", "fig3@quick"), 5, ("no finished run of fig3@quick", "overparam run fig3 and", "overparam status")),
        (("polt",), 2, ("no command", "overparam --help")),
        (("plot", LONG), 2, ("no name of a folder", "overparam status")),
        (("plot", "../elsewhere"), 2, ("no name of a folder",)),
        (("table", ".."), 2, ("no name of a folder",)),
        (("verify", "all@x/../../evil"), 2, ("no name of a folder",)),
        (("verify", f"all@{LONG}"), 2, ("no name of a folder",)),
        (("run", LONG), 2, ("no experiment",)),
        (("show", f"{LONG}.toml"), 2, ("no such file",)),
        (("status", "--results", LONG), 7, ("File name too long",)),
        (("run", "~nosuchuser/own.toml"), 2, ("no such user",)),
        (("run", "fig3", "--dataset", "~nosuchuser/own.csv"), 2, ("no such user",)),
        (("table", "--results", "~nosuchuser"), 2, ("no such user",)),
        (("data", "list", "--data-dir", "~nosuchuser"), 2, ("no such user",)),
        (("run", "fig3", "--threads", "2147483648"), 2, ("--threads", "1024")),
        (("run", "fig3", "--lr", "1e-3,,2"), 2, ("lr = '1e-3,,2'", "empty item")),
        (("run", "fig3", "--depth", "2,,3"), 2, ("depth", "empty item")),
        (("run", "fig3", "--loss", "l2,"), 2, ("loss = 'l2,'", "empty item")),
        (("run", "fig3", "--variant", "l2,,l4"), 2, ("variant", "empty item")),
        (("run", "fig3", "--lr", "1e39"), 2, ("lr = 1e+39", "float32", "float64")),
        (("run", "fig3", "--lr", "5e-324", "--dtype", "float64"), 2, ("5e-324", "counts as 0")),
        (("run", "fig3", "--set", "optimizer=adagrad", "--set", "initial_accumulator=1e39"), 2, ("beyond float32",)),
        (("run", "fig3", "--set", "init_std=1e-40"), 2, ("beyond float32",)),
    ],
)
def test_bad_input_is_one_line_and_a_documented_exit_code(
    here: Path, arguments: tuple[str, ...], code: int, words: tuple[str, ...]
) -> None:
    _, out, err = overparam(*arguments, check=code)
    assert out == ""
    lines = [line for line in err.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1
    assert (
        len(err.splitlines()) == 1 or code == 3
    )  # where data turns out to be missing, a line of progress stands above
    assert "Traceback" not in err
    for word in words:
        assert word in lines[0]


def test_no_picture_of_the_benchmark_is_of_other_timings(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither where another format is asked for the next time, nor where none can be drawn; the times are kept."""
    timings = [Timing("engine", "l4", trials, "1", 5.0, 5.0, 5.0, rounds=1) for trials in (1, 13)]
    monkeypatch.setattr(bench, "run", lambda *_, **__: (timings, []))
    made = here / "results" / "bench"
    for words, there in (
        (("--format", "svg", "--title", "What it costs"), {"bench.svg"}),
        (("--style", "paper"), {"bench.png"}),
        (("--size", "1"), set()),
    ):
        _, out, _ = overparam("bench", *words, check=None if there else 2)
        assert str(Path("results", "bench", "bench.csv")) in out
        assert {path.name for path in made.iterdir()} == {"bench.csv", "manifest.json", *there}
        if there == {"bench.svg"}:
            assert "What it costs" in (made / "bench.svg").read_text(encoding="utf-8")


def test_too_little_memory_is_one_line(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def allocate(*_: object, **__: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes")

    monkeypatch.setattr("overparam_cli.run.plan.plan", allocate)
    _, _, err = overparam("run", "fig3", check=1)
    assert err.startswith("error: there is not enough memory")
    assert len(err.splitlines()) == 1


def test_the_exit_codes_that_there_are() -> None:
    codes = {
        value.exit_code for value in vars(errors).values() if isinstance(value, type) and hasattr(value, "exit_code")
    }
    assert codes == {1, 2, 3, 4, 5, 6, 7, 8, 9, 130, 141}


def test_a_run_prints_a_table_and_json_that_agree(here: Path) -> None:
    arguments = ("fig3", "--smoke", "--loss", "l4", "--quiet")
    _, out, err = overparam("run", *arguments)
    assert err == ""
    name = next((here / "results").iterdir()).name
    _, table, _ = overparam("table", name)
    assert out == table
    _, text, _ = overparam("table", name, "--json")
    (summary,) = json.loads(text)
    assert summary["dataset"]["name"] == "simulated"
    assert "simulated data: not the paper's" in table
    for curve in summary["curves"]:
        assert curve["label"] in table


def test_status_names_the_finished_the_started_and_the_damaged(here: Path) -> None:
    overparam("run", "fig3", "--smoke", "--loss", "l4", "--quiet", "--name", "good")
    overparam("run", "fig3", "--smoke", "--loss", "l4", "--quiet", "--name", "bad")
    (here / "results" / "fig3@bad" / "l4" / "log.csv").write_text("nonsense\n")
    _, text, _ = overparam("status", "--json")
    states = {row["run"]: row["state"] for row in json.loads(text)}
    assert states == {"fig3@good/l4": "complete", "fig3@bad/l4": "damaged"}
    overparam("theory", "lemma3", "--quiet", "--no-figures")
    (here / "results" / "theory" / "lemma3" / "table.csv").unlink()
    assert "unfinished" in next(line for line in overparam("status")[1].splitlines() if "theory/lemma3" in line)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_an_encoding_without_greek_is_not_an_error(encoding: str) -> None:
    command = [sys.executable, "-m", "overparam_cli", "show", "fig3"]
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    done = subprocess.run(command, capture_output=True, timeout=60, check=True, env=environment)
    assert b"depth-3" in done.stdout
    assert done.stderr == b""


def test_the_version_is_the_packages(here: Path) -> None:
    from overparam_cli import __version__

    assert __version__ in overparam("--version")[1]
    assert main.__doc__
