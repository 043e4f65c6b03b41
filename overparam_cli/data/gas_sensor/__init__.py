"""The UCI gas-sensor array drift data, the paper's Ethanol problem and those of the five other gases."""

from functools import partial
from pathlib import Path

from overparam_cli.data.entries import Download, RegressionEntry
from overparam_cli.data.gas_sensor.batches import FEATURE_NAMES, FEATURES, SENSORS, find_batches
from overparam_cli.data.gas_sensor.facts import ROWS, checked, verify
from overparam_cli.data.gas_sensor.fetch import EXPECTED, STAND_IN, fetch_gas, missing
from overparam_cli.errors import DataInvalidError


def _entry(gas: str) -> RegressionEntry:
    return RegressionEntry(
        what=f"gas-sensor array, {gas}: concentration in ppmv from {SENSORS} sensors × {len(FEATURE_NAMES)} features",
        n=ROWS[gas],
        d=FEATURES,
        source="UCI 270, downloaded once",
        load=lambda _, folder: checked(gas, find_batches(folder)),
        verify=partial(verify, gas),
        download=Download(
            missing=missing,
            fetch=lambda folder, progress: fetch_gas(gas, folder, progress=progress),
            cached=partial(_cached, gas),
            stand_in=STAND_IN,
            expected=EXPECTED,
        ),
        paper=gas == "ethanol",
    )


def _cached(gas: str, folder: Path) -> str:
    try:
        if missing(folder):
            return "no"
        checked(gas, find_batches(folder))
    except DataInvalidError:
        return "incomplete"
    return "yes"


ENTRIES = {gas: _entry(gas) for gas in ROWS}
