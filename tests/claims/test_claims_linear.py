"""The claims about training runs: measured numbers against pencil and paper, and the requirements' edges."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.claim_logs import RATE, SCENARIOS, falling, stuck, until, write_run
from support.synthetic_runs import Curve, Trial, exponential

from overparam_cli.claims import all_claims
from overparam_cli.claims.evaluation import Library, evaluate
from overparam_cli.claims.model import Result

BY_ID = {claim.id: claim for claim in all_claims()}


def judge(claim: str, results: Path) -> Result:
    return evaluate(BY_ID[claim], Library(results))


def numbers(result: Result, seed: str = "0") -> Mapping[str, Any]:
    return result.as_dict()["seeds"][seed]["numbers"]  # type: ignore[no-any-return]


def exactly(value: float) -> dict[str, float]:
    return {"low": value, "high": value}


def figure3(results: Path, deep: Curve, base: Curve | None = None, variant: str = "l4", **settings: Any) -> None:
    curves = {"depth-1": base or Curve(falling([RATE])), "depth-2": deep, "depth-3": deep}
    write_run(results, curves, "fig3", variant, **settings)


@pytest.mark.parametrize(("factor", "verdict"), [(4, "reproduced"), (2, "reproduced"), (1.5, "not reproduced")])
def test_l4_needs_twice_the_speed(factor: float, verdict: str, tmp_path: Path) -> None:
    figure3(tmp_path, Curve(falling([factor * RATE]), 2))
    result = judge("l4-depth-accelerates", tmp_path)
    assert result.verdict == verdict
    found = numbers(result)["speedup"]["depth 2"]["100%"]["low"]
    assert found == pytest.approx(factor, rel=0.01)  # the log has a point every ten iterations
    assert numbers(result)["at_gap"]["depth 2"]["100%"] == pytest.approx(10 ** (-RATE * 1000))


def test_both_depths_must_accelerate(tmp_path: Path) -> None:
    curves = {"depth-1": Curve(falling([RATE])), "depth-2": Curve(falling([4 * RATE]), 2)}
    write_run(tmp_path, curves | {"depth-3": Curve(falling([RATE]), 3)}, "fig3")
    assert judge("l4-depth-accelerates", tmp_path).verdict == "not reproduced"


def test_a_curve_that_never_gets_there_is_bounded(tmp_path: Path) -> None:
    figure3(tmp_path, Curve(falling([RATE / 2]), 2))
    result = judge("l4-depth-accelerates", tmp_path)
    assert result.verdict == "not reproduced"
    assert numbers(result)["speedup"]["depth 2"]["100%"] == {"low": 0.0, "high": 1.0}
    assert result.finding
    assert "< 1× (never reached)" in result.finding.measured


def test_a_curve_that_always_diverges_does_not_accelerate(tmp_path: Path) -> None:
    lost = [Trial(exponential(8 * RATE), diverged_at=20)]
    figure3(tmp_path, Curve({1e-3: lost, 1e-2: lost}, 2))
    result = judge("l4-depth-accelerates", tmp_path)
    assert result.verdict == "not reproduced"
    assert "depth-2: every learning rate diverged" in result.notes
    assert result.as_dict()["numbers"]["learning_rates"]["depth-2"] is None


def test_a_baseline_that_always_diverges_decides_nothing(tmp_path: Path) -> None:
    lost = Curve({lr: [Trial(exponential(RATE), diverged_at=20)] for lr in (1e-3, 1e-2)})
    figure3(tmp_path, Curve(falling([4 * RATE]), 2), lost)
    result = judge("l4-depth-accelerates", tmp_path)
    assert result.verdict == "not reproduced"
    assert result.cases["0"].holds is None
    assert any("undecided" in note for note in result.notes)


def test_the_best_rate_is_taken_and_its_edge_told(tmp_path: Path) -> None:
    deep = Curve({1e-3: [Trial(exponential(RATE))], 1e-2: [Trial(exponential(4 * RATE))]}, 2)
    figure3(tmp_path, deep)
    result = judge("l4-depth-accelerates", tmp_path)
    assert result.verdict == "reproduced"
    assert result.as_dict()["numbers"]["learning_rates"]["depth-2"] == 1e-2
    assert "depth-2: the best learning rate, 0.01, is the highest of the grid" in result.notes


def test_a_rate_with_which_one_seed_diverges_is_nobodys(tmp_path: Path) -> None:
    fast, slow = Trial(exponential(4 * RATE)), Trial(exponential(RATE))
    deep = Curve({1e-3: [slow, slow], 1e-2: [fast, Trial(fast.gap, diverged_at=500)]}, 2)
    figure3(tmp_path, deep, Curve(falling([RATE, RATE])))
    result = judge("l4-depth-accelerates", tmp_path)
    assert result.as_dict()["numbers"]["learning_rates"]["depth-2"] == 1e-3
    assert result.held == 0


def test_at_a_fixed_rate_only_the_diverged_seed_fails(tmp_path: Path) -> None:
    deep = Curve({1e-3: [Trial(exponential(4 * RATE)), Trial(exponential(4 * RATE), diverged_at=50)]}, 2)
    figure3(tmp_path, deep, Curve(falling([RATE, RATE])))
    result = judge("l4-depth-accelerates", tmp_path)
    assert {seed: case.holds for seed, case in result.cases.items()} == {"0": True, "1": False}
    assert "depth-2: diverged for seed 1" in result.notes


def test_a_late_divergence_after_the_gap_was_reached_is_a_speedup(tmp_path: Path) -> None:
    figure3(tmp_path, Curve({1e-3: [Trial(exponential(4 * RATE), diverged_at=900)]}, 2))
    result = judge("l4-depth-accelerates", tmp_path)
    assert numbers(result)["speedup"]["depth 2"]["100%"] == exactly(4.0)


def test_gaps_below_what_the_numbers_can_tell_are_not_asked_for(tmp_path: Path) -> None:
    """Depth 1 ends in rounding at −1e-6: depth 2 has arrived where it cannot be told from that."""

    def noise(t: np.ndarray) -> np.ndarray:
        gap = 10.0 ** (-16 * RATE * np.asarray(t, dtype=float))
        return np.where(np.asarray(t) >= 800, -1e-6, gap)

    figure3(tmp_path, Curve(falling([32 * RATE]), 2), Curve({1e-3: [Trial(noise)]}))
    result = judge("l4-depth-accelerates", tmp_path)
    assert numbers(result)["at_gap"]["depth 2"]["100%"] == pytest.approx(1e-6)
    # 10^(−16·RATE·t) ≤ 1e-6 from 384 on, logged at 390; twice as fast from 192, logged at 200.
    assert numbers(result)["speedup"]["depth 2"]["100%"] == exactly(390 / 200)


def test_l2_slower_by_half_where_depth_1_has_arrived(tmp_path: Path) -> None:
    SCENARIOS["l2-depth-hinders"](tmp_path, (True,))
    result = judge("l2-depth-hinders", tmp_path)
    assert result.verdict == "reproduced"
    assert numbers(result)["speedup"]["depth 3"] == {share: exactly(0.5) for share in ("10%", "50%", "100%")}


def test_l2_slower_throughout_cannot_be_shown_to_be_slightly_so(tmp_path: Path) -> None:
    """At 100 % a slower network has not arrived when the run ends: < 1 is shown, ≥ 1/3 is not."""
    figure3(tmp_path, Curve(falling([RATE * 0.8]), 2), variant="l2")
    result = judge("l2-depth-hinders", tmp_path)
    found = numbers(result)["speedup"]["depth 2"]
    assert found["10%"]["low"] == pytest.approx(0.8, rel=0.05)
    assert found["100%"] == {"low": 0.0, "high": 1.0}
    assert (result.verdict, result.cases["0"].holds) == ("not reproduced", None)
    assert any("undecided" in note for note in result.notes)


@pytest.mark.parametrize(
    ("factor", "holds"),
    [(0.8, True), (0.5, True), (0.2, False), (1.5, False)],
)
def test_l2_at_the_gap_of_the_one_behind_is_a_number_throughout(factor: float, holds: bool, tmp_path: Path) -> None:
    """Gaps 10^(−r t) and 10^(−s r t): the level that the slower one has at t, the faster one had at min(s, 1/s) t."""
    figure3(tmp_path, Curve(falling([RATE * factor]), 2), variant="l2")
    result = judge("l2-depth-behind", tmp_path)
    found = numbers(result)["speedup"]["depth 2"]
    assert all(one["low"] == one["high"] == pytest.approx(factor, rel=0.1) for one in found.values())
    assert len(found) == 3
    assert result.cases["0"].holds is holds


@pytest.mark.parametrize("factor", [1.5, 0.2])
def test_l2_faster_or_far_slower_is_not_slightly_slower(factor: float, tmp_path: Path) -> None:
    figure3(tmp_path, Curve(falling([RATE * factor]), 2), variant="l2")
    assert judge("l2-depth-hinders", tmp_path).cases["0"].holds is False


@pytest.mark.parametrize(
    ("end", "verdict"),
    [(31_400, "not reproduced"), (32_500, "reproduced"), (99_000, "reproduced"), (200_000, "not reproduced")],
)
def test_depth_4_leaves_its_plateau_between_32k_and_100k(end: float, verdict: str, tmp_path: Path) -> None:
    def jump(t: np.ndarray) -> np.ndarray:
        return np.where(np.asarray(t) >= end, 0.5, 1.0)

    deep = Curve({1e-3: [Trial(jump)], 1e-2: [Trial(until(1e-2, 100), diverged_at=2_000)], 1e-5: [Trial(stuck)]}, 4)
    write_run(tmp_path, {"depth-4": deep}, "fig5-left", iterations=100_000, every=500)
    result = judge("depth4-plateau", tmp_path)
    assert result.verdict == verdict
    beside = result.as_dict()["numbers"]["at_every_rate"]
    assert beside["1e-05"] == {"0": None}
    assert beside["0.01"] == {"0": 500}  # the first logged iteration after log10(1/0.9)/0.01 = 4.6, diverged later
    assert result.finding
    assert "0.01 → 500 (diverged)" in result.finding.measured


def test_depth_4_all_diverged_never_makes_progress(tmp_path: Path) -> None:
    lost = {lr: [Trial(stuck, diverged_at=1_000)] for lr in (1e-3, 1e-2)}
    write_run(tmp_path, {"depth-4": Curve(lost, 4)}, "fig5-left", iterations=100_000, every=500)
    result = judge("depth4-plateau", tmp_path)
    assert result.verdict == "not reproduced"
    assert "depth-4: every learning rate diverged" in result.notes


@pytest.mark.parametrize(("left", "verdict"), [(0.91, "reproduced"), (0.9, "reproduced"), (0.89, "not reproduced")])
def test_depth_8_is_stuck_at_nine_tenths_of_its_start(left: float, verdict: str, tmp_path: Path) -> None:
    def settles(t: np.ndarray) -> np.ndarray:
        return np.where(np.asarray(t) > 0, left, 1.0)

    deep = Curve({1e-3: [Trial(settles)], 1e-2: [Trial(until(1e-2, 100), diverged_at=2_000)]}, 8)
    write_run(tmp_path, {"depth-8": deep}, "fig5-left", iterations=100_000, every=500)
    result = judge("depth8-stuck", tmp_path)
    assert result.verdict == verdict
    assert numbers(result) == {"final_over_start": {"0.001": pytest.approx(left)}, "diverged_rates": [0.01]}


def test_depth_8_of_which_every_rate_diverges_is_stuck(tmp_path: Path) -> None:
    deep = Curve({1e-3: [Trial(stuck, diverged_at=1_000)]}, 8)
    write_run(tmp_path, {"depth-8": deep}, "fig5-left", iterations=100_000, every=500)
    result = judge("depth8-stuck", tmp_path)
    assert result.verdict == "reproduced"
    assert result.finding
    assert "best final gap — of the start; 1 of 1 learning rates diverged" in result.finding.measured


@pytest.mark.parametrize(("wait", "verdict"), [(900, "reproduced"), (1_001, "not reproduced")])
def test_identity_is_immediate_within_1000(wait: float, verdict: str, tmp_path: Path) -> None:
    curve = Curve(falling([0.1], plateau=wait), 4)
    curves = {"depth-4-identity": curve, "depth-8-identity": curve}
    write_run(tmp_path, curves, "fig5-left", iterations=100_000, every=100)
    assert judge("identity-immediate", tmp_path).verdict == verdict


def test_one_scalar_must_beat_all_three(tmp_path: Path) -> None:
    curves = {"gd-depth-2": Curve(falling([2 * RATE]), 2), "gd-depth-1": Curve(falling([RATE]))}
    curves |= {"adagrad": Curve(falling([RATE / 2])), "adadelta": Curve(falling([4 * RATE]))}
    write_run(tmp_path, curves, "blog")
    result = judge("blog-one-scalar", tmp_path)
    assert result.verdict == "not reproduced"
    found = {name: values["100%"] for name, values in numbers(result)["speedup"].items()}
    assert found["depth 2 over gradient descent"] == exactly(2.0)
    assert found["depth 2 over AdaGrad"] == exactly(4.0)
    assert found["depth 2 over AdaDelta"] == {"low": 0.0, "high": 1.0}


def test_adagrad_needs_the_same_problem_on_both_sides(tmp_path: Path) -> None:
    SCENARIOS["adagrad-slower-than-gd"](tmp_path, (True,))
    assert numbers(judge("adagrad-slower-than-gd", tmp_path))["speedup"] == exactly(2.0)
    write_run(tmp_path, {"depth-1": Curve(falling([RATE]))}, "fig3", dataset="ammonia")
    result = judge("adagrad-slower-than-gd", tmp_path)
    assert result.verdict == "not run"
    assert "not of the same data" in result.notes[0]


def test_two_runs_are_judged_by_the_seeds_they_share(tmp_path: Path) -> None:
    SCENARIOS["adam-beats-depth"](tmp_path, (True, True, True))
    SCENARIOS["beats-adagrad"](tmp_path, (True, True))  # figure 4-left again, with two seeds
    assert list(judge("adam-beats-depth", tmp_path).cases) == ["0", "1"]


def test_adam_and_depth_at_all_three_points(tmp_path: Path) -> None:
    """Depth 2 at half the speed until 200 and at four times from there: behind at 10 %, ahead at 50 % and 100 %."""

    def late(t: np.ndarray) -> np.ndarray:
        time = np.asarray(t, dtype=float)
        return 10.0 ** (-RATE * (0.5 * np.minimum(time, 200) + 4 * np.maximum(time - 200, 0)))

    curves = {"adam-depth-1": Curve(falling([RATE]))}
    curves |= {f"adam-depth-{depth}": Curve({1e-3: [Trial(late)]}, depth) for depth in (2, 3)}
    write_run(tmp_path, curves, "fig4-right")
    result = judge("adam-plus-depth", tmp_path)
    assert result.verdict == "not reproduced"
    found = numbers(result)["speedup"]["depth 2"]
    assert found["10%"] == exactly(100 / 200)
    assert found["50%"]["low"] == pytest.approx(500 / 300)  # 100 + 4·(t − 200) = 500
    assert found["100%"]["low"] == pytest.approx(1000 / 430)  # = 1000 at 425, logged at 430


def figure2(results: Path, change: Callable[[str, int, int], Trial], **settings: Any) -> None:
    for variant in ("l2", "l4"):
        curves = {
            f"{kind}-{depth}-width-{width}": Curve({1e-3: [change(kind, depth, width)]}, depth)
            for kind in ("depth", "rule")
            for depth in (2, 3)
            for width in (1, 100)
        }
        write_run(results, curves, "fig2", variant, **settings)


def usual(kind: str, depth: int, width: int) -> Trial:
    return Trial(exponential(depth * RATE, plateau=100))


def test_a_longer_plateau_matters_from_0_and_not_from_its_end(tmp_path: Path) -> None:
    def shifted(kind: str, depth: int, width: int) -> Trial:
        return Trial(exponential(depth * RATE, plateau=150 if kind == "rule" else 100))

    figure2(tmp_path, shifted)
    aligned, whole = judge("rule-emulates-depth", tmp_path), judge("rule-emulates-plateau", tmp_path)
    assert aligned.verdict == "reproduced"
    assert max(numbers(aligned)["distance"].values()) < 1e-9
    assert whole.verdict == "not reproduced"
    assert numbers(whole)["distance"]["ℓ4 depth-3-width-1"] == pytest.approx(50 * 3 * RATE)
    assert any("no balanced start beside it" in note for note in whole.notes)


@pytest.mark.parametrize(("factor", "verdict"), [(1.03, "reproduced"), (1.05, "not reproduced")])
def test_the_rule_may_be_off_by_a_tenth(factor: float, verdict: str, tmp_path: Path) -> None:
    """Depth 3 falls by 3·RATE·~850 decades from its plateau's end on; the rule, `factor` times as fast, by more."""

    def faster(kind: str, depth: int, width: int) -> Trial:
        return Trial(exponential(depth * RATE * (factor if kind == "rule" and depth == 3 else 1), plateau=100))

    figure2(tmp_path, faster)
    result = judge("rule-emulates-depth", tmp_path)
    end = 100 + np.log10(1 / 0.9) / (3 * RATE)
    expected = (factor - 1) * 3 * RATE * (1000 - end)
    assert numbers(result)["distance"]["ℓ2 depth-3-width-1"] == pytest.approx(expected, rel=1e-6)
    assert result.verdict == ("reproduced" if expected <= 0.1 else "not reproduced") == verdict


