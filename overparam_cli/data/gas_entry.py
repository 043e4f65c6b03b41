"""The gases in the registry: how each is loaded, looked for, fetched and verified."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from overparam_cli.data import gas_facts
from overparam_cli.data.cache import unavailable
from overparam_cli.data.checks import Check
from overparam_cli.data.dataset import Dataset
from overparam_cli.data.entries import RegressionEntry, Store
from overparam_cli.data.gas_facts import checked
from overparam_cli.data.gas_fetch import STAND_IN, fetch_gas, missing
from overparam_cli.data.gas_sensor import FEATURES, find_batches
from overparam_cli.errors import DataInvalidError, DataUnavailableError, StorageError


def gas_entry(gas: str, n: int) -> RegressionEntry:
    """The entry of one gas, of which there are n rows."""
    return RegressionEntry(
        what=f"gas-sensor array, {gas}: concentration in ppmv from 16 sensors × 8 features",
        n=n,
        d=FEATURES,
        source="UCI 270, downloaded once",
        embedded=False,
        load=partial(_load, gas),
        verify=partial(_verify, gas),
        cached=partial(_cached, gas),
        fetch=lambda folder, progress: fetch_gas(gas, folder, progress=progress),
    )


def _load(gas: str, _: Mapping[str, float], store: Store) -> Dataset:
    if lacking := missing(store.folder):
        if store.offline:
            why = f"{lacking}, and --offline forbids the network"
            raise DataUnavailableError(unavailable(gas, store.folder, why, STAND_IN))
        try:
            fetch_gas(gas, store.folder, progress=store.progress)
        except StorageError as error:  # to somebody who wanted to run something, a full or forbidden folder is no data
            raise DataUnavailableError(unavailable(gas, store.folder, f"{lacking}, and {error}", STAND_IN)) from None
    return checked(gas, find_batches(store.folder))


def _cached(gas: str, folder: Path) -> str:
    try:
        if missing(folder):
            return "no"
        checked(gas, find_batches(folder))
    except DataInvalidError:
        return "incomplete"
    return "yes"


def _verify(gas: str, folder: Path) -> list[Check]:
    if lacking := missing(folder):
        raise DataUnavailableError(unavailable(gas, folder, lacking, STAND_IN))
    return gas_facts.verify(gas, folder)
