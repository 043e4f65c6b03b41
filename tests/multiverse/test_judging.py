"""Claims in worlds: the verdicts of `verify` on ordinary runs with the same overrides, and what is written of them."""

import json
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner
from support.multiverses import ASKED
from support.seals import seal

from overparam_cli.claims import find_claim
from overparam_cli.claims.evaluation import Library, evaluate
from overparam_cli.claims.model import CannotJudgeError, Case
from overparam_cli.cli.main import cli
from overparam_cli.cli.several import Several
from overparam_cli.errors import LogError
from overparam_cli.multiverse import library, record
from overparam_cli.multiverse.deciding import NO, NOT_RUN, UNDECIDED, YES
from overparam_cli.multiverse.judging import Row, judge_all, outcome_of
from overparam_cli.multiverse.library import Library as Worlds
from overparam_cli.multiverse.loading import asked_for, load
from overparam_cli.multiverse.model import Multiverse
from overparam_cli.multiverse.running import jobs_of, train
from overparam_cli.multiverse.summary import best_world, summarise
from overparam_cli.multiverse.training import asked_packs, own_rates, rates
from overparam_cli.multiverse.views import at_rates
from overparam_cli.multiverse.worlds import part
from overparam_cli.report import markdown
from overparam_cli.report.multiverse import summary_grid
from overparam_cli.results import store
from overparam_cli.results.lock import locked
from overparam_cli.results.run import Run
from overparam_cli.results.schema import DIVERGED
from overparam_cli.run.backends import Local
from overparam_cli.run.progress import display
from overparam_cli.run.settings import Settings
from overparam_cli.run.stop import stop_requests

MINMAX = {"preprocessing": "minmax", "label_preprocessing": "maxabs"}  # what the option of this name overrides

FIGURE_3 = ("l2-depth-hinders", "l2-depth-behind", "l4-depth-accelerates", "fig3-axes")


@pytest.fixture(scope="module")
def rows(tiny: Multiverse, results: Path) -> list[Row]:
    return judge_all(tiny, asked_for(tiny, ASKED), results / "tiny")


