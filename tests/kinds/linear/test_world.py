"""A whole run against a twin written from the paper: NumPy in float64, and nothing of ours.

The world differs from the default in every choice that the paper leaves open: scaling of features and of labels, factor
on the loss, learning rates, rule of selection, length, optimiser semantics, precision, seed. The twin has the initial
weights from PyTorch's generator, as the paper's N(0, σ²) cannot be had otherwise, and the optimum from SciPy.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import torch
from click.testing import CliRunner
from numpy.typing import NDArray
from scipy.optimize import minimize

from overparam_cli.cli.main import cli
from overparam_cli.results.run import Run

Array = NDArray[np.float64]
Step = Callable[[Array], Array]  # from a gradient to what is subtracted from the weights, but for the rate

STD, DECAY, SCALE, SEED, ITERATIONS = 0.4, 0.01, 4.0, 1, 60
RATES = (0.07, 0.23)
CURVES = {  # name → (optimiser, depth, widths)
    "gd-1": ("gd", 1, ()),
    "gd-2": ("gd", 2, (1,)),
    "gd-4": ("gd", 4, (3, 2, 4)),
    "momentum": ("momentum", 3, (1, 1)),
    "adagrad": ("adagrad", 1, ()),
    "adadelta": ("adadelta", 2, (2,)),
    "adam": ("adam", 3, (1, 1)),
    "rule": ("end-to-end", 3, (1, 1)),
}
STUDY = f"""
name = "world"
title = "A world that differs in every axis"
kind = "linear"

[trial]
dataset = "own.csv"
targets = ["y"]
preprocessing = "maxabs"
label_preprocessing = "minmax"
loss = "l4"
loss_scale = {SCALE}
weight_decay = {DECAY}
init_std = {STD}
semantics = "torch"
dtype = "float64"
seeds = {SEED + 1}
lr = {list(RATES)}
iterations = {ITERATIONS}

[analysis]
selection = "area"
"""


def table() -> tuple[Array, Array]:
    """Features that are not centred, of unequal scales, and labels far from 0."""
    rng = np.random.default_rng(7)
    X = rng.normal([3, -2, 0, 1, 5], size=(40, 5)) * [1, 10, 0.1, 3, 100]
    return X, X @ [1, -0.2, 4, 0.3, 0.01] + 50 + rng.normal(size=40)


def steps(optimizer: str) -> Step:
    """An optimiser as torch.optim documents it."""
    m = v = np.zeros(1)
    t = 0

    def step(g: Array) -> Array:
        nonlocal m, v, t
        t += 1
        if optimizer == "gd":
            return g
        if optimizer == "momentum":
            v = 0.9 * v + g
            return v
        if optimizer == "adagrad":
            v = v + g**2
            return g / (np.sqrt(v) + 1e-10)
        if optimizer == "adadelta":
            v = 0.9 * v + 0.1 * g**2
            delta = np.sqrt(m + 1e-6) / np.sqrt(v + 1e-6) * g
            m = 0.9 * m + 0.1 * delta**2
            return delta
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        return (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)

    return step


class World:
    """The twin's problem: features onto [−1, 1] by their largest magnitude, labels onto [0, 1], s·(1/n)Σ r⁴/4."""

    def __init__(self) -> None:
        X, y = table()
        self.X = X / np.abs(X).max(axis=0)
        self.y = (y - y.min()) / (y.max() - y.min())

    def loss(self, w: Array) -> float:
        return float(SCALE * np.mean((self.X @ w - self.y) ** 4) / 4)

    def gradient(self, w: Array) -> Array:
        found: Array = SCALE * self.X.T @ (self.X @ w - self.y) ** 3 / len(self.y)
        return found

    def hessian(self, w: Array) -> Array:
        found: Array = SCALE * self.X.T @ (3 * (self.X @ w - self.y)[:, None] ** 2 * self.X) / len(self.y)
        return found

    def optimum(self) -> float:
        options = {"gtol": 1e-15, "maxiter": 1000}
        found = minimize(
            self.loss, np.zeros(5), jac=self.gradient, hess=self.hessian, method="trust-exact", options=options
        )
        return float(found.fun)

    def path(self, optimizer: str, depth: int, widths: tuple[int, ...], lr: float) -> Iterator[Array]:
        """End-to-end weights (d,) from iteration 0 on."""
        generator = torch.Generator().manual_seed(SEED)
        sizes = [5, *widths, 1]
        layers = [
            (torch.randn(rows, columns, generator=generator, dtype=torch.float64) * STD).numpy()
            for columns, rows in pairwise(sizes)
        ]
        rule = optimizer == "end-to-end"
        updates = [steps("gd" if rule else optimizer) for _ in layers]
        w = product(layers)[0]
        while True:
            yield w
            G = self.gradient(w)[None]
            if rule:  # Eq. 12
                norm = np.linalg.norm(w)
                along = w / norm * (G[0] @ w / norm)
                w = (1 - lr * DECAY * depth) * w - lr * norm ** (2 - 2 / depth) * (G[0] + (depth - 1) * along)
                continue
            moves = []
            for j, (own, update) in enumerate(zip(layers, updates, strict=True)):  # Eq. 4, App. A.1
                above, below = product(layers[j + 1 :], 1), product(layers[:j], 5)
                moves.append(update(above.T @ G @ below.T + DECAY * own))
            layers = [own - lr * move for own, move in zip(layers, moves, strict=True)]
            w = product(layers)[0]


