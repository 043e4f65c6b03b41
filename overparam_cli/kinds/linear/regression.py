"""ℓp regression with a linear predictor: loss, gradient, and the optimum with a certificate.

Section 3 and Appendix C.1. With residuals R = X·Wᵀ − Y, n rows, d features, k outputs and p a positive even integer:

    loss      L(W)   = (1/n) Σ_i Σ_o (1/p)·R_io^p
    gradient  dL/dW  = (1/n) (R^{p−1})ᵀ·X        (the power is elementwise)

Shapes, the same everywhere:

    W     (..., k, d)   predictors x ↦ W·x; any number of leading batch dimensions
    X     (n, d)        features, one row an example
    Y     (n, k)        labels
    R     (..., k, n)   residuals, laid out with the examples last so that one matrix product makes them

There is no bias term (Appendix C.1). The outputs do not interact: row o of W is a regression of its own, on column o
of Y.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from overparam_cli.errors import ConfigError

Array = NDArray[np.float64]

EPSILON = float(np.finfo(np.float64).eps)
MAX_NEWTON_STEPS = 200
MAX_HALVINGS = 50


def check_exponent(p: int) -> None:
    """Refuse an exponent for which |r|^p / p is not a smooth convex polynomial of the residual.

    Raises:
        ConfigError: `p` is not an even integer of 2 or more.
    """
    if isinstance(p, bool) or not isinstance(p, int) or p < 2 or p % 2:
        raise ConfigError(f"the loss exponent p must be an even integer of 2 or more (2 is ℓ2, 4 is ℓ4), not {p!r}")


def _residuals(W: torch.Tensor, X: torch.Tensor, Y: torch.Tensor) -> torch.Tensor:
    """R = W·Xᵀ − Yᵀ, shape (..., k, n)."""
    return W @ X.T - Y.T


def loss(W: torch.Tensor, X: torch.Tensor, Y: torch.Tensor, p: int) -> torch.Tensor:
    """L(W) = (1/n) Σ_i Σ_o (1/p)(W·x_i − y_i)_o^p.

    Args:
        W: (..., k, d).
        X: (n, d).
        Y: (n, k).
        p: even, 2 or more.

    Returns:
        (...): one loss for each predictor of the batch.

    Raises:
        ConfigError: `p` is odd or below 2.
    """
    check_exponent(p)
    return _residuals(W, X, Y).pow(p).sum(dim=(-2, -1)) / (p * X.shape[0])


def gradient(W: torch.Tensor, X: torch.Tensor, Y: torch.Tensor, p: int) -> torch.Tensor:
    """dL/dW = (1/n) (R^{p−1})·X with R = W·Xᵀ − Yᵀ, shape (..., k, d). Arguments and errors as in `loss`."""
    check_exponent(p)
    return _residuals(W, X, Y).pow(p - 1) @ X / X.shape[0]


@dataclass(frozen=True)
class Optimum:
    """The smallest training loss, enclosed: the true optimum lies in [lower_bound, loss].

    Attributes:
        loss: L(W) at the predictor found; an upper bound, because W attains it.
        lower_bound: value of a dual feasible point, less an allowance for rounding; no predictor has a smaller loss.
        W: (k, d), the predictor found. Where X has dependent columns it is one of many.
        iterations: Newton steps of the output that needed most; 0 for p = 2.
    """

    loss: float
    lower_bound: float
    W: Array
    iterations: int


def optimum(X: Array, Y: Array, p: int) -> Optimum:
    """Minimise the ℓp loss to machine precision and certify it, in float64.

    p = 2 is least squares by SVD. p ≥ 4 is Newton's method with the exact Hessian, damped by backtracking and started
    at the least-squares solution; every step is itself a weighted least-squares problem, solved by SVD. The normal
    equations are never formed: XᵀX of the Ethanol problem has condition number 5e9, and BFGS, which the paper used,
    stops at 0.05558 where the ℓ4 optimum is 0.05535.

    The certificate is Lagrange duality. For every u with Xᵀu = 0,

        min_w (1/n) Σ (1/p)|x_iᵀw − y_i|^p  ≥  −(1/n) Σ u_i·y_i − (1 − 1/p)(1/n) Σ |u_i|^{p/(p−1)},

    with equality where u_i = r_i^{p−1} at the optimum; u is the residuals' power projected off range(X).

    Args:
        X: (n, d) features; any rank, n may be smaller than d.
        Y: (n, k) labels.
        p: even, 2 or more.

    Raises:
        ConfigError: `p` is odd or below 2.
    """
    check_exponent(p)
    X, Y = np.asarray(X, dtype=np.float64), np.asarray(Y, dtype=np.float64)
    n, d = X.shape
    scale = np.linalg.norm(X, axis=0)
    scale[scale == 0] = 1.0  # columns of different units must not decide the numerical rank
    U, singular, Vt = np.linalg.svd(X / scale, full_matrices=False)
    rank = int(np.sum(singular > singular[0] * EPSILON * max(n, d))) if singular.size else 0
    Q = U[:, :rank]  # (n, rank), orthonormal basis of range(X)
    to_weights = (Vt[:rank].T / singular[:rank]) / scale[:, None]  # (d, rank): X @ to_weights = Q

    rows, total, bound, steps = [], 0.0, 0.0, 0
    for y in Y.T:
        z, iterations = _minimise(Q, y, p)
        w = to_weights @ z
        residual = X @ w - y  # of the w that is returned, not of z: the loss must be one that is attained
        value = _mean_power(residual, p)
        rows.append(w)
        total += value
        bound += _lower_bound(X, Q, y, w, p)
        steps = max(steps, iterations)
    return Optimum(loss=total, lower_bound=bound, W=np.array(rows).reshape(Y.shape[1], d), iterations=steps)


def _mean_power(residual: Array, p: int) -> float:
    """(1/n) Σ (1/p) r_i^p."""
    return float(np.mean(residual**p) / p)


def _minimise(Q: Array, y: Array, p: int) -> tuple[Array, int]:
    """Minimiser z (rank,) of Σ (Q·z − y)^p, Q (n, rank) with orthonormal columns, and the Newton steps taken."""
    z = Q.T @ y  # least squares
    if p == 2:
        return z, 0
    negligible = (16 * EPSILON * float(np.max(np.abs(y), initial=0.0))) ** p / p  # y is interpolated up to rounding
    steps = 0
    for candidate, value, gap, rounding in _newton(Q, y, z, p):
        z = candidate
        if value <= negligible or gap <= rounding or steps == MAX_NEWTON_STEPS:
            break
        steps += 1
    return z, steps


def _newton(Q: Array, y: Array, z: Array, p: int) -> Iterator[tuple[Array, float, float, float]]:
    """Damped Newton iterates (z, loss, duality gap, rounding of the gap), until no step decreases the loss any more.

    With e = Q·z − y the step s minimises Σ ½(p−1)e^{p−2}(q_iᵀs)² + e^{p−1}q_iᵀs: weighted least squares with the rows
    √(p−1)|e|^{p/2−1}·q_i and the targets −sign(e)|e|^{p/2}/√(p−1), which stays exact where weights vanish.
    """
    e = Q @ z - y
    value = _mean_power(e, p)
    while True:
        dual, rounding = _dual_value(_dual_point(Q, e, p), y, p)
        yield z, value, value - dual, rounding
        half = np.abs(e) ** (p // 2 - 1)
        step = np.linalg.lstsq(np.sqrt(p - 1) * half[:, None] * Q, -half * e / np.sqrt(p - 1), rcond=None)[0]
        for halving in range(MAX_HALVINGS):
            candidate = z + step * 0.5**halving
            e = Q @ candidate - y
            reached = _mean_power(e, p)
            if reached < value:
                break
        else:
            return
        z, value = candidate, reached


def _dual_point(Q: Array, residual: Array, p: int) -> Array:
    """u (n,): the residuals' (p−1)-th power projected off range(Q)."""
    u = residual ** (p - 1)
    for _ in range(2):  # the second projection removes what rounding left of the first
        u = u - Q @ (Q.T @ u)
    return u


def _dual_value(u: Array, y: Array, p: int) -> tuple[float, float]:
    """The certificate −mean(u·y) − (1−1/p)·mean|u|^{p/(p−1)} of `optimum`, and the rounding error of the two sums."""
    conjugate = (1 - 1 / p) * float(np.mean(np.abs(u) ** (p / (p - 1))))
    rounding = 8 * EPSILON * (float(np.mean(np.abs(u * y))) + conjugate)
    return -float(np.mean(u * y)) - conjugate, rounding


def _lower_bound(X: Array, Q: Array, y: Array, w: Array, p: int) -> float:
    """The certificate made from w (d,), less everything rounding may have added to it; 0 where that is negative.

    Xᵀu is not exactly zero in floating point. The bound neglects (1/n)·uᵀX·w at the optimal w, so that much, with
    absolute values and the w at hand, is taken off.
    """
    u = _dual_point(Q, X @ w - y, p)
    value, rounding = _dual_value(u, y, p)
    infeasibility = float(np.abs(X.T @ u) @ np.abs(w)) / len(y)
    return max(0.0, value - rounding - infeasibility)
