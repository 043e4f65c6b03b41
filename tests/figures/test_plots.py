"""The figures, looked at through their artists: what is drawn where, what is said, and that nothing collides."""

import subprocess
import sys
from dataclasses import replace

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from support.figure_checks import assert_tidy, line, marked, texts
from support.synthetic_runs import OPTIMUM, START, Curve, Trial, exponential, make_run

from overparam_cli.errors import ConfigError, LogError, StorageError
from overparam_cli.figures import plots
from overparam_cli.figures.panels import Line, band, extent_of, panels_of
from overparam_cli.figures.plots import drawing
from overparam_cli.figures.style import save, styled
from overparam_cli.results import schema, store
from overparam_cli.results.run import Run
from overparam_cli.words import format_rate


@pytest.fixture(autouse=True)
def _style():
    with styled():
        yield


def spread(rate, seeds, **kinds):
    """`seeds` trials whose rates are one, two, … times `rate`."""
    return [Trial(exponential(rate * (seed + 1)), **kinds) for seed in range(seeds)]


def two_depths(variant="l4", seeds=3, **settings):
    """Depth 1 wins with 1e-3; depth 2 with 1e-3, the highest rate, one more with which every seed diverged."""
    one = {1e-4: spread(1e-4, seeds), 1e-3: spread(1e-3, seeds), 1e-2: spread(1e-3, seeds, diverged_at=40)}
    two = {1e-4: spread(2e-4, seeds), 1e-3: spread(2e-3, seeds, norm=lambda t: 1 + t / 100)}
    curves = {"depth-1": Curve(one, label="1 layer"), "depth-2": Curve(two, depth=2, label="2 layers")}
    return make_run(curves, variant=variant, **settings)


def test_lines_are_medians_and_areas_the_full_range():
    (axes,) = drawing(panels_of([two_depths()])).axes
    drawn = line(axes, "1 layer (lr 1e-3)")
    t = np.arange(0, 1001, 10)
    np.testing.assert_array_equal(drawn.get_xdata(), t)
    np.testing.assert_allclose(
        drawn.get_ydata(), 10.0 ** (-2e-3 * t), rtol=1e-12
    )  # the middle of one, two, three times
    corners = axes.collections[0].get_paths()[0].vertices
    at_end = sorted(set(np.round(np.log10(corners[corners[:, 0] == 1000][:, 1]), 9)))
    assert at_end == [-3.0, -1.0]


def test_axes_are_the_papers():
    left, right = drawing(panels_of([two_depths("l4"), two_depths("l2")])).axes
    assert "ell_{2}" in left.get_ylabel()  # ℓ2 stands left although it came second
    assert "ell_{4}" in right.get_ylabel()
    for axes in (left, right):
        assert (axes.get_yscale(), axes.get_xscale(), axes.get_xlabel()) == ("log", "linear", "iteration")
        assert "distance from optimum" in axes.get_ylabel()
        assert axes.get_xlim() == (0, 1000)


def test_runs_of_several_experiments_stand_side_by_side_as_given():
    figure = drawing(panels_of([two_depths("l4", experiment="right"), two_depths("l2", experiment="left")]))
    assert ["ell_{4}" in axes.get_ylabel() for axes in figure.axes] == [True, False]


def test_the_legend_names_every_curve_with_its_rate_and_the_edge_of_the_grid_is_marked_and_explained():
    figure = drawing(panels_of([two_depths()]))
    entries = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert entries == ["1 layer (lr 1e-3)", "2 layers (lr 1e-3†)"]
    assert "† at the edge of the learning-rate grid" in figure.get_supxlabel()


def test_a_rate_fixed_for_all_curves_is_said_once():
    curves = {name: Curve({1e-3: spread(1e-3, 1)}, label=name) for name in ("A", "B")}
    legend = drawing(panels_of([make_run(curves)])).axes[0].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["A", "B"]
    assert legend.get_title().get_text() == "learning rate 1e-3"


def test_the_data_set_the_seeds_and_nothing_else_are_said_of_a_full_run_on_the_papers_data():
    said = texts(drawing(panels_of([two_depths()])))
    assert "ethanol data · n = 2,565, d = 128 · 3 seeds: median and range" in said
    assert "not the paper" not in said
    assert " of 1" not in said


