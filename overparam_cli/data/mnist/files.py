"""MNIST's four gzipped IDX files: downloaded one by one, verified, cached, and verified again whenever they are read.

Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits". Its own site refuses many clients;
the mirrors below are those that PyTorch and TensorFlow read from.
"""

from dataclasses import dataclass, field
from pathlib import Path

from overparam_cli.data.cache import Patience, RemoteFile, download, install, sha256, staging, unavailable
from overparam_cli.data.images import ImageDataset, Pixels
from overparam_cli.data.mnist import idx
from overparam_cli.errors import DataInvalidError, DataUnavailableError

NAME = FOLDER = "mnist"
STAND_IN = "digits-simulated"
MIRRORS = ("https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/")
REMEDY = "fetch it again with 'overparam data fetch mnist', or point to a sound copy with --data-dir or OVERPARAM_DATA"
DIMENSIONS = (3, 1, 3, 1)  # images, labels, images, labels


def _file(name: str, digest: str) -> RemoteFile:
    return RemoteFile(name, digest, tuple(mirror + name for mirror in MIRRORS))


FILES = (
    _file("train-images-idx3-ubyte.gz", "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
    _file("train-labels-idx1-ubyte.gz", "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
    _file("t10k-images-idx3-ubyte.gz", "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
    _file("t10k-labels-idx1-ubyte.gz", "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
)


@dataclass(frozen=True)
class MnistSources:
    """What to get, and where: training images and labels, then test images and labels. Tests give their own."""

    files: tuple[RemoteFile, ...] = FILES
    patience: Patience = field(default_factory=Patience)


def fetch(folder: Path, *, sources: MnistSources = MnistSources(), progress: bool = False) -> Path:
    """Make sure that `folder/mnist` holds the four files, and return it. Sound files are left alone.

    A file is moved in as soon as it is there and has its checksum, so that a fetch that breaks off goes on from there.
    Raises DataUnavailableError naming what each mirror said, StorageError where `folder` cannot be written.
    """
    if not _unsound(folder, sources):
        return folder / FOLDER
    with staging(folder, FOLDER) as work:
        for file in _unsound(folder, sources):  # asked again: another process may have been faster
            try:
                new = download(file, work, patience=sources.patience, progress=progress)
            except DataUnavailableError as error:
                raise DataUnavailableError(unavailable(NAME, folder, str(error), STAND_IN)) from None
            install([(new, folder / FOLDER / file.name)], folder)
    return folder / FOLDER


def read(folder: Path, *, sources: MnistSources = MnistSources()) -> ImageDataset:
    """The data set from the files in `folder/mnist`, after each has been held against its SHA-256.

    Raises DataInvalidError naming the first file that is not what it should be.
    """
    for file in sources.files:
        if not _has(folder / FOLDER / file.name, file.sha256):
            raise DataInvalidError(
                f"{folder / FOLDER / file.name} is damaged, cut short or another file "
                f"(its SHA-256 is not {file.sha256[:12]}…); {REMEDY}"
            )
    return parse(folder, sources=sources)


def parse(folder: Path, *, sources: MnistSources = MnistSources()) -> ImageDataset:
    """The data set from the files in `folder/mnist`, whatever their checksums are. Raises DataInvalidError."""
    arrays: list[Pixels] = []
    for file, dimensions in zip(sources.files, DIMENSIONS, strict=True):
        arrays.append(idx.parse(_bytes(folder / FOLDER / file.name), dimensions, file.name))
    for i in (0, 2):
        images, labels = sources.files[i].name, sources.files[i + 1].name
        if len(arrays[i]) != len(arrays[i + 1]):
            raise DataInvalidError(
                f"{images} holds {len(arrays[i])} images, and {labels} {len(arrays[i + 1])} labels; {REMEDY}"
            )
    return ImageDataset(
        name=NAME,
        images=arrays[0],
        labels=arrays[1],
        test_images=arrays[2],
        test_labels=arrays[3],
        source="MNIST, the database of handwritten digits of LeCun, Cortes and Burges",
        embedded=False,
    )


def missing(folder: Path) -> str:
    """What `folder` lacks of the four files, in words; empty where all are there."""
    lacking = [file.name for file in FILES if not (folder / FOLDER / file.name).is_file()]
    return "there are no MNIST files" if len(lacking) == len(FILES) else f"no {', '.join(lacking)}" if lacking else ""


def cached(folder: Path) -> str:
    """ "yes" where all four files are there and sound, "no" where none is there, else "incomplete"."""
    if not (wrong := _unsound(folder, MnistSources())):
        return "yes"
    there = any((folder / FOLDER / file.name).is_file() for file in FILES)
    return "incomplete" if there or len(wrong) < len(FILES) else "no"


def _unsound(folder: Path, sources: MnistSources) -> list[RemoteFile]:
    return [file for file in sources.files if not _has(folder / FOLDER / file.name, file.sha256)]


def _has(path: Path, digest: str) -> bool:
    try:
        return sha256(path) == digest
    except OSError:
        return False


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataInvalidError(f"{path} cannot be read: {error.strerror or error}; mend its permissions") from None
