"""What every claim has in common, for all that the registry holds."""

import inspect
import json
from pathlib import Path

import pytest
from support.claim_logs import SCENARIOS, falling, write_run
from support.synthetic_runs import Curve

from overparam_cli import paper
from overparam_cli.claims import Claim, all_claims
from overparam_cli.claims import claim as decorated
from overparam_cli.claims.evaluation import Library, evaluate
from overparam_cli.claims.evidence import RunEvidence
from overparam_cli.claims.model import (
    MIXED,
    NOT_REPRODUCED,
    NOT_RUN,
    REPRODUCED,
    WHOLE,
    Case,
    Finding,
    Result,
)
from overparam_cli.results import schema
from overparam_cli.results.record import THEORY

OF_RUNS = [claim for claim in all_claims() if claim.reads[0].partition("/")[0] not in ("bench", THEORY)]
ids = {"ids": lambda claim: claim.id}

# The ids and their order, as the design lists them.
DESIGN = """rule-emulates-depth rule-emulates-plateau width-negligible deeper-faster-fixed-lr l2-depth-hinders
l4-depth-accelerates cost-of-depth beats-adagrad beats-adadelta adagrad-slower-than-gd blog-one-scalar adam-beats-depth
adam-plus-depth depth4-plateau depth8-stuck identity-immediate identity-accelerates cnn-parameters cnn-accelerates
cnn-orders-of-magnitude cnn-batch-loss-factors cnn-batch-loss-names cnn-batch-loss-product cnn-best-lr
cnn-init-insensitive cnn-init-new-only fig3-axes lemma3 theorem2 balancedness theorem1 claim1 claim2 observation1
appendix-b-bound"""

# Measurements beside those of the design, which nothing can meet as they are defined: id → the design's.
SECOND = {"l2-depth-behind": "l2-depth-hinders"}


def judged(claim: Claim, results: Path) -> Result:
    result = evaluate(claim, Library(results))
    json.dumps(result.as_dict(), allow_nan=False)  # whatever the outcome
    return result


def test_every_claim_of_the_design_is_there_once() -> None:
    assert [claim.id for claim in all_claims() if claim.id not in SECOND] == DESIGN.split()
    assert {claim.id for claim in all_claims()} >= SECOND.keys()


@pytest.mark.parametrize(("second", "first"), SECOND.items())
def test_a_second_measurement_stands_behind_the_first_and_asks_the_same(second: str, first: str) -> None:
    claims = {claim.id: claim for claim in all_claims()}
    assert claims[second].requirement == claims[first].requirement
    assert list(claims).index(second) == list(claims).index(first) + 1
    assert first in claims[second].statement


def test_every_claim_has_a_scenario() -> None:
    assert {claim.id for claim in all_claims()} == set(SCENARIOS)


SIMULATED = {"name": "simulated", "embedded": True, "n": 3, "d": 2}


@pytest.mark.parametrize("claim", all_claims(), **ids)
def test_every_claim_says_what_it_is(claim: Claim) -> None:
    assert all((claim.statement, claim.where, claim.measures, claim.requirement, claim.reads))
    assert inspect.getdoc(claim.judge)
    assert len(inspect.signature(claim.judge).parameters) == len(claim.reads)


@pytest.mark.parametrize("claim", all_claims(), **ids)
def test_without_logs_it_is_not_run_and_names_the_command(claim: Claim, tmp_path: Path) -> None:
    result = judged(claim, tmp_path)
    assert result.verdict == NOT_RUN
    assert not result.counts
    assert result.error is None
    assert result.finding is None
    assert result.command.startswith("overparam ")
    assert result.notes


@pytest.mark.parametrize("claim", all_claims(), **ids)
def test_it_is_reproduced_when_every_seed_holds(claim: Claim, tmp_path: Path) -> None:
    SCENARIOS[claim.id](tmp_path, (True, True))
    result = judged(claim, tmp_path)
    assert (result.verdict, result.indication) == (REPRODUCED, None), result.as_dict()
    assert result.held == len(result.cases)
    assert result.finding
    assert result.finding.measured


@pytest.mark.parametrize("claim", all_claims(), **ids)
def test_it_is_not_reproduced_when_no_seed_holds(claim: Claim, tmp_path: Path) -> None:
    SCENARIOS[claim.id](tmp_path, (False, False))
    result = judged(claim, tmp_path)
    assert result.verdict == NOT_REPRODUCED, result.as_dict()
    assert [case.holds for case in result.cases.values()] == [False] * len(result.cases)


@pytest.mark.parametrize("claim", all_claims(), **ids)
def test_it_is_mixed_when_some_seeds_hold_and_says_which(claim: Claim, tmp_path: Path) -> None:
    SCENARIOS[claim.id](tmp_path, (True, False, True))
    result = judged(claim, tmp_path)
    if WHOLE in result.cases:  # judged once: there are no seeds to tell apart
        assert result.verdict == NOT_REPRODUCED
        return
    assert result.verdict == MIXED, result.as_dict()
    assert {seed: case.holds for seed, case in result.cases.items()} == {"0": True, "1": False, "2": True}
    assert any("holds for seed 0, 2" in note and "does not hold for seed 1" in note for note in result.notes)


