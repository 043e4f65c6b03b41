"""What is asked of a figure, by `[plot]` or by options: one declaration, the same checks, the same picture."""

import itertools
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.figure_checks import assert_tidy, texts
from support.program import program
from support.synthetic_runs import Curve, Trial, exponential, make_run

from overparam_cli.cli.drawing import OUTFIT
from overparam_cli.cli.main import cli
from overparam_cli.errors import ConfigError
from overparam_cli.experiments import config_hash, from_dict, load_experiment, to_dict
from overparam_cli.experiments.layout import ASKED, PLOT, STYLES
from overparam_cli.figures import style
from overparam_cli.figures.panels import panels_of
from overparam_cli.figures.plots import draw_to, drawing, dressed, outfit_of
from overparam_cli.figures.style import styled

CURVES = {
    "one": Curve({1e-3: [Trial(exponential(2.0 / 1000)), Trial(exponential(3.0 / 1000))]}, label="1 layer"),
    "two": Curve({1e-3: [Trial(exponential(9.0 / 1000)), Trial(exponential(9.5 / 1000))]}, label="2 layers", depth=2),
}
STUDY = """
name = "own"
title = "Own"
kind = "linear"

[trial]
dataset = "simulated"
loss = "l2"
lr = 1e-3
iterations = 40

[variants.l2]
loss = "l2"

[[curves]]
name = "one"
depth = 1

[[curves]]
name = "two"
depth = 2

[plot]
"""
GIVEN: dict[str, tuple[str, str, Any]] = {  # key → its text on the command line, in a file, and its value
    "curves": ("one,two", '["one", "two"]', ("one", "two")),
    "log_x": ("", "true", True),
    "xlim": ("1,40", "[1, 40]", (1.0, 40.0)),
    "ylim": ("1e-6,1", "[1e-6, 1.0]", (1e-6, 1.0)),
    "title": ("My own", '"My own"', "My own"),
    "size": ("3.3x2.5", "[3.3, 2.5]", (3.3, 2.5)),
    "style": ("paper", '"paper"', "paper"),
}
WRONG = {  # key → what is no value of it, as on the command line and in a file
    "curves": ("three", '["three"]'),
    "xlim": ("2,1", "[2, 1]"),
    "ylim": ("a,b", '["a", "b"]'),
    "size": ("0.1,3", "[0.1, 3]"),
    "style": ("papr", '"papr"'),
}


def asked(**looks: Any) -> Any:
    """The figure of two curves, of which so much is asked."""
    runs = dressed([make_run(CURVES, iterations=1000)], looks)
    with styled(looks.get("style", "screen")):
        return drawing(panels_of(runs), "figure", outfit_of(runs))