def test_a_balanced_start_is_shown_beside_it(tmp_path: Path) -> None:
    SCENARIOS["rule-emulates-plateau"](tmp_path, (True,))
    result = judge("rule-emulates-plateau", tmp_path)
    assert numbers(result)["balanced"]["distance"]["ℓ2 depth-2-width-1"] == 0.0
    assert result.finding
    assert "from a balanced start" in result.finding.measured


@pytest.mark.parametrize("failing", [("rule",), ("depth", "rule")])
def test_a_pair_of_which_one_diverges_alone_is_no_emulation(failing: tuple[str, ...], tmp_path: Path) -> None:
    def diverging(kind: str, depth: int, width: int) -> Trial:
        return Trial(exponential(depth * RATE), diverged_at=900 if kind in failing and depth == 3 else None)

    figure2(tmp_path, diverging)
    verdicts = {judge(claim, tmp_path).verdict for claim in ("rule-emulates-depth", "rule-emulates-plateau")}
    assert verdicts == {"not reproduced" if failing == ("rule",) else "reproduced"}


def test_a_pair_stuck_on_its_plateau_cannot_be_aligned(tmp_path: Path) -> None:
    def still(kind: str, depth: int, width: int) -> Trial:
        return Trial(stuck) if depth == 3 else usual(kind, depth, width)

    figure2(tmp_path, still)
    result = judge("rule-emulates-depth", tmp_path)
    assert result.verdict == "not reproduced"
    assert result.finding
    assert "stuck on its plateau" in result.finding.measured


