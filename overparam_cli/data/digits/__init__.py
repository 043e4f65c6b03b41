"""Printed digits, distorted: the embedded stand-in for MNIST, drawn from a seed where there is no network."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np

from overparam_cli.data.cost import Cost
from overparam_cli.data.digits.drawing import TEST, TRAINING, draw
from overparam_cli.data.entries import ImagesEntry
from overparam_cli.data.facts import Check, exact, within
from overparam_cli.data.images import CLASSES, SIDE, ImageDataset, Pixels, class_counts
from overparam_cli.data.options import Option, natural, whole

SEED, N, N_TEST = 1, 10_000, 2_000  # the first 5000 of them are for validation, as of MNIST's
SECONDS = 2e-4  # an image takes to be drawn
FINGERPRINT = "3c7b636eb8bd20d4"


@lru_cache(maxsize=2)  # a run asks for its images more than once, and drawing them takes a second
def load(seed: int = SEED, n: int = N, n_test: int = N_TEST) -> ImageDataset:
    """n images to train on and n_test to test on, every digit equally often: the same bytes for the same seed.

    Whatever n and n_test are, the first images of each are the same.
    """
    given = (("seed", seed, SEED), ("n", n, N), ("n_test", n_test, N_TEST))
    options = ",".join(f"{key}={value}" for key, value, default in given if value != default)
    images, labels = draw(seed, n, TRAINING)
    test_images, test_labels = draw(seed, n_test, TEST)
    return ImageDataset(
        name=f"digits-simulated:{options}" if options else "digits-simulated",
        images=images,
        labels=labels,
        test_images=test_images,
        test_labels=test_labels,
        source=f"printed digits, distorted (seed {seed})",
        embedded=True,
    )


def cost(options: Mapping[str, float]) -> Cost:
    """Of drawing as many digits as the options say."""
    images = int(options["n"]) + int(options["n_test"])
    return Cost(
        f"drawing {images:,} digits", images * SECONDS, images * SIDE * SIDE, "ask for fewer with n=… or n_test=…"
    )


def verify(_: Path) -> list[Check]:
    """Shapes, balance, brightness, that the digits can be told apart, and the very bytes."""
    data = load()
    again = draw(SEED, 100, TRAINING)
    return [
        exact("training images", (N, SIDE, SIDE), data.images.shape),
        exact("test images", (N_TEST, SIDE, SIDE), data.test_images.shape),
        exact("training images of each digit", [N // CLASSES] * CLASSES, class_counts(data.labels)),
        exact("test images of each digit", [N_TEST // CLASSES] * CLASSES, class_counts(data.test_labels)),
        within("mean pixel of the training images", 20, 50, float(data.images.mean())),
        exact("the first images drawn again are the same", True, np.array_equal(again[0], data.images[:100])),
        exact("test images that are training images", 0, _repeated(data.images, data.test_images)),
        within("test images nearest to the mean of their digit", 0.4, 1.0, _nearest_mean_accuracy(data)),
        exact("fingerprint", FINGERPRINT, data.fingerprint),
    ]


def _repeated(images: Pixels, others: Pixels) -> int:
    known = {image.tobytes() for image in images}
    return sum(image.tobytes() in known for image in others)


def _nearest_mean_accuracy(data: ImageDataset) -> float:
    """Fraction of test images whose nearest class mean, over the training images, is that of their own digit."""
    means = np.stack([data.images[data.labels == digit].mean(axis=0).ravel() for digit in range(CLASSES)])  # (10, 784)
    flat = data.test_images.reshape(data.n_test, -1).astype(float)  # (n_test, 784)
    distance = (means**2).sum(axis=1) - 2 * flat @ means.T  # (n_test, 10), but for a term that all digits share
    return float((distance.argmin(axis=1) == data.test_labels).mean())


ENTRIES = {
    "digits-simulated": ImagesEntry(
        what=f"printed digits of {SIDE} × {SIDE} pixels, distorted, in place of MNIST",
        n=N,
        d=SIDE * SIDE,
        source="embedded, made from a seed",
        load=lambda options, _: load(int(options["seed"]), int(options["n"]), int(options["n_test"])),
        verify=verify,
        cost=cost,
        options={
            "seed": Option(natural, SEED, "which digits to draw"),
            "n": Option(whole(5100, 10**6, "the first 5000 are for validation"), N, "training images"),
            "n_test": Option(whole(100, 10**6, "fewer measure no accuracy"), N_TEST, "test images"),
        },
    ),
}
