"""What is there, whatever Python's version says of what cannot be seen."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from overparam_cli import paths

ASK = (paths.exists, paths.is_file, paths.is_folder)


def test_files_folders_and_links_to_them(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    for name in ("file", "folder"):
        (tmp_path / f"link to {name}").symlink_to(tmp_path / name)
        assert [ask(tmp_path / name) for ask in ASK] == [True, name == "file", name == "folder"]
        assert [ask(tmp_path / f"link to {name}") for ask in ASK] == [True, name == "file", name == "folder"]


@pytest.mark.parametrize("name", ["away", "file/below", "a" * 300, "nul\0", "\udc80\ud800", "circle", "nowhere"])
@pytest.mark.parametrize("ask", ASK)
def test_nothing_is_there(tmp_path: Path, name: str, ask: Any) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    (tmp_path / "nowhere").symlink_to(tmp_path / "away")
    assert not ask(tmp_path / name)


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.ESTALE])
@pytest.mark.parametrize("ask", ASK)
def test_what_cannot_be_seen_is_no_answer(monkeypatch: pytest.MonkeyPatch, number: int, ask: Any) -> None:
    def refuse(*_: Any, **__: Any) -> os.stat_result:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "stat", refuse)
    with pytest.raises(OSError, match=os.strerror(number)):
        ask(Path("anything"))
