"""Finished trials of other experiments: its id says what a trial is, so none runs twice.

The blog's figure, for one, is made of trials that Figures 3 and 4 have run already.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from overparam_cli.errors import LogError
from overparam_cli.experiments import Trial
from overparam_cli.results.manifest import read_run_manifest
from overparam_cli.results.reading import Tables, read_tables
from overparam_cli.results.rows import Rows, joined


@dataclass(frozen=True)
class Found:
    """Rows to take over, renamed for their new place, and which run folder each trial came from."""

    trials: pd.DataFrame
    log: pd.DataFrame
    sources: dict[str, str]  # trial id → fig3/l4
    thinned: bool  # whether the log of one of these keeps some of its rows alone


def find(
    missing: Sequence[Trial],
    folders: Iterable[Path],
    *,
    kind: str,
    fingerprint: str,
    columns: Sequence[str],
    fit: Callable[[Trial, Mapping[str, Any]], bool],
    whole: bool,
) -> Found | None:
    """Look for `missing` in run `folders`.

    Only in those of the same `kind`, on the data with the same `fingerprint`, whose log has `columns` (which alone are
    taken over); only trials whose log is `fit` for this experiment, and where it is to be `whole`, not in those whose
    log keeps some of its rows alone. The first folder that has a trial gives it, those with whole logs before others.
    """
    wanted = {trial.trial_id: trial for trial in missing}
    trials, logs = [], []
    sources: dict[str, str] = {}
    some_thinned = False
    for place, run in _fitting(folders, kind, fingerprint):
        thinned = bool(run.manifest.get("thinned"))
        if (whole and thinned) or not {*columns} <= {*run.log}:
            continue
        here = run.trials[run.trials["trial_id"].isin(set(wanted) - set(sources))]
        log = run.log[run.log["trial_id"].isin(here["trial_id"])]
        inside = Rows(log)
        own = {name: wanted[name] for name in here["trial_id"] if fit(wanted[name], inside.of(name))}
        if not own:
            continue
        rows = here[here["trial_id"].isin(own)]
        names = {name: [getattr(trial, name) for trial in own.values()] for name in ("experiment", "curve")}
        trials.append(rows.assign(**names))
        logs.append(log[log["trial_id"].isin(own)][list(columns)])
        sources |= dict.fromkeys(own, f"{place.parent.name}/{place.name}")
        some_thinned |= thinned
    return Found(pd.concat(trials), joined(logs), sources, some_thinned) if sources else None


def _fitting(folders: Iterable[Path], kind: str, fingerprint: str) -> Iterator[tuple[Path, Tables]]:
    """The run folders whose manifest does not rule them out, whole logs first; what cannot be read is not our business.

    Nor is what is no longer as it was written.
    """
    fitting: dict[Path, bool] = {}
    for path in folders:
        with suppress(LogError):
            manifest = read_run_manifest(path)
            if manifest["config"].get("kind") == kind and manifest["dataset"].get("fingerprint") == fingerprint:
                fitting[path] = bool(manifest.get("thinned"))
    for path in sorted(fitting, key=lambda path: fitting[path]):
        with suppress(LogError):
            found = read_tables(path)
            if not found.changed:
                yield path, found
