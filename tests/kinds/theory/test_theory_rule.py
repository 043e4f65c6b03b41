"""The reference of the end-to-end rule against SciPy's matrix powers, hand-made cases and autograd on the layers."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import fractional_matrix_power, sqrtm

from overparam_cli.kinds.theory.dynamics import balanced_layers
from overparam_cli.kinds.theory.rule import (
    dense_preconditioner,
    end_to_end_direction,
    end_to_end_step,
    preconditioner_eigenvalues,
    preconditioner_eigenvectors,
    projection,
    single_output_direction,
)

SEEDS = st.integers(0, 2**32 - 1)
DEPTHS = st.integers(1, 8)
SIZES = st.integers(1, 6)


def draw(seed: int, k: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    W, G = np.random.default_rng(seed).standard_normal((2, k, d))
    return W, G


@pytest.mark.parametrize("N", range(1, 9))
def test_direction_matches_scipy_matrix_powers_term_by_term(N: int) -> None:
    W, G = draw(N, 3, 3)  # square and of full rank: both Gram matrices are invertible
    expected = np.zeros((3, 3))
    for j in range(1, N + 1):
        left = fractional_matrix_power(W @ W.T, (j - 1) / N)
        right = fractional_matrix_power(W.T @ W, (N - j) / N)
        expected += left @ G @ right
    np.testing.assert_allclose(end_to_end_direction(W, G, N), expected, rtol=1e-8)


def test_depth_two_of_a_wide_matrix_matches_square_roots() -> None:
    W, G = draw(0, 2, 4)
    left = sqrtm(W @ W.T)
    values, vectors = np.linalg.eigh(W.T @ W)
    right = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    np.testing.assert_allclose(end_to_end_direction(W, G, 2), left @ G + G @ right, rtol=1e-6, atol=1e-7)


def test_diagonal_matrix_by_hand() -> None:
    # N = 2: entry (r, r') is multiplied by σ_r + σ_r'; the third singular value on the right is 0
    G = np.arange(6.0).reshape(2, 3)
    W = np.array([[3.0, 0.0, 0.0], [0.0, 5.0, 0.0]])
    np.testing.assert_allclose(end_to_end_direction(W, G, 2), G * [[6, 8, 3], [8, 10, 5]], rtol=1e-14)
    np.testing.assert_allclose(np.sort(preconditioner_eigenvalues(W, 2).ravel()), [3, 5, 6, 8, 8, 10], rtol=1e-14)


@given(seed=SEEDS, k=SIZES, d=SIZES)
def test_depth_one_is_the_gradient_and_zero_stands_still_when_deeper(seed: int, k: int, d: int) -> None:
    W, G = draw(seed, k, d)
    np.testing.assert_allclose(end_to_end_direction(W, G, 1), G, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(end_to_end_direction(0 * W, G, 1), G, rtol=1e-12, atol=1e-14)
    for N in range(2, 9):
        assert not end_to_end_direction(0 * W, G, N).any()
        assert not single_output_direction(0 * W, G, N).any()


@given(seed=SEEDS, N=DEPTHS, d=SIZES, scale=st.floats(1e-6, 1e6))
def test_single_output_form_equals_the_general_one(seed: int, N: int, d: int, scale: float) -> None:
    W, G = draw(seed, 1, d)
    general, single = end_to_end_direction(scale * W, G, N), single_output_direction(scale * W, G, N)
    np.testing.assert_allclose(general, single, rtol=0, atol=1e-11 * np.linalg.norm(single))


@settings(max_examples=60)
@given(seed=SEEDS, N=DEPTHS, k=SIZES, d=SIZES)
def test_eigendecomposition_gives_the_dense_preconditioner_back(seed: int, N: int, k: int, d: int) -> None:
    W, G = draw(seed, k, d)
    P, V = dense_preconditioner(W, N), preconditioner_eigenvectors(W)
    values = preconditioner_eigenvalues(W, N).ravel(order="F")
    tolerance = 1e-9 * values.max()
    np.testing.assert_allclose((V * values) @ V.T, P, atol=tolerance)
    np.testing.assert_allclose(V.T @ V, np.eye(k * d), atol=1e-12)
    assert (values >= 0).all()
    moved = (P @ G.ravel(order="F")).reshape(k, d, order="F")
    np.testing.assert_allclose(moved, end_to_end_direction(W, G, N), atol=tolerance * np.linalg.norm(G))


@given(seed=SEEDS, N=st.integers(2, 8), scale=st.floats(1e-3, 1e3))
def test_direction_is_homogeneous_and_turns_with_the_coordinates(seed: int, N: int, scale: float) -> None:
    W, G = draw(seed, 3, 4)
    direction = end_to_end_direction(W, G, N)
    size = np.linalg.norm(direction)
    grown = end_to_end_direction(scale * W, G, N)
    np.testing.assert_allclose(grown, scale ** (2 - 2 / N) * direction, atol=1e-10 * np.linalg.norm(grown))
    U = np.linalg.qr(np.random.default_rng(seed).standard_normal((3, 3)))[0]
    V = np.linalg.qr(np.random.default_rng(seed + 1).standard_normal((4, 4)))[0]
    np.testing.assert_allclose(end_to_end_direction(U @ W @ V, U @ G @ V, N), U @ direction @ V, atol=1e-10 * size)


@pytest.mark.parametrize("widths", [(3,), (5, 4), (3, 8, 3), (4, 4, 4, 4)])
def test_direction_is_what_balanced_layers_do_together(widths: tuple[int, ...]) -> None:
    """App. A.1: dW_e/dt = −Σ_j (W_N⋯W_{j+1})·∂L/∂W_j·(W_{j−1}⋯W_1); autograd gives ∂L/∂W_j and the push-forward."""
    W, G = draw(len(widths), 3, 5)
    layers = [torch.tensor(layer) for layer in balanced_layers(W, widths, np.random.default_rng(0))]

    def product(*layers: torch.Tensor) -> torch.Tensor:
        return torch.linalg.multi_dot(layers[::-1])

    slopes = torch.autograd.functional.vjp(product, tuple(layers), torch.tensor(G))[1]
    moved = torch.autograd.functional.jvp(product, tuple(layers), slopes)[1]
    np.testing.assert_allclose(moved.numpy(), end_to_end_direction(W, G, len(widths) + 1), rtol=1e-9, atol=1e-11)


def test_step_scales_weight_decay_by_the_depth() -> None:
    W, G = draw(0, 2, 3)
    expected = W - 0.1 * (3 * 0.5 * W + end_to_end_direction(W, G, 3))  # Eq. 10: λN
    np.testing.assert_allclose(end_to_end_step(W, G, 3, lr=0.1, weight_decay=0.5), expected, rtol=1e-14)


def test_projection_keeps_the_parallel_part_of_each_row() -> None:
    W, V = np.array([[2.0, 0.0], [0.0, 0.0], [1.0, 1.0]]), np.array([[3.0, 4.0], [1.0, 1.0], [1.0, 0.0]])
    np.testing.assert_allclose(projection(W, V), [[3, 0], [0, 0], [0.5, 0.5]], atol=1e-15)
