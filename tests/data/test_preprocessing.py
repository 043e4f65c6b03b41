"""The scalings against SciPy and against what their names promise."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from overparam_cli.data import LABELS, PREPROCESSING, SAME, Dataset, labels_with, load, preprocess
from overparam_cli.errors import ConfigError, DataInvalidError


def dataset(X, Y):
    names = tuple(f"x{i}" for i in range(X.shape[1])), tuple(f"y{i}" for i in range(Y.shape[1]))
    return Dataset("made-up", X, Y, "the test", True, *names)


def random_problem(seed, n=20, d=4, k=2):
    random = np.random.default_rng(seed)
    scales = 10.0 ** random.uniform(-6, 6, d + k)
    table = (random.standard_normal((n, d + k)) + random.uniform(-5, 5, d + k)) * scales
    return dataset(table[:, :d], table[:, d:])


@pytest.mark.parametrize("method", PREPROCESSING)
@given(seed=st.integers(0, 1000))
def test_every_method_keeps_what_is_not_its_business(method, seed):
    raw = random_problem(seed)
    X, Y = raw.X.copy(), raw.Y.copy()
    scaled = preprocess(raw, method)
    assert scaled.X.shape == X.shape
    assert scaled.Y.shape == Y.shape
    assert np.isfinite(scaled.X).all()
    assert np.isfinite(scaled.Y).all()
    assert (scaled.name, scaled.source, scaled.feature_names, scaled.target_names, scaled.fingerprint) == (
        raw.name,
        raw.source,
        raw.feature_names,
        raw.target_names,
        raw.fingerprint,
    )
    np.testing.assert_array_equal(raw.X, X)
    np.testing.assert_array_equal(raw.Y, Y)
    for column in range(4) if method != "unit-rows" else ():  # an increasing map of every column
        np.testing.assert_array_equal(np.argsort(scaled.X[:, column]), np.argsort(X[:, column]))


def test_zscore_sign_asks_whether_a_label_is_above_its_mean():
    raw = random_problem(3)
    scaled = preprocess(raw, "zscore-sign")
    np.testing.assert_allclose(scaled.X, stats.zscore(raw.X, axis=0), rtol=1e-10)
    np.testing.assert_array_equal(scaled.Y == 1, np.mean(raw.Y, axis=0) < raw.Y)
    assert set(np.unique(scaled.Y)) == {-1.0, 1.0}


@pytest.mark.parametrize("function", [*PREPROCESSING.values(), *LABELS.values()])
def test_every_method_is_described_in_one_line(function):
    assert function.__doc__
    assert "\n" not in function.__doc__


UNSPREAD = ("none", "center", "maxabs", "unit-rows")  # need no spread of a column of features


@pytest.mark.parametrize("method", PREPROCESSING)
def test_a_constant_column_is_named_or_left_in_peace(method):
    raw = random_problem(0)
    raw.X[:, 2] = 0.1
    if method in UNSPREAD:
        assert np.isfinite(preprocess(raw, method).X).all()
    else:
        with pytest.raises(DataInvalidError, match=r"1 constant column\(s\) \(x2\)"):
            preprocess(raw, method)
    raw = random_problem(0)
    raw.Y[:, 1] = 3.0
    if method not in ("none", "center", "maxabs"):
        with pytest.raises(DataInvalidError, match=r"\(y1\)"):
            preprocess(raw, method)


def test_what_would_be_divided_by_nothing_is_named():
    raw = random_problem(0)
    raw.X[:, 1] = raw.Y[:, 0] = 0
    with pytest.raises(DataInvalidError, match=r"2 constant column\(s\) \(x1, y0\) cannot be scaled"):
        preprocess(raw, "maxabs")
    raw = random_problem(0)
    raw.X[[3, 7]] = 0
    with pytest.raises(DataInvalidError, match=r"the features of 2 row\(s\) \(4, 8\) are all 0"):
        preprocess(raw, "unit-rows")


UNITLESS = ["zscore", "std", "minmax", "minmax-signed", "maxabs", "unit-norm", "zscore-sign"]


@pytest.mark.parametrize("power", [-1060, -900, -500, -399, 400, 401, 700, 1005])
@pytest.mark.parametrize("method", UNITLESS)
def test_another_unit_changes_nothing(power, method):
    """A power of 2 changes no digit, so the scaled columns are the same, however enormous or tiny the numbers."""
    raw, other = random_problem(0), random_problem(0)
    for values in (raw.X, raw.Y, other.X, other.Y):
        np.round(values * 4, out=values)  # so that no digit is lost where numbers become subnormal
        values[0] += 1
    other.X[:, 2], other.Y[:, 0] = np.ldexp(other.X[:, 2], power), np.ldexp(other.Y[:, 0], power)
    expected, found = preprocess(raw, method), preprocess(other, method)
    np.testing.assert_allclose(found.X, expected.X, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(found.Y, expected.Y, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("method", UNITLESS)
def test_the_widest_spread_there_is_is_scaled(method):
    raw = random_problem(0)
    raw.X[:, 2] = np.where(raw.X[:, 2] > 0, 1, -1) * np.finfo(float).max
    scaled = preprocess(raw, method)
    assert len(set(scaled.X[:, 2])) == 2
    assert np.isfinite(scaled.X).all()


def test_enormous_columns_are_centred_or_refused():
    raw = random_problem(0)
    raw.X[:, 2] = 1.7e308
    assert not preprocess(raw, "center").X[:, 2].any()
    raw.X[0, 2] = -1.7e308
    with pytest.raises(DataInvalidError, match="too large to be centred"):
        preprocess(raw, "center")


def test_zscore_is_the_default_and_scipys():
    raw = random_problem(1)
    scaled = preprocess(raw)
    np.testing.assert_allclose(scaled.X, stats.zscore(raw.X, axis=0, ddof=0), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(scaled.Y, stats.zscore(raw.Y, axis=0, ddof=0), rtol=1e-12, atol=1e-12)


def test_center_minmax_and_unit_norm_keep_their_promises():
    raw = random_problem(2)
    centred = preprocess(raw, "center")
    np.testing.assert_allclose(centred.X, raw.X - np.outer(np.ones(20), np.mean(raw.X, axis=0)))
    np.testing.assert_allclose(centred.Y.sum(axis=0) / np.ptp(raw.Y, axis=0), 0, atol=1e-12)
    squeezed = preprocess(raw, "minmax")
    for column in (*squeezed.X.T, *squeezed.Y.T):
        assert (column.min(), column.max()) == (0.0, 1.0)
    unit = preprocess(raw, "unit-norm")
    assert np.linalg.norm(unit.X) ** 2 / 20 == pytest.approx(1.0, rel=1e-12)
    assert unit.Y.std(axis=0) == pytest.approx([1.0, 1.0])


def by_hand(method, v):
    """What a scaling makes of one column, by its formula in plain Python floats."""
    v = v.tolist()
    mean = math.fsum(v) / len(v)
    std = math.sqrt(math.fsum((x - mean) ** 2 for x in v) / len(v))
    low, high = min(v), max(v)
    formulas = {
        "zscore": lambda x: (x - mean) / std,
        "none": lambda x: x,
        "center": lambda x: x - mean,
        "std": lambda x: x / std,
        "minmax": lambda x: (x - low) / (high - low),
        "minmax-signed": lambda x: (2 * x - high - low) / (high - low),
        "maxabs": lambda x: x / max(high, -low),
        "sign": lambda x: 1.0 if x > mean else -1.0,
    }
    return [formulas[method](x) for x in v]


@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize("method", ["zscore", "std", "minmax", "minmax-signed", "maxabs"])
def test_features_and_labels_are_scaled_apart_by_the_formulas(method, labels):
    raw = random_problem(4)
    scaled = preprocess(raw, method, labels)
    for column in range(4):
        np.testing.assert_allclose(scaled.X[:, column], by_hand(method, raw.X[:, column]), rtol=1e-9, atol=1e-12)
    for column in range(2):
        near = 1e-12 * np.abs(raw.Y[:, column]).max() if labels == "center" else 1e-12
        np.testing.assert_allclose(scaled.Y[:, column], by_hand(labels, raw.Y[:, column]), rtol=1e-9, atol=near)


@pytest.mark.parametrize("method", PREPROCESSING)
def test_labels_are_scaled_as_the_features_unless_asked_otherwise(method):
    raw = random_problem(5)
    expected = preprocess(raw, method, labels_with(method))
    np.testing.assert_array_equal(preprocess(raw, method).Y, expected.Y)
    np.testing.assert_array_equal(preprocess(raw, method, SAME).X, expected.X)


def test_rows_of_unit_norm_keep_their_direction():
    raw = random_problem(6)
    raw.X[4] *= 1e200
    raw.X[5] *= 1e-250
    scaled = preprocess(raw, "unit-rows")
    for row, own in zip(raw.X.tolist(), scaled.X.tolist(), strict=True):
        norm = math.hypot(*row)
        assert own == pytest.approx([x / norm for x in row], rel=1e-12)
    np.testing.assert_allclose(scaled.Y, stats.zscore(raw.Y, axis=0), rtol=1e-10)


def test_none_changes_nothing():
    raw = load("two-points")
    np.testing.assert_array_equal(preprocess(raw, "none").X, np.eye(2))


def test_unknown_method():
    with pytest.raises(
        ConfigError,
        match="'z-score': choose one of zscore, none, center, std, minmax, minmax-signed, maxabs, unit-norm",
    ):
        preprocess(load("two-points"), "z-score")
    with pytest.raises(ConfigError, match="'unit-rows': choose one of same, zscore, none, center, std, minmax"):
        preprocess(load("two-points"), "none", "unit-rows")


@pytest.mark.parametrize(
    ("X", "Y", "names"),
    [
        (np.ones((3, 2)), np.ones((2, 1)), 2),
        (np.ones((3, 2)), np.ones((3, 1)), 3),
        (np.ones((0, 2)), np.ones((0, 1)), 2),
        (np.ones(3), np.ones((3, 1)), 1),
        (np.full((3, 2), np.nan), np.ones((3, 1)), 2),
        (np.ones((3, 2)), np.full((3, 1), np.inf), 2),
    ],
)
def test_a_problem_that_does_not_fit_together_is_refused(X, Y, names):
    with pytest.raises(DataInvalidError):
        Dataset("x", X, Y, "the test", True, tuple(map(str, range(names))), ("y",))
