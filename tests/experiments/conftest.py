"""A small experiment file that tests change one thing at a time."""

from collections.abc import Callable
from pathlib import Path

import pytest

from overparam_cli.experiments import Experiment, load_experiment

OWN = """\
name = "own"
title = "An experiment of one's own"
kind = "linear"

[trial]
dataset = "simulated"
loss = "l4"
lr = [1e-3, 1e-2]
iterations = 100

[[curves]]
name = "shallow"
depth = 1

[[curves]]
name = "deep"
depth = 3
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write OWN (or `text`) with pairs of replacements into own.toml; each replaced text must be there."""

    def write_file(*changes: tuple[str, str], text: str = OWN, name: str = "own.toml") -> Path:
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write_file


@pytest.fixture
def own(write: Callable[..., Path]) -> Experiment:
    return load_experiment(write())
