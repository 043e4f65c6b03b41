"""`overparam bench --model cnn`: what a step of the MNIST network costs, beside what else was tried.

The loop everybody writes, in either memory format and with a fused optimiser; several trials in one network, their
convolutions as groups of one and their dense layers as batched products; the trainer, alone and side by side.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from overparam_cli.kinds.mnist import architecture
from overparam_cli.kinds.mnist import network as cnn
from overparam_cli.kinds.mnist.problem import ImageProblem, load_problem
from overparam_cli.kinds.mnist.trainer import CnnTrainer
from overparam_cli.kinds.mnist.trial import MnistTrial
from overparam_cli.kinds.optimizers import OPTIMIZERS
from overparam_cli.run.backends import share
from overparam_cli.run.machine import DTYPES, steady_arithmetic, threads_each
from overparam_cli.run.settings import Settings
from overparam_cli.run.timing import Subject, Timing, measure

BATCH, GROUPS = 64, 4
LOOP, FUSED, LAST = "plain loop", "plain loop, fused SGD", "plain loop, channels last"
TRAINER, SIDE, GROUPED, BARE = "trainer", "trainer, side by side", "one grouped network", "bare matrix product"
PRODUCT = "trainer, decay of the product"  # Figure 5 right's default; the others' falls on each factor, as the loops'


def template(dataset: str, dtype: str, depth: int) -> MnistTrial:
    """A trial of Figure 5's kind."""
    widths = tuple(architecture.smallest_widths(layer, depth) for layer in architecture.DENSE)
    return MnistTrial(
        experiment="bench", variant="cross-entropy", curve=f"depth-{depth}", dataset=dataset, optimizer="momentum",
        semantics="tf1", hyper=tuple(OPTIMIZERS["momentum"].defaults["tf1"].items()), lr=0.01, init_std=0.1,
        weight_decay=5e-4, seed=0, dtype=dtype, iterations=10**6, widths=widths,
        factor_stds=tuple((0.1,) * depth if depth > 1 else () for _ in widths), decay_on="factors", lr_decay=0.95,
        batch=BATCH, dropout=0.5, validation=5000, evaluate_every=10**6,
    )  # fmt: skip


