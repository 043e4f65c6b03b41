"""Fetching and reading MNIST's four files, made up here and served by this machine, into and from a cache."""

import errno
import gzip
import os
import threading

import numpy as np
import pytest
from support.local_server import idx, refuse, serve, sha, stall, truncate

from overparam_cli import disk
from overparam_cli.data import fetch, list_datasets, load_images, verify
from overparam_cli.data.cache import Patience, recorded_checksums
from overparam_cli.data.mnist import files as mnist
from overparam_cli.data.mnist.files import ImageFile, MnistSources
from overparam_cli.errors import DataInvalidError, DataUnavailableError, StorageError

QUICK = Patience(connect=2.0, read=1.0, rounds=2, backoff=0.01)
NAMES = [file.name for file in mnist.FILES]
RANDOM = np.random.default_rng(0)
ARRAYS = [
    RANDOM.integers(0, 256, (6, 28, 28), dtype=np.uint8),
    np.array([3, 1, 4, 1, 5, 9], np.uint8),
    RANDOM.integers(0, 256, (2, 28, 28), dtype=np.uint8),
    np.array([2, 7], np.uint8),
]
FILES = dict(zip(NAMES, map(idx, ARRAYS), strict=True))


@pytest.fixture
def sources(server):
    """The four files on two mirrors, /a/ and /b/, both of them well."""
    for mirror in "ab":
        for name, content in FILES.items():
            server.on(f"/{mirror}/{name}", serve(content))
    return given(server, FILES)


def given(server, files):
    urls = {name: tuple(f"{server.url}/{mirror}/{name}" for mirror in "ab") for name in files}
    return MnistSources(
        tuple(ImageFile(name, sha(body), urls[name], sha(gzip.decompress(body))) for name, body in files.items()), QUICK
    )


def put(folder, files=FILES):
    (folder / "mnist").mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / "mnist" / name).write_bytes(content)