def test_of_many_seeds_a_band_leaves_out_a_tenth_at_each_end_and_says_so():
    seeds = [Trial(exponential(rate)) for rate in np.linspace(1e-3, 3e-3, 21)]
    lost = [Trial(exponential(1e-3), 500) for _ in seeds]
    run = make_run({"a": Curve({1e-3: seeds, 1e-2: lost}), "b": Curve({1e-3: [*seeds[:10], *lost[:11]]})})
    panel = panels_of([run])[0]
    drawn = band([Line.of(trial, 1000) for trial in panel.shown("a").values()])
    ends = sorted(10.0 ** (-rate * 1000) for rate in np.linspace(1e-3, 3e-3, 21))
    assert (drawn.low[-1], drawn.median[-1], drawn.high[-1]) == pytest.approx((ends[2], ends[10], ends[18]))
    figure = drawing([panel])
    assert "21 seeds: median and 10–90 %" in texts(figure)
    assert "of many seeds 10 are marked or drawn singly" in figure.get_supxlabel()
    assert len([line for line in figure.axes[0].lines if line.get_gid() == "diverged"]) == 10


def test_a_band_of_many_seeds_is_infinite_where_more_than_a_tenth_have_diverged():
    values = np.full((20, 2), 1.0)
    values[:2, 0] = values[:3, 1] = np.inf
    low, high = extent_of(values)
    assert low.tolist() == [1, 1]
    assert high.tolist() == [1, np.inf]
    few = extent_of(values[:19])
    assert [end.tolist() for end in few] == [[1, 1], [np.inf, np.inf]]


@pytest.mark.parametrize("stem", ["figure", "learning-rates", "norms"])
def test_embedded_data_and_short_runs_say_so_on_every_panel_of_every_figure(stem):
    short = {"dataset": "simulated", "embedded": True, "full_length": False, "full_iterations": 1_000_000}
    figure = drawing(panels_of([two_depths("l2", **short), two_depths("l4", **short)]), stem)
    top = figure.axes[:2]
    assert [axes.get_title(loc="left") for axes in top] == ["simulated data — not the paper’s"] * 2
    for axes in top:
        (label,) = [text.get_text() for text in axes.texts if text.get_gid() == "data"]
        assert "1,000 of 1,000,000 iterations" in label


def test_a_curve_that_diverges_at_every_rate_is_drawn_to_where_it_does():
    lost = {1e-3: spread(0, 2, diverged_at=400), 1e-2: spread(0, 2, diverged_at=40)}
    figure = drawing(panels_of([make_run({"a": Curve(lost, label="A"), "b": Curve({1e-3: spread(1e-3, 2)})})]))
    (axes,) = figure.axes
    crosses = marked(axes, "diverged")
    assert [(cross.get_xdata()[0], cross.get_ydata()[0]) for cross in crosses] == [(400, START)] * 2
    assert line(axes, "A (lr 1e-3, every rate diverged)").get_xdata()[-1] == 400
    assert "× diverged" in figure.get_supxlabel()


def test_the_last_values_of_a_diverging_trial_do_not_set_the_scale():
    def explode(t):
        return np.where(t < 300, 1.0, 1e60)

    run = make_run({"a": Curve({1e-3: [Trial(explode, diverged_at=400)]}), "b": Curve({1e-3: spread(1e-3, 1)})})
    (axes,) = drawing(panels_of([run])).axes
    assert axes.get_ylim()[1] < 5
    (cross,) = marked(axes, "diverged")
    assert cross.get_ydata()[0] == axes.get_ylim()[1]  # at the edge, for all to see


def test_the_median_counts_a_diverged_seed_as_infinite_and_the_others_go_on():
    trials = [Trial(exponential(1e-3)), Trial(exponential(2e-3)), Trial(exponential(3e-3), diverged_at=500)]
    (axes,) = drawing(panels_of([make_run({"a": Curve({1e-3: trials}, label="A")})])).axes
    drawn = line(axes, "A (diverged)")
    at = dict(zip(drawn.get_xdata(), drawn.get_ydata(), strict=True))
    assert at[500] == pytest.approx(10**-1.0)
    assert at[1000] == pytest.approx(10**-1.0)  # 1e-3 is now the middle of 2e-3, 1e-3, infinity
    assert at[510] == pytest.approx(10**-0.51)


