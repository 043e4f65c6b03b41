"""Manifests are checked once, when a folder is read: what is wrong is one line that names the entry."""

from pathlib import Path
from typing import Any

import pytest
from support.claim_logs import falling, write_check, write_run
from support.seals import rewrite
from support.synthetic_runs import Curve

from overparam_cli.errors import LogError
from overparam_cli.experiments import from_dict
from overparam_cli.results.manifest import read_manifest
from overparam_cli.results.record import Record, find_records, write_experiment
from overparam_cli.results.run import Run

CURVES = {"depth-1": Curve(falling([1e-3, 2e-3]))}


def put(path: str, value: Any) -> Any:
    """What changes an entry, at a path of keys with dots between them."""

    def change(manifest: dict[str, Any]) -> None:
        *way, last = path.split(".")
        for key in way:
            manifest = manifest[key]
        manifest[last] = value

    return change


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("config", 3),
        ("config.curves", [3]),
        ("config.curves", [{"label": "no name"}]),
        ("config.curves", [{"name": "a"}, {"name": "a"}]),
        ("config.trial", 3),
        ("config.trial.iterations", "many"),
        ("config.trial.lr", [0.1, -1]),
        ("config.kind", "quantum"),
        ("config.title", 3),
        ("config.plot.xlim", [1]),
        ("config.plot.xlim", [2, 1]),
        ("config.plot.titles", ["one"]),
        ("config.plot.yscale", "cube"),
        ("config.analysis.gaps", ["small"]),
        ("config.analysis.selection", "coin"),
        ("dataset.n", "2565"),
        ("dataset.d", 0),
        ("dataset.name", 7),
        ("dataset.embedded", "yes"),
        ("optimum", {}),
        ("optimum.loss", "1e-3"),
        ("optimum.loss_at_zero", [1]),
        ("full_length", "true"),
        ("overrides", "none"),
        ("plan", {"depth-1": ["a", "b"]}),
        ("earlier", [{}]),
        ("files", {"log.csv": "nothing"}),
        ("timings", 3),
        ("experiment", None),
    ],
)
def test_a_wrong_entry_of_a_runs_manifest_is_named(tmp_path: Path, path: str, value: Any) -> None:
    folder = write_run(tmp_path, CURVES, "fig3")
    Run.read(folder)
    rewrite(folder, put(path, value))
    with pytest.raises(LogError, match=r"manifest\.json is damaged \(") as caught:
        Run.read(folder)
    assert "\n" not in str(caught.value)
    assert path.split(".")[min(1, path.count("."))] in str(caught.value)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("columns.depth.dtype", "complex"),
        ("columns.depth", 3),
        ("columns", ["depth"]),
        ("rows", "three"),
        ("statement", 3),
        ("where", None),
        ("parameters", "1,5"),
        ("changed", [1]),
        ("dataset", "ethanol"),
        ("curves", "none"),
    ],
)
def test_a_wrong_entry_of_a_statements_manifest_is_named(tmp_path: Path, path: str, value: Any) -> None:
    folder = write_check(tmp_path, "lemma3", [{"depth": 2, "error": 0.5}])
    Record.read(folder)
    rewrite(folder, put(path, value))
    with pytest.raises(LogError, match=rf"manifest\.json is damaged \({path.replace('.', '[.]')} must"):
        Record.read(folder)


@pytest.mark.parametrize(("path", "value"), [("folders", "theory/lemma3"), ("folders", [3]), ("config", None)])
def test_a_wrong_entry_of_a_studys_manifest_is_named(tmp_path: Path, path: str, value: Any) -> None:
    write_experiment(tmp_path / "fig1", {"config": {"name": "fig1"}}, ["theory/lemma3"])
    rewrite(tmp_path / "fig1", put(path, value))
    with pytest.raises(LogError, match=rf"manifest\.json is damaged \({path}"):
        find_records(tmp_path, "fig1")


@pytest.mark.parametrize("extra", [b"\xef\xbb\xbf", b""])
def test_a_manifest_that_an_editor_saved_with_a_mark_is_read(tmp_path: Path, extra: bytes) -> None:
    folder = write_run(tmp_path, CURVES, "fig3")
    path = folder / "manifest.json"
    path.write_bytes(extra + path.read_bytes().replace(b"\n", b"\r\n"))
    assert read_manifest(folder)["experiment"] == "fig3"


@pytest.mark.parametrize("content", ["[" * 100_000, "{", "3", "null", '{"schema": 1e999}', b"\xff\xfe{"])
def test_what_is_no_manifest_is_one_line(tmp_path: Path, content: str | bytes) -> None:
    folder = write_run(tmp_path, CURVES, "fig3")
    (folder / "manifest.json").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(LogError, match=r"manifest\.json") as caught:
        Run.read(folder)
    assert "\n" not in str(caught.value)


def test_what_an_earlier_version_did_not_say_takes_its_default() -> None:
    assert from_dict({"name": "mine"}).plot == from_dict({"name": "mine", "plot": None, "more": 3}).plot