def there(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def assert_filled(folder):
    files = {name: content for name, content in there(folder).items() if name.startswith("mnist/")}
    assert files == {f"mnist/{name}": content for name, content in FILES.items()}
    assert recorded_checksums(folder) == {name: sha(content) for name, content in files.items()}


def test_the_real_sources():
    """Addresses and checksums as they are published; every file from either mirror, in this order."""
    for file in mnist.FILES:
        assert file.urls == (
            f"https://ossci-datasets.s3.amazonaws.com/mnist/{file.name}",
            f"https://storage.googleapis.com/cvdf-datasets/mnist/{file.name}",
        )
    assert [file.sha256[:8] for file in mnist.FILES] == ["440fcabf", "3552534a", "8d422c7b", "f7ae60f9"]


def test_the_cache_is_filled_file_by_file_from_the_first_mirror(server, tmp_path, sources):
    assert mnist.fetch(tmp_path, sources=sources) == tmp_path / "mnist"
    assert server.requests == [f"/a/{name}" for name in NAMES]
    assert_filled(tmp_path)
    dataset = mnist.read(tmp_path, sources=sources)
    read = (dataset.images, dataset.labels, dataset.test_images, dataset.test_labels)
    for array, expected in zip(read, ARRAYS, strict=True):
        np.testing.assert_array_equal(array, expected)
    assert (dataset.name, dataset.embedded) == ("mnist", False)


def test_nothing_is_fetched_twice(server, tmp_path, sources):
    for _ in range(3):
        mnist.fetch(tmp_path, sources=sources)
    assert len(server.requests) == 4


def test_two_at_once_download_once(server, tmp_path, sources):
    threads = [threading.Thread(target=mnist.fetch, args=(tmp_path,), kwargs={"sources": sources}) for _ in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(server.requests) == sorted(f"/a/{name}" for name in NAMES)
    assert_filled(tmp_path)


@pytest.mark.parametrize(
    "bad",
    [refuse(403), refuse(503), truncate(b"x" * 1000, 10, announce=True), serve(b"<html>moved</html>"), stall(5.0)],
    ids=["forbidden", "unavailable", "truncated", "other-file", "slow"],
)
def test_second_mirror_for_the_file_that_the_first_does_not_give(server, tmp_path, sources, bad):
    server.on(f"/a/{NAMES[2]}", bad)
    mnist.fetch(tmp_path, sources=sources)
    assert server.requests == [f"/a/{name}" for name in NAMES[:3]] + [f"/b/{NAMES[2]}", f"/a/{NAMES[3]}"]
    assert_filled(tmp_path)


def test_a_fetch_that_breaks_off_goes_on_from_there(server, tmp_path, sources):
    for mirror in "ab":
        server.on(f"/{mirror}/{NAMES[2]}", refuse(404))
    with pytest.raises(DataUnavailableError, match=rf"{NAMES[2]} could not be downloaded.*HTTP 404"):
        mnist.fetch(tmp_path, sources=sources)
    assert {path.name for path in tmp_path.rglob("*ubyte*")} == set(NAMES[:2])
    server.on(f"/b/{NAMES[2]}", serve(FILES[NAMES[2]]))
    server.requests.clear()
    mnist.fetch(tmp_path, sources=sources)
    assert server.requests == [f"/a/{NAMES[2]}", f"/b/{NAMES[2]}", f"/a/{NAMES[3]}"]
    assert_filled(tmp_path)


def test_a_damaged_file_alone_is_replaced(server, tmp_path, sources):
    put(tmp_path, {**FILES, NAMES[1]: b"disk error"})
    mnist.fetch(tmp_path, sources=sources)
    assert server.requests == [f"/a/{NAMES[1]}"]
    assert mnist.read(tmp_path, sources=sources).n == 6


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (serve(b"garbage"), "another file than expected"),
        (truncate(FILES[NAMES[0]], 100, announce=True), "the connection broke off"),
        (truncate(FILES[NAMES[0]], 100, announce=False), "another file than expected"),
        (refuse(500), "HTTP 500"),
    ],
    ids=["checksum", "truncated", "truncated-unannounced", "error"],
)
def test_without_data_the_error_is_one_line_with_three_remedies(server, tmp_path, sources, answer, reason):
    for mirror in "ab":
        server.on(f"/{mirror}/{NAMES[0]}", answer)
    with pytest.raises(DataUnavailableError, match=rf"{NAMES[0]} could not be .*{reason}") as caught:
        mnist.fetch(tmp_path, sources=sources)
    message = str(caught.value)
    for remedy in ("data fetch mnist", "--data-dir or OVERPARAM_DATA", "--dataset digits-simulated"):
        assert remedy in message
    assert "\n" not in message
    assert not list(tmp_path.rglob("*ubyte*"))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "damage",
    [lambda body: body[:-1], lambda body: b"", lambda body: body + b"\1", lambda body: body[:-1] + b"\1"],
    ids=["cut", "empty", "longer", "bit-rot"],
)
def test_a_file_that_is_not_whole_is_never_data(tmp_path, sources, name, damage):
    put(tmp_path, {**FILES, name: damage(FILES[name])})
    with pytest.raises(DataInvalidError, match=rf"{name} is damaged.*overparam data fetch mnist") as caught:
        mnist.read(tmp_path, sources=sources)
    assert "\n" not in str(caught.value)


def test_files_that_do_not_belong_together(tmp_path):
    put(tmp_path, {**FILES, NAMES[3]: idx(np.zeros(3, np.uint8))})
    with pytest.raises(DataInvalidError, match=rf"{NAMES[2]} holds 2 images, and {NAMES[3]} 3 labels"):
        mnist.parse(mnist.look(tmp_path))
    put(tmp_path, {**FILES, NAMES[0]: idx(np.zeros((6, 28, 27), np.uint8))})
    with pytest.raises(DataInvalidError, match=r"^mnist: training images \(6, 28, 27\)"):
        mnist.parse(mnist.look(tmp_path))


