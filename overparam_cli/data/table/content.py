"""What is in a table's file: its bytes, unpacked with a bound, and which format they are in, whatever its name says."""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from overparam_cli.data import archive
from overparam_cli.errors import DataInvalidError
from overparam_cli.memory import total
from overparam_cli.paths import is_file
from overparam_cli.words import count, size

GIB = 2**30
MOST_READ = 1024 * GIB  # where the system does not say what it has
MOST_UNPACKED = GIB  # what a small archive may grow to
COPIES = 6  # of a text that reading it keeps in memory at once

PARQUET, FEATHER, TEXT = "Parquet", "Feather", "text"
_FORMATS = {b"PAR1": PARQUET, b"ARROW1": FEATHER, b"FEA1": FEATHER}
_PACKED: dict[bytes, Callable[[IO[bytes]], Any]] = {
    b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file),
    b"\xfd7zXZ\x00": lzma.LZMAFile,
    b"BZh": bz2.BZ2File,
}
_OTHERS = {  # what people take for tables too, and what to do with it
    b"\xd0\xcf\x11\xe0": "is a spreadsheet (XLS): save it as CSV",
    b"\x28\xb5\x2f\xfd": "is packed with Zstandard: unpack it first",
    b"7z\xbc\xaf": "is a 7z archive: unpack it first",
    b"Rar!": "is a RAR archive: unpack it first",
    b"%PDF": "is a PDF: save the table as CSV",
    b"\x89HDF": "is HDF5: save it as CSV or Parquet",
    b"\x93NUMPY": "is a NumPy array: save it as CSV or Parquet",
    b"SQLite": "is a database: save the table as CSV",
    b"{": "is JSON: save it as CSV",
}
_DAMAGED = (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError, OSError, ValueError)


def read(path: Path) -> tuple[bytes, str]:
    """The content of a table's file, unpacked, and its format: PARQUET, FEATHER or TEXT.

    Raises DataInvalidError for what is not there, damaged, too large, or no table.
    """
    if not is_file(path):
        raise DataInvalidError(f"table {path} does not exist: check the path")
    limit = int(min(total(), MOST_READ) // COPIES)
    if path.stat().st_size > limit:
        raise _too_large(path.name, limit)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataInvalidError(f"table {path} cannot be read: {error.strerror or error}") from None
    content = _unpacked(path, content, min(limit, MOST_UNPACKED))
    for magic, name in _FORMATS.items():
        if content.startswith(magic):
            return content, name
    if path.suffix.lower() in (".parquet", ".feather"):
        raise DataInvalidError(
            f"table {path.name} cannot be read as {path.suffix[1:].title()}: it does not begin as one"
        )
    start = content[:100].lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        raise DataInvalidError(f"table {path.name} is a web page or XML: was a login page saved in its place?")
    for magic, why in _OTHERS.items():
        if content.startswith(magic):
            raise DataInvalidError(f"table {path.name} {why}")
    return content, TEXT


def _unpacked(path: Path, content: bytes, limit: int) -> bytes:
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")) or path.suffix.lower() == ".zip":
        return _from_zip(path, limit)
    for magic, opened in _PACKED.items():
        if content.startswith(magic):
            try:
                with opened(io.BytesIO(content)) as file:
                    unpacked = bytes(file.read(limit + 1))
            except _DAMAGED as error:
                raise DataInvalidError(f"table {path.name} cannot be unpacked, it is damaged: {error}") from None
            if len(unpacked) > limit:
                raise _too_large(path.name, limit)
            return unpacked
    return content


def _from_zip(path: Path, limit: int) -> bytes:
    """The only file in a zip archive, but for what systems add to one."""
    members = archive.members(path)
    if any(member.name in ("[Content_Types].xml", "mimetype") for member in members):
        raise DataInvalidError(f"table {path.name} is a spreadsheet: save it as CSV")
    if len(members) != 1:
        shown = ", ".join(repr(member.name) for member in members[:5])
        holds = f"table {path.name} holds {count(len(members), 'file')} ({shown})"
        raise DataInvalidError(f"{holds}: unpack it, and name the one that is meant")
    if members[0].size > limit:
        raise _too_large(path.name, limit)
    return members[0].read_bytes()


def _too_large(name: str, limit: int) -> DataInvalidError:
    return DataInvalidError(
        f"table {name} holds more than {size(limit)}, which is not read: choose rows or columns, or unpack it first"
    )
