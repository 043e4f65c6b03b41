"""Which columns are trained on: those asked for; every fault at once; every number as a float64 holds it."""

import csv
import re
import shlex
from fractions import Fraction

import numpy as np
import pytest

from overparam_cli.data import load, preprocess
from overparam_cli.errors import ConfigError, DataInvalidError

GOOD = "a,b,c,y\n1,2,3,4\n4,5.5,6,-7\n7,-800,9,1\n10,11,12.25,0.5\n0,0,1,2\n"
PEOPLE = """name,born,city,size,gone,height,weight,flat
Ann,1990-01-02,Rome,S,,1.7,60,5
Bob,1985-11-30,Oslo,M,1,1.8,inf,5
Cy,2001-05-06,Rome,S,2,1.6,70,5
"""


def save(folder, text, name="table.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("asked", "features"),
    [
        ({}, ("a", "b", "c")),
        ({"features": ["c", "a"]}, ("a", "c")),
        ({"drop": ["b"]}, ("a", "c")),
        ({"features": ["a", "b"], "targets": ["y", "c"]}, ("a", "b")),
        ({"drop": ["a", "c"]}, ("b",)),
    ],
)
def test_columns_by_name(tmp_path, asked, features):
    dataset = load(save(tmp_path, GOOD), **{"targets": ["y"], **asked})
    rows = [dict(zip("abcy", map(float, line.split(",")), strict=True)) for line in GOOD.splitlines()[1:]]
    assert dataset.feature_names == features
    np.testing.assert_array_equal(dataset.X, [[row[name] for name in features] for row in rows])
    np.testing.assert_array_equal(dataset.Y, [[row[name] for name in dataset.target_names] for row in rows])


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"features": ["d"]}, r"no column 'd'; its columns are 'a', 'b', 'c', 'y'"),
        ({"drop": ["A"]}, r"no column 'A'"),
        ({"one_hot": ["z"], "drop": ["x"]}, r"no column 'x', 'z'"),
        ({"features": ["a", "y"]}, r"'y' is a target: leave it out of --features"),
        ({"drop": ["y"]}, r"'y' is a target: leave it out of --drop"),
        ({"features": ["a"], "drop": ["a"]}, r"'a' is both in --features and in --drop"),
        ({"drop": ["a", "b", "c"]}, r"no feature is left"),
        ({"one_hot": ["y"]}, r"--one-hot 'y' is no feature"),
        ({"one_hot": ["b"], "drop": ["b"]}, r"--one-hot 'b' is no feature"),
    ],
)
def test_what_cannot_be_asked_for(tmp_path, asked, message):
    with pytest.raises(DataInvalidError, match=message) as caught:
        load(save(tmp_path, GOOD), targets=["y"], **asked)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("option", ["targets", "features", "drop", "one_hot"])
def test_named_data_sets_have_columns_of_their_own(option):
    with pytest.raises(ConfigError, match=rf"--{option.rstrip('s').replace('_', '-')}s? is for a table of your own"):
        load("simulated", **{option: ["x"]})


def test_every_fault_is_named_at_once_with_what_helps(tmp_path):
    with pytest.raises(DataInvalidError) as caught:
        load(save(tmp_path, PEOPLE), targets=["height"])
    message = str(caught.value)
    for fault in (
        "7 columns cannot be trained on",
        "'name': text, for example 'Ann' in row 1",
        "'born': dates, for example '1990-01-02' in row 1",
        "'city': text, for example 'Rome' in row 1",
        "'size': text, for example 'S' in row 1",
        "'gone': 1 missing, the first in row 1",
        "'weight': 1 infinite or beyond 1.8e308, the first in row 2",
        "'flat': constant (5)",
        "--one-hot name,city,size",
    ):
        assert fault in message
    assert "\n" not in message