def test_other_files_under_the_right_names_fail_their_checksums(tmp_path):
    put(tmp_path)
    with pytest.raises(DataInvalidError, match=rf"{NAMES[0]} is damaged, cut short or another file"):
        load_images("mnist", data_dir=tmp_path, offline=True)
    failed = [check for check in verify("mnist", data_dir=tmp_path) if not check.ok]
    assert [check.check for check in failed[:4]] == [f"SHA-256 of {name}" for name in NAMES]
    assert {row.name: row.cached for row in list_datasets(tmp_path)}["mnist"] == "incomplete"


def test_verify_of_what_cannot_be_parsed(tmp_path):
    put(tmp_path, {**FILES, NAMES[0]: b"disk error"})
    with pytest.raises(DataInvalidError, match=rf"{NAMES[0]} is damaged"):
        verify("mnist", data_dir=tmp_path)


def test_offline_says_what_is_missing_and_never_asks(tmp_path, monkeypatch):
    def asked(*args, **kwargs):
        raise AssertionError("the network was asked")

    monkeypatch.setattr("socket.socket.connect", asked)
    monkeypatch.setattr("socket.getaddrinfo", asked)
    with pytest.raises(DataUnavailableError, match=r"no MNIST files, and --offline.*Remedies"):
        load_images("mnist", data_dir=tmp_path / "empty", offline=True)
    assert not (tmp_path / "empty").exists()
    put(tmp_path, {NAMES[0]: b""})
    with pytest.raises(DataUnavailableError, match=rf"no {', '.join(NAMES[1:])}, and --offline"):
        load_images("mnist", data_dir=tmp_path, offline=True)


def test_load_without_data_and_network(tmp_path):
    hosts = r"ossci-datasets\.s3\.amazonaws\.com: no connection; storage\.googleapis\.com: no connection"
    with pytest.raises(DataUnavailableError, match=rf"{hosts}.*Remedies"):
        load_images("mnist", data_dir=tmp_path)
    assert not list(tmp_path.rglob("*ubyte*"))


def test_load_into_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DataUnavailableError, match=r"cannot write .*Remedies.*--dataset digits-simulated"):
        load_images("mnist", data_dir=tmp_path / "file")
    with pytest.raises(StorageError, match="cannot write"):
        fetch("mnist", data_dir=tmp_path / "file")


@pytest.mark.parametrize("moves", range(4))
def test_a_fetch_that_is_killed_between_checksum_and_file_ends_as_any_other(tmp_path, sources, monkeypatch, moves):
    left, move = iter(range(moves)), disk.move_in

    def killed(*arguments, **settings):
        if next(left, None) is None:
            raise KeyboardInterrupt
        move(*arguments, **settings)

    with monkeypatch.context() as patch:
        patch.setattr(disk, "move_in", killed)
        with pytest.raises(KeyboardInterrupt):
            mnist.fetch(tmp_path, sources=sources)
    mnist.fetch(tmp_path, sources=sources)
    assert_filled(tmp_path)


def test_what_a_killed_fetch_has_left_is_swept_by_the_next_though_nothing_is_missing(tmp_path, sources, server):
    put(tmp_path)
    (tmp_path / ".mnist.partial").mkdir()
    (tmp_path / ".mnist.partial" / NAMES[0]).write_bytes(b"half")
    (tmp_path / ".SHA256SUMS.a1_b2c3d").write_bytes(b"half")
    mnist.fetch(tmp_path, sources=sources)
    assert not server.requests
    assert there(tmp_path).keys() - {".mnist.lock"} == {f"mnist/{name}" for name in NAMES}


def test_a_full_disk_is_one_line_and_nothing_is_half_there(tmp_path, sources, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StorageError, match=r"No space left .*free some space or .*--data-dir"):
            mnist.fetch(tmp_path, sources=sources)
    assert there(tmp_path).keys() <= {".mnist.lock"}
    mnist.fetch(tmp_path, sources=sources)
    assert_filled(tmp_path)
