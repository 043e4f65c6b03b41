"""Damaged tables, archives and IDX files, seeded, each with what it says: to see that none is misread.

`cases(seed)` yields (name, maker); a maker writes its damaged file into an empty folder and returns a `Damaged`, and
`judge` loads that: it returns "read" or the line of the refusal, and raises AssertionError where numbers are read that
are not there. Whatever else is raised is a fault too.

What a damaged text says is decided by `support.damage_text`, not by the readers under test.
"""

import gzip
import io
import lzma
import random
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from support.damage_text import CHANGES, TEXT_DAMAGE, TEXTS, Rows, numbers, says, separated, svm

from overparam_cli.data import load
from overparam_cli.data.mnist import files as mnist
from overparam_cli.errors import OverparamError


@dataclass(frozen=True)
class Damaged:
    """A file as it was damaged, and the numbers that may be read from it: any of `right`, or none."""

    path: Path
    right: list[np.ndarray]  # features and target side by side, (n, d + 1)
    asked: dict[str, Any] = field(default_factory=dict)
    loader: Callable[[Path], list[np.ndarray]] | None = None  # where it is no table


Maker = Callable[[Path], Damaged]


def judge(damaged: Damaged) -> str:
    """ "read", or the refusal. AssertionError for numbers that are not there, or for a refusal that is no line."""
    try:
        if damaged.loader:
            found = damaged.loader(damaged.path)
        else:
            dataset = load(str(damaged.path), **damaged.asked)
            found = [np.hstack([dataset.X, dataset.Y])]
    except OverparamError as error:
        message = str(error)
        if "\n" in message or len(message) > 3000:
            raise AssertionError(f"no line that can be read: {message}") from None
        return message
    right = damaged.right if not damaged.loader else [np.concatenate([one.ravel() for one in damaged.right])]
    read = found[0] if not damaged.loader else np.concatenate([one.ravel() for one in found])
    assert any(np.array_equal(read, one) for one in right), f"read {read!r} from {damaged.path.name}"
    return "read"


def judge_all(chosen: Iterator[tuple[str, Maker]]) -> dict[str, str]:
    """Every case's verdict, by name."""
    verdicts = {}
    for name, make in chosen:
        with tempfile.TemporaryDirectory() as folder:
            try:
                verdicts[name] = judge(make(Path(folder)))
            except Exception as error:
                error.add_note(f"damaged input: {name}")
                raise
    return verdicts


def cases(seed: int = 0, each: int = 20) -> Iterator[tuple[str, Maker]]:
    """`each` variations of every kind of damage to every kind of file."""
    for text in TEXTS:
        for damage in TEXT_DAMAGE:
            for number in range(each):
                yield _case("table", text, damage, seed + number, _damaged_text)
    for container in CONTAINERS:
        for damage in BYTE_DAMAGE:
            for number in range(each):
                yield _case("packed", container, damage, seed + number, _damaged_container)
    for layout in ("gz", "raw", "zip"):
        for damage in (*BYTE_DAMAGE, "header"):
            for number in range(each):
                yield _case("idx", layout, damage, seed + number, _damaged_idx)


def _case(kind: str, what: str, damage: str, seed: int, make: Callable[..., Damaged]) -> tuple[str, Maker]:
    name = f"{kind}/{what}/{damage}/{seed}"
    return name, lambda folder: make(folder, what, damage, random.Random(name))


def _damaged_text(folder: Path, what: str, damage: str, chance: random.Random) -> Damaged:
    separator, mark = TEXTS[what]
    rows = numbers(chance)
    whole = svm(rows) if separator == "svm" else separated(rows, separator, mark)
    text = TEXT_DAMAGE[damage](whole, chance, separator)
    path = folder / ("t.svm" if separator == "svm" else "t.csv")
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    right = [np.array(rows), *says(text, separator, mark)]
    if damage in CHANGES:
        right = right[1:]
    targets = {} if separator == "svm" else {"targets": ["y"]}
    return Damaged(path, right, {**targets, "varying": False})


# Containers that have checksums or lengths of their own: what is read is what went in.


def _frame(rows: Rows) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["a", "b", "c", "y"])


