"""What ordinary runs beside a multiverse's folder have finished is taken over, and nothing of it trained again."""

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner
from support.cnn_multiverse import SMALL, write_tiny_cnn

from overparam_cli.cli.main import cli
from overparam_cli.multiverse.deciding import NOT_RUN

NAME, VARIANT = "tiny-cnn", "cross-entropy"
ASKED = ("--axis", "decay=product", "--axis", "std=new")


def overparam(*words: str) -> str:
    done = CliRunner().invoke(cli, [*words, "--threads", "1"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def ordinary(results: Path, experiment: str, name: str, **settings: object) -> None:
    """`overparam run`, short, on the embedded digits."""
    given = [word for key, value in (SMALL | settings).items() for word in ("--set", f"{key}={value}")]
    overparam("run", experiment, *given, "--name", name, "--results", str(results), "--quiet")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_cnn(tmp_path_factory.mktemp("file"))


@pytest.fixture(scope="module")
def fresh(file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results folder in which it was trained, nothing standing beside it; not to be changed."""
    results = tmp_path_factory.mktemp("fresh")
    overparam("multiverse", "run", str(file), "--results", str(results), *ASKED, "--quiet")
    return results


def manifests(results: Path) -> dict[str, dict[str, Any]]:
    return {
        path.parent.parent.name: json.loads(path.read_bytes()) for path in (results / NAME).glob("*/*/manifest.json")
    }


def test_finished_trials_are_taken_over_byte_for_byte(file: Path, fresh: Path, tmp_path: Path) -> None:
    ordinary(tmp_path, "cnn-init-new", "mine")
    said = overparam("multiverse", "run", str(file), "--results", str(tmp_path), *ASKED)
    source = "taken over from cnn-init-new@mine/cross-entropy"
    assert f"fig5-right@decay=product/cross-entropy: 2 trials {source}" in said  # the original, and std 0.1
    assert f"cnn-init@decay=product+std=new/cross-entropy: 5 trials {source}" in said
    found = manifests(tmp_path)
    assert {place for one in found.values() for place in one["adopted"].values()} == {"cnn-init-new@mine/cross-entropy"}
    assert {name: len(one["adopted"]) for name, one in found.items()} == {
        "fig5-right@decay=product": 2,
        "cnn-init@decay=product+std=new": 5,
    }
    assert not any(one["timings"] for one in found.values())
    for pack in found:
        for name in ("trials.csv", "log.csv"):
            taken, trained = (results / NAME / pack / VARIANT / name for results in (tmp_path, fresh))
            assert taken.read_bytes() == trained.read_bytes(), (pack, name)


def test_every_world_is_judged_and_drawn(file: Path, fresh: Path, tmp_path: Path) -> None:
    shutil.copytree(fresh, tmp_path, dirs_exist_ok=True)
    table = pd.read_csv(tmp_path / NAME / "worlds.csv", keep_default_na=False)
    assert len(table) == 4 * 4  # claims; loss 2 × smoothing 2
    assert NOT_RUN not in set(table["holds"])
    batches = table["measured"].str.contains("one batch's")
    assert (batches == ((table["smoothing"] == "raw") & (table["claim"] != "cnn-parameters"))).all()
    call = ["multiverse", "plot", str(file), "--format", "svg", "--results", str(tmp_path)]
    done = CliRunner().invoke(cli, call, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    names = {Path(line).name for line in done.stdout.splitlines()}
    claims = ("cnn-parameters", "cnn-accelerates", "cnn-orders-of-magnitude", "cnn-init-insensitive")
    assert names == {"map.svg", *(f"curve-{claim}.svg" for claim in claims)}
