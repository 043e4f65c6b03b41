"""Section 7 and Appendix B: two points, ([1, 0], y₁) and ([0, 1], y₂), under gradient descent and under Eq. 12.

    L(w) = (1/p)(w₁ − y₁)^p + (1/p)(w₂ − y₂)^p,   Δ_i = w_i − y_i

without the averaging constant ½, as the paper's footnote 2 says: a learning rate here is half of what the mean loss of
`linear/objective.py` needs on the same two points.

Appendix B takes p = 4, N = 2 and shows that the rule accelerates the second coordinate by at least y₁/(4ε₁), where
ε_i = |w_i| at the start. It does so with "≫" and "≈"; `assumptions` turns each of them into a number.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from overparam_cli.kinds.theory.common import Array
from overparam_cli.kinds.theory.rule import single_output_direction

# What the appendix's words mean in the check, fixed before it was run.
MUCH_LARGER = 10.0  # a ≫ b: a ≥ 10·b
ORDER_ONE = 3.0  # a ∈ O(1): 1/3 ≤ a ≤ 3
CLOSE = 0.1  # a ≈ b: within 10 %
TARGET = 0.01  # coordinate 2 has arrived where |Δ₂| ≤ 1 % of y₂ (claims.md)

# Gradient descent is run step by step up to here and counted by the integral of `_counted` beyond.
MOST_STEPS_RUN = 2_000_000


def stability_limit(y: Sequence[float], p: int) -> float:
    """The learning rate that gradient descent from w ≈ 0 must stay below: min_i 2/y_i^{p−2} (Section 7)."""
    return min(2 / abs(target) ** (p - 2) for target in y)


def two_point_trajectory(
    y: tuple[float, float], start: tuple[float, float], p: int, N: int, lr: float, iterations: int
) -> Array:
    """Δ = w − y along Eq. 12 without weight decay; N = 1 is gradient descent (Eq. 15).

    Args:
        y: the two labels.
        start: w at iteration 0.
        p: even, 2 or more.
        N: depth of the rule.
        lr: η.
        iterations: number of steps.

    Returns:
        (iterations + 1, 2); infinite or NaN after a divergence.
    """
    target, w = np.array(y), np.array(start)
    path = np.empty((iterations + 1, 2))
    with np.errstate(over="ignore", invalid="ignore"):  # a divergence is a result here
        for t in range(iterations + 1):
            path[t] = w - target
            w = w - lr * single_output_direction(w, path[t] ** (p - 1), N)
    return path


@dataclass(frozen=True)
class TwoPoints:
    """A problem of Appendix B: labels y₁, y₂ and the sizes ε₁, ε₂ of the two weights at the start."""

    y1: float
    y2: float
    epsilon1: float
    epsilon2: float

    @property
    def bound(self) -> float:
        """y₁/(4ε₁), the acceleration that the appendix promises."""
        return self.y1 / (4 * self.epsilon1)

    @property
    def descent_rate(self) -> float:
        """2/y₁², the supremum of gradient descent's learning rates (Eq. 45)."""
        return 2 / self.y1**2

    @property
    def rule_rate(self) -> float:
        """η = 1/(2ε₁y₁²), the appendix's choice for the rule; it moves w₁ to about y₁ in one step."""
        return 1 / (2 * self.epsilon1 * self.y1**2)


def assumptions(problem: TwoPoints) -> dict[str, bool]:
    """Appendix B's assumptions, each as a number: "≫" is a factor of 10, O(1) is within 3 of 1, "≈" is within 10 %."""
    y1, y2, epsilon1, epsilon2 = problem.y1, problem.y2, problem.epsilon1, problem.epsilon2
    slack = 1 - 1e-9  # 10·0.1 must count as 1

    def much_larger(a: float, b: float) -> bool:
        return a >= MUCH_LARGER * b * slack

    return {
        "y1 >> 1": much_larger(y1, 1),
        "y2 in O(1)": 1 / ORDER_ONE <= y2 <= ORDER_ONE,
        "y1 >> y2": much_larger(y1, y2),
        "y2 >> e1": much_larger(y2, epsilon1),
        "e1 >> e2": much_larger(epsilon1, epsilon2),
        "1 >> e1": much_larger(1, epsilon1),
        "e1*y1 >> 1": much_larger(epsilon1 * y1, 1),
        "e2/e1 ~ y2/y1": abs(epsilon2 * y1 / (epsilon1 * y2) - 1) <= CLOSE,
    }


