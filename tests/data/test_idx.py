"""The IDX parser: every array comes back, and every way to damage a file is refused by the file's name."""

import gzip
import struct
import zlib
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from support.local_server import idx

from overparam_cli.data.mnist.idx import parse
from overparam_cli.errors import DataInvalidError

LABELS = struct.pack(">II", 0x801, 4) + bytes([5, 0, 4, 1])

bytes_of_any_shape = st.integers(1, 3).flatmap(
    lambda rank: arrays.arrays(np.uint8, arrays.array_shapes(min_dims=rank, max_dims=rank, min_side=0, max_side=9))
)


@given(bytes_of_any_shape)
def test_round_trip(array):
    read = parse(idx(array), array.ndim, "x.gz")
    np.testing.assert_array_equal(read, array)
    assert read.dtype == np.uint8
    assert read.shape == array.shape
    assert read.flags.writeable  # torch warns of arrays that are not


def test_bytes_as_the_format_has_them():
    assert parse(LABELS, 1, "x").tolist() == [5, 0, 4, 1]
    assert parse(gzip.compress(LABELS), 1, "x.gz").tolist() == [5, 0, 4, 1]
    image = struct.pack(">IIII", 0x803, 1, 2, 3) + bytes(range(6))
    assert parse(gzip.compress(image), 3, "x.gz").tolist() == [[[0, 1, 2], [3, 4, 5]]]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no sound gzip file|its header alone"),
        (b"<html>moved</html>", "no sound gzip file"),
        (gzip.compress(LABELS)[:-9], "cut short"),
        (gzip.compress(LABELS)[:5], "no sound gzip file|cut short"),
        (gzip.compress(LABELS)[:-8] + b"\0" * 8, r"no sound gzip file \(CRC"),
        (gzip.compress(LABELS) + b"more", "no sound gzip file"),
        (gzip.compress(LABELS[:6]), "it holds 6 bytes, and its header alone has 8"),
        (gzip.compress(b"\0\0\x08\x03" + LABELS[4:]), "it begins with 0x00000803, not with 0x00000801"),
        (gzip.compress(b"\0\0\x0d\x01" + LABELS[4:]), "it begins with 0x00000d01, not with 0x00000801"),
        (gzip.compress(b"\x01\x08\0\0" + LABELS[4:]), "it begins with 0x01080000"),
        (gzip.compress(LABELS[:-1]), "its header says 4 bytes, and 3 follow"),
        (gzip.compress(LABELS + b"\0"), "its header says 4 bytes, and 5 follow"),
        (gzip.compress(LABELS[:4] + b"\xff" * 4 + LABELS[8:]), "its header says 4294967295 bytes, and 4 follow"),
    ],
    ids=[
        *("empty", "html", "cut", "cut-early", "checksum", "garbage-after-gzip"),
        *("no-header", "images-for-labels", "floats", "little-endian", "too-few", "too-many", "huge"),
    ],
)
def test_a_damaged_file_is_refused_by_its_name(content, why):
    with pytest.raises(DataInvalidError, match=rf"^labels\.gz is damaged: .*({why})") as caught:
        parse(content, 1, "labels.gz")
    message = str(caught.value)
    assert "overparam data fetch mnist" in message
    assert "\n" not in message


@pytest.mark.parametrize("said", [4, 2**26, 2**32 - 1])
def test_a_bomb_is_not_unpacked(said):
    """4 GB in 4 MB: no more than 64 MB of it are made, whatever its header says."""
    packer = zlib.compressobj(9, wbits=31)
    bomb = packer.compress(struct.pack(">II", 0x801, said)) + packer.compress(bytes(2**20))
    bomb += b"".join(packer.compress(bytes(2**24)) for _ in range(8)) + packer.flush()
    with pytest.raises(DataInvalidError, match=r"labels\.gz is damaged: it unpacks to more than 67\.1 MB"):
        parse(bomb, 1, "labels.gz")


@given(st.binary(max_size=80), st.integers(1, 3))
def test_any_content_is_read_or_refused(content, dimensions):
    for packed in (content, gzip.compress(content), b"\x1f\x8b" + content, gzip.compress(LABELS) + content):
        with suppress(DataInvalidError):
            assert parse(packed, dimensions, "x.gz").ndim == dimensions


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_no_changed_byte_passes_for_the_same_labels(place, change):
    """One byte of the compressed file changed: refused, or, in gzip's own header, of no consequence."""
    whole = bytearray(gzip.compress(LABELS, mtime=0))
    whole[place % len(whole)] ^= change
    with suppress(DataInvalidError):
        assert parse(bytes(whole), 1, "x.gz").tolist() == [5, 0, 4, 1]
