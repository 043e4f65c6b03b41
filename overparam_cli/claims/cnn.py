"""Figure 5-right and Appendix C.2: the MNIST CNN with its dense layers factored in two.

Curves are judged by the cross-entropy of the training batches, mean of 100 steps (a multiverse may read another loss).
Where a curve "reaches" one, that is the first logged iteration at which that mean is as low; rows whose mean covers
fewer than 100 steps do not count. What hangs on the reading of weight decay stands in `cnn_batch_loss` and
`cnn_init_new`.
"""

from collections.abc import Mapping

import pandas as pd

from overparam_cli.claims.evidence import RunEvidence
from overparam_cli.claims.measures import (
    at_least,
    count_text,
    judge_speedups,
    learning_rates,
    notes_of,
    ranged,
    shared_seeds,
)
from overparam_cli.claims.model import WHOLE, CannotJudgeError, Case, Finding, claim
from overparam_cli.errors import LogError
from overparam_cli.experiments.kind import Level
from overparam_cli.results.choice import Choice
from overparam_cli.results.schema import TRIALS

ORIGINAL, FACTORED = "original", "factored"
CROSS_ENTROPY, TOTAL = "cross-entropy", "total"  # the losses; the total one has weight decay's term
CONSIDERABLY = 1.5
ORDER_OF_MAGNITUDE = 10.0
ADDED = (230_000, 270_000)  # parameters
SHARE = (0.14, 0.17)  # of the original's
STDS = ("0.001", "0.005", "0.01", "0.05", "0.1", "0.5")  # of the factored layers' initialisation; curve std-<std>
ALIKE = 1.5


@claim(
    "cnn-parameters",
    says="about 250K added to 1.6M parameters, roughly 15 %",
    where="App. C.2",
    measures="exact counts",
    requires=f"{ADDED[0] // 1000}K–{ADDED[1] // 1000}K; {SHARE[0] * 100:.0f}–{SHARE[1] * 100:.0f} %",
    reads=("fig5-right/cross-entropy",),
)
def parameters(run: RunEvidence) -> Finding:
    """Count what the factored network has more than the original: 230K to 270K, 14 % to 17 %, ends included."""
    counts, original = (_count(run, FACTORED, column) for column in ("parameters", "parameters_original"))
    added = counts - original
    holds = ADDED[0] <= added <= ADDED[1] and SHARE[0] <= added / original <= SHARE[1]
    numbers = {"original": original, "factored": counts, "added": added, "share": added / original}
    text = f"{added:,} added to {original:,} parameters, {added / original:.1%}"
    return Finding(text, {WHOLE: Case(holds, numbers)})


def _count(run: RunEvidence, curve: str, column: str) -> int:
    """Return what all trials of a curve say in a column of counts.

    Raises CannotJudgeError when there is no such curve or its trials differ, LogError when the column has no numbers.
    """
    own = run.curve(curve).trials
    values = pd.to_numeric(own.get(column, pd.Series([None])), errors="coerce")
    if values.isna().any() or (values <= 0).any():
        table = run.run.folder / TRIALS
        raise LogError(f"{table} is damaged: a trial of {curve} has no number for {column}; run it again elsewhere")
    if values.nunique() > 1:
        raise CannotJudgeError(f"{run.run.folder}: the trials of {curve} differ in {column}")
    return int(values.iloc[0])


@claim(
    "cnn-accelerates",
    says="factored dense layers accelerate considerably",
    where="Fig. 5-right",
    measures="speedup in iterations at the original's final smoothed (100-step mean) cross-entropy, and the same "
    "for total loss",
    requires=f"≥ {CONSIDERABLY} on cross-entropy; total loss reported beside it",
    reads=("fig5-right/cross-entropy",),
)
def accelerates(run: RunEvidence) -> Finding:
    """Speedup of the factored network at the original's final cross-entropy: ≥ 1.5. That of the total loss beside it.

    Each seed against the original of the same seed. The total loss counts the weight decay of other weights in the two
    networks, so that it is shown and not judged by.
    """
    return _faster(run, CONSIDERABLY)


@claim(
    "cnn-orders-of-magnitude",
    says="…by orders of magnitude",
    where="blog, App. C.2",
    measures="the same speedup",
    requires=f"≥ {ORDER_OF_MAGNITUDE:g}",
    reads=("fig5-right/cross-entropy",),
)
def orders_of_magnitude(run: RunEvidence) -> Finding:
    """Speedup of the factored network at the original's final cross-entropy: ≥ 10. That of the total loss beside it."""
    return _faster(run, ORDER_OF_MAGNITUDE)


