"""The MNIST network: counts and shapes by hand, initial statistics by SciPy, and the tutorial's schedule and order."""

import functools
import itertools
from collections.abc import Callable

import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import given
from hypothesis import strategies as st

from overparam_cli.kinds.mnist import architecture
from overparam_cli.kinds.mnist import network as cnn

PLAIN = {"dense1": (), "dense2": ()}
TWO = {"dense1": (512,), "dense2": (10,)}
UNEVEN = {"dense1": (20, 30), "dense2": ()}


def network(widths: dict[str, tuple[int, ...]], seed: int = 0, std: float = 0.1) -> cnn.Parameters:
    stds = {layer: (std,) * (len(inner) + 1) for layer, inner in widths.items()}
    return cnn.initial_parameters(widths, init_std=0.1, factor_stds=stds, seed=seed)


def images(count: int = 6, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, 28, 28), dtype=torch.uint8, generator=generator)


def test_parameter_counts_are_those_of_the_design() -> None:
    by_hand = (5 * 5 * 32 + 32) + (5 * 5 * 32 * 64 + 64) + (3136 * 512 + 512) + (512 * 10 + 10)
    assert cnn.parameter_count(PLAIN) == by_hand == 1_663_370
    assert cnn.parameter_count(TWO) - by_hand == 512 * 512 + 10 * 10 == 262_244


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_the_smallest_widths_lose_nothing(depth: int) -> None:
    assert architecture.smallest_widths("dense1", depth) == (512,) * (depth - 1)
    assert architecture.smallest_widths("dense2", depth) == (10,) * (depth - 1)


def test_where_nothing_is_factored_every_reading_penalises_the_same() -> None:
    parameters = network(PLAIN)
    dense = ["dense1.W1", "dense1.bias", "dense2.W1", "dense2.bias"]
    for decay in cnn.DECAYS.values():
        found = decay(parameters)[1]
        assert sorted(found) == dense
        assert all(torch.equal(found[name], parameters[name]) for name in dense)


def test_shapes() -> None:
    shapes = {name: tuple(value.shape) for name, value in network(TWO).items()}
    assert shapes == {
        "conv1.weight": (32, 1, 5, 5), "conv1.bias": (32,), "conv2.weight": (64, 32, 5, 5), "conv2.bias": (64,),
        "dense1.W1": (512, 3136), "dense1.W2": (512, 512), "dense1.bias": (512,),
        "dense2.W1": (10, 512), "dense2.W2": (10, 10), "dense2.bias": (10,),
    }  # fmt: skip
    assert cnn.logits(network(PLAIN), cnn.scale_pixels(images(), torch.float64)).shape == (6, 10)


def test_weights_are_drawn_from_the_truncated_normal_and_biases_are_the_tutorials() -> None:
    parameters = cnn.initial_parameters(
        TWO, init_std=0.1, factor_stds={"dense1": (0.1, 0.02), "dense2": (0.5, 0.5)}, seed=3
    )
    twin = scipy.stats.truncnorm(-2, 2)
    for name, std in {"conv2.weight": 0.1, "dense1.W1": 0.1, "dense1.W2": 0.02, "dense2.W1": 0.5}.items():
        values = parameters[name].numpy().ravel() / std
        assert np.abs(values).max() <= 2
        assert scipy.stats.kstest(values[:20_000], twin.cdf).pvalue > 1e-3, name
        assert values.std() == pytest.approx(twin.std(), rel=0.05)
    assert (parameters["conv1.bias"] == 0).all()
    for name in ("conv2.bias", "dense1.bias", "dense2.bias"):
        assert (parameters[name] == 0.1).all()


def test_initial_weights_depend_on_the_seed_and_share_what_they_can() -> None:
    plain, two, again, other = network(PLAIN), network(TWO), network(TWO), network(TWO, seed=1)
    for name in ("conv1.weight", "conv2.weight", "dense1.W1"):
        assert torch.equal(plain[name], two[name])
    assert all(torch.equal(two[name], again[name]) for name in two)
    assert not torch.equal(two["conv1.weight"], other["conv1.weight"])
    assert torch.allclose(network(TWO, std=0.5)["dense1.W2"], 5 * two["dense1.W2"])


