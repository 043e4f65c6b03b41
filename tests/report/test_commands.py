"""What the commands print of small inputs, character for character, as text and as JSON."""

import json
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.claim_logs import write_run
from support.synthetic_runs import Curve, Trial, exponential

from overparam_cli.claims.model import MIXED, NOT_RUN, Case, Claim, Finding, Result
from overparam_cli.data.facts import Check
from overparam_cli.experiments import Summary, load_experiment
from overparam_cli.report import plan as plan_report
from overparam_cli.report import terminal, verdicts
from overparam_cli.report.bench import print_bench
from overparam_cli.report.data import print_checks, print_datasets
from overparam_cli.report.experiments import print_experiment, print_list
from overparam_cli.report.plan import print_plan
from overparam_cli.report.status import print_status
from overparam_cli.report.tables import print_tables
from overparam_cli.results.run import Run

MINE = """
kind = "linear"
name = "mine"
title = "[red]mine[/red]"
paper = "none :smile:"

[trial]
dataset = "simulated"
loss = "l4"
lr = [1e-3, 1e-2, 1e-1]
iterations = 1000
seeds = 2

[[curves]]
name = "one"
depth = 1

[[curves]]
name = "two"
depth = 2
lr = 1e-3
"""


def said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def test_list_has_a_row_an_experiment(capsys: pytest.CaptureFixture[str]) -> None:
    print_list([Summary("fig3", "Depth", "Figure 3", "linear"), Summary("b", "[i]Blog[/i]", "none", "linear")])
    assert said(capsys) == [
        "name  shows        in the paper",
        "fig3  Depth        Figure 3",
        "b     [i]Blog[/i]  none",
    ]


def test_show_has_a_row_a_curve_and_reads_no_text_as_markup(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.toml").write_text(MINE, encoding="utf-8")
    print_experiment(load_experiment(str(tmp_path / "mine.toml")))
    title, headings, one, two = said(capsys)
    assert title == "mine  [red]mine[/red]  (none :smile:)"
    assert headings.split() == [
        *("variant", "curve", "dataset", "depth", "width", "init"),
        *("optimizer", "seeds", "iterations", "trials", "lr"),
    ]
    assert one.split()[1:4] == ["one", "simulated", "1"]
    assert one.endswith("1,000       6  3 from 0.001 to 0.1")
    assert two.split()[1:4] == ["two", "simulated", "2"]
    assert two.endswith("1,000       2  0.001")


@dataclass(frozen=True)
class Planned:
    trial_id: str
    depth: int
    iterations: int
    curve: str = "one"
    dataset: str = "ethanol"
    loss: str = "l4"
    width: str = ""
    init: str = "normal"
    optimizer: str = "gd"
    lr: float = 0.001
    seed: int = 0
    dtype: str = "float64"


def job() -> SimpleNamespace:
    trials = (Planned("0a", 1, 1500), Planned("0b", 2, 1500))
    folder = Path("results/fig3/l4")
    return SimpleNamespace(title="fig3/l4", folder=folder, full_length=True, trials=trials, again=())


def test_a_plan_has_a_row_a_trial_then_what_it_costs(capsys: pytest.CaptureFixture[str]) -> None:
    print_plan([(job(), 61.0), (job(), 4.0)], as_json=False)  # type: ignore[list-item]
    one = [
        "fig3/l4 → results/fig3/l4",
        "trial_id  curve  dataset  loss  depth  width  init    optimizer     lr  seed  dtype",
        "0a        one    ethanol  l4        1         normal  gd         0.001     0  float64",
        "0b        one    ethanol  l4        2         normal  gd         0.001     0  float64",
    ]
    assert said(capsys) == [
        *one,
        "2 trials, 3,000 trial iterations; left to do here: about 1:01 min",
        "",
        *one,
        "2 trials, 3,000 trial iterations; left to do here: about 4 s",
        "",
        "in all: about 1:05 min if nothing diverges early",
    ]


def test_a_plan_of_very_many_trials_has_a_row_for_those_that_differ_in_rate_and_seed_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_report, "MANY", 1)
    print_plan([(job(), 61.0)], as_json=False)  # type: ignore[list-item]
    _, headings, one, two, note, cost, *_ = said(capsys)
    assert headings.split()[-2:] == ["trials", "lr"]
    assert [line.split()[-5:] for line in (one, two)] == [["float64", "1", "0.001", "–", "0.001"]] * 2
    assert note == "every trial is listed by --json"
    assert cost.startswith("2 trials, 3,000 trial iterations")


def test_a_plan_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    print_plan([(job(), 61.04)], as_json=True)  # type: ignore[list-item]
    (plan,) = json.loads(capsys.readouterr().out)
    trials = plan.pop("trials")
    assert plan == {"job": "fig3/l4", "folder": "results/fig3/l4", "full_length": True, "seconds": 61.0}
    assert [(trial["trial_id"], trial["iterations"]) for trial in trials] == [("0a", 1500), ("0b", 1500)]


def results(tmp_path: Path) -> Path:
    fast, lost = Trial(exponential(8e-3)), Trial(exponential(1e-3), 20)
    write_run(tmp_path, {"depth-1": Curve({1e-3: [fast], 1e-2: [lost]}, label="[b]1 layer[/b]")}, "fig3")
    for name, content in {"broken": "{", "waiting": None}.items():
        folder = tmp_path / name / "l4"
        folder.mkdir(parents=True)
        manifest = content or (tmp_path / "fig3" / "l4" / "manifest.json").read_text(encoding="utf-8")
        (folder / "manifest.json").write_text(manifest, encoding="utf-8")
    return tmp_path


