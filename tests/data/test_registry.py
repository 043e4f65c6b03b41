"""What every data set of the registry owes, whichever it is; a new one is tested by being there."""

from functools import cache

import numpy as np
import pytest

from overparam_cli import paper
from overparam_cli.data import DATASETS, cache_dir, fetch, list_datasets, load, load_images, verify
from overparam_cli.errors import ConfigError, DataUnavailableError

LOADERS = {"regression": load, "images": load_images}
KINDS = {name: entry.kind for name, entry in DATASETS.items()}
EMBEDDED = [name for name, entry in DATASETS.items() if entry.embedded]
DOWNLOADED = [name for name, entry in DATASETS.items() if not entry.embedded]
STAND_IN = {"regression": "simulated", "images": "digits-simulated"}


def load_any(name, **options):
    """By the loader of the data set's own kind."""
    return LOADERS[KINDS[name.split(":")[0]]](name, **options)


@cache
def default(name):
    """Embedded data as it is without options, made once."""
    return load_any(name)


def of_kind(kind, names=tuple(DATASETS)):
    return [name for name in names if KINDS[name] == kind]


def test_there_are_two_kinds():
    assert set(KINDS.values()) == set(LOADERS)
    assert of_kind("images") == ["mnist", "digits-simulated"]


@pytest.mark.parametrize("name", of_kind("regression", EMBEDDED))
def test_embedded_problems_have_the_shapes_they_say(name):
    dataset, entry = default(name), DATASETS[name]
    assert dataset.X.shape == (entry.n, entry.d) == (dataset.n, dataset.d)
    assert dataset.Y.shape == (entry.n, dataset.k)
    assert dataset.X.dtype == dataset.Y.dtype == np.float64
    assert np.isfinite(dataset.X).all()
    assert np.isfinite(dataset.Y).all()
    assert len(set(dataset.feature_names)) == dataset.d
    assert len(set(dataset.target_names)) == dataset.k


@pytest.mark.parametrize("name", of_kind("images", EMBEDDED))
def test_embedded_images_have_the_shapes_they_say(name):
    dataset, entry = default(name), DATASETS[name]
    assert dataset.images.shape == (entry.n, 28, 28) == (dataset.n, 28, 28)
    assert dataset.test_images.shape == (dataset.n_test, 28, 28)
    assert entry.d == 28 * 28
    assert dataset.labels.shape == (dataset.n,)
    assert dataset.test_labels.shape == (dataset.n_test,)


@pytest.mark.parametrize("name", EMBEDDED)
def test_embedded_data_needs_no_file_and_says_what_it_is(name, tmp_path):
    dataset = load_any(name, data_dir=tmp_path / "nothing", offline=True)
    assert dataset.embedded
    assert dataset.name.split(":")[0] == name
    assert dataset.fingerprint == default(name).fingerprint
    assert [check for check in verify(name) if not check.ok] == []
    assert not (tmp_path / "nothing").exists()


ANOTHER = {"n": 5100, "n_test": 100}  # values that these options allow; 3 for all others


@pytest.mark.parametrize("name", EMBEDDED)
def test_the_name_of_embedded_data_loads_the_same_again(name):
    for option in DATASETS[name].options:
        dataset = load_any(f"{name}:{option}={ANOTHER.get(option, 3)}")
        assert dataset.name != default(name).name
        assert load_any(dataset.name).fingerprint == dataset.fingerprint != default(name).fingerprint


@pytest.mark.parametrize(("kind", "other"), [("regression", load_images), ("images", load)])
def test_each_loader_refuses_the_other_kind_before_anything_is_fetched(kind, other, tmp_path):
    for name in of_kind(kind):
        with pytest.raises(ConfigError, match=f"'{name}' is .*of kind 'cnn'") as caught:
            other(name, data_dir=tmp_path)
        assert "\n" not in str(caught.value)
        assert all(f"'{right}'" in str(caught.value) for right in KINDS if KINDS[right] != kind)
    assert list(tmp_path.iterdir()) == []


def test_a_table_is_no_set_of_images(tmp_path):
    with pytest.raises(ConfigError, match=r"table mine\.csv is no set of images.*'mnist', 'digits-simulated'"):
        load_images("mine.csv", data_dir=tmp_path)


@pytest.mark.parametrize("name", DOWNLOADED)
def test_downloaded_data_that_is_not_there(name, tmp_path):
    with pytest.raises(DataUnavailableError) as caught:
        load_any(name, data_dir=tmp_path, offline=True)
    message = str(caught.value)
    stand_in = f"--dataset {STAND_IN[KINDS[name]]}'"
    for part in (name, f"overparam data fetch {name}", "--data-dir", "OVERPARAM_DATA", stand_in):
        assert part in message
    assert "\n" not in message
    with pytest.raises(DataUnavailableError, match=name):
        verify(name, data_dir=tmp_path)


@pytest.mark.parametrize("act", [fetch, verify])
@pytest.mark.parametrize("name", ["simulated:seed=x", "ethanol:foo", "mnist:n=5", "mine.csv"])
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
    assert sum(rows[name].n for name in of_kind("regression", DOWNLOADED)) == 13910  # the six gases are all there is
    assert (rows["mnist"].n, rows["mnist"].d) == (60000, 784)


@pytest.mark.real_data
def test_list_knows_what_is_cached_and_what_is_cut(real_data):
    cached = {row.name: row.cached for row in list_datasets(real_data)}
    assert cached["ethanol"] == "yes"
    assert cached["acetone"] == "incomplete"
    assert cached["mnist"] == "yes"


@pytest.mark.real_data
def test_fetch_of_what_is_there_does_nothing(real_data):
    assert fetch("ethanol", data_dir=real_data) == real_data / "gas-sensor"
    assert fetch("mnist", data_dir=real_data) == real_data / "mnist"


def test_fetch_of_embedded_data_is_no_error(tmp_path):
    assert fetch("simulated", data_dir=tmp_path) == tmp_path == cache_dir(tmp_path)


@pytest.mark.parametrize("ask", [load, load_images, fetch, verify])
def test_unknown_names_get_the_nearest_and_all(ask):
    with pytest.raises(ConfigError, match=r"'ethanl'; did you mean 'ethanol'\? Valid: ethanol, .*two-points"):
        ask("ethanl")


def test_targets_are_for_tables():
    with pytest.raises(ConfigError, match="--target is for a table of your own"):
        load("simulated", targets=["concentration"])


def test_two_points_is_section_7():
    dataset = load("two-points:y1=100,y2=0.1")
    np.testing.assert_array_equal(dataset.X, np.eye(2))
    assert dataset.Y.tolist() == [[100.0], [0.1]]
    assert dataset.name == "two-points:y1=100,y2=0.1"
    assert load("two-points").name == "two-points:y1=10,y2=1"
    assert load("two-points:y1=0.30000000000000004").Y[0, 0] == 0.1 + 0.2
    assert load("two-points:y1=0.30000000000000004").name == "two-points:y1=0.30000000000000004,y2=1"


def test_the_papers_own_sets_are_those_that_its_experiments_use():
    assert {name for name, entry in DATASETS.items() if entry.paper} == set(paper.DATA_SETS)


def test_what_stands_in_for_a_download_is_embedded_and_of_its_kind():
    for name in DOWNLOADED:
        stand_in = DATASETS[name].download.stand_in
        assert stand_in in EMBEDDED
        assert KINDS[stand_in] == KINDS[name]
