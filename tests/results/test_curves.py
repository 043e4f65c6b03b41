"""Numbers from closed-form curves: gap(t) = start · 10^(−rate·t), so iterations to a gap are log10(start/gap)/rate."""

import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.synthetic_runs import START, Curve, Trial, exponential, make_run

from overparam_cli.errors import ConfigError
from overparam_cli.experiments.kind import kind
from overparam_cli.results.choice import SELECTION
from overparam_cli.results.curve import Divergence
from overparam_cli.results.summary import Spread, summarise
from overparam_cli.results.trajectory import (
    Speedup,
    Trajectory,
    aligned_distance,
    effective_step,
    log10_distance,
    median_speedup,
    speedup,
)

GAP = kind("linear").levels[0]


def one_log(gap, iterations=1000, every=10):
    t = np.arange(0, iterations + 1, every)
    return Trajectory(pd.DataFrame({"iteration": t, "gap": gap(t)}), GAP)


def test_reaches_is_the_first_logged_iteration_at_or_below_the_gap():
    log = one_log(exponential(1 / 100))  # a decade every 100 iterations
    assert log.reaches(0.1) == 100
    assert log.reaches(0.09) == 110  # the crossing is at 104.6
    assert log.reaches(1e-11) is None
    assert log.crossing(0.09) == pytest.approx(100 * math.log10(1 / 0.09))
    assert log.crossing(1e-11) is None
    assert log.crossing(2.0) == 0


def test_reaches_ignores_gaps_that_are_no_numbers():
    log = Trajectory(pd.DataFrame({"iteration": [0, 10, 20, 30], "gap": [1.0, np.nan, np.inf, 0.5]}), GAP)
    assert log.reaches(0.5) == 30
    assert log.reaches(0.1) is None


def test_gap_between_log_points_is_interpolated_in_log10():
    log = one_log(exponential(1 / 100))
    assert log.at(50) == log.values[5]
    assert log.at(55) == pytest.approx(10**-0.55)
    assert math.isnan(log.at(1001))


def test_plateau_ends_at_nine_tenths_of_the_start():
    log = one_log(exponential(1 / 100, start=3.0, plateau=200))
    crossing = 200 + 100 * math.log10(1 / 0.9)  # 204.6
    assert log.plateau_end() == 210
    assert log.crossing(0.9 * 3.0) == pytest.approx(crossing, abs=1e-9)
    assert one_log(lambda t: np.full(len(t), 3.0)).plateau_end() is None


def test_curves_that_differ_by_their_plateau_alone_are_equal_once_aligned():
    # The plateaus end off the log's grid, so that only interpolation can find them equal.
    one = one_log(exponential(1 / 100, plateau=100))
    other = one_log(exponential(1 / 100, plateau=340))
    assert aligned_distance(one, other) == pytest.approx(0, abs=1e-9)
    assert log10_distance(one, other) == pytest.approx(2.4)  # 240 iterations at a decade per 100


def test_distance_of_different_slopes_is_greatest_where_the_shorter_ends():
    one, other = one_log(exponential(1 / 100)), one_log(exponential(1 / 200), iterations=500, every=7)
    assert log10_distance(one, other) == pytest.approx(497 * (1 / 100 - 1 / 200))


def test_alignment_needs_both_curves_to_leave_their_plateau():
    assert aligned_distance(one_log(exponential(1 / 100)), one_log(lambda t: np.ones(len(t)))) is None


def test_gaps_below_the_floor_count_as_the_floor():
    log = Trajectory(pd.DataFrame({"iteration": [0, 1, 2], "gap": [1.0, 1e-3, -1e-9]}), GAP)
    flat = Trajectory(pd.DataFrame({"iteration": [0, 1, 2], "gap": [1.0, 1e-3, 1e-8]}), GAP)
    assert log10_distance(log, flat, floor=1e-8) == pytest.approx(0)


