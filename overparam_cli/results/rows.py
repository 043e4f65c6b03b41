"""The rows of a log, trial by trial, however many trials there are: nothing here goes by the single trial.

Ids are compared once, when they become numbers; all else is arithmetic on whole columns.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

Array = npt.NDArray[Any]


class Owners:
    """Which trial each row of a log belongs to."""

    def __init__(self, ids: "pd.Series") -> None:
        """`ids`: the column `trial_id`."""
        import pandas as pd

        self.places, names = pd.factorize(ids)  # of a row: the number of its trial, in the order of appearance
        self.names = pd.Index(names).astype(str)

    def of(self, values: "pd.Series") -> Array:
        """For each row the value that its trial has in `values`, by id; NaN where it has none."""
        return self.named(values)[self.places]

    def named(self, values: "pd.Series") -> Array:
        """For each trial of `names` its value in `values`, by id; NaN where it has none."""
        return np.asarray(values.reindex(self.names), dtype=np.float64)

    def counts(self, rows: Array) -> Array:
        """How many of the `rows`, a mask, each trial of `names` has."""
        return np.bincount(self.places[rows], minlength=len(self.names))

    def first(self, values: Array, rows: Array) -> Array:
        """The value that each trial of `names` has in the first of its `rows`, a mask; NaN without any."""
        return self._one(values[rows][::-1], self.places[rows][::-1])

    def last(self, values: Array, rows: Array) -> Array:
        """As `first`, in the last of them."""
        return self._one(values[rows], self.places[rows])

    def _one(self, values: Array, places: Array) -> Array:
        found = np.full(len(self.names), np.nan)
        found[places] = values  # of several rows the last stays
        return found

    def least(self, values: Array, rows: Array) -> Array:
        """The smallest value of the `rows`, a mask, of each trial of `names`; NaN where it has none of them."""
        return self._extreme(np.fmin, np.inf, values, rows)

    def most(self, values: Array, rows: Array) -> Array:
        """The largest, as `least`."""
        return self._extreme(np.fmax, -np.inf, values, rows)

    def _extreme(self, choose: np.ufunc, start: float, values: Array, rows: Array) -> Array:
        found = np.full(len(self.names), start)
        choose.at(found, self.places[rows], values[rows].astype(np.float64))
        return np.where(np.isinf(found), np.nan, found)


class Rows:
    """The columns of a log, the rows of each trial together and by iteration."""

    def __init__(self, log: "pd.DataFrame") -> None:
        """A log in any order; what is in order already is not copied."""
        owners = Owners(log["trial_id"])
        places, iterations = owners.places, log["iteration"].to_numpy()
        step = np.diff(places)
        if not np.all((step > 0) | ((step == 0) & (np.diff(iterations) > 0))):
            order = np.lexsort((iterations, places))
            log, places = log.take(order), places[order]
        self._columns = {str(name): log[name].to_numpy() for name in log if name != "trial_id"}
        self._names, self._ends = owners.names, np.searchsorted(places, np.arange(len(owners.names) + 1))

    @cached_property
    def _place(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self._names)}

    def of(self, trial_id: str) -> Mapping[str, Array]:
        """The columns of one trial, as views; empty ones where it has no rows."""
        place = self._place.get(trial_id)
        own = slice(0, 0) if place is None else slice(self._ends[place], self._ends[place + 1])
        return {name: values[own] for name, values in self._columns.items()}


def joined(logs: "Sequence[pd.DataFrame]") -> "pd.DataFrame":
    """Logs one after another, each id kept once."""
    import pandas as pd
    from pandas.api.types import union_categoricals

    ids = union_categoricals([log["trial_id"].astype("category") for log in logs])
    table = pd.concat([log.drop(columns="trial_id") for log in logs], ignore_index=True)
    table.insert(0, "trial_id", pd.Series(ids))
    return table


def by_plan(table: "pd.DataFrame", plan: Mapping[str, Any]) -> "pd.DataFrame":
    """The rows of a table in the order in which a plan names their trials, those of other trials behind them."""
    import pandas as pd

    place = pd.Series(np.arange(len(plan)), [*plan])
    rank = np.nan_to_num(Owners(table["trial_id"]).of(place), nan=len(plan))
    return table if np.all(np.diff(rank) >= 0) else table.take(np.argsort(rank, kind="stable"))
