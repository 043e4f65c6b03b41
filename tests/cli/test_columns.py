"""`--target`, `--features`, `--drop`, `--one-hot`: what the command line makes of names."""

import click
import pytest

from overparam_cli.cli.options import collect_columns
from overparam_cli.errors import ConfigError
from overparam_cli.experiments.datasets import dataset_key


def collected(**given):
    return collect_columns({"targets": (), "features": (), "drop": (), "one_hot": ()} | given)


@pytest.mark.parametrize(
    ("texts", "names"),
    [
        (("a",), ["a"]),
        (("a,b",), ["a", "b"]),
        (("a , b", "c"), ["a", "b", "c"]),
        (('"a,b",c',), ["a,b", "c"]),
        (("room size,age (years)",), ["room size", "age (years)"]),
        (("größe",), ["größe"]),
        ((), None),
    ],
)
def test_names(texts, names):
    for option in ("features", "drop", "one_hot"):
        assert collected(**{option: texts})[option] == names


def test_a_target_is_a_name_as_it_stands():
    assert collected(targets=("a,b", "c"))["targets"] == ["a,b", "c"]


@pytest.mark.parametrize("texts", [("",), (",",), ("a,,b",), ("a", ""), ('"a',), ('a,"b', 'c"')])
@pytest.mark.parametrize("option", ["features", "drop", "one_hot"])
def test_what_is_no_list_of_names(option, texts):
    with pytest.raises(click.UsageError, match=rf"--{option.replace('_', '-')}: a "):
        collected(**{option: texts})


@pytest.mark.parametrize("name", ["mine.xlsx", "mine", "mine.json"])
def test_a_file_that_is_no_table_by_its_name(tmp_path, name):
    (tmp_path / name).write_text("a,y\n1,2\n")
    with pytest.raises(ConfigError, match=rf"{name}' has not the ending of a table: save it as \.csv, "):
        dataset_key(str(tmp_path / name), "here")
