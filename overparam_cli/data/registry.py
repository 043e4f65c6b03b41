"""The registry of data sets: every problem by name, and one way to load, list, fetch and verify them."""

import difflib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from overparam_cli.data import digits, embedded_facts, image_facts, mnist, simulated, table, two_points
from overparam_cli.data.cache import cache_dir
from overparam_cli.data.checks import Check
from overparam_cli.data.dataset import Dataset
from overparam_cli.data.entries import Entry, ImagesEntry, RegressionEntry, Store
from overparam_cli.data.gas_entry import gas_entry
from overparam_cli.data.gas_sensor import FEATURES, GASES
from overparam_cli.data.images import SIDE, ImageDataset
from overparam_cli.data.options import Option, natural, parse_options, real, split_spec, whole
from overparam_cli.errors import ConfigError


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
    data_dir: Path | None = None,
    offline: bool = False,
    progress: bool | None = None,
) -> Dataset:
    """The data set `spec` as it is, unscaled: a name in DATASETS, `name:key=value,…`, or the path of a table.

    `targets` are the columns to predict, for tables alone. Data that is not in the data folder (see `cache_dir`) is
    fetched, unless `offline`; `progress` shows a bar meanwhile (default: on a terminal).
    Raises ConfigError (unknown name or option), DataUnavailableError, DataInvalidError.
    """
    if table.is_table(spec):
        return table.load(Path(spec).expanduser(), list(targets))
    name, text = split_spec(spec)
    entry = _entry(name)
    if targets:
        raise ConfigError(f"data set '{name}' has its own target: --target is for your own tables ({_TABLES})")
    if not isinstance(entry, RegressionEntry):
        what = f"data set '{name}' is a set of images, for experiments of kind 'cnn'"
        raise ConfigError(f"{what}: a regression needs one of {_names(RegressionEntry)}, or a table ({_TABLES})")
    return entry.load(parse_options(name, text, entry.options), _store(data_dir, offline, progress))


def load_images(
    spec: str, *, data_dir: Path | None = None, offline: bool = False, progress: bool | None = None
) -> ImageDataset:
    """The images `spec`: the name of an entry of kind "images" in DATASETS, or `name:key=value,…`.

    Data that is not in the data folder is fetched, as in `load`.
    Raises ConfigError (unknown name or option, or no images), DataUnavailableError, DataInvalidError.
    """
    if table.is_table(spec):
        raise ConfigError(f"table {spec} is no set of images: experiments of kind 'cnn' need {_names(ImagesEntry)}")
    name, text = split_spec(spec)
    entry = _entry(name)
    if not isinstance(entry, ImagesEntry):
        raise ConfigError(
            f"data set '{name}' is for regression, not a set of images: experiments of kind 'cnn' need "
            f"{_names(ImagesEntry)}"
        )
    return entry.load(parse_options(name, text, entry.options), _store(data_dir, offline, progress))


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
    return _entry(name).fetch(cache_dir(data_dir), progress)


def verify(name: str, *, data_dir: Path | None = None) -> list[Check]:
    """Hash and parse a data set again and hold it against what is known of it.

    Raises ConfigError; DataUnavailableError where it is not there; DataInvalidError where it cannot even be parsed.
    """
    return _entry(name).verify(cache_dir(data_dir))


def _store(data_dir: Path | None, offline: bool, progress: bool | None) -> Store:
    return Store(cache_dir(data_dir), offline, sys.stderr.isatty() if progress is None else progress)


def _names(kind: type[Entry]) -> str:
    return ", ".join(f"'{name}'" for name, entry in DATASETS.items() if isinstance(entry, kind))


def _entry(name: str) -> Entry:
    if name not in DATASETS:
        if table.is_table(name):
            raise ConfigError(
                f"'{name}' is a table of your own: it is checked when a run reads it (run --dataset {name})"
            )
        near = difflib.get_close_matches(name, DATASETS, n=1)
        hint = f"did you mean '{near[0]}'? " if near else ""
        raise ConfigError(f"unknown data set '{name}': {hint}choose from {', '.join(DATASETS)}, or a table ({_TABLES})")
    return DATASETS[name]


_TABLES = ", ".join(f"*{suffix}" for suffix in table.TABLE_SUFFIXES)
_ROWS = {"ethanol": 2565, "ethylene": 2926, "ammonia": 1641, "acetaldehyde": 1936, "acetone": 3009, "toluene": 1833}

DATASETS: dict[str, Entry] = {
    **{gas: gas_entry(gas, _ROWS[gas]) for gas in GASES},
    "simulated": RegressionEntry(
        what="a simulated gas-sensor array, made to resemble ethanol",
        n=2565,
        d=FEATURES,
        source="embedded, made from a seed",
        embedded=True,
        load=lambda options, _: simulated.load(int(options["seed"])),
        verify=embedded_facts.verify_simulated,
        options={"seed": Option(natural, simulated.DEFAULT_SEED, "which campaign to simulate")},
    ),
    "two-points": RegressionEntry(
        what="Section 7's two points on the axes; use preprocessing 'none'",
        n=2,
        d=2,
        source="embedded",
        embedded=True,
        load=lambda options, _: two_points.load(options["y1"], options["y2"]),
        verify=embedded_facts.verify_two_points,
        options={
            "y1": Option(real, 10.0, "label of the point [1, 0]"),
            "y2": Option(real, 1.0, "label of the point [0, 1]"),
        },
    ),
    "mnist": ImagesEntry(
        what="MNIST: handwritten digits of 28 × 28 pixels, and 10000 more to test on",
        n=60000,
        d=SIDE * SIDE,
        source="LeCun, Cortes and Burges, downloaded once",
        embedded=False,
        load=lambda _, store: mnist.load(store.folder, offline=store.offline, progress=store.progress),
        verify=image_facts.verify_mnist,
        cached=mnist.cached,
        fetch=lambda folder, progress: mnist.fetch(folder, progress=progress),
    ),
    "digits-simulated": ImagesEntry(
        what="printed digits of 28 × 28 pixels, distorted, in place of MNIST",
        n=digits.N,
        d=SIDE * SIDE,
        source="embedded, made from a seed",
        embedded=True,
        load=lambda options, _: digits.load(int(options["seed"]), int(options["n"]), int(options["n_test"])),
        verify=image_facts.verify_digits,
        options={
            "seed": Option(natural, digits.SEED, "which digits to draw"),
            "n": Option(whole(5100, 10**6, "the first 5000 are for validation"), digits.N, "training images"),
            "n_test": Option(whole(100, 10**6, "fewer measure no accuracy"), digits.N_TEST, "test images"),
        },
    ),
}
