"""The end-to-end matrix itself, moved as N layers would move it: the paper's end-to-end update rule (Eq. 10, Eq. 12).

The parameter is W_e, and what the pull-back makes of G = ∇L(W_e) is not its gradient but that gradient preconditioned,
so gradient descent on this parameterisation is the rule. Weight decay λ of each of N layers is λN of W_e.
"""

from collections.abc import Hashable, Sequence

import torch
from torch import Tensor

from overparam_cli.kinds.linear import layers
from overparam_cli.kinds.linear.inits import balanced
from overparam_cli.kinds.linear.parameterisation import Architecture, Maps, Weights


class EndToEnd:
    """W_e of B networks of `depths`; params (d, B) for one output, else (B, k·d)."""

    maps = Maps(layers.end_to_end, layers.pullback)

    def __init__(self, params: Tensor, depths: Sequence[int], k: int) -> None:
        """Take over `params`."""
        B = len(depths)
        self.params, self.grads, self.depths, self.k = params, torch.zeros_like(params), tuple(depths), k
        self.trial_dim = 1 if k == 1 else 0
        depth = torch.tensor(depths, dtype=torch.float64).to(params)  # (B,)
        self.depth = depth if k == 1 else depth[:, None]  # N per network, broadcasting against params
        self._scratch = torch.empty_like(params)
        self._rows = params.new_empty(3, B)

    @staticmethod
    def group(one: Architecture, k: int) -> Hashable:
        """All stand together: the depth is a number, widths are of the network that it starts as."""
        return ()

    @staticmethod
    def initial(one: Architecture, d: int, k: int) -> Weights:
        """The layers of the network whose W_e it starts from."""
        return layers.initial_weights(d, one.widths, k, init=one.init, init_std=one.init_std, seed=one.seed)

    @staticmethod
    def pack(networks: Sequence[Weights], dtype: torch.dtype, device: torch.device) -> "EndToEnd":
        """W_e of each network, its N the number of its layers."""
        rows = torch.stack([layers.end_to_end(weights).reshape(-1) for weights in networks])  # (B, k·d)
        k = len(networks[0][-1])
        params = (rows.T.contiguous() if k == 1 else rows).to(dtype).to(device)
        return EndToEnd(params, [len(weights) for weights in networks], k)

    @staticmethod
    def restore(params: Tensor, ones: Sequence[Architecture], d: int, k: int) -> "EndToEnd":
        """As it is."""
        return EndToEnd(params, [one.depth for one in ones], k)

    def end_to_end(self, out: Tensor) -> None:
        """W_e, (d, B·k)."""
        if self.k == 1:
            out.copy_(self.params)
        else:
            out.view(len(out), -1, self.k).copy_(self.params.view(-1, self.k, len(out)).permute(2, 0, 1))

    def pullback(self, G: Tensor) -> None:
        """G, preconditioned."""
        if self.k == 1:
            self.grads.copy_(G)
            self._precondition_single_output()
        else:
            self.grads.view(-1, self.k, len(G)).copy_(G.view(len(G), -1, self.k).permute(1, 2, 0))
            self._precondition()

    def decay(self) -> Tensor:
        """N of each network: Eq. 10's λN."""
        return self.depth

    def network(self, place: int) -> Weights:
        """N balanced layers of hidden width k that compute W_e: by Theorem 1 the rule stands for such a network.

        Which balanced factors does not matter: they differ by rotations. A W_e that is not finite comes as one layer.
        """
        W_e = self.params[:, place][None] if self.k == 1 else self.params[place].view(self.k, -1)
        if not W_e.isfinite().all():
            return [W_e]
        exact = W_e.double().cpu()
        factors = balanced([exact, *[torch.eye(self.k, dtype=exact.dtype)] * (self.depths[place] - 1)])
        return [factor.to(W_e.device) for factor in factors]

    def _precondition_single_output(self) -> None:
        """Eq. 12: G ← ‖W_e‖^{2−2/N} (G + (N−1) Pr_{W_e}{G}), for the columns of params and grads, (d, B).

        W_e = 0 is sent to 0 for N ≥ 2, as Claim 2 defines it: the power is 0, and so is what multiplies the projection.
        """
        overlap, norm, power = self._rows  # (B,) each
        torch.mul(self.params, self.grads, out=self._scratch)
        torch.sum(self._scratch, dim=0, out=overlap)  # ⟨W_e, G⟩
        torch.linalg.vector_norm(self.params, dim=0, out=norm)
        torch.sub(self.depth, 1, out=power)
        overlap.mul_(power)  # exactly 0 for N = 1, so nothing below can come of it
        torch.div(2, self.depth, out=power).neg_().add_(2)  # 2 − 2/N
        torch.pow(norm, power, out=power)
        norm.clamp_(min=torch.finfo(norm.dtype).tiny)  # only ever divides what is 0 there
        overlap.div_(norm).mul_(power).div_(norm)  # in this order, because the product of overlap and power underflows
        self.grads.mul_(power)
        self.grads.addcmul_(self.params, overlap)

    def _precondition(self) -> None:
        """Eq. 10: G ← Σ_j [W_e W_eᵀ]^{(j−1)/N} G [W_eᵀ W_e]^{(N−j)/N} for params and grads (B, k·d), from one SVD.

        With W_e = U S Vᵀ (thin) the terms 1 < j < N live in span(U) × span(V), where they are elementwise products with
        Σ_j S_r^{2(j−1)/N} S_s^{2(N−j)/N}; the terms j = 1 and j = N carry a zeroth power, which is the identity on the
        whole space, so one of their sides is not projected. W_e = 0 is sent to 0 for N ≥ 2.
        """
        B, k = len(self.params), self.k
        W, G = self.params.view(B, k, -1), self.grads.view(B, k, -1)  # (B, k, d)
        # The SVD refuses what is not finite, and a diverged trial must not stop the others. Its G is not finite either.
        U, S, Vh = torch.linalg.svd(W.nan_to_num(0, 0, 0), full_matrices=False)  # (B, k, r), (B, r), (B, r, d)
        UtG, GV = U.mT @ G, G @ Vh.mT  # (B, r, d), (B, k, r)
        N = self.depth  # (B, 1)
        core = S.new_zeros(B, S.shape[1], S.shape[1])  # (B, r, r)
        for j in range(2, max(self.depths)):
            inner = (j < N).to(S.dtype)
            left, right = S ** (2 * (j - 1) / N), S ** (2 * (N - j).clamp(min=0) / N)
            core += inner[:, :, None] * left[:, :, None] * right[:, None, :]
        ends = S ** (2 * (N - 1) / N)  # (B, r): S^{2(N−1)/N}
        first = (GV * ends[:, None, :]) @ Vh  # j = 1: I_k on the left
        last = U @ (ends[:, :, None] * UtG)  # j = N: I_d on the right
        middle = U @ (core * (UtG @ Vh.mT)) @ Vh
        G.copy_(torch.where(N[:, :, None] > 1, first + middle + last, G))  # N = 1 has a single term


PARAMETERISATION = EndToEnd