def overparam(*words: str) -> str:
    done = CliRunner().invoke(cli, list(words), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_every_world_was_run(rows: list[Row]) -> None:
    assert NOT_RUN not in {row.outcome for row in rows}
    numbers = Counter(row.claim.id for row in rows)
    four = dict.fromkeys(("beats-adagrad", "beats-adadelta", "adam-beats-depth", "adam-plus-depth"), 4)
    sixteen = dict.fromkeys(FIGURE_3, 16)
    assert numbers == {**four, **sixteen, "adagrad-slower-than-gd": 8}


@pytest.mark.parametrize(
    ("choices", "overrides"),
    [
        ({"features": "zscore", "loss": "eq1", "horizon": "end"}, {"preprocessing": "zscore", "iterations": 100}),
        ({"features": "minmax", "loss": "eq1", "horizon": "half"}, {**MINMAX, "iterations": 50}),
        ({"features": "minmax", "loss": "whole", "horizon": "end"}, {**MINMAX, "loss_scale": 4}),
    ],
    ids=lambda value: "+".join(map(str, value.values())),
)
def test_a_world_gives_the_verdict_of_the_ordinary_run(
    choices: dict[str, str], overrides: dict[str, object], rows: list[Row], tiny: Multiverse, tmp_path: Path
) -> None:
    given = {"iterations": 100, "dataset": tiny.overrides["dataset"], **overrides}
    words = [word for key, value in given.items() for word in ("--set", f"{key}={value}")]
    call = ["run", "fig3", "--variant", "l4", "--target", "y", "--name", "world", "--results", str(tmp_path)]
    overparam(*call, *words, "--threads", "1", "--quiet")
    ordinary = evaluate(find_claim("l4-depth-accelerates"), Library(tmp_path, "world"))
    wanted = {**choices, "grid": "paper"}
    (row,) = [row for row in rows if row.claim.id == "l4-depth-accelerates" and row.choices == wanted]
    assert ordinary.finding is not None
    assert row.verdict == ordinary.indication
    assert row.measured.partition(", at gap")[0] == ordinary.finding.measured.partition(", at gap")[0]


def test_a_curve_whose_smaller_rates_were_left_out_is_not_said_to_diverge_at_all(
    tiny: Multiverse, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the experiment's own rates those below the fine grid are not trained; one of them might have survived."""

    def all_lost(run: Run, wanted: Any) -> Run:
        view = at_rates(run, wanted)
        status = view.trials["status"].mask(view.trials["curve"] == "depth-1", DIVERGED)
        return replace(view, trials=view.trials.assign(status=status))

    monkeypatch.setattr(library, "at_rates", all_lost)
    (source,) = find_claim("l4-depth-accelerates").reads
    for rates_of in ("paper", "fine"):
        found = Worlds(tiny, results / "tiny").evidence(source, {"grid": rates_of}, ("fig3",))
        assert isinstance(found, CannotJudgeError)
        assert "depth-1 diverges at every rate that was trained; smaller ones were left out" in str(found)


def test_an_outcome_is_yes_no_or_undecided() -> None:
    assert outcome_of({"0": Case(True), "1": Case(True)}) == YES
    assert outcome_of({"0": Case(True), "1": Case(None)}) == UNDECIDED
    assert outcome_of({"0": Case(False), "1": Case(None)}) == NO


def test_what_is_not_run_says_so(tiny: Multiverse, results: Path, tmp_path: Path) -> None:
    shutil.copytree(results / "tiny" / "fig3@features=zscore", tmp_path / "fig3@features=zscore")
    asked = asked_for(tiny, ASKED)
    found = judge_all(tiny, asked, tmp_path)
    ran = {(row.claim.id, row.choices["features"]) for row in found if row.outcome != NOT_RUN}
    assert ran == {(name, "zscore") for name in FIGURE_3}
    (note,) = {row.notes for row in found if row.claim.id == "adam-plus-depth"}
    assert "trials of fig4-right/l4 are not run" in note[0]
    best = best_world(tiny, found, asked)
    assert best is not None
    assert best.choices["features"] == "zscore"


def test_worlds_csv_reads_back(tiny: Multiverse, rows: list[Row], tmp_path: Path) -> None:
    record.write(tmp_path, tiny, asked_for(tiny, ASKED), rows)
    back = record.read(tmp_path, tiny)
    assert [(row.claim.id, row.choices, row.outcome, row.verdict) for row in back] == [
        (row.claim.id, row.choices, row.outcome, row.verdict) for row in rows
    ]
    assert [row.effect for row in back] == pytest.approx([row.effect for row in rows], nan_ok=True)
    path = tmp_path / "worlds.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",no,", ",yes,", 1), encoding="utf-8")
    with pytest.raises(LogError, match=r"worlds\.csv has changed since the run"):
        record.read(tmp_path, tiny)


def test_what_is_not_here_is_kept_as_it_was_judged(tiny_file: Path, results: Path, tmp_path: Path) -> None:
    """Every world is judged; then the runs of one scaling are gone."""
    shutil.copytree(results, tmp_path / "results")
    folder = tmp_path / "results" / "tiny"
    call = ["multiverse", "verify", str(tiny_file), "--axis", ASKED[0], "--results", str(tmp_path / "results")]
    overparam(*call)
    whole = (folder / "worlds.csv").read_bytes()
    shutil.rmtree(folder / "fig3@features=minmax")
    overparam(*call, "--keep")
    assert (folder / "worlds.csv").read_bytes() == whole
    kept = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["kept"]
    overparam(*call)
    table = pd.read_csv(folder / "worlds.csv", keep_default_na=False)
    gone = (table["features"] == "minmax") & (table["claim"] != "adam-plus-depth")  # it reads no trial of Figure 3
    assert ((table["holds"] == NOT_RUN) == gone).all()
    assert kept == gone.sum()


def test_nothing_is_kept_that_was_judged_otherwise(tiny: Multiverse, rows: list[Row], tmp_path: Path) -> None:
    asked = asked_for(tiny, ASKED)
    with pytest.raises(LogError, match=r"worlds\.csv does not exist: make it with overparam multiverse verify"):
        record.earlier(tmp_path, tiny, rows)
    record.write(tmp_path, tiny, asked, rows)
    gone = [not_here(row) if row.choices.get("features") == "minmax" else row for row in rows]
    assert [row.outcome for row in record.earlier(tmp_path, tiny, gone)[0]] == [row.outcome for row in rows]
    (axis,) = [axis for axis in tiny.axes if axis.name == "features"]
    other = replace(axis, options=tuple(replace(one, overrides={"preprocessing": "std"}) for one in axis.options))
    changed = replace(tiny, axes=tuple(other if one is axis else one for one in tiny.axes))
    with pytest.raises(LogError, match=r"judged before a change of features minmax: leave out --keep"):
        record.earlier(tmp_path, changed, gone)
    with pytest.raises(LogError, match=r"judged before a change of overrides"):
        record.earlier(tmp_path, replace(tiny, overrides={**tiny.overrides, "iterations": 90}), gone)
    assert record.earlier(tmp_path, changed, rows) == (rows, 0)
    assert record.earlier(tmp_path, replace(tiny, overrides={**tiny.overrides, "iterations": 90}), rows) == (rows, 0)
    stricter = [replace(row, claim=replace(row.claim, requirement="≥ 3 for both")) for row in rows]
    record.write(tmp_path, tiny, asked, stricter)
    with pytest.raises(LogError, match=r"judged before a change of .*l4-depth-accelerates"):
        record.earlier(tmp_path, tiny, gone)


def not_here(row: Row) -> Row:
    """As it is where its trials have not been run."""
    return replace(row, outcome=NOT_RUN, trials="")


def test_what_was_judged_by_other_trials_says_so(tiny: Multiverse, rows: list[Row], tmp_path: Path) -> None:
    """Of what is kept, as long as they are others: here the learning rates of Figure 3, finer and then as before."""
    asked = asked_for(tiny, ASKED)
    record.write(tmp_path, tiny, asked, rows)
    gone = [not_here(row) if row.choices.get("features") == "minmax" else row for row in rows]
    finer = replace(tiny, grids=tuple(replace(one, per_decade=one.per_decade + 1) for one in tiny.grids))
    assert {name for one in tiny.grids for name in one.experiments} == {"fig3"}
    kept = [row.choices.get("features") == "minmax" for row in rows]
    of_fig3 = [any(source.startswith("fig3/") for source in row.claim.reads) for row in rows]
    for now, others in ((finer, True), (finer, True), (tiny, False)):
        found, _ = record.earlier(tmp_path, now, gone)
        noted = ["judged by other trials than are run now" in row.notes for row in found]
        assert noted == [others and one and grid for one, grid in zip(kept, of_fig3, strict=True)]
        assert any(noted) == others
        record.write(tmp_path, now, asked, found)


def test_of_what_was_written_without_its_trials_nothing_is_said(
    tiny: Multiverse, rows: list[Row], tmp_path: Path
) -> None:
    """As files of earlier revisions, which have no such column."""
    record.write(tmp_path, tiny, asked_for(tiny, ASKED), rows)
    table = pd.read_csv(tmp_path / "worlds.csv", keep_default_na=False).drop(columns="trials")
    store.write_table(tmp_path / "worlds.csv", table)
    seal(tmp_path)
    back = record.read(tmp_path, tiny)
    assert [row.outcome for row in back] == [row.outcome for row in rows]
    assert {row.trials for row in back} == {""}
    finer = replace(tiny, grids=tuple(replace(one, per_decade=one.per_decade + 1) for one in tiny.grids))
    found, _ = record.earlier(tmp_path, finer, [not_here(row) for row in rows])
    assert [row.notes for row in found] == [row.notes for row in rows]


def test_whole_runs_give_no_way_to_a_first_pass(tiny: Multiverse, rows: list[Row], tmp_path: Path) -> None:
    """And a first pass gives way to a later one, and to whole runs."""
    record.write(tmp_path, tiny, asked_for(tiny, ASKED), rows)
    short = [replace(row, measured="other", notes=("judged by a first pass of 20 iterations",)) for row in rows]
    assert record.earlier(tmp_path, tiny, short) == (record.read(tmp_path, tiny), len(rows))
    record.write(tmp_path, tiny, asked_for(tiny, ASKED), short)
    again = [replace(row, measured="another") for row in short]
    assert record.earlier(tmp_path, tiny, again) == (again, 0)
    assert record.earlier(tmp_path, tiny, rows) == (rows, 0)


def test_what_is_here_and_cannot_be_judged_is_not_what_was_judged_before(
    tiny: Multiverse, results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A curve that diverges at all rates that were trained, where it did not before."""
    axes = [ASKED[0], "features=zscore", "grid=paper", "loss=eq1", "horizon=end"]
    asked = asked_for(tiny, axes)
    before = judge_all(tiny, asked, results / "tiny")
    record.write(tmp_path, tiny, asked, before)

    def all_lost(run: Run, wanted: Any) -> Run:
        view = at_rates(run, wanted)
        return replace(view, trials=view.trials.assign(status=DIVERGED))

    monkeypatch.setattr(library, "at_rates", all_lost)
    found, _ = record.earlier(tmp_path, tiny, judge_all(tiny, asked, results / "tiny"))
    was, row = ([one for one in rows if one.claim.id == "l4-depth-accelerates"] for rows in (before, found))
    assert [one.outcome for one in was] != [NOT_RUN]
    assert [(one.outcome, bool(one.trials)) for one in row] == [(NOT_RUN, True)]


def test_the_command_writes_what_it_prints(tiny_file: Path, results: Path, tmp_path: Path) -> None:
    shutil.copytree(results, tmp_path / "results")
    where = ["--results", str(tmp_path / "results"), "--axis", ASKED[0]]
    said = json.loads(overparam("multiverse", "verify", str(tiny_file), "--json", *where))
    table = pd.read_csv(tmp_path / "results" / "tiny" / "worlds.csv", keep_default_na=False)
    for claim in said["claims"]:
        own = table[table["claim"] == claim["claim"]]
        assert claim["worlds"] == len(own)
        assert claim["holds"] == (own["holds"] == "yes").sum()
        for axis, options in claim["options"].items():
            for option, share in options.items():
                assert share == pytest.approx((own[own[axis] == option]["holds"] == "yes").mean())
    states = json.loads(overparam("multiverse", "status", str(tiny_file), "--json", *where))
    assert {row["state"] for row in states} == {"complete"}


def test_a_claim_is_summed_up_by_its_rows(tiny: Multiverse, rows: list[Row]) -> None:
    for one in summarise(tiny, rows):
        own = [row for row in rows if row.claim == one.claim]
        assert one.of == one.share.run == len(own)
        read = {"features": "zscore", "semantics": "tf1", "loss": "eq1", "grid": "paper", "horizon": "end"}
        fine = {**read, "grid": "fine"}
        for choices, outcome in ((read, one.as_read), (fine, one.at_best)):
            (row,) = [row for row in own if all(choices[axis] == option for axis, option in row.choices.items())]
            assert row.outcome == outcome


def test_best_rates_at_an_edge_of_what_was_trained_are_counted(tiny: Multiverse, rows: list[Row]) -> None:
    """Of the worlds on the fine grid, here all that were run there but one, which was judged by other trials."""
    own = [replace(row, notes=()) for row in rows if row.claim.id == "l4-depth-accelerates"]
    fine, paper = ([row for row in own if row.choices["grid"] == name] for name in ("fine", "paper"))
    note = "depth-1: the best learning rate, 1, is the {} of the grid"
    lowest, highest = note.format("lowest"), note.format("highest")
    paper[0] = replace(paper[0], notes=(lowest,))
    fine[0] = replace(fine[0], notes=("depth-3: has not left its plateau", lowest))
    fine[1] = replace(fine[1], notes=(highest,))
    fine[2] = replace(fine[2], notes=(highest,), outcome=NOT_RUN)
    fine[3] = replace(fine[3], notes=(highest, record.OTHER_TRIALS))
    (one,) = summarise(tiny, [*fine, *paper])
    assert (one.edges, one.fine) == (2, len(fine) - 2)
    said = f"the lowest or highest trained, and a better one may lie beyond: l4-depth-accelerates 2 of {one.fine}"
    assert said in markdown.render(summary_grid([one]))
    (without,) = summarise(tiny, own)
    assert without.edges == 0
    assert "may lie beyond" not in markdown.render(summary_grid([without]))


def test_a_plan_counts_worlds_and_trials(tiny_file: Path, tmp_path: Path) -> None:
    call = ["multiverse", "run", str(tiny_file), "--dry-run", "--json", "--threads", "1", "--results", str(tmp_path)]
    said = json.loads(overparam(*call, "--axis", ASKED[0], "--axis", "features=zscore"))
    assert said["worlds"]["l4-depth-accelerates"] == 8
    assert [pack["folder"] for pack in said["packs"]] == [
        "fig3@features=zscore/l2",
        "fig3@features=zscore/l4",
        "fig4-left+fig4-right@features=zscore+semantics=tf1/l4",
    ]
    assert not list(tmp_path.iterdir())


def test_a_first_pass_leaves_out_what_does_not_differ(tiny_file: Path, tmp_path: Path) -> None:
    call = ["multiverse", "run", str(tiny_file), "--screen", "20", "--threads", "1", "--results", str(tmp_path)]
    overparam(*call, "--quiet", *[word for axis in (*ASKED, "loss=eq1", "grid=paper") for word in ("--axis", axis)])
    first = pd.read_csv(tmp_path / "tiny@iterations=20" / "worlds.csv", keep_default_na=False)
    assert "horizon" not in first
    assert set(first["holds"]) <= {YES, NO, UNDECIDED}
    outcomes = {(row["claim"], row["features"]): row["holds"] for row in first.to_dict("records")}
    claims = {claim for claim, features in outcomes if outcomes[claim, features] != outcomes[claim, "zscore"]}
    of = {claim: {source.partition("/")[0] for source in find_claim(claim).reads} for claim in claims}
    wanted = {"fig3"} & set().union(*of.values()), {"fig4-left", "fig4-right"} & set().union(*of.values())
    there = {path.name for path in (tmp_path / "tiny").iterdir() if path.is_dir()}
    _check_read_from_the_first_pass(tiny_file, tmp_path)
    fig3, fig4 = "fig3@features={}", "fig4-left+fig4-right@features={}+semantics=tf1"
    assert {name for name in there if "zscore" in name} == {fig3.format("zscore"), fig4.format("zscore")}
    assert (fig3.format("minmax") in there) == bool(wanted[0])
    assert (fig4.format("minmax") in there) == bool(wanted[1])


def _check_read_from_the_first_pass(tiny_file: Path, results: Path) -> None:
    """Horizons within a first pass are judged by it where nothing else was trained."""
    text = tiny_file.read_text(encoding="utf-8").replace("horizon = 50", "horizon = 20")
    path = tiny_file.with_name("early.toml")
    path.write_text(text, encoding="utf-8")
    found = load(str(path))
    own = part(found, "fig3/l4", {"features": "minmax"})
    alone = Worlds(found, results / "nothing here" / "tiny").evidence
    both = Worlds(found, results / "tiny").evidence
    world = {"features": "minmax", "loss": "eq1", "grid": "paper", "horizon": "half"}
    shutil.rmtree(results / "tiny" / "fig3@features=minmax", ignore_errors=True)
    assert isinstance(alone("fig3/l4", world, ("fig3",)), CannotJudgeError)
    early = both("fig3/l4", world, ("fig3",))
    assert not isinstance(early, CannotJudgeError)
    assert early.run.iterations == 20
    wanted = {curve: {*trained} & {*own_rates(found, own)[curve]} for curve, trained in rates(found, own).items()}
    assert {curve: {*run.rates} for curve, run in early.run.curves.items()} == wanted
    late = both("fig3/l4", {**world, "horizon": "end"}, ("fig3",))
    assert isinstance(late, CannotJudgeError)
    rows = judge_all(found, asked_for(found, ["loss=eq1", "grid=paper"]), results / "tiny")
    note = "judged by a first pass of 20 iterations"
    said = {
        (row.choices.get("features"), row.choices.get("horizon"), note in row.notes)
        for row in rows
        if row.claim.id == "l4-depth-accelerates" and row.outcome != NOT_RUN
    }
    assert said == {("minmax", "half", True), ("zscore", "half", False), ("zscore", "end", False)}


def test_variants_of_one_folder_are_all_current(results: Path) -> None:
    """Each has learning rates of its own, and is no earlier plan than the other."""
    whole = {path: path.read_bytes() for path in sorted(results.rglob("manifest.json"))}
    shown = [
        summary["variant"] for summary in json.loads(overparam("table", "--results", str(results / "tiny"), "--json"))
    ]
    assert len(shown) == sum("plan" in json.loads(content) for content in whole.values())
    assert {"l2", "l4"} <= {*shown}
    assert not [path for path, content in whole.items() if "edition" in json.loads(content)]


def test_what_another_process_trains_is_passed_over(tiny: Multiverse, tmp_path: Path) -> None:
    packs = asked_packs(tiny, asked_for(tiny, [*ASKED, "features=zscore"]))
    jobs = jobs_of(packs, tmp_path / "tiny")
    with locked(jobs[0].folder), stop_requests() as stop, display(len(jobs), quiet=True) as progress:
        settings = Settings(quiet=True, threads=1)
        busy = train(jobs[:2], settings, progress, Local, stop, Several(2, progress.message).attempt)
    assert [job.title for job in busy] == ["fig3@features=zscore/l2"]
    assert (jobs[1].folder / "trials.csv").is_file()
    assert not (jobs[0].folder / "trials.csv").exists()


def test_outcomes_away_from_their_runs_are_a_row_of_status(tiny: Multiverse, rows: list[Row], tmp_path: Path) -> None:
    """As results/reference keeps them: no run folders stand below."""
    record.write(tmp_path / "tiny", tiny, asked_for(tiny, ASKED), rows)
    [row] = json.loads(overparam("status", "--json", "--results", str(tmp_path)))
    assert (row["run"], row["state"], row["note"]) == ("tiny", "complete", f"9 claims in worlds, {len(rows)} rows")
    manifest = tmp_path / "tiny" / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "rows": "many"}), encoding="utf-8")
    [row] = json.loads(overparam("status", "--json", "--results", str(tmp_path)))
    assert row["state"] == "damaged"
