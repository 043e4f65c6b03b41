"""The download: right bytes under the right name, or nothing and a reason."""

import shutil
import subprocess
import threading
from pathlib import Path

import platformdirs
import pytest
from support.local_server import refuse, running, serve, sha, stall, truncate

from overparam_cli.data import cache_dir
from overparam_cli.data.cache import Patience, RemoteFile, download, install, recorded_checksums, sha256, staging
from overparam_cli.errors import DataUnavailableError, StorageError

BODY = bytes(range(256)) * 1000
QUICK = Patience(connect=1.0, read=0.3, rounds=2, backoff=0.01)


def remote(*urls, body=BODY):
    return RemoteFile("file.bin", sha(body), urls)


def test_good_download_has_the_bytes_and_leaves_nothing_else(server, tmp_path):
    path = download(remote(server.on("/a", serve(BODY))), tmp_path, patience=QUICK)
    assert path == tmp_path / "file.bin"
    assert path.read_bytes() == BODY
    assert [p.name for p in tmp_path.iterdir()] == ["file.bin"]


def test_progress_goes_to_standard_error(server, tmp_path, capsys):
    download(remote(server.on("/a", serve(BODY))), tmp_path, patience=QUICK, progress=True)
    captured = capsys.readouterr()
    assert "100%" in captured.err
    assert captured.out == ""


def test_silent_without_progress(server, tmp_path, capsys):
    download(remote(server.on("/a", serve(BODY))), tmp_path, patience=QUICK)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (serve(b"garbage"), "another file than expected"),
        (truncate(BODY, 1000, announce=True), "the connection broke off"),
        (truncate(BODY, 1000, announce=False), "another file than expected"),
        (refuse(404), "HTTP 404"),
        (refuse(503), "HTTP 503"),
        (stall(5.0), "no answer within 0.3 s"),
    ],
    ids=["garbage", "truncated", "truncated-unannounced", "not-found", "unavailable", "slow"],
)
def test_bad_answer_leaves_no_file_and_says_why(server, tmp_path, answer, reason):
    with pytest.raises(DataUnavailableError, match=reason) as caught:
        download(remote(server.on("/a", answer)), tmp_path, patience=QUICK)
    assert "127.0.0.1" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "bad",
    [refuse(503), serve(b"garbage"), truncate(BODY, 10, announce=True), stall(5.0)],
    ids=["unavailable", "garbage", "truncated", "slow"],
)
def test_flaky_server_is_asked_again(server, tmp_path, bad):
    path = download(remote(server.on("/a", bad, serve(BODY))), tmp_path, patience=QUICK)
    assert path.read_bytes() == BODY
    assert server.requests == ["/a", "/a"]


def test_second_mirror_takes_over_at_once(server, tmp_path):
    file = remote(server.on("/a", refuse(404)), server.on("/b", serve(BODY)))
    assert download(file, tmp_path, patience=QUICK).read_bytes() == BODY
    assert server.requests == ["/a", "/b"]


def test_a_refusal_is_final_and_other_failures_are_not(server, tmp_path):
    file = remote(server.on("/a", refuse(404)), server.on("/b", refuse(500)))
    with pytest.raises(DataUnavailableError, match=r"HTTP 404.*HTTP 500"):
        download(file, tmp_path, patience=QUICK)
    assert server.requests == ["/a", "/b", "/b"]


def test_no_server_at_all(tmp_path):
    with pytest.raises(DataUnavailableError, match="no connection"):
        download(remote("http://127.0.0.1:9/a"), tmp_path, patience=QUICK)


def test_the_network_is_out_of_reach_of_the_tests(tmp_path):
    with pytest.raises(DataUnavailableError, match=r"example\.org: no connection"):
        download(remote("https://example.org/a"), tmp_path, patience=QUICK)


def test_file_that_is_there_is_not_downloaded_again(server, tmp_path):
    (tmp_path / "file.bin").write_bytes(BODY)
    download(remote(server.on("/a", serve(BODY))), tmp_path, patience=QUICK)
    assert server.requests == []


def test_damaged_file_that_is_there_is_replaced(server, tmp_path):
    (tmp_path / "file.bin").write_bytes(b"damaged")
    assert download(remote(server.on("/a", serve(BODY))), tmp_path, patience=QUICK).read_bytes() == BODY