def test_gaps_at_and_below_zero_are_drawn_at_the_precision_of_the_optimum():
    def overshoot(t):
        return np.where(t < 500, 10.0 ** (-t / 100), -3e-9)

    figure = drawing(panels_of([make_run({"a": Curve({1e-3: [Trial(overshoot)]})})]))
    (axes,) = figure.axes
    values = line(axes, "a").get_ydata()
    assert values.min() == pytest.approx(3e-9)
    assert np.all(values > 0)
    assert axes.get_yscale() == "log"
    (precision,) = marked(axes, "precision")
    assert precision.get_ydata()[0] == pytest.approx(3e-9)
    assert "precision of the optimum" in figure.get_supxlabel()


def test_band_interpolates_seeds_that_were_logged_at_other_iterations():
    one = {"iteration": [0, 10, 20], "gap": [1.0, 1e-2, 1e-4]}
    other = {"iteration": [0, 5, 20], "gap": [1.0, 1e-1, 1e-4]}
    found = band([make_line(one), make_line(other)])
    np.testing.assert_array_equal(found.iterations, [0, 5, 10, 20])
    np.testing.assert_allclose(found.low, [1, 1e-1, 1e-2, 1e-4])
    np.testing.assert_allclose(found.high, [1, 1e-1, 1e-2, 1e-4])


def test_where_measurements_are_wanted_a_band_has_the_points_that_all_seeds_have():
    """A seed that diverged counts as infinite behind its last point, and takes no point from the others."""
    every = make_line({"iteration": [0, 5, 10, 15, 20], "gap": [1.0, 0.9, 1e-2, 1e-3, 1e-4]})
    seldom = make_line({"iteration": [0, 10, 20], "gap": [1.0, 1e-1, 1e-3]})
    lost = replace(make_line({"iteration": [0], "gap": [1.0]}), stopped=True)
    found = band([every, seldom], measured=True)
    np.testing.assert_array_equal(found.iterations, [0, 10, 20])
    np.testing.assert_allclose(found.low, [1, 1e-2, 1e-4])
    np.testing.assert_allclose(found.high, [1, 1e-1, 1e-3])
    np.testing.assert_allclose(band([every, seldom, lost], measured=True).high, [1, np.inf, np.inf])
    going = replace(make_line({"iteration": [0, 10], "gap": [1.0, 0.5]}), going=True)
    np.testing.assert_allclose(band([every, going], measured=True).high, [1, 0.5, np.nan, np.nan])
    short = make_line({"iteration": [0, 10], "gap": [1.0, 0.5]})
    np.testing.assert_array_equal(band([every, short], measured=True).iterations, [0, 10])
    never = make_line({"iteration": [], "gap": []})
    assert not band([every, never], measured=True).iterations.size


def make_line(columns):
    return Line(np.array(columns["iteration"], dtype=float), np.array(columns["gap"]))


def test_a_partial_run_keeps_the_looks_of_the_experiment_file():
    whole = panels_of([two_depths()])[0]
    run = two_depths()
    run = Run(run.folder, run.manifest, run.trials[run.trials["curve"] == "depth-2"], run.log)
    (partial,) = panels_of([run])
    assert list(partial.labels) == ["depth-2"]
    assert partial.looks["depth-2"] == whole.looks["depth-2"]


def test_a_network_lies_pale_and_broad_beneath_the_rule_of_its_colour():
    def hint(linestyle):
        return {"color": 2, "linestyle": linestyle}

    curves = {
        "net": Curve({1e-3: spread(1e-3, 1)}, depth=2, hints=hint("solid")),
        "rule": Curve({1e-3: spread(1e-3, 1)}, depth=2, hints=hint("dashed")),
    }
    (axes,) = drawing(panels_of([make_run(curves)])).axes
    net, rule = line(axes, "net"), line(axes, "rule")
    assert net.get_zorder() < rule.get_zorder()
    assert net.get_linewidth() > 2 * rule.get_linewidth()
    assert sum(to_rgb(net.get_color())) > sum(to_rgb(rule.get_color()))


def test_learning_rates_shows_final_gaps_rings_the_chosen_and_crosses_the_diverged():
    (axes,) = drawing(panels_of([two_depths()]), "learning-rates").axes
    drawn = line(axes, "1 layer")
    np.testing.assert_allclose(drawn.get_xdata(), [1e-4, 1e-3])  # 1e-2 diverged
    np.testing.assert_allclose(drawn.get_ydata(), [10**-0.2, 10**-2.0])
    assert [ring.get_xdata()[0] for ring in marked(axes, "chosen")] == [1e-3, 1e-3]
    assert [cross.get_xdata()[0] for cross in marked(axes, "diverged")] == [1e-2]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    entries = [text.get_text() for text in axes.get_legend().get_texts()]
    assert entries == ["1 layer", "2 layers", "chosen", "diverged"]


