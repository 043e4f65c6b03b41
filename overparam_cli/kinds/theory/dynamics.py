"""Gradient descent on the layers against what Eq. 9 and Theorem 1 say of it, in float64 NumPy.

A network is the list of its layers W_1 … W_N, W_j of shape (n_j, n_{j−1}) with n_0 = d and n_N = k; its end-to-end
matrix is W_e = W_N ⋯ W_1, (k, d). Both statements are about continuous time (η² ≈ 0), so each is measured by halving
the learning rate at a fixed time t = lr·steps and fitting the order at which the discrepancy vanishes.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from overparam_cli.errors import ConfigError
from overparam_cli.kinds.theory.common import Array, Gradient, Row, lp_gradient, random_problem
from overparam_cli.kinds.theory.rule import end_to_end_direction

FLOW_TOLERANCE = 1e-11  # of the ODE solver; the flows it gives are exact next to any step size used here


@dataclass(frozen=True)
class Net:
    """A deep linear network on a random ℓp regression problem.

    Attributes:
        features: d.
        widths: hidden widths n_1 … n_{N−1}; the depth N is one more than their number.
        outputs: k.
        exponent: p.
        weight_decay: λ of Eq. 4.
    """

    features: int
    widths: tuple[int, ...]
    outputs: int
    exponent: int
    weight_decay: float = 0.0

    @property
    def depth(self) -> int:
        """N."""
        return len(self.widths) + 1

    def describe(self) -> Row:
        """The columns that tell this network from others in a table."""
        widths = "x".join(map(str, self.widths))
        row: Row = {"depth": self.depth, "widths": widths, "outputs": self.outputs, "features": self.features}
        return row | {"loss": f"l{self.exponent}", "weight_decay": self.weight_decay}


# Several depths and widths, one and several outputs, both losses, with and without weight decay. A hidden width below
# min(k, d) makes the end-to-end matrix rank-deficient, which Theorem 1 allows and which the last net has.
NETS = tuple(
    Net(5, widths, k, p, decay)
    for widths, k, p in (
        ((1,), 1, 4),
        ((3,), 3, 2),
        ((8,), 3, 4),
        ((4, 6), 3, 4),
        ((20, 3), 2, 2),
        ((3, 5, 4), 3, 4),
        ((2,), 3, 4),
    )
    for decay in (0.0, 0.1)
)


def end_to_end(layers: Sequence[Array]) -> Array:
    """W_e = W_N ⋯ W_1 (Eq. 5)."""
    product = layers[0]
    for W in layers[1:]:
        product = W @ product
    return product


def layer_gradients(layers: Sequence[Array], G: Array) -> list[Array]:
    """∂Lᴺ/∂W_j = (W_N ⋯ W_{j+1})ᵀ·G·(W_{j−1} ⋯ W_1)ᵀ for j = 1 … N (App. A.1), with G = dL¹/dW at W_e."""
    gradients = []
    for j in range(len(layers)):
        S = G
        for W in reversed(layers[j + 1 :]):
            S = W.T @ S
        for W in layers[:j]:
            S = S @ W.T
        gradients.append(S)
    return gradients


def balanced_layers(W: Array, widths: Sequence[int], rng: np.random.Generator) -> list[Array]:
    """Layers with W_N ⋯ W_1 = W that satisfy W_{j+1}ᵀW_{j+1} = W_jW_jᵀ exactly (Eq. 7).

    From W = UΣVᵀ: W_N = UΣ^{1/N}Q_{N−1}ᵀ, W_j = Q_jΣ^{1/N}Q_{j−1}ᵀ, W_1 = Q_1Σ^{1/N}Vᵀ, with random Q_j (n_j, rank) of
    orthonormal columns.

    Args:
        W: (k, d), the end-to-end matrix to start from.
        widths: n_1 … n_{N−1}.
        rng: draws the Q_j.

    Raises:
        ConfigError: a hidden width is smaller than the rank of W.
    """
    U, s, Vt = np.linalg.svd(W, full_matrices=False)
    rank = int(np.linalg.matrix_rank(W))
    if min(widths, default=rank) < rank:
        raise ConfigError(f"a balanced start of rank {rank} needs hidden widths of {rank} or more, not {min(widths)}")
    inner = [np.linalg.qr(rng.standard_normal((n, rank)))[0] for n in widths]
    bases = [Vt[:rank].T, *inner, U[:, :rank]]
    root = s[:rank] ** (1 / (len(widths) + 1))
    return [(left * root) @ right.T for right, left in pairwise(bases)]


def imbalance(layers: Sequence[Array]) -> float:
    """The largest ‖W_{j+1}ᵀW_{j+1} − W_jW_jᵀ‖_F over j (Eqs. 7 and 9); 0 for one layer."""
    return max((float(np.linalg.norm(b.T @ b - a @ a.T)) for a, b in pairwise(layers)), default=0.0)


def gradient_descent(
    layers: Sequence[Array], gradient: Gradient, lr: float, weight_decay: float
) -> Iterator[list[Array]]:
    """W_j ← (1 − ηλ)W_j − η·∂Lᴺ/∂W_j for all j at once (Eq. 4); yields the start, then every iterate, without end."""
    current = list(layers)
    while True:
        yield current
        slopes = layer_gradients(current, gradient(end_to_end(current)))
        current = [(1 - lr * weight_decay) * W - lr * S for W, S in zip(current, slopes, strict=True)]


def layer_flow(layers: Sequence[Array], gradient: Gradient, weight_decay: float, time: float) -> Array:
    """W_e at `time` of the layers' own differential equations (Eq. 6, with η = 1), solved to 11 digits."""
    cuts = np.cumsum([W.size for W in layers])[:-1]

    def unpack(flat: Array) -> list[Array]:
        return [part.reshape(W.shape) for part, W in zip(np.split(flat, cuts), layers, strict=True)]

    def velocity(_: float, flat: Array) -> Array:
        now = unpack(flat)
        slopes = layer_gradients(now, gradient(end_to_end(now)))
        rates: Array = -weight_decay * flat - np.concatenate([S.ravel() for S in slopes])
        return rates

    start: Array = np.concatenate([W.ravel() for W in layers])
    return end_to_end(unpack(_solve(velocity, start, time)))


def end_to_end_flow(W: Array, gradient: Gradient, N: int, weight_decay: float, time: float) -> Array:
    """W_e at `time` of Theorem 1's differential equation (Eq. 8, with η = 1), solved to 11 digits."""

    def velocity(_: float, flat: Array) -> Array:
        now = flat.reshape(W.shape)
        return -(N * weight_decay * now + end_to_end_direction(now, gradient(now), N)).ravel()

    return _solve(velocity, W.ravel(), time).reshape(W.shape)


def _solve(velocity: Callable[[float, Array], Array], start: Array, time: float) -> Array:
    from scipy.integrate import solve_ivp

    solution = solve_ivp(velocity, (0.0, time), start, method="DOP853", rtol=FLOW_TOLERANCE, atol=FLOW_TOLERANCE)
    end: Array = solution.y[:, -1]
    return end


def random_start(net: Net, seed: int) -> tuple[Gradient, list[Array]]:
    """A random problem for `net`, and a balanced start with an end-to-end matrix of norm 1 and the largest rank."""
    X, Y = random_problem(20, net.features, net.outputs, seed)
    rng = np.random.default_rng([seed, *net.widths])
    rank = min(net.outputs, net.features, *net.widths)
    W = rng.standard_normal((net.outputs, rank)) @ rng.standard_normal((rank, net.features))
    return lp_gradient(X, Y, net.exponent), balanced_layers(W / np.linalg.norm(W), net.widths, rng)
