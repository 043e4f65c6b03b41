"""`overparam bench`: an iteration of the linear engine, beside the loop everybody writes and bare arithmetic."""

import itertools
import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from overparam_cli.kinds.linear import losses
from overparam_cli.kinds.linear.compiled.library import library, why_not
from overparam_cli.kinds.linear.engine import Engine
from overparam_cli.kinds.linear.kernels import padded
from overparam_cli.kinds.linear.loss import Loss
from overparam_cli.kinds.linear.problem import LinearProblem, load_problem
from overparam_cli.kinds.linear.trial import LinearTrial
from overparam_cli.run.machine import DTYPES, pick_device, steady_arithmetic
from overparam_cli.run.settings import Settings
from overparam_cli.run.timing import Subject, Timing, measure

DEPTHS = (1, 2, 3)
SIZES = (1, 13, 30, 100)  # trials; 12 to 15 are alive for nearly all of Figure 3
NAIVE = "one at a time (torch.nn, autograd, SGD)"
ENGINE, WITH_TORCH = "engine", "engine, PyTorch's kernel"
PRODUCTS, PEAK = "two bare matrix products", "the arithmetic alone, at its peak"
SAFE_RATE = 1e-5  # diverges at no depth, so that batches keep their size


def template(loss: str, depth: int, dataset: str, dtype: str) -> LinearTrial:
    """A trial of Figure 3's kind."""
    return LinearTrial(
        experiment="bench",
        variant=loss,
        curve=f"depth-{depth}",
        dataset=dataset,
        targets=(),
        preprocessing="zscore",
        loss=loss,
        depth=depth,
        widths=(1,) * (depth - 1),
        init="near-zero",
        init_std=0.01,
        optimizer="gd",
        semantics="tf1",
        hyper=(),
        lr=SAFE_RATE,
        weight_decay=0.0,
        seed=0,
        dtype=dtype,
        iterations=1,
    )


def one_at_a_time(
    problem: LinearProblem, loss: Loss, depth: int, dtype: torch.dtype, device: torch.device
) -> Callable[[int], None]:
    """The loop everybody writes: torch.nn.Linear, autograd and torch.optim.SGD, one trial."""
    X, Y = (tensor.to(device, dtype) for tensor in (problem.X, problem.Y))
    sizes = [X.shape[1], *[1] * (depth - 1), Y.shape[1]]
    layers = [torch.nn.Linear(a, b, bias=False) for a, b in itertools.pairwise(sizes)]
    network = torch.nn.Sequential(*layers).to(device, dtype)
    for layer in layers:
        torch.nn.init.normal_(layer.weight, std=0.01)
    optimizer = torch.optim.SGD(network.parameters(), lr=SAFE_RATE)

    def run(steps: int) -> None:
        for _ in range(steps):
            optimizer.zero_grad()
            value: Tensor = loss.each(network(X) - Y).mean() / loss.divisor
            value.backward()  # type: ignore[no-untyped-call]
            optimizer.step()

    return run


def bare_products(
    problem: LinearProblem, trials: int, dtype: torch.dtype, device: torch.device
) -> Callable[[int], None]:
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


def engine_steps(
    problem: LinearProblem, trials: Sequence[LinearTrial], device: torch.device, kernel: str = "auto"
) -> Callable[[int], None]:
    """The engine on a batch."""
    return Engine(problem.X, problem.Y, trials, device=device, kernel=kernel).advance


def peak(problem: LinearProblem, loss: Loss, dtype: torch.dtype) -> Callable[[int], None]:
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


def batch(trials: int, depths: Sequence[int], loss: str, dataset: str, dtype: str) -> list[LinearTrial]:
    """`trials` trials, the depths in turn, each with a seed of its own."""
    return [replace(template(loss, depths[i % len(depths)], dataset, dtype), seed=i) for i in range(trials)]


def subjects(settings: Settings, dataset: str, dtype: str) -> Iterator[Subject]:
    """All that is timed, for ℓ4 and ℓ2."""
    device = pick_device(settings.device)
    has_compiled = device.type == "cpu" and not why_not()  # then it is the engine's
    for loss in ("l4", "l2"):
        problem = load_problem(template(loss, 1, dataset, dtype), settings)
        for depth in DEPTHS:
            run = one_at_a_time(problem, losses.named(loss), depth, DTYPES[dtype], device)
            yield Subject(NAIVE, loss, 1, str(depth), run)
        for trials in SIZES:
            own, depths = batch(trials, DEPTHS, loss, dataset, dtype), "1,2,3" if trials > 1 else "1"
            yield Subject(ENGINE, loss, trials, depths, engine_steps(problem, own, device))
            if has_compiled:
                run = engine_steps(problem, own, device, "torch")
                yield Subject(WITH_TORCH, loss, trials, depths, run)
        if has_compiled:
            yield Subject(PEAK, loss, 1, "-", peak(problem, losses.named(loss), DTYPES[dtype]))
        for depth in DEPTHS:
            run = engine_steps(problem, batch(30, (depth,), loss, dataset, dtype), device)
            yield Subject("engine, one depth", loss, 30, str(depth), run)
        for trials in (13, 30):
            run = bare_products(problem, trials, DTYPES[dtype], device)
            yield Subject(PRODUCTS, loss, trials, "-", run)


def ratios(timings: Sequence[Timing]) -> list[tuple[str, str, float]]:
    """(loss, what, ratio of medians): the engine against all else, and its depths against each other."""
    found = []
    for loss in dict.fromkeys(timing.loss for timing in timings):
        median = {(t.subject, t.trials, t.depth): t.median for t in timings if t.loss == loss}
        naive = statistics.mean(median[NAIVE, 1, str(depth)] for depth in DEPTHS)
        engine = {trials: time for (subject, trials, _), time in median.items() if subject == ENGINE}
        found += [(loss, f"one at a time / engine at {trials} trials", naive / time) for trials, time in engine.items()]
        for (subject, trials, _), time in median.items():
            if subject == WITH_TORCH:
                found.append((loss, f"{WITH_TORCH} / engine, {trials} trials", time / engine[trials]))
            elif subject == PRODUCTS:
                found.append((loss, f"engine / {PRODUCTS}, {trials} trials", engine[trials] / time))
            elif subject == PEAK:  # the engine's share of the processor's arithmetic
                found += [
                    (loss, f"% of one thread's peak, {size} trials", 100 * time / own) for size, own in engine.items()
                ]
        for depth in DEPTHS[1:]:
            over = median["engine, one depth", 30, str(depth)] / median["engine, one depth", 30, "1"]
            found.append((loss, f"depth {depth} / depth 1, engine at 30 trials", over))
    return found


def run(
    settings: Settings, *, dataset: str, dtype: str, rounds: int, seconds: float
) -> tuple[list[Timing], list[tuple[str, str, float]]]:
    """The whole benchmark: times and their ratios; raises the errors of `data.load`."""
    steady_arithmetic()
    found = list(subjects(settings, dataset, dtype))
    timings = measure(found, rounds=rounds, seconds=seconds, device=settings.device)
    return timings, ratios(timings)
