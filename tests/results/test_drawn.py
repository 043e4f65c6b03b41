"""A figure's file says from which logs it was drawn, so that one of earlier logs is known."""

import os
import re
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


def drawn(folder: Path, *shown: Path, form: str = "svg") -> Path:
    with styled():
        (path,) = save(
            Figure(), folder / "figure", [form], source(folder, ((one, read_manifest(one)) for one in shown))
        )
    return path


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    "name", ["fig3@smoke+lr=1e-3,1e-2", "λ (v2) <1> & more", "=", "a%20b", "line\nbreak", "caf\udce9"]
)
def test_any_folder_is_known_again_in_any_format(name: str, form: str, tmp_path: Path) -> None:
    variants = [tmp_path / "fig3" / variant for variant in (name, "l4")]
    for folder in variants:
        table(folder, b"first")
    path = drawn(tmp_path / "fig3", *variants, form=form)
    assert not outdated(path)
    digests.write(variants[0], {"schema": SCHEMA}, {"log.csv": b"thinned", "trials.csv": b"first"})
    assert not outdated(path)
    table(variants[0], b"second")
    assert outdated(path)
    table(variants[0], b"first")
    assert not outdated(path)
    table(variants[1], b"third")
    assert outdated(path)


@pytest.mark.parametrize("manifest", ["[", "{}", '{"schema": 1, "files": []}', '{"schema": 1, "files": null}', None])
def test_of_a_folder_that_is_damaged_or_gone_nothing_is_known(manifest: str | None, tmp_path: Path) -> None:
    """That it is damaged is said where it is read."""
    folder = tmp_path / "fig3" / "l4"
    table(folder, b"first")
    path = drawn(tmp_path / "fig3", folder)
    table(folder, b"second")
    assert outdated(path)
    if manifest is None:
        shutil.rmtree(folder)
    else:
        (folder / "manifest.json").write_text(manifest)
    assert not outdated(path)


def test_figures_are_known_where_they_are_moved_to(tmp_path: Path) -> None:
    """With their runs: the whole results, an experiment, or two whose panels stand side by side."""
    own, other = tmp_path / "results" / "fig4-left" / "l4", tmp_path / "results" / "fig4-right" / "l4"
    for folder in (own, other):
        table(folder, b"first")
    alone, group = drawn(own.parent, own), drawn(tmp_path / "results" / "fig4", own, other)
    old = own.parent.rename(own.parent.with_name("old"))
    table(own, b"second")
    assert not outdated(old / alone.name)
    assert outdated(group)
    moved = (tmp_path / "results").rename(tmp_path / "reference")
    table(own, b"third")
    assert not outdated(moved / "old" / alone.name)
    table(moved / "fig4-left" / "l4", b"first")
    assert not outdated(moved / "fig4" / group.name)


@pytest.mark.parametrize("form", FORMATS)
def test_of_a_file_that_does_not_say_it_nothing_is_known(form: str, tmp_path: Path) -> None:
    table(tmp_path / "fig3" / "l2", b"first")
    assert source(tmp_path, [(tmp_path / "l2", {"schema": SCHEMA})]) == ""
    with styled():
        (path,) = save(Figure(), tmp_path / "fig3" / "figure", [form])
    assert b"overparam logs" not in path.read_bytes()
    assert not outdated(path)


def test_what_is_no_figure_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "nowhere.png").symlink_to(tmp_path / "nothing")
    (tmp_path / "crafted.png").write_bytes(b"overparam logs: a/%00=0123456789ab ../%00=0123456789ab")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "waits.png")
    assert not [path for path in tmp_path.iterdir() if outdated(path)]


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
        draw_to(tmp_path / "of" / "mine" / "own.svg", runs[:1], "figure"),
        *theory_figures.draw_all(records, tmp_path, "theory", ["pdf"]),
    ]
    said = [re.findall(rb"[ /]([\w./-]+)=[0-9a-f]{12}", path.read_bytes()) for path in paths]
    assert said[:2] == [[b"fig3/l2", b"fig3/l4"], [b"fig3/l2"]]
    assert said[2:] == [[path.parent.name.encode()] for path in paths[2:]]
    assert len(paths) > 2
    assert not any(map(outdated, paths))


def test_a_look_at_runs_under_way_is_of_no_logs_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_run(tmp_path, {"depth-1": Curve(falling([1e-3, 2e-3]))}, "fig3", "l4")
    seal(folder)
    monkeypatch.setattr(Run, "partial", property(lambda _: "at iteration 100"))
    (path,) = draw([Run.read(folder)], tmp_path / "fig3", ["svg"], ["figure"])
    assert path.name == "figure-partial.svg"
    assert b"overparam logs" not in path.read_bytes()
