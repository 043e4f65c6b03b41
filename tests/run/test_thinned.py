"""Runs whose log keeps some of its rows alone, as the committed reference runs: what joins and what takes from them."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from support.seals import rewrite, seal

from overparam_cli.results import schema, store
from overparam_cli.results.reading import read_tables
from overparam_cli.results.run import Run
from overparam_cli.run.job import run_job
from overparam_cli.run.plan import Job, plan
from overparam_cli.run.progress import Silent
from overparam_cli.run.settings import Settings

STUDY = """
name = "{name}"
title = "One curve"
kind = "linear"
[trial]
dataset = "simulated"
loss = "l2"
iterations = 20
lr = 1e-3
seeds = {seeds}
[[curves]]
name = "net"
depth = 1
"""


def job(place: Path, name: str, seeds: int, shelf: Path | None = None) -> Job:
    (place / f"{name}.toml").write_text(STUDY.format(name=name, seeds=seeds), encoding="utf-8")
    (found,) = plan([str(place / f"{name}.toml")], {}, results=place / ("shelved" if shelf else "results"))
    return replace(found, shelf=shelf)


def thinned(folder: Path) -> None:
    """Leave every fifth row, and say so, as `tools/reference.py` does."""
    whole = read_tables(folder)
    store.write_table(folder / schema.LOG, whole.log[whole.log["iteration"] % 5 == 0])
    rewrite(folder, lambda manifest: manifest.update(thinned=True))
    seal(folder)


def rows(folder: Path) -> list[int]:
    return [len(log) for _, log in pd.read_csv(folder / schema.LOG).groupby("trial_id", sort=False)]


def test_more_seeds_join_it(tmp_path: Path) -> None:
    first = job(tmp_path, "study", 1)
    run_job(first, Settings(), Silent())
    thinned(first.folder)
    more = job(tmp_path, "study", 3)
    for _ in range(2):  # the second time nothing is left to do
        run_job(more, Settings(), Silent())
        assert Run.read(more.folder).manifest["thinned"] is True
        assert rows(more.folder) == [5, 21, 21]


def test_what_another_experiment_takes_over_is_known_for_what_it_is(tmp_path: Path) -> None:
    first = job(tmp_path, "study", 1)
    run_job(first, Settings(), Silent())
    thinned(first.folder)
    other = job(tmp_path, "other", 2)
    run_job(other, Settings(), Silent())
    found = Run.read(other.folder).manifest
    assert (found["thinned"], [*found["adopted"].values()]) == (True, ["study/l2"])
    assert rows(other.folder) == [5, 21]


@pytest.mark.parametrize("log_format", ["csv", "parquet"])
def test_a_multiverse_takes_over_whole_logs_alone(tmp_path: Path, log_format: str) -> None:
    """Its worlds read rows that the experiment by itself does not, and that thinning left out."""
    first = job(tmp_path, "study", 1)
    run_job(first, Settings(), Silent())
    shelved = job(tmp_path, "other", 1, shelf=tmp_path / "results")
    thinned(first.folder)
    run_job(shelved, Settings(log_format=log_format), Silent())
    found = Run.read(shelved.folder)
    assert (found.manifest["adopted"], "thinned" in found.manifest, len(found.log)) == ({}, False, 21)


def test_whole_logs_are_taken_over_before_those_that_keep_some_rows(tmp_path: Path) -> None:
    """Wherever they stand: here the thinned folder is named first, and comes first by its name."""
    made = [job(tmp_path, name, 1) for name in ("a-thinned", "b-whole")]
    run_job(made[0], Settings(), Silent())
    run_job(made[1], Settings(reuse=False), Silent())
    thinned(made[0].folder)
    other = job(tmp_path, "other", 1)
    run_job(other, Settings(), Silent())
    found = Run.read(other.folder).manifest
    assert ([*found["adopted"].values()], "thinned" in found, rows(other.folder)) == (["b-whole/l2"], False, [21])