@pytest.fixture
def study(tmp_path: Path) -> Path:
    path = tmp_path / "own.toml"
    path.write_text(STUDY, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("asked")
    (folder / "own.toml").write_text(STUDY, encoding="utf-8")
    code, _, err = program("run", str(folder / "own.toml"), "--quiet", "--results", str(folder / "results"))
    assert code == 0, err
    return folder / "results"


def test_every_option_is_a_key_in_the_words_of_its_declaration() -> None:
    assert set(GIVEN) == set(ASKED)
    options = {option.name: option for option in cli.get_command(None, "plot").params}  # type: ignore[arg-type,union-attr]
    for name in ASKED:
        said = options[name].help  # type: ignore[union-attr]
        assert said.removesuffix(".").lower() == PLOT[name].help.lower()
    assert set(STYLES) == set(style.STYLES)


@pytest.mark.parametrize("key", ASKED)
def test_a_file_and_an_option_say_the_same(key: str, study: Path, results: Path, tmp_path: Path) -> None:
    text, written, value = GIVEN[key]
    study.write_text(STUDY + f"{key} = {written}\n", encoding="utf-8")
    plot = load_experiment(study).plot
    assert getattr(plot, key) == value
    option = [f"--{key.replace('_', '-')}", *([text] if text else [])]
    files = [tmp_path / "option.svg", tmp_path / "file.svg"]
    said = program("plot", "own", "--results", str(results), "--output", str(files[0]), *option)
    assert said == (0, f"{files[0]}\n", "")
    said = program("plot", str(study), "--results", str(results), "--output", str(files[1]))
    assert said[0] == 0, said
    assert files[0].read_bytes() == files[1].read_bytes()
    plain = tmp_path / "plain.svg"
    program("plot", "own", "--results", str(results), "--output", str(plain))
    assert (plain.read_bytes() == files[0].read_bytes()) == (key == "curves")  # which are all there are


@pytest.mark.parametrize("key", WRONG)
def test_what_a_key_does_not_take_is_refused_in_both_places(key: str, study: Path, results: Path) -> None:
    text, written = WRONG[key]
    code, out, err = program("plot", "own", "--results", str(results), f"--{key}", text)
    assert (code, out) == (2, "")
    study.write_text(STUDY + f"{key} = {written}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_experiment(study)
    assert str(caught.value).startswith(f"own.toml:{STUDY.count(chr(10)) + 1} [plot]: {key} ")
    if key != "curves":
        assert err.split(" must ")[1] == str(caught.value).split(" must ")[1] + "\n"
    else:
        assert "has no curve 'three'" in err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--log-x", "--xlim", "0,10"], "a log axis has no place for 0"),
        (["--ylim", "0,10"], "a log axis has no place for 0"),
        (["--size", "1,1"], "leave no room for axes"),
        (["--title", "x", "--no-title"], "exclude each other"),
        (["--curves", "oen"], "did you mean 'one'?"),
        (["--style", "papr"], "must be one of screen, paper, slides"),
        (["--figure", "figur"], "did you mean 'figure'?"),
        (["--output", "own.gif"], "a figure is called <name>.png"),
        (["--output", "own.png", "--format", "png"], "exclude each other"),
    ],
)
def test_what_cannot_be_drawn_is_said_in_one_line(options: list[str], said: str, results: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.chdir(results.parent)
    code, out, err = program("plot", "own", "--results", "results", *options)
    assert (out, err.count("\n")) == ("", 1)
    assert code in (2, 3, 4, 5, 6, 7)
    assert said in err


def test_an_output_holds_one_figure(results: Path, tmp_path: Path) -> None:
    theory = ["theory", "observation1", "--results", str(tmp_path), "--quiet"]
    CliRunner().invoke(cli, theory, catch_exceptions=False)
    done = CliRunner().invoke(cli, ["plot", "theory", "--results", str(tmp_path), "--output", str(tmp_path / "a.svg")])
    assert (done.exit_code, (tmp_path / "a.svg").is_file()) == (0, True)
    code, _, err = program("plot", "theory", "--results", str(tmp_path), "--xlim", "1,2")
    assert (code, "theory is theory: --xlim means nothing" in err) == (2, True)
    for folder in ("own", "theory"):
        assert (results if folder == "own" else tmp_path).joinpath(folder).is_dir()


def test_how_a_figure_looks_changes_no_hash_and_leaves_older_manifests_as_they_are(study: Path) -> None:
    plain = load_experiment(study)
    assert not {"log_x", "size", "style", "title"} & set(to_dict(plain)["plot"])
    for key in ("log_x", "title", "size", "style"):
        study.write_text(STUDY + f"{key} = {GIVEN[key][1]}\n", encoding="utf-8")
        one = load_experiment(study)
        assert config_hash(one) == config_hash(plain)
        assert from_dict(to_dict(one)).plot == one.plot  # the manifest tells `plot` of it


def test_a_log_axis_begins_at_the_first_iteration_that_was_logged() -> None:
    (axes,) = asked(log_x=True).axes
    assert axes.get_xscale() == "log"
    assert axes.get_xlim() == (10, 1000)
    spots = [line for line in axes.lines if line.get_label() == "_markers"]
    for line in spots:  # sparse markers stand in every decade
        x = [line.get_xdata()[place] for place in line.get_markevery()]
        assert min(x) < 32 < 100 < max(x)


def test_the_ends_of_the_iterations_choose_what_the_other_axis_shows() -> None:
    (whole,), (end,) = asked().axes, asked(xlim=(900, 1000)).axes
    assert end.get_xlim() == (900, 1000)
    assert end.get_ylim()[1] < whole.get_ylim()[1] / 5
    assert asked(ylim=(1e-3, 2.0)).axes[0].get_ylim() == (1e-3, 2.0)


def test_curves_that_are_left_out_leave_the_others_their_look() -> None:
    both, alone = (
        panels_of(dressed([make_run(CURVES)], {}))[0],
        panels_of(dressed([make_run(CURVES)], {"curves": ("two",)}))[0],
    )
    assert list(alone.choices) == ["two"]
    assert alone.looks["two"] == both.looks["two"]


@pytest.mark.parametrize(
    ("name", "size"),
    [(name, size) for name in style.STYLES for size in (None, (7.0,), (7.0, 5.0))]
    + [(name, size) for name in ("screen", "paper") for size in ((3.3,), (3.3, 2.6))],
)
def test_every_style_and_size_is_tidy(name: str, size: tuple[float, ...] | None) -> None:
    with styled(name):
        figure = asked(style=name, size=size)
        if size:
            assert tuple(figure.get_size_inches())[: len(size)] == pytest.approx(size)
        assert_tidy(figure)


@pytest.mark.parametrize(("width", "columns"), [(3.3, 1), (4.9, 2), (7.0, 2)])
def test_panels_that_would_be_narrow_stand_below_each_other(width: float, columns: int) -> None:
    """As in a paper's column, which no legend and no label of two panels fits into side by side."""
    with styled("paper"):
        run = make_run(CURVES, iterations=1_000_000, every=10_000)
        runs = dressed([run, run], {"style": "paper", "size": (width,)})
        figure = drawing(panels_of(runs), "figure", outfit_of(runs))
        figure.draw_without_rendering()
        assert figure.get_figwidth() == pytest.approx(width)
        assert len({round(axes.get_position().x0, 2) for axes in figure.axes}) == columns
        assert_tidy(figure)


def test_numbers_of_narrow_axes_do_not_touch() -> None:
    with styled("paper"):
        run = make_run(CURVES, iterations=1_000_000, every=10_000)
        runs = dressed([run, run], {"style": "paper"})
        figure = drawing(panels_of(runs), "figure", outfit_of(runs))
        figure.draw_without_rendering()
        for axes in figure.axes:
            boxes = [text.get_window_extent() for text in axes.get_xticklabels() if text.get_text()]
            assert all(one.x1 + 2 < other.x0 for one, other in itertools.pairwise(boxes))


def test_titles() -> None:
    assert asked().get_suptitle() == "Depth under gradient descent"
    assert asked(title="A $ b").get_suptitle() == r"A \$ b"
    for looks in ({"title": False}, {"style": "paper"}):
        assert asked(**looks).get_suptitle() == ""
    assert asked(style="paper", title=True).get_suptitle() == "Depth under gradient descent"
    with styled():
        named = drawing(panels_of(dressed([make_run(CURVES)], {"title": "Own"})), "norms")
    assert named.get_suptitle() == "Own: norm and effective step"


def test_an_early_story_has_a_second_picture_and_a_late_one_has_not(tmp_path: Path) -> None:
    early = make_run({"a": Curve({1e-3: [Trial(exponential(400.0 / 1000))]})}, iterations=1000)
    late = make_run({"a": Curve({1e-3: [Trial(exponential(2.0 / 1000))]})}, iterations=1000)
    draw_to(tmp_path / "early.png", [early], "figure-log-x")
    with pytest.raises(ConfigError, match="nothing to show"):
        draw_to(tmp_path / "late.png", [late], "figure-log-x")
    with pytest.raises(ConfigError, match="nothing to show"):  # the first is one
        draw_to(tmp_path / "again.png", dressed([early], {"log_x": True}), "figure-log-x")


def test_theory_takes_what_means_something_to_any_figure() -> None:
    assert set(OUTFIT) < set(ASKED)
    assert re.search("Own", texts(asked(title="Own")))