@given(rate=st.floats(1e-3, 1e-1), ratio=st.floats(1, 50))
def test_speedup_of_exponentials_is_the_ratio_of_their_rates(rate, ratio):
    fast, slow = (one_log(exponential(r), iterations=2000, every=1) for r in (rate, rate / ratio))
    gap = slow.final
    measured = speedup(fast, slow, gap)
    iterations = 2000 / ratio
    assert measured.value == pytest.approx(2000 / iterations, rel=2 / iterations)


def test_a_curve_that_never_arrives_leaves_a_bound():
    fast, slow = one_log(exponential(1 / 100)), one_log(exponential(1 / 400))
    assert speedup(slow, fast, 1e-5) == Speedup(0.0, 500 / 1000)  # fast is there at 500, slow not at 1000
    assert speedup(fast, slow, 1e-5) == Speedup(1000 / 500, math.inf)
    assert speedup(slow, slow, 1e-20) == Speedup(0.0, math.inf)
    assert speedup(slow, fast, 1e-5).value is None
    assert speedup(fast, slow, START).value == 1.0  # both start there


def test_median_speedup_is_exact_only_where_the_seeds_decide_it():
    known, unknown = Speedup(2.0, 2.0), Speedup(0.0, 0.9)
    assert median_speedup([known, Speedup(3.0, 3.0), unknown]) == known
    assert median_speedup([known, unknown, unknown]) == unknown
    assert median_speedup([]) is None


@pytest.mark.parametrize(("depth", "expected"), [(1, 0.5), (2, 0.5 * 8), (4, 0.5 * 8**1.5)])
def test_effective_step_is_equation_12s(depth, expected):
    assert effective_step(0.5, [8.0, 8.0], depth) == pytest.approx([expected, expected])


def grid(*rates: float, seeds: int = 1, slope: float = 1.0) -> dict[float, list[Trial]]:
    """Learning rate lr converges at slope·lr decades per iteration."""
    return {lr: [Trial(exponential(slope * lr))] * seeds for lr in rates}


def test_the_best_rate_is_the_one_with_the_lowest_final_gap_that_never_diverged():
    trials = grid(1e-4, 1e-3, 1e-2) | {1e-1: [Trial(exponential(1e-1), diverged_at=50)]}
    chosen = make_run({"a": Curve(trials)}).curves["a"].choose()
    assert (chosen.lr, chosen.diverged, chosen.edge) == (1e-2, (1e-1,), None)
    assert chosen.scores == pytest.approx({1e-4: 10**-0.1, 1e-3: 0.1, 1e-2: 1e-10})


def test_one_diverged_seed_rules_a_rate_out():
    trials = {
        1e-3: [Trial(exponential(1e-3))] * 3,
        1e-2: [*[Trial(exponential(1e-2))] * 2, Trial(exponential(1e-2), 900)],
    }
    chosen = make_run({"a": Curve(trials)}).curves["a"].choose()
    assert (chosen.lr, chosen.diverged) == (1e-3, (1e-2,))


def test_a_completed_trial_without_a_final_gap_counts_as_diverged():
    run = make_run({"a": Curve(grid(1e-4, 1e-3))})
    run.trials.loc[run.trials["lr"] == 1e-3, "final_gap"] = np.inf
    assert run.curves["a"].choose().diverged == (1e-3,)


def test_a_rate_that_lacks_seeds_cannot_win():
    trials = grid(1e-4, seeds=2) | grid(1e-3)
    chosen = make_run({"a": Curve(trials)}).curves["a"].choose()
    assert (chosen.lr, chosen.incomplete) == (1e-4, (1e-3,))


def test_the_median_over_seeds_decides_and_not_the_best_seed():
    lucky = [Trial(exponential(rate)) for rate in (1e-2, 1e-4, 1e-4)]
    steady = [Trial(exponential(1e-3))] * 3
    assert make_run({"a": Curve({0.1: lucky, 0.2: steady})}).curves["a"].choose().lr == 0.2


@pytest.mark.parametrize(("rates", "edge"), [((1e-4, 1e-3), "highest"), ((1e-3,), None)])
def test_the_edge_of_the_grid_is_reported(rates, edge):
    assert make_run({"a": Curve(grid(*rates))}).curves["a"].choose().edge == edge


