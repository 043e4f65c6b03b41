"""Between which two numbers the smallest training loss lies: a proof that holds in floating point.

Every loss is (1/n) Σ ℓ(a_iᵀw − b_i) for each output. Let ŵ be a predictor and r = Aŵ − b. Its loss is the upper bound.
The lower one is Lagrange duality: with the conjugate ℓ*(u) = sup_s (u·s − ℓ(s)), for every u and w,

    (1/n) Σ ℓ(a_iᵀw − b_i)  ≥  (1/n) Σ (u_i·r_i − ℓ*(u_i)) + (1/n) (Aᵀu)ᵀ(w − ŵ),

with equality where u_i = ℓ′(r_i) at the optimum, where Aᵀu = 0. Rounding has a hand in it at three places, and each is
paid for. r and Aᵀu are computed in twice the precision, with their error bounds (`twofold`): in plain float64 the
residuals of nearly collinear columns have lost half of their digits. Values of ℓ and ℓ* may be off by ROUNDING units.
And what is left of Aᵀu, about 1e-32, is multiplied by the largest w − ŵ that is reckoned with, REACH times ŵ.

So the lower bound holds for predictors up to a thousand times as large as ŵ. Where columns are dependent but for
rounding, larger ones could fit the rounding. By convexity they gain little: one k times as far from ŵ as that has a
loss of at least loss − k·(loss − lower bound).
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from overparam_cli.kinds.linear import twofold
from overparam_cli.kinds.linear.loss import Loss
from overparam_cli.kinds.linear.twofold import UNIT, Pair

Array = NDArray[np.float64]

ROUNDING = 16  # roundings that a value of ℓ or ℓ*, and its part in a mean, may have seen
REACH = 1000.0
REFINEMENTS = 6
SHRINKING = (0.0, 2.0**-50, 2.0**-40, 2.0**-30, 2.0**-20)  # what draws slopes back to where ℓ* is finite
NEGLIGIBLE = 1e-11  # relative to the largest curvature of one example


class Basis(NamedTuple):
    """Q (n, m), an orthonormal basis of range(A), and T (d, m) with A·T = Q; both as good as float64 has them."""

    Q: Array
    T: Array


class Residual(NamedTuple):
    """A·w − b as a pair (n,), and what it may be off by."""

    value: Pair
    error: Array

    def in_units(self, exponent: int) -> "Residual":
        """Divided by 2^exponent, which changes no digit."""
        high, low, error = (np.ldexp(part, -exponent) for part in (*self.value, self.error))
        return Residual((high, low), error)


def residual(A: Array, b: Array, w: Array) -> Residual:
    """A·w − b; A (n, d), b (n,), w (d,)."""
    product, off = twofold.product(A, (w, np.zeros_like(w)))
    value, more = twofold.plus(product, -b)
    return Residual(value, off + more)


def attained(r: Residual, loss: Loss) -> float:
    """At least the mean loss of these residuals, or margins."""
    off = r.error + 4 * UNIT * np.abs(r.value[0])
    values = np.maximum(loss.each(r.value[0] - off), loss.each(r.value[0] + off))  # ℓ is convex
    return _mean(values) / loss.divisor * (1 + ROUNDING * UNIT)


def lower_bound(A: Array, basis: Basis, r: Residual, reach: float, loss: Loss) -> float:
    """At most the smallest mean loss of predictors no further than `reach` in Σ|w_j| from that of residuals r.

    A (n, d) with entries near 1. 0 where nothing better is proved.
    """
    u = _dual_point(A, basis, r.value[0], loss)
    for shrink in SHRINKING:
        u, _ = twofold.plus(u, -shrink * u[0])
        conjugates = np.maximum(*(loss.conjugate(u[0] * (1 + sign * 2 * UNIT)) for sign in (1, -1)))
        if np.all(np.isfinite(conjugates)):
            break
    else:
        return 0.0
    product, off = twofold.product(A.T, u)
    left = np.abs(product[0]) * (1 + 2 * UNIT) + off
    products = u[0] * r.value[0]
    value = _mean(products) - _mean(conjugates)
    rounding = ROUNDING * UNIT * (_mean(np.abs(products)) + _mean(np.abs(conjugates)))
    inexact = _mean(np.abs(u[0]) * r.error) + float(np.max(left, initial=0.0)) * reach / len(u[0])
    return max(0.0, value - (rounding + inexact) * (1 + ROUNDING * UNIT))


def _dual_point(A: Array, basis: Basis, r: Array, loss: Loss) -> Pair:
    """u (n,): the slopes of the loss, freed of what lies in range(A) up to about UNIT².

    Each is moved in proportion to its curvature, as by a step of Newton's method. So slopes at the ends of an interval
    stay there, and small residuals of a high power, whose slopes are next to nothing, keep them.
    """
    weights = loss.curvature(r)
    H = hessian(basis.Q, weights)
    u: Pair = (loss.slope(r), np.zeros_like(r))
    left, _ = twofold.product(A.T, u)
    for _ in range(REFINEMENTS):
        moved, _ = twofold.plus(u, -weights * (basis.Q @ np.linalg.solve(H, basis.T.T @ left[0])))
        rest, _ = twofold.product(A.T, moved)
        if not np.max(np.abs(rest[0]), initial=0.0) < np.max(np.abs(left[0]), initial=0.0) / 2:
            break
        u, left = moved, rest
    return u


def hessian(Q: Array, curvature: Array) -> Array:
    """QᵀDQ (m, m), D = diag(curvature), lifted by a negligible multiple of I where it may be singular."""
    lift = NEGLIGIBLE * (float(np.max(curvature, initial=0.0)) or 1.0)
    return np.asarray((Q.T * curvature) @ Q + lift * np.eye(Q.shape[1]), dtype=np.float64)


def _mean(values: Array) -> float:
    """With a sum that is rounded once."""
    return math.fsum(values) / len(values) if np.all(np.isfinite(values)) else math.inf
