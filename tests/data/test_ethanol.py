"""The real Ethanol problem against the facts that are known of it, read here by an independent route."""

import hashlib
import shutil
import time

import numpy as np
import pytest

from overparam_cli.data import load, preprocess, verify
from overparam_cli.errors import DataInvalidError, DataUnavailableError, OverparamError

pytestmark = pytest.mark.real_data

ROWS_PER_BATCH = (90, 164, 365, 64, 28, 514, 649, 30, 61, 600)
LEVELS = (
    "2.5: 41, 5: 1, 10: 289, 20: 41, 25: 49, 30: 41, 40: 41, 50: 488, 60: 22, 70: 24, 75: 46, 80: 24, 90: 25, "
    "100: 328, 110: 24, 120: 24, 125: 46, 130: 24, 140: 24, 150: 202, 160: 24, 170: 24, 175: 46, 180: 24, 190: 24, "
    "200: 201, 210: 24, 220: 24, 225: 47, 230: 24, 240: 25, 250: 246, 275: 12, 500: 8, 600: 8"
)


@pytest.fixture(scope="module")
def ethanol(real_data):
    return load("ethanol", data_dir=real_data, offline=True)


@pytest.fixture(scope="module")
def by_hand(real_data):
    """X and y, token by token, in plain Python."""
    X, y = [], []
    for number in range(1, 11):
        for line in (real_data / "gas-sensor" / f"batch{number}.dat").read_text().splitlines():
            label, *features = line.split()
            gas, concentration = label.split(";")
            if gas == "1":
                y.append(float(concentration))
                X.append([float(token.split(":")[1]) for token in features])
    return np.array(X), np.array(y)


@pytest.fixture
def copy(real_data, tmp_path):
    """A folder of one's own to damage."""
    shutil.copytree(real_data / "gas-sensor", tmp_path / "gas-sensor")
    for path in (tmp_path / "gas-sensor").iterdir():
        path.chmod(0o644)
    (tmp_path / "gas-sensor").chmod(0o755)
    return tmp_path


def test_same_numbers_as_read_by_hand(ethanol, by_hand):
    np.testing.assert_array_equal(ethanol.X, by_hand[0])
    np.testing.assert_array_equal(ethanol.Y[:, 0], by_hand[1])


def test_facts(ethanol):
    y = ethanol.Y[:, 0]
    assert ethanol.X.shape == (2565, 128) == (sum(ROWS_PER_BATCH), 128)
    assert y.mean() == pytest.approx(114.95029239766082, rel=1e-13)
    assert y.std() == pytest.approx(86.62060159553386, rel=1e-13)
    assert ethanol.X[:, 0].mean() == pytest.approx(58539.1062968421, rel=1e-13)
    values, counts = np.unique(y, return_counts=True)
    assert ", ".join(f"{v:g}: {c}" for v, c in zip(values, counts, strict=True)) == LEVELS
    assert not ethanol.embedded
    assert "UCI 270" in ethanol.source


def test_spectrum_and_losses_of_the_z_scored_problem(ethanol):
    z = preprocess(ethanol)
    singular = np.linalg.svd(z.X, compute_uv=False) ** 2 / z.n
    assert singular[0] == pytest.approx(72.9371988, rel=1e-8)
    assert singular[0] / singular[-1] == pytest.approx(5.04e9, rel=1e-3)
    assert (z.Y**2).mean() / 2 == pytest.approx(0.5, rel=1e-12)
    assert (z.Y**4).mean() / 4 == pytest.approx(1.3925004408, rel=1e-10)
    residual = z.Y - z.X @ np.linalg.lstsq(z.X, z.Y, rcond=None)[0]
    assert (residual**2).mean() / 2 == pytest.approx(0.049992219683, rel=1e-9)


def test_fingerprint_is_over_shapes_and_bytes(ethanol, by_hand):
    X, y = by_hand
    digest = hashlib.sha256(b"(2565, 128)" + X.astype("<f8").tobytes() + b"(2565, 1)" + y.astype("<f8").tobytes())
    assert ethanol.fingerprint == digest.hexdigest()[:16]
    assert preprocess(ethanol).fingerprint == ethanol.fingerprint


