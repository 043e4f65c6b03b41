"""Any finite table either trains, or is refused in one line: numbers of any size, under every scaling and loss."""

import math
from collections import Counter
from itertools import product

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.twins import make_trial

from overparam_cli.data import PREPROCESSING, Dataset
from overparam_cli.errors import DataInvalidError
from overparam_cli.kinds.linear.measure import parse_measures
from overparam_cli.kinds.linear.problem import LinearProblem, problem_of
from overparam_cli.kinds.linear.trial import LinearTrial
from overparam_cli.kinds.linear.unit import LinearUnit
from overparam_cli.results.divergence import settle
from overparam_cli.results.schema import COMPLETED
from overparam_cli.run.settings import Settings

Array = NDArray[np.float64]
LOSSES = ["l2", "l4", "l20", "huber", "huber0.01", "logistic"]
DTYPES = ["float32", "float64"]


def outcome(X: Array, y: Array, preprocessing: str, loss: str, dtype: str, measures: str = "") -> str:
    """A table is "refused", "diverged" or "trained"; whatever is a number is then one that makes sense."""
    raw = Dataset("own.csv", X, y[:, None], "the test", False, tuple("abcdef"[: X.shape[1]]), ("y",))
    trial = make_trial(preprocessing=preprocessing, loss=loss, dtype=dtype, iterations=2)
    try:
        problem = problem_of(raw, trial)
    except DataInvalidError as error:
        refusal = str(error)
    else:
        return trained(trial, problem, measures)
    assert "\n" not in refusal
    return "refused"


def trained(trial: LinearTrial, problem: LinearProblem, measures: str) -> str:
    assert 0 <= problem.optimum.lower_bound <= problem.optimum.loss <= problem.loss_at_zero * (1 + 1e-12)
    assert math.isfinite(problem.loss_at_zero)
    unit = LinearUnit([trial], problem, Settings(quiet=True, measures=parse_measures(measures)))
    while not unit.finished:
        unit.advance(1.0)
    trials, log = unit.tables()
    row = settle(trials, log).iloc[0]
    if row["status"] != COMPLETED:
        assert np.isnan(float(row["final_gap"] if row["final_gap"] is not None else math.nan))
        return "diverged"
    assert row["final_loss"] <= 1000 * log["loss"].iloc[0]
    width = problem.optimum.loss - problem.optimum.lower_bound  # all of it where labels are separable
    assert row["final_gap"] >= -width - 1e-9 * problem.optimum.loss
    return "trained"


def table(kind: str) -> tuple[Array, Array]:
    """Thirty rows of three features, brought to a size."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((30, 3))
    y = X @ [1.0, -2.0, 0.5] + 0.3 * rng.standard_normal(30)
    sizes = {
        "huge labels": (1.0, 1e200),
        "tiny labels": (1.0, 1e-200),
        "huge features": (1e160, 1.0),
        "tiny features": (1e-300, 1.0),
        "beyond float32": (1e39, 1e39),
        "below float32": (1e-46, 1e-46),
        "huge": (1e307, 1e307),
        "tiny": (1e-200, 1e-200),
    }
    if kind in sizes:
        return X * sizes[kind][0], y * sizes[kind][1]
    if kind == "subnormal":
        return np.round(X * 10) * 5e-324, np.round(y * 10) * 5e-324
    if kind == "mixed":
        return X * [1e300, 1.0, 1e-300], y * 1e100
    if kind == "within a column":
        X[:2, 0] = 1e300, 1e-300
        return X, y
    X[:2, 0], y[:2] = (1.7e308, -1.7e308), (1.7e308, -1.7e308)
    return X, y


KINDS = [
    "huge labels", "tiny labels", "huge features", "tiny features", "beyond float32", "below float32", "huge", "tiny",
    "subnormal", "mixed", "within a column", "the largest",
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_scaling_loss_and_precision_has_an_outcome(kind: str) -> None:
    found = Counter(
        (preprocessing, outcome(*table(kind), preprocessing, *run))
        for preprocessing, run in product(PREPROCESSING, (("l2", "float32"), ("l4", "float64")))
    )
    for scaling in (
        "zscore",
        "std",
        "minmax",
        "minmax-signed",
        "maxabs",
        "unit-norm",
        "zscore-sign",
    ):  # which make columns of moderate size of any
        assert found[scaling, "refused"] == 0


@settings(max_examples=40, deadline=None)
@given(
    values=st.lists(
        st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=3, max_size=3), min_size=4, max_size=8
    ),
    preprocessing=st.sampled_from(list(PREPROCESSING)),
    loss=st.sampled_from(LOSSES),
    dtype=st.sampled_from(DTYPES),
)
@example(  # a thousand times its first loss is more than any number
    values=[[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 8.2e306, 1.0]],
    preprocessing="none",
    loss="huber",
    dtype="float64",
)
def test_any_finite_table_has_an_outcome(values: list[list[float]], preprocessing: str, loss: str, dtype: str) -> None:
    array = np.array(values)
    outcome(array[:, :2], array[:, 2], preprocessing, loss, dtype, measures="curvature,sharpness")
