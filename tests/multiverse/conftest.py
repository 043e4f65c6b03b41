from pathlib import Path

import pytest
from click.testing import CliRunner
from support.multiverses import ASKED, write_tiny

from overparam_cli.cli.main import cli
from overparam_cli.multiverse.loading import load
from overparam_cli.multiverse.model import Multiverse


@pytest.fixture(scope="session")
def tiny_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny(tmp_path_factory.mktemp("multiverse"))


@pytest.fixture(scope="session")
def tiny(tiny_file: Path) -> Multiverse:
    return load(str(tiny_file))


@pytest.fixture(scope="session")
def results(tiny_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results folder in which the tiny multiverse has been run; not to be changed."""
    folder = tmp_path_factory.mktemp("results")
    axes = [word for axis in ASKED for word in ("--axis", axis)]
    call = ["multiverse", "run", str(tiny_file), "--results", str(folder), "--threads", "1", "--quiet", *axes]
    done = CliRunner().invoke(cli, call, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return folder
