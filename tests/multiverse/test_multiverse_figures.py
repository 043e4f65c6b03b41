"""The figures of a multiverse show what `worlds.csv` says."""

import shutil
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from support.seals import seal

from overparam_cli.claims import find_claim
from overparam_cli.claims.model import Case, Finding
from overparam_cli.cli.main import cli
from overparam_cli.figures.style import styled
from overparam_cli.multiverse.curves import draw_curve
from overparam_cli.multiverse.deciding import NO, NOT_RUN, UNDECIDED, YES
from overparam_cli.multiverse.effects import EFFECTS
from overparam_cli.multiverse.figures import _apart
from overparam_cli.multiverse.judging import Row
from overparam_cli.multiverse.maps import draw_map
from overparam_cli.multiverse.model import Multiverse
from overparam_cli.multiverse.summary import summarise
from overparam_cli.results.drawn import outdated
from overparam_cli.results.trajectory import Speedup

CLAIM = find_claim("l4-depth-accelerates")


def row(features: str, grid: str, effect: float, outcome: str) -> Row:
    return Row(CLAIM, {"features": features, "grid": grid}, outcome, "", "", effect)


ROWS = [
    row("zscore", "paper", 1.5, NO),
    row("zscore", "fine", 4.0, YES),
    row("minmax", "paper", 1.0, UNDECIDED),
    row("minmax", "fine", 3.0, YES),
    row("maxabs", "fine", np.nan, NOT_RUN),
]


@pytest.fixture(autouse=True)
def _styled() -> Iterator[None]:
    with styled():
        yield


def test_a_specification_curve_has_every_world_that_was_run_sorted() -> None:
    figure = draw_curve(ROWS)
    assert figure is not None
    top, bottom = figure.axes
    dots = [line for line in top.lines if line.get_marker() == "."]
    drawn = sorted((x, y) for line in dots for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True))
    assert drawn == [(0, 1.0), (1, 1.5), (2, 3.0), (3, 4.0)]
    assert [line.get_ydata()[0] for line in top.lines if line.get_linestyle() == "--"] == [2.0]
    labels = [label.get_text() for label in bottom.get_yticklabels()]
    assert labels == ["features: zscore", "features: minmax", "grid: paper", "grid: fine"]
    (picture,) = bottom.images
    chosen = (np.asarray(picture.get_array()) < 1).any(axis=2)
    assert chosen.tolist() == [[False, True, False, True], [True, False, True, False],
                               [True, True, False, False], [False, False, True, True]]  # fmt: skip
    said = "\n".join(text.get_text() for axes in figure.axes for text in axes.texts)
    assert "holds in 2 of 4 worlds (50%); decided by grid; 1 world not run" in said
    assert {"0% ?50%", "100%", "50%", "50% ?50%"} <= set(said.split("\n")), said


def test_a_world_without_a_number_counts_and_is_not_drawn() -> None:
    figure = draw_curve([*ROWS, row("maxabs", "paper", np.nan, UNDECIDED)])
    assert figure is not None
    top, bottom = figure.axes
    assert sum(len(line.get_xdata()) for line in top.lines if line.get_marker() == ".") == 4
    assert "features: maxabs" in [label.get_text() for label in bottom.get_yticklabels()]
    said = "\n".join(text.get_text() for text in [*top.texts, *bottom.texts, *figure.texts])
    assert "holds in 2 of 5 worlds (40%)" in said
    assert "1 world without a number not drawn" in " ".join(said.split())
    figure.savefig(BytesIO(), format="png")  # a layout without room is a warning


@pytest.mark.parametrize("claim", [*EFFECTS])
def test_every_claims_curve_has_room(claim: str) -> None:
    """However long its statement is, and with two options alone."""
    rows = [Row(find_claim(claim), {"grid": grid}, NO, "", "", 1.5) for grid in ("paper", "fine")]
    figure = draw_curve(rows)
    assert figure is not None
    figure.savefig(BytesIO(), format="png")


def test_a_claim_without_a_number_or_a_world_has_no_curve() -> None:
    assert draw_curve(ROWS[-1:]) is None
    assert draw_curve(ROWS[:1]) is None  # one world is no curve
    assert draw_curve([Row(find_claim("fig3-axes"), {}, NO, "")]) is None


