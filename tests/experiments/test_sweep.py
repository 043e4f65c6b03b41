"""[sweep] stands for the curves that one would type: the same trials, with names and labels that say what they are."""

from collections.abc import Callable
from pathlib import Path

import pytest

from overparam_cli.errors import ConfigError
from overparam_cli.experiments import Experiment, expand, load_experiment

HEAD = """\
name = "own"
title = "An experiment of one's own"
kind = "linear"

[trial]
dataset = "simulated"
lr = [1e-3, 1e-2]
iterations = 100
seeds = 2
"""
PRODUCT = """
[sweep]
loss = ["l2", "l4"]
depth = [1, 2, 3]
optimizer = ["gd", "adam"]
"""
TYPED = """
[variants.l2]
loss = "l2"

[variants.l4]
loss = "l4"
""" + "".join(
    f'\n[[curves]]\nname = "depth-{depth}-{optimizer}"\ndepth = {depth}\noptimizer = "{optimizer}"\n'
    for depth in (1, 2, 3)
    for optimizer in ("gd", "adam")
)
LOSS = '\n[variants.l2]\nloss = "l2"\n'
Write = Callable[..., Path]


def ids(experiment: Experiment) -> dict[str, list[tuple[str, str]]]:
    return {variant: [(own.curve, own.trial_id) for own in trials] for variant, trials in expand(experiment).items()}


def curves(text: str, write: Write) -> dict[str, dict[str, object]]:
    return {own.name: dict(own.settings) for own in load_experiment(write(text=HEAD + text)).curves}


def test_a_product_has_the_trials_of_the_curves_typed_by_hand(write: Write) -> None:
    made, typed = (load_experiment(write(text=HEAD + text)) for text in (PRODUCT, TYPED))
    assert ids(made) == ids(typed)
    assert sum(map(len, ids(made).values())) == 2 * 3 * 2 * 2 * 2
    assert made.variants == typed.variants
    assert made.plot.panels == ("l2", "l4")


def test_labels_say_what_a_curve_is(write: Write) -> None:
    made = load_experiment(write(text=HEAD + PRODUCT)).curves
    assert [own.label for own in made[:3]] == ["1 layer, gd", "1 layer, adam", "2 layers, gd"]
    assert {(own.color, own.linestyle) for own in made} == {(None, None)}  # the figures' own rule tells them apart


def test_what_means_nothing_to_a_curve_is_left_out_of_it(write: Write) -> None:
    found = curves(
        LOSS + '[sweep]\ndepth = [1, 2]\nwidth = [1, 10]\noptimizer = ["gd", "adam"]\nbeta1 = [0.8, 0.9]', write
    )
    assert {name: own for name, own in found.items() if own["depth"] == 1} == {
        "depth-1-gd": {"depth": 1, "optimizer": "gd"},
        "depth-1-adam-beta1-0.8": {"depth": 1, "optimizer": "adam", "beta1": 0.8},
        "depth-1-adam-beta1-0.9": {"depth": 1, "optimizer": "adam", "beta1": 0.9},
    }
    assert len(found) == 3 + 2 * 3


def test_curves_of_a_product_stand_behind_those_that_are_typed(write: Write) -> None:
    text = LOSS + '[sweep]\ndepth = [2, 3]\n[[curves]]\nname = "convex"\ndepth = 1\n[analysis]\nbaseline = "depth-2"\n'
    assert list(curves(text, write)) == ["convex", "depth-2", "depth-3"]


@pytest.mark.parametrize(
    ("key", "names"),
    [
        ("width = [1, [10, 20]]", ["width-1", "width-10x20"]),
        ("init_std = [0.25, 1e-4]", ["init_std-0.25", "init_std-1e-4"]),
        ('init = ["near-zero", "identity"]', ["init-near-zero", "init-identity"]),
        ("init_std = [0.1234567890123, 0.1234567890124]", ["init_std-0.1234567890123", "init_std-0.1234567890124"]),
    ],
)
def test_names_hold_the_values_as_they_are(key: str, names: list[str], write: Write) -> None:
    assert list(curves(f"depth = 3\n{LOSS}\n[sweep]\n{key}\n", write)) == names


def test_a_variant_of_a_table_of_ones_own_is_named_after_it(write: Write, tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "houses.csv").write_text("a,b\n1,2\n2,1\n3,5\n", encoding="utf-8")
    text = 'loss = "l2"\ntargets = ["b"]\n[sweep]\ndataset = ["one/houses.csv", "two/houses.csv"]\ndepth = [1, 2]\n'
    made = load_experiment(write(('dataset = "simulated"\n', ""), text=HEAD + text))
    assert len(made.variants) == 2
    assert [own["dataset"] for own in made.variants.values()] == [
        str(tmp_path / "one" / "houses.csv"),
        str(tmp_path / "two" / "houses.csv"),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[sweep]\nlr = [1e-3, 1e-2]\n", "a list of lr is a grid already: give it in [trial]"),
        ("[sweep]\nseeds = [1, 2]\n", "seeds = K makes seeds"),
        ("[sweep]\ndepth = 2\n", "depth = 2 is one value"),
        ("[sweep]\ndepth = []\n", "depth is an empty list"),
        ("[sweep]\ndepth = [1, 1]\n", "holds 1 twice"),
        ("[sweep]\ndepth = [1, 2.5]\n", "depth = 2.5 must be an integer"),
        ("[sweep]\ndpeth = [1]\n", "unknown key 'dpeth'; did you mean 'depth'?"),
        ("[[sweep]]\ndepth = [1]\n", "[sweep] must be a table, given once"),
        (LOSS + '[sweep]\nloss = ["l2"]\ndepth = [1]\n', "loss makes variants, and [variants] are given as well"),
        ('[sweep]\nloss = ["l2"]\n', "'curves' is missing"),
        ('[sweep]\ndepth = [1]\n[[curves]]\nname = "depth-1"\ndepth = 1\n', "two [[curves]] are named 'depth-1'"),
        ('[sweep]\ndepth = [1]\noptimizer = ["gd", "adm"]\n' + LOSS, "unknown optimizer 'adm'"),
    ],
)
def test_a_wrong_sweep_is_one_line(text: str, said: str, write: Write) -> None:
    with pytest.raises(ConfigError) as error:
        load_experiment(write(text=HEAD + text))
    assert said in str(error.value)
    assert "own.toml" in str(error.value)
