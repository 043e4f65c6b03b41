"""What the engine is held against in `overparam bench`: the usual loop, bare arithmetic, JAX if installed."""

import itertools
import math
import os
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor

from overparam_cli.kinds.linear.compiled.library import library
from overparam_cli.kinds.linear.kernels import padded
from overparam_cli.kinds.linear.loss import Loss
from overparam_cli.kinds.linear.problem import LinearProblem

Run = Callable[[int], None]
"""So many iterations."""

SAFE_RATE = 1e-5  # diverges at no depth, so that batches keep their size
OPTIMIZERS: Mapping[str, Any] = {"gd": torch.optim.SGD, "adam": torch.optim.Adam}


def one_at_a_time(
    problem: LinearProblem,
    loss: Loss,
    depth: int,
    dtype: torch.dtype,
    device: torch.device,
    *,
    optimizer: str = "gd",
    width: int = 1,
) -> Run:
    """The loop everybody writes: torch.nn.Linear, autograd and torch.optim, one trial."""
    X, Y = (tensor.to(device, dtype) for tensor in (problem.X, problem.Y))
    sizes = [X.shape[1], *[width] * (depth - 1), Y.shape[1]]
    layers = [torch.nn.Linear(a, b, bias=False) for a, b in itertools.pairwise(sizes)]
    network = torch.nn.Sequential(*layers).to(device, dtype)
    for layer in layers:
        torch.nn.init.normal_(layer.weight, std=0.01)
    moves = OPTIMIZERS[optimizer](network.parameters(), lr=SAFE_RATE)

    def run(steps: int) -> None:
        for _ in range(steps):
            moves.zero_grad()
            value: Tensor = loss.each(network(X) - Y).mean() / loss.divisor
            value.backward()  # type: ignore[no-untyped-call]
            moves.step()

    return run


def bare_products(problem: LinearProblem, trials: int, dtype: torch.dtype, device: torch.device) -> Run:
    """The two matrix products of an iteration and nothing else, in the engine's shapes."""
    n, d = problem.X.shape
    width = padded(trials)
    X = problem.X.to(device, dtype)
    Xt = X.T.contiguous()
    W, R, G = (torch.randn(rows, width, dtype=dtype, device=device) for rows in (d, n, d))

    def run(steps: int) -> None:
        for _ in range(steps):
            torch.mm(X, W, out=R)
            torch.mm(Xt, R, out=G)

    return run


def peak(problem: LinearProblem, loss: Loss, dtype: torch.dtype) -> Run:
    """As many operations as an iteration of one trial cannot do without, of registers alone, on one thread.

    Those are two a number of X forward and two backward, and for ℓ2 two a number of XᵀX, in float64.
    """
    n, d = problem.X.shape
    operations = 2 * d * d if loss.quadratic else 4 * n * d
    width = torch.float64.itemsize if loss.quadratic else dtype.itemsize
    compute = library().peak
    in_a_round = compute(width, 0, 1)

    def run(steps: int) -> None:
        compute(width, 0, math.ceil(steps * operations / in_a_round))

    return run


def has_jax() -> bool:
    """Whether JAX is installed."""
    return find_spec("jax") is not None


def jax_loop(problem: LinearProblem, loss: Loss, rate: float, dtype: str = "float32") -> Callable[[Any, int], Any]:
    """Gradient descent on networks of width 1 as one writes it with JAX: trials as rows, the loop compiled as a whole.

    Takes W_1 (B, d) and scalars (B, N − 1), of that `dtype`, and how many steps to make; for ℓ2 from XᵀX and Xᵀy. Its
    loop of any length was seen to be no slower than `scan`.
    """
    os.environ.setdefault("NPROC", str(torch.get_num_threads()))  # as many threads as the others have
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)  # without this there is no float64; float32 stays what it is
    X, y = problem.X.numpy(), problem.Y.numpy()[:, 0]
    n = len(X)
    data = [X.T @ X / n, X.T @ y / n] if loss.quadratic else [X, y]
    A, b = (jnp.asarray(array, dtype) for array in data)

    def end_to_end(weights: Any) -> Any:
        return weights[0] * jnp.prod(weights[1], axis=1, keepdims=True)

    def step(_: Any, weights: Any) -> Any:
        W, pullback = jax.vjp(end_to_end, weights)
        G = W @ A - b if loss.quadratic else loss.slope(W @ A.T - b) @ A / n
        return jax.tree.map(lambda w, g: w - rate * g, weights, pullback(G)[0])

    def advance(weights: Any, steps: int) -> Any:
        return jax.lax.fori_loop(0, steps, step, weights)

    loop: Callable[[Any, int], Any] = jax.jit(advance)
    return loop


def with_jax(problem: LinearProblem, loss: Loss, trials: int, depth: int, dtype: str = "float32") -> Run:
    """The same steps from the same start, whatever their number."""
    import jax

    loop, d = jax_loop(problem, loss, SAFE_RATE, dtype), problem.X.shape[1]
    draw = torch.randn(trials, d + depth - 1, generator=torch.Generator().manual_seed(0)).numpy() * 0.01
    start = (jax.numpy.asarray(draw[:, :d], dtype), jax.numpy.asarray(draw[:, d:], dtype))

    def run(steps: int) -> None:
        jax.block_until_ready(loop(start, steps))

    return run
