"""Tables as Parquet: the same rows as the CSVs, in pairs of files that each commit adds to, and read as those are."""

import json
import os
import re
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import torch
from test_commit import Killed, kill_after
from test_plans import STUDY, job, numbers, run, start

from overparam_cli.errors import ConfigError, LogError
from overparam_cli.figures.plots import draw
from overparam_cli.kinds.linear import unit as linear_unit
from overparam_cli.report.status import folder_status
from overparam_cli.results import parts, schema, store
from overparam_cli.results.find import run_folders
from overparam_cli.results.reading import read_tables
from overparam_cli.results.run import Run
from overparam_cli.run import reuse
from overparam_cli.run.job import run_job
from overparam_cli.run.plan import Job
from overparam_cli.run.progress import Silent
from overparam_cli.run.settings import Settings

PARQUET = Settings(log_format="parquet")
FIRST = parts.numbered(1)


def files(task: Job) -> list[str]:
    return sorted(path.name for path in task.folder.iterdir() if path.name != schema.LOCK)


def plan_of(task: Job) -> str:
    """The file of the plan, as the manifest on the disk names it."""
    manifest = json.loads((task.folder / schema.MANIFEST).read_text())
    assert not {"plan", "earlier", "config", "overrides"} & {*manifest}
    return str(manifest["apart"]["file"])


def tables(task: Job) -> tuple[pd.DataFrame, pd.DataFrame]:
    found = read_tables(task.folder)
    return found.trials, found.log.astype({"trial_id": "str"})


@pytest.mark.parametrize("small", [0, 1e9])  # a pair a commit, or all in one
def test_what_is_read_of_a_folder_does_not_depend_on_its_format(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small: float
) -> None:
    monkeypatch.setattr(parts, "SMALL", small)
    monkeypatch.setattr(linear_unit, "MOST", 4)  # three batches of six trials' two seeds and more
    plain, packed = job(STUDY, tmp_path / "csv", seeds=5), job(STUDY, tmp_path / "parquet", seeds=5)
    run_job(plain, Settings(), Silent())
    run_job(packed, PARQUET, Silent())
    pairs = [parts.numbered(number) for number in ((1, 2, 3) if small == 0 else (1,))]
    assert files(packed) == sorted([schema.MANIFEST, plan_of(packed), *(name for pair in pairs for name in pair)])
    assert files(plain) == [schema.LOG, schema.MANIFEST, schema.TRIALS]
    for one, other in zip(tables(plain), tables(packed), strict=True):
        assert store.render(one) == store.render(other)
    assert numbers(Run.read(packed.folder)) == numbers(Run.read(plain.folder))
    assert run_folders(tmp_path / "parquet" / "results") == [packed.folder]
    status = folder_status(packed.folder)
    assert (status.state, status.trials, status.note) == ("complete", 10, "simulated (embedded)")
    drawn = [draw([Run.read(task.folder)], tmp_path / "drawn", ["svg"], ["figure"])[0] for task in (plain, packed)]
    assert drawn[0].read_bytes() == drawn[1].read_bytes()


def test_an_edited_study_reports_what_a_fresh_run_of_it_does(tmp_path: Path) -> None:
    first, again = job(STUDY, tmp_path / "a"), job(start(STUDY), tmp_path / "a")
    run_job(first, PARQUET, Silent())
    run_job(again, Settings(), Silent())  # the folder keeps its format
    assert files(again) == sorted([schema.MANIFEST, plan_of(again), *FIRST])  # that of the first plan is gone
    fresh = run(start(STUDY), tmp_path / "b")
    assert numbers(Run.read(again.folder)) == numbers(fresh)
    assert Run.read(again.folder).others == 2
    renamed = STUDY.replace("1 layer", "one layer").replace('"net"', '"other"')
    run_job(job(renamed, tmp_path / "a"), Settings(), Silent())  # nothing is trained: only the manifest says so
    assert Run.read(again.folder).labels == {"other": "one layer"}


def test_a_folder_does_not_change_its_format(tmp_path: Path) -> None:
    task = job(STUDY, tmp_path)
    run_job(task, Settings(), Silent())
    with pytest.raises(ConfigError, match="keeps its tables as csv, and goes on so: leave --log-format away"):
        run_job(task, PARQUET, Silent())


@pytest.mark.parametrize("small", [0, 1e9])
@pytest.mark.parametrize("writes", range(11))
def test_a_run_killed_between_two_writes_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes: int, small: float
) -> None:
    monkeypatch.setattr(parts, "SMALL", small)
    monkeypatch.setattr(linear_unit, "MOST", 1)  # two commits of four writes each, after the plan and the manifest
    whole, task = run(STUDY, tmp_path / "whole"), job(STUDY, tmp_path / "killed")
    with monkeypatch.context() as patch:
        kill_after(writes, patch)
        try:
            run_job(task, PARQUET, Silent())
        except Killed:
            assert writes < 10
    if parts.format_of(task.folder):
        left = read_tables(task.folder)
        assert left.changed == ()
        assert set(left.trials["trial_id"]) <= set(whole.trials["trial_id"])
    run_job(task, PARQUET, Silent())
    assert numbers(Run.read(task.folder)) == numbers(whole)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 4] ^= 1
    path.write_bytes(content)


