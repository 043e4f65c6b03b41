"""Section 7 and Appendix B: two points against their recurrences, the regression's gradient and plain counting."""

import math

import numpy as np
import pytest
import torch

from overparam_cli.kinds.linear.losses.power import Power
from overparam_cli.kinds.linear.objective import gradient
from overparam_cli.kinds.theory import appendix_b
from overparam_cli.kinds.theory import illustration as theory_illustration
from overparam_cli.kinds.theory.illustration import (
    TwoPoints,
    assumptions,
    descent_iterations,
    run_rule,
    stability_limit,
    two_point_trajectory,
)

GOOD = TwoPoints(y1=100.0, y2=1.0, epsilon1=0.1, epsilon2=0.001)


def test_stability_limit_is_set_by_the_larger_label() -> None:
    assert stability_limit((10.0, 1.0), 4) == pytest.approx(0.02)
    assert stability_limit((10.0, 1.0), 2) == 2
    assert stability_limit((10.0, -20.0), 6) == pytest.approx(2 / 20**4)


@pytest.mark.parametrize("p", [2, 4, 6])
def test_depth_one_is_the_recurrence_of_equation_15(p: int) -> None:
    path = two_point_trajectory((3.0, 1.0), (0.0, 0.0), p, 1, 1e-3, 50)
    assert path.shape == (51, 2)
    np.testing.assert_allclose(path[0], [-3, -1])
    np.testing.assert_allclose(path[1:], path[:-1] * (1 - 1e-3 * path[:-1] ** (p - 2)), rtol=1e-12)


def test_gradient_descent_is_that_of_the_mean_loss_at_twice_the_rate() -> None:
    y, lr = (3.0, 1.0), 1e-3
    path = two_point_trajectory(y, (0.1, 0.2), 4, 1, lr, 30)
    W = torch.tensor([[0.1, 0.2]], dtype=torch.float64)
    X, Y = torch.eye(2, dtype=torch.float64), torch.tensor(y, dtype=torch.float64)[:, None]
    for delta in path:
        np.testing.assert_allclose(W.numpy()[0] - y, delta, rtol=1e-12)
        W = W - 2 * lr * gradient(W, X, Y, Power(4))


@pytest.mark.parametrize("p", [4, 6])
def test_gradient_descent_diverges_beyond_the_limit_and_converges_below_it(p: int) -> None:
    y, limit = (4.0, 1.0), stability_limit((4.0, 1.0), p)
    below = two_point_trajectory(y, (0.0, 0.0), p, 1, 0.99 * limit, 2000)
    above = two_point_trajectory(y, (0.0, 0.0), p, 1, 1.01 * limit, 2000)
    assert abs(below[-1, 0]) < 0.5  # slow: Δ shrinks like t^{−1/(p−2)}
    assert not np.isfinite(above[-1, 0])


def test_assumptions_as_numbers() -> None:
    assert all(assumptions(GOOD).values())
    broken = {
        "y1 >> 1": TwoPoints(5.0, 0.4, 0.04, 0.0032),
        "y2 in O(1)": TwoPoints(1e4, 10.0, 0.1, 1e-4),
        "y1 >> y2": TwoPoints(20.0, 2.5, 0.1, 0.0125),
        "y2 >> e1": TwoPoints(1e4, 0.4, 0.05, 2e-6),
        "e1 >> e2": TwoPoints(20.0, 2.5, 0.1, 0.0125),
        "1 >> e1": TwoPoints(1e3, 3.0, 0.2, 6e-4),
        "e1*y1 >> 1": TwoPoints(100.0, 1.0, 0.05, 5e-4),
        "e2/e1 ~ y2/y1": TwoPoints(100.0, 1.0, 0.1, 0.002),
    }
    assert set(broken) == set(assumptions(GOOD))
    for name, problem in broken.items():
        assert not assumptions(problem)[name], name


def test_rates_and_bound_of_the_appendix() -> None:
    assert GOOD.bound == pytest.approx(250)
    assert GOOD.descent_rate == pytest.approx(2e-4)
    assert GOOD.rule_rate == pytest.approx(5e-4)


@pytest.mark.parametrize("y1", [10.0, 20.0])
def test_counting_without_stepping_agrees_with_stepping(y1: float, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = TwoPoints(y1, 1.0, 0.1, 0.1 / y1)
    stepped = descent_iterations(problem)
    delta, steps = problem.epsilon2 - problem.y2, 0  # the recurrence once more, written out
    while abs(delta) > 0.01:
        delta, steps = delta * (1 - problem.descent_rate * delta**2), steps + 1
    assert stepped == steps
    monkeypatch.setattr(theory_illustration, "MOST_STEPS_RUN", 0)
    assert descent_iterations(problem) == pytest.approx(stepped, rel=3 * (2 / y1**2) ** 2, abs=1)


def test_the_rule_runs_as_equation_12_does() -> None:
    problem = TwoPoints(20.0, 1.0, 0.05, 0.0025)
    run = run_rule(problem)
    path = two_point_trajectory((20.0, 1.0), (0.05, 0.0025), 4, 2, problem.rule_rate, run.iterations)
    assert abs(path[-1, 1]) <= 0.01 < abs(path[-2, 1])
    assert run.first_delta1 == pytest.approx(path[1, 0], rel=1e-12)
    rates = (path[1:-1, 1] - path[2:, 1]) / path[1:-1, 1] ** 3
    assert run.rate_first == pytest.approx(rates[0], rel=1e-9)
    assert run.rate_least == pytest.approx(rates.min(), rel=1e-9)
    assert run.rate_mean == pytest.approx(rates.mean(), rel=1e-9)


def test_first_step_lands_where_the_appendix_says() -> None:
    path = two_point_trajectory((100.0, 1.0), (0.1, 0.001), 4, 2, GOOD.rule_rate, 1)
    w1, w2 = path[1] + [100.0, 1.0]
    assert w1 == pytest.approx(100, rel=0.01)
    assert w2 == pytest.approx(1 / (2 * 100**2) + 0.001 * 100 / (2 * 0.1), rel=0.01)  # y₂³/2y₁² + ε₂y₁/2ε₁


def test_table_of_the_appendix() -> None:
    met, unmet, diverged = appendix_b.compute(y1s=(100.0,), epsilon1s=(0.1,)) + appendix_b.compute(
        y1s=(10.0,), epsilon1s=(0.1, 0.001)
    )
    assert met["assumptions_met"] is True
    assert met["violated"] == ""
    for ratio in ("iterations_ratio", "rate_ratio", "rate_ratio_first", "rate_ratio_mean"):
        assert met[ratio] == pytest.approx(250, rel=0.01)  # the bound, to leading order
    assert unmet["assumptions_met"] is False
    assert "e1*y1 >> 1" in str(unmet["violated"])
    assert diverged["rule_iterations"] == -1  # 1/(2ε₁y₁) = 50 is far above 2/y₂²
    assert math.isnan(float(diverged["iterations_ratio"]))
    assert math.isnan(float(diverged["rate_ratio"]))


def test_descent_at_the_larger_coordinates_limit_diverges_where_the_other_is_larger() -> None:
    # 2/y1² is above coordinate 2's own limit 2/y2², so |Δ2| grows from its start (Section 7)
    assert descent_iterations(TwoPoints(y1=1.0, y2=3.0, epsilon1=0.01, epsilon2=0.01)) == -1
