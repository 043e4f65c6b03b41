"""MNIST's four IDX files: downloaded one by one, verified, cached, and verified again whenever they are read.

Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits". Its own site refuses many clients;
the mirrors below are those that PyTorch and TensorFlow read from. Files that came another way are taken as they lie:
with gzip or without, in torchvision's folders, or in a zip archive. What counts is the content, which has a checksum of
its own.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from overparam_cli.data import archive
from overparam_cli.data.archive import Member
from overparam_cli.data.cache import Patience, RemoteFile, download, install, staging, sweep, unavailable
from overparam_cli.data.images import ImageDataset, Pixels
from overparam_cli.data.mnist import idx
from overparam_cli.errors import DataInvalidError, DataUnavailableError
from overparam_cli.paths import is_file
from overparam_cli.words import count

NAME = FOLDER = "mnist"
STAND_IN = "digits-simulated"
MIRRORS = ("https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/")
REMEDY = "fetch it again with 'overparam data fetch mnist', or point to a sound copy with --data-dir or OVERPARAM_DATA"
DIMENSIONS = (3, 1, 3, 1)  # images, labels, images, labels
FOLDERS = (FOLDER, "MNIST/raw", f"{FOLDER}/MNIST/raw", f"{FOLDER}/raw", "MNIST", ".")  # where they are looked for


@dataclass(frozen=True)
class ImageFile(RemoteFile):
    """One of the four: as it is served, and the SHA-256 of what is in it."""

    content: str

    @property
    def names(self) -> tuple[str, ...]:
        """What it may be called: with gzip or without, or as older copies have it."""
        stem = self.name.removesuffix(".gz")
        dotted = stem.replace("-idx", ".idx")
        return (self.name, stem, f"{dotted}.gz", dotted)


def _file(name: str, digest: str, content: str) -> ImageFile:
    return ImageFile(name, digest, tuple(mirror + name for mirror in MIRRORS), content)


FILES = (
    _file(
        "train-images-idx3-ubyte.gz",
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    _file(
        "train-labels-idx1-ubyte.gz",
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    _file(
        "t10k-images-idx3-ubyte.gz",
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    _file(
        "t10k-labels-idx1-ubyte.gz",
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
)
EXPECTED = (
    f"{', '.join(file.name for file in FILES)}, with .gz or unpacked, in {FOLDER}/ or MNIST/raw/, or a zip with them"
)


@dataclass(frozen=True)
class MnistSources:
    """What to get, and where: training images and labels, then test images and labels. Tests give their own."""

    files: tuple[ImageFile, ...] = FILES
    patience: Patience = field(default_factory=Patience)


@dataclass(frozen=True)
class Found:
    """Where one of the four lies in a data folder, if anywhere, and whether it is what it should be."""

    file: ImageFile
    place: Path | Member | None
    sound: bool


def fetch(folder: Path, *, sources: MnistSources = MnistSources(), progress: bool = False) -> Path:
    """Make sure that `folder` holds the four files, and return where they lie. Sound files are left alone.

    A file is moved in as soon as it is there and has its checksum, so that a fetch that breaks off goes on from there.
    Raises DataUnavailableError naming what each mirror said, StorageError where `folder` cannot be written.
    """
    there = look(folder, sources)
    if all(one.sound for one in there):
        sweep(folder, FOLDER)
        return next(one.place.parent for one in there if one.place)
    with staging(folder, FOLDER) as work:
        for one in look(folder, sources):  # asked again: another process may have been faster
            if one.sound:
                continue
            try:
                new = download(one.file, work, patience=sources.patience, progress=progress)
            except DataUnavailableError as error:
                raise DataUnavailableError(unavailable(NAME, folder, str(error), STAND_IN, EXPECTED)) from None
            install([(new, folder / FOLDER / one.file.name)], folder)
    return folder / FOLDER


def read(folder: Path, *, sources: MnistSources = MnistSources()) -> ImageDataset:
    """The data set from the files in `folder`, after each has been held against its SHA-256.

    Raises DataInvalidError naming the first file that is not what it should be.
    """
    found = look(folder, sources)
    for one in found:
        if not one.sound:
            raise DataInvalidError(
                f"{one.place or folder / FOLDER / one.file.name} is damaged, cut short or another file "
                f"(its SHA-256 is not {one.file.sha256[:12]}…); {REMEDY}"
            )
    return parse(found)


def parse(found: Sequence[Found]) -> ImageDataset:
    """The data set from its four files, whatever their checksums are. Raises DataInvalidError."""
    arrays: list[Pixels] = []
    for one, dimensions in zip(found, DIMENSIONS, strict=True):
        if one.place is None:
            raise DataInvalidError(f"{one.file.name} is not there; {REMEDY}")
        arrays.append(idx.parse(content_of(one.place), dimensions, one.place.name))
    for i in (0, 2):
        images, labels = found[i].file.name, found[i + 1].file.name
        if len(arrays[i]) != len(arrays[i + 1]):
            held = count(len(arrays[i]), "image"), count(len(arrays[i + 1]), "label")
            raise DataInvalidError(f"{images} holds {held[0]}, and {labels} {held[1]}; {REMEDY}")
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
    lacking = [file.name for file in FILES if not any(_places(folder, file))]
    if not lacking:
        return ""
    faults = archive.inside(_folders(folder), lambda _: False, 0)[1]
    what = "there are no MNIST files" if len(lacking) == len(FILES) else f"no {', '.join(lacking)}"
    return what + (f" ({faults})" if faults else "")


def cached(folder: Path) -> str:
    """ "yes" where all four files are there and sound, "no" where none is there, else "incomplete"."""
    found = look(folder, MnistSources())
    if all(one.sound for one in found):
        return "yes"
    return "incomplete" if any(one.place for one in found) else "no"


def look(folder: Path, sources: MnistSources = MnistSources()) -> list[Found]:
    """The four files: of each the first copy that is sound, else the first that is there."""
    return [_look(folder, file) for file in sources.files]


def _look(folder: Path, file: ImageFile) -> Found:
    first = None
    for place in _places(folder, file):
        if is_sound(place, file):
            return Found(file, place, True)
        first = first or place
    return Found(file, first, False)


def is_sound(place: Path | Member, file: ImageFile) -> bool:
    """Whether a copy is the file as it is served, or has what is in it."""
    try:
        found = content_of(place)
        return digest(found) == file.sha256 or digest(idx.unpacked(found, file.name)) == file.content
    except DataInvalidError:
        return False


def _folders(folder: Path) -> list[Path]:
    return [folder / name for name in FOLDERS]


def _places(folder: Path, file: ImageFile) -> Iterator[Path | Member]:
    """The copies of a file, loose ones first."""
    for place in _folders(folder):
        for name in file.names:
            yield from (path for path in (place / name, place / name / name) if is_file(path))
    yield from archive.inside(_folders(folder), lambda name: name in file.names, idx.MOST_BYTES)[0]


def digest(content: bytes) -> str:
    """SHA-256 of bytes, hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def content_of(place: Path | Member) -> bytes:
    """The bytes of a copy. Raises DataInvalidError."""
    try:
        return place.read_bytes()
    except OSError as error:
        raise DataInvalidError(f"{place} cannot be read: {error.strerror or error}; mend its permissions") from None
