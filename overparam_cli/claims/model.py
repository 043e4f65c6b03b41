"""What a claim is, what its function finds in the logs, and what is reported of it.

A claim's requirement was fixed before the runs, from the paper's words. A measured number never changes it: a claim
that does not hold is a finding.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from overparam_cli.results.store import plain

REPRODUCED, NOT_REPRODUCED, MIXED, NOT_RUN = "reproduced", "not reproduced", "mixed", "not run"
VERDICTS = (REPRODUCED, NOT_REPRODUCED, MIXED, NOT_RUN)

WHOLE = "all"  # the case of a claim that is judged once, not per seed


class CannotJudgeError(Exception):
    """The logs are sound but do not hold what a claim needs; says what is missing."""


@dataclass(frozen=True)
class Case:
    """One seed's judgement. `holds` is None where the logs neither show the requirement nor contradict it."""

    holds: bool | None
    numbers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """What a claim's function found: one case per seed (or `WHOLE` alone) and one line of text.

    Attributes:
        measured: the numbers in words, for the table.
        cases: seed as text → judgement.
        numbers: what the seeds share, such as the chosen learning rates.
        notes: what a reader must know beside it, such as a rate at the edge of its grid.
    """

    measured: str
    cases: Mapping[str, Case]
    numbers: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Claim:
    """A statement of the paper and how it is checked.

    Attributes:
        id: its name on the command line.
        statement: what the paper says.
        where: where it says so.
        measures: what is measured.
        requirement: when it holds.
        reads: the folders below the results that it is judged by, in the order of `judge`'s arguments: a run
            (`fig3/l2`), a theory table (`theory/lemma3`) or `bench`. The first one's experiment is the claim's group.
        judge: the function from these folders' contents to a finding.
    """

    id: str
    statement: str
    where: str
    measures: str
    requirement: str
    reads: tuple[str, ...]
    judge: Callable[..., Finding]

    def __call__(self, *evidence: Any) -> Finding:
        """Judge the contents of the folders that it `reads`."""
        return self.judge(*evidence)


def claim(
    id: str, *, says: str, where: str, measures: str, requires: str, reads: tuple[str, ...]
) -> Callable[[Callable[..., Finding]], Claim]:
    """Make the function below a claim of the paper; `paper.CLAIMS` must name the module it stands in.

    A threshold that the function compares with goes into `requires` as the same constant, so that words and judgement
    cannot part.
    """
    return lambda judge: Claim(id, says, where, measures, requires, reads, judge)


@dataclass(frozen=True)
class Result:
    """A claim's verdict.

    Attributes:
        verdict: one of VERDICTS. `not run` also stands where there are logs that may not bear a verdict on the paper.
        indication: what the verdict would be if those logs could bear one; None otherwise.
        finding: what was found; None where nothing could be measured.
        command: the commands that make the logs a verdict needs.
        notes: why there is no verdict, which seeds are left out, and the finding's own notes.
        error: what is wrong with the logs, where they are damaged or of another schema.
    """

    claim: Claim
    verdict: str
    command: str
    indication: str | None = None
    finding: Finding | None = None
    notes: tuple[str, ...] = ()
    error: str | None = None

    @property
    def counts(self) -> bool:
        """Whether this is a verdict on the paper."""
        return self.verdict != NOT_RUN

    @property
    def cases(self) -> Mapping[str, Case]:
        """The judgement per seed; empty where nothing could be measured."""
        return self.finding.cases if self.finding else {}

    @property
    def held(self) -> int:
        """The number of seeds for which it holds."""
        return sum(case.holds is True for case in self.cases.values())

    def as_dict(self) -> dict[str, Any]:
        """Return the result for JSON; infinities and NaN become null (an interval's upper null: unbounded)."""
        claim, finding = self.claim, self.finding or Finding("", {})
        content = {
            "id": claim.id,
            "statement": claim.statement,
            "where": claim.where,
            "measures": claim.measures,
            "required": claim.requirement,
            "verdict": self.verdict,
            "counts": self.counts,
            "indication": self.indication,
            "measured": finding.measured,
            "held": self.held,
            "of": len(self.cases),
            "seeds": self.cases,
            "numbers": finding.numbers,
            "notes": self.notes,
            "error": self.error,
            "reads": claim.reads,
            "command": self.command,
        }
        result: dict[str, Any] = plain(content)
        return result


def tally(results: Iterable[Result]) -> dict[str, int]:
    """Return verdict → number of claims."""
    counts = Counter(result.verdict for result in results)
    return {verdict: counts[verdict] for verdict in VERDICTS}


def verdict_of(cases: Mapping[str, Case]) -> str:
    """Return reproduced where every seed holds, mixed where some do, not reproduced otherwise.

    A seed about which the logs do not decide does not hold: the requirement has not been met.
    """
    held = sum(case.holds is True for case in cases.values())
    if held == len(cases) > 0:
        return REPRODUCED
    return MIXED if held else NOT_REPRODUCED


def all_hold(judgements: Iterable[bool | None]) -> bool | None:
    """Return the conjunction: False if anything fails, None if anything is undecided, True otherwise."""
    found = list(judgements)
    if False in found:
        return False
    return None if None in found else True
