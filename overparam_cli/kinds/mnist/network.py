"""The convolutional network of Figure 5 right and Appendix C.2, its dense layers factored to any depth.

TensorFlow's MNIST tutorial (`tutorials/image/mnist/convolutional.py`):

    conv 5×5×32 SAME → ReLU → max-pool 2 → conv 5×5×64 SAME → ReLU → max-pool 2
    → dense 3136 → 512 → ReLU → dropout → dense 512 → 10

Overparameterising a dense layer W (k, d) puts W_N ⋯ W_1 in its place, with no bias or non-linearity between the factors
(App. C.2): the layer computes W_e x + b with W_e = `parameterization.end_to_end` of its factors (Eq. 5), so the network
can express what it could before. Everything here is a pure function of tensors; a network is a dictionary of them.
"""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from overparam_cli.kinds.linear.layers import end_to_end, end_to_end_half_square, layer_shapes
from overparam_cli.kinds.mnist.architecture import CHANNELS, CONVOLUTIONS, DENSE, KERNEL, UNFACTORED

Parameters = dict[str, Tensor]
Decay = tuple[Tensor, Parameters]
"""½ Σ ‖·‖² over what weight decay falls on, and its gradients: of the parameters alone that they are not 0 of."""

BIAS = 0.1  # of every layer but the first convolution, whose biases start at 0
CUT = 2.0  # standard deviations beyond which a normal draw is redrawn
PIXEL_RANGE = 255


def factor_names(layer: str, depth: int) -> list[str]:
    """Names of a dense layer's factors W_1 … W_N, W_1 next to the input."""
    return [f"{layer}.W{j}" for j in range(1, depth + 1)]


def factors(parameters: Parameters, layer: str) -> list[Tensor]:
    """W_1 … W_N of a dense layer."""
    return [value for name, value in parameters.items() if name.startswith(f"{layer}.W")]


def parameter_shapes(widths: Mapping[str, Sequence[int]]) -> dict[str, tuple[int, ...]]:
    """Shape of every parameter, in the network's order; `widths`: inner widths by dense layer, () for one matrix."""
    shapes: dict[str, tuple[int, ...]] = {}
    for layer, (fan_in, fan_out) in zip(CONVOLUTIONS, itertools.pairwise(CHANNELS), strict=True):
        shapes |= {f"{layer}.weight": (fan_out, fan_in, KERNEL, KERNEL), f"{layer}.bias": (fan_out,)}
    for layer, (d, k) in DENSE.items():
        own = layer_shapes(d, widths[layer], k)
        shapes |= dict(zip(factor_names(layer, len(own)), own, strict=True)) | {f"{layer}.bias": (k,)}
    return shapes


def parameter_count(widths: Mapping[str, Sequence[int]]) -> int:
    """How many numbers the network is made of."""
    return sum(torch.Size(shape).numel() for shape in parameter_shapes(widths).values())


def initial_parameters(
    widths: Mapping[str, Sequence[int]], *, init_std: float, factor_stds: Mapping[str, Sequence[float]], seed: int
) -> Parameters:
    """Initial parameters in float64: truncated normal weights, redrawn beyond 2 standard deviations; constant biases.

    `init_std` is the standard deviation before the cut, of every weight but the factors of a factored layer, which
    have `factor_stds[layer]`, one a factor. They depend on the arguments alone; networks of one seed share the
    convolutions, and the draws of dense factors up to the first one that they do not have in common.
    """
    generator = torch.Generator().manual_seed(seed)
    stds = {
        name: std
        for layer, inner in widths.items()
        if inner
        for name, std in zip(factor_names(layer, len(inner) + 1), factor_stds[layer], strict=True)
    }
    parameters: Parameters = {}
    for name, shape in parameter_shapes(widths).items():
        if name.endswith("bias"):
            parameters[name] = torch.full(shape, 0.0 if name == "conv1.bias" else BIAS, dtype=torch.float64)
        else:
            draw = torch.empty(shape, dtype=torch.float64)
            torch.nn.init.trunc_normal_(draw, a=-CUT, b=CUT, generator=generator)
            parameters[name] = draw * stds.get(name, init_std)
    return parameters


def in_layout(value: Tensor) -> Tensor:
    """A parameter as `logits` wants it in memory: with the channels last, if it has four dimensions.

    That changes no number but its last bits, and more than halves the first convolution's time on a CPU.
    """
    return value.contiguous(memory_format=torch.channels_last) if value.dim() == 4 else value