def _zip(raw: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("t.csv", raw)
    return file.getvalue()


def _parquet(rows: Rows) -> bytes:
    file = io.BytesIO()
    _frame(rows).to_parquet(file, write_page_checksum=True)
    return file.getvalue()


CONTAINERS: dict[str, tuple[str, Callable[[Rows], bytes]]] = {
    "gz": ("t.csv.gz", lambda rows: gzip.compress(separated(rows, ",").encode(), mtime=0)),
    "xz": ("t.csv.xz", lambda rows: lzma.compress(separated(rows, ",").encode())),
    "zip": ("t.zip", lambda rows: _zip(separated(rows, ",").encode())),
    "parquet": ("t.parquet", _parquet),
}
BYTE_DAMAGE: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "cut": lambda raw, chance: raw[: chance.randrange(len(raw))],
    "start-lost": lambda raw, chance: raw[chance.randrange(1, len(raw)) :],
    "flip": lambda raw, chance: (lambda i: raw[:i] + bytes([raw[i] ^ 1 << chance.randrange(8)]) + raw[i + 1 :])(
        chance.randrange(len(raw))
    ),
    "byte-lost": lambda raw, chance: (lambda i: raw[:i] + raw[i + 1 :])(chance.randrange(len(raw))),
    "zeros": lambda raw, chance: (lambda i: raw[:i] + bytes(len(raw) - i))(chance.randrange(len(raw))),
    "more": lambda raw, chance: raw + chance.randbytes(chance.randrange(1, 50)),
    "block": lambda raw, chance: (lambda i: raw[:i] + chance.randbytes(16) + raw[i + 16 :])(chance.randrange(len(raw))),
    "twice": lambda raw, _: raw + raw,
}


def _damaged_container(folder: Path, what: str, damage: str, chance: random.Random) -> Damaged:
    rows = numbers(chance)
    name, pack = CONTAINERS[what]
    path = folder / name
    path.write_bytes(BYTE_DAMAGE[damage](pack(rows), chance))
    right = [np.array(rows)]
    if damage == "twice":  # of a stream that goes on behind its end, both halves
        right += says(separated(rows, ",") * 2, ",", ".")
    return Damaged(path, right, {"targets": ["y"], "varying": False})


# MNIST's files.


def _damaged_idx(folder: Path, what: str, damage: str, chance: random.Random) -> Damaged:
    random_images = np.random.default_rng(chance.randrange(2**32))
    arrays = [random_images.integers(0, 256, (5, 28, 28), dtype=np.uint8), np.arange(5, dtype=np.uint8)] * 2
    raw = [_idx(array) for array in arrays]
    sources = mnist.MnistSources(
        tuple(
            mnist.ImageFile(file.name, mnist.digest(gzip.compress(one, mtime=0)), (), mnist.digest(one))
            for file, one in zip(mnist.FILES, raw, strict=True)
        )
    )
    place = chance.randrange(4)
    if damage == "header":
        head = chance.choice((0, 2**31, 2**32 - 1, chance.randrange(2**32))).to_bytes(4, "big")
        start = 4 * chance.randrange(2 if place % 2 else 4)
        raw[place] = raw[place][:start] + head + raw[place][start + 4 :]
    contents = [one if what == "raw" else gzip.compress(one, mtime=0) for one in raw]
    if damage != "header" and what != "zip":
        contents[place] = BYTE_DAMAGE[damage](contents[place], chance)
    names = [file.name.removesuffix(".gz") if what == "raw" else file.name for file in mnist.FILES]
    (folder / "mnist").mkdir()
    if what == "zip":
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            for name, content in zip(names, contents, strict=True):
                archive.writestr(name, content)
        whole = file.getvalue() if damage == "header" else BYTE_DAMAGE[damage](file.getvalue(), chance)
        (folder / "mnist.zip").write_bytes(whole)
    else:
        for name, content in zip(names, contents, strict=True):
            (folder / "mnist" / name).write_bytes(content)

    def loader(path: Path) -> list[np.ndarray]:
        data = mnist.read(path.parent.parent, sources=sources)
        return [data.images, data.labels, data.test_images, data.test_labels]

    path = folder / "mnist" / names[place]
    if not path.exists():
        path.write_bytes(b"")
        path.unlink()
    return Damaged(path, arrays, loader=loader)


def _idx(array: np.ndarray) -> bytes:
    head = [0x800 + array.ndim, *array.shape]
    return b"".join(number.to_bytes(4, "big") for number in head) + array.tobytes()
