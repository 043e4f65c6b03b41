"""Where the numbers come from: data sets by name, and the scalings applied before training."""

from overparam_cli.data.dataset import Dataset
from overparam_cli.data.preprocessing import PREPROCESSING, preprocess
from overparam_cli.data.registry import load

__all__ = ["PREPROCESSING", "Dataset", "load", "preprocess"]