def flops(depth: int) -> float:
    """Floating-point operations of a step: 2 a multiply-add, forward, and twice that backward; the first layer's input
    needs no gradient.
    """
    (images, one, two), side = architecture.CHANNELS, architecture.SIDE
    first = 2 * architecture.KERNEL**2 * images * one * side**2
    second = 2 * architecture.KERNEL**2 * one * two * (side // 2) ** 2
    shapes = cnn.parameter_shapes({layer: architecture.smallest_widths(layer, depth) for layer in architecture.DENSE})
    dense = sum(2 * torch.Size(shape).numel() for name, shape in shapes.items() if ".W" in name)
    return float(BATCH * (2 * first + 3 * (second + dense)))


def plain_network(depth: int) -> nn.Sequential:
    """The tutorial's network as torch.nn has it."""
    convolutions = [
        nn.Conv2d(1, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
    ]  # fmt: skip
    dense: list[list[nn.Module]] = []
    for layer, (d, k) in architecture.DENSE.items():
        sizes = [d, *architecture.smallest_widths(layer, depth), k]
        dense.append([nn.Linear(sizes[j], sizes[j + 1], bias=j == depth - 1) for j in range(depth)])
    return nn.Sequential(*convolutions, *dense[0], nn.ReLU(), nn.Dropout(0.5), *dense[1])


def plain_loop(
    problem: ImageProblem, depth: int, dtype: torch.dtype, *, fused: bool, last: bool
) -> Callable[[int], None]:
    """The loop everybody writes; weight decay on the dense layers by parameter groups."""
    device, side = problem.images.device, architecture.SIDE
    layout = torch.channels_last if last else torch.contiguous_format
    network = plain_network(depth).to(device, dtype)
    network.to(memory_format=layout)  # type: ignore[call-overload]  # PyTorch's stubs lack it
    decay = {nn.Conv2d: 0.0, nn.Linear: 5e-4}
    groups = [
        {"params": [*own.parameters()], "weight_decay": decay[type(own)]} for own in network if type(own) in decay
    ]
    optimizer = torch.optim.SGD(groups, lr=0.01, momentum=0.9, fused=fused)
    images = cnn.scale_pixels(problem.images[:BATCH], dtype).flatten(1).view(BATCH, 1, side, side)
    images = images.contiguous(memory_format=layout)
    labels = problem.labels[:BATCH]

    def run(steps: int) -> None:
        for _ in range(steps):
            optimizer.zero_grad()
            F.cross_entropy(network(images), labels).backward()  # type: ignore[no-untyped-call]
            optimizer.step()

    return run


def grouped(problem: ImageProblem, trials: int, dtype: torch.dtype) -> Callable[[int], None]:
    """`trials` original networks as one: grouped convolutions over stacked channels, batched products for the rest."""
    device = problem.images.device
    one = cnn.initial_parameters(architecture.UNFACTORED, init_std=0.1, factor_stds={}, seed=0)
    stacked = {name: torch.stack([value] * trials).to(device, dtype) for name, value in one.items()}
    leaves = [value.requires_grad_() for value in stacked.values()]
    optimizer = torch.optim.SGD(leaves, lr=0.01, momentum=0.9, fused=True)
    images = cnn.scale_pixels(problem.images[:BATCH], dtype).repeat(1, trials, 1, 1)
    labels = problem.labels[:BATCH].repeat(trials)

    def scores() -> Tensor:
        maps = images
        for layer in architecture.CONVOLUTIONS:
            weight, bias = stacked[f"{layer}.weight"].flatten(0, 1), stacked[f"{layer}.bias"].flatten()
            maps = F.relu(F.max_pool2d(F.conv2d(maps, weight, bias, padding=2, groups=trials), 2))
        rows = maps.reshape(BATCH, trials, -1).transpose(0, 1)  # (trials, B, 3136)
        hidden = torch.baddbmm(stacked["dense1.bias"][:, None], rows, stacked["dense1.W1"].mT)
        hidden = F.dropout(F.relu(hidden), 0.5)
        return torch.baddbmm(stacked["dense2.bias"][:, None], hidden, stacked["dense2.W1"].mT).flatten(0, 1)

    def run(steps: int) -> None:
        for _ in range(steps):
            optimizer.zero_grad()
            (F.cross_entropy(scores(), labels) * trials).backward()  # type: ignore[no-untyped-call]
            optimizer.step()

    return run


def trainer_steps(problem: ImageProblem, trials: Sequence[MnistTrial]) -> Callable[[int], None]:
    """The trainer on trials of their own, as many side by side as a job would have, the threads shared out."""
    trainers = [CnnTrainer(trial, problem, problem.images.device) for trial in trials]
    places, threads = share(len(trials), 1, problem.images.device, torch.get_num_threads())

    def train(trainer: CnnTrainer, steps: int) -> None:
        for _ in range(steps):
            trainer.step()

    def run(steps: int) -> None:
        with threads_each(threads), ThreadPoolExecutor(places, initializer=steady_arithmetic) as pool:
            list(pool.map(lambda trainer: train(trainer, steps), trainers))

    return run


def bare_product(depth: int, dtype: torch.dtype, device: torch.device) -> Callable[[int], None]:
    """One square matrix product with as many operations as a step."""
    side = round((flops(depth) / 2) ** (1 / 3))
    A, B, out = (torch.randn(side, side, dtype=dtype, device=device) for _ in range(3))

    def run(steps: int) -> None:
        for _ in range(steps):
            torch.mm(A, B, out=out)

    return run


def subjects(settings: Settings, dataset: str, dtype: str) -> Iterator[Subject]:
    """All that is timed."""
    problem, kind = load_problem(template(dataset, dtype, 1), settings), DTYPES[dtype]
    device, places = problem.images.device, max(2, torch.get_num_threads())
    for depth in (1, 2):
        trial = template(dataset, dtype, depth)
        many = [replace(trial, seed=seed) for seed in range(places)]
        runs = {
            (LOOP, 1): plain_loop(problem, depth, kind, fused=False, last=False),
            (FUSED, 1): plain_loop(problem, depth, kind, fused=True, last=False),
            (LAST, 1): plain_loop(problem, depth, kind, fused=False, last=True),
            (TRAINER, 1): trainer_steps(problem, [trial]),
            (SIDE, places): trainer_steps(problem, many),
            (BARE, 1): bare_product(depth, kind, device),
        }
        if depth == 1:
            runs[GROUPED, GROUPS] = grouped(problem, GROUPS, kind)
        else:
            runs[PRODUCT, 1] = trainer_steps(problem, [replace(trial, decay_on="product")])
        yield from (Subject(name, "cross-entropy", trials, str(depth), run) for (name, trials), run in runs.items())


def ratios(timings: Sequence[Timing]) -> list[tuple[str, str, float]]:
    """(loss, what, ratio of medians): everything against the bare product, and depth 2 against depth 1."""
    median = {(timing.subject, timing.depth): timing.median for timing in timings}
    found = [
        ("cross-entropy", f"{subject} / {BARE}, depth {depth}", value / median[BARE, depth])
        for (subject, depth), value in median.items()
        if subject != BARE
    ]
    deeper = [
        ("cross-entropy", f"depth 2 / depth 1, {subject}", median[subject, "2"] / median[TRAINER, "1"])
        for subject in (TRAINER, PRODUCT)
    ]
    return [*found, *deeper]


def run(
    settings: Settings, *, dataset: str, dtype: str, rounds: int, seconds: float
) -> tuple[list[Timing], list[tuple[str, str, float]]]:
    """The whole benchmark: times and their ratios; raises the errors of `data.load_images`."""
    steady_arithmetic()
    found = list(subjects(settings, dataset, dtype))
    timings = measure(found, rounds=rounds, seconds=seconds, device=settings.device, least=1)
    return timings, ratios(timings)
