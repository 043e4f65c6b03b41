"""One classification problem on images: training and test digits, and where they came from."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overparam_cli.errors import DataInvalidError

Pixels = NDArray[np.uint8]

SIDE = 28
CLASSES = 10


def images_fingerprint(*arrays: Pixels) -> str:
    """SHA-256 over the shapes and the bytes of uint8 arrays, one after the other, first 16 hexadecimal digits."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(repr(array.shape).encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]


def class_counts(labels: Pixels) -> list[int]:
    """How often each digit 0 … 9 is among the labels (n,)."""
    return [int(number) for number in np.bincount(labels, minlength=CLASSES)]


@dataclass(frozen=True, eq=False)
class ImageDataset:
    """Grey images of the digits 0 … 9, white (255) on black (0): n to train on, n_test to test on.

    What is set aside for validation is the trainer's business: `images` holds all that may be trained on, in the order
    of their source. Raises DataInvalidError if shapes or types do not fit together, or a label is no digit.
    """

    name: str  # as asked for: "mnist", "digits-simulated:seed=3"
    images: Pixels  # (n, 28, 28)
    labels: Pixels  # (n,) 0 … 9
    test_images: Pixels  # (n_test, 28, 28)
    test_labels: Pixels  # (n_test,) 0 … 9
    source: str  # human words: where they came from
    embedded: bool  # made by the program, not collected: said in every log, plot and table
    fingerprint: str = ""  # computed from the four arrays when not given

    def __post_init__(self) -> None:
        self._check("training", self.images, self.labels)
        self._check("test", self.test_images, self.test_labels)
        if not self.fingerprint:
            arrays = (self.images, self.labels, self.test_images, self.test_labels)
            object.__setattr__(self, "fingerprint", images_fingerprint(*arrays))

    def _check(self, part: str, images: Pixels, labels: Pixels) -> None:
        n = labels.size
        if n == 0 or images.shape != (n, SIDE, SIDE) or labels.shape != (n,):
            raise DataInvalidError(
                f"{self.name}: {part} images {images.shape} and labels {labels.shape} do not fit together: "
                f"at least one image of {SIDE} × {SIDE} pixels, and one label for each, are needed"
            )
        if images.dtype != np.uint8 or labels.dtype != np.uint8:
            raise DataInvalidError(
                f"{self.name}: {part} images are {images.dtype} and labels {labels.dtype}: both must be whole numbers "
                "of one byte (uint8)"
            )
        if (highest := int(labels.max())) >= CLASSES:
            raise DataInvalidError(f"{self.name}: {part} label {highest} is no digit: labels are 0 to {CLASSES - 1}")

    @property
    def n(self) -> int:
        """Training images."""
        return len(self.images)

    @property
    def n_test(self) -> int:
        """Test images."""
        return len(self.test_images)

    @property
    def classes(self) -> int:
        """Digits to tell apart."""
        return CLASSES
