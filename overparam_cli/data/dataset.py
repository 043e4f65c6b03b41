"""One regression problem: features, labels, and where they came from."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overparam_cli.errors import DataInvalidError

Array = NDArray[np.float64]


def problem_fingerprint(X: Array, Y: Array) -> str:
    """SHA-256 over the shapes and the little-endian float64 bytes of X and Y, first 16 hexadecimal digits."""
    digest = hashlib.sha256()
    for array in (X, Y):
        digest.update(repr(array.shape).encode())
        digest.update(np.ascontiguousarray(array, dtype="<f8").tobytes())
    return digest.hexdigest()[:16]


@dataclass(frozen=True, eq=False)
class Dataset:
    """A linear-regression problem: n rows, d features, k outputs.

    `fingerprint` is that of the problem as it was parsed, and preprocessing hands it on unchanged: scaling is
    arithmetic whose last bit depends on the machine, and the same data must not get another name there.

    Raises DataInvalidError if the shapes do not fit together or a number is not finite.
    """

    name: str  # as asked for: "ethanol", "simulated:seed=3", "table.csv"
    X: Array  # (n, d)
    Y: Array  # (n, k)
    source: str  # human words: where it came from
    embedded: bool  # made by the program, not measured: said in every log, plot and table
    feature_names: tuple[str, ...]  # d
    target_names: tuple[str, ...]  # k
    fingerprint: str = ""  # computed from X and Y when not given
    notes: tuple[str, ...] = ()  # what is to be said about how it was read: a column left out, …
    own: bool = False  # the user's own table

    def __post_init__(self) -> None:
        n, d, k = len(self.X), len(self.feature_names), len(self.target_names)
        if self.X.shape != (n, d) or self.Y.shape != (n, k) or min(n, d, k) == 0:
            raise DataInvalidError(
                f"{self.name}: features {self.X.shape} and targets {self.Y.shape} do not fit together "
                f"({d} feature names, {k} target names): one row per sample and one name per column are needed"
            )
        if not (np.isfinite(self.X).all() and np.isfinite(self.Y).all()):
            raise DataInvalidError(f"{self.name}: not every number is finite; remove or mend those rows")
        if not self.fingerprint:
            object.__setattr__(self, "fingerprint", problem_fingerprint(self.X, self.Y))

    @property
    def n(self) -> int:
        """Rows."""
        return len(self.X)

    @property
    def d(self) -> int:
        """Features."""
        return len(self.feature_names)

    @property
    def k(self) -> int:
        """Outputs."""
        return len(self.target_names)
