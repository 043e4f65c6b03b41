"""Fixtures of the data tests: the local server, and complete gas-sensor files made from the real ones."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.local_server import TOTAL_ROWS, Server, row, running, zipped


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as script:
        yield script


@pytest.fixture(scope="session")
def full_batches(real_data: Path) -> dict[str, bytes]:
    """Ten files with as many rows as the originals: the real rows, and made-up ones of other gases where they lack."""
    files = {}
    for number, total in enumerate(TOTAL_ROWS, start=1):
        text = (real_data / "gas-sensor" / f"batch{number}.dat").read_bytes()
        lacking = total - text.count(b"\n")
        files[f"batch{number}.dat"] = text + "".join(row(2 + i % 5, i) for i in range(lacking)).encode()
    return files


@pytest.fixture(scope="session")
def archive(full_batches: dict[str, bytes]) -> bytes:
    """The batches as the official archive might hold them: in a sub-folder, in no order, with other things."""
    members = {f"Dataset/{name}": full_batches[name] for name in sorted(full_batches, reverse=True)}
    return zipped({"__MACOSX/Dataset/._batch1.dat": b"\0", "readme.txt": b"hello", **members})
