"""`overparam status`: a row for whatever stands below the results folder, sound or not."""

import shutil
from pathlib import Path

import pytest
from support.claim_logs import falling, write_bench, write_check, write_run
from support.seals import rewrite, seal
from support.synthetic_runs import Curve

from overparam_cli.figures.plots import draw
from overparam_cli.report import json
from overparam_cli.report.status import status_grid
from overparam_cli.results import find
from overparam_cli.results.record import write_experiment
from overparam_cli.results.run import Run

CURVES = {"depth-1": Curve(falling([1e-3, 2e-3]))}
REFERENCE = Path(__file__).parents[2] / "results" / "reference"


def rows(results: Path) -> dict[str, tuple[str, str]]:
    return {row["run"]: (row["state"], row["note"]) for row in json.records(status_grid(results))}


def test_every_folder_that_holds_anything_has_a_row(tmp_path: Path) -> None:
    write_run(tmp_path, CURVES, "fig3", "l4")
    write_check(tmp_path, "lemma3", [{"depth": 2, "error": 0.5}])
    write_experiment(tmp_path / "fig1", {"config": {"name": "fig1"}}, ["theory/lemma3"])
    write_bench(tmp_path)
    (write_run(tmp_path, CURVES, "fig3", "l2") / "manifest.json").unlink()
    for name, file in {"notes": "todo.txt", "fig4": "figure.png", "mine/l2": "model.pt", "left/l2": ".lock"}.items():
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / file).write_text("")
    (write_check(tmp_path, "claim1", [{"depth": 2, "error": 0.5}]) / "table.csv").unlink()
    (tmp_path / "empty").mkdir()
    (tmp_path / "claims.json").write_text("{}")
    found = rows(tmp_path)
    assert {name: state for name, (state, _) in found.items()} == {
        "bench": "complete",
        "fig1": "complete",
        "fig3/l2": "damaged",
        "fig3/l4": "complete",
        "fig4": "figures",
        "mine/l2": "no run",
        "notes": "no run",
        "theory/claim1": "unfinished",
        "theory/lemma3": "complete",
    }
    assert "manifest.json is missing" in found["fig3/l2"][1]
    assert found["mine/l2"][1] == "holds model.pt"


def test_figures_of_earlier_logs_are_told(tmp_path: Path) -> None:
    """Those alone: here one of three is drawn again, and another is somebody's own."""
    folder = write_run(tmp_path, CURVES, "fig3", "l4")
    seal(folder)
    draw([Run.read(folder)], tmp_path / "fig3", ["png", "svg"], ["figure"])
    shutil.copy(tmp_path / "fig3" / "figure.png", tmp_path / "fig3" / "copy.png")
    (tmp_path / "fig3" / "own.pdf").write_bytes(b"%PDF-1.4")
    assert rows(tmp_path) == {"fig3/l4": ("complete", "ethanol")}
    write_run(tmp_path, {"depth-1": Curve(falling([1e-3, 3e-3]))}, "fig3", "l4")
    seal(folder)
    draw([Run.read(folder)], tmp_path / "fig3", ["svg"], ["figure"])
    assert rows(tmp_path) == {
        "fig3/l4": ("complete", "ethanol"),
        "fig3": ("outdated", "copy.png, figure.png of earlier logs: draw them again"),
    }


def test_one_damaged_manifest_is_one_row(tmp_path: Path) -> None:
    for variant in ("l2", "l4"):
        write_run(tmp_path, CURVES, "fig3", variant)
    rewrite(tmp_path / "fig3" / "l2", lambda manifest: manifest["config"].update(curves=[3]))
    found = rows(tmp_path)
    assert found["fig3/l4"] == ("complete", "ethanol")
    assert found["fig3/l2"][0] == "damaged"
    assert "config.curves[0]" in found["fig3/l2"][1]


def test_a_results_folder_below_another_is_one_row(tmp_path: Path) -> None:
    shutil.copytree(REFERENCE, tmp_path / "reference", ignore=shutil.ignore_patterns("*.png"))
    assert {name: state for name, (state, _) in rows(tmp_path).items()} == {"reference": "results"}
    inside = rows(tmp_path / "reference")
    assert {state for state, _ in inside.values()} == {"complete", "results"}
    assert [name for name, (state, _) in inside.items() if state == "results"] == ["three-seeds"]


@pytest.mark.parametrize("alone", ["multiverse/worlds.csv", "bench/bench.csv"])
def test_so_is_one_with_nothing_but_what_has_no_variants(alone: str, tmp_path: Path) -> None:
    folder = REFERENCE / alone
    shutil.copytree(folder.parent, tmp_path / "below" / folder.parent.name)
    assert {name: state for name, (state, _) in rows(tmp_path).items()} == {"below": "results"}
    assert {name: state for name, (state, _) in rows(tmp_path / "below").items()} == {folder.parent.name: "complete"}


def test_a_changed_file_and_trials_of_other_plans_are_said(tmp_path: Path) -> None:
    folder = write_run(tmp_path, CURVES, "fig3", "l4")
    ids = [line.split(",")[0] for line in (folder / "trials.csv").read_text().splitlines()[1:]]
    rewrite(folder, lambda manifest: manifest.update(plan={"depth-1": ids[0]}, planned=1))
    assert rows(tmp_path)["fig3/l4"] == (
        "changed",
        "ethanol, 1 of other plans, trials.csv and log.csv have changed since the run",
    )


def test_a_folder_that_may_not_be_read_is_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_run(tmp_path, CURVES, "fig3", "l4")
    (tmp_path / "theirs" / "l4").mkdir(parents=True)
    plain = Path.iterdir

    def iterdir(path: Path) -> object:
        if path.name == "theirs":
            raise PermissionError(13, "Permission denied")
        return plain(path)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    found = rows(tmp_path)
    assert {name: state for name, (state, _) in found.items()} == {"fig3/l4": "complete", "theirs": "unreadable"}
    assert "Permission denied" in found["theirs"][1]


def test_nothing_is_no_row(tmp_path: Path) -> None:
    assert rows(tmp_path / "nowhere") == {}
    assert find.contents(tmp_path / "nowhere") == []
