"""What Figure 3's printed axes say of the gaps behind them.

v2's text keeps the tick labels. Matplotlib 2 widens the range of what is drawn by 5 % of it at each end, on a
logarithmic axis in decades, and labels the decades inside: so the labels bound the largest and the smallest gap.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10, nan

import numpy as np

from overparam_cli.claims.evidence import RunEvidence
from overparam_cli.claims.measures import learning_rates, notes_of, ranged, shared_seeds
from overparam_cli.claims.model import Case, Finding, all_hold, claim
from overparam_cli.results.choice import Choice

MARGIN = 0.05  # of the range, at each end
PRINTED: Mapping[str, tuple[int, ...]] = {"ℓ2": (-2, -1), "ℓ4": (-2, -1, 0)}  # powers of ten on the axis
CURVES = ("depth-1", "depth-2", "depth-3")
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def _powers(decades: tuple[int, ...]) -> str:
    return ", ".join(f"10{str(power).translate(RAISED)}" for power in decades) or "none"


@claim(
    "fig3-axes",
    says="(implied) Figure 3's tick labels: " + "; ".join(f"{name} {_powers(own)}" for name, own in PRINTED.items()),
    where="Fig. 3 as printed",
    measures="the gaps' range over the three chosen curves, widened by Matplotlib's 5 % margins",
    requires="exactly these decades are inside, in both panels",
    reads=("fig3/l2", "fig3/l4"),
)
def fig3_axes(l2: RunEvidence, l4: RunEvidence) -> Finding:
    """Largest and smallest gap of the curves, each at its best rate, margins added: which powers of ten lie between.

    Undecided where a curve has no best rate: nobody knows what was drawn instead.
    """
    panels = {"ℓ2": l2, "ℓ4": l4}
    chosen = {name: [run.chosen(curve) for curve in CURVES] for name, run in panels.items()}
    cases = {}
    for seed in shared_seeds(l2, l4):
        found = {name: _axis(chosen[name], seed, run.floor) for name, run in panels.items()}
        judged = (None if own is None else own.decades == PRINTED[name] for name, own in found.items())
        cases[str(seed)] = Case(all_hold(judged), {**found, "differing": _differing(found)})
    texts = [f"{name} {_text([case.numbers[name] for case in cases.values()])}" for name in panels]
    rates = {name: learning_rates(own) for name, own in chosen.items()}
    notes = tuple(f"{name}, {note}" for name, own in chosen.items() for note in notes_of(own))
    return Finding("; ".join(texts), cases, {"learning_rates": rates}, notes)


@dataclass(frozen=True)
class Axis:
    """A panel's smallest and largest gap, and the powers of ten that stand at its axis."""

    low: float
    high: float
    decades: tuple[int, ...]


def view(low: float, high: float) -> tuple[float, float]:
    """Return the ends, as powers of ten, of a logarithmic axis around what is drawn from `low` to `high`."""
    room = MARGIN * log10(high / low)
    return log10(low) - room, log10(high) + room


def _axis(curves: Sequence[Choice], seed: int, least: float) -> Axis | None:
    """Return a seed's axis; None where a curve has nothing to be drawn. Gaps below `least` count as that."""
    logs = [None if seed in choice.lost else choice.logs.get(seed) for choice in curves]
    drawn = [np.maximum(trial.points[1], least) for trial in logs if trial is not None]
    if len(drawn) < len(curves):
        return None
    low, high = (float(end) for end in (min(map(np.min, drawn)), max(map(np.max, drawn))))
    bottom, top = view(low, high)
    return Axis(low, high, tuple(range(ceil(bottom), floor(top) + 1)))


def _differing(found: Mapping[str, Axis | None]) -> float:
    """Return how many labels are too many or too few, over the panels; NaN where one of these is unknown."""
    axes = {name: own.decades for name, own in found.items() if own is not None}
    return sum(len(set(PRINTED[name]) ^ set(own)) for name, own in axes.items()) if len(axes) == len(found) else nan


def _text(found: Sequence[Axis | None]) -> str:
    """Return a panel's ranges and ticks in words."""
    known = [own for own in found if own is not None]
    if not known:
        return "unknown (a curve has no best learning rate)"
    low, high = (ranged(ends, "{:.2g}".format) for ends in ([one.low for one in known], [one.high for one in known]))
    ticks = dict.fromkeys(_powers(own.decades) for own in known)
    return f"from {low} to {high}: ticks {' or '.join(ticks)}"
