"""Section 7's illustration: two points on the axes, ([1, 0], y₁) and ([0, 1], y₂), with y₁ ≫ y₂."""

from pathlib import Path

import numpy as np

from overparam_cli.data.dataset import Dataset
from overparam_cli.data.entries import RegressionEntry
from overparam_cli.data.facts import Check, exact
from overparam_cli.data.options import Option, real

Y1, Y2 = 10.0, 1.0


def load(y1: float = Y1, y2: float = Y2) -> Dataset:
    """X = I₂ (2, 2) and Y = (y₁, y₂) (2, 1), to be trained on without preprocessing ("none")."""
    return Dataset(
        name=f"two-points:y1={_short(y1)},y2={_short(y2)}",
        X=np.eye(2),
        Y=np.array([[y1], [y2]], dtype=float),
        source="the two points of Section 7",
        embedded=True,
        feature_names=("x1", "x2"),
        target_names=("y",),
    )


def _short(value: float) -> str:
    """10 for 10.0, and every digit where there are some."""
    return f"{value:g}" if float(f"{value:g}") == value else repr(value)


def verify(_: Path) -> list[Check]:
    """The identity, and the labels asked for."""
    dataset = load(10.0, 1.0)
    return [
        exact("features are the identity", True, np.array_equal(dataset.X, np.eye(2))),
        exact("labels", [10.0, 1.0], dataset.Y[:, 0].tolist()),
    ]


ENTRIES = {
    "two-points": RegressionEntry(
        what="Section 7's two points on the axes; use preprocessing 'none'",
        n=2,
        d=2,
        source="embedded",
        load=lambda options, _: load(options["y1"], options["y2"]),
        verify=verify,
        options={
            "y1": Option(real, Y1, "label of the point [1, 0]"),
            "y2": Option(real, Y2, "label of the point [0, 1]"),
        },
        paper=True,
    ),
}
