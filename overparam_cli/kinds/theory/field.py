"""Section 6 and App. A.4: the field F, the curve Γ_{r,R}, line integrals, in float64 NumPy.

Points w and fields are vectors of R^d, the paper's R^{1,d} (k = 1); d is 2 or more, because Γ needs a sphere to walk
on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from overparam_cli.errors import ConfigError
from overparam_cli.kinds.theory.common import Array
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
    from scipy.integrate import quad_vec

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


def constant_field(e: Array, N: int) -> Field:
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
