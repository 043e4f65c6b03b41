"""A study that was edited and run again shows the numbers of its last plan alone, and keeps those of the others."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from overparam_cli.errors import LogError
from overparam_cli.kinds.linear import trial as linear_trial
from overparam_cli.kinds.linear import unit as linear_unit
from overparam_cli.results import schema
from overparam_cli.results.plans import EARLIER, PLAN, listed, read_list
from overparam_cli.results.reading import read_tables
from overparam_cli.results.run import Run
from overparam_cli.results.summary import summarise
from overparam_cli.run.job import run_job
from overparam_cli.run.plan import Job, plan
from overparam_cli.run.progress import Silent
from overparam_cli.run.settings import Settings

STUDY = """
name = "study"
title = "As it was"
kind = "linear"
[trial]
dataset = "simulated"
loss = "l2"
iterations = 20
init_std = 0.01
lr = [1e-3, 1e-2]
[[curves]]
name = "net"
label = "1 layer"
depth = 1
"""
Edit = Callable[[str], str]


def start(text: str) -> str:
    return text.replace("init_std = 0.01", "init_std = 0.3").replace("iterations = 20", "iterations = 40")


def depth(text: str) -> str:
    return text.replace("depth = 1", "depth = 2").replace("1 layer", "2 layers")


def job(text: str, place: Path, **overrides: object) -> Job:
    place.mkdir(exist_ok=True)
    (place / "study.toml").write_text(text, encoding="utf-8")
    (found,) = plan([str(place / "study.toml")], overrides, results=place / "results")
    return found


def run(text: str, place: Path, **overrides: object) -> Run:
    made = job(text, place, **overrides)
    run_job(made, Settings(), Silent())
    return Run.read(made.folder)


def numbers(one: Run) -> dict[str, Any]:
    """All that is reported of a run but what stands besides."""
    return {key: value for key, value in summarise(one).as_dict().items() if key != "warnings"}


@pytest.mark.parametrize("edit", [start, depth])
def test_an_edited_study_reports_what_a_fresh_run_of_it_does(tmp_path: Path, edit: Edit) -> None:
    first = run(STUDY, tmp_path / "edited")
    again, fresh = run(edit(STUDY), tmp_path / "edited"), run(edit(STUDY), tmp_path / "fresh")
    assert numbers(again) == numbers(fresh) != numbers(first)
    assert (again.others, fresh.others) == (2, 0)
    assert "2 trials of other plans are in the folder besides, and not shown" in summarise(again).warnings
    (before,) = again.manifest[EARLIER]
    assert before["config"] == first.manifest["config"]
    assert [trial_id for trial_id, _ in read_list(before[PLAN])] == list(first.trials["trial_id"])


def test_an_earlier_plan_is_taken_up_again_without_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = run(STUDY, tmp_path)
    second = run(start(STUDY), tmp_path)
    monkeypatch.setattr(linear_unit, "Engine", None)  # calling it would fail
    assert numbers(run(STUDY, tmp_path)) == numbers(first)
    back = run(start(STUDY), tmp_path)
    assert numbers(back) == numbers(second)
    assert len(back.manifest[EARLIER]) == 1


def test_one_name_for_two_settings_shows_the_last(tmp_path: Path) -> None:
    named = [
        plan(
            ["fig3"],
            {"smoke": True, "loss": "l2", "lr": "1e-3", "iterations": 20, "init_std": std},
            results=tmp_path / "one",
            name="x",
        )[0]
        for std in ("0.01", "0.3")
    ]
    for each in named:
        run_job(each, Settings(), Silent())
    found = Run.read(named[0].folder)
    assert set(found.trials["init_std"]) == {0.3}
    assert (found.planned, found.others) == (3, 3)


def test_a_title_a_label_and_a_curves_name_take_effect_without_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(STUDY, tmp_path)
    log = (first.folder / schema.LOG).read_bytes()
    monkeypatch.setattr(linear_unit, "Engine", None)
    edited = STUDY.replace("As it was", "As it is").replace("1 layer", "one").replace('"net"', '"network"')
    again = run(edited, tmp_path)
    assert (again.experiment.title, again.labels) == ("As it is", {"network": "one"})
    assert set(read_tables(again.folder).trials["curve"]) == {"network"}
    assert (again.others, again.manifest[EARLIER]) == (0, [])
    assert (again.folder / schema.LOG).read_bytes() == log


def test_fewer_seeds_are_fewer_seeds(tmp_path: Path) -> None:
    three = run(STUDY, tmp_path, seeds=3)
    one = run(STUDY, tmp_path)
    assert (three.seeds, one.seeds, one.others) == ((0, 1, 2), (0,), 4)
    assert len(read_tables(one.folder).trials) == 6


def test_trials_of_another_meaning_are_an_earlier_plans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = run(STUDY, tmp_path)
    monkeypatch.setattr(linear_trial, "SEMANTICS_VERSION", 7)
    new = run(STUDY, tmp_path)
    assert not set(old.trials["trial_id"]) & set(new.trials["trial_id"])
    assert (len(new.trials), new.others) == (2, 2)
    monkeypatch.undo()
    assert list(Run.read(new.folder).trials["trial_id"]) == list(new.trials["trial_id"])  # by id, not by meaning


def test_a_manifest_of_an_earlier_version_is_read_as_what_it_expands_to(tmp_path: Path) -> None:
    run(STUDY, tmp_path)
    found = run(start(STUDY), tmp_path)
    manifest = {key: value for key, value in found.manifest.items() if key not in (PLAN, EARLIER, "files", "digest")}
    (found.folder / schema.MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    old = Run.read(found.folder)
    assert numbers(old) == numbers(found)
    assert (old.planned, old.others, old.changed) == (2, 2, ())
    again = run(STUDY, tmp_path)  # its rows are accounted for, too
    assert [plan[PLAN] for plan in again.manifest[EARLIER]] == [{"net": " ".join(found.trials["trial_id"])}]


def test_rows_that_no_plan_can_tell_apart_are_refused(tmp_path: Path) -> None:
    table = tmp_path / "own.csv"
    table.write_text("a,b,y\n" + "".join(f"{i},{i * i % 7},{i % 5}\n" for i in range(20)), encoding="utf-8")
    own = STUDY.replace('"simulated"', f'"{table}"\ntargets = "y"')
    run(own, tmp_path)
    found = run(start(own), tmp_path)
    table.unlink()
    assert len(Run.read(found.folder).trials) == 2  # ids are listed: the table is not needed
    manifest = {key: value for key, value in found.manifest.items() if key not in (PLAN, EARLIER, "files", "digest")}
    (found.folder / schema.MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(LogError, match="trials of several plans"):
        Run.read(found.folder)


def test_a_list_of_ids_reads_back_as_it_was() -> None:
    pairs = [("0a", "one"), ("0c", "one"), ("0b", "two"), ("0a", "two")]
    assert listed(pairs) == {"one": "0a 0c", "two": "0b 0a"}
    assert read_list(listed(pairs)) == pairs