@pytest.mark.parametrize(("factor", "verdict"), [(1.4, "reproduced"), (1.6, "not reproduced"), (0.6, "not reproduced")])
def test_width_may_change_times_by_half(factor: float, verdict: str, tmp_path: Path) -> None:
    def wide(kind: str, depth: int, width: int) -> Trial:
        rate = 4 * RATE * (factor if width == 100 else 1)
        return Trial(exponential(rate, plateau=300 if width == 100 else 0))

    figure2(tmp_path, wide, every=2)
    result = judge("width-negligible", tmp_path)
    assert result.verdict == verdict
    after, whole = numbers(result)["ratio_from_plateau"], numbers(result)["ratio_from_0"]
    assert after["ℓ4 depth-2 to 1/10"]["low"] == pytest.approx(factor, rel=0.03)
    # From 0, width 1 needs 256 iterations to a tenth and width 100 needs 300 + 256/factor.
    assert whole["ℓ4 depth-2 to 1/10"]["low"] == pytest.approx(256 / (300 + 256 / factor), rel=0.02)


def test_a_gap_that_neither_width_reaches_is_undecided(tmp_path: Path) -> None:
    figure2(tmp_path, lambda kind, depth, width: Trial(until(RATE, 600)))  # ends at a quarter of the start
    result = judge("width-negligible", tmp_path)
    assert (result.verdict, result.cases["0"].holds) == ("not reproduced", None)
    assert numbers(result)["ratio_from_plateau"]["ℓ2 depth-2 to 1/10"] == {"low": 0.0, "high": None}
    assert result.finding
    assert "never reached" in result.finding.measured