@pytest.mark.parametrize("claim", OF_RUNS, **ids)
@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"embedded": True, "dataset": "simulated"}, "simulated data"),  # whatever else the manifest says
        ({"full_iterations": 10**9, "full_length": False}, "of 1,000,000,000 iterations"),
        ({"full_length": False}, "iterations = "),
    ],
)
def test_a_shorter_or_embedded_run_never_counts(
    claim: Claim, settings: dict[str, object], reason: str, tmp_path: Path
) -> None:
    SCENARIOS[claim.id](tmp_path, (True, True), **settings)
    result = judged(claim, tmp_path)
    assert (result.verdict, result.counts, result.indication) == (NOT_RUN, False, REPRODUCED)
    assert any("no verdict on the paper" in note and reason in note for note in result.notes)
    assert result.finding


@pytest.mark.parametrize("claim", [c for c in all_claims() if c.reads[0].startswith(THEORY)], **ids)
@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        ({"full_length": False, "changed": {"depths": [3]}}, "depths = [3]"),
        ({"full_length": False, "dataset": SIMULATED}, "simulated data"),
        ({"full_length": True, "dataset": SIMULATED}, "simulated data"),
    ],
)
def test_a_changed_check_never_counts(claim: Claim, manifest: dict[str, object], reason: str, tmp_path: Path) -> None:
    SCENARIOS[claim.id](tmp_path, (True,), **manifest)
    result = judged(claim, tmp_path)
    assert (result.verdict, result.indication) == (NOT_RUN, REPRODUCED)
    assert any(reason in note for note in result.notes)


@pytest.mark.parametrize("claim", all_claims(), **ids)
@pytest.mark.parametrize("fault", ["schema", "cut", "column"])
def test_damaged_logs_are_one_line_and_no_verdict(claim: Claim, fault: str, tmp_path: Path) -> None:
    SCENARIOS[claim.id](tmp_path, (True,))
    folder = tmp_path / claim.reads[0]
    table = next(folder / name for name in (schema.TRIALS, "table.csv", "bench.csv") if (folder / name).exists())
    lines = table.read_text().splitlines()
    if fault == "schema":
        manifest = json.loads((folder / schema.MANIFEST).read_text())
        (folder / schema.MANIFEST).write_text(json.dumps(manifest | {"schema": 99}))
    elif fault == "cut":
        table.write_text("\n".join([*lines[:-1], lines[-1][: len(lines[-1]) // 3]]))
    else:
        table.write_text("\n".join(["x" + lines[0].replace(",", ",x"), *lines[1:]]))
    result = judged(claim, tmp_path)
    assert result.verdict == NOT_RUN
    assert result.error
    assert "\n" not in result.error
    assert str(tmp_path) in result.error


@pytest.mark.parametrize("claim", OF_RUNS, **ids)
def test_a_missing_curve_is_no_verdict_but_said(claim: Claim, tmp_path: Path) -> None:
    SCENARIOS[claim.id](tmp_path, (True,))
    folder = tmp_path / claim.reads[0]
    for name in (schema.TRIALS, schema.LOG):
        lines = (folder / name).read_text().splitlines()
        kept = [line for line in lines if line.startswith(("trial_id", "depth-2-width-1-b", "gd-depth-1"))]
        (folder / name).write_text("\n".join(kept) + "\n")
    manifest = json.loads((folder / schema.MANIFEST).read_text())
    manifest["config"]["curves"] = []
    (folder / schema.MANIFEST).write_text(json.dumps(manifest))
    result = judged(claim, tmp_path)
    assert (result.verdict, result.finding) == (NOT_RUN, None)
    assert result.notes


@pytest.mark.parametrize("claim", all_claims(), **ids)
def test_a_claim_stands_in_the_module_that_the_paper_names(claim: Claim) -> None:
    assert claim.judge.__module__ == paper.CLAIMS[claim.id]


def test_a_run_of_section_7s_two_points_can_bear_a_verdict(tmp_path: Path) -> None:
    @decorated(
        "rule-converges", says="…", where="Sec. 7", measures="gap", requires="< 1", reads=("illustration/y1-10",)
    )
    def rule_converges(run: RunEvidence) -> Finding:
        """Final gap below the start's."""
        trials = run.fixed("rule-2")
        return Finding("…", {str(seed): Case(trial.final < trial.start) for seed, trial in trials.items()})

    curves = {"rule-2": Curve(falling([1e-3]), 2, optimizer="end-to-end")}
    data = {"dataset": "two-points:y1=10,y2=1", "embedded": True}
    write_run(tmp_path, curves, "illustration", "y1-10", **data)
    result = judged(rule_converges, tmp_path)
    assert (result.verdict, result.notes) == (REPRODUCED, ())
    write_run(tmp_path, curves, "illustration", "y1-10", **data, full_length=False, full_iterations=20_000)
    assert judged(rule_converges, tmp_path).indication == REPRODUCED
