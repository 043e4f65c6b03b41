"""Which worlds there are, and which trials they need: counted by hand, and held against ordinary runs."""

import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from overparam_cli.claims import find_claim
from overparam_cli.multiverse.loading import asked_for, load, seeded
from overparam_cli.multiverse.model import Grid, Multiverse
from overparam_cli.multiverse.training import (
    asked_packs,
    fine_rates,
    own_rates,
    packs,
    rates,
    trials_of,
)
from overparam_cli.multiverse.worlds import Part, axes_of, experiments_of, part, parts, worlds
from overparam_cli.run.plan import plan

COUNTS = {  # options of the axes that count, multiplied; the extra option of the features is none
    "l4-depth-accelerates": ("features loss grid horizon", 2 * 2 * 2 * 2),
    "fig3-axes": ("features loss grid horizon", 2 * 2 * 2 * 2),
    "l2-depth-hinders": ("features loss grid horizon", 2 * 2 * 2 * 2),
    "beats-adagrad": ("semantics features horizon", 2 * 2 * 2),  # the file gives Figure 4 no fine grid
    "adagrad-slower-than-gd": ("semantics features grid horizon", 2 * 2 * 2 * 2),  # reads Figure 3, too
    "adam-beats-depth": ("semantics features horizon", 2 * 2 * 2),
    "adam-plus-depth": ("semantics features horizon", 2 * 2 * 2),
}


@pytest.mark.parametrize("name", COUNTS)
def test_a_claim_has_the_worlds_of_the_axes_that_count(name: str, tiny: Multiverse) -> None:
    claim, (axes, number) = find_claim(name), COUNTS[name]
    assert " ".join(axis.name for axis in axes_of(tiny, experiments_of(claim))) == axes
    found = list(worlds(tiny, claim, {}))
    assert len(found) == number == len({tuple(one.items()) for one in found})


def test_an_extra_option_is_there_when_it_is_named(tiny: Multiverse) -> None:
    claim = find_claim("l4-depth-accelerates")
    found = list(worlds(tiny, claim, asked_for(tiny, ["features=maxabs,zscore", "horizon=end"])))
    assert {one["features"] for one in found} == {"zscore", "maxabs"}
    assert len(found) == 2 * 2 * 2


def test_the_trials_of_a_part_are_those_of_the_ordinary_run(tiny: Multiverse, tmp_path: Path) -> None:
    table = str(tiny.overrides["dataset"])
    given = {"dataset": table, "targets": "y", "iterations": 100, "variant": "l4"}
    given |= {"preprocessing": "minmax", "label_preprocessing": "maxabs"}
    (job,) = plan(["fig3"], given, results=tmp_path)
    own = part(tiny, "fig3/l4", {"features": "minmax"})
    ours = {trial.trial_id: trial for trial in trials_of(tiny, own)}
    low = min(min(one) for one in rates(tiny, own).values())
    ordinary = {trial.trial_id for trial in job.trials if trial.lr >= 0.1}
    assert ordinary <= ours.keys()
    assert low >= 0.01


def test_the_conventions_of_an_optimiser_change_its_curves_alone(tiny: Multiverse) -> None:
    ids = [
        {trial.curve: trial.trial_id for trial in trials_of(tiny, part(tiny, "fig4-left/l4", {"semantics": name}))}
        for name in ("tf1", "torch")
    ]
    assert ids[0]["gd-depth-3"] == ids[1]["gd-depth-3"]
    assert ids[0]["adagrad"] != ids[1]["adagrad"]
    assert ids[0]["adadelta"] != ids[1]["adadelta"]


def test_every_trial_is_trained_in_one_place(tiny: Multiverse) -> None:
    everything = Counter(trial.trial_id for pack in packs(tiny) for trial in pack.trials)
    assert set(everything.values()) == {1}
    needed = {trial.trial_id for one in parts(tiny, {}) for trial in trials_of(tiny, one)}
    assert needed <= everything.keys()
    assert {pack.folder.as_posix() for pack in packs(tiny)} >= {
        f"fig4-left+fig4-right@features={features}+semantics={name}/l4"
        for features in ("zscore", "minmax", "maxabs")
        for name in ("tf1", "torch")
    }


