"""Data that came another way is found in the data folder as it lies, and held against the same checksums."""

import gzip
import zipfile

import numpy as np
import pytest
from support.local_server import idx, sha

from overparam_cli.data import fetch, list_datasets, load, load_images, verify
from overparam_cli.data.cache import Patience
from overparam_cli.data.mnist import files as mnist
from overparam_cli.data.mnist.files import ImageFile, MnistSources
from overparam_cli.errors import DataInvalidError, DataUnavailableError

RANDOM = np.random.default_rng(1)
ARRAYS = [
    RANDOM.integers(0, 256, (6, 28, 28), dtype=np.uint8),
    np.array([3, 1, 4, 1, 5, 9], np.uint8),
    RANDOM.integers(0, 256, (2, 28, 28), dtype=np.uint8),
    np.array([2, 7], np.uint8),
]
NAMES = [file.name for file in mnist.FILES]
RAW = {name.removesuffix(".gz"): gzip.decompress(idx(array)) for name, array in zip(NAMES, ARRAYS, strict=True)}
PACKED = {f"{name}.gz": gzip.compress(raw, mtime=0) for name, raw in RAW.items()}
SOURCES = MnistSources(
    tuple(ImageFile(f"{name}.gz", sha(PACKED[f"{name}.gz"]), (), sha(raw)) for name, raw in RAW.items()),
    Patience(rounds=1),
)
DOTTED = {name.replace("-idx", ".idx"): raw for name, raw in RAW.items()}


def put(folder, files):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def zip_of(path, files, prefix=""):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(prefix + name, content)


