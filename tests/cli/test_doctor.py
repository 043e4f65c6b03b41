"""What `overparam doctor` says of an installation that is sound, and of one that is not."""

import json
import shutil
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner, Result

from overparam_cli.cli import checkup
from overparam_cli.cli.main import cli
from overparam_cli.errors import ConfigError
from overparam_cli.kinds.linear.kernels import Residuals
from overparam_cli.report import terminal
from overparam_cli.report.checkup import Finding, checkup_grid

KEYS = ["topic", "what", "value", "state", "note"]


def examine(folder: Path, *arguments: str) -> Result:
    where = ("--results", str(folder / "results"), "--data-dir", str(folder / "data"))
    return CliRunner().invoke(cli, ["doctor", *where, *arguments])


def findings(folder: Path) -> dict[str, dict[str, Any]]:
    """What was found, by its name; whatever is broken, the JSON is whole."""
    content = json.loads(examine(folder, "--json").stdout)
    assert content["broken"] == sum(own["state"] == "broken" for own in content["findings"])
    assert all(list(own) == KEYS for own in content["findings"])
    return {own["what"]: own for own in content["findings"]}


def code(folder: Path) -> int:
    result = examine(folder)
    return getattr(result.exception, "exit_code", result.exit_code)


def test_a_sound_installation_is_said_to_be_one(tmp_path: Path) -> None:
    result = examine(tmp_path)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1].strip() == "nothing is broken"
    found = findings(tmp_path)
    assert found["torch, tried"]["state"] == "good"
    assert found["threads"]["value"] == torch.get_num_threads()
    assert "never been run on a GPU" in found["GPU" if not torch.cuda.is_available() else "GPU 0"]["note"]
    assert found["ethanol"]["value"] == "not there"
    assert "simulated" in found["embedded"]["value"]


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    assert examine(tmp_path).exit_code == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("width", [60, 80, 200])
def test_it_can_be_read_at_any_width(width: int) -> None:
    long = "a note that is longer than a narrow terminal has room for, so that it goes on below, word by word"
    found = [
        Finding("versions", "torch", "2.13.0+cpu"),
        Finding("machine", "GPU", "none", "caution", long),
        Finding("kernels of linear networks", "compiled", "not to be had", "broken", "install it"),
    ]
    text = terminal.render(checkup_grid(found), width)
    assert max(map(len, text.splitlines())) <= width
    words = " ".join(text.split())
    if width == 200:
        assert f"GPU none – {long}" in words
    assert not {*long.split()} - {*words.split()}  # no word is broken
    for whole in ("versions", "kernels of linear networks", "not to be had BROKEN: install it", "1 thing broken"):
        assert whole in words


def lacking(name: str, version: str | None, patch: pytest.MonkeyPatch) -> None:
    """As if a package were not there, or of that version."""
    there = metadata.version

    def found(asked: str) -> str:
        if asked == name and version is None:
            raise metadata.PackageNotFoundError(asked)
        return version if asked == name and version else there(asked)

    patch.setattr(checkup.metadata, "version", found)
    wanted = ["torch>=2.4", "scipy>=1.12", 'pyarrow>=15; extra == "parquet"', 'ruff>=0.6; extra == "dev"']
    patch.setattr(checkup.metadata, "requires", lambda _: wanted)


@pytest.mark.parametrize(
    ("name", "version", "state", "note", "exit_code"),
    [
        ("scipy", None, "broken", "needed: pip install 'scipy>=1.12'", 1),
        ("scipy", "1.9.3", "broken", "too old: pip install 'scipy>=1.12'", 1),
        ("scipy", "1.12.0rc1", "good", "", 0),
        ("torch", "2.13.0+cu128", "good", "", 0),
        ("pyarrow", None, "good", "optional: pip install 'overparam[parquet]'", 0),
        ("pyarrow", "9.0", "broken", "too old: pip install 'pyarrow>=15'", 1),
    ],
)
def test_packages_that_are_missing_or_too_old(
    name: str,
    version: str | None,
    state: str,
    note: str,
    exit_code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lacking(name, version, monkeypatch)
    found = findings(tmp_path)
    assert (found[name]["state"], found[name]["note"]) == (state, note)
    assert "ruff" not in found
    assert code(tmp_path) == exit_code


def test_without_pytorch_the_rest_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(name: str) -> None:
        raise OSError(f"lib{name}_cpu.so: cannot open shared object file\nand more")

    monkeypatch.setattr(checkup, "import_module", fails)
    found = findings(tmp_path)
    assert found["PyTorch"]["state"] == "broken"
    assert found["PyTorch"]["note"] == "libtorch_cpu.so: cannot open shared object file: install it anew"
    assert {"ethanol", "results"} <= {*found}
    assert code(tmp_path) == 1


def test_a_kernel_that_computes_something_else_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right = Residuals.gradient

    def wrong(self: Residuals) -> None:
        right(self)
        self.G.mul_(1.001)

    monkeypatch.setattr(Residuals, "gradient", wrong)
    assert findings(tmp_path)["torch, tried"]["state"] == "broken"
    assert code(tmp_path) == 1


def test_results_that_cannot_be_written_are_broken(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    found = findings(tmp_path / "file")
    assert found["results"]["state"] == "broken"
    assert "--results" in found["results"]["note"]
    assert found["data cache"]["state"] == "caution"  # it may be read-only
    assert code(tmp_path / "file") == 7


@pytest.mark.parametrize(("free", "state", "exit_code"), [(5e6, "broken", 7), (5e8, "caution", 0), (5e9, "good", 0)])
def test_a_disk_that_is_full(
    free: float, state: str, exit_code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=int(free))
    monkeypatch.setattr(checkup.shutil, "disk_usage", lambda _: usage)
    assert findings(tmp_path)["results"]["state"] == state
    assert code(tmp_path) == exit_code


def test_data_that_are_there_in_part(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "MNIST" / "raw"
    folder.mkdir(parents=True)
    (folder / "train-labels-idx1-ubyte").write_bytes(b"anything")
    found = findings(tmp_path)["mnist"]
    assert (found["value"], found["note"]) == ("incomplete", "overparam data fetch mnist")


def test_a_cache_of_no_user_is_said_and_the_rest_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(_: object) -> Path:
        raise ConfigError("there is no such user")

    monkeypatch.setattr("overparam_cli.data.cache_dir", none)
    monkeypatch.setattr("overparam_cli.data.registry.cache_dir", none)
    found = findings(tmp_path)
    assert found["cache"]["state"] == found["data cache"]["state"] == "broken"
    assert found["results"]["state"] == "good"
    assert code(tmp_path) == 3
