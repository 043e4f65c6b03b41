"""What `overparam verify` says of the multiverse beside its verdicts: never more than stands in worlds.csv."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.claim_logs import SCENARIOS

from overparam_cli.claims import find_claim
from overparam_cli.cli.main import cli
from overparam_cli.multiverse import record
from overparam_cli.multiverse.deciding import NO, NOT_RUN, YES
from overparam_cli.multiverse.judging import Row
from overparam_cli.multiverse.loading import asked_for, load
from overparam_cli.multiverse.worlds import worlds

L4 = "l4-depth-accelerates"


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Figure 3's ℓ4 half, judged, and its worlds of z-scored labels, of which those of the fine grid hold."""
    SCENARIOS[L4](tmp_path, (False,))
    found = load()
    asked = asked_for(found, [])
    rows = [
        Row(
            claim, choices, (YES if choices["grid"] == "fine" else NO) if choices["labels"] == "zscore" else NOT_RUN, ""
        )
        for claim in [find_claim(L4)]
        for choices in worlds(found, claim, asked)
    ]
    record.write(tmp_path / "multiverse", found, asked, rows)
    return tmp_path


def verify(results: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["verify", *arguments, "--results", str(results)], env={"COLUMNS": "200"})


def test_the_share_of_worlds_stands_beside_the_verdict_and_changes_none(results: Path) -> None:
    # 7 scalings × 3 factors × 4 rules × 4 horizons with z-scored labels, on each of two grids
    half = 7 * 3 * 4 * 4
    found = {claim["id"]: claim for claim in json.loads(verify(results, "fig3", "--json").stdout)["claims"]}
    own = found[L4]["multiverse"]
    assert (own["holds"], own["run"], own["undecided"], own["deciding"]) == (half, 2 * half, 0, ["grid"])
    assert (own["as_read"], own["at_best"]) == ("no", "yes")
    assert found[L4]["verdict"] == "not reproduced"
    assert found["fig3-axes"]["multiverse"] is None  # no world of it has been judged
    words = " ".join(verify(results, L4).stdout.split())
    assert f"multiverse: holds in {half} of {2 * half} worlds; decided by grid" in words
    assert "at the truly best learning rate: yes" in words


def test_each_verdict_has_the_worlds_of_its_own_multiverse(results: Path) -> None:
    """No axis of the convolutional network reads a finer grid of learning rates, and nothing is said of one."""
    claim, found = find_claim("cnn-accelerates"), load("multiverse-cnn")
    SCENARIOS[claim.id](results, (False,))
    rows = [Row(claim, choices, YES if choices["loss"] == "total" else NO, "") for choices in worlds(found, claim, {})]
    record.write(results / found.name, found, {}, rows)
    words = " ".join(verify(results, claim.id).stdout.split())
    assert "multiverse: holds in 8 of 16 worlds; decided by loss" in words
    assert "truly best" not in words
    assert "at the truly best learning rate: yes" in " ".join(verify(results, L4).stdout.split())


def test_nothing_is_said_of_runs_other_than_the_papers(results: Path) -> None:
    SCENARIOS[L4](results, (False,), suffix="@quick", full_length=False)
    done = verify(results, "fig3@quick")
    assert (done.exit_code, "multiverse" in done.stdout) == (0, False)


def test_outcomes_changed_by_hand_are_left_out_with_a_line(results: Path) -> None:
    path = results / "multiverse" / record.WORLDS
    path.write_text(path.read_text(encoding="utf-8").replace(",no,", ",yes,"), encoding="utf-8")
    done = verify(results, L4)
    assert (done.exit_code, "multiverse" in done.stdout, "not reproduced" in done.stdout) == (0, False, True)
    assert "note: nothing is said of the multiverse" in done.stderr
    assert "has changed since" in done.stderr