def test_status_has_a_row_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    print_status(results(tmp_path), as_json=False)
    headings, broken, *_, fig3, waiting = said(capsys)  # what is broken may take several lines
    assert headings == "run         state        trials  note"
    assert broken.startswith("broken/l4   damaged           0  ")
    assert fig3 == "fig3/l4     complete          2  ethanol, 1 diverged"
    assert waiting == "waiting/l4  not started       0  ethanol; the same run command starts it"


def test_status_for_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    print_status(results(tmp_path), as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert [row["state"] for row in found] == ["damaged", "complete", "not started"]
    assert found[1] == {"run": "fig3/l4", "state": "complete", "trials": 2, "note": "ethanol, 1 diverged"}


def test_status_of_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    print_status(tmp_path, as_json=False)
    assert said(capsys) == [f"nothing below {tmp_path} yet: overparam run fig3 --smoke is a start"]
    print_status(tmp_path, as_json=True)
    assert said(capsys) == ["[]"]


def test_bench_has_times_ratios_and_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    timing = SimpleNamespace(
        loss="l2", subject="engine", trials=1000, depth="2", variant="l2", median=1.234, low=1.0, high=2.5
    )
    print_bench([timing], [("l2", "depth 2 over depth 1", 1.5)], Path("bench.csv"), as_json=False)  # type: ignore[list-item]
    assert said(capsys) == [
        "loss  what    trials  depth      µs per trial and iteration  range",
        "l2    engine   1,000  2      l2  1.23                        1.00 – 2.50",
        "",
        "loss  ratio of medians",
        "l2    depth 2 over depth 1  1.50",
        "",
        "bench.csv",
    ]


@dataclass(frozen=True)
class DataSet:
    name: str
    rows: int
    cached: bool


def test_data_sets_and_their_facts(capsys: pytest.CaptureFixture[str]) -> None:
    sets = [DataSet("mnist", 55000, True), DataSet("[x]", 1, False)]
    facts = {"mnist": [Check("rows", "55000", "55000", True), Check("sum", "1", "2", False)]}
    print_datasets(sets, as_json=False)
    print_checks(facts, as_json=False)
    assert said(capsys) == [
        "name     rows  cached",
        "mnist  55,000    True",
        "[x]         1   False",
        "data   check  expected  found  ok",
        "mnist  rows   55000     55000  yes",
        "mnist  sum    1         2      NO",
    ]
    print_datasets(sets, as_json=True)
    assert json.loads(capsys.readouterr().out)[1] == {"name": "[x]", "rows": 1, "cached": False}
    print_checks(facts, as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert found[1] == {"data": "mnist", "check": "sum", "expected": "1", "found": "2", "ok": False}


def judged() -> list[Result]:
    def claim(name: str) -> Claim:
        return Claim(name, "[b]faster[/b]", "Fig. 3", "time", "≥ 2×", ("fig3/l4",), lambda run: Finding("", {}))

    finding = Finding("3×, 1×", {"0": Case(True), "1": Case(False)})
    return [
        Result(claim("one"), MIXED, "overparam run fig3", finding=finding, notes=("a note",)),
        Result(claim("two"), NOT_RUN, "overparam run fig3"),
    ]


def test_verdicts_in_six_columns(capsys: pytest.CaptureFixture[str]) -> None:
    verdicts.print_results(judged())
    headings, _, one, note, empty, two, run, *end = said(capsys)
    assert headings.split("  ")[0] == "claim"
    assert one.split() == ["one", "[b]faster[/b]", "Fig.", "3", "3×,", "1×", "≥", "2×", "mixed", "1/2"]
    assert note.strip() == "a note"
    assert empty == ""
    assert two.split() == ["two", "[b]faster[/b]", "Fig.", "3", "—", "≥", "2×", "not", "run"]
    assert run.strip() == "run: overparam run fig3"
    assert end[-1] == "1 mixed, 1 not run"


def test_verdicts_in_two_columns() -> None:
    text = terminal.render(verdicts.narrow(judged()), width=80)
    assert [line.rstrip() for line in text.splitlines()] == [
        "claim, verdict",
        "",
        "one             [b]faster[/b] (Fig. 3)",
        "mixed 1/2       required: ≥ 2×",
        "                measured: 3×, 1×",
        "                a note",
        "",
        "two             [b]faster[/b] (Fig. 3)",
        "not run         required: ≥ 2×",
        "                measured: —",
        "                run: overparam run fig3",
        "",
        "1 mixed, 1 not run",
    ]


def test_tables_of_checks_come_first_each_with_an_empty_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check = SimpleNamespace(as_grid=lambda: verdicts.grid([]), as_dict=lambda: {"check": "lemma3"})
    run = Run.read(results(tmp_path) / "fig3" / "l4")
    print_tables([run], form="json", checks=[check])
    first, second = json.loads(capsys.readouterr().out)
    assert (first, second["experiment"]) == ({"check": "lemma3"}, "fig3")
    print_tables([run], checks=[check])
    lines = said(capsys)
    place = next(place for place, line in enumerate(lines) if line.startswith("fig3/l4 · ethanol"))
    assert lines[place - 1] == ""
    assert lines[place + 2].startswith("[b]1 layer[/b]")
