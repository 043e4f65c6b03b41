"""fig3-axes: which powers of ten stand at an axis, against those that Matplotlib itself puts there."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from support.claim_logs import falling, printed_axes, write_run
from support.synthetic_runs import Curve, Trial, exponential

from overparam_cli.claims import find_claim
from overparam_cli.claims.evaluation import Library, evaluate
from overparam_cli.claims.fig3_axes import view


@settings(max_examples=30, deadline=None)
@given(low=st.floats(-8, 0), decades=st.floats(0.1, 9))
def test_the_view_is_matplotlibs(low: float, decades: float) -> None:
    axes = Figure().subplots()
    axes.semilogy([0, 1], [10**low, 10 ** (low + decades)])
    assert view(10**low, 10 ** (low + decades)) == pytest.approx(np.log10(axes.get_ylim()), abs=1e-9)


def test_the_decades_inside_both_panels_decide(tmp_path: Path) -> None:
    printed_axes(tmp_path, (True, False))
    result = evaluate(find_claim("fig3-axes"), Library(tmp_path))
    assert {seed: case.holds for seed, case in result.cases.items()} == {"0": True, "1": False}
    assert [case.numbers["differing"] for case in result.cases.values()] == [0, 1]  # seed 1 has 10⁻³ besides
    axis = result.cases["1"].numbers["ℓ4"]
    assert (axis.decades, axis.high) == ((-3, -2, -1, 0), 1.34)
    assert axis.low == pytest.approx(1e-3)
    assert result.finding
    assert result.finding.measured == (
        "ℓ2 from 0.008 to 0.45: ticks 10⁻², 10⁻¹; "
        "ℓ4 from 0.0045 [0.001–0.008] to 1.3: ticks 10⁻², 10⁻¹, 10⁰ or 10⁻³, 10⁻², 10⁻¹, 10⁰"
    )


def test_a_margin_may_bring_a_tick_inside(tmp_path: Path) -> None:
    """0.9 is below 1, and a twentieth of two decades above it is beyond: 10⁰ is printed."""
    for variant, start in (("l2", 0.45), ("l4", 0.9)):
        trials = [Trial(exponential(np.log10(start / 9e-3) / 1000, start))]
        curves = {f"depth-{depth}": Curve({1e-3: trials}, depth) for depth in (1, 2, 3)}
        write_run(tmp_path, curves, "fig3", variant)
    assert evaluate(find_claim("fig3-axes"), Library(tmp_path)).verdict == "reproduced"


def test_a_curve_of_which_every_rate_diverged_decides_nothing(tmp_path: Path) -> None:
    printed_axes(tmp_path, (True,))
    curves = {f"depth-{depth}": Curve(falling([1e-3]), depth) for depth in (1, 2)}
    lost = {lr: [Trial(exponential(1e-3), diverged_at=50)] for lr in (1e-2, 1e-1)}
    write_run(tmp_path, curves | {"depth-3": Curve(lost, 3)}, "fig3", "l4")
    result = evaluate(find_claim("fig3-axes"), Library(tmp_path))
    assert result.cases["0"].holds is None
    assert np.isnan(result.cases["0"].numbers["differing"])
    assert result.finding
    assert "ℓ4 unknown (a curve has no best learning rate)" in result.finding.measured
