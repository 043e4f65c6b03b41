"""Fine grids against NumPy's geometric spacing, and what a file or the command line may say."""

from typing import Any

import numpy as np
import pytest

from overparam_cli.checks import rates
from overparam_cli.experiments import apply_overrides, expand, load_experiment
from overparam_cli.grids import grid


def spaced(low: float, high: float, count: int, digits: int) -> tuple[float, ...]:
    """By NumPy, rounded by way of text."""
    return tuple(float(f"{value:.{digits - 1}e}") for value in np.geomspace(low, high, count))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("1e-4:1e-2:10/decade", spaced(1e-4, 1e-2, 21, 2)),
        ({"from": 1e-4, "to": 1e-2, "per_decade": 10}, spaced(1e-4, 1e-2, 21, 2)),
        ("1e-5:1e-1:20/decade", spaced(1e-5, 1e-1, 81, 2)),
        ("1:10:50/decade", spaced(1, 10, 51, 3)),
        (" 1e-4 : 1e-1 : 7 ", spaced(1e-4, 1e-1, 7, 2)),
        ({"from": 1e-4, "to": 1e-1, "count": 7}, spaced(1e-4, 1e-1, 7, 2)),
        ("1e-3:2e-3:20", spaced(1e-3, 2e-3, 20, 3)),
        ("1:1000:2", (1.0, 1000.0)),
    ],
)
def test_values_are_in_equal_ratios_and_rounded(given: Any, expected: tuple[float, ...]) -> None:
    assert grid(given) == expected


def test_ten_a_decade_contain_the_papers_grid() -> None:
    paper = load_experiment("fig3").trial["lr"]
    assert set(paper) <= set(grid("1e-5:5e-1:10/decade"))


def test_the_ends_stay_what_they_are_and_nothing_lies_beyond() -> None:
    assert grid("1.234e-4:9.876e-3:5")[::4] == (1.234e-4, 9.876e-3)
    assert grid("1e-4:5e-3:10/decade")[-1] == 5e-3  # 10^-2.3 is 5.01e-3, which rounds to it
    assert grid("1e-4:4.9e-3:10/decade")[-1] == 4e-3
    assert grid("1e-4:5e-4:1/decade") == (1e-4,)


def test_grids_and_numbers_make_one_grid() -> None:
    assert rates([0.5, "1e-3:1e-2:3", {"from": 1e-5, "to": 1e-4, "count": 2}]) == (1e-5, 1e-4, 1e-3, 3.2e-3, 1e-2, 0.5)


@pytest.mark.parametrize(
    "given",
    [
        "1e-4:1e-2", "1e-4:1e-2:", "a:b:3", "1e-2:1e-4:3", "0:1:3", "-1:1:3", "1e-4:1e-4:3", "1e-4:inf:3", "nan:1:3",
        "1e-4:1e-2:1", "1e-4:1e-2:2.5", "1e-4:1e-2:0/decade", "1e-4:1e-2:3/octave", "1:2:3:4",
        {"from": 1e-4, "to": 1e-2}, {"from": 1e-4, "to": 1e-2, "steps": 3}, {"from": "1", "to": 10, "count": 2},
        {"from": 1e-4, "to": 1e-2, "count": True}, {"from": 1e-4, "to": 1e-2, "count": 3, "per_decade": 3}, {},
    ],
)  # fmt: skip
def test_what_is_no_grid_is_refused_with_what_would_be(given: Any) -> None:
    with pytest.raises(ValueError, match="must be a grid with 0 < from < to: "):
        rates(given)


@pytest.mark.parametrize(
    ("given", "says"),
    [("1e-4:1e-3:300/decade", "less than 1 % apart"), ("1:1.1:20", "less than 1 % apart"),
     ("1e-300:1e300:200/decade", "of 120,002 values")],
)  # fmt: skip
def test_grids_without_bounds_are_refused(given: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        grid(given)


def test_the_command_line_takes_them() -> None:
    experiment = apply_overrides(load_experiment("fig3"), {"lr": "1e-4:1e-3:10/decade", "depth": "2", "loss": "l4"})
    assert [trial.lr for trial in expand(experiment)["l4"]] == list(spaced(1e-4, 1e-3, 11, 2))
