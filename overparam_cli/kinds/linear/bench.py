"""`overparam bench`: an iteration of the linear engine, beside the loop everybody writes and bare matrix products."""

import itertools
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from overparam_cli.kinds.linear import losses
from overparam_cli.kinds.linear.engine import Engine
from overparam_cli.kinds.linear.kernels import padded
from overparam_cli.kinds.linear.loss import Loss
from overparam_cli.kinds.linear.problem import LinearProblem, load_problem
from overparam_cli.kinds.linear.trial import LinearTrial
from overparam_cli.run.machine import DTYPES, pick_device, steady_arithmetic
from overparam_cli.run.settings import Settings
from overparam_cli.run.timing import Subject, Timing, measure

DEPTHS = (1, 2, 3)
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


def engine_steps(problem: LinearProblem, trials: Sequence[LinearTrial], device: torch.device) -> Callable[[int], None]:
    """The engine on a batch."""
    engine = Engine(problem.X, problem.Y, trials, device=device)

    def run(steps: int) -> None:
        engine.advance(steps)

    return run


def batch(trials: int, depths: Sequence[int], loss: str, dataset: str, dtype: str) -> list[LinearTrial]:
    """`trials` trials, the depths in turn, each with a seed of its own."""
    return [replace(template(loss, depths[i % len(depths)], dataset, dtype), seed=i) for i in range(trials)]


def subjects(settings: Settings, dataset: str, dtype: str) -> Iterator[Subject]:
    """All that is timed, for ℓ4 and ℓ2."""
    device = pick_device(settings.device)
    for loss in ("l4", "l2"):
        problem = load_problem(template(loss, 1, dataset, dtype), settings)
        for depth in DEPTHS:
            run = one_at_a_time(problem, losses.named(loss), depth, DTYPES[dtype], device)
            yield Subject("one at a time (torch.nn, autograd, SGD)", loss, 1, str(depth), run)
        for trials in (1, 10, 30):
            run = engine_steps(problem, batch(trials, DEPTHS, loss, dataset, dtype), device)
            yield Subject("engine", loss, trials, "1,2,3" if trials > 1 else "1", run)
        for depth in DEPTHS:
            run = engine_steps(problem, batch(30, (depth,), loss, dataset, dtype), device)
            yield Subject("engine, one depth", loss, 30, str(depth), run)
        run = bare_products(problem, 30, DTYPES[dtype], device)
        yield Subject("two bare matrix products", loss, 30, "-", run)


def ratios(timings: Sequence[Timing]) -> list[tuple[str, str, float]]:
    """(loss, what, ratio of medians): the engine against naive loop and bare products, depths over depth 1."""
    found = []
    for loss in dict.fromkeys(timing.loss for timing in timings):
        median = {(t.subject, t.trials, t.depth): t.median for t in timings if t.loss == loss}
        naive = statistics.mean(median["one at a time (torch.nn, autograd, SGD)", 1, str(depth)] for depth in DEPTHS)
        engine = median["engine", 30, "1,2,3"]
        found.append((loss, "one at a time / engine at 30 trials", naive / engine))
        found.append((loss, "engine / two bare matrix products", engine / median["two bare matrix products", 30, "-"]))
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
