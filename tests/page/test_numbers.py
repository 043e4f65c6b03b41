"""The numbers of interactive figures, against the logs as pandas reads them."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.pages import figures, write_study, written

pytest.importorskip("plotly", reason="the extra `report` is not installed")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_study(tmp_path_factory.mktemp("numbers"))


@pytest.fixture(scope="module")
def drawn(results: Path) -> dict[str, Any]:
    code, path, err = written(results)
    assert code == 0, err
    return figures(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def trials(results: Path) -> pd.DataFrame:
    return pd.read_csv(results / "own" / "l4" / "trials.csv")


def marks(plot: dict[str, Any], curve: str, kind: str) -> list[dict[str, Any]]:
    """What belongs to a curve at the rate that was chosen."""
    own = [mark for mark in plot["marks"] if mark.get("curve", "").startswith(curve) and mark["kind"] == kind]
    return [mark for mark in own if "diverged" not in mark["curve"]]


@pytest.mark.parametrize(("curve", "label"), [("depth-1", "one &lt;layer&gt;"), ("depth-2", "two layers")])
def test_a_curve_is_the_median_of_the_logs_and_near_it_where_points_are_left_out(
    results: Path, drawn: dict[str, Any], trials: pd.DataFrame, curve: str, label: str
) -> None:
    (plot,) = drawn["run-own-1"]
    (line,) = [mark for mark in marks(plot, label, "line") if mark["width"] > 1]
    own = trials[(trials["curve"] == curve) & (trials["status"] == "completed")]
    best = own.groupby("lr")["final_gap"].median().idxmin()
    log = pd.read_csv(results / "own" / "l4" / "log.csv")
    log = log[log["trial_id"].isin(own.loc[own["lr"] == best, "trial_id"])]
    logged = log.groupby("iteration")["gap"].median()
    shown = pd.Series(line["y"], index=line["x"])
    np.testing.assert_allclose(shown, logged.loc[shown.index], rtol=1e-6)
    assert len(shown) < len(logged)
    heights = np.log10(logged)
    between = np.interp(logged.index, shown.index, np.log10(shown))
    decades = np.log10(plot["y"]["high"] / plot["y"]["low"])
    assert abs(between - heights).max() <= decades / 400 * (1 + 1e-6)
    (band,) = marks(plot, label, "area")
    edges = pd.Series(band["y"]).groupby(band["x"]).agg(["min", "max"])
    logged_edges = log.groupby("iteration")["gap"].agg(["min", "max"]).loc[edges.index]
    np.testing.assert_allclose(edges, logged_edges, rtol=1e-6)
    assert len(edges) == len(shown)


def test_learning_rates_are_those_of_trials_csv_the_diverged_as_crosses(
    drawn: dict[str, Any], trials: pd.DataFrame
) -> None:
    (plot,) = drawn["run-own-2"]
    for curve, label in (("depth-1", "one &lt;layer&gt;"), ("depth-2", "two layers")):
        own = trials[trials["curve"] == curve]
        lost = own.loc[own["status"] == "diverged", "lr"].unique().tolist()
        finished = own[~own["lr"].isin(lost)].groupby("lr")["final_gap"].median()
        (line,) = [mark for mark in marks(plot, label, "line") if mark["width"] and "symbol" in mark]
        np.testing.assert_allclose(line["x"], finished.index)
        np.testing.assert_allclose(line["y"], finished, rtol=1e-6)
        crosses = [mark for mark in marks(plot, label, "line") if mark.get("name", "").endswith(": diverged")]
        assert [mark["x"] for mark in crosses] == [[lr] for lr in lost]
        assert 10.0 in lost


def test_axes_are_as_they_were_drawn(drawn: dict[str, Any]) -> None:
    (plot,) = drawn["run-own-1"]
    assert plot["y"]["log"]
    assert "log" not in plot["x"]
    assert (plot["x"]["low"], plot["x"]["high"]) == (0, 3000)
    assert [entry["label"].split(" (")[0] for entry in plot["legend"]][:2] == ["one &lt;layer&gt;", "two layers"]