def test_more_seeds_join_the_same_folders(tiny: Multiverse) -> None:
    asked = asked_for(tiny, ["semantics=tf1"])
    one, three = (asked_packs(found, asked) for found in (tiny, seeded(tiny, 3)))
    assert [pack.folder for pack in three] == [pack.folder for pack in one]
    for few, many in zip(one, three, strict=True):
        ids = {trial.trial_id for trial in many.trials}
        assert {trial.trial_id for trial in few.trials} < ids
        assert len(ids) == 3 * few.size


def test_the_order_of_training_is_that_of_the_file(tiny: Multiverse) -> None:
    names = [pack.folder.as_posix() for pack in asked_packs(tiny, asked_for(tiny, ["semantics=tf1"]))]
    assert names == [
        "fig3@features=zscore/l2",
        "fig3@features=zscore/l4",
        "fig3@features=minmax/l2",
        "fig3@features=minmax/l4",
        "fig4-left+fig4-right@features=zscore+semantics=tf1/l4",
        "fig4-left+fig4-right@features=minmax+semantics=tf1/l4",
    ]


def test_the_built_in_multiverse_has_the_papers_rates_times_every_factor() -> None:
    found = load()
    own = part(found, "fig3/l4", {})
    for curve, trained in rates(found, own).items():
        for factor in (1, 2, 4):
            wanted = {float(f"{rate * factor:.3g}") for rate in own_rates(found, own)[curve]}
            assert {rate for rate in wanted if rate >= 5e-4} <= {*trained}, (curve, factor)


@pytest.mark.parametrize("labels", ["zscore", "minmax"])
def test_of_its_own_rates_below_a_fine_grid_the_largest_of_every_factor_is_trained(labels: str) -> None:
    """So a curve has a rate that survives among its own wherever the fine grid has one."""
    found = load()
    own = part(found, "fig3/l4", {"labels": labels})
    for curve, low in {"depth-1": 2e-4, "depth-2": 1e-4, "depth-3": 5e-5}.items():
        depth = int(curve[-1])
        low *= 1 if labels == "zscore" else 10 ** (3.3 - 1.7 / depth)  # as multiverse.toml moves it
        trained = rates(found, own)[curve]
        for factor in (1, 2, 4):
            below = [rate * factor for rate in own_rates(found, own)[curve] if rate * factor < 0.999 * low]
            assert any(math.isclose(max(below), rate) for rate in trained), (curve, factor)


def test_a_grid_moves_by_whole_values() -> None:
    fine = Grid(("fig3",), 1e-4, 1e-3, 10)
    base, moved = fine_rates(fine, 0.0), fine_rates(fine, 1.0)
    assert base[0] == 1e-4
    assert 5e-4 in base
    assert [float(f"{10 * rate:.3g}") for rate in base] == list(moved)
    assert set(fine_rates(fine, 0.3)) <= {*base, *moved}


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("p", [2, 4])
def test_networks_in_other_units_train_alike_at_the_rates_that_the_shift_says(depth: int, p: int) -> None:
    """Features divided by c, labels by e: rates move by c^(2/N) and e^(p − 2/N), in NumPy from the definition."""
    c, e = 7.0, 0.3
    moved = 10 ** (2 * np.log10(c) / depth) * 10 ** (p * np.log10(e) - 2 * np.log10(e) / depth)
    one = _losses(depth, p, 1.0, 1.0, 0.02)
    other = _losses(depth, p, c, e, 0.02 * moved)
    np.testing.assert_allclose(other * e**p, one, rtol=1e-9)


def _losses(depth: int, p: int, c: float, e: float, lr: float) -> np.ndarray:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(20, 3))
    y = X @ [1.0, -1.0, 0.5]
    X, y = X / c, y / e
    size = (c / e) ** (1 / depth)
    w = size * np.array([0.5, -0.3, 0.4])
    scalars = size * np.linspace(0.6, 0.9, depth - 1) if depth > 1 else np.ones(0)
    found = []
    for _ in range(30):
        product = np.prod(scalars)
        residual = X @ (w * product) - y
        found.append(np.mean(residual**p) / p)
        gradient = X.T @ residual ** (p - 1) / len(X)
        steps = [product / scalar * (gradient @ w) for scalar in scalars]
        w, scalars = w - lr * product * gradient, scalars - lr * np.array(steps)
    return np.array(found)


def test_a_part_knows_only_the_choices_that_count_for_it(tiny: Multiverse) -> None:
    choices = {"features": "minmax", "semantics": "torch", "grid": "fine"}
    assert part(tiny, "fig3/l4", choices) == Part("fig3", "l4", (("features", "minmax"),))
