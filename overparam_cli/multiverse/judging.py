"""Every claim in every world: the rows of `worlds.csv`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import nan
from pathlib import Path

from overparam_cli.claims.evidence import RunEvidence
from overparam_cli.claims.model import NOT_RUN as VERDICT_NOT_RUN
from overparam_cli.claims.model import CannotJudgeError, Case, Claim, verdict_of
from overparam_cli.multiverse.deciding import NO, NOT_RUN, UNDECIDED, YES, World
from overparam_cli.multiverse.effects import EFFECTS
from overparam_cli.multiverse.library import Library, NotTrainedError
from overparam_cli.multiverse.loading import Asked
from overparam_cli.multiverse.model import Choices, Multiverse
from overparam_cli.multiverse.training import digest_of
from overparam_cli.multiverse.worlds import claims_of, experiments_of, part, worlds
from overparam_cli.results import digests
from overparam_cli.words import count

FIRST_PASS = "judged by a first pass"  # of how many iterations stands behind it


@dataclass(frozen=True)
class Row:
    """A claim in a world.

    Attributes:
        choices: the axes that count for the claim.
        outcome: YES, NO, UNDECIDED (the logs only bound what is required) or NOT_RUN.
        effect: the number that a specification curve shows; NaN where there is none.
        trials: by which the trials are known that it was judged by; empty where they have not been run.
    """

    claim: Claim
    choices: Choices
    outcome: str
    verdict: str
    measured: str = ""
    effect: float = nan
    notes: tuple[str, ...] = ()
    trials: str = ""

    @property
    def world(self) -> World:
        """The world and what came out."""
        return World(self.choices, self.outcome)


def judge_all(multiverse: Multiverse, asked: Asked, results: Path) -> list[Row]:
    """Judge every claim in every world asked for, from what has been trained below `results`.

    Raises LogError where a folder is damaged.
    """
    library = Library(multiverse, results)
    order = [(claim, choices) for claim in claims_of(multiverse) for choices in worlds(multiverse, claim, asked)]
    found: dict[int, Row] = {}
    for places in _alike(multiverse, order):  # so that a run folder is read once for all that is asked of it
        for place in places:
            claim, choices = order[place]
            found[place] = judge(library, claim, choices)
    return [found[place] for place in range(len(order))]


def _alike(multiverse: Multiverse, order: Sequence[tuple[Claim, Choices]]) -> Iterator[list[int]]:
    """The places of worlds whose runs were trained under the same choices, together."""
    groups: dict[tuple[object, ...], list[int]] = {}
    for place, (claim, choices) in enumerate(order):
        runs = {part(multiverse, source, choices).choices for source in claim.reads}
        groups.setdefault(max(runs, key=len), []).append(place)
    yield from groups.values()


def judge(library: Library, claim: Claim, choices: Choices) -> Row:
    """Judge a claim in a world."""
    experiments = experiments_of(claim)
    found = [library.evidence(source, choices, experiments) for source in claim.reads]
    lacking = [str(one) for one in found if isinstance(one, CannotJudgeError)]
    missing = any(isinstance(one, NotTrainedError) for one in found)
    trials = "" if missing else trials_digest(library.multiverse, claim, choices)
    passes = {one for source in claim.reads if (one := library.first_pass(source, choices, experiments))}
    short = [f"{FIRST_PASS} of {count(one, 'iteration')}" for one in sorted(passes)]
    if lacking:
        return Row(
            claim, choices, NOT_RUN, VERDICT_NOT_RUN, notes=tuple(dict.fromkeys([*lacking, *short])), trials=trials
        )
    try:
        finding = claim.judge(*(one for one in found if isinstance(one, RunEvidence)))
    except CannotJudgeError as reason:
        return Row(claim, choices, NOT_RUN, VERDICT_NOT_RUN, notes=(str(reason), *short), trials=trials)
    effect = EFFECTS[claim.id].of(finding) if claim.id in EFFECTS else nan
    verdict, notes = verdict_of(finding.cases), (*finding.notes, *short)
    return Row(claim, choices, outcome_of(finding.cases), verdict, finding.measured, effect, notes, trials)


def trials_digest(multiverse: Multiverse, claim: Claim, choices: Choices) -> str:
    """By which the trials of a world are known as far as a claim reads them: ids and learning rates, of any seed."""
    own = [digest_of(multiverse, part(multiverse, source, choices)) for source in claim.reads]
    return digests.digest("".join(own).encode())[:12]


def outcome_of(cases: Mapping[str, Case]) -> str:
    """Whether a claim holds: for every seed, or not for one, or undecided for one and failing for none."""
    found = [case.holds for case in cases.values()]
    if False in found:
        return NO
    return UNDECIDED if None in found or not found else YES
