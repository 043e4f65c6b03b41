"""Initialisations of deep linear networks (App. C.1), as transformations of one Gaussian draw of W_1 … W_N.

Their names can be read without importing torch, which takes seconds.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    Weights = list[Tensor]


def near_zero(weights: "Weights") -> "Weights":
    """The Gaussian draw as it is (App. C.1)."""
    return weights


def identity(weights: "Weights") -> "Weights":
    """The draw plus 1 on the diagonal of every matrix, non-square ones included (App. C.1)."""
    import torch

    return [weight + torch.eye(*weight.shape, dtype=weight.dtype) for weight in weights]


def balanced(weights: "Weights") -> "Weights":
    """The draw's own end-to-end matrix, factored so that W_{j+1}ᵀ W_{j+1} = W_j W_jᵀ for all j (Eq. 7).

    With W_e = U S Vᵀ every factor carries S^{1/N}. W_e has at most the rank of the narrowest layer, so it always fits;
    what rounding leaves of further singular values is dropped.
    """
    import torch

    from overparam_cli.kinds.linear.layers import end_to_end

    U, S, Vh = torch.linalg.svd(end_to_end(weights), full_matrices=False)  # (k, r), (r,), (r, d)
    depth, rank = len(weights), min(min(weight.shape) for weight in weights)
    root = S[:rank] ** (1 / depth)
    factors = []
    for j, weight in enumerate(weights):
        left = U[:, :rank] if j == depth - 1 else torch.eye(weight.shape[0], rank, dtype=weight.dtype)
        right = Vh[:rank] if j == 0 else torch.eye(rank, weight.shape[1], dtype=weight.dtype)
        factors.append(left * root @ right)
    return factors


INITS: "Mapping[str, Callable[[Weights], Weights]]" = {
    "near-zero": near_zero,
    "identity": identity,
    "balanced": balanced,
}
