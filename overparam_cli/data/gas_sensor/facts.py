"""What is known of the gas-sensor data, whatever way it came: the facts every load is held against."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from overparam_cli.data.archive import Member
from overparam_cli.data.cache import recorded_checksums, sha256
from overparam_cli.data.dataset import Array, Dataset
from overparam_cli.data.facts import Check, close, exact, require
from overparam_cli.data.gas_sensor.batches import (
    BATCHES,
    FEATURES,
    FULL_ROWS,
    Batch,
    assemble,
    find_batches,
    loose_batches,
    read_batches,
)
from overparam_cli.errors import DataInvalidError

ETHANOL_ROWS = (90, 164, 365, 64, 28, 514, 649, 30, 61, 600)  # batch 1 … 10, 2565 together
ROWS = {
    "ethanol": sum(ETHANOL_ROWS),
    "ethylene": 2926,
    "ammonia": 1641,
    "acetaldehyde": 1936,
    "acetone": 3009,
    "toluene": 1833,
}
ETHANOL_FINGERPRINT = "852e0fea934ed188"
REMEDY = "fetch it anew with 'overparam data fetch', or point to a sound copy with --data-dir or OVERPARAM_DATA"


def ethanol_facts(batches: Sequence[Batch], dataset: Dataset) -> list[Check]:
    """The Ethanol problem against its row counts, moments, spectrum and fingerprint."""
    y, first = dataset.Y[:, 0], dataset.X[:, 0]
    checks = [
        exact(f"Ethanol rows in batch {number}", rows, len(batch.concentration))
        for number, rows, batch in zip(BATCHES, ETHANOL_ROWS, batches, strict=True)
    ]
    checks += [
        exact("features", FEATURES, dataset.d),
        close("mean concentration", 114.95029239766082, float(y.mean()), 1e-12),
        close("population standard deviation of the concentration", 86.62060159553386, float(y.std()), 1e-12),
        close("mean of feature 1", 58539.1062968421, float(first.mean()), 1e-12),
    ]
    eigenvalues = correlation_spectrum(dataset)
    return [
        *checks,
        close("top eigenvalue of ZᵀZ/n", 72.9371988, float(eigenvalues[0]), 1e-8),
        close("condition number of ZᵀZ/n", 5.04e9, float(eigenvalues[0] / eigenvalues[-1]), 1e-3),
        exact("fingerprint of the parsed problem", ETHANOL_FINGERPRINT, dataset.fingerprint),
    ]


def correlation_spectrum(dataset: Dataset) -> Array:
    """Eigenvalues of ZᵀZ/n (d,), largest first; Z = z-scored features. NaN throughout where a feature is constant."""
    spread = dataset.X.std(axis=0)
    if (spread == 0).any():
        return np.full(dataset.d, np.nan)
    Z = (dataset.X - dataset.X.mean(axis=0)) / spread
    return np.linalg.eigvalsh(Z.T @ Z / dataset.n)[::-1]


def completeness(batches: Sequence[Batch]) -> list[Check]:
    """Rows of all gases per file against the original files: fewer means that rows were taken out."""
    return [
        exact(f"rows of all gases in batch {number}", rows, batch.total_rows)
        for number, rows, batch in zip(BATCHES, FULL_ROWS, batches, strict=True)
    ]


def checked(gas: str, paths: Mapping[int, Path | Member]) -> Dataset:
    """The problem of `gas`, after its facts have been checked.

    Ethanol is held against all its facts; of the other gases only the number of rows in the original files is known.
    Raises DataInvalidError naming the fact that does not hold.
    """
    batches = read_batches(paths, gas)
    if gas == "ethanol":
        dataset = assemble(batches, gas)
        require(gas, ethanol_facts(batches, dataset), REMEDY)
        return dataset
    short = [check for check in completeness(batches) if not check.ok]
    if short:
        files = ", ".join(
            f"{check.check.removeprefix('rows of all gases in ')}: {check.found} of {check.expected} rows"
            for check in short
        )
        raise DataInvalidError(
            f"{gas}: {next(iter(paths.values())).parent} does not hold all rows of this gas ({files}); "
            f"a part would mislead; fetch the original files: 'overparam data fetch {gas} --data-dir FOLDER'"
        )
    return assemble(batches, gas)


def verify(gas: str, folder: Path) -> list[Check]:
    """Every file against the checksum noted when it was installed, then the facts of `gas`.

    Raises DataInvalidError where a file cannot be parsed.
    """
    paths = find_batches(folder)
    noted = recorded_checksums(folder)
    checks = [
        exact(f"SHA-256 of {path.name}", noted[key], sha256(path))
        for path in loose_batches(folder).values()
        if (key := path.relative_to(folder).as_posix()) in noted
    ]
    batches = read_batches(paths, gas)
    if gas == "ethanol":
        return checks + ethanol_facts(batches, assemble(batches, gas))
    return checks + completeness(batches)
