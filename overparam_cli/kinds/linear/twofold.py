"""Products in twice the precision of float64, each number an unevaluated sum high + low with |low| ≤ UNIT·|high|.

Sums and products of two numbers are split into their rounded value and the rounding error, which is a float itself
(Dekker 1971, Knuth 1969), and the errors are summed beside the values (Dot2 of Ogita, Rump and Oishi, 2005).

Exact as long as nothing overflows, and up to TINY a term where something underflows. So numbers are to be brought near
1 first, which powers of two do without an error.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Pair = tuple[Array, Array]

UNIT = 2.0**-53  # relative error of one rounding
TINY, LEAST = 2.0**-1000, 2.0**-900  # what a product below LEAST may be off by, and its error with it
SPLITTER = 2.0**27 + 1
CHUNK = 2**18  # numbers at a time


def two_sum(a: Array, b: Array) -> Pair:
    """a + b, rounded, and the error of that."""
    high = a + b
    part = high - a
    return high, (a - (high - part)) + (b - part)


def two_product(a: Array, b: Array) -> Pair:
    """a·b, rounded, and the error of that."""
    high = a * b
    (a, a_low), (b, b_low) = _halves(a), _halves(b)
    return high, ((a * b - high) + a * b_low + a_low * b) + a_low * b_low


def _halves(a: Array) -> Pair:
    """Two numbers of at most 26 bits whose sum is a."""
    shifted = SPLITTER * a
    high = shifted - (shifted - a)
    return high, a - high


def plus(pair: Pair, b: Array) -> tuple[Pair, Array]:
    """The pair plus a number, and what that is off by at most."""
    high, low = two_sum(pair[0], b)
    return two_sum(high, low + pair[1]), UNIT * (np.abs(low) + np.abs(pair[1]))


def product(A: Array, x: Pair) -> tuple[Pair, Array]:
    """A·x, (n,) from A (n, m) and x (m,), and what it is off by at most: 0 where no operation was rounded."""
    rows = max(1, CHUNK // max(A.shape[1], 1))
    parts = [_dots(A[start : start + rows], x) for start in range(0, len(A), rows)]
    high, low, off = (np.concatenate(column) for column in zip(*parts, strict=True))
    return (high, low), off


def _dots(A: Array, x: Pair) -> tuple[Array, Array, Array]:
    """Every row's product with x, summed by halves, and a bound of its error.

    The low parts are errors of roundings, and are themselves added up with at most 2⌈log₂ m⌉ + 3 roundings each, every
    one of them below UNIT times the sum of their sizes.
    """
    if not A.shape[1]:
        return np.zeros(len(A)), np.zeros(len(A)), np.zeros(len(A))
    high, low = two_product(A, x[0])
    second = A * x[1]
    size = (np.abs(low) + np.abs(second)).sum(axis=1)
    underflow = TINY * np.count_nonzero((A != 0) & (x[0] != 0) & (np.abs(high) < LEAST), axis=1)
    low = low + second
    roundings = 4 * np.ceil(np.log2(A.shape[1])) + 8  # twice as many as needed: `size` is rounded, too
    while (m := high.shape[1]) > 1:
        half, odd = m // 2, slice(m - m % 2, m)
        total, error = two_sum(high[:, :half], high[:, half : 2 * half])
        size += np.abs(error).sum(axis=1)
        low = np.hstack([low[:, :half] + low[:, half : 2 * half] + error, low[:, odd]])
        high = np.hstack([total, high[:, odd]])
    return *two_sum(high[:, 0], low[:, 0]), roundings * UNIT * size + underflow
