"""Gradient kernels: G = ∇L(W) for the whole batch at once, from X, Y and W. The one place where the data is touched.

A kernel lays out its constant operands once. For a batch of `columns` end-to-end columns, `lay_out` allocates all that
an iteration needs and hands out W_e, to be written before each call of `gradient`, and G, to be read after it; both
(d, width), width being `columns` padded to a multiple of 16, because products of odd widths are markedly slower.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from overparam_cli.errors import ConfigError
from overparam_cli.kinds.linear.compiled.library import why_not
from overparam_cli.kinds.linear.fused import available as fused
from overparam_cli.kinds.linear.loss import Loss
from overparam_cli.kinds.linear.losses.power import Power

PAD = 16  # columns
KERNELS = ("auto", "torch", "compiled", "triton")


@dataclass(frozen=True)
class Chains:
    """A family of networks of one output and its optimiser, laid out as a chain in `layers` has it, or `end_to_end`."""

    params: Tensor  # (d + m, B): first layers, then scalars; (B, P) of matrices; (d, B) of W_e itself
    real: Tensor  # (m, B): 1 where there is such a layer, 0 for pads; of no meaning for matrices; (B): N of W_e itself
    rate: Tensor  # (B,)
    decay: Tensor  # (B,): weight decay λ of Eq. 4
    function: Callable[..., None]  # the optimiser's, by which a kernel may know it
    state: Mapping[str, Tensor]  # like `params` each
    hyper: Mapping[str, float]
    sizes: tuple[int, ...] = ()  # d, …, 1, of matrices; () of scalars
    whole: bool = False  # whether W_e itself moves, by the end-to-end rule


class GradientKernel(Protocol):
    """∇L for a batch; where it is computed, and by what means, is the kernel's own business."""

    @property
    def name(self) -> str:
        """What it is computed by, for the manifest."""

    def lay_out(self, columns: int) -> tuple[Tensor, Tensor]:
        """(W_e, G) for a batch of that many columns, W_e zeros."""

    def gradient(self) -> None:
        """Write ∇L(W_e) into G, column by column; allocates nothing."""

    def descend(self, families: Sequence[Chains]) -> Callable[[int, int], None] | None:
        """What makes, after so many iterations, so many more of the batch that is laid out; None if it cannot.

        `families` are all of the batch, in the order of its columns.
        """


class Reference:
    """What all kernels have in common that are written in PyTorch."""

    name = "torch"

    def descend(self, families: Sequence[Chains]) -> None:
        """An iteration is the engine's to make."""


class Residuals(Reference):
    """The reference for the residual form: R = X W − Y, G = Xᵀ ℓ′(R) / n, two matrix products.

    The labels ride along as extra columns of X against constant rows of W, so nothing is subtracted.
    """

    def __init__(self, loss: Loss, X: Tensor, Y: Tensor, dtype: torch.dtype, scale: float = 1.0) -> None:
        """X (n, d) and Y (n, k) in float64; the products are in `dtype`; `scale` is a factor on the loss."""
        self.slope_, self.k, self.d = loss.slope_, Y.shape[1], X.shape[1]
        self.inputs = torch.cat([X, -Y], dim=1).to(dtype)  # (n, d + k)
        self.backward = (scale * X.T / len(X)).to(dtype).contiguous()  # (d, n)

    def lay_out(self, columns: int) -> tuple[Tensor, Tensor]:
        """W below has the rows that the labels are multiplied by."""
        self.W, W_e, self.G = with_label_rows(self.inputs, self.d, self.k, columns)
        self.R = self.W.new_empty(len(self.inputs), self.W.shape[1])
        self.slopes = torch.empty_like(self.R)
        return W_e, self.G

    def gradient(self) -> None:
        """G = Xᵀ ℓ′(X W − Y) / n."""
        torch.mm(self.inputs, self.W, out=self.R)
        self.slope_(self.R, self.slopes)
        torch.mm(self.backward, self.slopes, out=self.G)


