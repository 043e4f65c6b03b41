"""A multiverse that trains in a moment: three features, a hundred iterations, a table of its own."""

from pathlib import Path

import numpy as np

TINY = """
name = "tiny"
title = "A tiny multiverse"
kind = "multiverse"
experiments = ["fig3", ["fig4-left", "fig4-right"]]
overrides = { dataset = "table.csv", targets = ["y"], iterations = 100 }

[[grids]]
experiments = ["fig3"]
fine = { from = 1e-2, to = 1e-1, per_decade = 3 }

[[axes]]
name = "semantics"
optimizers = ["adagrad", "adadelta", "adam"]
[[axes.options]]
name = "tf1"
overrides = { semantics = "tf1" }
[[axes.options]]
name = "torch"
overrides = { semantics = "torch" }

[[axes]]
name = "features"
[[axes.options]]
name = "zscore"
overrides = { preprocessing = "zscore" }
[[axes.options]]
name = "minmax"
overrides = { preprocessing = "minmax", label_preprocessing = "maxabs" }
shift = [0, 1]
[[axes.options]]
name = "maxabs"
overrides = { preprocessing = "maxabs" }
extra = true

[[axes]]
name = "loss"
experiments = ["fig3"]
[[axes.options]]
name = "eq1"
reading = { factor = 1 }
[[axes.options]]
name = "whole"
reading = { factor = { l2 = 2, l4 = 4 } }

[[axes]]
name = "grid"
[[axes.options]]
name = "paper"
reading = { rates = "own" }
[[axes.options]]
name = "fine"
reading = { rates = "fine" }

[[axes]]
name = "horizon"
[[axes.options]]
name = "end"
reading = { horizon = 100 }
[[axes.options]]
name = "half"
reading = { horizon = 50 }
"""
ASKED = ["semantics=tf1"]  # what the tests train: the other semantics add nothing but time


def write_tiny(folder: Path, text: str = TINY) -> Path:
    """The file and its table; the path of the former."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(24, 3)) * [1.0, 3.0, 0.3] + 1
    rows = np.column_stack([X, X @ [1.0, -0.5, 2.0] + 0.1 * rng.normal(size=24)])
    lines = ["a,b,c,y", *(",".join(f"{value:.6f}" for value in row) for row in rows)]
    (folder / "table.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    path = folder / "tiny.toml"
    path.write_text(text, encoding="utf-8")
    return path
