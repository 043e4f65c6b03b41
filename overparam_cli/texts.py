"""Text files as other systems' editors, spreadsheets and file systems leave them."""

import codecs
import re

ENCODINGS = (  # by the mark at a file's beginning; the longer first, because one begins another
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
PACKED = {b"\x1f\x8b": "gzip", b"PK\x03\x04": "zip", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"\x28\xb5\x2f\xfd": "zstd"}

CLOSED = re.compile(r'"[^"]*"|\'[^\']*\'|#.*')  # what may hold any letter in a TOML file


def normal(data: bytes) -> bytes:
    r"""The same text as UTF-8 without a mark, its lines ended by \n whatever ends them.

    Raises ValueError that says what a file is where it is no text: packed, in no encoding that can be told, or blanked
    by a loss of power.
    """
    for magic, what in PACKED.items():
        if data.startswith(magic):
            raise ValueError(f"it is packed ({what}): unpack it first")
    for mark, encoding in ENCODINGS:
        if data.startswith(mark):
            data = _decoded(data.removeprefix(mark), encoding).encode()
            break
    if b"\0" in data:
        raise ValueError(f"it holds NUL bytes from byte {data.index(0):,} on, as after a loss of power")
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data


def read(data: bytes) -> str:
    """A text file's content; raises ValueError as `normal`."""
    return _decoded(normal(data), "utf-8")


def foreign(text: str) -> str:
    """A hint at letters of word processors that programs do not take for theirs; "" where there are none."""
    found = {
        "\u00a0": "a non-breaking space",
        "\u200b": "an invisible space",
        **dict.fromkeys("“”„‘’", "a curly quote"),
    }
    for number, line in enumerate(text.split("\n"), start=1):
        for letter, what in found.items():
            if letter in CLOSED.sub("", line):
                return f"; line {number} holds {what}"
    return ""


def _decoded(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not {encoding.upper()} text from byte {error.start:,} on: save it as UTF-8") from None
