"""What there is to report below a results folder. What is damaged is said, and everything else is shown."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from overparam_cli import paper
from overparam_cli.claims import verify
from overparam_cli.claims.model import tally
from overparam_cli.errors import ConfigError, LogError, OverparamError
from overparam_cli.kinds.theory.tables import grid as statement_grid
from overparam_cli.multiverse import record
from overparam_cli.multiverse.loading import load
from overparam_cli.multiverse.summary import beside, where_judged
from overparam_cli.multiverse.summary import summarise as summarise_worlds
from overparam_cli.page import missing, pictures, provenance
from overparam_cli.page.content import Chapter, Report
from overparam_cli.report import summary as tables
from overparam_cli.report.multiverse import option_grid, summary_grid
from overparam_cli.report.rates import rate_grid
from overparam_cli.report.verdicts import grid as verdict_grid
from overparam_cli.results.names import Found, found_by_name
from overparam_cli.results.record import Record, experiment_title
from overparam_cli.results.run import Run
from overparam_cli.results.summary import summarise

T = TypeVar("T")


@dataclass
class Gathering:
    """A report under way: what was asked for, and what went wrong so far."""

    results: Path
    names: tuple[str, ...]
    faults: list[OverparamError] = field(default_factory=list)

    def guarded(self, make: Callable[[], T], otherwise: T) -> T:
        """What `make` returns; where logs are damaged, `otherwise`, and the fault is kept."""
        try:
            return make()
        except LogError as error:
            self.faults.append(error)
            return otherwise


def gather(results: Path, names: Sequence[str], command: str) -> tuple[Report, list[OverparamError]]:
    """The report on EXPERIMENTs as `plot` takes them, all there are for no name; and what could not be shown.

    Raises LogError when there is nothing to show, ConfigError for a wrong name.
    """
    own = Gathering(results, tuple(names))
    found = found_by_name(names, results)
    own.faults += found.errors
    judged = list(_judged(own))
    chapters = [*_theory(own, found), *_experiments(own, found)]
    worlds = [] if names else list(_multiverses(own))
    records = [one for several in found.records.values() for one in several]
    report = Report(
        title=_title(own, found),
        folder=str(results),
        command=command,
        faults=tuple(dict.fromkeys(map(str, own.faults))),
        verdicts=tuple((name, verdict_grid(report.asked, report.worlds)) for name, report in judged),
        tallies=tuple(tally(report.asked) for _, report in judged),
        chapters=_anchored(chapters),
        multiverses=_anchored(worlds),
        optima=provenance.optima(found.variants),
        missing=missing.grid(results, names, found, [report for _, report in judged]),
        made=provenance.overview(found.variants, records),
    )
    return report, own.faults


def _anchored(chapters: Iterable[Chapter]) -> tuple[Chapter, ...]:
    """The chapters, and their figures, with keys that a page takes as names, all different."""
    found: dict[str, Chapter] = {}
    for chapter in chapters:
        key = re.sub(r"[^\w.@=+-]+", "-", f"run-{chapter.key}")
        while key in found:
            key += "-"
        shown = [replace(own, key=f"{key}-{place}") for place, own in enumerate(chapter.pictures, start=1)]
        found[key] = replace(chapter, key=key, pictures=tuple(shown))
    return tuple(found.values())


def _title(own: Gathering, found: Found) -> str:
    titles = dict.fromkeys(run.experiment.title for run in found.variants)
    return next(iter(titles)) if own.names and len(titles) == 1 and not found.records else "What the runs say"


def _judged(own: Gathering) -> Iterator[tuple[str, verify.Report]]:
    """The verdicts on all claims; or on those about the names asked for, those of one suffix together."""
    if not own.names:
        yield "", _beside(own, verify.verify(own.results))
        return
    by_suffix: dict[str, list[str]] = {}
    for name in own.names:
        if not name.endswith(".toml"):
            by_suffix.setdefault(name.partition("@")[2], []).append(name)
    for suffix, asked in by_suffix.items():
        about = [name for name in asked if _has_claims(name)]
        if about:
            yield suffix, _beside(own, verify.verify(own.results, about))


def _beside(own: Gathering, report: verify.Report) -> verify.Report:
    """The report with the shares of worlds, which never stand between a reader and the verdicts."""
    return own.guarded(partial(beside, report), report)


def _has_claims(name: str) -> bool:
    """Whether any claim of the paper is about what has this name: a study of one's own has none."""
    try:
        return bool(verify.select(name.partition("@")[0]))
    except ConfigError:
        return False


def _experiments(own: Gathering, found: Found) -> Iterator[Chapter]:
    for name, runs in found.runs.items():
        yield own.guarded(partial(_experiment, name, runs), Chapter(name, name))


def _experiment(name: str, runs: Sequence[Run]) -> Chapter:
    summaries = [summarise(run) for run in runs]
    first = runs[0].experiment
    where = [first.paper] if first.paper not in ("", "-") else []
    return Chapter(
        key=name,
        title=f"{name}: {first.title}" if first.title else name,
        lead=tuple(filter(None, (*where, first.description))),
        alerts=tuple(_alerts(runs)),
        pictures=tuple(pictures.of_runs(name, runs)),
        grids=tuple(grid for summary in summaries for grid in tables.grids(summary)),
        details=(
            *((f"{run.name}/{run.variant}: every learning rate", rate_grid(run)) for run in runs),
            *((f"{run.name}/{run.variant}: how it was made", provenance.details(run.manifest)) for run in runs),
        ),
    )


def _alerts(runs: Sequence[Run]) -> Iterator[str]:
    """What of the data is not the paper's, and what has changed since the run."""
    for run in runs:
        if paper.is_stand_in(run.dataset):
            yield f"{run.variant}: {paper.not_the_papers(run.dataset)}"
        yield from (f"{run.variant}: {note}" for note in run.notes)


def _theory(own: Gathering, found: Found) -> Iterator[Chapter]:
    for name, records in found.records.items():
        yield own.guarded(partial(_statements, own, name, records), Chapter(name, name))


def _statements(own: Gathering, name: str, records: Sequence[Record]) -> Chapter:
    title = experiment_title(own.results, name)
    return Chapter(
        key=name,
        title=f"{name}: {title or 'the statements of the theory, numerically'}",
        alerts=tuple(f"{one.check}: {change}" for one in records for change in one.changes),
        pictures=tuple(pictures.of_records(name, records, own.results)),
        grids=tuple(map(statement_grid, records)),
        details=tuple((f"{one.check}: how it was made", provenance.details(one.manifest)) for one in records),
    )


def _multiverses(own: Gathering) -> Iterator[Chapter]:
    """The built-in multiverses that were judged."""
    chapters = (own.guarded(partial(_worlds, folder), None) for folder in where_judged(own.results))
    yield from filter(None, chapters)


def _worlds(folder: Path) -> Chapter:
    found = load(folder.name)
    rows = record.read(folder, found)
    drawn, summaries = tuple(pictures.of_worlds(found, rows, folder)), summarise_worlds(found, rows)
    return Chapter(
        key=found.name,
        title=f"{found.name}: {found.title}",
        lead=(found.description,) if found.description else (),
        pictures=drawn,
        grids=(summary_grid(summaries), option_grid(summaries)),
    )
