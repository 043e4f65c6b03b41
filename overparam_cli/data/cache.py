"""The folder downloaded data lives in, and the one way in: download beside, verify, rename.

Reading needs nothing but the files, so any folder with the right layout is a filled cache, a read-only one too. Only
fetching writes, and it does so under a lock, into a working folder that is emptied before and after.
"""

import contextlib
import hashlib
import os
import shutil
import ssl
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from overparam_cli import disk
from overparam_cli.errors import DataUnavailableError
from overparam_cli.paths import at_home, exists

if TYPE_CHECKING:
    import filelock

CHECKSUMS = "SHA256SUMS"
LOCK_SECONDS = 900.0


@dataclass(frozen=True)
class RemoteFile:
    """A file to download: its name here, the SHA-256 it must have, and its mirrors in the order to try."""

    name: str
    sha256: str
    urls: tuple[str, ...]


@dataclass(frozen=True)
class Patience:
    """How long to wait for a server, in seconds, and how often to ask again."""

    connect: float = 10.0  # until a server answers at all
    read: float = 30.0  # between two pieces of an answer
    rounds: int = 3  # times every mirror is tried
    backoff: float = 0.5  # pause before the second round; it doubles with each


def cache_dir(data_dir: Path | None = None) -> Path:
    """The data folder: `data_dir` if given, else OVERPARAM_DATA, else the user's cache folder of this system."""
    if data_dir is not None:
        return at_home(data_dir)
    if named := os.environ.get("OVERPARAM_DATA"):
        return at_home(named)
    import platformdirs

    return Path(platformdirs.user_cache_dir("overparam"))


def unavailable(name: str, folder: Path, why: str, stand_in: str, expected: str) -> str:
    """The one line for data that is not to be had, with the three ways out.

    `stand_in` is the embedded data set, `expected` the files that would be found in the folder.
    """
    wanted = f" Expected there: {expected}." if expected else ""
    return (
        f"no data for '{name}' in {folder}: {why}.{wanted} "
        f"Remedies: 'overparam data fetch {name}' where there is a network; "
        "point to a folder that holds it with --data-dir or OVERPARAM_DATA; "
        f"or '--dataset {stand_in}', which needs none"
    )


def download(file: RemoteFile, folder: Path, *, patience: Patience = Patience(), progress: bool = False) -> Path:
    """`folder/file.name`, downloaded from the first mirror that gives the right bytes.

    Raises DataUnavailableError with every mirror's reason, StorageError where the file cannot be written.
    """
    import requests

    urls, reasons = list(file.urls), dict.fromkeys(file.urls, "not tried")
    for attempt in range(patience.rounds):
        if attempt and urls:
            time.sleep(patience.backoff * 2 ** (attempt - 1))
        for url in tuple(urls):
            try:
                return _download_once(url, file, folder, patience, progress)
            except (requests.RequestException, ValueError) as error:  # ValueError is pooch's word for a wrong checksum
                reasons[url] = _reason(error, file, patience)
                if _hopeless(error):
                    urls.remove(url)
            except OSError as error:
                if _about_certificates(error):
                    raise DataUnavailableError(f"{file.name} could not be downloaded ({_UNTRUSTED})") from None
                raise disk.refused(folder, error, _ELSEWHERE) from None
    why = "; ".join(f"{urlsplit(url).netloc}: {reason}" for url, reason in reasons.items())
    raise DataUnavailableError(f"{file.name} could not be downloaded ({why})")


def _download_once(url: str, file: RemoteFile, folder: Path, patience: Patience, progress: bool) -> Path:
    import pooch

    pooch.get_logger().setLevel("WARNING")  # its "Downloading data from …" says what the bar says
    downloader = pooch.HTTPDownloader(
        progressbar=progress, chunk_size=2**16, timeout=(patience.connect, patience.read)
    )  # pooch writes beside, compares the checksum, then renames
    known_hash = f"sha256:{file.sha256}"
    return Path(pooch.retrieve(url, known_hash, fname=file.name, path=folder, downloader=downloader))


