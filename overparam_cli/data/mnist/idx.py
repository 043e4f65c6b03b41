"""The IDX format of MNIST's files: a header of big-endian 32-bit numbers, then one unsigned byte per entry.

Source: https://yann.lecun.com/exdb/mnist/. The first number is 0x08RR (0x08: unsigned bytes; RR: the number of
dimensions), then comes the length of each dimension, the last varying fastest. The files are served
compressed with gzip; many people have them unpacked.
"""

import gzip
import io
import math
import struct
import zlib

import numpy as np

from overparam_cli.data.images import Pixels
from overparam_cli.errors import DataInvalidError
from overparam_cli.words import size

UNSIGNED_BYTES = 0x0800
MOST_BYTES = 2**26  # of an unpacked file; the largest has 47 MB


def parse(content: bytes, dimensions: int, name: str) -> Pixels:
    """The array in an IDX file of unsigned bytes with so many dimensions, gzipped or not; `name` is for messages.

    Raises DataInvalidError naming the file where it is neither, is cut short, has another header, or more or fewer
    entries than its header says, or unpacks to more than MOST_BYTES.
    """
    raw = unpacked(content, name)
    start = 4 * (1 + dimensions)
    if len(raw) < start:
        raise _damaged(name, f"it holds {len(raw)} bytes, and its header alone has {start}")
    magic, *shape = struct.unpack_from(f">{1 + dimensions}I", raw)
    if magic != UNSIGNED_BYTES + dimensions:
        raise _damaged(name, f"it begins with 0x{magic:08x}, not with 0x{UNSIGNED_BYTES + dimensions:08x}")
    if len(raw) - start != math.prod(shape):
        size = " × ".join(map(str, shape))
        raise _damaged(name, f"its header says {size} bytes, and {len(raw) - start} follow")
    return np.frombuffer(bytearray(raw), np.uint8, offset=start).reshape(shape)  # a copy, so that it may be written to


def unpacked(content: bytes, name: str) -> bytes:
    """What is in an IDX file, without gzip; no more than MOST_BYTES are ever unpacked. Raises DataInvalidError."""
    if content.startswith(b"\0\0"):
        return content
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            raw = file.read(MOST_BYTES + 1)
    except EOFError:
        raise _damaged(name, "its compressed content is cut short") from None
    except (gzip.BadGzipFile, zlib.error, struct.error) as error:
        raise _damaged(name, f"it is no sound gzip file ({error})") from None
    if len(raw) > MOST_BYTES:
        raise _damaged(name, f"it unpacks to more than {size(MOST_BYTES)}")
    return raw


def _damaged(name: str, why: str) -> DataInvalidError:
    return DataInvalidError(
        f"{name} is damaged: {why}; fetch it again with 'overparam data fetch mnist', "
        "or point to a sound copy with --data-dir or OVERPARAM_DATA"
    )
