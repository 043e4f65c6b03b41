"""From a results folder to a claim's evidence: unfinished seeds left out, and what bars it from a verdict.

A verdict on the paper needs the experiment's full iterations and grid on the paper's own data. What a folder lacks of
that is listed in its `shortcomings`; then its numbers are shown and never counted.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from overparam_cli.claims.evidence import RunEvidence, TableEvidence
from overparam_cli.claims.model import CannotJudgeError
from overparam_cli.errors import LogError
from overparam_cli.results import logs
from overparam_cli.results.analysis import full_iterations, iterations, measure_of
from overparam_cli.results.logs import Run
from overparam_cli.results.record import TABLE, Record

BENCH = "bench.csv"
BENCH_DATASETS = ("ethanol",)
FULL_ROUNDS = 7  # what `overparam bench` does unless told otherwise


class MissingError(CannotJudgeError):
    """The folder has not been made."""


def read_run_evidence(folder: Path) -> RunEvidence:
    """Read a run folder. Raises MissingError, CannotJudgeError (no seed is finished) or LogError (damaged)."""
    if not (folder / logs.TRIALS).exists():
        raise MissingError(f"{folder} does not exist" if not folder.exists() else f"{folder} has no finished trial")
    run = logs.read_run(folder)
    _require_values(run)
    try:
        finished, unfinished = _seeds(run)
        shortcomings = run_shortcomings(run)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise LogError(f"{folder / logs.MANIFEST} is damaged ({reason}): move its folder away and run again") from error
    if not finished:
        wanted = f"{len(run.trials)} trials have finished, but no seed has all of its curves and learning rates"
        raise CannotJudgeError(f"{folder} is unfinished: {wanted}")
    trials = run.trials[run.trials["seed"].isin(finished)].reset_index(drop=True)
    log = run.log[run.log["trial_id"].isin(trials["trial_id"])].reset_index(drop=True)
    log["trial_id"] = log["trial_id"].astype("category")  # a trial's rows are looked up hundreds of times
    return RunEvidence(replace(run, trials=trials, log=log), unfinished, shortcomings)


def _require_values(run: Run) -> None:
    """Raise LogError where a trial that did not diverge has a row without a gap, or whatever it is judged by."""
    measure, path = measure_of(run), run.folder / logs.LOG
    if measure.column not in run.log:
        raise LogError(f"{path} is damaged: it has no column '{measure.column}'; run it again elsewhere")
    completed = run.trials.loc[run.trials["status"] == logs.COMPLETED, "trial_id"]
    empty = run.log[measure.column].isna() & run.log["trial_id"].isin(completed)
    if empty.any():
        trial = run.log.loc[empty, "trial_id"].iloc[0]
        raise LogError(
            f"{path} is damaged: a row of trial {trial} has no {measure.noun}; restore it, or move its folder "
            "away and run again"
        )


def _seeds(run: Run) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the seeds that have every curve at every learning rate of the experiment, and the others."""
    trials = run.trials
    found = set(zip(trials["curve"], trials["lr"].astype(float), trials["seed"].astype(int), strict=True))
    seeds = sorted({seed for _, _, seed in found})
    wanted = _grid(run) | {(curve, lr) for curve, lr, _ in found}
    finished = tuple(seed for seed in seeds if all((curve, lr, seed) in found for curve, lr in wanted))
    return finished, tuple(seed for seed in seeds if seed not in finished)


def _grid(run: Run) -> set[tuple[str, float]]:
    """Return the (curve, learning rate) pairs that the manifest's experiment asks for, as far as it says."""
    config = run.manifest["config"]
    variant = config.get("variants", {}).get(run.manifest["variant"], {})
    pairs = set()
    for curve in config.get("curves", []):
        settings = {**config.get("trial", {}), **variant, **curve.get("settings", {}), **config.get("forced", {})}
        rates = settings.get("lr", [])
        pairs |= {(str(curve["name"]), float(lr)) for lr in (rates if isinstance(rates, list) else [rates])}
    return pairs


def run_shortcomings(run: Run) -> tuple[str, ...]:
    """Say why a run may not bear a verdict on the paper."""
    data, found = run.manifest["dataset"], []
    if data.get("embedded"):
        found.append(_not_the_papers(data))
    done, full = iterations(run), full_iterations(run)
    if done < full:
        found.append(f"{done:,} of {full:,} iterations")
    if not run.manifest.get("full_length", False) and not found:
        changed = ", ".join(f"{key} = {value}" for key, value in (run.manifest.get("overrides") or {}).items())
        found.append(changed or "not the whole experiment")
    return tuple(found)


def _not_the_papers(dataset: Mapping[str, Any]) -> str:
    return f"{dataset.get('name')} data, not the paper's"


def read_theory_evidence(folder: Path) -> TableEvidence:
    """Read a theory check's table. Raises MissingError or LogError."""
    if not (folder / TABLE).exists():
        raise MissingError(f"{folder} does not exist" if not folder.exists() else f"{folder} is unfinished")
    record = Record.read(folder)
    return TableEvidence(folder / TABLE, record.manifest, record.table, record.shortcomings)


def read_bench_evidence(folder: Path) -> TableEvidence:
    """Read the benchmark's table. Raises MissingError or LogError."""
    path = folder / BENCH
    if not path.exists():
        raise MissingError(f"{path} does not exist")
    manifest, rows = (
        logs.read_manifest(folder),
        logs.read_table(path, {"subject": "str", "loss": "str", "depth": "str"}),
    )
    if rows.empty:
        raise LogError(f"{path} is damaged: it has no rows; time it again with overparam bench")
    data = {"name": manifest.get("dataset")}
    found = [_not_the_papers(data)] if data["name"] not in BENCH_DATASETS else []
    table = TableEvidence(path, manifest, rows, ())
    rounds = int(table.numbers("rounds").min())
    found += [f"{rounds} of {FULL_ROUNDS} rounds"] if rounds < FULL_ROUNDS else []
    return replace(table, shortcomings=tuple(found))
