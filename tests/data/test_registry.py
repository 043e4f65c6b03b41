"""What every data set of the registry owes, whichever it is; a new one is tested by being there."""

import numpy as np
import pytest

from overparam_cli.data import DATASETS, cache_dir, fetch, list_datasets, load, verify
from overparam_cli.errors import ConfigError, DataUnavailableError

EMBEDDED = [name for name, entry in DATASETS.items() if entry.embedded]
DOWNLOADED = [name for name, entry in DATASETS.items() if not entry.embedded]


@pytest.mark.parametrize("name", EMBEDDED)
def test_embedded_data_needs_no_file_and_says_what_it_is(name, tmp_path):
    dataset, entry = load(name, data_dir=tmp_path / "nothing", offline=True), DATASETS[name]
    assert dataset.X.shape == (entry.n, entry.d) == (dataset.n, dataset.d)
    assert dataset.Y.shape == (entry.n, dataset.k)
    assert dataset.X.dtype == dataset.Y.dtype == np.float64
    assert np.isfinite(dataset.X).all()
    assert np.isfinite(dataset.Y).all()
    assert dataset.embedded
    assert dataset.name.split(":")[0] == name
    assert len(set(dataset.feature_names)) == dataset.d
    assert len(set(dataset.target_names)) == dataset.k
    assert load(name).fingerprint == dataset.fingerprint
    assert all(check.ok for check in verify(name))
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("name", EMBEDDED)
def test_the_name_of_embedded_data_loads_the_same_again(name):
    for option in DATASETS[name].options:
        dataset = load(f"{name}:{option}=3")
        assert dataset.name != load(name).name
        assert load(dataset.name).fingerprint == dataset.fingerprint != load(name).fingerprint


@pytest.mark.parametrize("name", DOWNLOADED)
def test_downloaded_data_that_is_not_there(name, tmp_path):
    with pytest.raises(DataUnavailableError) as caught:
        load(name, data_dir=tmp_path, offline=True)
    message = str(caught.value)
    for part in (name, f"overparam data fetch {name}", "--data-dir", "OVERPARAM_DATA", "--dataset simulated"):
        assert part in message
    assert "\n" not in message
    with pytest.raises(DataUnavailableError, match=name):
        verify(name, data_dir=tmp_path)


@pytest.mark.parametrize("act", [fetch, verify])
@pytest.mark.parametrize("name", ["simulated:seed=x", "ethanol:foo", "mine.csv"])
def test_what_cannot_be_fetched_or_verified_is_refused(act, name, tmp_path):
    with pytest.raises(ConfigError, match=name):
        act(name, data_dir=tmp_path)


@pytest.mark.parametrize("name", DATASETS)
def test_every_data_set_is_described(name):
    entry = DATASETS[name]
    assert entry.what
    assert entry.source
    assert "\n" not in entry.what + entry.source
    assert all(option.what for option in entry.options.values())


def test_list(tmp_path):
    rows = {row.name: row for row in list_datasets(tmp_path)}
    assert list(rows) == list(DATASETS)
    assert {name: row.cached for name, row in rows.items()} == {
        name: "embedded" if entry.embedded else "no" for name, entry in DATASETS.items()
    }
    assert (rows["ethanol"].n, rows["ethanol"].d) == (2565, 128)
    assert sum(rows[name].n for name in DOWNLOADED) == 13910  # the six gases are the whole data set


@pytest.mark.real_data
def test_list_knows_what_is_cached_and_what_is_cut(real_data):
    cached = {row.name: row.cached for row in list_datasets(real_data)}
    assert cached["ethanol"] == "yes"
    assert cached["acetone"] == "incomplete"


@pytest.mark.real_data
def test_fetch_of_what_is_there_does_nothing(real_data):
    assert fetch("ethanol", data_dir=real_data) == real_data / "gas-sensor"


def test_fetch_of_embedded_data_is_no_error(tmp_path):
    assert fetch("simulated", data_dir=tmp_path) == tmp_path == cache_dir(tmp_path)


@pytest.mark.parametrize("ask", [load, fetch, verify])
def test_unknown_names_get_the_nearest_and_all(ask):
    with pytest.raises(ConfigError, match=r"'ethanl': did you mean 'ethanol'\? choose from ethanol, .*two-points"):
        ask("ethanl")


def test_targets_are_for_tables():
    with pytest.raises(ConfigError, match="--target is for your own tables"):
        load("simulated", targets=["concentration"])


def test_two_points_is_section_7():
    dataset = load("two-points:y1=100,y2=0.1")
    np.testing.assert_array_equal(dataset.X, np.eye(2))
    assert dataset.Y.tolist() == [[100.0], [0.1]]
    assert dataset.name == "two-points:y1=100,y2=0.1"
    assert load("two-points").name == "two-points:y1=10,y2=1"
    assert load("two-points:y1=0.30000000000000004").Y[0, 0] == 0.1 + 0.2
    assert load("two-points:y1=0.30000000000000004").name == "two-points:y1=0.30000000000000004,y2=1"
