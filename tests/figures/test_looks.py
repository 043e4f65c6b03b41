"""One curve has one look everywhere: its depth gives the colour, its optimiser the dash, and no two are the same."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from overparam_cli.experiments import load_experiment
from overparam_cli.experiments.model import Curve, Experiment
from overparam_cli.figures.looks import LOOKS, looks_of, of_depth, of_place

GREY = (0.299, 0.587, 0.114)
TRIAL = {"loss": "l4", "width": 1, "init": "near-zero"}


def experiment(*settings: dict[str, object], kind: str = "linear", **hints: object) -> Experiment:
    curves = tuple(Curve(str(place), str(place), own, **hints) for place, own in enumerate(settings))  # type: ignore[arg-type]
    return Experiment("own", "own", "-", kind, trial=TRIAL if kind == "linear" else {}, curves=curves)


def looks(*settings: dict[str, object], **options: object) -> list[object]:
    return list(looks_of(experiment(*settings, **options)).values())  # type: ignore[arg-type]


PAPER = ("fig2", "fig3", "fig4-left", "fig4-right", "fig5-left", "blog", "illustration")


@pytest.fixture(scope="module")
def paper() -> list[tuple[int, str, object]]:
    """Depth, optimiser and look of every curve of the paper's own settings, width 1 and a start near zero."""
    found = []
    for name in PAPER:
        own = load_experiment(name)
        looks = looks_of(own)
        for curve in own.curves:
            settings = {**own.trial, **curve.settings}
            if settings.get("width", 1) == 1 and settings["init"] == "near-zero":
                found.append((settings["depth"], settings.get("optimizer", "gd"), looks[curve.name]))
    return found


def test_depth_is_the_colour_and_the_optimiser_the_dash_in_every_figure_of_the_paper(paper) -> None:
    depths, optimisers = {own[0] for own in paper}, {own[1] for own in paper}
    assert (depths, len(optimisers)) == ({1, 2, 3, 4, 8}, 5)
    assert len({(depth, look.color) for depth, _, look in paper}) == len(depths)
    assert len({look.color for *_, look in paper}) == len(depths)
    assert len({(name, str(look.linestyle)) for _, name, look in paper}) == len(optimisers)
    assert len({str(look.linestyle) for *_, look in paper}) == len(optimisers)


def test_any_number_of_curves_stays_distinguishable() -> None:
    """Without its colour, too, as long as there are markers for them."""
    names = ("gd", "adam", "adagrad", "adadelta", "momentum", "a guest", "another guest")
    many = [
        {"depth": depth, "optimizer": name, "width": width}
        for depth in (1, 2, 3, 9, 10, 17)
        for name in names
        for width in (1, 10, 100)
    ]
    made = looks(*many)
    assert len({(look.color, str(look.linestyle)) for look in made}) == len(many)
    made = looks(*({"depth": depth} for depth in range(1, 16)))
    assert len({(str(look.linestyle), look.marker) for look in made}) == 15
    assert len({(look.color, str(look.linestyle), look.marker) for look in map(of_place, range(100))}) == 100
    assert len({of_depth(depth).color for depth in range(1, 101)}) == 100


def test_curves_of_one_depth_are_told_apart_by_colour() -> None:
    first, second = looks({"depth": 1, "init_std": 0.1}, {"depth": 1, "init_std": 0.2})
    assert (first.color, second.color) == (of_depth(1).color, of_depth(2).color)


def test_curves_that_differ_in_what_is_searched_alone_differ_in_shade() -> None:
    first, second, third = looks({"depth": 1, "lr": (0.1,)}, {"depth": 1, "lr": (0.2,)}, {"depth": 2, "lr": (0.1,)})
    assert len({first.color, second.color, third.color}) == 3
    assert third.color == of_depth(2).color


def test_a_look_written_out_in_the_file_wins() -> None:
    (own,) = looks({"depth": 3, "optimizer": "adam"}, color="#123456", linestyle="dotted")
    assert (own.color, own.linestyle) == ("#123456", LOOKS[3].linestyle)


def test_curves_of_one_number_share_the_colour_of_the_first_ones_depth() -> None:
    """So a network and its rule are seen to belong together, and a depth keeps its colour all the same."""
    trial = {"loss": "l4", "width": 1}
    numbers = {"a": 5, "b": 0, "c": 5, "d": 0, "e": None}
    depths = {"a": 2, "b": 3, "c": 4, "d": 3, "e": 2}
    curves = tuple(Curve(name, name, {"depth": depths[name]}, number) for name, number in numbers.items())
    made = looks_of(Experiment("own", "own", "-", "linear", trial=trial, curves=curves))
    assert made["a"].color == made["c"].color == of_depth(2).color
    assert made["b"].color == made["d"].color == of_depth(3).color
    assert made["e"].color not in (made["a"].color, made["b"].color)  # its depth's, but told from the first
    assert len({own.marker for own in made.values()}) == 5


def test_figure_2_is_told_apart_in_grey() -> None:
    """Every pair differs in marker, and in dash or lightness besides."""
    experiment = load_experiment("fig2")
    made = looks_of(experiment)
    drawn = [made[name] for name in experiment.plot.curves]
    assert len(drawn) == 8
    for place, one in enumerate(drawn):
        for other in drawn[place + 1 :]:
            assert one.marker != other.marker
            apart = abs(float(np.dot(to_rgb(one.stroke), GREY) - np.dot(to_rgb(other.stroke), GREY)))
            assert apart > 0.04 or str(one.linestyle) != str(other.linestyle)


def test_the_usual_optimiser_of_a_kind_is_solid() -> None:
    solid, other = looks({"depth": 1, "optimizer": "momentum"}, {"depth": 1, "optimizer": "gd"}, kind="cnn")
    assert solid.linestyle == "solid"
    assert other.linestyle != "solid"


def test_looks_differ_without_colour() -> None:
    assert len({str(look.linestyle) for look in LOOKS}) == len(LOOKS)
    assert len({look.marker for look in LOOKS}) == len(LOOKS)
    grey = [float(np.dot(to_rgb(look.color), GREY)) for look in LOOKS[:3]]
    assert min(abs(a - b) for place, a in enumerate(grey) for b in grey[place + 1 :]) > 0.15
