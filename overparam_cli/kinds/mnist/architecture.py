"""The shape of TensorFlow's MNIST tutorial network, in plain numbers that are read without importing torch."""

from collections.abc import Mapping

SIDE, CLASSES = 28, 10
KERNEL = 5
CHANNELS = (1, 32, 64)  # of the images, and of the two convolutions' outputs
CONVOLUTIONS = tuple(f"conv{index + 1}" for index in range(len(CHANNELS) - 1))
POOLED = SIDE // 4  # two poolings halve the side twice
# Dense layers by name: (d, k).
DENSE: Mapping[str, tuple[int, int]] = {"dense1": (CHANNELS[2] * POOLED**2, 512), "dense2": (512, CLASSES)}
ACTIVATIONS = SIDE**2 * CHANNELS[1] + (SIDE // 2) ** 2 * CHANNELS[2]  # of an image behind the two convolutions
UNFACTORED: Mapping[str, tuple[int, ...]] = dict.fromkeys(DENSE, ())  # the original network's inner widths


def smallest_widths(layer: str, depth: int) -> tuple[int, ...]:
    """Inner widths of `layer` in `depth` factors: the smallest that leave it as expressive as one matrix, min(d, k)."""
    return (min(DENSE[layer]),) * (depth - 1)
