"""Figures 3 and 5-left: what depth does to gradient descent, each depth at its best learning rate."""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from overparam_cli.claims.evidence import RunEvidence, TableEvidence
from overparam_cli.claims.measures import (
    Goal,
    Requirement,
    above,
    at_least,
    below,
    count_text,
    judge_speedups,
    learning_rates,
    notes_of,
    of_baseline,
    of_the_one_behind,
    ranged,
    shared_seeds,
)
from overparam_cli.claims.model import WHOLE, CannotJudgeError, Case, Finding, claim
from overparam_cli.results.trajectory import PLATEAU, Trajectory

SHARES = (0.1, 0.5, 1.0)  # of the baseline's run
SLIGHTLY = Fraction(1, 3)
SIGNIFICANTLY = 2.0
PLATEAU_LENGTH = (32_000, 100_000)  # iterations
IMMEDIATELY = 1_000  # iterations
NEGLIGIBLE_COST = 1.10  # time per iteration
DEEPER = {"depth 2": "depth-2", "depth 3": "depth-3"}  # of Figure 3: label → curve
BENCH_SUBJECT = "engine, one depth"


@claim(
    "l2-depth-hinders",
    says="with ℓ2, depth slightly hinders",
    where="Fig. 3-left",
    measures="speedup of depths 2, 3 over depth 1 at depth 1's gap at 10 %, 50 % and 100 % of the run",
    requires=f'< 1 and ≥ {SLIGHTLY} ("slightly") for both depths at all three',
    reads=("fig3/l2",),
)
def l2_depth_hinders(run: RunEvidence) -> Finding:
    """Speedup of depths 2 and 3 over depth 1 at depth 1's gap at 10 %, 50 % and 100 % of the run: < 1 and ≥ 1/3.

    A network that never reaches a gap bounds its speedup from above alone. "≥ 1/3" is then undecided, and the claim not
    shown to hold: so it is at 100 % of the run for every network that is slower at all.
    """
    return _over_depth_1(run, DEEPER, (below(1), at_least(float(SLIGHTLY))), SHARES)


@claim(
    "l2-depth-behind",
    says="with ℓ2, depth slightly hinders (l2-depth-hinders again, at gaps that both networks have reached)",
    where="Fig. 3-left",
    measures="speedup of depths 2, 3 over depth 1 at the larger of both gaps at 10 %, 50 % and 100 % of the run",
    requires=f'< 1 and ≥ {SLIGHTLY} ("slightly") for both depths at all three',
    reads=("fig3/l2",),
)
def l2_depth_behind(run: RunEvidence) -> Finding:
    """Speedup of depths 2 and 3 over depth 1 at the gap of whichever is behind at 10 %, 50 % and 100 %: < 1 and ≥ 1/3.

    A second measurement beside `l2-depth-hinders`, which a network that is slower at all cannot meet at 100 % of the
    run: there it has not arrived. Both have reached the gap of the one behind, so that this one is always a number.
    """
    return _over_depth_1(run, DEEPER, (below(1), at_least(float(SLIGHTLY))), SHARES, of_the_one_behind)


@claim(
    "l4-depth-accelerates",
    says="with ℓ4, depth significantly accelerates",
    where="Fig. 3-right",
    measures="speedup of depths 2, 3 over depth 1 at depth 1's final gap",
    requires=f"≥ {SIGNIFICANTLY:g} for both",
    reads=("fig3/l4",),
)
def l4_depth_accelerates(run: RunEvidence) -> Finding:
    """Speedup of depths 2 and 3 over depth 1 at depth 1's final gap: ≥ 2 for both."""
    return _over_depth_1(run, DEEPER, (at_least(SIGNIFICANTLY),))


@claim(
    "identity-accelerates",
    says="and depth again accelerates",
    where="Fig. 5-left",
    measures="speedup of depths 4, 8 over depth 1 at depth 1's final gap",
    requires="> 1 for both",
    reads=("fig5-left/l4",),
)
def identity_accelerates(run: RunEvidence) -> Finding:
    """Speedup of depths 4 and 8 under identity init over depth 1 at depth 1's final gap: > 1 for both."""
    return _over_depth_1(run, {"depth 4": "depth-4-identity", "depth 8": "depth-8-identity"}, (above(1),))


def _over_depth_1(
    run: RunEvidence,
    curves: Mapping[str, str],
    requirements: Sequence[Requirement],
    shares: Sequence[float] = (1.0,),
    goal: Goal = of_baseline,
) -> Finding:
    baseline = run.chosen("depth-1")
    pairs = {label: (run.chosen(curve), baseline) for label, curve in curves.items()}
    return judge_speedups(pairs, shared_seeds(run), requirements, floor=run.floor, shares=shares, goal=goal)


