"""The registry of data sets: every problem by name, and one way to load, list, fetch and verify them."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from overparam_cli.data import table
from overparam_cli.data.cache import cache_dir
from overparam_cli.data.cost import afford
from overparam_cli.data.dataset import Dataset
from overparam_cli.data.entries import D, Entry, ImagesEntry, RegressionEntry
from overparam_cli.data.facts import Check
from overparam_cli.data.images import ImageDataset
from overparam_cli.data.options import TABLES, is_table, parse_options, split_spec
from overparam_cli.errors import ConfigError
from overparam_cli.guests import unique, visitors
from overparam_cli.paths import at_home
from overparam_cli.words import suggest

MODULES = (  # of this folder; each has ENTRIES, its data sets by name
    "gas_sensor",
    "simulated",
    "two_points",
    "mnist",
    "digits",
)


def _found() -> Iterator[tuple[str, Entry[Any]]]:
    """Those of this folder, then those of other packages."""
    for module in MODULES:
        yield from import_module(f"overparam_cli.data.{module}").ENTRIES.items()
    yield from visitors("overparam.datasets")


DATASETS: Mapping[str, Entry[Any]] = unique(_found())


@dataclass(frozen=True)
class DatasetRow:
    """One line of `overparam data list`."""

    name: str
    what: str
    n: int
    d: int
    source: str
    cached: str


def load(
    spec: str,
    *,
    targets: Sequence[str] = (),
    features: Sequence[str] = (),
    drop: Sequence[str] = (),
    one_hot: Sequence[str] = (),
    varying: bool = True,
    data_dir: Path | None = None,
    offline: bool = False,
    progress: bool | None = None,
) -> Dataset:
    """The data set `spec` as it is, unscaled: a name in DATASETS, `name:key=value,…`, or the path of a table.

    For tables alone: `targets` are the columns to predict, `features` those to predict from (all others but those in
    `drop`), those in `one_hot` become one column a value, and `varying` refuses constant columns.
    Data that is not in the data folder (see `cache_dir`) is fetched, unless `offline`; `progress` shows a bar meanwhile
    (default: on a terminal).
    Raises ConfigError (unknown name or option), DataUnavailableError, DataInvalidError.
    """
    if is_table(spec):
        choice = table.Choice(tuple(targets), tuple(features), tuple(drop), tuple(one_hot))
        return table.load(at_home(spec), choice, varying=varying)
    name, text = split_spec(spec)
    entry = _entry(name)
    for option, given in (("target", targets), ("features", features), ("drop", drop), ("one-hot", one_hot)):
        if given:
            raise ConfigError(f"data set '{name}' has columns of its own: --{option} is for {TABLES}")
    if not isinstance(entry, RegressionEntry):
        what = f"data set '{name}' is a set of images, for experiments of kind 'cnn'"
        raise ConfigError(f"{what}: a regression needs one of {_names(RegressionEntry)}, or {TABLES}")
    return _load(name, text, entry, data_dir, offline, progress)


def load_images(
    spec: str, *, data_dir: Path | None = None, offline: bool = False, progress: bool | None = None
) -> ImageDataset:
    """The images `spec`: the name of an entry of kind "images" in DATASETS, or `name:key=value,…`.

    Data that is not in the data folder is fetched, as in `load`.
    Raises ConfigError (unknown name or option, or no images), DataUnavailableError, DataInvalidError.
    """
    if is_table(spec):
        raise ConfigError(f"table {spec} is no set of images: experiments of kind 'cnn' need {_names(ImagesEntry)}")
    name, text = split_spec(spec)
    entry = _entry(name)
    if not isinstance(entry, ImagesEntry):
        raise ConfigError(
            f"data set '{name}' is for regression, not a set of images: experiments of kind 'cnn' need "
            f"{_names(ImagesEntry)}"
        )
    return _load(name, text, entry, data_dir, offline, progress)


def list_datasets(data_dir: Path | None = None) -> list[DatasetRow]:
    """Every data set, and whether the data folder has it."""
    folder = cache_dir(data_dir)
    return [
        DatasetRow(name, entry.what, entry.n, entry.d, entry.source, entry.cached(folder))
        for name, entry in DATASETS.items()
    ]


def fetch(name: str, *, data_dir: Path | None = None, progress: bool = True) -> Path:
    """Download a data set into the data folder and verify it; nothing is done where it is there and sound.

    Returns the folder of its files. Raises ConfigError, DataUnavailableError, StorageError.
    """
    download, folder = _entry(name).download, cache_dir(data_dir)
    return download.fetch(folder, progress) if download else folder


def verify(name: str, *, data_dir: Path | None = None) -> list[Check]:
    """Hash and parse a data set again and hold it against what is known of it.

    Raises ConfigError; DataUnavailableError where it is not there; DataInvalidError where it cannot even be parsed.
    """
    entry, folder = _entry(name), cache_dir(data_dir)
    if entry.download:
        entry.download.require(name, folder)
    return entry.verify(folder)


def _load(name: str, text: str, entry: Entry[D], data_dir: Path | None, offline: bool, progress: bool | None) -> D:
    """The data set of `entry` with the options `text`, fetched first where the data folder lacks it."""
    options, folder = parse_options(name, text, entry.options), cache_dir(data_dir)
    if entry.download:
        bar = sys.stderr.isatty() if progress is None else progress
        entry.download.provide(name, folder, offline=offline, progress=bar)
    if entry.cost:
        afford(entry.cost(options), quiet=progress is False)
    return entry.load(options, folder)


def _names(kind: type[Entry[Any]]) -> str:
    return ", ".join(f"'{name}'" for name, entry in DATASETS.items() if isinstance(entry, kind))


def _entry(name: str) -> Entry[Any]:
    if name not in DATASETS:
        if is_table(name):
            raise ConfigError(
                f"'{name}' is a table of your own: it is checked when a run reads it (run --dataset {name})"
            )
        raise ConfigError(f"unknown data set '{name}'{suggest(name, DATASETS)}, or {TABLES}")
    return DATASETS[name]
