"""Products in twice the precision of float64, each number an unevaluated sum high + low with |low| ≤ UNIT·|high|.

Sums and products of two numbers are split into their rounded value and the rounding error, which is a float itself
(Dekker 1971, Knuth 1969), and the errors are summed beside the values (Dot2 of Ogita, Rump and Oishi, 2005).

Exact as long as nothing overflows, and up to TINY a term where something underflows; so numbers are to be brought near
1 first, which powers of two do without an error.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Pair = tuple[Array, Array]

UNIT = 2.0**-53  # relative error of one rounding
TINY = 2.0**-1000
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


def plus(pair: Pair, b: Array) -> Pair:
    """The pair plus a number."""
    high, low = two_sum(pair[0], b)
    return two_sum(high, low + pair[1])


def product(A: Array, x: Pair) -> Pair:
    """A·x, (n,) from A (n, m) and x (m,); its error is below `bound(A, x[0])`."""
    rows = max(1, CHUNK // max(A.shape[1], 1))
    parts = [_dots(A[start : start + rows], x) for start in range(0, len(A), rows)]
    return np.concatenate([high for high, _ in parts]), np.concatenate([low for _, low in parts])


def _dots(A: Array, x: Pair) -> Pair:
    """Every row's product with x, summed by halves."""
    if not A.shape[1]:
        return np.zeros(len(A)), np.zeros(len(A))
    high, low = two_product(A, x[0])
    low = low + A * x[1]
    while (m := high.shape[1]) > 1:
        half, odd = m // 2, slice(m - m % 2, m)
        total, error = two_sum(high[:, :half], high[:, half : 2 * half])
        low = np.hstack([low[:, :half] + low[:, half : 2 * half] + error, low[:, odd]])
        high = np.hstack([total, high[:, odd]])
    return two_sum(high[:, 0], low[:, 0])


def bound(A: Array, x: Array) -> Array:
    """What every entry of `product` may be off by: 4(⌈log₂ m⌉ + 2)²·UNIT²·|A||x|, and what underflows.

    The low parts of a row are errors of at most ⌈log₂ m⌉ + 2 roundings, each below UNIT times a partial sum of |A||x|,
    and are added up with as many roundings themselves.
    """
    depth = np.ceil(np.log2(max(A.shape[1], 1))) + 2
    off: Array = 4 * depth**2 * UNIT**2 * (np.abs(A) @ np.abs(x)) + A.shape[1] * TINY
    return off
