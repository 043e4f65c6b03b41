"""The kernel that is compiled from the C beside this file: the gradient of ℓp, p even, of one output on a processor."""

import weakref
from collections.abc import Callable, Mapping, Sequence
from ctypes import c_int
from typing import NamedTuple

import torch
from torch import Tensor

from overparam_cli.kinds.linear.compiled.library import Chain, library, title
from overparam_cli.kinds.linear.kernels import Chains, padded
from overparam_cli.kinds.linear.losses.power import Power
from overparam_cli.kinds.optimizers.adadelta import adadelta
from overparam_cli.kinds.optimizers.adagrad import adagrad
from overparam_cli.kinds.optimizers.adam import adam
from overparam_cli.kinds.optimizers.gd import gd
from overparam_cli.kinds.optimizers.momentum import momentum


class Rule(NamedTuple):
    """An optimiser that the library knows: its number in kernels.h, and the order of its state and hyperparameters."""

    number: int
    slots: tuple[str, ...] = ()
    hyper: tuple[str, ...] = ()


RULES: Mapping[Callable[..., None], Rule] = {
    gd.function: Rule(0),
    momentum.function: Rule(1, ("velocity",), ("momentum",)),
    adagrad.function: Rule(2, ("accumulator",), ("epsilon",)),
    adadelta.function: Rule(3, ("square", "delta"), ("rho", "epsilon")),
    adam.function: Rule(4, ("first", "second"), ("beta1", "beta2", "epsilon", "bias_corrected_epsilon")),
}

END_TO_END = -1  # in the place of a number of layers, in kernels.h


class Compiled:
    """G = Xᵀ(XW − y)^{p−1}/n in one pass over X; for ℓ2 from XᵀX/n and Xᵀy/n in float64.

    The same bits for any number of threads; `threads` is how many compute, at most as many as PyTorch had when the
    kernel was made. NaN and infinity stay in their columns.
    """

    def __init__(self, loss: Power, X: Tensor, Y: Tensor, dtype: torch.dtype, instruction_set: int = 0) -> None:
        """X (n, d) and Y (n, 1) in float64; W_e and G are in `dtype`; of the processor's instruction sets, best first.

        Raises NotBuiltError where the library is not there.
        """
        self.library, self.which, self.dtype, self.p = library(), instruction_set, dtype, loss.p
        self.name = title(instruction_set)
        if loss.quadratic:
            self.X, self.Y = X.T @ X / len(X), X.T @ Y / len(X)  # (d, d), (d, 1)
        else:
            self.X, self.Y = X.to(dtype).contiguous(), Y.to(dtype).contiguous()
        self._pool = self._threads = torch.get_num_threads()
        self._room = 0  # columns that the library's memory is for
        self._own: int | None = None
        self._release: Callable[[], object] = lambda: None

    @property
    def threads(self) -> int:
        """That compute."""
        return self._threads

    @threads.setter
    def threads(self, count: int) -> None:
        self._threads = self.library.use(self._own, count) if self._room else count

    @property
    def most_threads(self) -> int:
        """That can share the work of what is laid out."""
        now = self._threads
        self.threads = self._pool
        most, self.threads = self._threads, now
        return most

    def lay_out(self, columns: int) -> tuple[Tensor, Tensor]:
        """The library's copy of the data is kept as long as the batch does not grow."""
        (n, d), width = self.X.shape, padded(columns)
        if columns > self._room:
            self._release()
            numbers = (n, d, self.p, self.dtype.itemsize, columns, self._pool, self.which)
            self._own = self.library.new(self.X.data_ptr(), self.Y.data_ptr(), *numbers)
            if not self._own:
                raise MemoryError(f"no memory for the compiled kernel: {columns} columns of {n} × {d} data")
            self._release = weakref.finalize(self, self.library.free, self._own)
            self._room = columns
            self.threads = self._threads
        self.W_e = torch.zeros(d, width, dtype=self.dtype)
        self.G = torch.zeros_like(self.W_e)
        self._call = (self._own, self.W_e.data_ptr(), width, self.G.data_ptr(), width, columns)
        return self.W_e, self.G

    def gradient(self) -> None:
        """One call of the library."""
        self.library.gradient(*self._call)

    def descend(self, families: Sequence[Chains]) -> Callable[[int, int], None] | None:
        """The whole loop is one call."""
        if not all(chains.function in RULES for chains in families):
            return None
        own, W_e, _, G, width, _ = self._call
        made, alive, start = [], list[object](), 0  # alive: what the pointers are to
        for chains in families:
            rule, d, B = RULES[chains.function], len(self.W_e), len(chains.rate)
            layers = END_TO_END if chains.whole else max(len(chains.sizes) - 1, 0)
            m, sizes = 0 if chains.sizes else len(chains.params) - d, (c_int * len(chains.sizes))(*chains.sizes)
            state = [chains.state[slot] for slot in rule.slots]
            numbers = [chains.hyper[name] for name in rule.hyper]
            needed = [chains.params, chains.real, chains.rate, chains.decay, *state]
            if not all(tensor.is_contiguous() and tensor.dtype == self.dtype for tensor in needed):
                raise ValueError("chains of another precision or layout than the kernel's")
            params, real, rate, decay, *slots = (tensor.data_ptr() for tensor in needed)
            at = start * self.dtype.itemsize
            places = (W_e + at, G + at, width, layers, sizes)
            made.append(Chain(d, m, B, rule.number, params, real, rate, decay, (*slots,), (*numbers,), *places))
            alive, start = [*alive, *needed, sizes], start + B
        every = (Chain * len(made))(*made)

        def run(done: int, steps: int, _alive: Sequence[object] = alive) -> None:
            if self.library.descend(own, every, len(every), done, steps):
                raise MemoryError("no memory for the compiled loop")

        return run