def product(layers: list[Array], size: int = 0) -> Array:
    """W_N ⋯ W_1; the identity of none."""
    found = np.eye(size) if not layers else layers[0]
    for layer in layers[1:]:
        found = layer @ found
    return found


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The experiment through the front door: a TOML file and a CSV table."""
    folder = tmp_path_factory.mktemp("world")
    X, y = table()
    pd.DataFrame(X, columns=list("abcde")).assign(y=y).to_csv(folder / "own.csv", index=False)
    curves = [
        f'[[curves]]\nname = "{name}"\noptimizer = "{optimizer}"\ndepth = {depth}\n'
        + (f"width = {list(widths)}\n" if widths else "")
        for name, (optimizer, depth, widths) in CURVES.items()
    ]
    (folder / "world.toml").write_text("\n".join([STUDY, *curves]), encoding="utf-8")
    asked = ["run", str(folder / "world.toml"), "--results", str(folder / "results"), "--quiet", "--threads", "1"]
    done = CliRunner().invoke(cli, asked, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return Run.read(folder / "results" / "world" / "l4")


@pytest.mark.parametrize("name", CURVES)
def test_every_curve_is_the_twins(name: str, run: Run) -> None:
    world, areas = World(), {}
    best = world.optimum()
    for lr in RATES:
        trial = run.curves[name].logs(lr)[SEED]
        path = [w for _, w in zip(range(ITERATIONS + 1), world.path(*CURVES[name], lr), strict=False)]
        there = [path[int(iteration)] for iteration in trial.iterations]
        loss = np.array([world.loss(w) for w in there])
        assert len(there) == ITERATIONS + 1
        assert np.abs(there[-1] - there[0]).max() > 0.01, "nothing to see"
        assert loss[-1] < loss[0]
        np.testing.assert_allclose(trial.column("loss"), loss, rtol=1e-9)
        np.testing.assert_allclose(trial.column("norm"), [np.linalg.norm(w) for w in there], rtol=1e-9)
        np.testing.assert_allclose(trial.values, loss - best, rtol=1e-7, atol=1e-12)
        heights = np.log10(loss - best)
        areas[lr] = float(heights.sum() - (heights[0] + heights[-1]) / 2)  # trapezoids of width 1
    one_seed = run.only((SEED,)).curves[name].choose()
    assert (one_seed.rule, one_seed.lr) == ("area", min(areas, key=lambda lr: areas[lr]))
