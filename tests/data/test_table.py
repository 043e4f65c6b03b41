"""The user's own table: what is in the file is the problem, and whatever cannot be is said in one line."""

import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from overparam_cli.data import load, preprocess
from overparam_cli.errors import DataInvalidError

GOOD = "a,b,y\n1,2,3\n4,5.5,6\n7,-8e2,9\n10,11,12.25\n"


def save(folder, text, name="table.csv"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def test_a_csv_is_the_problem_it_says(tmp_path):
    dataset = load(save(tmp_path, GOOD), targets=["y"], offline=True)
    np.testing.assert_array_equal(dataset.X, [[1, 2], [4, 5.5], [7, -800], [10, 11]])
    np.testing.assert_array_equal(dataset.Y, [[3], [6], [9], [12.25]])
    assert dataset.X.dtype == dataset.Y.dtype == np.float64
    assert (dataset.name, dataset.feature_names, dataset.target_names) == ("table.csv", ("a", "b"), ("y",))
    assert not dataset.embedded
    assert str(tmp_path) not in dataset.source
    assert preprocess(dataset).X.std(axis=0) == pytest.approx([1, 1])


def test_several_targets_in_the_order_asked_for(tmp_path):
    dataset = load(save(tmp_path, GOOD), targets=["y", "a"])
    np.testing.assert_array_equal(dataset.Y, [[3, 1], [6, 4], [9, 7], [12.25, 10]])
    assert (dataset.feature_names, dataset.target_names) == (("b",), ("y", "a"))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (GOOD.replace(",", "\t"), "table.tsv"),
        (GOOD.replace(",", ", "), "table.csv"),
        (GOOD.replace("\n", "\r\n"), "table.csv"),
        ("\ufeff" + GOOD, "table.csv"),
        (GOOD.replace("a,b,y", '"a","b","y"'), "table.csv"),
        (GOOD + "\n\n", "table.csv"),
        (GOOD, "TABLE.CSV"),
    ],
    ids=["tsv", "spaces", "windows", "byte-order-mark", "quotes", "blank-lines", "capitals"],
)
def test_the_same_table_in_other_dress(tmp_path, text, name):
    plain = load(save(tmp_path, GOOD, "plain.csv"), targets=["y"])
    assert load(save(tmp_path, text, name), targets=["y"]).fingerprint == plain.fingerprint


def test_whole_numbers_of_more_than_64_bits(tmp_path):
    dataset = load(save(tmp_path, GOOD.replace("5.5", f"{10**25}").replace("-8e2", "-8")), targets=["y"])
    np.testing.assert_array_equal(dataset.X[:, 1], [2, 1e25, -8, 11])


@given(st.integers(0, 100))
def test_numbers_survive_the_file(tmp_path_factory, seed):
    table = np.random.default_rng(seed).standard_normal((9, 4)) * 10.0 ** np.arange(-12, 12, 6)
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    pd.DataFrame(table, columns=list("abcy")).to_csv(path, index=False)
    dataset = load(str(path), targets=["y"])
    np.testing.assert_array_equal(np.hstack([dataset.X, dataset.Y]), table)


def test_parquet(tmp_path):
    frame = pd.DataFrame({"a": [1, 2, 4, 8], "b": [1.5, 2.5, 0.0, 1.0], "flag": [True, False, True, True]})
    frame.to_parquet(tmp_path / "t.parquet")
    dataset = load(str(tmp_path / "t.parquet"), targets=["b"])
    np.testing.assert_array_equal(dataset.X, [[1, 1], [2, 0], [4, 1], [8, 1]])
    assert dataset.name == "t.parquet"


def test_parquet_without_pyarrow_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(DataInvalidError, match=r"t\.parquet needs pyarrow: pip install 'overparam\[parquet\]'"):
        load(save(tmp_path, b"PAR1", "t.parquet"), targets=["y"])


@pytest.mark.parametrize(
    ("text", "targets", "message"),
    [
        (GOOD, [], r"no target given; choose one with --target from 'a', 'b', 'y'"),
        (GOOD, ["z"], r"has no column 'z'; its columns are 'a', 'b', 'y'"),
        (GOOD, ["y", "y"], r"target 'y' is given more than once"),
        (GOOD, ["a", "b", "y"], r"every column is a target"),
        ("", ["y"], r"is empty"),
        ("\n\n", ["y"], r"is empty"),
        ("a,b,y\n", ["y"], r"has no rows below its column names 'a', 'b', 'y'"),
        (GOOD.replace("a,b", "a,a"), ["y"], r"column 'a' is there more than once"),
        (GOOD.replace("-8e2", ""), ["y"], r"'b': 1 missing, the first in row 3"),
        (GOOD.replace("-8e2", "NA").replace("5.5", "nan"), ["y"], r"'b': 2 missing, the first in row 2"),
        (GOOD.replace(",12.25", ""), ["y"], r"'y': 1 missing, the first in row 4"),
        (GOOD.replace("-8e2", "low"), ["y"], r"'b': text, for example 'low' in row 3"),
        (GOOD.replace("5.5", "5;5"), ["y"], r"'b': text, for example '5;5' in row 2"),
        (GOOD.replace("-8e2", "inf"), ["y"], r"'b': 1 infinite or beyond 1\.8e308, the first in row 3"),
        ("a,b,y\n1,2,3\n1,5,7\n1,6,8\n", ["y"], r"'a': constant \(1\)"),
        ("a,b,y\n1,2,3\n2,5,3\n4,6,3\n", ["y"], r"'y': constant \(3\)"),
        (GOOD + "1,2,3,4\n", ["y"], r"cannot be read: .*fields"),
        (GOOD.replace("\n1,2,3\n", "\n1,2,3,4\n"), ["y"], r"cannot be read"),
        (b"\xff\xfe\x00a,y\n", ["y"], r"cannot be read: it begins as utf-16"),
        ("y\n1\n2\n", ["y"], r"every column is a target"),
    ],
)
def test_refusals(tmp_path, text, targets, message):
    with pytest.raises(DataInvalidError, match=message) as caught:
        load(save(tmp_path, text), targets=targets)
    assert "table.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_table_that_is_not_there(tmp_path):
    for name in ("no.csv", "no.parquet", "no.tsv"):
        with pytest.raises(DataInvalidError, match=rf"{name} does not exist: check the path"):
            load(str(tmp_path / name), targets=["y"])


def test_a_broken_parquet_file(tmp_path):
    with pytest.raises(DataInvalidError, match=r"t\.parquet cannot be read as Parquet") as caught:
        load(save(tmp_path, b"nothing", "t.parquet"), targets=["y"])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (pd.array([1, None, 3], dtype="Int64"), "'b': 1 missing"),
        (pd.to_datetime(["2018-01-01", "2018-01-02", "2018-01-03"]), "'b': dates, for example 2018-01-01"),
        (["x", "y", "z"], "'b': text, for example 'x' in row 1"),
    ],
    ids=["null", "date", "text"],
)
def test_parquet_columns_that_are_no_numbers(tmp_path, column, message):
    pd.DataFrame({"b": column, "y": [1.0, 2.0, 4.0]}).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(DataInvalidError, match=message):
        load(str(tmp_path / "t.parquet"), targets=["y"])


def test_many_columns_are_not_all_listed(tmp_path):
    header = ",".join(f"c{i}" for i in range(500))
    with pytest.raises(DataInvalidError, match=r"'c19', … \(500 in all\)$"):
        load(save(tmp_path, header + "\n"))