def test_the_map_has_the_shares_and_frames_what_decides(tiny: Multiverse) -> None:
    figure = draw_map(tiny, summarise(tiny, ROWS))
    assert figure is not None
    (axes,) = figure.axes
    ticks = dict(zip([label.get_text() for label in axes.get_xticklabels()], axes.get_xticks(), strict=True))
    assert list(ticks) == ["zscore", "minmax", "maxabs", "paper", "fine"]
    cells = {text.get_position()[0]: text.get_text() for text in axes.texts if text.get_text().isdigit()}
    assert cells == {ticks["zscore"]: "50", ticks["minmax"]: "50", ticks["paper"]: "0", ticks["fine"]: "100"}
    (frame,) = [patch for patch in axes.patches if patch.get_edgecolor()[:3] == (0, 0, 0)]
    assert (frame.get_x(), frame.get_width()) == pytest.approx((ticks["paper"] - 0.5, 2))
    assert "50% of 4; decided by grid" in [text.get_text() for text in axes.texts]


@pytest.mark.parametrize(
    ("claim", "numbers", "effect"),
    [
        ("l4-depth-accelerates", {"speedup": {"a": {"100%": Speedup(3, 3)}, "b": {"100%": Speedup(0, 1)}}}, 1),
        ("l4-depth-accelerates", {"speedup": {"a": {"100%": Speedup(2, np.inf)}, "b": {"100%": Speedup(9, 9)}}}, 2),
        ("l2-depth-hinders", {"speedup": {"a": {"10%": Speedup(0.4, 0.4), "100%": Speedup(0, 1)}}}, 0.4),
        ("l2-depth-hinders", {"speedup": {"a": {"100%": Speedup(0, 1)}}}, 1),
        ("depth4-plateau", {"plateau_end": {"depth 4": None}}, np.inf),
        ("adagrad-slower-than-gd", {"final_gap": {"gd": 0.2, "adagrad": 0.1}}, 0.5),
        ("width-negligible", {"ratio_from_plateau": {"a": Speedup(0.5, 0.5), "b": Speedup(1.2, 1.2)}}, 0.5),
        ("deeper-faster-fixed-lr", {"ℓ2": {"ratio": 0.5, "holds": True}, "ℓ4": {"ratio": 1.5, "holds": False}}, 1.5),
        ("depth8-stuck", {"final_over_start": {1e-3: 0.95, 1e-2: 0.99}, "diverged_rates": [1.0]}, 0.95),
    ],
)
def test_the_number_of_a_claim_is_that_of_the_pair_that_decides(claim: str, numbers: dict, effect: float) -> None:
    assert EFFECTS[claim].of(Finding("", {"0": Case(False, numbers)})) == effect


def test_the_command_draws_what_there_is(tiny_file: Path, results: Path, tmp_path: Path) -> None:
    shutil.copytree(results, tmp_path, dirs_exist_ok=True)
    call = ["multiverse", "plot", str(tiny_file), "--format", "svg", "--results", str(tmp_path)]
    done = CliRunner().invoke(cli, call, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    names = {Path(line).name for line in done.stdout.splitlines()}
    curves = {f"curve-{name}.svg" for name in ("l4-depth-accelerates", "l2-depth-hinders", "adam-plus-depth")}
    assert names >= {"map.svg", "late-fig3-l4.svg", "late-fig3-l2.svg", *curves}
    assert all((tmp_path / "tiny" / name).is_file() for name in names)
    folder = tmp_path / "tiny"
    assert not outdated(folder / "map.svg")
    (folder / "worlds.csv").write_bytes((folder / "worlds.csv").read_bytes().replace(b",yes,", b",no,"))
    seal(folder)
    assert outdated(folder / "map.svg")


def test_without_worlds_the_command_says_what_makes_them(tiny_file: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["multiverse", "plot", str(tiny_file), "--results", str(tmp_path)])
    assert "make it with overparam multiverse verify" in str(done.exception)


def test_the_names_of_rates_do_not_run_into_one_another() -> None:
    rates = [5e-5, 1e-4, 5e-4, 1e-3, 5e-3, 1e-2, 5e-2, 1e-1, 5e-1, 1.0]
    wide, narrow = (_apart(rates, np.log(10) * share) for share in (0.25, 0.75))
    assert sorted(wide) == rates  # a factor of 2 is 0.30 of a decade
    assert sorted(narrow) == [1e-4, 1e-3, 1e-2, 1e-1, 1.0]
    assert sorted(_apart([2e-3, 5e-3], np.log(10) * 0.5)) == [2e-3]
