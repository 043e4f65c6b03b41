"""ℓp regression against autograd, closed forms, SciPy and the design's facts about the Ethanol problem."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import minimize

from overparam_cli.errors import ConfigError
from overparam_cli.kinds.linear.losses.power import Power
from overparam_cli.kinds.linear.objective import gradient, value
from overparam_cli.kinds.linear.optimum import optimum

Array = NDArray[np.float64]


def problem(n: int, d: int, k: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    X = torch.randn(n, d, dtype=torch.float64, generator=generator)
    return X, torch.randn(n, k, dtype=torch.float64, generator=generator)


def written_out(W: torch.Tensor, X: torch.Tensor, Y: torch.Tensor, p: int) -> torch.Tensor:
    """The loss as Section 3 prints it: an average over examples, one at a time."""
    total = torch.zeros((), dtype=W.dtype)
    for x, y in zip(X, Y, strict=True):
        total = total + ((W @ x - y) ** p).sum() / p
    return total / len(X)


def one_output(X: Array, y: Array, p: int) -> tuple[Callable[[Array], float], Callable[[Array], Array]]:
    def level(w: Array) -> float:
        return float(np.mean((X @ w - y) ** p) / p)

    def slope(w: Array) -> Array:
        return X.T @ (X @ w - y) ** (p - 1) / len(y)

    return level, slope


@pytest.mark.parametrize("p", [1, 3, 5, 0, -2, True, 2.0, "4", None])
def test_an_exponent_that_is_not_an_even_positive_integer_is_refused(p: object) -> None:
    with pytest.raises(ConfigError, match="even integer"):
        Power(p)  # type: ignore[arg-type]


@pytest.mark.parametrize("p", [2, 4, 6, 8])
@pytest.mark.parametrize("k", [1, 3])
def test_loss_and_gradient_match_autograd(p: int, k: int) -> None:
    X, Y = problem(7, 4, k)
    W = torch.randn(k, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(value(W, X, Y, Power(p)), written_out(W, X, Y, p), rtol=1e-13, atol=0)
    slope = torch.autograd.functional.vjp(lambda W: written_out(W, X, Y, p), W, torch.ones((), dtype=W.dtype))[1]
    torch.testing.assert_close(gradient(W, X, Y, Power(p)), slope, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("batch", [(), (5,), (2, 3)])
def test_any_batch_shape_gives_each_predictor_its_own_result(batch: tuple[int, ...]) -> None:
    X, Y = problem(6, 4, 2)
    W = torch.randn(*batch, 2, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    values, gradients = value(W, X, Y, Power(4)), gradient(W, X, Y, Power(4))
    assert values.shape == batch
    assert gradients.shape == (*batch, 2, 4)
    for index in np.ndindex(*batch):
        torch.testing.assert_close(values[index], value(W[index], X, Y, Power(4)))
        torch.testing.assert_close(gradients[index], gradient(W[index], X, Y, Power(4)))


def test_least_squares_optimum_matches_lstsq() -> None:
    X, Y = (array.numpy() for array in problem(40, 6, 3))
    found = optimum(X, Y, Power(2))
    W = np.linalg.lstsq(X, Y, rcond=None)[0].T
    np.testing.assert_allclose(found.W, W, rtol=1e-11)
    assert found.loss == pytest.approx(np.sum((X @ W.T - Y) ** 2) / 80, rel=1e-14)
    assert 0 <= found.loss - found.lower_bound < 1e-13


def test_closed_form_optimum_of_one_feature() -> None:
    # minimise 2w⁴ + (w − 1)⁴: 2w³ = (1 − w)³, so w = 1/(1 + 2^{1/3})
    found = optimum(np.ones((3, 1)), np.array([[0.0], [0.0], [1.0]]), Power(4))
    w = 1 / (1 + 2 ** (1 / 3))
    assert found.W[0, 0] == pytest.approx(w, rel=1e-9)  # the loss is flat: half the digits of w are all there are
    assert found.loss == pytest.approx((2 * w**4 + (1 - w) ** 4) / 12, rel=1e-14)
    assert 0 <= found.loss - found.lower_bound < 1e-15


@pytest.mark.parametrize("p", [4, 6, 8])
def test_newton_matches_scipy_with_the_exact_hessian_output_by_output(p: int) -> None:
    X, Y = (array.numpy() for array in problem(60, 5, 2))
    found, total = optimum(X, Y, Power(p)), 0.0
    for y in Y.T:
        level, slope = one_output(X, y, p)

        def hessian(w: Array, y: Array = y) -> Array:
            return (X.T * ((p - 1) * (X @ w - y) ** (p - 2))) @ X / len(y)

        options = {"gtol": 1e-10}
        result = minimize(level, np.zeros(5), jac=slope, hess=hessian, method="trust-exact", options=options)
        total += result.fun
    assert found.loss == pytest.approx(total, rel=1e-12)
    assert 0 <= found.loss - found.lower_bound <= 1e-12 * found.loss
    assert sum(optimum(X, y[:, None], Power(p)).loss for y in Y.T) == pytest.approx(found.loss, rel=1e-14)


@pytest.mark.parametrize("p", [2, 4, 6, 8])
@pytest.mark.parametrize(("n", "d"), [(5, 8), (6, 6)])
def test_interpolation_has_optimum_zero(n: int, d: int, p: int) -> None:
    X, Y = (array.numpy() for array in problem(n, d, 2))
    found = optimum(X, Y, Power(p))
    assert 0 <= found.lower_bound <= found.loss < 1e-24
    np.testing.assert_allclose(X @ found.W.T, Y, atol=1e-12)


@pytest.mark.parametrize("p", [2, 4, 6])
def test_dependent_and_badly_scaled_columns_do_not_change_the_optimum(p: int) -> None:
    X, Y = (array.numpy() for array in problem(30, 4, 1))
    plain = optimum(X, Y, Power(p))
    wide = optimum(np.hstack([X * [1e8, 1e-8, 1, 1], X[:, :1] + X[:, 1:2], np.zeros((30, 1))]), Y, Power(p))
    assert wide.W.shape == (1, 6)
    assert wide.loss == pytest.approx(plain.loss, rel=1e-12)
    assert 0 <= wide.loss - wide.lower_bound <= 1e-12 * plain.loss


def test_features_of_nothing_leave_the_loss_at_zero() -> None:
    found = optimum(np.zeros((4, 2)), np.array([[1.0], [-1.0], [2.0], [0.0]]), Power(4))
    assert found.loss == pytest.approx((1 + 1 + 16) / 16)
    assert found.lower_bound == pytest.approx(found.loss)
    assert not found.W.any()


@pytest.mark.parametrize("p", [2, 4])
def test_two_points_of_section_7_are_interpolated(p: int) -> None:
    found = optimum(np.eye(2), np.array([[10.0], [1.0]]), Power(p))
    np.testing.assert_allclose(found.W, [[10.0, 1.0]], rtol=1e-14)
    assert 0 <= found.lower_bound <= found.loss < 1e-28


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), p=st.sampled_from([2, 4, 6, 8]), shape=st.tuples(*[st.integers(1, 9)] * 3))
def test_no_predictor_beats_the_certified_bound(seed: int, p: int, shape: tuple[int, int, int]) -> None:
    n, d, k = shape
    rng = np.random.default_rng(seed)
    X, Y = rng.standard_normal((n, d)), rng.standard_normal((n, k))
    found = optimum(X, Y, Power(p))
    W = found.W + rng.standard_normal((20, k, d)) * 10.0 ** rng.uniform(-6, 0, (20, 1, 1))
    others = value(torch.from_numpy(W), torch.from_numpy(X), torch.from_numpy(Y), Power(p))
    assert found.lower_bound <= found.loss
    assert found.loss - found.lower_bound <= 1e-9 * found.loss + 1e-20
    assert (others >= found.lower_bound).all()


@pytest.fixture(scope="module")
def ethanol(real_data: Path) -> tuple[Array, Array]:
    from overparam_cli.data import load, preprocess

    dataset = preprocess(load("ethanol", data_dir=real_data, offline=True), "zscore")
    return dataset.X, dataset.Y


# Facts of experiments.md on the z-scored Ethanol problem.
FACTS = {2: (0.049992219683, 0.5), 4: (0.055349982591, 1.3925004408)}


@pytest.mark.real_data
@pytest.mark.parametrize("p", [2, 4])
def test_ethanol_optimum_and_starting_loss(ethanol: tuple[Array, Array], p: int) -> None:
    X, Y = ethanol
    found = optimum(X, Y, Power(p))
    best, start = FACTS[p]
    assert found.loss == pytest.approx(best, abs=6e-13)
    assert 0 <= found.loss - found.lower_bound < 1e-13
    at_zero = value(torch.zeros(1, X.shape[1], dtype=torch.float64), torch.from_numpy(X), torch.from_numpy(Y), Power(p))
    assert float(at_zero) == pytest.approx(start, abs=1e-10)  # the fact is cut after ten digits, not rounded


@pytest.mark.real_data
def test_bfgs_as_the_paper_used_it_stops_early_on_ethanol(ethanol: tuple[Array, Array]) -> None:
    X, Y = ethanol
    level, slope = one_output(X, Y[:, 0], 4)
    stopped = minimize(level, np.zeros(X.shape[1]), jac=slope, method="BFGS")
    assert stopped.success
    assert 2e-4 < stopped.fun - optimum(X, Y, Power(4)).loss < 3e-4  # 0.05558 where the optimum is 0.05535
