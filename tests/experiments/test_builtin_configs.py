"""The built-in experiments against the figure table of the design; its numbers are written out here."""

import subprocess
import sys
from pathlib import Path

import pytest

from overparam_cli.errors import ConfigError
from overparam_cli.experiments import (
    Trial,
    apply_overrides,
    available,
    config_folder,
    expand,
    flatten,
    folder_name,
    is_full,
    load_experiment,
)
from overparam_cli.kinds.mnist.trial import MnistTrial
from overparam_cli.multiverse.loading import BUILT_IN

GRID = (1e-5, 5e-5, 1e-4, 5e-4, 1e-3, 5e-3, 1e-2, 5e-2, 1e-1, 5e-1)
FIGURES = ["fig1", "fig2", "fig3", "fig4", "fig4-left", "fig4-right", "fig5", "fig5-left", "fig5-right"]
NAMES = [*FIGURES, "blog", "cnn-decay", "cnn-init", "cnn-init-new", "cnn-lr", "illustration"]
GROUPS = ["fig4", "fig5"]
CNN = ["fig5-right", "cnn-lr", "cnn-init", "cnn-decay", "cnn-init-new"]
READINGS = {
    "factors": "factors",
    "original-free": "nothing",
    "factored-free": "nothing",
    "names": "original",
    "product": "product",
}
LINEAR = ["fig2", "fig3", "fig4-left", "fig4-right", "fig5-left", "blog", "illustration"]
Point = tuple[str, int, str, str, str, tuple[float, ...]]  # curve, depth, width, init, optimiser, rates


def points(trials: tuple[Trial, ...]) -> list[Point]:
    """One entry a curve."""
    rates: dict[str, list[float]] = {}
    for trial in trials:
        rates.setdefault(trial.curve, []).append(trial.lr)
    first = {trial.curve: trial for trial in reversed(trials)}
    return [
        (name, first[name].depth, first[name].width, first[name].init, first[name].optimizer, tuple(lrs))
        for name, lrs in rates.items()
    ]


def test_the_list_is_complete_and_says_what_each_is() -> None:
    assert [summary.name for summary in available()] == NAMES
    assert all(summary.title and summary.paper and summary.kind for summary in available())
    assert {path.stem for path in config_folder().glob("*.toml")} == {*NAMES, *BUILT_IN}  # which are no experiments


@pytest.mark.parametrize("name", NAMES)
def test_file_opens_with_command_time_and_expected_result(name: str) -> None:
    lines = (config_folder() / f"{name}.toml").read_text(encoding="utf-8").splitlines()
    assert lines[0] == f"# command:  overparam run {name}"
    assert lines[1].startswith("# time: ")
    assert lines[2].startswith("# expected: ")
    assert load_experiment(name).name == name


@pytest.mark.parametrize("name", ["fig2", "fig3", "fig4-left", "fig4-right", "fig5-left", "blog"])
def test_what_all_experiments_on_the_gas_sensors_share(name: str) -> None:
    for trials in expand(load_experiment(name)).values():
        for trial in trials:
            assert (trial.dataset, trial.targets, trial.preprocessing) == ("ethanol", (), "zscore")
            assert (trial.init_std, trial.weight_decay, trial.seed) == (0.01, 0.0, 0)
            assert (trial.dtype, trial.semantics) == ("float32", "tf1")


@pytest.mark.parametrize(
    ("name", "variants", "iterations"),
    [
        ("fig2", ["l2", "l4"], 100_000),
        ("fig3", ["l2", "l4"], 1_000_000),
        ("fig4-left", ["l4"], 1_000_000),
        ("fig4-right", ["l4"], 1_000_000),
        ("fig5-left", ["l4"], 100_000),
        ("blog", ["l4"], 1_000_000),
    ],
)
def test_losses_and_iterations(name: str, variants: list[str], iterations: int) -> None:
    expanded = expand(load_experiment(name))
    assert list(expanded) == variants
    for variant, trials in expanded.items():
        assert {(trial.loss, trial.iterations) for trial in trials} == {(variant, iterations)}


def test_fig3_is_three_depths_over_the_grid() -> None:
    expected = [
        ("depth-1", 1, "", "near-zero", "gd", GRID),
        ("depth-2", 2, "1", "near-zero", "gd", GRID),
        ("depth-3", 3, "1", "near-zero", "gd", GRID),
    ]
    experiment = load_experiment("fig3")
    assert [points(trials) for trials in expand(experiment).values()] == [expected, expected]
    assert experiment.analysis.baseline == "depth-1"
    assert experiment.analysis.selection == "final-gap"
    assert experiment.plot.panels == ("l2", "l4")


