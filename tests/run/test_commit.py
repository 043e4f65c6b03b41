"""A commit replaces three files: killed between any two, it is no edit, and what was finished is there."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest
from test_plans import STUDY, job, numbers, run, start

from overparam_cli import disk
from overparam_cli.errors import LogError
from overparam_cli.results import digests, schema
from overparam_cli.results.reading import read_tables
from overparam_cli.results.run import Run
from overparam_cli.run.folder import RunFolder
from overparam_cli.run.job import run_job
from overparam_cli.run.progress import Silent
from overparam_cli.run.settings import Settings


class Killed(BaseException):
    """The process is gone."""


def kill_after(writes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The writes that follow reach the disk, but for those after the first few."""
    plain, left = disk.replace, iter(range(writes))

    def replace(path: Path, write: object) -> None:
        if next(left, None) is None:
            raise Killed
        plain(path, write)  # type: ignore[arg-type]

    monkeypatch.setattr(disk, "replace", replace)


@pytest.mark.parametrize("writes", range(8))
def test_a_run_killed_between_two_writes_loses_nothing_and_looks_like_no_edit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    first = run(STUDY, tmp_path / "killed")
    whole = run(start(STUDY), tmp_path / "whole")
    task = job(start(STUDY), tmp_path / "killed")
    with monkeypatch.context() as patch:
        kill_after(writes, patch)
        try:
            run_job(task, Settings(), Silent())
        except Killed:
            assert writes < 5  # the manifest at the start, then manifest, log, trials and manifest of the one commit
    left = read_tables(task.folder)
    assert left.changed == ()
    assert set(first.trials["trial_id"]) <= set(left.trials["trial_id"])
    run_job(task, Settings(), Silent())
    after = Run.read(task.folder)
    assert numbers(after) == numbers(whole)
    assert after.others == 2
    assert set(after.manifest) >= {"files", "digest"}
    assert "replacing" not in after.manifest


@pytest.mark.parametrize("writes", range(5))
def test_the_first_commit_of_a_folder_may_be_killed_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    whole, task = run(STUDY, tmp_path / "whole"), job(STUDY, tmp_path / "killed")
    with monkeypatch.context() as patch:
        kill_after(writes, patch)
        with pytest.raises(Killed):
            run_job(task, Settings(), Silent())
    run_job(task, Settings(), Silent())
    assert numbers(Run.read(task.folder)) == numbers(whole)


EDITS = {  # what only a digest can tell; in the log a norm
    schema.TRIALS: (rb"near-zero", b"near-zer0"),
    schema.LOG: (rb"\d\n$", b""),  # another last digit
    schema.MANIFEST: (rb"As it", b"As If"),
}


def edit(folder: Path, name: str) -> None:
    before, after = EDITS[name]
    content = (folder / name).read_bytes()
    found = re.search(before, content)
    assert found is not None
    if name == schema.LOG:
        after = b"%d\n" % ((int(found[0]) + 1) % 10)
    (folder / name).write_bytes(content[: found.start()] + after + content[found.end() :])


@pytest.mark.parametrize("name", [schema.TRIALS, schema.LOG, schema.MANIFEST])
def test_an_edit_by_hand_is_seen_refused_and_accepted_when_told_so(tmp_path: Path, name: str) -> None:
    found = run(STUDY, tmp_path)
    edit(found.folder, name)
    changed = Run.read(found.folder)
    assert changed.changed == (name,)
    assert f"{name} has changed since the run" in changed.shortcomings
    assert f"{name} has changed since the run" in changed.notes[0]
    with pytest.raises(LogError, match=rf"{name} has changed since the run.*--accept-changes"):
        run_job(job(start(STUDY), tmp_path), Settings(), Silent())
    assert read_tables(found.folder).changed == (name,)  # nothing was written over it
    run_job(job(start(STUDY), tmp_path), Settings(accept_changes=True), Silent())
    after = Run.read(found.folder)
    assert after.changed == ()
    assert list(after.manifest["accepted"]) == [name]
    assert after.notes[0] == f"{name} was edited by hand, and accepted"


def test_the_digests_are_those_of_the_files(tmp_path: Path) -> None:
    import hashlib

    found = run(STUDY, tmp_path)
    for name in (schema.LOG, schema.TRIALS):
        expected = hashlib.sha256((found.folder / name).read_bytes()).hexdigest()
        assert found.manifest["files"][name] == expected


def test_a_file_changed_while_its_run_goes_on_is_not_written_over(tmp_path: Path) -> None:
    found, task = run(STUDY, tmp_path), job(start(STUDY), tmp_path)
    folder = RunFolder(task, None)  # type: ignore[arg-type]
    edit(found.folder, schema.TRIALS)
    with pytest.raises(LogError, match="changed since the run"):
        folder.commit(None, pd.DataFrame(), pd.DataFrame())  # type: ignore[arg-type]


def test_a_manifest_without_digests_says_nothing_of_its_files() -> None:
    assert digests.changed({"schema": 1}, {"log.csv": "0"}) == ()
    sealed = digests.seal({"schema": 1}, {"log.csv": "0"})
    assert digests.changed(json.loads(json.dumps(sealed)), {"log.csv": "0"}) == ()
    assert digests.changed(sealed, {"log.csv": "1", "trials.csv": "2"}) == ("log.csv", "trials.csv")
    assert digests.changed(sealed | {"schema": 2}, {"log.csv": "0"}) == (schema.MANIFEST,)
