"""A multiverse of the convolutional network that trains in seconds, on the embedded digits."""

from pathlib import Path

SMALL = {"dataset": "digits-simulated:n=5100,n_test=200", "validation": 200, "batch": 8, "iterations": 6}
TINY_CNN = """
name = "tiny-cnn"
title = "A tiny multiverse of the convolutional network"
kind = "multiverse"
experiments = ["fig5-right", "cnn-init"]
overrides = { dataset = "digits-simulated:n=5100,n_test=200", validation = 200, batch = 8, iterations = 6 }

[[axes]]
name = "decay"
[[axes.options]]
name = "product"
overrides = { decay_on = "product" }
[[axes.options]]
name = "nothing"
overrides = { decay_on = "nothing" }

[[axes]]
name = "std"
experiments = ["cnn-init"]
[[axes.options]]
name = "every"
[[axes.options]]
name = "new"
instead = { cnn-init = "cnn-init-new" }

[[axes]]
name = "loss"
[[axes.options]]
name = "plain"
reading = { loss = "cross-entropy" }
[[axes.options]]
name = "total"
reading = { loss = "total" }

[[axes]]
name = "smoothing"
[[axes.options]]
name = "mean"
reading = { smoothing = "mean" }
[[axes.options]]
name = "raw"
reading = { smoothing = "none" }
"""


def write_tiny_cnn(folder: Path, text: str = TINY_CNN) -> Path:
    """The file; its path."""
    path = folder / "tiny-cnn.toml"
    path.write_text(text, encoding="utf-8")
    return path
