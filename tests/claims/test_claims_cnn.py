"""The claims about the CNN: measured numbers against pencil and paper, and the requirements' edges.

Curves are exponentials of RATE = 2^−10 decades per iteration, times small factors. The original's is at 10^(−900·RATE)
after its 900 iterations, one that is f times as fast after 900/f: the same float where that is a multiple of ten.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.claim_logs import RATE, SCENARIOS, write_cnn_run
from support.synthetic_cnn import ADDED, ORIGINAL, CnnCurve, CnnTrial, factored, falling, lost
from support.synthetic_runs import exponential

from overparam_cli.claims import all_claims
from overparam_cli.claims.evaluation import Library, evaluate
from overparam_cli.claims.model import Result
from overparam_cli.results import schema

BY_ID = {claim.id: claim for claim in all_claims()}
GOAL = 10 ** (-900 * RATE)
STDS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5)


def judge(claim: str, results: Path) -> Result:
    return evaluate(BY_ID[claim], Library(results))


def numbers(result: Result, seed: str = "0") -> Mapping[str, Any]:
    return result.as_dict()["seeds"][seed]["numbers"]  # type: ignore[no-any-return]


def exactly(value: float) -> dict[str, float]:
    return {"low": value, "high": value}


def figure5(results: Path, fast: list[CnnTrial], base: list[CnnTrial] | None = None, **settings: Any) -> Path:
    original = CnnCurve({1e-2: base or [CnnTrial(exponential(RATE)) for _ in fast]})
    curves = {"original": original, "factored": factored({1e-2: fast})}
    return write_cnn_run(results, curves, **{"iterations": 900} | settings)


@pytest.mark.parametrize(("factor", "verdict"), [(2, "reproduced"), (1.5, "reproduced"), (1.25, "not reproduced")])
def test_it_must_be_half_as_fast_again(factor: float, verdict: str, tmp_path: Path) -> None:
    figure5(tmp_path, [CnnTrial(exponential(factor * RATE))])
    result = judge("cnn-accelerates", tmp_path)
    assert result.verdict == verdict
    assert numbers(result)["speedup"]["factored over original"]["100%"] == exactly(900 / (900 // factor))
    assert numbers(result)["at_cross_entropy_mean"]["factored over original"]["100%"] == pytest.approx(GOAL)
    assert result.finding
    assert f"at cross-entropy {GOAL:.1e}" in result.finding.measured
    assert "gap" not in result.finding.measured


def test_the_total_loss_stands_beside_it(tmp_path: Path) -> None:
    """The factored network's total loss is twice the original's at the same cross-entropy: log10(2) decades more.

    That is 4·RATE·t ≥ 900·RATE + log10 2, from 302.07 on: logged at 310.
    """
    fast = CnnTrial(exponential(4 * RATE), total=lambda cross_entropy: 4 * cross_entropy)
    figure5(tmp_path, [fast])
    result = judge("cnn-accelerates", tmp_path)
    assert numbers(result)["speedup"]["factored over original"]["100%"] == exactly(900 / 230)  # 225 is not logged
    beside = numbers(result)["beside"]
    assert beside["speedup"]["total loss"]["100%"] == exactly(900 / 310)
    assert beside["at_loss_mean"]["total loss"]["100%"] == pytest.approx(2 * GOAL)
    assert result.finding
    assert "; beside it total loss: 2.9×, at total loss 2.6e-01" in result.finding.measured


def test_the_total_loss_does_not_decide(tmp_path: Path) -> None:
    figure5(tmp_path, [CnnTrial(exponential(2 * RATE), total=lambda cross_entropy: 1 + 0 * cross_entropy)])
    result = judge("cnn-accelerates", tmp_path)
    assert (result.verdict, numbers(result)["beside"]["speedup"]["total loss"]["100%"]["low"]) == ("reproduced", 0.0)


def test_means_of_fewer_than_a_hundred_steps_are_nobodys_speed(tmp_path: Path) -> None:
    """Both networks have one lucky batch at the start, whose mean is below anything that follows."""

    def lucky(rate: float) -> CnnTrial:
        return CnnTrial(lambda t: np.where(t < 99, 2e-3, exponential(rate)(t)))

    figure5(tmp_path, [lucky(2 * RATE)], [lucky(RATE)])
    result = judge("cnn-accelerates", tmp_path)
    assert numbers(result)["speedup"]["factored over original"]["100%"] == exactly(2.0)


def test_the_original_need_not_wait_for_its_end(tmp_path: Path) -> None:
    """It is at 10^(−450·RATE) from 450 on; the factored one at 230, which is the first row from 225 on."""
    settled = CnnTrial(lambda t: exponential(RATE)(np.minimum(t, 450)))
    figure5(tmp_path, [CnnTrial(exponential(2 * RATE))], [settled])
    result = judge("cnn-accelerates", tmp_path)
    assert numbers(result)["speedup"]["factored over original"]["100%"] == exactly(450 / 230)


@pytest.mark.parametrize(("factor", "verdict"), [(16, "reproduced"), (10, "reproduced"), (8, "not reproduced")])
def test_orders_of_magnitude_are_ten_times(factor: int, verdict: str, tmp_path: Path) -> None:
    figure5(tmp_path, [CnnTrial(exponential(factor * RATE))], iterations=4000)
    result = judge("cnn-orders-of-magnitude", tmp_path)
    assert result.verdict == verdict
    assert numbers(result)["speedup"]["factored over original"]["100%"] == exactly(factor)


def test_divergence_after_the_goal_is_a_speedup_and_before_it_none(tmp_path: Path) -> None:
    fast = CnnTrial(exponential(2 * RATE))
    figure5(tmp_path, [lost(fast, 800), lost(fast, 300), fast])
    result = judge("cnn-accelerates", tmp_path)
    assert {seed: case.holds for seed, case in result.cases.items()} == {"0": True, "1": False, "2": True}
    assert "factored: diverged for seed 0, 1" in result.notes


def test_an_original_that_diverges_decides_nothing(tmp_path: Path) -> None:
    figure5(tmp_path, [CnnTrial(exponential(2 * RATE))], [lost(CnnTrial(exponential(RATE)), 500)])
    result = judge("cnn-accelerates", tmp_path)
    assert (result.verdict, result.cases["0"].holds) == ("not reproduced", None)


def test_each_network_is_taken_at_its_own_best_rate(tmp_path: Path) -> None:
    SCENARIOS["cnn-best-lr"](tmp_path, (True, True))
    result = judge("cnn-best-lr", tmp_path)
    label = "factored (lr 0.001) over original (lr 0.01)"
    assert numbers(result)["speedup"][label]["100%"] == exactly(4.0)
    assert result.as_dict()["numbers"]["learning_rates"] == {"factored": 1e-3, "original": 1e-2}
    assert not result.notes
    assert result.finding
    assert label in result.finding.measured


def test_a_best_rate_at_the_edge_of_the_grid_is_told(tmp_path: Path) -> None:
    rates = falling([RATE], lr=1e-3) | falling([2 * RATE])
    curves = {"original": CnnCurve(falling([RATE], lr=1e-3)), "factored": factored(rates)}
    write_cnn_run(tmp_path, curves, "cnn-lr")
    assert "factored: the best learning rate, 0.01, is the highest of the grid" in judge("cnn-best-lr", tmp_path).notes


def test_a_factored_network_that_always_diverges_does_not_accelerate(tmp_path: Path) -> None:
    away = [lost(CnnTrial(exponential(RATE)), 40)]
    curves = {"original": CnnCurve(falling([RATE])), "factored": factored({1e-2: away, 1e-1: away})}
    write_cnn_run(tmp_path, curves, "cnn-lr")
    result = judge("cnn-best-lr", tmp_path)
    assert (result.verdict, result.cases["0"].holds) == ("not reproduced", False)
    assert result.finding
    assert "every lr diverged" in result.finding.measured


def test_the_parameters_are_the_shapes_of_the_factors(tmp_path: Path) -> None:
    """3136×512 becomes 3136×512·512×512, and 512×10 becomes 512×10·10×10: 512² + 10² more."""
    SCENARIOS["cnn-parameters"](tmp_path, (True,))
    result = judge("cnn-parameters", tmp_path)
    assert numbers(result, "all")["added"] == 512**2 + 10**2 == ADDED
    assert numbers(result, "all")["share"] == pytest.approx(0.1577, abs=1e-4)
    assert result.finding
    assert result.finding.measured == "262,244 added to 1,663,370 parameters, 15.8%"


@pytest.mark.parametrize(
    ("added", "holds"),
    [(229_999, False), (232_000, False), (233_000, True), (270_000, True), (270_001, False)],  # 232,872 are 14 %
)
def test_how_many_parameters_are_about_250k(added: int, holds: bool, tmp_path: Path) -> None:
    curves = {"original": CnnCurve(falling([RATE])), "factored": factored(falling([RATE]), added=added)}
    write_cnn_run(tmp_path, curves)
    assert judge("cnn-parameters", tmp_path).cases["all"].holds is holds


@pytest.mark.parametrize("content", [None, "", "many", -1])
def test_counts_that_are_none_are_damage(content: object, tmp_path: Path) -> None:
    path = figure5(tmp_path, [CnnTrial(exponential(RATE))]) / schema.TRIALS
    table = pd.read_csv(path).drop(columns="parameters")
    if content is not None:
        table["parameters"] = [ORIGINAL, content]
    table.to_csv(path, index=False)
    result = judge("cnn-parameters", tmp_path)
    assert result.error
    assert "parameters" in result.error


def test_counts_that_differ_are_no_count(tmp_path: Path) -> None:
    path = figure5(tmp_path, [CnnTrial(exponential(RATE))] * 2) / schema.TRIALS
    table = pd.read_csv(path)
    table.loc[table.index[-1], "parameters"] += 1
    table.to_csv(path, index=False)
    result = judge("cnn-parameters", tmp_path)
    assert (result.verdict, result.error) == ("not run", None)
    assert "differ in parameters" in result.notes[0]


def family(results: Path, factors: Mapping[float, float], original: CnnTrial | None = None, **ends: int) -> Result:
    """Every std twice as fast as the original, but for `factors`; `ends` says where one diverges, by std_<number>."""
    curves = {"original": CnnCurve({1e-2: [original or CnnTrial(exponential(RATE))]})}
    for std in STDS:
        trial = CnnTrial(exponential(factors.get(std, 2) * RATE), ends.get(f"std_{STDS.index(std)}"))
        curves[f"std-{std:g}"] = factored({1e-2: [trial]}, std)
    write_cnn_run(results, curves, "cnn-init", iterations=900)
    return judge("cnn-init-insensitive", results)


def test_how_alike_the_initialisations_are_is_the_largest_over_the_smallest(tmp_path: Path) -> None:
    result = family(tmp_path, {0.5: 3})  # 300 against 450 iterations
    found = numbers(result)
    assert found["iterations"] == {"0.001": 450, "0.005": 450, "0.01": 450, "0.05": 450, "0.1": 450, "0.5": 300}
    assert (found["ratio"], found["original"], result.verdict) == (1.5, 900, "reproduced")
    assert result.finding
    assert "std 0.5 300; largest over smallest 1.5; original 900" in result.finding.measured


@pytest.mark.parametrize(
    ("factors", "why"),
    [({0.001: 4}, "450 against 230"), (dict.fromkeys(STDS, 1), "no faster"), ({0.1: 0.5}, "never there")],
)
def test_what_is_not_alike_or_not_faster(factors: dict[float, float], why: str, tmp_path: Path) -> None:
    assert family(tmp_path, factors).cases["0"].holds is False, why


@pytest.mark.parametrize(("end", "holds"), [(300, False), (800, True)])
def test_a_std_that_diverges_must_have_arrived(end: int, holds: bool, tmp_path: Path) -> None:
    result = family(tmp_path, {}, std_5=end)
    assert result.cases["0"].holds is holds
    assert "std-0.5: diverged for seed 0" in result.notes


def readings(results: Path, factors: Mapping[str, float], totals: Mapping[str, Any]) -> None:
    """Figure 5-right under every reading; a total loss is twice the cross-entropy where `totals` does not say."""

    def one(name: str) -> CnnTrial:
        own = {"total": totals[name]} if name in totals else {}
        return CnnTrial(exponential(factors.get(name, 1) * RATE), **own)

    curves = {name: CnnCurve({1e-2: [one(name)]}) for name in ("original", "original-free")}
    curves |= {name: factored({1e-2: [one(name)]}) for name in ("factors", "names", "product", "factored-free")}
    write_cnn_run(results, curves, "cnn-decay", iterations=900)


def test_each_reading_of_weight_decay_has_a_verdict_in_the_loss_that_is_printed(tmp_path: Path) -> None:
    """Cross-entropies twice as fast in all. With 16 times the total the factors are behind: 4 log10 2 decades of it.

    The product's total is 18 times as fast, at 900/18 = 50 before there is a mean of 100 steps: at 100.
    """
    twice = dict.fromkeys(("factors", "names", "product"), 2.0)
    totals = {
        "factors": lambda cross_entropy: 32 * cross_entropy,
        "product": lambda cross_entropy: 2 * cross_entropy**9,
    }
    readings(tmp_path, twice, totals)
    found = {name: judge(f"cnn-batch-loss-{name}", tmp_path) for name in twice}
    assert {name: result.verdict for name, result in found.items()} == {
        "factors": "not reproduced",  # 2·RATE·t ≥ 900·RATE + log10 16 from 1066.6 on: beyond the run
        "names": "reproduced",
        "product": "reproduced",
    }
    label = "factored over original"
    assert numbers(found["names"])["speedup"][label]["100%"] == exactly(900 / 450)
    assert numbers(found["product"])["speedup"][label]["100%"] == exactly(900 / 100)
    assert numbers(found["product"])["at_loss_mean"][label]["100%"] == pytest.approx(2 * GOAL)
    assert numbers(found["product"])["beside"]["speedup"]["cross-entropy"]["100%"] == exactly(2.0)
    assert all("orders of magnitude" not in result.finding.measured for result in found.values() if result.finding)


def test_ten_times_are_said_to_be_orders_of_magnitude(tmp_path: Path) -> None:
    original = CnnCurve({1e-2: [CnnTrial(exponential(RATE))]})
    curves = {"original": original, "original-free": original, "factored-free": factored(falling([RATE]))}
    curves |= {name: factored(falling([rate * RATE])) for name, rate in (("factors", 1), ("names", 9), ("product", 10))}
    write_cnn_run(tmp_path, curves, "cnn-decay", iterations=4000)
    said = {name: judge(f"cnn-batch-loss-{name}", tmp_path).finding for name in ("names", "product")}
    assert said["product"]
    assert said["names"]
    assert said["product"].measured.endswith("(orders of magnitude)")
    assert "orders" not in said["names"].measured


def test_new_matrices_must_be_alike_in_both_losses(tmp_path: Path) -> None:
    """All alike in cross-entropy; the total loss of one std needs a decade more than the original's end."""

    def write(total: Any) -> Result:
        curves = {"original": CnnCurve({1e-2: [CnnTrial(exponential(RATE))]})}
        for std in STDS:
            own = {"total": total} if std == 0.5 else {}
            curves[f"std-{std:g}"] = factored({1e-2: [CnnTrial(exponential(2 * RATE), **own)]}, std)
        write_cnn_run(tmp_path, curves, "cnn-init-new", iterations=900)
        return judge("cnn-init-new-only", tmp_path)

    assert write(lambda cross_entropy: 2 * cross_entropy).verdict == "reproduced"
    result = write(lambda cross_entropy: 20 * cross_entropy)
    assert result.verdict == "not reproduced"
    assert numbers(result)["cross_entropy"]["ratio"] == 1.0
    assert numbers(result)["total_loss"]["iterations"]["0.5"] is None
    assert result.finding
    assert "And iterations to total loss 2.6e-01: std 0.001 450" in result.finding.measured


def test_without_the_originals_end_there_is_nothing_to_reach(tmp_path: Path) -> None:
    result = family(tmp_path, {}, lost(CnnTrial(exponential(RATE)), 500))
    assert (result.verdict, result.cases["0"].holds) == ("not reproduced", None)
    json.dumps(result.as_dict(), allow_nan=False)


def test_a_log_without_the_mean_is_damaged(tmp_path: Path) -> None:
    path = figure5(tmp_path, [CnnTrial(exponential(RATE))]) / schema.LOG
    table = pd.read_csv(path)
    table.drop(columns="cross_entropy_mean").to_csv(path, index=False)
    assert "no column 'cross_entropy_mean'" in (judge("cnn-accelerates", tmp_path).error or "")
    table.loc[table.index[-1], "cross_entropy_mean"] = None
    table.to_csv(path, index=False)
    assert "has no cross_entropy_mean" in (judge("cnn-accelerates", tmp_path).error or "")
