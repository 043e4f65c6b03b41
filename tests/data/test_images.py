"""The set of images: what fits together is taken as it is, anything else refused in one line."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from overparam_cli.data import ImageDataset
from overparam_cli.errors import DataInvalidError


def made(n=3, n_test=2, **changes):
    values = {
        "images": np.arange(n * 784, dtype=np.uint8).reshape(n, 28, 28),
        "labels": np.arange(n, dtype=np.uint8) % 10,
        "test_images": np.ones((n_test, 28, 28), np.uint8),
        "test_labels": np.full(n_test, 9, np.uint8),
    }
    return ImageDataset(name="made", source="made up", embedded=True, **{**values, **changes})


@given(st.integers(1, 30), st.integers(1, 30))
def test_sizes(n, n_test):
    dataset = made(n, n_test)
    assert (dataset.n, dataset.n_test, dataset.classes) == (n, n_test, 10)


def test_fingerprint_is_the_sha_of_shapes_and_bytes():
    digest = hashlib.sha256()
    for text, array in (
        ("(3, 28, 28)", bytes(i % 256 for i in range(3 * 784))),
        ("(3,)", b"\0\1\2"),
        ("(2, 28, 28)", b"\1" * (2 * 784)),
        ("(2,)", b"\x09\x09"),
    ):
        digest.update(text.encode() + array)
    assert made().fingerprint == digest.hexdigest()[:16]


def test_fingerprint_does_not_depend_on_the_order_in_memory():
    images = made().images
    assert made(images=np.asfortranarray(images)).fingerprint == made(images=images).fingerprint


@pytest.mark.parametrize("key", ["images", "labels", "test_images", "test_labels"])
def test_every_byte_counts(key):
    array = getattr(made(), key).copy()
    array.flat[-1] ^= 1
    assert made(**{key: array}).fingerprint != made().fingerprint


BYTE = np.uint8


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"images": np.zeros((3, 784), BYTE)}, r"training images \(3, 784\) and labels \(3,\) do not fit together"),
        ({"images": np.zeros((4, 28, 28), BYTE)}, r"training images \(4, 28, 28\) and labels \(3,\) do not fit"),
        ({"test_images": np.zeros((2, 28, 29), BYTE)}, r"test images \(2, 28, 29\) and labels \(2,\) do not fit"),
        ({"test_labels": np.zeros((2, 1), BYTE)}, r"test images \(2, 28, 28\) and labels \(2, 1\) do not fit"),
        (
            {"images": np.zeros((0, 28, 28), BYTE), "labels": np.zeros(0, BYTE)},
            "training images .*: at least one image",
        ),
        ({"images": np.zeros((3, 28, 28))}, "training images are float64 and labels uint8: both must be"),
        ({"test_labels": np.zeros(2, np.int64)}, "test images are uint8 and labels int64: both must be"),
        ({"labels": np.array([0, 10, 3], BYTE)}, "training label 10 is no digit: labels are 0 to 9"),
    ],
)
def test_refusals(changes, message):
    with pytest.raises(DataInvalidError, match=f"^made: {message}") as caught:
        made(**changes)
    assert "\n" not in str(caught.value)
