"""A run as an object: read once, its experiment typed, and what it lacks to bear a verdict on the paper."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.claim_logs import falling, write_run
from support.synthetic_cnn import CnnCurve, make_cnn_run
from support.synthetic_cnn import falling as cnn_falling
from support.synthetic_runs import START, Curve, Trial, exponential, make_run

from overparam_cli import paper
from overparam_cli.experiments import available, flatten, from_dict, load_experiment, to_dict
from overparam_cli.results.find import run_folders
from overparam_cli.results.names import found_by_name
from overparam_cli.results.run import Run
from overparam_cli.results.store import plain

CURVES = {"depth-1": Curve(falling([1e-3, 2e-3]), label="1 layer"), "depth-2": Curve(falling([4e-3, 8e-3]), depth=2)}


@pytest.mark.parametrize("name", [summary.name for summary in available()])
def test_an_experiment_comes_back_from_its_manifest_as_it_was(name: str) -> None:
    for experiment in flatten(load_experiment(name)):
        assert from_dict(to_dict(experiment)) == replace(experiment, source=None)


def test_a_manifest_of_another_version_is_read_as_far_as_it_goes() -> None:
    experiment = from_dict({"name": "fig3", "curves": [{"name": "a", "weight": 3}], "plot": {"legend": "no"}, "x": 1})
    assert (experiment.kind, experiment.title, experiment.curves[0].label) == ("linear", "fig3", "a")


def test_a_folder_is_read_once_and_again_when_it_has_changed(tmp_path: Path) -> None:
    folder = write_run(tmp_path, CURVES, "fig3")
    first = Run.read(folder)
    assert Run.read(folder) is first
    write_run(tmp_path, {"depth-1": CURVES["depth-1"]}, "fig3")
    assert list(Run.read(folder).curves) == ["depth-1"]
    assert list(first.curves) == ["depth-1", "depth-2"]


def test_runs_are_found_by_the_name_of_their_folder(tmp_path: Path) -> None:
    for suffix, variant in (("", "l4"), ("", "l2"), ("@quick", "l4")):
        write_run(tmp_path, CURVES, "fig3", variant, suffix=suffix)
    assert [run.variant for run in found_by_name(["fig3"], tmp_path).runs["fig3"]] == ["l2", "l4"]
    found = [folder.relative_to(tmp_path).as_posix() for folder in run_folders(tmp_path)]
    assert found == ["fig3/l2", "fig3/l4", "fig3@quick/l4"]


def test_what_a_run_is_made_of() -> None:
    run = make_run(CURVES)
    assert (run.name, run.variant, run.kind.name, run.seeds) == ("fig3", "l4", "linear", (0, 1))
    assert run.labels == {"depth-1": "1 layer", "depth-2": "depth-2"}
    curve = run.curves["depth-2"]
    assert (curve.depth, curve.optimizer, curve.rates, curve.seeds) == (2, "gd", (1e-3,), (0, 1))
    assert run.level_at_zero == START
    # 10^(−8t/1000) halves after 125·log10(2) = 37.6 iterations, and one in ten is logged
    assert curve.logs(1e-3)[1].reaches(START / 2) == 40


def test_a_network_without_a_certified_optimum_starts_from_the_median_gap() -> None:
    run = make_run({"a": Curve({1e-3: [Trial(exponential(1e-3, start=start)) for start in (1.0, 3.0, 7.0)]})})
    del run.manifest["optimum"]["loss_at_zero"]
    assert run.level_at_zero == 3.0


def test_outcomes_are_the_kinds_own() -> None:
    assert not make_run(CURVES).kind.outcomes
    run = make_cnn_run({"original": CnnCurve(cnn_falling([1e-3]))})
    assert {outcome.column for outcome in run.kind.outcomes} <= {*run.trials}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, ()),
        ({"dataset": "mnist"}, ()),
        ({"dataset": "two-points:y1=10,y2=1", "embedded": True}, ()),  # Section 7's own, although it is embedded
        ({"dataset": "simulated", "embedded": True}, ("simulated data, not the paper's",)),
        ({"full_iterations": 5000, "full_length": False}, ("1,000 of 5,000 iterations",)),
        ({"full_length": False}, ("iterations = 1000",)),
        (
            {"dataset": "simulated", "embedded": True, "full_iterations": 5000},
            ("simulated data, not the paper's", "1,000 of 5,000 iterations"),
        ),
    ],
)
def test_what_a_run_lacks_to_be_the_papers(settings: dict[str, Any], expected: tuple[str, ...]) -> None:
    assert make_run(CURVES, **settings).shortcomings == expected


def test_a_run_of_other_settings_that_names_none_is_not_the_whole_experiment() -> None:
    run = make_run(CURVES, full_length=False)
    assert replace(run, manifest={**run.manifest, "overrides": {}}).shortcomings == ("not the whole experiment",)


def test_seeds_are_finished_when_they_have_every_curve_at_every_rate() -> None:
    curves = {"depth-1": Curve(falling([1e-3] * 3)), "depth-2": Curve(falling([2e-3] * 2))}
    run = make_run(curves)
    assert run.unfinished_seeds == (2,)
    finished = run.only((0, 1))
    assert (finished.seeds, finished.unfinished_seeds) == ((0, 1), ())
    assert set(finished.log["trial_id"]) == set(finished.trials["trial_id"])


def test_the_papers_data_sets_are_those_of_its_experiments() -> None:
    built_in = [experiment for summary in available() for experiment in flatten(load_experiment(summary.name))]
    named = [
        {**experiment.trial, **own} for experiment in built_in for own in (experiment.variants or {"": {}}).values()
    ]
    assert {str(own["dataset"]).partition(":")[0] for own in named if "dataset" in own} == set(paper.DATA_SETS)
    assert not paper.of_the_paper("my-ethanol.csv")


def test_an_object_says_itself_what_it_is_in_json() -> None:
    chosen = make_run(CURVES).curves["depth-1"].choose()
    assert plain({"of": chosen})["of"]["scores"] == {"0.001": pytest.approx((10**-1 + 10**-2) / 2)}
