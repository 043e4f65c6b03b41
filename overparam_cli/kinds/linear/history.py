"""What a batch has logged so far: columns that grow by a snapshot, and the two tables they end up in."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from overparam_cli.kinds.linear.engine import Snapshot
from overparam_cli.kinds.linear.trial import LinearTrial
from overparam_cli.results.rows import Owners
from overparam_cli.results.schema import COMPLETED, DIVERGED, STOPPED
from overparam_cli.run import saved

if TYPE_CHECKING:
    import pandas as pd


class History:
    """Logged values of the trials of one batch."""

    def __init__(self, trials: Sequence[LinearTrial], measures: Sequence[str] = ()) -> None:
        """Start with nothing logged; `measures` are the columns that are measured besides."""
        self.trials, self.measures = list(trials), list(measures)
        self.diverged: dict[str, int] = {}  # trial id → iteration
        self.stopped: set[str] = set()  # trial ids
        self.latest: dict[str, float] = {}  # trial id → last logged loss, for progress displays
        self._place = {trial.trial_id: place for place, trial in enumerate(trials)}
        self._columns: dict[str, list[Tensor]] = {}

    def add(self, snapshot: Snapshot, measured: Mapping[str, Tensor] | None = None) -> None:
        """Take in a snapshot, and what else was measured at it, each (B,) in the order of its trials."""
        self.diverged.update({trial.trial_id: snapshot.iteration for trial in snapshot.diverged})
        for trial in snapshot.diverged:
            self.latest.pop(trial.trial_id, None)
        if snapshot.iteration == 0 and snapshot.diverged:  # not finite from the start: every trial has a first row
            nan = torch.full((len(snapshot.diverged),), torch.nan, dtype=torch.float64)
            self._append(snapshot.diverged, 0, {"loss": nan, "norm": nan} | dict.fromkeys(self.measures, nan))
        if snapshot.loss is None or snapshot.norm is None:
            return
        self._append(
            snapshot.trials, snapshot.iteration, {"loss": snapshot.loss, "norm": snapshot.norm, **(measured or {})}
        )
        self.latest.update(zip((trial.trial_id for trial in snapshot.trials), snapshot.loss.tolist(), strict=True))

    def stop(self, snapshot: Snapshot, optimal_loss: float) -> tuple[LinearTrial, ...]:
        """Take note of trials that have come to the gap at which they end by `snapshot`; returns them."""
        if snapshot.loss is None:
            return ()
        gaps = (snapshot.loss - optimal_loss).tolist()
        there = tuple(
            trial
            for trial, gap in zip(snapshot.trials, gaps, strict=True)
            if trial.stop_at_gap and gap <= trial.stop_at_gap
        )
        self.stopped |= {trial.trial_id for trial in there if snapshot.iteration < trial.iterations}
        return there

    def _append(self, trials: Sequence[LinearTrial], iteration: int, values: Mapping[str, Tensor]) -> None:
        places = torch.tensor([self._place[trial.trial_id] for trial in trials])
        columns = {"place": places, "iteration": torch.full_like(places, iteration)}
        columns |= {name: value.double().cpu() for name, value in values.items()}
        for name, value in columns.items():
            self._columns.setdefault(name, []).append(value)

    def state(self) -> dict[str, Any]:
        """Everything, as tensors and plain values, for a checkpoint."""
        columns = {name: torch.cat(parts) for name, parts in self._columns.items()}
        return {
            "columns": columns,
            "diverged": dict(self.diverged),
            "latest": dict(self.latest),
            "stopped": sorted(self.stopped),
        }

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint of the same trials; raises one of `saved.MALFORMED` where it is of no such."""
        columns = {str(name): value for name, value in state["columns"].items()}
        place, rows = columns["place"], len(columns["place"])
        for name, value in columns.items():
            whole = name in ("place", "iteration")
            saved.tensor(value, torch.empty(rows, dtype=torch.int64 if whole else torch.float64))
        known = set(place.unique().tolist()) == {*range(len(self.trials))}
        if not known or not {"iteration", "loss", "norm"} <= {*columns}:
            raise ValueError("its log is not that of these trials")
        self._columns = {name: [value] for name, value in columns.items()}
        self.diverged = {self._known(name): int(at) for name, at in state["diverged"].items()}
        self.stopped = {self._known(name) for name in state.get("stopped", ())}
        self.latest = {self._known(name): float(loss) for name, loss in state["latest"].items()}

    def _known(self, trial_id: str) -> str:
        return self.trials[self._place[trial_id]].trial_id

    def log_table(self, optimal_loss: float) -> "pd.DataFrame":
        """`log.csv` of this batch: trial by trial in the order of `trials`, iterations rising."""
        import pandas as pd

        columns = {name: torch.cat(parts).numpy() for name, parts in self._columns.items()}
        table = pd.DataFrame(columns).sort_values(["place", "iteration"], kind="stable", ignore_index=True)
        ids = [trial.trial_id for trial in self.trials]
        table.insert(0, "trial_id", pd.Series(pd.Categorical.from_codes(table.pop("place").to_numpy(), pd.Index(ids))))
        table.insert(3, "gap", table["loss"] - optimal_loss)
        return table

    def trial_table(self, log: "pd.DataFrame", optimal_loss: float) -> "pd.DataFrame":
        """`trials.csv` of this batch, from its own log table."""
        import numpy as np
        import pandas as pd

        owners, every = Owners(log["trial_id"]), np.ones(len(log), dtype=bool)  # in the order of `trials`
        at = [self.diverged.get(trial.trial_id) for trial in self.trials]
        lost = np.array([where is not None for where in at])
        stopped = np.array([trial.trial_id in self.stopped for trial in self.trials])
        loss = log["loss"].to_numpy()
        final, best = np.where(lost, np.nan, owners.last(loss, every)), owners.least(loss, every)
        outcome = {
            "status": np.where(lost, DIVERGED, np.where(stopped, STOPPED, COMPLETED)),
            "diverged_at": pd.array(at, dtype="Int64"),
            "final_loss": final,
            "final_gap": final - optimal_loss,
            "best_loss": best,
            "best_gap": best - optimal_loss,
        }
        columns = pd.DataFrame([trial.columns() for trial in self.trials])
        extras = pd.DataFrame([trial.extras() for trial in self.trials])
        norm = np.where(lost, np.nan, owners.last(log["norm"].to_numpy(), every))
        return pd.concat([columns, pd.DataFrame(outcome), extras, pd.DataFrame({"final_norm": norm})], axis=1)