def test_verify_finds_every_fact(real_data):
    checks = verify("ethanol", data_dir=real_data)
    assert all(check.ok for check in checks)
    named = " ".join(check.check for check in checks)
    for fact in ("batch 10", "features", "mean concentration", "deviation", "feature 1", "eigenvalue", "condition"):
        assert fact in named
    assert "SHA-256 of batch7.dat" in named


def test_reading_is_quick(real_data):
    seconds = []
    for _ in range(3):
        start = time.process_time()
        load("ethanol", data_dir=real_data, offline=True)
        seconds.append(time.process_time() - start)
    assert min(seconds) < 0.5


def test_a_filled_folder_is_only_read(real_data):
    def state():
        return sorted((p, p.stat().st_mtime_ns) for p in real_data.rglob("*"))

    before = state()
    load("ethanol", data_dir=real_data)
    verify("ethanol", data_dir=real_data)
    assert state() == before


def test_environment_variable_names_the_folder(real_data, monkeypatch):
    monkeypatch.setenv("OVERPARAM_DATA", str(real_data))
    assert load("ethanol", offline=True).n == 2565


@pytest.mark.parametrize("gas", ["ethylene", "ammonia", "acetaldehyde", "acetone", "toluene"])
def test_another_gas_from_a_cut_folder_is_refused(real_data, gas):
    with pytest.raises(DataInvalidError, match=rf"^{gas}: .*batch 7: 649 of 3613 rows, batch 10: 600 of 3600 rows"):
        load(gas, data_dir=real_data)
    failed = [check.check for check in verify(gas, data_dir=real_data) if not check.ok]
    assert failed == ["rows of all gases in batch 7", "rows of all gases in batch 10"]


def edit(path, change):
    path.write_text(change(path.read_text()))


@pytest.mark.parametrize(
    ("batch", "change", "fact"),
    [
        (4, lambda t: "".join(t.splitlines(keepends=True)[1:]), "Ethanol rows in batch 4 is 63, not 64"),
        (9, lambda t: t + t.splitlines(keepends=True)[0], "Ethanol rows in batch 9 is 62, not 61"),
        (1, lambda t: t.replace("1;10.000000 ", "1;11.000000 ", 1), "mean concentration"),
        (1, lambda t: t.replace("1:15596.162100", "1:15597.162100", 1), "mean of feature 1"),
        (1, lambda t: t.replace(" 2:1.868245", " 2:1.868246", 1), "fingerprint|eigenvalue"),
    ],
    ids=["row-lost", "row-doubled", "label", "feature-1", "one-digit"],
)
def test_a_changed_number_is_named(copy, batch, change, fact):
    first_is_ethanol = copy / "gas-sensor" / f"batch{batch}.dat"
    lines = first_is_ethanol.read_text().splitlines(keepends=True)
    first_is_ethanol.write_text("".join(sorted(lines, key=lambda line: not line.startswith("1;"))))
    load("ethanol", data_dir=copy)  # the order of the rows within a gas is unchanged
    edit(first_is_ethanol, change)
    with pytest.raises(DataInvalidError, match=fact):
        load("ethanol", data_dir=copy)


def test_exchanged_batches_are_noticed(copy):
    folder = copy / "gas-sensor"
    (folder / "batch1.dat").rename(folder / "x")
    (folder / "batch2.dat").rename(folder / "batch1.dat")
    (folder / "x").rename(folder / "batch2.dat")
    with pytest.raises(DataInvalidError, match=r"Ethanol rows in batch 1 is 164, not 90 \(and "):
        load("ethanol", data_dir=copy)


def test_a_missing_batch_is_named(copy):
    (copy / "gas-sensor" / "batch3.dat").unlink()
    with pytest.raises(DataUnavailableError, match=r"no batch3\.dat"):
        load("ethanol", data_dir=copy, offline=True)


def test_every_error_is_one_line(copy):
    (copy / "gas-sensor" / "batch3.dat").write_bytes(b"\x00\xff\n" * 100)
    with pytest.raises(OverparamError) as caught:
        load("ethanol", data_dir=copy)
    assert len(str(caught.value).splitlines()) == 1
