"""Which trials of a run folder its last plan asks for, and which plans the others were trained for.

A folder keeps the trials of every plan that was run in it: those of an experiment file before it was edited, of another
`--set` under the same `--name`, of more seeds. Only those of the last plan are reported, drawn and judged, by trial id;
the others stay, and are not run again when they are asked for again.

So a manifest says in `plan` which trials the last plan asks for, finished or not, and in `earlier` the same of every
other plan of which trials stand in the folder. Ids are listed curve by curve, blanks between them: a hundred thousand
are one short file still. A trial that several curves show is listed with each; its row names the first.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from overparam_cli.errors import ConfigError, LogError
from overparam_cli.experiments import Trial, apply_overrides, available, expand, from_dict, load_experiment
from overparam_cli.experiments.trial import COLUMNS

if TYPE_CHECKING:
    import pandas as pd

PLAN, EARLIER = "plan", "earlier"
PARTS = ("full_length", "overrides", "config_hash", "config", "command", PLAN)  # of a manifest, that describe a plan
Shown = Sequence[tuple[str, str]]
"""(trial id, a curve that shows it), a pair for each curve."""


def listed(trials: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Curve → ids of its trials, from (id, curve) pairs; the order is kept."""
    curves: dict[str, list[str]] = {}
    for trial_id, curve in trials:
        curves.setdefault(curve, []).append(trial_id)
    return {curve: " ".join(ids) for curve, ids in curves.items()}


def read_list(plan: Mapping[str, str]) -> Shown:
    """(Trial id, curve) pairs; the inverse of `listed`."""
    return [(trial_id, curve) for curve, ids in plan.items() for trial_id in ids.split()]


def shown_of(trials: Iterable[Trial]) -> Shown:
    """What an experiment's trials are, and which curves show them."""
    return [(trial.trial_id, trial.curve) for trial in trials]


def rows_shown(trials: "pd.DataFrame", plan: Shown) -> "pd.DataFrame":
    """The rows of `trials`, an id each, that a plan shows, with the curve that does: a row a curve, in their order."""
    import numpy as np
    import pandas as pd

    ids, curves = (np.array(names, dtype=object) for names in (zip(*plan, strict=True) if plan else ([], [])))
    places = pd.Index(trials["trial_id"]).get_indexer(pd.Index(ids))
    order = np.argsort(places, kind="stable")
    order = order[places[order] >= 0]
    rows = trials.take(places[order]).reset_index(drop=True)
    return rows.assign(curve=pd.Series(curves[order], dtype=trials["curve"].dtype))


def last_plan(manifest: Mapping[str, Any], trials: "pd.DataFrame") -> Shown:
    """What the last plan asks for.

    A manifest of an earlier version names no ids: its plan is what its configuration expands to. Where that cannot be
    told any more (the user's own table is gone) it is all there is. Raises LogError if then two trials stand for one
    point of the grid, or a row is not that of the trial whose id it has.
    """
    if PLAN in manifest:
        return read_list(manifest[PLAN])
    try:
        found = expand(from_dict(manifest["config"])).get(str(manifest["variant"]))
    except ConfigError:
        found = None
    if found is not None:
        _agree(found, trials)
        return shown_of(found)
    if trials.duplicated(["curve", "lr", "seed"]).any():
        raise LogError(
            "it holds trials of several plans, and its manifest, of an earlier version, does not say which are the "
            "last one's: run the experiment again under another --name"
        )
    return list(zip(trials["trial_id"], trials["curve"], strict=True))


def outdated(manifest: Mapping[str, Any]) -> str:
    """Why a full-length plan of a built-in experiment is not what its file asks for now; "" where it is.

    An experiment may come to read the paper otherwise: what was run before must not be taken for that.
    """
    name, variant = str(manifest["experiment"]), str(manifest["variant"])
    if PLAN not in manifest or not manifest.get("full_length") or name not in {one.name for one in available()}:
        return ""
    try:
        now = apply_overrides(load_experiment(name), manifest.get("overrides") or {})
        asked = {trial.trial_id for trial in expand(now).get(variant, ())}
    except ConfigError:
        asked = set()
    known = {trial_id for trial_id, _ in read_list(manifest[PLAN])}
    return "" if asked and asked <= known else f"trials of an earlier form of {name}: run it again"


def _agree(asked: Iterable[Trial], trials: "pd.DataFrame") -> None:
    """Raise LogError where a row does not say of a trial what its id stands for."""
    rows = trials.set_index("trial_id")[[name for name in COLUMNS if name not in ("trial_id", "experiment", "curve")]]
    said = rows.to_dict("index")
    for trial in asked:
        row = said.get(trial.trial_id, {})
        wrong = [name for name, value in row.items() if getattr(trial, str(name)) != value]
        if wrong:
            raise LogError(f"the {wrong[0]} of trial {trial.trial_id} is not the one that it was run with")


def earlier_plans(before: Mapping[str, Any], trials: "pd.DataFrame", now: Collection[str]) -> list[dict[str, Any]]:
    """What a new manifest says of the plans before it, of which `trials` stand there that are not asked for `now`.

    `before` is the manifest that described them. Trials that it does not account for have no configuration.
    """
    rows = dict(zip(trials["trial_id"], trials["curve"], strict=True))
    left = {trial_id: curve for trial_id, curve in rows.items() if trial_id not in now}
    plans = []
    own = {part: before[part] for part in PARTS if part in before} | {PLAN: listed(last_plan(before, trials))}
    for plan in [own, *before.get(EARLIER, [])]:
        ids = [(trial_id, curve) for trial_id, curve in read_list(plan[PLAN]) if trial_id in left]
        for trial_id, _ in ids:
            left.pop(trial_id, None)
        plans += [{**plan, PLAN: listed(ids)}] if ids else []
    return plans + ([{"config": None, PLAN: listed(left.items())}] if left else [])
