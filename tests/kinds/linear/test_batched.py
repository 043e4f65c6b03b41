"""The batched chains against the pure functions for one network, on padded, mixed and degenerate batches."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from overparam_cli.kinds.linear.layers import Weights, end_to_end, layer_shapes, pullback
from overparam_cli.kinds.linear.parameterisation import Networks
from overparam_cli.kinds.linear.parameterisations.layers import MatrixChain, ScalarChain

CPU = torch.device("cpu")
Pack = Callable[[Sequence[Weights], torch.dtype, torch.device], Networks]


def network(d: int, widths: Sequence[int], k: int, rng: np.random.Generator) -> Weights:
    return [torch.from_numpy(rng.normal(size=shape)) for shape in layer_shapes(d, widths, k)]


def scalar_networks(d: int, depths: Sequence[int], seed: int = 0) -> list[Weights]:
    rng = np.random.default_rng(seed)
    return [network(d, [1] * (depth - 1), 1, rng) for depth in depths]


def some_gradient(d: int, columns: int, seed: int = 1) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(d, columns)))


def forward(chain: Networks, d: int, columns: int) -> Tensor:
    """W_e as the engine asks for it: into a block of columns of a wider matrix."""
    batch = torch.full((d, columns + 5), torch.nan, dtype=chain.params.dtype)
    chain.end_to_end(batch[:, 2 : columns + 2])
    assert bool(batch[:, :2].isnan().all())
    assert bool(batch[:, columns + 2 :].isnan().all())
    return batch[:, 2 : columns + 2]


def backward(chain: Networks, G: Tensor) -> Tensor:
    """The gradients, for a G that is a block of columns of a wider matrix and must not be changed."""
    batch = torch.full((G.shape[0], G.shape[1] + 5), torch.nan, dtype=G.dtype)
    view = batch[:, 2 : G.shape[1] + 2]
    view.copy_(G)
    chain.pullback(view)
    assert torch.equal(view, G)
    return chain.grads


def column(weights: Weights) -> Tensor:
    return torch.cat([weight.reshape(-1) for weight in weights])


def check_scalar_chain(nets: list[Weights]) -> None:
    d, depths = nets[0][0].shape[1], [len(weights) for weights in nets]
    chain, G = ScalarChain.pack(nets, torch.float64, CPU), some_gradient(d, len(nets))
    expected = torch.stack([end_to_end(weights)[0] for weights in nets], dim=1)
    torch.testing.assert_close(forward(chain, d, len(nets)), expected, rtol=1e-12, atol=1e-300)
    grads = backward(chain, G)
    assert grads.shape == chain.params.shape == (d + max(depths) - 1, len(nets))
    for b, weights in enumerate(nets):
        rows = d + len(weights) - 1
        expected = column(pullback(weights, G[:, b][None, :]))
        scale = float(expected.abs().max()) or 1.0
        torch.testing.assert_close(grads[:rows, b], expected, rtol=1e-11, atol=1e-12 * scale)
        assert torch.equal(grads[rows:, b], torch.zeros_like(grads[rows:, b]))  # pads
        assert torch.equal(chain.decay()[:, b] == 1, torch.arange(len(chain.params)) < rows)


@settings(max_examples=50)
@given(st.integers(1, 6), st.lists(st.integers(1, 16), min_size=1, max_size=7), st.integers(0, 99))
def test_scalar_chain_is_the_pure_functions_network_by_network(d: int, depths: list[int], seed: int) -> None:
    check_scalar_chain(scalar_networks(d, depths, seed))


@settings(max_examples=30)
@given(
    st.integers(1, 5),
    st.lists(st.integers(1, 6), max_size=9),
    st.integers(1, 4),
    st.integers(1, 5),
    st.integers(0, 99),
)
def test_matrix_chain_is_the_pure_functions_network_by_network(
    d: int, widths: list[int], k: int, count: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    nets = [network(d, widths, k, rng) for _ in range(count)]
    chain, G = MatrixChain.pack(nets, torch.float64, CPU), some_gradient(d, count * k)
    W_e = forward(chain, d, count * k)
    grads = backward(chain, G)
    for b, weights in enumerate(nets):
        own = slice(b * k, (b + 1) * k)  # column b·k + o is output o of network b
        torch.testing.assert_close(W_e[:, own], end_to_end(weights).T, rtol=1e-10, atol=1e-11)
        expected = column(pullback(weights, G[:, own].T))
        scale = float(expected.abs().max()) or 1.0
        torch.testing.assert_close(grads[b], expected, rtol=1e-10, atol=1e-12 * scale)
    assert torch.equal(chain.decay() * torch.ones_like(chain.params), torch.ones_like(chain.params))


@pytest.mark.parametrize("depth", [1, 2, 3, 8])
def test_the_two_chains_agree_where_both_apply(depth: int) -> None:
    nets, G = scalar_networks(5, [depth] * 4), some_gradient(5, 4)
    scalar, matrix = (kind.pack(nets, torch.float64, CPU) for kind in (ScalarChain, MatrixChain))
    torch.testing.assert_close(forward(scalar, 5, 4), forward(matrix, 5, 4), rtol=1e-13, atol=0)
    torch.testing.assert_close(backward(scalar, G), backward(matrix, G).T, rtol=1e-11, atol=1e-14)
    torch.testing.assert_close(scalar.params, matrix.params.T, rtol=0, atol=0)


@pytest.mark.parametrize("zeros", [(1,), (1, 3), (1, 2, 3)])
def test_scalars_that_are_exactly_zero_give_gradients_and_no_nan(zeros: tuple[int, ...]) -> None:
    """With one zero its own gradient survives; with two all scalar gradients are 0."""
    nets = scalar_networks(4, [4, 2, 4])
    for j in zeros:
        nets[0][j] = torch.zeros_like(nets[0][j])
    check_scalar_chain(nets)
    chain = ScalarChain.pack(nets, torch.float64, CPU)
    forward(chain, 4, 3)
    alive = backward(chain, some_gradient(4, 3))[4:, 0] != 0
    assert alive.tolist() == [zeros == (1,) and j == 1 for j in (1, 2, 3)]


@pytest.mark.parametrize("pack", [ScalarChain.pack, MatrixChain.pack])
def test_a_network_without_weights_left_has_gradients_of_zero(pack: Pack) -> None:
    nets = [[torch.zeros_like(weight) for weight in weights] for weights in scalar_networks(3, [3, 3])]
    chain = pack(nets, torch.float64, CPU)
    assert torch.equal(forward(chain, 3, 2), torch.zeros(3, 2, dtype=torch.float64))
    assert torch.equal(backward(chain, some_gradient(3, 2)), torch.zeros_like(chain.params))


@pytest.mark.parametrize("pack", [ScalarChain.pack, MatrixChain.pack])
@pytest.mark.parametrize("poison", [torch.nan, torch.inf])
def test_a_diverged_network_does_not_touch_its_companions(pack: Pack, poison: float) -> None:
    nets, G = scalar_networks(4, [3, 3, 3]), some_gradient(4, 3)
    clean = pack(nets, torch.float64, CPU)
    W_e, grads = forward(clean, 4, 3), backward(clean, G)
    spoilt = [nets[0], [torch.full_like(weight, poison) for weight in nets[1]], nets[2]]
    chain = pack(spoilt, torch.float64, CPU)
    G[:, 1] = torch.nan
    others, along = [0, 2], chain.trial_dim
    assert torch.equal(forward(chain, 4, 3)[:, others], W_e[:, others])
    chain.pullback(G)
    index = torch.tensor(others)
    assert torch.equal(chain.grads.index_select(along, index), grads.index_select(along, index))


@pytest.mark.parametrize("pack", [ScalarChain.pack, MatrixChain.pack])
def test_packing_copies_the_weights_and_rounds_them_once(pack: Pack) -> None:
    nets = scalar_networks(3, [2, 2])
    before = [column(weights) for weights in nets]
    chain = pack(nets, torch.float32, CPU)
    assert chain.params.dtype == chain.grads.dtype == torch.float32
    assert chain.params.is_contiguous()
    trials = chain.params.T if chain.trial_dim == 1 else chain.params
    assert torch.equal(trials, torch.stack(before).float())
    chain.params.zero_()
    for weights, kept in zip(nets, before, strict=True):
        assert torch.equal(column(weights), kept)


def test_a_chain_follows_its_params_when_they_are_changed_in_place() -> None:
    """Optimisers write into `params`; the chain's own views must be views of it, layer by layer."""
    rng = np.random.default_rng(0)
    for kind, widths in ((ScalarChain, [1, 1]), (MatrixChain, [3, 2])):
        nets = [network(4, widths, 1, rng) for _ in range(2)]
        target = [network(4, widths, 1, rng) for _ in range(2)]
        chain: Networks = kind.pack(nets, torch.float64, CPU)
        chain.params.copy_(kind.pack(target, torch.float64, CPU).params)
        expected = torch.cat([end_to_end(weights) for weights in target]).T
        torch.testing.assert_close(forward(chain, 4, 2), expected, rtol=1e-13, atol=0)