def test_fig4_left_is_depth_3_against_two_optimisers() -> None:
    assert points(expand(load_experiment("fig4-left"))["l4"]) == [
        ("gd-depth-3", 3, "1", "near-zero", "gd", GRID),
        ("adagrad", 1, "", "near-zero", "adagrad", GRID),
        ("adadelta", 1, "", "near-zero", "adadelta", GRID),
    ]


def test_fig4_right_is_adam_at_tensorflows_default() -> None:
    trials = expand(load_experiment("fig4-right"))["l4"]
    assert points(trials) == [
        ("adam-depth-1", 1, "", "near-zero", "adam", (1e-3,)),
        ("adam-depth-2", 2, "1", "near-zero", "adam", (1e-3,)),
        ("adam-depth-3", 3, "1", "near-zero", "adam", (1e-3,)),
    ]
    hyper = dict(trials[0].hyper)
    assert (hyper["beta1"], hyper["beta2"], hyper["epsilon"]) == (0.9, 0.999, 1e-8)


def test_fig4_is_both_panels() -> None:
    assert [member.name for member in flatten(load_experiment("fig4"))] == ["fig4-left", "fig4-right"]
    assert [member.name for member in flatten(load_experiment("fig5"))] == ["fig5-left", "fig5-right"]


@pytest.mark.parametrize("name", CNN)
def test_the_networks_follow_the_tutorial(name: str) -> None:
    """TensorFlow's convolutional.py, as the design lists it: 10 epochs of 55,000 images in batches of 64."""
    expanded = expand(load_experiment(name))
    assert list(expanded) == ["cross-entropy"]
    for trial in expanded["cross-entropy"]:
        assert isinstance(trial, MnistTrial)
        assert (trial.dataset, trial.iterations, trial.batch, trial.validation) == ("mnist", 8593, 64, 5000)
        assert trial.iterations == 10 * 55_000 // 64
        assert (trial.optimizer, dict(trial.hyper), trial.lr_decay) == ("momentum", {"momentum": 0.9}, 0.95)
        assert (trial.dropout, trial.weight_decay) == (0.5, 5e-4)
        default = "product" if trial.depth > 1 else "factors"  # one and the same where nothing is factored
        assert trial.decay_on == READINGS.get(trial.curve, default)
        assert (trial.init_std, trial.seed, trial.dtype) == (0.1, 0, "float32")
        assert trial.widths in (((), ()), ((512,), (10,)))


def test_fig5_right_is_the_original_against_two_factors() -> None:
    assert points(expand(load_experiment("fig5-right"))["cross-entropy"]) == [
        ("original", 1, "", "truncated-normal", "momentum", (0.01,)),
        ("factored", 2, "512+10", "truncated-normal", "momentum", (0.01,)),
    ]


def test_cnn_lr_is_both_networks_over_the_grid() -> None:
    assert points(expand(load_experiment("cnn-lr"))["cross-entropy"]) == [
        ("original", 1, "", "truncated-normal", "momentum", GRID),
        ("factored", 2, "512+10", "truncated-normal", "momentum", GRID),
    ]


def test_cnn_init_is_six_standard_deviations_and_the_baseline() -> None:
    trials = expand(load_experiment("cnn-init"))["cross-entropy"]
    assert [(trial.curve, trial.factor_std) for trial in trials] == [
        ("original", ""),
        *((f"std-{std:g}", f"{std:g}") for std in (1e-3, 5e-3, 1e-2, 5e-2, 1e-1, 5e-1)),
    ]


def test_cnn_init_new_varies_the_second_factor_alone() -> None:
    trials = expand(load_experiment("cnn-init-new"))["cross-entropy"]
    assert all(isinstance(trial, MnistTrial) for trial in trials)
    assert [trial.factor_stds for trial in trials] == [
        ((), ()),
        *(((0.1, std), (0.1, std)) for std in (1e-3, 5e-3, 1e-2, 5e-2, 1e-1, 5e-1)),
    ]


def test_the_networks_experiments_share_their_trials() -> None:
    ids = {
        name: {t.curve: t.trial_id for t in expand(load_experiment(name))["cross-entropy"] if t.lr == 0.01}
        for name in CNN
    }
    decay = ids["cnn-decay"]
    assert len({own["original"] for own in ids.values()}) == 1
    assert ids["fig5-right"]["factored"] == ids["cnn-lr"]["factored"] == ids["cnn-init"]["std-0.1"]
    assert ids["cnn-init"]["std-0.1"] == ids["cnn-init-new"]["std-0.1"] == decay["product"]
    assert len(set(decay.values())) == len(decay) == 6


