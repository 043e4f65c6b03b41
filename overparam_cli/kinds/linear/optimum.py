"""The smallest training loss with a linear predictor, and the certificate that there is none smaller. In float64.

Every loss is (1/n) Σ ℓ(a_iᵀw − b_i) for each output: of residuals with A = X and b = y, of margins with the rows of X
times their labels and b = 0. It is minimised by Newton's method with the exact Hessian, damped by backtracking and
started at the least-squares solution, which for ℓ2 is the answer. XᵀX is never formed: that of the Ethanol problem has
condition number 5e9, and BFGS, which the paper used, stops at 0.05558 where the ℓ4 optimum is 0.05535.

The certificate is Lagrange duality. With the conjugate ℓ*(u) = sup_r (u·r − ℓ(r)), for every u with Aᵀu = 0,

    min_w (1/n) Σ ℓ(a_iᵀw − b_i)  ≥  −(1/n) Σ u_i·b_i − (1/n) Σ ℓ*(u_i),

with equality where u_i = ℓ′(r_i) at the optimum; u is the slopes projected off range(A). For ℓp it reads
min ≥ −(1/n) Σ u_i·y_i − (1 − 1/p)(1/n) Σ |u_i|^{p/(p−1)}.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overparam_cli.kinds.linear.loss import Loss

Array = NDArray[np.float64]

EPSILON = float(np.finfo(np.float64).eps)
MAX_NEWTON_STEPS = 200
MAX_HALVINGS = 50
DECIDED = 1e-9  # a margin whose slope is below this stands on its side for good
NEGLIGIBLE = 1e-11  # relative to the largest curvature of one example


@dataclass(frozen=True)
class Optimum:
    """The smallest training loss, enclosed: the true optimum lies in [lower_bound, loss].

    Attributes:
        loss: L(W) at the predictor found; an upper bound, because W attains it.
        lower_bound: value of a dual feasible point, less an allowance for rounding; no predictor has a smaller loss.
            0 where none was found.
        W: (k, d), the predictor found. Where X has dependent columns it is one of many.
        iterations: Newton steps of the output that needed most; 0 for ℓ2.
        separable: outputs whose labels W tells apart without an error, where the loss is of margins: it goes to 0
            along W and no predictor attains that, so `loss` is merely where the search stopped.
    """

    loss: float
    lower_bound: float
    W: Array
    iterations: int
    separable: tuple[int, ...] = ()


def optimum(X: Array, Y: Array, loss: Loss) -> Optimum:
    """Minimise a loss to machine precision and certify it.

    Where labels are separable the loss of margins has the infimum 0, attained by no predictor: the lower bound is then
    0, and the loss that of a predictor some way down. The interval is honest, not tight, and `separable` says so.

    Args:
        X: (n, d) features; any rank, n may be smaller than d.
        Y: (n, k) labels, −1 and +1 for a loss of margins.
        loss: of residuals or margins.
    """
    X, Y = np.asarray(X, dtype=np.float64), np.asarray(Y, dtype=np.float64)
    Q, to_weights = _range(X)
    found = [_one_output(X, Q, to_weights, y, loss) for y in Y.T]
    return Optimum(
        loss=sum((one.loss for one in found), 0.0),
        lower_bound=sum((one.lower_bound for one in found), 0.0),
        W=np.array([one.w for one in found]).reshape(Y.shape[1], X.shape[1]),
        iterations=max((one.steps for one in found), default=0),
        separable=tuple(place for place, one in enumerate(found) if one.separable),
    )


def _range(X: Array) -> tuple[Array, Array]:
    """Q (n, m), an orthonormal basis of range(X), and T (d, m) with X·T = Q."""
    scale = np.linalg.norm(X, axis=0)
    scale[scale == 0] = 1.0  # columns of different units must not decide the numerical rank
    U, singular, Vt = np.linalg.svd(X / scale, full_matrices=False)
    rank = int(np.sum(singular > singular[0] * EPSILON * max(X.shape))) if singular.size else 0
    return U[:, :rank], (Vt[:rank].T / singular[:rank]) / scale[:, None]


@dataclass(frozen=True)
class _Output:
    """The optimum of one output."""

    loss: float
    lower_bound: float
    w: Array
    steps: int
    separable: bool


def _one_output(X: Array, Q: Array, to_weights: Array, y: Array, loss: Loss) -> _Output:
    """Minimise and certify for labels y (n,); Q and to_weights are those of `_range`."""
    b = y
    if loss.form == "margin":
        X, Q, b = X * y[:, None], Q * y[:, None], np.zeros_like(y)
    z, steps = _minimise(Q, b, loss)
    w = to_weights @ z
    residual = X @ w - b  # of the w that is returned, not of z: the loss must be one that is attained
    separable = loss.form == "margin" and bool(np.all(residual > 0))
    bound = 0.0 if separable else _lower_bound(X, Q, b, w, loss)
    if loss.form == "margin" and not separable and bound < loss.mean(residual) * (1 - 1e-12):
        bound = max(bound, _undecided_bound(X, residual, loss))
    return _Output(loss.mean(residual), bound, w, steps, separable)


def _minimise(Q: Array, b: Array, loss: Loss) -> tuple[Array, int]:
    """Minimiser z (m,) of Σ ℓ(Q·z − b), Q (n, m) with orthonormal columns, and the Newton steps taken."""
    z = Q.T @ b  # least squares
    if loss.quadratic:
        return z, 0
    # b is interpolated up to rounding, or the margins are so large that the loss is rounding of its own scale.
    blur = 16 * EPSILON * float(np.max(np.abs(b), initial=0.0))
    negligible = loss.mean(np.array([blur])) if loss.form == "residual" else EPSILON
    steps = 0
    for stage in loss.path(Q @ z - b):
        for taken, (candidate, value, gap, rounding) in enumerate(_newton(Q, b, z, stage)):
            z, steps = candidate, steps + (taken > 0)
            if value <= negligible or gap <= rounding or taken == MAX_NEWTON_STEPS:
                break
    return z, steps


def _newton(Q: Array, b: Array, z: Array, loss: Loss) -> Iterator[tuple[Array, float, float, float]]:
    """Damped Newton iterates (z, loss, duality gap, rounding of the gap), until no step decreases the loss any more."""
    e = Q @ z - b
    value = loss.mean(e)
    while True:
        _, dual, rounding = _dual(Q, b, e, loss)
        yield z, value, value - dual, rounding
        step = _newton_step(Q, e, loss)
        for halving in range(MAX_HALVINGS):
            candidate = z + step * 0.5**halving
            e = Q @ candidate - b
            reached = loss.mean(e)
            if reached < value:
                break
        else:
            return
        z, value = candidate, reached


def _newton_step(Q: Array, e: Array, loss: Loss) -> Array:
    """The step s (m,) of Newton's method on Σ ℓ(e_i + q_iᵀs) with the exact Hessian QᵀDQ, D = diag ℓ″(e).

    Where it may be singular it is lifted by a negligible multiple of I.
    """
    if (problem := loss.least_squares(e)) is not None:
        weights, targets = problem
        return np.asarray(np.linalg.lstsq(weights[:, None] * Q, targets, rcond=None)[0], dtype=np.float64)
    curvature = loss.curvature(e)
    lift = NEGLIGIBLE * (float(np.max(curvature, initial=0.0)) or 1.0)
    hessian = (Q.T * curvature) @ Q + lift * np.eye(Q.shape[1])
    return np.asarray(np.linalg.solve(hessian, -(Q.T @ loss.slope(e))), dtype=np.float64)


def _dual_point(Q: Array, residual: Array, loss: Loss) -> Array | None:
    """u (n,): the slopes of the loss, freed of what lies in range(Q); None where that fails.

    By projection; but where the conjugate is finite on an interval only, which a projection may leave, by Newton's
    equation: its linearised slopes after the step have nothing in range(Q), and move in proportion to the curvature.
    That holds up to the lift of the Hessian, so it fails far from the optimum, and where that lies at infinity.
    """
    u: Array = loss.slope(residual)
    if loss.bounded:
        u = loss.feasible(u + loss.curvature(residual) * (Q @ _newton_step(Q, residual, loss)))
        rounding = 8 * EPSILON * np.sqrt(len(u)) * np.linalg.norm(u)
        return u if np.all(np.abs(Q.T @ u) <= rounding) else None
    for _ in range(2):  # the second projection removes what rounding left of the first
        u = u - Q @ (Q.T @ u)
    return u


def _dual(Q: Array, b: Array, residual: Array, loss: Loss) -> tuple[Array, float, float]:
    """A dual point u (n,), its value −mean(u·b) − mean ℓ*(u), and the rounding error of the two sums.

    The value is −∞ where there is no u that proves anything.
    """
    u = _dual_point(Q, residual, loss)
    conjugate = np.inf if u is None else loss.conjugate(u)
    if u is None or conjugate == np.inf:
        return np.zeros_like(b), -np.inf, 0.0
    rounding = 8 * EPSILON * (float(np.mean(np.abs(u * b))) + abs(conjugate))
    return u, -float(np.mean(u * b)) - conjugate, rounding


def _lower_bound(A: Array, Q: Array, b: Array, w: Array, loss: Loss) -> float:
    """The certificate made from w (d,), less everything rounding may have added to it; 0 where that is negative.

    Aᵀu is not exactly zero in floating point. The bound neglects (1/n)·uᵀA·w at the optimal w, so that much, with
    absolute values and the w at hand, is taken off.
    """
    u, value, rounding = _dual(Q, b, A @ w - b, loss)
    infeasibility = float(np.abs(A.T @ u) @ np.abs(w)) / len(b)
    return max(0.0, value - rounding - infeasibility)


def _undecided_bound(A: Array, margins: Array, loss: Loss) -> float:
    """A lower bound from the examples whose margins are not decided, where the optimum lies at infinity.

    The others cost nothing there, and leaving out what costs at least 0 never overestimates.
    """
    undecided = loss.slope(margins) < -DECIDED
    part = A[undecided]
    Q, to_weights = _range(part)
    b = np.zeros(len(part))
    z, _ = _minimise(Q, b, loss)
    return _lower_bound(part, Q, b, to_weights @ z, loss) * len(part) / len(A)