def scale_pixels(images: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """(x − 127.5)/255 of uint8 images (B, 28, 28), as maps (B, 1, 28, 28) with values within ±0.5, channels last.

    The stride of their one channel is 1: what comes of them, a convolution would else lay out with its channels first.
    """
    return (images[..., None].permute(0, 3, 1, 2).to(dtype) - PIXEL_RANGE / 2) / PIXEL_RANGE


def logits(parameters: Parameters, maps: Tensor, dropout: Tensor | None = None) -> Tensor:
    """Class scores (B, 10) of `maps` (B, 1, 28, 28).

    `dropout` (B, 512) multiplies the hidden units: 0 where one is dropped, 1/keep where it is kept; None: no dropout.
    """
    for layer in CONVOLUTIONS:
        maps = F.conv2d(maps, parameters[f"{layer}.weight"], parameters[f"{layer}.bias"], padding=KERNEL // 2)
        # The tutorial has ReLU first. The two commute, gradients included; so ReLU sees a quarter of the maps.
        maps = F.relu(F.max_pool2d(maps, 2))
    rows = maps.permute(0, 2, 3, 1).flatten(1)  # row × column × channel, as the tutorial's tensors lie; (B, 3136)
    hidden = F.relu(dense(parameters, "dense1", rows))  # (B, 512)
    if dropout is not None:
        hidden = hidden * dropout
    return dense(parameters, "dense2", hidden)


def dense(parameters: Parameters, layer: str, inputs: Tensor) -> Tensor:
    """W_N ⋯ W_1 x + b for the rows x of `inputs` (B, d), factor by factor; (B, k)."""
    *inner, last = factors(parameters, layer)
    for weight in inner:
        inputs = F.linear(inputs, weight)
    return F.linear(inputs, last, parameters[f"{layer}.bias"])


def product_network(parameters: Parameters) -> Parameters:
    """The network with one matrix a dense layer that computes the same function: W_e in place of the factors."""
    plain = {name: value for name, value in parameters.items() if not _is_factor(name)}
    plain |= {f"{layer}.W1": end_to_end(factors(parameters, layer)) for layer in DENSE}
    return {name: plain[name] for name in ORIGINAL}


def _is_factor(name: str) -> bool:
    return any(name.startswith(f"{layer}.W") for layer in DENSE)


def half_square(tensors: Iterable[Tensor]) -> Tensor:
    """½ Σ ‖·‖², as TensorFlow's `l2_loss` has it."""
    return torch.stack([tensor.flatten().dot(tensor.flatten()) for tensor in tensors]).sum() / 2


def decay_of_factors(parameters: Parameters) -> Decay:
    """Of every dense factor and dense bias: each factor counts as a weight matrix."""
    own = {name: value for name, value in parameters.items() if not name.startswith("conv")}
    return half_square(own.values()), own


def decay_of_original(parameters: Parameters) -> Decay:
    """Of the original network's dense parameters: the first factor of each layer, which has its name, and the biases.

    The tutorial's code lists what it penalises by name, so factors that are put behind the original ones escape.
    """
    own = {name: value for name, value in decay_of_factors(parameters)[1].items() if name in ORIGINAL}
    return half_square(own.values()), own


def decay_of_product(parameters: Parameters) -> Decay:
    """Of W_e of each dense layer, and of the biases.

    App. C.2 replaces the weight matrix by a product, and v1 says that nothing else was changed: the tutorial's term,
    which speaks of the layer's weight matrix, is then that of the product.
    """
    gradients = {f"{layer}.bias": parameters[f"{layer}.bias"] for layer in DENSE}
    total = half_square(gradients.values())
    for layer in DENSE:
        matrices = factors(parameters, layer)
        term, own = end_to_end_half_square(matrices)
        total = total + term
        gradients |= dict(zip(factor_names(layer, len(matrices)), own, strict=True))
    return total, gradients


def dense_norm(parameters: Parameters) -> Tensor:
    """Frobenius norm of all end-to-end dense matrices together."""
    plain = product_network(parameters)
    return torch.sqrt(2 * half_square(plain[f"{layer}.W1"] for layer in DENSE))


def learning_rate(step: Tensor, base: float, decay: float, batch: int, train: int) -> Tensor:
    """η · decay^⌊batch · step / train⌋: it falls once an epoch, by steps (`step` counts from 0)."""
    epoch = torch.div(step * batch, train, rounding_mode="floor")
    return base * torch.pow(decay, epoch.double())


def batch_offset(step: Tensor, batch: int, train: int) -> Tensor:
    """First image of step `step`'s batch: batch · step mod (train − batch). No shuffling (`step` counts from 0)."""
    return (step * batch) % (train - batch)


ORIGINAL = tuple(parameter_shapes(UNFACTORED))  # the original network's names, in its order

# Of what weight decay falls on, by name: dense weights and biases, never the convolutions.
DECAYS: Mapping[str, Callable[[Parameters], Decay]] = {
    "factors": decay_of_factors,
    "original": decay_of_original,
    "product": decay_of_product,
}
