"""Changes on disk: in one step, asked again where they are refused for a moment, and nothing is left behind."""

import errno
import os
import threading
from pathlib import Path

import pytest

from overparam_cli import disk
from overparam_cli.errors import BusyError, StorageError
from overparam_cli.results import lock
from overparam_cli.results.lock import is_running, locked

LEFT = ".figure.png.a1_b2c3d"


def put(text: bytes) -> object:
    return lambda file: file.write(text)


@pytest.mark.parametrize("refusal", sorted(disk.REFUSALS))
def test_a_replace_that_is_refused_for_a_moment_is_made_after_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: int
) -> None:
    refused, rename = iter([True, True, False]), os.replace

    def busy(*names: object) -> None:
        if next(refused):
            raise OSError(refusal, os.strerror(refusal))
        rename(*names)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "replace", busy)
    disk.replace(tmp_path / "table.csv", put(b"new"))
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"new"]


def test_a_replace_that_stays_refused_fails_in_one_line_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "table.csv").write_bytes(b"old")

    def busy(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(disk, "PATIENCE", 0.1)
        patch.setattr(os, "replace", busy)
        with pytest.raises(StorageError, match=r"table\.csv: Permission denied; .* make it writable"):
            disk.replace(tmp_path / "table.csv", put(b"new"))
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


def test_what_dead_writers_left_is_swept_away_whatever_is_written_next(tmp_path: Path) -> None:
    for name in (LEFT, ".table.csv.________", ".checkpoint.pt.12345678"):
        (tmp_path / name).write_bytes(b"half")
    mine = {".notes", ".figure.png", "figure.png.a1_b2c3d", ".lock"}
    for name in mine:
        (tmp_path / name).write_bytes(b"mine")
    disk.replace(tmp_path / "manifest.json", put(b"{}"))
    assert {path.name for path in tmp_path.iterdir()} == {*mine, "manifest.json"}


def test_what_another_is_writing_is_left_alone(tmp_path: Path) -> None:
    started, other_is_done, names = threading.Event(), threading.Event(), list[set[str]]()

    def slowly(file: object) -> None:
        started.set()
        assert other_is_done.wait(10)
        put(b"slow")(file)  # type: ignore[operator]

    slow = threading.Thread(target=disk.replace, args=(tmp_path / "table.csv", slowly))
    slow.start()
    assert started.wait(10)
    disk.replace(tmp_path / "table.csv", put(b"fast"))
    names.append({path.name[:11] for path in tmp_path.iterdir()})
    other_is_done.set()
    slow.join()
    assert names == [{"table.csv", ".table.csv."}]
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"slow"]


def test_one_whose_file_was_swept_away_writes_it_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a file system knows no locks."""
    lost, rename = iter([True, False]), os.replace

    def swept(old: str, new: str) -> None:
        if next(lost):
            Path(old).unlink()
        rename(old, new)

    monkeypatch.setattr(os, "replace", swept)
    disk.replace(tmp_path / "table.csv", put(b"new"))
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"new"]


def test_a_failed_run_leaves_no_empty_folder(tmp_path: Path) -> None:
    for folder in (tmp_path / "results" / "fig3" / "l2", tmp_path / "old"):
        with pytest.raises(RuntimeError), locked(folder):
            raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_a_failed_run_keeps_what_others_have_made(tmp_path: Path) -> None:
    (tmp_path / "fig3").mkdir()
    (tmp_path / "fig3" / "figure.png").write_bytes(b"mine")
    with pytest.raises(RuntimeError), locked(tmp_path / "fig3" / "l2"):
        raise RuntimeError
    assert [path.name for path in tmp_path.rglob("*")] == ["fig3", "figure.png"]


def test_a_folder_is_running_while_it_is_locked(tmp_path: Path) -> None:
    assert not is_running(tmp_path)
    with locked(tmp_path):
        (tmp_path / "trials.csv").write_text("")
        assert is_running(tmp_path)
    assert not is_running(tmp_path)


def test_the_second_of_two_runs_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "PATIENCE", 0.1)
    with locked(tmp_path), pytest.raises(BusyError, match="another run is writing"), locked(tmp_path):
        pass


def test_asking_who_runs_never_stops_a_run(tmp_path: Path) -> None:
    """A hundred runs while somebody asks all the time, and says so of none when there is none."""
    (tmp_path / "trials.csv").write_text("")
    over, busy = threading.Event(), list[bool]()

    def ask() -> None:
        while not over.is_set():
            busy.append(is_running(tmp_path))

    askers = [threading.Thread(target=ask) for _ in range(2)]
    for asker in askers:
        asker.start()
    try:
        for _ in range(100):
            with locked(tmp_path):
                pass
    finally:
        over.set()
        for asker in askers:
            asker.join()
    assert not is_running(tmp_path)
    assert len(busy) > 100
