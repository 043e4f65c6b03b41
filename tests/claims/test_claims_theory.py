"""The claims about tables: requirements at their edges, coverage, damage; the benchmark."""

from pathlib import Path
from typing import Any

import pytest
from support.claim_logs import SCENARIOS, lemma3_rows, theorem2_rows, write_bench, write_check

from overparam_cli.claims import all_claims
from overparam_cli.claims.evaluation import Library, evaluate
from overparam_cli.claims.model import Result

BY_ID = {claim.id: claim for claim in all_claims()}


def judge(claim: str, results: Path) -> Result:
    return evaluate(BY_ID[claim], Library(results))


@pytest.mark.parametrize(("error", "verdict"), [(1e-10, "reproduced"), (1.01e-10, "not reproduced")])
@pytest.mark.parametrize("claim", ["lemma3", "claim2"])
def test_errors_are_held_against_1e_minus_10(claim: str, error: float, verdict: str, tmp_path: Path) -> None:
    write_check(tmp_path, claim, [{"depth": N, "relative_error": error if N == 8 else 0.0} for N in range(2, 9)])
    result = judge(claim, tmp_path)
    assert result.verdict == verdict
    assert result.cases["all"].numbers == {"largest_error": error}


@pytest.mark.parametrize("claim", ["lemma3", "claim2"])
def test_every_depth_from_2_to_8_must_be_there(claim: str, tmp_path: Path) -> None:
    write_check(tmp_path, claim, [{"depth": N, "relative_error": 0.0} for N in range(2, 8)])
    result = judge(claim, tmp_path)
    assert result.verdict == "not run"
    assert "no rows with depth = 8" in result.notes[0]


@pytest.mark.parametrize("column", ["eigenvalue_error", "eigenvector_error", "orthogonality_error"])
def test_eigenvalues_and_eigenvectors_must_both_agree(column: str, tmp_path: Path) -> None:
    errors = dict.fromkeys(("eigenvalue_error", "eigenvector_error", "orthogonality_error"), 1e-15) | {column: 1e-9}
    write_check(tmp_path, "claim1", [errors])
    assert judge("claim1", tmp_path).verdict == "not reproduced"


@pytest.mark.parametrize(
    ("claim", "what", "order", "verdict"),
    [
        ("balancedness", "drift", 0.9, "reproduced"),
        ("balancedness", "drift", 0.89, "not reproduced"),
        ("theorem1", "distance", 0.9, "reproduced"),
        ("theorem1", "distance", 0.89, "not reproduced"),
        ("observation1", "residual", 1.9, "reproduced"),
        ("observation1", "residual", 1.0, "not reproduced"),
    ],
)
def test_orders(claim: str, what: str, order: float, verdict: str, tmp_path: Path) -> None:
    write_check(tmp_path, claim, [{"seed": 0, what: 1e-3, "order": 2.0}, {"seed": 0, what: 1e-3, "order": order}])
    assert judge(claim, tmp_path).verdict == verdict


def test_orders_that_nobody_could_fit_are_no_verdict(tmp_path: Path) -> None:
    write_check(tmp_path, "balancedness", [{"seed": 0, "drift": 1e-3, "order": float("nan")}])
    result = judge("balancedness", tmp_path)
    assert (result.verdict, result.error) == ("not run", None)
    assert "two learning rates" in result.notes[0]


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, "reproduced"),
        ({"scaled_integral": 1e-13}, "not reproduced"),  # smaller than the quadrature's own error
        ({"scaled_integral": -2.0}, "reproduced"),
        ({"relative_deviation": 1e-3}, "not reproduced"),  # it gets there, but not near
        ({"relative_deviation": 1e-11}, "reproduced"),  # at the limit for every R, as ℓ2 is
    ],
)
def test_the_line_integral_is_not_zero_and_converges(change: dict[str, float], verdict: str, tmp_path: Path) -> None:
    write_check(tmp_path, "theorem2", [row | change for row in theorem2_rows(True)])
    assert judge("theorem2", tmp_path).verdict == verdict