def test_crosses_stand_above_all_gaps_and_say_how_many_seeds():
    trials = {1e-4: spread(1e-4, 3), 1e-3: [*spread(1e-3, 2), Trial(exponential(1e-3), diverged_at=900)]}
    figure = drawing(panels_of([make_run({"a": Curve(trials)})]), "learning-rates")
    (axes,) = figure.axes
    assert "1/3" in [text.get_text() for text in axes.texts]
    assert "k of n seeds diverged" in figure.get_supxlabel()
    (cross,) = marked(axes, "diverged")
    height = axes.transData.inverted().transform(axes.transAxes.transform((0, cross.get_ydata()[0])))[1]
    assert height > 10**-0.1  # the largest final gap


def test_norms_draws_the_effective_step_of_equation_12():
    top, bottom = drawing(panels_of([two_depths()]), "norms").axes
    t = np.arange(0, 1001, 10)
    np.testing.assert_allclose(line(top, "2 layers (lr 1e-3†)").get_ydata(), 1 + t / 100)
    np.testing.assert_allclose(line(bottom, "2 layers (lr 1e-3†)").get_ydata(), 1e-3 * (1 + t / 100))  # 2 − 2/2 = 1
    np.testing.assert_allclose(line(bottom, "1 layer (lr 1e-3)").get_ydata(), 1e-3)


def test_norms_shows_late_divergence_and_leaves_early_divergence_out():
    late = [Trial(exponential(5e-3), diverged_at=800), Trial(exponential(5e-3))]
    trials = {1e-3: spread(1e-3, 2), 5e-3: late, 1e-2: spread(1e-3, 2, diverged_at=20)}
    top, _ = drawing(panels_of([make_run({"a": Curve(trials, label="A")})]), "norms").axes
    assert [cross.get_xdata()[0] for cross in marked(top, "diverged")] == [800]
    assert line(top, "A (lr 5e-3, diverged)").get_xdata()[-1] == 800


def test_the_effective_step_of_other_optimisers_is_not_made_up():
    run = make_run({"a": Curve({1e-3: spread(1e-3, 1)}, optimizer="adam")})
    _, bottom = drawing(panels_of([run]), "norms").axes
    assert "gradient descent only" in [text.get_text() for text in bottom.texts]
    assert not [values for drawn in bottom.lines for values in drawn.get_ydata()]


def test_stability_draws_sharpness_against_2_over_lr():
    trials = {1e-3: spread(1e-3, 1, sharpness=lambda t: 100.0 + t)}
    gap, step, sharpness = drawing(panels_of([make_run({"a": Curve(trials)})]), "stability").axes
    np.testing.assert_allclose(line(sharpness, "a (lr 1e-3)").get_ydata(), 100.0 + np.arange(0, 1001, 10))
    (threshold,) = marked(sharpness, "threshold")
    assert threshold.get_ydata()[0] == 2000
    assert sharpness.get_ylim()[1] > 2000
    assert gap.get_xlim() == step.get_xlim() == sharpness.get_xlim()


def cases():
    """Runs of every shape that the figures must stand."""
    long = "a network with a rather long name, identity init"
    many = {f"c{n}": Curve({1e-3: spread(1e-4 * n, 1)}, label=f"{long} {n}") for n in range(1, 7)}
    short = {"dataset": "simulated", "embedded": True, "full_iterations": 1_000_000}
    stuck = {f"c{n}": Curve({1e-3: spread(0, 1), 1e-2: spread(1e-9, 1)}, label=f"curve {n}") for n in range(1, 5)}
    return {
        "one panel": [two_depths()],
        "embedded, short": [two_depths("l2", **short), two_depths("l4", **short)],
        "six long names": [make_run(many, variant="l2"), make_run(many, variant="l4")],
        "stuck at the top": [make_run(stuck)],
    }


@pytest.mark.parametrize("stem", ["figure", "learning-rates", "norms"])
@pytest.mark.parametrize("runs", cases().values(), ids=cases().keys())
def test_nothing_leaves_the_figure_no_texts_overlap_and_no_legend_covers_a_curve(stem, runs):
    assert_tidy(drawing(panels_of(runs), stem))


