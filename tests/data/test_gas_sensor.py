"""The UCI row format: what is written is read, and nothing else is."""

import contextlib
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.local_server import row

from overparam_cli.data.gas_sensor.batches import (
    GASES,
    assemble,
    batch_number,
    feature_names,
    find_batches,
    parse_batch,
)
from overparam_cli.errors import DataInvalidError

numbers = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False, width=64).map(repr),
    st.floats(-1e6, 1e6).map("{:.6f}".format),
    st.integers(-(10**6), 10**6).map(str),
)


@st.composite
def rows(draw):
    """(gas, concentration, features) as texts."""
    few = draw(st.lists(numbers, min_size=1, max_size=8))
    values = draw(st.randoms(use_true_random=False)).choices(few, k=128)
    return draw(st.integers(1, 6)), draw(numbers), values


def written(gas, concentration, values, end="\n"):
    return f"{gas};{concentration} " + " ".join(f"{i}:{v}" for i, v in enumerate(values, start=1)) + end


@settings(max_examples=40)
@given(st.lists(rows(), max_size=6), st.integers(1, 6), st.sampled_from(["\n", " \n", " \r\n", "\n\n"]))
def test_every_row_comes_back_as_it_was_written(table, gas, end):
    batch = parse_batch("".join(written(*r, end) for r in table).encode(), gas, "batch1.dat")
    mine = [r for r in table if r[0] == gas]
    assert batch.total_rows == len(table)
    np.testing.assert_array_equal(batch.concentration, [float(c) for _, c, _ in mine])
    assert batch.features.shape == (len(mine), 128)
    np.testing.assert_array_equal(batch.features.ravel(), [float(v) for *_, vs in mine for v in vs])


@pytest.mark.parametrize("end", ["\n", "\r\n", " \r\n", "\n\n"])
def test_a_file_that_an_editor_has_saved(end):
    text = "".join(row(1 + i % 6).rstrip() + end for i in range(12)).encode()
    plain, marked = parse_batch(text, 1, "batch1.dat"), parse_batch(b"\xef\xbb\xbf" + text, 1, "batch1.dat")
    assert plain.total_rows == marked.total_rows == 12
    np.testing.assert_array_equal(plain.features, marked.features)


@given(st.randoms(use_true_random=False), st.sampled_from(["drop", "double", "swap", "text", "nan", "index", "cut"]))
def test_a_damaged_row_is_refused_with_file_and_line(chance, damage):
    tokens = row(1).split()
    at = chance.randrange(1, 128)
    if damage == "drop":
        del tokens[at]
    elif damage == "double":
        tokens.insert(at, tokens[at])
    elif damage == "swap":
        tokens[at], tokens[at + 1] = tokens[at + 1], tokens[at]
    elif damage == "text":
        tokens[at] = f"{at}:{chance.choice(['abc', '', '1.2.3', '--1', '0x10', '1_000', 'e5'])}"
    elif damage == "nan":
        tokens[at] = f"{at}:{chance.choice(['nan', 'inf', '-inf'])}"
    elif damage == "index":
        tokens[at] = tokens[at].replace(f"{at}:", f"{at + 128}:")
    else:
        tokens = " ".join(tokens)[: chance.randrange(3, 1000)].split()
    text = row(2) + row(1) + " ".join(tokens) + "\n" + row(3)
    with pytest.raises(DataInvalidError, match=r"batch7\.dat, line 3: .*fetch it again"):
        parse_batch(text.encode(), 1, "batch7.dat")


@given(st.binary(max_size=300))
def test_garbage_is_refused_or_empty(text):
    with contextlib.suppress(DataInvalidError):
        assert len(parse_batch(text, 1, "batch1.dat").concentration) == 0


@pytest.mark.parametrize("line", ["7;10 1:2", "<html>404</html>", "1 10 1:2", ";", "1,10,1:2"])
def test_a_line_of_no_gas_is_refused(line):
    with pytest.raises(DataInvalidError, match="line 2"):
        parse_batch((row(3) + line + "\n").encode(), 1, "batch1.dat")


def test_a_value_too_large_for_a_double_is_refused_when_assembled():
    batch = parse_batch(row(1).replace("5:6.000000", "5:1e999").encode(), 1, "batch1.dat")
    with pytest.raises(DataInvalidError, match="not every number is finite"):
        assemble([batch], "ethanol")


def test_assembly_keeps_batches_in_order_and_names_columns():
    first, second = (parse_batch(row(4, value).encode(), 4, "batch.dat") for value in (5.0, 3.0))
    dataset = assemble([first, second], "acetaldehyde")
    assert dataset.Y.tolist() == [[15.0], [13.0]]
    assert dataset.X[:, 127].tolist() == [133.0, 131.0]
    assert (dataset.n, dataset.d, dataset.k) == (2, 128, 1)
    assert dataset.target_names == ("concentration",)
    assert len(set(feature_names())) == 128
    assert feature_names()[0] == "sensor1-dR"
    assert feature_names()[127] == "sensor16-decay-0.1"


def test_gas_codes_are_those_of_the_data_set():
    assert GASES == {"ethanol": 1, "ethylene": 2, "ammonia": 3, "acetaldehyde": 4, "acetone": 5, "toluene": 6}


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("batch1.dat", 1),
        ("Dataset/batch10.dat", 10),
        ("a/b/c/Batch2.DAT", 2),
        ("win\\dir\\batch3.dat", 3),
        ("batch0.dat", None),
        ("batch11.dat", None),
        ("__MACOSX/._batch1.dat", None),
        ("batch1.dat.bak", None),
        ("batch.dat", None),
        ("batch1.dat/readme.txt", None),
    ],
)
def test_batch_files_are_known_by_base_name(name, number):
    assert batch_number(name) == number


@pytest.mark.parametrize("folder", [".", "gas-sensor", "gas-sensor/Dataset", "gas-sensor/a/b/c", "Dataset", "a/b"])
def test_batches_are_found_in_any_sub_folder_and_sorted_by_number(tmp_path, folder):
    (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    numbers = list(range(1, 11))
    random.Random(0).shuffle(numbers)
    for number in numbers:
        (tmp_path / folder / f"batch{number}.dat").touch()
    found = find_batches(tmp_path)
    assert list(found) == list(range(1, 11))
    assert found[10] == tmp_path / folder / "batch10.dat"


def test_two_copies_of_a_batch_are_refused(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / "gas-sensor" / folder).mkdir(parents=True)
        (tmp_path / "gas-sensor" / folder / "batch4.dat").touch()
    with pytest.raises(DataInvalidError, match="the same batch"):
        find_batches(tmp_path)


def test_the_working_folder_of_a_killed_download_is_no_data(tmp_path):
    (tmp_path / ".gas-sensor.partial").mkdir()
    (tmp_path / ".gas-sensor.partial" / "batch1.dat").touch()
    assert find_batches(tmp_path) == {}
    assert find_batches(tmp_path / "does-not-exist") == {}
