"""From a results folder to a claim's evidence: unfinished seeds left out, and what bars it from a verdict.

A verdict on the paper needs the experiment's full iterations and grid on the paper's own data. What a folder lacks of
that is listed in its `shortcomings`; then its numbers are shown and never counted.
"""

from dataclasses import replace
from pathlib import Path

from overparam_cli import paper
from overparam_cli.claims.evidence import RunEvidence, TableEvidence
from overparam_cli.claims.model import CannotJudgeError
from overparam_cli.errors import LogError
from overparam_cli.paths import exists
from overparam_cli.results import digests, store
from overparam_cli.results.find import has_trials
from overparam_cli.results.manifest import read_bench_manifest
from overparam_cli.results.record import TABLE, Record
from overparam_cli.results.run import Run
from overparam_cli.results.schema import BENCH
from overparam_cli.words import count

FULL_ROUNDS = 7  # what `overparam bench` does unless told otherwise


class MissingError(CannotJudgeError):
    """The folder has not been made."""


def read_run_evidence(folder: Path) -> RunEvidence:
    """Read a run folder. Raises MissingError, CannotJudgeError (no seed is finished) or LogError (damaged)."""
    if not has_trials(folder):
        raise MissingError(f"{folder} does not exist" if not exists(folder) else f"{folder} has no finished trial")
    run = Run.read(folder)
    unfinished = run.unfinished_seeds
    finished = tuple(seed for seed in run.seeds if seed not in unfinished)
    if not len(run.trials):
        raise CannotJudgeError(f"{folder} has no finished trial of its last plan; {run.notes[-1]}")
    if not finished:
        wanted = f"{count(len(run.trials), 'finished trial')}, but no seed has all of its curves and learning rates"
        raise CannotJudgeError(f"{folder} is unfinished: {wanted}")
    return RunEvidence(run.only(finished), unfinished, run.shortcomings)


def read_theory_evidence(folder: Path) -> TableEvidence:
    """Read a theory check's table. Raises MissingError or LogError."""
    if not exists(folder / TABLE):
        raise MissingError(f"{folder} does not exist" if not exists(folder) else f"{folder} is unfinished")
    record = Record.read(folder)
    return TableEvidence(folder / TABLE, record.manifest, record.table, record.shortcomings)


def read_bench_evidence(folder: Path) -> TableEvidence:
    """Read the benchmark's table. Raises MissingError or LogError."""
    path = folder / BENCH
    if not exists(path):
        raise MissingError(f"{path} does not exist")
    manifest, data = read_bench_manifest(folder), store.read_bytes(path)
    rows = store.parse_table(data, path, {"subject": "str", "loss": "str", "depth": "str"})
    if rows.empty:
        raise LogError(f"{path} is damaged: it has no rows; time it again with overparam bench")
    name = manifest["dataset"]
    changed = digests.changed(manifest, digests.of({BENCH: data}))
    found = [digests.said(changed)] if changed else []
    found += [] if name == paper.REGRESSION else [paper.not_the_papers({"name": name})]
    table = TableEvidence(path, manifest, rows, ())
    rounds = int(table.numbers("rounds").min())
    found += [f"{rounds} of {FULL_ROUNDS} rounds"] if rounds < FULL_ROUNDS else []
    return replace(table, shortcomings=tuple(found))