def descent_iterations(problem: TwoPoints) -> int:
    """Steps of gradient descent at its limit 2/y₁² until |Δ₂| ≤ 1 % of y₂; −1 where it diverges (y₂ > y₁).

    The coordinates do not interact, so only Δ₂ ← Δ₂(1 − ηΔ₂²) is run (Eq. 15 with p = 4).
    """
    lr, delta = problem.descent_rate, problem.epsilon2 - problem.y2
    goal = TARGET * problem.y2
    if (1 / goal**2 - 1 / delta**2) / (2 * lr) > MOST_STEPS_RUN:
        return _counted(lr, delta, goal)
    steps = 0
    while abs(delta) > goal:
        delta -= lr * delta * delta * delta
        steps += 1
        if not abs(delta) < 1e6 * problem.y1:
            return -1
    return steps


def _counted(lr: float, delta: float, goal: float) -> int:
    """The number of steps Δ ← Δ(1 − ηΔ²) takes from |delta| to |goal|, without taking them.

    u = 1/Δ² grows by g(u) = u/(1 − η/u)² − u a step. g decreases slowly, so that the number is ∫ du/g(u), at most
    3(η/u)² too high, relatively; with ηΔ² ≪ 1 that is far less than one step in ten thousand.
    """

    from scipy.integrate import quad

    def steps_per_log(log_u: float) -> float:  # u/g(u)
        x = lr / math.exp(log_u)
        return (1 - x) ** 2 / (x * (2 - x))

    value = quad(steps_per_log, -2 * math.log(abs(delta)), -2 * math.log(goal), epsabs=0, epsrel=1e-12, limit=200)[0]
    return math.ceil(value)


def descent_trajectory(problem: TwoPoints, steps: int) -> Array:
    """Δ under gradient descent (Eq. 15, p = 4), (steps + 1, 2); the coordinates do not meet, so plain floats do."""
    lr, path = problem.descent_rate, np.empty((steps + 1, 2))
    for i, delta in enumerate((problem.epsilon1 - problem.y1, problem.epsilon2 - problem.y2)):
        column = [delta]
        for _ in range(steps):
            delta -= lr * delta * delta * delta
            column.append(delta)
        path[:, i] = column
    return path


@dataclass(frozen=True)
class RuleRun:
    """What Eq. 12 (N = 2, p = 4) did to coordinate 2.

    Attributes:
        iterations: steps until |Δ₂| ≤ 1 % of y₂; -1 where it diverged or did not arrive.
        first_delta1: Δ₁ after the first step, which should be near 0.
        rate_first: effective learning rate of coordinate 2, (w₂^{(t)} − w₂^{(t+1)})/(Δ₂^{(t)})³, at the second step.
        rate_least: its minimum from the second step on.
        rate_mean: its mean from the second step on.
    """

    iterations: int
    first_delta1: float
    rate_first: float
    rate_least: float
    rate_mean: float


def run_rule(problem: TwoPoints) -> RuleRun:
    """Run Eq. 12 with N = 2 and p = 4 at the appendix's learning rate until |Δ₂| ≤ 1 % of y₂.

    Plain floats: millions of dependent steps on two numbers are several times faster so than with arrays.
    """
    y1, y2, lr = problem.y1, problem.y2, problem.rule_rate
    w1, w2 = problem.epsilon1, problem.epsilon2
    goal, most = TARGET * y2, 10 + int(100 * problem.epsilon1 * y1 / (TARGET * y2) ** 2)
    first_delta1 = rate_first = math.nan
    rate_least, rate_sum, steps = math.inf, 0.0, 0
    while abs(w2 - y2) > goal and steps < most:
        d1, d2 = w1 - y1, w2 - y2
        g1, g2 = d1 * d1 * d1, d2 * d2 * d2
        square = w1 * w1 + w2 * w2
        along, size = (w1 * g1 + w2 * g2) / square, lr * math.sqrt(square)  # Pr_w{g} = along·w (Eq. 13)
        step2 = size * (g2 + along * w2)
        w1, w2 = w1 - size * (g1 + along * w1), w2 - step2
        if not abs(w1) + abs(w2) < 1e6 * y1:
            return RuleRun(-1, first_delta1, rate_first, math.nan, math.nan)
        if steps == 0:
            first_delta1 = w1 - y1
        else:
            rate = step2 / g2
            rate_first = rate if steps == 1 else rate_first
            rate_least, rate_sum = min(rate_least, rate), rate_sum + rate
        steps += 1
    arrived, counted = abs(w2 - y2) <= goal, max(steps - 1, 1)
    return RuleRun(steps if arrived else -1, first_delta1, rate_first, rate_least, rate_sum / counted)
