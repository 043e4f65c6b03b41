"""The CNN's figures, looked at through their artists."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from support.figure_checks import assert_tidy, line, marked, texts
from support.synthetic_cnn import CnnCurve, CnnTrial, factored, lost, make_cnn_run
from support.synthetic_runs import Curve, Trial, exponential, make_run

from overparam_cli.errors import ConfigError
from overparam_cli.figures import plots
from overparam_cli.figures.looks import ramp
from overparam_cli.figures.panels import panels_of
from overparam_cli.figures.plots import drawing
from overparam_cli.figures.style import styled
from overparam_cli.results.run import Run

STDS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5)


@pytest.fixture(autouse=True)
def _style():
    with styled():
        yield


def seeds(rate, count, **kinds):
    """`count` trials whose rates are one, two, … times `rate`; single batches lie a factor of two above the mean."""
    return [
        CnnTrial(exponential(rate * (seed + 1)), batch=exponential(rate * (seed + 1), start=2.0), **kinds)
        for seed in range(count)
    ]


def two_networks(count=3, **settings):
    """The factored network four times as fast as the original."""
    original = CnnCurve({1e-2: seeds(1e-3, count)}, label="original")
    return make_cnn_run(
        {"original": original, "factored": factored({1e-2: seeds(4e-3, count)}, label="factored")}, **settings
    )


def grid(**settings):
    """The original is best with 1e-3, in the middle; the factored with 1e-2; it diverges with 1e-1."""
    away = [lost(trial, 40) for trial in seeds(1e-3, 3)]
    one = {1e-4: seeds(1e-4, 3), 1e-3: seeds(1e-3, 3), 1e-2: seeds(5e-4, 3)}
    two = {1e-3: seeds(1e-3, 3), 1e-2: seeds(2e-3, 3), 1e-1: away}
    return make_cnn_run({"original": CnnCurve(one), "factored": factored(two)}, experiment="cnn-lr", **settings)


def initialisations(**settings):
    curves = {"original": CnnCurve({1e-2: seeds(1e-3, 2)}, label="original")}
    curves |= {f"std-{s:g}": factored({1e-2: seeds(2e-3, 2)}, s, label=f"factored, std {s:g}") for s in STDS}
    return make_cnn_run(curves, experiment="cnn-init", **settings)


def test_lines_are_the_means_of_a_hundred_steps_from_where_there_are_so_many():
    run = two_networks(every=9)
    cross_entropy, total = drawing(panels_of([run])).axes
    drawn = line(cross_entropy, "original")
    t = np.unique([*range(0, 1000, 9), *range(0, 1000, 100), 1000])
    t = t[t >= 99]
    np.testing.assert_array_equal(drawn.get_xdata(), t)
    np.testing.assert_allclose(drawn.get_ydata(), 10.0 ** (-2e-3 * t), rtol=1e-12)  # the median of one, two, three
    np.testing.assert_allclose(line(total, "original").get_ydata(), 2 * 10.0 ** (-2e-3 * t), rtol=1e-12)
    corners = cross_entropy.collections[0].get_paths()[0].vertices
    assert sorted(set(np.round(np.log10(corners[corners[:, 0] == 1000][:, 1]), 9))) == [-3.0, -1.0]


def test_single_batches_of_the_first_seed_lie_pale_behind():
    figure = drawing(panels_of([two_networks()]))
    for axes, factor in zip(figure.axes, (2, 4), strict=True):
        original, _ = marked(axes, "batches")
        np.testing.assert_allclose(original.get_ydata(), factor * 10.0 ** (-1e-3 * np.arange(0, 1001, 10)))
        front = line(axes, "original")
        assert original.get_zorder() < front.get_zorder()
        assert original.get_alpha() < 0.5
        assert original.get_linewidth() < front.get_linewidth()
    assert "mean of the last 100 training batches; pale: single ones (seed 0)" in figure.get_supxlabel()


def test_axes_say_which_loss_and_the_legend_the_base_rate():
    figure = drawing(panels_of([two_networks()]))
    assert [axes.get_ylabel() for axes in figure.axes] == ["batch loss: cross-entropy", "batch loss: with weight decay"]
    for axes in figure.axes:
        assert (axes.get_yscale(), axes.get_xscale(), axes.get_xlabel()) == ("log", "linear", "iteration")
        assert axes.get_xlim() == (0, 1000)
        legend = axes.get_legend()
        assert [text.get_text() for text in legend.get_texts()] == ["original", "factored"]
        assert legend.get_title().get_text() == "base learning rate 1e-2"
    assert "mnist data · n = 55,000, d = 784, k = 10" in texts(figure)


def test_rates_that_differ_are_named_by_curve_and_the_edge_is_marked():
    axes = drawing(panels_of([grid()])).axes[0]
    entries = [text.get_text() for text in axes.get_legend().get_texts()]
    assert entries == ["original (lr 1e-3)", "factored (lr 1e-2)"]
    figure = drawing(panels_of([make_cnn_run({"a": CnnCurve({1e-3: seeds(1e-3, 1), 1e-2: seeds(2e-3, 1)})})]))
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == ["a (lr 1e-2†)"]
    assert "† at the edge" in figure.get_supxlabel()


def test_late_divergence_is_marked_where_the_mean_ends_and_early_where_the_batches_do():
    late, early = (lost(trial, at) for trial, at in zip(seeds(1e-3, 2), (501, 41), strict=True))
    run = make_cnn_run({"a": CnnCurve({1e-2: [late, early]}, label="A"), "b": CnnCurve({1e-2: seeds(1e-3, 2)})})
    figure = drawing(panels_of([run]))
    crosses = {mark.get_xdata()[0]: mark.get_ydata()[0] for mark in marked(figure.axes[0], "diverged")}
    assert crosses == {500: pytest.approx(10**-0.5), 40: pytest.approx(2 * 10**-0.08)}
    assert "× diverged" in figure.get_supxlabel()
    assert line(figure.axes[0], "A (diverged)").get_xdata().size == 0  # half of two seeds are gone from the start


def test_the_last_values_of_a_diverging_trial_do_not_set_the_scale():
    explode = CnnTrial(lambda t: np.where(t < 300, 1.0, 1e60), diverged_at=401)
    run = make_cnn_run({"a": CnnCurve({1e-2: [explode]}), "b": CnnCurve({1e-2: seeds(1e-3, 1)})})
    axes = drawing(panels_of([run])).axes[0]
    assert axes.get_ylim()[1] < 10
    assert marked(axes, "diverged")[0].get_ydata()[0] == axes.get_ylim()[1]


@pytest.mark.parametrize(
    ("readings", "note"),
    [
        (("factors", "factors"), "weight decay falls on each factor"),
        (("factors", "product"), "weight decay falls on the layers' products"),  # the original has no factors
        (("factors", "original"), "weight decay falls on the original names, the first factors"),
    ],
)
def test_the_foot_says_what_weight_decay_falls_on(readings: tuple[str, str], note: str) -> None:
    run = two_networks()
    said = dict(zip(run.curves, readings, strict=True))
    run.trials["settings"] = [f"batch=64 decay_on={said[curve]}" for curve in run.trials["curve"]]
    assert note in " ".join(drawing(panels_of([run])).get_supxlabel().split())
    run.trials["depth"] = 2
    both = " ".join(drawing(panels_of([run])).get_supxlabel().split())
    assert ("weight decay" in both) == (len(set(readings)) == 1)


def test_a_run_too_short_for_means_shows_its_single_batches():
    figure = drawing(panels_of([two_networks(iterations=40, every=1)]))
    original, _ = marked(figure.axes[0], "batches")
    assert original.get_alpha() is None
    np.testing.assert_array_equal(line(figure.axes[0], "original").get_xdata(), [40])
    assert "too few for means of 100" in figure.get_supxlabel()


def test_initialisations_are_a_family_from_dark_to_light_beside_the_baseline():
    (panel,) = panels_of([initialisations()])
    colors = [panel.looks[f"std-{std:g}"].color for std in STDS]
    grey = [float(np.dot(to_rgb(color), [0.299, 0.587, 0.114])) for color in colors]
    assert grey == sorted(grey)
    assert len(set(colors)) == len(STDS)
    assert panel.looks["original"].color == "#000000"
    assert len({look.marker for look in panel.looks.values()}) == 1 + len(STDS)
    figure = drawing([panel])
    assert not marked(figure.axes[0], "batches")  # seven curves' would hide each other
    assert "pale" not in figure.get_supxlabel()


def test_a_part_of_the_family_keeps_its_colours():
    whole, run = panels_of([initialisations()])[0], initialisations()
    kept = run.trials[run.trials["curve"].isin(["original", "std-0.1"])]
    (part,) = panels_of([Run(run.folder, run.manifest, kept, run.log)])
    assert part.looks == {curve: whole.looks[curve] for curve in ("original", "std-0.1")}


@pytest.mark.parametrize("color", [None, 2])
def test_curves_with_one_std_or_with_colours_are_no_family(color):
    curves = {f"c{n}": factored({1e-2: seeds(1e-3, 1)}, 0.1 if color is None else 0.1 * n) for n in range(1, 5)}
    run = make_cnn_run(curves)
    for curve in run.manifest["config"]["curves"]:
        curve["color"] = color
    ordered = [ramp(place, 4).color for place in range(4)]
    assert not {look.color for look in panels_of([run])[0].looks.values()} & set(ordered)


def test_errors_are_drawn_where_they_were_evaluated():
    validation, test = drawing(panels_of([two_networks(every=9)]), "errors").axes
    t = np.arange(0, 1001, 100)
    np.testing.assert_array_equal(line(test, "original").get_xdata(), t)
    np.testing.assert_allclose(line(test, "original").get_ydata(), 90 * 10 ** (-t / 1000))
    np.testing.assert_allclose(line(validation, "factored").get_ydata(), 45 * 10 ** (-t / 1000))
    assert (validation.get_ylabel(), test.get_ylabel()) == ("validation error (%)", "test error (%)")


def test_an_error_of_nothing_is_drawn_at_the_foot_of_the_axis():
    perfect = replace(seeds(1e-3, 1)[0], error=lambda t: np.where(t < 500, 10.0, 0.0))
    (_, test) = drawing(panels_of([make_cnn_run({"a": CnnCurve({1e-2: [perfect]})})]), "errors").axes
    assert line(test, "a").get_ydata().min() == pytest.approx(0.01)


def test_learning_rates_shows_final_cross_entropies():
    (axes,) = drawing(panels_of([grid()]), "learning-rates").axes
    drawn = line(axes, "factored")
    np.testing.assert_allclose(drawn.get_xdata(), [1e-3, 1e-2])  # 1e-1 diverged
    np.testing.assert_allclose(drawn.get_ydata(), [10**-2.0, 10**-4.0])  # twice 1e-3 and 2e-3, after 1000
    assert [ring.get_xdata()[0] for ring in marked(axes, "chosen")] == [1e-3, 1e-2]
    assert [cross.get_xdata()[0] for cross in marked(axes, "diverged")] == [1e-1]
    assert axes.get_xlabel() == "base learning rate"
    assert axes.get_ylabel() == "final cross-entropy, 100-step mean"


def test_draw_writes_what_the_cnn_has_and_nothing_of_linear_theory(tmp_path):
    assert {path.stem for path in plots.draw([two_networks()], tmp_path / "a", ["svg"])} == {"figure", "errors"}
    found = {path.stem for path in plots.draw([grid()], tmp_path / "b", ["svg"])}
    assert found == {"figure", "errors", "learning-rates"}
    with pytest.raises(ConfigError, match="unknown figure 'norms'"):
        plots.draw([grid()], tmp_path / "c", ["svg"], ["norms"])


def test_without_errors_in_the_log_there_is_no_figure_of_them(tmp_path):
    run = two_networks()
    bare = Run(run.folder, run.manifest, run.trials, run.log.drop(columns=["validation_error", "test_error"]))
    assert {path.stem for path in plots.draw([bare], tmp_path, ["svg"])} == {"figure"}


def test_both_halves_of_figure_5_stand_side_by_side(tmp_path):
    linear = make_run({"a": Curve({1e-3: [Trial(exponential(1e-3))]})}, experiment="fig5-left")
    figure = drawing(panels_of([linear, two_networks()]))
    labels = [axes.get_ylabel() for axes in figure.axes]
    assert "distance from optimum" in labels[0]
    assert labels[1:] == ["batch loss: cross-entropy", "batch loss: with weight decay"]
    assert_tidy(figure)
    assert [path.name for path in plots.draw([linear, two_networks()], tmp_path, ["svg"], ["figure"])] == ["figure.svg"]


@pytest.mark.parametrize("stem", ["figure", "errors", "learning-rates"])
def test_embedded_data_and_short_runs_say_so(stem):
    short = {"dataset": "digits-simulated", "embedded": True, "full_length": False, "full_iterations": 8593}
    figure = drawing(panels_of([grid(**short)]), stem)
    for axes in figure.axes:
        assert axes.get_title(loc="left") == "digits-simulated data — not the paper’s"
        assert any("1,000 of 8,593 iterations" in text.get_text() for text in axes.texts)


@pytest.mark.parametrize("stem", ["figure", "errors", "learning-rates"])
@pytest.mark.parametrize("make", [two_networks, grid, initialisations])
def test_nothing_leaves_the_figure_no_texts_overlap_and_no_legend_covers_a_curve(stem, make):
    assert_tidy(drawing(panels_of([make()]), stem))


def test_a_network_that_blows_up_and_recovers_does_not_set_the_scale():
    wild = CnnTrial(lambda t: np.where(t < 300, 1e20, 2.3))
    run = make_cnn_run({"a": CnnCurve({1e-2: [wild]}), "b": CnnCurve({1e-2: seeds(1e-3, 1)})})
    axes = drawing(panels_of([run])).axes[0]
    assert 2.3 < axes.get_ylim()[1] < 10