def test_the_remedies_of_a_refusal_are_remedies(tmp_path):
    """What the message says to drop and to make columns of is taken as it stands, quotes and all."""
    text = PEOPLE.replace("name", '"name, first"')
    with pytest.raises(DataInvalidError) as caught:
        load(save(tmp_path, text), targets=["height"])
    (dropped,) = re.findall(r"--drop (.+?)\)", str(caught.value))
    (names,) = csv.reader([shlex.split(dropped)[0]])
    assert names[0] == "name, first"


def test_constant_columns_are_a_fault_only_where_scaling_needs_them_to_vary(tmp_path):
    path = save(tmp_path, "a,b,y\n1,2,3\n2,2,5\n4,2,9\n")
    with pytest.raises(DataInvalidError, match=r"'b': constant \(2\)"):
        load(path, targets=["y"])
    dataset = load(path, targets=["y"], varying=False)
    assert preprocess(dataset, "center").X[:, 1].tolist() == [0, 0, 0]


def test_one_hot(tmp_path):
    dataset = load(save(tmp_path, PEOPLE), targets=["height"], features=["city", "size"], one_hot=["city", "size"])
    assert dataset.feature_names == ("city=Oslo", "city=Rome", "size=M", "size=S")
    np.testing.assert_array_equal(dataset.X, [[0, 1, 0, 1], [1, 0, 1, 0], [0, 1, 0, 1]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("c,a,y\nred,1,2\n,2,3\nred,5,4\n", r"'c': 1 missing, the first in row 2"),
        ("c,a,y\nred,1,2\nred,2,3\n", r"'c': of 1 values"),
        ("c,a,y\n" + "".join(f"p{i},{i * i},{i}\n" for i in range(1500)), r"'c': of 1,500 values"),
        ("c,c=red,y\nred,1,2\nblue,2,3\ngreen,5,4\n", r"--one-hot would make 'c=red', which is there"),
    ],
)
def test_what_cannot_be_one_column_a_value(tmp_path, text, message):
    with pytest.raises(DataInvalidError, match=message):
        load(save(tmp_path, text), targets=["y"], one_hot=["c"])


def test_more_features_than_rows_are_allowed_and_said(tmp_path):
    dataset = load(save(tmp_path, "a,b,c,y\n1,2,3.5,3\n4,5,6,7\n"), targets=["y"])
    assert (dataset.n, dataset.d) == (2, 3)
    assert dataset.notes == ("2 rows for 3 features: they may fit every label, and the optimum is then 0",)


NUMBERS = (
    *("0.1", "1e308", "1.7976931348623157e308", "2.2250738585072014e-308", "5e-324", "-4.9406564584124654e-324"),
    *(
        "9007199254740993",
        "123456789012345678901234567890",
        "0.30000000000000004",
        "1e-320",
        "0e-400",
        "-0.0",
        ".5",
        "5.",
    ),
    "3.14159265358979323846264338327950288",
)


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("sep", [",", ";", "\t", " "])
def test_finite_numbers_are_read_to_the_nearest_float(tmp_path, number, sep):
    rows = [("a", "y"), (number, "2.5"), ("-7.5", "1"), ("3", "2")]
    dataset = load(save(tmp_path, "\n".join(map(sep.join, rows))), targets=["y"])
    nearest = float(Fraction(number)) if abs(Fraction(number)) > Fraction(1, 10**300) else float(number)
    assert dataset.X[0, 0] == nearest


@pytest.mark.parametrize("number", ["1e-400", "-3.5E-330", "0." + "0" * 330 + "7", "2e-325"])
def test_what_a_float_cannot_tell_from_zero_is_refused(tmp_path, number):
    with pytest.raises(DataInvalidError, match=r"is too small for a float64"):
        load(save(tmp_path, f"a,y\n{number},2\n3,4\n5,7\n"), targets=["y"])


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("a;y\n1,234;5\n2,345;8\n12,000;9\n", None),  # 1.234 or 1234?
        ("a;y\n1,234;0.5\n2,345;8.5\n12,000;9.5\n", 1234.0),
        ("a;y\n1,234;0,5\n2,345;8,5\n12,000;9,5\n", 1.234),
        ("a;y\n0,234;5\n2,345;8\n12,000;9\n", 0.234),
        ('a,y\n"1,234",5\n"2,345",8\n"12,000",9\n', 1234.0),
        ("a;y\n1,234,567;5\n2,345;8\n12,000;9\n", 1234567.0),
        ("a;y\n1.234,5;5\n2.345;8\n12;9\n", 1234.5),
        ("a;y\n1.234;5\n2.345;8\n12;9\n", 1.234),
    ],
)
def test_commas_mean_what_the_rest_of_the_table_says(tmp_path, text, row):
    path = save(tmp_path, text)
    if row is None:
        with pytest.raises(DataInvalidError, match=r"'1,234' may mean 1\.234 or 1234"):
            load(path, targets=["y"])
    else:
        assert load(path, targets=["y"]).X[0, 0] == row


