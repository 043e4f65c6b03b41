"""The certificate against exact rational arithmetic, on data where float64 alone has lost half of its digits."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.exact import Problem, exactly

from overparam_cli.kinds.linear import twofold
from overparam_cli.kinds.linear.losses import named
from overparam_cli.kinds.linear.optimum import optimum

Array = NDArray[np.float64]
numbers = st.floats(-2.0, 2.0, allow_subnormal=False).filter(lambda value: value == 0 or abs(value) > 1e-30)


def nearly_collinear(seed: int) -> tuple[Array, Array]:
    """One column is another times a small number plus 5, scaled onto [0, 1] or by mean and standard deviation."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((int(rng.integers(8, 16)), int(rng.integers(1, 4))))
    X = np.column_stack([X, X[:, 0] * 10.0 ** -float(rng.integers(2, 9)) + 5])
    X = (X - X.min(axis=0)) / np.ptp(X, axis=0) if seed % 2 else (X - X.mean(axis=0)) / X.std(axis=0)
    return X, X[:, 0] + rng.standard_normal(len(X)) * 10.0 ** -float(rng.integers(0, 9))


def check(X: Array, y: Array, name: str, problem: Problem, steps: int) -> float:
    """That the interval holds the optimum; its width is returned, relative."""
    found = optimum(X, y[:, None], named(name))
    w = exactly(found.W[0])
    best = problem.optimum(w, steps)
    assert found.lower_bound <= best <= problem.loss(w) <= found.loss
    return (found.loss - found.lower_bound) / found.loss


@pytest.mark.parametrize("seed", range(24))
def test_the_optimum_of_least_squares_lies_in_its_interval(seed: int) -> None:
    X, y = nearly_collinear(seed)
    assert check(X, y, "l2", Problem(X, y), steps=1) < 1e-3  # what rounding W costs is all there is


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("p", [4, 6])
def test_the_optimum_of_a_higher_power_lies_in_its_interval(p: int, seed: int) -> None:
    X, y = nearly_collinear(seed)
    check(X, y, f"l{p}", Problem(X, y, p), steps=5)


@pytest.mark.parametrize("seed", range(6))
def test_the_optimum_of_hubers_loss_lies_in_its_interval(seed: int) -> None:
    X, y = nearly_collinear(seed)
    y = y + np.random.default_rng(seed).standard_t(1, size=len(y))
    check(X, y, "huber0.5", Problem(X, y, delta=0.5), steps=2)


@pytest.mark.parametrize("name", ["l2", "l4", "l20", "l100", "huber", "huber0.1", "logistic"])
def test_the_interval_is_narrow_where_the_data_let_it(name: str) -> None:
    rng = np.random.default_rng(3)
    X = rng.standard_normal((200, 6))
    y = X @ rng.standard_normal(6) + rng.standard_normal(200)
    found = optimum(X, np.sign(y)[:, None] if name == "logistic" else y[:, None], named(name))
    assert 0 < found.loss - found.lower_bound < 2e-12 * found.loss


@pytest.mark.parametrize(("name", "degree"), [("l2", 2), ("l4", 4), ("l6", 6)])
@pytest.mark.parametrize(("features", "labels"), [(900, 0), (-900, 0), (0, 100), (-530, -90), (530, 60)])
def test_units_change_nothing(name: str, degree: int, features: int, labels: int) -> None:
    """Of powers of two, exactly: W is a predictor in the new units, and the loss that in the new units."""
    X, y = nearly_collinear(7)
    plain = optimum(X, y[:, None], named(name))
    found = optimum(np.ldexp(X, features), np.ldexp(y, labels)[:, None], named(name))
    np.testing.assert_array_equal(found.W, np.ldexp(plain.W, labels - features))
    assert found.loss == np.ldexp(plain.loss, degree * labels)
    assert found.lower_bound == np.ldexp(plain.lower_bound, degree * labels)


@pytest.mark.parametrize("columns", [[0, 1, 0], [0, 1, 1, 1]])
def test_a_copy_of_a_column_changes_nothing_but_the_note(columns: list[int]) -> None:
    rng = np.random.default_rng(5)
    X, y = rng.standard_normal((20, 2)), rng.standard_normal((20, 1))
    plain, found = optimum(X, y, named("l4")), optimum(X[:, columns], y, named("l4"))
    assert found.loss == pytest.approx(plain.loss, rel=1e-14)
    assert found.lower_bound == pytest.approx(plain.lower_bound, rel=1e-12)
    assert (plain.dependent, found.dependent) == (0, len(columns) - 2)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(numbers, numbers, numbers), min_size=1, max_size=12))
def test_products_in_twice_the_precision_are_within_their_bound(terms: list[tuple[float, float, float]]) -> None:
    a, high, low = (np.array(column) for column in zip(*terms, strict=True))
    pair = twofold.two_sum(high, low * 2.0**-54 * high)
    A = np.stack([a, -a])
    found, off = twofold.product(A, pair)
    exact = sum(
        (x * (y + z) for x, y, z in zip(exactly(a), exactly(pair[0]), exactly(pair[1]), strict=True)), Fraction()
    )
    for row, sign in ((0, 1), (1, -1)):
        assert abs(exactly(found[0])[row] + exactly(found[1])[row] - sign * exact) <= off[row]


@given(numbers, numbers)
def test_sums_and_products_are_split_without_an_error(a: float, b: float) -> None:
    one, other = np.array([a]), np.array([b])
    high, low = twofold.two_sum(one, other)
    assert exactly(high)[0] + exactly(low)[0] == Fraction(a) + Fraction(b)
    high, low = twofold.two_product(one, other)
    assert exactly(high)[0] + exactly(low)[0] == Fraction(a) * Fraction(b)


def test_what_is_exact_is_known_to_be() -> None:
    A, w = np.eye(3) * 10, np.array([0.5, -3.0, 1e-20])
    pair, off = twofold.product(A, (w, np.zeros(3)))
    np.testing.assert_array_equal(pair[0], 10 * w)
    assert not off[:2].any()
    found = optimum(np.eye(2), np.array([[10.0], [1.0]]), named("l2"))
    assert (found.loss, found.lower_bound) == (0.0, 0.0)