def test_draw_writes_every_figure_that_the_logs_support(tmp_path):
    written = plots.draw([two_depths("l2"), two_depths("l4")], tmp_path / "fig3", formats=["png", "svg"])
    names = {path.name for path in written}
    assert names == {f"{stem}.{form}" for stem in ("figure", "learning-rates", "norms") for form in ("png", "svg")}
    assert {path.name for path in (tmp_path / "fig3").iterdir()} == names  # and no temporary file


def test_draw_adds_stability_where_sharpness_was_measured_and_leaves_out_the_grid_where_there_is_none(tmp_path):
    run = make_run({"a": Curve({1e-3: spread(1e-3, 1, sharpness=lambda t: 1.0 + t)})})
    assert {path.stem for path in plots.draw([run], tmp_path, ["svg"])} == {"figure", "norms", "stability"}


def test_the_same_logs_give_the_same_bytes(tmp_path):
    first = plots.draw([two_depths()], tmp_path / "a", stems=["figure"])
    second = plots.draw([two_depths()], tmp_path / "b", stems=["figure"])
    assert [path.suffix for path in first] == [".png", ".pdf", ".svg"]
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_a_pdf_keeps_its_text_as_truetype_and_no_file_holds_a_date(tmp_path):
    _, pdf, svg = plots.draw([two_depths()], tmp_path, stems=["figure"])
    assert b"/FontFile2" in pdf.read_bytes()
    assert b"/Type3" not in pdf.read_bytes()
    assert b"CreationDate" not in pdf.read_bytes()
    assert b"dc:date" not in svg.read_bytes()


def test_drawing_leaves_matplotlibs_settings_alone(tmp_path):
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        before = dict(matplotlib.rcParams)
        plots.draw([two_depths()], tmp_path, ["svg"], ["norms"])
        assert dict(matplotlib.rcParams) == before


def test_drawing_needs_neither_torch_nor_pyplot():
    code = (
        "import sys, overparam_cli.figures.plots, overparam_cli.report.summary; "
        "print('torch' in sys.modules, 'matplotlib.pyplot' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert answer.stdout.split() == ["False", "False"]


def test_what_cannot_be_drawn_is_refused_in_one_line(tmp_path):
    run = two_depths()
    with pytest.raises(ConfigError, match="png, pdf, svg"):
        plots.draw([run], tmp_path, ["gif"])
    with pytest.raises(ConfigError, match="figure, figure-log-x, learning-rates"):
        plots.draw([run], tmp_path, ["png"], ["pie"])
    with pytest.raises(LogError, match="nothing to draw"):
        plots.draw([Run(run.folder, run.manifest, run.trials.head(0), run.log.head(0))], tmp_path)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="cannot write"):
        save(drawing(panels_of([run])), tmp_path / "file" / "figure", ["svg"])


@pytest.mark.parametrize(
    ("lr", "text"), [(1e-5, "1e-5"), (5e-4, "5e-4"), (0.5, "5e-1"), (1.0, "1"), (3.25e-3, "3.25e-3")]
)
def test_rates_are_written_as_they_are_typed(lr, text):
    assert format_rate(lr) == text
    assert float(text) == lr


def test_synthetic_runs_have_the_schema_of_real_ones(tmp_path):
    """The builder above stands for `read_run`: what it builds must survive being written and read."""
    run = two_depths()
    full = run.trials.assign(
        init_std=0.01, weight_decay=0.0, dtype="float32", best_loss=run.trials["best_gap"] + OPTIMUM
    )
    store.write_table(tmp_path / schema.TRIALS, full)
    store.write_table(tmp_path / schema.LOG, run.log)
    store.write_json(tmp_path / schema.MANIFEST, run.manifest | {"schema": schema.SCHEMA})
    panels = panels_of([Run.read(tmp_path)])
    drawn, direct = (drawing(given).axes[0].lines for given in (panels, panels_of([run])))
    for one, other in zip(drawn, direct, strict=True):
        np.testing.assert_array_equal(one.get_ydata(), other.get_ydata())


def test_a_curve_that_the_manifest_does_not_describe_is_drawn_too():
    run = make_run({"a": Curve({1e-3: spread(1e-3, 1)}), "b": Curve({1e-3: spread(2e-3, 1)})})
    del run.manifest["config"]["curves"][1]
    (panel,) = panels_of([run])
    assert len({look.color for look in panel.looks.values()}) == 2
