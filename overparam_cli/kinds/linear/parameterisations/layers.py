"""Layers of matrices, W_e = W_N ⋯ W_1 (Eq. 5): the paper's deep linear networks, many at once in preallocated memory.

What `layers` says for one network, two classes do for a batch:

- `ScalarChain`: one output and hidden layers of width 1, the paper's main setting. Every layer above W_1 is a scalar,
  so networks of different depths stand side by side in one array, and an iteration takes ten small operations in all.
- `MatrixChain`: any widths and any number of outputs, by batched matrix products.
"""

from collections.abc import Hashable, Sequence

import torch
from torch import Tensor

from overparam_cli.kinds.linear.layers import end_to_end, initial_weights, layer_shapes, pullback
from overparam_cli.kinds.linear.parameterisation import Architecture, Maps, Networks, Weights

LAYERS = Maps(end_to_end, pullback)
SCALARS = "scalars"


class Layers:
    """The parameterisation `layers`."""

    @staticmethod
    def group(one: Architecture, k: int) -> Hashable:
        """Networks of one output and width 1 stand together whatever their depth, others by their widths."""
        return SCALARS if k == 1 and all(width == 1 for width in one.widths) else one.widths

    @staticmethod
    def initial(one: Architecture, d: int, k: int) -> Weights:
        """W_1 … W_N."""
        return initial_weights(d, one.widths, k, init=one.init, init_std=one.init_std, seed=one.seed)

    @staticmethod
    def pack(networks: Sequence[Weights], dtype: torch.dtype, device: torch.device) -> Networks:
        """As scalars where every layer above the first is one, else as matrices."""
        scalar = all(weight.numel() == 1 for weights in networks for weight in weights[1:])
        chain = ScalarChain if scalar and len(networks[0][0]) == 1 else MatrixChain
        return chain.pack(networks, dtype, device)

    @staticmethod
    def restore(params: Tensor, ones: Sequence[Architecture], d: int, k: int) -> Networks:
        """The deepest network may be gone: rows that only pad now are dropped."""
        if Layers.group(ones[0], k) != SCALARS:
            return MatrixChain(params, layer_shapes(d, ones[0].widths, k))
        depths = [one.depth for one in ones]
        return ScalarChain(params[: d + max(depths) - 1].contiguous(), depths)


class ScalarChain:
    """Networks with one output and hidden layers of width 1: W_e = a_N ⋯ a_2 · W_1, of any mix of depths.

    params (d + m, B): W_1 in the first d rows, then the scalars a_2 … a_N, padded with ones up to the deepest network's
    m = N_max − 1. A pad's gradient is zero, so it stays 1.
    """

    trial_dim = 1
    maps = LAYERS

    def __init__(self, params: Tensor, depths: Sequence[int]) -> None:
        """Take over `params`, (d + m, B), for networks of `depths`."""
        m, B = max(depths) - 1, len(depths)
        d = params.shape[0] - m
        self.params, self.grads, self.depths = params, torch.zeros_like(params), tuple(depths)
        self.first, self.scalars = params[:d], params[d:]  # (d, B), (m, B)
        self.first_grad, self.scalar_grads = self.grads[:d], self.grads[d:]
        counts = torch.tensor(depths, device=params.device)  # (B,)
        real = torch.arange(2, m + 2, device=params.device)[:, None] <= counts  # (m, B): is there a layer j?
        self.real = real.to(params.dtype)
        self._scale = params.new_ones(B)  # a_N ⋯ a_2
        self._overlap = params.new_empty(B)  # ⟨W_1, G⟩
        self._product = torch.empty_like(self.first)
        self._others = params.new_empty(m, m, B)  # row j: all scalars but the j-th
        self._diagonal = self._others.diagonal(dim1=0, dim2=1)  # (B, m)

    @staticmethod
    def pack(networks: Sequence[Weights], dtype: torch.dtype, device: torch.device) -> "ScalarChain":
        """Lay out the weights of several networks, each a list W_1 (1, d), then scalars (1, 1)."""
        depths = [len(weights) for weights in networks]
        m, d = max(depths) - 1, networks[0][0].shape[1]
        params = torch.ones(d + m, len(networks), dtype=torch.float64)
        for b, weights in enumerate(networks):
            params[: d + len(weights) - 1, b] = torch.cat([weight.reshape(-1) for weight in weights])
        return ScalarChain(params.to(dtype).to(device), depths)

    def end_to_end(self, out: Tensor) -> None:
        """W_e = a_N ⋯ a_2 · W_1, (d, B)."""
        if len(self.scalars):
            torch.prod(self.scalars, dim=0, out=self._scale)
        torch.mul(self.first, self._scale, out=out)

    def pullback(self, G: Tensor) -> None:
        """∂L/∂W_1 = (∏ a) G and ∂L/∂a_j = (∏_{i≠j} a_i) ⟨W_1, G⟩; `end_to_end` must have been called before."""
        torch.mul(G, self._scale, out=self.first_grad)
        if not len(self.scalars):
            return
        torch.mul(self.first, G, out=self._product)
        torch.sum(self._product, dim=0, out=self._overlap)
        # Products of all scalars but one, without dividing (a scalar may be 0). A 0 in a pad's own place silences it.
        self._others.copy_(self.scalars)
        self._diagonal.copy_(self.real.T)
        torch.prod(self._others, dim=1, out=self.scalar_grads)
        self.scalar_grads.mul_(self._overlap)

    def decay(self) -> Tensor:
        """1 for W_1 and for the scalars that exist, 0 for pads; (d + m, B)."""
        return torch.cat([torch.ones_like(self.first), self.real])

    def network(self, place: int) -> Weights:
        """W_1 (1, d), then scalars (1, 1), without the pads."""
        scalars = self.scalars[: self.depths[place] - 1, place]
        return [self.first[:, place][None], *scalars[:, None, None]]


