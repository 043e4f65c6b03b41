"""The second source: rows put together again from a table whose columns are all wrong."""

import threading
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.local_server import TOTAL_ROWS, row

from overparam_cli.data.gas_sensor.ucirepo import fetch_lines, reassemble, split_batches
from overparam_cli.errors import DataInvalidError, DataUnavailableError

ETHANOL_ROWS = (90, 164, 365, 64, 28, 514, 649, 30, 61, 600)


def misparsed(lines):
    """What ucimlrepo gives: the label as the index, "idx:value" cells one column off, feature 1 called the target."""
    cells = [line.split() for line in lines]
    names = [f"feature{i}" for i in range(2, 129)]
    table = pd.DataFrame([c[1:] for c in cells], index=[c[0] for c in cells], columns=["gas", *names])
    data = SimpleNamespace(ids=None, features=table[names], targets=table[["gas"]], original=table)
    return SimpleNamespace(data=data)


def test_rows_come_back_in_the_original_format():
    lines = [row(1 + i % 6, i / 7).strip() for i in range(20)]
    asked = []

    def fetch_ucirepo(id):
        asked.append(id)
        return misparsed(lines)

    assert fetch_lines(fetch_ucirepo) == lines
    assert asked == [270]


@given(st.permutations(range(129)), st.lists(st.integers(0, 128), max_size=5))
def test_no_column_is_trusted(order, absent):
    tokens = row(3).split()
    cells = [tokens[i] for i in order]
    for i in absent:
        cells.insert(i, np.nan)
    assert reassemble(pd.DataFrame([cells])) == [row(3).strip()]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda t: t[1:],
        lambda t: t[:-1],
        lambda t: [*t, "5:1.0"],
        lambda t: [*t[:-1], "5:1.0"],
        lambda t: [*t, "1;10"],
        lambda t: [*t[:-1], "129:1.0"],
        lambda t: [*t[:-1], "128:abc"],
        lambda t: [*t, "surprise"],
        lambda t: [*t[:-1], 128.0],
    ],
    ids=["no-label", "feature-lost", "twice", "twice-for-lost", "two-labels", "index", "text", "extra", "number"],
)
def test_a_row_that_is_not_whole_is_refused(spoil):
    cells = [row(2).split(), spoil(row(3).split())]
    table = pd.DataFrame([[*line, *[None] * (131 - len(line))] for line in cells])
    with pytest.raises(DataInvalidError, match="ucimlrepo: row 2 "):
        reassemble(table)


def test_no_answer_in_time():
    released = threading.Event()
    with pytest.raises(DataUnavailableError, match=r"no answer within 0\.1 s"):
        fetch_lines(lambda id: released.wait(10), timeout=0.1)
    released.set()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionError("Error connecting\nto server"), "ConnectionError: Error connecting to server"),
        (KeyError("x"), "KeyError"),
    ],
)
def test_whatever_it_raises_is_one_line(error, words):
    def fails(id):
        raise error

    with pytest.raises(DataUnavailableError, match=words) as caught:
        fetch_lines(fails)
    assert "\n" not in str(caught.value)


def test_an_answer_of_another_shape():
    with pytest.raises(DataUnavailableError, match="AttributeError"):
        fetch_lines(lambda id: SimpleNamespace(data=SimpleNamespace(original=None)))


def thin_lines(order):
    """The right number of rows of Ethanol and of others in every batch, labels only."""
    rows = {
        number: [f"1;{number}"] * ethanol + [f"2;{number}"] * (total - ethanol)
        for number, (ethanol, total) in enumerate(zip(ETHANOL_ROWS, TOTAL_ROWS, strict=True), start=1)
    }
    return [line for number in order for line in rows[number]]


@pytest.mark.parametrize("order", [range(1, 11), sorted(range(1, 11), key=str)], ids=["numeric", "by-name"])
def test_batches_are_told_apart_by_their_row_counts(order):
    batches = split_batches(thin_lines(order))
    assert list(batches) == list(range(1, 11))
    assert all(line.endswith(f";{number}") for number, lines in batches.items() for line in lines)


def test_an_unknown_order_is_refused():
    with pytest.raises(DataInvalidError, match="Ethanol rows per batch are"):
        split_batches(thin_lines(range(10, 0, -1)))


def test_too_few_rows_are_refused():
    with pytest.raises(DataInvalidError, match="13,909 rows, not 13,910"):
        split_batches(thin_lines(range(1, 11))[:-1])
