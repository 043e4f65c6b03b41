"""`tools/torture.py` can fail: faults put into the program on purpose, each of which its cases must report."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.crashes import Scene, Stage
from support.damage_results import SILENT, make_results, outcomes
from support.forked import Outcome
from support.torment import judged
from support.torment_kills import _wrong

from overparam_cli import disk
from overparam_cli.errors import StorageError
from overparam_cli.results import digests

CHECK = ("theory", "claim2", "--set", "depths=2", "--set", "features=2", "--name", "one", "-q", "--no-figures")
SCENE = Scene((*CHECK, "--set", "seeds=1"), (("table",),), (CHECK,), whole=False)
Patch = pytest.MonkeyPatch


def written_in_place(patch: Patch) -> None:
    """No file beside, no rename."""

    def replace(path: Path, write: Callable[[Any], object], **_: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())

    patch.setattr(disk, "replace", replace)


def never_flushed(patch: Patch) -> None:
    """A file is renamed before it has reached the disk; the child's hook, which is put in last, sees no flush."""
    own = disk._write_beside

    def write_beside(path: Path, write: Callable[[Any], object]) -> Path:
        flush, os.fsync = os.fsync, lambda _: None
        try:
            return own(path, write)
        finally:
            os.fsync = flush

    patch.setattr(disk, "_write_beside", write_beside)


def never_swept(patch: Patch) -> None:
    """What a killed writer has left stays."""
    patch.setattr(disk, "sweep", lambda _: None)


def wrong_code(patch: Patch) -> None:
    """A full disk ends in another code than the documented one."""
    patch.setattr(StorageError, "exit_code", 9)


def traceback(patch: Patch) -> None:
    """What the system refuses is no error of ours."""

    def raised(_: Path, error: OSError, *__: str) -> Exception:
        return RuntimeError(f"a fault of our own: {error}")

    patch.setattr(disk, "refused", raised)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """The scene, played without a fault."""
    return Stage(SCENE, tmp_path_factory.mktemp("stage"))


@pytest.mark.parametrize(
    ("fault", "action", "found"),
    [
        (written_in_place, "half", "takes it for damaged"),
        (never_flushed, "half", "takes it for damaged"),
        (never_swept, "kill", "is left behind in the end"),
        (wrong_code, "full", "it exits with 9"),
        (traceback, "refuse", "Traceback"),
    ],
)
def test_a_fault_is_found_at_some_crash_point(
    fault: Callable[[Patch], None], action: str, found: str, stage: Stage, tmp_path: Path
) -> None:
    assert not any(stage.faults(point) for point in stage.points((action,))[::9])  # without it nothing is
    with pytest.MonkeyPatch.context() as patch:
        fault(patch)
        faulty = Stage(SCENE, tmp_path)
        assert any(found in said for point in faulty.points((action,)) for said in faulty.faults(point))


def test_a_change_by_hand_that_nobody_looks_for_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = make_results(tmp_path)
    monkeypatch.setattr(digests, "changed", lambda *_: ())
    assert any(one.kind == SILENT for one in outcomes(whole, 60, 0))


@pytest.mark.parametrize(
    ("code", "said", "found"),
    [
        (-signal.SIGABRT, "terminate called", "exit code -6: terminate called"),
        (1, "error: no", "exit code 1"),
        (130, "Traceback (most recent call last):\n  …\nValueError: no", "traceback: ValueError: no"),
        (130, "interrupted", ""),
        (-signal.SIGKILL, "", ""),
    ],
)
def test_how_a_killed_process_may_not_end(code: int, said: str, found: str) -> None:
    assert _wrong(code, said).startswith(found)
    assert bool(_wrong(code, said)) == bool(found)


@pytest.mark.parametrize(
    ("code", "err", "failed"),
    [
        (5, "error: damaged", False),
        (5, "", True),
        (5, "error: damaged\nerror: again", True),
        (70, "error: odd", True),
        (-signal.SIGALRM, "", True),
        (0, "Traceback (most recent call last)", True),
    ],
)
def test_how_a_damaged_input_may_not_end(code: int, err: str, failed: bool) -> None:
    outcome = Outcome(code, "", err, ("table",))
    assert judged("scene", outcome, "how").failed == failed
    assert judged("scene", outcome, "how", wrong="it prints something else").failed
