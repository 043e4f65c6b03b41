"""The end-to-end rule: gradient descent on the end-to-end parameterisation, against Eq. 10 and Eq. 12 written out."""

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.twins import Array, rule_step, single_output_rule_step
from torch import Tensor

from overparam_cli.kinds.linear.parameterisations.end_to_end import EndToEnd
from overparam_cli.kinds.optimizers import OPTIMIZERS


def start(*shape: int, seed: int = 0) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape))


def rule_step_of(W: Tensor, G: Tensor, depths: Sequence[int], lr: Sequence[float], decay: Sequence[float]) -> Tensor:
    """One update by the code under test of W and G, (B, k, d)."""
    B, k, d = W.shape
    networks = EndToEnd(
        W[:, 0].T.clone(memory_format=torch.contiguous_format) if k == 1 else W.reshape(B, k * d).clone(), depths, k
    )

    def per_trial(values: Sequence[float]) -> Tensor:
        vector = torch.tensor(values, dtype=torch.float64).to(W.dtype)
        return vector if k == 1 else vector[:, None]

    networks.pullback(G.permute(2, 0, 1).reshape(d, B * k))
    networks.grads.addcmul_(networks.params, per_trial(decay) * networks.decay())
    OPTIMIZERS["end-to-end"].bind(networks.params, per_trial(lr), {}, {})(networks.grads, 1)
    out = W.new_empty(d, B * k)
    networks.end_to_end(out)
    return out.view(d, B, k).permute(1, 2, 0)


def assert_rows_equal(actual: Tensor, expected: Sequence[Array], start: Tensor, relative: float) -> None:
    """Equal to rounding in what has been added to `start`, trial by trial."""
    for own, twin, before in zip(actual.numpy(), expected, start.numpy(), strict=True):
        scale = max(np.abs(twin - before).max(), 1e-3 * np.abs(before).max())
        np.testing.assert_allclose(own, twin, rtol=0, atol=relative * scale)


@settings(max_examples=40)
@given(
    st.lists(st.integers(1, 8), min_size=1, max_size=6),
    st.integers(1, 6),
    st.sampled_from([1e-6, 1e-2, 1.0, 30.0]),
    st.sampled_from([0.0, 0.3]),
    st.integers(0, 99),
)
def test_one_output_follows_eq_12(depths: list[int], d: int, size: float, decay: float, seed: int) -> None:
    W, G = start(len(depths), 1, d, seed=seed) * size, start(len(depths), 1, d, seed=seed + 1000)
    lr = [0.01 * (b + 1) for b in range(len(depths))]
    actual = rule_step_of(W, G, depths, lr, [decay] * len(depths))
    expected = [
        single_output_rule_step(w[0], g[0], N, rate, decay)[None]
        for w, g, N, rate in zip(W.numpy(), G.numpy(), depths, lr, strict=True)
    ]
    assert_rows_equal(actual, expected, W, 1e-12)


@settings(max_examples=40)
@given(
    st.lists(st.integers(1, 8), min_size=1, max_size=5),
    st.integers(2, 4),
    st.integers(1, 6),
    st.sampled_from([1e-4, 1.0, 30.0]),
    st.sampled_from([0.0, 0.3]),
    st.integers(0, 99),
)
def test_several_outputs_follow_eq_10(depths: list[int], k: int, d: int, size: float, decay: float, seed: int) -> None:
    """k < d, k = d and k > d, so W_e W_eᵀ and W_eᵀ W_e are singular in turn."""
    W, G = start(len(depths), k, d, seed=seed) * size, start(len(depths), k, d, seed=seed + 1000)
    lr = [0.01 * (b + 1) for b in range(len(depths))]
    actual = rule_step_of(W, G, depths, lr, [decay] * len(depths))
    expected = [rule_step(w, g, N, rate, decay) for w, g, N, rate in zip(W.numpy(), G.numpy(), depths, lr, strict=True)]
    assert_rows_equal(actual, expected, W, 1e-9)


