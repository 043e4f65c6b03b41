"""Zip archives: what is in a sound one is read as it is; whatever is not sound about one is one line."""

import io
import stat
import struct
import zipfile

import pytest

from overparam_cli.data import archive, load
from overparam_cli.data.cache import RemoteFile
from overparam_cli.data.gas_sensor import fetch as gas
from overparam_cli.errors import DataInvalidError

TABLE = b"a,b,y\n1,2.5,3\n4,5,7\n9,0.5,1\n2,2,2\n"


def zipped(*members, method=zipfile.ZIP_DEFLATED):
    """An archive of (name or ZipInfo, content) pairs."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as content:
        for name, body in members:
            content.writestr(name, body)
    return file.getvalue()


def patched(raw, flags=None, method=None, size=None, local=True):
    """An archive of one member with other words in its two headers: (flag bits, method, size before packing)."""
    raw = bytearray(raw)
    for start, offset in ((raw.index(b"PK\3\4") if local else None, 6), (raw.index(b"PK\1\2"), 8)):
        if start is None:
            continue
        if flags is not None:
            struct.pack_into("<H", raw, start + offset, flags)
        if method is not None:
            struct.pack_into("<H", raw, start + offset + 2, method)
        if size is not None:
            struct.pack_into("<I", raw, start + offset + 16, size)
    return bytes(raw)


def link(name, target):
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info, target


GOOD = zipped(("t.csv", TABLE))
UNSOUND = {
    "encrypted": (patched(GOOD, flags=1), "encrypted"),
    "encrypted-in-one-header": (patched(GOOD, flags=1, local=False), "encrypted"),
    "strong-encryption": (patched(GOOD, flags=0x41), "encrypted"),
    "unknown-method": (patched(GOOD, method=99), r"unknown method \(99\)"),
    "deflate64": (patched(GOOD, method=9), "unknown method"),
    "zstandard": (patched(GOOD, method=93), "unknown method|is no sound archive"),
    "another-method": (patched(GOOD, method=0), "is no sound archive"),
    "says-longer": (patched(GOOD, size=10**6), "not as long as it says"),
    "says-shorter": (patched(GOOD, size=5), "not as long as it says|Bad CRC"),
    "out-of-it": (zipped(("../t.csv", TABLE)), "leads out of it"),
    "out-of-it-inside": (zipped(("a/../../t.csv", TABLE)), "leads out of it"),
    "absolute": (zipped(("/etc/t.csv", TABLE)), "leads out of it"),
    "drive": (zipped(("C:/t.csv", TABLE)), "leads out of it"),
    "backslashes": (zipped(("..\\t.csv", TABLE)), "leads out of it"),
    "link": (zipped(link("t.csv", "/etc/passwd")), "is a link"),
    "no-end": (GOOD[:-10], "not a zip"),
    "cut": (GOOD[: len(GOOD) // 2], "not a zip"),
    "flipped-byte": (GOOD.replace(TABLE[:4], b"zzzz") if TABLE[:4] in GOOD else GOOD[:50] + b"\xff" + GOOD[51:], ""),
    "not-one": (b"PK\x03\x04 not an archive", "not a zip"),
    "empty-name": (zipped(("/", b"")), "leads out of it"),
    "nothing": (zipped(), "holds 0 files"),
    "two": (zipped(("t.csv", TABLE), ("u.csv", TABLE)), "holds 2 files"),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("damage", UNSOUND)
def test_an_unsound_archive_is_one_line(tmp_path, damage):
    content, why = UNSOUND[damage]
    (tmp_path / "t.zip").write_bytes(content)
    with pytest.raises(DataInvalidError, match=rf"t\.zip.*({why})") as caught:
        load(str(tmp_path / "t.zip"), targets=["y"])
    assert "\n" not in str(caught.value)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_is_there_twice(tmp_path):
    (tmp_path / "t.zip").write_bytes(zipped(("t.csv", TABLE), ("t.csv", TABLE.replace(b"7", b"8"))))
    with pytest.raises(DataInvalidError, match=r"t\.zip is no sound archive: 't\.csv' is in it 2 times"):
        archive.members(tmp_path / "t.zip")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_sound_archive(tmp_path, method):
    members = (("data/", b""), ("data/t.csv", TABLE), ("__MACOSX/data/._t.csv", b"\0"), ("data/.DS_Store", b"\0"))
    (tmp_path / "t.zip").write_bytes(zipped(*members, method=method))
    (member,) = archive.members(tmp_path / "t.zip")
    assert (member.name, member.read_bytes()) == ("t.csv", TABLE)
    assert load(str(tmp_path / "t.zip"), targets=["y"]).X.tolist() == [[1, 2.5], [4, 5], [9, 0.5], [2, 2]]


def test_a_bomb_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr("overparam_cli.data.table.content.MOST_UNPACKED", 2**20)
    (tmp_path / "t.csv.zip").write_bytes(zipped(("t.csv", b"1," * 2**20)))
    with pytest.raises(DataInvalidError, match=r"t\.csv\.zip holds more than 1\.05 MB"):
        load(str(tmp_path / "t.csv.zip"), targets=["y"])


def test_an_archive_of_too_many_files(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MOST_MEMBERS", 3)
    (tmp_path / "t.zip").write_bytes(zipped(*((f"{i}.csv", TABLE) for i in range(4))))
    with pytest.raises(DataInvalidError, match=r"no sound archive: it holds 4 files"):
        archive.members(tmp_path / "t.zip")


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ([("a/batch1.dat", b"x"), ("b/batch1.dat", b"y")], "are the same batch"),
        ([("batch1.dat", bytes(2**26 + 1))], r"has 67\.1 MB"),
        ([("../batch1.dat", b"x")], "leads out of it"),
    ],
)
def test_the_official_archive_with_something_wrong(tmp_path, monkeypatch, members, why):
    def downloaded(file, folder, **_):
        (folder / file.name).write_bytes(zipped(*members))
        return folder / file.name

    monkeypatch.setattr(gas, "download", downloaded)
    with pytest.raises(DataInvalidError, match=why):
        gas._from_archive(tmp_path, gas.GasSources(RemoteFile("gas.zip", "", ())), False)