def swap(path: Path) -> None:
    table = pd.read_parquet(path)
    table.rename(columns={"loss": "lost"}).to_parquet(path)


@pytest.mark.parametrize(
    ("damage", "name"),
    [*((damage, name) for damage in (cut, flip, swap) for name in FIRST), (os.remove, FIRST.log)],
)
def test_what_is_damaged_is_said_in_one_line(tmp_path: Path, damage: object, name: str) -> None:
    task = job(STUDY, tmp_path, seeds=2)
    run_job(task, PARQUET, Silent())
    damage(task.folder / name)  # type: ignore[operator]
    state = folder_status(task.folder)
    assert (state.state, "\n" in state.note) in (("damaged", False), ("changed", False))
    with pytest.raises(LogError, match=rf"[^\n]*{name}[^\n]*"):
        run_job(task, Settings(), Silent())


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (cut, "is damaged (it is not what the manifest was written with)"),
        (flip, "is damaged"),
        (os.remove, "does not exist"),
    ],
)
def test_a_plan_that_is_not_the_manifests_is_refused(tmp_path: Path, damage: object, said: str) -> None:
    task = job(STUDY, tmp_path)
    run_job(task, PARQUET, Silent())
    name = plan_of(task)
    damage(task.folder / name)  # type: ignore[operator]
    assert folder_status(task.folder).state == "damaged"
    with pytest.raises(LogError, match=rf"{name} {re.escape(said)}"):
        run_job(task, Settings(), Silent())


def test_a_manifest_that_does_not_say_where_its_plan_stands_is_damaged(tmp_path: Path) -> None:
    task = job(STUDY, tmp_path)
    run_job(task, PARQUET, Silent())
    path = task.folder / schema.MANIFEST
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps(manifest | {"apart": {"file": manifest["apart"]["file"]}}))
    with pytest.raises(LogError, match=r"manifest.json is damaged \(apart must have sha256, entries\)"):
        Run.read(task.folder)


def test_a_commit_writes_a_manifest_whose_size_does_not_go_with_the_plan(tmp_path: Path) -> None:
    sizes = {}
    for seeds in (2, 400):
        task = job(STUDY, tmp_path / str(seeds), seeds=seeds)
        run_job(task, PARQUET, Silent())
        sizes[seeds] = (task.folder / schema.MANIFEST).stat().st_size
        assert (task.folder / plan_of(task)).stat().st_size > 2 * seeds * len(task.trials[0].trial_id)
    assert sizes[400] < sizes[2] + 100  # a number has more digits


def test_a_part_that_is_gone_is_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "SMALL", 0)
    monkeypatch.setattr(linear_unit, "MOST", 1)
    task = job(STUDY, tmp_path)
    run_job(task, PARQUET, Silent())
    (task.folder / FIRST.trials).unlink()
    with pytest.raises(LogError, match=r"trials-00001.parquet does not exist: restore it"):
        run_job(task, PARQUET, Silent())


def test_a_file_changed_while_its_run_goes_on_is_not_written_over(tmp_path: Path) -> None:
    from overparam_cli.run.folder import RunFolder

    task = job(STUDY, tmp_path)
    run_job(task, PARQUET, Silent())
    folder = RunFolder(job(start(STUDY), tmp_path), torch.device("cpu"))
    flip(task.folder / FIRST.trials)
    with pytest.raises(LogError, match=r"changed since the run|is damaged"):
        folder.commit(None, pd.DataFrame(), pd.DataFrame())  # type: ignore[arg-type]


def test_trials_are_taken_over_from_one_format_into_the_other(tmp_path: Path) -> None:
    first = job(STUDY, tmp_path)
    run_job(first, PARQUET, Silent())
    second = job(STUDY.replace('"study"', '"second"'), tmp_path)
    found = reuse.find(
        second.trials,
        [first.folder],
        kind="linear",
        fingerprint=Run.read(first.folder).dataset["fingerprint"],
        columns=[*schema.LOG_COLUMNS],
        fit=lambda trial, log: True,
        whole=True,
    )
    assert found is not None
    run_job(second, Settings(), Silent())
    after = Run.read(second.folder)
    assert set(after.manifest["adopted"]) == {*found.sources} == {trial.trial_id for trial in second.trials}
    assert numbers(after)["curves"] == numbers(Run.read(first.folder))["curves"]


def test_many_trials_are_batches_that_memory_holds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    trials = job(STUDY, tmp_path, seeds=50).trials
    problem = SimpleNamespace(X=torch.zeros(7, 5), Y=torch.zeros(7, 1))
    each = linear_unit.bytes_of(trials[:1], problem)  # type: ignore[arg-type]
    monkeypatch.setattr(linear_unit, "BATCH_BYTES", 30 * each)
    whole = linear_unit.batches_of(trials, problem)  # type: ignore[arg-type]
    assert [len(batch) for batch in whole] == [30, 30, 30, 10]
    left = [trial for batch in whole[1:] for trial in batch]
    assert linear_unit.batches_of(left, problem) == whole[1:]  # type: ignore[arg-type]
