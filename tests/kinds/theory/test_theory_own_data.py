"""The theory on a table of one's own: columns are chosen as they are for a run, and d stays the statements' word."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from overparam_cli.cli.main import cli
from overparam_cli.kinds.theory import STATEMENTS, find_statement

NEEDS = [name for name in STATEMENTS if find_statement(name).needs_problem]


@pytest.fixture
def table(tmp_path):
    rows = np.random.default_rng(1).normal(size=(30, 4)).tolist()
    path = tmp_path / "mine.csv"
    path.write_text("a,b,c,y\n" + "".join(",".join(map(repr, row)) + "\n" for row in rows))
    return str(path)


def test_columns_are_chosen(table, tmp_path):
    name = NEEDS[0]
    options = ["--dataset", table, "--target", "y", "--features", "a, c", "--no-figures", "--results", str(tmp_path)]
    result = CliRunner().invoke(cli, ["theory", name, *options], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    (manifest,) = tmp_path.rglob("manifest.json")
    assert json.loads(manifest.read_text())["dataset"]["features"] == ["a", "c"]


@pytest.mark.parametrize("option", ["--dataset", "--target", "--features", "--drop", "--one-hot"])
def test_a_check_without_data_takes_none_of_them(option, table, tmp_path):
    (name,) = [name for name in STATEMENTS if name not in NEEDS][:1]
    result = CliRunner().invoke(cli, ["theory", name, option, "x", "--results", str(tmp_path)])
    assert f"{option}: no data set is needed for {name}" in str(result.exception)
