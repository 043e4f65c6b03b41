"""`overparam export`: the tables of `import overparam`, as files that other programs read."""

from pathlib import Path

import pandas as pd
import pytest
from support.program import program

import overparam as op

REFERENCE = Path(__file__).parents[2] / "results" / "reference"


def test_the_files_hold_the_tables_as_they_are(tmp_path: Path) -> None:
    code, out, err = program("export", "fig4-right", "--to", str(tmp_path / "tidy"), "--results", str(REFERENCE))
    assert (code, err) == (0, "")
    assert out.split() == [str(tmp_path / "tidy" / f"{name}.parquet") for name in ("trials", "log", "curves")]
    run = op.load(REFERENCE / "fig4-right")
    for name, table in (("trials", run.trials), ("log", run.log), ("curves", run.table())):
        found = pd.read_parquet(tmp_path / "tidy" / f"{name}.parquet")
        pd.testing.assert_frame_equal(found, table, check_dtype=False, check_exact=True)


@pytest.mark.parametrize(
    ("name", "code", "said"), [("fig9", 5, "no finished run of fig9"), ("fig1", 5, "there are no trials to export")]
)
def test_what_has_no_trials_is_one_line(name: str, code: int, said: str, tmp_path: Path) -> None:
    found, out, err = program("export", name, "--to", str(tmp_path / "x"), "--results", str(REFERENCE))
    assert (found, out, said in err) == (code, "", True)
    assert not (tmp_path / "x").exists()
