"""Finished trials of other experiments in the same results folder: its id says what a trial is, so none runs twice.

The blog's figure, for one, is made of trials that Figures 3 and 4 have run already.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from overparam_cli.errors import LogError
from overparam_cli.experiments import AnyTrial
from overparam_cli.results import logs

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Found:
    """Rows to take over, renamed for their new place, and which run folder each trial came from."""

    trials: "pd.DataFrame"
    log: "pd.DataFrame"
    sources: dict[str, str]  # trial id → fig3/l4
    fingerprint: str  # of the data they were trained on

    def log_of(self, trial: AnyTrial) -> "pd.DataFrame":
        """One trial's rows of the log; none if it was not found."""
        return self.log[self.log["trial_id"] == trial.trial_id]

    def only(self, trial_ids: Sequence[str]) -> "Found":
        """The same of fewer trials."""
        kept = {trial_id: source for trial_id, source in self.sources.items() if trial_id in set(trial_ids)}
        trials, log = (table[table["trial_id"].isin(kept)] for table in (self.trials, self.log))
        return Found(trials, log, kept, self.fingerprint)


def find(missing: Sequence[AnyTrial], folder: Path, columns: Sequence[str]) -> Found | None:
    """Look for `missing` in the other run folders below the results folder that `folder` belongs to.

    `columns` of the log are taken over; folders that lack one are passed over.

    Folders that cannot be read are passed over: they are not this run's business.
    """
    import pandas as pd

    wanted = {trial.trial_id: trial for trial in missing}
    results, trials, texts, fingerprint = folder.parents[1], [], [], None
    sources: dict[str, str] = {}
    for path in sorted(results.glob(f"*/*/{logs.TRIALS}")):
        if path.parent == folder:
            continue
        try:
            run = logs.read_run(path.parent)
        except LogError:
            continue
        rows = run.trials[run.trials["trial_id"].isin(set(wanted) - set(sources))]
        own_data = run.manifest["dataset"].get("fingerprint")
        if rows.empty or own_data is None or fingerprint not in (None, own_data) or not {*columns} <= {*run.log}:
            continue
        fingerprint = own_data
        own = [wanted[trial_id] for trial_id in rows["trial_id"]]
        trials.append(rows.assign(experiment=[t.experiment for t in own], curve=[t.curve for t in own]))
        texts.append(run.log[run.log["trial_id"].isin(rows["trial_id"])][list(columns)])
        sources |= dict.fromkeys(rows["trial_id"], f"{path.parent.parent.name}/{path.parent.name}")
    if fingerprint is None:
        return None
    return Found(pd.concat(trials), pd.concat(texts), sources, fingerprint)