class Margins(Reference):
    """The reference for the margin form: M = Y ∘ (X W), G = Xᵀ (Y ∘ ℓ′(M)) / n, labels −1 and +1."""

    def __init__(self, loss: Loss, X: Tensor, Y: Tensor, dtype: torch.dtype, scale: float = 1.0) -> None:
        """X (n, d) and Y (n, k) in float64; the products are in `dtype`; `scale` is a factor on the loss."""
        self.slope_, self.X, self.Y = loss.slope_, X.to(dtype), Y.to(dtype)
        self.backward = (scale * X.T / len(X)).to(dtype).contiguous()  # (d, n)

    def lay_out(self, columns: int) -> tuple[Tensor, Tensor]:
        """The labels are repeated network by network; pads have the label 0."""
        (n, d), width = self.X.shape, padded(columns)
        self.W_e, self.G = self.X.new_zeros(d, width), self.X.new_empty(d, width)
        self.signs = self.X.new_zeros(n, width)
        self.signs[:, :columns] = self.Y.repeat(1, columns // self.Y.shape[1])
        self.M = torch.empty_like(self.signs)
        self.slopes = torch.empty_like(self.signs)
        return self.W_e, self.G

    def gradient(self) -> None:
        """G = Xᵀ (Y ∘ ℓ′(Y ∘ (X W))) / n."""
        torch.mm(self.X, self.W_e, out=self.M)
        self.M.mul_(self.signs)
        self.slope_(self.M, self.slopes)
        self.slopes.mul_(self.signs)
        torch.mm(self.backward, self.slopes, out=self.G)


class Gram(Reference):
    """ℓ2: the data enters only through XᵀX/n and XᵀY/n, one (d, d + k) product in float64 with no n in it."""

    def __init__(self, X: Tensor, Y: Tensor, dtype: torch.dtype) -> None:
        """X (n, d) and Y (n, k) in float64; W_e and G are in `dtype`."""
        self.dtype, self.k, self.d = dtype, Y.shape[1], X.shape[1]
        self.gram = torch.cat([X.T @ X, -X.T @ Y], dim=1) / len(X)  # (d, d + k) float64

    def lay_out(self, columns: int) -> tuple[Tensor, Tensor]:
        """Copies in float64 beside W and G, where they are not."""
        self.W, W_e, self.G = with_label_rows(self.gram.to(self.dtype), self.d, self.k, columns)
        same = self.dtype == torch.float64
        self.W64 = self.W if same else self.W.double()
        self.G64 = self.G if same else self.G.double()
        return W_e, self.G

    def gradient(self) -> None:
        """G = (XᵀX W − XᵀY) / n."""
        if self.W64 is not self.W:
            self.W64.copy_(self.W)
        torch.mm(self.gram, self.W64, out=self.G64)
        if self.G64 is not self.G:
            self.G.copy_(self.G64)


def padded(columns: int) -> int:
    """The next multiple of PAD."""
    return -(-columns // PAD) * PAD


def with_label_rows(like: Tensor, d: int, k: int, columns: int) -> tuple[Tensor, Tensor, Tensor]:
    """W (d + k, width), its first d rows W_e, and G (d, width); below W_e every column has a 1 at its own output."""
    own_label = torch.eye(k, dtype=like.dtype, device=like.device).repeat(1, columns // k)
    W = own_label.new_zeros(d + k, padded(columns))
    W[d:, :columns] = own_label
    return W, W[:d], W.new_empty(d, W.shape[1])


def choose(loss: Loss, k: int, device: torch.device, wanted: str) -> str:
    """Which kernel computes a loss of k outputs on a device, where `wanted` is one of KERNELS.

    The compiled one knows ℓp with one output on a processor, Triton's the same on a GPU; for the rest they stand back
    for PyTorch's. `auto` is the compiled one where it is built and knows the loss, and never Triton's as long as that
    has not been run on a GPU. Raises ConfigError where one is wanted that is not to be had.
    """
    if wanted not in KERNELS:
        raise ConfigError(f"unknown kernel '{wanted}': choose one of {', '.join(KERNELS)}")
    if wanted == "torch":
        return "torch"
    name = "triton" if wanted == "triton" else "compiled"
    if (why := fused.why_not(device) if name == "triton" else why_not()) and wanted == name:
        raise ConfigError(f"the {name} kernel is not to be had here, {why}: use --kernel auto or torch")
    known = isinstance(loss, Power) and k == 1 and (name == "triton" or device.type == "cpu")
    return name if known and not why else "torch"


def kernel_for(
    loss: Loss, X: Tensor, Y: Tensor, dtype: torch.dtype, wanted: str = "auto", *, scale: float = 1.0
) -> GradientKernel:
    """The kernel for `scale` times a loss and data: X (n, d) and Y (n, k) in float64, on the device it is to run on.

    See `choose`. For ℓp the factor is that of the data's p-th root: s·ℓ(r) = ℓ(s^{1/p} r).
    """
    if isinstance(loss, Power) and scale != 1:
        X, Y, scale = X * scale ** (1 / loss.p), Y * scale ** (1 / loss.p), 1.0
    chosen = choose(loss, Y.shape[1], X.device, wanted)
    if chosen == "compiled" and isinstance(loss, Power):
        from overparam_cli.kinds.linear.compiled.kernel import Compiled

        return Compiled(loss, X, Y, dtype)
    if chosen == "triton" and isinstance(loss, Power):
        from overparam_cli.kinds.linear.fused.kernel import Fused, FusedGram

        return FusedGram(X, Y, dtype) if loss.quadratic else Fused(loss, X, Y, dtype)
    if loss.quadratic:
        return Gram(X, Y, dtype)
    return (Residuals if loss.form == "residual" else Margins)(loss, X, Y, dtype, scale)