def _reason(error: Exception, file: RemoteFile, patience: Patience) -> str:
    """One short phrase for what a server, or the way to it, did wrong."""
    import requests

    if isinstance(error, requests.HTTPError):
        return f"HTTP {error.response.status_code}"
    if isinstance(error, requests.exceptions.SSLError):
        return _UNTRUSTED
    if isinstance(error, requests.Timeout) or "timed out" in str(error):
        return f"no answer within {patience.read:g} s"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection broke off"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    if isinstance(error, requests.RequestException):
        return type(error).__name__
    return f"another file than expected (its SHA-256 is not {file.sha256[:12]}…)"


def _hopeless(error: Exception) -> bool:
    """Whether asking the same server again is no use: it says no, or it cannot be reached at all."""
    import requests

    if isinstance(error, requests.HTTPError):
        return 400 <= error.response.status_code < 500 and error.response.status_code not in (408, 429)
    return isinstance(error, requests.exceptions.ConnectTimeout | requests.exceptions.SSLError)


def _about_certificates(error: OSError) -> bool:
    """Whether the certificates that servers are held against cannot be read: requests and ssl have OSErrors for it."""
    return isinstance(error, ssl.SSLError) or "certificate" in str(error).lower()


@contextlib.contextmanager
def staging(folder: Path, name: str) -> Iterator[Path]:
    """An empty working folder inside `folder`, for one process at a time; it is gone afterwards, whatever happens.

    Raises StorageError where nothing can be written, DataUnavailableError where another process keeps the lock.
    """
    import filelock

    lock, work = _lock_and_work(folder, name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=LOCK_SECONDS)
    except filelock.Timeout:
        raise DataUnavailableError(
            f"another process has been fetching {name} into {folder} for {LOCK_SECONDS / 60:g} minutes: "
            "wait for it, or end it, and run this again"
        ) from None
    except OSError as error:
        raise disk.refused(folder, error, _ELSEWHERE) from None
    try:
        with disk.writing(folder, _ELSEWHERE):
            shutil.rmtree(work, ignore_errors=True)
            work.mkdir()
            yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)
        lock.release()


def sweep(folder: Path, name: str) -> None:
    """Remove the working folder that a fetch of `name` has left when it was killed, as far as that is possible."""
    import filelock

    lock, work = _lock_and_work(folder, name)
    if exists(work):
        with contextlib.suppress(OSError, filelock.Timeout), lock.acquire(blocking=False):
            shutil.rmtree(work, ignore_errors=True)
            disk.sweep(folder)


def _lock_and_work(folder: Path, name: str) -> "tuple[filelock.BaseFileLock, Path]":
    import filelock

    return filelock.FileLock(folder / f".{name}.lock"), folder / f".{name}.partial"


def install(files: Iterable[tuple[Path, Path]], folder: Path) -> None:
    """Move verified files to their names under `folder`, their checksums noted in `folder/SHA256SUMS` before.

    Whoever is killed in between has a checksum without its file, which the next fetch brings. Raises StorageError.
    """
    moves = list(files)
    new = {target.relative_to(folder).as_posix(): sha256(source) for source, target in moves}
    sums = "".join(f"{digest}  {name}\n" for name, digest in sorted((recorded_checksums(folder) | new).items()))
    disk.replace(folder / CHECKSUMS, lambda file: file.write(sums.encode()), elsewhere=_ELSEWHERE)
    for source, target in moves:
        disk.move_in(source, target, elsewhere=_ELSEWHERE)


def recorded_checksums(folder: Path) -> dict[str, str]:
    """Path relative to `folder` → SHA-256, from `folder/SHA256SUMS`; empty where there is none."""
    try:
        lines = (folder / CHECKSUMS).read_text(encoding="utf-8-sig", errors="replace").splitlines()
    except OSError:
        return {}
    pairs = (line.split(maxsplit=1) for line in lines if line.strip())
    return {pair[1].lstrip("*"): pair[0].lower() for pair in pairs if len(pair) == 2}


def sha256(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


_UNTRUSTED = (
    "the server's certificate cannot be verified: have REQUESTS_CA_BUNDLE name a file with the certificates that your "
    "network uses, or unset it"
)
_ELSEWHERE = "choose another folder with --data-dir or OVERPARAM_DATA"
