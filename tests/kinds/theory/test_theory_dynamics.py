"""Gradient descent on layers against autograd, torch.optim and closed-form flows; the orders of Eq. 9 and Theorem 1."""

from itertools import islice, pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from overparam_cli.errors import ConfigError
from overparam_cli.kinds.theory import balancedness, theorem1
from overparam_cli.kinds.theory.common import fitted_order, lp_gradient, random_problem
from overparam_cli.kinds.theory.dynamics import (
    Net,
    balanced_layers,
    end_to_end,
    end_to_end_flow,
    gradient_descent,
    imbalance,
    layer_flow,
    layer_gradients,
)


def random_layers(sizes: tuple[int, ...], seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [0.5 * rng.standard_normal((rows, columns)) for columns, rows in pairwise(sizes)]


def torch_loss(layers: list[torch.Tensor], X: np.ndarray, Y: np.ndarray, p: int) -> torch.Tensor:
    outputs = torch.tensor(X)
    for W in layers:
        outputs = outputs @ W.T
    return ((outputs - torch.tensor(Y)) ** p).sum() / (p * len(X))


def test_fitted_order_finds_the_exponent_and_leaves_rounding_out() -> None:
    sizes = [0.1, 0.05, 0.025, 0.0125]
    assert fitted_order(sizes, [3 * size**1.5 for size in sizes]) == pytest.approx(1.5, rel=1e-12)
    assert fitted_order(sizes, [1e-2, 2.5e-3, 1e-16, 1e-16], floor=1e-12) == pytest.approx(2, rel=1e-12)
    assert np.isnan(fitted_order(sizes, [1e-16] * 4, floor=1e-12))


@pytest.mark.parametrize("p", [2, 4])
@pytest.mark.parametrize("sizes", [(4, 2), (4, 3, 2), (5, 1, 1), (3, 6, 2, 5, 2)])
def test_layer_gradients_match_autograd(sizes: tuple[int, ...], p: int) -> None:
    X, Y = random_problem(9, sizes[0], sizes[-1], seed=1)
    layers = random_layers(sizes)
    twins = [torch.tensor(W, requires_grad=True) for W in layers]
    expected = torch.autograd.grad(torch_loss(twins, X, Y, p), twins)
    found = layer_gradients(layers, lp_gradient(X, Y, p)(end_to_end(layers)))
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-11, atol=1e-14)


def test_gradient_descent_matches_torch_sgd_with_weight_decay() -> None:
    X, Y = random_problem(9, 4, 2, seed=2)
    layers = random_layers((4, 3, 2))
    twins = [torch.nn.Parameter(torch.tensor(W)) for W in layers]
    optimizer = torch.optim.SGD(twins, lr=0.05, weight_decay=0.2)
    for iterate in islice(gradient_descent(layers, lp_gradient(X, Y, 4), 0.05, 0.2), 20):
        for ours, theirs in zip(iterate, twins, strict=True):
            np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=1e-10, atol=1e-13)
        optimizer.zero_grad()
        torch_loss(twins, X, Y, 4).backward()
        optimizer.step()


@given(
    seed=st.integers(0, 2**32 - 1),
    k=st.integers(1, 4),
    d=st.integers(1, 5),
    extra=st.lists(st.integers(0, 4), max_size=4),
)
def test_balanced_layers_multiply_to_the_matrix_and_are_balanced(seed: int, k: int, d: int, extra: list[int]) -> None:
    rng = np.random.default_rng(seed)
    W = rng.standard_normal((k, d))
    layers = balanced_layers(W, [min(k, d) + more for more in extra], rng)
    assert len(layers) == len(extra) + 1
    np.testing.assert_allclose(end_to_end(layers), W, atol=1e-12)
    assert imbalance(layers) < 1e-12 * (1 + np.linalg.norm(W) ** 2)


def test_balanced_layers_need_the_rank_as_width() -> None:
    W = np.diag([1.0, 2.0, 3.0])
    with pytest.raises(ConfigError, match="rank 3 needs hidden widths of 3 or more, not 2"):
        balanced_layers(W, (4, 2), np.random.default_rng(0))
    low = W[:, :2] @ W[:2]  # rank 2 fits
    np.testing.assert_allclose(end_to_end(balanced_layers(low, (4, 2), np.random.default_rng(0))), low, atol=1e-14)
    zero = balanced_layers(0 * W, (2,), np.random.default_rng(0))
    assert [layer.shape for layer in zero] == [(2, 3), (3, 2)]
    assert not np.any(end_to_end(zero))


def test_imbalance_by_hand() -> None:
    assert imbalance([np.array([[2.0]]), np.array([[3.0]]), np.array([[1.0]])]) == pytest.approx(8)  # |4−9|, |9−1|
    assert imbalance([np.ones((2, 3))]) == 0


@pytest.mark.parametrize("decay", [0.0, 0.3])
def test_flows_of_one_weight_match_the_logistic_curve(decay: float) -> None:
    # depth 2, w = w₁w₂ with w₁ = w₂, L = ½(w − y)²: dw/dt = −2w(w − y) − 2λw, logistic with limit y − λ
    start, label, time = 0.2, 1.5, 1.3
    limit = label - decay
    expected = limit / (1 + (limit / start - 1) * np.exp(-2 * limit * time))
    gradient = lp_gradient(np.ones((1, 1)), np.array([[label]]), 2)
    layers = [np.array([[np.sqrt(start)]])] * 2
    assert layer_flow(layers, gradient, decay, time)[0, 0] == pytest.approx(expected, rel=1e-9)
    assert end_to_end_flow(np.array([[start]]), gradient, 2, decay, time)[0, 0] == pytest.approx(expected, rel=1e-9)


def test_without_balance_the_two_flows_differ() -> None:
    """The control: Eq. 7 is needed, so the agreement of `theorem1.compute` says something."""
    X, Y = random_problem(20, 4, 2, seed=0)
    gradient, layers = lp_gradient(X, Y, 2), random_layers((4, 3, 2))
    assert imbalance(layers) > 0.1
    layered = layer_flow(layers, gradient, 0.0, 1.0)
    alone = end_to_end_flow(end_to_end(layers), gradient, 2, 0.0, 1.0)
    assert np.linalg.norm(layered - alone) > 1e-2 * np.linalg.norm(alone)


FEW = (Net(4, (2,), 2, 4), Net(4, (3, 5), 2, 2, 0.1), Net(4, (1,), 1, 4, 0.1))


def test_drift_off_balance_is_first_order_in_the_learning_rate() -> None:
    rows = balancedness.compute(nets=FEW, steps=(100, 200, 400), seeds=(0,))
    assert len(rows) == 9
    assert [row["widths"] for row in rows[::3]] == ["2", "3x5", "1"]
    for row in rows:
        assert float(row["order"]) == pytest.approx(1, abs=0.1)
        assert float(row["drift_at_start"]) < 1e-14 < float(row["drift"])
        assert float(row["lr"]) * int(row["steps"]) == pytest.approx(float(row["time"]))


def test_layers_and_rule_part_at_first_order_and_their_flows_agree() -> None:
    rows = theorem1.compute(nets=FEW, steps=(100, 200, 400), seeds=(0,))
    for row in rows:
        assert float(row["order"]) == pytest.approx(1, abs=0.1)
        assert float(row["flow_distance"]) < 1e-7
