"""Fetching the gas-sensor data over HTTP, from the archive or the second source, into a cache."""

import threading

import pytest
from support.local_server import TOTAL_ROWS, refuse, row, serve, sha, stall, truncate, zipped

from overparam_cli.data import fetch, load, verify
from overparam_cli.data.cache import Patience, RemoteFile
from overparam_cli.data.gas_sensor.fetch import GasSources, fetch_gas
from overparam_cli.errors import DataInvalidError, DataUnavailableError, StorageError

QUICK = Patience(connect=2.0, read=1.0, rounds=2, backoff=0.01)


def no_second():
    raise DataUnavailableError("ucimlrepo: no answer within 1 s")


def sources(*urls, body=b"", second=no_second):
    return GasSources(archive=RemoteFile("gas-sensor.zip", sha(body), urls), second=second, patience=QUICK)


def visible(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file() and p.name[0] != ".")


FILES = sorted(["SHA256SUMS", *(f"gas-sensor/batch{number}.dat" for number in range(1, 11))])


@pytest.mark.real_data
def test_archive_fills_the_cache(server, tmp_path, archive, full_batches):
    where = fetch_gas("acetone", tmp_path, sources=sources(server.on("/zip", serve(archive)), body=archive))
    assert where == tmp_path / "gas-sensor"
    assert visible(tmp_path) == FILES
    assert {p.name: p.read_bytes() for p in where.iterdir()} == full_batches
    assert load("ethanol", data_dir=tmp_path, offline=True).n == 2565
    assert load("acetone", data_dir=tmp_path, offline=True).target_names == ("concentration",)
    assert all(check.ok for gas in ("ethanol", "acetone") for check in verify(gas, data_dir=tmp_path))


@pytest.mark.real_data
def test_nothing_is_fetched_twice(server, tmp_path, archive):
    given = sources(server.on("/zip", serve(archive)), body=archive)
    for _ in range(3):
        fetch_gas("ethanol", tmp_path, sources=given)
    assert server.requests == ["/zip"]


