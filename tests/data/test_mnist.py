"""The real MNIST against what is known of it, read here by an independent route."""

import gzip
import shutil

import numpy as np
import pytest

from overparam_cli.data import fetch, list_datasets, load_images, verify
from overparam_cli.errors import DataInvalidError

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def mnist_folder(real_data):
    if not (real_data / "mnist").is_dir():
        pytest.skip("real data: the folder that OVERPARAM_DATA names has no mnist/ ('overparam data fetch mnist')")
    return real_data


@pytest.fixture(scope="module")
def data(mnist_folder):
    return load_images("mnist", data_dir=mnist_folder, offline=True)


def test_same_bytes_as_read_by_hand(data, mnist_folder):
    for name, header, array in (
        ("train-images-idx3-ubyte.gz", 16, data.images),
        ("train-labels-idx1-ubyte.gz", 8, data.labels),
        ("t10k-images-idx3-ubyte.gz", 16, data.test_images),
        ("t10k-labels-idx1-ubyte.gz", 8, data.test_labels),
    ):
        with gzip.open(mnist_folder / "mnist" / name) as file:
            assert file.read()[header:] == array.tobytes()


def test_facts(data):
    """Sizes and class counts as published, and the mean and the deviation that everybody normalises MNIST by."""
    assert (data.n, data.n_test, data.classes) == (60000, 10000, 10)
    assert data.labels[:8].tolist() == [5, 0, 4, 1, 9, 2, 1, 3]
    assert data.test_labels[:5].tolist() == [7, 2, 1, 0, 4]
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert [int((data.labels == digit).sum()) for digit in range(10)] == counts
    assert data.images.mean() / 255 == pytest.approx(0.1307, abs=5e-5)
    assert data.images.std() / 255 == pytest.approx(0.3081, abs=5e-5)


def test_images_stand_upright_and_are_white_on_black(data):
    """The mean 7 has its bar at the top, the mean 1 is tall and narrow; borders are black."""
    seven, one = (data.images[data.labels == digit].mean(axis=0) for digit in (7, 1))
    assert seven[6:12].mean() > 1.5 * seven[18:24].mean()
    assert (one.sum(axis=0) > 0.5 * one.sum(axis=0).max()).sum() < (one.sum(axis=1) > 0.5 * one.sum(axis=1).max()).sum()
    assert data.images[:, 0].mean() < 1
    assert data.images.max() == 255


def test_it_may_be_given_to_torch(data):
    import torch

    assert torch.from_numpy(data.images).shape == (60000, 28, 28)  # a warning, were it read-only
    assert torch.from_numpy(data.test_labels)[0] == 7


def test_verify_and_list(mnist_folder):
    checks = verify("mnist", data_dir=mnist_folder)
    assert len(checks) == 10
    assert [check for check in checks if not check.ok] == []
    assert {row.name: row.cached for row in list_datasets(mnist_folder)}["mnist"] == "yes"
    assert fetch("mnist", data_dir=mnist_folder) == mnist_folder / "mnist"


def test_one_wrong_label_is_found(mnist_folder, tmp_path):
    shutil.copytree(mnist_folder / "mnist", tmp_path / "mnist")
    (tmp_path / "mnist").chmod(0o755)
    path = tmp_path / "mnist" / "t10k-labels-idx1-ubyte.gz"
    raw = bytearray(gzip.decompress(path.read_bytes()))
    raw[8] = 3  # the first test image is a 7
    path.chmod(0o644)
    path.write_bytes(gzip.compress(bytes(raw)))
    with pytest.raises(DataInvalidError, match=path.name):
        load_images("mnist", data_dir=tmp_path, offline=True)
    failed = [check.check for check in verify("mnist", data_dir=tmp_path) if not check.ok]
    assert failed == [f"SHA-256 of {path.name}", "test images of each digit"]
    assert {row.name: row.cached for row in list_datasets(tmp_path)}["mnist"] == "incomplete"


def test_same_fingerprint_every_time(data, mnist_folder):
    again = load_images("mnist", data_dir=mnist_folder, offline=True)
    assert again.fingerprint == data.fingerprint
    assert len(data.fingerprint) == 16
    np.testing.assert_array_equal(again.images[:100], data.images[:100])
