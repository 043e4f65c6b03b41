"""What a parameterisation is: how the parameters of a network make its end-to-end matrix W_e.

By Eq. 3 that is all there is to know of a network. Training needs two maps: from parameters to W_e (Eq. 5), and from
the gradient G = ∇L(W_e) back to the parameters (App. A.1).

The end-to-end matrices of B networks are the columns of one matrix (d, B·k), column b·k + o being output o of network
b, because that layout makes both products with the data, X · W and Xᵀ · R, run on contiguous memory.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple, Protocol

import torch
from torch import Tensor
from torch.func import vjp

Weights = list[Tensor]


class Architecture(Protocol):
    """The description of one network; trials have these attributes."""

    @property
    def depth(self) -> int:
        """N."""

    @property
    def widths(self) -> tuple[int, ...]:
        """Hidden widths, N − 1 of them."""

    @property
    def init(self) -> str:
        """Name of the initialisation."""

    @property
    def init_std(self) -> float:
        """Standard deviation of the initial draw."""

    @property
    def seed(self) -> int:
        """Seed of the initial draw."""


class Maps(NamedTuple):
    """The two maps as pure, differentiable functions of the tensors of one network, or of a batch of them.

    Every tensor may have the same leading batch dimensions; W_e and G are (..., k, d).
    """

    end_to_end: Callable[[Sequence[Tensor]], Tensor]
    pullback: Callable[[Sequence[Tensor], Tensor], Sequence[Tensor]]


class Networks(Protocol):
    """B networks in one array `params`, gradients in `grads` of the same shape.

    Allocates when it is built and never after. `trial_dim` is the dimension of `params` that counts the networks, and
    `maps` says for one network what the methods do for all.
    """

    params: Tensor
    grads: Tensor
    trial_dim: int
    maps: Maps

    def end_to_end(self, out: Tensor) -> None:
        """Write W_e of every network (Eq. 5) into `out`, (d, B·k)."""

    def pullback(self, G: Tensor) -> None:
        """Write the gradient of every parameter (App. A.1) into `grads`, for G = ∇L(W_e), (d, B·k), left as it is.

        `end_to_end` must have been called since the parameters last changed.
        """

    def decay(self) -> Tensor:
        """What weight decay λ (Eq. 4) multiplies each parameter by, over λ, broadcasting against `params`.

        1 for a weight, 0 for what only pads.
        """

    def network(self, place: int) -> Weights:
        """The tensors of one network, for `maps`."""


class Parameterisation(Protocol):
    """How to describe, start and hold networks of one parameterisation."""

    def group(self, one: Architecture, k: int) -> Hashable:
        """What networks must share to stand in one array."""

    def initial(self, one: Architecture, d: int, k: int) -> Weights:
        """Initial tensors of one network in float64; they depend on the arguments alone."""

    def pack(self, networks: Sequence[Weights], dtype: torch.dtype, device: torch.device) -> Networks:
        """Lay out several networks of one group, each as `initial` has it, in one array; copies."""

    def restore(self, params: Tensor, ones: Sequence[Architecture], d: int, k: int) -> Networks:
        """Take over an array that `pack` laid out, perhaps for more networks than `ones`, which are left of them."""


def by_autograd(end_to_end: Callable[[Sequence[Tensor]], Tensor]) -> Maps:
    """Both maps from the first one, for a parameterisation that writes out no pull-back of its own."""

    def pullback(weights: Sequence[Tensor], G: Tensor) -> Sequence[Tensor]:
        gradients: Sequence[Tensor] = vjp(lambda *own: end_to_end(own), *weights)[1](G)
        return gradients

    return Maps(end_to_end, pullback)
