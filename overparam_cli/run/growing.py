"""A CSV file that a run replaces whole at every commit: what was rendered for the last one is not rendered again."""

import hashlib
from typing import TYPE_CHECKING

from overparam_cli.results import store

if TYPE_CHECKING:
    import pandas as pd


class Growing:
    """The content of one file, as pieces of bytes, and its SHA-256."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.pieces: list[bytes] = []
        self._hash = hashlib.sha256()
        self._like: list[tuple[str, str]] = []
        self._rows = 0

    def become(self, table: "pd.DataFrame", *, grown: bool) -> None:
        """Hold this table; `grown` says that what it held before is the table's beginning.

        Whether a column is of whole numbers says how all of its values are written, and so it must have stayed that.
        """
        like = [(str(name), "" if name == "trial_id" else str(dtype)) for name, dtype in table.dtypes.items()]
        if grown and self.pieces and like == self._like:
            more = store.render(table.iloc[self._rows :], header=False)
        else:
            self.pieces, self._hash, more = [], hashlib.sha256(), store.render(table)
        self._like, self._rows = like, len(table)
        self.pieces.append(more)
        self._hash.update(more)

    @property
    def digest(self) -> str:
        """As `results.digests` has it of the whole."""
        return self._hash.hexdigest()
