"""What several claims measure: speedups per seed with three-valued requirements, and numbers in words."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import inf, isfinite, isinf, isnan
from statistics import median
from typing import Any

from overparam_cli.claims.evidence import RunEvidence
from overparam_cli.claims.model import CannotJudgeError, Case, Finding, all_hold
from overparam_cli.results.choice import Choice
from overparam_cli.results.trajectory import Speedup, Trajectory, median_speedup, speedup

UNKNOWN = Speedup(0.0, inf)  # nothing is known: the baseline has no final gap
NEVER = Speedup(0.0, 0.0)  # every learning rate of the curve diverged, so that it reaches no gap at all
OF_GRID = "of the grid"  # how a note ends that a best rate is the lowest or highest of those tried

Requirement = Callable[[Speedup], bool | None]
Goal = Callable[[Trajectory, Trajectory, float, float], float]  # of curve, baseline, share of the run and floor: a gap


def above(limit: float) -> Requirement:
    """Return the requirement "> limit"."""
    return lambda value: _decide(value, limit, value.low > limit)


def at_least(limit: float) -> Requirement:
    """Return the requirement "≥ limit"."""
    return lambda value: _decide(value, limit, value.low >= limit)


def below(limit: float) -> Requirement:
    """Return the requirement "< limit"."""
    return lambda value: _not(at_least(limit)(value))


def at_most(limit: float) -> Requirement:
    """Return the requirement "≤ limit"."""
    return lambda value: _not(above(limit)(value))


def _decide(value: Speedup, limit: float, exact: bool) -> bool | None:
    """Return `exact` for a number; for an interval whether it lies above the limit, None where it straddles it.

    The ends of an interval are open: a curve that never reaches a gap needs more iterations than it was given.
    """
    if value.low == value.high:
        return exact
    return True if value.low >= limit else False if value.high <= limit else None


def _not(holds: bool | None) -> bool | None:
    return None if holds is None else not holds


def ratio(counts: tuple[int | None, int | None], given: tuple[int, int]) -> Speedup:
    """Return the ratio of two iteration counts; where one is None it is more than the iterations `given` to it."""
    one, other = counts
    if one is not None and other is not None:
        exact = (1.0 if one == 0 else inf) if other == 0 else one / other
        return Speedup(exact, exact)
    low = 0.0 if other is None else given[0] / max(other, 1)
    high = inf if one is None else one / max(given[1], 1)
    return Speedup(low, high)


def shared_seeds(*runs: RunEvidence) -> tuple[int, ...]:
    """Return the seeds that all the runs have finished; raises CannotJudgeError when there are none."""
    seeds = set.intersection(*(set(run.seeds) for run in runs))
    if not seeds:
        raise CannotJudgeError(f"{' and '.join(str(run.run.folder) for run in runs)} have no seed in common")
    return tuple(sorted(seeds))


def require_same_problem(one: RunEvidence, other: RunEvidence) -> None:
    """Raise CannotJudgeError unless two runs have the same data, loss and iterations, so that gaps can be compared."""
    first, second = one.run, other.run
    folders = f"{first.folder} and {second.folder}"
    if any(
        first.manifest["dataset"].get(key) != second.manifest["dataset"].get(key)
        for key in ("name", "fingerprint", "preprocessing", "label_preprocessing")
    ):
        raise CannotJudgeError(f"{folders} are not of the same data")
    columns = {"loss": "losses", "loss_scale": "factors on the loss", "iterations": "numbers of iterations"}
    for column, what in {**columns, "dtype": "precisions"}.items():
        one_has, other_has = (set(run.trials.get(column, ())) for run in (first, second))
        if one_has != other_has:
            raise CannotJudgeError(f"{folders} have different {what}")


def gap_at(trial: Trajectory, share: float, floor: float) -> float:
    """Return the gap at a share of a run, and not below `floor`, where gaps mean nothing."""
    return max(trial.final if share == 1 else trial.at(share * float(trial.end)), floor)


def of_baseline(curve: Trajectory, baseline: Trajectory, share: float, floor: float) -> float:
    """Return the baseline's gap at a share of its run, which the curve may not reach."""
    return gap_at(baseline, share, floor)


def of_the_one_behind(curve: Trajectory, baseline: Trajectory, share: float, floor: float) -> float:
    """Return the larger of both gaps at a share of the run: one that both have reached by then."""
    return max(gap_at(curve, share, floor), gap_at(baseline, share, floor))


def speedup_at(
    curve: Choice, baseline: Choice, seed: int, floor: float, share: float = 1.0, goal: Goal = of_baseline
) -> Speedup:
    """Return a seed's speedup of a curve over a baseline, at a gap at a share of the run, which `goal` chooses.

    "Gap" is whatever the baseline is judged by (`Choice.level`).

    A curve that diverges (at a fixed rate, or at every rate of its grid) before it has reached the gap never will.
    """
    if seed not in baseline.logs or seed in baseline.lost:
        return UNKNOWN
    if seed not in curve.logs:
        return NEVER
    own, other = baseline.logs[seed], curve.logs[seed]
    found = speedup(other, own, goal(other, own, share, floor))
    return NEVER if seed in curve.lost and found.low == 0 else found