@pytest.mark.parametrize("sep", [",", ";", "|"])
def test_a_field_too_many_at_the_end_of_a_row(tmp_path, sep):
    """pandas lets an empty one pass."""
    text = GOOD.replace(",9,1\n", ",9,1,\n").replace(",", sep)
    with pytest.raises(DataInvalidError, match="has more than 4 fields: mend it"):
        load(save(tmp_path, text), targets=["y"])


def test_a_header_that_lost_a_name_is_no_sign_of_an_index(tmp_path):
    with pytest.raises(DataInvalidError, match="column 1 has no name"):
        load(save(tmp_path, GOOD.replace("a,b", "ab").replace("\n1,", "\n1.5,")), targets=["y"])


def test_thousands_are_grouped_in_all_cells_or_in_none(tmp_path):
    """A blank in the place of a digit must not pass for a mark between thousands."""
    path = save(tmp_path, "a,b,y\n1,12345.5,3\n4,12 345,6.5\n7,10500,9\n2,0.5,1\n")
    with pytest.raises(DataInvalidError, match="'b': text, for example '12 345' in row 2"):
        load(path, targets=["y"])


@pytest.mark.parametrize(
    ("cell", "what"),
    [
        *(("1,5.2", "text"), ("1.2.3", "text"), ("12%", "text"), ("$5", "text"), ("1_000", "text"), ("0x10", "text")),
        *(("12:30", "dates"), ("3/4/2018", "dates"), ("2018-W05", "dates"), ("1 2", "text"), ("٣", "text")),
        *(("12;3456", "text"), ("1e", "text"), ("--1", "text"), ("five", "text"), ("1'23", "text")),
    ],
)
def test_what_is_no_number_is_named(tmp_path, cell, what):
    path = save(tmp_path, f'a,b,y\n1,2,3\n4,"{cell}",6.5\n7,1.5,9\n2,0.5,1\n')
    with pytest.raises(DataInvalidError, match=re.escape(f"'b': {what}, for example '{cell}' in row 2")):
        load(path, targets=["y"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xd0\xcf\x11\xe0" + bytes(50), r"is a spreadsheet \(XLS\): save it as CSV"),
        (b"<!DOCTYPE html>\n<html>", r"is a web page or XML"),
        (b"%PDF-1.4", r"is a PDF"),
        (b"\x89HDF\r\n", r"is HDF5"),
        (b'{"a": 1}', r"is JSON"),
        (b"\x93NUMPY\x01\x00", r"is a NumPy array"),
        (b"\x28\xb5\x2f\xfd00", r"Zstandard"),
        (bytes(1000), r"cannot be read: it holds a character 0x00 in line 1"),
        (b"a,y\n1,2\n\x00\x00,3\n", r"character 0x00 in line 3"),
        (b"\x1f\x8b\x08\x00garbage", r"cannot be unpacked, it is damaged"),
        (b"\xfd7zXZ\x00garbage", r"cannot be unpacked, it is damaged"),
        (b"PK\x03\x04garbage", r"no sound archive"),
    ],
)
def test_other_files_are_called_what_they_are(tmp_path, content, message):
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(DataInvalidError, match=message) as caught:
        load(str(path), targets=["y"])
    assert "\n" not in str(caught.value)
