"""Section 3 by hand: the rewriting of the overparameterised step is exact up to η²·∇_{w₁}·∇_{w₂}."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from overparam_cli.kinds.theory.common import lp_gradient, random_problem
from overparam_cli.kinds.theory.observation1 import compute, warmup_step


def test_one_step_by_hand() -> None:
    # L(w) = ½(w − 5)² for one point x = 1; w₁ = 3, w₂ = 2: w = 6, ∇ = 1, ∇₁ = 2, ∇₂ = 3
    gradient = lp_gradient(np.ones((1, 1)), np.array([[5.0]]), 2)
    w1, w2, predicted = warmup_step(np.array([3.0]), 2.0, gradient, lr=0.1)
    assert w1[0] == pytest.approx(2.8)
    assert w2 == pytest.approx(1.7)
    assert predicted[0] == pytest.approx(6 - 0.4 * 1 - 0.15 * 6)  # ρ = ηw₂² = 0.4, γ = η∇₂/w₂ = 0.15


@given(seed=st.integers(0, 2**32 - 1), p=st.sampled_from([2, 4]), lr=st.floats(1e-3, 1e-1))
def test_residual_is_the_product_of_the_two_gradients(seed: int, p: int, lr: float) -> None:
    X, Y = random_problem(8, 3, 1, seed)
    rng = np.random.default_rng(seed)
    w1, w2 = rng.standard_normal(3), float(rng.uniform(0.5, 2))
    slope = (X @ (w1 * w2) - Y[:, 0]) ** (p - 1) @ X / 8
    new1, new2, predicted = warmup_step(w1, w2, lp_gradient(X, Y, p), lr)
    expected = lr**2 * (w2 * slope) * (w1 @ slope)
    np.testing.assert_allclose(new1 * new2 - predicted, expected, rtol=1e-7, atol=1e-11 * (1 + np.abs(expected).max()))


def test_residual_is_second_order_in_the_learning_rate() -> None:
    rows = compute(features=(3,), exponents=(2, 4), steps=(200, 400, 800), seeds=(0,))
    assert len(rows) == 6
    for row in rows:
        assert float(row["order"]) == pytest.approx(2, abs=0.05)
        assert 0 < float(row["residual"]) < 0.1 * float(row["step"])