@claim(
    "cnn-best-lr",
    says="the gap in rates is similar with best lr each",
    where="App. C.2",
    measures="the same with best base lr each",
    requires=f"≥ {CONSIDERABLY}",
    reads=("cnn-lr/cross-entropy",),
)
def best_lr(run: RunEvidence) -> Finding:
    """Speedup of the factored network at the original's final cross-entropy, each at its best base rate: ≥ 1.5.

    The best base rate is the one with the lowest final cross-entropy among those with which no seed diverged.
    """
    return _faster(run, CONSIDERABLY, named=True)


def _faster(run: RunEvidence, factor: float, *, named: bool = False) -> Finding:
    """Judge the speedup in the run's loss by `factor`; report the other loss's beside it. `named`: say the rates."""
    factored, original = run.chosen(FACTORED), run.chosen(ORIGINAL)
    label = f"factored ({_rate(factored)}) over original ({_rate(original)})" if named else "factored over original"
    other = run.run.level_in(CROSS_ENTROPY if run.run.level.loss == TOTAL else TOTAL)
    return side_by_side(
        faster(run, label, (factored, original), factor),
        faster(run, other.noun, (factored.by(other), original.by(other)), factor),
    )


def faster(run: RunEvidence, label: str, pair: tuple[Choice, Choice], factor: float) -> Finding:
    """Judge a curve's speedup over another at the level that the other ends at, by `factor`."""
    return judge_speedups({label: pair}, shared_seeds(run), (at_least(factor),), floor=run.floor)


def side_by_side(finding: Finding, beside: Finding) -> Finding:
    """Return what is judged, with what is reported beside it."""
    text = beside.measured.removeprefix("speedup of ")
    cases = {
        seed: Case(case.holds, {**case.numbers, "beside": beside.cases[seed].numbers})
        for seed, case in finding.cases.items()
    }
    return Finding(f"{finding.measured}; beside it {text}", cases, finding.numbers, finding.notes)


def _rate(curve: Choice) -> str:
    return "every lr diverged" if curve.rate is None else f"lr {curve.rate:g}"


@claim(
    "cnn-init-insensitive",
    says="convergence is almost identical across init std of the factored layers",
    where="App. C.2",
    measures="iterations to reach the baseline's final cross-entropy, max over min across std",
    requires=f"≤ {ALIKE}, and all faster than the baseline",
    reads=("cnn-init/cross-entropy",),
)
def init_insensitive(run: RunEvidence) -> Finding:
    """Iterations to the original's final cross-entropy: largest over smallest ≤ 1.5, all fewer than its own.

    The original's own are those to where it first is as low as it ends. A std that never gets there, or diverges
    before, is neither like the others nor faster. Undecided where the original diverges: there is nothing to reach.
    """
    return alike_by(run, run.run.level)


def alike_by(run: RunEvidence, level: Level) -> Finding:
    """Judge how alike the iterations are that the stds need to the level at which the original ends."""
    original = run.chosen(ORIGINAL).by(level)
    family = {std: run.chosen(f"std-{std}").by(level) for std in STDS}
    cases = {str(seed): _alike(original, family, seed) for seed in shared_seeds(run)}
    found = [case.numbers for case in cases.values()]
    texts = [f"std {std} {count_text([numbers['iterations'][std] for numbers in found])}" for std in STDS]
    own = count_text([numbers["original"] for numbers in found])
    goals = [numbers[f"at_{level.column}"] for numbers in found]
    spread = ranged([numbers["ratio"] for numbers in found])
    curves = (original, *family.values())
    return Finding(
        f"iterations to {level.noun} {ranged(goals, '{:.1e}'.format)}: {', '.join(texts)}; "
        f"largest over smallest {spread}; original {own}",
        cases,
        {"learning_rates": learning_rates(curves)},
        notes_of(curves),
    )


def _alike(original: Choice, family: Mapping[str, Choice], seed: int) -> Case:
    """Judge one seed: the stds among themselves, and each against the original."""
    trial, at = original.logs.get(seed), f"at_{original.level.column}"
    if trial is None or seed in original.lost:
        empty = {"original": None, at: None, "ratio": None}
        return Case(None, {"iterations": dict.fromkeys(family), **empty})
    goal = trial.final
    own = trial.reaches(goal)
    counts = {std: one.logs[seed].reaches(goal) if seed in one.logs else None for std, one in family.items()}
    reached = [count for count in counts.values() if count is not None]
    ratio = max(reached) / min(reached) if len(reached) == len(counts) else None
    faster = own is not None and all(count < own for count in reached)
    holds = ratio is not None and ratio <= ALIKE and faster
    return Case(holds, {"iterations": counts, "original": own, at: goal, "ratio": ratio})
