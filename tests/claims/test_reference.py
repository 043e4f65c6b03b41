"""The reference results say what the README says, and what is kept of a log tells what the whole log tells."""

import importlib.util
import json
import re
import shutil
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.claim_logs import SCENARIOS

from overparam_cli.claims.verify import load, verify
from overparam_cli.errors import LogError
from overparam_cli.experiments import apply_overrides, load_experiment
from overparam_cli.multiverse import record
from overparam_cli.multiverse.loading import load as load_multiverse
from overparam_cli.multiverse.summary import beside
from overparam_cli.multiverse.summary import summarise as summarise_worlds
from overparam_cli.report import markdown
from overparam_cli.report.multiverse import summary_grid
from overparam_cli.results import plans, schema
from overparam_cli.results.run import Run
from overparam_cli.results.summary import summarise
from overparam_cli.results.trajectory import Array

ROOT = Path(__file__).parents[2]
REFERENCE = Path("results", "reference")


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "tools" / "reference.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_shipped_logs_give_the_shipped_verdicts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)  # the results folder stands in the commands that a claim names
    written = load(REFERENCE / "claims.json")
    del written["digest"]
    assert_close(beside(verify(REFERENCE)).as_dict(everything=True), written, "claims")


def assert_close(now: Any, was: Any, place: str) -> None:
    if isinstance(was, dict):
        assert list(now) == list(was), place
        for key in was:
            assert_close(now[key], was[key], f"{place}/{key}")
    elif isinstance(was, list):
        assert len(now) == len(was), place
        for position, pair in enumerate(zip(now, was, strict=True)):
            assert_close(*pair, f"{place}/{position}")
    elif isinstance(was, float):
        assert now == pytest.approx(was, rel=1e-9, abs=1e-12), place
    else:
        assert now == was, place


def test_the_readme_counts_them() -> None:
    found = load(ROOT / REFERENCE / "claims.json")["summary"]
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    said = re.search(r"(\d+) of (\d+) claims are reproduced, (\d+) is mixed and (\d+) are not reproduced", text)
    assert said
    judged = found["reproduced"] + found["mixed"] + found["not reproduced"]
    assert [int(number) for number in said.groups()] == [
        found["reproduced"],
        judged,
        found["mixed"],
        found["not reproduced"],
    ]


def test_the_verdicts_in_markdown_are_those_in_json(tool: ModuleType) -> None:
    claims = json.loads((ROOT / REFERENCE / "claims.json").read_text(encoding="utf-8"))
    assert tool.verdicts(claims) == (ROOT / REFERENCE / "claims.md").read_text(encoding="utf-8")


KEPT = ("width-negligible", "l2-depth-hinders", "l4-depth-accelerates", "depth4-plateau", "cnn-init-insensitive")


def test_the_rows_kept_measure_what_the_whole_logs_do(
    tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    results, reference = tmp_path / "results", tmp_path / "reference"
    for claim in KEPT:
        SCENARIOS[claim](results, (True, False), every=1 if claim != "depth4-plateau" else 100)
    monkeypatch.setattr(sys, "argv", ["reference.py", str(results), str(reference), "--keep", "40"])
    tool.main()
    assert capsys.readouterr().err == ""  # no number is another
    for log in sorted(results.rglob(schema.LOG)):
        whole, kept = (pd.read_csv(path) for path in (log, reference / log.relative_to(results)))
        assert len(kept) < len(whole) / 2, log
        assert pd.merge(kept, whole).shape == kept.shape  # rows as they were
        folder = log.parent
        tables = [summarise(Run.read(one)).as_dict() for one in (folder, reference / folder.relative_to(results))]
        assert tables[0]["curves"] == tables[1]["curves"]
    assert {result.verdict for result in verify(reference).asked if result.finding} >= {"mixed"}


def test_another_verdict_is_an_error(tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = tmp_path / "results"
    SCENARIOS["width-negligible"](results, (False,))
    monkeypatch.setattr(sys, "argv", ["reference.py", str(results), str(tmp_path / "reference"), "--keep", "3"])
    monkeypatch.setattr(tool, "thin", lambda log, keep, read: log[log["iteration"] % 1000 == 0])
    with pytest.raises(LogError, match="the rows kept give other verdicts on width-negligible"):
        tool.main()


def test_trials_of_an_earlier_form_of_an_experiment_bear_no_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ROOT / REFERENCE / "fig4-right", tmp_path / "fig4-right")
    (before,) = verify(tmp_path, ["adam-plus-depth"]).asked
    assert before.verdict == "not reproduced"
    other = apply_overrides(load_experiment("fig4-right"), {"init_std": "0.02"})
    monkeypatch.setattr(plans, "load_experiment", lambda name: other)
    shutil.copytree(ROOT / REFERENCE / "fig4-right", tmp_path / "again" / "fig4-right")
    (now,) = verify(tmp_path / "again", ["adam-plus-depth"]).asked
    assert (now.verdict, now.indication) == ("not run", "not reproduced")
    assert "trials of an earlier form of fig4-right: run it again" in now.notes[0]
    assert "trials of an earlier form of fig4-right: run it again" in Run.read(tmp_path / "again/fig4-right/l4").notes


def by_hand(times: Array, heights: Array, kept: Array) -> float:
    """How far a line through the points kept is from all."""
    return float(np.abs(np.interp(times, times[kept], heights[kept]) - heights).max())


def test_corners_are_few_and_lines_between_them_are_near(tool: ModuleType) -> None:
    times = np.arange(1001.0)
    bent = np.where(times < 300, -times / 100, -3 - (times - 300) / 700)
    kept = tool.corners(times, bent, 1e-9)
    assert np.flatnonzero(kept).tolist() == [0, 300, 1000]
    noise = np.random.default_rng(0).normal(size=1001)
    for tolerance in (0.1, 1.0):
        assert by_hand(times, noise, tool.corners(times, noise, tolerance)) <= tolerance
    assert tool.corners(times[:1], bent[:1], 0.1).tolist() == [True]


def test_the_readme_has_the_shares_of_worlds() -> None:
    multiverse = load_multiverse()
    grid = summary_grid(summarise_worlds(multiverse, record.read(ROOT / REFERENCE / "multiverse", multiverse)))
    assert markdown.render(grid).strip() in (ROOT / REFERENCE / "README.md").read_text(encoding="utf-8")


def test_the_readme_has_the_speedups_of_every_scaling() -> None:
    """With ℓ4 at the best rates, after a million iterations; bold where both depths are twice as fast."""
    worlds = pd.read_csv(ROOT / REFERENCE / "multiverse" / "worlds.csv", low_memory=False)
    fixed = {"claim": "l4-depth-accelerates", "grid": "fine", "loss": "eq1", "selection": "final-gap", "horizon": 1e6}
    own = worlds[(worlds[[*fixed]] == [*fixed.values()]).all(axis=1)]
    found = own["measured"].str.extract(r"depth 2: ([\d.]+)×; depth 3: ([\d.]+)×").astype(float)
    said = [
        f"{a:.2f} / {b:.2f}" if holds == "no" else f"**{a:.2f} / {b:.2f}**"
        for a, b, holds in zip(found[0], found[1], own["holds"], strict=True)
    ]
    cells = own.assign(said=said).pivot_table("said", "features", "labels", aggfunc="first", sort=False)
    assert cells.shape == (7, 4)
    text = (ROOT / REFERENCE / "README.md").read_text(encoding="utf-8")
    for features, row in cells.iterrows():
        assert f"| `{features}` | {' | '.join(row[['zscore', 'minmax', 'maxabs', 'std']])} |" in text
