"""The tables that a report has beside its figures, against the files as pandas reads them."""

from pathlib import Path

import pandas as pd
import pytest
from support.pages import write_study

from overparam_cli.multiverse import record
from overparam_cli.multiverse.deciding import NOT_RUN, YES
from overparam_cli.multiverse.loading import load
from overparam_cli.multiverse.summary import summarise
from overparam_cli.report.json import records
from overparam_cli.report.multiverse import option_grid
from overparam_cli.report.rates import rate_grid
from overparam_cli.results.run import Run

WORLDS = Path(__file__).parents[2] / "results" / "reference" / "multiverse"


def test_every_rate_has_a_row_with_its_final_level_and_what_diverged(tmp_path: Path) -> None:
    folder = write_study(tmp_path) / "own" / "l4"
    trials = pd.read_csv(folder / "trials.csv")
    rows = records(rate_grid(Run.read(folder)))
    assert len(rows) == 6
    for (curve, lr), own in trials.groupby(["curve", "lr"]):
        label = {"depth-1": "one <layer>", "depth-2": "two layers"}[str(curve)]
        (row,) = [row for row in rows if (row["curve"], row["lr"]) == (label, lr)]
        finished = own[own["status"] == "completed"]["final_gap"]
        assert row["final_gap"] == (pytest.approx(finished.median()) if len(finished) else None)
        assert row["diverged"] == (own["status"] == "diverged").sum()
        assert row["chosen"] == ("chosen" if lr == 1e-2 else "")


def test_shares_by_option_are_those_of_worlds_csv() -> None:
    multiverse = load()
    rows = {row["claim"]: row for row in records(option_grid(summarise(multiverse, record.read(WORLDS, multiverse))))}
    table = pd.read_csv(WORLDS / "worlds.csv", keep_default_na=False)
    ran = table[table["holds"] != NOT_RUN]
    checked = 0
    for claim, row in rows.items():
        for heading, share in row.items():
            axis, newline, option = heading.partition("\n")
            own = ran[(ran["claim"] == claim) & (ran[axis] == option)] if newline else ran[:0]
            if newline:
                assert share == (pytest.approx((own["holds"] == YES).mean()) if len(own) else None), (claim, heading)
                checked += len(own) > 0
    assert checked > 100