def written_out(parameters: cnn.Parameters, raw: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    """The tutorial's network, ReLU before pooling, with torch.nn's modules and one matrix a dense layer."""
    maps = (raw.double()[:, None] - 127.5) / 255
    for layer in ("conv1", "conv2"):
        weight = parameters[f"{layer}.weight"]
        conv = torch.nn.Conv2d(weight.shape[1], weight.shape[0], 5, padding="same", dtype=torch.float64)
        conv.weight.data, conv.bias.data = weight, parameters[f"{layer}.bias"]  # type: ignore[union-attr]
        maps = torch.nn.MaxPool2d(2)(torch.relu(conv(maps)))
    rows = torch.stack([maps[:, :, i, j] for i in range(7) for j in range(7)], dim=1).reshape(len(raw), -1)
    products = {}
    for layer in ("dense1", "dense2"):
        own = [value for name, value in parameters.items() if name.startswith(f"{layer}.W")]
        products[layer] = torch.linalg.multi_dot([*reversed(own), torch.eye(own[0].shape[1], dtype=torch.float64)])
    hidden = torch.relu(rows @ products["dense1"].T + parameters["dense1.bias"])
    hidden = hidden if mask is None else hidden * mask
    return hidden @ products["dense2"].T + parameters["dense2.bias"]


@pytest.mark.parametrize("widths", [PLAIN, TWO, UNEVEN], ids=["original", "factored", "uneven"])
@pytest.mark.parametrize("dropped", [False, True])
def test_the_network_computes_what_the_tutorial_writes(widths: dict[str, tuple[int, ...]], dropped: bool) -> None:
    parameters = {name: value.clone() for name, value in network(widths).items()}
    mask = torch.bernoulli(torch.full((6, 512), 0.5, dtype=torch.float64)) * 2 if dropped else None
    found = cnn.logits(parameters, cnn.scale_pixels(images(), torch.float64), mask)
    torch.testing.assert_close(found, written_out(parameters, images(), mask))


@pytest.mark.parametrize("widths", [TWO, UNEVEN], ids=["factored", "uneven"])
def test_the_product_network_is_the_same_function(widths: dict[str, tuple[int, ...]]) -> None:
    parameters, maps = network(widths), cnn.scale_pixels(images(), torch.float64)
    product = cnn.product_network(parameters)
    assert {name: tuple(value.shape) for name, value in product.items()} == cnn.parameter_shapes(PLAIN)
    torch.testing.assert_close(cnn.logits(product, maps), cnn.logits(parameters, maps))


@pytest.mark.parametrize("on", sorted(cnn.DECAYS))
@pytest.mark.parametrize("widths", [PLAIN, TWO, UNEVEN], ids=["original", "factored", "uneven"])
def test_the_l2_term_is_the_written_out_sum_and_its_gradient_autograds(
    widths: dict[str, tuple[int, ...]], on: str
) -> None:
    parameters = {name: value.requires_grad_() for name, value in network(widths).items()}
    expected = torch.zeros((), dtype=torch.float64)
    for layer, inner in widths.items():
        matrices = [parameters[f"{layer}.W{j + 1}"] for j in range(len(inner) + 1)]
        if on == "original":
            matrices = matrices[:1]  # the first factor has the one matrix's name
        elif on == "product":
            matrices = [functools.reduce(torch.matmul, reversed(matrices))]
        expected = expected + sum((value**2).sum() / 2 for value in [*matrices, parameters[f"{layer}.bias"]])
    gradients = torch.autograd.grad(expected, [*parameters.values()], allow_unused=True)
    with torch.no_grad():
        term, found = cnn.DECAYS[on](parameters)
    torch.testing.assert_close(term, expected.detach())
    for name, gradient in zip(parameters, gradients, strict=True):
        assert (name in found) == (gradient is not None)
        if gradient is not None:
            torch.testing.assert_close(found[name], gradient)


def test_the_norm_is_that_of_the_end_to_end_matrices() -> None:
    parameters = network(TWO)
    squares = [
        ((parameters[f"{layer}.W2"] @ parameters[f"{layer}.W1"]) ** 2).sum().item() for layer in ("dense1", "dense2")
    ]
    assert float(cnn.dense_norm(parameters)) == pytest.approx(np.sqrt(sum(squares)))


def test_pixels_are_scaled_to_half_a_unit_about_zero() -> None:
    corners = torch.tensor([0, 255], dtype=torch.uint8).repeat_interleave(28 * 28).view(2, 28, 28)
    scaled = cnn.scale_pixels(corners)
    assert scaled.shape == (2, 1, 28, 28)
    assert scaled[:, 0, 0, 0].tolist() == [-0.5, 0.5]


def test_the_schedule_falls_where_an_epoch_ends() -> None:
    # 64 · 859 = 54,976 < 55,000 ≤ 64 · 860; the tutorial's last step, 8592, is in the tenth epoch.
    for step, power in {0: 0, 859: 0, 860: 1, 1718: 1, 1719: 2, 8592: 9}.items():
        rate = cnn.learning_rate(torch.tensor(step), 0.01, 0.95, 64, 55_000)
        assert float(rate) == pytest.approx(0.01 * 0.95**power, rel=1e-12)


def test_the_order_is_the_tutorials() -> None:
    order = [int(cnn.batch_offset(torch.tensor(step), 64, 55_000)) for step in range(900)]
    assert order[:3] == [0, 64, 128]
    assert order[858:861] == [54_912, 40, 104]  # 64 · 858 = 54,912 is the last that fits below 55,000 − 64
    assert all(b == a + 64 or b == a + 64 - (55_000 - 64) for a, b in itertools.pairwise(order))


@given(step=st.integers(0, 10**6), batch=st.integers(1, 200), train=st.integers(201, 10**5))
def test_a_batch_never_runs_over_the_end(step: int, batch: int, train: int) -> None:
    offset = int(cnn.batch_offset(torch.tensor(step), batch, train))
    assert 0 <= offset < train - batch


def test_parameters_and_images_lie_with_their_channels_last() -> None:
    for value in network(PLAIN).values():
        placed = cnn.in_layout(value)
        assert torch.equal(placed, value)
        assert value.dim() != 4 or placed.is_contiguous(memory_format=torch.channels_last)
    assert cnn.scale_pixels(images()).stride() == (28 * 28, 1, 28, 1)


def test_the_layout_in_memory_changes_no_score_and_no_gradient() -> None:
    """To rounding."""
    parameters, maps = network(PLAIN), cnn.scale_pixels(images(), torch.float64)

    def computed(place: Callable[[torch.Tensor], torch.Tensor]) -> list[torch.Tensor]:
        leaves = {name: place(value).clone().requires_grad_() for name, value in parameters.items()}
        scores = cnn.logits(leaves, place(maps))
        return [scores.detach(), *torch.autograd.grad(scores.square().mean(), list(leaves.values()))]

    for value, other in zip(computed(cnn.in_layout), computed(torch.Tensor.contiguous), strict=True):
        torch.testing.assert_close(other, value, rtol=0, atol=1e-13 * float(value.abs().max()))
