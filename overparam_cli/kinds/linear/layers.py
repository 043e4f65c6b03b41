"""Deep linear networks: initial weights, the end-to-end matrix (Eq. 5) and the pull-back of its gradient (App. A.1).

A depth-N network is a list of weight matrices W_1 … W_N, W_j of shape (n_j, n_{j-1}), with n_0 = d inputs, n_N = k
outputs and the hidden widths in between. It computes x ↦ W_N ⋯ W_1 x = W_e x, so by Eq. 3 its loss is L(W_e), and all
that training needs of the data is the gradient G = ∇L(W_e), shape (k, d).

The functions below are for one network and follow the paper line by line. `parameterisations.layers` does the same for
many networks at once, in preallocated memory.
"""

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor

from overparam_cli.errors import ConfigError
from overparam_cli.kinds.linear.inits import INITS

Weights = list[Tensor]


def layer_shapes(d: int, widths: Sequence[int], k: int) -> list[tuple[int, int]]:
    """Shapes (n_j, n_{j-1}) of W_1 … W_N for hidden widths `widths` (N − 1 of them), d inputs and k outputs."""
    sizes = [d, *widths, k]
    return [(rows, columns) for columns, rows in itertools.pairwise(sizes)]


def end_to_end(weights: Sequence[Tensor]) -> Tensor:
    """End-to-end matrix W_e = W_N ⋯ W_1 (Eq. 5), shape (k, d); leading batch dimensions are kept."""
    product = weights[-1]
    for weight in reversed(weights[:-1]):
        product = product @ weight
    return product


def pullback(weights: Sequence[Tensor], G: Tensor) -> Weights:
    """Gradients ∂L/∂W_j = (W_N ⋯ W_{j+1})ᵀ G (W_{j−1} ⋯ W_1)ᵀ (App. A.1) for G = ∇L(W_e) of shape (..., k, d)."""
    above = [torch.eye(G.shape[-2], dtype=G.dtype, device=G.device)]  # W_N ⋯ W_{j+1}, from j = N downwards
    for weight in reversed(weights[1:]):
        above.append(above[-1] @ weight)
    gradients, below = [], G  # below = G (W_{j−1} ⋯ W_1)ᵀ
    for weight, product in zip(weights, reversed(above), strict=True):
        gradients.append(product.mT @ below)
        below = below @ weight.mT
    return gradients


def end_to_end_half_square(weights: Sequence[Tensor]) -> tuple[Tensor, Weights]:
    """½‖W_e‖², and its gradients: those of `pullback` for G = W_e, in two products over the d inputs in place of three.

    With S_j = W_j ⋯ W_1 (W_j ⋯ W_1)ᵀ and T_j = (W_N ⋯ W_{j+1})ᵀ W_N ⋯ W_{j+1} the gradients are T_j W_j S_{j−1}, and
    the inner widths alone are the sizes of these; W_e itself is never made.
    """
    above: Weights = []  # T_j, from j = N − 1 downwards; T_N is the identity
    for weight in reversed(weights[1:]):
        above.append(weight.mT @ (above[-1] @ weight if above else weight))
    gradients = [weights[0]]  # W_j S_{j−1}; S_0 is the identity
    for before, weight in itertools.pairwise(weights):
        gradients.append(weight @ (gradients[-1] @ before.mT))
    value = gradients[-1].flatten().dot(weights[-1].flatten()) / 2
    for j, product in enumerate(reversed(above)):
        gradients[j] = product @ gradients[j]
    return value, gradients


def initial_weights(
    d: int, widths: Sequence[int], k: int, *, init: str = "near-zero", init_std: float = 0.01, seed: int = 0
) -> Weights:
    """Initial weights of one network in float64: i.i.d. N(0, init_std²), then the transformation named by `init`.

    They depend on the arguments alone, so a trial starts from the same weights whatever trains beside it. The draw goes
    from W_1 to W_N: nets of one seed and first width share W_1.

    Raises ConfigError for an unknown `init`.
    """
    if init not in INITS:
        raise ConfigError(f"unknown init '{init}': choose one of {', '.join(INITS)}")
    generator = torch.Generator().manual_seed(seed)
    draw = [
        torch.randn(shape, generator=generator, dtype=torch.float64) * init_std for shape in layer_shapes(d, widths, k)
    ]
    return INITS[init](draw)
