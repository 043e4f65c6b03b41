"""`overparam bench`: an iteration of the linear engine, beside the loop everybody writes, bare arithmetic and JAX."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import torch

from overparam_cli.kinds.linear import rivals
from overparam_cli.kinds.linear.compiled.library import why_not
from overparam_cli.kinds.linear.engine import Engine
from overparam_cli.kinds.linear.fused import available as fused
from overparam_cli.kinds.linear.losses import named
from overparam_cli.kinds.linear.problem import LinearProblem, load_problem
from overparam_cli.kinds.linear.trial import LinearTrial
from overparam_cli.kinds.optimizers import OPTIMIZERS
from overparam_cli.run.graphs import Recorder, StepByStep
from overparam_cli.run.machine import DTYPES, pick_device, steady_arithmetic
from overparam_cli.run.settings import Settings
from overparam_cli.run.timing import Subject, Timing, measure
from overparam_cli.words import count

LOSSES, DEPTHS = ("l4", "l2"), (1, 2, 3)
NAIVE = "one at a time (torch.nn, autograd, torch.optim)"
ENGINE, WITH_TORCH, ONE_DEPTH = "engine", "engine, PyTorch's kernel", "engine, one depth"
BY_STEP, WITH_TRITON = "engine, operation by operation", "engine, Triton's kernel"  # on a GPU
JAX = {precision: f"JAX in {precision}, a compiled loop, trials as rows" for precision in ("float32", "float64")}
PRODUCTS, PEAK = "two bare matrix products", "the arithmetic alone, at its peak"
PRODUCTS_OF = (13, 30)
RIVALS_OF = (1, 13, 30, 60)  # trials beside JAX


@dataclass(frozen=True)
class Case:
    """Networks that are timed, one at a time and in batches."""

    optimizer: str
    width: int
    depths: tuple[int, ...]
    sizes: tuple[int, ...]  # of batches; 12 to 15 trials are alive for nearly all of Figure 3

    @property
    def name(self) -> str:
        """What sets it apart from gradient descent at width 1."""
        return " ".join([self.optimizer] * (self.optimizer != "gd") + [f"width {self.width}"] * (self.width != 1))


CASES = (
    Case("gd", 1, DEPTHS, (1, 13, 30, 60, 100, 300)),
    Case("adam", 1, DEPTHS, (1, 13, 30)),
    Case("gd", 100, (2, 3), (1, 13, 30)),
)


def template(loss: str, depth: int, dataset: str, dtype: str, optimizer: str = "gd") -> LinearTrial:
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
        optimizer=optimizer,
        semantics="tf1",
        hyper=tuple(sorted(OPTIMIZERS[optimizer].defaults["tf1"].items())),
        lr=rivals.SAFE_RATE,
        weight_decay=0.0,
        seed=0,
        dtype=dtype,
        iterations=1,
    )


def batch(first: LinearTrial, trials: int, depths: Sequence[int], width: int = 1) -> list[LinearTrial]:
    """`trials` trials like `first`, the depths in turn, each with a seed of its own."""
    own = [depths[place % len(depths)] for place in range(trials)]
    return [replace(first, depth=N, widths=(width,) * (N - 1), seed=place) for place, N in enumerate(own)]


def engine_steps(
    problem: LinearProblem,
    trials: Sequence[LinearTrial],
    device: torch.device,
    kernel: str = "auto",
    recorder: Recorder | None = None,
) -> rivals.Run:
    """The engine on a batch."""
    return Engine(problem.X, problem.Y, trials, device=device, kernel=kernel, recorder=recorder).advance


def other_ways(problem: LinearProblem, trials: Sequence[LinearTrial], device: torch.device) -> dict[str, rivals.Run]:
    """The engine in the other ways that it can compute on the device."""
    if device.type == "cpu":
        return {} if why_not() else {WITH_TORCH: engine_steps(problem, trials, device, "torch")}
    ways = {BY_STEP: engine_steps(problem, trials, device, "torch", StepByStep())}
    if not fused.why_not(device):
        ways[WITH_TRITON] = engine_steps(problem, trials, device, "triton")
    return ways


def subjects(settings: Settings, dataset: str, dtype: str, losses: Sequence[str] = LOSSES) -> Iterator[Subject]:
    """All that is timed of the losses of these names."""
    for name in losses:
        problem = load_problem(template(name, 1, dataset, dtype), settings)
        yield from _subjects_of(problem, name, settings, dataset, dtype)


def _subjects_of(problem: LinearProblem, name: str, settings: Settings, dataset: str, dtype: str) -> Iterator[Subject]:
    device, loss, kind = pick_device(settings.device), named(name), DTYPES[dtype]
    has_compiled = device.type == "cpu" and not why_not()  # then it is the engine's
    for case in CASES:
        for depth in case.depths:
            run = rivals.one_at_a_time(problem, loss, depth, kind, device, optimizer=case.optimizer, width=case.width)
            yield Subject(NAIVE, name, 1, str(depth), run, case.name)
        first = template(name, 1, dataset, dtype, case.optimizer)
        for trials in case.sizes:
            own = batch(first, trials, case.depths, case.width)
            depths = ",".join(map(str, case.depths)) if trials > 1 else str(case.depths[0])
            yield Subject(ENGINE, name, trials, depths, engine_steps(problem, own, device), case.name)
            for way, run in other_ways(problem, own, device).items():
                yield Subject(way, name, trials, depths, run, case.name)
    plain = template(name, 1, dataset, dtype)
    for depth in DEPTHS:
        yield Subject(ONE_DEPTH, name, 30, str(depth), engine_steps(problem, batch(plain, 30, (depth,)), device))
    for trials in PRODUCTS_OF:
        yield Subject(PRODUCTS, name, trials, "-", rivals.bare_products(problem, trials, kind, device))
    if has_compiled:
        yield Subject(PEAK, name, 1, "-", rivals.peak(problem, loss, kind))
    if rivals.has_jax() and device.type == "cpu":
        # Gradients of ℓ2 are in float64 whatever the weights are; with JAX one has float32 unless one asks for more.
        for precision in dict.fromkeys((dtype, "float64") if loss.quadratic else (dtype,)):
            for trials in [size for size in CASES[0].sizes if size in RIVALS_OF]:
                run = rivals.with_jax(problem, loss, trials, DEPTHS[-1], precision)
                yield Subject(JAX[precision], name, trials, str(DEPTHS[-1]), run)


def ratios(timings: Sequence[Timing]) -> list[tuple[str, str, float]]:
    """(loss, what, ratio of medians): all else against the engine, and its depths against each other."""
    found = []
    for loss in dict.fromkeys(timing.loss for timing in timings):
        own = [timing for timing in timings if timing.loss == loss]
        found += [(loss, what, ratio) for case in CASES for what, ratio in _of_case(case, own)]
        found += [(loss, what, ratio) for what, ratio in _of_arithmetic(own)]
    return found


def _sizes(timings: Sequence[Timing], subject: str, case: Case) -> Mapping[int, float]:
    """The medians of a subject by how many trials it has."""
    return {t.trials: t.median for t in timings if t.subject == subject and t.variant == case.name}


def _of_case(case: Case, timings: Sequence[Timing]) -> Iterator[tuple[str, float]]:
    engine, named = _sizes(timings, ENGINE, case), f", {case.name}" if case.name else ""
    naive = [t.median for t in timings if t.subject == NAIVE and t.variant == case.name]
    for trials, time in engine.items():
        if naive:
            yield f"one at a time / engine, {count(trials, 'trial')}{named}", statistics.mean(naive) / time
    for rival in (WITH_TORCH, BY_STEP, WITH_TRITON, *JAX.values()):
        for trials, time in _sizes(timings, rival, case).items():
            yield f"{rival} / engine, {count(trials, 'trial')}{named}", time / engine[trials]


def _of_arithmetic(timings: Sequence[Timing]) -> Iterator[tuple[str, float]]:
    engine = _sizes(timings, ENGINE, CASES[0])
    for trials, time in _sizes(timings, PRODUCTS, CASES[0]).items():
        yield f"engine / {PRODUCTS}, {count(trials, 'trial')}", engine[trials] / time
    for peak in _sizes(timings, PEAK, CASES[0]).values():
        for trials, time in engine.items():
            yield f"% of one thread's peak, {count(trials, 'trial')}", 100 * peak / time
    depths = {timing.depth: timing.median for timing in timings if timing.subject == ONE_DEPTH}
    for depth in DEPTHS[1:]:
        if depths:
            yield f"depth {depth} / depth 1, engine at 30 trials", depths[str(depth)] / depths["1"]


def run(
    settings: Settings, *, dataset: str, dtype: str, rounds: int, seconds: float, losses: Sequence[str] = LOSSES
) -> tuple[list[Timing], list[tuple[str, str, float]]]:
    """The whole benchmark: times and their ratios; raises the errors of `data.load`."""
    steady_arithmetic()
    found = list(subjects(settings, dataset, dtype, losses))
    timings = measure(found, rounds=rounds, seconds=seconds, device=settings.device)
    return timings, ratios(timings)
