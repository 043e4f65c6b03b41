"""Scalings applied before training. The paper gives none; z-scoring is the choice its starting gaps point to."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from overparam_cli.data.dataset import Array, Dataset
from overparam_cli.errors import ConfigError, DataInvalidError

FAR = 400  # a number beyond 2^±400 is moved nearer before it is squared


def preprocess(dataset: Dataset, method: str = "zscore") -> Dataset:
    """`dataset` with features (n, d) and labels (n, k) scaled by `method`, a name in PREPROCESSING.

    Raises ConfigError for an unknown method, DataInvalidError where a column cannot be scaled (it is constant).
    """
    if method not in PREPROCESSING:
        raise ConfigError(f"unknown preprocessing '{method}': choose one of {', '.join(PREPROCESSING)}")
    X, Y = PREPROCESSING[method](dataset)
    return replace(dataset, X=X, Y=Y)


def none(dataset: Dataset) -> tuple[Array, Array]:
    """The numbers as they are."""
    return dataset.X, dataset.Y


def zscore(dataset: Dataset) -> tuple[Array, Array]:
    """(v − mean) / std per column of features and labels, std with ddof 0."""
    return scaled(dataset, lambda v: (v - v.mean(axis=0)) / v.std(axis=0))


def center(dataset: Dataset) -> tuple[Array, Array]:
    """Subtract every column's mean, keep its units. Raises DataInvalidError where a difference is beyond float64."""
    X, Y = (_centred(values) for values in (dataset.X, dataset.Y))
    if not (np.isfinite(X).all() and np.isfinite(Y).all()):
        raise DataInvalidError(f"{dataset.name}: a column is too large to be centred: give it in another unit")
    return X, Y


@np.errstate(over="ignore")
def _centred(values: Array) -> Array:
    """By a mean whose sum does not overflow."""
    _, exponent = np.frexp(np.abs(values).max(axis=0))
    centred: Array = values - np.ldexp(np.ldexp(values, -exponent).mean(axis=0), exponent)
    return centred


def minmax(dataset: Dataset) -> tuple[Array, Array]:
    """(v − min) / (max − min): every column of features and labels onto [0, 1]."""
    return scaled(dataset, lambda v: (v - v.min(axis=0)) / np.ptp(v, axis=0))


def unit_norm(dataset: Dataset) -> tuple[Array, Array]:
    """Z-score, then divide the features by √d, so that the mean squared row norm (1/n) Σ‖xᵢ‖² is 1."""
    X, Y = zscore(dataset)
    return X / np.sqrt(dataset.d), Y


def zscore_sign(dataset: Dataset) -> tuple[Array, Array]:
    """Z-score the features; labels are +1 above their column's mean and −1 otherwise, for a loss of margins."""
    X, Y = zscore(dataset)
    return X, np.where(Y > 0, 1.0, -1.0)


def scaled(dataset: Dataset, scale: Callable[[Array], Array]) -> tuple[Array, Array]:
    """Features and labels, each scaled column by column. Raises DataInvalidError where a column is constant."""
    names = np.array(dataset.feature_names + dataset.target_names)
    same = [(values == values[0]).all(axis=0) for values in (dataset.X, dataset.Y)]
    constant = names[np.concatenate(same)]
    if constant.size:
        shown = ", ".join(constant[:5]) + (", …" if constant.size > 5 else "")
        raise DataInvalidError(
            f"{dataset.name}: {constant.size} constant column(s) ({shown}) cannot be scaled: "
            "remove them, or choose preprocessing 'none' or 'center'"
        )
    return scale(_moderate(dataset.X)), scale(_moderate(dataset.Y))


def _moderate(values: Array) -> Array:
    """Columns of enormous or tiny numbers in another unit, a power of 2.

    No digit changes by that, nor what a scaling makes of them; but no sum overflows, and no square becomes 0.
    """
    _, exponent = np.frexp(np.abs(values).max(axis=0))
    return np.ldexp(values, np.where(np.abs(exponent) > FAR, -exponent, 0))


PREPROCESSING: dict[str, Callable[[Dataset], tuple[Array, Array]]] = {
    "zscore": zscore,
    "none": none,
    "center": center,
    "minmax": minmax,
    "unit-norm": unit_norm,
    "zscore-sign": zscore_sign,
}
NEED_SPREAD = frozenset({"zscore", "minmax", "unit-norm", "zscore-sign"})  # that a constant column has none of