def test_where_the_data_folder_is(monkeypatch, tmp_path):
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda name: f"/home/me/.cache/{name}")
    monkeypatch.delenv("OVERPARAM_DATA")
    assert cache_dir() == Path("/home/me/.cache/overparam")
    monkeypatch.setenv("OVERPARAM_DATA", "")
    assert cache_dir() == Path("/home/me/.cache/overparam")
    monkeypatch.setenv("OVERPARAM_DATA", str(tmp_path))
    assert cache_dir() == tmp_path
    assert cache_dir(tmp_path / "mine") == tmp_path / "mine"


def test_staging_is_emptied_before_and_after(tmp_path):
    left_over = tmp_path / ".data.partial" / "half"
    left_over.parent.mkdir()
    left_over.touch()
    seen = []

    def fail_inside():
        with staging(tmp_path, "data") as work:
            seen.extend([work, list(work.iterdir())])
            (work / "file").touch()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_inside()
    assert seen[1] == []
    assert not seen[0].exists()


def test_staging_is_for_one_at_a_time(tmp_path):
    inside, most = [], []

    def enter():
        with staging(tmp_path, "data") as work:
            inside.append(work)
            most.append(len(inside))
            (work / "mine").touch(exist_ok=False)
            inside.pop()

    threads = [threading.Thread(target=enter) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1, 1, 1, 1]


def test_staging_where_nothing_can_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"cannot write .*--data-dir"), staging(tmp_path / "file", "data"):
        pass


def test_install_notes_checksums_beside_those_of_others(tmp_path):
    (tmp_path / "SHA256SUMS").write_text("00ff  mnist/images.gz\n")
    (tmp_path / "new").write_bytes(BODY)
    install([(tmp_path / "new", tmp_path / "deep" / "file.bin")], tmp_path)
    assert (tmp_path / "deep" / "file.bin").read_bytes() == BODY
    assert recorded_checksums(tmp_path) == {"mnist/images.gz": "00ff", "deep/file.bin": sha(BODY)}
    assert sha256(tmp_path / "deep" / "file.bin") == sha(BODY)


@pytest.mark.parametrize("bundle", ["missing.pem", "folder", "nonsense.pem"])
def test_certificates_that_cannot_be_read_are_said_to_be_that(server, tmp_path, monkeypatch, bundle):
    """requests finds no such file, and ssl can make nothing of it: neither is about the data folder."""
    (tmp_path / "nonsense.pem").write_text("no certificate")
    (tmp_path / "folder").mkdir()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / bundle))
    url = server.on("/a", serve(BODY)).replace("http:", "https:")
    with pytest.raises(DataUnavailableError, match="certificate cannot be verified: have REQUESTS_CA_BUNDLE name"):
        download(remote(url), tmp_path, patience=QUICK)


def test_a_certificate_that_is_not_trusted_is_asked_for_once(tmp_path, monkeypatch):
    import pooch
    import requests

    asked = []

    def refused(url, *args, **kwargs):
        asked.append(url)
        raise requests.exceptions.SSLError("certificate verify failed: self-signed certificate")

    monkeypatch.setattr(pooch, "retrieve", refused)
    with pytest.raises(DataUnavailableError, match=r"a\.example: the server's certificate cannot be verified"):
        download(remote("https://a.example/x", "https://b.example/x"), tmp_path, patience=QUICK)
    assert asked == ["https://a.example/x", "https://b.example/x"]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A key and the certificate that it has signed for itself, in one file."""
    if not (openssl := shutil.which("openssl")):
        pytest.skip("no openssl here to make a certificate")
    path = tmp_path_factory.mktemp("tls") / "own.pem"
    what = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
    subprocess.run([openssl, *what.split(), "-keyout", path, "-out", path], check=True, capture_output=True)
    return path


def test_a_server_that_vouches_for_itself_is_not_trusted_until_its_certificate_is_named(
    certificate, tmp_path, monkeypatch
):
    """A real handshake: the message says what it is and the remedy; with the remedy the file comes."""
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    with running(certificate) as secure:
        url = secure.on("/a", serve(BODY))
        with pytest.raises(DataUnavailableError, match=r"certificate cannot be verified.*REQUESTS_CA_BUNDLE"):
            download(remote(url), tmp_path, patience=QUICK)
        assert secure.requests == []
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        download(remote(url), tmp_path, patience=QUICK)
    assert (tmp_path / "file.bin").read_bytes() == BODY