@pytest.mark.real_data
def test_two_at_once_download_once(server, tmp_path, archive):
    given = sources(server.on("/zip", serve(archive)), body=archive)
    threads = [threading.Thread(target=fetch_gas, args=("ethanol", tmp_path), kwargs={"sources": given}) for _ in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert server.requests == ["/zip"]
    assert visible(tmp_path) == FILES


@pytest.mark.real_data
@pytest.mark.parametrize(
    "bad",
    [refuse(404), truncate(b"x" * 1000, 10, announce=True), serve(b"<html>moved</html>")],
    ids=["not-found", "truncated", "other-file"],
)
def test_second_mirror(server, tmp_path, archive, bad):
    given = sources(server.on("/bad", bad), server.on("/zip", serve(archive)), body=archive)
    fetch_gas("ethanol", tmp_path, sources=given)
    assert visible(tmp_path) == FILES


@pytest.mark.real_data
@pytest.mark.parametrize("order", [range(1, 11), sorted(range(1, 11), key=str)], ids=["numeric", "by-name"])
def test_second_source_gives_the_same_files(server, tmp_path, full_batches, order):
    lines = [line for number in order for line in full_batches[f"batch{number}.dat"].decode().splitlines()]
    given = sources(server.on("/zip", refuse(404)), second=lambda: [line.rstrip() for line in lines])
    fetch_gas("toluene", tmp_path, sources=given)
    assert {p.name: p.read_bytes() for p in (tmp_path / "gas-sensor").iterdir()} == full_batches


@pytest.mark.real_data
def test_a_damaged_cache_is_mended_where_it_stands(server, tmp_path, archive, full_batches):
    folder = tmp_path / "gas-sensor" / "Dataset"
    folder.mkdir(parents=True)
    for name, content in full_batches.items():
        (folder / name).write_bytes(content)
    (folder / "batch5.dat").write_bytes(b"disk error")
    with pytest.raises(DataInvalidError, match=r"batch5\.dat.*overparam data fetch"):
        load("ethanol", data_dir=tmp_path)
    fetch_gas("ethanol", tmp_path, sources=sources(server.on("/zip", serve(archive)), body=archive))
    assert (folder / "batch5.dat").read_bytes() == full_batches["batch5.dat"]
    assert load("ethanol", data_dir=tmp_path, offline=True).n == 2565


@pytest.mark.real_data
def test_bit_rot_in_another_gas_is_found_by_its_checksum(server, tmp_path, archive, full_batches):
    fetch_gas("ethanol", tmp_path, sources=sources(server.on("/zip", serve(archive)), body=archive))
    path = tmp_path / "gas-sensor" / "batch8.dat"
    path.write_bytes(full_batches["batch8.dat"].replace(b"\n5;", b"\n6;", 1))
    failed = [check for check in verify("acetone", data_dir=tmp_path) if not check.ok]
    assert [check.check for check in failed] == ["SHA-256 of batch8.dat"]
    assert failed[0].expected == sha(full_batches["batch8.dat"])


def made_up_archive(first_gas=1, **changes):
    """Ten files in the right format with the right number of rows, but not the real data."""
    members = {f"batch{i}.dat": (row(1 + i % 6) * rows).encode() for i, rows in enumerate(TOTAL_ROWS, start=1)}
    return zipped({**members, **changes})


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"PK\x03\x04 not an archive", "no sound archive"),
        (zipped({"batch1.dat": row(1).encode()}), r"no batch2\.dat, .*, batch10\.dat in it"),
        (made_up_archive(), "Ethanol rows in batch 1 is 0, not 90"),
        (made_up_archive(**{"batch6.dat": b"<html>"}), r"batch6\.dat, line 1"),
    ],
    ids=["no-zip", "few-files", "other-data", "damaged-file"],
)
def test_right_checksum_but_wrong_content_never_reaches_the_cache(server, tmp_path, content, reason):
    with pytest.raises(DataUnavailableError, match=reason):
        fetch_gas("ethanol", tmp_path, sources=sources(server.on("/zip", serve(content)), body=content))
    assert visible(tmp_path) == []
    assert not list(tmp_path.rglob("*.dat"))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [(serve(b"garbage"), "another file"), (refuse(500), "HTTP 500"), (stall(5.0), "no answer within")],
    ids=["checksum", "error", "slow"],
)
def test_without_data_the_error_is_one_line_with_three_remedies(server, tmp_path, answer, reason):
    with pytest.raises(DataUnavailableError, match=reason) as caught:
        fetch_gas("ethanol", tmp_path, sources=sources(server.on("/zip", answer)))
    message = str(caught.value)
    assert "ucimlrepo: no answer within 1 s" in message
    for remedy in ("overparam data fetch", "--data-dir or OVERPARAM_DATA", "--dataset simulated"):
        assert remedy in message
    assert "\n" not in message
    assert visible(tmp_path) == []


def test_offline_never_asks(tmp_path, monkeypatch):
    def asked(*args, **kwargs):
        raise AssertionError("the network was asked")

    monkeypatch.setattr("socket.socket.connect", asked)
    monkeypatch.setattr("socket.getaddrinfo", asked)
    with pytest.raises(DataUnavailableError, match=r"--offline.*Remedies"):
        load("ethanol", data_dir=tmp_path / "empty", offline=True)
    assert not (tmp_path / "empty").exists()


def test_load_without_data_and_network(tmp_path):
    with pytest.raises(DataUnavailableError, match=r"archive\.ics\.uci\.edu: no connection.*ucimlrepo.*Remedies"):
        load("ammonia", data_dir=tmp_path)
    assert visible(tmp_path) == []


def test_load_into_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DataUnavailableError, match=r"cannot write .*Remedies.*--dataset simulated"):
        load("ethanol", data_dir=tmp_path / "file")
    with pytest.raises(StorageError, match="cannot write"):
        fetch("ethanol", data_dir=tmp_path / "file")