def test_fig5_left_is_five_curves() -> None:
    assert points(expand(load_experiment("fig5-left"))["l4"]) == [
        ("depth-1", 1, "", "near-zero", "gd", GRID),
        ("depth-4", 4, "1", "near-zero", "gd", GRID),
        ("depth-8", 8, "1", "near-zero", "gd", GRID),
        ("depth-4-identity", 4, "1", "identity", "gd", GRID),
        ("depth-8-identity", 8, "1", "identity", "gd", GRID),
    ]


def test_blog_is_one_extra_scalar_against_three() -> None:
    assert points(expand(load_experiment("blog"))["l4"]) == [
        ("gd-depth-2", 2, "1", "near-zero", "gd", GRID),
        ("gd-depth-1", 1, "", "near-zero", "gd", GRID),
        ("adagrad", 1, "", "near-zero", "adagrad", GRID),
        ("adadelta", 1, "", "near-zero", "adadelta", GRID),
    ]


def test_fig2_has_a_rule_for_every_network() -> None:
    """Both at lr 1e-3, from the same start: same depth, width and init; N = 2, 3; width 1, 100; plain and balanced."""
    trials = expand(load_experiment("fig2"))["l4"]
    expected = {
        (depth, (width,) * (depth - 1), init, 1e-3)
        for depth in (2, 3)
        for width in (1, 100)
        for init in ("near-zero", "balanced")
    }
    for optimizer in ("gd", "end-to-end"):
        own = [trial for trial in trials if trial.optimizer == optimizer]
        assert len(own) == 8
        assert {(trial.depth, trial.widths, trial.init, trial.lr) for trial in own} == expected
    drawn = load_experiment("fig2").plot.curves
    assert {trial.curve for trial in trials if trial.init == "near-zero"} == set(drawn)


def test_illustration_straddles_the_divergence_bound() -> None:
    """Section 7's η < 2/y₁^{p−2} at p = 4, times n = 2 because our loss averages; one rate of each grid lies above."""
    for variant, trials in expand(load_experiment("illustration")).items():
        y1 = float(trials[0].dataset.partition("y1=")[2].partition(",")[0])
        assert trials[0].dataset == f"two-points:y1={y1:g},y2=1"
        assert variant.startswith(f"y1-{y1:g}")
        bound = 2 * 2 / y1**2
        rates = sorted({trial.lr / bound for trial in trials})
        assert 0.9 < rates[-2] < 1 < rates[-1] < 1.1
        assert {(trial.curve, trial.depth, trial.optimizer) for trial in trials} == {
            ("gd", 1, "gd"),
            ("rule-2", 2, "end-to-end"),
            ("rule-3", 3, "end-to-end"),
        }
        assert {(trial.preprocessing, trial.loss) for trial in trials} == {("none", "l4")}


def test_fig1_is_theory() -> None:
    experiment = load_experiment("fig1")
    assert (experiment.kind, experiment.checks) == ("theory", ("lemma3", "theorem2"))
    assert expand(experiment) == {}


def test_all_names_every_experiment_once() -> None:
    assert [one.name for one in flatten(load_experiment("all"))] == [name for name in NAMES if name not in GROUPS]


@pytest.mark.parametrize("name", LINEAR + CNN)
def test_plain_runs_are_full_and_smoke_runs_are_small(name: str) -> None:
    experiment = load_experiment(name)
    assert is_full(experiment, {})
    assert folder_name(experiment, {}) == name
    smoke = {"smoke": True}
    assert not is_full(experiment, smoke)
    assert folder_name(experiment, smoke) == f"{name}@smoke"
    trials = [trial for trials in expand(apply_overrides(experiment, smoke)).values() for trial in trials]
    assert max(trial.iterations for trial in trials) <= 500
    assert {trial.dataset.partition(":")[0] for trial in trials} <= {"simulated", "two-points", "digits-simulated"}
    assert 1 <= len(trials) <= 120


@pytest.mark.parametrize("path", ["fig3", "./configs/fig3.toml"])
def test_a_built_in_file_is_also_a_path(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(config_folder().parent)
    assert load_experiment(path).name == "fig3"


def test_unknown_name_is_answered_with_the_closest_and_all() -> None:
    with pytest.raises(ConfigError, match=r"no experiment 'fgi3'; did you mean 'fig3'\? Valid: fig1, .*illustration"):
        load_experiment("fgi3")


def test_listing_and_loading_import_nothing_heavy() -> None:
    code = (
        "import sys; from overparam_cli.experiments import available, load_experiment, folder_name\n"
        "for one in available(): folder_name(load_experiment(one.name), {})\n"
        "print(sorted({'torch', 'numpy', 'pandas', 'scipy', 'matplotlib'} & set(sys.modules)))"
    )
    call = [sys.executable, "-c", code]
    root = Path(__file__).parents[2]
    assert subprocess.run(call, capture_output=True, text=True, check=True, cwd=root).stdout.strip() == "[]"
