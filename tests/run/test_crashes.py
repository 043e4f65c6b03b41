"""Killed, refused or interrupted at any change on disk, a command loses nothing and leaves nothing behind.

A quick part of it: a few places of some commands; `tools/torture.py` tries them all.
"""

from pathlib import Path

import pytest
from support.crashes import ACTIONS, Scene, Stage

from overparam_cli.run import backends
from tests.run.test_job import CONFIG

TINY = CONFIG.replace("iterations = 100", "iterations = 2").replace("[1e-3, 1e-2, 1e-1]", "[1e-3, 1e-2]")
CHECK = ("theory", "claim2", "--set", "depths=2", "--set", "features=2", "--name", "one", "-q")
EVERY = 17  # of a scene's changes


@pytest.fixture(autouse=True)
def _save_always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "ALONE_SECONDS", 0.0)


def scenes(folder: Path) -> dict[str, Scene]:
    (folder / "tiny.toml").write_text(TINY)
    run = ("run", str(folder / "tiny.toml"), "-q", "--checkpoint-seconds", "0")
    return {
        "run": Scene(run, (("table",),)),
        "more seeds": Scene((*run, "--seeds", "2"), (("table",),), before=(run,)),
        "theory": Scene((*CHECK, "--set", "seeds=1"), (("table",),), before=((*CHECK, "--set", "seeds=0"),)),
    }


@pytest.mark.parametrize("name", ["run", "more seeds", "theory"])
def test_nothing_is_lost_and_nothing_left(tmp_path: Path, name: str) -> None:
    stage = Stage(scenes(tmp_path)[name], tmp_path / "work")
    points = stage.points(tuple(ACTIONS))[5::EVERY]
    assert {point.action for point in points} > {"kill", "full"}
    assert [f"{stage.where(point)}: {fault}" for point in points for fault in stage.faults(point)] == []