@pytest.mark.parametrize("N", [2, 3, 8])
def test_eq_10_of_a_single_row_is_eq_12(N: int) -> None:
    """Claim 2, between the two twins: neither is right for being like the other."""
    w, g = start(1, 5).numpy(), start(1, 5, seed=1).numpy()
    np.testing.assert_allclose(rule_step(w, g, N, 0.1)[0], single_output_rule_step(w[0], g[0], N, 0.1), rtol=1e-10)


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_zero_stays_zero_from_two_layers_on(k: int, dtype: torch.dtype) -> None:
    W, G = torch.zeros(4, k, 5, dtype=dtype), start(4, k, 5).to(dtype)
    after = rule_step_of(W, G, [1, 2, 3, 8], [0.5] * 4, [0.1] * 4)
    torch.testing.assert_close(after[0], -0.5 * G[0], rtol=1e-6, atol=0)  # one layer is gradient descent
    assert torch.equal(after[1:], W[1:])


def test_one_layer_is_plain_gradient_descent_to_the_last_bit() -> None:
    W, G = start(2, 1, 5), start(2, 1, 5, seed=1)
    assert torch.equal(rule_step_of(W, G, [1, 4], [0.1] * 2, [0.0] * 2)[0], torch.addcmul(W, G, W.new_tensor(-0.1))[0])


@pytest.mark.parametrize("k", [1, 3])
def test_rank_deficient_matrices_follow_eq_10(k: int) -> None:
    """W_e of a narrow net: the zeroth power is the identity on the whole space, all others vanish off W_e's range."""
    column, row = start(k, 1), start(1, 6, seed=1)
    W, G = torch.stack([column @ row] * 3), start(3, k, 6, seed=2)
    actual = rule_step_of(W, G, [2, 3, 4], [0.1] * 3, [0.0] * 3)
    expected = [rule_step(w, g, N, 0.1) for w, g, N in zip(W.numpy(), G.numpy(), [2, 3, 4], strict=True)]
    # Rounding puts singular values of 1e-17 where 0 is meant, and N = 4 takes their square root.
    assert_rows_equal(actual, expected, W, 1e-7)


@pytest.fixture(params=[False, True], ids=["subnormals", "flushed"])
def _flushed(request: pytest.FixtureRequest) -> Iterator[None]:
    """Arithmetic as it comes, and as a run sets it up."""
    torch.set_flush_denormal(request.param)
    yield
    torch.set_flush_denormal(False)


@pytest.mark.usefixtures("_flushed")
@pytest.mark.parametrize("N", [2, 3, 8])
@pytest.mark.parametrize("size", [1e-16, 1e-12, 1e-6])
def test_float32_keeps_the_projection_of_a_tiny_end_to_end_matrix(N: int, size: float) -> None:
    """A near-zero deep net starts here. Eq. 12 scales as ‖W_e‖^{2−2/N} whatever the size, and so must float32."""
    w, g = start(1, 1, 6) * size, start(1, 1, 6, seed=1)
    lr = 0.1 * size ** (2 / N - 1)  # so that the step is of the order of W_e
    moved = rule_step_of(w.float(), g.float(), [N], [lr], [0.0])[0, 0].double().numpy() / size
    expected = single_output_rule_step(w[0, 0].numpy(), g[0, 0].numpy(), N, lr) / size
    np.testing.assert_allclose(moved, expected, rtol=0, atol=1e-5)


@pytest.mark.usefixtures("_flushed")
def test_tiny_weights_of_one_layer_are_not_lost_in_a_mixed_batch() -> None:
    """Norms below 1e-19 are 0 in float32; with N = 1 nothing may be divided by them."""
    W, G = torch.full((2, 1, 4), 1e-25), torch.ones(2, 1, 4)
    after = rule_step_of(W, G, [1, 3], [0.5] * 2, [0.0] * 2)
    torch.testing.assert_close(after[0], -0.5 * G[0])
    assert bool(after.isfinite().all())


@pytest.mark.parametrize("poison", [torch.nan, torch.inf, -torch.inf])
def test_with_several_outputs_a_diverged_trial_stays_diverged_and_the_others_go_on(poison: float) -> None:
    """LAPACK's SVD refuses a batch in which any matrix is not finite."""
    W, G = start(3, 2, 4), start(3, 2, 4, seed=1)
    clean = rule_step_of(W, G, [2, 3, 3], [0.1] * 3, [0.0] * 3)
    W[1, 0, 2], G[1] = poison, torch.nan
    after = rule_step_of(W, G, [2, 3, 3], [0.1] * 3, [0.0] * 3)
    assert torch.equal(after[[0, 2]], clean[[0, 2]])
    assert not bool(after[1].isfinite().all())
