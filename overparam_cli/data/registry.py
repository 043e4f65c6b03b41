"""The registry of data sets: every problem by name, and one way to load, list, fetch and verify them."""

import difflib
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from overparam_cli.data import embedded_facts, gas_facts, gas_fetch, simulated, table, two_points
from overparam_cli.data.cache import cache_dir
from overparam_cli.data.checks import Check
from overparam_cli.data.dataset import Dataset
from overparam_cli.data.gas_sensor import FEATURES, GASES, find_batches
from overparam_cli.data.options import Option, natural, parse_options, real, split_spec
from overparam_cli.errors import ConfigError, DataInvalidError, DataUnavailableError, StorageError


@dataclass(frozen=True)
class Store:
    """Where data may be looked for, and whether the network may be asked."""

    folder: Path
    offline: bool = False
    progress: bool = False


@dataclass(frozen=True)
class Entry:
    """One data set. `cached`, `fetch` and `verify` take the data folder."""

    what: str
    n: int
    d: int
    source: str
    embedded: bool
    load: Callable[[Mapping[str, float], Store], Dataset]
    verify: Callable[[Path], list[Check]]
    cached: Callable[[Path], str] = field(default=lambda _: "embedded")  # "yes", "no", "incomplete", "embedded"
    fetch: Callable[[Path, bool], Path] = field(default=lambda folder, _: folder)
    options: Mapping[str, Option] = field(default_factory=dict)


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
    bar = sys.stderr.isatty() if progress is None else progress
    return entry.load(parse_options(name, text, entry.options), Store(cache_dir(data_dir), offline, bar))


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


def _load_gas(gas: str, _: Mapping[str, float], store: Store) -> Dataset:
    if lacking := gas_fetch.missing(store.folder):
        if store.offline:
            why = f"{lacking}, and --offline forbids the network"
            raise DataUnavailableError(gas_fetch.unavailable(gas, store.folder, why))
        try:
            gas_fetch.fetch_gas(gas, store.folder, progress=store.progress)
        except StorageError as error:  # to somebody who wanted to run something, a full or forbidden folder is no data
            raise DataUnavailableError(gas_fetch.unavailable(gas, store.folder, f"{lacking}, and {error}")) from None
    return gas_facts.checked(gas, find_batches(store.folder))


def _gas_cached(gas: str, folder: Path) -> str:
    try:
        if gas_fetch.missing(folder):
            return "no"
        gas_facts.checked(gas, find_batches(folder))
    except DataInvalidError:
        return "incomplete"
    return "yes"


def _verify_gas(gas: str, folder: Path) -> list[Check]:
    if lacking := gas_fetch.missing(folder):
        raise DataUnavailableError(gas_fetch.unavailable(gas, folder, lacking))
    return gas_facts.verify(gas, folder)


def _gas(gas: str, n: int) -> Entry:
    return Entry(
        what=f"gas-sensor array, {gas}: concentration in ppmv from 16 sensors × 8 features",
        n=n,
        d=FEATURES,
        source="UCI 270, downloaded once",
        embedded=False,
        load=partial(_load_gas, gas),
        verify=partial(_verify_gas, gas),
        cached=partial(_gas_cached, gas),
        fetch=lambda folder, progress: gas_fetch.fetch_gas(gas, folder, progress=progress),
    )


_TABLES = ", ".join(f"*{suffix}" for suffix in table.TABLE_SUFFIXES)
_ROWS = {"ethanol": 2565, "ethylene": 2926, "ammonia": 1641, "acetaldehyde": 1936, "acetone": 3009, "toluene": 1833}

DATASETS: dict[str, Entry] = {
    **{gas: _gas(gas, _ROWS[gas]) for gas in GASES},
    "simulated": Entry(
        what="a simulated gas-sensor array, made to resemble ethanol",
        n=2565,
        d=FEATURES,
        source="embedded, made from a seed",
        embedded=True,
        load=lambda options, _: simulated.load(int(options["seed"])),
        verify=embedded_facts.verify_simulated,
        options={"seed": Option(natural, simulated.DEFAULT_SEED, "which campaign to simulate")},
    ),
    "two-points": Entry(
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
}
