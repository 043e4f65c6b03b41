"""Getting the gas-sensor data: the official archive first, `ucimlrepo` second, and the same facts for both."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from overparam_cli.data import archive
from overparam_cli.data.cache import Patience, RemoteFile, download, install, staging, sweep, unavailable
from overparam_cli.data.gas_sensor import ucirepo
from overparam_cli.data.gas_sensor.batches import (
    BATCHES,
    FOLDER,
    MOST_BYTES,
    batch_number,
    by_number,
    find_batches,
    loose_batches,
    packed_batches,
)
from overparam_cli.data.gas_sensor.facts import checked
from overparam_cli.errors import DataInvalidError, DataUnavailableError
from overparam_cli.paths import is_folder
from overparam_cli.words import size

STAND_IN = "simulated"
EXPECTED = f"{FOLDER}/batch1.dat … batch10.dat, in any subfolder, or UCI's zip as it was downloaded"
UCI_ARCHIVE = RemoteFile(
    name="gas-sensor.zip",
    sha256="98fe3a30981a222dd4518fbcc3dddd45d5c0ce9b03ef6dc6fe5cf7a04cfbff5e",
    urls=(
        "https://archive.ics.uci.edu/static/public/270/gas+sensor+array+drift+dataset+at+different+concentrations.zip",
    ),
)


@dataclass(frozen=True)
class GasSources:
    """Where to get the data. Tests, and anybody with a mirror, give their own."""

    archive: RemoteFile = UCI_ARCHIVE
    second: Callable[[], list[str]] = field(default=ucirepo.fetch_lines)  # all rows in the original text format
    patience: Patience = field(default_factory=Patience)


def fetch_gas(gas: str, folder: Path, *, sources: GasSources = GasSources(), progress: bool = False) -> Path:
    """Make sure that `folder` holds the batches with all rows of `gas`, and return where they lie.

    Files that are there and pass their checks are left alone. Raises DataUnavailableError naming what each source said,
    StorageError where `folder` cannot be written.
    """
    if _sound(gas, folder):
        sweep(folder, FOLDER)
        return _where(folder)
    with staging(folder, FOLDER) as work:
        if _sound(gas, folder):  # another process was faster
            return _where(folder)
        reasons = []
        for source in (_from_archive, _from_second):
            try:
                source(work, sources, progress)
                for name in dict.fromkeys(("ethanol", gas)):
                    checked(name, find_batches(work))
                break
            except (DataUnavailableError, DataInvalidError) as error:
                reasons.append(str(error))
                for path in work.glob("batch*.dat"):
                    path.unlink()
        else:
            raise DataUnavailableError(unavailable(gas, folder, "; ".join(reasons), STAND_IN, EXPECTED))
        there = loose_batches(folder) if is_folder(folder / FOLDER) else {}
        new = loose_batches(work)
        install([(new[i], there.get(i, folder / FOLDER / f"batch{i}.dat")) for i in BATCHES], folder)
    return _where(folder)


def missing(folder: Path) -> str:
    """What `folder` lacks of the ten batch files, in words; empty where all are there."""
    found = find_batches(folder)
    lacking = [f"batch{number}.dat" for number in BATCHES if number not in found]
    if not lacking:
        return ""
    faults = packed_batches(folder)[1]
    return (f"no {', '.join(lacking)}" if found else "there are no batch files") + (f" ({faults})" if faults else "")


def _sound(gas: str, folder: Path) -> bool:
    try:
        return not missing(folder) and checked(gas, find_batches(folder)).name == gas
    except (DataInvalidError, OSError):
        return False


def _where(folder: Path) -> Path:
    return find_batches(folder)[1].parent


def _from_archive(work: Path, sources: GasSources, progress: bool) -> None:
    """The ten files out of the official archive into `work`, from whatever folder they have in it."""
    packed = download(sources.archive, work, patience=sources.patience, progress=progress)
    batches = by_number(member for member in archive.members(packed) if batch_number(member.name) is not None)
    for number, member in batches.items():
        if member.size > MOST_BYTES:
            raise archive.unsound(packed, f"{member.path!r} has {size(member.size)}")
        (work / f"batch{number}.dat").write_bytes(member.read_bytes())
    packed.unlink()
    if lacking := missing(work):
        raise DataInvalidError(f"{sources.archive.name}: {lacking} in it")


def _from_second(work: Path, sources: GasSources, progress: bool) -> None:
    """The ten files, written anew from the rows of the second source."""
    for number, lines in ucirepo.split_batches(sources.second()).items():
        (work / f"batch{number}.dat").write_text("".join(f"{line} \n" for line in lines), encoding="ascii")
