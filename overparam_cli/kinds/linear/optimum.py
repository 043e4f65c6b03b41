"""The smallest training loss with a linear predictor, and the certificate that there is none smaller. In float64.

Every loss is (1/n) Σ ℓ(a_iᵀw − b_i) for each output: of residuals with A = X and b = y, of margins with the rows of X
times their labels and b = 0. It is minimised by Newton's method with the exact Hessian, damped by a line search and
started at the least-squares solution, which for ℓ2 is the answer. XᵀX is never formed: that of the Ethanol problem has
condition number 5e9, and BFGS, which the paper used, stops at 0.05558 where the ℓ4 optimum is 0.05535.

Powers of two bring columns and residuals near 1 beforehand, which changes no digit: so neither a feature of 1e160 nor a
residual to the hundredth power leaves float64 on the way.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from overparam_cli.kinds.linear import certificate
from overparam_cli.kinds.linear.certificate import REACH, Basis, Residual
from overparam_cli.kinds.linear.loss import Loss

Array = NDArray[np.float64]

EPSILON = float(np.finfo(np.float64).eps)
MAX_NEWTON_STEPS = 200
MAX_HALVINGS = 50
REFINEMENTS = 2  # of the least-squares solution, with residuals in twice the precision
DECIDED = 1e-9  # a margin whose slope is below this stands on its side for good


@dataclass(frozen=True)
class Optimum:
    """The smallest training loss, enclosed: the true optimum lies in [lower_bound, loss] (see `certificate`).

    Attributes:
        loss: at least L(W) at the predictor found, and not above it by more than rounding.
        lower_bound: no predictor up to a thousand times as large as W has a smaller loss. 0 where nothing was proved.
        W: (k, d), the predictor found. Where X has dependent columns it is one of many; infinite where features are so
            small beside labels that float64 has no such number.
        iterations: Newton steps of the output that needed most; 0 for ℓ2.
        separable: outputs whose labels W tells apart without an error, where the loss is of margins: it goes to 0
            along W and no predictor attains that, so `loss` is merely where the search stopped.
        dependent: how many columns of X are combinations of others, as far as float64 can tell.
    """

    loss: float
    lower_bound: float
    W: Array
    iterations: int
    separable: tuple[int, ...] = ()
    dependent: int = 0

    def times(self, factor: float) -> "Optimum":
        """The optimum of the loss times a positive factor."""
        return replace(self, loss=self.loss * factor, lower_bound=self.lower_bound * factor)


@np.errstate(over="ignore")  # an infinite loss is one that is not the smallest
def optimum(X: Array, Y: Array, loss: Loss) -> Optimum:
    """Minimise a loss to machine precision and certify it.

    Where labels are separable the loss of margins has the infimum 0, attained by no predictor: the lower bound is then
    0, and the loss that of a predictor some way down. The interval is honest, not tight, and `separable` says so.

    Args:
        X: (n, d) finite features; any rank, n may be smaller than d.
        Y: (n, k) finite labels, −1 and +1 for a loss of margins.
        loss: of residuals or margins.
    """
    X, Y = np.asarray(X, dtype=np.float64), np.asarray(Y, dtype=np.float64)
    exponents = _exponents(X)
    A = np.ldexp(X, -exponents)
    basis = basis_of(A)
    found = [_one_output(A, basis, y, loss) for y in Y.T]
    return Optimum(
        loss=sum((one.loss for one in found), 0.0),
        lower_bound=sum((one.lower_bound for one in found), 0.0),
        W=np.ldexp(np.array([one.w for one in found]).reshape(Y.shape[1], X.shape[1]), -exponents),
        iterations=max((one.steps for one in found), default=0),
        separable=tuple(place for place, one in enumerate(found) if one.separable),
        dependent=int(np.sum(np.any(A != 0, axis=0))) - basis.Q.shape[1],
    )


def _exponents(X: Array) -> NDArray[np.int32]:
    """The power of two that a column, or a vector, is to be divided by so that its largest entry is near 1."""
    exponents: NDArray[np.int32] = np.frexp(np.max(np.abs(X), axis=0, initial=0.0))[1]
    return exponents


def basis_of(A: Array) -> Basis:
    """Of range(A), as far as A is no rounding."""
    scale = np.linalg.norm(A, axis=0)
    scale[scale == 0] = 1.0  # columns of different units must not decide the numerical rank
    U, singular, Vt = np.linalg.svd(A / scale, full_matrices=False)
    rank = int(np.sum(singular > singular[0] * EPSILON * max(A.shape))) if singular.size else 0
    return Basis(U[:, :rank], (Vt[:rank].T / singular[:rank]) / scale[:, None])


@dataclass(frozen=True)
class _Output:
    """The optimum of one output."""

    loss: float
    lower_bound: float
    w: Array
    steps: int
    separable: bool


def _one_output(A: Array, basis: Basis, y: Array, loss: Loss) -> _Output:
    """Minimise and certify for labels y (n,)."""
    if loss.form == "margin":
        margins = A * y[:, None]
        return _enclosed(margins, Basis(basis.Q * y[:, None], basis.T), np.zeros_like(y), loss)
    return _enclosed(A, basis, y, loss)


def _enclosed(A: Array, basis: Basis, b: Array, loss: Loss) -> _Output:
    """The smallest mean of ℓ(A·w − b), A (n, d) with entries near 1."""
    unit = _exponent(b, loss)
    b = np.ldexp(b, -unit)
    w, r, steps = _minimise(A, basis, b, loss.in_units(unit))
    reach = REACH * float(np.sum(np.abs(w)) + np.max(np.abs(b), initial=0.0))
    fit = _exponent(r.value[0], loss)  # where it is good, residuals are far smaller than labels
    own, there = r.in_units(fit), loss.in_units(unit + fit)
    value = certificate.attained(own, there)
    separable = loss.form == "margin" and bool(np.all(r.value[0] > r.error))
    bound = 0.0 if separable else certificate.lower_bound(A, basis, own, float(np.ldexp(reach, -fit)), there)
    if loss.form == "margin" and not separable and bound < value * (1 - 1e-12):
        bound = max(bound, _undecided_bound(A, r.value[0], loss))
    value, bound = (float(np.ldexp(one, loss.degree * (unit + fit))) for one in (value, bound))
    return _Output(value, bound, np.ldexp(w, unit), steps, separable)


def _exponent(r: Array, loss: Loss) -> int:
    """That of the power of two which brings r near 1; 0 for a loss that has no other units."""
    return int(_exponents(r)) if loss.degree else 0


def _minimise(A: Array, basis: Basis, b: Array, loss: Loss) -> tuple[Array, Residual, int]:
    """The predictor w (d,) found for labels near 1, its residuals, and the Newton steps taken."""
    w, steps = np.zeros(A.shape[1]), 0
    r = certificate.residual(A, b, w)
    for _ in range(1 + REFINEMENTS if np.any(b) else 0):  # least squares
        w = w - basis.T @ (basis.Q.T @ r.value[0])
        r = certificate.residual(A, b, w)
    fitted = loss.form == "residual" and np.max(np.abs(r.value[0])) <= 16 * EPSILON * np.max(np.abs(b))
    if not loss.quadratic and not fitted:
        z, steps = _newton(basis.Q, r.value[0], loss)
        w = w + basis.T @ z
        r = certificate.residual(A, b, w)
    return w, r, steps


def _newton(Q: Array, e: Array, loss: Loss) -> tuple[Array, int]:
    """z (m,) that minimises the mean of ℓ(e + Q·z), Q (n, m) with orthonormal columns, and the steps taken."""
    z, steps = np.zeros(Q.shape[1]), 0
    for stage in loss.path(e):
        unit = _exponent(e, stage)
        now, own = np.ldexp(e, -unit), stage.in_units(unit)
        for _ in range(MAX_NEWTON_STEPS):
            step = _step(Q, now, own)
            if step is None:
                break
            now, z, steps = now + Q @ step, z + np.ldexp(step, unit), steps + 1
        e = np.ldexp(now, unit)
    return z, steps


def _step(Q: Array, e: Array, loss: Loss) -> Array | None:
    """Newton's step from residuals e, doubled or halved as long as that helps; None where no step decreases the loss.

    Far from the optimum of a high power the full step is (p − 1) times too short.
    """
    value, share = loss.mean(e), 1.0
    if loss.form == "margin" and value <= EPSILON:  # rounding of the loss's own scale
        return None
    direction = _direction(Q, e, loss)
    along = Q @ direction
    reached = loss.mean(e + along)
    while 2 * share <= loss.degree and reached < value and (further := loss.mean(e + 2 * share * along)) < reached:
        share, reached = 2 * share, further
    while not reached < value and share > 0.5**MAX_HALVINGS:
        share /= 2
        reached = loss.mean(e + share * along)
    return share * direction if reached < value * (1 - 4 * EPSILON) else None


def _direction(Q: Array, e: Array, loss: Loss) -> Array:
    """The step s (m,) of Newton's method on Σ ℓ(e_i + q_iᵀs) with the exact Hessian."""
    if (problem := loss.least_squares(e)) is not None:
        weights, targets = problem
        return np.asarray(np.linalg.lstsq(weights[:, None] * Q, targets, rcond=None)[0], dtype=np.float64)
    H = certificate.hessian(Q, loss.curvature(e))
    return np.asarray(np.linalg.solve(H, -(Q.T @ loss.slope(e))), dtype=np.float64)


def _undecided_bound(A: Array, margins: Array, loss: Loss) -> float:
    """A lower bound from the examples whose margins are not decided, where the optimum lies at infinity.

    The others cost nothing there, and leaving out what costs at least 0 never overestimates.
    """
    part = A[loss.slope(margins) < -DECIDED]
    w, r, _ = _minimise(part, basis := basis_of(part), np.zeros(len(part)), loss)
    reach = REACH * float(np.sum(np.abs(w)))
    return certificate.lower_bound(part, basis, r, reach, loss) * len(part) / len(A)
