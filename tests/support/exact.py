"""Regression in exact rational arithmetic: slow, and never wrong."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Vector = list[Fraction]
DIGITS = 2**600  # predictors are rounded to such a fraction between two steps, lest they grow for ever


def exactly(values: NDArray[np.float64]) -> Vector:
    return [Fraction(float(value)) for value in values]


def solve(matrix: Sequence[Vector], right: Vector) -> Vector:
    """By Gauss's elimination; ZeroDivisionError where the matrix is singular."""
    rows, n = [[*row, value] for row, value in zip(matrix, right, strict=True)], len(right)
    for c in range(n):
        pivot = next((r for r in range(c, n) if rows[r][c]), c)
        rows[c], rows[pivot] = rows[pivot], rows[c]
        rows[c] = [value / rows[c][c] for value in rows[c]]
        for r in range(n):
            if r != c and rows[r][c]:
                rows[r] = [a - rows[r][c] * b for a, b in zip(rows[r], rows[c], strict=True)]
    return [row[-1] for row in rows]


class Problem:
    """min over w of (1/n) Σ ℓ(x_iᵀw − y_i): ℓp where δ is None, else Huber's loss."""

    def __init__(self, X: NDArray[np.float64], y: NDArray[np.float64], p: int = 2, delta: float | None = None) -> None:
        self.X, self.y, self.p = [exactly(row) for row in X], exactly(y), p
        self.delta = None if delta is None else Fraction(delta)

    def residuals(self, w: Vector) -> Vector:
        return [sum((a * b for a, b in zip(x, w, strict=True)), -t) for x, t in zip(self.X, self.y, strict=True)]

    def loss(self, w: Vector) -> Fraction:
        return sum((self._each(r) for r in self.residuals(w)), Fraction(0)) / len(self.y)

    def _each(self, r: Fraction) -> Fraction:
        if self.delta is None:
            return r**self.p / self.p
        return r * r / 2 if abs(r) <= self.delta else self.delta * (abs(r) - self.delta / 2)

    def _derivatives(self, r: Fraction) -> tuple[Fraction, Fraction]:
        if self.delta is None:
            return r ** (self.p - 1), (self.p - 1) * r ** (self.p - 2)
        inside = abs(r) <= self.delta
        return (r if inside else self.delta * (1 if r > 0 else -1)), Fraction(int(inside))

    def optimum(self, w: Vector, steps: int) -> Fraction:
        """The least loss on the way of Newton's method from w; for ℓ2 one step is exact."""
        best = self.loss(w)
        for _ in range(steps):
            own = [self._derivatives(r) for r in self.residuals(w)]
            slopes = [sum(s * x[i] for (s, _), x in zip(own, self.X, strict=True)) for i in range(len(w))]
            hessian = [
                [sum(c * x[i] * x[j] for (_, c), x in zip(own, self.X, strict=True)) for j in range(len(w))]
                for i in range(len(w))
            ]
            moved = [a - b for a, b in zip(w, solve(hessian, slopes), strict=True)]
            w = moved if steps == 1 else [Fraction(round(value * DIGITS), DIGITS) for value in moved]
            best = min(best, self.loss(w))
        return best
