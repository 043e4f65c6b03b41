"""Where downloaded data lives."""

import os
from pathlib import Path

import platformdirs


def cache_dir(data_dir: Path | None = None) -> Path:
    """The data folder: `data_dir` if given, else OVERPARAM_DATA, else the user's cache folder of this system."""
    if data_dir is not None:
        return data_dir.expanduser()
    if named := os.environ.get("OVERPARAM_DATA"):
        return Path(named).expanduser()
    return Path(platformdirs.user_cache_dir("overparam"))
