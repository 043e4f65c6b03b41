"""Where the numbers come from: data sets by name, and the scalings applied before training."""

from overparam_cli.data.cache import cache_dir
from overparam_cli.data.dataset import Dataset
from overparam_cli.data.images import ImageDataset
from overparam_cli.data.preprocessing import PREPROCESSING, preprocess
from overparam_cli.data.registry import DATASETS, fetch, list_datasets, load, load_images, verify
from overparam_cli.data.table import TABLE_SUFFIXES, is_table

__all__ = [
    "DATASETS",
    "PREPROCESSING",
    "TABLE_SUFFIXES",
    "Dataset",
    "ImageDataset",
    "cache_dir",
    "fetch",
    "is_table",
    "list_datasets",
    "load",
    "load_images",
    "preprocess",
    "verify",
]
