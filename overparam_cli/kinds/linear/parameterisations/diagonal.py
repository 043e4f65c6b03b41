"""Diagonal linear networks: W_e = u_1 ⊙ … ⊙ u_N, every factor as large as W_e; (k, d) each.

The simplest parameterisation that is no chain of matrices, and the field's usual example beside them: entry by entry it
is a chain of N scalars, so no entry learns from another. Its hidden widths mean nothing.
"""

import math
from collections.abc import Callable, Hashable, Mapping, Sequence

import torch
from torch import Tensor

from overparam_cli.errors import ConfigError
from overparam_cli.kinds.linear.parameterisation import Architecture, Weights, by_autograd


def product(factors: Sequence[Tensor]) -> Tensor:
    """u_1 ⊙ … ⊙ u_N, of any shape."""
    return math.prod(factors[1:], start=factors[0])


def balanced(draw: Weights) -> Weights:
    """The draw's own product in factors of equal size, |W_e|^{1/N} each, as Eq. 7 is for scalars; signs in u_1."""
    W_e = product(draw)
    root = W_e.abs() ** (1 / len(draw))
    return [root * W_e.sign(), *[root] * (len(draw) - 1)]


# `near-zero`: N(0, init_std²) as it is. `identity`: 1 more, the identity of ⊙.
INITS: Mapping[str, Callable[[Weights], Weights]] = {
    "near-zero": lambda draw: draw,
    "identity": lambda draw: [factor + 1 for factor in draw],
    "balanced": balanced,
}


class Diagonal:
    """B networks of one depth N; params (N, d, B, k)."""

    trial_dim = 2
    maps = by_autograd(product)

    def __init__(self, params: Tensor) -> None:
        """Take over `params`."""
        self.params, self.grads = params, torch.zeros_like(params)
        self._pairs = list(zip(params.unbind(), self.grads.unbind(), strict=True))  # (u_j, its gradient)
        self._running = torch.empty_like(params[0])

    @staticmethod
    def group(one: Architecture, k: int) -> Hashable:
        """Networks of one depth."""
        return one.depth

    @staticmethod
    def initial(one: Architecture, d: int, k: int) -> Weights:
        """u_1 … u_N. Raises ConfigError for an initialisation that means nothing here."""
        if one.init not in INITS:
            raise ConfigError(f"diagonal networks have no init '{one.init}': choose one of {', '.join(INITS)}")
        generator = torch.Generator().manual_seed(one.seed)
        draw = torch.randn(one.depth, k, d, generator=generator, dtype=torch.float64) * one.init_std
        return INITS[one.init](list(draw))

    @staticmethod
    def pack(networks: Sequence[Weights], dtype: torch.dtype, device: torch.device) -> "Diagonal":
        """Copies."""
        stacked = torch.stack([torch.stack(factors) for factors in networks])  # (B, N, k, d)
        return Diagonal(stacked.permute(1, 3, 0, 2).to(dtype).to(device).contiguous())

    @staticmethod
    def restore(params: Tensor, ones: Sequence[Architecture], d: int, k: int) -> "Diagonal":
        """As it is."""
        return Diagonal(params)

    def end_to_end(self, out: Tensor) -> None:
        """u_1 ⊙ … ⊙ u_N, (d, B·k)."""
        torch.prod(self.params, dim=0, out=out.view(self._running.shape))

    def pullback(self, G: Tensor) -> None:
        """∂L/∂u_j = G ⊙ ∏_{i≠j} u_i, without dividing (an entry may be 0)."""
        self._running.copy_(G.view(self._running.shape))
        for factor, gradient in self._pairs:
            gradient.copy_(self._running)  # G ⊙ u_1 ⊙ … ⊙ u_{j−1}
            self._running.mul_(factor)
        self._running.fill_(1)
        for factor, gradient in reversed(self._pairs):
            gradient.mul_(self._running)  # u_{j+1} ⊙ … ⊙ u_N
            self._running.mul_(factor)

    def decay(self) -> Tensor:
        """All ones."""
        return self.params.new_ones(())

    def network(self, place: int) -> Weights:
        """u_1 … u_N, (k, d) each."""
        return [factor[:, place].T for factor in self.params]


PARAMETERISATION = Diagonal
