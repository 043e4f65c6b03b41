"""Paths and names of folders as users type them."""

import errno
import os
import stat
from pathlib import Path

from overparam_cli.errors import ConfigError

LONGEST = 200  # bytes: most file systems take 255, and we put something before and behind a name
# What systems say where nothing is, or can be.
NOTHING = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL)


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


def exists(path: Path) -> bool:
    """Whether there is such a file or folder; nothing has a name that no system takes.

    Raises OSError where the system does not say, as in a folder that may not be read. Python's own methods do so up to
    3.13, and answer no from 3.14 on.
    """
    return _mode(path) is not None


def is_file(path: Path) -> bool:
    """Whether it exists, and is a file."""
    return stat.S_ISREG(_mode(path) or 0)


def is_folder(path: Path) -> bool:
    """Whether it exists, and is a folder."""
    return stat.S_ISDIR(_mode(path) or 0)


def _mode(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except ValueError:  # a NUL, or what no file name can be written with
        return None
    except OSError as error:
        if error.errno in NOTHING:
            return None
        raise


def _bytes(name: str) -> int:
    return len(os.fsencode(name))