def test_the_lowest_edge_is_reported_too():
    trials = {1e-4: [Trial(exponential(1e-3))], 1e-3: [Trial(exponential(1e-4))]}
    assert make_run({"a": Curve(trials)}).curves["a"].choose().edge == "lowest"


def test_ties_go_to_the_smaller_rate_whatever_the_order_of_the_rows():
    trials = {0.2: [Trial(exponential(1e-3))], 0.1: [Trial(exponential(1e-3))]}
    assert make_run({"a": Curve(trials)}).curves["a"].choose().lr == 0.1


def test_no_winner_where_every_rate_diverged():
    trials = {lr: [Trial(exponential(1e-3), diverged_at=50)] for lr in (0.1, 0.2)}
    chosen = make_run({"a": Curve(trials)}).curves["a"].choose()
    assert (chosen.lr, chosen.shown, chosen.edge) == (None, 0.1, None)


def test_the_rules_differ_where_they_should():
    # 0.1 falls fast to 10^-1.5 and stops; 0.2 is slow and ends lower; 0.3 falls at once to 0.09 and stops.
    def early(t):
        return np.maximum(10.0 ** (-t / 100), 10**-1.5)

    def immediate(t):
        return np.where(t < 10, 1.0, 0.09)

    trials = {0.1: [Trial(early)], 0.2: [Trial(exponential(2 / 1000))], 0.3: [Trial(immediate)]}
    run = make_run({"a": Curve(trials)})
    assert {rule: run.curves["a"].choose(rule).lr for rule in SELECTION} == {
        "final-gap": 0.2,
        "lowest-gap": 0.2,
        "area": 0.1,
        "iterations-to-gap": 0.3,  # the target is a tenth of the gap at W = 0
    }
    assert run.curves["a"].choose("iterations-to-gap", target=0.01).lr == 0.2
    area = run.curves["a"].choose("area").scores
    assert area[0.2] == pytest.approx(-1.0)  # the mean of −2t/1000
    assert area[0.1] == pytest.approx((-1.5 * 150 / 2 - 1.5 * 850) / 1000)


def test_the_lowest_gap_at_any_time_may_come_before_a_rise_or_a_divergence():
    def rising(t):  # 10^-3 after 300 iterations, 10^-1 at the end
        return 10.0 ** -np.where(t <= 300, t / 100, 3 - (t - 300) / 350)

    trials = {0.1: [Trial(exponential(2e-3))], 0.2: [Trial(rising)], 0.3: [Trial(exponential(1e-2), diverged_at=400)]}
    curve = make_run({"a": Curve(trials)}).curves["a"]
    chosen = curve.choose("lowest-gap")
    assert (chosen.lr, chosen.diverged) == (0.3, (0.3,))
    assert chosen.scores == pytest.approx({0.1: 1e-2, 0.2: 1e-3, 0.3: 1e-4})
    assert curve.choose().lr == 0.1
    assert "with the best learning rate, 0.3, it diverges" in " ".join(
        summarise(make_run({"a": Curve(trials)}), "lowest-gap").warnings
    )


def test_an_unknown_rule_is_refused_with_the_choices():
    with pytest.raises(ConfigError, match="final-gap, lowest-gap, area, iterations-to-gap"):
        make_run({"a": Curve(grid(1e-3))}).curves["a"].choose("luck")


@pytest.fixture
def two_depths():
    """Depth 1 converges at 2/1000 decades per iteration, depth 2 four, five and eight times as fast; 3 seeds."""
    one = {1e-3: [Trial(exponential(2e-3))] * 3, 1e-2: [Trial(exponential(1e-3), diverged_at=40)] * 3}
    two = {1e-3: [Trial(exponential(2e-3 * factor), norm=lambda t: np.full(len(t), 4.0)) for factor in (4, 5, 8)]}
    two[5e-4] = [Trial(exponential(1e-4))] * 3
    return make_run({"depth-1": Curve(one, label="1 layer"), "depth-2": Curve(two, depth=2, label="2 layers")})


