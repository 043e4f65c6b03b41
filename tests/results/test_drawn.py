"""A figure's file says from which logs it was drawn, so that one of earlier logs is known."""

import shutil
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from support.claim_logs import falling, write_run
from support.seals import seal
from support.synthetic_runs import Curve

from overparam_cli.figures.plots import FORMATS, draw, draw_to
from overparam_cli.figures.style import save, styled
from overparam_cli.kinds.theory import figures as theory_figures
from overparam_cli.results import digests
from overparam_cli.results.drawn import outdated, source
from overparam_cli.results.manifest import read_manifest
from overparam_cli.results.record import Record
from overparam_cli.results.run import Run
from overparam_cli.results.schema import SCHEMA

REFERENCE = Path(__file__).parents[2] / "results" / "reference"


def table(folder: Path, content: bytes) -> None:
    digests.write(folder, {"schema": SCHEMA}, {"log.csv": content, "trials.csv": content})


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", ["fig3@smoke+lr=1e-3,1e-2", "λ (v2) <1> & more", "=", "a%20b", "line\nbreak"])
def test_any_folder_is_known_again_in_any_format(name: str, form: str, tmp_path: Path) -> None:
    for variant in ("l2", "l4"):
        table(tmp_path / name / variant, b"first")
    shown = [(f"{name}/{variant}", read_manifest(tmp_path / name / variant)) for variant in ("l2", "l4")]
    with styled():
        (path,) = save(Figure(), tmp_path / name / "figure", [form], source(shown))
    assert not outdated(path, tmp_path)
    digests.write(tmp_path / name / "l4", {"schema": SCHEMA}, {"log.csv": b"thinned", "trials.csv": b"first"})
    assert not outdated(path, tmp_path)
    table(tmp_path / name / "l4", b"second")
    assert outdated(path, tmp_path)
    (tmp_path / name / "l4" / "manifest.json").write_text("[")
    assert not outdated(path, tmp_path)  # that the folder is damaged is said where it is read
    shutil.rmtree(tmp_path / name / "l4")
    assert not outdated(path, tmp_path)
    table(tmp_path / name / "l2", b"third")
    assert outdated(path, tmp_path)


@pytest.mark.parametrize("form", FORMATS)
def test_of_a_file_that_does_not_say_it_nothing_is_known(form: str, tmp_path: Path) -> None:
    table(tmp_path / "fig3" / "l2", b"first")
    assert source([("fig3/l2", {"schema": SCHEMA})]) == ""
    with styled():
        (path,) = save(Figure(), tmp_path / "fig3" / "figure", [form])
    assert b"overparam logs" not in path.read_bytes()
    assert not outdated(path, tmp_path)


def test_runs_and_statements_say_each_its_own(tmp_path: Path) -> None:
    curves = {"depth-1": Curve(falling([1e-3, 2e-3]))}
    of_runs = [write_run(tmp_path, curves, "fig3", loss) for loss in ("l2", "l4")]
    of_records = [tmp_path / "theory" / name for name in ("theorem2", "observation1")]
    for folder in of_records:
        shutil.copytree(REFERENCE / "theory" / folder.name, folder)
    for folder in of_runs:
        seal(folder)
    runs, records = [Run.read(folder) for folder in of_runs], [Record.read(folder) for folder in of_records]
    paths = [
        *draw(runs, tmp_path / "fig3", ["png"], ["figure"]),
        draw_to(tmp_path / "mine.svg", runs[:1], "figure"),
        *theory_figures.draw_all(records, tmp_path, "theory", ["pdf"]),
    ]
    names = ("fig3/l2", "fig3/l4", "theory/theorem2", "theory/observation1")
    said = [path.read_bytes().partition(b"overparam logs:")[2][:80] for path in paths]
    found = [[name for name in names if name.encode() in own] for own in said]
    assert found == [["fig3/l2", "fig3/l4"], ["fig3/l2"], *([f"theory/{path.parent.name}"] for path in paths[2:])]
    assert len(paths) > 2