def test_a_deviation_that_grows_does_not_converge(tmp_path: Path) -> None:
    rows = [row | {"relative_deviation": 1e-8 if row["R"] < 1 else 1e-9} for row in theorem2_rows(True)]
    write_check(tmp_path, "theorem2", rows)
    assert judge("theorem2", tmp_path).verdict == "not reproduced"


def test_both_losses_must_be_there(tmp_path: Path) -> None:
    write_check(tmp_path, "theorem2", [row for row in theorem2_rows(True) if row["loss"] == "l4"])
    assert "no rows with loss = l2" in judge("theorem2", tmp_path).notes[0]


def point(**change: Any) -> dict[str, Any]:
    met = {"assumptions_met": True, "bound": 250.0, "iterations_ratio": 251.0, "rate_ratio": 250.5}
    return met | {"rate_ratio_mean": 250.6} | change


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, "reproduced"),
        ({"iterations_ratio": 249.0}, "not reproduced"),
        ({"rate_ratio": 249.999}, "not reproduced"),
        ({"rate_ratio": float("nan"), "iterations_ratio": float("nan")}, "not reproduced"),  # the rule diverged
        ({"rate_ratio": 1.0, "assumptions_met": False}, "reproduced"),
    ],
)
def test_appendix_b_at_every_point_that_meets_its_assumptions(
    change: dict[str, Any], verdict: str, tmp_path: Path
) -> None:
    write_check(tmp_path, "appendix-b-bound", [point(), point(**change)])
    assert judge("appendix-b-bound", tmp_path).verdict == verdict


def test_appendix_b_without_a_point_that_meets_its_assumptions(tmp_path: Path) -> None:
    write_check(tmp_path, "appendix-b-bound", [point(assumptions_met=False)])
    assert judge("appendix-b-bound", tmp_path).verdict == "not run"


@pytest.mark.parametrize(("ratio", "verdict"), [(1.10, "reproduced"), (1.11, "not reproduced")])
def test_depth_may_cost_a_tenth(ratio: float, verdict: str, tmp_path: Path) -> None:
    write_bench(tmp_path, ratio)
    result = judge("cost-of-depth", tmp_path)
    assert result.verdict == verdict
    assert result.cases["all"].numbers["time_ratio"] == {
        "l2 depth 2": pytest.approx(ratio),
        "l2 depth 3": pytest.approx(1.08),
        "l4 depth 2": pytest.approx(ratio),
        "l4 depth 3": pytest.approx(1.08),
    }


@pytest.mark.parametrize(
    ("settings", "reason"), [({"dataset": "simulated"}, "simulated data"), ({"rounds": 2}, "2 of 7 rounds")]
)
def test_a_short_or_embedded_benchmark_never_counts(settings: dict[str, Any], reason: str, tmp_path: Path) -> None:
    write_bench(tmp_path, **settings)
    result = judge("cost-of-depth", tmp_path)
    assert (result.verdict, result.indication) == ("not run", "reproduced")
    assert any(reason in note for note in result.notes)


def test_a_benchmark_without_a_depth_is_no_verdict(tmp_path: Path) -> None:
    path = write_bench(tmp_path) / "bench.csv"
    path.write_text("".join(line for line in path.read_text().splitlines(keepends=True) if ",3," not in line))
    assert "lacks depths" in judge("cost-of-depth", tmp_path).notes[0]


def test_rows_lost_from_a_table_are_noticed(tmp_path: Path) -> None:
    path = write_check(tmp_path, "lemma3", lemma3_rows(True)) / "table.csv"
    path.write_text("\n".join(path.read_text().splitlines()[:-1]) + "\n")
    result = judge("lemma3", tmp_path)
    assert result.error
    assert "6 rows instead of 7" in result.error


@pytest.mark.parametrize("claim", ["balancedness", "claim1"])
def test_a_hole_in_a_table_is_noticed(claim: str, tmp_path: Path) -> None:
    SCENARIOS[claim](tmp_path, (True, True))
    path = tmp_path / "theory" / claim / "table.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:-1], lines[-1].rpartition(",")[0] + ","]) + "\n")
    result = judge(claim, tmp_path)
    assert result.error
    assert f"line {len(lines)} has no number" in result.error