def test_summary_of_two_depths(two_depths):
    first, second = summarise(two_depths).curves
    assert (first.label, first.selection.lr, second.selection.lr) == ("1 layer", 1e-3, 1e-3)
    assert first.final == Spread(*[pytest.approx(0.01)] * 3)
    assert second.final == Spread(*(pytest.approx(10.0**-exponent) for exponent in (10, 16, 8)))
    assert first.speedup.value == 1.0
    assert [s.value for s in second.speedup_per_seed.values()] == pytest.approx([1000 / 250, 1000 / 200, 1000 / 130])
    assert second.speedup.value == 5.0
    assert second.final_effective_step.median == pytest.approx(1e-3 * 4)  # η‖W‖^(2−2/2)
    assert first.final_effective_step.median == pytest.approx(1e-3)


def test_iterations_to_fixed_gaps_are_medians_of_first_logged_iterations(two_depths):
    summary = summarise(two_depths)
    assert summary.levels == pytest.approx([START * share for share in (0.5, 0.2, 0.1, 0.05, 0.02, 0.01)])
    # 500·log10(1/gap), up to the next multiple of 10
    assert summary.curves[0].iterations_to == (160, 350, 500, 660, 850, 1000)
    # the middle seed is five times as fast: 100·log10(1/gap)
    assert summary.curves[1].iterations_to == (40, 70, 100, 140, 170, 200)


def test_gaps_never_reached_by_most_seeds_have_no_iterations():
    run = make_run({"a": Curve({1e-3: [Trial(exponential(rate)) for rate in (2e-3, 1e-4, 1e-4)]})})
    assert summarise(run).curves[0].iterations_to[:2] == (None, None)


def test_divergences_say_which_seeds_and_when():
    failing = [Trial(exponential(1e-3), 700), Trial(exponential(1e-3)), Trial(exponential(1e-3), 640)]
    run = make_run({"a": Curve({1e-3: [Trial(exponential(1e-3))] * 3, 1e-2: failing})})
    assert summarise(run).divergences == (Divergence("a", 1e-2, (0, 2), 3, 640, 700),)


def test_warnings_name_the_edge_and_the_curve_without_a_winner():
    lost = {lr: [Trial(exponential(1e-3), diverged_at=50)] for lr in (0.1, 0.2)}
    run = make_run({"a": Curve(grid(1e-4, 1e-3), label="A"), "b": Curve(lost, label="B")})
    summary = summarise(run)
    edge, nothing = summary.warnings
    assert edge.startswith("A: the best learning rate, 0.001, is the highest of the grid")
    assert nothing == "B: every learning rate diverged"
    assert summary.curves[1].final is None
    assert summary.curves[1].speedup is None


def test_the_summary_is_json_without_nan_or_infinity():
    lost = {0.1: [Trial(exponential(1e-3), diverged_at=50)]}
    slow = {0.1: [Trial(exponential(1e-4))]}
    fast = {0.1: [Trial(exponential(1e-3))]}
    run = make_run({"depth-1": Curve(slow), "fast": Curve(fast), "lost": Curve(lost)})
    run.manifest["optimum"]["loss"] = float("inf")
    plain = json.loads(json.dumps(summarise(run).as_dict(), allow_nan=False))
    assert plain["optimum"]["loss"] is None
    assert plain["curves"][2]["final_gap"] is None
    assert plain["curves"][0]["selection"]["lr"] == 0.1


def test_curves_keep_the_order_of_the_experiment_file():
    run = make_run({"b": Curve(grid(1e-3)), "a": Curve(grid(1e-3))})
    shuffled = replace(run, trials=run.trials.sort_values("curve"))
    assert list(shuffled.curves) == ["b", "a"]


def test_the_floor_is_the_worst_of_certificate_and_negative_gaps():
    run = make_run({"a": Curve(grid(1e-3))})
    assert run.floor == pytest.approx(1e-14, rel=1e-2)
    log = run.log.copy()
    log.loc[5, "gap"] = -3e-9
    assert replace(run, log=log).floor == 3e-9
