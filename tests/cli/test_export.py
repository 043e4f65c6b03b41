"""`overparam export`: the tables of `import overparam`, as files that other programs read."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.program import program

import overparam as op
from overparam_cli.api import exporting

REFERENCE = Path(__file__).parents[2] / "results" / "reference"


def test_the_files_hold_the_tables_as_they_are(tmp_path: Path) -> None:
    code, out, err = program("export", "fig4-right", "--to", str(tmp_path / "tidy"), "--results", str(REFERENCE))
    assert (code, err) == (0, "")
    assert out.split() == [str(tmp_path / "tidy" / f"{name}.parquet") for name in ("trials", "log", "curves")]
    run = op.load(REFERENCE / "fig4-right")
    for name, table in (("trials", run.trials), ("log", run.log), ("curves", run.table())):
        found = pd.read_parquet(tmp_path / "tidy" / f"{name}.parquet")
        pd.testing.assert_frame_equal(found, table, check_dtype=False, check_exact=True)


def test_tensorboard_reads_what_the_logs_say(tmp_path: Path) -> None:
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    asked = ("export", "fig4-right", "--format", "tensorboard", "--to", str(tmp_path), "--results", str(REFERENCE))
    code, out, err = program(*asked)
    assert (code, err) == (0, "")
    run = op.load(REFERENCE / "fig4-right")
    assert len(out.split()) == len(run.trials)
    for trial_id, curve, lr, seed in run.trials[["trial_id", "curve", "lr", "seed"]].itertuples(index=False):
        events = reader.EventAccumulator(str(tmp_path / "fig4-right" / "l4" / curve / f"lr-{lr!r}-seed-{seed}"))
        events.Reload()
        assert set(events.Tags()["scalars"]) == {"loss", "gap", "norm"}
        log = run.log[run.log["trial_id"] == trial_id]
        for column in ("loss", "gap", "norm"):
            found = events.Scalars(column)
            known = log[np.isfinite(log[column].to_numpy(np.float32))]
            assert [one.step for one in found] == [*known["iteration"]]
            assert [one.value for one in found] == [*known[column].astype(np.float32)]


def test_numbers_beyond_single_precision_leave_no_infinity_behind() -> None:
    reader = pytest.importorskip("tensorboard.compat.proto.event_pb2")
    log = pd.DataFrame({"iteration": [0, 1, 2], "loss": [1.0, 1e300, np.nan], "gap": np.nan})
    data = exporting._events(log, ["loss", "gap"])
    sizes, place, events = [], 0, []
    while place < len(data):  # a record is its length, a checksum of that, itself, a checksum of it
        size = int.from_bytes(data[place : place + 8], "little")
        events.append(reader.Event.FromString(data[place + 12 : place + 12 + size]))
        sizes.append(size)
        place += size + 16
    assert [event.step for event in events] == [0, 0]
    assert [(value.tag, value.simple_value) for value in events[1].summary.value] == [("loss", 1.0)]


def test_for_more_trials_than_anybody_could_look_at_there_is_parquet(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tensorboard")
    monkeypatch.setattr(exporting, "MOST", 3)
    with pytest.raises(op.ConfigError, match=r"and 3 are the most .* export to Parquet"):
        op.load(REFERENCE / "fig4-right").export("nowhere", "tensorboard")


def test_a_form_that_there_is_not_and_an_extra_that_is_not_installed_are_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = op.load(REFERENCE / "fig4-right")
    with pytest.raises(op.ConfigError, match="unknown form 'xlsx': choose one of parquet, tensorboard"):
        result.export(tmp_path, "xlsx")
    monkeypatch.setitem(sys.modules, "tensorboard.summary.writer.record_writer", None)
    with pytest.raises(op.ConfigError, match=r"pip install 'overparam\[tensorboard\]'"):
        result.export(tmp_path, "tensorboard")
    assert result.export(tmp_path) == [tmp_path / f"{name}.parquet" for name in ("trials", "log", "curves")]


@pytest.mark.parametrize(
    ("name", "code", "said"), [("fig9", 5, "no finished run of fig9"), ("fig1", 5, "there are no trials to export")]
)
def test_what_has_no_trials_is_one_line(name: str, code: int, said: str, tmp_path: Path) -> None:
    found, out, err = program("export", name, "--to", str(tmp_path / "x"), "--results", str(REFERENCE))
    assert (found, out, said in err) == (code, "", True)
    assert not (tmp_path / "x").exists()
