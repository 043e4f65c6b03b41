"""One number for each claim, by which its worlds are sorted in a specification curve, and where its requirement lies.

The number is of the pair of curves that decides: the smallest speedup where all are to be large, and so on. A bound
stands for itself: a curve that never reaches a gap is "at most so much faster".
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import inf, isfinite, isinf, nan
from statistics import median
from typing import Any

from overparam_cli.claims import cnn, depth, fig2, optimizers
from overparam_cli.claims.model import Finding
from overparam_cli.results.trajectory import PLATEAU, Speedup

Pick = Callable[[list[float]], float]


@dataclass(frozen=True)
class Effect:
    """What is drawn of a claim.

    Attributes:
        words: what the number is.
        key: of a case's numbers, or of the tables among them, below which it is found.
        pick: the one that decides, of all that stand there.
        lines: the requirement's limits.
        bounds: whether what the logs only bound counts where other pairs have a number.
        counts: whether it is a number of things, drawn along a linear axis from 0; others have a logarithmic one.
    """

    words: str
    key: str
    pick: Pick
    lines: tuple[float, ...]
    bounds: bool = True
    counts: bool = False

    def of(self, finding: Finding) -> float:
        """The number, its median over the seeds; NaN where the logs do not tell."""
        found = [self._of(case.numbers) for case in finding.cases.values()]
        known = [value for value in found if value is not None]
        return median(known) if known else nan

    def _of(self, numbers: Mapping[str, Any]) -> float | None:
        inside = {name: one[self.key] for name, one in numbers.items() if isinstance(one, Mapping) and self.key in one}
        found = numbers.get(self.key, inside)
        exact = [] if self.bounds else list(_values(found, exact=True))
        values = exact or list(_values(found))
        return self.pick(values) if values and not any(value != value for value in values) else None


def _values(found: Any, *, exact: bool = False) -> Iterator[float]:
    """All numbers below an entry, without bounds where they are to be `exact`; of what is none, infinite for never."""
    if isinstance(found, Speedup):
        if not exact or found.low == found.high:
            yield _told(found)
    elif isinstance(found, Mapping):
        for one in found.values():
            yield from _values(one, exact=exact)
    elif found is None:
        yield inf
    elif isinstance(found, int | float) and not isinstance(found, bool):
        yield float(found)


def _told(value: Speedup) -> float:
    """A speedup, or the end of it that the logs tell."""
    if isinf(value.high):
        return value.low if value.low else nan
    return value.high


def _gap_ratio(values: list[float]) -> float:
    """AdaGrad's final gap over gradient descent's; the numbers stand in the order (gradient descent, AdaGrad)."""
    descent, adagrad = values[:2]
    return adagrad / descent if isfinite(descent) and descent else 0.0


SPEEDUP = "smallest speedup"
EFFECTS: Mapping[str, Effect] = {
    "rule-emulates-depth": Effect("largest |Δ log10 gap|", "distance", max, (fig2.DISTANCE,)),
    "rule-emulates-plateau": Effect("largest |Δ log10 gap|", "distance", max, (fig2.DISTANCE,)),
    "width-negligible": Effect(
        "ratio of iterations farthest from 1",
        "ratio_from_plateau",
        lambda values: max(values, key=lambda value: max(value, 1 / value if value else inf)),
        tuple(map(float, fig2.NEGLIGIBLE)),
    ),
    "deeper-faster-fixed-lr": Effect("largest ratio of final gaps", "ratio", max, (1.0,)),
    "l2-depth-hinders": Effect("largest speedup", "speedup", max, (float(depth.SLIGHTLY), 1.0), bounds=False),
    "l2-depth-behind": Effect("largest speedup", "speedup", max, (float(depth.SLIGHTLY), 1.0)),
    "l4-depth-accelerates": Effect(SPEEDUP, "speedup", min, (depth.SIGNIFICANTLY,)),
    "identity-accelerates": Effect(SPEEDUP, "speedup", min, (1.0,)),
    "depth4-plateau": Effect("end of the plateau", "plateau_end", max, tuple(map(float, depth.PLATEAU_LENGTH))),
    "depth8-stuck": Effect("smallest final gap over the start's", "final_over_start", min, (PLATEAU,)),
    "identity-immediate": Effect("end of the plateau", "plateau_end", max, (float(depth.IMMEDIATELY),)),
    "beats-adagrad": Effect("speedup", "speedup", min, (1.0,)),
    "beats-adadelta": Effect("speedup", "speedup", min, (1.0,)),
    "adagrad-slower-than-gd": Effect("ratio of final gaps", "final_gap", _gap_ratio, (1.0,)),
    "blog-one-scalar": Effect(SPEEDUP, "speedup", min, (1.0,)),
    "adam-beats-depth": Effect("speedup", "speedup", min, (optimizers.CONSIDERABLY,)),
    "adam-plus-depth": Effect(SPEEDUP, "speedup", min, (1.0,)),
    "cnn-parameters": Effect("parameters added", "added", max, tuple(map(float, cnn.ADDED))),
    "cnn-accelerates": Effect("speedup", "speedup", min, (cnn.CONSIDERABLY,)),
    "cnn-orders-of-magnitude": Effect("speedup", "speedup", min, (cnn.ORDER_OF_MAGNITUDE,)),
    "cnn-best-lr": Effect("speedup", "speedup", min, (cnn.CONSIDERABLY,)),
    "cnn-init-insensitive": Effect("largest over smallest", "ratio", max, (cnn.ALIKE,)),
    "cnn-init-new-only": Effect("largest over smallest", "ratio", max, (cnn.ALIKE,)),
    **{
        f"cnn-batch-loss-{reading}": Effect("speedup", "speedup", min, (cnn.CONSIDERABLY, cnn.ORDER_OF_MAGNITUDE))
        for reading in ("factors", "names", "product")
    },
    "fig3-axes": Effect("tick labels that differ", "differing", max, (0.0,), counts=True),
}
"""By claim; one that is not here has no specification curve."""
