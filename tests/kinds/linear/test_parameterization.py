"""Deep linear networks against autograd, plain products, Eq. 7 and the statistics of Appendix C.1."""

import itertools
import math
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from torch import Tensor

from overparam_cli.errors import ConfigError
from overparam_cli.kinds.linear.inits import INITS
from overparam_cli.kinds.linear.layers import (
    end_to_end,
    end_to_end_half_square,
    initial_weights,
    layer_shapes,
    pullback,
)

sizes = st.tuples(
    st.integers(1, 6),  # d
    st.lists(st.integers(1, 5), max_size=15),  # hidden widths: depths 1 to 16
    st.integers(1, 4),  # k
)


def network(d: int, widths: Sequence[int], k: int, seed: int = 0) -> list[Tensor]:
    """Weights of unit gain, so that products of 16 layers neither vanish nor explode."""
    draw = np.random.default_rng(seed)
    ends = [d, *widths, k]
    return [torch.from_numpy(draw.normal(size=(b, a)) / math.sqrt(a)) for a, b in itertools.pairwise(ends)]


def some_loss(W: Tensor) -> Tensor:
    """A smooth function of W_e that is neither convex nor separable."""
    return torch.sin(W).sum() + (W**2).sum() ** 2 + torch.exp(W.mean())


def assert_equal(actual: Tensor, expected: Tensor, relative: float = 1e-12) -> None:
    """Equal up to rounding, relative to the largest entry."""
    scale = max(float(expected.abs().max()), 1e-300)
    torch.testing.assert_close(actual / scale, expected / scale, rtol=0, atol=relative)


def balance(weights: Sequence[Tensor]) -> list[Tensor]:
    """What Eq. 7 says is zero: W_{j+1}ᵀ W_{j+1} − W_j W_jᵀ for j = 1 … N − 1."""
    return [above.T @ above - below @ below.T for below, above in itertools.pairwise(weights)]


@settings(max_examples=40)
@given(sizes)
def test_layer_shapes_chain_from_the_inputs_to_the_outputs(sizes: tuple[int, list[int], int]) -> None:
    d, widths, k = sizes
    shapes = layer_shapes(d, widths, k)
    assert len(shapes) == len(widths) + 1
    assert [columns for _, columns in shapes] == [d, *widths]
    assert [rows for rows, _ in shapes] == [*widths, k]


@settings(max_examples=60)
@given(sizes, st.integers(0, 99))
def test_the_end_to_end_matrix_is_what_the_layers_compute(sizes: tuple[int, list[int], int], seed: int) -> None:
    weights = network(*sizes, seed)
    x = torch.eye(sizes[0], dtype=torch.float64)
    for weight in weights:  # the network itself, layer after layer, on a basis
        x = weight @ x
    assert_equal(end_to_end(weights), x)
    if len(weights) > 1:
        assert_equal(end_to_end(weights), torch.linalg.multi_dot(list(reversed(weights))))


@settings(max_examples=60)
@given(sizes, st.integers(0, 99))
def test_the_pullback_is_the_gradient_autograd_finds(sizes: tuple[int, list[int], int], seed: int) -> None:
    weights = network(*sizes, seed)
    leaves = [weight.clone().requires_grad_() for weight in weights]
    x = torch.eye(sizes[0], dtype=torch.float64)
    for leaf in leaves:
        x = leaf @ x
    expected = torch.autograd.grad(some_loss(x), leaves)

    W_e = x.detach().requires_grad_()
    (G,) = torch.autograd.grad(some_loss(W_e), W_e)
    for actual, gradient in zip(pullback(weights, G), expected, strict=True):
        assert actual.shape == gradient.shape
        assert_equal(actual, gradient, 1e-11)


@settings(max_examples=60)
@given(sizes, st.integers(0, 99))
def test_half_the_square_of_the_product_and_its_gradients_are_autograds(
    sizes: tuple[int, list[int], int], seed: int
) -> None:
    weights = network(*sizes, seed)
    leaves = [weight.clone().requires_grad_() for weight in weights]
    x = torch.eye(sizes[0], dtype=torch.float64)
    for leaf in leaves:
        x = leaf @ x
    expected = x.square().sum() / 2
    found, gradients = end_to_end_half_square(weights)
    assert_equal(found, expected.detach(), 1e-11)
    for actual, gradient in zip(gradients, torch.autograd.grad(expected, leaves), strict=True):
        assert_equal(actual, gradient, 1e-11)


@pytest.mark.parametrize("init_std", [0.01, 1.0])
def test_near_zero_weights_are_independent_normal_draws(init_std: float) -> None:
    weights = initial_weights(80, [60, 40], 20, init_std=init_std, seed=3)
    for weight in weights:
        assert weight.dtype == torch.float64
        sample = weight.flatten().numpy() / init_std
        assert stats.kstest(sample, "norm").pvalue > 1e-3
        assert abs(sample.std() - 1) < 4 / math.sqrt(2 * sample.size)
        assert abs(stats.pearsonr(sample[1:], sample[:-1]).statistic) < 4 / math.sqrt(sample.size)
    first, second, third = (weight.flatten()[:200] for weight in weights)
    for one, other in itertools.combinations((first, second, third), 2):
        assert abs(stats.pearsonr(one, other).statistic) < 4 / math.sqrt(200)


