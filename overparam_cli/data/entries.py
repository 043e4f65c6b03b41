"""What the registry knows of a data set: of one for regression, and of one of images; and of one that is downloaded."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

from overparam_cli.data.cache import unavailable
from overparam_cli.data.cost import Cost
from overparam_cli.data.dataset import Dataset
from overparam_cli.data.facts import Check
from overparam_cli.data.images import ImageDataset
from overparam_cli.data.options import Option
from overparam_cli.errors import DataUnavailableError, StorageError

REGRESSION, IMAGES = "regression", "images"

D = TypeVar("D", Dataset, ImageDataset)


@dataclass(frozen=True, kw_only=True)
class Download:
    """How a data set comes into the data folder, which `missing`, `fetch` and `cached` take."""

    missing: Callable[[Path], str]  # what the folder lacks, in words; empty where all is there
    fetch: Callable[[Path, bool], Path]  # with or without a bar; the folder of the files
    cached: Callable[[Path], str]  # "yes", "no", "incomplete"
    stand_in: str  # the embedded data set offered where this one is not to be had
    expected: str = ""  # which files the folder should have, in words

    def require(self, name: str, folder: Path) -> None:
        """Raise DataUnavailableError where `folder` lacks something of the data set `name`."""
        if lacking := self.missing(folder):
            raise DataUnavailableError(unavailable(name, folder, lacking, self.stand_in, self.expected))

    def provide(self, name: str, folder: Path, *, offline: bool, progress: bool) -> None:
        """Fetch what `folder` lacks of the data set `name`, unless `offline`. Raises DataUnavailableError."""
        if not (lacking := self.missing(folder)):
            return
        if offline:
            why = f"{lacking}, and --offline forbids the network"
            raise DataUnavailableError(unavailable(name, folder, why, self.stand_in, self.expected))
        try:
            self.fetch(folder, progress)
        except StorageError as error:  # to somebody who wanted to run something, a full or forbidden folder is no data
            why = f"{lacking}, and {error}"
            raise DataUnavailableError(unavailable(name, folder, why, self.stand_in, self.expected)) from None


@dataclass(frozen=True, kw_only=True)
class Entry(Generic[D]):
    """One data set, as its own module describes it."""

    kind: ClassVar[str]
    what: str
    n: int  # rows, or training images
    d: int  # features, or pixels of an image
    source: str
    load: Callable[[Mapping[str, float], Path], D]  # from its options and the data folder
    verify: Callable[[Path], list[Check]]  # what is in the data folder against what is known of it
    options: Mapping[str, Option] = field(default_factory=dict)
    download: Download | None = None  # None: made by the program
    cost: Callable[[Mapping[str, float]], Cost] | None = None  # of making it with some options, where that may be much
    paper: bool = False  # one of the paper's own

    @property
    def embedded(self) -> bool:
        """Whether it needs no file."""
        return self.download is None

    def cached(self, folder: Path) -> str:
        """Whether the data folder has it: "yes", "no", "incomplete", or "embedded"."""
        return self.download.cached(folder) if self.download else "embedded"


class RegressionEntry(Entry[Dataset]):
    """A linear-regression problem."""

    kind = REGRESSION


class ImagesEntry(Entry[ImageDataset]):
    """A set of labelled images."""

    kind = IMAGES