def test_the_deeper_network_must_end_lower_whatever_its_plateau(tmp_path: Path) -> None:
    """Twice as fast from its plateau's end, but the plateau takes nine tenths of the run."""

    def slow_start(kind: str, depth: int, width: int) -> Trial:
        return Trial(exponential(2 * RATE, plateau=900)) if depth == 3 else Trial(exponential(RATE))

    figure2(tmp_path, slow_start)
    result = judge("deeper-faster-fixed-lr", tmp_path)
    assert result.verdict == "not reproduced"
    found = numbers(result)["ℓ4 width-1"]
    assert found["ratio"] == pytest.approx(10 ** (RATE * (1000 - 200)))
    assert found["ratio_after_plateau"] < 1


@pytest.mark.parametrize(("depth", "holds"), [(2, True), (3, False)])
def test_a_diverged_network_has_no_final_gap(depth: int, holds: bool, tmp_path: Path) -> None:
    def diverging(kind: str, own: int, width: int) -> Trial:
        return Trial(exponential(own * RATE), diverged_at=900 if own == depth else None)

    figure2(tmp_path, diverging)
    assert judge("deeper-faster-fixed-lr", tmp_path).cases["0"].holds is holds


def test_networks_still_on_their_plateau_are_not_compared_after_it(tmp_path: Path) -> None:
    figure2(tmp_path, lambda kind, depth, width: Trial(until(RATE / 30, 999 if depth == 3 else 500)))
    assert judge("deeper-faster-fixed-lr", tmp_path).cases["0"].holds is False


def test_a_grid_where_the_paper_has_one_rate_is_not_figure_2(tmp_path: Path) -> None:
    for variant in ("l2", "l4"):
        curve = Curve({1e-3: [Trial(stuck)], 1e-2: [Trial(stuck)]}, 2)
        write_run(tmp_path, {"depth-2-width-1": curve, "rule-2-width-1": curve}, "fig2", variant, full_length=False)
    result = judge("rule-emulates-depth", tmp_path)
    assert result.verdict == "not run"
    assert "not one fixed rate" in result.notes[0]
