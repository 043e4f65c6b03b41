"""A world that differs in every axis from the paper as first read, computed a second time in NumPy from the paper."""

from functools import reduce
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from overparam_cli.kinds.linear.layers import initial_weights
from overparam_cli.multiverse.library import Library
from overparam_cli.multiverse.model import Multiverse
from overparam_cli.multiverse.training import trials_of
from overparam_cli.multiverse.worlds import part

WORLD = {"features": "minmax", "loss": "whole", "grid": "fine", "horizon": "half"}
Array = NDArray[np.float64]


def twin(X: Array, y: Array, weights: list[Array], lr: float, iterations: int) -> Array:
    """Losses of gradient descent on (1/n) Σ (W_N ⋯ W_1 x − y)⁴, layer by layer as Eq. 4 has it, in float64."""
    found = []
    for step in range(iterations + 1):
        product = reduce(lambda below, above: above @ below, weights)
        residual = X @ product[0] - y
        found.append(np.mean(residual**4))
        if step == iterations:
            return np.array(found)
        gradient = (4 * residual**3) @ X / len(X)
        steps = []
        for layer in range(len(weights)):
            above = np.eye(weights[-1].shape[0])
            for one in weights[layer + 1 :][::-1]:
                above = above @ one
            below = np.eye(weights[0].shape[1])
            for one in weights[:layer]:
                below = one @ below
            steps.append(above.T @ gradient.reshape(1, -1) @ below.T)
        weights = [own - lr * own_step for own, own_step in zip(weights, steps, strict=True)]
    raise AssertionError


@pytest.mark.parametrize("curve", ["depth-1", "depth-2", "depth-3"])
def test_a_twin_follows_a_world_that_differs_in_every_axis(
    curve: str, tiny: Multiverse, tiny_file: Path, results: Path
) -> None:
    found = Library(tiny, results / "tiny").evidence("fig3/l4", WORLD, ("fig3",))
    assert not isinstance(found, Exception)
    table = np.loadtxt(tiny_file.parent / "table.csv", delimiter=",", skiprows=1)
    X, y = table[:, :3], table[:, 3]
    X = (X - X.min(axis=0)) / (X.max(axis=0) - X.min(axis=0))
    y = y / np.abs(y).max()
    own = found.run.curves[curve]
    trials = {trial.lr: trial for trial in trials_of(tiny, part(tiny, "fig3/l4", WORLD)) if trial.curve == curve}
    followed = []
    for lr in own.rates:
        if lr in own.diverged:
            continue
        trial = trials[float(f"{4 * lr:.12g}")]  # the factor of the world's loss
        start = [weight.numpy() for weight in initial_weights(3, trial.widths, 1, seed=trial.seed)]
        log = own.logs(lr)[0]
        expected = twin(X, y, start, lr, 50)[log.iterations.astype(int)]
        losses = log.values + found.run.optimum["loss"]
        np.testing.assert_allclose(losses, expected, rtol=1e-4, err_msg=f"{curve} at {lr}")
        followed.append(expected[-1] / expected[0])
    assert len(followed) >= 3
    assert curve == "depth-3" or min(followed) < 0.5  # it has moved; from near zero three layers take longer than this
    assert log.end == 50
