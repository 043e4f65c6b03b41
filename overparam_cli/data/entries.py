"""What the registry knows of a data set: of one for regression, and of one of images."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from overparam_cli.data.checks import Check
from overparam_cli.data.dataset import Dataset
from overparam_cli.data.images import ImageDataset
from overparam_cli.data.options import Option

REGRESSION, IMAGES = "regression", "images"


@dataclass(frozen=True)
class Store:
    """Where data may be looked for, and whether the network may be asked."""

    folder: Path
    offline: bool = False
    progress: bool = False


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One data set. `cached`, `fetch` and `verify` take the data folder."""

    kind: ClassVar[str]
    what: str
    n: int  # rows, or training images
    d: int  # features, or pixels of an image
    source: str
    embedded: bool
    load: Callable[[Mapping[str, float], Store], Dataset | ImageDataset]
    verify: Callable[[Path], list[Check]]
    cached: Callable[[Path], str] = field(default=lambda _: "embedded")  # "yes", "no", "incomplete", "embedded"
    fetch: Callable[[Path, bool], Path] = field(default=lambda folder, _: folder)
    options: Mapping[str, Option] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class RegressionEntry(Entry):
    """A linear-regression problem."""

    kind = REGRESSION
    load: Callable[[Mapping[str, float], Store], Dataset]


@dataclass(frozen=True, kw_only=True)
class ImagesEntry(Entry):
    """A set of labelled images."""

    kind = IMAGES
    load: Callable[[Mapping[str, float], Store], ImageDataset]
