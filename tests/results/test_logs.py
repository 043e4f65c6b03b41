import errno
import itertools
import json
import math
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from overparam_cli import disk
from overparam_cli.errors import LogError, StorageError
from overparam_cli.results import schema, store
from overparam_cli.results.run import Run


@given(st.integers(1, 3_000_000))
def test_logged_iterations_cover_start_end_and_the_even_grid(total: int) -> None:
    points = schema.log_iterations(total)
    assert points == sorted(set(points))
    assert points[0] == 0
    assert points[-1] == total
    assert len(points) <= 1200
    assert max(b - a for a, b in itertools.pairwise(points)) <= total / 1000 + 1


def test_logged_iterations_of_a_million_are_every_thousandth_and_early_ones() -> None:
    points = schema.log_iterations(1_000_000)
    assert set(range(0, 1_000_001, 1000)) <= set(points)
    assert {1, 2, 3, 10, 100, 5012} <= set(points)  # twenty a decade: 10^{i/20}
    assert not [point for point in points if point > 10_000 and point % 1000]


def trial_row(trial_id: str = "aa", **changes: object) -> dict[str, object]:
    row = dict.fromkeys(schema.TRIAL_COLUMNS, 0) | {
        "trial_id": trial_id,
        "experiment": "fig3",
        "curve": "depth-1",
        "dataset": "simulated",
        "loss": "l4",
        "width": "",
        "init": "near-zero",
        "optimizer": "gd",
        "dtype": "float32",
        "iterations": 10,
        "status": "completed",
        "diverged_at": None,
        "final_loss": 0.1 + 0.2,
        "final_gap": 0.1,
    }
    lost = {"final_loss": None, "final_gap": None} if changes.get("status") == "diverged" else {}
    return row | lost | changes


MANIFEST: dict[str, object] = {
    "experiment": "fig3",
    "variant": "l4",
    "config": {"name": "fig3"},
    "dataset": {"name": "simulated", "n": 3, "d": 2, "k": 1},
    "optimum": {"loss": 0.2},
}


def write_run(folder: Path, trials: list[dict[str, object]], log: list[tuple[str, int]]) -> None:
    store.write_table(folder / schema.TRIALS, pd.DataFrame(trials, columns=[*schema.TRIAL_COLUMNS]))
    rows = [{"trial_id": t, "iteration": i, "loss": 0.1 + 0.2, "gap": 0.1, "norm": 1.0} for t, i in log]
    store.write_table(folder / schema.LOG, pd.DataFrame(rows))
    plan = {"depth-1": " ".join(str(trial["trial_id"]) for trial in trials)}
    store.write_json(folder / schema.MANIFEST, {"schema": schema.SCHEMA, **MANIFEST, "plan": plan})


def test_a_run_reads_back_as_it_was_written(tmp_path: Path) -> None:
    write_run(
        tmp_path,
        [trial_row("1e5"), trial_row("0012", width="100")],
        [("1e5", 0), ("1e5", 10), ("0012", 0), ("0012", 10)],
    )
    run = Run.read(tmp_path)
    assert list(run.trials["trial_id"]) == ["1e5", "0012"]  # ids that look like numbers stay text
    assert list(run.trials["width"]) == ["", "100"]
    assert run.trials["final_loss"][0] == 0.1 + 0.2  # every digit
    assert run.log["loss"][0] == 0.1 + 0.2
    assert math.isnan(run.trials["diverged_at"][0])


def test_log_rows_of_unfinished_trials_are_left_out(tmp_path: Path) -> None:
    write_run(tmp_path, [trial_row("aa")], [("aa", 0), ("aa", 10), ("bb", 0)])
    assert set(Run.read(tmp_path).log["trial_id"]) == {"aa"}