class MatrixChain:
    """Networks of one list of layer shapes, any widths and outputs; params (B, P) with the layers one after another.

    Going down from the output, `above_j` = W_N ⋯ W_{j+1} (B, k, n_j) has only k rows, and going up, `below_j` =
    G (W_{j−1} ⋯ W_1)ᵀ (B, k, n_{j−1}) too, so no product of two hidden layers is ever formed: ∂L/∂W_j is
    above_jᵀ below_j.
    """

    trial_dim = 0
    maps = LAYERS

    def __init__(self, params: Tensor, shapes: Sequence[tuple[int, int]]) -> None:
        """Take over `params`, (B, P), for networks whose layers have `shapes` (n_j, n_{j−1})."""
        B, self.k, self.d = len(params), shapes[-1][0], shapes[0][1]
        self.params, self.grads = params, torch.zeros_like(params)
        sizes = [rows * columns for rows, columns in shapes]

        def layers(flat: Tensor) -> Weights:
            parts = torch.split_with_sizes(flat, sizes, dim=1)
            return [part.view(B, *shape) for part, shape in zip(parts, shapes, strict=True)]

        self.weights, self.layer_grads = layers(params), layers(self.grads)
        self._above = [params.new_empty(B, self.k, columns) for _, columns in shapes[:-1]]  # W_N ⋯ W_j, below the top
        self._below = [params.new_empty(B, self.k, columns) for _, columns in shapes]

    @staticmethod
    def pack(networks: Sequence[Weights], dtype: torch.dtype, device: torch.device) -> "MatrixChain":
        """Lay out the weights of several networks of the same layer shapes."""
        shapes = [(weight.shape[0], weight.shape[1]) for weight in networks[0]]
        flat = torch.stack([torch.cat([weight.reshape(-1) for weight in weights]) for weights in networks])
        return MatrixChain(flat.to(dtype).to(device), shapes)

    def end_to_end(self, out: Tensor) -> None:
        """W_e = W_N ⋯ W_1, multiplied from the output down; out (d, B·k)."""
        product = self.weights[-1]
        for weight, above in zip(reversed(self.weights[:-1]), reversed(self._above), strict=True):
            torch.bmm(product, weight, out=above)
            product = above
        out.view(self.d, -1, self.k).copy_(product.permute(2, 0, 1))

    def pullback(self, G: Tensor) -> None:
        """∂L/∂W_j = (W_N ⋯ W_{j+1})ᵀ G (W_{j−1} ⋯ W_1)ᵀ; `end_to_end` must have been called before."""
        self._below[0].copy_(G.view(self.d, -1, self.k).permute(1, 2, 0))
        above = [*self._above[1:], self.weights[-1]]  # above[j] = W_N ⋯ W_{j+2}, counted from 0
        for j, below in enumerate(self._below[:-1]):
            torch.bmm(above[j].mT, below, out=self.layer_grads[j])
            torch.bmm(below, self.weights[j].mT, out=self._below[j + 1])
        self.layer_grads[-1].copy_(self._below[-1])

    def decay(self) -> Tensor:
        """All ones: nothing is padded; (B, 1)."""
        return self.params.new_ones(len(self.params), 1)

    def network(self, place: int) -> Weights:
        """W_1 … W_N."""
        return [weight[place] for weight in self.weights]


PARAMETERISATION = Layers()
