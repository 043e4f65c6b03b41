"""Scalings applied before training. The paper gives none; z-scoring is the choice its starting gaps point to.

A scaling is a function of a matrix (n, m) of features or of labels, column by column unless it says otherwise.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from overparam_cli.data.dataset import Array, Dataset
from overparam_cli.errors import ConfigError, DataInvalidError

FAR = 400  # a number beyond 2^±400 is moved nearer before it is squared
SAME = "same"  # labels as the scaling of the features has them


def preprocess(dataset: Dataset, method: str = "zscore", labels: str = SAME) -> Dataset:
    """`dataset` with features (n, d) scaled by `method`, a name in PREPROCESSING, and labels (n, k) by one in LABELS.

    By default the labels are scaled as the features are; where that is a matter of rows or signs, LABELS_WITH says how.
    Raises ConfigError for an unknown scaling, DataInvalidError where something cannot be scaled (it is constant).
    """
    if method not in PREPROCESSING:
        raise ConfigError(f"unknown preprocessing '{method}': choose one of {', '.join(PREPROCESSING)}")
    if labels not in (SAME, *LABELS):
        raise ConfigError(f"unknown label_preprocessing '{labels}': choose one of {', '.join((SAME, *LABELS))}")
    labels = labels_with(method) if labels == SAME else labels
    _check_scalable(dataset, method, labels)
    X, Y = PREPROCESSING[method](dataset.X), LABELS[labels](dataset.Y)
    if not (np.isfinite(X).all() and np.isfinite(Y).all()):
        raise DataInvalidError(f"{dataset.name}: a column is too large to be centred: give it in another unit")
    return replace(dataset, X=X, Y=Y)


def labels_with(method: str) -> str:
    """The scaling of labels that goes with one of features where no other is asked for."""
    return LABELS_WITH.get(method, method)


def none(values: Array) -> Array:
    """The numbers as they are."""
    return values


@np.errstate(over="ignore")
def center(values: Array) -> Array:
    """Subtract every column's mean, whose sum does not overflow, and keep its units; infinite where float64 ends."""
    _, exponent = np.frexp(np.abs(values).max(axis=0))
    centred: Array = values - np.ldexp(np.ldexp(values, -exponent).mean(axis=0), exponent)
    return centred


def zscore(values: Array) -> Array:
    """(v − mean) / std, std with ddof 0."""
    v = _moderate(values)
    scaled: Array = (v - v.mean(axis=0)) / v.std(axis=0)
    return scaled


def std(values: Array) -> Array:
    """v / std, std with ddof 0; nothing is subtracted."""
    v = _moderate(values)
    scaled: Array = v / v.std(axis=0)
    return scaled


def minmax(values: Array) -> Array:
    """(v − min) / (max − min): every column onto [0, 1]."""
    v = _moderate(values)
    scaled: Array = (v - v.min(axis=0)) / np.ptp(v, axis=0)
    return scaled


def minmax_signed(values: Array) -> Array:
    """2 (v − min) / (max − min) − 1: every column onto [−1, 1]."""
    return 2 * minmax(values) - 1


def maxabs(values: Array) -> Array:
    """v / max |v|: every column into [−1, 1], 0 stays 0; the maximum itself where no number is negative."""
    v = _moderate(values)
    scaled: Array = v / np.abs(v).max(axis=0)
    return scaled


def unit_norm(values: Array) -> Array:
    """Z-score, then divide by √m, so that the mean squared norm of a row is 1."""
    scaled: Array = zscore(values) / np.sqrt(values.shape[1])
    return scaled


def unit_rows(values: Array) -> Array:
    """v / ‖v‖ row by row, so that every example has norm 1; no column is scaled."""
    _, exponent = np.frexp(np.abs(values).max(axis=1, keepdims=True))
    v = np.ldexp(values, -exponent)
    scaled: Array = v / np.linalg.norm(v, axis=1, keepdims=True)
    return scaled


def sign(values: Array) -> Array:
    """+1 above the column's mean and −1 otherwise, for a loss of margins."""
    return np.where(zscore(values) > 0, 1.0, -1.0)


def _moderate(values: Array) -> Array:
    """Columns of enormous or tiny numbers in another unit, a power of 2.

    No digit changes by that, nor what a scaling makes of them; but no sum overflows, and no square becomes 0.
    """
    _, exponent = np.frexp(np.abs(values).max(axis=0))
    return np.ldexp(values, np.where(np.abs(exponent) > FAR, -exponent, 0))


def _check_scalable(dataset: Dataset, method: str, labels: str) -> None:
    """Raise DataInvalidError where there is nothing to divide by."""
    flat = [
        name
        for scaling, values, names in (
            (method, dataset.X, dataset.feature_names),
            (labels, dataset.Y, dataset.target_names),
        )
        for name in _flat(scaling, values, names)
    ]
    if flat:
        shown = ", ".join(flat[:5]) + (", …" if len(flat) > 5 else "")
        raise DataInvalidError(
            f"{dataset.name}: {len(flat)} constant column(s) ({shown}) cannot be scaled: "
            "remove them, or choose preprocessing 'none' or 'center'"
        )
    if method == "unit-rows" and (empty := np.flatnonzero(~dataset.X.any(axis=1))).size:
        shown = ", ".join(str(row + 1) for row in empty[:5]) + (", …" if empty.size > 5 else "")
        raise DataInvalidError(
            f"{dataset.name}: the features of {empty.size} row(s) ({shown}) are all 0 and cannot be brought to norm 1: "
            "remove them, or choose another preprocessing"
        )


def _flat(scaling: str, values: Array, names: tuple[str, ...]) -> Iterator[str]:
    """The columns that a scaling would divide by 0."""
    if scaling in NEED_SPREAD:
        yield from np.array(names)[(values == values[0]).all(axis=0)]
    elif scaling == "maxabs":
        yield from np.array(names)[~values.any(axis=0)]


Scalings = Mapping[str, Callable[[Array], Array]]

_BY_COLUMN: Scalings = {
    "zscore": zscore,
    "none": none,
    "center": center,
    "std": std,
    "minmax": minmax,
    "minmax-signed": minmax_signed,
    "maxabs": maxabs,
}
PREPROCESSING: Scalings = {**_BY_COLUMN, "unit-norm": unit_norm, "unit-rows": unit_rows, "zscore-sign": zscore}
LABELS: Scalings = {**_BY_COLUMN, "sign": sign}
LABELS_WITH: Mapping[str, str] = {"unit-norm": "zscore", "unit-rows": "zscore", "zscore-sign": "sign"}
NEED_SPREAD = frozenset(  # that a constant column has none of
    {"zscore", "std", "minmax", "minmax-signed", "unit-norm", "zscore-sign", "sign"}
)
