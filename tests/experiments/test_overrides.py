"""Command-line overrides: what each does to the trials, and what is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from overparam_cli.errors import ConfigError
from overparam_cli.experiments import (
    Experiment,
    Trial,
    all_keys,
    apply_overrides,
    expand,
    load_experiment,
    once,
    override_help,
    parse_assignments,
)


def overridden(name: str, **overrides: Any) -> Experiment:
    return apply_overrides(load_experiment(name), overrides)


def trials(experiment: Experiment) -> list[Trial]:
    return [trial for trials in expand(experiment).values() for trial in trials]


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("iterations", "1000", 1000),
        ("iterations", "1e3", 1000),
        ("iterations", "1_000", 1000),
        ("iterations", 1000, 1000),
        ("dtype", "float64", "float64"),
        ("dataset", " simulated ", "simulated"),
        ("init_std", "0.1", 0.1),
        ("init", "identity", "identity"),
        ("weight_decay", "1e-4", 1e-4),
        ("preprocessing", "none", "none"),
        ("semantics", "torch", "torch"),
        ("targets", "a, b", ("a", "b")),
    ],
)
def test_a_setting_reaches_every_trial(key: str, text: Any, value: Any) -> None:
    changed = trials(overridden("fig3", **{key: text}))
    assert {getattr(trial, key) for trial in changed} == {value}
    assert len(changed) == 60


@pytest.mark.parametrize("lr", ["1e-3,5e-3", "5e-3, 1e-3", [1e-3, 5e-3], (5e-3, 1e-3)])
def test_lr_replaces_every_grid(lr: Any) -> None:
    changed = expand(overridden("fig3", lr=lr))["l4"]
    assert [trial.lr for trial in changed] == [1e-3, 5e-3] * 3


def test_seeds_count_from_zero() -> None:
    assert [trial.seed for trial in expand(overridden("fig4-right", seeds="3"))["l4"]] == [0, 1, 2] * 3


@pytest.mark.parametrize(
    ("width", "widths"), [("100", [(), (100,), (100, 100)]), (7, [(), (7,), (7, 7)])], ids=["text", "number"]
)
def test_width_goes_to_every_hidden_layer(width: Any, widths: list[tuple[int, ...]]) -> None:
    assert [trial.widths for trial in expand(overridden("fig4-right", width=width))["l4"]] == widths


@pytest.mark.parametrize("width", ["100x50", "100,50", [100, 50]])
def test_width_list(width: Any) -> None:
    assert {trial.widths for trial in trials(overridden("fig3", depth="3", width=width))} == {(100, 50)}


class TestLoss:
    def test_selects_variants_that_are_losses(self) -> None:
        assert list(expand(overridden("fig3", loss="l4"))) == ["l4"]
        assert expand(overridden("fig3", loss="l4"))["l4"] == expand(load_experiment("fig3"))["l4"]

    def test_both_are_all(self) -> None:
        assert expand(overridden("fig3", loss="l4,l2")) == expand(load_experiment("fig3"))

    def test_makes_a_variant_for_another_loss(self) -> None:
        expanded = expand(overridden("fig3", loss="l10,l4"))
        assert list(expanded) == ["l4", "l10"]
        assert {trial.loss for trial in expanded["l10"]} == {"l10"}
        assert len(expanded["l10"]) == 30

    def test_names_the_only_variant(self) -> None:
        expanded = expand(overridden("blog", loss="l2,l6"))
        assert {name: {trial.loss for trial in own} for name, own in expanded.items()} == {"l2": {"l2"}, "l6": {"l6"}}

    def test_goes_to_all_variants_that_are_not_losses(self) -> None:
        experiment = load_experiment("illustration")
        assert list(expand(overridden("illustration", loss="l6"))) == list(expand(experiment))
        assert {trial.loss for trial in trials(overridden("illustration", loss="l6"))} == {"l6"}
        with pytest.raises(ConfigError, match="one loss at a time"):
            overridden("illustration", loss="l2,l4")

    def test_new_variants_get_panels(self) -> None:
        assert overridden("fig3", loss="l6").plot.panels == ("l2", "l4", "l6")


class TestDepth:
    def curves(self, name: str, depth: Any) -> list[str]:
        return [curve.name for curve in overridden(name, depth=depth).curves]

    def test_keeps_curves_of_these_depths(self) -> None:
        assert self.curves("fig3", "2,3") == ["depth-2", "depth-3"]
        assert self.curves("fig3", "3,2") == ["depth-2", "depth-3"]
        assert self.curves("fig5-left", 4) == ["depth-4", "depth-4-identity"]

    def test_keeps_the_trials_as_they_are(self) -> None:
        whole = expand(load_experiment("fig3"))["l4"]
        assert expand(overridden("fig3", depth=2))["l4"] == tuple(trial for trial in whole if trial.depth == 2)

    def test_makes_a_new_depth_from_the_deepest_curves(self) -> None:
        experiment = overridden("fig3", depth="1,5")
        assert [(curve.name, curve.label) for curve in experiment.curves] == [
            ("depth-1", "1 layer"),
            ("depth-5", "5 layers"),
        ]
        assert {trial.widths for trial in trials(experiment) if trial.curve == "depth-5"} == {(1, 1, 1, 1)}
        assert len(trials(experiment)) == 2 * 2 * 10

    def test_networks_and_rules_alike(self) -> None:
        experiment = overridden("fig2", depth="4")
        assert {trial.optimizer for trial in trials(experiment)} == {"gd", "end-to-end"}
        assert {trial.depth for trial in trials(experiment)} == {4}
        assert experiment.plot.curves == (
            "depth-4-width-1",
            "rule-4-width-1",
            "depth-4-width-100",
            "rule-4-width-100",
        )
        assert [curve.label for curve in experiment.curves][:2] == ["4 layers, width 1", "rule N = 4, from width 1"]

    def test_depth_1_has_no_width_and_one_curve_for_all_of_them(self) -> None:
        experiment = overridden("fig2", depth=1)
        assert experiment.curves[0].label == "1 layer, width 1"
        assert len(expand(experiment)["l4"]) == 4  # network and rule, plain and balanced

    def test_baseline_goes_with_its_curve(self) -> None:
        assert overridden("fig3", depth="1,3").analysis.baseline == "depth-1"
        assert overridden("fig3", depth="2,3").analysis.baseline is None

    def test_a_curve_whose_name_says_no_depth_gets_one(self, own: Experiment) -> None:
        made = apply_overrides(own, {"depth": 7})
        assert [(curve.name, curve.label) for curve in made.curves] == [("deep-depth-7", "deep, depth 7")]

    def test_depth_set_by_a_variant(self, write: Callable[..., Path]) -> None:
        path = write(("depth = 3", "depth = 3\n[variants.x]\ndepth = 2"), ("depth = 1", "init_std = 1"))
        with pytest.raises(ConfigError, match="depth cannot be overridden"):
            apply_overrides(load_experiment(path), {"depth": 2})


class TestVariant:
    def test_selects(self) -> None:
        assert list(expand(overridden("illustration", variant="y1-30,y1-3"))) == ["y1-3", "y1-30"]
        assert list(expand(overridden("blog", variant="l4"))) == ["l4"]

    def test_unknown(self) -> None:
        with pytest.raises(ConfigError, match=r"no variant 'y1-33'; did you mean 'y1-3'\?"):
            overridden("illustration", variant="y1-33")


class TestHyperparameters:
    def test_go_to_the_curves_whose_optimiser_takes_them(self) -> None:
        changed = expand(overridden("blog", rho="0.5"))["l4"]
        assert {trial.curve: dict(trial.hyper).get("rho") for trial in changed} == {
            "gd-depth-2": None,
            "gd-depth-1": None,
            "adagrad": None,
            "adadelta": 0.5,
        }

    def test_with_the_optimiser_that_takes_them(self) -> None:
        changed = trials(overridden("fig3", optimizer="momentum", momentum="0.5"))
        assert {(trial.optimizer, trial.hyper) for trial in changed} == {("momentum", (("momentum", 0.5),))}

    def test_that_nobody_takes(self) -> None:
        with pytest.raises(ConfigError, match="no optimizer of fig3 has the hyperparameter 'beta1'"):
            overridden("fig3", beta1="0.5")


class TestSmoke:
    def test_is_under_the_other_overrides(self) -> None:
        changed = trials(overridden("fig3", smoke=True, iterations="50"))
        assert {(trial.iterations, trial.dataset) for trial in changed} == {(50, "simulated")}

    def test_without_a_table_of_its_own(self, own: Experiment) -> None:
        changed = trials(apply_overrides(own, {"smoke": True}))
        assert {(trial.iterations, trial.dataset) for trial in changed} == {(200, "simulated")}

    def test_off_changes_nothing(self) -> None:
        assert expand(overridden("fig3", smoke=False)) == expand(load_experiment("fig3"))


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"itertions": "3"}, ["unknown key 'itertions'", "did you mean 'iterations'?"]),
        ({"iterations": "many"}, ["iterations = 'many'", "integer"]),
        ({"iterations": "1.5"}, ["iterations = '1.5'"]),
        ({"iterations": "-1"}, ["iterations = '-1'"]),
        ({"iterations": ""}, ["iterations = ''"]),
        ({"seeds": "0"}, ["seeds = '0'"]),
        ({"lr": "0"}, ["lr = '0'"]),
        ({"lr": "nan"}, ["lr = 'nan'"]),
        ({"lr": "1e-3,fast"}, ["lr = '1e-3,fast'"]),
        ({"lr": ""}, ["lr = ''", "empty grid"]),
        ({"lr": "1e999"}, ["lr = '1e999'"]),
        ({"lr": "1e-4:1e-2"}, ["lr = '1e-4:1e-2'", "from:to:count"]),
        ({"lr": "1e-4:1e-3:3,1e-3"}, ["holds 0.001 twice"]),
        ({"depth": "0"}, ["depth = '0'"]),
        ({"depth": "2.5"}, ["depth = '2.5'"]),
        ({"depth": ""}, ["depth is empty"]),
        ({"loss": "l3"}, ["loss = 'l3'"]),
        ({"loss": "hubert"}, ["loss = 'hubert'", "huber0.5", "logistic"]),
        ({"width": "-1"}, ["width = '-1'"]),
        ({"dtype": "float16"}, ["dtype = 'float16'", "float32, float64"]),
        ({"optimizer": "adm"}, ["unknown optimizer 'adm'", "did you mean 'adam'?"]),
        ({"init": "zero"}, ["unknown init 'zero'", "near-zero"]),
        ({"dataset": "methanol"}, ["unknown dataset 'methanol'", "did you mean 'ethanol'?"]),
        ({"dataset": "missing.csv"}, ["'missing.csv'", "No such file"]),
        ({"preprocessing": "pca"}, ["unknown preprocessing 'pca'"]),
        ({"smoke": "yes"}, ["use --smoke"]),
    ],
    ids=str,
)
def test_refused_in_one_line(overrides: dict[str, str], said: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        overridden("fig3", **overrides)
    message = str(caught.value)
    assert message.startswith("command line")
    assert "\n" not in message
    for words in said:
        assert words in message


def test_overrides_that_make_curves_equal_leave_fewer_trials() -> None:
    """Figure 2 has every curve at width 1 and at 100: with one width, half of them are the other half."""
    for own, again in map(once, expand(overridden("fig2", width="5")).values()):
        assert {trial.curve.replace("width-100", "width-1") for trial in again} == {trial.curve for trial in own}
        assert {trial.trial_id for trial in again} == {trial.trial_id for trial in own}


def test_width_list_that_does_not_fit() -> None:
    with pytest.raises(ConfigError, match="1 entry, but depth 1 has 0 hidden layers"):
        overridden("fig3", width=[5])


def test_groups_take_none_and_theory_ignores_them() -> None:
    with pytest.raises(ConfigError, match="override its members"):
        overridden("fig4", iterations=3)
    assert overridden("fig1", iterations=3) == load_experiment("fig1")


def test_the_original_is_untouched() -> None:
    experiment = load_experiment("fig3")
    apply_overrides(experiment, {"lr": 1, "loss": "l6", "depth": 9, "seeds": 2})
    assert experiment == load_experiment("fig3")


def test_every_key_has_help() -> None:
    assert set(override_help()) == {*all_keys(), "variant", "smoke"}
    assert all(override_help().values())


def test_assignments() -> None:
    assert parse_assignments(["lr=1e-3", "dataset=two-points:y1=3,y2=1"]) == {
        "lr": "1e-3",
        "dataset": "two-points:y1=3,y2=1",
    }


@pytest.mark.parametrize("wrong", [["lr"], ["=3"], ["lr="], ["lr=1", "lr=2"]])
def test_wrong_assignments(wrong: list[str]) -> None:
    with pytest.raises(ConfigError, match="--set"):
        parse_assignments(wrong)
