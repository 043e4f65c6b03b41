"""`name:key=value` specifications: read strictly, refused in one line."""

import math
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overparam_cli.data import Dataset, load
from overparam_cli.data.options import Option, natural, parse_options, real, split_spec, whole
from overparam_cli.errors import ConfigError, OverparamError

OPTIONS = {"seed": Option(natural, 7, "a seed"), "y1": Option(real, 1.5, "a label")}
SIZE = {"n": Option(whole(10, 99, "two digits"), 50, "a size")}
finite = st.floats(allow_nan=False, allow_infinity=False)
spaces = st.text(" ", max_size=2)


@given(st.dictionaries(st.sampled_from(["seed", "y1"]), st.integers(0, 2**32 - 1)), st.randoms(), spaces)
def test_what_is_given_is_read_and_the_rest_is_default(given_options, chance, gap):
    items = list(given_options.items())
    chance.shuffle(items)
    text = ",".join(f"{gap}{key}{gap}={gap}{value}{gap}" for key, value in items)
    assert parse_options("x", text, OPTIONS) == {"seed": 7, "y1": 1.5, **given_options}


@given(finite)
def test_a_number_keeps_every_digit(value):
    assert parse_options("x", f"y1={value!r}", OPTIONS)["y1"] == value


@given(st.text(string.printable, max_size=30))
def test_any_text_is_read_or_refused(text):
    try:
        read = parse_options("x", text, OPTIONS)
    except ConfigError:
        return
    assert read.keys() == OPTIONS.keys()
    assert all(math.isfinite(value) for value in read.values())


@given(st.text(max_size=30))
def test_any_specification_is_loaded_or_refused(spec):
    try:
        dataset = load(spec, offline=True)
    except OverparamError:
        return
    assert isinstance(dataset, Dataset)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sed=1", r"'sed=1' is no option of data set 'x': choose from seed=…, y1=…"),
        ("seed", "'seed' is no option"),
        ("seed=1,", "'' is no option"),
        (",", "'' is no option"),
        ("seed=1;y1=2", "whole number"),
        ("seed=1,seed=1", "'seed' of data set 'x' is given twice"),
        ("seed=", "whole number"),
        ("seed=-1", "whole number"),
        ("seed=1.0", "whole number"),
        ("seed=1e3", "whole number"),
        ("seed=٣", "whole number"),
        ("seed=4294967296", "whole number from 0 to 4294967295"),
        ("y1=nan", "finite number, not 'nan'"),
        ("y1=inf", "finite number"),
        ("y1=1e999", "finite number"),
        ("y1=ten", "finite number, not 'ten'"),
        ("y1==1", "finite number"),
    ],
)
def test_refusals(text, message):
    with pytest.raises(ConfigError, match=message):
        parse_options("x", text, OPTIONS)


@given(st.integers(0, 200))
def test_a_size_is_within_its_limits(value):
    if 10 <= value <= 99:
        assert parse_options("x", f"n={value}", SIZE) == {"n": value}
    else:
        with pytest.raises(ConfigError, match=rf"a whole number from 10 to 99 \(two digits\), not '{value}'"):
            parse_options("x", f"n={value}", SIZE)


@pytest.mark.parametrize("text", ["", "-20", "20.0", "2e1", "٢٠", "0x20"])
def test_what_is_no_size(text):
    with pytest.raises(ConfigError, match="a whole number from 10 to 99"):
        parse_options("x", f"n={text}", SIZE)


def test_data_sets_without_options_take_none():
    with pytest.raises(ConfigError, match="takes no options"):
        load("ethanol:seed=1", offline=True)


@pytest.mark.parametrize(
    ("spec", "parts"),
    [("a", ("a", "")), ("a:", ("a", "")), ("a:b=1,c=2", ("a", "b=1,c=2")), (" a : b ", ("a", "b")), ("", ("", ""))],
)
def test_split(spec, parts):
    assert split_spec(spec) == parts