@pytest.mark.parametrize(
    ("trials", "log", "fault"),
    [
        ([trial_row()], [("aa", 0)], "ends before trial aa"),
        ([trial_row()], [("aa", 10)], "lacks the start of trial aa"),
        ([trial_row()], [("aa", 0), ("aa", 10), ("aa", 10)], "an iteration twice"),
        ([trial_row(), trial_row()], [("aa", 0), ("aa", 10)], "a trial twice"),
        ([trial_row(status="lost")], [("aa", 0), ("aa", 10)], "unknown status 'lost'"),
        ([], [("aa", 0), ("aa", 10)], "trials.csv has no rows"),
        (
            [trial_row("aa"), trial_row("bb")],
            [("aa", 0), ("aa", 5), ("aa", 10), ("bb", 0), ("bb", 10)],
            "lacks rows of trial bb",
        ),
        (
            [trial_row("aa"), trial_row("bb", status="diverged", diverged_at=8)],
            [("aa", 0), ("aa", 5), ("aa", 7), ("aa", 10), ("bb", 0), ("bb", 5)],
            "lacks rows of trial bb",
        ),
    ],
)
def test_damaged_logs_are_refused_by_what_is_wrong(
    tmp_path: Path, trials: list[dict[str, object]], log: list[tuple[str, int]], fault: str
) -> None:
    write_run(tmp_path, trials, log)
    with pytest.raises(LogError, match=fault):
        Run.read(tmp_path)


def test_trials_of_other_lengths_and_those_that_diverged_have_fewer_rows(tmp_path: Path) -> None:
    trials = [
        trial_row("aa"),
        trial_row("bb", iterations=4),
        trial_row("cc", status="diverged", diverged_at=7),
        trial_row("dd", status="diverged", diverged_at=0),
    ]
    write_run(
        tmp_path,
        trials,
        [("aa", 0), ("aa", 5), ("aa", 10), ("bb", 0), ("bb", 4), *(("cc", i) for i in (0, 5)), ("dd", 0)],
    )
    assert len(Run.read(tmp_path).log) == 8


@pytest.mark.parametrize("name", [schema.TRIALS, schema.LOG, schema.MANIFEST])
@pytest.mark.parametrize("content", ["", "garbage\x00", '{"schema": 99}', "trial_id,iteration\naa,not a number\n"])
def test_files_that_are_not_logs_are_refused_in_one_line(tmp_path: Path, name: str, content: str) -> None:
    write_run(tmp_path, [trial_row()], [("aa", 0), ("aa", 10)])
    (tmp_path / name).write_text(content)
    with pytest.raises(LogError) as caught:
        Run.read(tmp_path)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("key", MANIFEST)
@pytest.mark.parametrize("content", [{}, None])
def test_a_manifest_without_what_every_run_says_is_refused(
    tmp_path: Path, key: str, content: dict[str, object] | None
) -> None:
    write_run(tmp_path, [trial_row()], [("aa", 0), ("aa", 10)])
    damaged = {name: value for name, value in MANIFEST.items() if name != key}
    damaged |= {} if content is None else {key: [content]}  # not there, or of another type
    store.write_json(tmp_path / schema.MANIFEST, {"schema": schema.SCHEMA, **damaged})
    with pytest.raises(LogError, match=rf"manifest\.json is damaged \(.*\b{key}\b.*\): restore it"):
        Run.read(tmp_path)


def test_a_truncated_log_is_refused(tmp_path: Path) -> None:
    write_run(tmp_path, [trial_row()], [("aa", i) for i in range(11)])
    text = (tmp_path / schema.LOG).read_text()
    (tmp_path / schema.LOG).write_text(text[: len(text) // 2])
    with pytest.raises(LogError, match=r"log\.csv"):
        Run.read(tmp_path)


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="not a run folder"):
        Run.read(tmp_path)


def test_a_failed_write_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def full(file: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(StorageError, match="No space left"):
        disk.replace(path, full)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot write"):
        store.write_json(tmp_path / "file" / "below" / "x.json", {})


@given(st.recursive(st.none() | st.floats() | st.integers() | st.text(), lambda inner: st.lists(inner), max_leaves=10))
def test_json_never_holds_what_json_readers_refuse(value: object) -> None:
    text = json.dumps(store.plain({"value": value}), allow_nan=False)
    assert isinstance(json.loads(text), dict)
