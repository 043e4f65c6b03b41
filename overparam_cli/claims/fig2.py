"""Figure 2: the end-to-end rule emulates depth, width does not matter, and depth is faster at a fixed rate.

All curves run at the one learning rate 1e-3, so nothing is chosen. Every claim is about both losses, depths 2 and 3,
and widths 1 and 100; a seed holds when all of these do.
"""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from math import inf, isfinite
from typing import Any

from overparam_cli.claims.evidence import RunEvidence
from overparam_cli.claims.measures import UNKNOWN, at_least, at_most, ranged, ratio, shared_seeds
from overparam_cli.claims.model import CannotJudgeError, Case, Finding, all_hold, claim
from overparam_cli.results.trajectory import Speedup, Trajectory, aligned_distance, log10_distance

DEPTHS, WIDTHS = (2, 3), (1, 100)
DISTANCE = 0.1  # in log10 gap
GOALS = (("1/2", 1 / 2), ("1/5", 1 / 5), ("1/10", 1 / 10))  # of the starting gap
NEGLIGIBLE = (Fraction(2, 3), Fraction(3, 2))  # ratio of iteration counts, ends included

STUCK = "unbounded (one of a pair is stuck on its plateau, or diverged alone)"

Distance = Callable[..., float | None]


@claim(
    "rule-emulates-depth",
    says="the preconditioning scheme reliably emulates deep-network optimisation",
    where="Fig. 2",
    measures="for N = 2, 3, ℓ2 and ℓ4, width 1 and 100, rule started from the net's own W_e: max over iterations "
    "of abs(log10 gap_net − log10 gap_rule), both counted from the end of their initial plateau (gap 0.9 "
    "of the start)",
    requires=f"≤ {DISTANCE} for every pair",
    reads=("fig2/l2", "fig2/l4"),
)
def rule_emulates_depth(l2: RunEvidence, l4: RunEvidence) -> Finding:
    """Largest |log10 gap_net − log10 gap_rule|, both counted from the end of their plateau: ≤ 0.1 for every pair.

    The plateau ends where the gap is 0.9 of the start, interpolated, and the maximum runs over the iterations that both
    curves have from there. A pair of which one never leaves its plateau, or only one diverges, does not hold. Gaps
    below the run's floor count as the floor.
    """
    return _emulation({"ℓ2": l2, "ℓ4": l4}, aligned_distance)


@claim(
    "rule-emulates-plateau",
    says="the same, from iteration 0 (the near-zero init is not balanced as Eq. 7 asks, so the plateau's "
    "length need not agree; a balanced start is shown beside it)",
    where="Fig. 2",
    measures="the same maximum, unaligned",
    requires=f"≤ {DISTANCE} for every pair",
    reads=("fig2/l2", "fig2/l4"),
)
def rule_emulates_plateau(l2: RunEvidence, l4: RunEvidence) -> Finding:
    """The same maximum from iteration 0: ≤ 0.1 for every pair. That of a balanced start is shown beside it."""
    runs = {"ℓ2": l2, "ℓ4": l4}
    finding = _emulation(runs, log10_distance)
    try:
        balanced = _emulation(runs, log10_distance, "-balanced")
    except CannotJudgeError as reason:
        return Finding(finding.measured, finding.cases, notes=(f"no balanced start beside it: {reason}",))
    cases = {
        seed: Case(case.holds, {**case.numbers, "balanced": balanced.cases[seed].numbers})
        for seed, case in finding.cases.items()
    }
    return Finding(f"{finding.measured}; from a balanced start {balanced.measured}", cases)


def _emulation(runs: Mapping[str, RunEvidence], distance: Distance, suffix: str = "") -> Finding:
    """Judge all eight pairs of network and rule."""
    cases = {}
    for seed in shared_seeds(*runs.values()):
        found = {
            f"{loss} depth-{depth}-width-{width}": _distance(run, f"{depth}-width-{width}{suffix}", seed, distance)
            for loss, run in runs.items()
            for depth in DEPTHS
            for width in WIDTHS
        }
        cases[str(seed)] = Case(all(value <= DISTANCE for value in found.values()), {"distance": found})
    worst = [max(case.numbers["distance"].items(), key=lambda item: item[1]) for case in cases.values()]
    text = ranged([value for _, value in worst], lambda value: f"{value:.2g}" if isfinite(value) else STUCK)
    return Finding(f"largest |Δ log10 gap| {text}, at {max(worst, key=lambda item: item[1])[0]}", cases)


def _distance(run: RunEvidence, pair: str, seed: int, distance: Distance) -> float:
    """Return a pair's distance; infinite where only one of them diverged, or one never leaves its plateau."""
    curves = f"depth-{pair}", f"rule-{pair}"
    failed = [seed in run.chosen(curve).lost for curve in curves]
    value = distance(*(run.fixed(curve)[seed] for curve in curves), floor=run.floor)
    return inf if value is None or failed[0] != failed[1] else value


