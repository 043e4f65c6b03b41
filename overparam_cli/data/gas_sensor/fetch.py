"""Getting the gas-sensor data: the official archive first, `ucimlrepo` second, and the same facts for both."""

import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from overparam_cli.data.cache import Patience, RemoteFile, download, install, staging, unavailable
from overparam_cli.data.gas_sensor import ucirepo
from overparam_cli.data.gas_sensor.batches import BATCHES, FOLDER, batch_number, find_batches
from overparam_cli.data.gas_sensor.facts import checked
from overparam_cli.errors import DataInvalidError, DataUnavailableError

STAND_IN = "simulated"
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
            raise DataUnavailableError(unavailable(gas, folder, "; ".join(reasons), STAND_IN))
        there = find_batches(folder) if (folder / FOLDER).is_dir() else {}
        new = find_batches(work)
        install([(new[i], there.get(i, folder / FOLDER / f"batch{i}.dat")) for i in BATCHES], folder)
    return _where(folder)


def missing(folder: Path) -> str:
    """What `folder` lacks of the ten batch files, in words; empty where all are there."""
    found = find_batches(folder)
    lacking = [f"batch{number}.dat" for number in BATCHES if number not in found]
    return "there are no batch files" if not found else f"no {', '.join(lacking)}" if lacking else ""


def _sound(gas: str, folder: Path) -> bool:
    try:
        return not missing(folder) and checked(gas, find_batches(folder)).name == gas
    except (DataInvalidError, OSError):
        return False


def _where(folder: Path) -> Path:
    return find_batches(folder)[1].parent


def _from_archive(work: Path, sources: GasSources, progress: bool) -> None:
    """The ten files out of the official archive into `work`, from whatever folder they have in it."""
    archive = download(sources.archive, work, patience=sources.patience, progress=progress)
    try:
        with zipfile.ZipFile(archive) as content:
            for member in content.namelist():
                if (number := batch_number(member)) is not None:
                    (work / f"batch{number}.dat").write_bytes(content.read(member))
    except zipfile.BadZipFile as error:
        raise DataInvalidError(f"{sources.archive.name} is no sound archive: {error}") from None
    if lacking := missing(work):
        raise DataInvalidError(f"{sources.archive.name}: {lacking} in it")


def _from_second(work: Path, sources: GasSources, progress: bool) -> None:
    """The ten files, written anew from the rows of the second source."""
    for number, lines in ucirepo.split_batches(sources.second()).items():
        (work / f"batch{number}.dat").write_text("".join(f"{line} \n" for line in lines), encoding="ascii")
