"""Paths and names of folders as users type them."""

import os
from pathlib import Path

from overparam_cli.errors import ConfigError

LONGEST = 200  # bytes: most file systems take 255, and we put something before and behind a name


def at_home(path: str | Path) -> Path:
    """A path with the home folder in the place of `~`; ConfigError where there is no such user."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise ConfigError(f"{str(path)!r}: there is no such user, or no home folder: write the whole path") from None


def folder_name(name: str) -> str:
    """The name, if it is that of one folder: what is read and written under it stands below the results folder."""
    if name in ("", ".", "..") or any(character in name for character in "/\\\0") or _bytes(name) > LONGEST:
        raise ConfigError(
            f"{name!r} is no name of a folder below --results, which has no slashes and at most {LONGEST} letters: "
            "see overparam status"
        )
    return name


def is_file(path: Path) -> bool:
    """Whether there is such a file; there is none of a name that no system takes."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _bytes(name: str) -> int:
    return len(os.fsencode(name))
