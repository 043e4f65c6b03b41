"""`overparam compare`: what differs between two runs is said, and nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.program import program

import overparam as op
from overparam_cli.results.comparison import compare, overlay
from overparam_cli.results.run import Run

SHORT: dict[str, Any] = {"smoke": True, "iterations": 60, "loss": "l2"}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compare") / "results"
    op.run("fig3", results=folder, name="one", seeds=2, **SHORT)
    op.run("fig3", results=folder, name="wide", width=7, depth=[2, 3, 4], **SHORT)
    op.run("fig3", results=folder, name="other", **{**SHORT, "dataset": "simulated:seed=3"})
    return folder


def compared(*arguments: str, results: Path) -> Any:
    code, out, err = program("compare", *arguments, "--json", "--results", str(results))
    assert (code, err) == (0, "")
    return json.loads(out)


def test_the_settings_that_differ_are_those_that_were_changed(results: Path) -> None:
    (found,) = compared("fig3@one", "fig3@wide", results=results)
    assert found["runs"] == ["fig3@one", "fig3@wide"]
    assert found["differences"] == [
        {"setting": "width", "curves": [], "values": ["1", "7"]},
        {"setting": "seeds", "curves": [], "values": [2, 1]},
    ]
    assert found["only"] == [["depth-1"], ["depth-4"]]


def test_the_numbers_are_those_of_the_tables(results: Path) -> None:
    (found,) = compared("fig3@one", "fig3@wide", results=results)
    one, wide = (op.load(results / f"fig3@{name}").table().set_index("curve") for name in ("one", "wide"))
    assert [row["curve"] for row in found["curves"]] == ["depth-2", "depth-3"]
    for row in found["curves"]:
        finals = one.loc[row["curve"], "final_gap"], wide.loc[row["curve"], "final_gap"]
        assert (row["final_first"], row["final_second"]) == finals
        assert row["ratio"] == pytest.approx(finals[1] / finals[0], rel=1e-15)
        assert row["lr_first"] == one.loc[row["curve"], "lr"]
        assert row["alike"] == 0


def test_a_run_is_like_itself_to_the_last_bit(results: Path) -> None:
    (found,) = compared("fig3@one", str(results / "fig3@one"), results=results)
    assert found["differences"] == []
    for row in found["curves"]:
        assert (row["alike"], row["ratio"], row["speedup"]) == (4, 1.0, 1.0)


def test_other_data_are_a_difference_and_bar_a_speedup(results: Path) -> None:
    (found,) = compared("fig3@one", "fig3@other", results=results)
    assert {"dataset", "data: fingerprint", "optimum", "seeds"} == {own["setting"] for own in found["differences"]}
    assert not found["same_problem"]
    assert {row["speedup"] for row in found["curves"]} == {None}
    code, out, _ = program("compare", "fig3@one", "fig3@other", "--results", str(results))
    assert (code, "iterations are not compared" in out) == (0, True)


def test_both_are_drawn_in_one_figure(results: Path, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "both.svg"
    code, out, err = program("compare", "fig3@one", "fig3@wide", "--figure", str(path), "--results", str(results))
    assert (code, err) == (0, "")
    assert path.exists()
    assert str(path) in out
    runs = [Run.read(results / f"fig3@{name}" / "l2") for name in ("one", "wide")]
    (pair,) = compare(runs[:1], runs[1:])
    both = overlay(pair)
    assert list(both.labels.values())[:2] == ["1 layer, fig3@one", "2 layers, fig3@one"]
    assert len(both.trials) == len(runs[0].trials) + len(runs[1].trials)
    for number, run in enumerate(runs):
        for curve in run.curves:
            own, other = both.curves[f"{number}-{curve}"], run.curves[curve]
            assert own.choose().lr == other.choose().lr
            for seed, trial in other.logs(other.choose().lr).items():
                assert own.logs(own.choose().lr)[seed].values.tolist() == trial.values.tolist()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("fig3@one", "fig3@none"), 5, "no finished run of fig3@none"),
        (("fig3@one", "fig3@wide", "--figure", "both.gif"), 2, "a figure is called <name>.png, <name>.pdf, <name>.svg"),
        (("fig3@one", "fig3@other", "--figure", "both.png"), 2, "are on different data, or of another loss"),
        (("fig3@one", "all"), 5, "no finished run"),
    ],
)
def test_what_cannot_be_compared_is_one_line(arguments: tuple[str, ...], code: int, said: str, results: Path) -> None:
    found, _, err = program("compare", *arguments, "--results", str(results))
    assert (found, said in err, err.count("\n")) == (code, True, 1)
    assert not Path("both.png").exists()


def test_variants_that_have_no_like_are_not_compared(results: Path) -> None:
    runs = [Run.read(results / "fig3@one" / "l2")]
    reference = Path(__file__).parents[2] / "results" / "reference"
    others = [Run.read(reference / "fig3" / "l4"), Run.read(reference / "fig4-right" / "l4")]
    with pytest.raises(op.ConfigError, match="nothing to compare: one has the variants l2, the other l4, l4"):
        compare(runs, others)
    with pytest.raises(op.ConfigError, match="is of kind 'linear'"):
        compare(runs, [Run.read(reference / "fig5-right" / "cross-entropy")])


def test_a_curve_of_both_runs_has_the_colour_of_its_depth_solid_and_dashed(results: Path) -> None:
    from overparam_cli.figures.looks import DASHED, of_depth
    from overparam_cli.figures.panels import panels_of

    runs = [Run.read(results / f"fig3@{name}" / "l2") for name in ("one", "wide")]
    looks = panels_of([overlay(*compare(runs[:1], runs[1:]))])[0].looks
    for depth, place, dash in ((1, 0, "solid"), (2, 0, "solid"), (2, 1, DASHED), (4, 1, DASHED)):
        look = looks[f"{place}-depth-{depth}"]
        assert (look.color, look.linestyle) == (of_depth(depth).color, dash)
