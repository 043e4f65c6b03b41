"""Signals: some end a command wherever it is, some only make it save; and a job that fails does not stop the others."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from overparam_cli import data
from overparam_cli.cli.main import cli
from overparam_cli.cli.several import Several, SomeFailed
from overparam_cli.errors import DataUnavailableError, LogError, OverparamError, RunInterrupted
from overparam_cli.kinds.linear import unit as linear
from overparam_cli.report.status import folder_status
from overparam_cli.results import schema, underway
from overparam_cli.results.lock import locked
from overparam_cli.results.run import Run
from overparam_cli.run import backends
from overparam_cli.run.folder import RunFolder
from overparam_cli.run.job import run_job
from overparam_cli.run.plan import Job, plan
from overparam_cli.run.progress import Silent, Status
from overparam_cli.run.settings import Settings
from overparam_cli.run.stop import stop_requests
from tests.run.test_job import CONFIG, Recorder, csvs

RARELY = Settings(checkpoint_seconds=1e6)


@pytest.fixture(autouse=True)
def _look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "ALONE_SECONDS", 0.0)


@pytest.fixture(autouse=True)
def _at_a_terminal() -> Iterator[None]:
    """Whoever started the tests may ignore SIGHUP, as `nohup` does."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


def configs(folder: Path, *names: str, **changes: str) -> list[str]:
    for name in names:
        text = CONFIG.replace('"tiny"', f'"{name}"').replace("iterations = 100", "iterations = 40")
        (folder / f"{name}.toml").write_text(text.replace('"simulated"', f'"{changes.get(name, "simulated")}"'))
    return [str(folder / f"{name}.toml") for name in names]


def job(tmp_path: Path, results: str = "results") -> Job:
    (found,) = plan(configs(tmp_path, "tiny"), {}, results=tmp_path / results)
    return found


def overparam(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


class Send(Recorder):
    """Sends this process a signal at the n-th look."""

    def __init__(self, signum: int, look: int) -> None:
        super().__init__()
        self.signum, self.look = signum, look

    def update(self, status: Status) -> None:
        super().update(status)
        if len(self.updates) == self.look:
            os.kill(os.getpid(), self.signum)


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_some_signals_end_a_run_with_its_checkpoint_saved(tmp_path: Path, signum: int) -> None:
    whole, task = job(tmp_path, "whole"), job(tmp_path)
    run_job(whole, RARELY, Silent())
    with pytest.raises(RunInterrupted, match=r"of tiny/l2; the checkpoint is saved: run the same command again"):
        run_job(task, RARELY, Send(signum, 7))
    stands = underway.read(task.folder)
    assert stands is not None
    run_job(task, RARELY, recorder := Recorder())
    assert f"going on from iteration {stands.resumed:,}" in recorder.messages[0]
    assert csvs(task.folder) == csvs(whole.folder)
    assert underway.read(task.folder) is None
    assert not (task.folder / schema.UNDERWAY).exists()


def test_whoever_ends_a_run_and_whoever_looks_on_are_told_where_it_goes_on(tmp_path: Path) -> None:
    task = job(tmp_path)
    with pytest.raises(RunInterrupted) as told:
        run_job(task, RARELY, Send(signal.SIGINT, 7))
    stands = underway.read(task.folder)
    assert stands is not None
    assert 0 < stands.iteration < stands.iterations == 40
    assert str(told.value).endswith(f"run the same command again to go on from iteration {stands.resumed:,}")
    row = folder_status(task.folder)
    assert (row.state, row.trials) == ("unfinished", 0)
    percent = round(100 * stands.iteration / stands.iterations)
    where = f"{percent}% done: the same run command goes on at iteration {stands.resumed:,}, from the checkpoint"
    assert row.note.endswith(where)
    with locked(task.folder):
        row = folder_status(task.folder)
    assert row.state == "running"
    assert re.search(rf"; {percent}% of 40 iterations, [\d,]+ a second, about .* left \(.* ago\)$", row.note)
    (task.folder / schema.UNDERWAY).write_text("{")  # nothing depends on it
    assert folder_status(task.folder).note.endswith("; the same run command goes on from the checkpoint")


@pytest.mark.parametrize("signum", [signal.SIGUSR1, signal.SIGUSR2])
def test_others_save_the_checkpoint_say_so_and_go_on(tmp_path: Path, signum: int) -> None:
    whole, task = job(tmp_path, "whole"), job(tmp_path)
    run_job(whole, RARELY, Silent())
    run_job(task, RARELY, send := Send(signum, 7))
    (message,) = send.messages
    assert message.startswith(f"{signal.Signals(signum).name} at iteration ")
    assert message.endswith("of tiny/l2: the checkpoint is saved, the run goes on")
    assert csvs(task.folder) == csvs(whole.folder)


def test_a_run_that_was_started_to_outlive_its_terminal_does(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        run_job(task := job(tmp_path), RARELY, Send(signal.SIGHUP, 3))
    finally:
        signal.signal(signal.SIGHUP, before)
    assert len(Run.read(task.folder).trials) == 6


def test_signals_mean_afterwards_what_they_meant_before() -> None:
    names = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2]
    before = [signal.getsignal(name) for name in names]
    with stop_requests():
        assert [signal.getsignal(name) for name in names] != before
    assert [signal.getsignal(name) for name in names] == before


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("moment", ["commit", "write_manifest"])
def test_a_stop_holds_for_all_jobs_of_a_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, signum: int, moment: str
) -> None:
    names, plain = configs(tmp_path, "one", "two"), getattr(RunFolder, moment)

    def asked(self: RunFolder, *content: Any) -> Any:
        os.kill(os.getpid(), signum)
        return plain(self, *content)

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, moment, asked)
        result = overparam("run", *names, "--no-reuse", "--results", str(tmp_path))
    assert isinstance(result.exception, RunInterrupted)
    assert result.exception.exit_code == 130
    assert "run the same command again" in str(result.exception)
    assert not (tmp_path / "two").exists()
    assert (tmp_path / "one" / "l2" / schema.TRIALS).exists() == (moment == "commit")
    assert overparam("run", *names, "--no-reuse", "--results", str(tmp_path)).exit_code == 0
    assert len(Run.read(tmp_path / "two" / "l2").trials) == 6


