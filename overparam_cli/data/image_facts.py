"""What the images must be: the checks of `overparam data verify` for MNIST and for its embedded stand-in."""

from pathlib import Path

import numpy as np

from overparam_cli.data import digits, mnist
from overparam_cli.data.cache import sha256, unavailable
from overparam_cli.data.checks import Check, close, exact, within
from overparam_cli.data.images import CLASSES, SIDE, ImageDataset, Pixels
from overparam_cli.errors import DataUnavailableError

DIGITS_FINGERPRINT = "3c7b636eb8bd20d4"
# How often each digit 0 … 9 is there.
TRAIN_COUNTS = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
TEST_COUNTS = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
FIRST_LABELS = [5, 0, 4, 1, 9, 2, 1, 3]
MEAN_PIXEL = 33.318421449829934  # of the training images, 0.1307 of white


def verify_mnist(folder: Path) -> list[Check]:
    """Every file against its checksum, then counts, labels and the mean pixel.

    Raises DataUnavailableError where files are missing, DataInvalidError where one cannot be parsed.
    """
    if lacking := mnist.missing(folder):
        raise DataUnavailableError(unavailable(mnist.NAME, folder, lacking, mnist.STAND_IN))
    data = mnist.parse(folder)
    return [
        *(
            exact(f"SHA-256 of {file.name}", file.sha256, sha256(folder / mnist.FOLDER / file.name))
            for file in mnist.FILES
        ),
        exact("training images", (60000, SIDE, SIDE), data.images.shape),
        exact("test images", (10000, SIDE, SIDE), data.test_images.shape),
        exact("training images of each digit", TRAIN_COUNTS, counts(data.labels)),
        exact("test images of each digit", TEST_COUNTS, counts(data.test_labels)),
        exact("first training labels", FIRST_LABELS, data.labels[: len(FIRST_LABELS)].tolist()),
        close("mean pixel of the training images", MEAN_PIXEL, float(data.images.mean()), 1e-12),
    ]


def verify_digits(_: Path) -> list[Check]:
    """Shapes, balance, brightness, that the digits can be told apart, and the very bytes."""
    data = digits.load()
    per_class, per_class_test = counts(data.labels), counts(data.test_labels)
    again = digits.draw(digits.SEED, 100, digits.TRAINING)
    return [
        exact("training images", (digits.N, SIDE, SIDE), data.images.shape),
        exact("test images", (digits.N_TEST, SIDE, SIDE), data.test_images.shape),
        exact("training images of each digit", [digits.N // CLASSES] * CLASSES, per_class),
        exact("test images of each digit", [digits.N_TEST // CLASSES] * CLASSES, per_class_test),
        within("mean pixel of the training images", 20, 50, float(data.images.mean())),
        exact("the first images drawn again are the same", True, np.array_equal(again[0], data.images[:100])),
        exact("test images that are training images", 0, _repeated(data.images, data.test_images)),
        within("test images nearest to the mean of their digit", 0.4, 1.0, _nearest_mean_accuracy(data)),
        exact("fingerprint", DIGITS_FINGERPRINT, data.fingerprint),
    ]


def counts(labels: Pixels) -> list[int]:
    """How often each digit 0 … 9 is among the labels (n,)."""
    return [int(number) for number in np.bincount(labels, minlength=CLASSES)]


def _repeated(images: Pixels, others: Pixels) -> int:
    known = {image.tobytes() for image in images}
    return sum(image.tobytes() in known for image in others)


def _nearest_mean_accuracy(data: ImageDataset) -> float:
    """Fraction of test images whose nearest class mean, over the training images, is that of their own digit."""
    means = np.stack([data.images[data.labels == digit].mean(axis=0).ravel() for digit in range(CLASSES)])  # (10, 784)
    flat = data.test_images.reshape(data.n_test, -1).astype(float)  # (n_test, 784)
    distance = (means**2).sum(axis=1) - 2 * flat @ means.T  # (n_test, 10), but for a term that all digits share
    return float((distance.argmin(axis=1) == data.test_labels).mean())
