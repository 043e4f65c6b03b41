"""Section 6 and App. A.4: the field F, the curve Γ_{r,R}, line integrals, Lemma 3 and Theorem 2, in float64 NumPy.

Points w and fields are vectors of R^d, the paper's R^{1,d} (k = 1); d is 2 or more, because Γ needs a sphere to walk
on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.integrate import quad_vec

from overparam_cli.errors import ConfigError
from overparam_cli.kinds.theory.common import DEPTHS, Array, Gradient, Row, fitted_order, lp_gradient
from overparam_cli.kinds.theory.rule import single_output_direction

Field = Callable[[Array], Array]

# Relative tolerance asked of the quadrature: near rounding, and well below the 1e-10 that Lemma 3 is held to.
QUADRATURE_TOLERANCE = 1e-13


@dataclass(frozen=True)
class Piece:
    """One smooth piece of a curve: `position` (d,) and its derivative `velocity` (d,), from `start` to `end`."""

    position: Callable[[float], Array]
    velocity: Callable[[float], Array]
    start: float
    end: float


def gamma(e: Array, tangent: Array, r: float, R: float) -> tuple[Piece, Piece, Piece, Piece]:
    """The closed curve Γ_{r,R} = Γ¹ → Γ² → Γ³ → Γ⁴ of Figure 1 and App. A.4.

    Γ¹: the segment from −R·e to −r·e. Γ²: a geodesic of the sphere of radius r from −r·e to r·e. Γ³: the segment from
    r·e to R·e. Γ⁴: a geodesic of the sphere of radius R from R·e back to −R·e. Both geodesics pass through the side of
    `tangent`; any choice gives the same integral of F_e.

    Args:
        e: (d,), unit vector; the paper's ∇L(0)/‖∇L(0)‖.
        tangent: (d,), unit vector orthogonal to e.
        r: inner radius, 0 < r < R.
        R: outer radius.

    Raises:
        ConfigError: the radii are not 0 < r < R, or the vectors are not orthonormal.
    """
    if not 0 < r < R:
        raise ConfigError(f"the curve Γ needs radii 0 < r < R, not r = {r} and R = {R}")
    if e.shape != tangent.shape or not np.allclose([e @ e, tangent @ tangent, e @ tangent], [1, 1, 0]):
        raise ConfigError("the curve Γ needs two orthonormal vectors of the same length")

    def segment(start: float, end: float) -> Piece:
        return Piece(lambda s: s * e, lambda _: e, start, end)

    def geodesic(radius: float, start: float, end: float) -> Piece:
        return Piece(
            lambda a: radius * (np.cos(a) * e + np.sin(a) * tangent),
            lambda a: radius * (np.cos(a) * tangent - np.sin(a) * e),
            start,
            end,
        )

    return segment(-R, -r), geodesic(r, np.pi, 0.0), segment(r, R), geodesic(R, 0.0, np.pi)


def curve_points(curve: Sequence[Piece], points: int) -> Array:
    """Points along a curve for drawing it, (pieces, points, d), evenly spaced on each piece, ends included."""
    return np.array([[piece.position(s) for s in np.linspace(piece.start, piece.end, points)] for piece in curve])


def field_on_grid(phi: Field, N: int, radius: float, points: int) -> tuple[Array, Array, Array]:
    """F_φ (Eq. 14) on a square grid of the plane, for drawing it.

    Args:
        phi: a field of the plane, (2,) → (2,).
        N: depth.
        radius: the grid spans [−radius, radius]².
        points: grid points a side.

    Returns:
        x and y, (points,), and F, (points, points, 2), indexed [y, x].
    """
    axis = np.linspace(-radius, radius, points)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1)  # (points, points, 2)
    gradients = np.apply_along_axis(phi, -1, grid)
    return axis, axis, single_output_direction(grid, gradients, N)


def line_integral(field: Field, curve: Sequence[Piece]) -> tuple[Array, float]:
    """∫_Γ field·dw by adaptive Gauss–Kronrod quadrature, piece by piece.

    Args:
        field: (d,) → (..., d); several fields can be integrated at once.
        curve: the pieces, in order.

    Returns:
        the integrals (pieces, ...), one for each piece, and the sum of the quadrature's error estimates.
    """
    values, error = [], 0.0
    for piece in curve:

        def integrand(s: float, piece: Piece = piece) -> Array:
            along: Array = field(piece.position(s)) @ piece.velocity(s)
            return along

        value, piece_error = quad_vec(
            integrand, piece.start, piece.end, epsabs=0.0, epsrel=QUADRATURE_TOLERANCE, norm="max", limit=200
        )[:2]
        values.append(value)
        error += float(piece_error)
    return np.array(values), error


def lemma3_constant(N: int) -> float:
    """2N/(3 − 2/N) − 2: positive for N > 2, zero for N = 2 (Lemma 3)."""
    return 2 * N / (3 - 2 / N) - 2


def lemma3_closed_form(N: int, r: float, R: float) -> float:
    """∮_Γ F_e = (2N/(3 − 2/N) − 2)·(R^{3−2/N} − r^{3−2/N}) for the constant field e (Lemma 3)."""
    exponent = 3 - 2 / N
    return float(lemma3_constant(N) * (R**exponent - r**exponent))


def _constant_field(e: Array, N: int) -> Field:
    """F_e, what Eq. 14 makes of the constant field e."""
    return lambda w: single_output_direction(w, e, N)


def orthonormal_pair(e: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """e scaled to unit length, and a random unit vector orthogonal to it."""
    e = e / np.linalg.norm(e)
    tangent = rng.standard_normal(e.shape)
    for _ in range(2):
        tangent -= (tangent @ e) * e
        tangent /= np.linalg.norm(tangent)
    return e, tangent


def check_lemma3(
    depths: Sequence[int] = DEPTHS,
    radii: Sequence[tuple[float, float]] = ((0.1, 1.0), (0.5, 1.0), (0.99, 1.0), (1e-4, 1e-2), (0.5, 20.0)),
    dimensions: Sequence[int] = (2, 3, 128),
    seed: int = 0,
) -> list[Row]:
    """∮ F_e along Γ_{r,R} by quadrature against Lemma 3, for random unit vectors e.

    The error is relative to the closed form. At N = 2 that is zero (the pieces cancel), and the error is relative to
    the sum of the pieces' absolute values. The `scale` column is what was divided by.
    """
    rows: list[Row] = []
    rng = np.random.default_rng(seed)
    for d in dimensions:
        e, tangent = orthonormal_pair(rng.standard_normal(d), rng)
        for N in depths:
            for r, R in radii:
                pieces, _ = line_integral(_constant_field(e, N), gamma(e, tangent, r, R))
                closed, value = lemma3_closed_form(N, r, R), float(pieces.sum())
                scale = abs(closed) if N > 2 else float(np.abs(pieces).sum())
                rows.append({"depth": N, "dimension": d, "r": r, "R": R, "quadrature": value, "closed_form": closed})
                rows[-1] |= {"scale": scale, "relative_error": abs(value - closed) / scale}
    return rows


def check_theorem2(
    X: Array,
    Y: Array,
    depths: Sequence[int] = DEPTHS[1:],
    exponents: Sequence[int] = (2, 4),
    radii: Sequence[float] = (1.0, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6),
    ratios: Sequence[float] = (0.1, 0.5),
    seed: int = 0,
) -> list[Row]:
    """The line integral of a real loss's F (Eq. 14) along Γ_{r,R} as R → 0, scaled by R^{3−2/N}.

    With c = ‖∇L(0)‖ and e = ∇L(0)/c, the proof (App. A.4) splits ∇L = c·e + ξ with ξ(0) = 0, so that the scaled
    integral tends to c·(2N/(3 − 2/N) − 2)·(1 − (r/R)^{3−2/N}), the `limit`. The part of ξ that is linear in w
    integrates to zero: it is odd along the segments, and along the geodesics it adds ½wᵀHw, which is equal at both
    ends. So the ℓ2 loss, whose ξ is linear, stands at the limit for every R (its `order` of approach is not defined),
    and ℓ4 approaches it like R².

    Args:
        X: (n, d) features, d ≥ 2.
        Y: (n, 1) labels.
        depths: N, each above 2.
        exponents: the losses, p = 2 and 4.
        radii: R, from large to small.
        ratios: r/R.
        seed: of the plane that Γ's geodesics turn in.

    Raises:
        ConfigError: there is more than one output, fewer than two features, or the gradient vanishes at 0.
    """
    if Y.shape[1] != 1 or X.shape[1] < 2:
        raise ConfigError(
            f"Theorem 2 is about one output and Γ needs two features; here are {Y.shape[1]} and {X.shape[1]}"
        )
    rows: list[Row] = []
    for p in exponents:
        gradient = lp_gradient(X, Y, p)
        start = gradient(np.zeros((1, X.shape[1])))[0]
        c = float(np.linalg.norm(start))
        if c == 0:
            raise ConfigError("Theorem 2 assumes that the loss's gradient does not vanish at W = 0, but it does here")
        e, tangent = orthonormal_pair(start, np.random.default_rng(seed))
        for ratio in ratios:
            table = [_scaled_integrals(gradient, c, gamma(e, tangent, ratio * R, R), depths, ratio, R) for R in radii]
            for column in zip(*table, strict=True):  # one depth, all radii
                order = fitted_order(radii, [float(row["relative_deviation"]) for row in column], floor=1e-10)
                rows += [{"loss": f"l{p}", "c": c, **row, "order": order} for row in column]
    return rows


def _scaled_integrals(
    gradient: Gradient, c: float, curve: Sequence[Piece], depths: Sequence[int], ratio: float, R: float
) -> list[Row]:
    """One row for each depth: the integral over R^{3−2/N}, its limit, and how far they are apart."""

    def fields(w: Array) -> Array:  # (depths, d): φ is the costly part and is evaluated once for all N
        at_w = gradient(w[None])[0]
        return np.array([single_output_direction(w, at_w, N) / R ** (3 - 2 / N) for N in depths])

    pieces, error = line_integral(fields, curve)
    rows: list[Row] = []
    for N, value in zip(depths, pieces.sum(axis=0), strict=True):
        limit = c * lemma3_constant(N) * (1 - ratio ** (3 - 2 / N))
        row: Row = {"depth": N, "R": R, "r_over_R": ratio, "integral": float(value) * R ** (3 - 2 / N)}
        row |= {"scaled_integral": float(value), "limit": limit, "quadrature_error": error}
        rows.append(row | {"relative_deviation": abs(float(value) - limit) / limit})
    return rows