def test_a_stop_before_anything_is_trained_is_answered_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def loading(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        pytest.fail("it goes on")

    monkeypatch.setattr("overparam_cli.kinds.linear.problem.load", loading)
    task = job(tmp_path)
    with pytest.raises(RunInterrupted, match="run the same command again"):
        run_job(task, Settings(), Silent())
    assert not (tmp_path / "results").exists()


def test_a_second_interrupt_ends_a_run_at_once(tmp_path: Path) -> None:
    class Twice(Silent):
        def update(self, status: Status) -> None:
            for _ in range(2):
                os.kill(os.getpid(), signal.SIGINT)
            pytest.fail("it goes on")

    with pytest.raises(RunInterrupted):
        run_job(task := job(tmp_path), RARELY, Twice())
    run_job(task, RARELY, Silent())
    assert len(Run.read(task.folder).trials) == 6


def test_a_job_without_its_data_does_not_stop_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names, asked = configs(tmp_path, "away", "gone", "here", away="ethanol", gone="ethanol"), list[str]()

    def counted(name: str, **settings: Any) -> Any:
        asked.append(name)
        return data.load(name, **settings)

    monkeypatch.setattr("overparam_cli.kinds.linear.problem.load", counted)
    result = overparam("run", *names, "--offline", "--results", str(tmp_path / "results"))
    assert isinstance(result.exception, OverparamError)
    assert result.exception.exit_code == DataUnavailableError.exit_code
    assert str(result.exception).startswith("2 of 3 failed: away/l2, gone/l2: ")
    assert "\n" not in str(result.exception)
    assert sorted(asked) == ["ethanol", "simulated"]  # what is not to be had is asked for once
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["here"]
    assert len(Run.read(tmp_path / "results" / "here" / "l2").trials) == 6
    assert "here/l2" in result.stdout
    assert "overparam plot here" in result.stderr


def test_the_exit_code_is_that_of_the_first_failure(tmp_path: Path) -> None:
    names, results = configs(tmp_path, "away", "broken", "here", away="ethanol"), tmp_path / "results"
    (results / "broken" / "l2").mkdir(parents=True)
    (results / "broken" / "l2" / schema.TRIALS).write_text("nonsense")
    result = overparam("run", *names, "--offline", "-q", "--results", str(results))
    first = {"away": DataUnavailableError, "broken": LogError}[str(result.exception).split()[4].partition("/")[0]]
    assert isinstance(result.exception, OverparamError)
    assert result.exception.exit_code == first.exit_code
    assert all(name in str(result.exception) for name in ("away/l2", "broken/l2"))
    assert len(Run.read(results / "here" / "l2").trials) == 6


def test_of_many_failures_the_last_line_names_a_few() -> None:
    def fail() -> None:
        raise DataUnavailableError("no data")

    several = Several(200, (said := list[str]()).append)
    for place in range(200):
        several.attempt(f"run {place}", fail)
    with pytest.raises(SomeFailed) as found:
        several.check()
    assert str(found.value) == "200 of 200 failed: run 0, run 1, run 2, run 3, run 4 and 195 more: no data"
    assert len(said) == 200


def test_the_only_job_of_a_command_fails_in_its_own_words(tmp_path: Path) -> None:
    result = overparam("run", *configs(tmp_path, "away", away="ethanol"), "--offline", "--results", str(tmp_path / "r"))
    assert isinstance(result.exception, DataUnavailableError)
    assert "failed" not in str(result.exception)
    assert not (tmp_path / "r").exists()


def test_a_fault_of_our_own_is_not_hidden_among_failures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(*_: object, **__: object) -> None:
        raise RuntimeError("a tensor of the wrong shape")

    monkeypatch.setattr(linear, "Engine", faulty)
    result = overparam("run", *configs(tmp_path, "one", "two"), "--results", str(tmp_path))
    assert isinstance(result.exception, RuntimeError)


def test_a_check_without_its_data_does_not_stop_the_others(tmp_path: Path) -> None:
    arguments = ["claim2", "theorem2", "claim1", "--set", "seeds=0", "--no-figures", "--offline"]
    result = overparam("theory", *arguments, "--results", str(tmp_path), "--name", "few")
    assert isinstance(result.exception, OverparamError)
    assert str(result.exception).startswith("1 of 3 failed: theory@few/theorem2: ")
    assert result.exception.exit_code == DataUnavailableError.exit_code
    assert {path.name for path in (tmp_path / "theory@few").iterdir()} == {"claim1", "claim2"}
    assert "claim1" in result.stdout