def test_scalars_of_many_seeds_are_normal_too() -> None:
    """Width-1 layers are single draws from a generator that was just seeded; consecutive seeds must not correlate."""
    scalars = np.array([[float(w) for w in initial_weights(1, [1, 1], 1, seed=seed)] for seed in range(400)]) / 0.01
    for column in scalars.T:
        assert stats.kstest(column, "norm").pvalue > 1e-3
        assert abs(stats.pearsonr(column[1:], column[:-1]).statistic) < 0.2
    assert np.abs(np.corrcoef(scalars.T) - np.eye(3)).max() < 0.2


def test_identity_adds_one_on_the_diagonal_of_every_matrix_square_or_not() -> None:
    settings = {"d": 5, "widths": [3, 4], "k": 2, "init_std": 0.1, "seed": 1}
    plain = initial_weights(**settings)  # type: ignore[arg-type]
    raised = initial_weights(**settings, init="identity")  # type: ignore[arg-type]
    for before, after in zip(plain, raised, strict=True):
        added = after - before
        for (row, column), value in np.ndenumerate(added.numpy()):
            assert value == pytest.approx(1.0 if row == column else 0.0, abs=1e-15)


@settings(max_examples=60)
@given(sizes, st.integers(0, 99))
def test_balanced_weights_satisfy_eq_7_and_keep_the_draws_end_to_end_matrix(
    sizes: tuple[int, list[int], int], seed: int
) -> None:
    d, widths, k = sizes
    start = initial_weights(d, widths, k, init="balanced", init_std=1.0, seed=seed)
    drawn = initial_weights(d, widths, k, init_std=1.0, seed=seed)
    assert [weight.shape for weight in start] == [weight.shape for weight in drawn]
    expected = torch.eye(d, dtype=torch.float64)
    for weight in drawn:
        expected = weight @ expected
    assert_equal(end_to_end(start), expected, 1e-10)
    largest = max(float(weight.abs().max()) for weight in start) ** 2
    for difference in balance(start):
        assert float(difference.abs().max()) <= 1e-12 * largest


@pytest.mark.parametrize("widths", [[1], [1, 1], [2, 5, 1], [2, 2, 2]])
def test_balanced_works_through_a_bottleneck_narrower_than_the_outputs(widths: list[int]) -> None:
    """W_e then has the bottleneck's rank; the singular values that rounding leaves beyond it are not a rank."""
    start = initial_weights(6, widths, 4, init="balanced", init_std=0.5, seed=2)
    drawn = initial_weights(6, widths, 4, init_std=0.5, seed=2)
    assert_equal(end_to_end(start), end_to_end(drawn), 1e-12)
    for difference in balance(start):
        assert float(difference.abs().max()) <= 1e-13


def test_balanced_of_zero_is_zero() -> None:
    for weight in initial_weights(4, [3, 3], 2, init="balanced", init_std=0.0):
        assert torch.equal(weight, torch.zeros_like(weight))


@pytest.mark.parametrize("init", list(INITS))
def test_weights_depend_on_the_arguments_alone(init: str) -> None:
    def draw(seed: int) -> list[Tensor]:
        return initial_weights(7, [4, 4], 2, init=init, init_std=0.3, seed=seed)

    first = draw(5)
    torch.manual_seed(99)  # neither the global generator …
    state = torch.get_rng_state()
    draw(6)  # … nor what is drawn before matters,
    again = draw(5)
    assert torch.equal(torch.get_rng_state(), state)  # … nor is the global generator moved
    for one, same, other in zip(first, again, draw(6), strict=True):
        assert torch.equal(one, same)
        assert not torch.equal(one, other)


def test_networks_of_one_seed_share_the_draws_of_their_common_layers() -> None:
    shallow, deep = initial_weights(9, [1], 1, seed=4), initial_weights(9, [1, 1, 1], 1, seed=4)
    assert torch.equal(shallow[0], deep[0])
    assert torch.equal(shallow[1], deep[1])


@pytest.mark.parametrize("init", list(INITS))
def test_the_draw_scales_with_its_standard_deviation(init: str) -> None:
    """init_std 0 leaves what the initialisation adds; the draw is linear in it."""
    zero, one, two = (initial_weights(5, [], 3, init=init, init_std=std, seed=8)[0] for std in (0.0, 1.0, 2.0))
    torch.testing.assert_close(two - zero, 2 * (one - zero), rtol=1e-12, atol=1e-12)


def test_an_unknown_initialisation_is_refused_with_the_choices() -> None:
    with pytest.raises(ConfigError, match="near-zero, identity, balanced"):
        initial_weights(3, [], 1, init="xavier")


def test_batches_of_networks_give_what_each_network_gives() -> None:
    nets = [network(5, [4, 3], 2, seed) for seed in range(3)]
    G = torch.from_numpy(np.random.default_rng(9).normal(size=(3, 2, 5)))
    stacked = [torch.stack(layers) for layers in zip(*nets, strict=True)]
    assert_equal(end_to_end(stacked), torch.stack([end_to_end(net) for net in nets]))
    for j, gradient in enumerate(pullback(stacked, G)):
        assert_equal(gradient, torch.stack([pullback(net, g)[j] for net, g in zip(nets, G, strict=True)]))
