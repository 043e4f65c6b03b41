"""What a multiverse says of each claim, in a few numbers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

from overparam_cli.claims.measures import OF_GRID
from overparam_cli.claims.model import Claim
from overparam_cli.claims.verify import Report
from overparam_cli.multiverse import record
from overparam_cli.multiverse.deciding import NOT_RUN, YES, Share, World, by_option, deciding, share
from overparam_cli.multiverse.judging import Row
from overparam_cli.multiverse.loading import BUILT_IN, Asked, load
from overparam_cli.multiverse.model import FINE, Choices, Multiverse
from overparam_cli.multiverse.worlds import first, options_of
from overparam_cli.results.find import is_there
from overparam_cli.results.schema import WORLDS


@dataclass(frozen=True)
class ClaimSummary:
    """A claim over its worlds.

    Attributes:
        share: in how many of the worlds that were run it holds.
        of: how many worlds it has.
        deciding: the axes that decide it (`deciding`).
        options: axis → option → the share there.
        as_read: the outcome in the paper as it was first read.
        at_best: the same at the truly best learning rate, that of the fine grid; None where no axis reads one.
        edges: in how many of those read on a fine grid a curve's best rate is the lowest or highest that was trained.
        fine: how many these are, but for those that were judged by other trials than are run now.
    """

    claim: Claim
    share: Share
    of: int
    deciding: tuple[str, ...]
    options: Mapping[str, Mapping[str, Share]]
    as_read: str
    at_best: str | None
    edges: int
    fine: int

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "claim": self.claim.id,
            "required": self.claim.requirement,
            "worlds": self.of,
            "run": self.share.run,
            "holds": self.share.holds,
            "undecided": self.share.undecided,
            "share": self.share.part,
            "deciding": list(self.deciding),
            "as_read": self.as_read,
            "at_best": self.at_best,
            "edges": self.edges,
            "fine": self.fine,
            "options": {axis: {name: own.part for name, own in found.items()} for axis, found in self.options.items()},
        }


def beside(report: Report) -> Report:
    """A report of verdicts with what the built-in multiverses say of each claim, where they have been judged.

    Only of the paper's own runs, and only of claims that were run in a world at all. Raises LogError where a
    `worlds.csv` below the results is damaged or has changed.
    """
    known: dict[str, dict[str, Any]] = {}
    for found, rows in () if report.suffix else judged(report.results):
        known |= {one.claim.id: one.as_dict() for one in summarise(found, rows) if one.share.run}
    return replace(report, worlds=known)


def judged(results: Path) -> Iterator[tuple[Multiverse, list[Row]]]:
    """The built-in multiverses that have been judged below the results, and what came out. Raises LogError."""
    for folder in where_judged(results):
        found = load(folder.name)
        yield found, record.read(folder, found)


def where_judged(results: Path) -> list[Path]:
    """The folders of the built-in multiverses that have been judged below the results. Raises UnreadableError."""
    return [results / name for name in BUILT_IN if is_there(results / name / WORLDS)]


def summarise(multiverse: Multiverse, rows: Sequence[Row]) -> list[ClaimSummary]:
    """Each claim over its worlds, in the claims' order."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.claim.id, []).append(row)
    return [_summary(multiverse, own) for own in found.values()]


def _summary(multiverse: Multiverse, rows: Sequence[Row]) -> ClaimSummary:
    worlds = [row.world for row in rows]
    axes = dict.fromkeys(axis for world in worlds for axis in world.choices)
    read = dict(first(multiverse))
    fine = _fine(multiverse)
    options = {axis: by_option(worlds, axis) for axis in axes}
    as_read, at_best = (
        _outcome(worlds, {axis: choices[axis] for axis in axes}) for choices in (read, {**read, **fine})
    )
    about = share(worlds), len(worlds), deciding(worlds), options
    here = [row for row in rows if row.outcome != NOT_RUN and record.OTHER_TRIALS not in row.notes]
    graded = [row for row in here if fine and fine.items() <= row.choices.items()]
    edges = sum(any(OF_GRID in note for note in row.notes) for row in graded)
    return ClaimSummary(rows[0].claim, *about, as_read, at_best if fine else None, edges, len(graded))


def _fine(multiverse: Multiverse) -> Choices:
    """The options that read all trained learning rates."""
    return {axis.name: one.name for axis in multiverse.axes for one in axis.options if one.reading.rates == FINE}


def _outcome(worlds: Sequence[World], choices: Choices) -> str:
    return next((world.outcome for world in worlds if world.choices == choices), NOT_RUN)


@dataclass(frozen=True)
class Best:
    """A world in which most claims hold at once.

    Attributes:
        choices: of every axis; of several such worlds the first one's.
        holds: the claims that hold there.
        of: how many claims have been run there.
        worlds: how many worlds have as many.
    """

    choices: Choices
    holds: tuple[str, ...]
    of: int
    worlds: int


def best_world(multiverse: Multiverse, rows: Sequence[Row], asked: Asked) -> Best | None:
    """The world in which most claims hold at once; None where nothing was run.

    A world is one option of every axis; each claim is looked up under the axes that count for it.
    """
    claims: dict[str, tuple[tuple[str, ...], dict[tuple[str, ...], str]]] = {}
    for row in rows:
        axes, outcomes = claims.setdefault(row.claim.id, (tuple(row.choices), {}))
        outcomes[tuple(row.choices[axis] for axis in axes)] = row.outcome
    best: Best | None = None
    for options in product(*(options_of(axis, asked) for axis in multiverse.axes)):
        choices = {axis.name: option.name for axis, option in zip(multiverse.axes, options, strict=True)}
        found = {
            name: outcomes.get(tuple(choices[axis] for axis in axes), NOT_RUN)
            for name, (axes, outcomes) in claims.items()
        }
        holds = tuple(name for name, outcome in found.items() if outcome == YES)
        ran = sum(outcome != NOT_RUN for outcome in found.values())
        if ran and (best is None or len(holds) > len(best.holds)):
            best = Best(choices, holds, ran, 1)
        elif best is not None and ran and len(holds) == len(best.holds):
            best = Best(best.choices, best.holds, best.of, best.worlds + 1)
    return best