@claim(
    "depth4-plateau",
    says="near-zero depth 4 makes visible progress only after about 65K iterations (v1: more than 50K)",
    where="Fig. 5-left",
    measures="first iteration with gap ≤ 0.9 of the start, best lr (shown beside it: the same for every lr, later "
    "diverged ones included)",
    requires=f"between {PLATEAU_LENGTH[0] // 1000}K and {PLATEAU_LENGTH[1] // 1000}K",
    reads=("fig5-left/l4",),
)
def depth4_plateau(run: RunEvidence) -> Finding:
    """First logged iteration with gap ≤ 0.9 of the start, near-zero depth 4 at its best rate: 32K to 100K, inclusive.

    The same for every learning rate, those that diverged later included, is shown beside it.
    """
    finding = _plateaus(run, {"depth 4": "depth-4"}, lambda end: PLATEAU_LENGTH[0] <= end <= PLATEAU_LENGTH[1])
    seeds, failed = set(shared_seeds(run)), run.curve("depth-4").diverged
    ends = {
        lr: {seed: trial.plateau_end() for seed, trial in trials.items() if seed in seeds}
        for lr, trials in run.by_rate("depth-4").items()
    }
    texts = [
        f"{lr:g} → {count_text(list(found.values()))}{' (diverged)' if lr in failed else ''}"
        for lr, found in ends.items()
        if any(end is not None for end in found.values())
    ]
    beside = f"{finding.measured}; at each lr that leaves it: {', '.join(texts)}" if texts else finding.measured
    return Finding(beside, finding.cases, {**finding.numbers, "at_every_rate": ends}, finding.notes)


@claim(
    "identity-immediate",
    says="under identity init depths 4 and 8 make progress immediately",
    where="Fig. 5-left",
    measures="first iteration with gap ≤ 0.9 of the start",
    requires=f"≤ {IMMEDIATELY}",
    reads=("fig5-left/l4",),
)
def identity_immediate(run: RunEvidence) -> Finding:
    """First logged iteration with gap ≤ 0.9 of the start, identity depths 4 and 8 at their best rates: ≤ 1000."""
    curves = {"depth 4": "depth-4-identity", "depth 8": "depth-8-identity"}
    return _plateaus(run, curves, lambda end: end <= IMMEDIATELY)


def _plateaus(run: RunEvidence, curves: Mapping[str, str], within: Callable[[int], bool]) -> Finding:
    """Judge the end of the plateau at each curve's best rate; `within` fails for all that is beyond the run."""
    chosen = {label: run.chosen(curve) for label, curve in curves.items()}
    ends = {
        seed: {label: own.logs[seed].plateau_end() if seed in own.logs else None for label, own in chosen.items()}
        for seed in shared_seeds(run)
    }
    cases = {
        str(seed): Case(all(end is not None and within(end) for end in found.values()), {"plateau_end": found})
        for seed, found in ends.items()
    }
    texts = [
        f"{label}: {count_text([found[label] for found in ends.values()])}"
        + (f" (lr {own.rate:g})" if own.rate else "")
        for label, own in chosen.items()
    ]
    text = f"end of the plateau, {', '.join(texts)}"
    return Finding(text, cases, {"learning_rates": learning_rates(chosen.values())}, notes_of(chosen.values()))


@claim(
    "depth8-stuck",
    says="near-zero depth 8: every lr diverges or fails to converge within 100K",
    where="Fig. 5-left, App. C.1",
    measures="best gap over all lrs at 100K",
    requires=f"≥ {PLATEAU} of the start, or diverged, for every lr",
    reads=("fig5-left/l4",),
)
def depth8_stuck(run: RunEvidence) -> Finding:
    """Near-zero depth 8, every learning rate: diverged, or a final gap of at least 0.9 of the start.

    The final gap is that of the last iteration, 100K in the paper's run.
    """
    failed, rates = run.curve("depth-8").lost, run.by_rate("depth-8")
    cases = {}
    for seed in shared_seeds(run):
        ratios = {lr: _left(trials[seed]) for lr, trials in rates.items() if (lr, seed) not in failed}
        stuck = all(ratio >= PLATEAU for ratio in ratios.values())
        numbers = {"final_over_start": ratios, "diverged_rates": [lr for lr in rates if (lr, seed) in failed]}
        cases[str(seed)] = Case(stuck, numbers)
    best = [min(case.numbers["final_over_start"].values(), default=None) for case in cases.values()]
    lost = ranged([len(case.numbers["diverged_rates"]) for case in cases.values()])
    return Finding(f"best final gap {ranged(best)} of the start; {lost} of {len(rates)} learning rates diverged", cases)


def _left(trial: Trajectory) -> float:
    """Return the final gap over the gap at the start."""
    return trial.final / trial.start


@claim(
    "cost-of-depth",
    says="the computational toll of scalar overparameterisation is virtually non-existent",
    where="Sec. 8",
    measures="time per iteration, depths 2, 3 over depth 1, equal batch, measured in one run by `overparam "
    "bench`, whose CSV this reads",
    requires=f"≤ {NEGLIGIBLE_COST:.2f}",
    reads=("bench",),
)
def cost_of_depth(table: TableEvidence) -> Finding:
    """Median time per iteration of depths 2 and 3 over depth 1's in batches of one depth and equal size: ≤ 1.10.

    For every loss that the benchmark has, ℓ2 and ℓ4.
    """
    table.require("subject", {BENCH_SUBJECT})
    rows = table.rows[table.column("subject") == BENCH_SUBJECT]
    times = table.numbers("median")
    ratios: dict[str, float] = {}
    for loss in sorted(set(rows["loss"])):
        own = {int(depth): float(times[row]) for row, depth in rows[rows["loss"] == loss]["depth"].items()}
        if not {1, 2, 3} <= own.keys():
            raise CannotJudgeError(f"{table.path} lacks depths of {loss}")
        ratios |= {f"{loss} depth {depth}": own[depth] / own[1] for depth in (2, 3)}
    text = ", ".join(f"{name} {ratio:.3g}×" for name, ratio in ratios.items())
    holds = all(ratio <= NEGLIGIBLE_COST for ratio in ratios.values())
    return Finding(f"time over depth 1: {text}", {WHOLE: Case(holds, {"time_ratio": ratios})})
