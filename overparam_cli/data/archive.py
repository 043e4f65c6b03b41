"""Zip archives: which files are in one and what they hold; whatever is not sound about one is said in one line."""

import lzma
import re
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from overparam_cli.errors import DataInvalidError

MOST_MEMBERS = 10_000
_ADDED = re.compile(r"(^|/)(__MACOSX/|\.DS_Store$|\._|Thumbs\.db$|desktop\.ini$)")  # by systems, not by people
_DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError),
    RuntimeError,  # an encrypted member, or (NotImplementedError) an unknown method
)


@dataclass(frozen=True)
class Member:
    """A file in an archive, which is read without being unpacked to a disk."""

    archive: Path
    path: str  # inside the archive
    size: int  # in bytes, as the archive says

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]

    @property
    def parent(self) -> Path:
        """The archive."""
        return self.archive

    def __str__(self) -> str:
        return f"{self.archive}/{self.path}"

    def read_bytes(self) -> bytes:
        """Its content, checked against the archive's checksum and size. Raises DataInvalidError."""
        try:
            with zipfile.ZipFile(self.archive) as content, content.open(self.path) as file:
                read = file.read(self.size)
                if len(read) != self.size or file.read(1):
                    raise zipfile.BadZipFile(f"{self.path!r} is not as long as it says")
                return read
        except _DAMAGED as error:
            raise unsound(self.archive, error) from None


def members(path: Path) -> list[Member]:
    """The files in an archive, in its order, without folders and what systems add.

    Raises DataInvalidError for one that is damaged, encrypted or packed by an unknown method, that holds a name twice,
    a name that leads out of it, or a link: a sound archive of data has none of it.
    """
    try:
        with zipfile.ZipFile(path) as content:
            infos = content.infolist()
    except _DAMAGED as error:
        raise unsound(path, error) from None
    if len(infos) > MOST_MEMBERS:
        raise unsound(path, f"it holds {len(infos):,} files")
    ((name, times),) = Counter(info.filename for info in infos).most_common(1) or [("", 1)]
    if times > 1:
        raise unsound(path, f"{name!r} is in it {times} times")
    for info in infos:
        if why := _fault(info):
            raise unsound(path, f"{info.filename!r} {why}")
    return [
        Member(path, info.filename, info.file_size)
        for info in infos
        if not info.is_dir() and not _ADDED.search(info.filename)
    ]


def inside(folders: Iterable[Path], wanted: Callable[[str], bool], most: int) -> tuple[list[Member], str]:
    """The members that are wanted, by their names, of the zip archives in some folders; and what is wrong with others.

    One of more than `most` bytes is none that is wanted.
    """
    found, faults = [], []
    for path in sorted(path for folder in dict.fromkeys(folders) for path in folder.glob("*.zip")):
        try:
            found += [member for member in members(path) if wanted(member.name) and member.size <= most]
        except DataInvalidError as error:
            faults.append(str(error))
    return found, "; ".join(faults)


def unsound(path: Path, why: object) -> DataInvalidError:
    """The error of an archive."""
    return DataInvalidError(f"{path.name} is no sound archive: {' '.join(str(why).split())}")


def _fault(info: zipfile.ZipInfo) -> str:
    """What is wrong with a member, in words; empty where nothing is."""
    parts = re.split(r"[/\\]", info.filename)
    if ".." in parts or not parts[0] or ":" in parts[0]:
        return "leads out of it"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "is a link"
    if info.flag_bits & 0x1:
        return "is encrypted: unpack it with its password first"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        return f"is packed by an unknown method ({info.compress_type})"
    return ""
