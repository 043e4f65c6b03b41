"""The UCI gas-sensor array drift data: its text format, its ten batches, and the problem of one gas.

Source: "Gas Sensor Array Drift Dataset at Different Concentrations", UCI id 270, DOI 10.24432/C5MK6M, CC BY 4.0.
A row is `gas;concentration 1:v 2:v … 128:v `: the gas as a digit, its concentration in ppmv, and eight features of each
of 16 sensors.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from overparam_cli.data import archive
from overparam_cli.data.archive import Member
from overparam_cli.data.dataset import Array, Dataset
from overparam_cli.errors import DataInvalidError
from overparam_cli.paths import is_folder

SENSORS = 16
# Steady state (resistance change; the same over the baseline), then the moving averages of the rise and of the decay.
FEATURE_NAMES = ("dR", "dR-relative", "rise-0.001", "rise-0.01", "rise-0.1", "decay-0.001", "decay-0.01", "decay-0.1")
FEATURES = SENSORS * len(FEATURE_NAMES)
BATCHES = range(1, 11)
GASES = {"ethanol": 1, "ethylene": 2, "ammonia": 3, "acetaldehyde": 4, "acetone": 5, "toluene": 6}
# Rows of all six gases together in batch 1 … 10 of the original files: 13,910.
FULL_ROWS = (445, 1244, 1586, 161, 197, 2300, 3613, 294, 470, 3600)
FOLDER = "gas-sensor"
MOST_BYTES = 2**26  # of a batch in an archive; the largest has 6 MB

F = TypeVar("F", Path, Member)

_NUMBER = rb"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?"
_ROW = re.compile(rb"[1-6];" + _NUMBER + b"".join(rb" +%d:" % i + _NUMBER for i in range(1, FEATURES + 1)) + rb"\s*")
_SEPARATORS = bytes.maketrans(b";:", b"  ")
_BATCH_NAME = re.compile(r"batch(\d+)\.dat", re.IGNORECASE)


@dataclass(frozen=True)
class Batch:
    """The rows of one gas in one file, and how many rows the file has of all gases."""

    concentration: Array  # (m,) ppmv
    features: Array  # (m, 128)
    total_rows: int


def batch_number(name: str) -> int | None:
    """N of a path whose base name is `batchN.dat`, N = 1 … 10; None for any other."""
    match = _BATCH_NAME.fullmatch(re.split(r"[/\\]", name)[-1])
    return int(match[1]) if match and int(match[1]) in BATCHES else None


def find_batches(data_dir: Path) -> dict[int, Path | Member]:
    """The batch files of a data folder by number, in numeric order; those that lack are looked for in zip archives.

    Raises DataInvalidError if one batch is there twice.
    """
    loose = loose_batches(data_dir)
    found: dict[int, Path | Member] = {**loose}
    if len(loose) < len(BATCHES):
        found = {**packed_batches(data_dir)[0], **loose}
    return dict(sorted(found.items()))


def loose_batches(data_dir: Path) -> dict[int, Path]:
    """The batch files that are files.

    They may lie at any depth under `gas-sensor/`; where there is no such folder, within two levels of `data_dir`.
    Raises DataInvalidError if one batch is there twice.
    """
    root = data_dir / FOLDER
    patterns = ("**/batch*.dat",) if is_folder(root) else ("batch*.dat", "*/batch*.dat", "*/*/batch*.dat")
    base = root if is_folder(root) else data_dir
    paths = sorted(path for pattern in patterns for path in base.glob(pattern))
    # The working folder of a download that was killed has a name with a dot.
    return by_number(p for p in paths if not any(part.startswith(".") for part in p.relative_to(base).parts))


def packed_batches(data_dir: Path) -> tuple[dict[int, Member], str]:
    """The batch files in zip archives of the data folder, as a browser saves them; and what is wrong with others."""
    wanted = lambda name: batch_number(name) is not None  # noqa: E731
    found, faults = archive.inside((data_dir, data_dir / FOLDER), wanted, MOST_BYTES)
    return by_number(found), faults


def by_number(files: Iterable[F]) -> dict[int, F]:
    """Batch files by number, in numeric order. Raises DataInvalidError if one batch is there twice."""
    found: dict[int, F] = {}
    for file in files:
        number = batch_number(file.name)
        if number in found:
            raise DataInvalidError(f"{found[number]} and {file} are the same batch: keep one of them")
        if number is not None:
            found[number] = file
    return dict(sorted(found.items()))


def parse_batch(text: bytes, gas: int, name: str) -> Batch:
    """The rows of `gas` (1 … 6) in the text of one file; `name` is for messages.

    Raises DataInvalidError naming the first line that is no row of this format.
    """
    text = text.removeprefix(b"\xef\xbb\xbf")  # what some editors put before a text that they save
    lines = [(i, line) for i, line in enumerate(text.split(b"\n"), start=1) if line.strip()]
    prefix = b"%d;" % gas
    mine = []
    for number, line in lines:
        # A full match of every row of the five other gases would cost more than everything else here.
        is_mine = line.startswith(prefix)
        if not (_ROW.fullmatch(line) if is_mine else line[:2] in _LABELS):
            shown = line[:40].decode("ascii", "replace").rstrip()
            raise DataInvalidError(
                f"{name}, line {number}: '{shown}…' is not 'gas;concentration 1:v … {FEATURES}:v': "
                "the file is damaged; fetch it again with 'overparam data fetch'"
            )
        if is_mine:
            mine.append(line.translate(_SEPARATORS))
    table = np.loadtxt(mine, ndmin=2) if mine else np.empty((0, 2 + 2 * FEATURES))
    return Batch(table[:, 1], table[:, 3::2], len(lines))


_LABELS = {b"%d;" % gas for gas in GASES.values()}


def read_batches(paths: Mapping[int, Path | Member], gas: str) -> list[Batch]:
    """The rows of `gas`, file by file, in the order of `paths`. Raises DataInvalidError for a file it cannot read."""
    batches = []
    for path in paths.values():
        try:
            text = path.read_bytes()
        except OSError as error:
            raise DataInvalidError(f"{path} cannot be read: {error.strerror or error}; mend its permissions") from None
        batches.append(parse_batch(text, GASES[gas], path.name))
    return batches


def assemble(batches: Sequence[Batch], gas: str) -> Dataset:
    """The problem of one gas: X (n, 128) features, Y (n, 1) concentration in ppmv, batches in order."""
    return Dataset(
        name=gas,
        X=np.concatenate([batch.features for batch in batches]),
        Y=np.concatenate([batch.concentration for batch in batches])[:, None],
        source=f"UCI 270, Gas Sensor Array Drift at Different Concentrations, {gas} rows (10.24432/C5MK6M, CC BY 4.0)",
        embedded=False,
        feature_names=feature_names(),
        target_names=("concentration",),
    )


def feature_names() -> tuple[str, ...]:
    """Names of the 128 columns: sensor 1 … 16, eight features each."""
    return tuple(f"sensor{sensor}-{feature}" for sensor in range(1, SENSORS + 1) for feature in FEATURE_NAMES)