@claim(
    "width-negligible",
    says="network width has a negligible effect",
    where="Fig. 2",
    measures="iterations to reach half, a fifth and a tenth of the starting gap, width 1 against width 100, "
    "counted from the end of the initial plateau (gap 0.9 of the start), and also from 0",
    requires=f"ratio within [{NEGLIGIBLE[0]}, {NEGLIGIBLE[1]}] (from the plateau's end); the from-0 ratio is shown "
    "beside it",
    reads=("fig2/l2", "fig2/l4"),
)
def width_negligible(l2: RunEvidence, l4: RunEvidence) -> Finding:
    """Iterations of width 1 over those of width 100 to half, a fifth and a tenth of the start: all in [2/3, 3/2].

    Of the networks of depths 2 and 3. Counted from the end of the plateau (the first logged iteration with gap ≤ 0.9 of
    the start) to the first logged iteration that reaches the gap, each curve by its own starting gap. The same ratio
    counted from iteration 0 is shown beside it. Where a width never reaches a gap, its run bounds the ratio.
    """
    cases = {}
    for seed in shared_seeds(l2, l4):
        pairs = {
            f"{loss} depth-{depth}": tuple(run.fixed(f"depth-{depth}-width-{width}")[seed] for width in WIDTHS)
            for loss, run in (("ℓ2", l2), ("ℓ4", l4))
            for depth in DEPTHS
        }
        after, whole = (
            {f"{name} to {goal}": _ratio(pair, share, clock) for name, pair in pairs.items() for goal, share in GOALS}
            for clock in (Trajectory.plateau_end, _zero)
        )
        holds = all_hold(
            within(value)
            for value in after.values()
            for within in (at_least(float(NEGLIGIBLE[0])), at_most(float(NEGLIGIBLE[1])))
        )
        cases[str(seed)] = Case(holds, {"ratio_from_plateau": after, "ratio_from_0": whole})
    ends, beside = (
        _span([value for case in cases.values() for value in case.numbers[name].values()])
        for name in ("ratio_from_plateau", "ratio_from_0")
    )
    return Finding(f"iterations of width 1 / width 100: {ends} from the plateau's end ({beside} from 0)", cases)


def _zero(trial: Trajectory) -> int | None:
    """Return iteration 0, the other clock."""
    return 0


def _ratio(pair: tuple[Trajectory, ...], share: float, clock: Callable[[Trajectory], int | None]) -> Speedup:
    """Return the ratio of the iterations to `share` of the start, from where the clock starts, or its bounds."""
    counts, given = [], []
    for trial in pair:
        start, count = clock(trial), trial.reaches(share * trial.start)
        if start is None:
            return UNKNOWN
        counts.append(None if count is None else count - start)
        given.append(trial.end - start)
    return ratio((counts[0], counts[1]), (given[0], given[1]))


def _span(ratios: Sequence[Speedup]) -> str:
    """Return the lowest and the highest ratio in words."""
    known = [value.low for value in ratios if value.low == value.high]
    span = f"{min(known):.3g}–{max(known):.3g}" if known else "unknown"
    missing = len(ratios) - len(known)
    return f"{span}, {missing} of {len(ratios)} never reached" if missing else span


@claim(
    "deeper-faster-fixed-lr",
    says="at lr 1e-3 the deeper network converges faster",
    where="Fig. 2",
    measures="final gap depth 3 against depth 2, after the plateau",
    requires="depth 3 < depth 2",
    reads=("fig2/l2", "fig2/l4"),
)
def deeper_faster(l2: RunEvidence, l4: RunEvidence) -> Finding:
    """Final gap of depth 3 below depth 2's, for both losses and widths, both after their plateau.

    The final gap is that of the last iteration, as it stands; a diverged network's is infinite, and two below the floor
    are undecided. A network that is then
    still on its plateau (gap above 0.9 of the start) does not hold. The ratio of the gaps at equal iterations after the
    plateau, as many as both have, is shown beside it.
    """
    cases = {}
    for seed in shared_seeds(l2, l4):
        found = {
            f"{loss} width-{width}": _depths_compared(run, width, seed)
            for loss, run in (("ℓ2", l2), ("ℓ4", l4))
            for width in WIDTHS
        }
        cases[str(seed)] = Case(all_hold(numbers["holds"] for numbers in found.values()), found)
    names = list(next(iter(cases.values())).numbers)
    texts = [f"{name} {ranged([case.numbers[name]['ratio'] for case in cases.values()])}" for name in names]
    beside = ranged([numbers["ratio_after_plateau"] for case in cases.values() for numbers in case.numbers.values()])
    return Finding(
        f"final gap, depth 3 / depth 2: {', '.join(texts)} (after equal times off the plateau {beside})", cases
    )


def _depths_compared(run: RunEvidence, width: int, seed: int) -> dict[str, Any]:
    """Compare depth 3 with depth 2 at one width."""
    curves = [f"depth-{depth}-width-{width}" for depth in (3, 2)]
    deep, shallow = (run.fixed(curve)[seed] for curve in curves)
    failed = [seed in run.chosen(curve).lost for curve in curves]
    gaps = [inf if lost else trial.final for lost, trial in zip(failed, (deep, shallow), strict=True)]
    one, other = deep.leaves_plateau(), shallow.leaves_plateau()
    aligned = None
    if one is not None and other is not None:
        given = min(float(deep.end) - one, float(shallow.end) - other)
        aligned = deep.at(one + given) / shallow.at(other + given)
    return {
        "final_gap_depth_3": gaps[0],
        "final_gap_depth_2": gaps[1],
        "ratio": gaps[0] / gaps[1] if isfinite(gaps[1]) and gaps[1] > 0 else None,
        "ratio_after_plateau": aligned,
        "holds": None if max(gaps) <= run.floor else aligned is not None and gaps[0] < gaps[1],
    }
