"""What the theory's modules share: types, a small regression problem, its gradient in NumPy, and fitted orders.

Everything is float64 NumPy and written from the paper's formulas, independent of the engine's tensors that it checks.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Gradient = Callable[[Array], Array]  # dL¹/dW: (k, d) → (k, d)
Row = dict[str, float | int | str | bool]

DEPTHS = (2, 3, 4, 5, 6, 7, 8)


def lp_gradient(X: Array, Y: Array, p: int) -> Gradient:
    """The map W ↦ dL¹/dW = (1/n) ((XWᵀ − Y)^{p−1})ᵀ·X of the ℓp loss; X (n, d), Y (n, k), W (k, d)."""

    def gradient(W: Array) -> Array:
        slope: Array = ((X @ W.T - Y) ** (p - 1)).T @ X / len(X)
        return slope

    return gradient


def random_problem(n: int, d: int, k: int, seed: int) -> tuple[Array, Array]:
    """A regression with standard normal features (n, d) and labels (n, k), which no predictor fits exactly."""
    rng = np.random.default_rng([seed, n, d, k])
    return rng.standard_normal((n, d)), rng.standard_normal((n, k))


def fitted_order(sizes: Sequence[float], errors: Sequence[float], floor: float = 0.0) -> float:
    """The exponent a of error ≈ constant·size^a: least squares on the logarithms.

    Errors at or below `floor` are rounding and are left out; NaN where fewer than two remain.
    """
    usable = [(size, error) for size, error in zip(sizes, errors, strict=True) if error > floor]
    if len(usable) < 2:
        return float("nan")
    logs = np.log(np.array(usable))
    return float(np.polyfit(logs[:, 0], logs[:, 1], 1)[0])
