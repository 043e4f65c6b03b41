"""A multiverse's file: what is wrong is said in one line, with its place, all together."""

from pathlib import Path

import pytest
from support.cnn_multiverse import TINY_CNN, write_tiny_cnn
from support.multiverses import TINY, write_tiny

from overparam_cli.errors import ConfigError
from overparam_cli.experiments import load_experiment
from overparam_cli.multiverse.loading import BUILT_IN, asked_for, load
from overparam_cli.multiverse.model import Multiverse, of_variant


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('kind = "multiverse"', 'kind = "linear"', "kind = 'linear', and a multiverse has kind = 'multiverse'"),
        ('title = "A tiny', 'titel = "A tiny', "unknown key 'titel'; did you mean 'title'?"),
        ('experiments = ["fig3", [', 'experiments = ["fig33", [', "no experiment 'fig33'; did you mean 'fig3'?"),
        ('experiments = ["fig3", [', 'experiments = ["fig3", "fig3", [', "experiments = .* holds 'fig3' twice"),
        ('experiments = ["fig3", [', 'experiments = ["fig1", [', "'fig1' has no trials"),
        ("iterations = 100 }", "iteration = 100 }", r"tiny.toml: unknown key 'iteration'; did you mean 'iterations'\?"),
        ('experiments = ["fig3"]\nfine', 'experiments = ["fig5-left"]\nfine', r"\[\[grids\]\]: 'fig5-left' is none of"),
        ("per_decade = 3 }", "count = 3 }", "fine = .* must be a grid as { from = 1e-4"),
        ('name = "features"', 'name = "claim"', "'claim' is a column of worlds.csv already"),
        ('name = "loss"', 'name = "grid"', "two axes are named 'grid'"),
        ('name = "minmax"', 'name = "zscore"', "two options are named 'zscore'"),
        (' preprocessing = "minmax"', ' preprocessing = "minmx"', "axis 'features', option 'minmax': unknown preproc"),
        ('{ semantics = "torch" }', '{ semantic = "torch" }', "option 'torch': unknown key 'semantic'; did you mean"),
        ('rates = "fine"', 'rates = "finest"', "option 'fine', reading: rates = 'finest' must be one of own, fine"),
        ("horizon = 50", "horizons = 50", "option 'half', reading: unknown key 'horizons'; did you mean 'horizon'"),
        ("shift = [0, 1]", "shift = 1", r"shift = 1 must be \[a, b\]"),
        ('name = "zscore"\n', 'name = "zscore"\nextra = true\n', "the first one is not extra"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(old: str, new: str, said: str, tmp_path: Path) -> None:
    assert old in TINY
    path = write_tiny(tmp_path, TINY.replace(old, new, 1))
    with pytest.raises(ConfigError, match=said) as caught:
        load(str(path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'loss = "total"',
            'loss = "totl"',
            "option 'total', reading: loss = 'totl' must be one of cross-entropy, total",
        ),
        ('loss = "total"', 'los = "total"', "option 'total', reading: unknown key 'los'; did you mean 'loss'?"),
        ('loss = "total"', "loss = 2", "option 'total', reading: loss = 2 must be a non-empty string"),
        ('smoothing = "none"', 'smoothing = "raw"', "reading: smoothing = 'raw' must be one of mean, none"),
        ('"cnn-init-new" }', '"cnn-int-new" }', "option 'new', instead: no experiment 'cnn-int-new'; did you mean"),
        ('"cnn-init-new" }', '"cnn-lr" }', "instead: 'cnn-lr' has other variants or curves than 'cnn-init'"),
        ('"cnn-init-new" }', '"fig1" }', "instead: 'fig1' has other variants or curves than 'cnn-init'"),
        ("{ cnn-init = ", "{ fig5-right = ", "instead: 'fig5-right' is none of its experiments"),
        (
            'instead = { cnn-init = "cnn-init-new" }',
            'instead = "cnn-init-new"',
            "instead = 'cnn-init-new' must be a table",
        ),
    ],
)
def test_what_is_wrong_about_the_convolutional_network_is_said_in_one_line(
    old: str, new: str, said: str, tmp_path: Path
) -> None:
    assert old in TINY_CNN
    path = write_tiny_cnn(tmp_path, TINY_CNN.replace(old, new, 1))
    with pytest.raises(ConfigError) as caught:
        load(str(path))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("key", ["loss", "smoothing"])
def test_experiments_that_log_one_loss_have_no_choice_of_it(key: str, tmp_path: Path) -> None:
    path = write_tiny(tmp_path, TINY.replace('rates = "fine"', f'{key} = "mean"'))
    said = f"axis 'grid', option 'fine', reading: {key} chooses among losses that were logged, and fig3 logs one"
    with pytest.raises(ConfigError) as caught:
        load(str(path))
    assert said in str(caught.value)


def test_all_that_is_wrong_is_said_together(tmp_path: Path) -> None:
    text = TINY.replace('rates = "fine"', "rates = 3").replace("horizon = 50", "horizon = 0")
    with pytest.raises(ConfigError, match=r"2 faults: \(1\) .*rates = 3.*\(2\) .*horizon = 0"):
        load(str(write_tiny(tmp_path, text)))


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_file_may_not_borrow_a_built_in_name(name: str, tmp_path: Path) -> None:
    path = write_tiny(tmp_path, TINY.replace('name = "tiny"', f'name = "{name}"'))
    with pytest.raises(ConfigError, match="the built-in one's, whose results would be mixed"):
        load(str(path))


def test_experiments_that_no_claim_is_about_are_refused_when_worlds_are_made(tmp_path: Path) -> None:
    from overparam_cli.multiverse.worlds import claims_of

    text = TINY.replace('experiments = ["fig3", ["fig4-left", "fig4-right"]]', 'experiments = ["fig5-right"]')
    text = text[: text.index("[[grids]]")].replace('dataset = "table.csv", targets = ["y"], ', "")
    text += '[[axes]]\nname = "decay"\n[[axes.options]]\nname = "factors"\noverrides = { decay_on = "factors" }\n'
    found = load(str(write_tiny(tmp_path, text)))
    assert {claim.id for claim in claims_of(found)} >= {"cnn-accelerates"}


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_command_that_runs_experiments_points_to_the_one_that_runs_multiverses(name: str) -> None:
    with pytest.raises(ConfigError, match="is a multiverse, not an experiment: overparam multiverse run"):
        load_experiment(name)


def test_a_name_that_is_none_is_answered_with_those_that_are() -> None:
    with pytest.raises(ConfigError, match="no such file, nor a built-in one: multiverse, multiverse-cnn"):
        load("multiverse-cn")


@pytest.mark.parametrize(
    ("axes", "said"),
    [
        (["features"], "--axis 'features' must read axis=option"),
        (["feature=zscore"], "no axis 'feature'; did you mean 'features'?"),
        (["features=zscor"], "axis features has no option 'zscor'; did you mean 'zscore'?"),
        (["features=zscore", "features=minmax"], "--axis gives 'features' twice"),
    ],
)
def test_an_axis_asked_for_that_is_none(axes: list[str], said: str, tiny: Multiverse) -> None:
    with pytest.raises(ConfigError) as caught:
        asked_for(tiny, axes)
    assert said in str(caught.value)


def test_numbers_by_variant() -> None:
    assert of_variant({"": 2.0}, "l4", 1.0) == 2
    assert of_variant({"l2": 2.0}, "l4", 1.0) == 1
    assert of_variant({"l2": 2.0, "": 3.0}, "l2", 1.0) == 2