def judge_speedups(
    pairs: Mapping[str, tuple[Choice, Choice]],
    seeds: Sequence[int],
    requirements: Sequence[Requirement],
    *,
    floor: float,
    shares: Sequence[float] = (1.0,),
    goal: Goal = of_baseline,
) -> Finding:
    """Judge label → (curve, baseline): every speedup of a seed must meet every requirement.

    `shares` are the points of the run at which `goal` takes the gaps that are to be reached; 1 is its end. `floor` is
    the gap below which numbers mean nothing; a gap below it counts as `floor`.
    """
    cases: dict[str, Case] = {}
    texts, goals = [], []
    level = next(iter(pairs.values()))[1].level
    table = {
        label: {seed: [speedup_at(*pair, seed, floor, share, goal) for share in shares] for seed in seeds}
        for label, pair in pairs.items()
    }
    for seed in seeds:
        found = [value for values in table.values() for value in values[seed]]
        numbers = {label: at_shares(shares, values[seed]) for label, values in table.items()}
        gaps = {label: _gaps(pair, seed, floor, shares, goal) for label, pair in pairs.items()}
        holds = all_hold(requirement(value) for value in found for requirement in requirements)
        cases[str(seed)] = Case(holds, {"speedup": numbers, f"at_{level.column}": gaps})
        goals += [goal for found in gaps.values() for goal in found.values()]
    for label, values in table.items():
        columns = [speedup_text([values[seed][place] for seed in seeds]) for place in range(len(shares))]
        at = [f" at {share:.0%}" if len(shares) > 1 else "" for share in shares]
        texts.append(f"{label}: " + ", ".join(text + where for text, where in zip(columns, at, strict=True)))
    curves = {choice.curve.name: choice for pair in pairs.values() for choice in pair}
    return Finding(
        f"speedup of {'; '.join(texts)}{gap_text(goals, level.noun) if len(shares) == 1 and len(pairs) < 3 else ''}",
        cases,
        {"learning_rates": learning_rates(curves.values())},
        notes_of(curves.values()),
    )


def at_shares(shares: Sequence[float], values: Sequence[Any]) -> dict[str, Any]:
    """Return share of the run, as text → value."""
    return {f"{share:.0%}": value for share, value in zip(shares, values, strict=True)}


def _gaps(
    pair: tuple[Choice, Choice], seed: int, floor: float, shares: Sequence[float], goal: Goal
) -> dict[str, float | None]:
    """Return the gaps at which a seed's speedups were taken; None where the baseline has none."""
    curve, baseline = pair
    own = None if seed in baseline.lost else baseline.logs.get(seed)
    if own is None:
        return at_shares(shares, [None] * len(shares))
    return at_shares(shares, [goal(curve.logs.get(seed, own), own, share, floor) for share in shares])


def learning_rates(curves: Iterable[Choice]) -> dict[str, float | None]:
    """Return curve → the rate that stands for it."""
    return {choice.curve.name: choice.rate for choice in curves}


def notes_of(curves: Iterable[Choice]) -> tuple[str, ...]:
    """Return what must be known about the choices."""
    return tuple(note for choice in curves if (note := _note(choice)))


def _note(choice: Choice) -> str:
    """Return what must be known about one choice, if anything."""
    name = choice.curve.name
    if choice.rate is None:
        return f"{name}: every learning rate diverged"
    if choice.lost:
        return f"{name}: diverged for seed {', '.join(map(str, sorted(choice.lost)))}"
    edge = f"the best learning rate, {choice.rate:g}, is the {choice.edge} {OF_GRID}" if choice.edge else ""
    said = "; ".join(filter(None, (choice.standing, edge, choice.noise)))
    return f"{name}: {said}" if said else ""


def speedup_text(values: Sequence[Speedup]) -> str:
    """Return the median over the seeds and the full range: "3.4× [2.9–3.8]"; bounds where a gap is never reached."""
    middle = median_speedup(list(values))
    if middle is None or (middle.low == 0 and isinf(middle.high)):
        return "unknown"
    if all(value.low == value.high for value in values):
        numbers = [value.low for value in values]
        return ranged(numbers, unit="×") if any(numbers) else "none (diverged)"
    short = sum(value.low != value.high for value in values)
    whose = "" if len(values) == 1 else f" by {short} of {len(values)} seeds"
    if isinf(middle.high):
        return f"> {middle.low:.3g}× (the baseline never gets there{whose})"
    sign = "< " if middle.low != middle.high else ""
    return f"{sign}{middle.high:.3g}× (never reached{whose})"


def ranged(values: Sequence[float | None], form: Callable[[float], str] = "{:.3g}".format, unit: str = "") -> str:
    """Return "median [lowest–highest]" of the values that are numbers, without the range where they agree."""
    numbers = [float(value) for value in values if value is not None and not isnan(value)]
    if not numbers:
        return "—"
    texts = [form(number) for number in (median(numbers), min(numbers), max(numbers))]
    return f"{texts[0]}{unit}" if texts[1] == texts[2] else f"{texts[0]}{unit} [{texts[1]}–{texts[2]}]"


def count_text(values: Sequence[int | None]) -> str:
    """Return iterations in words: "65,200 [64,100–66,300]", or never, or never for some seeds."""
    reached = [value for value in values if value is not None]
    if not reached:
        return "never"
    late = len(values) - len(reached)
    return ranged(reached, lambda number: f"{number:,.0f}") + (f" (never for {late} of {len(values)})" if late else "")


def gap_text(goals: Sequence[float | None], noun: str = "gap") -> str:
    """Return the gap at which speedups were taken, or nothing where there is none."""
    found = [goal for goal in goals if goal is not None and isfinite(goal)]
    return f", at {noun} {ranged(found, lambda gap: f'{gap:.1e}')}" if found else ""
