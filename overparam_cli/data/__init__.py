"""Where the numbers come from: data sets by name, and the scalings applied before training.

Each name is imported when it is first asked for: whether something is a table is asked wherever experiments are read,
and the rest needs NumPy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from overparam_cli.data.options import is_table

if TYPE_CHECKING:
    from overparam_cli.data.cache import cache_dir
    from overparam_cli.data.dataset import Dataset
    from overparam_cli.data.images import ImageDataset
    from overparam_cli.data.preprocessing import LABELS, NEED_SPREAD, PREPROCESSING, SAME, labels_with, preprocess
    from overparam_cli.data.registry import DATASETS, fetch, list_datasets, load, load_images, verify

__all__ = [
    "DATASETS",
    "LABELS",
    "NEED_SPREAD",
    "PREPROCESSING",
    "SAME",
    "Dataset",
    "ImageDataset",
    "cache_dir",
    "fetch",
    "is_table",
    "labels_with",
    "list_datasets",
    "load",
    "load_images",
    "preprocess",
    "verify",
]
_MODULES = {
    "cache": ("cache_dir",),
    "dataset": ("Dataset",),
    "images": ("ImageDataset",),
    "preprocessing": ("LABELS", "NEED_SPREAD", "PREPROCESSING", "SAME", "labels_with", "preprocess"),
    "registry": ("DATASETS", "fetch", "list_datasets", "load", "load_images", "verify"),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
