"""In which share of its worlds a claim holds, and which axis decides it.

The axis that decides is the one whose knowledge tells most about the outcome: the largest information gain
H(outcome) − Σ_o p(o) H(outcome | o) over its options o, every world that was run weighing the same. H is Shannon's
entropy in bits; it is the measure by which Quinlan (1986, "Induction of decision trees") chooses the attribute to split
by. An outcome is that the claim holds, that it does not, or that the logs leave it undecided.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log2

YES, NO, UNDECIDED, NOT_RUN = "yes", "no", "undecided", "not run"
TIE = 1e-9  # bits


@dataclass(frozen=True)
class Share:
    """How many of the worlds that were run have an outcome in which the claim holds, and how many leave it open."""

    holds: int
    undecided: int
    run: int

    @property
    def part(self) -> float | None:
        """The share in which it holds; None where none was run."""
        return self.holds / self.run if self.run else None

    def __str__(self) -> str:
        return f"{self.holds}/{self.run}" + (f" (undecided {self.undecided})" if self.undecided else "")


@dataclass(frozen=True)
class World:
    """One world of a claim and what came out; `choices` has the axes that count for it."""

    choices: Mapping[str, str]
    outcome: str


def share(worlds: Iterable[World]) -> Share:
    """The share in which a claim holds, of the worlds that were run."""
    counts = Counter(world.outcome for world in worlds)
    return Share(counts[YES], counts[UNDECIDED], counts[YES] + counts[NO] + counts[UNDECIDED])


def by_option(worlds: Sequence[World], axis: str) -> dict[str, Share]:
    """The share for each option of an axis."""
    names = dict.fromkeys(world.choices[axis] for world in worlds if axis in world.choices)
    return {name: share(world for world in worlds if world.choices.get(axis) == name) for name in names}


def gains(worlds: Sequence[World]) -> dict[str, float]:
    """Axis → its information gain in bits over the worlds that were run."""
    ran = [world for world in worlds if world.outcome != NOT_RUN]
    axes = dict.fromkeys(axis for world in ran for axis in world.choices)
    whole = _entropy([world.outcome for world in ran])
    found = {}
    for axis in axes:
        groups: dict[str, list[str]] = {}
        for world in ran:
            groups.setdefault(world.choices[axis], []).append(world.outcome)
        rest = sum(len(own) / len(ran) * _entropy(own) for own in groups.values())
        found[axis] = max(whole - rest, 0.0)
    return found


def deciding(worlds: Sequence[World]) -> tuple[str, ...]:
    """The axis of the largest gain; several where they tie, none where every world has the same outcome."""
    found = gains(worlds)
    best = max(found.values(), default=0.0)
    return tuple(axis for axis, gain in found.items() if gain >= best - TIE) if best > TIE else ()


def _entropy(outcomes: Sequence[str]) -> float:
    """Of the outcomes as they are spread, in bits."""
    counts = Counter(outcomes).values()
    return -sum(count / len(outcomes) * log2(count / len(outcomes)) for count in counts)
