"""From a claim and a results folder to its verdict."""

import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from overparam_cli import paper
from overparam_cli.claims.evidence import Evidence, RunEvidence
from overparam_cli.claims.model import (
    NOT_RUN,
    CannotJudgeError,
    Case,
    Claim,
    Finding,
    Result,
    verdict_of,
)
from overparam_cli.claims.reading import (
    MissingError,
    read_bench_evidence,
    read_run_evidence,
    read_theory_evidence,
)
from overparam_cli.errors import LogError
from overparam_cli.experiments import available, load_experiment
from overparam_cli.results.manifest import THEORY

BENCH = "bench"
READERS: Mapping[str, Callable[[Path], Evidence]] = {BENCH: read_bench_evidence, THEORY: read_theory_evidence}


class Library:
    """The folders below a results folder, each read once. A `suffix` names them: fig3@<suffix>, theory@<suffix>."""

    def __init__(self, results: Path, suffix: str = "") -> None:
        self.results = results
        self.suffix = suffix
        self._found: dict[str, Evidence | CannotJudgeError | LogError] = {}

    def folder(self, source: str) -> Path:
        """Return the folder that one of a claim's `reads` stands for; the benchmark has no named ones."""
        experiment, slash, rest = source.partition("/")
        at = f"@{self.suffix}" if self.suffix and source != BENCH else ""
        return self.results / f"{experiment}{at}{slash}{rest}"

    def read(self, source: str) -> Evidence | CannotJudgeError | LogError:
        """Return what a folder holds, or why it cannot be had."""
        if source not in self._found:
            try:
                self._found[source] = self._read(source)
            except (CannotJudgeError, LogError) as error:
                self._found[source] = error
        return self._found[source]

    def _read(self, source: str) -> Evidence:
        read = READERS.get(source.partition("/")[0], read_run_evidence)
        return read(self.folder(source))


def evaluate(claim: Claim, library: Library) -> Result:
    """Judge one claim; never raises for what is missing or damaged, but says so in the result."""
    command = command_for(claim.reads, library.results)
    found = [library.read(source) for source in claim.reads]
    for error in found:
        if isinstance(error, LogError):
            return Result(claim, NOT_RUN, command, notes=(str(error),), error=str(error))
    lacking = [source for source, one in zip(claim.reads, found, strict=True) if isinstance(one, MissingError)]
    unable = tuple(str(one) for one in found if isinstance(one, CannotJudgeError))
    if unable:
        return Result(claim, NOT_RUN, command_for(lacking or claim.reads, library.results), notes=unable)
    try:
        finding = claim.judge(*found)
    except CannotJudgeError as reason:
        return Result(claim, NOT_RUN, command, notes=(str(reason),))
    except LogError as error:
        return Result(claim, NOT_RUN, command, notes=(str(error),), error=str(error))
    return _judged(claim, command, finding, [one for one in found if not isinstance(one, Exception)])


def _judged(claim: Claim, command: str, finding: Finding, evidence: Sequence[Evidence]) -> Result:
    """Turn a finding into a verdict, or into an indication where the logs may not bear one."""
    verdict = verdict_of(finding.cases)
    reasons = list(dict.fromkeys(reason for one in evidence for reason in one.shortcomings))
    notes = [f"no verdict on the paper: {'; '.join(reasons)}"] if reasons else []
    notes += _seed_notes(finding.cases)
    for one in evidence:
        if isinstance(one, RunEvidence) and one.unfinished:
            seeds = ", ".join(map(str, one.unfinished))
            notes.append(f"{one.run.folder}: seeds left out because they are unfinished: {seeds}")
    notes += finding.notes
    if reasons:
        return Result(claim, NOT_RUN, command, verdict, finding, tuple(notes))
    return Result(claim, verdict, command, None, finding, tuple(notes))


def _seed_notes(cases: Mapping[str, Case]) -> list[str]:
    """Say for which seeds it holds where it does not for all, and where the logs do not decide."""
    words = {True: "holds", False: "does not hold", None: "undecided (the logs only bound what is required)"}
    seeds = {holds: [seed for seed, case in cases.items() if case.holds is holds] for holds in words}
    parts = [f"{words[holds]} for seed {', '.join(found)}" for holds, found in seeds.items() if found]
    if len(parts) > 1:
        return ["; ".join(parts)]
    return [words[None]] if seeds[None] else []


def group_of(claim: Claim) -> str:
    """Return the experiment that a claim belongs to: that of the first folder it reads; `theory` and `bench` too."""
    return claim.reads[0].partition("/")[0]


def command_for(sources: Iterable[str], results: Path) -> str:
    """Return the commands that make some folders, with all that a verdict needs."""
    where = "" if results == Path("results") else f" --results {shlex.quote(str(results))}"
    variants: dict[str, list[str]] = {}
    for source in sources:
        experiment, _, variant = source.partition("/")
        variants.setdefault(experiment, []).append(variant)
    return " && ".join(_command(experiment, wanted) + where for experiment, wanted in variants.items())


def _command(experiment: str, wanted: list[str]) -> str:
    if experiment == BENCH:
        return f"overparam bench --dataset {paper.REGRESSION}"
    if experiment == THEORY:
        return f"overparam theory {' '.join(wanted)}"
    known = {summary.name for summary in available()}
    variants = set(load_experiment(experiment).variants) if experiment in known else set()
    choice = f" --variant {','.join(wanted)}" if variants - set(wanted) else ""
    return f"overparam run {experiment}{choice}"
