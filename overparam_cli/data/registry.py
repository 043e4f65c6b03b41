"""The registry of data sets: by name, one way in for all of them."""

from collections.abc import Sequence
from pathlib import Path

from overparam_cli.data import gas_facts, gas_sensor
from overparam_cli.data.cache import cache_dir
from overparam_cli.data.dataset import Dataset
from overparam_cli.errors import ConfigError


def load(spec: str, *, targets: Sequence[str] = (), data_dir: Path | None = None, offline: bool = False) -> Dataset:
    """The data set `spec`, as it is, unscaled."""
    if spec not in gas_sensor.GASES:
        raise ConfigError(f"unknown data set '{spec}': choose from {', '.join(gas_sensor.GASES)}")
    return gas_facts.checked(spec, gas_sensor.find_batches(cache_dir(data_dir)))
