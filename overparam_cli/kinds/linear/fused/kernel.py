"""The kernel for GPUs: the gradient of ℓp, p even, of one output in two launches, and loops of gradient descent."""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import torch
from torch import Tensor

from overparam_cli.kinds.linear.fused.available import title
from overparam_cli.kinds.linear.kernels import Chains, Gram, padded
from overparam_cli.kinds.linear.losses.power import Power
from overparam_cli.kinds.optimizers.gd import gd

ROWS, COLS, FEATURES = 32, 16, 128  # of the data, trials, and features that an instance has at a time
HOW = {"num_warps": 8, "enable_fp_fusion": True}  # with fewer warps, registers spill over
TILE = 2048  # numbers of the partial gradients that are summed at a time
MOST_SCALARS = 32  # of a chain, and
MOST_FEATURES = 4096  # that one instance moves; the engine moves what is larger
MOST_IN_REGISTERS = 128  # features whose XᵀX an instance keeps


def programs() -> Any:
    """What runs on the GPU. Triton is imported here, and by no one who does not use it."""
    return import_module("overparam_cli.kinds.linear.fused.programs")


def power_of_2(number: int, least: int = 1) -> int:
    """The next one that is not below `number`."""
    return max(least, 1 << (number - 1).bit_length()) if number > 0 else least


def blocks_of(count: int, size: int) -> int:
    """How many blocks of `size` there are."""
    return -(-count // size)


def alone(families: Sequence[Chains], d: int, most: int) -> Chains | None:
    """The one family, if it is plain gradient descent on chains that an instance can move; None otherwise."""
    if len(families) != 1 or families[0].function is not gd.function:  # which does not count its steps
        return None
    if families[0].sizes or families[0].whole:  # of matrices, or W_e itself
        return None
    return families[0] if d <= most and len(families[0].params) - d <= MOST_SCALARS else None


class Fused:
    """G = Xᵀ(XW − y)^{p−1}/n: each block of rows by itself, forward and backward, then their sum in a fixed order."""

    def __init__(self, loss: Power, X: Tensor, Y: Tensor, dtype: torch.dtype) -> None:
        """X (n, d) and Y (n, 1) in float64, on the device it is to run on; W_e and G are in `dtype`."""
        self.name, self.p, self.programs = title(), loss.p, programs()
        self.X, self.y = X.to(dtype).contiguous(), Y.to(dtype).contiguous()
        self.blocks = blocks_of(len(X), ROWS)

    def lay_out(self, columns: int) -> tuple[Tensor, Tensor]:
        """A partial gradient a block of rows and trial."""
        self.columns, d = columns, self.X.shape[1]
        self.W_e = self.X.new_zeros(d, padded(columns))
        self.G = torch.zeros_like(self.W_e)
        self.partial = self.X.new_empty(self.blocks, columns, d)
        return self.W_e, self.G

    def gradient(self) -> None:
        """Two launches."""
        n, d = self.X.shape
        width = self.W_e.shape[1]
        self._partial_gradients(self.W_e, width, 0, 0)
        D = min(power_of_2(d, 16), FEATURES)
        self.programs.sum_gradients[(self.columns, blocks_of(d, D))](
            self.partial, self.G, n, d, self.columns, width, self.blocks, BLOCKS=TILE // D, D=D, **HOW
        )

    def _partial_gradients(self, W: Tensor, width: int, m: int, M: int) -> None:
        n, d = self.X.shape
        self.programs.partial_gradients[(self.blocks, blocks_of(self.columns, COLS))](
            self.X, self.y, W, self.partial, n, d, self.columns, width, m,
            P=self.p, ROWS=ROWS, COLS=COLS, D=min(power_of_2(d, 16), FEATURES), M=M, **HOW,
        )  # fmt: skip

    def descend(self, families: Sequence[Chains]) -> Callable[[int, int], None] | None:
        """Two launches an iteration. W_e is not written: what is looked at in between changes nothing."""
        n, d = self.X.shape
        if not (chains := alone(families, d, MOST_FEATURES)):
            return None
        m = len(chains.params) - d
        D, M = power_of_2(d, 16), power_of_2(m)
        own = (chains.params, chains.real, chains.rate, chains.decay)

        def run(_: int, steps: int) -> None:
            for _ in range(steps):
                self._partial_gradients(chains.params, self.columns, m, M)
                self.programs.move_chains[(self.columns,)](
                    self.partial, *own, n, d, self.columns, m, self.blocks, BLOCKS=max(1, TILE // D), D=D, M=M, **HOW
                )

        return run


class FusedGram(Gram):
    """ℓ2 in Gram form; on scalar chains one launch makes many iterations, an instance having a trial to itself."""

    def __init__(self, X: Tensor, Y: Tensor, dtype: torch.dtype) -> None:
        """X (n, d) and Y (n, 1) in float64, on the device it is to run on; W_e and G are in `dtype`."""
        super().__init__(X, Y, dtype)
        self.name = title()

    def descend(self, families: Sequence[Chains]) -> Callable[[int, int], None] | None:  # type: ignore[override]
        """None also where XᵀX is too large to be kept in registers."""
        if not (chains := alone(families, self.d, MOST_IN_REGISTERS)):
            return None
        m, B = len(chains.params) - self.d, len(chains.rate)
        own, program = (chains.params, chains.real, chains.rate, chains.decay), programs().descend_gram
        D, M = power_of_2(self.d, 16), power_of_2(m)

        def run(_: int, steps: int) -> None:
            program[(B,)](self.gram, *own, self.d, B, m, steps, D=D, M=M, **HOW)

        return run
