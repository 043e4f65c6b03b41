"""Top Hessian eigenvalues against dense Hessians by autograd, NumPy's eigenvalues, and what gradient descent does."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from overparam_cli.kinds.linear import sharpness as module
from overparam_cli.kinds.linear.inits import balanced
from overparam_cli.kinds.linear.layers import layer_shapes
from overparam_cli.kinds.linear.losses.power import Power
from overparam_cli.kinds.linear.sharpness import curvature, sharpness, top_eigenvalue

EXPONENTS = (2, 4, 6)


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.from_numpy(np.random.default_rng([seed, *shape]).normal(size=shape))


def network(d: int, widths: Sequence[int], k: int, seed: int = 0) -> list[Tensor]:
    rng = np.random.default_rng([seed, 7])
    return [torch.from_numpy(rng.normal(size=shape)) for shape in layer_shapes(d, widths, k)]


def batch(*networks: list[Tensor]) -> list[Tensor]:
    return [torch.stack(layer) for layer in zip(*networks, strict=True)]


def layered_loss(layers: Sequence[Tensor], X: Tensor, Y: Tensor, p: int) -> Tensor:
    """The network run example by example, layer by layer: (1/n) Σ (1/p) (output − label)^p."""
    hidden = X
    for layer in layers:
        hidden = hidden @ layer.T
    return ((hidden - Y) ** p).sum() / (p * len(X))


def dense_hessian(layers: Sequence[Tensor], X: Tensor, Y: Tensor, p: int) -> np.ndarray:
    sizes = [layer.numel() for layer in layers]

    def of_flat(flat: Tensor) -> Tensor:
        parts = [part.reshape(layer.shape) for part, layer in zip(flat.split(sizes), layers, strict=True)]
        return layered_loss(parts, X, Y, p)

    flat = torch.cat([layer.reshape(-1) for layer in layers])
    hessian: np.ndarray = torch.autograd.functional.hessian(of_flat, flat).numpy()
    return hessian


def dense_top(layers: Sequence[Tensor], X: Tensor, Y: Tensor, p: int) -> float:
    return float(np.linalg.eigvalsh(dense_hessian(layers, X, Y, p))[-1])


def lanczos(matrices: Tensor) -> Tensor:
    return top_eigenvalue(lambda V: torch.einsum("bij,bj->bi", matrices, V), len(matrices), matrices.shape[1])


# Lanczos' method


@settings(max_examples=60)
@given(P=st.integers(1, 90), seed=st.integers(0, 1000), shift=st.sampled_from([-30.0, 0.0, 30.0]))
def test_top_eigenvalue_is_numpys_whatever_the_signs(P: int, seed: int, shift: float) -> None:
    A = normal(3, P, P, seed=seed)
    symmetric = A + A.mT + shift * torch.eye(P, dtype=torch.float64)
    eigenvalues = np.linalg.eigvalsh(symmetric.numpy())
    size = np.abs(eigenvalues).max(axis=1)
    error = np.abs(lanczos(symmetric).numpy() - eigenvalues[:, -1])
    assert (error <= 1e-4 * size).all()


@pytest.mark.parametrize(
    ("eigenvalues", "top"),
    [
        ([0.0] * 9, 0.0),
        ([3.0] * 9, 3.0),
        ([-3.0] * 9, -3.0),
        ([5.0] + [0.0] * 20, 5.0),
        ([0.0] * 20 + [-5.0], 0.0),
        ([2.0, 2.0, -7.0, -7.0], 2.0),
        ([-1.0, -2.0] * 10, -1.0),
        ([1e-100, 0.0, 0.0], 1e-100),
        ([1e150, 1.0, 1e-150], 1e150),
        ([4.0], 4.0),
    ],
)
def test_top_eigenvalue_of_operators_whose_krylov_space_ends_early(eigenvalues: list[float], top: float) -> None:
    P = len(eigenvalues)
    Q = torch.linalg.qr(normal(P, P))[0]
    matrix = Q @ torch.diag(torch.tensor(eigenvalues, dtype=torch.float64)) @ Q.T
    largest = max(abs(value) for value in eigenvalues)
    assert float(lanczos(matrix[None])) == pytest.approx(top, rel=1e-12, abs=1e-13 * largest)


def test_ill_conditioned_spectra_take_few_steps() -> None:
    P, calls = 128, 0
    eigenvalues = torch.logspace(2, -8, P, dtype=torch.float64)
    Q = torch.linalg.qr(normal(P, P))[0]

    def product(V: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        return ((V @ Q) * eigenvalues) @ Q.T

    assert float(top_eigenvalue(product, 1, P)) == pytest.approx(100.0, rel=1e-6)
    assert calls <= 30


def test_a_row_does_not_depend_on_its_companions() -> None:
    """One row is done at the first look; the others need all steps, or are not numbers at all."""
    P = 80
    easy, hard, nan = (torch.diag(row) for row in (torch.ones(P), torch.linspace(0.99, 1, P), torch.ones(P)))
    easy, hard = easy.double().clone(), hard.double()
    easy[0, 0] = 50.0
    nan = torch.full_like(easy, torch.nan)
    infinite = torch.full_like(easy, torch.inf)
    alone = lanczos(easy[None])
    together = lanczos(torch.stack([hard, nan, easy, infinite]))
    assert together.isnan().tolist() == [False, True, False, True]
    assert float(together[2]) == pytest.approx(float(alone), rel=1e-14)
    assert float(together[0]) == pytest.approx(1.0, rel=1e-4)


# The training loss


@pytest.mark.parametrize("seed", range(3))
def test_curvature_of_the_quadratic_loss_is_that_of_the_data(seed: int) -> None:
    X, Y, W = normal(30, 9, seed=seed), normal(30, 2, seed=seed), normal(4, 2, 9, seed=seed)
    expected = np.linalg.svd(X.numpy(), compute_uv=False)[0] ** 2 / 30
    np.testing.assert_allclose(curvature(W, X, Y, Power(2)).numpy(), np.full(4, expected), rtol=1e-12)


@settings(max_examples=40)
@given(
    d=st.integers(1, 6), k=st.integers(1, 3), n=st.integers(1, 9), p=st.sampled_from(EXPONENTS), seed=st.integers(0, 99)
)
def test_curvature_is_the_dense_hessians(d: int, k: int, n: int, p: int, seed: int) -> None:
    X, Y, W = normal(n, d, seed=seed), normal(n, k, seed=seed), normal(2, 3, k, d, seed=seed)
    expected = [[dense_top([W[i, j]], X, Y, p) for j in range(3)] for i in range(2)]
    np.testing.assert_allclose(curvature(W, X, Y, Power(p)).numpy(), expected, rtol=1e-4)


# The layered loss


@settings(max_examples=80)
@given(
    widths=st.lists(st.integers(1, 3), max_size=4),
    d=st.integers(1, 4),
    k=st.integers(1, 3),
    n=st.integers(1, 8),
    p=st.sampled_from(EXPONENTS),
    scale=st.sampled_from([0.01, 0.3, 1.0, 3.0]),
    seed=st.integers(0, 99),
)
def test_sharpness_is_the_dense_hessians(
    widths: list[int], d: int, k: int, n: int, p: int, scale: float, seed: int
) -> None:
    X, Y = normal(n, d, seed=seed), normal(n, k, seed=seed)
    networks = [[scale * layer for layer in network(d, widths, k, seed=100 * seed + b)] for b in range(2)]
    found = sharpness(batch(*networks), X, Y, Power(p)).numpy()
    for value, layers in zip(found, networks, strict=True):
        eigenvalues = np.linalg.eigvalsh(dense_hessian(layers, X, Y, p))
        assert value == pytest.approx(eigenvalues[-1], rel=0, abs=1e-4 * np.abs(eigenvalues).max())


def test_sharpness_of_one_layer_is_curvature() -> None:
    X, Y, W = normal(40, 8), normal(40, 2), normal(5, 2, 8)
    for p in EXPONENTS:
        np.testing.assert_allclose(sharpness([W], X, Y, Power(p)), curvature(W, X, Y, Power(p)), rtol=1e-6)


@pytest.mark.parametrize("p", [2, 4])
def test_sharpness_at_the_size_of_a_figure(p: int) -> None:
    """Correlated features, as real ones are, and more weights than Lanczos takes steps."""
    X = normal(300, 12) @ normal(12, 60) + 0.01 * normal(300, 60)
    Y, layers = normal(300, 1), [0.1 * layer for layer in network(60, (4, 1), 1)]
    assert float(sharpness(batch(layers), X, Y, Power(p))) == pytest.approx(dense_top(layers, X, Y, p), rel=1e-6)


def test_zero_networks() -> None:
    """At W = 0 the Hessian of two layers is the pairing of W_2 with W_1 by the gradient: ±‖G‖; of three layers, 0."""
    X, Y = normal(20, 5), normal(20, 1)
    gradient = -(Y.T @ X).numpy() / 20
    zero = [torch.zeros(1, 1, 5), torch.zeros(1, 1, 1), torch.zeros(1, 1, 1)]
    assert float(sharpness(zero[:2], X, Y, Power(2))) == pytest.approx(np.linalg.norm(gradient), rel=1e-12)
    assert float(sharpness(zero, X, Y, Power(2))) == 0.0


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("depth", [2, 3, 5])
def test_at_a_balanced_optimum_sharpness_is_that_of_the_papers_preconditioner(k: int, depth: int) -> None:
    """Σ_j [W Wᵀ]^{(N−j)/N} ⊗ [Wᵀ W]^{(j−1)/N} (Eq. 10) times the Hessian of L, all dense; labels are fitted exactly."""
    d, X, W = 4, normal(30, 4).numpy(), normal(k, 4).numpy()
    U, S, Vt = np.linalg.svd(W)
    left, right = U, Vt.T
    squares_left = np.array([*S**2])
    squares_right = np.array([*S**2, *[0.0] * (d - k)])
    preconditioner = np.zeros((k * d, k * d))
    for j in range(1, depth + 1):
        one = left @ np.diag(squares_left ** ((depth - j) / depth)) @ left.T
        other = right @ np.diag(squares_right ** ((j - 1) / depth)) @ right.T
        preconditioner += np.kron(one, other)
    hessian = np.kron(np.eye(k), X.T @ X / 30)
    expected = np.linalg.eigvals(preconditioner @ hessian).real.max()
    layers = balanced([torch.from_numpy(W), *[torch.eye(k, dtype=torch.float64)] * (depth - 1)])
    found = sharpness(batch(layers), torch.from_numpy(X), torch.from_numpy(X @ W.T), Power(2))
    assert float(found) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize(("factor", "stable"), [(0.98, True), (1.02, False)])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_gradient_descent_leaves_a_minimum_above_two_over_sharpness(depth: int, factor: float, stable: bool) -> None:
    X, W = normal(30, 4), normal(1, 4)
    layers = balanced([W, *[torch.eye(1, dtype=torch.float64)] * (depth - 1)])
    Y = X @ W.T
    lr = factor * 2 / float(sharpness(batch(layers), X, Y, Power(2)))
    moved = [(layer + 1e-6 * normal(*layer.shape, seed=3)).requires_grad_() for layer in layers]
    start = float(layered_loss(moved, X, Y, 2).detach())
    optimizer = torch.optim.SGD(moved, lr=lr)
    for _ in range(150):
        optimizer.zero_grad()
        layered_loss(moved, X, Y, 2).backward()
        optimizer.step()
    end = float(layered_loss(moved, X, Y, 2).detach())
    assert (end < start) if stable else (end > 10 * start)


# Bad numbers, precision, memory, arguments


@pytest.mark.parametrize("p", [2, 4])
@pytest.mark.parametrize("bad", [torch.nan, torch.inf, -torch.inf, 1e200])
def test_a_network_that_is_lost_does_not_touch_the_others(p: int, bad: float) -> None:
    X, Y = normal(30, 6), normal(30, 1)
    good, other, lost = (network(6, (2, 2), 1, seed=seed) for seed in (1, 2, 3))
    lost[1][0, 1] = bad
    found = sharpness(batch(good, lost, other), X, Y, Power(p))
    expected = sharpness(batch(good, other), X, Y, Power(p))
    np.testing.assert_allclose(found[[0, 2]], expected, rtol=1e-12)
    if abs(bad) != 1e200:  # that large, the answer may still be a number, and then a large one
        assert bool(found[1].isnan())
    W = normal(3, 1, 6)
    W[1, 0, 2] = bad
    of_loss = curvature(W, X, Y, Power(p))
    np.testing.assert_allclose(of_loss[[0, 2]], curvature(W[[0, 2]], X, Y, Power(p)), rtol=1e-12)
    assert bool(of_loss[1].isnan()) or abs(bad) == 1e200


def test_single_precision_is_computed_in_double() -> None:
    X, Y, layers = normal(30, 6), normal(30, 1), [layer.float() for layer in network(6, (2,), 1)]
    found = sharpness(batch(layers), X, Y, Power(4))
    assert found.dtype == curvature(layers[0].float(), X, normal(30, 2), Power(4)).dtype == torch.float64
    assert float(found) == pytest.approx(dense_top([layer.double() for layer in layers], X, Y, 4), rel=1e-6)


def test_batches_beyond_the_memory_limit_are_split(monkeypatch: pytest.MonkeyPatch) -> None:
    X, Y = normal(30, 6), normal(30, 1)
    layers = batch(*(network(6, (2,), 1, seed=seed) for seed in range(5)))
    whole = sharpness(layers, X, Y, Power(4))
    monkeypatch.setattr(module, "BASIS_NUMBERS", 2 * 14 * 14)  # two networks of 14 weights
    np.testing.assert_allclose(sharpness(layers, X, Y, Power(4)), whole, rtol=1e-12)