LAYOUTS = {
    "as-served": lambda folder: put(folder / "mnist", PACKED),
    "unpacked": lambda folder: put(folder / "mnist", RAW),
    "packed-again": lambda folder: put(folder / "mnist", {f"{n}.gz": gzip.compress(b, 1) for n, b in RAW.items()}),
    "not-packed-but-called-so": lambda folder: put(folder / "mnist", {f"{n}.gz": b for n, b in RAW.items()}),
    "torchvision": lambda folder: put(folder / "MNIST/raw", {**RAW, **PACKED}),
    "torchvision-below": lambda folder: put(folder / "mnist/MNIST/raw", RAW),
    "torchvision-packed": lambda folder: put(folder / "MNIST/raw", PACKED),
    "with-dots": lambda folder: put(folder / "mnist", DOTTED),
    "folder-and-file-of-one-name": lambda folder: put(folder / "mnist", {f"{n}/{n}": b for n, b in DOTTED.items()}),
    "loose": lambda folder: put(folder, PACKED),
    "zip": lambda folder: zip_of(folder / "archive.zip", RAW),
    "zip-with-folders": lambda folder: zip_of(folder / "mnist/MNIST.zip", PACKED, "MNIST/raw/"),
    "some-here-some-there": lambda folder: (
        put(folder / "mnist", dict(list(PACKED.items())[:2])), zip_of(folder / "rest.zip", dict(list(RAW.items())[2:]))
    ),
    "a-damaged-copy-before-a-sound-one": lambda folder: (
        put(folder / "mnist", {**PACKED, NAMES[0]: b"disk error"}), put(folder / "MNIST/raw", RAW)
    ),
    "beside-a-zip-of-something-else": lambda folder: (put(folder, PACKED), put(folder, {"broken.zip": b"PK\3\4"})),
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_mnist_in_every_layout(tmp_path, layout, monkeypatch):
    LAYOUTS[layout](tmp_path)
    dataset = mnist.read(tmp_path, sources=SOURCES)
    read = (dataset.images, dataset.labels, dataset.test_images, dataset.test_labels)
    for array, expected in zip(read, ARRAYS, strict=True):
        np.testing.assert_array_equal(array, expected)
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.setattr(mnist, "download", None)
    mnist.fetch(tmp_path, sources=SOURCES)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("place", [0, 2])
def test_a_changed_pixel_is_found_in_every_layout(tmp_path, layout, place, monkeypatch):
    name = list(RAW)[place]
    raw = bytearray(RAW[name])
    raw[100] ^= 1
    dotted = name.replace("-idx", ".idx")
    for files, key, content in (
        (RAW, name, bytes(raw)),
        (DOTTED, dotted, bytes(raw)),
        (PACKED, f"{name}.gz", gzip.compress(raw)),
    ):
        monkeypatch.setitem(files, key, content)
    LAYOUTS[layout](tmp_path)
    with pytest.raises(DataInvalidError, match=r"is damaged, cut short or another file"):
        mnist.read(tmp_path, sources=SOURCES)


def test_no_data_says_which_names_are_expected_where(tmp_path):
    with pytest.raises(DataUnavailableError) as caught:
        load_images("mnist", data_dir=tmp_path, offline=True)
    for word in (*NAMES, "unpacked", "mnist/", "MNIST/raw/", "zip"):
        assert word in str(caught.value)
    with pytest.raises(DataUnavailableError, match=r"Expected there: gas-sensor/batch1\.dat … batch10\.dat.*UCI's zip"):
        load("ethanol", data_dir=tmp_path, offline=True)


@pytest.mark.parametrize("name", ["mnist", "ethanol"])
def test_a_damaged_zip_is_named_where_nothing_else_is_found(tmp_path, name):
    put(tmp_path, {"download.zip": b"PK\3\4 cut short"})
    with pytest.raises(DataUnavailableError, match=r"\(download\.zip is no sound archive: .*zip file\)"):
        (load_images if name == "mnist" else load)(name, data_dir=tmp_path, offline=True)


@pytest.mark.real_data
@pytest.mark.parametrize("layout", ["zip", "torchvision"])
def test_the_real_mnist(real_data, tmp_path, layout):
    served = {name: (real_data / "mnist" / name).read_bytes() for name in NAMES}
    if layout == "zip":
        zip_of(tmp_path / "MNIST.zip", served)
    else:
        put(tmp_path / "MNIST/raw", {name.removesuffix(".gz"): gzip.decompress(b) for name, b in served.items()})
    assert load_images("mnist", data_dir=tmp_path, offline=True).n == 60_000
    assert [check for check in verify("mnist", data_dir=tmp_path) if not check.ok] == []
    assert {row.name: row.cached for row in list_datasets(tmp_path)}["mnist"] == "yes"


GAS_ZIPS = {
    "as-saved": "gas+sensor+array+drift+dataset+at+different+concentrations.zip",
    "renamed": "download (1).zip",
    "in-its-folder": "gas-sensor/uci.zip",
}


@pytest.mark.real_data
@pytest.mark.parametrize("place", GAS_ZIPS)
def test_the_zip_of_the_gas_sensor_data(tmp_path, archive, place):
    put(tmp_path, {GAS_ZIPS[place]: archive})
    dataset = load("ethanol", data_dir=tmp_path, offline=True)
    assert dataset.fingerprint == "852e0fea934ed188"
    assert [check for check in verify("ethanol", data_dir=tmp_path) if not check.ok] == []
    assert {row.name: row.cached for row in list_datasets(tmp_path)}["acetone"] == "yes"
    assert fetch("ethanol", data_dir=tmp_path) == tmp_path / GAS_ZIPS[place]
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [GAS_ZIPS[place].split("/")[-1]]


@pytest.mark.real_data
def test_batches_that_lack_are_taken_from_the_zip(tmp_path, archive, full_batches):
    loose = {name: full_batches[name] for name in ("batch3.dat", "batch7.dat")}
    put(tmp_path / "gas-sensor", loose)
    put(tmp_path, {"uci.zip": archive})
    assert load("ethanol", data_dir=tmp_path, offline=True).fingerprint == "852e0fea934ed188"
    put(tmp_path / "gas-sensor", {"batch3.dat": loose["batch3.dat"].replace(b"\n1;", b"\n2;", 1)})
    with pytest.raises(DataInvalidError, match="Ethanol rows in batch 3"):
        load("ethanol", data_dir=tmp_path, offline=True)
