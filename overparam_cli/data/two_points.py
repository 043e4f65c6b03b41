"""Section 7's illustration: two points on the axes, ([1, 0], y₁) and ([0, 1], y₂), with y₁ ≫ y₂."""

import numpy as np

from overparam_cli.data.dataset import Dataset


def load(y1: float = 10.0, y2: float = 1.0) -> Dataset:
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
